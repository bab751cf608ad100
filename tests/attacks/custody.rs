//! Vectors about hops, direction, audience and label (groups B and F of the list), and the honest
//! notices that must pass.

use chappe::address::Source;
use chappe::notice::{Case, Doc, Id, Kind, Reason, Statement, Tlp, Wire};

use crate::folder::Folder;
use crate::forge::*;
use crate::made::*;

pub(crate) fn all() -> Vec<Folder> {
    [chains(), signers(), neighbours(), places(), labels(), honest_down(), honest_cases()]
        .into_iter()
        .flatten()
        .collect()
}

/// The honest advisory that went by France and Brittany, at the hospital; its hops are changed.
fn at_the_hospital(change: impl Fn(&mut Wire)) -> Arrival {
    let mut wire = via(issue(&base()), &["eu-fr", "eu-fr-bre"]);
    change(&mut wire);
    Arrival::new("eu-fr-bre-chu", up("eu-fr-bre"), &base(), wire)
}

fn chains() -> Vec<Folder> {
    let bad = by_all(Reason::HopChain);
    vec![
        vector(
            "all-hops-stripped",
            &[82],
            "A relay hides who passed it on.",
            by_place(Reason::HopCount),
            on_the_way(|w| w.hops.clear()),
        ),
        vector(
            "hop-from-a-publisher",
            &[79],
            "A publisher brings a custody of its own.",
            by_place(Reason::HopCount),
            Arrival::new("eu-fr", local(), &base(), via(issue(&base()), &["eu-fr"])),
        ),
        vector("hop-removed-from-the-middle", &[76], "The first hop is gone.", bad, {
            at_the_hospital(|w| drop(w.hops.remove(0)))
        }),
        vector("hops-reordered", &[76], "The second hop stands first.", bad, {
            at_the_hospital(|w| w.hops.reverse())
        }),
        vector("hop-twice", &[76], "The same hop stands twice.", bad, {
            at_the_hospital(|w| w.hops.insert(0, w.hops[0].clone()))
        }),
        vector("hop-grafted-from-another-notice", &[78], "A hop of another notice.", bad, {
            on_the_way(|w| w.hops[0] = hop("eu-fr", "eu-fr", Id::of(b"other"), Id::of(b"other")))
        }),
        vector(
            "hop-with-an-unknown-member",
            &[64, 76],
            "A hop that says more than it may.",
            bad,
            {
                on_the_way(|w| {
                    let text = format!(
                        r#"{{"st":"{0}","prev":"{0}","by":"eu-fr","at":{1},"hold":"CLEAR"}}"#,
                        w.id(),
                        NOW.secs() * 1000
                    );
                    let key = key("eu-fr", "relay");
                    let typ = chappe::jws::Typ::Hop;
                    w.hops[0] = chappe::jws::sign_with(&key, typ, text.as_bytes()).expect("signed");
                })
            },
        ),
        vector("hop-earlier-than-the-one-before", &[76], "Time runs backwards.", bad, {
            at_the_hospital(|w| {
                let (prev, early) = (Id::of(w.hops[0].as_bytes()), NOW.secs() - 1);
                let at = chappe::notice::Time::from_secs(early);
                w.hops[1] = hop_at(&key("eu-fr-bre", "relay"), "eu-fr-bre", prev, w.id(), at);
            })
        }),
        vector(
            "issuers-hop-left-out",
            &[76, 77],
            "The custody starts at another than the issuer.",
            bad,
            {
                let statement = advisory("eu", "scope:eu.fr.all.all", Tlp::Green);
                let wire = via(issue(&statement), &["eu-fr"]);
                Arrival::new("eu-fr-bre", up("eu-fr"), &statement, wire)
            },
        ),
        vector("loop", &[80], "A, B, A: it would go round for ever.", bad, {
            let wire = via(issue(&base()), &["eu-fr", "eu-fr-bre", "eu-fr"]);
            Arrival::new("eu-fr-bre", up("eu-fr"), &base(), wire)
        }),
    ]
}

