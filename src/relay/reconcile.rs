//! Finds out what is lacking since one of the two ends of a link was brought back from an older
//! copy of its streams: by itself nobody can know what it had. What went up and is not there is
//! sent again; for what was sent to this node alone and is not here the board is asked for again.
//!
//! Asked when the relay starts, each time the link comes up, and each period: a relay above may
//! begin anew while its server stays. Nothing is remembered beyond one connection but what was
//! tried, so whatever is lost in between is found at the next look.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::conditions::until;
use super::desk::{FetchAnswer, FetchQuestion, MAX_ASKED};
use super::node::Node;
use super::{adapt, casework};
use crate::address;
use crate::bus::{Bus, PlaceError};
use crate::jws;
use crate::notice::{Id, NodeId};

const PATIENCE: Duration = Duration::from_secs(5);
/// Before an upstream is asked again that has not answered.
pub(super) const AGAIN: Duration = Duration::from_secs(5);
/// Between two questions: an asker has 600 a minute for everything.
pub(super) const PACE: Duration = Duration::from_millis(500);
/// What stays away, whatever is done, is tried again after so many periods at most.
const RAREST: u64 = 64;

/// Looks until told to stop.
pub(super) async fn watch(node: &Node, upstream: &NodeId, link: &Bus, stop: &CancellationToken) {
    let mut state = link.state();
    let above = Above { node, upstream, link };
    loop {
        if until(stop, state.wait_for(|up| *up)).await.is_none_or(|up| up.is_err()) {
            return;
        }
        let same = async { tokio::join!(above.look_on(), above.retell_on()) };
        // What comes up again may have been brought back since.
        let changed = async {
            tokio::select! {
                changed = state.changed() => changed.is_ok(),
                _ = same => false,
            }
        };
        if until(stop, changed).await != Some(true) {
            return;
        }
    }
}

/// One upstream over one connection.
pub(super) struct Above<'a> {
    pub(super) node: &'a Node,
    pub(super) upstream: &'a NodeId,
    pub(super) link: &'a Bus,
}

/// What became of a question.
pub(super) enum Said {
    Answer(FetchAnswer),
    /// An older relay does not know it.
    Unknown,
    /// Nobody answers, or not now.
    Nothing,
}

/// What is lacking: there, here, and the words on what went up.
#[derive(Default)]
struct Lacking {
    there: Tries,
    here: Tries,
    words: Tries,
}

impl Lacking {
    fn begin(&mut self) {
        self.there.begin();
        self.here.begin();
        self.words.begin();
    }
}

