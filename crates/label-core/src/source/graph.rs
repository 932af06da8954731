//! Microsoft Graph v1.0: the JSON of `sensitivityLabels`, sublabels nested.
//!
//! Every member but `id` may be absent or null (L-003): the published schema and the documentation
//! name different ones.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::catalog::LABELS_MAX;
use crate::error::{SourceError, quote};
use crate::id::{LabelId, TenantId};
use crate::label::{Label, LabelProtection, LabelState, Publication, Targets};
use crate::source::{LabelList, LabelSource};

/// Largest answer that is read, in bytes. A list of 10,000 labels has about 10 MiB.
pub const BODY_BYTES_MAX: u64 = 50 * 1_048_576;

/// Deepest nesting of sublabels that is followed. The product has two levels.
const DEPTH_MAX: usize = 16;

/// Reads one answer of the list call: the envelope with `value`, or a bare array.
///
/// # Errors
///
/// [`SourceError::Document`] with a JSON pointer. An answer whose `value` is missing or null is a
/// failed read, never an empty list: Graph answers so when permissions are half granted (L-043).
///
/// # Examples
///
/// ```
/// use label_core::{TenantId, source::graph};
///
/// let tenant = TenantId::parse("74f71239-3dea-461b-910f-15d15a71655a")?;
/// let body = r#"{"value":[{"id":"247d25b6-53f6-440e-9853-7b0b7f86f502","name":"General"}]}"#;
/// let list = graph::parse(tenant, body.as_bytes())?;
/// assert_eq!(list.labels[0].name(), "General");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn parse(tenant: TenantId, body: &[u8]) -> Result<LabelList, SourceError> {
    // Editors on Windows save JSON with a byte-order mark.
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let document: Value = serde_json::from_slice(body).map_err(|error| SourceError::Document {
        pointer: String::new(),
        cause: format!("not JSON: {error}"),
    })?;
    let (pointer, items) = match &document {
        Value::Array(items) => (String::new(), items),
        Value::Object(envelope) => {
            if let Some(error) = envelope.get("error") {
                return Err(document_error("/error", &error_text(error)));
            }
            if envelope.contains_key("@odata.nextLink") {
                return Err(document_error(
                    "/@odata.nextLink",
                    "one page of several: the list is not complete",
                ));
            }
            match envelope.get("value") {
                Some(Value::Array(items)) => ("/value".to_owned(), items),
                Some(Value::Null) => {
                    return Err(document_error("/value", "null instead of a list"));
                }
                Some(_) => return Err(document_error("/value", "not a list")),
                None => return Err(document_error("", "there is no `value`")),
            }
        }
        _ => return Err(document_error("", "neither a list nor an object")),
    };
    let mut list = LabelList {
        tenant,
        labels: Vec::new(),
        notes: Vec::new(),
    };
    for (at, item) in items.iter().enumerate() {
        read_label(&mut list, item, None, &format!("{pointer}/{at}"), 0)?;
    }
    Ok(list)
}

fn read_label(
    list: &mut LabelList,
    item: &Value,
    parent: Option<LabelId>,
    pointer: &str,
    depth: usize,
) -> Result<(), SourceError> {
    if depth > DEPTH_MAX {
        return Err(document_error(pointer, "sublabels nest too deeply"));
    }
    if list.labels.len() >= LABELS_MAX {
        return Err(document_error(pointer, "more than 10000 labels"));
    }
    let Value::Object(members) = item else {
        return Err(document_error(pointer, "a label must be an object"));
    };
    let id = match members.get("id") {
        Some(Value::String(text)) => {
            LabelId::parse(text).map_err(|error| SourceError::Document {
                pointer: format!("{pointer}/id"),
                cause: error.to_string(),
            })?
        }
        Some(_) => return Err(document_error(&format!("{pointer}/id"), "not a text")),
        None => return Err(document_error(pointer, "a label without `id`")),
    };
    let reader = Members { members, pointer };
    let mut label = Label::new(list.tenant, id, "");
    label.display_name = reader.text("displayName")?;
    label.back_end_name = reader.text("name")?;
    label.description = reader.text("description")?;
    label.tooltip = match reader.text("toolTip")? {
        Some(text) => Some(text),
        None => reader.text("tooltip")?,
    };
    label.color = match reader.text("color")? {
        Some(color) if is_color(&color) => Some(color),
        Some(color) if !color.is_empty() => {
            list.notes.push(format!(
                "{pointer}/color: `{}` is not of the form #RRGGBB; dropped",
                quote(&color)
            ));
            None
        }
        _ => None,
    };
    label.parent = parent;
    label.source_order = reader.number("priority")?.unwrap_or(0);
    label.state = match reader.flag("isEnabled")? {
        Some(false) => LabelState::Disabled,
        Some(true) => LabelState::Active,
        // This form of the answer doesn't say.
        None => LabelState::Unknown,
    };
    // A tenant-wide list returns labels whether published or not (L-020).
    label.publication = Publication::Unknown;
    label.targets = reader
        .text("applicableTo")?
        .map_or_else(Targets::default, |text| Targets::parse(&text));
    label.protection = match reader.flag("hasProtection")? {
        Some(true) => LabelProtection::Unspecified,
        Some(false) => LabelProtection::None,
        None => LabelProtection::Unknown,
    };
    list.labels.push(label);
    match members.get("sublabels") {
        None | Some(Value::Null) => {}
        Some(Value::Array(sublabels)) => {
            for (at, sublabel) in sublabels.iter().enumerate() {
                let pointer = format!("{pointer}/sublabels/{at}");
                read_label(list, sublabel, Some(id), &pointer, depth + 1)?;
            }
        }
        Some(_) => {
            return Err(document_error(
                &format!("{pointer}/sublabels"),
                "not a list",
            ));
        }
    }
    Ok(())
}

