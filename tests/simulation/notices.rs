//! What is issued: documents and their later versions, endings, notes, reports and answers, by
//! chance. Each carries a mark in title and body by which it is known wherever it lies.

use chappe::address;
use chappe::jws::{self, Typ};
use chappe::notice::{
    Audience, Body, Doc, Id, Kind, Level, NodeId, Severity, Statement, Time, Tlp, Wire,
};
use chappe::policy::{Climb, ClimbThen, Policy, Rule, Then};

use super::model::Ms;
use super::oracle::{self, Nodes};
use super::tree;
use super::world::{Event, World};

pub(crate) struct Issued {
    pub(crate) id: Id,
    pub(crate) statement: Statement,
    pub(crate) by: usize,
    wire: Wire,
    /// Whether its own node's intake has taken it.
    pub(crate) sent: bool,
    /// Who may know of it, by any version of the bundles in this run.
    pub(crate) may: Nodes,
    /// Who may hold it.
    pub(crate) may_hold: Nodes,
}

pub(crate) fn policy(strict: bool, climbs: bool) -> Policy {
    let severities = if strict { vec![Severity::High, Severity::Critical] } else { Vec::new() };
    let rule = Rule {
        name: "what passes".into(),
        kinds: vec![],
        severities,
        tlp: vec![],
        sectors: vec![],
        scope: None,
        issuers: vec![],
        then: Then::Accept,
    };
    let climb = Climb {
        name: "critical".into(),
        severities: vec![Severity::Critical],
        sectors: vec![],
        issuers: vec![],
        cross_border: None,
        then: if climbs { ClimbThen::Climb } else { ClimbThen::Stop },
    };
    Policy { rules: vec![rule], climbs: vec![climb] }
}

/// When what updates or ends something expires: after every version of its thread.
const LAST: u64 = tree::BEGIN / 1_000 + 92 * 24 * 3_600;

/// The mark of a notice: of a length of its own, so that none is part of another.
pub(crate) fn mark(number: usize) -> String {
    format!("zq{number:05}qz")
}

impl World {
    /// Makes the next notice and sends it.
    pub(crate) fn publish(&mut self, _: usize) {
        if let Some((by, statement)) = self.next_statement() {
            self.issue(by, statement);
        }
    }

    /// Signs a notice and sends it; its number.
    pub(crate) fn issue(&mut self, by: usize, statement: Statement) -> usize {
        let body = body(self.issued.len(), &statement);
        let statement = Statement { body: described(&body), ..statement };
        let key = tree::key(&statement.iss, self.seats[by].issue);
        let notice = jws::sign(key.as_ref(), Typ::Notice, &statement).expect("signed");
        let wire = Wire { notice, hops: Vec::new(), body_sig: None, body };
        let (id, number) = (wire.id(), self.issued.len());
        self.note(|| {
            let s = &statement;
            let (re, kind, aud) = (s.re.map(|re| re.short()), s.kind, String::from(s.aud.clone()));
            format!(
                "{} signs {} {kind} {} {aud} {:?} re {re:?}",
                s.iss,
                id.short(),
                s.tlp,
                s.severity
            )
        });
        let (may, may_hold) = (Nodes::new(), Nodes::new());
        self.issued.push(Issued { id, statement, by, wire, sent: false, may, may_hold });
        self.by_id.insert(id, number);
        self.allow(number);
        self.send(number);
        number
    }

    /// Who may have a notice, by the versions of the bundles that some relay may still go by.
    pub(crate) fn allow(&mut self, number: usize) {
        if self.all_know_the_bundles() {
            self.seen.binding = self.seen.links.len() - 1;
        }
        let statement = &self.issued[number].statement;
        let (mut may, mut may_hold) = (Nodes::new(), Nodes::new());
        for links in &self.seen.links[self.seen.binding..] {
            may.extend(oracle::entitled(&self.tree, links, statement));
            may_hold.extend(oracle::may_hold(&self.tree, links, &self.seats, statement));
        }
        self.issued[number].may.extend(may);
        self.issued[number].may_hold.extend(may_hold);
        // Who could have had the first, hears of what follows, also over a link that was narrowed.
        let follows =
            self.issued[number].statement.re.filter(|_| !statement_is_a_note(self, number));
        if let Some(target) = follows.and_then(|re| self.by_id.get(&re)).copied() {
            let (may, hold) =
                (self.issued[target].may.clone(), self.issued[target].may_hold.clone());
            self.issued[number].may.extend(may);
            self.issued[number].may_hold.extend(hold);
        }
    }

    /// Whether every relay goes by the newest bundles. The union learns none from inside a State.
    fn all_know_the_bundles(&self) -> bool {
        let knows = |seat: &super::world::Seat| {
            let Some(memory) = &seat.memory else { return false };
            self.bundles.iter().all(|(of, bundle)| {
                let of = &self.seats[*of].id;
                let version = memory.believed.seat(of).map_or(0, |seat| seat.version);
                version >= bundle.version || (seat.id.depth() == 1 && of.depth() > 2)
            })
        };
        self.seats.iter().all(knows)
    }

