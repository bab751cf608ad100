//! What operators ask their node: the desk's verbs, for a session that may use them.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::session::{Session, SessionError};
use crate::address::{self, DESK};
use crate::relay::{DeskAnswer, DeskQuestion, Listed};

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
