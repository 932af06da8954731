//! What rules take, and what is wrong with them.

use super::*;
use crate::document::ADDRESSES_MAX;

#[test]
fn r_184_a_rule_filters_over_all_that_an_event_has() {
    let labels = labels();
    let event = LabelEvent {
        kind: LabelEventKind::LabelChanged(ChangeDirection::Downgrade),
        before: Some(EventLabel::new(SECRET, &labels)),
        after: Some(EventLabel::new(GENERAL, &labels)),
        actor: Actor::Administrator(address("admin@x")),
        ..event("File", 1_000)
    };
    fn eq<T>(value: T) -> Selection<T> {
        Selection::one_of([value])
    }
    fn neq<T>(value: T) -> Selection<T> {
        Selection::none_of([value])
    }
    let any = EventFilter::default;
    let upgrade = LabelEventKind::LabelChanged(ChangeDirection::Upgrade);
    let admin = ActorPattern::Administrator(address("Admin@x"));
    let outsider = ActorPattern::Outside(address("admin@x"));
    let id = |text| FileId::parse(text).unwrap();
    #[rustfmt::skip]
    let cases = [
        (any(), true),
        (EventFilter { kind: eq(event.kind), ..any() }, true),
        (EventFilter { kind: eq(upgrade), ..any() }, false),
        (EventFilter { kind: neq(upgrade), ..any() }, true),
        (EventFilter { kind: neq(event.kind), ..any() }, false),
        (EventFilter { app: eq(AppId::BOX), ..any() }, true),
        (EventFilter { app: eq(AppId::DROPBOX), ..any() }, false),
        (EventFilter { app: neq(AppId::BOX), ..any() }, false),
        (EventFilter { instance: eq(0), ..any() }, true),
        (EventFilter { instance: eq(1), ..any() }, false),
        (EventFilter { instance: neq(0), ..any() }, false),
        (EventFilter { label: eq(SECRET), ..any() }, true),
        (EventFilter { label: eq(GENERAL), ..any() }, true),
        (EventFilter { label: eq(LEGAL), ..any() }, false),
        (EventFilter { label: neq(SECRET), ..any() }, false),
        (EventFilter { label: neq(GENERAL), ..any() }, false),
        (EventFilter { label: neq(LEGAL), ..any() }, true),
        (EventFilter { file: eq(id("fILE")), ..any() }, true),
        (EventFilter { file: eq(id("file2")), ..any() }, false),
        (EventFilter { file: neq(id("file")), ..any() }, false),
        (EventFilter { actor: eq(admin.clone()), ..any() }, true),
        (EventFilter { actor: neq(admin.clone()), ..any() }, false),
        (EventFilter { actor: eq(outsider.clone()), ..any() }, false),
        (EventFilter { actor: eq(ActorPattern::AnyAdministrator), ..any() }, true),
        (EventFilter { actor: eq(ActorPattern::AnyPolicy), ..any() }, false),
        (EventFilter { actor: eq(ActorPattern::AnyoneOutside), ..any() }, false),
        (EventFilter { actor: neq(ActorPattern::AnyoneOutside), ..any() }, true),
        (EventFilter { from_ms: Some(1_000), ..any() }, true),
        (EventFilter { from_ms: Some(1_001), ..any() }, false),
        (EventFilter { until_ms: Some(1_000), ..any() }, true),
        (EventFilter { until_ms: Some(999), ..any() }, false),
        // Values of one are alternatives, different ones all count.
        (EventFilter { label: Selection::one_of([LEGAL, SECRET]), ..any() }, true),
        (EventFilter { label: Selection { neq: vec![GENERAL], ..eq(SECRET) }, ..any() }, false),
        // An empty list takes nothing and excludes nothing, as in file policies.
        (EventFilter { label: Selection::one_of([]), ..any() }, false),
        (EventFilter { kind: Selection::one_of([]), ..any() }, false),
        (EventFilter { label: Selection::none_of([]), ..any() }, true),
        (EventFilter { label: eq(SECRET), app: eq(AppId::DROPBOX), ..any() }, false),
    ];
    for (filter, expected) in cases {
        assert_eq!(filter.takes(&event), expected, "{filter:?}");
        let mut rule = rule();
        rule.filter = filter;
        let found = matcher(rule).observe(&event, LATER_MS).is_some();
        assert_eq!(found, expected);
    }
    for (actor, pattern, expected) in [
        (Actor::Outside(None), ActorPattern::AnyoneOutside, true),
        (Actor::Outside(None), outsider.clone(), false),
        (Actor::Outside(Some(address("ADMIN@x"))), outsider, true),
        (Actor::Outside(Some(address("admin@x"))), admin, false),
        (
            Actor::Policy(policy("p")),
            ActorPattern::Policy(policy("p")),
            true,
        ),
        (
            Actor::Policy(policy("p")),
            ActorPattern::Policy(policy("q")),
            false,
        ),
        (Actor::Policy(policy("p")), ActorPattern::AnyPolicy, true),
    ] {
        let event = LabelEvent {
            actor,
            ..event.clone()
        };
        let filter = EventFilter {
            actor: eq(pattern),
            ..any()
        };
        assert_eq!(filter.takes(&event), expected, "{filter:?}");
    }
}

