//! Notices and bundles in any order, each as often as it likes: one state at the end.

use std::collections::{BTreeMap, VecDeque};

use chappe::address::Source;
use chappe::jws::{General, SecretKey};
use chappe::lifecycle::Standing;
use chappe::notice::{Id, Kind, Reason, Statement, Tlp, Wire};
use chappe::policy::{Policy, Rule, Then};
use chappe::routing::{Router, Stored, Verdict};
use chappe::trust::{Documents, Usage, Why};
use chappe::verify::{self, Context};

use crate::forge::*;
use crate::made::*;
use crate::random::{Seeded, seeds};

/// What may come to Brittany from its upstream.
#[derive(Clone)]
enum Event {
    Bundle(General),
    Notice(Box<Statement>, Wire),
}

struct Node {
    documents: Documents,
    router: Router,
    /// How often the upstream was asked for its board again.
    rewinds: usize,
}

impl Node {
    fn new() -> Self {
        let mut documents = Documents::pinned(&root("eu-fr")).expect("a pin");
        assert_eq!(documents.restore_all(&crate::forge::documents(|_| {})), []);
        let all = Rule {
            name: "all".into(),
            kinds: vec![],
            severities: vec![],
            tlp: vec![],
            sectors: vec![],
            scope: None,
            issuers: vec![],
            then: Then::Accept,
        };
        let policy = Policy { rules: vec![all], climbs: vec![] };
        Self { documents, router: Router::new(id("eu-fr-bre"), policy), rewinds: 0 }
    }

    /// Whether it is settled; what is not comes again.
    fn take(&mut self, event: &Event) -> bool {
        match event {
            Event::Bundle(document) => match self.documents.offer(NOW, &bytes(document)) {
                Err(refusal) => !refusal.may_pass_later(),
                Ok(_) => {
                    let changed = self.router.judge(self.documents.trust());
                    self.rewinds += usize::from(changed > 0);
                    true
                }
            },
            Event::Notice(statement, wire) => self.hear(statement, wire),
        }
    }

    fn hear(&mut self, statement: &Statement, wire: &Wire) -> bool {
        let source = Source::Upstream(id("eu-fr"));
        let subject = honest_subject("eu-fr-bre", &source, statement, wire.id());
        let (me, trust) = (id("eu-fr-bre"), self.documents.trust().clone());
        let context = Context { now: NOW, me: &me, trust: &trust };
        let verified = match verify::verify(context, &source, &subject, wire.clone()) {
            Err(refused) => return refused.reason != Reason::KeyUnknown,
            Ok(verified) => verified,
        };
        if let Verdict::Place(_) = self.router.decide(NOW, &trust, &verified) {
            let mut hops = verified.hops().to_vec();
            hops.extend(hops.last().cloned());
            let (statement, kid) = (verified.statement().clone(), verified.kid().clone());
            self.router.keep(Stored { id: verified.id(), statement, kid, hops });
        }
        true
    }

    /// What counts, and how what is over ended; what a thief signed is no part of it.
    fn state(&self) -> BTreeMap<Id, Standing> {
        let ledger = self.router.ledger();
        let held = ledger.notices().filter(|(id, _)| !ledger.is_void(*id));
        let standing = held.map(|(id, s)| (id, ledger.standing(NOW, id, s)));
        // A version that came after a higher one was filtered; one that came before is held.
        standing.filter(|(_, s)| matches!(s, Standing::InForce)).collect()
    }
}

fn document(title: &str, revision: u64) -> Statement {
    let mut statement = advisory("eu-fr", "scope:eu.fr.all.all", Tlp::Green);
    statement.title = title.into();
    let doc = statement.doc.as_mut().expect("a document");
    (doc.reference, doc.revision) = (title.into(), revision);
    statement
}

