use content_inspection::{CaseRule, Expression, ExpressionKind, InspectOptions, InspectorBuilder};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let falcon = Expression::parse(ExpressionKind::Exact, "Project Falcon", CaseRule::Ignore)?;
    let inspector = InspectorBuilder::new()
        .detector("credit_card")
        .detector("iban")
        .expression("falcon", falcon)
        .build()?;
    let text = "project falcon is paid by Visa 4111-1111-1111-1111, not by 4111-1111-1111-1112";
    let findings = inspector.inspect(text, &InspectOptions::default());
    assert_eq!(findings.count_of("credit_card").total, 1);
    assert_eq!(findings.count_of("iban").total, 0);
    assert_eq!(findings.count_of("falcon").total, 1);
    println!("content-inspection: {} matches", findings.total().total);
    Ok(())
}
