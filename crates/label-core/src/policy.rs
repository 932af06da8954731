//! Label policies: which labels are published to whom, and with which settings (section 1.8).

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::catalog::LabelCatalog;
use crate::id::LabelId;
use crate::label::{Label, Publication};

/// Most policies of one tenant that are kept.
pub const POLICIES_MAX: usize = 1_000;

/// Most notes on what policies name.
const NOTES_MAX: usize = 1_000;

/// What people in a policy must and need not do.
///
/// Of several policies that hold for one person, each setting is taken from the one with the highest
/// order that has it (L-019): [`PolicySettings::effective`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
#[non_exhaustive]
pub struct PolicySettings {
    /// Every document and message must have a label.
    pub mandatory: Option<bool>,
    /// Who lowers or removes a label has to say why.
    pub requires_downgrade_justification: Option<bool>,
    /// The label that new documents get; the outer nothing: not said; the inner: none.
    pub default_label: Option<Option<LabelId>>,
    /// Where people learn more.
    pub more_information_url: Option<String>,
    /// Everything, by lower-case key, as it is written.
    pub all: BTreeMap<String, String>,
}

impl PolicySettings {
    /// From keys and values, the keys in any letter case. Values that can't be read come back as
    /// notes; they stay in [`all`](Self::all).
    pub fn from_pairs<K: AsRef<str>, V: AsRef<str>>(
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> (Self, Vec<String>) {
        let mut settings = Self::default();
        let mut notes = Vec::new();
        for (key, value) in pairs {
            let key = key.as_ref().trim().to_lowercase();
            let value = value.as_ref().trim();
            let mut flag = |target: &mut Option<bool>| match value.to_ascii_lowercase().as_str() {
                "true" => *target = Some(true),
                "false" => *target = Some(false),
                _ => notes.push(format!(
                    "`{key}`: `{}` is neither true nor false",
                    crate::error::quote(value)
                )),
            };
            match key.as_str() {
                "mandatory" => flag(&mut settings.mandatory),
                "requiredowngradejustification" => {
                    flag(&mut settings.requires_downgrade_justification);
                }
                "defaultlabelid" => match LabelId::parse(value) {
                    Ok(id) => settings.default_label = Some(Some(id)),
                    Err(_) if value.is_empty() || value.eq_ignore_ascii_case("none") => {
                        settings.default_label = Some(None);
                    }
                    Err(error) => notes.push(format!("`{key}`: {error}")),
                },
                "customurl" if !value.is_empty() => {
                    settings.more_information_url = Some(value.to_owned());
                }
                _ => {}
            }
            settings.all.insert(key, value.to_owned());
        }
        (settings, notes)
    }

    /// What holds for somebody in all of these policies (L-019). Disabled ones are passed over.
    pub fn effective<'p>(policies: impl IntoIterator<Item = &'p LabelPolicy>) -> Self {
        let mut policies: Vec<&LabelPolicy> =
            policies.into_iter().filter(|one| one.enabled).collect();
        // The last that says something wins.
        policies.sort_by_key(|policy| policy.priority);
        let mut effective = Self::default();
        for policy in policies {
            let own = &policy.settings;
            effective.mandatory = own.mandatory.or(effective.mandatory);
            effective.requires_downgrade_justification = own
                .requires_downgrade_justification
                .or(effective.requires_downgrade_justification);
            effective.default_label = own.default_label.or(effective.default_label);
            if own.more_information_url.is_some() {
                effective
                    .more_information_url
                    .clone_from(&own.more_information_url);
            }
            effective.all.extend(own.all.clone());
        }
        effective
    }
}

/// A label policy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct LabelPolicy {
    /// Its name.
    pub name: String,
    /// Its order: of two that say different things, the larger wins.
    pub priority: i64,
    /// Whether it is on.
    pub enabled: bool,
    /// The labels in it, by back-end name, id or display name.
    pub labels: Vec<String>,
    /// Whom it is for: `All`, or addresses of people and groups.
    pub locations: Vec<String>,
    /// What it asks for.
    pub settings: PolicySettings,
}

impl LabelPolicy {
    /// An enabled policy for everybody, without labels and settings.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            priority: 0,
            enabled: true,
            labels: Vec::new(),
            locations: vec!["All".to_owned()],
            settings: PolicySettings::default(),
        }
    }
}

