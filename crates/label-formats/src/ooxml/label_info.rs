//! The LabelInfo part: the newer place of labels, one element for each tenant.

use std::ops::Range;

use label_core::{AssignmentMethod, FileLabel, LabelId, LabelStorage, TenantId};

use super::root::Root;
use crate::error::PartError;
use crate::keys;
use crate::limits::Limits;
use crate::reading::{DiagnosticCode, Diagnostics};
use crate::xml::{Edits, Item, LABEL_INFO_NAMESPACE, Namespace, XmlReader, XmlText};

/// The declaration of the canonical byte form.
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?>";

/// The canonical prefix, with its colon.
const PREFIX: &str = "clbl:";

/// Attributes of a draft that never shipped; tolerated, never written.
const DRAFT_ATTRIBUTES: [&str; 3] = ["setDate", "name", "actionId"];

/// What a writer puts into the part for a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NewElement {
    /// A label.
    Label {
        label: LabelId,
        tenant: TenantId,
        method: AssignmentMethod,
        content_bits: Option<u32>,
    },
    /// The mark that the tenant's label was removed, so that nobody resurrects it from leftover
    /// custom properties.
    Tombstone { tenant: TenantId },
    /// Nothing: the tenant's elements go.
    Nothing,
}

impl NewElement {
    /// The element in the canonical byte form (F-081).
    fn to_xml(self, prefix: &str) -> String {
        match self {
            Self::Label {
                label,
                tenant,
                method,
                content_bits,
            } => {
                let bits = content_bits
                    .map(|bits| format!(" contentBits=\"{bits}\""))
                    .unwrap_or_default();
                format!(
                    "<{prefix}label id=\"{{{label}}}\" enabled=\"1\" method=\"{method}\" siteId=\"{{{tenant}}}\"{bits} removed=\"0\" />"
                )
            }
            Self::Tombstone { tenant } => format!(
                "<{prefix}label id=\"{{{tenant}}}\" enabled=\"0\" method=\"\" siteId=\"{{{tenant}}}\" removed=\"1\" />"
            ),
            Self::Nothing => String::new(),
        }
    }
}

/// A part with one element, or none, in the canonical byte form (F-080).
pub(super) fn new_part(element: NewElement) -> Vec<u8> {
    format!(
        "{DECLARATION}<{PREFIX}labelList xmlns:clbl=\"{LABEL_INFO_NAMESPACE}\">{}</{PREFIX}labelList>",
        element.to_xml(PREFIX)
    )
    .into_bytes()
}

/// What reading the part gave.
#[derive(Clone, Debug)]
pub(crate) struct LabelInfo {
    pub(crate) records: Vec<FileLabel>,
    elements: Vec<Range<usize>>,
    xml: XmlText,
    root: Root,
    /// Extensions, comments, or anything else that is not a label.
    has_more: bool,
    /// Where extensions start: labels come before them.
    extensions_at: Option<usize>,
}

/// The namespace of the root is another one: malformed, not empty (F-031).
#[derive(Debug)]
pub(crate) enum Parsed {
    Labels(LabelInfo),
    OtherRoot,
}

impl LabelInfo {
    pub(crate) fn parse(
        place: &str,
        bytes: Vec<u8>,
        storage: LabelStorage,
        limits: &Limits,
        diagnostics: &mut Diagnostics,
    ) -> Result<Parsed, PartError> {
        let xml = XmlText::decode(place, bytes)?;
        let mut reader = XmlReader::new(place, &xml.text, limits);
        let mut records: Vec<FileLabel> = Vec::new();
        let mut elements = Vec::new();
        let mut root = None;
        let mut has_more = false;
        let mut extensions_at = None;
        while let Some(item) = reader.next()? {
            let span = reader.span();
            match item {
                Item::Start(element) if root.is_none() => {
                    if !element.is(Namespace::LabelInfo, "labelList") {
                        return Ok(Parsed::OtherRoot);
                    }
                    root = Some(Root::new(&element, span));
                }
                Item::Start(element) => {
                    reader.skip(&element)?;
                    if !element.is(Namespace::LabelInfo, "label") {
                        has_more = true;
                        extensions_at = extensions_at.or(Some(span.start));
                        continue;
                    }
                    if records.len() >= limits.labels_max {
                        return Err(PartError::too_large(place, "too many labels"));
                    }
                    let number = records.len() + 1;
                    match read_label(&element, storage, number, place, diagnostics) {
                        Some(record) => {
                            records.push(record);
                            elements.push(span.start..reader.span().end);
                        }
                        None => has_more = true,
                    }
                }
                Item::End => {
                    if let Some(root) = &mut root {
                        root.note_end(&span);
                    }
                }
                Item::Other => has_more |= root.is_some(),
                Item::Text(_) => {}
            }
        }
        let root = root.ok_or_else(|| PartError::malformed(place, "no root element"))?;
        Ok(Parsed::Labels(Self {
            records,
            elements,
            xml,
            root,
            has_more,
            extensions_at,
        }))
    }

