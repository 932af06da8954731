//! Any document that label definitions come in, told apart by its content; and several of them as
//! one list.

use std::path::Path;

use serde_json::{Map, Value};

use super::classic::{self, ClassicLabels};
use super::{LabelList, below, document_error, graph, merge, note, powershell};
use crate::error::SourceError;
use crate::id::TenantId;
use crate::label::LabelScheme;
use crate::migration::{ChosenList, MigrationRule, UnifiedStatus, choose};
use crate::policy::{LabelPolicy, PolicySettings, publish};

/// Most documents that are combined.
pub const DOCUMENTS_MAX: usize = 1_000;

/// What a document holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Document {
    /// One page of Graph's list, v1.0 or beta. Labels in it that can't be read are told of by
    /// [`combine`].
    Graph(graph::Page),
    /// An export of `Get-Label`.
    PowerShell(LabelList),
    /// An export of `Get-LabelPolicy`, and what was odd in it.
    Policies(Vec<LabelPolicy>, Vec<String>),
    /// Graph beta's label policy settings.
    Settings(PolicySettings),
    /// The labels of a tenant that has not migrated, in the neutral form.
    Classic(ClassicLabels),
}

impl Document {
    /// Reads a document of whatever shape (L-060): UTF-8 or UTF-16, a list, one object in place of a
    /// list of one, a wrapper with `value`, or saved answers in a list.
    ///
    /// # Errors
    ///
    /// [`SourceError::Document`] with a JSON pointer: it is no such document, or one that can't be
    /// used. Classic policy files (`.msip`) are named as such (L-064).
    ///
    /// # Examples
    ///
    /// ```
    /// use label_core::{TenantId, source::Document};
    ///
    /// let tenant = TenantId::from_u128(1);
    /// let export = br#"{"Guid":"247d25b6-53f6-440e-9853-7b0b7f86f502","DisplayName":"General","Priority":0}"#;
    /// let documents = Document::read(tenant, export)?;
    /// assert!(matches!(documents.as_slice(), [Document::PowerShell(list)] if list.labels.len() == 1));
    /// # Ok::<(), label_core::SourceError>(())
    /// ```
    pub fn read(tenant: TenantId, body: &[u8]) -> Result<Vec<Self>, SourceError> {
        if body.len() as u64 > graph::BODY_BYTES_MAX {
            return Err(SourceError::TooLarge {
                limit_bytes: graph::BODY_BYTES_MAX,
            });
        }
        if looks_like_msip(body) {
            return Err(document_error("", MSIP));
        }
        let mut document = super::json(body)?;
        // Several saved answers in one list.
        if let Value::Array(items) = &mut document
            && !items.is_empty()
            && items
                .iter()
                .all(|item| item.get("value").is_some_and(Value::is_array))
        {
            if items.len() > DOCUMENTS_MAX {
                return Err(document_error("", "more than 1000 answers"));
            }
            let read = |(at, item)| {
                let pointer = format!("/{at}");
                match Self::from_value(tenant, item) {
                    Ok(Self::Graph(page)) => Ok(Self::Graph(page.below(&pointer))),
                    Ok(other) => Ok(other),
                    Err(error) => Err(below(error, &pointer)),
                }
            };
            return items.iter_mut().enumerate().map(read).collect();
        }
        Ok(vec![Self::from_value(tenant, &mut document)?])
    }

    /// [`read`](Self::read) of a file.
    ///
    /// # Errors
    ///
    /// As there, and what reading the file reports.
    pub fn read_file(tenant: TenantId, path: &Path) -> Result<Vec<Self>, SourceError> {
        let is_msip = path
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("msip"));
        if is_msip {
            return Err(document_error("", MSIP));
        }
        Self::read(tenant, &super::read_file(path)?)
    }

    fn from_value(tenant: TenantId, document: &mut Value) -> Result<Self, SourceError> {
        let kind = Kind::of(document)?;
        match (kind, document) {
            (Kind::PowerShell, document) => {
                let (items, pointer) = items(document);
                powershell::labels(tenant, &items, pointer).map(Self::PowerShell)
            }
            (Kind::Policies, document) => {
                let (items, pointer) = items(document);
                let (policies, notes) = powershell::policies(&items, pointer)?;
                Ok(Self::Policies(policies, notes))
            }
            (Kind::Settings, Value::Object(members)) => {
                graph::policy_settings(members).map(Self::Settings)
            }
            (Kind::Classic, Value::Object(members)) => {
                classic::read(tenant, members).map(Self::Classic)
            }
            (_, document) => graph::from_value(tenant, document).map(Self::Graph),
        }
    }
}

