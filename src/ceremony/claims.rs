//! Whose each key is and what for: one owner and one use in the whole federation. Who names a key
//! first keeps it; what names it again for another is left out by every reader.

use std::collections::BTreeMap;

use super::keys::id_of;
use crate::jws::KeyId;
use crate::notice::NodeId;
use crate::trust::Paper;

/// Every key that was named, with its owner and use.
#[derive(Clone, Debug, Default)]
pub(super) struct Claims(BTreeMap<KeyId, (NodeId, &'static str)>);

impl Claims {
    /// The keys of `paper` that were named for another owner or use, in words.
    pub(super) fn conflicts(&self, paper: &Paper) -> Vec<String> {
        let keys = paper.keys().into_iter().filter_map(|(jwk, node, usage)| {
            let id = id_of(jwk);
            let (owner, first) = self.0.get(&id).filter(|(o, u)| (o, *u) != (node, usage))?;
            Some(format!("key {id} stands twice: {first} of {owner}, and {usage} of {node}"))
        });
        keys.collect()
    }

    /// Takes the keys of a document that counts.
    pub(super) fn take(&mut self, paper: &Paper) {
        for (jwk, node, usage) in paper.keys() {
            self.0.entry(id_of(jwk)).or_insert_with(|| (node.clone(), usage));
        }
    }
}
