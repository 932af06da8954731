//! Files written to disk, and what that takes.

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use label_formats::{WriteError, WritePlan};

const COPY_BYTES: usize = 256 * 1024;

/// Writes a planned file and syncs it; a plan that changes nothing is an error.
pub fn write(plan: &WritePlan<'_>, to: &Path) -> Result<(), Box<dyn Error>> {
    let file = plan
        .file()
        .ok_or_else(|| WriteError::Unsupported("nothing changes".to_owned()))?;
    let mut out = BufWriter::new(File::create(to)?);
    file.write_to(&mut out)?;
    out.into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .sync_all()?;
    Ok(())
}

/// Through a buffer, as any program copies, and syncs.
pub fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let (mut from, mut to) = (File::open(from)?, File::create(to)?);
    let mut buffer = vec![0; COPY_BYTES];
    loop {
        let count = from.read(&mut buffer)?;
        let Some(read) = buffer.get(..count).filter(|read| !read.is_empty()) else {
            return to.sync_all();
        };
        to.write_all(read)?;
    }
}

/// A line of the process's status, in KiB.
pub fn status(name: &str) -> Option<u64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim_start_matches(':')
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}
