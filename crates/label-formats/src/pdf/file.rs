//! A PDF as a set of objects that are looked up one by one: cross-reference chain, object streams,
//! and a rebuilt cross-reference for damaged files.

mod live;
mod original;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use super::blocks::{self, Blocks};
use super::crypt::{self, Crypt};
use super::licence::Part;
use super::object::{Dictionary, Object, ObjectId, ParseError, Parser, is_space};
use super::rebuild::Scan;
use super::revisions::{Revision, Revisions};
use super::stream;
use crate::error::PartError;
use crate::limits::Limits;
use crate::source::{ByteSource, read_range};

pub(super) use self::live::Body;
pub(super) use self::original::{Placed, SectionKind};

const WHERE: &str = "cross-reference";

/// Most sections that are followed; each revision adds one or two.
const SECTIONS_MAX: usize = 4_096;

/// Most subsections of a table.
const SUBSECTIONS_MAX: usize = 20_000;

/// Most objects of an object stream.
const STREAM_OBJECTS_MAX: u64 = 100_000;

/// Longest chain of references that is followed.
pub(super) const REFERENCES_MAX: usize = 16;

/// First piece of an object that is read; doubled fourfold until the object is complete.
const OBJECT_BYTES: usize = 2 * 1024;

/// How far behind a stream's data `endstream` is looked for where its length says that it ends, in
/// bytes: white space is all that may stand between.
const STREAM_END_BYTES: u64 = 64;

/// Where the length of a stream is wrong: the first piece in which its end is looked for, in bytes;
/// the next ones are longer, up to this.
const SEARCH_BYTES: usize = 4 * 1024;
const SEARCH_BYTES_MAX: usize = 1024 * 1024;

/// Most object streams that are opened to open one: what it says of itself may be objects in others.
const OPENING_MAX: usize = 8;

/// Most bytes that are read and inflated for the object streams of a damaged file.
const CONTAINED_BYTES_MAX: u64 = 64 * 1_048_576;

/// How far from the end `startxref` is looked for, in bytes.
const TAIL_BYTES: u64 = 2 * 1024;

/// Size of an entry of a table, in bytes.
const ENTRY_BYTES: usize = 20;

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

/// One part of the chain.
enum Section {
    Table {
        /// First number, count, and where the entries start.
        subsections: Vec<(u64, u64, u64)>,
        hybrid: Option<Box<Section>>,
        /// Whether it names a hidden stream that can't be read.
        lost: bool,
    },
    Stream {
        widths: [usize; 3],
        /// First number, count, and the row where the entries start.
        index: Vec<(u64, u64, u64)>,
        rows: Vec<u8>,
    },
    Rebuilt {
        /// Objects that stand by themselves, by number.
        offsets: BTreeMap<u32, u64>,
        /// The object streams of those in one, as far as that is the last that has the number.
        contained: BTreeMap<u32, u32>,
        /// Whether there is an object stream that can't be read.
        lost: bool,
    },
}

impl Section {
    /// How many ranges of object numbers it has.
    fn subsections(&self) -> usize {
        match self {
            Self::Table { subsections, .. } => subsections.len(),
            Self::Stream { index, .. } => index.len(),
            Self::Rebuilt { .. } => 1,
        }
    }

    /// The number behind the last object that it names.
    fn end(&self) -> u64 {
        let behind = |list: &[(u64, u64, u64)]| {
            list.iter()
                .map(|(first, count, _)| first.saturating_add(*count))
                .max()
                .unwrap_or_default()
        };
        match self {
            Self::Table {
                subsections,
                hybrid,
                ..
            } => {
                let hidden = hybrid.as_ref().map_or(0, |section| section.end());
                behind(subsections).max(hidden)
            }
            Self::Stream {
                widths,
                index,
                rows,
            } => {
                // Without `/Index` and `/Size` the last range has no end of its own.
                let width = widths.iter().sum::<usize>().max(1);
                let count = (rows.len() / width) as u64;
                index
                    .iter()
                    .map(|(first, own, start)| {
                        first.saturating_add((*own).min(count.saturating_sub(*start)))
                    })
                    .max()
                    .unwrap_or_default()
            }
            Self::Rebuilt {
                offsets, contained, ..
            } => {
                let last = offsets.last_key_value().map(|(number, _)| *number);
                let last = last.max(contained.last_key_value().map(|(number, _)| *number));
                last.map_or(0, |number| u64::from(number) + 1)
            }
        }
    }

