//! The SQLite store against damage, other programs, second openers, and death at any commit.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]
#![cfg(feature = "sqlite")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use governance::jobs::{Job, JobName};
use governance::store::{ActionType, LogFilter, OpenCheck, SqliteStore, Store};
use governance::work::WorkKind;
use governance::{
    ActionKind, CountedAction, DailyLimit, Error, FileVersion, Governance, Initiator, NewTask,
    Settings, StateKind, Submitted, Suspension, SuspensionReason, Task, TaskFilter, TaskId,
    TaskKey, TaskOutcome, TaskState, Turns, WriteEffect, WriteGrant, WriteIntent,
};
use label_core::{AppId, FileId, FileKey, LabelId, LabelKey, PolicyId, TenantId};
use proptest::prelude::*;

const NOW: i64 = 1_609_837_200_000;
const TENANT: TenantId = TenantId::from_u128(1);

fn task(number: usize) -> NewTask {
    let key = TaskKey {
        tenant: TENANT,
        file: FileKey::new(
            AppId::BOX,
            0,
            FileId::parse(&format!("file {number}")).unwrap(),
        ),
        file_version: FileVersion::parse("1").unwrap(),
        policy: Some(PolicyId::parse("p").unwrap()),
        action: ActionKind::Apply(LabelKey::new(TENANT, LabelId::from_u128(1))),
    };
    NewTask::new(key, 1, Initiator::parse("Policy p").unwrap())
}

fn open(path: &Path) -> Result<Governance<SqliteStore>, Error> {
    Governance::open(SqliteStore::open(path)?, Settings::default())
}

/// A store with some work behind it and some before it.
fn used_store(path: &Path) {
    let mut governance = open(path).unwrap();
    let tasks: Vec<_> = (0..40).map(task).collect();
    governance.submit(&tasks, NOW).unwrap();
    for task in governance.claim(20, NOW).unwrap() {
        let version = FileVersion::parse("2").unwrap();
        let intent = WriteIntent::new(version.clone());
        let grant = governance.begin_write(task.claim(), intent, NOW).unwrap();
        assert_eq!(grant, WriteGrant::Granted);
        let outcome = TaskOutcome::Succeeded { version };
        governance.finish(task.claim(), outcome, NOW).unwrap();
    }
}

/// Opens a store that may be damaged and reads and writes what it can: errors are fine.
fn use_it(path: &Path) -> Result<(), Error> {
    let mut governance = open(path)?;
    governance.tasks(&TaskFilter::default(), TaskId(0), 1000)?;
    governance.log(&Default::default(), 0, 1000)?;
    governance.counts(TENANT, AppId::BOX)?;
    governance.allowance(TENANT, AppId::BOX, CountedAction::ApplyLabel, NOW)?;
    governance.submit(&[task(99)], NOW)?;
    for task in governance.claim(100, NOW)? {
        governance.requeue(task.claim(), WriteEffect::Nothing, NOW)?;
    }
    Ok(())
}

fn expect_typed(result: Result<(), Error>) {
    match result {
        Ok(())
        | Err(
            Error::Damaged { .. }
            | Error::NotAStore { .. }
            | Error::NewerVersion { .. }
            | Error::Unavailable { .. },
        ) => {}
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn a_second_opener_is_refused_until_the_first_ends() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    let first = open(&path).unwrap();
    for _ in 0..3 {
        match SqliteStore::open(&path) {
            Err(error @ Error::Locked { .. }) => {
                let message = format!("{}: the store is in use", path.display());
                assert_eq!(error.to_string(), message);
            }
            other => panic!("{other:?}"),
        }
    }
    drop(first);
    open(&path).unwrap();
}

/// Not a test of its own: what `a_second_process_is_refused` runs in another process.
#[test]
fn opens_the_store_that_it_is_told_to() {
    let Ok(path) = std::env::var("GOVERNANCE_TEST_STORE") else {
        return;
    };
    assert!(matches!(SqliteStore::open(path), Err(Error::Locked { .. })));
    println!("refused");
}

#[test]
fn a_second_process_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    let _first = open(&path).unwrap();
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "opens_the_store_that_it_is_told_to",
            "--exact",
            "--nocapture",
        ])
        .env("GOVERNANCE_TEST_STORE", &path)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("refused"),
        "{text}"
    );
}

