//! A connection to one server as one user, kept for as long as its owner wants it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_nats::{Client, ConnectOptions, Event, jetstream};
use tokio::sync::watch;

use super::version::{NEEDED, Version};
use crate::keys::Secret;
use crate::notice::MAX_MESSAGE_BYTES;

/// A request that takes longer has an unknown outcome.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// First and longest delay between tries to reconnect.
const RECONNECT: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// Answers in flight to one client before it stops reading; live bursts at most.
const SUBSCRIPTION_CAPACITY: usize = 4_096;

/// Where and as whom to connect.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// `nats://` or `tls://`.
    pub url: String,
    /// The user's nkey seed: it only connects, it never signs a notice.
    pub seed: Secret,
    /// The user's private inbox prefix.
    pub inbox: String,
    /// What the server's monitoring shows.
    pub name: String,
    /// TLS files, if any.
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
    /// The server refused what was asked, or did not answer in time.
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
    up: watch::Receiver<bool>,
    faults: Arc<AtomicU64>,
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
        let refused = |why: String| BusError::Connect { url: url.clone(), why };
        let (state, up) = watch::channel(true);
        let faults = Arc::new(AtomicU64::new(0));
        let options = options(endpoint, state, Arc::clone(&faults));
        let client = options.connect(&endpoint.url).await.map_err(|e| refused(e.to_string()))?;
        // Limits are known only once the server's INFO has come.
        client.flush().await.map_err(|e| refused(e.to_string()))?;
        check_server(&url, &client)?;
        let mut jetstream = jetstream::new(client.clone());
        jetstream.set_timeout(REQUEST_TIMEOUT);
        Ok(Self { client, jetstream, name: endpoint.name.as_str().into(), up, faults })
    }

    /// As [`Self::connect`], trying again until it succeeds, one log line for each new reason. A
    /// server that is too old or too small is not tried again.
    ///
    /// # Errors
    /// [`BusError::TooOld`] and [`BusError::MaxPayload`].
    pub async fn connect_patiently(endpoint: &Endpoint) -> Result<Self, BusError> {
        let mut told = None;
        let mut delay = RECONNECT.0;
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
            tokio::time::sleep(delay).await;
            delay = (delay * 2).min(RECONNECT.1);
        }
    }

    /// Whether it is connected now.
    #[must_use]
    pub fn is_up(&self) -> bool {
        *self.up.borrow()
    }

    /// Its state, to wait on.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<bool> {
        self.up.clone()
    }

    /// Permission violations and other errors that the server reported since the start.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.faults.load(Ordering::Relaxed)
    }

    /// Sends what is buffered.
    ///
    /// # Errors
    /// [`BusError::Refused`] if the connection is gone.
    pub async fn flush(&self) -> Result<(), BusError> {
        self.client.flush().await.map_err(|e| refused("flush", &e))
    }
}

pub(super) fn refused(what: &str, why: &impl ToString) -> BusError {
    BusError::Refused { what: what.to_owned(), why: why.to_string() }
}

fn options(
    endpoint: &Endpoint,
    state: watch::Sender<bool>,
    faults: Arc<AtomicU64>,
) -> ConnectOptions {
    let name = endpoint.name.clone();
    let mut options = ConnectOptions::with_nkey(endpoint.seed.expose().to_owned())
        .name(&endpoint.name)
        .custom_inbox_prefix(&endpoint.inbox)
        .request_timeout(Some(REQUEST_TIMEOUT))
        .connection_timeout(CONNECT_TIMEOUT)
        .subscription_capacity(SUBSCRIPTION_CAPACITY)
        .ignore_discovered_servers()
        .reconnect_delay_callback(reconnect_delay)
        .event_callback(move |event| {
            note(&name, &state, &faults, &event);
            async {}
        });
    if endpoint.url.starts_with("tls://") {
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

/// Between tries: short at first, never longer than five seconds.
pub(super) fn reconnect_delay(attempts: usize) -> Duration {
    let doublings = u32::try_from(attempts).unwrap_or(u32::MAX).min(6);
    (RECONNECT.0 * 2u32.pow(doublings)).min(RECONNECT.1)
}

/// One line for each change; a missing permission shows nowhere else.
fn note(name: &str, state: &watch::Sender<bool>, faults: &AtomicU64, event: &Event) {
    match event {
        Event::Connected => {
            if !state.send_replace(true) {
                tracing::info!(connection = name, "connected again");
            }
        }
        Event::Disconnected | Event::Closed => {
            if state.send_replace(false) {
                tracing::info!(connection = name, "disconnected");
            }
        }
        Event::ServerError(error) => {
            faults.fetch_add(1, Ordering::Relaxed);
            tracing::error!(connection = name, %error, "the server refused something");
        }
        Event::SlowConsumer(_) => {
            faults.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(connection = name, "too slow: messages were dropped");
        }
        Event::ClientError(error) => tracing::debug!(connection = name, %error, "client"),
        Event::LameDuckMode | Event::Draining => {}
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
