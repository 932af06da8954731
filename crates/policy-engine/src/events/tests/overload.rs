//! Rules that are turned off, by somebody or by themselves.

use super::*;

#[test]
fn a_disabled_rule_looks_at_nothing_and_forgets() {
    let mut matcher = repeating(repeated(2, 1));
    matcher.observe(&event("f", 0), LATER_MS);
    matcher.disable();
    assert_eq!(matcher.status(), RuleStatus::Disabled);
    assert_eq!(matcher.observe(&event("f", 1), LATER_MS), None);
    matcher.enable();
    assert_eq!(matcher.status(), RuleStatus::Enabled);
    assert_eq!(matcher.observe(&event("f", 2), LATER_MS), None);
    assert!(matcher.observe(&event("f", 3), LATER_MS).is_some());
}

#[test]
fn a_rule_that_matches_too_often_on_three_of_seven_days_turns_itself_off() {
    assert_eq!(
        Overload::default(),
        Overload {
            matches_per_day_max: 50_000,
            days: 3,
            of_days: 7,
        }
    );
    let overload = Overload {
        matches_per_day_max: 2,
        ..Overload::default()
    };
    // How many matches on which day, and the day on which the rule goes off.
    for (matches, off) in [
        (&[(0, 3), (1, 3), (2, 3)][..], Some(2)),
        (&[(0, 3), (1, 3), (2, 2)], None),
        (&[(0, 2), (1, 2), (2, 2), (3, 2)], None),
        (&[(0, 3), (3, 3), (6, 3)], Some(6)),
        (&[(0, 3), (3, 3), (7, 3)], None),
        (&[(0, 3), (3, 3), (7, 3), (8, 3)], Some(8)),
        (&[(-1, 3), (0, 3), (1, 3)], Some(1)),
        (&[(0, 9)], None),
        // Days that come out of order.
        (&[(2, 3), (0, 3), (1, 3)], Some(2)),
    ] {
        let options = EventOptions {
            overload,
            ..EventOptions::default()
        };
        let mut rule = rule();
        rule.created_ms = i64::MIN;
        let mut matcher = EventMatcher::new(rule, options).unwrap();
        for (day, count) in matches {
            for _ in 0..*count {
                let event = event("f", day * DAY_MS + DAY_MS - 1);
                assert!(matcher.observe(&event, LATER_MS).is_some(), "{matches:?}");
            }
        }
        let expected = off.map_or(RuleStatus::Enabled, |day: i64| RuleStatus::Overloaded {
            day_start_ms: day * DAY_MS,
        });
        assert_eq!(matcher.status(), expected, "{matches:?}");
        let next = matcher.observe(&event("f", 9 * DAY_MS), LATER_MS);
        assert_eq!(next.is_some(), off.is_none(), "{matches:?}");
        matcher.enable();
        assert!(matcher.observe(&event("f", 9 * DAY_MS), LATER_MS).is_some());
    }
}

#[test]
fn a_rule_that_is_turned_on_again_starts_anew() {
    let options = EventOptions {
        overload: Overload {
            matches_per_day_max: 1,
            days: 1,
            of_days: 1,
        },
        ..EventOptions::default()
    };
    let mut rule = rule();
    rule.parameters = MatchParameters::Repeated(repeated(2, 1));
    let mut matcher = EventMatcher::new(rule, options).unwrap();
    let by = |actor: &str| LabelEvent {
        actor: Actor::Administrator(address(actor)),
        ..event("f", 0)
    };
    matcher.observe(&by("waiting"), LATER_MS);
    for _ in 0..4 {
        matcher.observe(&by("busy"), LATER_MS);
    }
    assert_eq!(matcher.status(), RuleStatus::Overloaded { day_start_ms: 0 });
    matcher.enable();
    // Neither the event before nor the matches before count any more.
    assert_eq!(matcher.observe(&by("waiting"), LATER_MS), None);
    assert!(matcher.observe(&by("waiting"), LATER_MS).is_some());
    assert_eq!(matcher.status(), RuleStatus::Enabled);
    // Turning on what is on forgets nothing.
    matcher.observe(&by("waiting"), LATER_MS);
    matcher.enable();
    assert!(matcher.observe(&by("waiting"), LATER_MS).is_some());
    assert_ne!(matcher.status(), RuleStatus::Enabled);
}

#[test]
fn what_turned_a_rule_off_survives_a_restart() {
    let options = EventOptions {
        overload: Overload {
            matches_per_day_max: 1,
            days: 2,
            of_days: 3,
        },
        ..EventOptions::default()
    };
    let restored = |matcher: &EventMatcher| {
        let entries: Vec<_> = matcher.entries().collect();
        let rule = matcher.rule().clone();
        let backwards = entries.iter().rev().cloned();
        let again = EventMatcher::from_entries(rule, options.clone(), backwards).unwrap();
        assert_eq!(again.entries().collect::<Vec<_>>(), entries);
        again
    };
    let mut matcher = EventMatcher::new(rule(), options.clone()).unwrap();
    let match_on = |matcher: &mut EventMatcher, day: i64| {
        let event = event("f", day * DAY_MS);
        matcher.observe(&event, day * DAY_MS).is_some()
    };
    for day in [1, 1, 2] {
        assert!(match_on(&mut matcher, day));
    }
    let mut matcher = restored(&matcher);
    assert!(match_on(&mut matcher, 2));
    let off = RuleStatus::Overloaded {
        day_start_ms: 2 * DAY_MS,
    };
    assert_eq!(matcher.status(), off);
    let mut matcher = restored(&matcher);
    assert_eq!(matcher.status(), off);
    assert!(!match_on(&mut matcher, 3));

    let day_start_ms = 2 * DAY_MS;
    let day = EventEntry::Day(MatchDay {
        day_start_ms,
        matches: 1,
    });
    for entry in [day, EventEntry::Overloaded { day_start_ms }] {
        let twice = [entry.clone(), entry];
        let refused = EventMatcher::from_entries(rule(), options.clone(), twice);
        let expected = EventRuleError::Duplicate { day_start_ms };
        assert_eq!(refused.unwrap_err(), expected);
    }
}

#[test]
fn a_clock_that_was_ahead_does_not_hide_the_days_that_follow() {
    let options = EventOptions {
        overload: Overload {
            matches_per_day_max: 1,
            days: 1,
            of_days: 3,
        },
        ..EventOptions::default()
    };
    let mut matcher = EventMatcher::new(rule(), options).unwrap();
    let far_ms = 1_000 * DAY_MS;
    assert!(matcher.observe(&event("f", far_ms), far_ms).is_some());
    for _ in 0..2 {
        assert!(matcher.observe(&event("f", 5), 5).is_some());
    }
    assert_eq!(matcher.status(), RuleStatus::Overloaded { day_start_ms: 0 });
}
