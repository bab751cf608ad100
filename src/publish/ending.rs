//! What an issuer says about notices that are out already: that one is over, that one no longer
//! counts, or a note on it.

use super::draft::{Draft, DraftError, Target, finish, media};
use crate::document::Described;
use crate::notice::{Audience, Kind, MAX_TITLE_CHARS, Statement, Tlp};

/// A closing or withdrawal of an own notice, with an explanation as its body. A note is withdrawn
/// without its document, which is that of the notice that it is about.
///
/// # Errors
/// [`DraftError`].
pub fn ending(
    draft: &Draft,
    kind: Kind,
    target: &Target,
    title: &str,
    reason: &str,
) -> Result<Statement, DraftError> {
    let t = &target.statement;
    let body = media("text/plain", reason.as_bytes(), None)?;
    let plain =
        draft.plain(t.aud.clone(), t.tlp, t.severity, title.to_owned(), t.lang.clone(), body);
    let doc = t.doc.clone().filter(|_| t.kind != Kind::Annotation);
    finish(Statement { kind, doc, re: Some(target.id), ..plain }, None, Some(target))
}

/// The title of a closing or withdrawal, made to fit: what it was, and that it is over.
#[must_use]
pub fn ended_title(kind: Kind, title: &str) -> String {
    let word = if kind == Kind::Closing { "Closed" } else { "Withdrawn" };
    let title: String = format!("{word}: {title}").chars().take(MAX_TITLE_CHARS).collect();
    title.trim().to_owned()
}

/// The title of every erasing withdrawal: it must not repeat what it erases.
pub const ERASING_TITLE: &str = "Withdrawn and erased";

/// A withdrawal that also deletes its target wherever it is kept.
///
/// # Errors
/// [`DraftError`].
pub fn erasure(draft: &Draft, target: &Target, reason: &str) -> Result<Statement, DraftError> {
    let plain = ending(draft, Kind::Withdrawal, target, ERASING_TITLE, reason)?;
    Ok(Statement { erase: Some(true), ..plain })
}

/// A closing or withdrawal by a document that says so of itself, which becomes its body.
///
/// # Errors
/// [`DraftError`]; a label of the document that is stricter than the target's.
pub fn ending_by(
    draft: &Draft,
    kind: Kind,
    target: &Target,
    (described, title): (&Described, &str),
    body: &[u8],
    asc: Option<&[u8]>,
) -> Result<Statement, DraftError> {
    let said = ending(draft, kind, target, title, "")?;
    if let Some(own) = described.tlp.filter(|own| *own > said.tlp) {
        return Err(DraftError::Stricter { own, asked: said.tlp });
    }
    let lang = described.lang.clone().unwrap_or(said.lang);
    let statement = Statement { lang, body: media(described.media, body, asc)?, ..said };
    statement.check()?;
    Ok(statement)
}

/// A cover note on a notice that this node holds, under the notice's own document identity: so
/// readers put the two together.
///
/// # Errors
/// [`DraftError`]; a label looser than the notice's.
pub fn annotation(
    draft: &Draft,
    target: &Target,
    aud: Audience,
    tlp: Tlp,
    title: &str,
    text: &str,
) -> Result<Statement, DraftError> {
    let t = &target.statement;
    if tlp < t.tlp {
        return Err(DraftError::Stricter { own: t.tlp, asked: tlp });
    }
    let body = media("text/plain", text.as_bytes(), None)?;
    let plain = draft.plain(aud, tlp, t.severity, title.to_owned(), t.lang.clone(), body);
    let statement =
        Statement { kind: Kind::Annotation, doc: t.doc.clone(), re: Some(target.id), ..plain };
    finish(statement, None, Some(target))
}
