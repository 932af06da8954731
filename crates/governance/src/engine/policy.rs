//! Policies that are switched off, on, or deleted, and limits that are changed.

use label_core::{AppId, PolicyId, TenantId};

use super::Governance;
use super::change::WAITING;
use crate::error::Error;
use crate::log::{LogEntry, LogEvent};
use crate::quota::{CountedAction, DailyLimit};
use crate::reason::Reason;
use crate::state::{StateKind, SuspensionReason};
use crate::store::{PolicyState, Store, TaskFilter};
use crate::text::Initiator;

impl<S: Store> Governance<S> {
    /// Suspends all waiting tasks of a policy and says how many (R-168).
    ///
    /// Tasks of other policies and by hand are untouched (R-169). What is being written is
    /// finished; what was handed out and asks to write later is suspended then. Suspended tasks
    /// never run, whatever becomes of the daily limit (R-170). Disabling twice changes nothing.
    ///
    /// # Errors
    ///
    /// [`Error::PolicyDeleted`].
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::store::MemoryStore;
    /// use governance::{Governance, Initiator, PolicyState, Settings};
    /// use label_core::{PolicyId, TenantId};
    ///
    /// let mut governance = Governance::open(MemoryStore::new(), Settings::default())?;
    /// let by = Initiator::parse("admin@contoso.com")?;
    /// let (tenant, policy) = (TenantId::from_u128(1), PolicyId::parse("finance")?);
    /// let tasks = governance.disable_policy(tenant, &policy, &by, 1_000)?;
    /// assert_eq!(tasks, 0);
    /// assert_eq!(governance.policy_state(tenant, &policy)?, PolicyState::Disabled);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn disable_policy(
        &mut self,
        tenant: TenantId,
        policy: &PolicyId,
        by: &Initiator,
        now: i64,
    ) -> Result<u64, Error> {
        self.change(now, |change| {
            match change.rows.policy(tenant, policy)? {
                PolicyState::Enabled => {}
                PolicyState::Disabled => return Ok(0),
                PolicyState::Deleted => return Err(deleted(tenant, policy)),
            }
            change
                .rows
                .put_policy(tenant, policy, PolicyState::Disabled)?;
            let filter = of_policy(tenant, policy);
            let tasks = change.hold(&filter, SuspensionReason::PolicyDisabled)?;
            let policy = policy.clone();
            let event = LogEvent::PolicyDisabled { policy, tasks };
            let entry = LogEntry::new(now, tenant, by.clone(), event);
            change.rows.append_log(&entry)?;
            Ok(tasks)
        })
    }

    /// Puts the suspended tasks of a policy back into the queue, in their old order, and says how
    /// many were held by it (R-171). What is suspended for another reason too goes on waiting.
    ///
    /// Each is marked for the caller to see whether the file still matches; one that doesn't is
    /// reported as skipped, [`Reason::NO_LONGER_MATCHES`]. Enabling twice changes nothing.
    ///
    /// # Errors
    ///
    /// [`Error::PolicyDeleted`].
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::store::MemoryStore;
    /// use governance::{Governance, Initiator, PolicyState, Settings};
    /// use label_core::{PolicyId, TenantId};
    ///
    /// let mut governance = Governance::open(MemoryStore::new(), Settings::default())?;
    /// let by = Initiator::parse("admin@contoso.com")?;
    /// let (tenant, policy) = (TenantId::from_u128(1), PolicyId::parse("finance")?);
    /// let tasks = governance.enable_policy(tenant, &policy, &by, 1_000)?;
    /// assert_eq!(tasks, 0);
    /// assert_eq!(governance.policy_state(tenant, &policy)?, PolicyState::Enabled);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn enable_policy(
        &mut self,
        tenant: TenantId,
        policy: &PolicyId,
        by: &Initiator,
        now: i64,
    ) -> Result<u64, Error> {
        self.change(now, |change| {
            match change.rows.policy(tenant, policy)? {
                PolicyState::Enabled => return Ok(0),
                PolicyState::Disabled => {}
                PolicyState::Deleted => return Err(deleted(tenant, policy)),
            }
            change
                .rows
                .put_policy(tenant, policy, PolicyState::Enabled)?;
            let filter = of_policy(tenant, policy);
            let tasks = change.let_go(&filter, SuspensionReason::PolicyDisabled)?;
            let policy = policy.clone();
            let event = LogEvent::PolicyEnabled { policy, tasks };
            let entry = LogEntry::new(now, tenant, by.clone(), event);
            change.rows.append_log(&entry)?;
            Ok(tasks)
        })
    }

    /// Cancels all waiting and suspended tasks of a policy and says how many (R-172).
    ///
    /// For good: the policy's id is not accepted again. What is being written is finished.
    /// Deleting twice changes nothing.
    ///
    /// # Errors
    ///
    /// Those of the store.
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::store::MemoryStore;
    /// use governance::{Governance, Initiator, PolicyState, Settings};
    /// use label_core::{PolicyId, TenantId};
    ///
    /// let mut governance = Governance::open(MemoryStore::new(), Settings::default())?;
    /// let by = Initiator::parse("admin@contoso.com")?;
    /// let (tenant, policy) = (TenantId::from_u128(1), PolicyId::parse("finance")?);
    /// let tasks = governance.delete_policy(tenant, &policy, &by, 1_000)?;
    /// assert_eq!(tasks, 0);
    /// assert_eq!(governance.policy_state(tenant, &policy)?, PolicyState::Deleted);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn delete_policy(
        &mut self,
        tenant: TenantId,
        policy: &PolicyId,
        by: &Initiator,
        now: i64,
    ) -> Result<u64, Error> {
        self.change(now, |change| {
            if change.rows.policy(tenant, policy)? == PolicyState::Deleted {
                return Ok(0);
            }
            change
                .rows
                .put_policy(tenant, policy, PolicyState::Deleted)?;
            let mut filter = of_policy(tenant, policy);
            filter.states = [&[StateKind::Suspended][..], &WAITING].concat();
            let tasks = change.each_task(&filter, |change, mut task| {
                let reason = Reason::new(Reason::POLICY_DELETED);
                change.call_off(&mut task, reason, by)
            })?;
            let policy = policy.clone();
            let event = LogEvent::PolicyDeleted { policy, tasks };
            let entry = LogEntry::new(now, tenant, by.clone(), event);
            change.rows.append_log(&entry)?;
            Ok(tasks)
        })
    }

    /// Changes the daily limit of an action in an app of a tenant, gives the earlier one, and logs
    /// who did it (R-166, A-036).
    ///
    /// It takes effect at once: raised above the count of the day that caused a pause, the waiting
    /// tasks are due at once; lowered to or below today's count, nothing further is done, and what
    /// is being written is finished (R-167).
    ///
    /// # Errors
    ///
    /// Those of the store.
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::store::MemoryStore;
    /// use governance::{CountedAction, DailyLimit, Governance, Initiator, Settings};
    /// use label_core::{AppId, TenantId};
    ///
    /// let mut governance = Governance::open(MemoryStore::new(), Settings::default())?;
    /// let (tenant, by) = (TenantId::from_u128(1), Initiator::parse("admin@contoso.com")?);
    /// let (action, limit) = (CountedAction::ApplyLabel, DailyLimit(250));
    /// let earlier = governance.set_limit(tenant, AppId::BOX, action, limit, &by, 1_000)?;
    /// assert_eq!(earlier, DailyLimit(100));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_limit(
        &mut self,
        tenant: TenantId,
        app: AppId,
        action: CountedAction,
        limit: DailyLimit,
        by: &Initiator,
        now: i64,
    ) -> Result<DailyLimit, Error> {
        self.change(now, |change| {
            let mut quota = change.quota(tenant, app, action)?;
            let from = quota.limit();
            quota.set_limit(limit, now);
            change.rows.put_quota(tenant, app, action, &quota)?;
            let event = LogEvent::LimitChanged {
                action,
                from,
                to: limit,
            };
            let mut entry = LogEntry::new(now, tenant, by.clone(), event);
            entry.app = Some(app);
            change.rows.append_log(&entry)?;
            change.settle_deferred(tenant, app, action, quota.pause(now))?;
            Ok(from)
        })
    }
}

fn of_policy(tenant: TenantId, policy: &PolicyId) -> TaskFilter {
    let mut filter = TaskFilter::of_tenant(tenant, &[]);
    filter.policy = Some(policy.clone());
    filter
}

fn deleted(tenant: TenantId, policy: &PolicyId) -> Error {
    Error::PolicyDeleted {
        tenant,
        policy: policy.clone(),
    }
}