    /// Whether the tenant has an element, a label or a tombstone.
    pub(super) fn has(&self, tenant: TenantId) -> bool {
        self.records
            .iter()
            .any(|record| record.tenant == Some(tenant))
    }

    /// Whether what the tenant has is the mark of a removed label, and only that.
    pub(super) fn has_tombstone(&self, tenant: TenantId) -> bool {
        let mut own = self
            .records
            .iter()
            .filter(|record| record.tenant == Some(tenant));
        own.next().is_some_and(|one| one.removed == Some(true)) && own.next().is_none()
    }

    /// The part with the tenant's elements replaced by this one, in place of the first, or behind
    /// the others. `None` if nothing is left, so that the part can go.
    ///
    /// A part that would hold nothing but the one label takes the canonical byte form, whatever
    /// form it had.
    pub(super) fn edited(
        &self,
        tenant: TenantId,
        element: NewElement,
    ) -> Result<Option<Vec<u8>>, PartError> {
        let is_own = |record: &FileLabel| record.tenant == Some(tenant);
        let others = self.records.iter().any(|record| !is_own(record));
        if !others && !self.has_more {
            return Ok(match element {
                NewElement::Nothing => None,
                element => Some(new_part(element)),
            });
        }
        let mut edits = Edits::default();
        let mut placed = false;
        for (record, span) in self.records.iter().zip(&self.elements) {
            if !is_own(record) {
                continue;
            }
            let text = if placed {
                String::new()
            } else {
                element.to_xml(&self.root.prefix)
            };
            placed = true;
            edits.replace(span.clone(), text);
        }
        if !placed {
            let text = element.to_xml(&self.root.prefix);
            match (self.elements.last(), self.extensions_at) {
                (Some(last), _) => edits.insert(last.end, text),
                (None, Some(at)) => edits.insert(at, text),
                (None, None) => self.root.append(&mut edits, &self.xml.text, &text),
            }
        }
        let bytes = self
            .xml
            .edited(edits)
            .ok_or_else(|| PartError::malformed("LabelInfo", "edits overlap"))?;
        Ok(Some(bytes))
    }
}

/// A label element; `None`, with a diagnostic, if it breaks the rules so that no tenant can be
/// told (F-039).
fn read_label(
    element: &crate::xml::Element,
    storage: LabelStorage,
    number: usize,
    place: &str,
    diagnostics: &mut Diagnostics,
) -> Option<FileLabel> {
    let mut odd = |code, detail: String| {
        diagnostics.add(code, place, format!("label {number}: {detail}"));
    };
    let Some(id_text) = element.attribute("id").filter(|text| !text.is_empty()) else {
        odd(DiagnosticCode::BadElement, "no `id`".to_owned());
        return None;
    };
    let Some(site) = element.attribute("siteId") else {
        odd(DiagnosticCode::BadElement, "no `siteId`".to_owned());
        return None;
    };
    let Ok(tenant) = TenantId::parse(site) else {
        odd(
            DiagnosticCode::BadElement,
            "`siteId` is not a GUID".to_owned(),
        );
        return None;
    };
    let mut label = FileLabel::new(id_text, storage);
    label.tenant = Some(tenant);
    label.tenant_text = Some(tenant.to_string());
    if site != format!("{{{tenant}}}") {
        odd(
            DiagnosticCode::UnusualForm,
            "`siteId` without braces or with capitals".to_owned(),
        );
    }
    match element.attribute("enabled").map(boolean) {
        Some(Some(enabled)) => label.enabled = Some(enabled),
        Some(None) => odd(
            DiagnosticCode::BadElement,
            "`enabled` is not a boolean".to_owned(),
        ),
        None => odd(DiagnosticCode::BadElement, "no `enabled`".to_owned()),
    }
    match element.attribute("method") {
        Some(text) => label.method = Some(text.to_owned()),
        None => odd(DiagnosticCode::UnusualForm, "no `method`".to_owned()),
    }
    match element.attribute("removed").map(boolean) {
        Some(Some(removed)) => label.removed = Some(removed),
        Some(None) => odd(
            DiagnosticCode::BadElement,
            "`removed` is not a boolean".to_owned(),
        ),
        None => {
            odd(DiagnosticCode::UnusualForm, "no `removed`".to_owned());
        }
    }
    for attribute in &element.attributes {
        if attribute.namespace == Namespace::None
            && [
                "id",
                "siteId",
                "enabled",
                "method",
                "removed",
                "contentBits",
            ]
            .contains(&attribute.name)
        {
            continue;
        }
        if DRAFT_ATTRIBUTES.contains(&attribute.name) {
            odd(
                DiagnosticCode::UnusualForm,
                format!("draft attribute `{}`", attribute.name),
            );
        }
        label
            .extra
            .push((attribute.name.to_owned(), attribute.value.to_string()));
    }
    if let Some(bits) = element.attribute("contentBits") {
        label.content_bits = keys::content_bits(bits, &label.id_text, place, diagnostics);
    }
    Some(label)
}

