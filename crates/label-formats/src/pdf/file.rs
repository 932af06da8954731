//! A PDF as a set of objects that are looked up one by one.

mod damaged;
mod live;
mod original;
mod sections;
mod streams;

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::blocks::{self, Blocks};
use super::crypt::{self, Crypt};
use super::licence::Part;
use super::object::{Dictionary, Object, ObjectId, ParseError, Parser};
use super::revisions::{Revision, Revisions};
use super::stream;
use crate::error::PartError;
use crate::limits::Limits;
use crate::source::{ByteSource, read_range};

pub(super) use self::live::Body;
pub(super) use self::original::{Placed, SectionKind};
use self::sections::Section;
use self::streams::ObjectStream;

const WHERE: &str = "cross-reference";

/// Longest chain of references that is followed.
pub(super) const REFERENCES_MAX: usize = 16;

/// First piece of an object that is read; doubled fourfold until the object is complete.
const OBJECT_BYTES: usize = 2 * 1024;

/// Where the header is looked for, in bytes.
const HEADER_BYTES: u64 = 1024;

/// Where an object is.
#[derive(Clone, Copy, Debug)]
enum Place {
    Offset(u64),
    /// The stream's number, and the place in it.
    InStream(u32, u64),
    Free,
}

/// A stream: its dictionary and where its raw bytes are.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    id: ObjectId,
    pub(super) dictionary: Dictionary,
    start: u64,
    length: u64,
}

impl Stream {
    /// Where its stored bytes are.
    pub(super) fn range(&self) -> std::ops::Range<u64> {
        self.start..self.start.saturating_add(self.length)
    }
}

/// What an object number leads to.
#[derive(Clone, Debug)]
pub(super) enum Found {
    Direct(Object),
    Stream(Stream),
}

/// An opened PDF.
pub(super) struct PdfFile<'a> {
    source: &'a dyn ByteSource,
    /// The source again, for reads that may come back to the same place.
    blocks: Blocks<'a>,
    pub(super) limits: &'a Limits,
    sections: Vec<Section>,
    pub(super) trailer: Dictionary,
    /// Offsets count from here: the header's place where bytes stand before it.
    base: u64,
    pub(super) header_offset: u64,
    pub(super) rebuilt: bool,
    /// Rebuilt although the cross-reference led to a catalog: the two may disagree.
    pub(super) recovered: bool,
    pub(super) crypt: Crypt,
    streams: RefCell<HashMap<u32, Rc<ObjectStream>>>,
    /// Object streams that are being opened.
    opening: RefCell<HashSet<u32>>,
    /// Where the newest section stands, as `startxref` says it.
    start: u64,
    /// The largest `/Size` of all trailers.
    size: u64,
    /// What stood before the current revision.
    pub(super) revisions: Revisions,
    /// How many of the newest sections are passed over: those of later revisions.
    skipped: Cell<usize>,
    /// Whether the length of a stream is being looked for inside another one.
    in_length: Cell<bool>,
    /// Bytes read and inflated so far.
    work: Cell<u64>,
    /// How many that may be.
    work_max: Cell<u64>,
    /// Behind the last number that was asked for and that no object has.
    behind_missing: Cell<u64>,
}

impl<'a> PdfFile<'a> {
    pub(super) fn open(source: &'a dyn ByteSource, limits: &'a Limits) -> Result<Self, PartError> {
        let mut file = Self::start(source, limits)?;
        let mut opened = file.follow_chain();
        // Where bytes stand before the header, offsets may count from the header.
        if file.header_offset > 0 && (opened.is_err() || !file.is_usable()) {
            file.base = file.header_offset;
            opened = file.follow_chain();
        }
        if opened.is_err() || !file.is_usable() {
            if let Err(PartError::TooLarge(cause)) = opened {
                return Err(PartError::TooLarge(cause));
            }
            file.base = 0;
            file.rebuild()?;
            if !file.is_usable() {
                return Err(PartError::malformed("PDF catalog", "not found"));
            }
        } else if file.has_lost_section() {
            // What only the hidden part names may be a label.
            file.recover();
        }
        Ok(file)
    }

