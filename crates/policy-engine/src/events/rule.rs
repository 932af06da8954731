//! A rule over events: an activity policy that looks at labels.

use label_core::{AppId, FileId, IdError, LabelKey, PolicyId};
use thiserror::Error;

use super::event::{Actor, LabelEvent, LabelEventKind};
use crate::address::Address;
use crate::document::{ADDRESSES_MAX, AlertSettings, Category, Severity};
use crate::filter::VALUES_MAX;
use crate::fold;

/// Most events that a repeated match can ask for.
pub const COUNT_MAX: u32 = 10_000;

/// Longest time frame of a repeated match, minutes: 31 days.
pub const TIME_FRAME_MINUTES_MAX: u32 = 31 * 24 * 60;

/// A rule that raises alerts about label events (R-184).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct EventRule {
    /// Its identity.
    pub id: PolicyId,
    /// The template that it was made from, by id. Plays no part in matching.
    pub template: Option<String>,
    /// Its name; its alerts have it as their title.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// How serious a match is. Default: low.
    pub severity: Severity,
    /// What it is about. Default: threat detection.
    pub category: Category,
    /// Whether it is in force. Default: yes.
    pub enabled: bool,
    /// When it was made, milliseconds UTC. Earlier events are not looked at (R-185).
    pub created_ms: i64,
    /// Which events it looks at. Default: all.
    pub filter: EventFilter,
    /// How many of them make a match. Default: each one.
    pub parameters: MatchParameters,
    /// What alerts it raises. Default: see [`AlertSettings`].
    pub alerts: AlertSettings,
}

impl EventRule {
    /// An enabled rule that matches every event from `created_ms` on.
    pub fn new(id: PolicyId, name: impl Into<String>, created_ms: i64) -> Self {
        Self {
            id,
            template: None,
            name: name.into(),
            description: String::new(),
            severity: Severity::default(),
            category: Category::ThreatDetection,
            enabled: true,
            created_ms,
            filter: EventFilter::default(),
            parameters: MatchParameters::default(),
            alerts: AlertSettings::default(),
        }
    }

    /// Whether the rule looks at an event: it is enabled, the event is not from before it was made
    /// (R-185), and the filter takes it. Changes nothing, so it can be tried on past events (A-011).
    pub fn takes(&self, event: &LabelEvent) -> bool {
        self.enabled && event.at_ms >= self.created_ms && self.filter.takes(event)
    }

    /// Whether all of it is in range: what is checked of file policies, too.
    ///
    /// # Errors
    ///
    /// [`EventRuleError`] with the first thing that is not: correct it.
    pub fn check(&self) -> Result<(), EventRuleError> {
        if self.name.trim().is_empty() {
            return Err(EventRuleError::NoName);
        }
        check_addresses("alerts.email", &self.alerts.email)?;
        check_addresses("alerts.text_message", &self.alerts.text_message)?;
        self.filter.check()?;
        if let MatchParameters::Repeated(repeated) = &self.parameters {
            in_range("minimum count", repeated.minimum_count, COUNT_MAX)?;
            let minutes = repeated.time_frame_minutes;
            in_range("time frame in minutes", minutes, TIME_FRAME_MINUTES_MAX)?;
        }
        Ok(())
    }
}

/// Which events a rule looks at: those for which all of it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// What happened.
    pub kind: Selection<LabelEventKind>,
    /// In which app.
    pub app: Selection<AppId>,
    /// In which connected instance of the app.
    pub instance: Selection<u32>,
    /// With which label: `eq` asks for the label before or after, `neq` excludes both.
    pub label: Selection<LabelKey>,
    /// To which file, by its id in the app; letter case doesn't matter.
    pub file: Selection<FileId>,
    /// By whom.
    pub actor: Selection<ActorPattern>,
    /// Not earlier than this, milliseconds UTC.
    pub from_ms: Option<i64>,
    /// Not later than this, milliseconds UTC.
    pub until_ms: Option<i64>,
}

impl EventFilter {
    /// Whether an event is one of them.
    pub fn takes(&self, event: &LabelEvent) -> bool {
        let labels = [event.before, event.after];
        let file = &event.file;
        self.kind.takes(|kind| *kind == event.kind)
            && self.app.takes(|app| *app == file.app)
            && self.instance.takes(|instance| *instance == file.instance)
            && self
                .label
                .takes(|key| labels.iter().flatten().any(|label| label.key == *key))
            && self
                .file
                .takes(|id| fold::folded(id.as_str()).eq(fold::folded(file.file.as_str())))
            && self.actor.takes(|pattern| pattern.takes(&event.actor))
            && self.from_ms.is_none_or(|from_ms| from_ms <= event.at_ms)
            && self.until_ms.is_none_or(|until_ms| event.at_ms <= until_ms)
    }

    fn check(&self) -> Result<(), EventRuleError> {
        for (what, count) in [
            ("filter.kind", self.kind.longest()),
            ("filter.app", self.app.longest()),
            ("filter.instance", self.instance.longest()),
            ("filter.label", self.label.longest()),
            ("filter.file", self.file.longest()),
            ("filter.actor", self.actor.longest()),
        ] {
            at_most(what, count, VALUES_MAX)?;
        }
        match (self.from_ms, self.until_ms) {
            (Some(from_ms), Some(until_ms)) if until_ms < from_ms => {
                Err(EventRuleError::EmptyRange { from_ms, until_ms })
            }
            _ => Ok(()),
        }
    }
}