/// The items of an export, which may be one without a list around it, and where they stand.
fn items(document: &Value) -> (Vec<&Value>, &'static str) {
    match document {
        Value::Array(items) => (items.iter().collect(), ""),
        Value::Object(members) => match members.get("value") {
            Some(Value::Array(items)) => (items.iter().collect(), "/value"),
            _ => (vec![document], ""),
        },
        _ => (Vec::new(), ""),
    }
}

/// What a document looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Graph,
    PowerShell,
    Policies,
    Settings,
    Classic,
}

impl Kind {
    fn of(document: &Value) -> Result<Self, SourceError> {
        let first = match document {
            Value::Array(items) if items.is_empty() => {
                return Err(document_error(
                    "",
                    "an empty list, which doesn't say of what",
                ));
            }
            Value::Array(items) => items.iter().find_map(Value::as_object),
            Value::Object(members) => {
                if let Some(format) = members.get("format").and_then(Value::as_str) {
                    return Self::by_format(format);
                }
                match members.get("value") {
                    Some(Value::Array(items)) => items.iter().find_map(Value::as_object),
                    _ if is_settings(members) => return Ok(Self::Settings),
                    _ => Some(members),
                }
            }
            _ => return Err(document_error("", "neither a list nor an object")),
        };
        let has = |name: &str| first.is_some_and(|members| members.contains_key(name));
        Ok(
            if has("PolicySettingsBlob") || has("ScopedLabels") || has("Labels") {
                Self::Policies
            } else if has("Guid") || has("ImmutableId") {
                Self::PowerShell
            } else {
                Self::Graph
            },
        )
    }

    fn by_format(format: &str) -> Result<Self, SourceError> {
        if format == classic::FORMAT {
            return Ok(Self::Classic);
        }
        let cause = format!(
            "`{}` is not known; expected `{}`",
            crate::error::quote(format),
            classic::FORMAT
        );
        Err(document_error("/format", &cause))
    }
}

const MSIP: &str = "a classic policy file (`.msip`), whose format is not public; write its labels in \
     the neutral form `classic-aip-labels/1`";

/// The policy files are packed folders or XML.
fn looks_like_msip(body: &[u8]) -> bool {
    let start = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    start.starts_with(b"PK\x03\x04") || start.starts_with(b"<?xml")
}

fn is_settings(members: &Map<String, Value>) -> bool {
    members.contains_key("isMandatory") || members.contains_key("isDowngradeJustificationRequired")
}

/// Which end of a source's order is the most sensitive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OrderDirection {
    /// The larger, the more sensitive.
    #[default]
    Ascending,
    /// The smaller, the more sensitive (L-013).
    Descending,
}

impl LabelList {
    /// The same list, its order read in this direction.
    #[must_use]
    pub fn directed(mut self, direction: OrderDirection) -> Self {
        if direction == OrderDirection::Descending {
            for label in &mut self.labels {
                label.source_order = label.source_order.saturating_neg();
            }
        }
        self
    }
}

/// How documents are combined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Import {
    /// What counts where a tenant has not migrated.
    pub rule: MigrationRule,
    /// How Graph's order is read. Default: the larger, the more sensitive; an export of `Get-Label`
    /// that says the opposite of the same labels turns it round, with a note.
    pub graph_order: OrderDirection,
}

