//! What `labelling_week` tells without arguments: a week of a company's labels.

use std::collections::BTreeMap;
use std::io::Write;

use governance::quota::DAY_MS;
use governance::store::{LogFilter, SqliteStore};
use governance::{
    ActionKind, CountedAction, DailyLimit, Error, FileVersion, Forecast, Governance, Initiator,
    LogEvent, NewTask, Reason, Settings, StateKind, Status, Task, TaskFilter, TaskId, TaskKey,
    TaskOutcome, WriteEffect, WriteGrant, WriteIntent,
};
use label_core::{AppId, FileId, FileKey, LabelId, LabelKey, PolicyId, TenantId};

use super::chart::{Chart, time};

const TENANT: TenantId = TenantId::from_u128(0x74);
const HOUR_MS: i64 = 3_600_000;

/// Monday, 4 January 2021, midnight UTC.
const MONDAY: i64 = 1_609_718_400_000;
const DAYS: i64 = 7;

/// In this time, so many files are labelled.
const TICK_MS: i64 = 300_000;
const FILES_A_TICK: usize = 4;

/// The apps, and how many of their files match a policy.
const APPS: [(AppId, usize); 2] = [(AppId::SHAREPOINT_ONLINE, 290), (AppId::BOX, 50)];

/// The policies, with the number and the priority of their label.
const POLICIES: [(&str, u128, u32); 3] = [("legal", 3, 9), ("finance", 2, 5), ("archive", 1, 1)];

/// A file that somebody has open until Tuesday evening.
const LOCKED: (AppId, &str) = (AppId::SHAREPOINT_ONLINE, "file 006");

/// Tells it.
///
/// # Errors
///
/// One line: the store fails, or nothing can be written.
pub fn tell(out: &mut dyn Write) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut week = Week::new(folder.path().join("tasks.db")).map_err(|error| error.to_string())?;
    week.tell(out).map_err(|error| error.to_string())
}

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

struct Week {
    path: std::path::PathBuf,
    governance: Option<Governance<SqliteStore>>,
    by: Initiator,
    /// The files as they really are: their version, and how often they were written.
    files: BTreeMap<FileKey, (FileVersion, usize)>,
    charts: Vec<Chart>,
    done: BTreeMap<AppId, u64>,
    /// When each task was really done.
    happened: BTreeMap<TaskId, i64>,
}

impl Week {
    fn new(path: std::path::PathBuf) -> Fallible<Self> {
        let days = usize::try_from(DAYS)?;
        Ok(Self {
            governance: Some(Governance::open(
                SqliteStore::open(&path)?,
                Settings::default(),
            )?),
            path,
            by: Initiator::parse("mara@contoso.example")?,
            files: BTreeMap::new(),
            charts: APPS.map(|_| Chart::new(MONDAY, days)).into(),
            done: BTreeMap::new(),
            happened: BTreeMap::new(),
        })
    }

    fn governance(&mut self) -> Result<&mut Governance<SqliteStore>, Error> {
        let closed = || Error::unavailable("tasks.db", "the process has ended");
        self.governance.as_mut().ok_or_else(closed)
    }

