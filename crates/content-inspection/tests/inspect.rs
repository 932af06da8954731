//! An inspector as a whole.

use content_inspection::{
    CANDIDATES_MAX, CHARACTERS_MAX, CaseRule, Completeness, Expression, ExpressionKind,
    InspectOptions, InspectionError, Inspector, InspectorBuilder, KeywordNear, LastFour,
};
use proptest::prelude::*;
use std::sync::LazyLock;

/// Compiled once for all cases.
#[cfg(test)]
mod compiled {
    use super::*;

    pub(super) static CARDS: LazyLock<Inspector> =
        LazyLock::new(|| Inspector::new(&["credit_card"]).unwrap());
    pub(super) static ALL: LazyLock<Inspector> =
        LazyLock::new(|| Inspector::new(&["credit_card", "us_ssn", "email", "iban"]).unwrap());
}

use compiled::{ALL, CARDS};

fn default() -> InspectOptions {
    InspectOptions::default()
}

fn spans<'t>(inspector: &Inspector, text: &'t str) -> Vec<&'t str> {
    inspector
        .inspect(text, &default())
        .matches()
        .iter()
        .map(|found| &text[found.span.clone()])
        .collect()
}

#[test]
fn c_004_what_follows_a_card_does_not_hide_it() {
    let inspector = Inspector::new(&["credit_card"]).unwrap();
    for text in [
        "4111 1111 1111 1111 123",
        "4111 1111 1111 1111 2025",
        "4111 1111 1111 1111 12/25",
        "4111-1111-1111-1111 123",
        "4111 1111 1111 1111.",
        "9999 4111 1111 1111 1111",
    ] {
        assert_eq!(spans(&inspector, text).len(), 1, "{text}");
    }
}

#[test]
fn c_005_what_follows_an_iban_does_not_hide_it() {
    let inspector = Inspector::new(&["iban"]).unwrap();
    let table = [
        ("BE68 5390 0754 7034 FROM BANK", "BE68 5390 0754 7034"),
        ("NL91 ABNA 0417 1643 00 EURO", "NL91 ABNA 0417 1643 00"),
        ("ab12 NL91 ABNA 0417 1643 00", "NL91 ABNA 0417 1643 00"),
        ("be68 5390 0754 7034", "be68 5390 0754 7034"),
        ("BE68 5390\n0754 7034", "BE68 5390\n0754 7034"),
        ("BE68 5390 0754 7034\nPAID", "BE68 5390 0754 7034"),
    ];
    for (text, expected) in table {
        assert_eq!(spans(&inspector, text), [expected], "{text}");
    }
    for text in [
        "be68539007547034",
        "BE68539007547034X",
        "BE68 5390 0754 70345",
    ] {
        assert!(spans(&inspector, text).is_empty(), "{text}");
    }
}

#[test]
fn c_007_a_keyword_counts_up_to_300_characters_away() {
    let inspector = Inspector::new(&["credit_card"]).unwrap();
    for (gap, expected) in [(300, KeywordNear::Present), (301, KeywordNear::Absent)] {
        let gap = "·".repeat(gap);
        for text in [
            format!("visa{gap}4111111111111111"),
            format!("4111111111111111{gap}visa"),
        ] {
            let findings = inspector.inspect(&text, &default());
            assert_eq!(findings.matches()[0].keyword, expected);
        }
    }
}

#[test]
fn c_012_numbers_inside_longer_ones_are_not_reported() {
    let inspector = Inspector::new(&["credit_card"]).unwrap();
    for text in [
        "x4111111111111111",
        "4111111111111111x",
        "_4111111111111111",
        "84111111111111111",
        "3.4111111111111111",
        "4111111111111111.5",
        "4111 1111 1111 1111-1111",
    ] {
        assert!(spans(&inspector, text).is_empty(), "{text}");
    }
    assert_eq!(spans(&inspector, "卡号4111111111111111。").len(), 1);
}

#[test]
fn c_013_overlap_does_not_depend_on_the_order_of_detectors() {
    // Its last nine digits alone are shaped like a social security number.
    let text = "visa card 4111 1111 1111 1111, ssn 536-22-8726, mail a@b.example";
    let ids = ["credit_card", "us_ssn", "email", "iban"];
    let found = |ids: &[&str]| {
        let findings = Inspector::new(ids).unwrap().inspect(text, &default());
        let mut all: Vec<_> = findings
            .matches()
            .iter()
            .map(|found| (found.span.clone(), found.detector.to_string()))
            .map(|(span, id)| (span.start, span.end, id))
            .collect();
        all.sort();
        all
    };
    let forth = found(&ids);
    let mut reversed = ids;
    reversed.reverse();
    assert_eq!(forth, found(&reversed));
    assert_eq!(forth.len(), 3);
}

#[test]
fn c_014_total_and_unique_counts() {
    let inspector = Inspector::new(&["credit_card"]).unwrap();
    let text = "4111 1111 1111 1111, 4111-1111-1111-1111, 5555555555554444";
    let count = inspector.inspect(text, &default()).count_of("credit_card");
    assert_eq!((count.total, count.unique), (3, 2));
}

