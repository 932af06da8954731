//! Streams: how long they are, how they are packed, and the objects in them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::rc::Rc;

use super::super::object::{Dictionary, Object, ObjectId, Parser, is_space};
use super::{Found, PdfFile, Place, Stream};
use crate::error::PartError;

/// Most objects of an object stream.
const STREAM_OBJECTS_MAX: u64 = 100_000;

/// How far behind a stream's data `endstream` is looked for where its length says that it ends, in
/// bytes: white space is all that may stand between.
const STREAM_END_BYTES: u64 = 64;

/// Where the length of a stream is wrong: the first piece in which its end is looked for, in bytes;
/// the next ones are longer, up to this.
const SEARCH_BYTES: usize = 4 * 1024;

/// Most object streams that are opened to open one: what it says of itself may be objects in others.
const OPENING_MAX: usize = 8;

const SEARCH_BYTES_MAX: usize = 1024 * 1024;

/// Objects of an object stream, parsed on demand.
pub(super) struct ObjectStream {
    pub(super) offsets: HashMap<u32, usize>,
    pub(super) bytes: Vec<u8>,
}

impl ObjectStream {
    /// The bytes from an object on.
    pub(super) fn object(&self, number: u32) -> Option<&[u8]> {
        self.bytes.get(*self.offsets.get(&number)?..)
    }
}

impl PdfFile<'_> {
    pub(super) fn object_stream(&self, container: u32) -> Result<Rc<ObjectStream>, PartError> {
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

    pub(super) fn open_object_stream(&self, container: u32) -> Result<Rc<ObjectStream>, PartError> {
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
            let (Ok(number), Ok(offset)) = (parser.word_as_number(), parser.word_as_number())
            else {
                break;
            };
            // What is no number spoils its pair and not those behind it.
            let number = number.and_then(|number| u32::try_from(number).ok());
            let offset = offset.and_then(|offset| usize::try_from(offset).ok());
            let (Some(number), Some(offset)) = (number, offset) else {
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

    pub(super) fn stream(
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
    pub(super) fn stream_length(
        &self,
        dictionary: &Dictionary,
        start: u64,
    ) -> Result<u64, PartError> {
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
    pub(super) fn distance_to_end(&self, start: u64) -> Result<u64, PartError> {
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
    pub(super) fn length_behind(&self, id: ObjectId) -> Option<u64> {
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

    /// What a stream's dictionary says of its filters, with what stands behind references.
    pub(super) fn filters<'d>(&self, dictionary: &'d Dictionary) -> Cow<'d, Dictionary> {
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
}
