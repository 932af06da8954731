//! Changing a label in a PDF: which objects change, and how (section 5.4).

use std::collections::BTreeMap;

use label_core::{FileLabel, LabelId, LabelStorage, TenantId};

use super::append::{self, Changes};
use super::crypt::Crypt;
use super::file::{PdfFile, Placed};
use super::object::{Dictionary, Object, ObjectId, Parser};
use super::packet::Packet;
use super::raw::RawDictionary;
use super::residue::{self, Words};
use super::{Opened, rewrite, serial, signature, text};
use crate::edited::EditedFile;
use crate::error::{PartError, WriteError};
use crate::keys::{self, LabelProperties, Leaving};
use crate::limits::Limits;
use crate::pdf_outcome::{PdfOutcome, PdfPlaces, PdfSave, PdfSignatureOutlook};
use crate::reading::{Diagnostics, Protection};
use crate::signatures::PdfCertification;
use crate::source::{ByteSource, read_range};
use crate::write::{Operation, WriteOptions};

/// How far into a file a linearised one says so, in bytes.
const LINEARIZED_BYTES: u64 = 1024;

/// The PDF/A part that allows no information dictionary.
const PDF_A_WITHOUT_INFO: u8 = 4;

/// A changed file, and what is to be known of it.
pub(crate) struct Planned<'a> {
    pub(crate) file: EditedFile<'a>,
    pub(crate) outcome: PdfOutcome,
}

/// Plans the change of a tenant's label; `None` if nothing changes.
pub(crate) fn plan<'a>(
    source: &'a dyn ByteSource,
    tenant: TenantId,
    operation: &Operation<'_>,
    options: &WriteOptions<'_>,
    allow_signed: bool,
) -> Result<Option<Planned<'a>>, WriteError> {
    let limits = &options.read.limits;
    let opened = Opened::new(source, limits)?;
    let Opened { file, catalog, .. } = &opened;
    if !matches!(file.crypt, Crypt::Plain) {
        return Err(WriteError::Protected(Protection::EncryptedUnknown));
    }
    let save = options.pdf_save;
    let obstacles = signature::obstacles(file, catalog);
    let signatures = match obstacles.signatures {
        None => None,
        Some(_) if !allow_signed => return Err(WriteError::Signed),
        Some(_) if save == PdfSave::Rewritten => {
            return Err(WriteError::SignatureForbids(
                "a file that is written anew loses its signatures",
            ));
        }
        Some(found) => Some(outlook(&found)?),
    };
    if obstacles.append_only && save == PdfSave::Rewritten {
        return Err(WriteError::SignatureForbids(
            "its form asks that it be appended to only",
        ));
    }
    refuse_damaged(file, save)?;
    let Some(Object::Reference(root)) = file.trailer.get(b"Root") else {
        return Err(WriteError::Malformed(
            "PDF catalog: not an object of its own".to_owned(),
        ));
    };
    let info = Info::find(file)?;
    if matches!(&info, Info::Placed(placed) if placed.id == *root) {
        return Err(WriteError::Malformed(
            "Info: the same object as the catalog".to_owned(),
        ));
    }
    let metadata = Metadata::find(file, catalog, limits)?;
    let edit = Edit::new(file, tenant, operation, &info, &metadata, limits)?;
    let pdf_a_part = match &metadata {
        Metadata::Packet { packet, .. } => packet.pdf_a_part(),
        Metadata::Missing | Metadata::Unreadable => None,
    };

    let mut changes = Changes::new(file)?;
    let without_info = pdf_a_part == Some(PDF_A_WITHOUT_INFO);
    let mut changed = edit.change_info(file, &info, without_info, &mut changes)?;
    let new_metadata = edit.change_metadata(metadata, &mut changes)?;
    changed |= matches!(
        new_metadata,
        Some(NewMetadata::Changed | NewMetadata::Added(_))
    );
    if let Some(NewMetadata::Added(id)) = new_metadata {
        changes.set(*root, catalog_with(file, *root, id)?);
    }
    if !changed && save == PdfSave::Appended {
        return Ok(None);
    }
    let before = Words::ids(&edit.replaced(operation));
    let outcome = PdfOutcome {
        save,
        places: match (&new_metadata, without_info) {
            (Some(NewMetadata::LeftAlone), _) => PdfPlaces::InfoOnly,
            (_, true) => PdfPlaces::XmpOnly,
            (_, false) => PdfPlaces::Both,
        },
        previous_remains: save == PdfSave::Appended && !before.is_empty(),
        was_linearized: is_linearized(source)?,
        pdf_a_part,
        signatures,
    };
    Ok(Some(match save {
        PdfSave::Appended => Planned {
            file: append::append(source, file, changes)?,
            outcome,
        },
        PdfSave::Rewritten => {
            let rewritten = rewrite::rewrite(source, file, changes)?;
            let after = Opened::new(&rewritten, limits)?;
            if !changed {
                // Worth a new file only where that says less of labels.
                let labels = Words::new(&[residue::PROPERTY]);
                let old = labels.count_in(source, file)?;
                if old <= labels.count_in(&rewritten, &after.file)? {
                    return Ok(None);
                }
            }
            let previous_remains = before.count_in(&rewritten, &after.file)? > 0;
            drop(after);
            Planned {
                file: rewritten,
                outcome: PdfOutcome {
                    previous_remains,
                    ..outcome
                },
            }
        }
    }))
}

