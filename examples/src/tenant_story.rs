//! Three days of one tenant's label list, told from a local server's answers: what goes wrong, what
//! changes, and what the list in force is at each moment.

use chrono::{DateTime, Utc};
use label_core::TenantId;
use label_core::source::graph::BODY_BYTES_MAX;
use label_core::sync::{
    Action, KeeperOptions, LabelSync, Outcome, Request, Response, SnapshotKeeper, Step, SyncOptions,
};
use serde_json::{Value, json};

use crate::label_server::LabelServer;
use crate::tenant_tree::tree;

/// The first minute of the story: 27 December 2020, 00:00 UTC.
const START_MS: i64 = 1_609_027_200_000;
const HOUR_MS: i64 = 3_600_000;
const HOURS: i64 = 72;

/// Most steps of the story; it takes a few hundred.
const STEPS_MAX: usize = 10_000;

const FALCON: &str = "11af2872-d467-45ba-ba04-f534048e2c87";
const GENERAL: &str = "247d25b6-53f6-440e-9853-7b0b7f86f502";
const RECIPIENTS: &str = "be0a0d93-4992-4ccd-9b37-af86c41fbe99";

/// Something that happens at an hour.
struct Event {
    hour: i64,
    what: &'static str,
    change: fn(&LabelServer, &[Value]),
}

/// What happens in the three days.
const EVENTS: [Event; 9] = [
    Event {
        hour: 9,
        what: "The service is busy: two answers are \"too many requests\".",
        change: |server, _| server.change(|one| one.throttled = 2),
    },
    Event {
        hour: 14,
        what: "The service goes down.",
        change: |server, _| server.change(|one| one.is_down = true),
    },
    Event {
        hour: 17,
        what: "The service is back.",
        change: |server, _| server.change(|one| one.is_down = false),
    },
    Event {
        hour: 27,
        what: "An administrator renames General.",
        change: |server, _| edit(server, GENERAL, "name", json!("Internal Use")),
    },
    Event {
        hour: 33,
        what: "An administrator disables Project Falcon.",
        change: |server, _| edit(server, FALCON, "isEnabled", json!(false)),
    },
    Event {
        hour: 41,
        what: "An administrator deletes Recipients Only.",
        change: |server, _| server.change(|one| remove(&mut one.labels, RECIPIENTS)),
    },
    Event {
        hour: 57,
        what: "By a mistake, next to all labels are deleted.",
        change: |server, _| server.change(|one| one.labels.truncate(2)),
    },
    Event {
        hour: 58,
        what: "The mistake is mended before the next read.",
        change: |server, labels| {
            server.change(|one| one.labels = labels.to_vec());
            edit(server, GENERAL, "name", json!("Internal Use"));
            edit(server, FALCON, "isEnabled", json!(false));
            server.change(|one| remove(&mut one.labels, RECIPIENTS));
        },
    },
    Event {
        hour: 66,
        what: "An administrator enables Project Falcon again.",
        change: |server, _| edit(server, FALCON, "isEnabled", json!(true)),
    },
];

/// Changes a member of a label, wherever it is nested.
fn edit(server: &LabelServer, id: &str, member: &str, value: Value) {
    fn inside(labels: &mut [Value], id: &str, member: &str, value: &Value) {
        for label in labels {
            if label.get("id").and_then(Value::as_str) == Some(id)
                && let Some(members) = label.as_object_mut()
            {
                members.insert(member.to_owned(), value.clone());
            }
            if let Some(Value::Array(sublabels)) = label.get_mut("sublabels") {
                inside(sublabels, id, member, value);
            }
        }
    }
    server.change(|one| inside(&mut one.labels, id, member, &value));
}

fn remove(labels: &mut Vec<Value>, id: &str) {
    labels.retain(|label| label.get("id").and_then(Value::as_str) != Some(id));
    for label in labels {
        if let Some(Value::Array(sublabels)) = label.get_mut("sublabels") {
            remove(sublabels, id);
        }
    }
}

