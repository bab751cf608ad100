//! `chappe quarantine`: what this node has refused; look at it, try it again, drop it.

use std::time::Duration;

use clap::{Args, Subcommand};

use super::connection::{Connection, failure};
use super::output::say;
use super::{Failure, Outcome};
use crate::notice::Reason;
use crate::publish::Session;
use crate::relay::{self, Deed, QuarantineAnswer, QuarantineQuestion, Quarantined};

/// How long it is waited for the relay to try a message again, and between two questions.
const PATIENCE: Duration = Duration::from_secs(20);
const ASK: Duration = Duration::from_millis(200);

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List what was refused, newest first
    List(Which),
    /// Show one refused message, never its body
    Show(Which),
    /// Try again, with every check: after a clock was wrong, a bundle came late, a rule changed
    Release(Which),
    /// Delete for good; without --yes it only shows what would go
    Drop(DropArguments),
}

#[derive(Debug, Args)]
struct Which {
    /// The beginning of a message's digest, at least four digits
    #[arg(value_name = "DIGEST")]
    digest: Option<String>,
    #[command(flatten)]
    connection: Connection,
    /// Only what was refused for this reason
    #[arg(long)]
    reason: Option<String>,
    /// Only what came from this source, as local-soc, child-eu-fr-bre or up-eu
    #[arg(long)]
    source: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 100)]
    limit: usize,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct DropArguments {
    #[command(flatten)]
    which: Which,
    /// Delete what is shown
    #[arg(long)]
    yes: bool,
}

pub(super) async fn run(arguments: Arguments) -> Outcome {
    match arguments.verb {
        Verb::List(which) => look(which, line).await,
        Verb::Show(which) => {
            which.needs_one()?;
            look(which, whole).await
        }
        Verb::Release(which) => release(which).await,
        Verb::Drop(DropArguments { which, yes }) => drop_them(which, yes).await,
    }
}

impl Which {
    fn question(&self, deed: Deed) -> Result<QuarantineQuestion, Failure> {
        let known = |word: &String| Reason::ALL.iter().any(|reason| reason.as_str() == word);
        if let Some(word) = self.reason.as_ref().filter(|word| !known(word)) {
            return Err(Failure::usage(format!("--reason {word}: there is no such reason")));
        }
        let (reason, source) = (self.reason.clone(), self.source.clone());
        let digest = self.digest.clone();
        Ok(QuarantineQuestion { deed, reason, source, digest, before: None, of: None })
    }

    fn needs_one(&self) -> Outcome {
        match self.digest {
            Some(_) => Ok(()),
            None => Err(Failure::usage("name a message by the beginning of its digest")),
        }
    }

    /// What is done cannot be undone, so nothing is done to everything by mistake.
    fn needs_something(&self) -> Outcome {
        if self.digest.is_none() && self.reason.is_none() && self.source.is_none() {
            return Err(Failure::usage("name a digest, --reason or --source"));
        }
        Ok(())
    }
}

async fn ask(
    session: &Session,
    question: &QuarantineQuestion,
) -> Result<QuarantineAnswer, Failure> {
    session.ask_desk("quarantine", question).await.map_err(|e| failure(&e))
}

/// Asks page by page until there is no more or enough.
async fn all(
    session: &Session,
    which: &Which,
    deed: Deed,
    limit: usize,
) -> Result<Vec<Quarantined>, Failure> {
    let mut question = which.question(deed)?;
    let mut found = Vec::new();
    loop {
        let answer = ask(session, &question).await?;
        found.extend(answer.messages);
        question.before = answer.before;
        if question.before.is_none() || found.len() >= limit {
            break;
        }
    }
    if found.is_empty() && which.digest.is_some() {
        return Err(Failure::failed("nothing in quarantine is called so"));
    }
    Ok(found)
}

async fn look(which: Which, show: fn(&Quarantined)) -> Outcome {
    let session = which.connection.open_to_read().await?;
    let found = all(&session, &which, Deed::List, which.limit).await?;
    for message in found.iter().take(which.limit) {
        print(&which, message, show)?;
    }
    Ok(())
}

fn print(which: &Which, message: &Quarantined, show: fn(&Quarantined)) -> Outcome {
    if which.json {
        say!("{}", serde_json::to_string(message).map_err(Failure::failed)?);
    } else {
        show(message);
    }
    Ok(())
}

