//! A hospital telephones its regional CSIRT: one case from the early warning to the final report,
//! with a referral, and passed on to the national CERT without the hospital's name.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::play::Players;
use super::run::DemoError;
use super::story::reporters;
use crate::document::{Form, Incident, Victim, redact};
use crate::notice::{CaseState, Id, Level, NodeId, Regime, Stage, Statement, Time, Tlp};
use crate::publish::{
    Answering, Escalation, Passing, Target, answer, escalation, forward, warning,
};
use crate::relay::{CaseLine, CasesAnswer, CasesQuestion, DeskQuestion, Mark};
use crate::topology::Topology;

/// How long a word may be on its way.
const BACK: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// What the national CERT need not know, and what would tell it.
const WITHOUT: [&str; 4] = ["affected.name", "reported_by", "contact", "indicators"];

/// What became of the case.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CaseAccount {
    /// Reports of the CSIRT that was telephoned, from early warning to final.
    pub reports: usize,
    /// Responses of both levels.
    pub responses: usize,
    /// Clocks that ran: the CSIRT's as the reporter, and first feedback above.
    pub clocks: usize,
    /// Of these, met in time.
    pub met: usize,
    /// Levels at which the case is closed at the end, of two.
    pub closed: usize,
    /// Whether the national CERT's desk says who left something out.
    pub marked_redacted: bool,
    /// States that the union told of it, as NIS2 art. 23(6) asks.
    pub states_told: usize,
    /// States that had to be told.
    pub states: usize,
    /// Notices at the national CERT in which the hospital is named.
    pub named_above: usize,
}

impl CaseAccount {
    /// Whether everything was met, closed, and told to nobody who need not know.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.clocks > 0
            && self.met == self.clocks
            && self.closed == 2
            && self.states_told == self.states
            && self.marked_redacted
            && self.named_above == 0
    }
}

impl std::fmt::Display for CaseAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { reports, responses, clocks, met, closed, named_above, .. } = self;
        write!(
            f,
            "{reports:>6}  reports of a case by phone, {responses} responses, {met} of {clocks} \
             clocks met, closed at {closed} of 2 levels; above, {named_above} notices name the \
             hospital"
        )
    }
}

/// Who plays.
struct Cast {
    hospital: NodeId,
    csirt: NodeId,
    national: NodeId,
    /// The union, and another State that is concerned.
    abroad: Option<(NodeId, NodeId)>,
}

impl Cast {
    fn of(topology: &Topology, incident: &Incident) -> Option<Self> {
        let hospital = reporters(topology, &incident.scope).first()?.id.clone();
        let (csirt, national) = (hospital.parent()?, hospital.state()?);
        let of = |level| topology.nodes().iter().filter(move |node| node.level == level);
        let union = of(Level::Union).next().map(|node| node.id.clone());
        let other = of(Level::National).find(|node| node.id != national);
        let abroad = union.zip(other.map(|node| node.id.clone()));
        Some(Self { hospital, csirt, national, abroad })
    }
}

/// What was said so far, to go on from.
struct Play<'p, 'r> {
    players: &'p mut Players<'r>,
    cast: Cast,
    report: Form,
    account: CaseAccount,
}

/// Plays it; `None` where no entity is below a regional CSIRT.
pub(super) async fn play(
    players: &mut Players<'_>,
    topology: &Topology,
    report: &Path,
) -> Result<Option<CaseAccount>, DemoError> {
    let failed = |e: &dyn std::fmt::Display| DemoError::File(format!("{}: {e}", report.display()));
    let (bytes, name) =
        (std::fs::read(report).map_err(|e| failed(&e))?, report.display().to_string());
    let incident = Incident::parse(&bytes, &name).map_err(|e| failed(&e))?;
    let Some(cast) = Cast::of(topology, &incident) else { return Ok(None) };
    let mut report = Form::read(&bytes, &name).map_err(|e| failed(&e))?;
    // The clock is fast: it starts now.
    report.set("aware", rfc3339(crate::time::now()));
    if let Some((_, other)) = &cast.abroad {
        report.set("countries", [&cast.national, other].map(country).to_vec());
    }
    let mut play = Play { players, cast, report, account: CaseAccount::default() };
    play.whole_case().await?;
    Ok(Some(play.account))
}

/// The second part of a State's id.
fn country(state: &NodeId) -> String {
    state.as_str().rsplit('-').next().unwrap_or_default().to_owned()
}

