//! Reads, applies and removes the labels of files.
//!
//! ```text
//! labels read [--json] [--stats] [--storage STATE] PATH…
//! labels apply --tenant GUID --label GUID --name NAME [--method standard|privileged] [--date RFC3339]
//!     [--storage STATE] [--allow-signed] [--rewrite] IN OUT
//! labels remove --tenant GUID [--storage STATE] [--allow-signed] [--rewrite] IN OUT
//! labels verify [--json] [--tenant GUID] [--storage STATE] BEFORE AFTER
//! ```
//!
//! `--storage` says whether the tenant has opted in to labels in a part of their own: `opted-in`,
//! `not-opted-in` or, if it is not given, `unknown`.
//!
//! `--allow-signed` writes signed files as far as their signatures can stay valid. `--rewrite` saves a
//! PDF anew, so that no earlier revision is left in it; otherwise the change is appended.
//!
//! `verify` ends with 0 only if nothing but labels changed between the two files.
//!
//! Without arguments it reads the sample documents that come with the project.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use examples::arguments::Arguments;
use examples::label_json::{to_json, verification_to_json};
use label_core::{AssignmentMethod, EffectiveLabel, LabelId, TenantId};
use label_formats::{
    ApplyRequest, CountingSource, EditedFile, FileSource, PdfOutcome, PdfPlaces, PdfSave,
    ReadOptions, Reading, Status, TenantStorage, Verification, VerifyOptions, WriteOptions,
    WritePlan, plan_apply, plan_remove, read, read_many, replace_file,
};

/// Deepest folder that is looked into.
const FOLDER_DEPTH_MAX: usize = 64;

/// How many files are read before their answers are printed, so that memory stays bounded.
const READ_AT_ONCE: usize = 512;

const USAGE: &str = "usage:
  labels read [--json] [--stats] [--storage STATE] PATH…
  labels apply --tenant GUID --label GUID --name NAME [--method standard|privileged] [--date RFC3339]
               [--storage STATE] [--allow-signed] [--rewrite] IN OUT
  labels remove --tenant GUID [--storage STATE] [--allow-signed] [--rewrite] IN OUT
  labels verify [--json] [--tenant GUID] [--storage STATE] BEFORE AFTER
STATE: opted-in, not-opted-in, unknown";

/// Flags of the two commands that write.
const WRITE_FLAGS: [&str; 2] = ["--allow-signed", "--rewrite"];

