//! The work queue and recurring jobs.

use super::scene::{DAY, HOUR, MIDNIGHT, Scene, admin, wish, wishes};
use super::{StoreSource, Verdict, ensure, ensure_eq};
use crate::engine::Settings;
use crate::error::{Cause, Error};
use crate::jobs::{CatchUp, Job, JobName};
use crate::reason::Reason;
use crate::text::Worker;
use crate::work::{
    DeadLetter, Enqueued, NewWork, PAYLOAD_BYTES_MAX, WORK_COUNT_MAX, WorkId, WorkItem, WorkKey,
    WorkKind, WorkOutcome,
};

const NINE: i64 = MIDNIGHT + 9 * HOUR;
const MINUTE: i64 = 60_000;

fn kind() -> Result<WorkKind, Cause> {
    Ok(WorkKind::parse("scan")?)
}

fn new(key: &str, priority: u32) -> Result<NewWork, Cause> {
    let mut new = NewWork::new(kind()?, WorkKey::parse(key)?);
    new.priority = priority;
    Ok(new)
}

fn claim(scene: &mut Scene<'_>, count: usize, now: i64) -> Result<Vec<WorkItem>, Cause> {
    let worker = Worker::parse("scanner")?;
    Ok(scene
        .governance
        .claim_work(&kind()?, &worker, MINUTE, count, now)?)
}

fn keys(items: &[WorkItem]) -> Vec<&str> {
    items.iter().map(|item| item.new.key.as_str()).collect()
}

pub(super) fn r_072_work_that_waits_is_not_queued_twice(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    let mut later = new("a", 1)?;
    later.not_before = NINE + HOUR;
    let mut sooner = new("a", 0)?;
    sooner.not_before = NINE;
    sooner.payload = "newer".to_owned();
    let (one, two) = (WorkId(1), WorkId(2));
    let answers = scene
        .governance
        .enqueue(&[later, sooner, new("b", 0)?], NINE)?;
    ensure_eq!(
        answers,
        [
            Enqueued::Added(one),
            Enqueued::Waits(one),
            Enqueued::Added(two)
        ]
    );
    // Another kind is another queue.
    let mut other = new("a", 0)?;
    other.kind = WorkKind::parse("refresh")?;
    ensure_eq!(
        scene.governance.enqueue(&[other], NINE)?,
        [Enqueued::Added(WorkId(3))]
    );
    let mut scene = scene.restarted()?;
    let items = claim(&mut scene, 10, NINE)?;
    ensure_eq!(keys(&items), ["a", "b"]);
    let first = items.first().ok_or("nothing")?;
    ensure_eq!(
        (first.new.priority, first.new.payload.as_str()),
        (1, "newer")
    );
    ensure_eq!(claim(&mut scene, 10, NINE)?, []);
    // Asked for again while it is worked on, it is done once more.
    let again = [new("a", 0)?, new("a", 0)?];
    ensure_eq!(
        scene.governance.enqueue(&again, NINE)?,
        [Enqueued::Again(one); 2]
    );
    for item in &items {
        scene
            .governance
            .finish_work(item.claim(), WorkOutcome::Done, NINE)?;
    }
    let items = claim(&mut scene, 10, NINE)?;
    ensure_eq!(keys(&items), ["a"]);
    for item in &items {
        scene
            .governance
            .finish_work(item.claim(), WorkOutcome::Done, NINE)?;
        match scene
            .governance
            .finish_work(item.claim(), WorkOutcome::Done, NINE)
        {
            Err(Error::StaleWork { id }) if id == one => {}
            other => return Err(format!("{other:?} on reporting twice").into()),
        }
    }
    let counts = scene.governance.work_counts(&kind()?)?;
    ensure_eq!((counts.waiting, counts.leased, counts.dead), (0, 0, 0));
    ensure_eq!(
        scene.governance.enqueue(&[new("a", 0)?], NINE)?,
        [Enqueued::Added(WorkId(4))]
    );
    Ok(())
}

