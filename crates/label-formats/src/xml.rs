//! The one place that names the XML reader: bounded, without DTD and entities, with byte spans.

use std::borrow::Cow;
use std::ops::Range;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

use crate::error::PartError;
use crate::limits::Limits;

/// A namespace that means something here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Namespace {
    None,
    Other,
    /// Custom properties; `strict` is ISO's name of it.
    CustomProperties {
        strict: bool,
    },
    /// Variant types, the values of custom properties.
    VariantTypes,
    LabelInfo,
    Relationships,
    ContentTypes,
    Rdf,
    /// Adobe's catch-all for custom entries of a PDF's information dictionary.
    Pdfx,
}

pub(crate) const LABEL_INFO_NAMESPACE: &str =
    "http://schemas.microsoft.com/office/2020/mipLabelMetadata";
pub(crate) const CUSTOM_PROPERTIES_NAMESPACE: &str =
    "http://schemas.openxmlformats.org/officeDocument/2006/custom-properties";
pub(crate) const CUSTOM_PROPERTIES_NAMESPACE_STRICT: &str =
    "http://purl.oclc.org/ooxml/officeDocument/customProperties";
pub(crate) const VARIANT_TYPES_NAMESPACE: &str =
    "http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes";
pub(crate) const VARIANT_TYPES_NAMESPACE_STRICT: &str =
    "http://purl.oclc.org/ooxml/officeDocument/docPropsVTypes";

impl Namespace {
    fn of(name: &str) -> Self {
        match name {
            CUSTOM_PROPERTIES_NAMESPACE => Self::CustomProperties { strict: false },
            CUSTOM_PROPERTIES_NAMESPACE_STRICT => Self::CustomProperties { strict: true },
            VARIANT_TYPES_NAMESPACE | VARIANT_TYPES_NAMESPACE_STRICT => Self::VariantTypes,
            LABEL_INFO_NAMESPACE => Self::LabelInfo,
            "http://schemas.openxmlformats.org/package/2006/relationships" => Self::Relationships,
            "http://schemas.openxmlformats.org/package/2006/content-types" => Self::ContentTypes,
            "http://www.w3.org/1999/02/22-rdf-syntax-ns#" => Self::Rdf,
            "http://ns.adobe.com/pdfx/1.3/" => Self::Pdfx,
            _ => Self::Other,
        }
    }
}

/// How a part's characters are stored, so that an edited part is stored the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8 { mark: bool },
    Utf16Le { mark: bool },
    Utf16Be { mark: bool },
}

/// A decoded XML part.
#[derive(Clone, Debug)]
pub(crate) struct XmlText {
    pub(crate) text: String,
    pub(crate) encoding: Encoding,
}

impl XmlText {
    /// Decodes UTF-8 or UTF-16, by the byte-order mark or by the shape of the first character.
    pub(crate) fn decode(place: &str, bytes: Vec<u8>) -> Result<Self, PartError> {
        let (encoding, skip) = match bytes.as_slice() {
            [0xef, 0xbb, 0xbf, ..] => (Encoding::Utf8 { mark: true }, 3),
            [0xff, 0xfe, ..] => (Encoding::Utf16Le { mark: true }, 2),
            [0xfe, 0xff, ..] => (Encoding::Utf16Be { mark: true }, 2),
            [b'<', 0, ..] => (Encoding::Utf16Le { mark: false }, 0),
            [0, b'<', ..] => (Encoding::Utf16Be { mark: false }, 0),
            _ => (Encoding::Utf8 { mark: false }, 0),
        };
        let text = match encoding {
            Encoding::Utf8 { mark: false } => String::from_utf8(bytes)
                .map_err(|error| not_text(place, "UTF-8", error.utf8_error().valid_up_to()))?,
            Encoding::Utf8 { mark: true } => {
                let rest = bytes.get(skip..).unwrap_or_default();
                std::str::from_utf8(rest)
                    .map_err(|error| not_text(place, "UTF-8", skip + error.valid_up_to()))?
                    .to_owned()
            }
            Encoding::Utf16Le { .. } | Encoding::Utf16Be { .. } => {
                let rest = bytes.get(skip..).unwrap_or_default();
                if rest.len() % 2 != 0 {
                    return Err(not_text(place, "UTF-16", bytes.len()));
                }
                let units = rest.chunks_exact(2).map(|pair| match (pair, encoding) {
                    ([first, second], Encoding::Utf16Be { .. }) => {
                        u16::from_be_bytes([*first, *second])
                    }
                    ([first, second], _) => u16::from_le_bytes([*first, *second]),
                    _ => 0,
                });
                char::decode_utf16(units)
                    .collect::<Result<String, _>>()
                    .map_err(|_| not_text(place, "UTF-16", 0))?
            }
        };
        Ok(Self { text, encoding })
    }

