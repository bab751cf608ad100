//! The program as a user meets it, without a server: each mistake ends with exit code 2, or 3 if a
//! notice is refused, and says what is wrong, where, and what helps.
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const CSAF: &str = "demo/documents/icsa-24-130-02.json";
const VERBS: &[&str] = &[
    "demo",
    "provision",
    "relay",
    "publish",
    "withdraw",
    "close",
    "annotate",
    "list",
    "show",
    "trace",
    "ack",
    "escalate",
    "respond",
    "cases",
    "case",
    "subscribe",
    "verify",
    "status",
    "key",
    "trust",
    "topology",
];

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn chappe(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chappe"));
    command.current_dir(root("")).args(arguments).stdin(Stdio::null());
    command.output().expect("runs")
}

/// Asserts the exit code, that each word is said, and that nothing panicked.
fn ends(arguments: &[&str], code: i32, words: &[&str]) -> String {
    let output = chappe(arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    for word in words {
        assert!(said.contains(word), "{arguments:?} does not say `{word}`: {said}");
    }
    assert!(!said.contains("panicked"), "{said}");
    said
}

/// A rendered federation whose server nobody starts.
struct Rendered(TempDir);

impl Rendered {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().display().to_string();
        let done = chappe(&[
            "topology",
            "render",
            "topology/small.toml",
            "--one-server",
            "--port",
            "1",
            "--out",
            &out,
        ]);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        Self(folder)
    }

    fn path(&self, path: &str) -> String {
        self.0.path().join(path).display().to_string()
    }

    fn write(&self, path: &str, content: impl AsRef<[u8]>) -> String {
        std::fs::write(self.0.path().join(path), content).expect("written");
        self.path(path)
    }

    /// The relay's configuration of `eu-fr`, changed.
    fn relay(&self, from: &str, to: &str) -> String {
        let text = std::fs::read_to_string(self.path("nodes/eu-fr/relay.toml")).expect("read");
        assert!(text.contains(from), "{text}");
        self.write("nodes/eu-fr/changed.toml", text.replace(from, to))
    }

    /// Publishes as the desk of `eu-fr`, which must not come as far as the server.
    fn publish(&self, file: &str, flags: &[&str], words: &[&str]) {
        let profile = self.path("nodes/eu-fr/desk.toml");
        let all = [&["publish", file, "-c", &profile], flags].concat();
        let said = ends(&all, 2, words);
        assert!(!said.contains("127.0.0.1"), "the server was asked first: {said}");
    }
}

#[test]
fn unknown_words_are_wrong_usage() {
    ends(&["frobnicate"], 2, &["frobnicate", "--help"]);
    ends(&["list", "--frobnicate"], 2, &["--frobnicate"]);
    ends(&["publish"], 2, &["<FILE>", "--config"]);
    ends(&["list", "-c", "no-such-file.toml"], 2, &["no-such-file.toml"]);
}

#[test]
fn a_label_is_never_guessed_and_a_severity_is_one_of_five() {
    let all = Rendered::new();
    let note = all.write("note.txt", "text");
    let flags = ["--to", "eu.fr", "--severity", "high"];
    all.publish(&note, &flags, &["label", "--tlp"]);
    all.publish(&note, &["--tlp", "GREEN", "--severity", "high"], &["--to", "who may receive"]);
    all.publish(&note, &["--to", "eu.fr", "--tlp", "GREEN"], &["severity", "--severity"]);
    let flags = ["--to", "eu.fr", "--tlp", "GREEN", "--severity", "awful"];
    all.publish(&note, &flags, &["awful", "critical, high, medium, low, unknown"]);
    all.publish(&note, &["--to", "eu.fr", "--tlp", "PINK"], &["PINK", "AMBER+STRICT"]);
}

#[test]
fn a_text_that_does_not_say_who_it_is_goes_by_its_files_name() {
    let all = Rendered::new();
    let note = all.write("note.txt", "text");
    let profile = all.path("nodes/eu-fr/desk.toml");
    let flags = ["--to", "eu.fr", "--tlp", "GREEN", "--severity", "high", "--dry-run"];
    let output = chappe(&[&["publish", &note, "-c", &profile], flags.as_slice()].concat());
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && shown.contains("eu-fr-bre"), "{shown}");
    assert!(shown.contains("\"note.txt\"") && !shown.contains("eu-be"), "{shown}");
}

