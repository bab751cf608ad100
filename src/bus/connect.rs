//! Connecting, and staying connected.
//!
//! The first connection is made without the library's own retry: with it, connecting returns
//! before the server has said its limits, and a large body is then refused against a default of
//! 1 MiB. After that the library reconnects for ever, with our delays.

use std::sync::Arc;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::{self, Context};
use async_nats::{Client, ConnectErrorKind, ConnectOptions, Event, ServerAddr};
use tokio::sync::watch;

use super::endpoint::{Endpoint, Tls};
use super::error::BusError;
use super::link::{Link, LinkState};
use super::version::{NEEDED, Version};
use crate::notice::MAX_MESSAGE_BYTES;

/// The longest that any single request waits for its answer. Well below a durable's 30 s of
/// acknowledgement time, so that a few lost answers do not cause redelivery.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest pause between two attempts to connect.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Where a link's account imports the upstream's API. Under `$JS.API` the server itself answers
/// first, with "JetStream not enabled for account" (10039).
const UPSTREAM_API: &str = "$JS.up.API";
const OWN_API: &str = "$JS.API";

/// One connection as one user. Cheap to clone; all clones share the connection.
#[derive(Clone, Debug)]
pub struct Bus {
    pub(super) client: Client,
    pub(super) js: Context,
    pub(super) upstream: Context,
    pub(super) link: Arc<Link>,
}

impl Bus {
    /// Connects once; gives up after [`REQUEST_TIMEOUT`]. Later losses are repaired for ever.
    ///
    /// # Errors
    /// [`BusError`]: address, seed, unreachable, refused, too old, or too small a `max_payload`.
    pub async fn connect(endpoint: &Endpoint) -> Result<Self, BusError> {
        let link = Arc::new(Link::new(&endpoint.name));
        let client = options(endpoint, &link)
            .connect(addresses(&endpoint.url)?)
            .await
            .map_err(|error| connect_error(&endpoint.url, &error))?;
        check(&endpoint.url, &client)?;
        Ok(Self::over(client, link))
    }

    /// Connects however long it takes, with pauses of 0.1 s growing to 5 s and one log line per
    /// new reason. Safe to drop.
    ///
    /// # Errors
    /// Only what waiting cannot mend: [`BusError::is_final`].
    pub async fn connect_patiently(endpoint: &Endpoint) -> Result<Self, BusError> {
        let mut said = None;
        for attempt in 0.. {
            match Self::connect(endpoint).await {
                Ok(bus) => return Ok(bus),
                Err(error) if error.is_final() => return Err(error),
                Err(error) if said.as_ref() != Some(&error) => {
                    tracing::warn!(link = %endpoint.name, %error, "cannot connect yet");
                    said = Some(error);
                }
                Err(_) => {}
            }
            tokio::time::sleep(pause(attempt)).await;
        }
        Err(BusError::Away)
    }

    fn over(client: Client, link: Arc<Link>) -> Self {
        let mut js = jetstream::new(client.clone());
        js.set_timeout(REQUEST_TIMEOUT);
        let mut upstream = jetstream::with_prefix(client.clone(), UPSTREAM_API);
        upstream.set_timeout(REQUEST_TIMEOUT);
        Self { client, js, upstream, link }
    }

    /// Whether the server can be reached now.
    #[must_use]
    pub fn is_up(&self) -> bool {
        let up = self.client.connection_state() == State::Connected;
        if up {
            // The library drops events when many come at once, this one too.
            self.link.on(&Event::Connected);
        }
        up
    }

    /// The link's state and its changes. Each `Up` after a `Down` is a gap in live subscriptions.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<LinkState> {
        self.link.watch()
    }

    /// How often the server refused a subject on this connection.
    #[must_use]
    pub fn violations(&self) -> u64 {
        self.link.violations()
    }

    /// Waits, at most [`REQUEST_TIMEOUT`], until the server has taken all that was sent.
    ///
    /// # Errors
    /// [`BusError::Away`], [`BusError::Timeout`].
    pub async fn flush(&self) -> Result<(), BusError> {
        self.require_up()?;
        match tokio::time::timeout(REQUEST_TIMEOUT, self.client.flush()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(BusError::other("flush", error)),
            Err(_) => Err(BusError::Timeout("flush".to_owned())),
        }
    }

    /// The context for one's own account or for an upstream's imported durables.
    pub(super) fn context(&self, via_prefix: bool) -> &Context {
        if via_prefix { &self.upstream } else { &self.js }
    }

    pub(super) fn require_up(&self) -> Result<(), BusError> {
        if self.is_up() { Ok(()) } else { Err(BusError::Away) }
    }

    /// Waits for an answer, but no longer than it can come: until the server says that this user
    /// may not ask, or the link is lost.
    pub(super) async fn while_possible<T>(
        &self,
        subject: &str,
        answer: impl Future<Output = T>,
    ) -> Result<T, BusError> {
        let since = self.link.violations();
        tokio::select! {
            answer = answer => Ok(answer),
            () = self.link.denial(subject, since) => Err(BusError::NotGranted(subject.to_owned())),
            () = self.lost() => Err(BusError::Lost(subject.to_owned())),
        }
    }

    async fn lost(&self) {
        let mut state = self.state();
        while state.wait_for(|state| *state == LinkState::Down).await.is_ok() && self.is_up() {}
    }
}

