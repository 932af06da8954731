//! Office packages, built with a library that is not under test.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};

use arbitrary::Arbitrary;
use label_core::{AssignmentMethod, LabelId, TenantId};
use label_formats::{ApplyRequest, TenantStorage, WriteOptions};
use zip::write::{SimpleFileOptions, ZipWriter};
use zip::{CompressionMethod, ZipArchive};

use crate::{Section, pieces};

const CUSTOM_TYPE: &str =
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships/custom-properties";
const LABELS_TYPE: &str =
    "http://schemas.microsoft.com/office/2020/02/relationships/classificationlabels";

/// A package, piece by piece.
#[derive(Arbitrary, Debug)]
pub struct Plan {
    pub kind: u8,
    pub content_types: Vec<u8>,
    pub relationships: Vec<u8>,
    pub custom: Option<Vec<u8>>,
    pub labels: Option<Vec<u8>>,
    /// Bits: UTF-16 for the two label parts, byte-order marks, where the entries stand, and more.
    pub form: u16,
    /// Which entries are stored.
    pub stored: u8,
    pub write: Change,
}

/// What is written, and how.
#[derive(Arbitrary, Clone, Debug)]
pub struct Change {
    pub storage: u8,
    pub others_storage: u8,
    pub force: bool,
    pub same_label: bool,
    pub method: u8,
    pub date_ms: i64,
    pub content_bits: Option<u8>,
    pub name: Option<String>,
    pub action_id: Option<String>,
}

/// Our tenant.
pub fn tenant() -> TenantId {
    TenantId::parse(pieces::OURS).expect("a GUID")
}

fn storage(number: u8) -> TenantStorage {
    match number % 3 {
        0 => TenantStorage::Unknown,
        1 => TenantStorage::OptedIn,
        _ => TenantStorage::NotOptedIn,
    }
}

impl Change {
    /// A plain request, for inputs that are files.
    pub fn plain(storage: u8) -> Self {
        Self {
            storage,
            others_storage: 0,
            force: false,
            same_label: false,
            method: 0,
            date_ms: 1_609_840_800_000,
            content_bits: Some(0),
            name: Some("Confidential".to_owned()),
            action_id: None,
        }
    }

    /// The request and the options.
    pub fn request(&self) -> (ApplyRequest, WriteOptions<'static>) {
        let id = if self.same_label {
            pieces::OLD_LABEL
        } else {
            pieces::LABEL
        };
        let label = LabelId::parse(id).expect("a GUID");
        let mut request = ApplyRequest::new(tenant(), label, self.date_ms);
        request.method = match self.method % 2 {
            0 => AssignmentMethod::Standard,
            _ => AssignmentMethod::Privileged,
        };
        request.name = self.name.clone();
        request.action_id = self.action_id.clone();
        request.content_bits = self.content_bits.map(u32::from);
        let mut options = WriteOptions::default();
        options.read.default_storage = storage(self.others_storage);
        options
            .read
            .storages
            .insert(tenant(), storage(self.storage));
        options.force = self.force;
        (request, options)
    }

    fn is_ordinary(&self) -> bool {
        let fits = |text: &Option<String>| {
            text.as_deref().is_none_or(|text| {
                text.chars().count() < 100 && text.chars().all(|c| c.is_ascii_graphic())
            })
        };
        // Other years have no written form.
        let dates = -62_100_000_000_000..=253_402_300_799_999;
        fits(&self.name) && fits(&self.action_id) && dates.contains(&self.date_ms)
    }
}

/// A built package.
pub struct Built {
    pub bytes: Vec<u8>,
    /// Whether nothing about it is odd, so that it must be possible to label it.
    pub ordinary: bool,
}

impl Plan {
    fn bit(&self, number: u8) -> bool {
        self.form & (1 << number) != 0
    }

    fn encoded(&self, text: String, first_bit: u8) -> Vec<u8> {
        match (self.bit(first_bit), self.bit(first_bit + 1)) {
            (false, false) => text.into_bytes(),
            (false, true) => [&[0xef, 0xbb, 0xbf], text.as_bytes()].concat(),
            (true, big) => std::iter::once(0xfeff)
                .chain(text.encode_utf16())
                .flat_map(|unit| {
                    if big {
                        unit.to_be_bytes()
                    } else {
                        unit.to_le_bytes()
                    }
                })
                .collect(),
        }
    }

