-- Every table is made anew, so that a store that came this way is the same as a fresh one, to the
-- letter: that is how damage is found out.
DROP INDEX task_key;
DROP INDEX task_queue;
DROP INDEX task_due;
DROP INDEX task_pending;
DROP INDEX task_state;
DROP INDEX task_policy;
ALTER TABLE counter RENAME TO counter_1;
ALTER TABLE task RENAME TO task_1;
ALTER TABLE quota RENAME TO quota_1;
ALTER TABLE quota_day RENAME TO quota_day_1;
ALTER TABLE policy RENAME TO policy_1;
ALTER TABLE applied RENAME TO applied_1;
ALTER TABLE log RENAME TO log_1;
