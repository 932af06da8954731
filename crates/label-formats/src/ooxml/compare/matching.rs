//! Two lists of named things: which are new, gone, moved, or in both.

use std::collections::{HashMap, VecDeque};

/// How two lists relate.
#[derive(Debug, Default)]
pub(super) struct Matching {
    /// Places in the first list and in the second, in the order of the first.
    pub(super) pairs: Vec<(usize, usize)>,
    /// Places in the first list of what the second lacks.
    pub(super) removed: Vec<usize>,
    /// Places in the second list of what the first lacks.
    pub(super) added: Vec<usize>,
    /// Those of `pairs` that do not stand in the same order: as few as possible.
    pub(super) moved: Vec<(usize, usize)>,
}

/// Matches two lists by name; of several with one name, the first with the first.
pub(super) fn match_names<'a>(
    before: impl Iterator<Item = &'a [u8]>,
    after: impl Iterator<Item = &'a [u8]>,
) -> Matching {
    let mut places: HashMap<&[u8], VecDeque<usize>> = HashMap::new();
    let mut count = 0;
    for (at, name) in after.enumerate() {
        places.entry(name).or_default().push_back(at);
        count += 1;
    }
    let mut taken = vec![false; count];
    let mut matching = Matching::default();
    for (at, name) in before.enumerate() {
        match places.get_mut(name).and_then(VecDeque::pop_front) {
            Some(other) => {
                matching.pairs.push((at, other));
                if let Some(taken) = taken.get_mut(other) {
                    *taken = true;
                }
            }
            None => matching.removed.push(at),
        }
    }
    matching.added = taken
        .iter()
        .enumerate()
        .filter(|(_, taken)| !**taken)
        .map(|(at, _)| at)
        .collect();
    matching.moved = moved(&matching.pairs);
    matching
}

/// The pairs outside a longest run that goes up on both sides; the pairs go up on the first.
pub(super) fn moved(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // Of the runs of each length, the one with the smallest end: the place of that end.
    let mut ends: Vec<usize> = Vec::new();
    let mut previous: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    let second = |at: usize| pairs.get(at).map(|(_, second)| *second);
    for (at, (_, value)) in pairs.iter().enumerate() {
        let length = ends.partition_point(|end| second(*end) < Some(*value));
        previous.push(length.checked_sub(1).and_then(|one| ends.get(one).copied()));
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let mut stays = vec![false; pairs.len()];
    let mut next = ends.last().copied();
    while let Some(at) = next {
        if let Some(stays) = stays.get_mut(at) {
            *stays = true;
        }
        next = previous.get(at).copied().flatten();
    }
    pairs
        .iter()
        .zip(stays)
        .filter(|(_, stays)| !stays)
        .map(|(pair, _)| *pair)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matched(before: &str, after: &str) -> Matching {
        match_names(
            before.as_bytes().chunks(1),
            after.as_bytes().chunks(1).collect::<Vec<_>>().into_iter(),
        )
    }

    #[test]
    fn names_are_matched_and_the_fewest_moves_named() {
        // Before, after; removed, added, moved.
        let cases = [
            ("abc", "abc", 0, 0, ""),
            ("abc", "ac", 1, 0, ""),
            ("ac", "abc", 0, 1, ""),
            ("abcd", "dabc", 0, 0, "d"),
            ("abcd", "bcda", 0, 0, "a"),
            ("aab", "ab", 1, 0, ""),
            ("abcdef", "fbcdea", 0, 0, "af"),
            ("", "ab", 0, 2, ""),
        ];
        for (before, after, removed, added, moved) in cases {
            let matching = matched(before, after);
            let names: String = matching
                .moved
                .iter()
                .map(|(at, _)| char::from(before.as_bytes()[*at]))
                .collect();
            let found = (matching.removed.len(), matching.added.len(), names.as_str());
            assert_eq!(found, (removed, added, moved), "{before} {after}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_stays_goes_up(seconds in proptest::collection::vec(0_usize..50, 0..40)) {
            let pairs: Vec<(usize, usize)> = seconds.iter().copied().enumerate().collect();
            let gone = moved(&pairs);
            let rest: Vec<usize> =
                pairs.iter().filter(|pair| !gone.contains(pair)).map(|(_, to)| *to).collect();
            proptest::prop_assert!(rest.windows(2).all(|two| two[0] < two[1]));
        }
    }
}
