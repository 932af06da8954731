//! What can be used, and what is missing for it: licences, connectors, settings, the label (section
//! 4). Pure functions, asked at the moment of use and not remembered.

use std::collections::BTreeSet;
use std::fmt;

use crate::catalog::NotAppliable;
use crate::id::{AppId, LabelKey};
use crate::settings::{IntegrationSettings, LabelCapableApps};
use crate::view::LabelView;

/// The licence of the label service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum LabelServiceLicence {
    /// None.
    #[default]
    None,
    /// Premium P1.
    P1,
    /// Premium P2, which includes P1 (L-091).
    P2,
}

/// What the caller knows of the tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TenantFacts {
    /// The product's licence.
    pub product_licence: bool,
    /// The label service's licence.
    pub label_service_licence: LabelServiceLicence,
    /// How many Office 365 licences are assigned; its connector needs one.
    pub office_365_licences: u32,
    /// The Office 365 connector is on; needed even where only other apps hold files.
    pub office_365_connector: bool,
    /// The other apps that are connected.
    pub connected: BTreeSet<AppId>,
    /// The Office 365 connector watches activities.
    pub office_365_activities: bool,
    /// The Office 365 connector watches files, which needs activities too.
    pub office_365_files: bool,
    /// Files are monitored at all.
    pub file_monitoring: bool,
    /// The integration is turned on.
    pub integration_enabled: bool,
    /// Its check boxes.
    pub settings: IntegrationSettings,
}

impl TenantFacts {
    /// A tenant with everything in place and every box ticked, these apps connected beside Office
    /// 365.
    pub fn ready(connected: impl IntoIterator<Item = AppId>) -> Self {
        Self {
            product_licence: true,
            label_service_licence: LabelServiceLicence::P1,
            office_365_licences: 1,
            office_365_connector: true,
            connected: connected.into_iter().collect(),
            office_365_activities: true,
            office_365_files: true,
            file_monitoring: true,
            integration_enabled: true,
            settings: IntegrationSettings {
                automatic_scan: true,
                only_this_tenant: false,
                inspect_protected: true,
            },
        }
    }
}

/// Something that one may want to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Capability {
    /// Fetch the tenant's labels every hour.
    SyncLabels,
    /// See labels on files, from the last list that was fetched.
    ShowLabels,
    /// Use them in filters.
    FilterByLabel,
    /// Have new and changed files of an app scanned.
    AutomaticScan(AppId),
    /// Look into protected files.
    InspectProtected,
    /// Apply this label to files of an app.
    ApplyLabel(AppId, LabelKey),
    /// Remove the label from files of an app.
    RemoveLabel(AppId),
}

/// What is missing. The order is that in which one mends it (L-090).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Missing {
    /// The product's licence.
    ProductLicence,
    /// The label service's licence.
    LabelServiceLicence,
    /// An assigned Office 365 licence.
    Office365Licence,
    /// The Office 365 connector.
    Office365Connector,
    /// The connector's view of activities, without which it has none of files.
    Office365Activities,
    /// The connector's view of files.
    Office365Files,
    /// An app's connector.
    AppConnector(AppId),
    /// The app can't carry labels at all.
    AppCapability(AppId),
    /// Monitoring of files.
    FileMonitoring,
    /// The integration.
    Integration,
    /// The box for scanning new files.
    AutomaticScan,
    /// The grant to look into protected files.
    InspectionGrant,
    /// The label can't be applied.
    Label(NotAppliable),
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ProductLicence => f.write_str("the product licence is missing"),
            Self::LabelServiceLicence => f.write_str("the label service licence is missing"),
            Self::Office365Licence => f.write_str("no Office 365 licence is assigned"),
            Self::Office365Connector => f.write_str("the Office 365 connector is not enabled"),
            Self::Office365Activities => {
                f.write_str("the Office 365 connector does not watch activities")
            }
            Self::Office365Files => f.write_str("the Office 365 connector does not watch files"),
            Self::AppConnector(app) => write!(f, "app {} is not connected", app.0),
            Self::AppCapability(app) => write!(f, "files of app {} can't carry labels", app.0),
            Self::FileMonitoring => f.write_str("file monitoring is off"),
            Self::Integration => f.write_str("the integration is off"),
            Self::AutomaticScan => f.write_str("new files are not scanned automatically"),
            Self::InspectionGrant => {
                f.write_str("nobody granted the permission to open protected files")
            }
            Self::Label(reason) => write!(f, "the label can't be applied: {reason}"),
        }
    }
}

