//! Keywords near a match: one automaton for all detectors of an inspector.

use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::boundary::is_word;
use crate::normalise::fold;

/// All keywords of some detectors.
#[derive(Clone)]
pub(crate) struct Keywords {
    automaton: AhoCorasick,
    /// Which detector each pattern of the automaton belongs to.
    owners: Vec<usize>,
}

/// Where the keywords of each detector stand, in bytes of the text they were searched in.
pub(crate) struct KeywordHits {
    /// One list per detector, sorted by start.
    by_owner: Vec<Vec<Range<usize>>>,
    /// Longest hit, in bytes.
    width_max: usize,
}

impl Keywords {
    /// Compiles the keywords of `(detector, keywords)`; `None` when the automaton can't be built.
    pub(crate) fn new<'k>(lists: impl Iterator<Item = (usize, &'k [&'k str])>) -> Option<Self> {
        let mut owners = Vec::new();
        let mut patterns = Vec::new();
        for (owner, keywords) in lists {
            for keyword in keywords {
                owners.push(owner);
                patterns.push(fold(keyword).text().to_owned());
            }
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(patterns)
            .ok()?;
        Some(Self { automaton, owners })
    }

    /// All whole-word keywords in normalised `text`. Case and accents don't matter.
    pub(crate) fn find(&self, text: &str, detectors: usize) -> KeywordHits {
        let folded = fold(text);
        let mut hits = KeywordHits {
            by_owner: vec![Vec::new(); detectors],
            width_max: 0,
        };
        for found in self.automaton.find_overlapping_iter(folded.text()) {
            if !is_word(folded.text(), found.start(), found.end()) {
                continue;
            }
            let list = self
                .owners
                .get(found.pattern().as_usize())
                .and_then(|&owner| hits.by_owner.get_mut(owner));
            if let Some(list) = list {
                let span = folded.source_span(text, &(found.start()..found.end()));
                hits.width_max = hits.width_max.max(span.len());
                list.push(span);
            }
        }
        for list in &mut hits.by_owner {
            list.sort_by_key(|span| (span.start, span.end));
        }
        hits
    }
}

impl KeywordHits {
    /// Whether a keyword of `owner` stands at most `distance` characters before or after `span`
    /// of `text`. One that touches the inside of the span doesn't count.
    pub(crate) fn near(
        &self,
        owner: usize,
        text: &str,
        span: &Range<usize>,
        distance: usize,
    ) -> bool {
        let Some(list) = self.by_owner.get(owner).filter(|list| !list.is_empty()) else {
            return false;
        };
        let window =
            characters_back(text, span.start, distance)..characters_forth(text, span.end, distance);
        // A keyword that starts earlier than this ends before the window.
        let from = window.start.saturating_sub(self.width_max);
        let first = list.partition_point(|hit| hit.start < from);
        list.iter()
            .skip(first)
            .take_while(|hit| hit.start <= window.end)
            .any(|hit| {
                let before = hit.end <= span.start && hit.end >= window.start;
                let after = hit.start >= span.end;
                before || after
            })
    }
}

/// The position `count` characters before `at`, or the start.
fn characters_back(text: &str, at: usize, count: usize) -> usize {
    let head = text.get(..at).unwrap_or_default();
    match count.checked_sub(1) {
        None => at,
        Some(skip) => head.char_indices().rev().nth(skip).map_or(0, |(at, _)| at),
    }
}

/// The position `count` characters after `at`, or the end.
fn characters_forth(text: &str, at: usize, count: usize) -> usize {
    let tail = text.get(at..).unwrap_or_default();
    tail.char_indices()
        .nth(count)
        .map_or(text.len(), |(offset, _)| at + offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(text: &str, mark: &str, distance: usize) -> bool {
        let keywords = Keywords::new([(0, &["visa", "卡", "ss#"][..])].into_iter()).unwrap();
        let at = text.find(mark).unwrap();
        let hits = keywords.find(text, 1);
        hits.near(0, text, &(at..at + mark.len()), distance)
    }

    #[test]
    fn c_007_distance_in_characters() {
        for filler in [" ", "·", "。"] {
            let (five, six) = (filler.repeat(5), filler.repeat(6));
            assert!(near(&format!("visa{five}1234"), "1234", 5), "{filler}");
            assert!(near(&format!("1234{five}visa"), "1234", 5), "{filler}");
            assert!(!near(&format!("visa{six}1234"), "1234", 5), "{filler}");
            assert!(!near(&format!("1234{six}visa"), "1234", 5), "{filler}");
        }
        assert!(near("visa 1234", "1234", 5));
    }

    #[test]
    fn c_008_a_keyword_inside_the_match_does_not_count() {
        assert!(!near("visa-1234", "visa-1234", 300));
        assert!(near("visa visa-1234", "visa-1234", 300));
    }

    #[test]
    fn c_009_whole_words_except_without_spaces() {
        assert!(!near("visage 1234", "1234", 300));
        assert!(near("VISA: 1234", "1234", 300));
        assert!(near("信用卡号 1234", "1234", 300));
        assert!(near("ss#1234", "1234", 300));
    }
}
