//! What an update has to know of the file that it is for: objects as they stand in it, the kind of
//! its cross-reference, and which numbers are taken.

use super::super::object::{Dictionary, Object, ObjectId, ParseError, Parser};
use super::super::raw::RawDictionary;
use super::{PdfFile, Place, REFERENCES_MAX, Section, Stream};
use crate::error::PartError;

const WHERE: &str = "cross-reference";

/// How many numbers are passed over because something refers to them. Other programs keep a row for
/// each number there is.
const MISSING_SKIPPED_MAX: u64 = 1_000;

/// How the newest section of the cross-reference is written; an update continues it the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum SectionKind {
    Table,
    Stream,
}

/// A dictionary as it stands in the file, or the one of a stream.
#[derive(Clone, Debug)]
pub(in super::super) struct Placed {
    pub(in super::super) id: ObjectId,
    pub(in super::super) dictionary: RawDictionary,
    pub(in super::super) stream: Option<Stream>,
}

/// What stands at a place.
enum Standing {
    Dictionary(RawDictionary, Option<u64>),
    Other(Object),
}

fn standing(parser: &mut Parser<'_>) -> Result<Standing, ParseError> {
    let before = parser.clone();
    match RawDictionary::parse(parser) {
        Ok(dictionary) => Ok(Standing::Dictionary(dictionary, None)),
        Err(error @ (ParseError::End | ParseError::Large)) => Err(error),
        Err(ParseError::Bad) => {
            *parser = before;
            parser.object().map(Standing::Other)
        }
    }
}

fn standing_object(parser: &mut Parser<'_>) -> Result<(ObjectId, Standing), ParseError> {
    let id = parser.header()?;
    match standing(parser)? {
        Standing::Dictionary(dictionary, _) => {
            let data = parser.stream_data()?.map(|data| data as u64);
            Ok((id, Standing::Dictionary(dictionary, data)))
        }
        other => Ok((id, other)),
    }
}

impl PdfFile<'_> {
    /// The dictionary behind a reference as it stands in the file, and which object it is;
    /// `None` for anything else.
    pub(in super::super) fn placed(&self, object: &Object) -> Result<Option<Placed>, PartError> {
        let Object::Reference(mut id) = *object else {
            return Ok(None);
        };
        for _ in 0..REFERENCES_MAX {
            match self.standing(id)? {
                Some(Standing::Other(Object::Reference(next))) => id = next,
                Some(Standing::Dictionary(dictionary, data)) => {
                    let stream = data
                        .map(|start| self.stream(id, parsed(&dictionary), start))
                        .transpose()?;
                    return Ok(Some(Placed {
                        id,
                        dictionary,
                        stream,
                    }));
                }
                Some(Standing::Other(_)) | None => return Ok(None),
            }
        }
        Err(PartError::malformed(
            WHERE,
            "references go round in a circle",
        ))
    }

    /// The object with this number; where its stream's bytes start counts from the file's start.
    fn standing(&self, id: ObjectId) -> Result<Option<Standing>, PartError> {
        let other_generation = || PartError::malformed(WHERE, format!("{id} is another one there"));
        match self.place(id.number)? {
            None | Some(Place::Free) => Ok(None),
            Some(Place::Offset(offset)) => {
                let offset = self.base.saturating_add(offset);
                let ((found, standing), _) =
                    self.parse_at(offset, &|| id.to_string(), standing_object)?;
                if found != id {
                    return Err(other_generation());
                }
                Ok(Some(match standing {
                    Standing::Dictionary(dictionary, data) => {
                        let start = data.map(|data| offset.saturating_add(data));
                        Standing::Dictionary(dictionary, start)
                    }
                    other => other,
                }))
            }
            Some(Place::InStream(container, _)) => {
                if id.generation != 0 {
                    return Err(other_generation());
                }
                let stream = self.object_stream(container)?;
                let Some(bytes) = stream.object(id.number) else {
                    return Ok(None);
                };
                let mut parser = Parser::new(bytes);
                let found = standing(&mut parser);
                self.spend(parser.at)?;
                found
                    .map(Some)
                    .map_err(|_| PartError::malformed(&id.to_string(), "damaged"))
            }
        }
    }

    /// Where the newest section stands, as `startxref` says it.
    pub(in super::super) fn newest_section(&self) -> u64 {
        self.start
    }

    /// How the newest section is written.
    pub(in super::super) fn newest_kind(&self) -> SectionKind {
        match self.sections.first() {
            Some(Section::Stream { .. }) => SectionKind::Stream,
            _ => SectionKind::Table,
        }
    }

    /// Whether objects may be there that only a damaged part of the cross-reference names.
    pub(in super::super) fn has_lost_section(&self) -> bool {
        let is_lost = |section: &Section| {
            matches!(
                section,
                Section::Table { lost: true, .. } | Section::Rebuilt { lost: true, .. }
            )
        };
        self.sections.iter().any(is_lost)
    }

    /// The first number that no object has and that, as far as is known, nothing refers to.
    pub(in super::super) fn free_number(&self) -> u64 {
        self.behind_objects().max(self.behind_missing.get())
    }

    /// Behind `/Size`, and behind what the sections name.
    fn behind_objects(&self) -> u64 {
        let named = self.sections.iter().map(Section::end).max();
        self.size.max(named.unwrap_or_default()).max(1)
    }

    /// Notes that something refers to an object that is not there. What refers to nothing, such as the
    /// value of a signature field without signature, must not come to refer to what an update adds.
    pub(super) fn note_missing(&self, number: u32) {
        let behind = u64::from(number) + 1;
        if behind <= self.behind_objects().saturating_add(MISSING_SKIPPED_MAX) {
            let known = self.behind_missing.get();
            self.behind_missing.set(known.max(behind));
        }
    }
}

/// The same dictionary without its places.
fn parsed(raw: &RawDictionary) -> Dictionary {
    Dictionary(
        raw.entries()
            .map(|(key, value)| (key.to_vec(), value.clone()))
            .collect(),
    )
}
