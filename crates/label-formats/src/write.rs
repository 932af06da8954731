//! Applying and removing a label: a plan first, checked by reading it back, then the file.

use std::io::Write;

use label_core::{
    AssignmentMethod, EffectiveLabel, FileLabel, LabelId, LabelKey, LabelProtection, LabelStorage,
    TenantId,
};

use crate::date::SetDate;
use crate::edited::EditedFile;
use crate::error::WriteError;
use crate::kind::FileKind;
use crate::pdf_outcome::{PdfOutcome, PdfPlaces, PdfSave};
use crate::protect::{EncryptingIdentity, ProtectRequest, Protector};
use crate::read::{ReadOptions, read_source};
use crate::reading::{DiagnosticCode, Protection, Reading, Status};
use crate::source::{ByteSource, read_range};
use crate::xml::is_xml_char;
use crate::{ooxml, pdf};

/// Longest value that Office stores in a property, in UTF-16 code units (F-063).
const VALUE_UNITS_MAX: usize = 255;

/// The first and the last instant that a date in a file can name: the year 1 stands for none, and
/// a year has four digits.
const DATE_MS_MIN: i64 = -62_104_060_800_000;
const DATE_MS_MAX: i64 = 253_402_300_799_999;

/// The label to apply, and what is recorded with it.
///
/// # Examples
///
/// ```
/// use label_core::{LabelId, TenantId};
/// use label_formats::ApplyRequest;
///
/// let mut request = ApplyRequest::new(TenantId::from_u128(1), LabelId::from_u128(2), 1_609_459_200_000);
/// request.name = Some("General".to_owned());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApplyRequest {
    /// Whose label it is.
    pub tenant: TenantId,
    /// Which label.
    pub label: LabelId,
    /// Its name in the tenant, at most 255 UTF-16 code units. For display only.
    pub name: Option<String>,
    /// Chosen by a person, or not. Default: not.
    pub method: AssignmentMethod,
    /// When, in milliseconds UTC; written in whole seconds.
    pub date_ms: i64,
    /// What was done to the content; default `Some(0)`: nothing. `None` leaves the attribute out.
    pub content_bits: Option<u32>,
    /// Links audit records; default none.
    pub action_id: Option<String>,
    /// What protection the label brings; default none.
    pub protection: LabelProtection,
}

impl ApplyRequest {
    /// A request with the defaults.
    pub fn new(tenant: TenantId, label: LabelId, date_ms: i64) -> Self {
        Self {
            tenant,
            label,
            name: None,
            method: AssignmentMethod::Standard,
            date_ms,
            content_bits: Some(0),
            action_id: None,
            protection: LabelProtection::None,
        }
    }

    /// The label's identity.
    pub fn key(&self) -> LabelKey {
        LabelKey::new(self.tenant, self.label)
    }
}

/// What writing may use. The default is right for most callers.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct WriteOptions<'a> {
    /// Limits, storages and the decryptor.
    pub read: ReadOptions<'a>,
    /// Encrypts for labels that protect. Without one such a label is refused.
    pub protector: Option<&'a dyn Protector>,
    /// Write also if the label is already there; default no.
    pub force: bool,
    /// Write also into a digitally signed package, as far as its signatures can stay valid: only
    /// custom properties change, and only where no signature names them. Office's own don't.
    /// Default no, as the MIP SDK does since 1.14.
    ///
    /// A signed PDF gets the label appended, unless its certification allows no changes or it gives
    /// usage rights; [`PdfOutcome::signatures`] says what validators will report.
    pub allow_signed: bool,
    /// How a PDF is saved; default [`PdfSave::Appended`]. [`PdfSave::Rewritten`] leaves nothing of
    /// a label that is removed or replaced, also not in earlier revisions, and is the only way to
    /// write a PDF whose cross-reference is damaged.
    pub pdf_save: PdfSave,
}

