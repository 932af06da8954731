//! Reads a part item by item: bounded, without DTD and entities, with the place of every item.
//!
//! A general XML library splits every tag twice, once for namespaces and once for attributes, and
//! gives names that have to be copied. Reading a label is reading four small parts, so that cost
//! more than everything else. Here each byte of a tag is looked at once, and names and values
//! are parts of the text wherever it says them literally. The library is still there as the twin
//! that tests compare with.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memchr2, memchr3};

use super::{Namespace, is_xml_char};
use crate::error::PartError;
use crate::limits::Limits;

/// Most namespace declarations that are in force at one place. Real parts have a dozen.
const BINDINGS_MAX: usize = 256;

/// Longest reference that means something: `&#x10FFFF;` with room for leading zeros.
const REFERENCE_BYTES_MAX: usize = 32;

const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";
const XMLNS_NAMESPACE: &str = "http://www.w3.org/2000/xmlns/";

/// An attribute: its local name as written, its namespace, the decoded value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attribute<'a> {
    pub(crate) namespace: Namespace,
    pub(crate) name: &'a str,
    pub(crate) value: Cow<'a, str>,
}

/// A start tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    pub(crate) namespace: Namespace,
    /// The local name.
    pub(crate) name: &'a str,
    /// The prefix with its colon, or nothing.
    pub(crate) prefix: &'a str,
    pub(crate) attributes: Vec<Attribute<'a>>,
    /// `<a/>`: there is no end tag.
    pub(crate) is_empty: bool,
}

impl Element<'_> {
    /// The value of an attribute without namespace.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|attribute| attribute.namespace == Namespace::None && same(attribute.name, name))
            .map(|attribute| &*attribute.value)
    }

    pub(crate) fn is(&self, namespace: Namespace, name: &str) -> bool {
        self.namespace == namespace && same(self.name, name)
    }
}

/// Names are short: a call to compare them costs more than comparing them.
#[inline]
fn same(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.bytes().zip(other.bytes()).all(|(a, b)| a == b)
}

/// A name as it is written: the prefix with its colon, or nothing, and the local name.
#[derive(Clone, Copy)]
struct Name<'a> {
    whole: &'a str,
    prefix: &'a str,
    local: &'a str,
}

/// What comes next in a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item<'a> {
    /// A start tag, or an empty element.
    Start(Element<'a>),
    End,
    /// Text, with references resolved; a piece of it where references stand between.
    Text(Cow<'a, str>),
    /// A comment or processing instruction.
    Other,
}

/// A namespace declaration that is in force.
struct Binding<'a> {
    /// Nothing for the default namespace.
    prefix: &'a str,
    namespace: Namespace,
    /// The depth of the element that declares it.
    depth: usize,
}

/// Reads a part item by item.
pub(crate) struct XmlReader<'a> {
    place: &'a str,
    text: &'a str,
    /// Where the next item starts.
    at: usize,
    /// The names of the open elements, as written.
    open: Vec<&'a str>,
    bindings: Vec<Binding<'a>>,
    items: usize,
    span: Range<usize>,
    limits: &'a Limits,
    saw_root: bool,
    /// Room for the attributes of the next element.
    spare: Vec<Attribute<'a>>,
    /// Up to here, from where it was looked for, stands neither a reference nor white space but
    /// spaces.
    plain_to: usize,
}

impl<'a> XmlReader<'a> {
    pub(crate) fn new(place: &'a str, text: &'a str, limits: &'a Limits) -> Self {
        Self {
            place,
            text,
            at: 0,
            open: Vec::new(),
            bindings: Vec::new(),
            items: 0,
            span: 0..0,
            limits,
            saw_root: false,
            spare: Vec::new(),
            plain_to: 0,
        }
    }

    /// Takes back an element that is no longer needed: its list of attributes serves again. A
    /// content types part has hundreds of elements, and asking for memory for each took longer
    /// than looking at it.
    pub(crate) fn take_back(&mut self, element: Element<'a>) {
        self.spare = element.attributes;
        self.spare.clear();
    }