    /// Opens a PDF that is inside another one. A damaged one stays closed: looking for its objects
    /// in all of it is more than its facts are worth.
    pub(super) fn open_intact(
        source: &'a dyn ByteSource,
        limits: &'a Limits,
    ) -> Result<Self, PartError> {
        let mut file = Self::start(source, limits)?;
        file.follow_chain()?;
        Ok(file)
    }

    fn start(source: &'a dyn ByteSource, limits: &'a Limits) -> Result<Self, PartError> {
        let head_len = usize::try_from(source.len().min(HEADER_BYTES)).unwrap_or_default();
        let head = read_range(source, 0, head_len)?;
        let header_offset =
            head.windows(5)
                .position(|window| window == b"%PDF-")
                .ok_or_else(|| PartError::malformed("PDF header", "missing"))? as u64;
        Ok(Self {
            source,
            blocks: Blocks::new(source),
            limits,
            sections: Vec::new(),
            trailer: Dictionary::default(),
            base: 0,
            header_offset,
            rebuilt: false,
            recovered: false,
            crypt: Crypt::Plain,
            streams: RefCell::default(),
            opening: RefCell::default(),
            start: 0,
            size: 0,
            revisions: Revisions::default(),
            skipped: Cell::new(0),
            in_length: Cell::new(false),
            work: Cell::new(0),
            work_max: Cell::new(limits.pdf_work_bytes_max),
            behind_missing: Cell::new(0),
        })
    }

    /// Reads a range, within the bound on all reading.
    fn read(&self, offset: u64, len: usize) -> Result<Vec<u8>, PartError> {
        self.spend(len.max(self.blocks.missing(offset, len)))?;
        Ok(self.blocks.read(offset, len)?)
    }

    /// Gets a range that will be read in pieces; a long one is left to those reads.
    fn fetch(&self, offset: u64, len: u64) -> Result<(), PartError> {
        match usize::try_from(len) {
            Ok(len) if len <= blocks::RANGE_BYTES_MAX => {
                self.spend(self.blocks.missing(offset, len))?;
                Ok(self.blocks.fetch(offset, len)?)
            }
            _ => Ok(()),
        }
    }

    /// Counts work; a hostile file can make a few bytes be looked at very often.
    fn spend(&self, bytes: usize) -> Result<(), PartError> {
        let work = self.work.get().saturating_add(bytes as u64);
        self.work.set(work);
        if work > self.work_max.get() {
            return Err(PartError::too_large(WHERE, "too much to look at"));
        }
        Ok(())
    }

    /// Looks at something that labels don't depend on, within a bound of its own. What there is no
    /// room for fails; what is read later does not.
    pub(super) fn within<T>(&self, bytes: u64, look: impl FnOnce(&Self) -> T) -> T {
        let max = self.work_max.get();
        let own = max.min(self.work.get().saturating_add(bytes));
        self.work_max.set(own);
        let found = look(self);
        // What was refused was not read.
        self.work.set(self.work.get().min(own));
        self.work_max.set(max);
        found
    }

    /// Keeps a section, within the bound on all of them.
    fn keep(&mut self, section: Section) -> Result<(), PartError> {
        self.sections.push(section);
        let kept: u64 = self.sections.iter().map(Section::kept_bytes).sum();
        if kept > self.limits.pdf_reference_bytes_max {
            return Err(PartError::too_large(WHERE, format!("{kept} bytes")));
        }
        Ok(())
    }

    /// Whether the catalog can be read; of a locked document it may lie behind the key.
    fn is_usable(&self) -> bool {
        match self.crypt {
            Crypt::Locked => self.trailer.get(b"Root").is_some(),
            Crypt::Plain | Crypt::Open(_) => self.catalog().is_some(),
        }
    }

    /// Tries the empty password where the trailer says that the document is encrypted. The
    /// dictionary that says how is not encrypted itself.
    fn unlock(&mut self) {
        self.crypt = Crypt::Plain;
        let Some(encrypt) = self.trailer.get(b"Encrypt") else {
            return;
        };
        self.crypt = self
            .dictionary(encrypt)
            .filter(|dictionary| {
                dictionary.get(b"Filter").and_then(Object::name) == Some(b"Standard")
            })
            .and_then(|dictionary| crypt::open(&dictionary, &self.trailer))
            .map_or(Crypt::Locked, Crypt::Open);
        // What was taken from object streams before was not decrypted.
        self.streams.borrow_mut().clear();
    }

