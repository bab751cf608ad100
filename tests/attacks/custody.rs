//! Vectors about hops (group F of the list).

use chappe::notice::{Id, Reason, Tlp, Wire};

use crate::folder::Folder;
use crate::forge::*;
use crate::made::*;

pub(crate) fn all() -> Vec<Folder> {
    [lengths(), chains(), signers(), neighbours()].into_iter().flatten().collect()
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
        vector("middle-hop-removed", &[76], "France's hop is gone, the union's is there.", bad, {
            let statement = advisory("eu", "scope:eu.fr.all.all", Tlp::Green);
            let mut wire = via(issue(&statement), &["eu", "eu-fr", "eu-fr-bre"]);
            wire.hops.remove(1);
            Arrival::new("eu-fr-bre-chu", up("eu-fr-bre"), &statement, wire)
        }),
        vector("first-hop-replaced", &[76], "Another good first hop, of another time.", bad, {
            at_the_hospital(|w| {
                let at = chappe::notice::Time::from_secs(NOW.secs() - 5);
                w.hops[0] = hop_at(&key("eu-fr", "relay"), "eu-fr", w.id(), w.id(), at);
            })
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
            "from-a-node-that-does-not-list-me",
            &[33, 77],
            "The sector's CSIRT sends to a region that does not follow it.",
            by_place(Reason::HopNeighbour),
            {
                let statement = advisory("eu-fr-sante", "scope:eu.fr.all.health", Tlp::Green);
                let wire = via(issue(&statement), &["eu-fr-sante"]);
                Arrival::new("eu-fr-nor", up("eu-fr-sante"), &statement, wire)
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