    /// How many elements are open, the one just started included unless it is empty.
    pub(crate) fn depth(&self) -> usize {
        self.open.len()
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
        let start = self.at;
        let rest = self.rest();
        let item = match rest.as_bytes() {
            [] => {
                if !self.open.is_empty() || !self.saw_root {
                    return Err(self.malformed("the document ends too early"));
                }
                return Ok(None);
            }
            [b'<', b'/', ..] => self.end_tag()?,
            [b'<', b'?', ..] => {
                self.at += "<?".len();
                self.until("?>", |_| Item::Other)?
            }
            [b'<', b'!', b'-', b'-', ..] => {
                self.at += "<!--".len();
                self.until("-->", |_| Item::Other)?
            }
            [b'<', b'!', ..] => self.section(rest)?,
            [b'<', ..] => self.start_tag()?,
            [b'&', ..] => {
                self.inside()?;
                let (text, len) = self.reference(rest)?;
                self.at += len;
                Item::Text(text)
            }
            bytes => {
                let len = memchr2(b'<', b'&', bytes).unwrap_or(bytes.len());
                let text = rest.get(..len).unwrap_or_default();
                if !text.bytes().all(is_space) {
                    self.inside()?;
                }
                self.at += len;
                Item::Text(line_ends(text))
            }
        };
        self.span = start..self.at;
        Ok(Some(item))
    }

    /// The namespace of elements without prefix.
    pub(crate) fn default_namespace(&self) -> Namespace {
        self.namespace_of("")
    }

    /// The two values of the next item, if it is an empty element that is written exactly as in
    /// `usual`: what stands before the first value, between them, and behind the second.
    ///
    /// Lists say the same tag hundreds of times, nearly always with the same spaces and quotes.
    /// Such a tag needn't be taken apart. Nothing is read where a byte of it differs, a value has
    /// a reference in it or white space that changes, or a bound is reached: [`Self::next`] then
    /// says what it is.
    #[inline]
    pub(crate) fn next_usual(&mut self, usual: &[&str; 3]) -> Option<[&'a str; 2]> {
        let [before, between, behind] = usual;
        let rest = self.rest().strip_prefix(before)?;
        let (first, rest) = until_quote(rest)?;
        let rest = rest.strip_prefix(between)?;
        let (second, rest) = until_quote(rest)?;
        let rest = rest.strip_prefix(behind)?;
        let end = self.text.len() - rest.len();
        if end > self.plain_to {
            let ahead = self.text.as_bytes().get(self.at..).unwrap_or_default();
            self.plain_to = self.at + plain_len(ahead);
        }
        let in_bounds = self.items < self.limits.xml_items_max
            && !self.open.is_empty()
            && self.open.len() < self.limits.xml_depth_max
            && self.limits.xml_attributes_max >= 2;
        if !in_bounds || end > self.plain_to {
            return None;
        }
        self.items += 1;
        let start = self.at;
        self.at = end;
        self.span = start..end;
        Some([first, second])
    }

    /// Reads on to the end of the element just started; nothing to do for an empty one.
    pub(crate) fn skip(&mut self, element: &Element<'_>) -> Result<(), PartError> {
        self.inside_of(element, |_, _| Ok(()))
    }

    /// The text directly inside the element just started, up to `max` bytes; child elements'
    /// texts too.
    pub(crate) fn text_of(
        &mut self,
        element: &Element<'_>,
        max: usize,
    ) -> Result<String, PartError> {
        let mut text = String::new();
        self.inside_of(element, |reader, item| {
            if let Item::Text(piece) = item {
                if text.len() + piece.len() > max {
                    return Err(PartError::too_large(reader.place, "a text is too long"));
                }
                text.push_str(&piece);
            }
            Ok(())
        })?;
        Ok(text)
    }

