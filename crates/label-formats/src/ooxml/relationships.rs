//! `_rels/.rels`: what the package consists of.

use std::collections::HashSet;
use std::ops::Range;

use super::root::Root;
use crate::error::PartError;
use crate::limits::Limits;
use crate::xml::{Edits, Item, Namespace, XmlReader, XmlText, escape};

pub(super) const RELATIONSHIPS_PART: &str = "_rels/.rels";

pub(super) const LABEL_INFO_TYPE: &str =
    "http://schemas.microsoft.com/office/2020/02/relationships/classificationlabels";
const MAIN_TYPE: &str =
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument";
const MAIN_TYPE_STRICT: &str =
    "http://purl.oclc.org/ooxml/officeDocument/relationships/officeDocument";
const CUSTOM_PROPERTIES_TYPE: &str =
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships/custom-properties";
const CUSTOM_PROPERTIES_TYPE_STRICT: &str =
    "http://purl.oclc.org/ooxml/officeDocument/relationships/customProperties";
const SIGNATURE_TYPE: &str =
    "http://schemas.openxmlformats.org/package/2006/relationships/digital-signature/origin";

/// What a relationship leads to, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Main { strict: bool },
    CustomProperties,
    LabelInfo,
    Signature,
    Other,
}

impl Role {
    fn of(relationship_type: &str) -> Self {
        match relationship_type {
            MAIN_TYPE => Self::Main { strict: false },
            MAIN_TYPE_STRICT => Self::Main { strict: true },
            CUSTOM_PROPERTIES_TYPE | CUSTOM_PROPERTIES_TYPE_STRICT => Self::CustomProperties,
            LABEL_INFO_TYPE => Self::LabelInfo,
            SIGNATURE_TYPE => Self::Signature,
            _ => Self::Other,
        }
    }
}

/// One relationship of the package.
#[derive(Clone, Debug)]
pub(super) struct Relationship {
    pub(super) id: String,
    pub(super) role: Role,
    /// The part's name without the leading slash; `None` if it lies outside the package.
    pub(super) part: Option<String>,
    pub(super) span: Range<usize>,
}

/// All relationships of the package, and where new ones go.
#[derive(Clone, Debug)]
pub(super) struct Relationships {
    pub(super) list: Vec<Relationship>,
    xml: XmlText,
    root: Root,
}

impl Relationships {
    pub(super) fn parse(bytes: Vec<u8>, limits: &Limits) -> Result<Self, PartError> {
        let xml = XmlText::decode(RELATIONSHIPS_PART, bytes)?;
        let mut reader = XmlReader::new(RELATIONSHIPS_PART, &xml.text, limits);
        let mut list = Vec::new();
        let mut root = None;
        while let Some(item) = reader.next()? {
            let span = reader.span();
            match item {
                Item::Start(element) if root.is_none() => {
                    if !element.is(Namespace::Relationships, "Relationships") {
                        return Err(reader.malformed("another root element than expected"));
                    }
                    root = Some(Root::new(&element, span));
                }
                Item::Start(element) => {
                    if element.is(Namespace::Relationships, "Relationship") {
                        let external = element.attribute("TargetMode") == Some("External");
                        list.push(Relationship {
                            id: element.attribute("Id").unwrap_or_default().to_owned(),
                            role: Role::of(element.attribute("Type").unwrap_or_default()),
                            part: element
                                .attribute("Target")
                                .filter(|_| !external)
                                .and_then(part_name),
                            span: span.clone(),
                        });
                    }
                    reader.skip(&element)?;
                    if let Some(last) = list.last_mut()
                        && last.span == span
                    {
                        last.span.end = reader.span().end;
                    }
                    reader.take_back(element);
                }
                Item::End => {
                    if let Some(root) = &mut root {
                        root.note_end(&span);
                    }
                }
                Item::Text(_) | Item::Other => {}
            }
        }
        let root =
            root.ok_or_else(|| PartError::malformed(RELATIONSHIPS_PART, "no root element"))?;
        Ok(Self { list, xml, root })
    }

