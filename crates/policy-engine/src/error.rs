//! What can be wrong with a document. Evaluation has no errors.

use std::fmt;

use label_core::NotAppliable;
use thiserror::Error;

use crate::pattern::PatternError;
use crate::text_match::WordQueryError;

/// Most errors that are reported at once; further ones are counted.
pub const ERRORS_MAX: usize = 1_000;

/// How often one document's names are compared with all that are known, to suggest the nearest.
/// Errors after that come without a suggestion.
pub const SUGGESTIONS_MAX: usize = 100;

/// One thing that is wrong, and where.
///
/// # Examples
///
/// ```
/// use label_core::{LabelCatalog, LabelView, TenantId};
/// use policy_engine::{BuildContext, PolicySet};
///
/// let labels = LabelView::new(LabelCatalog::empty(TenantId::from_u128(1)).into());
/// let text = r#"{"format": "file-policies/1", "policies": [
///     {"id": "1", "name": "All of Box", "filters": {"servce": {"eq": [10489]}}}
/// ]}"#;
/// let errors = PolicySet::from_json(text, &BuildContext::new(&labels)).unwrap_err();
/// let error = &errors.as_slice()[0];
/// assert_eq!(error.pointer, "/policies/0/filters/servce");
/// assert_eq!(error.suggestion.as_deref(), Some("did you mean `service`?"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BuildError {
    /// Where: a JSON pointer from the root of the document, or, for a filter on its own, from the
    /// object that holds `filters`.
    pub pointer: String,
    /// What.
    pub cause: BuildCause,
    /// What to do about it, where that can be guessed.
    pub suggestion: Option<String>,
}

/// Place, cause and suggestion in one line.
impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.pointer.is_empty() {
            write!(f, "{}: ", self.pointer)?;
        }
        write!(f, "{}", self.cause)?;
        if let Some(suggestion) = &self.suggestion {
            write!(f, "; {suggestion}")?;
        }
        Ok(())
    }
}

impl std::error::Error for BuildError {}

/// Everything that is wrong with a document, never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildErrors {
    errors: Vec<BuildError>,
    more: usize,
}

impl BuildErrors {
    /// The errors, at most [`ERRORS_MAX`]: those of form first, each kind in the order of the
    /// document.
    pub fn as_slice(&self) -> &[BuildError] {
        &self.errors
    }

    /// How many more there are, at most: among them, what is noticed twice is counted twice.
    pub fn more(&self) -> usize {
        self.more
    }
}

/// One line per error.
impl fmt::Display for BuildErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, error) in self.errors.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{error}")?;
        }
        if self.more > 0 {
            write!(f, "\nand {} more", self.more)?;
        }
        Ok(())
    }
}

impl std::error::Error for BuildErrors {}

