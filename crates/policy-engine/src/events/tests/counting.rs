//! Which events make a match, and what is kept of them.

use super::*;

#[test]
fn r_184_each_event_is_a_match_of_a_single_activity() {
    let mut matcher = matcher(rule());
    for at_ms in [5, 5, 3] {
        let found = matcher.observe(&event("f", at_ms), LATER_MS).unwrap();
        assert_eq!((found.count, found.at_ms), (1, at_ms));
        assert_eq!(found.files, [file("f")]);
    }
}

#[test]
fn r_184_so_many_within_a_time_are_a_match() {
    let frame_ms = 10 * MINUTE_MS;
    // When events come, and which of them make a match.
    for (times, matching) in [
        (&[0, 1, 2][..], &[2][..]),
        (&[0, 1, frame_ms], &[2]),
        (&[0, 1, frame_ms + 1], &[]),
        (&[0, 1, frame_ms + 1, frame_ms + 1], &[3]),
        // Those that made a match are used up.
        (&[0, 0, 0, 0, 0, 0], &[2, 5]),
        (&[0, 0, 0, 1, 1], &[2]),
        // Out of order, and too late.
        (&[frame_ms, 0, 5], &[2]),
        (&[frame_ms + 1, 0, 1], &[]),
        (&[frame_ms + 1, 0, 1, 1], &[3]),
        (&[0, 1], &[]),
    ] {
        let mut matcher = repeating(repeated(3, 10));
        let found: Vec<usize> = times
            .iter()
            .enumerate()
            .filter(|(_, at_ms)| matcher.observe(&event("f", **at_ms), LATER_MS).is_some())
            .map(|(at, _)| at)
            .collect();
        assert_eq!(found, matching, "{times:?}");
    }
    let mut matcher = repeating(repeated(3, 10));
    matcher.observe(&event("a", 4), LATER_MS);
    matcher.observe(&event("b", 2), LATER_MS);
    let found = matcher.observe(&event("a", 9), LATER_MS).unwrap();
    assert_eq!((found.first_ms, found.at_ms, found.count), (2, 9, 3));
    assert_eq!(found.files, [file("b"), file("a")]);
    assert_eq!(found.app, None);
}

#[test]
fn r_184_actors_and_where_wanted_apps_are_counted_apart() {
    let by = |actor: &Actor, app| {
        let mut event = event("f", 0);
        event.actor = actor.clone();
        event.file.app = app;
        event
    };
    let ines = Actor::Outside(Some(address("ines@x")));
    let others = [
        Actor::Outside(None),
        Actor::Outside(Some(address("omar@x"))),
        Actor::Administrator(address("ines@x")),
        Actor::Policy(policy("ines@x")),
    ];
    let mut matcher = repeating(repeated(2, 1));
    assert_eq!(matcher.observe(&by(&ines, AppId::BOX), LATER_MS), None);
    for other in &others {
        assert_eq!(
            matcher.observe(&by(other, AppId::BOX), LATER_MS),
            None,
            "{other}"
        );
    }
    let same = Actor::Outside(Some(address("INES@X")));
    assert!(
        matcher
            .observe(&by(&same, AppId::DROPBOX), LATER_MS)
            .is_some()
    );

    let mut matcher = repeating(Repeated {
        apps: AppScope::Single,
        ..repeated(2, 1)
    });
    assert_eq!(matcher.observe(&by(&ines, AppId::BOX), LATER_MS), None);
    assert_eq!(matcher.observe(&by(&ines, AppId::DROPBOX), LATER_MS), None);
    let found = matcher.observe(&by(&ines, AppId::BOX), LATER_MS).unwrap();
    assert_eq!(found.app, Some(AppId::BOX));
}

#[test]
fn r_184_files_can_be_counted_once_each() {
    let unique = || {
        repeating(Repeated {
            counting: Counting::UniqueFiles,
            ..repeated(2, 1)
        })
    };
    let mut matcher = unique();
    for at_ms in [0, 1, 2] {
        assert_eq!(matcher.observe(&event("a", at_ms), LATER_MS), None);
    }
    let found = matcher.observe(&event("b", 3), LATER_MS).unwrap();
    assert_eq!((found.count, found.first_ms), (2, 2));

    // What counts is when a file was touched last.
    let mut matcher = unique();
    matcher.observe(&event("a", 0), LATER_MS);
    matcher.observe(&event("a", MINUTE_MS), LATER_MS);
    matcher.observe(&event("a", MINUTE_MS - 1), LATER_MS);
    assert_eq!(
        matcher.observe(&event("b", 2 * MINUTE_MS + 1), LATER_MS),
        None
    );
    let mut matcher = unique();
    matcher.observe(&event("a", 0), LATER_MS);
    matcher.observe(&event("a", MINUTE_MS), LATER_MS);
    assert!(
        matcher
            .observe(&event("b", 2 * MINUTE_MS), LATER_MS)
            .is_some()
    );
}

