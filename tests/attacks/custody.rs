//! Vectors about hops, direction, audience and label (groups B and F of the list).

use chappe::notice::{Case, Id, Reason, Statement, Tlp, Wire};

use crate::folder::Folder;
use crate::forge::*;
use crate::made::*;

pub(crate) fn all() -> Vec<Folder> {
    [lengths(), chains(), signers(), neighbours(), places(), directions(), labels()]
        .into_iter()
        .flatten()
        .collect()
}

/// The honest advisory that went by France and Brittany, at the hospital; its hops are changed.
pub(crate) fn at_the_hospital(change: impl Fn(&mut Wire)) -> Arrival {
    let mut wire = via(issue(&base()), &["eu-fr", "eu-fr-bre"]);
    change(&mut wire);
    Arrival::new("eu-fr-bre-chu", up("eu-fr-bre"), &base(), wire)
}

fn lengths() -> Vec<Folder> {
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
    ]
}

fn chains() -> Vec<Folder> {
    let bad = by_all(Reason::HopChain);
    vec![
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
                Arrival::new("eu-fr-bre-chu", up("eu-fr-bre"), &statement, wire).handed_over()
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
    ]
}

fn directions() -> Vec<Folder> {
    vec![
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
