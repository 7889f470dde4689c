//! Tables by places that a driver gives out densely: flows in progress, exchanges that are open.
//!
//! A place far beyond those in use is no place of a driver; nothing is kept for it, so that memory is bounded
//! by what is in progress whatever the events say.

/// How far beyond twice the places in use a new one may be.
const STRIDE: usize = 1 << 12;

#[derive(Clone, Debug)]
pub(super) struct Places<T> {
    items: Vec<T>,
    blank: T,
}

impl<T: Clone> Places<T> {
    pub const fn new(blank: T) -> Self {
        Self { items: Vec::new(), blank }
    }

    #[inline]
    pub fn get(&self, place: u32) -> Option<&T> {
        self.items.get(place as usize)
    }

    #[inline]
    pub fn get_mut(&mut self, place: u32) -> Option<&mut T> {
        self.items.get_mut(place as usize)
    }

    /// What stands in that place; a blank if it is new. Nothing for a place that no driver gives out.
    #[inline]
    pub fn at(&mut self, place: u32) -> Option<&mut T> {
        let place = place as usize;
        if place >= self.items.len() {
            self.grow(place);
        }
        self.items.get_mut(place)
    }

    #[cold]
    fn grow(&mut self, place: usize) {
        if place <= 2 * self.items.len() + STRIDE {
            self.items.resize(place + 1, self.blank.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_made_as_a_driver_gives_them_out_and_not_beyond() {
        let mut places = Places::new('-');
        *places.at(3).unwrap() = 'a';
        assert_eq!((places.get(3), places.get(0), places.get(4)), (Some(&'a'), Some(&'-'), None));
        assert_eq!(places.at(u32::MAX), None);
        assert_eq!(places.items.len(), 4);
    }
}