/// `1`, `0`, `true`, `false` (F-034).
fn boolean(text: &str) -> Option<bool> {
    match text.trim() {
        "1" | "true" => Some(true),
        "0" | "false" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const L1: &str = "11111111-1111-4111-8111-111111111111";
    const A: &str = "aaaaaaaa-0000-4000-8000-00000000000a";

    fn label(method: AssignmentMethod, content_bits: Option<u32>) -> NewElement {
        NewElement::Label {
            label: LabelId::parse(L1).unwrap(),
            tenant: TenantId::parse(A).unwrap(),
            method,
            content_bits,
        }
    }

    fn parse(text: &str) -> (LabelInfo, Vec<&'static str>) {
        let mut diagnostics = Diagnostics::new(&Limits::default());
        let parsed = LabelInfo::parse(
            "part",
            text.as_bytes().to_vec(),
            LabelStorage::LabelInfo,
            &Limits::default(),
            &mut diagnostics,
        );
        let Ok(Parsed::Labels(labels)) = parsed else {
            panic!("{parsed:?}")
        };
        let codes = diagnostics
            .into_list()
            .iter()
            .map(|diagnostic| diagnostic.code.as_str())
            .collect();
        (labels, codes)
    }

    #[test]
    fn f_080_canonical_bytes_and_lengths() {
        use AssignmentMethod::{Privileged, Standard};
        let golden = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?><clbl:labelList xmlns:clbl=\"http://schemas.microsoft.com/office/2020/mipLabelMetadata\"><clbl:label id=\"{{{L1}}}\" enabled=\"1\" method=\"Privileged\" siteId=\"{{{A}}}\" contentBits=\"0\" removed=\"0\" /></clbl:labelList>"
        );
        assert_eq!(new_part(label(Privileged, Some(0))), golden.as_bytes());
        for (element, length) in [
            (label(Privileged, Some(0)), 325),
            (label(Standard, Some(0)), 323),
            (label(Privileged, None), 309),
            (label(Standard, None), 307),
            (
                NewElement::Tombstone {
                    tenant: TenantId::parse(A).unwrap(),
                },
                299,
            ),
        ] {
            assert_eq!(new_part(element).len(), length);
        }
    }

    /// V-11.
    #[test]
    fn f_084_others_and_extensions_stay_in_order() {
        let text = "<x:labelList xmlns:x=\"http://schemas.microsoft.com/office/2020/mipLabelMetadata\">\n<x:label id=\"{11111111-1111-4111-8111-111111111111}\" enabled=\"true\" method=\"Standard\" siteId=\"{aaaaaaaa-0000-4000-8000-00000000000a}\" contentBits=\"12\" removed=\"false\"/>\n<x:label id=\"{bbbbbbbb-0000-4000-8000-00000000000b}\" enabled=\"0\" method=\"\" siteId=\"{bbbbbbbb-0000-4000-8000-00000000000b}\" removed=\"1\"/>\n<x:extLst><x:ext uri=\"urn:example:1\"><e:data xmlns:e=\"urn:example\">keep</e:data></x:ext></x:extLst>\n</x:labelList>";
        let (labels, codes) = parse(text);
        assert!(codes.is_empty(), "{codes:?}");
        assert_eq!(labels.records.len(), 2);
        assert_eq!(labels.records[0].content_bits, Some(12));
        assert_eq!(labels.records[1].removed, Some(true));
        let tenant = TenantId::parse(A).unwrap();
        let edited = labels
            .edited(tenant, NewElement::Tombstone { tenant })
            .unwrap()
            .unwrap();
        let first = text.find("<x:label id=\"{1111").unwrap();
        let end = text[first..].find("/>").unwrap() + first + 2;
        let expected = format!(
            "{}<x:label id=\"{{{A}}}\" enabled=\"0\" method=\"\" siteId=\"{{{A}}}\" removed=\"1\" />{}",
            &text[..first],
            &text[end..]
        );
        assert_eq!(String::from_utf8(edited).unwrap(), expected);
        // A third tenant comes behind the labels and before the extension.
        let third = TenantId::parse("cccccccc-0000-4000-8000-00000000000c").unwrap();
        let edited = labels
            .edited(third, NewElement::Tombstone { tenant: third })
            .unwrap()
            .unwrap();
        let (again, _) = parse(&String::from_utf8(edited).unwrap());
        assert_eq!(again.records.len(), 3);
        assert_eq!(again.records[2].tenant, Some(third));
    }

    /// V-13.
    #[test]
    fn f_039_known_corruptions_are_read_and_mended() {
        let (labels, codes) = parse(
            "<labelList xmlns=\"http://schemas.microsoft.com/office/2020/mipLabelMetadata\"><label id=\"11111111-1111-4111-8111-111111111111\" enabled=\"1\" siteId=\"AAAAAAAA-0000-4000-8000-00000000000A\" setDate=\"2020-11-01T00:00:00Z\" name=\"x\" removed=\"0\"/></labelList>",
        );
        assert_eq!(labels.records[0].id_text, L1);
        assert_eq!(labels.records[0].tenant_text.as_deref(), Some(A));
        assert_eq!(labels.records[0].method, None);
        assert_eq!(codes, ["unusual_form"; 4]);
        let tenant = TenantId::parse(A).unwrap();
        let element = label(AssignmentMethod::Standard, Some(0));
        let edited = labels.edited(tenant, element).unwrap().unwrap();
        assert_eq!(edited, new_part(element));
    }

    #[test]
    fn f_039_an_element_without_tenant_is_a_diagnostic() {
        let (labels, codes) = parse(
            "<labelList xmlns=\"http://schemas.microsoft.com/office/2020/mipLabelMetadata\"><label id=\"x\" enabled=\"1\" method=\"\" siteId=\"nobody\" removed=\"0\"/><label id=\"odd id\" enabled=\"true\" method=\"Standard\" siteId=\"{aaaaaaaa-0000-4000-8000-00000000000a}\" removed=\"false\"/></labelList>",
        );
        assert_eq!(codes, ["bad_element"]);
        assert_eq!(labels.records.len(), 1);
        assert_eq!(labels.records[0].id_text, "odd id");
        // What can't be understood is not dropped.
        let tenant = TenantId::parse(A).unwrap();
        let edited = labels.edited(tenant, NewElement::Nothing).unwrap().unwrap();
        assert!(
            String::from_utf8(edited)
                .unwrap()
                .contains("siteId=\"nobody\"")
        );
    }

    /// V-14.
    #[test]
    fn f_084_two_elements_of_a_tenant_become_one() {
        let one = |id: &str| {
            format!(
                "<label id=\"{{{id}}}\" enabled=\"1\" method=\"Standard\" siteId=\"{{{A}}}\" removed=\"0\"/>"
            )
        };
        let (labels, _) = parse(&format!(
            "<labelList xmlns=\"http://schemas.microsoft.com/office/2020/mipLabelMetadata\">{}{}<!-- more --></labelList>",
            one(L1),
            one("22222222-2222-4222-8222-222222222222")
        ));
        let tenant = TenantId::parse(A).unwrap();
        let edited = labels
            .edited(tenant, label(AssignmentMethod::Standard, None))
            .unwrap()
            .unwrap();
        let text = String::from_utf8(edited).unwrap();
        assert_eq!(text.matches("<label ").count(), 1, "{text}");
        assert!(text.contains("<!-- more -->"));
    }

    #[test]
    fn f_041_an_empty_list_is_read_and_filled() {
        let (labels, _) = parse(
            "<clbl:labelList xmlns:clbl=\"http://schemas.microsoft.com/office/2020/mipLabelMetadata\" />",
        );
        assert!(labels.records.is_empty());
        let element = label(AssignmentMethod::Privileged, Some(0));
        let tenant = TenantId::parse(A).unwrap();
        let edited = labels.edited(tenant, element).unwrap().unwrap();
        assert_eq!(edited, new_part(element));
    }
}
