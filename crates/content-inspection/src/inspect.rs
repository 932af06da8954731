//! An inspector: detectors and expressions compiled once, one pass over a text.

use std::collections::HashSet;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;

use regex::Regex;

use crate::boundary::stands_alone;
use crate::catalogue;
use crate::custom::{Expression, after_character};
use crate::detector::{Confidence, Detector, Ends, Levels};
use crate::error::InspectionError;
use crate::findings::{Completeness, Count, Findings, KeywordNear, Match};
use crate::keyword::Keywords;
use crate::mask::{LastFour, Secrets, evidence};
use crate::normalise::normalise;
use crate::overlap;

/// How many characters of a text are inspected, from the product's documentation; what comes
/// after is not looked at, and [`Findings::completeness`] says so.
pub const CHARACTERS_MAX: usize = 1_000_000;

/// How far from a match a keyword counts, in characters of normalised text between the two.
pub const PROXIMITY_CHARACTERS: usize = 300;

/// Most detectors and expressions of one inspector.
pub const SEARCHES_MAX: usize = 1_000;

/// How many matches are kept unless [`InspectOptions::keep`] says otherwise. Counting goes on.
pub const KEPT_DEFAULT: usize = 100;

/// Most matches that can be kept, each with about 200 characters of evidence.
pub const KEPT_MAX: usize = 10_000;

/// Most possible matches of one text: bounds memory where nearly every character matches.
pub const CANDIDATES_MAX: usize = 200_000;

/// Most characters of an id that an error message repeats.
const QUOTE_CHARACTERS_MAX: usize = 80;

/// What counts as a match, and how much of it is kept.
///
/// # Examples
///
/// ```
/// use content_inspection::{Confidence, InspectOptions, Inspector};
///
/// let inspector = Inspector::new(&["us_ssn"])?;
/// let mut options = InspectOptions::default();
/// assert_eq!(inspector.inspect("536-22-8726", &options).total().total, 0);
/// options.minimum_confidence = Confidence::Low;
/// assert_eq!(inspector.inspect("536-22-8726", &options).total().total, 1);
/// # Ok::<(), content_inspection::InspectionError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InspectOptions {
    /// Matches below it are not counted. Default: [`Confidence::Medium`].
    pub minimum_confidence: Confidence,
    /// Whether a detector's match needs a keyword. Default: [`Context::ByLevel`].
    pub context: Context,
    /// How many matches are kept, the first ones, at most [`KEPT_MAX`]. Default:
    /// [`KEPT_DEFAULT`].
    pub keep: usize,
    /// Whether evidence shows the last four characters of a match. Default: no.
    pub last_four: LastFour,
}

impl Default for InspectOptions {
    fn default() -> Self {
        Self {
            minimum_confidence: Confidence::Medium,
            context: Context::ByLevel,
            keep: KEPT_DEFAULT,
            last_four: LastFour::Masked,
        }
    }
}

/// Whether a keyword must stand near a detector's match: the product's "don't require relevant
/// context", turned around. Custom expressions have no keywords and are not concerned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Context {
    /// Each detector's own levels decide; a keyword raises the confidence.
    #[default]
    ByLevel,
    /// Only matches with a keyword near count.
    Required,
}

/// Collects what an [`Inspector`] looks for.
///
/// # Examples
///
/// ```
/// use content_inspection::{CaseRule, Expression, ExpressionKind, InspectOptions, InspectorBuilder};
///
/// let word = Expression::parse(ExpressionKind::Exact, "Project Falcon", CaseRule::Ignore)?;
/// let inspector = InspectorBuilder::new()
///     .detector("iban")
///     .expression("falcon", word)
///     .build()?;
/// let findings = inspector.inspect("about project falcon", &InspectOptions::default());
/// assert_eq!(findings.count_of("falcon").total, 1);
/// # Ok::<(), content_inspection::InspectionError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct InspectorBuilder {
    wanted: Vec<(String, Option<Expression>)>,
}

impl InspectorBuilder {
    /// Looks for nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the built-in detector `id`.
    #[must_use]
    pub fn detector(mut self, id: &str) -> Self {
        self.wanted.push((id.to_owned(), None));
        self
    }

