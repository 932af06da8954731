//! Shorthand for the tests of the machine.

use label_core::sync::{
    Action, KeeperOptions, LabelSync, Outcome, Request, Response, SnapshotKeeper, Step, SyncOptions,
};

use super::{body, taxonomy, tenant};

pub(super) const BEGIN: i64 = 784_111_777_000;

pub(super) fn sync_with(options: SyncOptions) -> LabelSync {
    let keeper = SnapshotKeeper::new(tenant(), KeeperOptions::default());
    LabelSync::new(keeper, options).unwrap()
}

pub(super) fn sync() -> LabelSync {
    sync_with(SyncOptions::default())
}

pub(super) fn sent(sync: &mut LabelSync, now: i64) -> Request {
    match sync.poll(now) {
        Action::Send(request) => request,
        other => panic!("at {now}: {other:?}"),
    }
}

pub(super) fn waits_until(sync: &mut LabelSync, now: i64) -> i64 {
    match sync.poll(now) {
        Action::Wait { until_ms } => until_ms,
        other => panic!("at {now}: {other:?}"),
    }
}

/// Sends the request that is due and gives it this answer.
pub(super) fn exchange(
    sync: &mut LabelSync,
    now: i64,
    status: u16,
    body: impl Into<Vec<u8>>,
) -> Step {
    let request = sent(sync, now);
    sync.answer(now, request.number, &Response::new(status, body.into()))
}

/// A first list is in force, and the next read is due at the returned time.
pub(super) fn begun(sync: &mut LabelSync) -> i64 {
    let step = exchange(sync, BEGIN, 200, body(&taxonomy(), None));
    assert!(matches!(step, Step::Done(Outcome::Replaced { .. })));
    waits_until(sync, BEGIN)
}

pub(super) fn failure(step: Step) -> String {
    match step {
        Step::Failed(error) => error.to_string(),
        other => panic!("{other:?}"),
    }
}