/// What is wrong at one place of a document.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BuildCause {
    /// Not JSON, a member listed twice, or nested too deeply.
    #[error("line {line}, column {column}: {reason}")]
    Json {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What the reader says.
        reason: String,
    },
    /// More of something than its named limit.
    #[error("{count} {what}, at most {limit} are allowed")]
    TooMany {
        /// What there are too many of.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A member that the format doesn't have.
    #[error("unknown member `{name}`")]
    UnknownMember {
        /// The member, cut to a line.
        name: String,
    },
    /// A required member is missing.
    #[error("`{name}` is missing")]
    Missing {
        /// The member.
        name: &'static str,
    },
    /// A value of another type or form.
    #[error("expected {expected}, found {found}")]
    Type {
        /// What belongs there.
        expected: &'static str,
        /// What stands there, cut to a line.
        found: String,
    },
    /// A word that is none of the allowed ones.
    #[error("`{value}` is none of {}", backticks(allowed))]
    Choice {
        /// The word, cut to a line.
        value: String,
        /// The allowed ones.
        allowed: &'static [&'static str],
    },
    /// No filter of this name (A-010).
    #[error("no filter `{name}`, the filters are {}", backticks(allowed))]
    UnknownFilter {
        /// The name, cut to a line.
        name: String,
        /// All filters.
        allowed: Vec<&'static str>,
    },
    /// The filter doesn't take this operator (A-010).
    #[error(
        "filter `{filter}` takes no operator `{operator}`, it takes {}",
        backticks(allowed)
    )]
    UnknownOperator {
        /// The filter.
        filter: &'static str,
        /// The operator, cut to a line.
        operator: String,
        /// The operators it takes.
        allowed: Vec<&'static str>,
    },
    /// A filter that counts for all of a policy stands inside of a group.
    #[error("`{name}` can't be part of a group; it stands at the top")]
    NotInGroup {
        /// The filter.
        name: &'static str,
    },
    /// A pattern that can't be used.
    #[error("`{pattern}`: {reason}")]
    Pattern {
        /// The pattern, cut to a line.
        pattern: String,
        /// Why.
        reason: PatternError,
    },
    /// A text query that means nothing.
    #[error("`{query}`: {reason}")]
    Query {
        /// The query, cut to a line.
        query: String,
        /// Why.
        reason: WordQueryError,
    },
    /// No label of that name or id, or several.
    #[error("no label `{text}`")]
    UnknownLabel {
        /// What was looked up, cut to a line.
        text: String,
    },
    /// Several labels have that name (R-175).
    #[error("`{text}` names {} labels", paths.len())]
    AmbiguousLabel {
        /// What was looked up, cut to a line.
        text: String,
        /// The paths of all of them.
        paths: Vec<String>,
    },
    /// The label was deleted (R-191).
    #[error("label `{text}` was deleted")]
    DeletedLabel {
        /// What was looked up, cut to a line.
        text: String,
    },
    /// The label can't be applied (R-130, R-131, R-187).
    #[error("label `{text}` can't be applied: {reason}")]
    NotAppliable {
        /// What was looked up, cut to a line.
        text: String,
        /// Why not.
        reason: NotAppliable,
    },
    /// The label is not for files and e-mail both, as the current profile asks (A-043).
    #[error("label `{text}` can't be applied: not for files and e-mail")]
    LabelScope {
        /// What was looked up, cut to a line.
        text: String,
    },
    /// Files of this app can't be labelled (R-056).
    #[error("files of {app} can't be labelled")]
    AppNotLabelCapable {
        /// The app's name or number.
        app: String,
    },
    /// The app has no such action (R-204).
    #[error("{app} has no action `{action}`")]
    ActionNotAvailable {
        /// The app's name or number.
        app: String,
        /// The action.
        action: &'static str,
    },
    /// Two members that exclude one another (R-153).
    #[error("`{one}` and `{other}` exclude one another")]
    Exclusive {
        /// One of them.
        one: &'static str,
        /// The other.
        other: &'static str,
    },
    /// Not exactly one of two members.
    #[error("exactly one of `{one}` and `{other}` is needed")]
    OneOf {
        /// One of them.
        one: &'static str,
        /// The other.
        other: &'static str,
    },
    /// No built-in preset of this id (R-117).
    #[error("no preset `{id}`")]
    UnknownPreset {
        /// The id, cut to a line.
        id: String,
    },
    /// No type of information of this id (A-023).
    #[error("no type of information `{id}`")]
    UnknownInformationType {
        /// The id, cut to a line.
        id: String,
    },
    /// Two policies with the same id.
    #[error("policy id `{id}` is used twice")]
    DuplicateId {
        /// The id.
        id: String,
    },
    /// Two saved queries with the same name, letter case apart (A-012).
    #[error("the name `{name}` is used twice")]
    DuplicateName {
        /// The name, cut to a line.
        name: String,
    },
    /// A filter that is to be exported has what the product lacks (8.2).
    #[error("the product has no {what} `{name}`")]
    OnlyOurs {
        /// What: a filter, an operator, or a group.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// A filter that is to be exported asks for something twice, and the product can write it once
    /// only (8.2).
    #[error("the product can ask for `{operator}` once only")]
    OnlyOnce {
        /// The operator.
        operator: &'static str,
    },
    /// A range that ends before it starts.
    #[error("the range ends before it starts")]
    EmptyRange,
}

