//! What is published while things break: each issuer sends its own mix, and repeats each notice
//! until it is known to be stored, as a publisher's tool does.

use std::sync::Mutex;
use std::time::Duration;

use chappe::address::{self, Role};
use chappe::bus::Bus;
use chappe::notice::{Doc, Id, Kind, NodeId, Severity, Statement, Tlp};
use tokio::time::Instant;

use crate::random::Seeded;
use crate::support::{Federation, advisory, escalation, response};

const HOSPITAL: &str = "eu-fr-bre-hospital1";
const SEVERITIES: [Severity; 5] =
    [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Unknown];
/// A large body now and then, so that bytes count too.
const BODIES: [usize; 8] = [20, 200, 200, 2_000, 2_000, 2_000, 8_000, 60_000];

/// One publisher: of which node, what it may say, and how many notices it sends of a hundred.
pub struct Publisher {
    pub node: &'static str,
    pub user: &'static str,
    pub share: usize,
    audiences: &'static [&'static str],
}

pub const PUBLISHERS: [Publisher; 7] = [
    Publisher {
        node: "eu",
        user: "soc",
        share: 10,
        audiences: &["scope:eu.all.all.all", "scope:eu.all.all.health", "scope:eu.fr.all.all"],
    },
    Publisher { node: "eu-fr", user: "soc", share: 18, audiences: &FRANCE },
    Publisher { node: "eu-fr", user: "web", share: 18, audiences: &FRANCE },
    Publisher {
        node: "eu-fr-bre",
        user: "soc",
        share: 16,
        audiences: &["scope:eu.fr.bre.all", "scope:eu.fr.bre.health", "scope:eu.fr.bre.banking"],
    },
    Publisher { node: "eu-fr-nor", user: "soc", share: 11, audiences: &["scope:eu.fr.nor.all"] },
    Publisher {
        node: "eu-fr-sante",
        user: "soc",
        share: 15,
        audiences: &["scope:eu.fr.all.health"],
    },
    Publisher { node: HOSPITAL, user: "soc", share: 12, audiences: &[] },
];
const FRANCE: [&str; 5] = [
    "scope:eu.fr.all.all",
    "scope:eu.fr.bre.all",
    "scope:eu.fr.nor.all",
    "scope:eu.fr.all.health",
    "scope:eu.fr.all.banking",
];

/// A document and its later versions.
struct Thread(Vec<(Id, Statement)>);

/// What was sent, by everybody.
#[derive(Default)]
pub struct Sent {
    pub notices: Mutex<Vec<(Id, Statement)>>,
}

impl Sent {
    fn pick(
        &self,
        dice: &mut Seeded,
        fits: impl Fn(&Statement) -> bool,
    ) -> Option<(Id, Statement)> {
        let notices = self.notices.lock().expect("notices");
        let all: Vec<_> = notices.iter().filter(|(_, s)| fits(s)).collect();
        (!all.is_empty()).then(|| all[dice.below(all.len())].clone())
    }
}

/// Sends `count` notices over `window`.
pub async fn publish(
    all: &Federation,
    who: &Publisher,
    sent: &Sent,
    dice: Seeded,
    (count, window): (usize, Duration),
) {
    let role = Role::Publisher(who.user.to_owned());
    let bus = all.connect(who.node, role).await;
    let mut author = Author { all, who, dice, threads: Vec::new() };
    let begun = Instant::now();
    for number in 0..count {
        let due = window * u32::try_from(number).expect("few") / u32::try_from(count).expect("few");
        tokio::time::sleep_until(begun + due).await;
        let (statement, body) = author.next(sent);
        let id = send(all, &bus, who.user, &statement, body).await;
        author.remember(id, &statement);
        sent.notices.lock().expect("notices").push((id, statement));
    }
}

/// Sends until it is known to be stored: sending again is safe.
async fn send(all: &Federation, bus: &Bus, user: &str, s: &Statement, body: Vec<u8>) -> Id {
    let wire = all.issue(s, body);
    let subject = address::local_intake(address::REAL, user, wire.id());
    let stored = async || {
        let placed = bus.place(&subject, &wire.headers(), wire.body.clone(), None).await;
        placed.map_err(|error| error.to_string())
    };
    all.within(Duration::from_secs(120), "a publisher's notice is taken", stored).await;
    wire.id()
}

struct Author<'a> {
    all: &'a Federation,
    who: &'a Publisher,
    dice: Seeded,
    threads: Vec<Thread>,
}

