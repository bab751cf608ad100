//! Where a command works and as whom: a profile, overridden by the flags that the `nats` command
//! line has too.

use std::path::PathBuf;

use clap::Args;

use super::{Failure, complain};
use crate::address::DESK;
use crate::bus::{BusError, Endpoint, TlsFiles};
use crate::config::{self, DeskProfile, Environment};
use crate::keys::{self, KeyFile};
use crate::notice::NodeId;
use crate::publish::{Drained, Fate, Offline, Place, Relation, Relations, Session, SessionError};
use crate::relay::TrustFiles;

#[derive(Debug, Args)]
pub(super) struct Connection {
    /// The profile: node, server, user, keys
    #[arg(long, short = 'c', value_name = "FILE", env = "CHAPPE_PROFILE")]
    config: PathBuf,
    /// Server URL instead of the profile's
    #[arg(long, short = 's', value_name = "URL")]
    server: Option<String>,
    /// Server, seed and certificates of a context of the `nats` command instead of the profile's
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
    /// User nkey seed instead of the profile's
    #[arg(long, value_name = "FILE")]
    nkey: Option<PathBuf>,
    /// Authorities of the server's certificate
    #[arg(long, value_name = "FILE")]
    tlsca: Option<PathBuf>,
    /// Client certificate
    #[arg(long, value_name = "FILE", requires = "tlskey")]
    tlscert: Option<PathBuf>,
    /// Key of the client certificate
    #[arg(long, value_name = "FILE", requires = "tlscert")]
    tlskey: Option<PathBuf>,
}

impl Connection {
    /// Reads the profile and lays the flags over it.
    pub(super) fn place(&self) -> Result<Place, Failure> {
        let profile = self.profile()?;
        let client = self.tlscert.clone().zip(self.tlskey.clone());
        let seed = self.nkey.as_ref().unwrap_or(&profile.seed);
        let endpoint = Endpoint {
            url: self.server.clone().unwrap_or_else(|| profile.url.clone()),
            seed: keys::read_nkey(seed).map_err(Failure::usage)?.seed,
            inbox: inbox(&profile.user),
            name: format!("{} {}", profile.node, profile.user),
            tls: TlsFiles {
                ca: self.tlsca.clone().or_else(|| profile.ca.clone()),
                client: client.or_else(|| profile.cert.clone().zip(profile.key.clone())),
            },
        };
        let passphrase = profile.passphrase;
        let issue_key = profile.issue_key.map(|path| KeyFile::of_process(path, passphrase));
        let spool = match profile.spool {
            Some(folder) => folder,
            None => default_spool(&profile.node, &profile.user)?,
        };
        Ok(Place {
            node: profile.node,
            endpoint,
            intake: profile.user,
            trust: TrustFiles { root: profile.root, bundles: Some(profile.bundles) },
            issue_key,
            spool,
        })
    }

    /// The profile with a context over it: who one is stays the profile's, how one connects is the
    /// context's.
    fn profile(&self) -> Result<DeskProfile, Failure> {
        let profile = DeskProfile::load(&self.config).map_err(Failure::usage)?;
        let Some(name) = &self.context else { return Ok(profile) };
        let context = config::context(name, &Environment::of_process()).map_err(Failure::usage)?;
        let (url, seed) = (context.url, context.seed);
        let (ca, cert, key) = (context.ca, context.cert, context.key);
        Ok(DeskProfile { url, seed, ca, cert, key, ..profile })
    }

    /// As [`Self::open`] for a command that signs nothing, so that nobody is asked for the
    /// passphrase of a key that is not needed.
    pub(super) async fn open_to_read(&self) -> Result<Session, Failure> {
        let place = Place { issue_key: None, ..self.place()? };
        let session = Session::open(place).await.map_err(|e| failure(&e))?;
        drain(session).await
    }

    /// As [`Self::open`], not connected yet.
    pub(super) fn offline(&self) -> Result<Offline, Failure> {
        Offline::read(self.place()?).map_err(|e| failure(&e))
    }

