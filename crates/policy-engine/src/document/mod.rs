//! Policy documents: the JSON form of file policies, and the same as data.
//!
//! The filters inside are the product's own filter JSON; the product publishes no form for the
//! rest of a policy, so that is this project's, in the words of the product's pages.

mod write;

use std::collections::BTreeMap;
use std::fmt;

use label_core::{AppId, PolicyId};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::action::OwnerDigest;
use crate::error::{BuildErrors, Problems};
use crate::file_action::FileAction;
use crate::read;

/// The name and version of the format.
pub const FORMAT: &str = "file-policies/1";

/// Most policies of one document. The product allows a tenant 50.
pub const POLICIES_MAX: usize = 10_000;

/// Most folders or groups of one scope. The product allows 500 groups.
pub const SCOPE_ENTRIES_MAX: usize = 1_000;

/// Most apps with actions in one policy.
pub const APPS_MAX: usize = 200;

/// Most types of information in one inspection.
pub const TYPES_MAX: usize = 500;

/// Most e-mail addresses in one list.
pub const ADDRESSES_MAX: usize = 500;

/// A document of file policies, as data.
///
/// # Examples
///
/// ```
/// use policy_engine::{PolicyDefinition, PolicyDocument};
///
/// let text = r#"{"format": "file-policies/1", "policies": [
///     {"id": "1", "name": "All files of Box", "filters": {"service": {"eq": [10489]}}}
/// ]}"#;
/// let document = PolicyDocument::from_json(text)?;
/// assert!(document.policies[0].enabled);
///
/// let again = PolicyDocument::from_json(&serde_json::to_string(&document)?)?;
/// assert_eq!(again, document);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PolicyDocument {
    /// The policies, in order.
    pub policies: Vec<PolicyDefinition>,
}

impl PolicyDocument {
    /// Reads a document. Whether its filters, labels and presets exist is checked when a
    /// [`PolicySet`](crate::PolicySet) is built.
    ///
    /// # Errors
    ///
    /// [`BuildErrors`] with everything that is not of the format.
    pub fn from_json(text: &str) -> Result<Self, BuildErrors> {
        let mut problems = Problems::default();
        let document = read::text(text, &mut problems);
        problems.into_result()?;
        Ok(document)
    }
}

/// How serious a match is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// 0 in the product.
    #[default]
    Low,
    /// 1 in the product.
    Medium,
    /// 2 in the product.
    High,
}

/// The name in the product's pages.
impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        })
    }
}

/// What a policy is about. Helps to find it; plays no part in matching (R-193).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Data loss prevention.
    #[default]
    Dlp,
    /// Sharing control.
    SharingControl,
    /// Access control.
    AccessControl,
    /// Compliance.
    Compliance,
    /// Configuration control.
    ConfigurationControl,
    /// Cloud Discovery.
    CloudDiscovery,
    /// Privileged accounts.
    PrivilegedAccounts,
    /// Threat detection.
    ThreatDetection,
}

/// One policy, as written.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PolicyDefinition {
    /// Its identity, used once in a document.
    pub id: PolicyId,
    /// The template that it was made from, by id. Plays no part in matching.
    pub template: Option<String>,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// How serious a match is. Default: low.
    pub severity: Severity,
    /// What it is about. Default: DLP.
    pub category: Category,
    /// Whether it is in force. Default: yes (R-145).
    pub enabled: bool,
    /// Which policy's label counts when several match: the larger number. Default: 0.
    pub priority: i32,
    /// When it was made, milliseconds UTC.
    pub created_ms: Option<i64>,
    /// The product's filter JSON; empty, it matches all files (R-115).
    pub filters: Map<String, Value>,
    /// Which folders it is about. Default: all files.
    pub folder_scope: FolderScope,
    /// Whose files it is about. Default: all owners.
    pub owner_scope: OwnerScope,
    /// What it looks for in the content of files. Default: nothing.
    pub inspection: Option<Inspection>,
    /// What alerts it raises. Default: see [`AlertSettings`].
    pub alerts: AlertSettings,
    /// What it does, app by app (R-150).
    pub governance: BTreeMap<AppId, AppActions>,
}

impl PolicyDefinition {
    /// An enabled policy that matches all files and does nothing but raise alerts.
    pub fn new(id: PolicyId, name: impl Into<String>) -> Self {
        Self {
            id,
            template: None,
            name: name.into(),
            description: String::new(),
            severity: Severity::default(),
            category: Category::default(),
            enabled: true,
            priority: 0,
            created_ms: None,
            filters: Map::new(),
            folder_scope: FolderScope::default(),
            owner_scope: OwnerScope::default(),
            inspection: None,
            alerts: AlertSettings::default(),
            governance: BTreeMap::new(),
        }
    }
}

/// A folder, wherever it is: app, instance and id, never the name alone (R-200).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct FolderReference {
    /// The app.
    pub app: AppId,
    /// Which connected instance of the app.
    pub instance: u32,
    /// The folder's id in it; letter case doesn't matter.
    pub id: String,
}

