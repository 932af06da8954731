//! The tenant's catalogue and, beside it, the labels of other tenants that were seen on files.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::catalog::{LabelCatalog, NotAppliable};
use crate::error::LookupError;
use crate::file_label::EffectiveLabel;
use crate::id::{LabelId, LabelKey, TenantId};
use crate::label::{Label, LabelState};
use crate::settings::OwnTenants;

/// Most external labels that are remembered. Files are not trusted: without a bound, a folder of
/// made-up documents would fill the memory (L-094).
pub const EXTERNAL_LABELS_MAX: usize = 10_000;

/// A label of another tenant, known only from files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalLabel {
    /// Tenant and id.
    pub key: LabelKey,
    /// The name that a file gave, the latest one. A hint for display, and never an identity.
    pub name_hint: Option<String>,
    /// When it was first seen, milliseconds UTC.
    pub first_seen_ms: i64,
    /// When it was last seen, milliseconds UTC.
    pub last_seen_ms: i64,
    /// On how many scans it was seen.
    pub sightings: u64,
}

/// The external labels seen so far, at most [`EXTERNAL_LABELS_MAX`]: the one not seen for longest
/// goes first.
#[derive(Clone, Debug, Default)]
pub struct ExternalLabels {
    labels: HashMap<LabelKey, ExternalLabel>,
}

impl ExternalLabels {
    /// Notes that a scan saw the label.
    pub fn record(&mut self, key: LabelKey, name_hint: Option<&str>, now_ms: i64) {
        if !self.labels.contains_key(&key) && self.labels.len() >= EXTERNAL_LABELS_MAX {
            let oldest = self
                .labels
                .values()
                .min_by_key(|label| (label.last_seen_ms, label.key))
                .map(|label| label.key);
            if let Some(oldest) = oldest {
                self.labels.remove(&oldest);
            }
        }
        let label = self.labels.entry(key).or_insert_with(|| ExternalLabel {
            key,
            name_hint: None,
            first_seen_ms: now_ms,
            last_seen_ms: now_ms,
            sightings: 0,
        });
        label.last_seen_ms = label.last_seen_ms.max(now_ms);
        label.sightings += 1;
        if let Some(name) = name_hint {
            label.name_hint = Some(name.chars().take(crate::label::NAME_CHARS_MAX).collect());
        }
    }

    /// The label of this key, if it was seen.
    pub fn label(&self, key: LabelKey) -> Option<&ExternalLabel> {
        self.labels.get(&key)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether none was seen.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// All of them, by key.
    pub fn iter(&self) -> impl Iterator<Item = &ExternalLabel> {
        let mut labels: Vec<&ExternalLabel> = self.labels.values().collect();
        labels.sort_by_key(|label| label.key);
        labels.into_iter()
    }
}

/// What a label on a file is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LabelOrigin {
    /// Ours, in the list.
    Own(LabelKey),
    /// Ours, in the list, disabled.
    OwnDisabled(LabelKey),
    /// Ours, gone from the list.
    OwnDeleted(LabelKey),
    /// Ours, in the list that does not count before or after a migration (L-032).
    OwnShadowed(LabelKey),
    /// Ours by its tenant, and not in the list: kept, and resolved when it appears.
    OwnUnknown(LabelKey),
    /// Another tenant's.
    External(LabelKey),
    /// The file doesn't say whose it is, and the id is not one of ours.
    Indeterminate,
}

/// Own catalogue and external labels together: what names, pickers and filters look up.
///
/// Cheap to clone; a clone is a snapshot.
#[derive(Clone, Debug)]
pub struct LabelView {
    own: OwnTenants,
    catalog: Arc<LabelCatalog>,
    external: Arc<ExternalLabels>,
    shadowed: Arc<BTreeSet<LabelId>>,
    only_this_tenant: bool,
}

