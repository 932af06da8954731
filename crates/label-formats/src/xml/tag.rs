//! Where the attributes of a start tag stand.

use std::ops::Range;

/// The place of an attribute in its tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AttributePlace<'a> {
    /// Its name as written, with a prefix.
    pub(crate) name: &'a str,
    /// Its value as written.
    pub(crate) value: &'a str,
    /// All of it, with the white space before it.
    pub(crate) span: Range<usize>,
}

/// The attributes of a start tag that was read before, namespace declarations too, in order. They
/// end where the tag is not well-formed.
pub(crate) fn attribute_places(tag: &str) -> Vec<AttributePlace<'_>> {
    let mut places = Vec::new();
    let is_space = |character: char| character.is_ascii_whitespace();
    let start = tag.find(|character| is_space(character) || character == '/' || character == '>');
    let mut at = start.unwrap_or(tag.len());
    while let Some(place) = next_place(tag, at, is_space) {
        at = place.span.end;
        places.push(place);
    }
    places
}

fn next_place(
    tag: &str,
    start: usize,
    is_space: impl Fn(char) -> bool,
) -> Option<AttributePlace<'_>> {
    let rest = tag.get(start..)?;
    let (name, after) = rest.split_once('=')?;
    let name = name.trim_matches(&is_space);
    let after = after.trim_start_matches(&is_space);
    let quote = after
        .chars()
        .next()
        .filter(|quote| "\"'".contains(*quote))?;
    let (value, after) = after.strip_prefix(quote)?.split_once(quote)?;
    Some(AttributePlace {
        name,
        value,
        span: start..tag.len() - after.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_attribute_has_its_place() {
        let tag = "<a:b  x='1>\"=' \n y:z = \"2/\" xmlns:p=\"u\"/>";
        let places = attribute_places(tag);
        let found: Vec<(&str, &str, &str)> = places
            .iter()
            .map(|place| (place.name, place.value, &tag[place.span.clone()]))
            .collect();
        assert_eq!(
            found,
            [
                ("x", "1>\"=", "  x='1>\"='"),
                ("y:z", "2/", " \n y:z = \"2/\""),
                ("xmlns:p", "u", " xmlns:p=\"u\"")
            ]
        );
        for tag in ["<a>", "<a/>", "<a", "", "<a x", "<a x=", "<a x='", "<a  />"] {
            assert_eq!(attribute_places(tag), [], "{tag}");
        }
    }
}
