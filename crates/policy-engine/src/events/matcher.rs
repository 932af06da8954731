//! A rule at work.

use label_core::{AppId, FileKey, PolicyId};

use super::event::{Actor, LabelEvent};
use super::overload::{MatchDay, MatchDays, Overload};
use super::rule::{EventRule, EventRuleError, MatchParameters};
use super::window::{Enough, Window};

/// Most files that a match names; the count is of all.
pub const MATCH_FILES_MAX: usize = 100;

/// What a matcher keeps at most, and when it stops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventOptions {
    /// Most actors, or actors and apps, whose events are counted at a time. When there are more,
    /// the one that was quiet for longest goes, and [`EventMatcher::dropped_groups`] counts it. At
    /// least one. Default: 10,000.
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

/// One event that may become part of a match of a rule for repeated events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountedEvent {
    /// Who caused it.
    pub actor: Actor,
    /// The file.
    pub file: FileKey,
    /// When, milliseconds UTC; not later than when it was observed.
    pub at_ms: i64,
}

/// One thing that a matcher keeps, for whoever stores matchers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventEntry {
    /// The rule turned itself off; see [`RuleStatus::Overloaded`].
    Overloaded {
        /// When the day began, milliseconds UTC.
        day_start_ms: i64,
    },
    /// How often it matched on one of the last days.
    Day(MatchDay),
    /// An event that counts towards a match.
    Event(CountedEvent),
}

/// A rule with what it has to remember of earlier events.
///
/// Events may come a little out of order: the time frame is counted back from the newest event of
/// an actor, and what is older than that when it comes is counted in
/// [`late_events`](Self::late_events) and otherwise ignored. An event that is dated later than the
/// present counts as one of the present, with no tolerance, and
/// [`future_events`](Self::future_events) counts it: taken at its word, it would make all others
/// too old.
///
/// It is kept in memory; its [`entries`](Self::entries) are what has to be stored besides the rule.
///
/// # Examples
///
/// ```
/// use label_core::{AppId, FileId, FileKey, PolicyId};
/// use policy_engine::events::{
///     Actor, AppScope, Counting, EventMatcher, EventOptions, EventRule, LabelEvent,
///     LabelEventKind, MatchParameters, Repeated, Selection,
/// };
///
/// let mut rule = EventRule::new(PolicyId::parse("r")?, "Many labels removed", 0);
/// rule.filter.kind = Selection::one_of([LabelEventKind::LabelRemoved]);
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
///     Ok::<_, label_core::IdError>(matcher.observe(&event, at_ms).is_some())
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
    future_events: u64,
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
                for (what, limit, needed) in [
                    ("events_max", options.events_max, needed),
                    ("groups_max", options.groups_max, 1),
                ] {
                    if limit < needed {
                        return Err(EventRuleError::TooFewKept {
                            what,
                            limit,
                            needed,
                        });
                    }
                }
                let (groups_max, events_max) = (options.groups_max, options.events_max);
                Some(Window::new(repeated, groups_max, events_max))
            }
        };
        Ok(Self {
            rule,
            options,
            window,
            days: MatchDays::default(),
            overloaded_ms: None,
            future_events: 0,
        })
    }

    /// The matcher that [`entries`](Self::entries) came from, in any order but that of events of one
    /// millisecond. The rule may have been edited in between: what it doesn't count any more is left
    /// out.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new); [`EventRuleError::Duplicate`] when the entries are not those of one
    /// matcher.
    ///
    /// # Examples
    ///
    /// ```
    /// use label_core::PolicyId;
    /// use policy_engine::events::{
    ///     EventEntry, EventMatcher, EventOptions, EventRule, MatchDay, RuleStatus,
    /// };
    ///
    /// // As it was stored, in whatever form: the rule had matched too often.
    /// let rule = EventRule::new(PolicyId::parse("r")?, "Any label event", 0);
    /// let stored = [
    ///     EventEntry::Overloaded { day_start_ms: 0 },
    ///     EventEntry::Day(MatchDay { day_start_ms: 0, matches: 50_001 }),
    /// ];
    /// let mut matcher =
    ///     EventMatcher::from_entries(rule, EventOptions::default(), stored.clone())?;
    /// assert_eq!(matcher.status(), RuleStatus::Overloaded { day_start_ms: 0 });
    /// assert!(matcher.entries().eq(stored));
    ///
    /// matcher.enable();
    /// assert_eq!(matcher.entries().count(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_entries(
        rule: EventRule,
        options: EventOptions,
        entries: impl IntoIterator<Item = EventEntry>,
    ) -> Result<Self, EventRuleError> {
        let mut matcher = Self::new(rule, options)?;
        for entry in entries {
            match entry {
                EventEntry::Overloaded { day_start_ms } => {
                    if matcher.overloaded_ms.replace(day_start_ms).is_some() {
                        return Err(EventRuleError::Duplicate { day_start_ms });
                    }
                }
                EventEntry::Day(day) => matcher.days.restore(matcher.options.overload, day)?,
                EventEntry::Event(event) => {
                    if let Some(window) = &mut matcher.window {
                        window.restore(event);
                    }
                }
            }
        }
        Ok(matcher)
    }

    /// Everything that has to be kept for [`from_entries`](Self::from_entries), besides the rule
    /// and the options: whether it turned itself off, the matches of the last days, and the events
    /// that count towards a match, those of each actor oldest first.
    pub fn entries(&self) -> impl Iterator<Item = EventEntry> {
        let off = self.overloaded_ms.into_iter();
        let off = off.map(|day_start_ms| EventEntry::Overloaded { day_start_ms });
        let days = self.days.iter().map(EventEntry::Day);
        let events = self.window.iter().flat_map(Window::iter);
        off.chain(days).chain(events.map(EventEntry::Event))
    }

    /// The rule.
    pub fn rule(&self) -> &EventRule {
        &self.rule
    }

    /// Looks at an event; the match, if it makes one. One that turns the rule off for
    /// [`Overload`] is still a match. `now_ms` is the present, milliseconds UTC; an event that is
    /// dated later counts as one of the present, for the rule's filter, too.
    pub fn observe(&mut self, event: &LabelEvent, now_ms: i64) -> Option<EventMatch> {
        if self.overloaded_ms.is_some() {
            return None;
        }
        if event.at_ms <= now_ms {
            return self.observe_dated(event, now_ms);
        }
        self.future_events = self.future_events.saturating_add(1);
        let dated_now = LabelEvent {
            at_ms: now_ms,
            ..event.clone()
        };
        self.observe_dated(&dated_now, now_ms)
    }

    fn observe_dated(&mut self, event: &LabelEvent, now_ms: i64) -> Option<EventMatch> {
        if !self.rule.takes(event) {
            return None;
        }
        let found = match &mut self.window {
            None => self.single(event),
            Some(window) => {
                let enough = window.observe(event, now_ms)?;
                self.repeated(enough)?
            }
        };
        let overload = self.options.overload;
        self.overloaded_ms = self.days.count(overload, found.at_ms, now_ms);
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

    /// How many events were dated later than the present, and so counted as of the present, since
    /// the matcher was made.
    pub fn future_events(&self) -> u64 {
        self.future_events
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
