use governance::store::MemoryStore;
use governance::{
    ActionKind, CountedAction, FileVersion, Governance, Initiator, NewTask, Settings, TaskKey,
    TaskOutcome, WriteGrant, WriteIntent,
};
use label_core::{AppId, FileId, FileKey, LabelId, LabelKey, PolicyId, TenantId};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut governance = Governance::open(MemoryStore::new(), Settings::default())?;
    let tenant = TenantId::from_u128(1);
    let now = 1_609_840_800_000;
    for number in 0..130 {
        let key = TaskKey {
            tenant,
            file: FileKey::new(AppId::BOX, 0, FileId::parse(&format!("{number}.docx"))?),
            file_version: FileVersion::parse("1")?,
            policy: Some(PolicyId::parse("finance")?),
            action: ActionKind::Apply(LabelKey::new(tenant, LabelId::from_u128(7))),
        };
        governance.submit(&[NewTask::new(key, 5, Initiator::parse("Finance")?)], now)?;
    }
    let mut written = 0;
    for task in governance.claim(200, now)? {
        let version = FileVersion::parse("2")?;
        let intent = WriteIntent::new(version.clone());
        if governance.begin_write(task.claim(), intent, now)? == WriteGrant::Granted {
            governance.finish(task.claim(), TaskOutcome::Succeeded { version }, now)?;
            written += 1;
        }
    }
    assert_eq!(written, 100);
    assert_eq!(
        governance
            .allowance(tenant, AppId::BOX, CountedAction::ApplyLabel, now)?
            .left,
        0
    );
    println!("governance: {written} of 130 today");
    Ok(())
}
