//! A case as this node holds it: what its relay says of it, and its notices with their bodies.

use std::collections::BTreeSet;

use serde_json::Value;

use super::pages::whole;
use crate::case::{self, Case, Item, Told};
use crate::cli::Failure;
use crate::cli::connection::failure;
use crate::notice::{Id, NodeId, Statement, Time, Wire};
use crate::publish::{Session, Target};
use crate::relay::{CaseLine, CasesAnswer, CasesQuestion};
use crate::verify::read_stored;

/// Digits of an id that a relay takes for one.
const MIN_NAME: usize = 4;

/// One notice of a case.
pub(in crate::cli) struct Notice {
    pub(in crate::cli) id: Id,
    pub(in crate::cli) statement: Statement,
    pub(in crate::cli) wire: Wire,
    first: Time,
    since: Time,
}

/// A case.
pub(in crate::cli) struct Held {
    pub(in crate::cli) line: CaseLine,
    /// The notices of it that are here, by the time at which they were issued and first passed on.
    pub(in crate::cli) notices: Vec<Notice>,
    pub(in crate::cli) case: Case,
}

impl Held {
    /// The case that a person means: by the beginning of the id of any notice of it.
    ///
    /// # Errors
    /// None or several of that name; the relay's own.
    pub(in crate::cli) async fn find(session: &Session, name: &str) -> Result<Self, Failure> {
        if name.len() < MIN_NAME {
            return Err(Failure::usage(format!("`{name}`: at least {MIN_NAME} digits of an id")));
        }
        let case = Some(name.to_owned());
        let question = CasesQuestion { case, all: true, ..CasesQuestion::default() };
        let mut answer = ask(session, &question).await?;
        match (answer.cases.pop(), answer.cases.len() + answer.more) {
            (None, _) => Err(Failure::failed(format!("no case here is called `{name}`"))),
            (Some(line), 0) => Self::read(session, line).await,
            (Some(_), more) => {
                let count = more + 1;
                Err(Failure::usage(format!("`{name}` names {count} cases; give more of the id")))
            }
        }
    }

    /// Reads the notices of a case, all of them.
    ///
    /// # Errors
    /// A case that changes meanwhile; the relay's own.
    pub(in crate::cli) async fn read(session: &Session, line: CaseLine) -> Result<Self, Failure> {
        let line = whole(session, line).await?;
        let mut notices = Vec::new();
        let ids: BTreeSet<Id> = line.notices.iter().copied().chain([line.case]).collect();
        for id in ids {
            // One may have been withdrawn and erased since the relay was asked.
            if let Some(wire) = session.whole(id).await.map_err(|e| failure(&e))? {
                notices.push(Notice::of(session.node(), id, wire)?);
            }
        }
        // Two levels may speak within a second.
        notices.sort_by_key(|notice| (notice.statement.iat, notice.first, notice.id));
        let items = notices.iter().map(Notice::item);
        let mut cases = case::group(items);
        let at = cases.iter().position(|case| case.contains(line.case));
        let case = at.map(|at| cases.swap_remove(at));
        let case = case.ok_or_else(|| Failure::failed("the case has gone meanwhile"))?;
        Ok(Self { line, notices, case })
    }

    pub(in crate::cli) fn notice(&self, id: Id) -> Option<&Notice> {
        self.notices.iter().find(|notice| notice.id == id)
    }

    /// The report that a name means: the one with this beginning, else the last of those that
    /// `may` be meant.
    pub(in crate::cli) fn report(
        &self,
        name: &str,
        may: impl Fn(&Told) -> bool,
    ) -> Option<&Notice> {
        let reports = || self.case.reports.iter().filter(|told| may(told));
        let named = reports().find(|told| told.id != self.line.case && begins(told.id, name));
        named.and_then(|told| self.notice(told.id)).or_else(|| self.last(&may))
    }

    /// The last of the reports that `may` be meant.
    pub(in crate::cli) fn last(&self, may: impl Fn(&Told) -> bool) -> Option<&Notice> {
        let told = self.case.reports.iter().rfind(|told| may(told))?;
        self.notice(told.id)
    }

    /// Whom it hit: every name that a report which is here has ever said, corrected ones too.
    pub(in crate::cli) fn names(&self) -> BTreeSet<String> {
        let reports = self.notices.iter().filter(|notice| notice.statement.report().is_some());
        let name =
            |notice: &Notice| notice.json()?.pointer("/affected/name")?.as_str().map(str::to_owned);
        reports.filter_map(name).collect()
    }

    /// Every notice of it that is known here, for what is kept by them.
    pub(in crate::cli) fn ids(&self) -> Vec<Id> {
        self.notices.iter().map(|notice| notice.id).collect()
    }
}

impl Notice {
    fn of(me: &NodeId, id: Id, wire: Wire) -> Result<Self, Failure> {
        let (statement, _, hops) =
            read_stored(&wire).map_err(|e| Failure::failed(format!("{}: {e}", id.short())))?;
        let first = hops.first().map_or_else(|| statement.issued(), |hop| hop.at);
        let own = hops.iter().find(|hop| hop.by == *me).or(hops.last());
        let since = own.map_or(first, |hop| hop.at);
        Ok(Self { id, statement, wire, first, since })
    }

    fn item(&self) -> Item<'_> {
        Item { id: self.id, statement: &self.statement, first: self.first, since: self.since }
    }

    pub(in crate::cli) fn target(&self) -> Target {
        Target { id: self.id, statement: self.statement.clone() }
    }

    /// Its body as JSON, if it is that.
    pub(in crate::cli) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.wire.body).ok()
    }
}

/// The body of a notice as JSON, if it is that.
pub(in crate::cli) fn json(notice: &Notice) -> Option<Value> {
    notice.json()
}

fn begins(id: Id, name: &str) -> bool {
    id.to_string().starts_with(name)
}

/// Asks the relay about cases.
pub(super) async fn ask(
    session: &Session,
    question: &CasesQuestion,
) -> Result<CasesAnswer, Failure> {
    session.ask_desk("cases", question).await.map_err(|e| failure(&e))
}
