//! Whether a notice may say of another what it says.

use super::erase::is_erasing;
use super::ledger::Ledger;
use super::thread::ThreadKey;
use crate::notice::{Kind, Reason, Statement};
use crate::policy::{may_forward, may_refer};

/// Whether a notice may say what it says of those that are here.
pub(super) fn refers(ledger: &Ledger, s: &Statement) -> Result<(), Reason> {
    if let Some(target) = s.re.and_then(|re| ledger.statement(re)) {
        relates(s, target)?;
    }
    let origin = s.report().and_then(|report| report.origin);
    match origin.and_then(|origin| ledger.statement(origin)) {
        Some(target) => forwards(s, target),
        None => Ok(()),
    }
}

/// Whether a notice may say of `target` what it says.
fn relates(s: &Statement, target: &Statement) -> Result<(), Reason> {
    if s.exercise != target.exercise {
        return Err(Reason::Relation);
    }
    let own = s.iss == target.iss;
    let fits = match s.kind {
        Kind::Alert | Kind::Advisory => own && same_thread(s, target) && target.kind.is_document(),
        Kind::Closing => own && ends(s, target) && target.kind.is_document(),
        Kind::Withdrawal => own && (ends(s, target) || ends_note(s, target)),
        Kind::Annotation => s.tlp >= target.tlp && target.doc.is_some(),
        Kind::Escalation | Kind::Response => may_refer(s, target),
    };
    if !fits {
        return Err(Reason::Relation);
    }
    // A withdrawal that went first would bring its target back; the same holds for every other.
    if s.exp < target.exp { Err(Reason::Lifetime) } else { Ok(()) }
}

/// Whether a report may say that it forwards `target`, which another has signed.
fn forwards(s: &Statement, target: &Statement) -> Result<(), Reason> {
    let fits = s.exercise == target.exercise && may_forward(s, target);
    if fits { Ok(()) } else { Err(Reason::Relation) }
}

fn same_thread(s: &Statement, target: &Statement) -> bool {
    ThreadKey::of(s) == ThreadKey::of(target)
}

fn ends(s: &Statement, target: &Statement) -> bool {
    let revision = |s: &Statement| s.doc.as_ref().map(|doc| doc.revision);
    // An erasing withdrawal with the document of a note would, once the note is gone, speak of what
    // the note is about.
    let clear = !(is_erasing(s) && target.kind == Kind::Annotation);
    alike(s, target) && clear && same_thread(s, target) && revision(s) == revision(target)
}

/// A note is withdrawn without its document: so nothing else can be meant, whatever comes first.
fn ends_note(s: &Statement, target: &Statement) -> bool {
    alike(s, target) && s.doc.is_none() && target.kind == Kind::Annotation
}

fn alike(s: &Statement, target: &Statement) -> bool {
    s.aud == target.aud && s.tlp == target.tlp && s.severity == target.severity
}