#[test]
fn files_of_others_are_refused_and_left_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let other_program = folder.path().join("other.db");
    let connection = rusqlite::Connection::open(&other_program).unwrap();
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; CREATE TABLE bookmark (url TEXT);
             INSERT INTO bookmark VALUES ('x');",
        )
        .unwrap();
    drop(connection);
    let text = folder.path().join("notes.txt");
    fs::write(&text, "not a database".repeat(100)).unwrap();
    let short = folder.path().join("short");
    fs::write(&short, "SQLite format 3\0").unwrap();
    let newer = folder.path().join("newer.db");
    used_store(&newer);
    let mut bytes = fs::read(&newer).unwrap();
    bytes[60..64].copy_from_slice(&77_u32.to_be_bytes());
    fs::write(&newer, bytes).unwrap();

    for (path, expected) in [
        (
            &other_program,
            "the file is not a store of label tasks (an SQLite database with application id \
             0x00000000)",
        ),
        (
            &text,
            "the file is not a store of label tasks (not an SQLite database)",
        ),
        (
            &short,
            "the file is not a store of label tasks (not an SQLite database)",
        ),
        (
            &newer,
            "the store has version 77, this library knows up to 3",
        ),
    ] {
        let before = fs::read(path).unwrap();
        let error = SqliteStore::open(path).unwrap_err();
        assert_eq!(error.to_string(), format!("{}: {expected}", path.display()));
        assert_eq!(fs::read(path).unwrap(), before);
    }
    assert!(matches!(
        SqliteStore::open(folder.path()),
        Err(Error::Unavailable { .. })
    ));
    assert!(matches!(
        SqliteStore::open(folder.path().join("no folder").join("x.db")),
        Err(Error::Unavailable { .. })
    ));
}

#[test]
fn an_empty_file_becomes_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    fs::write(&path, "").unwrap();
    used_store(&path);
}

#[test]
fn a_log_without_its_file_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    let log = folder.path().join("tasks.db-wal");
    for is_there in [false, true] {
        fs::write(&log, b"what is left").unwrap();
        if is_there {
            fs::write(&path, b"").unwrap();
        }
        let error = open(&path).map(drop).unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
        assert_eq!(fs::read(&log).unwrap(), b"what is left");
    }
    fs::remove_file(&log).unwrap();
    assert!(open(&path).is_ok());
}

#[test]
fn a_truncated_store_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    used_store(&path);
    let whole = fs::read(&path).unwrap();
    for length in (1..whole.len()).step_by(1777).chain([whole.len() - 1]) {
        fs::write(&path, &whole[..length]).unwrap();
        match SqliteStore::open(&path) {
            Err(Error::Damaged { place, .. }) => assert_eq!(place, path.display().to_string()),
            Err(Error::NotAStore { .. }) if length < 100 => {}
            other => panic!("{length} bytes: {other:?}"),
        }
        assert_eq!(fs::read(&path).unwrap(), &whole[..length]);
    }
}

/// A store that an earlier version of the schema made (see `data/README.md`).
fn store_of_version(version: u32, path: &Path) {
    let content = match version {
        1 => include_str!("data/store-1.sql"),
        _ => include_str!("data/store-2.sql"),
    };
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.execute_batch(content).unwrap();
    let header = format!("PRAGMA application_id = 1281518673; PRAGMA user_version = {version};");
    connection.execute_batch(&header).unwrap();
}