#[test]
fn a_file_that_cannot_be_sent_is_named_with_its_place() {
    let all = Rendered::new();
    let flags = ["--to", "eu.fr", "--tlp", "GREEN"];
    all.publish("no-such-file.json", &flags, &["no-such-file.json", "No such file"]);
    let broken = all.write("broken.json", "{\"a\": 1,\n \"b\": }");
    all.publish(&broken, &flags, &["broken.json:2:7"]);
    let large = all.write("large.bin", vec![b'x'; 8 * 1024 * 1024 + 1]);
    all.publish(&large, &flags, &["large.bin", "8388609", "8388608"]);
}

#[test]
fn a_draft_and_a_loosened_label_are_refused_before_the_server_is_asked() {
    let all = Rendered::new();
    let text = std::fs::read_to_string(root(CSAF)).expect("a document");
    let mut csaf: Value = serde_json::from_str(&text).expect("JSON");
    csaf["document"]["distribution"]["tlp"]["label"] = "AMBER".into();
    let amber = all.write("amber.json", csaf.to_string());
    all.publish(&amber, &["--to", "eu.fr", "--tlp", "GREEN"], &["AMBER", "--tlp GREEN"]);
    csaf["document"]["tracking"]["status"] = "draft".into();
    let draft = all.write("draft.json", csaf.to_string());
    all.publish(&draft, &["--to", "eu.fr", "--tlp", "AMBER"], &["draft"]);
}

#[test]
fn an_audience_that_does_not_exist_is_a_slip_of_the_pen() {
    let all = Rendered::new();
    let to = |to: &str, words: &[&str]| all.publish(CSAF, &["--to", to, "--tlp", "GREEN"], words);
    to("eu.fr.all.fishing", &["no sector is called `fishing`"]);
    to("eu-fr-nowhere", &["eu-fr-nowhere", "no bundle lists"]);
    to("Europe", &["Europe"]);
    to("", &["--to"]);
}

#[test]
fn what_a_ceiling_on_the_way_would_stop_does_not_set_out() {
    let all = Rendered::new();
    let profile = all.path("nodes/eu-fr/desk.toml");
    let to = ["publish", CSAF, "-c", &profile, "--to", "eu-fr-nor-townhall1", "--tlp"];
    let said = ends(&[&to[..], &["AMBER"]].concat(), 3, &["tlp: TLP:AMBER", "lower ceiling"]);
    assert!(!said.contains("127.0.0.1"), "the server was asked first: {said}");
    ends(&[&to[..], &["GREEN", "--dry-run"]].concat(), 0, &[]);
}

#[test]
fn every_unknown_key_of_a_configuration_is_told_at_once_with_its_line() {
    let all = Rendered::new();
    let relay = all.relay("amber = false", "umber = false\ncolour = \"red\"");
    let said = ends(&["relay", "--config", &relay], 2, &["`umber`", "`colour`", "`amber`?"]);
    assert!(said.lines().all(|line| line.contains("changed.toml:")), "{said}");
    ends(&["relay", "--config", "nowhere.toml"], 2, &["nowhere.toml"]);
}

#[test]
fn a_key_that_others_can_read_or_that_issues_is_not_used_by_a_relay() {
    let all = Rendered::new();
    let issuing = all.relay("keys/relay.pem", "keys/issue.pem");
    ends(&["relay", "--config", &issuing], 2, &["issue.pem", "issue key"]);
    let key = all.path("nodes/eu-fr/keys/relay.pem");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).expect("changed");
    let relay = all.path("nodes/eu-fr/relay.toml");
    ends(&["relay", "--config", &relay], 2, &["644", "chmod 600", &key]);
}

#[test]
fn a_topology_has_all_its_mistakes_told_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("topology.toml");
    let text = std::fs::read_to_string(root("topology/small.toml")).expect("read");
    let text = text.replace("level = \"sector\"", "level = \"sectr\"");
    let text = text.replace("constituency = [\"eu.fr.nor\"]", "constituency = [\"eu.fr.xyz\"]");
    let text = text.replace("ceiling = \"AMBER\"", "sealing = \"AMBER\"");
    std::fs::write(&file, text).expect("written");
    let file = file.display().to_string();
    let said = ends(&["topology", "check", &file], 2, &["`sectr`", "eu.fr.xyz", "`sealing`"]);
    let placed = said.lines().filter(|line| line.starts_with(&format!("{file}:")));
    assert!(placed.count() >= 3, "{said}");
    ends(&["topology", "check", "topology/small.toml"], 0, &[]);
}

