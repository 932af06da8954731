//! What the examples share.

pub mod arguments;
pub mod label_json;
