//! The files known, their labels and matches, kept in a file of their own so that a restart goes
//! on where it stopped.

use std::path::{Path, PathBuf};

use label_core::{AppId, EffectiveLabel, FileId, FileKey, LabelKey, PolicyId, TenantId};
use label_formats::{Protection, Reading, Status};
use policy_engine::{FileRecord, LabelScan, ScanWarning, ScanWarnings};
use rusqlite::{Connection, OptionalExtension, params};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::app::FileMetadata;
use crate::error::ServiceError;
use crate::settings::SettingChange;

/// Marks the file as ours, so that another program's database is not taken for an inventory.
const APPLICATION_ID: i64 = 0x4c42_4c53;

/// The layout. A newer one is refused rather than guessed at.
const LAYOUT: i64 = 1;

const SCHEMA: &str = "
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    CREATE TABLE files (
        app INTEGER NOT NULL, instance INTEGER NOT NULL, id TEXT NOT NULL,
        body TEXT NOT NULL, PRIMARY KEY (app, instance, id)) STRICT;
    CREATE TABLE matches (
        policy TEXT NOT NULL, app INTEGER NOT NULL, instance INTEGER NOT NULL, id TEXT NOT NULL,
        body TEXT NOT NULL, PRIMARY KEY (policy, app, instance, id)) STRICT;
";

/// Tables that inventories of before don't have: who changed which setting, as JSON, in the order of
/// time; and the files on which a label of ours stands, or was about to, over somebody's protection.
/// These outlast the file's own row: it may be gone from a listing and come back.
const LATER_TABLES: &str = "
    CREATE TABLE IF NOT EXISTS setting_changes (number INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS overridden (
        app INTEGER NOT NULL, instance INTEGER NOT NULL, id TEXT NOT NULL,
        PRIMARY KEY (app, instance, id)) STRICT;
";

/// Most changes of settings that are kept; the oldest go first.
const SETTING_CHANGES_MAX: i64 = 10_000;

/// Where the scan of a file's labels and content stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
#[non_exhaustive]
pub enum ScanState {
    /// Never read at its present version.
    #[default]
    Never,
    /// In the queue.
    Pending,
    /// Read.
    Done {
        /// When, milliseconds UTC.
        at_ms: i64,
    },
    /// Reading failed.
    Failed {
        /// Why.
        reason: String,
    },
}

/// A label that counts on a file, as far as the file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownLabel {
    /// Tenant and id, where the file names both.
    pub key: Option<LabelKey>,
    /// The id as the file has it.
    pub id_text: String,
    /// The file's name for it: a hint.
    pub name: Option<String>,
}

impl From<&EffectiveLabel> for KnownLabel {
    fn from(label: &EffectiveLabel) -> Self {
        Self {
            key: label.key(),
            id_text: label.id_text.clone(),
            name: label.name.clone(),
        }
    }
}

/// A file as we wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnWrite {
    /// The app's version tag after the write; another one also after a change of metadata.
    pub version: String,
    /// The SHA-256 of the content.
    pub content: String,
}

/// Everything known about a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownFile {
    /// Its app.
    pub app: AppId,
    /// Which instance of the app.
    pub instance: u32,
    /// What the app says.
    pub metadata: FileMetadata,
    /// Where its scan stands.
    #[serde(default)]
    pub scan: ScanState,
    /// The labels that count on it.
    #[serde(default)]
    pub labels: Vec<KnownLabel>,
    /// Its type by content, if it is one that carries labels.
    #[serde(default)]
    pub kind: Option<String>,
    /// How it is encrypted, if it is.
    #[serde(default)]
    pub protection: Option<String>,
    /// Scan warnings, by the product's names.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// Policies have not seen its present state yet.
    #[serde(default)]
    pub unevaluated: bool,
    /// It is there since before the app was first listed, and was not modified since.
    #[serde(default)]
    pub is_original: bool,
    /// What we wrote last: as long as the file has that content, nobody worked on it since.
    #[serde(default)]
    pub own_write: Option<OwnWrite>,
    /// The tenant that protected it, where that is known.
    #[serde(default)]
    pub protecting_tenant: Option<TenantId>,
}

impl KnownFile {
    pub(crate) fn new(
        app: AppId,
        instance: u32,
        metadata: FileMetadata,
        is_original: bool,
    ) -> Self {
        Self {
            app,
            instance,
            metadata,
            scan: ScanState::Never,
            labels: Vec::new(),
            kind: None,
            protection: None,
            warnings: Vec::new(),
            unevaluated: true,
            is_original,
            own_write: None,
            protecting_tenant: None,
        }
    }

    /// Whether it has the version that we gave it. With another one its content can still be the
    /// same, which only a look at it tells.
    pub fn is_as_written(&self) -> bool {
        self.own_write
            .as_ref()
            .is_some_and(|own| own.version == self.metadata.version)
    }

