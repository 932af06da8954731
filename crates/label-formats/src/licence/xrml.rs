//! XrML as a tree: several documents one after the other, without a common root (4.2).

use std::ops::Range;

use crate::error::PartError;
use crate::limits::Limits;
use crate::xml::{Item, XmlReader, XmlText};

const PLACE: &str = "licence";

/// Most documents of one licence. A client-signed one of 2018 has eight.
const DOCUMENTS_MAX: usize = 64;

/// Most elements, texts and other items of one document. Genuine ones have a few hundred.
const ITEMS_MAX: usize = 20_000;

/// Deepest nesting. Genuine ones have eight.
const DEPTH_MAX: usize = 32;

/// Most bytes that one character takes in any encoding that is read.
const CHAR_BYTES_MAX: usize = 4;

/// The bytes as text, without what pads them.
pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<String, PartError> {
    let too_long = || PartError::too_large(PLACE, "too many characters");
    let bytes_max = limits.licence_chars_max.saturating_mul(CHAR_BYTES_MAX);
    if bytes.len() > bytes_max.saturating_add(CHAR_BYTES_MAX) {
        return Err(too_long());
    }
    let text = XmlText::decode(PLACE, bytes.to_vec())?.text;
    if text.chars().count() > limits.licence_chars_max {
        return Err(too_long());
    }
    Ok(text)
}

/// The documents of a licence, each as it stands there. What follows the last one is no document.
pub(super) fn split(text: &str) -> Result<Vec<&str>, PartError> {
    const END: &str = "</XrML>";
    let documents: Vec<&str> = text
        .split_inclusive(END)
        .filter(|document| document.ends_with(END))
        .take(DOCUMENTS_MAX + 1)
        .collect();
    if documents.len() > DOCUMENTS_MAX {
        return Err(PartError::too_large(PLACE, "too many documents"));
    }
    if documents.is_empty() {
        return Err(PartError::malformed(PLACE, "no XrML document"));
    }
    Ok(documents)
}

/// An element with everything in it.
#[derive(Debug, Default)]
pub(super) struct Node {
    name: String,
    attributes: Vec<(String, String)>,
    /// The texts directly inside.
    text: String,
    children: Vec<Node>,
    /// From its start tag to the end of its end tag.
    pub(super) span: Range<usize>,
}

impl Node {
    /// The root element of a document.
    pub(super) fn parse(document: &str, limits: &Limits) -> Result<Self, PartError> {
        let limits = Limits {
            xml_items_max: limits.xml_items_max.min(ITEMS_MAX),
            xml_depth_max: limits.xml_depth_max.min(DEPTH_MAX),
            ..limits.clone()
        };
        let mut reader = XmlReader::new(PLACE, document, &limits);
        // The element outside the root, which gets the root as its child.
        let mut outside = Self::default();
        let mut open: Vec<Self> = Vec::new();
        while let Some(item) = reader.next()? {
            match item {
                Item::Start(element) => {
                    let node = Self {
                        name: element.name.to_owned(),
                        attributes: element
                            .attributes
                            .into_iter()
                            .map(|one| (one.name.to_owned(), one.value.into_owned()))
                            .collect(),
                        span: reader.span(),
                        ..Self::default()
                    };
                    if element.is_empty {
                        open.last_mut().unwrap_or(&mut outside).children.push(node);
                    } else {
                        open.push(node);
                    }
                }
                Item::End => {
                    if let Some(mut node) = open.pop() {
                        node.span.end = reader.span().end;
                        open.last_mut().unwrap_or(&mut outside).children.push(node);
                    }
                }
                Item::Text(piece) => {
                    if let Some(node) = open.last_mut() {
                        node.text.push_str(&piece);
                    }
                }
                Item::Other => {}
            }
        }
        outside
            .children
            .pop()
            .ok_or_else(|| PartError::malformed(PLACE, "no root element"))
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.name == name
    }

    /// The children of this name.
    pub(super) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.is(name))
    }

    /// The first descendant on this path of names.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter()
            .try_fold(self, |node, name| node.all(name).next())
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The text directly inside, without white space around it.
    pub(super) fn text(&self) -> &str {
        self.text.trim()
    }

    /// The same, or nothing where it is empty.
    pub(super) fn text_at(&self, path: &[&str]) -> Option<String> {
        self.at(path)
            .map(Self::text)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_split_without_a_common_root() {
        for (text, count) in [
            ("<?xml version=\"1.0\"?><XrML></XrML>", 1),
            ("<XrML>a</XrML><XrML>b</XrML>", 2),
            ("<XrML></XrML>\n<XrML></XrML>\0\0 rest", 2),
        ] {
            assert_eq!(split(text).unwrap().len(), count, "{text}");
        }
        for text in ["", "<XrML/>", "<XrML>", "text"] {
            assert!(
                matches!(split(text), Err(PartError::Malformed(_))),
                "{text}"
            );
        }
        let many = "<XrML></XrML>".repeat(65);
        assert!(matches!(split(&many), Err(PartError::TooLarge(_))));
    }

    #[test]
    fn a_tree_keeps_where_its_elements_stand() {
        let text = "<?xml version=\"1.0\"?><XrML><A n=\"1\">x<B/>y</A><A>&amp;</A></XrML>";
        let root = Node::parse(text, &Limits::default()).unwrap();
        assert!(root.is("XrML"));
        assert_eq!(root.all("A").count(), 2);
        let first = root.at(&["A"]).unwrap();
        assert_eq!((first.text(), first.attribute("n")), ("xy", Some("1")));
        assert_eq!(&text[first.span.clone()], "<A n=\"1\">x<B/>y</A>");
        assert_eq!(root.all("A").last().unwrap().text(), "&");
        assert!(root.at(&["A", "C"]).is_none());
    }

    #[test]
    fn deep_and_wide_documents_are_refused() {
        let limits = Limits::default();
        let deep = "<a>".repeat(33) + &"</a>".repeat(33);
        let wide = format!("<a>{}</a>", "<b/>".repeat(20_000));
        for text in [deep, wide] {
            assert!(matches!(
                Node::parse(&text, &limits),
                Err(PartError::TooLarge(_))
            ));
        }
        assert!(matches!(
            Node::parse("<!DOCTYPE a><a/>", &limits),
            Err(PartError::Malformed(_))
        ));
    }
}