    fn inside_of(
        &mut self,
        element: &Element<'_>,
        mut take: impl FnMut(&Self, Item<'a>) -> Result<(), PartError>,
    ) -> Result<(), PartError> {
        if element.is_empty {
            return Ok(());
        }
        let outside = self.open.len().saturating_sub(1);
        while self.open.len() > outside {
            let Some(item) = self.next()? else { break };
            take(self, item)?;
        }
        Ok(())
    }

    pub(crate) fn malformed(&self, cause: impl std::fmt::Display) -> PartError {
        PartError::malformed(self.place, format!("at byte {}: {cause}", self.at))
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Only white space, comments and instructions stand outside the root element.
    fn inside(&self) -> Result<(), PartError> {
        if self.open.is_empty() {
            return Err(self.malformed("text outside the root element"));
        }
        Ok(())
    }

    /// Takes everything to this end mark.
    fn until(
        &mut self,
        mark: &str,
        item: impl FnOnce(&'a str) -> Item<'a>,
    ) -> Result<Item<'a>, PartError> {
        let rest = self.rest();
        let Some(len) = rest.find(mark) else {
            return Err(self.malformed(format!("`{mark}` is missing")));
        };
        self.at += len + mark.len();
        Ok(item(rest.get(..len).unwrap_or_default()))
    }

    /// Literal text, or a document type.
    fn section(&mut self, rest: &str) -> Result<Item<'a>, PartError> {
        if !rest.starts_with("<![CDATA[") {
            return Err(self.malformed("a document type is not allowed"));
        }
        self.inside()?;
        self.at += "<![CDATA[".len();
        self.until("]]>", |text| Item::Text(line_ends(text)))
    }

    fn end_tag(&mut self) -> Result<Item<'a>, PartError> {
        let rest = self.rest();
        let Some(len) = memchr(b'>', rest.as_bytes()) else {
            return Err(self.malformed("an end tag is cut off"));
        };
        let name = rest.get(2..len).unwrap_or_default();
        let name = name.trim_end_matches(|character: char| character.is_ascii_whitespace());
        if self.open.pop() != Some(name) {
            return Err(self.malformed(format!("`</{name}>` closes nothing")));
        }
        self.drop_bindings(self.open.len());
        self.at += len + 1;
        Ok(Item::End)
    }

    /// Forgets the namespaces that elements deeper than this declared.
    fn drop_bindings(&mut self, depth: usize) {
        while self
            .bindings
            .last()
            .is_some_and(|binding| binding.depth > depth)
        {
            self.bindings.pop();
        }
    }

    fn start_tag(&mut self) -> Result<Item<'a>, PartError> {
        if self.open.is_empty() && self.saw_root {
            return Err(self.malformed("a second root element"));
        }
        if self.open.len() >= self.limits.xml_depth_max {
            return Err(PartError::too_large(self.place, "elements nest too deeply"));
        }
        self.saw_root = true;
        self.at += 1;
        let tag = self.name()?;
        let depth = self.open.len() + 1;
        let mut attributes = std::mem::take(&mut self.spare);
        let mut prefixes: Vec<(usize, &'a str)> = Vec::new();
        let mut count = 0;
        let is_empty = loop {
            let spaced = self.skip_space();
            let bytes = self.text.as_bytes();
            match bytes.get(self.at) {
                Some(b'>') => {
                    self.at += 1;
                    break false;
                }
                Some(b'/') if bytes.get(self.at + 1) == Some(&b'>') => {
                    self.at += 2;
                    break true;
                }
                None => return Err(self.malformed("a tag is cut off")),
                _ if !spaced => return Err(self.malformed("no space before an attribute")),
                _ => {}
            }
            count += 1;
            if count > self.limits.xml_attributes_max {
                return Err(PartError::too_large(self.place, "too many attributes"));
            }
            let name = self.name()?;
            let value = self.attribute_value()?;
            match (name.prefix, name.local) {
                ("", "xmlns") => self.bind("", &value, depth)?,
                ("xmlns:", prefix) => self.bind(prefix, &value, depth)?,
                (prefix, local) => {
                    if !prefix.is_empty() {
                        prefixes.push((attributes.len(), prefix));
                    }
                    attributes.push(Attribute {
                        namespace: Namespace::None,
                        name: local,
                        value,
                    });
                }
            }
        };
        // A prefix may be declared behind its use in the tag, so they are resolved at the end.
        for (at, prefix) in prefixes {
            if let Some(attribute) = attributes.get_mut(at) {
                attribute.namespace = self.namespace_of(prefix);
            }
        }
        self.refuse_twice(&attributes)?;
        let namespace = self.namespace_of(tag.prefix);
        if is_empty {
            self.drop_bindings(depth - 1);
        } else {
            self.open.push(tag.whole);
        }
        Ok(Item::Start(Element {
            namespace,
            name: tag.local,
            prefix: tag.prefix,
            attributes,
            is_empty,
        }))
    }

