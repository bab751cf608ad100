//! Statements made from a document and what a person says about it. Nothing that matters is
//! guessed: a label never, a severity only if the document has one.

use crate::document::Described;
use crate::notice::{
    Audience, Body, Doc, Federation, Id, Kind, MAX_BODY_BYTES, MAX_BODY_SIG_BYTES, NodeId,
    Severity, Statement, StatementError, Time, Tlp, Wire,
};

/// How long a notice counts if nothing else is said: past the next quarterly review.
pub const DEFAULT_DAYS: u64 = 90;
const DAY: u64 = 24 * 3600;

/// What is missing or contradicts itself. Each names the flag that helps.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    /// The document does not say it, and neither did the command.
    #[error("the document has no {what}: give {flag}")]
    Missing {
        /// What.
        what: &'static str,
        /// The flag that gives it.
        flag: &'static str,
    },
    /// The document's own label is stricter.
    #[error("the document itself is labelled TLP:{own}, stricter than --tlp {asked}")]
    Stricter {
        /// The document's.
        own: Tlp,
        /// The command's.
        asked: Tlp,
    },
    /// Only reports are passed on.
    #[error("it is no report of an incident")]
    NoReport,
    /// A draft never leaves its organisation.
    #[error("the document's status is draft: it never leaves the issuing organisation")]
    Status,
    /// Above the federation's limit.
    #[error("the {what} has {found} bytes, more than the {limit} that every node takes")]
    Size {
        /// Body or detached signature.
        what: &'static str,
        /// Its size.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// A statement's rule is broken.
    #[error(transparent)]
    Statement(#[from] StatementError),
}

/// Who signs, when, for which federation.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The federation.
    pub fed: Federation,
    /// The issuer.
    pub iss: NodeId,
    /// Now.
    pub now: Time,
}

/// What a person says about a document.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The label; never guessed.
    pub tlp: Option<Tlp>,
    /// The severity; the document's if it has one.
    pub severity: Option<Severity>,
    /// The kind; the document's otherwise.
    pub kind: Option<Kind>,
    /// The title; the document's otherwise.
    pub title: Option<String>,
    /// The language; the document's otherwise.
    pub lang: Option<String>,
    /// The reference; the document's otherwise.
    pub reference: Option<String>,
    /// The document's publisher; the document's otherwise.
    pub publisher: Option<String>,
    /// Makes it a drill.
    pub exercise: Option<String>,
    /// How many days it counts.
    pub days: Option<u64>,
    /// What it updates.
    pub updates: Option<Target>,
}

impl Options {
    /// Of a document that does not count its revisions: that of what it updates, since as the first
    /// one it would be an old version.
    fn revision(&self) -> u64 {
        let doc = self.updates.as_ref().and_then(|target| target.statement.doc.as_ref());
        doc.map_or(1, |doc| doc.revision)
    }
}

/// A notice that another refers to.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its id.
    pub id: Id,
    /// Its statement.
    pub statement: Statement,
}

impl Draft {
    /// The statement of a document for one audience.
    ///
    /// # Errors
    /// [`DraftError`].
    pub fn document(
        &self,
        described: &Described,
        body: &[u8],
        asc: Option<&[u8]>,
        aud: Audience,
        options: &Options,
    ) -> Result<Statement, DraftError> {
        if described.draft {
            return Err(DraftError::Status);
        }
        let tlp = label(described, options)?;
        let severity = options
            .severity
            .or(described.severity)
            .ok_or(DraftError::Missing { what: "severity", flag: "--severity" })?;
        let text = |asked: &Option<String>, own: &Option<String>, what, flag| {
            asked.clone().or_else(|| own.clone()).ok_or(DraftError::Missing { what, flag })
        };
        let doc = Doc {
            publisher: text(&options.publisher, &described.publisher, "publisher", "--publisher")?,
            reference: text(&options.reference, &described.reference, "reference", "--ref")?,
            version: described.version.clone().unwrap_or_else(|| "1".into()),
            revision: described.revision.unwrap_or_else(|| options.revision()),
        };
        let title = text(&options.title, &described.title, "title", "--title")?;
        let lang = text(&options.lang, &described.lang, "language", "--lang")?;
        let body = media(described.media, body, asc)?;
        // Versions with one revision are ordered by time, in seconds: an update is later than what
        // it updates even within the same one.
        let after = options.updates.as_ref().map_or(0, |target| target.statement.iat + 1);
        let now = self.now.max(Time::from_secs(after));
        let statement = Statement {
            doc: Some(doc),
            kind: options.kind.unwrap_or(described.kind),
            exercise: options.exercise.clone(),
            re: options.updates.as_ref().map(|target| target.id),
            ..Self { now, ..self.clone() }.plain(aud, tlp, severity, title, lang, body)
        };
        finish(statement, options.days, options.updates.as_ref())
    }

