//! File policies over an inventory of files, without touching a file.
//!
//! ```text
//! policies match --policies FILE --files FILE [--labels FILE,…] [--tenant GUID] [--now RFC3339]
//!     [--explain] [--json]
//! policies match --product-filters FILE --files FILE …
//! policies lint FILE [--labels FILE,…] [--tenant GUID] [--json]
//! policies preview --policies FILE --files FILE [--before FILE] [--samples N] …
//! policies events --rules FILE --events FILE [--labels FILE,…] [--tenant GUID] [--now RFC3339]
//!     [--json]
//! policies schema [file-policies | event-rules]
//! ```
//!
//! Without arguments it tells a story on a made-up tenant's inventory.
//!
//! `--files` is one file a line, or one JSON value of many: files as the product's interface gives
//! them, with our members beside them where there are any. `--labels` takes what `tenant_labels
//! --source` takes, and may be given as several paths separated by commas. `--tenant` says whose
//! labels those are, and whose a bare label id is. `--now` is what relative dates count from.
//!
//! `--product-filters` takes one object a line with `id` and `filters`, in the product's own syntax,
//! in place of policies. One without `filters` can't be read; with `{}` there, every file matches.
//!
//! With `--json` it prints one object a line for every file and policy that match, or that a scan or
//! the content decides. What can't be read is a line with `error`, the rest is answered all the same,
//! and the exit code is 1.
//!
//! `lint` prints what is wrong with a document, one line each, and else what looks like a mistake;
//! the exit code is 1 if there is either. `preview` says what each policy would do with the files, or
//! with `--before` what would change for them, also where a policy is removed; what can't be read is
//! said first, and the exit code is 1. It takes the folder for the administrator's quarantine as set.
//! `schema` prints the JSON Schema of documents: of file policies, or of event rules.
//!
//! `events` plays a log of label events, one JSON object a line, to the rules of a document, and says
//! which of them match and which alerts arise, with `--json` one object a line. The present is the
//! date of the newest event so far, and never later than `--now`. What can't be read, of the rules or of the log, is said as `lint`
//! and `match` say it, and the exit code is 1. `lint` tells by `format` which kind of document it has.
//!
//! An option that is given twice, or an argument that belongs to nothing, ends it with exit code 2.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use examples::arguments::Arguments;
use examples::file_lines::Files;
use examples::policy_match::{self, Questions, Style, Summary};
use examples::policy_preview::Outlook;
use examples::{event_match, label_documents, policy_story};
use label_core::{LabelCatalog, LabelView};
use policy_engine::events::{EventRuleDocument, event_rule_schema};
use policy_engine::{
    BuildContext, BuildError, BuildErrors, FilterDialect, LINTS_MAX, Lint, PolicySet,
    PreviewOptions,
};
use serde_json::json;

const USAGE: &str = "usage:
  policies match (--policies FILE | --product-filters FILE) --files FILE [--labels FILE,…]
                 [--tenant GUID] [--now RFC3339] [--explain] [--json]
  policies lint FILE [--labels FILE,…] [--tenant GUID] [--json]
  policies preview --policies FILE --files FILE [--before FILE] [--labels FILE,…] [--tenant GUID]
                   [--now RFC3339] [--samples N]
  policies events --rules FILE --events FILE [--labels FILE,…] [--tenant GUID] [--now RFC3339]
                  [--json]
  policies schema [file-policies | event-rules]";

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<ExitCode, String> {
    let mut given = examples::arguments::given();
    match given.next().as_deref() {
        Some("match") => matching(given),
        Some("lint") => lint(given),
        Some("preview") => preview(given),
        Some("events") => events(given),
        Some("schema") => schema(given),
        None => {
            policy_story::tell(&mut io::stdout().lock())?;
            Ok(ExitCode::SUCCESS)
        }
        Some(other) => Err(format!("`{other}` is no command\n{USAGE}")),
    }
}

