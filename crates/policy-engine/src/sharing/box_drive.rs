//! Box, from a file and its collaborations.

use serde_json::Value;

use crate::sharing::{Grant, Reach, entries, is_over, text};

/// The grants of a file of Box: the file with `owned_by`, `shared_link`, `is_externally_owned`, and,
/// where they were asked for, its `collaborations` with those of the folders above, as a list or as
/// the answer that holds it. Nothing where it has collaborators and does not list them.
///
/// What counts of a link is its effective access, which the enterprise may have narrowed; a password
/// makes a link no narrower.
///
/// # Examples
///
/// ```
/// use policy_engine::AccessLevel;
/// use policy_engine::sharing::{ManagedDomains, access_level, box_drive};
///
/// let file = serde_json::json!({
///     "shared_link": {"access": "open", "effective_access": "company"},
///     "collaborations": [],
/// });
/// let grants = box_drive(&file, 0).ok_or("no collaborations")?;
/// let managed = ManagedDomains::new(["contoso.example"]);
/// assert_eq!(access_level(&grants, &managed).level, AccessLevel::Internal);
/// # Ok::<(), &str>(())
/// ```
pub fn box_drive(file: &Value, now_ms: i64) -> Option<Vec<Grant>> {
    let mut grants = vec![Grant::from(Reach::Owner)];
    if file.get("is_externally_owned").and_then(Value::as_bool) == Some(true) {
        grants.push(Reach::Outside.into());
    }
    match file.get("shared_link") {
        None | Some(Value::Null) => {}
        Some(link) => {
            let is_over = is_over(text(link, "unshared_at"), now_ms);
            let access = text(link, "effective_access").or_else(|| text(link, "access"));
            grants.extend(match access {
                _ if is_over => None,
                Some("open") => Some(Reach::AnyoneWithLink.into()),
                Some("company") => Some(Reach::Organization.into()),
                Some("collaborators") => Some(Reach::Nobody.into()),
                // A link of which it isn't said whom it reaches.
                _ => return None,
            });
        }
    }
    let listed = file.get("collaborations");
    let listed = listed
        .and_then(|listed| listed.get("entries"))
        .or(listed)
        .filter(|listed| !listed.is_null());
    let Some(listed) = listed else {
        let has_some = file.get("has_collaborations").and_then(Value::as_bool);
        return (has_some == Some(false)).then_some(grants);
    };
    for collaboration in entries(Some(listed))? {
        if !collaboration.is_object() {
            return None;
        }
        let is_rejected = text(collaboration, "status") == Some("rejected");
        if is_rejected || is_over(text(collaboration, "expires_at"), now_ms) {
            continue;
        }
        let who = collaboration.get("accessible_by");
        let address = who
            .and_then(Value::as_str)
            .or_else(|| who.and_then(|who| text(who, "login")))
            .or_else(|| text(collaboration, "invite_email"));
        grants.push(match address {
            Some(address) => Reach::Address(address.to_owned()).into(),
            // A group, or somebody who is not to be seen.
            None => Reach::Unnamed.into(),
        });
    }
    Some(grants)
}
