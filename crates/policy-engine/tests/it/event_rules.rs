//! Event rules against a slow, obvious twin: a flat list of everything that was seen, looked through
//! from end to end for every event.

use label_core::{AppId, FileId, FileKey, PolicyId};
use policy_engine::Address;
use policy_engine::events::{
    Actor, AppScope, Counting, EventMatcher, EventOptions, EventRule, LabelEvent, LabelEventKind,
    MatchParameters, Repeated,
};
use proptest::prelude::*;
use proptest::sample::select;

const MINUTE_MS: i64 = 60_000;

#[derive(Default)]
struct Twin {
    seen: Vec<LabelEvent>,
    dropped: u64,
    late: u64,
}

type Group = (Actor, Option<AppId>);

impl Twin {
    fn group(event: &LabelEvent, apps: AppScope) -> Group {
        let app = (apps == AppScope::Single).then_some(event.file.app);
        (event.actor.clone(), app)
    }

    /// The times of the events that make a match.
    fn observe(
        &mut self,
        event: &LabelEvent,
        rule: &EventRule,
        groups_max: usize,
        events_max: usize,
    ) -> Option<Vec<i64>> {
        let MatchParameters::Repeated(repeated) = rule.parameters else {
            return Some(vec![event.at_ms]);
        };
        if event.at_ms < rule.created_ms || event.kind != LabelEventKind::LabelRemoved {
            return None;
        }
        let frame_ms = i64::from(repeated.time_frame_minutes) * MINUTE_MS;
        let group = |event: &LabelEvent| Self::group(event, repeated.apps);
        let this = group(event);
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
        let mut times: Vec<i64> = self
            .seen
            .iter()
            .filter(|it| group(it) == this)
            .map(|it| it.at_ms)
            .collect();
        times.sort();
        if times.len() >= usize::try_from(repeated.minimum_count).unwrap() {
            self.seen.retain(|it| group(it) != this);
            return Some(times);
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
            if groups.len() <= groups_max && self.seen.len() <= events_max {
                return None;
            }
            self.seen.retain(|it| group(it) != groups[0].1);
            self.dropped += 1;
        }
    }
}

fn events() -> impl Strategy<Value = (i64, LabelEvent)> {
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
    let files = select(vec!["a", "b", "c"]);
    let apps = select(vec![AppId::BOX, AppId::DROPBOX]);
    (steps, select(kinds), files, apps, select(actors)).prop_map(
        |(step_ms, kind, file, app, actor)| {
            let event = LabelEvent {
                kind,
                file: FileKey::new(app, 0, FileId::parse(file).unwrap()),
                before: None,
                after: None,
                actor,
                at_ms: 0,
            };
            (step_ms, event)
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
    ) {
        let id = PolicyId::parse("r").unwrap();
        let mut rule = EventRule::new(id, "Labels removed", MINUTE_MS);
        rule.filter.kind.eq = vec![LabelEventKind::LabelRemoved];
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
        let mut matcher = EventMatcher::new(rule.clone(), options).unwrap();
        let mut twin = Twin::default();
        let mut now_ms = 0;
        for (step_ms, mut event) in events {
            now_ms += step_ms;
            event.at_ms = now_ms;
            let found = matcher.observe(&event);
            let expected = twin.observe(&event, &rule, groups_max, events_max);
            let expected = expected.map(|times| {
                let count = u32::try_from(times.len()).unwrap();
                (count, times[0], times[times.len() - 1])
            });
            let found = found.map(|found| (found.count, found.first_ms, found.at_ms));
            prop_assert_eq!(found, expected, "at {}", now_ms);
            prop_assert_eq!(matcher.dropped_groups(), twin.dropped);
            prop_assert_eq!(matcher.late_events(), twin.late);
        }
    }
}
