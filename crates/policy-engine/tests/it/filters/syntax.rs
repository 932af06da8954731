//! What is no filter, and filters in groups.

use crate::shared::*;
use label_core::AppId;
use policy_engine::{Answer, Field, Filter, FilterDialect, GROUP_DEPTH_MAX, LabelScan};
use serde_json::{Value, json};

use super::{answer, holds};

#[test]
fn a_010_unknown_names_list_the_allowed_ones() {
    let labels = labels();
    let context = context(&labels);
    let error = |filters: Value| Filter::build(&filters, &context).unwrap_err().to_string();
    let unknown = error(json!({"affiliation": {"eq": [1]}}));
    assert!(
        unknown.starts_with(
            "/filters/affiliation: no filter `affiliation`, the filters are `service`, "
        )
    );
    assert!(unknown.contains("`allowDeleted`"));
    assert!(!unknown.contains("did you mean"));
    assert_eq!(
        error(json!({"sharing": {"contains": [1]}})),
        "/filters/sharing/contains: filter `sharing` takes no operator `contains`, it takes `eq`, `neq`"
    );
    assert_eq!(
        error(json!({"createdDate": {"gte_ndays": 1}})),
        "/filters/createdDate/gte_ndays: filter `createdDate` takes no operator `gte_ndays`, it \
         takes `lte`, `gte`, `range`, `lt`, `gt`"
    );
    assert_eq!(
        error(json!({"service": {"eq": ["10489"]}})),
        "/filters/service/eq/0: expected a whole number, found `\"10489\"`; write `10489` without \
         quotation marks"
    );
    assert!(error(json!([1])).starts_with("/filters: expected an object of filters"));
}

/// The table of 1.3, row by row: what the product takes, and nothing else.
#[test]
fn a_010_the_products_dialect_is_the_products_table() {
    const EQUALITY: &str = "eq neq";
    let table = [
        ("sharing", EQUALITY),
        ("service", EQUALITY),
        ("instance", EQUALITY),
        ("collaborators.withDomain", "eq neq deq"),
        ("collaborators.domains", EQUALITY),
        ("collaborators.groups", EQUALITY),
        ("collaborators.entity", EQUALITY),
        ("collaborators.users", EQUALITY),
        ("createdDate", "lte gte range"),
        ("extension", EQUALITY),
        ("fileId", EQUALITY),
        ("filename", "contains ncontains eq neq text"),
        (
            "fileLabels",
            "eq neq isset isnotset descendantof ndescendantof",
        ),
        ("fileScanLabels", "eq neq isset isnotset"),
        ("fileType", EQUALITY),
        ("trashed", "eq"),
        ("modifiedDate", "lte gte range lte_ndays gte_ndays"),
        ("policy", "cabinetmatchedrulesequals neq isset isnotset"),
        ("mimeType", EQUALITY),
        ("owner.entity", EQUALITY),
        ("owner.username", EQUALITY),
        ("owner.orgUnit", EQUALITY),
        ("parentFolder", "eq neq descendantof ndescendantof"),
        ("quarantined", "eq"),
        ("folder", "eq"),
        ("allowDeleted", "eq"),
        ("snapshotLastModifiedDate", "lte gte range"),
    ];
    let product = FilterDialect::Product;
    let mut names: Vec<&str> = Field::names(product).collect();
    let mut expected: Vec<&str> = table.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    expected.sort_unstable();
    assert_eq!(names, expected);

    let labels = labels();
    let mut context = context(&labels);
    context.dialect = product;
    for (name, operators) in table {
        let mut expected: Vec<&str> = operators.split(' ').collect();
        let field = Field::parse(name).unwrap();
        let mut found: Vec<&str> = field.operators(product).map(|one| one.name()).collect();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{name}");
        for operator in field.operators(FilterDialect::Extended) {
            let filters = json!({name: {operator.name(): "x"}});
            let refused = Filter::build(&filters, &context).is_err_and(|errors| {
                errors.to_string().contains("takes no operator")
                    && errors.as_slice()[0].pointer
                        == format!("/filters/{name}/{}", operator.name())
            });
            assert_eq!(refused, !expected.contains(&operator.name()), "{filters}");
        }
    }
    for ours in ["path", "collaborators.organization", "any", "all", "none"] {
        let errors = Filter::build(&json!({ours: [{}]}), &context).unwrap_err();
        assert!(errors.to_string().contains("no filter"), "{errors}");
    }
    // The product compares without the dot, and says nothing of it.
    assert!(Filter::build(&json!({"extension": {"eq": [".docx"]}}), &context).is_ok());
}

