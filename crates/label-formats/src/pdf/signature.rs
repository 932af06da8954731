//! Signatures, certification and usage rights, from the catalog and the form fields (F-127, 5.5).

use std::collections::{HashSet, VecDeque};

use super::file::{Found, PdfFile};
use super::object::{Dictionary, Object, ObjectId};
use crate::signatures::{PdfCertification, PdfSignatures};

/// Most signature references of one signature. Genuine ones have one or two.
const REFERENCES_MAX: usize = 16;

/// Bit 1 of `/SigFlags`: there are signatures.
const SIGNATURES_EXIST: i64 = 1;

/// Bit 2 of `/SigFlags`: whoever writes the file anew may break signatures.
const APPEND_ONLY: i64 = 2;

/// How far a look goes.
struct Extent {
    /// Most fields that are looked at in a form that says it has signatures.
    fields: usize,
    /// Most in one that doesn't say so. Writers set the flag as a rule.
    fields_unflagged: usize,
    /// Most bytes that are read. A signature has some 20 KB.
    work_bytes: u64,
}

/// Who reads wants the label; a form of hundreds of plain fields must not be slow.
const TO_READ: Extent = Extent {
    fields: 1_000,
    fields_unflagged: 64,
    work_bytes: 8 * 1_048_576,
};

/// Who writes has to know, and a form of thousands of plain fields must not pass for a signed one.
const TO_WRITE: Extent = Extent {
    fields: 100_000,
    fields_unflagged: 100_000,
    work_bytes: 128 * 1_048_576,
};

/// What the file says about signatures; `None` if it is not signed.
pub(super) fn read(file: &PdfFile<'_>, catalog: &Dictionary) -> Option<PdfSignatures> {
    let (found, _) = look(file, catalog, &TO_READ)?;
    found.is_signed().then_some(found)
}

/// What speaks against a change.
#[derive(Debug, Default)]
pub(super) struct Obstacles {
    /// What was seen of signatures, where there are any or may be some that were not seen.
    pub(super) signatures: Option<PdfSignatures>,
    /// Whether the form asks that the file be appended to and nothing else.
    pub(super) append_only: bool,
}

/// Looks for signatures more thoroughly than reading does, for a change.
pub(super) fn obstacles(file: &PdfFile<'_>, catalog: &Dictionary) -> Obstacles {
    let Some((found, append_only)) = look(file, catalog, &TO_WRITE) else {
        return Obstacles::default();
    };
    // What could not be looked at as a whole may be signed: to write it would be the worse mistake.
    let counts = found.is_signed() || found.incomplete;
    Obstacles {
        signatures: counts.then_some(found),
        append_only,
    }
}

/// What was seen of signatures, also where there are none, and whether the form is for appending
/// only; `None` where there can't be any.
fn look(
    file: &PdfFile<'_>,
    catalog: &Dictionary,
    extent: &Extent,
) -> Option<(PdfSignatures, bool)> {
    let (permissions, form) = (catalog.get(b"Perms"), catalog.get(b"AcroForm"));
    if permissions.is_none() && form.is_none() {
        return None;
    }
    file.within(extent.work_bytes, |file| {
        let mut look = Look {
            file,
            extent,
            found: PdfSignatures::default(),
            append_only: false,
            signatures: HashSet::new(),
        };
        if let Some(permissions) = permissions {
            look.permissions(permissions);
        }
        match form.map(|form| look.see(form)) {
            Some(Seen::Dictionary(form)) => look.form(&form),
            Some(Seen::Damaged) => look.found.incomplete = true,
            Some(Seen::Nothing) | None => {}
        }
        Some((look.found, look.append_only))
    })
}

/// A look at the signatures of one file.
struct Look<'f, 'a> {
    file: &'f PdfFile<'a>,
    extent: &'f Extent,
    found: PdfSignatures,
    append_only: bool,
    /// The signatures that were counted already. One that certifies stands in two places.
    signatures: HashSet<ObjectId>,
}

/// What an object that should be a dictionary is.
enum Seen {
    Dictionary(Dictionary),
    Nothing,
    Damaged,
}

impl Look<'_, '_> {
    fn see(&self, object: &Object) -> Seen {
        match self.file.resolve(object) {
            Ok(Found::Direct(Object::Dictionary(dictionary))) => Seen::Dictionary(dictionary),
            Ok(Found::Stream(stream)) => Seen::Dictionary(stream.dictionary),
            Ok(Found::Direct(_)) => Seen::Nothing,
            Err(_) => Seen::Damaged,
        }
    }

    /// The catalog's `/Perms`.
    fn permissions(&mut self, object: &Object) {
        let permissions = match self.see(object) {
            Seen::Dictionary(permissions) => permissions,
            Seen::Nothing => return,
            Seen::Damaged => {
                // They are there; not to count them would be the more dangerous mistake.
                self.found.flagged = true;
                self.found.incomplete = true;
                return;
            }
        };
        if let Some(certifying) = permissions.get(b"DocMDP") {
            self.certifying(certifying);
        }
        for key in [&b"UR3"[..], b"UR"] {
            let rights = permissions.get(key).map(|rights| self.see(rights));
            match rights {
                Some(Seen::Dictionary(_)) => self.found.usage_rights = true,
                Some(Seen::Damaged) => {
                    self.found.usage_rights = true;
                    self.found.incomplete = true;
                }
                Some(Seen::Nothing) | None => {}
            }
        }
    }

