//! Vectors about keys and what they may sign (groups A and B of the list).

use chappe::address::Source;
use chappe::jws::General;
use chappe::notice::{Id, Kind, Reason, Statement, Time, Tlp, Wire};
use chappe::trust::{KeyEntry, NodeEntry, Revocation, Root, Why};

use crate::folder::Folder;
use crate::forge::*;
use crate::made::*;

pub(crate) fn all() -> Vec<Folder> {
    [owners(), windows(), revoked(), grants(), introductions()].into_iter().flatten().collect()
}

fn signed_by(node: &str, usage: &str) -> Arrival {
    let wire = via(wire(&base(), &key(node, usage)), &["eu-fr"]);
    Arrival::new("eu-fr-bre", up("eu-fr"), &base(), wire)
}

fn owners() -> Vec<Folder> {
    vec![
        vector(
            "key-unknown",
            &[10],
            "Signed by a key that no bundle lists.",
            by_all(Reason::KeyUnknown),
            signed_by("nobody", "issue"),
        ),
        vector(
            "bundle-key-signs-a-statement",
            &[13],
            "The key that signs bundles signs no notice.",
            by_all(Reason::KeyUnknown),
            signed_by("eu-fr", "bundle"),
        ),
        vector(
            "key-of-another-node",
            &[12],
            "Brittany's key signs, the statement says France.",
            by_all(Reason::KeyOwner),
            signed_by("eu-fr-bre", "issue"),
        ),
        vector(
            "relay-key-signs-a-statement",
            &[13],
            "The relay's key issues nothing.",
            by_all(Reason::KeyUse),
            signed_by("eu-fr", "relay"),
        ),
        vector(
            "issue-key-signs-a-hop",
            &[13],
            "The publisher's key passes nothing on.",
            by_all(Reason::KeyUse),
            on_the_way(|w| {
                w.hops[0] = hop_at(&key("eu-fr", "issue"), "eu-fr", w.id(), w.id(), NOW);
            }),
        ),
        vector(
            "publisher-sends-anothers-notice",
            &[12],
            "A publisher of France hands in a notice of Brittany, signed by Brittany.",
            by_place(Reason::KeyOwner),
            {
                let statement = advisory("eu-fr-bre", "scope:eu.fr.bre.all", Tlp::Green);
                Arrival::new("eu-fr", local(), &statement, issue(&statement))
            },
        ),
    ]
}

/// An honest advisory at home while France's own bundle says otherwise.
fn issuing(change: impl Fn(&mut KeyEntry)) -> Arrival {
    home(&base()).trusting("bundle-eu-fr-2", later("eu-fr", 2, |b| change(&mut b.keys[0])))
}

fn windows() -> Vec<Folder> {
    let now = NOW.secs();
    let out = by_all(Reason::KeyWindow);
    let ended = |exp| {
        let mut next = Root::new(fed(), id("eu-fr"), 2, (now - 3600, exp));
        next.root = one("eu-fr", "root");
        next.bundle = one("eu-fr", "bundle");
        home(&base()).trusting("root-eu-fr-2", signed(&next, &key("eu-fr", "root")))
    };
    vec![
        vector("key-before-its-window", &[14], "The key counts from the next second on.", out, {
            issuing(|k| k.nbf = now + 1)
        }),
        vector("key-after-its-window", &[14], "The key counted until this second.", out, {
            issuing(|k| k.exp = now)
        }),
        vector(
            "honest-first-second-of-a-key",
            &[14],
            "The key counts from this second on.",
            ACCEPTED,
            issuing(|k| k.nbf = now),
        ),
        vector(
            "honest-last-second-of-a-key",
            &[14],
            "The key counts until the next second.",
            ACCEPTED,
            issuing(|k| k.exp = now + 1),
        ),
        vector(
            "own-bundle-expired",
            &[56],
            "A node whose bundle has expired issues nothing.",
            by_place(Reason::TrustStale),
            home(&base()).trusting("bundle-eu-fr-2", later("eu-fr", 2, |b| b.exp = now - 1)),
        ),
        vector(
            "root-expired",
            &[56],
            "The last root above the issuer expired this second.",
            by_all(Reason::TrustStale),
            ended(now),
        ),
        vector(
            "honest-last-second-of-a-root",
            &[56],
            "The root counts until the next second.",
            ACCEPTED,
            ended(now + 1),
        ),
    ]
}

/// An advisory of France under way since 100 s, whose key is revoked from `at` on.
fn revoked_at(usage: &str, at: u64) -> Arrival {
    let wire = issue(&Statement { iat: NOW.secs() - 200, ..base() });
    let passed = Time::from_secs(NOW.secs() - 100);
    let hop = hop_at(&key("eu-fr", "relay"), "eu-fr", wire.id(), wire.id(), passed);
    let wire = Wire { hops: vec![hop], ..wire };
    let says = later("eu-fr", 2, |b| {
        b.revoked.push(revocation("eu-fr", usage, at, Why::Compromised));
    });
    Arrival::new("eu-fr-bre", up("eu-fr"), &base(), wire).trusting("bundle-eu-fr-2", says)
}

