//! The loop: labels are synchronised, files listed and scanned, policies evaluated, tasks carried
//! out; one tick at a time, and a restart goes on where the last tick stopped.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use governance::store::SqliteStore;
use governance::{Governance, Initiator, ManualTasks, PolicyState, Settings};
use label_core::sync::{KeeperOptions, Schedule, ScheduleOptions, SnapshotKeeper, SnapshotStore};
use label_core::{
    ExternalLabels, FileKey, IntegrationSettings, IntegrationState, LabelCapableApps, LabelCatalog,
    LabelSource, LabelState, LabelView, NotAppliable, PolicyId, Profile, TenantId,
};
use label_formats::{Decryptor, Limits, Protector, TenantStorage};
use policy_engine::{BuildCause, BuildContext, PolicyDocument, PolicySet};
use sha2::{Digest, Sha256};

use crate::app::CloudApp;
use crate::content::{Inspectors, presets};
use crate::error::ServiceError;
use crate::inventory::{Inventory, KnownFile, KnownMatch};
use crate::report::{Progress, SyncReport, TickReport};
use crate::settings::META_SETTINGS;

/// What is remembered between restarts.
pub(crate) const META_EXTERNAL: &str = "external_labels";
pub(crate) const META_POLICIES: &str = "policies";
const META_POLICY_IDS: &str = "policy_ids";
const META_DRY_RUN: &str = "dry_run";

/// Whether files are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Labels are applied and removed.
    #[default]
    Apply,
    /// Nothing is written: tasks are decided, and the decision is reported.
    DryRun,
}

/// What may be chosen; the default is what the product did in May 2021.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServiceOptions {
    /// Which year's rules.
    pub profile: Profile,
    /// The integration's check boxes, until [`Service::change_settings`] changes them: then what it
    /// was told counts, over restarts too.
    pub settings: IntegrationSettings,
    /// Licences and connector: facts that the caller knows.
    pub integration: IntegrationState,
    /// When the labels are fetched; every hour by default.
    pub schedule: ScheduleOptions,
    /// Tenants besides the first that count as one's own.
    pub merged_tenants: Vec<TenantId>,
    /// The apps whose files can be labelled.
    pub label_capable_apps: LabelCapableApps,
    /// Which storage counts for the own tenant's labels in Office files.
    pub storage: TenantStorage,
    /// How much of a file is read.
    pub limits: Limits,
    /// Whether files are written.
    pub mode: Mode,
    /// Most files scanned in one tick.
    pub scans_per_tick_max: usize,
    /// Most tasks carried out in one tick.
    pub tasks_per_tick_max: usize,
}

impl Default for ServiceOptions {
    fn default() -> Self {
        Self {
            profile: Profile::Seed,
            settings: IntegrationSettings {
                automatic_scan: true,
                ..IntegrationSettings::default()
            },
            integration: IntegrationState::READY,
            schedule: ScheduleOptions::default(),
            merged_tenants: Vec::new(),
            label_capable_apps: LabelCapableApps::default(),
            storage: TenantStorage::Unknown,
            limits: Limits::default(),
            mode: Mode::Apply,
            scans_per_tick_max: 100_000,
            tasks_per_tick_max: 10_000,
        }
    }
}

/// The integration as one value: give it a label source, connected apps and policies, and call
/// [`tick`](Self::tick).
pub struct Service {
    pub(crate) options: ServiceOptions,
    pub(crate) tenant: TenantId,
    pub(crate) source: Box<dyn LabelSource>,
    pub(crate) keeper: SnapshotKeeper,
    pub(crate) schedule: Schedule,
    pub(crate) apps: Vec<Box<dyn CloudApp>>,
    pub(crate) protector: Option<Box<dyn Protector>>,
    pub(crate) decryptor: Option<Box<dyn Decryptor>>,
    pub(crate) inventory: Inventory,
    pub(crate) governance: Governance<SqliteStore>,
    pub(crate) labels: LabelView,
    pub(crate) external: ExternalLabels,
    pub(crate) policies: PolicySet,
    pub(crate) inspectors: Inspectors,
    /// External labels were seen that are not stored yet.
    pub(crate) external_is_new: bool,
    /// Where the last tick stopped scanning, if it left something.
    pub(crate) scanned_up_to: Option<FileKey>,
    /// What fetching the labels for the policies came to: the next tick tells.
    pub(crate) unreported_sync: Option<SyncReport>,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service")
            .field("tenant", &self.tenant)
            .field("apps", &self.apps.len())
            .field("policies", &self.policies.policies().len())
            .finish_non_exhaustive()
    }
}

