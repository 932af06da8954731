//! Two detectors claim the same characters: which one is reported.

use crate::detector::Confidence;
use crate::inspect::Candidate;

/// What decides between overlapping matches, the greater first: keyword, confidence, check,
/// length.
fn rank(candidate: &Candidate) -> (bool, Confidence, bool, usize) {
    (
        candidate.keyword,
        candidate.confidence,
        candidate.checked,
        candidate.span.len(),
    )
}

/// Drops each match that overlaps a greater one which has a keyword. Without a keyword both stay:
/// one number may be valid in several countries.
///
/// `candidates` are sorted by start. Custom expressions take no part.
pub(crate) fn resolve(candidates: &mut Vec<Candidate>) {
    let width_max = candidates
        .iter()
        .filter(|candidate| !candidate.custom)
        .map(|candidate| candidate.span.len())
        .max()
        .unwrap_or(0);
    let dropped: Vec<bool> = (0..candidates.len())
        .map(|at| is_dropped(candidates, at, width_max))
        .collect();
    let mut dropped = dropped.into_iter();
    candidates.retain(|_| !dropped.next().unwrap_or(false));
}

fn is_dropped(candidates: &[Candidate], at: usize, width_max: usize) -> bool {
    let Some(this) = candidates.get(at).filter(|this| !this.custom) else {
        return false;
    };
    let beats = |other: &&Candidate| {
        !other.custom
            && other.keyword
            && other.span.start < this.span.end
            && this.span.start < other.span.end
            && rank(other) > rank(this)
    };
    let (head, tail) = candidates.split_at(at);
    // Nothing further away than the longest match can reach this one.
    let near_before = head
        .iter()
        .rev()
        .take_while(|other| other.span.start + width_max > this.span.start);
    let near_after = tail
        .iter()
        .take_while(|other| other.span.start < this.span.end);
    near_before.chain(near_after).any(|other| beats(&other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(search: usize, span: std::ops::Range<usize>, keyword: bool) -> Candidate {
        Candidate {
            search,
            span,
            confidence: Confidence::Medium,
            keyword,
            checked: true,
            custom: false,
        }
    }

    #[test]
    fn c_013_the_keyword_decides_in_any_order() {
        let with = candidate(0, 0..9, true);
        let without = candidate(1, 2..9, false);
        let apart = candidate(1, 9..12, false);
        for mut list in [
            vec![with.clone(), without.clone(), apart.clone()],
            vec![with.clone(), apart.clone(), without.clone()],
        ] {
            list.sort_by_key(|candidate| candidate.span.start);
            resolve(&mut list);
            let kept: Vec<_> = list
                .iter()
                .map(|candidate| candidate.span.clone())
                .collect();
            assert_eq!(kept, [0..9, 9..12]);
        }
    }

    #[test]
    fn c_013_without_a_keyword_both_stay() {
        let mut list = vec![candidate(0, 0..9, false), candidate(1, 2..9, false)];
        resolve(&mut list);
        assert_eq!(list.len(), 2);
    }

    #[test]
    fn custom_expressions_take_no_part() {
        let mut list = vec![
            candidate(0, 0..9, true),
            Candidate {
                custom: true,
                ..candidate(1, 2..9, false)
            },
        ];
        resolve(&mut list);
        assert_eq!(list.len(), 2);
    }
}