fn revoked() -> Vec<Folder> {
    let now = NOW.secs();
    let out = by_all(Reason::KeyRevoked);
    let mut by_list = revoked_at("issue", now);
    by_list.more[0].1 = later("eu-fr", 2, |b| {
        let good = Some(vec![Id::of(b"a list that nobody has")]);
        b.revoked.push(Revocation { good, ..revocation("eu-fr", "issue", now, Why::Compromised) });
    });
    vec![
        vector(
            "key-revoked",
            &[15, 17],
            "A thief signs with a revoked key and an old `iat`.",
            out,
            {
                let says = later("eu-fr", 2, |b| {
                    b.revoked.push(revocation("eu-fr", "issue", now - 60, Why::Compromised));
                });
                at_home(|s| s.iat = now - 3600).trusting("bundle-eu-fr-2", says)
            },
        ),
        vector("key-revoked-before-the-first-hop", &[15, 17], "Its first hop is later.", out, {
            revoked_at("issue", now - 100)
        }),
        vector(
            "honest-key-revoked-later",
            &[16],
            "Its first hop is earlier: it still counts.",
            ACCEPTED,
            revoked_at("issue", now - 99),
        ),
        vector("relay-key-revoked", &[81], "The hop's key was revoked before it signed.", out, {
            revoked_at("relay", now - 100)
        }),
        vector("honest-relay-key-revoked-later", &[81], "The hop was made before.", ACCEPTED, {
            revoked_at("relay", now - 99)
        }),
        vector(
            "good-list-is-missing",
            &[17],
            "Both keys were stolen: a list that is not here decides, so the notice waits.",
            by_all(Reason::KeyUnknown),
            by_list,
        ),
    ]
}

fn narrowed(node: &'static str, change: impl Fn(&mut NodeEntry)) -> General {
    later("eu-fr", 2, |b| change(b.nodes.iter_mut().find(|n| n.id == id(node)).expect("a child")))
}

fn grants() -> Vec<Folder> {
    let sibling = advisory("eu-fr-bre", "scope:eu.fr.nor.all", Tlp::Green);
    vec![
        vector(
            "region-signs-for-its-sibling",
            &[23],
            "Brittany signs for Normandy.",
            by_all(Reason::GrantScope),
            home(&sibling),
        ),
        vector(
            "kind-outside-the-grant",
            &[27],
            "The key may sign alerts alone.",
            by_all(Reason::GrantKind),
            issuing(|k| k.kinds = Some(vec![Kind::Alert])),
        ),
        vector(
            "label-above-the-grant",
            &[28],
            "The key may sign CLEAR alone.",
            by_all(Reason::GrantTlp),
            issuing(|k| k.tlp = Some(Tlp::Clear)),
        ),
    ]
}

fn introductions() -> Vec<Folder> {
    let scope_of = |text: &str| vec![scope(text)];
    let wide = advisory("eu-fr-bre", "scope:eu.fr.all.all", Tlp::Green);
    let hospital = advisory("eu-fr-bre-chu", "scope:eu.fr.nor.health", Tlp::Green);
    vec![
        vector(
            "child-widens-its-own-grant",
            &[29],
            "Brittany's bundle gives its key all of `eu`.",
            by_all(Reason::GrantScope),
            home(&wide).trusting(
                "bundle-eu-fr-bre-2",
                later("eu-fr-bre", 2, |b| {
                    b.keys[0].scopes = Some(scope_of("eu"));
                }),
            ),
        ),
        vector(
            "grandchild-wider-than-its-grandparent",
            &[30],
            "Brittany grants what France did not.",
            by_all(Reason::GrantScope),
            home(&hospital).trusting(
                "bundle-eu-fr-bre-2",
                later("eu-fr-bre", 2, |b| {
                    b.nodes[0].may.scopes = scope_of("eu.fr");
                }),
            ),
        ),
        vector(
            "introducer-narrows-later",
            &[30],
            "France narrows Brittany: its hospital loses too.",
            by_all(Reason::GrantKind),
            home(&advisory("eu-fr-bre-chu", "scope:eu.fr.bre.health", Tlp::Green)).trusting(
                "bundle-eu-fr-2",
                narrowed("eu-fr-bre", |entry| entry.may.kinds = vec![Kind::Escalation]),
            ),
        ),
        vector(
            "node-that-no-bundle-lists",
            &[25, 31],
            "The audience is a node that nobody introduces.",
            by_all(Reason::Audience),
            home(&advisory("eu-fr", "node:eu-fr-zzz", Tlp::Green)),
        ),
        vector(
            "escalation-from-elsewhere",
            &[23],
            "The incident lies outside the issuer's grant.",
            by_all(Reason::GrantScope),
            {
                let report = escalation("eu-fr-nor-mairie", "eu-fr", Tlp::Amber);
                let wire = via(issue(&report), &["eu-fr-nor-mairie"]);
                Arrival::new("eu-fr-nor", Source::Child(id("eu-fr-nor-mairie")), &report, wire)
            },
        ),
    ]
}
