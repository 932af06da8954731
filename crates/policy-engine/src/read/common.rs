//! What documents of file policies and of event rules have in common.

use label_core::PolicyId;
use serde_json::Value;

use crate::document::{ADDRESSES_MAX, AlertSettings, Category, Severity};
use crate::error::{BuildCause, Place, Problems, quote};
use crate::json::{self, Members, type_error};
use crate::value;

/// The list of a document of one of these formats.
pub(crate) fn listed<'v>(
    value: &'v Value,
    formats: &'static [&'static str],
    name: &'static str,
    limit: usize,
    place: &Place<'_>,
    problems: &mut Problems,
) -> &'v [Value] {
    let members = Members::new(value, place, &["format", name], problems);
    if let Some(found) = members.required("format", problems)
        && !formats.contains(&found)
    {
        problems.push(
            &place.member("format"),
            BuildCause::Choice {
                value: quote(found),
                allowed: formats,
            },
        );
    }
    if value.is_object() && members.value(name).is_none() {
        problems.push(place, BuildCause::Missing { name });
    }
    members.list(name, limit, problems)
}

/// The members that file policies and event rules both have.
pub(crate) struct Common {
    pub(crate) id: PolicyId,
    pub(crate) template: Option<String>,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) severity: Severity,
    pub(crate) category: Category,
    pub(crate) enabled: bool,
    pub(crate) created_ms: Option<i64>,
    pub(crate) alerts: AlertSettings,
}

impl Common {
    /// `None` only if no stand-in for a bad id can be made. `at` is the item's place in its list.
    pub(crate) fn read(
        members: &Members<'_, '_>,
        at: usize,
        category: Category,
        problems: &mut Problems,
    ) -> Option<Self> {
        let place = members.place;
        let id = members.required("id", problems).and_then(|text| {
            PolicyId::parse(text)
                .map_err(|_| {
                    problems.push(&place.member("id"), type_error("a policy id", &text.into()));
                })
                .ok()
        });
        // After an error the document is never used; the stand-in lets reading go on.
        let id = id.or_else(|| PolicyId::parse(&format!("item {at}, whose id is wrong")).ok())?;
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Some(Self {
            id,
            name: owned(members.required("name", problems)).unwrap_or_default(),
            template: owned(members.text("template", problems)),
            description: owned(members.text("description", problems)).unwrap_or_default(),
            severity: members
                .choice(
                    "severity",
                    SEVERITY_NAMES,
                    &[Severity::Low, Severity::Medium, Severity::High],
                    problems,
                )
                .unwrap_or_default(),
            category: members
                .choice("category", CATEGORY_NAMES, CATEGORIES, problems)
                .unwrap_or(category),
            enabled: members.flag("enabled", true, problems),
            created_ms: members
                .value("created")
                .and_then(|value| value::instant(value, &place.member("created"), problems)),
            alerts: members
                .value("alerts")
                .map(|value| alerts(value, &place.member("alerts"), problems))
                .unwrap_or_default(),
        })
    }
}

pub(crate) const SEVERITY_NAMES: &[&str] = &["low", "medium", "high"];

pub(crate) const CATEGORY_NAMES: &[&str] = &[
    "dlp",
    "sharing_control",
    "access_control",
    "compliance",
    "configuration_control",
    "cloud_discovery",
    "privileged_accounts",
    "threat_detection",
];

const CATEGORIES: &[Category] = &[
    Category::Dlp,
    Category::SharingControl,
    Category::AccessControl,
    Category::Compliance,
    Category::ConfigurationControl,
    Category::CloudDiscovery,
    Category::PrivilegedAccounts,
    Category::ThreatDetection,
];

fn alerts(value: &Value, place: &Place<'_>, problems: &mut Problems) -> AlertSettings {
    let members = Members::new(
        value,
        place,
        &["eachMatch", "dailyLimit", "email", "textMessage", "flow"],
        problems,
    );
    let usual = AlertSettings::default();
    AlertSettings {
        each_match: members.flag("eachMatch", usual.each_match, problems),
        daily_limit: members
            .read("dailyLimit", "a whole number", problems, json::whole_number)
            .unwrap_or(usual.daily_limit),
        email: members.texts("email", ADDRESSES_MAX, problems),
        text_message: members.texts("textMessage", ADDRESSES_MAX, problems),
        flow: members.text("flow", problems).map(str::to_owned),
    }
}
