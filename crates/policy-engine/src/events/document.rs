//! Documents of event rules.

use std::collections::HashSet;

use label_core::PolicyId;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::filter_json;
use super::rule::{
    AppScope, COUNT_MAX, Counting, EventFilter, EventRule, MatchParameters, Repeated,
    TIME_FRAME_MINUTES_MAX,
};
use crate::check::{BuildContext, check_alerts, check_id, check_name};
use crate::document::{AlertSettings, Category, Severity};
use crate::error::{BuildCause, BuildErrors, Place, Problems};
use crate::json::{self, Members};
use crate::read::{Common, listed};

/// The name and version of the format. It is not that of file policies: a file policy looks at what a
/// file is, a rule at what happens to it, and each is read by who knows what to do with it.
pub const FORMAT: &str = "event-rules/1";

/// Most rules of one document.
pub const RULES_MAX: usize = 10_000;

/// A document of event rules: activity policies in the words of the product's pages (3.1), their
/// filters in the product's own syntax for activities (3.2).
///
/// Labels are written as in file policies, and looked up when the document is read; they are written
/// by tenant and id.
///
/// # Examples
///
/// ```
/// use label_core::{LabelCatalog, LabelView, TenantId};
/// use policy_engine::BuildContext;
/// use policy_engine::events::EventRuleDocument;
///
/// let labels = LabelView::new(LabelCatalog::empty(TenantId::from_u128(1)).into());
/// let context = BuildContext::new(&labels);
/// let text = r#"{"format": "event-rules/1", "rules": [{
///     "id": "1",
///     "name": "Many labels taken off",
///     "created": "2021-05-01T00:00:00Z",
///     "filters": {"activity.eventType": {"eq": ["LabelRemoved"]}, "service": {"eq": [10489]}},
///     "matchParameters": {"mode": "repeated", "minimumCount": 5, "timeFrameMinutes": 30}
/// }]}"#;
/// let document = EventRuleDocument::from_json(text, &context)?;
///
/// let written = serde_json::to_string(&document)?;
/// assert_eq!(EventRuleDocument::from_json(&written, &context)?, document);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventRuleDocument {
    /// The rules, in order.
    pub rules: Vec<EventRule>,
}

impl EventRuleDocument {
    /// Reads a document, and checks all of it: an [`EventMatcher`](super::EventMatcher) can be made
    /// of each rule.
    ///
    /// Of the context, the labels and the dialect count. In
    /// [`FilterDialect::Product`](crate::FilterDialect::Product), filters are the product's alone.
    /// A label that was deleted is an error (R-191), and with it the document: whoever wants to mend a
    /// stored one reads it beside the labels of its time.
    ///
    /// # Errors
    ///
    /// [`BuildErrors`] with everything that is wrong, each with its place.
    pub fn from_json(text: &str, context: &BuildContext<'_>) -> Result<Self, BuildErrors> {
        let mut problems = Problems::default();
        let mut rules = Vec::new();
        match json::parse(text) {
            Ok(value) => rules = document(&value, context, &mut problems),
            Err(cause) => problems.push(&Place::Root, cause),
        }
        problems.into_result()?;
        Ok(Self { rules })
    }
}

fn document(value: &Value, context: &BuildContext<'_>, problems: &mut Problems) -> Vec<EventRule> {
    let root = Place::Root;
    let list = listed(value, &[FORMAT], "rules", RULES_MAX, &root, problems);
    let place = root.member("rules");
    let mut ids = HashSet::new();
    let mut rules = Vec::with_capacity(list.len());
    for (at, value) in list.iter().enumerate() {
        let place = place.item(at);
        if let Some(rule) = rule(value, at, context, &place, problems) {
            check_id(&rule.id, &mut ids, &place, problems);
            rules.push(rule);
        }
    }
    rules
}

/// `None` only if no stand-in for a bad id can be made.
fn rule(
    value: &Value,
    at: usize,
    context: &BuildContext<'_>,
    place: &Place<'_>,
    problems: &mut Problems,
) -> Option<EventRule> {
    let members = Members::new(
        value,
        place,
        &[
            "id",
            "template",
            "name",
            "description",
            "severity",
            "category",
            "enabled",
            "created",
            "filters",
            "matchParameters",
            "alerts",
        ],
        problems,
    );
    let common = Common::read(&members, at, Category::ThreatDetection, problems)?;
    // Without it, events of any age would match (R-185).
    if value.is_object() {
        if members.value("created").is_none() {
            problems.push(place, BuildCause::Missing { name: "created" });
        }
        check_name(&common.name, place, problems);
    }
    check_alerts(&common.alerts, &place.member("alerts"), problems);
    let created_ms = common.created_ms.unwrap_or_default();
    let mut rule = EventRule::new(common.id, common.name, created_ms);
    rule.template = common.template;
    rule.description = common.description;
    rule.severity = common.severity;
    rule.category = common.category;
    rule.enabled = common.enabled;
    rule.alerts = common.alerts;
    if let Some(value) = members.value("filters") {
        rule.filter = filter_json::read(value, context, &place.member("filters"), problems);
    }
    if let Some(value) = members.value("matchParameters") {
        rule.parameters = match_parameters(value, &place.member("matchParameters"), problems);
    }
    Some(rule)
}

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Single,
    Repeated,
}

