//! Operators and values, field by field.

mod content;
mod dates;
mod files;
mod labels;
mod syntax;

use policy_engine::{Answer, FileRecord, Filter};
use serde_json::Value;

use crate::shared::*;

fn answer(filters: Value, record: &FileRecord) -> Answer {
    let labels = labels();
    match Filter::build(&filters, &context(&labels)) {
        Ok(filter) => filter.answer(record, NOW_MS),
        Err(errors) => panic!("{errors}"),
    }
}

fn holds(filters: Value, record: &FileRecord) -> bool {
    answer(filters, record) == Answer::Yes
}
