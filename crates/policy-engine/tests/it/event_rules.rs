//! Event rules against a slow, obvious twin: a flat list of everything that was seen, looked through
//! from end to end for every event.

use label_core::{AppId, FileId, FileKey, PolicyId};
use policy_engine::Address;
use policy_engine::events::{
    Actor, AppScope, Counting, EventMatch, EventMatcher, EventOptions, EventRule, LabelEvent,
    LabelEventKind, MatchParameters, Repeated, Selection,
};
use proptest::prelude::*;
use proptest::sample::select;

const MINUTE_MS: i64 = 60_000;

#[derive(Default)]
struct Twin {
    seen: Vec<LabelEvent>,
    dropped: u64,
    late: u64,
    future: u64,
}

type Group = (Actor, Option<AppId>);

impl Twin {
    fn group(event: &LabelEvent, apps: AppScope) -> Group {
        let app = (apps == AppScope::Single).then_some(event.file.app);
        (event.actor.clone(), app)
    }

    /// The match that an event makes.
    fn observe(
        &mut self,
        event: &LabelEvent,
        now_ms: i64,
        rule: &EventRule,
        options: &EventOptions,
    ) -> Option<EventMatch> {
        let MatchParameters::Repeated(repeated) = rule.parameters else {
            panic!("the rules of this test count events")
        };
        let mut event = event.clone();
        if event.at_ms > now_ms {
            event.at_ms = now_ms;
            self.future += 1;
        }
        if event.at_ms < rule.created_ms || event.kind != LabelEventKind::LabelRemoved {
            return None;
        }
        let event = &event;
        let frame_ms = i64::from(repeated.time_frame_minutes) * MINUTE_MS;
        let group = |event: &LabelEvent| Self::group(event, repeated.apps);
        let this = group(event);
        // What a clock that was ahead has dated counts as of now, after what is of now already.
        let is_ahead = |it: &LabelEvent| group(it) == this && it.at_ms > now_ms;
        let mut ahead: Vec<LabelEvent> = Vec::new();
        ahead.extend(self.seen.iter().filter(|it| is_ahead(it)).cloned());
        self.seen.retain(|it| !is_ahead(it));
        ahead.sort_by_key(|it| it.at_ms);
        for mut it in ahead {
            it.at_ms = now_ms;
            self.seen.push(it);
        }
        self.seen.push(event.clone());
        let same = self.seen.iter().filter(|it| group(it) == this);
        let newest_ms = same.map(|it| it.at_ms).max().unwrap();
        if event.at_ms < newest_ms - frame_ms {
            self.late += 1;
        }
        self.seen
            .retain(|it| group(it) != this || it.at_ms >= newest_ms - frame_ms);
        if repeated.counting == Counting::UniqueFiles {
            // Of each file, the first one of its latest events.
            let all = self.seen.clone();
            let mut at = 0;
            self.seen.retain(|it| {
                at += 1;
                let is_beaten = |(place, other): (usize, &LabelEvent)| {
                    group(other) == this
                        && other.file == it.file
                        && (other.at_ms > it.at_ms || other.at_ms == it.at_ms && place < at - 1)
                };
                group(it) != this || !all.iter().enumerate().any(is_beaten)
            });
        }
        let mut counted = self.seen.clone();
        counted.retain(|it| group(it) == this);
        counted.sort_by_key(|it| it.at_ms);
        if counted.len() >= usize::try_from(repeated.minimum_count).unwrap() {
            self.seen.retain(|it| group(it) != this);
            let mut files: Vec<FileKey> = Vec::new();
            for it in &counted {
                if !files.contains(&it.file) {
                    files.push(it.file.clone());
                }
            }
            return Some(EventMatch {
                rule: rule.id.clone(),
                actor: event.actor.clone(),
                app: (repeated.apps == AppScope::Single).then_some(event.file.app),
                count: u32::try_from(counted.len()).unwrap(),
                files,
                first_ms: counted[0].at_ms,
                at_ms: counted[counted.len() - 1].at_ms,
            });
        }
        loop {
            let mut groups: Vec<(i64, Group)> = Vec::new();
            for it in &self.seen {
                let newest = self.seen.iter().filter(|other| group(other) == group(it));
                let newest_ms = newest.map(|other| other.at_ms).max().unwrap();
                groups.push((newest_ms, group(it)));
            }
            groups.sort();
            groups.dedup();
            if groups.len() <= options.groups_max && self.seen.len() <= options.events_max {
                return None;
            }
            let (newest_ms, newest) = &groups[groups.len() - 1];
            let gone = if *newest_ms > now_ms {
                newest
            } else {
                &groups[0].1
            };
            self.seen.retain(|it| group(it) != *gone);
            self.dropped += 1;
        }
    }
}

