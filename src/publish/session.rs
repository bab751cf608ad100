//! One person or tool at work at one node: sends what it signs, and waits for the node's word.

use std::path::PathBuf;
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::draft::{self, Draft};
use super::learn::relays_documents;
use super::spool::{Spool, SpoolError};
use crate::address;
use crate::bus::{Bus, BusError, Endpoint, PlaceError, Placed};
use crate::jws::{self, General, Signer, SignerError};
use crate::keys::{KeyFile, KeyFileError};
use crate::notice::{Id, NodeId, Outcome, Receipt, Statement, Time};
use crate::relay::{FetchAnswer, FetchQuestion, TrustFiles, TrustLoadError, load_documents};
use crate::trust::{Documents, Paper, Trust, Usage};
use crate::verify;

/// First and longest pause between two questions while waiting for a word.
const ASK: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(500));
const PATIENCE: Duration = Duration::from_secs(5);
/// Pages of at most a megabyte of receipts: the bound against a relay that never comes to an end.
const MAX_PAGES: usize = 64;

/// As whom to work, and with what.
#[derive(Clone, Debug)]
pub struct Place {
    /// The node.
    pub node: NodeId,
    /// The user's connection.
    pub endpoint: Endpoint,
    /// The name of the intake: a publisher's, or `desk`.
    pub intake: String,
    /// What to believe.
    pub trust: TrustFiles,
    /// The issue key, for those who issue.
    pub issue_key: Option<KeyFile>,
    /// The folder of the origin's own copies.
    pub spool: PathBuf,
}

/// Why a session cannot do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The trust documents.
    #[error(transparent)]
    Trust(#[from] TrustLoadError),
    /// A key.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The key is not this node's issue key.
    #[error("{path}: {why}")]
    WrongKey {
        /// The key's file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// Neither the files nor the node's relay have a bundle with this key.
    #[error("{path}: no bundle lists this key for {node}")]
    UnlistedKey {
        /// The key's file.
        path: PathBuf,
        /// The node.
        node: NodeId,
    },
    /// The server.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// The server is there, and nobody behind it answered in time.
    #[error("the relay of {0} does not answer: is it running?")]
    NoRelay(NodeId),
    /// The signer.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// The node's intake did not take it.
    #[error("the node's intake did not take it: {0}")]
    Place(#[from] PlaceError),
    /// The origin's own copy cannot be kept: then nothing is sent either.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// The relay's answer makes no sense, or it refused to answer.
    #[error("the relay answers: {0}")]
    Answer(String),
    /// No issue key was given.
    #[error("this needs the node's issue key: `issue_key` in the profile")]
    NoKey,
    /// Only the desk may ask this.
    #[error("only the desk may ask this: the profile's `user` is `{0}`, not `desk`")]
    NoDesk(String),
}

/// The node's word on a notice, as far as it came in time. Whatever it is, the origin has its copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waited {
    /// Its receipt.
    Word(Receipt),
    /// None yet: the notice is in the node's intake, and its relay will take it.
    Silence,
    /// It is in the spool alone: the next command sends it.
    Spooled(PlaceError),
}

/// A session before it is connected. What is wrong with a document, a key or an audience is known
/// without the server, so it can be said while the server is away; and what is right can be signed
/// and spooled.
pub struct Offline {
    place: Place,
    documents: Documents,
    key: Option<Box<dyn Signer>>,
    spool: Spool,
}

impl Offline {
    /// Reads keys and bundles.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn read(place: Place) -> Result<Self, SessionError> {
        let (documents, _) = load_documents(&place.trust)?;
        let key = match &place.issue_key {
            Some(file) => Some(Box::new(file.read_apart_from(&[&place.endpoint.seed])?) as _),
            None => None,
        };
        let spool = Spool::new(place.spool.clone());
        let offline = Self { place, documents, key, spool };
        // A key that the files do not list yet may stand in what the node's relay holds.
        match check_issue_key(&offline.place, offline.key.as_deref(), offline.trust()) {
            Err(SessionError::UnlistedKey { .. }) | Ok(()) => Ok(offline),
            Err(error) => Err(error),
        }
    }

    /// What this session believes, by the files alone.
    #[must_use]
    pub fn trust(&self) -> &Trust {
        self.documents.trust()
    }

    /// The node.
    #[must_use]
    pub fn node(&self) -> &NodeId {
        &self.place.node
    }

    /// What statements of this node start from.
    #[must_use]
    pub fn draft(&self, now: Time) -> Draft {
        Draft { fed: self.trust().fed().clone(), iss: self.node().clone(), now }
    }

    /// Signs a statement and keeps it until the node's server is back. `None` if the same document
    /// for the same readers waits already, or the same report has gone.
    ///
    /// # Errors
    /// [`SessionError`]: no key, or no place for the copy.
    pub fn spool(
        &self,
        statement: &Statement,
        body: Vec<u8>,
        asc: Option<Vec<u8>>,
    ) -> Result<Option<Id>, SessionError> {
        let again = !statement.kind.is_document() && self.spool.repeated(statement)?.is_some();
        if again || self.spool.same(statement)?.is_some() {
            return Ok(None);
        }
        let wire = draft::sign(self.signer()?, statement, body, asc)?;
        self.spool.keep(&wire, statement)?;
        Ok(Some(wire.id()))
    }

    pub(super) fn signer(&self) -> Result<&dyn Signer, SessionError> {
        self.key.as_deref().ok_or(SessionError::NoKey)
    }

    /// Connects to the node's server.
    ///
    /// # Errors
    /// [`SessionError::Bus`].
    pub async fn reach(&self) -> Result<Bus, SessionError> {
        Ok(Bus::connect(&self.place.endpoint).await?)
    }

    /// A session over a connection, which learns what trust documents the node's relay holds
    /// besides the files.
    ///
    /// # Errors
    /// The key's, if no bundle lists it for this node.
    pub async fn over(self, bus: Bus) -> Result<Session, SessionError> {
        let mut session = Session { offline: self, bus };
        session.learn().await;
        let Offline { place, key, .. } = &session.offline;
        check_issue_key(place, key.as_deref(), session.trust())?;
        Ok(session)
    }

    /// As [`Self::reach`] and [`Self::over`].
    ///
    /// # Errors
    /// As theirs.
    pub async fn connect(self) -> Result<Session, SessionError> {
        let bus = self.reach().await?;
        self.over(bus).await
    }
}

