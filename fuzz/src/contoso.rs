//! A small label list, and rules for it: what questions are asked about.

use label_core::evaluate::{ClassificationRule, CustomAction, NameValue, RuleMode};
use label_core::{
    ContentMarking, Encryption, EncryptionKind, Label, LabelCatalog, LabelId, LabelProtection,
    LabelState, MarkingPlace, Publication, SensitiveTypeId, Targets, TenantId,
};

/// Whose labels these are.
pub const TENANT: TenantId = TenantId::from_u128(0x74f7_1239_3dea_461b_910f_15d1_5a71_655a);

/// Disabled.
pub const PERSONAL: LabelId = LabelId::from_u128(0xb7a9_2630_91fc_4d7a_a2e5_40ad_3c3e_d918);
pub const PUBLIC: LabelId = LabelId::from_u128(0xfe36_ad5e_9f79_45ef_903d_4b5a_f72c_cf92);
/// With all kinds of markings.
pub const GENERAL: LabelId = LabelId::from_u128(0x247d_25b6_53f6_440e_9853_7b0b_7f86_f502);
/// A heading; [`ANYONE`] stands for it.
pub const CONFIDENTIAL: LabelId = LabelId::from_u128(0xe2b2_82cb_f306_49ad_947d_fb80_289f_a63c);
pub const ANYONE: LabelId = LabelId::from_u128(0x54e1_27c4_cb4b_4c47_9694_0e5e_3978_674f);
/// Encrypts by a template.
pub const EMPLOYEES: LabelId = LabelId::from_u128(0x58e3_6f80_be96_48f3_abc1_b4ce_0d6b_ca3a);
/// A heading that nothing stands for.
pub const HIGHLY: LabelId = LabelId::from_u128(0xcd36_41fa_5609_40a2_b314_2aa6_d64b_6ae3);
/// Encrypts messages, and asks about files.
pub const TRUSTED: LabelId = LabelId::from_u128(0x32e8_4e17_c7bd_46dd_b624_3eb6_de71_9cdf);
/// Encrypts, and the list does not say how.
pub const STAFF: LabelId = LabelId::from_u128(0x90b3_e5d9_f2ca_4932_aea9_4da4_5249_749b);
/// Nothing is known of its protection and markings.
pub const VAGUE: LabelId = LabelId::from_u128(0xbe0a_0d93_4992_4ccd_9b37_af86_c41f_be99);
/// Takes encryption off.
pub const STRIPPED: LabelId = LabelId::from_u128(0x11af_2872_d467_45ba_ba04_f534_048e_2c87);
pub const DELETED: LabelId = LabelId::from_u128(0x8d5c_192e_33ec_4ccf_add0_8906_f1e8_9dfc);
/// In no policy.
pub const HIDDEN: LabelId = LabelId::from_u128(0x7624_ced3_8f4c_4e9e_a8c5_e7a6_72ca_afe7);

/// The list.
pub fn catalog() -> LabelCatalog {
    let label = |id, name: &str, parent: Option<LabelId>| {
        let mut label = Label::new(TENANT, id, name);
        label.parent = parent;
        label.markings = Some(Vec::new());
        label
    };
    let mut personal = label(PERSONAL, "Personal", None);
    personal.state = LabelState::Disabled;
    let mut general = label(GENERAL, "General", None);
    general.back_end_name = Some("general-1".to_owned());
    general.color = Some("#0078D7".to_owned());
    general.markings = Some(markings());
    let mut confidential = label(CONFIDENTIAL, "Confidential", None);
    confidential.default_sublabel = Some(ANYONE);
    confidential.color = Some("#A80000".to_owned());
    let mut anyone = label(ANYONE, "Anyone", Some(CONFIDENTIAL));
    anyone.markings = Some(vec![ContentMarking::new(
        MarkingPlace::Watermark,
        "${Item.Label}",
    )]);
    let mut employees = label(EMPLOYEES, "All Employees", Some(CONFIDENTIAL));
    employees.protection = LabelProtection::Template;
    let mut encryption = Encryption::new(EncryptionKind::Template);
    encryption.template_id = Some("84ffb6c2-2dfe-4af6-ba1d-7d19086d8bf8".to_owned());
    employees.encryption = Some(encryption);
    let mut trusted = label(TRUSTED, "Trusted People", Some(HIGHLY));
    trusted.targets = Targets::parse("file, email, site");
    trusted.protection = LabelProtection::UserDefined;
    trusted.encryption = Some(Encryption::new(EncryptionKind::UserDefined {
        prompt: true,
        do_not_forward: true,
        encrypt_only: false,
    }));
    let mut staff = label(STAFF, "Staff", Some(HIGHLY));
    staff.protection = LabelProtection::Unspecified;
    staff.markings = Some(vec![ContentMarking::new(MarkingPlace::Footer, "staff")]);
    let mut vague = label(VAGUE, "Vague", Some(HIGHLY));
    vague.protection = LabelProtection::Unknown;
    vague.markings = None;
    let mut stripped = label(STRIPPED, "Stripped", None);
    stripped.encryption = Some(Encryption::new(EncryptionKind::Remove));
    let mut deleted = label(DELETED, "Deleted", None);
    deleted.state = LabelState::Deleted;
    let mut hidden = label(HIDDEN, "Hidden", None);
    hidden.publication = Publication::NotPublished;
    let labels = [
        personal,
        label(PUBLIC, "Public", None),
        stripped,
        general,
        confidential,
        anyone,
        employees,
        deleted,
        label(HIGHLY, "Highly Confidential", None),
        trusted,
        staff,
        vague,
        hidden,
    ];
    let labels = (0_i64..).zip(labels).map(|(order, mut label)| {
        label.source_order = order;
        label
    });
    let (catalog, _) = LabelCatalog::build(TENANT, labels.collect()).expect("a small list");
    catalog
}

fn markings() -> Vec<ContentMarking> {
    let places = [
        MarkingPlace::Header,
        MarkingPlace::Footer,
        MarkingPlace::Watermark,
    ];
    places
        .map(|place| {
            let text = "${Item.Name} ${User.Name} ${Event.DateTime} ${If.App.WX}x${If.End}";
            let mut marking = ContentMarking::new(place, text);
            marking.font_size = Some(10);
            marking.alignment = Some("Center".to_owned());
            marking.layout = Some("Diagonal".to_owned());
            marking.margin = Some(5);
            marking
        })
        .to_vec()
}

/// What calls for these labels: types 1 to 6, and several for one label.
pub fn rules() -> Vec<ClassificationRule> {
    let rule = |label, number, mode| {
        ClassificationRule::new(label, SensitiveTypeId::from_u128(number), mode)
    };
    let mut rules = vec![
        rule(GENERAL, 1, RuleMode::Automatic),
        rule(GENERAL, 2, RuleMode::Recommended),
        rule(ANYONE, 2, RuleMode::Automatic),
        rule(EMPLOYEES, 3, RuleMode::Recommended),
        rule(STAFF, 4, RuleMode::Automatic),
        rule(PERSONAL, 5, RuleMode::Automatic),
        rule(TRUSTED, 6, RuleMode::Recommended),
    ];
    rules[2].min_count = 2;
    rules[3].max_count = Some(10);
    rules[4].min_confidence = 75;
    rules
}

/// What the caller wants done with one of the labels.
pub fn custom_actions() -> Vec<(LabelId, CustomAction)> {
    let action = CustomAction {
        name: "audit".to_owned(),
        properties: vec![NameValue::new("a", "b")],
    };
    vec![(GENERAL, action)]
}