#[test]
fn r_185_events_from_before_the_rule_was_made_are_not_looked_at() {
    for (at_ms, expected) in [(999, false), (1_000, true), (1_001, true)] {
        let rule = EventRule::new(policy("r"), "R", 1_000);
        assert_eq!(rule.takes(&event("f", at_ms)), expected, "{at_ms}");
        let found = matcher(rule)
            .observe(&event("f", at_ms), LATER_MS)
            .is_some();
        assert_eq!(found, expected, "{at_ms}");
    }
    // Nor do they count towards a repeated match.
    let mut rule = EventRule::new(policy("r"), "R", 1_000);
    rule.parameters = MatchParameters::Repeated(repeated(2, 1));
    let mut matcher = matcher(rule);
    assert_eq!(matcher.observe(&event("f", 999), LATER_MS), None);
    assert_eq!(matcher.observe(&event("f", 1_000), LATER_MS), None);
    assert!(matcher.observe(&event("f", 1_000), LATER_MS).is_some());
}

#[test]
fn rules_out_of_range_are_refused() {
    let check = |minimum_count, time_frame_minutes| {
        let mut rule = rule();
        rule.parameters = MatchParameters::Repeated(repeated(minimum_count, time_frame_minutes));
        rule.check().map_err(|error| error.to_string())
    };
    assert_eq!(check(1, 1), Ok(()));
    assert_eq!(check(COUNT_MAX, TIME_FRAME_MINUTES_MAX), Ok(()));
    for (count, minutes, message) in [
        (0, 1, "minimum count: 0 is not between 1 and 10000"),
        (10_001, 1, "minimum count: 10001 is not between 1 and 10000"),
        (2, 0, "time frame in minutes: 0 is not between 1 and 44640"),
        (
            2,
            44_641,
            "time frame in minutes: 44641 is not between 1 and 44640",
        ),
    ] {
        assert_eq!(check(count, minutes), Err(message.to_owned()));
    }

    let mut range = rule();
    range.filter.from_ms = Some(2);
    range.filter.until_ms = Some(2);
    assert_eq!(range.check(), Ok(()));
    range.filter.until_ms = Some(1);
    let error = range.check().unwrap_err().to_string();
    assert_eq!(error, "filter: ends at 1 ms, before it starts at 2 ms");

    let mut long = rule();
    long.filter.instance.neq = vec![0; VALUES_MAX + 1];
    assert_eq!(
        long.check(),
        Err(EventRuleError::TooMany {
            what: "filter.instance",
            count: VALUES_MAX + 1,
            limit: VALUES_MAX,
        })
    );

    for (options, what, limit, needed) in [
        (
            EventOptions {
                events_max: 2,
                ..EventOptions::default()
            },
            "events_max",
            2,
            3,
        ),
        (
            EventOptions {
                groups_max: 0,
                ..EventOptions::default()
            },
            "groups_max",
            0,
            1,
        ),
    ] {
        let mut rule = rule();
        rule.parameters = MatchParameters::Repeated(repeated(3, 1));
        assert_eq!(
            EventMatcher::new(rule, options).unwrap_err(),
            EventRuleError::TooFewKept {
                what,
                limit,
                needed,
            }
        );
    }
}

#[test]
fn names_and_addresses_are_checked_as_those_of_file_policies() {
    let check = |change: &dyn Fn(&mut EventRule)| {
        let mut rule = rule();
        change(&mut rule);
        rule.check().map_err(|error| error.to_string())
    };
    let many = vec!["a@x".to_owned(); ADDRESSES_MAX + 1];
    assert_eq!(
        check(&|rule| rule.alerts.email = many[1..].to_vec()),
        Ok(())
    );
    for (change, message) in [
        (
            &(|rule: &mut EventRule| rule.name = " ".to_owned()) as &dyn Fn(&mut EventRule),
            "name: blank",
        ),
        (
            &|rule| rule.alerts.email = vec!["a@x".to_owned(), String::new()],
            "alerts.email: item 1: address: empty",
        ),
        (
            &|rule| rule.alerts.text_message = vec!["a\nb".to_owned()],
            "alerts.text_message: item 0: address: holds a control character",
        ),
        (
            &|rule| rule.alerts.email = many.clone(),
            "alerts.email: 501 values where 500 are allowed",
        ),
    ] {
        assert_eq!(check(change), Err(message.to_owned()));
    }
}
