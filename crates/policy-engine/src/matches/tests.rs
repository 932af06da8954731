use label_core::{AppId, FileId, FileKey, LabelCatalog, LabelView, PolicyId, TenantId};

use super::*;
use crate::address::Address;
use crate::{BuildContext, Outcome, PolicySet};

const DAY_MS: i64 = 86_400_000;

fn file(id: &str) -> FileKey {
    FileKey::new(AppId::BOX, 0, FileId::parse(id).unwrap())
}

fn policy(id: &str) -> PolicyId {
    PolicyId::parse(id).unwrap()
}

fn admin() -> Address {
    Address::parse("admin@contoso.example").unwrap()
}

fn content(text: &str) -> ContentHash {
    ContentHash::parse(text).unwrap()
}

/// A book, and one file and policy to try things on.
struct Bench {
    book: MatchBook,
    file: FileKey,
    policy: PolicyId,
    now_ms: i64,
}

impl Bench {
    fn new() -> Self {
        Self::with(MatchOptions::default())
    }

    fn with(options: MatchOptions) -> Self {
        Self {
            book: MatchBook::new(options),
            file: file("f"),
            policy: policy("p"),
            now_ms: 0,
        }
    }

    fn see(&mut self, outcome: Outcome) -> Option<MatchChange> {
        self.see_content(outcome, None)
    }

    fn see_content(&mut self, outcome: Outcome, text: Option<&str>) -> Option<MatchChange> {
        self.now_ms += 1;
        let content = text.map(content);
        let mut observation = Observation::new(&self.file, &self.policy, outcome, self.now_ms);
        observation.content = content.as_ref();
        let foreseen = self.book.preview(&observation);
        let change = self.book.observe(&observation).unwrap();
        assert_eq!(change, foreseen, "a preview says what will be");
        change
    }

    fn authorise(&mut self, end: AuthorisationEnd) -> Result<(), MatchError> {
        self.now_ms += 1;
        self.book
            .authorise(&self.file, &self.policy, &admin(), end, self.now_ms)
    }

    /// How many current, authorised and past matches there are.
    fn lists(&self) -> (usize, usize, usize) {
        let shown = self.book.matching_now(&self.policy).count();
        assert_eq!(self.book.matching_count(&self.policy), shown);
        (
            shown,
            self.book.authorised(&self.policy).count(),
            self.book.history(&self.policy).count(),
        )
    }
}

#[test]
fn outcomes_and_states() {
    use MatchChange::{Continued, Ended, Restarted, Started};
    use Outcome::{Match, NeedsContent, NeedsScan, NoMatch};
    let cases: &[(&[Outcome], Option<MatchChange>)] = &[
        (&[Match], Some(Started)),
        (&[NoMatch], None),
        (&[NeedsScan], None),
        (&[NeedsContent], None),
        (&[NoMatch, Match], Some(Started)),
        (&[NeedsScan, Match], Some(Started)),
        (&[Match, Match], Some(Continued)),
        (&[Match, NoMatch], Some(Ended)),
        (&[Match, NeedsScan], None),
        (&[Match, NeedsContent], None),
        (&[Match, NeedsScan, Match], Some(Continued)),
        (&[Match, NeedsContent, Match], Some(Continued)),
        (&[Match, NeedsScan, NoMatch], Some(Ended)),
        (&[Match, NoMatch, NoMatch], None),
        (&[Match, NoMatch, NeedsScan], None),
        (&[Match, NoMatch, Match], Some(Restarted(Restart::Ended))),
        (&[Match, NoMatch, Match, Match], Some(Continued)),
    ];
    for (outcomes, expected) in cases {
        let mut bench = Bench::new();
        let last = outcomes.iter().map(|outcome| bench.see(*outcome)).last();
        assert_eq!(last.unwrap(), *expected, "{outcomes:?}");
    }
}