/// How far the clock goes, how far from it the event is dated, and the event.
fn events() -> impl Strategy<Value = (i64, i64, LabelEvent)> {
    let actors = vec![
        Actor::Outside(None),
        Actor::Outside(Some(Address::parse("ines@x").unwrap())),
        Actor::Administrator(Address::parse("ines@x").unwrap()),
        Actor::Policy(PolicyId::parse("p").unwrap()),
    ];
    let kinds = vec![
        LabelEventKind::LabelRemoved,
        LabelEventKind::LabelRemoved,
        LabelEventKind::LabelRemoved,
        LabelEventKind::LabelApplied,
    ];
    let steps = prop_oneof![
        6 => 0_i64..MINUTE_MS,
        2 => -MINUTE_MS..0,
        1 => Just(MINUTE_MS),
        1 => Just(0),
        1 => MINUTE_MS..4 * MINUTE_MS,
    ];
    let offsets = prop_oneof![
        6 => Just(0),
        2 => -2 * MINUTE_MS..0,
        1 => 0..MINUTE_MS,
    ];
    let files = select(vec!["a", "b", "c"]);
    let apps = select(vec![AppId::BOX, AppId::DROPBOX]);
    (steps, offsets, select(kinds), files, apps, select(actors)).prop_map(
        |(step_ms, offset_ms, kind, file, app, actor)| {
            let event = LabelEvent {
                kind,
                file: FileKey::new(app, 0, FileId::parse(file).unwrap()),
                before: None,
                after: None,
                actor,
                at_ms: 0,
            };
            (step_ms, offset_ms, event)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(800))]

    #[test]
    fn r_184_r_185_repeated_events_agree_with_a_list_of_all_that_was_seen(
        events in proptest::collection::vec(events(), 1..50),
        minimum_count in 1_u32..5,
        time_frame_minutes in 1_u32..4,
        apps in select(vec![AppScope::All, AppScope::Single]),
        counting in select(vec![Counting::Events, Counting::UniqueFiles]),
        groups_max in 1_usize..6,
        events_max in 4_usize..12,
        restored_at in 0_usize..50,
    ) {
        let id = PolicyId::parse("r").unwrap();
        let mut rule = EventRule::new(id, "Labels removed", MINUTE_MS);
        rule.filter.kind = Selection::one_of([LabelEventKind::LabelRemoved]);
        rule.parameters = MatchParameters::Repeated(Repeated {
            minimum_count,
            time_frame_minutes,
            apps,
            counting,
        });
        let options = EventOptions {
            groups_max,
            events_max,
            ..EventOptions::default()
        };
        let mut matcher = EventMatcher::new(rule.clone(), options.clone()).unwrap();
        let mut twin = Twin::default();
        let mut now_ms = 0;
        // What a matcher counts is of its own life.
        let mut before = [0; 3];
        for (at, (step_ms, offset_ms, mut event)) in events.into_iter().enumerate() {
            now_ms += step_ms;
            event.at_ms = now_ms + offset_ms;
            if at == restored_at {
                let entries: Vec<_> = matcher.entries().collect();
                let again = entries.iter().cloned();
                matcher = EventMatcher::from_entries(rule.clone(), options.clone(), again).unwrap();
                prop_assert_eq!(matcher.entries().collect::<Vec<_>>(), entries);
                before = [twin.dropped, twin.late, twin.future];
            }
            let found = matcher.observe(&event, now_ms);
            let expected = twin.observe(&event, now_ms, &rule, &options);
            prop_assert_eq!(found, expected, "at {}", now_ms);
            let [dropped, late, future] = before;
            prop_assert_eq!(matcher.dropped_groups(), twin.dropped - dropped);
            prop_assert_eq!(matcher.late_events(), twin.late - late);
            prop_assert_eq!(matcher.future_events(), twin.future - future);
        }
    }
}
