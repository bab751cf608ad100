//! What a key may sign.

use serde::{Deserialize, Serialize};

use crate::notice::Reason;
use crate::notice::{Audience, Kind, Scope, Statement, Tlp};

/// Kinds, scopes, and the strictest label. Along a chain of introductions every grant must allow
/// a statement, so that adding one can only narrow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Kinds.
    pub kinds: Vec<Kind>,
    /// Scopes.
    pub scopes: Vec<Scope>,
    /// Strictest label.
    pub tlp: Tlp,
}

impl Grant {
    /// Every kind and label for these scopes: what a union or State has by its place.
    #[must_use]
    pub fn whole(scopes: Vec<Scope>) -> Self {
        Self { kinds: Kind::ALL.to_vec(), scopes, tlp: Tlp::Red }
    }

    /// Whether it allows `statement`; `target` is the constituency of a `node:` audience.
    ///
    /// # Errors
    /// `grant-kind`, `grant-scope` or `grant-tlp`.
    pub fn allows(&self, statement: &Statement, target: &[Scope]) -> Result<(), Reason> {
        if !self.kinds.contains(&statement.kind) {
            return Err(Reason::GrantKind);
        }
        if statement.tlp > self.tlp {
            return Err(Reason::GrantTlp);
        }
        if self.reaches(statement, target) { Ok(()) } else { Err(Reason::GrantScope) }
    }

    fn reaches(&self, statement: &Statement, target: &[Scope]) -> bool {
        let touches = |other: &Scope| self.scopes.iter().any(|scope| scope.intersects(other));
        match (&statement.aud, statement.report()) {
            // A report climbs to who is above; what must be the issuer's is where it happened.
            (_, Some(report)) => touches(&report.scope),
            (Audience::Scope(aud), None) => self.scopes.iter().any(|scope| scope.contains(aud)),
            (Audience::Node(_), None) => target.iter().any(touches),
        }
    }
}
