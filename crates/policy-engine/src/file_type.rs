//! What kind of file a MIME type stands for (A-004).

use std::fmt;

/// The kinds of file the file type filter tells apart.
///
/// # Examples
///
/// ```
/// use policy_engine::{FileType, FileTypeTable};
///
/// let table = FileTypeTable::Extended;
/// assert_eq!(table.file_type("application/pdf"), FileType::Document);
/// assert_eq!(table.file_type("image/png"), FileType::Image);
/// assert_eq!(FileType::Document.code(), 1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum FileType {
    /// None of the others.
    Other = 0,
    /// Word processing, PDF, rich text.
    Document = 1,
    /// Tables.
    Spreadsheet = 2,
    /// Slides.
    Presentation = 3,
    /// Plain text, code, mark-up.
    Text = 4,
    /// Pictures.
    Image = 5,
    /// A folder.
    Folder = 6,
}

impl FileType {
    /// All kinds, by number.
    pub const ALL: [Self; 7] = [
        Self::Other,
        Self::Document,
        Self::Spreadsheet,
        Self::Presentation,
        Self::Text,
        Self::Image,
        Self::Folder,
    ];

    /// The product's number, 0 to 6.
    pub const fn code(self) -> u32 {
        self as u32
    }

    /// The kind with the product's number.
    pub fn from_code(code: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

impl fmt::Display for FileType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Other => "Other",
            Self::Document => "Document",
            Self::Spreadsheet => "Spreadsheet",
            Self::Presentation => "Presentation",
            Self::Text => "Text",
            Self::Image => "Image",
            Self::Folder => "Folder",
        })
    }
}

/// Which MIME types are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FileTypeTable {
    /// The product's published table, to the letter: templates and macro variants of Office
    /// formats are Other.
    Documented,
    /// The same, and the Office formats that the table leaves out.
    #[default]
    Extended,
}

impl FileTypeTable {
    /// The kind of file for a MIME type. Letter case and parameters don't matter.
    pub fn file_type(self, mime_type: &str) -> FileType {
        let bare = mime_type.split(';').next().unwrap_or_default().trim();
        let is_in = |list: &[&str]| list.iter().any(|known| known.eq_ignore_ascii_case(bare));
        let starts = |prefix: &str| {
            bare.get(..prefix.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        };
        let extended = self == Self::Extended;
        if is_in(DOCUMENT) || extended && is_in(DOCUMENT_EXTENDED) {
            FileType::Document
        } else if is_in(SPREADSHEET) || extended && is_in(SPREADSHEET_EXTENDED) {
            FileType::Spreadsheet
        } else if is_in(PRESENTATION) || extended && is_in(PRESENTATION_EXTENDED) {
            FileType::Presentation
        } else if is_in(IMAGE) || starts("image/") {
            FileType::Image
        } else if starts("text/") {
            FileType::Text
        } else if is_in(FOLDER) {
            FileType::Folder
        } else {
            FileType::Other
        }
    }
}

const DOCUMENT: &[&str] = &[
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.ms-word.document.macroEnabled.12",
    "application/msword",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.stardivision.writer",
    "application/vnd.stardivision.writer-global",
    "application/vnd.sun.xml.writer",
    "application/vnd.stardivision.math",
    "application/vnd.stardivision.chart",
    "application/x-starwriter",
    "application/x-stardraw",
    "application/x-starmath",
    "application/x-starchart",
    "application/vnd.google-apps.document",
    "application/vnd.google-apps.kix",
    "application/pdf",
    "application/x-pdf",
    "application/vnd.box.webdoc",
    "application/vnd.box.boxnote",
    "application/vnd.jive.document",
    "text/rtf",
    "application/rtf",
];

const SPREADSHEET: &[&str] = &[
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.ms-excel.sheet.macroEnabled.12",
    "application/excel",
    "application/vnd.ms-excel",
    "application/x-excel",
    "application/x-msexcel",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.sun.xml.calc",
    "application/vnd.stardivision.calc",
    "application/x-starcalc",
    "application/vnd.google-apps.spreadsheet",
];

const PRESENTATION: &[&str] = &[
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.ms-powerpoint.template.macroEnabled.12",
    "application/mspowerpoint",
    "application/powerpoint",
    "application/vnd.ms-powerpoint",
    "application/x-mspowerpoint",
    "application/vnd.oasis.opendocument.presentation",
    "application/vnd.sun.xml.impress",
    "application/vnd.stardivision.impress",
    "application/x-starimpress",
    "application/vnd.google-apps.presentation",
];

const IMAGE: &[&str] = &[
    "application/vnd.oasis.opendocument.image",
    "application/vnd.google-apps.photo",
];

/// How Google Drive reports a folder.
const FOLDER: &[&str] = &["application/vnd.google-apps.folder"];

const DOCUMENT_EXTENDED: &[&str] = &[
    "application/vnd.openxmlformats-officedocument.wordprocessingml.template",
    "application/vnd.ms-word.template.macroEnabled.12",
];

const SPREADSHEET_EXTENDED: &[&str] = &[
    "application/vnd.openxmlformats-officedocument.spreadsheetml.template",
    "application/vnd.ms-excel.template.macroEnabled.12",
    "application/vnd.ms-excel.addin.macroEnabled.12",
    "application/vnd.ms-excel.sheet.binary.macroEnabled.12",
];

const PRESENTATION_EXTENDED: &[&str] = &[
    "application/vnd.openxmlformats-officedocument.presentationml.template",
    "application/vnd.openxmlformats-officedocument.presentationml.slideshow",
    "application/vnd.ms-powerpoint.presentation.macroEnabled.12",
    "application/vnd.ms-powerpoint.slideshow.macroEnabled.12",
    "application/vnd.ms-powerpoint.addin.macroEnabled.12",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_004_file_type_from_mime_type() {
        use FileType::{Document, Image, Other, Presentation, Spreadsheet, Text};
        for (mime_type, documented, extended) in [
            ("application/pdf", Document, Document),
            ("APPLICATION/PDF", Document, Document),
            ("text/rtf", Document, Document),
            ("text/plain; charset=utf-8", Text, Text),
            ("text/html", Text, Text),
            ("image/svg+xml", Image, Image),
            ("application/vnd.oasis.opendocument.image", Image, Image),
            ("application/vnd.ms-excel", Spreadsheet, Spreadsheet),
            ("application/vnd.ms-powerpoint", Presentation, Presentation),
            ("application/zip", Other, Other),
            ("", Other, Other),
            (
                "application/vnd.openxmlformats-officedocument.wordprocessingml.template",
                Other,
                Document,
            ),
            (
                "application/vnd.ms-powerpoint.presentation.macroEnabled.12",
                Other,
                Presentation,
            ),
            (
                "application/vnd.ms-excel.sheet.binary.macroEnabled.12",
                Other,
                Spreadsheet,
            ),
        ] {
            let of = |table: FileTypeTable| table.file_type(mime_type);
            assert_eq!(of(FileTypeTable::Documented), documented, "{mime_type}");
            assert_eq!(of(FileTypeTable::Extended), extended, "{mime_type}");
        }
    }
}
