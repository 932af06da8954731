use label_core::{
    AppId, FileId, FileKey, Label, LabelCatalog, LabelId, LabelKey, LabelView, PolicyId, TenantId,
};

use super::*;
use crate::address::Address;
use crate::alerts::{AlertBook, NewAlert, Raised};
use crate::filter::VALUES_MAX;
use crate::{Category, LabelScan, Severity};

const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;

const OWN: TenantId = TenantId::from_u128(1);
const GENERAL: LabelKey = own(1);
const SECRET: LabelKey = own(2);
const FINANCE: LabelKey = own(3);
const LEGAL: LabelKey = own(4);
const TOP_SECRET: LabelKey = own(5);
const FOREIGN: LabelKey = foreign(1);
const FOREIGN_OTHER: LabelKey = foreign(2);

const fn own(id: u128) -> LabelKey {
    LabelKey::new(OWN, LabelId::from_u128(id))
}

const fn foreign(id: u128) -> LabelKey {
    LabelKey::new(TenantId::from_u128(9), LabelId::from_u128(id))
}

/// General; Secret with Finance and Legal; Top secret.
fn labels() -> LabelView {
    let label = |key: LabelKey, parent: Option<LabelKey>, at| {
        let mut label = Label::new(OWN, key.label, &format!("L{at}"));
        label.parent = parent.map(|parent| parent.label);
        label.source_order = at;
        label
    };
    let all = vec![
        label(GENERAL, None, 0),
        label(SECRET, None, 1),
        label(FINANCE, Some(SECRET), 2),
        label(LEGAL, Some(SECRET), 3),
        label(TOP_SECRET, None, 4),
    ];
    LabelView::new(LabelCatalog::build(OWN, all).unwrap().0.into())
}

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

fn policy(id: &str) -> PolicyId {
    PolicyId::parse(id).unwrap()
}

fn file(id: &str) -> FileKey {
    FileKey::new(AppId::BOX, 0, FileId::parse(id).unwrap())
}

fn event(id: &str, at_ms: i64) -> LabelEvent {
    LabelEvent {
        kind: LabelEventKind::LabelRemoved,
        file: file(id),
        before: None,
        after: None,
        actor: Actor::Outside(None),
        at_ms,
    }
}

fn rule() -> EventRule {
    EventRule::new(policy("r"), "Labels removed", 0)
}

fn matcher(rule: EventRule) -> EventMatcher {
    EventMatcher::new(rule, EventOptions::default()).unwrap()
}

fn repeated(minimum_count: u32, time_frame_minutes: u32) -> Repeated {
    Repeated {
        minimum_count,
        time_frame_minutes,
        apps: AppScope::All,
        counting: Counting::Events,
    }
}

fn repeating(repeated: Repeated) -> EventMatcher {
    let mut rule = rule();
    rule.parameters = MatchParameters::Repeated(repeated);
    matcher(rule)
}

fn reading(scan: LabelScan, labels: &[LabelKey]) -> LabelReading<'_> {
    LabelReading {
        scan,
        labels,
        is_protected: None,
    }
}

/// Kinds with labels before and after.
fn derive(
    before: LabelReading<'_>,
    after: LabelReading<'_>,
    actor: &Actor,
) -> Vec<(LabelEventKind, Option<LabelKey>, Option<LabelKey>)> {
    let (file, labels) = (file("f"), labels());
    let context = EventContext {
        file: &file,
        actor,
        at_ms: 7,
        labels: &labels,
    };
    label_events(before, after, &context)
        .into_iter()
        .map(|event| {
            assert_eq!((&event.file, event.at_ms), (&file, 7));
            assert_eq!(&event.actor, actor);
            let key = |label: Option<EventLabel>| label.map(|label| label.key);
            (event.kind, key(event.before), key(event.after))
        })
        .collect()
}

