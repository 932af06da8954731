//! The governance log for other programs: JSON lines, and tables.

use std::fmt::Write as _;
use std::io;

use crate::error::Error;
use crate::log::{LogEntry, LogEvent};
use crate::quota::utc_rfc3339;
use crate::state::{Status, TaskState};
use crate::store::{ActionType, LogFilter, PAGE_COUNT_MAX, Store};
use crate::task::{ActionKind, PreviousLabel};

/// In which form the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExportFormat {
    /// One JSON object a line; members without a value are left out.
    JsonLines,
    /// A table with a line of headings, as RFC 4180 has it. A text that a spreadsheet would take
    /// for a formula gets an apostrophe before it: names of files come from strangers.
    Csv,
}

/// The columns, in the order of the table.
const COLUMNS: [&str; 20] = [
    "sequence",
    "at",
    "tenant",
    "app",
    "appName",
    "initiator",
    "event",
    "task",
    "action",
    "instance",
    "file",
    "before",
    "after",
    "status",
    "state",
    "reason",
    "detail",
    "about",
    "used",
    "limit",
];

/// A value of an entry: a number stays one in JSON.
enum Field {
    None,
    Number(i128),
    Text(String),
}

impl From<&str> for Field {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl<T: Into<Field>> From<Option<T>> for Field {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::None, Into::into)
    }
}

impl From<String> for Field {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u32> for Field {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<u64> for Field {
    fn from(number: u64) -> Self {
        Self::Number(number.into())
    }
}

/// Writes all entries that pass a filter, oldest first, and says how many.
///
/// # Errors
///
/// [`Error::Unavailable`] where nothing can be written; those of the store.
///
/// # Examples
///
/// ```
/// use governance::export::{ExportFormat, export_log};
/// use governance::store::{LogFilter, MemoryStore};
/// use governance::{CountedAction, DailyLimit, Governance, Initiator, Settings};
/// use label_core::{AppId, TenantId};
///
/// let mut governance = Governance::open(MemoryStore::new(), Settings::default())?;
/// let by = Initiator::parse("admin@contoso.com")?;
/// let (tenant, action) = (TenantId::from_u128(1), CountedAction::ApplyLabel);
/// governance.set_limit(tenant, AppId::BOX, action, DailyLimit(250), &by, 0)?;
/// let mut out = Vec::new();
/// let count = export_log(&governance, &LogFilter::default(), ExportFormat::JsonLines, &mut out)?;
/// let line = String::from_utf8(out)?;
/// assert_eq!(count, 1);
/// assert!(line.contains(r#""event":"limit_changed""#), "{line}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn export_log<S: Store>(
    governance: &crate::Governance<S>,
    filter: &LogFilter,
    format: ExportFormat,
    out: &mut dyn io::Write,
) -> Result<u64, Error> {
    let failed = |error: io::Error| Error::unavailable("export of the log", error);
    if format == ExportFormat::Csv {
        let heading = COLUMNS.join(",");
        write!(out, "{heading}\r\n").map_err(failed)?;
    }
    let (mut count, mut after) = (0, 0);
    // Page by page until one is empty; numbers rise, so it ends where the log ends.
    loop {
        let page = governance.log(filter, after, PAGE_COUNT_MAX)?;
        let Some(last) = page.last() else { break };
        if last.sequence <= after {
            return Err(Error::StoreContract {
                rule: "entries of the log must come by rising number",
            });
        }
        after = last.sequence;
        for entry in &page {
            let line = match format {
                ExportFormat::JsonLines => json(entry),
                ExportFormat::Csv => csv(entry),
            };
            out.write_all(line.as_bytes()).map_err(failed)?;
            count += 1;
        }
    }
    Ok(count)
}

/// The values of an entry, in the order of [`COLUMNS`].
fn fields(entry: &LogEntry) -> [Field; 20] {
    let task = entry.task.as_ref();
    let state = match &entry.event {
        LogEvent::Task { state } => Some(state),
        _ => None,
    };
    let (used, limit) = numbers(entry);
    [
        entry.sequence.into(),
        utc_rfc3339(entry.at_ms).into(),
        entry.tenant.to_string().into(),
        entry.app.map(|app| app.0).into(),
        entry.app.and_then(|app| app.name()).into(),
        entry.initiator.as_str().into(),
        event_name(&entry.event).into(),
        task.map(|task| task.id.0).into(),
        (task.map(|task| ActionType::from(&task.action)))
            .or_else(|| entry.event.counted().map(ActionType::from))
            .map(action_name)
            .into(),
        entry.file().map(|file| file.instance).into(),
        entry.file().map(|file| file.file.as_str()).into(),
        task.and_then(|task| match task.previous {
            PreviousLabel::Unknown => None,
            PreviousLabel::None => Some("none".to_owned()),
            PreviousLabel::Label(label) => Some(label.to_string()),
        })
        .into(),
        task.and_then(|task| match task.action {
            ActionKind::Apply(label) => Some(label.to_string()),
            ActionKind::Remove => Some("none".to_owned()),
            ActionKind::AdminQuarantine => None,
        })
        .into(),
        match entry.status() {
            Status::Pending => "pending",
            Status::Successful => "successful",
            Status::Failed => "failed",
        }
        .into(),
        state.map(|state| state.kind().to_string()).into(),
        match state {
            Some(TaskState::Suspended { reasons }) => Some(reasons.to_string()),
            _ => entry.reason().map(|reason| reason.code().to_owned()),
        }
        .into(),
        match state {
            Some(TaskState::Reverted { by }) => Some(format!("by task {by}")),
            _ => (entry.reason().and_then(|reason| reason.detail())).map(str::to_owned),
        }
        .into(),
        (entry.event.policy().map(ToString::to_string))
            .or_else(|| entry.event.label().map(ToString::to_string))
            .into(),
        used,
        limit,
    ]
}

/// How much of the limit was used, or how many tasks were moved, and the limit.
fn numbers(entry: &LogEntry) -> (Field, Field) {
    match &entry.event {
        LogEvent::Task { .. } => {
            let quota = entry.task.as_ref().and_then(|task| task.quota);
            let limit = quota.map(|quota| quota.limit.0);
            (quota.map(|quota| quota.used).into(), limit.into())
        }
        LogEvent::LimitChanged { to, .. } => (Field::None, to.0.into()),
        LogEvent::LimitReached { limit, .. } => (limit.0.into(), limit.0.into()),
        LogEvent::PolicyDisabled { tasks, .. }
        | LogEvent::PolicyEnabled { tasks, .. }
        | LogEvent::PolicyDeleted { tasks, .. }
        | LogEvent::LabelDisabled { tasks, .. }
        | LogEvent::LabelEnabled { tasks, .. }
        | LogEvent::FileFrozen { tasks, .. }
        | LogEvent::FileUnfrozen { tasks, .. } => ((*tasks).into(), Field::None),
    }
}

fn action_name(action: ActionType) -> &'static str {
    match action {
        ActionType::Apply => "apply_label",
        ActionType::Remove => "remove_label",
        ActionType::AdminQuarantine => "admin_quarantine",
    }
}

