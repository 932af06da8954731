//! What suspends tasks besides their policy: disabled labels, and files that policies fight over.

use label_core::{FileKey, LabelKey, TenantId};

use super::Governance;
use super::change::Change;
use crate::error::Error;
use crate::log::{LogEntry, LogEvent};
use crate::state::SuspensionReason;
use crate::store::{Store, TaskFilter};
use crate::task::Task;
use crate::text::Initiator;

impl<S: Store> Governance<S> {
    /// Suspends all waiting tasks that would apply a label, and says how many.
    ///
    /// For a label that was disabled or is gone. It works like
    /// [`disable_policy`](Self::disable_policy) and beside it: a task that both hold goes on only
    /// when both have ended. Tasks by hand are held too. Disabling twice changes nothing.
    ///
    /// # Errors
    ///
    /// Those of the store.
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::store::MemoryStore;
    /// use governance::{Governance, Initiator, Settings};
    /// use label_core::{LabelId, LabelKey, TenantId};
    ///
    /// let mut governance = Governance::open(MemoryStore::new(), Settings::default())?;
    /// let by = Initiator::parse("label list")?;
    /// let label = LabelKey::new(TenantId::from_u128(1), LabelId::from_u128(7));
    /// assert_eq!(governance.disable_label(label, &by, 1_000)?, 0);
    /// assert_eq!(governance.enable_label(label, &by, 2_000)?, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn disable_label(
        &mut self,
        label: LabelKey,
        by: &Initiator,
        now: i64,
    ) -> Result<u64, Error> {
        self.change(now, |change| {
            if change.rows.is_label_disabled(&label)? {
                return Ok(0);
            }
            change.rows.put_label_disabled(&label, true)?;
            let tasks = change.hold(&of_label(label), SuspensionReason::LabelDisabled)?;
            let event = LogEvent::LabelDisabled { label, tasks };
            let entry = LogEntry::new(now, label.tenant, by.clone(), event);
            change.rows.append_log(&entry)?;
            Ok(tasks)
        })
    }

    /// Ends what [`disable_label`](Self::disable_label) began, and says how many tasks it held.
    ///
    /// # Errors
    ///
    /// Those of the store.
    ///
    /// # Examples
    ///
    /// See [`disable_label`](Self::disable_label).
    pub fn enable_label(
        &mut self,
        label: LabelKey,
        by: &Initiator,
        now: i64,
    ) -> Result<u64, Error> {
        self.change(now, |change| {
            if !change.rows.is_label_disabled(&label)? {
                return Ok(0);
            }
            change.rows.put_label_disabled(&label, false)?;
            let tasks = change.let_go(&of_label(label), SuspensionReason::LabelDisabled)?;
            let event = LogEvent::LabelEnabled { label, tasks };
            let entry = LogEntry::new(now, label.tenant, by.clone(), event);
            change.rows.append_log(&entry)?;
            Ok(tasks)
        })
    }

    /// Since when a file is frozen, in milliseconds UTC; `None` if it isn't.
    ///
    /// # Errors
    ///
    /// Those of the store.
    ///
    /// # Examples
    ///
    /// See [`unfreeze_file`](Self::unfreeze_file).
    pub fn frozen_since(&self, tenant: TenantId, file: &FileKey) -> Result<Option<i64>, Error> {
        self.view(|rows| rows.frozen_since(tenant, file))
    }

    /// Lets policies label a file again that was frozen (see
    /// [`FreezePolicy`](super::FreezePolicy)), and says how many tasks that held.
    ///
    /// Their turns count from nothing again. On a file that is not frozen it changes nothing.
    ///
    /// # Errors
    ///
    /// Those of the store.
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::store::MemoryStore;
    /// use governance::{Governance, Initiator, Settings};
    /// use label_core::{AppId, FileId, FileKey, TenantId};
    ///
    /// let mut governance = Governance::open(MemoryStore::new(), Settings::default())?;
    /// let file = FileKey::new(AppId::BOX, 0, FileId::parse("contract.docx")?);
    /// let (tenant, by) = (TenantId::from_u128(1), Initiator::parse("admin@contoso.com")?);
    /// assert_eq!(governance.frozen_since(tenant, &file)?, None);
    /// assert_eq!(governance.unfreeze_file(tenant, &file, &by, 1_000)?, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn unfreeze_file(
        &mut self,
        tenant: TenantId,
        file: &FileKey,
        by: &Initiator,
        now: i64,
    ) -> Result<u64, Error> {
        self.change(now, |change| {
            if change.rows.frozen_since(tenant, file)?.is_none() {
                return Ok(0);
            }
            change.rows.put_frozen(tenant, file, None)?;
            change.rows.put_turns(tenant, file, None)?;
            let mut filter = TaskFilter::of_tenant(tenant, &[]);
            filter.file = Some(file.clone());
            let tasks = change.let_go(&filter, SuspensionReason::FileFrozen)?;
            let event = LogEvent::FileUnfrozen {
                file: file.clone(),
                tasks,
            };
            change.log_about_file(tenant, file, event, by)?;
            Ok(tasks)
        })
    }
}

fn of_label(label: LabelKey) -> TaskFilter {
    let mut filter = TaskFilter::of_tenant(label.tenant, &[]);
    filter.label = Some(label);
    filter
}

impl Change<'_> {
    /// Stops the policies' tasks on the file of a task that was one turn too many.
    pub(super) fn freeze(&mut self, last: &Task) -> Result<(), Error> {
        let (tenant, file) = (last.key.tenant, &last.key.file);
        if self.rows.frozen_since(tenant, file)?.is_some() {
            return Ok(());
        }
        self.rows.put_frozen(tenant, file, Some(self.now))?;
        let mut filter = TaskFilter::of_tenant(tenant, &[]);
        filter.file = Some(file.clone());
        let tasks = self.hold(&filter, SuspensionReason::FileFrozen)?;
        let event = LogEvent::FileFrozen {
            file: file.clone(),
            tasks,
        };
        self.log_about_file(tenant, file, event, &last.initiator)
    }

    fn log_about_file(
        &mut self,
        tenant: TenantId,
        file: &FileKey,
        event: LogEvent,
        by: &Initiator,
    ) -> Result<(), Error> {
        let mut entry = LogEntry::new(self.now, tenant, by.clone(), event);
        entry.app = Some(file.app);
        self.rows.append_log(&entry).map(drop)
    }
}
