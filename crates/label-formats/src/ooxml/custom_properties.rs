//! Custom document properties: the older place of labels, shared with everybody else's properties.

use std::ops::Range;

use label_core::{FileLabel, LabelId, LabelStorage};

use super::root::Root;
use crate::error::PartError;
use crate::keys::{LabelProperties, Leaving};
use crate::limits::Limits;
use crate::reading::{DiagnosticCode, Diagnostics};
use crate::xml::{
    CUSTOM_PROPERTIES_NAMESPACE, CUSTOM_PROPERTIES_NAMESPACE_STRICT, Edits, Item, Namespace,
    VARIANT_TYPES_NAMESPACE, VARIANT_TYPES_NAMESPACE_STRICT, XmlReader, XmlText, escape,
};

/// The property-set id of user-defined properties.
const USER_DEFINED: &str = "{D5CDD505-2E9C-101B-9397-08002B2CF9AE}";

/// Longest value that is read, in bytes. Office stores 255 characters.
const VALUE_BYTES_MAX: usize = 64 * 1024;

/// The smallest property id; 0 and 1 have other uses in the property set that this part mirrors.
const PID_MIN: i64 = 2;

/// What reading the part gave.
#[derive(Clone, Debug)]
pub(super) struct CustomProperties {
    pub(super) records: Vec<FileLabel>,
    properties: Vec<Property>,
    xml: XmlText,
    strict: bool,
    /// The prefix that the root binds to the value types, with its colon.
    value_prefix: Option<String>,
    root: Root,
    /// Comments, processing instructions or elements of other kinds: not ours to drop.
    has_more: bool,
    /// In order.
    pids: Vec<i64>,
}

#[derive(Clone, Debug)]
struct Property {
    name: String,
    value: String,
    span: Range<usize>,
    user_defined: bool,
}

/// The namespace of the root is another one: the part is something else (9b.9).
#[derive(Debug)]
pub(super) enum Parsed {
    Properties(Box<CustomProperties>),
    OtherRoot,
}

impl CustomProperties {
    pub(super) fn parse(
        place: &str,
        bytes: Vec<u8>,
        limits: &Limits,
        diagnostics: &mut Diagnostics,
    ) -> Result<Parsed, PartError> {
        let xml = XmlText::decode(place, bytes)?;
        let mut reader = XmlReader::new(place, &xml.text, limits);
        let mut properties: Vec<Property> = Vec::new();
        let mut labels = LabelProperties::new(LabelStorage::CustomProperties, limits);
        let mut markings: Vec<String> = Vec::new();
        let mut root = None;
        let mut strict = false;
        let mut value_prefix = None;
        let mut has_more = false;
        let mut pids: Vec<i64> = Vec::new();
        while let Some(item) = reader.next()? {
            let span = reader.span();
            match item {
                Item::Start(element) if root.is_none() => {
                    let Namespace::CustomProperties { strict: is_strict } = element.namespace
                    else {
                        return Ok(Parsed::OtherRoot);
                    };
                    if element.name != "Properties" {
                        return Ok(Parsed::OtherRoot);
                    }
                    strict = is_strict;
                    value_prefix = bound_prefix(xml.text.get(span.clone()).unwrap_or_default());
                    root = Some(Root::new(&element, span));
                }
                Item::Start(element) => {
                    let is_property =
                        matches!(element.namespace, Namespace::CustomProperties { .. })
                            && element.name == "property";
                    if !is_property {
                        has_more = true;
                        reader.skip(&element)?;
                        continue;
                    }
                    let name = element.attribute("name").unwrap_or_default().to_owned();
                    let user_defined = element
                        .attribute("fmtid")
                        .is_some_and(|id| id.trim().eq_ignore_ascii_case(USER_DEFINED));
                    let pid: Option<i64> = element
                        .attribute("pid")
                        .and_then(|text| text.trim().parse().ok());
                    pids.extend(pid);
                    let (value, usual) = read_value(&mut reader, &element)?;
                    let span = span.start..reader.span().end;
                    // A property of another set is not a label's (F-027).
                    if !user_defined {
                    } else if labels.add(&name, &value, place, diagnostics) {
                        if !usual {
                            diagnostics.add(
                                DiagnosticCode::UnusualForm,
                                place,
                                format!("property `{name}` is not of type `lpwstr`"),
                            );
                        }
                    } else if is_marking(&name) {
                        markings.push(name.clone());
                    } else if name.eq_ignore_ascii_case("Sensitivity") {
                        diagnostics.add(
                            DiagnosticCode::SensitivityHint,
                            place,
                            format!("`Sensitivity` is `{value}`"),
                        );
                    }
                    properties.push(Property {
                        name,
                        value,
                        span,
                        user_defined,
                    });
                    reader.take_back(element);
                }
                Item::End => {
                    if let Some(root) = &mut root {
                        root.note_end(&span);
                    }
                }
                Item::Other => has_more |= root.is_some(),
                Item::Text(_) => {}
            }
        }
        pids.sort_unstable();
        for pair in pids.windows(2) {
            if let [one, other] = pair
                && one == other
            {
                diagnostics.add(
                    DiagnosticCode::DuplicateProperty,
                    place,
                    format!("property id {one} twice"),
                );
            }
        }
        if let Some(first) = markings.first() {
            diagnostics.add(
                DiagnosticCode::MarkingsPresent,
                place,
                format!("the body holds markings written by Office: `{first}`"),
            );
        }
        let records = labels.into_records(place, diagnostics);
        let root = root.ok_or_else(|| PartError::malformed(place, "no root element"))?;
        Ok(Parsed::Properties(Box::new(Self {
            records,
            properties,
            xml,
            strict,
            value_prefix,
            root,
            has_more,
            pids,
        })))
    }

