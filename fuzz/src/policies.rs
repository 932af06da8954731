//! Policy documents from a string of choices: the form is right, the values are odd.

use arbitrary::{Result, Unstructured};
use policy_engine::{Field, FilterDialect, GROUP_DEPTH_MAX, Operator};
use serde_json::{Map, Value, json};

const TEXTS: [&str; 16] = [
    "Finance",
    "Confidential",
    "Highly Confidential/Finance",
    "74f71239-3dea-461b-910f-15d15a71655a|2096f6a2-d2f7-48be-b329-b73aaa526e5d",
    "docx",
    "application/pdf",
    "\"budget\" \"2021\"",
    "budget plan",
    "Password encrypted",
    "ana.silva@contoso.example",
    "İstanbul ẞ",
    "",
    "f1",
    "credit_card",
    "[0-9]{4}",
    "a/b~1\\\u{7f}",
];

/// A document.
///
/// # Errors
///
/// When the choices run out in the middle of a number.
pub fn document(choices: &mut Unstructured<'_>) -> Result<String> {
    let mut policies = Vec::new();
    for number in 0..choices.int_in_range(1..=3)? {
        policies.push(policy(number, choices)?);
    }
    Ok(json!({"format": "file-policies/1", "policies": policies}).to_string())
}

fn text(choices: &mut Unstructured<'_>) -> Result<String> {
    if choices.ratio(1, 5)? {
        return choices.arbitrary();
    }
    Ok((*choices.choose(&TEXTS)?).to_owned())
}

fn number(choices: &mut Unstructured<'_>) -> Result<i64> {
    Ok(match choices.int_in_range(0..=5)? {
        0 => choices.int_in_range(0..=8)?,
        1 => *choices.choose(&[10489, 11770, 20892, 15600, 11627])?,
        2 => instant(choices)?,
        3 => *choices.choose(&[i64::MIN, i64::MAX, -1, i64::from(u32::MAX) + 1])?,
        _ => i64::from(choices.arbitrary::<i32>()?),
    })
}

fn instant(choices: &mut Unstructured<'_>) -> Result<i64> {
    choices.int_in_range(-62_000_000_000_000..=253_000_000_000_000)
}

fn date(choices: &mut Unstructured<'_>) -> Result<String> {
    let (year, month, day) = (
        choices.int_in_range(0..=10_000)?,
        choices.int_in_range(1..=12)?,
        choices.int_in_range(1..=31)?,
    );
    let fraction = match choices.int_in_range(0..=2)? {
        0 => String::new(),
        _ => format!(".{}", choices.int_in_range(0..=9_999)?),
    };
    let zone = *choices.choose(&["Z", "Z", "+02:00", "-23:59", ""])?;
    Ok(format!(
        "{year:04}-{month:02}-{day:02}T23:59:5{}{fraction}{zone}",
        day % 10
    ))
}

fn value(operator: Operator, choices: &mut Unstructured<'_>) -> Result<Value> {
    Ok(match operator {
        Operator::IsSet | Operator::IsNotSet => json!(choices.arbitrary::<bool>()?),
        Operator::Range => json!([{"start": number(choices)?, "end": number(choices)?}]),
        Operator::GteNdays | Operator::LteNdays => json!(number(choices)?),
        Operator::Text | Operator::StartsWithSingle => json!(text(choices)?),
        _ => match choices.int_in_range(0..=5)? {
            0 => json!(number(choices)?),
            1 | 2 => json!([number(choices)?]),
            3 => json!([choices.arbitrary::<bool>()?]),
            _ => {
                let mut texts = Vec::new();
                for _ in 0..choices.int_in_range(1..=3)? {
                    texts.push(text(choices)?);
                }
                json!(texts)
            }
        },
    })
}

/// A filter object.
///
/// # Errors
///
/// When the choices run out in the middle of a number.
pub fn filters(choices: &mut Unstructured<'_>) -> Result<Value> {
    object(choices, GROUP_DEPTH_MAX + 1)
}

