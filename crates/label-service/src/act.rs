//! One task: gather the facts, decide, write conditionally, record.

use governance::{
    FileVersion, NewTask, PreviousLabel, Reason, Task, TaskOutcome, TaskState, WriteEffect,
    WriteGrant, WriteIntent,
};
use label_core::decide::{
    self, ApplyQuestion, CurrentLabel, Decision, DocumentCondition, DocumentFacts, DocumentKind,
    DocumentProtection, Initiator as Asker, RemoveQuestion,
};
use label_core::{
    AssignmentMethod, EffectiveLabel, FileKey, FileLabel, LabelKey, LabelOrigin, LabelStorage,
    LabelView, PolicyId,
};
use label_formats::{
    ApplyRequest, ByteSource, FileKind, Reading, Status, TenantStorage, WriteError, WriteOptions,
    WritePlan, plan_apply, plan_remove, read,
};
use policy_engine::Action;
use sha2::{Digest, Sha256};

use crate::app::{FileMetadata, OpenFile};
use crate::error::{AppError, ServiceError};
use crate::inventory::{KnownFile, OwnWrite};
use crate::report::{ActionReport, ActionResult, Progress, TickReport};
use crate::service::{Mode, Service, hex};

/// How many tasks are taken from the scheduler at a time: one, because a crash counts as a failed
/// try of every task that was handed out, and only the one at hand can be at fault.
const CLAIM_MAX: usize = 1;

/// Codes of reasons that only the service gives.
const CHANGED: &str = "file_changed";
const GONE: &str = "file_gone";
const OWN_WRITE: &str = "own_write";

/// What a look at a file says about a write that was under way.
enum Found {
    Written(FileVersion),
    Untouched,
    Unclear,
    Unreadable,
}

/// A task that is not going to be written, and why.
struct Ended {
    outcome: TaskOutcome,
}

/// What a policy permits the label that it applies.
#[derive(Default)]
struct Permissions {
    override_user_defined: bool,
    allow_downgrade: bool,
}

/// A task that may be written.
struct Decided {
    /// The label goes over somebody's protection, or the label of ours that it replaces did.
    overrode_protection: bool,
    /// As it was before.
    had_overridden: bool,
    /// The tenant's label on the file until now: what a revert puts back.
    previous: PreviousLabel,
}

/// A task that this service can't carry out: it writes labels and moves no files.
const QUARANTINE_UNSUPPORTED: &str = "quarantine_unsupported";
const NO_QUARANTINE: &str = "files are not moved to a quarantine here";

fn skipped(code: &str, detail: &str) -> Ended {
    Ended {
        outcome: TaskOutcome::Skipped {
            reason: Reason::new(code).with_detail(detail),
            effect: WriteEffect::Nothing,
        },
    }
}

fn failed(code: &str, detail: &str) -> Ended {
    Ended {
        outcome: TaskOutcome::Failed {
            reason: Reason::new(code).with_detail(detail),
            effect: WriteEffect::Nothing,
        },
    }
}

fn retry(code: &str, detail: &str, effect: WriteEffect) -> Ended {
    Ended {
        outcome: TaskOutcome::Retry {
            reason: Reason::new(code).with_detail(detail),
            effect,
            not_before: None,
        },
    }
}

impl Service {
    /// Settles what an earlier process left under way: written or not, the file tells.
    pub(crate) fn settle_interrupted(&mut self, now_ms: i64) -> Result<(), ServiceError> {
        for task in self.governance.interrupted()? {
            match self.look_at_interrupted(&task) {
                Found::Written(version) => {
                    if let (Some(mut file), Some(intent)) =
                        (self.inventory.file(&task.key.file)?, &task.intent)
                    {
                        file.own_write = Some(own_write(&version, &intent.after_version));
                        self.inventory.put_file(&file)?;
                    }
                    let outcome = TaskOutcome::Succeeded { version };
                    self.governance.finish(task.claim(), outcome, now_ms)?;
                }
                Found::Untouched => {
                    self.governance
                        .requeue(task.claim(), WriteEffect::Nothing, now_ms)?;
                }
                // Somebody changed the file since, or it is gone: it may have been written, so
                // its unit of the daily limit stays used.
                Found::Unclear => {
                    self.governance
                        .requeue(task.claim(), WriteEffect::Possible, now_ms)?;
                }
                // Nothing can be told now; the task stays as it is until the next start.
                Found::Unreadable => {}
            }
        }
        Ok(())
    }

