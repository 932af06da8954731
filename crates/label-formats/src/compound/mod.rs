//! Compound files: rights-managed and password-protected documents, and everything older.
//!
//! Only what stands outside the encrypted package is read, without any key (P-002).

mod fields;
mod licences;
mod names;
mod summary;
mod transform;
mod use_licence;

use std::io::{self, Read};

use label_core::{FileLabel, LabelStorage};

use crate::ReadOptions;
use crate::effective;
use crate::error::PartError;
use crate::ooxml::label_info::{self, LabelInfo};
use crate::reading::{DiagnosticCode, Diagnostics, Protection, Reading, Status};
use crate::source::{ByteSource, SourceReader};

#[cfg(feature = "built-in-password")]
use names::{INFO, PACKAGE};
use names::{Kind, LABEL_INFO, Names};

const WHERE: &str = "compound file";
const SUMMARY_STREAM: &str = "\u{5}DocumentSummaryInformation";

/// Largest compound file that is opened, in bytes: its allocation table is read whole, one
/// four-byte entry for each sector.
const FILE_BYTES_MAX: u64 = 2 * 1024 * 1_048_576;

type CompoundFile<'a> = cfb::CompoundFile<SourceReader<'a>>;

/// Reads what a compound file says about labels and protection.
pub(crate) fn read(source: &dyn ByteSource, options: &ReadOptions<'_>) -> Reading {
    let mut diagnostics = Diagnostics::new(&options.limits);
    let mut reading = match read_file(source, options, &mut diagnostics) {
        Ok(reading) => reading,
        Err(error) => Reading::failed(error.status(), error),
    };
    reading.diagnostics = diagnostics.into_list();
    reading
}

fn read_file(
    source: &dyn ByteSource,
    options: &ReadOptions<'_>,
    diagnostics: &mut Diagnostics,
) -> Result<Reading, PartError> {
    if source.len() > FILE_BYTES_MAX {
        return Err(PartError::too_large(
            WHERE,
            format!("{} bytes", source.len()),
        ));
    }
    let mut file = cfb::CompoundFile::open(SourceReader::new(source)).map_err(damaged)?;
    let names = Names::read(&file)?;
    let (protection, error) = match names.kind() {
        Kind::RightsManaged => (Protection::RightsManaged, "under rights management"),
        Kind::Password => (Protection::Password, "a password is needed"),
        Kind::EncryptedUnknown => (
            Protection::EncryptedUnknown,
            "encrypted in a way that is not recognised",
        ),
        Kind::RightsManagedBinary => (
            Protection::RightsManaged,
            "an older document under rights management",
        ),
        Kind::Other(what) => {
            return Err(PartError::unsupported(WHERE, what));
        }
    };
    let mut reading = Reading::failed(Status::Protected, error);
    reading.protection = Some(protection);
    if protection == Protection::RightsManaged {
        // Damage beside the encrypted package does not make the document less protected.
        if let Err(error) = read_labels(&mut file, &names, options, &mut reading, diagnostics) {
            reading.status = error.status();
            reading.error = Some(error.to_string());
        }
        let rights = licences::read(&mut file, &names, &options.limits, diagnostics)?;
        if let Some(licence) = &rights.licence {
            licences::compare(licence, &names, &reading, diagnostics);
        }
        reading.rights_management = Some(Box::new(rights));
    }
    Ok(reading)
}

/// The document in a workbook that has Excel's own password; `None` if the file has another one,
/// or is too large to be decrypted in memory.
///
/// # Errors
///
/// The password fits, and the content is damaged; or the medium failed.
#[cfg(feature = "built-in-password")]
pub(crate) fn open_with_built_in_password(
    source: &dyn ByteSource,
    limits: &crate::Limits,
) -> Result<Option<Vec<u8>>, PartError> {
    use crate::password;

    let package_bytes_max = limits.write_bytes_max;
    if source.len() > package_bytes_max {
        return Ok(None);
    }
    let mut file = cfb::CompoundFile::open(SourceReader::new(source)).map_err(damaged)?;
    let names = Names::read(&file)?;
    let (Kind::Password, Some(info), Some(package)) =
        (names.kind(), names.find(&[INFO]), names.find(&[PACKAGE]))
    else {
        return Ok(None);
    };
    let info = match stream(&mut file, info, password::INFO_BYTES_MAX) {
        Ok(info) => info,
        Err(PartError::Io(error)) => return Err(PartError::Io(error)),
        // Damage that leaves open which password it is.
        Err(_) => return Ok(None),
    };
    let Some(key) = password::unlock(&info) else {
        return Ok(None);
    };
    let package = stream(&mut file, package, package_bytes_max)?;
    key.decrypt(package).map(Some)
}

