//! Applying and removing a label in a package: which parts change, and the new archive.

use label_core::{LabelId, TenantId};

use super::content_types::{CUSTOM_PROPERTIES_CONTENT_TYPE, LABEL_INFO_CONTENT_TYPE};
use super::custom_properties;
use super::label_info::{self, NewElement};
use super::package::{CUSTOM_PROPERTIES_PART, LABEL_INFO_PART, Package};
use super::relationships::Role;
use super::signature;
use super::splice::{Change, splice};
use crate::TenantStorage;
use crate::edited::EditedFile;
use crate::error::WriteError;
use crate::keys;
use crate::limits::Limits;
use crate::source::ByteSource;
use crate::write::{Applied, Operation};

/// What happens to one label part.
enum PartChange {
    Keep,
    Write(Vec<u8>),
    Drop,
}

/// Plans the new archive; `None` if nothing changes.
pub(super) fn plan<'a>(
    source: &'a dyn ByteSource,
    package: &Package,
    tenant: TenantId,
    operation: &Operation<'_>,
    storage: TenantStorage,
    limits: &Limits,
) -> Result<Option<EditedFile<'a>>, WriteError> {
    let (label_info, custom_properties) = match operation {
        Operation::Apply(applied) => apply_parts(package, tenant, applied, storage)?,
        Operation::Remove => remove_parts(package, tenant, storage)?,
        Operation::Keep => return Ok(None),
    };
    if package.is_signed() {
        // The label part is among what Office signs; custom properties are not (6.6).
        if !matches!(label_info, PartChange::Keep) {
            return Err(WriteError::Signed);
        }
        let part = package.custom_properties.as_ref();
        let name = part.map_or(CUSTOM_PROPERTIES_PART, |part| part.name.as_str());
        signature::refuse_covered(source, package, name, limits)?;
    }
    let mut changes: Vec<Change> = Vec::new();
    let mut added_relationships = Vec::new();
    let mut dropped_roles = Vec::new();
    let mut types = Vec::new();
    let mut untyped = Vec::new();
    let slots = [
        Slot {
            role: Role::LabelInfo,
            change: label_info,
            name: package.label_info.as_ref().map(|part| part.name.clone()),
            entry: package.label_info.as_ref().and_then(|part| part.entry),
            usual_name: LABEL_INFO_PART,
            content_type: LABEL_INFO_CONTENT_TYPE,
        },
        Slot {
            role: Role::CustomProperties,
            change: custom_properties,
            name: package
                .custom_properties
                .as_ref()
                .map(|part| part.name.clone()),
            entry: package
                .custom_properties
                .as_ref()
                .and_then(|part| part.entry),
            usual_name: CUSTOM_PROPERTIES_PART,
            content_type: CUSTOM_PROPERTIES_CONTENT_TYPE,
        },
    ];
    for slot in slots {
        match slot.change {
            PartChange::Keep => {}
            PartChange::Write(bytes) => {
                let is_new = slot.name.is_none();
                let name = match slot.name {
                    Some(name) => name,
                    None => free_name(package, slot.usual_name)?,
                };
                if is_new {
                    added_relationships.push((slot.role, name.clone()));
                }
                changes.push(match slot.entry {
                    Some(entry) => Change::Replace { entry, bytes },
                    None => Change::Add {
                        name: name.clone(),
                        bytes,
                    },
                });
                types.push((name, slot.content_type));
            }
            PartChange::Drop => {
                if let (Some(name), Some(entry)) = (slot.name, slot.entry) {
                    dropped_roles.push(slot.role);
                    untyped.push(name);
                    changes.push(Change::Drop { entry });
                }
            }
        }
    }
    if changes.is_empty() {
        return Ok(None);
    }
    let internal = || WriteError::Verification("an edit could not be placed".to_owned());
    if !added_relationships.is_empty() || !dropped_roles.is_empty() {
        let added: Vec<(Role, bool, &str)> = added_relationships
            .iter()
            .map(|(role, name)| (*role, package.strict, name.as_str()))
            .collect();
        let bytes = package
            .relationships
            .edited(&added, &dropped_roles)
            .ok_or_else(internal)?;
        changes.push(Change::Replace {
            entry: package.relationships_entry,
            bytes,
        });
    }
    let types: Vec<(&str, &str)> = types
        .iter()
        .map(|(name, content_type)| (name.as_str(), *content_type))
        .collect();
    let untyped: Vec<&str> = untyped.iter().map(String::as_str).collect();
    if let Some(bytes) = package.content_types.edited(&types, &untyped, limits)? {
        changes.push(Change::Replace {
            entry: package.content_types_entry,
            bytes,
        });
    }
    splice(source, &package.directory, changes).map(Some)
}

/// A label part and what happens to it.
struct Slot {
    role: Role,
    change: PartChange,
    /// The part's name, where a relationship names it.
    name: Option<String>,
    entry: Option<usize>,
    usual_name: &'static str,
    content_type: &'static str,
}

