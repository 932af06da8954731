//! Why a policy matched or not: the same run, with what each condition saw.

use std::fmt;

use label_core::{LabelView, PolicyId};

use crate::document::{
    Combine, ExpressionForm, FolderReference, FolderScope, Include, Inspection, OwnerScope,
};
use crate::error::quote;
use crate::evaluate::{Answer, ContentAnswer, ContentMatcher, Outcome, ScopeAnswer};
use crate::field::{Field, Kind};
use crate::file_type::{FileType, FileTypeTable};
use crate::filter::show_instant;
use crate::policy::{Compiled, Policy};
use crate::program::{self, Condition, Group, GroupKind, Program};
use crate::record::{AccessLevel, FileRecord};
use crate::trace::Event;

/// How many values of a list an explanation shows.
pub const SHOWN_MAX: usize = 10;

/// What one condition, scope or inspection saw.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConditionReport {
    /// Where it stands in the document the policy was built from.
    pub pointer: String,
    /// The property, as people name it.
    pub field: String,
    /// What was asked of it.
    pub operator: String,
    /// The values asked for; empty where the operator needs none.
    pub wanted: String,
    /// The values the record has.
    pub saw: String,
    /// Whether it holds; nothing when there was no need to ask.
    pub outcome: Option<Answer>,
    /// How many groups it lies in.
    pub depth: usize,
}

/// `Access level equals External, Public: saw External → yes`; of a group, `One of these → yes`.
impl fmt::Display for ConditionReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (true, Some(outcome)) = (self.operator.is_empty(), self.outcome) {
            return write!(f, "{} → {outcome}", self.field);
        }
        write!(f, "{} {}", self.field, self.operator)?;
        if !self.wanted.is_empty() {
            write!(f, " {}", self.wanted)?;
        }
        match self.outcome {
            Some(outcome) => write!(f, ": saw {} → {outcome}", self.saw),
            None => write!(f, ": {}", self.saw),
        }
    }
}

/// What a policy says of a record, and why.
///
/// Never shows what inspection found, only how much of it (A-019).
///
/// # Examples
///
/// ```
/// use label_core::{AppId, FileId, FileKey, LabelCatalog, LabelView, PolicyId, TenantId};
/// use policy_engine::{AccessLevel, BuildContext, ContentAnswer, FileRecord, PolicySet};
///
/// let labels = LabelView::new(LabelCatalog::empty(TenantId::from_u128(1)).into());
/// let policies = PolicySet::from_json(
///     r#"{"format": "file-policies/1", "policies": [
///         {"id": "1", "name": "Exposed", "filters": {"sharing": {"eq": [2, 3]}}}
///     ]}"#,
///     &BuildContext::new(&labels),
/// )?;
/// let mut file = FileRecord::new(FileKey::new(AppId::BOX, 0, FileId::parse("1")?), "a.docx");
/// file.access_level = Some(AccessLevel::External);
///
/// let mut nothing_read = |_: &_| ContentAnswer::NotYet;
/// let explanation = policies
///     .explain(&PolicyId::parse("1")?, &file, 0, &mut nothing_read)
///     .ok_or("no such policy")?;
/// assert_eq!(
///     explanation.to_string(),
///     "policy `Exposed`: match\n  Access level equals External, Public: saw External → yes"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// The policy.
    pub policy: PolicyId,
    /// Its name.
    pub name: String,
    /// What it says.
    pub outcome: Outcome,
    /// What each part of it saw, scopes first, content last.
    pub conditions: Vec<ConditionReport>,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "policy `{}`: {}", self.name, self.outcome)?;
        show_conditions(&self.conditions, f)
    }
}

fn show_conditions(conditions: &[ConditionReport], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if conditions.is_empty() {
        write!(f, "\n  no condition: every file matches")?;
    }
    for condition in conditions {
        let indent = 2 * condition.depth;
        write!(f, "\n  {:indent$}{condition}", "")?;
    }
    Ok(())
}

/// What a filter says of a record, and why; see [`Filter::explain`](crate::Filter::explain).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FilterExplanation {
    /// Whether it matches.
    pub answer: Answer,
    /// What each part of it saw.
    pub conditions: Vec<ConditionReport>,
}

