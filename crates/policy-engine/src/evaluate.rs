//! One policy against one record: scopes, then conditions, then content.

use std::fmt;

use crate::document::{Combine, FolderReference, Inspection};
use crate::fold;
use crate::index::Rest;
use crate::policy::{FolderRule, OwnerRule, Policy};
use crate::record::FileRecord;

/// What a condition says of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// It holds.
    Yes,
    /// It does not hold.
    No,
    /// It asks for a label, and the labels were never read.
    Unknown,
}

impl Answer {
    /// Both hold: "no" decides, then "unknown".
    ///
    /// # Examples
    ///
    /// ```
    /// use policy_engine::Answer;
    ///
    /// assert_eq!(Answer::Unknown.and(Answer::No), Answer::No);
    /// assert_eq!(Answer::Unknown.and(Answer::Yes), Answer::Unknown);
    /// ```
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Yes, Self::Yes) => Self::Yes,
        }
    }

    /// One of them holds: "yes" decides, then "unknown".
    ///
    /// # Examples
    ///
    /// ```
    /// use policy_engine::Answer;
    ///
    /// assert_eq!(Answer::Unknown.or(Answer::Yes), Answer::Yes);
    /// assert_eq!(Answer::Unknown.or(Answer::No), Answer::Unknown);
    /// ```
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::No, Self::No) => Self::No,
        }
    }

    /// The opposite; "unknown" stays.
    #[must_use]
    pub const fn negated(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
        }
    }
}

impl From<bool> for Answer {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        })
    }
}

/// What a policy says of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// It matches: its actions are due.
    Match,
    /// It does not match, or the policy is disabled.
    NoMatch,
    /// Only the file's labels decide, and they were never read (R-075).
    NeedsScan,
    /// Everything else matches, and the content was not inspected yet (A-016).
    NeedsContent,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Match => "match",
            Self::NoMatch => "no match",
            Self::NeedsScan => "needs a scan",
            Self::NeedsContent => "needs its content",
        })
    }
}

/// Why a file's content can't be inspected. Such a file doesn't match (R-120).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unavailable {
    /// Protected, and the policy or the tenant doesn't let protected files be opened (R-096).
    Encrypted,
    /// Damaged.
    Corrupt,
    /// Larger than what is inspected.
    TooLarge,
    /// Not a kind of file whose text can be read.
    UnsupportedType,
    /// It can't be fetched.
    AccessDenied,
    /// Anything else.
    Failed,
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Encrypted => "the file is encrypted",
            Self::Corrupt => "the file is corrupt",
            Self::TooLarge => "the file is too large",
            Self::UnsupportedType => "the type is not supported",
            Self::AccessDenied => "access was denied",
            Self::Failed => "the inspection failed",
        })
    }
}

/// What inspecting a file's content came to. The content itself never gets here (A-019).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ContentAnswer {
    /// It matches: the threshold is reached and the exclusion found nowhere.
    Match {
        /// How many matches were counted.
        count: usize,
    },
    /// It does not match.
    NoMatch,
    /// It can't be inspected.
    Unavailable(Unavailable),
    /// It was not inspected yet.
    NotYet,
}

/// Says whether a file's content is what a policy looks for.
///
/// One is made for each file, by whoever can read it. It applies all of [`Inspection`]: what to
/// look for, where, how often, and what excludes the file. It is asked only when everything else
/// of a policy holds (A-016), and with equal inspections it must give equal answers, so that it
/// may keep them.
///
/// # Examples
///
/// ```
/// use policy_engine::{ContentAnswer, ContentMatcher, Inspection};
///
/// /// For policies that look at metadata only.
/// struct NothingRead;
///
/// impl ContentMatcher for NothingRead {
///     fn content_matches(&mut self, _: &Inspection) -> ContentAnswer {
///         ContentAnswer::NotYet
///     }
/// }
/// ```
pub trait ContentMatcher {
    /// The answer for one inspection.
    fn content_matches(&mut self, inspection: &Inspection) -> ContentAnswer;
}

