//! Ranges of bytes to read from: a file, a slice, anything remote.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// Something that bytes can be read from at any place. Label reading needs a few small ranges,
/// never the whole file.
///
/// # Examples
///
/// ```
/// use label_formats::ByteSource;
///
/// let bytes: &[u8] = b"hello";
/// let mut buffer = [0; 3];
/// bytes.read_exact_at(1, &mut buffer)?;
/// assert_eq!(&buffer, b"ell");
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait ByteSource {
    /// How many bytes there are. Must not change while the source is in use; a file that shrinks
    /// all the same gives an unexpected end.
    fn len(&self) -> u64;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads up to `buffer.len()` bytes from `offset`; 0 only at the end.
    ///
    /// # Errors
    ///
    /// Whatever the medium reports.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// Fills the buffer from `offset`.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::UnexpectedEof`] if the source ends before that.
    fn read_exact_at(&self, mut offset: u64, mut buffer: &mut [u8]) -> io::Result<()> {
        while !buffer.is_empty() {
            match self.read_at(offset, buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    let rest = std::mem::take(&mut buffer);
                    buffer = rest.get_mut(count..).unwrap_or_default();
                    offset = offset.saturating_add(count as u64);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl ByteSource for [u8] {
    fn len(&self) -> u64 {
        <[u8]>::len(self) as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(offset)
            .ok()
            .and_then(|start| self.get(start..))
            .unwrap_or_default();
        let count = rest.len().min(buffer.len());
        if let (Some(from), Some(to)) = (rest.get(..count), buffer.get_mut(..count)) {
            to.copy_from_slice(from);
        }
        Ok(count)
    }
}

impl ByteSource for Vec<u8> {
    fn len(&self) -> u64 {
        ByteSource::len(self.as_slice())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.as_slice().read_at(offset, buffer)
    }
}

impl<S: ByteSource + ?Sized> ByteSource for &S {
    fn len(&self) -> u64 {
        (**self).len()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        (**self).read_at(offset, buffer)
    }
}

impl<S: ByteSource + ?Sized> ByteSource for Box<S> {
    fn len(&self) -> u64 {
        (**self).len()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        (**self).read_at(offset, buffer)
    }
}

/// A file, read at positions, without moving a cursor.
#[derive(Debug)]
pub struct FileSource {
    file: File,
    len: u64,
}

impl FileSource {
    /// Opens the file for reading.
    ///
    /// # Errors
    ///
    /// Whatever the system reports; also for a folder.
    pub fn open(path: &Path) -> io::Result<Self> {
        // Opening a pipe would wait for somebody to write into it.
        if !std::fs::metadata(path)?.is_file() {
            return Err(not_regular());
        }
        Self::new(File::open(path)?)
    }

    /// Takes an open file.
    ///
    /// # Errors
    ///
    /// Whatever the system reports for its length; also if it is not a regular file, because
    /// pipes and devices have no ranges.
    pub fn new(file: File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(not_regular());
        }
        Ok(Self {
            file,
            len: metadata.len(),
        })
    }
}

fn not_regular() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")
}

impl ByteSource for FileSource {
    fn len(&self) -> u64 {
        self.len
    }

    #[cfg(unix)]
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(&self.file, buffer, offset)
    }

    #[cfg(windows)]
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(&self.file, buffer, offset)
    }
}

/// Any `Read + Seek` as a source, for a single thread.
#[derive(Debug)]
pub struct SeekSource<R> {
    inner: RefCell<R>,
    len: u64,
}

impl<R: Read + Seek> SeekSource<R> {
    /// Takes the reader and asks for its length.
    ///
    /// # Errors
    ///
    /// Whatever seeking reports.
    pub fn new(mut inner: R) -> io::Result<Self> {
        let len = inner.seek(SeekFrom::End(0))?;
        Ok(Self {
            inner: RefCell::new(inner),
            len,
        })
    }
}

impl<R: Read + Seek> ByteSource for SeekSource<R> {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut inner = self
            .inner
            .try_borrow_mut()
            .map_err(|_| io::Error::other("the reader is in use"))?;
        inner.seek(SeekFrom::Start(offset))?;
        inner.read(buffer)
    }
}

/// Counts the reads and bytes that go through to another source.
#[derive(Debug)]
pub struct CountingSource<S> {
    inner: S,
    reads: Cell<u64>,
    bytes: Cell<u64>,
}

impl<S: ByteSource> CountingSource<S> {
    /// Counts from zero.
    pub fn new(inner: S) -> Self {
        Self {
            inner,
            reads: Cell::new(0),
            bytes: Cell::new(0),
        }
    }

    /// How many reads there were.
    pub fn reads(&self) -> u64 {
        self.reads.get()
    }

    /// How many bytes they returned.
    pub fn bytes_read(&self) -> u64 {
        self.bytes.get()
    }
}

impl<S: ByteSource> ByteSource for CountingSource<S> {
    fn len(&self) -> u64 {
        self.inner.len()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read_at(offset, buffer)?;
        self.reads.set(self.reads.get() + 1);
        self.bytes.set(self.bytes.get() + count as u64);
        Ok(count)
    }
}

/// Reads a range into a buffer of its own.
pub(crate) fn read_range(source: &dyn ByteSource, offset: u64, len: usize) -> io::Result<Vec<u8>> {
    let mut buffer = vec![0; len];
    source.read_exact_at(offset, &mut buffer)?;
    Ok(buffer)
}

/// A source as `Read + Seek`, for libraries that want that.
pub(crate) struct SourceReader<'a> {
    source: &'a dyn ByteSource,
    position: u64,
}

impl<'a> SourceReader<'a> {
    pub(crate) fn new(source: &'a dyn ByteSource) -> Self {
        Self {
            source,
            position: 0,
        }
    }
}

impl Read for SourceReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read_at(self.position, buffer)?;
        self.position = self.position.saturating_add(count as u64);
        Ok(count)
    }
}

impl Seek for SourceReader<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(delta) => self.source.len().checked_add_signed(delta),
            SeekFrom::Current(delta) => self.position.checked_add_signed(delta),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn every_adapter_reads_the_same() {
        let bytes: Vec<u8> = (0..200).collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bytes");
        std::fs::write(&path, &bytes).unwrap();
        let file = FileSource::open(&path).unwrap();
        let seek = SeekSource::new(Cursor::new(bytes.clone())).unwrap();
        let counting = CountingSource::new(bytes.clone());
        let sources: [&dyn ByteSource; 4] = [&bytes, &file, &seek, &counting];
        for source in sources {
            assert_eq!(source.len(), 200);
            assert_eq!(read_range(source, 190, 10).unwrap(), &bytes[190..]);
            assert!(read_range(source, 190, 11).is_err());
            assert!(read_range(source, u64::MAX, 1).is_err());
            assert_eq!(source.read_at(200, &mut [0; 4]).unwrap(), 0);
        }
        assert_eq!(counting.bytes_read(), 20);
    }

    #[test]
    fn a_folder_is_not_a_source() {
        let folder = tempfile::tempdir().unwrap();
        assert!(FileSource::open(folder.path()).is_err());
    }
}
