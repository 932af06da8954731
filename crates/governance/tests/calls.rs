//! What single calls take and tell at their limits.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

use governance::store::MemoryStore;
use governance::work::{NewWork, PAYLOAD_BYTES_MAX, WORK_COUNT_MAX, WorkKey, WorkKind};
use governance::{
    ActionKind, CountedAction, DailyLimit, Error, FileVersion, Governance, Initiator, NewTask,
    Reason, RetryPolicy, RetryRules, SUBMIT_COUNT_MAX, Settings, StateKind, Status, TaskId,
    TaskKey, TaskOutcome, Worker, WriteEffect, WriteGrant, WriteIntent,
};
use label_core::{AppId, FileId, FileKey, LabelId, LabelKey, PolicyId, TenantId};

const NINE: i64 = 1_609_837_200_000;
const NOON: i64 = 1_609_934_400_000;
const TENANT: TenantId = TenantId::from_u128(1);

fn task(number: usize) -> NewTask {
    let key = TaskKey {
        tenant: TENANT,
        file: FileKey::new(AppId::BOX, 0, FileId::parse(&number.to_string()).unwrap()),
        file_version: FileVersion::parse("1").unwrap(),
        policy: Some(PolicyId::parse("p").unwrap()),
        action: ActionKind::Apply(LabelKey::new(TENANT, LabelId::from_u128(1))),
    };
    NewTask::new(key, 1, Initiator::parse("p").unwrap())
}

fn governance() -> Governance<MemoryStore> {
    Governance::open(MemoryStore::new(), Settings::default()).unwrap()
}

fn intent() -> WriteIntent {
    WriteIntent::new(FileVersion::parse("2").unwrap())
}

#[test]
fn as_many_as_are_allowed_are_taken_at_once() {
    let mut governance = governance();
    let tasks: Vec<NewTask> = (0..=SUBMIT_COUNT_MAX).map(task).collect();
    match governance.submit(&tasks, NINE) {
        Err(Error::TooManyTasks { count, count_max }) => {
            assert_eq!((count, count_max), (SUBMIT_COUNT_MAX + 1, SUBMIT_COUNT_MAX));
        }
        other => panic!("{other:?}"),
    }
    let some = governance.counts(TENANT, AppId::BOX).unwrap();
    assert_eq!(some.of(StateKind::Queued), 0);
    let taken = governance.submit(&tasks[1..], NINE).unwrap();
    assert_eq!(taken.len(), SUBMIT_COUNT_MAX);

    let kind = WorkKind::parse("scan").unwrap();
    let piece = |number: usize, bytes: usize| {
        let key = WorkKey::parse(&number.to_string()).unwrap();
        let mut work = NewWork::new(kind.clone(), key);
        work.payload = "x".repeat(bytes);
        work
    };
    for (pieces, bytes, expected) in [
        (WORK_COUNT_MAX, 0, true),
        (WORK_COUNT_MAX + 1, 0, false),
        (1, PAYLOAD_BYTES_MAX, true),
        (1, PAYLOAD_BYTES_MAX + 1, false),
    ] {
        let work: Vec<NewWork> = (0..pieces).map(|number| piece(number, bytes)).collect();
        let taken = governance.enqueue(&work, NINE);
        assert_eq!(taken.is_ok(), expected, "{pieces} of {bytes} bytes");
    }
}

#[test]
fn settings_are_those_that_were_given() {
    let mut settings = Settings::default();
    settings.task_retention_ms += 1;
    let governance = Governance::open(MemoryStore::new(), settings).unwrap();
    assert_eq!(*governance.settings(), settings);
    assert_ne!(*governance.settings(), Settings::default());
}

