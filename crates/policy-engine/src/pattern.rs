//! Patterns over texts: wildcards as in file systems, and regular expressions.

use std::fmt::Write;

use regex::{Regex, RegexBuilder};

/// Most memory that one compiled pattern may take, in bytes.
const COMPILED_BYTES_MAX: usize = 1 << 20;

/// A pattern, compiled. Letter case doesn't matter, by simple case folding.
///
/// # Examples
///
/// ```
/// use policy_engine::Pattern;
///
/// let sheets = Pattern::glob("Budget 20[12]?*.{xls,xlsx}")?;
/// assert!(sheets.matches("budget 2021 final.XLSX"));
/// assert!(!sheets.matches("my budget 2021.xlsx"));
///
/// let deep = Pattern::glob("/sites/**/Finance/*")?;
/// assert!(deep.matches("/sites/a/b/Finance/plan.docx"));
/// assert!(!deep.matches("/sites/a/Finance/old/plan.docx"));
///
/// let number = Pattern::regex(r"\binvoice[ _-]?\d{4}\b")?;
/// assert!(number.matches("Invoice 2021 (paid).pdf"));
/// # Ok::<(), policy_engine::PatternError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Pattern {
    compiled: Regex,
}

/// Why a pattern can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// A bracket or brace without its partner, or nothing between them.
    #[error("`{0}` is not closed, or empty")]
    Unclosed(char),
    /// A range of characters that ends before it starts.
    #[error("the range `{0}-{1}` ends before it starts")]
    Range(char, char),
    /// A backslash at the end.
    #[error("nothing follows the last backslash")]
    Escape,
    /// Not a regular expression.
    #[error("{0}")]
    Syntax(String),
    /// It would take too much memory.
    #[error("the pattern is too large")]
    TooLarge,
}

impl Pattern {
    /// A pattern that the whole text must look like: `*` stands for any characters but `/`, `**` for
    /// any, `?` for one but `/`, `[a-z]` for one of these and `[!a-z]` for one of all others,
    /// `{a,b}` for one of the alternatives; a backslash takes away what the next character means.
    ///
    /// # Errors
    ///
    /// [`PatternError`]: what is not closed, or too large.
    pub fn glob(pattern: &str) -> Result<Self, PatternError> {
        let mut expression = String::from("^(?s:");
        Glob {
            characters: pattern.chars().peekable(),
        }
        .translate(&mut expression)?;
        expression.push_str(")$");
        Self::compile(&expression)
    }

    /// A regular expression that is found anywhere in the text: no look-around and no references
    /// back, so that it takes time in proportion to the text. `(?-i)` turns letter case on.
    ///
    /// # Errors
    ///
    /// [`PatternError`]: no regular expression, or too large.
    pub fn regex(expression: &str) -> Result<Self, PatternError> {
        Self::compile(expression)
    }

    fn compile(expression: &str) -> Result<Self, PatternError> {
        let compiled = RegexBuilder::new(expression)
            .case_insensitive(true)
            .size_limit(COMPILED_BYTES_MAX)
            .dfa_size_limit(COMPILED_BYTES_MAX)
            .build();
        match compiled {
            Ok(compiled) => Ok(Self { compiled }),
            Err(regex::Error::CompiledTooBig(_)) => Err(PatternError::TooLarge),
            Err(regex::Error::Syntax(text)) => {
                // The last line says what, those before draw where.
                let cause = text.lines().last().unwrap_or_default();
                let cause = cause.trim_start_matches("error: ");
                Err(PatternError::Syntax(cause.to_owned()))
            }
            Err(other) => Err(PatternError::Syntax(other.to_string())),
        }
    }

    /// Whether a text looks like it.
    pub fn matches(&self, text: &str) -> bool {
        self.compiled.is_match(text)
    }
}

/// A glob while it becomes a regular expression.
struct Glob<'p> {
    characters: std::iter::Peekable<std::str::Chars<'p>>,
}

