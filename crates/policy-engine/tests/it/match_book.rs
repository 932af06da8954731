//! The book of matches against a slow, obvious twin: one that keeps nothing but a log of what was
//! said to it, and goes through all of it again for every file and policy whenever it is asked.

use label_core::{AppId, FileId, FileKey, PolicyId};
use policy_engine::matches::{
    AuthorisationEnd, ChangedContent, ContentHash, EditedResults, EndReason, MatchBook,
    MatchChange, MatchOptions, Observation, Restart,
};
use policy_engine::{Address, Outcome};
use proptest::prelude::*;
use proptest::sample::select;

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
    Purge,
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
        1 => Just(Said::Purge),
    ]
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Story {
    is_disabled: bool,
    is_reset: bool,
    /// Since, last seen, content.
    current: Option<(i64, i64, Option<&'static str>)>,
    /// Since, authorised, end, content.
    authorised: Option<(i64, i64, AuthorisationEnd, Option<&'static str>)>,
    /// Since, ended, why.
    past: Vec<(i64, i64, EndReason)>,
    last: Option<MatchChange>,
}

impl Story {
    fn end(&mut self, now_ms: i64, reason: EndReason) {
        if let Some((since, seen, _)) = self.current.take() {
            self.past.push((since, now_ms.max(seen), reason));
        }
        if let Some((since, at, _, _)) = self.authorised.take() {
            let reason = match reason {
                EndReason::PolicyDeleted | EndReason::FileGone => reason,
                _ => EndReason::Authorised,
            };
            self.past.push((since, now_ms.max(at), reason));
        }
        self.is_reset = false;
    }

    fn authorise(&mut self, end: AuthorisationEnd, now_ms: i64) {
        if let Some((since, seen, content)) = self.current.take() {
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
        if let Some((_, seen, known)) = &mut self.current {
            let restart = if self.is_reset {
                Restart::Reset
            } else if restarts && differs(*known) {
                Restart::Changed
            } else {
                *seen = now_ms.max(*seen);
                *known = content.or(*known);
                return Some(MatchChange::Continued);
            };
            self.end(now_ms, EndReason::Restarted);
            self.current = Some((now_ms, now_ms, content));
            return Some(MatchChange::Restarted(restart));
        }
        self.current = Some((now_ms, now_ms, content));
        if self.past.is_empty() {
            return Some(MatchChange::Started);
        }
        Some(MatchChange::Restarted(Restart::Ended))
    }
}

/// What became of one file and policy, from the beginning.
fn replay(log: &[(i64, Said)], file: &str, policy: &str, restarts: bool) -> Story {
    let mut story = Story::default();
    for (now_ms, said) in log {
        story.last = None;
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
                .retain(|(_, ended_ms, _)| now_ms - ended_ms < RETENTION_MS),
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

/// Says it to the book.
fn say(book: &mut MatchBook, said: &Said, now_ms: i64) -> Option<MatchChange> {
    let admin = Address::parse("admin@contoso.example").unwrap();
    match *said {
        Said::Observe(f, p, outcome, content) => {
            let content = content.map(|text| ContentHash::parse(text).unwrap());
            let (file, policy) = (file(f), policy(p));
            let mut observation = Observation::new(&file, &policy, outcome, now_ms);
            observation.content = content.as_ref();
            return book.observe(&observation).unwrap();
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
        Said::Disable(p) => book.policy_disabled(&policy(p)),
        Said::Enable(p) => book.policy_enabled(&policy(p)),
        Said::Delete(p) => {
            book.policy_deleted(&policy(p), now_ms);
        }
        Said::Forget(f) => {
            book.forget_file(&file(f), now_ms);
        }
        Said::Purge => while book.purge(now_ms).more {},
    }
    None
}

/// The book's view of one file and policy, in the twin's words.
fn compare(book: &MatchBook, f: &str, p: &str, story: &Story) -> Result<(), TestCaseError> {
    let (file, policy) = (file(f), policy(p));
    let current = book
        .matching_now(&policy)
        .find(|it| it.file == file)
        .map(|it| {
            let content = it.content.as_ref().map(ContentHash::as_str);
            (it.since_ms, it.seen_ms, content)
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
    expected.sort_by_key(|(_, ended_ms, _)| *ended_ms);
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
    ) {
        let options = MatchOptions {
            history_retention_ms: RETENTION_MS,
            purge_max: 1,
            changed_content: if restarts {
                ChangedContent::Restarts
            } else {
                ChangedContent::Continues
            },
            ..MatchOptions::default()
        };
        let mut book = MatchBook::new(options.clone());
        let mut log = Vec::new();
        let mut now_ms = 0;
        for (at, (step_ms, said)) in steps.into_iter().enumerate() {
            now_ms += step_ms;
            if at == restored_at {
                let entries: Vec<_> = book.entries().collect();
                book = MatchBook::from_entries(options.clone(), entries.clone()).unwrap();
                prop_assert_eq!(book.entries().collect::<Vec<_>>(), entries);
            }
            let change = say(&mut book, &said, now_ms);
            log.push((now_ms, said.clone()));
            for f in FILES {
                for p in POLICIES {
                    let story = replay(&log, f, p, restarts);
                    if matches!(said, Said::Observe(file, policy, ..) if (file, policy) == (f, p)) {
                        prop_assert_eq!(change, story.last, "{} {}", f, p);
                    }
                    compare(&book, f, p, &story)?;
                }
            }
            for p in POLICIES {
                let policy = policy(p);
                let shown = book.matching_now(&policy).count();
                prop_assert_eq!(book.matching_count(&policy), shown);
            }
        }
    }
}