/// A session at a node.
pub struct Session {
    offline: Offline,
    bus: Bus,
}

impl Session {
    /// Reads keys and bundles, and connects.
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn open(place: Place) -> Result<Self, SessionError> {
        Offline::read(place)?.connect().await
    }

    /// What this session believes.
    #[must_use]
    pub fn trust(&self) -> &Trust {
        self.offline.trust()
    }

    /// The node.
    #[must_use]
    pub fn node(&self) -> &NodeId {
        self.offline.node()
    }

    /// The connection, for live subscriptions.
    #[must_use]
    pub fn bus(&self) -> &Bus {
        &self.bus
    }

    /// What statements of this node start from.
    #[must_use]
    pub fn draft(&self, now: Time) -> Draft {
        self.offline.draft(now)
    }

    /// A notice of the last day that says the same, by this user's own copies.
    ///
    /// # Errors
    /// [`SessionError::Spool`].
    pub fn repeated(&self, statement: &Statement) -> Result<Option<Id>, SessionError> {
        Ok(self.offline.spool.repeated(statement)?)
    }

    pub(super) fn spooled(&self) -> &Spool {
        &self.offline.spool
    }

    pub(super) fn signer(&self) -> Result<&dyn Signer, SessionError> {
        self.offline.signer()
    }

    pub(super) fn intake(&self) -> &str {
        &self.offline.place.intake
    }

