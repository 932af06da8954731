//! Published specimens, each inside a sentence.

use content_inspection::{Confidence, Context, InspectOptions, Inspector};

struct Vectors {
    id: &'static str,
    keyword: &'static str,
    valid: &'static [&'static str],
    invalid: &'static [&'static str],
}

const VECTORS: &[Vectors] = &[
    Vectors {
        id: "credit_card",
        keyword: "visa",
        valid: &[
            "4111 1111 1111 1111",
            "5555555555554444",
            "3782-822463-10005",
            "6011.1111.1111.1117",
            "3530111333300000",
            "30569309025904",
            "2223 0031 2200 3222",
            "5019717010103742",
            "6200000000000005",
        ],
        invalid: &[
            "4111 1111 1111 1112",
            "4111-1111 1111-1111",
            "1234 5678 9012 3456",
            "4444444444444444",
        ],
    },
    Vectors {
        id: "iban",
        keyword: "iban",
        valid: &[
            "DE89370400440532013000",
            "GB82 WEST 1234 5698 7654 32",
            "FR1420041010050500013M02606",
            "NL91ABNA0417164300",
            "NO9386011117947",
        ],
        invalid: &[
            "DE89370400440532013001",
            "GB82WEST1234569876543",
            "ZZ89370400440532013000",
            "DE99370400440532013000",
        ],
    },
    Vectors {
        id: "us_ssn",
        keyword: "ssn",
        valid: &[
            "536-22-8726",
            "536228726",
            "219 45 6789",
            "001-01-0001",
            "719580936",
        ],
        invalid: &[
            "000-12-3456",
            "666-12-3456",
            "536-00-8726",
            "536-22-0000",
            "078-05-1120",
            "536-22 8726",
        ],
    },
    Vectors {
        id: "email",
        keyword: "mail",
        valid: &[
            "user@example.com",
            "first.last+tag@sub.example.co.uk",
            "a_b%c@example.org",
            "x@example.io",
            "joabf@example.com",
        ],
        invalid: &[
            "user@example",
            "@example.com",
            "user@@example.com",
            "user..x@example.com",
        ],
    },
];

#[test]
fn c_002_specimens_match_at_full_length() {
    let ids: Vec<&str> = VECTORS.iter().map(|vectors| vectors.id).collect();
    let inspector = Inspector::new(&ids).unwrap();
    for vectors in VECTORS {
        for value in vectors.valid {
            let text = format!("The {} is {value}, as said.", vectors.keyword);
            let findings = inspector.inspect(&text, &InspectOptions::default());
            let spans: Vec<&str> = findings
                .matches()
                .iter()
                .filter(|found| *found.detector == *vectors.id)
                .map(|found| &text[found.span.clone()])
                .collect();
            assert_eq!(spans, [*value], "{}", vectors.id);
        }
        for value in vectors.invalid {
            let text = format!("The {} is {value}, as said.", vectors.keyword);
            let mut options = InspectOptions::default();
            options.minimum_confidence = Confidence::Low;
            let findings = inspector.inspect(&text, &options);
            assert_eq!(findings.count_of(vectors.id).total, 0, "{value}");
        }
    }
}

#[test]
fn c_010_confidence_alone_and_with_a_keyword() {
    let table = [
        ("credit_card", "4111111111111111", "visa", Some(75), 85),
        ("iban", "NO9386011117947", "iban", Some(85), 85),
        ("us_ssn", "536-22-8726", "ssn", Some(65), 85),
        ("us_ssn", "536228726", "ssn", None, 75),
        ("email", "user@example.com", "e-mail", Some(85), 85),
    ];
    let mut options = InspectOptions::default();
    options.minimum_confidence = Confidence::Low;
    for (id, value, keyword, alone, with_keyword) in table {
        let inspector = Inspector::new(&[id]).unwrap();
        let level = |text: &str| {
            let findings = inspector.inspect(text, &options);
            findings
                .matches()
                .first()
                .map(|found| found.confidence.percent())
        };
        assert_eq!(level(value), alone, "{id} alone");
        assert_eq!(
            level(&format!("{value} {keyword}")),
            Some(with_keyword),
            "{id} with a keyword"
        );
    }
}

#[test]
fn c_011_required_context_needs_a_keyword() {
    let inspector = Inspector::new(&["credit_card"]).unwrap();
    let mut options = InspectOptions::default();
    options.context = Context::Required;
    let total = |text: &str| inspector.inspect(text, &options).total().total;
    assert_eq!(total("4111111111111111"), 0);
    assert_eq!(total("4111111111111111 visa"), 1);
}
