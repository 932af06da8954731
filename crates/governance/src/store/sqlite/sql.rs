//! Every statement that the SQLite store uses, and the schema they are about.

use super::values::action_code;
use crate::state::{StateKind, Status};
use crate::store::{ActionType, LogFilter, TaskFilter};

/// Marks the file as ours, in the header field that SQLite keeps for that: `LblQ`.
pub(super) const APPLICATION_ID: u32 = 0x4c62_6c51;

/// The version of [`SCHEMA`], in the header field that SQLite keeps for that.
pub(super) const SCHEMA_VERSION: u32 = 3;

/// The tables. An administrator is the empty policy, and an action without a label has the empty
/// one, so that the key has no nulls, which SQLite would take as different from each other.
pub(super) const SCHEMA: &str = include_str!("schema_3.sql");

const SCHEMA_2: &str = include_str!("schema_2.sql");

/// How a store of an earlier version becomes one of the next.
pub(super) struct Migration {
    /// The tables that a store of that version has to have before it is brought up.
    pub(super) from: &'static str,
    /// The old tables out of the way, then the new ones, then their rows.
    pub(super) statements: [&'static str; 3],
}

/// The migrations, the one from version 1 first.
pub(super) const MIGRATIONS: [Migration; 2] = [
    Migration {
        from: include_str!("schema_1.sql"),
        statements: [
            include_str!("migrate_1_to_2.sql"),
            SCHEMA_2,
            include_str!("migrate_1_to_2_rows.sql"),
        ],
    },
    Migration {
        from: SCHEMA_2,
        statements: [
            include_str!("migrate_2_to_3.sql"),
            SCHEMA,
            include_str!("migrate_2_to_3_rows.sql"),
        ],
    },
];

/// What makes the store a store, to be compared with what a fresh one has.
pub(super) const READ_SCHEMA: &str = "SELECT type, name, tbl_name, coalesce(sql, '')
  FROM sqlite_schema ORDER BY type, name";

pub(super) const QUICK_CHECK: &str = "PRAGMA quick_check(1)";

pub(super) const READ_COUNTER: &str = "SELECT value FROM counter WHERE name = ?1";
pub(super) const WRITE_COUNTER: &str = "UPDATE counter SET value = ?2 WHERE name = ?1";

/// The columns of a task, in the order in which they are read and written.
macro_rules! task_columns {
    () => {
        "id, tenant, app, instance, file, file_version, policy, action, label, label_priority, \
         initiator, policy_priority, policy_created_ms, matched, submitted_ms, changed_ms, state, due_ms, \
         tries, reason_code, reason_detail, reverted_by, attempts, error_code, error_detail, \
         after_version, unit_half, claims, opening, looked_at, recheck, held, worker, lease_ms, \
         previous_label, reverts"
    };
}

pub(super) const ADD_TASK: &str = concat!(
    "INSERT INTO task (",
    task_columns!(),
    ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, \
     ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36)"
);

/// What a task was submitted with never changes, and with it stand the columns of most indexes.
pub(super) const CHANGE_TASK: &str = "UPDATE task SET \
     changed_ms = ?2, state = ?3, due_ms = ?4, tries = ?5, reason_code = ?6, reason_detail = ?7, \
     reverted_by = ?8, attempts = ?9, error_code = ?10, error_detail = ?11, after_version = ?12, \
     unit_half = ?13, claims = ?14, opening = ?15, looked_at = ?16, recheck = ?17, held = ?18, \
     worker = ?19, lease_ms = ?20, previous_label = ?21 WHERE id = ?1";

/// The same without the columns that indexes are made of.
pub(super) const CHANGE_TASK_IN_PLACE: &str = "UPDATE task SET \
     changed_ms = ?2, tries = ?5, reason_code = ?6, reason_detail = ?7, \
     reverted_by = ?8, attempts = ?9, error_code = ?10, error_detail = ?11, after_version = ?12, \
     unit_half = ?13, claims = ?14, opening = ?15, looked_at = ?16, recheck = ?17, held = ?18, \
     worker = ?19, previous_label = ?21 WHERE id = ?1";

pub(super) const REMOVE_TASK: &str = "DELETE FROM task WHERE id = ?1";

pub(super) const TASK: &str = concat!("SELECT ", task_columns!(), " FROM task WHERE id = ?1");

/// The open one, and the last one.
pub(super) const TASK_WITH_KEY: &str = "SELECT max(id) FILTER (WHERE state < 5), max(id) \
     FROM task WHERE tenant = ?1 AND app = ?2 AND instance = ?3 AND file = ?4 \
     AND file_version = ?5 AND policy = ?6 AND action = ?7 AND label = ?8";