impl Glob<'_> {
    fn translate(mut self, into: &mut String) -> Result<(), PatternError> {
        let mut in_braces = false;
        while let Some(character) = self.characters.next() {
            match character {
                '*' if self.characters.next_if_eq(&'*').is_some() => into.push_str(".*"),
                '*' => into.push_str("[^/]*"),
                '?' => into.push_str("[^/]"),
                '[' => self.class(into)?,
                '{' if !in_braces => {
                    in_braces = true;
                    into.push_str("(?:");
                }
                ',' if in_braces => into.push('|'),
                '}' if in_braces => {
                    in_braces = false;
                    into.push(')');
                }
                '\\' => {
                    let escaped = self.characters.next().ok_or(PatternError::Escape)?;
                    literal(escaped, into);
                }
                other => literal(other, into),
            }
        }
        if in_braces {
            return Err(PatternError::Unclosed('{'));
        }
        Ok(())
    }

    /// What stands between brackets, the opening one taken.
    fn class(&mut self, into: &mut String) -> Result<(), PatternError> {
        into.push_str(
            match self.characters.next_if(|it| matches!(it, '!' | '^')) {
                Some(_) => "[^/",
                None => "[",
            },
        );
        let mut is_empty = true;
        loop {
            let first = match self.characters.next() {
                // The first character may be a closing bracket.
                Some(']') if !is_empty => break,
                Some('\\') => self.characters.next().ok_or(PatternError::Escape)?,
                Some(character) => character,
                None => return Err(PatternError::Unclosed('[')),
            };
            is_empty = false;
            literal(first, into);
            let mut ahead = self.characters.clone();
            if ahead.next() == Some('-')
                && let Some(last) = ahead.next().filter(|last| *last != ']')
            {
                self.characters = ahead;
                if last < first {
                    return Err(PatternError::Range(first, last));
                }
                into.push('-');
                literal(last, into);
            }
        }
        into.push(']');
        Ok(())
    }
}

/// A character that stands for itself, inside of classes too.
fn literal(character: char, into: &mut String) {
    // Writing to a text can't fail.
    let _ = write!(into, "\\x{{{:x}}}", u32::from(character));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        for (pattern, text, expected) in [
            ("*.docx", "Plan.DOCX", true),
            ("*.docx", "Plan.docx.txt", false),
            ("*", "", true),
            ("*", "a/b", false),
            ("**", "a/b\nc", true),
            ("?", "é", true),
            ("?", "/", false),
            ("a?c", "abbc", false),
            ("[a-c]x", "Bx", true),
            ("[!a-c]x", "bx", false),
            ("[!a]x", "/x", false),
            ("[]x]", "]", true),
            ("[a-]", "-", true),
            ("{a,b*}.txt", "bcd.txt", true),
            ("{a,b*}.txt", "c.txt", false),
            ("a,b", "a,b", true),
            ("a}b", "a}b", true),
            ("{a,{b}", "{b", true),
            ("[a-a]", "a", true),
            (r"\*\[x", "*[x", true),
            ("a.b", "axb", false),
            ("a+(b)|$^", "A+(B)|$^", true),
            ("Straße", "STRASSE", false),
        ] {
            let compiled = Pattern::glob(pattern).unwrap();
            assert_eq!(compiled.matches(text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn what_is_no_pattern() {
        for (pattern, error) in [
            ("[ab", PatternError::Unclosed('[')),
            ("[]", PatternError::Unclosed('[')),
            ("{a,b", PatternError::Unclosed('{')),
            ("a\\", PatternError::Escape),
            ("[b-a]", PatternError::Range('b', 'a')),
        ] {
            assert_eq!(Pattern::glob(pattern).unwrap_err(), error, "{pattern}");
        }
        for (expression, text) in [
            ("(", "unclosed group"),
            ("(?=a)", "look-around"),
            (r"\1", "backreferences"),
        ] {
            let error = Pattern::regex(expression).unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        }
        let large = format!("(?:{}){{1000}}", "[a-z]{100}");
        assert_eq!(Pattern::regex(&large).unwrap_err(), PatternError::TooLarge);
    }

    #[test]
    fn expressions_take_no_longer_than_the_text() {
        // What other engines go back and forth over for ages.
        let pattern = Pattern::regex("^(a+)+$").unwrap();
        let text = format!("{}!", "a".repeat(100_000));
        assert!(!pattern.matches(&text));
        assert!(pattern.matches("AAA"));
        assert!(!Pattern::regex("(?-i)a").unwrap().matches("A"));
    }
}