/// What went wrong, and so the exit code.
enum Failure {
    Usage(String),
    Refused(String),
    Io(io::Error),
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::Usage(message)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn main() -> ExitCode {
    let mut arguments = examples::arguments::given();
    let result = match arguments.next().as_deref() {
        None => read_samples(),
        Some("read") => Arguments::parse(arguments, &["--storage"], &["--json", "--stats"])
            .map_err(Failure::from)
            .and_then(|arguments| read_paths(&arguments)),
        Some("apply") => {
            let flags = [
                "--tenant",
                "--label",
                "--name",
                "--method",
                "--date",
                "--storage",
            ];
            Arguments::parse(arguments, &flags, &WRITE_FLAGS)
                .map_err(Failure::from)
                .and_then(|arguments| apply(&arguments))
        }
        Some("remove") => Arguments::parse(arguments, &["--tenant", "--storage"], &WRITE_FLAGS)
            .map_err(Failure::from)
            .and_then(|arguments| remove(&arguments)),
        Some("verify") => Arguments::parse(arguments, &["--tenant", "--storage"], &["--json"])
            .map_err(Failure::from)
            .and_then(|arguments| verify(&arguments)),
        Some(other) => Err(Failure::Usage(format!("unknown command `{other}`"))),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(message)) => {
            eprintln!("{message}\n{USAGE}");
            ExitCode::from(2)
        }
        Err(Failure::Refused(reason)) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
        // The reader of a pipe went away: nothing is wrong.
        Err(Failure::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(Failure::Io(error)) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn read_samples() -> Result<(), Failure> {
    let documents = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/documents");
    let arguments = [documents.display().to_string()];
    let parsed = Arguments::parse(arguments.into_iter(), &[], &[])?;
    read_paths(&parsed)
}

fn read_paths(arguments: &Arguments) -> Result<(), Failure> {
    if arguments.rest().is_empty() {
        return Err(Failure::Usage("no path given".to_owned()));
    }
    let storage = storage(arguments)?;
    let mut paths = Vec::new();
    for argument in arguments.rest() {
        let path = Path::new(argument);
        if path.is_dir() {
            paths.extend(files_below(path, 0));
        } else {
            paths.push(path.to_owned());
        }
    }
    let mut out = BufWriter::new(io::stdout().lock());
    let mut counts = Counts::default();
    for some in paths.chunks(READ_AT_ONCE) {
        let found = if arguments.has("--stats") {
            some.iter()
                .map(|path| read_counted(path, storage))
                .collect()
        } else {
            let options = |_: &Path| {
                let mut options = ReadOptions::default();
                options.default_storage = storage;
                options
            };
            let readings = read_many(some, options, &|_, _| ());
            readings
                .into_iter()
                .map(|one| (one, None))
                .collect::<Vec<_>>()
        };
        for (path, (reading, stats)) in some.iter().zip(&found) {
            counts.add(reading);
            print_one(path, reading, *stats, arguments, &mut out)?;
        }
    }
    if !arguments.has("--json") {
        writeln!(
            out,
            "\n{} files: {} labelled, {} unlabelled, {} protected, {} other",
            counts.files, counts.labelled, counts.unlabelled, counts.protected, counts.other
        )?;
    }
    out.flush()?;
    Ok(())
}

#[derive(Default)]
struct Counts {
    files: usize,
    labelled: usize,
    unlabelled: usize,
    protected: usize,
    other: usize,
}

impl Counts {
    fn add(&mut self, reading: &Reading) {
        self.files += 1;
        match reading.status {
            Status::Ok if reading.is_labelled() => self.labelled += 1,
            Status::Ok => self.unlabelled += 1,
            Status::Protected => self.protected += 1,
            _ => self.other += 1,
        }
    }
}

/// All files below a folder, in the order of their names. A folder that can't be looked into is
/// listed itself, so that it gets an answer too.
fn files_below(folder: &Path, depth: usize) -> Vec<PathBuf> {
    let entries: io::Result<Vec<PathBuf>> = std::fs::read_dir(folder).and_then(|entries| {
        entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect()
    });
    let Ok(mut entries) = entries else {
        return vec![folder.to_owned()];
    };
    entries.sort();
    let mut files = Vec::new();
    for path in entries {
        // Links are not followed: they may go round in a circle.
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            if depth < FOLDER_DEPTH_MAX {
                files.extend(files_below(&path, depth + 1));
            }
        } else {
            files.push(path);
        }
    }
    files
}

/// How many reads and bytes an answer took.
type Stats = (u64, u64);

fn read_counted(path: &Path, storage: TenantStorage) -> (Reading, Option<Stats>) {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let mut options = ReadOptions::default();
    options.name = Some(&name);
    options.default_storage = storage;
    match FileSource::open(path) {
        Ok(file) => {
            let source = CountingSource::new(file);
            let reading = read(&source, &options);
            (reading, Some((source.reads(), source.bytes_read())))
        }
        Err(error) => (Reading::unreadable(&error), Some((0, 0))),
    }
}

fn print_one(
    path: &Path,
    reading: &Reading,
    stats: Option<Stats>,
    arguments: &Arguments,
    out: &mut dyn Write,
) -> io::Result<()> {
    if arguments.has("--json") {
        let mut object = to_json(&path.display().to_string(), reading);
        if let (Some((reads, bytes)), Some(members)) = (stats, object.as_object_mut()) {
            members.insert("bytes_read".to_owned(), bytes.into());
            members.insert("reads".to_owned(), reads.into());
        }
        return writeln!(out, "{object}");
    }
    writeln!(out, "{}: {}", path.display(), describe(reading))?;
    for diagnostic in &reading.diagnostics {
        writeln!(out, "    {diagnostic}")?;
    }
    if let Some((reads, bytes)) = stats {
        writeln!(out, "    {reads} reads, {bytes} bytes")?;
    }
    Ok(())
}

/// One line for a person.
fn describe(reading: &Reading) -> String {
    let mut parts = Vec::new();
    if let Some(kind) = reading.kind {
        parts.push(kind.to_string());
    }
    if let Some(protection) = reading.protection {
        parts.push(protection.as_str().to_owned());
    }
    match reading.status {
        Status::Ok | Status::Protected => {
            for label in &reading.effective {
                let name = label.name.as_deref().unwrap_or(&label.id_text);
                let tenant = label
                    .tenant
                    .map_or_else(|| "unknown tenant".to_owned(), |tenant| tenant.to_string());
                parts.push(format!("`{name}` of {tenant} ({})", label.storage));
            }
            if reading.effective.is_empty() {
                parts.push("no label".to_owned());
            }
        }
        status => parts.push(format!(
            "{}: {}",
            status.as_str(),
            reading.error.as_deref().unwrap_or_default()
        )),
    }
    parts.join(", ")
}

fn apply(arguments: &Arguments) -> Result<(), Failure> {
    let tenant = TenantId::parse(arguments.required("--tenant")?).map_err(|e| e.to_string())?;
    let label = LabelId::parse(arguments.required("--label")?).map_err(|e| e.to_string())?;
    let method = match arguments.value("--method") {
        None | Some("standard") => AssignmentMethod::Standard,
        Some("privileged") => AssignmentMethod::Privileged,
        Some(other) => {
            return Err(Failure::Usage(format!(
                "`--method`: `{other}` is neither `standard` nor `privileged`"
            )));
        }
    };
    let date_ms = match arguments.value("--date") {
        Some(text) => chrono::DateTime::parse_from_rfc3339(text)
            .map_err(|error| format!("`--date`: `{text}`: {error}"))?
            .timestamp_millis(),
        None => SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .ok()
            .and_then(|since| i64::try_from(since.as_millis()).ok())
            .unwrap_or_default(),
    };
    let mut request = ApplyRequest::new(tenant, label, date_ms);
    request.name = Some(arguments.required("--name")?.to_owned());
    request.method = method;
    let options = write_options(arguments)?;
    write(arguments, |source| plan_apply(source, &request, &options))
}

fn remove(arguments: &Arguments) -> Result<(), Failure> {
    let tenant = TenantId::parse(arguments.required("--tenant")?).map_err(|e| e.to_string())?;
    let options = write_options(arguments)?;
    write(arguments, |source| plan_remove(source, tenant, &options))
}

/// Whether tenants have opted in.
fn storage(arguments: &Arguments) -> Result<TenantStorage, Failure> {
    match arguments.value("--storage") {
        None | Some("unknown") => Ok(TenantStorage::Unknown),
        Some("opted-in") => Ok(TenantStorage::OptedIn),
        Some("not-opted-in") => Ok(TenantStorage::NotOptedIn),
        Some(other) => Err(Failure::Usage(format!(
            "`--storage`: `{other}` is none of `opted-in`, `not-opted-in`, `unknown`"
        ))),
    }
}

fn write_options(arguments: &Arguments) -> Result<WriteOptions<'static>, Failure> {
    let mut options = WriteOptions::default();
    options.read.default_storage = storage(arguments)?;
    options.allow_signed = arguments.has("--allow-signed");
    if arguments.has("--rewrite") {
        options.pdf_save = PdfSave::Rewritten;
    }
    Ok(options)
}

fn write(
    arguments: &Arguments,
    plan: impl for<'a> Fn(&'a FileSource) -> Result<WritePlan<'a>, label_formats::WriteError>,
) -> Result<(), Failure> {
    let [input, output] = arguments.rest() else {
        return Err(Failure::Usage("IN and OUT are needed".to_owned()));
    };
    let refused = |reason: String| Failure::Refused(format!("{input}: {reason}"));
    let source = FileSource::open(Path::new(input)).map_err(|error| refused(error.to_string()))?;
    let plan = plan(&source).map_err(|error| refused(error.to_string()))?;
    let result = match plan.file() {
        Some(file) => replace_file(Path::new(output), file),
        None => replace_file(Path::new(output), &EditedFile::copy_of(&source)),
    };
    result.map_err(|error| Failure::Refused(format!("{output}: {error}")))?;
    let outcome = plan.outcome();
    println!(
        "{output}: {} -> {}{}",
        label_name(&outcome.previous),
        label_name(&outcome.new),
        if outcome.changed { "" } else { " (unchanged)" }
    );
    if let Some(pdf) = &outcome.pdf {
        describe_pdf(pdf);
    }
    Ok(())
}

