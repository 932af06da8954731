//! The JSON of Microsoft Graph: v1.0 with nested `sublabels`, and both beta forms with a `parent`
//! object.
//!
//! Every member but `id` may be absent or null (L-003): the published schema and the documentation
//! name different ones.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::catalog::LABELS_MAX;
use crate::error::{SourceError, quote};
use crate::id::{LabelId, TenantId};
use crate::label::{ApplicationMode, Label, LabelProtection, LabelState, Publication, Targets};
use crate::source::{LabelList, LabelSource, Rejected, document_error, note};

/// Largest answer that is read, in bytes. A list of 10,000 labels has about 10 MiB.
pub const BODY_BYTES_MAX: u64 = 50 * 1_048_576;

/// Deepest nesting of sublabels and parents that is followed. The product has two levels.
const DEPTH_MAX: usize = 16;

/// Longest link to a next page that is kept, in bytes.
const LINK_BYTES_MAX: usize = 16 * 1024;

/// One answer of the list call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page {
    /// The labels in it.
    pub list: LabelList,
    /// Where the next page is. A list is complete only with all of them (L-040).
    pub next_link: Option<String>,
    /// Copies of parents that stand in sublabels of the page, and not in the page itself. They may
    /// be on another one: [`join`].
    pub parents: Vec<Label>,
    /// Labels of the page that can't be read. How many are too many depends on the whole list:
    /// [`join`].
    rejected: Rejected,
}

impl Page {
    /// The same page as a part of a document.
    pub(super) fn below(mut self, pointer: &str) -> Self {
        self.rejected = self.rejected.below(pointer);
        self
    }
}

/// All pages of a list, in order, as the list. Parents that no page has are taken from the copies in
/// their sublabels.
///
/// Labels that can't be read are left out with a note.
///
/// # Errors
///
/// [`SourceError::Document`]: more labels than a tenant can have, or more than a tenth of them that
/// can't be read.
pub fn join(tenant: TenantId, pages: Vec<Page>) -> Result<LabelList, SourceError> {
    let mut list = LabelList::new(tenant);
    let mut parents = Vec::new();
    let mut rejected = Rejected::default();
    for page in pages {
        rejected.extend(page.rejected);
        list.labels.extend(page.list.labels);
        list.notes.extend(page.list.notes);
        parents.extend(page.parents);
        if list.labels.len() > LABELS_MAX {
            return Err(document_error("", "more than 10000 labels"));
        }
    }
    // Over all pages: the last one may have few labels.
    let mut list = rejected.settle(list)?;
    let mut listed: HashSet<LabelId> = list.labels.iter().map(|one| one.key.label).collect();
    for label in parents {
        let id = label.key.label;
        if listed.insert(id) && list.labels.len() < LABELS_MAX {
            let text =
                format!("label `{id}`: not in the list itself; taken from a sublabel's `parent`");
            note(&mut list.notes, text);
            list.labels.push(label);
        }
    }
    Ok(list.unique())
}

/// Reads an answer that is the whole list: the envelope with `value`, or a bare array.
///
/// A label that can't be read is left out with a note; more than a tenth of such fail the read.
///
/// # Errors
///
/// [`SourceError::Document`] with a JSON pointer. An answer whose `value` is missing or null is a
/// failed read, never an empty list: Graph answers so when permissions are half granted (L-043). So
/// is one page of several: [`parse_page`].
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
    let page = parse_page(tenant, body)?;
    if page.next_link.is_some() {
        return Err(document_error(
            "/@odata.nextLink",
            "one page of several: the list is not complete",
        ));
    }
    join(tenant, vec![page])
}

/// Reads one answer of the list call, which may be one page of several.
///
/// # Errors
///
/// As [`parse`], but for the pages, and for labels that can't be read: whether they are too many is
/// for [`join`] to say.
pub fn parse_page(tenant: TenantId, body: &[u8]) -> Result<Page, SourceError> {
    from_value(tenant, &mut super::json(body)?)
}

/// [`parse_page`] of JSON that was parsed already. Texts are taken out of it, not copied.
pub(super) fn from_value(tenant: TenantId, document: &mut Value) -> Result<Page, SourceError> {
    let (pointer, items, next_link) = match document {
        Value::Array(items) => (String::new(), items, None),
        Value::Object(envelope) => {
            if let Some(error) = envelope.get("error") {
                return Err(document_error("/error", &error_text(error)));
            }
            let next_link = match envelope.get("@odata.nextLink") {
                None | Some(Value::Null) => None,
                Some(Value::String(link)) if link.len() <= LINK_BYTES_MAX => Some(link.clone()),
                Some(_) => return Err(document_error("/@odata.nextLink", "not a link")),
            };
            match envelope.get_mut("value") {
                Some(Value::Array(items)) => ("/value".to_owned(), items, next_link),
                Some(Value::Null) => {
                    return Err(document_error("/value", "null instead of a list"));
                }
                Some(_) => return Err(document_error("/value", "not a list")),
                None => return Err(document_error("", "there is no `value`")),
            }
        }
        _ => return Err(document_error("", "neither a list nor an object")),
    };
    let mut reader = Reader {
        list: LabelList::new(tenant),
        rejected: Rejected::default(),
        parents: BTreeMap::new(),
    };
    reader.list.labels.reserve(items.len().min(LABELS_MAX));
    for (at, item) in items.iter_mut().enumerate() {
        reader.label(item, None, &format!("{pointer}/{at}"), 0)?;
    }
    Ok(reader.finish(next_link))
}

