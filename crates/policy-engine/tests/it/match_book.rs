//! The book of matches against a slow, obvious twin: one that keeps nothing but a log of what was
//! said to it, and goes through all of it again for every file and policy whenever it is asked.

use label_core::{AppId, FileId, FileKey, LabelCatalog, LabelView, PolicyId, TenantId};
use policy_engine::matches::{
    AuthorisationEnd, ChangedContent, ContentHash, EditedResults, EndReason, MatchBook,
    MatchChange, MatchError, MatchOptions, Observation, Restart,
};
use policy_engine::{Address, BuildContext, Outcome, PolicySet};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

const FILES: [&str; 3] = ["f", "g", "h"];
const POLICIES: [&str; 2] = ["p", "q"];
const RETENTION_MS: i64 = 12;

#[derive(Clone, Debug)]
enum Said {
    Observe(&'static str, &'static str, Outcome, Option<&'static str>),
    Authorise(&'static str, &'static str, AuthorisationEnd),
    AuthoriseAll(&'static str, AuthorisationEnd),
    Revoke(&'static str, &'static str),
    Edit(&'static str, EditedResults),
    Disable(&'static str),
    Enable(&'static str),
    Delete(&'static str),
    Forget(&'static str),
    /// Content before and after.
    Written(&'static str, &'static str, &'static str),
    Purge,
    /// Of each policy, whether the set has it, and enabled. Never in a log: there stands what comes
    /// of it.
    Follow([Option<bool>; 2]),
    /// The oldest match of the history went, because there was no room. In logs only.
    Drop(&'static str, &'static str),
}

fn said() -> impl Strategy<Value = Said> {
    let file = || select(&FILES[..]);
    let policy = || select(&POLICIES[..]);
    let outcome = prop_oneof![
        4 => Just(Outcome::Match),
        2 => Just(Outcome::NoMatch),
        1 => Just(Outcome::NeedsScan),
        1 => Just(Outcome::NeedsContent),
    ];
    let end = || {
        select(vec![
            AuthorisationEnd::Never,
            AuthorisationEnd::ContentChange,
        ])
    };
    let results = select(vec![EditedResults::Keep, EditedResults::Reset]);
    prop_oneof![
        12 => (file(), policy(), outcome, proptest::option::of(select(vec!["1", "2"])))
            .prop_map(|(file, policy, outcome, content)| {
                Said::Observe(file, policy, outcome, content)
            }),
        2 => (file(), policy(), end()).prop_map(|(f, p, end)| Said::Authorise(f, p, end)),
        1 => (policy(), end()).prop_map(|(policy, end)| Said::AuthoriseAll(policy, end)),
        1 => (file(), policy()).prop_map(|(file, policy)| Said::Revoke(file, policy)),
        2 => (policy(), results).prop_map(|(policy, results)| Said::Edit(policy, results)),
        1 => policy().prop_map(Said::Disable),
        2 => policy().prop_map(Said::Enable),
        1 => policy().prop_map(Said::Delete),
        1 => file().prop_map(Said::Forget),
        1 => (file(), select(vec![("1", "2"), ("2", "1"), ("2", "3")]))
            .prop_map(|(file, (before, after))| Said::Written(file, before, after)),
        1 => Just(Said::Purge),
        1 => any::<[Option<bool>; 2]>().prop_map(Said::Follow),
    ]
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Story {
    is_disabled: bool,
    is_reset: bool,
    /// Since, last seen, content, content that matched.
    current: Option<Current>,
    /// Since, authorised, end, content.
    authorised: Option<(i64, i64, AuthorisationEnd, Option<&'static str>)>,
    /// Since, ended, why, and which place of the log says so.
    past: Vec<(i64, i64, EndReason, usize)>,
    last: Option<MatchChange>,
    /// The place of the log.
    at: usize,
}

type Content = Option<&'static str>;
type Current = (i64, i64, Content, Content);

impl Story {
    fn end(&mut self, now_ms: i64, reason: EndReason) {
        if let Some((since, seen, _, _)) = self.current.take() {
            self.past.push((since, now_ms.max(seen), reason, self.at));
        }
        if let Some((since, at, _, _)) = self.authorised.take() {
            let reason = match reason {
                EndReason::PolicyDeleted | EndReason::FileGone => reason,
                _ => EndReason::Authorised,
            };
            self.past.push((since, now_ms.max(at), reason, self.at));
        }
        self.is_reset = false;
    }

    fn authorise(&mut self, end: AuthorisationEnd, now_ms: i64) {
        if let Some((since, seen, content, _)) = self.current.take() {
            self.authorised = Some((since, now_ms.max(seen), end, content));
            self.is_reset = false;
        }
    }

    fn observe(
        &mut self,
        outcome: Outcome,
        content: Option<&'static str>,
        restarts: bool,
        now_ms: i64,
    ) -> Option<MatchChange> {
        if self.is_disabled {
            return None;
        }
        if let Some((_, _, _, known @ None)) = &mut self.authorised {
            *known = content;
        }
        if outcome != Outcome::Match && outcome != Outcome::NoMatch {
            if let Some((_, _, known, _)) = &mut self.current {
                *known = content.or(*known);
            }
            return None;
        }
        let differs =
            |known: Option<&str>| known.is_some() && content.is_some() && known != content;
        let mut change = None;
        if let Some((_, _, end, known)) = self.authorised {
            if end == AuthorisationEnd::Never || !differs(known) {
                return None;
            }
            self.end(now_ms, EndReason::Authorised);
            change = Some(MatchChange::Ended);
        }
        if outcome == Outcome::NoMatch {
            if self.current.is_some() {
                self.end(now_ms, EndReason::NoLongerMatches);
                change = Some(MatchChange::Ended);
            }
            return change;
        }
        if let Some((_, seen, known, matched)) = &mut self.current {
            let restart = if self.is_reset {
                Restart::Reset
            } else if restarts && differs(*matched) {
                Restart::Changed
            } else {
                *seen = now_ms.max(*seen);
                *known = content.or(*known);
                *matched = content.or(*matched);
                return Some(MatchChange::Continued);
            };
            self.end(now_ms, EndReason::Restarted);
            self.current = Some((now_ms, now_ms, content, content));
            return Some(MatchChange::Restarted(restart));
        }
        self.current = Some((now_ms, now_ms, content, content));
        if self.past.is_empty() {
            return Some(MatchChange::Started);
        }
        Some(MatchChange::Restarted(Restart::Ended))
    }

    fn written(&mut self, before: &'static str, after: &'static str) {
        let follow = |known: &mut Content| {
            if *known == Some(before) {
                *known = Some(after);
            }
        };
        if let Some((_, _, known, matched)) = &mut self.current {
            follow(known);
            follow(matched);
        }
        if let Some((_, _, _, known)) = &mut self.authorised {
            follow(known);
        }
    }

    fn is_held(&self) -> bool {
        self.current.is_some() || self.authorised.is_some()
    }

    fn is_known(&self) -> bool {
        self.is_disabled || self.is_held() || !self.past.is_empty()
    }

    /// The one that has ended first: when, and at which place of the log.
    fn oldest(&self) -> Option<(i64, usize)> {
        self.past.iter().map(|it| (it.1, it.3)).min()
    }
}

/// What became of one file and policy, from the beginning.
fn replay(log: &[(i64, Said)], file: &str, policy: &str, restarts: bool) -> Story {
    let mut story = Story::default();
    for (at, (now_ms, said)) in log.iter().enumerate() {
        story.last = None;
        story.at = at;
        match *said {
            Said::Observe(f, p, outcome, content) if (f, p) == (file, policy) => {
                story.last = story.observe(outcome, content, restarts, *now_ms);
            }
            Said::Authorise(f, p, end) if (f, p) == (file, policy) => story.authorise(end, *now_ms),
            Said::AuthoriseAll(p, end) if p == policy => story.authorise(end, *now_ms),
            Said::Revoke(f, p) if (f, p) == (file, policy) && story.authorised.is_some() => {
                story.end(*now_ms, EndReason::Authorised);
            }
            Said::Edit(p, EditedResults::Reset) if p == policy => {
                story.is_reset = story.current.is_some();
            }
            Said::Disable(p) if p == policy => story.is_disabled = true,
            Said::Enable(p) if p == policy => story.is_disabled = false,
            Said::Delete(p) if p == policy => {
                story.end(*now_ms, EndReason::PolicyDeleted);
                story.is_disabled = false;
            }
            Said::Forget(f) if f == file => story.end(*now_ms, EndReason::FileGone),
            Said::Purge => story
                .past
                .retain(|(_, ended_ms, ..)| now_ms - ended_ms < RETENTION_MS),
            Said::Written(f, before, after) if f == file => story.written(before, after),
            Said::Drop(f, p) if (f, p) == (file, policy) => {
                let oldest = story.oldest();
                story.past.retain(|it| Some((it.1, it.3)) != oldest);
            }
            _ => {}
        }
    }
    story
}

fn file(id: &str) -> FileKey {
    FileKey::new(AppId::BOX, 0, FileId::parse(id).unwrap())
}

fn policy(id: &str) -> PolicyId {
    PolicyId::parse(id).unwrap()
}

/// A set with these policies, of each whether it is enabled.
fn set(policies: [Option<bool>; 2]) -> PolicySet {
    let labels = LabelView::new(LabelCatalog::empty(TenantId::from_u128(1)).into());
    let policies: Vec<_> = std::iter::zip(POLICIES, policies)
        .filter_map(|(id, enabled)| Some(json!({"id": id, "name": id, "enabled": enabled?})))
        .collect();
    let document = json!({"format": "file-policies/1", "policies": policies});
    PolicySet::from_json(&document.to_string(), &BuildContext::new(&labels)).unwrap()
}

/// Says it to the book.
fn say(book: &mut MatchBook, said: &Said, now_ms: i64) -> Result<Option<MatchChange>, MatchError> {
    let admin = Address::parse("admin@contoso.example").unwrap();
    match *said {
        Said::Observe(f, p, outcome, content) => {
            let content = content.map(|text| ContentHash::parse(text).unwrap());
            let (file, policy) = (file(f), policy(p));
            let mut observation = Observation::new(&file, &policy, outcome, now_ms);
            observation.content = content.as_ref();
            let foreseen = book.preview(&observation);
            let change = book.observe(&observation);
            assert_eq!(*change.as_ref().unwrap_or(&foreseen), foreseen);
            if change.is_err() {
                assert!(foreseen.is_some_and(MatchChange::are_actions_due));
            }
            return change;
        }
        Said::Authorise(f, p, end) => {
            let _ = book.authorise(&file(f), &policy(p), &admin, end, now_ms);
        }
        Said::AuthoriseAll(p, end) => {
            book.authorise_all(&policy(p), &admin, end, now_ms);
        }
        Said::Revoke(f, p) => {
            let _ = book.revoke(&file(f), &policy(p), now_ms);
        }
        Said::Edit(p, results) => book.policy_edited(&policy(p), results),
        Said::Disable(p) => book.policy_disabled(&policy(p))?,
        Said::Enable(p) => book.policy_enabled(&policy(p)),
        Said::Delete(p) => {
            book.policy_deleted(&policy(p), now_ms);
        }
        Said::Forget(f) => {
            book.forget_file(&file(f), now_ms);
        }
        Said::Written(f, before, after) => {
            let content = |text| ContentHash::parse(text).unwrap();
            book.content_written(&file(f), &content(before), &content(after));
        }
        Said::Purge => while book.purge(now_ms).more {},
        Said::Follow(policies) => book.follow(&set(policies))?,
        Said::Drop(..) => panic!("nobody says that"),
    }
    Ok(None)
}

/// The stories of all files and policies.
fn stories(log: &[(i64, Said)], restarts: bool) -> Vec<(&'static str, &'static str, Story)> {
    let pairs = POLICIES.into_iter().flat_map(|p| FILES.map(|f| (f, p)));
    pairs
        .map(|(f, p)| (f, p, replay(log, f, p, restarts)))
        .collect()
}

/// What the log has of something that was said.
fn logged(said: &Said, log: &[(i64, Said)], restarts: bool) -> Vec<Said> {
    let Said::Follow(policies) = said else {
        return vec![said.clone()];
    };
    let stories = stories(log, restarts);
    let is_known = |p| stories.iter().any(|it| it.1 == p && it.2.is_known());
    std::iter::zip(POLICIES, policies)
        .filter_map(|(p, enabled)| match enabled {
            Some(true) => Some(Said::Enable(p)),
            Some(false) => Some(Said::Disable(p)),
            None => is_known(p).then_some(Said::Disable(p)),
        })
        .collect()
}

/// The book's view of one file and policy, in the twin's words.
fn compare(book: &MatchBook, f: &str, p: &str, story: &Story) -> Result<(), TestCaseError> {
    let (file, policy) = (file(f), policy(p));
    let current = book
        .matching_now(&policy)
        .find(|it| it.file == file)
        .map(|it| {
            let content = it.content.as_ref().map(ContentHash::as_str);
            let matched = it.matched_content.as_ref().map(ContentHash::as_str);
            (it.since_ms, it.seen_ms, content, matched)
        });
    let shown = story.current.filter(|_| !story.is_disabled);
    prop_assert_eq!(current, shown, "{} {}", f, p);
    let is_matched = book.matched_policies(&file).any(|it| *it == policy);
    prop_assert_eq!(is_matched, shown.is_some(), "{} {}", f, p);
    let authorised = book
        .authorised(&policy)
        .find(|it| it.file == file)
        .map(|it| {
            let content = it.content.as_ref().map(ContentHash::as_str);
            (it.since_ms, it.authorised_ms, it.end, content)
        });
    prop_assert_eq!(authorised, story.authorised, "{} {}", f, p);
    let past: Vec<_> = book
        .history(&policy)
        .filter(|it| it.file == file)
        .map(|it| (it.since_ms, it.ended_ms, it.reason))
        .collect();
    // The book has them by when they ended, the twin in the order in which it heard of them.
    let mut expected = story.past.clone();
    expected.sort_by_key(|(_, ended_ms, _, at)| (*ended_ms, *at));
    let expected: Vec<_> = expected.iter().map(|it| (it.0, it.1, it.2)).collect();
    prop_assert_eq!(past, expected, "{} {}", f, p);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_014_a_015_the_book_agrees_with_a_replay_of_all_that_was_said(
        steps in proptest::collection::vec((-2_i64..5, said()), 1..40),
        restarts in any::<bool>(),
        restored_at in 0_usize..40,
        matches_max in prop_oneof![Just(1_000), 0_usize..5],
        history_max in prop_oneof![Just(1_000), 0_usize..4],
    ) {
        let options = MatchOptions {
            history_retention_ms: RETENTION_MS,
            purge_max: 1,
            matches_max,
            history_max,
            changed_content: if restarts {
                ChangedContent::Restarts
            } else {
                ChangedContent::Continues
            },
        };
        let mut book = MatchBook::new(options.clone());
        let mut log = Vec::new();
        let mut now_ms = 0;
        let mut dropped = 0;
        for (at, (step_ms, said)) in steps.into_iter().enumerate() {
            now_ms += step_ms;
            if at == restored_at {
                let entries: Vec<_> = book.entries().collect();
                book = MatchBook::from_entries(options.clone(), entries.clone()).unwrap();
                prop_assert_eq!(book.entries().collect::<Vec<_>>(), entries);
                dropped = 0;
            }
            let before = stories(&log, restarts);
            let held = before.iter().filter(|it| it.2.is_held()).count();
            let begins = |f: &str, p: &str| {
                let story = before.iter().find(|it| (it.0, it.1) == (f, p));
                story.is_some_and(|it| !it.2.is_disabled && !it.2.is_held())
            };
            let is_refused = held >= matches_max
                && matches!(said, Said::Observe(f, p, Outcome::Match, _) if begins(f, p));

            let change = say(&mut book, &said, now_ms);
            if is_refused {
                prop_assert_eq!(change, Err(MatchError::Full { limit: matches_max }));
            } else {
                for said in logged(&said, &log, restarts) {
                    log.push((now_ms, said));
                }
                let after = stories(&log, restarts);
                if let Said::Observe(f, p, ..) = said {
                    let story = after.iter().find(|it| (it.0, it.1) == (f, p)).unwrap();
                    prop_assert_eq!(change, Ok(story.2.last), "{} {}", f, p);
                }
                // Whoever ends several matches at once goes by policies and files.
                let mut oldest: Vec<_> = after
                    .iter()
                    .flat_map(|(f, p, story)| story.past.iter().map(|it| (it.1, it.3, *p, *f)))
                    .collect();
                oldest.sort();
                let room = oldest.len().saturating_sub(history_max);
                for (_, _, p, f) in &oldest[..room] {
                    log.push((now_ms, Said::Drop(f, p)));
                    dropped += 1;
                }
            }
            prop_assert_eq!(book.history_dropped(), dropped);
            for (f, p, story) in stories(&log, restarts) {
                compare(&book, f, p, &story)?;
            }
            for p in POLICIES {
                let policy = policy(p);
                let shown = book.matching_now(&policy).count();
                prop_assert_eq!(book.matching_count(&policy), shown);
            }
        }
    }
}