fn event_name(event: &LogEvent) -> &'static str {
    match event {
        LogEvent::Task { .. } => "task",
        LogEvent::LimitChanged { .. } => "limit_changed",
        LogEvent::LimitReached { .. } => "limit_reached",
        LogEvent::PolicyDisabled { .. } => "policy_disabled",
        LogEvent::PolicyEnabled { .. } => "policy_enabled",
        LogEvent::PolicyDeleted { .. } => "policy_deleted",
        LogEvent::LabelDisabled { .. } => "label_disabled",
        LogEvent::LabelEnabled { .. } => "label_enabled",
        LogEvent::FileFrozen { .. } => "file_frozen",
        LogEvent::FileUnfrozen { .. } => "file_unfrozen",
    }
}

fn json(entry: &LogEntry) -> String {
    let mut line = String::from("{");
    for (name, field) in COLUMNS.into_iter().zip(fields(entry)) {
        let value = match field {
            Field::None => continue,
            Field::Number(number) => number.to_string(),
            Field::Text(text) => quoted(&text),
        };
        if line.len() > 1 {
            line.push(',');
        }
        let _ = write!(line, "\"{name}\":{value}");
    }
    line.push_str("}\n");
    line
}

/// A text as JSON has it. Also the two line ends that JavaScript does not take are escaped.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            other if other.is_control() || matches!(other, '\u{2028}' | '\u{2029}') => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(other));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