impl fmt::Display for FilterExplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "filter: {}", self.answer)?;
        show_conditions(&self.conditions, f)
    }
}

/// Explains a filter on its own.
pub(crate) fn filter(
    program: &Program,
    labels: &LabelView,
    record: &FileRecord,
    now_ms: i64,
) -> FilterExplanation {
    let mut events = Vec::new();
    let admitted = Answer::from(program.admits(record));
    if admitted == Answer::No {
        events.push(Event::Deleted);
    }
    let answer = admitted.and(program.answer(record, now_ms, &mut events));
    let reports = Reports::new(String::new(), program, labels, record);
    FilterExplanation {
        answer,
        conditions: reports.of(None, &events),
    }
}

/// Puts into words what the parts of a policy said.
pub(crate) fn policy(
    policy: &Policy,
    record: &FileRecord,
    outcome: Outcome,
    events: &[Event<'_>],
) -> Explanation {
    let compiled = policy.compiled();
    let place = compiled.pointer.clone();
    let reports = Reports::new(place, &compiled.program, &compiled.labels, record);
    Explanation {
        policy: policy.id().clone(),
        name: policy.name().to_owned(),
        outcome,
        conditions: reports.of(Some(compiled), events),
    }
}

impl Policy {
    /// Why it says what it says of a record: all conditions are looked at, also after the first
    /// that fails. Content is asked for only when everything else holds, as in
    /// [`evaluate`](Self::evaluate), whose outcome this has.
    pub fn explain(
        &self,
        record: &FileRecord,
        now_ms: i64,
        content: &mut dyn ContentMatcher,
    ) -> Explanation {
        self.trace(record, now_ms, content).explanation()
    }
}

/// Collects reports.
struct Reports<'p> {
    /// Where the policy or the filter stands.
    place: String,
    labels: &'p LabelView,
    record: &'p FileRecord,
    file_types: FileTypeTable,
    scopes: Vec<ConditionReport>,
    /// With their places in the document: they are evaluated in another order.
    conditions: Vec<(usize, ConditionReport)>,
    content: Option<ConditionReport>,
}

impl<'p> Reports<'p> {
    fn new(
        place: String,
        program: &Program,
        labels: &'p LabelView,
        record: &'p FileRecord,
    ) -> Self {
        Self {
            place,
            labels,
            record,
            file_types: program.file_types,
            scopes: Vec::new(),
            conditions: Vec::new(),
            content: None,
        }
    }

    fn pointer(&self, member: &str) -> String {
        format!("{}/{member}", self.place)
    }