    fn look_at_interrupted(&self, task: &Task) -> Found {
        let Some(intent) = &task.intent else {
            // Without leave to write nothing was written.
            return Found::Untouched;
        };
        let file = &task.key.file;
        let Some(app) = self.app_of(file) else {
            return Found::Unreadable;
        };
        let opened = match app.open(&file.file) {
            Ok(opened) => opened,
            Err(AppError::NotFound) => return Found::Unclear,
            Err(_) => return Found::Unreadable,
        };
        if opened.version == task.key.file_version {
            return Found::Untouched;
        }
        match content_version(opened.source.as_ref()) {
            Ok(found) if found == intent.after_version => Found::Written(opened.version),
            Ok(_) => Found::Unclear,
            Err(_) => Found::Unreadable,
        }
    }

    /// Carries out what is due.
    pub(crate) fn act(
        &mut self,
        now_ms: i64,
        report: &mut TickReport,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), ServiceError> {
        let mut done = 0;
        while done < self.options.tasks_per_tick_max {
            let tasks = self.governance.claim(CLAIM_MAX, now_ms)?;
            if tasks.is_empty() {
                break;
            }
            for task in tasks {
                let result = self.run(&task, now_ms)?;
                report.actions.push(ActionReport {
                    task: Some(task.id),
                    file: task.key.file.clone(),
                    policy: task.key.policy.clone(),
                    action: task_text(&task, &self.labels),
                    result,
                });
                done += 1;
                progress(Progress::Acted { done });
            }
        }
        Ok(())
    }

    fn run(&mut self, task: &Task, now_ms: i64) -> Result<ActionResult, ServiceError> {
        match self.write(task, now_ms)? {
            Written::File {
                version,
                outcome,
                file,
            } => {
                // First: once the task is finished, nothing else tells that the write was ours.
                if let Some(file) = file {
                    self.inventory.put_file(&file)?;
                }
                self.governance
                    .finish(task.claim(), TaskOutcome::Succeeded { version }, now_ms)?;
                Ok(ActionResult::Done {
                    previous: outcome.0.map(|label| self.label_text(&label)),
                    new: outcome.1.map(|label| self.label_text(&label)),
                })
            }
            Written::Nothing(ended) => {
                let state = self
                    .governance
                    .finish(task.claim(), ended.outcome, now_ms)?;
                Ok(ActionResult::State(state))
            }
            Written::Held(state) => Ok(ActionResult::State(state)),
        }
    }