pub(super) fn work_comes_by_priority_then_first_in(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    let mut future = new("future", 99)?;
    future.not_before = NINE + 1;
    let pieces = [
        new("c", 1)?,
        new("a", 7)?,
        new("d", 1)?,
        new("b", 7)?,
        future,
    ];
    scene.governance.enqueue(&pieces, NINE)?;
    ensure_eq!(keys(&claim(&mut scene, 3, NINE)?), ["a", "b", "c"]);
    ensure_eq!(keys(&claim(&mut scene, 3, NINE)?), ["d"]);
    ensure_eq!(keys(&claim(&mut scene, 3, NINE + 1)?), ["future"]);
    let huge = NewWork {
        payload: "x".repeat(PAYLOAD_BYTES_MAX + 1),
        ..new("huge", 0)?
    };
    let many = vec![new("many", 0)?; WORK_COUNT_MAX + 1];
    for too_much in [vec![huge], many] {
        ensure!(
            matches!(
                scene.governance.enqueue(&too_much, NINE),
                Err(Error::TooMuchWork { .. })
            ),
            "too much work was taken in"
        );
    }
    Ok(())
}

pub(super) fn work_is_handed_out_again_when_its_lease_ends(
    source: &mut dyn StoreSource,
) -> Verdict {
    let mut scene = Scene::new(source)?;
    scene.governance.enqueue(&[new("a", 0)?], NINE)?;
    let items = claim(&mut scene, 1, NINE)?;
    let first = items.first().ok_or("nothing")?;
    let until = scene
        .governance
        .renew_work(first.claim(), 2 * MINUTE, NINE + MINUTE / 2)?;
    ensure_eq!(until, NINE + MINUTE / 2 + 2 * MINUTE);
    ensure_eq!(claim(&mut scene, 1, until - 1)?, []);
    // What came to nothing for the first time is tried again at once.
    let items = claim(&mut scene, 1, until)?;
    let second = items.first().ok_or("nothing after the lease")?;
    ensure_eq!((second.custody.claims, second.custody.attempts), (2, 1));
    ensure!(
        matches!(
            scene.governance.renew_work(first.claim(), MINUTE, until),
            Err(Error::StaleWork { .. })
        ),
        "the first worker is fenced"
    );
    // One that ends its worker each time comes to an end.
    let retry = scene.governance.settings().retry.interrupted;
    let mut now = until;
    for failed in 2..retry.tries_max {
        now += MINUTE;
        ensure_eq!(claim(&mut scene, 1, now)?, []);
        now += retry.pause_ms(failed).unwrap_or_default();
        ensure_eq!(claim(&mut scene, 1, now)?.len(), 1);
    }
    now += MINUTE;
    ensure_eq!(claim(&mut scene, 1, now)?, []);
    let dead = scene.governance.dead_work(&kind()?, WorkId(0), 10)?;
    let reasons: Vec<_> = dead.iter().map(|item| item.dead.clone()).collect();
    let reason = Reason::new(Reason::INTERRUPTED);
    ensure_eq!(reasons, [Some(DeadLetter { reason, at_ms: now })]);
    Ok(())
}

