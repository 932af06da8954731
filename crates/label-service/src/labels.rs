//! The label list: when it is fetched, what came of it, and what hangs on it.

use std::collections::BTreeMap;
use std::sync::Arc;

use governance::Initiator;
use label_core::sync::{Outcome, SyncError, SyncStatus};
use label_core::view::ExternalLabel;
use label_core::{
    IntegrationState, LabelId, LabelKey, LabelOrigin, LabelView, OwnTenants, PolicyId,
};
use policy_engine::{FileRecord, ScanWarnings};

use crate::error::ServiceError;
use crate::inventory::{KnownFile, KnownLabel};
use crate::report::SyncReport;
use crate::service::{META_POLICIES, Service};

impl Service {
    /// How the label list stands: when it was confirmed, which version is in force, what is held
    /// back.
    pub fn sync_status(&self) -> &SyncStatus {
        self.keeper.status()
    }

    /// Puts the label list in force that is held back, because too many labels would go; `None` if
    /// none is held. The next tick takes the consequences.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Labels`]: it can't be stored; the old one stays in force.
    pub fn confirm_labels(&mut self) -> Result<Option<SyncReport>, ServiceError> {
        let Some(outcome) = self.keeper.confirm()? else {
            return Ok(None);
        };
        Ok(Some(self.take(Ok(outcome))))
    }

    /// Tells which licences and connectors there are now. With both licences there, the first fetch
    /// is due at once; without one, fetching stops and what was fetched stays.
    pub fn set_integration(&mut self, integration: IntegrationState) {
        if integration.syncs() && !self.options.integration.syncs() {
            self.schedule.force();
        }
        self.options.integration = integration;
    }

    /// How many files carry each label that is shown, whether it is in the list or not.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Inventory`].
    pub fn labels_in_use(&self) -> Result<BTreeMap<LabelKey, usize>, ServiceError> {
        let mut counts = BTreeMap::new();
        for file in self.files()? {
            for key in file.labels.iter().filter_map(|label| self.key_of(label)) {
                let is_hidden = match self.labels.origin_of(key) {
                    LabelOrigin::OwnDeleted(_) => true,
                    LabelOrigin::External(_) => self.options.settings.only_this_tenant,
                    _ => false,
                };
                if !is_hidden {
                    *counts.entry(key).or_insert(0) += 1;
                }
            }
        }
        Ok(counts)
    }

    /// What policies see of a file: hidden labels are not there.
    pub(crate) fn record_of(&self, file: &KnownFile) -> FileRecord {
        let mut record = file.to_record();
        record.labels = file
            .labels
            .iter()
            .filter_map(|label| self.key_of(label))
            .collect();
        if self.options.settings.only_this_tenant {
            record
                .labels
                .retain(|key| !matches!(self.labels.origin_of(*key), LabelOrigin::External(_)));
            // What another tenant protected is not ours to warn about (P-013, R-123).
            if file
                .protecting_tenant
                .is_some_and(|tenant| tenant != self.tenant)
            {
                record.warnings = ScanWarnings::NONE;
            }
        }
        record
    }

    /// A label's key. One of no tenant is ours if its id is (section 5 of the label model).
    fn key_of(&self, label: &KnownLabel) -> Option<LabelKey> {
        label.key.or_else(|| {
            let id = LabelId::parse(&label.id_text).ok()?;
            self.labels.catalog().by_id(id).map(|label| label.key)
        })
    }

    pub(crate) fn sync_is_due(&mut self, now_ms: i64) -> bool {
        self.options.integration.syncs() && self.schedule.due_ms(now_ms) <= now_ms
    }

    /// Fetches the labels. A failure keeps the list in force, and is tried again sooner than
    /// in a whole period.
    pub(crate) fn sync(&mut self, now_ms: i64) -> SyncReport {
        self.schedule.started(now_ms);
        let outcome = self.keeper.sync_from(self.source.as_mut(), now_ms);
        if outcome.is_err() {
            let failures = self.keeper.status().consecutive_failures;
            self.schedule.failed(now_ms, failures);
        }
        self.take(outcome)
    }

    fn take(&mut self, outcome: Result<Outcome, SyncError>) -> SyncReport {
        let mut report = match outcome {
            Err(error) => SyncReport {
                error: Some(error.to_string()),
                ..SyncReport::default()
            },
            Ok(Outcome::Held(held)) => SyncReport {
                held: Some(held),
                ..SyncReport::default()
            },
            Ok(Outcome::Replaced { snapshot, changes }) => {
                self.labels = LabelView::new(Arc::clone(&snapshot.catalog));
                self.renew_view();
                SyncReport::of(&changes)
            }
            Ok(_) => SyncReport::default(),
        };
        let catalog = self.labels.catalog();
        report.labels = catalog.labels().count();
        report.version = self.keeper.status().version;
        report.notes.clone_from(&self.keeper.status().notes);
        if report.error.is_none() && !catalog.any_published() {
            let note = "no label is published: none can be applied".to_owned();
            report.notes.push(note);
        }
        report
    }

    /// Puts catalogue, external labels and settings together again.
    pub(crate) fn renew_view(&mut self) {
        let own = self
            .options
            .merged_tenants
            .iter()
            .fold(OwnTenants::new(self.tenant), |own, tenant| {
                own.with(*tenant)
            });
        self.labels = LabelView::new(self.labels.catalog().clone())
            .with_own_tenants(own)
            .with_external(Arc::new(self.external.clone()))
            .only_this_tenant(self.options.settings.only_this_tenant);
    }

    /// The external labels as they are stored.
    pub(crate) fn external_rows(&self) -> Vec<(LabelKey, Option<String>, i64)> {
        self.external
            .iter()
            .map(|label: &ExternalLabel| (label.key, label.name_hint.clone(), label.last_seen_ms))
            .collect()
    }

    /// A policy whose label vanished or was disabled is disabled and says why.
    pub(crate) fn disable_broken_policies(
        &mut self,
        now_ms: i64,
    ) -> Result<Vec<(PolicyId, String)>, ServiceError> {
        let by = Initiator::parse("label list")?;
        let mut broken = Vec::new();
        for policy in self.policies.policies() {
            if !policy.is_enabled() {
                continue;
            }
            if let Some(problem) = policy.label_problems(&self.labels).first() {
                broken.push((policy.id().clone(), problem.to_string()));
            }
        }
        for (policy, _) in &broken {
            self.policies = self.policies.with_enabled(policy, false);
            self.governance
                .disable_policy(self.tenant, policy, &by, now_ms)?;
        }
        // What changes from now on is evaluated without them: the same document, loaded when the
        // label is back, is new to those files.
        if !broken.is_empty() {
            self.inventory.set_meta(META_POLICIES, &"")?;
        }
        Ok(broken)
    }
}
