//! The filters of a rule as JSON: the product's filters for activities, as far as label events have
//! what they ask for, and one for the actor, which is ours (3.2, 8.2).

use label_core::{AppId, FileId, LabelKey, PolicyId};
use serde_json::{Map, Value, json};

use super::event::{ChangeDirection, LabelEventKind};
use super::rule::{ActorPattern, EventFilter, Selection};
use crate::address::Address;
use crate::check::BuildContext;
use crate::error::{BuildCause, Place, Problems, did_you_mean, quote};
use crate::field::{FilterDialect, Operator};
use crate::filter::{Gone, VALUES_MAX};
use crate::json::{Members, type_error, written_instant};
use crate::value;

/// What a filter looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Property {
    Kind,
    App,
    Instance,
    Label,
    File,
    Actor,
    Date,
}

/// Filters by name. The first name of a property is the one that is written.
const FILTERS: [(&str, Property); 9] = [
    ("activity.eventType", Property::Kind),
    ("actionType", Property::Kind),
    ("service", Property::App),
    ("instance", Property::Instance),
    ("fileLabels", Property::Label),
    ("fileId", Property::File),
    ("actor", Property::Actor),
    ("date", Property::Date),
    ("created", Property::Date),
];

/// What the product's activities have, and label events don't: names, or what names begin with up to
/// a dot, each with what can be written in its place.
const ELSEWHERE: [(&str, &str); 16] = [
    ("activity", NOTHING),
    ("activityObject", "write `fileId`"),
    ("all", NO_GROUPS),
    ("any", NO_GROUPS),
    ("device", NOTHING),
    ("entity", WRITE_ACTOR),
    ("fileSelector", "write `fileId`"),
    ("ip", NOTHING),
    ("location", NOTHING),
    ("none", NO_GROUPS),
    ("policy", NOTHING),
    ("name", NOTHING),
    ("source", NOTHING),
    ("text", NOTHING),
    ("user", WRITE_ACTOR),
    ("userAgent", NOTHING),
];

/// Of the extended dialect: the product's has no such filter.
const WRITE_ACTOR: &str = "write `actor`";
const NOTHING: &str = "the product's activities have it, label events don't";
const NO_GROUPS: &str = "event rules have no groups; write a rule for each case";

/// Events by name; the first name of a kind is the one that is written. The last three are the
/// audit's names (3.3).
pub(super) const EVENT_NAMES: &[&str] = &[
    "LabelDiscovered",
    "LabelApplied",
    "LabelRemoved",
    "LabelChanged (upgrade)",
    "LabelChanged (downgrade)",
    "LabelChanged (lateral)",
    "LabelActionFailed",
    "ProtectionDetected",
    "LabelChanged",
    "FileSensitivityLabelApplied",
    "FileSensitivityLabelChanged",
    "FileSensitivityLabelRemoved",
];

/// The kinds of event that a name stands for.
fn kinds(name: &str) -> Option<&'static [LabelEventKind]> {
    Some(match name {
        "LabelDiscovered" => &[LabelEventKind::LabelDiscovered],
        "LabelApplied" | "FileSensitivityLabelApplied" => &[LabelEventKind::LabelApplied],
        "LabelRemoved" | "FileSensitivityLabelRemoved" => &[LabelEventKind::LabelRemoved],
        "LabelChanged (upgrade)" => &[LabelEventKind::LabelChanged(ChangeDirection::Upgrade)],
        "LabelChanged (downgrade)" => &[LabelEventKind::LabelChanged(ChangeDirection::Downgrade)],
        "LabelChanged (lateral)" => &[LabelEventKind::LabelChanged(ChangeDirection::Lateral)],
        "LabelActionFailed" => &[LabelEventKind::LabelActionFailed],
        "ProtectionDetected" => &[LabelEventKind::ProtectionDetected],
        "LabelChanged" | "FileSensitivityLabelChanged" => &CHANGES,
        _ => return None,
    })
}

const CHANGES: [LabelEventKind; 3] = [
    LabelEventKind::LabelChanged(ChangeDirection::Upgrade),
    LabelEventKind::LabelChanged(ChangeDirection::Downgrade),
    LabelEventKind::LabelChanged(ChangeDirection::Lateral),
];

/// Actors of which any counts.
pub(super) const ANY_ACTORS: [(&str, ActorPattern); 3] = [
    ("policy", ActorPattern::AnyPolicy),
    ("administrator", ActorPattern::AnyAdministrator),
    ("outside", ActorPattern::AnyoneOutside),
];

/// The filters of a dialect, in the order of the product's table.
pub(super) fn filters(dialect: FilterDialect) -> impl Iterator<Item = (&'static str, Property)> {
    FILTERS
        .into_iter()
        .filter(move |&(_, property)| operators(property, dialect).next().is_some())
}

