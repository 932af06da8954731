//! What a file still says of labels where it no longer counts: in earlier revisions, and in objects
//! that nothing refers to (F-136).

use label_core::LabelId;

use super::file::{Found, PdfFile};
use super::rebuild::Scan;
use crate::error::PartError;
use crate::source::{ByteSource, read_range};

/// The names of label properties start with this.
pub(super) const PROPERTY: &str = "MSIP_Label_";

/// How much is looked at at a time, in bytes.
const PIECE_BYTES: u64 = 1 << 20;

/// Words in every encoding that a PDF may have them in.
pub(super) struct Words(Vec<Vec<u8>>);

impl Words {
    pub(super) fn new(words: &[&str]) -> Self {
        let spellings = words.iter().flat_map(|word| {
            let units = |to_bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
                word.encode_utf16().flat_map(to_bytes).collect()
            };
            // Of the two orders of UTF-16, what both have in common: `M0S0I0P`.
            let wide = units(u16::to_le_bytes);
            let common = wide.len().saturating_sub(1);
            [
                word.as_bytes().to_vec(),
                wide.get(..common).unwrap_or_default().to_vec(),
            ]
        });
        Self(spellings.filter(|one| !one.is_empty()).collect())
    }

    /// The ids of labels, as writers spell them.
    pub(super) fn ids(labels: &[LabelId]) -> Self {
        let texts: Vec<String> = labels
            .iter()
            .flat_map(|label| {
                let text = label.to_string();
                [text.to_ascii_uppercase(), text]
            })
            .collect();
        let mut words: Vec<&str> = texts.iter().map(String::as_str).collect();
        words.sort_unstable();
        words.dedup();
        Self::new(&words)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How often they occur.
    fn count(&self, bytes: &[u8]) -> usize {
        self.0
            .iter()
            .map(|word| memchr::memmem::find_iter(bytes, word).count())
            .sum()
    }

    pub(super) fn occur_in(&self, bytes: &[u8]) -> bool {
        self.0
            .iter()
            .any(|word| memchr::memmem::find(bytes, word).is_some())
    }

    /// How often they occur in a whole file: in its bytes, and in the packed streams that can hold
    /// labels, whether or not something still refers to them.
    ///
    /// # Errors
    ///
    /// What reading reports. A file that is too large or has too many objects to be looked at like
    /// this counts as if they were everywhere.
    pub(super) fn count_in(
        &self,
        source: &dyn ByteSource,
        file: &PdfFile<'_>,
    ) -> Result<usize, PartError> {
        if self.is_empty() {
            return Ok(0);
        }
        let mut count = self.count_plain(source)?;
        let scan = match Scan::run(source) {
            Ok(scan) => scan,
            Err(error @ PartError::Io(_)) => return Err(error),
            Err(_) => return Ok(usize::MAX),
        };
        let containers = scan.containers.iter().map(|(_, offset)| offset);
        for offset in containers.chain(&scan.metadata) {
            let content = match file.read_object(*offset) {
                // What isn't packed was seen before.
                Ok((_, Found::Stream(stream))) if stream.dictionary.get(b"Filter").is_some() => {
                    file.content(&stream)
                }
                Ok(_) => continue,
                Err(error) => Err(error),
            };
            match content {
                Ok(content) => count = count.saturating_add(self.count(&content)),
                Err(error @ PartError::Io(_)) => return Err(error),
                Err(PartError::TooLarge(_)) => return Ok(usize::MAX),
                // Damaged: nobody can read it.
                Err(_) => {}
            }
        }
        Ok(count)
    }

    fn count_plain(&self, source: &dyn ByteSource) -> Result<usize, PartError> {
        let longest = self.0.iter().map(Vec::len).max().unwrap_or(1);
        let overlap = longest.saturating_sub(1);
        let mut count: usize = 0;
        let mut at = 0;
        while at < source.len() {
            let rest = source.len() - at;
            let size = rest.min(PIECE_BYTES + overlap as u64);
            let piece = read_range(source, at, usize::try_from(size).unwrap_or_default())?;
            let own = usize::try_from(rest.min(PIECE_BYTES)).unwrap_or_default();
            for word in &self.0 {
                let starts = memchr::memmem::find_iter(&piece, word);
                count = count.saturating_add(starts.filter(|start| *start < own).count());
            }
            at += own as u64;
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f_136_words_are_found_in_every_encoding_and_across_pieces() {
        let words = Words::new(&["MSIP_Label_"]);
        let wide = |to_bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            "<MSIP_Label_1".encode_utf16().flat_map(to_bytes).collect()
        };
        for bytes in [
            b"/MSIP_Label_1".to_vec(),
            wide(u16::to_be_bytes),
            wide(u16::to_le_bytes),
        ] {
            assert_eq!(words.count(&bytes), 1);
            assert!(words.occur_in(&bytes));
            for at in [0, PIECE_BYTES - 30, PIECE_BYTES - 5, PIECE_BYTES] {
                let mut file = vec![b' '; usize::try_from(at).unwrap()];
                file.extend_from_slice(&bytes);
                file.resize(file.len() + 100, b' ');
                assert_eq!(words.count_plain(&file).unwrap(), 1, "{at}");
            }
        }
        assert_eq!(words.count(b"MSIP_label_"), 0);
        assert!(!Words::new(&[]).occur_in(b"x"));
    }
}