/// The parts of a request that go into the file.
pub(crate) struct Applied {
    pub(crate) label: LabelId,
    pub(crate) name: Option<String>,
    pub(crate) method: AssignmentMethod,
    pub(crate) date_ms: i64,
    pub(crate) content_bits: Option<u32>,
    pub(crate) action_id: Option<String>,
}

impl Applied {
    /// Names and values of the label's properties, in the order that Office writes.
    pub(crate) fn properties(&self, tenant: TenantId) -> Vec<(String, String)> {
        let mut properties = Vec::new();
        let mut add = |attribute: &str, value: String| {
            properties.push((crate::keys::name(self.label, attribute), value));
        };
        add("Enabled", "true".to_owned());
        add("SetDate", SetDate::from_unix_ms(self.date_ms).to_string());
        add("Method", self.method.as_str().to_owned());
        if let Some(name) = &self.name {
            add("Name", name.clone());
        }
        add("SiteId", tenant.to_string());
        if let Some(action) = &self.action_id {
            add("ActionId", action.clone());
        }
        if let Some(bits) = self.content_bits {
            add("ContentBits", bits.to_string());
        }
        properties
    }
}

/// What is done to a file.
pub(crate) enum Operation<'a> {
    Apply(&'a Applied),
    Remove,
    /// The labels stay as they are; a PDF that is written anew loses what it still says of others.
    Keep,
}

/// What was, or will be, done: for the caller's audit log (F-056).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WriteOutcome {
    /// What the file is.
    pub kind: FileKind,
    /// The tenant's label before.
    pub previous: Option<EffectiveLabel>,
    /// The tenant's label after.
    pub new: Option<EffectiveLabel>,
    /// Whether any byte changes.
    pub changed: bool,
    /// Whether the file is digitally signed. Where it was written all the same, Office's signatures
    /// stay valid; another program may call the package changed since it was signed. What is said
    /// of a PDF stands in [`PdfOutcome::signatures`].
    pub signed: bool,
    /// Whose identity encrypted the file, if it was encrypted.
    pub encrypting_identity: Option<EncryptingIdentity>,
    /// Of a PDF that changes: how it is saved, and what its owner may want to know.
    pub pdf: Option<PdfOutcome>,
}

/// A checked edit that is not yet written anywhere.
#[derive(Debug)]
pub struct WritePlan<'a> {
    outcome: WriteOutcome,
    file: Option<EditedFile<'a>>,
}

impl<'a> WritePlan<'a> {
    /// What the edit does.
    pub fn outcome(&self) -> &WriteOutcome {
        &self.outcome
    }

    /// The file after the edit; `None` if nothing changes.
    pub fn file(&self) -> Option<&EditedFile<'a>> {
        self.file.as_ref()
    }
}

/// Plans to apply a label: refuses, or gives the finished file, read back and checked (F-052).
///
/// Replaces the tenant's label and leaves those of other tenants. The label is written into the
/// storage that counts for the tenant. Applying the label that is there already changes nothing
/// (F-053).
///
/// # Errors
///
/// [`WriteError`], each with what the caller can do. Nothing was written.
pub fn plan_apply<'a, S: ByteSource>(
    source: &'a S,
    request: &ApplyRequest,
    options: &WriteOptions<'_>,
) -> Result<WritePlan<'a>, WriteError> {
    check_value("name", request.name.as_deref())?;
    check_value("action id", request.action_id.as_deref())?;
    if !(DATE_MS_MIN..=DATE_MS_MAX).contains(&request.date_ms) {
        return Err(WriteError::Value {
            attribute: "date",
            cause: "not in the years 2 to 9999".to_owned(),
        });
    }
    let applied = Applied {
        label: request.label,
        name: request.name.clone(),
        method: request.method,
        date_ms: request.date_ms,
        content_bits: request.content_bits,
        action_id: request.action_id.clone(),
    };
    let protects = request.protection.encrypts();
    if protects && options.protector.is_none() {
        return Err(WriteError::ProtectionRequired);
    }
    let before = readable(source, options)?;
    let expected = Some(request.key());
    let labelled = before
        .reading
        .effective_for(request.tenant)
        .and_then(EffectiveLabel::key);
    if labelled == expected && !options.force && before.inner.is_none() && !protects {
        return settled(source, before, request.tenant, options);
    }
    if protects && before.reading.signed {
        // Encrypting takes the signatures off, whatever is allowed.
        return Err(WriteError::Signed);
    }
    let plan = edit(
        source,
        before,
        request.tenant,
        &Operation::Apply(&applied),
        options,
        expected,
    )?;
    match options.protector {
        Some(protector) if protects => protect(source, plan, request, protector, options),
        _ => Ok(plan),
    }
}

