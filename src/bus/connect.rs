//! A connection to one server as one user, kept for as long as its owner wants it.
//!
//! The first connection is made without the library's own retry: with it, connecting returns
//! before the server has said its limits, and a large body is then refused against a default of
//! 1 MiB. Nothing is sent while the server is away: the library would keep it and send it at a
//! time that nobody expects any more.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::{Client, ConnectErrorKind, ConnectOptions, Event, ServerAddr, jetstream};
use tokio::sync::watch;

use super::link::Link;
use super::version::{NEEDED, Version};
use crate::keys::Secret;
use crate::notice::MAX_MESSAGE_BYTES;

/// A request that takes longer has an unknown outcome.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Between two questions whether the server is still there. Three without an answer end a
/// connection: one that a firewall has forgotten shows no other sign, and the library's 60 s would
/// leave a node deaf for three minutes.
const PING: Duration = Duration::from_secs(5);
/// First and longest delay between tries to reconnect.
const RECONNECT: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// Messages that wait here for one reader. The library **drops** what comes above it, and only an
/// event tells: what is pulled in one go has to stay far below.
pub(super) const SUBSCRIPTION_CAPACITY: usize = 4_096;

/// Where and as whom to connect.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// `nats://` or `tls://`; several servers of one cluster separated by commas.
    pub url: String,
    /// The user's nkey seed: it only connects, it never signs a notice.
    pub seed: Secret,
    /// The user's private inbox prefix.
    pub inbox: String,
    /// What the server's monitoring shows.
    pub name: String,
    /// TLS files, if any; with one, a connection without TLS is refused.
    pub tls: TlsFiles,
}

/// PEM files of a TLS connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// Authorities of the server's certificate.
    pub ca: Option<PathBuf>,
    /// Client certificate and key.
    pub client: Option<(PathBuf, PathBuf)>,
}

/// Why a connection, or what is asked over it, fails.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BusError {
    /// Cannot be reached, or does not let this user in.
    #[error("{url}: {why}")]
    Connect {
        /// Where.
        url: String,
        /// Why.
        why: String,
        /// Whether nobody was there, who may come back by himself: not a refusal.
        away: bool,
    },
    /// Too old.
    #[error("{url}: nats-server {found} is too old; {NEEDED} or newer is needed")]
    TooOld {
        /// Where.
        url: String,
        /// Its version.
        found: String,
    },
    /// Takes less than the federation's largest message.
    #[error("{url}: max_payload is {found}; the federation needs {MAX_MESSAGE_BYTES}")]
    MaxPayload {
        /// Where.
        url: String,
        /// Its limit, bytes.
        found: usize,
    },
    /// Not connected: nothing was sent.
    #[error("{what}: the server is away")]
    Away {
        /// What was to be asked.
        what: String,
    },
    /// The connection was lost before the answer came: it may have been done.
    #[error("{what}: the server went away before it answered")]
    Lost {
        /// What was asked.
        what: String,
    },
    /// Nobody answered in time: it may have been done.
    #[error("{what}: no answer in time")]
    NoAnswer {
        /// What was asked.
        what: String,
    },
    /// The server said that this user may not.
    #[error("{what}: this user is not allowed to")]
    NotGranted {
        /// What was asked.
        what: String,
    },
    /// There is no such stream, durable or message.
    #[error("{what}: not there; `chappe provision` makes streams and durables: {why}")]
    Missing {
        /// What was asked for.
        what: String,
        /// The server's words.
        why: String,
    },
    /// The server refused what was asked.
    #[error("{what}: {why}")]
    Refused {
        /// What was asked.
        what: String,
        /// Why.
        why: String,
    },
}

/// A connection; clones share it.
#[derive(Clone)]
pub struct Bus {
    pub(super) client: Client,
    pub(super) jetstream: jetstream::Context,
    pub(super) name: Arc<str>,
    link: Arc<Link>,
}

impl std::fmt::Debug for Bus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bus({})", self.name)
    }
}

impl Bus {
    /// Connects once and checks what the server is; from then on reconnects by itself.
    ///
    /// # Errors
    /// [`BusError`] other than `Refused`. The first try fails rather than waits, so that a caller
    /// decides how long to go on; [`Self::connect_patiently`] does.
    pub async fn connect(endpoint: &Endpoint) -> Result<Self, BusError> {
        let url = endpoint.url.clone();
        let refused = |why, away| BusError::Connect { url: url.clone(), why, away };
        let addresses = addresses(&url).map_err(|why| refused(why, false))?;
        let link = Arc::new(Link::new(&endpoint.name));
        let options = options(endpoint, &link);
        let connecting = options.connect(addresses).await;
        let client = connecting.map_err(|e| refused(e.to_string(), is_away(e.kind())))?;
        check_server(&url, &client)?;
        let mut jetstream = jetstream::new(client.clone());
        jetstream.set_timeout(REQUEST_TIMEOUT);
        Ok(Self { client, jetstream, name: endpoint.name.as_str().into(), link })
    }

    /// The same connection, whose requests wait longer.
    pub(super) fn patient(&self, patience: Duration) -> Self {
        let mut patient = self.clone();
        patient.jetstream.set_timeout(patience);
        patient
    }

    /// As [`Self::connect`], trying again until it succeeds, one log line for each new reason. A
    /// server that is too old or too small is not tried again.
    ///
    /// # Errors
    /// [`BusError::TooOld`] and [`BusError::MaxPayload`].
    pub async fn connect_patiently(endpoint: &Endpoint) -> Result<Self, BusError> {
        let mut told = None;
        let mut attempt = 0;
        loop {
            match Self::connect(endpoint).await {
                Err(error @ BusError::Connect { .. }) => {
                    if told.as_ref() != Some(&error) {
                        tracing::warn!(connection = %endpoint.name, %error, "not connected yet");
                        told = Some(error);
                    }
                }
                done => return done,
            }
            tokio::time::sleep(reconnect_delay(attempt)).await;
            attempt += 1;
        }
    }

