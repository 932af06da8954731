//! Labels from saved answers and exports, as `tenant_labels --source` and `policies --labels` take
//! them.

use std::path::Path;

use label_core::source::{Combined, Document, Import, combine};
use label_core::{LabelCatalog, TenantId};

/// The made-up tenant of the samples.
pub const SAMPLE_TENANT: TenantId = TenantId::from_u128(0x74f7_1239_3dea_461b_910f_15d1_5a71_655a);

/// All files as one list, checked and in order.
///
/// # Errors
///
/// One line: the file, and what is wrong with it.
pub fn read(tenant: TenantId, paths: &[&str]) -> Result<(Combined, LabelCatalog), String> {
    let mut documents = Vec::new();
    for path in paths {
        let read = Document::read_file(tenant, Path::new(path));
        documents.extend(read.map_err(|error| format!("`{path}`: {error}"))?);
    }
    let mut combined =
        combine(tenant, documents, Import::default()).map_err(|error| error.to_string())?;
    let labels = combined
        .chosen
        .list
        .take()
        .map_or_else(Vec::new, |list| list.labels);
    let (catalog, diagnostics) =
        LabelCatalog::build(tenant, labels).map_err(|error| error.to_string())?;
    combined
        .notes
        .extend(diagnostics.iter().map(ToString::to_string));
    Ok((combined, catalog))
}

/// The tenant of this id, or the samples' own.
///
/// # Errors
///
/// One line when it is no id.
pub fn tenant(given: Option<&str>) -> Result<TenantId, String> {
    match given {
        Some(text) => TenantId::parse(text).map_err(|error| format!("`--tenant`: {error}")),
        None => Ok(SAMPLE_TENANT),
    }
}
