//! The two label parts: only the data of the tenant whose label changes may differ.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use label_core::{EffectiveLabel, FileLabel, LabelId, TenantId};

use super::archive::Archive;
use super::xml_part::{Kinds, Tag, XmlPart, compare};
use crate::keys::{self, tenant_of};
use crate::limits::Limits;
use crate::verify::{DifferenceKind, Differences, LabelChange, VerifyOptions, shown};
use crate::xml::{Item, Namespace, XmlReader};

/// The property-set id of user-defined properties.
const USER_DEFINED: &str = "{D5CDD505-2E9C-101B-9397-08002B2CF9AE}";

/// The smallest property id of a custom property.
const PID_MIN: i64 = 2;

/// Attributes of a draft of the format that never shipped. A writer that touches the element
/// leaves them out.
const DRAFT_ATTRIBUTES: [&str; 3] = ["setDate", "name", "actionId"];

/// The two label parts of one side, taken apart.
#[derive(Debug, Default)]
pub(super) struct LabelParts {
    pub(super) custom_properties: Option<XmlPart>,
    pub(super) label_info: Option<XmlPart>,
}

/// Whose label a piece is: the tenant, if the file says, and the label's id.
type Owner = (Option<TenantId>, Option<LabelId>);

fn properties_of<'b>(archive: &'b Archive<'_>) -> &'b [FileLabel] {
    let part = archive.package.custom_properties.as_ref();
    let content = part.and_then(|part| part.content.as_ref());
    content.map_or(&[], |content| &content.records)
}

fn elements_of<'b>(archive: &'b Archive<'_>) -> &'b [FileLabel] {
    let part = archive.package.label_info.as_ref();
    let content = part.and_then(|part| part.content.as_ref());
    content.map_or(&[], |content| &content.records)
}

fn user_defined(element: &Tag) -> Option<&str> {
    let is_property = matches!(element.namespace, Namespace::CustomProperties { .. })
        && element.name == "property";
    let set = element.attribute("fmtid")?;
    (is_property && set.trim().eq_ignore_ascii_case(USER_DEFINED))
        .then(|| element.attribute("name"))
        .flatten()
}

/// Whose label a custom property belongs to; `None` if it is another property.
fn property_owner(element: &Tag, records: &HashMap<LabelId, Option<TenantId>>) -> Option<Owner> {
    let parsed = keys::parse(user_defined(element)?)?;
    let tenant = records.get(&parsed.id)?;
    Some((*tenant, Some(parsed.id)))
}

/// Whose label an element of the LabelInfo part is.
fn element_owner(element: &Tag) -> Option<Owner> {
    if !element.is(Namespace::LabelInfo, "label") {
        return None;
    }
    let id = element.attribute("id").filter(|id| !id.is_empty())?;
    let tenant = TenantId::parse(element.attribute("siteId")?).ok()?;
    Some((Some(tenant), LabelId::parse(id).ok()))
}

/// Which labels may change.
struct Allowed {
    tenants: BTreeSet<Option<TenantId>>,
    /// Labels of these tenants, and the parents that they name: groups of them without a tenant go
    /// with the label (F-064).
    ids: BTreeSet<LabelId>,
}

impl Allowed {
    fn has(&self, (tenant, id): &Owner) -> bool {
        self.tenants.contains(tenant)
            || (tenant.is_none() && id.is_some_and(|id| self.ids.contains(&id)))
    }