/// What is missing for this, the first to be mended first; empty if nothing is.
///
/// A licence that ends stops synchronising; what was fetched before is still shown (L-091).
///
/// # Examples
///
/// ```
/// use label_core::capability::{Capability, Missing, TenantFacts, check};
/// use label_core::{AppId, LabelCapableApps, LabelCatalog, LabelView, TenantId};
///
/// let labels = LabelView::new(LabelCatalog::empty(TenantId::from_u128(1)).into());
/// let mut facts = TenantFacts::ready([AppId::BOX]);
/// facts.integration_enabled = false;
/// let apps = LabelCapableApps::default();
/// let missing = check(Capability::RemoveLabel(AppId::BOX), &facts, &apps, &labels);
/// assert_eq!(missing, [Missing::Integration]);
/// ```
pub fn check(
    capability: Capability,
    facts: &TenantFacts,
    apps: &LabelCapableApps,
    labels: &LabelView,
) -> Vec<Missing> {
    let mut missing = Vec::new();
    let mut need = |is_there: bool, what: Missing| {
        if !is_there {
            missing.push(what);
        }
    };
    let shows = !matches!(
        capability,
        Capability::SyncLabels | Capability::InspectProtected
    );
    // Labels that are there already are shown without a licence too.
    let needs_licences = match capability {
        Capability::ShowLabels | Capability::FilterByLabel => labels.catalog().is_empty(),
        Capability::InspectProtected => false,
        _ => true,
    };
    if needs_licences {
        need(facts.product_licence, Missing::ProductLicence);
        let has_service = facts.label_service_licence >= LabelServiceLicence::P1;
        need(has_service, Missing::LabelServiceLicence);
    }
    let app = match capability {
        Capability::AutomaticScan(app)
        | Capability::ApplyLabel(app, _)
        | Capability::RemoveLabel(app) => Some(app),
        _ => None,
    };
    if shows {
        need(facts.office_365_licences > 0, Missing::Office365Licence);
        need(facts.office_365_connector, Missing::Office365Connector);
    }
    if let Some(app) = app {
        if OFFICE_365.contains(&app) {
            need(facts.office_365_activities, Missing::Office365Activities);
            need(facts.office_365_files, Missing::Office365Files);
        } else {
            need(facts.connected.contains(&app), Missing::AppConnector(app));
        }
        if !matches!(capability, Capability::AutomaticScan(_)) {
            need(apps.contains(app), Missing::AppCapability(app));
        }
    }
    if matches!(capability, Capability::AutomaticScan(_)) {
        need(facts.file_monitoring, Missing::FileMonitoring);
    }
    if shows {
        need(facts.integration_enabled, Missing::Integration);
    }
    match capability {
        Capability::AutomaticScan(_) => {
            need(facts.settings.automatic_scan, Missing::AutomaticScan);
        }
        Capability::InspectProtected => {
            need(facts.settings.inspect_protected, Missing::InspectionGrant);
        }
        Capability::ApplyLabel(_, label) => {
            if let Some(reason) = labels.not_appliable(label) {
                need(false, Missing::Label(reason));
            }
        }
        _ => {}
    }
    missing
}

