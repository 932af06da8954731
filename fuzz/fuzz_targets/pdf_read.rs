//! Any bytes as a PDF; where another library reads the file as written, the same label keys.
#![no_main]

use std::collections::BTreeSet;

use label_core::{LabelId, LabelStorage};
use label_formats::{DiagnosticCode, ReadOptions, Reading, Status};
use label_fuzz::properties::read_steadily;
use libfuzzer_sys::fuzz_target;
use lopdf::{Document, LoadOptions, Object};

const COMPARED_BYTES_MAX: usize = 64 * 1024;

fuzz_target!(|input: &[u8]| {
    let head = input.get(..1024).unwrap_or(input);
    let has_header = head.windows(5).any(|window| window == b"%PDF-");
    let bytes = if has_header {
        input.to_vec()
    } else {
        [b"%PDF-1.7\n", input].concat()
    };
    let reading = read_steadily(&bytes, &ReadOptions::default());
    if reading.status != Status::Ok
        || reading.protection.is_some()
        || !bytes.starts_with(b"%PDF-")
        || bytes.len() > COMPARED_BYTES_MAX
        || !ends_as_written(&bytes)
        || !tables_are_right(&bytes)
    {
        return;
    }
    let recovered = |reading: &Reading| {
        reading.diagnostics.iter().any(|diagnostic| {
            matches!(
                diagnostic.code,
                DiagnosticCode::Rebuilt | DiagnosticCode::StrayBytes
            )
        })
    };
    if recovered(&reading) {
        return;
    }
    let options = LoadOptions {
        strict: true,
        ..LoadOptions::with_max_decompressed_size(1 << 20)
    };
    let Ok(document) = Document::load_mem_with_options(&bytes, options) else {
        return;
    };
    if document.xref_recovery.is_some() || document.trailer.get(b"Encrypt").is_ok() {
        return;
    }
    // An information dictionary that only an older trailer names counts for us, not for them.
    if document.trailer.get(b"Info").is_err() && bytes.windows(5).any(|word| word == b"/Prev") {
        return;
    }
    // An object counts for them that no cross-reference names, or only in a row of an unknown kind.
    if let Ok(Object::Reference((number, _))) = document.trailer.get(b"Info")
        && document.reference_table.get(*number).is_none()
    {
        return;
    }
    // So do objects beyond the number that their stream says.
    if !object_streams_are_right(&document) {
        return;
    }
    if let Some(theirs) = their_keys(&document) {
        assert_eq!(our_keys(&reading), theirs, "left: ours, right: theirs");
    }
});

/// The last `startxref` is the one that counts for everybody.
fn ends_as_written(bytes: &[u8]) -> bool {
    const MARK: &[u8] = b"startxref";
    let Some(at) = bytes.windows(MARK.len()).rposition(|word| word == MARK) else {
        return false;
    };
    let tail = String::from_utf8_lossy(&bytes[at + MARK.len()..]);
    tail.trim()
        .strip_suffix("%%EOF")
        .is_some_and(|number| number.trim().parse::<u32>().is_ok())
}

/// Every object stream lists as many objects as it says, each once.
fn object_streams_are_right(document: &Document) -> bool {
    document.objects.values().all(|object| {
        let Ok(stream) = object.as_stream() else {
            return true;
        };
        if !stream.dict.has_type(b"ObjStm") {
            return true;
        }
        let number = |key: &[u8]| stream.dict.get(key).and_then(Object::as_i64);
        let (Ok(count), Ok(first)) = (number(b"N"), number(b"First")) else {
            return false;
        };
        let content = stream
            .decompressed_content()
            .unwrap_or_else(|_| stream.content.clone());
        let first = usize::try_from(first).unwrap_or_default();
        let head = content.get(..first).unwrap_or_default();
        let words = head.split(u8::is_ascii_whitespace);
        let words = words.filter(|word| !word.is_empty());
        let numbers: Vec<&[u8]> = words.step_by(2).collect();
        let unique: BTreeSet<&[u8]> = numbers.iter().copied().collect();
        // Of a number that is listed twice, they may take either.
        usize::try_from(count) == Ok(numbers.len()) && unique.len() == numbers.len()
    })
}