/// What the owner of a PDF may want to know.
fn describe_pdf(pdf: &PdfOutcome) {
    match pdf.places {
        PdfPlaces::InfoOnly => println!("    its XMP can't be read and stays as it is"),
        PdfPlaces::XmpOnly => println!("    in XMP only: PDF/A-4 has no information dictionary"),
        _ => {}
    }
    if pdf.previous_remains {
        println!("    the label before can still be found in the file");
    }
    if pdf.was_linearized {
        println!("    no longer linearised");
    }
    if let Some(outlook) = pdf.signatures {
        println!("    {outlook}");
    }
}

/// Compares two files. Anything but a label that changed is a refusal.
fn verify(arguments: &Arguments) -> Result<(), Failure> {
    let [before, after] = arguments.rest() else {
        return Err(Failure::Usage("BEFORE and AFTER are needed".to_owned()));
    };
    let mut options = VerifyOptions::default();
    options.default_storage = storage(arguments)?;
    if let Some(text) = arguments.value("--tenant") {
        options.tenant = Some(TenantId::parse(text).map_err(|error| error.to_string())?);
    }
    let open = |path: &str| {
        FileSource::open(Path::new(path))
            .map_err(|error| Failure::Refused(format!("{path}: {error}")))
    };
    let (old, new) = (open(before)?, open(after)?);
    let result = label_formats::verify(&old, &new, &options);
    let mut out = BufWriter::new(io::stdout().lock());
    if arguments.has("--json") {
        writeln!(out, "{}", verification_to_json(before, after, &result))?;
    }
    let verification = result.map_err(|error| Failure::Refused(error.to_string()))?;
    if !arguments.has("--json") {
        describe_verification(&verification, &mut out)?;
    }
    out.flush()?;
    if verification.only_labels_changed() {
        return Ok(());
    }
    Err(Failure::Refused(format!(
        "{after}: {} other differences",
        verification.differences_count
    )))
}

fn describe_verification(verification: &Verification, out: &mut dyn Write) -> io::Result<()> {
    for change in &verification.changes {
        let of = change
            .tenant
            .map_or_else(|| "unknown tenant".to_owned(), |tenant| tenant.to_string());
        let (previous, new) = (label_name(&change.previous), label_name(&change.new));
        writeln!(out, "label of {of}: {previous} -> {new}")?;
    }
    for difference in &verification.differences {
        writeln!(out, "{difference}")?;
    }
    let listed = verification.differences.len();
    if let Some(more @ 1..) = verification.differences_count.checked_sub(listed) {
        writeln!(out, "and {more} more")?;
    }
    if verification.identical {
        writeln!(out, "identical")?;
    } else if verification.only_labels_changed() {
        writeln!(out, "only labels changed")?;
    }
    Ok(())
}

fn label_name(label: &Option<EffectiveLabel>) -> String {
    label.as_ref().map_or_else(
        || "none".to_owned(),
        |label| label.name.clone().unwrap_or_else(|| label.id_text.clone()),
    )
}
