//! Setting and removing a label.

use std::collections::BTreeSet;

use super::action::{LabelAction, MetadataAction};
use super::content::{ContentFormat, ContentInfo, DowngradeJustification, LabelingOptions, Method};
use super::emit::{Emitter, protection_bit};
use super::error::{EvaluateError, EvaluateNote, PropertyProblem};
use super::records::{ENCRYPTED_BIT, Record, Records, marking_bits};
use super::{
    EvaluateContext, Evaluation, PROPERTIES_MAX, PROPERTY_CHARS_MAX, SupportedActions, date,
};
use crate::catalog::{LabelCatalog, NotAppliable};
use crate::id::LabelId;
use crate::label::{Label, LabelProtection, LabelState, Publication};
use crate::protection::EncryptionKind;

/// The attributes that a label itself has.
pub(super) const RESERVED: [&str; 7] = [
    "Enabled",
    "SetDate",
    "Method",
    "Name",
    "SiteId",
    "ActionId",
    "ContentBits",
];

/// What has to be done to set a label (L-070 to L-077).
///
/// Old markings and protection are taken off, then the label's own are put on, then comes what the
/// caller defined, and last the metadata. Only what the caller supports is answered. `ContentBits`
/// tells what was added, so that what a caller could not take off an earlier label is not in it
/// (L-076); where the label is there already, what its record tells stays in it too.
///
/// A label that is there already needs nothing (L-075), unless its metadata is incomplete or it
/// lacks, or has too much of, what the caller can put right.
///
/// # Errors
///
/// [`EvaluateError`]; its text says why the label can't be applied.
///
/// # Examples
///
/// See the [module](crate::evaluate).
pub fn evaluate_application(
    context: &EvaluateContext<'_>,
    content: &ContentInfo,
    options: &LabelingOptions,
) -> Result<Evaluation, EvaluateError> {
    let catalog = context.catalog;
    let mut notes = Vec::new();
    // 1.
    let target = target(catalog, options.label, &content.format, &mut notes)?;
    check_properties(options)?;
    let id = target.key.label;
    // 2.
    let records = Records::read(catalog, &content.metadata);
    if let Some(tenant) = records.in_the_way(id, catalog.tenant()) {
        return Err(EvaluateError::collision(id, tenant));
    }
    records.note_several(&mut notes);
    let current = records.current();
    // 3.
    if let Some(record) = current
        && record.method() == Some(Method::Privileged)
        && options.method < Method::Privileged
    {
        return Err(EvaluateError::PrivilegedRequired {
            current: record.label,
            requested: options.method,
        });
    }
    // 4.
    let is_downgrade = current.is_some_and(|record| catalog.is_downgrade(record.label, Some(id)));
    if is_downgrade && context.wants_justification() && !options.justification.is_justified {
        return Ok(justify(notes));
    }
    let mut emitter = Emitter::new(context, notes);
    match records.in_effect.as_slice() {
        // 7.
        [only] if only.label == id => {
            repair(&mut emitter, context, content, options, target, only)?
        }
        // 5, 6.
        _ => replace(&mut emitter, context, content, options, target, &records)?,
    }
    Ok(Evaluation {
        actions: emitter.actions,
        notes: emitter.notes,
    })
}

/// What has to be done to remove the tenant's label (L-073). Nothing if there is none.
///
/// Removal is a downgrade: where the policy wants a reason, it is asked for first. Markings and
/// protection are taken off as far as the label says that it put them on.
///
/// # Examples
///
/// ```
/// use label_core::evaluate::{
///     ContentInfo, DowngradeJustification, EvaluateContext, evaluate_removal,
/// };
/// use label_core::{LabelCatalog, PolicySettings, TenantId};
///
/// let catalog = LabelCatalog::empty(TenantId::from_u128(1));
/// let settings = PolicySettings::default();
/// let context = EvaluateContext::new(&catalog, &settings, 0);
/// let unlabelled = ContentInfo::default();
/// let evaluation = evaluate_removal(&context, &unlabelled, &DowngradeJustification::default());
/// assert!(evaluation.actions.is_empty());
/// ```
pub fn evaluate_removal(
    context: &EvaluateContext<'_>,
    content: &ContentInfo,
    justification: &DowngradeJustification,
) -> Evaluation {
    let records = Records::read(context.catalog, &content.metadata);
    let mut notes = Vec::new();
    records.note_several(&mut notes);
    if records.current().is_none() {
        return Evaluation {
            actions: Vec::new(),
            notes,
        };
    }
    if context.wants_justification() && !justification.is_justified {
        return justify(notes);
    }
    let mut emitter = Emitter::new(context, notes);
    let bits = records.bits(context.catalog, &content.format);
    emitter.remove_markings(bits);
    if bits & ENCRYPTED_BIT != 0 {
        emitter.remove_protection();
    }
    emitter.push_metadata(MetadataAction {
        to_remove: records.own().flat_map(full_names).collect(),
        to_add: Vec::new(),
    });
    Evaluation {
        actions: emitter.actions,
        notes: emitter.notes,
    }
}

