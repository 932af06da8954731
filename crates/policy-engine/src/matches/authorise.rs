//! Matches that somebody found to be in order.

use label_core::{FileKey, PolicyId};

use super::book::MatchBook;
use super::entry::{AuthorisationEnd, AuthorisedMatch, EndReason};
use super::error::MatchError;
use super::table::Now;
use crate::address::Address;

impl MatchBook {
    /// Authorises a match: it leaves the list of current matches, and that file and policy don't
    /// match again, until `end` or [`revoke`](Self::revoke) (A-015). Other policies still see the
    /// file.
    ///
    /// # Errors
    ///
    /// [`MatchError::NotMatching`] when the file doesn't match the policy now.
    ///
    /// # Examples
    ///
    /// ```
    /// use label_core::{AppId, FileId, FileKey, PolicyId};
    /// use policy_engine::matches::{AuthorisationEnd, MatchBook, MatchOptions, Observation};
    /// use policy_engine::{Address, Outcome};
    ///
    /// let mut book = MatchBook::new(MatchOptions::default());
    /// let file = FileKey::new(AppId::BOX, 0, FileId::parse("7")?);
    /// let policy = PolicyId::parse("exposed")?;
    /// let seen = Observation::new(&file, &policy, Outcome::Match, 0);
    /// book.observe(&seen)?;
    ///
    /// let admin = Address::parse("admin@contoso.example")?;
    /// book.authorise(&file, &policy, &admin, AuthorisationEnd::Never, 1_000)?;
    /// assert_eq!(book.observe(&seen)?, None);
    /// assert_eq!(book.matched_policies(&file).count(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn authorise(
        &mut self,
        file: &FileKey,
        policy: &PolicyId,
        by: &Address,
        end: AuthorisationEnd,
        now_ms: i64,
    ) -> Result<(), MatchError> {
        if let Some(Now::Current(_)) = self.now_mut(policy, file)
            && let Some(Now::Current(current)) = self.take(policy, file)
        {
            self.put(Now::Authorised(AuthorisedMatch {
                file: current.file,
                policy: current.policy,
                since_ms: current.since_ms,
                authorised_ms: now_ms.max(current.seen_ms),
                by: by.clone(),
                end,
                content: current.content,
            }));
            return Ok(());
        }
        Err(MatchError::NotMatching {
            file: file.clone(),
            policy: policy.clone(),
        })
    }

    /// Authorises all current matches of a policy, also while it is disabled. How many there were.
    /// Files that begin to match later are not authorised.
    pub fn authorise_all(
        &mut self,
        policy: &PolicyId,
        by: &Address,
        end: AuthorisationEnd,
        now_ms: i64,
    ) -> usize {
        self.files(policy)
            .iter()
            .filter(|file| self.authorise(file, policy, by, end, now_ms).is_ok())
            .count()
    }

    /// Takes an authorisation back. It goes into the history; if the file is then seen to match,
    /// that is a new match.
    ///
    /// # Errors
    ///
    /// [`MatchError::NotAuthorised`] when there is none.
    pub fn revoke(
        &mut self,
        file: &FileKey,
        policy: &PolicyId,
        now_ms: i64,
    ) -> Result<(), MatchError> {
        if let Some(Now::Authorised(_)) = self.now_mut(policy, file) {
            self.end(policy, file, now_ms, EndReason::Authorised);
            return Ok(());
        }
        Err(MatchError::NotAuthorised {
            file: file.clone(),
            policy: policy.clone(),
        })
    }

    /// The authorised matches of a policy, by file, whatever its status.
    pub fn authorised(&self, policy: &PolicyId) -> impl Iterator<Item = &AuthorisedMatch> {
        self.tables
            .get(policy)
            .into_iter()
            .flat_map(|table| table.slots.values())
            .filter_map(|slot| match &slot.now {
                Some(Now::Authorised(authorised)) => Some(authorised),
                _ => None,
            })
    }

    /// The files with a match of the policy, current or authorised.
    pub(super) fn files(&self, policy: &PolicyId) -> Vec<FileKey> {
        self.tables
            .get(policy)
            .into_iter()
            .flat_map(|table| &table.slots)
            .filter(|(_, slot)| slot.now.is_some())
            .map(|(file, _)| file.clone())
            .collect()
    }
}