impl Above<'_> {
    /// Looks each period, sooner while nobody answers; never ends.
    async fn look_on(&self) {
        let mut lacking = Lacking::default();
        loop {
            self.node.lease.at_work().await;
            let pause = self.node.period;
            let pause = if self.look(&mut lacking).await { pause } else { AGAIN.min(pause) };
            tokio::time::sleep(pause).await;
        }
    }

    /// One look; whether the upstream has answered.
    async fn look(&self, lacking: &mut Lacking) -> bool {
        lacking.begin();
        let Lacking { there, here, words } = lacking;
        match self.held(there).await {
            Ok(answered) => answered && self.addressed(here).await && self.learn(words).await,
            Err(error) => {
                tracing::warn!(upstream = %self.upstream, %error,
                    "what it lacks is not sent again yet");
                false
            }
        }
    }

    /// Asks for the board again if it has something for this node alone that is not here. No
    /// heartbeat names that.
    async fn addressed(&self, here: &mut Tries) -> bool {
        let Some(mut lacking) = self.lacking(here).await else { return false };
        // What is on its way now is looked at before anything is asked for.
        if !lacking.is_empty() && adapt::comes_by_itself(self.node, self.link).await {
            lacking = self.node.router.lock().await.lacks(&lacking);
        }
        if lacking.is_empty() {
            return true;
        }
        let asked = adapt::ask(self.node, self.link).await;
        match &asked {
            Ok(()) => tracing::info!(upstream = %self.upstream, lacking = lacking.len(),
                "what it has for this node alone is not here: its board comes again"),
            Err(why) => {
                tracing::debug!(upstream = %self.upstream, why, "not asked yet");
                *here = Tries::default();
            }
        }
        asked.is_ok()
    }

    /// What it names, is not here, and is to be tried now; nothing if it does not know the
    /// question. As many as a page has are enough: one board brings all, and an upstream that makes
    /// up ids is not asked on for ever.
    async fn lacking(&self, here: &mut Tries) -> Option<Vec<Id>> {
        let (mut lacking, mut after, mut missing) = (Vec::new(), Id::from([0; 32]), 0);
        loop {
            let question = FetchQuestion { addressed: Some(after), ..FetchQuestion::default() };
            let mut ids = match self.ask(&question).await {
                Said::Answer(answer) => answer.ids,
                Said::Unknown => return Some(Vec::new()),
                Said::Nothing => return None,
            };
            ids.truncate(MAX_ASKED);
            let not_here = self.node.router.lock().await.lacks(&ids);
            missing += not_here.len();
            lacking.extend(not_here.into_iter().filter(|id| here.is_due(*id)));
            match ids.last() {
                Some(last) if ids.len() == MAX_ASKED && *last > after && missing < MAX_ASKED => {
                    after = *last;
                }
                _ => return Some(lacking),
            }
            tokio::time::sleep(PACE).await;
        }
    }

    /// Sends up again what went up once and is not there.
    async fn held(&self, there: &mut Tries) -> Result<bool, PlaceError> {
        let now = crate::time::now();
        let sent = self.node.router.lock().await.sent_up(now, &self.node.trust(), self.upstream);
        for ids in sent.chunks(MAX_ASKED) {
            let question = FetchQuestion { held: Some(ids.to_vec()), ..FetchQuestion::default() };
            let held: BTreeSet<Id> = match self.ask(&question).await {
                Said::Answer(answer) => answer.ids.into_iter().collect(),
                Said::Unknown => {
                    tracing::debug!(upstream = %self.upstream, "it does not say what it holds");
                    return Ok(true);
                }
                Said::Nothing => return Ok(false),
            };
            for id in ids.iter().filter(|id| !held.contains(id)) {
                if there.is_due(*id) {
                    self.again(*id).await?;
                }
            }
            tokio::time::sleep(PACE).await;
        }
        Ok(true)
    }

    async fn again(&self, id: Id) -> Result<(), PlaceError> {
        let router = self.node.router.lock().await;
        if casework::send_up(self.node, &router, id, self.upstream).await? {
            tracing::info!(%id, upstream = %self.upstream, "it lacks this: sent up again");
        }
        Ok(())
    }

    pub(super) async fn ask(&self, question: &FetchQuestion) -> Said {
        let Ok(question) = serde_json::to_vec(question) else { return Said::Unknown };
        let subject = address::fetch(self.node.me.as_str());
        let Ok(answer) = self.link.ask(&subject, question, PATIENCE).await else {
            return Said::Nothing;
        };
        if let Ok(answer) = jws::from_slice::<FetchAnswer>(&answer) {
            return Said::Answer(answer);
        }
        let error = serde_json::from_slice::<serde_json::Value>(&answer).ok();
        match error.as_ref().and_then(|value| value.get("error")?.as_str()) {
            Some("bad question") => Said::Unknown,
            _ => Said::Nothing,
        }
    }
}

/// What was tried and how often: at once, and then after 2, 4, 8 ... looks. An upstream that never
/// says that it has something would else be sent it for ever.
#[derive(Default)]
pub(super) struct Tries {
    look: u64,
    /// How often, and at which look next. What is missing no more is forgotten.
    tried: BTreeMap<Id, (u64, u64)>,
    before: BTreeMap<Id, (u64, u64)>,
}

impl Tries {
    pub(super) fn begin(&mut self) {
        self.look += 1;
        self.before = std::mem::take(&mut self.tried);
    }

    /// Whether to try this now, which is missing.
    pub(super) fn is_due(&mut self, id: Id) -> bool {
        let (pause, next) = self.before.get(&id).copied().unwrap_or((1, self.look));
        let is_due = next <= self.look;
        let pause = if is_due { (pause * 2).min(RAREST) } else { pause };
        let next = if is_due { self.look + pause } else { next };
        self.tried.insert(id, (pause, next));
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_missing_is_tried_ever_more_rarely_and_what_was_there_meanwhile_at_once() {
        let mut tries = Tries::default();
        let id = Id::of(b"report");
        let mut due = |missing: bool| {
            tries.begin();
            missing && tries.is_due(id)
        };
        let looks: Vec<u64> = (1..=200).filter(|_| due(true)).collect();
        assert_eq!(looks, [1, 3, 7, 15, 31, 63, 127, 191]);
        assert!(!due(false) && due(true), "it was there, and is missing again");
    }
}