    /// Adds a custom expression, reported as `id`.
    #[must_use]
    pub fn expression(mut self, id: &str, expression: Expression) -> Self {
        self.wanted.push((id.to_owned(), Some(expression)));
        self
    }

    /// Compiles it.
    ///
    /// # Errors
    ///
    /// [`InspectionError`]: an unknown detector, an id listed twice, or more than
    /// [`SEARCHES_MAX`] of them.
    pub fn build(self) -> Result<Inspector, InspectionError> {
        if self.wanted.len() > SEARCHES_MAX {
            return Err(InspectionError::TooMany {
                count: self.wanted.len(),
                limit: SEARCHES_MAX,
            });
        }
        let mut seen = HashSet::new();
        let mut searches = Vec::with_capacity(self.wanted.len());
        for (id, expression) in self.wanted {
            if !seen.insert(id.clone()) {
                return Err(InspectionError::Duplicate { id: quote(&id) });
            }
            let looks_for = match expression {
                Some(expression) => LooksFor::Expression(expression),
                None => {
                    let detector = catalogue::detector(&id).ok_or_else(|| unknown(&id))?;
                    let regex = Regex::new(detector.pattern)
                        .map_err(|_| InspectionError::Pattern { id: id.clone() })?;
                    LooksFor::Detector(detector, regex)
                }
            };
            searches.push(Search {
                id: Arc::from(id),
                looks_for,
            });
        }
        let lists =
            searches
                .iter()
                .enumerate()
                .filter_map(|(at, search)| match &search.looks_for {
                    LooksFor::Detector(detector, _) => Some((at, detector.keywords)),
                    LooksFor::Expression(_) => None,
                });
        let keywords = Keywords::new(lists).ok_or_else(|| InspectionError::Pattern {
            id: "keywords".to_owned(),
        })?;
        Ok(Inspector {
            compiled: Arc::new(Compiled { searches, keywords }),
        })
    }
}

fn quote(id: &str) -> String {
    id.chars().take(QUOTE_CHARACTERS_MAX).collect()
}

fn unknown(id: &str) -> InspectionError {
    InspectionError::UnknownDetector {
        id: quote(id),
        suggestion: nearest(&quote(id)),
    }
}

/// The built-in id that differs least, by at most a third of its letters.
fn nearest(id: &str) -> Option<&'static str> {
    catalogue::ids()
        .map(|known| (edit_distance(id, known), known))
        .filter(|&(distance, known)| distance * 3 <= known.len())
        .min()
        .map(|(_, known)| known)
}

/// How many characters must be put in, left out or changed to make one text from the other.
fn edit_distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (line, left) in one.chars().enumerate() {
        let mut diagonal = line;
        let mut before = line + 1;
        if let Some(first) = row.first_mut() {
            *first = before;
        }
        for (cell, right) in row.iter_mut().skip(1).zip(other.chars()) {
            let changed = diagonal + usize::from(left != right);
            diagonal = *cell;
            before = changed.min(before + 1).min(diagonal + 1);
            *cell = before;
        }
    }
    row.last().copied().unwrap_or(0)
}

/// Detectors and expressions, compiled. `Send + Sync`, cheap to clone.
///
/// Equal text gives equal findings: there is no state, no clock, no input beside the text.
#[derive(Clone)]
pub struct Inspector {
    compiled: Arc<Compiled>,
}

struct Compiled {
    searches: Vec<Search>,
    keywords: Keywords,
}

struct Search {
    id: Arc<str>,
    looks_for: LooksFor,
}

enum LooksFor {
    Detector(&'static Detector, Regex),
    Expression(Expression),
}

/// A proposal that passed its check and stands on its own.
struct Accepted {
    search: usize,
    span: Range<usize>,
    levels: Levels,
}

/// Where a proposal passed its check, and what it is worth.
type Passed = (Range<usize>, Levels);

/// A match before overlaps are settled. Positions are those of normalised text.
#[derive(Clone)]
pub(crate) struct Candidate {
    pub(crate) search: usize,
    pub(crate) span: Range<usize>,
    pub(crate) confidence: Confidence,
    pub(crate) keyword: bool,
    pub(crate) checked: bool,
    pub(crate) custom: bool,
}

impl Inspector {
    /// An inspector for these built-in detectors.
    ///
    /// # Errors
    ///
    /// As [`InspectorBuilder::build`].
    pub fn new(detectors: &[&str]) -> Result<Self, InspectionError> {
        detectors
            .iter()
            .fold(InspectorBuilder::new(), |builder, id| builder.detector(id))
            .build()
    }

