//! `MSIP_Label_<label id>_<attribute>`: the property names that hold a label in Office custom
//! properties, compound-file summaries and PDF alike, and the records that they add up to.

use label_core::{FileLabel, LabelId, LabelStorage, TenantId};

use crate::limits::Limits;
use crate::reading::{DiagnosticCode, Diagnostics};

/// The literal prefix.
const PREFIX: &str = "MSIP_Label_";

/// Content bits that have a meaning: header, footer, watermark, encryption.
const CONTENT_BITS: u32 = 0x0f;

/// A parsed property name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PropertyName<'a> {
    pub(crate) id: LabelId,
    pub(crate) attribute: &'a str,
    /// Not as Office writes it: other letter case, or braces around the id.
    pub(crate) unusual: bool,
}

/// Reads a property name; `None` means an ordinary property that is not ours (F-012, F-013).
pub(crate) fn parse(name: &str) -> Option<PropertyName<'_>> {
    let head = name.get(..PREFIX.len())?;
    if !head.eq_ignore_ascii_case(PREFIX) {
        return None;
    }
    let rest = name.get(PREFIX.len()..)?;
    let (braced, after_brace) = match rest.strip_prefix('{') {
        Some(inner) => (true, inner),
        None => (false, rest),
    };
    let id_text = after_brace.get(..36)?;
    let id = LabelId::parse(id_text).ok()?;
    let mut tail = after_brace.get(36..)?;
    if braced {
        tail = tail.strip_prefix('}')?;
    }
    let attribute = tail.strip_prefix('_').filter(|text| !text.is_empty())?;
    Some(PropertyName {
        id,
        attribute,
        unusual: braced || head != PREFIX || id_text.bytes().any(|byte| byte.is_ascii_uppercase()),
    })
}

/// The name of a property of a label.
pub(crate) fn name(id: LabelId, attribute: &str) -> String {
    format!("{PREFIX}{id}_{attribute}")
}

/// The tenant at the end of a `Ref` address.
pub(crate) fn tenant_of_reference(reference: &str) -> Option<TenantId> {
    let last = reference.trim().trim_end_matches('/').rsplit('/').next()?;
    TenantId::parse(last).ok()
}

/// The tenant of a record: `SiteId`, else the end of `Ref` (F-016). All zeros name no tenant.
pub(crate) fn tenant_of(record: &FileLabel) -> Option<TenantId> {
    record
        .tenant
        .or_else(|| record.extra("Ref").and_then(tenant_of_reference))
}

