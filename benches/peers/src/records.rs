//! File records, generated.

use label_core::{AppId, LabelId};
use policy_engine::AccessLevel;
use serde_json::{Value, json};

use crate::sequence::Sequence;

/// The apps in which the files lie.
pub const APPS: [AppId; 5] = [
    AppId::BOX,
    AppId::DROPBOX,
    AppId::GOOGLE_WORKSPACE,
    AppId::ONEDRIVE,
    AppId::SHAREPOINT_ONLINE,
];

/// The organisational units of the owners.
pub const UNITS: [&str; 10] = [
    "audit",
    "engineering",
    "facilities",
    "finance",
    "legal",
    "marketing",
    "procurement",
    "research",
    "sales",
    "support",
];

/// What stands behind the dot of the names.
pub const EXTENSIONS: [&str; 10] = [
    "csv", "docx", "html", "jpeg", "msg", "pdf", "png", "pptx", "txt", "xlsx",
];

/// The first words of the names; none is the start of another.
pub const FIRST_WORDS: [&str; 10] = [
    "agenda", "budget", "contract", "draft", "estimate", "invoice", "minutes", "offer", "plan",
    "report",
];

/// Number of different labels.
pub const LABELS: u64 = 8;

/// The first moment at which a file may have been changed, milliseconds UTC.
pub const OLDEST_MS: i64 = 1_577_836_800_000;

/// The days over which the changes spread.
pub const DAYS: u64 = 1_000;

/// Milliseconds of a day.
pub const DAY_MS: i64 = 86_400_000;

/// What is known of a file, as plain as can be.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its identity in its app.
    pub id: String,
    /// Its name, such as `budget 17.xlsx`.
    pub name: String,
    /// What stands behind the last dot of the name.
    pub extension: &'static str,
    /// The app in which it lies.
    pub app: AppId,
    /// How far it is shared.
    pub access_level: AccessLevel,
    /// The owner's organisational unit.
    pub owner_unit: &'static str,
    /// When it was last changed, milliseconds UTC.
    pub modified_ms: i64,
    /// When it was created, milliseconds UTC; not later.
    pub created_ms: i64,
    /// Its label; every tenth file has none.
    pub label: Option<LabelId>,
    /// Size in bytes. No policy asks for it.
    pub size_bytes: u64,
}

impl Record {
    /// The label as general engines get it: its id as text, empty where there is none.
    pub fn label_text(&self) -> String {
        self.label
            .map(|label| label.to_string())
            .unwrap_or_default()
    }

    /// The record as a JSON object, for the engines that start from JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "extension": self.extension,
            "app": self.app.0,
            "sharing": self.access_level.code(),
            "unit": self.owner_unit,
            "modified": self.modified_ms,
            "created": self.created_ms,
            "label": self.label_text(),
            "size": self.size_bytes,
        })
    }
}

/// The label of this number, from 0 to [`LABELS`].
pub fn label(number: u64) -> LabelId {
    // Bits spread over the whole id, as in the random ids of real labels.
    LabelId::from_u128(u128::from(number + 1) * 0x0123_4567_89ab_cdef_0f1e_2d3c_4b5a_6978)
}

/// So many records, the same in every run.
pub fn generate(count: usize) -> Vec<Record> {
    let mut sequence = Sequence::new(1);
    (0..count)
        .map(|number| {
            let extension = sequence.one_of(&EXTENSIONS);
            let days = i64::try_from(sequence.below(DAYS)).expect("a number of days");
            let before = i64::try_from(sequence.below(200)).expect("a number of days");
            Record {
                id: format!("file-{number}"),
                name: format!("{} {number}.{extension}", sequence.one_of(&FIRST_WORDS)),
                extension,
                app: sequence.one_of(&APPS),
                access_level: sequence.one_of(&AccessLevel::ALL),
                owner_unit: sequence.one_of(&UNITS),
                modified_ms: OLDEST_MS + days * DAY_MS,
                created_ms: OLDEST_MS + (days - before).max(0) * DAY_MS,
                label: (number % 10 != 0).then(|| label(sequence.below(LABELS))),
                size_bytes: sequence.below(1 << 24),
            }
        })
        .collect()
}
