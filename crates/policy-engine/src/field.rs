//! Every property a filter may name: its wire name, what its values are, and which operators it
//! takes.
//!
//! The table follows the product's list of file filters; what is ours stands in a column of its own
//! and is refused in the product's dialect.

use std::fmt;

/// What a condition does with the record's values `V` and the policy's values `P`.
///
/// A missing value makes `V` empty: positive operators fail, negative ones hold (R-149).
/// Comparisons of text ignore letter case.
///
/// # Examples
///
/// ```
/// use policy_engine::Operator;
///
/// assert_eq!(Operator::Neq.name(), "neq");
/// assert_eq!(Operator::Neq.to_string(), "does not equal");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operator {
    /// Some value of `V` is in `P`.
    Eq,
    /// No value of `V` is in `P`.
    Neq,
    /// Some value of `V` is not in `P`.
    Deq,
    /// A name contains one of the queries, word by word: see [`WordQuery`](crate::WordQuery).
    Contains,
    /// A name contains none of the queries.
    Ncontains,
    /// A name starts with one of the texts.
    StartsWith,
    /// A name starts with the text.
    StartsWithSingle,
    /// A name starts with none of the texts.
    DoesNotStartWith,
    /// A name ends with one of the texts.
    EndsWith,
    /// As `contains`, with one query.
    Text,
    /// The text occurs anywhere, also inside of words. This and the next six are ours.
    Substring,
    /// None of the texts occurs.
    Nsubstring,
    /// A value ends with none of the texts.
    DoesNotEndWith,
    /// The whole value looks like one of the patterns: see [`Pattern`](crate::Pattern).
    Glob,
    /// No value looks like one of the patterns.
    Nglob,
    /// One of the regular expressions is found.
    Regex,
    /// None of the regular expressions is found.
    Nregex,
    /// There is a value.
    IsSet,
    /// There is no value.
    IsNotSet,
    /// Later than an instant.
    Gt,
    /// At or after an instant.
    Gte,
    /// Earlier than an instant.
    Lt,
    /// At or before an instant.
    Lte,
    /// Inside one of the ranges, both ends included.
    Range,
    /// At most this many days of 86,400,000 ms ago.
    GteNdays,
    /// At least this many days ago.
    LteNdays,
    /// Equal to one of the values, or below it.
    DescendantOf,
    /// Neither equal to one of the values nor below it.
    NdescendantOf,
    /// The file matches one of these policies at present.
    MatchedRulesEqual,
}

impl Operator {
    const ALL: [Self; 29] = [
        Self::Eq,
        Self::Neq,
        Self::Deq,
        Self::Contains,
        Self::Ncontains,
        Self::StartsWith,
        Self::StartsWithSingle,
        Self::DoesNotStartWith,
        Self::EndsWith,
        Self::Text,
        Self::Substring,
        Self::Nsubstring,
        Self::DoesNotEndWith,
        Self::Glob,
        Self::Nglob,
        Self::Regex,
        Self::Nregex,
        Self::IsSet,
        Self::IsNotSet,
        Self::Gt,
        Self::Gte,
        Self::Lt,
        Self::Lte,
        Self::Range,
        Self::GteNdays,
        Self::LteNdays,
        Self::DescendantOf,
        Self::NdescendantOf,
        Self::MatchedRulesEqual,
    ];

    /// The name in the filter JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Neq => "neq",
            Self::Deq => "deq",
            Self::Contains => "contains",
            Self::Ncontains => "ncontains",
            Self::StartsWith => "startswith",
            Self::StartsWithSingle => "startswithsingle",
            Self::DoesNotStartWith => "doesnotstartwith",
            Self::EndsWith => "endswith",
            Self::Text => "text",
            Self::Substring => "substring",
            Self::Nsubstring => "nsubstring",
            Self::DoesNotEndWith => "doesnotendwith",
            Self::Glob => "glob",
            Self::Nglob => "nglob",
            Self::Regex => "regex",
            Self::Nregex => "nregex",
            Self::IsSet => "isset",
            Self::IsNotSet => "isnotset",
            Self::Gt => "gt",
            Self::Gte => "gte",
            Self::Lt => "lt",
            Self::Lte => "lte",
            Self::Range => "range",
            Self::GteNdays => "gte_ndays",
            Self::LteNdays => "lte_ndays",
            Self::DescendantOf => "descendantof",
            Self::NdescendantOf => "ndescendantof",
            Self::MatchedRulesEqual => "cabinetmatchedrulesequals",
        }
    }

    /// Whether it holds where its opposite does not, missing values included (R-149).
    pub const fn is_negative(self) -> bool {
        matches!(
            self,
            Self::Neq
                | Self::Ncontains
                | Self::Nsubstring
                | Self::DoesNotStartWith
                | Self::DoesNotEndWith
                | Self::Nglob
                | Self::Nregex
                | Self::NdescendantOf
        )
    }

    /// The operator of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|operator| operator.name() == name)
    }
}

