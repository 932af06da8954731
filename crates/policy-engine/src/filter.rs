//! Filters: from the product's JSON to conditions.
//!
//! `{"service": {"eq": [10489]}, "sharing": {"eq": [2, 3]}}`: between names and between operators
//! all must hold, between the values of one operator any (a negative operator: none). Two
//! conditions on one name with one operator are written as a list of condition objects. Beside the
//! names, `all`, `any` and `none` hold lists of filter objects that count together; these are ours.

use std::sync::Arc;

use label_core::{LabelKey, LabelView};
use serde_json::{Map, Value};

use crate::check::BuildContext;
use crate::error::{BuildCause, BuildErrors, Place, Problems, did_you_mean, quote};
use crate::evaluate::Answer;
use crate::explain::{self, FilterExplanation, shorten};
use crate::field::{Field, FilterDialect, Operator};
use crate::json::type_error;
use crate::program::{Condition, Deleted, Gate, Group, GroupKind, Operand, Program};
use crate::record::FileRecord;

/// Most conditions and groups of one filter object.
pub const CONDITIONS_MAX: usize = 200;

/// Most groups that lie in one another.
pub const GROUP_DEPTH_MAX: usize = 8;

/// Most values of one condition.
pub const VALUES_MAX: usize = 5_000;

/// Most patterns of one condition: each takes memory of its own.
pub const PATTERNS_MAX: usize = 100;

/// Longest text value, in bytes.
pub const VALUE_BYTES_MAX: usize = 2_048;

/// Largest number of days of a relative date.
pub const DAYS_MAX: i64 = 36_500;

/// Whether the extension filter tells `PDF` from `pdf`. The product's documentation says so since
/// 2023 (A-003).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ExtensionCase {
    /// It doesn't.
    #[default]
    Ignored,
    /// It does; each capitalisation is a value of its own.
    Respected,
}

/// A filter on its own: a query over file records. Cheap to clone, `Send + Sync`.
///
/// # Examples
///
/// ```
/// use label_core::{AppId, FileId, FileKey, LabelCatalog, LabelView, TenantId};
/// use policy_engine::{Answer, BuildContext, FileRecord, Filter};
///
/// let labels = LabelView::new(LabelCatalog::empty(TenantId::from_u128(1)).into());
/// let query = serde_json::json!({"service": {"eq": [10489]}, "trashed": {"eq": false}});
/// let filter = Filter::build(&query, &BuildContext::new(&labels))?;
///
/// let key = FileKey::new(AppId::BOX, 0, FileId::parse("1")?);
/// assert_eq!(filter.answer(&FileRecord::new(key, "a.txt"), 0), Answer::Yes);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Filter {
    program: Arc<Program>,
    /// For the names of labels in explanations.
    labels: Arc<LabelView>,
}

impl Filter {
    /// Compiles a filter object; pointers of errors start with `/filters`.
    ///
    /// # Errors
    ///
    /// [`BuildErrors`] with everything that is wrong.
    pub fn build(filters: &Value, context: &BuildContext<'_>) -> Result<Self, BuildErrors> {
        let mut problems = Problems::default();
        let root = Place::Root;
        let place = root.member("filters");
        let empty = Map::new();
        let members = filters.as_object().unwrap_or_else(|| {
            problems.push(&place, type_error("an object of filters", filters));
            &empty
        });
        let program = Compiler::new(context, &mut problems, Gone::Accepted)
            .filters(members, &place)
            .0;
        problems.into_result()?;
        Ok(Self {
            program: Arc::new(program),
            labels: Arc::new(context.labels.clone()),
        })
    }

    /// Whether a record matches; unknown where only its labels decide and they were never read.
    /// `now_ms` is what the relative dates are measured from, milliseconds UTC.
    pub fn answer(&self, record: &FileRecord, now_ms: i64) -> Answer {
        match self.program.gate.passed(record, now_ms) {
            Some(passed) => self.program.answer_behind(passed, record, now_ms),
            None => Answer::No,
        }
    }

    /// Why a record matches or doesn't: all conditions are looked at, also after the first that
    /// fails. The answer is that of [`answer`](Self::answer).
    pub fn explain(&self, record: &FileRecord, now_ms: i64) -> FilterExplanation {
        explain::filter(&self.program, &self.labels, record, now_ms)
    }

    /// Whether a condition looks at labels.
    pub fn needs_labels(&self) -> bool {
        self.program.needs_labels()
    }

    pub(crate) fn program(&self) -> &Program {
        &self.program
    }
}