    /// Facts, decision, plan, leave to write, and the write itself.
    fn write(&mut self, task: &Task, now_ms: i64) -> Result<Written, ServiceError> {
        let key = &task.key.file;
        let Some(app) = self.app_of(key) else {
            return Ok(Written::Nothing(failed(
                "app_not_connected",
                "the file's app is not connected",
            )));
        };
        let opened = match app
            .metadata(&key.file)
            .and_then(|metadata| Ok((metadata, app.open(&key.file)?)))
        {
            Ok(opened) => opened,
            Err(AppError::NotFound) => {
                return Ok(Written::Nothing(failed(
                    GONE,
                    "the file is no longer there",
                )));
            }
            Err(error) => {
                let ended = retry("app_failed", &error.to_string(), WriteEffect::Nothing);
                return Ok(Written::Nothing(ended));
            }
        };
        let (metadata, opened) = opened;
        if opened.version != task.key.file_version || metadata.version != opened.version.as_str() {
            // The next listing sees the change; if the file still matches, it gets a task of its
            // own for its new version.
            let detail = "the file changed since it matched";
            return Ok(Written::Nothing(skipped(CHANGED, detail)));
        }
        if task.recheck && !self.still_matches(task, &metadata, &opened, now_ms)? {
            let detail = "the policy was enabled again, and the file no longer matches it";
            return Ok(Written::Nothing(skipped(Reason::NO_LONGER_MATCHES, detail)));
        }
        let decided = self.decide(
            key,
            task.key.policy.as_ref(),
            &task.key.action,
            &metadata,
            &opened,
        )?;
        let decided = match decided {
            Ok(decided) => decided,
            Err(ended) => return Ok(Written::Nothing(ended)),
        };
        let plan = match self.plan(&task.key.action, task.key.policy.is_none(), &opened, now_ms) {
            Ok(plan) => plan,
            Err(error) => return Ok(Written::Nothing(refused(&error))),
        };
        let Some(content) = plan.file() else {
            return Ok(Written::Nothing(skipped(
                Reason::ALREADY_LABELLED,
                "the file is as it should be",
            )));
        };
        let after = match content_version(content) {
            Ok(after) => after,
            Err(error) => {
                let ended = retry("io_error", &error.to_string(), WriteEffect::Nothing);
                return Ok(Written::Nothing(ended));
            }
        };
        // Before the write: what was protected is not to be seen from the file after it (D4).
        if decided.overrode_protection != decided.had_overridden {
            self.inventory
                .set_overrode_protection(key, decided.overrode_protection)?;
        }
        let mut intent = WriteIntent::new(after.clone());
        intent.previous = decided.previous;
        let held = match self.governance.begin_write(task.claim(), intent, now_ms)? {
            WriteGrant::Granted => None,
            WriteGrant::Deferred { until } => Some(TaskState::Deferred { until }),
            WriteGrant::Suspended => Some(self.governance.task(task.id)?.state),
            WriteGrant::Cancelled => Some(TaskState::Cancelled {
                reason: Reason::new(Reason::POLICY_DELETED),
            }),
        };
        if let Some(state) = held {
            self.inventory
                .set_overrode_protection(key, decided.had_overridden)?;
            return Ok(Written::Held(state));
        }
        let app = self.app_of(key).ok_or_else(|| ServiceError::App {
            app: key.app.to_string(),
            error: AppError::NotFound,
        })?;
        let replaced = match app.replace(&key.file, &opened.version, content) {
            // The answer was lost: the file itself tells.
            Err(AppError::Uncertain(cause)) => app
                .open(&key.file)
                .ok()
                .filter(|now| content_version(now.source.as_ref()).is_ok_and(|now| now == after))
                .map(|now| now.version)
                .ok_or(AppError::Uncertain(cause)),
            answer => answer,
        };
        let version = match replaced {
            Ok(version) => version,
            Err(error) => {
                let effect = match error {
                    AppError::Uncertain(_) => WriteEffect::Possible,
                    _ => WriteEffect::Nothing,
                };
                if effect == WriteEffect::Nothing {
                    self.inventory
                        .set_overrode_protection(key, decided.had_overridden)?;
                }
                let code = match error {
                    AppError::Conflict => "conflict",
                    AppError::Locked => "locked",
                    _ => "write_failed",
                };
                return Ok(Written::Nothing(retry(code, &error.to_string(), effect)));
            }
        };
        // The record is brought up to date without waiting for a scan.
        let fresh = app.metadata(&key.file).ok();
        let reading = read(content, &self.read_options());
        let own = own_write(&version, &after);
        let file = match fresh {
            Some(metadata) if metadata.version == version.as_str() => {
                let mut file = KnownFile::new(key.app, key.instance, metadata, false);
                file.own_write = Some(own);
                let own_only = self.options.settings.only_this_tenant;
                let tenant = self.tenant;
                file.take_reading(
                    &reading,
                    |label| !own_only || label.tenant == Some(tenant),
                    now_ms,
                );
                // The next round looks at it with every policy: our own write may make another one
                // match. It is no reason to label again.
                Some(Box::new(file))
            }
            // Changed again, or not to be had: the next listing tells what it is now.
            _ => self.inventory.file(key)?.map(|mut file| {
                file.own_write = Some(own);
                Box::new(file)
            }),
        };
        let outcome = plan.outcome();
        Ok(Written::File {
            version,
            outcome: (outcome.previous.clone(), outcome.new.clone()),
            file,
        })
    }

