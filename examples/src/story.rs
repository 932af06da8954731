//! What the main example prints: counts, matches with their reasons, what was done, what waits.

use std::collections::BTreeMap;
use std::io::{self, Write};

use governance::{StateKind, TaskFilter, TaskId, TaskState};
use label_core::{AppId, FileKey};
use label_service::{ActionResult, Service, ServiceError, TickReport};
use policy_engine::AccessLevel;

/// How many files of one kind are named before the rest is counted.
const NAMED_MAX: usize = 4;

/// A time as people write it, UTC.
pub fn time(at_ms: i64) -> String {
    chrono::DateTime::from_timestamp_millis(at_ms).map_or_else(
        || at_ms.to_string(),
        |time| time.format("%a %Y-%m-%d %H:%M UTC").to_string(),
    )
}

/// `app: path`.
pub fn file_name(file: &FileKey) -> String {
    format!("{}: {}", file.app, file.file)
}

fn named(files: &[String]) -> String {
    let shown: Vec<&str> = files.iter().take(NAMED_MAX).map(String::as_str).collect();
    let rest = files.len().saturating_sub(NAMED_MAX);
    let more = if rest > 0 {
        format!(", and {rest} more")
    } else {
        String::new()
    };
    format!("{}{more}", shown.join(", "))
}

/// What one tick did.
///
/// # Errors
///
/// What writing reports.
pub fn tick(out: &mut dyn Write, report: &TickReport) -> io::Result<()> {
    writeln!(out, "\n{}", time(report.now_ms))?;
    if let Some(sync) = &report.sync {
        match (&sync.error, &sync.held) {
            (Some(error), _) => writeln!(out, "  labels   not synchronised: {error}")?,
            (None, Some(held)) => writeln!(out, "  labels   held back: {held}")?,
            (None, None) => {
                write!(out, "  labels   {} in the list", sync.labels)?;
                for (what, names) in [
                    ("new", &sync.added),
                    ("deleted at the source", &sync.removed),
                    ("disabled", &sync.disabled),
                    ("enabled", &sync.enabled),
                ] {
                    if !names.is_empty() {
                        write!(out, "; {what}: {}", names.join(", "))?;
                    }
                }
                writeln!(out)?;
            }
        }
        for note in &sync.notes {
            writeln!(out, "           note: {note}")?;
        }
    }
    for (policy, why) in &report.disabled_policies {
        writeln!(out, "  policy   `{policy}` disabled: {why}")?;
    }
    writeln!(
        out,
        "  files    {} listed, {} new, {} changed, {} gone; {} read",
        report.listed, report.new_files, report.changed_files, report.gone_files, report.scanned
    )?;
    for (app, why) in &report.unlisted {
        writeln!(out, "  app      {app} could not be listed: {why}")?;
    }
    for (file, why) in &report.unread {
        writeln!(
            out,
            "  file     {} could not be read: {why}",
            file_name(file)
        )?;
    }
    matches(out, report)?;
    actions(out, report)?;
    if report.is_quiet() {
        writeln!(out, "  nothing changed")?;
    }
    Ok(())
}

/// Files by the reasons for which they match and the actions that follow.
type Groups = BTreeMap<(Vec<String>, Vec<String>), Vec<String>>;

/// Matches with the same reasons and actions are told once, with their files.
fn matches(out: &mut dyn Write, report: &TickReport) -> io::Result<()> {
    let mut policies: BTreeMap<String, Groups> = BTreeMap::new();
    for found in &report.matches {
        policies
            .entry(found.policy.to_string())
            .or_default()
            .entry((found.reasons.clone(), found.actions.clone()))
            .or_default()
            .push(found.file.file.to_string());
    }
    for (policy, groups) in policies {
        let count: usize = groups.values().map(Vec::len).sum();
        writeln!(out, "  policy   `{policy}`: {count} new matches")?;
        for ((reasons, actions), files) in groups {
            writeln!(out, "    {}", named(&files))?;
            for reason in reasons {
                writeln!(out, "        because {reason}")?;
            }
            if !actions.is_empty() {
                writeln!(out, "        then {}", actions.join(", "))?;
            }
        }
    }
    for (policy, file) in &report.ended_matches {
        writeln!(
            out,
            "  policy   `{policy}` no longer matches {}",
            file_name(file)
        )?;
    }
    Ok(())
}