    fn tell(&mut self, out: &mut dyn Write) -> Fallible<()> {
        let by = self.by.clone();
        let archive = PolicyId::parse("archive")?;
        let files: usize = APPS.iter().map(|(_, count)| count).sum();
        writeln!(
            out,
            "Contoso's policies want a label on {files} files. SharePoint takes 100 a day, Box 10.\n"
        )?;
        let hour = |day: i64, hour: i64| MONDAY + day * DAY_MS + hour * HOUR_MS;
        let start = hour(0, 8);
        self.governance()?.set_limit(
            TENANT,
            AppId::BOX,
            CountedAction::ApplyLabel,
            DailyLimit(10),
            &by,
            start,
        )?;
        self.advance(MONDAY, start)?;
        self.submit(start)?;
        let first = self.forecasts(start)?;
        writeln!(out, "{}  all of them are queued. Forecast:", time(start))?;
        self.say_forecasts(&first, start, out)?;

        let disabled = hour(0, 15);
        self.advance(start, disabled)?;
        let count = self
            .governance()?
            .disable_policy(TENANT, &archive, &by, disabled)?;
        writeln!(
            out,
            "\n{}  policy `archive` is disabled, {count} tasks are suspended.",
            time(disabled)
        )?;
        let asked_at = hour(1, 8);
        self.advance(disabled, asked_at)?;
        let asked = self.ask(asked_at)?;
        writeln!(
            out,
            "{}  an administrator asks for a label by hand. Why five tasks aren't done:",
            time(asked_at)
        )?;
        self.say_why(asked, asked_at, out)?;
        let confirmed = hour(1, 9);
        self.advance(asked_at, confirmed)?;
        self.governance()?.confirm(&[asked], &by, confirmed)?;
        self.advance(confirmed, confirmed + TICK_MS)?;
        let state = self.governance()?.task(asked)?.state_kind();
        writeln!(
            out,
            "{}  the label by hand is confirmed, and {state} in spite of the limit.",
            time(confirmed)
        )?;

        let crash = hour(1, 13);
        self.advance(confirmed + TICK_MS, crash)?;
        let (written, untouched) = self.crash(crash)?;
        writeln!(
            out,
            "\n{}  the process is killed while it writes. Opened again: task {written} had been \
             written and counts once, task {untouched} had not and is queued again.",
            time(crash)
        )?;
        let raised = hour(1, 18);
        self.advance(crash, raised)?;
        let (app, limit) = (AppId::SHAREPOINT_ONLINE, DailyLimit(150));
        self.governance()?
            .set_limit(TENANT, app, CountedAction::ApplyLabel, limit, &by, raised)?;
        writeln!(
            out,
            "{}  the limit of {app} is raised to {limit}, which ends its pause.",
            time(raised)
        )?;
        let enabled = hour(3, 9);
        self.advance(raised, enabled)?;
        let count = self
            .governance()?
            .enable_policy(TENANT, &archive, &by, enabled)?;
        writeln!(
            out,
            "\n{}  policy `archive` is enabled, {count} tasks are back. Forecast:",
            time(enabled)
        )?;
        let second = self.forecasts(enabled)?;
        self.say_forecasts(&second, enabled, out)?;
        self.advance(enabled, hour(DAYS, 0))?;

        writeln!(out)?;
        for ((app, _), chart) in APPS.iter().zip(&self.charts) {
            chart.print(&app.to_string(), out)?;
        }
        self.compare(&[(start, first), (enabled, second)], out)?;
        self.account(out)
    }

    /// All that the policies want, at once.
    fn submit(&mut self, now: i64) -> Fallible<()> {
        let mut tasks = Vec::new();
        for (app, count) in APPS {
            for number in 0..count {
                let [legal, finance, archive] = POLICIES;
                let (policy, label, priority) = match number % 10 {
                    0 | 1 => legal,
                    2..=6 => finance,
                    _ => archive,
                };
                let file = FileKey::new(app, 0, FileId::parse(&format!("file {number:03}"))?);
                let key = TaskKey {
                    tenant: TENANT,
                    file: file.clone(),
                    file_version: FileVersion::parse("1")?,
                    policy: Some(PolicyId::parse(policy)?),
                    action: ActionKind::Apply(LabelKey::new(TENANT, LabelId::from_u128(label))),
                };
                self.files.insert(file, (key.file_version.clone(), 0));
                tasks.push(NewTask::new(key, priority, Initiator::parse(policy)?));
            }
        }
        self.governance()?.submit(&tasks, now)?;
        Ok(())
    }

    /// An administrator asks for a label by hand, and has yet to confirm it.
    fn ask(&mut self, now: i64) -> Fallible<TaskId> {
        let file = FileKey::new(AppId::BOX, 0, FileId::parse("board minutes")?);
        let version = FileVersion::parse("1")?;
        self.files.insert(file.clone(), (version.clone(), 0));
        let key = TaskKey {
            tenant: TENANT,
            file,
            file_version: version,
            policy: None,
            action: ActionKind::Apply(LabelKey::new(TENANT, LabelId::from_u128(3))),
        };
        let by = self.by.clone();
        let asked = self
            .governance()?
            .request(&[NewTask::new(key, 9, by)], now)?;
        Ok(asked.first().map(|one| one.id()).ok_or("no answer")?)
    }

