//! Which events make a match, and what is kept of them.

use super::*;

#[test]
fn r_184_each_event_is_a_match_of_a_single_activity() {
    let mut matcher = matcher(rule());
    for at_ms in [5, 5, 3] {
        let found = matcher.observe(&event("f", at_ms)).unwrap();
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
            .filter(|(_, at_ms)| matcher.observe(&event("f", **at_ms)).is_some())
            .map(|(at, _)| at)
            .collect();
        assert_eq!(found, matching, "{times:?}");
    }
    let mut matcher = repeating(repeated(3, 10));
    matcher.observe(&event("a", 4));
    matcher.observe(&event("b", 2));
    let found = matcher.observe(&event("a", 9)).unwrap();
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
    assert_eq!(matcher.observe(&by(&ines, AppId::BOX)), None);
    for other in &others {
        assert_eq!(matcher.observe(&by(other, AppId::BOX)), None, "{other}");
    }
    let same = Actor::Outside(Some(address("INES@X")));
    assert!(matcher.observe(&by(&same, AppId::DROPBOX)).is_some());

    let mut matcher = repeating(Repeated {
        apps: AppScope::Single,
        ..repeated(2, 1)
    });
    assert_eq!(matcher.observe(&by(&ines, AppId::BOX)), None);
    assert_eq!(matcher.observe(&by(&ines, AppId::DROPBOX)), None);
    let found = matcher.observe(&by(&ines, AppId::BOX)).unwrap();
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
        assert_eq!(matcher.observe(&event("a", at_ms)), None);
    }
    let found = matcher.observe(&event("b", 3)).unwrap();
    assert_eq!((found.count, found.first_ms), (2, 2));

    // What counts is when a file was touched last.
    let mut matcher = unique();
    matcher.observe(&event("a", 0));
    matcher.observe(&event("a", MINUTE_MS));
    matcher.observe(&event("a", MINUTE_MS - 1));
    assert_eq!(matcher.observe(&event("b", 2 * MINUTE_MS + 1)), None);
    let mut matcher = unique();
    matcher.observe(&event("a", 0));
    matcher.observe(&event("a", MINUTE_MS));
    assert!(matcher.observe(&event("b", 2 * MINUTE_MS)).is_some());
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
        let found = matcher.observe(&event).unwrap();
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
        .observe(&event("f", 0))
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
        matcher.observe(&by("a", 1));
        matcher.observe(&by("b", 0));
        assert_eq!(matcher.dropped_groups(), 0);
        // The quietest goes: b.
        matcher.observe(&by("c", 2));
        assert_eq!(matcher.dropped_groups(), 1);
        assert!(matcher.observe(&by("a", 3)).is_some());
        assert_eq!(matcher.observe(&by("b", 3)), None);
    }
    let mut matcher = repeating(repeated(2, 1));
    matcher.observe(&event("f", MINUTE_MS + 1));
    matcher.observe(&event("f", 0));
    assert_eq!(matcher.late_events(), 1);
}

#[test]
fn a_match_names_a_bounded_number_of_files() {
    let many = u32::try_from(MATCH_FILES_MAX).unwrap() + 1;
    let mut matcher = repeating(repeated(many, 1));
    let found = (0..many)
        .filter_map(|at| matcher.observe(&event(&at.to_string(), 0)))
        .next()
        .unwrap();
    assert_eq!(found.count, many);
    assert_eq!(found.files.len(), MATCH_FILES_MAX);
}
