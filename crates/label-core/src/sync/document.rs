//! A snapshot as one JSON document, `label-snapshot/1`.
//!
//! Members have a fixed order, and the last one is a checksum of all that stands before it. Every
//! later version of the format ends with one too, so that a damaged document and a newer one can be
//! told apart.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::catalog::LabelCatalog;
use crate::error::quote;
use crate::id::{LabelId, TenantId};
use crate::label::{
    ApplicationMode, Label, LabelProtection, LabelScheme, LabelState, LocalizedTexts, Publication,
    Targets,
};
use crate::marking::ContentMarking;
use crate::protection::Encryption;
use crate::sync::error::SnapshotError;
use crate::sync::snapshot::{ContentHash, LabelSnapshot, Origin, Tombstone};
use crate::sync::time::{from_iso, to_iso};

const FORMAT_NAME: &str = "label-snapshot/";
const FORMAT_MAJOR: u32 = 1;

/// What stands before the digits of the checksum, and after them.
const CHECKSUM_START: &str = ",\n  \"checksum\": \"";
const CHECKSUM_END: &str = "\"\n}\n";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    format: String,
    tenant_id: TenantId,
    version: u64,
    taxonomy: Taxonomy,
    source: OriginDocument,
    fetched_at: String,
    content_hash: String,
    previous_version: Option<u64>,
    labels: Vec<LabelDocument>,
    tombstones: Vec<TombstoneDocument>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Taxonomy {
    Unified,
    Classic,
}