impl LabelView {
    /// The view of a catalogue, nothing external seen yet.
    pub fn new(catalog: Arc<LabelCatalog>) -> Self {
        Self {
            own: OwnTenants::new(catalog.tenant()),
            catalog,
            external: Arc::default(),
            shadowed: Arc::default(),
            only_this_tenant: false,
        }
    }

    /// The same with these labels of the list that does not count
    /// ([`migration::choose`](crate::migration::choose)).
    #[must_use]
    pub fn with_shadowed(mut self, shadowed: Arc<BTreeSet<LabelId>>) -> Self {
        self.shadowed = shadowed;
        self
    }

    /// The same with these external labels.
    #[must_use]
    pub fn with_external(mut self, external: Arc<ExternalLabels>) -> Self {
        self.external = external;
        self
    }

    /// The same with these tenants as one's own.
    #[must_use]
    pub fn with_own_tenants(mut self, own: OwnTenants) -> Self {
        self.own = own;
        self
    }

    /// The same with external labels hidden or shown. They are hidden, not forgotten: switched
    /// off again, the setting shows them.
    #[must_use]
    pub fn only_this_tenant(mut self, hide_external: bool) -> Self {
        self.only_this_tenant = hide_external;
        self
    }

    /// The tenant whose labels these are.
    pub fn tenant(&self) -> TenantId {
        self.catalog.tenant()
    }

    /// The tenants that count as one's own.
    pub fn own_tenants(&self) -> &OwnTenants {
        &self.own
    }

    /// The tenant's own labels.
    pub fn catalog(&self) -> &Arc<LabelCatalog> {
        &self.catalog
    }

    /// The own label of this key.
    pub fn label(&self, key: LabelKey) -> Option<&Label> {
        self.catalog.label(key)
    }

    /// The external labels that are shown.
    pub fn external(&self) -> impl Iterator<Item = &ExternalLabel> {
        self.external.iter().filter(|_| !self.only_this_tenant)
    }

    /// The name that a file gave another tenant's label.
    pub(crate) fn external_name(&self, key: LabelKey) -> Option<&str> {
        self.external.label(key)?.name_hint.as_deref()
    }

    /// What people see for a label: its path, `(disabled)` behind a disabled one, `(external)`
    /// behind another tenant's; nothing for a deleted one.
    pub fn display_name(&self, key: LabelKey) -> Option<String> {
        match self.origin_of(key) {
            LabelOrigin::Own(_) => self.catalog.path(key.label).map(str::to_owned),
            LabelOrigin::OwnDisabled(_) => self
                .catalog
                .path(key.label)
                .map(|path| format!("{path} (disabled)")),
            LabelOrigin::OwnDeleted(_) => None,
            LabelOrigin::External(_) if !self.only_this_tenant => {
                let id = || key.label.to_string();
                let hint = self.external_name(key).map_or_else(id, str::to_owned);
                Some(format!("{hint} (external)"))
            }
            LabelOrigin::External(_) => None,
            LabelOrigin::OwnShadowed(_) => Some(format!("{} (not in use)", key.label)),
            LabelOrigin::OwnUnknown(_) | LabelOrigin::Indeterminate => {
                Some(format!("{} (unknown)", key.label))
            }
        }
    }

    /// What this key is to us.
    pub fn origin_of(&self, key: LabelKey) -> LabelOrigin {
        match self.catalog.label(key).map(|label| label.state) {
            Some(LabelState::Active | LabelState::Unknown) => LabelOrigin::Own(key),
            Some(LabelState::Disabled) => LabelOrigin::OwnDisabled(key),
            Some(LabelState::Deleted) => LabelOrigin::OwnDeleted(key),
            None if key.tenant == self.tenant() && self.shadowed.contains(&key.label) => {
                LabelOrigin::OwnShadowed(key)
            }
            None if self.own.contains(key.tenant) => LabelOrigin::OwnUnknown(key),
            None => LabelOrigin::External(key),
        }
    }