    /// A publisher sends until its own node's intake has it.
    pub(crate) fn send(&mut self, number: usize) {
        let (by, wire) = (self.issued[number].by, self.issued[number].wire.clone());
        let realm = address::realm(&self.issued[number].statement);
        let subject = address::local_intake(realm, "soc", self.issued[number].id);
        match self.put(by, &subject, (&wire.headers(), &wire.body), None, true) {
            Ok(_) => self.issued[number].sent = true,
            Err(_) => self.push(self.now + 2_000, Event::Send(number)),
        }
    }

    /// After a copy was brought back: what the node may not have any more.
    pub(crate) fn send_again(&mut self, by: usize) {
        for number in 0..self.issued.len() {
            if self.issued[number].by == by {
                let later = self.now + 30_000 + self.rng.below(5_000) as Ms;
                self.push(later, Event::Send(number));
            }
        }
    }

    fn next_statement(&mut self) -> Option<(usize, Statement)> {
        match self.rng.below(20) {
            0..9 => self.document(),
            9..12 => self.update(),
            12..15 => self.ending(),
            15 => self.note_on(),
            16..19 => self.report(),
            _ => self.answer(),
        }
    }

    pub(crate) fn draft(&mut self, by: usize, kind: Kind, aud: Audience, tlp: Tlp) -> Statement {
        let now = self.time(by);
        let number = self.issued.len();
        let days = if self.rng.below(8) == 0 { 1_500 } else { 90 * 24 * 3_600 };
        let drill = self.rng.below(12) == 0;
        Statement {
            fed: tree::fed(),
            iss: self.seats[by].id.clone(),
            iat: now.secs(),
            exp: now.secs() + days,
            nbf: None,
            kind,
            aud,
            tlp,
            pap: None,
            severity: Severity::ALL[self.rng.below(5)],
            exercise: drill.then(|| "ex-1".to_owned()),
            title: format!("Something about {}", mark(number)),
            lang: "en".into(),
            doc: Some(Doc {
                publisher: "CERT".into(),
                reference: format!("REF-{number}"),
                version: "1".into(),
                revision: 1,
            }),
            re: None,
            case: None,
            erase: None,
            body: described(b""),
            ext: None,
        }
    }

    fn document(&mut self) -> Option<(usize, Statement)> {
        let by = self.rng.below(self.seats.len());
        let kind = if self.rng.below(3) == 0 { Kind::Alert } else { Kind::Advisory };
        let below: Vec<NodeId> = self.below(by);
        let (aud, tlp) = if below.is_empty() || self.rng.below(3) > 0 {
            let tlp = [Tlp::Clear, Tlp::Green, Tlp::Amber][self.rng.below(3)];
            (self.audience(by), tlp)
        } else {
            let node = below[self.rng.below(below.len())].clone();
            (Audience::Node(node), Tlp::ALL[self.rng.below(5)])
        };
        let statement = self.draft(by, kind, aud, tlp);
        let nbf = (self.rng.below(15) == 0).then_some(statement.iat + 60);
        Some((by, Statement { nbf, ..statement }))
    }

    fn below(&self, by: usize) -> Vec<NodeId> {
        let me = &self.seats[by].id;
        let spots = self.tree.spots.iter();
        let spots = spots.filter(|s| s.id != *me && (me.contains(&s.id) || s.follows.contains(me)));
        spots.map(|spot| spot.id.clone()).collect()
    }

    /// Its own constituency, or the part of one below it.
    fn audience(&mut self, by: usize) -> Audience {
        let me = self.tree.spots[by].clone();
        let within: Vec<_> =
            self.tree.spots.iter().filter(|s| me.scope.contains(&s.scope)).collect();
        let part = within[self.rng.below(within.len())].scope.clone();
        Audience::Scope(if self.rng.below(2) == 0 { me.scope } else { part })
    }

    /// One of what was issued that fits, and that its own node holds.
    fn pick(&mut self, fits: impl Fn(&Issued) -> bool) -> Option<usize> {
        let held = |issued: &Issued| {
            let memory = self.seats[issued.by].memory.as_ref();
            memory.is_some_and(|m| m.router.ledger().statement(issued.id).is_some())
        };
        let all = self.issued.iter().enumerate();
        let all = all.filter(|(_, issued)| fits(issued) && held(issued));
        let all: Vec<usize> = all.map(|(number, _)| number).collect();
        (!all.is_empty()).then(|| all[self.rng.below(all.len())])
    }

    fn update(&mut self) -> Option<(usize, Statement)> {
        let target = self.pick(|issued| issued.statement.kind.is_document())?;
        let (by, before) = (self.issued[target].by, self.issued[target].statement.clone());
        let next = self.draft(by, before.kind, before.aud.clone(), before.tlp);
        let mut doc = before.doc.clone()?;
        doc.revision += self.rng.below(2) as u64;
        let re = Some(self.issued[target].id);
        let (exp, exercise) = (LAST, before.exercise.clone());
        Some((by, Statement { doc: Some(doc), re, exp, exercise, ..next }))
    }