/// The label stream decides; where it is missing, the summary's custom properties do (4.3).
fn read_labels(
    file: &mut CompoundFile<'_>,
    names: &Names,
    options: &ReadOptions<'_>,
    reading: &mut Reading,
    diagnostics: &mut Diagnostics,
) -> Result<(), PartError> {
    let limits = &options.limits;
    let mut elements: Vec<FileLabel> = Vec::new();
    let mut properties: Vec<FileLabel> = Vec::new();
    let mut failure = None;
    if let Some(path) = names.find(&LABEL_INFO) {
        let bytes = stream(file, path, limits.label_part_bytes_max)?;
        match LabelInfo::parse(
            "TransformInfo/LabelInfo",
            bytes,
            LabelStorage::CompoundLabelInfo,
            limits,
            diagnostics,
        ) {
            Ok(label_info::Parsed::Labels(labels)) => elements = labels.records,
            Ok(label_info::Parsed::OtherRoot) => {
                failure = Some(PartError::malformed(
                    "TransformInfo/LabelInfo",
                    "another root element than expected",
                ));
            }
            Err(error) => failure = Some(error),
        }
    }
    // A damaged summary is no reason to call the document damaged: it is protected first.
    match names.find(&[SUMMARY_STREAM]) {
        Some(path) if file.is_stream(path) => {
            let bytes = stream(file, path, limits.compound_bytes_max)?;
            properties = summary::labels(&bytes, limits, diagnostics);
        }
        Some(path) => diagnostics.add(DiagnosticCode::BadPart, path, "not a stream"),
        None => {}
    }
    if let Some(error) = failure {
        // As in a package: the records are listed, and no label counts (9b.9).
        reading.labels = properties;
        return Err(error);
    }
    reading.effective = effective::office(
        &elements,
        &properties,
        "TransformInfo/LabelInfo",
        |tenant| options.storage_of(tenant),
        diagnostics,
    );
    reading.labels = elements;
    reading.labels.extend(properties);
    Ok(())
}

/// A whole stream of at most this size.
fn stream(file: &mut CompoundFile<'_>, path: &str, max: u64) -> Result<Vec<u8>, PartError> {
    let stream = file.open_stream(path).map_err(damaged)?;
    if stream.len() > max {
        return Err(PartError::too_large(
            path,
            format!("{} bytes", stream.len()),
        ));
    }
    let mut bytes = Vec::new();
    stream.take(max).read_to_end(&mut bytes).map_err(damaged)?;
    Ok(bytes)
}

/// The beginning of a stream, up to this many bytes.
fn stream_head(file: &mut CompoundFile<'_>, path: &str, max: u64) -> Result<Vec<u8>, PartError> {
    let stream = file.open_stream(path).map_err(damaged)?;
    let mut bytes = Vec::new();
    stream.take(max).read_to_end(&mut bytes).map_err(damaged)?;
    Ok(bytes)
}

