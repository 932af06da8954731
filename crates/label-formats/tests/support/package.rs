//! Office packages of every kind and form.

use std::io::{Cursor, Write};

use label_formats::FileKind;
use zip::CompressionMethod;
use zip::write::{FileOptions, FullFileOptions, ZipWriter};

use super::{A, L1};

pub(crate) const CUSTOM: &str = "docProps/custom.xml";
pub(crate) const LABEL_INFO: &str = "docMetadata/LabelInfo.xml";
pub(crate) const RELS: &str = "_rels/.rels";
pub(crate) const TYPES: &str = "[Content_Types].xml";

/// The parts that labelling may touch.
pub(crate) const LABEL_PARTS: [&str; 4] = [CUSTOM, LABEL_INFO, RELS, TYPES];

pub(crate) const LABEL_INFO_RELATIONSHIP: &str =
    "http://schemas.microsoft.com/office/2020/02/relationships/classificationlabels";
pub(crate) const CUSTOM_RELATIONSHIP: &str =
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships/custom-properties";
pub(crate) const CUSTOM_RELATIONSHIP_STRICT: &str =
    "http://purl.oclc.org/ooxml/officeDocument/relationships/customProperties";
pub(crate) const MAIN_RELATIONSHIP: &str =
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument";
pub(crate) const MAIN_RELATIONSHIP_STRICT: &str =
    "http://purl.oclc.org/ooxml/officeDocument/relationships/officeDocument";
pub(crate) const SIGNATURE_RELATIONSHIP: &str =
    "http://schemas.openxmlformats.org/package/2006/relationships/digital-signature/origin";
pub(crate) const LABEL_INFO_TYPE: &str = "application/vnd.ms-office.classificationlabels+xml";
pub(crate) const CUSTOM_TYPE: &str =
    "application/vnd.openxmlformats-officedocument.custom-properties+xml";
pub(crate) const USER_DEFINED: &str = "{D5CDD505-2E9C-101B-9397-08002B2CF9AE}";
pub(crate) const LABEL_NAMESPACE: &str =
    "http://schemas.microsoft.com/office/2020/mipLabelMetadata";

/// Every Office kind, its main part and that part's content type.
pub(crate) const KINDS: [(FileKind, &str, &str); 14] = [
    (
        FileKind::Docm,
        "word/document.xml",
        "application/vnd.ms-word.document.macroEnabled.main+xml",
    ),
    (
        FileKind::Docx,
        "word/document.xml",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
    ),
    (
        FileKind::Dotm,
        "word/document.xml",
        "application/vnd.ms-word.template.macroEnabledTemplate.main+xml",
    ),
    (
        FileKind::Dotx,
        "word/document.xml",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml",
    ),
    (
        FileKind::Xlam,
        "xl/workbook.xml",
        "application/vnd.ms-excel.addin.macroEnabled.main+xml",
    ),
    (
        FileKind::Xlsm,
        "xl/workbook.xml",
        "application/vnd.ms-excel.sheet.macroEnabled.main+xml",
    ),
    (
        FileKind::Xlsx,
        "xl/workbook.xml",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
    ),
    (
        FileKind::Xltx,
        "xl/workbook.xml",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.template.main+xml",
    ),
    (
        FileKind::Potm,
        "ppt/presentation.xml",
        "application/vnd.ms-powerpoint.template.macroEnabled.main+xml",
    ),
    (
        FileKind::Potx,
        "ppt/presentation.xml",
        "application/vnd.openxmlformats-officedocument.presentationml.template.main+xml",
    ),
    (
        FileKind::Ppsx,
        "ppt/presentation.xml",
        "application/vnd.openxmlformats-officedocument.presentationml.slideshow.main+xml",
    ),
    (
        FileKind::Ppsm,
        "ppt/presentation.xml",
        "application/vnd.ms-powerpoint.slideshow.macroEnabled.main+xml",
    ),
    (
        FileKind::Pptm,
        "ppt/presentation.xml",
        "application/vnd.ms-powerpoint.presentation.macroEnabled.main+xml",
    ),
    (
        FileKind::Pptx,
        "ppt/presentation.xml",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml",
    ),
];

