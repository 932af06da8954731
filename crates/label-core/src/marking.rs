//! What a label writes visibly into a document: headers, footers, watermarks, and the variables in
//! them (section 1.7).
//!
//! The product itself inserts no markings; they are here for embedders and user interfaces.

use std::borrow::Cow;

/// Longest header or footer, in characters.
pub const TEXT_CHARS_MAX: usize = 1_024;

/// Longest watermark, and longest header or footer in Excel, in characters.
pub const SHORT_TEXT_CHARS_MAX: usize = 255;

/// Where a marking stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum MarkingPlace {
    /// At the top of every page.
    Header,
    /// At the bottom.
    Footer,
    /// Across it.
    Watermark,
}

impl MarkingPlace {
    /// The bit of `ContentBits` that tells it.
    pub const fn content_bit(self) -> u8 {
        match self {
            Self::Header => 1,
            Self::Footer => 2,
            Self::Watermark => 4,
        }
    }

    /// The name of the shape that Office knows it by again.
    pub const fn element_name(self) -> &'static str {
        match self {
            Self::Header => "MSIPCM_v1_header",
            Self::Footer => "MSIPCM_v1_footer",
            Self::Watermark => "MSIPWM_v1_main",
        }
    }
}

/// One marking, as the label defines it. What the source doesn't say is nothing here.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ContentMarking {
    /// Where it stands.
    pub place: MarkingPlace,
    /// Its text, variables not expanded.
    pub text: String,
    /// The font.
    pub font_name: Option<String>,
    /// Its size, in points.
    pub font_size: Option<u32>,
    /// Its colour, `#RRGGBB`.
    pub font_color: Option<String>,
    /// Of headers and footers: `Left`, `Center` or `Right`.
    pub alignment: Option<String>,
    /// Of watermarks: `Horizontal` or `Diagonal`.
    pub layout: Option<String>,
    /// Of headers and footers: the distance from the edge, in points.
    pub margin: Option<u32>,
}

impl ContentMarking {
    /// A marking with this text.
    pub fn new(place: MarkingPlace, text: &str) -> Self {
        Self {
            place,
            text: text.to_owned(),
            font_name: None,
            font_size: None,
            font_color: None,
            alignment: None,
            layout: None,
            margin: None,
        }
    }

    /// Why an application would not show the text as it is: too long (L-017).
    pub fn too_long_for(&self, app: OfficeApp, text: &str) -> Option<TextTooLong> {
        let limit = match (self.place, app) {
            (MarkingPlace::Watermark, _) | (_, OfficeApp::Excel) => SHORT_TEXT_CHARS_MAX,
            _ => TEXT_CHARS_MAX,
        };
        let characters = text.chars().count();
        (characters > limit).then_some(TextTooLong { characters, limit })
    }
}

/// A marking's text is longer than the application shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextTooLong {
    /// How long it is, in characters.
    pub characters: usize,
    /// How long it may be.
    pub limit: usize,
}

/// An application that shows markings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum OfficeApp {
    Word,
    Excel,
    PowerPoint,
    Outlook,
}

