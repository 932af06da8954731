//! `[Content_Types].xml` and `_rels/.rels`: only what belongs to the two label parts may change.

use super::archive::Archive;
use super::xml_part::{Kinds, Tag, XmlPart, compare};
use crate::limits::Limits;
use crate::ooxml::content_types::{
    CONTENT_TYPES_PART, CUSTOM_PROPERTIES_CONTENT_TYPE, LABEL_INFO_CONTENT_TYPE,
};
use crate::ooxml::relationships::{RELATIONSHIPS_PART, Relationship, Role};
use crate::verify::{DifferenceKind, Differences, shown};
use crate::xml::Namespace;

/// What an override is for.
fn override_of(element: &Tag) -> Option<&str> {
    let name = element.attribute("PartName")?;
    element
        .is(Namespace::ContentTypes, "Override")
        .then(|| name.trim_start_matches('/'))
}

/// Compares the content types. `label_parts` are the names of the parts that carry labels.
pub(super) fn compare_content_types(
    before: (&Archive<'_>, XmlPart),
    after: (&Archive<'_>, XmlPart),
    label_parts: &[&str],
    limits: &Limits,
    differences: &mut Differences,
) {
    let (before, mut old) = before;
    let (after, mut new) = after;
    for part in [&mut old, &mut new] {
        for piece in &mut part.pieces {
            piece.kinds = Kinds::all(DifferenceKind::ContentType);
            piece.name = match &piece.element {
                None => "a comment or instruction".to_owned(),
                Some(element) => {
                    let of = element.attribute("PartName");
                    let of = of.or_else(|| element.attribute("Extension"));
                    format!("{} `{}`", element.name, of.unwrap_or_default())
                }
            };
            piece.may_change = piece
                .element
                .as_ref()
                .and_then(override_of)
                .is_some_and(|name| {
                    label_parts
                        .iter()
                        .any(|part| part.eq_ignore_ascii_case(name))
                });
        }
    }
    compare(CONTENT_TYPES_PART, &old, &new, differences);
    for name in label_parts {
        check_type(name, (before, &old), (after, &new), limits, differences);
    }
}

/// What changed about a label part's type must be right now.
fn check_type(
    name: &str,
    (before, old): (&Archive<'_>, &XmlPart),
    (after, new): (&Archive<'_>, &XmlPart),
    limits: &Limits,
    differences: &mut Differences,
) {
    let overrides = |part: &XmlPart| -> Vec<String> {
        let own = part.pieces.iter().filter(|piece| {
            let of = piece.element.as_ref().and_then(override_of);
            of.is_some_and(|of| of.eq_ignore_ascii_case(name))
        });
        own.map(|piece| part.raw(piece).to_owned()).collect()
    };
    let is_there = |archive: &Archive<'_>| archive.directory().find(name).is_some();
    let (was_there, is_there) = (is_there(before), is_there(after));
    let now = overrides(new);
    if overrides(old) == now && was_there == is_there {
        return;
    }
    let mut add = |detail: &str| {
        let detail = format!("`{}`: {detail}", shown(name));
        differences.add(DifferenceKind::ContentType, CONTENT_TYPES_PART, detail);
    };
    if !is_there {
        if !now.is_empty() {
            add("a type for a part that is not there");
        }
        return;
    }
    let is_label_info = after
        .package
        .label_info
        .as_ref()
        .is_some_and(|part| part.name.eq_ignore_ascii_case(name));
    let wanted = if is_label_info {
        LABEL_INFO_CONTENT_TYPE
    } else {
        CUSTOM_PROPERTIES_CONTENT_TYPE
    };
    let content_type = after.package.content_types.of(name, limits).ok().flatten();
    if content_type.as_deref() != Some(wanted) {
        add("the label part has another type now than the format's");
    }
    if now.len() > 1 {
        add("the label part has several types");
    }
}

/// Compares the relationships of the package.
pub(super) fn compare_relationships(
    before: (&Archive<'_>, XmlPart),
    after: (&Archive<'_>, XmlPart),
    differences: &mut Differences,
) {
    let (before, mut old) = before;
    let (after, mut new) = after;
    let dropped = |one: &Relationship| {
        only_one(after, one.role).is_none()
            && one
                .part
                .as_deref()
                .is_some_and(|part| after.directory().find(part).is_none())
    };
    let added = |one: &Relationship| {
        only_one(before, one.role).is_none()
            && one.part.as_deref().is_some_and(|part| {
                before.directory().find(part).is_none() && after.directory().find(part).is_some()
            })
            && after
                .package
                .relationships
                .list
                .iter()
                .filter(|other| other.id == one.id)
                .count()
                == 1
    };
    name_relationships(before, &mut old, &dropped);
    name_relationships(after, &mut new, &added);
    compare(RELATIONSHIPS_PART, &old, &new, differences);
    for role in [Role::LabelInfo, Role::CustomProperties] {
        let part = only_one(after, role).and_then(|one| one.part.as_deref());
        if let Some(part) = part
            && after.directory().find(part).is_none()
            && before.directory().find(part).is_some()
        {
            let detail = format!("`{}` is gone, but not its relationship", shown(part));
            differences.add(DifferenceKind::Relationship, RELATIONSHIPS_PART, detail);
        }
    }
}

/// The relationship of a label part's role, if there is exactly one and it leads inside.
fn only_one<'b>(archive: &'b Archive<'_>, role: Role) -> Option<&'b Relationship> {
    let mut all = archive.package.relationships.of(role);
    let first = all.next().filter(|one| one.part.is_some())?;
    all.next().is_none().then_some(first)
}

fn name_relationships(
    archive: &Archive<'_>,
    part: &mut XmlPart,
    may_change: &dyn Fn(&Relationship) -> bool,
) {
    let mut list = archive.package.relationships.list.iter();
    for piece in &mut part.pieces {
        piece.kinds = Kinds::all(DifferenceKind::Relationship);
        let Some(element) = &piece.element else {
            piece.name = "a comment or instruction".to_owned();
            continue;
        };
        if !element.is(Namespace::Relationships, "Relationship") {
            piece.name = format!("element `{}`", element.name);
            continue;
        }
        let Some(one) = list.next() else { continue };
        piece.name = format!("`{}`", one.id);
        piece.may_change = matches!(one.role, Role::LabelInfo | Role::CustomProperties)
            && only_one(archive, one.role).is_some_and(|only| only.span == one.span)
            && may_change(one);
    }
}
