//! Sending what the spool keeps, until the node has it.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use super::draft;
use super::session::{Session, SessionError, Waited};
use super::spool::{Copy, Entry, SpoolError};
use crate::address;
use crate::bus::PlaceError;
use crate::notice::{Id, Outcome, Reason, Receipt, Statement, Time, Wire};
use crate::relay::{FetchAnswer, FetchQuestion, MAX_ASKED};
use crate::verify::LATE_AFTER;

/// Between two tries to reach the node's intake.
const AGAIN: Duration = Duration::from_millis(500);
/// Copies that one command sends; the next command sends on.
const MOST: usize = 200;
/// How long a command waits for the words on what it sent from the spool.
const WORDS: Duration = Duration::from_secs(10);
/// Signed so long ago, a notice is signed anew: its node takes it within 24 hours, and needs time
/// for that.
const TOO_OLD: Duration = Duration::from_secs(LATE_AFTER.as_secs() - 600);

fn is_late(now: Time, due: u64) -> bool {
    now.since(Time::from_secs(due)) > TOO_OLD
}

/// What became of a copy from the spool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drained {
    /// The notice.
    pub id: Id,
    /// Its title.
    pub title: String,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a copy from the spool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The node's word: only a yes leaves a copy.
    Word(Receipt),
    /// In the node's intake; its relay has said nothing yet.
    Silence,
    /// It waits on.
    Waits(String),
    /// It is too old to be taken: signed again, under this id.
    Anew(Id),
}

fn damaged(entry: &Entry, error: &SpoolError) -> Drained {
    Drained { id: entry.id, title: String::new(), fate: Fate::Waits(error.to_string()) }
}

impl Session {
    /// Signs a statement, keeps it, and puts it into the node's intake; waits for the node's word.
    /// While the server is away or full it tries on; afterwards the copy waits in the spool.
    ///
    /// # Errors
    /// [`SessionError`]: no key; no place for the copy, and then nothing was sent; or a server that
    /// does not let this user publish, and then the copy stays.
    pub async fn issue(
        &self,
        statement: &Statement,
        body: Vec<u8>,
        asc: Option<Vec<u8>>,
        patience: Duration,
    ) -> Result<(Id, Waited), SessionError> {
        let deadline = Instant::now() + patience;
        let wire = draft::sign(self.signer()?, statement, body, asc)?;
        let id = wire.id();
        let _at_work = self.spooled().keep(&wire, statement)?;
        loop {
            match self.put(&wire, statement).await {
                Ok(()) => break,
                Err(error @ (PlaceError::NotGranted(_) | PlaceError::NoStream)) => {
                    return Err(error.into());
                }
                Err(PlaceError::Size) => {
                    self.spooled().forget(id)?;
                    return Err(PlaceError::Size.into());
                }
                Err(error) if Instant::now() + AGAIN > deadline => {
                    return Ok((id, Waited::Spooled(error)));
                }
                Err(_) => tokio::time::sleep(AGAIN).await,
            }
        }
        let left = deadline.saturating_duration_since(Instant::now());
        let Some(receipt) = self.own_word(id, left).await else { return Ok((id, Waited::Silence)) };
        self.settle(&receipt, statement)?;
        Ok((id, Waited::Word(receipt)))
    }

    async fn put(&self, wire: &Wire, statement: &Statement) -> Result<(), PlaceError> {
        let realm = address::realm(statement);
        let subject = address::local_intake(realm, self.intake(), wire.id());
        self.bus().place(&subject, &wire.headers(), wire.body.clone(), None).await.map(drop)
    }
    /// The copy of what the node has taken stays, that of what it will never take goes.
    fn settle(&self, word: &Receipt, statement: &Statement) -> Result<(), SessionError> {
        let late = word.reason.as_deref() == Some(Reason::Late.as_str());
        match word.outcome {
            // The next command signs it anew.
            Outcome::Refused if late => Ok(()),
            Outcome::Refused | Outcome::Filtered | Outcome::Erased => {
                Ok(self.spooled().forget(word.of)?)
            }
            _ => {
                // In this order a crash in between has the next command do both again.
                self.spooled().replaced_by(statement)?;
                Ok(self.spooled().settle(word.of)?)
            }
        }
    }