/// The operator as people read it.
impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Eq | Self::MatchedRulesEqual => "equals",
            Self::Neq => "does not equal",
            Self::Deq => "has a value other than",
            Self::Contains | Self::Text => "contains",
            Self::Ncontains => "does not contain",
            Self::StartsWith | Self::StartsWithSingle => "starts with",
            Self::DoesNotStartWith => "does not start with",
            Self::EndsWith => "ends with",
            Self::DoesNotEndWith => "does not end with",
            Self::Substring => "contains the text",
            Self::Nsubstring => "does not contain the text",
            Self::Glob => "looks like",
            Self::Nglob => "does not look like",
            Self::Regex => "matches the expression",
            Self::Nregex => "does not match the expression",
            Self::IsSet => "is set",
            Self::IsNotSet => "is not set",
            Self::Gt => "is after",
            Self::Gte => "is at or after",
            Self::Lt => "is before",
            Self::Lte => "is at or before",
            Self::Range => "is in between",
            Self::GteNdays => "is later than (days)",
            Self::LteNdays => "is earlier than (days)",
            Self::DescendantOf => "equals or is below",
            Self::NdescendantOf => "neither equals nor is below",
        })
    }
}

/// A property of a file that a filter may name.
///
/// # Examples
///
/// ```
/// use policy_engine::{Field, FilterDialect, Operator};
///
/// let field = Field::parse("sharing").ok_or("missing")?;
/// assert_eq!(field, Field::AccessLevel);
/// assert_eq!(field.title(), "Access level");
/// let operators = field.operators(FilterDialect::Product);
/// assert_eq!(operators.collect::<Vec<_>>(), [Operator::Eq, Operator::Neq]);
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Field {
    /// The app, by number.
    App,
    /// Which connected instance of the app.
    Instance,
    /// How far the file is shared.
    AccessLevel,
    /// The labels found on it.
    Label,
    /// Why its content could not be inspected.
    ScanWarning,
    /// The owner's organisational unit.
    OwnerOrgUnit,
    /// The owner as a directory entry, or a group with the owner in it.
    OwnerEntity,
    /// The owner's e-mail address.
    OwnerUsername,
    /// When it was last changed.
    Modified,
    /// When it was created.
    Created,
    /// When the record was refreshed.
    Snapshot,
    /// The extension, without the dot.
    Extension,
    /// Document, spreadsheet, presentation, text, image, folder, other.
    FileType,
    /// The name.
    FileName,
    /// The folder it lies in directly.
    ParentFolder,
    /// Domains of the people with access.
    CollaboratorsWithDomain,
    /// The same, under its other name.
    CollaboratorsDomains,
    /// Groups with access.
    CollaboratorsGroups,
    /// E-mail addresses of the people with access.
    CollaboratorsUsers,
    /// People with access, as directory entries.
    CollaboratorsEntity,
    /// The MIME type, compared whole.
    MimeType,
    /// The file's identity in its app.
    FileId,
    /// The policies it matches at present.
    MatchedPolicy,
    /// Whether it is in the trash.
    Trashed,
    /// Whether it is in quarantine.
    Quarantined,
    /// Whether it is a folder.
    Folder,
    /// Not a property: whether deleted files may match.
    AllowDeleted,
    /// Where it is, as people read it. The product has no such filter.
    Path,
    /// Whether all of the organisation has access. The product's pages have this filter, its
    /// interface has no name for it.
    CollaboratorsOrganization,
}

/// What the values of a field are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    App,
    Number,
    AccessLevel,
    FileType,
    Warning,
    Boolean,
    Label,
    Text,
    Extension,
    Name,
    Instant,
    Entity,
}

/// Whose filters are read.
///
/// # Examples
///
/// ```
/// use policy_engine::{Field, FilterDialect, Operator};
///
/// let name = Field::FileName;
/// assert!(name.operators(FilterDialect::Extended).any(|it| it == Operator::Glob));
/// assert!(!name.operators(FilterDialect::Product).any(|it| it == Operator::Glob));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FilterDialect {
    /// The product's filters and operators and ours, and groups of filters.
    #[default]
    Extended,
    /// What the product's list has (1.3), and `descendantof` on labels and folders; anything else
    /// is an error, as it is there (A-010).
    Product,
}