/// The operators that a filter takes. The product asks for an actor in other ways, and takes files
/// by `eq` alone.
pub(super) fn operators(
    property: Property,
    dialect: FilterDialect,
) -> impl Iterator<Item = Operator> {
    let is_ours = dialect == FilterDialect::Extended;
    let list: &[Operator] = match property {
        Property::Actor if !is_ours => &[],
        Property::File if !is_ours => &[Operator::Eq],
        Property::Date => &[Operator::Lte, Operator::Gte, Operator::Range],
        _ => &[Operator::Eq, Operator::Neq],
    };
    list.iter().copied()
}

/// Reads a filter object.
pub(super) fn read(
    value: &Value,
    context: &BuildContext<'_>,
    place: &Place<'_>,
    problems: &mut Problems,
) -> EventFilter {
    let mut filter = EventFilter::default();
    let Some(members) = value.as_object() else {
        problems.push(place, type_error("an object of filters", value));
        return filter;
    };
    let mut reader = Reader {
        context,
        problems,
        filter: &mut filter,
        has_empty_range: false,
    };
    for (name, value) in members {
        reader.filter(name, value, &place.member(name));
    }
    filter
}

struct Reader<'r, 'l> {
    context: &'r BuildContext<'l>,
    problems: &'r mut Problems,
    filter: &'r mut EventFilter,
    has_empty_range: bool,
}

impl Reader<'_, '_> {
    fn filter(&mut self, name: &str, value: &Value, place: &Place<'_>) {
        let dialect = self.context.dialect;
        let Some((filter, property)) = filters(dialect).find(|(known, _)| *known == name) else {
            let names = || filters(dialect).map(|(name, _)| name);
            let cause = BuildCause::UnknownFilter {
                name: quote(name),
                allowed: names().collect(),
            };
            self.problems.push_near(place, cause, || {
                let elsewhere = elsewhere(name, dialect).map(str::to_owned);
                // The events' own names begin like many that label events lack.
                if name.starts_with("activity.") {
                    did_you_mean(name, names()).or(elsewhere)
                } else {
                    elsewhere.or_else(|| did_you_mean(name, names()))
                }
            });
            return;
        };
        let Some(members) = value.as_object() else {
            self.problems
                .push(place, type_error("an object of operators", value));
            return;
        };
        if members.is_empty() {
            self.problems
                .push(place, type_error("at least one operator", value));
        }
        for (name, value) in members {
            let place = place.member(name);
            let known = operators(property, dialect).find(|operator| operator.name() == name);
            match known {
                Some(operator) if property == Property::Date => self.date(operator, value, &place),
                Some(operator) => self.values(property, operator, value, &place),
                None => self.unknown_operator(filter, property, name, &place),
            }
        }
        let (from_ms, until_ms) = (self.filter.from_ms, self.filter.until_ms);
        let is_empty = from_ms
            .zip(until_ms)
            .is_some_and(|(from, until)| from > until);
        // Said once, where it became so.
        if is_empty && !self.has_empty_range {
            self.has_empty_range = true;
            self.problems.push(place, BuildCause::EmptyRange);
        }
    }

    fn unknown_operator(
        &mut self,
        filter: &'static str,
        property: Property,
        name: &str,
        place: &Place<'_>,
    ) {
        let allowed: Vec<&str> = operators(property, self.context.dialect)
            .map(Operator::name)
            .collect();
        let is_relative = [Operator::GteNdays, Operator::LteNdays]
            .map(Operator::name)
            .contains(&name);
        let names = allowed.clone();
        let cause = BuildCause::UnknownOperator {
            filter,
            operator: quote(name),
            allowed,
        };
        if property == Property::Date && is_relative {
            let fixed = "events are looked at as they come, so only fixed dates tell them apart";
            self.problems
                .push_with(place, cause, Some(fixed.to_owned()));
        } else {
            self.problems
                .push_near(place, cause, || did_you_mean(name, names));
        }
    }

    fn date(&mut self, operator: Operator, value: &Value, place: &Place<'_>) {
        let (from_ms, until_ms) = if operator == Operator::Range {
            let Some(list) = value::list(value, 1, place, self.problems) else {
                return;
            };
            let Some(one) = list.first() else {
                self.problems.push(place, type_error("one range", value));
                return;
            };
            let item = place.item(0);
            let place = if value.is_array() { &item } else { place };
            let range = value::range(one, place, self.problems);
            range.map_or((None, None), |range| {
                (Some(*range.start()), Some(*range.end()))
            })
        } else {
            let instant = value::instant(value, place, self.problems);
            match operator {
                Operator::Gte => (instant, None),
                _ => (None, instant),
            }
        };
        // All dates must hold: the latest start and the earliest end.
        let filter = &mut *self.filter;
        filter.from_ms = filter.from_ms.max(from_ms);
        filter.until_ms = match (filter.until_ms, until_ms) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }

