//! PDF: labels in the information dictionary and in the XMP packet, read object by object.

mod append;
mod blocks;
pub(crate) mod compare;
mod crypt;
mod file;
mod filters;
mod licence;
mod object;
mod packet;
mod pdfa;
mod raw;
mod rebuild;
mod residue;
mod revisions;
mod rewrite;
mod serial;
mod signature;
mod stream;
mod text;
mod update;
mod xmp;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use label_core::{FileLabel, LabelStorage};

use self::crypt::Crypt;
use self::file::{Found, PdfFile, Stream};
use self::object::{Dictionary, Object};
pub(crate) use self::update::plan;
use crate::ReadOptions;
use crate::effective;
use crate::error::PartError;
use crate::keys::LabelProperties;
use crate::kind::FileKind;
use crate::limits::Limits;
use crate::reading::{DiagnosticCode, Diagnostics, Protection, Reading, Status};
use crate::source::ByteSource;

/// The name of the attachment that holds a document under rights management.
const IRM_HANDLER: &[u8] = b"MicrosoftIRMServices";

/// Most attached files of the catalog that are looked at, and most nodes of the tree of their names.
const ATTACHMENTS_MAX: usize = 1_000;

/// Reads the labels of a PDF.
pub(crate) fn read(source: &dyn ByteSource, options: &ReadOptions<'_>) -> Reading {
    let mut diagnostics = Diagnostics::new(&options.limits);
    let mut reading = Reading::new(Status::Ok);
    reading.kind = Some(FileKind::Pdf);
    if let Err(error) = read_file(source, options, &mut reading, &mut diagnostics) {
        reading.status = error.status();
        reading.error = Some(error.to_string());
        reading.effective.clear();
    }
    reading.diagnostics = diagnostics.into_list();
    reading
}

fn read_file(
    source: &dyn ByteSource,
    options: &ReadOptions<'_>,
    reading: &mut Reading,
    diagnostics: &mut Diagnostics,
) -> Result<(), PartError> {
    let Opened {
        file,
        catalog,
        holders,
    } = Opened::new(source, &options.limits)?;
    if file.header_offset > 0 {
        diagnostics.add(
            DiagnosticCode::StrayBytes,
            "PDF header",
            format!("{} bytes before it", file.header_offset),
        );
    }
    if file.rebuilt {
        diagnostics.add(
            DiagnosticCode::Rebuilt,
            "cross-reference",
            "damaged; objects were found by looking at the whole file",
        );
    }
    protection(&file, reading);
    let cover = Cover::find(&file, &catalog);
    if let Some(cover) = &cover {
        reading.status = Status::Protected;
        reading.protection = Some(cover.protection);
        reading.error = Some("the content is an encrypted attachment".to_owned());
    }

    let info = info_labels(&file, holders.info, options, diagnostics);
    let xmp = xmp_labels(&file, holders.metadata, options, diagnostics);
    reading.effective = effective::pdf(&info, &xmp, diagnostics);
    revisions::report(
        &file,
        &catalog,
        &xmp,
        &reading.effective,
        options,
        diagnostics,
    );
    reading.labels = xmp;
    reading.labels.extend(info);
    // Labels first: what follows is bounded on its own and can't take their place.
    reading.pdf_signatures = signature::read(&file, &catalog).map(Box::new);
    reading.signed = reading.pdf_signatures.is_some();
    if reading.protection == Some(Protection::IrmPdf) {
        let rights = licence::read(&file, cover.as_ref(), reading, diagnostics)?;
        reading.rights_management = Some(Box::new(rights));
    }
    Ok(())
}

/// What `/Encrypt` says.
fn protection(file: &PdfFile<'_>, reading: &mut Reading) {
    let Some(encrypt) = file.trailer.get(b"Encrypt") else {
        return;
    };
    let dictionary = file.dictionary(encrypt);
    let handler = dictionary
        .as_ref()
        .and_then(|dictionary| dictionary.get(b"Filter"))
        .and_then(Object::name)
        .unwrap_or_default()
        .to_vec();
    let (status, protection, error) = match (&file.crypt, handler.as_slice()) {
        (Crypt::Open(_), _) => (Status::Ok, Protection::PdfRestricted, None),
        (_, b"Standard") => (
            Status::Protected,
            Protection::PdfPassword,
            Some("a password is needed"),
        ),
        (_, handler) if handler == IRM_HANDLER => (
            Status::Protected,
            Protection::IrmPdf,
            Some("under rights management"),
        ),
        (_, b"Adobe.PubSec") => (
            Status::Protected,
            Protection::PdfPublicKey,
            Some("encrypted for certificates"),
        ),
        _ => (
            Status::Protected,
            Protection::EncryptedUnknown,
            Some("encrypted in a way that is not recognised"),
        ),
    };
    reading.status = status;
    reading.protection = Some(protection);
    reading.error = error.map(str::to_owned);
}