    /// Quadratic, but over no more than the bound, and nearly always over names of one length.
    fn refuse_twice(&self, attributes: &[Attribute<'_>]) -> Result<(), PartError> {
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
        Ok(())
    }

    /// A name up to white space or what ends a name in a tag.
    fn name(&mut self) -> Result<Name<'a>, PartError> {
        let start = self.at;
        let colon = self.next_of(start, ENDS_NAME | COLON);
        let (local_at, end) = match self.text.as_bytes().get(colon) {
            Some(b':') => (colon + 1, self.next_of(colon + 1, ENDS_NAME)),
            _ => (start, colon),
        };
        let prefix = self.text.get(start..local_at).unwrap_or_default();
        let local = self.text.get(local_at..end).unwrap_or_default();
        if local.is_empty() || prefix == ":" {
            return Err(self.malformed("a name is missing"));
        }
        self.at = end;
        Ok(Name {
            whole: self.text.get(start..end).unwrap_or_default(),
            prefix,
            local,
        })
    }

    /// Where the next byte of a class stands, or the end of the text.
    fn next_of(&self, from: usize, class: u8) -> usize {
        let bytes = self.text.as_bytes().get(from..).unwrap_or_default();
        let len = bytes.iter().position(|byte| is(*byte, class));
        from + len.unwrap_or(bytes.len())
    }

    /// Whether there was any.
    fn skip_space(&mut self) -> bool {
        let bytes = self.text.as_bytes();
        let start = self.at;
        while bytes.get(self.at).is_some_and(|byte| is_space(*byte)) {
            self.at += 1;
        }
        self.at > start
    }