fn signers() -> Vec<Folder> {
    vec![
        vector("hop-forged", &[76], "A hop with another signature.", by_all(Reason::Signature), {
            on_the_way(|w| forge_signature(&mut w.hops[0]))
        }),
        vector(
            "middle-hop-forged",
            &[76],
            "A relay checks both ends of a custody, a reader all.",
            by_all(Reason::Signature),
            {
                let statement = advisory("eu", "scope:eu.fr.all.all", Tlp::Green);
                let mut wire = via(issue(&statement), &["eu", "eu-fr"]);
                forge_signature(&mut wire.hops[1]);
                let wire = via(wire, &["eu-fr-bre"]);
                Arrival::new("eu-fr-bre-chu", up("eu-fr-bre"), &statement, wire).as_file()
            },
        ),
        vector(
            "hop-signed-for-another",
            &[76],
            "Normandy's key signs a hop of France.",
            by_all(Reason::KeyOwner),
            on_the_way(|w| w.hops[0] = hop("eu-fr-nor", "eu-fr", w.id(), w.id())),
        ),
        vector(
            "first-hop-invented-on-the-way",
            &[17, 76],
            "A relay invents when it was issued.",
            by_all(Reason::KeyOwner),
            {
                let mut wire = issue(&base());
                wire.hops.push(hop("eu-fr-bre", "eu-fr", wire.id(), wire.id()));
                let wire = via(wire, &["eu-fr-bre"]);
                Arrival::new("eu-fr-bre-chu", up("eu-fr-bre"), &base(), wire)
            },
        ),
        vector(
            "hop-by-a-key-that-nobody-knows",
            &[10, 76],
            "The hop's key is in no bundle.",
            by_all(Reason::KeyUnknown),
            on_the_way(|w| w.hops[0] = hop("nobody", "eu-fr", w.id(), w.id())),
        ),
        vector("hop-from-the-future", &[50], "A hop 301 s ahead.", by_all(Reason::Future), {
            on_the_way(|w| {
                let at = chappe::notice::Time::from_secs(NOW.secs() + 301);
                w.hops[0] = hop_at(&key("eu-fr", "relay"), "eu-fr", w.id(), w.id(), at);
            })
        }),
        vector(
            "statement-used-as-hop",
            &[4],
            "The statement stands where a hop stands.",
            by_all(Reason::Algorithm),
            on_the_way(|w| w.hops[0] = w.notice.clone()),
        ),
    ]
}

fn forge_signature(jws: &mut String) {
    let cut = jws.rfind('.').expect("a signature");
    jws.replace_range(cut + 1.., &chappe::jws::base64url(&[9; 64]));
}

fn neighbours() -> Vec<Folder> {
    let report = || escalation("eu-fr-bre-chu", "eu-fr", Tlp::Amber);
    vec![
        vector(
            "custody-ends-at-another-sender",
            &[77],
            "A custody of somebody else's is shown.",
            by_place(Reason::HopChain),
            {
                let wire = via(issue(&base()), &["eu-fr"]);
                Arrival::new("eu-fr-bre-chu", up("eu-fr-bre"), &base(), wire)
            },
        ),
        vector(
            "tail-cut-and-own-hop-added",
            &[77],
            "A town hall adds itself to what France passed on.",
            by_all(Reason::HopNeighbour),
            {
                let wire = via(issue(&base()), &["eu-fr", "eu-fr-nor-mairie"]);
                Arrival::new("eu-fr-nor", up("eu-fr-nor-mairie"), &base(), wire)
            },
        ),
        vector(
            "past-a-node-that-is-no-neighbour",
            &[33, 77],
            "A hospital passes nothing on to its region.",
            by_all(Reason::HopNeighbour),
            {
                let wire = via(issue(&base()), &["eu-fr", "eu-fr-bre-chu"]);
                Arrival::new("eu-fr-bre", up("eu-fr-bre-chu"), &base(), wire)
            },
        ),
        vector(
            "level-skipped",
            &[25],
            "A hospital sends to its State, past its region.",
            by_place(Reason::HopNeighbour),
            {
                let wire = via(issue(&report()), &["eu-fr-bre-chu"]);
                Arrival::new("eu-fr", child("eu-fr-bre-chu"), &report(), wire)
            },
        ),
        vector(
            "level-skipped-by-the-custody",
            &[25],
            "The region passes on, without its hop.",
            by_place(Reason::HopChain),
            {
                let wire = via(issue(&report()), &["eu-fr-bre-chu"]);
                Arrival::new("eu-fr", child("eu-fr-bre"), &report(), wire)
            },
        ),
    ]
}

