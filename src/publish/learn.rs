//! What the node's relay holds of trust documents, asked by whoever verifies for himself. Each
//! proves itself from the pinned root, so a relay that lies adds nothing.

use std::time::Duration;

use crate::address;
use crate::bus::Bus;
use crate::jws::{self, General};
use crate::relay::{FetchAnswer, FetchQuestion};

const PATIENCE: Duration = Duration::from_secs(5);

/// Pages of at most a megabyte: more than a State has, and the bound against a relay that never
/// comes to an end.
const MAX_PAGES: usize = 256;

/// Every document that the relay gives to `asker`; none if it does not answer.
pub async fn relays_documents(bus: &Bus, asker: &str) -> Vec<General> {
    let (mut all, mut from) = (Vec::new(), Some(0));
    for _ in 0..MAX_PAGES {
        let Some(position) = from else { break };
        let Some(answer) = page(bus, asker, position).await else { break };
        all.extend(answer.documents);
        from = answer.next.filter(|next| *next > position);
    }
    all
}

async fn page(bus: &Bus, asker: &str, position: usize) -> Option<FetchAnswer> {
    let question = FetchQuestion { trust: Some(position), ..FetchQuestion::default() };
    let question = serde_json::to_vec(&question).ok()?;
    let answer = bus.ask(&address::fetch(asker), question, PATIENCE).await.ok()?;
    jws::from_slice(&answer).ok()
}
