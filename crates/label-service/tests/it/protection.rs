//! Labels that protect, through the caller's own pair.

use std::cell::Cell;
use std::io::Write as _;
use std::rc::Rc;

use governance::ActionKind;
use label_core::{FileId, LabelProtection};
use label_formats::{
    ApplyRequest, Decrypted, Decryptor, EncryptingIdentity, ProtectRequest, Protected, Protector,
    ReadOptions, WriteOptions, read,
};

use crate::world::*;

/// Encrypts by hiding a document in a compound file that reads as rights-managed: for tests only.
struct LoopBack;

impl Protector for LoopBack {
    fn protect(&self, document: &[u8], _: ProtectRequest) -> Result<Protected, String> {
        let mut file = cfb::CompoundFile::create(std::io::Cursor::new(Vec::new())).unwrap();
        let place = "/\u{6}DataSpaces/TransformInfo/DRMEncryptedTransform";
        file.create_storage_all(place).unwrap();
        file.create_stream(format!("{place}/\u{6}Primary")).unwrap();
        let hidden: Vec<u8> = document.iter().map(|byte| byte ^ 0x5a).collect();
        file.create_stream("/EncryptedPackage")
            .unwrap()
            .write_all(&hidden)
            .unwrap();
        file.flush().unwrap();
        Ok(Protected {
            bytes: file.into_inner().into_inner(),
            identity: EncryptingIdentity::Service,
        })
    }
}

impl Decryptor for LoopBack {
    fn decrypt(&self, file: &[u8]) -> Result<Option<Decrypted>, String> {
        use std::io::Read;
        let mut file =
            cfb::CompoundFile::open(std::io::Cursor::new(file)).map_err(|e| e.to_string())?;
        let mut hidden = Vec::new();
        file.open_stream("/EncryptedPackage")
            .and_then(|mut stream| stream.read_to_end(&mut hidden))
            .map_err(|error| error.to_string())?;
        Ok(Some(Decrypted {
            bytes: hidden.iter().map(|byte| byte ^ 0x5a).collect(),
            identity: None,
        }))
    }
}

#[test]
fn r_006_r_089_r_090_protection_through_the_callers_pair() {
    let mut world = World::new(
        r#"{"id":"p","name":"P","filters":{"sharing":{"eq":[2]}},"governance":{"10489":{"applyLabel":"Secret"}}}"#,
    );
    world.options.settings.inspect_protected = true;
    world.app().put("plain.docx", "1", document("text", None));
    let outside = LoopBack
        .protect(
            &document("theirs", Some(key(GENERAL))),
            // The request is not looked at.
            request(),
        )
        .unwrap()
        .bytes;
    world.app().put("theirs.docx", "1", outside);
    let mut service = world
        .open()
        .with_protector(Box::new(LoopBack))
        .with_decryptor(Box::new(LoopBack));
    let report = service.tick(MONDAY).unwrap();
    assert_eq!(report.actions.len(), 2, "{report:?}");
    for name in ["plain.docx", "theirs.docx"] {
        let content = world
            .app()
            .files
            .content(&FileId::parse(name).unwrap())
            .unwrap();
        let reading = read(&content, &ReadOptions::default());
        assert_eq!(reading.status, label_formats::Status::Protected, "{name}");
        let inside = LoopBack.decrypt(&content).unwrap().unwrap().bytes;
        let label = read(&inside, &ReadOptions::default());
        assert_eq!(
            label.effective_for(own()).and_then(|label| label.key()),
            Some(key(SECRET))
        );
    }
    // Removing it is refused: the label has protection (R-090).
    service
        .request(&box_file("theirs.docx"), ActionKind::Remove, "dana", MONDAY)
        .unwrap();
    let report = service.tick(MONDAY + HOUR).unwrap();
    assert_eq!(reasons(&report), ["protected"]);
}

/// D4: what was protected before our label is not brought back by removing it; another label of
/// ours can be removed.
#[test]
fn r_137_a_label_that_was_set_over_protection_is_not_removed() {
    let mut world = World::new(label_external_files());
    world.options.settings.inspect_protected = true;
    let outside = LoopBack.protect(&document("theirs", None), request());
    world.app().put("theirs.docx", "1", outside.unwrap().bytes);
    world.app().put("plain.docx", "1", document("text", None));
    let mut service = world
        .open()
        .with_protector(Box::new(LoopBack))
        .with_decryptor(Box::new(LoopBack));
    service.tick(MONDAY).unwrap();
    for name in ["theirs.docx", "plain.docx"] {
        let label = world.app().label_of(name);
        assert_eq!(label, Some(key(CONFIDENTIAL)), "{name}");
    }
    // Somebody edits the files, which keep our label; and the process ends in between.
    for name in ["theirs.docx", "plain.docx"] {
        let edited = document("edited", Some(key(CONFIDENTIAL)));
        world.app().put(name, "edited", edited);
    }
    service.tick(MONDAY + HOUR).unwrap();
    drop(service);
    let mut service = world.open();
    // For a while they are not listed.
    let contents = ["theirs.docx", "plain.docx"].map(|name| {
        let id = FileId::parse(name).unwrap();
        let content = world.app().files.content(&id).unwrap();
        world.app().files.remove(&id);
        (name, content)
    });
    service.tick(MONDAY + HOUR + 1).unwrap();
    assert_eq!(service.files().unwrap().len(), 0);
    for (name, content) in contents {
        world.app().put(name, "back", content);
    }
    service.tick(MONDAY + HOUR + 2).unwrap();
    for (name, expected) in [
        ("theirs.docx", vec!["overrode_protection"]),
        ("plain.docx", vec![]),
    ] {
        service
            .request(&box_file(name), ActionKind::Remove, "dana", MONDAY)
            .unwrap();
        let report = service.tick(MONDAY + 2 * HOUR).unwrap();
        assert_eq!(reasons(&report), expected, "{name}");
    }
    assert_eq!(world.app().label_of("theirs.docx"), Some(key(CONFIDENTIAL)));
    assert_eq!(world.app().label_of("plain.docx"), None);
}

fn request() -> ProtectRequest {
    let seen = Rc::new(Cell::new(None));
    struct Catch(Rc<Cell<Option<ProtectRequest>>>);
    impl Protector for Catch {
        fn protect(&self, _: &[u8], request: ProtectRequest) -> Result<Protected, String> {
            self.0.set(Some(request));
            Err("only looking".to_owned())
        }
    }
    let mut options = WriteOptions::default();
    let catch = Catch(seen.clone());
    options.protector = Some(&catch);
    let mut apply = ApplyRequest::new(own(), label_id(SECRET), 0);
    apply.protection = LabelProtection::Template;
    let bytes = document("x", None);
    assert!(label_formats::plan_apply(&bytes, &apply, &options).is_err());
    seen.take().unwrap()
}
