//! Any number of authorities: States believe each other through the union, and nobody outside a
//! State decides what is believed inside it.

use crate::rendering;
use std::sync::LazyLock;

use crate::rendering::{Folder, NOW, id, inside, revocation};
use chappe::address::{LocalSubscriber, Neighbourhood, Source};
use chappe::jws::{self, General, Jwk, Signer as _, Typ};
use chappe::notice::{Body, Doc, Hop, Id, Kind, Level, Reason, Severity, Statement, Tlp, Wire};
use chappe::policy::entitled;
use chappe::trust::{As, Bundle, Grant, KeyEntry, NodeEntry, Trust, Usage};
use chappe::verify::{Context, Refused, verify, verify_file};

/// No test changes it.
static EUROPE: LazyLock<Folder> = LazyLock::new(Folder::europe);

const STATES: [&str; 3] = ["eu-fr", "eu-de", "eu-be"];
const HOSPITAL: &str = "eu-fr-bre-hospital1";
const BODY: &[u8] = b"{}";

fn statement(iss: &str, aud: &str) -> Statement {
    Statement {
        fed: EUROPE.bundle("eu").fed,
        iss: id(iss),
        iat: NOW.secs() - 10,
        exp: NOW.secs() + 90 * 24 * 3600,
        nbf: None,
        kind: Kind::Advisory,
        aud: aud.parse().expect("an audience"),
        tlp: Tlp::Green,
        pap: None,
        severity: Severity::High,
        exercise: None,
        title: "A vulnerability in something".into(),
        lang: "en".into(),
        doc: Some(Doc {
            publisher: "https://cert.example".into(),
            reference: "TEST-1".into(),
            version: "1".into(),
            revision: 1,
        }),
        re: None,
        case: None,
        erase: None,
        body: Body {
            media: "application/json".into(),
            len: BODY.len() as u64,
            sha256: Id::of(BODY),
            sig: None,
        },
        ext: None,
    }
}

/// Signed with the issue key of `signer`, which need not be the issuer, and passed on along `path`.
fn wire(statement: &Statement, signer: &str, path: &[&str]) -> Wire {
    let notice = jws::sign(&EUROPE.own_key(signer, "issue"), Typ::Notice, statement);
    let notice = notice.expect("signed");
    let mut wire = Wire { notice, hops: Vec::new(), body_sig: None, body: BODY.to_vec() };
    for node in path {
        let prev = wire.hops.last().map_or(wire.id(), |hop| Id::of(hop.as_bytes()));
        let hop = Hop { st: wire.id(), prev, by: id(node), at: NOW };
        let signed = jws::sign(&EUROPE.own_key(node, "relay"), Typ::Hop, &hop);
        wire.hops.push(signed.expect("signed"));
    }
    wire
}

/// What a reader under `trust` says of it.
fn read(trust: &Trust, statement: &Statement, signer: &str, path: &[&str]) -> Result<(), Refused> {
    verify_file(NOW, trust, &wire(statement, signer, path)).map(|_| ())
}

fn reason(read: Result<(), Refused>) -> Reason {
    read.expect_err("refused").reason
}

#[test]
fn the_unions_own_people_may_have_amber_for_the_sectors_of_its_states() {
    let scopes = vec!["eu".parse().expect("a scope")];
    let (severities, tlp, drills) = (Vec::new(), Tlp::Amber, false);
    let all = LocalSubscriber { name: "all".into(), scopes, severities, tlp, drills };
    let trust = EUROPE.trust("eu");
    let hood = Neighbourhood::of(&trust, &id("eu"), &[], &[all], true);
    let (_, heard) = hood.subscribers.first().expect("a subscriber");
    assert!(heard.amber_sectors.iter().any(|sector| sector == "health"), "{heard:?}");
}

/// The trust under `home` when `documents` came too: nobody can keep a node from seeing what is
/// genuinely signed.
fn trust_with(home: &str, documents: impl IntoIterator<Item = General>) -> Trust {
    let mut all = EUROPE.documents();
    all.extend(documents);
    EUROPE.trust_from(&format!("{home}.root"), &all)
}

