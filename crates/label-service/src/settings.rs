//! The integration's check boxes, changed while the service runs.

use label_core::IntegrationSettings;
use serde::{Deserialize, Serialize};

use crate::error::ServiceError;
use crate::inventory::ScanState;
use crate::service::Service;

/// The settings that were changed last.
pub(crate) const META_SETTINGS: &str = "settings";

/// A check box that somebody ticked or cleared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SettingChange {
    /// When, milliseconds UTC.
    pub at_ms: i64,
    /// Who.
    pub administrator: String,
    /// Which setting, by the product's name: `allowAzIP`, `ignoreExternalAzIP` or
    /// `inspectProtectedFiles`.
    pub setting: String,
    /// Whether it is on now.
    pub on: bool,
}

impl Service {
    /// Changes the check boxes. They hold from the next tick on, and over restarts, and who changed
    /// what is logged.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: the name is none, or the inventory refuses; the settings are as before.
    pub fn change_settings(
        &mut self,
        settings: IntegrationSettings,
        administrator: &str,
        now_ms: i64,
    ) -> Result<Vec<SettingChange>, ServiceError> {
        let by = governance::Initiator::parse(administrator)?;
        let before = self.options.settings;
        let changes: Vec<SettingChange> = [
            ("allowAzIP", before.automatic_scan, settings.automatic_scan),
            (
                "ignoreExternalAzIP",
                before.only_this_tenant,
                settings.only_this_tenant,
            ),
            (
                "inspectProtectedFiles",
                before.inspect_protected,
                settings.inspect_protected,
            ),
        ]
        .into_iter()
        .filter(|(_, before, now)| before != now)
        .map(|(setting, _, on)| SettingChange {
            at_ms: now_ms,
            administrator: by.as_str().to_owned(),
            setting: setting.to_owned(),
            on,
        })
        .collect();
        self.inventory.batch(|inventory| {
            inventory.set_meta(META_SETTINGS, &settings)?;
            if before.only_this_tenant != settings.only_this_tenant {
                // Filters see other labels than before.
                inventory.set_all_unevaluated()?;
            }
            if before.only_this_tenant && !settings.only_this_tenant {
                // What was passed over then counts now.
                inventory.scan_again(|file| matches!(file.scan, ScanState::Done { .. }))?;
            }
            if !before.inspect_protected && settings.inspect_protected {
                inventory.scan_again(|file| file.protection.is_some())?;
            }
            inventory.log_settings(&changes)
        })?;
        self.options.settings = settings;
        self.renew_view();
        Ok(changes)
    }

    /// The check boxes as they are.
    pub fn settings(&self) -> IntegrationSettings {
        self.options.settings
    }

    /// Who changed which check box, the oldest first; the last 10,000 changes.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Inventory`].
    pub fn setting_changes(&self) -> Result<Vec<SettingChange>, ServiceError> {
        self.inventory.setting_changes()
    }
}