#[test]
fn c_023_kept_matches_are_bounded_and_the_count_goes_on() {
    let inspector = Inspector::new(&["email"]).unwrap();
    let text: String = (0..250).map(|at| format!("u{at}@example.com ")).collect();
    let findings = inspector.inspect(&text, &default());
    assert_eq!(findings.matches().len(), 100);
    assert_eq!(findings.count_of("email").total, 250);
    let mut options = default();
    options.keep = 7;
    assert_eq!(inspector.inspect(&text, &options).matches().len(), 7);
    options.keep = 0;
    let findings = inspector.inspect(&text, &options);
    assert_eq!((findings.matches().len(), findings.total().total), (0, 250));
}

#[test]
fn c_024_a_long_text_is_partially_inspected() {
    let inspector = Inspector::new(&["credit_card"]).unwrap();
    let card = "4111111111111111";
    let fits = " ".repeat(CHARACTERS_MAX - 17) + card + " ";
    let findings = inspector.inspect(&fits, &default());
    assert_eq!(findings.completeness(), Completeness::Complete);
    assert_eq!(findings.total().total, 1);

    let long = format!("é {card} {}", fits);
    let findings = inspector.inspect(&long, &default());
    assert_eq!(findings.completeness(), Completeness::TooLong);
    assert_eq!(findings.total().total, 1);

    // Its first sixteen digits would be a card of their own.
    let split = " ".repeat(CHARACTERS_MAX - 16) + card + "123";
    assert_eq!(inspector.inspect(&split, &default()).total().total, 0);
}

#[test]
fn c_024_a_text_of_nothing_but_matches_is_bounded() {
    let word = Expression::parse(ExpressionKind::Substring, "a", CaseRule::Ignore).unwrap();
    let inspector = InspectorBuilder::new()
        .expression("a", word)
        .build()
        .unwrap();
    let findings = inspector.inspect(&"a".repeat(CANDIDATES_MAX + 1), &default());
    assert_eq!(findings.completeness(), Completeness::TooManyMatches);
    assert_eq!(findings.total().total, CANDIDATES_MAX);
    let findings = inspector.inspect(&"a".repeat(CANDIDATES_MAX), &default());
    assert_eq!(findings.completeness(), Completeness::Complete);
}

#[test]
fn c_029_numbers_written_with_other_characters() {
    let inspector = Inspector::new(&["credit_card"]).unwrap();
    for text in [
        "４１１１１１１１１１１１１１１１",
        "4111\u{A0}1111\u{A0}1111\u{A0}1111",
        "4111\u{2007}1111\u{2007}1111\u{2007}1111",
        "4111\u{2013}1111\u{2013}1111\u{2013}1111",
        "41\u{200D}11111111111111",
        "4111  1111   1111 1111",
    ] {
        assert_eq!(spans(&inspector, text), [text]);
    }
}

#[test]
fn builder_refuses_what_it_does_not_know() {
    let error = |ids: &[&str]| Inspector::new(ids).unwrap_err().to_string();
    assert_eq!(
        error(&["ibann"]),
        "no detector `ibann`, did you mean `iban`?"
    );
    assert_eq!(error(&["passport"]), "no detector `passport`");
    assert_eq!(error(&["iban", "iban"]), "`iban` is listed twice");
    assert!(matches!(
        Inspector::new(&["iban"; 1_001]).unwrap_err(),
        InspectionError::TooMany { count: 1_001, .. }
    ));
}

#[test]
fn inspectors_are_shared_between_threads() {
    fn shared<T: Send + Sync + Clone>(_: &T) {}
    shared(&Inspector::new(&["iban"]).unwrap());
}

#[cfg(test)]
mod twin {
    /// Every substring is tried; the first start wins, and of its ends the last.
    pub(super) fn naive_cards(text: &str) -> Vec<(usize, usize)> {
        let bytes = text.as_bytes();
        let mut found = Vec::new();
        let mut start = 0;
        while start < bytes.len() {
            let end = (start + 1..=bytes.len())
                .rev()
                .find(|&end| naive_card(bytes, start, end));
            match end {
                Some(end) => {
                    found.push((start, end));
                    start = end;
                }
                None => start += 1,
            }
        }
        found
    }

