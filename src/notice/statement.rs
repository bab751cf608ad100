//! The signed statement: every claim that routing, policy and clocks may look at.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::case::{self, Answer, Case, Report};
use super::id::Id;
use super::kind::{Audience, Kind};
use super::label::{Severity, Tlp};
use super::line::{is_language, is_line, is_token};
use super::node::NodeId;
use super::time::Time;
use super::wire::MAX_BODY_BYTES;
use crate::jws::{self, JsonError};

/// So that the signing input fits an HSM's or KMS' 4 096 bytes.
pub const MAX_STATEMENT_BYTES: usize = 2_900;
/// One line on a duty officer's screen.
pub const MAX_TITLE_CHARS: usize = 200;
/// Longest life, `exp` - `iat`: a year, and time to renew.
const MAX_LIFE: Duration = Duration::from_secs(400 * 24 * 3600);
/// How long an issuer's relay may hold a notice for `nbf`.
const MAX_HELD: Duration = Duration::from_secs(24 * 3600);
/// Longest other line: a publisher, a reference, a version, a reason.
pub const MAX_TEXT_CHARS: usize = 160;
const MAX_EXT_BYTES: usize = 512;
/// Nesting below `ext`: an answer that lists statements adds levels, and must stay readable.
const MAX_EXT_DEPTH: usize = 4;

/// Why bytes are no statement. Each is one reason code of `policy::Reason`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// Above [`MAX_STATEMENT_BYTES`].
    #[error("the statement has {0} bytes, more than {MAX_STATEMENT_BYTES}")]
    Size(usize),
    /// Not strict JSON, or a claim is unknown, missing or of the wrong form.
    #[error("statement: {0}")]
    Json(#[from] JsonError),
    /// A claim's value is outside its rule.
    #[error("claim `{0}`: {1}")]
    Claim(&'static str, &'static str),
    /// The kind forbids or needs a claim.
    #[error("a {0} {1}")]
    Combination(Kind, &'static str),
    /// `exp` is not after `iat`, or too far after it; `nbf` is not within a day of `iat`.
    #[error("{0}")]
    Lifetime(&'static str),
}

/// Which federation a record belongs to: 128 random bits in hex, made once. Staging never mixes
/// with production.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Federation(String);

impl TryFrom<String> for Federation {
    type Error = StatementError;
    fn try_from(text: String) -> Result<Self, StatementError> {
        let hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        if text.len() == 32 && text.bytes().all(hex) {
            Ok(Self(text))
        } else {
            Err(StatementError::Claim("fed", "32 lower-case hexadecimal digits"))
        }
    }
}

impl From<Federation> for String {
    fn from(fed: Federation) -> Self {
        fed.0
    }
}

impl fmt::Display for Federation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Federation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an issuer signs. Claims in the order of docs/PROTOCOL.md section 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// The federation.
    pub fed: Federation,
    /// The issuer.
    pub iss: NodeId,
    /// Issued at, seconds.
    pub iat: u64,
    /// Expires, seconds.
    pub exp: u64,
    /// Not before, seconds: the issuer's relay alone holds it until then.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub nbf: Option<u64>,
    /// What it is.
    pub kind: Kind,
    /// Who may receive it.
    pub aud: Audience,
    /// Its label.
    pub tlp: Tlp,
    /// What a recipient may do with it (PAP); carried, not acted on.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pap: Option<Tlp>,
    /// How bad it is.
    pub severity: Severity,
    /// Id of an exercise: makes it a drill.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub exercise: Option<String>,
    /// One line for people.
    pub title: String,
    /// BCP 47.
    pub lang: String,
    /// The document's own identity.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub doc: Option<Doc>,
    /// Id of another notice; what it means follows from the kind.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub re: Option<Id>,
    /// What routing and clocks need of a case.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub case: Option<Case>,
    /// On a withdrawal: delete the target too.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub erase: Option<bool>,
    /// The body that goes with it.
    pub body: Body,
    /// Signed, never used for routing, ignored when unknown.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ext: Option<serde_json::Map<String, serde_json::Value>>,
}

/// The document's own identity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Doc {
    /// The document's publisher: a CSAF namespace, `https://www.cert.ssi.gouv.fr`.
    #[serde(rename = "pub")]
    pub publisher: String,
    /// Its reference, unique for the publisher.
    #[serde(rename = "ref")]
    pub reference: String,
    /// Its own version text.
    pub version: String,
    /// Number of entries in its revision history: what versions are ordered by.
    pub revision: u64,
}

/// The body that belongs to the statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// Media type.
    #[serde(rename = "type")]
    pub media: String,
    /// Bytes.
    pub len: u64,
    /// SHA-256 of the bytes.
    pub sha256: Id,
    /// SHA-256 of the document's own detached signature.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sig: Option<Id>,
}

