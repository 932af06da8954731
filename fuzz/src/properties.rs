//! What must hold of every answer, whatever the file.

use std::io;

use label_core::{EffectiveLabel, FileLabel, LabelStorage, TenantId};
use label_formats::{
    ApplyRequest, ByteSource, DiagnosticCode, FileKind, Limits, PdfSave, Protection,
    PublishingLicence, RangeReader, ReadOptions, Reading, Status, Step, VerifyOptions, WriteError,
    WriteOptions, WriteOutcome, WritePlan, plan_apply, plan_remove, read, verify,
};

/// A source that gives few bytes at a time.
pub struct ShortReads<'a>(pub &'a [u8]);

impl ByteSource for ShortReads<'_> {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let count = buffer.len().min(509);
        self.0.read_at(offset, &mut buffer[..count])
    }
}

/// A reading that doesn't contradict itself and stays within the limits.
pub fn check_reading(reading: &Reading) {
    let limits = Limits::default();
    assert!(reading.diagnostics.len() <= limits.diagnostics_max);
    assert!(
        reading.labels.len() <= 2 * limits.labels_max,
        "too many labels"
    );
    match reading.status {
        Status::Ok => {
            assert!(reading.kind.is_some(), "ok, but no kind");
            assert!(reading.error.is_none(), "ok, but an error");
        }
        Status::IoError => panic!("memory doesn't fail: {reading:?}"),
        _ => assert!(reading.error.is_some(), "no cause: {reading:?}"),
    }
    for (at, label) in reading.effective.iter().enumerate() {
        let same_tenant = |other: &EffectiveLabel| other.tenant == label.tenant;
        assert!(
            !reading.effective[at + 1..].iter().any(same_tenant),
            "two labels of one tenant count: {reading:?}"
        );
        assert!(
            reading
                .labels
                .iter()
                .any(|record| record.id_text == label.id_text && record.in_effect()),
            "an effective label without a record: {reading:?}"
        );
    }
    for record in &reading.labels {
        assert!(record.tenant.is_none() || record.tenant_text.is_some());
        if let Some(id) = record.id {
            assert_eq!(record.id_text, id.to_string());
        }
    }
    let is_managed = matches!(
        reading.protection,
        Some(Protection::RightsManaged | Protection::IrmPdf)
    );
    assert_eq!(reading.rights_management.is_some(), is_managed);
    if let Some(licence) = reading.licence() {
        assert!(!format!("{licence} {licence:?}").is_empty());
    }
    for diagnostic in &reading.diagnostics {
        assert!(!diagnostic.to_string().is_empty());
    }
}

/// A licence says the same in every encoding, or is refused in each.
pub fn check_licence(bytes: &[u8]) {
    let limits = Limits::default();
    let licence = PublishingLicence::parse(bytes, &limits);
    // A mark, or a zero that looks like one of the other encoding, decides what the text is.
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if text.starts_with('\u{feff}') || text.contains('\0') {
        return;
    }
    let marked = format!("\u{feff}{text}");
    let wide = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for other in [marked.into_bytes(), wide] {
        assert_eq!(PublishingLicence::parse(&other, &limits), licence);
    }
}

/// Reads as a whole, in small pieces and by ranges: the same answer.
pub fn read_steadily(bytes: &[u8], options: &ReadOptions<'_>) -> Reading {
    let reading = read(bytes, options);
    check_reading(&reading);
    assert_eq!(reading, read(&ShortReads(bytes), options), "short reads");
    assert_eq!(reading, read_by_ranges(bytes, options), "ranges");
    reading
}

/// Gives a sixth of the file at a time, or a block, from where it is needed.
fn read_by_ranges(bytes: &[u8], options: &ReadOptions<'_>) -> Reading {
    let mut reader = RangeReader::new(bytes.len() as u64);
    loop {
        match reader.step(options) {
            Step::Done(reading) => return *reading,
            Step::Need(range) => {
                let start = range.start as usize;
                let some = (bytes.len() / 6).max(4096);
                let end = (range.end as usize).min(start + some);
                reader.supply(range.start, &bytes[start..end]);
            }
        }
    }
}

/// The tenant of a record, also from the end of `Ref`.
pub fn tenant_of(record: &FileLabel) -> Option<TenantId> {
    record.tenant.or_else(|| {
        let last = record.extra("Ref")?.trim().trim_end_matches('/');
        TenantId::parse(last.rsplit('/').next()?).ok()
    })
}

/// Everything that says something about somebody else's labels.
fn of_others(reading: &Reading, tenant: TenantId) -> (Vec<FileLabel>, Vec<EffectiveLabel>) {
    let records = reading
        .labels
        .iter()
        .filter(|record| tenant_of(record).is_some_and(|of| of != tenant))
        .cloned()
        .collect();
    let mut effective: Vec<EffectiveLabel> = reading
        .effective
        .iter()
        .filter(|label| label.tenant.is_some_and(|of| of != tenant))
        .cloned()
        .collect();
    effective.sort_by_key(|label| label.tenant);
    (records, effective)
}

/// The file after a plan.
fn finished(before: &[u8], plan: &WritePlan<'_>) -> Vec<u8> {
    let Some(file) = plan.file() else {
        assert!(!plan.outcome().changed, "a change without a file");
        return before.to_vec();
    };
    assert!(plan.outcome().changed, "a file without a change");
    let mut bytes = Vec::new();
    file.write_to(&mut bytes).expect("memory doesn't fail");
    assert_eq!(bytes.len() as u64, file.len(), "another length than said");
    bytes
}

/// The refusals that are a library's way of saying "I was wrong".
fn is_inner_error(error: &WriteError) -> bool {
    matches!(error, WriteError::Verification(_) | WriteError::Io { .. })
}