#[test]
fn r_183_labels_before_and_after_make_events() {
    use ChangeDirection::{Downgrade, Lateral, Upgrade};
    use LabelEventKind::{LabelApplied, LabelChanged, LabelDiscovered, LabelRemoved};
    use LabelScan::{Done, Failed, Never, Pending};
    let outside = Actor::Outside(Some(address("omar@x")));
    let ours = Actor::Policy(policy("p"));
    let admin = Actor::Administrator(address("admin@x"));
    let (none, general) = (&[][..], &[GENERAL][..]);
    let cases: &[(_, _, _, _, &Actor, &[_])] = &[
        // Known before.
        (Done, none, Done, none, &outside, &[]),
        (Done, general, Done, general, &outside, &[]),
        (
            Done,
            none,
            Done,
            general,
            &outside,
            &[(LabelApplied, None, Some(GENERAL))],
        ),
        (
            Done,
            none,
            Done,
            general,
            &ours,
            &[(LabelApplied, None, Some(GENERAL))],
        ),
        (
            Done,
            general,
            Done,
            none,
            &admin,
            &[(LabelRemoved, Some(GENERAL), None)],
        ),
        (
            Done,
            general,
            Done,
            &[SECRET],
            &outside,
            &[(LabelChanged(Upgrade), Some(GENERAL), Some(SECRET))],
        ),
        (
            Done,
            &[TOP_SECRET],
            Done,
            &[FINANCE],
            &outside,
            &[(LabelChanged(Downgrade), Some(TOP_SECRET), Some(FINANCE))],
        ),
        (
            Done,
            &[FINANCE],
            Done,
            &[LEGAL],
            &outside,
            &[(LabelChanged(Lateral), Some(FINANCE), Some(LEGAL))],
        ),
        (
            Done,
            &[LEGAL],
            Done,
            &[FINANCE],
            &outside,
            &[(LabelChanged(Lateral), Some(LEGAL), Some(FINANCE))],
        ),
        // Not in the list, and of another tenant: the order isn't known.
        (
            Done,
            general,
            Done,
            &[own(77)],
            &outside,
            &[(LabelChanged(Lateral), Some(GENERAL), Some(own(77)))],
        ),
        (
            Done,
            &[FOREIGN],
            Done,
            &[FOREIGN_OTHER],
            &outside,
            &[(LabelChanged(Lateral), Some(FOREIGN), Some(FOREIGN_OTHER))],
        ),
        // Labels of two tenants have nothing to do with one another.
        (
            Done,
            general,
            Done,
            &[FOREIGN],
            &outside,
            &[
                (LabelRemoved, Some(GENERAL), None),
                (LabelApplied, None, Some(FOREIGN)),
            ],
        ),
        (
            Done,
            &[FOREIGN, GENERAL],
            Done,
            &[FOREIGN, GENERAL, GENERAL],
            &outside,
            &[],
        ),
        // Not known before.
        (
            Never,
            none,
            Done,
            general,
            &outside,
            &[(LabelDiscovered, None, Some(GENERAL))],
        ),
        (
            Pending,
            none,
            Done,
            &[FOREIGN, GENERAL],
            &outside,
            &[
                (LabelDiscovered, None, Some(GENERAL)),
                (LabelDiscovered, None, Some(FOREIGN)),
            ],
        ),
        (
            Failed,
            none,
            Done,
            general,
            &outside,
            &[(LabelDiscovered, None, Some(GENERAL))],
        ),
        (
            Never,
            none,
            Done,
            general,
            &ours,
            &[(LabelApplied, None, Some(GENERAL))],
        ),
        (
            Never,
            none,
            Done,
            general,
            &admin,
            &[(LabelApplied, None, Some(GENERAL))],
        ),
        (Never, none, Done, none, &outside, &[]),
        // Not known afterwards.
        (Done, general, Failed, none, &outside, &[]),
        (Done, general, Pending, none, &outside, &[]),
        (Done, none, Never, general, &outside, &[]),
    ];
    for (scan_before, before, scan_after, after, actor, expected) in cases {
        let found = derive(
            reading(*scan_before, before),
            reading(*scan_after, after),
            actor,
        );
        let place = format!("{scan_before:?} {before:?} {scan_after:?} {after:?} {actor}");
        assert_eq!(found, *expected, "{place}");
    }
}

