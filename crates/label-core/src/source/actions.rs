//! What a label does, from an export of `Get-Label`: its `LabelActions`, and the flat properties that
//! older and detailed exports have (L-015).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::note;
use super::powershell::{CUT, Members, is_cut, items, object, pairs};
use crate::label::LabelProtection;
use crate::marking::{ContentMarking, MarkingPlace};
use crate::protection::{
    ContentExpiry, Encryption, EncryptionKind, GRANTS_MAX, Grant, OfflineAccess,
};

/// Most actions of one label that are looked at.
const ACTIONS_MAX: usize = 1_000;

/// What was found; what the export doesn't say, or can't be read, is unknown and never "nothing".
pub(super) struct Actions {
    pub(super) protection: LabelProtection,
    pub(super) encryption: Option<Encryption>,
    pub(super) markings: Option<Vec<ContentMarking>>,
}

/// What the flat properties of each kind that have a place in the model begin with, and how they go
/// on.
const FLAT: [(&str, &[&str]); 4] = [
    (
        "Encryption",
        &[
            "Enabled",
            "ProtectionType",
            "TemplateId",
            "RightsDefinitions",
            "DoNotForward",
            "EncryptOnly",
            "PromptUser",
            "ContentExpiredOnDateInDaysOrNever",
            "OfflineAccessDays",
            "DoubleKeyEncryptionUrl",
        ],
    ),
    ("ApplyContentMarkingHeader", MARKING),
    ("ApplyContentMarkingFooter", MARKING),
    ("ApplyWaterMarking", MARKING),
];

const MARKING: &[&str] = &[
    "Enabled",
    "Text",
    "FontName",
    "FontSize",
    "FontColor",
    "Alignment",
    "Margin",
    "Layout",
];

/// Whether a member is one of the flat properties. Letter case doesn't matter: some name people, and
/// none of those may pass for unknown.
pub(super) fn is_flat(name: &str) -> bool {
    FLAT.iter().any(|(start, rest)| {
        name.split_at_checked(start.len())
            .is_some_and(|(own, end)| {
                own.eq_ignore_ascii_case(start)
                    && rest.iter().any(|one| one.eq_ignore_ascii_case(end))
            })
    })
}

/// Whether a member or setting lists people and has no place in the model: for whom a template is,
/// and the rights where they stand beside the actions.
pub(super) fn names_people(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let ends = ["aiptemplatescopes", "rightsdefinitions"];
    ends.iter().any(|end| name.ends_with(end)) && !is_flat(&name)
}

/// Reads both forms; where both say something, the flat one counts.
pub(super) fn read(
    members: &Map<String, Value>,
    pointer: &str,
    notes: &mut Vec<String>,
) -> Actions {
    let mut found = Actions::UNKNOWN;
    let reader = Members { members, pointer };
    let place = reader.place("LabelActions");
    if let Some(value) = members.get("LabelActions") {
        found = match read_list(value, &place, notes) {
            Ok(found) => found,
            Err(cause) => {
                note(
                    notes,
                    format!("{place}: {cause}; what the label does is unknown"),
                );
                Actions::UNKNOWN
            }
        };
    }
    let mut flat: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in members.iter().filter(|(name, _)| is_flat(name)) {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Bool(flag) => flag.to_string(),
            Value::Number(number) => number.to_string(),
            // Grants, which are JSON in a text elsewhere. Nothing else here is a list.
            Value::Array(_) | Value::Object(_)
                if name.to_ascii_lowercase().ends_with("rightsdefinitions") =>
            {
                value.to_string()
            }
            _ => continue,
        };
        flat.insert(name.to_lowercase(), text);
    }
    let settings = |prefix: &'static str| Settings { map: &flat, prefix };
    match settings("encryption").flag("enabled") {
        Some(true) => found.encrypt(&settings("encryption"), pointer, notes),
        Some(false) => (found.protection, found.encryption) = (LabelProtection::None, None),
        None => {}
    }
    for (place, prefix) in [
        (MarkingPlace::Header, "applycontentmarkingheader"),
        (MarkingPlace::Footer, "applycontentmarkingfooter"),
        (MarkingPlace::Watermark, "applywatermarking"),
    ] {
        let Some(enabled) = settings(prefix).flag("enabled") else {
            continue;
        };
        let markings = found.markings.get_or_insert_default();
        markings.retain(|marking| marking.place != place);
        if enabled {
            markings.push(marking(place, &settings(prefix)));
        }
    }
    if let Some(markings) = &mut found.markings {
        markings.sort_by_key(|marking| marking.place);
    }
    found
}

