//! The main job: synchronise the labels, scan the files of four cloud apps, match policies and say
//! why, apply labels under the daily limit, and put off the rest to a stated time.
//!
//! ```text
//! scan_and_label [--scratch DIR]
//! scan_and_label --folder PATH [--labels FILE] [--policies FILE] [--state DIR] [--apply]
//! ```
//!
//! Without arguments it works on a scratch copy of the sample tenant, over three simulated days.
//! With `--folder` it does one round on a real folder; without `--apply` that is a dry run which
//! touches nothing. With `--apply` tasks and quotas are kept in `--state`, by default
//! `scan_and_label-state` in the current folder.

use std::cell::Cell;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

use examples::arguments::Arguments;
use examples::sample::{SampleLabels, data, make_scratch};
use examples::{html, story};
use label_core::source::GraphFile;
use label_core::{AppId, LabelSource, TenantId};
use label_service::app::SIDECAR_NAME;
use label_service::{CloudApp, FolderTenant, Mode, Progress, Service, ServiceOptions, TickReport};

const USAGE: &str = "usage:
  scan_and_label [--scratch DIR]
  scan_and_label --folder PATH [--labels FILE] [--policies FILE] [--state DIR] [--apply]";

/// Where tasks and quotas are kept, if `--state` doesn't say.
const STATE_DEFAULT: &str = "scan_and_label-state";

const HOUR_MS: i64 = 3_600_000;

/// Monday 2021-01-04, 00:00 UTC.
const FIRST_DAY_MS: i64 = 1_609_718_400_000;

/// When the service runs: hours since the first midnight, over three days.
const TICK_HOURS: [i64; 7] = [8, 9, 20, 32, 36, 44, 60];

/// When a label is deleted at the source.
const LABEL_DELETED_HOUR: i64 = 9;

