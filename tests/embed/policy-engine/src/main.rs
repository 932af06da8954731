use label_core::{
    AppId, FileId, FileKey, Label, LabelCatalog, LabelId, LabelView, PolicyId, TenantId,
};
use policy_engine::{AccessLevel, BuildContext, ContentAnswer, FileRecord, Outcome, PolicySet};

const POLICIES: &str = r#"{"format": "file-policies/1", "policies": [{
    "id": "shared", "name": "Shared outside, on Box", "severity": "high",
    "filters": {"service": {"eq": [10489]}, "sharing": {"eq": [2, 3]}},
    "governance": {"10489": {"applyLabel": "Confidential"}}
}]}"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let contoso = TenantId::from_u128(1);
    let confidential = Label::new(contoso, LabelId::from_u128(2), "Confidential");
    let (catalog, _) = LabelCatalog::build(contoso, vec![confidential])?;
    let labels = LabelView::new(catalog.into());
    let policies = PolicySet::from_json(POLICIES, &BuildContext::new(&labels))?;
    let mut unread = |_: &_| ContentAnswer::NotYet;

    let mut file = FileRecord::new(
        FileKey::new(AppId::BOX, 0, FileId::parse("7")?),
        "Plan.docx",
    );
    for (level, expected) in [
        (AccessLevel::External, Outcome::Match),
        (AccessLevel::Internal, Outcome::NoMatch),
    ] {
        file.access_level = Some(level);
        let evaluation = policies
            .evaluate(&file, 0, &mut unread)
            .next()
            .ok_or("no policy")?;
        assert_eq!(evaluation.outcome, expected);
    }
    let why = policies.explain(&PolicyId::parse("shared")?, &file, 0, &mut unread);
    println!("policy-engine: {}", why.ok_or("no policy")?);
    Ok(())
}