/// A list of actions: texts with JSON, objects, or one of them.
fn read_list(value: &Value, place: &str, notes: &mut Vec<String>) -> Result<Actions, &'static str> {
    let listed: Option<Value> = match value {
        Value::String(text) if text.trim_start().starts_with('[') => {
            Some(serde_json::from_str(text).map_err(|_| "not JSON")?)
        }
        Value::String(text) if text.trim().is_empty() => Some(Value::Array(Vec::new())),
        _ => None,
    };
    let mut found = Actions {
        protection: LabelProtection::None,
        encryption: None,
        markings: Some(Vec::new()),
    };
    let actions = items(Some(listed.as_ref().unwrap_or(value)));
    if actions.len() > ACTIONS_MAX {
        return Err("more than 1000 actions");
    }
    for item in actions {
        let Some(Value::Object(action)) = object(item) else {
            return Err(match item {
                Value::String(text) if is_cut(text) => CUT,
                _ => "an action that can't be read",
            });
        };
        let member = |name: &str| {
            let found = action
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value)
        };
        let word = |name: &str| {
            let text = member(name).and_then(Value::as_str).unwrap_or_default();
            text.to_ascii_lowercase()
        };
        let (listed, problem) = pairs(member("Settings"));
        if let Some(problem) = problem {
            return Err(problem);
        }
        let map: BTreeMap<String, String> = listed.into_iter().collect();
        let settings = Settings {
            map: &map,
            prefix: "",
        };
        // An action counts only where it says that it isn't off.
        if settings.flag("disabled") != Some(false) {
            continue;
        }
        let marked = match (word("Type").as_str(), word("SubType").as_str()) {
            ("encrypt", _) => {
                found.encrypt(&settings, place, notes);
                continue;
            }
            ("applycontentmarking", "header") => MarkingPlace::Header,
            ("applycontentmarking", "footer") => MarkingPlace::Footer,
            ("applywatermarking", _) => MarkingPlace::Watermark,
            // Sites, groups and what this version doesn't know: not for files.
            _ => continue,
        };
        let markings = found.markings.get_or_insert_default();
        markings.push(marking(marked, &settings));
    }
    Ok(found)
}

/// Reads `labelActions` of an early beta of Graph (section 1.11), where a label's list of them says
/// all that it does. Its actions are objects with a type, `#microsoft.graph.addHeader` and so on, and
/// their own names for what the exports have.
pub(super) fn read_beta(
    list: &[Value],
    place: &str,
    notes: &mut Vec<String>,
) -> Result<Actions, &'static str> {
    if list.len() > ACTIONS_MAX {
        return Err("more than 1000 actions");
    }
    let mut found = Actions {
        protection: LabelProtection::None,
        encryption: None,
        markings: Some(Vec::new()),
    };
    for item in list {
        let Value::Object(action) = item else {
            return Err("an action that can't be read");
        };
        let kind = ["@odata.type", "name"]
            .iter()
            .find_map(|name| action.get(*name)?.as_str());
        let kind = kind.ok_or("an action without a type")?;
        let kind = kind.rsplit('.').next().unwrap_or_default();
        let mut map: BTreeMap<String, String> = action
            .iter()
            .filter_map(|(name, value)| {
                let text = match value {
                    Value::String(text) => text.clone(),
                    Value::Bool(flag) => flag.to_string(),
                    Value::Number(number) => number.to_string(),
                    _ => return None,
                };
                Some((name.to_lowercase(), text))
            })
            .collect();
        let mut set = |name: &str, value: &str| map.insert(name.to_owned(), value.to_owned());
        let marked = match kind.to_ascii_lowercase().as_str() {
            "addheader" => Some(MarkingPlace::Header),
            "addfooter" => Some(MarkingPlace::Footer),
            "addwatermark" => Some(MarkingPlace::Watermark),
            "encryptwithtemplate" => {
                set("protectiontype", "template");
                None
            }
            "encryptwithuserdefinedrights" => {
                set("protectiontype", "userdefined");
                let said = |name: &str| action.get(name).and_then(Value::as_bool);
                if said("allowAdHocPermissions") == Some(true) {
                    set("promptuser", "true");
                }
                // Where forwarding is not allowed, that is what Outlook's setting says.
                if said("allowMailForwarding") == Some(false) {
                    set("donotforward", "true");
                }
                if let Some(id) = action
                    .get("decryptionRightsManagementTemplateId")
                    .and_then(Value::as_str)
                {
                    set("templateid", id);
                }
                None
            }
            // Sites, groups, meetings and what this version doesn't know: not for files.
            _ => continue,
        };
        let settings = Settings {
            map: &map,
            prefix: "",
        };
        match marked {
            None => found.encrypt(&settings, place, notes),
            Some(marked) => {
                let markings = found.markings.get_or_insert_default();
                markings.push(marking(marked, &settings));
            }
        }
    }
    Ok(found)
}

