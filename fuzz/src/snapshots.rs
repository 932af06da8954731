//! Snapshot documents whose checksum and hash fit, because nobody guesses a SHA-256.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

use label_core::{
    ApplicationMode, ContentMarking, Encryption, Label, LabelCatalog, LabelId, LabelScheme,
    LabelState, LocalizedTexts, Targets, TenantId,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

const CHECKSUM: &str = ",\n  \"checksum\"";

/// Members that are no part of the hash.
const VOLATILE: [&str; 4] = [
    "WhenChanged",
    "WhenChangedUTC",
    "LastModifiedBy",
    "lastModifiedDateTime",
];

/// What the hash depends on.
#[derive(Deserialize)]
struct Document {
    labels: Vec<Stored>,
    tombstones: Vec<Stored>,
}

/// A label as it is stored, written down a second time: where the code forgets a member, the hash is
/// another.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    id: LabelId,
    display_name: Option<String>,
    name: Option<String>,
    parent_id: Option<LabelId>,
    order: i64,
    state: LabelState,
    targets: Targets,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    color: Option<String>,
    protection: Protection,
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

#[derive(Clone, Serialize, Deserialize)]
struct Protection {
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    encryption: Option<Encryption>,
}

fn is_unified(scheme: &LabelScheme) -> bool {
    *scheme == LabelScheme::Unified
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// The document with the checksum that fits, in place of the one that it has, if any.
pub fn sealed(text: &str) -> String {
    let body = body(text);
    format!("{body}{CHECKSUM}: \"{}\"\n}}\n", sha256(body.as_bytes()))
}

/// The same with the hash of the labels that fits; `None` where it can't be told.
pub fn mended(tenant: TenantId, text: &str) -> Option<String> {
    const NAME: &str = "\"contentHash\"";
    let body = body(text);
    let from = body.find(NAME)? + NAME.len();
    let from = from + body[from..].find('"')? + 1;
    let to = from + body[from..].find('"')?;
    let hash = content_hash(tenant, body)?;
    let mended = format!("{}{hash}{}\n}}", &body[..from], &body[to..]);
    // The name may stand in another place too.
    let value: Value = serde_json::from_str(&mended).ok()?;
    (value["contentHash"] == hash).then(|| sealed(&mended))
}

/// All before the checksum, or before the end of an object without one.
fn body(text: &str) -> &str {
    match text.rsplit_once(CHECKSUM) {
        Some((body, _)) => body,
        None => {
            let text = text.trim_end();
            text.strip_suffix('}').unwrap_or(text).trim_end()
        }
    }
}

fn content_hash(tenant: TenantId, body: &str) -> Option<String> {
    let document: Document = serde_json::from_str(&format!("{body}}}")).ok()?;
    let mut stored: HashMap<LabelId, Stored> = HashMap::new();
    let mut labels = Vec::new();
    for one in document.labels.into_iter().chain(document.tombstones) {
        let mut label = Label::new(tenant, one.id, "");
        label.display_name.clone_from(&one.display_name);
        label.back_end_name.clone_from(&one.name);
        label.parent = one.parent_id;
        label.source_order = one.order;
        label.state = one.state;
        labels.push(label);
        stored.insert(one.id, one);
    }
    let (catalog, _) = LabelCatalog::build(tenant, labels).ok()?;
    let mut hashed = Vec::new();
    for (order, label) in (0..).zip(catalog.labels()) {
        let mut one = stored.get(&label.key.label)?.clone();
        one.display_name.clone_from(&label.display_name);
        one.name.clone_from(&label.back_end_name);
        one.parent_id = label.parent;
        one.order = order;
        let is_volatile = |name: &str| VOLATILE.iter().any(|one| one.eq_ignore_ascii_case(name));
        one.extras.retain(|name, _| !is_volatile(name));
        hashed.push(one);
    }
    Some(sha256(&serde_json::to_vec(&hashed).ok()?))
}

fn sha256(bytes: &[u8]) -> String {
    let mut text = "sha256:".to_owned();
    for byte in Sha256::digest(bytes) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