/// What a tenant or a person has to and need not do: Graph beta's `labelPolicySettings`.
///
/// # Errors
///
/// [`SourceError::Document`] with a JSON pointer.
pub fn parse_policy_settings(body: &[u8]) -> Result<crate::policy::PolicySettings, SourceError> {
    match super::json(body)? {
        Value::Object(mut members) => policy_settings(&mut members),
        _ => Err(document_error("", "not an object")),
    }
}

pub(super) fn policy_settings(
    members: &mut Map<String, Value>,
) -> Result<crate::policy::PolicySettings, SourceError> {
    let mut reader = Members {
        members,
        pointer: "",
    };
    let mut pairs: Vec<(&str, String)> = Vec::new();
    for (member, key) in [
        ("isMandatory", "mandatory"),
        (
            "isDowngradeJustificationRequired",
            "requiredowngradejustification",
        ),
    ] {
        if let Some(flag) = reader.flag(member)? {
            pairs.push((key, flag.to_string()));
        }
    }
    if let Some(url) = reader.text("moreInfoUrl")? {
        pairs.push(("customurl", url));
    }
    if let Some(id) = reader.text("defaultLabelId")? {
        let id = LabelId::parse(&id)
            .map_err(|error| document_error("/defaultLabelId", &error.to_string()))?;
        pairs.push(("defaultlabelid", id.to_string()));
    }
    Ok(crate::policy::PolicySettings::from_pairs(pairs).0)
}

/// Whether a member has a place in the model; all others are kept as they are. One pattern, which
/// compares lengths first: each member of each label is asked.
fn is_known(name: &str) -> bool {
    matches!(
        name,
        "id" | "displayName"
            | "name"
            | "description"
            | "toolTip"
            | "tooltip"
            | "autoTooltip"
            | "color"
            | "priority"
            | "sensitivity"
            | "isEnabled"
            | "isActive"
            | "isAppliable"
            | "applicableTo"
            | "contentFormats"
            | "hasProtection"
            | "applicationMode"
            | "sublabels"
            | "parent"
            | ACTIONS
            // What one person may do, by address, and no grants of the label.
            | RIGHTS
    )
}

/// What a label does, in an early beta.
const ACTIONS: &str = "labelActions";

/// The rights of one person to a label's documents.
const RIGHTS: &str = "rights";

/// What an answer says of itself, and not of the label. Its addresses may be those of a person's
/// labels.
fn is_annotation(name: &str) -> bool {
    name.contains("@odata.")
}

/// Reads labels into a list.
struct Reader {
    list: LabelList,
    rejected: Rejected,
    /// Copies of parents that stand in their sublabels; they count where the list itself lacks the
    /// parent.
    parents: BTreeMap<LabelId, Label>,
}

impl Reader {
    fn label(
        &mut self,
        item: &mut Value,
        parent: Option<LabelId>,
        pointer: &str,
        depth: usize,
    ) -> Result<(), SourceError> {
        if depth > DEPTH_MAX {
            return Err(document_error(pointer, "sublabels nest too deeply"));
        }
        if self.list.labels.len() >= LABELS_MAX {
            return Err(document_error(pointer, "more than 10000 labels"));
        }
        let (mut label, members) = match self.own(item, pointer) {
            Ok(read) => read,
            Err(error) => {
                self.rejected.add(error, item.get("sublabels"));
                return Ok(());
            }
        };
        label.parent = parent;
        match self.parent(members, pointer) {
            Ok(found) => label.parent = label.parent.or(found),
            Err(error) => {
                self.rejected.add(error, members.get("sublabels"));
                return Ok(());
            }
        }
        let id = label.key.label;
        self.list.labels.push(label);
        match members.get_mut("sublabels") {
            None | Some(Value::Null) => {}
            Some(Value::Array(sublabels)) => {
                for (at, sublabel) in sublabels.iter_mut().enumerate() {
                    let pointer = format!("{pointer}/sublabels/{at}");
                    self.label(sublabel, Some(id), &pointer, depth + 1)?;
                }
            }
            Some(_) => {
                let pointer = format!("{pointer}/sublabels");
                self.rejected
                    .add(document_error(&pointer, "not a list"), None);
            }
        }
        Ok(())
    }

    /// The copies of parents inside a label, from the nearest on; the nearest one's id.
    fn parent(
        &mut self,
        members: &mut Map<String, Value>,
        pointer: &str,
    ) -> Result<Option<LabelId>, SourceError> {
        let mut pointer = pointer.to_owned();
        let mut members = members;
        let mut nearest = None;
        let mut below: Option<LabelId> = None;
        for _ in 0..DEPTH_MAX {
            let item = match members.get_mut("parent") {
                None | Some(Value::Null) => return Ok(nearest),
                Some(item) => item,
            };
            pointer.push_str("/parent");
            let (label, inner) = self.own(item, &pointer)?;
            let id = label.key.label;
            if let Some(child) = below.and_then(|below| self.parents.get_mut(&below)) {
                child.parent = child.parent.or(Some(id));
            }
            nearest = nearest.or(Some(id));
            self.parents.entry(id).or_insert(label);
            below = Some(id);
            members = inner;
        }
        Err(document_error(&pointer, "parents nest too deeply"))
    }