/// Nothing can be appended to a file whose offsets are not what they say: the update would be one
/// for another file. And nothing is written where other programs may see another document than the
/// one that was found here, or where a part of it may not have been found.
fn refuse_damaged(file: &PdfFile<'_>, save: PdfSave) -> Result<(), WriteError> {
    let cause = if file.recovered {
        "cross-reference: it leads to a document, and to other objects than the file holds"
    } else if file.has_lost_section() {
        "cross-reference: a part is damaged, so that objects may be missing"
    } else if save == PdfSave::Rewritten {
        return Ok(());
    } else if file.rebuilt {
        "cross-reference: damaged, so nothing can be appended; the file can be rewritten"
    } else if file.header_offset > 0 {
        "PDF header: behind other bytes, so nothing can be appended; the file can be rewritten"
    } else {
        return Ok(());
    };
    Err(WriteError::Malformed(cause.to_owned()))
}

/// What validators will say, where a change is allowed at all.
fn outlook(found: &crate::PdfSignatures) -> Result<PdfSignatureOutlook, WriteError> {
    let cause = match found.certification {
        Some(PdfCertification::NoChanges) => "its certification allows no changes",
        _ if found.usage_rights => "a change would take away its usage rights",
        _ if found.incomplete => "its signatures can't be read as a whole",
        Some(level) => return Ok(PdfSignatureOutlook::ChangedSinceCertified(level)),
        None => return Ok(PdfSignatureOutlook::ChangedSinceSigned),
    };
    Err(WriteError::SignatureForbids(cause))
}

/// The information dictionary as it stands.
enum Info {
    /// An object of its own.
    Placed(Placed),
    /// Inside the trailer, which is made anew; there is none.
    Direct(RawDictionary),
}

impl Info {
    fn find(file: &PdfFile<'_>) -> Result<Self, WriteError> {
        Ok(match file.trailer.get(b"Info") {
            Some(Object::Dictionary(dictionary)) => {
                let mut bytes = Vec::new();
                serial::dictionary(dictionary, &mut bytes);
                let raw = RawDictionary::parse(&mut Parser::new(&bytes))
                    .map_err(|_| PartError::malformed("Info", "damaged"))?;
                Self::Direct(raw)
            }
            Some(reference) => match file.placed(reference)? {
                Some(placed) if placed.stream.is_none() => Self::Placed(placed),
                Some(_) => {
                    return Err(WriteError::Malformed(
                        "Info: a stream instead of a dictionary".to_owned(),
                    ));
                }
                None => Self::Direct(RawDictionary::default()),
            },
            None => Self::Direct(RawDictionary::default()),
        })
    }

    fn raw(&self) -> &RawDictionary {
        match self {
            Self::Placed(placed) => &placed.dictionary,
            Self::Direct(raw) => raw,
        }
    }

    /// Its entries that count and are text, behind references too.
    fn texts(&self, file: &PdfFile<'_>) -> Vec<(String, String)> {
        let last = super::last_of_each(self.raw().entries().map(|(key, _)| key));
        self.raw()
            .entries()
            .enumerate()
            .filter(|(at, (key, _))| last.get(key) == Some(at))
            .filter_map(|(_, (key, value))| {
                let name = std::str::from_utf8(key).ok()?;
                let value = super::text_of(file, value)?;
                Some((name.to_owned(), value))
            })
            .collect()
    }
}