/// A file's tasks in some states, one bit for each, in any order and all: they are few. For a list
/// of states, or to sort them, SQLite would make a table, which takes longer than all the rest.
pub(super) const TASKS_OF_FILE: &str = concat!(
    "SELECT ",
    task_columns!(),
    " FROM task WHERE tenant = ?3 AND app = ?4 AND instance = ?5 AND file = ?6 AND id > ?1 \
     AND (?2 >> state & 1)"
);

pub(super) const QUEUED: &str = concat!(
    "SELECT ",
    task_columns!(),
    " FROM task WHERE state = 0 ORDER BY automatic, queue_rank, id LIMIT ?1"
);

pub(super) const QUEUED_AFTER: &str = concat!(
    "SELECT ",
    task_columns!(),
    " FROM task WHERE state = 0 AND (automatic, queue_rank, id) > (?2, ?3, ?4) \
     ORDER BY automatic, queue_rank, id LIMIT ?1"
);

pub(super) const RETRIES_DUE: &str = concat!(
    "SELECT ",
    task_columns!(),
    " FROM task WHERE state = 3 AND due_ms <= ?1 ORDER BY due_ms, id LIMIT ?2"
);

pub(super) const RETRIES_BEYOND: &str = concat!(
    "SELECT ",
    task_columns!(),
    " FROM task WHERE state = 3 AND due_ms > ?1 ORDER BY due_ms DESC, id DESC LIMIT ?2"
);

/// The first time that a deferred task waits for, from one on.
pub(super) const NEXT_DEFERRED: &str =
    "SELECT min(due_ms) FROM task WHERE state = 1 AND due_ms IS NOT NULL AND due_ms >= ?1";

/// Those that wait for one time, in the order of the queue.
pub(super) const DEFERRED_UNTIL: &str = concat!(
    "SELECT ",
    task_columns!(),
    " FROM task WHERE state = 1 AND due_ms IS NOT NULL AND due_ms = ?1 \
     ORDER BY automatic, queue_rank, id LIMIT ?2"
);

pub(super) const DEFERRED_BEYOND: &str = concat!(
    "SELECT ",
    task_columns!(),
    " FROM task WHERE state = 1 AND due_ms IS NOT NULL AND due_ms > ?1 \
     ORDER BY due_ms DESC, automatic DESC, queue_rank DESC, id DESC LIMIT ?2"
);

/// The plus signs keep SQLite from going through all deferred tasks of an app, most of which may not be
/// due.
pub(super) const PUT_OFF_DUE: &str = "UPDATE task SET due_ms = ?4 WHERE state = 1 \
     AND due_ms IS NOT NULL AND due_ms <= ?5 AND +tenant = ?1 AND +app = ?2 AND +action = ?3 \
     AND (?6 OR policy <> '')";

pub(super) const PUT_OFF_ALL: &str = "UPDATE task SET due_ms = ?4 WHERE state = 1 \
     AND tenant = ?1 AND app = ?2 AND action = ?3";

pub(super) const WAITING: &str = "SELECT automatic, label_priority, id, state, due_ms, \
     action, after_version IS NOT NULL, unit_half \
     FROM task WHERE tenant = ?1 AND app = ?2 AND state < 5 AND state <> 2 \
     AND (automatic, queue_rank, id) > (?3, ?4, ?5) \
     ORDER BY automatic, queue_rank, id LIMIT ?6";

pub(super) const LEASE_ENDED: &str = concat!(
    "SELECT ",
    task_columns!(),
    " FROM task WHERE lease_ms IS NOT NULL AND lease_ms <= ?1 ORDER BY lease_ms, id LIMIT ?2"
);

pub(super) const LEASES_BEYOND: &str = concat!(
    "SELECT ",
    task_columns!(),
    " FROM task WHERE lease_ms IS NOT NULL AND lease_ms > ?1 \
     ORDER BY lease_ms DESC, id DESC LIMIT ?2"
);

pub(super) const NEXT_LEASE_END: &str = "SELECT min(lease_ms) FROM task WHERE lease_ms IS NOT NULL";

pub(super) const NEXT_RETRY: &str = "SELECT min(due_ms) FROM task WHERE state = 3";

/// What the indexes say of a task.
pub(super) const INDEXED: &str = "SELECT state, due_ms, lease_ms FROM task WHERE id = ?1";