fn actions(out: &mut dyn Write, report: &TickReport) -> io::Result<()> {
    let mut groups: BTreeMap<(String, AppId, String), Vec<String>> = BTreeMap::new();
    for action in &report.actions {
        let (word, detail) = match &action.result {
            ActionResult::Done { previous, new } => (
                "done",
                format!(
                    "{} -> {}",
                    previous.as_deref().unwrap_or("no label"),
                    new.as_deref().unwrap_or("no label")
                ),
            ),
            ActionResult::State(state) => (state_word(state), state_detail(state)),
            ActionResult::WouldWrite => ("would do", action.action.clone()),
            ActionResult::WouldNot(why) => ("would not do", format!("{}: {why}", action.action)),
            _ => ("other", String::new()),
        };
        groups
            .entry((word.to_owned(), action.file.app, detail))
            .or_default()
            .push(action.file.file.to_string());
    }
    for ((word, app, detail), files) in groups {
        writeln!(out, "  {word:8} {} in {app}: {detail}", files.len())?;
        writeln!(out, "        {}", named(&files))?;
    }
    Ok(())
}

fn state_word(state: &TaskState) -> &'static str {
    match state {
        TaskState::Deferred { .. } => "waits",
        TaskState::Failed { .. } => "refused",
        TaskState::Skipped { .. } => "skipped",
        TaskState::Retrying { .. } => "again",
        TaskState::Suspended { .. } => "held",
        _ => "moved",
    }
}

fn state_detail(state: &TaskState) -> String {
    match state {
        TaskState::Deferred { until: Some(until) } => {
            format!("the daily limit is reached, goes on {}", time(*until))
        }
        TaskState::Deferred { until: None } => "the daily limit is 0".to_owned(),
        TaskState::Retrying { at, .. } => format!("at {}", time(*at)),
        state => state
            .reason()
            .map_or_else(|| format!("{state:?}"), ToString::to_string),
    }
}

/// Files by label, app and access level.
///
/// # Errors
///
/// What writing and the state report.
pub fn exposure(out: &mut dyn Write, service: &Service) -> Result<(), ServiceError> {
    let table = service.exposure()?;
    let levels = [
        Some(AccessLevel::Private),
        Some(AccessLevel::Internal),
        Some(AccessLevel::External),
        Some(AccessLevel::Public),
        Some(AccessLevel::PublicInternet),
        None,
    ];
    let mut rows: BTreeMap<(String, AppId), [usize; 6]> = BTreeMap::new();
    for (cell, count) in table {
        let label = cell.label.unwrap_or_else(|| "(no label)".to_owned());
        let row = rows.entry((label, cell.app)).or_default();
        for (level, sum) in levels.iter().zip(row) {
            if *level == cell.access_level {
                *sum += count;
            }
        }
    }
    let wide = rows
        .keys()
        .map(|(label, _)| label.chars().count())
        .max()
        .unwrap_or(0)
        .max(5);
    // A full disk or a closed terminal is no fault of the state.
    let _ = (|| -> io::Result<()> {
        writeln!(
            out,
            "\n  {:wide$} {:22} {:>8} {:>8} {:>8} {:>8} {:>9} {:>8}",
            "label", "app", "private", "internal", "external", "public", "internet", "unknown"
        )?;
        for ((label, app), counts) in rows {
            write!(out, "  {label:wide$} {:22}", app.to_string())?;
            for (count, width) in counts.iter().zip([8, 8, 8, 8, 9, 8]) {
                let shown = if *count == 0 {
                    "·".to_owned()
                } else {
                    count.to_string()
                };
                write!(out, " {shown:>width$}")?;
            }
            writeln!(out)?;
        }
        Ok(())
    })();
    Ok(())
}

/// How many tasks are in which state, over all apps.
///
/// # Errors
///
/// Those of the task store.
pub fn task_counts(service: &Service) -> Result<BTreeMap<&'static str, u64>, ServiceError> {
    let mut counts = BTreeMap::new();
    let mut after = TaskId(0);
    loop {
        let page = service
            .governance()
            .tasks(&TaskFilter::default(), after, 500)?;
        let Some(last) = page.last() else { break };
        after = last.id;
        for task in &page {
            let word = match task.state_kind() {
                StateKind::Succeeded => "labelled",
                StateKind::Skipped => "skipped",
                StateKind::Failed => "refused",
                StateKind::Deferred => "waiting for the next day",
                _ => "in the queue",
            };
            *counts.entry(word).or_insert(0) += 1;
        }
    }
    Ok(counts)
}
