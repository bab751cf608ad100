//! No secret comes out of any process: not in what it prints, not in a log at its most talkative,
//! not in a metric, an error or a `Debug`, whatever is wrong with its files.
mod finder;

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::*;
use chappe::address::Role;
use chappe::config::{DeskProfile, RelayConfig};
use chappe::keys::{self, KeyFile, Passphrase, Secret};
use chappe::topology::seed_path;
use finder::{Secrets, forms};

const PASSPHRASE: &str = "correct horse battery";
const NEW_PASSPHRASE: &str = "troubadour & stapler";
const TRACE: (&str, &str) = ("CHAPPE_LOG", "trace");

/// Runs the program with every log line there is, and returns all that it says.
fn chappe(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, Vec<u8>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chappe"));
    command.current_dir(folder).args(arguments).stdin(Stdio::null());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CHAPPE_")) {
        command.env_remove(name);
    }
    command.env_remove("CREDENTIALS_DIRECTORY").env("RUST_BACKTRACE", "full");
    let output = command.envs([TRACE]).envs(variables.iter().copied()).output().expect("runs");
    (output.status.code(), [output.stdout, output.stderr].concat())
}

/// A passphrase's file; its name says nothing of it.
fn passphrase_file(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    keys::write_new(&path, &Secret::new(format!("{text}\n"))).expect("written");
    path
}

/// Puts a key under a passphrase; without openssl it stays as it is, which is tested as well.
fn encrypt(key: &Path, passphrase: &Path) {
    let new = key.with_extension("new");
    let mut command = Command::new("openssl");
    command.args(["pkcs8", "-topk8", "-scrypt", "-in"]).arg(key).arg("-out").arg(&new);
    command.arg("-passout").arg(format!("file:{}", passphrase.display()));
    if command.status().is_ok_and(|status| status.success()) {
        std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o600)).expect("set");
        std::fs::rename(&new, key).expect("renamed");
    }
}

fn none_in(secrets: &Secrets, of: &str, said: &[u8]) {
    let found = secrets.found(said);
    let shows = |line: &&[u8]| !secrets.found(line).is_empty();
    let lines: Vec<String> = said
        .split(|byte| *byte == b'\n')
        .filter(shows)
        .map(|line| String::from_utf8_lossy(line).chars().take(300).collect())
        .take(3)
        .collect();
    assert_eq!(found, Vec::<&str>::new(), "{of} says, as in:\n{}", lines.join("\n"));
}