fn backticks(names: &[&str]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Where in a document: a pointer that costs nothing until it is needed.
#[derive(Clone, Copy)]
pub(crate) enum Place<'p> {
    Root,
    Member(&'p Place<'p>, &'p str),
    Item(&'p Place<'p>, usize),
}

impl<'p> Place<'p> {
    pub(crate) fn member(&'p self, name: &'p str) -> Self {
        Self::Member(self, name)
    }

    pub(crate) fn item(&'p self, at: usize) -> Self {
        Self::Item(self, at)
    }
}

/// The JSON pointer (RFC 6901).
impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Root => Ok(()),
            Place::Member(parent, name) => {
                write!(
                    f,
                    "{parent}/{}",
                    quote(name).replace('~', "~0").replace('/', "~1")
                )
            }
            Place::Item(parent, at) => write!(f, "{parent}/{at}"),
        }
    }
}

/// Collects errors, at most [`ERRORS_MAX`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Problems {
    errors: Vec<BuildError>,
    more: usize,
    /// How often a suggestion was looked for.
    looked: usize,
}

impl Problems {
    pub(crate) fn push(&mut self, place: &Place<'_>, cause: BuildCause) {
        self.put(place, cause, |_| None);
    }

    pub(crate) fn push_with(
        &mut self,
        place: &Place<'_>,
        cause: BuildCause,
        suggestion: Option<String>,
    ) {
        self.put(place, cause, |_| suggestion);
    }

    /// With a suggestion that has to be looked for, which is done [`SUGGESTIONS_MAX`] times.
    pub(crate) fn push_near(
        &mut self,
        place: &Place<'_>,
        cause: BuildCause,
        look: impl FnOnce() -> Option<String>,
    ) {
        self.put(place, cause, |looked| {
            if *looked == SUGGESTIONS_MAX {
                return None;
            }
            *looked += 1;
            look()
        });
    }

    fn put(
        &mut self,
        place: &Place<'_>,
        cause: BuildCause,
        suggestion: impl FnOnce(&mut usize) -> Option<String>,
    ) {
        // What is not kept takes no time either.
        if self.errors.len() == ERRORS_MAX {
            self.more += 1;
            return;
        }
        let pointer = place.to_string();
        // Reading and checking may both notice the same.
        let mut errors = self.errors.iter();
        if errors.any(|error| error.pointer == pointer && error.cause == cause) {
            return;
        }
        let suggestion = suggestion(&mut self.looked);
        self.errors.push(BuildError {
            pointer,
            cause,
            suggestion,
        });
    }

    /// Takes in what is wrong with a part of the document; the pointers are the document's already.
    pub(crate) fn absorb(&mut self, part: BuildErrors) {
        let room = ERRORS_MAX.saturating_sub(self.errors.len());
        self.more += part.more + part.errors.len().saturating_sub(room);
        self.errors.extend(part.errors.into_iter().take(room));
    }

    pub(crate) fn len(&self) -> usize {
        self.errors.len() + self.more
    }

    pub(crate) fn into_result(self) -> Result<(), BuildErrors> {
        if self.errors.is_empty() {
            return Ok(());
        }
        Err(self.into_errors())
    }

    /// The errors, for who knows that there are some.
    pub(crate) fn into_errors(self) -> BuildErrors {
        BuildErrors {
            errors: self.errors,
            more: self.more,
        }
    }
}

/// How much of an offending text an error repeats, in characters.
const QUOTE_CHARS_MAX: usize = 80;

/// Cuts a quotation to a length that fits a line of a log.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted: String = text.chars().take(QUOTE_CHARS_MAX).collect();
    if quoted.len() < text.len() {
        quoted.push('…');
    }
    quoted
}

