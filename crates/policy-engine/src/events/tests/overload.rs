//! Rules that are turned off, by somebody or by themselves.

use super::*;

#[test]
fn a_disabled_rule_looks_at_nothing_and_forgets() {
    let mut matcher = repeating(repeated(2, 1));
    matcher.observe(&event("f", 0));
    matcher.disable();
    assert_eq!(matcher.status(), RuleStatus::Disabled);
    assert_eq!(matcher.observe(&event("f", 1)), None);
    matcher.enable();
    assert_eq!(matcher.status(), RuleStatus::Enabled);
    assert_eq!(matcher.observe(&event("f", 2)), None);
    assert!(matcher.observe(&event("f", 3)).is_some());
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
                assert!(matcher.observe(&event).is_some(), "{matches:?}");
            }
        }
        let expected = off.map_or(RuleStatus::Enabled, |day: i64| RuleStatus::Overloaded {
            day_start_ms: day * DAY_MS,
        });
        assert_eq!(matcher.status(), expected, "{matches:?}");
        let next = matcher.observe(&event("f", 9 * DAY_MS));
        assert_eq!(next.is_some(), off.is_none(), "{matches:?}");
        matcher.enable();
        assert!(matcher.observe(&event("f", 9 * DAY_MS)).is_some());
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
    matcher.observe(&by("waiting"));
    for _ in 0..4 {
        matcher.observe(&by("busy"));
    }
    assert_eq!(matcher.status(), RuleStatus::Overloaded { day_start_ms: 0 });
    matcher.enable();
    // Neither the event before nor the matches before count any more.
    assert_eq!(matcher.observe(&by("waiting")), None);
    assert!(matcher.observe(&by("waiting")).is_some());
    assert_eq!(matcher.status(), RuleStatus::Enabled);
    // Turning on what is on forgets nothing.
    matcher.observe(&by("waiting"));
    matcher.enable();
    assert!(matcher.observe(&by("waiting")).is_some());
    assert_ne!(matcher.status(), RuleStatus::Enabled);
}