#[test]
fn r_184_a_match_becomes_an_alert() {
    let mut rule = rule();
    assert_eq!(rule.category, Category::ThreatDetection);
    rule.severity = Severity::High;
    rule.alerts.daily_limit = 1;
    let mut matcher = matcher(rule);
    let mut alerts = AlertBook::default();
    let mut at = |at_ms| {
        let mut event = event("f", at_ms);
        event.actor = Actor::Outside(Some(address("ines@x")));
        let found = matcher.observe(&event, LATER_MS).unwrap();
        let alert = NewAlert::of_event_match(matcher.rule(), found).unwrap();
        alerts.raise(alert, at_ms).unwrap()
    };
    let Raised::Alert(id) = at(5) else {
        panic!("no alert")
    };
    assert_eq!(at(6), Raised::OverLimit);
    let alert = alerts.alert(id).unwrap();
    assert_eq!(alert.title, "Labels removed");
    assert_eq!(alert.severity, Severity::High);
    assert_eq!(
        alert.description(),
        "event rule `Labels removed` matches 1 by ines@x"
    );
    let json = alert.to_json();
    assert_eq!(json["policy"]["policyType"], "AUDIT");
    assert_eq!(json["entities"][2]["id"], "f");
    assert_eq!(json["entities"][3]["id"], "ines@x");
    assert_eq!(json.get("idValue"), None);

    let mut silent = self::rule();
    silent.alerts.each_match = false;
    let found = self::matcher(silent.clone())
        .observe(&event("f", 0), LATER_MS)
        .unwrap();
    assert_eq!(NewAlert::of_event_match(&silent, found), None);
}

#[test]
fn what_is_kept_of_events_is_bounded_and_what_goes_is_counted() {
    let by = |actor: &str, at_ms| LabelEvent {
        actor: Actor::Outside(Some(address(actor))),
        ..event("f", at_ms)
    };
    for options in [
        EventOptions {
            groups_max: 2,
            ..EventOptions::default()
        },
        EventOptions {
            events_max: 2,
            ..EventOptions::default()
        },
    ] {
        let mut rule = rule();
        rule.parameters = MatchParameters::Repeated(repeated(2, 1));
        let mut matcher = EventMatcher::new(rule, options).unwrap();
        matcher.observe(&by("a", 1), LATER_MS);
        matcher.observe(&by("b", 0), LATER_MS);
        assert_eq!(matcher.dropped_groups(), 0);
        // The quietest goes: b.
        matcher.observe(&by("c", 2), LATER_MS);
        assert_eq!(matcher.dropped_groups(), 1);
        assert!(matcher.observe(&by("a", 3), LATER_MS).is_some());
        assert_eq!(matcher.observe(&by("b", 3), LATER_MS), None);
    }
    let mut matcher = repeating(repeated(2, 1));
    matcher.observe(&event("f", MINUTE_MS + 1), LATER_MS);
    matcher.observe(&event("f", 0), LATER_MS);
    assert_eq!(matcher.late_events(), 1);
}

#[test]
fn a_match_names_a_bounded_number_of_files() {
    let many = u32::try_from(MATCH_FILES_MAX).unwrap() + 1;
    let mut matcher = repeating(repeated(many, 1));
    let found = (0..many)
        .filter_map(|at| matcher.observe(&event(&at.to_string(), 0), LATER_MS))
        .next()
        .unwrap();
    assert_eq!(found.count, many);
    assert_eq!(found.files.len(), MATCH_FILES_MAX);
}

