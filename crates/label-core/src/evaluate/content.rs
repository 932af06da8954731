//! What is asked: the content as it is, and the label that it shall have.

use std::fmt;

use crate::id::LabelId;
use crate::label::Targets;

/// A name and a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NameValue {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
}

impl NameValue {
    /// This value under this name.
    pub fn new(name: &str, value: &str) -> Self {
        Self {
            name: name.to_owned(),
            value: value.to_owned(),
        }
    }
}

/// What kind of content it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ContentFormat {
    /// A file; the older API calls it `default`.
    #[default]
    File,
    /// A message.
    Email,
    /// Another word of a label's targets, as it is written.
    Other(String),
}

impl ContentFormat {
    /// Reads `File`, `default`, `Email` or another word; letter case doesn't matter.
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        match text.to_ascii_lowercase().as_str() {
            "file" | "default" => Self::File,
            "email" => Self::Email,
            _ => Self::Other(text.to_owned()),
        }
    }

    /// Whether a label with these targets may be put on it. Unknown targets are files and e-mail.
    pub fn fits(&self, targets: &Targets) -> bool {
        match self {
            Self::File => targets.usable_for_files(),
            Self::Email => !targets.known || targets.email,
            Self::Other(word) => targets
                .words()
                .is_some_and(|words| words.iter().any(|known| known.eq_ignore_ascii_case(word))),
        }
    }
}

impl fmt::Display for ContentFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => f.write_str("File"),
            Self::Email => f.write_str("Email"),
            Self::Other(word) => f.write_str(&crate::error::quote(word)),
        }
    }
}

/// Where the content is at the moment. It does not change the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DataState {
    /// Stored.
    #[default]
    Rest,
    /// On its way.
    Motion,
    /// Open in an application.
    Use,
}

/// The content as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContentInfo {
    /// What kind of content it is; a file by default.
    pub format: ContentFormat,
    /// Its name or path, for markings and audit; none by default.
    pub identifier: Option<String>,
    /// Where it is; at rest by default.
    pub state: DataState,
    /// Its metadata, as it stands there: label data is called `MSIP_Label_<guid>_<attribute>`, and
    /// everything else is left alone.
    pub metadata: Vec<NameValue>,
}

/// How a label comes onto content, by weight: a lower method does not replace the label of a
/// [`Privileged`](Self::Privileged) one (section 1.10).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Method {
    /// By what was found in the content.
    Auto,
    /// By default or by a program.
    #[default]
    Standard,
    /// A person chose it.
    Privileged,
}

impl Method {
    /// Reads the word of file metadata or of Graph; letter case doesn't matter.
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "auto" => Some(Self::Auto),
            "standard" => Some(Self::Standard),
            "privileged" => Some(Self::Privileged),
            _ => None,
        }
    }

    /// Reads `Extended_MSFT_Method`, which counts where `Method` is absent (F-022).
    pub(super) fn parse_extended(text: &str) -> Option<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "manual" => Some(Self::Privileged),
            "automatic" => Some(Self::Auto),
            other => Self::parse(other),
        }
    }

    /// The word of file metadata.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "Auto",
            Self::Standard => "Standard",
            Self::Privileged => "Privileged",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether a person said why a label is lowered or removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DowngradeJustification {
    /// Whether; not by default.
    pub is_justified: bool,
    /// What they said, for the caller's audit log; it does not change the answer.
    pub message: Option<String>,
}

/// The label that the content shall have.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LabelingOptions {
    /// Which label; a heading stands for its default sublabel.
    pub label: LabelId,
    /// How it comes onto the content; standard by default.
    pub method: Method,
    /// Whether a person said why; not by default.
    pub justification: DowngradeJustification,
    /// Further attributes to write beside the label's; none by default. Names and values have at
    /// most [`PROPERTY_CHARS_MAX`](super::PROPERTY_CHARS_MAX) characters.
    pub extended_properties: Vec<NameValue>,
}

impl LabelingOptions {
    /// This label, with the defaults.
    pub fn new(label: LabelId) -> Self {
        Self {
            label,
            method: Method::default(),
            justification: DowngradeJustification::default(),
            extended_properties: Vec::new(),
        }
    }
}