    /// Whether it is connected now.
    #[must_use]
    pub fn is_up(&self) -> bool {
        let up = self.client.connection_state() == State::Connected;
        if up {
            // The library drops events when many come at once, this one too.
            self.link.on(&Event::Connected);
        }
        up
    }

    /// Its state, to wait on.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<bool> {
        self.link.watch()
    }

    /// Permission violations and other errors that the server reported since the start.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.link.faults()
    }

    /// Whether the server has lately refused this subject or pattern to this user.
    #[must_use]
    pub fn denied(&self, subject: &str) -> bool {
        self.link.is_denied(subject)
    }

    /// Writes what is buffered to the socket. The server may not have read it yet.
    ///
    /// # Errors
    /// [`BusError`] if the connection is gone.
    pub async fn flush(&self) -> Result<(), BusError> {
        self.while_possible("flush", self.client.flush()).await?.map_err(|e| refused("flush", &e))
    }

    /// Waits for an answer, but no longer than it can come: until the server says that this user
    /// may not ask, or the connection is lost.
    pub(super) async fn while_possible<T>(
        &self,
        subject: &str,
        answer: impl Future<Output = T>,
    ) -> Result<T, BusError> {
        let what = shown(subject);
        if !self.is_up() {
            return Err(BusError::Away { what });
        }
        let since = self.link.violations();
        tokio::select! {
            answer = answer => Ok(answer),
            () = self.link.denial(subject, since) => Err(BusError::NotGranted { what }),
            () = self.lost() => Err(BusError::Lost { what }),
        }
    }

    async fn lost(&self) {
        let mut state = self.state();
        while state.wait_for(|up| !*up).await.is_ok() && self.is_up() {}
    }
}

pub(super) fn refused(what: &str, why: &impl ToString) -> BusError {
    BusError::Refused { what: shown(what), why: why.to_string() }
}

/// What is asked for, as errors and logs have it: the subject of a case says where the incident
/// happened, and in which sector.
pub(super) fn shown(subject: &str) -> String {
    match subject.split_once(".cases.") {
        Some((before, _)) => format!("{before}.cases"),
        None => subject.to_owned(),
    }
}

fn is_away(kind: ConnectErrorKind) -> bool {
    use ConnectErrorKind::{Dns, Io, MaxReconnects, TimedOut};
    matches!(kind, Dns | Io | MaxReconnects | TimedOut)
}

fn addresses(url: &str) -> Result<Vec<ServerAddr>, String> {
    let parse = |part: &str| part.trim().parse::<ServerAddr>().map_err(|e| e.to_string());
    url.split(',').map(parse).collect()
}

fn options(endpoint: &Endpoint, link: &Arc<Link>) -> ConnectOptions {
    let link = Arc::clone(link);
    let mut options = ConnectOptions::with_nkey(endpoint.seed.expose().to_owned())
        .name(&endpoint.name)
        .custom_inbox_prefix(&endpoint.inbox)
        .request_timeout(Some(REQUEST_TIMEOUT))
        .connection_timeout(CONNECT_TIMEOUT)
        .ping_interval(PING)
        .subscription_capacity(SUBSCRIPTION_CAPACITY)
        .ignore_discovered_servers()
        .reconnect_delay_callback(library_delay)
        .event_callback(move |event| {
            link.on(&event);
            async {}
        });
    if endpoint.url.starts_with("tls://") || endpoint.tls != TlsFiles::default() {
        options = options.require_tls(true);
    }
    if let Some(ca) = &endpoint.tls.ca {
        options = options.add_root_certificates(ca.clone());
    }
    if let Some((certificate, key)) = &endpoint.tls.client {
        options = options.add_client_certificate(certificate.clone(), key.clone());
    }
    options
}

/// Between tries: doubling, never longer than five seconds, and spread by a quarter either way so
/// that the children of a server that comes back do not all come at once.
pub(super) fn reconnect_delay(attempts: usize) -> Duration {
    let doublings = u32::try_from(attempts).unwrap_or(u32::MAX).min(6);
    let whole = (RECONNECT.0 * 2u32.pow(doublings)).min(RECONNECT.1);
    whole * (768 + getrandom::u32().unwrap_or(256) % 512) / 1024
}

/// The library asks before its first try too, and that one has nothing to wait for.
fn library_delay(attempts: usize) -> Duration {
    match attempts {
        0 | 1 => Duration::ZERO,
        more => reconnect_delay(more - 1),
    }
}

fn check_server(url: &str, client: &Client) -> Result<(), BusError> {
    let info = client.server_info();
    if Version::find(&info.version).is_none_or(|found| found < NEEDED) {
        return Err(BusError::TooOld { url: url.to_owned(), found: info.version.clone() });
    }
    if info.max_payload < MAX_MESSAGE_BYTES {
        return Err(BusError::MaxPayload { url: url.to_owned(), found: info.max_payload });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_error_says_where_an_incident_happened() {
        let case = "chappe.cases.eu.fr.bre.health.amber.critical.eu-fr-bre-hospital1.0a";
        let asked = format!("$JS.API.DIRECT.GET.CASES.{case}");
        for what in [case.to_owned(), asked, format!("Permissions Violation for \"{case}\"")] {
            let said = refused(&what, &"it is away").to_string();
            assert!(said.contains("chappe.cases") && !said.contains("health"), "{said}");
        }
        assert_eq!(shown("chappe.desk.cases"), "chappe.desk.cases");
    }
}