#[test]
fn what_is_due() {
    for (change, actions, alert) in [
        (MatchChange::Started, true, AlertDue::Always),
        (
            MatchChange::Restarted(Restart::Ended),
            true,
            AlertDue::Always,
        ),
        (
            MatchChange::Restarted(Restart::Reset),
            true,
            AlertDue::UnlessOpen,
        ),
        (
            MatchChange::Restarted(Restart::Changed),
            true,
            AlertDue::UnlessOpen,
        ),
        (MatchChange::Continued, false, AlertDue::Never),
        (MatchChange::Ended, false, AlertDue::Never),
    ] {
        assert_eq!(change.are_actions_due(), actions, "{change:?}");
        assert_eq!(change.alert_due(), alert, "{change:?}");
    }
}

#[test]
fn a_014_every_match_is_current_authorised_or_past() {
    let mut bench = Bench::new();
    assert_eq!(bench.lists(), (0, 0, 0));
    bench.see(Outcome::Match);
    assert_eq!(bench.lists(), (1, 0, 0));
    bench.see(Outcome::NoMatch);
    assert_eq!(bench.lists(), (0, 0, 1));
    bench.see(Outcome::Match);
    assert_eq!(bench.lists(), (1, 0, 1));
    bench.authorise(AuthorisationEnd::Never).unwrap();
    assert_eq!(bench.lists(), (0, 1, 1));
    bench
        .book
        .revoke(&bench.file, &bench.policy, bench.now_ms)
        .unwrap();
    assert_eq!(bench.lists(), (0, 0, 2));
    let past: Vec<_> = bench.book.history(&bench.policy).collect();
    assert_eq!((past[0].since_ms, past[0].ended_ms), (1, 2));
    assert_eq!(past[0].reason, EndReason::NoLongerMatches);
    assert_eq!((past[1].since_ms, past[1].ended_ms), (3, 4));
    assert_eq!(past[1].reason, EndReason::Authorised);
}

#[test]
fn a_014_history_goes_after_six_months_and_not_a_millisecond_earlier() {
    let mut bench = Bench::new();
    bench.see(Outcome::Match);
    bench.see(Outcome::NoMatch);
    let end_ms = bench.now_ms + 184 * DAY_MS;
    let nothing = Purged {
        removed: 0,
        more: false,
    };
    assert_eq!(bench.book.purge(end_ms - 1), nothing);
    assert_eq!(bench.lists(), (0, 0, 1));
    assert_eq!(bench.book.purge(end_ms).removed, 1);
    assert_eq!(bench.lists(), (0, 0, 0));
    // Nobody remembers that it matched before.
    assert_eq!(bench.see(Outcome::Match), Some(MatchChange::Started));
}

#[test]
fn a_014_a_purge_does_a_bounded_amount_of_work() {
    let mut bench = Bench::with(MatchOptions {
        purge_max: 2,
        history_retention_ms: 0,
        ..MatchOptions::default()
    });
    for _ in 0..5 {
        bench.see(Outcome::Match);
        bench.see(Outcome::NoMatch);
    }
    let purged: Vec<(usize, bool)> = (0..4)
        .map(|_| bench.book.purge(bench.now_ms))
        .map(|purged| (purged.removed, purged.more))
        .collect();
    assert_eq!(purged, [(2, true), (2, true), (1, false), (0, false)]);
    // Whoever purges until there is nothing more comes to an end.
    bench.book.options.purge_max = 0;
    bench.see(Outcome::Match);
    bench.see(Outcome::NoMatch);
    assert_eq!(bench.book.purge(bench.now_ms).removed, 1);
}

#[test]
fn a_015_an_authorised_match_does_not_come_again() {
    let mut bench = Bench::new();
    bench.see_content(Outcome::Match, Some("1"));
    bench.authorise(AuthorisationEnd::Never).unwrap();
    for (outcome, text) in [
        (Outcome::Match, "1"),
        (Outcome::NoMatch, "1"),
        (Outcome::Match, "2"),
        (Outcome::NeedsScan, "2"),
        (Outcome::Match, "3"),
    ] {
        assert_eq!(bench.see_content(outcome, Some(text)), None, "{outcome:?}");
        assert_eq!(bench.lists(), (0, 1, 0));
    }
    // Another policy, and another file of this one, match as ever.
    bench.policy = policy("other");
    assert_eq!(bench.see(Outcome::Match), Some(MatchChange::Started));
    bench.policy = policy("p");
    bench.file = file("other");
    assert_eq!(bench.see(Outcome::Match), Some(MatchChange::Started));
}