    /// Works tick by tick from `from` on until right before `to`.
    fn advance(&mut self, from: i64, to: i64) -> Fallible<()> {
        let mut now = from;
        while now < to {
            self.work(now)?;
            now += TICK_MS;
            if now % HOUR_MS == 0 {
                for (place, (app, _)) in APPS.into_iter().enumerate() {
                    let counts = self.governance()?.counts(TENANT, app)?;
                    let done = self.done.remove(&app).unwrap_or(0);
                    if let Some(chart) = self.charts.get_mut(place) {
                        chart.note(now, done, counts.with_status(Status::Pending));
                    }
                }
            }
        }
        Ok(())
    }

    /// What one tick is enough for.
    fn work(&mut self, now: i64) -> Fallible<()> {
        let mut room = FILES_A_TICK;
        // Tasks that turn out to wait take no time, and are not handed out twice.
        while room > 0 {
            let Some(task) = self.governance()?.claim(1, now)?.pop() else {
                break;
            };
            let file = (task.key.app(), task.key.file.file.as_str());
            if file == LOCKED && now < MONDAY + DAY_MS + 18 * HOUR_MS {
                let reason = Reason::new("locked").with_detail("open by Jonas");
                let effect = WriteEffect::Nothing;
                let outcome = TaskOutcome::Retry {
                    reason,
                    effect,
                    not_before: Some(now + 4 * HOUR_MS),
                };
                self.governance()?.finish(task.claim(), outcome, now)?;
                continue;
            }
            let intent = WriteIntent::new(after(&task)?).replacing(None);
            if self.governance()?.begin_write(task.claim(), intent, now)? == WriteGrant::Granted {
                self.write(&task)?;
                self.report(&task, now)?;
                room -= 1;
            }
        }
        Ok(())
    }

    /// The file itself: only where it is still as the task knows it.
    fn write(&mut self, task: &Task) -> Fallible<()> {
        let file = self.files.get_mut(&task.key.file).ok_or("no such file")?;
        if file.0 == task.key.file_version {
            *file = (after(task)?, file.1 + 1);
        }
        Ok(())
    }

    fn report(&mut self, task: &Task, now: i64) -> Fallible<()> {
        let outcome = TaskOutcome::Succeeded {
            version: after(task)?,
        };
        self.governance()?.finish(task.claim(), outcome, now)?;
        *self.done.entry(task.key.app()).or_default() += 1;
        self.happened.insert(task.id, now);
        Ok(())
    }

    /// Ends the process between a write and its report, and opens the store again.
    fn crash(&mut self, now: i64) -> Fallible<(TaskId, TaskId)> {
        for (number, task) in self.governance()?.claim(2, now)?.iter().enumerate() {
            let intent = WriteIntent::new(after(task)?).replacing(None);
            self.governance()?.begin_write(task.claim(), intent, now)?;
            if number == 0 {
                self.write(task)?;
            }
        }
        self.governance = None;
        let store = SqliteStore::open(&self.path)?;
        self.governance = Some(Governance::open(store, Settings::default())?);
        let (mut written, mut untouched) = (TaskId(0), TaskId(0));
        for task in self.governance()?.interrupted()? {
            let present = self
                .files
                .get(&task.key.file)
                .map(|(version, _)| version.clone());
            if present
                == task
                    .intent
                    .as_ref()
                    .map(|intent| intent.after_version.clone())
            {
                self.report(&task, now)?;
                written = task.id;
            } else {
                let effect = WriteEffect::Nothing;
                self.governance()?.requeue(task.claim(), effect, now)?;
                untouched = task.id;
            }
        }
        Ok((written, untouched))
    }

    fn forecasts(&mut self, now: i64) -> Fallible<Vec<Forecast>> {
        let mut forecasts = Vec::new();
        for (app, _) in APPS {
            forecasts.push(self.governance()?.forecast(
                TENANT,
                app,
                CountedAction::ApplyLabel,
                None,
                now,
            )?);
        }
        Ok(forecasts)
    }

