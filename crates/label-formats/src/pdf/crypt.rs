//! Documents that open with the empty password: their strings and streams. The one place that
//! names the PDF library.

use lopdf::encryption::{EncryptionState, decrypt_object};
use lopdf::{Document, Object as ForeignObject, Stream as ForeignStream, StringFormat};

use super::object::{Dictionary, Object, ObjectId};
use crate::error::PartError;

/// Whether and how the document is encrypted.
pub(super) enum Crypt {
    /// It is not.
    Plain,
    /// It is, and the empty password opens it.
    Open(Box<EncryptionState>),
    /// It is, and there is no key.
    Locked,
}

/// Tries the empty password.
pub(super) fn open(encrypt: &Dictionary, trailer: &Dictionary) -> Option<Box<EncryptionState>> {
    let mut document = Document::new();
    // The library finds the dictionary behind a reference only.
    let id = document.add_object(foreign(&Object::Dictionary(encrypt.clone())));
    document
        .trailer
        .set("Encrypt", ForeignObject::Reference(id));
    if let Some(id) = trailer.get(b"ID") {
        document.trailer.set("ID", foreign(id));
    }
    document.authenticate_password("").ok()?;
    EncryptionState::decode(&document, "").ok().map(Box::new)
}

impl Crypt {
    /// Decrypts the strings inside an object; what can't be decrypted stays.
    pub(super) fn strings(&self, id: ObjectId, object: &mut Object) {
        let Self::Open(state) = self else { return };
        match object {
            Object::String(bytes) => {
                let mut foreign = ForeignObject::String(bytes.clone(), StringFormat::Literal);
                if decrypt_object(state, (id.number, id.generation), &mut foreign).is_ok()
                    && let ForeignObject::String(clear, _) = foreign
                {
                    *bytes = clear;
                }
            }
            Object::Array(items) => {
                for item in items {
                    self.strings(id, item);
                }
            }
            Object::Dictionary(dictionary) => {
                for (_, value) in &mut dictionary.0 {
                    self.strings(id, value);
                }
            }
            _ => {}
        }
    }

    /// The raw bytes of a stream in clear; of a locked document as they are, because its metadata
    /// may be in clear all the same.
    pub(super) fn stream(
        &self,
        id: ObjectId,
        dictionary: &Dictionary,
        raw: Vec<u8>,
    ) -> Result<Vec<u8>, PartError> {
        let Self::Open(state) = self else {
            return Ok(raw);
        };
        let ForeignObject::Dictionary(entries) = foreign(&Object::Dictionary(dictionary.clone()))
        else {
            return Ok(raw);
        };
        let mut object = ForeignObject::Stream(ForeignStream::new(entries, raw));
        decrypt_object(state, (id.number, id.generation), &mut object)
            .map_err(|error| PartError::malformed("PDF stream", error))?;
        match object {
            ForeignObject::Stream(clear) => Ok(clear.content),
            _ => Err(PartError::malformed("PDF stream", "not a stream")),
        }
    }
}

/// The same object in the library's terms.
fn foreign(object: &Object) -> ForeignObject {
    match object {
        Object::Null | Object::Real(_) => ForeignObject::Null,
        Object::Boolean(flag) => ForeignObject::Boolean(*flag),
        Object::Integer(number) => ForeignObject::Integer(*number),
        Object::String(bytes) => ForeignObject::String(bytes.clone(), StringFormat::Literal),
        Object::Name(name) => ForeignObject::Name(name.clone()),
        Object::Array(items) => ForeignObject::Array(items.iter().map(foreign).collect()),
        Object::Dictionary(dictionary) => {
            let mut entries = lopdf::Dictionary::new();
            for (key, value) in &dictionary.0 {
                entries.set(key.clone(), foreign(value));
            }
            ForeignObject::Dictionary(entries)
        }
        Object::Reference(id) => ForeignObject::Reference((id.number, id.generation)),
    }
}