pub(super) const COUNTS: &str =
    "SELECT state, count(*) FROM task WHERE tenant = ?1 AND app = ?2 GROUP BY state";

pub(super) const QUOTA: &str =
    "SELECT daily_limit FROM quota WHERE tenant = ?1 AND app = ?2 AND action = ?3";
pub(super) const QUOTA_HALVES: &str = "SELECT half, used FROM quota_half \
     WHERE tenant = ?1 AND app = ?2 AND action = ?3 ORDER BY half";
pub(super) const QUOTA_REACHED: &str = "SELECT day FROM quota_reached \
     WHERE tenant = ?1 AND app = ?2 AND action = ?3 ORDER BY day";
pub(super) const PUT_QUOTA: &str = "INSERT INTO quota VALUES (?1, ?2, ?3, ?4)
  ON CONFLICT DO UPDATE SET daily_limit = excluded.daily_limit
  WHERE daily_limit <> excluded.daily_limit";
pub(super) const FORGET_QUOTA_HALF: &str =
    "DELETE FROM quota_half WHERE tenant = ?1 AND app = ?2 AND action = ?3 AND half = ?4";
pub(super) const PUT_QUOTA_HALF: &str = "INSERT INTO quota_half VALUES (?1, ?2, ?3, ?4, ?5)
  ON CONFLICT DO UPDATE SET used = excluded.used WHERE used <> excluded.used";
pub(super) const FORGET_QUOTA_REACHED: &str =
    "DELETE FROM quota_reached WHERE tenant = ?1 AND app = ?2 AND action = ?3 AND day = ?4";
pub(super) const PUT_QUOTA_REACHED: &str =
    "INSERT OR IGNORE INTO quota_reached VALUES (?1, ?2, ?3, ?4)";

pub(super) const POLICY: &str = "SELECT state FROM policy WHERE tenant = ?1 AND policy = ?2";
pub(super) const PUT_POLICY: &str = "INSERT OR REPLACE INTO policy VALUES (?1, ?2, ?3)";

macro_rules! work_columns {
    () => {
        "id, kind, key, priority, not_before_ms, payload, attempts, claims, opening, worker, \
         lease_ms, again, dead_code, dead_detail, dead_ms"
    };
}

pub(super) const WORK: &str = concat!("SELECT ", work_columns!(), " FROM work WHERE id = ?1");
pub(super) const WORK_WITH_KEY: &str = concat!(
    "SELECT ",
    work_columns!(),
    " FROM work WHERE kind = ?1 AND key = ?2"
);
pub(super) const READY_WORK: &str = concat!(
    "SELECT ",
    work_columns!(),
    " FROM work WHERE kind = ?1 AND dead_code IS NULL \
     AND (not_before_ms <= ?2 OR attempts > 0 AND not_before_ms > ?4) \
     AND (lease_ms IS NULL OR lease_ms <= ?2 OR lease_ms > ?5 OR opening < ?6) \
     ORDER BY work_rank, id LIMIT ?3"
);

/// The first time after one from which a piece that was tried, or one that was not, can be handed out.
pub(super) const NEXT_WORK: &str =
    "SELECT min(ready_ms) FROM work WHERE dead_code IS NULL AND tried = ?1 AND ready_ms > ?2";

/// Whether a piece is ready. Its time has come, or a clock that was ahead has put it off, after a try or
/// by a lease, or an earlier opening has handed it out.
pub(super) const IS_WORK_READY: &str = "SELECT \
     EXISTS (SELECT 1 FROM work WHERE dead_code IS NULL AND tried = 0 AND ready_ms <= ?1) \
  OR EXISTS (SELECT 1 FROM work WHERE dead_code IS NULL AND tried = 1 AND ready_ms <= ?1) \
  OR EXISTS (SELECT 1 FROM work \
     WHERE dead_code IS NULL AND tried = 1 AND ready_ms > ?2 AND not_before_ms > ?2 \
     AND (lease_ms IS NULL OR lease_ms <= ?1 OR lease_ms > ?3 OR opening < ?4)) \
  OR EXISTS (SELECT 1 FROM work WHERE dead_code IS NULL AND lease_ms IS NOT NULL AND lease_ms > ?3 \
     AND (not_before_ms <= ?1 OR attempts > 0 AND not_before_ms > ?2)) \
  OR EXISTS (SELECT 1 FROM work WHERE dead_code IS NULL AND lease_ms IS NOT NULL AND opening < ?4 \
     AND (not_before_ms <= ?1 OR attempts > 0 AND not_before_ms > ?2))";