/// Every row of every table leads to the object that it says. Where one doesn't, the object is
/// missing for us, and found elsewhere by the other library.
fn tables_are_right(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    if text.len() != bytes.len() {
        // Offsets can't be compared.
        return false;
    }
    // Of a trailer without the catalog, we take nothing and they take the rest.
    let is_table = !text.contains("/XRef");
    if is_table && text.matches("trailer").count() != text.matches("/Root ").count() {
        return false;
    }
    for (start, _) in text.match_indices("xref") {
        if text[..start].ends_with("start") {
            continue;
        }
        let mut number = 0;
        for line in text[start..].lines().skip(1) {
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            match words[..] {
                [first, _] => match first.parse::<u32>() {
                    Ok(first) => number = first,
                    Err(_) => return false,
                },
                [offset, generation, "n"] => {
                    if (offset.len(), generation.len()) != (10, 5) {
                        return false;
                    }
                    let header = format!("{number} {generation:.1} obj");
                    let at = offset.parse::<usize>().ok();
                    if !at
                        .and_then(|at| text.get(at..))
                        .is_some_and(|text| text.starts_with(&header))
                    {
                        return false;
                    }
                    number += 1;
                }
                [_, _, "f"] => number += 1,
                _ => break,
            }
        }
    }
    true
}

/// Label and attribute of each property, in lower case.
type Keys = BTreeSet<(String, String)>;

fn our_keys(reading: &Reading) -> Keys {
    let mut keys = Keys::new();
    for record in &reading.labels {
        if record.storage != LabelStorage::Info {
            continue;
        }
        let mut add = |attribute: &str| {
            keys.insert((record.id_text.clone(), attribute.to_ascii_lowercase()));
        };
        // Of the others, a value that can't be read leaves nothing behind.
        for (attribute, value) in [
            ("name", &record.name),
            ("siteid", &record.tenant_text),
            ("method", &record.method),
            ("setdate", &record.set_date),
        ] {
            if value.is_some() {
                add(attribute);
            }
        }
        add("");
        for (name, _) in &record.extra {
            add(name);
        }
    }
    keys
}

/// `None` where the other library can't say.
fn their_keys(document: &Document) -> Option<Keys> {
    let info = match document.trailer.get(b"Info") {
        Ok(info) => info,
        Err(_) => return Some(Keys::new()),
    };
    if let Object::Reference((number, _)) = info {
        let size = document.trailer.get(b"Size").ok()?.as_i64().ok()?;
        // The table doesn't list it: null for us, looked for by them.
        if i64::from(*number) >= size {
            return None;
        }
    }
    let info = document.dereference(info).ok()?.1;
    let Object::Dictionary(info) = info else {
        return None;
    };
    let mut keys = Keys::new();
    for (key, value) in info.iter() {
        let Some((id, attribute)) = std::str::from_utf8(key).ok().and_then(label_key) else {
            continue;
        };
        let Object::String(..) = document.dereference(value).ok()?.1 else {
            return None;
        };
        keys.insert((id.clone(), String::new()));
        if !matches!(attribute.as_str(), "enabled" | "removed" | "contentbits") {
            keys.insert((id, attribute));
        }
    }
    Some(keys)
}

fn label_key(key: &str) -> Option<(String, String)> {
    let (prefix, rest) = key.split_at_checked("MSIP_Label_".len())?;
    if !prefix.eq_ignore_ascii_case("MSIP_Label_") {
        return None;
    }
    let (id, rest) = match rest.strip_prefix('{') {
        Some(braced) => braced.split_once('}')?,
        None => rest.split_at_checked(36)?,
    };
    let id = LabelId::parse(id).ok().filter(|_| id.len() == 36)?;
    let attribute = rest.strip_prefix('_')?;
    (!attribute.is_empty()).then(|| (id.to_string(), attribute.to_ascii_lowercase()))
}
