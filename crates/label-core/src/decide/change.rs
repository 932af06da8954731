//! Higher, lower or neither: what a new label means beside the old one.

use crate::decide::CurrentLabel;
use crate::id::LabelKey;
use crate::policy::PolicySettings;
use crate::view::LabelView;

/// What a label means beside the one that is there (L-011).
///
/// Labels are compared by their family alone: sublabels of one parent are of one level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClassificationChange {
    /// The file has no label of the own tenant yet.
    First,
    /// The label that is there.
    Same,
    /// A more sensitive one.
    Upgrade,
    /// Another one of the same family.
    Lateral,
    /// A less sensitive one.
    Downgrade,
    /// The label goes.
    Removal,
    /// It can't be told: one of them is not in the list, or the file contradicts itself.
    Unranked,
}

impl ClassificationChange {
    /// What putting `new` on a file means, or, without it, taking the label off.
    ///
    /// A disabled label has its place in the list, and a deleted one the place that it had.
    ///
    /// # Examples
    ///
    /// ```
    /// use label_core::decide::{CurrentLabel, ClassificationChange};
    /// use label_core::{Label, LabelCatalog, LabelId, LabelView, TenantId};
    ///
    /// let tenant = TenantId::from_u128(1);
    /// let general = Label::new(tenant, LabelId::from_u128(2), "General");
    /// let mut secret = Label::new(tenant, LabelId::from_u128(3), "Secret");
    /// secret.source_order = 1;
    /// let (low, high) = (general.key, secret.key);
    /// let (catalog, _) = LabelCatalog::build(tenant, vec![general, secret])?;
    /// let labels = LabelView::new(catalog.into());
    /// let change = |from, to| ClassificationChange::between(&labels, Some(CurrentLabel::outside(from)), to);
    /// assert_eq!(change(low, Some(high)), ClassificationChange::Upgrade);
    /// assert_eq!(change(high, Some(low)), ClassificationChange::Downgrade);
    /// assert_eq!(change(low, None), ClassificationChange::Removal);
    /// # Ok::<(), label_core::CatalogError>(())
    /// ```
    pub fn between(
        labels: &LabelView,
        current: Option<CurrentLabel>,
        new: Option<LabelKey>,
    ) -> Self {
        let (current, new) = match (current, new) {
            (None, None) => return Self::Same,
            (None, Some(_)) => return Self::First,
            (Some(_), None) => return Self::Removal,
            (Some(current), Some(new)) => (current, new),
        };
        if current.label == Some(new) {
            return Self::Same;
        }
        let place = |key: LabelKey| {
            let label = labels.label(key)?;
            labels.catalog().place(label.key.label)
        };
        match (current.label.and_then(place), place(new)) {
            (Some(old), Some(new)) if old.is_level_below(new) => Self::Upgrade,
            (Some(old), Some(new)) if new.is_level_below(old) => Self::Downgrade,
            (Some(_), Some(_)) => Self::Lateral,
            _ => Self::Unranked,
        }
    }

    /// Whether the classification is lowered: only then has a person to say why.
    pub const fn is_downgrade(self) -> bool {
        matches!(self, Self::Downgrade | Self::Removal)
    }

    /// Whether the classification may be lowered: what a policy does not do by itself.
    pub const fn may_be_downgrade(self) -> bool {
        self.is_downgrade() || matches!(self, Self::Unranked)
    }

    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Same => "same",
            Self::Upgrade => "upgrade",
            Self::Lateral => "lateral",
            Self::Downgrade => "downgrade",
            Self::Removal => "removal",
            Self::Unranked => "unranked",
        }
    }
}

/// Whether the person who lowers or removes a label has to say why, and did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Justification {
    /// Nobody asks. So it is where no label policy says otherwise.
    #[default]
    NotRequired,
    /// The person's label policy asks for a reason, and there is none.
    Missing,
    /// A reason was given.
    Given,
}

impl Justification {
    /// From the settings that hold for the person ([`PolicySettings::effective`]) and the text that
    /// they wrote; white space alone is none.
    ///
    /// # Examples
    ///
    /// ```
    /// use label_core::PolicySettings;
    /// use label_core::decide::Justification;
    ///
    /// let mut settings = PolicySettings::default();
    /// settings.requires_downgrade_justification = Some(true);
    /// assert_eq!(Justification::new(&settings, None), Justification::Missing);
    /// assert_eq!(Justification::new(&settings, Some("was a draft")), Justification::Given);
    /// ```
    pub fn new(settings: &PolicySettings, text: Option<&str>) -> Self {
        let is_given = text.is_some_and(|text| !text.trim().is_empty());
        match settings.requires_downgrade_justification {
            _ if is_given => Self::Given,
            Some(true) => Self::Missing,
            Some(false) | None => Self::NotRequired,
        }
    }
}