pub(super) fn work_of_a_process_that_is_gone_is_handed_out_at_once(
    source: &mut dyn StoreSource,
) -> Verdict {
    let mut scene = Scene::new(source)?;
    let mut later = new("later", 9)?;
    later.not_before = NINE + HOUR;
    scene
        .governance
        .enqueue(&[new("a", 0)?, new("b", 0)?, later], NINE)?;
    let items = claim(&mut scene, 1, NINE)?;
    let first = items.first().ok_or("nothing")?;
    let mut scene = scene.restarted()?;
    ensure!(scene.governance.next(&[], NINE)?.work, "it is ready");
    let items = claim(&mut scene, 10, NINE)?;
    ensure_eq!(keys(&items), ["a", "b"]);
    let second = items.first().ok_or("nothing")?;
    ensure_eq!((second.custody.claims, second.custody.attempts), (2, 1));
    ensure!(
        matches!(
            scene
                .governance
                .finish_work(first.claim(), WorkOutcome::Done, NINE),
            Err(Error::StaleWork { .. })
        ),
        "the process that is gone is fenced"
    );
    // A pause that a restart finds stands, and so does what this process has.
    let mut scene = scene.restarted()?;
    ensure_eq!(keys(&claim(&mut scene, 10, NINE)?), ["b"]);
    ensure_eq!(claim(&mut scene, 10, NINE)?, []);
    ensure!(!scene.governance.next(&[], NINE)?.work, "nothing is ready");
    let pause = scene.governance.settings().retry.interrupted.first_ms;
    ensure_eq!(keys(&claim(&mut scene, 10, NINE + pause)?), ["a"]);
    Ok(())
}

pub(super) fn no_more_work_is_kept_than_is_allowed(source: &mut dyn StoreSource) -> Verdict {
    let settings = Settings {
        work_max: 3,
        ..Settings::default()
    };
    let mut scene = Scene::with(source, settings)?;
    let all = [new("a", 0)?, new("b", 0)?, new("c", 0)?];
    scene.governance.enqueue(&all, NINE)?;
    // None of a call that is too large; what waits already needs no room.
    for work in [vec![new("d", 0)?], vec![new("a", 1)?, new("d", 0)?]] {
        match scene.governance.enqueue(&work, NINE) {
            Err(Error::WorkQueueFull {
                pieces: 3,
                pieces_max: 3,
            }) => {}
            other => return Err(format!("{other:?} in a full queue").into()),
        }
    }
    scene.governance.enqueue(&all, NINE)?;
    let items = claim(&mut scene, 3, NINE)?;
    ensure_eq!(keys(&items), ["a", "b", "c"]);
    for (item, at) in items.iter().zip([NINE + 1, NINE, NINE]) {
        let outcome = if item.new.key.as_str() == "c" {
            WorkOutcome::Done
        } else {
            WorkOutcome::Failed {
                reason: Reason::new("too_large"),
            }
        };
        scene.governance.finish_work(item.claim(), outcome, at)?;
    }
    scene.governance.enqueue(&[new("d", 0)?], NINE)?;
    // Dead letters take room until they are older than their retention: first the one that died first.
    let kept = scene.governance.settings().task_retention_ms;
    let mut scene = scene.restarted()?;
    ensure_eq!(scene.governance.trim_work(NINE + kept)?, 0);
    ensure_eq!(scene.governance.trim_work(NINE + kept + 1)?, 1);
    ensure_eq!(
        keys(&scene.governance.dead_work(&kind()?, WorkId(0), 10)?),
        ["a"]
    );
    ensure_eq!(scene.governance.trim_work(NINE + kept + 2)?, 1);
    scene
        .governance
        .enqueue(&[new("e", 0)?, new("f", 0)?], NINE)?;
    let full = scene.governance.enqueue(&[new("g", 0)?], NINE);
    ensure!(
        matches!(full, Err(Error::WorkQueueFull { .. })),
        "full again"
    );
    // What died and was asked for again is no dead letter.
    ensure_eq!(scene.governance.trim_work(i64::MAX)?, 0);
    Ok(())
}

pub(super) fn many_pieces_that_are_set_back_hide_no_free_one(
    source: &mut dyn StoreSource,
) -> Verdict {
    let mut scene = Scene::new(source)?;
    let many: Result<Vec<_>, _> = (0..WORK_COUNT_MAX + 200)
        .map(|number| new(&number.to_string(), 9))
        .collect();
    for some in many?.chunks(WORK_COUNT_MAX) {
        scene.governance.enqueue(some, NINE)?;
    }
    scene.governance.enqueue(&[new("free", 0)?], NINE)?;
    // Two processes end while they have all of them: they have to pause.
    for _ in 0..2 {
        let mut leased = 0;
        while leased < WORK_COUNT_MAX + 200 {
            leased += claim(&mut scene, 600, NINE)?.len();
        }
        scene = scene.restarted()?;
    }
    ensure_eq!(keys(&claim(&mut scene, 1, NINE)?), ["free"]);
    Ok(())
}

