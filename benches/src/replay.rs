//! The floor of reading a label: the same positional reads and the same inflates, and nothing else.

use std::cell::RefCell;
use std::fs::File;
use std::hint::black_box;
use std::io;
use std::path::{Path, PathBuf};

use flate2::{Decompress, FlushDecompress};
use label_formats::{ByteSource, FileSource};
use zip::ZipArchive;
use zip::result::ZipResult;

use crate::package::LABEL_PARTS;

/// Writes down the reads that go through it.
#[derive(Debug)]
pub struct Recorder {
    inner: FileSource,
    reads: RefCell<Vec<(u64, usize)>>,
}

impl Recorder {
    /// Opens a file.
    ///
    /// # Errors
    ///
    /// What opening reports.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            inner: FileSource::open(path)?,
            reads: RefCell::default(),
        })
    }

    /// Offset and length of each read, in order.
    pub fn into_reads(self) -> Vec<(u64, usize)> {
        self.reads.into_inner()
    }
}

impl ByteSource for Recorder {
    fn len(&self) -> u64 {
        self.inner.len()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read_at(offset, buffer)?;
        self.reads.borrow_mut().push((offset, count));
        Ok(count)
    }
}

/// A compressed part: its bytes and what they inflate to.
struct Part {
    packed: Vec<u8>,
    inflated: usize,
}

/// Reads and inflates as recorded, and checks the checksums.
pub struct Replay {
    path: PathBuf,
    reads: Vec<(u64, usize)>,
    parts: Vec<Part>,
}

impl Replay {
    /// What was recorded, with the four parts that a label needs.
    ///
    /// # Errors
    ///
    /// What reading reports.
    pub fn new(path: &Path, reads: Vec<(u64, usize)>) -> ZipResult<Self> {
        let mut archive = ZipArchive::new(File::open(path)?)?;
        let mut parts = Vec::new();
        for name in LABEL_PARTS {
            let index = archive
                .index_for_name(name)
                .ok_or(zip::result::ZipError::FileNotFound)?;
            let mut file = archive.by_index_raw(index)?;
            let mut packed = Vec::new();
            io::Read::read_to_end(&mut file, &mut packed)?;
            let inflated = usize::try_from(file.size()).unwrap_or(usize::MAX);
            parts.push(Part { packed, inflated });
        }
        Ok(Self {
            path: path.to_owned(),
            reads,
            parts,
        })
    }

    /// Does it once.
    ///
    /// # Errors
    ///
    /// What reading or inflating reports.
    pub fn run(&self) -> io::Result<()> {
        let source = FileSource::open(&self.path)?;
        for (offset, len) in &self.reads {
            let mut buffer = vec![0; *len];
            source.read_exact_at(*offset, &mut buffer)?;
            black_box(&buffer);
        }
        let mut decompress = Decompress::new(false);
        for part in &self.parts {
            let mut content = Vec::with_capacity(part.inflated + 1);
            decompress.reset(false);
            decompress
                .decompress_vec(&part.packed, &mut content, FlushDecompress::Finish)
                .map_err(io::Error::other)?;
            black_box(crc32fast::hash(&content));
        }
        Ok(())
    }
}