/// Settings by lower-case name, with what the flat properties begin with.
struct Settings<'a> {
    map: &'a BTreeMap<String, String>,
    prefix: &'static str,
}

impl Settings<'_> {
    /// A text that isn't empty.
    fn text(&self, name: &str) -> Option<String> {
        let text = self.map.get(&format!("{}{name}", self.prefix))?;
        (!text.trim().is_empty()).then(|| text.clone())
    }

    fn flag(&self, name: &str) -> Option<bool> {
        match self.text(name)?.trim().to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    fn number(&self, name: &str) -> Option<u32> {
        // Sizes come as `10` and as `10.0`.
        let text = self.text(name)?;
        let whole = text.trim().split('.').next()?;
        whole.parse().ok()
    }
}

impl Actions {
    const UNKNOWN: Self = Self {
        protection: LabelProtection::Unknown,
        encryption: None,
        markings: None,
    };

    fn encrypt(&mut self, settings: &Settings<'_>, place: &str, notes: &mut Vec<String>) {
        let is_set = |name: &str| settings.flag(name) == Some(true);
        let kind = settings.text("protectiontype").unwrap_or_default();
        let (kind, protection) = match kind.trim().to_ascii_lowercase().as_str() {
            "template" => (EncryptionKind::Template, LabelProtection::Template),
            "userdefined" => (
                EncryptionKind::UserDefined {
                    prompt: is_set("promptuser"),
                    do_not_forward: is_set("donotforward"),
                    encrypt_only: is_set("encryptonly"),
                },
                LabelProtection::UserDefined,
            ),
            "removeprotection" => (EncryptionKind::Remove, LabelProtection::None),
            other => {
                let quoted = crate::error::quote(other);
                note(
                    notes,
                    format!("{place}: protection `{quoted}` is not known"),
                );
                (self.protection, self.encryption) = (LabelProtection::Unspecified, None);
                return;
            }
        };
        let mut encryption = Encryption::new(kind);
        encryption.template_id = settings.text("templateid");
        encryption.double_key_url = settings.text("doublekeyencryptionurl");
        encryption.expiry = match settings.text("contentexpiredondateindaysornever") {
            Some(text) if text.trim().eq_ignore_ascii_case("never") => Some(ContentExpiry::Never),
            Some(text) => text.trim().parse().ok().map(ContentExpiry::Days),
            None => None,
        };
        let offline = settings.text("offlineaccessdays");
        let offline: Option<i64> = offline.and_then(|days| days.trim().parse().ok());
        encryption.offline = offline.map(|days| match u32::try_from(days) {
            Ok(0) => OfflineAccess::Never,
            Ok(days) => OfflineAccess::Days(days),
            Err(_) => OfflineAccess::Always,
        });
        if let Some(text) = settings.text("rightsdefinitions") {
            match grants(&text) {
                Some(grants) => encryption.set_grants(grants),
                None => note(notes, format!("{place}: rights that can't be read")),
            }
        }
        (self.protection, self.encryption) = (protection, Some(encryption));
    }
}

/// Grants as JSON text or in the flat form (L-016).
fn grants(text: &str) -> Option<Vec<Grant>> {
    if !text.trim_start().starts_with(['[', '{']) {
        return Grant::parse_list(text).ok();
    }
    let list: Value = serde_json::from_str(text).ok()?;
    items(Some(&list))
        .iter()
        .take(GRANTS_MAX)
        .map(|item| {
            let member = |name: &str| {
                let members = item.as_object()?;
                let found = members
                    .iter()
                    .find(|(key, _)| key.eq_ignore_ascii_case(name));
                found.and_then(|(_, value)| value.as_str())
            };
            Some(Grant::new(member("Identity")?, member("Rights")?))
        })
        .collect()
}

fn marking(place: MarkingPlace, settings: &Settings<'_>) -> ContentMarking {
    let mut marking = ContentMarking::new(place, &settings.text("text").unwrap_or_default());
    marking.font_name = settings.text("fontname");
    marking.font_size = settings.number("fontsize");
    marking.font_color = settings.text("fontcolor");
    marking.margin = settings.number("margin");
    marking.alignment = settings.text("alignment");
    marking.layout = settings.text("layout");
    marking
}
