//! Evaluating allocates nothing: counted by an allocator of this test's own.

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

#[cfg(test)]
mod tests {
    use label_core::{AppId, FileId, FileKey, LabelCatalog, LabelView, TenantId};
    use policy_engine::{
        AccessLevel, BuildContext, ContentAnswer, FileRecord, Filter, Inspection, Inventory,
        InventoryOptions, LabelScan, Outcome, PolicySet,
    };
    use serde_json::json;

    /// How many blocks were allocated meanwhile.
    fn allocated(run: impl FnOnce()) -> u64 {
        let before = dhat::HeapStats::get().total_blocks;
        run();
        dhat::HeapStats::get().total_blocks - before
    }

    fn records() -> Vec<FileRecord> {
        let record = |at: usize| {
            let id = FileId::parse(&format!("f-{at}")).unwrap();
            let mut record =
                FileRecord::new(FileKey::new(AppId::BOX, 0, id), format!("Straße {at}.pdf"));
            record.access_level = Some(AccessLevel::ALL[at % 5]);
            record.owner_org_unit = Some(["Finance", "Legal"][at % 2].into());
            record.collaborators =
                vec!["dana@contoso.example".into(), "lee@fabrikam.example".into()];
            record.domains = vec!["contoso.example".into()];
            record.parent_folders = vec!["F-1".into()];
            record.modified_ms = Some(1_600_000_000_000 + i64::try_from(at).unwrap());
            record.label_scan = [LabelScan::Done, LabelScan::Never][at % 2];
            record
        };
        (0..100).map(record).collect()
    }

    #[test]
    fn evaluating_allocates_nothing() {
        let labels = LabelView::new(LabelCatalog::empty(TenantId::from_u128(1)).into());
        let context = BuildContext::new(&labels);
        let filters = [
            json!({"sharing": {"eq": [2, 3]}, "modifiedDate": {"gte": 1}, "fileLabels": {"isset": true}}),
            json!({"filename": {"contains": ["\"straße\" \"pdf\""]}, "trashed": {"eq": false}}),
            json!({"filename": {"startswith": ["strasse"]}, "owner.orgUnit": {"neq": ["finance"]}}),
            json!({"filename": {"glob": ["*9.pdf"]}, "collaborators.users": {"regex": ["^LEE"]}}),
            json!({"filename": {"endswith": ["PDF"], "substring": ["ASS"]}}),
            json!({"any": [{"parentFolder": {"descendantof": ["f-1"]}}, {"extension": {"eq": ["pdf"]}}]}),
            json!({"collaborators.withDomain": {"deq": ["contoso.example"]}, "fileType": {"neq": [1]}}),
            json!({"modifiedDate": {"gte_ndays": 30}, "fileScanLabels": {"isset": false}}),
        ];
        let policies: Vec<_> = filters
            .iter()
            .enumerate()
            .map(|(at, filters)| json!({"id": at.to_string(), "name": "P", "filters": filters}))
            .collect();
        let text = json!({"format": "file-policies/1", "policies": policies}).to_string();
        let set = PolicySet::from_json(&text, &context).unwrap();
        let alone = set.policies()[0].clone();
        let text = json!({"format": "file-policies/1", "policies": policies[..1]}).to_string();
        let one = PolicySet::from_json(&text, &context).unwrap();
        let filter = Filter::build(&filters[2], &context).unwrap();
        let records = records();
        let mut inventory = Inventory::new(InventoryOptions::default());
        for record in records.clone() {
            inventory.insert(record).unwrap();
        }
        let now_ms = 1_600_000_100_000;
        let sweep = inventory.sweep(&set, now_ms);
        // Few policies are looked up in another way than many.
        let few = inventory.sweep(&one, now_ms);
        let (mut of_few, mut of_alone) = (0, 0);
        let mut finder = set.finder();
        let mut not_read = |_: &Inspection| ContentAnswer::NotYet;

        // A regular expression takes its scratch memory when it is first used.
        for record in &records {
            let _ = set.evaluate(record, now_ms, &mut not_read).count();
        }
        let profiler = dhat::Profiler::builder().testing().build();
        assert!(allocated(|| drop(vec![1_u8])) > 0, "the allocator counts");
        let (mut one_by_one, mut found, mut swept, mut by_record, mut by_policy, mut filtered) =
            (0, 0, 0, 0, 0, 0);
        let blocks = allocated(|| {
            for (at, record) in records.iter().enumerate() {
                for evaluation in set.evaluate(record, now_ms, &mut not_read) {
                    one_by_one += usize::from(evaluation.outcome != Outcome::NoMatch);
                }
                let outcome = alone.evaluate(record, now_ms, &mut not_read);
                of_alone += usize::from(outcome != Outcome::NoMatch);
                few.each_policy(at, |_, _| of_few += 1);
                for evaluation in one.evaluate(record, now_ms, &mut not_read) {
                    assert_eq!(evaluation.outcome, outcome);
                }
                finder.find(record, now_ms, &mut not_read, |_| found += 1);
                for policy in 0..filters.len() {
                    swept += usize::from(sweep.outcome(policy, at) != Outcome::NoMatch);
                }
                sweep.each_policy(at, |_, _| by_record += 1);
                filtered +=
                    usize::from(filter.answer(record, now_ms) == policy_engine::Answer::Yes);
            }
            for policy in 0..filters.len() {
                sweep.each_record(policy, |_, _| by_policy += 1);
            }
        });
        assert_eq!(blocks, 0);
        drop(profiler);
        assert!(one_by_one > 100, "{one_by_one}");
        assert_eq!([found, swept, by_record, by_policy], [one_by_one; 4]);
        assert_eq!(filtered, 50);
        assert!(of_few > 0);
        assert_eq!(of_few, of_alone);
    }
}