    /// Asks the decision table.
    fn decide(
        &self,
        key: &FileKey,
        policy: Option<&PolicyId>,
        action: &governance::ActionKind,
        metadata: &FileMetadata,
        opened: &OpenFile,
    ) -> Result<Result<Decided, Ended>, ServiceError> {
        let reading = read(opened.source.as_ref(), &self.read_options());
        let applied = self.governance.applied_by_us(self.tenant, key)?;
        let had_overridden = self.inventory.overrode_protection(key)?;
        let overrode = applied.is_some() && had_overridden;
        let applied = applied.map(|applied| applied.label);
        let document = self.facts(metadata, &reading, opened, applied, overrode);
        let inspect_protected = self.options.settings.inspect_protected && self.decryptor.is_some();
        let (apps, labels) = (&self.options.label_capable_apps, &self.labels);
        let initiator = match policy {
            Some(_) => Asker::Policy,
            None => Asker::Administrator,
        };
        let decision = match action {
            governance::ActionKind::Apply(target) => {
                let permissions = self.permissions(policy, key);
                decide::apply(&ApplyQuestion {
                    profile: self.options.profile,
                    integration: self.options.integration,
                    initiator,
                    override_user_defined: permissions.override_user_defined,
                    allow_downgrade: permissions.allow_downgrade,
                    inspect_protected,
                    protector_available: self.protector.is_some(),
                    ..ApplyQuestion::new(key.app, apps, labels, *target, document)
                })
            }
            governance::ActionKind::Remove => decide::remove(&RemoveQuestion {
                profile: self.options.profile,
                integration: self.options.integration,
                initiator,
                ..RemoveQuestion::new(key.app, apps, labels, document)
            }),
            governance::ActionKind::AdminQuarantine => {
                return Ok(Err(failed(QUARANTINE_UNSUPPORTED, NO_QUARANTINE)));
            }
        };
        let applies = matches!(action, governance::ActionKind::Apply(_));
        Ok(match decision {
            // Not only the same version: moving or sharing a file gives it another one, and is no
            // reason to label again either.
            Decision::Proceed(_) if applies && policy.is_some() && self.wrote(key, opened)? => {
                let detail = "the content is still as it was written here";
                Err(skipped(OWN_WRITE, detail))
            }
            Decision::Proceed(_) => Ok(Decided {
                previous: match document.current.map(|current| current.label) {
                    None => PreviousLabel::None,
                    Some(None) => PreviousLabel::Unknown,
                    Some(Some(label)) => PreviousLabel::Label(label),
                },
                had_overridden,
                overrode_protection: document.protection != DocumentProtection::None
                    || document
                        .current
                        .is_some_and(|current| current.overrode_protection),
            }),
            Decision::NoOp(nothing) => Err(skipped(nothing.code(), &nothing.to_string())),
            Decision::Later(refusal) => Err(retry(
                refusal.code(),
                &refusal.to_string(),
                WriteEffect::Nothing,
            )),
            Decision::Refuse(refusal) => Err(failed(refusal.code(), &refusal.to_string())),
            _ => Err(failed("undecided", "the decision is not known here")),
        })
    }

    /// Whether the content is what we wrote last. It is read only where we wrote something.
    fn wrote(&self, key: &FileKey, opened: &OpenFile) -> Result<bool, ServiceError> {
        let Some(own) = self.inventory.file(key)?.and_then(|file| file.own_write) else {
            return Ok(false);
        };
        // What can't be read now can't be labelled now: the write says why.
        let content = content_version(opened.source.as_ref());
        Ok(content.is_ok_and(|content| content.as_str() == own.content))
    }

