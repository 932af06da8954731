//! What a policy, or a change of one, would do with files that are known, before it does anything.

use std::collections::BTreeMap;

use label_core::{AppId, FileKey, LabelKey, TenantId};

use crate::action::Action;
use crate::action_kind::ActionKind;
use crate::evaluate::{ContentMatcher, Outcome};
use crate::explain::Explanation;
use crate::policy::Policy;
use crate::possible::{Obstacle, TenantSetup, obstacle};
use crate::record::FileRecord;

/// How much a preview shows, and of what tenant.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PreviewOptions {
    /// Most files of each kind that are shown with the reason. Default: 10.
    pub samples_max: usize,
    /// What is set up, so that what is not possible is counted apart. Default:
    /// [`TenantSetup::default`].
    pub setup: TenantSetup,
}

impl Default for PreviewOptions {
    fn default() -> Self {
        Self {
            samples_max: 10,
            setup: TenantSetup::default(),
        }
    }
}

/// What a policy would do. Making one changes nothing: no task, no alert, no match (A-011).
///
/// It is what records say, by the rules of [`possible_actions`](crate::possible_actions). Whether the
/// label on a file may be replaced is decided when the file itself is read, so of label changes it is
/// the most that there will be.
///
/// # Examples
///
/// ```
/// use label_core::{AppId, FileId, FileKey, Label, LabelCatalog, LabelId, LabelView, TenantId};
/// use policy_engine::{BuildContext, ContentAnswer, FileRecord, LabelScan, PolicySet, Preview};
///
/// let contoso = TenantId::from_u128(1);
/// let secret = Label::new(contoso, LabelId::from_u128(2), "Secret");
/// let labels = LabelView::new(LabelCatalog::build(contoso, vec![secret])?.0.into());
/// let policies = PolicySet::from_json(
///     r#"{"format": "file-policies/1", "policies": [
///         {"id": "1", "name": "All of Box", "filters": {"service": {"eq": [10489]}},
///          "governance": {"10489": {"applyLabel": "Secret"}}}
///     ]}"#,
///     &BuildContext::new(&labels),
/// )?;
/// let mut file = FileRecord::new(FileKey::new(AppId::BOX, 0, FileId::parse("7")?), "Plan.docx");
/// file.label_scan = LabelScan::Done;
///
/// let mut preview = Preview::new(&policies.policies()[0], contoso, Default::default());
/// preview.add(&file, 0, &mut |_: &_| ContentAnswer::NotYet);
/// assert_eq!(preview.matches, 1);
/// assert_eq!(preview.label_changes(), 1);
/// // 100 a day: it is done on the first.
/// assert_eq!(preview.quota_days(|_, tasks| tasks.div_ceil(100)), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Preview {
    /// The policy, looked at as if it were enabled.
    policy: Policy,
    tenant: TenantId,
    options: PreviewOptions,
    /// Files that were looked at.
    pub files: usize,
    /// Files that match.
    pub matches: usize,
    /// Files whose labels must be read first.
    pub needs_scan: usize,
    /// Files whose content must be read first.
    pub needs_content: usize,
    /// What would be done, by app and kind of action. Alerts are limited by day and not counted here.
    /// Nor is a label that a file has already, or one to take off that it hasn't.
    pub actions: BTreeMap<(AppId, ActionKind), usize>,
    /// What matching files would get and can't, by app, kind of action and reason.
    pub impossible: BTreeMap<(AppId, ActionKind, Obstacle), usize>,
    /// Label actions for matching files whose labels were never read: whether there is something to
    /// do is not known yet.
    pub labels_not_read: BTreeMap<(AppId, ActionKind), usize>,
    /// Which label would take the place of which, by app; nothing stands for no label.
    pub labels: BTreeMap<(AppId, Option<LabelKey>, Option<LabelKey>), usize>,
    /// Some of the files that match, each with the reason.
    pub samples: Vec<Sample>,
}

/// A file as an example.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sample {
    /// The file.
    pub file: FileKey,
    /// Its name.
    pub name: Box<str>,
    /// Why it matches, or doesn't.
    pub explanation: Explanation,
}

impl Preview {
    /// A preview of no file yet. The labels of `tenant` are the ones that a policy replaces.
    pub fn new(policy: &Policy, tenant: TenantId, options: PreviewOptions) -> Self {
        Self {
            policy: policy.with_enabled(true),
            tenant,
            options,
            files: 0,
            matches: 0,
            needs_scan: 0,
            needs_content: 0,
            actions: BTreeMap::new(),
            impossible: BTreeMap::new(),
            labels_not_read: BTreeMap::new(),
            labels: BTreeMap::new(),
            samples: Vec::new(),
        }
    }

    /// Looks at a file. `now_ms` is what relative dates are measured from, milliseconds UTC.
    pub fn add(&mut self, record: &FileRecord, now_ms: i64, content: &mut dyn ContentMatcher) {
        self.files += 1;
        match self.policy.evaluate(record, now_ms, content) {
            Outcome::Match => self.matches += 1,
            Outcome::NeedsScan => {
                self.needs_scan += 1;
                return;
            }
            Outcome::NeedsContent => {
                self.needs_content += 1;
                return;
            }
            Outcome::NoMatch => return,
        }
        let policy = self.policy.clone();
        for action in policy.actions(record.key.app) {
            if let Some(kind) = action.kind() {
                self.count(action, kind, record);
            }
        }
        if self.samples.len() < self.options.samples_max {
            let sample = sample(&self.policy, record, now_ms, content);
            self.samples.push(sample);
        }
    }