fn csv(entry: &LogEntry) -> String {
    let mut line = String::new();
    for (place, field) in fields(entry).into_iter().enumerate() {
        if place > 0 {
            line.push(',');
        }
        match field {
            Field::None => {}
            Field::Number(number) => {
                let _ = write!(line, "{number}");
            }
            Field::Text(text) => {
                let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
                let text = if formula { format!("'{text}") } else { text };
                if text.contains([',', '"', '\r', '\n']) {
                    let _ = write!(line, "\"{}\"", text.replace('"', "\"\""));
                } else {
                    line.push_str(&text);
                }
            }
        }
    }
    line.push_str("\r\n");
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryStore;
    use crate::{CountedAction, DailyLimit, Governance, Initiator, NewTask, Settings, TaskKey};
    use label_core::{AppId, FileId, FileKey, LabelId, LabelKey, PolicyId, TenantId};

    const APPLY: CountedAction = CountedAction::ApplyLabel;

    fn governance() -> Governance<MemoryStore> {
        let mut governance = Governance::open(MemoryStore::new(), Settings::default()).unwrap();
        let tenant = TenantId::from_u128(1);
        let by = Initiator::parse("Mara \"M\", admin").unwrap();
        let limit = DailyLimit(7);
        governance
            .set_limit(tenant, AppId::BOX, APPLY, limit, &by, 1_609_840_800_000)
            .unwrap();
        let key = TaskKey {
            tenant,
            file: FileKey::new(
                AppId::BOX,
                2,
                FileId::parse("=HYPERLINK(1)\u{2028}").unwrap(),
            ),
            file_version: crate::FileVersion::parse("1").unwrap(),
            policy: Some(PolicyId::parse("p").unwrap()),
            action: ActionKind::Apply(LabelKey::new(tenant, LabelId::from_u128(7))),
        };
        let new = NewTask::new(key, 1, by.clone());
        let id = governance.submit(&[new], 1_609_840_800_001).unwrap()[0].id();
        governance.cancel(id, &by, 1_609_840_800_002).unwrap();
        let policy = PolicyId::parse("p").unwrap();
        governance
            .delete_policy(tenant, &policy, &by, 1_609_840_800_003)
            .unwrap();
        governance
    }

    fn exported(format: ExportFormat) -> String {
        let mut out = Vec::new();
        let count = export_log(&governance(), &LogFilter::default(), format, &mut out);
        assert_eq!(count.unwrap(), 4);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_032_the_log_as_json_lines() {
        let tenant = "00000000-0000-0000-0000-000000000001";
        let by = r#""initiator":"Mara \"M\", admin""#;
        let common = format!(
            r#""task":1,"action":"apply_label","instance":2,"file":"=HYPERLINK(1)\u2028","after":"{tenant}_00000000-0000-0000-0000-000000000007""#
        );
        let head = |sequence: u8, at: &str| {
            format!(
                r#"{{"sequence":{sequence},"at":"2021-01-05T10:00:00{at}Z","tenant":"{tenant}""#
            )
        };
        let app = r#""app":10489,"appName":"Box""#;
        let expected = [
            format!(
                r#"{},{app},{by},"event":"limit_changed","action":"apply_label","status":"successful","limit":7}}"#,
                head(1, "")
            ),
            format!(
                r#"{},{app},{by},"event":"task",{common},"status":"pending","state":"queued"}}"#,
                head(2, ".001")
            ),
            format!(
                r#"{},{app},{by},"event":"task",{common},"status":"failed","state":"cancelled","reason":"cancelled","detail":"Mara \"M\", admin"}}"#,
                head(3, ".002")
            ),
            format!(
                r#"{},{by},"event":"policy_deleted","status":"successful","about":"p","used":0}}"#,
                head(4, ".003")
            ),
        ];
        assert_eq!(
            exported(ExportFormat::JsonLines)
                .lines()
                .collect::<Vec<_>>(),
            expected
        );
    }

    #[test]
    fn a_032_the_log_as_a_table() {
        let text = exported(ExportFormat::Csv);
        let lines: Vec<_> = text.split("\r\n").collect();
        assert_eq!(lines[0], COLUMNS.join(","));
        assert_eq!(
            lines[3],
            "3,2021-01-05T10:00:00.002Z,00000000-0000-0000-0000-000000000001,10489,Box,\
             \"Mara \"\"M\"\", admin\",task,1,apply_label,2,'=HYPERLINK(1)\u{2028},,\
             00000000-0000-0000-0000-000000000001_00000000-0000-0000-0000-000000000007,failed,\
             cancelled,cancelled,\"Mara \"\"M\"\", admin\",,,"
        );
        assert_eq!(lines.len(), 6);
    }
}