    /// A label's own members.
    fn own<'v>(
        &mut self,
        item: &'v mut Value,
        pointer: &str,
    ) -> Result<(Label, &'v mut Map<String, Value>), SourceError> {
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
        let mut reader = Members { members, pointer };
        let mut label = Label::new(self.list.tenant, id, "");
        label.display_name = reader.text("displayName")?;
        label.back_end_name = reader.text("name")?;
        label.description = reader.text("description")?;
        label.tooltip = match reader.text("toolTip")? {
            Some(text) => Some(text),
            None => reader.text("tooltip")?,
        };
        label.auto_tooltip = reader.text("autoTooltip")?;
        let color = reader.text("color")?;
        label.color = super::color(color.as_deref(), pointer, "color", &mut self.list);
        label.source_order = match reader.number("priority")? {
            Some(order) => order,
            None => reader.number("sensitivity")?.unwrap_or(0),
        };
        let active = match reader.flag("isEnabled")? {
            Some(flag) => Some(flag),
            None => reader.flag("isActive")?,
        };
        label.state = match active {
            Some(false) => LabelState::Disabled,
            Some(true) => LabelState::Active,
            // This form of the answer doesn't say.
            None => LabelState::Unknown,
        };
        label.is_appliable = reader.flag("isAppliable")?;
        // A tenant-wide list returns labels whether published or not (L-020).
        label.publication = Publication::Unknown;
        label.targets = match reader.words("applicableTo")? {
            Some(words) => Targets::parse(&words),
            None => reader
                .words("contentFormats")?
                .map_or_else(Targets::default, |words| Targets::parse(&words)),
        };
        label.protection = match reader.flag("hasProtection")? {
            Some(true) => LabelProtection::Unspecified,
            Some(false) => LabelProtection::None,
            None => LabelProtection::Unknown,
        };
        if let Some(Value::Array(actions)) = reader.members.get(ACTIONS) {
            let place = format!("{pointer}/{ACTIONS}");
            match super::actions::read_beta(actions, &place, &mut self.list.notes) {
                Ok(found) => take_actions(&mut label, found),
                Err(cause) => {
                    let text = format!("{place}: {cause}; what the label does is unknown");
                    super::note(&mut self.list.notes, text);
                }
            }
        }
        label.application_mode = match reader.text("applicationMode")?.as_deref() {
            Some("manual") => Some(ApplicationMode::Manual),
            Some("automatic") => Some(ApplicationMode::Automatic),
            Some("recommended") => Some(ApplicationMode::Recommended),
            _ => None,
        };
        if let Some(rights) = members.get(RIGHTS) {
            super::note_people(&mut self.list.notes, RIGHTS, rights);
        }
        label.extras = super::extras(members, |name| is_known(name) || is_annotation(name));
        Ok((label, members))
    }

    fn finish(self, next_link: Option<String>) -> Page {
        let listed: HashSet<LabelId> = self.list.labels.iter().map(|one| one.key.label).collect();
        let parents = self.parents.into_values();
        let missing = parents.filter(|label| !listed.contains(&label.key.label));
        Page {
            parents: missing.collect(),
            list: self.list,
            next_link,
            rejected: self.rejected,
        }
    }
}

/// Takes over what a label does. The flag, where there is one, says whether it encrypts; the actions
/// say how.
fn take_actions(label: &mut Label, found: super::actions::Actions) {
    label.markings = found.markings;
    match label.protection {
        LabelProtection::None => {}
        LabelProtection::Unknown => {
            label.protection = found.protection;
            label.encryption = found.encryption;
        }
        _ if found.protection.encrypts() => {
            label.protection = found.protection;
            label.encryption = found.encryption;
        }
        _ => {}
    }
}

/// Typed access to a label's members, with the pointer for errors.
struct Members<'a> {
    members: &'a mut Map<String, Value>,
    pointer: &'a str,
}

impl Members<'_> {
    /// A text, taken out.
    fn text(&mut self, name: &str) -> Result<Option<String>, SourceError> {
        match self.members.get_mut(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(std::mem::take(text))),
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

    /// A text with commas, or an array of texts, as a text with commas (L-006).
    fn words(&mut self, name: &str) -> Result<Option<String>, SourceError> {
        let Some(Value::Array(items)) = self.members.get(name) else {
            return self.text(name);
        };
        let words: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
        match words {
            Some(words) => Ok(Some(words.join(","))),
            None => Err(self.wrong(name, "not a list of texts")),
        }
    }

    fn wrong(&self, name: &str, cause: &str) -> SourceError {
        document_error(&format!("{}/{name}", self.pointer), cause)
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
        let body = super::read_file(&self.path)?;
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
