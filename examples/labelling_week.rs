//! Label tasks under the daily limit, day by day, without touching a file.
//!
//! ```text
//! labelling_week
//! labelling_week --scenario FILE [--day calendar|window] [--profile seed|current]
//!     [--until RFC3339] [--store memory|sqlite]
//! ```
//!
//! Without arguments it tells of a week in which 340 files in two apps get their labels, with a chart.
//!
//! With `--scenario` it plays a script: one JSON object a line, in the order of time, each with `at` and `op`. The
//! operations are `submit` (`task`, `tenant`, `app`, `file`, `policy` or null for a task by hand,
//! `label_priority`, larger is more sensitive), `cancel` (`task`), `disable_policy`,
//! `enable_policy` and `delete_policy` (`policy`), `set_limit` (`tenant`, `app`, `limit`), and
//! `restart`. Execution takes no time and always succeeds.
//!
//! It prints one JSON object a line: for each event that is an error `line` and `error`, then for
//! each task what became of it, in the order of submission. The script goes on after an error, and
//! the exit code is 0 all the same; it is 2 where the script can't be read at all.
//!
//! `--day` says what a day of the limit is, `--profile current` lets tasks by hand count, `--until`
//! says when to stop instead of after the last event (what would come later does not happen), and
//! `--store` where the tasks are kept meanwhile.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use examples::arguments::Arguments;
use examples::week::{self, Options, StoreKind};
use governance::DayReading;

const USAGE: &str = "usage:
  labelling_week
  labelling_week --scenario FILE [--day calendar|window] [--profile seed|current]
                 [--until RFC3339] [--store memory|sqlite]";

/// Longest script, in bytes.
const SCRIPT_BYTES_MAX: u64 = 512 * 1024 * 1024;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), String> {
    if examples::arguments::given().next().is_none() {
        let mut out = BufWriter::new(io::stdout().lock());
        week::tell(&mut out)?;
        return out.flush().map_err(|error| error.to_string());
    }
    let flags = ["--scenario", "--day", "--profile", "--until", "--store"];
    let arguments = Arguments::parse(examples::arguments::given(), &flags, &[])?;
    if let Some(one) = arguments.rest().first() {
        return Err(format!("`{one}` belongs to nothing\n{USAGE}"));
    }
    let path = arguments
        .required("--scenario")
        .map_err(|error| format!("{error}\n{USAGE}"))?;
    let options = Options {
        day: one_of(
            &arguments,
            "--day",
            [
                ("calendar", DayReading::Calendar),
                ("window", DayReading::Window),
            ],
        )?,
        counts_manual: one_of(
            &arguments,
            "--profile",
            [("seed", false), ("current", true)],
        )?,
        until: arguments
            .value("--until")
            .map(week::instant)
            .transpose()
            .map_err(|error| format!("`--until`: {error}"))?,
        store: one_of(
            &arguments,
            "--store",
            [("memory", StoreKind::Memory), ("sqlite", StoreKind::Sqlite)],
        )?,
    };
    let failed = |error: io::Error| format!("`{path}`: {error}");
    let length = std::fs::metadata(path).map_err(failed)?.len();
    if length > SCRIPT_BYTES_MAX {
        return Err(format!("`{path}`: more than {SCRIPT_BYTES_MAX} bytes"));
    }
    // Bytes that are no text make their own line an error, not the script.
    let script = std::fs::read(path).map_err(failed)?;
    let script = String::from_utf8_lossy(&script);
    let mut out = BufWriter::new(io::stdout().lock());
    week::run(&script, options, &mut out).map_err(|error| format!("`{path}`: {error}"))?;
    out.flush().map_err(|error| error.to_string())
}

/// The value that a flag names, or the first one where the flag is missing.
fn one_of<T: Copy, const N: usize>(
    arguments: &Arguments,
    flag: &str,
    values: [(&str, T); N],
) -> Result<T, String> {
    let names = values.map(|(name, _)| name).join(" ");
    let wanted = arguments.value(flag);
    let found = values
        .iter()
        .find(|(name, _)| wanted.is_none_or(|wanted| wanted == *name));
    match found {
        Some((_, value)) => Ok(*value),
        None => {
            let wanted = wanted.unwrap_or_default();
            Err(format!("`{flag}`: `{wanted}` is none of: {names}"))
        }
    }
}