/// The prefix of the API's subjects, for own or for imported durables.
pub(super) fn prefix(via_prefix: bool) -> &'static str {
    if via_prefix { UPSTREAM_API } else { OWN_API }
}

fn options(endpoint: &Endpoint, link: &Arc<Link>) -> ConnectOptions {
    let link = Arc::clone(link);
    let options = ConnectOptions::with_nkey(endpoint.seed.reveal())
        .name(&endpoint.name)
        .custom_inbox_prefix(&endpoint.inbox)
        .connection_timeout(REQUEST_TIMEOUT)
        .request_timeout(Some(REQUEST_TIMEOUT))
        .max_reconnects(None)
        .ignore_discovered_servers()
        .reconnect_delay_callback(pause)
        .event_callback(move |event| {
            let link = Arc::clone(&link);
            async move { link.on(&event) }
        });
    match &endpoint.tls {
        Some(tls) => with_tls(options, tls),
        None => options,
    }
}

fn with_tls(mut options: ConnectOptions, tls: &Tls) -> ConnectOptions {
    options = options.require_tls(true);
    if let Some(ca) = &tls.ca {
        options = options.add_root_certificates(ca.clone());
    }
    if let Some((certificate, key)) = &tls.client {
        options = options.add_client_certificate(certificate.clone(), key.clone());
    }
    options
}

fn addresses(url: &str) -> Result<Vec<ServerAddr>, BusError> {
    let parse = |part: &str| part.trim().parse::<ServerAddr>();
    url.split(',')
        .map(parse)
        .collect::<Result<_, _>>()
        .map_err(|error| BusError::Address { url: url.to_owned(), why: error.to_string() })
}

fn connect_error(url: &str, error: &async_nats::ConnectError) -> BusError {
    match error.kind() {
        ConnectErrorKind::AuthorizationViolation => BusError::Refused(url.to_owned()),
        ConnectErrorKind::ServerParse => {
            BusError::Address { url: url.to_owned(), why: error.to_string() }
        }
        _ => BusError::Unreachable { url: url.to_owned(), why: error.to_string() },
    }
}

fn check(url: &str, client: &Client) -> Result<(), BusError> {
    let info = client.server_info();
    if Version::find(&info.version).is_none_or(|found| found < NEEDED) {
        let found = info.version;
        return Err(BusError::TooOld { url: url.to_owned(), found, needed: NEEDED });
    }
    if info.max_payload < MAX_MESSAGE_BYTES {
        let found = info.max_payload;
        return Err(BusError::Payload { url: url.to_owned(), found, needed: MAX_MESSAGE_BYTES });
    }
    Ok(())
}

/// The pause before an attempt: doubling, bounded, and spread by a quarter either way so that the
/// children of a server that comes back do not all come at once.
pub(super) fn pause(attempt: usize) -> Duration {
    let doublings = u32::try_from(attempt.min(10)).unwrap_or(10);
    let whole = FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE);
    let spread = getrandom::u32().unwrap_or(0) % 512;
    whole.saturating_mul(768 + spread) / 1024
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{addresses, pause};

    #[test]
    fn pauses_grow_and_are_bounded() {
        assert!(pause(0) <= Duration::from_millis(125));
        assert!(pause(3) >= Duration::from_millis(600));
        assert!(pause(usize::MAX) <= Duration::from_millis(6_250));
    }

    #[test]
    fn several_servers_of_a_cluster_are_separated_by_commas() {
        assert_eq!(addresses("nats://a:1, nats://b:2").unwrap().len(), 2);
        assert!(addresses("nats://a:1,ftp:///").is_err());
    }
}