    /// How much memory it holds, roughly.
    fn kept_bytes(&self) -> u64 {
        match self {
            Self::Table {
                subsections,
                hybrid,
                ..
            } => {
                let hidden = hybrid.as_ref().map_or(0, |section| section.kept_bytes());
                (subsections.len() as u64) * 24 + hidden
            }
            Self::Stream { index, rows, .. } => rows.len() as u64 + (index.len() as u64) * 24,
            Self::Rebuilt {
                offsets, contained, ..
            } => ((offsets.len() + contained.len()) as u64) * 16,
        }
    }
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

/// Objects of an object stream, parsed on demand.
struct ObjectStream {
    offsets: HashMap<u32, usize>,
    bytes: Vec<u8>,
}

impl ObjectStream {
    /// The bytes from an object on.
    fn object(&self, number: u32) -> Option<&[u8]> {
        self.bytes.get(*self.offsets.get(&number)?..)
    }
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

    /// Looks for objects in the whole file although the catalog was found; for when others are not
    /// where the cross-reference says. Where that finds no catalog, everything stays as it was.
    pub(super) fn recover(&mut self) -> bool {
        if self.rebuilt {
            return false;
        }
        let base = std::mem::take(&mut self.base);
        if self.rebuild().is_ok() && self.is_usable() {
            self.recovered = true;
            return true;
        }
        self.base = base;
        self.rebuilt = false;
        self.streams.borrow_mut().clear();
        // It could be followed before.
        let _ = self.follow_chain();
        false
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

    /// What a stream's dictionary says of its filters, with what stands behind references.
    fn filters<'d>(&self, dictionary: &'d Dictionary) -> Cow<'d, Dictionary> {
        const KEYS: [&[u8]; 4] = [b"Filter", b"DecodeParms", b"F", b"DP"];
        let is_indirect = |value: &Object| match value {
            Object::Reference(_) => true,
            Object::Array(items) => items.iter().any(|one| matches!(one, Object::Reference(_))),
            _ => false,
        };
        let own = KEYS.map(|key| Some((key, dictionary.get(key)?)));
        if !own.iter().flatten().any(|(_, value)| is_indirect(value)) {
            return Cow::Borrowed(dictionary);
        }
        let direct = |value: &Object| self.direct(value).unwrap_or(Object::Null);
        let resolved = own.into_iter().flatten().map(|(key, value)| {
            let value = match direct(value) {
                Object::Array(items) => Object::Array(items.iter().map(direct).collect()),
                other => other,
            };
            (key.to_vec(), value)
        });
        Cow::Owned(Dictionary(resolved.collect()))
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

    fn object_stream(&self, container: u32) -> Result<Rc<ObjectStream>, PartError> {
        if let Some(known) = self.streams.borrow().get(&container) {
            return Ok(known.clone());
        }
        // Its numbers and filters may be objects in streams, and those in this one.
        let is_new = {
            let mut opening = self.opening.borrow_mut();
            opening.len() < OPENING_MAX && opening.insert(container)
        };
        if !is_new {
            let place = format!("object stream {container}");
            return Err(PartError::malformed(&place, "defined by itself"));
        }
        let opened = self.open_object_stream(container);
        self.opening.borrow_mut().remove(&container);
        opened
    }

