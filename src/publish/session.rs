//! One person or tool at work at one node: sends what it signs, and waits for the node's word.

use std::path::PathBuf;
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::draft::{self, Draft};
use super::learn::relays_documents;
use crate::address::{self, DESK};
use crate::bus::{Bus, BusError, Endpoint, PlaceError, Placed};
use crate::jws::{self, General, Signer, SignerError};
use crate::keys::{KeyFile, KeyFileError};
use crate::notice::{Id, NodeId, Outcome, Receipt, Statement, Time};
use crate::relay::{
    DeskAnswer, DeskQuestion, FetchAnswer, FetchQuestion, TrustFiles, TrustLoadError,
    load_documents,
};
use crate::trust::{Documents, Paper, Trust, Usage};
use crate::verify;

/// First and longest pause between two questions while waiting for a word.
const ASK: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(500));
const PATIENCE: Duration = Duration::from_secs(5);

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
    /// The signer.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// The node's intake did not take it.
    #[error("the node's intake did not take it: {0}")]
    Place(#[from] PlaceError),
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

/// The node's word on a notice, as far as it came in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waited {
    /// Its receipt.
    Word(Receipt),
    /// None yet: the notice is in the node's intake, and its relay will take it.
    Silence,
}

/// A session before it is connected. What is wrong with a document, a key or an audience is known
/// without the server, so it can be said while the server is away.
pub struct Offline {
    place: Place,
    documents: Documents,
    key: Option<Box<dyn Signer>>,
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
        let offline = Self { place, documents, key };
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
        Draft { fed: self.trust().fed().clone(), iss: self.place.node.clone(), now }
    }

    /// Connects, and learns what trust documents the node's relay holds besides the files.
    ///
    /// # Errors
    /// [`SessionError::Bus`], or the key's if no bundle lists it for this node.
    pub async fn connect(self) -> Result<Session, SessionError> {
        let Self { place, documents, key } = self;
        let bus = Bus::connect(&place.endpoint).await?;
        let mut session = Session { place, documents, bus, key };
        session.learn().await;
        check_issue_key(&session.place, session.key.as_deref(), session.trust())?;
        Ok(session)
    }
}

/// A session at a node.
pub struct Session {
    place: Place,
    documents: Documents,
    bus: Bus,
    key: Option<Box<dyn Signer>>,
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
        self.documents.trust()
    }

    /// The node.
    #[must_use]
    pub fn node(&self) -> &NodeId {
        &self.place.node
    }

    /// The connection, for live subscriptions.
    #[must_use]
    pub fn bus(&self) -> &Bus {
        &self.bus
    }

    /// What statements of this node start from.
    #[must_use]
    pub fn draft(&self, now: Time) -> Draft {
        Draft { fed: self.trust().fed().clone(), iss: self.place.node.clone(), now }
    }

    /// Signs a statement and puts it into the node's intake. Whether it was there already.
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn issue(
        &self,
        statement: &Statement,
        body: Vec<u8>,
        asc: Option<Vec<u8>>,
    ) -> Result<(Id, Placed), SessionError> {
        let key = self.key.as_ref().ok_or(SessionError::NoKey)?;
        let wire = draft::sign(key.as_ref(), statement, body, asc)?;
        let id = wire.id();
        let realm = address::realm(statement);
        let subject = address::local_intake(realm, &self.place.intake, id);
        let placed = self.bus.place(&subject, &wire.headers(), wire.body, None).await?;
        Ok((id, placed))
    }

    /// Waits for the node's own word on a notice.
    ///
    /// # Errors
    /// [`SessionError`] if the connection or the relay's answers fail.
    pub async fn own_word(&self, of: Id, patience: Duration) -> Result<Waited, SessionError> {
        let asking = async {
            let mut pause = ASK.0;
            loop {
                // No answer means that no relay runs: it may start while we wait.
                if let Ok(receipts) = self.receipts(of).await
                    && let Some(own) = receipts.into_iter().find(|r| r.by == self.place.node)
                {
                    return own;
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(ASK.1);
            }
        };
        match tokio::time::timeout(patience, asking).await {
            Ok(receipt) => Ok(Waited::Word(receipt)),
            Err(_) => Ok(Waited::Silence),
        }
    }

    /// Every receipt of a notice that the node has, each verified.
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn receipts(&self, of: Id) -> Result<Vec<Receipt>, SessionError> {
        let question = FetchQuestion { receipts: Some(of), ..FetchQuestion::default() };
        let subject = address::fetch(&self.place.intake);
        let answer: FetchAnswer = self.ask(&subject, &question).await?;
        let now = crate::time::now();
        let source = address::Source::Outbox(self.place.node.clone());
        let verified = answer.receipts.iter().filter_map(|jws| {
            let (me, bytes) = (&self.place.node, jws.as_bytes());
            let checked = verify::verify_receipt(now, me, self.trust(), &source, bytes);
            checked.ok().map(|(receipt, _)| receipt).filter(|receipt| receipt.of == of)
        });
        Ok(verified.collect())
    }

    /// Adds the trust documents of the node's relay to the files'. Each proves itself from the
    /// pinned root, so a relay that lies adds nothing; one that does not answer leaves the files.
    async fn learn(&mut self) {
        let documents = relays_documents(&self.bus, &self.place.intake).await;
        self.documents.restore_all(&documents);
    }

    /// Hands a trust document or list to the node's relay, which judges it and passes it on.
    ///
    /// # Errors
    /// [`SessionError::Place`].
    pub async fn hand_over(&self, bytes: Vec<u8>) -> Result<Placed, SessionError> {
        let subject = address::local_intake(address::REAL, &self.place.intake, Id::of(&bytes));
        Ok(self.bus.place(&subject, &[], bytes, None).await?)
    }

    /// Whether the node's relay holds a trust document of this name, once it had time to take it.
    pub async fn relay_holds(&self, document: &Paper, patience: Duration) -> bool {
        let same = |held: &General| {
            let held = Paper::read(held);
            held.is_ok_and(|h| h.is_version_of(document) && h.version() == document.version())
        };
        let asking = async {
            while !relays_documents(&self.bus, &self.place.intake).await.iter().any(same) {
                tokio::time::sleep(ASK.1).await;
            }
        };
        tokio::time::timeout(patience, asking).await.is_ok()
    }

    /// Asks the desk.
    ///
    /// # Errors
    /// [`SessionError`]; a publisher has no desk.
    pub async fn desk(&self, question: &DeskQuestion) -> Result<DeskAnswer, SessionError> {
        if self.place.intake != DESK {
            return Err(SessionError::NoDesk(self.place.intake.clone()));
        }
        self.ask(&address::desk("list"), question).await
    }

    async fn ask<Q: serde::Serialize, A: DeserializeOwned + serde::Serialize>(
        &self,
        subject: &str,
        question: &Q,
    ) -> Result<A, SessionError> {
        let nonsense = |e: String| SessionError::Answer(e);
        let question = serde_json::to_vec(question).map_err(|e| nonsense(e.to_string()))?;
        let answer = self.bus.ask(subject, question, PATIENCE).await?;
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