fn kid(node: &str, usage: &str) -> String {
    EUROPE.own_key(node, usage).public().id().as_str().to_owned()
}

fn introduced(node: &str, how: As, level: Level, scope: &str) -> NodeEntry {
    let constituency = vec![scope.parse().expect("a scope")];
    let keys = || chappe::trust::KeySet {
        threshold: 1,
        keys: vec![EUROPE.own_key("eu-be-wal-commune1", "relay").public().to_jwk()],
    };
    NodeEntry {
        id: id(node),
        introduced: how,
        level,
        may: Grant::whole(constituency.clone()),
        constituency,
        ceiling: Tlp::Red,
        clients: Vec::new(),
        bundle: matches!(how, As::Child | As::Union).then(keys),
        root: (how == As::State).then(keys),
    }
}

fn key_of(node: &str, usage: Usage) -> KeyEntry {
    let of = EUROPE.bundle(node);
    of.keys.iter().find(|key| key.usage == usage).expect("a key").clone()
}

#[test]
fn each_state_verifies_what_each_other_issues_through_the_unions_introduction() {
    for home in STATES.iter().chain(&["eu"]) {
        let trust = EUROPE.trust(home);
        for state in STATES {
            let aud = format!("scope:{}.all.all", state.replace('-', "."));
            assert_eq!(read(&trust, &statement(state, &aud), state, &[state]), Ok(()), "{home}");
        }
    }
}

#[test]
fn a_german_node_verifies_a_french_notice_with_every_hop() {
    let trust = EUROPE.trust("eu-de");
    let notice = statement("eu-fr", "scope:eu.fr.bre.health");
    let path = ["eu-fr", "eu-fr-bre", HOSPITAL];
    assert_eq!(read(&trust, &notice, "eu-fr", &path), Ok(()));
    let regional = statement("eu-fr-bre", "scope:eu.fr.bre.all");
    assert_eq!(read(&trust, &regional, "eu-fr-bre", &["eu-fr-bre", HOSPITAL]), Ok(()));
}

#[test]
fn who_is_not_introduced_is_unknown() {
    let alone = EUROPE.trust_from("eu-de.root", &EUROPE.documents_but("eu.bundle"));
    let notice = statement("eu-fr", "scope:eu.fr.all.all");
    assert_eq!(reason(read(&alone, &notice, "eu-fr", &["eu-fr"])), Reason::KeyUnknown);
}

/// The union's bundle has expired, says nothing, or is not there.
fn lapses() -> Vec<(&'static str, Trust)> {
    let past = NOW.secs() - 1;
    let expired = EUROPE.resigned("eu", |bundle| bundle.exp = past);
    let silent = EUROPE.resigned("eu", |bundle| bundle.nodes.clear());
    vec![
        ("absent", EUROPE.trust_from("eu-fr.root", &EUROPE.documents_but("eu."))),
        ("expired", trust_with("eu-fr", [expired])),
        ("silent", trust_with("eu-fr", [silent])),
    ]
}

#[test]
fn a_lapse_of_the_union_changes_nothing_inside_a_state() {
    let before = EUROPE.trust("eu-fr");
    let notice = statement("eu-fr", "scope:eu.fr.all.all");
    for (lapse, trust) in lapses() {
        assert_eq!(inside(&trust, "eu-fr"), inside(&before, "eu-fr"), "{lapse}");
        let who = |trust: &Trust| entitled(trust, &notice).into_keys().collect::<Vec<_>>();
        assert_eq!(who(&trust), who(&before), "{lapse}");
    }
}

