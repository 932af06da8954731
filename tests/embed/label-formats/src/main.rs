use label_formats::{ApplyRequest, ReadOptions, Status, WriteOptions, apply, read, remove};

const DOCUMENTS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../examples/data/documents"
);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = ReadOptions::default();
    let labelled = std::fs::read(format!(
        "{DOCUMENTS}/google/Support/Partner Desk Handbook.docx"
    ))?;
    let reading = read(&labelled, &options);
    assert_eq!(reading.status, Status::Ok);
    let key = reading.effective[0].key().ok_or("no tenant")?;

    let plain = std::fs::read(format!(
        "{DOCUMENTS}/box/Support/Payment Gateway Manual.docx"
    ))?;
    assert!(!read(&plain, &options).is_labelled());
    let request = ApplyRequest::new(key.tenant, key.label, 1_620_741_600_000);
    let mut written = Vec::new();
    apply(&plain, &request, &WriteOptions::default(), &mut written)?;
    let now = read(&written, &options);
    assert_eq!(now.effective[0].key(), Some(key));

    let mut unlabelled = Vec::new();
    remove(
        &written,
        key.tenant,
        &WriteOptions::default(),
        &mut unlabelled,
    )?;
    assert!(!read(&unlabelled, &options).is_labelled());
    println!("label-formats: {key} applied and removed");
    Ok(())
}