/// One entry to write.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) content: Vec<u8>,
    pub(crate) stored: bool,
    pub(crate) comment: &'static str,
    /// With a private extra field, in both headers.
    pub(crate) extra: bool,
    /// With wide sizes though it is small.
    pub(crate) large: bool,
}

impl Entry {
    pub(crate) fn new(name: &str, content: &[u8]) -> Self {
        Self {
            name: name.to_owned(),
            content: content.to_vec(),
            stored: false,
            comment: "",
            extra: false,
            large: false,
        }
    }
}

/// A package to be built.
#[derive(Clone, Debug)]
pub(crate) struct Package {
    main: &'static str,
    main_type: String,
    strict: bool,
    custom: Option<Vec<u8>>,
    label_info: Option<Vec<u8>>,
    pub(crate) custom_target: String,
    pub(crate) custom_name: String,
    pub(crate) label_info_type: String,
    relationships: Vec<String>,
    /// Further elements of the content types.
    types: Vec<String>,
    /// Instead of what would be generated.
    types_part: Option<Vec<u8>>,
    relationships_part: Option<Vec<u8>>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) comment: &'static str,
    /// Written as to a pipe: with data descriptors.
    pub(crate) streaming: bool,
    /// Where each entry goes; the natural order if empty.
    pub(crate) order: Vec<usize>,
}

impl Package {
    pub(crate) fn new(kind: FileKind) -> Self {
        let (_, main, main_type) = KINDS.iter().find(|(one, _, _)| *one == kind).unwrap();
        Self {
            main,
            main_type: (*main_type).to_owned(),
            strict: false,
            custom: None,
            label_info: None,
            custom_target: CUSTOM.to_owned(),
            custom_name: CUSTOM.to_owned(),
            label_info_type: LABEL_INFO_TYPE.to_owned(),
            relationships: Vec::new(),
            types: Vec::new(),
            types_part: None,
            relationships_part: None,
            entries: Vec::new(),
            comment: "",
            streaming: false,
            order: Vec::new(),
        }
    }

    pub(crate) fn docx() -> Self {
        Self::new(FileKind::Docx)
    }

    pub(crate) fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    pub(crate) fn main_type(mut self, content_type: &str) -> Self {
        self.main_type = content_type.to_owned();
        self
    }

    pub(crate) fn custom(mut self, part: impl Into<Vec<u8>>) -> Self {
        self.custom = Some(part.into());
        self
    }

    pub(crate) fn label_info(mut self, part: impl Into<Vec<u8>>) -> Self {
        self.label_info = Some(part.into());
        self
    }

    pub(crate) fn entry(mut self, entry: Entry) -> Self {
        self.entries.push(entry);
        self
    }

    pub(crate) fn file(self, name: &str, content: &[u8]) -> Self {
        self.entry(Entry::new(name, content))
    }

    /// A whole `Relationship` element.
    pub(crate) fn relationship(mut self, element: &str) -> Self {
        self.relationships.push(element.to_owned());
        self
    }

    /// A whole `Default` or `Override` element.
    pub(crate) fn content_type(mut self, element: &str) -> Self {
        self.types.push(element.to_owned());
        self
    }

    pub(crate) fn types_part(mut self, part: impl Into<Vec<u8>>) -> Self {
        self.types_part = Some(part.into());
        self
    }

    pub(crate) fn relationships_part(mut self, part: impl Into<Vec<u8>>) -> Self {
        self.relationships_part = Some(part.into());
        self
    }

    fn generated_relationships(&self) -> Vec<u8> {
        let (main, custom) = if self.strict {
            (MAIN_RELATIONSHIP_STRICT, CUSTOM_RELATIONSHIP_STRICT)
        } else {
            (MAIN_RELATIONSHIP, CUSTOM_RELATIONSHIP)
        };
        let mut list = relationship("rId1", main, self.main);
        if self.custom.is_some() {
            list.push_str(&relationship("rId2", custom, &self.custom_target));
        }
        if self.label_info.is_some() {
            list.push_str(&relationship("rId3", LABEL_INFO_RELATIONSHIP, LABEL_INFO));
        }
        list.extend(self.relationships.iter().map(String::as_str));
        relationships(&list).into_bytes()
    }

