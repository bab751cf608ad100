//! What every verb that issues a notice does at its end: sign, send, wait, tell.

use std::time::Duration;

use serde_json::json;

use super::connection::failure;
use super::output::say;
use super::{Failure, Outcome};
use crate::bus::Placed;
use crate::notice::{self, Reason, Receipt, Statement};
use crate::publish::{Session, Waited};

/// How long a command waits for its node's word.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Issues a notice and tells what its node said: exit code 3 if it was refused. Returns the id.
pub(super) async fn send(
    session: &Session,
    statement: &Statement,
    body: Vec<u8>,
    asc: Option<Vec<u8>>,
    json: bool,
) -> Result<notice::Id, Failure> {
    let (id, placed) = session.issue(statement, body, asc).await.map_err(|e| failure(&e))?;
    let word = session.own_word(id, PATIENCE).await.map_err(|e| failure(&e))?;
    let Waited::Word(receipt) = word else {
        let queued = if placed == Placed::AlreadyThere { "waits already" } else { "is" };
        return Err(Failure::failed(format!(
            "{id} {queued} in the intake of {}, but its relay has said nothing for {} s: is it \
             running? It takes the notice when it is back.",
            session.node(),
            PATIENCE.as_secs()
        )));
    };
    tell(statement, id, &receipt, json)?;
    Ok(id)
}

fn tell(statement: &Statement, id: notice::Id, receipt: &Receipt, json: bool) -> Outcome {
    let reason = receipt.reason.clone().unwrap_or_default();
    if json {
        say!(
            "{}",
            json!({"id": id, "kind": statement.kind, "aud": statement.aud, "tlp": statement.tlp,
                "outcome": receipt.outcome, "reason": receipt.reason, "to": receipt.to})
        );
    }
    let what = format!("{} for {} (TLP:{})", statement.kind, statement.aud, statement.tlp);
    match receipt.outcome {
        notice::Outcome::Filtered if reason == Reason::AlreadyIssued.as_str() => {
            say(
                json,
                format!("unchanged  {what}: this document is in force already, nothing sent"),
            );
            Ok(())
        }
        notice::Outcome::Filtered | notice::Outcome::Refused => Err(Failure::refused(format!(
            "{what} {} by {}: {reason}",
            receipt.outcome.as_str(),
            receipt.by
        ))),
        notice::Outcome::Climbs => {
            let to = receipt.to.as_ref().map(ToString::to_string).unwrap_or_default();
            say(json, format!("{}  {what}: taken, goes on to {to}", id.short()));
            Ok(())
        }
        _ => {
            say(json, format!("{}  {what}: issued", id.short()));
            Ok(())
        }
    }
}

fn say(json: bool, line: String) {
    if !json {
        say!("{line}");
    }
}
