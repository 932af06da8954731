//! What the benchmarks share: generated packages, a recorder of positional reads, and medians.

pub mod bare_tasks;
pub mod lazy_pdf;
pub mod package;
pub mod paired;
pub mod pdf;
pub mod prototype;
pub mod replay;
pub mod writing;

use std::fmt::Display;

/// What a benchmark needs in order to go on; otherwise it says why and ends.
pub fn must<T, E: Display>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    }
}