#[test]
fn a_store_of_version_1_is_brought_up_and_works_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    store_of_version(1, &path);
    let mut governance = open(&path).unwrap();
    let tasks = governance.tasks(&TaskFilter::default(), TaskId(0), 100);
    let states: Vec<_> = tasks
        .unwrap()
        .iter()
        .map(|task| task.state.kind().to_string())
        .collect();
    let expected = [
        "succeeded",
        "retrying",
        "running",
        "deferred",
        "deferred",
        "deferred",
        "suspended",
        "cancelled",
        "running",
        "succeeded",
    ];
    assert_eq!(states, expected);
    let held = Suspension::of(SuspensionReason::PolicyDisabled);
    let seventh = governance.task(TaskId(7)).unwrap();
    assert_eq!(seventh.state, TaskState::Suspended { reasons: held });
    // One written, one to be tried again, one under way: the day's three units.
    let allowance = governance
        .allowance(TENANT, AppId::BOX, CountedAction::ApplyLabel, NOW)
        .unwrap();
    assert_eq!((allowance.limit, allowance.used), (DailyLimit(3), 3));
    let noon = 1_609_934_400_000;
    assert_eq!(allowance.pause.unwrap().until, Some(noon));
    // The ledger, the log and the numbers go on.
    let file = governance.task(TaskId(1)).unwrap().key.file;
    assert!(governance.applied_by_us(TENANT, &file).unwrap().is_some());
    let log = governance.log(&LogFilter::default(), 0, 100).unwrap();
    assert_eq!(
        log.last().map(|entry| entry.sequence),
        Some(log.len() as u64)
    );
    for task in governance.interrupted().unwrap() {
        let effect = WriteEffect::Nothing;
        governance.requeue(task.claim(), effect, NOW).unwrap();
    }
    let by = Initiator::parse("admin").unwrap();
    let q = PolicyId::parse("q").unwrap();
    assert_eq!(governance.enable_policy(TENANT, &q, &by, NOW).unwrap(), 1);
    let answer = governance.submit(&[task(99)], NOW).unwrap();
    assert_eq!(answer, [Submitted::Accepted(TaskId(11))]);
    // From then on it is a store of this version.
    drop(governance);
    let bytes = fs::read(&path).unwrap();
    assert_eq!(bytes[60..64], 3_u32.to_be_bytes());
    open(&path).unwrap();
}

#[test]
fn a_store_of_version_2_is_brought_up_and_works_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    store_of_version(2, &path);
    let mut governance = open(&path).unwrap();
    let tasks = governance.tasks(&TaskFilter::default(), TaskId(0), 100);
    let tasks = tasks.unwrap();
    let states: Vec<_> = tasks.iter().map(Task::state_kind).collect();
    let expected = [
        StateKind::Succeeded,
        StateKind::Retrying,
        StateKind::Running,
        StateKind::Deferred,
        StateKind::Deferred,
        StateKind::Deferred,
        StateKind::Running,
        StateKind::Suspended,
        StateKind::Suspended,
        StateKind::Succeeded,
        StateKind::Suspended,
    ];
    assert_eq!(states, expected);
    // What was told by the label alone.
    assert_eq!(tasks[6].key.action, ActionKind::Remove);
    let apply = |number| ActionKind::Apply(LabelKey::new(TENANT, LabelId::from_u128(number)));
    assert_eq!(tasks[7].key.action, apply(5));
    let known = governance.submit(&[task(0)], NOW).unwrap();
    assert_eq!(known, [Submitted::AlreadyKnown(TaskId(1))]);
    // The limit is that of labels; the one of quarantine begins.
    let by_action = CountedAction::ALL.map(|action| {
        let allowance = governance.allowance(TENANT, AppId::BOX, action, NOW);
        let allowance = allowance.unwrap();
        (allowance.limit.0, allowance.used)
    });
    assert_eq!(by_action, [(3, 3), (100, 0)]);
    let mut filter = LogFilter::default();
    filter.action = Some(ActionType::Remove);
    assert_eq!(governance.log(&filter, 0, 100).unwrap().len(), 1);
    let log = governance.log(&LogFilter::default(), 0, 100).unwrap();
    let limits: Vec<_> = log
        .iter()
        .filter_map(|entry| entry.event.counted())
        .collect();
    assert_eq!(limits, [CountedAction::ApplyLabel; 2]);
    // The rest of the rows is there, too.
    let scan = WorkKind::parse("scan").unwrap();
    let counts = governance.work_counts(&scan).unwrap();
    assert_eq!((counts.waiting, counts.dead), (1, 1));
    let label = LabelKey::new(TENANT, LabelId::from_u128(5));
    let by = Initiator::parse("admin").unwrap();
    assert_eq!(governance.enable_label(label, &by, NOW).unwrap(), 1);
    let jobs = [Job::every_hour(JobName::parse("refresh").unwrap())];
    assert!(
        governance
            .next(&jobs, NOW + 3_599_999)
            .unwrap()
            .jobs
            .is_empty()
    );
    let mut quarantine = task(99);
    quarantine.key.action = ActionKind::AdminQuarantine;
    let answer = governance.submit(&[quarantine], NOW).unwrap();
    assert_eq!(answer, [Submitted::Accepted(TaskId(12))]);
    for task in governance.interrupted().unwrap() {
        let effect = WriteEffect::Nothing;
        governance.requeue(task.claim(), effect, NOW).unwrap();
    }
    drop(governance);
    let bytes = fs::read(&path).unwrap();
    assert_eq!(bytes[60..64], 3_u32.to_be_bytes());
    open(&path).unwrap();
}

