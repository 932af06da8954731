//! A tenant's catalogue of 10,000 labels: loaded, looked up, compared, and asked for a decision;
//! beside what `serde_json` and a `HashMap` take for the same bytes and keys alone.

use std::collections::HashMap;
use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;

use benches::writing::status;
use benches::{must, paired};
use criterion::Criterion;
use label_core::decide::{ApplyQuestion, CurrentLabel, DocumentFacts, DocumentKind, apply};
use label_core::source::graph;
use label_core::sync::diff;
use label_core::{
    AppId, Label, LabelCapableApps, LabelCatalog, LabelId, LabelKey, LabelView, TenantId,
};

const TENANT: TenantId = TenantId::from_u128(0x74f7_1239_3dea_461b_910f_15d1_5a71_655a);
const LABELS: u32 = 10_000;
/// Sublabels of each heading.
const SUBLABELS: u32 = 9;
const ROUNDS: usize = 101;

fn id(number: u32) -> LabelId {
    LabelId::from_u128(0x1000_0000_0000_4000_8000_0000_0000_0000 + u128::from(number) * 0x9e37_79b9)
}

/// An answer of Graph with all members that it has, headings with their sublabels.
fn answer() -> String {
    let one = |number: u32, inner: &str| {
        format!(
            r##"{{"id":"{}","name":"Label {number}","displayName":"Label {number}","description":"What label {number} is for","toolTip":"Shown to people","color":"#0078D7","priority":{number},"isEnabled":true,"hasProtection":{},"applicableTo":"email,file","isDefault":false,"sublabels":[{inner}]}}"##,
            id(number),
            number.is_multiple_of(3)
        )
    };
    let headings: Vec<String> = (0..LABELS)
        .step_by(SUBLABELS as usize + 1)
        .map(|heading| {
            let inner: Vec<String> = (1..=SUBLABELS).map(|at| one(heading + at, "")).collect();
            one(heading, &inner.join(","))
        })
        .collect();
    format!(r#"{{"value":[{}]}}"#, headings.join(","))
}

fn load(body: &[u8]) -> LabelCatalog {
    let list = must(graph::parse(TENANT, body));
    must(LabelCatalog::build(TENANT, list.labels)).0
}

fn benches(criterion: &mut Criterion) -> Result<(), Box<dyn Error>> {
    let body = answer();
    let body = body.as_bytes();
    // The first one warms the allocator up; what the second takes is its own.
    let warm = load(body);
    let resident_bytes = || status("VmRSS").unwrap_or_default() * 1_024;
    // Several at a time: what loading frees again is used for the next one.
    const HELD: u64 = 8;
    let before = resident_bytes();
    let held: Vec<LabelCatalog> = (0..HELD).map(|_| load(body)).collect();
    let own = resident_bytes().saturating_sub(before) / HELD;
    drop(held);
    let catalog = load(body);
    println!(
        "{} labels in {} bytes of JSON; {} bytes of memory a label",
        catalog.len(),
        body.len(),
        own / u64::from(LABELS)
    );
    drop(warm);

    let mut ours = || drop(black_box(load(black_box(body))));
    let mut value = || {
        let parsed: serde_json::Value = must(serde_json::from_slice(black_box(body)));
        drop(black_box(parsed));
    };
    let [(seconds, ratio), _] = paired::medians(ROUNDS, [&mut ours, &mut value]);
    println!(
        "load: {:.1} ms, {ratio:.2} of serde_json into a `Value`",
        seconds * 1e3
    );

    let keys: Vec<LabelKey> = (0..LABELS)
        .map(|number| LabelKey::new(TENANT, id(number.wrapping_mul(7_919) % LABELS)))
        .collect();
    let map: HashMap<LabelKey, Label> = catalog
        .labels()
        .map(|label| (label.key, label.clone()))
        .collect();
    let mut ours = || {
        for key in &keys {
            black_box(catalog.label(*black_box(key)));
        }
    };
    let mut plain = || {
        for key in &keys {
            black_box(map.get(black_box(key)));
        }
    };
    let [(seconds, ratio), _] = paired::medians(ROUNDS, [&mut ours, &mut plain]);
    let each = seconds * 1e9 / f64::from(LABELS);
    println!("look-up by key: {each:.1} ns, {ratio:.2} of a `HashMap`");

    // One label in a hundred has another name, the rest are the same.
    let mut labels: Vec<Label> = catalog.labels().cloned().collect();
    for label in labels.iter_mut().step_by(100) {
        label.display_name = Some(format!("{} new", label.name()));
    }
    let (changed, _) = must(LabelCatalog::build(TENANT, labels));
    let found = diff(&catalog, &changed).changes().len();
    let mut compare = || drop(black_box(diff(black_box(&catalog), black_box(&changed))));
    let [(seconds, _)] = paired::medians(ROUNDS, [&mut compare]);
    println!(
        "comparison, {found} labels changed: {:.2} ms",
        seconds * 1e3
    );

    let view = LabelView::new(Arc::new(catalog.clone()));
    let apps = LabelCapableApps::default();
    // Beside a label that is there, so that every row is asked.
    let current = CurrentLabel::outside(LabelKey::new(TENANT, id(1)));
    let question = |target: LabelKey| {
        let mut document = DocumentFacts::new(DocumentKind::Office, 100_000);
        document.current = Some(current);
        ApplyQuestion::new(AppId::BOX, &apps, &view, target, document)
    };
    let mut decide = || {
        for key in &keys {
            black_box(apply(black_box(&question(*key))));
        }
    };
    let [(seconds, _)] = paired::medians(ROUNDS, [&mut decide]);
    println!("decision: {:.1} ns", seconds * 1e9 / f64::from(LABELS));

    let mut group = criterion.benchmark_group("labels");
    group.bench_function("load", |bencher| bencher.iter(|| load(black_box(body))));
    group.finish();
    Ok(())
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    must(benches(&mut criterion));
    criterion.final_summary();
}
