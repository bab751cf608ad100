//! The steps, in their order.

use std::time::Duration;

use super::custody::{self, Depth};
use super::refused::Refused;
use crate::address::{self, Place, Source};
use crate::jws::{Compact, KeyId, Typ};
use crate::notice::{
    Audience, Hop, Id, Level, MAX_BODY_BYTES, NodeId, Reason, Statement, Time, Wire,
};
use crate::policy::{follows, is_above, is_upward, may_lead, passes};
use crate::trust::{Trust, TrustedKey};

/// How far another's clock may be ahead of ours.
pub const CLOCK_LEEWAY: Duration = Duration::from_secs(300);

/// What a check needs to know besides the message.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Read once per notice.
    pub now: Time,
    /// The node that checks.
    pub me: &'a NodeId,
    /// What it believes.
    pub trust: &'a Trust,
}

/// A notice that passed every check, with its source. Only this module makes one.
#[derive(Clone, Debug)]
pub struct Verified {
    id: Id,
    statement: Statement,
    wire: Wire,
    hops: Vec<Hop>,
    source: Source,
    kid: KeyId,
}

impl Verified {
    /// The notice's id.
    #[must_use]
    pub fn id(&self) -> Id {
        self.id
    }

    /// Its statement.
    #[must_use]
    pub fn statement(&self) -> &Statement {
        &self.statement
    }

    /// The signed bytes and the body, unchanged.
    #[must_use]
    pub fn wire(&self) -> &Wire {
        &self.wire
    }

    /// Its custody.
    #[must_use]
    pub fn hops(&self) -> &[Hop] {
        &self.hops
    }

    /// The key that signed it.
    #[must_use]
    pub fn kid(&self) -> &KeyId {
        &self.kid
    }

    /// Where it came from.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }
}

/// Checks one arrival. `subject` is the one that it was stored under at the sender's side.
///
/// # Errors
/// The first step that it fails.
pub fn verify(
    context: Context<'_>,
    source: &Source,
    subject: &str,
    wire: Wire,
) -> Result<Verified, Refused> {
    verify_arrival(context, source, Some(subject), wire)
}

/// Checks again what this node itself put aside; the subject is its own then.
///
/// # Errors
/// As [`verify`].
pub fn verify_held(context: Context<'_>, source: &Source, wire: Wire) -> Result<Verified, Refused> {
    verify_arrival(context, source, None, wire)
}

fn verify_arrival(
    context: Context<'_>,
    source: &Source,
    subject: Option<&str>,
    wire: Wire,
) -> Result<Verified, Refused> {
    let Signed { id, statement, hops, kid } =
        verify_signed(context, &wire, Some(source), Depth::Ends)?;
    let upward = is_upward(context.trust, &statement);
    check_direction(context, &statement, source, upward)?;
    if let Some(subject) = subject {
        check_subject(context.me, source, &statement, id, subject)?;
    }
    custody::check_length(&hops, source)?;
    custody::check_sender(&hops, source, context.me)?;
    let me = (!matches!(source, Source::Outbox(_))).then_some(context.me);
    custody::check_neighbours(context.trust, upward, &hops, me.filter(|_| !hops.is_empty()))?;
    check_audience(context, &statement, &hops, source, upward)?;
    Ok(Verified { id, statement, wire, hops, source: source.clone(), kid })
}

/// Checks a notice as a reader does, with every hop: for `chappe verify` and exported files.
///
/// # Errors
/// The first step that it fails.
pub fn verify_file(
    now: Time,
    trust: &Trust,
    wire: &Wire,
) -> Result<(Statement, Vec<Hop>), Refused> {
    let nobody =
        "reader".parse::<NodeId>().map_err(|e| Refused::new(Reason::Claim, e.to_string()))?;
    let context = Context { now, me: &nobody, trust };
    let Signed { statement, hops, .. } = verify_signed(context, wire, None, Depth::All)?;
    custody::check_neighbours(trust, is_upward(trust, &statement), &hops, None)?;
    Ok((statement, hops))
}

/// Reads what this node verified before it stored it; nothing is checked again but the form.
///
/// # Errors
/// If it is not what this node writes: somebody else wrote into its stream.
pub fn read_stored(wire: &Wire) -> Result<(Statement, KeyId, Vec<Hop>), Refused> {
    let (kid, payload) = Compact::reread(&wire.notice, Typ::Notice)?;
    Ok((Statement::reread(&payload)?, kid, custody::reread(wire)?))
}

/// What holds by signatures alone, wherever it came from.
struct Signed {
    id: Id,
    statement: Statement,
    hops: Vec<Hop>,
    kid: KeyId,
}

