//! The fifteen file types that can carry a label, told apart by content.

use std::fmt;

/// A file type that can carry a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FileKind {
    /// Word document with macros.
    Docm,
    /// Word document.
    Docx,
    /// Word template with macros.
    Dotm,
    /// Word template.
    Dotx,
    /// Excel add-in.
    Xlam,
    /// Excel workbook with macros.
    Xlsm,
    /// Excel workbook.
    Xlsx,
    /// Excel template.
    Xltx,
    /// PowerPoint template with macros.
    Potm,
    /// PowerPoint template.
    Potx,
    /// PowerPoint show.
    Ppsx,
    /// PowerPoint show with macros.
    Ppsm,
    /// PowerPoint presentation with macros.
    Pptm,
    /// PowerPoint presentation.
    Pptx,
    /// PDF.
    Pdf,
}

/// Every kind with its extension and, for the Office types, the content type of its main part.
const KINDS: [(FileKind, &str, &str); 15] = [
    (
        FileKind::Docm,
        "docm",
        "application/vnd.ms-word.document.macroenabled.main+xml",
    ),
    (
        FileKind::Docx,
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
    ),
    (
        FileKind::Dotm,
        "dotm",
        "application/vnd.ms-word.template.macroenabledtemplate.main+xml",
    ),
    (
        FileKind::Dotx,
        "dotx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml",
    ),
    (
        FileKind::Xlam,
        "xlam",
        "application/vnd.ms-excel.addin.macroenabled.main+xml",
    ),
    (
        FileKind::Xlsm,
        "xlsm",
        "application/vnd.ms-excel.sheet.macroenabled.main+xml",
    ),
    (
        FileKind::Xlsx,
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
    ),
    (
        FileKind::Xltx,
        "xltx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.template.main+xml",
    ),
    (
        FileKind::Potm,
        "potm",
        "application/vnd.ms-powerpoint.template.macroenabled.main+xml",
    ),
    (
        FileKind::Potx,
        "potx",
        "application/vnd.openxmlformats-officedocument.presentationml.template.main+xml",
    ),
    (
        FileKind::Ppsx,
        "ppsx",
        "application/vnd.openxmlformats-officedocument.presentationml.slideshow.main+xml",
    ),
    (
        FileKind::Ppsm,
        "ppsm",
        "application/vnd.ms-powerpoint.slideshow.macroenabled.main+xml",
    ),
    (
        FileKind::Pptm,
        "pptm",
        "application/vnd.ms-powerpoint.presentation.macroenabled.main+xml",
    ),
    (
        FileKind::Pptx,
        "pptx",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml",
    ),
    (FileKind::Pdf, "pdf", ""),
];

impl FileKind {
    /// All fifteen.
    pub fn all() -> impl Iterator<Item = Self> {
        KINDS.iter().map(|(kind, _, _)| *kind)
    }

    /// The customary extension, without the dot.
    pub fn extension(self) -> &'static str {
        KINDS
            .iter()
            .find(|(kind, _, _)| *kind == self)
            .map_or("", |(_, extension, _)| extension)
    }

    /// The kind that a file name's extension suggests. A hint only: content decides (F-001).
    ///
    /// # Examples
    ///
    /// ```
    /// use label_formats::FileKind;
    ///
    /// assert_eq!(FileKind::from_name("Budget 2021.XLSX"), Some(FileKind::Xlsx));
    /// assert_eq!(FileKind::from_name("Budget.xlsb"), None);
    /// ```
    pub fn from_name(name: &str) -> Option<Self> {
        let (_, extension) = name.rsplit_once('.')?;
        KINDS
            .iter()
            .find(|(_, known, _)| known.eq_ignore_ascii_case(extension))
            .map(|(kind, _, _)| *kind)
    }

    /// The kind whose main part has this content type; letter case and parameters don't matter.
    pub(crate) fn from_content_type(content_type: &str) -> Option<Self> {
        let bare = content_type.split(';').next().unwrap_or_default().trim();
        KINDS
            .iter()
            .find(|(_, _, known)| !known.is_empty() && known.eq_ignore_ascii_case(bare))
            .map(|(kind, _, _)| *kind)
    }
}

/// The extension.
impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.extension())
    }
}
