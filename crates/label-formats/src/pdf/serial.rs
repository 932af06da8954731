//! Objects as bytes: for what an update writes anew.

use super::object::{Dictionary, Object, ObjectId, is_regular};

/// Writes an object as it would stand in a file.
pub(super) fn write(object: &Object, out: &mut Vec<u8>) {
    match object {
        Object::Null => out.extend_from_slice(b"null"),
        Object::Boolean(flag) => out.extend_from_slice(flag.to_string().as_bytes()),
        Object::Integer(number) => out.extend_from_slice(number.to_string().as_bytes()),
        Object::Real(digits) => out.extend_from_slice(digits),
        Object::String(bytes) => string(bytes, out),
        Object::Name(bytes) => name(bytes, out),
        Object::Array(items) => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(b' ');
                }
                write(item, out);
            }
            out.push(b']');
        }
        Object::Dictionary(entries) => dictionary(entries, out),
        Object::Reference(id) => reference(*id, out),
    }
}

pub(super) fn dictionary(dictionary: &Dictionary, out: &mut Vec<u8>) {
    out.extend_from_slice(b"<<");
    for (key, value) in &dictionary.0 {
        name(key, out);
        out.push(b' ');
        write(value, out);
    }
    out.extend_from_slice(b">>");
}

pub(super) fn reference(id: ObjectId, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("{} {} R", id.number, id.generation).as_bytes());
}

/// A name, with `#xx` for what a name can't hold.
pub(super) fn name(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'/');
    for byte in bytes {
        if byte.is_ascii_graphic() && is_regular(*byte) && *byte != b'#' {
            out.push(*byte);
        } else {
            out.extend_from_slice(format!("#{byte:02X}").as_bytes());
        }
    }
}

/// A string: literal where it is plain, otherwise in hexadecimal digits.
pub(super) fn string(bytes: &[u8], out: &mut Vec<u8>) {
    if !bytes.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        out.push(b'<');
        for byte in bytes {
            out.extend_from_slice(format!("{byte:02X}").as_bytes());
        }
        out.push(b'>');
        return;
    }
    out.push(b'(');
    for byte in bytes {
        if matches!(byte, b'(' | b')' | b'\\') {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out.push(b')');
}

#[cfg(test)]
mod tests {
    use super::super::object::Parser;
    use super::*;
    use proptest::prelude::*;

    fn objects() -> impl Strategy<Value = Object> {
        let leaf = prop_oneof![
            Just(Object::Null),
            any::<bool>().prop_map(Object::Boolean),
            any::<i64>().prop_map(Object::Integer),
            "-?[0-9]{0,4}\\.[0-9]{1,4}".prop_map(|text| Object::Real(text.into_bytes())),
            proptest::collection::vec(any::<u8>(), 0..20).prop_map(Object::String),
            "[ -~]{0,20}".prop_map(|text| Object::String(text.into_bytes())),
            proptest::collection::vec(any::<u8>(), 0..20).prop_map(Object::Name),
            (any::<u32>(), any::<u16>()).prop_map(|(number, generation)| Object::Reference(
                ObjectId { number, generation }
            )),
        ];
        leaf.prop_recursive(3, 24, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Object::Array),
                proptest::collection::vec(
                    (proptest::collection::vec(any::<u8>(), 1..8), inner),
                    0..6
                )
                .prop_map(|entries| Object::Dictionary(Dictionary(entries))),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(object in objects()) {
            let mut bytes = Vec::new();
            write(&object, &mut bytes);
            // A number may be the start of a reference.
            bytes.extend_from_slice(b" null");
            prop_assert_eq!(Parser::new(&bytes).object(), Ok(object));
        }
    }
}
