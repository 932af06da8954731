//! `[Content_Types].xml`: the type of every part.

use std::ops::Range;

use super::root::Root;
use crate::error::PartError;
use crate::limits::Limits;
use crate::xml::{Edits, Item, Namespace, XmlReader, XmlText, escape};

pub(super) const CONTENT_TYPES_PART: &str = "[Content_Types].xml";

pub(super) const LABEL_INFO_CONTENT_TYPE: &str =
    "application/vnd.ms-office.classificationlabels+xml";
pub(super) const CUSTOM_PROPERTIES_CONTENT_TYPE: &str =
    "application/vnd.openxmlformats-officedocument.custom-properties+xml";

#[derive(Clone, Debug)]
struct Override {
    part: String,
    content_type: String,
    span: Range<usize>,
}

/// The declared types, and where new declarations go.
#[derive(Clone, Debug)]
pub(super) struct ContentTypes {
    defaults: Vec<(String, String)>,
    overrides: Vec<Override>,
    xml: XmlText,
    root: Root,
}

impl ContentTypes {
    pub(super) fn parse(bytes: Vec<u8>, limits: &Limits) -> Result<Self, PartError> {
        let xml = XmlText::decode(CONTENT_TYPES_PART, bytes)?;
        let mut reader = XmlReader::new(CONTENT_TYPES_PART, &xml.text, limits);
        let mut defaults = Vec::new();
        let mut overrides: Vec<Override> = Vec::new();
        let mut root = None;
        while let Some(item) = reader.next()? {
            let span = reader.span();
            match item {
                Item::Start(element) if root.is_none() => {
                    if !element.is(Namespace::ContentTypes, "Types") {
                        return Err(reader.malformed("another root element than expected"));
                    }
                    root = Some(Root::new(&element, span));
                }
                Item::Start(element) => {
                    let content_type = element
                        .attribute("ContentType")
                        .unwrap_or_default()
                        .to_owned();
                    reader.skip(&element)?;
                    if element.is(Namespace::ContentTypes, "Default") {
                        let extension = element.attribute("Extension").unwrap_or_default();
                        defaults.push((extension.to_owned(), content_type));
                    } else if element.is(Namespace::ContentTypes, "Override") {
                        let part = element.attribute("PartName").unwrap_or_default();
                        overrides.push(Override {
                            part: part.trim_start_matches('/').to_owned(),
                            content_type,
                            span: span.start..reader.span().end,
                        });
                    }
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
            root.ok_or_else(|| PartError::malformed(CONTENT_TYPES_PART, "no root element"))?;
        Ok(Self {
            defaults,
            overrides,
            xml,
            root,
        })
    }

    /// The type of a part: its override, else the default of its extension.
    pub(super) fn of(&self, part: &str) -> Option<&str> {
        if let Some(found) = self
            .overrides
            .iter()
            .find(|one| one.part.eq_ignore_ascii_case(part))
        {
            return Some(&found.content_type);
        }
        let (_, extension) = part.rsplit_once('.')?;
        self.defaults
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(extension))
            .map(|(_, content_type)| content_type.as_str())
    }

    /// The part with exactly one override of the right type for each of `set`, and none for
    /// `removed`; `None` if that changes nothing.
    pub(super) fn edited(&self, set: &[(&str, &str)], removed: &[&str]) -> Option<Vec<u8>> {
        let mut edits = Edits::default();
        let mut children = String::new();
        for (part, content_type) in set {
            let mut own = self
                .overrides
                .iter()
                .filter(|one| one.part.eq_ignore_ascii_case(part));
            let element = |name: &str| {
                format!(
                    "<{}Override PartName=\"/{}\" ContentType=\"{content_type}\"/>",
                    self.root.prefix,
                    escape(name)
                )
            };
            match own.next() {
                None => children.push_str(&element(part)),
                Some(first) => {
                    if first.content_type != *content_type {
                        edits.replace(first.span.clone(), element(&first.part));
                    }
                    for second in own {
                        edits.replace(second.span.clone(), String::new());
                    }
                }
            }
        }
        for one in &self.overrides {
            if removed
                .iter()
                .any(|part| one.part.eq_ignore_ascii_case(part))
            {
                edits.replace(one.span.clone(), String::new());
            }
        }
        if !children.is_empty() {
            self.root.append(&mut edits, &self.xml.text, &children);
        }
        if edits.is_empty() {
            return None;
        }
        self.xml.edited(edits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMESPACE: &str = "http://schemas.openxmlformats.org/package/2006/content-types";
    const SHEET: &str =
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml";

    fn parse(text: &str) -> ContentTypes {
        ContentTypes::parse(text.as_bytes().to_vec(), &Limits::default()).unwrap()
    }

    fn text(bytes: Option<Vec<u8>>) -> String {
        String::from_utf8(bytes.unwrap()).unwrap()
    }

    #[test]
    fn f_104_a_default_of_the_main_type_does_not_type_the_new_part() {
        let before = parse(&format!(
            "<Types xmlns=\"{NAMESPACE}\"><Default Extension=\"xml\" ContentType=\"{SHEET}\"/></Types>"
        ));
        assert_eq!(before.of("docMetadata/LabelInfo.xml"), Some(SHEET));
        let after = parse(&text(before.edited(
            &[("docMetadata/LabelInfo.xml", LABEL_INFO_CONTENT_TYPE)],
            &[],
        )));
        assert_eq!(
            after.of("docMetadata/LabelInfo.xml"),
            Some(LABEL_INFO_CONTENT_TYPE)
        );
        assert_eq!(after.of("xl/workbook.xml"), Some(SHEET));
    }

    #[test]
    fn f_105_odd_forms_are_kept() {
        let before = format!(
            "\u{feff}<?xml version='1.0'?>\n<Types xmlns='{NAMESPACE}'>\n<Default Extension='XML' ContentType='application/xml'/>\n<Override PartName='/DOCPROPS/CUSTOM.XML' ContentType='x/y'/></Types>\n"
        );
        let parsed = parse(&before);
        assert_eq!(parsed.of("docProps/custom.xml"), Some("x/y"));
        assert_eq!(parsed.of("a.xml"), Some("application/xml"));
        let added = text(parsed.edited(&[("new.xml", "n/n")], &[]));
        let expected = before.replace(
            "</Types>",
            "<Override PartName=\"/new.xml\" ContentType=\"n/n\"/></Types>",
        );
        assert_eq!(added, expected);
    }

    #[test]
    fn f_082_a_wrong_type_is_mended_once() {
        let before = parse(&format!(
            "<Types xmlns=\"{NAMESPACE}\"><Override PartName=\"/docMetadata/LabelInfo.xml\" ContentType=\"application/xml\"/><Override PartName=\"/docMetadata/LabelInfo.xml\" ContentType=\"application/xml\"/></Types>"
        ));
        let set = [("docMetadata/LabelInfo.xml", LABEL_INFO_CONTENT_TYPE)];
        let after = text(before.edited(&set, &[]));
        assert_eq!(after.matches("LabelInfo.xml").count(), 1);
        assert!(parse(&after).edited(&set, &[]).is_none());
        let gone = text(parse(&after).edited(&[], &["docmetadata/labelinfo.xml"]));
        assert_eq!(gone, format!("<Types xmlns=\"{NAMESPACE}\"></Types>"));
    }
}
