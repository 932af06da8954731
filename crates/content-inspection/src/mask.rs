//! Evidence that can be shown: the match behind `X`, its surroundings without digits.
//!
//! The product replaces matched text by `X`, with an option that leaves the last four characters,
//! and turns the digits of the surroundings into `#`. What its documentation leaves open is
//! settled so: only letters and digits of a match are replaced, the last four are letters or
//! digits, a match with fewer than [`UNMASKABLE_MIN`] of them is masked whole, and another match
//! in the surroundings is masked like a match.

use std::fmt;
use std::ops::Range;

/// How much is shown on either side of a match, in characters. From the product's documentation.
pub const CONTEXT_CHARACTERS: usize = 100;

/// Fewest letters and digits of a match whose last four may be shown.
pub const UNMASKABLE_MIN: usize = 8;

/// How many letters and digits stay readable with [`LastFour::Shown`].
const SHOWN: usize = 4;

/// Whether the last four letters or digits of a match stay readable. Off in the product unless a
/// policy asks for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LastFour {
    /// All of the match is masked.
    #[default]
    Masked,
    /// The last four letters or digits stay, if the match has at least [`UNMASKABLE_MIN`].
    Shown,
}

/// A match and its surroundings, masked.
///
/// # Examples
///
/// ```
/// use content_inspection::{InspectOptions, Inspector, LastFour};
///
/// let mut options = InspectOptions::default();
/// options.last_four = LastFour::Shown;
/// let findings = Inspector::new(&["credit_card"])?.inspect("No. 7: 4111 1111 1111 1111", &options);
/// let evidence = &findings.matches()[0].evidence;
/// assert_eq!(evidence.masked(), "XXXX XXXX XXXX 1111");
/// assert_eq!(evidence.before(), "No. #: ");
/// # Ok::<(), content_inspection::InspectionError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    before: String,
    masked: String,
    after: String,
}

impl Evidence {
    /// Up to [`CONTEXT_CHARACTERS`] characters in front of the match, digits as `#`.
    pub fn before(&self) -> &str {
        &self.before
    }

    /// The match, letters and digits as `X`.
    pub fn masked(&self) -> &str {
        &self.masked
    }

    /// Up to [`CONTEXT_CHARACTERS`] characters behind the match, digits as `#`.
    pub fn after(&self) -> &str {
        &self.after
    }
}

/// The surroundings with the masked match in brackets.
impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]{}", self.before, self.masked, self.after)
    }
}

/// The spans of everything that must be masked, joined where they overlap.
pub(crate) struct Secrets {
    spans: Vec<Range<usize>>,
}

impl Secrets {
    /// From spans in any order.
    pub(crate) fn new(mut spans: Vec<Range<usize>>) -> Self {
        spans.sort_unstable_by_key(|span| span.start);
        spans.dedup_by(|next, kept| {
            let joined = next.start <= kept.end;
            if joined {
                kept.end = kept.end.max(next.end);
            }
            joined
        });
        Self { spans }
    }

    fn covers(&self, position: usize) -> bool {
        let after = self.spans.partition_point(|span| span.start <= position);
        after
            .checked_sub(1)
            .and_then(|at| self.spans.get(at))
            .is_some_and(|span| position < span.end)
    }
}

/// Masks the match at `span` of `text` and its surroundings.
pub(crate) fn evidence(
    text: &str,
    span: &Range<usize>,
    secrets: &Secrets,
    last_four: LastFour,
) -> Evidence {
    let head = text.get(..span.start).unwrap_or_default();
    let inside = text.get(span.clone()).unwrap_or_default();
    let tail = text.get(span.end..).unwrap_or_default();
    let context_start = head
        .char_indices()
        .rev()
        .nth(CONTEXT_CHARACTERS - 1)
        .map_or(0, |(at, _)| at);
    let before = head.get(context_start..).unwrap_or_default();
    let in_context = |offset: usize, (at, character): (usize, char)| {
        if secrets.covers(offset + at) && character.is_alphanumeric() {
            'X'
        } else if character.is_numeric() {
            '#'
        } else {
            character
        }
    };
    Evidence {
        before: before
            .char_indices()
            .map(|one| in_context(context_start, one))
            .collect(),
        masked: masked(inside, last_four),
        after: tail
            .char_indices()
            .take(CONTEXT_CHARACTERS)
            .map(|one| in_context(span.end, one))
            .collect(),
    }
}

fn masked(inside: &str, last_four: LastFour) -> String {
    let letters = inside.chars().filter(|it| it.is_alphanumeric()).count();
    let hidden = match last_four {
        LastFour::Shown if letters >= UNMASKABLE_MIN => letters - SHOWN,
        LastFour::Shown | LastFour::Masked => letters,
    };
    let mut seen = 0;
    inside
        .chars()
        .map(|character| {
            if !character.is_alphanumeric() {
                return character;
            }
            seen += 1;
            if seen <= hidden { 'X' } else { character }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c_020_masking() {
        let table = [
            (
                "4111-1111-1111-1111",
                LastFour::Masked,
                "XXXX-XXXX-XXXX-XXXX",
            ),
            (
                "4111-1111-1111-1111",
                LastFour::Shown,
                "XXXX-XXXX-XXXX-1111",
            ),
            ("1234567", LastFour::Shown, "XXXXXXX"),
            ("12345678", LastFour::Shown, "XXXX5678"),
            ("a@b.example", LastFour::Masked, "X@X.XXXXXXX"),
            ("４１１１", LastFour::Masked, "XXXX"),
        ];
        for (text, last_four, expected) in table {
            assert_eq!(masked(text, last_four), expected, "{text}");
        }
    }

    #[test]
    fn c_022_context_is_cut_at_characters_and_hashed() {
        let text = format!("{}é٣7[secret]½{}", "ü".repeat(200), "ß".repeat(200));
        let start = text.find('[').unwrap();
        let span = start..text.find(']').unwrap() + 1;
        let shown = evidence(&text, &span, &Secrets::new(Vec::new()), LastFour::Masked);
        assert_eq!(shown.before(), format!("{}é##", "ü".repeat(97)));
        assert_eq!(shown.after(), format!("#{}", "ß".repeat(99)));
        assert_eq!(shown.masked(), "[XXXXXX]");
    }

    #[test]
    fn c_022_neighbouring_matches_are_masked() {
        let text = "dana@contoso.example 7 4111 sam@contoso.example";
        let secrets = Secrets::new(vec![28..47, 0..20, 5..9]);
        let shown = evidence(text, &(23..27), &secrets, LastFour::Masked);
        assert_eq!(
            shown.to_string(),
            "XXXX@XXXXXXX.XXXXXXX # [XXXX] XXX@XXXXXXX.XXXXXXX"
        );
    }
}