impl ContentAnswer {
    /// The answers for several types of information as one (A-023): asks for one after the other until
    /// the rest can't change it.
    ///
    /// With [`Combine::Any`] the first match is the answer. With [`Combine::All`] the first type that
    /// is not found is, and the count of a match is that of the rarest.
    ///
    /// # Examples
    ///
    /// ```
    /// use policy_engine::{Combine, ContentAnswer};
    ///
    /// let found = |id: &str| match id {
    ///     "passport" => ContentAnswer::Match { count: 2 },
    ///     _ => ContentAnswer::NoMatch,
    /// };
    /// let types = ["passport", "iban"];
    /// let any = ContentAnswer::of_types(types, Combine::Any, found);
    /// assert_eq!(any, ContentAnswer::Match { count: 2 });
    /// let all = ContentAnswer::of_types(types, Combine::All, found);
    /// assert_eq!(all, ContentAnswer::NoMatch);
    /// ```
    pub fn of_types<'t>(
        types: impl IntoIterator<Item = &'t str>,
        combine: Combine,
        mut ask: impl FnMut(&'t str) -> Self,
    ) -> Self {
        let mut together = None;
        for one in types {
            let answer = ask(one);
            together = Some(match (together, answer, combine) {
                (_, Self::Match { .. }, Combine::Any) => return answer,
                (_, Self::NoMatch | Self::Unavailable(_), Combine::All) => return answer,
                (None, answer, _) => answer,
                // Not read yet: it may still be found, and may still be missing.
                (Some(Self::NotYet), _, _) | (_, Self::NotYet, _) => Self::NotYet,
                (Some(Self::Match { count }), Self::Match { count: other }, _) => Self::Match {
                    count: count.min(other),
                },
                // It was looked for, if not everywhere.
                (Some(Self::Unavailable(_)), answer, _) => answer,
                (Some(earlier), _, _) => earlier,
            });
        }
        together.unwrap_or(Self::NoMatch)
    }
}

/// A closure is a matcher.
impl<F: FnMut(&Inspection) -> ContentAnswer> ContentMatcher for F {
    fn content_matches(&mut self, inspection: &Inspection) -> ContentAnswer {
        self(inspection)
    }
}

/// Whether a scope takes a record in, and whether it had to decide without knowing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ScopeAnswer {
    pub(crate) inside: bool,
    /// Owner or ancestry are unknown: selecting scopes leave the file out, excluding ones let it
    /// in.
    pub(crate) guessed: bool,
}

impl Policy {
    /// Whether the record matches, asking for content only when everything else holds.
    ///
    /// Allocates nothing, apart from what `content` does and the memory that a regular expression takes
    /// when it is first used. `now_ms` is what the relative dates are
    /// measured from, milliseconds UTC. A disabled policy matches nothing.
    pub fn evaluate(
        &self,
        record: &FileRecord,
        now_ms: i64,
        content: &mut dyn ContentMatcher,
    ) -> Outcome {
        match self.compiled().program.gate.passed(record, now_ms) {
            Some(passed) => self.evaluate_behind(passed, record, now_ms, content),
            None => Outcome::NoMatch,
        }
    }

    /// The same for a record that its gate has let pass.
    pub(crate) fn evaluate_behind(
        &self,
        passed: usize,
        record: &FileRecord,
        now_ms: i64,
        content: &mut dyn ContentMatcher,
    ) -> Outcome {
        if !self.is_enabled() || !self.has_in_scope(record) {
            return Outcome::NoMatch;
        }
        let program = &self.compiled().program;
        let all = program.answer_behind(passed, record, now_ms);
        self.with_content(all, content)
    }

    /// Whether the record may match once its labels and its content are known, whatever they are:
    /// then reading the file can decide, and it belongs in the scan queue (R-075, R-113).
    pub fn covers(&self, record: &FileRecord, now_ms: i64) -> bool {
        let compiled = self.compiled();
        self.is_enabled()
            && compiled.program.admits(record)
            && self.has_in_scope(record)
            && compiled.program.covers(record, now_ms)
    }

    /// Whether folder and owner scope take the record in.
    pub(crate) fn has_in_scope(&self, record: &FileRecord) -> bool {
        let compiled = self.compiled();
        compiled.folders.answer(record).inside && compiled.owners.answer(record).inside
    }

