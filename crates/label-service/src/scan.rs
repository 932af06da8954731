//! Which files are read, and what policies say of them.

use governance::{FileVersion, Initiator, NewTask, PolicyOrder, PolicyState, TaskKey};
use label_core::{FileKey, LabelOrigin, LabelView};
use label_formats::{ReadOptions, Reading, Status, read};
use policy_engine::{
    Action, ContentAnswer, FileRecord, Inspection, Notify, Outcome, Policy, choose_label_action,
};

use crate::app::OpenFile;
use crate::content::FileContent;
use crate::error::{AppError, ServiceError};
use crate::inventory::{KnownFile, KnownMatch, ScanState};
use crate::report::{ActionReport, MatchReport, Progress, TickReport};
use crate::service::{META_EXTERNAL, Mode, Service};

/// How many files one change of the state covers.
const BATCH_MAX: usize = 200;

/// What was decided about one file, to be stored with others in one change.
struct Evaluated {
    file: KnownFile,
    new_matches: Vec<(MatchReport, KnownMatch)>,
    ended: Vec<label_core::PolicyId>,
    tasks: Vec<NewTask>,
    drafts: Vec<ActionReport>,
}

impl Evaluated {
    /// A file about which nothing could be decided.
    fn nothing(file: KnownFile) -> Self {
        Self {
            file,
            new_matches: Vec::new(),
            ended: Vec::new(),
            tasks: Vec::new(),
            drafts: Vec::new(),
        }
    }
}

impl Service {
    /// Reads what is queued and evaluates what changed.
    pub(crate) fn scan(
        &mut self,
        now_ms: i64,
        report: &mut TickReport,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), ServiceError> {
        let files: Vec<KnownFile> = self
            .inventory
            .files()?
            .into_iter()
            .filter(|file| file.unevaluated)
            .collect();
        let files = self.turn_of(files);
        let total = files.len();
        let mut done = 0;
        for batch in files.chunks(BATCH_MAX) {
            let mut evaluated = Vec::with_capacity(batch.len());
            for file in batch {
                evaluated.push(self.scan_one(file.clone(), now_ms, report)?);
                done += 1;
                progress(Progress::Scanned { done, total });
            }
            self.store(evaluated, now_ms, report)?;
        }
        Ok(())
    }

    /// As many as a tick takes, behind those that the last one took: files that can't be opened stay
    /// queued, and must not keep the others waiting.
    fn turn_of(&mut self, mut files: Vec<KnownFile>) -> Vec<KnownFile> {
        let max = self.options.scans_per_tick_max;
        if files.len() <= max {
            self.scanned_up_to = None;
            return files;
        }
        files.sort_by_cached_key(KnownFile::key);
        if let Some(last) = &self.scanned_up_to {
            let behind = files.partition_point(|file| file.key() <= *last);
            files.rotate_left(behind);
        }
        files.truncate(max);
        self.scanned_up_to = files.last().map(KnownFile::key);
        files
    }

    /// Tasks first, then the inventory: a crash between the two submits the same tasks again,
    /// which is harmless.
    fn store(
        &mut self,
        evaluated: Vec<Evaluated>,
        now_ms: i64,
        report: &mut TickReport,
    ) -> Result<(), ServiceError> {
        let tasks: Vec<NewTask> = evaluated
            .iter()
            .flat_map(|one| one.tasks.iter().cloned())
            .collect();
        for page in tasks.chunks(governance::SUBMIT_COUNT_MAX) {
            self.governance.submit(page, now_ms)?;
        }
        let external = self.external_is_new.then(|| self.external_rows());
        self.inventory.batch(|inventory| {
            // With the files that they were seen on, so that none is lost between them.
            if let Some(external) = &external {
                inventory.set_meta(META_EXTERNAL, external)?;
            }
            for one in &evaluated {
                inventory.put_file(&one.file)?;
                for (_, found) in &one.new_matches {
                    inventory.put_match(found)?;
                }
                for policy in &one.ended {
                    inventory.remove_match(policy, &one.file.key())?;
                }
            }
            Ok(())
        })?;
        if external.is_some() {
            self.external_is_new = false;
            self.renew_view();
        }
        for one in evaluated {
            let key = one.file.key();
            report
                .matches
                .extend(one.new_matches.into_iter().map(|(shown, _)| shown));
            report
                .ended_matches
                .extend(one.ended.into_iter().map(|policy| (policy, key.clone())));
            report.actions.extend(one.drafts);
        }
        Ok(())
    }