/// The apps of the Office 365 connector.
const OFFICE_365: [AppId; 2] = [AppId::SHAREPOINT_ONLINE, AppId::ONEDRIVE];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::LabelCatalog;
    use crate::id::{LabelId, TenantId};
    use crate::label::{Label, Publication};

    fn view(is_published: bool) -> LabelView {
        let tenant = TenantId::from_u128(1);
        let mut label = Label::new(tenant, LabelId::from_u128(1), "General");
        if !is_published {
            label.publication = Publication::NotPublished;
        }
        let (catalog, _) = LabelCatalog::build(tenant, vec![label]).unwrap();
        LabelView::new(catalog.into())
    }

    fn key() -> LabelKey {
        LabelKey::new(TenantId::from_u128(1), LabelId::from_u128(1))
    }

    fn nothing() -> TenantFacts {
        TenantFacts {
            product_licence: false,
            label_service_licence: LabelServiceLicence::None,
            office_365_licences: 0,
            office_365_connector: false,
            connected: BTreeSet::new(),
            office_365_activities: false,
            office_365_files: false,
            file_monitoring: false,
            integration_enabled: false,
            settings: IntegrationSettings::default(),
        }
    }

    #[test]
    fn l_090_everything_that_is_missing_is_named_in_order() {
        use Missing::*;
        let apps = LabelCapableApps::default();
        let licences = vec![ProductLicence, LabelServiceLicence];
        let office = vec![Office365Licence, Office365Connector];
        for (capability, expected) in [
            (Capability::SyncLabels, licences.clone()),
            (
                Capability::ShowLabels,
                [office.clone(), vec![Integration]].concat(),
            ),
            (
                Capability::FilterByLabel,
                [office.clone(), vec![Integration]].concat(),
            ),
            (Capability::InspectProtected, vec![InspectionGrant]),
            (
                Capability::AutomaticScan(AppId::BOX),
                [
                    licences.clone(),
                    office.clone(),
                    vec![
                        AppConnector(AppId::BOX),
                        FileMonitoring,
                        Integration,
                        AutomaticScan,
                    ],
                ]
                .concat(),
            ),
            (
                Capability::ApplyLabel(AppId::ONEDRIVE, key()),
                [
                    licences.clone(),
                    office.clone(),
                    vec![
                        Office365Activities,
                        Office365Files,
                        Integration,
                        Label(NotAppliable::NotPublished),
                    ],
                ]
                .concat(),
            ),
            (
                Capability::RemoveLabel(AppId::DROPBOX),
                [
                    licences,
                    office,
                    vec![
                        AppConnector(AppId::DROPBOX),
                        AppCapability(AppId::DROPBOX),
                        Integration,
                    ],
                ]
                .concat(),
            ),
        ] {
            let missing = check(capability, &nothing(), &apps, &view(false));
            assert_eq!(missing, expected, "{capability:?}");
            assert!(missing.iter().all(|one| !one.to_string().is_empty()));
            let ready = TenantFacts::ready([AppId::BOX, AppId::DROPBOX]);
            let mut apps = LabelCapableApps::default();
            apps.insert(AppId::DROPBOX);
            assert_eq!(
                check(capability, &ready, &apps, &view(true)),
                [],
                "{capability:?}"
            );
        }
    }

    #[test]
    fn l_090_each_fact_alone_is_missed_by_what_needs_it_and_by_nothing_else() {
        use Capability::*;
        let apps = LabelCapableApps::default();
        let all = [
            SyncLabels,
            ShowLabels,
            FilterByLabel,
            InspectProtected,
            AutomaticScan(AppId::BOX),
            AutomaticScan(AppId::ONEDRIVE),
            ApplyLabel(AppId::BOX, key()),
            ApplyLabel(AppId::SHAREPOINT_ONLINE, key()),
            RemoveLabel(AppId::BOX),
            RemoveLabel(AppId::ONEDRIVE),
        ];
        // Showing and filtering go on without licences (L-091), and inspecting is a grant alone.
        let licensed =
            |one: &Capability| !matches!(one, ShowLabels | FilterByLabel | InspectProtected);
        let shows = |one: &Capability| !matches!(one, SyncLabels | InspectProtected);
        let scans = |one: &Capability| matches!(one, AutomaticScan(_));
        let of_app = |one: &Capability| match one {
            AutomaticScan(app) | ApplyLabel(app, _) | RemoveLabel(app) => Some(*app),
            _ => None,
        };
        let in_box = |one: &Capability| of_app(one) == Some(AppId::BOX);
        let in_office = |one: &Capability| of_app(one).is_some_and(|app| app != AppId::BOX);
        type Change = fn(&mut TenantFacts);
        type Needs<'a> = &'a dyn Fn(&Capability) -> bool;
        let table: [(Change, Missing, Needs<'_>); 11] = [
            (
                |facts| facts.product_licence = false,
                Missing::ProductLicence,
                &licensed,
            ),
            (
                |facts| facts.label_service_licence = LabelServiceLicence::None,
                Missing::LabelServiceLicence,
                &licensed,
            ),
            (
                |facts| facts.office_365_licences = 0,
                Missing::Office365Licence,
                &shows,
            ),
            (
                |facts| facts.office_365_connector = false,
                Missing::Office365Connector,
                &shows,
            ),
            (
                |facts| facts.connected.clear(),
                Missing::AppConnector(AppId::BOX),
                &in_box,
            ),
            (
                |facts| facts.office_365_activities = false,
                Missing::Office365Activities,
                &in_office,
            ),
            (
                |facts| facts.office_365_files = false,
                Missing::Office365Files,
                &in_office,
            ),
            (
                |facts| facts.file_monitoring = false,
                Missing::FileMonitoring,
                &scans,
            ),
            (
                |facts| facts.integration_enabled = false,
                Missing::Integration,
                &shows,
            ),
            (
                |facts| facts.settings.automatic_scan = false,
                Missing::AutomaticScan,
                &scans,
            ),
            (
                |facts| facts.settings.inspect_protected = false,
                Missing::InspectionGrant,
                &|one| matches!(one, InspectProtected),
            ),
        ];
        for (change, expected, needs) in table {
            let mut facts = TenantFacts::ready([AppId::BOX]);
            change(&mut facts);
            for capability in all {
                let missing = check(capability, &facts, &apps, &view(true));
                let wanted: &[Missing] = if needs(&capability) { &[expected] } else { &[] };
                assert_eq!(missing, wanted, "{capability:?} without {expected:?}");
            }
        }
    }

    #[test]
    fn l_091_the_larger_licence_includes_the_smaller_and_showing_needs_none() {
        let apps = LabelCapableApps::default();
        for (licence, syncs) in [
            (LabelServiceLicence::None, false),
            (LabelServiceLicence::P1, true),
            (LabelServiceLicence::P2, true),
        ] {
            let mut facts = TenantFacts::ready([]);
            facts.label_service_licence = licence;
            let missing = |capability, view: &LabelView| check(capability, &facts, &apps, view);
            let has_all = missing(Capability::SyncLabels, &view(true)).is_empty();
            assert_eq!(has_all, syncs, "{licence:?}");
            // What was fetched before stays visible; there is nothing to see before.
            assert_eq!(missing(Capability::ShowLabels, &view(true)), []);
            let empty = LabelView::new(LabelCatalog::empty(TenantId::from_u128(1)).into());
            assert_eq!(missing(Capability::ShowLabels, &empty).is_empty(), syncs);
        }
    }
}
