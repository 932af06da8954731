//! Generated Office packages, labelled in both storages.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use label_core::{LabelId, TenantId};
use zip::CompressionMethod;
use zip::result::ZipResult;
use zip::write::{SimpleFileOptions, ZipWriter};

/// The tenant of the label.
pub const TENANT: TenantId = TenantId::from_u128(0x74f71239_3dea_461b_910f_15d15a71655a);
/// The label that the packages carry.
pub const LABEL: LabelId = LabelId::from_u128(0x2096f6a2_d2f7_48be_b329_b73aaa526e5d);
/// Another label of the tenant.
pub const OTHER_LABEL: LabelId = LabelId::from_u128(0x11111111_1111_4111_8111_111111111111);

/// The parts that reading a label looks at.
pub const LABEL_PARTS: [&str; 4] = [
    "_rels/.rels",
    "[Content_Types].xml",
    "docMetadata/LabelInfo.xml",
    "docProps/custom.xml",
];

/// Size of a picture in a generated package, in bytes.
const PICTURE_BYTES: usize = 1 << 20;

/// What kind of package, as Office lays it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Office {
    /// One part with the text.
    Word,
    /// A sheet for every 250 KB or so.
    Excel,
    /// Two hundred parts: slides, layouts and their relationships.
    PowerPoint,
}

impl Office {
    /// The customary extension.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Word => "docx",
            Self::Excel => "xlsx",
            Self::PowerPoint => "pptx",
        }
    }

    fn main(self) -> (&'static str, &'static str) {
        match self {
            Self::Word => ("word/document.xml", "wordprocessingml.document"),
            Self::Excel => ("xl/workbook.xml", "spreadsheetml.sheet"),
            Self::PowerPoint => ("ppt/presentation.xml", "presentationml.presentation"),
        }
    }

    /// The other parts of XML: name and content type.
    fn parts(self) -> Vec<(String, &'static str)> {
        match self {
            Self::Word => Vec::new(),
            Self::Excel => (1..=12)
                .map(|number| {
                    let name = format!("xl/worksheets/sheet{number}.xml");
                    (name, "spreadsheetml.worksheet")
                })
                .collect(),
            Self::PowerPoint => (1..=100)
                .flat_map(|number| {
                    [
                        (
                            format!("ppt/slides/slide{number}.xml"),
                            "presentationml.slide",
                        ),
                        (
                            format!("ppt/slideLayouts/slideLayout{number}.xml"),
                            "presentationml.slideLayout",
                        ),
                    ]
                })
                .collect(),
        }
    }

    fn content_types(self) -> String {
        let (main, main_type) = self.main();
        let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Default Extension=\"xml\" ContentType=\"application/xml\"/><Default Extension=\"png\" ContentType=\"image/png\"/>".to_owned();
        let mut add = |name: &str, content_type: &str| {
            text.push_str(&format!(
                "<Override PartName=\"/{name}\" ContentType=\"application/vnd.{content_type}+xml\"/>"
            ));
        };
        add(
            main,
            &format!("openxmlformats-officedocument.{main_type}.main"),
        );
        for (name, content_type) in self.parts() {
            add(
                &name,
                &format!("openxmlformats-officedocument.{content_type}"),
            );
        }
        add(
            "docProps/custom.xml",
            "openxmlformats-officedocument.custom-properties",
        );
        add(
            "docMetadata/LabelInfo.xml",
            "ms-office.classificationlabels",
        );
        text.push_str("</Types>");
        text
    }

    fn relationships(self) -> String {
        let (main, _) = self.main();
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" Target=\"{main}\"/><Relationship Id=\"rId2\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/custom-properties\" Target=\"docProps/custom.xml\"/><Relationship Id=\"rId3\" Type=\"http://schemas.microsoft.com/office/2020/02/relationships/classificationlabels\" Target=\"docMetadata/LabelInfo.xml\"/></Relationships>"
        )
    }
}