/// Plans to remove the tenant's label: refuses, or gives the finished file, read back and checked.
///
/// Labels of other tenants stay, and so does everything else (R-139). A file without a label of
/// the tenant changes nothing.
///
/// # Errors
///
/// [`WriteError`]. Protected files are always refused: removing the label would not remove the
/// protection. Nothing was written.
pub fn plan_remove<'a, S: ByteSource>(
    source: &'a S,
    tenant: TenantId,
    options: &WriteOptions<'_>,
) -> Result<WritePlan<'a>, WriteError> {
    let without_key = WriteOptions {
        read: ReadOptions {
            decryptor: None,
            ..options.read.clone()
        },
        ..options.clone()
    };
    let before = readable(source, &without_key)?;
    let of_tenant = |label: &label_core::FileLabel| {
        label.removed != Some(true) && crate::keys::tenant_of(label) == Some(tenant)
    };
    if !before.reading.labels.iter().any(of_tenant) {
        return settled(source, before, tenant, &without_key);
    }
    edit(
        source,
        before,
        tenant,
        &Operation::Remove,
        &without_key,
        None,
    )
}

/// Applies a label and writes the whole file to `out`; nothing if nothing changes.
///
/// # Errors
///
/// As [`plan_apply`]; also what writing reports, and then what was written is not a file.
pub fn apply<S: ByteSource>(
    source: &S,
    request: &ApplyRequest,
    options: &WriteOptions<'_>,
    out: &mut dyn Write,
) -> Result<WriteOutcome, WriteError> {
    write_out(plan_apply(source, request, options)?, out)
}

/// Removes the tenant's label and writes the whole file to `out`; nothing if nothing changes.
///
/// # Errors
///
/// As [`plan_remove`]; also what writing reports, and then what was written is not a file.
pub fn remove<S: ByteSource>(
    source: &S,
    tenant: TenantId,
    options: &WriteOptions<'_>,
    out: &mut dyn Write,
) -> Result<WriteOutcome, WriteError> {
    write_out(plan_remove(source, tenant, options)?, out)
}

fn write_out(plan: WritePlan<'_>, out: &mut dyn Write) -> Result<WriteOutcome, WriteError> {
    if let Some(file) = &plan.file {
        file.write_to(out)
            .map_err(|error| WriteError::io("writing", error))?;
    }
    Ok(plan.outcome)
}

/// A file whose parts can be read: as it is, or decrypted.
struct Readable {
    reading: Reading,
    /// The decrypted document, where the file is protected and a key was given.
    inner: Option<Vec<u8>>,
    /// The labels that stood outside it, if any: those counted, whatever is inside.
    outside: Vec<EffectiveLabel>,
}

impl Readable {
    /// The tenant's label as it was.
    fn previous(&self, tenant: TenantId) -> Option<EffectiveLabel> {
        if self.outside.is_empty() {
            return self.reading.effective_for(tenant).cloned();
        }
        self.outside
            .iter()
            .find(|label| label.tenant == Some(tenant))
            .cloned()
    }
}

