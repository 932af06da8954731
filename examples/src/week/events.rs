//! Scripts: JSON lines, each an event with its time.

use serde_json::{Map, Value};

use super::instant;

/// Most lines of a script.
pub const EVENTS_MAX: usize = 1_000_000;

/// Longest line of a script, in bytes.
pub const LINE_BYTES_MAX: usize = 64 * 1024;

/// One line of a script.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its number in the file, from 1.
    pub line: usize,
    /// When it is, in milliseconds UTC, if that could be read.
    pub at: Option<i64>,
    /// What happens, or why that can't be read.
    pub op: Result<Op, String>,
}

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// A task is submitted.
    Submit {
        /// Its name in the script.
        task: String,
        /// Whose file.
        tenant: String,
        /// In which app.
        app: String,
        /// Which file.
        file: String,
        /// By which policy; `None`: by hand.
        policy: Option<String>,
        /// How sensitive the label is, larger is more.
        label_priority: u32,
    },
    /// A task is called off.
    Cancel {
        /// Its name.
        task: String,
    },
    /// A policy is disabled in all tenants.
    DisablePolicy {
        /// Which policy.
        policy: String,
    },
    /// A policy is enabled in all tenants.
    EnablePolicy {
        /// Which policy.
        policy: String,
    },
    /// A policy is deleted in all tenants.
    DeletePolicy {
        /// Which policy.
        policy: String,
    },
    /// A daily limit is changed.
    SetLimit {
        /// Whose.
        tenant: String,
        /// In which app.
        app: String,
        /// From now on.
        limit: u32,
    },
    /// The process ends and starts again.
    Restart,
}

/// Reads a script; what can't be read is kept as such. Blank lines are passed over.
///
/// # Errors
///
/// One line, when there are more than [`EVENTS_MAX`] lines.
pub fn read(text: &str) -> Result<Vec<Event>, String> {
    let mut events = Vec::new();
    for (place, line) in text.lines().enumerate() {
        if place >= EVENTS_MAX {
            return Err(format!("more than {EVENTS_MAX} lines"));
        }
        if !line.trim().is_empty() {
            events.push(event(place + 1, line));
        }
    }
    Ok(events)
}

fn event(line: usize, text: &str) -> Event {
    let failed = |error: String| Event {
        line,
        at: None,
        op: Err(error),
    };
    if text.len() > LINE_BYTES_MAX {
        return failed(format!("the line has more than {LINE_BYTES_MAX} bytes"));
    }
    let members = match serde_json::from_str(text) {
        Ok(Value::Object(members)) => members,
        Ok(_) => return failed("it is no JSON object".to_owned()),
        Err(error) => return failed(format!("it is no JSON: {error}")),
    };
    match member(&members, "at").and_then(|at| instant(&at)) {
        Ok(at) => Event {
            line,
            at: Some(at),
            op: op(&members),
        },
        Err(error) => failed(error),
    }
}

fn op(members: &Map<String, Value>) -> Result<Op, String> {
    let text = |name| member(members, name);
    match text("op")?.as_str() {
        "submit" => Ok(Op::Submit {
            task: text("task")?,
            tenant: text("tenant")?,
            app: text("app")?,
            file: text("file")?,
            policy: match members.get("policy") {
                Some(Value::Null) => None,
                Some(_) => Some(text("policy")?),
                None => return Err("`policy` is missing; null is by hand".to_owned()),
            },
            label_priority: number(members, "label_priority")?,
        }),
        "cancel" => Ok(Op::Cancel {
            task: text("task")?,
        }),
        "disable_policy" => Ok(Op::DisablePolicy {
            policy: text("policy")?,
        }),
        "enable_policy" => Ok(Op::EnablePolicy {
            policy: text("policy")?,
        }),
        "delete_policy" => Ok(Op::DeletePolicy {
            policy: text("policy")?,
        }),
        "set_limit" => Ok(Op::SetLimit {
            tenant: text("tenant")?,
            app: text("app")?,
            limit: number(members, "limit")?,
        }),
        "restart" => Ok(Op::Restart),
        other => Err(format!("`{other}` is no operation")),
    }
}

fn member(members: &Map<String, Value>, name: &str) -> Result<String, String> {
    match members.get(name) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(other) => Err(format!("`{name}`: `{other}` is no text")),
        None => Err(format!("`{name}` is missing")),
    }
}

fn number(members: &Map<String, Value>, name: &str) -> Result<u32, String> {
    let value = members
        .get(name)
        .ok_or_else(|| format!("`{name}` is missing"))?;
    let number = value.as_u64().and_then(|value| u32::try_from(value).ok());
    number.ok_or_else(|| {
        format!(
            "`{name}`: `{value}` is no whole number from 0 to {}",
            u32::MAX
        )
    })
}