fn main() -> ExitCode {
    let flags = ["--scratch", "--folder", "--labels", "--policies", "--state"];
    let arguments = match Arguments::parse(examples::arguments::given(), &flags, &["--apply"]) {
        Ok(arguments) if arguments.rest().is_empty() => arguments,
        Ok(_) => {
            eprintln!("unexpected argument\n{USAGE}");
            return ExitCode::from(2);
        }
        Err(message) => {
            eprintln!("{message}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let result = match arguments.value("--folder") {
        Some(folder) => real_folder(Path::new(folder), &arguments),
        None => sample_tenant(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// Three simulated days on the sample tenant.
fn sample_tenant(arguments: &Arguments) -> Result<(), String> {
    let scratch = arguments.value("--scratch").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/scan_and_label"),
        PathBuf::from,
    );
    fs::create_dir_all(&scratch).map_err(|error| format!("`{}`: {error}", scratch.display()))?;
    let scratch = scratch
        .canonicalize()
        .map_err(|error| format!("`{}`: {error}", scratch.display()))?;
    println!("Scratch copy of the sample tenant: {}", scratch.display());
    let tenant_folder = scratch.join("tenant");
    make_scratch(&tenant_folder)?;
    let folder = FolderTenant::open(&tenant_folder).map_err(|error| error.to_string())?;
    folder.remove_temporaries();
    let tenant = folder.tenant.ok_or("the sidecar names no tenant")?;
    let state = scratch.join("state");

    let clock = Rc::new(Cell::new(FIRST_DAY_MS));
    let changes_at = FIRST_DAY_MS + LABEL_DELETED_HOUR * HOUR_MS;
    let labels = SampleLabels::new(tenant, changes_at, clock.clone());
    let done = read_clock(&scratch);
    let next = TICK_HOURS.get(done).or(TICK_HOURS.last());
    let start = FIRST_DAY_MS + next.copied().unwrap_or_default() * HOUR_MS;
    clock.set(start);
    let mut service = Service::open(
        &state,
        tenant,
        Box::new(labels),
        boxed(folder.apps),
        ServiceOptions::default(),
        start,
    )
    .map_err(|error| error.to_string())?;
    let policies_path = data().join("policies.json");
    let policies = read_text(&policies_path)?;
    service
        .load_policies(&policies, start)
        .map_err(|error| format!("`{}`: {error}", policies_path.display()))?;

    if done >= TICK_HOURS.len() {
        println!("The three days are over; one more round shows that nothing is left to do.");
        let report = tick(&mut service, start)?;
        print(|out| story::tick(out, &report))?;
    }
    for (number, hour) in TICK_HOURS.iter().enumerate().skip(done) {
        let now = FIRST_DAY_MS + hour * HOUR_MS;
        clock.set(now);
        let report = tick(&mut service, now)?;
        print(|out| story::tick(out, &report))?;
        write_clock(&scratch, number + 1)?;
    }
    summary(&service, start, &scratch.join("report.html"))
}

/// One round on a folder of the caller's.
fn real_folder(folder: &Path, arguments: &Arguments) -> Result<(), String> {
    let tenant = if folder.join(SIDECAR_NAME).is_file() {
        FolderTenant::open(folder).map_err(|error| error.to_string())?
    } else {
        if !folder.is_dir() {
            return Err(format!("`{}` is not a folder", folder.display()));
        }
        FolderTenant::plain(folder, AppId::SHAREPOINT_ONLINE)
    };
    let sample_tenant = "74f71239-3dea-461b-910f-15d15a71655a";
    let tenant_id = match tenant.tenant {
        Some(id) => id,
        None => TenantId::parse(sample_tenant).map_err(|error| error.to_string())?,
    };
    let path = |flag: &str, sample: &str| {
        arguments
            .value(flag)
            .map_or_else(|| data().join(sample), PathBuf::from)
    };
    let labels: Box<dyn LabelSource> =
        Box::new(GraphFile::new(tenant_id, &path("--labels", "labels.json")));
    let policies_path = path("--policies", "policies.json");
    let policies = read_text(&policies_path)?;
    let mut options = ServiceOptions::default();
    if !arguments.has("--apply") {
        options.mode = Mode::DryRun;
        println!("Dry run: nothing is written. Add --apply to label the files.");
    }
    // A dry run leaves no trace, so its state goes with it.
    let temporary;
    let state = match options.mode {
        Mode::Apply => {
            tenant.remove_temporaries();
            let state = arguments.value("--state").unwrap_or(STATE_DEFAULT);
            outside(Path::new(state), folder)?
        }
        Mode::DryRun => {
            println!("The daily limit is not counted in: it says when, not whether.");
            temporary = TemporaryFolder::new()?;
            temporary.0.clone()
        }
    };
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_millis()).ok())
        .unwrap_or_default();
    let apply = options.mode == Mode::Apply;
    let mut service = Service::open(&state, tenant_id, labels, boxed(tenant.apps), options, now)
        .map_err(|error| error.to_string())?;
    service
        .load_policies(&policies, now)
        .map_err(|error| format!("`{}`: {error}", policies_path.display()))?;
    let report = tick(&mut service, now)?;
    print(|out| story::tick(out, &report))?;
    if apply {
        summary(&service, now, &state.join("report.html"))
    } else {
        print(|out| story::exposure(out, &service).map_err(io::Error::other))
    }
}

/// The state must not be among the files that are listed.
fn outside(state: &Path, folder: &Path) -> Result<PathBuf, String> {
    let at = |path: &Path, error: io::Error| format!("`{}`: {error}", path.display());
    fs::create_dir_all(state).map_err(|error| at(state, error))?;
    let state = state.canonicalize().map_err(|error| at(state, error))?;
    let folder = folder.canonicalize().map_err(|error| at(folder, error))?;
    if state.starts_with(&folder) {
        return Err(format!(
            "`{}` lies inside the folder to label; choose another place with `--state`",
            state.display()
        ));
    }
    Ok(state)
}

fn boxed(apps: Vec<label_service::FolderApp>) -> Vec<Box<dyn CloudApp>> {
    apps.into_iter()
        .map(|app| Box::new(app) as Box<dyn CloudApp>)
        .collect()
}

/// A tick with progress on a terminal.
fn tick(service: &mut Service, now: i64) -> Result<TickReport, String> {
    let on_terminal = io::stderr().is_terminal();
    let mut progress = |progress: Progress| {
        if on_terminal {
            let text = match progress {
                Progress::Listed { app, files } => format!("listing {app}: {files} files"),
                Progress::Scanned { done, total } => format!("scanning {done} of {total}"),
                Progress::Acted { done } => format!("carrying out task {done}"),
                _ => String::new(),
            };
            eprint!("\r\x1b[K{text}");
        }
    };
    let report = service
        .tick_with(now, &mut progress)
        .map_err(|error| error.to_string());
    if on_terminal {
        eprint!("\r\x1b[K");
    }
    report
}

fn summary(service: &Service, now: i64, report: &Path) -> Result<(), String> {
    print(|out| {
        writeln!(out, "\nAt the end")?;
        story::exposure(out, service).map_err(io::Error::other)?;
        writeln!(out)?;
        for (word, count) in story::task_counts(service).map_err(io::Error::other)? {
            writeln!(out, "  {count:5} tasks {word}")?;
        }
        Ok(())
    })?;
    let page = html::page(service, now).map_err(|error| error.to_string())?;
    fs::write(report, page).map_err(|error| format!("`{}`: {error}", report.display()))?;
    println!("\nReport: {}", report.display());
    Ok(())
}

/// Prints; a reader that went away is no fault.
fn print(work: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), String> {
    let mut out = io::stdout().lock();
    match work(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.to_string()),
        _ => Ok(()),
    }
}

fn read_text(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("`{}`: {error}", path.display()))
}

/// How many ticks were completed: the simulated clock.
fn read_clock(scratch: &Path) -> usize {
    fs::read_to_string(scratch.join("clock"))
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(0)
}

fn write_clock(scratch: &Path, ticks: usize) -> Result<(), String> {
    let fail = |error: io::Error| format!("`{}`: {error}", scratch.display());
    let next = scratch.join("clock.next");
    let mut file = fs::File::create(&next).map_err(fail)?;
    writeln!(file, "{ticks}").map_err(fail)?;
    file.sync_all().map_err(fail)?;
    fs::rename(&next, scratch.join("clock")).map_err(fail)
}

/// A folder that goes when it is dropped.
struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    fn new() -> Result<Self, String> {
        for number in 0..100 {
            let name = format!("scan_and_label-{}-{number}", std::process::id());
            let path = std::env::temp_dir().join(name);
            match fs::create_dir(&path) {
                Ok(()) => return Ok(Self(path)),
                // Somebody else's: it is neither used nor deleted.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(format!("`{}`: {error}", path.display())),
            }
        }
        Err("there is no free temporary folder".to_owned())
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // What can't be deleted stays in the system's own temporary folder.
        let _ = fs::remove_dir_all(&self.0);
    }
}
