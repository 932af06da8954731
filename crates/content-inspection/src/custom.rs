//! Custom expressions: a text, a whole word or phrase, or a regular expression in the product's
//! dialect.
//!
//! The dialect has non-capturing groups only, no back-references, and no quantifier without an
//! upper bound: `*`, `+` and `{n,}` are refused, the numbers in `{n,m}` go up to
//! [`QUANTIFIER_MAX`]. The documentation says "below 10" and uses `{0,10}` in an example, so 10 is
//! taken with a warning. Matching ignores case unless asked not to.

use regex::{Regex, RegexBuilder};

use crate::boundary::is_word;
use crate::dialect;
use crate::error::{ExpressionErrorKind, InspectionError};
use crate::inspect::cut;
use crate::normalise::normalise;

/// Longest expression, in bytes.
pub const EXPRESSION_BYTES_MAX: usize = 1_000;

/// Largest number in `{n,m}`.
pub const QUANTIFIER_MAX: u32 = 10;

/// Longest text that one match may have, in characters: bounds the time per position of a text.
pub const MATCH_CHARACTERS_MAX: usize = 500;

/// Most memory of a compiled expression, in bytes.
pub const COMPILED_BYTES_MAX: usize = 4 << 20;

/// Deepest nesting of groups.
pub const NESTING_MAX: u32 = 32;

/// The three forms of the product's "include files that match a custom expression".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpressionKind {
    /// The text occurs anywhere.
    Substring,
    /// The text occurs as a whole word or phrase.
    Exact,
    /// A regular expression in the dialect of this module.
    Regex,
}

/// Whether capital and small letters differ. They don't in the product unless asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CaseRule {
    /// `Secret` finds `SECRET`.
    #[default]
    Ignore,
    /// `Secret` finds `Secret` only.
    Respect,
}

/// Something the author of an expression should know, though it works.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExpressionWarning {
    /// A quantifier uses the number 10, which the product's documentation both forbids and uses.
    QuantifierTen {
        /// Where the quantifier starts, in bytes.
        offset: usize,
    },
}

/// A compiled custom expression. Cheap to clone.
///
/// # Examples
///
/// ```
/// use content_inspection::{CaseRule, Expression, ExpressionKind};
///
/// let colour = Expression::parse(
///     ExpressionKind::Regex,
///     "Colou?r (?:black|blue|white)",
///     CaseRule::Ignore,
/// )?;
/// assert!(colour.is_found_in("the color White"));
/// assert!(!colour.is_found_in("Color red"));
///
/// let error = Expression::parse(ExpressionKind::Regex, r"\d+", CaseRule::Ignore).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "expression at byte 2: quantifier `+` has no upper bound, write `{1,9}`"
/// );
/// # Ok::<(), content_inspection::InspectionError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Expression {
    kind: ExpressionKind,
    text: String,
    pub(crate) regex: Regex,
    warnings: Vec<ExpressionWarning>,
}

impl Expression {
    /// Reads and compiles an expression.
    ///
    /// # Errors
    ///
    /// [`InspectionError::Expression`] with the place and the offending construct: the expression
    /// must be rewritten.
    pub fn parse(
        kind: ExpressionKind,
        text: &str,
        case: CaseRule,
    ) -> Result<Self, InspectionError> {
        let refuse = |offset, kind| InspectionError::Expression { offset, kind };
        if text.len() > EXPRESSION_BYTES_MAX {
            let (bytes, limit) = (text.len(), EXPRESSION_BYTES_MAX);
            return Err(refuse(0, ExpressionErrorKind::TooLong { bytes, limit }));
        }
        let mut warnings = Vec::new();
        let pattern = match kind {
            ExpressionKind::Substring | ExpressionKind::Exact => {
                regex::escape(normalise(text).text())
            }
            ExpressionKind::Regex => {
                warnings = dialect::check(text).map_err(|(offset, kind)| refuse(offset, kind))?;
                text.to_owned()
            }
        };
        if pattern.trim().is_empty() {
            return Err(refuse(0, ExpressionErrorKind::Empty));
        }
        let regex = RegexBuilder::new(&pattern)
            .case_insensitive(case == CaseRule::Ignore)
            .size_limit(COMPILED_BYTES_MAX)
            .nest_limit(NESTING_MAX)
            .build()
            .map_err(|error| {
                let (offset, kind) = engine_error(&error);
                refuse(offset, kind)
            })?;
        if regex.is_match("") {
            return Err(refuse(0, ExpressionErrorKind::MatchesEmpty));
        }
        Ok(Self {
            kind,
            text: text.to_owned(),
            regex,
            warnings,
        })
    }

