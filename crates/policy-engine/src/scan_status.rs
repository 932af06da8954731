//! What came of scanning a file's content, engine by engine (A-021).

use std::fmt;

/// How far one engine is with the content of a file (A-021). An engine that has not been asked says
/// nothing: the product shows a dash then.
///
/// # Examples
///
/// ```
/// use policy_engine::{ScanFailure, ScanStatus};
///
/// let failed = ScanStatus::Failed(ScanFailure::FileEncrypted);
/// assert_eq!(failed.to_string(), "Failed: file is encrypted");
/// assert_eq!(ScanStatus::summary(&[failed, ScanStatus::Pending]), "1 pending, 1 failed");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScanStatus {
    /// No policy needs it, or the engine doesn't read files of this type.
    NotApplicable,
    /// It waits for its turn.
    Pending,
    /// It was read.
    Completed,
    /// It could not be read, or not to its end.
    Failed(ScanFailure),
}

/// Why an engine could not scan a file: the reasons that the product gives (A-021).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScanFailure {
    /// The app did not give its content.
    DownloadError,
    /// It is protected, and nothing opens it here.
    FileEncrypted,
    /// It is no file of its type.
    FileCorrupted,
    /// The engine failed.
    InternalError,
    /// An engine of somebody else's failed.
    ExternalDlpError,
    /// It has more bytes than the engine takes.
    FileSizeExceeded,
    /// It has more text than the engine reads; what was found in the first part counts.
    FileTooLong,
    /// It belongs to somebody outside, who gives no access.
    AccessDenied,
    /// It was gone when its turn came.
    FileDeleted,
    /// The engine doesn't know its type.
    UnsupportedType,
}

impl ScanFailure {
    /// All reasons.
    pub const ALL: [Self; 10] = [
        Self::DownloadError,
        Self::FileEncrypted,
        Self::FileCorrupted,
        Self::InternalError,
        Self::ExternalDlpError,
        Self::FileSizeExceeded,
        Self::FileTooLong,
        Self::AccessDenied,
        Self::FileDeleted,
        Self::UnsupportedType,
    ];

    const fn word(self) -> &'static str {
        match self {
            Self::DownloadError => "downloadError",
            Self::FileEncrypted => "fileEncrypted",
            Self::FileCorrupted => "fileCorrupted",
            Self::InternalError => "internalError",
            Self::ExternalDlpError => "externalDlpError",
            Self::FileSizeExceeded => "fileSizeExceeded",
            Self::FileTooLong => "fileTooLong",
            Self::AccessDenied => "accessDenied",
            Self::FileDeleted => "fileDeleted",
            Self::UnsupportedType => "unsupportedType",
        }
    }
}

/// The product's words, after "Failed: ".
impl fmt::Display for ScanFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DownloadError => "download error",
            Self::FileEncrypted => "file is encrypted",
            Self::FileCorrupted => "file is corrupted",
            Self::InternalError => "internal error",
            Self::ExternalDlpError => "external DLP error",
            Self::FileSizeExceeded => "file size exceeded",
            Self::FileTooLong => "file too long, partially scanned",
            Self::AccessDenied => "access denied (external file)",
            Self::FileDeleted => "file was deleted",
            Self::UnsupportedType => "unsupported type",
        })
    }
}

impl ScanStatus {
    /// Every status, failed ones with each reason.
    pub fn all() -> impl Iterator<Item = Self> {
        let failed = ScanFailure::ALL.into_iter().map(Self::Failed);
        [Self::NotApplicable, Self::Pending, Self::Completed]
            .into_iter()
            .chain(failed)
    }

    /// Its word in JSON, such as `completed` or `fileEncrypted`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotApplicable => "notApplicable",
            Self::Pending => "pending",
            Self::Completed => "completed",
            Self::Failed(failure) => failure.word(),
        }
    }

    /// The status with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::all().find(|status| status.word() == word)
    }

    /// What several engines say, in the product's form: `1 completed`, `1 pending, 1 failed`; a dash
    /// where none was asked.
    pub fn summary(statuses: &[Self]) -> String {
        type Test = fn(&ScanStatus) -> bool;
        let kinds: [(&str, Test); 4] = [
            ("pending", |status| *status == ScanStatus::Pending),
            ("failed", |status| matches!(status, ScanStatus::Failed(_))),
            ("completed", |status| *status == ScanStatus::Completed),
            ("not applicable", |status| {
                *status == ScanStatus::NotApplicable
            }),
        ];
        let counted = kinds.map(|(kind, is_such)| {
            let count = statuses.iter().filter(|status| is_such(status)).count();
            (count > 0).then(|| format!("{count} {kind}"))
        });
        let counted: Vec<String> = counted.into_iter().flatten().collect();
        if counted.is_empty() {
            return "–".to_owned();
        }
        counted.join(", ")
    }
}

/// The product's words.
impl fmt::Display for ScanStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotApplicable => f.write_str("Not applicable"),
            Self::Pending => f.write_str("Pending"),
            Self::Completed => f.write_str("Completed"),
            Self::Failed(failure) => write!(f, "Failed: {failure}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_021_scans_end_in_the_products_statuses() {
        let texts: Vec<String> = ScanStatus::all().map(|status| status.to_string()).collect();
        assert_eq!(
            texts,
            [
                "Not applicable",
                "Pending",
                "Completed",
                "Failed: download error",
                "Failed: file is encrypted",
                "Failed: file is corrupted",
                "Failed: internal error",
                "Failed: external DLP error",
                "Failed: file size exceeded",
                "Failed: file too long, partially scanned",
                "Failed: access denied (external file)",
                "Failed: file was deleted",
                "Failed: unsupported type",
            ]
        );
        for status in ScanStatus::all() {
            assert_eq!(ScanStatus::parse(status.word()), Some(status));
        }
        assert_eq!(ScanStatus::parse("failed"), None);
    }

    #[test]
    fn a_021_several_engines_are_counted() {
        use ScanStatus::{Completed, Failed, NotApplicable, Pending};
        let failed = [ScanFailure::DownloadError, ScanFailure::FileTooLong].map(Failed);
        for (statuses, text) in [
            (&[][..], "–"),
            (&[Completed], "1 completed"),
            (&[failed[0], Pending], "1 pending, 1 failed"),
            (
                &[NotApplicable, Completed, failed[0], Completed, failed[1]],
                "2 failed, 2 completed, 1 not applicable",
            ),
        ] {
            assert_eq!(ScanStatus::summary(statuses), text);
        }
    }
}
