//! `--wait`: blocks until everybody who is entitled to what was just issued has answered, or a
//! deadline passes; then it names who has not, and whom to phone.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal as _;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::output::{progress, say};
use super::trace::{line, phone};
use super::{Failure, Outcome};
use crate::notice::{Id, NodeId, Statement};
use crate::publish::Session;
use crate::relay::{TracedNode, contact, traced};
use crate::routing::{Account, Known, Part};

/// One and a half periods of the counts of entities, if the nodes that serve them keep the default.
const DEFAULT: &str = "15m";
const LONGEST: Duration = Duration::from_secs(24 * 3600);
/// Between two looks, for each notice: a node answers so many questions a minute.
const PAUSE: Duration = Duration::from_millis(400);
/// Nodes that a line of progress names.
const NAMED: usize = 4;

#[derive(Debug, Args)]
pub(super) struct Wait {
    /// Wait until all who are entitled have answered; fails at the deadline: 90, 30s, 15m, 2h
    #[arg(long, value_name = "DURATION", num_args = 0..=1, default_missing_value = DEFAULT,
        value_parser = duration)]
    wait: Option<Duration>,
}

fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "expected seconds, or a number with s, m or h, at most 24h".to_owned();
    let digits = text.trim_end_matches(['s', 'm', 'h']);
    let unit = match text.get(digits.len()..) {
        Some("" | "s") => 1,
        Some("m") => 60,
        Some("h") => 3600,
        _ => return Err(wrong()),
    };
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    let found = Duration::from_secs(number.saturating_mul(unit));
    if found <= LONGEST { Ok(found) } else { Err(wrong()) }
}

/// A notice that was sent, and what is known of it.
struct Sent<'s> {
    id: Id,
    statement: &'s Statement,
    account: Account,
    /// What was told of each node.
    told: BTreeMap<NodeId, (String, u64)>,
}

impl Wait {
    /// What was spooled is not waited for: nobody can have it before it is sent.
    pub(super) fn not_sent(&self) -> Outcome {
        match self.wait {
            None => Ok(()),
            Some(_) => Err(Failure::failed("nobody has it yet, so there is nothing to wait for")),
        }
    }

    /// Waits for what was sent, if that was asked for.
    pub(super) async fn until_answered(
        &self,
        session: &Session,
        sent: &[(Id, Statement)],
        json: bool,
    ) -> Outcome {
        let Some(patience) = self.wait else { return Ok(()) };
        let mut all: Vec<Sent<'_>> = sent.iter().map(Sent::new).collect();
        let (start, mut trouble) = (tokio::time::Instant::now(), None);
        loop {
            for one in all.iter_mut().filter(|one| !one.account.complete) {
                // No answer means that the relay starts again: it may be back in time.
                trouble = one.look(session, json).await.err();
                let left = patience.saturating_sub(start.elapsed());
                tokio::time::sleep(PAUSE.min(left)).await;
            }
            if !json && std::io::stdout().is_terminal() {
                progress(&status(&all, patience.saturating_sub(start.elapsed())));
            }
            if all.iter().all(|one| one.account.complete) {
                return end(session, &all, json, Ok(()));
            }
            if start.elapsed() >= patience {
                let failure = late(session, &all, patience, trouble);
                return end(session, &all, json, Err(failure));
            }
        }
    }
}

impl<'s> Sent<'s> {
    fn new((id, statement): &'s (Id, Statement)) -> Self {
        Self { id: *id, statement, account: Account::default(), told: BTreeMap::new() }
    }

    async fn look(&mut self, session: &Session, json: bool) -> Result<(), String> {
        let receipts = session.receipts(self.id).await.map_err(|e| e.to_string())?;
        let words = receipts.into_iter().map(|receipt| (receipt.by.clone(), receipt)).collect();
        let known = Known {
            me: session.node(),
            trust: session.trust(),
            statement: self.statement,
            words: &words,
            newer: &BTreeSet::new(),
        };
        self.account = known.account();
        for part in self.account.parts.iter().filter(|part| part.word.is_some()) {
            let node = traced(part, None);
            let answered = node.entities.as_ref().map_or(0, |entities| entities.answered);
            let news = (node.state.clone(), answered);
            if self.told.get(&part.node) != Some(&news) {
                self.told.insert(part.node.clone(), news);
                tell(self.id, &node, json);
            }
        }
        Ok(())
    }