impl OfficeApp {
    const ALL: [(Self, &'static str, char); 4] = [
        (Self::Word, "Word", 'W'),
        (Self::Excel, "Excel", 'X'),
        (Self::PowerPoint, "PowerPoint", 'P'),
        (Self::Outlook, "Outlook", 'O'),
    ];

    /// Whether a block for these applications is for this one: names with commas or spaces, or
    /// their letters in any combination.
    fn is_in(self, list: &str) -> bool {
        let words: Vec<&str> = list
            .split([',', ' '])
            .map(str::trim)
            .filter(|word| !word.is_empty())
            .collect();
        let Some((_, name, letter)) = Self::ALL.into_iter().find(|(app, ..)| *app == self) else {
            return false;
        };
        words.iter().any(|word| {
            let is_name = Self::ALL
                .iter()
                .any(|(_, known, _)| known.eq_ignore_ascii_case(word));
            if is_name {
                word.eq_ignore_ascii_case(name)
            } else {
                word.contains(letter)
            }
        })
    }
}

/// The variables of markings, without `${` and `}`, each with what it stands for: for those who
/// edit such texts.
pub const VARIABLES: [(&str, &str); 6] = [
    ("Item.Label", "the label's display name"),
    ("Item.Name", "the file's name, or the subject"),
    ("Item.Location", "path and name of the file"),
    ("User.Name", "the person's name"),
    ("User.PrincipalName", "the person's sign-in name"),
    ("Event.DateTime", "when the label was set"),
];

/// What the variables of markings stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MarkingVariables<'a> {
    /// `${Item.Label}`: the label's display name.
    pub item_label: &'a str,
    /// `${Item.Name}`: the file's name, or the subject.
    pub item_name: &'a str,
    /// `${Item.Location}`: path and name.
    pub item_location: &'a str,
    /// `${User.Name}`.
    pub user_name: &'a str,
    /// `${User.PrincipalName}`.
    pub user_principal_name: &'a str,
    /// `${Event.DateTime}`: when the label was set.
    pub event_date_time: &'a str,
}

impl<'a> MarkingVariables<'a> {
    fn value(&self, name: &str) -> Option<&'a str> {
        Some(match name {
            "Item.Label" => self.item_label,
            "Item.Name" => self.item_name,
            "Item.Location" => self.item_location,
            "User.Name" => self.user_name,
            "User.PrincipalName" => self.user_principal_name,
            "Event.DateTime" => self.event_date_time,
            _ => return None,
        })
    }
}

