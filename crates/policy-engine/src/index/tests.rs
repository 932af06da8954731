//! What columns answer: that they answer right is compared with each policy alone; here, that they
//! answer at all, because everything else is asked one by one.

use label_core::{AppId, FileId, FileKey, Label, LabelCatalog, LabelId, LabelView, TenantId};
use serde_json::{Value, json};

use super::*;
use crate::check::BuildContext;
use crate::set::PolicySet;

fn set_of(filters: &[Value]) -> PolicySet {
    let tenant = TenantId::from_u128(1);
    let label = Label::new(tenant, LabelId::from_u128(1), "Secret");
    let (catalog, _) = LabelCatalog::build(tenant, vec![label]).unwrap();
    let labels = LabelView::new(catalog.into());
    let policies: Vec<Value> = (1..)
        .zip(filters)
        .map(|(id, filters)| json!({"id": id.to_string(), "name": "P", "filters": filters}))
        .collect();
    let text = json!({"format": "file-policies/1", "policies": policies}).to_string();
    PolicySet::from_json(&text, &BuildContext::new(&labels))
        .unwrap_or_else(|e| panic!("{text}: {e}"))
}

#[test]
fn what_can_be_looked_up_is_not_asked_again() {
    for (filters, [columns, times, left, about_labels]) in [
        (json!({}), [0, 0, 0, 0]),
        (json!({"sharing": {"eq": [2, 3]}}), [1, 0, 0, 0]),
        (
            json!({"sharing": {"neq": [2]}, "service": {"eq": [10489]}}),
            [2, 0, 0, 0],
        ),
        (json!({"trashed": {"eq": true}}), [1, 0, 0, 0]),
        (json!({"fileType": {"eq": [1]}}), [1, 0, 0, 0]),
        (json!({"fileLabels": {"isset": true}}), [1, 0, 0, 1]),
        (json!({"fileLabels": {"isnotset": true}}), [1, 0, 0, 1]),
        (json!({"fileLabels": {"neq": ["Secret"]}}), [1, 0, 0, 1]),
        (
            json!({"fileLabels": {"descendantof": ["Secret"]}}),
            [1, 0, 0, 1],
        ),
        (json!({"fileScanLabels": {"isnotset": true}}), [1, 0, 0, 0]),
        (json!({"owner.orgUnit": {"eq": ["Sales"]}}), [1, 0, 0, 0]),
        (
            json!({"owner.orgUnit": {"startswith": ["Sales"]}}),
            [1, 0, 0, 0],
        ),
        (
            json!({"owner.orgUnit": {"startswithsingle": "Sales"}}),
            [1, 0, 0, 0],
        ),
        (
            json!({"owner.orgUnit": {"doesnotstartwith": ["Sales"]}}),
            [1, 0, 0, 0],
        ),
        // Two ways to look at one property are two columns.
        (
            json!({"owner.orgUnit": {"startswith": ["S"], "neq": ["Sales"]}}),
            [2, 0, 0, 0],
        ),
        (
            json!({"policy": {"cabinetmatchedrulesequals": ["1"]}}),
            [1, 0, 0, 0],
        ),
        (json!({"policy": {"isset": true}}), [1, 0, 0, 0]),
        (json!({"path": {"isnotset": true}}), [1, 0, 0, 0]),
        (
            json!({"collaborators.withDomain": {"neq": ["x.com"]}}),
            [1, 0, 0, 0],
        ),
        // All of them, of those that share nothing else.
        (
            json!({"collaborators.withDomain": {"deq": ["x.com"]}}),
            [0, 0, 1, 0],
        ),
        (
            json!({"owner.orgUnit": {"endswith": ["Sales"]}}),
            [0, 0, 1, 0],
        ),
        (
            json!({"owner.orgUnit": {"substring": ["ale"]}}),
            [0, 0, 1, 0],
        ),
        (json!({"filename": {"contains": ["plan"]}}), [0, 0, 1, 0]),
        (json!({"parentFolder": {"eq": ["a"]}}), [1, 0, 0, 0]),
        // What lies below depends on more than the value.
        (
            json!({"parentFolder": {"descendantof": ["a"]}}),
            [0, 0, 1, 0],
        ),
        (
            json!({"parentFolder": {"ndescendantof": ["a"]}}),
            [0, 0, 1, 0],
        ),
        (json!({"modifiedDate": {"gte": 5}}), [0, 1, 0, 0]),
        (
            json!({"modifiedDate": {"lte": 5}, "createdDate": {"gt": 1, "lt": 9}}),
            [0, 2, 0, 0],
        ),
        (
            json!({"createdDate": {"range": [{"start": 1, "end": 2}]}}),
            [0, 1, 0, 0],
        ),
        // What is measured from now is not known yet.
        (json!({"modifiedDate": {"gte_ndays": 5}}), [0, 0, 1, 0]),
    ] {
        let set = set_of(std::slice::from_ref(&filters));
        let index = set.index();
        let rest = index.rest(0).unwrap();
        assert_eq!(index.columns.len(), columns, "columns of {filters}");
        assert_eq!(index.times.len(), times, "times of {filters}");
        assert_eq!(rest.conditions.len(), left, "left of {filters}");
        assert_eq!(rest.about_labels.len(), about_labels, "labels of {filters}");
    }
}

