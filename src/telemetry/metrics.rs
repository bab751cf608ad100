//! The numbers of one relay. Label values come from closed lists, so that their count is bounded.

use std::time::Duration;

use prometheus::{
    Encoder as _, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder,
};

use crate::address::{Place, Source};
use crate::notice::{NodeId, Outcome, Reason, Time};

/// A hop takes a few milliseconds on one machine, tens between cities; a second means trouble, a
/// minute means that somebody was away.
const HOP_BUCKETS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 600.0];
const PLACES: [&str; 5] = ["board", "direct", "inbox", "cases", "outbox"];
const SOURCES: [&str; 4] = ["local", "child", "upstream", "outbox"];
const OUTCOMES: [Outcome; 8] = [
    Outcome::Delivered,
    Outcome::Filtered,
    Outcome::Refused,
    Outcome::Erased,
    Outcome::Read,
    Outcome::Stops,
    Outcome::Climbs,
    Outcome::Unanswered,
];

/// Two metrics of one name: a mistake in this file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("metrics: {0}")]
pub struct MetricsError(String);

impl From<prometheus::Error> for MetricsError {
    fn from(error: prometheus::Error) -> Self {
        Self(error.to_string())
    }
}

/// One relay's metrics, in a registry of their own.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Registry,
    received: IntCounterVec,
    placed: IntCounterVec,
    filtered: IntCounterVec,
    refused: IntCounterVec,
    receipts: IntCounterVec,
    foreign_headers: IntCounter,
    quarantined: IntCounter,
    held: IntCounter,
    retried: IntCounter,
    sent: IntCounterVec,
    link_up: IntGaugeVec,
    server_up: IntGauge,
    pending: IntGaugeVec,
    last_notice: IntGauge,
    hop: Histogram,
}

impl Metrics {
    /// The metrics of a relay with these upstreams, every label value at zero: an alert rule on a
    /// series that is not there yet never fires.
    ///
    /// # Errors
    /// [`MetricsError`] if two share a name.
    pub fn new(node: &NodeId, upstreams: &[NodeId]) -> Result<Self, MetricsError> {
        let labels = [("node".to_owned(), node.to_string())].into_iter().collect();
        let registry = Registry::new_custom(Some("chappe".to_owned()), Some(labels))?;
        let metrics = Self {
            received: counters(&registry, "received_total", "Messages received", "source")?,
            placed: counters(&registry, "placed_total", "Notices placed", "place")?,
            filtered: counters(&registry, "filtered_total", "Notices filtered", "reason")?,
            refused: counters(&registry, "refused_total", "Messages refused", "reason")?,
            receipts: counters(&registry, "receipts_total", "Receipts of others", "outcome")?,
            foreign_headers: counter(&registry, "foreign_headers_total", "Headers dropped")?,
            quarantined: counter(&registry, "quarantined_total", "Inputs put into quarantine")?,
            held: counter(&registry, "held_total", "Notices put aside to wait")?,
            retried: counter(&registry, "retried_total", "Deliveries put off: server away")?,
            sent: counters(&registry, "sent_up_total", "Notices sent up", "upstream")?,
            link_up: gauges(&registry, "link_up", "1 while connected", "upstream")?,
            server_up: gauge(&registry, "server_up", "1 while the own server is connected")?,
            pending: gauges(&registry, "pending", "Messages that wait at a source", "source")?,
            last_notice: gauge(&registry, "last_notice_timestamp_seconds", "Last placed notice")?,
            hop: histogram(&registry)?,
            registry,
        };
        metrics.preset(upstreams);
        Ok(metrics)
    }

    fn preset(&self, upstreams: &[NodeId]) {
        for source in SOURCES {
            self.received.with_label_values(&[source]);
        }
        for place in PLACES {
            self.placed.with_label_values(&[place]);
        }
        for reason in Reason::ALL {
            self.filtered.with_label_values(&[reason.as_str()]);
            self.refused.with_label_values(&[reason.as_str()]);
        }
        for outcome in OUTCOMES {
            self.receipts.with_label_values(&[outcome.as_str()]);
        }
        for upstream in upstreams {
            self.sent.with_label_values(&[upstream.as_str()]);
            self.link_up.with_label_values(&[upstream.as_str()]);
        }
    }