    /// Which form it is.
    pub fn kind(&self) -> ExpressionKind {
        self.kind
    }

    /// The expression as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What its author should know.
    pub fn warnings(&self) -> &[ExpressionWarning] {
        &self.warnings
    }

    /// Whether it occurs in the first [`CHARACTERS_MAX`](crate::CHARACTERS_MAX) characters of
    /// `text`: what "exclude files that match" asks.
    ///
    /// # Examples
    ///
    /// ```
    /// use content_inspection::{CaseRule, Expression, ExpressionKind};
    ///
    /// let word = Expression::parse(ExpressionKind::Exact, "draft", CaseRule::Ignore)?;
    /// assert!(word.is_found_in("A Draft."));
    /// assert!(!word.is_found_in("draftsman"));
    /// # Ok::<(), content_inspection::InspectionError>(())
    /// ```
    pub fn is_found_in(&self, text: &str) -> bool {
        let source = normalise(cut(text).0);
        let text = source.text();
        let mut from = 0;
        while let Some((found, next)) = self.find(text, from) {
            if found.is_some() {
                return true;
            }
            from = next;
        }
        false
    }

    /// The next proposal at or after `from`: its span if it counts, and where to go on. `None` at
    /// the end of the text.
    pub(crate) fn find(
        &self,
        text: &str,
        from: usize,
    ) -> Option<(Option<std::ops::Range<usize>>, usize)> {
        if from > text.len() {
            return None;
        }
        let found = self.regex.find_at(text, from)?;
        let accepted = !found.is_empty()
            && (self.kind != ExpressionKind::Exact || is_word(text, found.start(), found.end()));
        Some(if accepted {
            (Some(found.range()), found.end())
        } else {
            (None, after_character(text, found.start()))
        })
    }
}

/// The position after the character at `at`; past the end of the text when there is none.
pub(crate) fn after_character(text: &str, at: usize) -> usize {
    at + text
        .get(at..)
        .and_then(|tail| tail.chars().next())
        .map_or(1, char::len_utf8)
}