#[test]
fn a_column_knows_one_wish_of_each_policy() {
    // One of them is stored in another word than the first.
    let mut filters = vec![json!({"sharing": {"eq": [3]}}); 70];
    filters[69] = json!({
        "owner.orgUnit": {"startswith": ["S"], "startswithsingle": "Sa", "doesnotstartwith": ["Sal"]},
    });
    let set = set_of(&filters);
    let index = set.index();
    let fields: Vec<Field> = index.columns.iter().map(|column| column.field).collect();
    assert_eq!(fields, [Field::AccessLevel, Field::OwnerOrgUnit]);
    assert_eq!(index.rest(68).unwrap().conditions.len(), 0);
    assert_eq!(index.rest(69).unwrap().conditions.len(), 1);
}

#[test]
fn numbers_are_looked_at_before_texts_and_whole_texts_before_beginnings() {
    let set = set_of(&[json!({
        "filename": {"startswith": ["a"]},
        "extension": {"eq": ["docx"]},
        "owner.orgUnit": {"startswith": ["a"], "eq": ["b"]},
        "fileLabels": {"isset": true},
        "trashed": {"eq": false},
    })]);
    let looks: Vec<(Field, Look)> = set
        .index()
        .columns
        .iter()
        .map(|column| (column.field, column.look))
        .collect();
    assert_eq!(
        looks,
        [
            (Field::Trashed, Look::Whole),
            (Field::Label, Look::Whole),
            (Field::OwnerOrgUnit, Look::Whole),
            (Field::Extension, Look::Whole),
            (Field::OwnerOrgUnit, Look::Start),
            (Field::FileName, Look::Start),
        ]
    );
}

#[test]
fn beginnings_beyond_the_limit_are_asked_one_by_one() {
    let beginnings =
        |count: usize| -> Vec<String> { (0..count).map(|number| format!("{number:03}")).collect() };
    for (count, columns) in [(PREFIXES_MAX, 1), (PREFIXES_MAX + 1, 0)] {
        let names = json!({"filename": {"startswith": beginnings(count)}});
        let set = set_of(&[names]);
        assert_eq!(set.index().columns.len(), columns, "{count} beginnings");
        // Whole texts are found, not tried.
        let units = json!({"owner.orgUnit": {"eq": beginnings(count)}});
        assert_eq!(set_of(&[units]).index().columns.len(), 1, "{count} units");
    }
}

#[test]
fn columns_take_no_more_memory_than_they_may() {
    // Three values, wanted and forbidden, and three rows for all values: nine rows of two words.
    let filters = vec![json!({"sharing": {"eq": [1, 2, 3]}}); 100];
    let set = set_of(&filters);
    let conditions = set.policies().iter().enumerate().map(|(policy, it)| Entry {
        policy,
        place: 0,
        condition: &it.compiled().program.root.conditions[0],
    });
    let entries: Vec<Entry<'_>> = conditions.collect();
    for (bytes_left, expected) in [(9 * 2 * 8, Some(0)), (9 * 2 * 8 - 1, None)] {
        let mut answered = vec![Vec::new(); filters.len()];
        let mut builder = Builder {
            words: 2,
            bytes_left,
            answered: &mut answered,
        };
        let columns = builder.columns(&entries);
        let left = (!columns.is_empty()).then_some(builder.bytes_left);
        assert_eq!(left, expected, "{bytes_left} bytes");
        let is_answered = answered.iter().all(|places| *places == [0]);
        assert_eq!(is_answered, expected.is_some());
    }
}

#[test]
fn a_file_that_is_gone_is_of_those_that_allow_it() {
    let set = set_of(&[json!({}), json!({"allowDeleted": {"eq": true}})]);
    let key = FileKey::new(AppId::BOX, 0, FileId::parse("1").unwrap());
    let mut file = FileRecord::new(key, "a");
    for (status, expected) in [(FileStatus::Exists, 0b11), (FileStatus::Deleted, 0b10)] {
        file.status = status;
        let (mut left, mut gathered) = ([0], [0]);
        set.index()
            .look(&file, FileTypeTable::default(), &mut left, &mut gathered);
        assert_eq!(left, [expected], "{status:?}");
    }
}