    fn open_object_stream(&self, container: u32) -> Result<Rc<ObjectStream>, PartError> {
        let place = format!("object stream {container}");
        let damaged = |cause: &str| PartError::malformed(&place, cause);
        // Object streams are never inside one another.
        let Some(Place::Offset(offset)) = self.place(container)? else {
            return Err(damaged("not found"));
        };
        let (_, Found::Stream(stream)) = self.read_object(self.base.saturating_add(offset))? else {
            return Err(damaged("not a stream"));
        };
        let number = |key: &[u8]| {
            stream
                .dictionary
                .get(key)
                .and_then(|object| self.direct(object))
                .and_then(|object| object.unsigned())
        };
        let (Some(count), Some(first)) = (number(b"N"), number(b"First")) else {
            return Err(damaged("no `N` or `First`"));
        };
        if count > STREAM_OBJECTS_MAX {
            return Err(PartError::too_large(&place, format!("{count} objects")));
        }
        let first = usize::try_from(first).map_err(|_| damaged("`First`"))?;
        let bytes = self.content(&stream)?;
        let mut parser = Parser::new(bytes.get(..first).ok_or_else(|| damaged("`First`"))?);
        let mut offsets: HashMap<u32, usize> = HashMap::new();
        for at in 0..count {
            let (Ok(number), Ok(offset)) = (parser.number(), parser.number_or_end()) else {
                break;
            };
            let (Ok(number), Ok(offset)) = (u32::try_from(number), usize::try_from(offset)) else {
                continue;
            };
            let offset = first.saturating_add(offset);
            if let Entry::Occupied(mut known) = offsets.entry(number) {
                // Of a number that is listed twice, the one counts that the cross-reference says, or
                // the last.
                let is_earlier = |place: Option<Place>| matches!(place, Some(Place::InStream(of, place)) if of == container && place < at);
                if !is_earlier(self.place(number)?) {
                    known.insert(offset);
                }
            } else {
                offsets.insert(number, offset);
            }
        }
        // What stands behind an object elsewhere: a number needs it, to be seen as no reference.
        let mut bytes = bytes;
        bytes.extend_from_slice(b" endobj");
        let known = Rc::new(ObjectStream { offsets, bytes });
        // A handful of containers hold what labels need; drop them all rather than grow.
        let mut streams = self.streams.borrow_mut();
        if streams.len() >= 4 {
            streams.clear();
        }
        streams.insert(container, known.clone());
        Ok(known)
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

    fn stream(
        &self,
        id: ObjectId,
        dictionary: Dictionary,
        start: u64,
    ) -> Result<Stream, PartError> {
        Ok(Stream {
            id,
            length: self.stream_length(&dictionary, start)?,
            dictionary,
            start,
        })
    }

    /// A stream's length; where it is missing or wrong, the distance to `endstream`.
    fn stream_length(&self, dictionary: &Dictionary, start: u64) -> Result<u64, PartError> {
        let declared = match dictionary.get(b"Length") {
            Some(Object::Integer(length)) => u64::try_from(*length).ok(),
            Some(Object::Reference(id)) => self.length_behind(*id),
            _ => None,
        };
        if let Some(length) = declared
            && let Some(end) = start.checked_add(length)
            && end <= self.source.len()
        {
            let window = (self.source.len() - end).min(STREAM_END_BYTES);
            // The content is wanted next, as a rule.
            self.fetch(start, length.saturating_add(window))?;
            let after = self.read(end, usize::try_from(window).unwrap_or_default())?;
            let trimmed = after.iter().position(|byte| !is_space(*byte)).unwrap_or(0);
            if after
                .get(trimmed..)
                .unwrap_or_default()
                .starts_with(b"endstream")
            {
                return Ok(length);
            }
        }
        self.distance_to_end(start)
    }

    /// How far it is to `endstream`, looked for in longer and longer pieces.
    fn distance_to_end(&self, start: u64) -> Result<u64, PartError> {
        const WORD: &[u8] = b"endstream";
        let available = self.source.len().saturating_sub(start);
        let available = available.min(self.limits.pdf_stream_bytes_max);
        let mut size = SEARCH_BYTES;
        let mut at: u64 = 0;
        while at < available {
            // Pieces overlap, so that the word is not cut.
            let own = usize::try_from(available - at).map_or(size, |rest| rest.min(size));
            let piece = self.read(start.saturating_add(at), own)?;
            if let Some(found) = memchr::memmem::find(&piece, WORD) {
                return Ok(at + found as u64);
            }
            if own < size {
                break;
            }
            at += (own - WORD.len()) as u64;
            size = size.saturating_mul(4).min(SEARCH_BYTES_MAX);
        }
        Err(PartError::malformed("PDF stream", "without end"))
    }

    /// An indirect length: a plain number at an offset, or in an object stream. The length of that
    /// stream has to be at an offset, so that streams can't define one another.
    fn length_behind(&self, id: ObjectId) -> Option<u64> {
        match self.place(id.number).ok()?? {
            Place::Offset(offset) => {
                let offset = self.base.checked_add(offset)?;
                let len = usize::try_from(self.source.len().checked_sub(offset)?.min(64)).ok()?;
                let bytes = self.read(offset, len).ok()?;
                let mut parser = Parser::new(&bytes);
                let found = parser.header().ok()?;
                (found.number == id.number).then(|| parser.number().ok())?
            }
            Place::InStream(..) if self.in_length.replace(true) => None,
            Place::InStream(container, _) => {
                let stream = self.object_stream(container);
                self.in_length.set(false);
                let stream = stream.ok()?;
                let mut parser = Parser::new(stream.object(id.number)?);
                parser.object().ok()?.unsigned()
            }
            Place::Free => None,
        }
    }

    /// Where an object is, by the newest section that knows it.
    fn place(&self, number: u32) -> Result<Option<Place>, PartError> {
        for section in self.sections.iter().skip(self.skipped.get()) {
            if let Some(place) = self.place_in(section, number)? {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    fn place_in(&self, section: &Section, number: u32) -> Result<Option<Place>, PartError> {
        let wanted = u64::from(number);
        // Looking through a hostile number of subsections is work like reading is.
        self.spend(section.subsections().saturating_mul(8))?;
        let row_of = |list: &[(u64, u64, u64)]| {
            list.iter()
                .find(|(first, count, _)| wanted >= *first && wanted - first < *count)
                .map(|(first, _, start)| (wanted - first, *start))
        };
        match section {
            Section::Rebuilt {
                offsets, contained, ..
            } => Ok(match contained.get(&number) {
                Some(container) => Some(Place::InStream(*container, u64::MAX)),
                None => offsets.get(&number).map(|offset| Place::Offset(*offset)),
            }),
            Section::Table {
                subsections,
                hybrid,
                ..
            } => {
                let in_table = match row_of(subsections) {
                    None => None,
                    Some((row, start)) => {
                        let offset = start.saturating_add(row.saturating_mul(ENTRY_BYTES as u64));
                        let entry = self.read(offset, ENTRY_BYTES)?;
                        Some(
                            table_entry(&entry).ok_or_else(|| {
                                PartError::malformed(WHERE, "a damaged table entry")
                            })?,
                        )
                    }
                };
                // Objects hidden from old readers are free in the table.
                match (in_table, hybrid) {
                    (None | Some(Place::Free), Some(hybrid)) => {
                        Ok(self.place_in(hybrid, number)?.or(in_table))
                    }
                    _ => Ok(in_table),
                }
            }
            Section::Stream {
                widths,
                index,
                rows,
            } => {
                let Some((row, start)) = row_of(index) else {
                    return Ok(None);
                };
                let width: usize = widths.iter().sum();
                let at = start
                    .checked_add(row)
                    .and_then(|row| usize::try_from(row).ok())
                    .and_then(|row| row.checked_mul(width));
                let Some(entry) = at.and_then(|at| rows.get(at..at.checked_add(width)?)) else {
                    return Ok(None);
                };
                let mut fields = [0_u64; 3];
                let mut rest = entry;
                for (field, width) in fields.iter_mut().zip(widths) {
                    let (value, after) = rest.split_at_checked(*width).unwrap_or((rest, &[]));
                    *field = value
                        .iter()
                        .fold(0, |sum, byte| sum << 8 | u64::from(*byte));
                    rest = after;
                }
                // Without a type column every entry is an offset.
                let kind = if widths.first() == Some(&0) {
                    1
                } else {
                    fields.first().copied().unwrap_or_default()
                };
                let second = fields.get(1).copied().unwrap_or_default();
                Ok(match kind {
                    0 => Some(Place::Free),
                    1 => Some(Place::Offset(second)),
                    2 => {
                        let place = fields.get(2).copied().unwrap_or_default();
                        let container = u32::try_from(second).ok();
                        container.map(|container| Place::InStream(container, place))
                    }
                    _ => None,
                })
            }
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

    /// Reads `startxref` and every section it leads to, the newest first.
    fn follow_chain(&mut self) -> Result<(), PartError> {
        self.sections.clear();
        self.trailer = Dictionary::default();
        self.revisions = Revisions::default();
        self.size = 0;
        self.start = self.start_offset()?;
        let mut next = Some(self.start);
        let mut seen = HashSet::new();
        while let Some(offset) = next {
            if !seen.insert(offset) {
                return Err(PartError::malformed(
                    WHERE,
                    "the chain goes round in a circle",
                ));
            }
            if self.sections.len() >= SECTIONS_MAX {
                let cause = format!("over {SECTIONS_MAX} sections");
                return Err(PartError::malformed(WHERE, cause));
            }
            let (section, trailer) = self.read_section(offset)?;
            let is_bare =
                matches!(&section, Section::Table { subsections, .. } if subsections.is_empty());
            self.revisions
                .note(self.sections.len(), offset, &trailer, is_bare);
            self.keep(section)?;
            let size = trailer.get(b"Size").and_then(Object::unsigned);
            self.size = self.size.max(size.unwrap_or_default());
            // Some writers say 0 where there is nothing before.
            next = trailer
                .get(b"Prev")
                .and_then(Object::unsigned)
                .filter(|offset| *offset > 0);
            // The newest trailer counts; one without a catalog leaves to older ones what it
            // doesn't say.
            if self.trailer.get(b"Root").is_none() {
                let said = self
                    .trailer
                    .0
                    .iter()
                    .filter(|(_, value)| *value != Object::Null);
                let known: HashSet<&[u8]> = said.map(|(key, _)| key.as_slice()).collect();
                let older = trailer.0.into_iter();
                let missing: Vec<_> = older
                    .filter(|(key, _)| !known.contains(key.as_slice()))
                    .collect();
                self.trailer.0.extend(missing);
            }
        }
        self.unlock();
        Ok(())
    }

    fn start_offset(&self) -> Result<u64, PartError> {
        let len = self.source.len();
        let start = len - len.min(TAIL_BYTES);
        let mut tail = self.read(start, usize::try_from(len - start).unwrap_or(0))?;
        tail.push(b' ');
        let at = tail
            .windows(9)
            .rposition(|window| window == b"startxref")
            .ok_or_else(|| PartError::malformed("startxref", "missing"))?;
        let mut parser = Parser::new(tail.get(at + 9..).unwrap_or_default());
        parser
            .number()
            .map_err(|_| PartError::malformed("startxref", "without number"))
    }

    fn read_section(&self, offset: u64) -> Result<(Section, Dictionary), PartError> {
        let offset = self.base.saturating_add(offset);
        if offset >= self.source.len() {
            return Err(PartError::malformed(WHERE, "an offset behind the end"));
        }
        let window = usize::try_from((self.source.len() - offset).min(32)).unwrap_or_default();
        let head = self.read(offset, window)?;
        let skipped = head.iter().position(|byte| !is_space(*byte)).unwrap_or(0);
        if head.get(skipped..).unwrap_or_default().starts_with(b"xref") {
            self.read_table(offset + skipped as u64 + 4)
        } else {
            self.read_stream(offset)
        }
    }

    /// Steps over the subsections of a table to its trailer. Entries are not parsed: each has
    /// twenty bytes.
    fn read_table(&self, start: u64) -> Result<(Section, Dictionary), PartError> {
        let damaged = |cause: &str| PartError::malformed(WHERE, cause);
        let mut subsections = Vec::new();
        let mut steps = 0;
        let mut at = start;
        loop {
            let window =
                usize::try_from(self.source.len().saturating_sub(at).min(48)).unwrap_or_default();
            let bytes = self.read(at, window)?;
            let mut parser = Parser::new(&bytes);
            if parser.keyword(b"trailer").is_ok() {
                let (dictionary, _) = self.read_direct(at + parser.at as u64)?;
                let hidden = dictionary.get(b"XRefStm").and_then(Object::unsigned);
                let hybrid =
                    match hidden.map(|offset| self.read_stream(self.base.saturating_add(offset))) {
                        None => None,
                        Some(Ok((section, _))) => Some(Box::new(section)),
                        Some(Err(PartError::Malformed(_) | PartError::Unsupported(_))) => None,
                        Some(Err(error)) => return Err(error),
                    };
                let section = Section::Table {
                    subsections,
                    lost: hidden.is_some() && hybrid.is_none(),
                    hybrid,
                };
                return Ok((section, dictionary));
            }
            let (Ok(first), Ok(count)) = (parser.number(), parser.number()) else {
                return Err(damaged("a damaged table"));
            };
            // The entries start on the next line.
            while bytes.get(parser.at).copied().is_some_and(is_space) {
                parser.at += 1;
            }
            let entries = at + parser.at as u64;
            let end = count
                .checked_mul(20)
                .and_then(|size| entries.checked_add(size))
                .filter(|end| *end <= self.source.len());
            let Some(end) = end else {
                return Err(damaged("a table behind the end"));
            };
            if steps >= SUBSECTIONS_MAX {
                return Err(PartError::too_large(WHERE, "too many subsections"));
            }
            // Empty ones name no object; a hostile table has thousands.
            if count > 0 {
                subsections.push((first, count, entries));
            }
            steps += 1;
            at = end;
        }
    }

    /// A direct dictionary at an offset, and where it ends.
    fn read_direct(&self, offset: u64) -> Result<(Dictionary, u64), PartError> {
        let place = || "trailer".to_owned();
        match self.parse_at(offset, &place, |parser| parser.object())? {
            (Object::Dictionary(dictionary), end) => Ok((dictionary, end)),
            _ => Err(PartError::malformed(&place(), "damaged")),
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

    fn read_stream(&self, offset: u64) -> Result<(Section, Dictionary), PartError> {
        let damaged = |cause: &str| PartError::malformed(WHERE, cause);
        let (_, Found::Stream(stream)) = self.read_object(offset)? else {
            return Err(damaged("neither a table nor a stream"));
        };
        if stream.dictionary.get(b"Type").and_then(Object::name) != Some(b"XRef") {
            return Err(damaged("a stream of another type"));
        }
        let numbers = |key: &[u8]| -> Option<Vec<u64>> {
            stream
                .dictionary
                .get(key)?
                .array()?
                .iter()
                .map(Object::unsigned)
                .collect()
        };
        let widths = match numbers(b"W").as_deref() {
            Some([one, two, three]) if [one, two, three].iter().all(|width| **width <= 8) => [
                usize::try_from(*one).unwrap_or_default(),
                usize::try_from(*two).unwrap_or_default(),
                usize::try_from(*three).unwrap_or_default(),
            ],
            _ => return Err(damaged("no column widths")),
        };
        let size = stream
            .dictionary
            .get(b"Size")
            .and_then(Object::unsigned)
            .unwrap_or(u64::from(u32::MAX));
        let pairs = numbers(b"Index").unwrap_or_else(|| vec![0, size]);
        if pairs.len() > SUBSECTIONS_MAX {
            return Err(PartError::too_large(WHERE, "too many subsections"));
        }
        let mut index = Vec::new();
        let mut row: u64 = 0;
        for pair in pairs.chunks_exact(2) {
            if let [first, count] = pair {
                index.push((*first, *count, row));
                row = row.saturating_add(*count);
            }
        }
        // A cross-reference stream is never encrypted.
        let max = self.limits.pdf_stream_bytes_max;
        let raw = self.raw(&stream, max)?;
        let rows = stream::decode(&stream.dictionary, raw, max, WHERE)?;
        self.spend(rows.len())?;
        let section = Section::Stream {
            widths,
            index,
            rows,
        };
        Ok((section, stream.dictionary))
    }

    /// Finds objects and trailers by looking at every line: the last of a number counts.
    fn rebuild(&mut self) -> Result<(), PartError> {
        self.rebuilt = true;
        self.revisions = Revisions::default();
        self.sections.clear();
        self.streams.borrow_mut().clear();
        let scan = Scan::run(self.source)?;
        self.keep(Section::Rebuilt {
            offsets: scan.objects,
            contained: BTreeMap::new(),
            lost: false,
        })?;
        // Cross-reference streams are trailers too, and they name objects inside streams. The last
        // trailer with a catalog counts.
        let mut trailers: Vec<(u64, Dictionary)> = Vec::new();
        for offset in scan.trailers {
            if let Ok((found, _)) = self.read_direct(offset) {
                trailers.push((offset, found));
            }
        }
        for offset in scan.streams.into_iter().rev() {
            if let Ok((section, found)) = self.read_stream(offset) {
                self.keep(section)?;
                trailers.push((offset, found));
            }
        }
        let mut trailer = trailers
            .into_iter()
            .filter(|(_, trailer)| trailer.get(b"Root").is_some())
            .max_by_key(|(offset, _)| *offset)
            .map(|(_, trailer)| trailer)
            .unwrap_or_default();
        if trailer.get(b"Root").is_none()
            && let Some(id) = scan.catalog
        {
            trailer.0.push((b"Root".to_vec(), Object::Reference(id)));
        }
        self.trailer = trailer;
        self.unlock();
        self.find_contained(&scan.containers)
    }

    /// Looks into the object streams of a damaged file. Like in the rest of it, the last object of
    /// a number counts, and one in a stream stands where its stream does.
    fn find_contained(&mut self, containers: &[(u32, u64)]) -> Result<(), PartError> {
        let Some(Section::Rebuilt { offsets, .. }) = self.sections.first() else {
            return Ok(());
        };
        // Their lists are cipher text too.
        let mut is_lost = matches!(self.crypt, Crypt::Locked) && !containers.is_empty();
        let mut found = BTreeMap::new();
        let too_many = |count: usize| count as u64 * 16 > self.limits.pdf_reference_bytes_max;
        self.within(CONTAINED_BYTES_MAX, |file| {
            for (container, offset) in containers {
                if is_lost && matches!(file.crypt, Crypt::Locked) {
                    break;
                }
                if offsets.get(container) != Some(offset) {
                    continue;
                }
                let Ok(stream) = file.object_stream(*container) else {
                    is_lost = true;
                    continue;
                };
                for number in stream.offsets.keys() {
                    if offsets.get(number).is_none_or(|plain| plain < offset) {
                        found.insert(*number, *container);
                    }
                }
                if too_many(found.len()) {
                    is_lost = true;
                    break;
                }
            }
        });
        if let Some(Section::Rebuilt {
            contained, lost, ..
        }) = self.sections.first_mut()
        {
            *contained = found;
            *lost = is_lost;
        }
        let kept: u64 = self.sections.iter().map(Section::kept_bytes).sum();
        if kept > self.limits.pdf_reference_bytes_max {
            return Err(PartError::too_large(WHERE, format!("{kept} bytes")));
        }
        Ok(())
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

/// An entry of a table: ten digits, a blank, five digits, a blank, `n` or `f`.
fn table_entry(entry: &[u8]) -> Option<Place> {
    let (digits, rest) = entry.split_at_checked(10)?;
    let offset = digits.iter().try_fold(0_u64, |sum, byte| {
        byte.is_ascii_digit()
            .then(|| sum * 10 + u64::from(byte - b'0'))
    })?;
    match (rest.first(), rest.get(6), rest.get(7)) {
        (Some(b' '), Some(b' '), Some(b'n')) => Some(Place::Offset(offset)),
        (Some(b' '), Some(b' '), Some(b'f')) => Some(Place::Free),
        _ => None,
    }
}