/// What the expression engine refused, and where: it marks the place with `^` under the pattern.
fn engine_error(error: &regex::Error) -> (usize, ExpressionErrorKind) {
    if let regex::Error::CompiledTooBig(_) = error {
        return (0, ExpressionErrorKind::CompiledTooLarge);
    }
    let message = error.to_string();
    let mut offset = 0;
    let mut previous = "";
    for line in message.lines() {
        if let Some(column) = line.find('^')
            && line.trim_matches([' ', '^']).is_empty()
        {
            // Pattern and mark are indented alike, so the column counts characters.
            offset = previous
                .char_indices()
                .nth(column)
                .map_or(previous.len(), |(at, _)| at)
                .saturating_sub(4);
        }
        previous = line;
    }
    let reason = message
        .lines()
        .last()
        .unwrap_or_default()
        .trim_start_matches("error: ")
        .to_owned();
    (offset, ExpressionErrorKind::Syntax { reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regex(text: &str) -> Result<Expression, InspectionError> {
        Expression::parse(ExpressionKind::Regex, text, CaseRule::Ignore)
    }

    #[test]
    fn c_017_documented_examples() {
        let table: &[(&str, &[&str], &[&str])] = &[
            (
                "Colou?r (?:black|blue|white)",
                &["Color black", "Color white", "colour BLUE"],
                &["Color red"],
            ),
            (
                r"[a-z0-9]{1,9}@[a-z0-9]{1,9}\.[a-z]{2,3}",
                &["Some1@abc.com", "user@host.org"],
                &["@bad.com"],
            ),
            (
                r"20\d{2}-(?:0[1-9]|1[0-2])-(?:[0-2][0-9]|30|31)",
                &["2015-12-31", "2015-01-09"],
                &["1999-12-31"],
            ),
            (
                r"d.n't\s{0,10}c.r.",
                &["Don't     care", "D!n'tcor0"],
                &["Doesn't care"],
            ),
        ];
        for (pattern, found, missed) in table {
            let expression = regex(pattern).unwrap();
            for text in *found {
                assert!(expression.is_found_in(text), "{pattern} in {text}");
            }
            for text in *missed {
                assert!(!expression.is_found_in(text), "{pattern} not in {text}");
            }
        }
        assert_eq!(
            regex(r"d.n't\s{0,10}c.r.").unwrap().warnings(),
            [ExpressionWarning::QuantifierTen { offset: 7 }]
        );
        assert_eq!(regex("a{0,9}b").unwrap().warnings(), []);
    }

    #[test]
    fn c_017_refusals_name_the_place() {
        let table = [
            (
                "a(b)",
                "expression at byte 1: capturing group `(`, write `(?:…)`",
            ),
            (
                "(?P<n>b)",
                "expression at byte 0: capturing group `(?P<n>`, write `(?:…)`",
            ),
            (
                "é(?<n>b)",
                "expression at byte 2: capturing group `(?<n>`, write `(?:…)`",
            ),
            (
                "a(?=b)",
                "expression at byte 1: group form `(?=` is not part of the dialect",
            ),
            (
                "a(?<!b)",
                "expression at byte 1: group form `(?<!` is not part of the dialect",
            ),
            (
                "(?i)a",
                "expression at byte 0: group form `(?i` is not part of the dialect",
            ),
            (r"ab\1", r"expression at byte 2: back-reference `\1`"),
            (r"ab\k<n>", r"expression at byte 2: back-reference `\k<n>`"),
            (
                "ab*",
                "expression at byte 2: quantifier `*` has no upper bound, write `{0,9}`",
            ),
            (
                "ab+",
                "expression at byte 2: quantifier `+` has no upper bound, write `{1,9}`",
            ),
            (
                "[*+]a*",
                "expression at byte 5: quantifier `*` has no upper bound, write `{0,9}`",
            ),
            (
                "[]*]a+",
                "expression at byte 5: quantifier `+` has no upper bound, write `{1,9}`",
            ),
            (
                "a{3,}",
                "expression at byte 1: quantifier `{3,}` has no upper bound, write `{1,9}`",
            ),
            (
                "a{11}",
                "expression at byte 1: quantifier `{11}` goes above 10",
            ),
            (
                "a{1,99999999999}",
                "expression at byte 1: quantifier `{1,99999999999}` goes above 10",
            ),
            (
                "a{,11}",
                "expression at byte 1: quantifier `{,11}` goes above 10",
            ),
            ("", "expression at byte 0: empty"),
            ("a?", "expression at byte 0: matches the empty text"),
            ("ab[c", "expression at byte 2: unclosed character class"),
            ("é(?:b", "expression at byte 2: unclosed group"),
        ];
        for (text, expected) in table {
            assert_eq!(regex(text).unwrap_err().to_string(), expected, "{text}");
        }
        for text in [
            r"a\*\+\(b\)\{3,}",
            "[*+(]",
            r"\p{L}{2}",
            r"\bword\b",
            "(?:a|b)?c",
        ] {
            assert!(regex(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn c_018_substrings_are_literal() {
        let parse = |kind, text, case| Expression::parse(kind, text, case).unwrap();
        let dot = parse(ExpressionKind::Substring, "a.b*(", CaseRule::Ignore);
        assert!(dot.is_found_in("xA.B*(y"));
        assert!(!dot.is_found_in("axbb("));
        let cased = parse(ExpressionKind::Substring, "Falcon", CaseRule::Respect);
        assert!(cased.is_found_in("Falcons"));
        assert!(!cased.is_found_in("falcons"));
        let exact = parse(ExpressionKind::Exact, "top secret", CaseRule::Ignore);
        assert!(exact.is_found_in("is TOP SECRET."));
        assert!(!exact.is_found_in("top secrets"));
        assert!(exact.is_found_in("top secrets, top\u{A0}secret"));
    }

    #[test]
    fn c_019_hostile_patterns_fail_when_compiled() {
        let nested = "(?:".repeat(7) + "a" + &"{0,10})".repeat(7) + "{0,10}b";
        let too_long = regex("(?:(?:a{10}){10}){10}").unwrap_err().to_string();
        assert_eq!(
            too_long,
            "expression at byte 0: one match can have 1000 characters, at most 500 are allowed"
        );
        assert!(regex(&nested).is_err());
        assert!(regex(&("(?:".repeat(100) + "a" + &")".repeat(100))).is_err());
        assert!(regex(&"a".repeat(EXPRESSION_BYTES_MAX + 1)).is_err());
        assert!(regex(&r"\w{10}".repeat(140)).is_err());
        assert!(regex(&r"\w{10}".repeat(5)).is_ok());
    }
}
