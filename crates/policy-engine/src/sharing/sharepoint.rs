//! SharePoint Online and OneDrive for Business, from Graph's permissions of a drive item.

use serde_json::Value;

use crate::sharing::{Grant, Reach, entries, is_over, text};

/// The grants of a drive item: the answer to `GET …/items/{id}/permissions`, or its list alone.
/// Inherited ones count as well. Nothing where the answer is no list of permissions.
///
/// # Examples
///
/// ```
/// use policy_engine::AccessLevel;
/// use policy_engine::sharing::{ManagedDomains, access_level, sharepoint};
///
/// let answer = serde_json::json!({"value": [
///     {"roles": ["owner"], "grantedToV2": {"user": {"email": "ada@contoso.example"}}},
///     {"roles": ["read"], "link": {"scope": "organization"}},
/// ]});
/// let grants = sharepoint(&answer, 0).ok_or("no permissions")?;
/// let managed = ManagedDomains::new(["contoso.example"]);
/// assert_eq!(access_level(&grants, &managed).level, AccessLevel::Internal);
/// # Ok::<(), &str>(())
/// ```
pub fn sharepoint(answer: &Value, now_ms: i64) -> Option<Vec<Grant>> {
    let list = ["value", "permissions"]
        .iter()
        .find_map(|name| answer.get(*name))
        .unwrap_or(answer);
    let mut grants = Vec::new();
    for permission in entries(Some(list))? {
        if !permission.is_object() {
            return None;
        }
        if is_over(text(permission, "expirationDateTime"), now_ms) {
            continue;
        }
        let is_owner = entries(permission.get("roles"))
            .is_some_and(|roles| roles.iter().any(|role| role.as_str() == Some("owner")));
        if is_owner {
            grants.push(Reach::Owner.into());
            continue;
        }
        let scope = permission.get("link").and_then(|link| text(link, "scope"));
        match scope {
            Some("anonymous") => grants.push(Reach::AnyoneWithLink.into()),
            Some("organization") => grants.push(Reach::Organization.into()),
            // A link for those who are named, and one that adds nobody to those who have access.
            Some(_) => {
                let named = named(permission);
                let adds_nobody = scope == Some("existingAccess") || named.is_empty();
                if adds_nobody {
                    grants.push(Reach::Nobody.into());
                }
                grants.extend(named);
            }
            None => grants.extend(named(permission)),
        }
    }
    Some(grants)
}

/// Everybody that a permission names.
fn named(permission: &Value) -> Vec<Grant> {
    let mut grants: Vec<Grant> = Vec::new();
    // Newer and older members say the same twice.
    for name in ["grantedToV2", "grantedTo", "invitation"] {
        if let Some(identity) = permission.get(name).filter(|one| one.is_object()) {
            grants.push(reach(identity).into());
            break;
        }
    }
    for name in ["grantedToIdentitiesV2", "grantedToIdentities", "identities"] {
        if let Some(identities) = entries(permission.get(name)) {
            grants.extend(identities.iter().map(|one| Grant::from(reach(one))));
            break;
        }
    }
    // Short forms: the person or group beside the roles.
    for name in ["user", "group"] {
        if let Some(one) = permission.get(name).filter(|one| !one.is_null()) {
            grants.push(reach(one).into());
        }
    }
    grants
}

/// Whom an identity stands for.
fn reach(identity: &Value) -> Reach {
    if let Some(address) = identity.as_str() {
        return of_name(address);
    }
    // An identity set names one and the same identity in several ways: the first that has a name
    // which says where it belongs counts.
    let inner = [
        "user",
        "siteUser",
        "group",
        "siteGroup",
        "application",
        "device",
    ];
    let inner = inner.iter().filter_map(|name| identity.get(*name));
    inner
        .chain([identity])
        .flat_map(|one| {
            let names = ["email", "userPrincipalName", "loginName"];
            one.as_str()
                .into_iter()
                .chain(names.into_iter().filter_map(move |name| text(one, name)))
        })
        .map(of_name)
        .find(|reach| *reach != Reach::Unnamed)
        .unwrap_or(Reach::Unnamed)
}

/// Claims of SharePoint, and addresses inside of claims.
fn of_name(name: &str) -> Reach {
    let folded = name.to_ascii_lowercase();
    if folded.contains("spo-grid-all-users") {
        return Reach::Organization;
    }
    if folded == "c:0(.s|true" || folded == "everyone" {
        return Reach::Everyone;
    }
    // `i:0#.f|membership|ada@contoso.example`
    let address = name.rsplit('|').next().unwrap_or(name);
    match address.contains('@') {
        true => Reach::Address(address.to_owned()),
        false => Reach::Unnamed,
    }
}