/// Which folders a policy is about: the product's first "apply to". Folders include everything
/// below them (R-199).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum FolderScope {
    /// All files.
    #[default]
    All,
    /// Files in these folders; none of an app of which no folder is listed.
    Selected(Vec<FolderReference>),
    /// Files outside of these folders; all of an app of which no folder is listed.
    Excluding(Vec<FolderReference>),
}

/// Whose files a policy is about: the product's second "apply to" (A-006).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum OwnerScope {
    /// All owners.
    #[default]
    All,
    /// Owners in one of these groups.
    Selected(Vec<String>),
    /// Owners in none of these groups.
    Excluding(Vec<String>),
}

/// What a policy looks for in the content of files: the product's built-in inspection.
///
/// Policies with equal inspections can share one answer, so it can be a key of a map.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Inspection {
    /// What to look for.
    pub include: Include,
    /// A regular expression that takes a file out of the results wherever it is found.
    pub exclude: Option<String>,
    /// Where to look.
    pub search_in: SearchIn,
    /// How many matches it takes, at least 1. Default: 1.
    pub minimum_matches: u32,
    /// Whether a keyword must stand near a preset's match. Default: yes.
    pub require_context: bool,
    /// Whether evidence shows the last four characters of a match. Default: no.
    pub unmask_last_four: bool,
    /// Whether protected files are opened, if the tenant permits it (R-095, R-096). Default: no.
    pub inspect_protected: bool,
}

impl Inspection {
    /// Looks for this, with the product's defaults for everything else.
    pub fn new(include: Include) -> Self {
        Self {
            include,
            exclude: None,
            search_in: SearchIn::default(),
            minimum_matches: 1,
            require_context: true,
            unmask_last_four: false,
            inspect_protected: false,
        }
    }
}

/// What an inspection looks for: a preset, an expression, or types of information.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Include {
    /// A preset expression, by the id of its detector (R-117).
    Preset(String),
    /// A custom expression.
    Expression {
        /// Which form of expression.
        kind: ExpressionForm,
        /// The expression.
        text: String,
        /// Whether letter case matters. Default: no.
        case_sensitive: bool,
    },
    /// Types of information that a service outside knows, such as the product's classification
    /// service (A-023).
    Types {
        /// Their ids, at least one.
        types: Vec<String>,
        /// How they count together. Default: any.
        combine: Combine,
    },
}

/// How the answers for several types of information count together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Combine {
    /// One of them is enough.
    #[default]
    Any,
    /// Each must be found.
    All,
}

/// The three forms of a custom expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpressionForm {
    /// The text occurs.
    Substring,
    /// The text occurs as a word or phrase.
    Exact,
    /// A regular expression in the product's dialect.
    Regex,
}

/// Which parts of a file are searched. Default: content and metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SearchIn {
    /// The text inside.
    pub content: bool,
    /// Document properties.
    pub metadata: bool,
    /// The file's name.
    pub file_name: bool,
}

impl Default for SearchIn {
    fn default() -> Self {
        Self {
            content: true,
            metadata: true,
            file_name: false,
        }
    }
}

/// What alerts a policy raises.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AlertSettings {
    /// One for each matching file. Default: yes.
    pub each_match: bool,
    /// Most alerts a day. Limits alerts, not actions (R-205). Default: 5.
    pub daily_limit: u32,
    /// Who gets them by e-mail.
    pub email: Vec<String>,
    /// Who gets them as text messages, by telephone number. The product ended these in 2023.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub text_message: Vec<String>,
    /// The flow of Power Automate that gets them, by id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow: Option<String>,
}

impl Default for AlertSettings {
    fn default() -> Self {
        Self {
            each_match: true,
            daily_limit: 5,
            email: Vec::new(),
            text_message: Vec::new(),
            flow: None,
        }
    }
}

/// What a policy does with matching files of one app.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AppActions {
    /// The label to apply: its path, its unique name, or its id (R-152).
    pub apply_label: Option<String>,
    /// Whether that label may replace one whose protection a person chose.
    pub override_user_defined: bool,
    /// Whether that label may replace a more sensitive one of the own tenant. The product leaves
    /// open what happens then; here a policy keeps the higher label unless this is set.
    pub allow_downgrade: bool,
    /// Whether to remove the label. Excludes applying one (R-153).
    pub remove_label: bool,
    /// Whether to tell the owner, in a digest.
    pub notify_owner: bool,
    /// What the digest says, and who else gets it; only beside `notify_owner`.
    pub owner_digest: OwnerDigest,
    /// Addresses to tell.
    pub notify_users: Vec<String>,
    /// Whether to tell the last editor; Box and Google Workspace only.
    pub notify_last_editor: bool,
    /// Changes of who has access, or where the file is; each kind at most once.
    pub file_actions: Vec<FileAction>,
}
