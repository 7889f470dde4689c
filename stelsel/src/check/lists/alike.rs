//! Names that are one letter apart: one is another, missing, or has changed places with its neighbour.
//!
//! Two such names give the same text when one letter is left out of one or both of them, so that names need not be
//! compared each with each (the deletion neighbourhood of Mor and Fraenkel, CACM 1982). Knows nothing of lists.

use std::collections::BTreeMap;

/// The places of all pairs of names that are one letter apart, each name with the first that it is like.
pub fn pairs(names: &[&str]) -> Vec<(usize, usize)> {
    let mut with: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut found = Vec::new();
    for (place, name) in names.iter().enumerate() {
        let left: Vec<String> = std::iter::once((*name).to_owned())
            .chain((0..name.chars().count()).map(|gone| without(name, gone)))
            .collect();
        let like = left
            .iter()
            .filter_map(|text| with.get(text))
            .flatten()
            .copied()
            .filter(|other| are_alike(names[*other], name))
            .min();
        if let Some(like) = like {
            found.push((like, place));
        }
        for text in left {
            let places = with.entry(text).or_default();
            if places.last() != Some(&place) {
                places.push(place);
            }
        }
    }
    found
}

fn without(name: &str, gone: usize) -> String {
    name.chars().enumerate().filter(|(place, _)| *place != gone).map(|(_, letter)| letter).collect()
}

/// Whether they are one letter apart, and not the same.
fn are_alike(one: &str, other: &str) -> bool {
    let mut short: Vec<char> = one.chars().collect();
    let mut long: Vec<char> = other.chars().collect();
    if short.len() > long.len() {
        std::mem::swap(&mut short, &mut long);
    }
    let same_before = short.iter().zip(&long).take_while(|(a, b)| a == b).count();
    let (short, long) = (&short[same_before..], &long[same_before..]);
    match long.len() - short.len() {
        0 => match (short, long) {
            ([], []) => false,
            ([_, a @ ..], [_, b @ ..]) if a == b => true,
            ([a, b, x @ ..], [c, d, y @ ..]) => a == d && b == c && x == y,
            _ => false,
        },
        1 => *short == long[1..],
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_letter_more_less_other_or_swapped_is_alike() {
        for other in ["huisart", "huisartss", "huisarst", "huisarks", "xhuisarts", "uisarts"] {
            assert_eq!(pairs(&["huisarts", other]), [(0, 1)], "{other}");
        }
        for other in ["huisarts", "huisar", "huisartsen", "huasirts", "apotheek"] {
            assert_eq!(pairs(&["huisarts", other]), [], "{other}");
        }
        assert_eq!(pairs(&["abcd", "abce", "abcf"]), [(0, 1), (0, 2)]);
    }

    /// Each with each.
    fn slowly(names: &[&str]) -> Vec<(usize, usize)> {
        let like = |place: usize| (0..place).find(|other| are_alike(names[*other], names[place]));
        (0..names.len()).filter_map(|place| Some((like(place)?, place))).collect()
    }

    proptest! {
        #[test]
        fn pairs_are_those_of_comparing_each_with_each(
            names in prop::collection::vec("[ab]{1,6}", 0..20)
        ) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            prop_assert_eq!(pairs(&names), slowly(&names));
        }
    }
}
