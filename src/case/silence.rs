//! Silence upward: a report was passed on, and who should have it says nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::notice::{Id, NodeId, Receipt, Time};

/// A report that was passed on to a node that has said nothing of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Silence {
    /// The report.
    pub of: Id,
    /// Who says that it passed it on.
    pub by: NodeId,
    /// Who is silent.
    pub to: NodeId,
    /// When it was passed on, by that word.
    pub since: Time,
}

/// Who is silent at `now`, more than `after` since a report was passed on to it. Any word of its
/// own counts as one, a refusal too. `receipts` are the last words of nodes on reports, this node's
/// own with them; of one report and one silent node the earliest counts.
pub fn silent<'a>(
    receipts: impl IntoIterator<Item = &'a Receipt>,
    now: Time,
    after: Duration,
) -> Vec<Silence> {
    let receipts: Vec<&Receipt> = receipts.into_iter().collect();
    let said: BTreeSet<(Id, &NodeId)> = receipts.iter().map(|word| (word.of, &word.by)).collect();
    let mut found: BTreeMap<(Id, &NodeId), Silence> = BTreeMap::new();
    for word in receipts {
        let Some(to) = &word.to else { continue };
        if said.contains(&(word.of, to)) || now.since(word.at) <= after {
            continue;
        }
        let silence = Silence { of: word.of, by: word.by.clone(), to: to.clone(), since: word.at };
        let earliest = found.entry((word.of, to)).or_insert_with(|| silence.clone());
        if silence.since < earliest.since {
            *earliest = silence;
        }
    }
    found.into_values().collect()
}
