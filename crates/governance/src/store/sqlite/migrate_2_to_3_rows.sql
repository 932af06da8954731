UPDATE counter SET value = (SELECT value FROM counter_2 WHERE counter_2.name = counter.name)
  WHERE name IN (SELECT name FROM counter_2);
UPDATE counter SET value = (SELECT count(*) FROM task_2 WHERE state < 5) WHERE name = 'pending';

-- An action was told by its label alone: none was *remove*.
INSERT INTO task (id, tenant, app, instance, file, file_version, policy, action, label,
    label_priority, initiator, policy_priority, policy_created_ms, matched, submitted_ms,
    changed_ms, state, due_ms, tries, reason_code, reason_detail, reverted_by, attempts, error_code,
    error_detail, after_version, unit_half, claims, opening, looked_at, recheck, held, worker,
    lease_ms, previous_label, reverts)
  SELECT id, tenant, app, instance, file, file_version, policy, label = '', label,
    label_priority, initiator, policy_priority, policy_created_ms, matched, submitted_ms,
    changed_ms, state, due_ms, tries, reason_code, reason_detail, reverted_by, attempts, error_code,
    error_detail, after_version, unit_half, claims, opening, looked_at, recheck, held, worker,
    lease_ms, previous_label, reverts
  FROM task_2;
-- Only labels had a limit.
INSERT INTO quota SELECT tenant, app, 0, daily_limit FROM quota_2;
INSERT INTO quota_half SELECT tenant, app, 0, half, used FROM quota_half_2;
INSERT INTO quota_reached SELECT tenant, app, 0, day FROM quota_reached_2;
INSERT INTO policy SELECT * FROM policy_2;
INSERT INTO disabled_label SELECT * FROM disabled_label_2;
INSERT INTO frozen_file SELECT * FROM frozen_file_2;
INSERT INTO applied SELECT tenant, app, instance, file, label, version, policy, at_ms, task,
    known_up_to FROM applied_2;
INSERT INTO file_turns SELECT tenant, app, instance, file, policy, turns, turns_since_ms
  FROM applied_2 WHERE turns > 0 AND policy <> '';
INSERT INTO log SELECT sequence, at_ms, tenant, app, initiator, task, instance, file,
    CASE WHEN task IS NOT NULL THEN label = '' WHEN event IN (1, 2) THEN 0 END, label, event, state,
    due_ms, tries, reason_code, reason_detail, reverted_by, held, policy, about_label,
    first_number, second_number, previous_label, quota_used, quota_limit
  FROM log_2;
-- Whoever had a piece in an earlier opening is gone. When a dead one died was not kept: the latest time
-- that the store knows of is taken, so that it stays rather too long than not long enough.
INSERT INTO work (id, kind, key, priority, not_before_ms, payload, attempts, claims, opening, worker,
    lease_ms, again, dead_code, dead_detail, dead_ms)
  SELECT id, kind, key, priority, not_before_ms, payload, attempts, claims, 0, worker, lease_ms, again,
    dead_code, dead_detail,
    CASE WHEN dead_code IS NOT NULL THEN max(
      not_before_ms,
      (SELECT coalesce(max(at_ms), 0) FROM log_2),
      (SELECT coalesce(max(changed_ms), 0) FROM task_2),
      (SELECT coalesce(max(ran_ms), 0) FROM job_2)) END
  FROM work_2;
UPDATE counter SET value = (SELECT count(*) FROM work_2) WHERE name = 'pieces';
INSERT INTO job SELECT * FROM job_2;

DROP TABLE counter_2;
DROP TABLE task_2;
DROP TABLE quota_2;
DROP TABLE quota_half_2;
DROP TABLE quota_reached_2;
DROP TABLE policy_2;
DROP TABLE disabled_label_2;
DROP TABLE frozen_file_2;
DROP TABLE applied_2;
DROP TABLE log_2;
DROP TABLE work_2;
DROP TABLE job_2;