fn readable(source: &dyn ByteSource, options: &WriteOptions<'_>) -> Result<Readable, WriteError> {
    let limit_bytes = options.read.limits.write_bytes_max;
    if source.len() > limit_bytes {
        return Err(WriteError::TooLarge {
            size_bytes: source.len(),
            limit_bytes,
        });
    }
    let plain = ReadOptions {
        decryptor: None,
        ..options.read.clone()
    };
    let reading = read_source(source, &plain);
    let cause = || reading.error.clone().unwrap_or_default();
    match reading.status {
        Status::Ok if reading.protection.is_none() => Ok(Readable {
            reading,
            inner: None,
            outside: Vec::new(),
        }),
        Status::Ok | Status::Protected => {
            let protection = reading.protection.unwrap_or(Protection::EncryptedUnknown);
            // Overriding somebody's protection needs a key for the old and a protector, so that it
            // never happens by accident.
            let (Some(decryptor), Some(_)) = (options.read.decryptor, options.protector) else {
                return Err(WriteError::Protected(protection));
            };
            let len = usize::try_from(source.len()).unwrap_or(usize::MAX);
            let bytes =
                read_range(source, 0, len).map_err(|error| WriteError::io("reading", error))?;
            let decrypted = decryptor.decrypt(&bytes).map_err(WriteError::Protector)?;
            let inner = decrypted.ok_or(WriteError::Protected(protection))?.bytes;
            let inside = read_source(&inner, &plain);
            if inside.status != Status::Ok || inside.protection.is_some() {
                return Err(WriteError::Protected(protection));
            }
            Ok(Readable {
                reading: inside,
                inner: Some(inner),
                outside: reading.effective,
            })
        }
        Status::Unsupported => Err(WriteError::Unsupported(cause())),
        Status::TooLarge => Err(WriteError::PartTooLarge(cause())),
        Status::IoError => Err(WriteError::io("reading", std::io::Error::other(cause()))),
        Status::Malformed => Err(WriteError::Malformed(cause())),
    }
}

fn kind_of(reading: &Reading) -> Result<FileKind, WriteError> {
    reading
        .kind
        .ok_or_else(|| WriteError::Unsupported("not a file that carries labels".to_owned()))
}

fn unchanged<'a>(reading: Reading, tenant: TenantId) -> Result<WritePlan<'a>, WriteError> {
    let label = reading.effective_for(tenant).cloned();
    Ok(WritePlan {
        outcome: WriteOutcome {
            kind: kind_of(&reading)?,
            previous: label.clone(),
            new: label,
            changed: false,
            signed: reading.signed,
            encrypting_identity: None,
            pdf: None,
        },
        file: None,
    })
}

/// The current labels are as wanted. A PDF that is to be written anew still changes where it says
/// more of labels than what counts, in earlier revisions or in objects that nothing refers to.
fn settled<'a>(
    source: &'a dyn ByteSource,
    before: Readable,
    tenant: TenantId,
    options: &WriteOptions<'_>,
) -> Result<WritePlan<'a>, WriteError> {
    let is_pdf = before.reading.kind == Some(FileKind::Pdf);
    if !is_pdf || options.pdf_save != PdfSave::Rewritten || before.inner.is_some() {
        return unchanged(before.reading, tenant);
    }
    let found = &before.reading;
    let expected = found.effective_for(tenant).and_then(EffectiveLabel::key);
    let is_stale = |one: &crate::Diagnostic| one.code == DiagnosticCode::StaleRevision;
    let has_stale = found.diagnostics.iter().any(is_stale);
    let reading = found.clone();
    match edit(source, before, tenant, &Operation::Keep, options, expected) {
        // Of a file that can't be written anew nothing is asked where there seems nothing to do.
        Err(error) if !has_stale && !matches!(error, WriteError::Io { .. }) => {
            unchanged(reading, tenant)
        }
        other => other,
    }
}

