//! Federations to play on: who sits where, the keys, and the signed documents that say so.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, OnceLock};

use chappe::jws::{General, SecretKey, Signer as _};
use chappe::notice::{Federation, Id, Level, NodeId, Scope, Time, Tlp};
use chappe::trust::{As, Bundle, Documents, Grant, KeyEntry, KeySet, NodeEntry, Root, Usage};

/// 2026-11-24T10:00:00Z, when every run begins, in milliseconds.
pub(crate) const BEGIN: u64 = 1_795_514_400_000;
const YEAR: u64 = 365 * 24 * 3600;
const SECTORS: [&str; 3] = ["health", "energy", "banking"];

/// One node as an author writes it down; what follows for whom, `oracle` says on its own.
#[derive(Clone, Debug)]
pub(crate) struct Spot {
    pub(crate) id: NodeId,
    pub(crate) level: Level,
    pub(crate) scope: Scope,
    pub(crate) clients: Vec<String>,
    pub(crate) ceiling: Tlp,
    pub(crate) follows: Vec<NodeId>,
}

#[derive(Clone)]
pub(crate) struct Tree {
    pub(crate) spots: Vec<Spot>,
    at: HashMap<NodeId, usize>,
    /// What a node believes at the start, by the authority whose root it pins.
    begin: BTreeMap<NodeId, Arc<Documents>>,
}

impl Tree {
    pub(crate) fn at(&self, node: &NodeId) -> Option<usize> {
        self.at.get(node).copied()
    }

    pub(crate) fn begin(&self, node: &NodeId) -> Arc<Documents> {
        let home = node.state().unwrap_or_else(|| node.clone());
        Arc::clone(&self.begin[&home])
    }

    /// Parent first, then whom it follows.
    pub(crate) fn upstreams(&self, node: usize) -> Vec<NodeId> {
        let spot = &self.spots[node];
        spot.id.parent().into_iter().chain(spot.follows.iter().cloned()).collect()
    }
}

pub(crate) fn id(text: &str) -> NodeId {
    text.parse().expect("a node id")
}

pub(crate) fn scope(text: &str) -> Scope {
    text.parse().expect("a scope")
}

pub(crate) fn fed() -> Federation {
    Federation::try_from("00112233445566778899aabbccddeeff".to_owned()).expect("a federation")
}

/// A key that follows from whose and what for; made once in a process.
pub(crate) fn key(node: &NodeId, word: &str) -> Arc<SecretKey> {
    static MADE: OnceLock<Mutex<HashMap<String, Arc<SecretKey>>>> = OnceLock::new();
    let name = format!("{node}/{word}");
    let mut made = MADE.get_or_init(Mutex::default).lock().expect("no panic");
    let make = || {
        let seed = Id::of(name.as_bytes());
        Arc::new(SecretKey::from_seed(seed.as_bytes()).expect("a key"))
    };
    Arc::clone(made.entry(name.clone()).or_insert_with(make))
}

fn one(node: &NodeId, word: &str) -> KeySet {
    KeySet { threshold: 1, keys: vec![key(node, word).public().to_jwk()] }
}

fn life() -> (u64, u64) {
    (BEGIN / 1_000 - 3_600, BEGIN / 1_000 + YEAR)
}

pub(crate) fn key_entry(node: &NodeId, word: &str, usage: Usage) -> KeyEntry {
    let (nbf, exp) = life();
    let jwk = key(node, word).public().to_jwk();
    KeyEntry { jwk, usage, nbf: nbf - YEAR, exp, kinds: None, scopes: None, tlp: None }
}

fn entry(spot: &Spot, introduced: As) -> NodeEntry {
    let own = matches!(introduced, As::Child | As::Union);
    NodeEntry {
        id: spot.id.clone(),
        introduced,
        level: spot.level,
        constituency: vec![spot.scope.clone()],
        may: Grant::whole(vec![spot.scope.clone()]),
        ceiling: spot.ceiling,
        clients: spot.clients.clone(),
        bundle: own.then(|| one(&spot.id, "bundle")),
        root: (introduced == As::State).then(|| one(&spot.id, "root")),
    }
}

/// A node's first bundle; a run changes it.
pub(crate) fn bundle(spots: &[Spot], of: &NodeId) -> Bundle {
    let mut bundle = Bundle::new(fed(), of.clone(), 1, life());
    bundle.keys = vec![key_entry(of, "issue", Usage::Issue), key_entry(of, "relay", Usage::Relay)];
    for spot in spots {
        if spot.id.parent().as_ref() == Some(of) {
            let introduced = if of.depth() == 1 { As::State } else { As::Child };
            bundle.nodes.push(entry(spot, introduced));
        }
        if spot.follows.contains(of) {
            bundle.nodes.push(entry(spot, As::Member));
        }
        if spot.level == Level::Union && of.parent().as_ref() == Some(&spot.id) {
            bundle.nodes.push(entry(spot, As::Union));
        }
    }
    bundle
}

pub(crate) fn signed(document: &impl serde::Serialize, by: &SecretKey) -> General {
    let mut general = General::unsigned(&serde_json::to_vec(document).expect("JSON"));
    general.sign(by).expect("signed");
    general
}

fn root(of: &NodeId) -> General {
    let mut root = Root::new(fed(), of.clone(), 1, life());
    root.root = one(of, "root");
    root.bundle = one(of, "bundle");
    signed(&root, &key(of, "root"))
}