/// A file, and what labels hang from.
struct Opened<'a> {
    file: PdfFile<'a>,
    catalog: Dictionary,
    holders: Holders,
}

impl<'a> Opened<'a> {
    fn new(source: &'a dyn ByteSource, limits: &'a Limits) -> Result<Self, PartError> {
        let mut file = PdfFile::open(source, limits)?;
        let mut catalog = file.catalog().unwrap_or_default();
        let mut holders = Holders::find(&file, &catalog);
        // A cross-reference that is right about the catalog and wrong about these objects must not
        // read as "no label".
        if holders.are_misplaced() && file.recover() {
            catalog = file.catalog().unwrap_or_default();
            holders = Holders::find(&file, &catalog);
        }
        Ok(Self {
            file,
            catalog,
            holders,
        })
    }
}

/// The two objects that labels stand in.
struct Holders {
    info: Result<Option<Dictionary>, PartError>,
    metadata: Result<Option<Stream>, PartError>,
}

impl Holders {
    fn find(file: &PdfFile<'_>, catalog: &Dictionary) -> Self {
        let resolve = |object: Option<&Object>| object.map(|object| file.resolve(object));
        let info = match file.crypt {
            // Its values are cipher text.
            Crypt::Locked => None,
            Crypt::Plain | Crypt::Open(_) => resolve(file.trailer.get(b"Info")),
        };
        Self {
            info: info.transpose().map(|found| match found {
                Some(Found::Direct(Object::Dictionary(dictionary))) => Some(dictionary),
                Some(Found::Stream(stream)) => Some(stream.dictionary),
                Some(Found::Direct(_)) | None => None,
            }),
            metadata: resolve(catalog.get(b"Metadata"))
                .transpose()
                .map(|found| match found {
                    Some(Found::Stream(stream)) => Some(stream),
                    Some(Found::Direct(_)) | None => None,
                }),
        }
    }

    /// Whether one of them is not where the cross-reference says.
    fn are_misplaced(&self) -> bool {
        let damaged = |error: Option<&PartError>| matches!(error, Some(PartError::Malformed(_)));
        damaged(self.info.as_ref().err()) || damaged(self.metadata.as_ref().err())
    }
}

/// Label records of the information dictionary: direct or indirect, values too (F-120 to F-122).
fn info_labels(
    file: &PdfFile<'_>,
    info: Result<Option<Dictionary>, PartError>,
    options: &ReadOptions<'_>,
    diagnostics: &mut Diagnostics,
) -> Vec<FileLabel> {
    let dictionary = match info {
        Ok(Some(dictionary)) => dictionary,
        Ok(None) => return Vec::new(),
        Err(error) => {
            diagnostics.add(DiagnosticCode::BadPart, "Info", error.to_string());
            return Vec::new();
        }
    };
    let mut labels = LabelProperties::new(LabelStorage::Info, &options.limits);
    let last = last_of_each(dictionary.0.iter().map(|(key, _)| key.as_slice()));
    for (at, (key, value)) in dictionary.0.iter().enumerate() {
        let property = String::from_utf8_lossy(key);
        if crate::keys::parse(&property).is_none() {
            continue;
        }
        if last.get(key.as_slice()) != Some(&at) {
            let cause = format!("`{property}` occurs again; the last one counts");
            diagnostics.add(DiagnosticCode::DuplicateProperty, "Info", cause);
            continue;
        }
        if matches!(property, Cow::Owned(_)) {
            let cause = format!("the name `{property}` is not UTF-8");
            diagnostics.add(DiagnosticCode::BadPart, "Info", cause);
            continue;
        }
        let Some(value) = text_of(file, value) else {
            let cause = format!("`{property}` has no value that can be read");
            diagnostics.add(DiagnosticCode::BadPart, "Info", cause);
            continue;
        };
        labels.add(&property, &value, "Info", diagnostics);
    }
    labels.into_records("Info", diagnostics)
}

/// Where each key stands that counts: of one that occurs twice the last, as everywhere in a PDF.
fn last_of_each<'a>(keys: impl Iterator<Item = &'a [u8]>) -> HashMap<&'a [u8], usize> {
    keys.enumerate().map(|(at, key)| (key, at)).collect()
}