    /// Sends what waits in the spool, and what the node had and has no more since it was restored
    /// from a backup. What is too old to be taken is signed anew. At most 200 of them; the words on
    /// them are waited for ten seconds in all.
    ///
    /// # Errors
    /// [`SessionError::Spool`].
    pub async fn drain(&self, now: Time) -> Result<Vec<Drained>, SessionError> {
        self.spooled().prune(now)?;
        self.take_back().await?;
        let mut drained = self.sign_late_anew(now).await?;
        let stuck: BTreeSet<Id> = drained.iter().map(|one| one.id).collect();
        let mut sent = Vec::new();
        let waiting = self.spooled().waiting()?.into_iter();
        for entry in waiting.filter(|entry| !stuck.contains(&entry.id)).take(MOST) {
            let copy = match self.spooled().take(&entry) {
                Ok(Some(copy)) => copy,
                Ok(None) => continue,
                Err(error) => {
                    drained.push(damaged(&entry, &error));
                    continue;
                }
            };
            match self.put(&copy.wire, &copy.statement).await {
                Ok(()) => sent.push(copy),
                Err(error) => {
                    let (id, title) = (copy.id, copy.statement.title);
                    drained.push(Drained { id, title, fate: Fate::Waits(error.to_string()) });
                    break;
                }
            }
        }
        drained.extend(self.words(sent).await?);
        Ok(drained)
    }

    /// Signs anew what is too old to be taken, unless the node has it and only its word was missed.
    async fn sign_late_anew(&self, now: Time) -> Result<Vec<Drained>, SessionError> {
        let (mut signed, mut last) = (Vec::new(), 0);
        let waiting = self.spooled().waiting()?.into_iter();
        for entry in waiting.filter(|entry| is_late(now, entry.iat)).take(MOST) {
            let Ok(Some(copy)) = self.spooled().take(&entry) else { continue };
            let s = &copy.statement;
            if !is_late(now, s.nbf.unwrap_or(s.iat)) {
                continue;
            }
            let (id, title) = (copy.id, s.title.clone());
            let fate = match self.word_now(id).await {
                Some(word) => {
                    self.settle(&word, s)?;
                    Fate::Word(word)
                }
                None => self.anew(now, &mut last, copy)?,
            };
            signed.push(Drained { id, title, fate });
        }
        Ok(signed)
    }

    /// The new copy is kept before the old one goes. `last` is when the one before was signed: the
    /// order of versions stays.
    fn anew(&self, now: Time, last: &mut u64, copy: Copy) -> Result<Fate, SessionError> {
        let Copy { id, statement, wire, .. } = copy;
        let Ok(key) = self.signer() else {
            let why = "signed more than a day ago; a command with the issue key signs it anew";
            return Ok(Fate::Waits(why.into()));
        };
        *last = now.secs().max(*last + 1);
        let statement = Statement { iat: *last, nbf: None, ..statement };
        if let Err(error) = statement.check() {
            return Ok(Fate::Waits(error.to_string()));
        }
        let wire = draft::sign(key, &statement, wire.body, wire.body_sig)?;
        self.spooled().keep(&wire, &statement)?;
        self.spooled().forget(id)?;
        Ok(Fate::Anew(wire.id()))
    }

    /// A word that decides: what was only too late is signed anew.
    async fn word_now(&self, of: Id) -> Option<Receipt> {
        let receipts = self.receipts(of).await.ok()?;
        let own = receipts.into_iter().find(|receipt| receipt.by == *self.node());
        own.filter(|word| word.reason.as_deref() != Some(Reason::Late.as_str()))
    }

    /// The node's words on what was sent.
    async fn words(&self, sent: Vec<Copy>) -> Result<Vec<Drained>, SessionError> {
        let deadline = Instant::now() + WORDS;
        let mut drained = Vec::new();
        for Copy { id, statement, .. } in sent {
            let left = deadline.saturating_duration_since(Instant::now());
            let fate = match self.own_word(id, left).await {
                Some(word) => {
                    self.settle(&word, &statement)?;
                    Fate::Word(word)
                }
                None => Fate::Silence,
            };
            drained.push(Drained { id, title: statement.title, fate });
        }
        Ok(drained)
    }

    /// What the node had taken and lacks now waits again: of the newest, and further back as long
    /// as something is lacking. A relay that does not answer lacks nothing.
    async fn take_back(&self) -> Result<(), SessionError> {
        let sent = self.spooled().sent()?;
        for newest in sent.rchunks(MAX_ASKED) {
            let ids: Vec<Id> = newest.iter().map(|entry| entry.id).collect();
            let question = FetchQuestion { held: Some(ids.clone()), ..FetchQuestion::default() };
            let subject = address::fetch(self.intake());
            let Ok(answer) = self.ask::<_, FetchAnswer>(&subject, &question).await else {
                return Ok(());
            };
            let held: BTreeSet<Id> = answer.ids.into_iter().collect();
            let lacking: Vec<Id> = ids.into_iter().filter(|id| !held.contains(id)).collect();
            for id in &lacking {
                self.spooled().unsettle(*id)?;
            }
            if lacking.is_empty() {
                break;
            }
        }
        Ok(())
    }
}
