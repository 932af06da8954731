//! The suite that every store has to pass: the trait's contract, and the rules on top of it.
//!
//! Whoever writes a store of their own gives a [`StoreSource`] and runs [`run_all`], or each of
//! [`checks`] as a test of its own. Checks named `r_…` and `a_…` carry the number of the
//! requirement that they test.

mod days;
mod holds;
mod limit;
mod log;
mod order;
mod outlook;
mod policies;
mod quarantine;
mod reverts;
mod rows;
mod scene;
mod tasks;
mod trim;
mod work;

use thiserror::Error;

use super::{MemoryStore, Store};
use crate::error::{Cause, Error as StoreError};

/// Makes the stores that are tested.
///
/// # Errors
///
/// Both methods: whatever keeps the store from being opened.
pub trait StoreSource {
    /// A new, empty store, apart from all earlier ones.
    fn fresh(&mut self) -> Result<Box<dyn Store>, StoreError>;

    /// The same store as after the end of the process: closed without a word and opened again.
    fn reopen(&mut self, store: Box<dyn Store>) -> Result<Box<dyn Store>, StoreError>;
}

/// The memory store's source: to reopen is to keep.
#[derive(Clone, Copy, Debug, Default)]
pub struct MemorySource;

impl StoreSource for MemorySource {
    fn fresh(&mut self) -> Result<Box<dyn Store>, StoreError> {
        Ok(Box::new(MemoryStore::new()))
    }

    fn reopen(&mut self, store: Box<dyn Store>) -> Result<Box<dyn Store>, StoreError> {
        Ok(store)
    }
}

/// A check that a store did not pass.
#[derive(Debug, Error)]
#[error("{check}")]
pub struct Violation {
    /// Which check.
    pub check: &'static str,
    /// What was expected and found, or the store's error.
    pub source: Cause,
}

/// What a check found.
type Verdict = Result<(), Cause>;

/// One check of the suite.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// Its name, with the requirement's number where there is one.
    pub name: &'static str,
    run: fn(&mut dyn StoreSource) -> Verdict,
}

impl Check {
    /// Runs the check on fresh stores.
    ///
    /// # Errors
    ///
    /// [`Violation`] when the store does not pass.
    pub fn run(&self, source: &mut dyn StoreSource) -> Result<(), Violation> {
        (self.run)(source).map_err(|source| Violation {
            check: self.name,
            source,
        })
    }
}

/// Runs all checks and stops at the first that is not passed.
///
/// # Errors
///
/// [`Violation`] with the check's name and the cause.
///
/// # Examples
///
/// ```
/// use governance::store::conformance::{MemorySource, run_all};
///
/// run_all(&mut MemorySource)?;
/// # Ok::<(), governance::store::conformance::Violation>(())
/// ```
pub fn run_all(source: &mut dyn StoreSource) -> Result<(), Violation> {
    checks().iter().try_for_each(|check| check.run(source))
}

macro_rules! checks {
    ($($module:ident: $($name:ident),+;)+) => {
        /// All checks of the suite.
        pub fn checks() -> &'static [Check] {
            &[$($(Check {
                name: stringify!($name),
                run: $module::$name,
            }),+),+]
        }
    };
}

