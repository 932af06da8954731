//! A rule at work.

use label_core::{AppId, FileKey, PolicyId};

use super::event::{Actor, LabelEvent};
use super::overload::{MatchDays, Overload};
use super::rule::{EventRule, EventRuleError, MatchParameters};
use super::window::{Enough, Window};

/// Most files that a match names; the count is of all.
pub const MATCH_FILES_MAX: usize = 100;

/// What a matcher keeps at most, and when it stops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventOptions {
    /// Most actors, or actors and apps, whose events are counted at a time. When there are more,
    /// the one that was quiet for longest goes, and [`EventMatcher::dropped_groups`] counts it.
    /// Default: 10,000.
    pub groups_max: usize,
    /// Most events that are kept, all actors together; beyond that as above. At least as many as
    /// the rule's minimum count. Default: 200,000.
    pub events_max: usize,
    /// When the rule turns itself off.
    pub overload: Overload,
}

impl Default for EventOptions {
    fn default() -> Self {
        Self {
            groups_max: 10_000,
            events_max: 200_000,
            overload: Overload::default(),
        }
    }
}

/// Whether a rule looks at events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RuleStatus {
    /// It does.
    Enabled,
    /// Somebody turned it off.
    Disabled,
    /// It matched too often, up to the UTC day that began then, and turned itself off.
    Overloaded {
        /// When the day began, milliseconds UTC.
        day_start_ms: i64,
    },
}

/// A match of a rule: what an alert is raised about (R-184).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventMatch {
    /// The rule.
    pub rule: PolicyId,
    /// Who caused the events.
    pub actor: Actor,
    /// In which app, if there is only one by the rule's parameters.
    pub app: Option<AppId>,
    /// How many events, or files, were counted.
    pub count: u32,
    /// The files, oldest event first, each once, at most [`MATCH_FILES_MAX`].
    pub files: Vec<FileKey>,
    /// When the first of the events was, milliseconds UTC.
    pub first_ms: i64,
    /// When the last one was, milliseconds UTC.
    pub at_ms: i64,
}

/// A rule with what it has to remember of earlier events.
///
/// Events may come a little out of order: the time frame is counted back from the newest event of
/// an actor, and what is older than that when it comes is counted in
/// [`late_events`](Self::late_events) and otherwise ignored.
///
/// # Examples
///
/// ```
/// use label_core::{AppId, FileId, FileKey, PolicyId};
/// use policy_engine::events::{
///     Actor, AppScope, Counting, EventMatcher, EventOptions, EventRule, LabelEvent,
///     LabelEventKind, MatchParameters, Repeated,
/// };
///
/// let mut rule = EventRule::new(PolicyId::parse("r")?, "Many labels removed", 0);
/// rule.filter.kind.eq = vec![LabelEventKind::LabelRemoved];
/// rule.parameters = MatchParameters::Repeated(Repeated {
///     minimum_count: 3,
///     time_frame_minutes: 5,
///     apps: AppScope::All,
///     counting: Counting::UniqueFiles,
/// });
/// let mut matcher = EventMatcher::new(rule, EventOptions::default())?;
/// let mut removed = |file: &str, at_ms| {
///     let event = LabelEvent {
///         kind: LabelEventKind::LabelRemoved,
///         file: FileKey::new(AppId::BOX, 0, FileId::parse(file)?),
///         before: None,
///         after: None,
///         actor: Actor::Outside(None),
///         at_ms,
///     };
///     Ok::<_, label_core::IdError>(matcher.observe(&event).is_some())
/// };
/// assert!(!removed("a", 0)?);
/// assert!(!removed("b", 60_000)?);
/// assert!(!removed("b", 120_000)?);
/// assert!(removed("c", 300_000)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct EventMatcher {
    rule: EventRule,
    options: EventOptions,
    /// For repeated events.
    window: Option<Window>,
    days: MatchDays,
    overloaded_ms: Option<i64>,
}