#[test]
fn one_event_from_the_future_blinds_no_rule() {
    const NOW_MS: i64 = 100 * DAY_MS;
    let mut matcher = repeating(repeated(3, 10));
    // It counts, as of the present.
    assert_eq!(matcher.observe(&event("f", i64::MAX), NOW_MS), None);
    assert_eq!(matcher.observe(&event("g", NOW_MS + 1), NOW_MS + 1), None);
    let found = matcher
        .observe(&event("h", NOW_MS + 2), NOW_MS + 2)
        .unwrap();
    assert_eq!((found.first_ms, found.at_ms), (NOW_MS, NOW_MS + 2));
    assert_eq!((matcher.future_events(), matcher.late_events()), (1, 0));

    // A clock of ours that was ahead for one event: what it dated counts as of the present.
    let unique = Repeated {
        counting: Counting::UniqueFiles,
        ..repeated(3, 10)
    };
    for parameters in [repeated(3, 10), unique] {
        let mut matcher = repeating(parameters);
        matcher.observe(&event("f", NOW_MS + DAY_MS), NOW_MS + DAY_MS);
        assert_eq!(matcher.observe(&event("g", NOW_MS), NOW_MS), None);
        let found = matcher
            .observe(&event("h", NOW_MS + 1), NOW_MS + 1)
            .unwrap();
        assert_eq!((found.count, found.first_ms), (3, NOW_MS));
        assert_eq!((matcher.future_events(), matcher.late_events()), (0, 0));
    }

    // Nor does what is dated so push out all others.
    let by = |actor: &str, at_ms| LabelEvent {
        actor: Actor::Administrator(address(actor)),
        ..event("f", at_ms)
    };
    let mut rule = rule();
    rule.parameters = MatchParameters::Repeated(repeated(2, 10));
    let options = EventOptions {
        groups_max: 2,
        ..EventOptions::default()
    };
    let mut matcher = EventMatcher::new(rule, options).unwrap();
    matcher.observe(&by("ahead", NOW_MS + DAY_MS), NOW_MS + DAY_MS);
    matcher.observe(&by("a", NOW_MS), NOW_MS);
    matcher.observe(&by("b", NOW_MS + 1), NOW_MS + 1);
    assert_eq!(matcher.dropped_groups(), 1);
    assert!(matcher.observe(&by("a", NOW_MS + 2), NOW_MS + 2).is_some());
}

#[test]
fn the_filter_sees_an_event_from_the_future_as_one_of_the_present() {
    let mut rule = rule();
    rule.created_ms = 100;
    rule.filter.until_ms = Some(200);
    let mut matcher = matcher(rule);
    for (now_ms, expected) in [(99, None), (100, Some(100)), (200, Some(200)), (201, None)] {
        let found = matcher.observe(&event("f", i64::MAX), now_ms);
        assert_eq!(found.map(|found| found.at_ms), expected, "{now_ms}");
    }
}

#[test]
fn a_restored_matcher_counts_on() {
    let by = |actor: &str, file: &str, at_ms| LabelEvent {
        actor: Actor::Administrator(address(actor)),
        ..event(file, at_ms)
    };
    let single_app = Repeated {
        apps: AppScope::Single,
        counting: Counting::UniqueFiles,
        ..repeated(3, 1)
    };
    let mut matcher = repeating(single_app);
    for (actor, file, at_ms) in [
        ("ines@x", "a", 0),
        ("ines@x", "b", 0),
        ("omar@x", "a", 5),
        ("ines@x", "a", 9),
    ] {
        assert_eq!(matcher.observe(&by(actor, file, at_ms), LATER_MS), None);
    }
    let entries: Vec<_> = matcher.entries().collect();
    assert_eq!(entries.len(), 3);
    let rule = matcher.rule().clone();
    let restore = |rule: &EventRule, entries: &[EventEntry]| {
        let options = EventOptions::default();
        EventMatcher::from_entries(rule.clone(), options, entries.iter().cloned())
    };
    let mut again = restore(&rule, &entries).unwrap();
    assert!(again.entries().eq(entries.iter().cloned()));
    for matcher in [&mut matcher, &mut again] {
        let found = matcher
            .observe(&by("ines@x", "c", MINUTE_MS), LATER_MS)
            .unwrap();
        assert_eq!((found.count, found.first_ms), (3, 0));
        assert_eq!(found.files, [file("b"), file("a"), file("c")]);
    }
    // A rule that was edited to look at single events has nothing to count.
    let single = EventRule {
        parameters: MatchParameters::Single,
        ..rule
    };
    assert_eq!(restore(&single, &entries).unwrap().entries().count(), 0);
}
