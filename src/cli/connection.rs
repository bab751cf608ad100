//! Where a command works and as whom: a profile, overridden by the flags that the `nats` command
//! line has too.

use std::path::PathBuf;

use clap::Args;

use super::Failure;
use crate::address::DESK;
use crate::bus::{Endpoint, TlsFiles};
use crate::config::{self, DeskProfile, Environment};
use crate::keys;
use crate::publish::{Offline, Place, Session, SessionError};
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
        Ok(Place {
            node: profile.node,
            endpoint,
            intake: profile.user,
            trust: TrustFiles { root: profile.root, bundles: Some(profile.bundles) },
            issue_key: profile.issue_key,
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

    /// As [`Self::open`], not connected yet.
    pub(super) fn offline(&self) -> Result<Offline, Failure> {
        Offline::read(self.place()?).map_err(|e| failure(&e))
    }

    pub(super) async fn open(&self) -> Result<Session, Failure> {
        Session::open(self.place()?).await.map_err(|e| failure(&e))
    }
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
        | SessionError::Signer(_)
        | SessionError::Place(_)
        | SessionError::Answer(_) => Failure::failed(error),
    }
}
