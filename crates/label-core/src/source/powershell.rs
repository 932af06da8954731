//! Exports of `Get-Label` and `Get-LabelPolicy`: the only source with markings, encryption settings
//! and texts in every language (section 3.7).
//!
//! `ConvertTo-Json` writes lists of one item as the item, and turns what is nested more deeply than
//! asked for into text; much of the rest is JSON inside of texts.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value};

use super::{LabelList, Rejected, actions, cut_name, document_error, note};
use crate::catalog::LABELS_MAX;
use crate::error::{SourceError, quote};
use crate::id::{LabelId, TenantId};
use crate::label::{ApplicationMode, Label, LabelState, LocalizedTexts, Publication, Targets};
use crate::policy::{LabelPolicy, POLICIES_MAX, PolicySettings};

/// Most texts in other languages of one label.
const LOCALES_MAX: usize = 500;

/// What to do about an export that was cut.
pub(super) const CUT: &str =
    "cut off by `ConvertTo-Json`: export again with `-Depth 8`; what stood there is unknown";

/// Members that have a place in the model; all others are kept as they are.
const KNOWN: [&str; 16] = [
    "Guid",
    "ImmutableId",
    "Name",
    "DisplayName",
    "Comment",
    "Tooltip",
    "Priority",
    "ParentId",
    "ParentLabelDisplayName",
    "Disabled",
    "ContentType",
    "IsLabelGroup",
    "LabelActions",
    "Settings",
    "LocaleSettings",
    "Conditions",
];

/// Reads labels of `Get-Label`; `pointer` says where the list stands.
pub(super) fn labels(
    tenant: TenantId,
    items: &[&Value],
    pointer: &str,
) -> Result<LabelList, SourceError> {
    let mut list = LabelList::new(tenant);
    let mut rejected = Rejected::default();
    for (at, item) in items.iter().enumerate() {
        let pointer = format!("{pointer}/{at}");
        if list.labels.len() >= LABELS_MAX {
            return Err(document_error(&pointer, "more than 10000 labels"));
        }
        match label(item, &pointer, &mut list) {
            Ok(label) => list.labels.push(label),
            Err(error) => rejected.add(error, None),
        }
    }
    Ok(rejected.settle(list)?.unique())
}

