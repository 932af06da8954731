//! What an inspection found: positions, counts and masked evidence.

use std::ops::Range;
use std::sync::Arc;

use crate::detector::Confidence;
use crate::mask::Evidence;

/// Whether a keyword of its detector stood near a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeywordNear {
    /// Within [`PROXIMITY_CHARACTERS`](crate::PROXIMITY_CHARACTERS), outside of the match.
    Present,
    /// None there, or the match is of a custom expression.
    Absent,
}

/// Whether all of a text was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Completeness {
    /// All of it.
    Complete,
    /// The first [`CHARACTERS_MAX`](crate::CHARACTERS_MAX) characters; a match that touches their end is not counted.
    TooLong,
    /// It held more than [`CANDIDATES_MAX`](crate::CANDIDATES_MAX) possible matches; the counts are lower bounds.
    TooManyMatches,
}

/// One match. What it says is not in it, only where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Match {
    /// The id of the detector or expression.
    pub detector: Arc<str>,
    /// Where it is, in bytes of the inspected text.
    pub span: Range<usize>,
    /// How sure it is.
    pub confidence: Confidence,
    /// Whether a keyword stood near.
    pub keyword: KeywordNear,
    /// What can be shown of it.
    pub evidence: Evidence,
}

/// Number of matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Every occurrence.
    pub total: usize,
    /// Different values: separators and letter case don't make a difference.
    pub unique: usize,
}

/// What an inspection found.
///
/// # Examples
///
/// ```
/// use content_inspection::{Completeness, InspectOptions, Inspector};
///
/// let findings = Inspector::new(&["email"])?
///     .inspect("a@b.example, A@B.example", &InspectOptions::default());
/// assert_eq!((findings.total().total, findings.total().unique), (2, 1));
/// assert_eq!(findings.completeness(), Completeness::Complete);
/// # Ok::<(), content_inspection::InspectionError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Findings {
    pub(crate) matches: Vec<Match>,
    pub(crate) counts: Vec<(Arc<str>, Count)>,
    pub(crate) completeness: Completeness,
}

impl Findings {
    /// The first matches in order of position, as many as the options keep.
    pub fn matches(&self) -> &[Match] {
        &self.matches
    }

    /// The counts of one detector or expression; zero for an id that was not searched for.
    pub fn count_of(&self, id: &str) -> Count {
        self.counts
            .iter()
            .find(|(known, _)| **known == *id)
            .map_or_else(Count::default, |&(_, count)| count)
    }

    /// The counts of each detector and expression, in the order they were given.
    pub fn counts(&self) -> impl Iterator<Item = (&str, Count)> {
        self.counts.iter().map(|(id, count)| (&**id, *count))
    }

    /// The counts of all of them together.
    pub fn total(&self) -> Count {
        self.counts
            .iter()
            .fold(Count::default(), |sum, (_, count)| Count {
                total: sum.total + count.total,
                unique: sum.unique + count.unique,
            })
    }

    /// Whether all of the text was looked at.
    pub fn completeness(&self) -> Completeness {
        self.completeness
    }
}
