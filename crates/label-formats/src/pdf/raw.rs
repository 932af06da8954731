//! Dictionaries as they stand in the file, changed in place: what isn't changed keeps its bytes.

use std::ops::Range;

use super::object::{Object, ParseError, Parser};
use super::serial;

/// A dictionary's bytes, with the place of every entry.
#[derive(Clone, Debug)]
pub(super) struct RawDictionary {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    /// Where the closing `>>` starts.
    end: usize,
}

#[derive(Clone, Debug)]
struct Entry {
    key: Vec<u8>,
    value: Object,
    span: Range<usize>,
}

impl Default for RawDictionary {
    /// One without entries.
    fn default() -> Self {
        Self {
            bytes: b"<<>>".to_vec(),
            entries: Vec::new(),
            end: 2,
        }
    }
}

impl RawDictionary {
    /// Takes the dictionary that comes next.
    pub(super) fn parse(parser: &mut Parser<'_>) -> Result<Self, ParseError> {
        parser.skip_space();
        let start = parser.at;
        parser.keyword(b"<<")?;
        let mut entries = Vec::new();
        loop {
            parser.skip_space();
            let before = parser.at;
            match parser.keyword(b">>") {
                Ok(()) => {
                    let bytes = parser.taken(start).to_vec();
                    return Ok(Self {
                        end: before - start,
                        bytes,
                        entries,
                    });
                }
                Err(error @ (ParseError::End | ParseError::Large)) => return Err(error),
                Err(ParseError::Bad) => {}
            }
            parser.keyword(b"/")?;
            let key = parser.name_rest();
            let value = parser.object()?;
            entries.push(Entry {
                key,
                value,
                span: before - start..parser.at - start,
            });
        }
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (&[u8], &Object)> {
        self.entries
            .iter()
            .map(|entry| (entry.key.as_slice(), &entry.value))
    }

    pub(super) fn has(&self, key: &[u8]) -> bool {
        self.entries().any(|(name, _)| name == key)
    }

    /// Without the entries that `goes` says, with these values, as bytes, behind the others.
    /// Everything else stays byte for byte, comments and white space too.
    pub(super) fn edited(
        &self,
        goes: impl Fn(&[u8], &Object) -> bool,
        added: &[(&[u8], Vec<u8>)],
    ) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes.len() + 64 * added.len());
        let mut at = 0;
        let mut keep = |range: Range<usize>| {
            out.extend_from_slice(self.bytes.get(range).unwrap_or_default());
        };
        for entry in &self.entries {
            if goes(&entry.key, &entry.value) {
                keep(at..entry.span.start);
                at = entry.span.end;
            }
        }
        keep(at..self.end);
        for (key, value) in added {
            serial::name(key, &mut out);
            out.push(b' ');
            out.extend_from_slice(value);
            out.push(b'\n');
        }
        out.extend_from_slice(self.bytes.get(self.end..).unwrap_or_default());
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &[u8]) -> Result<RawDictionary, ParseError> {
        RawDictionary::parse(&mut Parser::new(text))
    }

    #[test]
    fn what_is_not_changed_keeps_its_bytes() {
        let text = b" <</A 1 0 R/B<41>%note\n /C#41 (x\\)) /D[1 .50]\t/A 2>> rest";
        let raw = parse(text).unwrap();
        assert_eq!(raw.edited(|_, _| false, &[]), &text[1..text.len() - 5]);
        assert_eq!(
            raw.edited(|key, _| key == b"A", &[(b"E", b"(new)".to_vec())]),
            b"<</B<41>%note\n /C#41 (x\\)) /D[1 .50]\t/E (new)\n>>"
        );
        assert_eq!(
            raw.edited(|key, _| key == b"CA" || key == b"B", &[]),
            b"<</A 1 0 R%note\n  /D[1 .50]\t/A 2>>"
        );
        assert!(raw.has(b"CA") && !raw.has(b"C"));
        assert_eq!(raw.entries().count(), 5);
        assert_eq!(
            RawDictionary::default().edited(|_, _| true, &[(b"A", b"1".to_vec())]),
            b"<</A 1\n>>"
        );
    }

    #[test]
    fn what_is_cut_off_or_no_dictionary_says_so() {
        let whole = b"<</Name(text)/B<</C 1 0 R>>>>";
        for len in 0..whole.len() {
            assert_eq!(parse(&whole[..len]).unwrap_err(), ParseError::End, "{len}");
        }
        for text in [&b"[1]"[..], b"<<1 2>>", b"(x)", b"<</A>>"] {
            assert_eq!(parse(text).unwrap_err(), ParseError::Bad);
        }
    }

    #[test]
    fn a_value_that_ends_the_entries_is_followed_by_a_new_one() {
        let raw = parse(b"<</A 1>>").unwrap();
        let bytes = raw.edited(|_, _| false, &[(b"B", b"2".to_vec())]);
        let again = parse(&bytes).unwrap();
        let keys: Vec<&[u8]> = again.entries().map(|(key, _)| key).collect();
        assert_eq!(keys, [b"A", b"B"]);
    }

    proptest::proptest! {
        #[test]
        fn reads_what_the_parser_reads(text in "<<(/[A-C]{1,2} ?(1|\\(x\\)|<4>|/N|\\[1 2\\]|1 0 R|true|-.5) ?){0,6}>> ") {
            let whole = Parser::new(text.as_bytes()).object();
            match (whole, parse(text.as_bytes())) {
                (Ok(Object::Dictionary(dictionary)), Ok(raw)) => {
                    let entries: Vec<(Vec<u8>, Object)> = raw
                        .entries()
                        .map(|(key, value)| (key.to_vec(), value.clone()))
                        .collect();
                    proptest::prop_assert_eq!(entries, dictionary.0);
                }
                (Err(one), Err(other)) => proptest::prop_assert_eq!(one, other),
                (one, other) => proptest::prop_assert!(false, "{one:?} {other:?}"),
            }
        }
    }
}
