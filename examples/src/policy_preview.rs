//! What policies would do with an inventory: `policies preview`.

use std::io::{self, Write};

use label_core::{LabelKey, LabelView};
use policy_engine::{
    ChangePreview, Changed, ContentAnswer, FileRecord, Inspection, Policy, Preview, PreviewOptions,
};

/// Labels that the product applies in an app on a day.
pub const LABELS_A_DAY: usize = 100;

/// Prints what a policy would do.
///
/// # Errors
///
/// Of writing.
pub fn policy(
    policy: &Policy,
    files: &[FileRecord],
    labels: &LabelView,
    now_ms: i64,
    options: &PreviewOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut preview = Preview::new(policy, labels.tenant(), options.clone());
    for record in files {
        preview.add(record, now_ms, &mut not_read);
    }
    writeln!(
        out,
        "{}: {} of {} files match, {} need their labels read, {} their content",
        policy.name(),
        preview.matches,
        preview.files,
        preview.needs_scan,
        preview.needs_content
    )?;
    for ((app, kind), count) in &preview.actions {
        writeln!(out, "  {app}: {kind}: {count}")?;
    }
    for ((app, kind), count) in &preview.labels_not_read {
        writeln!(
            out,
            "  {app}: {kind}: {count} more, unless it is so already: their labels were never read"
        )?;
    }
    for ((app, kind, obstacle), count) in &preview.impossible {
        writeln!(out, "  {app}: {kind}: not for {count}, {obstacle}")?;
    }
    let name = |label: &Option<LabelKey>| {
        label.map_or_else(
            || "no label".to_owned(),
            |key| labels.display_name(key).unwrap_or_else(|| key.to_string()),
        )
    };
    for ((app, before, after), count) in &preview.labels {
        writeln!(out, "  {app}: {} → {}: {count}", name(before), name(after))?;
    }
    if preview.label_changes() > 0 {
        let days = preview.quota_days(|_, tasks| tasks.div_ceil(LABELS_A_DAY));
        writeln!(
            out,
            "  all labels are applied on day {days}, at {LABELS_A_DAY} a day and app"
        )?;
    }
    for sample in &preview.samples {
        writeln!(out, "  such as `{}`:", sample.name)?;
        for report in &sample.explanation.conditions {
            writeln!(out, "    {report}")?;
        }
    }
    Ok(())
}

/// Prints what a change of a policy would change.
///
/// # Errors
///
/// Of writing.
pub fn change(
    before: &Policy,
    after: &Policy,
    files: &[FileRecord],
    now_ms: i64,
    options: &PreviewOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut preview = ChangePreview::new(before, after, options.clone());
    for record in files {
        preview.add(record, now_ms, &mut not_read);
    }
    writeln!(out, "{}:", after.name())?;
    for (what, changed) in [
        ("begin to match", &preview.begins),
        ("go on", &preview.goes_on),
        ("no longer match", &preview.ends),
        ("must be read to tell", &preview.undecided),
    ] {
        writeln!(out, "  {} {what}{}", changed.count, names(changed))?;
    }
    Ok(())
}

fn names(changed: &Changed) -> String {
    let names: Vec<String> = changed
        .samples
        .iter()
        .map(|sample| format!("`{}`", sample.name))
        .collect();
    if names.is_empty() {
        String::new()
    } else {
        format!(", such as {}", names.join(", "))
    }
}

fn not_read(_: &Inspection) -> ContentAnswer {
    ContentAnswer::NotYet
}
