//! Cedar: a policy is a permit, a record is a resource in one entity store, and the permits that
//! are satisfied are the reasons of the answer. One request asks for all policies at once.
//!
//! Properties in the request's context instead of the store are somewhat quicker; but a file that
//! stays while policies are asked about it is what Cedar calls a resource.

use std::fmt::Display;
use std::ops::Range;

use cedar_policy::{
    Authorizer, Context, Entities, EntityUid, Policy, PolicyId, PolicySet, Request,
};
use serde_json::{Value, json};

use super::text::{joined, quoted};
use crate::policies::{Choice, FilePolicy, TextProperty};
use crate::records::Record;
use crate::{Contestant, Match};

/// A policy set, an entity store, and one request for each record.
pub struct Cedar {
    authorizer: Authorizer,
    policies: PolicySet,
    entities: Entities,
    requests: Vec<Request>,
}

impl Cedar {
    /// Parses one permit for each policy.
    pub fn new(policies: &[FilePolicy], records: &[Record]) -> Self {
        let parse = |policy: &FilePolicy| {
            let id = PolicyId::new(policy.number.to_string());
            Policy::parse(Some(id), permit(policy)).expect("a policy")
        };
        let entities = Value::Array(records.iter().map(entity).collect());
        Self {
            authorizer: Authorizer::new(),
            policies: PolicySet::from_policies(policies.iter().map(parse)).expect("a policy set"),
            entities: Entities::from_json_value(entities, None).expect("entities"),
            requests: records.iter().map(request).collect(),
        }
    }
}

impl Contestant for Cedar {
    fn name(&self) -> &'static str {
        "cedar-policy"
    }

    fn evaluate(&mut self, records: Range<usize>, found: &mut Vec<Match>) {
        for record in records {
            let request = &self.requests[record];
            let response = self
                .authorizer
                .is_authorized(request, &self.policies, &self.entities);
            for id in response.diagnostics().reason() {
                let id: &str = id.as_ref();
                let policy = id.parse().expect("a number of a policy");
                found.push(Match { record, policy });
            }
        }
    }
}

fn entity(record: &Record) -> Value {
    json!({
        "uid": {"type": "File", "id": record.id},
        "attrs": record.to_json(),
        "parents": [],
    })
}

fn request(record: &Record) -> Request {
    let uid = |text: &str| text.parse::<EntityUid>().expect("an entity");
    Request::new(
        uid(r#"Scanner::"daily""#),
        uid(r#"Action::"match""#),
        uid(&format!("File::{}", quoted(&record.id))),
        Context::empty(),
        None,
    )
    .expect("a request")
}

fn permit(policy: &FilePolicy) -> String {
    let text = match policy.text_property {
        TextProperty::OwnerUnit => is_in("unit", policy.texts.values().iter().map(quoted)),
        TextProperty::Extension => is_in("extension", policy.texts.values().iter().map(quoted)),
        TextProperty::NameStart => joined(
            policy
                .texts
                .values()
                .iter()
                .map(|start| format!(r#"resource.name like "{start}*""#)),
            " || ",
        ),
    };
    let conditions = [
        is_in("app", policy.apps.iter().map(|app| app.0)),
        is_in("sharing", policy.access_levels.iter().map(|it| it.code())),
        format!("resource.modified >= {}", policy.since_ms),
        format!("resource.created <= {}", policy.until_ms),
        chosen(
            &policy.labels,
            &is_in("label", policy.labels.values().iter().map(quoted)),
        ),
        chosen(&policy.texts, &text),
    ];
    format!(
        r#"permit (principal, action == Action::"match", resource is File) when {{ {} }};"#,
        conditions.join(" && ")
    )
}

fn is_in(name: &str, values: impl IntoIterator<Item = impl Display>) -> String {
    // Quicker than `[…].contains(…)`, which builds its set anew in each evaluation.
    let equal = |value| format!("resource.{name} == {value}");
    format!("({})", joined(values.into_iter().map(equal), " || "))
}

fn chosen<T>(choice: &Choice<T>, condition: &str) -> String {
    let sign = if choice.is_negative() { "!" } else { "" };
    format!("{sign}({condition})")
}