    /// What the label that counts on a file is to us. Without a tenant it is ours if the id is one
    /// of ours, else indeterminate; an all-zero tenant names none.
    pub fn origin(&self, found: &EffectiveLabel) -> LabelOrigin {
        let tenant = found.tenant.filter(|tenant| !tenant.is_nil());
        match (tenant, found.id) {
            (Some(tenant), Some(id)) => self.origin_of(LabelKey::new(tenant, id)),
            (None, Some(id)) => match self.catalog.by_id(id) {
                Some(label) => self.origin_of(label.key),
                None if self.shadowed.contains(&id) => {
                    LabelOrigin::OwnShadowed(LabelKey::new(self.tenant(), id))
                }
                None => LabelOrigin::Indeterminate,
            },
            (_, None) => LabelOrigin::Indeterminate,
        }
    }

    /// Whether the label that counts on a file is shown, filtered by and warned of. With only this
    /// tenant's labels wanted, those of others are not, and neither are those of nobody that is
    /// known (L-092).
    pub fn is_shown(&self, found: &EffectiveLabel) -> bool {
        match self.origin(found) {
            LabelOrigin::OwnDeleted(_) => false,
            LabelOrigin::External(_) | LabelOrigin::Indeterminate => !self.only_this_tenant,
            _ => true,
        }
    }

    /// Why the label can't be applied, or `None` if it can.
    pub fn not_appliable(&self, key: LabelKey) -> Option<NotAppliable> {
        if key.tenant == self.catalog.tenant() {
            self.catalog.not_appliable(key.label)
        } else {
            Some(NotAppliable::External)
        }
    }

    /// The label that choosing this one means: itself, or the default sublabel of one's own heading
    /// (L-007, [`LabelCatalog::meant_by`]). Whoever takes a label from a person asks here before
    /// asking whether it can be applied.
    pub fn meant_by(&self, key: LabelKey) -> LabelKey {
        if key.tenant != self.tenant() {
            return key;
        }
        LabelKey::new(key.tenant, self.catalog.meant_by(key.label))
    }

    /// Finds a label by what a filter says: `<tenant>_<label>`, the own label's id, `^Name` for an
    /// external one, or the own label's path or unique name, in this order.
    ///
    /// An id that is not in the list is still an answer, because saved filters on deleted and
    /// foreign labels keep working.
    ///
    /// # Errors
    ///
    /// [`LookupError`] for a name that nothing has, or several labels have.
    pub fn find(&self, text: &str) -> Result<LabelKey, LookupError> {
        self.look_up(text, LabelCatalog::find)
    }

    /// The same without a suggestion, for which the text would be compared with every name: for
    /// whoever looks up many, and shows few of those that are unknown.
    ///
    /// # Errors
    ///
    /// As [`find`](Self::find).
    pub fn find_quickly(&self, text: &str) -> Result<LabelKey, LookupError> {
        self.look_up(text, LabelCatalog::find_quickly)
    }

