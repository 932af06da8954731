//! A label as found on a file: raw as it stands there, and the one that counts.

use std::fmt;

use crate::id::{LabelId, LabelKey, TenantId};

/// Where in a file a label record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum LabelStorage {
    /// Custom document properties of an Office package.
    #[cfg_attr(feature = "serde", serde(rename = "custom.xml"))]
    CustomProperties,
    /// The LabelInfo part of an Office package.
    #[cfg_attr(feature = "serde", serde(rename = "labelinfo"))]
    LabelInfo,
    /// The LabelInfo stream outside the encrypted package of a rights-managed document.
    #[cfg_attr(feature = "serde", serde(rename = "cfb-labelinfo"))]
    CompoundLabelInfo,
    /// The document summary of a compound file.
    #[cfg_attr(feature = "serde", serde(rename = "cfb-summary"))]
    CompoundSummary,
    /// The XMP packet of a PDF.
    #[cfg_attr(feature = "serde", serde(rename = "xmp"))]
    Xmp,
    /// The document information dictionary of a PDF.
    #[cfg_attr(feature = "serde", serde(rename = "info"))]
    Info,
}

impl LabelStorage {
    /// The short name that reports use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CustomProperties => "custom.xml",
            Self::LabelInfo => "labelinfo",
            Self::CompoundLabelInfo => "cfb-labelinfo",
            Self::CompoundSummary => "cfb-summary",
            Self::Xmp => "xmp",
            Self::Info => "info",
        }
    }
}

impl fmt::Display for LabelStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a label came onto a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum AssignmentMethod {
    /// By default or automatically.
    Standard,
    /// A person chose it. Automatic labelling doesn't overwrite it.
    Privileged,
}

impl AssignmentMethod {
    /// Reads the `Method` attribute; `Auto` of old metadata means standard. Letter case doesn't
    /// matter. `None` for any other text: the method is unknown.
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "standard" | "auto" => Some(Self::Standard),
            "privileged" => Some(Self::Privileged),
            _ => None,
        }
    }

    /// Reads `Extended_MSFT_Method`, the older attribute with the older words. It counts only
    /// where `Method` is absent (F-022).
    pub fn parse_extended(text: &str) -> Option<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "manual" => Some(Self::Privileged),
            "automatic" => Some(Self::Standard),
            other => Self::parse(other),
        }
    }

    /// The word that is written into files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "Standard",
            Self::Privileged => "Privileged",
        }
    }
}

impl fmt::Display for AssignmentMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One label record of a file, raw: what stands there, in file order. A file may hold several,
/// of several tenants and in several places; which one counts is [`EffectiveLabel`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FileLabel {
    /// The label's id: lower case and without braces if it is a GUID, else verbatim.
    pub id_text: String,
    /// The id, if it is a GUID.
    pub id: Option<LabelId>,
    /// The tenant, written like the id; `None` if the file doesn't name one.
    pub tenant_text: Option<String>,
    /// The tenant, if it is a GUID.
    pub tenant: Option<TenantId>,
    /// The label's name in its tenant. A hint for display, never an identity.
    pub name: Option<String>,
    /// Whether the record is in effect; `None` if the file has no such attribute.
    pub enabled: Option<bool>,
    /// Whether the record says that the label was removed.
    pub removed: Option<bool>,
    /// The `Method` attribute, verbatim.
    pub method: Option<String>,
    /// The `SetDate` attribute, verbatim.
    pub set_date: Option<String>,
    /// Bits of what was done to the content: 1 header, 2 footer, 4 watermark, 8 encryption. A
    /// claim, not proof.
    pub content_bits: Option<u32>,
    /// Where it stands.
    pub storage: LabelStorage,
    /// Every other attribute, verbatim and in file order.
    pub extra: Vec<(String, String)>,
}

impl FileLabel {
    /// An empty record of a label with this id, at this place.
    pub fn new(id_text: &str, storage: LabelStorage) -> Self {
        let id = LabelId::parse(id_text).ok();
        Self {
            id_text: id.map_or_else(|| id_text.to_owned(), |id| id.to_string()),
            id,
            tenant_text: None,
            tenant: None,
            name: None,
            enabled: None,
            removed: None,
            method: None,
            set_date: None,
            content_bits: None,
            storage,
            extra: Vec::new(),
        }
    }

