//! What policies would do with an inventory: `policies preview`.

use std::io::{self, Write};

use label_core::{LabelKey, LabelView};
use policy_engine::{
    ChangePreview, Changed, ContentAnswer, FileRecord, Inspection, Policy, Preview, PreviewOptions,
};

/// Labels that the product applies in an app on a day.
pub const LABELS_A_DAY: usize = 100;

/// What a policy, or a change of one, would do with files that are looked at one after the other.
pub enum Outlook {
    /// A policy.
    Policy(Box<Preview>, String),
    /// A policy that takes the place of another.
    Change(Box<ChangePreview>, String),
}

impl Outlook {
    /// Of a policy.
    pub fn policy(policy: &Policy, labels: &LabelView, options: &PreviewOptions) -> Self {
        let preview = Preview::new(policy, labels.tenant(), options.clone());
        Self::Policy(Box::new(preview), policy.name().to_owned())
    }

    /// Of a change.
    pub fn change(before: &Policy, after: &Policy, options: &PreviewOptions) -> Self {
        let preview = ChangePreview::new(before, after, options.clone());
        Self::Change(Box::new(preview), after.name().to_owned())
    }

    /// Of a policy that is no longer there.
    pub fn removal(before: &Policy, options: &PreviewOptions) -> Self {
        let after = before.with_enabled(false);
        let preview = ChangePreview::new(before, &after, options.clone());
        Self::Change(
            Box::new(preview),
            format!("{}, which is removed", before.name()),
        )
    }

    /// Looks at a file.
    pub fn add(&mut self, record: &FileRecord, now_ms: i64) {
        match self {
            Self::Policy(preview, _) => preview.add(record, now_ms, &mut not_read),
            Self::Change(preview, _) => preview.add(record, now_ms, &mut not_read),
        }
    }

    /// Prints what came of it.
    ///
    /// # Errors
    ///
    /// Of writing.
    pub fn print(&self, labels: &LabelView, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Policy(preview, name) => print_policy(preview, name, labels, out),
            Self::Change(preview, name) => print_change(preview, name, out),
        }
    }
}

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
    let mut outlook = Outlook::policy(policy, labels, options);
    for record in files {
        outlook.add(record, now_ms);
    }
    outlook.print(labels, out)
}

fn print_policy(
    preview: &Preview,
    name: &str,
    labels: &LabelView,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(
        out,
        "{}: {} of {} files match, {} need their labels read, {} their content",
        name, preview.matches, preview.files, preview.needs_scan, preview.needs_content
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
    print_change(&preview, after.name(), out)
}

fn print_change(preview: &ChangePreview, name: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{name}:")?;
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