fn label(item: &Value, pointer: &str, list: &mut LabelList) -> Result<Label, SourceError> {
    let Value::Object(members) = item else {
        return Err(document_error(pointer, "a label must be an object"));
    };
    let reader = Members { members, pointer };
    let id = match reader.text("Guid").or_else(|| reader.text("ImmutableId")) {
        Some(text) => LabelId::parse(&text)
            .map_err(|error| document_error(&format!("{pointer}/Guid"), &error.to_string()))?,
        None => return Err(document_error(pointer, "a label without `Guid`")),
    };
    let mut label = Label::new(list.tenant, id, "");
    let (settings, problem) = pairs(members.get("Settings"));
    if let Some(problem) = problem {
        note(&mut list.notes, format!("{pointer}/Settings: {problem}"));
    }
    label.settings = settings.into_iter().collect();
    label.settings.retain(|name, value| {
        let goes = actions::names_people(name);
        if goes {
            let value = Value::String(std::mem::take(value));
            super::note_people(&mut list.notes, &quote(name), &value);
        }
        !goes
    });
    let setting = |name: &str| {
        let value = label.settings.get(name).map(|value| value.trim());
        value.filter(|value| !value.is_empty()).map(str::to_owned)
    };
    label.display_name = reader.text("DisplayName");
    label.back_end_name = reader.text("Name");
    label.description = reader.text("Comment");
    label.tooltip = reader.text("Tooltip");
    label.auto_tooltip = setting("policytip");
    let color = setting("color");
    label.color = super::color(color.as_deref(), pointer, "Settings", list);
    label.source_order = reader.number("Priority").unwrap_or(0);
    let parent = reader.text("ParentId").or_else(|| setting("parentid"));
    label.parent = match parent.map(|text| LabelId::parse(&text)) {
        None => None,
        Some(Ok(parent)) => (parent.as_u128() != 0).then_some(parent),
        Some(Err(error)) => {
            return Err(document_error(
                &format!("{pointer}/ParentId"),
                &error.to_string(),
            ));
        }
    };
    // No document says what the modes mean. A label that waits to be deleted is taken for a disabled
    // one: it is still there, and nobody should apply it any more.
    let mode = reader.text("Mode");
    let is_going = mode.is_some_and(|mode| mode.trim().eq_ignore_ascii_case("PendingDeletion"));
    label.state = match reader.flag("Disabled") {
        Some(true) => LabelState::Disabled,
        _ if is_going => {
            let text = format!("{pointer}/Mode: waits to be deleted; taken for a disabled label");
            note(&mut list.notes, text);
            LabelState::Disabled
        }
        Some(false) => LabelState::Active,
        None => LabelState::Unknown,
    };
    label.publication = Publication::Unknown;
    let targets = reader
        .words("ContentType")
        .or_else(|| setting("contenttype"));
    label.targets = targets.map_or_else(Targets::default, |text| Targets::parse(&text));
    label.is_group = reader.flag("IsLabelGroup") == Some(true);
    let is_parent = setting("isparent").is_some_and(|text| text.eq_ignore_ascii_case("true"));
    label.is_appliable = is_parent.then_some(false);
    label.default_sublabel = setting("defaultsublabelid").and_then(|text| {
        let parsed = LabelId::parse(&text);
        if let Err(error) = &parsed {
            let text = format!("{pointer}/Settings: `defaultsublabelid`: {error}");
            note(&mut list.notes, text);
        }
        parsed.ok()
    });
    label.application_mode =
        setting("autoapplytype").and_then(|text| match text.to_ascii_lowercase().as_str() {
            "automatic" => Some(ApplicationMode::Automatic),
            "recommend" | "recommended" => Some(ApplicationMode::Recommended),
            "manual" => Some(ApplicationMode::Manual),
            _ => None,
        });
    label.conditions = match members.get("Conditions") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) if text.trim().is_empty() => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(other) => Some(other.to_string()),
    };
    locales(members.get("LocaleSettings"), &mut label, pointer, list);
    let actions = actions::read(members, pointer, &mut list.notes);
    label.protection = actions.protection;
    label.encryption = actions.encryption;
    label.markings = actions.markings;
    for (name, value) in members.iter() {
        if actions::names_people(name) {
            super::note_people(&mut list.notes, &quote(name), value);
        }
    }
    label.extras = super::extras(members, |name| {
        KNOWN.contains(&name) || actions::is_flat(name) || actions::names_people(name)
    });
    Ok(label)
}

/// Texts by language: entries by what they are a text of, each with a list of languages (L-062).
fn locales(value: Option<&Value>, label: &mut Label, pointer: &str, list: &mut LabelList) {
    let mut texts: BTreeMap<String, LocalizedTexts> = BTreeMap::new();
    for item in items(value) {
        let Some(Value::Object(entry)) = object(item) else {
            note(&mut list.notes, format!("{pointer}/LocaleSettings: {CUT}"));
            return;
        };
        let member = |name: &str| {
            let found = entry.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value)
        };
        let key = member("LocaleKey")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let (pairs, problem) = pairs(member("Settings"));
        if let Some(problem) = problem {
            note(
                &mut list.notes,
                format!("{pointer}/LocaleSettings: {problem}"),
            );
            return;
        }
        for (language, text) in pairs {
            if language == "default" || text.is_empty() || texts.len() >= LOCALES_MAX {
                continue;
            }
            let texts = texts.entry(language).or_default();
            match key.to_ascii_lowercase().as_str() {
                "displayname" => texts.display_name = Some(text),
                "tooltip" => texts.tooltip = Some(text),
                _ => {}
            }
        }
    }
    texts.retain(|_, one| one.display_name.is_some() || one.tooltip.is_some());
    label.locales = texts;
}

