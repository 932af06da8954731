//! Which of the labels on a file count: two storages, parents, tombstones, ambiguity.

use std::collections::{BTreeMap, BTreeSet};

use label_core::{EffectiveLabel, FileLabel, LabelId, LabelStorage, TenantId};

use crate::keys::tenant_of;
use crate::reading::{DiagnosticCode, Diagnostics};

/// Whether a tenant has turned on co-authoring for labelled and encrypted files, which moves its
/// labels from custom properties to the LabelInfo part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TenantStorage {
    /// It has: the LabelInfo part decides, also over custom properties.
    OptedIn,
    /// It has not: custom properties decide, the part is ignored.
    NotOptedIn,
    /// Not known: the part decides where the tenant has an entry in it, custom properties
    /// elsewhere.
    #[default]
    Unknown,
}

/// The records of one tenant in one place.
struct Found<'a> {
    tenant: Option<TenantId>,
    records: Vec<&'a FileLabel>,
}

/// Groups records by tenant, in order of appearance.
fn by_tenant<'a>(
    records: &'a [FileLabel],
    tenant_of: impl Fn(&FileLabel) -> Option<TenantId>,
) -> Vec<Found<'a>> {
    let mut groups: Vec<Found<'a>> = Vec::new();
    let mut places: BTreeMap<Option<TenantId>, usize> = BTreeMap::new();
    for record in records {
        let tenant = tenant_of(record);
        let place = *places.entry(tenant).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.records.push(record),
            None => groups.push(Found {
                tenant,
                records: vec![record],
            }),
        }
    }
    groups
}

/// The outcome of a tenant's records in one place.
enum Chosen<'a> {
    Nothing,
    One(&'a FileLabel),
    Several(Vec<&'a FileLabel>),
}

/// Custom-property records: parents give way to their children (F-017), unrelated ones are
/// ambiguous (F-018).
fn choose_properties<'a>(records: &[&'a FileLabel]) -> Chosen<'a> {
    let enabled: Vec<&FileLabel> = records
        .iter()
        .copied()
        .filter(|record| record.in_effect())
        .collect();
    let is_parent = |candidate: &FileLabel| {
        enabled.iter().any(|other| {
            other.id != candidate.id
                && other
                    .extra("Parent")
                    .and_then(|text| LabelId::parse(text).ok())
                    == candidate.id
        })
    };
    let children: Vec<&FileLabel> = enabled
        .iter()
        .copied()
        .filter(|record| !is_parent(record))
        .collect();
    match (enabled.as_slice(), children.as_slice()) {
        ([], _) => Chosen::Nothing,
        (_, [only]) => Chosen::One(only),
        // Every label is another's parent: they go round in a circle.
        (_, []) => Chosen::Several(enabled),
        (_, _) => Chosen::Several(children),
    }
}

/// Part records: at most one element for each tenant (F-038).
fn choose_elements<'a>(records: &[&'a FileLabel]) -> Chosen<'a> {
    match records {
        [only] if only.in_effect() => Chosen::One(only),
        [_] | [] => Chosen::Nothing,
        several => Chosen::Several(several.to_vec()),
    }
}

fn list(records: &[&FileLabel]) -> String {
    let mut text = String::new();
    for (at, record) in records.iter().take(8).enumerate() {
        if at > 0 {
            text.push_str(", ");
        }
        text.push('`');
        text.push_str(&record.id_text);
        text.push('`');
    }
    text
}

fn tenant_name(tenant: Option<TenantId>) -> String {
    tenant.map_or_else(
        || "unknown tenant".to_owned(),
        |tenant| format!("tenant `{tenant}`"),
    )
}