pub(super) fn the_next_step_knows_pieces_of_work(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    let mut later = new("a", 0)?;
    later.not_before = NINE + HOUR;
    scene.governance.enqueue(&[later], NINE)?;
    let next = scene.governance.next(&[], NINE)?;
    ensure_eq!((next.work, next.wake_at), (false, Some(NINE + HOUR)));
    let mut now = NINE + HOUR;
    let next = scene.governance.next(&[], now)?;
    ensure_eq!(
        (next.work, next.is_idle(), next.wake_at),
        (true, false, None)
    );
    // While somebody has it, the end of the lease counts.
    let items = claim(&mut scene, 1, now)?;
    let item = items.first().ok_or("nothing")?;
    let next = scene.governance.next(&[], now)?;
    ensure_eq!((next.work, next.wake_at), (false, Some(now + MINUTE)));
    ensure!(
        scene.governance.next(&[], now + MINUTE)?.work,
        "the lease has ended"
    );
    // After a failed try, the pause does; one that a clock has given that was ahead, has ended.
    let failed = |not_before| WorkOutcome::Retry {
        reason: Reason::new("throttled"),
        not_before,
    };
    scene
        .governance
        .finish_work(item.claim(), failed(None), now)?;
    let pause = scene.governance.settings().retry.throttled.first_ms;
    let next = scene.governance.next(&[], now)?;
    ensure_eq!((next.work, next.wake_at), (false, Some(now + pause)));
    now += pause;
    let ahead = now + 300 * DAY;
    let items = claim(&mut scene, 1, ahead)?;
    let item = items.first().ok_or("nothing")?;
    ensure!(
        scene.governance.next(&[], now)?.work,
        "a lease by a clock that was ahead"
    );
    scene
        .governance
        .finish_work(item.claim(), failed(None), ahead)?;
    ensure!(
        scene.governance.next(&[], now)?.work,
        "a pause by a clock that was ahead"
    );
    ensure_eq!(claim(&mut scene, 1, now)?.len(), 1);
    // A piece that is ready hides no later one: who asks may be busy, or do work of another kind.
    scene.governance.enqueue(&[new("ready", 0)?], now)?;
    let next = scene.governance.next(&[], now)?;
    ensure_eq!((next.work, next.wake_at), (true, Some(now + MINUTE)));
    ensure_eq!(keys(&claim(&mut scene, 1, now)?), ["ready"]);
    // What was asked for in a year's time is due then.
    let mut next_year = new("b", 0)?;
    next_year.not_before = now + 365 * DAY;
    scene.governance.enqueue(&[next_year], now)?;
    let next = scene.governance.next(&[], now)?;
    ensure_eq!((next.work, next.wake_at), (false, Some(now + MINUTE)));
    Ok(())
}

pub(super) fn no_more_work_is_leased_than_is_handed_out(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    let pieces = [
        new("ends", 9)?,
        new("a", 1)?,
        new("b", 1)?,
        new("c", 1)?,
        new("d", 1)?,
        new("e", 1)?,
    ];
    scene.governance.enqueue(&pieces, NINE)?;
    ensure_eq!(keys(&claim(&mut scene, 1, NINE)?), ["ends"]);
    ensure_eq!(keys(&claim(&mut scene, 1, NINE + MINUTE)?), ["ends"]);
    // A lease that has ended for the second time comes first and has to wait; free pieces are behind it.
    let end = NINE + 2 * MINUTE;
    ensure_eq!(keys(&claim(&mut scene, 3, end)?), ["a", "b", "c"]);
    let counts = scene.governance.work_counts(&kind()?)?;
    ensure_eq!((counts.waiting, counts.leased), (3, 3));
    ensure_eq!(keys(&claim(&mut scene, 3, end)?), ["d", "e"]);
    Ok(())
}

