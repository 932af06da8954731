//! The objects that the current revision reaches, with their places: what a rewritten file keeps.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Range;

use super::super::object::{Dictionary, Object, ObjectId, ParseError, Parser};
use super::super::raw::RawDictionary;
use super::{Found, PdfFile, Place};
use crate::error::PartError;

const WHERE: &str = "cross-reference";

/// Most objects of a file that is rewritten.
const OBJECTS_MAX: usize = 1_000_000;

/// Most bytes of object streams that are inflated while objects are looked for.
const INFLATED_BYTES_MAX: u64 = 256 * 1_048_576;

/// How far behind an object its end is looked for, in bytes.
const END_BYTES: u64 = 128;

/// An object that stands by itself in the file.
#[derive(Clone, Debug)]
pub(in super::super) struct Plain {
    pub(in super::super) id: ObjectId,
    /// All of it, from its number to `endobj`. Where the file breaks off or a stream's length is
    /// wrong, the pieces that make it whole.
    pub(in super::super) body: Body,
}

#[derive(Clone, Debug)]
pub(in super::super) enum Body {
    /// As it stands.
    Whole(Range<u64>),
    /// Its value only: `endobj` is missing.
    Value(Range<u64>),
    /// A stream whose length is not what it says: the dictionary with the right one, and the data.
    Stream(Vec<u8>, Range<u64>),
}

/// Everything that the current revision reaches.
#[derive(Debug, Default)]
pub(in super::super) struct Live {
    /// By offset.
    pub(in super::super) plain: BTreeMap<u64, Plain>,
    /// Objects in object streams, by stream.
    pub(in super::super) contained: BTreeMap<u32, BTreeSet<u32>>,
}

/// An object in an object stream: its number, and its bytes.
pub(in super::super) type Contained = (u32, Vec<u8>);

impl PdfFile<'_> {
    /// Follows every reference from the trailer on. Objects in `changed` are looked at as they will
    /// be, and are not among what is found.
    pub(in super::super) fn live(
        &self,
        trailer: &Dictionary,
        changed: &BTreeMap<u32, (u16, Vec<u8>)>,
    ) -> Result<Live, PartError> {
        let mut walk = Walk {
            file: self,
            live: Live::default(),
            seen: HashSet::new(),
            queue: Vec::new(),
            streams: BTreeMap::new(),
            inflated: 0,
        };
        for (_, value) in &trailer.0 {
            walk.references(value)?;
        }
        while let Some(number) = walk.queue.pop() {
            match changed.get(&number) {
                Some((_, body)) => {
                    let mut bytes = body.clone();
                    bytes.push(b' ');
                    let object = Parser::new(&bytes).object();
                    walk.references(&object.map_err(|_| damaged(number))?)?;
                }
                None => walk.object(number)?,
            }
        }
        Ok(walk.live)
    }

    /// Where a stream's object ends, behind `endobj`, if it ends as it should.
    fn end_of_stream(&self, data_end: u64) -> Result<Option<u64>, PartError> {
        self.end_of(data_end, &[b"endstream", b"endobj"])
    }

    /// Where an object ends, behind `endobj`, if it ends as it should.
    fn end_of_object(&self, value_end: u64) -> Result<Option<u64>, PartError> {
        self.end_of(value_end, &[b"endobj"])
    }

    fn end_of(&self, at: u64, words: &[&[u8]]) -> Result<Option<u64>, PartError> {
        let size = usize::try_from(self.source.len().saturating_sub(at).min(END_BYTES));
        let bytes = self.read(at, size.unwrap_or_default())?;
        let mut parser = Parser::new(&bytes);
        for word in words {
            if parser.keyword(word).is_err() {
                return Ok(None);
            }
        }
        Ok(Some(at + parser.at as u64))
    }

    /// The objects of an object stream that are wanted, in the stream's order.
    pub(in super::super) fn contained(
        &self,
        container: u32,
        wanted: &BTreeSet<u32>,
    ) -> Result<Vec<Contained>, PartError> {
        let stream = self.object_stream(container)?;
        let mut places: Vec<(usize, u32)> = stream
            .offsets
            .iter()
            .filter(|(number, _)| wanted.contains(number))
            .map(|(number, offset)| (*offset, *number))
            .collect();
        places.sort_unstable();
        places
            .into_iter()
            .map(|(_, number)| {
                let bytes = stream.object(number).unwrap_or_default();
                let mut parser = Parser::new(bytes);
                parser.skip_space();
                let start = parser.at;
                parser.object().map_err(|_| damaged(number))?;
                Ok((number, parser.taken(start).to_vec()))
            })
            .collect()
    }
}

fn damaged(number: u32) -> PartError {
    PartError::malformed(&format!("object {number}"), "damaged")
}

/// A walk through the objects.
struct Walk<'f, 'a> {
    file: &'f PdfFile<'a>,
    live: Live,
    seen: HashSet<u32>,
    queue: Vec<u32>,
    /// References of the objects in the object streams that were opened, by stream and number.
    streams: BTreeMap<u32, BTreeMap<u32, Vec<u32>>>,
    inflated: u64,
}

impl Walk<'_, '_> {
    fn reach(&mut self, number: u32) -> Result<(), PartError> {
        if self.seen.insert(number) {
            if self.seen.len() > OBJECTS_MAX {
                return Err(PartError::too_large(WHERE, "too many objects"));
            }
            self.queue.push(number);
        }
        Ok(())
    }

