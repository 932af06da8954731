//! A filter added to a query.

use serde_json::{Map, Value};

use super::{Query, QueryOptions};
use crate::check::BuildContext;
use crate::error::BuildErrors;
use crate::field::Field;

impl Query {
    /// The same query for those of its files that another filter finds, too, from the first page
    /// on: what adding a value of a file to the filter does (R-178).
    ///
    /// Where both have conditions on one name, both stand there, as a list. Whether deleted files
    /// may match stays as it is: `allowDeleted` would find more files, and is not taken over.
    ///
    /// # Errors
    ///
    /// As [`from_value`](Self::from_value): when the filter can't be built, or both together are
    /// more than one filter may have.
    ///
    /// # Examples
    ///
    /// ```
    /// use label_core::{LabelCatalog, LabelView, TenantId};
    /// use policy_engine::{BuildContext, Query, QueryOptions};
    /// use serde_json::json;
    ///
    /// let labels = LabelView::new(LabelCatalog::empty(TenantId::from_u128(1)).into());
    /// let context = BuildContext::new(&labels);
    /// let options = QueryOptions::default();
    /// let query = json!({"filters": {"sharing": {"neq": [0]}}, "skip": 100});
    /// let query = Query::from_value(&query, &context, &options)?;
    /// let narrowed = query.narrowed(&json!({"service": {"eq": [10489]}}), &context, &options)?;
    /// assert_eq!(
    ///     narrowed.to_value(),
    ///     json!({"filters": {"sharing": {"neq": [0]}, "service": {"eq": [10489]}}})
    /// );
    /// # Ok::<(), policy_engine::BuildErrors>(())
    /// ```
    pub fn narrowed(
        &self,
        by: &Value,
        context: &BuildContext<'_>,
        options: &QueryOptions,
    ) -> Result<Self, BuildErrors> {
        let mut written = self.written.clone();
        written.remove("skip");
        let filters = match by {
            Value::Object(by) => {
                let before = written.get("filters").and_then(Value::as_object);
                Value::Object(both(before.cloned().unwrap_or_default(), by))
            }
            // Reading says what is wrong with it.
            other => other.clone(),
        };
        written.insert("filters".to_owned(), filters);
        Self::from_value(&Value::Object(written), context, options)
    }
}

/// A filter object that asks for all that two others ask for.
fn both(mut filters: Map<String, Value>, more: &Map<String, Value>) -> Map<String, Value> {
    let more = more
        .iter()
        .filter(|(name, _)| *name != Field::AllowDeleted.name());
    for (name, value) in more {
        match filters.get_mut(name) {
            None => {
                filters.insert(name.clone(), value.clone());
            }
            Some(before) if before == value => {}
            // Any of these and any of those is not any of all of them.
            Some(_) if name == "any" => {
                let mut group = Map::new();
                group.insert(name.clone(), value.clone());
                let group = Value::Array(vec![Value::Object(group)]);
                let place = filters
                    .entry("all")
                    .or_insert_with(|| Value::Array(Vec::new()));
                append(place, group);
            }
            Some(before) => append(before, value.clone()),
        }
    }
    filters
}

/// A list of the one and the other; a bare value is a list of one.
fn append(before: &mut Value, value: Value) {
    let mut list = as_list(before.take());
    list.extend(as_list(value));
    *before = Value::Array(list);
}

fn as_list(value: Value) -> Vec<Value> {
    match value {
        Value::Array(list) => list,
        one => vec![one],
    }
}