/// A label that a policy names, and where.
#[derive(Clone, Debug)]
pub(crate) struct LabelReference {
    pub(crate) pointer: String,
    pub(crate) key: LabelKey,
    pub(crate) purpose: Purpose,
}

/// What a policy names a label for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Find,
    Apply,
}

/// What becomes of a filter on a label that was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gone {
    /// It is an error: a policy that refers to it is misconfigured (R-191).
    Refused,
    /// Saved queries go on finding the files that carry it (5.2).
    Accepted,
}

/// The groups by name.
pub(crate) const GROUPS: [(&str, GroupKind); 3] = [
    ("all", GroupKind::All),
    ("any", GroupKind::Any),
    ("none", GroupKind::None),
];

/// Compiles filters, and writes down what is wrong.
pub(crate) struct Compiler<'c, 'l> {
    pub(crate) context: &'c BuildContext<'l>,
    pub(crate) problems: &'c mut Problems,
    pub(crate) references: Vec<LabelReference>,
    pub(crate) gone: Gone,
    /// How many conditions and groups there are so far.
    count: usize,
    position: usize,
    allow_deleted: bool,
    trashed: bool,
}

impl<'c, 'l> Compiler<'c, 'l> {
    pub(crate) fn new(
        context: &'c BuildContext<'l>,
        problems: &'c mut Problems,
        gone: Gone,
    ) -> Self {
        Self {
            context,
            problems,
            references: Vec::new(),
            gone,
            count: 0,
            position: 0,
            allow_deleted: false,
            trashed: false,
        }
    }
}

impl Compiler<'_, '_> {
    pub(crate) fn filters(
        mut self,
        filters: &Map<String, Value>,
        place: &Place<'_>,
    ) -> (Program, Vec<LabelReference>) {
        let parts = self.object(filters, place, 0);
        let root = parts.into_group(GroupKind::All, place, 0, 0);
        if self.count > CONDITIONS_MAX {
            self.problems.push(
                place,
                BuildCause::TooMany {
                    what: "conditions",
                    count: self.count,
                    limit: CONDITIONS_MAX,
                },
            );
        }
        // Asking for the trash makes `allowDeleted` ineffective.
        let deleted = if self.allow_deleted && !self.trashed {
            Deleted::Allowed
        } else {
            Deleted::Excluded
        };
        let file_types = self.context.file_types;
        let program = Program {
            gate: Gate::new(&root, deleted, file_types),
            root,
            file_types,
        };
        (program, self.references)
    }

    /// A filter object: its conditions and its groups.
    fn object(&mut self, filters: &Map<String, Value>, place: &Place<'_>, depth: usize) -> Parts {
        let mut parts = Parts::default();
        for (name, value) in filters {
            let place = place.member(name);
            let kind = GROUPS.iter().find(|(known, _)| known == name);
            if let (Some((_, kind)), FilterDialect::Extended) = (kind, self.context.dialect) {
                parts.groups.extend(self.group(*kind, value, &place, depth));
                continue;
            }
            let Some(field) = self.known_field(name, &place) else {
                continue;
            };
            self.trashed |= field == Field::Trashed;
            for condition in self.field(field, value, &place, depth) {
                if field != Field::AllowDeleted {
                    parts.conditions.push(condition);
                    continue;
                }
                self.allow_deleted |=
                    matches!(&condition.operand, Operand::Codes(codes) if codes.contains(&1));
                if depth > 0 {
                    self.problems
                        .push(&place, BuildCause::NotInGroup { name: field.name() });
                }
            }
        }
        parts
    }

    fn known_field(&mut self, name: &str, place: &Place<'_>) -> Option<Field> {
        let dialect = self.context.dialect;
        let field = Field::parse(name)
            .filter(|field| Field::names(dialect).any(|known| known == field.name()));
        if field.is_none() {
            self.problems.push_near(
                place,
                BuildCause::UnknownFilter {
                    name: quote(name),
                    allowed: Field::names(dialect).collect(),
                },
                || did_you_mean(name, Field::names(dialect)),
            );
        }
        field
    }