#[test]
fn a_planted_secret_is_found_in_every_form() {
    let mut secrets = Secrets::default();
    let key: Vec<u8> = (100..132).collect();
    secrets.add("key", &key);
    secrets.add("passphrase", PASSPHRASE.as_bytes());
    secrets.add("other", NEW_PASSPHRASE.as_bytes());
    for (name, secret) in [("key", key.as_slice()), ("passphrase", PASSPHRASE.as_bytes())] {
        for form in forms(secret) {
            let said = [b"{\"level\":\"INFO\",\"why\":\"", form.as_slice(), b"\"}\n"].concat();
            assert_eq!(secrets.found(&said), [name]);
            let cut = [&said[..said.len() - form.len() / 2 - 4], b"\"}\n"].concat();
            assert_eq!(secrets.found(&cut), Vec::<&str>::new());
        }
    }
    use base64::Engine as _;
    for before in 0..7 {
        let longer = [&vec![b'x'; before], key.as_slice(), b"after"].concat();
        let said = base64::engine::general_purpose::STANDARD.encode(longer);
        assert_eq!(secrets.found(said.as_bytes()), ["key"], "after {before} bytes");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_working_federation_gives_no_secret_away_at_its_most_talkative() {
    let all = Federation::provisioned(SMALL).await;
    let out = all.rendered.out.clone();
    let mut secrets = Secrets::below(&out);
    secrets.add("passphrase", PASSPHRASE.as_bytes());
    let pass = passphrase_file(&out, "words", PASSPHRASE);
    let home = all.node("eu-fr").folder.clone();
    for usage in ["relay", "issue"] {
        encrypt(&home.join(format!("keys/{usage}.pem")), &pass);
    }
    let pass = pass.display().to_string();
    let relay = [TRACE, ("CHAPPE_KEYS_PASSPHRASE", pass.as_str())];
    for node in all.nodes() {
        all.start_relay_with(
            node.as_str(),
            if node.as_str() == "eu-fr" { &relay } else { &[TRACE] },
        );
    }
    all.all_ready().await;
    let mut planted = Secrets::default();
    planted.add("the title", b"note.txt");
    let desk = [("CHAPPE_DESK_PASSPHRASE", pass.as_str())];
    std::fs::write(out.join("note.txt"), "text").expect("written");
    let publish: &[&str] = &["publish", "note.txt", "--to", "eu.fr", "--tlp", "GREEN"];
    let console = format!("http://127.0.0.1:{}", all.node("eu-fr").console_port);
    let profile = home.join("desk.toml").display().to_string();
    let as_desk = |rest: &[&str]| chappe(&out, &[rest, &["-c", &profile]].concat(), &desk);
    for (code, verb) in [
        (Some(0), &[publish, &["--severity", "high"]].concat()[..]),
        (Some(0), &["list"]),
        (Some(0), &["show", "note.txt", "--json"]),
        (Some(0), &["withdraw", "note.txt", "--reason", "a slip"]),
        (Some(1), &["list", "--server", "nats://127.0.0.1:1"]),
        (Some(2), &["publish", "note.txt", "--to", "nobody", "--tlp", "GREEN"]),
    ] {
        let (ended, said) = as_desk(verb);
        assert_eq!(ended, code, "{verb:?}: {}", String::from_utf8_lossy(&said));
        none_in(&secrets, &format!("{verb:?}"), &said);
        // What is there to be printed is found: the title stands for a secret.
        let printed = planted.found(&said).len();
        assert!(verb[0] != "show" || printed == 1, "the search is blind");
    }
    let (_, said) = chappe(&out, &["status", &console], &[]);
    none_in(&secrets, "status", &said);
    for page in ["/metrics", "/readyz", "/livez"] {
        none_in(&secrets, page, all.page("eu-fr", page).await.as_bytes());
    }
    assert!(all.stop_relay("eu-fr").await);
    for (process, said) in all.said() {
        let talks = said.windows(7).any(|word| word == b"\"TRACE\"");
        assert!(talks || process == "nats-server", "{process} is not at its most talkative");
        none_in(&secrets, &process, &said);
    }
}

/// A node whose files are broken one way or another.
struct Broken {
    folder: tempfile::TempDir,
    secrets: Secrets,
}

impl Broken {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let small = Path::new(env!("CARGO_MANIFEST_DIR")).join(SMALL).display().to_string();
        let render = ["topology", "render", &small, "--one-server", "--port", "1", "--out", "."];
        let (code, said) = chappe(folder.path(), &render, &[]);
        assert_eq!(code, Some(0));
        let mut secrets = Secrets::below(folder.path());
        none_in(&secrets, "render", &said);
        for passphrase in [PASSPHRASE, NEW_PASSPHRASE] {
            secrets.add("a passphrase", passphrase.as_bytes());
        }
        passphrase_file(folder.path(), "words", PASSPHRASE);
        passphrase_file(folder.path(), "others", NEW_PASSPHRASE);
        Self { folder, secrets }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("nodes/eu-fr").join(name)
    }

    fn words(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("read")
    }

    /// Whatever this command says is no secret.
    fn silent(&self, code: i32, arguments: &[&str], variables: &[(&str, &str)]) {
        let (ended, said) = chappe(self.folder.path(), arguments, variables);
        let text = String::from_utf8_lossy(&said);
        assert_eq!(ended, Some(code), "{arguments:?}: {text}");
        none_in(&self.secrets, &format!("{arguments:?}"), &said);
    }

    fn relay(&self, variables: &[(&str, &str)]) {
        let config = self.path("relay.toml").display().to_string();
        self.silent(2, &["relay", "--config", &config], variables);
        self.silent(2, &["relay", "--config", &config, "--check"], variables);
    }

    /// A relay with one file broken; the file is as before afterwards.
    fn relay_with(&self, name: &str, text: &str) {
        let before = std::fs::read(self.path(name)).expect("read");
        std::fs::write(self.path(name), text).expect("written");
        self.relay(&[]);
        std::fs::write(self.path(name), before).expect("written");
    }
}

#[test]
fn broken_keys_and_seeds_are_refused_without_a_word_of_them() {
    let all = Broken::new();
    let (key, seed) = (all.read("keys/relay.pem"), all.read("seeds/relay.nk"));
    all.relay_with("keys/relay.pem", &key.replace("BEGIN PRIVATE", "BEGIN"));
    all.relay_with("keys/relay.pem", &key.replace("MC4CAQ", "MC4CAg"));
    all.relay_with("keys/relay.pem", &key.replace("-----END PRIVATE KEY-----", ""));
    all.relay_with("keys/relay.pem", &key.replace('\n', "\n\n"));
    all.relay_with("keys/relay.pem", &format!("{key}{key}"));
    all.relay_with("keys/relay.pem", &seed);
    all.relay_with("seeds/relay.nk", &key);
    all.relay_with("seeds/relay.nk", &format!("{}x", seed.trim()));
    all.relay_with("seeds/relay.nk", &format!("{}\n{seed}", seed.trim()));
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(all.path("keys/relay.pem"), open).expect("set");
    all.relay(&[]);
}

#[test]
fn wrong_passphrases_are_refused_without_a_word_of_any() {
    let all = Broken::new();
    encrypt(&all.path("keys/relay.pem"), Path::new(&all.words("words")));
    if !all.read("keys/relay.pem").contains("ENCRYPTED") {
        println!("skipped: openssl is not installed");
        return;
    }
    let (words, others) = (all.words("words"), all.words("others"));
    all.relay(&[]);
    all.relay(&[("CHAPPE_KEYS_PASSPHRASE", &others)]);
    // The passphrase itself where a file's name belongs.
    all.relay(&[("CHAPPE_KEYS_PASSPHRASE", PASSPHRASE)]);
    let key = all.path("keys/relay.pem").display().to_string();
    all.silent(2, &["key", "show", &key, "--passphrase-file", &others], &[]);
    all.silent(2, &["key", "show", &key], &[]);
    all.silent(0, &["key", "show", &key, "--passphrase-file", &words], &[]);
}

#[test]
fn a_configuration_with_a_secret_in_it_is_refused_without_repeating_it() {
    let all = Broken::new();
    let (text, seed) = (all.read("relay.toml"), all.read("seeds/relay.nk"));
    let config = |from: &str, to: &str| {
        assert!(text.contains(from), "{text}");
        all.relay_with("relay.toml", &text.replacen(from, to, 1));
    };
    config("seeds/relay.nk", seed.trim());
    config("[keys]", &format!("[keys]\npasphrase = \"{PASSPHRASE}\""));
    config("[keys]", &format!("[keys]\npassphrase = [\"{PASSPHRASE}\"]"));
    config("[keys]", &format!("[keys]\npassphrase = \"{PASSPHRASE}"));
    config("[keys]", &format!("[keys]\npassphrase = {PASSPHRASE}"));
    all.silent(2, &["relay", "--config", &all.path("seeds/relay.nk").display().to_string()], &[]);
    all.silent(2, &["relay", "--config", &all.path("keys/relay.pem").display().to_string()], &[]);
}

#[test]
fn making_and_showing_keys_prints_the_public_half_alone() {
    let mut all = Broken::new();
    let words = all.words("others");
    for (name, rest) in [
        ("a.pem", &["--passphrase-file", words.as_str(), "--json"][..]),
        ("b.pem", &["--passphrase-file", words.as_str(), "--public", "b.pub"]),
        ("c.pem", &["--not-encrypted"]),
    ] {
        let new = [&["key", "new", name], rest].concat();
        let (code, said) = chappe(all.folder.path(), &new, &[]);
        assert_eq!(code, Some(0));
        all.secrets.add_key(&all.folder.path().join(name));
        let file = KeyFile::of_process(all.folder.path().join(name), Some(PathBuf::from(&words)));
        file.read().expect("a key");
        none_in(&all.secrets, name, &said);
        all.silent(0, &["key", "show", name, "--passphrase-file", &words], &[]);
        all.silent(0, &["key", "show", name, "--passphrase-file", &words, "--json"], &[]);
    }
    // That the search sees what a process prints: a key file shown by another program.
    let shown = Command::new("cat").arg(all.folder.path().join("c.pem")).output().expect("runs");
    assert_eq!(all.secrets.found(&shown.stdout).len(), 1);
}

#[test]
fn debug_shows_no_secret_of_anything_that_holds_one() {
    let all = Broken::new();
    let relay = RelayConfig::load(&all.path("relay.toml")).expect("a configuration");
    let desk = DeskProfile::load(&all.path("desk.toml")).expect("a profile");
    let seed = seed_path(all.folder.path(), &relay.node, &Role::Desk);
    let nkey = keys::read_nkey(&seed).expect("a seed");
    let file = KeyFile::of_process(&relay.relay_key, Some(all.words("words").into()));
    let key = file.read().expect("a key");
    let passphrase = Passphrase::of_process(Some(all.words("words").into()));
    let secret = passphrase.get(Path::new("key.pem")).expect("a passphrase");
    assert_eq!(
        all.secrets.found(nkey.seed.expose().as_bytes()).len(),
        1,
        "it is there to be shown"
    );
    assert_eq!(all.secrets.found(secret.expose().as_bytes()).len(), 1, "it is there to be shown");
    let endpoint = chappe::bus::Endpoint {
        url: relay.server.url.clone(),
        seed: nkey.seed.clone(),
        inbox: "_INBOX_desk".into(),
        name: "desk".into(),
        tls: chappe::bus::TlsFiles::default(),
    };
    let place = chappe::publish::Place {
        node: relay.node.clone(),
        endpoint,
        intake: "desk".into(),
        trust: chappe::relay::TrustFiles {
            root: desk.root.clone(),
            bundles: Some(desk.bundles.clone()),
        },
        issue_key: Some(file.clone()),
        spool: all.folder.path().join("spool"),
    };
    let shown =
        format!("{relay:?}{desk:?}{nkey:?}{file:?}{key:?}{passphrase:?}{secret:?}{place:?}");
    none_in(&all.secrets, "Debug", shown.as_bytes());
    let shown = format!("{relay:#?}{desk:#?}{nkey:#?}{file:#?}{key:#?}{secret:#?}{place:#?}");
    none_in(&all.secrets, "Debug", shown.as_bytes());
}