    fn references(&mut self, object: &Object) -> Result<(), PartError> {
        let mut found = Vec::new();
        collect(object, &mut found);
        found.into_iter().try_for_each(|number| self.reach(number))
    }

    fn object(&mut self, number: u32) -> Result<(), PartError> {
        match self.file.place(number)? {
            // A reference to nothing is null, before and after.
            None | Some(Place::Free) => Ok(()),
            Some(Place::Offset(offset)) => self.plain(number, offset),
            Some(Place::InStream(container, _)) => self.in_stream(number, container),
        }
    }

    fn plain(&mut self, number: u32, offset: u64) -> Result<(), PartError> {
        let file = self.file;
        let start = file.base.saturating_add(offset);
        let place = || format!("object {number}");
        let (found, _) = file.parse_at(start, &place, whole)?;
        let Whole {
            id,
            object,
            data,
            value,
            header,
        } = found;
        if id.number != number {
            return Err(PartError::malformed(&place(), "not at its offset"));
        }
        self.references(&object)?;
        let value = start + value.start as u64..start + value.end as u64;
        // White space may stand where the cross-reference points to.
        let own = start + header as u64;
        let body = match (data, object) {
            (Some(data), Object::Dictionary(dictionary)) => {
                let data = start.saturating_add(data as u64);
                let declared = match dictionary.get(b"Length").map(|one| file.resolve(one)) {
                    Some(Ok(Found::Direct(length))) => length.unsigned(),
                    _ => None,
                };
                let length = file.stream_length(&dictionary, data)?;
                // Only in a file that is damaged anyway is a length mended; elsewhere the stated one may
                // be right and the search for the end wrong, and then data would be lost.
                if !file.rebuilt && declared > Some(length) {
                    let cause = "the length of its stream contradicts where that ends";
                    return Err(PartError::malformed(&place(), cause));
                }
                let content = data..data.saturating_add(length);
                match (declared == Some(length), file.end_of_stream(content.end)?) {
                    (true, Some(end)) => Body::Whole(own..end),
                    _ => Body::Stream(self.with_length(&value, length)?, content),
                }
            }
            _ => match file.end_of_object(value.end)? {
                Some(end) => Body::Whole(own..end),
                None => Body::Value(value),
            },
        };
        self.live.plain.insert(start, Plain { id, body });
        Ok(())
    }

    /// A stream's dictionary with this length.
    fn with_length(&self, value: &Range<u64>, length: u64) -> Result<Vec<u8>, PartError> {
        let size = usize::try_from(value.end - value.start).unwrap_or_default();
        let bytes = self.file.read(value.start, size)?;
        let raw = RawDictionary::parse(&mut Parser::new(&bytes))
            .map_err(|_| PartError::malformed("PDF stream", "damaged"))?;
        Ok(raw.edited(
            |key, _| key == b"Length",
            &[(b"Length", length.to_string().into_bytes())],
        ))
    }

    fn in_stream(&mut self, number: u32, container: u32) -> Result<(), PartError> {
        if !self.streams.contains_key(&container) {
            let stream = self.file.object_stream(container)?;
            self.inflated = self.inflated.saturating_add(stream.bytes.len() as u64);
            if self.inflated > INFLATED_BYTES_MAX {
                return Err(PartError::too_large(WHERE, "object streams are too long"));
            }
            let mut inside = BTreeMap::new();
            for number in stream.offsets.keys() {
                let bytes = stream.object(*number).unwrap_or_default();
                let mut found = Vec::new();
                // One that is damaged may be one that nothing reaches.
                if let Ok(object) = Parser::new(bytes).object() {
                    collect(&object, &mut found);
                    inside.insert(*number, found);
                }
            }
            self.streams.insert(container, inside);
        }
        let inside = self.streams.get_mut(&container);
        let Some(found) = inside.and_then(|inside| inside.remove(&number)) else {
            let stream = self.file.object_stream(container)?;
            if stream.offsets.contains_key(&number) {
                return Err(damaged(number));
            }
            // Not there: null.
            return Ok(());
        };
        self.live
            .contained
            .entry(container)
            .or_default()
            .insert(number);
        found.into_iter().try_for_each(|number| self.reach(number))
    }
}

/// The numbers that an object refers to.
fn collect(object: &Object, found: &mut Vec<u32>) {
    match object {
        Object::Reference(id) => found.push(id.number),
        Object::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Object::Dictionary(dictionary) => dictionary
            .0
            .iter()
            .for_each(|(_, value)| collect(value, found)),
        _ => {}
    }
}

/// An object with its header, and places in it.
struct Whole {
    id: ObjectId,
    object: Object,
    /// Where a stream's data starts.
    data: Option<usize>,
    /// Where its value stands.
    value: Range<usize>,
    /// Where its number stands.
    header: usize,
}

fn whole(parser: &mut Parser<'_>) -> Result<Whole, ParseError> {
    parser.skip_space();
    let header = parser.at;
    let id = parser.header()?;
    parser.skip_space();
    let start = parser.at;
    let object = parser.object()?;
    let value = start..parser.at;
    let data = match object {
        Object::Dictionary(_) => parser.stream_data()?,
        _ => None,
    };
    Ok(Whole {
        id,
        object,
        data,
        value,
        header,
    })
}