    /// The relationships of a role.
    pub(super) fn of(&self, role: Role) -> impl Iterator<Item = &Relationship> {
        self.list.iter().filter(move |one| one.role == role)
    }

    /// Whether one of them leads to digital signatures.
    pub(super) fn are_signed(&self) -> bool {
        self.of(Role::Signature).next().is_some()
    }

    /// Whether one of them leads to this part, in any letter case.
    pub(super) fn name(&self, part: &str) -> bool {
        self.list.iter().any(|one| {
            one.part
                .as_deref()
                .is_some_and(|name| name.eq_ignore_ascii_case(part))
        })
    }

    /// The main document, and whether the package is of the strict kind.
    pub(super) fn main(&self) -> Option<(&Relationship, bool)> {
        self.list.iter().find_map(|one| match one.role {
            Role::Main { strict } => Some((one, strict)),
            _ => None,
        })
    }

    /// The part with relationships added for new parts and removed for dropped ones.
    pub(super) fn edited(&self, added: &[(Role, bool, &str)], removed: &[Role]) -> Option<Vec<u8>> {
        let mut edits = Edits::default();
        for one in &self.list {
            if removed.contains(&one.role) {
                edits.replace(one.span.clone(), String::new());
            }
        }
        let mut children = String::new();
        let taken: HashSet<&str> = self.list.iter().map(|one| one.id.as_str()).collect();
        // Goes on where it stopped, and the set makes each look cheap: a hostile package has a
        // hundred thousand relationships.
        let mut free_ids = (1_u32..)
            .map(|number| format!("rId{number}"))
            .filter(|id| !taken.contains(id.as_str()));
        for (role, strict, part) in added {
            let relationship_type = match (role, strict) {
                (Role::LabelInfo, _) => LABEL_INFO_TYPE,
                (_, true) => CUSTOM_PROPERTIES_TYPE_STRICT,
                (_, false) => CUSTOM_PROPERTIES_TYPE,
            };
            let id = free_ids.next()?;
            children.push_str(&format!(
                "<{}Relationship Id=\"{id}\" Type=\"{relationship_type}\" Target=\"{}\"/>",
                self.root.prefix,
                escape(part)
            ));
        }
        if !children.is_empty() {
            self.root.append(&mut edits, &self.xml.text, &children);
        }
        self.xml.edited(edits)
    }
}

/// The part that a target of the package's relationships means, without the leading slash: dots
/// resolved, percent-escapes of unreserved characters decoded.
pub(super) fn part_name(target: &str) -> Option<String> {
    // As Office writes them; anything else takes the long way.
    let is_plain = !target.is_empty()
        && target
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'_'))
        && !target.starts_with(['.', '/'])
        && !target.ends_with('/')
        && !target
            .as_bytes()
            .windows(2)
            .any(|pair| matches!(pair, [b'/', b'/' | b'.']));
    if is_plain {
        return Some(target.to_owned());
    }
    if target.contains("://") || target.contains('\\') {
        return None;
    }
    let target = target.split(['#', '?']).next().unwrap_or_default();
    let mut segments: Vec<String> = Vec::new();
    for segment in target.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            other => segments.push(decode_unreserved(other)),
        }
    }
    (!segments.is_empty()).then(|| segments.join("/"))
}