    fn naive_card(bytes: &[u8], start: usize, end: usize) -> bool {
        let inside = &bytes[start..end];
        if !inside[0].is_ascii_digit() || !inside[inside.len() - 1].is_ascii_digit() {
            return false;
        }
        let text = std::str::from_utf8(inside).unwrap();
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let shaped = [' ', '.', '-'].iter().any(|&separator| {
            let lengths: Vec<usize> = text.split(separator).map(str::len).collect();
            let all_digits = text
                .split(separator)
                .all(|group| group.bytes().all(|byte| byte.is_ascii_digit()));
            let grouping = matches!(
                lengths[..],
                [12..=19] | [4, 4, 4, 4] | [4, 4, 4, 4, 3] | [4, 6, 4] | [4, 6, 5]
            );
            all_digits && grouping
        });
        if !shaped || digits.bytes().all(|byte| byte == digits.as_bytes()[0]) {
            return false;
        }
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let digit_at = |at: Option<usize>| {
            at.and_then(|at| bytes.get(at))
                .is_some_and(u8::is_ascii_digit)
        };
        if let Some(before) = start.checked_sub(1) {
            if is_word(bytes[before]) {
                return false;
            }
            if b".,/+-".contains(&bytes[before]) && digit_at(before.checked_sub(1)) {
                return false;
            }
        }
        if let Some(&after) = bytes.get(end)
            && (is_word(after) || b".,/-".contains(&after) && digit_at(Some(end + 1)))
        {
            return false;
        }
        let luhn: u32 = digits
            .bytes()
            .rev()
            .enumerate()
            .map(|(at, byte)| {
                let digit = u32::from(byte - b'0') * (1 + at as u32 % 2);
                digit / 10 + digit % 10
            })
            .sum();
        let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| digits.starts_with(prefix));
        let head: u32 = digits[..4].parse().unwrap();
        let length = digits.len();
        let branded = starts(&["4"]) && [13, 16, 19].contains(&length)
            || (starts(&["51", "52", "53", "54", "55"]) || (2221..=2720).contains(&head))
                && length == 16
            || starts(&["34", "37"]) && length == 15
            || (starts(&["36", "38", "39", "3095"]) || (3000..=3059).contains(&head))
                && [14, 16, 19].contains(&length)
            || (starts(&["6011", "65"]) || (6440..=6499).contains(&head))
                && [16, 19].contains(&length)
            || (3528..=3589).contains(&head) && [16, 19].contains(&length)
            || starts(&["62", "81", "2200", "2201", "2202", "2203", "2204"])
                && (16..=19).contains(&length)
            || starts(&[
                "5018", "5020", "5038", "5893", "6304", "6759", "6761", "6762", "6763",
            ]) && (12..=19).contains(&length)
            || starts(&["5019", "508", "353", "356", "60", "82", "9792"]) && length == 16;
        luhn.is_multiple_of(10) && branded
    }
}

fn text_with_cards() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => proptest::sample::select(vec![
            "4111 1111 1111 1111", "4111-1111-1111-1111", "4111111111111111", "378282246310005",
            "3782 822463 10005", "3056 930902 5904", "6200 0000 0000 0000 003",
            "4222222222222", "6759649826438453", "675964982643",
        ]).prop_map(str::to_owned),
        3 => "[0-9]{1,5}",
        3 => proptest::sample::select(vec![" ", "-", ".", ",", "/", "+", ", ", "x", "_"])
            .prop_map(str::to_owned),
        1 => "[2-6][0-9]{11,18}",
    ];
    proptest::collection::vec(piece, 1..8)
        .prop_map(|pieces| pieces.concat())
        // Several spaces in a number count as one; the twin knows nothing of that.
        .prop_filter("one space at a time", |text| !text.contains("  "))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn cards_as_the_naive_twin_finds_them(text in text_with_cards()) {
        let found: Vec<_> = CARDS
            .inspect(&text, &default())
            .matches()
            .iter()
            .map(|found| (found.span.start, found.span.end))
            .collect();
        prop_assert_eq!(found, twin::naive_cards(&text));
    }

    #[test]
    fn c_021_no_public_type_prints_a_match(
        text in text_with_cards(),
        around in "[ a-z0-9@.]{0,20}",
        shown in any::<bool>(),
    ) {
        let text = format!("{around} {text} {around} dana@contoso.example 536-22-8726 ssn");
        let inspector = &*ALL;
        let mut options = default();
        options.last_four = if shown { LastFour::Shown } else { LastFour::Masked };
        let findings = inspector.inspect(&text, &options);
        for found in findings.matches() {
            let evidence = &found.evidence;
            let printed = format!("{} {}", evidence, evidence.masked());
            let value = &text[found.span.clone()];
            prop_assert!(!printed.contains(value), "{printed}");
            let context = format!("{}{}", evidence.before(), evidence.after());
            prop_assert!(!context.contains(|it: char| it.is_ascii_digit()), "{context}");
            let readable = evidence.masked().chars().filter(|it| it.is_alphanumeric() && *it != 'X');
            let allowed = if shown { 4 } else { 0 };
            prop_assert!(readable.count() <= allowed);
        }
        let debug = format!("{findings:?} {inspector:?}");
        for found in findings.matches() {
            prop_assert!(!debug.contains(&text[found.span.clone()]), "{debug}");
        }
    }

    #[test]
    fn any_text_is_inspected_without_harm(text in "\\PC{0,200}") {
        let findings = ALL.inspect(&text, &default());
        for found in findings.matches() {
            prop_assert!(text.get(found.span.clone()).is_some_and(|value| !value.is_empty()));
        }
        let again = ALL.inspect(&text, &default());
        prop_assert_eq!(findings, again);
    }
}
