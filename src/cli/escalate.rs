//! `chappe escalate`

use std::path::PathBuf;

use clap::Args;

use super::connection::{Connection, Reached, reach};
use super::publish::read;
use super::sending::{send, spool};
use super::wait::Wait;
use super::{Failure, Outcome};
use crate::document::Incident;
use crate::notice::{Level, MAX_BODY_BYTES, NodeId, Regime, Stage, Tlp};
use crate::publish::{Escalation, Offline, escalation};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The incident report (JSON, see docs/PROTOCOL.md)
    file: PathBuf,
    #[command(flatten)]
    connection: Connection,
    /// The highest node that may have it [default: the node above an entity; a CSIRT itself]
    #[arg(long, value_name = "NODE")]
    to: Option<NodeId>,
    /// AMBER, AMBER+STRICT or RED, seldom less
    #[arg(long)]
    tlp: Tlp,
    /// Which report of the case it is
    #[arg(long, value_enum, default_value_t = StageWord::EarlyWarning)]
    stage: StageWord,
    /// Whose clock runs
    #[arg(long, value_enum, default_value_t = RegimeWord::None)]
    regime: RegimeWord,
    /// Id of an exercise: makes it a drill
    #[arg(long, value_name = "ID")]
    exercise: Option<String>,
    #[command(flatten)]
    wait: Wait,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum StageWord {
    EarlyWarning,
    Notification,
    Intermediate,
    Progress,
    Final,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum RegimeWord {
    Nis2,
    CraVulnerability,
    CraIncident,
    Dora,
    None,
}

pub(super) async fn run(arguments: Arguments) -> Outcome {
    let body = read(&arguments.file, MAX_BODY_BYTES)?;
    let name = arguments.file.display().to_string();
    let incident = Incident::parse(&body, &name).map_err(Failure::usage)?;
    let offline = arguments.connection.offline()?;
    let said = Escalation {
        top: arguments.to.clone().map_or_else(|| default_top(&offline), Ok)?,
        tlp: arguments.tlp,
        stage: arguments.stage.into(),
        regime: arguments.regime.into(),
        before: None,
        exercise: arguments.exercise.clone(),
    };
    let draft = offline.draft(crate::time::now());
    let statement = escalation(&draft, &incident, &said, &body).map_err(Failure::usage)?;
    let session = match reach(offline).await? {
        Reached::Up(session) => session,
        Reached::Down(offline, why) => {
            spool(&offline, &statement, body, None, (&why, arguments.json))?;
            return arguments.wait.not_sent();
        }
    };
    let id = send(&session, &statement, body, None, arguments.json).await?;
    arguments.wait.until_answered(&session, &[(id, statement)], arguments.json).await
}

fn default_top(session: &Offline) -> Result<NodeId, Failure> {
    let me = session.node();
    let level = session.trust().seat(me).map(|seat| seat.level);
    if level != Some(Level::Entity) {
        return Ok(me.clone());
    }
    me.parent().ok_or_else(|| Failure::usage("--to is needed: there is no node above this one"))
}

impl From<StageWord> for Stage {
    fn from(word: StageWord) -> Self {
        match word {
            StageWord::EarlyWarning => Self::EarlyWarning,
            StageWord::Notification => Self::Notification,
            StageWord::Intermediate => Self::Intermediate,
            StageWord::Progress => Self::Progress,
            StageWord::Final => Self::Final,
        }
    }
}

impl From<RegimeWord> for Regime {
    fn from(word: RegimeWord) -> Self {
        match word {
            RegimeWord::Nis2 => Self::Nis2,
            RegimeWord::CraVulnerability => Self::CraVulnerability,
            RegimeWord::CraIncident => Self::CraIncident,
            RegimeWord::Dora => Self::Dora,
            RegimeWord::None => Self::None,
        }
    }
}
