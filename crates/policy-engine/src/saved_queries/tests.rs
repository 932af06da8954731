use label_core::{
    AppId, FileId, FileKey, Label, LabelCatalog, LabelId, LabelKey, LabelState, LabelView, TenantId,
};
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::evaluate::Answer;
use crate::record::FileRecord;

const TENANT: TenantId = TenantId::from_u128(1);

fn labels(state: LabelState) -> LabelView {
    let mut secret = Label::new(TENANT, LabelId::from_u128(1), "Secret");
    secret.state = state;
    LabelView::new(LabelCatalog::build(TENANT, vec![secret]).unwrap().0.into())
}

fn query(value: &Value) -> Query {
    let labels = labels(LabelState::Active);
    Query::from_value(value, &BuildContext::new(&labels), &QueryOptions::default()).unwrap()
}

fn number(limit: usize) -> Query {
    query(&json!({"limit": limit}))
}

fn saved(names: &[&str]) -> SavedQueries {
    let mut saved = SavedQueries::default();
    for (at, name) in names.iter().enumerate() {
        saved.save(name, &number(at + 1)).unwrap();
    }
    saved
}

fn names(saved: &SavedQueries) -> Vec<&str> {
    saved.iter().map(SavedQuery::name).collect()
}

#[test]
fn a_012_twenty_queries_unless_set_otherwise() {
    for (options, most) in [
        (SavedQueriesOptions::default(), 20),
        (SavedQueriesOptions { queries_max: 3 }, 3),
        (SavedQueriesOptions { queries_max: 0 }, 0),
    ] {
        let mut saved = SavedQueries::new(options);
        for at in 0..most {
            saved.save(&format!("query {at}"), &number(1)).unwrap();
        }
        let full = saved.clone();
        let error = saved.save("one more", &number(1));
        assert_eq!(error, Err(SavedQueryError::Full { limit: most }));
        assert_eq!(saved, full);
        if most > 0 {
            saved.replace("query 0", &number(2)).unwrap();
            saved.rename("query 0", "another").unwrap();
            saved.remove("another").unwrap();
            saved.save("one more", &number(1)).unwrap();
        }
    }
}

#[test]
fn a_012_whatever_is_kept_can_be_read_again() {
    // 5,000 addresses, half a mebibyte.
    let people: Vec<String> = (0..5_000).map(|at| format!("{at:0>100}@x")).collect();
    let large = query(&json!({"filters": {"owner.username": {"eq": people}}}));
    let mut saved = SavedQueries::default();
    let mut full = None;
    for at in 0..SAVED_QUERIES_MAX {
        if let Err(error) = saved.save(&format!("query {at}"), &large) {
            full = Some(error);
            break;
        }
    }
    let limit = SAVED_QUERIES_BYTES_MAX;
    assert_eq!(full, Some(SavedQueryError::TooLarge { limit }));
    let before = saved.clone();
    let small = saved.len();
    saved.save("small", &number(1)).unwrap();
    assert_eq!(
        saved.replace("small", &large),
        Err(SavedQueryError::TooLarge { limit })
    );
    saved.remove("small").unwrap();
    assert_eq!((saved.len(), &saved), (small, &before));
    let text = saved.to_value().to_string();
    assert!(text.len() <= limit);
    assert_eq!(
        SavedQueries::from_json(&text, SavedQueriesOptions::default()).unwrap(),
        saved
    );
}

#[test]
fn a_012_names_are_unique_without_letter_case() {
    let mut saved = saved(&["Straße", "B"]);
    for name in ["Straße", "STRASSE", "  strasse "] {
        let taken = SavedQueryError::NameTaken {
            name: "Straße".to_owned(),
        };
        assert_eq!(saved.save(name, &number(1)), Err(taken.clone()), "{name}");
        assert_eq!(saved.rename("b", name), Err(taken), "{name}");
        assert_eq!(saved.get(name).unwrap().name(), "Straße");
    }
    assert_eq!(names(&saved), ["Straße", "B"]);
    saved.rename("straße", " STRASSE ").unwrap();
    assert_eq!(names(&saved), ["STRASSE", "B"]);
}

