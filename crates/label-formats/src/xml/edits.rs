//! Replacements in a text, and what has to be escaped in them.

use std::ops::Range;

/// Escapes a text for an element or a double-quoted attribute.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // A reader normalises these inside attributes and line ends unless they are escaped.
            '\t' => escaped.push_str("&#9;"),
            '\n' => escaped.push_str("&#10;"),
            '\r' => escaped.push_str("&#13;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Whether XML 1.0 can carry the character.
pub(crate) fn is_xml_char(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// Replacements in a text, applied together. Everything between stays byte for byte.
#[derive(Debug, Default)]
pub(crate) struct Edits(Vec<(Range<usize>, String)>);

impl Edits {
    pub(crate) fn replace(&mut self, span: Range<usize>, with: String) {
        self.0.push((span, with));
    }

    pub(crate) fn insert(&mut self, at: usize, text: String) {
        self.0.push((at..at, text));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text with all edits; `None` if they overlap or lie outside, which would be our mistake.
    pub(crate) fn apply(mut self, text: &str) -> Option<String> {
        // Stable: several insertions at one place keep their order.
        self.0.sort_by_key(|(span, _)| (span.start, span.end));
        let mut result = String::with_capacity(text.len() + 1024);
        let mut at = 0;
        for (span, with) in &self.0 {
            result.push_str(text.get(at..span.start)?);
            result.push_str(with);
            at = span.end;
        }
        result.push_str(text.get(at..)?);
        Some(result)
    }
}