/// A file with a label, and with it taken off again.
pub struct Written {
    pub labelled: Vec<u8>,
    pub removed: Vec<u8>,
    /// What was said when it was applied.
    pub application: WriteOutcome,
    /// What was said when it was taken off.
    pub removal: WriteOutcome,
}

/// Applies, reads back, applies again, removes, reads back. Gives what was written, if it could be.
pub fn apply_and_remove(
    bytes: &Vec<u8>,
    request: &ApplyRequest,
    options: &WriteOptions<'_>,
    strict: bool,
) -> Result<Written, WriteError> {
    let tenant = request.tenant;
    let before = read(bytes, &options.read);
    check_reading(&before);
    // Of PDFs that are damaged just so, the check of the result refuses what was planned, and a
    // packet may be readable for one of two writes only. Nothing is written then; it is a weak place
    // all the same, so sound ones are held to more.
    let is_excused = || before.kind == Some(FileKind::Pdf) && !crate::pdf::is_sound(bytes, &before);
    let plan = plan_apply(bytes, request, options).inspect_err(|error| {
        if is_inner_error(error) && !is_excused() {
            panic!("{error}");
        }
    })?;
    assert_eq!(plan.outcome().kind, before.kind.expect("a kind"));
    assert_eq!(
        plan.outcome().previous.as_ref(),
        before.effective_for(tenant)
    );
    let labelled = finished(bytes, &plan);
    let after = read_steadily(&labelled, &options.read);
    assert_eq!(after.status, Status::Ok);
    assert_eq!(after.kind, before.kind);
    let label = after.effective_for(tenant);
    assert_eq!(label, plan.outcome().new.as_ref());
    assert_eq!(label.and_then(EffectiveLabel::key), Some(request.key()));
    assert_eq!(
        of_others(&before, tenant),
        of_others(&after, tenant),
        "another tenant's labels changed"
    );
    if plan.outcome().changed
        && let Some(record) = after.labels.iter().find(|record| {
            record.tenant == Some(tenant)
                && record.id == Some(request.label)
                && record.storage == LabelStorage::CustomProperties
                && label.is_some_and(|label| label.storage == LabelStorage::CustomProperties)
        })
    {
        assert_eq!(record.name.as_deref(), request.name.as_deref(), "the name");
        assert_eq!(record.extra("ActionId"), request.action_id.as_deref());
        assert_eq!(
            record.content_bits,
            request.content_bits.map(|bits| bits & 15)
        );
    }
    let untouched = |after: &[u8]| {
        if strict {
            crate::package::check_untouched(bytes, after);
        }
    };
    untouched(&labelled);
    let bad_date = |diagnostic: &label_formats::Diagnostic| {
        diagnostic.code == DiagnosticCode::BadDate && !before.diagnostics.contains(diagnostic)
    };
    assert!(
        !after.diagnostics.iter().any(bad_date)
            || before.diagnostics.len() >= Limits::default().diagnostics_max,
        "a date that we wrote can't be read: {:?}",
        after.diagnostics
    );

    let mut calm = options.clone();
    calm.force = false;
    let again = plan_apply(&labelled, request, &calm).expect("applied before");
    assert!(!again.outcome().changed, "applying twice is not once");

    let application = plan.outcome().clone();
    let changed = application.changed;
    let plan = match plan_remove(&labelled, tenant, options) {
        Ok(plan) => plan,
        // To change nothing is possible where nothing may be written.
        Err(error) if !changed || is_excused() => return Err(error),
        Err(error) => panic!("what we wrote can't be removed: {error}"),
    };
    let removed = finished(&labelled, &plan);
    let removal = plan.outcome().clone();
    let after = read_steadily(&removed, &options.read);
    assert_eq!(after.status, Status::Ok);
    assert_eq!(after.effective_for(tenant), None, "still labelled");
    assert_eq!(removal.new, None);
    assert_eq!(
        of_others(&before, tenant),
        of_others(&after, tenant),
        "another tenant's labels changed on removal"
    );
    untouched(&removed);
    let again = plan_remove(&removed, tenant, options).expect("removed before");
    assert!(!again.outcome().changed, "removing twice is not once");
    drop(plan);
    Ok(Written {
        labelled,
        removed,
        application,
        removal,
    })
}

/// [`apply_and_remove`] for a PDF, and what holds there besides.
pub fn apply_and_remove_pdf(
    bytes: &Vec<u8>,
    request: &ApplyRequest,
    options: &WriteOptions<'_>,
) -> Result<Written, WriteError> {
    let written = apply_and_remove(bytes, request, options, false)?;
    let of_tenant = {
        let mut verify = VerifyOptions::default();
        verify.tenant = Some(request.tenant);
        verify
    };
    for (before, after) in [
        (bytes, &written.labelled),
        (&written.labelled, &written.removed),
    ] {
        if options.pdf_save == PdfSave::Appended {
            assert!(after.starts_with(before), "the old file is no prefix");
        }
        if after != before {
            let is_appended = options.pdf_save == PdfSave::Appended;
            crate::newest::check_newest_section(before, after, is_appended);
        }
        // A comparison may find more than labels, such as a number that was free and that something
        // refers to; it must come to an end.
        let _ = verify(before, after, &of_tenant);
    }
    if let Some(pdf) = &written.removal.pdf
        && pdf.save == PdfSave::Rewritten
        && !pdf.previous_remains
    {
        let id = request.label.to_string();
        let text = String::from_utf8_lossy(&written.removed);
        assert!(!text.contains(&id), "the label is still in the file");
    }
    Ok(written)
}