    /// The tenant that was asked for; else the one whose data changed. Where the data of several
    /// did, the only one that has another label now.
    fn find(
        sides: [(&Archive<'_>, &LabelParts); 2],
        changes: &[LabelChange],
        options: &VerifyOptions,
    ) -> Self {
        let with_ids = |tenants: BTreeSet<Option<TenantId>>| {
            let mut ids = BTreeSet::new();
            for record in sides.iter().flat_map(|(archive, _)| properties_of(archive)) {
                if tenants.contains(&tenant_of(record)) {
                    ids.extend(record.id);
                    ids.extend(
                        record
                            .extra("Parent")
                            .and_then(|id| LabelId::parse(id).ok()),
                    );
                }
            }
            Self { tenants, ids }
        };
        if let Some(tenant) = options.tenant {
            return with_ids(BTreeSet::from([Some(tenant)]));
        }
        let [old, new] = sides.map(|(archive, parts)| data_of(archive, parts));
        let changed: BTreeSet<&Owner> = old
            .keys()
            .chain(new.keys())
            .filter(|owner| old.get(*owner) != new.get(*owner))
            .collect();
        let tenants: BTreeSet<Option<TenantId>> = changed
            .iter()
            .map(|(tenant, _)| *tenant)
            .filter(Option::is_some)
            .collect();
        if tenants.len() == 1 {
            return with_ids(tenants);
        }
        if tenants.is_empty() && !changed.is_empty() {
            return with_ids(BTreeSet::from([None]));
        }
        let id = |label: &Option<EffectiveLabel>| label.as_ref().map(|label| label.id_text.clone());
        let relabelled: BTreeSet<Option<TenantId>> = changes
            .iter()
            .filter(|one| one.tenant.is_some() && id(&one.previous) != id(&one.new))
            .map(|one| one.tenant)
            .collect();
        with_ids(if relabelled.len() == 1 {
            relabelled
        } else {
            BTreeSet::new()
        })
    }
}

/// The bytes of all labels, by owner.
fn data_of(archive: &Archive<'_>, parts: &LabelParts) -> BTreeMap<Owner, Vec<String>> {
    let mut data: BTreeMap<Owner, Vec<String>> = BTreeMap::new();
    let records = tenants_of(archive);
    let mut add = |part: &Option<XmlPart>, owner: &dyn Fn(&Tag) -> Option<Owner>| {
        let Some(part) = part else { return };
        for piece in &part.pieces {
            if let Some(owner) = piece.element.as_ref().and_then(owner) {
                data.entry(owner)
                    .or_default()
                    .push(part.raw(piece).to_owned());
            }
        }
    };
    add(&parts.custom_properties, &|element| {
        property_owner(element, &records)
    });
    add(&parts.label_info, &element_owner);
    data
}

fn tenants_of(archive: &Archive<'_>) -> HashMap<LabelId, Option<TenantId>> {
    properties_of(archive)
        .iter()
        .filter_map(|record| Some((record.id?, tenant_of(record))))
        .collect()
}

/// Compares both label parts.
pub(super) fn compare_label_parts(
    before: (&Archive<'_>, LabelParts),
    after: (&Archive<'_>, LabelParts),
    changes: &[LabelChange],
    options: &VerifyOptions,
    differences: &mut Differences,
) {
    let (before, mut old) = before;
    let (after, mut new) = after;
    let allowed = Allowed::find([(before, &old), (after, &new)], changes, options);
    name_properties(before, &mut old, &allowed);
    name_properties(after, &mut new, &allowed);
    if let Some(old) = &mut old.custom_properties {
        release_hints(before, old, new.custom_properties.as_ref(), &allowed);
    }
    name_elements(&mut old, &allowed);
    name_elements(&mut new, &allowed);
    let name = |archive: &Archive<'_>, is_label_info: bool| {
        let package = &archive.package;
        let label_info = package.label_info.as_ref().map(|part| part.name.clone());
        let properties = package
            .custom_properties
            .as_ref()
            .map(|part| part.name.clone());
        if is_label_info {
            label_info
        } else {
            properties
        }
    };
    for (is_label_info, old, new) in [
        (true, &old.label_info, &new.label_info),
        (false, &old.custom_properties, &new.custom_properties),
    ] {
        let place = name(before, is_label_info).or_else(|| name(after, is_label_info));
        let place = place.unwrap_or_default();
        match (old, new) {
            // A LabelInfo part of nothing but the label takes the canonical form (2.3).
            (Some(old), Some(new)) if is_label_info && old.is_all_ours() && new.is_all_ours() => {}
            (Some(old), Some(new)) => compare(&place, old, new, differences),
            (Some(part), None) => check_alone(&place, part, true, differences),
            (None, Some(part)) => check_alone(&place, part, false, differences),
            (None, None) => {}
        }
    }
    compare_unknown_attributes(before, after, &allowed, differences);
    if let Some(new) = &new.custom_properties {
        check_new_properties(after, new, old.custom_properties.as_ref(), differences);
    }
}

/// Names the custom properties, and marks those that may change.
fn name_properties(archive: &Archive<'_>, parts: &mut LabelParts, allowed: &Allowed) {
    let records = tenants_of(archive);
    for piece in parts
        .custom_properties
        .iter_mut()
        .flat_map(|part| &mut part.pieces)
    {
        let Some(element) = &piece.element else {
            piece.name = "a comment or instruction".to_owned();
            continue;
        };
        let is_property = matches!(element.namespace, Namespace::CustomProperties { .. })
            && element.name == "property";
        if !is_property {
            piece.name = format!("element `{}`", element.name);
            continue;
        }
        let name = element.attribute("name").unwrap_or_default();
        let owner = property_owner(element, &records);
        piece.name = match owner {
            Some((tenant, _)) => format!("`{name}` {}", whose(tenant)),
            None => format!("property `{name}`"),
        };
        piece.may_change = owner.is_some_and(|owner| allowed.has(&owner));
        piece.kinds = match owner {
            Some(_) => Kinds::all(DifferenceKind::OtherTenantLabel),
            None => Kinds {
                added: DifferenceKind::PropertyAdded,
                removed: DifferenceKind::PropertyRemoved,
                moved: DifferenceKind::PropertyReordered,
                changed: DifferenceKind::PropertyChanged,
            },
        };
    }
}

fn whose(tenant: Option<TenantId>) -> String {
    tenant.map_or_else(
        || "of an unknown tenant".to_owned(),
        |tenant| format!("of tenant {tenant}"),
    )
}

/// The `Sensitivity` hint that names a label that may change may go with it, and nothing else
/// (F-069). One that is still there must be as it was.
fn release_hints(
    before: &Archive<'_>,
    old: &mut XmlPart,
    new: Option<&XmlPart>,
    allowed: &Allowed,
) {
    let names: HashSet<String> = properties_of(before)
        .iter()
        .filter(|record| allowed.has(&(tenant_of(record), record.id)))
        .flat_map(|record| [Some(record.id_text.clone()), record.name.clone()])
        .flatten()
        .collect();
    let is_hint = |element: &Tag| {
        user_defined(element).is_some_and(|name| name.eq_ignore_ascii_case("Sensitivity"))
    };
    let left: HashSet<&str> = new.map_or_else(HashSet::new, |new| {
        let pieces = new.pieces.iter();
        let hints = pieces.filter(|piece| piece.element.as_ref().is_some_and(is_hint));
        hints.map(|piece| new.raw(piece)).collect()
    });
    let free: Vec<bool> = old
        .pieces
        .iter()
        .map(|piece| {
            let raw = old.raw(piece);
            piece.element.as_ref().is_some_and(is_hint)
                && !left.contains(raw)
                && text_of(raw).is_some_and(|value| {
                    names.contains(&value)
                        || LabelId::parse(&value).is_ok_and(|id| names.contains(&id.to_string()))
                })
        })
        .collect();
    for (piece, free) in old.pieces.iter_mut().zip(free) {
        piece.may_change |= free;
    }
}

/// The text of a property, trimmed.
fn text_of(raw: &str) -> Option<String> {
    let limits = Limits::default();
    let mut reader = XmlReader::new("property", raw, &limits);
    let mut text = String::new();
    loop {
        match reader.next() {
            Ok(Some(Item::Text(piece))) => text.push_str(&piece),
            Ok(Some(_)) => {}
            Ok(None) => return Some(text.trim().to_owned()),
            Err(_) => return None,
        }
    }
}

/// Names the elements of the LabelInfo part, and marks those that may change.
fn name_elements(parts: &mut LabelParts, allowed: &Allowed) {
    for piece in parts
        .label_info
        .iter_mut()
        .flat_map(|part| &mut part.pieces)
    {
        let Some(element) = &piece.element else {
            piece.name = "a comment or instruction".to_owned();
            continue;
        };
        let owner = element_owner(element);
        piece.may_change = owner.is_some_and(|owner| allowed.has(&owner));
        let (name, kind) = match owner {
            Some((tenant, _)) => (
                format!("label {}", whose(tenant)),
                DifferenceKind::OtherTenantLabel,
            ),
            None => (
                format!("element `{}`", element.name),
                DifferenceKind::Extension,
            ),
        };
        piece.name = name;
        piece.kinds = Kinds::all(kind);
    }
}

/// A part that only one side has may hold nothing but what may change.
fn check_alone(place: &str, part: &XmlPart, is_gone: bool, differences: &mut Differences) {
    let count = differences.count();
    for piece in part.pieces.iter().filter(|piece| !piece.may_change) {
        let (kind, what) = if is_gone {
            (piece.kinds.removed, "is gone, with the whole part")
        } else {
            (piece.kinds.added, "is new, with the whole part")
        };
        differences.add(kind, place, format!("{} {what}", shown(&piece.name)));
    }
    if differences.count() == count && !part.is_all_ours() {
        let detail = "the part holds more than labels, and came or went as a whole";
        differences.add(DifferenceKind::Markup, place, detail);
    }
}

/// Attributes that the format doesn't know stay with their label.
fn compare_unknown_attributes(
    before: &Archive<'_>,
    after: &Archive<'_>,
    allowed: &Allowed,
    differences: &mut Differences,
) {
    let unknown = |record: &FileLabel| -> Vec<(String, String)> {
        let extra = record.extra.iter();
        let extra = extra.filter(|(name, _)| !DRAFT_ATTRIBUTES.contains(&name.as_str()));
        extra.cloned().collect()
    };
    // A label that is replaced takes its own with it; a new one has none.
    for new in elements_of(after) {
        let old = elements_of(before)
            .iter()
            .find(|old| old.tenant == new.tenant && old.id_text == new.id_text);
        if allowed.has(&(new.tenant, new.id)) && old.map_or_else(Vec::new, unknown) != unknown(new)
        {
            let place = after.package.label_info.as_ref();
            let place = place.map_or("LabelInfo", |part| part.name.as_str());
            let detail = format!(
                "an unknown attribute of the label {} changed",
                whose(new.tenant)
            );
            differences.add(DifferenceKind::UnknownAttribute, place, detail);
        }
    }
}

/// A new property must have a number of its own: no other program notices where it hasn't. And it
/// has no attribute besides, such as a link to a place in the document.
fn check_new_properties(
    after: &Archive<'_>,
    new: &XmlPart,
    old: Option<&XmlPart>,
    differences: &mut Differences,
) {
    let pid = |element: &Tag| element.attribute("pid")?.trim().parse::<i64>().ok();
    let known: BTreeSet<&str> = old.map_or_else(BTreeSet::new, |old| {
        old.pieces.iter().map(|piece| old.raw(piece)).collect()
    });
    let mut counts: HashMap<i64, usize> = HashMap::new();
    for pid in new
        .pieces
        .iter()
        .filter_map(|piece| pid(piece.element.as_ref()?))
    {
        *counts.entry(pid).or_default() += 1;
    }
    for piece in new.pieces.iter().filter(|piece| piece.may_change) {
        let Some(element) = &piece.element else {
            continue;
        };
        if known.contains(new.raw(piece)) {
            continue;
        }
        let place = after.package.custom_properties.as_ref();
        let place = place.map_or("custom properties", |part| part.name.as_str());
        let mut names = element.attribute_names();
        if names.any(|name| !["fmtid", "pid", "name"].contains(&name)) {
            let detail = format!("{} has another attribute", shown(&piece.name));
            differences.add(DifferenceKind::UnknownAttribute, place, detail);
        }
        let pid = pid(element);
        let is_fine = pid.is_some_and(|pid| pid >= PID_MIN && counts.get(&pid) == Some(&1));
        if !is_fine {
            let detail = format!("{} has no number of its own", shown(&piece.name));
            differences.add(DifferenceKind::PropertyChanged, place, detail);
        }
    }
}
