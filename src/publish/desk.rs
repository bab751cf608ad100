//! What operators ask their node: the desk's verbs, for a session that may use them.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::session::{Session, SessionError};
use crate::address::{self, DESK};
use crate::jws::from_base64url;
use crate::notice::{Id, MAX_BODY_BYTES, Wire};
use crate::relay::{DeskAnswer, DeskQuestion, Listed, WholeAnswer, WholeQuestion};
use crate::verify::read_stored;

impl Session {
    /// Asks the desk.
    ///
    /// # Errors
    /// [`SessionError`]; a publisher has no desk.
    pub async fn desk(&self, question: &DeskQuestion) -> Result<DeskAnswer, SessionError> {
        self.ask_desk("list", question).await
    }

    /// Everything that a question means: what has many audiences comes in several answers.
    ///
    /// # Errors
    /// [`SessionError`]; a publisher has no desk.
    pub async fn desk_all(&self, mut question: DeskQuestion) -> Result<Vec<Listed>, SessionError> {
        let mut found = Vec::new();
        loop {
            let answer = self.desk(&question).await?;
            let (more, page) = (answer.more > 0, answer.notices.len());
            found.extend(answer.notices);
            question.skip += page;
            if !more || page == 0 {
                return Ok(found);
            }
        }
    }

    /// A notice that the node keeps, with its body as the statement's digest says; `None` if it is
    /// not there.
    ///
    /// # Errors
    /// [`SessionError`]; among others if the pieces make no such body.
    pub async fn whole(&self, id: Id) -> Result<Option<Wire>, SessionError> {
        let wrong = |why: &str| SessionError::Answer(format!("{}: {why}", id.short()));
        let mut question = WholeQuestion { id, from: 0 };
        let mut body = Vec::new();
        loop {
            let answer: WholeAnswer = self.ask_desk("notice", &question).await?;
            let Some(notice) = answer.notice else { return Ok(None) };
            let piece = from_base64url(&answer.body).ok_or_else(|| wrong("no base64url"))?;
            body.extend(piece);
            match answer.next {
                Some(next) if next == body.len() && next <= MAX_BODY_BYTES => question.from = next,
                Some(_) => return Err(wrong("a piece is missing")),
                None => {
                    let body_sig = answer.body_sig.as_deref().and_then(from_base64url);
                    let wire = Wire { notice, hops: answer.hops, body_sig, body };
                    let (statement, _, _) =
                        read_stored(&wire).map_err(|e| wrong(&e.to_string()))?;
                    let whole = wire.id() == id && statement.body.sha256 == Id::of(&wire.body);
                    return if whole { Ok(Some(wire)) } else { Err(wrong("another notice")) };
                }
            }
        }
    }

    /// Asks the desk for something else.
    ///
    /// # Errors
    /// [`SessionError`]; a publisher has no desk.
    pub async fn ask_desk<Q: Serialize, A: DeserializeOwned + Serialize>(
        &self,
        verb: &str,
        question: &Q,
    ) -> Result<A, SessionError> {
        if self.intake() != DESK {
            return Err(SessionError::NoDesk(self.intake().to_owned()));
        }
        self.ask(&address::desk(verb), question).await
    }
}
