//! Texts that policies name, found again in the texts of files.

use crate::fold;

/// Folded texts in order, each with its first bytes as a number: most comparisons end there.
#[derive(Clone, Debug)]
pub(crate) struct FoldedTexts {
    texts: Box<[Box<str>]>,
    starts: Box<[Start]>,
}

/// The first eight bytes of a folded text.
#[derive(Clone, Copy, Debug)]
struct Start {
    bytes: u64,
    /// The bytes that the text has; it may have more.
    mask: u64,
    /// Whether these bytes are not the whole text, or could be taken for those of a shorter one.
    go_on: bool,
}

impl Start {
    fn of(text: &str) -> Self {
        let missing = 8_usize.saturating_sub(text.len());
        let mask = u64::MAX.checked_shl(8 * u32::try_from(missing).unwrap_or(8));
        Self {
            bytes: fold::start(text),
            mask: mask.unwrap_or(0),
            go_on: text.len() > 8 || text.contains('\0'),
        }
    }
}

impl FoldedTexts {
    /// Of folded texts, in any order.
    pub(crate) fn new(mut texts: Vec<Box<str>>) -> Self {
        texts.sort_unstable();
        texts.dedup();
        let starts = texts.iter().map(|text| Start::of(text)).collect();
        Self {
            texts: texts.into(),
            starts,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.texts.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(|text| &**text)
    }

    /// The place of a folded text.
    pub(crate) fn place(&self, folded: &str) -> Option<usize> {
        self.texts.binary_search_by(|one| (**one).cmp(folded)).ok()
    }

    /// The place of the text that equals one that is not folded.
    pub(crate) fn find(&self, text: &str) -> Option<usize> {
        let bytes = fold::start(text);
        let from = self.starts.partition_point(|start| start.bytes < bytes);
        let to = self.starts.partition_point(|start| start.bytes <= bytes);
        let alike = self.texts.get(from..to)?;
        let found = alike.binary_search_by(|one| fold::compare(text, one).reverse());
        found.ok().map(|at| from + at)
    }

    /// The places of the texts with which one that is not folded starts; `bytes` is its
    /// [`fold::start`].
    pub(crate) fn starts(&self, bytes: u64, text: &str, mut found: impl FnMut(usize)) {
        for (place, (start, one)) in self.starts.iter().zip(&self.texts).enumerate() {
            let begins_alike = bytes & start.mask == start.bytes;
            if begins_alike && (!start.go_on || fold::starts_with(text, one)) {
                found(place);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold::fold;

    proptest::proptest! {
        #[test]
        fn finds_what_comparing_every_text_finds(
            texts in proptest::collection::vec("[abß\0é]{0,5}[abcdefgh]{0,6}", 0..8),
            text in "[abAß\0É]{0,5}[abcdEfgh]{0,6}",
        ) {
            let folded: Vec<Box<str>> = texts.iter().map(|text| fold(text)).collect();
            let texts = FoldedTexts::new(folded.clone());
            let whole = texts.find(&text).map(|at| texts.texts[at].clone());
            proptest::prop_assert_eq!(whole, folded.iter().find(|one| ***one == *fold(&text)).cloned());

            let mut found = Vec::new();
            texts.starts(fold::start(&text), &text, |at| found.push(texts.texts[at].clone()));
            let mut expected: Vec<Box<str>> = folded
                .into_iter()
                .filter(|one| fold(&text).starts_with(&**one))
                .collect();
            expected.sort_unstable();
            expected.dedup();
            proptest::prop_assert_eq!(found, expected);
        }
    }
}
