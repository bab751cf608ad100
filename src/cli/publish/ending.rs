//! `chappe publish` of a document that says of itself that it is over: a closed alert, a withdrawn
//! or superseded advisory. It ends what is in force of it, wherever that went, and starts nothing.

use super::super::connection::failure;
use super::super::output::say;
use super::super::sending::send;
use super::super::targets::audience;
use super::super::{Failure, Outcome};
use super::{Arguments, Paper};
use crate::lifecycle::Standing;
use crate::notice::{Audience, Kind, Statement};
use crate::publish::{Session, Target, ended_title, ending_by};
use crate::relay::{DeskQuestion, Listed};

pub(super) async fn end(arguments: &Arguments, kind: Kind, paper: &Paper<'_>) -> Outcome {
    if arguments.from_case.is_some() {
        return Err(Failure::usage("the document says that it is over: it comes from no case"));
    }
    let session = arguments.connection.open().await?;
    let found = versions(&session, arguments, paper).await?;
    let targets: Vec<Target> = found.iter().filter(|l| may_end(kind, l)).map(target).collect();
    if targets.is_empty() {
        return nothing(kind, paper, &found, arguments.json);
    }
    let draft = session.draft(crate::time::now());
    let title = ended_title(kind, paper.described.title.as_deref().unwrap_or_default());
    let mut sent = Vec::new();
    for target in &targets {
        let said = (paper.described, title.as_str());
        let statement = ending_by(&draft, kind, target, said, paper.body, paper.asc);
        let statement = statement.map_err(Failure::usage)?;
        if arguments.dry_run {
            preview(&statement, target);
            continue;
        }
        let asc = paper.asc.map(<[u8]>::to_vec);
        let id = send(&session, &statement, paper.body.to_vec(), asc, arguments.json).await?;
        sent.push((id, statement));
    }
    arguments.wait.until_answered(&session, &sent, arguments.json).await
}

/// This node's notices of the document, for the audiences that were named, if any were.
async fn versions(
    session: &Session,
    arguments: &Arguments,
    paper: &Paper<'_>,
) -> Result<Vec<Listed>, Failure> {
    let asked = arguments.reference.clone().or_else(|| paper.described.reference.clone());
    let publisher = arguments.publisher.as_ref().or(paper.described.publisher.as_ref());
    let to = arguments.to.iter().map(|to| audience(to, session.trust()));
    let to: Vec<Audience> = to.collect::<Result<_, Failure>>()?;
    let question = DeskQuestion { reference: asked, own: true, ..DeskQuestion::default() };
    let found = session.desk_all(question).await.map_err(|e| failure(&e))?;
    let of_it = |s: &Statement| {
        let document = s.doc.as_ref().is_some_and(|doc| Some(&doc.publisher) == publisher);
        document && s.kind.is_document() && (to.is_empty() || to.contains(&s.aud))
    };
    Ok(found.into_iter().filter(|listed| of_it(&listed.statement)).collect())
}

/// A closed one may still be withdrawn.
fn may_end(kind: Kind, listed: &Listed) -> bool {
    let standing = listed.standing.as_str();
    let closed = kind == Kind::Withdrawal && standing == Standing::Closed.as_str();
    standing == Standing::InForce.as_str() || closed
}

fn target(listed: &Listed) -> Target {
    Target { id: listed.id, statement: listed.statement.clone() }
}

/// Ended before is done; what never was in force is not started only to be ended.
fn nothing(kind: Kind, paper: &Paper<'_>, found: &[Listed], json: bool) -> Outcome {
    let ended = [Standing::Closed, Standing::Withdrawn].map(Standing::as_str);
    let what = paper.described.reference.clone().unwrap_or_default();
    if found.iter().any(|listed| ended.contains(&listed.standing.as_str())) {
        if !json {
            say!("unchanged  {what}: ended already, nothing sent");
        }
        return Ok(());
    }
    let state = if kind == Kind::Closing { "closed" } else { "withdrawn or superseded" };
    Err(Failure::failed(format!(
        "the document says that it is {state}, and nothing of {what} is in force here: nothing to \
         end; --kind publishes it all the same"
    )))
}

fn preview(statement: &Statement, target: &Target) {
    say!("{} \"{}\"", statement.kind, statement.title);
    say!("  ends {} for {} (TLP:{})", target.id.short(), statement.aud, statement.tlp);
}