impl Author<'_> {
    fn next(&mut self, sent: &Sent) -> (Statement, Vec<u8>) {
        let body = self.body();
        let statement = match self.dice.below(100) {
            _ if self.who.node == HOSPITAL => self.report(&body),
            0..8 => self.update(&body),
            8..13 => self.ending(Kind::Closing, &body),
            13..20 => self.ending(Kind::Withdrawal, &body),
            20..25 => self.answer(sent, &body),
            25..29 => self.note(sent, &body),
            29..33 => self.direct(&body),
            33..36 => self.own_report(&body),
            _ => None,
        };
        let statement = statement.unwrap_or_else(|| self.document(&body));
        (statement, body)
    }

    fn body(&mut self) -> Vec<u8> {
        let length = BODIES[self.dice.below(BODIES.len())];
        let mut body = format!("{{\"number\": {}, \"text\": \"", self.dice.next()).into_bytes();
        body.resize(body.len() + length, b'x');
        body.extend_from_slice(b"\"}");
        body
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.dice.below(of.len())]
    }

    fn plain(&self, aud: &str, body: &[u8]) -> Statement {
        advisory(&self.all.rendered.fed, self.who.node, aud, body)
    }

    fn document(&mut self, body: &[u8]) -> Statement {
        let aud = self.one(self.who.audiences);
        let kind = self.one(&[Kind::Advisory, Kind::Advisory, Kind::Advisory, Kind::Alert]);
        let tlp = self.one(&[Tlp::Clear, Tlp::Green, Tlp::Green, Tlp::Amber]);
        let severity = self.one(&SEVERITIES);
        Statement { kind, tlp, severity, ..self.plain(aud, body) }
    }

    /// For one node alone: a neighbour, or one further down.
    fn direct(&mut self, body: &[u8]) -> Option<Statement> {
        let (to, tlp): (&[&str], &[Tlp]) = match self.who.node {
            "eu-fr" => (&["eu-fr-bre", "eu-fr-nor"], &[Tlp::Green, Tlp::Amber, Tlp::Red]),
            "eu-fr-bre" => (&[HOSPITAL], &[Tlp::Green, Tlp::Red]),
            _ => return None,
        };
        let (to, tlp) = (self.one(to), self.one(tlp));
        Some(Statement { tlp, ..self.plain(&format!("node:{to}"), body) })
    }

    /// The newest version of a thread that nothing has ended, and its number.
    fn target(&mut self) -> Option<(usize, Id, Statement)> {
        let count = self.threads.len();
        let at = (count > 0).then(|| self.dice.below(count))?;
        let (id, statement) = self.threads[at].0.last()?;
        Some((at, *id, statement.clone()))
    }

    fn update(&mut self, body: &[u8]) -> Option<Statement> {
        let (_, id, target) = self.target()?;
        let doc = target.doc.as_ref()?;
        let doc = Doc { revision: doc.revision + 1, ..doc.clone() };
        let severity = self.one(&SEVERITIES);
        let again = self.plain(&target.aud.to_string(), body);
        let (doc, re, tlp) = (Some(doc), Some(id), target.tlp);
        Some(Statement { doc, re, tlp, severity, kind: target.kind, ..again }.lasting(&target))
    }

    /// Of the newest version, or of an older one: then what came later stays in force.
    fn ending(&mut self, kind: Kind, body: &[u8]) -> Option<Statement> {
        let (at, ..) = self.target()?;
        let versions = &self.threads[at].0;
        let newest = versions.len() - 1;
        let which = if self.dice.below(4) == 0 { self.dice.below(versions.len()) } else { newest };
        let (id, target) = self.threads[at].0[which].clone();
        if which == newest {
            self.threads.swap_remove(at);
        }
        let over = self.plain(&target.aud.to_string(), body);
        let (doc, re, tlp, severity) = (target.doc.clone(), Some(id), target.tlp, target.severity);
        Some(Statement { kind, doc, re, tlp, severity, ..over }.lasting(&target))
    }

    /// A hospital's report: how far it may go, and how grave it is.
    fn report(&mut self, body: &[u8]) -> Option<Statement> {
        let top = self.one(&["eu-fr", "eu-fr", "eu-fr-bre", "eu-fr-sante"]);
        let severity = self.one(&[Severity::Critical, Severity::High, Severity::Low]);
        let report = escalation(&self.all.rendered.fed, HOSPITAL, top, body);
        Some(Statement { severity, ..report })
    }

    /// What a region or sector reports for a victim that telephoned.
    fn own_report(&mut self, body: &[u8]) -> Option<Statement> {
        let own = matches!(self.who.node, "eu-fr-bre" | "eu-fr-sante");
        own.then(|| escalation(&self.all.rendered.fed, self.who.node, "eu-fr", body))
    }

    fn answer(&mut self, sent: &Sent, body: &[u8]) -> Option<Statement> {
        let mine = self.who.node.parse::<NodeId>().ok()?;
        let reaches = |s: &Statement| {
            let grave = matches!(s.severity, Severity::Critical | Severity::High);
            let to_me = s.aud.to_string() == format!("node:{mine}");
            s.kind == Kind::Escalation && s.iss.as_str() == HOSPITAL && grave && to_me
        };
        let (id, report) = sent.pick(&mut self.dice, reaches)?;
        let answer = response(&self.all.rendered.fed, self.who.node, HOSPITAL, id, body);
        Some(answer.lasting(&report))
    }

    /// A region explains its State's notices.
    fn note(&mut self, sent: &Sent, body: &[u8]) -> Option<Statement> {
        let mine = matches!(self.who.node, "eu-fr-bre").then_some("scope:eu.fr.bre.all")?;
        let (id, target) = sent.pick(&mut self.dice, |s| {
            s.kind.is_document() && s.iss.as_str() == "eu-fr" && s.aud.to_string() == mine
        })?;
        let (doc, re, tlp) = (target.doc.clone(), Some(id), target.tlp);
        let note = self.plain(mine, body);
        Some(Statement { kind: Kind::Annotation, doc, re, tlp, ..note }.lasting(&target))
    }

    fn remember(&mut self, id: Id, s: &Statement) {
        let scoped = s.aud.to_string().starts_with("scope:");
        if !s.kind.is_document() || !scoped {
            return;
        }
        let of =
            |thread: &Thread| s.re.is_some() && thread.0.iter().any(|(id, _)| s.re == Some(*id));
        match self.threads.iter_mut().find(|thread| of(thread)) {
            Some(thread) => thread.0.push((id, s.clone())),
            None => self.threads.push(Thread(vec![(id, s.clone())])),
        }
    }
}

trait Lasting {
    /// At least as long as what it refers to, and not before it.
    fn lasting(self, target: &Statement) -> Self;
}

impl Lasting for Statement {
    fn lasting(self, target: &Statement) -> Self {
        Self { exp: self.exp.max(target.exp), iat: self.iat.max(target.iat), ..self }
    }
}
