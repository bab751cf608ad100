//! A table at which keys are held: a folder, and the program run in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use chappe::jws::{General, Signer as _};
use chappe::keys::{create_plain_key, public_pem, read_public};
use chappe::trust::Trust;
use tempfile::TempDir;

pub(crate) struct Table(TempDir);

impl Table {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("trust")).expect("made");
        Self(folder)
    }

    /// A State with a region and a hospital, every document in `trust/`.
    pub(crate) fn with_a_state() -> Self {
        let table = Self::new();
        table.root();
        table.bundle("eu-fr", "b1");
        let region = ["--level", "regional", "--constituency", "eu.fr.bre", "--clients", "health"];
        table.child("eu-fr", 1, "eu-fr-bre", &region, "b1", "cb");
        table.bundle("eu-fr-bre", "cb");
        let hospital = ["--level", "entity", "--constituency", "eu.fr.bre.health"];
        table.child("eu-fr-bre", 1, "eu-fr-bre-chu", &hospital, "cb", "hb");
        table.bundle("eu-fr-bre-chu", "hb");
        table
    }

    /// Five root keys, a bundle key, and the root that three of them signed.
    pub(crate) fn root(&self) {
        self.draft_root("trust/root.json");
        self.sign("trust/root.json", &["r1", "r2", "r3"]);
    }

    pub(crate) fn draft_root(&self, out: &str) {
        let mut line = vec!["init", "eu-fr", "--out", out];
        for name in ["r1.pub", "r2.pub", "r3.pub", "r4.pub", "r5.pub"] {
            self.key(name.trim_end_matches(".pub"));
            line.extend(["--root-key", name]);
        }
        self.key("b1");
        line.extend(["--bundle-key", "b1.pub"]);
        self.done(&line);
    }

    fn bundle(&self, node: &str, key: &str) {
        let (issue, relay) = (format!("{node}-issue"), format!("{node}-relay"));
        self.key(&issue);
        self.key(&relay);
        let (issue, relay) = (format!("{issue}.pub"), format!("{relay}.pub"));
        let file = format!("trust/{node}-1.json");
        let keys = ["--issue-key", &issue, "--relay-key", &relay, "--phone", "01 99 00 00 01"];
        let whose = ["init", node, "--bundle", "--fed-of", "trust/root.json", "--out", &file];
        self.done(&[&whose[..], &keys[..]].concat());
        self.sign(&file, &[key]);
    }

    fn child(&self, by: &str, from: u64, node: &str, said: &[&str], signer: &str, key: &str) {
        self.key(key);
        let (old, new) =
            (format!("trust/{by}-{from}.json"), format!("trust/{by}-{}.json", from + 1));
        let key = format!("{key}.pub");
        let line = ["grant", &old, "--child", node, "--bundle-key", &key, "--out", &new];
        self.done(&[&line[..], said].concat());
        self.sign(&new, &[signer]);
    }

    /// Makes a key pair, `name.pem` and `name.pub`.
    pub(crate) fn key(&self, name: &str) -> String {
        let key = create_plain_key(&self.path(&format!("{name}.pem"))).expect("a key");
        let pem = public_pem(key.public()).expect("a PEM");
        std::fs::write(self.path(&format!("{name}.pub")), pem).expect("written");
        key.public().id().as_str().to_owned()
    }

    /// The id of a key that is there.
    pub(crate) fn kid(&self, name: &str) -> String {
        let key = read_public(&self.path(&format!("{name}.pub"))).expect("a public key");
        key.id().as_str().to_owned()
    }

    pub(crate) fn sign(&self, file: &str, keys: &[&str]) -> String {
        let keys: Vec<String> = keys.iter().map(|key| format!("{key}.pem")).collect();
        let mut line = vec!["sign", file, "--root", "trust/root.json"];
        keys.iter().for_each(|key| line.extend(["--key", key.as_str()]));
        if file == "trust/root.json" {
            line.drain(2..4);
        }
        self.done(&line)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chappe"));
        command.current_dir(self.0.path()).arg("trust").args(arguments).stdin(Stdio::null());
        command.output().expect("runs")
    }

    /// What a verb said that did its work.
    pub(crate) fn done(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let wrong = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {wrong}");
        String::from_utf8(output.stdout).expect("text")
    }

    /// What a verb said, on both channels, that ended with `code`.
    pub(crate) fn ends(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).expect("text");
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(!said.contains("panicked"), "{said}");
        said
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    pub(crate) fn copy(&self, from: &str, to: &str) {
        let to = self.path(to);
        std::fs::create_dir_all(to.parent().expect("a parent")).expect("made");
        std::fs::copy(self.path(from), to).expect("copied");
    }

    /// Every file with its bytes.
    pub(crate) fn everything(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        walk(self.0.path(), &mut found);
        found.sort();
        found
    }

    pub(crate) fn document(&self, path: &str) -> General {
        General::parse(&std::fs::read(self.path(path)).expect("read")).expect("a document")
    }

    /// What a relay would believe that pins `root`.
    pub(crate) fn trust(&self, root: &str) -> Trust {
        let paths = self.everything();
        let inside = paths.iter().filter(|(path, _)| path.parent() == Some(&self.path("trust")));
        let documents: Vec<General> =
            inside.filter_map(|(_, bytes)| General::parse(bytes).ok()).collect();
        Trust::compile(&self.document(root), &documents).expect("holds").0
    }
}

fn walk(folder: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).expect("listed") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            walk(&path, found);
        } else {
            found.push((path.clone(), std::fs::read(&path).expect("read")));
        }
    }
}

/// Asserts that each word is said.
#[track_caller]
pub(crate) fn says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "`{word}` is not said: {text}");
    }
}
