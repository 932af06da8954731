-- Every table is made anew, so that a store that came this way is the same as a fresh one, to the
-- letter: that is how damage is found out.
DROP INDEX task_open;
DROP INDEX task_key;
DROP INDEX task_queue;
DROP INDEX task_due;
DROP INDEX task_pending;
DROP INDEX task_lease;
DROP INDEX task_waiting;
DROP INDEX task_state;
DROP INDEX task_policy;
DROP INDEX work_key;
DROP INDEX work_queue;
DROP INDEX work_dead;
ALTER TABLE counter RENAME TO counter_2;
ALTER TABLE task RENAME TO task_2;
ALTER TABLE quota RENAME TO quota_2;
ALTER TABLE quota_half RENAME TO quota_half_2;
ALTER TABLE quota_reached RENAME TO quota_reached_2;
ALTER TABLE policy RENAME TO policy_2;
ALTER TABLE disabled_label RENAME TO disabled_label_2;
ALTER TABLE frozen_file RENAME TO frozen_file_2;
ALTER TABLE applied RENAME TO applied_2;
ALTER TABLE log RENAME TO log_2;
ALTER TABLE work RENAME TO work_2;
ALTER TABLE job RENAME TO job_2;
