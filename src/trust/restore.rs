//! Taking documents again: what this node kept, or what its operator put beside the pinned root.

use super::documents::{Documents, Offered, named};
use super::held::Held;
use super::refusal::Refusal;
use super::store::Rejected;
use crate::jws::General;

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

    /// Restores documents in any order: roots first, then who is higher in the tree, then lower
    /// versions; again while that brings any in. What does not hold is left out and reported.
    pub fn restore_all(&mut self, documents: &[General]) -> Vec<Rejected> {
        let mut read: Vec<(Held, Option<Refusal>)> = Vec::new();
        let mut rejected = Vec::new();
        for document in documents {
            match Held::read(document.clone()) {
                Ok(held) => read.push((held, None)),
                Err(refusal) => rejected.push(Rejected::new(document, &refusal)),
            }
        }
        read.sort_by_key(|(held, _)| {
            (!held.is_root(), held.node().depth(), held.node().clone(), held.version())
        });
        loop {
            let before = read.len();
            read.retain_mut(|(held, why)| match self.bring(held) {
                Ok(()) => false,
                Err(refusal) => {
                    *why = Some(refusal);
                    true
                }
            });
            if read.len() == before || read.is_empty() {
                break;
            }
        }
        self.settle();
        let left = read.iter().filter_map(|(held, why)| Some((held, why.as_ref()?)));
        let left = left.filter(|(_, why)| !matches!(why, Refusal::Unneeded(_)));
        rejected.extend(left.map(|(held, why)| Rejected::new(held.general(), why)));
        rejected
    }

    fn bring(&mut self, held: &Held) -> Result<(), Refusal> {
        if self.is_known(held)? { Ok(()) } else { self.take(held.clone()) }
    }
}