#[test]
fn a_015_an_authorisation_can_end_with_the_content() {
    let restarted = Some(MatchChange::Restarted(Restart::Ended));
    // At the authorisation, then seen: what becomes of it.
    for (known, seen, expected) in [
        (Some("1"), &[Some("1"), Some("2")][..], restarted),
        (Some("1"), &[None, None], None),
        (Some("1"), &[None, Some("1")], None),
        (None, &[Some("1"), Some("1")], None),
        (None, &[Some("1"), Some("2")], restarted),
        (None, &[None], None),
    ] {
        let mut bench = Bench::new();
        bench.see_content(Outcome::Match, known);
        bench.authorise(AuthorisationEnd::ContentChange).unwrap();
        let changes = seen
            .iter()
            .map(|seen| bench.see_content(Outcome::Match, *seen));
        assert_eq!(changes.last().unwrap(), expected, "{known:?} {seen:?}");
    }
    let mut bench = Bench::new();
    bench.see_content(Outcome::Match, Some("1"));
    bench.authorise(AuthorisationEnd::ContentChange).unwrap();
    assert_eq!(bench.see_content(Outcome::NeedsScan, Some("2")), None);
    assert_eq!(
        bench.see_content(Outcome::NoMatch, Some("2")),
        Some(MatchChange::Ended)
    );
    assert_eq!(bench.lists(), (0, 0, 1));
}

#[test]
fn a_015_what_is_authorised_is_the_content_that_was_seen_last() {
    for changed_content in [ChangedContent::Continues, ChangedContent::Restarts] {
        let mut bench = Bench::with(MatchOptions {
            changed_content,
            ..MatchOptions::default()
        });
        bench.see_content(Outcome::Match, Some("1"));
        // The administrator looks at the new content while it waits to be read.
        bench.see_content(Outcome::NeedsScan, Some("2"));
        bench.authorise(AuthorisationEnd::ContentChange).unwrap();
        assert_eq!(bench.see_content(Outcome::Match, Some("2")), None);
        assert_eq!(bench.lists(), (0, 1, 0));
        let ended = Some(MatchChange::Restarted(Restart::Ended));
        assert_eq!(bench.see_content(Outcome::Match, Some("1")), ended);
    }
    // Without an authorisation the content that matched is what a new match is compared with.
    let mut bench = Bench::with(MatchOptions {
        changed_content: ChangedContent::Restarts,
        ..MatchOptions::default()
    });
    bench.see_content(Outcome::Match, Some("1"));
    bench.see_content(Outcome::NeedsScan, Some("2"));
    let changed = Some(MatchChange::Restarted(Restart::Changed));
    assert_eq!(bench.see_content(Outcome::Match, Some("2")), changed);
}

#[test]
fn a_015_what_we_write_ourselves_ends_no_authorisation() {
    let written = |bench: &mut Bench, before: &str, after: &str| {
        let (before, after) = (content(before), content(after));
        bench.book.content_written(&bench.file, &before, &after);
    };
    let mut bench = Bench::with(MatchOptions {
        changed_content: ChangedContent::Restarts,
        ..MatchOptions::default()
    });
    // Of a match: it goes on.
    bench.see_content(Outcome::Match, Some("1"));
    written(&mut bench, "1", "2");
    let continued = Some(MatchChange::Continued);
    assert_eq!(bench.see_content(Outcome::Match, Some("2")), continued);
    // Of an authorised one: the label that was under way, and the label that another policy puts on
    // later.
    bench.authorise(AuthorisationEnd::ContentChange).unwrap();
    for (before, after) in [("2", "3"), ("3", "4")] {
        written(&mut bench, before, after);
        assert_eq!(bench.see_content(Outcome::Match, Some(after)), None);
    }
    // Over somebody's change that nobody had seen yet: that ends it.
    written(&mut bench, "changed", "5");
    let ended = Some(MatchChange::Restarted(Restart::Ended));
    assert_eq!(bench.see_content(Outcome::Match, Some("5")), ended);
}

