//! The product's templates of file policies, and the policies that its pages tell of, as data (2.7).

use label_core::PolicyId;

use crate::document::{PolicyDefinition, PolicyDocument};

const TEMPLATES: &str = include_str!("templates.json");
const WORKED_EXAMPLES: &str = include_str!("worked_examples.json");

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
/// E14 is no file policy: it asks for uploads, which is an activity.
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