/// Reads policies of `Get-LabelPolicy`, with notes on what is odd in them.
pub(super) fn policies(
    items: &[&Value],
    pointer: &str,
) -> Result<(Vec<LabelPolicy>, Vec<String>), SourceError> {
    let mut policies = Vec::new();
    let mut notes = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let pointer = format!("{pointer}/{at}");
        let Value::Object(members) = item else {
            return Err(document_error(&pointer, "a policy must be an object"));
        };
        if policies.len() >= POLICIES_MAX {
            return Err(document_error(&pointer, "more than 1000 policies"));
        }
        policies.push(policy(members, &pointer, &mut notes)?);
    }
    Ok((policies, notes))
}

fn policy(
    members: &Map<String, Value>,
    pointer: &str,
    notes: &mut Vec<String>,
) -> Result<LabelPolicy, SourceError> {
    let reader = Members { members, pointer };
    let name = reader
        .text("Name")
        .ok_or_else(|| document_error(pointer, "a policy without `Name`"))?;
    let mut policy = LabelPolicy::new(&cut_name(&name));
    policy.priority = reader.number("Priority").unwrap_or(0);
    policy.enabled = reader.flag("Enabled") != Some(false);
    let mut add = |member: &str, into: &mut Vec<String>| {
        let mut seen: HashSet<String> = into.iter().cloned().collect();
        let mut has_cut = false;
        for item in items(members.get(member)) {
            let named = |item: &Map<String, Value>| {
                let name = item.get("Name").or_else(|| item.get("DisplayName"));
                name.and_then(Value::as_str).map(cut_name)
            };
            let text = match item {
                Value::String(text) if is_cut(text) => {
                    has_cut = true;
                    None
                }
                Value::String(text) => Some(cut_name(text)),
                Value::Object(item) => named(item),
                _ => None,
            };
            if let Some(text) = text
                && into.len() < LABELS_MAX
                && seen.insert(text.clone())
            {
                into.push(text);
            }
        }
        if has_cut {
            note(notes, format!("{pointer}/{member}: {CUT}"));
        }
    };
    add("Labels", &mut policy.labels);
    add("ScopedLabels", &mut policy.labels);
    policy.locations.clear();
    add("ExchangeLocation", &mut policy.locations);
    add("ModernGroupLocation", &mut policy.locations);
    // Both say the same as a rule; where they don't, the one that Office reads counts (L-018).
    let (listed, problem) = pairs(members.get("Settings"));
    let blob = reader.text("PolicySettingsBlob");
    let in_blob = match blob.as_deref().map(blob_pairs) {
        None => None,
        Some(Ok(pairs)) => Some(pairs),
        Some(Err(cause)) => {
            note(
                notes,
                format!("{pointer}/PolicySettingsBlob: {cause}; not read"),
            );
            None
        }
    };
    if let (Some(problem), None) = (problem, &in_blob) {
        note(notes, format!("{pointer}/Settings: {problem}"));
    }
    let chosen = match in_blob {
        None => listed,
        Some(in_blob) => {
            let both: BTreeMap<&str, &str> = pairs_by_key(&listed);
            let blob: BTreeMap<&str, &str> = pairs_by_key(&in_blob);
            if !listed.is_empty() && both != blob {
                note(
                    notes,
                    format!("{pointer}/Settings: differ from `PolicySettingsBlob`, which counts"),
                );
            }
            in_blob
        }
    };
    let (settings, more) = PolicySettings::from_pairs(chosen);
    notes.extend(
        more.into_iter()
            .map(|note| format!("{pointer}/Settings: {note}")),
    );
    policy.settings = settings;
    Ok(policy)
}

fn pairs_by_key(pairs: &[(String, String)]) -> BTreeMap<&str, &str> {
    pairs
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect()
}

