//! One record against one policy and against a hundred, beside closures written by hand.

use std::error::Error;
use std::hint::black_box;

use benches::{must, paired};
use criterion::{Criterion, Throughput};
use label_core::{
    AppId, FileId, FileKey, Label, LabelCatalog, LabelId, LabelKey, LabelView, TenantId,
};
use policy_engine::{
    AccessLevel, BuildContext, ContentAnswer, FileRecord, Inspection, LabelScan, Outcome,
    PolicyDocument, PolicySet,
};

const TENANT: TenantId = TenantId::from_u128(1);
const NOW_MS: i64 = 1_609_840_800_000;
const SINCE_MS: i64 = 1_473_851_520_000;
const RECORDS: u32 = 1_000;
const ROUNDS: usize = 101;

/// What a policy of this benchmark asks for: four conditions, the last values vary.
#[derive(Clone, Copy)]
struct Wanted {
    app: AppId,
    access: AccessLevel,
    label: LabelKey,
    unit: &'static str,
}

const APPS: [AppId; 4] = [
    AppId::BOX,
    AppId::SHAREPOINT_ONLINE,
    AppId::ONEDRIVE,
    AppId::GOOGLE_WORKSPACE,
];
const UNITS: [&str; 5] = ["Finance", "Legal", "Sales", "Support", "Research"];

fn pick<T: Copy>(list: &[T], number: u32, default: T) -> T {
    let at = usize::try_from(number).unwrap_or(0) % list.len().max(1);
    list.get(at).copied().unwrap_or(default)
}

fn label(number: u32) -> LabelKey {
    LabelKey::new(TENANT, LabelId::from_u128(10 + u128::from(number % 8)))
}

fn wanted(number: u32) -> Wanted {
    Wanted {
        app: pick(&APPS, number, AppId::BOX),
        access: pick(&AccessLevel::ALL, number / 4, AccessLevel::Private),
        label: label(number / 3),
        unit: pick(&UNITS, number / 7, "Finance"),
    }
}

fn document(count: u32) -> String {
    let policies: Vec<String> = (0..count)
        .map(|number| {
            let wanted = wanted(number);
            format!(
                r#"{{"id": "p{number}", "name": "Policy {number}", "filters": {{"service": {{"eq": [{}]}}, "sharing": {{"eq": [{}]}}, "fileLabels": {{"eq": ["{}"]}}, "modifiedDate": {{"gte": {SINCE_MS}}}, "owner.orgUnit": {{"eq": ["{}"]}}}}}}"#,
                wanted.app.0,
                wanted.access.code(),
                wanted.label.label,
                wanted.unit
            )
        })
        .collect();
    format!(
        r#"{{"format": "file-policies/1", "policies": [{}]}}"#,
        policies.join(",")
    )
}

/// Records of which about every second one meets the conditions of one of the policies.
fn records() -> Result<Vec<FileRecord>, Box<dyn Error>> {
    (0..RECORDS)
        .map(|number| {
            let wanted = wanted(number % 100);
            let id = FileId::parse(&format!("file {number}"))?;
            let mut file = FileRecord::new(FileKey::new(wanted.app, 0, id), "Plan.docx");
            file.access_level = Some(wanted.access);
            file.labels.push(if number % 2 == 0 {
                wanted.label
            } else {
                label(number)
            });
            file.label_scan = LabelScan::Done;
            file.modified_ms = Some(NOW_MS);
            file.owner_org_unit = Some(wanted.unit.into());
            Ok(file)
        })
        .collect()
}

fn matches(wanted: &Wanted, file: &FileRecord) -> bool {
    file.key.app == wanted.app
        && file.access_level == Some(wanted.access)
        && file.labels.contains(&wanted.label)
        && file.modified_ms.is_some_and(|at| at >= SINCE_MS)
        && file
            .owner_org_unit
            .as_deref()
            .is_some_and(|unit| unit.eq_ignore_ascii_case(wanted.unit))
}

type Closure = Box<dyn Fn(&FileRecord) -> bool>;

fn ours(set: &PolicySet, records: &[FileRecord]) -> usize {
    let mut nothing_read = |_: &Inspection| ContentAnswer::NotYet;
    let mut count = 0;
    for file in records {
        for evaluation in set.evaluate(black_box(file), NOW_MS, &mut nothing_read) {
            count += usize::from(evaluation.outcome == Outcome::Match);
        }
    }
    count
}

/// Every policy by itself, without its set.
fn alone(set: &PolicySet, records: &[FileRecord]) -> usize {
    let mut nothing_read = |_: &Inspection| ContentAnswer::NotYet;
    let mut count = 0;
    for policy in set.policies() {
        for file in records {
            let outcome = policy.evaluate(black_box(file), NOW_MS, &mut nothing_read);
            count += usize::from(outcome == Outcome::Match);
        }
    }
    count
}

