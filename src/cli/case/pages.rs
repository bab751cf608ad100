//! What a relay tells in pages while its cases change: a list has every case that stays, and a case
//! is read whole, or not at all. What is made from a part of one (a forward, an answer, a file for
//! a successor) would be wrong.

use super::held::ask;
use crate::cli::Failure;
use crate::notice::{Id, Time};
use crate::publish::Session;
use crate::relay::{CaseLine, CasesAnswer, CasesQuestion};

/// Every case that a question means, the next deadline first. However much is reported meanwhile,
/// no case that stays is passed over: pages follow one another by the cases' keys.
///
/// # Errors
/// The relay's own.
pub(in crate::cli) async fn every(
    session: &Session,
    question: &CasesQuestion,
) -> Result<CasesAnswer, Failure> {
    let page = async |after| {
        let question = CasesQuestion { after: Some(after), ..question.clone() };
        ask(session, &question).await
    };
    all(page).await
}

async fn all<F>(mut page: F) -> Result<CasesAnswer, Failure>
where
    F: AsyncFnMut(Id) -> Result<CasesAnswer, Failure>,
{
    let mut all = page(Id::from([0; 32])).await?;
    while let Some(last) = all.cases.last().filter(|_| all.more > 0) {
        let next = page(last.case).await?;
        all.more = if next.cases.is_empty() { 0 } else { next.more };
        all.cases.extend(next.cases);
    }
    all.cases.sort_by_key(urgency);
    Ok(all)
}

/// As the relay orders what it is asked without pages.
fn urgency(line: &CaseLine) -> (bool, Option<Time>, bool, Id) {
    let next = line.deadlines.iter().find(|deadline| deadline.met.is_none());
    let due = next.filter(|_| line.open).map(|deadline| deadline.due);
    (due.is_none(), due, !line.open, line.case)
}

/// A case with the ids of all of its notices, of which one answer has only some.
///
/// # Errors
/// The relay's own; a case that changes meanwhile, or that an answer does not go on with.
pub(super) async fn whole(session: &Session, line: CaseLine) -> Result<CaseLine, Failure> {
    let more = async |case: Id, notices| {
        let case = Some(case.to_string());
        let question = CasesQuestion { case, all: true, notices, ..CasesQuestion::default() };
        Ok(ask(session, &question).await?.cases.pop())
    };
    gathered(line, more).await
}

async fn gathered<F>(mut line: CaseLine, mut more: F) -> Result<CaseLine, Failure>
where
    F: AsyncFnMut(Id, usize) -> Result<Option<CaseLine>, Failure>,
{
    let total = line.notices.len() + line.more_notices;
    while line.more_notices > 0 {
        let next = more(line.case, line.notices.len()).await?;
        let next = next.filter(|next| {
            let stays = line.notices.len() + next.notices.len() + next.more_notices == total;
            let again = next.notices.iter().any(|id| line.notices.contains(id));
            stays && !next.notices.is_empty() && !again
        });
        let Some(next) = next else {
            return Err(Failure::failed("the case changes while it is read: try again"));
        };
        line.more_notices = next.more_notices;
        line.notices.extend(next.notices);
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::cases::tests::sample;

    fn line(name: usize) -> CaseLine {
        CaseLine { case: Id::of(name.to_string().as_bytes()), ..sample() }
    }

    fn ids(names: impl Iterator<Item = usize>) -> Vec<Id> {
        names.map(|name| Id::of(name.to_string().as_bytes())).collect()
    }

    fn of(notices: Vec<Id>, more_notices: usize) -> CaseLine {
        CaseLine { notices, more_notices, ..sample() }
    }

    #[tokio::test]
    async fn a_case_of_many_notices_is_read_whole() {
        let more = async |case, skip: usize| {
            assert_eq!(case, sample().case);
            Ok(Some(of(ids((skip..250).take(100)), 250_usize.saturating_sub(skip + 100))))
        };
        let read = gathered(of(ids(0..100), 150), more).await.expect("whole");
        assert_eq!((read.notices, read.more_notices), (ids(0..250), 0));
    }

    #[tokio::test]
    async fn a_case_that_is_not_read_whole_is_not_worked_on() {
        let first = || of(ids(0..100), 50);
        for bad in
            [None, Some(of(Vec::new(), 50)), Some(of(ids(100..149), 0)), Some(of(ids(99..149), 0))]
        {
            let more = async |_, _| Ok(bad.clone());
            let error = gathered(first(), more).await.expect_err("not whole");
            assert!(format!("{error:?}").contains("changes while it is read"), "{error:?}");
        }
    }

    /// Five cases in pages of two; before each page one more comes, with a nearer deadline.
    #[tokio::test]
    async fn a_list_is_read_whole_while_more_and_more_cases_come() {
        let due = |hours: u64, name: usize| {
            let mut line = line(name);
            line.deadlines[0].due = Time::from_secs(3600 * hours);
            line
        };
        let mut held: Vec<CaseLine> = (0..5).map(|name| due(100 - name as u64, name)).collect();
        let page = async |after: Id| {
            held.push(due(1, held.len()));
            held.sort_by_key(|line| line.case);
            let rest: Vec<_> = held.iter().filter(|line| line.case > after).cloned().collect();
            let more = rest.len().saturating_sub(2);
            let cases = rest.into_iter().take(2).collect();
            Ok(CasesAnswer { cases, more, ..CasesAnswer::default() })
        };
        let read: Vec<Id> =
            all(page).await.expect("read").cases.iter().map(|line| line.case).collect();
        let stayed: Vec<Id> = ids(0..5).into_iter().rev().collect();
        let told: Vec<Id> = read.iter().copied().filter(|id| stayed.contains(id)).collect();
        assert_eq!(told, stayed, "each once, the next deadline first");
    }
}
