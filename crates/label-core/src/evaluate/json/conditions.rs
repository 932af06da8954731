//! The conditions of a label, as PowerShell exports them, as rules.

use serde_json::Value;

use super::members::Members;
use crate::error::{SourceError, quote};
use crate::evaluate::{ClassificationRule, RuleMode};
use crate::id::{LabelId, SensitiveTypeId};
use crate::source::document_error;

/// Deepest nesting of groups that is followed.
const DEPTH_MAX: usize = 8;

/// The kind of condition that names a sensitive type.
const SENSITIVE_TYPE: &str = "CCSI";

/// Rules from the text of [`Label::conditions`](crate::Label::conditions).
///
/// The form is not documented, so only what is known to the last key is taken: conditions of which
/// one is enough, each on one sensitive type. A condition read more widely than it is meant would
/// label what it should not.
///
/// # Errors
///
/// [`SourceError::Document`] with a JSON pointer: anything else.
///
/// # Examples
///
/// ```
/// use label_core::LabelId;
/// use label_core::evaluate::{RuleMode, json::parse_conditions};
///
/// let text = r#"{"And":[{"Or":[{"Key":"CCSI","Value":"50842eb7-edc8-4019-85dd-5a5c1f2bb085",
///     "Settings":[{"Key":"mincount","Value":"5"},{"Key":"maxcount","Value":"-1"},
///         {"Key":"minconfidence","Value":"85"},{"Key":"maxconfidence","Value":"100"},
///         {"Key":"autoapplytype","Value":"Automatic"}]}]}]}"#;
/// let rules = parse_conditions(LabelId::from_u128(1), text)?;
/// assert_eq!((rules[0].min_count, rules[0].mode), (5, RuleMode::Automatic));
/// # Ok::<(), label_core::SourceError>(())
/// ```
pub fn parse_conditions(
    label: LabelId,
    text: &str,
) -> Result<Vec<ClassificationRule>, SourceError> {
    let value = crate::source::json(text.as_bytes())?;
    let mut rules = Vec::new();
    group(label, &value, String::new(), DEPTH_MAX, &mut rules)?;
    Ok(rules)
}

/// A group, or the condition in the innermost one.
fn group(
    label: LabelId,
    value: &Value,
    pointer: String,
    depth: usize,
    rules: &mut Vec<ClassificationRule>,
) -> Result<(), SourceError> {
    let members = Members::new(value, pointer.clone())?;
    let Some(depth) = depth.checked_sub(1) else {
        return Err(document_error(&pointer, "groups nest too deeply"));
    };
    let name = match (value.get("And"), value.get("Or")) {
        (None, None) => {
            rules.push(condition(label, &members)?);
            return Ok(());
        }
        (Some(_), None) => "And",
        (None, Some(_)) => "Or",
        (Some(_), Some(_)) => return Err(document_error(&pointer, "two groups in one")),
    };
    members.only(&[name])?;
    let items = members.list(name)?;
    if items.is_empty() {
        return Err(members.wrong(name, "nothing in it"));
    }
    if name == "And" && items.len() > 1 {
        return Err(members.wrong(name, "several conditions that must all hold"));
    }
    for (item, pointer) in items {
        group(label, item, pointer, depth, rules)?;
    }
    Ok(())
}

fn condition(label: LabelId, members: &Members<'_>) -> Result<ClassificationRule, SourceError> {
    members.only(&["Key", "Value", "Properties", "Settings"])?;
    members.is_null("Properties")?;
    let key = members.needed_text("Key")?;
    if key != SENSITIVE_TYPE {
        let cause = format!("`{}` is no sensitive type", quote(key));
        return Err(members.wrong("Key", &cause));
    }
    let id = members.id("Value", SensitiveTypeId::parse)?;
    let id = id.ok_or_else(|| members.lacks("Value"))?;
    let mut bounds = [None; 4];
    let mut mode = None;
    for (value, pointer) in members.list("Settings")? {
        let setting = Members::new(value, pointer)?;
        setting.only(&["Key", "Value"])?;
        let text = setting.text("Value")?.unwrap_or_default();
        let key = setting.needed_text("Key")?;
        let [min_count, max_count, min_confidence, max_confidence] = &mut bounds;
        let bound = match key {
            "mincount" => min_count,
            "maxcount" => max_count,
            "minconfidence" => min_confidence,
            "maxconfidence" => max_confidence,
            "autoapplytype" => {
                mode = Some(match text {
                    "Automatic" => RuleMode::Automatic,
                    "Recommended" => RuleMode::Recommended,
                    _ => {
                        let cause = format!("`{}` is no way to apply a label", quote(text));
                        return Err(setting.wrong("Value", &cause));
                    }
                });
                continue;
            }
            // What people see.
            "name" | "groupname" | "policytip" => continue,
            _ => {
                let cause = format!("`{}` is not known", quote(key));
                return Err(setting.wrong("Key", &cause));
            }
        };
        let number = text.parse::<i64>().ok();
        *bound = Some(number.ok_or_else(|| setting.wrong("Value", "not a whole number"))?);
    }
    let [
        Some(min_count),
        Some(max_count),
        Some(min_confidence),
        Some(max_confidence),
    ] = bounds
    else {
        return Err(members.wrong("Settings", "not all four bounds are there"));
    };
    let mode = mode.ok_or_else(|| members.wrong("Settings", "there is no `autoapplytype`"))?;
    if max_confidence != 100 {
        return Err(members.wrong("Settings", "`maxconfidence` is not 100"));
    }
    let out_of_range = || members.wrong("Settings", "a bound is out of range");
    let mut rule = ClassificationRule::new(label, id, mode);
    rule.min_count = u32::try_from(min_count).map_err(|_| out_of_range())?;
    rule.max_count = match max_count {
        -1 => None,
        count => Some(u32::try_from(count).map_err(|_| out_of_range())?),
    };
    let confidence = u8::try_from(min_confidence)
        .ok()
        .filter(|level| *level <= 100);
    rule.min_confidence = confidence.ok_or_else(out_of_range)?;
    Ok(rule)
}
