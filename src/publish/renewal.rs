//! Renewal: what is still in force is issued again before it expires.
//!
//! A publisher hands over the same document once more, as timers do. Far from its end nothing is
//! sent; near it the notice is updated by itself, so that nobody has to know which one it was.

use std::time::Duration;

use super::draft::Target;
use super::session::{Session, SessionError};
use crate::address::DESK;
use crate::lifecycle::{EXPIRES_SOON, Standing, ThreadKey};
use crate::notice::{Statement, Time};
use crate::relay::DeskQuestion;

/// A renewal adds at least this much: a timer that runs each hour must not renew each hour.
const WORTH_IT: Duration = Duration::from_secs(24 * 3600);

/// Whether `statement` says again what `old` says, which would expire soon and much earlier.
#[must_use]
pub fn renews(now: Time, statement: &Statement, old: &Statement) -> bool {
    let revision = |s: &Statement| s.doc.as_ref().map(|doc| doc.revision);
    let same = ThreadKey::of(statement) == ThreadKey::of(old)
        && revision(statement) == revision(old)
        && statement.body.sha256 == old.body.sha256
        && old.kind.is_document();
    let soon = now < old.expires() && old.expires().since(now) < EXPIRES_SOON;
    same && soon && statement.expires() >= old.expires() + WORTH_IT
}

impl Session {
    /// The own notice that a statement renews. A desk asks its node; a publisher, who may not,
    /// looks at its own copies, and so does a desk whose relay is down: what is new must not wait
    /// for a look at what is old.
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn renewed(
        &self,
        now: Time,
        statement: &Statement,
    ) -> Result<Option<Target>, SessionError> {
        let listed = if self.intake() == DESK { Some(self.listed(statement).await) } else { None };
        let found = match listed {
            None | Some(Err(SessionError::Bus(_) | SessionError::NoRelay(_))) => {
                self.copied(now)?
            }
            Some(listed) => listed?,
        };
        let fits = |target: &Target| renews(now, statement, &target.statement);
        // The newest: a renewal that would itself expire soon is renewed, not what it has renewed.
        Ok(found.into_iter().filter(fits).max_by_key(|target| target.statement.iat))
    }

    async fn listed(&self, statement: &Statement) -> Result<Vec<Target>, SessionError> {
        let Some(doc) = &statement.doc else { return Ok(Vec::new()) };
        let reference = Some(doc.reference.clone());
        let question = DeskQuestion { reference, own: true, ..DeskQuestion::default() };
        let found = self.desk(&question).await?.notices.into_iter();
        let in_force = found.filter(|listed| listed.standing == Standing::InForce.as_str());
        Ok(in_force.map(|listed| Target { id: listed.id, statement: listed.statement }).collect())
    }

    /// Their names tell which expire soon, so that few are read.
    fn copied(&self, now: Time) -> Result<Vec<Target>, SessionError> {
        let soon = |exp: u64| Time::from_secs(exp).since(now) < EXPIRES_SOON;
        let mut found = Vec::new();
        for entry in self.spooled().sent()?.into_iter().filter(|entry| soon(entry.exp)) {
            if let Some(statement) = self.spooled().statement(&entry) {
                found.push(Target { id: entry.id, statement });
            }
        }
        Ok(found)
    }
}