    /// Connects, and sends what waits in the spool.
    pub(super) async fn open(&self) -> Result<Session, Failure> {
        let session = Session::open(self.place()?).await.map_err(|e| failure(&e))?;
        drain(session).await
    }
}

/// Whether the node's server was there.
#[expect(clippy::large_enum_variant, reason = "one of them, once in a command")]
pub(super) enum Reached {
    /// A session.
    Up(Session),
    /// Not yet one, and why.
    Down(Offline, String),
}

/// Connects if the server can be reached, and sends what waits in the spool. A server that does not
/// let this user in, or is too old, is no server that comes back by itself.
pub(super) async fn reach(offline: Offline) -> Result<Reached, Failure> {
    let bus = match offline.reach().await {
        Ok(bus) => bus,
        Err(SessionError::Bus(error @ BusError::Connect { away: true, .. })) => {
            return Ok(Reached::Down(offline, error.to_string()));
        }
        Err(error) => return Err(failure(&error)),
    };
    let session = offline.over(bus).await.map_err(|e| failure(&e))?;
    drain(session).await.map(Reached::Up)
}

/// Sends what waits in the spool, and says on standard error what became of it.
pub(super) async fn drain(session: Session) -> Result<Session, Failure> {
    match session.drain(crate::time::now()).await {
        Ok(drained) => drained.iter().for_each(tell),
        // Whoever only reads must not be stopped by a folder; who issues is told again by that.
        Err(error) => complain(&format!("warning: {error}")),
    }
    Ok(session)
}

fn tell(drained: &Drained) {
    let Drained { id, title, fate } = drained;
    let fate = match fate {
        Fate::Word(word) if word.reason.is_some() => {
            let reason = word.reason.clone().unwrap_or_default();
            format!("{} by {}: {reason}", word.outcome.as_str(), word.by)
        }
        Fate::Word(_) => "issued".to_owned(),
        Fate::Silence => "in the node's intake; its relay has said nothing yet".to_owned(),
        Fate::Waits(why) => format!("waits on: {why}"),
        Fate::Anew(id) => format!("too old to be taken; signed anew as {}", id.short()),
    };
    complain(&format!("from the spool: {} \"{title}\": {fate}", id.short()));
}

/// Which advisories this user has published from which cases.
pub(super) fn relations(connection: &Connection) -> Result<Vec<Relation>, Failure> {
    Relations::beside(&connection.place()?.spool).all().map_err(Failure::failed)
}

/// Of each node and user its own: who works for two nodes must not send one's at the other.
fn default_spool(node: &NodeId, user: &str) -> Result<PathBuf, Failure> {
    let home = Environment::of_process().state_home().ok_or_else(|| {
        Failure::usage(
            "no folder for the spool: set `spool` in the profile, XDG_STATE_HOME or HOME",
        )
    })?;
    Ok(home.join("chappe").join("spool").join(format!("{node}.{user}")))
}

fn inbox(user: &str) -> String {
    match user {
        DESK => "_INBOX_desk".to_owned(),
        user if user.starts_with("sub-") || user.starts_with("replay-") => format!("_INBOX_{user}"),
        publisher => format!("_INBOX_local-{publisher}"),
    }
}

/// Keys and bundles are configuration; the rest did not work out.
pub(super) fn failure(error: &SessionError) -> Failure {
    match error {
        SessionError::Trust(_)
        | SessionError::Key(_)
        | SessionError::WrongKey { .. }
        | SessionError::UnlistedKey { .. }
        | SessionError::NoDesk(_)
        | SessionError::NoKey => Failure::usage(error),
        SessionError::Bus(_)
        | SessionError::NoRelay(_)
        | SessionError::Spool(_)
        | SessionError::Signer(_)
        | SessionError::Place(_)
        | SessionError::Answer(_) => Failure::failed(error),
    }
}
