//! Generated PDFs, labelled in the information dictionary and in the XMP packet.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use crate::package::{LABEL, TENANT, noise};

/// Size of a picture, in bytes.
const PICTURE_BYTES: usize = 1 << 20;

/// One small object for so many bytes of pictures, as pages and fonts stand between them.
const BYTES_PER_OBJECT: usize = 16 * 1024;

/// How many objects an object stream holds, as qpdf and Word write them.
const STREAM_OBJECTS: usize = 100;

/// How the cross-reference is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// A table at the end.
    Table,
    /// Two tables, the one of the first page at the start, as linearised files have it.
    Linearised,
    /// A cross-reference stream; small objects in object streams.
    Streams,
}

/// Where an object is.
#[derive(Clone, Copy)]
enum Place {
    At(u64),
    In(u32, u16),
}

/// Writes a labelled PDF of about `bytes` bytes: pictures of up to 1 MiB, and small objects.
///
/// # Errors
///
/// What writing reports.
pub fn of_size(path: &Path, layout: Layout, bytes: usize) -> io::Result<()> {
    write(path, layout, bytes / BYTES_PER_OBJECT, bytes)
}

/// Writes a labelled PDF with `count` small objects and no picture.
///
/// # Errors
///
/// What writing reports.
pub fn of_objects(path: &Path, layout: Layout, count: usize) -> io::Result<()> {
    write(path, layout, count, 0)
}

/// The keys and values of the label.
fn attributes() -> Vec<(String, String)> {
    let tenant = TENANT.to_string();
    [
        ("Enabled", "true"),
        ("SiteId", tenant.as_str()),
        ("SetDate", "2021-01-05T10:00:00Z"),
        ("Method", "Standard"),
        ("Name", "Confidential"),
        ("ActionId", "7d9ff8f1-1f92-4b0d-8a2a-000000000001"),
        ("ContentBits", "0"),
    ]
    .into_iter()
    .map(|(name, value)| (format!("MSIP_Label_{LABEL}_{name}"), value.to_owned()))
    .collect()
}

fn info() -> String {
    let mut text =
        "<</Author(Somebody)/Creator(A writer)/CreationDate(D:20210105100000Z)".to_owned();
    for (key, value) in attributes() {
        text.push_str(&format!("/{key}({value})"));
    }
    text + ">>"
}

/// A packet as writers make it, with two kilobytes of padding.
fn packet() -> String {
    let mut own = String::new();
    for (key, value) in attributes() {
        own.push_str(&format!("   <pdfx:{key}>{value}</pdfx:{key}>\n"));
    }
    let padding = format!("{}\n", " ".repeat(99)).repeat(20);
    format!(
        "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n\
         <x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n \
         <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n  \
         <rdf:Description rdf:about=\"\" xmlns:pdf=\"http://ns.adobe.com/pdf/1.3/\" \
         xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" \
         xmlns:pdfx=\"http://ns.adobe.com/pdfx/1.3/\">\n   \
         <pdf:Producer>A producer</pdf:Producer>\n   \
         <xmp:CreateDate>2021-01-05T10:00:00Z</xmp:CreateDate>\n   \
         <dc:creator><rdf:Seq><rdf:li>Somebody</rdf:li></rdf:Seq></dc:creator>\n\
         {own}  </rdf:Description>\n </rdf:RDF>\n</x:xmpmeta>\n{padding}<?xpacket end=\"w\"?>"
    )
}

/// A file being written, with the places of its objects from number 1 on.
struct Pdf {
    out: BufWriter<File>,
    at: u64,
    places: Vec<Place>,
}

impl Pdf {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.at += bytes.len() as u64;
        self.out.write_all(bytes)
    }

    /// The number that the next object gets.
    fn next(&self) -> usize {
        self.places.len() + 1
    }

    fn object(&mut self, body: &str) -> io::Result<()> {
        let number = self.next();
        self.places.push(Place::At(self.at));
        self.put(format!("{number} 0 obj\n{body}\nendobj\n").as_bytes())
    }

    fn stream(&mut self, entries: &str, content: &[u8]) -> io::Result<()> {
        let number = self.next();
        self.places.push(Place::At(self.at));
        let head = format!(
            "{number} 0 obj\n<<{entries}/Length {}>>\nstream\n",
            content.len()
        );
        self.put(head.as_bytes())?;
        self.put(content)?;
        self.put(b"\nendstream\nendobj\n")
    }

    /// The objects, and behind them the object stream that they are in.
    fn object_stream(&mut self, bodies: &[String]) -> io::Result<()> {
        let container = number(self.next() + bodies.len());
        let (mut header, mut body) = (String::new(), String::new());
        for (index, text) in (0..).zip(bodies) {
            header.push_str(&format!("{} {} ", self.next(), body.len()));
            body.push_str(text);
            body.push('\n');
            self.places.push(Place::In(container, index));
        }
        let content = deflate(format!("{header}{body}").as_bytes())?;
        let entries = format!(
            "/Type/ObjStm/N {}/First {}/Filter/FlateDecode",
            bodies.len(),
            header.len()
        );
        self.stream(&entries, &content)
    }

    /// The table of all objects up to a number, from there to the trailer.
    fn table(&mut self, from: usize, to: usize) -> io::Result<()> {
        let mut text = format!("xref\n{from} {}\n", to - from);
        if from == 0 {
            text.push_str("0000000000 65535 f \n");
        }
        for place in self
            .places
            .iter()
            .take(to.saturating_sub(1))
            .skip(from.saturating_sub(1))
        {
            if let Place::At(offset) = place {
                text.push_str(&format!("{offset:010} 00000 n \n"));
            }
        }
        self.put(text.as_bytes())
    }

    /// A cross-reference stream for all objects and itself, with the predictor that writers use.
    fn cross_reference(&mut self, trailer: &str) -> io::Result<()> {
        let own = self.at;
        let mut rows = vec![[0; 7]];
        for place in self.places.iter().chain([&Place::At(own)]) {
            let mut row = [0; 7];
            let (kind, second, third) = match *place {
                Place::At(offset) => (1, u32::try_from(offset).unwrap_or(u32::MAX), 0),
                Place::In(container, index) => (2, container, index),
            };
            let bytes = [kind].into_iter().chain(second.to_be_bytes());
            for (to, from) in row.iter_mut().zip(bytes.chain(third.to_be_bytes())) {
                *to = from;
            }
            rows.push(row);
        }
        let mut content = Vec::with_capacity(rows.len() * 8);
        let mut above = [0; 7];
        for row in rows {
            content.push(2);
            content.extend(
                row.iter()
                    .zip(above)
                    .map(|(one, up): (&u8, u8)| one.wrapping_sub(up)),
            );
            above = row;
        }
        let entries = format!(
            "/Type/XRef/Size {}/W[1 4 2]{trailer}/Filter/FlateDecode/DecodeParms<</Predictor 12/Columns 7>>",
            self.next() + 1
        );
        self.stream(&entries, &deflate(&content)?)
    }
}

