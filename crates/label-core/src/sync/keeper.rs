//! The list in force, and what it takes to replace it.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};

use crate::catalog::{LABELS_MAX, LabelCatalog};
use crate::id::TenantId;
use crate::source::{LabelList, LabelSource};
use crate::sync::changes::ChangeSet;
use crate::sync::compare::diff;
use crate::sync::error::SyncError;
use crate::sync::snapshot::{ContentHash, LabelSnapshot, Normalised, Origin};
use crate::sync::status::{Held, SyncStatus};
use crate::sync::store::{Loaded, SnapshotStore};

/// From so many labels on, losing more than half is held back (L-046).
const GUARDED_LABELS_MIN: usize = 4;

/// Most notes that are kept of a list.
const NOTES_MAX: usize = 1_000;

/// What a keeper takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeeperOptions {
    /// Most labels of a list; 10,000 by default, and at most.
    pub labels_max: usize,
    /// Keep who gets which rights, where the source says; by default not: these are people's
    /// addresses. Which template a label protects by is kept anyhow.
    pub keep_rights_identities: bool,
}

impl Default for KeeperOptions {
    fn default() -> Self {
        Self {
            labels_max: LABELS_MAX,
            keep_rights_identities: false,
        }
    }
}

/// What came of a complete list.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// The content is the one in force, and so is the version.
    Unchanged,
    /// A new version is in force.
    Replaced {
        /// The new one.
        snapshot: Arc<LabelSnapshot>,
        /// What is different.
        changes: ChangeSet,
    },
    /// Too much would go: the old list stays in force for now (L-045, L-046).
    Held(Held),
}

/// Gives the list in force, to any number of readers in any threads.
///
/// Each reader gets one whole snapshot, which stays as it is for as long as it is held (R-062,
/// L-050).
#[derive(Clone, Debug, Default)]
pub struct SnapshotReader(Arc<RwLock<Option<Arc<LabelSnapshot>>>>);

impl SnapshotReader {
    /// The snapshot in force; `None` before the first.
    pub fn current(&self) -> Option<Arc<LabelSnapshot>> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn replace(&self, snapshot: Arc<LabelSnapshot>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(snapshot);
    }
}

/// Keeps one tenant's list: checks what is read, holds back what would remove too much, numbers
/// the versions, and tells what changed. Whatever fails, the list in force stays (R-063).
///
/// # Examples
///
/// ```
/// use label_core::source::FixedLabels;
/// use label_core::sync::{KeeperOptions, Outcome, SnapshotKeeper};
/// use label_core::{Label, LabelId, TenantId};
///
/// let tenant = TenantId::from_u128(1);
/// let general = Label::new(tenant, LabelId::from_u128(2), "General");
/// let mut source = FixedLabels::new(tenant, vec![general]);
/// let mut keeper = SnapshotKeeper::new(tenant, KeeperOptions::default());
/// let Outcome::Replaced { snapshot, changes } = keeper.sync_from(&mut source, 0)? else {
///     return Err("the first list is always new".into());
/// };
/// assert_eq!((snapshot.version, changes.to_string().as_str()), (1, "label `General`: added\n"));
/// assert!(matches!(keeper.sync_from(&mut source, 3_600_000)?, Outcome::Unchanged));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct SnapshotKeeper {
    tenant: TenantId,
    options: KeeperOptions,
    current: SnapshotReader,
    version_floor: u64,
    waiting: Option<Waiting>,
    status: SyncStatus,
    store: Option<SnapshotStore>,
    /// The list that an earlier process held back at its last read, and since when.
    held_before: Option<(ContentHash, i64)>,
}

/// A list that is held back.
#[derive(Debug)]
struct Waiting {
    fresh: Normalised,
    origin: Origin,
    held: Held,
    /// When it was read last.
    read_ms: i64,
    /// The last read brought it: the next one may confirm it.
    is_last: bool,
}

impl SnapshotKeeper {
    /// Without a list yet.
    pub fn new(tenant: TenantId, options: KeeperOptions) -> Self {
        Self {
            tenant,
            options,
            current: SnapshotReader::default(),
            version_floor: 0,
            waiting: None,
            status: SyncStatus::default(),
            store: None,
            held_before: None,
        }
    }