#[test]
fn a_015_authorising_all_takes_the_present_matches_only() {
    let mut bench = Bench::new();
    for id in ["1", "2", "3"] {
        bench.file = file(id);
        bench.see(Outcome::Match);
    }
    let all = bench
        .book
        .authorise_all(&bench.policy, &admin(), AuthorisationEnd::Never, 9);
    assert_eq!(all, 3);
    assert_eq!(bench.lists(), (0, 3, 0));
    assert_eq!(bench.see(Outcome::Match), None);
    bench.file = file("4");
    assert_eq!(bench.see(Outcome::Match), Some(MatchChange::Started));
    assert_eq!(bench.lists(), (1, 3, 0));
}

#[test]
fn only_a_match_can_be_authorised() {
    let mut bench = Bench::new();
    let not_matching = Err(MatchError::NotMatching {
        file: bench.file.clone(),
        policy: bench.policy.clone(),
    });
    assert_eq!(bench.authorise(AuthorisationEnd::Never), not_matching);
    bench.see(Outcome::Match);
    assert_eq!(
        bench.book.revoke(&bench.file, &bench.policy, 5),
        Err(MatchError::NotAuthorised {
            file: bench.file.clone(),
            policy: bench.policy.clone(),
        })
    );
    bench.authorise(AuthorisationEnd::Never).unwrap();
    assert_eq!(bench.authorise(AuthorisationEnd::Never), not_matching);
}

#[test]
fn a_009_a_disabled_policy_shows_no_match_and_loses_none() {
    let mut bench = Bench::new();
    bench.see(Outcome::Match);
    let matched = |bench: &Bench| bench.book.matched_policies(&bench.file).count();
    assert_eq!(matched(&bench), 1);

    bench.book.policy_disabled(&bench.policy).unwrap();
    assert_eq!(matched(&bench), 0);
    assert_eq!(bench.lists(), (0, 0, 0));
    // That is what a disabled policy says of every file.
    assert_eq!(bench.see(Outcome::NoMatch), None);

    bench.book.policy_enabled(&bench.policy);
    assert_eq!(matched(&bench), 1);
    assert_eq!(bench.lists(), (1, 0, 0));
    assert_eq!(bench.see(Outcome::Match), Some(MatchChange::Continued));
}

fn set(ids: &[(&str, bool)]) -> PolicySet {
    let labels = LabelView::new(LabelCatalog::empty(TenantId::from_u128(1)).into());
    let policies: Vec<_> = ids
        .iter()
        .map(|(id, enabled)| serde_json::json!({"id": id, "name": id, "enabled": enabled}))
        .collect();
    let document = serde_json::json!({"format": "file-policies/1", "policies": policies});
    PolicySet::from_json(&document.to_string(), &BuildContext::new(&labels)).unwrap()
}

#[test]
fn a_009_the_book_follows_a_set() {
    let mut bench = Bench::new();
    bench.see(Outcome::Match);
    for (policies, shown) in [
        (&[("p", true), ("q", false)][..], 1),
        (&[("p", false)], 0),
        (&[("p", true)], 1),
        // Left out for an error, and back.
        (&[("q", true)], 0),
        (&[("q", true), ("p", true)], 1),
    ] {
        bench.book.follow(&set(policies)).unwrap();
        assert_eq!(bench.lists().0, shown, "{policies:?}");
        let matched = bench.book.matched_policies(&bench.file).count();
        assert_eq!(matched, shown, "{policies:?}");
    }
    bench.book.follow(&set(&[("q", false)])).unwrap();
    bench.book.policy_deleted(&bench.policy, 9);
    bench.book.purge(i64::MAX);
    // Whatever is left of a policy: it stays disabled until it is enabled or deleted.
    bench.book.follow(&set(&[])).unwrap();
    assert_eq!(bench.book.status(&policy("q")), PolicyStatus::Disabled);
    bench.book.policy_deleted(&policy("q"), 9);
    assert_eq!(bench.book.entries().count(), 0);
    assert_eq!(bench.book.disabled, 0);
}

