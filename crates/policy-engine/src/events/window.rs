//! Counting events of one actor within a time.

use std::collections::{BTreeMap, BTreeSet};

use label_core::{AppId, FileKey};

use super::event::{Actor, LabelEvent};
use super::matcher::CountedEvent;
use super::rule::{AppScope, Counting, Repeated};

/// What is counted apart: an actor, and where the rule says so an app.
pub(super) type GroupKey = (Actor, Option<AppId>);

/// Events that could become part of a match, by group. Bounded: beyond the bounds the group whose
/// last event is oldest goes, after those that a clock which was ahead has dated later than now.
#[derive(Clone, Debug)]
pub(super) struct Window {
    repeated: Repeated,
    groups_max: usize,
    events_max: usize,
    groups: BTreeMap<GroupKey, Group>,
    by_age: BTreeSet<(i64, GroupKey)>,
    /// Events of all groups.
    kept: usize,
    pub(super) dropped_groups: u64,
    pub(super) late_events: u64,
}

/// Events of one group, all within the time frame before the newest of them.
#[derive(Clone, Debug, Default)]
struct Group {
    events: BTreeMap<(i64, u64), FileKey>,
    /// Where each file is, when each is counted once: at its latest event. Earlier ones leave the
    /// time frame earlier, so they are not needed.
    files: BTreeMap<FileKey, (i64, u64)>,
    next: u64,
}

/// The events that made a match, oldest first, never none.
pub(super) struct Enough {
    pub(super) key: GroupKey,
    pub(super) events: Vec<(i64, FileKey)>,
}

impl Window {
    pub(super) fn new(repeated: Repeated, groups_max: usize, events_max: usize) -> Self {
        Self {
            repeated,
            groups_max,
            events_max,
            groups: BTreeMap::new(),
            by_age: BTreeSet::new(),
            kept: 0,
            dropped_groups: 0,
            late_events: 0,
        }
    }

    /// Forgets all events.
    pub(super) fn clear(&mut self) {
        *self = Self {
            dropped_groups: self.dropped_groups,
            late_events: self.late_events,
            ..Self::new(self.repeated, self.groups_max, self.events_max)
        };
    }

    fn key(&self, actor: &Actor, app: AppId) -> GroupKey {
        let app = (self.repeated.apps == AppScope::Single).then_some(app);
        (actor.clone(), app)
    }

    /// The events that are kept, by group, oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = CountedEvent> {
        self.groups.iter().flat_map(|((actor, _), group)| {
            group.events.iter().map(|((at_ms, _), file)| CountedEvent {
                actor: actor.clone(),
                file: file.clone(),
                at_ms: *at_ms,
            })
        })
    }

    /// Keeps an event that was kept before.
    pub(super) fn restore(&mut self, event: CountedEvent) {
        let key = self.key(&event.actor, event.file.app);
        let mut group = self.remove(&key).unwrap_or_default();
        self.add(&mut group, &event.file, event.at_ms);
        self.insert(key, group);
        self.keep_bounds(i64::MAX);
    }

    /// Counts an event, dated `now_ms` at the latest; the events of its group if they are enough
    /// now.
    pub(super) fn observe(&mut self, event: &LabelEvent, now_ms: i64) -> Option<Enough> {
        let key = self.key(&event.actor, event.file.app);
        let mut group = self.remove(&key).unwrap_or_default();
        group.pull_back(now_ms);
        if !self.add(&mut group, &event.file, event.at_ms) {
            self.late_events = self.late_events.saturating_add(1);
        }
        let count = u32::try_from(group.events.len()).unwrap_or(u32::MAX);
        if count >= self.repeated.minimum_count {
            let events = group.events.into_iter();
            return Some(Enough {
                key,
                events: events.map(|((at_ms, _), file)| (at_ms, file)).collect(),
            });
        }
        self.insert(key, group);
        self.keep_bounds(now_ms);
        None
    }

    /// Adds an event to a group, unless it is older than the time frame, and forgets what is.
    fn add(&self, group: &mut Group, file: &FileKey, at_ms: i64) -> bool {
        let time_frame_ms = i64::from(self.repeated.time_frame_minutes) * 60_000;
        let newest_ms = group.newest_ms().map_or(at_ms, |newest| newest.max(at_ms));
        let oldest_ms = newest_ms.saturating_sub(time_frame_ms);
        group.forget_before(oldest_ms);
        if at_ms < oldest_ms {
            return false;
        }
        group.add(file, at_ms, self.repeated.counting);
        true
    }

    fn remove(&mut self, key: &GroupKey) -> Option<Group> {
        let group = self.groups.remove(key)?;
        self.kept = self.kept.saturating_sub(group.events.len());
        if let Some(newest_ms) = group.newest_ms() {
            self.by_age.remove(&(newest_ms, key.clone()));
        }
        Some(group)
    }

    /// The group has an event at least: the newest is never forgotten.
    fn insert(&mut self, key: GroupKey, group: Group) {
        if let Some(newest_ms) = group.newest_ms() {
            self.by_age.insert((newest_ms, key.clone()));
        }
        self.kept = self.kept.saturating_add(group.events.len());
        self.groups.insert(key, group);
    }

    fn keep_bounds(&mut self, now_ms: i64) {
        while self.groups.len() > self.groups_max || self.kept > self.events_max {
            let newest = self.by_age.last().filter(|(at_ms, _)| *at_ms > now_ms);
            let Some((_, key)) = newest.or(self.by_age.first()).cloned() else {
                return;
            };
            self.remove(&key);
            self.dropped_groups = self.dropped_groups.saturating_add(1);
        }
    }
}

