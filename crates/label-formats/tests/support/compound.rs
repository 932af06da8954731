//! Compound files, and a pair that protects and opens documents for tests.

use std::cell::Cell;
use std::io::{Cursor, Read, Write};

use label_formats::{
    Decrypted, Decryptor, EncryptingIdentity, ProtectRequest, Protected, Protector,
};

use super::licence::Licence;

pub(crate) const PRIMARY: &str =
    "/\u{6}DataSpaces/TransformInfo/DRMEncryptedTransform/\u{6}Primary";
pub(crate) const LABEL_STREAM: &str = "/\u{6}DataSpaces/TransformInfo/LabelInfo";
pub(crate) const PACKAGE: &str = "/EncryptedPackage";

pub(crate) fn compound(streams: &[(&str, &[u8])]) -> Vec<u8> {
    let mut file =
        cfb::CompoundFile::create_with_version(cfb::Version::V3, Cursor::new(Vec::new())).unwrap();
    for (path, content) in streams {
        if let Some((folder, _)) = path.rsplit_once('/')
            && !folder.is_empty()
        {
            file.create_storage_all(folder).unwrap();
        }
        file.create_stream(path)
            .unwrap()
            .write_all(content)
            .unwrap();
    }
    file.flush().unwrap();
    file.into_inner().into_inner()
}

/// A document under rights management around any content, with or without a label outside.
pub(crate) fn rights_managed(content: &[u8], label: Option<&str>) -> Vec<u8> {
    let hidden: Vec<u8> = content.iter().map(|byte| byte ^ 0x5a).collect();
    let transform = Licence::without_label(super::A).transform();
    let mut streams = vec![(PACKAGE, hidden.as_slice()), (PRIMARY, &transform)];
    if let Some(label) = label {
        streams.push((LABEL_STREAM, label.as_bytes()));
    }
    compound(&streams)
}

/// The document summary with one user-defined section of UTF-16 texts, laid out as the property
/// set specification says.
pub(crate) fn summary(properties: &[(&str, &str)]) -> Vec<u8> {
    let wide = |text: &str| -> Vec<u8> {
        text.encode_utf16()
            .chain([0])
            .flat_map(u16::to_le_bytes)
            .collect()
    };
    let number = |value: usize| u32::try_from(value).unwrap().to_le_bytes();
    let pad = |bytes: &mut Vec<u8>| bytes.resize(bytes.len().next_multiple_of(4), 0);
    let mut dictionary = number(properties.len()).to_vec();
    for (at, (name, _)) in properties.iter().enumerate() {
        dictionary.extend(number(at + 2));
        dictionary.extend(number(name.encode_utf16().count() + 1));
        dictionary.extend(wide(name));
        pad(&mut dictionary);
    }
    let mut values = vec![dictionary, [number(2), number(1200)].concat()];
    for (_, value) in properties {
        let mut bytes = [number(0x1f), number(value.encode_utf16().count() + 1)].concat();
        bytes.extend(wide(value));
        pad(&mut bytes);
        values.push(bytes);
    }
    let mut at = 8 + values.len() * 8;
    let mut table = Vec::new();
    for (id, value) in values.iter().enumerate() {
        table.extend(number(id));
        table.extend(number(at));
        at += value.len();
    }
    let section = [
        number(at).to_vec(),
        number(values.len()).to_vec(),
        table,
        values.concat(),
    ]
    .concat();
    let mut set = vec![0xfe, 0xff, 0, 0, 6, 2, 2, 0];
    set.extend([0; 16]);
    set.extend(number(1));
    set.extend([
        0x05, 0xd5, 0xcd, 0xd5, 0x9c, 0x2e, 0x1b, 0x10, 0x93, 0x97, 0x08, 0x00, 0x2b, 0x2c, 0xf9,
        0xae,
    ]);
    set.extend(number(48));
    set.extend(section);
    set
}

/// Protects by hiding the document in a compound file that reads as rights-managed, and opens
/// what it protected. Counts its calls.
#[derive(Default)]
pub(crate) struct Loop {
    pub(crate) protects: Cell<u32>,
    pub(crate) opens: Cell<u32>,
    pub(crate) asked: Cell<Option<ProtectRequest>>,
    /// What is written outside, if anything.
    pub(crate) outside: Option<String>,
}

impl Protector for Loop {
    fn protect(&self, document: &[u8], request: ProtectRequest) -> Result<Protected, String> {
        self.protects.set(self.protects.get() + 1);
        self.asked.set(Some(request));
        Ok(Protected {
            bytes: rights_managed(document, self.outside.as_deref()),
            identity: EncryptingIdentity::Service,
        })
    }
}

impl Decryptor for Loop {
    fn decrypt(&self, file: &[u8]) -> Result<Option<Decrypted>, String> {
        self.opens.set(self.opens.get() + 1);
        let mut opened = cfb::CompoundFile::open(Cursor::new(file)).map_err(|e| e.to_string())?;
        let mut hidden = Vec::new();
        opened
            .open_stream(PACKAGE)
            .map_err(|e| e.to_string())?
            .read_to_end(&mut hidden)
            .map_err(|e| e.to_string())?;
        Ok(Some(Decrypted {
            bytes: hidden.iter().map(|byte| byte ^ 0x5a).collect(),
            identity: Some(EncryptingIdentity::Service),
        }))
    }
}