    /// Its identity.
    pub fn key(&self) -> FileKey {
        FileKey::new(self.app, self.instance, self.metadata.id.clone())
    }

    /// The record that policies look at. Labels of tenants that are not recorded are left out.
    pub fn to_record(&self) -> FileRecord {
        let mut record = self.metadata.to_record(self.app, self.instance);
        record.labels = self.labels.iter().filter_map(|label| label.key).collect();
        record.label_scan = match self.scan {
            ScanState::Never => LabelScan::Never,
            ScanState::Pending => LabelScan::Pending,
            ScanState::Done { .. } => LabelScan::Done,
            ScanState::Failed { .. } => LabelScan::Failed,
        };
        let mut warnings = ScanWarnings::NONE;
        for warning in self
            .warnings
            .iter()
            .filter_map(|name| ScanWarning::parse(name))
        {
            warnings.insert(warning);
        }
        record.warnings = warnings;
        record
    }

    /// Another version: what was read no longer holds. What we wrote is still what we wrote.
    pub(crate) fn renew(&mut self, metadata: FileMetadata) {
        let own_write = self.own_write.take();
        *self = Self::new(self.app, self.instance, metadata, false);
        self.own_write = own_write;
    }

    /// Takes over what a scan found.
    pub(crate) fn take_reading(
        &mut self,
        reading: &Reading,
        keep: impl Fn(&EffectiveLabel) -> bool,
        now_ms: i64,
    ) {
        self.labels = reading
            .effective
            .iter()
            .filter(|label| keep(label))
            .map(KnownLabel::from)
            .collect();
        self.protecting_tenant = reading.protecting_tenant();
        self.kind = reading.kind.map(|kind| kind.to_string());
        self.protection = reading
            .protection
            .map(|protection| protection.as_str().to_owned());
        let warning = match (reading.status, reading.protection) {
            (Status::Protected, Some(Protection::RightsManaged | Protection::IrmPdf)) => {
                Some(ScanWarning::AzureRmsEncrypted)
            }
            (Status::Protected, Some(protection)) if protection.is_password() => {
                Some(ScanWarning::PasswordEncrypted)
            }
            (Status::Malformed, _) => Some(ScanWarning::CorruptFile),
            _ => None,
        };
        self.warnings = warning
            .map(|warning| warning.to_string())
            .into_iter()
            .collect();
        self.scan = match reading.status {
            Status::Ok | Status::Protected | Status::Unsupported => {
                ScanState::Done { at_ms: now_ms }
            }
            _ => ScanState::Failed {
                reason: reading.error.clone().unwrap_or_default(),
            },
        };
    }
}

/// A file that matches a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownMatch {
    /// Which policy.
    pub policy: PolicyId,
    /// The file's app.
    pub app: AppId,
    /// Which instance of the app.
    pub instance: u32,
    /// The file.
    pub file: FileId,
    /// Since when, milliseconds UTC.
    pub since_ms: i64,
    /// The reason for each condition, as people read it.
    pub reasons: Vec<String>,
    /// What the match leads to, as people read it.
    pub actions: Vec<String>,
}

/// The inventory's file.
#[derive(Debug)]
pub(crate) struct Inventory {
    connection: Connection,
    path: PathBuf,
}

impl Inventory {
    /// Opens the file, or makes it.
    pub(crate) fn open(path: &Path) -> Result<Self, ServiceError> {
        let refuse = |cause: String| ServiceError::Inventory {
            path: path.display().to_string(),
            cause,
        };
        let sql = |error: rusqlite::Error| refuse(error.to_string());
        let connection = Connection::open(path).map_err(sql)?;
        let number = |name: &str| -> Result<i64, ServiceError> {
            connection
                .pragma_query_value(None, name, |row| row.get(0))
                .map_err(sql)
        };
        let tables: i64 = connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .map_err(sql)?;
        // Not by its length: a process that ended before it made the tables can leave a file that
        // is not empty.
        let is_new = tables == 0 && number("application_id")? == 0;
        if is_new {
            connection
                .execute_batch(&format!(
                    "BEGIN; {SCHEMA} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {LAYOUT}; COMMIT;"
                ))
                .map_err(sql)?;
        } else if number("application_id")? != APPLICATION_ID {
            return Err(refuse("the file of another program".to_owned()));
        } else if number("user_version")? != LAYOUT {
            return Err(refuse(format!(
                "layout {}, this version knows layout {LAYOUT}",
                number("user_version")?
            )));
        }
        // A file that is not ours was not touched until here.
        connection
            .pragma_update(None, "journal_mode", "WAL")
            .and_then(|()| connection.pragma_update(None, "synchronous", "FULL"))
            .and_then(|()| connection.execute_batch(LATER_TABLES))
            .map_err(sql)?;
        Ok(Self {
            connection,
            path: path.to_owned(),
        })
    }