/// Decodes `%XX` where it stands for a letter, digit, `-`, `.`, `_` or `~`.
fn decode_unreserved(segment: &str) -> String {
    let mut decoded = String::with_capacity(segment.len());
    let mut rest = segment;
    while let Some((before, after)) = rest.split_once('%') {
        decoded.push_str(before);
        let character = after
            .get(..2)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
            .map(char::from)
            .filter(|character| character.is_ascii_alphanumeric() || "-._~".contains(*character));
        match character {
            Some(character) => {
                decoded.push(character);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                decoded.push('%');
                rest = after;
            }
        }
    }
    decoded.push_str(rest);
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str =
        "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"";

    fn parse(body: &str) -> Relationships {
        let limits = Limits::default();
        Relationships::parse(body.as_bytes().to_vec(), &limits).unwrap()
    }

    #[test]
    fn f_010_targets_in_every_spelling() {
        for target in [
            "docProps/custom.xml",
            "/docProps/custom.xml",
            "./docProps/custom.xml",
            "x/../docProps//custom.xml",
            "docProps/%63ustom.xml",
            "docProps/custom%2Exml",
        ] {
            assert_eq!(
                part_name(target).unwrap(),
                "docProps/custom.xml",
                "{target}"
            );
        }
        assert_eq!(part_name("a%2Fb.xml").unwrap(), "a%2Fb.xml");
        assert_eq!(part_name("a%"), Some("a%".to_owned()));
        for target in [
            "",
            "/",
            "..",
            "http://example.org/x",
            "docProps\\custom.xml",
        ] {
            assert_eq!(part_name(target), None, "{target}");
        }
    }

    #[test]
    fn f_106_ids_do_not_collide() {
        let parsed = parse(&format!(
            "{ROOT}><Relationship Id=\"rId1\" Type=\"x\" Target=\"a\"/><Relationship Id=\"rId2\" Type=\"y\" Target=\"b\"/></Relationships>"
        ));
        let edited = parsed
            .edited(
                &[
                    (Role::CustomProperties, false, "docProps/custom.xml"),
                    (Role::LabelInfo, false, "docMetadata/LabelInfo.xml"),
                ],
                &[],
            )
            .unwrap();
        let again = parse(&String::from_utf8(edited).unwrap());
        let ids: Vec<&str> = again.list.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(ids, ["rId1", "rId2", "rId3", "rId4"]);
        assert_eq!(again.of(Role::LabelInfo).count(), 1);
    }

    #[test]
    fn an_empty_root_gets_its_first_child() {
        let edited = parse(&format!("{ROOT} />"))
            .edited(
                &[(Role::CustomProperties, true, "docProps/custom.xml")],
                &[],
            )
            .unwrap();
        let text = String::from_utf8(edited).unwrap();
        assert!(text.ends_with("</Relationships>"), "{text}");
        assert_eq!(parse(&text).of(Role::CustomProperties).count(), 1);
        assert!(text.contains("purl.oclc.org"));
    }

    #[test]
    fn prefixed_roots_keep_their_prefix() {
        let body = "<r:Relationships xmlns:r=\"http://schemas.openxmlformats.org/package/2006/relationships\"></r:Relationships>";
        let edited = parse(body)
            .edited(
                &[(Role::LabelInfo, false, "docMetadata/LabelInfo.xml")],
                &[],
            )
            .unwrap();
        let text = String::from_utf8(edited).unwrap();
        assert!(text.contains("<r:Relationship "), "{text}");
        assert_eq!(parse(&text).of(Role::LabelInfo).count(), 1);
    }

    #[test]
    fn a_dropped_part_loses_its_relationship_and_nothing_else() {
        let body = format!(
            "{ROOT}>\n <Relationship Id=\"a\" Type=\"{LABEL_INFO_TYPE}\" Target=\"docMetadata/LabelInfo.xml\"></Relationship><!-- kept -->\n <Relationship Id=\"b\" Type=\"x\" Target=\"y\"/></Relationships>"
        );
        let edited = parse(&body).edited(&[], &[Role::LabelInfo]).unwrap();
        let text = String::from_utf8(edited).unwrap();
        assert_eq!(
            text,
            format!(
                "{ROOT}>\n <!-- kept -->\n <Relationship Id=\"b\" Type=\"x\" Target=\"y\"/></Relationships>"
            )
        );
    }
}