    /// The part with these groups removed and these properties of a label added.
    ///
    /// Everything else stays byte for byte: other properties, their ids and types, links,
    /// comments, white space. `None` if the part has nothing left that is not ours, so that it can
    /// go as a whole (F-068).
    pub(super) fn edited(
        &self,
        removed: Vec<LabelId>,
        added: &[(String, String)],
    ) -> Result<Option<Vec<u8>>, PartError> {
        let leaving = Leaving::new(removed, &self.records);
        let goes = |property: &Property| {
            property.user_defined && leaving.has(&property.name, &property.value)
        };
        let mut edits = Edits::default();
        let mut left = 0;
        for property in &self.properties {
            if goes(property) {
                edits.replace(property.span.clone(), String::new());
                continue;
            }
            left += 1;
            // Office takes names as one without regard to letter case and property set (F-062).
            let taken = added
                .iter()
                .any(|(name, _)| name.eq_ignore_ascii_case(&property.name));
            if taken {
                return Err(PartError::malformed(
                    "custom properties",
                    format!("another property is called `{}`", property.name),
                ));
            }
        }
        if left == 0 && added.is_empty() && !self.has_more {
            return Ok(None);
        }
        let mut children = String::new();
        for (pid, (name, value)) in (self.next_pid(added.len())..).zip(added) {
            children.push_str(&self.property(pid, name, value));
        }
        if !children.is_empty() {
            self.root.append(&mut edits, &self.xml.text, &children);
        }
        let bytes = self
            .xml
            .edited(edits)
            .ok_or_else(|| PartError::malformed("custom properties", "edits overlap"))?;
        Ok(Some(bytes))
    }

    /// The first of `count` unused property ids in a row: behind the largest, existing ones are
    /// never renumbered (F-060).
    fn next_pid(&self, count: usize) -> i64 {
        let largest = self.pids.last().copied().unwrap_or(0).max(PID_MIN - 1);
        let count = i64::try_from(count).unwrap_or(0);
        if largest <= i64::from(i32::MAX) - count {
            return largest + 1;
        }
        // The ids run to the end of their range: take the lowest free run.
        let mut start = PID_MIN;
        for pid in self.pids.iter().copied().filter(|pid| *pid >= PID_MIN) {
            if pid - start >= count {
                break;
            }
            start = start.max(pid + 1);
        }
        start
    }