#[test]
fn a_012_replaced_renamed_and_removed() {
    let mut saved = saved(&["a", "b"]);
    let before = saved.replace("A", &number(50)).unwrap();
    assert_eq!(before.query(), &json!({"limit": 1}));
    assert_eq!(saved.get("a").unwrap().query(), &json!({"limit": 50}));
    saved.rename("a", "c").unwrap();
    assert_eq!(names(&saved), ["c", "b"]);
    assert_eq!(saved.remove("C").unwrap().query(), &json!({"limit": 50}));
    assert_eq!((saved.len(), saved.is_empty()), (1, false));
    let unknown = SavedQueryError::Unknown {
        name: "c".to_owned(),
    };
    assert_eq!(saved.remove("c"), Err(unknown.clone()));
    assert_eq!(saved.replace("c", &number(1)), Err(unknown.clone()));
    assert_eq!(saved.rename("c", "d"), Err(unknown));
    assert_eq!(names(&saved), ["b"]);
}

#[test]
fn a_012_what_can_be_a_name() {
    let mut saved = saved(&["a"]);
    let longest = "ä".repeat(QUERY_NAME_CHARS_MAX);
    let too_long = format!("{longest}x");
    for name in ["", "  ", "two\nlines", too_long.as_str()] {
        let bad = SavedQueryError::BadName { name: quote(name) };
        assert_eq!(saved.save(name, &number(1)), Err(bad.clone()));
        assert_eq!(saved.rename("a", name), Err(bad));
    }
    saved.save(&longest, &number(1)).unwrap();
    assert_eq!(names(&saved), ["a", longest.as_str()]);
}

#[test]
fn a_012_a_query_starts_at_its_first_page() {
    let mut saved = SavedQueries::default();
    let written = json!({"filters": {"sharing": {"eq": [3]}}, "sortField": "name", "limit": 10});
    saved.save("a", &query(&written).with_skip(300)).unwrap();
    assert_eq!(saved.get("a").unwrap().query(), &written);
}

#[test]
fn a_012_a_query_outlives_its_label_by_id() {
    let by_name = query(&json!({"filters": {"fileLabels": {"eq": ["Secret"]}}}));
    let key = LabelKey::new(TENANT, LabelId::from_u128(1));
    let by_id = query(&json!({"filters": {"fileLabels": {"eq": [key.to_string()]}}}));
    let mut saved = SavedQueries::default();
    saved.save("by name", &by_name).unwrap();
    saved.save("by id", &by_id).unwrap();

    let gone = labels(LabelState::Deleted);
    let text = saved.to_value().to_string();
    let saved = SavedQueries::from_json(&text, SavedQueriesOptions::default()).unwrap();
    let build = |name: &str| {
        let saved = saved.get(name).unwrap();
        saved.build(&BuildContext::new(&gone), &QueryOptions::default())
    };
    let error = build("by name").unwrap_err();
    assert_eq!(error.as_slice()[0].pointer, "/filters/fileLabels/eq/0");
    let mut file = FileRecord::new(
        FileKey::new(AppId::BOX, 0, FileId::parse("1").unwrap()),
        "a",
    );
    file.labels.push(key);
    let answer = build("by id").unwrap().filter().answer(&file, 0);
    assert_eq!(answer, Answer::Yes);
}

