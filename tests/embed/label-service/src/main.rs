use label_core::source::FixedLabels;
use label_core::{AppId, FileId, Label, LabelId, TenantId};
use label_service::{ActionResult, FileMetadata, MemoryApp, Service, ServiceOptions};

const DOCUMENTS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../examples/data/documents"
);
const POLICIES: &str = r#"{"format": "file-policies/1", "policies": [{
    "id": "box", "name": "Everything on Box", "severity": "low",
    "filters": {"service": {"eq": [10489]}},
    "governance": {"10489": {"applyLabel": "Confidential"}}
}]}"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let tenant = TenantId::parse("74f71239-3dea-461b-910f-15d15a71655a")?;
    let confidential = Label::new(tenant, LabelId::from_u128(7), "Confidential");
    let app = MemoryApp::new(AppId::BOX);
    let content = std::fs::read(format!(
        "{DOCUMENTS}/box/Support/Payment Gateway Manual.docx"
    ))?;
    app.put(
        FileMetadata::new(FileId::parse("manual")?, "Manual.docx", "1", 0),
        content,
    );

    let state = std::env::temp_dir().join(format!("embed-label-service-{}", std::process::id()));
    let source = Box::new(FixedLabels::new(tenant, vec![confidential]));
    let (options, now) = (ServiceOptions::default(), 1_620_741_600_000);
    let mut service = Service::open(&state, tenant, source, vec![Box::new(app)], options, now)?;
    service.load_policies(POLICIES, now)?;
    let report = service.tick(now)?;
    assert_eq!(
        (report.scanned, report.matches.len(), report.actions.len()),
        (0, 1, 1)
    );
    assert!(matches!(
        report.actions[0].result,
        ActionResult::Done { .. }
    ));
    assert!(service.tick(now + 1)?.is_quiet());
    drop(service);
    std::fs::remove_dir_all(&state)?;
    println!("label-service: one file labelled");
    Ok(())
}