/// Prints what is wrong with a document, or what looks like a mistake.
fn lint(given: impl Iterator<Item = String>) -> Result<ExitCode, String> {
    let arguments = Arguments::parse(given, &["--labels", "--tenant"], &["--json"])?;
    let [path] = arguments.rest() else {
        return Err(format!("one file is needed\n{USAGE}"));
    };
    let labels = labels(&arguments)?;
    let presets = label_service::presets();
    let mut context = BuildContext::new(&labels);
    context.detectors = &presets;
    let as_json = arguments.has("--json");
    let text = text(path)?;
    let lines = if is_of_event_rules(&text) {
        match EventRuleDocument::from_json(&text, &context) {
            Ok(_) => Vec::new(),
            Err(errors) => error_lines(&errors),
        }
    } else {
        match PolicySet::from_json(&text, &context) {
            Ok(set) => lint_lines(&set, &labels),
            Err(errors) => error_lines(&errors),
        }
    };
    let as_nothing = if as_json { "" } else { "nothing to say\n" };
    print_lines(&lines, as_json, as_nothing)?;
    Ok(ExitCode::from(u8::from(!lines.is_empty())))
}

/// Which kind of document it is says its format; what has none is read as file policies.
fn is_of_event_rules(text: &str) -> bool {
    let value = policy_engine::strict_json(text);
    value.is_ok_and(|value| {
        let format = value.get("format").and_then(serde_json::Value::as_str);
        format.is_some_and(|format| format.starts_with("event-rules/"))
    })
}

/// A line as JSON and as text.
type Line = (serde_json::Value, String);

fn error_lines(errors: &BuildErrors) -> Vec<Line> {
    let line = |error: &BuildError| {
        let object = json!({
            "error": {
                "pointer": error.pointer,
                "cause": error.cause.to_string(),
                "suggestion": error.suggestion,
            },
        });
        (object, error.to_string())
    };
    let mut lines: Vec<Line> = errors.as_slice().iter().map(line).collect();
    let more = errors.more();
    if more > 0 {
        lines.push((json!({"more": more}), format!("and {more} more")));
    }
    lines
}

fn lint_lines(set: &PolicySet, labels: &LabelView) -> Vec<Line> {
    let lints = set.lints(labels);
    let line = |lint: &Lint| {
        let object = json!({
            "policy": lint.policy,
            "lint": lint.kind.code(),
            "pointer": lint.pointer,
            "text": lint.kind.to_string(),
            "other": lint.other,
        });
        (object, lint.to_string())
    };
    let mut lines: Vec<Line> = lints.iter().map(line).collect();
    if lints.len() >= LINTS_MAX {
        let text = format!("there may be more: these are the first {LINTS_MAX}");
        lines.push((json!({"limit": LINTS_MAX}), text));
    }
    lines
}

/// Prints lines, or what stands for none.
fn print_lines(lines: &[Line], as_json: bool, nothing: &str) -> Result<(), String> {
    let mut out = BufWriter::new(io::stdout().lock());
    let mut print = || {
        for (object, text) in lines {
            if as_json {
                writeln!(out, "{object}")?;
            } else {
                writeln!(out, "{text}")?;
            }
        }
        if lines.is_empty() {
            write!(out, "{nothing}")?;
        }
        out.flush()
    };
    printed(print())
}