    /// The ids of its detectors and expressions.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.compiled.searches.iter().map(|search| &*search.id)
    }

    /// Looks for all of them in `text`.
    ///
    /// Time grows with the length of the text; memory is bounded by [`CHARACTERS_MAX`] and
    /// [`CANDIDATES_MAX`].
    ///
    /// # Examples
    ///
    /// ```
    /// use content_inspection::{InspectOptions, Inspector, KeywordNear};
    ///
    /// let text = "IBAN: GB82 WEST 1234 5698 7654 32";
    /// let findings = Inspector::new(&["iban"])?.inspect(text, &InspectOptions::default());
    /// let found = &findings.matches()[0];
    /// assert_eq!(&text[found.span.clone()], "GB82 WEST 1234 5698 7654 32");
    /// assert_eq!(found.keyword, KeywordNear::Present);
    /// # Ok::<(), content_inspection::InspectionError>(())
    /// ```
    pub fn inspect(&self, text: &str, options: &InspectOptions) -> Findings {
        let (source, mut completeness) = cut(text);
        let normal = normalise(source);
        let text = normal.text();

        let mut accepted = Vec::new();
        for (at, search) in self.compiled.searches.iter().enumerate() {
            if !search.collect(at, text, &mut accepted) {
                completeness = Completeness::TooManyMatches;
            }
        }
        if completeness == Completeness::TooLong {
            // It may go on behind the cut, and be no match at all.
            accepted.retain(|one| one.span.end < text.len());
        }
        accepted.sort_by_key(|one| (one.span.start, one.span.end, one.search));

        let mut candidates = self.weigh(text, &accepted, options);
        overlap::resolve(&mut candidates);

        let secrets = Secrets::new(
            accepted
                .iter()
                .map(|one| normal.source_span(source, &one.span))
                .collect(),
        );
        let mut counts: Vec<(Arc<str>, Count)> = self
            .compiled
            .searches
            .iter()
            .map(|search| (Arc::clone(&search.id), Count::default()))
            .collect();
        let mut values = HashSet::new();
        let mut matches = Vec::new();
        for candidate in candidates {
            let Some((search, (id, count))) = self
                .compiled
                .searches
                .get(candidate.search)
                .zip(counts.get_mut(candidate.search))
            else {
                continue;
            };
            count.total += 1;
            let value = text.get(candidate.span.clone()).unwrap_or_default();
            if values.insert((candidate.search, search.value_hash(value))) {
                count.unique += 1;
            }
            if matches.len() < options.keep.min(KEPT_MAX) {
                let span = normal.source_span(source, &candidate.span);
                matches.push(Match {
                    detector: Arc::clone(id),
                    evidence: evidence(source, &span, &secrets, options.last_four),
                    span,
                    confidence: candidate.confidence,
                    keyword: if candidate.keyword {
                        KeywordNear::Present
                    } else {
                        KeywordNear::Absent
                    },
                });
            }
        }
        Findings {
            matches,
            counts,
            completeness,
        }
    }

    /// Gives each accepted proposal its confidence and leaves out those that don't count.
    fn weigh(&self, text: &str, accepted: &[Accepted], options: &InspectOptions) -> Vec<Candidate> {
        let searches = &self.compiled.searches;
        let any_detector = accepted.iter().any(|one| {
            searches
                .get(one.search)
                .is_some_and(|search| search.detector().is_some())
        });
        // Most texts hold nothing; their keywords are never looked at.
        let hits = any_detector.then(|| self.compiled.keywords.find(text, searches.len()));
        accepted
            .iter()
            .filter_map(|one| {
                let detector = searches.get(one.search)?.detector();
                let keyword = hits.as_ref().is_some_and(|hits| {
                    hits.near(one.search, text, &one.span, PROXIMITY_CHARACTERS)
                });
                let confidence = if keyword {
                    Some(one.levels.with_keyword)
                } else {
                    one.levels.alone
                };
                let lacks_context =
                    options.context == Context::Required && detector.is_some() && !keyword;
                confidence
                    .filter(|&level| level >= options.minimum_confidence && !lacks_context)
                    .map(|confidence| Candidate {
                        search: one.search,
                        span: one.span.clone(),
                        confidence,
                        keyword,
                        checked: detector.is_some_and(|detector| detector.checked),
                        custom: detector.is_none(),
                    })
            })
            .collect()
    }
}