impl Service {
    /// Opens the service on a folder for its state; the folder is made if it isn't there.
    ///
    /// What an earlier process left half done is settled first: a file whose content is what was
    /// about to be written counts as written, any other task goes back to the queue.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: the state is damaged or in use; nothing was changed.
    pub fn open(
        state: &Path,
        tenant: TenantId,
        source: Box<dyn LabelSource>,
        apps: Vec<Box<dyn CloudApp>>,
        mut options: ServiceOptions,
        now_ms: i64,
    ) -> Result<Self, ServiceError> {
        std::fs::create_dir_all(state).map_err(|error| ServiceError::Folder {
            place: state.display().to_string(),
            cause: error.to_string(),
        })?;
        let mut settings = Settings::default();
        // What interrupts a task here ends the process, and it takes a new start to try again: time
        // enough. The clock of a pass stands still, so a pause would wait for the next one.
        settings.retry.interrupted.first_ms = 0;
        settings.manual_tasks = if options.profile.counts_manual() {
            ManualTasks::Counted
        } else {
            ManualTasks::Exempt
        };
        let store = SqliteStore::open(state.join("tasks.db"))?;
        let governance = Governance::open(store, settings)?;
        let inventory = Inventory::open(&state.join("inventory.db"))?;
        if let Some(settings) = inventory.meta(META_SETTINGS)? {
            options.settings = settings;
        }
        let stored = SnapshotStore::new(&state.join("labels.json"));
        let keeper = SnapshotKeeper::open(tenant, KeeperOptions::default(), stored)?;
        let mut schedule = Schedule::new(options.schedule, seed(tenant, now_ms))?;
        // A time in the future was noted while the clock was ahead: then a fetch is due at once.
        if let Some(confirmed_ms) = keeper.status().last_success_ms
            && confirmed_ms <= now_ms
        {
            schedule.started(confirmed_ms);
        }
        let catalog = keeper.current().map_or_else(
            || Arc::new(LabelCatalog::empty(tenant)),
            |snapshot| Arc::clone(&snapshot.catalog),
        );
        let mut external = ExternalLabels::default();
        for (key, name, seen) in inventory
            .meta::<Vec<(label_core::LabelKey, Option<String>, i64)>>(META_EXTERNAL)?
            .unwrap_or_default()
        {
            external.record(key, name.as_deref(), seen);
        }
        let mut service = Self {
            labels: LabelView::new(catalog),
            options,
            tenant,
            source,
            keeper,
            schedule,
            apps,
            protector: None,
            decryptor: None,
            inventory,
            governance,
            external,
            policies: PolicySet::default(),
            inspectors: Inspectors::default(),
            external_is_new: false,
            scanned_up_to: None,
            unreported_sync: None,
        };
        service.renew_view();
        service.settle_interrupted(now_ms)?;
        service.note_mode()?;
        Ok(service)
    }

    /// The same with somebody who encrypts for labels that protect.
    #[must_use]
    pub fn with_protector(mut self, protector: Box<dyn Protector>) -> Self {
        self.protector = Some(protector);
        self
    }

    /// The same with somebody who opens protected files.
    #[must_use]
    pub fn with_decryptor(mut self, decryptor: Box<dyn Decryptor>) -> Self {
        self.decryptor = Some(decryptor);
        self
    }

    /// The labels as they are known now.
    pub fn labels(&self) -> &LabelView {
        &self.labels
    }

    /// The policies in force.
    pub fn policies(&self) -> &PolicySet {
        &self.policies
    }

    /// All files that are known.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Inventory`].
    pub fn files(&self) -> Result<Vec<KnownFile>, ServiceError> {
        self.inventory.files()
    }

    /// What matches now.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Inventory`].
    pub fn matches(&self) -> Result<Vec<KnownMatch>, ServiceError> {
        self.inventory.matches()
    }

    /// The tasks, their quotas and the log.
    pub fn governance(&self) -> &Governance<SqliteStore> {
        &self.governance
    }

    /// The tasks, to change limits or cancel by hand.
    pub fn governance_mut(&mut self) -> &mut Governance<SqliteStore> {
        &mut self.governance
    }