/// The effective labels of an Office package or compound file: `elements` from the LabelInfo part
/// or stream, `properties` from custom properties (section 2.6).
pub(crate) fn office(
    elements: &[FileLabel],
    properties: &[FileLabel],
    place: &str,
    storage_of: impl Fn(TenantId) -> TenantStorage,
    diagnostics: &mut Diagnostics,
) -> Vec<EffectiveLabel> {
    let mut effective = Vec::new();
    let in_part = by_tenant(elements, |record| record.tenant);
    let in_properties = by_tenant(properties, tenant_of);
    let mut decided: Vec<TenantId> = Vec::new();
    for group in &in_part {
        let Some(tenant) = group.tenant else { continue };
        if storage_of(tenant) == TenantStorage::NotOptedIn {
            continue;
        }
        decided.push(tenant);
        let chosen = choose_elements(&group.records);
        let counts = match &chosen {
            Chosen::One(record) => Some(*record),
            Chosen::Nothing => None,
            Chosen::Several(records) => {
                diagnostics.add(
                    DiagnosticCode::Ambiguous,
                    place,
                    format!("{}: {}", tenant_name(Some(tenant)), list(records)),
                );
                None
            }
        };
        effective.extend(counts.map(EffectiveLabel::from));
        let shadowed = in_properties
            .iter()
            .find(|other| other.tenant == Some(tenant))
            .map(|other| choose_properties(&other.records));
        let hidden = match shadowed {
            Some(Chosen::One(record))
                if counts.map(|label| &label.id_text) != Some(&record.id_text) =>
            {
                Some(list(&[record]))
            }
            Some(Chosen::Several(records)) => Some(list(&records)),
            _ => None,
        };
        if let Some(hidden) = hidden {
            diagnostics.add(
                DiagnosticCode::Shadowed,
                place,
                format!(
                    "{}: custom properties say {hidden}",
                    tenant_name(Some(tenant))
                ),
            );
        }
    }
    for group in &in_properties {
        if group.tenant.is_some_and(|tenant| decided.contains(&tenant)) {
            continue;
        }
        effective.extend(chosen_property(group, place, diagnostics));
    }
    effective
}

fn chosen_property(
    group: &Found<'_>,
    place: &str,
    diagnostics: &mut Diagnostics,
) -> Option<EffectiveLabel> {
    match choose_properties(&group.records) {
        Chosen::Nothing => None,
        Chosen::One(record) => {
            let mut label = EffectiveLabel::from(record);
            label.tenant = group.tenant;
            Some(label)
        }
        Chosen::Several(records) => {
            diagnostics.add(
                DiagnosticCode::Ambiguous,
                place,
                format!("{}: {}", tenant_name(group.tenant), list(&records)),
            );
            None
        }
    }
}

/// The effective labels of a PDF: the union of both places, a contradiction is a conflict and no
/// label (F-125). Where both agree the storage is the information dictionary.
pub(crate) fn pdf(
    info: &[FileLabel],
    xmp: &[FileLabel],
    diagnostics: &mut Diagnostics,
) -> Vec<EffectiveLabel> {
    let (merged, contradictions) = merge(info, xmp);
    let (in_info, in_xmp) = (chosen_ids(info), chosen_ids(xmp));
    let mut effective = Vec::new();
    for group in by_tenant(&merged, tenant_of) {
        let (side_info, side_xmp) = (in_info.get(&group.tenant), in_xmp.get(&group.tenant));
        if let (Some(one), Some(other)) = (side_info, side_xmp)
            && one != other
        {
            diagnostics.add(
                DiagnosticCode::Conflict,
                "Info and XMP",
                format!(
                    "{}: Info says `{one}`, XMP `{other}`",
                    tenant_name(group.tenant)
                ),
            );
            continue;
        }
        let contradicted = group
            .records
            .iter()
            .find(|record| contradictions.contains(&(record.id, group.tenant)));
        if let Some(record) = contradicted {
            diagnostics.add(
                DiagnosticCode::Conflict,
                "Info and XMP",
                format!(
                    "{}: only one of them says that `{}` is in effect",
                    tenant_name(group.tenant),
                    record.id_text
                ),
            );
            continue;
        }
        effective.extend(chosen_property(&group, "Info and XMP", diagnostics));
    }
    effective
}

/// The one label of each tenant that has exactly one in this place.
fn chosen_ids(records: &[FileLabel]) -> BTreeMap<Option<TenantId>, String> {
    by_tenant(records, tenant_of)
        .iter()
        .filter_map(|found| match choose_properties(&found.records) {
            Chosen::One(record) => Some((found.tenant, record.id_text.clone())),
            _ => None,
        })
        .collect()
}

/// A label of a tenant.
type Identity = (Option<LabelId>, Option<TenantId>);

