//! The product's templates of file policies, and the policies that its pages tell of, as data (2.7).

use label_core::PolicyId;

use crate::check::BuildContext;
use crate::document::{PolicyDefinition, PolicyDocument};
use crate::error::BuildErrors;
use crate::events::EventRuleDocument;

const TEMPLATES: &str = include_str!("templates.json");
const WORKED_EXAMPLES: &str = include_str!("worked_examples.json");
const WORKED_EVENT_RULES: &str = include_str!("event_rules.json");

/// The templates, each as a policy whose id is the template's (A-013).
///
/// Those that inspect content name presets; they can be built where these are supplied. The lists of
/// extensions and domains are ours, to be edited: the product publishes none.
///
/// # Examples
///
/// ```
/// let templates = policy_engine::templates();
/// assert_eq!(templates.policies.len(), 9);
/// ```
pub fn templates() -> PolicyDocument {
    // Both are read by a test, so there is always something.
    PolicyDocument::from_json(TEMPLATES).unwrap_or_default()
}

/// The file policies of the product's pages, under the numbers of 2.7: E1 to E13. Labels and folders
/// go by the names that stand there, and the tenant must have them.
///
/// E14 is no file policy: it asks for uploads, which is an activity. See [`worked_event_rules`].
///
/// # Examples
///
/// ```
/// let examples = policy_engine::worked_examples();
/// assert_eq!(examples.policies[0].id.as_str(), "E1");
/// ```
pub fn worked_examples() -> PolicyDocument {
    PolicyDocument::from_json(WORKED_EXAMPLES).unwrap_or_default()
}

/// The activity policy of the product's pages, E14 of 2.7, as a rule over label events, made at
/// `created_ms`, milliseconds UTC. Its label goes by the name `Confidential`.
///
/// The sample asks for uploads of labelled files. No label event is an upload; the nearest is a label
/// that is found when a file is first read. So the rule also takes a file that lay there before its
/// first reading, and doesn't take a new version of a file that was read before.
///
/// # Errors
///
/// [`BuildErrors`] where the tenant has no such label.
///
/// # Examples
///
/// ```
/// use label_core::{Label, LabelCatalog, LabelId, LabelView, TenantId};
/// use policy_engine::BuildContext;
///
/// let tenant = TenantId::from_u128(1);
/// let label = Label::new(tenant, LabelId::from_u128(2), "Confidential");
/// let labels = LabelView::new(LabelCatalog::build(tenant, vec![label])?.0.into());
/// let document = policy_engine::worked_event_rules(&BuildContext::new(&labels), 1_000)?;
/// assert_eq!(document.rules[0].id.as_str(), "E14");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn worked_event_rules(
    context: &BuildContext<'_>,
    created_ms: i64,
) -> Result<EventRuleDocument, BuildErrors> {
    let mut document = EventRuleDocument::from_json(WORKED_EVENT_RULES, context)?;
    for rule in &mut document.rules {
        rule.created_ms = created_ms;
    }
    Ok(document)
}

impl PolicyDefinition {
    /// A policy made from a template: its filters and everything else, to be edited as one likes
    /// (R-116). Nothing where there is no such template.
    ///
    /// # Examples
    ///
    /// ```
    /// use label_core::PolicyId;
    /// use policy_engine::PolicyDefinition;
    ///
    /// let id = PolicyId::parse("1")?;
    /// let policy = PolicyDefinition::from_template("pci", id).ok_or("no such template")?;
    /// assert_eq!(policy.template.as_deref(), Some("pci"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_template(template: &str, id: PolicyId) -> Option<Self> {
        let found = templates()
            .policies
            .into_iter()
            .find(|policy| policy.id.as_str() == template)?;
        Some(Self {
            id,
            template: Some(template.to_owned()),
            ..found
        })
    }
}
