//! The numbers of one relay, in a registry of its own: no globals, so that several relays in one
//! process (the demonstration, tests) do not count into each other.

use std::time::Duration;

use prometheus::{
    Encoder as _, Histogram, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Registry,
    TextEncoder,
};

use super::families;
use super::make::{counter, counters, gauge, gauges, histogram};
use crate::address::{Place, Source};
use crate::notice::{NodeId, Outcome, Reason, Time};
use crate::trust::Trust;

/// Upper bounds of the hop's buckets, seconds. A hop takes a few milliseconds on one machine and
/// tens between cities; a second means trouble. Above that the question is no longer how slow but
/// since when: a minute is a restart, ten minutes a server that was away.
pub const HOP_BUCKETS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 600.0];
const PLACES: [&str; 5] = ["board", "direct", "inbox", "cases", "outbox"];
const STREAMS: [&str; 6] = ["BOARD", "CASES", "HELD", "INBOX", "OUTBOX", "QUARANTINE"];
const SOURCES: [&str; 5] = ["child", "local", "outbox", "trust", "upstream"];

/// Two metrics of one name, or a text that cannot be encoded: a mistake in this module.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("metrics: {0}")]
pub struct MetricsError(String);

impl From<prometheus::Error> for MetricsError {
    fn from(error: prometheus::Error) -> Self {
        Self(error.to_string())
    }
}

/// One relay's metrics. Clones count into the same.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Registry,
    received: IntCounterVec,
    refused: IntCounterVec,
    quarantined: IntCounter,
    in_quarantine: IntGauge,
    pushed_out: IntCounter,
    retried: IntCounter,
    over_share: IntCounterVec,
    stream_bytes: IntGaugeVec,
    stream_max: IntGaugeVec,
    storage: IntGauge,
    foreign_headers: IntCounter,
    placed: IntCounterVec,
    filtered: IntCounterVec,
    held: IntCounter,
    sent: IntCounterVec,
    receipts: IntCounterVec,
    put_off: IntCounter,
    trusted: IntCounter,
    root_ends: IntGauge,
    bundle_ends: IntGauge,
    withheld: IntGauge,
    frozen: IntGauge,
    behind: IntGauge,
    expiring: IntGauge,
    at_work: IntGauge,
    deadlines: IntGaugeVec,
    unanswered: IntGauge,
    silent: IntGauge,
    similar: IntGauge,
    pending: IntGaugeVec,
    link_up: IntGaugeVec,
    server_up: IntGauge,
    last_notice: IntGauge,
    hop: Histogram,
}

impl Metrics {
    /// The metrics of a relay that starts `now` with these upstreams, every label value at zero:
    /// an alert rule on a series that is not there yet never fires.
    ///
    /// # Errors
    /// [`MetricsError`] if two share a name.
    pub fn new(node: &NodeId, upstreams: &[NodeId], now: Time) -> Result<Self, MetricsError> {
        let labels = [("node".to_owned(), node.to_string())].into_iter().collect();
        let registry = Registry::new_custom(None, Some(labels))?;
        let metrics = Self {
            received: counters(&registry, families::RECEIVED)?,
            refused: counters(&registry, families::REFUSED)?,
            quarantined: counter(&registry, families::QUARANTINED)?,
            in_quarantine: gauge(&registry, families::IN_QUARANTINE)?,
            pushed_out: counter(&registry, families::PUSHED_OUT)?,
            retried: counter(&registry, families::RETRIED)?,
            over_share: counters(&registry, families::OVER_SHARE)?,
            stream_bytes: gauges(&registry, families::STREAM_BYTES)?,
            stream_max: gauges(&registry, families::STREAM_MAX)?,
            storage: gauge(&registry, families::STORAGE)?,
            foreign_headers: counter(&registry, families::FOREIGN)?,
            placed: counters(&registry, families::PLACED)?,
            filtered: counters(&registry, families::FILTERED)?,
            held: counter(&registry, families::HELD)?,
            sent: counters(&registry, families::SENT)?,
            receipts: counters(&registry, families::RECEIPTS)?,
            put_off: counter(&registry, families::PUT_OFF)?,
            trusted: counter(&registry, families::TRUSTED)?,
            root_ends: gauge(&registry, families::ROOT_ENDS)?,
            bundle_ends: gauge(&registry, families::BUNDLE_ENDS)?,
            withheld: gauge(&registry, families::WITHHELD)?,
            frozen: gauge(&registry, families::FROZEN)?,
            behind: gauge(&registry, families::BEHIND)?,
            expiring: gauge(&registry, families::EXPIRING)?,
            at_work: gauge(&registry, families::AT_WORK)?,
            deadlines: gauges(&registry, families::DEADLINES)?,
            unanswered: gauge(&registry, families::UNANSWERED)?,
            silent: gauge(&registry, families::SILENT)?,
            similar: gauge(&registry, families::SIMILAR)?,
            pending: gauges(&registry, families::PENDING)?,
            link_up: gauges(&registry, families::LINK_UP)?,
            server_up: gauge(&registry, families::SERVER_UP)?,
            last_notice: gauge(&registry, families::LAST_NOTICE)?,
            hop: histogram(&registry, families::HOP)?,
            registry,
        };
        metrics.preset(upstreams);
        gauge(&metrics.registry, families::STARTED)?.set(signed(now.secs()));
        let build = gauges(&metrics.registry, families::BUILD)?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
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
        for outcome in Outcome::ALL {
            self.receipts.with_label_values(&[outcome.as_str()]);
        }
        for stream in STREAMS {
            self.over_share.with_label_values(&[stream]);
            self.stream(stream, 0, 0);
        }
        self.storage.set(1);
        self.cases([0; 4]);
        for upstream in upstreams {
            self.sent.with_label_values(&[upstream.as_str()]);
            self.link_up.with_label_values(&[upstream.as_str()]);
        }
    }