/// The label ids of the groups that belong to a tenant: its own, those without a tenant that name
/// one of these labels, and the parents that they name (F-064).
pub(crate) fn groups_of(records: &[FileLabel], tenant: TenantId, also: &[LabelId]) -> Vec<LabelId> {
    let mut ids: Vec<LabelId> = records
        .iter()
        .filter(|record| match tenant_of(record) {
            Some(of) => of == tenant,
            None => record.id.is_some_and(|id| also.contains(&id)),
        })
        .filter_map(|record| record.id)
        .collect();
    let parents: Vec<LabelId> = records
        .iter()
        .filter(|record| record.id.is_some_and(|id| ids.contains(&id)))
        .filter_map(|record| LabelId::parse(record.extra("Parent")?).ok())
        .filter(|parent| {
            records
                .iter()
                .any(|record| record.id == Some(*parent) && tenant_of(record).is_none())
        })
        .collect();
    ids.extend(parents);
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Whose the group of this label is, if it isn't this tenant's: the names can hold one label of one
/// tenant only.
pub(crate) fn other_owner(
    records: &[FileLabel],
    label: LabelId,
    tenant: TenantId,
) -> Option<TenantId> {
    records
        .iter()
        .filter(|record| record.id == Some(label))
        .filter_map(tenant_of)
        .find(|owner| *owner != tenant)
}

/// Which properties go when labels are taken off: those of their groups, and the older hint
/// `Sensitivity` where it holds the id or the name of one of them (F-064, F-069).
pub(crate) struct Leaving {
    ids: Vec<LabelId>,
    names: Vec<String>,
}

impl Leaving {
    /// For the groups of these labels.
    pub(crate) fn new(ids: Vec<LabelId>, records: &[FileLabel]) -> Self {
        let names = records
            .iter()
            .filter(|record| record.id.is_some_and(|id| ids.contains(&id)))
            .filter_map(|record| record.name.clone())
            .collect();
        Self { ids, names }
    }

    /// Whether this property goes.
    pub(crate) fn has(&self, property: &str, value: &str) -> bool {
        if let Some(parsed) = parse(property) {
            return self.ids.contains(&parsed.id);
        }
        if !property.eq_ignore_ascii_case("Sensitivity") {
            return false;
        }
        let value = value.trim();
        self.names.iter().any(|name| name == value)
            || LabelId::parse(value).is_ok_and(|id| self.ids.contains(&id))
    }
}

/// Label records collected property by property.
#[derive(Debug)]
pub(crate) struct LabelProperties {
    storage: LabelStorage,
    records: Vec<Record>,
    max: usize,
}

#[derive(Debug)]
struct Record {
    id: LabelId,
    label: FileLabel,
    /// Lower-case names of the attributes seen, to keep the first of duplicates (F-023).
    seen: Vec<String>,
}

impl LabelProperties {
    pub(crate) fn new(storage: LabelStorage, limits: &Limits) -> Self {
        Self {
            storage,
            records: Vec::new(),
            max: limits.labels_max,
        }
    }

    /// Takes a property if its name is a label's.
    pub(crate) fn add(
        &mut self,
        property: &str,
        value: &str,
        place: &str,
        diagnostics: &mut Diagnostics,
    ) -> bool {
        let Some(name) = parse(property) else {
            return false;
        };
        if name.unusual {
            diagnostics.add(
                DiagnosticCode::UnusualForm,
                place,
                format!("property name `{property}`"),
            );
        }
        let at = match self.records.iter().position(|record| record.id == name.id) {
            Some(at) => at,
            None if self.records.len() >= self.max => {
                diagnostics.add(DiagnosticCode::BadPart, place, "too many labels");
                return true;
            }
            None => {
                self.records.push(Record {
                    id: name.id,
                    label: FileLabel::new(&name.id.to_string(), self.storage),
                    seen: Vec::new(),
                });
                self.records.len() - 1
            }
        };
        let Some(record) = self.records.get_mut(at) else {
            return true;
        };
        let folded = name.attribute.to_ascii_lowercase();
        if record.seen.len() >= ATTRIBUTES_MAX {
            diagnostics.add(
                DiagnosticCode::BadPart,
                place,
                format!("`{property}`: too many attributes of a label; ignored"),
            );
            return true;
        }
        if record.seen.contains(&folded) {
            diagnostics.add(
                DiagnosticCode::DuplicateProperty,
                place,
                format!("`{property}` again; the first counts"),
            );
            return true;
        }
        set_attribute(
            &mut record.label,
            name.attribute,
            &folded,
            value,
            place,
            diagnostics,
        );
        record.seen.push(folded);
        true
    }

    /// The records in the order of their first property.
    pub(crate) fn into_records(self, place: &str, diagnostics: &mut Diagnostics) -> Vec<FileLabel> {
        let labels: Vec<FileLabel> = self
            .records
            .into_iter()
            .map(|record| record.label)
            .collect();
        for label in &labels {
            if label.enabled.is_none() {
                diagnostics.add(
                    DiagnosticCode::NotInEffect,
                    place,
                    format!("label `{}` has no `Enabled`", label.id_text),
                );
            }
            if label.tenant.is_none() {
                match tenant_of(label) {
                    Some(tenant) => diagnostics.add(
                        DiagnosticCode::TenantFromReference,
                        place,
                        format!("label `{}`: tenant `{tenant}` from `Ref`", label.id_text),
                    ),
                    None => diagnostics.add(
                        DiagnosticCode::BadTenant,
                        place,
                        format!("label `{}` names no tenant", label.id_text),
                    ),
                }
            }
        }
        labels
    }
}

/// Most attributes of one label that are kept. A genuine one has a handful.
const ATTRIBUTES_MAX: usize = 64;

fn set_attribute(
    label: &mut FileLabel,
    attribute: &str,
    folded: &str,
    value: &str,
    place: &str,
    diagnostics: &mut Diagnostics,
) {
    match folded {
        "enabled" => label.enabled = Some(is_true(value)),
        "removed" => label.removed = Some(is_true(value)),
        "siteid" => {
            let text = value.trim();
            label.set_tenant(text);
            if label.tenant.is_none() {
                diagnostics.add(
                    DiagnosticCode::BadTenant,
                    place,
                    format!("label `{}`: `SiteId` is not a GUID", label.id_text),
                );
            } else if label.tenant_text.as_deref() != Some(text) {
                diagnostics.add(
                    DiagnosticCode::UnusualForm,
                    place,
                    format!(
                        "label `{}`: `SiteId` with braces or capitals",
                        label.id_text
                    ),
                );
            }
        }
        "method" => label.method = Some(value.trim().to_owned()),
        "setdate" => {
            label.set_date = Some(value.to_owned());
            if !crate::date::is_set_date(value) {
                diagnostics.add(
                    DiagnosticCode::BadDate,
                    place,
                    format!("label `{}`: `SetDate` can't be read", label.id_text),
                );
            }
        }
        "name" => label.name = Some(value.to_owned()),
        "contentbits" => {
            label.content_bits = content_bits(value, &label.id_text, place, diagnostics);
        }
        _ => label.extra.push((attribute.to_owned(), value.to_owned())),
    }
}

/// In effect only if the text is `true` in any letter case (F-015).
fn is_true(value: &str) -> bool {
    value.trim().eq_ignore_ascii_case("true")
}

/// The decimal bit mask; unknown bits dropped, anything else absent, both with a diagnostic
/// (F-021).
pub(crate) fn content_bits(
    value: &str,
    id: &str,
    place: &str,
    diagnostics: &mut Diagnostics,
) -> Option<u32> {
    let trimmed = value.trim();
    let digits = !trimmed.is_empty() && trimmed.bytes().all(|byte| byte.is_ascii_digit());
    let bits = digits.then(|| trimmed.parse::<u32>().ok()).flatten();
    match bits {
        Some(bits) if bits & !CONTENT_BITS == 0 => Some(bits),
        Some(bits) => {
            diagnostics.add(
                DiagnosticCode::BadContentBits,
                place,
                format!("label `{id}`: content bits {bits}; unknown bits ignored"),
            );
            Some(bits & CONTENT_BITS)
        }
        None => {
            diagnostics.add(
                DiagnosticCode::BadContentBits,
                place,
                format!("label `{id}`: content bits can't be read"),
            );
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "11111111-1111-4111-8111-111111111111";

    #[test]
    fn f_012_names_in_any_case_and_braces() {
        for (text, unusual) in [
            (format!("MSIP_Label_{ID}_Enabled"), false),
            (format!("msip_label_{ID}_Enabled"), true),
            (format!("MSIP_Label_{{{ID}}}_Enabled"), true),
            (
                "MSIP_Label_AAAAAAAA-1111-4111-8111-111111111111_Enabled".to_owned(),
                true,
            ),
        ] {
            let name = parse(&text).unwrap();
            assert_eq!(
                (name.attribute, name.unusual),
                ("Enabled", unusual),
                "{text}"
            );
        }
        for text in [
            "",
            "MSIP_Label_",
            "MSIP_Label_x_Enabled",
            &format!("MSIP_Label_{ID}"),
            &format!("MSIP_Label_{ID}_"),
            &format!("MSIP_Label_{{{ID}_Enabled"),
            &format!("MSIP_Label_{ID}Enabled"),
            &format!("XSIP_Label_{ID}_Enabled"),
            "MSIP_Labelü",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn f_013_attribute_after_the_first_underscore() {
        let text = format!("MSIP_Label_{ID}_Extended_MSFT_Method");
        assert_eq!(parse(&text).unwrap().attribute, "Extended_MSFT_Method");
    }

    #[test]
    fn f_021_content_bits_table() {
        for (text, bits, odd) in [
            ("0", Some(0), false),
            ("2", Some(2), false),
            ("15", Some(15), false),
            ("8", Some(8), false),
            ("256", Some(0), true),
            (" 4 ", Some(4), false),
            ("0x8", None, true),
            ("-1", None, true),
            ("+1", None, true),
            ("two", None, true),
            ("", None, true),
            ("99999999999", None, true),
        ] {
            let mut diagnostics = Diagnostics::new(&Limits::default());
            assert_eq!(
                content_bits(text, ID, "x", &mut diagnostics),
                bits,
                "{text}"
            );
            assert_eq!(!diagnostics.into_list().is_empty(), odd, "{text}");
        }
    }

    #[test]
    fn a_label_with_too_many_attributes_says_so() {
        let limits = Limits::default();
        let mut diagnostics = Diagnostics::new(&limits);
        let mut labels = LabelProperties::new(LabelStorage::CustomProperties, &limits);
        for number in 0..=ATTRIBUTES_MAX {
            let property = format!("MSIP_Label_{ID}_Extra{number}");
            assert!(labels.add(&property, "x", "place", &mut diagnostics));
        }
        let list = diagnostics.into_list();
        assert_eq!(list.len(), 1);
        assert!(list[0].detail.contains("Extra64"), "{}", list[0].detail);
    }

    #[test]
    fn f_016_tenant_from_the_reference() {
        let tenant = "aaaaaaaa-0000-4000-8000-00000000000a";
        for text in [
            format!("https://api.informationprotection.azure.com/api/{tenant}"),
            format!("https://api.informationprotection.azure.com/api/{tenant}/"),
            tenant.to_uppercase(),
        ] {
            assert_eq!(tenant_of_reference(&text).unwrap().to_string(), tenant);
        }
        assert_eq!(tenant_of_reference("https://example.org/api/x"), None);
    }

    proptest::proptest! {
        #[test]
        fn names_round_trip(bits: u128, attribute in "[A-Za-z_]{1,20}") {
            let id = LabelId::from_u128(bits);
            let text = name(id, &attribute);
            let parsed = parse(&text).unwrap();
            proptest::prop_assert_eq!(parsed, PropertyName { id, attribute: &attribute, unusual: false });
        }

        #[test]
        fn any_text_is_parsed_without_panic(text: String) {
            let _ = parse(&text);
        }
    }
}
