//! The statements that label tasks can't do without, on the library's own tables, with nothing
//! around them: what the store is compared with.

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

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
            "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384;
             PRAGMA cell_size_check = ON;",
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

    /// A batch through all steps, each step a transaction as with the library. The names of files are
    /// there before the clock starts.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn batch(&mut self, count: i64) -> Outcome<Duration> {
        let first = self.next;
        self.next += count;
        let files: Vec<_> = (first..first + count)
            .map(|id| (id, format!("file {id}")))
            .collect();
        let start = Instant::now();
        self.submit(&files)?;
        let ids = self.claim(count)?;
        self.grant(&ids)?;
        self.finish(&files)?;
        Ok(start.elapsed())
    }

    fn submit(&mut self, files: &[(i64, String)]) -> Outcome<()> {
        let transaction = self.connection.transaction()?;
        let mut add = transaction.prepare_cached(
            "INSERT INTO task (id, tenant, app, instance, file, file_version, policy, action, label,
             label_priority, initiator, policy_created_ms, submitted_ms, changed_ms, state,
             attempts, claims, opening, looked_at, recheck, held)
             VALUES (?1, ?2, 10489, 0, ?3, '1', 'finance', 0, ?4, 5, 'Finance documents', 0, 0,
             0, 0, 0, 0, 0, 0, 0, 0)",
        )?;
        let mut log = transaction.prepare_cached(LOG)?;
        for (id, file) in files {
            add.execute(params![id, TENANT, file, LABEL])?;
            log.execute(params![TENANT, id, file, LABEL, 0])?;
        }
        drop((add, log));
        Ok(transaction.commit()?)
    }

    fn claim(&mut self, count: i64) -> Outcome<Vec<i64>> {
        let transaction = self.connection.transaction()?;
        let mut next = transaction.prepare_cached(
            "SELECT id FROM task WHERE state = 0 ORDER BY automatic, queue_rank, id LIMIT ?1",
        )?;
        let ids = next.query_map([count], |row| row.get(0))?;
        let ids: Vec<i64> = ids.collect::<Result<_, _>>()?;
        let mut change = transaction
            .prepare_cached("UPDATE task SET state = 4, claims = 1, opening = 1 WHERE id = ?1")?;
        for id in &ids {
            change.execute([id])?;
        }
        drop((next, change));
        transaction.commit()?;
        Ok(ids)
    }

    fn grant(&mut self, ids: &[i64]) -> Outcome<()> {
        let transaction = self.connection.transaction()?;
        let mut change = transaction.prepare_cached(
            "UPDATE task SET after_version = '2', unit_half = 37263 WHERE id = ?1",
        )?;
        for id in ids {
            change.execute([id])?;
        }
        // The allowance of all of them as one, as the library does.
        transaction
            .prepare_cached(
                "INSERT INTO quota_half VALUES (?1, 10489, 0, 37263, ?2)
                 ON CONFLICT DO UPDATE SET used = used + ?2",
            )?
            .execute(params![TENANT, ids.len() as i64])?;
        drop(change);
        Ok(transaction.commit()?)
    }

    fn finish(&mut self, files: &[(i64, String)]) -> Outcome<()> {
        let transaction = self.connection.transaction()?;
        let mut change = transaction.prepare_cached(
            "UPDATE task SET state = 5, after_version = NULL, unit_half = NULL WHERE id = ?1",
        )?;
        let mut log = transaction.prepare_cached(LOG)?;
        let mut applied = transaction.prepare_cached(
            "INSERT OR REPLACE INTO applied
             VALUES (?1, 10489, 0, ?2, ?3, '2', 'finance', 0, ?4, ?4)",
        )?;
        for (id, file) in files {
            change.execute([id])?;
            log.execute(params![TENANT, id, file, LABEL, 5])?;
            applied.execute(params![TENANT, file, LABEL, id])?;
        }
        drop((change, log, applied));
        Ok(transaction.commit()?)
    }
}

const LOG: &str = "INSERT INTO log (at_ms, tenant, app, initiator, task, instance, file, action,
     label, event, state, held) VALUES (0, ?1, 10489, 'Finance documents', ?2, 0, ?3, 0, ?4, 0, ?5, 0)";
