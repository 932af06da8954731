//! What an administrator sets, the rules that changed over the years, and the apps that can carry
//! labels.

use std::collections::BTreeSet;
use std::fmt;

use crate::id::{AppId, TenantId};

/// One mebibyte, in bytes: the unit of the product's size limits.
const MIB: u64 = 1_048_576;

/// Which year's rules apply. Everything that changed over time is behind this one switch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Profile {
    /// May 2021.
    #[default]
    Seed,
    /// 2025.
    Current,
}

impl Profile {
    /// Largest file that can be labelled, in bytes before labelling; a file of exactly this size
    /// passes (R-128): 50 MiB, since 2022 30 MiB.
    pub const fn label_bytes_max(self) -> u64 {
        match self {
            Self::Seed => 50 * MIB,
            Self::Current => 30 * MIB,
        }
    }

    /// Largest file whose content is inspected, in bytes: the same figures.
    pub const fn inspect_bytes_max(self) -> u64 {
        self.label_bytes_max()
    }

    /// Whether labels that an administrator applies by hand use up the daily limit: from August
    /// 2021 on.
    pub const fn counts_manual(self) -> bool {
        matches!(self, Self::Current)
    }

    /// Whether a label must be for files and e-mail both to be applied: from October 2023 on
    /// (A-043).
    pub const fn needs_file_and_email_scope(self) -> bool {
        matches!(self, Self::Current)
    }
}

/// The two check boxes and the consent of the integration (R-101). All off is the default (R-107).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct IntegrationSettings {
    /// Automatically scan new and changed files for labels and content inspection warnings.
    #[cfg_attr(feature = "serde", serde(rename = "allowAzIP"))]
    pub automatic_scan: bool,
    /// Ignore labels and warnings of other tenants.
    #[cfg_attr(feature = "serde", serde(rename = "ignoreExternalAzIP"))]
    pub only_this_tenant: bool,
    /// An administrator granted the permission to open protected files.
    #[cfg_attr(feature = "serde", serde(rename = "inspectProtectedFiles"))]
    pub inspect_protected: bool,
}

/// What must be there before labels can be used, as facts that the caller knows (R-026, R-030).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct IntegrationState {
    /// The tenant has the product's licence.
    pub product_licence: bool,
    /// The tenant has a licence of the label service.
    pub label_service_licence: bool,
    /// The Office 365 connector is on; needed even where only other apps hold files.
    pub office_365_connector: bool,
}

impl IntegrationState {
    /// Everything in place.
    pub const READY: Self = Self {
        product_licence: true,
        label_service_licence: true,
        office_365_connector: true,
    };

    /// What is missing, the first to be mended first; empty if everything is in place (R-027).
    ///
    /// # Examples
    ///
    /// ```
    /// use label_core::settings::{IntegrationState, Precondition};
    ///
    /// let state = IntegrationState { office_365_connector: false, ..IntegrationState::READY };
    /// assert_eq!(state.missing(), [Precondition::Office365Connector]);
    /// ```
    pub fn missing(self) -> Vec<Precondition> {
        [
            (self.product_licence, Precondition::ProductLicence),
            (
                self.label_service_licence,
                Precondition::LabelServiceLicence,
            ),
            (self.office_365_connector, Precondition::Office365Connector),
        ]
        .into_iter()
        .filter_map(|(there, precondition)| (!there).then_some(precondition))
        .collect()
    }

    /// Whether labels are synchronised: both licences (R-028, R-029).
    pub const fn syncs(self) -> bool {
        self.product_licence && self.label_service_licence
    }
}

/// Something that must be there before labels can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Precondition {
    /// The product's licence.
    ProductLicence,
    /// The label service's licence.
    LabelServiceLicence,
    /// The Office 365 app connector.
    Office365Connector,
}

impl fmt::Display for Precondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ProductLicence => "the product licence is missing",
            Self::LabelServiceLicence => "the label service licence is missing",
            Self::Office365Connector => "the Office 365 connector is not enabled",
        })
    }
}

