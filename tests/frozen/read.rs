//! One frozen version, read with what reads a running node's streams.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use chappe::address::Source;
use chappe::config::{DeskProfile, Environment, RelayConfig};
use chappe::jws::{General, from_base64url};
use chappe::notice::{Id, Kind, NodeId, Time, Wire};
use chappe::policy::Policy;
use chappe::routing::{Router, Stored};
use chappe::trust::{Documents, Rejected};
use chappe::verify;
use serde::{Deserialize, Serialize};

/// One stored message; a line each.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Message {
    pub(crate) node: NodeId,
    pub(crate) stream: String,
    pub(crate) subject: String,
    pub(crate) headers: BTreeMap<String, String>,
    /// base64url.
    pub(crate) payload: String,
}

/// By node: how each notice stands, by its id.
pub(crate) type Standings = BTreeMap<NodeId, BTreeMap<String, String>>;

pub(crate) struct Frozen {
    pub(crate) name: String,
    folder: PathBuf,
    now: Time,
    messages: Vec<Message>,
    pub(crate) standings: Standings,
}

impl Message {
    fn bytes(&self) -> Vec<u8> {
        from_base64url(&self.payload).expect("base64url")
    }

    fn is_notice(&self) -> bool {
        self.headers.contains_key("Chappe-Notice")
    }

    fn wire(&self) -> Wire {
        let header = |name: &str| self.headers.get(name).map(String::as_str).into_iter().collect();
        let (notice, hops): (Vec<&str>, Vec<&str>) =
            (header("Chappe-Notice"), header("Chappe-Hops"));
        let sig: Vec<&str> = header("Chappe-Body-Sig");
        Wire::from_headers(&notice, &hops, &sig, self.bytes()).expect("a notice")
    }
}

impl Frozen {
    pub(crate) fn read(folder: &Path) -> Self {
        let text = |name: &str| {
            let path = folder.join(name);
            std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
        };
        let messages = text("messages.jsonl");
        let messages = messages.lines().map(|line| serde_json::from_str(line).expect("a message"));
        Self {
            name: folder.file_name().expect("a name").display().to_string(),
            folder: folder.to_owned(),
            now: Time::from_secs(text("now.txt").trim().parse().expect("seconds")),
            messages: messages.collect(),
            standings: serde_json::from_str(&text("standings.json")).expect("standings"),
        }
    }

    /// The version, and a digest over the names and contents of its files.
    pub(crate) fn digest(&self) -> (String, String) {
        let files = std::fs::read_dir(&self.folder).expect("a folder");
        let mut paths: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
        paths.sort();
        let mut all = Vec::new();
        for path in paths {
            let content = Id::of(&std::fs::read(&path).expect("read"));
            all.extend(
                format!("{content} {}\n", path.file_name().expect("a name").display()).bytes(),
            );
        }
        (self.name.clone(), Id::of(&all).to_string())
    }

    fn of<'f>(&'f self, stream: &'f str) -> impl Iterator<Item = &'f Message> {
        self.messages.iter().filter(move |message| message.stream == stream)
    }

    pub(crate) fn trust(&self) -> (Documents, Vec<Rejected>) {
        let root = std::fs::read(self.folder.join("root.json")).expect("a root");
        let root = General::parse(&root).expect("a document");
        let mut documents = Documents::pinned(&root).expect("it is pinned");
        let papers: Vec<General> = self
            .of("TRUST")
            .map(|message| General::parse(&message.bytes()).expect("a document"))
            .collect();
        assert!(papers.len() > 3, "{} documents", papers.len());
        let rejected = documents.restore_all(&papers);
        (documents, rejected)
    }

    /// Every signature of every stored notice, as a reader checks it.
    pub(crate) fn verify_notices(&self) -> BTreeSet<Kind> {
        let (documents, _) = self.trust();
        let notices = self.messages.iter().filter(|message| message.is_notice());
        let kind = |message: &Message| {
            let read = verify::verify_file(self.now, documents.trust(), &message.wire());
            let (statement, _) =
                read.unwrap_or_else(|e| panic!("{} {}: {e}", self.name, message.subject));
            statement.kind
        };
        notices.map(kind).collect()
    }

    pub(crate) fn verify_records(&self) -> (usize, usize) {
        let (documents, _) = self.trust();
        let trust = documents.trust();
        let (mut receipts, mut beats) = (0, 0);
        for message in self.of("RECEIPTS") {
            let source = Source::Outbox(message.node.clone());
            let read =
                verify::verify_receipt(self.now, &message.node, trust, &source, &message.bytes());
            read.unwrap_or_else(|e| panic!("{} {}: {e}", self.name, message.subject));
            receipts += 1;
        }
        for message in self.of("BEATS").filter(|message| message.subject.ends_with(".all")) {
            let bytes = message.bytes();
            let read = verify::verify_heartbeat(self.now, trust, &message.subject, &bytes);
            read.unwrap_or_else(|e| panic!("{} {}: {e}", self.name, message.subject));
            beats += 1;
        }
        (receipts, beats)
    }

    /// What a relay of the node knows after its start.
    pub(crate) fn fold(&self, node: &NodeId) -> BTreeMap<String, String> {
        let mut router = Router::new(node.clone(), Policy::default());
        let streams = ["BOARD", "INBOX", "CASES"];
        let own = |m: &&Message| m.node == *node && streams.contains(&m.stream.as_str());
        for message in self.messages.iter().filter(own).filter(|message| message.is_notice()) {
            let wire = message.wire();
            let (statement, kid, hops) = verify::read_stored(&wire).expect("what the node wrote");
            router.keep(Stored { id: wire.id(), statement, kid, hops });
        }
        let ledger = router.ledger();
        let standing = |id, s| ledger.standing(self.now, id, s).as_str().to_owned();
        ledger.notices().map(|(id, s)| (id.to_string(), standing(id, s))).collect()
    }

    pub(crate) fn read_configuration(&self) {
        let environment = Environment::default();
        let text = |name: &str| std::fs::read_to_string(self.folder.join(name)).expect("a file");
        for node in self.standings.keys() {
            let relay = text(&format!("{node}.relay.toml"));
            let read = RelayConfig::parse(&relay, Path::new("relay.toml"), &environment);
            read.unwrap_or_else(|e| panic!("{}: {e}", self.name));
            let desk = text(&format!("{node}.desk.toml"));
            let read = DeskProfile::parse(&desk, Path::new("desk.toml"), &environment);
            read.unwrap_or_else(|e| panic!("{}: {e}", self.name));
        }
    }
}