    /// Checks policies and puts them in force; fetches the labels first if that never happened,
    /// because policies name them.
    ///
    /// A changed document is evaluated against every known file at the next tick. Pending tasks of
    /// a policy that is now disabled are suspended, those of one that is gone are cancelled.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Policies`] with everything that is wrong, at its place; the policies in
    /// force stay.
    pub fn load_policies(&mut self, document: &str, now_ms: i64) -> Result<(), ServiceError> {
        // A policy is checked against the list as it is, not as it was when the process ended.
        if self.sync_is_due(now_ms) {
            let report = self.sync(now_ms);
            if let (Some(cause), None) = (&report.error, self.keeper.current()) {
                let cause = cause.clone();
                return Err(ServiceError::NoLabels { cause });
            }
            self.unreported_sync = Some(report);
        }
        let document = PolicyDocument::from_json(document)?;
        for policy in &document.policies {
            let state = self.governance.policy_state(self.tenant, &policy.id)?;
            if state == PolicyState::Deleted {
                return Err(ServiceError::PolicyDeleted {
                    policy: policy.id.clone(),
                });
            }
        }
        let presets = presets();
        let mut context = BuildContext::new(&self.labels);
        context.detectors = &presets;
        context.profile = self.options.profile;
        context.label_capable_apps = self.options.label_capable_apps.clone();
        let policies = self.build_policies(document, &context)?;
        let mut inspectors = Inspectors::default();
        for policy in policies.policies() {
            if let Some(inspection) = policy.inspection() {
                inspectors
                    .prepare(inspection)
                    .map_err(|error| ServiceError::Inspection {
                        policy: policy.id().clone(),
                        cause: error.to_string(),
                    })?;
            }
        }
        self.policies = policies;
        self.inspectors = inspectors;
        self.note_policies(now_ms)
    }

    /// Checks a document. A policy whose only fault is that a label it applies was disabled,
    /// unpublished or deleted since is taken as disabled, as it would be if the change had come
    /// while it was in force; otherwise a restart would refuse what a running service
    /// bears.
    fn build_policies(
        &self,
        mut document: PolicyDocument,
        context: &BuildContext<'_>,
    ) -> Result<PolicySet, ServiceError> {
        let errors = match PolicySet::build(&document, context) {
            Ok(policies) => return Ok(policies),
            Err(errors) => errors,
        };
        let passing: Option<Vec<usize>> = errors
            .as_slice()
            .iter()
            .map(|error| {
                let may_pass = match &error.cause {
                    BuildCause::NotAppliable {
                        reason: NotAppliable::Disabled | NotAppliable::NotPublished,
                        ..
                    } => true,
                    BuildCause::DeletedLabel { .. } => error.pointer.contains("/governance/"),
                    BuildCause::UnknownLabel { text } => {
                        error.pointer.contains("/governance/") && self.was_deleted(text)
                    }
                    _ => false,
                };
                may_pass.then(|| policy_index(&error.pointer)).flatten()
            })
            .collect();
        let Some(passing) = passing else {
            return Err(errors.into());
        };
        // Without its actions the policy can be checked; disabled, it does nothing.
        for at in passing {
            if let Some(policy) = document.policies.get_mut(at) {
                policy.enabled = false;
                policy.governance.clear();
            }
        }
        Ok(PolicySet::build(&document, context)?)
    }

    /// Whether a label that is gone had this path, or this name.
    fn was_deleted(&self, text: &str) -> bool {
        let wanted = text.to_lowercase();
        let catalog = self.labels.catalog();
        catalog
            .with_deleted()
            .filter(|label| label.state == LabelState::Deleted)
            .any(|label| {
                let path = catalog.path(label.key.label).unwrap_or_default();
                [path, label.name()]
                    .map(str::to_lowercase)
                    .contains(&wanted)
            })
    }

    /// What was evaluated in a dry run is evaluated again once it counts.
    fn note_mode(&mut self) -> Result<(), ServiceError> {
        let is_dry = self.options.mode == Mode::DryRun;
        let was_dry = self.inventory.meta(META_DRY_RUN)?.unwrap_or(false);
        self.inventory.batch(|inventory| {
            if was_dry && !is_dry {
                inventory.set_all_unevaluated()?;
            }
            inventory.set_meta(META_DRY_RUN, &is_dry)
        })
    }

    /// Tells the scheduler and the inventory what changed among the policies.
    fn note_policies(&mut self, now_ms: i64) -> Result<(), ServiceError> {
        let by = Initiator::parse("policy document")?;
        let before: BTreeSet<PolicyId> = self.inventory.meta(META_POLICY_IDS)?.unwrap_or_default();
        let now: BTreeMap<PolicyId, bool> = self
            .policies
            .policies()
            .iter()
            .map(|policy| (policy.id().clone(), policy.is_enabled()))
            .collect();
        for (policy, enabled) in &now {
            // The scheduler knows what is in force; it may have been changed by a vanished label.
            let state = self.governance.policy_state(self.tenant, policy)?;
            match (state, enabled) {
                (PolicyState::Enabled, false) => {
                    self.governance
                        .disable_policy(self.tenant, policy, &by, now_ms)?;
                }
                (PolicyState::Disabled, true) => {
                    self.governance
                        .enable_policy(self.tenant, policy, &by, now_ms)?;
                }
                _ => {}
            }
        }
        for policy in before.iter().filter(|policy| !now.contains_key(*policy)) {
            self.governance
                .delete_policy(self.tenant, policy, &by, now_ms)?;
            self.inventory.remove_matches_of(policy)?;
        }
        let print = fingerprint(format!("{:?}", self.policies.document()).as_bytes());
        let changed = self.inventory.meta::<String>(META_POLICIES)?.as_deref() != Some(&print);
        self.inventory.batch(|inventory| {
            if changed {
                inventory.set_all_unevaluated()?;
            }
            let ids: BTreeSet<&PolicyId> = now.keys().collect();
            inventory.set_meta(META_POLICY_IDS, &ids)?;
            inventory.set_meta(META_POLICIES, &print)
        })
    }