#[test]
fn r_183_protection_is_detected_once() {
    for (before, after, is_detected) in [
        (None, Some(true), true),
        (Some(false), Some(true), true),
        (Some(true), Some(true), false),
        (Some(true), Some(false), false),
        (Some(true), None, false),
        (None, Some(false), false),
        (None, None, false),
    ] {
        let reading = |is_protected| LabelReading {
            is_protected,
            ..reading(LabelScan::Never, &[])
        };
        let found = derive(reading(before), reading(after), &Actor::Outside(None));
        let expected = [(LabelEventKind::ProtectionDetected, None, None)];
        assert_eq!(found, expected[..usize::from(is_detected)], "{before:?}");
    }
}

#[test]
fn r_183_a_record_says_what_is_known_of_it() {
    let mut record = crate::FileRecord::new(file("f"), "f.docx");
    assert_eq!(LabelReading::of(&record).is_protected, None);
    record.label_scan = LabelScan::Done;
    record.labels = vec![GENERAL];
    let read = LabelReading::of(&record);
    assert_eq!((read.scan, read.labels), (LabelScan::Done, &[GENERAL][..]));
    assert_eq!(read.is_protected, Some(false));
    record
        .warnings
        .insert(crate::ScanWarning::AzureRmsEncrypted);
    assert_eq!(LabelReading::of(&record).is_protected, Some(true));
}

#[test]
fn r_183_a_failed_action_names_the_label_and_its_priority() {
    let (file, labels) = (file("f"), labels());
    let context = EventContext {
        file: &file,
        actor: &Actor::Policy(policy("p")),
        at_ms: 7,
        labels: &labels,
    };
    let failed = context.label_action_failed(Some(FOREIGN), Some(LEGAL));
    assert_eq!(failed.kind, LabelEventKind::LabelActionFailed);
    assert_eq!(failed.before.unwrap().priority, None);
    let (level, position) = (1, 2);
    assert_eq!(
        failed.after,
        Some(EventLabel {
            key: LEGAL,
            priority: Some(LabelPriority { level, position }),
        })
    );
}

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
        Selection {
            eq: vec![value],
            neq: vec![],
        }
    }
    fn neq<T>(value: T) -> Selection<T> {
        Selection {
            eq: vec![],
            neq: vec![value],
        }
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
        (EventFilter { label: Selection { eq: vec![LEGAL, SECRET], neq: vec![] }, ..any() }, true),
        (EventFilter { label: Selection { eq: vec![SECRET], neq: vec![GENERAL] }, ..any() }, false),
        (EventFilter { label: eq(SECRET), app: eq(AppId::DROPBOX), ..any() }, false),
    ];
    for (filter, expected) in cases {
        assert_eq!(filter.takes(&event), expected, "{filter:?}");
        let mut rule = rule();
        rule.filter = filter;
        let found = matcher(rule).observe(&event).is_some();
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
        let found = matcher(rule).observe(&event("f", at_ms)).is_some();
        assert_eq!(found, expected, "{at_ms}");
    }
    // Nor do they count towards a repeated match.
    let mut rule = EventRule::new(policy("r"), "R", 1_000);
    rule.parameters = MatchParameters::Repeated(repeated(2, 1));
    let mut matcher = matcher(rule);
    assert_eq!(matcher.observe(&event("f", 999)), None);
    assert_eq!(matcher.observe(&event("f", 1_000)), None);
    assert!(matcher.observe(&event("f", 1_000)).is_some());
}

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
    assert_eq!(range.check(), Err(EventRuleError::EmptyRange));

    let mut long = rule();
    long.filter.instance.neq = vec![0; VALUES_MAX + 1];
    assert_eq!(
        long.check(),
        Err(EventRuleError::TooMany {
            what: "instances",
            count: VALUES_MAX + 1,
            limit: VALUES_MAX,
        })
    );

    let mut rule = rule();
    rule.parameters = MatchParameters::Repeated(repeated(3, 1));
    let options = EventOptions {
        events_max: 2,
        ..EventOptions::default()
    };
    assert_eq!(
        EventMatcher::new(rule, options).unwrap_err(),
        EventRuleError::TooFewKept {
            limit: 2,
            needed: 3,
        }
    );
}
