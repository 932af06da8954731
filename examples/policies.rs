//! File policies over an inventory of files, without touching a file.
//!
//! ```text
//! policies match --policies FILE --files FILE [--labels FILE]… [--tenant GUID] [--now RFC3339]
//!     [--explain] [--json]
//! policies match --product-filters FILE --files FILE …
//! policies lint FILE [--labels FILE]… [--tenant GUID] [--json]
//! policies preview --policies FILE --files FILE [--before FILE] [--samples N] …
//! policies schema
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
//! in place of policies.
//!
//! With `--json` it prints one object a line for every file and policy that match, or that a scan or
//! the content decides. What can't be read is a line with `error`, the rest is answered all the same,
//! and the exit code is 1.
//!
//! `lint` prints what is wrong with a document, one line each, and else what looks like a mistake;
//! the exit code is 1 if there is either. `preview` says what each policy would do with the files, or
//! with `--before` what would change for them. `schema` prints the JSON Schema of documents.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use examples::arguments::Arguments;
use examples::policy_match::{self, Questions, ReadFilter, Style};
use examples::{label_documents, policy_preview, policy_story};
use label_core::{LabelCatalog, LabelView};
use policy_engine::{BuildContext, FileJson, Filter, FilterDialect, PolicySet, PreviewOptions};
use serde_json::{Map, Value, json};

const USAGE: &str = "usage:
  policies match (--policies FILE | --product-filters FILE) --files FILE [--labels FILE,…]
                 [--tenant GUID] [--now RFC3339] [--explain] [--json]
  policies lint FILE [--labels FILE,…] [--tenant GUID] [--json]
  policies preview --policies FILE --files FILE [--before FILE] [--labels FILE,…] [--tenant GUID]
                   [--now RFC3339] [--samples N]
  policies schema";

/// Most filters of one file.
const FILTERS_MAX: usize = 100_000;

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
        Some("schema") => schema(),
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
    let document = PolicySet::from_json(&text(path)?, &context);
    let lints = document.as_ref().map(|set| set.lints(&labels));
    let mut lines = Vec::new();
    match lints {
        Err(errors) => lines.extend(errors.as_slice().iter().map(|error| {
            let object = json!({
                "error": {
                    "pointer": error.pointer,
                    "cause": error.cause.to_string(),
                    "suggestion": error.suggestion,
                },
            });
            (object, error.to_string())
        })),
        Ok(lints) => lines.extend(lints.iter().map(|lint| {
            let object = json!({
                "policy": lint.policy,
                "lint": lint.kind.code(),
                "pointer": lint.pointer,
                "text": lint.kind.to_string(),
                "other": lint.other,
            });
            (object, lint.to_string())
        })),
    }
    for (object, text) in &lines {
        if as_json {
            println!("{object}");
        } else {
            println!("{text}");
        }
    }
    if lines.is_empty() && !as_json {
        println!("nothing to say");
    }
    Ok(ExitCode::from(u8::from(!lines.is_empty())))
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
    let mut files = Vec::new();
    for (at, line) in text(path)?.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let file = FileJson::from_json(line);
        let file = file.map_err(|errors| format!("`{path}`, line {}: {errors}", at + 1))?;
        files.push(file.record);
    }
    let mut out = BufWriter::new(io::stdout().lock());
    for policy in policies.policies() {
        let earlier = before.as_ref().map(|set| set.policy(policy.id()));
        let written = match earlier {
            Some(Some(earlier)) => {
                policy_preview::change(earlier, policy, &files, now_ms, &options, &mut out)
            }
            // A new policy.
            Some(None) | None => {
                policy_preview::policy(policy, &files, &labels, now_ms, &options, &mut out)
            }
        };
        written.map_err(|error| error.to_string())?;
    }
    out.flush().map_err(|error| error.to_string())?;
    Ok(ExitCode::SUCCESS)
}

/// Prints the JSON Schema of policy documents.
fn schema() -> Result<ExitCode, String> {
    let text = serde_json::to_string_pretty(&policy_engine::document_schema());
    println!("{}", text.map_err(|error| error.to_string())?);
    Ok(ExitCode::SUCCESS)
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
    if let Some(one) = arguments.rest().first() {
        return Err(format!("`{one}` belongs to nothing\n{USAGE}"));
    }
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
            Questions::Filters(product_filters(path, &context)?)
        }
        _ => {
            return Err(format!(
                "one of `--policies` and `--product-filters` is needed\n{USAGE}"
            ));
        }
    };
    let path = arguments.required("--files")?;
    let files = File::open(path).map_err(|error| format!("`{path}`: {error}"))?;
    let mut out = BufWriter::new(io::stdout().lock());
    let summary = policy_match::run(&questions, files, now(&arguments)?, style, &mut out)
        .and_then(|summary| out.flush().map(|()| summary))
        .map_err(|error| format!("`{path}`: {error}"))?;
    if !style.json {
        println!(
            "{} files: {} matches, {} undecided, {} can't be read",
            summary.files, summary.matches, summary.undecided, summary.errors
        );
    }
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

/// One object a line: `id`, and `filters`. One without id goes by its line.
fn product_filters(
    path: &str,
    context: &BuildContext<'_>,
) -> Result<Vec<(String, ReadFilter)>, String> {
    let file = File::open(path).map_err(|error| format!("`{path}`: {error}"))?;
    let mut filters = Vec::new();
    for (at, line) in BufReader::new(file).lines().enumerate() {
        let line = line.map_err(|error| format!("`{path}`: {error}"))?;
        if line.trim().is_empty() {
            continue;
        }
        if filters.len() == FILTERS_MAX {
            return Err(format!("`{path}`: more than {FILTERS_MAX} filters"));
        }
        let lenient: Option<Value> = serde_json::from_str(&line).ok();
        let id = match lenient.as_ref().and_then(|members| members.get("id")) {
            Some(Value::String(id)) => id.clone(),
            Some(Value::Number(id)) => id.to_string(),
            _ => format!("line {}", at + 1),
        };
        let filter = policy_engine::strict_json(&line).and_then(|members| {
            let wanted = members.get("filters").cloned();
            let wanted = wanted.unwrap_or_else(|| Value::Object(Map::new()));
            Filter::build(&wanted, context)
        });
        filters.push((id, filter));
    }
    Ok(filters)
}
