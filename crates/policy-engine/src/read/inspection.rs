//! What a policy looks for in the content of files.

use serde_json::Value;

use crate::document::{Combine, ExpressionForm, Include, Inspection, SearchIn, TYPES_MAX};
use crate::error::{BuildCause, Place, Problems, quote};
use crate::json::{self, Members, type_error};

pub(super) fn inspection(
    value: &Value,
    place: &Place<'_>,
    problems: &mut Problems,
) -> Option<Inspection> {
    let method = value.get("method").and_then(Value::as_str);
    let allowed: &[&str] = match method {
        Some("none") => &["method"],
        Some("classification") => &[
            "method",
            "types",
            "combine",
            "minimumMatches",
            "unmaskLast4",
            "inspectProtected",
        ],
        _ => &[
            "method",
            "preset",
            "expression",
            "exclude",
            "searchIn",
            "minimumMatches",
            "requireContext",
            "unmaskLast4",
            "inspectProtected",
        ],
    };
    let members = Members::new(value, place, allowed, problems);
    if value.is_object() && members.value("method").is_none() {
        problems.push(place, BuildCause::Missing { name: "method" });
    }
    let method = members
        .choice(
            "method",
            &["none", "built_in", "classification"],
            &[Method::None, Method::BuiltIn, Method::Classification],
            problems,
        )
        .filter(|method| *method != Method::None)?;
    let include = match method {
        Method::Classification => Some(types(&members, problems)),
        _ => built_in(&members, place, problems),
    };
    let unreadable = include.is_none();
    // The rest is read all the same, so that all errors are found at once.
    let mut inspection = Inspection::new(include.unwrap_or(Include::Preset(String::new())));
    inspection.exclude = members.text("exclude", problems).map(str::to_owned);
    if members.value("searchIn").is_some() {
        inspection.search_in = search_in(&members, place, problems);
    }
    inspection.minimum_matches = members
        .read(
            "minimumMatches",
            "a whole number from 1",
            problems,
            |value| {
                let number = json::whole_number(value);
                number.filter(|number| *number >= 1)
            },
        )
        .unwrap_or(1);
    inspection.require_context = members.flag("requireContext", true, problems);
    inspection.unmask_last_four = members.flag("unmaskLast4", false, problems);
    inspection.inspect_protected = members.flag("inspectProtected", false, problems);
    (!unreadable).then_some(inspection)
}

#[derive(Clone, Copy, PartialEq)]
enum Method {
    None,
    BuiltIn,
    Classification,
}

/// A preset or an expression, exactly one of them.
fn built_in(
    members: &Members<'_, '_>,
    place: &Place<'_>,
    problems: &mut Problems,
) -> Option<Include> {
    let preset = members.text("preset", problems);
    let custom = members
        .value("expression")
        .map(|value| expression(value, &place.member("expression"), problems));
    match (members.value("preset").is_some(), custom) {
        (true, None) => preset.map(|id| Include::Preset(id.to_owned())),
        (false, Some(custom)) => Some(custom),
        _ => {
            problems.push(
                place,
                BuildCause::OneOf {
                    one: "preset",
                    other: "expression",
                },
            );
            None
        }
    }
}

fn types(members: &Members<'_, '_>, problems: &mut Problems) -> Include {
    if members.value("types").is_none() {
        problems.push(members.place, BuildCause::Missing { name: "types" });
    }
    let types = members.texts("types", TYPES_MAX, problems);
    if types.is_empty() && members.value("types").is_some_and(Value::is_array) {
        let found = Value::Array(Vec::new());
        problems.push(
            &members.place.member("types"),
            type_error("at least one type", &found),
        );
    }
    let combine = members.choice(
        "combine",
        &["any", "all"],
        &[Combine::Any, Combine::All],
        problems,
    );
    Include::Types {
        types,
        combine: combine.unwrap_or_default(),
    }
}

fn search_in(members: &Members<'_, '_>, place: &Place<'_>, problems: &mut Problems) -> SearchIn {
    const PARTS: &[&str] = &["content", "metadata", "file_name"];
    let parts = members.texts("searchIn", PARTS.len(), problems);
    let place = place.member("searchIn");
    if members
        .value("searchIn")
        .and_then(Value::as_array)
        .is_some_and(Vec::is_empty)
    {
        problems.push(
            &place,
            type_error("at least one part", &Value::Array(Vec::new())),
        );
    }
    for (at, part) in parts.iter().enumerate() {
        if !PARTS.contains(&part.as_str()) {
            problems.push_near(
                &place.item(at),
                BuildCause::Choice {
                    value: quote(part),
                    allowed: PARTS,
                },
                || crate::error::did_you_mean(part, PARTS.iter().copied()),
            );
        }
    }
    let has = |name: &str| parts.iter().any(|part| part == name);
    SearchIn {
        content: has("content"),
        metadata: has("metadata"),
        file_name: has("file_name"),
    }
}

fn expression(value: &Value, place: &Place<'_>, problems: &mut Problems) -> Include {
    let members = Members::new(value, place, &["kind", "text", "caseSensitive"], problems);
    if value.is_object() && members.value("kind").is_none() {
        problems.push(place, BuildCause::Missing { name: "kind" });
    }
    let kind = members
        .choice(
            "kind",
            &["substring", "exact", "regex"],
            &[
                ExpressionForm::Substring,
                ExpressionForm::Exact,
                ExpressionForm::Regex,
            ],
            problems,
        )
        .unwrap_or(ExpressionForm::Substring);
    let text = members.required("text", problems);
    if text == Some("") {
        problems.push(
            &place.member("text"),
            type_error("an expression", &"".into()),
        );
    }
    Include::Expression {
        kind,
        text: text.unwrap_or_default().to_owned(),
        case_sensitive: members.flag("caseSensitive", false, problems),
    }
}