/// Tells the story of these labels, in Graph's JSON.
///
/// # Errors
///
/// One line that says what went wrong with the story itself.
pub fn tell(tenant: TenantId, labels: Vec<Value>) -> Result<(), String> {
    let server = LabelServer::start(labels.clone()).map_err(|error| error.to_string())?;
    let options = SyncOptions {
        url: server.url(),
        ..SyncOptions::default()
    };
    let keeper = SnapshotKeeper::new(tenant, KeeperOptions::default());
    let mut sync = LabelSync::new(keeper, options).map_err(|error| error.to_string())?;
    println!(
        "Three days of a tenant's labels, read every hour from {}\n",
        server.url()
    );
    let mut now_ms = START_MS;
    let mut events = EVENTS.iter().peekable();
    for _ in 0..STEPS_MAX {
        while let Some(event) = events.next_if(|event| START_MS + event.hour * HOUR_MS <= now_ms) {
            (event.change)(&server, &labels);
            println!("{}  {}", time(START_MS + event.hour * HOUR_MS), event.what);
        }
        match sync.poll(now_ms) {
            Action::Wait { until_ms } => {
                // What happens in between happens first.
                let next = events.peek().map(|event| START_MS + event.hour * HOUR_MS);
                let next = next.filter(|next| *next > now_ms);
                now_ms = until_ms.min(next.unwrap_or(until_ms)).max(now_ms + 1);
            }
            Action::Send(request) => {
                // A read takes a second.
                now_ms += 1_000;
                let number = request.number;
                let (step, status) = match get(&request) {
                    Ok(response) => {
                        let status = response.status;
                        (sync.answer(now_ms, number, &response), Some(status))
                    }
                    Err(cause) => (sync.no_answer(now_ms, number, &cause), None),
                };
                if let (Step::Continue, Some(429), Action::Wait { until_ms }) =
                    (&step, status, sync.poll(now_ms))
                {
                    let again = time(until_ms);
                    println!(
                        "{}    Too many requests; asked again at {again}",
                        time(now_ms)
                    );
                }
                report(&mut sync, now_ms, &step);
            }
            _ => return Err("the synchronisation wants something unknown".to_owned()),
        }
        if now_ms >= START_MS + HOURS * HOUR_MS {
            let status = sync.status();
            println!(
                "\nAfter three days: version {}, {} reads, {} requests, {} of them asked again, {} reads failed.",
                status.version.unwrap_or_default(),
                status.reads,
                status.requests,
                status.retries,
                status.failures
            );
            if let Some(snapshot) = sync.current() {
                print!("\n{}", tree(&snapshot.catalog));
            }
            return Ok(());
        }
    }
    Err("the story has no end".to_owned())
}

/// What came of an answer, and when the next read is due.
fn report(sync: &mut LabelSync, now_ms: i64, step: &Step) {
    let lines: Vec<String> = match step {
        Step::Done(Outcome::Unchanged) | Step::Continue | Step::Ignored => return,
        Step::Done(Outcome::Replaced { snapshot, changes }) => {
            let mut lines = vec![format!("Version {} is in force:", snapshot.version)];
            if snapshot.version == 1 {
                lines.push(format!("{} labels", snapshot.catalog.len()));
                let text = tree(&snapshot.catalog);
                lines.extend(text.lines().map(str::to_owned));
            } else {
                lines.extend(changes.to_string().lines().map(str::to_owned));
            }
            lines
        }
        Step::Done(Outcome::Held(held)) => vec![format!("Held back: {held}")],
        Step::Failed(error) => vec![format!(
            "This read failed, the list in force stays: {error}"
        )],
        _ => return,
    };
    let due = match sync.poll(now_ms) {
        Action::Wait { until_ms } => format!("next read due {}", time(until_ms)),
        _ => "next read due now".to_owned(),
    };
    let mut lines = lines.into_iter();
    if let Some(first) = lines.next() {
        println!("{}    {first}", time(now_ms));
    }
    for line in lines {
        println!("                    {line}");
    }
    println!("                    ({due})");
}

/// Day, hour and minute.
fn time(ms: i64) -> String {
    DateTime::<Utc>::from_timestamp_millis(ms)
        .map(|time| time.format("%d %b %H:%M:%S").to_string())
        .unwrap_or_default()
}

fn get(request: &Request) -> Result<Response, String> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .build()
        .into();
    let mut call = agent.get(&request.url);
    for (name, value) in &request.headers {
        call = call.header(*name, value);
    }
    let mut answer = call.call().map_err(|error| error.to_string())?;
    let headers = answer
        .headers()
        .iter()
        .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
        .collect();
    let status = answer.status().as_u16();
    let body = answer
        .body_mut()
        .with_config()
        .limit(BODY_BYTES_MAX + 1)
        .read_to_vec()
        .map_err(|error| error.to_string())?;
    let mut response = Response::new(status, body);
    response.headers = headers;
    Ok(response)
}