#[test]
fn turns_and_frozen_files_of_version_2_are_brought_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    store_of_version(2, &path);
    let connection = rusqlite::Connection::open(&path).unwrap();
    let tenant = "00000000-0000-0000-0000-000000000001";
    let changes = format!(
        "UPDATE applied SET turns = 3, turns_since_ms = {} WHERE file = 'file 0';
         INSERT INTO frozen_file VALUES ('{tenant}', 10489, 0, 'file 9', {});",
        NOW - 1,
        NOW - 2,
    );
    connection.execute_batch(&changes).unwrap();
    drop(connection);
    let governance = open(&path).unwrap();
    let files = [0, 9].map(|number| task(number).key.file);
    let frozen = files
        .each_ref()
        .map(|file| governance.frozen_since(TENANT, file).unwrap());
    assert_eq!(frozen, [None, Some(NOW - 2)]);
    // Where no policy has taken over from another, nothing is known of turns.
    let mut turns = Vec::new();
    governance
        .into_store()
        .view(&mut |rows| {
            turns = files
                .iter()
                .map(|file| rows.turns(TENANT, file))
                .collect::<Result<_, _>>()?;
            Ok(())
        })
        .unwrap();
    let of_first = Turns {
        policy: PolicyId::parse("p").unwrap(),
        count: 3,
        since_ms: NOW - 1,
    };
    assert_eq!(turns, [Some(of_first), None]);
}

#[test]
fn the_number_of_pending_tasks_of_earlier_versions_is_brought_up() {
    let folder = tempfile::tempdir().unwrap();
    for (version, expected) in [(1, 7), (2, 9)] {
        let path = folder.path().join(format!("{version}.db"));
        store_of_version(version, &path);
        let mut settings = Settings::default();
        settings.pending_max = expected;
        let store = SqliteStore::open(&path).unwrap();
        let mut governance = Governance::open(store, settings).unwrap();
        match governance.submit(&[task(99)], NOW) {
            Err(Error::QueueFull { pending, .. }) => assert_eq!(pending, expected),
            other => panic!("version {version}: {other:?}"),
        }
    }
}

