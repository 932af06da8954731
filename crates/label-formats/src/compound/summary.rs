//! The document summary of a compound file: custom properties outside the encrypted package.
//!
//! The layout is that of OLE property sets: a header, up to two sections, in each a table of
//! property ids and offsets; property 0 of the user-defined section is the dictionary of names,
//! property 1 the code page.

use label_core::{FileLabel, LabelStorage};

use crate::keys::LabelProperties;
use crate::limits::Limits;
use crate::reading::{DiagnosticCode, Diagnostics};

const PLACE: &str = "DocumentSummaryInformation";

/// The user-defined section's id as it lies in the file.
const USER_DEFINED: [u8; 16] = [
    0x05, 0xd5, 0xcd, 0xd5, 0x9c, 0x2e, 0x1b, 0x10, 0x93, 0x97, 0x08, 0x00, 0x2b, 0x2c, 0xf9, 0xae,
];

/// The code page of UTF-16.
const UTF_16: u32 = 1200;
const UTF_8: u32 = 65001;

/// Most properties of a section that are looked at.
const PROPERTIES_MAX: u32 = 10_000;

const TYPE_STRING: u32 = 0x1e;
const TYPE_WIDE_STRING: u32 = 0x1f;
const TYPE_BOOLEAN: u32 = 0x0b;
const TYPE_INTEGER: u32 = 0x03;

/// The label records among the user-defined properties. A stream that can't be read gives none and
/// a diagnostic.
pub(super) fn labels(
    bytes: &[u8],
    limits: &Limits,
    diagnostics: &mut Diagnostics,
) -> Vec<FileLabel> {
    match properties(bytes) {
        Some(properties) => {
            let mut labels = LabelProperties::new(LabelStorage::CompoundSummary, limits);
            for (name, value) in properties {
                labels.add(&name, &value, PLACE, diagnostics);
            }
            labels.into_records(PLACE, diagnostics)
        }
        None => {
            diagnostics.add(
                DiagnosticCode::BadPart,
                PLACE,
                "the property set can't be read",
            );
            Vec::new()
        }
    }
}

/// The user-defined properties with their names, in the order of the table.
fn properties(bytes: &[u8]) -> Option<Vec<(String, String)>> {
    let sections = u32_at(bytes, 24)?.min(2);
    let mut start = None;
    for number in 0..sections {
        let at = 28 + usize::try_from(number).ok()? * 20;
        if bytes.get(at..at + 16)? == USER_DEFINED {
            start = Some(usize::try_from(u32_at(bytes, at + 16)?).ok()?);
        }
    }
    let Some(start) = start else {
        return Some(Vec::new());
    };
    let section = bytes.get(start..)?;
    let count = u32_at(section, 4)?;
    if count > PROPERTIES_MAX {
        return None;
    }
    let mut table: Vec<(u32, usize)> = Vec::new();
    for number in 0..usize::try_from(count).ok()? {
        let at = 8 + number * 8;
        table.push((
            u32_at(section, at)?,
            usize::try_from(u32_at(section, at + 4)?).ok()?,
        ));
    }
    let offset_of = |wanted: u32| {
        table
            .iter()
            .find(|(id, _)| *id == wanted)
            .map(|(_, offset)| *offset)
    };
    let code_page = match offset_of(1) {
        // Stored as a signed 16-bit number.
        Some(at) => u32::from(u16_at(section, at + 4)?),
        None => 0,
    };
    let Some(dictionary_at) = offset_of(0) else {
        return Some(Vec::new());
    };
    let names = dictionary(section, dictionary_at, code_page)?;
    let mut properties = Vec::new();
    for (id, offset) in table.iter().filter(|(id, _)| *id > 1) {
        let name = names.iter().find(|(known, _)| known == id);
        if let (Some((_, name)), Some(value)) = (name, value(section, *offset, code_page)) {
            properties.push((name.clone(), value));
        }
    }
    Some(properties)
}

fn dictionary(section: &[u8], at: usize, code_page: u32) -> Option<Vec<(u32, String)>> {
    let count = u32_at(section, at)?;
    if count > PROPERTIES_MAX {
        return None;
    }
    let mut names = Vec::new();
    let mut at = at + 4;
    for _ in 0..count {
        let id = u32_at(section, at)?;
        let length = usize::try_from(u32_at(section, at + 4)?).ok()?;
        at += 8;
        let wide = code_page == UTF_16;
        let size = if wide { length.checked_mul(2)? } else { length };
        let text = section.get(at..at.checked_add(size)?)?;
        names.push((id, decode(text, code_page)));
        at += size;
        if wide {
            at = at.checked_next_multiple_of(4)?;
        }
    }
    Some(names)
}

fn value(section: &[u8], at: usize, code_page: u32) -> Option<String> {
    let kind = u32_at(section, at)? & 0xffff;
    let at = at.checked_add(4)?;
    match kind {
        TYPE_STRING => {
            let size = usize::try_from(u32_at(section, at)?).ok()?;
            let text = section.get(at + 4..(at + 4).checked_add(size)?)?;
            Some(decode(text, code_page))
        }
        TYPE_WIDE_STRING => {
            let size = usize::try_from(u32_at(section, at)?).ok()?.checked_mul(2)?;
            let text = section.get(at + 4..(at + 4).checked_add(size)?)?;
            Some(decode(text, UTF_16))
        }
        TYPE_BOOLEAN => Some((u16_at(section, at)? != 0).to_string()),
        TYPE_INTEGER => {
            Some(i32::from_le_bytes(section.get(at..at + 4)?.try_into().ok()?).to_string())
        }
        _ => None,
    }
}