    /// A message came.
    pub fn received(&self, source: &Source, foreign_headers: usize, pending: u64) {
        self.received.with_label_values(&[kind(source)]).inc();
        self.foreign_headers.inc_by(foreign_headers as u64);
        let pending = i64::try_from(pending).unwrap_or(i64::MAX);
        self.pending.with_label_values(&[&source.to_string()]).set(pending);
    }

    /// A notice is in a place; `hop` is the time since the hop before.
    pub fn placed(&self, place: &Place, now: Time, hop: Option<Duration>) {
        self.placed.with_label_values(&[place.as_str()]).inc();
        self.last_notice.set(i64::try_from(now.secs()).unwrap_or(i64::MAX));
        if let Some(hop) = hop {
            self.hop.observe(hop.as_secs_f64());
        }
    }

    /// A notice was filtered.
    pub fn filtered(&self, reason: Reason) {
        self.filtered.with_label_values(&[reason.as_str()]).inc();
    }

    /// A message was refused.
    pub fn refused(&self, reason: Reason) {
        self.refused.with_label_values(&[reason.as_str()]).inc();
    }

    /// Another node's receipt came.
    pub fn receipt(&self, outcome: Outcome) {
        self.receipts.with_label_values(&[outcome.as_str()]).inc();
    }

    /// An input went into quarantine.
    pub fn quarantined(&self) {
        self.quarantined.inc();
    }

    /// A notice was put aside.
    pub fn held(&self) {
        self.held.inc();
    }

    /// A delivery was put off.
    pub fn retried(&self) {
        self.retried.inc();
    }

    /// A notice went up.
    pub fn sent(&self, upstream: &NodeId) {
        self.sent.with_label_values(&[upstream.as_str()]).inc();
    }

    /// A link to an upstream is up or down.
    pub fn link(&self, upstream: &NodeId, up: bool) {
        self.link_up.with_label_values(&[upstream.as_str()]).set(i64::from(up));
    }

    /// The own server is up or down.
    pub fn server(&self, up: bool) {
        self.server_up.set(i64::from(up));
    }

    /// Everything in Prometheus' text form.
    ///
    /// # Errors
    /// [`MetricsError`] if it cannot be encoded.
    pub fn text(&self) -> Result<String, MetricsError> {
        let mut bytes = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut bytes)?;
        String::from_utf8(bytes).map_err(|e| MetricsError(e.to_string()))
    }
}

fn kind(source: &Source) -> &'static str {
    match source {
        Source::Local(_) => "local",
        Source::Child(_) => "child",
        Source::Upstream(_) => "upstream",
        Source::Outbox(_) => "outbox",
    }
}

fn counter(to: &Registry, name: &str, help: &str) -> Result<IntCounter, MetricsError> {
    let metric = IntCounter::new(name, help)?;
    to.register(Box::new(metric.clone()))?;
    Ok(metric)
}

fn counters(
    to: &Registry,
    name: &str,
    help: &str,
    label: &str,
) -> Result<IntCounterVec, MetricsError> {
    let metric = IntCounterVec::new(Opts::new(name, help), &[label])?;
    to.register(Box::new(metric.clone()))?;
    Ok(metric)
}

fn gauge(to: &Registry, name: &str, help: &str) -> Result<IntGauge, MetricsError> {
    let metric = IntGauge::new(name, help)?;
    to.register(Box::new(metric.clone()))?;
    Ok(metric)
}

fn gauges(to: &Registry, name: &str, help: &str, label: &str) -> Result<IntGaugeVec, MetricsError> {
    let metric = IntGaugeVec::new(Opts::new(name, help), &[label])?;
    to.register(Box::new(metric.clone()))?;
    Ok(metric)
}

fn histogram(to: &Registry) -> Result<Histogram, MetricsError> {
    let options = HistogramOpts::new("hop_latency_seconds", "From the hop before to placed here")
        .buckets(HOP_BUCKETS.to_vec());
    let metric = Histogram::with_opts(options)?;
    to.register(Box::new(metric.clone()))?;
    Ok(metric)
}