    fn values(&mut self, property: Property, operator: Operator, value: &Value, place: &Place<'_>) {
        let problems = &mut *self.problems;
        let labels = self.context.labels;
        let filter = &mut *self.filter;
        match property {
            Property::Kind => {
                let mut kinds = many(value, place, problems, event_type).concat();
                // Names of several kinds may overlap.
                kinds.sort_unstable();
                kinds.dedup();
                add(&mut filter.kind, operator, kinds);
                // Under two names kinds may be excluded twice.
                filter.kind.neq.sort_unstable();
                filter.kind.neq.dedup();
            }
            Property::App => {
                let apps = many(value, place, problems, |value, place, problems| {
                    value::number(value, place, problems).map(AppId)
                });
                add(&mut filter.app, operator, apps);
            }
            Property::Instance => {
                let instances = many(value, place, problems, value::number);
                add(&mut filter.instance, operator, instances);
            }
            Property::Label => {
                let keys = many(value, place, problems, |value, place, problems| {
                    value::label(value, labels, Gone::Refused, place, problems)
                });
                add(&mut filter.label, operator, keys);
            }
            Property::File => {
                let ids = many(value, place, problems, file_id);
                add(&mut filter.file, operator, ids);
            }
            Property::Actor => {
                let patterns = many(value, place, problems, actor);
                add(&mut filter.actor, operator, patterns);
            }
            // Read by `date`.
            Property::Date => {}
        }
    }
}

/// The values of an operator, in their order; one that can't be read is written down and left out.
fn many<T>(
    value: &Value,
    place: &Place<'_>,
    problems: &mut Problems,
    mut read: impl FnMut(&Value, &Place<'_>, &mut Problems) -> Option<T>,
) -> Vec<T> {
    let list = value::list(value, VALUES_MAX, place, problems).unwrap_or_default();
    let mut values = Vec::with_capacity(list.len());
    for (at, one) in list.iter().enumerate() {
        let item = place.item(at);
        let place = if value.is_array() { &item } else { place };
        values.extend(read(one, place, problems));
    }
    values
}

/// Two filters of one property must both hold.
fn add<T: PartialEq>(selection: &mut Selection<T>, operator: Operator, values: Vec<T>) {
    match (operator, &mut selection.eq) {
        (Operator::Neq, _) => selection.neq.extend(values),
        (_, Some(wanted)) => wanted.retain(|one| values.contains(one)),
        (_, wanted) => *wanted = Some(values),
    }
}

/// What can be written in place of a filter of the product's activities, if it is one.
fn elsewhere(name: &str, dialect: FilterDialect) -> Option<&'static str> {
    let (_, suggestion) = ELSEWHERE.iter().find(|(known, _)| {
        let rest = name.strip_prefix(known);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })?;
    match (*suggestion, dialect) {
        (WRITE_ACTOR, FilterDialect::Product) => Some(NOTHING),
        (suggestion, _) => Some(suggestion),
    }
}

/// The kinds of event of a value.
pub(super) fn event_type(
    value: &Value,
    place: &Place<'_>,
    problems: &mut Problems,
) -> Option<&'static [LabelEventKind]> {
    // The product's own label actions by number: there the actor is part of the event.
    let ours = match value.as_u64() {
        Some(917_663) => Some("`LabelApplied` and `LabelChanged`"),
        Some(917_664) => Some("`LabelRemoved`"),
        _ => None,
    };
    if let Some(kinds) = ours {
        let cause = type_error("the name of a label event", value);
        let suggestion = format!("write {kinds}, and `policy` and `administrator` as the `actor`");
        problems.push_with(place, cause, Some(suggestion));
        return None;
    }
    let name = value::text(value, place, problems)?;
    let found = kinds(name);
    if found.is_none() {
        let cause = BuildCause::Choice {
            value: quote(name),
            allowed: EVENT_NAMES,
        };
        // The audit's names of what happens to sites look like those of files.
        problems.push_near(place, cause, || match name.starts_with("Sensitivity") {
            true => Some("only files have label events".to_owned()),
            false => did_you_mean(name, EVENT_NAMES.iter().copied()),
        });
    }
    found
}

/// A file's id in its app.
pub(super) fn file_id(value: &Value, place: &Place<'_>, problems: &mut Problems) -> Option<FileId> {
    let text = value::text(value, place, problems)?;
    let id = FileId::parse(text).ok();
    if id.is_none() {
        problems.push(place, type_error("the id of a file", value));
    }
    id
}

