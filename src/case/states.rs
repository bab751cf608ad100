//! What may be said next: the stages of who reports, the states of a level that answers.

use crate::notice::{CaseState, Id, Stage, Time};

/// What must not be said now. Who sends is stopped; what came all the same is kept, shown as out of
/// order, and changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Illegal {
    /// A case does not begin with this report.
    #[error("a case begins with early-warning or notification, not with {0}")]
    First(Stage),
    /// The reports have got further.
    #[error("{next} does not follow {before}")]
    Back {
        /// How far they have got.
        before: Stage,
        /// What is behind it.
        next: Stage,
    },
    /// A level's first word is not this.
    #[error("the first word of a level is not {next}; what is: {}", list(answers_after(None)))]
    Opening {
        /// What comes too early.
        next: CaseState,
    },
    /// This state does not follow that one.
    #[error("{next} does not follow {now}; what does: {}", list(answers_after(Some(*now))))]
    Word {
        /// Where the level's last word put the case.
        now: CaseState,
        /// What does not follow.
        next: CaseState,
    },
}

fn list(states: &[CaseState]) -> String {
    states.iter().map(|state| state.as_str()).collect::<Vec<_>>().join(", ")
}

/// Where one level stands, by the last of its words that was in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The state.
    pub state: CaseState,
    /// The response that said so.
    pub id: Id,
    /// That response's first hop: since when.
    pub at: Time,
}

impl Standing {
    /// Whether the level has done with the case.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.state, CaseState::Closed | CaseState::Rejected)
    }
}

/// How far a report gets a case: intermediate and progress reports may alternate.
pub(super) fn rank(stage: Stage) -> u8 {
    match stage {
        Stage::EarlyWarning => 0,
        Stage::Notification => 1,
        Stage::Intermediate | Stage::Progress => 2,
        Stage::Final => 3,
    }
}

/// Whether a report may follow those that its issuer has sent in this case, in their order. The
/// same stage again is a correction. With none before, a case begins; a forward, and the first
/// report of a node that was asked or admitted, may begin with any stage and need no asking here.
///
/// # Errors
/// [`Illegal::First`] or [`Illegal::Back`].
pub fn may_follow(before: &[Stage], next: Stage) -> Result<(), Illegal> {
    let furthest = before.iter().copied().reduce(|a, b| if rank(b) >= rank(a) { b } else { a });
    match furthest {
        None if rank(next) > 1 => Err(Illegal::First(next)),
        Some(before) if rank(next) < rank(before) => Err(Illegal::Back { before, next }),
        _ => Ok(()),
    }
}

/// The states that a level's next word may have; `None`: it has said nothing yet.
#[must_use]
pub fn answers_after(now: Option<CaseState>) -> &'static [CaseState] {
    use CaseState::{
        Accepted, Advice, Closed, InProgress, InformationRequested, Referral, Rejected,
    };
    match now {
        None => &[Accepted, InProgress, InformationRequested, Advice, Referral, Rejected],
        Some(Accepted) => &[InProgress, InformationRequested, Advice, Referral, Closed, Rejected],
        Some(InProgress) => &[InProgress, InformationRequested, Advice, Referral, Closed],
        Some(InformationRequested) => {
            &[InProgress, InformationRequested, Advice, Referral, Closed, Rejected]
        }
        Some(Advice) => &[InProgress, InformationRequested, Advice, Referral, Closed],
        Some(Referral) => &[InProgress, InformationRequested, Advice, Referral, Closed],
        Some(Closed) => &[InProgress],
        Some(Rejected) => &[Accepted],
    }
}

/// Whether a level may say `next` after its last word in order.
///
/// # Errors
/// [`Illegal::Opening`] or [`Illegal::Word`].
pub fn may_answer(now: Option<CaseState>, next: CaseState) -> Result<(), Illegal> {
    match now {
        _ if answers_after(now).contains(&next) => Ok(()),
        None => Err(Illegal::Opening { next }),
        Some(now) => Err(Illegal::Word { now, next }),
    }
}