#[test]
fn a_damaged_store_of_an_earlier_version_is_not_brought_up() {
    let folder = tempfile::tempdir().unwrap();
    for (version, change) in [
        (1, "DROP TABLE quota"),
        (1, "DROP INDEX task_key"),
        (2, "DROP TABLE quota"),
        (2, "DROP INDEX task_key"),
    ] {
        let path = folder.path().join(format!("{version} {change}.db"));
        store_of_version(version, &path);
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection.execute_batch(change).unwrap();
        drop(connection);
        let before = fs::read(&path).unwrap();
        let result = SqliteStore::open(&path);
        assert!(matches!(result, Err(Error::Damaged { .. })), "{result:?}");
        assert_eq!(fs::read(&path).unwrap(), before);
    }
}

#[test]
fn changed_tables_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (number, change) in [
        "DROP TABLE quota",
        "CREATE TRIGGER t AFTER INSERT ON task BEGIN DELETE FROM task; END",
        "ALTER TABLE task ADD COLUMN more TEXT",
        "DROP INDEX task_key",
    ]
    .into_iter()
    .enumerate()
    {
        let path = folder.path().join(format!("{number}.db"));
        used_store(&path);
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection.execute_batch(change).unwrap();
        drop(connection);
        let result = SqliteStore::open_with(&path, OpenCheck::Header);
        assert!(matches!(result, Err(Error::Damaged { .. })), "{change}");
    }
}

#[test]
fn impossible_values_in_columns_are_damage() {
    let folder = tempfile::tempdir().unwrap();
    for (number, change) in [
        "UPDATE task SET state = 77",
        "UPDATE task SET state = 3, due_ms = NULL",
        "UPDATE task SET state = 7, reason_code = NULL",
        "UPDATE task SET tenant = 'contoso'",
        "UPDATE task SET label = 'secret'",
        "UPDATE task SET file = '' WHERE id = 1",
        "UPDATE task SET claims = -1",
        "UPDATE task SET looked_at = 2",
        "UPDATE log SET event = 9",
        "UPDATE log SET task = 1, file = NULL",
        "UPDATE quota_half SET used = -1",
        "UPDATE task SET held = 1 WHERE state <> 2",
        "UPDATE task SET held = 64",
        "UPDATE task SET lease_ms = 1",
        "UPDATE task SET previous_label = 'secret'",
        "UPDATE quota SET daily_limit = 1 << 40",
        "DELETE FROM counter",
    ]
    .into_iter()
    .enumerate()
    {
        let path = folder.path().join(format!("{number}.db"));
        used_store(&path);
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection.execute_batch(change).unwrap();
        drop(connection);
        let result = use_it(&path);
        assert!(
            matches!(result, Err(Error::Damaged { .. })),
            "{change}: {result:?}"
        );
    }
}

#[test]
fn an_error_of_the_store_that_is_dropped_takes_the_change_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    used_store(&path);
    let mut store = SqliteStore::open(&path).unwrap();
    let mut pending = Vec::new();
    let taken = Task::new(TaskId(99), task(30), NOW);
    let result = store.transact(&mut |rows| {
        pending.push(rows.pending()?);
        rows.put_job_ran(&JobName::parse("sweep").unwrap(), NOW)?;
        // File 30 has an open task of the same policy.
        assert!(rows.put_task(&taken).is_err());
        Ok(())
    });
    assert!(matches!(result, Err(Error::TakenBack)), "{result:?}");
    let mut look = |store: &SqliteStore| {
        let mut ran = None;
        store
            .view(&mut |rows| {
                pending.push(rows.pending()?);
                ran = rows.job_ran(&JobName::parse("sweep").unwrap())?;
                Ok(())
            })
            .unwrap();
        assert_eq!(ran, None);
    };
    look(&store);
    drop(store);
    look(&SqliteStore::open(&path).unwrap());
    assert_eq!(pending, [20, 20, 20]);
}