/// Issued at home, then passed from node to node: each is the relay's own check.
#[test]
fn while_the_union_has_lapsed_french_nodes_issue_pass_on_and_read() {
    let national = statement("eu-fr", "scope:eu.fr.bre.health");
    for (lapse, trust) in lapses() {
        let arrives = |me: &str, source: Source, path: &[&str]| {
            let wire = wire(&national, "eu-fr", path);
            let subject = match &source {
                Source::Local(p) => {
                    chappe::address::local_intake(chappe::address::realm(&national), p, wire.id())
                }
                _ => chappe::address::subject(&chappe::address::Place::Board, &national, wire.id()),
            };
            let context = Context { now: NOW, me: &id(me), trust: &trust };
            verify(context, &source, &subject, wire).map(|_| ())
        };
        let from = |node: &str| Source::Upstream(id(node));
        assert_eq!(arrives("eu-fr", Source::Local("soc".into()), &[]), Ok(()), "{lapse}");
        assert_eq!(arrives("eu-fr-bre", from("eu-fr"), &["eu-fr"]), Ok(()), "{lapse}");
        let path = ["eu-fr", "eu-fr-bre"];
        assert_eq!(arrives(HOSPITAL, from("eu-fr-bre"), &path), Ok(()), "{lapse}");
        assert_eq!(read(&trust, &national, "eu-fr", &path), Ok(()), "{lapse}");
    }
}

/// Each thing that an authority may try, genuinely signed with its own bundle key.
type Attempt = (String, Box<dyn Fn(&mut Bundle)>);

fn attempts() -> Vec<Attempt> {
    let at = NOW.secs() - 3600;
    let foreign = || introduced("eu-fr-bre", As::Child, Level::Regional, "eu.fr.bre");
    let mut attempts: Vec<Attempt> = vec![
        ("introduces a child inside France".into(), Box::new(move |b| b.nodes.push(foreign()))),
        (
            "takes a French region for its member".into(),
            Box::new(|b| {
                b.nodes.push(introduced("eu-fr-nor", As::Member, Level::Regional, "eu.fr.nor"));
            }),
        ),
        (
            "claims French scopes for its own keys".into(),
            Box::new(|b| {
                for key in &mut b.keys {
                    key.scopes = Some(vec!["eu.fr".parse().expect("a scope")]);
                }
            }),
        ),
        (
            "gives French regions to others".into(),
            Box::new(|b| {
                for entry in &mut b.nodes {
                    entry.constituency = vec!["eu.fr.bre".parse().expect("a scope")];
                    entry.may = Grant::whole(entry.constituency.clone());
                }
            }),
        ),
        (
            "revokes French keys".into(),
            Box::new(move |b| {
                for node in ["eu-fr", "eu-fr-bre", "eu-fr-sante", HOSPITAL] {
                    b.revoked.push(revocation(&kid(node, "issue"), at));
                    b.revoked.push(revocation(&kid(node, "relay"), at));
                }
            }),
        ),
        (
            "names another root for France".into(),
            Box::new(|b| {
                b.nodes.retain(|entry| entry.id != id("eu-fr"));
                b.nodes.push(introduced("eu-fr", As::State, Level::National, "eu.fr"));
            }),
        ),
    ];
    for node in ["eu-fr", "eu-fr-bre", "eu-fr-sante", HOSPITAL] {
        for usage in [Usage::Issue, Usage::Relay] {
            let list = move |b: &mut Bundle| b.keys.push(key_of(node, usage));
            let what = format!("lists the {} key of {node} as its own", usage.as_str());
            attempts.push((what, Box::new(list)));
        }
    }
    attempts
}

/// The union's and Germany's bundle after each attempt, beside the honest one and instead of it.
fn rogues() -> Vec<(String, Vec<General>)> {
    let mut all = Vec::new();
    for who in ["eu", "eu-de"] {
        for (what, attempt) in attempts() {
            let rogue = EUROPE.resigned(who, |bundle| attempt(bundle));
            let beside = EUROPE.documents().into_iter().chain([rogue.clone()]).collect();
            let honest = EUROPE.documents_but(&format!("{who}.bundle"));
            all.push((format!("{who} {what}"), beside));
            all.push((format!("{who} {what}, alone"), honest.into_iter().chain([rogue]).collect()));
        }
    }
    for node in ["eu-fr-bre", HOSPITAL] {
        let rogue = root_that_names("eu-de", key_of(node, Usage::Issue).jwk);
        let what = format!("eu-de names the issue key of {node} as its bundle key");
        all.push((what, EUROPE.documents().into_iter().chain([rogue]).collect()));
    }
    all
}