/// Which values a property may have. Default: any.
///
/// # Examples
///
/// ```
/// use label_core::AppId;
/// use policy_engine::events::Selection;
///
/// let apps = Selection { neq: vec![AppId::BOX], ..Selection::one_of([AppId::BOX, AppId::DROPBOX]) };
/// assert_eq!(apps.eq, Some(vec![AppId::BOX, AppId::DROPBOX]));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection<T> {
    /// One of these; an empty list takes nothing, as in file policies (1.2).
    pub eq: Option<Vec<T>>,
    /// None of these; an empty list excludes nothing.
    pub neq: Vec<T>,
}

impl<T> Default for Selection<T> {
    fn default() -> Self {
        Self {
            eq: None,
            neq: Vec::new(),
        }
    }
}

impl<T> Selection<T> {
    /// One of these.
    pub fn one_of(values: impl IntoIterator<Item = T>) -> Self {
        Self {
            eq: Some(values.into_iter().collect()),
            neq: Vec::new(),
        }
    }

    /// None of these.
    pub fn none_of(values: impl IntoIterator<Item = T>) -> Self {
        Self {
            eq: None,
            neq: values.into_iter().collect(),
        }
    }

    fn takes(&self, is_value: impl Fn(&T) -> bool) -> bool {
        let is_wanted = |wanted: &Vec<T>| wanted.iter().any(&is_value);
        self.eq.as_ref().is_none_or(is_wanted) && !self.neq.iter().any(&is_value)
    }

    fn longest(&self) -> usize {
        let wanted = self.eq.as_ref().map_or(0, Vec::len);
        wanted.max(self.neq.len())
    }
}

/// Which actors.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ActorPattern {
    /// Any policy.
    AnyPolicy,
    /// This policy.
    Policy(PolicyId),
    /// Any administrator.
    AnyAdministrator,
    /// This administrator.
    Administrator(Address),
    /// Anybody outside, known or not.
    AnyoneOutside,
    /// This one outside.
    Outside(Address),
}

impl ActorPattern {
    fn takes(&self, actor: &Actor) -> bool {
        match (self, actor) {
            (Self::AnyPolicy, Actor::Policy(_))
            | (Self::AnyAdministrator, Actor::Administrator(_))
            | (Self::AnyoneOutside, Actor::Outside(_)) => true,
            (Self::Policy(wanted), Actor::Policy(policy)) => wanted == policy,
            (Self::Administrator(wanted), Actor::Administrator(address))
            | (Self::Outside(wanted), Actor::Outside(Some(address))) => wanted == address,
            _ => false,
        }
    }
}

/// How many events make a match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MatchParameters {
    /// Each one does.
    #[default]
    Single,
    /// Several of one actor within a time do.
    Repeated(Repeated),
}

/// When repeated events make a match. They are always counted for each actor apart. Events that
/// made a match don't count towards the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Repeated {
    /// So many at least, 1 to [`COUNT_MAX`].
    pub minimum_count: u32,
    /// Within so many minutes, 1 to [`TIME_FRAME_MINUTES_MAX`]: the last of them is not later than
    /// that after the first.
    pub time_frame_minutes: u32,
    /// In which apps.
    pub apps: AppScope,
    /// What is counted.
    pub counting: Counting,
}

/// Whether repeated events have to be in one app.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AppScope {
    /// All apps together.
    #[default]
    All,
    /// Each app apart.
    Single,
}

/// What is counted of repeated events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Counting {
    /// Each event.
    #[default]
    Events,
    /// Each file once.
    UniqueFiles,
}

/// What is wrong with a rule or with the options of its matcher.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EventRuleError {
    /// A number is out of range.
    #[error("{what}: {value} is not between 1 and {limit}")]
    OutOfRange {
        /// Which number.
        what: &'static str,
        /// What it is.
        value: u32,
        /// What it may be at most.
        limit: u32,
    },
    /// The rule has no name, or a blank one.
    #[error("name: blank")]
    NoName,
    /// An address or telephone number that nobody can have.
    #[error("{what}: item {at}: {reason}")]
    Address {
        /// Which list.
        what: &'static str,
        /// Which item of it, from 0.
        at: usize,
        /// What is wrong with it.
        reason: IdError,
    },
    /// A list is too long.
    #[error("{what}: {count} values where {limit} are allowed")]
    TooMany {
        /// Which list.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// The filter's dates end before they start.
    #[error("filter: ends at {until_ms} ms, before it starts at {from_ms} ms")]
    EmptyRange {
        /// When they start, milliseconds UTC.
        from_ms: i64,
        /// When they end, milliseconds UTC.
        until_ms: i64,
    },
    /// The matcher may not keep as much as a match needs, so there would never be one.
    #[error("{what}: {limit} where a match needs {needed}")]
    TooFewKept {
        /// Which bound of [`EventOptions`](super::EventOptions).
        what: &'static str,
        /// What it is.
        limit: usize,
        /// How many a match needs.
        needed: usize,
    },
    /// Two entries for one day, or two that say that the rule turned itself off: the entries are
    /// not those of one matcher.
    #[error("the day from {day_start_ms} ms has two entries")]
    Duplicate {
        /// When the day of the second one began, milliseconds UTC.
        day_start_ms: i64,
    },
}

fn at_most(what: &'static str, count: usize, limit: usize) -> Result<(), EventRuleError> {
    if count > limit {
        return Err(EventRuleError::TooMany { what, count, limit });
    }
    Ok(())
}

fn check_addresses(what: &'static str, addresses: &[String]) -> Result<(), EventRuleError> {
    at_most(what, addresses.len(), ADDRESSES_MAX)?;
    for (at, address) in addresses.iter().enumerate() {
        Address::parse(address).map_err(|reason| EventRuleError::Address { what, at, reason })?;
    }
    Ok(())
}

fn in_range(what: &'static str, value: u32, limit: u32) -> Result<(), EventRuleError> {
    if (1..=limit).contains(&value) {
        return Ok(());
    }
    Err(EventRuleError::OutOfRange { what, value, limit })
}
