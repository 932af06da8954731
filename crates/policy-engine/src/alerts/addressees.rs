//! Who is told of an alert (A-027).

use std::collections::BTreeSet;

use crate::address::{self, Address};
use crate::document::Severity;

/// An administrator, with the severity from which on alerts are to come by e-mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Administrator {
    /// Where.
    pub address: Address,
    /// From which severity on; nothing: never.
    pub threshold: Option<Severity>,
}

/// Everyone who is told of an alert by e-mail, each once: those whom the policy names, in its
/// order, then every administrator whose own threshold is at or below the severity (A-027).
///
/// # Examples
///
/// ```
/// use policy_engine::alerts::{Administrator, addressees};
/// use policy_engine::{Address, Severity};
///
/// let all_from_medium = Administrator {
///     address: Address::parse("admin@contoso.example")?,
///     threshold: Some(Severity::Medium),
/// };
/// let named = ["dlp@contoso.example".to_owned()];
/// let told = |severity| addressees(severity, &named, [&all_from_medium]);
/// assert_eq!(told(Severity::High), ["dlp@contoso.example", "admin@contoso.example"]);
/// assert_eq!(told(Severity::Low), ["dlp@contoso.example"]);
/// # Ok::<(), label_core::IdError>(())
/// ```
pub fn addressees<'a>(
    severity: Severity,
    named: &'a [String],
    administrators: impl IntoIterator<Item = &'a Administrator>,
) -> Vec<&'a str> {
    let wants = |it: &&Administrator| it.threshold.is_some_and(|from| from <= severity);
    let administrators = administrators.into_iter().filter(wants);
    let mut seen = BTreeSet::new();
    named
        .iter()
        .map(String::as_str)
        .chain(administrators.map(|it| it.address.as_str()))
        .filter(|address| seen.insert(address::lower(address)))
        .collect()
}
