//! The template that a licence names, in the languages that it has (4.2).

use std::fmt;

use super::redacted::Redacted;

/// Most languages that are read.
const LANGUAGES_MAX: usize = 256;

/// The name of a template in one language. Never the name of a label: the two are named apart.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TemplateText {
    /// The language as a Windows locale id, for example 1033; `None` where the text has no such
    /// mark.
    pub locale_id: Option<u32>,
    /// Its name.
    pub name: String,
    /// What it says about itself.
    pub description: Option<String>,
}

impl fmt::Debug for TemplateText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TemplateText")
            .field("locale_id", &self.locale_id)
            .field("name", &Redacted(&self.name))
            .field("description", &Redacted(&self.description))
            .finish()
    }
}

/// Reads `LCID 1033:NAME <name>:DESCRIPTION <text>;`, repeated for each language. Names and texts
/// may hold any of these marks' characters, so only a whole mark ends an entry.
pub(super) fn parse(text: &str) -> Vec<TemplateText> {
    let starts: Vec<(usize, usize, u32)> = text
        .match_indices("LCID ")
        .filter_map(|(at, mark)| {
            let before = text.get(..at)?.trim_end();
            let is_entry = before.is_empty() || before.ends_with(';');
            let after = text.get(at + mark.len()..)?;
            // The mark has to follow at once: looking for it further on would be quadratic.
            let digits = after.bytes().take_while(u8::is_ascii_digit).count();
            let locale_id = after.get(..digits)?.parse().ok()?;
            let rest = after.get(digits..)?.strip_prefix(":NAME ")?;
            is_entry.then_some((at, text.len() - rest.len(), locale_id))
        })
        .take(LANGUAGES_MAX)
        .collect();
    if starts.is_empty() {
        let name = text.trim();
        return Vec::from_iter((!name.is_empty()).then(|| TemplateText {
            locale_id: None,
            name: name.to_owned(),
            description: None,
        }));
    }
    let ends = starts.iter().skip(1).map(|(at, _, _)| *at);
    starts
        .iter()
        .zip(ends.chain([text.len()]))
        .map(|(&(_, from, locale_id), to)| {
            let entry = text.get(from..to).unwrap_or_default().trim();
            let entry = entry.strip_suffix(';').unwrap_or(entry);
            let (name, description) = match entry.split_once(":DESCRIPTION ") {
                Some((name, description)) => (name, Some(description.trim().to_owned())),
                None => (entry.strip_suffix(":DESCRIPTION").unwrap_or(entry), None),
            };
            TemplateText {
                locale_id: Some(locale_id),
                name: name.trim().to_owned(),
                description: description.filter(|text| !text.is_empty()),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p_007_template_names_in_their_languages() {
        let entries = |text: &str| -> Vec<(Option<u32>, String, Option<String>)> {
            parse(text)
                .into_iter()
                .map(|entry| (entry.locale_id, entry.name, entry.description))
                .collect()
        };
        let entry = |id: u32, name: &str, description: Option<&str>| {
            (Some(id), name.to_owned(), description.map(str::to_owned))
        };
        assert_eq!(
            entries("\nLCID 1033:NAME Secret:DESCRIPTION For us; not for you.;\n"),
            [entry(1033, "Secret", Some("For us; not for you."))]
        );
        assert_eq!(
            entries("LCID 1033:NAME A: B:DESCRIPTION x;LCID 1031:NAME Ä:DESCRIPTION y;"),
            [entry(1033, "A: B", Some("x")), entry(1031, "Ä", Some("y"))]
        );
        // The mark inside a text is no entry.
        assert_eq!(
            entries("LCID 1033:NAME A:DESCRIPTION see LCID 1031:NAME B;"),
            [entry(1033, "A", Some("see LCID 1031:NAME B"))]
        );
        assert_eq!(
            entries("LCID 1033:NAME A:DESCRIPTION ;"),
            [entry(1033, "A", None)]
        );
        assert_eq!(
            entries("LCID 1033:NAME A:DESCRIPTION"),
            [entry(1033, "A", None)]
        );
        assert_eq!(entries("LCID 1033:NAME A;"), [entry(1033, "A", None)]);
        assert_eq!(entries("plain"), [(None, "plain".to_owned(), None)]);
        assert_eq!(entries(" "), []);
        assert_eq!(entries(&"LCID 1:NAME a;".repeat(300)).len(), 256);
    }

    proptest::proptest! {
        #[test]
        fn any_text_ends(text in "(LCID |[0-9]{1,4}|:NAME |:DESCRIPTION |;|[a-zü \n]){0,20}") {
            let _ = parse(&text);
        }
    }
}