/// The XMP packet of the document.
enum Metadata {
    Missing,
    /// It is there and can't be changed: it is left as it is.
    Unreadable,
    Packet {
        placed: Placed,
        packet: Packet,
    },
}

impl Metadata {
    fn find(file: &PdfFile<'_>, catalog: &Dictionary, limits: &Limits) -> Result<Self, WriteError> {
        let Some(placed) = catalog
            .get(b"Metadata")
            .map(|reference| file.placed(reference))
            .transpose()?
            .flatten()
        else {
            return Ok(Self::Missing);
        };
        let Some(stream) = &placed.stream else {
            return Ok(Self::Missing);
        };
        let content = match file.content(stream) {
            Ok(content) => content,
            Err(PartError::Io(error)) => return Err(WriteError::io("reading", error)),
            Err(_) => return Ok(Self::Unreadable),
        };
        let has_labels = Words::new(&[residue::PROPERTY]).occur_in(&content);
        match Packet::parse(content, limits) {
            Ok(packet) => Ok(Self::Packet { placed, packet }),
            // Others may still see the labels in it.
            Err(error) if has_labels => Err(error.into()),
            Err(_) => Ok(Self::Unreadable),
        }
    }
}

/// What became of the packet.
enum NewMetadata {
    Changed,
    /// A new object.
    Added(ObjectId),
    LeftAlone,
}

/// What goes and what comes.
struct Edit {
    leaving_info: Leaving,
    leaving_xmp: Leaving,
    /// The labels that go.
    removed: Vec<LabelId>,
    added: Vec<(String, String)>,
}

impl Edit {
    fn new(
        file: &PdfFile<'_>,
        tenant: TenantId,
        operation: &Operation<'_>,
        info: &Info,
        metadata: &Metadata,
        limits: &Limits,
    ) -> Result<Self, WriteError> {
        let in_info = records(&info.texts(file), limits);
        let in_xmp = match metadata {
            Metadata::Packet { packet, .. } => packet.records(limits),
            Metadata::Missing | Metadata::Unreadable => Vec::new(),
        };
        let both = [in_info.as_slice(), in_xmp.as_slice()].concat();
        let (added, mut also) = match operation {
            Operation::Apply(applied) => {
                if let Some(owner) = keys::other_owner(&both, applied.label, tenant) {
                    return Err(WriteError::NameCollision {
                        label: applied.label,
                        tenant: owner,
                    });
                }
                (applied.properties(tenant), vec![applied.label])
            }
            Operation::Remove => (Vec::new(), Vec::new()),
            Operation::Keep => {
                return Ok(Self {
                    leaving_info: Leaving::new(Vec::new(), &[]),
                    leaving_xmp: Leaving::new(Vec::new(), &[]),
                    removed: Vec::new(),
                    added: Vec::new(),
                });
            }
        };
        let removed = keys::groups_of(&both, tenant, &also);
        // A group may say in one place only whose it is.
        also.extend(&removed);
        let leaving =
            |records: &[FileLabel]| Leaving::new(keys::groups_of(records, tenant, &also), &both);
        Ok(Self {
            leaving_info: leaving(&in_info),
            leaving_xmp: leaving(&in_xmp),
            removed,
            added,
        })
    }

    /// The labels that go and don't come again with other values.
    fn replaced(&self, operation: &Operation<'_>) -> Vec<LabelId> {
        let mut labels = self.removed.clone();
        if let Operation::Apply(applied) = operation {
            labels.retain(|label| *label != applied.label);
        }
        labels
    }

    /// Changes the information dictionary; whether there was anything to do. In PDF/A-4 nothing is
    /// added to it.
    fn change_info(
        &self,
        file: &PdfFile<'_>,
        info: &Info,
        only_remove: bool,
        changes: &mut Changes,
    ) -> Result<bool, WriteError> {
        let texts: BTreeMap<String, String> = info.texts(file).into_iter().collect();
        let goes = |key: &[u8], _: &Object| {
            let Ok(name) = std::str::from_utf8(key) else {
                return false;
            };
            let value = texts.get(name).map_or("", String::as_str);
            self.leaving_info.has(name, value)
        };
        let has_any = info.raw().entries().any(|(key, value)| goes(key, value));
        let added: Vec<(&[u8], Vec<u8>)> = self
            .added
            .iter()
            .filter(|_| !only_remove)
            .map(|(name, value)| {
                let mut bytes = Vec::new();
                serial::string(&text::encode(value), &mut bytes);
                (name.as_bytes(), bytes)
            })
            .collect();
        if !has_any && added.is_empty() {
            return Ok(false);
        }
        let body = info.raw().edited(goes, &added);
        match info {
            Info::Placed(placed) => changes.set(placed.id, body),
            Info::Direct(_) => {
                let id = changes.add(body)?;
                changes.set_trailer(b"Info", Object::Reference(id));
            }
        }
        Ok(true)
    }

