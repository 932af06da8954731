//! Filters of ours in the product's JSON, where it can say the same (8.2).

use std::collections::BTreeSet;

use label_core::LabelKey;
use serde_json::{Map, Value, json};

use crate::check::BuildContext;
use crate::error::{BuildCause, BuildErrors, Place, Problems};
use crate::field::{Field, FilterDialect, Kind, Operator};
use crate::filter::{Filter, Gone, VALUES_MAX};
use crate::json::type_error;
use crate::value::{self, sublabels};

/// A filter object as the product takes it: one object of operators for each filter, lists of values
/// but for flags and `mimeType`, labels by tenant and id, dates in milliseconds.
///
/// What the product can say in other words is put so: objects of a group `all`, and of a group of one
/// `any`, stand at the top; `gt` and `lt` are `gte` and `lte` a millisecond on; `descendantof` a label
/// is any of it and its sublabels; several conditions on one filter become one where that asks the
/// same. Everything else that is ours is an error at its place: filters and operators that the product
/// lacks, the other groups, and an operator that it would have to ask twice.
///
/// # Errors
///
/// [`BuildErrors`] with all that is wrong with the filters, or, if nothing is, all that the product
/// can't say: [`BuildCause::OnlyOurs`], [`BuildCause::OnlyOnce`], [`BuildCause::Type`] where it takes
/// one value only, [`BuildCause::TooMany`] where lists that are joined get too long. Pointers start
/// with `/filters`.
///
/// # Examples
///
/// ```
/// use label_core::{LabelCatalog, LabelView, TenantId};
/// use policy_engine::{BuildContext, product_filters};
/// use serde_json::json;
///
/// let labels = LabelView::new(LabelCatalog::empty(TenantId::from_u128(1)).into());
/// let context = BuildContext::new(&labels);
/// let ours = json!({"all": [
///     {"service": {"eq": 10489}},
///     {"modifiedDate": {"gt": "2021-01-01T00:00:00Z"}},
/// ]});
/// let exported = product_filters(&ours, &context)?;
/// assert_eq!(exported, json!({
///     "service": {"eq": [10489]}, "modifiedDate": {"gte": 1_609_459_200_001_i64},
/// }));
///
/// let path = json!({"path": {"glob": ["/sites/**"]}});
/// let errors = product_filters(&path, &context).unwrap_err();
/// assert_eq!(errors.to_string(), "/filters/path: the product has no filter `path`");
/// # Ok::<(), policy_engine::BuildErrors>(())
/// ```
pub fn product_filters(filters: &Value, context: &BuildContext<'_>) -> Result<Value, BuildErrors> {
    // What can be read here has the form that is taken for granted below.
    Filter::build(filters, context)?;
    let mut export = Export {
        context,
        problems: Problems::default(),
        filters: Map::new(),
    };
    let root = Place::Root;
    if let Some(members) = filters.as_object() {
        export.object(members, &root.member("filters"));
    }
    let Export {
        problems, filters, ..
    } = export;
    problems.into_result()?;
    Ok(Value::Object(filters))
}

struct Export<'e, 'l> {
    context: &'e BuildContext<'l>,
    problems: Problems,
    filters: Map<String, Value>,
}

impl Export<'_, '_> {
    fn object(&mut self, filters: &Map<String, Value>, place: &Place<'_>) {
        for (name, value) in filters {
            let place = place.member(name);
            if let Some(field) = Field::parse(name) {
                self.field(field, value, &place);
                continue;
            }
            match (name.as_str(), value.as_array().map(Vec::as_slice)) {
                // All of the objects must hold, as between filters; one alone is all and any.
                ("all", Some(objects)) | ("any", Some(objects @ [_])) => {
                    for (at, object) in objects.iter().enumerate() {
                        if let Some(members) = object.as_object() {
                            self.object(members, &place.item(at));
                        }
                    }
                }
                _ => self.only_ours("group", name, &place),
            }
        }
    }

    fn only_ours(&mut self, what: &'static str, name: &str, place: &Place<'_>) {
        let name = name.to_owned();
        self.problems
            .push(place, BuildCause::OnlyOurs { what, name });
    }

    fn field(&mut self, field: Field, value: &Value, place: &Place<'_>) {
        let name = field.name();
        if !Field::names(FilterDialect::Product).any(|known| known == name) {
            self.only_ours("filter", name, place);
            return;
        }
        if let Value::Object(operators) = value {
            self.operators(field, operators, place);
        }
        for (at, object) in value.as_array().into_iter().flatten().enumerate() {
            if let Some(operators) = object.as_object() {
                self.operators(field, operators, &place.item(at));
            }
        }
    }

    fn operators(&mut self, field: Field, operators: &Map<String, Value>, place: &Place<'_>) {
        for (name, value) in operators {
            let place = place.member(name);
            let Some(operator) = Operator::parse(name) else {
                continue;
            };
            let Some((operator, operand)) = self.operand(field, operator, value, &place) else {
                continue;
            };
            let is_known = |known| known == operator;
            if field.operators(FilterDialect::Product).any(is_known) {
                self.put(field, operator, operand, &place);
            } else {
                self.only_ours("operator", name, &place);
            }
        }
    }

