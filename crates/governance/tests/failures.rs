//! A store that fails at its k-th operation, for every k: what was asked fails as a whole, and can be
//! asked again.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod support;

use governance::store::{LogFilter, Look, MemoryStore, Store, TaskFilter, Work};
use governance::work::{NewWork, WorkKey, WorkKind, WorkOutcome};
use governance::{
    ActionKind, CountedAction, DailyLimit, Error, FileVersion, Governance, Initiator, NewTask,
    Settings, StateKind, TaskId, TaskKey, TaskOutcome, TaskState, Worker, WriteEffect, WriteGrant,
    WriteIntent,
};
use label_core::{AppId, FileId, FileKey, LabelId, LabelKey, PolicyId, TenantId};
use support::failing::{Failing, Fuse};

const NOW: i64 = 1_609_837_200_000;
const TENANT: TenantId = TenantId::from_u128(1);

fn task(number: usize) -> NewTask {
    let key = TaskKey {
        tenant: TENANT,
        file: FileKey::new(
            AppId::BOX,
            0,
            FileId::parse(&format!("file {}", number / 2)).unwrap(),
        ),
        file_version: FileVersion::parse("1").unwrap(),
        policy: Some(PolicyId::parse(&format!("p{}", number % 2)).unwrap()),
        action: ActionKind::Apply(label()),
    };
    NewTask::new(key, 1, by())
}

fn label() -> LabelKey {
    LabelKey::new(TENANT, LabelId::from_u128(1))
}

fn by() -> Initiator {
    Initiator::parse("admin").unwrap()
}

type Deed = fn(&mut Governance<Failing>) -> Result<(), Error>;

/// A day's work in single operations, each of which can be repeated after it has failed.
const DEEDS: [(&str, Deed); 27] = [
    ("limit", |g| {
        let limit = DailyLimit(2);
        g.set_limit(
            TENANT,
            AppId::BOX,
            CountedAction::ApplyLabel,
            limit,
            &by(),
            NOW,
        )
        .map(drop)
    }),
    ("submit", |g| {
        let tasks: Vec<_> = (0..12).map(task).collect();
        g.submit(&tasks, NOW).map(drop)
    }),
    ("claim", |g| g.claim(3, NOW).map(drop)),
    ("begin 1", |g| begin(g, 1)),
    ("begin 3", |g| begin(g, 3)),
    ("begin 5", |g| begin(g, 5)),
    ("finish 1", |g| {
        let version = FileVersion::parse("2").unwrap();
        finish(g, 1, TaskOutcome::Succeeded { version })
    }),
    ("finish 3", |g| {
        let outcome = TaskOutcome::Failed {
            reason: governance::Reason::new("too_large"),
            effect: WriteEffect::Nothing,
        };
        finish(g, 3, outcome)
    }),
    ("disable", |g| {
        let policy = PolicyId::parse("p1").unwrap();
        g.disable_policy(TENANT, &policy, &by(), NOW).map(drop)
    }),
    ("enable", |g| {
        let policy = PolicyId::parse("p1").unwrap();
        g.enable_policy(TENANT, &policy, &by(), NOW).map(drop)
    }),
    ("label off", |g| {
        g.disable_label(label(), &by(), NOW).map(drop)
    }),
    ("label on", |g| {
        g.enable_label(label(), &by(), NOW).map(drop)
    }),
    ("revert", |g| g.revert(TaskId(1), &by(), NOW).map(drop)),
    ("retry", |g| g.retry(TaskId(3), &by(), NOW)),
    ("request", |g| g.request(&[task(40)], NOW).map(drop)),
    ("confirm", |g| {
        g.confirm(&[TaskId(14)], &by(), NOW).map(drop)
    }),
    ("lease", |g| {
        let worker = Worker::parse("w").unwrap();
        g.claim_for(&worker, 1, 1, NOW).map(drop)
    }),
    ("take over", |g| {
        let worker = Worker::parse("v").unwrap();
        g.take_over(&worker, 1, 9, NOW + 1).map(drop)
    }),
    ("enqueue", |g| {
        let kind = WorkKind::parse("scan").unwrap();
        let work = ["a", "b"].map(|key| NewWork::new(kind.clone(), WorkKey::parse(key).unwrap()));
        g.enqueue(&work, NOW).map(drop)
    }),
    ("work", |g| {
        let (kind, worker) = (
            WorkKind::parse("scan").unwrap(),
            Worker::parse("w").unwrap(),
        );
        let items = g.claim_work(&kind, &worker, 1, 1, NOW)?;
        // Where the report fails, the next turn finds the lease over and does it once more.
        let outcome = WorkOutcome::Done;
        items
            .iter()
            .try_for_each(|item| g.finish_work(item.claim(), outcome.clone(), NOW))
    }),
    ("delete", |g| {
        let policy = PolicyId::parse("p0").unwrap();
        g.delete_policy(TENANT, &policy, &by(), NOW).map(drop)
    }),
    ("quarantine", |g| {
        let mut quarantine = task(61);
        quarantine.key.action = ActionKind::AdminQuarantine;
        g.submit(&[quarantine], NOW).map(drop)
    }),
    ("backlog", |g| {
        let tasks: Vec<_> = (100..140)
            .step_by(2)
            .map(|number| task(number + 1))
            .collect();
        g.submit(&tasks, NOW).map(drop)
    }),
    ("rest of the day", |g| work_off(g, NOW)),
    ("raise", |g| {
        let (action, limit) = (CountedAction::ApplyLabel, DailyLimit(3));
        g.set_limit(TENANT, AppId::BOX, action, limit, &by(), NOON)
            .map(drop)
    }),
    // The limit is reached again, and what is left is put off.
    ("noon", |g| work_off(g, NOON)),
    ("trim", |g| {
        g.trim_tasks(TaskId(0), NOW + 121 * 86_400_000).map(drop)
    }),
];