    /// Whether the policy that asked for the task matches the file as it is now. A policy
    /// that is no longer there matches nothing.
    fn still_matches(
        &self,
        task: &Task,
        metadata: &FileMetadata,
        opened: &OpenFile,
        now_ms: i64,
    ) -> Result<bool, ServiceError> {
        let Some(policy) = &task.key.policy else {
            return Ok(true);
        };
        let Some(policy) = self.policies.policy(policy) else {
            return Ok(false);
        };
        let key = &task.key.file;
        let mut file = KnownFile::new(key.app, key.instance, metadata.clone(), false);
        let reading = read(opened.source.as_ref(), &self.read_options());
        file.take_reading(&reading, |_| true, now_ms);
        let mut content = self.content_of(opened, &metadata.name);
        let mut matcher = |inspection: &policy_engine::Inspection| content.answer(inspection);
        let outcome = policy.evaluate(&self.record_of(&file), now_ms, &mut matcher);
        Ok(outcome == policy_engine::Outcome::Match)
    }

    /// What the policy permits its label: to replace one whose protection a person chose, and to
    /// replace a more sensitive one.
    fn permissions(&self, policy: Option<&PolicyId>, key: &FileKey) -> Permissions {
        policy
            .and_then(|policy| self.policies.policy(policy))
            .into_iter()
            .flat_map(|policy| policy.actions(key.app))
            .find_map(|action| match action {
                Action::ApplyLabel {
                    override_user_defined,
                    allow_downgrade,
                    ..
                } => Some(Permissions {
                    override_user_defined: *override_user_defined,
                    allow_downgrade: *allow_downgrade,
                }),
                _ => None,
            })
            .unwrap_or_default()
    }

    fn facts(
        &self,
        metadata: &FileMetadata,
        reading: &Reading,
        opened: &OpenFile,
        applied: Option<LabelKey>,
        overrode_protection: bool,
    ) -> DocumentFacts {
        let current = self.current_label(reading).map(|label| {
            // The ledger says which label we set; a file that has another one since was labelled
            // outside.
            let set_by_us = applied.is_some() && label == applied;
            CurrentLabel {
                label,
                set_by_us,
                overrode_protection: set_by_us && overrode_protection,
            }
        });
        let password = reading
            .protection
            .is_some_and(|protection| protection.is_password());
        DocumentFacts {
            is_folder: false,
            kind: match (reading.kind, reading.status) {
                (Some(FileKind::Pdf), _) => DocumentKind::Pdf,
                (Some(_), _) => DocumentKind::Office,
                // Encrypted or damaged, the kind can't be told; the name is the best guess.
                (None, Status::Protected | Status::Malformed | Status::TooLarge) => {
                    match FileKind::from_name(&metadata.name) {
                        Some(FileKind::Pdf) => DocumentKind::Pdf,
                        Some(_) => DocumentKind::Office,
                        None => DocumentKind::Unsupported,
                    }
                }
                (None, _) => DocumentKind::Unsupported,
            },
            size_bytes: opened.source.len(),
            condition: match reading.status {
                _ if password => DocumentCondition::PasswordProtected,
                Status::Malformed | Status::TooLarge | Status::IoError => {
                    DocumentCondition::Corrupt
                }
                _ => DocumentCondition::Readable,
            },
            locked: false,
            checkout_required: false,
            quarantined: metadata.quarantined || metadata.trashed,
            signed: reading.signed,
            current,
            // Whether it could be opened here or not.
            protection: match (reading.protection, reading.licence()) {
                (None, _) => DocumentProtection::None,
                _ if password => DocumentProtection::None,
                (_, Some(licence)) if licence.is_user_defined() => DocumentProtection::UserDefined,
                _ => DocumentProtection::TemplateOrUnknown,
            },
        }
    }

