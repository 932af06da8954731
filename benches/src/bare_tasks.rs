//! The statements that label tasks can't do without, on the library's own tables, with nothing
//! around them: what the store is compared with.

use std::error::Error;
use std::path::Path;

use rusqlite::{Connection, params};

/// The tables with all their indexes.
const SCHEMA: &str = include_str!("../../crates/governance/src/store/sqlite/schema_3.sql");

const TENANT: &str = "00000000-0000-0000-0000-000000000001";
const LABEL: &str = "00000000-0000-0000-0000-000000000001_00000000-0000-0000-0000-000000000007";

type Outcome<T> = Result<T, Box<dyn Error>>;

/// An open store without rules.
pub struct Bare {
    connection: Connection,
    next: i64,
}

impl Bare {
    /// A new store with a sync at every commit.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn create(path: &Path) -> Outcome<Self> {
        let connection = Connection::open(path)?;
        connection.set_prepared_statement_cache_capacity(64);
        connection.execute_batch(
            "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384;",
        )?;
        connection.execute_batch(SCHEMA)?;
        connection.execute(
            "INSERT INTO quota VALUES (?1, 10489, 0, 4294967295)",
            [TENANT],
        )?;
        Ok(Self {
            connection,
            next: 1,
        })
    }

    /// A batch through all steps, each step a transaction as with the library.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn batch(&mut self, count: i64) -> Outcome<()> {
        let first = self.next;
        self.next += count;
        let transaction = self.connection.transaction()?;
        for id in first..first + count {
            transaction
                .prepare_cached(
                    "INSERT INTO task (id, tenant, app, instance, file, file_version, policy, action, label,
                     label_priority, initiator, policy_created_ms, submitted_ms, changed_ms, state,
                     attempts, claims, opening, looked_at, recheck, held)
                     VALUES (?1, ?2, 10489, 0, ?3, '1', 'finance', 0, ?4, 5, 'Finance documents', 0, 0,
                     0, 0, 0, 0, 0, 0, 0, 0)",
                )?
                .execute(params![id, TENANT, format!("file {id}"), LABEL])?;
            log(&transaction, id, 0)?;
        }
        transaction.commit()?;

        let transaction = self.connection.transaction()?;
        let ids: Vec<i64> = transaction
            .prepare_cached(
                "SELECT id FROM task WHERE state = 0 ORDER BY automatic, queue_rank, id LIMIT ?1",
            )?
            .query_map([count], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for id in &ids {
            transaction
                .prepare_cached("UPDATE task SET state = 4, claims = 1, opening = 1 WHERE id = ?1")?
                .execute([id])?;
        }
        transaction.commit()?;

        let transaction = self.connection.transaction()?;
        for id in &ids {
            transaction
                .prepare_cached(
                    "UPDATE task SET after_version = '2', unit_half = 37263 WHERE id = ?1",
                )?
                .execute([id])?;
            transaction
                .prepare_cached(
                    "INSERT INTO quota_half VALUES (?1, 10489, 0, 37263, 1)
                     ON CONFLICT DO UPDATE SET used = used + 1",
                )?
                .execute([TENANT])?;
        }
        transaction.commit()?;

        let transaction = self.connection.transaction()?;
        for id in &ids {
            transaction
                .prepare_cached(
                    "UPDATE task SET state = 5, after_version = NULL, unit_half = NULL WHERE id = ?1",
                )?
                .execute([id])?;
            log(&transaction, *id, 5)?;
            transaction
                .prepare_cached(
                    "INSERT OR REPLACE INTO applied
                     VALUES (?1, 10489, 0, ?2, ?3, '2', 'finance', 0, ?4, ?4)",
                )?
                .execute(params![TENANT, format!("file {id}"), LABEL, id])?;
        }
        Ok(transaction.commit()?)
    }
}

fn log(connection: &Connection, id: i64, state: i64) -> Outcome<()> {
    connection
        .prepare_cached(
            "INSERT INTO log (at_ms, tenant, app, initiator, task, instance, file, action, label, event,
             state, held) VALUES (0, ?1, 10489, 'Finance documents', ?2, 0, ?3, 0, ?4, 0, ?5, 0)",
        )?
        .execute(params![TENANT, id, format!("file {id}"), LABEL, state])?;
    Ok(())
}