/// Any actor of a kind, or the one that is named.
pub(super) fn actor(
    value: &Value,
    place: &Place<'_>,
    problems: &mut Problems,
) -> Option<ActorPattern> {
    const NAMES: [&str; 3] = ["policy", "administrator", "outside"];
    if let Some(text) = value.as_str() {
        let found = ANY_ACTORS.iter().find(|(known, _)| *known == text);
        if found.is_none() {
            let cause = BuildCause::Choice {
                value: quote(text),
                allowed: &NAMES,
            };
            problems.push_near(place, cause, || match text.contains('@') {
                true => Some(format!("write `{{\"outside\": \"{}\"}}`", quote(text))),
                false => did_you_mean(text, NAMES),
            });
        }
        return found.map(|(_, pattern)| pattern.clone());
    }
    let errors_before = problems.len();
    let members = Members::new(value, place, &NAMES, problems);
    if problems.len() > errors_before {
        return None;
    }
    let mut named = NAMES.iter().filter(|name| members.value(name).is_some());
    let (Some(name), None) = (named.next(), named.next()) else {
        let expected = "an object with one of `policy`, `administrator` and `outside`";
        problems.push(place, type_error(expected, value));
        return None;
    };
    let place = place.member(name);
    let text = value::text(members.value(name)?, &place, problems)?;
    let pattern = match *name {
        "policy" => PolicyId::parse(text).map(ActorPattern::Policy),
        "administrator" => Address::parse(text).map(ActorPattern::Administrator),
        _ => Address::parse(text).map(ActorPattern::Outside),
    };
    if pattern.is_err() {
        let expected = if *name == "policy" {
            "a policy id"
        } else {
            "an address"
        };
        problems.push(&place, type_error(expected, &text.into()));
    }
    pattern.ok()
}

/// A filter as [`read`] reads it.
pub(super) fn written(filter: &EventFilter) -> Value {
    let mut filters = Map::new();
    let mut put = |property: Property, operators: Map<String, Value>| {
        let known = FILTERS.iter().find(|(_, known)| *known == property);
        if let Some((name, _)) = known
            && !operators.is_empty()
        {
            filters.insert((*name).to_owned(), Value::Object(operators));
        }
    };
    let text = |text: &str| Value::from(text);
    put(
        Property::Kind,
        selection(&filter.kind, |kind| text(event_name(*kind))),
    );
    put(Property::App, selection(&filter.app, |app| app.0.into()));
    put(
        Property::Instance,
        selection(&filter.instance, |instance| (*instance).into()),
    );
    put(
        Property::Label,
        selection(&filter.label, |key: &LabelKey| key.to_string().into()),
    );
    put(
        Property::File,
        selection(&filter.file, |id| text(id.as_str())),
    );
    put(Property::Actor, selection(&filter.actor, written_actor));
    let mut date = Map::new();
    match (filter.from_ms, filter.until_ms) {
        (Some(from_ms), Some(until_ms)) => {
            let range =
                json!({"start": written_instant(from_ms), "end": written_instant(until_ms)});
            date.insert(Operator::Range.name().to_owned(), range);
        }
        (from_ms, until_ms) => {
            for (operator, instant) in [(Operator::Gte, from_ms), (Operator::Lte, until_ms)] {
                let value = instant.map(written_instant);
                date.extend(value.map(|value| (operator.name().to_owned(), value)));
            }
        }
    }
    put(Property::Date, date);
    Value::Object(filters)
}

fn selection<T>(selection: &Selection<T>, write: impl Fn(&T) -> Value) -> Map<String, Value> {
    let mut operators = Map::new();
    let mut put = |operator: Operator, values: &[T]| {
        let values = values.iter().map(&write).collect();
        operators.insert(operator.name().to_owned(), Value::Array(values));
    };
    if let Some(wanted) = &selection.eq {
        put(Operator::Eq, wanted);
    }
    if !selection.neq.is_empty() {
        put(Operator::Neq, &selection.neq);
    }
    operators
}

/// The name that stands for one kind of event.
pub(super) fn event_name(kind: LabelEventKind) -> &'static str {
    let mut names = EVENT_NAMES.iter();
    let found = names.find(|name| kinds(name).is_some_and(|kinds| kinds == [kind]));
    found.copied().unwrap_or_default()
}

/// As [`actor`] reads it.
pub(super) fn written_actor(pattern: &ActorPattern) -> Value {
    match pattern {
        ActorPattern::Policy(id) => json!({"policy": id.as_str()}),
        ActorPattern::Administrator(address) => json!({"administrator": address.as_str()}),
        ActorPattern::Outside(address) => json!({"outside": address.as_str()}),
        ActorPattern::AnyPolicy => json!("policy"),
        ActorPattern::AnyAdministrator => json!("administrator"),
        ActorPattern::AnyoneOutside => json!("outside"),
    }
}
