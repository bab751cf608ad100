//! Plays every kind of notice on real nodes and writes down what their streams hold.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use chappe::jws::base64url;
use serde_json::Value;

use crate::read::{Message, Standings};
use crate::support::*;

const NODES: [&str; 2] = ["eu-fr", "eu-fr-bre"];
const HOSPITAL: &str = "eu-fr-bre-hospital1";
const STREAMS: [&str; 7] = ["BOARD", "INBOX", "CASES", "RECEIPTS", "BEATS", "TRUST", "QUARANTINE"];

/// One federation with a story in which each kind has its place.
struct Story {
    all: Federation,
}

impl Story {
    fn chappe(&self, node: &str, words: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chappe"));
        command.args(words).arg("-c").arg(self.all.node(node).folder.join("desk.toml"));
        let done = command.env_remove("CHAPPE_FREEZE").stdin(Stdio::null()).output().expect("runs");
        let said = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
        assert!(done.status.success(), "{words:?}: {said}");
        said
    }

    fn publish(&self, reference: &str, text: &str, more: &[&str]) {
        let file = self.all.rendered.out.join(format!("{reference}.txt"));
        std::fs::write(&file, text).expect("written");
        let file = file.to_str().expect("a path");
        let words = ["publish", file, "--to", "eu.fr.bre.health", "--tlp", "AMBER", "--severity"];
        let words = [&words[..], &["high", "--ref", reference, "--days", "399"], more].concat();
        self.chappe("eu-fr", &words);
    }

    fn first_id(&self, node: &str, words: &[&str]) -> String {
        let listed = self.chappe(node, &[words, &["--json"]].concat());
        let listed: Value =
            serde_json::from_str(listed.lines().next().expect("one")).expect("JSON");
        let id = listed.get("id").or(listed.get("case"));
        id.and_then(Value::as_str).expect("an id").to_owned()
    }

    async fn play(&self) {
        self.publish("STANDS", "stands", &[]);
        self.publish("ALERT", "alert", &["--kind", "alert"]);
        self.publish("UPDATED", "first", &[]);
        let update = self.all.rendered.out.join("second.txt");
        std::fs::write(&update, "second").expect("written");
        let update = update.to_str().expect("a path");
        self.chappe("eu-fr", &["publish", update, "--updates", "UPDATED", "--days", "399"]);
        self.publish("CLOSED", "closed", &[]);
        self.chappe("eu-fr", &["close", "CLOSED", "--reason", "over"]);
        self.publish("WITHDRAWN", "withdrawn", &[]);
        self.chappe("eu-fr", &["withdraw", "WITHDRAWN", "--reason", "wrong"]);
        self.publish("ERASED", "erased", &[]);
        self.chappe("eu-fr", &["withdraw", "ERASED", "--erase", "--reason", "confidential"]);
        self.publish("DRILL", "drill", &["--exercise", "cyber-2026"]);
        self.chappe("eu-fr", &["annotate", "STANDS", "--title", "A note", "--text", "note"]);
        let incident = Path::new(env!("CARGO_MANIFEST_DIR")).join("demo/incident.json");
        let incident = incident.to_str().expect("a path");
        self.chappe(HOSPITAL, &["escalate", incident, "--to", "eu-fr", "--tlp", "AMBER"]);
        self.all.holds("eu-fr", "CASES", "").await;
        let case = self.first_id("eu-fr", &["cases"]);
        self.chappe("eu-fr", &["respond", &case, "--state", "accepted", "--text", "Taken."]);
        self.refused().await;
    }

    /// A body that is not the statement's.
    async fn refused(&self) {
        let statement = advisory(&self.all.rendered.fed, "eu-fr", "scope:eu.fr.all.all", b"{}");
        let wire = self.all.issue(&statement, b"other".to_vec());
        self.all.send(&statement, &wire).await;
        self.all.holds("eu-fr", "QUARANTINE", "").await;
    }

    async fn dump(&self, node: &str) -> Vec<Message> {
        let mut messages = Vec::new();
        for stream in STREAMS {
            for subject in self.all.subjects(node, stream).await {
                let stored = self.all.message(node, stream, &subject).await;
                let ours = stored.headers.iter().filter(|(name, _)| {
                    let name: &str = (*name).as_ref();
                    name.starts_with("Chappe-")
                });
                let headers = ours.map(|(name, values)| (name.to_string(), values[0].to_string()));
                messages.push(Message {
                    node: node.parse().expect("a node"),
                    stream: stream.to_owned(),
                    subject,
                    headers: headers.collect(),
                    payload: base64url(&stored.payload),
                });
            }
        }
        messages
    }

    fn standings(&self, node: &str) -> BTreeMap<String, String> {
        let (mut all, text) = (BTreeMap::new(), self.chappe(node, &["list", "--json"]));
        for line in text.lines() {
            let listed: Value = serde_json::from_str(line).expect("JSON");
            let word = |name: &str| listed[name].as_str().expect("a text").to_owned();
            all.insert(word("id"), word("standing"));
        }
        all
    }
}

/// Plays, waits until everything has settled, and writes the folder.
pub(crate) async fn freeze(folder: &Path) {
    assert!(!folder.exists(), "{} is frozen already", folder.display());
    let story = Story { all: Federation::start_beating(SMALL, 5).await };
    story.play().await;
    let settled = async || {
        let beats = story.all.subjects("eu-fr-bre", "BEATS").await.len();
        let board = story.all.board("eu-fr-bre").await.len();
        if beats >= 3 && board >= 11 { Ok(()) } else { Err(format!("{beats}, {board}")) }
    };
    story.all.eventually("everything is in Brittany", settled).await;
    std::fs::create_dir_all(folder).expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("written");
    let (mut lines, mut standings) = (String::new(), Standings::new());
    for node in NODES {
        for message in story.dump(node).await {
            lines.push_str(&serde_json::to_string(&message).expect("JSON"));
            lines.push('\n');
        }
        standings.insert(node.parse().expect("a node"), story.standings(node));
        for file in ["relay.toml", "desk.toml"] {
            let text = std::fs::read_to_string(story.all.node(node).folder.join(file));
            write(&format!("{node}.{file}"), &text.expect("a file"));
        }
    }
    write("messages.jsonl", &lines);
    write("standings.json", &serde_json::to_string_pretty(&standings).expect("JSON"));
    write("now.txt", &format!("{}\n", chappe::time::now().secs()));
    let root = story.all.rendered.out.join("trust").join("eu-fr.root.json");
    std::fs::copy(root, folder.join("root.json")).expect("copied");
}