pub(super) fn work_that_fails_is_a_dead_letter_until_it_is_asked_for_again(
    source: &mut dyn StoreSource,
) -> Verdict {
    let mut scene = Scene::new(source)?;
    scene
        .governance
        .enqueue(&[new("a", 0)?, new("b", 0)?], NINE)?;
    for item in claim(&mut scene, 10, NINE)? {
        let reason = Reason::new("throttled");
        let outcome = if item.new.key.as_str() == "a" {
            let not_before = None;
            WorkOutcome::Retry { reason, not_before }
        } else {
            WorkOutcome::Failed { reason }
        };
        scene.governance.finish_work(item.claim(), outcome, NINE)?;
    }
    let counts = scene.governance.work_counts(&kind()?)?;
    ensure_eq!((counts.waiting, counts.leased, counts.dead), (1, 0, 1));
    let pause = scene.governance.settings().retry.throttled.first_ms;
    ensure_eq!(claim(&mut scene, 10, NINE + pause - 1)?, []);
    ensure_eq!(keys(&claim(&mut scene, 10, NINE + pause)?), ["a"]);
    ensure_eq!(
        keys(&scene.governance.dead_work(&kind()?, WorkId(0), 10)?),
        ["b"]
    );
    ensure_eq!(scene.governance.dead_work(&kind()?, WorkId(2), 10)?, []);
    scene.governance.enqueue(&[new("b", 0)?], NINE)?;
    let items = claim(&mut scene, 10, NINE)?;
    ensure_eq!(keys(&items), ["b"]);
    ensure_eq!(items.first().map(|item| item.custody.attempts), Some(0));
    Ok(())
}

pub(super) fn asking_again_does_not_shorten_a_pause(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    let failed = || WorkOutcome::Retry {
        reason: Reason::new("throttled"),
        not_before: None,
    };
    let throttled = scene.governance.settings().retry.throttled;
    scene.governance.enqueue(&[new("a", 0)?], NINE)?;
    let mut now = NINE;
    // Asked for while somebody works on it, or while it waits: it is not tried before its time, and
    // it comes to an end where nobody asks during a try.
    for attempt in 1..throttled.tries_max {
        let items = claim(&mut scene, 1, now)?;
        let item = items.first().ok_or("nothing")?;
        if attempt == 3 {
            let asked = scene.governance.enqueue(&[new("a", 9)?], now)?;
            ensure_eq!(asked, [Enqueued::Again(item.id)]);
        }
        scene.governance.finish_work(item.claim(), failed(), now)?;
        let asked = scene.governance.enqueue(&[new("a", 9)?], now)?;
        ensure_eq!(asked, [Enqueued::Waits(item.id)]);
        let pause = throttled.pause_ms(attempt).unwrap_or_default();
        ensure_eq!(claim(&mut scene, 1, now + pause - 1)?, []);
        now += pause;
    }
    // At its last try it was asked for again: it begins anew, after the pause of a first try.
    let items = claim(&mut scene, 1, now)?;
    let item = items.first().ok_or("nothing")?;
    scene.governance.enqueue(&[new("a", 0)?], now)?;
    scene.governance.finish_work(item.claim(), failed(), now)?;
    ensure_eq!(claim(&mut scene, 1, now + throttled.first_ms - 1)?, []);
    now += throttled.first_ms;
    let items = claim(&mut scene, 1, now)?;
    let item = items.first().ok_or("nothing")?;
    ensure_eq!(item.custody.attempts, 1);
    let outcome = WorkOutcome::Failed {
        reason: Reason::new("too_large"),
    };
    scene.governance.finish_work(item.claim(), outcome, now)?;
    ensure_eq!(scene.governance.work_counts(&kind()?)?.dead, 1);
    Ok(())
}

