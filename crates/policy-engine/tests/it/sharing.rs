//! How far files are shared, case by case.

use policy_engine::AccessLevel;
use policy_engine::sharing::{
    Grant, ManagedDomains, Reach, Sharing, access_level, box_drive, domain_of, google, sharepoint,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn sample(name: &str) -> Value {
    let path = format!("{}/tests/samples/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn managed() -> ManagedDomains {
    ManagedDomains::new(["contoso.example"])
}

/// 2020-12-27T00:00:00Z.
const NOW_MS: i64 = 1_609_027_200_000;

fn level(app: &str, acl: &Value) -> Option<Sharing> {
    let grants = match app {
        "sharepoint" | "onedrive" => sharepoint(acl, NOW_MS),
        "box" => box_drive(acl, NOW_MS),
        "google" => google(acl, NOW_MS),
        _ => panic!("{app}"),
    };
    grants.map(|grants| access_level(&grants, &managed()))
}

#[test]
fn l_100_every_case_of_the_reference() {
    let cases = sample("access-level-cases.json");
    let domains = cases["managedDomains"].as_array().unwrap();
    let domains = ManagedDomains::new(domains.iter().map(|domain| domain.as_str().unwrap()));
    assert_eq!(domains, managed());
    let cases_list = cases["cases"].as_array().unwrap();
    assert_eq!(cases_list.len(), 27);
    for case in cases_list {
        let found = level(case["app"].as_str().unwrap(), &case["acl"]).unwrap();
        let expected = cases["levels"][case["expected"].as_str().unwrap()].as_u64();
        let code = u64::from(found.level.code());
        assert_eq!(Some(code), expected, "{case}");
        let is_uncertain = case["case"] == "group of unknown membership";
        assert_eq!(found.uncertain, is_uncertain, "{case}");
    }
}

#[test]
fn l_100_answers_as_the_apps_give_them() {
    let external = Some(Sharing {
        level: AccessLevel::External,
        // Finance Members is a group that can't be looked into.
        uncertain: true,
    });
    let answer = sample("graph-driveitem-permissions.json");
    assert_eq!(level("sharepoint", &answer), external);
    let public = level("google", &sample("google-drive-file.json"));
    assert_eq!(public.unwrap().level, AccessLevel::Public);
    // It has collaborators and does not list them: they may be outside.
    let mut file = sample("box-file.json");
    assert_eq!(level("box", &file), None);
    file["collaborations"] = json!({"entries": [
        {"accessible_by": {"type": "user", "login": "bo@contoso.example"}, "status": "accepted"},
    ]});
    assert_eq!(level("box", &file).unwrap().level, AccessLevel::Internal);
    file["is_externally_owned"] = json!(true);
    assert_eq!(level("box", &file).unwrap().level, AccessLevel::External);
}

#[test]
fn l_100_claims_links_and_times() {
    let one = |permission: Value| level("sharepoint", &json!([permission])).unwrap();
    for (permission, expected, uncertain) in [
        (
            json!({"grantedToV2": {"siteUser": {"loginName": "c:0-.f|rolemanager|spo-grid-all-users/x"}}}),
            AccessLevel::Internal,
            false,
        ),
        (
            json!({"grantedToV2": {"siteUser": {"loginName": "c:0(.s|true"}}}),
            AccessLevel::External,
            false,
        ),
        (
            json!({"grantedToV2": {"siteUser": {"loginName": "i:0#.f|membership|bo@contoso.example"}}}),
            AccessLevel::Internal,
            false,
        ),
        // The same person twice: the address counts, wherever it stands.
        (
            json!({"grantedToV2": {"user": {"id": "1"}, "siteUser": {"email": "x@fabrikam.example"}}}),
            AccessLevel::External,
            false,
        ),
        (
            json!({"grantedToV2": {"user": {"id": "1"}}}),
            AccessLevel::Internal,
            true,
        ),
        (
            json!({"link": {"scope": "existingAccess"}}),
            AccessLevel::Private,
            false,
        ),
        (
            json!({"link": {"scope": "users"}}),
            AccessLevel::Private,
            false,
        ),
        (
            json!({"invitation": {"email": "x@fabrikam.example"}}),
            AccessLevel::External,
            false,
        ),
        (
            json!({"link": {"scope": "anonymous"}, "expirationDateTime": "2020-12-27T00:00:00Z"}),
            AccessLevel::Private,
            false,
        ),
        (
            json!({"link": {"scope": "anonymous"}, "expirationDateTime": "2020-12-27T00:00:01Z"}),
            AccessLevel::Public,
            false,
        ),
        (
            json!({"link": {"scope": "anonymous"}, "expirationDateTime": "soon"}),
            AccessLevel::Public,
            false,
        ),
    ] {
        let expected = Sharing {
            level: expected,
            uncertain,
        };
        assert_eq!(one(permission.clone()), expected, "{permission}");
    }
}

/// What can't be read is not known; it never counts as not shared.
#[test]
fn l_100_an_unreadable_list_gives_no_level() {
    for app in ["sharepoint", "box", "google"] {
        for acl in [
            json!(null),
            json!("x"),
            json!({}),
            json!({"permissions": null}),
            json!({"permissions": {}}),
            json!({"permissions": [7], "collaborations": [7]}),
        ] {
            assert_eq!(level(app, &acl), None, "{app} {acl}");
        }
    }
    let unknown = json!({"permissions": [{"type": "planet", "role": "reader"}]});
    assert_eq!(level("google", &unknown), None);
    let link = json!({"shared_link": {"access": "galaxy"}, "collaborations": []});
    assert_eq!(level("box", &link), None);
}

#[test]
fn l_100_domains_of_addresses() {
    for (address, expected) in [
        ("a@b.example", Some("b.example")),
        (" a@B.example ", Some("B.example")),
        ("a_b@c.example", Some("c.example")),
        ("a.b_c.example#EXT#@d.example", Some("c.example")),
        ("a_b_c.example#ext#@d.example", Some("c.example")),
        ("#EXT#@d.example", None),
        ("@b.example", None),
        ("a@", None),
        ("a", None),
        ("", None),
        ("\u{212a}#EXT#@\u{130}", None),
    ] {
        assert_eq!(domain_of(address), expected, "{address}");
    }
}

fn any_reach() -> impl Strategy<Value = Reach> {
    prop_oneof![
        Just(Reach::Owner),
        Just(Reach::Nobody),
        Just(Reach::Unnamed),
        Just(Reach::Organization),
        Just(Reach::Everyone),
        Just(Reach::Outside),
        Just(Reach::AnyoneWithLink),
        Just(Reach::AnyoneSearchable),
        "[a-z]{0,2}@?(contoso|fabrikam)\\.example".prop_map(Reach::Address),
        "(contoso|fabrikam)\\.example".prop_map(Reach::Domain),
    ]
}

proptest! {
    /// One more grant never makes a file narrower, and the order does not matter.
    #[test]
    fn l_100_the_widest_grant_counts(
        reaches in proptest::collection::vec(any_reach(), 0..8),
        more in any_reach(),
    ) {
        let mut grants: Vec<Grant> = reaches.into_iter().map(Grant::from).collect();
        let before = access_level(&grants, &managed());
        let alone = access_level(&[more.clone().into()], &managed());
        grants.push(more.into());
        let after = access_level(&grants, &managed());
        prop_assert_eq!(after.level, before.level.max(alone.level));
        prop_assert_eq!(after.uncertain, before.uncertain || alone.uncertain);
        grants.reverse();
        prop_assert_eq!(access_level(&grants, &managed()), after);
    }

    #[test]
    fn l_100_any_text_has_a_domain_or_none(text in "\\PC{0,20}(#EXT#)?\\PC{0,10}@?\\PC{0,10}") {
        if let Some(domain) = domain_of(&text) {
            prop_assert!(!domain.is_empty() && text.contains(domain));
        }
    }
}