    /// The document catalog.
    pub(super) fn catalog(&self) -> Option<Dictionary> {
        let root = self.trailer.get(b"Root")?;
        match self.resolve(root).ok()? {
            Found::Direct(Object::Dictionary(dictionary)) => Some(dictionary),
            _ => None,
        }
    }

    /// Follows references to what they mean; a missing object is null.
    pub(super) fn resolve(&self, object: &Object) -> Result<Found, PartError> {
        let mut current = object.clone();
        for _ in 0..REFERENCES_MAX {
            match current {
                Object::Reference(id) => match self.load(id)? {
                    Some(Found::Direct(next)) => current = next,
                    Some(stream @ Found::Stream(_)) => return Ok(stream),
                    None => return Ok(Found::Direct(Object::Null)),
                },
                other => return Ok(Found::Direct(other)),
            }
        }
        Err(PartError::malformed(
            WHERE,
            "references go round in a circle",
        ))
    }

    /// A direct object; `None` for a stream or damage.
    pub(super) fn direct(&self, object: &Object) -> Option<Object> {
        match self.resolve(object).ok()? {
            Found::Direct(Object::Null) | Found::Stream(_) => None,
            Found::Direct(object) => Some(object),
        }
    }

    /// The dictionary behind an object, a stream's included.
    pub(super) fn dictionary(&self, object: &Object) -> Option<Dictionary> {
        match self.resolve(object).ok()? {
            Found::Direct(Object::Dictionary(dictionary)) => Some(dictionary),
            Found::Stream(stream) => Some(stream.dictionary),
            Found::Direct(_) => None,
        }
    }

    /// The content of a stream, decrypted where there is a key.
    pub(super) fn content(&self, stream: &Stream) -> Result<Vec<u8>, PartError> {
        self.content_up_to(stream, self.limits.pdf_stream_bytes_max)
    }

    /// [`Self::content`] with another bound than the usual one.
    pub(super) fn content_up_to(&self, stream: &Stream, max: u64) -> Result<Vec<u8>, PartError> {
        let raw = self.raw(stream, max)?;
        let raw = self.crypt.stream(stream.id, &stream.dictionary, raw)?;
        let filters = self.filters(&stream.dictionary);
        let content = stream::decode(&filters, raw, max, "PDF stream")?;
        self.spend(content.len())?;
        Ok(content)
    }