    /// Waits for the node's own word on a notice.
    pub(super) async fn own_word(&self, of: Id, patience: Duration) -> Option<Receipt> {
        let asking = async {
            let mut pause = ASK.0;
            loop {
                // No answer means that no relay runs: it may start while we wait.
                if let Ok(receipts) = self.receipts(of).await
                    && let Some(own) = receipts.into_iter().find(|r| r.by == *self.node())
                {
                    return own;
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(ASK.1);
            }
        };
        tokio::time::timeout(patience, asking).await.ok()
    }

    /// Every receipt of a notice that the node has, each verified.
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn receipts(&self, of: Id) -> Result<Vec<Receipt>, SessionError> {
        let subject = address::fetch(&self.offline.place.intake);
        let mut question = FetchQuestion { receipts: Some(of), ..FetchQuestion::default() };
        let mut all = Vec::new();
        for _ in 0..MAX_PAGES {
            let answer: FetchAnswer = self.ask(&subject, &question).await?;
            all.extend(answer.receipts);
            match answer.next {
                Some(next) if next > question.skip => question.skip = next,
                _ => break,
            }
        }
        let now = crate::time::now();
        let source = address::Source::Outbox(self.node().clone());
        let verified = all.iter().filter_map(|jws| {
            let (me, bytes) = (self.node(), jws.as_bytes());
            let checked = verify::verify_receipt(now, me, self.trust(), &source, bytes);
            checked.ok().map(|(receipt, _)| receipt).filter(|receipt| receipt.of == of)
        });
        Ok(verified.collect())
    }

    /// Adds the trust documents of the node's relay to the files'. Each proves itself from the
    /// pinned root, so a relay that lies adds nothing; one that does not answer leaves the files.
    async fn learn(&mut self) {
        let documents = relays_documents(&self.bus, &self.offline.place.intake).await;
        self.offline.documents.restore_all(&documents);
    }

    /// Hands a trust document or list to the node's relay, which judges it and passes it on.
    ///
    /// # Errors
    /// [`SessionError::Place`].
    pub async fn hand_over(&self, bytes: Vec<u8>) -> Result<Placed, SessionError> {
        let subject =
            address::local_intake(address::REAL, &self.offline.place.intake, Id::of(&bytes));
        Ok(self.bus.place(&subject, &[], bytes, None).await?)
    }

    /// Whether the node's relay holds a trust document of this name, once it had time to take it.
    pub async fn relay_holds(&self, document: &Paper, patience: Duration) -> bool {
        let same = |held: &General| {
            let held = Paper::read(held);
            held.is_ok_and(|h| h.is_version_of(document) && h.version() == document.version())
        };
        let asking = async {
            while !relays_documents(&self.bus, &self.offline.place.intake).await.iter().any(same) {
                tokio::time::sleep(ASK.1).await;
            }
        };
        tokio::time::timeout(patience, asking).await.is_ok()
    }

    pub(super) async fn ask<Q: serde::Serialize, A: DeserializeOwned + serde::Serialize>(
        &self,
        subject: &str,
        question: &Q,
    ) -> Result<A, SessionError> {
        let nonsense = |e: String| SessionError::Answer(e);
        let question = serde_json::to_vec(question).map_err(|e| nonsense(e.to_string()))?;
        let answer = self.bus.ask(subject, question, PATIENCE).await.map_err(|e| match e {
            BusError::Refused { .. } => SessionError::NoRelay(self.node().clone()),
            other => other.into(),
        })?;
        jws::from_slice(&answer).map_err(|_| {
            nonsense(String::from_utf8_lossy(&answer).escape_debug().take(200).collect())
        })
    }
}

fn check_issue_key(
    place: &Place,
    key: Option<&dyn Signer>,
    trust: &Trust,
) -> Result<(), SessionError> {
    let (Some(file), Some(key)) = (&place.issue_key, key) else { return Ok(()) };
    let (node, path) = (&place.node, &file.path);
    let wrong = |why: String| SessionError::WrongKey { path: path.clone(), why };
    match trust.find(key.public().id()) {
        None => Err(SessionError::UnlistedKey { path: path.clone(), node: node.clone() }),
        Some(known) if known.node != *node => {
            Err(wrong(format!("this is a key of {}, not of {node}", known.node)))
        }
        Some(known) if known.usage == Usage::Relay => {
            Err(wrong("this is a relay key; it issues nothing".into()))
        }
        Some(_) => Ok(()),
    }
}

impl Waited {
    /// Whether the node said yes.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        matches!(self, Self::Word(receipt) if matches!(
            receipt.outcome,
            Outcome::Delivered | Outcome::Stops | Outcome::Climbs | Outcome::Read
        ))
    }
}