pub(super) fn jobs_run_once_for_each_time_over_restarts(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    let name = JobName::parse;
    let mut sweep = Job::every_half_day(name("sweep")?);
    sweep.catch_up = CatchUp::Each(3);
    let jobs = [
        Job::every_hour(name("refresh")?),
        sweep,
        Job::at_noon(name("resume")?),
    ];
    // The first start runs nothing that belongs to the past.
    let next = scene.governance.next(&jobs, NINE)?;
    ensure!(next.is_idle(), "idle at the start");
    ensure_eq!(next.wake_at, Some(NINE + HOUR));
    let mut scene = scene.restarted()?;
    // Two days later: the refresh runs once, the sweep for each half day, but at most three.
    let later = NINE + 2 * DAY + MINUTE;
    let mut runs = Vec::new();
    for _ in 0..10 {
        let next = scene.governance.next(&jobs, later)?;
        if next.is_idle() {
            break;
        }
        for (job, due) in next.jobs {
            scene.governance.job_done(&job, due, later)?;
            runs.push((job.to_string(), due));
        }
        scene = scene.restarted()?;
    }
    let midnight = MIDNIGHT + 2 * DAY;
    let expected = [
        ("refresh", later - MINUTE),
        ("sweep", midnight - DAY),
        ("resume", midnight - 12 * HOUR),
        ("sweep", midnight - 12 * HOUR),
        ("sweep", midnight),
    ];
    ensure_eq!(runs, expected.map(|(job, due)| (job.to_owned(), due)));
    // An answer that comes late changes nothing.
    let refresh = name("refresh")?;
    scene.governance.job_done(&refresh, MIDNIGHT, later)?;
    ensure!(scene.governance.next(&jobs, later)?.is_idle(), "idle again");
    // A clock that was ahead for a moment stops no job until then.
    scene
        .governance
        .job_done(&refresh, later + 300 * DAY, later)?;
    ensure!(
        scene.governance.next(&jobs, later)?.is_idle(),
        "counted from now on"
    );
    let next = scene.governance.next(&jobs, later + HOUR)?;
    ensure!(
        next.jobs.iter().any(|(job, _)| *job == refresh),
        "goes on within the hour"
    );
    Ok(())
}

pub(super) fn the_next_step_says_what_can_be_done_and_when(
    source: &mut dyn StoreSource,
) -> Verdict {
    let mut scene = Scene::new(source)?;
    let next = scene.governance.next(&[], NINE)?;
    ensure_eq!((next.is_idle(), next.wake_at), (true, None));
    scene.limit(1, NINE)?;
    scene.submit(&wishes(0..3)?, NINE)?;
    ensure!(scene.governance.next(&[], NINE)?.tasks, "tasks to claim");
    scene.work_off(NINE)?;
    let noon = MIDNIGHT + DAY + 12 * HOUR;
    let next = scene.governance.next(&[], NINE)?;
    ensure_eq!((next.is_idle(), next.wake_at), (true, Some(noon)));
    ensure!(scene.governance.next(&[], noon)?.tasks, "resumed at noon");
    let worker = Worker::parse("w")?;
    scene.governance.set_limit(
        super::scene::TENANT,
        label_core::AppId::BOX,
        crate::quota::CountedAction::ApplyLabel,
        crate::quota::DailyLimit(9),
        &admin()?,
        NINE,
    )?;
    scene.submit(&[wish(7)?], NINE)?;
    scene.governance.claim_for(&worker, MINUTE, 10, NINE)?;
    let next = scene.governance.next(&[], NINE)?;
    ensure_eq!((next.is_idle(), next.wake_at), (true, Some(NINE + MINUTE)));
    ensure!(
        scene.governance.next(&[], NINE + MINUTE)?.leases,
        "a lease has ended"
    );
    Ok(())
}