/// Noon of the next day.
const NOON: i64 = NOW + 27 * 3_600_000;

/// All that can be done at one time, as one change.
fn work_off(governance: &mut Governance<Failing>, now: i64) -> Result<(), Error> {
    governance.together(|calls| {
        while let Some(task) = calls.claim(1, now)?.first() {
            let version = FileVersion::parse("3").unwrap();
            let intent = WriteIntent::new(version.clone());
            if calls.begin_write(task.claim(), intent, now)? == WriteGrant::Granted {
                calls.finish(task.claim(), TaskOutcome::Succeeded { version }, now)?;
            }
        }
        Ok(())
    })
}

fn begin(governance: &mut Governance<Failing>, id: u64) -> Result<(), Error> {
    let claim = governance.task(TaskId(id))?.claim();
    let intent = WriteIntent::new(FileVersion::parse("2").unwrap()).replacing(None);
    governance.begin_write(claim, intent, NOW).map(drop)
}

fn finish(
    governance: &mut Governance<Failing>,
    id: u64,
    outcome: TaskOutcome,
) -> Result<(), Error> {
    let claim = governance.task(TaskId(id))?.claim();
    governance.finish(claim, outcome, NOW).map(drop)
}

fn content(governance: &Governance<Failing>) -> String {
    format!(
        "{:?} {:?} {:?}",
        governance.tasks(&TaskFilter::default(), TaskId(0), 1000),
        governance.log(&LogFilter::default(), 0, 1000),
        governance.allowance(TENANT, AppId::BOX, CountedAction::ApplyLabel, NOW)
    )
}

/// Does all deeds; where a fuse is given, each deed first fails at every one of its writes.
fn day(with_failures: bool) -> String {
    let fuse = Fuse::default();
    let store = Failing {
        inner: MemoryStore::new(),
        fuse: fuse.clone(),
    };
    let mut governance = Governance::open(store, Settings::default()).unwrap();
    for (name, deed) in DEEDS {
        let before = content(&governance);
        let mut failures = 0;
        if with_failures {
            // The deed is done on the first fuse that is long enough.
            loop {
                fuse.0.set(Some(failures));
                let result = deed(&mut governance);
                fuse.0.set(None);
                match result {
                    Ok(()) => break,
                    Err(Error::Unavailable { .. }) => {
                        assert_eq!(content(&governance), before, "{name}, operation {failures}");
                    }
                    Err(other) => panic!("{name}: {other}"),
                }
                failures += 1;
                assert!(failures < 5000, "{name} never succeeds");
            }
            assert!(failures > 0, "{name} does nothing");
        } else {
            deed(&mut governance).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
    let counts = governance.counts(TENANT, AppId::BOX).unwrap();
    // The label before the first is known, the quarantine could be asked for again, and those of noon are
    // not old enough. The rest that is over was forgotten.
    assert_eq!(counts.of(StateKind::Succeeded), 5);
    assert_eq!(counts.of(StateKind::Cancelled), 0);
    assert!(governance.task(TaskId(2)).is_err());
    // The raised limit was used up at noon, and what is left waits for the next one as one.
    let mut filter = TaskFilter::default();
    filter.states = vec![StateKind::Deferred];
    let until = Some(NOON + 86_400_000);
    let deferred = governance.tasks(&filter, TaskId(0), 1000).unwrap();
    assert!(deferred.len() > 16);
    for task in deferred {
        assert_eq!(task.state, TaskState::Deferred { until });
    }
    let used = [CountedAction::ApplyLabel, CountedAction::AdminQuarantine].map(|action| {
        let at = if action == CountedAction::ApplyLabel {
            NOON
        } else {
            NOW
        };
        let allowance = governance.allowance(TENANT, AppId::BOX, action, at);
        allowance.unwrap().used
    });
    assert_eq!(used, [3, 1]);
    content(&governance)
}

#[test]
fn a_failed_write_changes_nothing_and_can_be_repeated() {
    assert_eq!(day(true), day(false));
}

#[test]
fn a_store_that_does_not_run_the_work_is_found_out() {
    struct Lazy;
    impl Store for Lazy {
        fn transact(&mut self, _: &mut Work<'_>) -> Result<(), Error> {
            Ok(())
        }
        fn view(&self, _: &mut Look<'_>) -> Result<(), Error> {
            Ok(())
        }
    }
    let result = Governance::open(Lazy, Settings::default());
    assert!(matches!(result, Err(Error::StoreContract { .. })));
}