fn places() -> Vec<Folder> {
    let down = |statement: &Statement, shown: &Statement| {
        let wire = via(issue(statement), &["eu-fr"]);
        Arrival::new("eu-fr-bre", up("eu-fr"), shown, wire)
    };
    let drill = Statement { exercise: Some("panoptes-26".into()), ..base() };
    vec![
        vector(
            "under-another-audience",
            &[31],
            "The subject shows another audience than is signed.",
            by_place(Reason::Subject),
            down(&base(), &advisory("eu-fr", "scope:eu.fr.bre.all", Tlp::Green)),
        ),
        vector(
            "under-a-looser-label",
            &[32],
            "The subject shows CLEAR, GREEN is signed.",
            by_place(Reason::Subject),
            down(&base(), &Statement { tlp: Tlp::Clear, ..base() }),
        ),
        vector(
            "drill-as-real",
            &[31],
            "An exercise under the subject of the real thing.",
            by_place(Reason::Subject),
            down(&drill, &base()),
        ),
        vector(
            "under-anothers-id",
            &[72],
            "A notice under the id of another.",
            by_place(Reason::Subject),
            home(&base()).changed(|a| a.subject = at_home(|s| s.iat -= 1).subject),
        ),
        vector(
            "subject-with-more-tokens",
            &[68],
            "Further tokens behind the id.",
            by_place(Reason::Subject),
            home(&base()).changed(|a| a.subject.push_str(".more.tokens")),
        ),
        vector(
            "advisory-that-climbs",
            &[26],
            "A child sends an advisory up.",
            by_place(Reason::Direction),
            {
                let statement = advisory("eu-fr-bre", "scope:eu.fr.bre.all", Tlp::Green);
                let wire = via(issue(&statement), &["eu-fr-bre"]);
                Arrival::new("eu-fr", child("eu-fr-bre"), &statement, wire)
            },
        ),
        vector(
            "escalation-that-comes-down",
            &[26],
            "A parent sends a report down.",
            by_place(Reason::Direction),
            {
                let statement = escalation("eu-fr-bre", "eu-fr", Tlp::Amber);
                let wire = via(issue(&statement), &["eu-fr-bre", "eu-fr"]);
                Arrival::new("eu-fr-bre", up("eu-fr"), &statement, wire)
            },
        ),
        vector(
            "escalation-of-a-sibling",
            &[24],
            "Brittany hands in a report of Normandy.",
            Said { relay: Some(Reason::Direction), reader: Some(Reason::HopNeighbour) },
            {
                let statement = of_normandy();
                let wire = via(issue(&statement), &["eu-fr-nor", "eu-fr-bre"]);
                Arrival::new("eu-fr", child("eu-fr-bre"), &statement, wire)
            },
        ),
    ]
}

fn of_normandy() -> Statement {
    let mut statement = escalation("eu-fr-nor", "eu-fr", Tlp::Amber);
    if let Some(Case::Report(report)) = &mut statement.case {
        report.scope = scope("eu.fr.nor.health");
    }
    statement
}

fn labels() -> Vec<Folder> {
    let past = |tlp| {
        let statement = advisory("eu-fr", "node:eu-fr-bre-chu", tlp);
        let wire = via(issue(&statement), &["eu-fr", "eu-fr-bre"]);
        Arrival::new("eu-fr-bre-chu", up("eu-fr-bre"), &statement, wire)
    };
    let down = |aud: &str, tlp| {
        let statement = advisory("eu-fr", aud, tlp);
        let wire = via(issue(&statement), &["eu-fr"]);
        Arrival::new("eu-fr-bre", up("eu-fr"), &statement, wire)
    };
    vec![
        vector(
            "not-for-this-region",
            &[33],
            "A relay passes on what is for another region.",
            by_place(Reason::Audience),
            down("scope:eu.fr.nor.all", Tlp::Green),
        ),
        vector(
            "escalation-past-its-audience",
            &[33],
            "A region passes on what was for it alone.",
            by_place(Reason::Audience),
            {
                let statement = escalation("eu-fr-bre-chu", "eu-fr-bre", Tlp::Amber);
                let wire = via(issue(&statement), &["eu-fr-bre-chu", "eu-fr-bre"]);
                Arrival::new("eu-fr", child("eu-fr-bre"), &statement, wire)
            },
        ),
        vector("red-to-a-scope", &[33], "RED never goes to a scope.", by_place(Reason::Tlp), {
            at_home(|s| s.tlp = Tlp::Red)
        }),
        vector("red-past-a-neighbour", &[33], "RED goes one link.", by_place(Reason::Tlp), {
            past(Tlp::Red)
        }),
        vector(
            "amber-strict-past-a-neighbour",
            &[33],
            "AMBER+STRICT goes one link.",
            by_place(Reason::Tlp),
            past(Tlp::AmberStrict),
        ),
        vector(
            "amber-past-its-clients",
            &[33],
            "AMBER for a sector in which nobody is served.",
            by_place(Reason::Tlp),
            down("scope:eu.fr.all.banking", Tlp::Amber),
        ),
    ]
}

fn honest(name: &str, what: &str, arrival: Arrival) -> Folder {
    vector(name, &[], what, ACCEPTED, arrival)
}

/// A national notice of a kind that has `re`.
fn about(kind: Kind, re: Id) -> Statement {
    Statement { kind, re: Some(re), ..base() }
}