/// Marks the labels that policies publish, and all others as not published (L-020). A policy names
/// labels by back-end name, id or display name, in this order; a name that several labels have
/// publishes none of them. What names no label, or more than one, comes back as a note.
///
/// # Examples
///
/// ```
/// use label_core::policy::{LabelPolicy, publish};
/// use label_core::{Label, LabelId, Publication, TenantId};
///
/// let tenant = TenantId::from_u128(1);
/// let mut labels = vec![
///     Label::new(tenant, LabelId::from_u128(2), "General"),
///     Label::new(tenant, LabelId::from_u128(3), "Draft"),
/// ];
/// let mut policy = LabelPolicy::new("Global");
/// policy.labels.push("general".to_owned());
/// assert!(publish(&mut labels, &[policy]).is_empty());
/// assert_eq!(labels[0].publication, Publication::Published);
/// assert_eq!(labels[1].publication, Publication::NotPublished);
/// ```
pub fn publish(labels: &mut [Label], policies: &[LabelPolicy]) -> Vec<String> {
    let mut notes = Vec::new();
    let named = Named::of(labels);
    // Which policies a label is in, each by the place of the first policy of its name.
    let mut published: HashMap<LabelId, Vec<usize>> = HashMap::new();
    let mut first_of_name: HashMap<&str, usize> = HashMap::new();
    for (at, policy) in policies.iter().enumerate().filter(|(_, one)| one.enabled) {
        let at = *first_of_name.entry(&policy.name).or_insert(at);
        for wanted in &policy.labels {
            match named.find(wanted) {
                Ok(id) => {
                    let places = published.entry(id).or_default();
                    if places.last() != Some(&at) {
                        places.push(at);
                    }
                }
                Err(count) if notes.len() < NOTES_MAX => notes.push(format!(
                    "policy `{}`: `{}` names {count} label",
                    crate::error::quote(&policy.name),
                    crate::error::quote(wanted),
                )),
                Err(_) => {}
            }
        }
    }
    for places in published.values_mut() {
        places.sort_unstable();
        places.dedup();
    }
    for label in labels {
        let places = published.get(&label.key.label);
        label.publication = match places {
            Some(_) => Publication::Published,
            None => Publication::NotPublished,
        };
        label.published_in = places
            .into_iter()
            .flatten()
            .filter_map(|at| policies.get(*at))
            .map(|policy| policy.name.clone())
            .collect();
    }
    notes
}

/// What policies can call labels by. Names are in lower case, and have no id where they are several
/// labels'.
struct Named {
    by_back_end_name: HashMap<String, Option<LabelId>>,
    ids: HashSet<LabelId>,
    by_display_name: HashMap<String, Option<LabelId>>,
}

impl Named {
    fn of(labels: &[Label]) -> Self {
        let mut named = Self {
            by_back_end_name: HashMap::new(),
            ids: HashSet::new(),
            by_display_name: HashMap::new(),
        };
        for label in labels {
            let id = label.key.label;
            named.ids.insert(id);
            for (name, ids) in [
                (&label.back_end_name, &mut named.by_back_end_name),
                (&label.display_name, &mut named.by_display_name),
            ] {
                let Some(name) = name else { continue };
                let known = ids.entry(name.to_lowercase()).or_insert(Some(id));
                *known = known.filter(|known| *known == id);
            }
        }
        named
    }

    /// The one label that is called so, or how many there are.
    fn find(&self, wanted: &str) -> Result<LabelId, &'static str> {
        let folded = wanted.to_lowercase();
        let by_back_end_name = self.by_back_end_name.get(&folded);
        let by_id = || {
            let id = LabelId::parse(wanted).ok();
            id.filter(|id| self.ids.contains(id))
        };
        if let Some(id) = by_back_end_name.copied().flatten().or_else(by_id) {
            return Ok(id);
        }
        // Of several back-end names, a display name tells nothing.
        match by_back_end_name.or_else(|| self.by_display_name.get(&folded)) {
            Some(Some(id)) => Ok(*id),
            Some(None) => Err("more than one"),
            None => Err("no"),
        }
    }
}

