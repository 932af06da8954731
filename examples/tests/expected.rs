//! The matches of the sample tenant against `data/expected.tsv`, which was written by hand.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail loudly"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use examples::sample::data;
use label_core::source::GraphFile;
use label_service::{CloudApp, FolderTenant, Mode, Service, ServiceOptions};

use support::{copy_tree, example};

const NOW_MS: i64 = 1_609_747_200_000;

fn prefix(app: u32) -> &'static str {
    match app {
        20892 => "sharepoint",
        15600 => "onedrive",
        10489 => "box",
        11770 => "google",
        other => panic!("app {other}"),
    }
}

/// and the article's third policy, end to end, with near misses for every
/// condition.
#[test]
fn r_192_r_196_r_146_the_articles_policies_give_the_matches_written_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    copy_tree(&data().join("documents"), folder.path());
    fs::copy(data().join("files.json"), folder.path().join("files.json")).unwrap();
    let tenant = FolderTenant::open(folder.path()).unwrap();
    let id = tenant.tenant.unwrap();
    let mut options = ServiceOptions::default();
    options.mode = Mode::DryRun;
    let apps = tenant
        .apps
        .into_iter()
        .map(|app| Box::new(app) as Box<dyn CloudApp>)
        .collect();
    let labels = Box::new(GraphFile::new(id, &data().join("labels.json")));
    let state = tempfile::tempdir().unwrap();
    let mut service = Service::open(state.path(), id, labels, apps, options, NOW_MS).unwrap();
    let policies = fs::read_to_string(data().join("policies.json")).unwrap();
    service.load_policies(&policies, NOW_MS).unwrap();
    let report = service.tick(NOW_MS).unwrap();

    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for one in &report.matches {
        assert!(!one.reasons.is_empty(), "a match without reasons");
        found
            .entry(one.policy.to_string())
            .or_default()
            .insert(format!("{}/{}", prefix(one.file.app.0), one.file.file));
    }
    let table = fs::read_to_string(data().join("expected.tsv")).unwrap();
    let mut wanted: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut near_misses: BTreeMap<(String, String), usize> = BTreeMap::new();
    for line in table.lines().skip(1).filter(|line| !line.is_empty()) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [policy, path, verdict, why] = fields.as_slice() else {
            panic!("{line}")
        };
        assert!(data().join("documents").join(path).is_file(), "{path}");
        match *verdict {
            "yes" => {
                wanted
                    .entry((*policy).to_owned())
                    .or_default()
                    .insert((*path).to_owned());
            }
            "no" => {
                let condition = why.split(':').next().unwrap_or_default();
                *near_misses
                    .entry(((*policy).to_owned(), condition.to_owned()))
                    .or_default() += 1;
            }
            other => panic!("{other}"),
        }
    }
    assert_eq!(found, wanted);
    for (condition, count) in near_misses {
        assert!(count >= 3, "{condition:?} has {count} near misses");
    }
}

/// A dry run touches nothing (R-154: the preview is what would be done).
#[test]
fn r_154_a_dry_run_changes_no_byte() {
    let folder = tempfile::tempdir().unwrap();
    copy_tree(&data().join("documents"), folder.path());
    fs::copy(data().join("files.json"), folder.path().join("files.json")).unwrap();
    let status = std::process::Command::new(example("scan_and_label"))
        .arg("--folder")
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(
        status.status.success(),
        "{}",
        String::from_utf8_lossy(&status.stderr)
    );
    let text = String::from_utf8_lossy(&status.stdout).into_owned();
    assert!(text.contains("would do"), "{text}");
    compare(&data().join("documents"), folder.path());
}

fn compare(one: &Path, other: &Path) {
    for entry in fs::read_dir(one).unwrap() {
        let entry = entry.unwrap();
        let target = other.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            compare(&entry.path(), &target);
        } else {
            assert_eq!(
                fs::read(entry.path()).unwrap(),
                fs::read(&target).unwrap(),
                "{}",
                target.display()
            );
        }
    }
}

/// An unknown label in a policy is refused when the policies are loaded, with the place and a
/// suggestion; a damaged catalogue, sidecar or policy file with place and cause.
#[test]
fn r_088_bad_inputs_are_refused_with_place_and_cause() {
    let folder = tempfile::tempdir().unwrap();
    copy_tree(&data().join("documents"), folder.path());
    fs::copy(data().join("files.json"), folder.path().join("files.json")).unwrap();
    let run = |change: &dyn Fn(&mut std::process::Command)| {
        let mut command = std::process::Command::new(example("scan_and_label"));
        command.arg("--folder").arg(folder.path());
        change(&mut command);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!text.contains("panicked"), "{text}");
        text
    };
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let policies = fs::read_to_string(data().join("policies.json")).unwrap();
    let unknown = write(
        "unknown.json",
        &policies.replace("[\"Confidential\"]", "[\"Confidentail\"]"),
    );
    let text = run(&|command| {
        command.arg("--policies").arg(&unknown);
    });
    assert!(text.contains("fileLabels/eq/0"), "{text}");
    assert!(
        text.contains("`Confidentail`") && text.contains("`Confidential`"),
        "{text}"
    );
    let damaged = write("damaged.json", &policies[..policies.len() / 2]);
    let text = run(&|command| {
        command.arg("--policies").arg(&damaged);
    });
    assert!(text.contains("damaged.json"), "{text}");
    let labels = write("labels-damaged.json", "{\"value\":[{\"id\":\"x\"}]}");
    let text = run(&|command| {
        command.arg("--labels").arg(&labels);
    });
    assert!(text.contains("/value/0/id"), "{text}");
    write(
        "files.json",
        "{\"format\":\"folder-apps/1\",\"tenantId\":7}",
    );
    let text = run(&|_| {});
    assert!(
        text.contains("files.json") && text.contains("line 1"),
        "{text}"
    );
}