/// A value as text.
fn text_of(file: &PdfFile<'_>, value: &Object) -> Option<String> {
    Some(match file.direct(value)? {
        Object::String(bytes) => text::decode(&bytes),
        Object::Name(name) => String::from_utf8_lossy(&name).into_owned(),
        Object::Boolean(flag) => flag.to_string(),
        Object::Integer(number) => number.to_string(),
        _ => return None,
    })
}

/// Label records of the XMP packet. A packet that can't be read is a diagnostic (F-124).
fn xmp_labels(
    file: &PdfFile<'_>,
    metadata: Result<Option<Stream>, PartError>,
    options: &ReadOptions<'_>,
    diagnostics: &mut Diagnostics,
) -> Vec<FileLabel> {
    let packet = match metadata {
        Ok(Some(stream)) => file.content(&stream),
        Ok(None) => return Vec::new(),
        Err(error) => Err(error),
    };
    let labels = packet.and_then(|packet| xmp::labels(packet, &options.limits, diagnostics));
    match labels {
        Ok(labels) => labels,
        // Without the key an unreadable packet is what one expects.
        Err(_) if matches!(file.crypt, Crypt::Locked) => Vec::new(),
        Err(error) => {
            diagnostics.add(DiagnosticCode::BadXmp, "XMP", error.to_string());
            Vec::new()
        }
    }
}

/// The cover of a protected document: unencrypted itself, its content attached as an encrypted
/// payload (F-126).
struct Cover {
    protection: Protection,
    /// The specification of the attached file.
    specification: Dictionary,
}

impl Cover {
    fn find(file: &PdfFile<'_>, catalog: &Dictionary) -> Option<Self> {
        let mut attached = match catalog.get(b"AF").map(|attached| file.direct(attached)) {
            Some(Some(Object::Array(items))) => items,
            // Some writers leave the brackets out.
            Some(Some(one @ Object::Dictionary(_))) => vec![one],
            _ => Vec::new(),
        };
        attached.truncate(ATTACHMENTS_MAX);
        // A cover shows its attachments as a collection, and need not associate them with anything.
        if catalog.get(b"Collection").is_some() {
            attached.extend(embedded(file, catalog));
        }
        for item in &attached {
            let Some(specification) = file.dictionary(item) else {
                continue;
            };
            let relationship = specification
                .get(b"AFRelationship")
                .and_then(|name| file.direct(name));
            let payload = specification
                .get(b"EP")
                .and_then(|payload| file.dictionary(payload));
            let is_payload = relationship
                .as_ref()
                .and_then(Object::name)
                .is_some_and(|name| name == b"EncryptedPayload")
                || payload.is_some();
            if !is_payload {
                continue;
            }
            let subtype = payload
                .as_ref()
                .and_then(|payload| payload.get(b"Subtype"))
                .and_then(Object::name)
                .unwrap_or_default();
            let protection = if subtype == IRM_HANDLER {
                Protection::IrmPdf
            } else {
                Protection::EncryptedPayload
            };
            return Some(Self {
                protection,
                specification,
            });
        }
        None
    }
}

/// The files in the tree of names of attachments.
fn embedded(file: &PdfFile<'_>, catalog: &Dictionary) -> Vec<Object> {
    let names = catalog
        .get(b"Names")
        .and_then(|names| file.dictionary(names));
    let root = names.and_then(|names| names.get(b"EmbeddedFiles").cloned());
    let mut files = Vec::new();
    let mut seen = HashSet::new();
    let mut queue: Vec<Object> = root.into_iter().collect();
    let mut visited = 0;
    while let Some(node) = queue.pop() {
        if let Object::Reference(id) = node
            && !seen.insert(id)
        {
            continue;
        }
        visited += 1;
        if visited > ATTACHMENTS_MAX || files.len() >= ATTACHMENTS_MAX {
            break;
        }
        let Some(node) = file.dictionary(&node) else {
            continue;
        };
        let list = |key: &[u8]| match node.get(key).map(|list| file.direct(list)) {
            Some(Some(Object::Array(items))) => items,
            _ => Vec::new(),
        };
        let room = ATTACHMENTS_MAX - files.len();
        // Names and files by turns.
        files.extend(list(b"Names").into_iter().skip(1).step_by(2).take(room));
        queue.extend(list(b"Kids").into_iter().take(ATTACHMENTS_MAX));
    }
    files
}