    fn generated_types(&self) -> Vec<u8> {
        let mut list = format!(
            "<Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Default Extension=\"xml\" ContentType=\"application/xml\"/><Override PartName=\"/{}\" ContentType=\"{}\"/>",
            self.main, self.main_type
        );
        if self.custom.is_some() {
            list.push_str(&content_type_override(&self.custom_name, CUSTOM_TYPE));
        }
        if self.label_info.is_some() {
            list.push_str(&content_type_override(LABEL_INFO, &self.label_info_type));
        }
        list.extend(self.types.iter().map(String::as_str));
        content_types(&list).into_bytes()
    }

    /// Everything in its natural order.
    fn all(&self) -> Vec<Entry> {
        let types = self
            .types_part
            .clone()
            .unwrap_or_else(|| self.generated_types());
        let rels = self
            .relationships_part
            .clone()
            .unwrap_or_else(|| self.generated_relationships());
        let mut list = vec![
            Entry::new(TYPES, &types),
            Entry::new(RELS, &rels),
            Entry::new(self.main, b"<document>the text of the document</document>"),
        ];
        if let Some(part) = &self.custom {
            list.push(Entry::new(&self.custom_name, part));
        }
        if let Some(part) = &self.label_info {
            list.push(Entry::new(LABEL_INFO, part));
        }
        list.extend(self.entries.iter().cloned());
        list
    }

    pub(crate) fn build(&self) -> Vec<u8> {
        let mut list = self.all();
        if !self.order.is_empty() {
            list = self
                .order
                .iter()
                .filter_map(|at| list.get(*at).cloned())
                .collect();
        }
        if self.streaming {
            let mut writer = ZipWriter::new_stream(Vec::new());
            self.write(&mut writer, &list);
            writer.finish().unwrap().into_inner()
        } else {
            let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
            self.write(&mut writer, &list);
            writer.finish().unwrap().into_inner()
        }
    }

    /// How many entries there are: what `order` permutes.
    pub(crate) fn len(&self) -> usize {
        self.all().len()
    }

    fn write<W: Write + std::io::Seek>(&self, writer: &mut ZipWriter<W>, list: &[Entry]) {
        for entry in list {
            let method = if entry.stored {
                CompressionMethod::Stored
            } else {
                CompressionMethod::Deflated
            };
            let mut options: FullFileOptions<'_, '_> = FileOptions::default()
                .compression_method(method)
                .large_file(entry.large)
                .with_file_comment(entry.comment);
            if entry.extra {
                options.add_extra_field(0x4c46, b"private", false).unwrap();
            }
            if entry.name.ends_with('/') {
                writer.add_directory(entry.name.as_str(), options).unwrap();
                continue;
            }
            writer.start_file(entry.name.as_str(), options).unwrap();
            writer.write_all(&entry.content).unwrap();
        }
        if !self.comment.is_empty() {
            writer.set_comment(self.comment).unwrap();
        }
    }
}

pub(crate) fn relationship(id: &str, relationship_type: &str, target: &str) -> String {
    format!("<Relationship Id=\"{id}\" Type=\"{relationship_type}\" Target=\"{target}\"/>")
}

pub(crate) fn relationships(list: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\r\n<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">{list}</Relationships>"
    )
}

pub(crate) fn content_type_override(part: &str, content_type: &str) -> String {
    format!("<Override PartName=\"/{part}\" ContentType=\"{content_type}\"/>")
}

pub(crate) fn content_types(list: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\r\n<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">{list}</Types>"
    )
}

/// A custom properties part around these elements.
pub(crate) fn properties(body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\r\n<Properties xmlns=\"http://schemas.openxmlformats.org/officeDocument/2006/custom-properties\" xmlns:vt=\"http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes\">{body}</Properties>"
    )
}