struct FieldEntry {
    field: Field,
    name: &'static str,
    title: &'static str,
    kind: Kind,
    /// In the product's list.
    operators: &'static [Operator],
    /// Only in ours.
    ours: &'static [Operator],
}

const EQUALITY: &[Operator] = &[Operator::Eq, Operator::Neq];
const SETTABLE: &[Operator] = &[
    Operator::Eq,
    Operator::Neq,
    Operator::IsSet,
    Operator::IsNotSet,
];
const DATES: &[Operator] = &[Operator::Lte, Operator::Gte, Operator::Range];
const STRICT_DATES: &[Operator] = &[Operator::Lt, Operator::Gt];
const PARTS_OF_TEXT: &[Operator] = &[
    Operator::StartsWith,
    Operator::StartsWithSingle,
    Operator::DoesNotStartWith,
    Operator::EndsWith,
    Operator::DoesNotEndWith,
    Operator::Substring,
    Operator::Nsubstring,
    Operator::Glob,
    Operator::Nglob,
    Operator::Regex,
    Operator::Nregex,
];

const ENTRIES: &[FieldEntry] = &[
    entry(Field::App, "service", "App", Kind::App, EQUALITY, &[]),
    entry(
        Field::Instance,
        "instance",
        "Instance",
        Kind::Number,
        EQUALITY,
        &[],
    ),
    entry(
        Field::AccessLevel,
        "sharing",
        "Access level",
        Kind::AccessLevel,
        EQUALITY,
        &[],
    ),
    entry(
        Field::Label,
        "fileLabels",
        "Classification label",
        Kind::Label,
        &[
            Operator::Eq,
            Operator::Neq,
            Operator::IsSet,
            Operator::IsNotSet,
            Operator::DescendantOf,
            Operator::NdescendantOf,
        ],
        &[],
    ),
    entry(
        Field::ScanWarning,
        "fileScanLabels",
        "Scan warning",
        Kind::Warning,
        SETTABLE,
        &[],
    ),
    entry(
        Field::OwnerOrgUnit,
        "owner.orgUnit",
        "Owner OU",
        Kind::Text,
        EQUALITY,
        PARTS_OF_TEXT,
    ),
    entry(
        Field::OwnerEntity,
        "owner.entity",
        "Owner",
        Kind::Entity,
        EQUALITY,
        &[],
    ),
    entry(
        Field::OwnerUsername,
        "owner.username",
        "Owner address",
        Kind::Text,
        EQUALITY,
        PARTS_OF_TEXT,
    ),
    entry(
        Field::Modified,
        "modifiedDate",
        "Last modified",
        Kind::Instant,
        &[
            Operator::Lte,
            Operator::Gte,
            Operator::Range,
            Operator::LteNdays,
            Operator::GteNdays,
        ],
        STRICT_DATES,
    ),
    entry(
        Field::Created,
        "createdDate",
        "Created",
        Kind::Instant,
        DATES,
        STRICT_DATES,
    ),
    entry(
        Field::Snapshot,
        "snapshotLastModifiedDate",
        "Record refreshed",
        Kind::Instant,
        DATES,
        STRICT_DATES,
    ),
    entry(
        Field::Extension,
        "extension",
        "Extension",
        Kind::Extension,
        EQUALITY,
        &[],
    ),
    entry(
        Field::FileType,
        "fileType",
        "File type",
        Kind::FileType,
        EQUALITY,
        &[],
    ),
    entry(
        Field::FileName,
        "filename",
        "File name",
        Kind::Name,
        &[
            Operator::Contains,
            Operator::Ncontains,
            Operator::Eq,
            Operator::Neq,
            Operator::Text,
        ],
        PARTS_OF_TEXT,
    ),
    entry(
        Field::ParentFolder,
        "parentFolder",
        "Parent folder",
        Kind::Text,
        &[
            Operator::Eq,
            Operator::Neq,
            Operator::DescendantOf,
            Operator::NdescendantOf,
        ],
        &[],
    ),
    entry(
        Field::CollaboratorsWithDomain,
        "collaborators.withDomain",
        "Collaborators from domain",
        Kind::Text,
        &[Operator::Eq, Operator::Neq, Operator::Deq],
        PARTS_OF_TEXT,
    ),
    entry(
        Field::CollaboratorsDomains,
        "collaborators.domains",
        "Collaborators from domain",
        Kind::Text,
        EQUALITY,
        &[],
    ),
    entry(
        Field::CollaboratorsGroups,
        "collaborators.groups",
        "Collaborating groups",
        Kind::Text,
        EQUALITY,
        &[],
    ),
    entry(
        Field::CollaboratorsUsers,
        "collaborators.users",
        "Collaborating users",
        Kind::Text,
        EQUALITY,
        PARTS_OF_TEXT,
    ),
    entry(
        Field::CollaboratorsEntity,
        "collaborators.entity",
        "Collaborators",
        Kind::Entity,
        EQUALITY,
        &[],
    ),
    entry(
        Field::MimeType,
        "mimeType",
        "MIME type",
        Kind::Text,
        EQUALITY,
        PARTS_OF_TEXT,
    ),
    entry(
        Field::FileId,
        "fileId",
        "File ID",
        Kind::Text,
        EQUALITY,
        &[],
    ),
    entry(
        Field::MatchedPolicy,
        "policy",
        "Matched policy",
        Kind::Text,
        &[
            Operator::MatchedRulesEqual,
            Operator::Neq,
            Operator::IsSet,
            Operator::IsNotSet,
        ],
        &[],
    ),
    entry(
        Field::Trashed,
        "trashed",
        "In trash",
        Kind::Boolean,
        &[Operator::Eq],
        &[],
    ),
    entry(
        Field::Quarantined,
        "quarantined",
        "Quarantined",
        Kind::Boolean,
        &[Operator::Eq],
        &[],
    ),
    entry(
        Field::Folder,
        "folder",
        "Folder",
        Kind::Boolean,
        &[Operator::Eq],
        &[],
    ),
    entry(
        Field::AllowDeleted,
        "allowDeleted",
        "Deleted files",
        Kind::Boolean,
        &[Operator::Eq],
        &[],
    ),
    entry(
        Field::Path,
        "path",
        "Path",
        Kind::Text,
        &[],
        &[
            Operator::Eq,
            Operator::Neq,
            Operator::IsSet,
            Operator::IsNotSet,
            Operator::StartsWith,
            Operator::StartsWithSingle,
            Operator::DoesNotStartWith,
            Operator::EndsWith,
            Operator::DoesNotEndWith,
            Operator::Substring,
            Operator::Nsubstring,
            Operator::Glob,
            Operator::Nglob,
            Operator::Regex,
            Operator::Nregex,
        ],
    ),
    entry(
        Field::CollaboratorsOrganization,
        "collaborators.organization",
        "Entire organization",
        Kind::Boolean,
        &[],
        &[Operator::Eq],
    ),
];