fn verify_signed(
    context: Context<'_>,
    wire: &Wire,
    source: Option<&Source>,
    depth: Depth,
) -> Result<Signed, Refused> {
    let Context { now, trust, .. } = context;
    if wire.body.len() > MAX_BODY_BYTES {
        return Err(Refused::new(Reason::Body, "above 8 MiB".into()));
    }
    let id = wire.id();
    let compact = Compact::parse(&wire.notice, Typ::Notice)?;
    let unknown = || Refused::new(Reason::KeyUnknown, compact.kid().to_string());
    let key = trust.find(compact.kid()).ok_or_else(unknown)?;
    let payload = compact.payload(&key.public)?;
    let statement = Statement::parse(payload)?;
    if statement.fed != *trust.fed() {
        return Err(Refused::new(Reason::Federation, statement.fed.to_string()));
    }
    let hops = custody::read(wire)?;
    custody::check_chain(id, &statement, wire, &hops)?;
    custody::check_signatures(now, trust, wire, &hops, depth)?;
    let first = hops.first().map_or(now, |hop| hop.at);
    check_key(trust, &compact, key, &statement, (first, id))?;
    check_embargo(trust, &statement)?;
    check_time(now, first, &statement, source)?;
    check_issuing(context, &statement, source)?;
    check_body(&statement, wire)?;
    let kid = compact.kid().clone();
    Ok(Signed { id, statement, hops, kid })
}

/// Stops a key of another node, of another use, outside its window or grant, revoked, or of an
/// authority whose last root has expired. Judged at the first hop's time: a thief needs the relay
/// key too to back-date, and then the good lists decide.
fn check_key(
    trust: &Trust,
    compact: &Compact<'_>,
    found: &TrustedKey,
    statement: &Statement,
    (first, id): (Time, Id),
) -> Result<(), Refused> {
    let of = |node: &NodeId| format!("key {} of {node}", compact.kid());
    let why = |reason: Reason| Refused::new(reason, of(&found.node));
    if found.node != statement.iss {
        let why = format!("{}, in the name of {}", of(&found.node), statement.iss);
        return Err(Refused::new(Reason::KeyOwner, why));
    }
    let key = trust.issue_key(compact.kid(), first, id).map_err(why)?;
    if trust.authority_ends(&key.node).is_some_and(|end| first >= end) {
        let ended = format!("the root above {} has expired", key.node);
        return Err(Refused::new(Reason::TrustStale, ended));
    }
    trust.allows(key, statement).map_err(why)
}

/// Stops who is hit from hiding that from the CSIRT that serves it: an embargo is the CSIRT's.
fn check_embargo(trust: &Trust, statement: &Statement) -> Result<(), Refused> {
    let level = trust.seat(&statement.iss).map(|seat| seat.level);
    match statement.report().and_then(|report| report.embargo.as_ref()) {
        Some(_) if level.is_none_or(|level| level == Level::Entity) => {
            let why = format!("{} is no CSIRT, and may set no embargo", statement.iss);
            Err(Refused::new(Reason::Claim, why))
        }
        _ => Ok(()),
    }
}

/// Stops what is from the future, stale, or signed long before its issuer's relay saw it.
fn check_time(
    now: Time,
    first: Time,
    statement: &Statement,
    source: Option<&Source>,
) -> Result<(), Refused> {
    let refuse = |reason, why: String| Err(Refused::new(reason, why));
    if statement.issued() > now + CLOCK_LEEWAY {
        let ahead = statement.issued().since(now).as_secs();
        return refuse(Reason::Future, format!("iat is {ahead} s ahead of this node's clock"));
    }
    let grace = if source.is_some() { CLOCK_LEEWAY } else { Duration::ZERO };
    if now >= statement.expires() + grace {
        return refuse(Reason::Expired, format!("exp {}", statement.expires()));
    }
    // What was signed ahead for a later time is late only after that.
    let due = statement.nbf.map_or(statement.issued(), Time::from_secs);
    if first.since(due) > custody::LATE_AFTER {
        return refuse(Reason::Late, format!("signed at {}", statement.issued()));
    }
    if first + CLOCK_LEEWAY < statement.issued() {
        return refuse(Reason::Future, format!("its first hop at {first} is before iat"));
    }
    Ok(())
}