    /// A group of filter objects. Each counts as one: all of it must hold.
    fn group(
        &mut self,
        kind: GroupKind,
        value: &Value,
        place: &Place<'_>,
        depth: usize,
    ) -> Option<Group> {
        let position = self.next_position();
        self.count += 1;
        let Some(objects) = value.as_array().filter(|list| !list.is_empty()) else {
            self.problems
                .push(place, type_error("a list of filter objects", value));
            return None;
        };
        if depth >= GROUP_DEPTH_MAX || objects.len() > CONDITIONS_MAX {
            let (what, count, limit) = if depth >= GROUP_DEPTH_MAX {
                ("groups in one another", depth + 1, GROUP_DEPTH_MAX)
            } else {
                ("filter objects", objects.len(), CONDITIONS_MAX)
            };
            self.problems
                .push(place, BuildCause::TooMany { what, count, limit });
            return None;
        }
        let mut together = Parts::default();
        for (at, object) in objects.iter().enumerate() {
            let place = place.item(at);
            let Some(filters) = object.as_object().filter(|object| !object.is_empty()) else {
                self.problems
                    .push(&place, type_error("an object of filters", object));
                continue;
            };
            let inner_position = self.next_position();
            let mut parts = self.object(filters, &place, depth + 1);
            if kind == GroupKind::All || parts.conditions.len() + parts.groups.len() == 1 {
                together.conditions.append(&mut parts.conditions);
                together.groups.append(&mut parts.groups);
            } else {
                parts.deepen();
                let group = parts.into_group(GroupKind::All, &place, inner_position, depth + 1);
                together.groups.push(group);
            }
        }
        Some(together.into_group(kind, place, position, depth))
    }

    fn next_position(&mut self) -> usize {
        self.position += 1;
        self.position
    }

    fn field(
        &mut self,
        field: Field,
        value: &Value,
        place: &Place<'_>,
        depth: usize,
    ) -> Vec<Condition> {
        let mut conditions = Vec::new();
        match value {
            Value::Object(operators) => {
                self.operators(field, operators, place, depth, &mut conditions);
            }
            Value::Array(objects) if !objects.is_empty() => {
                for (at, object) in objects.iter().enumerate().take(CONDITIONS_MAX + 1) {
                    let place = place.item(at);
                    match object {
                        Value::Object(operators) => {
                            self.operators(field, operators, &place, depth, &mut conditions);
                        }
                        other => self
                            .problems
                            .push(&place, type_error("an object of operators", other)),
                    }
                }
            }
            other => self.problems.push(
                place,
                type_error("an object of operators, or a list of them", other),
            ),
        }
        conditions
    }

    fn operators(
        &mut self,
        field: Field,
        operators: &Map<String, Value>,
        place: &Place<'_>,
        depth: usize,
        conditions: &mut Vec<Condition>,
    ) {
        if operators.is_empty() {
            let found = Value::Object(Map::new());
            self.problems
                .push(place, type_error("at least one operator", &found));
        }
        for (name, value) in operators {
            let place = place.member(name);
            let dialect = self.context.dialect;
            let operator = field
                .operators(dialect)
                .find(|operator| operator.name() == name);
            let Some(operator) = operator else {
                let allowed: Vec<&str> = field
                    .operators(dialect)
                    .map(|operator| operator.name())
                    .collect();
                let names = allowed.clone();
                self.problems.push_near(
                    &place,
                    BuildCause::UnknownOperator {
                        filter: field.name(),
                        operator: quote(name),
                        allowed,
                    },
                    || did_you_mean(name, names),
                );
                continue;
            };
            if let Some((operator, operand, wanted)) = self.operand(field, operator, value, &place)
            {
                self.count += 1;
                conditions.push(Condition {
                    pointer: place.to_string().into_boxed_str(),
                    position: self.next_position(),
                    depth,
                    field,
                    operator,
                    operand,
                    wanted: show_wanted(operator, &wanted).into_boxed_str(),
                    step: None,
                });
            }
        }
    }
}

/// The parts of a group while they are read.
#[derive(Default)]
struct Parts {
    conditions: Vec<Condition>,
    groups: Vec<Group>,
}

impl Parts {
    fn into_group(
        self,
        kind: GroupKind,
        place: &Place<'_>,
        position: usize,
        depth: usize,
    ) -> Group {
        Group::new(
            kind,
            place.to_string().into_boxed_str(),
            position,
            depth,
            self.conditions,
            self.groups,
        )
    }

    /// They lie in one group more.
    fn deepen(&mut self) {
        for condition in &mut self.conditions {
            condition.depth += 1;
        }
        self.groups.iter_mut().for_each(Group::deepen);
    }
}

/// The values of a condition for people to read.
fn show_wanted(operator: Operator, values: &[String]) -> String {
    match (operator, values) {
        (Operator::IsSet | Operator::IsNotSet, _) => String::new(),
        (_, []) => "nothing".to_owned(),
        (_, values) => shorten(values.iter().map(String::as_str)),
    }
}

/// An instant for people to read.
pub(crate) fn show_instant(instant_ms: i64) -> String {
    chrono::DateTime::from_timestamp_millis(instant_ms).map_or_else(
        || format!("{instant_ms} ms"),
        |instant| instant.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true),
    )
}