/// A text up to its terminating zero. Label attributes are ASCII in every code page; letters of
/// other 8-bit pages become Latin-1 ones, which can only blur a display name.
fn decode(bytes: &[u8], code_page: u32) -> String {
    let text = match code_page {
        UTF_16 => {
            let units: Vec<u16> = bytes
                .chunks_exact(2)
                .map(|pair| match pair {
                    [low, high] => u16::from_le_bytes([*low, *high]),
                    _ => 0,
                })
                .collect();
            String::from_utf16_lossy(&units)
        }
        UTF_8 => String::from_utf8_lossy(bytes).into_owned(),
        _ => bytes.iter().copied().map(char::from).collect(),
    };
    text.split('\0').next().unwrap_or_default().to_owned()
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let field = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_le_bytes(field.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let field = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(field.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A property set with one user-defined section, as the specification lays it out.
    fn build(code_page: u32, pairs: &[(&str, &str)], wide_values: bool) -> Vec<u8> {
        let wide = |text: &str| {
            let mut bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            bytes.extend([0, 0]);
            bytes
        };
        let narrow = |text: &str| [text.as_bytes(), &[0]].concat();
        let mut dictionary = u32::try_from(pairs.len()).unwrap().to_le_bytes().to_vec();
        for (number, (name, _)) in pairs.iter().enumerate() {
            dictionary.extend((number as u32 + 2).to_le_bytes());
            let (text, units) = if code_page == UTF_16 {
                (wide(name), name.encode_utf16().count() + 1)
            } else {
                (narrow(name), name.len() + 1)
            };
            dictionary.extend((units as u32).to_le_bytes());
            dictionary.extend(text);
            while code_page == UTF_16 && dictionary.len() % 4 != 0 {
                dictionary.push(0);
            }
        }
        let mut blobs = vec![
            (0, dictionary),
            (
                1,
                [&2_u32.to_le_bytes()[..], &code_page.to_le_bytes()].concat(),
            ),
        ];
        for (number, (_, value)) in pairs.iter().enumerate() {
            let (kind, text, count) = if wide_values {
                (
                    TYPE_WIDE_STRING,
                    wide(value),
                    value.encode_utf16().count() + 1,
                )
            } else {
                (TYPE_STRING, narrow(value), value.len() + 1)
            };
            let mut blob = kind.to_le_bytes().to_vec();
            blob.extend((count as u32).to_le_bytes());
            blob.extend(text);
            blobs.push((number as u32 + 2, blob));
        }
        let mut table = Vec::new();
        let mut body = Vec::new();
        let start = 8 + blobs.len() * 8;
        for (id, mut blob) in blobs {
            while blob.len() % 4 != 0 {
                blob.push(0);
            }
            table.extend(u32::to_le_bytes(id));
            table.extend(((start + body.len()) as u32).to_le_bytes());
            body.extend(blob);
        }
        let mut section = ((8 + table.len() + body.len()) as u32)
            .to_le_bytes()
            .to_vec();
        section.extend(((table.len() / 8) as u32).to_le_bytes());
        section.extend(table);
        section.extend(body);
        let mut set = vec![0xfe, 0xff, 0, 0];
        set.extend([0; 20]);
        set.extend(1_u32.to_le_bytes());
        set.extend(USER_DEFINED);
        set.extend(48_u32.to_le_bytes());
        set.extend(section);
        set
    }

    const ID: &str = "11111111-1111-4111-8111-111111111111";

    fn pairs() -> Vec<(String, String)> {
        [
            ("Enabled", "true"),
            ("SiteId", "aaaaaaaa-0000-4000-8000-00000000000a"),
            ("Name", "General"),
        ]
        .map(|(attribute, value)| (format!("MSIP_Label_{ID}_{attribute}"), value.to_owned()))
        .to_vec()
    }

    #[test]
    fn f_005_the_summary_holds_labels_in_every_string_type() {
        let pairs = pairs();
        let borrowed: Vec<(&str, &str)> = pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        for (code_page, wide) in [(1252, false), (UTF_16, true), (UTF_8, false), (1252, true)] {
            let bytes = build(code_page, &borrowed, wide);
            let mut diagnostics = Diagnostics::new(&Limits::default());
            let labels = labels(&bytes, &Limits::default(), &mut diagnostics);
            assert_eq!(labels.len(), 1, "{code_page}");
            assert_eq!(labels[0].id_text, ID);
            assert_eq!(labels[0].enabled, Some(true));
            assert_eq!(labels[0].name.as_deref(), Some("General"));
            assert_eq!(labels[0].storage, LabelStorage::CompoundSummary);
            assert!(diagnostics.into_list().is_empty());
        }
    }

    proptest::proptest! {
        #[test]
        fn any_damage_is_survived(at in 0_usize..600, byte: u8, len in 0_usize..700) {
            let pairs = pairs();
            let borrowed: Vec<(&str, &str)> = pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            let mut bytes = build(UTF_16, &borrowed, true);
            if let Some(place) = bytes.get_mut(at) { *place = byte; }
            bytes.truncate(len);
            let mut diagnostics = Diagnostics::new(&Limits::default());
            let _ = labels(&bytes, &Limits::default(), &mut diagnostics);
        }
    }
}