    /// The signature that certifies the document. Where it doesn't say what may change, nothing
    /// may.
    fn certifying(&mut self, object: &Object) {
        if let Object::Reference(id) = object {
            self.signatures.insert(*id);
        }
        match self.see(object) {
            Seen::Dictionary(signature) => {
                self.references(&signature);
                if self.found.certification.is_none() {
                    self.certify(PdfCertification::NoChanges);
                }
            }
            Seen::Nothing => {}
            Seen::Damaged => {
                self.certify(PdfCertification::NoChanges);
                self.found.incomplete = true;
            }
        }
    }

    fn certify(&mut self, level: PdfCertification) {
        let known = self.found.certification.unwrap_or(level);
        self.found.certification = Some(known.min(level));
    }

    /// The catalog's `/AcroForm`.
    fn form(&mut self, form: &Dictionary) {
        let direct = |key: &[u8]| form.get(key).and_then(|object| self.file.direct(object));
        let flags = direct(b"SigFlags").and_then(|flags| flags.integer());
        let flags = flags.unwrap_or(0);
        let flagged = flags & SIGNATURES_EXIST != 0;
        let fields = direct(b"Fields");
        self.append_only |= flags & APPEND_ONLY != 0;
        self.found.flagged |= flagged;
        let fields_max = if flagged {
            self.extent.fields
        } else {
            self.extent.fields_unflagged
        };
        if let Some(Object::Array(fields)) = fields {
            self.fields(&fields, fields_max);
        }
    }

    /// Looks at fields and what is below them, level by level: signatures stand near the top.
    fn fields(&mut self, roots: &[Object], max: usize) {
        let mut visited = HashSet::new();
        let mut queue = VecDeque::new();
        let mut queued = 0;
        let mut push = |queue: &mut VecDeque<(Object, bool)>, items: &[Object], inherited: bool| {
            let room = max.saturating_sub(queued);
            queue.extend(
                items
                    .iter()
                    .take(room)
                    .map(|item| (item.clone(), inherited)),
            );
            queued += items.len().min(room);
            items.len() > room
        };
        self.found.incomplete |= push(&mut queue, roots, false);
        while let Some((object, inherited)) = queue.pop_front() {
            if let Object::Reference(id) = object
                && !visited.insert(id)
            {
                continue;
            }
            let field = match self.see(&object) {
                Seen::Dictionary(field) => field,
                Seen::Nothing => continue,
                Seen::Damaged => {
                    self.found.incomplete = true;
                    continue;
                }
            };
            let kind = field.get(b"FT").and_then(|kind| self.file.direct(kind));
            let is_signature = match kind.as_ref().and_then(Object::name) {
                Some(b"Sig") => true,
                // What is below a text field or a button is that too, unless it says otherwise.
                Some(_) => false,
                None => inherited,
            };
            if let (true, Some(value)) = (is_signature, field.get(b"V")) {
                // What is below it is its looks.
                self.signature(value);
                continue;
            }
            if let Some(Object::Array(kids)) =
                field.get(b"Kids").and_then(|kids| self.file.direct(kids))
            {
                self.found.incomplete |= push(&mut queue, &kids, is_signature);
            }
        }
    }

    /// The value of a signature field.
    fn signature(&mut self, value: &Object) {
        if let Object::Reference(id) = value
            && !self.signatures.insert(*id)
        {
            return;
        }
        let signature = match self.see(value) {
            Seen::Dictionary(signature) => signature,
            Seen::Nothing => return,
            Seen::Damaged => {
                self.found.approvals += 1;
                self.found.incomplete = true;
                return;
            }
        };
        if self.references(&signature) {
            return;
        }
        let kind = signature
            .get(b"Type")
            .and_then(|kind| self.file.direct(kind));
        if kind.as_ref().and_then(Object::name) == Some(b"DocTimeStamp") {
            self.found.timestamps += 1;
        } else {
            self.found.approvals += 1;
        }
    }

    /// What a signature says about later changes; whether it certifies the document or gives
    /// usage rights, and so approves nothing.
    fn references(&mut self, signature: &Dictionary) -> bool {
        let Some(Object::Array(references)) = signature
            .get(b"Reference")
            .and_then(|references| self.file.direct(references))
        else {
            return false;
        };
        self.found.incomplete |= references.len() > REFERENCES_MAX;
        let mut approves_nothing = false;
        for reference in references.iter().take(REFERENCES_MAX) {
            let Seen::Dictionary(reference) = self.see(reference) else {
                continue;
            };
            let method = reference
                .get(b"TransformMethod")
                .and_then(|method| self.file.direct(method));
            match method.as_ref().and_then(Object::name) {
                Some(b"DocMDP") => {
                    let level = self.level(&reference);
                    self.certify(level);
                    approves_nothing = true;
                }
                Some(b"FieldMDP") => self.found.field_locks = true,
                Some(b"UR3" | b"UR") => {
                    self.found.usage_rights = true;
                    approves_nothing = true;
                }
                _ => {}
            }
        }
        approves_nothing
    }

    fn level(&self, reference: &Dictionary) -> PdfCertification {
        let parameters = match reference.get(b"TransformParams").map(|one| self.see(one)) {
            Some(Seen::Dictionary(parameters)) => parameters,
            Some(Seen::Nothing) | None => return PdfCertification::FormFilling,
            Some(Seen::Damaged) => return PdfCertification::NoChanges,
        };
        match parameters.get(b"P").map(|level| self.file.direct(level)) {
            None | Some(Some(Object::Integer(2))) => PdfCertification::FormFilling,
            Some(Some(Object::Integer(3))) => PdfCertification::Annotations,
            _ => PdfCertification::NoChanges,
        }
    }
}
