//! One alert.

use std::fmt;
use std::sync::Arc;

use label_core::{FileKey, PolicyId};

use super::close::{AlertStatus, Closure};
use super::limit::DayCount;
use crate::document::Severity;
use crate::events::{EventMatch, EventRule};
use crate::policy::Policy;
use crate::record::FileRecord;

/// An alert's number in its book, rising, from 1; over restarts too, where [`AlertBookState`] is
/// stored.
///
/// # Examples
///
/// ```
/// use policy_engine::alerts::AlertId;
///
/// let text = AlertId(31).to_string();
/// assert_eq!(text, "00000000000000000000001f");
/// assert_eq!(AlertId::parse(&text), Some(AlertId(31)));
/// assert_eq!(AlertId::parse("1f"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AlertId(pub u64);

impl AlertId {
    /// Reads what [`Display`](fmt::Display) writes: 24 hexadecimal digits, of either letter case.
    /// Nothing for any other text, and for numbers that no book gives, such as most of the
    /// product's own.
    pub fn parse(text: &str) -> Option<Self> {
        let is_number = text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_number
            .then(|| u64::from_str_radix(text, 16).ok().map(Self))
            .flatten()
    }
}

/// 24 hexadecimal digits, as many as the product's alerts have.
impl fmt::Display for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:024x}", self.0)
    }
}

/// What an alert is about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AlertSubject {
    /// A file that a file policy selects.
    File {
        /// The file.
        file: FileKey,
        /// Its name at that time.
        name: Box<str>,
        /// Its owner's address at that time.
        owner: Option<Arc<str>>,
    },
    /// Label events that an event rule looks for (R-184).
    Events(EventMatch),
}

impl AlertSubject {
    /// What kind of policy raises an alert about it.
    pub const fn kind(&self) -> PolicyKind {
        match self {
            Self::File { .. } => PolicyKind::File,
            Self::Events(_) => PolicyKind::Event,
        }
    }
}

/// What raises an alert. Each kind has ids of its own: a file policy and an event rule of the same
/// id have nothing to do with one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PolicyKind {
    /// A file policy.
    File,
    /// An event rule.
    Event,
}

/// Whether somebody has looked at an alert.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ReadMark {
    /// Nobody has.
    #[default]
    Unread,
    /// Somebody has.
    Read,
}

/// An alert to be raised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAlert {
    /// The policy that raises it.
    pub policy: PolicyId,
    /// Its title: the policy's name.
    pub title: String,
    /// The policy's severity (R-202).
    pub severity: Severity,
    /// Most alerts of the policy on one UTC day (R-205); 0 means none.
    pub daily_limit: u32,
    /// Whom the policy names to be told by e-mail.
    pub email: Vec<String>,
    /// Whom it names to be told by text message, by telephone number.
    pub text_message: Vec<String>,
    /// The flow of Power Automate that it hands the alert to, by id.
    pub flow: Option<String>,
    /// What it is about.
    pub subject: AlertSubject,
}

impl NewAlert {
    /// The alert for a file that begins to match a policy; nothing if the policy raises none.
    pub fn of_match(policy: &Policy, file: &FileRecord) -> Option<Self> {
        let definition = policy.definition();
        definition.alerts.each_match.then(|| Self {
            policy: definition.id.clone(),
            title: definition.name.clone(),
            severity: definition.severity,
            daily_limit: definition.alerts.daily_limit,
            email: definition.alerts.email.clone(),
            text_message: definition.alerts.text_message.clone(),
            flow: definition.alerts.flow.clone(),
            subject: AlertSubject::File {
                file: file.key.clone(),
                name: file.name.clone(),
                owner: file.owner_address.clone(),
            },
        })
    }

    /// The alert for a match of an event rule (R-184); nothing if the rule raises none.
    pub fn of_event_match(rule: &EventRule, found: EventMatch) -> Option<Self> {
        rule.alerts.each_match.then(|| Self {
            policy: rule.id.clone(),
            title: rule.name.clone(),
            severity: rule.severity,
            daily_limit: rule.alerts.daily_limit,
            email: rule.alerts.email.clone(),
            text_message: rule.alerts.text_message.clone(),
            flow: rule.alerts.flow.clone(),
            subject: AlertSubject::Events(found),
        })
    }
}

/// What a book keeps besides alerts and days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlertBookState {
    /// The largest number that an alert was given; 0 before the first one.
    pub last_id: AlertId,
    /// The first day that no count was forgotten of, in UTC days since 1 January 1970; nothing when
    /// none ever was. On earlier days no alert is raised, so that a clock that goes back can't have
    /// a day's alerts twice.
    pub first_day: Option<i64>,
}

/// One thing that a book keeps, for whoever stores books.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AlertEntry {
    /// The last number, and how far back days are counted; there is none before the first alert.
    State(AlertBookState),
    /// The alerts of one policy on one day.
    Day(DayCount),
    /// An alert.
    Alert(Box<Alert>),
}

/// An alert that was raised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Its number.
    pub id: AlertId,
    /// When it was raised, milliseconds UTC.
    pub at_ms: i64,
    /// The policy that raised it.
    pub policy: PolicyId,
    /// The policy's name at that time.
    pub title: String,
    /// The policy's severity at that time (R-202).
    pub severity: Severity,
    /// Whom the policy named to be told by e-mail.
    pub email: Vec<String>,
    /// Whom it named to be told by text message, by telephone number.
    pub text_message: Vec<String>,
    /// The flow of Power Automate that it handed the alert to, by id.
    pub flow: Option<String>,
    /// What it is about.
    pub subject: AlertSubject,
    /// Whether somebody has looked at it.
    pub read: ReadMark,
    /// How it was settled; nothing while it is open.
    pub closure: Option<Closure>,
}

impl Alert {
    pub(super) fn new(id: AlertId, new: NewAlert, at_ms: i64) -> Self {
        Self {
            id,
            at_ms,
            policy: new.policy,
            title: new.title,
            severity: new.severity,
            email: new.email,
            text_message: new.text_message,
            flow: new.flow,
            subject: new.subject,
            read: ReadMark::default(),
            closure: None,
        }
    }

    /// Whether it is settled, and as what.
    pub fn status(&self) -> AlertStatus {
        self.closure
            .as_ref()
            .map_or(AlertStatus::Open, |closure| closure.reason.status())
    }

    /// Whether it is still to be settled.
    pub fn is_open(&self) -> bool {
        self.closure.is_none()
    }

    /// The file it is about, if it is the alert of a file policy.
    pub fn file(&self) -> Option<&FileKey> {
        match &self.subject {
            AlertSubject::File { file, .. } => Some(file),
            AlertSubject::Events(_) => None,
        }
    }

    /// One sentence that says what happened.
    pub fn description(&self) -> String {
        match &self.subject {
            AlertSubject::File { name, .. } => {
                format!("file policy `{}` matches `{name}`", self.title)
            }
            AlertSubject::Events(found) => format!(
                "event rule `{}` matches {} by {}",
                self.title, found.count, found.actor
            ),
        }
    }
}