#[test]
fn a_009_a_policy_with_a_history_only_is_disabled_where_the_set_lacks_it() {
    let mut bench = Bench::new();
    bench.see(Outcome::Match);
    bench.see(Outcome::NoMatch);
    bench.book.follow(&set(&[("q", true)])).unwrap();
    assert_eq!(bench.book.status(&bench.policy), PolicyStatus::Disabled);
    assert_eq!(bench.see(Outcome::Match), None);
    // One that it never heard of is as good as new.
    assert_eq!(bench.book.status(&policy("r")), PolicyStatus::Enabled);
}

#[test]
fn the_policies_that_are_disabled_are_bounded() {
    let mut book = MatchBook::new(MatchOptions::default());
    let id = |at: usize| policy(&at.to_string());
    for at in 0..DISABLED_POLICIES_MAX {
        book.policy_disabled(&id(at)).unwrap();
    }
    let limit = DISABLED_POLICIES_MAX;
    let refused = Err(MatchError::TooManyDisabled { limit });
    assert_eq!(book.policy_disabled(&policy("p")), refused);
    assert_eq!(book.follow(&set(&[("p", false)])), refused);
    assert_eq!(book.status(&policy("p")), PolicyStatus::Enabled);
    // Again is no more than once, and there is room for another when one is enabled.
    book.policy_disabled(&id(0)).unwrap();
    book.follow(&set(&[("0", true), ("p", false)])).unwrap();
    assert_eq!(book.status(&policy("p")), PolicyStatus::Disabled);
    let state = BookEntry::Policy(PolicyState {
        policy: id(0),
        status: PolicyStatus::Disabled,
        resets: 0,
    });
    let restore = |entries: Vec<BookEntry>| {
        MatchBook::from_entries(MatchOptions::default(), entries).map(|book| book.disabled)
    };
    let mut entries: Vec<_> = book.entries().collect();
    assert_eq!(restore(entries.clone()), Ok(limit));
    entries.push(state.clone());
    assert_eq!(restore(entries), refused.map(|()| 0));
    let duplicate = MatchError::DuplicatePolicy { policy: id(0) };
    assert_eq!(restore(vec![state.clone(), state]), Err(duplicate));
}

#[test]
fn an_edited_policy_acts_on_new_matches_unless_it_is_reset() {
    let mut bench = Bench::new();
    bench.see(Outcome::Match);
    bench.book.policy_edited(&bench.policy, EditedResults::Keep);
    assert_eq!(bench.see(Outcome::Match), Some(MatchChange::Continued));

    bench
        .book
        .policy_edited(&bench.policy, EditedResults::Reset);
    assert_eq!(bench.see(Outcome::NeedsContent), None);
    assert_eq!(
        bench.see(Outcome::Match),
        Some(MatchChange::Restarted(Restart::Reset))
    );
    assert_eq!(bench.see(Outcome::Match), Some(MatchChange::Continued));
    assert_eq!(bench.lists(), (1, 0, 1));

    // Whoever found a match to be in order is not asked again.
    bench.authorise(AuthorisationEnd::Never).unwrap();
    bench
        .book
        .policy_edited(&bench.policy, EditedResults::Reset);
    assert_eq!(bench.see(Outcome::Match), None);
}

#[test]
fn a_deleted_policy_leaves_history_only() {
    let mut bench = Bench::new();
    bench.see(Outcome::Match);
    bench.authorise(AuthorisationEnd::Never).unwrap();
    bench.file = file("g");
    bench.see(Outcome::Match);
    bench.book.policy_disabled(&bench.policy).unwrap();
    assert_eq!(bench.book.policy_deleted(&bench.policy, 10), 2);
    assert_eq!(bench.lists(), (0, 0, 2));
    assert!(
        bench
            .book
            .history(&bench.policy)
            .all(|past| past.reason == EndReason::PolicyDeleted)
    );
    bench.book.purge(10 + 184 * DAY_MS);
    assert_eq!(bench.book.entries().count(), 0);
    assert!(bench.book.tables.is_empty() && bench.book.by_file.is_empty());
}