/// Stops a node whose own bundle has expired from issuing; what comes from others still passes.
fn check_issuing(
    context: Context<'_>,
    statement: &Statement,
    source: Option<&Source>,
) -> Result<(), Refused> {
    let Some(Source::Local(publisher)) = source else { return Ok(()) };
    if statement.iss != *context.me {
        let why = format!("{publisher} sent a notice of {}", statement.iss);
        return Err(Refused::new(Reason::KeyOwner, why));
    }
    match context.trust.seat(context.me) {
        Some(seat) if context.now < seat.expires => Ok(()),
        _ => Err(Refused::new(Reason::TrustStale, "this node's bundle has expired".into())),
    }
}

/// Stops an altered body or detached signature.
fn check_body(statement: &Statement, wire: &Wire) -> Result<(), Refused> {
    let body = &statement.body;
    let refuse = |why: &str| Err(Refused::new(Reason::Body, why.to_owned()));
    if body.len != wire.body.len() as u64 {
        return refuse("another length");
    }
    if body.sha256 != Id::of(&wire.body) {
        return refuse("another digest");
    }
    if body.sig != wire.body_sig.as_deref().map(Id::of) {
        return refuse("another detached signature");
    }
    Ok(())
}

/// Stops an advisory that climbs and an escalation that comes down.
fn check_direction(
    context: Context<'_>,
    statement: &Statement,
    source: &Source,
    upward: bool,
) -> Result<(), Refused> {
    let fits = match source {
        Source::Local(_) => true,
        Source::Child(child) => upward && child.contains(&statement.iss),
        Source::Upstream(_) => !upward && statement.iss != *context.me,
        Source::Outbox(_) => upward,
    };
    if fits {
        return Ok(());
    }
    let why = format!("{} of {} from {source}", statement.kind, statement.iss);
    Err(Refused::new(Reason::Direction, why))
}

/// Stops a relay that publishes under another audience, label, sender or id than it signs.
fn check_subject(
    me: &NodeId,
    source: &Source,
    statement: &Statement,
    id: Id,
    subject: &str,
) -> Result<(), Refused> {
    let realm = address::realm(statement);
    let direct = address::subject(&Place::Direct(me.clone()), statement, id);
    let expected = match (source, &statement.aud) {
        (Source::Local(publisher), _) => address::local_intake(realm, publisher, id),
        (Source::Child(child), _) => address::child_intake(realm, child, id),
        // Once the link was narrowed, what updates or ends an older notice comes directly.
        (Source::Upstream(_), Audience::Scope(_)) if subject != direct || !follows(statement) => {
            address::subject(&Place::Board, statement, id)
        }
        (Source::Upstream(_), _) => direct,
        (Source::Outbox(up), _) => address::subject(&Place::Outbox(up.clone()), statement, id),
    };
    if subject == expected {
        return Ok(());
    }
    let found: String = subject.escape_debug().take(200).collect();
    Err(Refused::new(Reason::Subject, format!("{found} instead of {expected}")))
}

/// Stops what is not for this node, or what a label forbids on the way that it took.
fn check_audience(
    context: Context<'_>,
    statement: &Statement,
    hops: &[Hop],
    source: &Source,
    upward: bool,
) -> Result<(), Refused> {
    let refuse = |reason, why: String| Err(Refused::new(reason, why));
    let neighbour_only = statement.tlp.is_neighbour_only();
    if neighbour_only && matches!(statement.aud, Audience::Scope(_)) {
        return refuse(Reason::Tlp, format!("{} never goes to a scope", statement.tlp));
    }
    if upward {
        let Audience::Node(top) = &statement.aud else {
            return refuse(Reason::Direction, "a scope is not above".into());
        };
        if !is_above(context.trust, &statement.iss, top) {
            return refuse(Reason::Audience, format!("{top} is not above {}", statement.iss));
        }
        if !top.contains(context.me) && statement.iss != *context.me {
            return refuse(Reason::Audience, format!("{} is past {top}", context.me));
        }
        if neighbour_only && hops.len() > 1 && !matches!(source, Source::Outbox(_)) {
            return refuse(Reason::Tlp, format!("{} past a neighbour", statement.tlp));
        }
        return Ok(());
    }
    let Source::Upstream(upstream) = source else { return Ok(()) };
    let Some(link) = context.trust.link(upstream, context.me) else {
        return refuse(Reason::HopNeighbour, format!("{upstream} does not list this node"));
    };
    let level = context.trust.seat(upstream).map(|seat| seat.level);
    match passes(level, upstream, link, statement) {
        // It may update or end what is here from before the link was narrowed: the router knows.
        Err(reason) if !(follows(statement) && may_lead(level, upstream, link, statement)) => {
            refuse(reason, format!("passed on by {upstream}"))
        }
        _ => Ok(()),
    }
}
