//! Keys at rest as an operator meets them: made, shown, unlocked, and refused with a word that
//! helps. Every refusal ends with exit code 2 before anything is connected.
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const PASSPHRASE: &str = "correct horse battery";

/// A folder in which commands are run.
struct Lab(TempDir);

impl Lab {
    fn new() -> Self {
        let lab = Self(tempfile::tempdir().expect("a folder"));
        lab.write("pass", &format!("{PASSPHRASE}\n"), 0o600);
        lab
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str, mode: u32) {
        std::fs::write(self.path(name), text).expect("written");
        self.chmod(name, mode);
    }

    fn chmod(&self, name: &str, mode: u32) {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(self.path(name), mode).expect("changed");
    }

    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).expect("listed");
        let mut names: Vec<String> =
            entries.map(|e| e.expect("an entry").file_name().display().to_string()).collect();
        names.sort();
        names
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chappe"));
        command.current_dir(self.0.path()).args(arguments).stdin(Stdio::null());
        command.env_remove("CREDENTIALS_DIRECTORY");
        command
    }

    fn done(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().expect("runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said}");
        String::from_utf8(output.stdout).expect("text")
    }

    fn refused(&self, arguments: &[&str], words: &[&str]) {
        refused(self.command(arguments).output().expect("runs"), words);
    }
}