    /// Builds it; `None` where the library refuses.
    pub fn build(&self) -> Option<Built> {
        let mut ordinary = self.write.is_ordinary();
        let mut pick = |list: &[u8], count: usize, usual: usize| -> Vec<usize> {
            let numbers: Vec<usize> = list
                .iter()
                .take(24)
                .map(|byte| usize::from(*byte) % count)
                .collect();
            let unique: std::collections::BTreeSet<_> = numbers.iter().collect();
            ordinary &= unique.len() == numbers.len() && numbers.iter().all(|at| *at < usual);
            numbers
        };
        let types = pick(
            &self.content_types,
            pieces::CONTENT_TYPES.len(),
            pieces::CONTENT_TYPES_ORDINARY,
        );
        let relations = pick(
            &self.relationships,
            pieces::RELATIONSHIPS.len(),
            pieces::RELATIONSHIPS_ORDINARY,
        );
        let custom = self
            .custom
            .as_ref()
            .map(|list| pick(list, pieces::CUSTOM_COUNT, pieces::CUSTOM_ORDINARY));
        let labels = self
            .labels
            .as_ref()
            .map(|list| pick(list, pieces::LABELS.len(), pieces::LABELS_ORDINARY));
        let (content_type, main) = pieces::KINDS[usize::from(self.kind) % pieces::KINDS.len()];
        ordinary &= usize::from(self.kind) % pieces::KINDS.len() < 14;

        let custom_name = if self.bit(4) {
            "docProps/custom2.xml"
        } else {
            "docProps/custom.xml"
        };
        let labels_name = if self.bit(5) {
            "docMetadata/LabelInfo1.xml"
        } else {
            "docMetadata/LabelInfo.xml"
        };
        let mut content_types = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\r\n<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Default Extension=\"xml\" ContentType=\"application/xml\"/><Override PartName=\"/{main}\" ContentType=\"{content_type}\"/>"
        );
        let target = |name: &str| match self.form >> 6 & 3 {
            0 => name.to_owned(),
            1 => format!("/{name}"),
            2 => format!("./x/../{name}"),
            _ => name.replace('o', "%6f"),
        };
        let mut relationships = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" Type=\"{}\" Target=\"{main}\"/>",
            if self.bit(8) {
                "http://purl.oclc.org/ooxml/officeDocument/relationships/officeDocument"
            } else {
                "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
            }
        );
        let mut parts: Vec<(String, Vec<u8>)> = Vec::new();
        if let Some(numbers) = custom {
            let mut pid = 2;
            let body: String = numbers
                .iter()
                .map(|number| pieces::custom_property(*number, &mut pid))
                .collect();
            let (namespace, types) = if self.bit(8) {
                (
                    "http://purl.oclc.org/ooxml/officeDocument/customProperties",
                    "http://purl.oclc.org/ooxml/officeDocument/docPropsVTypes",
                )
            } else {
                (
                    "http://schemas.openxmlformats.org/officeDocument/2006/custom-properties",
                    "http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes",
                )
            };
            let declaration = if self.bit(0) { "UTF-16" } else { "UTF-8" };
            let text = if body.is_empty() && self.bit(9) {
                format!("<Properties xmlns=\"{namespace}\" xmlns:vt=\"{types}\"/>")
            } else {
                format!(
                    "<?xml version=\"1.0\" encoding=\"{declaration}\"?>\r\n<Properties xmlns=\"{namespace}\" xmlns:vt=\"{types}\">{body}</Properties>"
                )
            };
            parts.push((custom_name.to_owned(), self.encoded(text, 0)));
            relationships.push_str(&format!(
                "<Relationship Id=\"rId10\" Type=\"{}\" Target=\"{}\"/>",
                if self.bit(8) {
                    "http://purl.oclc.org/ooxml/officeDocument/relationships/customProperties"
                } else {
                    CUSTOM_TYPE
                },
                target(custom_name)
            ));
            content_types.push_str(&format!("<Override PartName=\"/{custom_name}\" ContentType=\"application/vnd.openxmlformats-officedocument.custom-properties+xml\"/>"));
        }
        if let Some(numbers) = labels {
            let body: String = numbers.iter().map(|at| pieces::LABELS[*at]).collect();
            let text = if body.is_empty() && self.bit(9) {
                "<clbl:labelList xmlns:clbl=\"http://schemas.microsoft.com/office/2020/mipLabelMetadata\" />".to_owned()
            } else {
                format!(
                    "<?xml version=\"1.0\"?><clbl:labelList xmlns:clbl=\"http://schemas.microsoft.com/office/2020/mipLabelMetadata\">{body}</clbl:labelList>"
                )
            };
            parts.push((labels_name.to_owned(), self.encoded(text, 2)));
            relationships.push_str(&format!(
                "<Relationship Id=\"rId11\" Type=\"{LABELS_TYPE}\" Target=\"{}\"/>",
                target(labels_name)
            ));
            content_types.push_str(&format!("<Override PartName=\"/{labels_name}\" ContentType=\"application/vnd.ms-office.classificationlabels+xml\"/>"));
        }
        for at in types {
            content_types.push_str(pieces::CONTENT_TYPES[at]);
        }
        for at in relations {
            relationships.push_str(pieces::RELATIONSHIPS[at]);
        }
        content_types.push_str("</Types>");
        relationships.push_str("</Relationships>");
        parts.push((
            main.to_owned(),
            b"<?xml version=\"1.0\"?><x><t>Text of the body</t></x>".to_vec(),
        ));
        parts.push(("[Content_Types].xml".to_owned(), content_types.into_bytes()));
        parts.push(("_rels/.rels".to_owned(), relationships.into_bytes()));
        if self.bit(10) {
            parts.push(("docProps/".to_owned(), Vec::new()));
        }
        if self.bit(11) {
            // In the way of a new part.
            parts.push((
                "DocMetadata/labelinfo.XML".to_owned(),
                b"in the way".to_vec(),
            ));
            ordinary = false;
        }
        let turn = usize::from(self.form >> 12) % parts.len();
        parts.rotate_left(turn);
        let parts: Vec<(&str, &[u8], bool)> = parts
            .iter()
            .enumerate()
            .map(|(at, (name, content))| {
                let stored = self.stored & (1 << (at % 8)) != 0;
                (name.as_str(), content.as_slice(), stored)
            })
            .collect();
        Some(Built {
            bytes: archive(&parts, self.bit(15)),
            ordinary,
        })
    }
}