    fn property(&self, pid: i64, name: &str, value: &str) -> String {
        let own = &self.root.prefix;
        let value = escape(value);
        let value = match &self.value_prefix {
            Some(prefix) => format!("<{prefix}lpwstr>{value}</{prefix}lpwstr>"),
            None => {
                let namespace = value_namespace(self.strict);
                format!("<vt:lpwstr xmlns:vt=\"{namespace}\">{value}</vt:lpwstr>")
            }
        };
        format!(
            "<{own}property fmtid=\"{USER_DEFINED}\" pid=\"{pid}\" name=\"{}\">{value}</{own}property>",
            escape(name)
        )
    }
}

/// A new part with these properties, in the package's own flavour (F-066).
pub(super) fn new_part(strict: bool, added: &[(String, String)]) -> Vec<u8> {
    let namespace = if strict {
        CUSTOM_PROPERTIES_NAMESPACE_STRICT
    } else {
        CUSTOM_PROPERTIES_NAMESPACE
    };
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\r\n<Properties xmlns=\"{namespace}\" xmlns:vt=\"{}\">",
        value_namespace(strict)
    );
    for (pid, (name, value)) in (PID_MIN..).zip(added) {
        text.push_str(&format!(
            "<property fmtid=\"{USER_DEFINED}\" pid=\"{pid}\" name=\"{}\"><vt:lpwstr>{}</vt:lpwstr></property>",
            escape(name),
            escape(value)
        ));
    }
    text.push_str("</Properties>");
    text.into_bytes()
}

fn value_namespace(strict: bool) -> &'static str {
    if strict {
        VARIANT_TYPES_NAMESPACE_STRICT
    } else {
        VARIANT_TYPES_NAMESPACE
    }
}

/// The value of a property: the text of its one child. The flag says whether it is of the usual
/// type.
fn read_value(
    reader: &mut XmlReader<'_>,
    element: &crate::xml::Element,
) -> Result<(String, bool), PartError> {
    let mut value = String::new();
    let mut usual = true;
    if element.is_empty {
        return Ok((value, usual));
    }
    let outside = reader.depth() - 1;
    let mut first = true;
    while reader.depth() > outside {
        match reader.next()? {
            Some(Item::Start(child)) if first => {
                first = false;
                usual = child.is(Namespace::VariantTypes, "lpwstr");
                value = reader.text_of(&child, VALUE_BYTES_MAX)?;
            }
            Some(Item::Start(child)) => reader.skip(&child)?,
            Some(_) => {}
            None => break,
        }
    }
    Ok((value, usual))
}

/// The prefix, with its colon, that a start tag binds to the value types.
fn bound_prefix(tag: &str) -> Option<String> {
    for namespace in [VARIANT_TYPES_NAMESPACE, VARIANT_TYPES_NAMESPACE_STRICT] {
        for quote in ['"', '\''] {
            let Some((before, _)) = tag.split_once(&format!("{quote}{namespace}{quote}")) else {
                continue;
            };
            let name = before.trim_end().strip_suffix('=')?.trim_end();
            let (_, prefix) = name.rsplit_once("xmlns:")?;
            let is_name = prefix
                .chars()
                .all(|character| character.is_alphanumeric() || "-._".contains(character));
            if is_name && !prefix.is_empty() {
                return Some(format!("{prefix}:"));
            }
        }
    }
    None
}

/// Properties that describe markings in the body; dropping them would orphan the markings.
fn is_marking(name: &str) -> bool {
    ["ClassificationContentMarking", "ClassificationWatermark"]
        .iter()
        .any(|stem| {
            name.get(..stem.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(stem))
        })
}
