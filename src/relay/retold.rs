//! Words that are lacking since one of the two ends of a link was brought back from an older copy
//! of its receipts: those that went back up are compared page by page, and those on what went up
//! are asked for. A digest of all was not chosen: each side forgets lawfully at its own time.

use tokio_util::sync::CancellationToken;

use super::conditions::until;
use super::desk::{FetchQuestion, MAX_WORDS_ASKED, Spoken};
use super::node::Node;
use super::receipts;
use super::reconcile::{AGAIN, Above, PACE, Said, Tries};
use crate::bus::PlaceError;
use crate::notice::{Id, Receipt};
use crate::time::Stopwatch;

/// A pass over all words takes at most this part of the time: many take minutes.
const REST: u32 = 10;
/// Reports of which one look asks what was said of them.
const MAX_REPORTS: usize = 100;
/// Pages of words on one report: a page has thousands, and a report's way a few nodes.
const MAX_PAGES: usize = 4;

/// Says at start what this node has said of what is here, where its receipts lack it.
pub(super) async fn say_own(node: &Node, stop: &CancellationToken) {
    let unsaid = {
        let (now, router) = (crate::time::now(), node.router.lock().await);
        router.unsaid(now, &node.trust())
    };
    for word in unsaid {
        let of = word.of;
        if let Err(error) = say_one(node, word).await {
            tracing::warn!(%of, %error, "its own word on it is lacking still");
        }
        if until(stop, tokio::time::sleep(PACE)).await.is_none() {
            return;
        }
    }
}

/// Unless something has been said since: it came again.
async fn say_one(node: &Node, word: Receipt) -> Result<(), PlaceError> {
    let mut router = node.router.lock().await;
    if router.own_word(word.of).is_some() {
        return Ok(());
    }
    receipts::add(node, &mut router, word).await
}

impl Above<'_> {
    /// Compares all words that went up, again and again; never ends.
    pub(super) async fn retell_on(&self) {
        let mut tries = Tries::default();
        loop {
            self.node.lease.at_work().await;
            let begun = Stopwatch::start();
            tries.begin();
            self.retell(&mut tries).await;
            tokio::time::sleep(self.node.period.max(begun.elapsed() * REST)).await;
        }
    }

    async fn retell(&self, tries: &mut Tries) {
        let mut last = None;
        loop {
            let (words, next) = {
                let router = self.node.router.lock().await;
                let trust = self.node.trust();
                router.words_up(&trust, self.upstream, last.as_ref(), MAX_WORDS_ASKED)
            };
            if next.is_none() {
                return;
            }
            match self.page(&words, tries).await {
                Ok(true) => last = next,
                Ok(false) => return,
                Err(why) => {
                    tracing::debug!(upstream = %self.upstream, why, "words not compared yet");
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    }

    /// Compares one page of words; whether the upstream knows the question.
    async fn page(&self, words: &[Receipt], tries: &mut Tries) -> Result<bool, String> {
        if words.is_empty() {
            return Ok(true);
        }
        let spoken = |word: &Receipt| Spoken {
            of: word.of,
            by: word.by.clone(),
            outcome: word.outcome,
            at: word.at,
        };
        let spoken = Some(words.iter().map(spoken).collect());
        let question = FetchQuestion { words: spoken, ..FetchQuestion::default() };
        let wanted = match self.ask(&question).await {
            Said::Answer(answer) => answer.wanted,
            Said::Unknown => {
                tracing::debug!(upstream = %self.upstream, "it does not say which words it lacks");
                return Ok(false);
            }
            Said::Nothing => return Err("no answer".into()),
        };
        for word in wanted.into_iter().take(words.len()).filter_map(|at| words.get(at)) {
            // A word has no name of its own before it is signed.
            let name = Id::of(format!("{}.{}", word.of, word.by).as_bytes());
            if tries.is_due(name) {
                self.say_again(word).await.map_err(|e| e.to_string())?;
            }
        }
        tokio::time::sleep(PACE).await;
        Ok(true)
    }

    async fn say_again(&self, word: &Receipt) -> Result<(), PlaceError> {
        let router = self.node.router.lock().await;
        receipts::again(self.node, &router, self.upstream, (word.of, &word.by)).await?;
        tracing::debug!(of = %word.of, by = %word.by, upstream = %self.upstream,
            "it lacks this word: said again");
        Ok(())
    }

    /// Asks what was said of what went up, where no word of the upstream is here; whether it has
    /// answered.
    pub(super) async fn learn(&self, tries: &mut Tries) -> bool {
        let (now, trust) = (crate::time::now(), self.node.trust());
        let unheard = self.node.router.lock().await.unheard_of(now, &trust, self.upstream);
        let due = unheard.into_iter().filter(|id| tries.is_due(*id)).take(MAX_REPORTS);
        for of in due.collect::<Vec<Id>>() {
            match self.words_on(of).await {
                Ok(true) => tokio::time::sleep(PACE).await,
                Ok(false) => return false,
                Err(error) => {
                    tracing::debug!(%of, %error, "what was said of it is not taken yet");
                    return false;
                }
            }
        }
        true
    }

    async fn words_on(&self, of: Id) -> Result<bool, PlaceError> {
        let mut skip = 0;
        for _ in 0..MAX_PAGES {
            let question = FetchQuestion { receipts: Some(of), skip, ..FetchQuestion::default() };
            let Said::Answer(answer) = self.ask(&question).await else { return Ok(false) };
            for signed in &answer.receipts {
                receipts::learn(self.node, self.upstream, of, signed).await?;
            }
            match answer.next {
                Some(next) if next > skip => skip = next,
                _ => break,
            }
        }
        Ok(true)
    }
}