    fn say_forecasts(
        &mut self,
        forecasts: &[Forecast],
        now: i64,
        out: &mut dyn Write,
    ) -> Fallible<()> {
        for ((app, _), forecast) in APPS.iter().zip(forecasts) {
            let twice = DailyLimit(forecast.limit.0 * 2);
            let with_more = self.governance()?.forecast(
                TENANT,
                *app,
                CountedAction::ApplyLabel,
                Some(twice),
                now,
            )?;
            writeln!(
                out,
                "    {:<18} {:>3} tasks at {} a day are done {}; at {twice} a day {}",
                app.to_string(),
                forecast.tasks.len(),
                forecast.limit,
                or_never(forecast.finished_at()),
                or_never(with_more.finished_at())
            )?;
        }
        Ok(())
    }

    fn say_why(&mut self, asked: TaskId, now: i64, out: &mut dyn Write) -> Fallible<()> {
        let mut tasks = vec![asked];
        for (kind, app) in [
            (StateKind::Succeeded, AppId::SHAREPOINT_ONLINE),
            (StateKind::Retrying, AppId::SHAREPOINT_ONLINE),
            (StateKind::Deferred, AppId::BOX),
            (StateKind::Suspended, AppId::SHAREPOINT_ONLINE),
        ] {
            let mut filter = TaskFilter::default();
            filter.app = Some(app);
            filter.states = vec![kind];
            let found = self.governance()?.tasks(&filter, TaskId(0), 1)?;
            tasks.extend(found.first().map(|task| task.id));
        }
        for id in tasks {
            let why = self.governance()?.why(id, now)?;
            writeln!(out, "    task {id:<3} {why}")?;
        }
        Ok(())
    }

    /// The forecasts beside what happened.
    fn compare(&mut self, forecasts: &[(i64, Vec<Forecast>)], out: &mut dyn Write) -> Fallible<()> {
        writeln!(out, "Forecast and what happened:")?;
        for (made, of_apps) in forecasts {
            for ((app, _), forecast) in APPS.iter().zip(of_apps) {
                let (mut same_hour, mut done) = (0, 0);
                let mut last = None;
                for (id, at) in &forecast.tasks {
                    if let Some(happened) = self.happened.get(id) {
                        done += 1;
                        last = last.max(Some(*happened));
                        // A forecast takes work for instant; here four hours of it make a day's share.
                        let late = at.map(|at| happened - at);
                        same_hour +=
                            usize::from(late.is_some_and(|late| (0..=4 * HOUR_MS).contains(&late)));
                    }
                }
                writeln!(
                    out,
                    "    {:<18} of {}: to be done {}, was done {}; {same_hour} of {done} tasks within four hours of the forecast",
                    app.to_string(),
                    time(*made),
                    or_never(forecast.finished_at()),
                    or_never(last)
                )?;
            }
        }
        Ok(())
    }

    /// What is left in the books.
    fn account(&mut self, out: &mut dyn Write) -> Fallible<()> {
        let written: usize = self.files.values().map(|(_, writes)| *writes).sum();
        let most = self
            .files
            .values()
            .map(|(_, writes)| *writes)
            .max()
            .unwrap_or(0);
        let log = self.governance()?.log(&LogFilter::default(), 0, 1000)?;
        let reached = log
            .iter()
            .filter(|entry| matches!(entry.event, LogEvent::LimitReached { .. }));
        writeln!(
            out,
            "\n{written} files were written, none more than {most} time; the limit was reached {} times.",
            reached.count()
        )?;
        for (app, _) in APPS {
            let counts = self.governance()?.counts(TENANT, app)?;
            let states: Vec<_> = StateKind::ALL
                .into_iter()
                .filter(|kind| counts.of(*kind) > 0)
                .map(|kind| format!("{} {kind}", counts.of(kind)))
                .collect();
            writeln!(out, "    {:<18} {}", app.to_string(), states.join(", "))?;
        }
        Ok(())
    }
}

fn after(task: &Task) -> Fallible<FileVersion> {
    Ok(FileVersion::parse(&format!(
        "1, labelled by task {}",
        task.id
    ))?)
}

fn or_never(at: Option<i64>) -> String {
    at.map_or_else(|| "never".to_owned(), time)
}