    /// A message came, with `foreign_headers` that were dropped; `pending` wait behind it.
    pub fn received(&self, source: &Source, foreign_headers: usize, pending: u64) {
        self.received.with_label_values(&[kind(source)]).inc();
        self.foreign_headers.inc_by(foreign_headers as u64);
        self.pending.with_label_values(&[&source.to_string()]).set(signed(pending));
    }

    /// A notice is in a place; `hop` is the time since the hop before.
    pub fn placed(&self, place: &Place, now: Time, hop: Option<Duration>) {
        self.placed.with_label_values(&[place.as_str()]).inc();
        self.last_notice.set(signed(now.secs()));
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

    /// A trust document came down from an upstream.
    pub fn received_trust(&self) {
        self.received.with_label_values(&["trust"]).inc();
    }

    /// A trust document was taken.
    pub fn trusted(&self) {
        self.trusted.inc();
    }

    /// This relay, and no other of its node, works from now on.
    pub fn at_work(&self) {
        self.at_work.set(1);
    }

    /// How many own notices in force expire soon.
    pub fn expiring(&self, count: usize) {
        self.expiring.set(number(count));
    }

    /// Of open cases: deadlines that are near, that have passed, cases that a node above is silent
    /// about, and groups of similar ones.
    pub fn cases(&self, [near, passed, silent, similar]: [usize; 4]) {
        let standing = |standing| self.deadlines.with_label_values(&[standing]);
        standing("near").set(number(near));
        standing("passed").set(number(passed));
        self.silent.set(number(silent));
        self.similar.set(number(similar));
    }

    /// How many critical cases nobody answers at the children, by their words.
    pub fn unanswered(&self, count: usize) {
        self.unanswered.set(number(count));
    }

    /// How many channels are withheld, how many frozen, and how many bundles behind.
    pub fn silences(&self, [withheld, frozen, behind]: [usize; 3]) {
        for (gauge, count) in
            [(&self.withheld, withheld), (&self.frozen, frozen), (&self.behind, behind)]
        {
            gauge.set(number(count));
        }
    }

    /// What is believed has changed.
    pub fn trust(&self, trust: &Trust, me: &NodeId) {
        let ends = trust.authority_ends(me).unwrap_or_default();
        self.root_ends.set(signed(ends.secs()));
        let ends = trust.seat(me).map(|seat| seat.expires).unwrap_or_default();
        self.bundle_ends.set(signed(ends.secs()));
    }

    /// A refused message went into quarantine.
    pub fn quarantined(&self) {
        self.quarantined.inc();
    }

    /// A message waits since its source has used up its share of a stream.
    pub fn over_share(&self, stream: &str) {
        self.over_share.with_label_values(&[stream]).inc();
    }

    /// So full is a stream, and so full it may be.
    pub fn stream(&self, stream: &str, bytes: u64, max: u64) {
        self.stream_bytes.with_label_values(&[stream]).set(signed(bytes));
        self.stream_max.with_label_values(&[stream]).set(signed(max));
    }

    /// The own server stores what it is given, or does not.
    pub fn storage(&self, stores: bool) {
        self.storage.set(i64::from(stores));
    }

    /// So many messages lie in quarantine.
    pub fn quarantine_holds(&self, messages: usize) {
        self.in_quarantine.set(number(messages));
    }

    /// A message left quarantine for a newer one of its source.
    pub fn quarantine_pushed_out(&self) {
        self.pushed_out.inc();
    }

    /// A notice was put aside.
    pub fn held(&self) {
        self.held.inc();
    }

    /// A receipt was put off.
    pub fn put_off(&self) {
        self.put_off.inc();
    }

    /// A message was put off.
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

/// The source's kind, not its name: names are for the log.
fn kind(source: &Source) -> &'static str {
    match source {
        Source::Local(_) => "local",
        Source::Child(_) => "child",
        Source::Upstream(_) => "upstream",
        Source::Outbox(_) => "outbox",
    }
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::families::FAMILIES;
    use super::*;

    fn id(text: &str) -> NodeId {
        text.parse().expect("a node id")
    }

    fn metrics() -> Metrics {
        Metrics::new(&id("eu-fr-bre"), &[id("eu-fr")], Time::from_secs(1_000)).expect("metrics")
    }

    /// The value of the series of `name` that has `label`.
    fn value(metrics: &Metrics, name: &str, label: &str) -> Option<String> {
        let text = metrics.text().expect("a text");
        let series = |line: &&str| line.starts_with(name) && line.contains(label);
        let line = text.lines().find(series)?;
        line.rsplit_once(' ').map(|(_, value)| value.to_owned())
    }

    #[test]
    fn every_family_of_the_list_is_exposed_and_no_other() {
        let metrics = metrics();
        metrics.received(&Source::Local("soc".into()), 0, 0);
        let text = metrics.text().expect("a text");
        let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        let exposed: BTreeSet<&str> = types.filter_map(|line| line.split(' ').next()).collect();
        let listed: BTreeSet<&str> = FAMILIES.iter().map(|family| family.name).collect();
        assert_eq!(exposed, listed);
    }

    #[test]
    fn what_has_not_happened_yet_shows_as_zero() {
        let metrics = metrics();
        let shown = |name, label: &str| value(&metrics, name, label);
        for reason in Reason::ALL {
            let label = format!("reason=\"{reason}\"");
            assert_eq!(shown("chappe_messages_refused_total", &label).as_deref(), Some("0"));
            assert_eq!(shown("chappe_notices_filtered_total", &label).as_deref(), Some("0"));
        }
        assert_eq!(shown("chappe_link_up", "upstream=\"eu-fr\"").as_deref(), Some("0"));
        assert_eq!(shown("chappe_start_time_seconds", "eu-fr-bre").as_deref(), Some("1000"));
    }

    #[test]
    fn two_relays_in_one_process_do_not_count_into_each_other() {
        let (one, other) = (metrics(), metrics());
        one.refused(Reason::Signature);
        let count = |metrics| value(metrics, "chappe_messages_refused_total", "\"signature\"");
        assert_eq!(count(&one).as_deref(), Some("1"));
        assert_eq!(count(&other).as_deref(), Some("0"));
    }

    #[test]
    fn a_hop_falls_into_its_bucket() {
        let metrics = metrics();
        let place = Place::Board;
        metrics.placed(&place, Time::from_secs(2_000), Some(Duration::from_millis(7)));
        let within = |bound| value(&metrics, "chappe_hop_latency_seconds_bucket", bound);
        assert_eq!(within("le=\"0.005\"").as_deref(), Some("0"));
        assert_eq!(within("le=\"0.01\"").as_deref(), Some("1"));
        let last = value(&metrics, "chappe_last_notice_timestamp_seconds", "eu-fr-bre");
        assert_eq!(last.as_deref(), Some("2000"));
    }
}