    fn scan_one(
        &mut self,
        mut file: KnownFile,
        now_ms: i64,
        report: &mut TickReport,
    ) -> Result<Evaluated, ServiceError> {
        let key = file.key();
        let record = self.record_of(&file);
        let opened = if self.wants_scan(&file, &record, now_ms) {
            report.scanned += 1;
            match self.read_file(&mut file, now_ms) {
                Ok(opened) => Some(opened),
                // It may pass: the file stays queued, and what is known of it stands.
                Err(error) => {
                    report.unread.push((key, error));
                    return Ok(Evaluated::nothing(file));
                }
            }
        } else {
            None
        };
        let (reading, opened) = match opened {
            Some((reading, opened)) => (Some(reading), Some(opened)),
            None => (None, None),
        };
        if let Some(reading) = &reading {
            self.note_external(reading, now_ms);
            // It may be newer than the list (L-093).
            let labels = &self.labels;
            let is_unknown = |label| matches!(labels.origin(label), LabelOrigin::OwnUnknown(_));
            if reading.effective.iter().any(is_unknown) {
                self.schedule.unknown_label(now_ms);
            }
        }
        file.unevaluated = false;
        let record = self.record_of(&file);
        let name = file.metadata.name.clone();
        let mut content = opened.as_ref().map(|opened| self.content_of(opened, &name));
        let mut matcher = |inspection: &Inspection| match &mut content {
            Some(content) => content.answer(inspection),
            None => ContentAnswer::NotYet,
        };
        let mut new_matches = Vec::new();
        let mut ended = Vec::new();
        let mut matching: Vec<&Policy> = Vec::new();
        for policy in self.policies.policies() {
            let known = self.inventory.has_match(policy.id(), &key)?;
            match policy.evaluate(&record, now_ms, &mut matcher) {
                Outcome::Match => {
                    matching.push(policy);
                    if !known {
                        let explanation = policy.explain(&record, now_ms, &mut matcher);
                        new_matches.push(describe(
                            policy,
                            &key,
                            explanation
                                .conditions
                                .iter()
                                .map(ToString::to_string)
                                .collect(),
                            &self.labels,
                            now_ms,
                        ));
                    }
                }
                _ if known => ended.push(policy.id().clone()),
                _ => {}
            }
        }
        let tasks = self.tasks_for(&file, &matching)?;
        let (tasks, drafts) = match (self.options.mode, &opened) {
            (Mode::Apply, _) => (tasks, Vec::new()),
            (Mode::DryRun, opened) => {
                let drafts = tasks
                    .iter()
                    .take(1)
                    .map(|task| self.preview(task, &file, opened.as_ref(), now_ms))
                    .collect();
                (Vec::new(), drafts)
            }
        };
        Ok(Evaluated {
            file,
            new_matches,
            ended,
            tasks,
            drafts,
        })
    }

    /// Which files are read (section 5.4): new and changed ones where automatic scan is on, and
    /// whatever a policy covers that looks at labels or content.
    fn wants_scan(&self, file: &KnownFile, record: &FileRecord, now_ms: i64) -> bool {
        let automatic = self.options.settings.automatic_scan
            && !file.is_original
            && self.options.label_capable_apps.contains(file.app)
            && file.scan == ScanState::Never;
        automatic
            || self.policies.policies().iter().any(|policy| {
                let labels = policy.needs_labels() && file.scan == ScanState::Never;
                (labels || policy.needs_content()) && policy.covers(record, now_ms)
            })
    }

    /// One read serves labels and content.
    fn read_file(
        &self,
        file: &mut KnownFile,
        now_ms: i64,
    ) -> Result<(Reading, OpenFile), AppError> {
        let opened = self
            .app_of(&file.key())
            .ok_or(AppError::NotFound)
            .and_then(|app| app.open(&file.metadata.id))?;
        let mut options = self.read_options();
        options.name = Some(&file.metadata.name);
        let reading = read(opened.source.as_ref(), &options);
        if reading.status == Status::IoError {
            return Err(AppError::Failed(reading.error.unwrap_or_default()));
        }
        let labels = &self.labels;
        let only_own = self.options.settings.only_this_tenant;
        let keep = |label: &label_core::EffectiveLabel| {
            !only_own
                || !matches!(
                    labels.origin(label),
                    LabelOrigin::External(_) | LabelOrigin::Indeterminate
                )
        };
        file.take_reading(&reading, keep, now_ms);
        // What another tenant protected is not ours to warn about (P-013).
        let protecting = reading.protecting_tenant();
        if only_own && protecting.is_some_and(|tenant| tenant != self.tenant) {
            file.warnings.clear();
        }
        Ok((reading, opened))
    }