    /// Scopes first, conditions in the order of the document, content last.
    fn of(mut self, compiled: Option<&Compiled>, events: &[Event<'_>]) -> Vec<ConditionReport> {
        for event in events {
            match (event, compiled) {
                (Event::Disabled, _) => self.disabled(),
                (Event::Deleted, _) => self.deleted(),
                (Event::Folders(scope), Some(compiled)) => self.folder_scope(compiled, *scope),
                (Event::Owners(scope), Some(compiled)) => self.owner_scope(compiled, *scope),
                // Filters have no scopes.
                (Event::Folders(_) | Event::Owners(_), None) => {}
                (Event::Condition(condition, answer), _) => self.condition(condition, *answer),
                (Event::Group(group, answer), _) => self.group(group, *answer),
                (Event::Content(inspection, answer), _) => self.content(inspection, *answer),
            }
        }
        self.conditions.sort_by_key(|(position, _)| *position);
        let conditions = self.conditions.into_iter().map(|(_, report)| report);
        let mut all = self.scopes;
        all.extend(conditions);
        all.extend(self.content);
        all
    }

    fn condition(&mut self, condition: &Condition, answer: Answer) {
        let report = ConditionReport {
            pointer: condition.pointer.to_string(),
            field: condition.field.title().to_owned(),
            operator: condition.operator.to_string(),
            wanted: condition.wanted.to_string(),
            saw: self.saw(condition, answer),
            outcome: Some(answer),
            depth: condition.depth,
        };
        self.conditions.push((condition.position, report));
    }

    fn group(&mut self, group: &Group, answer: Answer) {
        let field = match group.kind {
            GroupKind::All => "All of these",
            GroupKind::Any => "One of these",
            GroupKind::None => "None of these",
        };
        let report = ConditionReport {
            pointer: group.pointer.to_string(),
            field: field.to_owned(),
            operator: String::new(),
            wanted: String::new(),
            saw: String::new(),
            outcome: Some(answer),
            depth: group.depth,
        };
        self.conditions.push((group.position, report));
    }

    fn disabled(&mut self) {
        self.scopes.push(ConditionReport {
            pointer: self.pointer("enabled"),
            field: "Policy".to_owned(),
            operator: "is enabled".to_owned(),
            wanted: String::new(),
            saw: "disabled".to_owned(),
            outcome: Some(Answer::No),
            depth: 0,
        });
    }

    fn deleted(&mut self) {
        self.scopes.push(ConditionReport {
            pointer: self.pointer("filters"),
            field: "File".to_owned(),
            operator: "exists".to_owned(),
            wanted: String::new(),
            saw: "a deleted file".to_owned(),
            outcome: Some(Answer::No),
            depth: 0,
        });
    }

    fn folder_scope(&mut self, compiled: &Compiled, scope: ScopeAnswer) {
        let record = self.record;
        let (operator, folders) = match &compiled.definition.folder_scope {
            FolderScope::All => return,
            FolderScope::Selected(folders) => ("lies in", folders),
            FolderScope::Excluding(folders) => ("does not lie in", folders),
        };
        let wanted: Vec<String> = folders.iter().map(show_folder).collect();
        let above = record.ancestor_folders.as_deref().unwrap_or_default();
        // Some apps name the direct parent among all folders above, some don't.
        let beside = record
            .parent_folders
            .iter()
            .filter(|parent| !above.contains(parent));
        let mut saw = shorten(above.iter().chain(beside).map(|id| &**id));
        if scope.guessed {
            saw = "unknown folders".to_owned();
        }
        self.scopes.push(ConditionReport {
            pointer: self.pointer("folderScope"),
            field: "File".to_owned(),
            operator: operator.to_owned(),
            wanted: shorten(wanted.iter().map(String::as_str)),
            saw,
            outcome: Some(Answer::from(scope.inside)),
            depth: 0,
        });
    }

    fn owner_scope(&mut self, compiled: &Compiled, scope: ScopeAnswer) {
        let (operator, groups) = match &compiled.definition.owner_scope {
            OwnerScope::All => return,
            OwnerScope::Selected(groups) => ("is in group", groups),
            OwnerScope::Excluding(groups) => ("is not in group", groups),
        };
        let groups_of_owner = self
            .record
            .owner_groups
            .iter()
            .flatten()
            .map(|group| &**group);
        self.scopes.push(ConditionReport {
            pointer: self.pointer("ownerScope"),
            field: "Owner".to_owned(),
            operator: operator.to_owned(),
            wanted: shorten(groups.iter().map(String::as_str)),
            saw: if scope.guessed {
                "unknown groups".to_owned()
            } else {
                shorten(groups_of_owner)
            },
            outcome: Some(Answer::from(scope.inside)),
            depth: 0,
        });
    }

    fn content(&mut self, inspection: &Inspection, answer: Option<ContentAnswer>) {
        let (saw, outcome) = match answer {
            None => ("not asked for".to_owned(), None),
            Some(ContentAnswer::Match { count }) => (matches_of(count), Some(Answer::Yes)),
            Some(ContentAnswer::NoMatch) => ("too few, or excluded".to_owned(), Some(Answer::No)),
            Some(ContentAnswer::Unavailable(reason)) => {
                (format!("nothing, {reason}"), Some(Answer::No))
            }
            Some(ContentAnswer::NotYet) => (
                "nothing, not inspected yet".to_owned(),
                Some(Answer::Unknown),
            ),
        };
        let least = matches_of(inspection.minimum_matches as usize);
        self.content = Some(ConditionReport {
            pointer: self.pointer("inspection"),
            field: "Content".to_owned(),
            operator: "has at least".to_owned(),
            wanted: format!("{least} of {}", show_include(&inspection.include)),
            saw,
            outcome,
            depth: 0,
        });
    }

    /// The record's values for a condition.
    fn saw(&self, condition: &Condition, answer: Answer) -> String {
        let record = self.record;
        let field = condition.field;
        let table = self.file_types;
        match field.kind() {
            Kind::Label if answer == Answer::Unknown => "labels never read".to_owned(),
            Kind::Label => {
                let names: Vec<String> = record
                    .labels
                    .iter()
                    .map(|&key| {
                        let name = self.labels.display_name(key);
                        name.unwrap_or_else(|| format!("{} (deleted)", key.label))
                    })
                    .collect();
                shorten(names.iter().map(String::as_str))
            }
            Kind::Warning => {
                let names: Vec<String> = record
                    .warnings
                    .iter()
                    .map(|warning| warning.to_string())
                    .collect();
                shorten(names.iter().map(String::as_str))
            }
            Kind::Instant => {
                program::instant(field, record).map_or_else(|| NO_VALUE.to_owned(), show_instant)
            }
            Kind::Entity => shorten(
                program::entities(field, record)
                    .iter()
                    .map(|entity| &*entity.id),
            ),
            Kind::Text | Kind::Extension => {
                shorten(program::Texts::of(field, condition.operator, record).iter())
            }
            Kind::Name => format!("`{}`", quote(&record.name)),
            Kind::App | Kind::Number | Kind::AccessLevel | Kind::FileType | Kind::Boolean => {
                program::code(field, record, table)
                    .map_or_else(|| NO_VALUE.to_owned(), |code| show_code(field, code))
            }
        }
    }
}

const NO_VALUE: &str = "no value";

fn show_code(field: Field, code: u32) -> String {
    match field {
        Field::AccessLevel => AccessLevel::from_code(code).map(|level| level.to_string()),
        Field::FileType => FileType::from_code(code).map(|kind| kind.to_string()),
        Field::App => label_core::AppId(code).name().map(str::to_owned),
        Field::Trashed | Field::Quarantined | Field::Folder | Field::CollaboratorsOrganization => {
            Some((code == 1).to_string())
        }
        _ => None,
    }
    .unwrap_or_else(|| code.to_string())
}

fn show_folder(folder: &FolderReference) -> String {
    match folder.instance {
        0 => format!("{} `{}`", folder.app, quote(&folder.id)),
        instance => format!("{} ({instance}) `{}`", folder.app, quote(&folder.id)),
    }
}

fn show_include(include: &Include) -> String {
    match include {
        Include::Preset(id) => format!("`{}`", quote(id)),
        Include::Types { types, combine } => {
            let how = match combine {
                Combine::Any => "any of",
                Combine::All => "all of",
            };
            format!("{how} {}", shorten(types.iter().map(String::as_str)))
        }
        Include::Expression { kind, text, .. } => {
            let kind = match kind {
                ExpressionForm::Substring => "the text",
                ExpressionForm::Exact => "the phrase",
                ExpressionForm::Regex => "the expression",
            };
            format!("{kind} `{}`", quote(text))
        }
    }
}

fn matches_of(count: usize) -> String {
    match count {
        1 => "1 match".to_owned(),
        count => format!("{count} matches"),
    }
}

/// The first [`SHOWN_MAX`] values, separated by commas.
pub(crate) fn shorten<'v>(values: impl Iterator<Item = &'v str>) -> String {
    let mut shown = String::new();
    let mut left = 0;
    for (at, value) in values.enumerate() {
        if at >= SHOWN_MAX {
            left += 1;
            continue;
        }
        if at > 0 {
            shown.push_str(", ");
        }
        shown.push_str(&quote(value));
    }
    if left > 0 {
        shown.push_str(&format!(" and {left} more"));
    }
    if shown.is_empty() {
        shown.push_str(NO_VALUE);
    }
    shown
}