#[test]
fn a_number_of_pending_tasks_that_is_too_small_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    used_store(&path);
    let connection = rusqlite::Connection::open(&path).unwrap();
    let change = "UPDATE counter SET value = 1 WHERE name = 'pending' AND value = 20";
    assert_eq!(connection.execute(change, []).unwrap(), 1);
    drop(connection);
    let mut governance = open(&path).unwrap();
    let by = Initiator::parse("admin").unwrap();
    governance.cancel(TaskId(21), &by, NOW).unwrap();
    let result = governance.cancel(TaskId(22), &by, NOW);
    assert!(matches!(result, Err(Error::Damaged { .. })), "{result:?}");
    // Nothing was changed by that.
    let task = governance.task(TaskId(22)).unwrap();
    assert_eq!(task.state, TaskState::Queued);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn random_damage_never_panics(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40),
        check in any::<bool>(),
    ) {
        thread_local!(static STORE: Vec<u8> = {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("tasks.db");
            used_store(&path);
            fs::read(&path).unwrap()
        });
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tasks.db");
        let mut bytes = STORE.with(Vec::clone);
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        fs::write(&path, &bytes).unwrap();
        if !check {
            drop(SqliteStore::open_with(&path, OpenCheck::Header));
        }
        expect_typed(use_it(&path));
    }

    #[test]
    fn random_bytes_are_no_store(bytes in proptest::collection::vec(any::<u8>(), 1..3000)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tasks.db");
        fs::write(&path, &bytes).unwrap();
        let refused = matches!(SqliteStore::open(&path), Err(Error::NotAStore { .. }));
        prop_assert!(refused);
        prop_assert_eq!(fs::read(&path).unwrap(), bytes);
    }
}

/// What a dead process leaves: the files as they are on disk at this moment.
fn image(path: &Path, number: usize) -> PathBuf {
    let folder = path.parent().unwrap().join(format!("image {number}"));
    fs::create_dir(&folder).unwrap();
    let copy = folder.join("tasks.db");
    fs::copy(path, &copy).unwrap();
    let log = path.with_extension("db-wal");
    if log.exists() {
        fs::copy(log, folder.join("tasks.db-wal")).unwrap();
    }
    copy
}

#[test]
fn r_160_every_commit_survives_the_death_of_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    let mut governance = open(&path).unwrap();
    let mut images = Vec::new();
    let mut keep = |governance: &Governance<SqliteStore>| {
        let tasks = governance.tasks(&TaskFilter::default(), TaskId(0), 1000);
        let used = governance
            .allowance(TENANT, AppId::BOX, CountedAction::ApplyLabel, NOW)
            .unwrap()
            .used;
        images.push((image(&path, images.len()), tasks.unwrap(), used));
    };
    keep(&governance);
    governance.submit(&[task(0), task(1)], NOW).unwrap();
    keep(&governance);
    let tasks = governance.claim(2, NOW).unwrap();
    keep(&governance);
    for task in &tasks {
        let version = FileVersion::parse("2").unwrap();
        let intent = WriteIntent::new(version.clone());
        governance.begin_write(task.claim(), intent, NOW).unwrap();
        keep(&governance);
        let outcome = TaskOutcome::Succeeded { version };
        governance.finish(task.claim(), outcome, NOW).unwrap();
        keep(&governance);
    }
    for (number, (copy, tasks, used)) in images.into_iter().enumerate() {
        let mut restarted = open(&copy).unwrap();
        let found = restarted.tasks(&TaskFilter::default(), TaskId(0), 1000);
        assert_eq!(found.unwrap(), tasks, "image {number}");
        let allowance = restarted
            .allowance(TENANT, AppId::BOX, CountedAction::ApplyLabel, NOW)
            .unwrap();
        assert_eq!(allowance.used, used, "image {number}");
        // Recovered and worked off, each label is applied once.
        let mut applied = tasks
            .iter()
            .filter(|task| task.state_kind() == StateKind::Succeeded)
            .count();
        for task in restarted.interrupted().unwrap() {
            if let Some(intent) = &task.intent {
                // The write happened before the process died.
                let version = intent.after_version.clone();
                let outcome = TaskOutcome::Succeeded { version };
                restarted.finish(task.claim(), outcome, NOW).unwrap();
                applied += 1;
            } else {
                let effect = WriteEffect::Nothing;
                restarted.requeue(task.claim(), effect, NOW).unwrap();
            }
        }
        let answers = restarted.submit(&[task(0), task(1)], NOW).unwrap();
        assert_eq!(answers.map_ids(), [TaskId(1), TaskId(2)]);
        // What was interrupted is tried again after a pause.
        for task in restarted.claim(10, NOW + 1000).unwrap() {
            let version = FileVersion::parse("2").unwrap();
            let intent = WriteIntent::new(version.clone());
            restarted.begin_write(task.claim(), intent, NOW).unwrap();
            let outcome = TaskOutcome::Succeeded { version };
            restarted.finish(task.claim(), outcome, NOW).unwrap();
            applied += 1;
        }
        assert_eq!(applied, 2, "image {number}");
        let allowance = restarted
            .allowance(TENANT, AppId::BOX, CountedAction::ApplyLabel, NOW)
            .unwrap();
        assert_eq!(allowance.used, 2, "image {number}");
    }
}

