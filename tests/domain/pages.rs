//! What a desk answers of what its node holds. Answers stay below a megabyte however many nodes
//! and notices there are: what does not fit comes with the next question, nothing twice and
//! nothing left out.

use std::collections::BTreeSet;

use crate::forge::*;
use chappe::jws::Signer as _;
use chappe::notice::{Hop, Id, Outcome, Receipt, Statement, Tlp};
use chappe::policy::Policy;
use chappe::relay::{DeskQuestion, TraceQuestion, list, trace};
use chappe::routing::{Router, Stored};
use chappe::trust::{As, Trust};

const MEGABYTE: usize = 1024 * 1024;
const HOSPITALS: usize = 500;

/// A region with five hundred hospitals, each with the longest id that there is.
fn crowded() -> Trust {
    let more = documents(|bundle| {
        if bundle.node != id("eu-fr-bre") {
            return;
        }
        let first = bundle.nodes.iter().find(|node| node.introduced == As::Child);
        let first = first.expect("a child").clone();
        bundle.nodes.extend((0..HOSPITALS).map(|number| {
            let node = hospital(number);
            let bundle = Some(one(&node, "bundle"));
            chappe::trust::NodeEntry { id: id(&node), bundle, ..first.clone() }
        }));
    });
    let (trust, rejected) = Trust::compile(&root("eu-fr"), &more).expect("trust");
    assert!(rejected.is_empty(), "{rejected:?}");
    trust
}

fn hospital(number: usize) -> String {
    format!("eu-fr-bre-h{number:015}")
}

/// A region that has issued so many versions of one document, with everybody's word on each.
fn region(trust: &Trust, versions: u64) -> Router {
    let mut region = Router::new(id("eu-fr-bre"), Policy::default());
    for revision in 1..=versions {
        let mut s = advisory("eu-fr-bre", "scope:eu.fr.bre.all", Tlp::Green);
        s.iat += revision;
        s.title = "x".repeat(200);
        s.doc.as_mut().expect("a document").revision = revision;
        let of = keep(&mut region, s);
        let own = std::iter::once("eu-fr-bre".to_owned());
        for by in own.chain((0..HOSPITALS).map(hospital)) {
            assert!(trust.seat(&id(&by)).is_some(), "{by}");
            region.keep_receipt(word(&by, of), String::new());
        }
    }
    region
}

fn keep(region: &mut Router, statement: Statement) -> Id {
    let wire = issue(&statement);
    let (of, kid) = (wire.id(), key(statement.iss.as_str(), "issue").public().id().clone());
    let hops = vec![Hop { st: of, prev: of, by: statement.iss.clone(), at: NOW }];
    region.keep(Stored { id: of, statement, kid, hops });
    of
}

fn word(by: &str, of: Id) -> Receipt {
    let (by, outcome) = (id(by), Outcome::Refused);
    let reason = Some("a-reason-of-forty-letters-as-long-as-any".to_owned());
    Receipt { fed: fed(), of, by, outcome, reason, to: None, counts: None, at: NOW }
}

fn size(answer: &impl serde::Serialize) -> usize {
    serde_json::to_vec(answer).expect("JSON").len()
}

#[test]
fn a_trace_of_more_nodes_than_fit_goes_on_where_it_ended() {
    let trust = crowded();
    let region = region(&trust, 5);
    let reference = national_reference();
    let mut question = TraceQuestion { reference, ..TraceQuestion::default() };
    let (mut seen, mut pages) = (BTreeSet::new(), 0);
    loop {
        let answer = trace(&region, &trust, NOW, &question);
        assert!(size(&answer) < MEGABYTE, "{}", size(&answer));
        let nodes: usize = answer.notices.iter().map(|notice| notice.nodes.len()).sum();
        assert!((1..=512).contains(&nodes), "{nodes}");
        for notice in &answer.notices {
            for node in &notice.nodes {
                assert!(seen.insert((notice.id, node.node.clone())), "{} comes twice", node.node);
            }
        }
        pages += 1;
        let Some(next) = answer.next else { break };
        (question.skip, question.nodes) = (next.skip, next.nodes);
    }
    // Itself, its hospital of before, and the others, of each version.
    assert_eq!((seen.len(), pages), (5 * (HOSPITALS + 2), 5));
}

#[test]
fn a_list_of_notices_with_many_words_goes_on_where_it_ended() {
    let trust = crowded();
    let region = region(&trust, 30);
    let (mut question, mut seen) = (DeskQuestion::default(), BTreeSet::new());
    let mut pages = 0;
    loop {
        let answer = list(&region, &trust, NOW, &question);
        assert!(size(&answer) < MEGABYTE, "{}", size(&answer));
        assert!(!answer.notices.is_empty());
        pages += 1;
        question.skip += answer.notices.len();
        let ids = answer.notices.iter().map(|listed| listed.id);
        assert!(ids.into_iter().all(|id| seen.insert(id)), "one comes twice");
        if answer.more == 0 {
            break;
        }
        assert_eq!(answer.more, 30 - seen.len());
    }
    assert_eq!(seen.len(), 30);
    assert!(pages > 1, "it all fits: the test tests nothing");
}

#[test]
fn of_each_version_it_is_said_who_has_it_and_which_one_is_in_force_where() {
    let mut nation = Router::new(id("eu-fr"), Policy::default());
    let first = advisory("eu-fr", "scope:eu.fr.all.all", Tlp::Green);
    let mut second = Statement { iat: first.iat + 1, ..first.clone() };
    let doc = second.doc.as_mut().expect("a document");
    (doc.version, doc.revision) = ("2".into(), 2);
    for (statement, said) in [
        (&first, [("eu-fr-bre", Outcome::Delivered), ("eu-fr-nor", Outcome::Read)]),
        (&second, [("eu-fr-bre", Outcome::Delivered), ("eu-fr-sante", Outcome::Delivered)]),
    ] {
        let of = keep(&mut nation, statement.clone());
        for (by, outcome) in [("eu-fr", Outcome::Delivered)].into_iter().chain(said) {
            let word = Receipt { outcome, reason: None, ..word(by, of) };
            nation.keep_receipt(word, String::new());
        }
    }
    let reference = first.doc.as_ref().expect("a document").reference.clone();
    let question = TraceQuestion { reference, ..TraceQuestion::default() };
    let answer = trace(&nation, &trust(), NOW, &question);
    let said = |notice: usize, node: &str| {
        let nodes = &answer.notices[notice].nodes;
        let found = nodes.iter().find(|line| line.node == id(node)).expect("a line");
        (found.state.clone(), found.has.clone().unwrap_or_default())
    };
    let is = |state: &str, has: &str| (state.to_owned(), has.to_owned());
    assert_eq!(said(0, "eu-fr-bre"), is("delivered", "2"));
    assert_eq!(said(0, "eu-fr-nor"), is("no-answer", "1"));
    assert_eq!(said(1, "eu-fr-nor"), is("read", "1"));
    assert_eq!(said(1, "eu-fr-sante"), is("superseded", "2"));
}

fn national_reference() -> String {
    let s = advisory("eu-fr-bre", "scope:eu.fr.bre.all", Tlp::Green);
    s.doc.expect("a document").reference
}