/// Edits, reads the result back, and compares it with what was wanted.
fn edit<'a>(
    source: &'a dyn ByteSource,
    before: Readable,
    tenant: TenantId,
    operation: &Operation<'_>,
    options: &WriteOptions<'_>,
    expected: Option<LabelKey>,
) -> Result<WritePlan<'a>, WriteError> {
    let kind = kind_of(&before.reading)?;
    let plain = ReadOptions {
        decryptor: None,
        ..options.read.clone()
    };
    let (after, file, pdf) = match &before.inner {
        None => {
            let planned = change(
                kind,
                source,
                tenant,
                operation,
                options,
                options.allow_signed,
            )?;
            let Some((file, pdf)) = planned else {
                // Nothing to do is right only where the file is as wanted already (F-052).
                let found = before
                    .reading
                    .effective_for(tenant)
                    .and_then(EffectiveLabel::key);
                if found != expected {
                    return Err(WriteError::Malformed(
                        "there is no place for a label in this file".to_owned(),
                    ));
                }
                return unchanged(before.reading, tenant);
            };
            (read_source(&file, &plain), file, pdf)
        }
        Some(inner) => {
            let (bytes, pdf) = match change(kind, inner, tenant, operation, options, false)? {
                Some((file, pdf)) => (collect(&file)?, pdf),
                None => (inner.clone(), None),
            };
            let mut file = EditedFile::new(source);
            let after = read_source(&bytes, &plain);
            file.push(bytes);
            (after, file, pdf)
        }
    };
    verify(&before, &after, tenant, expected)?;
    if let Some(pdf) = &pdf {
        let written = match operation {
            Operation::Apply(_) => expected,
            Operation::Remove | Operation::Keep => None,
        };
        verify_pdf(&after, pdf.places, written)?;
    }
    Ok(WritePlan {
        outcome: WriteOutcome {
            kind,
            previous: before.previous(tenant),
            new: after.effective_for(tenant).cloned(),
            changed: true,
            signed: after.signed,
            encrypting_identity: None,
            pdf,
        },
        file: Some(file),
    })
}

/// Plans the change as the format wants it.
fn change<'a>(
    kind: FileKind,
    source: &'a dyn ByteSource,
    tenant: TenantId,
    operation: &Operation<'_>,
    options: &WriteOptions<'_>,
    allow_signed: bool,
) -> Result<Option<(EditedFile<'a>, Option<PdfOutcome>)>, WriteError> {
    if kind == FileKind::Pdf {
        let planned = pdf::plan(source, tenant, operation, options, allow_signed)?;
        return Ok(planned.map(|planned| (planned.file, Some(planned.outcome))));
    }
    let plain = ReadOptions {
        decryptor: None,
        ..options.read.clone()
    };
    let file = ooxml::plan(source, tenant, operation, &plain, allow_signed)?;
    Ok(file.map(|file| (file, None)))
}

/// The label is as wanted, and every other tenant's as it was (F-052).
///
/// Of a document that was decrypted, the labels inside are compared with the labels inside. One of
/// another tenant that stood only outside would be lost, so it must be inside too.
fn verify(
    before: &Readable,
    after: &Reading,
    tenant: TenantId,
    expected: Option<LabelKey>,
) -> Result<(), WriteError> {
    let failed = |cause: String| Err(WriteError::Verification(cause));
    if after.status == Status::IoError {
        // The medium failed, not the edit: trying again can help.
        let cause = after.error.clone().unwrap_or_default();
        return Err(WriteError::io("reading back", std::io::Error::other(cause)));
    }
    if after.status != Status::Ok || after.kind != before.reading.kind {
        return failed(
            after
                .error
                .clone()
                .unwrap_or_else(|| "another kind".to_owned()),
        );
    }
    let found = after.effective_for(tenant).and_then(EffectiveLabel::key);
    if found != expected {
        return failed("the label is not the one that was written".to_owned());
    }
    let others = |reading: &Reading| {
        let mut labels: Vec<EffectiveLabel> = reading
            .effective
            .iter()
            .filter(|label| label.tenant.is_some_and(|of| of != tenant))
            .cloned()
            .collect();
        labels.sort_by_key(|label| label.tenant);
        labels
    };
    let is_kept = |label: &EffectiveLabel| {
        label.tenant == Some(tenant)
            || after
                .effective
                .iter()
                .any(|other| other.tenant == label.tenant && other.id_text == label.id_text)
    };
    if others(&before.reading) != others(after) || !before.outside.iter().all(is_kept) {
        return failed("another tenant's label changed".to_owned());
    }
    Ok(())
}