#[derive(Serialize, Deserialize)]
struct OriginDocument {
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    endpoint: Option<String>,
    pages: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TombstoneDocument {
    #[serde(flatten)]
    label: LabelDocument,
    deleted_in_version: u64,
    last_seen_version: u64,
}

/// A label. `level` and `appliable` are derived, for people and for other programs: they are not
/// read, and not part of the hash.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LabelDocument {
    id: LabelId,
    display_name: Option<String>,
    name: Option<String>,
    parent_id: Option<LabelId>,
    order: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    level: Option<u32>,
    state: LabelState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    appliable: Option<bool>,
    targets: Targets,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    color: Option<String>,
    protection: ProtectionDocument,
    /// Null where the source doesn't say.
    published: Option<bool>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    published_in: Vec<String>,
    #[serde(default, skip_serializing_if = "is_unified")]
    scheme: LabelScheme,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tooltip: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    auto_tooltip: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    is_appliable: Option<bool>,
    #[serde(default, skip_serializing_if = "is_false")]
    is_group: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    default_sublabel_id: Option<LabelId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    application_mode: Option<ApplicationMode>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    markings: Option<Vec<ContentMarking>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    locales: BTreeMap<String, LocalizedTexts>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    settings: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    conditions: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    extras: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
struct ProtectionDocument {
    kind: ProtectionWord,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    encryption: Option<Encryption>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum ProtectionWord {
    None,
    Template,
    UserDefined,
    Unspecified,
    Unknown,
}

/// Whether a member of exports moves without a real change: who touched the label last, and when.
/// It is kept, and makes no change (section 1.2).
pub(super) fn is_volatile(name: &str) -> bool {
    const NAMES: [&str; 4] = [
        "WhenChanged",
        "WhenChangedUTC",
        "LastModifiedBy",
        "lastModifiedDateTime",
    ];
    NAMES.iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn is_unified(scheme: &LabelScheme) -> bool {
    *scheme == LabelScheme::Unified
}

fn is_false(flag: &bool) -> bool {
    !flag
}

impl LabelDocument {
    /// The labels that are not deleted, in the form that is hashed: `order` is the place in it.
    pub(super) fn hashed(catalog: &LabelCatalog) -> Vec<Self> {
        (0..)
            .zip(catalog.labels())
            .map(|(order, label)| {
                let mut hashed = Self::new(label, order);
                hashed.extras.retain(|name, _| !is_volatile(name));
                hashed
            })
            .collect()
    }

    fn new(label: &Label, order: i64) -> Self {
        // Member by member, so that none is forgotten that a label may come to have.
        let Label {
            key,
            display_name,
            back_end_name,
            description,
            tooltip,
            color,
            parent,
            source_order: _,
            state,
            publication,
            scheme,
            targets,
            protection,
            encryption,
            markings,
            is_appliable,
            is_group,
            default_sublabel,
            auto_tooltip,
            application_mode,
            published_in,
            locales,
            settings,
            conditions,
            extras,
        } = label.clone();
        Self {
            id: key.label,
            display_name,
            name: back_end_name,
            parent_id: parent,
            order,
            level: None,
            state,
            appliable: None,
            targets,
            color,
            protection: ProtectionDocument {
                kind: match protection {
                    LabelProtection::None => ProtectionWord::None,
                    LabelProtection::Template => ProtectionWord::Template,
                    LabelProtection::UserDefined => ProtectionWord::UserDefined,
                    LabelProtection::Unspecified => ProtectionWord::Unspecified,
                    LabelProtection::Unknown => ProtectionWord::Unknown,
                },
                encryption,
            },
            published: match publication {
                Publication::Published => Some(true),
                Publication::NotPublished => Some(false),
                Publication::Unknown => None,
            },
            published_in,
            scheme,
            description,
            tooltip,
            auto_tooltip,
            is_appliable,
            is_group,
            default_sublabel_id: default_sublabel,
            application_mode,
            markings,
            locales,
            settings,
            conditions,
            extras,
        }
    }

    fn into_label(self, tenant: TenantId) -> Label {
        let mut label = Label::new(tenant, self.id, "");
        label.display_name = self.display_name;
        label.back_end_name = self.name;
        label.parent = self.parent_id;
        label.source_order = self.order;
        label.state = self.state;
        label.targets = self.targets;
        label.color = self.color;
        label.protection = match self.protection.kind {
            ProtectionWord::None => LabelProtection::None,
            ProtectionWord::Template => LabelProtection::Template,
            ProtectionWord::UserDefined => LabelProtection::UserDefined,
            ProtectionWord::Unspecified => LabelProtection::Unspecified,
            ProtectionWord::Unknown => LabelProtection::Unknown,
        };
        label.encryption = self.protection.encryption;
        label.publication = match self.published {
            Some(true) => Publication::Published,
            Some(false) => Publication::NotPublished,
            None => Publication::Unknown,
        };
        label.published_in = self.published_in;
        label.scheme = self.scheme;
        label.description = self.description;
        label.tooltip = self.tooltip;
        label.auto_tooltip = self.auto_tooltip;
        label.is_appliable = self.is_appliable;
        label.is_group = self.is_group;
        label.default_sublabel = self.default_sublabel_id;
        label.application_mode = self.application_mode;
        label.markings = self.markings;
        label.locales = self.locales;
        label.settings = self.settings;
        label.conditions = self.conditions;
        label.extras = self.extras;
        label
    }
}

impl LabelSnapshot {
    /// The JSON Schema (draft 2020-12) of the document, for programs that read or write it with
    /// other means. What it can't express: the checksum, and that `contentHash` fits the labels.
    pub const JSON_SCHEMA: &str = include_str!("../../schemas/label-snapshot-1.json");

    /// The snapshot as one JSON document, the same text for the same snapshot.
    pub fn to_json(&self) -> String {
        let is_classic = |label: &Label| label.scheme == LabelScheme::Classic;
        let document = Document {
            format: format!("{FORMAT_NAME}{FORMAT_MAJOR}"),
            tenant_id: self.tenant,
            version: self.version,
            taxonomy: match self.catalog.labels().any(is_classic) {
                true => Taxonomy::Classic,
                false => Taxonomy::Unified,
            },
            source: OriginDocument {
                kind: self.origin.kind.clone(),
                endpoint: self.origin.endpoint.clone(),
                pages: self.origin.pages,
            },
            fetched_at: to_iso(self.fetched_ms),
            content_hash: self.content_hash.to_string(),
            previous_version: self.previous_version,
            labels: self.stored_labels(),
            tombstones: self.stored_tombstones(),
        };
        // Texts, numbers and lists of them: nothing in it can fail to be written.
        let text = serde_json::to_string_pretty(&document).unwrap_or_default();
        let body = text.strip_suffix("\n}").unwrap_or(&text);
        let checksum = ContentHash::of_bytes(body.as_bytes());
        format!("{body}{CHECKSUM_START}{checksum}{CHECKSUM_END}")
    }

    fn stored_labels(&self) -> Vec<LabelDocument> {
        self.catalog
            .labels()
            .map(|label| {
                let id = label.key.label;
                let mut stored = LabelDocument::new(label, label.source_order);
                stored.level = self.catalog.order(id).map(|order| order.0);
                stored.appliable = Some(self.catalog.not_appliable(id).is_none());
                stored
            })
            .collect()
    }

    fn stored_tombstones(&self) -> Vec<TombstoneDocument> {
        self.catalog
            .with_deleted()
            .filter(|label| label.state == LabelState::Deleted)
            .map(|label| {
                let known = self.tombstones.get(&label.key.label);
                TombstoneDocument {
                    label: LabelDocument::new(label, label.source_order),
                    deleted_in_version: known.map_or(self.version, |one| one.deleted_in_version),
                    last_seen_version: known.map_or(0, |one| one.last_seen_version),
                }
            })
            .collect()
    }

    /// Reads what [`to_json`](Self::to_json) writes, for this tenant.
    ///
    /// # Errors
    ///
    /// [`SnapshotError`]: damaged, of another tenant, or written by a later version (L-053).
    pub fn from_json(tenant: TenantId, text: &[u8]) -> Result<Self, SnapshotError> {
        let text = str::from_utf8(text).map_err(|_| damaged("not UTF-8"))?;
        let (body, checksum) = text
            .strip_suffix(CHECKSUM_END)
            .and_then(|text| text.rsplit_once(CHECKSUM_START))
            .ok_or_else(|| damaged("it does not end with its checksum"))?;
        if ContentHash::parse(checksum) != Some(ContentHash::of_bytes(body.as_bytes())) {
            return Err(damaged("the checksum is another"));
        }
        let not_read = |error: serde_json::Error| damaged(&error.to_string());
        let header: Header = serde_json::from_str(text).map_err(not_read)?;
        let major = header
            .format
            .strip_prefix(FORMAT_NAME)
            .and_then(|version| version.split('.').next()?.parse::<u32>().ok());
        match major {
            Some(FORMAT_MAJOR) => {}
            Some(_) => {
                return Err(SnapshotError::OtherFormat {
                    format: quote(&header.format),
                });
            }
            None => return Err(damaged("not a label snapshot")),
        }
        let document: Document = serde_json::from_str(text).map_err(not_read)?;
        if document.tenant_id != tenant {
            return Err(SnapshotError::OtherTenant {
                tenant: document.tenant_id,
            });
        }
        document.into_snapshot()
    }
}

#[derive(Deserialize)]
struct Header {
    format: String,
}

impl Document {
    fn into_snapshot(self) -> Result<LabelSnapshot, SnapshotError> {
        let tenant = self.tenant_id;
        // Among equal numbers the order of the list counts. It is written with the deleted labels
        // last, so in any other place it would come back as another one.
        let is_deleted = |label: &LabelDocument| label.state == LabelState::Deleted;
        if self.labels.iter().any(is_deleted) {
            return Err(damaged("a deleted label among the others"));
        }
        if !self.tombstones.iter().all(|one| is_deleted(&one.label)) {
            return Err(damaged("a tombstone of a label that is not deleted"));
        }
        let mut labels: Vec<Label> = self
            .labels
            .into_iter()
            .map(|label| label.into_label(tenant))
            .collect();
        let mut tombstones = BTreeMap::new();
        for stored in self.tombstones {
            tombstones.insert(
                stored.label.id,
                Tombstone {
                    last_seen_version: stored.last_seen_version,
                    deleted_in_version: stored.deleted_in_version,
                },
            );
            labels.push(stored.label.into_label(tenant));
        }
        let count = labels.len();
        let (catalog, _) =
            LabelCatalog::build(tenant, labels).map_err(|error| damaged(&error.to_string()))?;
        if catalog.len() != count {
            return Err(damaged("a label is there twice"));
        }
        let content_hash = ContentHash::of_catalog(&catalog);
        if ContentHash::parse(&self.content_hash) != Some(content_hash) {
            return Err(damaged("the hash of the labels is another"));
        }
        Ok(LabelSnapshot {
            tenant,
            version: self.version,
            previous_version: self.previous_version,
            catalog: Arc::new(catalog),
            fetched_ms: from_iso(&self.fetched_at).ok_or_else(|| damaged("fetchedAt: no time"))?,
            content_hash,
            origin: Origin {
                kind: self.source.kind,
                endpoint: self.source.endpoint,
                pages: self.source.pages,
            },
            tombstones,
        })
    }
}

fn damaged(cause: &str) -> SnapshotError {
    SnapshotError::Damaged {
        cause: cause.to_owned(),
    }
}
