//! PDFs from the bodies of their objects: numbers, offsets and cross-references are right, whatever
//! the bodies are, so that what is behind them is reached.

use std::collections::BTreeMap;

use label_formats::Reading;
use lopdf::xref::XrefEntry;
use lopdf::{Document, LoadOptions};

use crate::Section;

/// How the objects are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Table,
    Stream,
    /// A cross-reference stream, with all objects but streams in object streams.
    ObjectStreams,
    /// A table, and a stream that hides objects from old readers.
    Hybrid,
}

impl Form {
    pub fn of(byte: u8) -> Self {
        match byte & 3 {
            0 => Self::Table,
            1 => Self::Stream,
            2 => Self::ObjectStreams,
            _ => Self::Hybrid,
        }
    }
}

/// The file in another library's eyes, where that needs no guesses.
pub fn open(bytes: &[u8]) -> Option<Document> {
    let options = LoadOptions {
        strict: true,
        ..LoadOptions::with_max_decompressed_size(1 << 20)
    };
    let document = Document::load_mem_with_options(bytes, options).ok()?;
    document.xref_recovery.is_none().then_some(document)
}

/// Whether nobody finds anything wrong with a file.
pub fn is_sound(bytes: &[u8], reading: &Reading) -> bool {
    reading.diagnostics.is_empty()
        && open(bytes).is_some_and(|one| one.catalog().is_ok() && sees_every_object(&one))
}

/// Whether the library can read every object that the cross-reference names. One in an object stream
/// that it can't read, such as a dictionary with a stray `#` in a name, it passes over, and one
/// outside it does not: then it opens the file before and not after, though nothing else has changed.
fn sees_every_object(document: &Document) -> bool {
    document
        .reference_table
        .entries
        .iter()
        .all(|(number, entry)| {
            let generation = match entry {
                XrefEntry::Free | XrefEntry::UnusableFree => return true,
                XrefEntry::Normal { generation, .. } => *generation,
                XrefEntry::Compressed { .. } => 0,
            };
            document.objects.contains_key(&(*number, generation))
        })
}

/// Highest object number that a section can ask for.
const NUMBER_MAX: u32 = 200;

/// Sections whose name is a number are objects; a section `trailer` ends a revision, and its content
/// goes into the trailer.
pub fn from_sections(form: Form, sections: &[Section<'_>]) -> Vec<u8> {
    let mut file = Building {
        bytes: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec(),
        objects: BTreeMap::new(),
        size: 1,
        previous: None,
    };
    for section in sections {
        if section.name == "trailer" {
            file.end(form, section.content);
        } else if let Ok(number @ 1..=NUMBER_MAX) = section.name.parse() {
            file.objects.insert(number, section.content);
            file.size = file.size.max(number + 1);
        }
    }
    if !file.objects.is_empty() || file.previous.is_none() {
        file.end(form, b"");
    }
    file.bytes
}

struct Building<'a> {
    bytes: Vec<u8>,
    /// Of the revision that is not ended yet.
    objects: BTreeMap<u32, &'a [u8]>,
    size: u32,
    previous: Option<usize>,
}

/// Kind and two numbers of a row of a cross-reference.
type Row = (u8, usize, usize);

impl Building<'_> {
    fn object(&mut self, number: u32, body: &[u8]) -> Row {
        let at = self.bytes.len();
        self.bytes.extend(format!("{number} 0 obj\n").bytes());
        self.bytes.extend(body);
        self.bytes.extend(b"\nendobj\n");
        (1, at, 0)
    }

    fn stream(&mut self, number: u32, entries: &str, content: &[u8]) -> Row {
        let mut body = format!("<<{entries}/Length {}>>stream\n", content.len()).into_bytes();
        body.extend(content);
        body.extend(b"\nendstream");
        self.object(number, &body)
    }

    fn end(&mut self, form: Form, trailer: &[u8]) {
        let objects = std::mem::take(&mut self.objects);
        let packs = matches!(form, Form::ObjectStreams | Form::Hybrid);
        let is_stream = |body: &[u8]| body.windows(6).any(|word| word == b"stream");
        let (mut rows, mut packed) = (BTreeMap::new(), Vec::new());
        for (number, body) in objects {
            if packs && !is_stream(body) {
                packed.push((number, body));
            } else {
                let row = self.object(number, body);
                rows.insert(number, row);
            }
        }
        let mut hidden = BTreeMap::new();
        if !packed.is_empty() {
            let container = self.size;
            self.size += 1;
            let (mut header, mut content) = (String::new(), Vec::new());
            for (at, (number, body)) in packed.iter().enumerate() {
                header.push_str(&format!("{number} {} ", content.len()));
                content.extend(*body);
                content.push(b'\n');
                hidden.insert(*number, (2, container as usize, at));
            }
            let entries = format!("/Type/ObjStm/N {}/First {}", packed.len(), header.len());
            let content = [header.as_bytes(), &content].concat();
            let row = self.stream(container, &entries, &content);
            rows.insert(container, row);
        }
        let previous = self.previous.map(|at| format!("/Prev {at}"));
        let trailer = [
            previous.unwrap_or_default().as_bytes(),
            b"/Root 1 0 R",
            trailer,
        ]
        .concat();
        let start = match form {
            Form::Table => self.table(&rows, &trailer),
            Form::Stream | Form::ObjectStreams => {
                rows.extend(hidden);
                self.rows(&mut rows, &trailer)
            }
            Form::Hybrid => {
                let at = self.rows(&mut hidden, b"/Root 1 0 R");
                let trailer = [trailer, format!("/XRefStm {at}").into_bytes()].concat();
                self.table(&rows, &trailer)
            }
        };
        self.bytes
            .extend(format!("startxref\n{start}\n%%EOF\n").bytes());
        self.previous = Some(start);
    }

    fn table(&mut self, rows: &BTreeMap<u32, Row>, trailer: &[u8]) -> usize {
        let start = self.bytes.len();
        self.bytes.extend(b"xref\n0 1\n0000000000 65535 f \n");
        for (number, (_, at, _)) in rows {
            self.bytes
                .extend(format!("{number} 1\n{at:010} 00000 n \n").bytes());
        }
        self.bytes
            .extend(format!("trailer\n<</Size {}", self.size).bytes());
        self.bytes.extend(trailer);
        self.bytes.extend(b">>\n");
        start
    }

    fn rows(&mut self, rows: &mut BTreeMap<u32, Row>, trailer: &[u8]) -> usize {
        let start = self.bytes.len();
        let own = self.size;
        self.size += 1;
        rows.insert(own, (1, start, 0));
        let (mut index, mut content) = (String::new(), Vec::new());
        for (number, (kind, second, third)) in rows {
            index.push_str(&format!("{number} 1 "));
            content.push(*kind);
            content.extend((*second as u32).to_be_bytes());
            content.extend((*third as u16).to_be_bytes());
        }
        let entries = format!(
            "/Type/XRef/Size {}/W[1 4 2]/Index[{index}]{}",
            self.size,
            String::from_utf8_lossy(trailer)
        );
        self.stream(own, &entries, &content);
        start
    }
}