fn number(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn deflate(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish()
}

fn small(number: usize) -> String {
    format!(
        "<</Type/Annot/Subtype/Link/Rect[0 0 {number} 9]/Border[0 0 0]/A<</S/URI/URI(https://example.com/{number})>>>>"
    )
}

/// The catalog first, the labels last, as most writers have it.
fn write(path: &Path, layout: Layout, objects: usize, bytes: usize) -> io::Result<()> {
    let mut pdf = Pdf {
        out: BufWriter::new(File::create(path)?),
        at: 0,
        places: Vec::new(),
    };
    pdf.put(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")?;
    let pictures = bytes.div_ceil(PICTURE_BYTES);
    // Both numbers are known before: the catalog and the first trailer name them.
    let containers = match layout {
        Layout::Streams => 1 + objects.div_ceil(STREAM_OBJECTS),
        Layout::Table | Layout::Linearised => 0,
    };
    let first_page = 3;
    let info_number = first_page + objects + pictures + containers + 1;
    let metadata_number = info_number + if layout == Layout::Streams { 2 } else { 1 };
    let ends = [
        format!("<</Type/Catalog/Pages 2 0 R/Metadata {metadata_number} 0 R>>"),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>".to_owned(),
    ];
    let entries = format!("/Root 1 0 R/Info {info_number} 0 R");
    let id = "/ID[<00112233445566778899AABBCCDDEEFF><00112233445566778899AABBCCDDEEFF>]";

    // Room for the table of the first page, whose numbers are known later.
    const FIRST_TABLE_BYTES: usize = 512;
    let first_table = pdf.at;
    if layout == Layout::Linearised {
        pdf.put(&[b' '; FIRST_TABLE_BYTES])?;
    }
    if layout == Layout::Streams {
        pdf.object_stream(&ends)?;
    } else {
        for end in &ends {
            pdf.object(end)?;
        }
    }
    let mut left = bytes;
    for at in 0..pictures {
        let size = left.min(PICTURE_BYTES);
        let picture = noise(at as u64, size);
        pdf.stream("/Type/XObject/Subtype/Image/Filter/DCTDecode", &picture)?;
        left -= size;
    }
    let numbers: Vec<usize> = (0..objects).collect();
    for some in numbers.chunks(STREAM_OBJECTS) {
        let bodies: Vec<String> = some.iter().copied().map(small).collect();
        if layout == Layout::Streams {
            pdf.object_stream(&bodies)?;
        } else {
            for body in &bodies {
                pdf.object(body)?;
            }
        }
    }
    if layout == Layout::Streams {
        pdf.object_stream(&[info()])?;
    } else {
        pdf.object(&info())?;
    }
    pdf.stream("/Type/Metadata/Subtype/XML", packet().as_bytes())?;

    let mut start = pdf.at;
    match layout {
        Layout::Table => {
            pdf.table(0, pdf.next())?;
            let trailer = format!("trailer\n<</Size {}{entries}{id}>>\n", pdf.next());
            pdf.put(trailer.as_bytes())?;
        }
        Layout::Linearised => {
            let (main, size) = (start, pdf.next());
            // The catalog and the pages are in the first table.
            pdf.table(first_page + 1, size)?;
            pdf.put(format!("trailer\n<</Size {size}>>\n").as_bytes())?;
            start = first_table;
            let mut out = pdf
                .out
                .into_inner()
                .map_err(io::IntoInnerError::into_error)?;
            let mut first = format!("xref\n0 {}\n0000000000 65535 f \n", first_page + 1);
            for place in pdf.places.iter().take(first_page) {
                if let Place::At(offset) = place {
                    first.push_str(&format!("{offset:010} 00000 n \n"));
                }
            }
            first.push_str(&format!(
                "trailer\n<</Size {size}{entries}{id}/Prev {main}>>\nstartxref\n0\n%%EOF\n"
            ));
            assert!(first.len() <= FIRST_TABLE_BYTES, "the first table has room");
            io::Seek::seek(&mut out, io::SeekFrom::Start(first_table))?;
            out.write_all(first.as_bytes())?;
            io::Seek::seek(&mut out, io::SeekFrom::End(0))?;
            pdf.out = BufWriter::new(out);
        }
        Layout::Streams => pdf.cross_reference(&format!("{entries}{id}"))?,
    }
    pdf.put(format!("startxref\n{start}\n%%EOF\n").as_bytes())?;
    pdf.out
        .into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .sync_all()
}