    fn ending(&mut self) -> Option<(usize, Statement)> {
        let close = self.rng.below(2) == 0;
        let target = self.pick(|issued| match issued.statement.kind {
            Kind::Alert | Kind::Advisory => true,
            // Not a note's: where the note was filtered, its withdrawal would end the advisory.
            Kind::Escalation => !close,
            _ => false,
        })?;
        let (by, before) = (self.issued[target].by, self.issued[target].statement.clone());
        let kind = if close { Kind::Closing } else { Kind::Withdrawal };
        let ending = self.draft(by, kind, before.aud.clone(), before.tlp);
        let re = Some(self.issued[target].id);
        let (exp, exercise) = (LAST, before.exercise.clone());
        let (doc, severity) = (before.doc.clone(), before.severity);
        Some((by, Statement { re, doc, severity, exp, exercise, ..ending }))
    }

    fn covers(&self, at: usize, aud: &Audience) -> bool {
        matches!(aud, Audience::Scope(scope) if self.tree.spots[at].scope.contains(scope))
    }

    /// A note on an alert or advisory for a scope, by one who has it and serves that scope.
    fn note_on(&mut self) -> Option<(usize, Statement)> {
        let target = self.pick(|issued| {
            let scoped = matches!(issued.statement.aud, Audience::Scope(_));
            scoped && issued.statement.kind.is_document()
        })?;
        let before = self.issued[target].statement.clone();
        let by: Vec<usize> = (0..self.seats.len())
            .filter(|at| self.issued[target].may_hold.contains(at))
            .filter(|at| self.covers(*at, &before.aud))
            .collect();
        let by = *by.get(self.rng.below(by.len().max(1)))?;
        let note = self.draft(by, Kind::Annotation, before.aud.clone(), before.tlp);
        let re = Some(self.issued[target].id);
        let (exp, exercise, doc) = (note.exp.max(before.exp), before.exercise, before.doc);
        Some((by, Statement { re, doc, exp, exercise, ..note }))
    }

    fn report(&mut self) -> Option<(usize, Statement)> {
        let by = self.rng.below(self.seats.len());
        let spot = self.tree.spots[by].clone();
        let mut tops: Vec<NodeId> = spot.follows.clone();
        tops.extend(std::iter::successors(spot.id.parent(), NodeId::parent));
        if tops.is_empty() || spot.level == Level::Union {
            return None;
        }
        let top = tops[self.rng.below(tops.len())].clone();
        let tlp = [Tlp::Green, Tlp::Amber, Tlp::Amber, Tlp::Red][self.rng.below(4)];
        let draft = self.draft(by, Kind::Escalation, Audience::Node(top), tlp);
        let report = serde_json::json!({
            "stage": "early-warning", "regime": "nis2", "aware": draft.iat - 3_600,
            "type": "malicious-code/infected-system", "scope": spot.scope.to_string(),
        });
        let severity = [Severity::Critical, Severity::Critical, Severity::High][self.rng.below(3)];
        let case = Some(serde_json::from_value(report).expect("a report"));
        Some((by, Statement { doc: None, case, severity, ..draft }))
    }

    /// An answer by a node that holds the report.
    fn answer(&mut self) -> Option<(usize, Statement)> {
        let target = self.pick(|issued| issued.statement.kind == Kind::Escalation)?;
        let (of, before) = (self.issued[target].id, self.issued[target].statement.clone());
        let holds = |at: &usize| {
            let memory = self.seats[*at].memory.as_ref();
            memory.is_some_and(|m| m.router.ledger().statement(of).is_some())
        };
        let all = (0..self.seats.len()).filter(|at| self.seats[*at].id != before.iss);
        let all: Vec<usize> = all.filter(holds).collect();
        let by = *all.get(self.rng.below(all.len().max(1)))?;
        let answer = self.draft(by, Kind::Response, Audience::Node(before.iss.clone()), before.tlp);
        let case = serde_json::from_value(serde_json::json!({"state": "accepted"}));
        let (case, re) = (Some(case.expect("an answer")), Some(of));
        let (exp, exercise) = (answer.exp.max(before.exp), before.exercise.clone());
        Some((by, Statement { doc: None, case, re, exp, exercise, ..answer }))
    }

    pub(crate) fn expired(&self, s: &Statement) -> bool {
        Time::from_millis(self.now) + std::time::Duration::from_secs(400) >= s.expires()
    }
}

fn body(number: usize, s: &Statement) -> Vec<u8> {
    format!("{{\"about\":\"{} {}\"}}", mark(number), s.kind).into_bytes()
}

fn described(body: &[u8]) -> Body {
    let (len, sha256) = (body.len() as u64, Id::of(body));
    Body { media: "application/json".into(), len, sha256, sig: None }
}

/// A note is a notice of its own, whatever it is about.
fn statement_is_a_note(w: &World, number: usize) -> bool {
    w.issued[number].statement.kind == Kind::Annotation
}