impl Statement {
    /// Reads a statement and checks every rule that needs nothing but the statement.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn parse(bytes: &[u8]) -> Result<Self, StatementError> {
        if bytes.len() > MAX_STATEMENT_BYTES {
            return Err(StatementError::Size(bytes.len()));
        }
        let statement: Self = jws::from_slice(bytes)?;
        statement.check()?;
        Ok(statement)
    }

    /// Reads a statement that [`Self::parse`] took before it was stored.
    ///
    /// # Errors
    /// [`StatementError`] if it is none.
    pub fn reread(bytes: &[u8]) -> Result<Self, StatementError> {
        Ok(jws::reread(bytes)?)
    }

    /// When it expires.
    #[must_use]
    pub fn expires(&self) -> Time {
        Time::from_secs(self.exp)
    }

    /// When it was issued.
    #[must_use]
    pub fn issued(&self) -> Time {
        Time::from_secs(self.iat)
    }

    /// Whether it belongs to an exercise.
    #[must_use]
    pub fn is_drill(&self) -> bool {
        self.exercise.is_some()
    }

    /// The report of an escalation.
    #[must_use]
    pub fn report(&self) -> Option<&Report> {
        match &self.case {
            Some(Case::Report(report)) => Some(report),
            Some(Case::Answer(_)) | None => None,
        }
    }

    /// The answer of a response.
    #[must_use]
    pub fn answer(&self) -> Option<&Answer> {
        match &self.case {
            Some(Case::Answer(answer)) => Some(answer),
            Some(Case::Report(_)) | None => None,
        }
    }

    /// Checks every rule that needs nothing but the statement; `publish` asks before signing.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn check(&self) -> Result<(), StatementError> {
        self.check_life()?;
        self.check_texts()?;
        self.check_combination()?;
        case::check(self)?;
        if let Some(ext) = &self.ext {
            let size = serde_json::to_vec(ext).map_or(usize::MAX, |bytes| bytes.len());
            let flat = ext.values().all(|value| depth(value) < MAX_EXT_DEPTH);
            ensure(size <= MAX_EXT_BYTES && flat, "ext", "at most 512 bytes, 4 levels")?;
        }
        Ok(())
    }

    fn check_life(&self) -> Result<(), StatementError> {
        if self.exp <= self.iat {
            return Err(StatementError::Lifetime("exp is not after iat"));
        }
        if self.exp - self.iat > MAX_LIFE.as_secs() {
            return Err(StatementError::Lifetime("exp is more than 400 days after iat"));
        }
        match self.nbf {
            Some(nbf) if nbf < self.iat || nbf - self.iat > MAX_HELD.as_secs() => {
                Err(StatementError::Lifetime("nbf is not within 24 hours after iat"))
            }
            _ => Ok(()),
        }
    }

    fn check_texts(&self) -> Result<(), StatementError> {
        ensure(is_line(&self.title, MAX_TITLE_CHARS), "title", "one line of 1 to 200 characters")?;
        ensure(is_language(&self.lang), "lang", "a BCP 47 tag")?;
        if let Some(exercise) = &self.exercise {
            ensure(is_token(exercise, 32), "exercise", "1 to 32 of [a-z0-9-]")?;
        }
        if let Some(doc) = &self.doc {
            for text in [&doc.publisher, &doc.reference, &doc.version] {
                ensure(is_line(text, MAX_TEXT_CHARS), "doc", "lines of 1 to 160 characters")?;
            }
        }
        let media = &self.body.media;
        let graphic = media.bytes().all(|b| b.is_ascii_graphic());
        ensure(graphic && media.contains('/') && media.len() <= 128, "body.type", "a media type")?;
        ensure(self.body.len <= MAX_BODY_BYTES as u64, "body.len", "at most 8 MiB")
    }

    fn check_combination(&self) -> Result<(), StatementError> {
        let refuse = |why| Err(StatementError::Combination(self.kind, why));
        let scoped = matches!(self.aud, Audience::Scope(_));
        match self.kind {
            Kind::Alert | Kind::Advisory if self.doc.is_none() => refuse("needs doc"),
            Kind::Annotation if self.re.is_none() => refuse("needs re"),
            Kind::Annotation if self.doc.is_none() => refuse("needs doc"),
            Kind::Annotation if !scoped => refuse("goes to a scope"),
            Kind::Closing | Kind::Withdrawal | Kind::Response if self.re.is_none() => {
                refuse("needs re")
            }
            Kind::Closing if self.doc.is_none() => refuse("needs its target's doc"),
            Kind::Escalation | Kind::Response if self.doc.is_some() => refuse("has no doc"),
            Kind::Escalation | Kind::Response if scoped => refuse("goes to a node"),
            Kind::Escalation if self.report().is_none() => refuse("needs the case of a report"),
            Kind::Response if self.answer().is_none() => refuse("needs the case of an answer"),
            kind if !kind.is_case() && self.case.is_some() => refuse("has no case"),
            kind if kind != Kind::Withdrawal && self.erase.is_some() => refuse("has no erase"),
            kind if !kind.is_document() && self.nbf.is_some() => refuse("has no nbf"),
            kind if self.body.len == 0 && !(kind.is_ending() || kind == Kind::Response) => {
                refuse("needs a body")
            }
            _ => Ok(()),
        }
    }
}

/// Levels of lists and objects in a value.
fn depth(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
        serde_json::Value::Object(members) => {
            1 + members.values().map(depth).max().unwrap_or_default()
        }
        _ => 0,
    }
}

pub(super) fn ensure(
    holds: bool,
    claim: &'static str,
    expected: &'static str,
) -> Result<(), StatementError> {
    if holds { Ok(()) } else { Err(StatementError::Claim(claim, expected)) }
}