    /// The own label on a file; the inner nothing where there is one and it can't be told which.
    fn current_label(&self, reading: &Reading) -> Option<Option<LabelKey>> {
        if let Some(label) = reading.effective_for(self.tenant) {
            return Some(label.key());
        }
        // A record without a tenant is ours if its id is.
        let of_nobody = reading
            .effective
            .iter()
            .filter(|label| label.tenant.is_none())
            .find_map(|label| match self.labels.origin(label) {
                LabelOrigin::Own(key)
                | LabelOrigin::OwnDisabled(key)
                | LabelOrigin::OwnDeleted(key) => Some(key),
                _ => None,
            });
        if of_nobody.is_some() {
            return Some(of_nobody);
        }
        // Records that are in effect and contradict one another: none of them counts, and yet the
        // file is labelled. Where the part decides, what the properties say is of no account.
        let own = || {
            let labels = reading.labels.iter();
            labels.filter(|label| label.tenant == Some(self.tenant))
        };
        let is_in_part = |label: &FileLabel| label.storage == LabelStorage::LabelInfo;
        let part_decides =
            self.options.storage != TenantStorage::NotOptedIn && own().any(is_in_part);
        own()
            .any(|label| label.in_effect() && (!part_decides || is_in_part(label)))
            .then_some(None)
    }

    fn plan<'a>(
        &self,
        action: &governance::ActionKind,
        is_manual: bool,
        opened: &'a OpenFile,
        now_ms: i64,
    ) -> Result<WritePlan<'a>, WriteError> {
        let mut options = WriteOptions::default();
        options.read = self.read_options();
        options.read.limits.write_bytes_max = self.options.profile.label_bytes_max();
        options.protector = self.protector.as_deref();
        match action {
            governance::ActionKind::Apply(key) => {
                let mut request = ApplyRequest::new(key.tenant, key.label, now_ms);
                if let Some(label) = self.labels.label(*key) {
                    request.name = Some(label.name().to_owned());
                    request.protection = label.protection;
                }
                if is_manual {
                    request.method = AssignmentMethod::Privileged;
                }
                plan_apply(&opened.source, &request, &options)
            }
            governance::ActionKind::Remove => plan_remove(&opened.source, self.tenant, &options),
            governance::ActionKind::AdminQuarantine => {
                Err(WriteError::Unsupported(NO_QUARANTINE.to_owned()))
            }
        }
    }

    /// What a dry run says about a task.
    pub(crate) fn preview(
        &self,
        task: &NewTask,
        file: &KnownFile,
        opened: Option<&OpenFile>,
        now_ms: i64,
    ) -> ActionReport {
        let key = &task.key;
        let action = match key.action {
            governance::ActionKind::Apply(label) => {
                format!("apply label `{}`", self.key_text(label))
            }
            other => other.to_string(),
        };
        let reopened = match opened {
            Some(_) => None,
            None => self
                .app_of(&key.file)
                .and_then(|app| app.open(&key.file.file).ok()),
        };
        let result = match opened.or(reopened.as_ref()) {
            None => ActionResult::WouldNot("the file can't be opened".to_owned()),
            Some(opened) => {
                let decided = self.decide(
                    &key.file,
                    key.policy.as_ref(),
                    &key.action,
                    &file.metadata,
                    opened,
                );
                match decided {
                    Err(error) => ActionResult::WouldNot(error.to_string()),
                    Ok(Err(ended)) => ActionResult::WouldNot(outcome_text(&ended.outcome)),
                    Ok(Ok(_)) => match self.plan(&key.action, false, opened, now_ms) {
                        Ok(plan) if plan.file().is_some() => ActionResult::WouldWrite,
                        Ok(_) => ActionResult::WouldNot(Reason::ALREADY_LABELLED.to_owned()),
                        Err(error) => {
                            ActionResult::WouldNot(outcome_text(&refused(&error).outcome))
                        }
                    },
                }
            }
        };
        ActionReport {
            task: None,
            file: key.file.clone(),
            policy: key.policy.clone(),
            action,
            result,
        }
    }

    fn label_text(&self, label: &EffectiveLabel) -> String {
        label.key().map_or_else(
            || label.name.clone().unwrap_or_else(|| label.id_text.clone()),
            |key| self.key_text(key),
        )
    }

    fn key_text(&self, key: LabelKey) -> String {
        self.labels
            .display_name(key)
            .unwrap_or_else(|| key.label.to_string())
    }

    /// Asks for a label on one file by hand: what is asked for is a task like any other, and it is
    /// carried out at the next tick.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: the file is not known, the store refuses, or this is a dry run.
    pub fn request(
        &mut self,
        file: &FileKey,
        action: governance::ActionKind,
        administrator: &str,
        now_ms: i64,
    ) -> Result<governance::TaskId, ServiceError> {
        if self.options.mode == Mode::DryRun {
            return Err(ServiceError::DryRun);
        }
        let Some(known) = self.inventory.file(file)? else {
            return Err(ServiceError::App {
                app: file.app.to_string(),
                error: AppError::NotFound,
            });
        };
        // A heading means its default sublabel (L-007); the task names what is applied.
        let action = match action {
            governance::ActionKind::Apply(label) => {
                governance::ActionKind::Apply(self.labels.meant_by(label))
            }
            other => other,
        };
        let key = governance::TaskKey {
            tenant: self.tenant,
            file: file.clone(),
            file_version: FileVersion::parse(&known.metadata.version)?,
            policy: None,
            action,
        };
        let by = governance::Initiator::parse(administrator)?;
        let submitted = self
            .governance
            .submit(&[NewTask::new(key, 0, by)], now_ms)?;
        submitted
            .first()
            .map(|one| one.id())
            .ok_or_else(|| ServiceError::App {
                app: file.app.to_string(),
                error: AppError::Failed("the task was not taken".to_owned()),
            })
    }
}

