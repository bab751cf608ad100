//! Taking documents again: what this node kept, or what its operator put beside the pinned root.

use super::documents::{Documents, Named, Offered, named};
use super::held::Held;
use super::refusal::Refusal;
use super::store::{Rejected, Trust, TrustError};
use crate::jws::General;
use crate::notice::Time;

impl Documents {
    /// Takes a document again that this node kept, or that its operator put beside the root:
    /// neither a clock nor a higher version stops it. Call [`Self::settle`] after the last.
    ///
    /// # Errors
    /// [`Refusal`]: it does not hold, and is left out.
    pub fn restore(&mut self, document: &General) -> Result<Offered, Refusal> {
        let held = Held::read(document.clone())?;
        let name = named(&held);
        if self.is_known(&held)? {
            return Ok(Offered::Known(name));
        }
        self.take(held)?;
        Ok(Offered::Taken(name))
    }

    /// Restores what this node kept, in the order in which it came, with its times. Where an old
    /// version between was let go of, what it had introduced waits for the next. What does not hold
    /// is left out and reported.
    pub fn restore_kept(&mut self, documents: &[(General, Time)]) -> Vec<Rejected> {
        let (mut read, mut rejected) = (Vec::new(), Vec::new());
        for (document, since) in documents {
            let (mut held, refused) = read_all(std::slice::from_ref(document));
            held.iter_mut().for_each(|held| held.since = *since);
            read.extend(held);
            rejected.extend(refused);
        }
        self.bring_all(read, rejected)
    }

    /// Restores documents in any order: roots first, then who is higher in the tree, then lower
    /// versions; again while that brings any in. What does not hold is left out and reported.
    pub fn restore_all(&mut self, documents: &[General]) -> Vec<Rejected> {
        let (mut read, rejected) = read_all(documents);
        read.sort_by_key(|held| {
            (!held.is_root(), held.node().depth(), held.node().clone(), held.version())
        });
        self.bring_all(read, rejected)
    }

    /// Says since when documents are here of which that is known only now.
    pub fn date(&mut self, since: Time, new: impl Fn(&Named) -> bool) {
        for held in self.held.iter_mut().filter(|held| new(&named(held))) {
            held.since = since;
            self.changed.insert(held.node().clone());
        }
        self.settle();
    }

    fn bring_all(&mut self, read: Vec<Held>, mut rejected: Vec<Rejected>) -> Vec<Rejected> {
        let mut left: Vec<(Held, Refusal)> = Vec::new();
        let mut waiting = read;
        loop {
            let before = waiting.len();
            left.clear();
            for held in waiting {
                if let Err(why) = self.bring(&held) {
                    left.push((held, why));
                }
            }
            if left.is_empty() || left.len() == before {
                break;
            }
            waiting = left.drain(..).map(|(held, _)| held).collect();
        }
        self.settle();
        left.retain(|(_, why)| !matches!(why, Refusal::Unneeded(_)));
        rejected.extend(left.iter().map(|(held, why)| Rejected::new(held.general(), why)));
        rejected
    }

    fn bring(&mut self, held: &Held) -> Result<(), Refusal> {
        if self.is_known(held)? { Ok(()) } else { self.take(held.clone()) }
    }
}

impl Trust {
    /// Compiles what `documents` say, starting from the pinned `root`. A document that does not
    /// hold is left out, with all that only it introduces, and reported; the rest goes on. Any
    /// order will do: roots go first, then who is higher in the tree, then lower versions.
    ///
    /// # Errors
    /// [`TrustError`] if the pin or the pinned authority's own bundle is not valid.
    pub fn compile(
        root: &General,
        documents: &[General],
    ) -> Result<(Self, Vec<Rejected>), TrustError> {
        let mut all = Documents::pinned(root)?;
        let rejected = all.restore_all(documents);
        let home = all.home();
        if all.trust().seat(home).is_none_or(|seat| seat.version == 0) {
            let why = rejected.iter().find(|r| r.node.as_ref() == Some(home));
            let why = why.map_or_else(|| "none was given".to_owned(), |r| r.why.clone());
            return Err(TrustError::NoBundle(home.clone(), why));
        }
        Ok((Self::clone(all.trust()), rejected))
    }
}

fn read_all(documents: &[General]) -> (Vec<Held>, Vec<Rejected>) {
    let (mut read, mut rejected) = (Vec::new(), Vec::new());
    for document in documents {
        match Held::read(document.clone()) {
            Ok(held) => read.push(held),
            Err(refusal) => rejected.push(Rejected::new(document, &refusal)),
        }
    }
    (read, rejected)
}
