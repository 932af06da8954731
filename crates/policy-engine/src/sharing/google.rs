//! Google Workspace, from the permissions of a Drive file.

use serde_json::Value;

use crate::sharing::{Grant, Reach, entries, is_over, text};

/// The grants of a file of Google Drive: the file with `permissions`, or their list alone. Nothing
/// where there is no such list: shared drives give it only when it is asked for on its own.
///
/// # Examples
///
/// ```
/// use policy_engine::AccessLevel;
/// use policy_engine::sharing::{ManagedDomains, access_level, google};
///
/// let file = serde_json::json!({"permissions": [
///     {"type": "user", "role": "owner", "emailAddress": "ada@contoso.example"},
///     {"type": "anyone", "role": "reader", "allowFileDiscovery": true},
/// ]});
/// let grants = google(&file, 0).ok_or("no permissions")?;
/// let managed = ManagedDomains::new(["contoso.example"]);
/// assert_eq!(access_level(&grants, &managed).level, AccessLevel::PublicInternet);
/// # Ok::<(), &str>(())
/// ```
pub fn google(file: &Value, now_ms: i64) -> Option<Vec<Grant>> {
    let list = file.get("permissions").unwrap_or(file);
    let mut grants = Vec::new();
    for permission in entries(Some(list))? {
        if !permission.is_object() {
            return None;
        }
        let is_deleted = permission.get("deleted").and_then(Value::as_bool) == Some(true);
        if is_deleted || is_over(text(permission, "expirationTime"), now_ms) {
            continue;
        }
        let is_searchable = permission
            .get("allowFileDiscovery")
            .and_then(Value::as_bool)
            == Some(true);
        let kind = text(permission, "type");
        grants.push(Grant::from(match (text(permission, "role"), kind) {
            (Some("owner"), _) => Reach::Owner,
            (_, Some("anyone")) if is_searchable => Reach::AnyoneSearchable,
            (_, Some("anyone")) => Reach::AnyoneWithLink,
            (_, Some("domain")) => match text(permission, "domain") {
                Some(domain) => Reach::Domain(domain.to_owned()),
                None => Reach::Unnamed,
            },
            (_, Some("user" | "group")) => match text(permission, "emailAddress") {
                Some(address) => Reach::Address(address.to_owned()),
                None => Reach::Unnamed,
            },
            // A kind that this version doesn't know may be wider than any.
            _ => return None,
        }));
    }
    Some(grants)
}
