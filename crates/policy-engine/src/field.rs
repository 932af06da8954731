//! Every property a filter may name: its wire name, what its values are, and which operators it
//! takes.
//!
//! The table follows the product's list of file filters. Two additions stand where its
//! documentation recommends them: `descendantof` on labels and parent folders, and the text
//! operators on file names.

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
    const ALL: [Self; 22] = [
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
/// use policy_engine::{Field, Operator};
///
/// let field = Field::parse("sharing").ok_or("missing")?;
/// assert_eq!(field, Field::AccessLevel);
/// assert_eq!(field.title(), "Access level");
/// assert_eq!(field.operators(), [Operator::Eq, Operator::Neq]);
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

struct Row {
    field: Field,
    name: &'static str,
    title: &'static str,
    kind: Kind,
    operators: &'static [Operator],
}

const EQUALITY: &[Operator] = &[Operator::Eq, Operator::Neq];
const SETTABLE: &[Operator] = &[
    Operator::Eq,
    Operator::Neq,
    Operator::IsSet,
    Operator::IsNotSet,
];
const DATES: &[Operator] = &[
    Operator::Lte,
    Operator::Gte,
    Operator::Lt,
    Operator::Gt,
    Operator::Range,
];

const ROWS: &[Row] = &[
    row(Field::App, "service", "App", Kind::App, EQUALITY),
    row(
        Field::Instance,
        "instance",
        "Instance",
        Kind::Number,
        EQUALITY,
    ),
    row(
        Field::AccessLevel,
        "sharing",
        "Access level",
        Kind::AccessLevel,
        EQUALITY,
    ),
    row(
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
    ),
    row(
        Field::ScanWarning,
        "fileScanLabels",
        "Scan warning",
        Kind::Warning,
        SETTABLE,
    ),
    row(
        Field::OwnerOrgUnit,
        "owner.orgUnit",
        "Owner OU",
        Kind::Text,
        EQUALITY,
    ),
    row(
        Field::OwnerEntity,
        "owner.entity",
        "Owner",
        Kind::Entity,
        EQUALITY,
    ),
    row(
        Field::OwnerUsername,
        "owner.username",
        "Owner address",
        Kind::Text,
        EQUALITY,
    ),
    row(
        Field::Modified,
        "modifiedDate",
        "Last modified",
        Kind::Instant,
        &[
            Operator::Lte,
            Operator::Gte,
            Operator::Lt,
            Operator::Gt,
            Operator::Range,
            Operator::LteNdays,
            Operator::GteNdays,
        ],
    ),
    row(
        Field::Created,
        "createdDate",
        "Created",
        Kind::Instant,
        DATES,
    ),
    row(
        Field::Snapshot,
        "snapshotLastModifiedDate",
        "Record refreshed",
        Kind::Instant,
        DATES,
    ),
    row(
        Field::Extension,
        "extension",
        "Extension",
        Kind::Extension,
        EQUALITY,
    ),
    row(
        Field::FileType,
        "fileType",
        "File type",
        Kind::FileType,
        EQUALITY,
    ),
    row(
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
            Operator::StartsWith,
            Operator::StartsWithSingle,
            Operator::DoesNotStartWith,
            Operator::EndsWith,
        ],
    ),
    row(
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
    ),
    row(
        Field::CollaboratorsWithDomain,
        "collaborators.withDomain",
        "Collaborators from domain",
        Kind::Text,
        &[Operator::Eq, Operator::Neq, Operator::Deq],
    ),
    row(
        Field::CollaboratorsDomains,
        "collaborators.domains",
        "Collaborators from domain",
        Kind::Text,
        &[Operator::Eq, Operator::Neq, Operator::Deq],
    ),
    row(
        Field::CollaboratorsGroups,
        "collaborators.groups",
        "Collaborating groups",
        Kind::Text,
        EQUALITY,
    ),
    row(
        Field::CollaboratorsUsers,
        "collaborators.users",
        "Collaborating users",
        Kind::Text,
        EQUALITY,
    ),
    row(
        Field::CollaboratorsEntity,
        "collaborators.entity",
        "Collaborators",
        Kind::Entity,
        EQUALITY,
    ),
    row(
        Field::MimeType,
        "mimeType",
        "MIME type",
        Kind::Text,
        EQUALITY,
    ),
    row(Field::FileId, "fileId", "File ID", Kind::Text, EQUALITY),
    row(
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
    ),
    row(
        Field::Trashed,
        "trashed",
        "In trash",
        Kind::Boolean,
        &[Operator::Eq],
    ),
    row(
        Field::Quarantined,
        "quarantined",
        "Quarantined",
        Kind::Boolean,
        &[Operator::Eq],
    ),
    row(
        Field::Folder,
        "folder",
        "Folder",
        Kind::Boolean,
        &[Operator::Eq],
    ),
    row(
        Field::AllowDeleted,
        "allowDeleted",
        "Deleted files",
        Kind::Boolean,
        &[Operator::Eq],
    ),
];

const fn row(
    field: Field,
    name: &'static str,
    title: &'static str,
    kind: Kind,
    operators: &'static [Operator],
) -> Row {
    Row {
        field,
        name,
        title,
        kind,
        operators,
    }
}

impl Field {
    /// The field of this name in the filter JSON.
    pub fn parse(name: &str) -> Option<Self> {
        ROWS.iter()
            .find(|row| row.name == name)
            .map(|row| row.field)
    }

    /// All names, in the order of the product's list.
    pub fn names() -> impl Iterator<Item = &'static str> {
        ROWS.iter().map(|row| row.name)
    }

    /// The name in the filter JSON.
    pub fn name(self) -> &'static str {
        self.row().map_or("", |row| row.name)
    }

    /// The name in the product's pages.
    pub fn title(self) -> &'static str {
        self.row().map_or("", |row| row.title)
    }

    /// The operators it takes.
    pub fn operators(self) -> &'static [Operator] {
        self.row().map_or(&[], |row| row.operators)
    }

    pub(crate) fn kind(self) -> Kind {
        self.row().map_or(Kind::Text, |row| row.kind)
    }

    fn row(self) -> Option<&'static Row> {
        ROWS.iter().find(|row| row.field == self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back() {
        for row in ROWS {
            assert_eq!(Field::parse(row.name), Some(row.field));
            assert_eq!(row.field.name(), row.name);
        }
        for operator in Operator::ALL {
            assert_eq!(Operator::parse(operator.name()), Some(operator));
        }
    }
}