    /// The part with these edits, stored as it came; `None` as for [`Edits::apply`].
    pub(crate) fn edited(&self, edits: Edits) -> Option<Vec<u8>> {
        let edited = Self {
            text: edits.apply(&self.text)?,
            encoding: self.encoding,
        };
        Some(edited.encode())
    }

    /// The text in the encoding it came in.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let units = |to_bytes: fn(u16) -> [u8; 2]| {
            self.text
                .encode_utf16()
                .flat_map(to_bytes)
                .collect::<Vec<u8>>()
        };
        let mut bytes = match self.encoding {
            Encoding::Utf8 { mark: true } => vec![0xef, 0xbb, 0xbf],
            Encoding::Utf16Le { mark: true } => vec![0xff, 0xfe],
            Encoding::Utf16Be { mark: true } => vec![0xfe, 0xff],
            _ => Vec::new(),
        };
        match self.encoding {
            Encoding::Utf8 { .. } => bytes.extend_from_slice(self.text.as_bytes()),
            Encoding::Utf16Le { .. } => bytes.extend(units(u16::to_le_bytes)),
            Encoding::Utf16Be { .. } => bytes.extend(units(u16::to_be_bytes)),
        }
        bytes
    }
}

fn not_text(place: &str, encoding: &str, offset: usize) -> PartError {
    PartError::malformed(place, format!("not {encoding} at byte {offset}"))
}

/// An attribute: prefix and local name as written, its namespace, the decoded value.
#[derive(Clone, Debug)]
pub(crate) struct Attribute {
    pub(crate) namespace: Namespace,
    pub(crate) name: String,
    pub(crate) value: String,
}

/// A start tag.
#[derive(Clone, Debug)]
pub(crate) struct Element {
    pub(crate) namespace: Namespace,
    /// The local name.
    pub(crate) name: String,
    /// The prefix with its colon, or nothing.
    pub(crate) prefix: String,
    pub(crate) attributes: Vec<Attribute>,
    /// `<a/>`: there is no end tag.
    pub(crate) is_empty: bool,
}

impl Element {
    /// The value of an attribute without namespace.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|attribute| attribute.namespace == Namespace::None && attribute.name == name)
            .map(|attribute| attribute.value.as_str())
    }

    pub(crate) fn is(&self, namespace: Namespace, name: &str) -> bool {
        self.namespace == namespace && self.name == name
    }
}

/// What comes next in a part.
#[derive(Clone, Debug)]
pub(crate) enum Item<'a> {
    /// A start tag, or an empty element.
    Start(Element),
    End,
    /// Text, with entities resolved; a piece of it where entities stand between.
    Text(Cow<'a, str>),
    /// A comment or processing instruction.
    Other,
}

/// Reads a part item by item.
pub(crate) struct XmlReader<'a> {
    place: &'a str,
    reader: NsReader<&'a [u8]>,
    depth: usize,
    items: usize,
    span: Range<usize>,
    limits: &'a Limits,
    saw_root: bool,
}

impl<'a> XmlReader<'a> {
    pub(crate) fn new(place: &'a str, text: &'a str, limits: &'a Limits) -> Self {
        Self {
            place,
            reader: NsReader::from_str(text),
            depth: 0,
            items: 0,
            span: 0..0,
            limits,
            saw_root: false,
        }
    }