fn refused(output: Output, words: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    for word in words {
        assert!(said.contains(word), "does not say `{word}`: {said}");
    }
    assert!(!said.contains("panicked") && !said.contains(PASSPHRASE), "{said}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
}

#[test]
fn a_new_key_is_encrypted_and_shown_alike_in_all_its_forms() {
    let lab = Lab::new();
    let said = lab.done(&[
        "key",
        "new",
        "a.pem",
        "--passphrase-file",
        "pass",
        "--public",
        "a.pub",
        "--json",
    ]);
    let made: Value = serde_json::from_str(&said).expect("one object");
    let text = std::fs::read_to_string(lab.path("a.pem")).expect("read");
    assert!(text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"), "{text}");
    assert_eq!(
        std::fs::metadata(lab.path("a.pem")).expect("there").permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(
        std::fs::read_to_string(lab.path("a.pub")).expect("read"),
        made["spki"].as_str().expect("PEM")
    );
    lab.write("a.jwk", &made["jwk"].to_string(), 0o644);
    let show = |arguments: &[&str]| lab.done(&[&["key", "show"], arguments].concat());
    let private = show(&["a.pem", "--passphrase-file", "pass"]);
    assert_eq!(private, show(&["a.pub"]));
    assert_eq!(private, show(&["a.jwk"]));
    for part in ["kid", "spki"] {
        let part = made[part].as_str().expect("text").trim_end();
        assert!(private.contains(part), "{part} is not in {private}");
    }
    let shown: Value = serde_json::from_str(&show(&["a.pub", "--json"])).expect("one object");
    assert_eq!([&shown["kid"], &shown["jwk"]], [&made["kid"], &made["jwk"]]);
    // RFC 7638 of these very members: whoever has the JWK computes the same name.
    let jwk: chappe::jws::Jwk = serde_json::from_value(made["jwk"].clone()).expect("a JWK");
    let key = chappe::jws::PublicKey::from_jwk(&jwk).expect("a key");
    assert_eq!(key.id().as_str(), made["kid"]);
}

#[test]
fn a_key_is_made_whole_or_not_at_all_and_over_no_file() {
    let lab = Lab::new();
    lab.write("there", "a file of somebody", 0o600);
    let new = |rest: &[&str], words: &[&str]| {
        lab.refused(&[&["key", "new"], rest].concat(), words);
        assert_eq!(lab.files(), ["pass", "there"]);
    };
    new(&["there", "--passphrase-file", "pass"], &["there", "never overwritten"]);
    new(&["a.pem", "--passphrase-file", "pass", "--public", "there"], &["never overwritten"]);
    new(&["no/a.pem", "--not-encrypted"], &["no/a.pem", "No such file"]);
    new(&["a.pem"], &["a.pem", "no passphrase", "--passphrase-file", "chappe-passphrase"]);
    new(&["a.pem", "--passphrase-file", "none"], &["a.pem", "No such file"]);
    new(&["a.pem", "--passphrase-file", "pass", "--not-encrypted"], &["--not-encrypted"]);
    let text = std::fs::read_to_string(lab.path("there")).expect("read");
    assert_eq!(text, "a file of somebody");
    lab.chmod("pass", 0o640);
    new(&["a.pem", "--passphrase-file", "pass"], &["pass", "640", "chmod 600"]);
    lab.write("pass", "short\n", 0o600);
    new(&["a.pem", "--passphrase-file", "pass"], &["12 characters"]);
}

#[test]
fn a_key_that_is_not_encrypted_says_so() {
    let lab = Lab::new();
    let said = lab.done(&["key", "new", "a.pem", "--not-encrypted"]);
    assert!(said.contains("NOT encrypted"), "{said}");
    let text = std::fs::read_to_string(lab.path("a.pem")).expect("read");
    assert!(text.starts_with("-----BEGIN PRIVATE KEY-----\n"), "{text}");
    lab.done(&["key", "show", "a.pem"]);
    lab.chmod("a.pem", 0o644);
    lab.refused(&["key", "show", "a.pem"], &["a.pem", "644", "chmod 600"]);
    lab.write("x", "neither", 0o600);
    lab.refused(&["key", "show", "x"], &["x", "JWK", "SPKI"]);
    lab.refused(&["key", "show", "nowhere"], &["nowhere", "No such file"]);
}

/// Runs a command on a terminal of its own; answers each question. `None` where there is no
/// `script` to make a terminal.
fn on_a_terminal(lab: &Lab, arguments: &str, answers: &[&str]) -> Option<String> {
    let line = format!("'{}' {arguments}; stty -a", env!("CARGO_BIN_EXE_chappe"));
    let mut command = Command::new("script");
    command.args(["--quiet", "--flush", "--command", &line, "/dev/null"]);
    command.current_dir(lab.0.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let Ok(mut child) = command.env_remove("CREDENTIALS_DIRECTORY").spawn() else {
        println!("skipped: no script(1) to make a terminal");
        return None;
    };
    let (mut input, mut output) =
        (child.stdin.take().expect("input"), child.stdout.take().expect("output"));
    let mut said = Vec::new();
    let mut seen = 0;
    let mut answers = answers.iter();
    let mut piece = [0; 1024];
    loop {
        match output.read(&mut piece).expect("read") {
            0 => break,
            n => said.extend_from_slice(&piece[..n]),
        }
        // An error begins with the program's name, and may come in pieces that end alike.
        let line = said[seen..].rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        if line.ends_with(b": ") && !line.starts_with(b"chappe") {
            seen = said.len();
            let answer = answers.next().expect("a question too many");
            input.write_all(answer.as_bytes()).expect("typed");
        }
    }
    child.wait().expect("ended");
    Some(String::from_utf8(said).expect("text"))
}

#[test]
fn a_terminal_is_asked_shows_nothing_of_the_answer_and_is_as_before() {
    let lab = Lab::new();
    let typed = format!("{PASSPHRASE}\n");
    let Some(said) = on_a_terminal(&lab, "key new a.pem", &[&typed, &typed]) else { return };
    assert!(said.contains("(encrypted)"), "{said}");
    let good = lab.done(&["key", "show", "a.pem", "--passphrase-file", "pass"]);
    let ask = |answer: &str| on_a_terminal(&lab, "key show a.pem", &[answer]).expect("script");
    let shown = ask(&typed);
    assert!(shown.contains(good.lines().next().expect("a line")), "{shown}");
    let wrong = ask("something else\n");
    assert!(wrong.contains("a.pem: the passphrase does not open this key"), "{wrong}");
    let stopped = ask("corr\u{3}");
    assert!(stopped.contains("interrupted"), "{stopped}");
    let differ = on_a_terminal(&lab, "key new b.pem", &[&typed, "something else\n"]);
    assert!(differ.expect("script").contains("differ") && !lab.path("b.pem").exists());
    for said in [said, shown, wrong, stopped] {
        assert!(!said.contains("corr") && !said.contains("something"), "{said}");
        assert!(said.contains(" echo "), "the terminal was left without echo: {said}");
    }
}

/// A rendered federation whose server nobody starts, with the relay key of `eu-fr` as given.
struct Node(Lab);

impl Node {
    fn new() -> Self {
        let lab = Lab::new();
        let small = Path::new(env!("CARGO_MANIFEST_DIR")).join("topology/small.toml");
        let small = small.display().to_string();
        lab.done(&["topology", "render", &small, "--one-server", "--port", "1", "--out", "out"]);
        Self(lab)
    }

    fn folder(&self) -> PathBuf {
        self.0.path("out/nodes/eu-fr")
    }

    /// Puts `keys/<usage>.pem` under the passphrase; false where openssl is not installed.
    fn encrypt(&self, usage: &str) -> bool {
        let (key, new) = (format!("{usage}.pem"), format!("{usage}.new"));
        let pass = format!("file:{}", self.0.path("pass").display());
        let mut command = Command::new("openssl");
        command.current_dir(self.folder().join("keys"));
        command.args(["pkcs8", "-topk8", "-scrypt", "-in", &key, "-out", &new, "-passout", &pass]);
        let Ok(status) = command.status() else {
            println!("skipped: openssl is not installed");
            return false;
        };
        assert!(status.success());
        let keys = self.folder().join("keys");
        std::fs::rename(keys.join(&new), keys.join(&key)).expect("renamed");
        self.0.chmod(&format!("out/nodes/eu-fr/keys/{key}"), 0o600);
        true
    }

    fn check(&self, variables: &[(&str, &Path)]) -> Output {
        let config = self.folder().join("relay.toml").display().to_string();
        let mut command = self.0.command(&["relay", "--config", &config, "--check"]);
        command.envs(variables.iter().copied());
        command.output().expect("runs")
    }

    /// Writes the private half of a signing key as an nkey's seed.
    fn nkey_of(&self, key: &str, seed: &str) {
        use ed25519_dalek::pkcs8::DecodePrivateKey as _;
        let pem = std::fs::read_to_string(self.folder().join("keys").join(key)).expect("a key");
        let key = ed25519_dalek::SigningKey::from_pkcs8_pem(&pem).expect("a key");
        let kind = nkeys::KeyPairType::User;
        let pair = nkeys::KeyPair::new_from_raw(kind, key.to_bytes()).expect("a pair");
        self.0.write(
            &format!("out/nodes/eu-fr/seeds/{seed}"),
            &pair.seed().expect("a seed"),
            0o600,
        );
    }
}

const FROM_A_FILE: &str = "CHAPPE_KEYS_PASSPHRASE";

#[test]
fn a_relay_opens_its_key_with_a_file_or_with_what_systemd_hands_over() {
    let node = Node::new();
    if !node.encrypt("relay") {
        return;
    }
    let what = ["relay.pem", "`passphrase`", "chappe-passphrase", "terminal"];
    refused(node.check(&[]), &what);
    let pass = node.0.path("pass");
    assert!(node.check(&[(FROM_A_FILE, &pass)]).status.success());
    let credentials = node.0.path("credentials");
    std::fs::create_dir(&credentials).expect("made");
    refused(node.check(&[("CREDENTIALS_DIRECTORY", &credentials)]), &what);
    std::fs::copy(&pass, credentials.join("chappe-passphrase")).expect("copied");
    node.0.chmod("credentials/chappe-passphrase", 0o400);
    assert!(node.check(&[("CREDENTIALS_DIRECTORY", &credentials)]).status.success());
}

#[test]
fn a_relay_whose_passphrase_is_wrong_open_to_others_or_missing_does_not_start() {
    let node = Node::new();
    if !node.encrypt("relay") {
        return;
    }
    let pass = node.0.path("pass");
    let with = |words: &[&str]| refused(node.check(&[(FROM_A_FILE, &pass)]), words);
    node.0.write("pass", "incorrect horse\n", 0o600);
    with(&["relay.pem: the passphrase does not open this key\n"]);
    node.0.write("pass", "one\ntwo\n", 0o600);
    with(&["pass", "one line"]);
    node.0.write("pass", PASSPHRASE, 0o644);
    with(&["pass", "644", "chmod 600"]);
    std::fs::remove_file(&pass).expect("removed");
    with(&["relay.pem", "No such file"]);
}

#[test]
fn a_relay_does_not_start_with_a_key_or_seed_of_another_user() {
    let node = Node::new();
    let (key, seed) = (node.folder().join("keys/relay.pem"), node.folder().join("seeds/relay.nk"));
    if chown(&key, Some(65_534), None).is_err() {
        println!("skipped: only root can give a file away");
        return;
    }
    refused(node.check(&[]), &["relay.pem", "belongs to user 65534"]);
    chown(&key, Some(0), None).expect("given back");
    assert!(node.check(&[]).status.success());
    chown(&seed, Some(65_534), None).expect("given away");
    refused(node.check(&[]), &["relay.nk", "belongs to user 65534"]);
}

#[test]
fn a_signing_key_that_is_also_an_nkey_is_refused_at_start() {
    let node = Node::new();
    node.nkey_of("relay.pem", "relay.nk");
    refused(node.check(&[]), &["relay.pem", "nkey"]);
    let node = Node::new();
    node.nkey_of("relay.pem", "link-eu.nk");
    refused(node.check(&[]), &["relay.pem", "nkey"]);
    let node = Node::new();
    node.nkey_of("issue.pem", "desk.nk");
    let profile = node.folder().join("desk.toml").display().to_string();
    node.0.write("note.txt", "text", 0o644);
    let flags = ["--to", "eu.fr", "--tlp", "GREEN", "--severity", "high", "-c", &profile];
    node.0.refused(&[&["publish", "note.txt"], &flags[..]].concat(), &["issue.pem", "nkey"]);
}

#[test]
fn a_desk_opens_its_key_only_to_sign() {
    let node = Node::new();
    if !node.encrypt("issue") {
        return;
    }
    let profile = node.folder().join("desk.toml").display().to_string();
    node.0.write("note.txt", "text", 0o644);
    let flags = ["--to", "eu.fr", "--tlp", "GREEN", "--severity", "high", "--dry-run"];
    let publish = [&["publish", "note.txt", "-c", &profile], &flags[..]].concat();
    node.0.refused(&publish, &["issue.pem", "no passphrase", "`passphrase`"]);
    let mut command = node.0.command(&publish);
    command.env("CHAPPE_DESK_PASSPHRASE", node.0.path("pass"));
    assert!(command.output().expect("runs").status.success());
    // Who reads comes as far as the server, which nobody has started.
    let list = node.0.command(&["list", "-c", &profile]).output().expect("runs");
    assert_eq!(list.status.code(), Some(1), "{list:?}");
}