/// Puts the variables' values in and leaves blocks for other applications out (L-017). Letter case
/// counts; what is no variable stays as it is, and so does a block without end. No name has another
/// `${` in it.
///
/// # Examples
///
/// ```
/// use label_core::marking::{MarkingVariables, OfficeApp, expand};
///
/// let values = MarkingVariables { item_label: "General", ..MarkingVariables::default() };
/// let text = "${If.App.WX}In Office: ${If.End}${Item.Label} ${Item.label}";
/// assert_eq!(expand(text, &values, OfficeApp::Word), "In Office: General ${Item.label}");
/// assert_eq!(expand(text, &values, OfficeApp::Outlook), "General ${Item.label}");
/// ```
pub fn expand<'t>(text: &'t str, values: &MarkingVariables<'_>, app: OfficeApp) -> Cow<'t, str> {
    const END: &str = "${If.End}";
    if !text.contains("${") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // Once there is no end ahead, none is looked for again.
    let mut has_end = true;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        // Looked for as far as the next beginning, so that none is looked through twice.
        let own = after.split_once("${").map_or(after, |(own, _)| own);
        let Some((name, behind)) = own
            .find('}')
            .and_then(|end| Some((after.get(..end)?, after.get(end + 1..)?)))
        else {
            out.push_str("${");
            rest = after;
            continue;
        };
        let apps = name.strip_prefix("If.App.").filter(|_| has_end);
        if let Some(apps) = apps {
            if let Some((block, behind)) = behind.split_once(END) {
                if app.is_in(apps) {
                    out.push_str(&expand(block, values, app));
                }
                rest = behind;
                continue;
            }
            has_end = false;
        }
        match values.value(name) {
            Some(value) => {
                out.push_str(value);
                rest = behind;
            }
            None => {
                // Something may begin inside of it.
                out.push_str("${");
                rest = after;
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: MarkingVariables<'_> = MarkingVariables {
        item_label: "General",
        item_name: "a.docx",
        item_location: "/x/a.docx",
        user_name: "Ada",
        user_principal_name: "ada@contoso.example",
        event_date_time: "2020-12-27",
    };

    #[test]
    fn l_017_variables_and_blocks() {
        for (text, word, excel) in [
            ("plain", "plain", "plain"),
            (
                "${Item.Label} by ${User.Name}",
                "General by Ada",
                "General by Ada",
            ),
            ("${item.label}", "${item.label}", "${item.label}"),
            ("${Unknown} ${", "${Unknown} ${", "${Unknown} ${"),
            ("${${Item.Name}}", "${a.docx}", "${a.docx}"),
            ("${Item.${Item.Name}", "${Item.a.docx", "${Item.a.docx"),
            (
                "${If.App.W${Item.Name}x${If.End}",
                "${If.App.Wa.docxx${If.End}",
                "${If.App.Wa.docxx${If.End}",
            ),
            ("${Item.Name$}", "${Item.Name$}", "${Item.Name$}"),
            ("${If.App.Word}w${If.End}x", "wx", "x"),
            ("${If.App.W}w${If.End}${If.App.XP}x${If.End}", "w", "x"),
            ("${If.App.Word,Excel}both${If.End}", "both", "both"),
            ("${If.App.WordX}?${If.End}", "?", "?"),
            ("${If.App.O}o${If.End}", "", ""),
            (
                "${If.App.W}without end",
                "${If.App.W}without end",
                "${If.App.W}without end",
            ),
            ("${If.App.W}${Item.Location}${If.End}", "/x/a.docx", ""),
            (
                "${Event.DateTime}${User.PrincipalName}",
                "2020-12-27ada@contoso.example",
                "2020-12-27ada@contoso.example",
            ),
        ] {
            assert_eq!(expand(text, &VALUES, OfficeApp::Word), word, "{text}");
            assert_eq!(expand(text, &VALUES, OfficeApp::Excel), excel, "{text}");
        }
    }

    #[test]
    fn l_017_texts_without_ends_take_no_time() {
        let started = std::time::Instant::now();
        for piece in ["${", "${If.App.W}", "${If.App.W}}", "$"] {
            let text = piece.repeat(300_000);
            assert!(
                !expand(&text, &VALUES, OfficeApp::Word).is_empty(),
                "{piece}"
            );
        }
        // Some milliseconds; minutes where each beginning looks for its end anew.
        assert!(started.elapsed() < std::time::Duration::from_secs(10));
    }

    #[test]
    fn l_017_a_million_beginnings_before_one_end_are_looked_through_once() {
        for piece in ["${", "${Item.", "${If.App.W"] {
            let text = format!("{}}}", piece.repeat(1_000_000));
            assert_eq!(expand(&text, &VALUES, OfficeApp::Word), text.as_str());
        }
        let text = format!("{}Item.Name}}", "${".repeat(1_000_000));
        let expanded = expand(&text, &VALUES, OfficeApp::Word);
        assert!(expanded.ends_with("${${a.docx"));
    }

    #[test]
    fn l_017_every_variable_of_the_list_is_one() {
        for (name, meaning) in VARIABLES {
            let text = format!("${{{name}}}");
            let expanded = expand(&text, &VALUES, OfficeApp::Word);
            assert!(!expanded.contains('$') && !meaning.is_empty(), "{name}");
        }
    }

    #[test]
    fn l_017_lengths() {
        let header = ContentMarking::new(MarkingPlace::Header, "");
        let watermark = ContentMarking::new(MarkingPlace::Watermark, "");
        for (marking, app, length, fits) in [
            (&header, OfficeApp::Word, 1_024, true),
            (&header, OfficeApp::Word, 1_025, false),
            (&header, OfficeApp::Excel, 255, true),
            (&header, OfficeApp::Excel, 256, false),
            (&watermark, OfficeApp::Word, 255, true),
            (&watermark, OfficeApp::Word, 256, false),
        ] {
            let text = "ä".repeat(length);
            assert_eq!(marking.too_long_for(app, &text).is_none(), fits, "{length}");
        }
    }

    proptest::proptest! {
        #[test]
        fn l_017_any_text_expands(text in "[a$\\{\\}]{0,12}|(\\$\\{If\\.App\\.W\\}|\\$\\{If\\.End\\}|\\$\\{Item\\.Label\\}|x){0,8}") {
            let out = expand(&text, &VALUES, OfficeApp::Word);
            proptest::prop_assert!(out.len() <= text.len() + 8 * "General".len());
        }
    }
}