fn justify(notes: Vec<EvaluateNote>) -> Evaluation {
    Evaluation {
        actions: vec![LabelAction::Justify],
        notes,
    }
}

fn full_names(record: &Record<'_>) -> Vec<String> {
    let names = record.attributes.iter().map(|one| one.full_name.to_owned());
    names.collect()
}

/// Another label instead of those that are there.
fn replace(
    emitter: &mut Emitter<'_>,
    context: &EvaluateContext<'_>,
    content: &ContentInfo,
    options: &LabelingOptions,
    target: &Label,
    records: &Records<'_>,
) -> Result<(), EvaluateError> {
    let id = target.key.label;
    let old_bits = records.bits(context.catalog, &content.format);
    emitter.remove_markings(old_bits);
    let was_protected = old_bits & ENCRYPTED_BIT != 0;
    // A label that encrypts leaves it to `protect`, and one that encrypts messages alone says nothing
    // of the protection of a file, which stays.
    if takes_protection_off(target) || (was_protected && wants_no_protection(target)) {
        emitter.remove_protection();
    } else if was_protected && target.protection == LabelProtection::Unknown {
        // To take it off or to leave it on would be a guess (L-015). Who can't take it off leaves it
        // on either way.
        if context
            .supported
            .contains(SupportedActions::REMOVE_PROTECTION)
        {
            return Err(EvaluateError::ProtectionUnknown {
                label: id,
                name: target.name().to_owned(),
            });
        }
    }
    emitter.add_markings(target, content, u32::MAX);
    emitter.protect(target, &content.format)?;
    emitter.custom(target);
    let others = records.own().filter(|record| record.label != id);
    let to_remove = others.flat_map(full_names).collect();
    // What is left of an earlier application goes; what a label in effect has beside stays. What
    // names no tenant becomes part of the record: it stays too, but must not hide what is written.
    let present = |list: &[Record<'_>]| list.iter().position(|record| record.label == id);
    let present = match present(&records.in_effect) {
        Some(at) => records.in_effect.get(at).map(|record| (record, true)),
        None => present(&records.leftover)
            .and_then(|at| records.leftover.get(at))
            .map(|record| (record, false))
            .or(records.of_nobody(id).map(|record| (record, true))),
    };
    let bits = emitter.added;
    emitter.metadata(target, options, options.method, bits, to_remove, present);
    Ok(())
}

/// The label that is there already.
fn repair(
    emitter: &mut Emitter<'_>,
    context: &EvaluateContext<'_>,
    content: &ContentInfo,
    options: &LabelingOptions,
    target: &Label,
    record: &Record<'_>,
) -> Result<(), EvaluateError> {
    let stated = record.stated_bits();
    let bits = stated.unwrap_or(0);
    let markings = target.markings.as_deref();
    let of_markings = marking_bits(markings.unwrap_or_default());
    let missing = of_markings & !bits;
    // Of what the list says nothing about, nothing is too much.
    let surplus = match markings {
        Some(_) => bits & !of_markings & !ENCRYPTED_BIT,
        None => 0,
    };
    // The protection of a label that the list says nothing about is its own, and stays.
    let is_too_protected =
        bits & ENCRYPTED_BIT != 0 && (takes_protection_off(target) || wants_no_protection(target));
    emitter.remove_markings(surplus);
    if is_too_protected {
        emitter.remove_protection();
    }
    emitter.add_markings(target, content, missing);
    if bits & protection_bit(target, &content.format, context.supported) == 0 {
        emitter.protect(target, &content.format)?;
    }
    if emitter.added == 0
        && emitter.removed == 0
        && stated.is_some()
        && is_complete(record, options)
    {
        return Ok(());
    }
    let bits = (bits & !emitter.removed) | emitter.added;
    // A person's choice stays a person's choice.
    let method = record
        .method()
        .map_or(options.method, |present| present.max(options.method));
    emitter.metadata(
        target,
        options,
        method,
        bits,
        Vec::new(),
        Some((record, true)),
    );
    Ok(())
}

/// Whether a record in effect has all attributes, and all properties that are asked for.
fn is_complete(record: &Record<'_>, options: &LabelingOptions) -> bool {
    let has = |name: &str| record.get(name).is_some_and(|text| !text.trim().is_empty());
    record
        .get("SetDate")
        .is_some_and(|text| date::is_date_time(text.trim()))
        && record.method().is_some()
        && has("Method")
        && has("Name")
        && options
            .extended_properties
            .iter()
            .all(|property| record.get(&property.name) == Some(property.value.as_str()))
}

fn takes_protection_off(label: &Label) -> bool {
    label
        .encryption
        .as_ref()
        .is_some_and(|encryption| encryption.kind == EncryptionKind::Remove)
}

/// Whether the list says that the label protects nothing. That it says nothing is something else
/// (L-015).
fn wants_no_protection(label: &Label) -> bool {
    label.protection == LabelProtection::None && label.encryption.is_none()
}

/// The label that is applied: the one asked for, or the default sublabel of a heading.
fn target<'c>(
    catalog: &'c LabelCatalog,
    id: LabelId,
    format: &ContentFormat,
    notes: &mut Vec<EvaluateNote>,
) -> Result<&'c Label, EvaluateError> {
    let label = catalog
        .by_id(id)
        .ok_or(EvaluateError::UnknownLabel { label: id })?;
    let name = || label.name().to_owned();
    let reason = not_appliable(catalog, label, format);
    let label = match reason {
        None => return Ok(label),
        Some(NotAppliable::Heading) => {
            let wanted = label.default_sublabel;
            let sublabel = wanted
                .and_then(|id| catalog.by_id(id))
                .filter(|sublabel| sublabel.parent == Some(id));
            let reason = sublabel.map(|sublabel| not_appliable(catalog, sublabel, format));
            match (sublabel, reason) {
                (Some(sublabel), None | Some(None)) => {
                    notes.push(EvaluateNote::DefaultSublabel {
                        heading: id,
                        sublabel: sublabel.key.label,
                    });
                    return Ok(sublabel);
                }
                (Some(sublabel), Some(Some(NotAppliable::NotForFiles))) => sublabel,
                _ => {
                    return Err(EvaluateError::Heading {
                        label: id,
                        name: name(),
                        default_sublabel: wanted,
                    });
                }
            }
        }
        Some(_) => label,
    };
    let (id, name) = (label.key.label, label.name().to_owned());
    Err(match reason {
        Some(NotAppliable::Deleted) => EvaluateError::Deleted { label: id, name },
        Some(NotAppliable::Disabled) => EvaluateError::Disabled { label: id, name },
        Some(NotAppliable::NotPublished) => EvaluateError::NotPublished { label: id, name },
        _ => EvaluateError::WrongFormat {
            label: id,
            name,
            format: format.clone(),
        },
    })
}