const fn entry(
    field: Field,
    name: &'static str,
    title: &'static str,
    kind: Kind,
    operators: &'static [Operator],
    ours: &'static [Operator],
) -> FieldEntry {
    FieldEntry {
        field,
        name,
        title,
        kind,
        operators,
        ours,
    }
}

impl Field {
    /// The field of this name in the filter JSON.
    pub fn parse(name: &str) -> Option<Self> {
        ENTRIES
            .iter()
            .find(|entry| entry.name == name)
            .map(|entry| entry.field)
    }

    /// All names of a dialect, in the order of the product's list.
    pub fn names(dialect: FilterDialect) -> impl Iterator<Item = &'static str> {
        let is_known = move |entry: &&FieldEntry| match dialect {
            FilterDialect::Extended => true,
            FilterDialect::Product => !entry.operators.is_empty(),
        };
        ENTRIES.iter().filter(is_known).map(|entry| entry.name)
    }

    /// The name in the filter JSON.
    pub fn name(self) -> &'static str {
        self.entry().map_or("", |entry| entry.name)
    }

    /// The name in the product's pages.
    pub fn title(self) -> &'static str {
        self.entry().map_or("", |entry| entry.title)
    }

    /// The operators it takes.
    pub fn operators(self, dialect: FilterDialect) -> impl Iterator<Item = Operator> {
        let entry = self.entry();
        let products = entry.map_or(&[][..], |entry| entry.operators);
        let ours = entry.map_or(&[][..], |entry| entry.ours);
        let ours = match dialect {
            FilterDialect::Extended => ours,
            FilterDialect::Product => &[],
        };
        products.iter().chain(ours).copied()
    }

    pub(crate) fn kind(self) -> Kind {
        self.entry().map_or(Kind::Text, |entry| entry.kind)
    }

    fn entry(self) -> Option<&'static FieldEntry> {
        // In the order of the fields; a test compares.
        ENTRIES.get(self as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back() {
        for (place, entry) in ENTRIES.iter().enumerate() {
            assert_eq!(entry.field as usize, place);
            assert_eq!(Field::parse(entry.name), Some(entry.field));
            assert_eq!(entry.field.name(), entry.name);
        }
        for operator in Operator::ALL {
            assert_eq!(Operator::parse(operator.name()), Some(operator));
        }
    }
}