/// What the library reports for damage is an I/O error of these kinds; the others are the
/// medium's.
fn damaged(error: io::Error) -> PartError {
    match error.kind() {
        io::ErrorKind::InvalidData
        | io::ErrorKind::InvalidInput
        | io::ErrorKind::NotFound
        | io::ErrorKind::UnexpectedEof => PartError::malformed(WHERE, error),
        _ => PartError::Io(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Write};

    fn build(streams: &[(&str, &[u8])]) -> Vec<u8> {
        let mut file =
            cfb::CompoundFile::create_with_version(cfb::Version::V3, Cursor::new(Vec::new()))
                .unwrap();
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

    fn read(streams: &[(&str, &[u8])]) -> Reading {
        let bytes = build(streams);
        super::read(&bytes, &ReadOptions::default())
    }

    const PRIMARY: &str = "/\u{6}DataSpaces/TransformInfo/DRMEncryptedTransform/\u{6}Primary";
    const LABEL: &[u8] = b"<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?><clbl:labelList xmlns:clbl=\"http://schemas.microsoft.com/office/2020/mipLabelMetadata\"><clbl:label id=\"{11111111-1111-4111-8111-111111111111}\" enabled=\"1\" method=\"Privileged\" siteId=\"{aaaaaaaa-0000-4000-8000-00000000000a}\" contentBits=\"8\" removed=\"0\" /></clbl:labelList>";

    #[test]
    fn p_001_f_003_kinds_are_told_apart() {
        for (streams, status, protection) in [
            (
                vec![("/EncryptedPackage", &b"x"[..]), (PRIMARY, b"x")],
                Status::Protected,
                Some(Protection::RightsManaged),
            ),
            (
                vec![("/EncryptedPackage", b"x"), ("/EncryptionInfo", b"x")],
                Status::Protected,
                Some(Protection::Password),
            ),
            (
                vec![
                    ("/EncryptedPackage", b"x"),
                    ("/EncryptionInfo", b"x"),
                    (
                        "/\u{6}DataSpaces/TransformInfo/StrongEncryptionTransform/\u{6}Primary",
                        b"x",
                    ),
                ],
                Status::Protected,
                Some(Protection::Password),
            ),
            (
                vec![("/EncryptedPackage", b"x")],
                Status::Protected,
                Some(Protection::EncryptedUnknown),
            ),
            (
                vec![("/\u{9}DRMContent", b"x"), ("/WordDocument", b"x")],
                Status::Protected,
                Some(Protection::RightsManaged),
            ),
            (vec![("/WordDocument", b"x")], Status::Unsupported, None),
            (vec![("/workbook", b"x")], Status::Unsupported, None),
            (
                vec![("/__properties_version1.0", b"x")],
                Status::Unsupported,
                None,
            ),
            (vec![("/Whatever", b"x")], Status::Unsupported, None),
        ] {
            let reading = read(&streams);
            assert_eq!(
                (reading.status, reading.protection),
                (status, protection),
                "{streams:?}"
            );
        }
    }

    #[test]
    fn f_004_the_label_outside_is_read_without_a_key() {
        let reading = read(&[
            ("/EncryptedPackage", b"x"),
            (PRIMARY, b"x"),
            ("/\u{6}DataSpaces/TransformInfo/LabelInfo", LABEL),
        ]);
        assert_eq!(reading.status, Status::Protected);
        let label = &reading.effective[0];
        assert_eq!(label.id_text, "11111111-1111-4111-8111-111111111111");
        assert_eq!(label.storage, LabelStorage::CompoundLabelInfo);
        assert_eq!(label.content_bits, Some(8));
    }

    #[test]
    fn f_006_without_the_stream_the_label_is_unknown() {
        let reading = read(&[("/EncryptedPackage", b"x"), (PRIMARY, b"x")]);
        assert_eq!(reading.status, Status::Protected);
        assert!(reading.labels.is_empty() && reading.effective.is_empty());
    }

    #[test]
    fn f_008_names_in_any_letter_case() {
        let reading = read(&[
            ("/ENCRYPTEDPACKAGE", b"x"),
            (
                "/\u{6}DATASPACES/TRANSFORMINFO/DRMENCRYPTEDTRANSFORM/\u{6}PRIMARY",
                b"x",
            ),
            ("/\u{6}DATASPACES/TRANSFORMINFO/LABELINFO", LABEL),
        ]);
        assert_eq!(reading.protection, Some(Protection::RightsManaged));
        assert_eq!(reading.effective.len(), 1);
    }

    #[test]
    fn f_009_truncated_files_get_an_answer() {
        let bytes = build(&[
            ("/EncryptedPackage", &[7; 5000]),
            (PRIMARY, b"x"),
            ("/\u{6}DataSpaces/TransformInfo/LabelInfo", LABEL),
        ]);
        for len in (8..bytes.len()).step_by(97) {
            let reading = super::read(&bytes[..len].to_vec(), &ReadOptions::default());
            assert_ne!(reading.status, Status::Ok, "{len}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_damage_is_survived(places in proptest::collection::vec((0_usize..9000, 0_u8..), 1..12)) {
            let mut bytes = build(&[
                ("/EncryptedPackage", &[7; 300]),
                (PRIMARY, b"x"),
                ("/\u{6}DataSpaces/TransformInfo/LabelInfo", LABEL),
            ]);
            for (at, byte) in places {
                if let Some(place) = bytes.get_mut(at) { *place = byte; }
            }
            let _ = super::read(&bytes, &ReadOptions::default());
        }
    }
}
