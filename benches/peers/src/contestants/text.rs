//! Literals that several policy languages write alike.

use std::fmt::Display;

/// The values, separated by commas.
pub(crate) fn list(values: impl IntoIterator<Item = impl Display>) -> String {
    joined(values, ", ")
}

/// The values with something in between.
pub(crate) fn joined(values: impl IntoIterator<Item = impl Display>, between: &str) -> String {
    let values: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
    values.join(between)
}

/// A text in quotation marks. The generated texts have nothing to escape.
pub(crate) fn quoted(text: impl Display) -> String {
    format!("\"{text}\"")
}
