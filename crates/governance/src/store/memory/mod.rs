//! The store that forgets when it is dropped: for tests, previews and simulations.

mod change;
mod state;

use super::{Look, Store, Work};
use crate::error::Error;
use change::Change;
use state::State;

/// Tasks in memory. A clone is a second, independent store with the same content.
///
/// # Examples
///
/// ```
/// use governance::{Governance, Settings};
/// use governance::store::MemoryStore;
///
/// let governance = Governance::open(MemoryStore::new(), Settings::default())?;
/// assert_eq!(governance.next_due()?, None);
/// # Ok::<(), governance::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    state: State,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Store for MemoryStore {
    fn transact(&mut self, work: &mut Work<'_>) -> Result<(), Error> {
        let mut change = Change::new(&mut self.state);
        work(&mut change)?;
        change.commit()
    }

    fn view(&self, look: &mut Look<'_>) -> Result<(), Error> {
        look(&self.state)
    }
}
