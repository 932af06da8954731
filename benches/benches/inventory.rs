//! A million records: counted, listed and swept, beside a pass over plain columns.

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use benches::paired;
use label_core::{
    AppId, FileId, FileKey, Label, LabelCatalog, LabelId, LabelKey, LabelView, TenantId,
};
use policy_engine::{
    AccessLevel, BuildContext, Counting, FileRecord, Filter, Inventory, InventoryOptions,
    LabelScan, PolicySet, Query, QueryOptions,
};
use serde_json::json;

const TENANT: TenantId = TenantId::from_u128(1);
const NOW_MS: i64 = 1_609_840_800_000;
const RECORDS: u32 = 1_000_000;
const RECORDS_QUICK: u32 = 200_000;
const ROUNDS: usize = 11;
const APPS: [AppId; 4] = [
    AppId::BOX,
    AppId::SHAREPOINT_ONLINE,
    AppId::ONEDRIVE,
    AppId::GOOGLE_WORKSPACE,
];

fn label(number: u32) -> LabelKey {
    LabelKey::new(TENANT, LabelId::from_u128(10 + u128::from(number % 8)))
}

/// Numbers that look random and are the same in every run.
fn mixed(number: u32, salt: u32) -> usize {
    let mixed = (number ^ salt).wrapping_mul(0x9E37_79B1);
    usize::try_from(mixed >> 8).unwrap_or(0)
}

fn record(number: u32) -> Result<FileRecord, Box<dyn Error>> {
    let app = APPS.get(mixed(number, 1) % APPS.len()).copied();
    let app = app.unwrap_or(AppId::BOX);
    let id = FileId::parse(&format!("file-{number}"))?;
    let mut file = FileRecord::new(FileKey::new(app, 0, id), format!("Plan {number}.docx"));
    file.access_level = AccessLevel::ALL.get(mixed(number, 2) % 6).copied();
    file.owner_address = Some(format!("u{}@contoso.example", mixed(number, 3) % 20_000).into());
    file.modified_ms = Some(NOW_MS - i64::from(number) * 60_000);
    if !mixed(number, 4).is_multiple_of(3) {
        file.labels.push(label(number));
        file.label_scan = LabelScan::Done;
    }
    Ok(file)
}

/// Three columns, and how many records there are of each combination.
struct Columns {
    labels: Vec<u32>,
    apps: Vec<u32>,
    levels: Vec<u8>,
}

impl Columns {
    fn of(inventory: &Inventory) -> Self {
        let mut columns = Self {
            labels: Vec::new(),
            apps: Vec::new(),
            levels: Vec::new(),
        };
        for record in inventory.records() {
            let known = (0..8).position(|number| record.labels.contains(&label(number)));
            let known = known.map_or(8, |at| u32::try_from(at).unwrap_or(8));
            columns.labels.push(known);
            let app = APPS.iter().position(|app| *app == record.key.app);
            columns
                .apps
                .push(u32::try_from(app.unwrap_or(0)).unwrap_or(0));
            let level = record.access_level.map_or(5, |level| level.code());
            columns.levels.push(u8::try_from(level).unwrap_or(5));
        }
        columns
    }

    fn count(&self) -> Vec<u32> {
        let mut counts: Vec<u32> = vec![0; 16 * 4 * 8];
        let rows = self.labels.iter().zip(&self.apps).zip(&self.levels);
        for ((label, app), level) in rows {
            let at = ((*label as usize * 4) + *app as usize) * 8 + usize::from(*level);
            if let Some(count) = counts.get_mut(at) {
                *count += 1;
            }
        }
        counts
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let is_quick = std::env::args().any(|argument| argument == "--quick");
    let count = if is_quick { RECORDS_QUICK } else { RECORDS };
    let labels: Vec<Label> = (0..8)
        .map(|number| Label::new(TENANT, label(number).label, &format!("Label {number}")))
        .collect();
    let (catalog, _) = LabelCatalog::build(TENANT, labels)?;
    let view = LabelView::new(catalog.into());
    let context = BuildContext::new(&view);

    let mut records = Vec::new();
    for number in 0..count {
        records.push(record(number)?);
    }
    let start = Instant::now();
    let mut inventory = Inventory::new(InventoryOptions::default());
    for record in records {
        inventory.insert(record)?;
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{count} records taken in, {:.0} ns each",
        seconds / f64::from(count) * 1e9
    );

    let columns = Columns::of(&inventory);
    let exposed = json!({"sharing": {"eq": [2, 3, 4]}, "fileLabels": {"eq": ["Label 3"]}});
    let filter = Filter::build(&exposed, &context)?;
    let of_owner = json!({"filters": {"owner.username": {"eq": ["u17@contoso.example"]}},
        "sortField": "modifiedDate", "sortDirection": "desc"});
    let query = Query::from_value(&of_owner, &context, &QueryOptions::default())?;
    let document = json!({"format": "file-policies/1", "policies": [
        {"id": "1", "name": "Exposed", "filters": exposed}
    ]});
    let set = PolicySet::from_json(&document.to_string(), &context)?;
    let filtered = Counting {
        filter: Some(&filter),
        now_ms: NOW_MS,
        ..Counting::default()
    };
    let without_owners = Counting {
        without_owners: true,
        ..Counting::default()
    };
    let mut matches = 0;
    inventory
        .sweep(&set, NOW_MS)
        .each_record(0, |_, _| matches += 1);

    let [
        pass,
        exposure,
        facets,
        with_owners,
        facets_filtered,
        page,
        sweep,
        one_by_one,
    ] = paired::medians(
        ROUNDS,
        [
            &mut || drop(black_box(columns.count())),
            &mut || drop(black_box(inventory.exposure(&Counting::default()))),
            &mut || drop(black_box(inventory.facets(&without_owners))),
            &mut || drop(black_box(inventory.facets(&Counting::default()))),
            &mut || drop(black_box(inventory.facets(&filtered))),
            &mut || drop(black_box(inventory.answer(&query, NOW_MS))),
            &mut || {
                let mut found = Vec::new();
                inventory
                    .sweep(&set, NOW_MS)
                    .each_record(0, |record, _| found.push(record));
                drop(black_box(found));
            },
            &mut || {
                let all = inventory.records().enumerate();
                let matching = all.filter(|(_, record)| {
                    filter.answer(record, NOW_MS) != policy_engine::Answer::No
                });
                drop(black_box(matching.map(|(at, _)| at).collect::<Vec<_>>()));
            },
        ],
    );
    println!("a policy that {matches} of them match or may match");
    for (name, measured) in [
        ("one pass over three columns", pass),
        ("exposure totals, label x access level", exposure),
        ("facets, label x app x access level", facets),
        ("the same, and owners", with_owners),
        ("the same of what a filter finds", facets_filtered),
        ("a page of one owner's files, newest first", page),
        ("a sweep made, and one policy over all records", sweep),
        ("the filter asked of each record", one_by_one),
    ] {
        println!(
            "{name:<48}{:>10.2} ms{:>8.2} of the pass",
            measured.0 * 1e3,
            measured.0 / pass.0
        );
    }
    Ok(())
}
