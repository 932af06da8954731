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

/// How Office and nearly everybody else writes the type of a part.
const USUAL_OVERRIDE: [&str; 3] = ["<Override PartName=\"", "\" ContentType=\"", "\"/>"];

/// A declaration of the list.
struct Declaration<'a> {
    declared: Declared,
    /// The extension, or the part's name, as it is written.
    written: &'a str,
    content_type: &'a str,
    span: Range<usize>,
}

impl<'a> Declaration<'a> {
    /// The extension, or the part's name without the leading slash.
    fn of(&self) -> &'a str {
        let mut of = self.written;
        while let Some(rest) = of.strip_prefix('/') {
            of = rest;
        }
        of
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Declared {
    Default,
    Override,
}

/// The list as text. It has an entry for every part of the package, and reading a label asks for
/// the type of one: so it is gone through for each question, and nothing of it is kept.
#[derive(Clone, Debug)]
pub(super) struct ContentTypes {
    xml: XmlText,
}

impl ContentTypes {
    pub(super) fn new(bytes: Vec<u8>) -> Result<Self, PartError> {
        let xml = XmlText::decode(CONTENT_TYPES_PART, bytes)?;
        Ok(Self { xml })
    }

    /// Goes through the whole list.
    fn each(
        &self,
        limits: &Limits,
        mut take: impl FnMut(Declaration<'_>),
    ) -> Result<Root, PartError> {
        let mut reader = XmlReader::new(CONTENT_TYPES_PART, &self.xml.text, limits);
        let mut root = None;
        // Whether the usual spelling means what it says: the root decides that for its children.
        let mut usual_counts = false;
        loop {
            // A child of the root: everything else's children are skipped with it.
            if usual_counts && let Some([of, content_type]) = reader.next_usual(&USUAL_OVERRIDE) {
                take(Declaration {
                    declared: Declared::Override,
                    written: of,
                    content_type,
                    span: reader.span(),
                });
                continue;
            }
            let Some(item) = reader.next()? else { break };
            let span = reader.span();
            match item {
                Item::Start(element) if root.is_none() => {
                    if !element.is(Namespace::ContentTypes, "Types") {
                        return Err(reader.malformed("another root element than expected"));
                    }
                    usual_counts = reader.default_namespace() == Namespace::ContentTypes;
                    root = Some(Root::new(&element, span));
                }
                Item::Start(element) => {
                    reader.skip(&element)?;
                    let (declared, of) = if element.is(Namespace::ContentTypes, "Default") {
                        (Declared::Default, element.attribute("Extension"))
                    } else if element.is(Namespace::ContentTypes, "Override") {
                        (Declared::Override, element.attribute("PartName"))
                    } else {
                        continue;
                    };
                    take(Declaration {
                        declared,
                        written: of.unwrap_or_default(),
                        content_type: element.attribute("ContentType").unwrap_or_default(),
                        span: span.start..reader.span().end,
                    });
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
        root.ok_or_else(|| PartError::malformed(CONTENT_TYPES_PART, "no root element"))
    }

    /// The type of a part: its override, else the default of its extension.
    pub(super) fn of(&self, part: &str, limits: &Limits) -> Result<Option<String>, PartError> {
        let extension = part.rsplit_once('.').map(|(_, extension)| extension);
        let (mut by_default, mut by_override) = (None, None);
        self.each(limits, |one| {
            let (found, is_of) = match one.declared {
                Declared::Default => (&mut by_default, extension),
                Declared::Override => (&mut by_override, Some(part)),
            };
            if found.is_none() && is_of.is_some_and(|name| name.eq_ignore_ascii_case(one.of())) {
                *found = Some(one.content_type.to_owned());
            }
        })?;
        Ok(by_override.or(by_default))
    }

    /// The part with exactly one override of the right type for each of `set`, and none for
    /// `removed`; `None` if that changes nothing.
    pub(super) fn edited(
        &self,
        set: &[(&str, &str)],
        removed: &[&str],
        limits: &Limits,
    ) -> Result<Option<Vec<u8>>, PartError> {
        let mut edits = Edits::default();
        let mut is_there = vec![false; set.len()];
        let element = |prefix: &str, name: &str, content_type: &str| {
            format!(
                "<{prefix}Override PartName=\"/{}\" ContentType=\"{content_type}\"/>",
                escape(name)
            )
        };
        let is = |name: &str, part: &str| name.eq_ignore_ascii_case(part);
        let mut wrong = Vec::new();
        let root = self.each(limits, |one| {
            if one.declared == Declared::Default {
                return;
            }
            if removed.iter().any(|part| is(part, one.of())) {
                edits.replace(one.span.clone(), String::new());
            }
            for ((part, content_type), is_there) in set.iter().zip(&mut is_there) {
                if !is(part, one.of()) {
                    continue;
                }
                if *is_there {
                    edits.replace(one.span.clone(), String::new());
                } else if one.content_type != *content_type {
                    wrong.push((one.span.clone(), one.of().to_owned(), *content_type));
                }
                *is_there = true;
            }
        })?;
        for (span, name, content_type) in wrong {
            edits.replace(span, element(&root.prefix, &name, content_type));
        }
        let children: String = set
            .iter()
            .zip(is_there)
            .filter(|(_, is_there)| !is_there)
            .map(|((part, content_type), _)| element(&root.prefix, part, content_type))
            .collect();
        if !children.is_empty() {
            root.append(&mut edits, &self.xml.text, &children);
        }
        if edits.is_empty() {
            return Ok(None);
        }
        Ok(self.xml.edited(edits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMESPACE: &str = "http://schemas.openxmlformats.org/package/2006/content-types";
    const SHEET: &str =
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml";

    fn parse(text: &str) -> ContentTypes {
        ContentTypes::new(text.as_bytes().to_vec()).unwrap()
    }

    fn of(types: &ContentTypes, part: &str) -> Option<String> {
        types.of(part, &Limits::default()).unwrap()
    }

    fn edited(types: &ContentTypes, set: &[(&str, &str)], removed: &[&str]) -> Option<String> {
        let bytes = types.edited(set, removed, &Limits::default()).unwrap()?;
        Some(String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn f_104_a_default_of_the_main_type_does_not_type_the_new_part() {
        let before = parse(&format!(
            "<Types xmlns=\"{NAMESPACE}\"><Default Extension=\"xml\" ContentType=\"{SHEET}\"/></Types>"
        ));
        assert_eq!(
            of(&before, "docMetadata/LabelInfo.xml").as_deref(),
            Some(SHEET)
        );
        let after = parse(
            &edited(
                &before,
                &[("docMetadata/LabelInfo.xml", LABEL_INFO_CONTENT_TYPE)],
                &[],
            )
            .unwrap(),
        );
        assert_eq!(
            of(&after, "docMetadata/LabelInfo.xml").as_deref(),
            Some(LABEL_INFO_CONTENT_TYPE)
        );
        assert_eq!(of(&after, "xl/workbook.xml").as_deref(), Some(SHEET));
    }

    #[test]
    fn every_spelling_of_an_override_counts() {
        let usual = "<Override PartName=\"/a.xml\" ContentType=\"x/y\"/>";
        let own = format!("xmlns:t=\"{NAMESPACE}\"");
        for (text, expected) in [
            (
                format!("<Types xmlns=\"{NAMESPACE}\">{usual}</Types>"),
                Some("x/y"),
            ),
            (
                format!(
                    "<Types xmlns=\"{NAMESPACE}\">\n{}</Types>",
                    usual.replace("/>", " />")
                ),
                Some("x/y"),
            ),
            // The name is one of another namespace here, or of none.
            (
                format!("<t:Types {own} xmlns=\"urn:x\">{usual}</t:Types>"),
                None,
            ),
            (format!("<t:Types {own}>{usual}</t:Types>"), None),
            // Inside something else it is no child of the list.
            (
                format!("<Types xmlns=\"{NAMESPACE}\"><x>{usual}</x></Types>"),
                None,
            ),
        ] {
            assert_eq!(of(&parse(&text), "a.xml").as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn f_105_odd_forms_are_kept() {
        let before = format!(
            "\u{feff}<?xml version='1.0'?>\n<Types xmlns='{NAMESPACE}'>\n<Default Extension='XML' ContentType='application/xml'/>\n<Override PartName='/DOCPROPS/CUSTOM.XML' ContentType='x/y'/></Types>\n"
        );
        let parsed = parse(&before);
        assert_eq!(of(&parsed, "docProps/custom.xml").as_deref(), Some("x/y"));
        assert_eq!(of(&parsed, "a.xml").as_deref(), Some("application/xml"));
        let added = edited(&parsed, &[("new.xml", "n/n")], &[]).unwrap();
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
        let after = edited(&before, &set, &[]).unwrap();
        assert_eq!(after.matches("LabelInfo.xml").count(), 1);
        assert!(edited(&parse(&after), &set, &[]).is_none());
        let gone = edited(&parse(&after), &[], &["docmetadata/labelinfo.xml"]).unwrap();
        assert_eq!(gone, format!("<Types xmlns=\"{NAMESPACE}\"></Types>"));
    }
}