    /// How many elements are open, the one just started included.
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// Where the item just read stands in the text.
    pub(crate) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// The next item, or `None` at the end of a complete document.
    pub(crate) fn next(&mut self) -> Result<Option<Item<'a>>, PartError> {
        self.items += 1;
        if self.items > self.limits.xml_items_max {
            return Err(PartError::too_large(self.place, "too many XML items"));
        }
        let start = self.position();
        let (namespace, event) = match self.reader.read_resolved_event() {
            Ok((resolved, event)) => (
                match resolved {
                    ResolveResult::Bound(name) => Namespace::of(name.0),
                    ResolveResult::Unbound => Namespace::None,
                    ResolveResult::Unknown(_) => Namespace::Other,
                },
                event,
            ),
            Err(error) => return Err(self.malformed(error)),
        };
        self.span = start..self.position();
        let item = match event {
            Event::Start(tag) => {
                self.open()?;
                Item::Start(self.element(&tag, namespace, false)?)
            }
            Event::Empty(tag) => {
                self.open()?;
                self.depth -= 1;
                Item::Start(self.element(&tag, namespace, true)?)
            }
            Event::End(_) => {
                self.depth = self.depth.saturating_sub(1);
                Item::End
            }
            Event::Text(text) => {
                if self.depth == 0 && !text.xml10_content().trim().is_empty() {
                    return Err(self.malformed("text outside the root element"));
                }
                Item::Text(text.xml10_content())
            }
            Event::CData(text) => Item::Text(text.xml10_content()),
            Event::GeneralRef(reference) => Item::Text(Cow::Owned(self.resolve(&reference)?)),
            Event::DocType(_) => return Err(self.malformed("a document type is not allowed")),
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) => Item::Other,
            Event::Eof => {
                if self.depth != 0 || !self.saw_root {
                    return Err(self.malformed("the document ends too early"));
                }
                return Ok(None);
            }
        };
        Ok(Some(item))
    }

    /// Reads on to the end of the element just started; nothing to do for an empty one.
    pub(crate) fn skip(&mut self, element: &Element) -> Result<(), PartError> {
        if element.is_empty {
            return Ok(());
        }
        let outside = self.depth - 1;
        while self.depth > outside {
            if self.next()?.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// The text directly inside the element just started, up to `max` bytes; child elements'
    /// texts too.
    pub(crate) fn text_of(&mut self, element: &Element, max: usize) -> Result<String, PartError> {
        let mut text = String::new();
        if element.is_empty {
            return Ok(text);
        }
        let outside = self.depth - 1;
        while self.depth > outside {
            match self.next()? {
                Some(Item::Text(piece)) => {
                    if text.len() + piece.len() > max {
                        return Err(PartError::too_large(self.place, "a text is too long"));
                    }
                    text.push_str(&piece);
                }
                Some(_) => {}
                None => break,
            }
        }
        Ok(text)
    }

    pub(crate) fn malformed(&self, cause: impl std::fmt::Display) -> PartError {
        PartError::malformed(self.place, format!("at byte {}: {cause}", self.position()))
    }

    fn position(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX)
    }

    fn open(&mut self) -> Result<(), PartError> {
        if self.depth == 0 && self.saw_root {
            return Err(self.malformed("a second root element"));
        }
        self.saw_root = true;
        self.depth += 1;
        if self.depth > self.limits.xml_depth_max {
            return Err(PartError::too_large(self.place, "elements nest too deeply"));
        }
        Ok(())
    }

    fn element(
        &self,
        tag: &BytesStart<'_>,
        namespace: Namespace,
        is_empty: bool,
    ) -> Result<Element, PartError> {
        let (name, prefix) = tag.name().decompose();
        let mut attributes = Vec::new();
        let mut raw = tag.attributes();
        // The reader's own check for duplicates is quadratic; ours comes after the bound.
        for (at, attribute) in raw.with_checks(false).enumerate() {
            if at >= self.limits.xml_attributes_max {
                return Err(PartError::too_large(self.place, "too many attributes"));
            }
            let attribute = attribute.map_err(|error| self.malformed(error))?;
            if attribute.key.as_namespace_binding().is_some() {
                continue;
            }
            let (resolved, local) = self.reader.resolver().resolve_attribute(attribute.key);
            let value = attribute
                .normalized_value(XmlVersion::Explicit1_0)
                .map_err(|error| self.malformed(error))?;
            attributes.push(Attribute {
                namespace: match resolved {
                    ResolveResult::Bound(name) => Namespace::of(name.0),
                    ResolveResult::Unbound => Namespace::None,
                    ResolveResult::Unknown(_) => Namespace::Other,
                },
                name: local.as_ref().to_owned(),
                value: value.into_owned(),
            });
        }
        for (at, one) in attributes.iter().enumerate() {
            let twice = attributes.iter().skip(at + 1).any(|other| {
                one.name == other.name
                    && one.namespace == other.namespace
                    && one.namespace != Namespace::Other
            });
            if twice {
                return Err(self.malformed(format!("attribute `{}` twice", one.name)));
            }
        }
        Ok(Element {
            namespace,
            name: name.as_ref().to_owned(),
            prefix: prefix.map_or_else(String::new, |prefix| format!("{}:", prefix.as_ref())),
            attributes,
            is_empty,
        })
    }

    /// Character references and the five predefined entities; nothing else exists without a DTD.
    fn resolve(&self, reference: &BytesRef<'_>) -> Result<String, PartError> {
        if let Some(character) = reference
            .resolve_char_ref()
            .map_err(|error| self.malformed(error))?
        {
            return Ok(character.to_string());
        }
        let name = reference.xml10_content();
        let text = match &*name {
            "lt" => "<",
            "gt" => ">",
            "amp" => "&",
            "apos" => "'",
            "quot" => "\"",
            other => return Err(self.malformed(format!("unknown entity `{other}`"))),
        };
        Ok(text.to_owned())
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    fn items(text: &str) -> Result<Vec<String>, PartError> {
        let limits = Limits::default();
        let mut reader = XmlReader::new("part", text, &limits);
        let mut seen = Vec::new();
        while let Some(item) = reader.next()? {
            seen.push(match item {
                Item::Start(element) => format!("{}{}", element.prefix, element.name),
                Item::End => "/".to_owned(),
                Item::Text(text) => format!("'{text}'"),
                Item::Other => "?".to_owned(),
            });
        }
        Ok(seen)
    }

    #[test]
    fn f_042_dtd_and_entities_are_refused() {
        for text in [
            "<!DOCTYPE a [<!ENTITY b \"x\">]><a>&b;</a>",
            "<!DOCTYPE a><a/>",
            "<a>&b;</a>",
            "<a b=\"&c;\"/>",
            "<a></b>",
            "<a>",
            "",
            "text",
            "<a/><b/>",
            "<a b=\"1\" b=\"2\"/>",
        ] {
            assert!(
                matches!(items(text), Err(PartError::Malformed(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn f_042_too_much_is_refused() {
        let deep = "<a>".repeat(100) + &"</a>".repeat(100);
        let many: String = (0..300).map(|at| format!(" a{at}=\"\"")).collect();
        let wide = format!("<a>{}</a>", "<b/>".repeat(600_000));
        for text in [deep, format!("<a{many}/>"), wide] {
            assert!(matches!(items(&text), Err(PartError::TooLarge(_))));
        }
    }

    #[test]
    fn texts_and_entities_come_in_order() {
        assert_eq!(
            items("<a>R&amp;D &#x41;<![CDATA[<&]]></a>").unwrap(),
            ["a", "'R'", "'&'", "'D '", "'A'", "'<&'", "/"]
        );
    }

    #[test]
    fn a_part_is_stored_as_it_came() {
        let text = "<a>ü</a>";
        let utf16 = |le: bool, mark: bool| {
            let mut bytes = Vec::new();
            let marked: String = if mark {
                format!("\u{feff}{text}")
            } else {
                text.to_owned()
            };
            for unit in marked.encode_utf16() {
                bytes.extend(if le {
                    unit.to_le_bytes()
                } else {
                    unit.to_be_bytes()
                });
            }
            bytes
        };
        for bytes in [
            text.as_bytes().to_vec(),
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            utf16(true, true),
            utf16(true, false),
            utf16(false, true),
            utf16(false, false),
        ] {
            let decoded = XmlText::decode("part", bytes.clone()).unwrap();
            assert_eq!(decoded.text, text);
            assert_eq!(decoded.encode(), bytes);
        }
        assert!(XmlText::decode("part", vec![b'<', 0xff]).is_err());
        assert!(XmlText::decode("part", vec![b'<', 0, b'a']).is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_text_ends(text in "[<>/a-c!?&;\"= \\[\\]-]{0,60}") {
            let _ = items(&text);
        }

        #[test]
        fn escaped_texts_read_back(text: String) {
            let text: String = text.chars().filter(|&c| is_xml_char(c)).collect();
            let document = format!("<a b=\"{0}\">{0}</a>", escape(&text));
            let limits = Limits::default();
            let mut reader = XmlReader::new("part", &document, &limits);
            let Some(Item::Start(element)) = reader.next().unwrap() else { panic!() };
            proptest::prop_assert_eq!(element.attribute("b"), Some(text.as_str()));
            let read = reader.text_of(&element, 10_000).unwrap();
            proptest::prop_assert_eq!(read, text);
        }
    }
}