    /// Counts one action for a file that matches.
    fn count(&mut self, action: &Action, kind: ActionKind, record: &FileRecord) {
        let app = record.key.app;
        match obstacle(kind, record, &self.options.setup) {
            None => {}
            // Nothing is left to do.
            Some(Obstacle::NoLabel) => return,
            Some(obstacle) => {
                *self.impossible.entry((app, kind, obstacle)).or_default() += 1;
                return;
            }
        }
        let after = match action {
            Action::ApplyLabel { label, .. } => Some(Some(*label)),
            Action::RemoveLabel => Some(None),
            _ => None,
        };
        if let Some(after) = after {
            if record.labels_unknown() {
                *self.labels_not_read.entry((app, kind)).or_default() += 1;
                return;
            }
            let before = self.label_of(record);
            if before == after || after.is_some_and(|label| record.labels.contains(&label)) {
                return;
            }
            *self.labels.entry((app, before, after)).or_default() += 1;
        }
        *self.actions.entry((app, kind)).or_default() += 1;
    }

    /// The tenant's own label on a file.
    fn label_of(&self, record: &FileRecord) -> Option<LabelKey> {
        let is_own = |label: &&LabelKey| label.tenant == self.tenant;
        record.labels.iter().find(is_own).copied()
    }

    /// How many labels would be written or taken off, [those not read](Self::labels_not_read) apart.
    pub fn label_changes(&self) -> usize {
        self.labels.values().sum()
    }

    /// How many days it takes until all labels are applied: the longest that any app takes.
    ///
    /// `days` says for an app and a number of labels how many days they take; what is left of today's
    /// quota and what waits already are the forecast's to know. Taking labels off costs no quota.
    pub fn quota_days(&self, days: impl Fn(AppId, usize) -> usize) -> usize {
        let mut applied: BTreeMap<AppId, usize> = BTreeMap::new();
        for ((app, _, after), count) in &self.labels {
            if after.is_some() {
                *applied.entry(*app).or_default() += count;
            }
        }
        applied
            .into_iter()
            .map(|(app, count)| days(app, count))
            .max()
            .unwrap_or_default()
    }
}

fn sample(
    policy: &Policy,
    record: &FileRecord,
    now_ms: i64,
    content: &mut dyn ContentMatcher,
) -> Sample {
    Sample {
        file: record.key.clone(),
        name: record.name.clone(),
        explanation: policy.explain(record, now_ms, content),
    }
}

/// What a change of a policy would change.
///
/// # Examples
///
/// ```
/// use label_core::{AppId, FileId, FileKey, LabelCatalog, LabelView, TenantId};
/// use policy_engine::{AccessLevel, BuildContext, ChangePreview, ContentAnswer, FileRecord, PolicySet};
///
/// let labels = LabelView::new(LabelCatalog::empty(TenantId::from_u128(1)).into());
/// let built = |levels: &str| PolicySet::from_json(
///     &format!(r#"{{"format": "file-policies/1", "policies": [
///         {{"id": "1", "name": "Exposed", "filters": {{"sharing": {{"eq": {levels}}}}}}}
///     ]}}"#),
///     &BuildContext::new(&labels),
/// );
/// let (before, after) = (built("[2, 3]")?, built("[3, 4]")?);
/// let mut preview = ChangePreview::new(
///     &before.policies()[0],
///     &after.policies()[0],
///     Default::default(),
/// );
/// for level in AccessLevel::ALL {
///     let mut file = FileRecord::new(FileKey::new(AppId::BOX, 0, FileId::parse("7")?), "a.docx");
///     file.access_level = Some(level);
///     preview.add(&file, 0, &mut |_: &_| ContentAnswer::NotYet);
/// }
/// assert_eq!((preview.begins.count, preview.goes_on.count, preview.ends.count), (1, 1, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ChangePreview {
    before: Policy,
    after: Policy,
    options: PreviewOptions,
    /// Files that begin to match: these get actions and alerts.
    pub begins: Changed,
    /// Files that match before and after: nothing more is done with them.
    pub goes_on: Changed,
    /// Files that no longer match.
    pub ends: Changed,
    /// Files of which labels or content must be read to tell.
    pub undecided: Changed,
}

/// Files with which the same happens.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Changed {
    /// How many.
    pub count: usize,
    /// Some of them, each with what the changed policy says of it.
    pub samples: Vec<Sample>,
}

impl ChangePreview {
    /// A preview of no file yet. A policy that is disabled matches nothing, before or after.
    pub fn new(before: &Policy, after: &Policy, options: PreviewOptions) -> Self {
        Self {
            before: before.clone(),
            after: after.clone(),
            options,
            begins: Changed::default(),
            goes_on: Changed::default(),
            ends: Changed::default(),
            undecided: Changed::default(),
        }
    }

    /// Looks at a file. `now_ms` is what relative dates are measured from, milliseconds UTC.
    pub fn add(&mut self, record: &FileRecord, now_ms: i64, content: &mut dyn ContentMatcher) {
        let before = self.before.evaluate(record, now_ms, content);
        let after = self.after.evaluate(record, now_ms, content);
        let is_open =
            |outcome: Outcome| matches!(outcome, Outcome::NeedsScan | Outcome::NeedsContent);
        let changed = match (before, after) {
            (Outcome::NoMatch, Outcome::NoMatch) => return,
            (before, after) if is_open(before) || is_open(after) => &mut self.undecided,
            (Outcome::Match, Outcome::Match) => &mut self.goes_on,
            (Outcome::Match, _) => &mut self.ends,
            _ => &mut self.begins,
        };
        changed.count += 1;
        if changed.samples.len() < self.options.samples_max {
            let sample = sample(&self.after, record, now_ms, content);
            changed.samples.push(sample);
        }
    }
}
