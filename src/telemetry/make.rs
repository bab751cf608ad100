//! From the list of families to registered metrics.

use prometheus::core::Collector;
use prometheus::{
    Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
};

use super::families::Family;
use super::metrics::{HOP_BUCKETS, MetricsError};

fn register<M: Collector + Clone + 'static>(to: &Registry, metric: M) -> Result<M, MetricsError> {
    to.register(Box::new(metric.clone()))?;
    Ok(metric)
}

fn labels(family: &Family) -> Vec<&'static str> {
    family.label.into_iter().collect()
}

pub(super) fn counter(to: &Registry, family: Family) -> Result<IntCounter, MetricsError> {
    register(to, IntCounter::new(family.name, family.help)?)
}

pub(super) fn counters(to: &Registry, family: Family) -> Result<IntCounterVec, MetricsError> {
    register(to, IntCounterVec::new(Opts::new(family.name, family.help), &labels(&family))?)
}

pub(super) fn gauge(to: &Registry, family: Family) -> Result<IntGauge, MetricsError> {
    register(to, IntGauge::new(family.name, family.help)?)
}

pub(super) fn gauges(to: &Registry, family: Family) -> Result<IntGaugeVec, MetricsError> {
    register(to, IntGaugeVec::new(Opts::new(family.name, family.help), &labels(&family))?)
}

pub(super) fn histogram(to: &Registry, family: Family) -> Result<Histogram, MetricsError> {
    let options = HistogramOpts::new(family.name, family.help).buckets(HOP_BUCKETS.to_vec());
    register(to, Histogram::with_opts(options)?)
}