    /// One round at the instant `now_ms`: synchronise if an hour has passed, list the apps, scan
    /// what is queued, evaluate what changed, and carry out what is due.
    ///
    /// # Errors
    ///
    /// [`ServiceError`] of the state or of a connector. What was done until then is kept, and the
    /// next tick goes on.
    pub fn tick(&mut self, now_ms: i64) -> Result<TickReport, ServiceError> {
        self.tick_with(now_ms, &mut |_| {})
    }

    /// As [`tick`](Self::tick), telling how far it is.
    ///
    /// # Errors
    ///
    /// As [`tick`](Self::tick).
    pub fn tick_with(
        &mut self,
        now_ms: i64,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<TickReport, ServiceError> {
        let mut report = TickReport::new(now_ms);
        report.sync = self.unreported_sync.take();
        if self.sync_is_due(now_ms) {
            report.sync = Some(self.sync(now_ms));
        }
        report.disabled_policies = self.disable_broken_policies(now_ms)?;
        self.list(&mut report, progress)?;
        self.scan(now_ms, &mut report, progress)?;
        if self.options.mode == Mode::Apply {
            self.act(now_ms, &mut report, progress)?;
        }
        Ok(report)
    }

    /// Compares each app's files with what is known.
    fn list(
        &mut self,
        report: &mut TickReport,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), ServiceError> {
        for at in 0..self.apps.len() {
            let Some(app) = self.apps.get(at) else { break };
            let (id, instance) = (app.app(), app.instance());
            let first_key = format!("listed {} {instance}", id.0);
            let is_first = self.inventory.meta::<bool>(&first_key)?.is_none();
            let mut gone: BTreeSet<FileKey> = self
                .inventory
                .files()?
                .into_iter()
                .filter(|file| file.app == id && file.instance == instance)
                .map(|file| file.key())
                .collect();
            let mut after = None;
            let mut complete = true;
            loop {
                let page = match app.list(after.as_ref(), crate::app::PAGE_MAX) {
                    Ok(page) => page,
                    // The other apps go on; of this one, nothing counts as gone.
                    Err(error) => {
                        report.unlisted.push((id, error));
                        complete = false;
                        break;
                    }
                };
                let Some(last) = page.last() else { break };
                after = Some(last.id.clone());
                report.listed += page.len();
                progress(Progress::Listed {
                    app: id,
                    files: report.listed,
                });
                self.inventory.batch(|inventory| {
                    for metadata in page {
                        let key = FileKey::new(id, instance, metadata.id.clone());
                        gone.remove(&key);
                        match inventory.file(&key)? {
                            None => {
                                report.new_files += 1;
                                inventory
                                    .put_file(&KnownFile::new(id, instance, metadata, is_first))?;
                            }
                            Some(mut known) if known.metadata != metadata => {
                                report.changed_files += 1;
                                known.renew(metadata);
                                inventory.put_file(&known)?;
                            }
                            Some(_) => {}
                        }
                    }
                    Ok(())
                })?;
            }
            if !complete {
                continue;
            }
            report.gone_files += gone.len();
            self.inventory.batch(|inventory| {
                for key in &gone {
                    inventory.remove_file(key)?;
                }
                inventory.set_meta(&first_key, &true)
            })?;
        }
        Ok(())
    }

    /// The connector of a file.
    pub(crate) fn app_of(&self, key: &FileKey) -> Option<&dyn CloudApp> {
        self.apps
            .iter()
            .find(|app| app.app() == key.app && app.instance() == key.instance)
            .map(AsRef::as_ref)
    }
}

/// Another one for each tenant and start, so that not all fetch in the same minute.
fn seed(tenant: TenantId, now_ms: i64) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    (tenant, now_ms).hash(&mut hasher);
    hasher.finish()
}

/// `/policies/3/…` is policy 3.
fn policy_index(pointer: &str) -> Option<usize> {
    let rest = pointer.strip_prefix("/policies/")?;
    rest.split('/').next()?.parse().ok()
}

/// SHA-256 as text.
pub(crate) fn fingerprint(bytes: &[u8]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(bytes);
    hex(&hasher.finalize())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
