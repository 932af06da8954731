//! The main job, killed at random moments and started again: no document is ever anything but its
//! old or its new self, nothing is done twice, and the daily limit holds.
//!
//! `KILLS` says how often (8 by default), `SEED` repeats a run.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail loudly"
)]

mod support;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use examples::sample::make_scratch;
use governance::store::SqliteStore;
use governance::{Governance, LogEvent, Settings, StateKind, TaskFilter, TaskId, TaskState};
use sha2::{Digest, Sha256};

use support::{copy_tree, example};

/// Documents above this size are told by size alone: only one is, and it is never written.
const HASHED_BYTES_MAX: u64 = 1 << 20;

/// How long the job may take at most between two kills before something hangs.
const PATIENCE: Duration = Duration::from_secs(120);

fn job(scratch: &Path) -> Command {
    let mut command = Command::new(example("scan_and_label"));
    command
        .arg("--scratch")
        .arg(scratch)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

fn hashes(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(folder).unwrap().display().to_string();
            // Left by a kill, and removed at the next start; never a document.
            if name.contains(label_formats::TEMPORARY_PREFIX) {
                continue;
            }
            let size = path.metadata().unwrap().len();
            let print = if size > HASHED_BYTES_MAX {
                format!("{size} bytes")
            } else {
                let digest = Sha256::digest(fs::read(&path).unwrap());
                digest.iter().map(|byte| format!("{byte:02x}")).collect()
            };
            found.insert(name, print);
        }
    }
    found
}

fn run_to_the_end(scratch: &Path) {
    let output = job(scratch).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn is_over(scratch: &Path) -> bool {
    fs::read_to_string(scratch.join("clock")).is_ok_and(|text| text.trim() == "7")
}

/// A small generator, so that a seed repeats a run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

#[test]
fn r_135_r_160_r_161_killed_at_random_nothing_is_lost_or_done_twice() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let kills: u64 = number("KILLS").unwrap_or(8);
    let seed = number("SEED").unwrap_or_else(|| {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_nanos() as u64
            | 1
    });
    println!("kills: {kills}, seed: {seed}");
    let mut random = Random(seed.max(1));

    let root = tempfile::tempdir().unwrap();
    let fresh = root.path().join("fresh");
    fs::create_dir_all(&fresh).unwrap();
    make_scratch(&fresh.join("tenant")).unwrap();
    let before = hashes(&fresh.join("tenant"));
    let reference = root.path().join("reference");
    copy_tree(&fresh, &reference);
    let started = std::time::Instant::now();
    run_to_the_end(&reference);
    let whole = started.elapsed();
    let after = hashes(&reference.join("tenant"));
    assert_ne!(before, after);
    // Again on the same folder: nothing changes.
    run_to_the_end(&reference);
    assert_eq!(hashes(&reference.join("tenant")), after);
    check_history(&reference);

    let mut done = 0;
    let mut rounds = 0;
    while done < kills {
        rounds += 1;
        let scratch = root.path().join(format!("round-{rounds}"));
        copy_tree(&fresh, &scratch);
        while done < kills && !is_over(&scratch) {
            let mut child = job(&scratch).spawn().unwrap();
            let longest = u64::try_from(whole.as_millis()).unwrap().max(50);
            std::thread::sleep(Duration::from_millis(random.below(longest)));
            child.kill().unwrap();
            child.wait().unwrap();
            done += 1;
            assert!(started.elapsed() < PATIENCE * 10, "seed {seed}: too slow");
            let now = hashes(&scratch.join("tenant"));
            for (name, print) in &now {
                assert!(
                    before.get(name) == Some(print) || after.get(name) == Some(print),
                    "seed {seed}, kill {done}: {name} is neither its old nor its new self"
                );
            }
            assert_eq!(now.len(), before.len(), "seed {seed}, kill {done}");
        }
        run_to_the_end(&scratch);
        assert_eq!(hashes(&scratch.join("tenant")), after, "seed {seed}");
        check_history(&scratch);
        fs::remove_dir_all(&scratch).unwrap();
    }
    println!("kills: {done} in {rounds} rounds, every document old or new at all times");
}

/// Exactly one success for each file, policy and version; at most 100 labels for each app and day.
fn check_history(scratch: &Path) {
    let store = SqliteStore::open(scratch.join("state/tasks.db")).unwrap();
    let governance = Governance::open(store, Settings::default()).unwrap();
    let mut successes: HashMap<(String, String), usize> = HashMap::new();
    let mut after = TaskId(0);
    let mut labelled = 0;
    loop {
        let page = governance
            .tasks(&TaskFilter::default(), after, 500)
            .unwrap();
        let Some(last) = page.last() else { break };
        after = last.id;
        for task in page {
            assert!(
                matches!(
                    task.state_kind(),
                    StateKind::Succeeded | StateKind::Skipped | StateKind::Failed
                ),
                "{task:?}"
            );
            if task.state_kind() == StateKind::Succeeded {
                labelled += 1;
                let key = (task.key.file.to_string(), format!("{:?}", task.key.policy));
                *successes.entry(key).or_default() += 1;
            }
        }
    }
    assert_eq!(labelled, 141);
    assert!(successes.values().all(|count| *count == 1));
    let mut per_day: HashMap<(String, i64), usize> = HashMap::new();
    let mut log_successes = 0;
    let mut sequence = 0;
    loop {
        let page = governance
            .log(&governance::store::LogFilter::default(), sequence, 500)
            .unwrap();
        let Some(last) = page.last() else { break };
        sequence = last.sequence;
        for entry in &page {
            if let (
                LogEvent::Task {
                    state: TaskState::Succeeded,
                },
                Some(task),
            ) = (&entry.event, &entry.task)
            {
                log_successes += 1;
                let day = entry.at_ms.div_euclid(86_400_000);
                *per_day.entry((task.file.app.to_string(), day)).or_default() += 1;
            }
        }
    }
    assert_eq!(log_successes, labelled, "a success is logged once");
    assert!(per_day.values().all(|count| *count <= 100), "{per_day:?}");
    assert_eq!(per_day.values().max(), Some(&100));
}