/// Says which events of a log match which rules, and which alerts arise.
fn events(given: impl Iterator<Item = String>) -> Result<ExitCode, String> {
    let flags = ["--rules", "--events", "--labels", "--tenant", "--now"];
    let arguments = Arguments::parse(given, &flags, &["--json"])?;
    arguments.no_rest().map_err(with_usage)?;
    let as_json = arguments.has("--json");
    let labels = labels(&arguments)?;
    let rules = text(arguments.required("--rules")?)?;
    let path = arguments.required("--events")?;
    let document = match EventRuleDocument::from_json(&rules, &BuildContext::new(&labels)) {
        Ok(document) => document,
        Err(errors) => {
            print_lines(&error_lines(&errors), as_json, "")?;
            return Ok(ExitCode::FAILURE);
        }
    };
    let run = event_match::Run::new(&document.rules, &labels, as_json, now(&arguments)?);
    let mut run = run.map_err(|error| error.to_string())?;
    let mut out = BufWriter::new(io::stdout().lock());
    let mut print = || {
        run.log(opened(path)?, &mut out)?;
        let summary = run.summary();
        if !as_json {
            writeln!(
                out,
                "{} events: {} matches, {} alerts, {} over the daily limit, {} can't be read",
                summary.events, summary.matches, summary.alerts, summary.over_limit, summary.errors
            )?;
            if summary.dated_ahead > 0 {
                let count = summary.dated_ahead;
                writeln!(out, "{count} dated later than now, and taken as of now")?;
            }
        }
        out.flush()
    };
    printed(print()).map_err(|error| format!("`{path}`: {error}"))?;
    Ok(ExitCode::from(u8::from(run.summary().errors > 0)))
}

/// A reader that goes away, such as `head`, has seen enough.
fn printed(result: io::Result<()>) -> Result<(), String> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.to_string()),
        _ => Ok(()),
    }
}

/// Says what policies would do, or what would change.
fn preview(given: impl Iterator<Item = String>) -> Result<ExitCode, String> {
    let flags = [
        "--policies",
        "--before",
        "--files",
        "--labels",
        "--tenant",
        "--now",
        "--samples",
    ];
    let arguments = Arguments::parse(given, &flags, &[])?;
    arguments.no_rest().map_err(with_usage)?;
    let labels = labels(&arguments)?;
    let presets = label_service::presets();
    let mut context = BuildContext::new(&labels);
    context.detectors = &presets;
    let built = |path: &str| {
        PolicySet::from_json(&text(path)?, &context)
            .map_err(|errors| format!("`{path}`:\n{errors}"))
    };
    let policies = built(arguments.required("--policies")?)?;
    let before = arguments.value("--before").map(built).transpose()?;
    let now_ms = now(&arguments)?;
    let mut options = PreviewOptions::default();
    options.samples_max = match arguments.value("--samples") {
        Some(number) => number
            .parse()
            .map_err(|_| format!("`--samples`: `{number}` is no number"))?,
        None => 1,
    };
    // Policies that quarantine are written where there is a folder for it.
    options.setup.has_quarantine_folder = true;
    let path = arguments.required("--files")?;
    let mut outlooks: Vec<Outlook> = Vec::new();
    for policy in policies.policies() {
        let earlier = before.as_ref().and_then(|set| set.policy(policy.id()));
        outlooks.push(match earlier {
            Some(earlier) => Outlook::change(earlier, policy, &options),
            // Without earlier policies, or a new one.
            None => Outlook::policy(policy, &labels, &options),
        });
    }
    let earlier = before.iter().flat_map(PolicySet::policies);
    let removed = earlier.filter(|policy| policies.policy(policy.id()).is_none());
    outlooks.extend(removed.map(|policy| Outlook::removal(policy, &options)));
    let mut errors = 0;
    let mut out = BufWriter::new(io::stdout().lock());
    let mut print = || {
        for file in Files::new(opened(path)?) {
            match file? {
                (_, Ok(file)) => {
                    for outlook in &mut outlooks {
                        outlook.add(&file.record, now_ms);
                    }
                }
                (line, Err(error)) => {
                    errors += 1;
                    policy_match::unreadable(&format!("line {line}"), &error, &mut out)?;
                }
            }
        }
        for outlook in &outlooks {
            outlook.print(&labels, &mut out)?;
        }
        out.flush()
    };
    printed(print()).map_err(|error| format!("`{path}`: {error}"))?;
    Ok(ExitCode::from(u8::from(errors > 0)))
}

