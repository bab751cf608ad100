//! Places, sources, and the subject of each.

use std::fmt;

use crate::notice::{ALL, Id, Kind, NodeId, Reason, Scope, Statement, Tlp};
use crate::trust::{Named, Sort};

/// First token of every subject of a real notice.
pub const REAL: &str = "chappe";
/// First token of every subject of a drill.
pub const DRILL: &str = "drill";
/// The publisher name of the operators' own commands.
pub const DESK: &str = "desk";

/// Why a name cannot be a publisher's although its letters are right: seeds, profiles and inboxes
/// of a node are told apart by these.
#[must_use]
pub fn is_reserved(publisher: &str) -> bool {
    const TAKEN: [&str; 4] = ["relay", "provisioner", "monitor", DESK];
    const BEGINNINGS: [&str; 3] = ["sub-", "replay-", "link-"];
    TAKEN.contains(&publisher) || BEGINNINGS.iter().any(|word| publisher.starts_with(word))
}

/// Where a relay puts a notice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// Offered to those below.
    Board,
    /// On its way to one node, over this child or follower.
    Direct(NodeId),
    /// For this node itself.
    Inbox,
    /// Verified escalations and responses.
    Cases,
    /// On its way to this upstream.
    Outbox(NodeId),
}

impl Place {
    /// The place's word, as metrics and logs have it.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Board => "board",
            Self::Direct(_) => "direct",
            Self::Inbox => "inbox",
            Self::Cases => "cases",
            Self::Outbox(_) => "outbox",
        }
    }

    /// The stream that it lies in.
    #[must_use]
    pub fn stream(&self) -> &'static str {
        match self {
            Self::Board | Self::Direct(_) => "BOARD",
            Self::Inbox => "INBOX",
            Self::Cases => "CASES",
            Self::Outbox(_) => "OUTBOX",
        }
    }

    /// Whether another relay reads it there, so that it needs this relay's hop.
    #[must_use]
    pub fn is_passed_on(&self) -> bool {
        matches!(self, Self::Board | Self::Direct(_) | Self::Outbox(_))
    }
}

/// Which consumer a message came from: so the sender is known, never parsed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// A local publisher's intake.
    Local(String),
    /// The intake of a child or follower.
    Child(NodeId),
    /// The board of the parent or a followed node.
    Upstream(NodeId),
    /// This node's own outbox toward an upstream.
    Outbox(NodeId),
}

impl fmt::Display for Source {
    /// The source's token: `local-<p>`, `child-<id>`, `up-<id>`, `outbox`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(publisher) => write!(f, "local-{publisher}"),
            Self::Child(node) => write!(f, "child-{node}"),
            Self::Upstream(node) => write!(f, "up-{node}"),
            Self::Outbox(_) => f.write_str("outbox"),
        }
    }
}

/// `chappe`, or `drill` for what belongs to an exercise.
#[must_use]
pub fn realm(statement: &Statement) -> &'static str {
    if statement.is_drill() { DRILL } else { REAL }
}

/// The subject of a notice at a place: a pure function, so that one notice has one subject and the
/// server itself keeps it once.
#[must_use]
pub fn subject(place: &Place, statement: &Statement, id: Id) -> String {
    let realm = realm(statement);
    match place {
        Place::Board => format!("{realm}.board.{}.{id}", board_tokens(statement)),
        Place::Direct(child) => format!("{realm}.direct.{child}.{id}"),
        Place::Inbox => format!("{realm}.inbox.{}.{}.{id}", statement.kind, statement.iss),
        Place::Cases => format!("{realm}.cases.{}.{id}", case_tokens(statement)),
        Place::Outbox(upstream) => format!("{realm}.outbox.{upstream}.{id}"),
    }
}

/// Whether a subject is one of what lies on the board for one node alone.
#[must_use]
pub fn is_direct(subject: &str) -> bool {
    let of = |realm: &str| subject.strip_prefix(realm).is_some_and(|s| s.starts_with(".direct."));
    of(REAL) || of(DRILL)
}

