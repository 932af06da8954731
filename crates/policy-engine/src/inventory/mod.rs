//! The files that are known, in memory: to be listed page by page, and counted.
//!
//! `store` keeps the records and, beside them, three `columns` of numbers for counting and the
//! numbers of all `values` for filters; `page` answers queries;
//! `counting` passes over the columns, `cells` adds up what it sees, and `facets` and `exposure`
//! make tables of that.

mod cells;
pub(crate) mod columns;
mod counting;
mod error;
mod exposure;
mod facets;
pub(crate) mod interner;
mod page;
mod store;
#[cfg(test)]
mod tests;
pub(crate) mod values;

pub use counting::{Counting, SensitivityFloor};
pub use error::InventoryError;
pub use exposure::{Exposure, ExposureCount, LabelExposure};
pub use facets::{CrossCount, FacetCount, Facets, OtherOwners};
pub use page::Page;
pub use store::{FILE_LABELS_MAX, INVENTORY_RECORDS_MAX, Inventory, InventoryOptions};
