//! PDFs byte by byte: every kind of cross-reference, revisions, object streams.

use std::collections::BTreeMap;
use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::L1;

/// Where an object is.
#[derive(Clone, Copy, Debug)]
enum Place {
    At(usize),
    In(u32, usize),
}

/// A PDF being written.
#[derive(Clone, Debug)]
pub(crate) struct Pdf {
    pub(crate) bytes: Vec<u8>,
    /// Offsets count from here.
    base: usize,
    pending: BTreeMap<u32, Place>,
    previous: Option<usize>,
    size: u32,
    root: String,
}

pub(crate) fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

impl Pdf {
    pub(crate) fn new() -> Self {
        Self::behind(b"", false)
    }

    /// With bytes before the header; offsets count from the file's start or from the header.
    pub(crate) fn behind(junk: &[u8], from_header: bool) -> Self {
        let mut bytes = junk.to_vec();
        bytes.extend(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n");
        Self {
            bytes,
            base: if from_header { junk.len() } else { 0 },
            pending: BTreeMap::new(),
            previous: None,
            size: 1,
            root: "1 0 R".to_owned(),
        }
    }

    /// A file of one page, the catalog being object 1 with these further entries.
    pub(crate) fn page(catalog: &str) -> Self {
        let mut pdf = Self::new();
        pdf.page_objects(catalog);
        pdf
    }

    pub(crate) fn page_objects(&mut self, catalog: &str) {
        self.object(1, &format!("<</Type/Catalog/Pages 2 0 R{catalog}>>"));
        self.object(2, "<</Type/Pages/Kids[3 0 R]/Count 1>>");
        self.object(3, "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>");
    }

    pub(crate) fn position(&self) -> usize {
        self.bytes.len() - self.base
    }

    pub(crate) fn object(&mut self, number: u32, body: &str) {
        self.object_bytes(number, body.as_bytes());
    }

    pub(crate) fn object_bytes(&mut self, number: u32, body: &[u8]) {
        self.pending.insert(number, Place::At(self.position()));
        self.size = self.size.max(number + 1);
        self.bytes.extend(format!("{number} 0 obj\n").bytes());
        self.bytes.extend(body);
        self.bytes.extend(b"\nendobj\n");
    }

    pub(crate) fn stream(&mut self, number: u32, entries: &str, content: &[u8]) {
        let mut body = format!("<<{entries}/Length {}>>stream\r\n", content.len()).into_bytes();
        body.extend(content);
        body.extend(b"\nendstream");
        self.object_bytes(number, &body);
    }

    /// An object stream with these objects in it.
    pub(crate) fn object_stream(&mut self, number: u32, objects: &[(u32, &str)]) {
        let mut header = String::new();
        let mut body = String::new();
        for (at, (inner, text)) in objects.iter().enumerate() {
            header.push_str(&format!("{inner} {} ", body.len()));
            body.push_str(text);
            body.push('\n');
            self.pending.insert(*inner, Place::In(number, at));
            self.size = self.size.max(inner + 1);
        }
        let content = deflate(format!("{header}{body}").as_bytes());
        let entries = format!(
            "/Type/ObjStm/N {}/First {}/Filter/FlateDecode",
            objects.len(),
            header.len()
        );
        self.stream(number, &entries, &content);
    }

    fn runs(objects: &BTreeMap<u32, Place>) -> Vec<Vec<(u32, Place)>> {
        let mut runs: Vec<Vec<(u32, Place)>> = Vec::new();
        for (&number, &place) in objects {
            match runs.last_mut() {
                Some(run) if run.last().unwrap().0 + 1 == number => run.push((number, place)),
                _ => runs.push(vec![(number, place)]),
            }
        }
        runs
    }

    fn prev(&self) -> String {
        self.previous
            .map_or_else(String::new, |at| format!("/Prev {at}"))
    }

    fn end(&mut self, section: usize) {
        self.bytes
            .extend(format!("startxref\n{section}\n%%EOF\n").bytes());
        self.previous = Some(section);
        self.pending.clear();
    }

    /// Ends a revision with a table; gives the section's offset.
    pub(crate) fn table(&mut self, trailer: &str) -> usize {
        let section = self.position();
        let mut text = "xref\n".to_owned();
        if self.previous.is_none() {
            text.push_str("0 1\n0000000000 65535 f \n");
        }
        let direct: BTreeMap<u32, Place> = self
            .pending
            .iter()
            .filter(|(_, place)| matches!(place, Place::At(_)))
            .map(|(number, place)| (*number, *place))
            .collect();
        for run in Self::runs(&direct) {
            text.push_str(&format!("{} {}\n", run[0].0, run.len()));
            for (_, place) in run {
                if let Place::At(offset) = place {
                    text.push_str(&format!("{offset:010} 00000 n \n"));
                }
            }
        }
        text.push_str(&format!(
            "trailer\n<</Size {}/Root {}{}{trailer}>>\n",
            self.size,
            self.root,
            self.prev()
        ));
        self.bytes.extend(text.bytes());
        self.end(section);
        section
    }

    /// Writes a cross-reference stream for everything pending, without an end; gives its offset.
    pub(crate) fn cross_reference(&mut self, number: u32, trailer: &str, predictor: bool) -> usize {
        let section = self.position();
        self.pending.insert(number, Place::At(section));
        self.size = self.size.max(number + 1);
        let mut rows: Vec<[u8; 7]> = Vec::new();
        let mut index = String::new();
        let row = |kind: u8, second: usize, third: usize| {
            let mut bytes = [kind, 0, 0, 0, 0, 0, 0];
            bytes[1..5].copy_from_slice(&u32::try_from(second).unwrap().to_be_bytes());
            bytes[5..7].copy_from_slice(&u16::try_from(third).unwrap().to_be_bytes());
            bytes
        };
        if self.previous.is_none() {
            index.push_str("0 1 ");
            rows.push(row(0, 0, 65535));
        }
        for run in Self::runs(&self.pending) {
            index.push_str(&format!("{} {} ", run[0].0, run.len()));
            rows.extend(run.iter().map(|(_, place)| match place {
                Place::At(offset) => row(1, *offset, 0),
                Place::In(container, at) => row(2, *container as usize, *at),
            }));
        }
        let mut content = Vec::new();
        let mut above = [0_u8; 7];
        for row in rows {
            if predictor {
                content.push(2);
                content.extend(row.iter().zip(above).map(|(one, up)| one.wrapping_sub(up)));
                above = row;
            } else {
                content.extend(row);
            }
        }
        let parameters = if predictor {
            "/DecodeParms<</Predictor 12/Columns 7>>"
        } else {
            ""
        };
        let entries = format!(
            "/Type/XRef/Size {}/W[1 4 2]/Index[{index}]/Root {}{}{trailer}/Filter/FlateDecode{parameters}",
            self.size,
            self.root,
            self.prev()
        );
        self.stream(number, &entries, &deflate(&content));
        section
    }

    /// Ends a revision with a cross-reference stream.
    pub(crate) fn xref_stream(&mut self, number: u32, trailer: &str, predictor: bool) -> usize {
        let section = self.cross_reference(number, trailer, predictor);
        self.end(section);
        section
    }

    /// Ends a revision with both: objects in streams are only in the hidden stream.
    pub(crate) fn hybrid(&mut self, number: u32, trailer: &str) {
        let before = self.pending.clone();
        let hidden = self.cross_reference(number, "", false);
        self.pending = before;
        self.table(&format!("/XRefStm {hidden}{trailer}"));
    }
}

/// The information dictionary's entries of a label.
pub(crate) fn info(label: &str, attributes: &[(&str, &str)]) -> String {
    attributes
        .iter()
        .map(|(attribute, value)| format!("/MSIP_Label_{label}_{attribute}({value})"))
        .collect()
}

/// A label in effect.
pub(crate) fn info_of(label: &str, tenant: &str) -> String {
    format!(
        "<<{}>>",
        info(label, &[("Enabled", "true"), ("SiteId", tenant)])
    )
}

/// An XMP packet around the descriptions.
pub(crate) fn packet(descriptions: &str) -> String {
    format!(
        "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">{descriptions}</rdf:RDF></x:xmpmeta>\n{}\n<?xpacket end=\"w\"?>",
        " ".repeat(200)
    )
}

/// A description with a label in effect.
pub(crate) fn description(label: &str, tenant: &str) -> String {
    let element = |attribute: &str, value: &str| {
        format!(
            "<pdfx:MSIP_Label_{label}_{attribute}>{value}</pdfx:MSIP_Label_{label}_{attribute}>"
        )
    };
    format!(
        "<rdf:Description rdf:about=\"\" xmlns:pdfx=\"http://ns.adobe.com/pdfx/1.3/\">{}{}</rdf:Description>",
        element("Enabled", "true"),
        element("SiteId", tenant)
    )
}

/// A one-page PDF with this information dictionary and this packet.
pub(crate) fn simple(info: Option<&str>, packet: Option<&[u8]>) -> Vec<u8> {
    let mut pdf = Pdf::page(if packet.is_some() {
        "/Metadata 5 0 R"
    } else {
        ""
    });
    if let Some(info) = info {
        pdf.object(4, info);
    }
    if let Some(packet) = packet {
        pdf.stream(5, "/Type/Metadata/Subtype/XML", packet);
    }
    pdf.table(if info.is_some() { "/Info 4 0 R" } else { "" });
    pdf.bytes
}

/// The information dictionary as the PDF library reads it: label keys and decoded values.
pub(crate) fn oracle(bytes: &[u8]) -> Option<BTreeMap<String, String>> {
    let document = lopdf::Document::load_mem(bytes).ok()?;
    oracle_of(&document)
}

/// [`oracle`] of a loaded document; `None` if its information dictionary can't be had.
pub(crate) fn oracle_of(document: &lopdf::Document) -> Option<BTreeMap<String, String>> {
    let Ok(info) = document.trailer.get(b"Info") else {
        return Some(BTreeMap::new());
    };
    let (_, info) = document.dereference(info).ok()?;
    let mut found = BTreeMap::new();
    for (key, value) in info.as_dict().ok()? {
        let key = String::from_utf8_lossy(key).into_owned();
        if !key.to_ascii_lowercase().starts_with("msip_label_") {
            continue;
        }
        let (_, value) = document.dereference(value).ok()?;
        let text = match value {
            lopdf::Object::Name(name) => String::from_utf8_lossy(name).into_owned(),
            other => lopdf::decode_text_string(other).ok()?,
        };
        found.insert(key, text.trim_start_matches('\u{feff}').to_owned());
    }
    Some(found)
}

/// A key of the information dictionary of L1.
pub(crate) fn key(attribute: &str) -> String {
    format!("MSIP_Label_{L1}_{attribute}")
}

/// Bytes as a literal string.
pub(crate) fn literal(bytes: &[u8]) -> Vec<u8> {
    let mut text = vec![b'('];
    for byte in bytes {
        match byte {
            b'(' | b')' | b'\\' => text.extend([b'\\', *byte]),
            // A line end in a string is a line feed, however it is written.
            b'\r' => text.extend(b"\\r"),
            other => text.push(*other),
        }
    }
    text.push(b')');
    text
}

/// The encryption dictionary of rights management, around a licence if there is one.
pub(crate) fn encrypt(licence: Option<&[u8]>) -> Vec<u8> {
    let mut body = b"<</Filter/MicrosoftIRMServices/V 5/CF<</MicrosoftIRMServices<</Type/CryptFilter/CFM/None>>>>/StmF/MicrosoftIRMServices/StrF/MicrosoftIRMServices/EncryptMetadata true/MicrosoftIRMVersion 2".to_vec();
    if let Some(licence) = licence {
        body.extend(b"/PublishingLicense");
        body.extend(literal(licence));
    }
    body.extend(b">>");
    body
}

/// A PDF under rights management, as it is attached to a cover or stands alone.
pub(crate) fn payload(encrypt: &[u8]) -> Vec<u8> {
    let mut pdf = Pdf::page("");
    pdf.object(4, &info_of(super::L3, super::B));
    pdf.object_bytes(9, encrypt);
    pdf.table("/Info 4 0 R/Encrypt 9 0 R");
    pdf.bytes
}

/// A cover with this information dictionary, and what its attachment's stream has as entries and
/// content.
pub(crate) fn cover(info: Option<&str>, entries: &str, payload: &[u8]) -> Vec<u8> {
    let mut pdf =
        Pdf::page("/AF[9 0 R]/Collection<</View/H/D(MicrosoftIRMServices Protected PDF.pdf)>>");
    if let Some(info) = info {
        pdf.object(4, info);
    }
    pdf.object(9, "<</Type/Filespec/F(MicrosoftIRMServices Protected PDF.pdf)/AFRelationship/EncryptedPayload/EP<</Type/EncryptedPayload/Subtype/MicrosoftIRMServices/Version 2>>/EF<</F 10 0 R>>>>");
    pdf.stream(10, &format!("/Type/EmbeddedFile{entries}"), payload);
    pdf.table(if info.is_some() { "/Info 4 0 R" } else { "" });
    pdf.bytes
}