fn honest_down() -> Vec<Folder> {
    let target = issue(&base()).id();
    let down = |s: &Statement| Arrival::new("eu-fr-bre", up("eu-fr"), s, via(issue(s), &["eu-fr"]));
    let newer = Doc { revision: 2, version: "2".into(), ..base().doc.expect("a doc") };
    let union = advisory("eu", "scope:eu.all.all.all", Tlp::Clear);
    let sector = advisory("eu-fr-sante", "scope:eu.fr.all.health", Tlp::Amber);
    vec![
        honest("honest-advisory-at-home", "From a publisher.", home(&base())),
        honest("honest-advisory-from-above", "From the parent.", down(&base())),
        honest("honest-advisory-over-two-hops", "Through the region.", at_the_hospital(|_| {})),
        honest("honest-advisory-of-the-union", "Through the State.", {
            let wire = via(issue(&union), &["eu", "eu-fr"]);
            Arrival::new("eu-fr-bre", up("eu-fr"), &union, wire)
        }),
        honest("honest-advisory-from-a-followed-node", "AMBER within the sector.", {
            Arrival::new(
                "eu-fr-bre-chu",
                up("eu-fr-sante"),
                &sector,
                via(issue(&sector), &["eu-fr-sante"]),
            )
        }),
        honest("honest-red-to-a-neighbour", "RED, one link.", {
            down(&advisory("eu-fr", "node:eu-fr-bre", Tlp::Red))
        }),
        honest("honest-drill", "An exercise, under its own subjects.", {
            down(&Statement { exercise: Some("panoptes-26".into()), ..base() })
        }),
        honest("honest-alert", "An alert.", down(&Statement { kind: Kind::Alert, ..base() })),
        honest("honest-update", "A second version.", {
            down(&Statement { doc: Some(newer), ..about(Kind::Advisory, target) })
        }),
        honest("honest-annotation", "A note of the region.", {
            let note = Statement {
                re: Some(target),
                kind: Kind::Annotation,
                ..advisory("eu-fr-bre", "scope:eu.fr.bre.all", Tlp::Green)
            };
            home(&note)
        }),
        honest("honest-closing", "The danger is over.", down(&about(Kind::Closing, target))),
        honest("honest-withdrawal", "It counts no more.", down(&about(Kind::Withdrawal, target))),
        honest("honest-file", "An exported notice.", at_the_hospital(|_| {}).as_file()),
    ]
}

fn honest_cases() -> Vec<Folder> {
    let report = escalation("eu-fr-bre-chu", "eu-fr", Tlp::Amber);
    let answer = Statement {
        kind: Kind::Response,
        doc: None,
        re: Some(issue(&report).id()),
        case: Some(serde_json::from_value(serde_json::json!({"state": "accepted"})).expect("one")),
        ..advisory("eu-fr", "node:eu-fr-bre-chu", Tlp::Amber)
    };
    let withdrawn = Statement {
        kind: Kind::Withdrawal,
        doc: None,
        re: Some(issue(&report).id()),
        ..advisory("eu-fr-bre-chu", "node:eu-fr", Tlp::Amber)
    };
    let climbed = |s: &Statement, path: &[&str], me, from: &str| {
        Arrival::new(me, child(from), s, via(issue(s), path))
    };
    let both = ["eu-fr-bre-chu", "eu-fr-bre"];
    vec![
        honest("honest-escalation-at-home", "From the hospital's desk.", home(&report)),
        honest("honest-escalation-from-a-child", "At the region.", {
            climbed(&report, &both[..1], "eu-fr-bre", "eu-fr-bre-chu")
        }),
        honest("honest-escalation-over-two-hops", "At the State.", {
            climbed(&report, &both, "eu-fr", "eu-fr-bre")
        }),
        honest("honest-escalation-to-a-followed-node", "To the sector's CSIRT.", {
            let report = escalation("eu-fr-bre-chu", "eu-fr-sante", Tlp::Amber);
            climbed(&report, &both[..1], "eu-fr-sante", "eu-fr-bre-chu")
        }),
        honest("honest-escalation-from-the-outbox", "Checked again before it leaves.", {
            let wire = via(issue(&report), &both[..1]);
            Arrival::new("eu-fr-bre-chu", Source::Outbox(id("eu-fr-bre")), &report, wire)
        }),
        honest("honest-withdrawal-of-an-escalation", "It climbs as what it ends.", {
            climbed(&withdrawn, &both, "eu-fr", "eu-fr-bre")
        }),
        honest("honest-response-at-home", "From the State's desk.", home(&answer)),
        honest("honest-response-from-above", "At the hospital.", {
            let wire = via(issue(&answer), &["eu-fr", "eu-fr-bre"]);
            Arrival::new("eu-fr-bre-chu", up("eu-fr-bre"), &answer, wire)
        }),
    ]
}
