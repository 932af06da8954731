//! Writing a taxonomy down in code.

use std::collections::HashMap;

use crate::catalog::LabelCatalog;
use crate::error::{CatalogError, quote};
use crate::id::{LabelId, TenantId};
use crate::label::Label;

/// Writes a tenant's labels down in code, for tests and for programs that have no list: from the
/// least sensitive to the most, sublabels by their path.
///
/// The first label has the id `00000000-0000-4000-8000-000000000001`, and so on: two tenants built
/// alike have labels of equal ids, which are different labels all the same (L-001).
///
/// # Examples
///
/// ```
/// use label_core::{LabelCatalog, LabelProtection, TenantId};
///
/// let catalog = LabelCatalog::builder(TenantId::from_u128(1))
///     .label("Public")
///     .label("Confidential")
///     .label("Confidential/All Employees")
///     .label_with("Confidential/Finance", |label| label.protection = LabelProtection::Template)
///     .build()?;
/// let finance = catalog.find("Finance")?;
/// assert_eq!(catalog.path(finance.key.label), Some("Confidential/Finance"));
/// assert_eq!(catalog.order(finance.key.label), Some((1, 2)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct CatalogBuilder {
    tenant: TenantId,
    labels: Vec<Label>,
    ids: HashMap<String, LabelId>,
    error: Option<CatalogError>,
}

impl LabelCatalog {
    /// A catalogue that is written down in code.
    pub fn builder(tenant: TenantId) -> CatalogBuilder {
        CatalogBuilder {
            tenant,
            labels: Vec::new(),
            ids: HashMap::new(),
            error: None,
        }
    }
}

impl CatalogBuilder {
    /// Adds a label: active, published, for everything, without protection. `Parent/Child` is a
    /// sublabel of `Parent`, which has to be there; a slash in a name is written `~1`, a tilde `~0`,
    /// as in [`LabelCatalog::path`].
    #[must_use]
    pub fn label(self, path: &str) -> Self {
        self.label_with(path, |_| {})
    }

    /// Adds a label that is changed first.
    #[must_use]
    pub fn label_with(mut self, path: &str, change: impl FnOnce(&mut Label)) -> Self {
        match self.add(path, change) {
            Ok(()) => {}
            // The first is the one to mend first.
            Err(error) => self.error = self.error.or(Some(error)),
        }
        self
    }

    fn add(&mut self, path: &str, change: impl FnOnce(&mut Label)) -> Result<(), CatalogError> {
        let (parent, name) = match path.rsplit_once('/') {
            None => (None, path),
            Some((above, name)) => match self.ids.get(above) {
                Some(id) => (Some(*id), name),
                None => {
                    return Err(CatalogError::NoParent {
                        path: quote(path),
                        parent: quote(above),
                    });
                }
            },
        };
        let name = name.replace("~1", "/").replace("~0", "~");
        let number = self.labels.len() as u128 + 1;
        let id = LabelId::from_u128(0x4000_8000_0000_0000_0000 + number);
        let mut label = Label::new(self.tenant, id, &name);
        label.parent = parent;
        label.source_order = i64::try_from(number).unwrap_or(i64::MAX);
        change(&mut label);
        if self.ids.insert(path.to_owned(), label.key.label).is_some() {
            return Err(CatalogError::PathTaken { path: quote(path) });
        }
        self.labels.push(label);
        Ok(())
    }

    /// The labels as a source gives them, in the order in which they were added.
    ///
    /// # Errors
    ///
    /// [`CatalogError`]: a sublabel came before its parent, or a path twice.
    pub fn into_labels(self) -> Result<Vec<Label>, CatalogError> {
        match self.error {
            None => Ok(self.labels),
            Some(error) => Err(error),
        }
    }

    /// The catalogue.
    ///
    /// # Errors
    ///
    /// As [`into_labels`](Self::into_labels), and those of [`LabelCatalog::build`].
    pub fn build(self) -> Result<LabelCatalog, CatalogError> {
        let tenant = self.tenant;
        LabelCatalog::build(tenant, self.into_labels()?).map(|(catalog, _)| catalog)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label::LabelState;

    #[test]
    fn labels_are_written_down_by_path_in_their_order() {
        let catalog = LabelCatalog::builder(TenantId::from_u128(7))
            .label("Public")
            .label("R~1D ~0")
            .label_with("R~1D ~0/Old", |label| label.state = LabelState::Disabled)
            .label("R~1D ~0/New")
            .build()
            .unwrap();
        let shown: Vec<_> = catalog
            .labels()
            .map(|label| {
                let id = label.key.label;
                (catalog.path(id).unwrap(), catalog.order(id).unwrap())
            })
            .collect();
        assert_eq!(
            shown,
            [
                ("Public", (0, 0)),
                ("R~1D ~0", (1, 0)),
                ("R~1D ~0/Old", (1, 1)),
                ("R~1D ~0/New", (1, 2)),
            ]
        );
        let first = catalog.find("Public").unwrap().key.label;
        assert_eq!(first.to_string(), "00000000-0000-4000-8000-000000000001");
        assert_eq!(catalog.find("Old").unwrap().state, LabelState::Disabled);
    }

    #[test]
    fn mistakes_are_told_when_it_is_built() {
        let builder = LabelCatalog::builder(TenantId::from_u128(7)).label("A");
        for (path, expected) in [
            ("A", "label `A`: there is one already"),
            ("B/C", "label `B/C`: there is no `B` yet"),
            ("/", "label `/`: there is no `` yet"),
        ] {
            let error = builder
                .clone()
                .label(path)
                .label("X/Y")
                .build()
                .unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
        // An id that two labels were given makes them one, as in a list.
        let twice = builder.label_with("B", |label| {
            label.key.label = LabelId::from_u128(0x4000_8000_0000_0000_0001);
        });
        assert_eq!(twice.build().unwrap().len(), 1);
    }
}