    pub(super) fn plain(
        &self,
        aud: Audience,
        tlp: Tlp,
        severity: Severity,
        title: String,
        lang: String,
        body: Body,
    ) -> Statement {
        Statement {
            fed: self.fed.clone(),
            iss: self.iss.clone(),
            iat: self.now.secs(),
            exp: self.now.secs() + DEFAULT_DAYS * DAY,
            nbf: None,
            kind: Kind::Advisory,
            aud,
            tlp,
            pap: None,
            severity,
            exercise: None,
            title,
            lang,
            doc: None,
            re: None,
            case: None,
            erase: None,
            body,
            ext: None,
        }
    }
}

fn label(described: &Described, options: &Options) -> Result<Tlp, DraftError> {
    let asked = options.tlp.ok_or(DraftError::Missing { what: "label", flag: "--tlp" })?;
    match described.tlp {
        Some(own) if own > asked => Err(DraftError::Stricter { own, asked }),
        _ => Ok(asked),
    }
}

pub(super) fn media(media: &str, body: &[u8], asc: Option<&[u8]>) -> Result<Body, DraftError> {
    let bound = |what, found, limit| {
        if found > limit { Err(DraftError::Size { what, found, limit }) } else { Ok(()) }
    };
    bound("document", body.len(), MAX_BODY_BYTES)?;
    bound("detached signature", asc.map_or(0, <[u8]>::len), MAX_BODY_SIG_BYTES)?;
    Ok(Body {
        media: media.to_owned(),
        len: body.len() as u64,
        sha256: Id::of(body),
        sig: asc.map(Id::of),
    })
}

/// All last at least as long as what they refer to.
pub(super) fn finish(
    mut statement: Statement,
    days: Option<u64>,
    target: Option<&Target>,
) -> Result<Statement, DraftError> {
    if let Some(days) = days {
        statement.exp = statement.iat.saturating_add(days.saturating_mul(DAY));
    }
    if let Some(target) = target {
        statement.exp = statement.exp.max(target.statement.exp);
        statement.exercise = target.statement.exercise.clone();
    }
    statement.check()?;
    Ok(statement)
}

/// A signed statement with its body, ready to be sent.
///
/// # Errors
/// The signer's own.
pub(super) fn sign(
    key: &dyn crate::jws::Signer,
    statement: &Statement,
    body: Vec<u8>,
    asc: Option<Vec<u8>>,
) -> Result<Wire, crate::jws::SignerError> {
    let notice = crate::jws::sign(key, crate::jws::Typ::Notice, statement)?;
    Ok(Wire { notice, hops: Vec::new(), body_sig: asc, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(updates: Option<Target>) -> Options {
        let text = |text: &str| Some(text.to_owned());
        Options {
            tlp: Some(Tlp::Green),
            severity: Some(Severity::Low),
            title: text("Note"),
            lang: text("en"),
            reference: text("NOTE-1"),
            publisher: text("Test"),
            updates,
            ..Options::default()
        }
    }

    fn made(described: &Described, options: &Options) -> Statement {
        let fed = Federation::try_from("0".repeat(32)).expect("an id");
        let iss = "eu-fr".parse().expect("a node");
        let draft = Draft { fed, iss, now: Time::from_secs(1_800_000_000) };
        let aud = Audience::Scope("eu.fr".parse().expect("a scope"));
        draft.document(described, b"text", None, aud, options).expect("a statement")
    }

    #[test]
    fn a_plain_file_updates_a_document_that_counts_its_revisions() {
        let text = Described::other("text/plain");
        let third = made(&Described { revision: Some(3), ..text.clone() }, &options(None));
        let target = Target { id: Id::of(b"third"), statement: third };
        let update = made(&text, &options(Some(target)));
        assert_eq!(update.doc.map(|doc| doc.revision), Some(3), "else it would be an old version");
        assert_eq!(made(&text, &options(None)).doc.map(|doc| doc.revision), Some(1));
    }

    #[test]
    fn an_update_is_later_than_what_it_updates_within_one_second() {
        let text = Described::other("text/plain");
        let first = made(&text, &options(None));
        let target = Target { id: Id::of(b"first"), statement: first.clone() };
        assert_eq!(first.iat, 1_800_000_000);
        assert_eq!(made(&text, &options(Some(target))).iat, first.iat + 1);
        let faulty = sign(&crate::jws::Faulty::new(), &first, b"text".to_vec(), None);
        assert_eq!(faulty, Err(crate::jws::SignerError::SelfCheck), "nothing to send");
    }
}