async fn drop_them(which: Which, yes: bool) -> Outcome {
    which.needs_something()?;
    let session = which.connection.open_to_read().await?;
    let deed = if yes { Deed::Drop } else { Deed::List };
    let found = all(&session, &which, deed, usize::MAX).await?;
    for message in &found {
        print(&which, message, line)?;
    }
    let kept = found.iter().filter(|m| matches!(m.state, relay::Outcome::Kept(_))).count();
    if kept > 0 {
        return Err(Failure::failed(format!("{kept} could not be deleted")));
    }
    if !yes && !found.is_empty() {
        let count = found.len();
        return Err(Failure::usage(format!("nothing deleted: {count} would go with --yes")));
    }
    Ok(())
}

/// Tries again what was found. Exit code 3 if any of it is refused again, 1 if any could not even
/// be tried.
async fn release(which: Which) -> Outcome {
    which.needs_something()?;
    let session = which.connection.open_to_read().await?;
    let mut found = all(&session, &which, Deed::Release, usize::MAX).await?;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    for message in &mut found {
        if message.state == relay::Outcome::Released {
            message.state = outcome(&session, message, deadline).await?;
        }
        print(&which, message, line)?;
    }
    let refused = |m: &&Quarantined| matches!(m.state, relay::Outcome::Refused(_));
    let kept = |m: &&Quarantined| matches!(m.state, relay::Outcome::Kept(_));
    let (refused, kept) = (found.iter().filter(refused), found.iter().filter(kept));
    if let Some(first) = refused.clone().next() {
        let (count, why) = (refused.count(), state(first));
        return Err(Failure::refused(format!("{count} again in quarantine: {why}")));
    }
    if let Some(first) = kept.clone().next() {
        let (count, why) = (kept.count(), state(first));
        return Err(Failure::failed(format!("{count} not tried: {why}")));
    }
    Ok(())
}

async fn outcome(
    session: &Session,
    message: &Quarantined,
    deadline: tokio::time::Instant,
) -> Result<relay::Outcome, Failure> {
    let question = QuarantineQuestion {
        deed: Deed::Outcome,
        source: Some(message.source.clone()),
        digest: Some(message.digest.to_string()),
        of: Some(message.id),
        ..QuarantineQuestion::default()
    };
    loop {
        let answer = ask(session, &question).await?;
        let outcome = answer.outcome.unwrap_or(relay::Outcome::Released);
        if outcome != relay::Outcome::Held || tokio::time::Instant::now() > deadline {
            return Ok(outcome);
        }
        tokio::time::sleep(ASK).await;
    }
}

fn state(message: &Quarantined) -> String {
    match &message.state {
        relay::Outcome::Quarantined => message.reason.clone(),
        relay::Outcome::Released => "released, being tried again".into(),
        relay::Outcome::Held => "released, waits for its time, its key or room".into(),
        relay::Outcome::Taken => "released, taken".into(),
        relay::Outcome::Filtered(why) => format!("released, filtered: {why}"),
        relay::Outcome::Refused(why) => format!("released, refused again: {why}"),
        relay::Outcome::Kept(why) => format!("stays: {why}"),
        relay::Outcome::Dropped => "dropped".into(),
    }
}

fn line(message: &Quarantined) {
    let kind = message.kind.map(|kind| kind.to_string()).unwrap_or_default();
    let tlp = message.tlp.map(|tlp| tlp.to_string()).unwrap_or_default();
    say!(
        "{}  {}  {:<18} {:<11} {:<12} {}",
        message.digest.short(),
        message.at,
        message.source,
        kind,
        tlp,
        state(message)
    );
}

fn whole(message: &Quarantined) {
    say!("{}", message.digest);
    say!("  {}: {}", message.reason, message.why.escape_debug());
    say!("  from {} at {}, under {}", message.source, message.at, message.subject.escape_debug());
    let unknown = || "-".to_owned();
    say!(
        "  says, unverified: {} of {}, TLP:{}",
        message.kind.map_or_else(unknown, |kind| kind.to_string()),
        message.issuer.as_ref().map_or_else(unknown, ToString::to_string),
        message.tlp.map_or_else(unknown, |tlp| tlp.to_string())
    );
    if let Some(title) = &message.title {
        say!("  titled, unverified: {}", title.escape_debug());
    }
    say!("  id {}", message.id);
    say!("  body of {} bytes, SHA-256 {}", message.body_len, message.body_sha256);
    if message.whole {
        say!("  kept whole: `chappe quarantine release` tries it again");
    } else {
        say!("  only headers and digest were kept: ask its sender to send it again");
    }
}