/// `<kind>.<union>.<country>.<region>.<sector>.<tlp>.<severity>.<issuer>`.
fn board_tokens(s: &Statement) -> String {
    let kind = match s.kind {
        Kind::Alert | Kind::Advisory if s.re.is_some() => "update",
        kind => kind.as_str(),
    };
    let scope = match &s.aud {
        crate::notice::Audience::Scope(scope) => scope.to_string(),
        crate::notice::Audience::Node(_) => no_scope(),
    };
    format!("{kind}.{scope}.{}.{}.{}", s.tlp.token(), s.severity, s.iss)
}

/// `<union>.<country>.<region>.<sector>.<tlp>.<severity>.<issuer>`; what says no scope of an
/// incident has four `all`.
fn case_tokens(s: &Statement) -> String {
    let scope = s.report().map_or_else(no_scope, |report| report.scope.to_string());
    format!("{scope}.{}.{}.{}", s.tlp.token(), s.severity, s.iss)
}

fn no_scope() -> String {
    [ALL; 4].join(".")
}

/// Where a local publisher sends.
#[must_use]
pub fn local_intake(realm: &str, publisher: &str, id: Id) -> String {
    format!("{realm}.intake.local.{publisher}.{id}")
}

/// Where a child or follower sends, at its upstream.
#[must_use]
pub fn child_intake(realm: &str, child: &NodeId, id: Id) -> String {
    format!("{realm}.intake.child.{child}.{id}")
}

/// Where a receipt goes down to a child or follower.
#[must_use]
pub fn direct_record(realm: &str, child: &NodeId, id: Id) -> String {
    format!("{realm}.direct.{child}.{id}")
}

/// Where a notice waits for an upstream: apart by its source, so that none waits behind another's.
#[must_use]
pub fn outbox(realm: &str, upstream: &NodeId, source: &Source, id: Id) -> String {
    format!("{realm}.outbox.{upstream}.{source}.{id}")
}

/// Where a receipt waits for an upstream.
#[must_use]
pub fn outbox_record(realm: &str, upstream: &NodeId, id: Id) -> String {
    format!("{realm}.outbox.{upstream}.{id}")
}

/// Where a notice that must wait is kept.
#[must_use]
pub fn held(realm: &str, source: &Source, id: Id) -> String {
    format!("{realm}.held.{source}.{id}")
}

/// Where receipts of a notice are kept.
#[must_use]
pub fn receipt(realm: &str, of: Id, by: &NodeId) -> String {
    format!("{realm}.receipts.{of}.{by}")
}

/// Where the last word of a node is kept on whether anybody answers a case: beside its others.
#[must_use]
pub fn unanswered(of: Id, by: &NodeId) -> String {
    format!("{REAL}.receipts.{of}.{by}.unanswered")
}

/// Whether a subject is one of such words.
#[must_use]
pub fn is_unanswered(subject: &str) -> bool {
    let rest = subject.strip_prefix(REAL).and_then(|s| s.strip_prefix(".receipts."));
    rest.is_some_and(|rest| rest.split('.').nth(2) == Some("unanswered"))
}

/// Where it is noted that a notice was deleted at the end of its case. Empty: it says no more.
#[must_use]
pub fn over(id: Id) -> String {
    format!("{REAL}.cases.over.{id}")
}

/// The notice of which a subject notes that.
#[must_use]
pub fn is_over(subject: &str) -> Option<Id> {
    let rest = subject.strip_prefix(REAL)?.strip_prefix(".cases.over.")?;
    rest.parse().ok()
}

/// Where the heartbeats of an issuer on one audience and label are kept.
#[must_use]
pub fn heartbeat(issuer: &NodeId, scope: &Scope, tlp: Tlp) -> String {
    format!("{REAL}.beats.{issuer}.{scope}.{}.{issuer}.{ALL}", tlp.token())
}