/// Packs parts: name, content, whether it is stored. With `descriptors`, as a stream is packed.
pub fn archive(parts: &[(&str, &[u8], bool)], descriptors: bool) -> Vec<u8> {
    fn fill<W: Write + std::io::Seek>(writer: &mut ZipWriter<W>, parts: &[(&str, &[u8], bool)]) {
        for (name, content, stored) in parts {
            let method = if *stored {
                CompressionMethod::Stored
            } else {
                CompressionMethod::Deflated
            };
            let options = SimpleFileOptions::default().compression_method(method);
            if writer.start_file(*name, options).is_ok() {
                let _ = writer.write_all(content);
            }
        }
    }
    if descriptors {
        let mut writer = ZipWriter::new_stream(Vec::new());
        fill(&mut writer, parts);
        writer
            .finish()
            .map(|out| out.into_inner())
            .unwrap_or_default()
    } else {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        fill(&mut writer, parts);
        writer.finish().map(Cursor::into_inner).unwrap_or_default()
    }
}

/// A package from sections: one entry each; a name with a leading `!` is stored.
pub fn from_sections(sections: &[Section<'_>], descriptors: bool) -> Vec<u8> {
    let parts: Vec<(&str, &[u8], bool)> = sections
        .iter()
        .map(|section| match section.name.strip_prefix('!') {
            Some(name) => (name, section.content, true),
            None => (section.name, section.content, false),
        })
        .collect();
    archive(&parts, descriptors)
}

/// Method, checksum, sizes and packed bytes of each entry, and its content where it can be read.
type Entries = BTreeMap<String, (CompressionMethod, u32, Vec<u8>, Option<Vec<u8>>)>;

fn entries(bytes: &[u8]) -> Option<Entries> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).ok()?;
    let mut entries = BTreeMap::new();
    for at in 0..archive.len() {
        let mut packed = Vec::new();
        let (name, method, crc) = {
            let mut file = archive.by_index_raw(at).ok()?;
            file.read_to_end(&mut packed).ok()?;
            (
                String::from_utf8_lossy(file.name_raw()).into_owned(),
                file.compression(),
                file.crc32(),
            )
        };
        let mut content = Vec::new();
        let read = archive
            .by_index(at)
            .ok()
            .and_then(|mut file| file.read_to_end(&mut content).ok());
        entries.insert(name, (method, crc, packed, read.map(|_| content)));
    }
    Some(entries)
}

/// Another library opens both archives, and all but label parts and plumbing are the same bytes.
pub fn check_untouched(before: &[u8], after: &[u8]) {
    let Some(before) = entries(before) else {
        return;
    };
    let after = entries(after).expect("another library can't open the result");
    for (name, entry) in &after {
        if before.get(name).is_none_or(|old| old.3.is_some()) {
            assert!(entry.3.is_some(), "`{name}` can't be unpacked");
        }
    }
    let relationships = before
        .get("_rels/.rels")
        .and_then(|entry| entry.3.as_deref())
        .map(|text| String::from_utf8_lossy(text).to_ascii_lowercase())
        .unwrap_or_default();
    let may_change = |name: &str| {
        let name = name.to_ascii_lowercase();
        // A label part may have any name but the main part's.
        if relationships.contains(&name) && !pieces::KINDS.iter().any(|(_, main)| *main == name) {
            return true;
        }
        name == "[content_types].xml"
            || name == "_rels/.rels"
            || name.contains("custom")
            || name.contains("labelinfo")
            || name.contains("missing")
    };
    for (name, entry) in &before {
        if !may_change(name) {
            assert!(after.get(name) == Some(entry), "`{name}` was touched");
        }
    }
    let new = after.keys().filter(|name| !before.contains_key(*name));
    assert!(new.count() <= 2, "more entries than label parts");
}
