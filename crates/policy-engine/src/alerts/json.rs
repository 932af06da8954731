//! An alert in the product's own form.

use std::ops::RangeInclusive;

use label_core::{AppId, FileKey};
use serde_json::{Map, Value, json};

use super::alert::{Alert, AlertSubject, ReadMark};
use crate::events::Actor;
use crate::filter::show_instant;

/// The instants that ISO 8601 can write in the form of the product: years 0 to 9999, milliseconds
/// UTC.
const ISO_MS: RangeInclusive<i64> = -62_167_219_200_000..=253_402_300_799_999;

/// The product's number for alerts of file policies.
const FILE_MATCH: u32 = 15_728_642;

impl Alert {
    /// The alert as the product's REST API shows it. Members that only the product could
    /// fill in are left out: tenant, link, risk and threat score.
    ///
    /// `statusValue` is 0 for unread, 1 for read and 2 for closed alerts, which is our reading of the one
    /// value that is known from a record, 1; `resolutionStatusValue`
    /// is the [`status`](Self::status). `resolveTime` is left out outside of the years 0 to 9999, which
    /// its form can't tell.
    pub fn to_json(&self) -> Value {
        let status = match (self.is_open(), self.read) {
            (true, ReadMark::Unread) => 0,
            (true, ReadMark::Read) => 1,
            (false, _) => 2,
        };
        let mut policy = self.policy_entity();
        let entities = self.entities(&policy);
        if let (Some(flow), Some(policy)) = (&self.flow, policy.as_object_mut()) {
            policy.insert("msFlowId".to_owned(), json!(flow));
        }
        let mut record = Map::new();
        let mut put = |name: &str, value: Value| record.insert(name.to_owned(), value);
        put("_id", json!(self.id.to_string()));
        put("timestamp", json!(self.at_ms));
        put("title", json!(self.title));
        put("description", json!(self.description()));
        put("entities", entities);
        put("policy", policy);
        put("severityValue", json!(self.severity as u32));
        put("statusValue", json!(status));
        put("resolutionStatusValue", json!(self.status().code()));
        put("isSystemAlert", json!(false));
        let (_, number) = self.policy_type();
        if let Some(number) = number {
            put("idValue", json!(number));
        }
        if let Some(closure) = &self.closure {
            if ISO_MS.contains(&closure.at_ms) {
                put("resolveTime", json!(show_instant(closure.at_ms)));
            }
            put("handledByUser", json!(closure.by.as_str()));
            if let Some(comment) = &closure.comment {
                put("comment", json!(comment));
            }
        }
        Value::Object(record)
    }

    fn policy_entity(&self) -> Value {
        let (policy_type, _) = self.policy_type();
        json!({
            "id": self.policy.as_str(),
            "label": self.title,
            "policyType": policy_type,
            "type": "policyRule",
        })
    }

    /// The product's word for the kind of policy, and its number for that kind of alert.
    fn policy_type(&self) -> (&'static str, Option<u32>) {
        match self.subject {
            AlertSubject::File { .. } => ("FILE", Some(FILE_MATCH)),
            AlertSubject::Events(_) => ("AUDIT", None),
        }
    }

    fn entities(&self, policy: &Value) -> Value {
        let mut entities = vec![policy.clone()];
        match &self.subject {
            AlertSubject::File { file, name, owner } => {
                entities.push(service(file.app));
                entities.push(file_entity(file, name));
                if let Some(owner) = owner {
                    entities.push(json!({
                        "id": **owner,
                        "label": **owner,
                        "type": "account",
                        "em": **owner,
                        "saas": file.app.0,
                        "inst": file.instance,
                    }));
                }
            }
            AlertSubject::Events(found) => {
                entities.extend(found.app.map(service));
                let files = found.files.iter();
                entities.extend(files.map(|file| file_entity(file, file.file.as_str())));
                if let Actor::Administrator(user) | Actor::Outside(Some(user)) = &found.actor {
                    let user = user.as_str();
                    entities.push(json!({"id": user, "label": user, "type": "user"}));
                }
            }
        }
        Value::Array(entities)
    }
}

fn service(app: AppId) -> Value {
    json!({
        "id": app.0,
        "label": app.to_string(),
        "type": "service",
    })
}

fn file_entity(file: &FileKey, name: &str) -> Value {
    json!({
        "id": file.file.as_str(),
        "label": name,
        "type": "file",
        "saas": file.app.0,
        "inst": file.instance,
    })
}
