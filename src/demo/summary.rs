//! What the demo says at its end.

use std::collections::BTreeMap;

use serde::Serialize;

use super::account::Account;
use super::case::CaseAccount;

/// One object: what was sent, what arrived, what did not.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// Nodes of the federation.
    pub nodes: usize,
    /// Notices published, by kind.
    pub kinds: BTreeMap<String, usize>,
    /// Notices published.
    pub published: usize,
    /// Deliveries that the oracle wants: places at nodes, and live subscribers.
    pub expected_deliveries: usize,
    /// Deliveries that were found.
    pub deliveries: usize,
    /// Wanted and not found.
    pub missing: usize,
    /// Found and not wanted.
    pub unexpected: usize,
    /// Found more than once.
    pub duplicates: usize,
    /// Live messages that a reader would not have believed.
    pub unverified: usize,
    /// Refused inputs of all relays, by reason.
    pub refused: BTreeMap<String, u64>,
    /// Refusals that the demo provoked on purpose, by reason.
    pub provoked: BTreeMap<String, u64>,
    /// Escalations.
    pub escalations: Escalations,
    /// The case that was taken by phone; absent where nobody plays it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseAccount>,
    /// Time from one hop to the next, in milliseconds.
    pub hop_latency_ms: Latency,
    /// The server's restarts while the demo ran.
    pub server_restarts: u64,
    /// Everything together, in milliseconds.
    pub elapsed_ms: u64,
}

/// What became of the escalations.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Escalations {
    /// Sent.
    pub sent: usize,
    /// Levels whose receipts came back to the reporter.
    pub reached: usize,
    /// Answers that came back to the reporter.
    pub answered: usize,
}

/// Percentiles.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Latency {
    /// Half of the hops were faster.
    pub p50: u64,
    /// One in a hundred was slower.
    pub p99: u64,
}

impl Latency {
    /// Of samples in any order.
    #[must_use]
    pub fn of(mut samples: Vec<u64>) -> Self {
        samples.sort_unstable();
        let at = |percent: usize| {
            let index = samples.len().saturating_sub(1) * percent / 100;
            samples.get(index).copied().unwrap_or_default()
        };
        Self { p50: at(50), p99: at(99) }
    }
}

impl Summary {
    pub(super) fn count(&mut self, account: &Account) {
        self.deliveries = account.deliveries;
        self.missing = account.missing.len();
        self.unexpected = account.unexpected.len();
        self.duplicates = account.duplicates.len();
    }

    /// Whether everything arrived where it should, once, and nothing anywhere else.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.missing + self.unexpected + self.duplicates + self.unverified == 0
            && self.refused == self.provoked
            && self.escalations.answered == self.escalations.sent
            && self.case.as_ref().is_none_or(CaseAccount::is_exact)
            && self.published > 0
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let counted = |counts: &BTreeMap<String, usize>| {
            let each: Vec<String> = counts.iter().map(|(what, n)| format!("{n} {what}")).collect();
            each.join(", ")
        };
        writeln!(f, "{:>6}  nodes, each with its accounts, keys and relay", self.nodes)?;
        writeln!(f, "{:>6}  notices published: {}", self.published, counted(&self.kinds))?;
        writeln!(f, "{:>6}  deliveries expected", self.expected_deliveries)?;
        writeln!(f, "{:>6}  deliveries found", self.deliveries)?;
        writeln!(f, "{:>6}  missing", self.missing)?;
        writeln!(f, "{:>6}  unexpected", self.unexpected)?;
        writeln!(f, "{:>6}  duplicate", self.duplicates)?;
        for (reason, times) in &self.refused {
            let provoked = self.provoked.get(reason).copied().unwrap_or_default();
            writeln!(f, "{times:>6}  refused: {reason} ({provoked} provoked on purpose)")?;
        }
        let e = &self.escalations;
        let word = if e.sent == 1 { "escalation" } else { "escalations" };
        writeln!(
            f,
            "{:>6}  {word} sent, {} levels said how far, {} answered",
            e.sent, e.reached, e.answered
        )?;
        if let Some(case) = &self.case {
            writeln!(f, "{case}")?;
        }
        let (p50, p99) = (self.hop_latency_ms.p50, self.hop_latency_ms.p99);
        writeln!(f, "{p50:>6}  ms a hop in the middle, {p99} ms at the 99th percentile")?;
        write!(f, "{:>6}  ms in all", self.elapsed_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact() -> Summary {
        let escalations = Escalations { sent: 1, reached: 3, answered: 1 };
        let provoked = BTreeMap::from([("revoked".to_owned(), 1)]);
        Summary {
            published: 4,
            refused: provoked.clone(),
            provoked,
            escalations,
            ..Summary::default()
        }
    }

    #[test]
    fn one_thing_amiss_and_the_demo_is_not_exact() {
        assert!(exact().is_exact());
        let amiss: [fn(&mut Summary); 9] = [
            |s| s.case = Some(CaseAccount::default()),
            |s| s.published = 0,
            |s| s.missing = 1,
            |s| s.unexpected = 1,
            |s| s.duplicates = 1,
            |s| s.unverified = 1,
            |s| s.escalations.answered = 0,
            |s| s.refused.clear(),
            |s| s.refused.extend([("stale".to_owned(), 1)]),
        ];
        for (nth, spoil) in amiss.iter().enumerate() {
            let mut summary = exact();
            spoil(&mut summary);
            assert!(!summary.is_exact(), "case {nth}: {summary:?}");
        }
    }
}