pub(super) const TRIM_DEAD_WORK: &str = "DELETE FROM work WHERE id IN ( \
  SELECT id FROM work WHERE dead_code IS NOT NULL AND dead_ms < ?1 ORDER BY dead_ms, id LIMIT ?2)";

pub(super) const DEAD_WORK: &str = concat!(
    "SELECT ",
    work_columns!(),
    " FROM work WHERE kind = ?1 AND dead_code IS NOT NULL AND id > ?2 ORDER BY id LIMIT ?3"
);
pub(super) const WORK_COUNTS: &str = "SELECT \
     count(*) FILTER (WHERE dead_code IS NULL AND lease_ms IS NULL), \
     count(*) FILTER (WHERE dead_code IS NULL AND lease_ms IS NOT NULL), \
     count(*) FILTER (WHERE dead_code IS NOT NULL) FROM work WHERE kind = ?1";
pub(super) const ADD_WORK: &str = concat!(
    "INSERT INTO work (",
    work_columns!(),
    ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"
);
/// Its kind and key never change.
pub(super) const CHANGE_WORK: &str = "UPDATE work SET \
     priority = ?4, not_before_ms = ?5, payload = ?6, attempts = ?7, claims = ?8, opening = ?9, \
     worker = ?10, lease_ms = ?11, again = ?12, dead_code = ?13, dead_detail = ?14, dead_ms = ?15 \
     WHERE id = ?1 AND kind = ?2 AND key = ?3";
pub(super) const REMOVE_WORK: &str = "DELETE FROM work WHERE id = ?1";

pub(super) const JOB_RAN: &str = "SELECT ran_ms FROM job WHERE name = ?1";
pub(super) const PUT_JOB_RAN: &str = "INSERT OR REPLACE INTO job VALUES (?1, ?2)";

pub(super) const LABEL_DISABLED: &str = "SELECT 1 FROM disabled_label WHERE label = ?1";
pub(super) const DISABLE_LABEL: &str = "INSERT OR IGNORE INTO disabled_label VALUES (?1)";
pub(super) const ENABLE_LABEL: &str = "DELETE FROM disabled_label WHERE label = ?1";

pub(super) const FROZEN: &str = "SELECT since_ms FROM frozen_file \
     WHERE tenant = ?1 AND app = ?2 AND instance = ?3 AND file = ?4";
pub(super) const ANY_FROZEN: &str = "SELECT EXISTS (SELECT 1 FROM frozen_file)";
pub(super) const FREEZE: &str = "INSERT OR REPLACE INTO frozen_file VALUES (?1, ?2, ?3, ?4, ?5)";
pub(super) const UNFREEZE: &str =
    "DELETE FROM frozen_file WHERE tenant = ?1 AND app = ?2 AND instance = ?3 AND file = ?4";

pub(super) const APPLIED: &str = "SELECT label, version, policy, at_ms, task, known_up_to \
     FROM applied WHERE tenant = ?1 AND app = ?2 AND instance = ?3 AND file = ?4";
pub(super) const PUT_APPLIED: &str =
    "INSERT OR REPLACE INTO applied VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
pub(super) const FORGET_APPLIED: &str =
    "DELETE FROM applied WHERE tenant = ?1 AND app = ?2 AND instance = ?3 AND file = ?4";

pub(super) const TURNS: &str = "SELECT policy, turns, since_ms FROM file_turns \
     WHERE tenant = ?1 AND app = ?2 AND instance = ?3 AND file = ?4";
pub(super) const ANY_TURNS: &str = "SELECT EXISTS (SELECT 1 FROM file_turns)";
pub(super) const PUT_TURNS: &str =
    "INSERT OR REPLACE INTO file_turns VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
pub(super) const FORGET_TURNS: &str =
    "DELETE FROM file_turns WHERE tenant = ?1 AND app = ?2 AND instance = ?3 AND file = ?4";

pub(super) const APPEND_LOG: &str = "INSERT INTO log VALUES \
     (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, \
     ?21, ?22, ?23, ?24, ?25)";

/// The oldest entry that is to stay ends the part that may go.
pub(super) const TRIM_LOG: &str = "DELETE FROM log WHERE sequence IN (
  SELECT sequence FROM log
  WHERE sequence < coalesce(
    (SELECT sequence FROM log WHERE at_ms >= ?1 ORDER BY sequence LIMIT 1),
    9223372036854775807)
  ORDER BY sequence LIMIT ?2)";

