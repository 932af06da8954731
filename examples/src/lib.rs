//! What the examples share.

pub mod arguments;
pub mod event_match;
pub mod file_lines;
pub mod html;
pub mod label_documents;
pub mod label_json;
pub mod label_server;
pub mod policy_match;
pub mod policy_preview;
pub mod policy_story;
pub mod range_server;
pub mod remote;
pub mod sample;
pub mod story;
pub mod tenant_story;
pub mod tenant_tree;

/// The examples of the README compile and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
pub mod week;