/// The apps whose files can be labelled: four at first, and data that a caller extends (R-055 to
/// R-057).
///
/// # Examples
///
/// ```
/// use label_core::{AppId, settings::LabelCapableApps};
///
/// let mut apps = LabelCapableApps::default();
/// assert!(apps.contains(AppId::BOX) && !apps.contains(AppId::DROPBOX));
/// apps.insert(AppId::DROPBOX);
/// assert!(apps.contains(AppId::DROPBOX));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelCapableApps(BTreeSet<AppId>);

impl Default for LabelCapableApps {
    fn default() -> Self {
        Self(BTreeSet::from([
            AppId::BOX,
            AppId::GOOGLE_WORKSPACE,
            AppId::SHAREPOINT_ONLINE,
            AppId::ONEDRIVE,
        ]))
    }
}

impl LabelCapableApps {
    /// Adds an app.
    pub fn insert(&mut self, app: AppId) {
        self.0.insert(app);
    }

    /// Whether files of the app can be labelled.
    pub fn contains(&self, app: AppId) -> bool {
        self.0.contains(&app)
    }

    /// The apps, by number.
    pub fn iter(&self) -> impl Iterator<Item = AppId> {
        self.0.iter().copied()
    }
}

/// The tenants that count as one's own: one, or several after a merger (R-124).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnTenants {
    primary: TenantId,
    merged: BTreeSet<TenantId>,
}

impl OwnTenants {
    /// One tenant.
    pub fn new(primary: TenantId) -> Self {
        Self {
            primary,
            merged: BTreeSet::new(),
        }
    }

    /// The same with a merged tenant beside it.
    #[must_use]
    pub fn with(mut self, tenant: TenantId) -> Self {
        self.merged.insert(tenant);
        self
    }

    /// The tenant whose labels are synchronised and applied.
    pub fn primary(&self) -> TenantId {
        self.primary
    }

    /// Whether the tenant is one's own.
    pub fn contains(&self, tenant: TenantId) -> bool {
        tenant == self.primary || self.merged.contains(&tenant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_026_both_licences_are_needed() {
        for (product, service, connector, syncs, missing) in [
            (true, true, true, true, 0),
            (true, true, false, true, 1),
            (true, false, true, false, 1),
            (false, true, true, false, 1),
            (false, false, false, false, 3),
        ] {
            let state = IntegrationState {
                product_licence: product,
                label_service_licence: service,
                office_365_connector: connector,
            };
            assert_eq!(state.syncs(), syncs);
            assert_eq!(state.missing().len(), missing);
        }
    }

    #[test]
    fn r_107_automatic_scan_is_off_by_default() {
        assert!(!IntegrationSettings::default().automatic_scan);
    }

    #[cfg(feature = "serde")]
    #[test]
    fn r_101_settings_round_trip_with_the_products_names() {
        let text = r#"{"allowAzIP":true,"ignoreExternalAzIP":false,"inspectProtectedFiles":true}"#;
        let settings: IntegrationSettings = serde_json::from_str(text).unwrap();
        assert!(settings.automatic_scan && !settings.only_this_tenant);
        assert_eq!(serde_json::to_string(&settings).unwrap(), text);
        let one: IntegrationSettings =
            serde_json::from_str(r#"{"ignoreExternalAzIP":true}"#).unwrap();
        assert!(one.only_this_tenant && !one.automatic_scan);
    }

    #[test]
    fn r_055_four_apps_carry_labels() {
        let apps = LabelCapableApps::default();
        let numbers: Vec<u32> = apps.iter().map(|app| app.0).collect();
        assert_eq!(numbers, [10489, 11770, 15600, 20892]);
    }

    #[test]
    fn r_057_a_caller_adds_an_app() {
        let mut apps = LabelCapableApps::default();
        assert!(!apps.contains(AppId(4711)));
        apps.insert(AppId(4711));
        assert!(apps.contains(AppId(4711)));
    }

    #[test]
    fn r_124_several_own_tenants() {
        let (a, b, c) = (
            TenantId::from_u128(1),
            TenantId::from_u128(2),
            TenantId::from_u128(3),
        );
        let own = OwnTenants::new(a).with(b);
        assert!(own.contains(a) && own.contains(b) && !own.contains(c));
    }

    #[test]
    fn r_128_limits_per_profile() {
        assert_eq!(Profile::Seed.label_bytes_max(), 52_428_800);
        assert_eq!(Profile::Current.label_bytes_max(), 31_457_280);
    }
}