/// The statement for a filter on tasks. Parameters: 1 the number to start after, 2 the count,
/// then the tenant, the app, the file's three parts, the policy, and the label, as far as they are
/// set. The tasks of a file come in any order and all: they are few.
pub(super) fn tasks(filter: &TaskFilter) -> String {
    let mut sql = concat!("SELECT ", task_columns!(), " FROM task WHERE id > ?1").to_owned();
    let mut next = 3;
    let mut equal = |sql: &mut String, column: &str, is_set: bool| {
        if is_set {
            sql.push_str(&format!(" AND {column} = ?{next}"));
            next += 1;
        }
    };
    // A file has few tasks and is found first, and so are those of a label in a state; the plus sign
    // keeps SQLite from going through all tasks of a tenant or a state instead. Labels are told apart
    // by tenant themselves.
    let is_narrow = filter.file.is_some() || filter.label.is_some();
    let tenant = match filter.label {
        Some(_) if filter.file.is_none() => "+tenant",
        _ => "tenant",
    };
    equal(&mut sql, tenant, filter.tenant.is_some());
    equal(&mut sql, "app", filter.app.is_some());
    equal(&mut sql, "app", filter.file.is_some());
    equal(&mut sql, "instance", filter.file.is_some());
    equal(&mut sql, "file", filter.file.is_some());
    equal(&mut sql, "policy", filter.policy.is_some());
    equal(&mut sql, "label", filter.label.is_some());
    push_action(&mut sql, filter.action);
    let state = if filter.file.is_some() {
        "+state"
    } else {
        "state"
    };
    push_states(&mut sql, state, &filter.states);
    let is_pending = |state: &StateKind| state.status() == Status::Pending;
    if !is_narrow && filter.tenant.is_none() && filter.states.iter().all(is_pending) {
        // By what is said here SQLite sees that the index of pending tasks has them all.
        sql.push_str(if filter.states.is_empty() {
            ""
        } else {
            " AND state < 5"
        });
    }
    if filter.file.is_none() {
        sql.push_str(" ORDER BY id LIMIT ?2");
    }
    sql
}

/// The statement for a filter on the log. Parameters: 1 the number to start after, 2 the count,
/// then the tenant, the app, the file's three parts, the initiator, and the two times, as far as
/// they are set.
pub(super) fn log(filter: &LogFilter) -> String {
    let mut sql = "SELECT sequence, at_ms, tenant, app, initiator, task, instance, file, action, label, \
         event, state, due_ms, tries, reason_code, reason_detail, reverted_by, held, policy, \
         about_label, first_number, second_number, previous_label, quota_used, quota_limit FROM log WHERE sequence > ?1"
        .to_owned();
    let mut next = 3;
    let mut compare = |sql: &mut String, column: &str, is_set: bool| {
        if is_set {
            sql.push_str(&format!(" AND {column} ?{next}"));
            next += 1;
        }
    };
    compare(&mut sql, "tenant =", filter.tenant.is_some());
    compare(&mut sql, "app =", filter.app.is_some());
    compare(&mut sql, "app =", filter.file.is_some());
    compare(&mut sql, "instance =", filter.file.is_some());
    compare(&mut sql, "file =", filter.file.is_some());
    compare(&mut sql, "initiator =", filter.initiator.is_some());
    compare(&mut sql, "at_ms >=", filter.from_ms.is_some());
    compare(&mut sql, "at_ms <", filter.until_ms.is_some());
    if filter.action.is_some() {
        sql.push_str(" AND task IS NOT NULL");
    }
    push_action(&mut sql, filter.action);
    if let Some(status) = filter.status {
        let states: Vec<_> = StateKind::ALL
            .into_iter()
            .filter(|state| state.status() == status)
            .collect();
        // Entries without a task are changes that took place.
        let other = status == crate::state::Status::Successful;
        sql.push_str(if other {
            " AND (state IS NULL OR (1"
        } else {
            " AND ((1"
        });
        push_states(&mut sql, "state", &states);
        sql.push_str("))");
    }
    sql.push_str(" ORDER BY sequence LIMIT ?2");
    sql
}

fn push_action(sql: &mut String, action: Option<ActionType>) {
    if let Some(action) = action {
        sql.push_str(&format!(" AND action = {}", action_code(action)));
    }
}

fn push_states(sql: &mut String, column: &str, states: &[StateKind]) {
    if states.is_empty() {
        return;
    }
    let codes: Vec<_> = states
        .iter()
        .map(|state| (*state as usize).to_string())
        .collect();
    sql.push_str(&format!(" AND {column} IN ({})", codes.join(", ")));
}