    /// Whether neither a scope nor its content can keep a file out.
    pub(crate) fn looks_at_filters_only(&self) -> bool {
        let compiled = self.compiled();
        matches!(compiled.folders, FolderRule::All)
            && matches!(compiled.owners, OwnerRule::All)
            && !self.needs_content()
    }

    /// What the rest of a policy says, where all that an index answers holds.
    pub(crate) fn finish(
        &self,
        rest: &Rest,
        labels_unknown: bool,
        record: &FileRecord,
        now_ms: i64,
        content: &mut dyn ContentMatcher,
    ) -> Outcome {
        let compiled = self.compiled();
        let program = &compiled.program;
        if !self.has_in_scope(record) {
            return Outcome::NoMatch;
        }
        let about_labels: &[usize] = if labels_unknown {
            &rest.about_labels
        } else {
            &[]
        };
        let mut all = Answer::Yes;
        for place in about_labels.iter().chain(&rest.conditions) {
            let Some(condition) = program.root.conditions.get(*place) else {
                continue;
            };
            all = all.and(condition.answer(record, now_ms, program.file_types));
            if all == Answer::No {
                return Outcome::NoMatch;
            }
        }
        if !program.root.groups.is_empty() {
            all = all.and(program.groups_answer(record, now_ms));
        }
        self.with_content(all, content)
    }

    /// The outcome, given what all but the content says.
    fn with_content(&self, all: Answer, content: &mut dyn ContentMatcher) -> Outcome {
        match (all, self.inspection()) {
            (Answer::Yes, Some(inspection)) => of_content(content.content_matches(inspection)),
            (Answer::Yes, None) => Outcome::Match,
            (Answer::No, _) => Outcome::NoMatch,
            (Answer::Unknown, _) => Outcome::NeedsScan,
        }
    }
}

/// The outcome where everything but the content matches.
pub(crate) fn of_content(answer: ContentAnswer) -> Outcome {
    match answer {
        ContentAnswer::Match { .. } => Outcome::Match,
        ContentAnswer::NotYet => Outcome::NeedsContent,
        ContentAnswer::NoMatch | ContentAnswer::Unavailable(_) => Outcome::NoMatch,
    }
}

impl FolderRule {
    /// Whether the file lies in the scope, at any depth (A-005).
    pub(crate) fn answer(&self, record: &FileRecord) -> ScopeAnswer {
        let (folders, selecting) = match self {
            Self::All => {
                return ScopeAnswer {
                    inside: true,
                    guessed: false,
                };
            }
            Self::Selected(folders) => (folders, true),
            Self::Excluding(folders) => (folders, false),
        };
        let mut of_this_app = folders
            .iter()
            .filter(|folder| folder.app == record.key.app && folder.instance == record.key.instance)
            .peekable();
        let any_of_this_app = of_this_app.peek().is_some();
        let found = of_this_app.any(|folder| lies_in(record, folder));
        ScopeAnswer {
            inside: found == selecting,
            // Without a folder of this app its ancestry doesn't matter.
            guessed: !found && any_of_this_app && record.ancestor_folders.is_none(),
        }
    }
}

/// The reference's id is folded.
fn lies_in(record: &FileRecord, folder: &FolderReference) -> bool {
    record
        .parent_folders
        .iter()
        .chain(record.ancestor_folders.iter().flatten())
        .any(|id| fold::equals(id, &folder.id))
}

impl OwnerRule {
    /// Whether the file's owner is in the scope (A-006).
    pub(crate) fn answer(&self, record: &FileRecord) -> ScopeAnswer {
        let (groups, selecting) = match self {
            Self::All => {
                return ScopeAnswer {
                    inside: true,
                    guessed: false,
                };
            }
            Self::Selected(groups) => (groups, true),
            Self::Excluding(groups) => (groups, false),
        };
        let found = record
            .owner_groups
            .iter()
            .flatten()
            .any(|group| groups.iter().any(|wanted| fold::equals(group, wanted)));
        ScopeAnswer {
            inside: found == selecting,
            guessed: record.owner_groups.is_none(),
        }
    }
}