#[test]
fn groups_of_filters() {
    let mut record = file(AppId::BOX);
    record.labels.push(own(GENERAL));
    let (yes, no) = (
        json!({"service": {"eq": [10489]}}),
        json!({"service": {"eq": [1]}}),
    );
    let both = json!({"service": {"eq": [10489]}, "trashed": {"eq": true}});
    for (filters, expected) in [
        (json!({"any": [no, yes]}), true),
        (json!({"any": [no, both]}), false),
        (json!({"all": [yes, no]}), false),
        (json!({"all": [yes, yes], "trashed": {"eq": false}}), true),
        (json!({"none": [no, both]}), true),
        (json!({"none": [no, yes]}), false),
        (json!({"none": [{"any": [{"none": [yes]}, both]}]}), true),
        (json!({"any": [yes], "trashed": {"eq": true}}), false),
    ] {
        assert_eq!(holds(filters.clone(), &record), expected, "{filters}");
    }
    // What is not known stays so, unless the rest decides.
    let mut unread = file(AppId::BOX);
    unread.label_scan = LabelScan::Never;
    let labelled = json!({"fileLabels": {"isset": true}});
    for (filters, expected) in [
        (json!({"any": [no, labelled]}), Answer::Unknown),
        (json!({"any": [labelled, yes]}), Answer::Yes),
        (json!({"none": [labelled, yes]}), Answer::No),
        (json!({"none": [labelled, no]}), Answer::Unknown),
        (json!({"all": [labelled, no]}), Answer::No),
    ] {
        assert_eq!(answer(filters.clone(), &unread), expected, "{filters}");
    }
}

#[test]
fn groups_that_mean_nothing() {
    let labels = labels();
    let context = context(&labels);
    let error = |filters: Value| Filter::build(&filters, &context).unwrap_err().to_string();
    assert_eq!(
        error(json!({"any": []})),
        "/filters/any: expected a list of filter objects, found an empty list"
    );
    assert_eq!(
        error(json!({"any": [{"none": [{}]}]})),
        "/filters/any/0/none/0: expected an object of filters, found an empty object"
    );
    assert_eq!(
        error(json!({"all": [{"servce": {"eq": [1]}}]}))
            .split(',')
            .next(),
        Some("/filters/all/0/servce: no filter `servce`")
    );
    assert_eq!(
        error(json!({"any": [{"allowDeleted": {"eq": true}}]})),
        "/filters/any/0/allowDeleted: `allowDeleted` can't be part of a group; it stands at the top"
    );
    let mut deep = json!({"service": {"eq": [1]}});
    for _ in 0..GROUP_DEPTH_MAX {
        deep = json!({"any": [deep]});
    }
    assert!(Filter::build(&deep, &context).is_ok());
    let deeper = error(json!({"any": [deep]}));
    assert!(
        deeper.ends_with("9 groups in one another, at most 8 are allowed"),
        "{deeper}"
    );
    let many: Vec<Value> = (0..150)
        .map(|at| json!({"any": [{"instance": {"eq": [at]}}]}))
        .collect();
    assert!(error(json!({"any": many})).ends_with("301 conditions, at most 200 are allowed"));
}
