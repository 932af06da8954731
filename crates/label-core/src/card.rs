//! A label as a user interface shows it: names, colour, tooltip and marks, in a person's language.

use crate::catalog::NotAppliable;
use crate::id::LabelKey;
use crate::label::LabelProtection;
use crate::view::{LabelOrigin, LabelView};

/// A label as people see it.
///
/// # Examples
///
/// ```
/// use label_core::{LabelCatalog, LabelView, TenantId};
///
/// let catalog = LabelCatalog::builder(TenantId::from_u128(1))
///     .label_with("Secret", |label| label.color = Some("#C00000".to_owned()))
///     .label("Secret/Board")
///     .build()?;
/// let labels = LabelView::new(catalog.into());
/// let board = labels.card(labels.find("Board")?, "en").ok_or("hidden")?;
/// assert_eq!((board.name.as_str(), board.color.as_deref()), ("Board", Some("#C00000")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LabelCard {
    /// Which label.
    pub key: LabelKey,
    /// Its own name in the language, without marks.
    pub name: String,
    /// Its path with marks, as lists show it ([`LabelView::display_name`]).
    pub display_name: String,
    /// The text that explains it.
    pub tooltip: Option<String>,
    /// `#RRGGBB`, its own or its parent's (L-008).
    pub color: Option<String>,
    /// What it is to us: the marks for disabled, external and unknown labels.
    pub origin: LabelOrigin,
    /// Its heading.
    pub parent: Option<LabelKey>,
    /// Level and position; nothing of a label that is not in the list.
    pub order: Option<(u32, u32)>,
    /// What protection it brings.
    pub protection: LabelProtection,
    /// Why it can't be chosen for a document; nothing if it can.
    pub not_appliable: Option<NotAppliable>,
}

impl LabelView {
    /// How a label is shown in a language, a BCP-47 tag (L-062). Nothing of a label that is not
    /// shown: a deleted one, and another tenant's where those are hidden (R-085, R-189).
    ///
    /// Of a label that is not in the list, only its name is known, as far as a file gave one.
    pub fn card(&self, key: LabelKey, language: &str) -> Option<LabelCard> {
        let display_name = self.display_name(key)?;
        let catalog = self.catalog();
        let mut card = LabelCard {
            key,
            name: self.name_of(key),
            display_name,
            tooltip: None,
            color: None,
            origin: self.origin_of(key),
            parent: None,
            order: None,
            protection: LabelProtection::Unknown,
            not_appliable: self.not_appliable(key),
        };
        if let Some(label) = self.label(key) {
            let (name, tooltip) = label.localized(language);
            card.name = name.to_owned();
            card.tooltip = tooltip.map(str::to_owned);
            card.color = catalog.color(key.label).map(str::to_owned);
            card.parent = label.parent.map(|parent| LabelKey::new(key.tenant, parent));
            card.order = catalog.order(key.label);
            card.protection = label.protection;
        }
        Some(card)
    }

    /// All labels that are shown: one's own in their order, headings before their sublabels, then
    /// those of other tenants that were seen on files.
    pub fn cards<'a>(&'a self, language: &'a str) -> impl Iterator<Item = LabelCard> + 'a {
        let own = self.catalog().labels().map(|label| label.key);
        let external = self.external().map(|label| label.key);
        own.chain(external)
            .filter_map(move |key| self.card(key, language))
    }

    /// A label's name without marks, as far as it is known, else its id.
    fn name_of(&self, key: LabelKey) -> String {
        let hint = self.external_name(key).map(str::to_owned);
        hint.unwrap_or_else(|| key.label.to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::catalog::LabelCatalog;
    use crate::id::{LabelId, TenantId};
    use crate::label::{LabelState, LocalizedTexts};
    use crate::view::ExternalLabels;

    #[test]
    fn l_008_l_062_r_081_r_186_r_189_labels_as_people_see_them() {
        let own = TenantId::from_u128(1);
        let catalog = LabelCatalog::builder(own)
            .label_with("Public", |label| {
                label.tooltip = Some("For everybody".to_owned());
                let german = LocalizedTexts {
                    display_name: Some("Öffentlich".to_owned()),
                    tooltip: Some("Für alle".to_owned()),
                };
                label.locales.insert("de".to_owned(), german);
            })
            .label_with("Secret", |label| label.color = Some("#C00000".to_owned()))
            .label_with("Secret/Board", |label| {
                label.protection = LabelProtection::Template;
            })
            .label_with("Old", |label| label.state = LabelState::Disabled)
            .label_with("Gone", |label| label.state = LabelState::Deleted)
            .build()
            .unwrap();
        let mut external = ExternalLabels::default();
        let theirs = LabelKey::new(TenantId::from_u128(2), LabelId::from_u128(9));
        external.record(theirs, Some("Internal"), 0);
        let view = LabelView::new(catalog.into()).with_external(Arc::new(external));
        let shown: Vec<_> = view
            .cards("de-AT")
            .map(|card| (card.name, card.display_name, card.color, card.not_appliable))
            .collect();
        let row = |name: &str, display: &str, color: Option<&str>, why| {
            let color = color.map(str::to_owned);
            (name.to_owned(), display.to_owned(), color, why)
        };
        assert_eq!(
            shown,
            [
                row("Öffentlich", "Public", None, None),
                row(
                    "Secret",
                    "Secret",
                    Some("#C00000"),
                    Some(NotAppliable::Heading)
                ),
                row("Board", "Secret/Board", Some("#C00000"), None),
                row("Old", "Old (disabled)", None, Some(NotAppliable::Disabled)),
                row(
                    "Internal",
                    "Internal (external)",
                    None,
                    Some(NotAppliable::External)
                ),
            ]
        );
        let board = view.card(view.find("Board").unwrap(), "en").unwrap();
        assert_eq!(board.parent, view.find("Secret").ok());
        assert_eq!(board.protection, LabelProtection::Template);
        let public = view.card(view.find("Public").unwrap(), "en").unwrap();
        assert_eq!(public.tooltip.as_deref(), Some("For everybody"));
        // Hidden ones are not shown, unknown ones by their id.
        assert_eq!(view.clone().only_this_tenant(true).card(theirs, "en"), None);
        let unknown = LabelKey::new(own, LabelId::from_u128(77));
        let unknown = view.card(unknown, "en").unwrap();
        assert_eq!(unknown.origin, LabelOrigin::OwnUnknown(unknown.key));
        assert_eq!(unknown.name, LabelId::from_u128(77).to_string());
    }
}