    /// The content of an opened file, read when a policy asks.
    pub(crate) fn content_of<'a>(&'a self, opened: &'a OpenFile, name: &'a str) -> FileContent<'a> {
        FileContent::new(
            &self.inspectors,
            opened.source.as_ref(),
            &self.options.limits,
            name,
            self.options.profile.inspect_bytes_max(),
        )
    }

    /// How files of the own tenant are read.
    pub(crate) fn read_options(&self) -> ReadOptions<'_> {
        let mut options = ReadOptions::default();
        options.limits = self.options.limits.clone();
        options.storages.insert(self.tenant, self.options.storage);
        if self.options.settings.inspect_protected {
            options.decryptor = self.decryptor.as_deref();
        }
        options
    }

    /// External labels join the list when they are seen, unless the setting ignores them
    ///
    fn note_external(&mut self, reading: &Reading, now_ms: i64) {
        if self.options.settings.only_this_tenant {
            return;
        }
        /// Up to so many, each new one shows at once; the view is copied for it.
        const SHOWN_AT_ONCE_MAX: usize = 1_000;

        let known = self.external.len();
        for label in &reading.effective {
            if let LabelOrigin::External(key) = self.labels.origin(label) {
                self.external.record(key, label.name.as_deref(), now_ms);
                self.external_is_new = true;
            }
        }
        if self.external.len() != known && known < SHOWN_AT_ONCE_MAX {
            self.renew_view();
        }
    }

    /// The label tasks of the policies that match: what is carried out first, then what it
    /// supersedes; of several labels the scheduler keeps the first and logs the others as skipped.
    /// It doesn't weigh applying against removing, so what is superseded by the other kind gets
    /// no task.
    ///
    /// A file that still is as we wrote it gets no label: our own write is no reason to relabel
    /// and once a policy has labelled a file, another one doesn't label it again
    /// also not one that was added later. What is left is to take our label off again,
    /// where the policy that decides wants that. A policy that the scheduler knows as
    /// deleted gets no tasks.
    fn tasks_for(
        &self,
        file: &KnownFile,
        matching: &[&Policy],
    ) -> Result<Vec<NewTask>, ServiceError> {
        let Some(choice) = choose_label_action(matching.iter().copied(), file.app, &self.labels)
        else {
            return Ok(Vec::new());
        };
        let key = file.key();
        let applied = self.governance.applied_by_us(self.tenant, &key)?;
        let has_our_label =
            applied.is_some_and(|applied| applied.version.as_str() == file.metadata.version);
        let as_written = has_our_label || file.is_as_written();
        let removes = matches!(choice.chosen.1, Action::RemoveLabel);
        if as_written && !(has_our_label && removes) {
            return Ok(Vec::new());
        }
        let mut tasks = Vec::new();
        for (policy, action) in std::iter::once(choice.chosen).chain(choice.superseded) {
            let state = self.governance.policy_state(self.tenant, policy.id())?;
            if state == PolicyState::Deleted {
                continue;
            }
            let action = match action {
                Action::ApplyLabel { label, .. } if !removes => {
                    governance::ActionKind::Apply(*label)
                }
                Action::RemoveLabel if removes => governance::ActionKind::Remove,
                _ => continue,
            };
            let task_key = TaskKey {
                tenant: self.tenant,
                file: key.clone(),
                file_version: FileVersion::parse(&file.metadata.version)?,
                policy: Some(policy.id().clone()),
                action,
            };
            let priority = action
                .label()
                .and_then(|label| self.labels.catalog().order(label.label))
                .map_or(0, |(level, position)| {
                    level.saturating_mul(10_000).saturating_add(position)
                });
            let mut task = NewTask::new(task_key, priority, Initiator::parse(policy.name())?);
            task.policy_order = policy_order(policy);
            tasks.push(task);
        }
        Ok(tasks)
    }
}

/// The scheduler takes the smallest number first, policies say the largest.
fn policy_order(policy: &Policy) -> PolicyOrder {
    let definition = policy.definition();
    let priority = i64::from(i32::MAX) - i64::from(definition.priority);
    PolicyOrder {
        priority: u32::try_from(priority).ok(),
        created_ms: definition.created_ms.unwrap_or(i64::MAX),
    }
}

fn describe(
    policy: &Policy,
    key: &FileKey,
    reasons: Vec<String>,
    labels: &LabelView,
    now_ms: i64,
) -> (MatchReport, KnownMatch) {
    let actions: Vec<String> = policy
        .actions(key.app)
        .iter()
        .map(|action| action_text(action, labels))
        .collect();
    let shown = MatchReport {
        policy: policy.id().clone(),
        file: key.clone(),
        reasons: reasons.clone(),
        actions: actions.clone(),
    };
    let known = KnownMatch {
        policy: policy.id().clone(),
        app: key.app,
        instance: key.instance,
        file: key.file.clone(),
        since_ms: now_ms,
        reasons,
        actions,
    };
    (shown, known)
}

/// An action as people read it.
pub(crate) fn action_text(action: &Action, labels: &LabelView) -> String {
    match action {
        Action::ApplyLabel { label, .. } => format!(
            "apply label `{}`",
            labels
                .display_name(*label)
                .unwrap_or_else(|| label.to_string())
        ),
        Action::Notify(Notify::Owner(_)) => "notify the owner".to_owned(),
        Action::Alert { severity, .. } => format!("alert ({severity})"),
        other => {
            let text = other.to_string();
            let mut characters = text.chars();
            let first = characters
                .next()
                .map(|first| first.to_lowercase().collect());
            first.unwrap_or_else(String::new) + characters.as_str()
        }
    }
}
