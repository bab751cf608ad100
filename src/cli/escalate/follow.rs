//! The next report of a case: what it follows, and what it takes over from there.

use super::report::Start;
use crate::cli::Failure;
use crate::cli::case::Held;
use crate::document::Form;
use crate::notice::{Audience, NodeId, Regime, Stage, Tlp};
use crate::publish::{Origin, Session, Target};

/// What a follow-up goes on from.
pub(super) struct Followed {
    pub(super) held: Held,
    pub(super) before: Target,
    pub(super) start: Start,
    pub(super) top: NodeId,
    pub(super) tlp: Tlp,
    pub(super) regime: Option<Regime>,
    pub(super) embargo: Option<String>,
    pub(super) origin: Option<Origin>,
}

/// The own last report of the case; without one, the response that asked or admitted this node.
///
/// # Errors
/// Refused (exit 3) if there is neither; the relay's own.
pub(super) async fn follow(session: &Session, name: &str) -> Result<Followed, Failure> {
    let held = Held::find(session, name).await?;
    let me = session.node();
    // What it has passed on itself goes on by `case forward`, unless it has nothing else here.
    let own = held.last(|told| told.by == *me && told.origin.is_none());
    let own = own.or_else(|| held.last(|told| told.by == *me));
    if let Some(own) = own {
        let (before, body) = (own.target(), own.wire.body.clone());
        return Ok(after_own(held, before, &body));
    }
    let to_me = held.case.words.iter().rev().find(|word| word.to == *me && word.by != *me);
    let Some(word) = to_me.and_then(|word| held.notice(word.id)) else {
        return Err(Failure::refused(format!(
            "nothing in {name} is a report of {me}, and no response has asked or admitted it: a \
             node goes on from what is its own"
        )));
    };
    let before = word.target();
    let regime = held.case.last().map(|told| told.regime);
    Ok(Followed {
        top: before.statement.iss.clone(),
        tlp: before.statement.tlp,
        start: Start::default(),
        regime,
        embargo: None,
        origin: None,
        before,
        held,
    })
}

fn after_own(held: Held, before: Target, body: &[u8]) -> Followed {
    let s = &before.statement;
    let report = s.report();
    let redacted = report.is_some_and(|report| report.redacted == Some(true));
    let start = Start {
        // A body that cannot be read gives nothing to keep.
        before: Form::read(body, "the report before").ok(),
        redacted: report.filter(|_| redacted).map(|report| report.scope.clone()),
        home: None,
    };
    let top = match &s.aud {
        Audience::Node(node) => node.clone(),
        Audience::Scope(_) => s.iss.clone(),
    };
    Followed {
        start,
        top,
        tlp: s.tlp,
        regime: report.map(|report| report.regime),
        embargo: report.and_then(|report| report.embargo.clone()),
        origin: report.and_then(|report| report.origin).map(|of| Origin { of, redacted }),
        before,
        held,
    }
}

impl Followed {
    /// The stage, if it may follow; wrong usage without one: which report it is nobody guesses.
    ///
    /// # Errors
    /// Refused (exit 3), with how far the case has got.
    pub(super) fn stage(&self, me: &NodeId, asked: Option<Stage>) -> Result<Stage, Failure> {
        let so_far = self.held.case.stage();
        let so_far = so_far.map_or_else(|| "no report".to_owned(), |stage| stage.to_string());
        let Some(next) = asked else {
            let legal =
                Stage::ALL.into_iter().filter(|s| self.held.case.may_report(me, *s).is_ok());
            let legal: Vec<&str> = legal.map(Stage::as_str).collect();
            return Err(Failure::usage(format!(
                "--stage is needed with --updates; the case is at {so_far}, so one of {}",
                legal.join(", ")
            )));
        };
        let judged = self.held.case.may_report(me, next);
        judged.map(|()| next).map_err(|e| Failure::refused(format!("stage: {e}")))
    }
}
