//! The durable store: one SQLite file in write-ahead mode, synced at every commit.
//!
//! Only one value has the file open at a time, by SQLite's exclusive lock, which ends with the
//! process that holds it. What isn't ours, is newer than us, or is damaged is left as it is.

mod cache;
mod changes;
mod columns;
mod rows;
mod sql;
mod statements;
mod values;

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::{Look, Store, Work};
use crate::error::Error;
use cache::Cache;
use columns::Failure;
use statements::SqliteRows;

/// How large the write-ahead file may stay after its content has moved to the store, in bytes.
const JOURNAL_BYTES_MAX: i64 = 64 * 1024 * 1024;

/// How much of the file SQLite keeps in memory, in KiB: a batch of a hundred tasks changes more pages
/// than its own 2 MiB hold, and would write and fetch them again and again.
const CACHE_KIB: i64 = 16 * 1024;

/// How many statements stay prepared: those of `sql` and some made for filters.
const STATEMENTS_MAX: usize = 128;

/// How thoroughly a store is checked when it is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OpenCheck {
    /// Every page is read and checked: one to two seconds per gigabyte.
    #[default]
    Quick,
    /// Only the header and the schema. Damage elsewhere shows when it is read.
    Header,
}

/// Tasks in one SQLite file.
///
/// When a change is reported as made, it survives the end of the process and of the power. In memory
/// are up to 16 MiB of the file's pages, and what was read or written last: up to 2,000 tasks whole,
/// the states of 10,000, 2,000 labels by us, 1,000 allowances, policies and labels.
///
/// # Examples
///
/// ```
/// use governance::store::SqliteStore;
/// use governance::{Error, Governance, Settings};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("tasks.db");
/// let governance = Governance::open(SqliteStore::open(&path)?, Settings::default())?;
/// assert!(matches!(SqliteStore::open(&path), Err(Error::Locked { .. })));
/// # drop(governance);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct SqliteStore {
    connection: Connection,
    path: PathBuf,
    cache: RefCell<Cache>,
}

impl SqliteStore {
    /// Opens the store at `path`, or makes one where there is no file, with
    /// [`OpenCheck::Quick`].
    ///
    /// # Errors
    ///
    /// [`Error::Locked`], [`Error::NotAStore`], [`Error::NewerVersion`], [`Error::Damaged`], or
    /// [`Error::Unavailable`]. A file that is there is not changed by any of these.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::open_with(path, OpenCheck::default())
    }

    /// Opens or makes the store at `path` with the check of choice.
    ///
    /// # Errors
    ///
    /// As for [`open`](Self::open).
    pub fn open_with(path: impl AsRef<Path>, check: OpenCheck) -> Result<Self, Error> {
        let path = path.as_ref().to_path_buf();
        // Before SQLite sees the file: opening another program's database could replay a journal
        // into it.
        check_header(&path)?;
        let connection = connect(&path, check).map_err(|fault| match fault {
            Fault::Failed(failure) => told(&path, failure),
            Fault::Told(error) => error,
        })?;
        Ok(Self {
            connection,
            path,
            cache: RefCell::default(),
        })
    }

    /// Where the store is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Store for SqliteStore {
    fn transact(&mut self, work: &mut Work<'_>) -> Result<(), Error> {
        let fail = |error| told(&self.path, Failure::Sqlite(error));
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(fail)?;
        // An error, or a panic of the work, drops the transaction, which takes everything back, and
        // the cache with it.
        let mut rows = SqliteRows::new(&transaction, &self.path, self.cache.take());
        work(&mut rows)?;
        if rows.has_failed() {
            // The work dropped the error. What it has written is only a part of what it meant to.
            return Err(Error::TakenBack);
        }
        rows.flush()?;
        let cache = rows.into_cache();
        transaction.commit().map_err(fail)?;
        self.cache.replace(cache);
        Ok(())
    }

    fn view(&self, look: &mut Look<'_>) -> Result<(), Error> {
        // No other connection can write, so what is read is one state without a transaction.
        let rows = SqliteRows::new(&self.connection, &self.path, self.cache.take());
        let outcome = look(&rows);
        self.cache.replace(rows.into_cache());
        outcome
    }
}

/// Why a store could not be opened: still to be told, or told already.
enum Fault {
    Failed(Failure),
    Told(Error),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(Failure::Sqlite(error))
    }
}