    fn refuse(&self, cause: impl std::fmt::Display) -> ServiceError {
        ServiceError::Inventory {
            path: self.path.display().to_string(),
            cause: cause.to_string(),
        }
    }

    /// Runs several changes as one: all or none of them last.
    pub(crate) fn batch<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        self.execute("BEGIN IMMEDIATE")?;
        match work(self) {
            Ok(value) => {
                self.execute("COMMIT")?;
                Ok(value)
            }
            Err(error) => {
                // The error that counts is the first one.
                let _ = self.execute("ROLLBACK");
                Err(error)
            }
        }
    }

    fn execute(&self, statement: &str) -> Result<(), ServiceError> {
        self.connection
            .execute_batch(statement)
            .map_err(|error| self.refuse(error))
    }

    fn parse<T: DeserializeOwned>(&self, place: &str, text: &str) -> Result<T, ServiceError> {
        serde_json::from_str(text).map_err(|error| self.refuse(format!("{place}: {error}")))
    }

    fn print<T: Serialize>(&self, value: &T) -> Result<String, ServiceError> {
        serde_json::to_string(value).map_err(|error| self.refuse(error))
    }

    /// A single value by name.
    pub(crate) fn meta<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, ServiceError> {
        let text: Option<String> = self
            .connection
            .prepare_cached("SELECT value FROM meta WHERE key = ?1")
            .and_then(|mut statement| statement.query_row([key], |row| row.get(0)).optional())
            .map_err(|error| self.refuse(error))?;
        text.map(|text| self.parse(&format!("meta `{key}`"), &text))
            .transpose()
    }

    pub(crate) fn set_meta<T: Serialize>(&self, key: &str, value: &T) -> Result<(), ServiceError> {
        let text = self.print(value)?;
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)")
            .and_then(|mut statement| statement.execute([key, &text]))
            .map(drop)
            .map_err(|error| self.refuse(error))
    }

    /// Whether a label of ours on the file stands over somebody's protection; counts as long as the
    /// label that is there is the one that we set.
    pub(crate) fn overrode_protection(&self, key: &FileKey) -> Result<bool, ServiceError> {
        self.connection
            .prepare_cached(
                "SELECT count(*) FROM overridden WHERE app = ?1 AND instance = ?2 AND id = ?3",
            )
            .and_then(|mut statement| {
                statement.query_row(params![key.app.0, key.instance, key.file.as_str()], |row| {
                    row.get::<_, i64>(0)
                })
            })
            .map(|count| count > 0)
            .map_err(|error| self.refuse(error))
    }

    pub(crate) fn set_overrode_protection(
        &self,
        key: &FileKey,
        overrode: bool,
    ) -> Result<(), ServiceError> {
        let statement = match overrode {
            true => "INSERT OR IGNORE INTO overridden (app, instance, id) VALUES (?1, ?2, ?3)",
            false => "DELETE FROM overridden WHERE app = ?1 AND instance = ?2 AND id = ?3",
        };
        self.connection
            .prepare_cached(statement)
            .and_then(|mut statement| {
                statement.execute(params![key.app.0, key.instance, key.file.as_str()])
            })
            .map(drop)
            .map_err(|error| self.refuse(error))
    }

    /// Files whose labels or warnings may have been dropped, or that may be opened now, are read
    /// again, where something wants them read.
    pub(crate) fn scan_again(
        &self,
        wants: impl Fn(&KnownFile) -> bool,
    ) -> Result<(), ServiceError> {
        for mut file in self.files()?.into_iter().filter(|file| wants(file)) {
            file.scan = ScanState::Never;
            file.unevaluated = true;
            self.put_file(&file)?;
        }
        Ok(())
    }

    /// Adds to the log of settings, and takes the oldest out where it gets too long.
    pub(crate) fn log_settings(&self, changes: &[SettingChange]) -> Result<(), ServiceError> {
        for change in changes {
            let body = self.print(change)?;
            self.connection
                .execute("INSERT INTO setting_changes (body) VALUES (?1)", [body])
                .map_err(|error| self.refuse(error))?;
        }
        self.connection
            .execute(
                "DELETE FROM setting_changes
                 WHERE number <= (SELECT max(number) FROM setting_changes) - ?1",
                [SETTING_CHANGES_MAX],
            )
            .map(drop)
            .map_err(|error| self.refuse(error))
    }

    pub(crate) fn setting_changes(&self) -> Result<Vec<SettingChange>, ServiceError> {
        let bodies: Vec<String> = self
            .connection
            .prepare_cached("SELECT body FROM setting_changes ORDER BY number")
            .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
            .map_err(|error| self.refuse(error))?;
        bodies
            .iter()
            .map(|body| self.parse("a change of settings", body))
            .collect()
    }

    /// Policies see every file again.
    pub(crate) fn set_all_unevaluated(&self) -> Result<(), ServiceError> {
        for mut file in self.files()? {
            file.unevaluated = true;
            self.put_file(&file)?;
        }
        Ok(())
    }

    pub(crate) fn put_file(&self, file: &KnownFile) -> Result<(), ServiceError> {
        let body = self.print(file)?;
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO files (app, instance, id, body) VALUES (?1, ?2, ?3, ?4)",
            )
            .and_then(|mut statement| {
                statement.execute(params![
                    file.app.0,
                    file.instance,
                    file.metadata.id.as_str(),
                    body
                ])
            })
            .map(drop)
            .map_err(|error| self.refuse(error))
    }

    pub(crate) fn remove_file(&self, key: &FileKey) -> Result<(), ServiceError> {
        for table in ["files", "matches"] {
            self.connection
                .prepare_cached(&format!(
                    "DELETE FROM {table} WHERE app = ?1 AND instance = ?2 AND id = ?3"
                ))
                .and_then(|mut statement| {
                    statement.execute(params![key.app.0, key.instance, key.file.as_str()])
                })
                .map_err(|error| self.refuse(error))?;
        }
        Ok(())
    }

    pub(crate) fn file(&self, key: &FileKey) -> Result<Option<KnownFile>, ServiceError> {
        let body: Option<String> = self
            .connection
            .prepare_cached("SELECT body FROM files WHERE app = ?1 AND instance = ?2 AND id = ?3")
            .and_then(|mut statement| {
                statement
                    .query_row(params![key.app.0, key.instance, key.file.as_str()], |row| {
                        row.get(0)
                    })
                    .optional()
            })
            .map_err(|error| self.refuse(error))?;
        body.map(|text| self.parse(&format!("file `{key}`"), &text))
            .transpose()
    }

    /// All files, by app, instance and id.
    pub(crate) fn files(&self) -> Result<Vec<KnownFile>, ServiceError> {
        self.rows("SELECT body FROM files ORDER BY app, instance, id", "files")
    }

    pub(crate) fn matches(&self) -> Result<Vec<KnownMatch>, ServiceError> {
        self.rows(
            "SELECT body FROM matches ORDER BY policy, app, instance, id",
            "matches",
        )
    }

    fn rows<T: DeserializeOwned>(&self, query: &str, place: &str) -> Result<Vec<T>, ServiceError> {
        let bodies: Vec<String> = self
            .connection
            .prepare_cached(query)
            .and_then(|mut statement| {
                statement
                    .query_map([], |row| row.get(0))?
                    .collect::<Result<_, _>>()
            })
            .map_err(|error| self.refuse(error))?;
        bodies.iter().map(|text| self.parse(place, text)).collect()
    }

    pub(crate) fn has_match(&self, policy: &PolicyId, key: &FileKey) -> Result<bool, ServiceError> {
        self.connection
            .prepare_cached(
                "SELECT 1 FROM matches WHERE policy = ?1 AND app = ?2 AND instance = ?3 AND id = ?4",
            )
            .and_then(|mut statement| {
                statement.exists(params![
                    policy.as_str(),
                    key.app.0,
                    key.instance,
                    key.file.as_str()
                ])
            })
            .map_err(|error| self.refuse(error))
    }

    pub(crate) fn put_match(&self, found: &KnownMatch) -> Result<(), ServiceError> {
        let body = self.print(found)?;
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO matches (policy, app, instance, id, body) VALUES (?1, ?2, ?3, ?4, ?5)",
            )
            .and_then(|mut statement| {
                statement.execute(params![
                    found.policy.as_str(),
                    found.app.0,
                    found.instance,
                    found.file.as_str(),
                    body
                ])
            })
            .map(drop)
            .map_err(|error| self.refuse(error))
    }

    pub(crate) fn remove_match(
        &self,
        policy: &PolicyId,
        key: &FileKey,
    ) -> Result<(), ServiceError> {
        self.connection
            .prepare_cached(
                "DELETE FROM matches WHERE policy = ?1 AND app = ?2 AND instance = ?3 AND id = ?4",
            )
            .and_then(|mut statement| {
                statement.execute(params![
                    policy.as_str(),
                    key.app.0,
                    key.instance,
                    key.file.as_str()
                ])
            })
            .map(drop)
            .map_err(|error| self.refuse(error))
    }

    /// Forgets the matches of policies that are no longer there.
    pub(crate) fn remove_matches_of(&self, policy: &PolicyId) -> Result<(), ServiceError> {
        self.connection
            .prepare_cached("DELETE FROM matches WHERE policy = ?1")
            .and_then(|mut statement| statement.execute([policy.as_str()]))
            .map(drop)
            .map_err(|error| self.refuse(error))
    }
}
