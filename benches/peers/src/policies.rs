//! File policies as data; every contestant writes them in its own language.

use label_core::{AppId, LabelId};
use policy_engine::AccessLevel;

use crate::records;
use crate::sequence::Sequence;

/// Which values a condition wants.
#[derive(Clone, Debug)]
pub enum Choice<T> {
    /// One of these.
    AnyOf(Vec<T>),
    /// None of these.
    NoneOf(Vec<T>),
}

impl<T> Choice<T> {
    /// The values that are named, wanted or not.
    pub fn values(&self) -> &[T] {
        match self {
            Self::AnyOf(values) | Self::NoneOf(values) => values,
        }
    }

    /// Whether the named values are the unwanted ones.
    pub fn is_negative(&self) -> bool {
        matches!(self, Self::NoneOf(_))
    }
}

/// Which text of a record the last condition of a policy looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextProperty {
    /// The owner's organisational unit, whole.
    OwnerUnit,
    /// The extension, whole.
    Extension,
    /// The start of the name.
    NameStart,
}

/// Six conditions that all must hold. They stand in the order in which this project's engine
/// takes them, cheapest first; the others evaluate them in the order in which they are written.
#[derive(Clone, Debug)]
pub struct FilePolicy {
    /// Its place in the list, and its name.
    pub number: usize,
    /// It lies in one of these apps.
    pub apps: Vec<AppId>,
    /// It is shared in one of these ways.
    pub access_levels: Vec<AccessLevel>,
    /// It was changed then or later, milliseconds UTC.
    pub since_ms: i64,
    /// It was created then or earlier, milliseconds UTC.
    pub until_ms: i64,
    /// Its label; a file without one has none of them.
    pub labels: Choice<LabelId>,
    /// Which text the last condition is about.
    pub text_property: TextProperty,
    /// What that text is, or starts with.
    pub texts: Choice<&'static str>,
}

/// How much policies match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mix {
    /// Each about one file in a hundred; the first condition already refuses three of five.
    Selective,
    /// Each about every second file, and two of six conditions name what is not wanted.
    Wide,
}

impl Mix {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Selective, Self::Wide];

    /// The name in the printed table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Selective => "selective",
            Self::Wide => "wide",
        }
    }

    /// So many policies of this mix, the same in every run.
    pub fn generate(self, count: usize) -> Vec<FilePolicy> {
        let mut sequence = Sequence::new(2);
        (0..count)
            .map(|number| self.policy(number, &mut sequence))
            .collect()
    }

    fn policy(self, number: usize, sequence: &mut Sequence) -> FilePolicy {
        let (text_property, texts) = match number % 3 {
            0 => (TextProperty::OwnerUnit, records::UNITS),
            1 => (TextProperty::Extension, records::EXTENSIONS),
            _ => (TextProperty::NameStart, records::FIRST_WORDS),
        };
        let labels: Vec<LabelId> = (0..records::LABELS).map(records::label).collect();
        let (codes, oldest_days, newest_days) = match self {
            Self::Selective => (2, 300, 700),
            Self::Wide => (4, 50, 950),
        };
        let day = |days: usize| {
            let days = i64::try_from(days + number % 20).expect("a number of days");
            records::OLDEST_MS + days * records::DAY_MS
        };
        FilePolicy {
            number,
            apps: sequence.some_of(codes, &records::APPS),
            access_levels: sequence.some_of(codes, &AccessLevel::ALL),
            since_ms: day(oldest_days),
            until_ms: day(newest_days),
            labels: match self {
                Self::Selective => Choice::AnyOf(sequence.some_of(2, &labels)),
                Self::Wide => Choice::NoneOf(sequence.some_of(1, &labels)),
            },
            text_property,
            texts: match self {
                Self::Selective => Choice::AnyOf(sequence.some_of(4, &texts)),
                Self::Wide => Choice::NoneOf(sequence.some_of(1, &texts)),
            },
        }
    }
}
