//! How much of ours may wait in an upstream's intake at once.
//!
//! An intake is taken in the order in which it was filled. A flood from one of our children would
//! stand there in front of another's critical report; here, in the outbox, each source has its own
//! line, and one of each goes up in turn. So the upstream is asked how much of ours waits, and what
//! is more than a little waits here.

use std::time::Duration;

use tokio::sync::Mutex;

use super::desk::{FetchAnswer, FetchQuestion};
use crate::address;
use crate::bus::Bus;
use crate::notice::NodeId;

/// Notices that may wait there: some tenths of a second of an upstream's work.
const WINDOW: u64 = 32;
const ASK_AGAIN: Duration = Duration::from_millis(250);
const TRICKLE: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(5);

/// One link's gate. Whoever waits at it passes in turn.
pub(super) struct Gate {
    /// How many may pass before the upstream is asked again.
    left: Mutex<u64>,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self { left: Mutex::new(WINDOW) }
    }

    /// Waits until one more may go up.
    pub(super) async fn pass(&self, me: &NodeId, link: &Bus) {
        let mut left = self.left.lock().await;
        while *left == 0 {
            match waiting(me, link).await {
                Said::Waiting(waiting) if waiting >= WINDOW => tokio::time::sleep(ASK_AGAIN).await,
                Said::Waiting(waiting) => *left = WINDOW - waiting,
                Said::Unknown => *left = WINDOW,
                // Its relay is away. Never none at all: whatever is wrong there, ours go up.
                Said::Nothing => {
                    tokio::time::sleep(TRICKLE).await;
                    *left = 1;
                }
            }
        }
        *left -= 1;
    }
}

enum Said {
    /// So many of ours wait.
    Waiting(u64),
    /// An older relay does not know the question.
    Unknown,
    /// Nobody answers.
    Nothing,
}

async fn waiting(me: &NodeId, link: &Bus) -> Said {
    let question = FetchQuestion { waiting: Some(true), ..FetchQuestion::default() };
    let Ok(question) = serde_json::to_vec(&question) else { return Said::Unknown };
    let Ok(answer) = link.ask(&address::fetch(me.as_str()), question, PATIENCE).await else {
        return Said::Nothing;
    };
    let answer = serde_json::from_slice::<FetchAnswer>(&answer);
    answer.ok().and_then(|answer| answer.waiting).map_or(Said::Unknown, Said::Waiting)
}