#[cfg(test)]
mod tests {
    use super::*;
    use label_core::{AppId, FileId, FileKey, LabelId, LabelKey, PolicyId, TenantId};

    /// How SQLite would run a statement, step by step.
    fn plan(statement: &str) -> String {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        connection.execute_batch(SCHEMA).unwrap();
        let sql = format!("EXPLAIN QUERY PLAN {statement}");
        let mut statement = connection.prepare(&sql).unwrap();
        let nulls = vec![rusqlite::types::Value::Null; statement.parameter_count()];
        let steps = statement
            .query_map(rusqlite::params_from_iter(nulls), |row| {
                row.get::<_, String>(3)
            })
            .unwrap();
        steps.map(Result::unwrap).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn every_frequent_statement_goes_by_an_index_and_sorts_nothing() {
        let tenant = Some(TenantId::from_u128(1));
        let states = vec![StateKind::Deferred];
        let of_app = TaskFilter {
            tenant,
            app: Some(AppId::BOX),
            states: states.clone(),
            ..TaskFilter::default()
        };
        let of_policy = TaskFilter {
            tenant,
            policy: Some(PolicyId::parse("p").unwrap()),
            states,
            ..TaskFilter::default()
        };
        let of_label = TaskFilter {
            tenant,
            label: Some(LabelKey::new(TenantId::from_u128(1), LabelId::from_u128(7))),
            states: vec![StateKind::Queued],
            ..TaskFilter::default()
        };
        let running = TaskFilter {
            states: vec![StateKind::Running],
            ..TaskFilter::default()
        };
        for (statement, index) in [
            (TASK, "PRIMARY KEY"),
            (QUEUED, "task_queue"),
            (QUEUED_AFTER, "task_queue"),
            (RETRIES_DUE, "task_retry"),
            (RETRIES_BEYOND, "task_retry"),
            (NEXT_RETRY, "task_retry"),
            (NEXT_DEFERRED, "task_deferred"),
            (DEFERRED_UNTIL, "task_deferred"),
            (DEFERRED_BEYOND, "task_deferred"),
            (PUT_OFF_DUE, "task_deferred (due_ms>? AND due_ms<?)"),
            (PUT_OFF_ALL, "task_state (tenant=? AND app=? AND state=?)"),
            (LEASES_BEYOND, "task_lease"),
            (WORK_WITH_KEY, "work_key"),
            (READY_WORK, "work_queue"),
            (DEAD_WORK, "work_dead"),
            (NEXT_WORK, "work_ready (tried=? AND ready_ms>?)"),
            (IS_WORK_READY, "work_ready (tried=? AND ready_ms<?)"),
            (IS_WORK_READY, "work_ready (tried=? AND ready_ms>?)"),
            (IS_WORK_READY, "work_leased (lease_ms>?)"),
            (IS_WORK_READY, "work_handed_out (opening<?)"),
            (TRIM_DEAD_WORK, "work_died (dead_ms<?)"),
            (WAITING, "task_waiting"),
            (LEASE_ENDED, "task_lease"),
            (NEXT_LEASE_END, "task_lease"),
            (tasks(&running).as_str(), "task_pending"),
            (COUNTS, "task_state"),
            (tasks(&of_app).as_str(), "task_state"),
            (tasks(&of_policy).as_str(), "task_policy"),
            (
                tasks(&of_label).as_str(),
                "task_label (label=? AND state=? AND rowid>?)",
            ),
        ] {
            let plan = plan(statement);
            assert!(plan.contains(index), "{statement}: {plan}");
            assert!(!plan.contains("TEMP B-TREE"), "{statement}: {plan}");
        }
        let of_file_only = plan(TASKS_OF_FILE);
        assert!(
            of_file_only.contains("task_key (tenant=? AND app=? AND instance=? AND file=?"),
            "{of_file_only}"
        );
        let with_key = plan(TASK_WITH_KEY);
        assert!(with_key.contains("task_key"), "{with_key}");
        // A file has few tasks, in no order: to read others is not fine.
        let of_file = TaskFilter {
            tenant,
            file: Some(FileKey::new(AppId::BOX, 0, FileId::parse("f").unwrap())),
            states: vec![StateKind::Queued, StateKind::Running],
            ..TaskFilter::default()
        };
        let plan = plan(&tasks(&of_file));
        assert!(
            plan.contains("task_key (tenant=? AND app=? AND instance=? AND file=?"),
            "{plan}"
        );
    }
}