/// The usual name, or one beside it where something else has that name (6.3), or where a
/// relationship leads to it: that part is missing, and ours must not pass for it.
fn free_name(package: &Package, usual: &str) -> Result<String, WriteError> {
    let (stem, extension) = usual.rsplit_once('.').unwrap_or((usual, "xml"));
    std::iter::once(usual.to_owned())
        .chain((2..100).map(|number| format!("{stem}{number}.{extension}")))
        .find(|name| package.directory.find(name).is_none() && !package.relationships.name(name))
        .ok_or_else(|| WriteError::Malformed(format!("{usual}: no free part name")))
}

/// Where the new label goes (section 2.6, writing).
fn apply_parts(
    package: &Package,
    tenant: TenantId,
    applied: &Applied,
    storage: TenantStorage,
) -> Result<(PartChange, PartChange), WriteError> {
    let element = NewElement::Label {
        label: applied.label,
        tenant,
        method: applied.method,
        content_bits: applied.content_bits,
    };
    let has_element = package.has_element(tenant);
    let into_part = match storage {
        TenantStorage::OptedIn => true,
        TenantStorage::Unknown => has_element,
        TenantStorage::NotOptedIn => false,
    };
    if into_part {
        // Stale custom properties beside the part are normal and stay as they are (F-086).
        return Ok((
            package.label_info_change(tenant, element)?,
            PartChange::Keep,
        ));
    }
    let custom_properties = package.custom_properties_change(tenant, Some(applied))?;
    let label_info = if has_element {
        // Only where the tenant has not opted in: a stale element would come back to life if it
        // does later.
        package.label_info_change(tenant, NewElement::Nothing)?
    } else {
        PartChange::Keep
    };
    Ok((label_info, custom_properties))
}

/// What removal does to the two parts.
///
/// An element becomes a tombstone. The tenant's custom properties go too, so that nothing of the
/// own tenant's label is left; only where the tenant is known to have opted in do they
/// stay byte for byte, because another program may be writing them at the same time (F-086), and
/// the tombstone keeps them from counting.
fn remove_parts(
    package: &Package,
    tenant: TenantId,
    storage: TenantStorage,
) -> Result<(PartChange, PartChange), WriteError> {
    let has_element = package.has_element(tenant);
    let has_group = !package.groups_of(tenant, &[]).is_empty();
    let tombstone = match storage {
        TenantStorage::OptedIn => has_element || has_group,
        TenantStorage::Unknown => has_element,
        TenantStorage::NotOptedIn => false,
    };
    let has_tombstone = package
        .label_info
        .as_ref()
        .and_then(|part| part.content.as_ref())
        .is_some_and(|labels| labels.has_tombstone(tenant));
    let label_info = if tombstone && has_tombstone {
        // Removed before: where the tenant's old properties stay, there is nothing to do.
        PartChange::Keep
    } else if tombstone {
        package.label_info_change(tenant, NewElement::Tombstone { tenant })?
    } else if has_element {
        package.label_info_change(tenant, NewElement::Nothing)?
    } else {
        PartChange::Keep
    };
    let custom_properties = if has_group && storage != TenantStorage::OptedIn {
        package.custom_properties_change(tenant, None)?
    } else {
        PartChange::Keep
    };
    Ok((label_info, custom_properties))
}

impl Package {
    fn has_element(&self, tenant: TenantId) -> bool {
        self.label_info
            .as_ref()
            .and_then(|part| part.content.as_ref())
            .is_some_and(|labels| labels.has(tenant))
    }

    fn groups_of(&self, tenant: TenantId, also: &[LabelId]) -> Vec<LabelId> {
        self.custom_properties
            .as_ref()
            .and_then(|part| part.content.as_ref())
            .map_or_else(Vec::new, |properties| {
                keys::groups_of(&properties.records, tenant, also)
            })
    }

    fn label_info_change(
        &self,
        tenant: TenantId,
        element: NewElement,
    ) -> Result<PartChange, WriteError> {
        let content = self
            .label_info
            .as_ref()
            .and_then(|part| part.content.as_ref());
        Ok(match content {
            Some(labels) => match labels.edited(tenant, element)? {
                Some(bytes) => PartChange::Write(bytes),
                None => PartChange::Drop,
            },
            None => PartChange::Write(label_info::new_part(element)),
        })
    }

    /// The tenant's old groups go, and the new label's properties come, if there are any.
    fn custom_properties_change(
        &self,
        tenant: TenantId,
        applied: Option<&Applied>,
    ) -> Result<PartChange, WriteError> {
        let added = applied.map_or_else(Vec::new, |applied| applied.properties(tenant));
        let content = self
            .custom_properties
            .as_ref()
            .and_then(|part| part.content.as_ref());
        let Some(content) = content else {
            return Ok(PartChange::Write(custom_properties::new_part(
                self.strict,
                &added,
            )));
        };
        let also: Vec<LabelId> = applied.map(|applied| applied.label).into_iter().collect();
        if let Some(label) = also.first()
            && let Some(owner) = keys::other_owner(&content.records, *label, tenant)
        {
            return Err(WriteError::NameCollision {
                label: *label,
                tenant: owner,
            });
        }
        let removed = keys::groups_of(&content.records, tenant, &also);
        Ok(match content.edited(removed, &added)? {
            Some(bytes) => PartChange::Write(bytes),
            None => PartChange::Drop,
        })
    }
}