impl EventMatcher {
    /// A rule that has seen no event.
    ///
    /// # Errors
    ///
    /// [`EventRuleError`] with what is wrong with the rule, or with options that could never match.
    pub fn new(rule: EventRule, options: EventOptions) -> Result<Self, EventRuleError> {
        rule.check()?;
        let window = match rule.parameters {
            MatchParameters::Single => None,
            MatchParameters::Repeated(repeated) => {
                let needed = usize::try_from(repeated.minimum_count).unwrap_or(usize::MAX);
                let limit = options.events_max;
                if limit < needed {
                    return Err(EventRuleError::TooFewKept { limit, needed });
                }
                Some(Window::new(repeated, options.groups_max, limit))
            }
        };
        Ok(Self {
            rule,
            options,
            window,
            days: MatchDays::default(),
            overloaded_ms: None,
        })
    }

    /// The rule.
    pub fn rule(&self) -> &EventRule {
        &self.rule
    }

    /// Looks at an event; the match, if it makes one. One that turns the rule off for
    /// [`Overload`] is still a match.
    pub fn observe(&mut self, event: &LabelEvent) -> Option<EventMatch> {
        if self.overloaded_ms.is_some() || !self.rule.takes(event) {
            return None;
        }
        let found = match &mut self.window {
            None => self.single(event),
            Some(window) => {
                let enough = window.observe(event)?;
                self.repeated(enough)?
            }
        };
        self.overloaded_ms = self.days.count(self.options.overload, found.at_ms);
        if self.overloaded_ms.is_some() {
            self.forget();
        }
        Some(found)
    }

    /// Whether the rule looks at events.
    pub fn status(&self) -> RuleStatus {
        match self.overloaded_ms {
            Some(day_start_ms) => RuleStatus::Overloaded { day_start_ms },
            None if self.rule.enabled => RuleStatus::Enabled,
            None => RuleStatus::Disabled,
        }
    }

    /// Turns the rule on again, also after an overload; it starts without any event.
    pub fn enable(&mut self) {
        if self.status() != RuleStatus::Enabled {
            self.rule.enabled = true;
            self.overloaded_ms = None;
            self.days = MatchDays::default();
        }
    }

    /// Turns the rule off. What it counted is forgotten.
    pub fn disable(&mut self) {
        self.rule.enabled = false;
        self.overloaded_ms = None;
        self.forget();
    }

    /// How many actors' events were forgotten before their time because of the bounds.
    pub fn dropped_groups(&self) -> u64 {
        self.window.as_ref().map_or(0, |it| it.dropped_groups)
    }

    /// How many events came too late to be counted.
    pub fn late_events(&self) -> u64 {
        self.window.as_ref().map_or(0, |it| it.late_events)
    }

    fn forget(&mut self) {
        if let Some(window) = &mut self.window {
            window.clear();
        }
    }

    fn single(&self, event: &LabelEvent) -> EventMatch {
        EventMatch {
            rule: self.rule.id.clone(),
            actor: event.actor.clone(),
            app: Some(event.file.app),
            count: 1,
            files: vec![event.file.clone()],
            first_ms: event.at_ms,
            at_ms: event.at_ms,
        }
    }

    /// `None` only for no events at all, which are never enough.
    fn repeated(&self, enough: Enough) -> Option<EventMatch> {
        let (first_ms, at_ms) = (enough.events.first()?.0, enough.events.last()?.0);
        let count = u32::try_from(enough.events.len()).unwrap_or(u32::MAX);
        let mut files: Vec<FileKey> = Vec::new();
        for (_, file) in enough.events {
            if files.len() == MATCH_FILES_MAX {
                break;
            }
            if !files.contains(&file) {
                files.push(file);
            }
        }
        let (actor, app) = enough.key;
        Some(EventMatch {
            rule: self.rule.id.clone(),
            actor,
            app,
            count,
            files,
            first_ms,
            at_ms,
        })
    }
}