#[test]
fn a_file_that_is_gone_leaves_history_only() {
    let mut bench = Bench::new();
    bench.see(Outcome::Match);
    bench.authorise(AuthorisationEnd::Never).unwrap();
    bench.policy = policy("q");
    bench.see(Outcome::Match);
    assert_eq!(bench.book.forget_file(&bench.file, 9), 2);
    assert_eq!(bench.lists(), (0, 0, 1));
    assert_eq!(bench.book.matched_policies(&bench.file).count(), 0);
    assert_eq!(bench.book.forget_file(&bench.file, 9), 0);
}

#[test]
fn changed_content_makes_a_new_match_only_if_that_is_wanted() {
    let restarted = Some(MatchChange::Restarted(Restart::Changed));
    for (changed_content, expected) in [
        (ChangedContent::Continues, Some(MatchChange::Continued)),
        (ChangedContent::Restarts, restarted),
    ] {
        let mut bench = Bench::with(MatchOptions {
            changed_content,
            ..MatchOptions::default()
        });
        bench.see_content(Outcome::Match, Some("1"));
        let continued = Some(MatchChange::Continued);
        assert_eq!(bench.see_content(Outcome::Match, Some("1")), continued);
        assert_eq!(bench.see_content(Outcome::Match, None), continued);
        assert_eq!(bench.see_content(Outcome::Match, Some("2")), expected);
        assert_eq!(bench.see_content(Outcome::Match, Some("2")), continued);
    }
}

#[test]
fn a_full_book_refuses_and_changes_nothing() {
    let mut bench = Bench::with(MatchOptions {
        matches_max: 1,
        ..MatchOptions::default()
    });
    bench.see(Outcome::Match);
    let before: Vec<_> = bench.book.entries().collect();
    let (other, policy) = (file("g"), policy("p"));
    let observation = Observation::new(&other, &policy, Outcome::Match, 5);
    let full = Err(MatchError::Full { limit: 1 });
    assert_eq!(bench.book.observe(&observation), full);
    assert_eq!(bench.book.entries().collect::<Vec<_>>(), before);

    bench.see(Outcome::NoMatch);
    let started = Ok(Some(MatchChange::Started));
    assert_eq!(bench.book.observe(&observation), started);
}

#[test]
fn a_full_history_loses_its_oldest_and_says_so() {
    let mut bench = Bench::with(MatchOptions {
        history_max: 2,
        ..MatchOptions::default()
    });
    for id in ["1", "2", "3"] {
        bench.file = file(id);
        bench.see(Outcome::Match);
        bench.see(Outcome::NoMatch);
    }
    assert_eq!(bench.book.history_dropped(), 1);
    let left: Vec<_> = bench.book.history(&bench.policy).collect();
    assert_eq!(left[0].file, file("2"));
    assert_eq!(left[1].file, file("3"));
}

#[test]
fn a_clock_that_goes_back_ends_no_match_before_it_was_seen() {
    let mut bench = Bench::new();
    bench.now_ms = 1_000;
    bench.see(Outcome::Match);
    bench.now_ms = 500;
    bench.see(Outcome::NoMatch);
    let past = bench.book.history(&bench.policy).next().unwrap();
    assert_eq!((past.since_ms, past.ended_ms), (1_001, 1_001));
    // The next one begins when it does, so that the wrong time is not handed on.
    bench.see(Outcome::Match);
    let next = bench.book.matching_now(&bench.policy).next().unwrap();
    assert_eq!(next.since_ms, 502);
}

#[test]
fn two_entries_for_one_file_and_policy_are_refused() {
    let mut bench = Bench::new();
    bench.see(Outcome::Match);
    let mut entries: Vec<_> = bench.book.entries().collect();
    let again = MatchBook::from_entries(MatchOptions::default(), entries.clone()).unwrap();
    assert_eq!(again.entries().collect::<Vec<_>>(), entries);
    entries.push(entries[0].clone());
    assert_eq!(
        MatchBook::from_entries(MatchOptions::default(), entries).unwrap_err(),
        MatchError::Duplicate {
            file: bench.file,
            policy: bench.policy,
        }
    );
}