fn object(choices: &mut Unstructured<'_>, depth: usize) -> Result<Value> {
    let all = FilterDialect::Extended;
    let names: Vec<&str> = Field::names(all).collect();
    let mut filters = Map::new();
    if depth > 0 && choices.ratio(1, 4)? {
        let kind = *choices.choose(&["all", "any", "none"])?;
        let mut objects = Vec::new();
        for _ in 0..choices.int_in_range(0..=2)? {
            objects.push(object(choices, depth - 1)?);
        }
        filters.insert(kind.to_owned(), json!(objects));
    }
    for _ in 0..choices.int_in_range(0..=3)? {
        let name = *choices.choose(&names)?;
        let field = Field::parse(name).into_iter();
        let operators: Vec<Operator> = field.flat_map(|one| one.operators(all)).collect();
        if operators.is_empty() {
            continue;
        }
        let operator = *choices.choose(&operators)?;
        filters.insert(
            name.to_owned(),
            json!({operator.name(): value(operator, choices)?}),
        );
    }
    Ok(Value::Object(filters))
}

fn policy(number_of: i32, choices: &mut Unstructured<'_>) -> Result<Value> {
    let mut policy = Map::new();
    let mut put = |name: &str, value: Value| drop(policy.insert(name.to_owned(), value));
    put("id", json!(number_of.to_string()));
    put("name", json!("x"));
    put("filters", filters(choices)?);
    if choices.arbitrary()? {
        put("description", json!(text(choices)?));
        put("enabled", json!(choices.arbitrary::<bool>()?));
        put("priority", json!(choices.arbitrary::<i32>()?));
        put(
            "severity",
            json!(choices.choose(&["low", "medium", "high"])?),
        );
    }
    if choices.arbitrary()? {
        put("created", json!(date(choices)?));
    }
    if choices.arbitrary()? {
        let folder = json!({"app": number(choices)?, "instance": choices.arbitrary::<u8>()?, "id": text(choices)?});
        let mode = *choices.choose(&["selected", "excluding"])?;
        put("folderScope", json!({"mode": mode, "folders": [folder]}));
        let mode = *choices.choose(&["selected", "excluding"])?;
        put(
            "ownerScope",
            json!({"mode": mode, "groups": [text(choices)?]}),
        );
    }
    if choices.arbitrary()? {
        let mut inspection = Map::new();
        inspection.insert("method".to_owned(), json!("built_in"));
        if choices.arbitrary()? {
            inspection.insert(
                "preset".to_owned(),
                json!(choices.choose(&["credit_card", "iban", "x"])?),
            );
        } else {
            let kind = *choices.choose(&["substring", "exact", "regex"])?;
            let expression = json!({"kind": kind, "text": text(choices)?, "caseSensitive": choices.arbitrary::<bool>()?});
            inspection.insert("expression".to_owned(), expression);
        }
        for name in ["requireContext", "unmaskLast4", "inspectProtected"] {
            if choices.arbitrary()? {
                inspection.insert(name.to_owned(), json!(choices.arbitrary::<bool>()?));
            }
        }
        if choices.arbitrary()? {
            inspection.insert(
                "minimumMatches".to_owned(),
                json!(choices.arbitrary::<u32>()?),
            );
            inspection.insert("exclude".to_owned(), json!(text(choices)?));
            let part = *choices.choose(&["content", "metadata", "file_name"])?;
            inspection.insert("searchIn".to_owned(), json!([part]));
        }
        put("inspection", Value::Object(inspection));
    }
    if choices.arbitrary()? {
        let alerts = json!({"eachMatch": choices.arbitrary::<bool>()?, "dailyLimit": choices.arbitrary::<u8>()?, "email": [text(choices)?]});
        put("alerts", alerts);
    }
    if choices.arbitrary()? {
        let app = choices.choose(&["10489", "11770", "20892", "15600", "7"])?;
        let mut actions = Map::new();
        if choices.arbitrary()? {
            actions.insert("applyLabel".to_owned(), json!(text(choices)?));
        }
        for name in [
            "overrideUserDefined",
            "allowDowngrade",
            "removeLabel",
            "notifyOwner",
            "notifyLastEditor",
        ] {
            if choices.arbitrary()? {
                actions.insert(name.to_owned(), json!(choices.arbitrary::<bool>()?));
            }
        }
        put("governance", json!({*app: actions}));
    }
    Ok(Value::Object(policy))
}
