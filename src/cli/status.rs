//! `chappe status`: whether a relay does its work.

use std::time::Duration;

use clap::Args;

use super::output::say;
use super::{Failure, Outcome};
use crate::console;

const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The relay's console
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:9601")]
    console: String,
    /// The console's own JSON: conditions alone
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments) -> Outcome {
    let unreachable = |e: &dyn std::fmt::Display| {
        Failure::failed(format!("no relay answers at {}: {e}", arguments.console))
    };
    let asked = tokio::time::timeout(PATIENCE, console::ask(&arguments.console, "/readyz"));
    let body = asked.await.map_err(|e| unreachable(&e))?.map_err(|e| unreachable(&e))?;
    let status: serde_json::Value =
        serde_json::from_str(body.trim()).map_err(|e| unreachable(&e))?;
    if arguments.json {
        say!("{status}");
    } else if let Some(conditions) = status.get("conditions").and_then(|c| c.as_object()) {
        for (name, holds) in conditions {
            let word = if holds.as_bool() == Some(true) { "ok" } else { "NOT OK" };
            say!("{name:<32} {word}");
        }
    }
    if !arguments.json {
        // A relay that cannot count them has said so above.
        let counted = tokio::time::timeout(PATIENCE, console::ask(&arguments.console, "/metrics"));
        if let Ok(Ok(text)) = counted.await {
            alarms(&text).iter().for_each(|(name, count)| say!("{name:<32} {count}"));
        }
    }
    if status.get("ready").and_then(serde_json::Value::as_bool) == Some(true) {
        return Ok(());
    }
    Err(Failure::failed("the relay is not ready"))
}

/// What waits for people in cases, by the console's numbers; nothing where all is well.
fn alarms(text: &str) -> Vec<(&'static str, u64)> {
    const ALARMS: [(&str, &str, &str); 5] = [
        ("chappe_case_deadlines", "standing=\"passed\"", "deadlines of cases passed"),
        ("chappe_case_deadlines", "standing=\"near\"", "deadlines of cases near"),
        ("chappe_cases_unanswered", "", "cases unanswered below"),
        ("chappe_cases_silent", "", "cases without a word from above"),
        ("chappe_cases_similar", "", "groups of similar cases"),
    ];
    let count = |name: &str, label: &str| {
        let mut lines = text.lines().filter(|line| line.starts_with(name) && line.contains(label));
        lines.find_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok())
    };
    let found = ALARMS.map(|(name, label, said)| (said, count(name, label).unwrap_or_default()));
    found.into_iter().filter(|(_, count)| *count > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notice::Time;
    use crate::telemetry::Metrics;

    #[test]
    fn what_waits_for_people_in_cases_is_named_and_nothing_if_nothing_does() {
        let node = "eu-fr".parse().expect("a node id");
        let metrics = Metrics::new(&node, &[], Time::from_secs(1)).expect("metrics");
        assert_eq!(alarms(&metrics.text().expect("a text")), []);
        metrics.cases([2, 1, 0, 0]);
        metrics.unanswered(3);
        let expected = [
            ("deadlines of cases passed", 1),
            ("deadlines of cases near", 2),
            ("cases unanswered below", 3),
        ];
        assert_eq!(alarms(&metrics.text().expect("a text")), expected);
    }
}