    fn missing(&self) -> impl Iterator<Item = &Part> {
        self.account.parts.iter().filter(|part| part.is_missing())
    }
}

fn tell(id: Id, node: &TracedNode, json: bool) {
    match serde_json::to_value(node) {
        Ok(Value::Object(mut all)) if json => {
            all.insert("id".to_owned(), json!(id));
            say!("{}", Value::Object(all));
        }
        _ if !std::io::stdout().is_terminal() => say!("{}", line(node, false)),
        _ => {}
    }
}

fn status(all: &[Sent<'_>], left: Duration) -> String {
    let answered: u64 = all.iter().map(|one| one.account.answered).sum();
    let of: u64 = all.iter().map(|one| one.account.of).sum();
    let names: BTreeSet<&NodeId> = all.iter().flat_map(Sent::missing).map(|p| &p.node).collect();
    let shown: Vec<&str> = names.iter().take(NAMED).map(|node| node.as_str()).collect();
    let more = if names.len() > NAMED { ", ..." } else { "" };
    let left = left.as_secs();
    format!(
        "{answered} of {of} have answered; {} s left; waiting for {}{more}",
        left,
        shown.join(", ")
    )
}

/// Ends the line of progress, and says in JSON how it stands.
fn end(session: &Session, all: &[Sent<'_>], json: bool, outcome: Outcome) -> Outcome {
    for one in all {
        let (answered, of) = (one.account.answered, one.account.of);
        if json {
            let missing = one.missing().map(|part| with_contact(session, part));
            let missing: Vec<TracedNode> = missing.collect();
            let complete = one.account.complete;
            say!("{}", json!({"id": one.id, "complete": complete, "missing": missing}));
        } else if one.account.complete {
            if std::io::stdout().is_terminal() {
                progress("");
            }
            say!("{}  all have answered: {answered} of {of}", one.id.short());
        }
    }
    outcome
}

fn with_contact(session: &Session, part: &Part) -> TracedNode {
    traced(part, contact(session.trust(), session.node(), &part.node))
}

fn late(
    session: &Session,
    all: &[Sent<'_>],
    patience: Duration,
    trouble: Option<String>,
) -> Failure {
    let mut text = format!("not all have answered within {} s", patience.as_secs());
    if let Some(trouble) = trouble {
        text.push_str(&format!(" (this node's relay: {trouble})"));
    }
    for one in all.iter().filter(|one| !one.account.complete) {
        let (answered, of) = (one.account.answered, one.account.of);
        text.push_str(&format!("\n{}  {answered} of {of}; missing:", one.id.short()));
        for part in one.missing() {
            let node = with_contact(session, part);
            let whom = node.contact.as_ref().map(|contact| phone(&part.node, contact));
            let own = part.node == *session.node();
            let nobody = if own { "is its relay running?" } else { "no bundle says whom to phone" };
            let whom = whom.unwrap_or_else(|| nobody.to_owned());
            let missing = node.entities.as_ref().map_or(0, |entities| entities.missing);
            let of_whom =
                if missing > 0 { format!(", {missing} of its entities") } else { String::new() };
            text.push_str(&format!("\n  {}{of_whom}; {whom}", part.node));
        }
    }
    Failure::failed(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_seconds_minutes_or_hours() {
        let secs = |text: &str| duration(text).map(|found| found.as_secs());
        assert_eq!(secs("90"), Ok(90));
        assert_eq!(secs("30s"), Ok(30));
        assert_eq!(secs("15m"), Ok(900));
        assert_eq!(secs("24h"), Ok(86_400));
        for wrong in ["", "m", "1d", "-5", "25h", "5ms", "5mm", "1.5h", "99999999999999999999"] {
            assert!(secs(wrong).is_err(), "{wrong}");
        }
    }
}