checks! {
    rows:
        a_change_is_made_whole_or_not_at_all,
        a_write_that_fails_takes_the_change_back_also_where_its_error_is_dropped,
        an_allowance_is_replaced_whole,
        what_was_changed_reads_like_after_a_restart,
        a_key_belongs_to_one_open_task,
        rows_come_back_as_they_were_put;
    order:
        tasks_are_filtered_and_paged,
        the_tasks_of_a_file_come_by_number,
        the_queue_has_its_order,
        what_is_due_comes_by_time,
        pending_tasks_are_counted,
        leases_come_by_their_end;
    log:
        numbers_are_never_given_twice,
        a_032_the_log_is_filtered_and_trimmed,
        why_is_one_sentence;
    limit:
        r_155_one_hundred_a_day,
        r_156_apps_have_their_own_allowance,
        r_157_tenants_have_their_own_allowance,
        r_158_policies_share_the_allowance,
        r_159_only_apply_counts,
        r_160_the_count_survives_a_restart,
        r_162_the_rest_is_deferred,
        r_163_resumes_at_noon_of_the_next_day,
        r_164_resumes_in_the_old_order,
        r_166_raising_is_logged_and_lifts_the_pause,
        r_167_lowering_stops_at_once,
        r_167_a_lowered_limit_stops_further_tries_too,
        limit_zero_pauses_until_raised,
        manual_tasks_are_exempt_or_counted,
        already_labelled_is_skipped_while_paused,
        one_label_uses_one_unit,
        a_unit_is_given_back_when_the_task_is_called_off,
        a_unit_that_was_not_used_is_given_back;
    days:
        r_155_a_label_counts_on_the_day_of_its_grant,
        r_155_a_recovery_counts_no_other_day,
        a_write_under_way_keeps_its_intent_on_another_day,
        a_clock_that_was_ahead_strands_no_task,
        tries_and_leases_of_a_clock_that_was_ahead_end,
        a_clock_that_goes_back_a_little_ends_nothing,
        noon_moves_only_what_is_needed_and_in_order,
        noon_moves_a_backlog_by_hand_as_one,
        a_returned_unit_moves_only_what_is_needed;
    policies:
        r_168_disabling_suspends_all_waiting_tasks,
        r_169_other_tasks_are_untouched,
        r_170_suspended_tasks_never_run,
        r_171_enabling_resumes_in_the_old_order,
        r_172_deleting_cancels,
        a_granted_write_of_a_disabled_policy_finishes;
    tasks:
        r_143_submitting_again_is_harmless,
        r_019_a_task_names_its_policy_and_match,
        a_031_the_log_says_how_much_was_used,
        one_task_of_a_thousand_runs_per_file,
        r_092_the_ledger_knows_our_labels,
        a_029_a_locked_file_is_tried_again,
        a_030_failed_tasks_are_retried_by_hand,
        a_031_the_log_has_all_columns,
        a_034_conflicting_labels_have_an_order,
        a_035_only_the_first_policy_labels,
        the_queue_is_bounded,
        one_task_runs_per_file,
        finished_tasks_can_not_be_cancelled,
        calls_are_made_together_or_not_at_all,
        a_panic_leaves_no_change_half_made,
        old_claims_are_refused,
        a_crash_before_the_write_repeats_it,
        a_crash_after_the_write_counts_it_once,
        leave_to_write_is_told_where_the_task_is,
        a_030_a_failed_task_waits_for_its_like,
        reports_are_taken_together;
    quarantine:
        a_036_quarantine_has_a_daily_limit_of_its_own,
        a_036_the_limit_of_quarantine_is_set_told_and_foreseen_apart,
        a_037_a_file_with_our_label_is_not_quarantined,
        a_037_a_label_applied_meanwhile_keeps_the_file;
    holds:
        a_task_goes_on_when_all_reasons_have_ended,
        a_label_disabled_meanwhile_stops_the_write,
        r_132_nothing_is_queued_before_it_is_confirmed,
        policies_that_take_turns_at_a_file_are_stopped,
        policies_that_apply_and_take_off_are_stopped,
        what_waits_by_hand_is_held_for_its_label_only,
        turns_far_apart_freeze_nothing,
        a_finished_task_is_done_again_only_on_request;
    reverts:
        a_030_a_label_is_taken_back,
        a_030_a_revert_succeeds_although_its_task_was_forgotten,
        everything_a_policy_did_since_is_taken_back;
    trim:
        a_038_finished_tasks_are_removed_after_their_retention,
        a_038_what_is_still_needed_stays,
        a_038_a_version_that_was_put_back_is_still_known,
        a_038_the_ledger_knows_our_label_without_the_task;
    outlook:
        no_more_is_taken_over_than_was_asked_for,
        why_of_a_task_with_a_unit_names_no_limit,
        a_lease_ends_and_the_task_is_taken_over_once,
        a_forecast_comes_true,
        a_write_of_yesterday_takes_nothing_from_the_forecast,
        why_names_every_reason,
        why_goes_by_the_limit_when_the_time_has_come;
    work:
        r_072_work_that_waits_is_not_queued_twice,
        work_comes_by_priority_then_first_in,
        work_is_handed_out_again_when_its_lease_ends,
        work_of_a_process_that_is_gone_is_handed_out_at_once,
        no_more_work_is_kept_than_is_allowed,
        many_pieces_that_are_set_back_hide_no_free_one,
        the_next_step_knows_pieces_of_work,
        no_more_work_is_leased_than_is_handed_out,
        work_that_fails_is_a_dead_letter_until_it_is_asked_for_again,
        asking_again_does_not_shorten_a_pause,
        jobs_run_once_for_each_time_over_restarts,
        the_next_step_says_what_can_be_done_and_when;
}

/// Ends a check with what was expected.
macro_rules! ensure {
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            return Err(format!($($message)+).into());
        }
    };
}

/// Ends a check unless both values are the same.
macro_rules! ensure_eq {
    ($found:expr, $expected:expr) => {
        match (&$found, &$expected) {
            (found, expected) => {
                if *found != *expected {
                    return Err(format!(
                        "line {}: `{}` is {found:?}, expected {expected:?}",
                        line!(),
                        stringify!($found)
                    )
                    .into());
                }
            }
        }
    };
}

use {ensure, ensure_eq};
