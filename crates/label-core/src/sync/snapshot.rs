//! A tenant's list as it was read at one moment, with a version and a hash.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::catalog::{CatalogDiagnostic, LabelCatalog};
use crate::error::CatalogError;
use crate::id::{LabelId, TenantId};
use crate::label::{Label, LabelState};
use crate::sync::document::LabelDocument;
use crate::sync::time::{EARLIEST_MS, LATEST_MS};

/// SHA-256 of the labels that are not deleted, in their normalised form: the same for the same
/// content, whatever the order of labels and members in the source, and whatever numbers it orders
/// by (L-047). Only where siblings have one number is the order of the list part of the content.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentHash([u8; 32]);

impl ContentHash {
    pub(super) fn of_bytes(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    pub(super) fn of_catalog(catalog: &LabelCatalog) -> Self {
        let labels = LabelDocument::hashed(catalog);
        // Texts, numbers and lists of them: nothing in it can fail to be written.
        Self::of_bytes(&serde_json::to_vec(&labels).unwrap_or_default())
    }

    /// Reads the form that it is written in.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("sha256:")?;
        let (pairs, odd) = digits.as_bytes().as_chunks::<2>();
        let is_hash = odd.is_empty()
            && digits
                .bytes()
                .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        let bytes: Option<Vec<u8>> = pairs
            .iter()
            .map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok())
            .collect();
        is_hash.then(|| bytes?.try_into().ok().map(Self)).flatten()
    }
}

/// `sha256:` and 64 lower-case digits.
impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where a list came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// A word for the kind of source, such as `graph-v1`.
    pub kind: String,
    /// The address, without host and query, where there is one.
    pub endpoint: Option<String>,
    /// In how many pages it came.
    pub pages: u32,
}

impl Origin {
    /// A source of this kind, without an address, in one piece.
    pub fn new(kind: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            endpoint: None,
            pages: 1,
        }
    }
}

/// Which versions had a label that is gone (A-045, L-054).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tombstone {
    /// The last version that lists it; 0 where it was never listed.
    pub last_seen_version: u64,
    /// The first version without it.
    pub deleted_in_version: u64,
}

/// A tenant's labels as one read brought them. It never changes: share it, and hold one for as
/// long as a piece of work takes (R-062, L-050).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LabelSnapshot {
    /// Whose labels they are.
    pub tenant: TenantId,
    /// Grows with every change of the content, also over restarts (L-049).
    pub version: u64,
    /// The version that it replaced.
    pub previous_version: Option<u64>,
    /// The labels, deleted ones too.
    pub catalog: Arc<LabelCatalog>,
    /// When this content was first read, UTC, in milliseconds since 1970.
    pub fetched_ms: i64,
    /// The hash of its content.
    pub content_hash: ContentHash,
    /// Where it came from.
    pub origin: Origin,
    /// The labels that are gone.
    pub tombstones: BTreeMap<LabelId, Tombstone>,
}

impl LabelSnapshot {
    /// How many labels there are, deleted ones not counted.
    pub fn live_count(&self) -> usize {
        self.catalog.labels().count()
    }

    /// The snapshot after `previous`, with the labels of a fresh list.
    pub(super) fn next(
        previous: Option<&Self>,
        fresh: &Normalised,
        version: u64,
        fetched_ms: i64,
        origin: Origin,
    ) -> Result<Self, CatalogError> {
        let tenant = fresh.catalog.tenant();
        let catalog = match previous {
            Some(previous) => {
                let labels = fresh.catalog.with_deleted().cloned().collect();
                previous.catalog.refresh(labels)?.0
            }
            None => fresh.catalog.clone(),
        };
        let previous_version = previous.map(|previous| previous.version);
        let mut tombstones = BTreeMap::new();
        for label in catalog.with_deleted() {
            let id = label.key.label;
            if label.state == LabelState::Deleted {
                let known = previous.and_then(|previous| previous.tombstones.get(&id).copied());
                let listed = previous.is_some_and(|previous| previous.catalog.by_id(id).is_some());
                tombstones.insert(
                    id,
                    known.unwrap_or(Tombstone {
                        last_seen_version: previous_version.filter(|_| listed).unwrap_or(0),
                        deleted_in_version: version,
                    }),
                );
            }
        }
        Ok(Self {
            tenant,
            version,
            previous_version,
            content_hash: fresh.hash,
            catalog: Arc::new(catalog),
            fetched_ms: fetched_ms.clamp(EARLIEST_MS, LATEST_MS),
            origin,
            tombstones,
        })
    }
}

/// A fresh list, checked and in the form that is compared.
#[derive(Debug)]
pub(super) struct Normalised {
    pub(super) catalog: LabelCatalog,
    pub(super) hash: ContentHash,
    pub(super) diagnostics: Vec<CatalogDiagnostic>,
}

impl Normalised {
    /// Checks a list. Equal content gives an equal catalogue:
    ///
    /// - `source_order` becomes the place among the labels, so that renumbering changes nothing.
    ///   Siblings of one number keep the order of the list: beta numbers sublabels like that;
    /// - lists of words are sorted, and so are the members of extras.
    pub(super) fn new(
        tenant: TenantId,
        mut labels: Vec<Label>,
        keep_identities: bool,
    ) -> Result<Self, CatalogError> {
        for label in &mut labels {
            label.published_in.sort();
            label.published_in.dedup();
            label.targets.other.sort();
            for value in label.extras.values_mut() {
                if let Ok(parsed) = serde_json::from_str::<Value>(value) {
                    let mut text = String::with_capacity(value.len());
                    write_sorted(&parsed, &mut text);
                    *value = text;
                }
            }
            if !keep_identities && let Some(encryption) = &mut label.encryption {
                encryption.grants.clear();
            }
        }
        let (catalog, diagnostics) = LabelCatalog::build(tenant, labels)?;
        let numbered = (0_i64..)
            .zip(catalog.with_deleted())
            .map(|(place, label)| {
                let mut label = label.clone();
                label.source_order = place;
                label
            })
            .collect();
        let (catalog, _) = LabelCatalog::build(tenant, numbered)?;
        Ok(Self {
            hash: ContentHash::of_catalog(&catalog),
            catalog,
            diagnostics,
        })
    }
}

/// JSON with the members of all objects sorted, however the parser keeps them. It recurs as deep
/// as the parser does, 128 times.
fn write_sorted(value: &Value, text: &mut String) {
    let separate = |text: &mut String, at: usize| {
        if at > 0 {
            text.push(',');
        }
    };
    match value {
        Value::Object(members) => {
            let sorted: BTreeMap<&String, &Value> = members.iter().collect();
            text.push('{');
            for (at, (name, value)) in sorted.into_iter().enumerate() {
                separate(text, at);
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                write_sorted(value, text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                separate(text, at);
                write_sorted(item, text);
            }
            text.push(']');
        }
        plain => text.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l_047_members_of_extras_are_sorted() {
        let value: Value = serde_json::from_str(r#"{"b":[{"z":1,"a":"\""}],"a":null}"#).unwrap();
        let mut text = String::new();
        write_sorted(&value, &mut text);
        assert_eq!(text, r#"{"a":null,"b":[{"a":"\"","z":1}]}"#);
    }

    #[test]
    fn hashes_round_trip() {
        let hash = ContentHash::of_bytes(b"abc");
        assert_eq!(ContentHash::parse(&hash.to_string()), Some(hash));
        for text in [
            "",
            "sha256:",
            "sha256:ab",
            "md5:00",
            &hash.to_string().to_uppercase(),
        ] {
            assert_eq!(ContentHash::parse(text), None, "{text}");
        }
    }
}