impl Group {
    fn newest_ms(&self) -> Option<i64> {
        self.events.keys().next_back().map(|(at_ms, _)| *at_ms)
    }

    fn forget_before(&mut self, instant_ms: i64) {
        while let Some(first) = self.events.first_entry() {
            if first.key().0 >= instant_ms {
                return;
            }
            let file = first.remove();
            self.files.remove(&file);
        }
    }

    /// Dates what is later than an instant as of that instant: a clock was ahead when it came, and
    /// everything since would count as too late.
    fn pull_back(&mut self, instant_ms: i64) {
        let is_ahead = |newest_ms: &i64| *newest_ms > instant_ms;
        if self.newest_ms().filter(is_ahead).is_none() {
            return;
        }
        for (_, file) in self.events.split_off(&(instant_ms.saturating_add(1), 0)) {
            let at = (instant_ms, self.next);
            if let Some(known) = self.files.get_mut(&file) {
                *known = at;
            }
            self.events.insert(at, file);
            self.next += 1;
        }
    }

    fn add(&mut self, file: &FileKey, at_ms: i64, counting: Counting) {
        let at = (at_ms, self.next);
        if counting == Counting::UniqueFiles {
            if let Some(known) = self.files.get(file).copied() {
                if at_ms <= known.0 {
                    return;
                }
                self.events.remove(&known);
            }
            self.files.insert(file.clone(), at);
        }
        self.events.insert(at, file.clone());
        self.next += 1;
    }
}

#[cfg(test)]
mod tests {
    use label_core::FileId;

    use super::super::event::LabelEventKind;
    use super::*;

    #[test]
    fn what_left_the_time_frame_is_not_kept_anywhere() {
        let repeated = Repeated {
            minimum_count: 3,
            time_frame_minutes: 1,
            apps: AppScope::All,
            counting: Counting::UniqueFiles,
        };
        let mut window = Window::new(repeated, 10, 10);
        for at in 0..100_i64 {
            let event = LabelEvent {
                kind: LabelEventKind::LabelRemoved,
                file: FileKey::new(AppId::BOX, 0, FileId::parse(&at.to_string()).unwrap()),
                before: None,
                after: None,
                actor: Actor::Outside(None),
                at_ms: at * 60_001,
            };
            assert!(window.observe(&event, i64::MAX).is_none());
        }
        let (_, group) = window.groups.first_key_value().unwrap();
        assert_eq!((group.events.len(), group.files.len()), (1, 1));
        assert_eq!((window.kept, window.by_age.len()), (1, 1));
    }
}