#[test]
fn help_names_only_verbs_that_are_there() {
    let output = chappe(&["--help"]);
    let help = String::from_utf8(output.stdout).expect("text");
    for verb in VERBS {
        assert!(help.lines().any(|line| line.trim_start().starts_with(verb)), "{verb}: {help}");
        let output = chappe(&[verb, "--help"]);
        assert!(output.status.success(), "{verb}");
        let help = String::from_utf8(output.stdout).expect("text");
        let named = help.match_indices("chappe ").filter(|(at, _)| !help[..*at].ends_with('.'));
        for (at, name) in named {
            let word = help[at + name.len()..].split_whitespace().next().unwrap_or_default();
            assert!(VERBS.contains(&word), "{verb} --help names `chappe {word}`");
        }
    }
}

/// The example of the protocol with one thing changed in each, and the reason for which it falls.
fn altered() -> Vec<(&'static str, Value)> {
    let text = std::fs::read_to_string(root("docs/example/notice.chappe")).expect("the example");
    let good: Value = serde_json::from_str(&text).expect("JSON");
    let with = |change: fn(&mut Value)| {
        let mut file = good.clone();
        change(&mut file);
        file
    };
    let flip = |text: &Value, at: usize| {
        let mut text = text.as_str().expect("text").to_owned();
        let other = if text[at..].starts_with('A') { "B" } else { "A" };
        text.replace_range(at..=at, other);
        Value::from(text)
    };
    let mut statement = good.clone();
    statement["notice"] = flip(&good["notice"], 200);
    let mut hop = good.clone();
    hop["hops"][1] = flip(&good["hops"][1], good["hops"][1].as_str().map_or(0, str::len) - 20);
    vec![
        ("signature", statement),
        ("signature", hop),
        ("hop-chain", with(|f| f["hops"].as_array_mut().expect("hops").reverse())),
        ("hop-chain", with(|f| drop(f["hops"].as_array_mut().expect("hops").remove(0)))),
        ("algorithm", with(|f| f["notice"] = f["hops"][0].clone())),
        ("body", with(|f| f["body"] = "AAAA".into())),
        ("body", with(|f| f["body_sig"] = "AAAA".into())),
    ]
}

#[test]
fn an_altered_notice_is_refused_and_not_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("altered.chappe").display().to_string();
    let trusted = "docs/example/trust/root-eu-fr.json";
    let good = chappe(&["verify", "docs/example/notice.chappe", "--root", trusted]);
    let said = String::from_utf8_lossy(&good.stderr).into_owned();
    // Its keys and dates are fixed: one day it is expired, which comes before the body.
    let expired = said.contains("expired");
    assert!(good.status.success() || expired, "{said}");
    for (reason, altered) in altered() {
        std::fs::write(&file, altered.to_string()).expect("written");
        let reason = if expired && reason == "body" { "expired" } else { reason };
        ends(&["verify", &file, "--root", trusted], 3, &["altered.chappe", reason]);
        let shown = chappe(&["verify", &file, "--root", trusted]).stdout;
        assert!(shown.is_empty(), "{}", String::from_utf8_lossy(&shown));
    }
    ends(&["verify", CSAF, "--root", trusted], 2, &["not a .chappe file"]);
    ends(&["verify", &file, "--root", "nowhere.json"], 2, &["nowhere.json"]);
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chappe"));
    command.current_dir(root("")).args(["topology", "show", "topology/small.toml"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("ended");

    assert!(output.status.success(), "{output:?}");
    assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"), "{output:?}");
}

#[test]
fn a_demo_is_not_played_over_an_earlier_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().display().to_string();
    std::fs::create_dir(folder.path().join("jetstream")).expect("made");
    ends(&["demo", "--topology", "topology/small.toml", "--dir", &dir], 2, &[&dir, "before"]);
    ends(&["demo", "--topology", "nowhere.toml"], 2, &["nowhere.toml"]);
    let none = ["demo", "--once", "--topology", "topology/small.toml", "--documents", "nowhere"];
    ends(&none, 2, &["nowhere"]);
}

