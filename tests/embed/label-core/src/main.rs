use label_core::{Label, LabelCatalog, LabelId, LabelKey, LabelOrigin, LabelView, TenantId};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let contoso = TenantId::parse("74f71239-3dea-461b-910f-15d15a71655a")?;
    let fabrikam = TenantId::parse("954a5c8e-29bd-4c0a-a36d-0c8b8a04e5f1")?;
    let confidential = Label::new(contoso, LabelId::from_u128(1), "Confidential");
    let mut finance = Label::new(contoso, LabelId::from_u128(2), "Finance");
    finance.parent = Some(confidential.key.label);

    let (catalog, notes) = LabelCatalog::build(contoso, vec![confidential, finance])?;
    assert!(notes.is_empty());
    let view = LabelView::new(catalog.into());
    let found = view.find("confidential/finance")?;
    assert_eq!(view.origin_of(found), LabelOrigin::Own(found));
    assert_eq!(view.not_appliable(found), None);

    let same_id_elsewhere = LabelKey::new(fabrikam, found.label);
    assert_eq!(
        view.origin_of(same_id_elsewhere),
        LabelOrigin::External(same_id_elsewhere)
    );
    println!("label-core: {found}");
    Ok(())
}