/// Typed access to a label's members, with the pointer for errors.
struct Members<'a> {
    members: &'a Map<String, Value>,
    pointer: &'a str,
}

impl Members<'_> {
    fn text(&self, name: &str) -> Result<Option<String>, SourceError> {
        match self.members.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(self.wrong(name, "not a text")),
        }
    }

    fn number(&self, name: &str) -> Result<Option<i64>, SourceError> {
        match self.members.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_i64() {
                Some(number) => Ok(Some(number)),
                None => Err(self.wrong(name, "not a whole number")),
            },
        }
    }

    fn flag(&self, name: &str) -> Result<Option<bool>, SourceError> {
        match self.members.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(self.wrong(name, "neither true nor false")),
        }
    }

    fn wrong(&self, name: &str, cause: &str) -> SourceError {
        document_error(&format!("{}/{name}", self.pointer), cause)
    }
}

fn is_color(text: &str) -> bool {
    text.strip_prefix('#')
        .is_some_and(|digits| digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn document_error(pointer: &str, cause: &str) -> SourceError {
    SourceError::Document {
        pointer: pointer.to_owned(),
        cause: cause.to_owned(),
    }
}

/// `code: message` of Graph's error object.
fn error_text(error: &Value) -> String {
    let member = |name| error.get(name).and_then(Value::as_str).unwrap_or_default();
    format!(
        "the answer is an error: `{}`: {}",
        quote(member("code")),
        quote(member("message"))
    )
}

/// A label list in a file with one saved Graph answer, read anew at each fetch.
#[derive(Clone, Debug)]
pub struct GraphFile {
    tenant: TenantId,
    path: PathBuf,
}

impl GraphFile {
    /// The file `path` with the labels of `tenant`: a list doesn't say whose it is.
    pub fn new(tenant: TenantId, path: &Path) -> Self {
        Self {
            tenant,
            path: path.to_owned(),
        }
    }
}

impl LabelSource for GraphFile {
    fn fetch(&mut self) -> Result<LabelList, SourceError> {
        let io = |error: std::io::Error| SourceError::Io {
            path: self.path.display().to_string(),
            cause: error.to_string(),
        };
        let file = std::fs::File::open(&self.path).map_err(io)?;
        let mut body = Vec::new();
        file.take(BODY_BYTES_MAX + 1)
            .read_to_end(&mut body)
            .map_err(io)?;
        if body.len() as u64 > BODY_BYTES_MAX {
            return Err(SourceError::TooLarge {
                limit_bytes: BODY_BYTES_MAX,
            });
        }
        parse(self.tenant, &body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::LabelCatalog;

    fn tenant() -> TenantId {
        TenantId::parse("74f71239-3dea-461b-910f-15d15a71655a").unwrap()
    }

    #[test]
    fn r_061_nested_lists_are_read_whole() {
        let body = br##"{"value":[
            {"id":"00000000-0000-0000-0000-000000000001","name":"General","priority":0,"toolTip":"t","color":"#0078D7",
             "isEnabled":true,"hasProtection":false,"applicableTo":"file,email","sublabels":[]},
            {"id":"00000000-0000-0000-0000-000000000002","displayName":"Secret","name":"x","priority":1,"isEnabled":false,
             "hasProtection":true,"sublabels":[{"id":"00000000-0000-0000-0000-000000000003","name":"Board","priority":2}]}]}"##;
        let list = parse(tenant(), body).unwrap();
        let (catalog, diagnostics) = LabelCatalog::build(tenant(), list.labels).unwrap();
        assert!(diagnostics.is_empty() && list.notes.is_empty());
        let board = catalog.find("secret/board").unwrap();
        assert_eq!(board.protection, LabelProtection::Unknown);
        let secret = catalog.find("Secret").unwrap();
        assert_eq!(secret.state, LabelState::Disabled);
        assert!(secret.protection.encrypts());
        let general = catalog.find("General").unwrap();
        assert_eq!(general.tooltip.as_deref(), Some("t"));
        assert!(general.targets.file && general.targets.email);
    }

    #[test]
    fn l_004_l_020_both_spellings_of_the_tooltip_and_no_word_on_publication() {
        for (members, tooltip) in [
            (r#""toolTip":"one""#, Some("one")),
            (r#""tooltip":"two""#, Some("two")),
            (r#""toolTip":null,"tooltip":"two""#, Some("two")),
            (r#""toolTip":"one","tooltip":"two""#, Some("one")),
            (r#""name":"n""#, None),
        ] {
            let body = format!(r#"[{{"id":"aaaaaaaa-0000-4000-8000-000000000001",{members}}}]"#);
            let list = parse(tenant(), body.as_bytes()).unwrap();
            let [label] = list.labels.as_slice() else {
                panic!("{members}")
            };
            assert_eq!(label.tooltip.as_deref(), tooltip, "{members}");
            assert_eq!(label.publication, Publication::Unknown);
        }
    }

    #[test]
    fn l_003_only_the_id_is_needed() {
        let body = br#"[{"id":"{AAAAAAAA-0000-4000-8000-000000000001}"},
            {"id":"aaaaaaaa-0000-4000-8000-000000000002","displayName":null,"name":null,"priority":null,"isEnabled":null,
             "color":null,"applicableTo":null,"hasProtection":null,"sublabels":null,"brandNew":{"x":1}}]"#;
        let list = parse(tenant(), body).unwrap();
        assert_eq!(list.labels.len(), 2);
        let (catalog, _) = LabelCatalog::build(tenant(), list.labels).unwrap();
        assert!(catalog.find("aaaaaaaa-0000-4000-8000-000000000001").is_ok());
        assert_eq!(catalog.appliable().count(), 2);
    }

    #[test]
    fn l_005_names_fall_back_to_the_id() {
        let body =
            br#"[{"id":"aaaaaaaa-0000-4000-8000-000000000001","displayName":"  ","name":""}]"#;
        let list = parse(tenant(), body).unwrap();
        let (catalog, _) = LabelCatalog::build(tenant(), list.labels).unwrap();
        let label = catalog.labels().next().unwrap();
        assert_eq!(label.name(), "aaaaaaaa-0000-4000-8000-000000000001");
    }

    #[test]
    fn r_063_damaged_answers_are_refused_with_the_place() {
        for (body, expected) in [
            ("", ": not JSON"),
            ("<html>", ": not JSON"),
            ("{\"value\":[{\"id\":", ": not JSON"),
            ("7", "neither a list nor an object"),
            ("{}", "there is no `value`"),
            ("{\"value\":null}", "/value: null instead of a list"),
            ("{\"value\":7}", "/value: not a list"),
            ("{\"value\":[7]}", "/value/0: a label must be an object"),
            ("{\"value\":[{}]}", "/value/0: a label without `id`"),
            (
                "{\"value\":[{\"id\":\"x\"}]}",
                "/value/0/id: label id: `x` is not a GUID",
            ),
            (
                "{\"value\":[{\"id\":\"aaaaaaaa-0000-4000-8000-000000000001\",\"priority\":\"high\"}]}",
                "/value/0/priority: not a whole number",
            ),
            (
                "{\"value\":[{\"id\":\"aaaaaaaa-0000-4000-8000-000000000001\",\"sublabels\":[{\"id\":\"y\"}]}]}",
                "/value/0/sublabels/0/id",
            ),
            (
                "{\"value\":[],\"@odata.nextLink\":\"https://graph.example/next\"}",
                "the list is not complete",
            ),
            (
                "{\"error\":{\"code\":\"TooManyRequests\",\"message\":\"later\"}}",
                "/error: the answer is an error: `TooManyRequests`: later",
            ),
        ] {
            let error = parse(tenant(), body.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{body}: {error}");
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let mut source = GraphFile::new(tenant(), Path::new("no-such-labels.json"));
        let error = source.fetch().unwrap_err().to_string();
        assert!(error.starts_with("`no-such-labels.json`: "), "{error}");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_give_an_answer(body: Vec<u8>) {
            let _ = parse(tenant(), &body);
        }
    }
}
