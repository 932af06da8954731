//! A listing of files as the product's interface asks for it: a filter, an order and a page (8.1,
//! 8.2).

mod narrow;
mod sort;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;

use serde_json::{Map, Value};

pub use sort::{SortDirection, SortField};

use crate::check::BuildContext;
use crate::error::{BuildCause, BuildErrors, Place, Problems};
use crate::filter::Filter;
use crate::json::{self, Members, type_error};
use crate::record::FileRecord;

/// Most records of a page in the product, and how many there are where a query does not say.
pub const PAGE_RECORDS_MAX: usize = 100;

/// Most records that a query may skip: the largest integer of the product's interface, 32 bits with
/// a sign.
pub const SKIP_MAX: usize = 2_147_483_647;

/// The members of a query.
const MEMBERS: &[&str] = &["filters", "sortField", "sortDirection", "skip", "limit"];

/// What queries may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryOptions {
    /// Most records of a page, at least one. A query that does not say how many it wants gets
    /// [`PAGE_RECORDS_MAX`], or this if it is less. Default: [`PAGE_RECORDS_MAX`].
    pub limit_max: usize,
}

impl Default for QueryOptions {
    fn default() -> Self {
        Self {
            limit_max: PAGE_RECORDS_MAX,
        }
    }
}

/// One page of a listing of files, as JSON asks for it.
///
/// All members may be left out: `filters` (none: every file that is not deleted), `sortField`
/// ([`SortField`]; none: by file key), `sortDirection` (`asc` or `desc`; `asc`), `skip` (0 to
/// [`SKIP_MAX`]; 0) and `limit` (1 to [`QueryOptions::limit_max`]; 100). A file without a value to
/// sort by comes last in both directions, and files with equal values come by file key, so that
/// pages neither overlap nor leave files out while the files stay the same (R-021).
///
/// The names of labels are looked up when the query is read, so read it anew when the label list
/// changes.
///
/// # Examples
///
/// ```
/// use label_core::{LabelCatalog, LabelView, TenantId};
/// use policy_engine::{BuildContext, Query, QueryOptions, SortField};
///
/// let labels = LabelView::new(LabelCatalog::empty(TenantId::from_u128(1)).into());
/// let context = BuildContext::new(&labels);
/// let text = r#"{"filters": {"service": {"eq": [10489]}}, "sortField": "modifiedDate",
///                "sortDirection": "desc", "skip": 200, "limit": 50}"#;
/// let query = Query::from_json(text, &context, &QueryOptions::default())?;
/// assert_eq!(query.sort_field(), Some(SortField::Modified));
/// assert_eq!(query.to_value()["limit"], 50);
///
/// let wrong = r#"{"sortField": "modifieddate", "limit": 500}"#;
/// let errors = Query::from_json(wrong, &context, &QueryOptions::default()).unwrap_err();
/// assert_eq!(errors.as_slice().len(), 2);
/// assert_eq!(errors.as_slice()[0].pointer, "/sortField");
/// assert_eq!(errors.as_slice()[0].suggestion.as_deref(), Some("did you mean `modifiedDate`?"));
/// # Ok::<(), policy_engine::BuildErrors>(())
/// ```
#[derive(Clone, Debug)]
pub struct Query {
    /// The members as they came.
    written: Map<String, Value>,
    filter: Filter,
    sort_field: Option<SortField>,
    sort_direction: SortDirection,
    skip: usize,
    limit: usize,
}

impl Query {
    /// Reads a query.
    ///
    /// # Errors
    ///
    /// [`BuildErrors`] with everything that is wrong, pointers from the root of the query: no JSON,
    /// larger than [`DOCUMENT_BYTES_MAX`](crate::DOCUMENT_BYTES_MAX), a member that queries don't
    /// have, a value of another type or out of its range, and all that [`Filter::build`] finds.
    pub fn from_json(
        text: &str,
        context: &BuildContext<'_>,
        options: &QueryOptions,
    ) -> Result<Self, BuildErrors> {
        let mut problems = Problems::default();
        match json::parse(text) {
            Ok(value) => return Self::from_value(&value, context, options),
            Err(cause) => problems.push(&Place::Root, cause),
        }
        Err(problems.into_errors())
    }