    /// Sets the tenant from what the file says.
    pub fn set_tenant(&mut self, text: &str) {
        self.tenant = TenantId::parse(text).ok();
        self.tenant_text = Some(
            self.tenant
                .map_or_else(|| text.to_owned(), |tenant| tenant.to_string()),
        );
    }

    /// The first further attribute of this name; letter case doesn't matter.
    pub fn extra(&self, name: &str) -> Option<&str> {
        self.extra
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Whether the record claims a label that is in effect.
    pub fn in_effect(&self) -> bool {
        self.enabled == Some(true) && self.removed != Some(true)
    }

    /// The method with the documented mappings: `Method`, else `Extended_MSFT_Method` (F-022).
    pub fn assignment_method(&self) -> Option<AssignmentMethod> {
        match self.method.as_deref() {
            Some(text) => AssignmentMethod::parse(text),
            None => self
                .extra("Extended_MSFT_Method")
                .and_then(AssignmentMethod::parse_extended),
        }
    }
}

/// The label of one tenant that counts, after the rules for two storages, parents, tombstones and
/// ambiguity.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EffectiveLabel {
    /// Whose label it is; `None` if the file doesn't say.
    pub tenant: Option<TenantId>,
    /// The id, normalised like [`FileLabel::id_text`].
    pub id_text: String,
    /// The id, if it is a GUID.
    pub id: Option<LabelId>,
    /// The name hint of the record, if it has one.
    pub name: Option<String>,
    /// Where the record that counts stands.
    pub storage: LabelStorage,
    /// How the label came onto the file, if known.
    pub method: Option<AssignmentMethod>,
    /// What was done to the content, as far as the record claims.
    pub content_bits: Option<u32>,
}

impl EffectiveLabel {
    /// The label's identity, where the file names both tenant and a well-formed id.
    pub fn key(&self) -> Option<LabelKey> {
        Some(LabelKey::new(self.tenant?, self.id?))
    }
}

impl From<&FileLabel> for EffectiveLabel {
    fn from(record: &FileLabel) -> Self {
        Self {
            tenant: record.tenant,
            id_text: record.id_text.clone(),
            id: record.id,
            name: record.name.clone(),
            storage: record.storage,
            method: record.assignment_method(),
            content_bits: record.content_bits,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f_022_method_falls_back_to_the_older_attribute() {
        let record = |method: Option<&str>, extended: Option<&str>| {
            let mut label = FileLabel::new("x", LabelStorage::CustomProperties);
            label.method = method.map(str::to_owned);
            if let Some(text) = extended {
                label
                    .extra
                    .push(("extended_msft_method".to_owned(), text.to_owned()));
            }
            label.assignment_method()
        };
        use AssignmentMethod::{Privileged, Standard};
        for (method, extended, expected) in [
            (Some("Standard"), Some("Manual"), Some(Standard)),
            (Some("privileged"), None, Some(Privileged)),
            (Some("Auto"), None, Some(Standard)),
            (Some(""), Some("Manual"), None),
            (None, Some("Manual"), Some(Privileged)),
            (None, Some("Automatic"), Some(Standard)),
            (None, Some("Standard"), Some(Standard)),
            (None, Some("Privileged"), Some(Privileged)),
            (None, Some("odd"), None),
            (None, None, None),
        ] {
            assert_eq!(
                record(method, extended),
                expected,
                "{method:?} {extended:?}"
            );
        }
    }

    #[test]
    fn f_033_ids_are_normalised_and_odd_ones_kept() {
        let upper = "{AAAAAAAA-0000-4000-8000-00000000000A}";
        let label = FileLabel::new(upper, LabelStorage::LabelInfo);
        assert_eq!(label.id_text, "aaaaaaaa-0000-4000-8000-00000000000a");
        let odd = FileLabel::new("Not a GUID", LabelStorage::LabelInfo);
        assert_eq!((odd.id_text.as_str(), odd.id), ("Not a GUID", None));
    }
}