/// Tells a failure by what the caller can do.
fn told(path: &Path, failure: Failure) -> Error {
    let place = path.display().to_string();
    let code = match &failure {
        Failure::Sqlite(error) => error.sqlite_error_code(),
        Failure::Content { .. } => return Error::damaged(place, failure),
    };
    match code {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Locked {
            path: path.to_path_buf(),
        },
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            Error::damaged(place, failure)
        }
        _ => Error::unavailable(place, failure),
    }
}

/// Looks at the file's first bytes: is it a database, ours, and not newer than us?
///
/// No file and an empty file are fine: a store will be made there.
fn check_header(path: &Path) -> Result<(), Error> {
    let unavailable = |error: io::Error| Error::unavailable(path.display().to_string(), error);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return check_no_log(path),
        Err(error) => return Err(unavailable(error)),
    };
    let length = file.metadata().map_err(unavailable)?.len();
    let mut header = Vec::new();
    file.take(100)
        .read_to_end(&mut header)
        .map_err(unavailable)?;
    if header.is_empty() {
        return check_no_log(path);
    }
    let not_a_store = |found: String| Error::NotAStore {
        path: path.to_path_buf(),
        found,
    };
    if header.len() < 100 || !header.starts_with(b"SQLite format 3\0") {
        return Err(not_a_store("not an SQLite database".to_owned()));
    }
    let (version, application) = (field(&header, 60), field(&header, 68));
    if application != sql::APPLICATION_ID {
        return Err(not_a_store(format!(
            "an SQLite database with application id {application:#010x}"
        )));
    }
    if version > sql::SCHEMA_VERSION {
        return Err(Error::NewerVersion {
            path: path.to_path_buf(),
            found: version,
            known: sql::SCHEMA_VERSION,
        });
    }
    check_length(path, &header, length)
}

/// Without its file a write-ahead log is what is left of a store, and a new file would be the end of
/// it. A journal is not: it is written before the first page of a new file.
fn check_no_log(path: &Path) -> Result<(), Error> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    if std::fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
        let cause = "a write-ahead log lies beside a file that is missing or empty";
        return Err(Error::damaged(path.display().to_string(), cause));
    }
    Ok(())
}

/// Looks whether the file has the length that its header gives: SQLite takes a cut last page for
/// one that ends in zeros.
///
/// While a journal lies beside the file, the two only make sense together, and SQLite sees to it.
fn check_length(path: &Path, header: &[u8], length: u64) -> Result<(), Error> {
    for suffix in ["-wal", "-journal"] {
        let mut journal = path.as_os_str().to_owned();
        journal.push(suffix);
        if std::fs::metadata(journal).is_ok_and(|journal| journal.len() > 0) {
            return Ok(());
        }
    }
    // The page size fills the upper half of the field; 1 stands for 65,536.
    let page_bytes = match field(header, 16) >> 16 {
        1 => 65_536,
        other => u64::from(other),
    };
    let expected = page_bytes.saturating_mul(u64::from(field(header, 28)));
    if length == expected {
        return Ok(());
    }
    let cause = format!("the file has {length} bytes, its header says {expected}");
    Err(Error::damaged(path.display().to_string(), cause))
}

/// A number of four bytes in the header, 0 where the header ends before it.
fn field(header: &[u8], offset: usize) -> u32 {
    header
        .get(offset..)
        .and_then(|rest| rest.first_chunk::<4>())
        .map_or(0, |bytes| u32::from_be_bytes(*bytes))
}

fn connect(path: &Path, check: OpenCheck) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::ZERO)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    // Until the store is known to be sound, closing it must not move anything into the file.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    // The file may come from anywhere: nothing in its schema is to run.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // A plan must not depend on the values of a statement: SQLite would make it anew each time that
    // another LIMIT is bound, which takes longer than the statement itself.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    // Before the first access, so that the lock is taken with it and never given up.
    pragma_text(&connection, "locking_mode", "EXCLUSIVE")?;

    let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    if schema_of(&transaction)?.is_empty() && id_of(&transaction)? == 0 {
        transaction.execute_batch(sql::SCHEMA)?;
        transaction.pragma_update(None, "application_id", sql::APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", sql::SCHEMA_VERSION)?;
    } else {
        migrate(&transaction, path, check)?;
        check_content(&transaction, path, sql::SCHEMA, check)?;
    }
    transaction.commit()?;

    let mode = pragma_text(&connection, "journal_mode", "WAL")?;
    if mode != "wal" {
        let cause = format!("write-ahead mode was refused, the mode is `{mode}`");
        let place = path.display().to_string();
        return Err(Fault::Told(Error::unavailable(place, cause)));
    }
    pragma_text(&connection, "journal_size_limit", JOURNAL_BYTES_MAX)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    Ok(connection)
}

