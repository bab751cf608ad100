//! What a relay tells in pages while its cases change: it is read whole, or not at all. What is
//! made from a part of a case (a forward, an answer, a file for a successor) would be wrong.

use super::held::ask;
use crate::cli::Failure;
use crate::notice::Id;
use crate::publish::Session;
use crate::relay::{CaseLine, CasesAnswer, CasesQuestion};

/// Readings of a list that changes meanwhile.
const TRIES: usize = 5;

/// Every case that a question means; read anew if the list changed in between.
///
/// # Errors
/// The relay's own; a list that never stays as it is.
pub(in crate::cli) async fn every(
    session: &Session,
    question: &CasesQuestion,
) -> Result<CasesAnswer, Failure> {
    for _ in 0..TRIES {
        let page = async |skip| ask(session, &CasesQuestion { skip, ..question.clone() }).await;
        if let Some(all) = once(page).await? {
            return Ok(all);
        }
    }
    Err(Failure::failed("the cases change while they are read: try again"))
}

/// One reading, `None` if it is certain not to be whole: what moves from the part that is still to
/// be read changes how many there are, or pushes one out that comes again.
async fn once<F>(mut page: F) -> Result<Option<CasesAnswer>, Failure>
where
    F: AsyncFnMut(usize) -> Result<CasesAnswer, Failure>,
{
    let mut all = page(0).await?;
    let total = all.cases.len() + all.more;
    while all.more > 0 {
        let next = page(all.cases.len()).await?;
        let stays = all.cases.len() + next.cases.len() + next.more == total;
        let again = |line: &CaseLine| all.cases.iter().any(|known| known.case == line.case);
        if !stays || next.cases.is_empty() || next.cases.iter().any(again) {
            return Ok(None);
        }
        all.more = next.more;
        all.cases.extend(next.cases);
    }
    Ok(Some(all))
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

    #[tokio::test]
    async fn a_list_that_changes_while_it_is_read_is_read_again() {
        let page = |names: std::ops::Range<usize>, more| CasesAnswer {
            cases: names.map(line).collect(),
            more,
            ..CasesAnswer::default()
        };
        let read = async |next: CasesAnswer| {
            let pages = async |skip| {
                let first = skip == 0;
                let next = || CasesAnswer {
                    cases: next.cases.clone(),
                    more: next.more,
                    ..CasesAnswer::default()
                };
                Ok(if first { page(0..3, 2) } else { next() })
            };
            once(pages).await.expect("an answer").map(|all| all.cases.len())
        };
        assert_eq!(read(page(3..5, 0)).await, Some(5));
        assert_eq!(read(page(3..4, 0)).await, None, "one has gone, and another was passed over");
        assert_eq!(read(page(2..4, 0)).await, None, "one moved, and another with it");
        assert_eq!(read(page(0..0, 2)).await, None);
    }
}