/// Prints the JSON Schema of documents.
fn schema(given: impl Iterator<Item = String>) -> Result<ExitCode, String> {
    let arguments = Arguments::parse(given, &[], &[])?;
    let schema = match arguments.rest() {
        [] => policy_engine::document_schema(),
        [one] if one == "file-policies" => policy_engine::document_schema(),
        [one] if one == "event-rules" => event_rule_schema(),
        [other, ..] => return Err(format!("no schema of `{other}`\n{USAGE}")),
    };
    let text = serde_json::to_string_pretty(&schema);
    let text = text.map_err(|error| error.to_string())?;
    printed(writeln!(io::stdout().lock(), "{text}"))?;
    Ok(ExitCode::SUCCESS)
}

fn with_usage(message: String) -> String {
    format!("{message}\n{USAGE}")
}

fn opened(path: &str) -> io::Result<BufReader<File>> {
    File::open(path).map(BufReader::new)
}

fn matching(given: impl Iterator<Item = String>) -> Result<ExitCode, String> {
    let flags = [
        "--policies",
        "--product-filters",
        "--files",
        "--labels",
        "--tenant",
        "--now",
    ];
    let arguments = Arguments::parse(given, &flags, &["--explain", "--json"])?;
    arguments.no_rest().map_err(with_usage)?;
    let style = Style {
        json: arguments.has("--json"),
        explain: arguments.has("--explain"),
    };
    let labels = labels(&arguments)?;
    let presets = label_service::presets();
    let mut context = BuildContext::new(&labels);
    context.detectors = &presets;
    let questions = match (
        arguments.value("--policies"),
        arguments.value("--product-filters"),
    ) {
        (Some(path), None) => Questions::Policies(
            PolicySet::from_json(&text(path)?, &context)
                .map_err(|errors| format!("`{path}`:\n{errors}"))?,
        ),
        (None, Some(path)) => {
            context.dialect = FilterDialect::Product;
            let lines = opened(path).map_err(|error| format!("`{path}`: {error}"))?;
            let filters = policy_match::filters(lines, &context);
            Questions::Filters(filters.map_err(|error| format!("`{path}`: {error}"))?)
        }
        _ => {
            return Err(format!(
                "one of `--policies` and `--product-filters` is needed\n{USAGE}"
            ));
        }
    };
    let path = arguments.required("--files")?;
    let now_ms = now(&arguments)?;
    let mut out = BufWriter::new(io::stdout().lock());
    let mut summary = Summary::default();
    let mut print = || {
        summary = policy_match::run(&questions, opened(path)?, now_ms, style, &mut out)?;
        if !style.json {
            writeln!(
                out,
                "{} files: {} matches, {} undecided, {} can't be read",
                summary.files, summary.matches, summary.undecided, summary.errors
            )?;
        }
        out.flush()
    };
    printed(print()).map_err(|error| format!("`{path}`: {error}"))?;
    Ok(ExitCode::from(u8::from(summary.errors > 0)))
}

/// The labels that names are looked up in; none, where no list is given.
fn labels(arguments: &Arguments) -> Result<LabelView, String> {
    let tenant = label_documents::tenant(arguments.value("--tenant"))?;
    let catalog = match arguments.value("--labels") {
        Some(paths) => {
            let paths: Vec<&str> = paths.split(',').collect();
            label_documents::read(tenant, &paths)?.1
        }
        None => LabelCatalog::empty(tenant),
    };
    Ok(LabelView::new(catalog.into()))
}

fn now(arguments: &Arguments) -> Result<i64, String> {
    let Some(text) = arguments.value("--now") else {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let since = since.unwrap_or_default().as_millis();
        return Ok(i64::try_from(since).unwrap_or(i64::MAX));
    };
    let instant = chrono::DateTime::parse_from_rfc3339(text);
    let instant = instant.map_err(|error| format!("`--now`: {error}"))?;
    Ok(instant.timestamp_millis())
}

fn text(path: &str) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("`{path}`: {error}"))
}
