//! The product's dialect of regular expressions: what it leaves out, and where it stands.

use crate::custom::{ExpressionWarning, MATCH_CHARACTERS_MAX, NESTING_MAX, QUANTIFIER_MAX};
use crate::error::ExpressionErrorKind;

/// Where, and why.
pub(crate) type Refusal = (usize, ExpressionErrorKind);

/// Lengths while walking: of the alternative being read, of the longest one before, and of the
/// last item, which a quantifier multiplies.
#[derive(Default)]
struct Lengths {
    alternative: usize,
    longest: usize,
    last: usize,
}

impl Lengths {
    fn item(&mut self, length: usize) {
        self.alternative = self.alternative.saturating_add(length);
        self.last = length;
    }

    fn repeat(&mut self, times: u32) {
        let without = self.alternative.saturating_sub(self.last);
        self.last = self.last.saturating_mul(times as usize);
        self.alternative = without.saturating_add(self.last);
    }

    fn next_alternative(&mut self) {
        self.longest = self.longest.max(self.alternative);
        self.alternative = 0;
        self.last = 0;
    }

    fn finish(mut self) -> usize {
        self.next_alternative();
        self.longest
    }
}

/// Refuses what the product's dialect doesn't have. Whether the rest is well-formed is for the
/// expression engine to say.
pub(crate) fn check(text: &str) -> Result<Vec<ExpressionWarning>, Refusal> {
    let mut warnings = Vec::new();
    let mut groups = vec![Lengths::default()];
    let mut at = 0;
    while let Some(character) = rest(text, at).chars().next() {
        let tail = rest(text, at);
        let depth = groups.len();
        let Some(current) = groups.last_mut() else {
            break;
        };
        let mut width = character.len_utf8();
        match character {
            '\\' => {
                let (escape_width, length) = escape(tail)
                    .map_err(|construct| (at, ExpressionErrorKind::BackReference { construct }))?;
                width = escape_width;
                current.item(length);
            }
            '[' => {
                width = class_width(tail);
                current.item(1);
            }
            '(' if tail.starts_with("(?:") => {
                width = "(?:".len();
                if depth > NESTING_MAX as usize {
                    // The engine refuses it too, with its own words.
                    break;
                }
                groups.push(Lengths::default());
            }
            '(' => return Err((at, group_refusal(tail))),
            ')' if depth > 1 => {
                let length = groups.pop().map_or(0, Lengths::finish);
                if let Some(outer) = groups.last_mut() {
                    outer.item(length);
                }
            }
            '|' => current.next_alternative(),
            '*' | '+' => {
                let instead = if character == '*' { "{0,9}" } else { "{1,9}" };
                return Err((
                    at,
                    ExpressionErrorKind::Unbounded {
                        construct: character.to_string(),
                        instead,
                    },
                ));
            }
            '{' => {
                if let Some(quantifier) = Quantifier::read(tail) {
                    quantifier.check().map_err(|kind| (at, kind))?;
                    if quantifier.largest() == QUANTIFIER_MAX {
                        warnings.push(ExpressionWarning::QuantifierTen { offset: at });
                    }
                    current.repeat(quantifier.largest());
                    width = quantifier.written.len();
                }
            }
            '^' | '$' => current.item(0),
            '?' => {}
            _ => current.item(1),
        }
        at += width;
    }
    // Groups left open are an error of the engine's; one number is enough here.
    let characters = groups
        .into_iter()
        .map(Lengths::finish)
        .fold(0, usize::saturating_add);
    if characters > MATCH_CHARACTERS_MAX {
        let limit = MATCH_CHARACTERS_MAX;
        return Err((0, ExpressionErrorKind::MatchTooLong { characters, limit }));
    }
    Ok(warnings)
}

fn rest(text: &str, at: usize) -> &str {
    text.get(at..).unwrap_or_default()
}