/// Sets a pragma that answers, and gives the answer as text.
fn pragma_text(
    connection: &Connection,
    name: &str,
    value: impl rusqlite::ToSql,
) -> Result<String, rusqlite::Error> {
    connection.pragma_update_and_check(None, name, value, |row| {
        row.get::<_, rusqlite::types::Value>(0)
            .map(|value| match value {
                rusqlite::types::Value::Text(text) => text,
                other => format!("{other:?}"),
            })
    })
}

/// The schema as rows of text, the same for every sound store of one version.
fn schema_of(connection: &Connection) -> Result<Vec<[String; 4]>, rusqlite::Error> {
    let mut statement = connection.prepare(sql::READ_SCHEMA)?;
    let rows = statement.query_map([], |row| {
        Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?])
    })?;
    rows.collect()
}

fn id_of(connection: &Connection) -> Result<i64, rusqlite::Error> {
    connection.pragma_query_value(None, "application_id", |row| row.get(0))
}

/// Brings a store of an earlier version up to this one. Nothing is kept of it if anything fails,
/// for it is a part of the transaction that opens the store.
fn migrate(connection: &Connection, path: &Path, check: OpenCheck) -> Result<(), Fault> {
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let all = (1..).zip(&sql::MIGRATIONS);
    for (from, migration) in all.filter(|(from, _)| version > 0 && *from >= version) {
        // Only what comes from outside is looked at; what the one before made is known.
        if from == version {
            check_content(connection, path, migration.from, check)?;
        }
        for statements in migration.statements {
            connection.execute_batch(statements)?;
        }
        connection.pragma_update(None, "user_version", from + 1)?;
    }
    Ok(())
}

/// Looks whether the store is what the version of `schema` makes, with every page in order.
fn check_content(
    connection: &Connection,
    path: &Path,
    schema: &str,
    check: OpenCheck,
) -> Result<(), Fault> {
    let damaged = |cause: String| {
        let place = path.display().to_string();
        Err(Fault::Told(Error::damaged(place, cause)))
    };
    // The header in the file was ours; the write-ahead file may say otherwise.
    if id_of(connection)? != i64::from(sql::APPLICATION_ID) {
        return damaged("the application id changed".to_owned());
    }
    let fresh = Connection::open_in_memory()?;
    fresh.execute_batch(schema)?;
    if schema_of(connection)? != schema_of(&fresh)? {
        return damaged("the tables are not those of this version".to_owned());
    }
    if check == OpenCheck::Quick {
        let verdict: String = connection.query_row(sql::QUICK_CHECK, [], |row| row.get(0))?;
        if verdict != "ok" {
            return damaged(verdict);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::JobName;
    use crate::work::{NewWork, WorkItem, WorkKey, WorkKind};

    /// SQLite takes a transaction back by itself when the disk is full: whatever is written after that
    /// would stay, statement by statement.
    #[test]
    fn on_a_full_disk_nothing_of_a_change_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tasks.db");
        let mut store = SqliteStore::open(&path).unwrap();
        let pages: i64 = (store.connection)
            .query_row("PRAGMA page_count", [], |row| row.get(0))
            .unwrap();
        store
            .connection
            .pragma_update(None, "max_page_count", pages + 8)
            .unwrap();
        let job = JobName::parse("sweep").unwrap();
        let kind = WorkKind::parse("scan").unwrap();
        let mut was_full = false;
        let result = store.transact(&mut |rows| {
            rows.put_job_ran(&job, 1)?;
            for number in 0..100 {
                let key = WorkKey::parse(&number.to_string()).unwrap();
                let mut new = NewWork::new(kind.clone(), key);
                new.payload = "x".repeat(4_000);
                let id = rows.next_work_id()?;
                if rows.put_work(&WorkItem::new(id, new)).is_err() {
                    was_full = true;
                    break;
                }
            }
            // The error is dropped, and the work goes on.
            drop(rows.put_job_ran(&job, 2));
            Ok(())
        });
        assert!(was_full, "the disk must have been full");
        assert!(matches!(result, Err(Error::TakenBack)), "{result:?}");
        let look = |store: &SqliteStore| {
            let mut found = None;
            store
                .view(&mut |rows| {
                    found = Some((rows.job_ran(&job)?, rows.pieces()?));
                    Ok(())
                })
                .unwrap();
            assert_eq!(found, Some((None, 0)));
        };
        look(&store);
        drop(store);
        look(&SqliteStore::open(&path).unwrap());
    }
}
