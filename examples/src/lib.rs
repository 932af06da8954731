//! What the examples share.

pub mod arguments;
pub mod html;
pub mod label_json;
pub mod sample;
pub mod story;