    /// The bytes of a stream that stand in the file as they are; `None` where they are compressed
    /// or encrypted.
    pub(super) fn part(&self, stream: &Stream) -> Option<Part<'a>> {
        let is_plain =
            matches!(self.crypt, Crypt::Plain) && stream.dictionary.get(b"Filter").is_none();
        is_plain.then(|| Part::new(self.source, stream.start, stream.length))
    }

    /// How much may still be read and inflated, in bytes.
    pub(super) fn work_left(&self) -> u64 {
        self.work_max.get().saturating_sub(self.work.get())
    }

    fn raw(&self, stream: &Stream, max: u64) -> Result<Vec<u8>, PartError> {
        if stream.length > max {
            return Err(PartError::too_large(
                "PDF stream",
                format!("{} bytes", stream.length),
            ));
        }
        let available = self.source.len().saturating_sub(stream.start);
        let length = usize::try_from(stream.length.min(available)).unwrap_or_default();
        self.read(stream.start, length)
    }

    fn load(&self, id: ObjectId) -> Result<Option<Found>, PartError> {
        let found = self.load_if_there(id)?;
        if found.is_none() {
            self.note_missing(id.number);
        }
        Ok(found)
    }

    fn load_if_there(&self, id: ObjectId) -> Result<Option<Found>, PartError> {
        match self.place(id.number)? {
            None | Some(Place::Free) => Ok(None),
            Some(Place::Offset(offset)) => {
                let (found_id, found) = self.read_object(self.base.saturating_add(offset))?;
                if found_id.number != id.number {
                    return Err(PartError::malformed(
                        WHERE,
                        format!("{id} is not at its offset"),
                    ));
                }
                // Strings in object streams are in clear once the stream is.
                Ok(Some(match found {
                    Found::Direct(mut object) => {
                        self.crypt.strings(found_id, &mut object);
                        Found::Direct(object)
                    }
                    stream @ Found::Stream(_) => stream,
                }))
            }
            Some(Place::InStream(container, _)) => {
                let stream = self.object_stream(container)?;
                let Some(bytes) = stream.object(id.number) else {
                    return Ok(None);
                };
                let mut parser = Parser::new(bytes);
                let parsed = parser.object();
                self.spend(parser.at)?;
                match parsed {
                    Ok(object) => Ok(Some(Found::Direct(object))),
                    Err(_) => Err(PartError::malformed(&id.to_string(), "damaged")),
                }
            }
        }
    }

    /// Reads the object at an offset.
    pub(super) fn read_object(&self, offset: u64) -> Result<(ObjectId, Found), PartError> {
        let place = || format!("object at byte {offset}");
        match self.parse_at(offset, &place, parse_object)? {
            ((id, object, None), _) => Ok((id, Found::Direct(object))),
            ((id, Object::Dictionary(dictionary), Some(data)), _) => {
                let stream = self.stream(id, dictionary, offset.saturating_add(data as u64))?;
                Ok((id, Found::Stream(stream)))
            }
            _ => Err(PartError::malformed(&place(), "damaged")),
        }
    }

    /// Looks at objects as they were in an earlier revision.
    pub(super) fn in_revision<T>(&self, revision: &Revision, look: impl FnOnce(&Self) -> T) -> T {
        // An object stream of the same number may be another one there.
        self.streams.borrow_mut().clear();
        self.skipped.set(revision.skipped);
        let found = look(self);
        self.skipped.set(0);
        self.streams.borrow_mut().clear();
        found
    }

    /// Where an object stands that is not in an object stream.
    pub(super) fn offset(&self, id: ObjectId) -> Option<u64> {
        match self.place(id.number) {
            Ok(Some(Place::Offset(offset))) => Some(offset),
            _ => None,
        }
    }

    /// Parses what stands at an offset, with as many bytes as that takes, and says where it ends.
    fn parse_at<T>(
        &self,
        offset: u64,
        place: &dyn Fn() -> String,
        parse: impl Fn(&mut Parser<'_>) -> Result<T, ParseError>,
    ) -> Result<(T, u64), PartError> {
        let mut size = OBJECT_BYTES;
        loop {
            let available =
                usize::try_from(self.source.len().saturating_sub(offset)).unwrap_or(usize::MAX);
            let complete = size >= available;
            let mut bytes = self.read(offset, size.min(available))?;
            if complete {
                bytes.push(b' ');
            }
            let mut parser = Parser::new(&bytes);
            match parse(&mut parser) {
                Ok(found) => return Ok((found, offset.saturating_add(parser.at as u64))),
                Err(ParseError::Bad) => return Err(PartError::malformed(&place(), "damaged")),
                Err(ParseError::Large) => {
                    return Err(PartError::too_large(&place(), "too many parts"));
                }
                Err(ParseError::End) if complete => {
                    return Err(PartError::malformed(&place(), "cut off"));
                }
                Err(ParseError::End) => {
                    size = size.saturating_mul(4);
                    if size as u64 > self.limits.pdf_stream_bytes_max {
                        return Err(PartError::too_large(&place(), "an object is too long"));
                    }
                }
            }
        }
    }
}

/// `N G obj`, the object, and where a stream's bytes start.
fn parse_object(parser: &mut Parser<'_>) -> Result<(ObjectId, Object, Option<usize>), ParseError> {
    let id = parser.header()?;
    let object = parser.object()?;
    if !matches!(object, Object::Dictionary(_)) {
        return Ok((id, object, None));
    }
    let start = parser.stream_data()?;
    Ok((id, object, start))
}
