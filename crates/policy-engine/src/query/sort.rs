//! The order of a listing.

use std::cmp::Ordering;

use crate::fold::folded;
use crate::record::FileRecord;

/// What a listing is sorted by.
///
/// # Examples
///
/// ```
/// use policy_engine::SortField;
///
/// assert_eq!(SortField::Modified.name(), "modifiedDate");
/// assert_eq!(SortField::parse("fileSize"), Some(SortField::Size));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SortField {
    /// When content, metadata or sharing last changed: `modifiedDate`.
    Modified,
    /// When the file was created: `createdDate`.
    Created,
    /// The name, without letter case, by code point: `name`. An empty name counts as missing.
    Name,
    /// The size in bytes: `fileSize`.
    Size,
    /// How far the file is shared, Private first: `sharing`.
    AccessLevel,
    /// The number of the app: `appId`.
    App,
}

impl SortField {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Modified,
        Self::Created,
        Self::Name,
        Self::Size,
        Self::AccessLevel,
        Self::App,
    ];

    /// The names, each in the place of its field.
    pub(super) const NAMES: [&'static str; 6] = [
        "modifiedDate",
        "createdDate",
        "name",
        "fileSize",
        "sharing",
        "appId",
    ];

    /// The name in a query.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Modified => "modifiedDate",
            Self::Created => "createdDate",
            Self::Name => "name",
            Self::Size => "fileSize",
            Self::AccessLevel => "sharing",
            Self::App => "appId",
        }
    }

    /// The field of this name; letter case matters, as in the product.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }

    /// The order of two records by this field alone. A missing value comes last in both
    /// directions: the first pages of a listing are those with something to see.
    fn compare(self, direction: SortDirection, one: &FileRecord, other: &FileRecord) -> Ordering {
        match self {
            Self::Modified => directed(direction, one.modified_ms, other.modified_ms, i64::cmp),
            Self::Created => directed(direction, one.created_ms, other.created_ms, i64::cmp),
            Self::Name => directed(direction, name(one), name(other), by_name),
            Self::Size => directed(direction, one.size_bytes, other.size_bytes, u64::cmp),
            Self::AccessLevel => {
                directed(direction, one.access_level, other.access_level, Ord::cmp)
            }
            Self::App => direction.of(one.key.app.cmp(&other.key.app)),
        }
    }
}

/// Which end of a listing comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SortDirection {
    /// The smallest, oldest, or first of the alphabet: `asc`.
    #[default]
    Ascending,
    /// The largest, newest, or last of the alphabet: `desc`.
    Descending,
}

impl SortDirection {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Ascending, Self::Descending];

    /// The names, each in the place of its direction.
    pub(super) const NAMES: [&'static str; 2] = ["asc", "desc"];

    /// The name in a query.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ascending => "asc",
            Self::Descending => "desc",
        }
    }

    const fn of(self, order: Ordering) -> Ordering {
        match self {
            Self::Ascending => order,
            Self::Descending => order.reverse(),
        }
    }
}

/// A total order of the records of an inventory: by the field, then by file key, so that no two
/// pages of a listing show the same file and none is left out between them.
pub(super) fn compare(
    field: Option<SortField>,
    direction: SortDirection,
    one: &FileRecord,
    other: &FileRecord,
) -> Ordering {
    let by_key = one.key.cmp(&other.key);
    match field {
        None => direction.of(by_key),
        Some(field) => field.compare(direction, one, other).then(by_key),
    }
}

fn name(record: &FileRecord) -> Option<&str> {
    Some(&*record.name).filter(|name| !name.is_empty())
}

/// Without letter case.
fn by_name(one: &&str, other: &&str) -> Ordering {
    // Most names are ASCII; folding character by character takes longer.
    if one.is_ascii() && other.is_ascii() {
        let one = one.bytes().map(|byte| byte.to_ascii_lowercase());
        return one.cmp(other.bytes().map(|byte| byte.to_ascii_lowercase()));
    }
    folded(one).cmp(folded(other))
}

fn directed<T>(
    direction: SortDirection,
    one: Option<T>,
    other: Option<T>,
    compare: impl Fn(&T, &T) -> Ordering,
) -> Ordering {
    match (&one, &other) {
        (Some(one), Some(other)) => direction.of(compare(one, other)),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}
