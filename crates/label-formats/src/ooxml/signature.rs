//! Digital signatures of a package: what may change beneath them.
//!
//! Office signs parts by the type of the relationship that leads to them, and custom properties
//! are not among those; the label part is. Other programs sign what they like (section 6.6).

use super::directory::Directory;
use super::inflate::Inflater;
use super::package::Package;
use super::relationships::Role;
use crate::error::{PartError, WriteError};
use crate::limits::Limits;
use crate::source::ByteSource;
use crate::xml::XmlText;

/// Most signatures that are looked at.
const SIGNATURES_MAX: usize = 64;

/// Refuses where a signature covers the part, or may cover it.
pub(super) fn refuse_covered(
    source: &dyn ByteSource,
    package: &Package,
    part: &str,
    limits: &Limits,
) -> Result<(), WriteError> {
    let origin = package.relationships.of(Role::Signature).next();
    let Some(folder) = origin
        .and_then(|origin| origin.part.as_deref())
        .and_then(|part| part.rsplit_once('/'))
        .map(|(folder, _)| folder)
    else {
        return Err(WriteError::Signed);
    };
    let signatures = signatures_in(&package.directory, folder);
    if signatures.is_empty() || signatures.len() > SIGNATURES_MAX {
        return Err(WriteError::Signed);
    }
    let wanted = part.to_ascii_lowercase();
    let mut inflater = Inflater::default();
    for entry in signatures {
        let names_it = package
            .directory
            .content(source, &mut inflater, entry, limits.plumbing_part_bytes_max)
            .and_then(|bytes| XmlText::decode("digital signature", bytes))
            .map(|xml| xml.text.to_ascii_lowercase().contains(&wanted));
        match names_it {
            Ok(false) => {}
            // What can't be read may cover anything.
            Ok(true) | Err(PartError::Malformed(_) | PartError::TooLarge(_)) => {
                return Err(WriteError::Signed);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The signatures beside the part from which the package leads to them.
fn signatures_in(directory: &Directory, folder: &str) -> Vec<usize> {
    let prefix = format!("{folder}/").to_ascii_lowercase();
    directory
        .entries()
        .iter()
        .enumerate()
        .filter(|(_, entry)| {
            let name = directory.name(entry).to_ascii_lowercase();
            name.strip_prefix(prefix.as_bytes())
                .is_some_and(|rest| rest.ends_with(b".xml") && !rest.contains(&b'/'))
        })
        .map(|(at, _)| at)
        .collect()
}
