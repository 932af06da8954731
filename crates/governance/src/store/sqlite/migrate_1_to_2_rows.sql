UPDATE counter SET value = (SELECT value FROM counter_1 WHERE counter_1.name = counter.name)
  WHERE name IN (SELECT name FROM counter_1);

-- A day was a calendar day. Its afternoon stands for all of it: that is right for the calendar, and
-- by the other reading it gives no more than is due.
INSERT INTO task (id, tenant, app, instance, file, file_version, policy, label, label_priority,
    initiator, policy_priority, policy_created_ms, matched, submitted_ms, changed_ms, state, due_ms,
    tries, reason_code, reason_detail, reverted_by, attempts, error_code, error_detail,
    after_version, unit_half, claims, opening, looked_at, recheck, held)
  SELECT id, tenant, app, instance, file, file_version, policy, label, label_priority,
    initiator, policy_priority, policy_created_ms, matched, submitted_ms, changed_ms, state, due_ms,
    tries, reason_code, reason_detail, reverted_by, attempts, error_code, error_detail,
    after_version, unit_day * 2 + 1, claims, opening, looked_at, recheck,
    CASE state WHEN 2 THEN 1 ELSE 0 END
  FROM task_1;
INSERT INTO quota SELECT tenant, app, daily_limit FROM quota_1;
INSERT INTO quota_half SELECT tenant, app, day * 2 + 1, used FROM quota_day_1;
INSERT INTO quota_reached SELECT tenant, app, reached_on FROM quota_1 WHERE reached_on IS NOT NULL;
INSERT INTO policy SELECT tenant, policy, state FROM policy_1;
INSERT INTO applied SELECT tenant, app, instance, file, label, version, policy, at_ms, task,
    known_up_to, 0, at_ms FROM applied_1;
INSERT INTO log SELECT sequence, at_ms, tenant, app, initiator, task, instance, file, label, event,
    state, due_ms, tries, reason_code, reason_detail, reverted_by,
    CASE state WHEN 2 THEN 1 ELSE 0 END, policy, NULL, first_number, second_number, NULL, NULL, NULL
  FROM log_1;

DROP TABLE counter_1;
DROP TABLE task_1;
DROP TABLE quota_1;
DROP TABLE quota_day_1;
DROP TABLE policy_1;
DROP TABLE applied_1;
DROP TABLE log_1;
