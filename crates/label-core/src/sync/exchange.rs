//! What goes in and out of the machine.

use crate::error::quote;
use crate::sync::error::{SyncError, SyncOptionsError};
use crate::sync::keeper::Outcome;
use crate::sync::link::Server;
use crate::sync::schedule::ScheduleOptions;

/// The list of all labels of a tenant, Graph v1.0, in the global cloud.
pub const GRAPH_LABELS_URL: &str =
    "https://graph.microsoft.com/v1.0/security/dataSecurityAndGovernance/sensitivityLabels";

/// Longest name of the program, in bytes.
const USER_AGENT_BYTES_MAX: usize = 256;

/// Longest wait for an answer that can be set, in milliseconds.
const ANSWER_MS_LIMIT: i64 = 3_600_000;

/// How to sync.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncOptions {
    /// The address of the list, without any filter; [`GRAPH_LABELS_URL`] by default. `https`, or
    /// on this machine.
    pub url: String,
    /// A word for the kind of source, kept in snapshots; `graph-v1` by default.
    pub kind: String,
    /// The name of the program, which the service counts by; `label-core/<version>` by default.
    pub user_agent: String,
    /// How often.
    pub schedule: ScheduleOptions,
    /// Most pages of a list; 100 by default.
    pub pages_max: usize,
    /// How long to wait for an answer before asking again, in milliseconds, from 1 to an hour; two
    /// minutes by default.
    pub answer_ms_max: i64,
    /// Chooses jitter, waits and request ids; 0 by default. Give each process another one, such as
    /// the time of its start and its number: the same seed gives the same choices.
    pub seed: u64,
}

impl Default for SyncOptions {
    fn default() -> Self {
        Self {
            url: GRAPH_LABELS_URL.to_owned(),
            kind: "graph-v1".to_owned(),
            user_agent: concat!("label-core/", env!("CARGO_PKG_VERSION")).to_owned(),
            schedule: ScheduleOptions::default(),
            pages_max: 100,
            answer_ms_max: 120_000,
            seed: 0,
        }
    }
}

impl SyncOptions {
    pub(super) fn check(&self) -> Result<Server, SyncOptionsError> {
        if !(1..=ANSWER_MS_LIMIT).contains(&self.answer_ms_max) {
            return Err(SyncOptionsError::Time {
                name: "answer_ms_max",
                value: self.answer_ms_max,
                min: 1,
                max: ANSWER_MS_LIMIT,
            });
        }
        let is_header = (1..=USER_AGENT_BYTES_MAX).contains(&self.user_agent.len())
            && self
                .user_agent
                .bytes()
                .all(|byte| (b' '..=b'~').contains(&byte));
        if !is_header {
            return Err(SyncOptionsError::UserAgent);
        }
        Server::of(&self.url)
            .filter(Server::is_safe)
            .ok_or_else(|| SyncOptionsError::Url {
                url: quote(&self.url),
            })
    }
}

/// What the machine wants.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Nothing before this time, UTC, in milliseconds since 1970.
    Wait {
        /// Until when.
        until_ms: i64,
    },
    /// A request, to be answered by [`LabelSync::answer`](crate::sync::LabelSync::answer) or
    /// [`LabelSync::no_answer`](crate::sync::LabelSync::no_answer).
    Send(Request),
}

/// A `GET` to send, with the caller's token. Redirections are not to be followed with the token:
/// give them back as the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// Which request this is; goes with the answer.
    pub number: u64,
    /// The address, as it is.
    pub url: String,
    /// The headers, but for the token.
    pub headers: Vec<(&'static str, String)>,
    /// The service refused the token: get a new one first.
    pub wants_new_token: bool,
}

/// What the service answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status of HTTP.
    pub status: u16,
    /// The headers, names in any letter case.
    pub headers: Vec<(String, String)>,
    /// The body, decompressed. The client may stop after
    /// [`BODY_BYTES_MAX`](crate::source::graph::BODY_BYTES_MAX) and one more byte.
    pub body: Vec<u8>,
}

impl Response {
    /// An answer without headers.
    pub const fn new(status: u16, body: Vec<u8>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body,
        }
    }

    /// The values of a header, whose name is given in lower case.
    pub(super) fn values_of(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers
            .iter()
            .filter(move |(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// What came of an answer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Step {
    /// It answers nothing that is waited for: late, or given twice.
    Ignored,
    /// There is more to ask: poll.
    Continue,
    /// The list is complete.
    Done(Outcome),
    /// This read failed; the list in force stays, and the next read comes in time.
    Failed(SyncError),
}
