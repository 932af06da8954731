CREATE TABLE counter (
  name TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO counter VALUES ('task', 0), ('log', 0), ('opening', 0);

CREATE TABLE task (
  id INTEGER NOT NULL PRIMARY KEY,
  tenant TEXT NOT NULL,
  app INTEGER NOT NULL,
  instance INTEGER NOT NULL,
  file TEXT NOT NULL,
  file_version TEXT NOT NULL,
  policy TEXT NOT NULL,
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
  unit_day INTEGER,
  claims INTEGER NOT NULL,
  opening INTEGER NOT NULL,
  looked_at INTEGER NOT NULL,
  recheck INTEGER NOT NULL,
  automatic INTEGER NOT NULL AS (policy <> '') VIRTUAL,
  queue_rank INTEGER NOT NULL AS (-label_priority) VIRTUAL
) STRICT;
CREATE UNIQUE INDEX task_key
  ON task (tenant, app, instance, file, file_version, policy, label);
CREATE INDEX task_queue ON task (automatic, queue_rank, id) WHERE state = 0;
CREATE INDEX task_due ON task (due_ms, id) WHERE due_ms IS NOT NULL;
CREATE INDEX task_pending ON task (state) WHERE state < 5;
CREATE INDEX task_state ON task (tenant, app, state);
CREATE INDEX task_policy ON task (tenant, policy, state);

CREATE TABLE quota (
  tenant TEXT NOT NULL,
  app INTEGER NOT NULL,
  daily_limit INTEGER NOT NULL,
  reached_on INTEGER,
  PRIMARY KEY (tenant, app)
) STRICT, WITHOUT ROWID;

CREATE TABLE quota_day (
  tenant TEXT NOT NULL,
  app INTEGER NOT NULL,
  day INTEGER NOT NULL,
  used INTEGER NOT NULL,
  PRIMARY KEY (tenant, app, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE policy (
  tenant TEXT NOT NULL,
  policy TEXT NOT NULL,
  state INTEGER NOT NULL,
  PRIMARY KEY (tenant, policy)
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

CREATE TABLE log (
  sequence INTEGER NOT NULL PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  tenant TEXT NOT NULL,
  app INTEGER,
  initiator TEXT NOT NULL,
  task INTEGER,
  instance INTEGER,
  file TEXT,
  label TEXT,
  event INTEGER NOT NULL,
  state INTEGER,
  due_ms INTEGER,
  tries INTEGER,
  reason_code TEXT,
  reason_detail TEXT,
  reverted_by INTEGER,
  policy TEXT,
  first_number INTEGER,
  second_number INTEGER
) STRICT;
