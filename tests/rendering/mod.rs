//! A topology rendered into a folder of its own, with every key in reach.
#![allow(dead_code, unreachable_pub)] // each test binary uses its own part

use std::path::{Path, PathBuf};

use chappe::jws::{self, General, PublicKey, SecretKey};
use chappe::keys;
use chappe::notice::{NodeId, Time};
use chappe::topology::{RenderError, RenderOptions, Topology, render};
use chappe::trust::{Bundle, KeySet, Revocation, Root, Seat, Trust, Why};
use serde::Serialize;
use serde::de::DeserializeOwned;

const EUROPE: &str = include_str!("../../topology/europe.toml");
const SMALL: &str = include_str!("../../topology/small.toml");
/// 2026-11-24T10:00:00Z, when it was rendered.
pub const NOW: Time = Time::from_secs(1_795_514_400);

pub struct Folder {
    folder: tempfile::TempDir,
    topology: Topology,
}

impl Folder {
    /// Three States.
    pub fn europe() -> Self {
        Self::of(EUROPE)
    }

    /// Two States, a third of the nodes: for what takes several renderings.
    pub fn small() -> Self {
        Self::of(SMALL)
    }

    fn of(text: &str) -> Self {
        let (topology, _) = Topology::load(text, "a topology").expect("no findings");
        let folder = Self { folder: tempfile::tempdir().expect("a folder"), topology };
        folder.render_at(NOW.secs()).expect("rendered");
        folder
    }

    pub fn render_at(&self, now: u64) -> Result<(), RenderError> {
        let options = RenderOptions {
            out: self.path().to_owned(),
            one_server: true,
            host: "127.0.0.1".into(),
            port: 4222,
            monitor_port: 8222,
            console_port: 9601,
            now: Time::from_secs(now),
        };
        render(&self.topology, &options).map(|_| ())
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn offline(&self, node: &str) -> PathBuf {
        self.path().join("offline").join(node)
    }

    /// A node's own key, `issue` or `relay`.
    pub fn own_key(&self, node: &str, usage: &str) -> SecretKey {
        key(&self.path().join("nodes").join(node).join("keys").join(format!("{usage}.pem")))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path().join("trust").join(format!("{name}.json"))
    }

    pub fn document(&self, name: &str) -> General {
        read(&self.file(name))
    }

    pub fn replace(&self, name: &str, document: &General) {
        let text = serde_json::to_vec(document).expect("JSON");
        std::fs::write(self.file(name), text).expect("written");
    }

    pub fn root(&self, node: &str) -> Root {
        says(&self.document(&format!("{node}.root")))
    }

    pub fn bundle(&self, node: &str) -> Bundle {
        says(&self.document(&format!("{node}.bundle")))
    }

    /// The next bundle of a node, changed and signed with its own key: whatever it says, it is
    /// genuine.
    pub fn resigned(&self, node: &str, change: impl FnOnce(&mut Bundle)) -> General {
        resigned(self.path(), node, change)
    }

    /// Every root and bundle, as a relay finds them in the folder.
    pub fn documents(&self) -> Vec<General> {
        self.documents_but("no such file")
    }

    /// All but those whose file's name begins like this.
    pub fn documents_but(&self, start: &str) -> Vec<General> {
        let entries = std::fs::read_dir(self.path().join("trust")).expect("a folder");
        let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
        let begins = |path: &PathBuf| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(start))
        };
        paths.retain(|path| !begins(path));
        paths.sort();
        paths.iter().map(|path| read(path)).collect()
    }

    /// What a node believes that pins the root of `home`.
    pub fn trust(&self, home: &str) -> Trust {
        self.trust_from(&format!("{home}.root"), &self.documents())
    }

    /// As [`Self::trust`], from this root and these documents, valid or not.
    pub fn trust_from(&self, pin: &str, documents: &[General]) -> Trust {
        Trust::compile(&self.document(pin), documents).expect("a valid pin").0
    }
}

/// The next bundle of a node of any rendered folder, changed and signed with its own key.
pub fn resigned(out: &Path, node: &str, change: impl FnOnce(&mut Bundle)) -> General {
    let mut bundle: Bundle = says(&read(&out.join("trust").join(format!("{node}.bundle.json"))));
    bundle.version += 1;
    change(&mut bundle);
    signed(&bundle, &[&key(&out.join("offline").join(node).join("bundle.pem"))])
}

fn read(path: &Path) -> General {
    General::parse(&std::fs::read(path).expect("read")).expect("a trust document")
}

fn says<T: DeserializeOwned + Serialize>(document: &General) -> T {
    let payload = document.unverified_payload().expect("a payload");
    jws::from_slice(&payload).expect("a root or bundle")
}

pub fn signed(document: &impl Serialize, by: &[&SecretKey]) -> General {
    let mut general = General::unsigned(&serde_json::to_vec(document).expect("JSON"));
    for key in by {
        general.sign(*key).expect("signed");
    }
    general
}

pub fn key(path: &Path) -> SecretKey {
    keys::read_key(path).expect("a key")
}

pub fn public(set: &KeySet) -> Vec<PublicKey> {
    set.keys.iter().map(|jwk| PublicKey::from_jwk(jwk).expect("a key")).collect()
}

pub fn id(text: &str) -> NodeId {
    text.parse().expect("a node id")
}

pub fn revocation(kid: &str, at: u64) -> Revocation {
    Revocation { kid: kid.to_owned(), at, why: Why::Compromised, good: None }
}

/// What is believed of a State and below: seats, and keys with all that is said of them.
pub fn inside(trust: &Trust, state: &str) -> (Vec<Seat>, Vec<String>) {
    let state = id(state);
    let seats = trust.seats().filter(|seat| state.contains(&seat.id)).cloned().collect();
    let within = trust.keys().filter(|key| state.contains(&key.node));
    let mut keys: Vec<String> = within.map(|key| format!("{key:?}")).collect();
    keys.sort();
    (seats, keys)
}
