//! A document as people handle it before it is believed.

use chappe::jws::Signer as _;
use chappe::trust::{KeySet, Paper, Root};

use crate::forge::*;
use crate::made::*;

fn paper_of(document: &impl serde::Serialize) -> Paper {
    Paper::read(&signed(document, &key("anybody", "bundle"))).expect("a paper")
}

fn region(version: u64) -> Paper {
    paper_of(&changed("eu-fr-bre", version, |b| (b.iat, b.exp) = (100, 200)))
}

fn state(change: impl Fn(&mut Root)) -> Paper {
    let mut root = Root::new(fed(), id("eu-fr"), 3, (100, 200));
    root.root = set("eu-fr", 1, &["root", "r1"]);
    root.bundle = one("eu-fr", "bundle");
    change(&mut root);
    paper_of(&root)
}

#[test]
fn it_says_what_stands_in_it() {
    for (paper, node, version, is_root) in
        [(region(7), "eu-fr-bre", 7, false), (state(|_| {}), "eu-fr", 3, true)]
    {
        assert_eq!(paper.node(), &id(node));
        assert_eq!(paper.fed(), &fed());
        assert_eq!((paper.version(), paper.life()), (version, (100, 200)));
        assert_eq!(paper.is_root(), is_root);
        assert_eq!(Paper::read(&paper.draft().expect("a draft")), Ok(paper));
    }
}

#[test]
fn what_is_neither_root_nor_bundle_is_no_paper() {
    let root = serde_json::to_value(match state(|_| {}) {
        Paper::Root(root) => root,
        Paper::Bundle(_) => panic!("a root"),
    });
    for what in ["bundle", "list", ""] {
        let mut value = root.as_ref().expect("JSON").clone();
        value["what"] = what.into();
        let refused = Paper::read(&signed(&value, &key("eu-fr", "root"))).expect_err("refused");
        let names = refused.to_string().contains("`what` is neither root nor bundle");
        assert_eq!(names, what != "bundle", "{refused}");
    }
}

#[test]
fn two_papers_are_versions_of_one_document_if_node_and_sort_are_the_same() {
    let of_state = paper_of(&bundle("eu-fr"));
    assert!(region(1).is_version_of(&region(2)));
    assert!(state(|_| {}).is_version_of(&state(|r| r.version = 4)));
    assert!(!of_state.is_version_of(&state(|_| {})), "a root is no bundle");
    assert!(!of_state.is_version_of(&region(1)));
    assert!(!region(1).is_version_of(&state(|_| {})));
}

#[test]
fn its_flaws_are_those_of_what_a_node_would_refuse() {
    let first = Some("version 0: the first is 1".to_owned());
    let life = Some("exp is not after iat".to_owned());
    assert_eq!((region(1).flaw(), state(|_| {}).flaw()), (None, None));
    assert_eq!((region(0).flaw(), state(|r| r.version = 0).flaw()), (first.clone(), first));
    assert_eq!((state(|r| r.exp = 100).flaw(), state(|r| r.exp = 99).flaw()), (life.clone(), life));
    assert_eq!(state(|r| r.node = id("eu")).flaw(), None);
    let region = state(|r| r.node = id("eu-fr-bre")).flaw();
    assert_eq!(region.as_deref(), Some("eu-fr-bre is neither a union nor a State"));
    let twice = paper_of(&changed("eu-fr", 1, |b| b.nodes.push(b.nodes[0].clone())));
    assert!(twice.flaw().is_some_and(|why| why.ends_with(" twice")));
}

#[test]
fn it_names_every_key_with_its_owner_and_use() {
    let of = |paper: &Paper| -> Vec<(String, String)> {
        let keys = paper.keys();
        keys.into_iter()
            .map(|(jwk, node, word)| (jwk.x.clone(), format!("{node} {word}")))
            .collect()
    };
    let expected = |named: &[(&str, &str)]| -> Vec<(String, String)> {
        let x = |node: &str, word: &str| key(node, word).public().to_jwk().x;
        named.iter().map(|(node, word)| (x(node, word), format!("{node} {word}"))).collect()
    };
    let root = state(|r| r.root = KeySet { threshold: 1, ..one("eu-fr", "root") });
    assert_eq!(of(&root), expected(&[("eu-fr", "root"), ("eu-fr", "bundle")]));
    let union = paper_of(&bundle("eu"));
    let own = [("eu", "issue"), ("eu", "relay"), ("eu-fr", "root")];
    assert_eq!(of(&union), expected(&own));
    let region = paper_of(&bundle("eu-fr-bre"));
    let own = [("eu-fr-bre", "issue"), ("eu-fr-bre", "relay"), ("eu-fr-bre-chu", "bundle")];
    assert_eq!(of(&region), expected(&own));
}
