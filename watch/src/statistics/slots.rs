//! Values that come and go, each at a place of its own that is used again.

/// A table of values that come and go. Grows to the most that were ever there at once.
#[derive(Clone, Debug)]
pub struct Slots<T> {
    values: Vec<T>,
    free: Vec<u32>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self { values: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slots<T> {
    /// The place of a new value.
    pub fn insert(&mut self, value: T) -> u32 {
        match self.free.pop() {
            Some(place) => {
                self.values[place as usize] = value;
                place
            }
            None => {
                self.values.push(value);
                self.values.len() as u32 - 1
            }
        }
    }

    /// The value at that place, whether or not it is still in use.
    pub fn get_mut(&mut self, place: u32) -> Option<&mut T> {
        self.values.get_mut(place as usize)
    }

    /// The place can be used again. Only for a place that [`Self::insert`] gave and that was not released
    /// since.
    pub fn release(&mut self, place: u32) {
        self.free.push(place);
    }
}