    fn look_up(
        &self,
        text: &str,
        in_catalog: impl for<'c> FnOnce(&'c LabelCatalog, &str) -> Result<&'c Label, LookupError>,
    ) -> Result<LabelKey, LookupError> {
        let text = text.trim();
        if let Ok(key) = LabelKey::parse(text) {
            return Ok(key);
        }
        if let Ok(id) = LabelId::parse(text) {
            return Ok(LabelKey::new(self.tenant(), id));
        }
        if let Some(name) = text.strip_prefix('^') {
            let wanted = name.trim().to_lowercase();
            let hits: Vec<&ExternalLabel> = self
                .external
                .iter()
                .filter(|label| {
                    label
                        .name_hint
                        .as_ref()
                        .is_some_and(|hint| hint.to_lowercase() == wanted)
                })
                .collect();
            return match hits.as_slice() {
                [] => Err(LookupError::unknown(text, None)),
                [only] => Ok(only.key),
                several => Err(LookupError::Ambiguous {
                    text: crate::error::quote(text),
                    paths: several.iter().map(|label| label.key.to_string()).collect(),
                }),
            };
        }
        in_catalog(&self.catalog, text).map(|label| label.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file_label::{FileLabel, LabelStorage};

    fn tenant(bits: u128) -> TenantId {
        TenantId::from_u128(bits)
    }

    fn view() -> LabelView {
        let mut off = Label::new(tenant(1), LabelId::from_u128(2), "Legacy");
        off.state = LabelState::Disabled;
        let mut gone = Label::new(tenant(1), LabelId::from_u128(3), "Gone");
        gone.state = LabelState::Deleted;
        let labels = vec![
            Label::new(tenant(1), LabelId::from_u128(1), "General"),
            off,
            gone,
        ];
        let (catalog, _) = LabelCatalog::build(tenant(1), labels).unwrap();
        let mut external = ExternalLabels::default();
        external.record(key(2, 1), Some("Internal"), 5);
        LabelView::new(Arc::new(catalog)).with_external(Arc::new(external))
    }

    fn key(of: u128, label: u128) -> LabelKey {
        LabelKey::new(tenant(of), LabelId::from_u128(label))
    }

    fn found(of: Option<u128>, label: u128) -> EffectiveLabel {
        let mut record = FileLabel::new(
            &LabelId::from_u128(label).to_string(),
            LabelStorage::CustomProperties,
        );
        record.tenant = of.map(tenant);
        EffectiveLabel::from(&record)
    }

    #[test]
    fn l_001_origins_need_tenant_and_id() {
        let view = view();
        for (of, label, origin) in [
            (Some(1), 1, LabelOrigin::Own(key(1, 1))),
            (Some(1), 2, LabelOrigin::OwnDisabled(key(1, 2))),
            (Some(1), 3, LabelOrigin::OwnDeleted(key(1, 3))),
            (Some(1), 9, LabelOrigin::OwnUnknown(key(1, 9))),
            (Some(2), 1, LabelOrigin::External(key(2, 1))),
            (None, 1, LabelOrigin::Own(key(1, 1))),
            (Some(0), 1, LabelOrigin::Own(key(1, 1))),
            (None, 9, LabelOrigin::Indeterminate),
        ] {
            assert_eq!(view.origin(&found(of, label)), origin, "{of:?} {label}");
        }
    }

    #[test]
    fn l_032_labels_of_the_other_list_are_ones_own() {
        let shadowed = Arc::new(BTreeSet::from([
            LabelId::from_u128(8),
            LabelId::from_u128(1),
        ]));
        let view = view().with_shadowed(shadowed);
        for (of, label, origin) in [
            (Some(1), 8, LabelOrigin::OwnShadowed(key(1, 8))),
            (None, 8, LabelOrigin::OwnShadowed(key(1, 8))),
            (Some(2), 8, LabelOrigin::External(key(2, 8))),
            (Some(1), 1, LabelOrigin::Own(key(1, 1))),
            (Some(1), 9, LabelOrigin::OwnUnknown(key(1, 9))),
        ] {
            assert_eq!(view.origin(&found(of, label)), origin, "{of:?} {label}");
        }
        let name = view.display_name(key(1, 8)).unwrap();
        assert!(name.ends_with("(not in use)"), "{name}");
        assert!(view.not_appliable(key(1, 8)).is_some());
    }

    /// What stands on a file stays readable, whatever becomes of the label.
    #[test]
    fn l_035_disabled_ones_are_marked_and_deleted_ones_hidden() {
        let view = view();
        assert_eq!(
            view.display_name(key(1, 2)).as_deref(),
            Some("Legacy (disabled)")
        );
        assert_eq!(view.display_name(key(1, 3)), None);
        assert!(view.catalog().labels().all(|label| label.name() != "Gone"));
        let gone = found(Some(1), 3);
        assert_eq!(gone.id_text, LabelId::from_u128(3).to_string());
        assert_eq!(view.origin(&gone), LabelOrigin::OwnDeleted(key(1, 3)));
    }

    #[test]
    fn l_092_only_this_tenant_hides_labels_of_nobody_too() {
        let shown = view();
        let hidden = view().only_this_tenant(true);
        for (of, label, always, usually) in [
            (Some(1), 1, true, true),
            (Some(1), 2, true, true),
            (Some(1), 3, false, false),
            (Some(1), 9, true, true),
            (Some(2), 1, false, true),
            (None, 1, true, true),
            (None, 9, false, true),
            (Some(0), 9, false, true),
        ] {
            let found = found(of, label);
            assert_eq!(shown.is_shown(&found), usually, "{of:?} {label}");
            assert_eq!(hidden.is_shown(&found), always, "{of:?} {label}");
        }
    }

    #[test]
    fn l_094_names_of_external_labels_are_hints() {
        let view = view();
        // Called like a label of one's own, and still somebody else's.
        let mut external = ExternalLabels::default();
        external.record(key(2, 7), Some("General"), 1);
        let view = view.with_external(Arc::new(external));
        assert_eq!(view.find("General"), Ok(key(1, 1)));
        assert_eq!(
            view.display_name(key(2, 7)).as_deref(),
            Some("General (external)")
        );
        assert_eq!(view.origin_of(key(2, 7)), LabelOrigin::External(key(2, 7)));
    }

    #[test]
    fn r_079_external_labels_join_the_list_when_seen() {
        let view = view();
        assert_eq!(view.external().count(), 1);
        assert_eq!(
            view.display_name(key(2, 1)).as_deref(),
            Some("Internal (external)")
        );
    }

    #[test]
    fn r_080_nothing_external_before_a_scan() {
        let catalog = Arc::new(LabelCatalog::empty(tenant(1)));
        assert_eq!(LabelView::new(catalog).external().count(), 0);
    }

    #[test]
    fn r_081_external_and_r_186_disabled_are_marked() {
        let view = view();
        assert_eq!(view.display_name(key(1, 1)).as_deref(), Some("General"));
        assert_eq!(
            view.display_name(key(1, 2)).as_deref(),
            Some("Legacy (disabled)")
        );
        assert_eq!(view.display_name(key(1, 3)), None);
    }

    #[test]
    fn r_082_external_labels_cannot_be_applied() {
        assert_eq!(
            view().not_appliable(key(2, 1)),
            Some(NotAppliable::External)
        );
        assert_eq!(view().not_appliable(key(1, 1)), None);
    }

    #[test]
    fn r_085_the_switch_hides_and_shows_again() {
        let hidden = view().only_this_tenant(true);
        assert_eq!(hidden.external().count(), 0);
        assert_eq!(hidden.display_name(key(2, 1)), None);
        let shown = hidden.only_this_tenant(false);
        assert_eq!(shown.external().count(), 1);
    }

    #[test]
    fn r_195_filters_name_labels_in_four_ways() {
        let view = view();
        for (text, expected) in [
            (key(2, 7).to_string(), key(2, 7)),
            (LabelId::from_u128(9).to_string(), key(1, 9)),
            ("^internal".to_owned(), key(2, 1)),
            ("general".to_owned(), key(1, 1)),
        ] {
            assert_eq!(view.find(&text), Ok(expected), "{text}");
        }
        assert!(view.find("^nothing").is_err());
        assert!(view.find("Gone").is_err());
    }

    #[test]
    fn l_094_the_registry_is_bounded() {
        let mut external = ExternalLabels::default();
        for at in 0..EXTERNAL_LABELS_MAX as u128 + 10 {
            external.record(key(2, at), None, at as i64);
        }
        assert_eq!(external.len(), EXTERNAL_LABELS_MAX);
        assert!(external.label(key(2, 9)).is_none());
        assert!(external.label(key(2, 10)).is_some());
    }
}
