//! Finding a label by what a person writes.

use crate::catalog::build::fold;
use crate::catalog::{Entry, LabelCatalog};
use crate::error::LookupError;
use crate::id::LabelId;
use crate::label::{Label, LabelState, NAME_CHARS_MAX};

impl LabelCatalog {
    /// Finds a label by what a person writes: its id, its path `Parent/Child` (also with `\`), or
    /// its bare name where only one label has it (R-175, L-009). Letter case doesn't matter.
    ///
    /// # Errors
    ///
    /// [`LookupError`]: nothing has that name, with the nearest one as a suggestion, or several
    /// have it, with their paths.
    pub fn find(&self, text: &str) -> Result<&Label, LookupError> {
        let text = text.trim();
        self.find_quickly(text).map_err(|error| match error {
            LookupError::Unknown { .. } if LabelId::parse(text).is_err() => {
                LookupError::unknown(text, self.nearest(&fold(text)))
            }
            error => error,
        })
    }

    /// The same without a suggestion, for which the text would be compared with every name.
    ///
    /// # Errors
    ///
    /// As [`find`](Self::find).
    pub fn find_quickly(&self, text: &str) -> Result<&Label, LookupError> {
        let text = text.trim();
        if let Ok(id) = LabelId::parse(text) {
            return self
                .by_id(id)
                .ok_or_else(|| LookupError::unknown(text, None));
        }
        let wanted = fold(text);
        for path in [wanted.as_str(), &wanted.replace('\\', "/")] {
            let mut hits = self.of_path(path);
            match (hits.next(), hits.next()) {
                (None, _) => {}
                (Some(only), None) => return Ok(&only.label),
                // They have one path: only their ids tell them apart (L-009).
                (Some(_), Some(_)) => {
                    let ids = self.of_path(path).map(|entry| entry.label.key.label);
                    return Err(LookupError::Ambiguous {
                        text: crate::error::quote(text),
                        paths: ids.map(|id| id.to_string()).collect(),
                    });
                }
            }
        }
        let hits: Vec<&Entry> = self.of(self.by_name(), &wanted).collect();
        match hits.as_slice() {
            [] => Err(LookupError::unknown(text, None)),
            [only] => Ok(&only.label),
            several => Err(LookupError::Ambiguous {
                text: crate::error::quote(text),
                paths: several.iter().map(|entry| entry.path.clone()).collect(),
            }),
        }
    }

    /// The labels of a folded path: several where siblings have one name.
    fn of_path<'a, 'p>(&'a self, path: &'p str) -> impl Iterator<Item = &'a Entry> + use<'a, 'p> {
        self.of(&self.by_path, path)
    }

    /// The labels of a text in a sorted list.
    fn of<'a, 'p>(
        &'a self,
        list: &'a [(String, usize)],
        text: &'p str,
    ) -> impl Iterator<Item = &'a Entry> + use<'a, 'p> {
        let first = list.partition_point(|(known, _)| known.as_str() < text);
        list.iter()
            .skip(first)
            .take_while(move |(known, _)| known == text)
            .filter_map(|&(_, at)| self.entries.get(at))
    }

    fn by_name(&self) -> &[(String, usize)] {
        self.by_name.get_or_init(|| {
            let mut by_name: Vec<(String, usize)> = self
                .entries
                .iter()
                .enumerate()
                .filter(|(_, entry)| entry.label.state != LabelState::Deleted)
                .map(|(at, entry)| (fold(entry.label.name()), at))
                .collect();
            by_name.sort_unstable();
            by_name
        })
    }

    /// The path that a typing mistake most likely meant.
    fn nearest(&self, wanted: &str) -> Option<String> {
        let length = wanted.chars().count();
        let near = 1 + length / 4;
        let all = self.by_path.iter().chain(self.by_name());
        all.filter_map(|(known, at)| {
            // Texts differ at least by as much as their lengths do.
            if known.chars().count().abs_diff(length) > near {
                return None;
            }
            let distance = edit_distance(wanted, known);
            let path = &self.entries.get(*at)?.path;
            (distance <= near).then_some((distance, path))
        })
        .min()
        .map(|(_, path)| path.clone())
    }
}

/// Levenshtein distance, for suggestions. Both texts are names of bounded length.
fn edit_distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().take(NAME_CHARS_MAX).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, from) in one.chars().take(NAME_CHARS_MAX).enumerate() {
        let mut diagonal = at;
        let mut left = at + 1;
        for (cell, to) in row.iter_mut().skip(1).zip(&other) {
            let above = *cell;
            let cost = (diagonal + usize::from(from != *to))
                .min(above + 1)
                .min(left + 1);
            diagonal = above;
            left = cost;
            *cell = cost;
        }
        if let Some(first) = row.first_mut() {
            *first = at + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}