/// The next root of an authority, signed as it must be, with this bundle key.
fn root_that_names(node: &str, bundle: Jwk) -> General {
    let mut root = EUROPE.root(node);
    root.version += 1;
    root.bundle.keys = vec![bundle];
    let file = |number: u8| EUROPE.offline(node).join(format!("root-{number}.pem"));
    let keys = [1, 2, 3].map(|number| rendering::key(&file(number)));
    rendering::signed(&root, &keys.iter().collect::<Vec<_>>())
}

#[test]
fn nobody_outside_a_state_changes_what_is_believed_inside_it() {
    let before = inside(&EUROPE.trust("eu-fr"), "eu-fr");
    let mut broken = Vec::new();
    for (what, documents) in rogues() {
        if inside(&EUROPE.trust_from("eu-fr.root", &documents), "eu-fr") != before {
            broken.push(what);
        }
    }
    assert!(broken.is_empty(), "inside France it matters that\n{}", broken.join("\n"));
}

#[test]
fn no_rogue_bundle_lets_the_union_or_germany_sign_as_a_french_node() {
    let french =
        [statement("eu-fr", "scope:eu.fr.all.all"), statement("eu-fr-bre", "scope:eu.fr.bre.all")];
    for (what, documents) in rogues() {
        let trust = EUROPE.trust_from("eu-fr.root", &documents);
        for notice in &french {
            for signer in ["eu", "eu-de", "eu-be-wal-commune1"] {
                let found = reason(read(&trust, notice, signer, &[notice.iss.as_str()]));
                let refused = [Reason::KeyOwner, Reason::KeyUnknown].contains(&found);
                assert!(refused, "{what}: signed by {signer}, {found:?}");
            }
        }
    }
}

#[test]
fn no_rogue_bundle_lets_germany_sign_for_france_under_its_own_name() {
    for (what, documents) in rogues() {
        let trust = EUROPE.trust_from("eu-fr.root", &documents);
        for aud in ["scope:eu.fr.all.all", "scope:eu.fr.bre.health", "scope:eu.all.all.all"] {
            let notice = statement("eu-de", aud);
            let found = reason(read(&trust, &notice, "eu-de", &["eu-de"]));
            let refused = [Reason::GrantScope, Reason::KeyUnknown].contains(&found);
            assert!(refused, "{what}: {aud}, {found:?}");
        }
    }
}

/// What Germany may do, seen from Germany, from the union and from a third State: nothing either.
#[test]
fn a_state_revokes_and_introduces_nothing_in_another_state_wherever_one_looks_from() {
    for home in ["eu", "eu-de", "eu-be"] {
        let before = inside(&EUROPE.trust(home), "eu-fr");
        for (what, attempt) in attempts().into_iter().filter(|(what, _)| !what.contains("lists")) {
            let trust = trust_with(home, [EUROPE.resigned("eu-de", |bundle| attempt(bundle))]);
            assert_eq!(inside(&trust, "eu-fr"), before, "from {home}: {what}");
        }
    }
}

#[test]
fn a_region_revokes_nothing_of_its_sibling_or_of_its_state() {
    let before = inside(&EUROPE.trust("eu-fr"), "eu-fr");
    let rogue = EUROPE.resigned("eu-fr-nor", |bundle| {
        for node in ["eu-fr", "eu-fr-bre", HOSPITAL] {
            bundle.revoked.push(revocation(&kid(node, "issue"), NOW.secs() - 3600));
        }
    });
    let (_, after) = inside(&trust_with("eu-fr", [rogue]), "eu-fr");
    assert_eq!(after, before.1);
}