/// One list from several documents, the labels that it leaves aside, and the settings that hold for
/// somebody in all policies.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Combined {
    /// The list that counts, and what it leaves aside.
    pub chosen: ChosenList,
    /// The policies.
    pub policies: Vec<LabelPolicy>,
    /// What holds for everybody: the policies for `All`, or Graph's own settings without policies.
    pub settings: PolicySettings,
    /// What was odd.
    pub notes: Vec<String>,
}

/// Combines documents of one tenant: pages of one list, Graph's list with what only an export of
/// `Get-Label` knows (L-063), policies, classic labels.
///
/// # Errors
///
/// [`SourceError::Document`]: pages of Graph without a last one, so that the list is not complete; or
/// what [`graph::join`] reports.
///
/// # Examples
///
/// ```
/// use label_core::TenantId;
/// use label_core::source::{Document, Import, combine};
///
/// let tenant = TenantId::from_u128(1);
/// let graph = br#"{"value":[{"id":"247d25b6-53f6-440e-9853-7b0b7f86f502","name":"General"}]}"#;
/// let documents = Document::read(tenant, graph)?;
/// let combined = combine(tenant, documents, Import::default())?;
/// assert_eq!(combined.chosen.list.map(|list| list.labels.len()), Some(1));
/// # Ok::<(), label_core::SourceError>(())
/// ```
pub fn combine(
    tenant: TenantId,
    documents: Vec<Document>,
    import: Import,
) -> Result<Combined, SourceError> {
    let mut notes = Vec::new();
    let (mut policies, mut classic_policies) = (Vec::new(), Vec::new());
    let mut has_policies = false;
    let mut settings: Option<PolicySettings> = None;
    let mut exported: Option<LabelList> = None;
    let mut pages: Vec<graph::Page> = Vec::new();
    let (mut classic, mut status) = (None, UnifiedStatus::Unknown);
    for document in documents {
        match document {
            Document::Graph(page) => pages.push(page),
            Document::PowerShell(more) => {
                let mut list = exported.take().unwrap_or_else(|| LabelList::new(tenant));
                list.labels.extend(more.labels);
                list.notes.extend(more.notes);
                exported = Some(list.unique());
            }
            Document::Policies(more, odd) => {
                has_policies = true;
                policies.extend(more);
                notes.extend(odd);
            }
            Document::Settings(own) => settings = Some(own),
            Document::Classic(own) => {
                status = own.unified_status;
                classic_policies.extend(own.policies);
                classic = Some(own.list);
            }
        }
    }
    let from_graph = !pages.is_empty();
    if from_graph && pages.iter().all(|page| page.next_link.is_some()) {
        let cause = "there are more pages: the list is not complete";
        return Err(document_error("/@odata.nextLink", cause));
    }
    let from_graph = from_graph
        .then(|| graph::join(tenant, pages))
        .transpose()?
        .map(|list| list.directed(import.graph_order));
    let mut unified = match (from_graph, exported) {
        (Some(graph), Some(export)) => Some(merge::merge(graph, export)),
        (one, other) => one.or(other),
    };
    if let (true, Some(list)) = (has_policies, &mut unified) {
        notes.extend(publish(&mut list.labels, &policies));
    }
    let mut chosen = choose(status, import.rule, classic, unified);
    // Each kind of labels has its own policies (section 2.2).
    let is_classic = chosen.list.as_ref().is_some_and(|list| {
        let mut labels = list.labels.iter();
        labels.any(|label| label.scheme == LabelScheme::Classic)
    });
    if is_classic {
        policies = classic_policies;
    }
    let for_all = |policy: &&LabelPolicy| {
        let mut locations = policy.locations.iter();
        locations.any(|location| location.eq_ignore_ascii_case("all"))
    };
    let settings = match settings {
        Some(_) if !policies.is_empty() => {
            let text = "label policy settings beside policies: left out";
            note(&mut notes, text.to_owned());
            PolicySettings::effective(policies.iter().filter(for_all))
        }
        Some(settings) => settings,
        None => PolicySettings::effective(policies.iter().filter(for_all)),
    };
    if let Some(list) = &mut chosen.list {
        notes.append(&mut list.notes);
    }
    Ok(Combined {
        chosen,
        policies,
        settings,
        notes,
    })
}
