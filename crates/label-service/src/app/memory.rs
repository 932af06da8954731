//! Files in memory, for tests and for callers who feed files in by hand.

use std::cell::RefCell;
use std::collections::BTreeMap;

use governance::FileVersion;
use label_core::{AppId, FileId};
use label_formats::EditedFile;

use super::{CloudApp, FileMetadata, OpenFile};
use crate::error::AppError;

/// A connector whose files are in memory; for one thread.
#[derive(Debug)]
pub struct MemoryApp {
    app: AppId,
    files: RefCell<BTreeMap<FileId, (FileMetadata, Vec<u8>)>>,
}

impl MemoryApp {
    /// An app without files.
    pub fn new(app: AppId) -> Self {
        Self {
            app,
            files: RefCell::default(),
        }
    }

    /// Adds or replaces a file; its version is taken from the metadata.
    pub fn put(&self, mut metadata: FileMetadata, content: Vec<u8>) {
        metadata.size_bytes = content.len() as u64;
        self.files
            .borrow_mut()
            .insert(metadata.id.clone(), (metadata, content));
    }

    /// Takes a file away; whether it was there.
    pub fn remove(&self, file: &FileId) -> bool {
        self.files.borrow_mut().remove(file).is_some()
    }

    /// The content of a file now.
    pub fn content(&self, file: &FileId) -> Option<Vec<u8>> {
        self.files
            .borrow()
            .get(file)
            .map(|(_, content)| content.clone())
    }
}

impl CloudApp for MemoryApp {
    fn app(&self) -> AppId {
        self.app
    }

    fn list(&self, after: Option<&FileId>, max: usize) -> Result<Vec<FileMetadata>, AppError> {
        Ok(self
            .files
            .borrow()
            .values()
            .map(|(metadata, _)| metadata)
            .filter(|metadata| after.is_none_or(|after| metadata.id > *after))
            .take(max)
            .cloned()
            .collect())
    }

    fn metadata(&self, file: &FileId) -> Result<FileMetadata, AppError> {
        self.files
            .borrow()
            .get(file)
            .map(|(metadata, _)| metadata.clone())
            .ok_or(AppError::NotFound)
    }

    fn open(&self, file: &FileId) -> Result<OpenFile, AppError> {
        let files = self.files.borrow();
        let (metadata, content) = files.get(file).ok_or(AppError::NotFound)?;
        Ok(OpenFile {
            source: Box::new(content.clone()),
            version: FileVersion::parse(&metadata.version)
                .map_err(|error| AppError::Failed(error.to_string()))?,
        })
    }

    fn replace(
        &self,
        file: &FileId,
        expected: &FileVersion,
        content: &EditedFile<'_>,
    ) -> Result<FileVersion, AppError> {
        let failed = |error: &dyn std::fmt::Display| AppError::Failed(error.to_string());
        let mut bytes = Vec::new();
        content
            .write_to(&mut bytes)
            .map_err(|error| failed(&error))?;
        let mut files = self.files.borrow_mut();
        let (metadata, old) = files.get_mut(file).ok_or(AppError::NotFound)?;
        if metadata.version != expected.as_str() {
            return Err(AppError::Conflict);
        }
        let version = FileVersion::parse(&format!("{}+", metadata.version))
            .map_err(|error| failed(&error))?;
        metadata.version = version.as_str().to_owned();
        metadata.size_bytes = bytes.len() as u64;
        *old = bytes;
        Ok(version)
    }
}