/// Keys and values of `<setting key="…" value="…"/>` elements. Nothing else of XML occurs in them,
/// so nothing else is understood.
fn blob_pairs(text: &str) -> Result<Vec<(String, String)>, &'static str> {
    let mut pairs = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("<setting ") {
        let Some((tag, behind)) = after.split_once('>') else {
            return Err("an element without end");
        };
        let attribute = |name: &str| -> Option<String> {
            let (_, after) = tag.split_once(&format!("{name}=\""))?;
            let (value, _) = after.split_once('"')?;
            Some(unescaped(value))
        };
        match (attribute("key"), attribute("value")) {
            (Some(key), Some(value)) => {
                pairs.push((key.trim().to_lowercase(), value.trim().to_owned()));
            }
            _ => return Err("a setting without key or value"),
        }
        rest = behind;
    }
    if pairs.is_empty() && !text.contains("<settings") {
        return Err("not a list of settings");
    }
    Ok(pairs)
}

/// The five entities of XML, and no others.
fn unescaped(value: &str) -> String {
    value
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}

/// Whether a text stands for something that was nested too deeply for the export (L-061).
pub(super) fn is_cut(text: &str) -> bool {
    let text = text.trim();
    let is_type = |rest: &str| {
        rest.ends_with("[]") || rest.starts_with("Collections.") || rest.starts_with("Management.")
    };
    text.starts_with("@{") || text.strip_prefix("System.").is_some_and(is_type)
}

/// The items of a list, or the one item that stands for a list of one.
pub(super) fn items(value: Option<&Value>) -> &[Value] {
    match value {
        None | Some(Value::Null) => &[],
        Some(Value::Array(items)) => items,
        Some(one) => std::slice::from_ref(one),
    }
}

/// An object, or the one in a text; nothing where it can't be read.
pub(super) fn object(item: &Value) -> Option<Value> {
    match item {
        Value::Object(_) => Some(item.clone()),
        Value::String(text) => {
            let parsed: Value = serde_json::from_str(text).ok()?;
            parsed.is_object().then_some(parsed)
        }
        _ => None,
    }
}

/// Keys in lower case and values: of `[key, value]` texts, of objects with `Key` and `Value`, or of
/// texts with such objects; and what is wrong with those that can't be read.
pub(super) fn pairs(value: Option<&Value>) -> (Vec<(String, String)>, Option<&'static str>) {
    let mut pairs = Vec::new();
    let mut problem = None;
    let text_of = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let of_object = |item: &Value| -> Option<(String, String)> {
        let entry = object(item)?;
        let entry = entry.as_object()?;
        let member = |name: &str| {
            let found = entry.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value)
        };
        // A setting without a value says nothing.
        let value = member("Value").and_then(text_of).unwrap_or_default();
        Some((text_of(member("Key")?)?, value))
    };
    let of_text = |item: &Value| -> Option<(String, String)> {
        let inner = item.as_str()?.trim().strip_prefix('[')?.strip_suffix(']')?;
        // Values may have commas too.
        let (key, value) = inner.split_once(',')?;
        Some((key.to_owned(), value.trim().to_owned()))
    };
    for item in items(value) {
        match of_text(item).or_else(|| of_object(item)) {
            Some((key, value)) => pairs.push((key.trim().to_lowercase(), value)),
            None if item.as_str().is_some_and(is_cut) => problem = Some(CUT),
            None => problem = problem.or(Some("a setting that can't be read")),
        }
    }
    (pairs, problem)
}

/// Access to members whose types differ from export to export.
pub(super) struct Members<'a> {
    pub(super) members: &'a Map<String, Value>,
    pub(super) pointer: &'a str,
}

impl Members<'_> {
    /// A text that isn't empty.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        match self.members.get(name)? {
            Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
            _ => None,
        }
    }

    pub(super) fn number(&self, name: &str) -> Option<i64> {
        match self.members.get(name)? {
            Value::String(text) => text.trim().parse().ok(),
            value => value.as_i64(),
        }
    }

    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        match self.members.get(name)? {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) if text.trim().eq_ignore_ascii_case("true") => Some(true),
            Value::String(text) if text.trim().eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    fn words(&self, name: &str) -> Option<String> {
        let Value::Array(items) = self.members.get(name)? else {
            return self.text(name);
        };
        let words: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
        words.map(|words| words.join(","))
    }

    /// Where a member stands.
    pub(super) fn place(&self, name: &str) -> String {
        format!("{}/{}", self.pointer, quote(name))
    }
}