    /// An operand in the product's form, and the operator that goes with it; nothing where there is
    /// no such form, which is then said.
    fn operand(
        &mut self,
        field: Field,
        operator: Operator,
        value: &Value,
        place: &Place<'_>,
    ) -> Option<(Operator, Value)> {
        let problems = &mut self.problems;
        let operand = match (operator, field.kind()) {
            (Operator::IsSet | Operator::IsNotSet, _) => {
                let is_set = (operator == Operator::IsSet) == value.as_bool()?;
                let operator = if is_set {
                    Operator::IsSet
                } else {
                    Operator::IsNotSet
                };
                return Some((operator, Value::Bool(true)));
            }
            (Operator::Range, _) => {
                let list = value::list(value, VALUES_MAX, place, problems)?.iter();
                let ranges = list.filter_map(|one| value::range(one, place, problems));
                let range = |range: std::ops::RangeInclusive<i64>| json!({"start": range.start(), "end": range.end()});
                ranges.map(range).collect()
            }
            (Operator::GteNdays | Operator::LteNdays, _) => value.clone(),
            (_, Kind::Instant) => {
                let instant = value::instant(value, place, problems)?;
                // Instants are whole milliseconds. At the ends of time there is no next one.
                let (kept, instant) = match operator {
                    Operator::Gt => (Operator::Gte, instant.checked_add(1)),
                    Operator::Lt => (Operator::Lte, instant.checked_sub(1)),
                    other => (other, Some(instant)),
                };
                let Some(instant) = instant else {
                    self.only_ours("operator", operator.name(), place);
                    return None;
                };
                return Some((kept, instant.into()));
            }
            (Operator::Text | Operator::StartsWithSingle, _) => value.clone(),
            // F18: the product wants one text there.
            _ if field.kind() == Kind::Boolean || field == Field::MimeType => {
                let list = value::list(value, VALUES_MAX, place, problems)?;
                let first = list.first();
                let Some(first) = first.filter(|first| list.iter().all(|one| one == *first)) else {
                    problems.push(
                        place,
                        type_error("one value, which is all that the product takes", value),
                    );
                    return None;
                };
                first.clone()
            }
            (_, Kind::Label) => {
                let list = value::list(value, VALUES_MAX, place, problems)?.iter();
                let labels = self.context.labels;
                let named = list
                    .filter_map(|one| value::label(one, labels, Gone::Accepted, place, problems));
                let (operator, with_sublabels) = match operator {
                    Operator::DescendantOf => (Operator::Eq, true),
                    Operator::NdescendantOf => (Operator::Neq, true),
                    operator => (operator, false),
                };
                let keys: BTreeSet<LabelKey> = named
                    .flat_map(|key| {
                        let below = sublabels(labels, key).filter(|_| with_sublabels);
                        below.chain([key]).collect::<Vec<_>>()
                    })
                    .collect();
                if keys.len() > VALUES_MAX {
                    let (what, count, limit) = ("values", keys.len(), VALUES_MAX);
                    problems.push(place, BuildCause::TooMany { what, count, limit });
                    return None;
                }
                let keys = keys.into_iter().map(|key| Value::String(key.to_string()));
                return Some((operator, keys.collect()));
            }
            // Its list has no such operator for folders.
            (Operator::DescendantOf | Operator::NdescendantOf, _) => {
                self.only_ours("operator", operator.name(), place);
                return None;
            }
            _ => {
                let list = value::list(value, VALUES_MAX, place, problems)?;
                Value::Array(list.to_vec())
            }
        };
        Some((operator, operand))
    }

    /// Adds a condition to what there is on the same filter, all of which must hold.
    fn put(&mut self, field: Field, operator: Operator, operand: Value, place: &Place<'_>) {
        let entry = self
            .filters
            .entry(field.name())
            .or_insert_with(|| Value::Object(Map::new()));
        let Some(operators) = entry.as_object_mut() else {
            return;
        };
        let Some(there) = operators.get_mut(operator.name()) else {
            operators.insert(operator.name().to_owned(), operand);
            return;
        };
        if *there == operand {
            return;
        }
        let later = |one: &Value, other: &Value| one.as_i64() > other.as_i64();
        match operator {
            Operator::Gte | Operator::LteNdays => {
                if later(&operand, there) {
                    *there = operand;
                }
            }
            Operator::Lte | Operator::GteNdays => {
                if later(there, &operand) {
                    *there = operand;
                }
            }
            // None of these and none of those is none of all.
            Operator::Neq | Operator::Ncontains if there.is_array() => {
                let (Some(there), Value::Array(more)) = (there.as_array_mut(), operand) else {
                    return;
                };
                there.extend(more);
                if field.kind() == Kind::Label {
                    there.sort_by(|one, other| one.as_str().cmp(&other.as_str()));
                    there.dedup();
                }
                if there.len() > VALUES_MAX {
                    let (what, count, limit) = ("values", there.len(), VALUES_MAX);
                    self.problems
                        .push(place, BuildCause::TooMany { what, count, limit });
                }
            }
            _ => {
                let operator = operator.name();
                self.problems.push(place, BuildCause::OnlyOnce { operator });
            }
        }
    }
}
