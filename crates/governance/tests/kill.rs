//! A real worker on an SQLite store, killed without warning again and again.
//!
//! `KILLS` says how often (8), `SEED` when (random, printed).
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]
#![cfg(all(unix, feature = "sqlite"))]

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use governance::store::SqliteStore;
use governance::{
    ActionKind, CountedAction, DailyLimit, Error, FileVersion, Governance, Initiator, NewTask,
    Settings, StateKind, Task, TaskFilter, TaskId, TaskKey, TaskOutcome, WriteEffect, WriteGrant,
    WriteIntent,
};
use label_core::{AppId, FileId, FileKey, LabelId, LabelKey, PolicyId, TenantId};

const NOW: i64 = 1_609_837_200_000;
const TENANT: TenantId = TenantId::from_u128(1);
const FILES: usize = 60;
const LIMIT: u32 = 40;

/// What says that a file was labelled: made once, never replaced.
fn effect(folder: &Path, task: &Task) -> PathBuf {
    folder.join(format!("{}.labelled", task.key.file.file))
}

fn open(folder: &Path) -> Governance<SqliteStore> {
    // The lock of a process that was killed goes with it, but not at the same instant.
    for _ in 0..1000 {
        match SqliteStore::open(folder.join("tasks.db")) {
            Ok(store) => return Governance::open(store, Settings::default()).unwrap(),
            Err(Error::Locked { .. }) => std::thread::sleep(Duration::from_millis(2)),
            Err(other) => panic!("{other:?}"),
        }
    }
    panic!("the store stays locked");
}

fn tasks() -> Vec<NewTask> {
    let task = |number: usize| {
        let key = TaskKey {
            tenant: TENANT,
            file: FileKey::new(AppId::BOX, 0, FileId::parse(&format!("{number}")).unwrap()),
            file_version: FileVersion::parse("1").unwrap(),
            policy: Some(PolicyId::parse("p").unwrap()),
            action: ActionKind::Apply(LabelKey::new(TENANT, LabelId::from_u128(1))),
        };
        NewTask::new(key, 1, Initiator::parse("p").unwrap())
    };
    (0..FILES).map(task).collect()
}

fn version() -> FileVersion {
    FileVersion::parse("2").unwrap()
}

/// Settles what was left, submits everything again, and works until nothing can be done.
fn work(folder: &Path) {
    let mut governance = open(folder);
    for task in governance.interrupted().unwrap() {
        if task.intent.is_some() && effect(folder, &task).exists() {
            let outcome = TaskOutcome::Succeeded { version: version() };
            governance.finish(task.claim(), outcome, NOW).unwrap();
        } else {
            let nothing = WriteEffect::Nothing;
            governance.requeue(task.claim(), nothing, NOW).unwrap();
        }
    }
    let by = Initiator::parse("admin").unwrap();
    let limit = DailyLimit(LIMIT);
    governance
        .set_limit(
            TENANT,
            AppId::BOX,
            CountedAction::ApplyLabel,
            limit,
            &by,
            NOW,
        )
        .unwrap();
    governance.submit(&tasks(), NOW).unwrap();
    // Late enough for every pause.
    let later = NOW + 3_600_000;
    while let Some(task) = governance.claim(1, later).unwrap().pop() {
        let intent = WriteIntent::new(version());
        if governance.begin_write(task.claim(), intent, later).unwrap() == WriteGrant::Granted {
            let made = OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(effect(folder, &task));
            if made.is_err() {
                fs::write(folder.join("twice"), task.id.to_string()).unwrap();
            }
            let outcome = TaskOutcome::Succeeded { version: version() };
            governance.finish(task.claim(), outcome, later).unwrap();
        }
    }
}

/// Not a test of its own: what is killed.
#[test]
fn works_in_the_folder_that_it_is_told() {
    if let Some(folder) = std::env::var_os("GOVERNANCE_KILL_FOLDER") {
        work(Path::new(&folder));
    }
}

fn start(folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["works_in_the_folder_that_it_is_told", "--exact"])
        .env("GOVERNANCE_KILL_FOLDER", folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// How many files are labelled.
fn labelled(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".labelled")).count()
}

/// What has to hold however often the worker was killed.
fn check(folder: &Path) {
    assert!(!folder.join("twice").exists(), "a file was labelled twice");
    assert!(labelled(folder) <= LIMIT as usize, "more than the limit");
}

#[test]
fn r_160_r_161_killed_at_any_time_nothing_is_lost_or_done_twice() {
    let number = |name: &str| {
        std::env::var(name)
            .ok()
            .map(|text| text.parse::<u64>().unwrap())
    };
    let kills = number("KILLS").unwrap_or(8);
    let seed = number("SEED").unwrap_or_else(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        u64::from(since.subsec_nanos())
    });
    println!("SEED={seed} KILLS={kills}");
    let mut random = seed;
    let (mut killed, mut rounds) = (0, 0);
    while killed < kills {
        rounds += 1;
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        // Killed at growing times, until a worker gets through.
        for turn in 0_u64.. {
            let mut child = start(folder);
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let micros = (random >> 33) % (20_000 + 4_000 * turn);
            std::thread::sleep(Duration::from_micros(micros));
            if let Some(status) = child.try_wait().unwrap() {
                assert!(status.success(), "the worker failed");
                break;
            }
            child.kill().unwrap();
            child.wait().unwrap();
            killed += 1;
            check(folder);
            if killed >= kills {
                break;
            }
        }
        assert!(
            start(folder).wait().unwrap().success(),
            "the last worker failed"
        );
        check(folder);
        let governance = open(folder);
        let counts = governance.counts(TENANT, AppId::BOX).unwrap();
        assert_eq!(counts.of(StateKind::Succeeded), u64::from(LIMIT));
        assert_eq!(
            counts.of(StateKind::Deferred),
            FILES as u64 - u64::from(LIMIT)
        );
        assert_eq!(labelled(folder), LIMIT as usize);
        let used = governance
            .allowance(TENANT, AppId::BOX, CountedAction::ApplyLabel, NOW)
            .unwrap()
            .used;
        assert_eq!(used, LIMIT, "each effect is charged once");
        let all = governance
            .tasks(&TaskFilter::default(), TaskId(0), 1000)
            .unwrap();
        assert_eq!(all.len(), FILES);
    }
    println!("{killed} kills in {rounds} rounds");
}