/// Explanations as data, none put into words.
fn traced(set: &PolicySet, records: &[FileRecord]) -> usize {
    let mut nothing_read = |_: &Inspection| ContentAnswer::NotYet;
    let mut count = 0;
    for file in records {
        for policy in set.policies() {
            let trace = policy.trace(black_box(file), NOW_MS, &mut nothing_read);
            count += usize::from(trace.outcome() == Outcome::Match);
        }
    }
    count
}

fn traces(set: &PolicySet, records: &[FileRecord]) {
    assert_eq!(ours(set, records), traced(set, records), "the same matches");
    let [off, on] = paired::medians(
        ROUNDS,
        [
            &mut || drop(black_box(vec![ours(set, records)])),
            &mut || drop(black_box(vec![traced(set, records)])),
        ],
    );
    println!(
        "with a trace of every condition : without {:.1}",
        on.0 / off.0
    );
}

/// One set, asked by one thread and by two at once, each with all records: halves of them would
/// differ in what they cost. Beside it two threads that share nothing, which is what the machine can
/// do: each has a set and records of its own.
fn threads(set: &PolicySet, own: &PolicySet, records: &[FileRecord]) {
    let repeat = (100_000 / set.policies().len().max(1)).max(1);
    let own_records = records.to_vec();
    let work = |set: &PolicySet, records: &[FileRecord]| {
        for _ in 0..repeat / 10 {
            black_box(ours(set, records));
        }
    };
    let two = |other: &PolicySet, other_records: &[FileRecord]| {
        std::thread::scope(|scope| {
            scope.spawn(|| work(other, other_records));
            work(set, records);
        });
    };
    let [one, sharing, apart] = paired::medians(
        ROUNDS / 10,
        [
            &mut || work(set, records),
            &mut || two(set, records),
            &mut || two(own, &own_records),
        ],
    );
    println!(
        "two threads that share one set do the work of {:.2}, two that share nothing {:.2}",
        2.0 * one.0 / sharing.0,
        2.0 * one.0 / apart.0
    );
}

fn by_hand(closures: &[Closure], records: &[FileRecord]) -> usize {
    let mut count = 0;
    for file in records {
        for closure in closures {
            count += usize::from(closure(black_box(file)));
        }
    }
    count
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut criterion = Criterion::default().configure_from_args();
    let labels: Vec<Label> = (0..8)
        .map(|number| Label::new(TENANT, label(number).label, &format!("Label {number}")))
        .collect();
    let (catalog, _) = LabelCatalog::build(TENANT, labels)?;
    let view = LabelView::new(catalog.into());
    let context = BuildContext::new(&view);
    let records = records()?;
    for count in [1, 100] {
        let text = document(count);
        let set = PolicySet::build(&PolicyDocument::from_json(&text)?, &context)?;
        let closures: Vec<Closure> = (0..count)
            .map(|number| {
                let wanted = wanted(number);
                Box::new(move |file: &FileRecord| matches(&wanted, file)) as Closure
            })
            .collect();
        let found = ours(&set, &records);
        assert_eq!(found, by_hand(&closures, &records), "the same matches");
        assert_eq!(found, alone(&set, &records), "the same matches");
        let [engine, by_itself, closure] = paired::medians(
            ROUNDS,
            [
                &mut || drop(black_box(vec![ours(&set, &records)])),
                &mut || drop(black_box(vec![alone(&set, &records)])),
                &mut || drop(black_box(vec![by_hand(&closures, &records)])),
            ],
        );
        let pairs = f64::from(RECORDS) * f64::from(count);
        println!(
            "{RECORDS} records, {count} policies of 5 conditions, {} bytes of document, {found} matches: {:.1} ns per record and policy; ours : closures {:.2}",
            text.len(),
            engine.0 / pairs * 1e9,
            engine.0 / closure.0
        );
        println!(
            "each policy by itself: {:.1} ns per record and policy; ours : closures {:.2}",
            by_itself.0 / pairs * 1e9,
            by_itself.0 / closure.0
        );
        let mut group = criterion.benchmark_group(format!("evaluate/{count} policies"));
        group.throughput(Throughput::Elements(u64::from(RECORDS) * u64::from(count)));
        group.bench_function("ours", |bencher| bencher.iter(|| ours(&set, &records)));
        group.bench_function("closures", |bencher| {
            bencher.iter(|| by_hand(&closures, &records));
        });
        group.finish();
        traces(&set, &records);
        let own = PolicySet::build(&PolicyDocument::from_json(&text)?, &context)?;
        threads(&set, &own, &records);
        let mut group = criterion.benchmark_group(format!("build/{count} policies"));
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function("from JSON", |bencher| {
            bencher.iter(|| must(PolicySet::from_json(&text, &context)));
        });
        group.finish();
    }
    criterion.final_summary();
    Ok(())
}