    /// Changes the packet, or makes one; `None` if there was nothing to do.
    fn change_metadata(
        &self,
        metadata: Metadata,
        changes: &mut Changes,
    ) -> Result<Option<NewMetadata>, WriteError> {
        let (placed, packet) = match metadata {
            Metadata::Packet { placed, packet } => (placed, packet),
            Metadata::Unreadable => return Ok(Some(NewMetadata::LeftAlone)),
            Metadata::Missing if self.added.is_empty() => return Ok(None),
            Metadata::Missing => {
                let body = stream_body(&RawDictionary::default(), &Packet::fresh(&self.added));
                return Ok(Some(NewMetadata::Added(changes.add(body)?)));
            }
        };
        let goes = |name: &str, value: &str| self.leaving_xmp.has(name, value);
        let has_any = packet.has_any(&goes);
        if !has_any && self.added.is_empty() {
            // Where others may see the label all the same, the packet does not follow the change.
            let is_named = Words::ids(&self.removed).occur_in(packet.text().as_bytes());
            return Ok(is_named.then_some(NewMetadata::LeftAlone));
        }
        let packet = match packet.edited(&goes, &self.added) {
            Ok(packet) => packet,
            // Well-formed, and no place for properties in it.
            Err(PartError::Unsupported(_)) if !has_any => {
                return Ok(Some(NewMetadata::LeftAlone));
            }
            Err(error) => return Err(error.into()),
        };
        changes.set(placed.id, stream_body(&placed.dictionary, &packet));
        Ok(Some(NewMetadata::Changed))
    }
}

/// A metadata stream without filter, so that programs which only look at bytes can read it.
fn stream_body(dictionary: &RawDictionary, packet: &[u8]) -> Vec<u8> {
    let mut added = Vec::new();
    for (key, value) in [(&b"Type"[..], &b"/Metadata"[..]), (b"Subtype", b"/XML")] {
        if !dictionary.has(key) {
            added.push((key, value.to_vec()));
        }
    }
    added.push((b"Length", packet.len().to_string().into_bytes()));
    let mut body = dictionary.edited(|key, _| append::is_of_content(key), &added);
    body.extend_from_slice(b"\nstream\n");
    body.extend_from_slice(packet);
    body.extend_from_slice(b"\nendstream");
    body
}

/// The catalog with another metadata stream.
fn catalog_with(
    file: &PdfFile<'_>,
    root: ObjectId,
    metadata: ObjectId,
) -> Result<Vec<u8>, WriteError> {
    let placed = file.placed(&Object::Reference(root))?;
    let Some(placed) = placed.filter(|placed| placed.id == root && placed.stream.is_none()) else {
        return Err(WriteError::Malformed(
            "PDF catalog: not an object of its own".to_owned(),
        ));
    };
    let mut reference = Vec::new();
    serial::reference(metadata, &mut reference);
    Ok(placed
        .dictionary
        .edited(|key, _| key == b"Metadata", &[(b"Metadata", reference)]))
}

fn records(texts: &[(String, String)], limits: &Limits) -> Vec<FileLabel> {
    let mut unheard = Diagnostics::new(limits);
    let mut labels = LabelProperties::new(LabelStorage::Info, limits);
    for (name, value) in texts {
        labels.add(name, value, "Info", &mut unheard);
    }
    labels.into_records("Info", &mut unheard)
}

fn is_linearized(source: &dyn ByteSource) -> Result<bool, WriteError> {
    let len = usize::try_from(source.len().min(LINEARIZED_BYTES)).unwrap_or_default();
    let head = read_range(source, 0, len).map_err(|error| WriteError::io("reading", error))?;
    let is_said = || {
        let word = memchr::memmem::find(&head, b"/Linearized")?;
        let start = memchr::memmem::rfind(head.get(..word)?, b"<<")?;
        let object = Parser::new(head.get(start..)?).object().ok()?;
        // After an update the length is another one, and nobody takes it for linearised any more.
        let length = object.dictionary()?.get(b"L")?.unsigned()?;
        Some(length == source.len())
    };
    Ok(is_said() == Some(true))
}