    /// With the list that is stored, and from now on storing each new one before anybody sees it:
    /// so versions only grow, whenever the process ends (L-049). When the source confirmed the list
    /// last is stored too.
    ///
    /// That the previous file had to be taken is told in the notes of [`status`](Self::status).
    ///
    /// # Errors
    ///
    /// [`SyncError::Store`]: what is stored can't be read, or is another tenant's. Nothing was
    /// changed; to begin anew, move the files away.
    ///
    /// # Examples
    ///
    /// ```
    /// use label_core::source::FixedLabels;
    /// use label_core::sync::{KeeperOptions, SnapshotKeeper, SnapshotStore};
    /// use label_core::{Label, LabelId, TenantId};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("labels.json");
    /// let tenant = TenantId::from_u128(1);
    /// let open = || SnapshotKeeper::open(tenant, KeeperOptions::default(), SnapshotStore::new(&path));
    /// let general = Label::new(tenant, LabelId::from_u128(2), "General");
    /// open()?.sync_from(&mut FixedLabels::new(tenant, vec![general]), 0)?;
    /// assert_eq!(open()?.current().map(|snapshot| snapshot.version), Some(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open(
        tenant: TenantId,
        options: KeeperOptions,
        store: SnapshotStore,
    ) -> Result<Self, SyncError> {
        let mut keeper = match store.load(tenant)? {
            Some(loaded) => Self::resume(tenant, options, loaded)?,
            None => Self::new(tenant, options),
        };
        keeper.held_before = store.held();
        keeper.store = Some(store);
        Ok(keeper)
    }

    /// With the list that was in force when the process ended.
    ///
    /// # Errors
    ///
    /// [`SyncError::OtherTenant`] if it is another tenant's.
    pub fn resume(
        tenant: TenantId,
        options: KeeperOptions,
        loaded: Loaded,
    ) -> Result<Self, SyncError> {
        let Loaded {
            snapshot,
            version_floor,
            confirmed_ms,
            fell_back,
        } = loaded;
        if snapshot.tenant != tenant {
            return Err(SyncError::OtherTenant {
                tenant: snapshot.tenant,
            });
        }
        let mut keeper = Self::new(tenant, options);
        keeper.version_floor = version_floor;
        keeper.status.notes.extend(
            fell_back
                .map(|cause| format!("the stored list is {cause}; the one before it is in force")),
        );
        keeper.status.version = Some(snapshot.version);
        keeper.status.last_success_ms = Some(confirmed_ms);
        keeper.current.replace(Arc::new(snapshot));
        Ok(keeper)
    }

    /// Whose labels these are.
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The snapshot in force.
    pub fn current(&self) -> Option<Arc<LabelSnapshot>> {
        self.current.current()
    }

    /// A handle for readers.
    pub fn reader(&self) -> SnapshotReader {
        self.current.clone()
    }

    /// How syncing stands.
    pub const fn status(&self) -> &SyncStatus {
        &self.status
    }

    pub(super) const fn labels_max(&self) -> usize {
        self.options.labels_max
    }

    pub(super) const fn status_mut(&mut self) -> &mut SyncStatus {
        &mut self.status
    }

    /// Reads a source to its end and takes what it gives. Blocks as long as the source does.
    ///
    /// # Errors
    ///
    /// [`SyncError`]: the list in force stays.
    pub fn sync_from(
        &mut self,
        source: &mut dyn LabelSource,
        now_ms: i64,
    ) -> Result<Outcome, SyncError> {
        self.begin(now_ms);
        match source.fetch() {
            Ok(list) => self.offer(now_ms, list, Origin::new("source")),
            Err(error) => Err(self.fail(error.into())),
        }
    }

    /// Notes that a read starts.
    pub fn begin(&mut self, now_ms: i64) {
        self.status.last_attempt_ms = Some(now_ms);
    }

    /// Takes a complete list that was read at `now_ms`.
    ///
    /// An empty list, and one that lacks more than half of at least four labels, is held until the
    /// next read brings the same or [`confirm`](Self::confirm) is called: policies that match
    /// nothing, because the labels vanished, are the worst that syncing could do.
    ///
    /// # Errors
    ///
    /// [`SyncError`]: the list is another tenant's or no catalogue; the one in force stays.
    pub fn offer(
        &mut self,
        now_ms: i64,
        list: LabelList,
        origin: Origin,
    ) -> Result<Outcome, SyncError> {
        self.try_offer(now_ms, list, origin)
            .map_err(|error| self.fail(error))
    }

    fn try_offer(
        &mut self,
        now_ms: i64,
        list: LabelList,
        origin: Origin,
    ) -> Result<Outcome, SyncError> {
        if list.tenant != self.tenant {
            return Err(SyncError::OtherTenant {
                tenant: list.tenant,
            });
        }
        let limit = self.options.labels_max;
        if list.labels.len() > limit {
            return Err(SyncError::TooManyLabels { limit });
        }
        let keep_identities = self.options.keep_rights_identities;
        let fresh = Normalised::new(self.tenant, list.labels, keep_identities)?;
        self.status.notes = list
            .notes
            .into_iter()
            .chain(fresh.diagnostics.iter().map(ToString::to_string))
            .take(NOTES_MAX)
            .collect();
        let current = self.current();
        let is_same = |snapshot: &Arc<LabelSnapshot>| snapshot.content_hash == fresh.hash;
        if current.as_ref().is_some_and(is_same) {
            self.succeed(now_ms);
            self.store_confirmation(now_ms);
            return Ok(Outcome::Unchanged);
        }
        let lost = current.and_then(|current| loss(&current.catalog, &fresh.catalog));
        let Some((lost, of)) = lost else {
            return self.accept(now_ms, &fresh, &origin);
        };
        let known = self
            .waiting
            .as_ref()
            .filter(|waiting| waiting.fresh.hash == fresh.hash);
        let before = self
            .held_before
            .take()
            .filter(|(hash, _)| *hash == fresh.hash);
        if known.is_some_and(|waiting| waiting.is_last) || before.is_some() {
            return self.accept(now_ms, &fresh, &origin);
        }
        let held = Held {
            lost,
            of,
            since_ms: known.map_or(now_ms, |waiting| waiting.held.since_ms),
        };
        self.store_held(Some((fresh.hash, held.since_ms)));
        self.waiting = Some(Waiting {
            fresh,
            origin,
            held,
            read_ms: now_ms,
            is_last: true,
        });
        self.status.held = Some(held);
        self.status.reads = self.status.reads.saturating_add(1);
        self.status.last_error = None;
        self.status.consecutive_failures = 0;
        Ok(Outcome::Held(held))
    }

    /// Puts the list in force that is held back; `None` if none is.
    ///
    /// # Errors
    ///
    /// [`SyncError`]: it can't be stored, or is no catalogue together with the deleted labels; the
    /// old one stays, and this one is held as before.
    pub fn confirm(&mut self) -> Result<Option<Outcome>, SyncError> {
        let Some(waiting) = self.waiting.take() else {
            return Ok(None);
        };
        let outcome = self.accept(waiting.read_ms, &waiting.fresh, &waiting.origin);
        if outcome.is_err() {
            self.waiting = Some(waiting);
        }
        outcome.map(Some)
    }

    fn accept(
        &mut self,
        read_ms: i64,
        fresh: &Normalised,
        origin: &Origin,
    ) -> Result<Outcome, SyncError> {
        let current = self.current();
        let known = current.as_ref().map_or(0, |snapshot| snapshot.version);
        let version = known.max(self.version_floor).saturating_add(1);
        let origin = origin.clone();
        let snapshot = LabelSnapshot::next(current.as_deref(), fresh, version, read_ms, origin)?;
        if let Some(store) = &self.store
            && let Err(error) = store.save(&snapshot)
        {
            // It may be on the disk all the same: the number is used up.
            self.version_floor = version;
            return Err(error.into());
        }
        let changes = match &current {
            Some(current) => diff(&current.catalog, &snapshot.catalog),
            None => diff(&LabelCatalog::empty(self.tenant), &snapshot.catalog),
        };
        let snapshot = Arc::new(snapshot);
        self.current.replace(Arc::clone(&snapshot));
        self.status.version = Some(version);
        self.succeed(read_ms);
        Ok(Outcome::Replaced { snapshot, changes })
    }

    /// A time that is lost makes the list look older than it is, no more: not worth a failure.
    fn store_confirmation(&mut self, now_ms: i64) {
        let (Some(store), Some(current)) = (&self.store, self.current()) else {
            return;
        };
        if let Err(error) = store.confirm(&current, now_ms) {
            let note = format!("when the list was confirmed could not be stored: {error}");
            self.status.notes.truncate(NOTES_MAX - 1);
            self.status.notes.push(note);
        }
    }

    /// What is lost makes a held list wait for one read more.
    fn store_held(&mut self, held: Option<(ContentHash, i64)>) {
        if held.is_none() {
            self.held_before = None;
        }
        if let Some(Err(error)) = self.store.as_ref().map(|store| store.hold(held)) {
            let note = format!("which list is held back could not be stored: {error}");
            self.status.notes.truncate(NOTES_MAX - 1);
            self.status.notes.push(note);
        }
    }

    fn succeed(&mut self, read_ms: i64) {
        self.waiting = None;
        self.store_held(None);
        let status = &mut self.status;
        status.held = None;
        status.last_success_ms = Some(read_ms);
        status.last_error = None;
        status.consecutive_failures = 0;
        status.reads = status.reads.saturating_add(1);
    }

    /// Notes that a read failed, and gives the error back.
    pub(super) fn fail(&mut self, error: SyncError) -> SyncError {
        if let Some(waiting) = &mut self.waiting {
            waiting.is_last = false;
        }
        self.store_held(None);
        let status = &mut self.status;
        status.last_error = Some(error.clone());
        status.consecutive_failures = status.consecutive_failures.saturating_add(1);
        status.failures = status.failures.saturating_add(1);
        error
    }
}

/// How many labels would go, of how many, where that is too much.
fn loss(current: &LabelCatalog, fresh: &LabelCatalog) -> Option<(usize, usize)> {
    let listed: HashSet<_> = fresh.labels().map(|label| label.key.label).collect();
    let of = current.labels().count();
    let lost = current
        .labels()
        .filter(|label| !listed.contains(&label.key.label))
        .count();
    let is_emptied = listed.is_empty() && of > 0;
    let is_halved = of >= GUARDED_LABELS_MIN && lost.saturating_mul(2) > of;
    (is_emptied || is_halved).then_some((lost, of))
}