/// Why the label can't be put on content of this format, or nothing if it can.
pub(super) fn not_appliable(
    catalog: &LabelCatalog,
    label: &Label,
    format: &ContentFormat,
) -> Option<NotAppliable> {
    match label.state {
        LabelState::Deleted => return Some(NotAppliable::Deleted),
        LabelState::Disabled => return Some(NotAppliable::Disabled),
        LabelState::Active | LabelState::Unknown => {}
    }
    let is_heading = label.is_group || catalog.has_sublabels(label.key.label);
    if is_heading || label.is_appliable == Some(false) {
        return Some(NotAppliable::Heading);
    }
    if label.publication == Publication::NotPublished {
        return Some(NotAppliable::NotPublished);
    }
    (!format.fits(&label.targets)).then_some(NotAppliable::NotForFiles)
}

fn check_properties(options: &LabelingOptions) -> Result<(), EvaluateError> {
    let mut names = BTreeSet::new();
    for property in &options.extended_properties {
        let (name, value) = (&property.name, &property.value);
        let is_reserved = RESERVED.iter().any(|one| one.eq_ignore_ascii_case(name));
        let problem = if name.trim().is_empty() {
            PropertyProblem::NoName
        } else if name.chars().count() > PROPERTY_CHARS_MAX {
            PropertyProblem::NameTooLong
        } else if value.chars().count() > PROPERTY_CHARS_MAX {
            PropertyProblem::ValueTooLong
        } else if name.chars().chain(value.chars()).any(char::is_control) {
            PropertyProblem::ControlCharacter
        } else if is_reserved {
            PropertyProblem::Reserved
        } else if !names.insert(name.to_ascii_lowercase()) {
            PropertyProblem::Twice
        } else if names.len() > PROPERTIES_MAX {
            PropertyProblem::TooMany
        } else {
            continue;
        };
        return Err(EvaluateError::ExtendedProperty {
            name: crate::error::quote(name),
            problem,
        });
    }
    Ok(())
}
