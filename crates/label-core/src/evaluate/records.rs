//! Label records in metadata: whose they are, and which of them counts.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::content::{ContentFormat, Method, NameValue};
use super::emit::encrypts;
use super::error::EvaluateNote;
use crate::catalog::LabelCatalog;
use crate::id::{LabelId, TenantId};
use crate::marking::ContentMarking;

/// What names of label metadata begin with.
const PREFIX: &str = "MSIP_Label_";

/// The bit of `ContentBits` for encryption.
pub(super) const ENCRYPTED_BIT: u32 = 8;

/// The metadata's name of a label's attribute.
pub(super) fn name_of(label: LabelId, attribute: &str) -> String {
    format!("{PREFIX}{label}_{attribute}")
}

/// Label and attribute of a metadata's name.
fn parse_name(name: &str) -> Option<(LabelId, &str)> {
    let (prefix, rest) = name.split_at_checked(PREFIX.len())?;
    if !prefix.eq_ignore_ascii_case(PREFIX) {
        return None;
    }
    let (id, attribute) = rest.split_once('_')?;
    if attribute.is_empty() {
        return None;
    }
    Some((LabelId::parse(id).ok()?, attribute))
}

/// One attribute of a record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attribute<'a> {
    /// Its own name.
    pub(super) name: &'a str,
    /// The metadata's name, as it stands there.
    pub(super) full_name: &'a str,
    /// The value.
    pub(super) value: &'a str,
}

/// All that the metadata says of one label id.
#[derive(Clone, Debug)]
pub(super) struct Record<'a> {
    pub(super) label: LabelId,
    pub(super) attributes: Vec<Attribute<'a>>,
}

impl<'a> Record<'a> {
    /// The first attribute of this name; letter case doesn't matter.
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        self.all(name).next()
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.attributes
            .iter()
            .filter(move |one| one.name.eq_ignore_ascii_case(name))
            .map(|one| one.value)
    }

    /// Whether the tenant is the only one that the record names.
    ///
    /// A record that names none is of nobody here, although
    /// [`LabelView::origin`](crate::LabelView::origin) takes it for one's own if the id is known
    /// (section 5). There it is shown, and a wrong guess shows a wrong name; here it would be
    /// replaced or removed, with the markings and protection that it tells of, and one id can be of
    /// several tenants (1.9). So only what names the tenant is changed (1.11).
    fn is_of(&self, tenant: TenantId) -> bool {
        let named = || self.all("SiteId").filter(|text| !text.trim().is_empty());
        named().next().is_some() && named().all(|text| TenantId::parse(text) == Ok(tenant))
    }

    fn is_enabled(&self) -> bool {
        self.get("Enabled")
            .is_some_and(|text| text.trim().eq_ignore_ascii_case("true"))
    }

    pub(super) fn method(&self) -> Option<Method> {
        match self.get("Method") {
            Some(text) => Method::parse(text),
            None => self
                .get("Extended_MSFT_Method")
                .and_then(Method::parse_extended),
        }
    }

    /// What the record says was done to the content.
    pub(super) fn stated_bits(&self) -> Option<u32> {
        self.get("ContentBits")?.trim().parse().ok()
    }

    /// The same, or where the record does not say, what the label does to content of this format.
    pub(super) fn bits(&self, catalog: &LabelCatalog, format: &ContentFormat) -> u32 {
        self.stated_bits().unwrap_or_else(|| {
            catalog.by_id(self.label).map_or(0, |label| {
                let encrypted = if encrypts(label, format) {
                    ENCRYPTED_BIT
                } else {
                    0
                };
                marking_bits(label.markings.as_deref().unwrap_or_default()) | encrypted
            })
        })
    }
}

/// The bits of these markings.
pub(super) fn marking_bits(markings: &[ContentMarking]) -> u32 {
    markings
        .iter()
        .fold(0, |bits, one| bits | u32::from(one.place.content_bit()))
}

/// The records of the own tenant, and the ones in the way.
#[derive(Debug)]
pub(super) struct Records<'a> {
    /// In effect, the one that counts first.
    pub(super) in_effect: Vec<Record<'a>>,
    /// Own too, but not in effect.
    pub(super) leftover: Vec<Record<'a>>,
    /// Of other tenants, or of nobody.
    foreign: Vec<Record<'a>>,
}

impl<'a> Records<'a> {
    pub(super) fn read(catalog: &LabelCatalog, metadata: &'a [NameValue]) -> Self {
        let mut at: BTreeMap<LabelId, usize> = BTreeMap::new();
        let mut all: Vec<Record<'a>> = Vec::new();
        for NameValue { name, value } in metadata {
            let Some((label, attribute)) = parse_name(name) else {
                continue;
            };
            let at = *at.entry(label).or_insert_with(|| {
                all.push(Record {
                    label,
                    attributes: Vec::new(),
                });
                all.len() - 1
            });
            if let Some(record) = all.get_mut(at) {
                record.attributes.push(Attribute {
                    name: attribute,
                    full_name: name,
                    value,
                });
            }
        }
        let (own, foreign): (Vec<_>, Vec<_>) = all
            .into_iter()
            .partition(|record| record.is_of(catalog.tenant()));
        let (mut in_effect, leftover): (Vec<_>, Vec<_>) =
            own.into_iter().partition(Record::is_enabled);
        // The highest; what the list doesn't know is lowest (L-012).
        in_effect.sort_by_key(|record| Reverse((catalog.place(record.label), record.label)));
        Self {
            in_effect,
            leftover,
            foreign,
        }
    }

    /// The label that counts.
    pub(super) fn current(&self) -> Option<&Record<'a>> {
        self.in_effect.first()
    }

    /// All own records, in effect or not.
    pub(super) fn own(&self) -> impl Iterator<Item = &Record<'a>> {
        self.in_effect.iter().chain(&self.leftover)
    }

    /// The other tenant whose metadata has the names of this label.
    pub(super) fn in_the_way(&self, label: LabelId, own: TenantId) -> Option<&'a str> {
        let record = self.foreign.iter().find(|record| record.label == label)?;
        record
            .all("SiteId")
            .find(|text| !text.trim().is_empty() && TenantId::parse(text) != Ok(own))
    }

    /// What the metadata says of the label without naming a tenant, once nobody is
    /// [`in_the_way`](Self::in_the_way).
    pub(super) fn of_nobody(&self, label: LabelId) -> Option<&Record<'a>> {
        self.foreign.iter().find(|record| record.label == label)
    }

    /// What was done to the content by all labels in effect.
    pub(super) fn bits(&self, catalog: &LabelCatalog, format: &ContentFormat) -> u32 {
        self.in_effect
            .iter()
            .fold(0, |bits, record| bits | record.bits(catalog, format))
    }

    /// A note where several labels are in effect (L-079).
    pub(super) fn note_several(&self, notes: &mut Vec<EvaluateNote>) {
        if self.in_effect.len() > 1 {
            notes.push(EvaluateNote::SeveralLabels(
                self.in_effect.iter().map(|record| record.label).collect(),
            ));
        }
    }
}