    /// The equals sign and the value behind it.
    fn attribute_value(&mut self) -> Result<Cow<'a, str>, PartError> {
        self.skip_space();
        let bytes = self.text.as_bytes();
        if bytes.get(self.at) != Some(&b'=') {
            return Err(self.malformed("an attribute without value"));
        }
        self.at += 1;
        self.skip_space();
        let Some(quote @ (b'"' | b'\'')) = bytes.get(self.at).copied() else {
            return Err(self.malformed("an attribute's value without quotes"));
        };
        let start = self.at + 1;
        let Some(len) = memchr(quote, bytes.get(start..).unwrap_or_default()) else {
            return Err(self.malformed("an attribute's value is cut off"));
        };
        let raw = self.text.get(start..start + len).unwrap_or_default();
        let value = self.decoded(raw)?;
        self.at = start + len + 1;
        Ok(value)
    }

    /// White space becomes spaces, references what they stand for (XML 1.0, 3.3.3).
    fn decoded(&self, raw: &'a str) -> Result<Cow<'a, str>, PartError> {
        if is_plain(raw.as_bytes()) {
            return Ok(Cow::Borrowed(raw));
        }
        let is_special = |byte: u8| matches!(byte, b'&' | b'<' | b'\t' | b'\n' | b'\r');
        let mut value = String::with_capacity(raw.len());
        let mut rest = raw;
        while let Some(len) = rest.bytes().position(is_special) {
            value.push_str(rest.get(..len).unwrap_or_default());
            rest = rest.get(len..).unwrap_or_default();
            let taken = match rest.as_bytes() {
                [b'&', ..] => {
                    let (text, len) = self.reference(rest)?;
                    value.push_str(&text);
                    len
                }
                [b'<', ..] => return Err(self.malformed("`<` in an attribute's value")),
                [b'\r', b'\n', ..] => {
                    value.push(' ');
                    2
                }
                _ => {
                    value.push(' ');
                    1
                }
            };
            rest = rest.get(taken..).unwrap_or_default();
        }
        value.push_str(rest);
        Ok(Cow::Owned(value))
    }

    /// A character reference or one of the five predefined entities, nothing else exists without
    /// a DTD: what it stands for, and how long it is.
    fn reference(&self, text: &str) -> Result<(Cow<'static, str>, usize), PartError> {
        let end = text
            .bytes()
            .take(REFERENCE_BYTES_MAX)
            .position(|byte| byte == b';');
        let Some(end) = end else {
            return Err(self.malformed("`&` without a reference"));
        };
        let name = text.get(1..end).unwrap_or_default();
        let resolved = match name {
            "lt" => Cow::Borrowed("<"),
            "gt" => Cow::Borrowed(">"),
            "amp" => Cow::Borrowed("&"),
            "apos" => Cow::Borrowed("'"),
            "quot" => Cow::Borrowed("\""),
            other => {
                let number = match other.strip_prefix('#') {
                    Some(number) => match number.strip_prefix('x') {
                        Some(digits) => parse_number(digits, 16),
                        None => parse_number(number, 10),
                    },
                    None => return Err(self.malformed(format!("unknown entity `{other}`"))),
                };
                match number.and_then(char::from_u32).filter(|c| is_xml_char(*c)) {
                    Some(character) => Cow::Owned(character.to_string()),
                    None => {
                        let cause = format!("`&{other};` is no character of XML");
                        return Err(self.malformed(cause));
                    }
                }
            }
        };
        Ok((resolved, end + 1))
    }

    /// Declares a prefix, or the default namespace, from this depth on.
    fn bind(&mut self, prefix: &'a str, name: &str, depth: usize) -> Result<(), PartError> {
        // The two reserved prefixes mean what they mean.
        let is_reserved = match prefix {
            "xmlns" => true,
            "xml" => name != XML_NAMESPACE,
            _ => name == XML_NAMESPACE || name == XMLNS_NAMESPACE,
        };
        let again = self
            .bindings
            .iter()
            .rev()
            .take_while(|binding| binding.depth == depth)
            .any(|binding| binding.prefix == prefix);
        if is_reserved || again {
            return Err(self.malformed(format!("namespace `{prefix}` can't be declared so")));
        }
        if self.bindings.len() >= BINDINGS_MAX {
            return Err(PartError::too_large(self.place, "too many namespaces"));
        }
        self.bindings.push(Binding {
            prefix,
            namespace: match name {
                "" => Namespace::None,
                name => Namespace::of(name),
            },
            depth,
        });
        Ok(())
    }

    /// The namespace of a prefix with its colon, or of none.
    fn namespace_of(&self, prefix: &str) -> Namespace {
        let prefix = prefix.strip_suffix(':').unwrap_or_default();
        let declared = self
            .bindings
            .iter()
            .rev()
            .find(|binding| same(binding.prefix, prefix));
        match declared {
            // A prefix can't be undeclared.
            Some(binding) if binding.namespace == Namespace::None && !prefix.is_empty() => {
                Namespace::Other
            }
            Some(binding) => binding.namespace,
            None if prefix.is_empty() => Namespace::None,
            None => Namespace::Other,
        }
    }
}

/// Whether a value stands for itself. Nearly every one does: without a way out in between, that is
/// seen many bytes at a time.
fn is_plain(bytes: &[u8]) -> bool {
    bytes.iter().fold(true, |plain, byte| {
        plain & (*byte >= b' ') & (*byte != b'&') & (*byte != b'<')
    })
}

/// What stands before the next quote, and from there. An opening bracket before it is no value's.
#[inline]
fn until_quote(text: &str) -> Option<(&str, &str)> {
    let (value, rest) = text.split_at_checked(memchr2(b'"', b'<', text.as_bytes())?)?;
    rest.starts_with('"').then_some((value, rest))
}

/// How many bytes are neither the start of a reference nor white space but spaces.
fn plain_len(bytes: &[u8]) -> usize {
    let len = memchr3(b'\t', b'\n', b'\r', bytes).unwrap_or(bytes.len());
    // No further than that: the next look starts behind it.
    memchr(b'&', bytes.get(..len).unwrap_or_default()).unwrap_or(len)
}

const SPACE: u8 = 1;
const ENDS_NAME: u8 = 2;
const COLON: u8 = 4;