fn tree(spots: Vec<Spot>) -> Tree {
    let at = spots.iter().enumerate().map(|(at, spot)| (spot.id.clone(), at)).collect();
    let authorities = spots.iter().filter(|spot| spot.id.depth() <= 2);
    let homes: Vec<NodeId> = authorities.map(|spot| spot.id.clone()).collect();
    let begin = homes.iter().map(|home| (home.clone(), Arc::new(documents(&spots, home))));
    let begin = begin.collect();
    Tree { spots, at, begin }
}

/// Every document of the federation, as `chappe topology render` hands them out.
fn documents(spots: &[Spot], home: &NodeId) -> Documents {
    let mut documents = Documents::pinned(&root(home)).expect("a pin");
    let mut all: Vec<General> = Vec::new();
    for spot in spots {
        if spot.id.depth() == 2 && spot.id != *home {
            all.push(root(&spot.id));
        }
        all.push(signed(&bundle(spots, &spot.id), &key(&spot.id, "bundle")));
    }
    let rejected = documents.restore_all(&all);
    assert!(rejected.is_empty(), "{rejected:?}");
    // As if each relay had kept them at its first start.
    documents.date(Time::from_millis(BEGIN), |_| true);
    documents
}

fn spot(id_of: &str, level: Level, scope_of: &str) -> Spot {
    Spot {
        id: id(id_of),
        level,
        scope: scope(scope_of),
        clients: Vec::new(),
        ceiling: Tlp::Red,
        follows: Vec::new(),
    }
}

/// Two States, three regions, a sector CSIRT, entities of which one follows it. Ceilings and
/// clients differ, so that labels end at different nodes.
fn small() -> Tree {
    let clients = |all: &[&str]| all.iter().map(|c| (*c).to_owned()).collect();
    tree(vec![
        spot("eu", Level::Union, "eu"),
        spot("eu-fr", Level::National, "eu.fr"),
        Spot { ceiling: Tlp::Amber, ..spot("eu-de", Level::National, "eu.de") },
        Spot { clients: clients(&["health"]), ..spot("eu-fr-bre", Level::Regional, "eu.fr.bre") },
        Spot { ceiling: Tlp::Green, ..spot("eu-fr-nor", Level::Regional, "eu.fr.nor") },
        Spot {
            clients: clients(&["health"]),
            ..spot("eu-fr-sante", Level::Sector, "eu.fr.all.health")
        },
        Spot {
            follows: vec![id("eu-fr-sante")],
            ..spot("eu-fr-bre-chu", Level::Entity, "eu.fr.bre.health")
        },
        spot("eu-fr-nor-mairie", Level::Entity, "eu.fr.nor.banking"),
    ])
}

/// A chain and its follower: the fewest nodes with everything in between.
fn chain() -> Tree {
    let health = vec!["health".to_owned()];
    tree(vec![
        spot("eu", Level::Union, "eu"),
        spot("eu-fr", Level::National, "eu.fr"),
        Spot { clients: health.clone(), ..spot("eu-fr-bre", Level::Regional, "eu.fr.bre") },
        Spot { clients: health, ..spot("eu-fr-sante", Level::Sector, "eu.fr.all.health") },
        Spot {
            follows: vec![id("eu-fr-sante")],
            ..spot("eu-fr-bre-chu", Level::Entity, "eu.fr.bre.health")
        },
    ])
}

/// One State of hundreds of nodes: regions, sector CSIRTs, entities, half of which follow theirs.
fn large(regions: usize, entities: usize) -> Tree {
    let mut spots = vec![spot("eu", Level::Union, "eu"), spot("eu-fr", Level::National, "eu.fr")];
    let clients: Vec<String> = SECTORS.iter().map(|s| (*s).to_owned()).collect();
    for sector in SECTORS {
        let scope = format!("eu.fr.all.{sector}");
        let clients = vec![sector.to_owned()];
        spots.push(Spot { clients, ..spot(&format!("eu-fr-{sector}"), Level::Sector, &scope) });
    }
    for region in 0..regions {
        let name = format!("eu-fr-r{region}");
        let scope = format!("eu.fr.r{region}");
        let clients = if region % 3 == 0 { Vec::new() } else { clients.clone() };
        spots.push(Spot { clients, ..spot(&name, Level::Regional, &scope) });
        for entity in 0..entities {
            let sector = SECTORS[entity % SECTORS.len()];
            let follows = (entity % 2 == 0).then(|| id(&format!("eu-fr-{sector}")));
            let entity = spot(
                &format!("{name}-e{entity}"),
                Level::Entity,
                &format!("eu.fr.r{region}.{sector}"),
            );
            spots.push(Spot { follows: follows.into_iter().collect(), ..entity });
        }
    }
    tree(spots)
}

/// The shapes that seeds choose from, each made once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Shape {
    Chain,
    Small,
    Large,
}

impl Shape {
    pub(crate) fn tree(self) -> &'static Tree {
        static MADE: [OnceLock<Tree>; 3] = [const { OnceLock::new() }; 3];
        match self {
            Self::Chain => MADE[0].get_or_init(chain),
            Self::Small => MADE[1].get_or_init(small),
            Self::Large => MADE[2].get_or_init(|| large(12, 20)),
        }
    }
}
