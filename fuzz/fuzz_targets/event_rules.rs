//! Any text as a document of event rules, and as a log of label events: read or refused the same way
//! each time, written and read without a loss, and played without a panic.
//!
//! The input is a document, and after a line `---` a log, one event a line.
#![no_main]

use std::sync::LazyLock;

use label_core::{LabelCatalog, LabelView, TenantId, source::graph};
use libfuzzer_sys::fuzz_target;
use policy_engine::alerts::{AlertBook, AlertOptions, NewAlert};
use policy_engine::events::{
    EventMatcher, EventOptions, EventRule, EventRuleDocument, LabelEvent, MatchParameters,
};
use policy_engine::{BuildContext, FilterDialect};

const LABELS: &[u8] = include_bytes!("../../examples/data/labels.json");
const TENANT: &str = "74f71239-3dea-461b-910f-15d15a71655a";

static VIEW: LazyLock<LabelView> = LazyLock::new(|| {
    let tenant = TenantId::parse(TENANT).expect("a GUID");
    let labels = graph::parse(tenant, LABELS).expect("our own list").labels;
    let (catalog, _) = LabelCatalog::build(tenant, labels).expect("our own list");
    LabelView::new(catalog.into())
});

fuzz_target!(|input: &str| {
    let (document, log) = input.split_once("\n---\n").unwrap_or((input, ""));
    let events: Vec<LabelEvent> = log.lines().filter_map(event).collect();
    let mut context = BuildContext::new(&VIEW);
    let read = EventRuleDocument::from_json(document, &context);
    context.dialect = FilterDialect::Product;
    let of_product = EventRuleDocument::from_json(document, &context);
    let document = match read {
        Ok(document) => document,
        Err(errors) => {
            assert!(!errors.as_slice().is_empty() && !errors.to_string().is_empty());
            assert!(
                of_product.is_err(),
                "our dialect takes less than the product's"
            );
            return;
        }
    };
    if let Ok(of_product) = of_product {
        assert_eq!(of_product, document);
    }
    context.dialect = FilterDialect::Extended;
    let written = serde_json::to_string(&document).expect("a document can be written");
    let again = EventRuleDocument::from_json(&written, &context);
    assert_eq!(again.as_ref(), Ok(&document), "{written}");
    for rule in &document.rules {
        play(rule, &events);
    }
});

fn event(line: &str) -> Option<LabelEvent> {
    let event = LabelEvent::from_json(line, &VIEW).ok()?;
    let written = serde_json::to_string(&event).expect("an event can be written");
    let again = LabelEvent::from_json(&written, &VIEW);
    assert_eq!(again.as_ref(), Ok(&event), "{written}");
    Some(event)
}

fn play(rule: &EventRule, events: &[LabelEvent]) {
    assert_eq!(
        rule.check(),
        Ok(()),
        "a rule that was read and is not in range"
    );
    let options = EventOptions::default();
    let mut matcher = EventMatcher::new(rule.clone(), options).expect("the rule is in range");
    let mut book = AlertBook::new(AlertOptions::default());
    for event in events {
        let found = matcher.observe(event, event.at_ms);
        assert!(
            found.is_none() || rule.takes(event),
            "a match of an event that is not taken"
        );
        if rule.parameters == MatchParameters::Single {
            assert_eq!(found.is_some(), rule.takes(event));
        }
        if let Some(alert) = found.and_then(|found| NewAlert::of_event_match(rule, found)) {
            assert!(
                book.raise(alert, event.at_ms).is_ok(),
                "an empty book has room"
            );
        }
    }
}
