CREATE TABLE counter (
  name TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO counter VALUES
  ('task', 0), ('log', 0), ('opening', 0), ('work', 0), ('pending', 0), ('pieces', 0);

CREATE TABLE task (
  id INTEGER NOT NULL PRIMARY KEY,
  tenant TEXT NOT NULL,
  app INTEGER NOT NULL,
  instance INTEGER NOT NULL,
  file TEXT NOT NULL,
  file_version TEXT NOT NULL,
  policy TEXT NOT NULL,
  action INTEGER NOT NULL,
  label TEXT NOT NULL,
  label_priority INTEGER NOT NULL,
  initiator TEXT NOT NULL,
  policy_priority INTEGER,
  policy_created_ms INTEGER NOT NULL,
  matched TEXT,
  submitted_ms INTEGER NOT NULL,
  changed_ms INTEGER NOT NULL,
  state INTEGER NOT NULL,
  due_ms INTEGER,
  tries INTEGER,
  reason_code TEXT,
  reason_detail TEXT,
  reverted_by INTEGER,
  attempts INTEGER NOT NULL,
  error_code TEXT,
  error_detail TEXT,
  after_version TEXT,
  unit_half INTEGER,
  claims INTEGER NOT NULL,
  opening INTEGER NOT NULL,
  looked_at INTEGER NOT NULL,
  recheck INTEGER NOT NULL,
  held INTEGER NOT NULL,
  worker TEXT,
  lease_ms INTEGER,
  previous_label TEXT,
  reverts INTEGER,
  automatic INTEGER NOT NULL AS (policy <> '') VIRTUAL,
  queue_rank INTEGER NOT NULL AS (-label_priority) VIRTUAL
) STRICT;
CREATE UNIQUE INDEX task_open
  ON task (tenant, app, instance, file, file_version, policy, action, label)
  WHERE state < 5 AND policy <> '';
CREATE INDEX task_key
  ON task (tenant, app, instance, file, file_version, policy, action, label);
CREATE INDEX task_queue ON task (automatic, queue_rank, id) WHERE state = 0;
CREATE INDEX task_deferred ON task (due_ms, automatic, queue_rank, id)
  WHERE state = 1 AND due_ms IS NOT NULL;
CREATE INDEX task_retry ON task (due_ms, id) WHERE state = 3;
CREATE INDEX task_pending ON task (state) WHERE state < 5;
CREATE INDEX task_lease ON task (lease_ms, id) WHERE lease_ms IS NOT NULL;
CREATE INDEX task_waiting ON task (tenant, app, automatic, queue_rank, id)
  WHERE state < 5 AND state <> 2;
CREATE INDEX task_state ON task (tenant, app, state);
CREATE INDEX task_policy ON task (tenant, policy, state);
CREATE INDEX task_label ON task (label, state);

CREATE TABLE quota (
  tenant TEXT NOT NULL,
  app INTEGER NOT NULL,
  action INTEGER NOT NULL,
  daily_limit INTEGER NOT NULL,
  PRIMARY KEY (tenant, app, action)
) STRICT, WITHOUT ROWID;

CREATE TABLE quota_half (
  tenant TEXT NOT NULL,
  app INTEGER NOT NULL,
  action INTEGER NOT NULL,
  half INTEGER NOT NULL,
  used INTEGER NOT NULL,
  PRIMARY KEY (tenant, app, action, half)
) STRICT, WITHOUT ROWID;

CREATE TABLE quota_reached (
  tenant TEXT NOT NULL,
  app INTEGER NOT NULL,
  action INTEGER NOT NULL,
  day INTEGER NOT NULL,
  PRIMARY KEY (tenant, app, action, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE policy (
  tenant TEXT NOT NULL,
  policy TEXT NOT NULL,
  state INTEGER NOT NULL,
  PRIMARY KEY (tenant, policy)
) STRICT, WITHOUT ROWID;

CREATE TABLE disabled_label (
  label TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE frozen_file (
  tenant TEXT NOT NULL,
  app INTEGER NOT NULL,
  instance INTEGER NOT NULL,
  file TEXT NOT NULL,
  since_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant, app, instance, file)
) STRICT, WITHOUT ROWID;

CREATE TABLE applied (
  tenant TEXT NOT NULL,
  app INTEGER NOT NULL,
  instance INTEGER NOT NULL,
  file TEXT NOT NULL,
  label TEXT NOT NULL,
  version TEXT NOT NULL,
  policy TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  task INTEGER NOT NULL,
  known_up_to INTEGER NOT NULL,
  PRIMARY KEY (tenant, app, instance, file)
) STRICT, WITHOUT ROWID;

CREATE TABLE file_turns (
  tenant TEXT NOT NULL,
  app INTEGER NOT NULL,
  instance INTEGER NOT NULL,
  file TEXT NOT NULL,
  policy TEXT NOT NULL,
  turns INTEGER NOT NULL,
  since_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant, app, instance, file)
) STRICT, WITHOUT ROWID;

CREATE TABLE log (
  sequence INTEGER NOT NULL PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  tenant TEXT NOT NULL,
  app INTEGER,
  initiator TEXT NOT NULL,
  task INTEGER,
  instance INTEGER,
  file TEXT,
  action INTEGER,
  label TEXT,
  event INTEGER NOT NULL,
  state INTEGER,
  due_ms INTEGER,
  tries INTEGER,
  reason_code TEXT,
  reason_detail TEXT,
  reverted_by INTEGER,
  held INTEGER NOT NULL,
  policy TEXT,
  about_label TEXT,
  first_number INTEGER,
  second_number INTEGER,
  previous_label TEXT,
  quota_used INTEGER,
  quota_limit INTEGER
) STRICT;

CREATE TABLE work (
  id INTEGER NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  priority INTEGER NOT NULL,
  not_before_ms INTEGER NOT NULL,
  payload TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  claims INTEGER NOT NULL,
  opening INTEGER NOT NULL,
  worker TEXT,
  lease_ms INTEGER,
  again INTEGER NOT NULL,
  dead_code TEXT,
  dead_detail TEXT,
  dead_ms INTEGER,
  work_rank INTEGER NOT NULL AS (-priority) VIRTUAL,
  ready_ms INTEGER NOT NULL AS (max(not_before_ms, coalesce(lease_ms, not_before_ms))) VIRTUAL,
  tried INTEGER NOT NULL AS (attempts > 0) VIRTUAL
) STRICT;
CREATE UNIQUE INDEX work_key ON work (kind, key);
CREATE INDEX work_queue ON work (kind, work_rank, id) WHERE dead_code IS NULL;
CREATE INDEX work_ready ON work (tried, ready_ms) WHERE dead_code IS NULL;
CREATE INDEX work_leased ON work (lease_ms) WHERE lease_ms IS NOT NULL;
CREATE INDEX work_handed_out ON work (opening) WHERE lease_ms IS NOT NULL;
CREATE INDEX work_dead ON work (kind, id) WHERE dead_code IS NOT NULL;
CREATE INDEX work_died ON work (dead_ms, id) WHERE dead_code IS NOT NULL;

CREATE TABLE job (
  name TEXT NOT NULL PRIMARY KEY,
  ran_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