#[test]
fn a_012_all_that_is_wrong_with_a_list_is_said_at_once() {
    let text = json!({
        "format": "saved-queries/2",
        "queries": [
            {"name": "a", "query": {}},
            {"name": "A", "query": {}},
            {"name": " ", "query": []},
            {"nam": "b"},
            7
        ],
        "version": 1
    });
    let errors = SavedQueries::from_json(&text.to_string(), SavedQueriesOptions::default());
    let errors = errors.unwrap_err().to_string();
    let lines: Vec<&str> = errors.lines().collect();
    let expected = [
        "/version: unknown member `version`",
        "/format: `saved-queries/2` is none of `saved-queries/1`",
        "/queries/1/name: the name `a` is used twice",
        "/queries/2/query: expected a query, found an empty list",
        "/queries/2/name: expected a name of 1 to 200 characters",
        "/queries/3/nam: unknown member `nam`; did you mean `name`?",
        "/queries/3: `name` is missing",
        "/queries/3: `query` is missing",
        "/queries/4: expected an object, found `7`",
    ];
    assert_eq!(lines.len(), expected.len(), "{errors}");
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.starts_with(expected), "{line} {expected}");
    }
    let none = SavedQueriesOptions { queries_max: 1 };
    let many = saved(&["a", "b"]).to_value().to_string();
    let errors = SavedQueries::from_json(&many, none)
        .unwrap_err()
        .to_string();
    assert_eq!(errors, "/queries: 2 items, at most 1 are allowed");
    assert!(SavedQueries::from_json("{", none).is_err());
    let errors = SavedQueries::from_json("{}", none).unwrap_err().to_string();
    assert_eq!(errors, "`format` is missing");
}

#[derive(Clone, Debug)]
enum Change {
    Save(String, usize),
    Replace(String, usize),
    Rename(String, String),
    Remove(String),
}

fn any_change() -> impl Strategy<Value = Change> {
    let name =
        || select(vec!["a", "A", "b", "c", "d", " D ", "", "ß", "SS"]).prop_map(str::to_owned);
    prop_oneof![
        (name(), 1..100_usize).prop_map(|(name, limit)| Change::Save(name, limit)),
        (name(), 1..100_usize).prop_map(|(name, limit)| Change::Replace(name, limit)),
        (name(), name()).prop_map(|(from, to)| Change::Rename(from, to)),
        name().prop_map(Change::Remove),
    ]
}

/// Upper case tells the same names apart here as folding does.
fn same(one: &str, other: &str) -> bool {
    one.trim().to_uppercase() == other.trim().to_uppercase()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// A plain list of pairs does the same, and what is written is read again.
    #[test]
    fn a_012_the_list_follows_every_change(
        changes in proptest::collection::vec(any_change(), 0..30),
        most in 0..4_usize,
    ) {
        let options = SavedQueriesOptions { queries_max: most };
        let mut saved = SavedQueries::new(options);
        let mut model: Vec<(String, usize)> = Vec::new();
        for change in changes {
            let at = |model: &[(String, usize)], name: &str| {
                model.iter().position(|(it, _)| same(it, name))
            };
            match change {
                Change::Save(name, limit) => {
                    let fits = !name.is_empty() && at(&model, &name).is_none() && model.len() < most;
                    prop_assert_eq!(saved.save(&name, &number(limit)).is_ok(), fits);
                    if fits {
                        model.push((name.trim().to_owned(), limit));
                    }
                }
                Change::Replace(name, limit) => {
                    let found = at(&model, &name);
                    prop_assert_eq!(saved.replace(&name, &number(limit)).is_ok(), found.is_some());
                    if let Some(found) = found {
                        model[found].1 = limit;
                    }
                }
                Change::Rename(from, to) => {
                    let found = at(&model, &from);
                    let other = at(&model, &to).filter(|it| Some(*it) != found);
                    let fits = found.is_some() && !to.is_empty() && other.is_none();
                    prop_assert_eq!(saved.rename(&from, &to).is_ok(), fits);
                    if fits {
                        model[found.unwrap()].0 = to.trim().to_owned();
                    }
                }
                Change::Remove(name) => {
                    let found = at(&model, &name);
                    prop_assert_eq!(saved.remove(&name).is_ok(), found.is_some());
                    if let Some(found) = found {
                        model.remove(found);
                    }
                }
            }
            let now: Vec<(String, usize)> = saved
                .iter()
                .map(|it| (it.name().to_owned(), it.query()["limit"].as_u64().unwrap() as usize))
                .collect();
            prop_assert_eq!(&now, &model);
        }
        let text = saved.to_value().to_string();
        prop_assert_eq!(SavedQueries::from_json(&text, options).unwrap(), saved);
    }
}
