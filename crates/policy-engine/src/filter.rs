//! Filters: from the product's JSON to conditions.
//!
//! `{"service": {"eq": [10489]}, "sharing": {"eq": [2, 3]}}`: between names and between operators
//! all must hold, between the values of one operator any (a negative operator: none). Two
//! conditions on one name with one operator are written as a list of condition objects.

use std::sync::Arc;

use label_core::{LabelKey, LabelView, LookupError};
use serde_json::{Map, Value};

use crate::check::BuildContext;
use crate::error::{BuildCause, BuildErrors, Place, Problems, did_you_mean, quote};
use crate::evaluate::Answer;
use crate::explain::shorten;
use crate::field::{Field, Operator};
use crate::json::type_error;
use crate::program::{Condition, Deleted, Operand, Program};
use crate::record::FileRecord;

/// Most conditions of one filter object.
pub const CONDITIONS_MAX: usize = 200;

/// Most values of one condition.
pub const VALUES_MAX: usize = 5_000;

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
        let program = Compiler {
            context,
            problems: &mut problems,
            references: Vec::new(),
        }
        .filters(members, &place)
        .0;
        problems.into_result()?;
        Ok(Self {
            program: Arc::new(program),
        })
    }

    /// Whether a record matches; unknown where only its labels decide and they were never read.
    /// `now_ms` is what the relative dates are measured from, milliseconds UTC.
    pub fn answer(&self, record: &FileRecord, now_ms: i64) -> Answer {
        if !self.program.admits(record) {
            return Answer::No;
        }
        let mut all = Answer::Yes;
        for condition in &self.program.conditions {
            all = all.and(condition.answer(record, now_ms, self.program.file_types));
            if all == Answer::No {
                break;
            }
        }
        all
    }

    /// Whether a condition looks at labels.
    pub fn needs_labels(&self) -> bool {
        self.program.needs_labels()
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

/// Compiles filters, and writes down what is wrong.
pub(crate) struct Compiler<'c, 'l> {
    pub(crate) context: &'c BuildContext<'l>,
    pub(crate) problems: &'c mut Problems,
    pub(crate) references: Vec<LabelReference>,
}

impl Compiler<'_, '_> {
    pub(crate) fn filters(
        mut self,
        filters: &Map<String, Value>,
        place: &Place<'_>,
    ) -> (Program, Vec<LabelReference>) {
        let mut conditions = Vec::new();
        let mut allow_deleted = false;
        let mut trashed = false;
        for (name, value) in filters {
            let place = place.member(name);
            let Some(field) = Field::parse(name) else {
                self.problems.push_with(
                    &place,
                    BuildCause::UnknownFilter {
                        name: quote(name),
                        allowed: Field::names().collect(),
                    },
                    did_you_mean(name, Field::names()),
                );
                continue;
            };
            trashed |= field == Field::Trashed;
            for condition in self.field(field, value, &place) {
                if field == Field::AllowDeleted {
                    allow_deleted |=
                        matches!(&condition.operand, Operand::Codes(codes) if codes.contains(&1));
                } else {
                    conditions.push(condition);
                }
            }
        }
        if conditions.len() > CONDITIONS_MAX {
            self.problems.push(
                place,
                BuildCause::TooMany {
                    what: "conditions",
                    count: conditions.len(),
                    limit: CONDITIONS_MAX,
                },
            );
        }
        for (position, condition) in conditions.iter_mut().enumerate() {
            condition.position = position;
        }
        // Asking for the trash makes `allowDeleted` ineffective.
        let deleted = if allow_deleted && !trashed {
            Deleted::Allowed
        } else {
            Deleted::Excluded
        };
        (
            Program::new(conditions, deleted, self.context.file_types),
            self.references,
        )
    }

    fn field(&mut self, field: Field, value: &Value, place: &Place<'_>) -> Vec<Condition> {
        let mut conditions = Vec::new();
        match value {
            Value::Object(operators) => self.object(field, operators, place, &mut conditions),
            Value::Array(objects) if !objects.is_empty() => {
                for (at, object) in objects.iter().enumerate().take(CONDITIONS_MAX + 1) {
                    let place = place.item(at);
                    match object {
                        Value::Object(operators) => {
                            self.object(field, operators, &place, &mut conditions);
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

    fn object(
        &mut self,
        field: Field,
        operators: &Map<String, Value>,
        place: &Place<'_>,
        conditions: &mut Vec<Condition>,
    ) {
        if operators.is_empty() {
            let found = Value::Object(Map::new());
            self.problems
                .push(place, type_error("at least one operator", &found));
        }
        for (name, value) in operators {
            let place = place.member(name);
            let operator =
                Operator::parse(name).filter(|operator| field.operators().contains(operator));
            let Some(operator) = operator else {
                let allowed: Vec<&str> = field
                    .operators()
                    .iter()
                    .map(|operator| operator.name())
                    .collect();
                let suggestion = did_you_mean(name, allowed.iter().copied());
                self.problems.push_with(
                    &place,
                    BuildCause::UnknownOperator {
                        filter: field.name(),
                        operator: quote(name),
                        allowed,
                    },
                    suggestion,
                );
                continue;
            };
            if let Some((operator, operand, wanted)) = self.operand(field, operator, value, &place)
            {
                conditions.push(Condition {
                    pointer: place.to_string().into_boxed_str(),
                    position: 0,
                    field,
                    operator,
                    operand,
                    wanted: show_wanted(operator, &wanted).into_boxed_str(),
                });
            }
        }
    }
}

/// Looks a label up, and says so when there is none.
pub(crate) fn find_label(
    labels: &LabelView,
    text: &str,
    place: &Place<'_>,
    problems: &mut Problems,
) -> Option<LabelKey> {
    match labels.find(text) {
        Ok(key) => Some(key),
        Err(LookupError::Ambiguous { paths, .. }) => {
            let suggestion = format!("write one of `{}`", paths.join("`, `"));
            let cause = BuildCause::AmbiguousLabel {
                text: quote(text),
                paths,
            };
            problems.push_with(place, cause, Some(suggestion));
            None
        }
        Err(LookupError::Unknown { suggestion, .. }) => {
            problems.push_with(
                place,
                BuildCause::UnknownLabel { text: quote(text) },
                suggestion.map(|path| format!("did you mean `{path}`?")),
            );
            None
        }
        Err(_) => {
            problems.push(place, BuildCause::UnknownLabel { text: quote(text) });
            None
        }
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