    /// Reads a query from a JSON value.
    ///
    /// # Errors
    ///
    /// As [`from_json`](Self::from_json).
    pub fn from_value(
        value: &Value,
        context: &BuildContext<'_>,
        options: &QueryOptions,
    ) -> Result<Self, BuildErrors> {
        let mut problems = Problems::default();
        let root = Place::Root;
        let members = Members::new(value, &root, MEMBERS, &mut problems);
        let sort_field = members.choice(
            "sortField",
            &SortField::NAMES,
            &SortField::ALL,
            &mut problems,
        );
        let sort_direction = members.choice(
            "sortDirection",
            &SortDirection::NAMES,
            &SortDirection::ALL,
            &mut problems,
        );
        let skip = whole_number(&members, "skip", 0, &mut problems);
        if let Some(skip) = skip.filter(|skip| *skip > SKIP_MAX) {
            too_many(
                &root.member("skip"),
                "records to skip",
                skip,
                SKIP_MAX,
                &mut problems,
            );
        }
        let limit_max = options.limit_max.max(1);
        let limit = whole_number(&members, "limit", 1, &mut problems);
        if let Some(limit) = limit.filter(|limit| *limit > limit_max) {
            too_many(
                &root.member("limit"),
                "records of a page",
                limit,
                limit_max,
                &mut problems,
            );
        }
        let every_file = Value::Object(Map::new());
        let filters = members.value("filters").unwrap_or(&every_file);
        let filter = match Filter::build(filters, context) {
            Ok(filter) => filter,
            Err(errors) => {
                problems.absorb(errors);
                return Err(problems.into_errors());
            }
        };
        problems.into_result()?;
        Ok(Self {
            written: value.as_object().cloned().unwrap_or_default(),
            filter,
            sort_field,
            sort_direction: sort_direction.unwrap_or_default(),
            skip: skip.unwrap_or(0),
            limit: limit.unwrap_or(PAGE_RECORDS_MAX.min(limit_max)),
        })
    }

    /// The query as it was read, member by member; after [`with_skip`](Self::with_skip) with that
    /// `skip`.
    pub fn to_value(&self) -> Value {
        Value::Object(self.written.clone())
    }

    /// The same query from another record on, at most [`SKIP_MAX`]: its next page is that from
    /// [`skip`](Self::skip) plus [`limit`](Self::limit) on.
    #[must_use]
    pub fn with_skip(mut self, skip: usize) -> Self {
        self.skip = skip.min(SKIP_MAX);
        self.written.insert("skip".to_owned(), self.skip.into());
        self
    }

    /// Which files are listed.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// What they are sorted by; nothing for the file key alone.
    pub fn sort_field(&self) -> Option<SortField> {
        self.sort_field
    }

    /// Which end comes first.
    pub fn sort_direction(&self) -> SortDirection {
        self.sort_direction
    }

    /// How many records stand before the page.
    pub fn skip(&self) -> usize {
        self.skip
    }

    /// Most records of the page, at least one.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Which of two records comes first; never equal for two files.
    pub fn compare(&self, one: &FileRecord, other: &FileRecord) -> Ordering {
        sort::compare(self.sort_field, self.sort_direction, one, other)
    }
}

/// A number that is at least `least`, which is 0 or 1.
fn whole_number(
    members: &Members<'_, '_>,
    name: &'static str,
    least: usize,
    problems: &mut Problems,
) -> Option<usize> {
    let expected = if least == 0 {
        "a whole number from 0"
    } else {
        "a whole number from 1"
    };
    let value = members.value(name)?;
    let number = value
        .as_u64()
        // Beyond what the machine can count it is beyond every limit, too.
        .map(|number| usize::try_from(number).unwrap_or(usize::MAX))
        .filter(|number| *number >= least);
    if number.is_none() {
        problems.push(&members.place.member(name), type_error(expected, value));
    }
    number
}

fn too_many(
    place: &Place<'_>,
    what: &'static str,
    count: usize,
    limit: usize,
    problems: &mut Problems,
) {
    problems.push(place, BuildCause::TooMany { what, count, limit });
}