fn rfc3339(time: Time) -> String {
    let seconds = i64::try_from(time.secs()).unwrap_or_default();
    jiff::Timestamp::from_second(seconds).unwrap_or_default().to_string()
}

impl Play<'_, '_> {
    async fn whole_case(&mut self) -> Result<(), DemoError> {
        let (csirt, national) = (self.cast.csirt.clone(), self.cast.national.clone());
        let early = self.report(Stage::EarlyWarning, None).await?;
        self.say(&csirt, &early, CaseState::Accepted, "We are on our way.").await?;
        self.admit(&early).await?;
        let passed = self.pass_on(&early).await?;
        let above = self.seen_at(&national, passed.id, |_| true).await?;
        self.account.marked_redacted = above.marks.contains(&Mark::Redacted(csirt.clone()));
        self.say(&national, &passed, CaseState::Accepted, "Two more were hit.").await?;
        self.tell_abroad(&passed).await?;
        self.say(&national, &passed, CaseState::Advice, "Block the loader's domain.").await?;
        let advised = |line: &CaseLine| state(line, &national) == Some(CaseState::Advice);
        self.seen_at(&csirt, early.id, advised).await?;
        self.report.set("summary", "Emergency ward on paper until the weekend; backups are good.");
        let notified = self.report(Stage::Notification, Some(&early)).await?;
        let provider = "Passed to a qualified incident response provider.";
        self.say(&csirt, &notified, CaseState::Referral, provider).await?;
        self.report.set("summary", "Rebuilt from backups; entry through a VPN account.");
        let last = self.report(Stage::Final, Some(&notified)).await?;
        self.say(&csirt, &last, CaseState::Closed, "Thank you.").await?;
        self.say(&national, &passed, CaseState::Closed, "Thank you.").await?;
        self.account_for(&early, &passed).await
    }

    /// A report of the CSIRT for the hospital, which nobody above it is to have.
    async fn report(&mut self, stage: Stage, before: Option<&Target>) -> Result<Target, DemoError> {
        let body = self.report.to_bytes();
        let incident = Incident::parse(&body, "the report");
        let incident = incident.map_err(|e| DemoError::File(e.to_string()))?;
        let said = Escalation {
            top: self.cast.csirt.clone(),
            tlp: Tlp::Amber,
            stage,
            regime: Regime::Nis2,
            before: before.cloned(),
            exercise: None,
            embargo: None,
            origin: None,
        };
        let draft = self.players.at(&self.cast.csirt).await?.draft(crate::time::now());
        let statement = escalation(&draft, &incident, &said, &body)?;
        self.account.reports += 1;
        self.issue(statement, body).await
    }

    /// The report without whom it hit, for the national CERT.
    async fn pass_on(&mut self, report: &Target) -> Result<Target, DemoError> {
        let form = redact(&self.report.to_bytes(), "the report", &WITHOUT);
        let body = form.map_err(|e| DemoError::File(e.to_string()))?.to_bytes();
        let passing = Passing {
            to: self.cast.national.clone(),
            tlp: Tlp::Amber,
            without: WITHOUT.to_vec(),
            embargo: None,
            before: None,
        };
        let draft = self.players.at(&self.cast.csirt).await?.draft(crate::time::now());
        let statement = forward(&draft, report, &passing, &body)?;
        self.issue(statement, body).await
    }

    /// The national CERT passes it to the union, which tells the other State.
    async fn tell_abroad(&mut self, report: &Target) -> Result<(), DemoError> {
        let Some((union, other)) = self.cast.abroad.clone() else { return Ok(()) };
        let national = self.cast.national.clone();
        self.account.states = 1;
        let passing = |to: &NodeId| Passing {
            to: to.clone(),
            tlp: Tlp::Amber,
            without: Vec::new(),
            embargo: None,
            before: None,
        };
        let body = self.body_at(&national, report.id).await?;
        let draft = self.players.at(&national).await?.draft(crate::time::now());
        let statement = forward(&draft, report, &passing(&union), &body)?;
        let above = self.issue(statement, body.clone()).await?;
        self.seen_at(&union, above.id, |_| true).await?;
        let draft = self.players.at(&union).await?.draft(crate::time::now());
        let statement = warning(&draft, &above, &passing(&other), &body)?;
        let told = self.issue(statement, body).await?;
        self.account.states_told += usize::from(self.comes_to(&other, told.id).await?);
        Ok(())
    }