/// The same in the strict flavour.
pub(crate) fn properties_strict(body: &str) -> String {
    properties(body)
        .replace(
            "http://schemas.openxmlformats.org/officeDocument/2006/custom-properties",
            "http://purl.oclc.org/ooxml/officeDocument/customProperties",
        )
        .replace(
            "http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes",
            "http://purl.oclc.org/ooxml/officeDocument/docPropsVTypes",
        )
}

/// A property with a whole value element.
pub(crate) fn property_of(pid: usize, name: &str, value: &str) -> String {
    format!("<property fmtid=\"{USER_DEFINED}\" pid=\"{pid}\" name=\"{name}\">{value}</property>")
}

/// A text property.
pub(crate) fn property(pid: usize, name: &str, value: &str) -> String {
    property_of(pid, name, &format!("<vt:lpwstr>{value}</vt:lpwstr>"))
}

/// A label's properties in a row, from this property id on.
pub(crate) fn group(pid: usize, label: &str, attributes: &[(&str, &str)]) -> String {
    attributes
        .iter()
        .enumerate()
        .map(|(at, (attribute, value))| {
            property(pid + at, &format!("MSIP_Label_{label}_{attribute}"), value)
        })
        .collect()
}

/// The six properties of V-01.
pub(crate) fn modern(pid: usize, label: &str, tenant: &str) -> String {
    group(
        pid,
        label,
        &[
            ("Enabled", "true"),
            ("SetDate", "2024-05-06T07:08:09Z"),
            ("Method", "Privileged"),
            ("Name", "R&amp;D only"),
            ("SiteId", tenant),
            ("ContentBits", "3"),
        ],
    )
}

/// The smallest group in effect.
pub(crate) fn small(pid: usize, label: &str, tenant: &str) -> String {
    group(pid, label, &[("Enabled", "true"), ("SiteId", tenant)])
}

/// V-01's part.
pub(crate) fn modern_part() -> String {
    properties(&modern(2, L1, A))
}

/// A LabelInfo part around these elements, in the canonical byte form.
pub(crate) fn label_list(body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?><clbl:labelList xmlns:clbl=\"{LABEL_NAMESPACE}\">{body}</clbl:labelList>"
    )
}

/// A label element in the canonical byte form.
pub(crate) fn element(label: &str, tenant: &str, method: &str) -> String {
    format!(
        "<clbl:label id=\"{{{label}}}\" enabled=\"1\" method=\"{method}\" siteId=\"{{{tenant}}}\" contentBits=\"0\" removed=\"0\" />"
    )
}

/// A tombstone in the canonical byte form.
pub(crate) fn tombstone(tenant: &str) -> String {
    format!(
        "<clbl:label id=\"{{{tenant}}}\" enabled=\"0\" method=\"\" siteId=\"{{{tenant}}}\" removed=\"1\" />"
    )
}

/// Everything that an archive may hold: macros, media, stored and packed entries, comments, extra
/// fields, wide sizes, folders, names beyond ASCII.
pub(crate) fn rich(streaming: bool) -> Package {
    let noise: Vec<u8> = (0..5000_u32)
        .map(|at| at.wrapping_mul(2_654_435_761).to_le_bytes()[3])
        .collect();
    let mut vba = Entry::new("word/vbaProject.bin", &noise);
    vba.comment = "macros";
    vba.extra = true;
    let mut media = Entry::new("word/media/image1.png", &noise[..999]);
    media.stored = true;
    let mut large = Entry::new("word/embeddings/large.bin", &[b'x'; 3000]);
    large.large = true;
    large.extra = true;
    let mut package = Package::new(FileKind::Docm)
        .entry(vba)
        .entry(media)
        .file("docProps/", b"")
        .file("word/Übersicht \u{1f512}.xml", b"<x/>")
        .entry(large)
        .file("empty", b"")
        .file("customXml/item1.xml", b"<item>custom XML data</item>");
    package.comment = "the archive's own comment";
    package.streaming = streaming;
    package
}