#[test]
fn counts_and_forecasts_are_told_by_task_and_status() {
    let mut governance = governance();
    let counted = CountedAction::ApplyLabel;
    let limit = DailyLimit(2);
    governance
        .set_limit(
            TENANT,
            AppId::BOX,
            counted,
            limit,
            &Initiator::parse("a").unwrap(),
            NINE,
        )
        .unwrap();
    governance
        .submit(&[task(0), task(1), task(2)], NINE)
        .unwrap();
    let forecast = governance
        .forecast(TENANT, AppId::BOX, counted, None, NINE)
        .unwrap();
    let times = [1, 2, 3, 4].map(|id| forecast.at(TaskId(id)));
    assert_eq!(times, [Some(NINE), Some(NINE), Some(NOON), None]);
    for task in governance.claim(1, NINE).unwrap() {
        governance
            .begin_write(task.claim(), intent(), NINE)
            .unwrap();
        let outcome = TaskOutcome::Succeeded {
            version: FileVersion::parse("2").unwrap(),
        };
        governance.finish(task.claim(), outcome, NINE).unwrap();
    }
    let counts = governance.counts(TENANT, AppId::BOX).unwrap();
    let of = |status| counts.with_status(status);
    assert_eq!((of(Status::Pending), of(Status::Successful)), (2, 1));
    assert_eq!(of(Status::Failed), 0);
}

/// A worker that asks for leave late hears that its task is over.
#[test]
fn leave_to_write_is_for_tasks_that_run() {
    let mut governance = governance();
    governance.submit(&[task(0)], NINE).unwrap();
    let claimed = governance.claim(1, NINE).unwrap();
    let asked = governance.begin_write(claimed[0].claim(), intent(), NINE);
    assert_eq!(asked.unwrap(), WriteGrant::Granted);
    let effect = WriteEffect::Nothing;
    let reason = Reason::new("too_large");
    let outcome = TaskOutcome::Failed { reason, effect };
    governance
        .finish(claimed[0].claim(), outcome, NINE)
        .unwrap();
    let asked = governance.begin_write(claimed[0].claim(), intent(), NINE);
    assert!(matches!(asked, Err(Error::StaleClaim { .. })), "{asked:?}");
}

#[test]
fn work_says_when_it_can_be_handed_out() {
    let mut governance = governance();
    let kind = WorkKind::parse("scan").unwrap();
    let worker = Worker::parse("w").unwrap();
    let mut new = NewWork::new(kind.clone(), WorkKey::parse("a").unwrap());
    new.not_before = NINE + 5;
    governance.enqueue(&[new], NINE).unwrap();
    assert_eq!(
        governance
            .claim_work(&kind, &worker, 60_000, 1, NINE + 4)
            .unwrap(),
        []
    );
    let items = governance
        .claim_work(&kind, &worker, 60_000, 1, NINE + 5)
        .unwrap();
    assert_eq!(items[0].ready_at(), Some(NINE + 60_005));
    let item = &items[0];
    let opening = item.custody.opening;
    assert!(!item.is_ready(NINE + 60_004, i64::MAX, opening));
    assert!(item.is_ready(NINE + 60_005, i64::MAX, opening));
    // Whoever had it before the store was opened anew is gone.
    assert!(item.is_ready(NINE + 5, i64::MAX, opening + 1));
    assert!(!item.is_ready(NINE + 4, i64::MAX, opening + 1));
}

#[test]
fn a_029_each_kind_of_failure_has_its_rule() {
    let policy = |first_ms| {
        let mut policy = RetryPolicy::default();
        policy.first_ms = first_ms;
        policy
    };
    let mut rules = RetryRules::same(policy(6));
    rules.locked = policy(1);
    rules.throttled = policy(2);
    rules.conflict = policy(3);
    rules.interrupted = policy(4);
    for (code, first_ms) in [
        ("locked", 1),
        ("checkout_required", 1),
        ("throttled", 2),
        ("conflict", 3),
        ("interrupted", 4),
        ("io_error", 6),
    ] {
        let rule = rules.for_reason(&Reason::new(code));
        assert_eq!(rule.first_ms, first_ms, "{code}");
    }
}