/// The union per (label, attribute), the information dictionary first; and the labels that one
/// place says are in effect and the other says are not.
///
/// The same label id under two tenants is two labels: default labels have the same ids everywhere.
fn merge(info: &[FileLabel], xmp: &[FileLabel]) -> (Vec<FileLabel>, BTreeSet<Identity>) {
    let mut merged: Vec<FileLabel> = info.to_vec();
    let mut contradictions = BTreeSet::new();
    for record in xmp {
        let tenant = tenant_of(record);
        let same = |other: &&mut FileLabel| {
            // The id first: finding the tenant of an old label goes through its attributes.
            other.id == record.id && {
                let of = tenant_of(other);
                of == tenant || of.is_none() || tenant.is_none()
            }
        };
        let Some(into) = merged.iter_mut().find(same) else {
            merged.push(record.clone());
            continue;
        };
        if into.storage != LabelStorage::Info {
            continue;
        }
        // Half a record says nothing yet: the union of both does.
        let contradicts = into.enabled.is_some()
            && record.enabled.is_some()
            && into.in_effect() != record.in_effect();
        into.enabled = into.enabled.or(record.enabled);
        into.removed = into.removed.or(record.removed);
        into.content_bits = into.content_bits.or(record.content_bits);
        into.tenant = into.tenant.or(record.tenant);
        for (to, from) in [
            (&mut into.tenant_text, &record.tenant_text),
            (&mut into.name, &record.name),
            (&mut into.method, &record.method),
            (&mut into.set_date, &record.set_date),
        ] {
            if to.is_none() {
                to.clone_from(from);
            }
        }
        for (name, value) in &record.extra {
            if into.extra(name).is_none() {
                into.extra.push((name.clone(), value.clone()));
            }
        }
        if contradicts {
            contradictions.insert((into.id, tenant_of(into)));
        }
    }
    (merged, contradictions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    const A: u128 = 0xa;
    const B: u128 = 0xb;

    fn tenant(bits: u128) -> TenantId {
        TenantId::from_u128(bits)
    }

    fn record(storage: LabelStorage, of: Option<u128>, label: u128) -> FileLabel {
        let id = label_core::LabelId::from_u128(label).to_string();
        let mut record = FileLabel::new(&id, storage);
        record.enabled = Some(true);
        if let Some(of) = of {
            record.set_tenant(&tenant(of).to_string());
        }
        record
    }

    fn property(of: Option<u128>, label: u128) -> FileLabel {
        record(LabelStorage::CustomProperties, of, label)
    }

    fn element(of: u128, label: u128) -> FileLabel {
        record(LabelStorage::LabelInfo, Some(of), label)
    }

    fn tombstone(of: u128) -> FileLabel {
        let mut record = element(of, of);
        record.enabled = Some(false);
        record.removed = Some(true);
        record
    }

    fn child(of: Option<u128>, label: u128, parent: u128) -> FileLabel {
        let mut record = property(of, label);
        let parent = label_core::LabelId::from_u128(parent).to_string();
        record.extra.push(("Parent".to_owned(), parent));
        record
    }

    type Outcome = (Vec<(Option<u128>, u128)>, Vec<&'static str>);

    fn outcome(effective: &[EffectiveLabel], diagnostics: Diagnostics) -> Outcome {
        (
            effective
                .iter()
                .map(|label| {
                    (
                        label.tenant.map(TenantId::as_u128),
                        label.id.unwrap().as_u128(),
                    )
                })
                .collect(),
            diagnostics
                .into_list()
                .iter()
                .map(|diagnostic| diagnostic.code.as_str())
                .collect(),
        )
    }

    fn run(elements: &[FileLabel], properties: &[FileLabel], storage: TenantStorage) -> Outcome {
        let mut diagnostics = Diagnostics::new(&Limits::default());
        let effective = office(elements, properties, "x", |_| storage, &mut diagnostics);
        outcome(&effective, diagnostics)
    }

    /// V-15: custom.xml says A: 1, the part says something else.
    #[test]
    fn f_035_f_036_f_037_precedence_matrix() {
        use TenantStorage::{NotOptedIn, OptedIn, Unknown};
        let properties = [property(Some(A), 1)];
        for storage in [OptedIn, Unknown] {
            let shadowed = vec!["shadowed"];
            assert_eq!(
                run(&[element(A, 2)], &properties, storage),
                (vec![(Some(A), 2)], shadowed.clone())
            );
            assert_eq!(
                run(&[tombstone(A)], &properties, storage),
                (vec![], shadowed)
            );
            assert_eq!(
                run(&[element(B, 2)], &properties, storage),
                (vec![(Some(B), 2), (Some(A), 1)], vec![])
            );
            assert_eq!(run(&[], &properties, storage), (vec![(Some(A), 1)], vec![]));
            assert_eq!(
                run(&[element(A, 1)], &properties, storage),
                (vec![(Some(A), 1)], vec![])
            );
        }
        for elements in [vec![element(A, 2)], vec![tombstone(A)], vec![]] {
            assert_eq!(
                run(&elements, &properties, NotOptedIn),
                (vec![(Some(A), 1)], vec![])
            );
        }
    }

    #[test]
    fn f_017_a_child_beats_its_parent() {
        let found = run(
            &[],
            &[property(Some(A), 9), child(Some(A), 1, 9)],
            TenantStorage::Unknown,
        );
        assert_eq!(found, (vec![(Some(A), 1)], vec![]));
    }

    #[test]
    fn f_017_parents_in_a_circle_are_ambiguous() {
        let found = run(
            &[],
            &[child(Some(A), 1, 2), child(Some(A), 2, 1)],
            TenantStorage::Unknown,
        );
        assert_eq!(found, (vec![], vec!["ambiguous"]));
    }

    #[test]
    fn f_018_unrelated_labels_of_one_tenant_are_ambiguous() {
        let found = run(
            &[],
            &[
                property(Some(A), 1),
                property(Some(A), 2),
                property(Some(B), 3),
            ],
            TenantStorage::Unknown,
        );
        assert_eq!(found, (vec![(Some(B), 3)], vec!["ambiguous"]));
    }

    #[test]
    fn f_019_one_label_for_each_tenant() {
        let found = run(
            &[],
            &[property(Some(A), 1), property(Some(B), 2)],
            TenantStorage::Unknown,
        );
        assert_eq!(found, (vec![(Some(A), 1), (Some(B), 2)], vec![]));
    }

    #[test]
    fn f_015_only_what_is_in_effect_counts() {
        let mut off = property(Some(A), 1);
        off.enabled = Some(false);
        let mut zombie = property(Some(A), 2);
        zombie.enabled = None;
        let mut removed = property(Some(A), 3);
        removed.removed = Some(true);
        let found = run(&[], &[off, zombie, removed], TenantStorage::Unknown);
        assert_eq!(found, (vec![], vec![]));
    }

    #[test]
    fn f_038_two_elements_of_one_tenant_are_ambiguous() {
        let found = run(
            &[element(A, 1), element(A, 2), element(B, 3)],
            &[],
            TenantStorage::Unknown,
        );
        assert_eq!(found, (vec![(Some(B), 3)], vec!["ambiguous"]));
    }

    #[test]
    fn f_016_a_label_without_tenant_is_never_shadowed() {
        let found = run(
            &[element(A, 2)],
            &[property(None, 1)],
            TenantStorage::OptedIn,
        );
        assert_eq!(found, (vec![(Some(A), 2), (None, 1)], vec![]));
    }

    #[test]
    fn f_125_pdf_places_agree_or_conflict() {
        let info = |label| record(LabelStorage::Info, Some(A), label);
        let xmp = |label| record(LabelStorage::Xmp, Some(A), label);
        let run = |info: &[FileLabel], xmp: &[FileLabel]| {
            let mut diagnostics = Diagnostics::new(&Limits::default());
            let effective = pdf(info, xmp, &mut diagnostics);
            let storages: Vec<LabelStorage> = effective.iter().map(|label| label.storage).collect();
            (outcome(&effective, diagnostics), storages)
        };
        assert_eq!(
            run(&[info(1)], &[xmp(1)]),
            ((vec![(Some(A), 1)], vec![]), vec![LabelStorage::Info])
        );
        assert_eq!(
            run(&[], &[xmp(1)]),
            ((vec![(Some(A), 1)], vec![]), vec![LabelStorage::Xmp])
        );
        assert_eq!(
            run(&[info(1)], &[xmp(2)]),
            ((vec![], vec!["conflict"]), vec![])
        );
        // Enabled in one place, the tenant in the other: the union is one label.
        let mut half = info(1);
        half.tenant = None;
        half.tenant_text = None;
        let mut other_half = xmp(1);
        other_half.enabled = None;
        assert_eq!(run(&[half], &[other_half]).0, (vec![(Some(A), 1)], vec![]));
        // One place says that it is in effect, the other that it is not.
        let mut off = xmp(1);
        off.enabled = Some(false);
        assert_eq!(
            run(&[info(1)], &[off]),
            ((vec![], vec!["conflict"]), vec![])
        );
        // An old label that neither says is in effect, each in its own way, is no contradiction.
        let mut disabled = info(2);
        disabled.enabled = Some(false);
        let mut removed = xmp(2);
        removed.removed = Some(true);
        assert_eq!(
            run(&[info(1), disabled], &[xmp(1), removed]).0,
            (vec![(Some(A), 1)], vec![])
        );
    }
}