fn match_parameters(value: &Value, place: &Place<'_>, problems: &mut Problems) -> MatchParameters {
    const OF_REPEATED: [&str; 4] = [
        "minimumCount",
        "timeFrameMinutes",
        "singleApp",
        "uniqueFiles",
    ];
    let [one, two, three, four] = OF_REPEATED;
    let members = Members::new(value, place, &["mode", one, two, three, four], problems);
    if value.is_object() && members.value("mode").is_none() {
        problems.push(place, BuildCause::Missing { name: "mode" });
    }
    let modes = [Mode::Single, Mode::Repeated];
    let mode = members.choice("mode", &["single", "repeated"], &modes, problems);
    if mode != Some(Mode::Repeated) {
        // They would have no effect.
        let idle = OF_REPEATED
            .iter()
            .filter(|name| members.value(name).is_some());
        for other in idle.filter(|_| mode == Some(Mode::Single)) {
            let one = "mode single";
            let cause = BuildCause::Exclusive { one, other };
            let suggestion = "write mode `repeated`".to_owned();
            problems.push_with(&place.member(other), cause, Some(suggestion));
        }
        return MatchParameters::Single;
    }
    let mut number = |name: &'static str, expected: &'static str, limit: u32| {
        if members.value(name).is_none() {
            problems.push(place, BuildCause::Missing { name });
        }
        let number = members.read(name, expected, problems, |value| {
            json::whole_number(value).filter(|number| (1..=limit).contains(number))
        });
        number.unwrap_or(1)
    };
    MatchParameters::Repeated(Repeated {
        minimum_count: number("minimumCount", "a whole number from 1 to 10000", COUNT_MAX),
        time_frame_minutes: number(
            "timeFrameMinutes",
            "a whole number from 1 to 44640",
            TIME_FRAME_MINUTES_MAX,
        ),
        apps: if members.flag("singleApp", false, problems) {
            AppScope::Single
        } else {
            AppScope::All
        },
        counting: if members.flag("uniqueFiles", false, problems) {
            Counting::UniqueFiles
        } else {
            Counting::Events
        },
    })
}

/// As a document of [`FORMAT`].
impl Serialize for EventRuleDocument {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Document<'d> {
            format: &'static str,
            rules: &'d [EventRule],
        }
        Document {
            format: FORMAT,
            rules: &self.rules,
        }
        .serialize(serializer)
    }
}

impl Serialize for EventRule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Rule<'d> {
            id: &'d PolicyId,
            #[serde(skip_serializing_if = "Option::is_none")]
            template: Option<&'d str>,
            name: &'d str,
            description: &'d str,
            severity: Severity,
            category: Category,
            enabled: bool,
            created: Value,
            filters: &'d EventFilter,
            match_parameters: &'d MatchParameters,
            alerts: &'d AlertSettings,
        }
        Rule {
            id: &self.id,
            template: self.template.as_deref(),
            name: &self.name,
            description: &self.description,
            severity: self.severity,
            category: self.category,
            enabled: self.enabled,
            created: json::written_instant(self.created_ms),
            filters: &self.filter,
            match_parameters: &self.parameters,
            alerts: &self.alerts,
        }
        .serialize(serializer)
    }
}

/// As a filter object.
impl Serialize for EventFilter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        filter_json::written(self).serialize(serializer)
    }
}

impl Serialize for MatchParameters {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(tag = "mode", rename_all = "snake_case")]
        enum Parameters {
            Single,
            #[serde(rename_all = "camelCase")]
            Repeated {
                minimum_count: u32,
                time_frame_minutes: u32,
                single_app: bool,
                unique_files: bool,
            },
        }
        match self {
            Self::Single => Parameters::Single,
            Self::Repeated(repeated) => Parameters::Repeated {
                minimum_count: repeated.minimum_count,
                time_frame_minutes: repeated.time_frame_minutes,
                single_app: repeated.apps == AppScope::Single,
                unique_files: repeated.counting == Counting::UniqueFiles,
            },
        }
        .serialize(serializer)
    }
}
