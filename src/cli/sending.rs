//! What every verb that issues a notice does at its end: sign, send, wait, tell.

use std::time::Duration;

use serde_json::json;

use super::connection::failure;
use super::output::say;
use super::targets::find;
use super::{Failure, Outcome, complain};
use crate::lifecycle::Standing;
use crate::notice::{self, Kind, Reason, Receipt, Statement};
use crate::publish::{Offline, Session, Waited};

/// How long a command waits for its node's word.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Issues a notice and tells what its node said: exit code 3 if it was refused. Returns the id. A
/// notice that is safe in the spool or the intake is no failure: it is sent, or taken, without
/// anybody repeating the command.
pub(super) async fn send(
    session: &Session,
    statement: &Statement,
    body: Vec<u8>,
    asc: Option<Vec<u8>>,
    json: bool,
) -> Result<notice::Id, Failure> {
    if let Some(id) = repeated(session, statement).await? {
        unchanged(statement, id, json);
        return Ok(id);
    }
    let issued = session.issue(statement, body, asc, PATIENCE).await;
    let (id, word) = issued.map_err(|e| failure(&e))?;
    match word {
        Waited::Word(receipt) => tell(statement, id, &receipt, json)?,
        Waited::Silence => {
            complain(&format!(
                "warning: the relay of {} has said nothing for {} s: is it running? The notice is \
                 in its intake, and is issued when it is back",
                session.node(),
                PATIENCE.as_secs()
            ));
            waits(statement, id, "intake", json);
        }
        Waited::Spooled(why) => spooled(statement, id, &why.to_string(), json),
    }
    Ok(id)
}

/// What a command before this one has sent, and what still counts. Of a document's first version
/// the node itself says so, and an answer depends on its case.
async fn repeated(session: &Session, statement: &Statement) -> Result<Option<notice::Id>, Failure> {
    let first = statement.kind.is_document() && statement.re.is_none();
    if first || statement.kind == Kind::Response {
        return Ok(None);
    }
    let Some(id) = session.repeated(statement).map_err(|e| failure(&e))? else { return Ok(None) };
    // What somebody took back meanwhile is meant anew. Who may not ask, or is too early, learns
    // nothing of that.
    let found = find(session, &id.to_string(), true, false).await.unwrap_or_default();
    // An erasing withdrawal stands as what it does.
    let counts = [Standing::InForce, Standing::Erased].map(Standing::as_str);
    Ok(found.iter().all(|listed| counts.contains(&listed.standing.as_str())).then_some(id))
}

/// Tells that a command before this one has said it already.
pub(super) fn unchanged(statement: &Statement, id: notice::Id, json: bool) {
    let (kind, aud, tlp) = (statement.kind, &statement.aud, statement.tlp);
    if json {
        let reason = Reason::AlreadyIssued.as_str();
        say!(
            "{}",
            json!({"id": id, "kind": kind, "aud": aud, "tlp": tlp,
                "outcome": notice::Outcome::Filtered, "reason": reason, "to": null})
        );
    }
    let what = format!("{kind} for {aud} (TLP:{tlp})");
    say(json, format!("unchanged  {what}: {} says the same, nothing sent", id.short()));
}

/// The node's server is away: what was signed waits here.
pub(super) fn spool(
    offline: &Offline,
    statement: &Statement,
    body: Vec<u8>,
    asc: Option<Vec<u8>>,
    (why, json): (&str, bool),
) -> Outcome {
    match offline.spool(statement, body, asc).map_err(|e| failure(&e))? {
        Some(id) => spooled(statement, id, why, json),
        None => {
            complain(
                "warning: the same waits in the spool already, or was sent; nothing was added",
            );
        }
    }
    Ok(())
}

fn spooled(statement: &Statement, id: notice::Id, why: &str, json: bool) {
    complain(&format!(
        "warning: not issued yet: {why}. The notice is kept in the spool; the next command of this \
         profile that reaches the server sends it"
    ));
    waits(statement, id, "spool", json);
}

fn waits(statement: &Statement, id: notice::Id, place: &str, json: bool) {
    let (kind, aud, tlp) = (statement.kind, &statement.aud, statement.tlp);
    if json {
        say!("{}", json!({"id": id, "kind": kind, "aud": aud, "tlp": tlp, "waits": place}));
    }
    say(json, format!("{}  {kind} for {aud} (TLP:{tlp}): waits in the {place}", id.short()));
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
            say(json, format!("unchanged  {what}: this document was issued already, nothing sent"));
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
