//! One event as JSON, in our own form: the product's activities have no room for the labels before
//! and after.

use label_core::{AppId, LabelView};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::event::{Actor, EventLabel, LabelEvent, LabelEventKind, LabelPriority};
use super::filter_json::{actor, event_name, event_type, file_id, written_actor};
use super::rule::ActorPattern;
use crate::error::{BuildCause, BuildErrors, Place, Problems};
use crate::filter::Gone;
use crate::json::{self, Members, type_error};
use crate::value;

impl LabelEvent {
    /// Reads an event: `eventType`, one name as rules write it; `app`, `instance` (default: 0) and
    /// `fileId`; `before` and `after`, each a label or an object of `label`, `level` and `position`;
    /// `actor`, as rules write it (default: somebody outside); `date`, milliseconds or a date and time
    /// with its zone.
    ///
    /// A label that is a bare text has the priority that it has in `labels`; one in an object has the
    /// priority that stands there, or none. It may have been deleted since.
    ///
    /// # Errors
    ///
    /// [`BuildErrors`] with everything that is wrong, each with its place in the event.
    ///
    /// # Examples
    ///
    /// ```
    /// use label_core::{LabelCatalog, LabelView, TenantId};
    /// use policy_engine::events::{LabelEvent, LabelEventKind};
    ///
    /// let labels = LabelView::new(LabelCatalog::empty(TenantId::from_u128(1)).into());
    /// let text = r#"{"eventType": "LabelRemoved", "app": 10489, "fileId": "7",
    ///     "before": "2096f6a2-d2f7-48be-b329-b73aaa526e5d", "date": "2021-05-01T08:00:00Z"}"#;
    /// let event = LabelEvent::from_json(text, &labels)?;
    /// assert_eq!(event.kind, LabelEventKind::LabelRemoved);
    /// # Ok::<(), policy_engine::BuildErrors>(())
    /// ```
    pub fn from_json(text: &str, labels: &LabelView) -> Result<Self, BuildErrors> {
        let mut problems = Problems::default();
        let event = match json::parse(text) {
            Ok(value) => read(&value, labels, &mut problems),
            Err(cause) => {
                problems.push(&Place::Root, cause);
                None
            }
        };
        match event {
            Some(event) if problems.len() == 0 => Ok(event),
            _ => Err(problems.into_errors()),
        }
    }
}

fn read(value: &Value, labels: &LabelView, problems: &mut Problems) -> Option<LabelEvent> {
    let root = Place::Root;
    let allowed = [
        "eventType",
        "app",
        "instance",
        "fileId",
        "before",
        "after",
        "actor",
        "date",
    ];
    let members = Members::new(value, &root, &allowed, problems);
    if value.is_object() {
        for name in ["eventType", "app", "fileId", "date"] {
            if members.value(name).is_none() {
                problems.push(&root, BuildCause::Missing { name });
            }
        }
    }
    let kind = members
        .value("eventType")
        .and_then(|value| one_kind(value, &root.member("eventType"), problems));
    let mut number = |name: &'static str| {
        let value = members.value(name)?;
        value::number(value, &root.member(name), problems)
    };
    let (app, instance) = (number("app"), number("instance"));
    let file = members
        .value("fileId")
        .and_then(|value| file_id(value, &root.member("fileId"), problems));
    let mut label = |name: &'static str| {
        let value = members.value(name)?;
        event_label(value, labels, &root.member(name), problems)
    };
    let (before, after) = (label("before"), label("after"));
    let actor = members
        .value("actor")
        .map(|value| one_actor(value, &root.member("actor"), problems));
    let at_ms = members
        .value("date")
        .and_then(|value| value::instant(value, &root.member("date"), problems));
    Some(LabelEvent {
        kind: kind?,
        file: label_core::FileKey::new(AppId(app?), instance.unwrap_or(0), file?),
        before,
        after,
        actor: actor.unwrap_or(Some(Actor::Outside(None)))?,
        at_ms: at_ms?,
    })
}

fn one_kind(value: &Value, place: &Place<'_>, problems: &mut Problems) -> Option<LabelEventKind> {
    match event_type(value, place, problems)? {
        [kind] => Some(*kind),
        _ => {
            let cause = type_error("the name of one kind of event", value);
            let suggestion =
                "write which way the label was changed, such as `LabelChanged (upgrade)`";
            problems.push_with(place, cause, Some(suggestion.to_owned()));
            None
        }
    }
}

/// A policy and an administrator have a name; of others it may not be known.
fn one_actor(value: &Value, place: &Place<'_>, problems: &mut Problems) -> Option<Actor> {
    match actor(value, place, problems)? {
        ActorPattern::Policy(id) => Some(Actor::Policy(id)),
        ActorPattern::Administrator(address) => Some(Actor::Administrator(address)),
        ActorPattern::Outside(address) => Some(Actor::Outside(Some(address))),
        ActorPattern::AnyoneOutside => Some(Actor::Outside(None)),
        ActorPattern::AnyPolicy | ActorPattern::AnyAdministrator => {
            problems.push(place, type_error("which one it was", value));
            None
        }
    }
}

fn event_label(
    value: &Value,
    labels: &LabelView,
    place: &Place<'_>,
    problems: &mut Problems,
) -> Option<EventLabel> {
    if !value.is_object() {
        let key = value::label(value, labels, Gone::Accepted, place, problems)?;
        return Some(EventLabel::new(key, labels));
    }
    let members = Members::new(value, place, &["label", "level", "position"], problems);
    let key = match members.value("label") {
        Some(value) => value::label(
            value,
            labels,
            Gone::Accepted,
            &place.member("label"),
            problems,
        ),
        None => {
            problems.push(place, BuildCause::Missing { name: "label" });
            None
        }
    };
    let mut number =
        |name: &'static str, other: &'static str| match (members.value(name), members.value(other))
        {
            (Some(value), _) => value::number(value, &place.member(name), problems),
            (None, Some(_)) => {
                problems.push(place, BuildCause::Missing { name });
                None
            }
            (None, None) => None,
        };
    let (level, position) = (number("level", "position"), number("position", "level"));
    let priority = level.zip(position);
    let priority = priority.map(|(level, position)| LabelPriority { level, position });
    key.map(|key| EventLabel { key, priority })
}

/// As [`LabelEvent::from_json`] reads it, whatever has become of the labels.
impl Serialize for LabelEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = Map::new();
        let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
        put("eventType", event_name(self.kind).into());
        put("app", self.file.app.0.into());
        put("instance", self.file.instance.into());
        put("fileId", self.file.file.as_str().into());
        for (name, label) in [("before", self.before), ("after", self.after)] {
            if let Some(label) = label {
                put(name, written_label(label));
            }
        }
        put("actor", json!(self.actor));
        put("date", json::written_instant(self.at_ms));
        members.serialize(serializer)
    }
}

fn written_label(label: EventLabel) -> Value {
    let key = label.key.to_string();
    match label.priority {
        Some(priority) => {
            json!({"label": key, "level": priority.level, "position": priority.position})
        }
        None => json!({"label": key}),
    }
}

/// As rules and events write it.
impl Serialize for Actor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let pattern = match self {
            Self::Policy(id) => ActorPattern::Policy(id.clone()),
            Self::Administrator(address) => ActorPattern::Administrator(address.clone()),
            Self::Outside(Some(address)) => ActorPattern::Outside(address.clone()),
            Self::Outside(None) => ActorPattern::AnyoneOutside,
        };
        written_actor(&pattern).serialize(serializer)
    }
}
