//! What somebody probably meant: the known word nearest to the one that was written.
//!
//! Does not know any words.

/// The word nearest to what was found, if it is near enough to be meant.
pub(super) fn nearest<'a>(
    found: &str,
    words: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    // Long texts are no slip of the pen, and comparing them takes long.
    if found.len() > 64 {
        return None;
    }
    let (distance, word) =
        words.into_iter().map(|word| (distance(found, word), word)).min_by_key(|(far, _)| *far)?;
    (distance <= (word.chars().count() / 3).max(1)).then_some(word)
}

/// How many characters must be put in, left out or replaced.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, r) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(l != *r);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_recognised_and_another_word_is_not() {
        let words = ["patience", "login", "consent"];
        assert_eq!(nearest("patiens", words), Some("patience"));
        assert_eq!(nearest("logn", words), Some("login"));
        assert_eq!(nearest("speed", words), None);
        assert_eq!(nearest("", words), None);
        assert_eq!(nearest("x", []), None);
    }
}
