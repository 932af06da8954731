//! A tenant's labels: three days of them in a minute, or from exports, or from Microsoft Graph.
//!
//! ```text
//! tenant_labels
//! tenant_labels [--tenant GUID] [--json] --source FILE…
//! tenant_labels [--json] --graph
//! ```
//!
//! Without arguments it reads a made-up tenant's labels from a server of its own, every hour of three
//! simulated days, in which the service is busy, fails, and an administrator changes this and that.
//!
//! `--source` takes saved answers of Graph (v1.0 or beta, all pages), exports of `Get-Label` and
//! `Get-LabelPolicy`, and classic labels in the neutral form, in any order, and prints the tree that
//! they make together. `--json` prints one object a label instead, in the order of the tree. The
//! documents don't say whose they are, apart from the last kind: `--tenant` does.
//!
//! `--graph` reads the list once from Microsoft Graph. It takes an app registration with the
//! application permission `SensitivityLabels.Read.All` from `AZURE_TENANT_ID`, `AZURE_CLIENT_ID` and
//! `AZURE_CLIENT_SECRET`.

use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use examples::arguments::Arguments;
use examples::tenant_tree::{objects, tree};
use examples::{label_documents, tenant_story};
use label_core::source::Combined;
use label_core::sync::{
    Credentials, GraphDriver, KeeperOptions, LabelSync, SnapshotKeeper, Step, SyncOptions,
};
use label_core::{LabelCatalog, TenantId};

/// The made-up tenant's labels, as Graph answers.
const LABELS: &str = include_str!("data/labels.json");

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let given = examples::arguments::given();
    let switches = ["--json", "--source", "--graph"];
    let arguments = Arguments::parse(given, &["--tenant"], &switches)?;
    if arguments.has("--graph") {
        arguments.no_rest()?;
        return from_graph(arguments.has("--json"));
    }
    let tenant = label_documents::tenant(arguments.value("--tenant"))?;
    let paths: Vec<&str> = arguments.rest().iter().map(String::as_str).collect();
    if paths.is_empty() {
        if arguments.has("--source") || arguments.has("--json") {
            return Err("`--source` needs at least one file".to_owned());
        }
        let answer: serde_json::Value =
            serde_json::from_str(LABELS).map_err(|error| error.to_string())?;
        let labels = answer.get("value").and_then(serde_json::Value::as_array);
        return tenant_story::tell(tenant, labels.cloned().unwrap_or_default());
    }
    let (combined, catalog) = label_documents::read(tenant, &paths)?;
    if arguments.has("--json") {
        return print_objects(&catalog);
    }
    show(&combined, &catalog);
    Ok(())
}

fn print_objects(catalog: &LabelCatalog) -> Result<(), String> {
    for object in objects(catalog).map_err(|error| error.to_string())? {
        println!("{object}");
    }
    Ok(())
}

/// Reads the list once, with credentials from the environment.
fn from_graph(as_json: bool) -> Result<(), String> {
    let variable = |name: &str| std::env::var(name).map_err(|_| format!("`{name}` is not set"));
    let tenant =
        TenantId::parse(&variable("AZURE_TENANT_ID")?).map_err(|error| error.to_string())?;
    let client_id = variable("AZURE_CLIENT_ID")?;
    let credentials = Credentials::new(tenant, &client_id, &variable("AZURE_CLIENT_SECRET")?);
    let keeper = SnapshotKeeper::new(tenant, KeeperOptions::default());
    let mut sync =
        LabelSync::new(keeper, SyncOptions::default()).map_err(|error| error.to_string())?;
    let run = GraphDriver::new(credentials).run(&mut sync, &now_ms);
    if let Some(snapshot) = sync.current() {
        if as_json {
            return print_objects(&snapshot.catalog);
        }
        println!("{} labels of tenant {tenant}:\n", snapshot.catalog.len());
        print!("{}", tree(&snapshot.catalog));
        return Ok(());
    }
    let failed = run.steps.iter().find_map(|step| match step {
        Step::Failed(error) => Some(error.to_string()),
        _ => None,
    });
    let status = || sync.status().last_error.as_ref().map(ToString::to_string);
    Err(failed
        .or_else(status)
        .unwrap_or_else(|| "no answer".to_owned()))
}

fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn show(combined: &Combined, catalog: &LabelCatalog) {
    let appliable = catalog.appliable().count();
    println!(
        "{} labels of tenant {}, {appliable} of them for documents, the least sensitive first:\n",
        catalog.len(),
        catalog.tenant()
    );
    print!("{}", tree(catalog));
    if !combined.chosen.shadowed.is_empty() {
        println!("\n{} more are not in use.", combined.chosen.shadowed.len());
    }
    let settings = &combined.settings;
    if !combined.policies.is_empty() {
        println!("\nPolicies:");
        for policy in &combined.policies {
            println!(
                "  {}: {} labels for {}",
                policy.name,
                policy.labels.len(),
                policy.locations.join(", ")
            );
        }
    }
    let said = |flag: Option<bool>| match flag {
        Some(true) => "yes",
        Some(false) => "no",
        None => "not said",
    };
    if !settings.all.is_empty() {
        println!("\nA label is mandatory: {}", said(settings.mandatory));
        println!(
            "Lowering one has to be justified: {}",
            said(settings.requires_downgrade_justification)
        );
    }
    if !combined.notes.is_empty() {
        println!("\nNotes:");
        for note in &combined.notes {
            println!("  {note}");
        }
    }
}
