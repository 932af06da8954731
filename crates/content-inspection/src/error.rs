//! What can go wrong: only when an inspector is built, never while it inspects.

use thiserror::Error;

/// A list of detectors or an expression can't be used: correct it.
///
/// # Examples
///
/// ```
/// use content_inspection::Inspector;
///
/// let error = Inspector::new(&["credit_crd"]).unwrap_err();
/// assert_eq!(error.to_string(), "no detector `credit_crd`, did you mean `credit_card`?");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InspectionError {
    /// No built-in detector has this id.
    #[error("no detector `{id}`{}", did_you_mean(*.suggestion))]
    UnknownDetector {
        /// The id asked for, cut to a line.
        id: String,
        /// The built-in id nearest to it, if one is near.
        suggestion: Option<&'static str>,
    },
    /// Two detectors or expressions of one inspector have the same id.
    #[error("`{id}` is listed twice")]
    Duplicate {
        /// The id.
        id: String,
    },
    /// More detectors and expressions than [`SEARCHES_MAX`](crate::SEARCHES_MAX).
    #[error("{count} detectors and expressions, at most {limit} are allowed")]
    TooMany {
        /// How many were given.
        count: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// A custom expression that the product's dialect, or the engine, doesn't take.
    #[error("expression at byte {offset}: {kind}")]
    Expression {
        /// Where the offending construct starts, in bytes from the start of the expression.
        offset: usize,
        /// What is wrong with it.
        kind: ExpressionErrorKind,
    },
    /// A built-in pattern or keyword list doesn't compile: a defect of this crate.
    #[error("detector `{id}`: its pattern doesn't compile")]
    Pattern {
        /// The detector.
        id: String,
    },
}

/// Why a custom expression is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ExpressionErrorKind {
    /// Nothing to look for.
    #[error("empty")]
    Empty,
    /// Longer than [`EXPRESSION_BYTES_MAX`](crate::custom::EXPRESSION_BYTES_MAX).
    #[error("{bytes} bytes long, at most {limit} are allowed")]
    TooLong {
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        limit: usize,
    },
    /// `(…)` without `?:`: the product allows non-capturing groups only.
    #[error("capturing group `{construct}`, write `(?:…)`")]
    CapturingGroup {
        /// The opening as written.
        construct: String,
    },
    /// Look-around, flags, comments and other `(?…` forms.
    #[error("group form `{construct}` is not part of the dialect")]
    GroupForm {
        /// The opening as written.
        construct: String,
    },
    /// `\1` or `\k<name>`.
    #[error("back-reference `{construct}`")]
    BackReference {
        /// The reference as written.
        construct: String,
    },
    /// `*`, `+` or `{n,}`.
    #[error("quantifier `{construct}` has no upper bound, write `{instead}`")]
    Unbounded {
        /// The quantifier as written.
        construct: String,
        /// What the product's documentation advises in its place.
        instead: &'static str,
    },
    /// `{n,m}` with a number above 10.
    #[error("quantifier `{construct}` goes above {limit}")]
    QuantifierTooLarge {
        /// The quantifier as written.
        construct: String,
        /// The largest number allowed.
        limit: u32,
    },
    /// One match could be longer than [`MATCH_CHARACTERS_MAX`](crate::custom::MATCH_CHARACTERS_MAX).
    #[error("one match can have {characters} characters, at most {limit} are allowed")]
    MatchTooLong {
        /// Length of the longest possible match.
        characters: usize,
        /// How long it may be.
        limit: usize,
    },
    /// It can match without consuming a character, and would so be found everywhere.
    #[error("matches the empty text")]
    MatchesEmpty,
    /// Compiled, it would take more memory than [`COMPILED_BYTES_MAX`](crate::custom::COMPILED_BYTES_MAX).
    #[error("too large when compiled")]
    CompiledTooLarge,
    /// Not a regular expression.
    #[error("{reason}")]
    Syntax {
        /// What the expression engine says, in one line.
        reason: String,
    },
}

fn did_you_mean(suggestion: Option<&'static str>) -> String {
    suggestion.map_or_else(String::new, |id| format!(", did you mean `{id}`?"))
}