/// What is wrong with a default label: it must be one that can be applied.
pub fn check_default_label(settings: &PolicySettings, catalog: &LabelCatalog) -> Option<String> {
    let id = settings.default_label??;
    let reason = catalog.not_appliable(id)?;
    Some(format!(
        "the default label `{id}` can't be applied: {reason}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::TenantId;

    #[test]
    fn l_019_per_setting_the_highest_order_wins() {
        let policy = |priority, pairs: &[(&str, &str)]| {
            let mut policy = LabelPolicy::new("p");
            policy.priority = priority;
            policy.settings = PolicySettings::from_pairs(pairs.iter().copied()).0;
            policy
        };
        let one = policy(5, &[("Mandatory", "false"), ("customurl", "https://five")]);
        let two = policy(9, &[("mandatory", "True"), ("defaultlabelid", "None")]);
        let mut off = policy(99, &[("mandatory", "false")]);
        off.enabled = false;
        for order in [[&one, &two, &off], [&off, &two, &one]] {
            let settings = PolicySettings::effective(order);
            assert_eq!(settings.mandatory, Some(true));
            assert_eq!(settings.default_label, Some(None));
            assert_eq!(
                settings.more_information_url.as_deref(),
                Some("https://five")
            );
            assert_eq!(settings.requires_downgrade_justification, None);
            assert_eq!(settings.all.len(), 3);
        }
        let (settings, notes) =
            PolicySettings::from_pairs([("mandatory", "maybe"), ("defaultlabelid", "x")]);
        assert_eq!(notes.len(), 2);
        assert_eq!(settings.mandatory, None);
        assert_eq!(settings.all.len(), 2);
    }

    #[test]
    fn l_019_labels_of_several_policies_add_up() {
        let tenant = TenantId::from_u128(1);
        let label = |id, name: &str| Label::new(tenant, LabelId::from_u128(id), name);
        let mut labels = vec![
            label(1, "One"),
            label(2, "Two"),
            label(3, "Both"),
            label(4, "None"),
        ];
        let policy = |name: &str, members: &[&str]| {
            let mut policy = LabelPolicy::new(name);
            policy.labels = members.iter().map(|one| (*one).to_owned()).collect();
            policy
        };
        let policies = [policy("A", &["One", "Both"]), policy("B", &["Both", "Two"])];
        assert!(publish(&mut labels, &policies).is_empty());
        let found: Vec<&[String]> = labels
            .iter()
            .map(|one| one.published_in.as_slice())
            .collect();
        assert_eq!(found, [vec!["A"], vec!["B"], vec!["A", "B"], vec![]]);
        assert_eq!(labels[3].publication, Publication::NotPublished);
        assert_eq!(labels[2].publication, Publication::Published);
    }

    #[test]
    fn l_020_publication_comes_from_policies() {
        let tenant = TenantId::from_u128(1);
        let label = |id, display: &str, name: Option<&str>| {
            let mut label = Label::new(tenant, LabelId::from_u128(id), display);
            label.back_end_name = name.map(str::to_owned);
            label.publication = Publication::Unknown;
            label
        };
        let mut labels = vec![
            label(1, "General", Some("b")),
            label(2, "b", None),
            label(3, "All Employees", None),
            label(4, "All Employees", None),
        ];
        let mut policy = LabelPolicy::new("Global");
        policy.labels = [
            "B",
            "All Employees",
            "nothing",
            &LabelId::from_u128(4).to_string(),
        ]
        .map(str::to_owned)
        .to_vec();
        let mut off = LabelPolicy::new("off");
        off.enabled = false;
        off.labels.push("All Employees".to_owned());
        let notes = publish(&mut labels, &[policy, off]);
        let found: Vec<bool> = labels
            .iter()
            .map(|label| label.publication == Publication::Published)
            .collect();
        // The back-end name before the display name; two of one name are neither.
        assert_eq!(found, [true, false, false, true]);
        assert_eq!(labels[0].published_in, ["Global"]);
        assert_eq!(notes.len(), 2, "{notes:?}");
    }

    #[test]
    fn l_020_a_name_of_several_labels_publishes_none_of_them() {
        let tenant = TenantId::from_u128(1);
        let label = |id, back_end: &str, display: &str| {
            let mut label = Label::new(tenant, LabelId::from_u128(id), display);
            label.back_end_name = Some(back_end.to_owned());
            label
        };
        let id = |id| LabelId::from_u128(id).to_string();
        let list = [
            label(1, "Twice", "One"),
            label(2, "tWICE", "Two"),
            label(3, "three", "twice"),
            label(4, &id(4), "Four"),
            label(5, &id(4), "FOUR"),
            label(6, "six", "three"),
            // The same label again is no other one.
            label(6, "SIX", "Three"),
        ];
        for (wanted, expected, note) in [
            ("twice", &[][..], "more than one"),
            // An id is one label's, whatever the names are.
            (&id(1), &[1], ""),
            (&id(4), &[4], ""),
            (&id(5), &[5], ""),
            ("four", &[], "more than one"),
            ("three", &[3], ""),
            ("Six", &[6, 6], ""),
            ("two", &[2], ""),
            ("seven", &[], "no"),
            (&id(7), &[], "no"),
        ] {
            let mut labels = list.to_vec();
            let mut policy = LabelPolicy::new("P");
            policy.labels.push(wanted.to_owned());
            let notes = publish(&mut labels, &[policy]);
            let published: Vec<u128> = labels
                .iter()
                .filter(|one| one.publication == Publication::Published)
                .map(|one| one.key.label.as_u128())
                .collect();
            assert_eq!(published, expected, "{wanted}");
            let told = match note {
                "" => Vec::new(),
                count => vec![format!("policy `P`: `{wanted}` names {count} label")],
            };
            assert_eq!(notes, told, "{wanted}");
        }
    }

    #[test]
    fn l_020_many_labels_of_one_name_take_no_time() {
        let tenant = TenantId::from_u128(1);
        let mut labels: Vec<Label> = (0..10_000)
            .map(|id| Label::new(tenant, LabelId::from_u128(id), "Ähnlich"))
            .collect();
        let mut policy = LabelPolicy::new("P");
        policy.labels = vec!["ähnlich".to_owned(); 10_000];
        policy.labels.push(LabelId::from_u128(7).to_string());
        // Thousands of millions of comparisons where each name is looked for in each label.
        let policies = vec![policy; 20];
        assert_eq!(publish(&mut labels, &policies).len(), NOTES_MAX);
        let published = |one: &&Label| one.publication == Publication::Published;
        assert_eq!(labels.iter().filter(published).count(), 1);
        assert_eq!(labels[7].published_in, ["P"]);
    }
}
