//! One file for each contestant: how it writes policies and wants records.

pub mod by_hand;
pub mod cedar;
pub mod closures;
pub mod common_expressions;
pub mod json_logic;
pub mod ours;
pub mod rego;
mod text;
pub mod wirefilter;