fn label_info() -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?><clbl:labelList xmlns:clbl=\"http://schemas.microsoft.com/office/2020/mipLabelMetadata\"><clbl:label id=\"{{{LABEL}}}\" enabled=\"1\" method=\"Standard\" siteId=\"{{{TENANT}}}\" contentBits=\"0\" removed=\"0\" /></clbl:labelList>"
    )
}

fn custom_properties() -> String {
    let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<Properties xmlns=\"http://schemas.openxmlformats.org/officeDocument/2006/custom-properties\" xmlns:vt=\"http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes\">".to_owned();
    let tenant = TENANT.to_string();
    for (pid, (attribute, value)) in (2..).zip([
        ("Enabled", "true"),
        ("SetDate", "2021-01-05T10:00:00Z"),
        ("Method", "Standard"),
        ("Name", "Confidential"),
        ("SiteId", tenant.as_str()),
        ("ActionId", "7d9ff8f1-1f92-4b0d-8a2a-000000000001"),
        ("ContentBits", "0"),
    ]) {
        text.push_str(&format!("<property fmtid=\"{{D5CDD505-2E9C-101B-9397-08002B2CF9AE}}\" pid=\"{pid}\" name=\"MSIP_Label_{LABEL}_{attribute}\"><vt:lpwstr>{value}</vt:lpwstr></property>"));
    }
    text.push_str("</Properties>");
    text
}

/// Bytes that don't compress, from a fixed seed.
pub(crate) fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// Writes a labelled package of about `bytes` bytes: text, and pictures of up to 1 MiB.
///
/// # Errors
///
/// What writing reports.
pub fn of_size(path: &Path, office: Office, bytes: usize) -> ZipResult<()> {
    write(path, office, |zip| {
        let mut left = bytes.saturating_sub(8 * 1024);
        let mut number = 0;
        while left > 0 {
            let size = left.min(PICTURE_BYTES);
            stored(
                zip,
                &format!("media/image{number}.png"),
                &noise(number, size),
            )?;
            left -= size;
            number += 1;
        }
        Ok(())
    })
}

/// Writes a labelled Word package with `count` entries more than a label needs, of 16 bytes each.
///
/// # Errors
///
/// What writing reports.
pub fn of_entries(path: &Path, count: u64) -> ZipResult<()> {
    write(path, Office::Word, |zip| {
        (0..count).try_for_each(|number| {
            stored(
                zip,
                &format!("word/media/image{number}.png"),
                &noise(number, 16),
            )
        })
    })
}

type Zip = ZipWriter<BufWriter<File>>;

/// In the order in which Office writes: what everything hangs from first, the labels last.
fn write(
    path: &Path,
    office: Office,
    fill: impl FnOnce(&mut Zip) -> ZipResult<()>,
) -> ZipResult<()> {
    let mut zip = ZipWriter::new(BufWriter::new(File::create(path)?));
    let text = "<p><r><t>Some text of a contract.</t></r></p>".repeat(400);
    packed(&mut zip, "[Content_Types].xml", &office.content_types())?;
    packed(&mut zip, "_rels/.rels", &office.relationships())?;
    let (main, _) = office.main();
    packed(&mut zip, main, &format!("<main>{text}</main>"))?;
    for (name, _) in office.parts() {
        packed(&mut zip, &name, "<part><t>One slide or sheet.</t></part>")?;
    }
    fill(&mut zip)?;
    packed(&mut zip, "docProps/custom.xml", &custom_properties())?;
    packed(&mut zip, "docMetadata/LabelInfo.xml", &label_info())?;
    let file = zip.finish()?.into_inner().map_err(io::Error::from)?;
    file.sync_all()?;
    Ok(())
}

fn packed(zip: &mut Zip, name: &str, text: &str) -> ZipResult<()> {
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    zip.start_file(name, options)?;
    zip.write_all(text.as_bytes())?;
    Ok(())
}

fn stored(zip: &mut Zip, name: &str, bytes: &[u8]) -> ZipResult<()> {
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    zip.start_file(name, options)?;
    zip.write_all(bytes)?;
    Ok(())
}