/// What each byte means, so that looking at one is one look.
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(
            clippy::indexing_slicing,
            clippy::cast_possible_truncation,
            reason = "evaluated when this is compiled"
        )]
        {
            classes[byte] = match byte as u8 {
                b' ' | b'\t' | b'\r' | b'\n' => SPACE | ENDS_NAME,
                b'=' | b'/' | b'>' | b'<' | b'"' | b'\'' | b'&' => ENDS_NAME,
                b':' => COLON,
                _ => 0,
            };
        }
        byte += 1;
    }
    classes
};

fn is(byte: u8, class: u8) -> bool {
    CLASSES.get(usize::from(byte)).copied().unwrap_or(0) & class != 0
}

fn is_space(byte: u8) -> bool {
    is(byte, SPACE)
}

/// Without the sign that Rust would take.
fn parse_number(digits: &str, radix: u32) -> Option<u32> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    u32::from_str_radix(digits, radix).ok().filter(|_| plain)
}

/// Every line end is a line feed (XML 1.0, 2.11).
fn line_ends(text: &str) -> Cow<'_, str> {
    if memchr(b'\r', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::escape;

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

    const USUAL: [&str; 3] = ["<b c=\"", "\" d=\"", "\"/>"];

    #[test]
    fn the_usual_spelling_reads_as_any_other() {
        let limits = Limits::default();
        for usual in ["<b c=\"1\" d=\"ü\"/>", "<b c=\"\" d=\"'>\"/>"] {
            let text = format!("<a>{usual}</a>");
            let mut quick = XmlReader::new("part", &text, &limits);
            let mut slow = XmlReader::new("part", &text, &limits);
            assert_eq!(quick.next_usual(&USUAL), None);
            assert_eq!(quick.next().unwrap(), slow.next().unwrap());
            let [first, second] = quick.next_usual(&USUAL).unwrap();
            let Some(Item::Start(element)) = slow.next().unwrap() else {
                panic!()
            };
            assert_eq!(element.attribute("c"), Some(first));
            assert_eq!(element.attribute("d"), Some(second));
            assert_eq!(quick.span(), slow.span());
            assert_eq!((quick.items, quick.depth()), (slow.items, slow.depth()));
            assert_eq!(quick.next_usual(&USUAL), None);
            assert_eq!(quick.next().unwrap(), slow.next().unwrap());
        }
    }

    #[test]
    fn another_spelling_is_left_to_the_general_way() {
        let limits = Limits::default();
        for other in [
            "<b c=\"&lt;\" d=\"\"/>",
            "<b c=\"\" d=\"<\"/>",
            "<b c=\"\" d=\"\n\"/>",
            "<b c=\"\" d=\"\" />",
            "<b c=\"\" d=\"\" e=\"\"/>",
            "<b c=\"\" d=\"\"></b>",
            "<b c='' d=''/>",
            "<b d=\"\" c=\"\"/>",
            "<b c=\"",
            "<b c=\"\" d=\"\"",
            " <b c=\"\" d=\"\"/>",
        ] {
            let text = format!("<a>{other}</a>");
            let mut reader = XmlReader::new("part", &text, &limits);
            reader.next().unwrap();
            let before = (reader.span(), reader.items);
            assert_eq!(reader.next_usual(&USUAL), None, "{other}");
            assert_eq!((reader.span(), reader.items), before, "{other}");
        }
    }

    #[test]
    fn f_042_the_usual_spelling_has_the_same_bounds() {
        let text = "<a><b c=\"\" d=\"\"/></a>";
        let usual = Limits::default;
        for limits in [
            Limits {
                xml_items_max: 1,
                ..usual()
            },
            Limits {
                xml_depth_max: 1,
                ..usual()
            },
            Limits {
                xml_attributes_max: 1,
                ..usual()
            },
        ] {
            let mut reader = XmlReader::new("part", text, &limits);
            reader.next().unwrap();
            assert_eq!(reader.next_usual(&USUAL), None);
            assert!(matches!(reader.next(), Err(PartError::TooLarge(_))));
        }
    }

    #[test]
    fn texts_and_entities_come_in_order() {
        assert_eq!(
            items("<a>R&amp;D &#x41;<![CDATA[<&]]></a>").unwrap(),
            ["a", "'R'", "'&'", "'D '", "'A'", "'<&'", "/"]
        );
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
