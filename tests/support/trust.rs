//! Trust documents of a running federation: the next version of one, signed as its holder would.

use std::path::PathBuf;

use chappe::address::{self, DESK, Role};
use chappe::jws::{self, General, SecretKey};
use chappe::keys;
use chappe::notice::Id;
use chappe::trust::Bundle;

use super::{Federation, PATIENCE};

impl Federation {
    /// A key that somebody holds offline: `bundle.pem` and the like.
    pub fn offline_key(&self, node: &str, name: &str) -> SecretKey {
        let path = self.rendered.out.join("offline").join(node).join(name);
        keys::read_key(&path).expect("a key")
    }

    fn bundle_file(&self, node: &str) -> PathBuf {
        self.rendered.out.join("trust").join(format!("{node}.bundle.json"))
    }

    /// What a node's rendered bundle says.
    pub fn bundle(&self, node: &str) -> Bundle {
        let bytes = std::fs::read(self.bundle_file(node)).expect("a bundle");
        let payload = General::parse(&bytes).expect("a document").unverified_payload();
        jws::from_slice(&payload.expect("a payload")).expect("a bundle")
    }

    /// The rendered bundle, changed, of a later version, signed by the node's bundle key.
    pub fn later(&self, node: &str, version: u64, change: impl FnOnce(&mut Bundle)) -> Vec<u8> {
        let mut bundle = self.bundle(node);
        bundle.version = version;
        change(&mut bundle);
        let mut general = General::unsigned(&serde_json::to_vec(&bundle).expect("JSON"));
        general.sign(&self.offline_key(node, "bundle.pem")).expect("signed");
        serde_json::to_vec(&general).expect("JSON")
    }

    /// Gives a document to one node's relay, as an operator's desk does.
    pub async fn hand_over(&self, node: &str, document: &[u8]) {
        let bus = self.connect(node, Role::Desk).await;
        let subject = address::local_intake(address::REAL, DESK, Id::of(document));
        bus.place(&subject, &[], document.to_vec(), None).await.expect("handed over");
    }

    /// Waits until a node's TRUST has a document.
    pub async fn trusts(&self, node: &str, document: &str) {
        self.holds(node, "TRUST", &format!("chappe.trust.{document}")).await;
    }

    /// How a notice stands at a node, by its desk.
    async fn standing(&self, node: &str, id: Id) -> Result<String, String> {
        let bus = self.connect(node, Role::Desk).await;
        let asked = format!("{{\"ref\":\"{id}\"}}").into_bytes();
        let answer = bus.ask(&address::desk("list"), asked, PATIENCE).await;
        let answer = answer.map_err(|e| e.to_string())?;
        let answer: serde_json::Value =
            serde_json::from_slice(&answer).map_err(|e| e.to_string())?;
        let standing = answer["notices"][0]["standing"].as_str();
        standing.map(str::to_owned).ok_or_else(|| answer.to_string())
    }

    /// Waits until a notice stands so at each of these nodes.
    pub async fn stands(&self, nodes: &[&str], id: Id, expected: &str) {
        for node in nodes {
            let stands = async || match self.standing(node, id).await? {
                found if found == expected => Ok(()),
                found => Err(found),
            };
            self.eventually(&format!("{id} is {expected} at {node}"), stands).await;
        }
    }
}