/// The cross-reference leads everywhere, and both places of a label say the same (F-130).
fn verify_pdf(
    after: &Reading,
    places: PdfPlaces,
    expected: Option<LabelKey>,
) -> Result<(), WriteError> {
    let failed = |cause: &str| Err(WriteError::Verification(cause.to_owned()));
    let has = |code: DiagnosticCode| after.diagnostics.iter().any(|one| one.code == code);
    if has(DiagnosticCode::Rebuilt) || has(DiagnosticCode::StrayBytes) {
        return failed("the new cross-reference can't be followed");
    }
    let (Some(key), PdfPlaces::Both) = (expected, places) else {
        return Ok(());
    };
    let record = |storage: LabelStorage| {
        let found = after
            .labels
            .iter()
            .find(|label| label.storage == storage && label.id == Some(key.label))?;
        Some(FileLabel {
            storage: LabelStorage::Info,
            ..found.clone()
        })
    };
    let (info, xmp) = (record(LabelStorage::Info), record(LabelStorage::Xmp));
    if info.is_none() || info != xmp {
        return failed("the two places of the label differ");
    }
    Ok(())
}

/// Hands the labelled document to the protector and checks that the result is protected.
fn protect<'a>(
    source: &'a dyn ByteSource,
    plan: WritePlan<'a>,
    request: &ApplyRequest,
    protector: &dyn Protector,
    options: &WriteOptions<'_>,
) -> Result<WritePlan<'a>, WriteError> {
    let labelled = match &plan.file {
        Some(file) => collect(file)?,
        None => collect(source)?,
    };
    let protect_request = ProtectRequest {
        label: request.key(),
        protection: request.protection,
    };
    let protected = protector
        .protect(&labelled, protect_request)
        .map_err(WriteError::Protector)?;
    let plain = ReadOptions {
        decryptor: None,
        ..options.read.clone()
    };
    // Never a label that encrypts on a document that isn't encrypted.
    if read_source(&protected.bytes, &plain).status != Status::Protected {
        return Err(WriteError::Verification(
            "the protector's result is not protected".to_owned(),
        ));
    }
    let mut file = EditedFile::new(source);
    file.push(protected.bytes);
    Ok(WritePlan {
        outcome: WriteOutcome {
            changed: true,
            encrypting_identity: Some(protected.identity),
            ..plan.outcome
        },
        file: Some(file),
    })
}

fn collect(source: &dyn ByteSource) -> Result<Vec<u8>, WriteError> {
    let len = usize::try_from(source.len()).unwrap_or(usize::MAX);
    read_range(source, 0, len).map_err(|error| WriteError::io("reading", error))
}

/// Office stores at most 255 code units, and XML can't carry every character (F-063).
fn check_value(attribute: &'static str, value: Option<&str>) -> Result<(), WriteError> {
    let Some(value) = value else { return Ok(()) };
    let units = value.encode_utf16().count();
    if units > VALUE_UNITS_MAX {
        return Err(WriteError::Value {
            attribute,
            cause: format!("{units} UTF-16 code units, at most {VALUE_UNITS_MAX} are stored"),
        });
    }
    if let Some(character) = value.chars().find(|character| !is_xml_char(*character)) {
        return Err(WriteError::Value {
            attribute,
            cause: format!("XML can't carry the character {character:?}"),
        });
    }
    Ok(())
}
