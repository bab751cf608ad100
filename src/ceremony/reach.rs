//! What a seat or key may sign when every grant on the way is counted.

use std::collections::BTreeSet;

use super::words::{list, short};
use crate::notice::{Kind, Scope, Tlp};
use crate::trust::{Seat, TrustedKey};

pub(super) fn covered(scope: &Scope, by: &[Scope]) -> bool {
    by.iter().any(|other| other.contains(scope))
}

/// What may be signed: what every grant on the way allows.
pub(super) struct Reach {
    pub(super) kinds: Vec<Kind>,
    pub(super) scopes: Vec<Scope>,
    pub(super) tlp: Tlp,
}

impl Reach {
    pub(super) fn of(seat: &Seat) -> Self {
        let mut all = Self { kinds: Kind::ALL.to_vec(), scopes: Vec::new(), tlp: Tlp::Red };
        for (at, grant) in seat.grants.iter().enumerate() {
            all.kinds.retain(|kind| grant.kinds.contains(kind));
            all.tlp = all.tlp.min(grant.tlp);
            all.scopes = match at {
                0 => grant.scopes.clone(),
                _ => common(&all.scopes, &grant.scopes),
            };
        }
        all
    }

    pub(super) fn of_key(seat: &Seat, key: &TrustedKey) -> Self {
        let mut all = Self::of(seat);
        all.kinds.retain(|kind| key.grant.kinds.contains(kind));
        all.tlp = all.tlp.min(key.grant.tlp);
        all.scopes = common(&all.scopes, &key.grant.scopes);
        all
    }

    fn is_empty(&self) -> bool {
        self.kinds.is_empty() || self.scopes.is_empty()
    }

    /// What may be signed no more and what now too; `who` ends with "may".
    pub(super) fn contrast(&self, who: &str, new: &Self, lines: &mut Vec<String>) {
        let labels = |above: Tlp, to: Tlp| {
            list(Tlp::ALL.into_iter().filter(|tlp| *tlp > above && *tlp <= to))
        };
        if new.tlp < self.tlp {
            lines.push(format!("{who} no longer sign {}", labels(new.tlp, self.tlp)));
        }
        if new.tlp > self.tlp {
            lines.push(format!("{who} now also sign {}", labels(self.tlp, new.tlp)));
        }
        let gone = self.kinds.iter().filter(|kind| !new.kinds.contains(kind));
        let gone: Vec<&Kind> = gone.collect();
        if !gone.is_empty() {
            lines.push(format!("{who} no longer sign the kinds {}", list(gone)));
        }
        let added: Vec<&Kind> = new.kinds.iter().filter(|k| !self.kinds.contains(k)).collect();
        if !added.is_empty() {
            lines.push(format!("{who} now also sign the kinds {}", list(added)));
        }
        let lost: Vec<String> =
            self.scopes.iter().filter(|s| !covered(s, &new.scopes)).map(short).collect();
        if !lost.is_empty() {
            lines.push(format!("{who} no longer sign for the whole of {}", list(lost)));
        }
        let won: Vec<String> =
            new.scopes.iter().filter(|s| !covered(s, &self.scopes)).map(short).collect();
        if !won.is_empty() {
            lines.push(format!("{who} now also sign for {}", list(won)));
        }
    }
}

fn common(some: &[Scope], other: &[Scope]) -> Vec<Scope> {
    let met = some.iter().flat_map(|s| other.iter().filter_map(|o| s.meet(o)));
    met.collect::<BTreeSet<Scope>>().into_iter().collect()
}

/// Whether a seat's grants leave nothing that it could sign.
pub(super) fn signs_nothing(seat: &Seat) -> bool {
    Reach::of(seat).is_empty()
}

/// Whether an issue key's own grant leaves nothing of its seat's.
pub(super) fn key_signs_nothing(seat: &Seat, key: &TrustedKey) -> bool {
    Reach::of_key(seat, key).is_empty()
}