#[test]
fn what_a_report_lacks_is_named_in_a_pipe_all_at_once_with_its_flags() {
    let all = Rendered::new();
    let profile = all.path("nodes/eu-fr-bre/desk.toml");
    let report = |words: &[&str], code, said: &[&str]| {
        ends(&[&["escalate", "-c", &profile], words].concat(), code, said)
    };
    let flags = ["--for", "--aware", "--type", "--scope", "--sector", "--summary", "--tlp"];
    let said = report(&["--severity", "high"], 2, &flags);
    assert!(!said.contains("--severity"), "{said}");
    let file = "demo/incident.json";
    let naive = [file, "--tlp", "AMBER", "--aware", "2026-11-24T08:10:00"];
    report(&naive, 2, &["`aware`", "an instant with its offset"]);
    report(&[file, "--tlp", "AMBER", "--via", "fax"], 2, &["phone, portal or mail"]);
    report(&[file, "--tlp", "AMBER", "--stage", "final"], 3, &["stage: a case begins with"]);
    report(&[file, "--tlp", "AMBER", "--regime", "nis3"], 2, &["nis2, cra-vulnerability"]);
    let large = all.write("large.bin", vec![0; 7 * 1024 * 1024]);
    report(&[file, "--tlp", "AMBER", "--attach", &large], 2, &["large.bin", "at most"]);
}

#[test]
fn a_report_comes_from_a_pipe_and_a_time_that_is_still_to_come_is_named() {
    let all = Rendered::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_chappe"));
    command.args(["escalate", "-", "--tlp", "AMBER", "--aware", "2099-01-01T00:00:00Z", "-c"]);
    command.arg(all.path("nodes/eu-fr-bre/desk.toml"));
    command.stdin(std::fs::File::open(root("demo/incident.json")).expect("there"));
    let output = command.output().expect("runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("`aware` is 2099-01-01T00:00:00Z, which is still to come"), "{said}");
}

#[test]
fn a_victims_own_node_cannot_put_its_case_under_embargo() {
    let all = Rendered::new();
    let profile = all.path("nodes/eu-fr-bre-hospital1/desk.toml");
    let words = ["escalate", "demo/incident.json", "-c", &profile, "--tlp", "AMBER"];
    ends(&[&words[..], &["--embargo", "heron"]].concat(), 3, &["embargo: only a CSIRT"]);
}

#[test]
fn a_field_that_cannot_be_left_out_is_wrong_usage() {
    let words = ["case", "forward", "0123abcd", "--redact", "severity", "-c", "x.toml"];
    ends(&words, 2, &["expected name or one of affected.name, reported_by"]);
    let words = ["case", "export", "x.age", "--to", "age1abc", "-c", "x.toml"];
    ends(&words, 2, &["expected an age recipient"]);
}

#[test]
fn at_a_terminal_a_report_is_asked_for_field_by_field_until_it_is_right() {
    let all = Rendered::new();
    let answers = serde_json::json!([
        ["Whom did it hit: ", "CH X"],
        ["eu.fr.bre.health): ", "eu.fr.bre.health"],
        ["+01:00): ", "2026-11-24T08:10:00"],
        ["infected-system): ", "malicious-code/infected-system"],
        ["unknown): ", "critical"],
        ["What happened: ", "All down."],
        ["+01:00): ", "2026-11-24T08:10:00+01:00"],
        ["GREEN or CLEAR): ", "AMBER"],
    ]);
    let mut terminal = Command::new("python3");
    terminal.arg(root("tests/python/terminal.py")).arg(answers.to_string());
    terminal.arg(env!("CARGO_BIN_EXE_chappe")).args(["escalate", "--via", "phone", "-c"]);
    terminal.arg(all.path("nodes/eu-fr-bre/desk.toml"));
    terminal.env("XDG_STATE_HOME", all.path("state")).stdin(Stdio::null());
    let output = terminal.output().expect("runs");
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{shown}");
    assert!(shown.contains("`aware` is \"2026-11-24T08:10:00\", expected an instant"), "{shown}");
    assert!(shown.contains("waits in the spool"), "{shown}");
    assert!(shown.contains("without --regime no legal clock runs"), "{shown}");
}