fn own_write(version: &FileVersion, content: &FileVersion) -> OwnWrite {
    OwnWrite {
        version: version.as_str().to_owned(),
        content: content.as_str().to_owned(),
    }
}

/// What became of the attempt to write.
enum Written {
    File {
        version: FileVersion,
        /// The tenant's label before and after.
        outcome: (Option<EffectiveLabel>, Option<EffectiveLabel>),
        file: Option<Box<KnownFile>>,
    },
    Nothing(Ended),
    /// The scheduler holds the task back.
    Held(TaskState),
}

/// A refusal of the format crate as the task's end.
fn refused(error: &WriteError) -> Ended {
    match error {
        WriteError::Io { .. } => retry(error.code(), &error.to_string(), WriteEffect::Nothing),
        _ => failed(error.code(), &error.to_string()),
    }
}

fn outcome_text(outcome: &TaskOutcome) -> String {
    match outcome {
        TaskOutcome::Succeeded { .. } => "done".to_owned(),
        TaskOutcome::Skipped { reason, .. }
        | TaskOutcome::Failed { reason, .. }
        | TaskOutcome::Retry { reason, .. } => reason.to_string(),
    }
}

fn task_text(task: &Task, labels: &LabelView) -> String {
    match task.key.action {
        governance::ActionKind::Apply(label) => format!(
            "apply label `{}`",
            labels
                .display_name(label)
                .unwrap_or_else(|| label.label.to_string())
        ),
        other => other.to_string(),
    }
}

/// The fingerprint of a file's content, by which a write is recognised after a crash.
fn content_version(source: &dyn ByteSource) -> std::io::Result<FileVersion> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    let mut at = 0;
    loop {
        let count = source.read_at(at, &mut buffer)?;
        if count == 0 {
            break;
        }
        hasher.update(buffer.get(..count).unwrap_or_default());
        at += count as u64;
    }
    let text = format!("sha256-{}", hex(&hasher.finalize()));
    FileVersion::parse(&text).map_err(std::io::Error::other)
}
