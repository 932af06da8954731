//! Several calls as one change of the store.

use super::Governance;
use crate::error::Error;
use crate::store::{Look, RowsMut, Store, Work};

/// A store inside a change that is under way: what [`Governance::together`] hands out.
pub struct Joint<'r> {
    rows: &'r mut dyn RowsMut,
    has_failed: bool,
}

impl std::fmt::Debug for Joint<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Joint");
        shown.field("has_failed", &self.has_failed);
        shown.finish_non_exhaustive()
    }
}

impl Joint<'_> {
    /// After an error, what a call would see is taken back, and half a call may be in it.
    fn check(&self) -> Result<(), Error> {
        if self.has_failed {
            return Err(Error::TakenBack);
        }
        Ok(())
    }
}

impl Store for Joint<'_> {
    fn transact(&mut self, work: &mut Work<'_>) -> Result<(), Error> {
        self.check()?;
        let result = work(&mut *self.rows);
        self.has_failed |= result.is_err();
        result
    }

    fn view(&self, look: &mut Look<'_>) -> Result<(), Error> {
        self.check()?;
        look(&*self.rows)
    }
}

impl<S: Store> Governance<S> {
    /// Makes several calls one change of the store: all of them or none, and one sync to disk.
    ///
    /// For steps that belong together, such as a submission and what can be done with it at once. The
    /// calls see what those before them did. An error of one that changes something, and any error
    /// of the store, takes all of them back, so it must be handed on; calls after it are refused.
    ///
    /// # Errors
    ///
    /// Those of the calls. [`Error::TakenBack`]: one of them failed, and its error was not handed on;
    /// nothing was done.
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::store::MemoryStore;
    /// use governance::{FileVersion, Governance, Settings, WriteGrant, WriteIntent};
    ///
    /// let mut governance = Governance::open(MemoryStore::new(), Settings::default())?;
    /// let version = FileVersion::parse("sha256:77ab")?;
    /// let granted = governance.together(|calls| {
    ///     let mut granted = Vec::new();
    ///     for task in calls.claim(10, 1_000)? {
    ///         let intent = WriteIntent::new(version.clone());
    ///         if calls.begin_write(task.claim(), intent, 1_000)? == WriteGrant::Granted {
    ///             granted.push(task);
    ///         }
    ///     }
    ///     Ok(granted)
    /// })?;
    /// assert!(granted.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn together<T>(
        &mut self,
        mut calls: impl FnMut(&mut Governance<Joint<'_>>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut outcome = None;
        let (settings, opening) = (self.settings, self.opening);
        self.store.transact(&mut |rows: &mut dyn RowsMut| {
            let has_failed = false;
            let mut inner = Governance {
                store: Joint { rows, has_failed },
                settings,
                opening,
            };
            let result = calls(&mut inner)?;
            if inner.store.has_failed {
                return Err(Error::TakenBack);
            }
            outcome = Some(result);
            Ok(())
        })?;
        outcome.ok_or(super::WORK_NOT_RUN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryStore;
    use crate::{Initiator, Settings, TaskId};

    /// Counts the changes that are made.
    #[derive(Default)]
    struct Counting {
        inner: MemoryStore,
        changes: usize,
    }

    impl Store for Counting {
        fn transact(&mut self, work: &mut Work<'_>) -> Result<(), Error> {
            self.changes += 1;
            self.inner.transact(work)
        }

        fn view(&self, look: &mut Look<'_>) -> Result<(), Error> {
            self.inner.view(look)
        }
    }

    #[test]
    fn calls_made_together_are_one_change() {
        let mut governance = Governance::open(Counting::default(), Settings::default()).unwrap();
        let before = governance.store.changes;
        let found = governance.together(|calls| {
            calls.next(&[], 0)?;
            calls.claim(1, 0)?;
            calls.interrupted()
        });
        assert!(found.unwrap().is_empty());
        assert_eq!(governance.store.changes, before + 1);
    }

    #[test]
    fn an_error_that_is_not_handed_on_takes_everything_back() {
        let mut governance = Governance::open(Counting::default(), Settings::default()).unwrap();
        let by = Initiator::parse("admin").unwrap();
        let made = governance.together(|calls| {
            drop(calls.cancel(TaskId(7), &by, 0));
            // Nobody is to act on what will be taken back.
            let looked = calls.next_due();
            assert!(matches!(looked, Err(Error::TakenBack)), "{looked:?}");
            let next = calls.next(&[], 0);
            assert!(matches!(next, Err(Error::TakenBack)), "{next:?}");
            Ok(())
        });
        assert!(matches!(made, Err(Error::TakenBack)), "{made:?}");
    }
}