fn withdrawal(of: &Statement, id: Id) -> Statement {
    let empty = chappe::notice::Body { len: 0, sha256: Id::of(b""), ..of.body.clone() };
    Statement { kind: Kind::Withdrawal, re: Some(id), body: empty, ..of.clone() }
}

/// Passed on by the State at a time, in hours from now.
fn passed(statement: &Statement, by: &SecretKey, hours_ago: u64) -> Event {
    let mut signed = wire(statement, by);
    if statement.body.len == 0 {
        signed.body = Vec::new();
    }
    let at = chappe::notice::Time::from_secs(NOW.secs() - hours_ago * 3600);
    Event::Notice(Box::new(statement.clone()), via_at(signed, &["eu-fr"], at))
}

/// A rotation, a theft, and its repair: the thief has the issue key since an hour ago.
fn events() -> Vec<Event> {
    let (old, new) = (key("eu-fr", "issue"), key("eu-fr", "issue-2"));
    let at = |hours_ago: u64, mut s: Statement| {
        s.iat = NOW.secs() - hours_ago * 3600 - 10;
        s
    };
    let genuine = at(5, document("GENUINE", 1));
    let second = at(4, Statement { re: Some(wire(&genuine, &old).id()), ..document("GENUINE", 2) });
    let hidden = at(4, document("HIDDEN", 1));
    let fake = at(0, document("FAKE", 1));
    let louder = at(0, Statement { re: Some(wire(&genuine, &old).id()), ..document("GENUINE", 9) });
    let gone = at(0, withdrawal(&hidden, wire(&hidden, &old).id()));
    let fresh = at(0, document("FRESH", 1));
    let over = at(3, document("OVER", 1));
    let ended = at(2, withdrawal(&over, wire(&over, &old).id()));
    let repaired = |version| {
        later("eu-fr", version, |b| {
            let at = chappe::notice::Time::from_secs(NOW.secs() - 3600);
            b.revoked = vec![revocation("eu-fr", "issue", at, Why::Compromised)];
            let mut entry = key_entry("eu-fr", Usage::Issue);
            entry.jwk = chappe::jws::Signer::public(&new).to_jwk();
            b.keys.push(entry);
        })
    };
    let mut all = vec![Event::Bundle(repaired(2)), Event::Bundle(repaired(3))];
    for (statement, hours_ago) in
        [(&genuine, 5), (&second, 4), (&hidden, 4), (&over, 3), (&ended, 2)]
    {
        all.push(passed(statement, &old, hours_ago));
    }
    for stolen in [&fake, &louder, &gone] {
        all.push(passed(stolen, &old, 0));
    }
    all.push(passed(&fresh, &new, 0));
    all
}

#[test]
fn any_interleaving_of_notices_and_bundles_ends_in_the_same_state() {
    let mut expected: Option<BTreeMap<Id, Standing>> = None;
    for seed in seeds(150) {
        let mut seeded = Seeded::new(seed);
        let mut all = events();
        let again: Vec<Event> = all.iter().filter(|_| seeded.below(3) == 0).cloned().collect();
        all.extend(again);
        seeded.shuffle(&mut all);
        let mut node = Node::new();
        let mut queue: VecDeque<Event> = all.into();
        let (mut rewound, mut steps) = (0, 0);
        while let Some(event) = queue.pop_front() {
            steps += 1;
            assert!(steps < 5_000, "seed {seed}: it never ends");
            if !node.take(&event) {
                queue.push_back(event);
            }
            // The board comes again, as the upstream has it, after what waits already.
            if node.rewinds > rewound {
                rewound = node.rewinds;
                queue.extend(events().into_iter().filter(|e| matches!(e, Event::Notice(..))));
            }
        }
        let state = node.state();
        assert_eq!(
            state.len(),
            4,
            "seed {seed}: second, hidden, the withdrawal, fresh: {state:#?}"
        );
        assert_eq!(expected.get_or_insert_with(|| state.clone()), &state, "seed {seed}");
    }
}
