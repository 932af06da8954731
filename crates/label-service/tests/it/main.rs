//! The loop with files in memory: what is queued, read, matched, written and recorded.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail loudly"
)]

mod acting;
mod content;
mod labels;
mod protection;
mod scanning;
mod state;
mod world;