/// Where a relay tries whether its own server stores. Nobody's pattern has it.
#[must_use]
pub fn probe(me: &NodeId) -> String {
    format!("{REAL}.beats.{me}.probe")
}

/// Where a relay notes that it works on a message for the `time`th time: what is still there at
/// its next start has ended the process. Empty, so no receipt.
#[must_use]
pub fn in_hand(source: &Source, subject: &str, sequence: u64, time: u32) -> String {
    let message = Id::of(format!("{source} {sequence} {subject}").as_bytes());
    format!("{REAL}.receipts.{message}.hand-{time}")
}

/// Where a node's word that it filtered a notice goes down beside the channel's heartbeats.
#[must_use]
pub fn filtered(s: &Statement, scope: &Scope, by: &NodeId, of: Id) -> String {
    format!("{REAL}.beats.{}.{scope}.{}.{by}.{of}", s.iss, s.tlp.token())
}

/// Where a trust document is kept, each version under its own.
#[must_use]
pub fn trust(document: &Named) -> String {
    let sort = match document.sort {
        Sort::Root => "root",
        Sort::Bundle => "bundle",
    };
    format!("{REAL}.trust.{sort}.{}.{}", document.node, document.version)
}

/// Where a list of good notices is kept, under its digest.
#[must_use]
pub fn trust_list(digest: Id) -> String {
    format!("{REAL}.trust.list.{digest}")
}

/// Where refused input is kept, by the source or its token; `digest` is of headers and payload as
/// received.
#[must_use]
pub fn quarantine(reason: Reason, source: &impl fmt::Display, digest: Id) -> String {
    format!("{}{source}.{digest}", quarantined_for(reason))
}

/// What every subject of a reason's quarantine begins with.
#[must_use]
pub fn quarantined_for(reason: Reason) -> String {
    format!("{REAL}.quarantine.{reason}.")
}

/// Where the one relay of the node that is at work says so.
#[must_use]
pub fn lease() -> String {
    format!("{REAL}.lease.relay")
}

/// Where `asker` asks for what it may have.
#[must_use]
pub fn fetch(asker: &str) -> String {
    format!("{REAL}.fetch.{asker}")
}

/// Where operators' commands ask.
#[must_use]
pub fn desk(verb: &str) -> String {
    format!("{REAL}.desk.{verb}")
}

/// The stream of a source's intake, or `None` for an upstream (its board) and the outbox.
#[must_use]
pub fn intake_stream(source: &Source) -> Option<String> {
    match source {
        Source::Local(publisher) => Some(format!("INTAKE_LOCAL_{publisher}")),
        Source::Child(child) => Some(format!("INTAKE_CHILD_{child}")),
        Source::Upstream(_) | Source::Outbox(_) => None,
    }
}

/// The durable that an upstream has made for a child or follower.
#[must_use]
pub fn child_durable(child: &NodeId) -> String {
    format!("child-{child}")
}

/// The user of a live subscriber.
#[must_use]
pub fn live_user(subscriber: &str) -> String {
    format!("sub-{subscriber}")
}

/// The durable of what a local subscriber missed; its user and profile are called so too.
#[must_use]
pub fn replay_durable(subscriber: &str) -> String {
    format!("replay-{subscriber}")
}

/// The durable of the outbox toward an upstream, for what comes from one source.
#[must_use]
pub fn outbox_lane(upstream: &NodeId, source: &Source) -> String {
    format!("to-{upstream}-from-{source}")
}

/// The durable of the outbox toward an upstream, for receipts and trust documents.
#[must_use]
pub fn outbox_durable(upstream: &NodeId) -> String {
    format!("to-{upstream}")
}

/// The durable of held notices from a source.
#[must_use]
pub fn held_durable(source: &Source) -> String {
    format!("held-{source}")
}