trait Ids {
    fn map_ids(&self) -> Vec<TaskId>;
}

impl Ids for Vec<Submitted> {
    fn map_ids(&self) -> Vec<TaskId> {
        self.iter().map(|answer| answer.id()).collect()
    }
}

#[test]
fn a_torn_end_of_the_write_ahead_file_loses_no_earlier_commit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    let mut governance = open(&path).unwrap();
    governance.submit(&[task(0)], NOW).unwrap();
    let log = path.with_extension("db-wal");
    let durable = fs::metadata(&log).unwrap().len();
    governance.submit(&[task(1)], NOW).unwrap();
    let whole = fs::read(&log).unwrap();
    for (number, length) in (durable..whole.len() as u64).step_by(1500).enumerate() {
        let copy = image(&path, number);
        let torn = copy.with_extension("db-wal");
        fs::write(torn, &whole[..usize::try_from(length).unwrap()]).unwrap();
        let restarted = open(&copy).unwrap();
        let tasks = restarted.tasks(&TaskFilter::default(), TaskId(0), 1000);
        assert_eq!(tasks.unwrap().len(), 1, "{length} bytes");
    }
}

#[test]
fn r_161_sixteen_threads_never_exceed_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    let mut governance = open(&folder.path().join("tasks.db")).unwrap();
    let tasks: Vec<_> = (0..140).map(task).collect();
    governance.submit(&tasks, NOW).unwrap();
    let governance = Mutex::new(governance);
    let written = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                loop {
                    let tasks = governance.lock().unwrap().claim(3, NOW).unwrap();
                    if tasks.is_empty() {
                        break;
                    }
                    for task in tasks {
                        let version = FileVersion::parse("2").unwrap();
                        let intent = WriteIntent::new(version.clone());
                        let claim = task.claim();
                        let grant = governance.lock().unwrap().begin_write(claim, intent, NOW);
                        if grant.unwrap() == WriteGrant::Granted {
                            std::thread::yield_now();
                            written.lock().unwrap().push(task.id);
                            let outcome = TaskOutcome::Succeeded { version };
                            governance
                                .lock()
                                .unwrap()
                                .finish(claim, outcome, NOW)
                                .unwrap();
                        }
                    }
                }
            });
        }
    });
    let mut written = written.into_inner().unwrap();
    written.sort();
    written.dedup();
    assert_eq!(written.len(), 100);
    let counts = governance
        .lock()
        .unwrap()
        .counts(TENANT, AppId::BOX)
        .unwrap();
    assert_eq!(counts.of(StateKind::Succeeded), 100);
    assert_eq!(counts.of(StateKind::Deferred), 40);
}