/// Names what it looks for.
impl fmt::Debug for Inspector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.ids()).finish()
    }
}

impl Search {
    fn detector(&self) -> Option<&'static Detector> {
        match &self.looks_for {
            LooksFor::Detector(detector, _) => Some(detector),
            LooksFor::Expression(_) => None,
        }
    }

    /// Adds what it accepts in `text`; `false` when there was no room for all of it.
    fn collect(&self, search: usize, text: &str, accepted: &mut Vec<Accepted>) -> bool {
        let mut from = 0;
        while let Some((found, next)) = self.find(text, from) {
            if let Some((span, levels)) = found {
                if accepted.len() == CANDIDATES_MAX {
                    return false;
                }
                accepted.push(Accepted {
                    search,
                    span,
                    levels,
                });
            }
            from = next;
        }
        true
    }

    /// The next proposal at or after `from`, if it is accepted, and where to go on.
    fn find(&self, text: &str, from: usize) -> Option<(Option<Passed>, usize)> {
        match &self.looks_for {
            LooksFor::Expression(expression) => {
                let (span, next) = expression.find(text, from)?;
                let levels = Levels::new(Some(Confidence::High), Confidence::High);
                Some((span.map(|span| (span, levels)), next))
            }
            LooksFor::Detector(detector, regex) => {
                let proposal = regex.find_at(text, from)?;
                let accepted = accept(detector, text, &proposal.range());
                // A refused proposal may hide a match that starts inside it.
                let next = accepted.as_ref().map_or_else(
                    || after_character(text, proposal.start()),
                    |(span, _)| span.end,
                );
                Some((accepted, next))
            }
        }
    }

    /// A number that is the same for values that differ in separators or letter case only. The
    /// value itself is not kept.
    fn value_hash(&self, value: &str) -> u64 {
        let separators = self.detector().map_or(&[][..], |one| one.separators);
        let mut hasher = DefaultHasher::new();
        for character in value.chars().filter(|it| !separators.contains(it)) {
            for lower in character.to_lowercase() {
                lower.hash(&mut hasher);
            }
        }
        hasher.finish()
    }
}

/// The longest part of the proposal, from its start to an end the detector allows, that passes
/// the check and stands on its own.
fn accept(detector: &Detector, text: &str, proposal: &Range<usize>) -> Option<Passed> {
    let before = text.get(..proposal.start)?.chars().next_back();
    if before.is_some_and(|character| detector.not_after.contains(&character)) {
        return None;
    }
    let proposed = text.get(proposal.clone())?;
    let borders = proposed
        .char_indices()
        .rev()
        .filter(|(_, character)| {
            detector.ends == Ends::GroupBorders && detector.separators.contains(character)
        })
        .map(|(at, _)| at);
    std::iter::once(proposed.len())
        .chain(borders)
        .find_map(|length| {
            let end = proposal.start + length;
            if !stands_alone(text, proposal.start, end) {
                return None;
            }
            let levels = (detector.check)(proposed.get(..length)?, detector.levels)?;
            Some((proposal.start..end, levels))
        })
}

/// The first [`CHARACTERS_MAX`] characters.
pub(crate) fn cut(text: &str) -> (&str, Completeness) {
    if text.len() <= CHARACTERS_MAX {
        return (text, Completeness::Complete);
    }
    match text.char_indices().nth(CHARACTERS_MAX) {
        Some((end, _)) => (text.get(..end).unwrap_or(text), Completeness::TooLong),
        None => (text, Completeness::Complete),
    }
}
