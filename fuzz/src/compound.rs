//! Compound files from sections: one stream each.

use std::io::{Cursor, Write};

use crate::Section;

/// The section whose content changes bytes of the finished file: two bytes of offset, one of
/// value, and so on.
pub const PATCHES: &str = "!patches";

/// The section whose content is a publishing licence: it gets the transform stream around it that
/// a rights-managed document has.
pub const LICENCE: &str = "!licence";

/// The stream that the licence stands in.
pub const PRIMARY: &str = "/\u{6}DataSpaces/TransformInfo/DRMEncryptedTransform/\u{6}Primary";

/// The transform stream around a licence.
pub fn transform(licence: &[u8]) -> Vec<u8> {
    let padded = |bytes: &[u8]| {
        let mut field = (bytes.len() as u32).to_le_bytes().to_vec();
        field.extend(bytes);
        field.resize(field.len().next_multiple_of(4), 0);
        field
    };
    let wide = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    [
        vec![0x58, 0, 0, 0, 1, 0, 0, 0],
        padded(&wide("{C73DFACD-061F-43B0-8B64-0C620D2A8B50}")),
        padded(&wide("Microsoft.Metadata.DRMTransform")),
        [1, 0, 0, 0].repeat(3),
        vec![4, 0, 0, 0],
        padded(licence),
    ]
    .concat()
}

/// Builds the file; streams that the library refuses are left out.
pub fn build(sections: &[Section<'_>]) -> Vec<u8> {
    let Ok(mut file) = cfb::CompoundFile::create(Cursor::new(Vec::new())) else {
        return Vec::new();
    };
    for section in sections {
        if section.name == LICENCE {
            let (folder, _) = PRIMARY.rsplit_once('/').unwrap_or_default();
            if file.create_storage_all(folder).is_ok()
                && let Ok(mut stream) = file.create_stream(PRIMARY)
            {
                let _ = stream.write_all(&transform(section.content));
            }
            continue;
        }
        // Names that the library lets through and then stumbles over.
        let sound = |name: &str| {
            (1..=31).contains(&name.encode_utf16().count()) && !name.contains(['\\', ':', '!'])
        };
        let path = section.name.strip_prefix('/').unwrap_or(section.name);
        if section.name == PATCHES || !path.split('/').all(sound) {
            continue;
        }
        if let Some((folder, _)) = section.name.rsplit_once('/')
            && !folder.is_empty()
            && file.create_storage_all(folder).is_err()
        {
            continue;
        }
        if let Ok(mut stream) = file.create_stream(section.name) {
            let _ = stream.write_all(section.content);
        }
    }
    let _ = file.flush();
    let mut bytes = file.into_inner().into_inner();
    for patch in sections
        .iter()
        .filter(|section| section.name == PATCHES)
        .flat_map(|section| section.content.chunks_exact(3))
    {
        let at = usize::from(u16::from_le_bytes([patch[0], patch[1]]));
        if let Some(place) = bytes.get_mut(at) {
            *place = patch[2];
        }
    }
    bytes
}

/// The class id of the user-defined section of a document summary.
const USER_DEFINED: [u8; 16] = [
    0x05, 0xd5, 0xcd, 0xd5, 0x9c, 0x2e, 0x1b, 0x10, 0x93, 0x97, 0x08, 0x00, 0x2b, 0x2c, 0xf9, 0xae,
];

/// A document summary with one user-defined section, texts in UTF-16 or in bytes.
pub fn summary(pairs: &[(&str, &str)], wide: bool) -> Vec<u8> {
    let text = |text: &str| -> (u32, Vec<u8>) {
        if wide {
            let mut bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            bytes.extend([0, 0]);
            (bytes.len() as u32 / 2, bytes)
        } else {
            let bytes = [text.as_bytes(), &[0]].concat();
            (bytes.len() as u32, bytes)
        }
    };
    let pad = |bytes: &mut Vec<u8>| bytes.resize(bytes.len().next_multiple_of(4), 0);
    let mut dictionary = (pairs.len() as u32).to_le_bytes().to_vec();
    for (number, (name, _)) in pairs.iter().enumerate() {
        let (units, bytes) = text(name);
        dictionary.extend((number as u32 + 2).to_le_bytes());
        dictionary.extend(units.to_le_bytes());
        dictionary.extend(bytes);
        if wide {
            pad(&mut dictionary);
        }
    }
    let code_page: u32 = if wide { 1200 } else { 1252 };
    let page = [2_u32.to_le_bytes(), code_page.to_le_bytes()].concat();
    let mut blobs = vec![(0, dictionary), (1, page)];
    for (number, (_, value)) in pairs.iter().enumerate() {
        let (units, bytes) = text(value);
        let mut blob = (if wide { 0x1f_u32 } else { 0x1e }).to_le_bytes().to_vec();
        blob.extend(units.to_le_bytes());
        blob.extend(bytes);
        blobs.push((number as u32 + 2, blob));
    }
    let start = 8 + blobs.len() * 8;
    let (mut table, mut body) = (Vec::new(), Vec::new());
    for (id, mut blob) in blobs {
        pad(&mut blob);
        table.extend(u32::to_le_bytes(id));
        table.extend(((start + body.len()) as u32).to_le_bytes());
        body.extend(blob);
    }
    let mut section = ((8 + table.len() + body.len()) as u32)
        .to_le_bytes()
        .to_vec();
    section.extend((table.len() as u32 / 8).to_le_bytes());
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