/// Width of the escape at the start of `tail` and the length of what it matches; the construct
/// when it is a back-reference.
fn escape(tail: &str) -> Result<(usize, usize), String> {
    let mut characters = tail.chars();
    characters.next();
    let Some(escaped) = characters.next() else {
        return Ok((1, 0));
    };
    let plain = 1 + escaped.len_utf8();
    match escaped {
        '1'..='9' => Err(tail.chars().take(2).collect()),
        'k' | 'g' => {
            let end = tail.find(['>', '}', '\'']).map_or(plain, |at| at + 1);
            Err(tail.get(..end).unwrap_or(tail).chars().take(40).collect())
        }
        'b' | 'B' | 'A' | 'z' => {
            // `\b{start}` and its kin name a boundary; with a number it is a quantifier.
            let named = rest(tail, plain)
                .strip_prefix('{')
                .is_some_and(|inside| inside.starts_with(|first: char| first.is_alphabetic()));
            let end = if named { braced(tail, plain) } else { None };
            Ok((end.unwrap_or(plain), 0))
        }
        'p' | 'P' | 'x' | 'u' | 'U' => Ok((braced(tail, plain).unwrap_or(plain), 1)),
        _ => Ok((plain, 1)),
    }
}

/// The end of the braces at `from`, if that is what stands there.
fn braced(tail: &str, from: usize) -> Option<usize> {
    let inside = rest(tail, from).strip_prefix('{')?;
    inside.find('}').map(|length| from + length + 2)
}

/// Width of the class `[…]` at the start of `tail`, nested ones included.
fn class_width(tail: &str) -> usize {
    let mut depth = 0u32;
    // A closing bracket that comes first stands for itself.
    let mut first = false;
    let mut characters = tail.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => {
                characters.next();
                first = false;
            }
            '[' => {
                depth += 1;
                first = true;
            }
            '^' if first => {}
            ']' if !first => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => first = false,
        }
    }
    tail.len()
}

fn group_refusal(tail: &str) -> ExpressionErrorKind {
    let named = tail.starts_with("(?P<")
        || tail.starts_with("(?<") && !tail.starts_with("(?<=") && !tail.starts_with("(?<!");
    if !tail.starts_with("(?") {
        ExpressionErrorKind::CapturingGroup {
            construct: "(".to_owned(),
        }
    } else if named {
        let end = tail.find('>').map_or(tail.len(), |at| at + 1);
        ExpressionErrorKind::CapturingGroup {
            construct: tail.get(..end).unwrap_or(tail).chars().take(40).collect(),
        }
    } else {
        let width = if tail.starts_with("(?<") { 4 } else { 3 };
        ExpressionErrorKind::GroupForm {
            construct: tail.chars().take(width).collect(),
        }
    }
}

/// `{n}`, `{n,}`, `{,m}` or `{n,m}` as written.
struct Quantifier<'t> {
    written: &'t str,
    least: u32,
    /// `None` for `{n,}`.
    most: Option<u32>,
}

impl<'t> Quantifier<'t> {
    /// Reads one at the start of `tail`; nothing when the braces hold something else, which the
    /// engine refuses.
    fn read(tail: &'t str) -> Option<Self> {
        let end = tail.find('}')?;
        let written = tail.get(..=end)?;
        let inside = tail.get(1..end)?;
        let number = |text: &str| {
            let text = text.trim();
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            // A number too large for the type is too large for the dialect as well.
            digits.then(|| text.parse::<u32>().unwrap_or(u32::MAX))
        };
        let (least, most) = match inside.split_once(',') {
            None => (number(inside)?, Some(number(inside)?)),
            Some((least, most)) if most.trim().is_empty() => (number(least)?, None),
            Some((least, most)) if least.trim().is_empty() => (0, Some(number(most)?)),
            Some((least, most)) => (number(least)?, Some(number(most)?)),
        };
        Some(Self {
            written,
            least,
            most,
        })
    }

    fn largest(&self) -> u32 {
        self.least.max(self.most.unwrap_or(0))
    }

    fn check(&self) -> Result<(), ExpressionErrorKind> {
        let construct = self.written.chars().take(40).collect();
        if self.most.is_none() {
            return Err(ExpressionErrorKind::Unbounded {
                construct,
                instead: if self.least == 0 { "{0,9}" } else { "{1,9}" },
            });
        }
        if self.largest() > QUANTIFIER_MAX {
            return Err(ExpressionErrorKind::QuantifierTooLarge {
                construct,
                limit: QUANTIFIER_MAX,
            });
        }
        Ok(())
    }
}