/// "did you mean" with the candidate nearest to `text`, if one is near.
pub(crate) fn did_you_mean<'c>(
    text: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<String> {
    let text = quote(text);
    let near = 1 + text.chars().count() / 4;
    candidates
        .into_iter()
        .map(|candidate| {
            (
                edit_distance(&text.to_lowercase(), &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|&(distance, _)| distance <= near)
        .min()
        .map(|(_, candidate)| format!("did you mean `{candidate}`?"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_escape() {
        let root = Place::Root;
        let filters = root.member("filters");
        let odd = filters.member("a/b~c");
        assert_eq!(odd.item(3).to_string(), "/filters/a~1b~0c/3");
        assert_eq!(root.to_string(), "");
    }

    #[test]
    fn suggestions_are_near() {
        let names = ["service", "sharing", "fileLabels"];
        assert_eq!(
            did_you_mean("servce", names).as_deref(),
            Some("did you mean `service`?")
        );
        assert_eq!(
            did_you_mean("filelabels", names).as_deref(),
            Some("did you mean `fileLabels`?")
        );
        assert_eq!(did_you_mean("affiliation", names), None);
        assert_eq!(did_you_mean(&"x".repeat(100_000), names), None);
    }

    #[test]
    fn the_number_of_errors_is_bounded() {
        let mut problems = Problems::default();
        for _ in 0..ERRORS_MAX + 5 {
            let count = problems.len();
            problems.push(&Place::Root.item(count), BuildCause::EmptyRange);
        }
        let errors = problems.into_result().unwrap_err();
        assert_eq!(errors.as_slice().len(), ERRORS_MAX);
        assert_eq!(errors.more(), 5);
        assert!(errors.to_string().ends_with("\nand 5 more"));
    }

    #[test]
    fn what_a_part_leaves_out_is_counted_too() {
        let part = |errors: usize| {
            let mut problems = Problems::default();
            for at in 0..errors {
                problems.push(&Place::Root.item(at), BuildCause::EmptyRange);
            }
            problems.into_result().unwrap_err()
        };
        for (before, taken, errors, more) in [
            (0, 3, 3, 0),
            (ERRORS_MAX - 2, 2, ERRORS_MAX, 0),
            (ERRORS_MAX - 2, 5, ERRORS_MAX, 3),
            (ERRORS_MAX + 4, ERRORS_MAX + 7, ERRORS_MAX, ERRORS_MAX + 11),
        ] {
            let mut problems = Problems::default();
            for at in 0..before {
                problems.push(&Place::Root.item(at), BuildCause::EmptyRange);
            }
            problems.absorb(part(taken));
            assert_eq!(problems.len(), before + taken);
            let all = problems.into_result().unwrap_err();
            assert_eq!((all.as_slice().len(), all.more()), (errors, more));
        }
    }

    #[test]
    fn quotations_are_cut_at_a_length() {
        let long = "é".repeat(QUOTE_CHARS_MAX);
        assert_eq!(quote(&long), long);
        assert_eq!(quote(&format!("{long}x")), format!("{long}…"));
        assert_eq!(quote(""), "");
    }

    #[test]
    fn distances_are_those_of_the_shortest_way() {
        for (one, other, distance) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("abc", "abc", 0),
            ("kitten", "sitting", 3),
            ("flaw", "lawn", 2),
            ("abcdef", "azced", 3),
        ] {
            assert_eq!(edit_distance(one, other), distance, "{one} {other}");
            assert_eq!(edit_distance(other, one), distance, "{other} {one}");
        }
    }

    #[test]
    fn suggestions_are_looked_for_so_often_and_not_for_what_is_left_out() {
        let mut problems = Problems::default();
        let mut looked = 0;
        for at in 0..ERRORS_MAX + 5 {
            let place = Place::Root.item(at);
            problems.push_near(&place, BuildCause::EmptyRange, || {
                looked += 1;
                Some("near".to_owned())
            });
            // Said twice, it is looked for once.
            problems.push_near(&place, BuildCause::EmptyRange, || {
                panic!("looked for again")
            });
        }
        assert_eq!(looked, SUGGESTIONS_MAX);
        let errors = problems.into_result().unwrap_err();
        let with = errors
            .as_slice()
            .iter()
            .filter(|error| error.suggestion.is_some());
        assert_eq!(with.count(), SUGGESTIONS_MAX);
        let mut full = Problems::default();
        for at in 0..ERRORS_MAX {
            full.push(&Place::Root.item(at), BuildCause::EmptyRange);
        }
        full.push_near(&Place::Root, BuildCause::EmptyRange, || {
            panic!("looked for again")
        });
        assert_eq!(full.len(), ERRORS_MAX + 1);
    }
}
