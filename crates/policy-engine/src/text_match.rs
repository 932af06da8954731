//! "Contains", word by word, as the product documents it (A-001).
//!
//! A name is cut into words at separators. Unquoted words of a query are alternatives; words in
//! quotation marks of their own are all required; several words inside one pair of quotation marks
//! must stand there exactly so, from the edge of a word to the edge of a word.

use crate::fold::{equals, fold, strip_prefix};

/// What separates words. Three pages of the documentation disagree, over the years.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WordSeparators {
    /// Comma, dot, space, underscore: until September 2021.
    Seed,
    /// Comma, dot, space, hyphen: from 2023 on.
    Current,
    /// All of these, and any white space: what the documentation's own examples need.
    #[default]
    Union,
}

impl WordSeparators {
    /// Whether the character separates words.
    pub fn contains(self, character: char) -> bool {
        match character {
            ',' | '.' => true,
            '_' => self != Self::Current,
            '-' => self != Self::Seed,
            other => other.is_whitespace(),
        }
    }
}

/// A query, taken apart once.
///
/// # Examples
///
/// ```
/// use policy_engine::{WordQuery, WordSeparators};
///
/// let either = WordQuery::parse("malware virus", WordSeparators::Union)?;
/// assert!(either.matches("malware-virus.exe"));
/// assert!(either.matches("virus.exe"));
/// let both = WordQuery::parse("\"malware\" \"virus\"", WordSeparators::Union)?;
/// assert!(!both.matches("malware.exe"));
/// # Ok::<(), policy_engine::WordQueryError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordQuery {
    separators: WordSeparators,
    pieces: Pieces,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Pieces {
    /// One of these words occurs.
    AnyOf(Vec<Box<str>>),
    /// All of these words and phrases occur.
    AllOf(Vec<Piece>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Word(Box<str>),
    Phrase(Box<str>),
}

/// A query that can't mean anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WordQueryError {
    /// Separators only, or nothing.
    #[error("no word to look for")]
    NoWord,
    /// A quotation mark without its partner.
    #[error("a quotation mark is not closed")]
    UnbalancedQuotes,
    /// Words inside and words outside of quotation marks: the ones outside would mean nothing.
    #[error("quoted and unquoted words mixed")]
    MixedQuotes,
}

impl WordQuery {
    /// Takes a query apart.
    ///
    /// # Errors
    ///
    /// [`WordQueryError`]: no word, unbalanced quotation marks, or quoted and unquoted words mixed.
    pub fn parse(query: &str, separators: WordSeparators) -> Result<Self, WordQueryError> {
        let mut unquoted = Vec::new();
        let mut quoted = Vec::new();
        for (at, piece) in query.split('"').enumerate() {
            let words = words(piece, separators);
            if at.is_multiple_of(2) {
                unquoted.extend(words.map(fold));
                continue;
            }
            let words: Vec<&str> = words.collect();
            match words.as_slice() {
                [] => return Err(WordQueryError::NoWord),
                [word] => quoted.push(Piece::Word(fold(word))),
                _ => quoted.push(Piece::Phrase(fold(piece))),
            }
        }
        if !query.matches('"').count().is_multiple_of(2) {
            return Err(WordQueryError::UnbalancedQuotes);
        }
        let pieces = match (unquoted.is_empty(), quoted.is_empty()) {
            (true, true) => return Err(WordQueryError::NoWord),
            (false, false) => return Err(WordQueryError::MixedQuotes),
            (false, true) => Pieces::AnyOf(unquoted),
            (true, false) => Pieces::AllOf(quoted),
        };
        Ok(Self { separators, pieces })
    }

    /// Whether a name contains what the query asks for. Letter case doesn't matter.
    pub fn matches(&self, name: &str) -> bool {
        match &self.pieces {
            Pieces::AnyOf(wanted) => words(name, self.separators)
                .any(|word| wanted.iter().any(|wanted| equals(word, wanted))),
            Pieces::AllOf(wanted) => wanted.iter().all(|piece| match piece {
                Piece::Word(wanted) => {
                    words(name, self.separators).any(|word| equals(word, wanted))
                }
                Piece::Phrase(wanted) => self.phrase_occurs(name, wanted),
            }),
        }
    }

    fn phrase_occurs(&self, name: &str, wanted: &str) -> bool {
        let mut before = None;
        for (at, character) in name.char_indices() {
            let rest = name.get(at..).unwrap_or_default();
            let found = self.is_edge(before, Some(character))
                && strip_prefix(rest, wanted).is_some_and(|after| {
                    let consumed = rest.len() - after.len();
                    let last = rest.get(..consumed).and_then(|it| it.chars().next_back());
                    self.is_edge(last, after.chars().next())
                });
            if found {
                return true;
            }
            before = Some(character);
        }
        false
    }

    /// Whether a word starts, ends or is absent between two characters.
    fn is_edge(&self, before: Option<char>, after: Option<char>) -> bool {
        let separates = |side: Option<char>| side.is_none_or(|it| self.separators.contains(it));
        separates(before) || separates(after)
    }
}

fn words(text: &str, separators: WordSeparators) -> impl Iterator<Item = &str> {
    text.split(move |character| separators.contains(character))
        .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_001_contains_vectors() {
        use WordSeparators::{Current, Seed, Union};
        let table = [
            (Union, "malware virus", "malware-virus.exe", true),
            (Seed, "malware virus", "malware-virus.exe", false),
            (Union, "malware virus", "virus.exe", true),
            (
                Union,
                "\"malware\" \"virus\"",
                "virus_malware_file.exe",
                true,
            ),
            (
                Current,
                "\"malware\" \"virus\"",
                "virus_malware_file.exe",
                false,
            ),
            (
                Union,
                "\"malware\" \"virus\"",
                "malwarevirusfile.exe",
                false,
            ),
            (Union, "\"malware\" \"virus\"", "malware.exe", false),
            (Union, "\"malware virus\"", "virus", false),
            (Union, "\"malware virus\"", "virus_malware", false),
            (
                Union,
                "\"malware virus\"",
                "my malware virus list.docx",
                true,
            ),
            (Union, "\"malware virus\"", "my malware viruses", false),
            (Union, "\"malware virus\"", "my xmalware virus", false),
            (Union, "malware.exe", "setup.exe", true),
            (Union, "\"malware.exe\"", "malware.exe", true),
            (Union, "\"malware.exe\"", "my malware.exe", true),
            (Union, "\"malware.exe\"", "malware exe", false),
            (Union, "\"malware\"", "MALWARE.txt", true),
            (Union, "Tacos", "SupremeTacos.txt", false),
            (Union, "Tacos", "Tacos_recipe.txt", true),
            (Seed, "Tacos", "Tacos_recipe.txt", true),
            (Current, "Tacos", "Tacos_recipe.txt", false),
            (Union, "STRASSE", "straße.txt", true),
        ];
        for (separators, query, name, expected) in table {
            let parsed = WordQuery::parse(query, separators).unwrap();
            assert_eq!(parsed.matches(name), expected, "{query} in {name}");
        }
    }

    #[test]
    fn a_001_queries_that_mean_nothing() {
        for (query, error) in [
            ("", WordQueryError::NoWord),
            (" ., ", WordQueryError::NoWord),
            ("\"\"", WordQueryError::NoWord),
            ("\"open", WordQueryError::UnbalancedQuotes),
            ("\"a\" b", WordQueryError::MixedQuotes),
        ] {
            let parsed = WordQuery::parse(query, WordSeparators::Union);
            assert_eq!(parsed, Err(error), "{query}");
        }
    }
}