    async fn comes_to(&mut self, node: &NodeId, id: Id) -> Result<bool, DemoError> {
        let session = self.players.at(node).await?;
        let question = DeskQuestion { reference: Some(id.to_string()), ..Default::default() };
        let deadline = crate::time::now() + BACK;
        while session.desk(&question).await?.notices.is_empty() {
            if crate::time::now() > deadline {
                return Ok(false);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(true)
    }

    async fn body_at(&mut self, node: &NodeId, id: Id) -> Result<Vec<u8>, DemoError> {
        let wire = self.players.at(node).await?.whole(id).await?;
        wire.map(|wire| wire.body).ok_or_else(|| DemoError::NotSeen(id, node.clone()))
    }

    /// The hospital is back at a keyboard: from now on it sees what is answered.
    async fn admit(&mut self, report: &Target) -> Result<(), DemoError> {
        let (csirt, hospital) = (self.cast.csirt.clone(), self.cast.hospital.clone());
        let text = "You are in this case now.";
        let id = self.word(&csirt, report, CaseState::InProgress, text, Some(hospital)).await?;
        let hospital = self.cast.hospital.clone();
        self.seen_at(&hospital, id, |_| true).await.map(drop)
    }

    async fn say(
        &mut self,
        level: &NodeId,
        report: &Target,
        state: CaseState,
        text: &str,
    ) -> Result<(), DemoError> {
        self.word(level, report, state, text, None).await.map(drop)
    }

    async fn word(
        &mut self,
        level: &NodeId,
        report: &Target,
        state: CaseState,
        text: &str,
        to: Option<NodeId>,
    ) -> Result<Id, DemoError> {
        let draft = self.players.at(level).await?.draft(crate::time::now());
        let answering = Answering { state, reason: None, to, tlp: None };
        let statement = answer(&draft, report, &answering, text)?;
        self.account.responses += 1;
        Ok(self.issue(statement, text.as_bytes().to_vec()).await?.id)
    }

    async fn issue(&mut self, statement: Statement, body: Vec<u8>) -> Result<Target, DemoError> {
        let id = self.players.issue(&statement, body, None).await?;
        Ok(Target { id, statement })
    }

    /// The case at a node's desk, once it is as `wanted`.
    async fn seen_at(
        &mut self,
        node: &NodeId,
        id: Id,
        wanted: impl Fn(&CaseLine) -> bool,
    ) -> Result<CaseLine, DemoError> {
        let session = self.players.at(node).await?;
        let deadline = crate::time::now() + BACK;
        loop {
            let question =
                CasesQuestion { case: Some(id.to_string()), all: true, ..Default::default() };
            let answer: CasesAnswer = session.ask_desk("cases", &question).await?;
            match answer.cases.into_iter().find(&wanted) {
                Some(line) => return Ok(line),
                None if crate::time::now() > deadline => {
                    return Err(DemoError::NotSeen(id, node.clone()));
                }
                None => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
    }

    async fn account_for(&mut self, early: &Target, passed: &Target) -> Result<(), DemoError> {
        let (csirt, national) = (self.cast.csirt.clone(), self.cast.national.clone());
        let below = self.seen_at(&csirt, early.id, |line| !line.open).await?;
        let above = self.seen_at(&national, passed.id, |line| !line.open).await?;
        self.account.closed = [&below, &above].iter().filter(|line| !line.open).count();
        // Above, the reporter's clocks run on without the reports that were not passed on.
        let own = above.deadlines.iter().filter(|deadline| deadline.of == "csirt");
        let clocks: Vec<_> = below.deadlines.iter().chain(own).collect();
        self.account.clocks = clocks.len();
        self.account.met = clocks.iter().filter(|deadline| deadline.standing == "met").count();
        let victim = self.report.get("affected.name").and_then(|name| name.as_str());
        let victim = Victim::new(victim.unwrap_or_default());
        let session = self.players.at(&national).await?;
        for id in above.notices {
            let Some(wire) = session.whole(id).await? else { continue };
            let body = String::from_utf8_lossy(&wire.body);
            let title = &above.title;
            self.account.named_above += usize::from(victim.is_in(&body) || victim.is_in(title));
        }
        Ok(())
    }
}

fn state(line: &CaseLine, level: &NodeId) -> Option<CaseState> {
    line.levels.get(level)?.state
}
