//! Cases through the command line, at three levels of real relays: one by telephone under NIS2, one
//! of an entity under CRA; what must not be said is refused, and the victim's name stands nowhere
//! that it must not be.

use std::process::{Output, Stdio};

use crate::support::*;
use serde_json::Value;

const REGION: &str = "eu-fr-bre";
const STATE: &str = "eu-fr";
const HOSPITAL: &str = "eu-fr-bre-hospital1";
/// Whom the telephoned case hit. No topology, path or user has a part of it.
const VICTIM: &str = "Clinique Tréguennec";
const NEEDLES: [&str; 2] = ["tréguennec", "treguennec"];

/// A command at a node's desk, whatever becomes of it: exit code, output, complaints.
async fn chappe(all: &Federation, node: &str, words: &[&str]) -> (i32, String, String) {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_chappe"));
    let profile = all.node(node).folder.join("desk.toml");
    command.args(words).arg("-c").arg(profile).stdin(Stdio::null());
    let Output { status, stdout, stderr } = command.output().await.expect("runs");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (status.code().unwrap_or(-1), text(stdout), text(stderr))
}

async fn done(all: &Federation, node: &str, words: &[&str]) -> String {
    let (code, said, told) = chappe(all, node, words).await;
    assert_eq!(code, 0, "{node}: {words:?}\n{said}{told}");
    said
}

async fn refused(all: &Federation, node: &str, words: &[&str], why: &str) {
    let (code, said, told) = chappe(all, node, words).await;
    assert!(code == 3 && told.contains(why), "{node}: {words:?}: {code}\n{said}{told}");
}

/// The id of what a command with `--json` has sent.
async fn sent(all: &Federation, node: &str, words: &[&str]) -> String {
    let said = done(all, node, &[words, &["--json"]].concat()).await;
    let line: Value = serde_json::from_str(said.lines().next().expect("a line")).expect("JSON");
    line["id"].as_str().expect("an id").to_owned()
}

/// The cases of a node's desk, by `chappe cases --all --json`.
async fn cases(all: &Federation, node: &str) -> Vec<Value> {
    let said = done(all, node, &["cases", "--all", "--json"]).await;
    said.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// Waits until a node has a case of which this notice is a part.
async fn case_with(all: &Federation, node: &str, id: &str) -> Value {
    let has = async || {
        let found = cases(all, node).await;
        let part = |case: &Value| {
            let others = case["notices"].as_array().into_iter().flatten();
            case["case"] == id || others.into_iter().any(|other| other == id)
        };
        let found = found.into_iter().find(part);
        found.ok_or_else(|| format!("{node} has no case with {id}"))
    };
    all.eventually(&format!("{node} has {id}"), has).await
}

/// An instant so many hours ago, as a person writes it.
fn hours_ago(hours: u64) -> String {
    let at = chappe::time::now() - std::time::Duration::from_secs(hours * 3600);
    chappe::notice::Time::from_secs(at.secs()).to_string()
}

/// What a CSIRT types while the victim is on the telephone.
fn by_phone(aware: &str) -> Vec<&str> {
    vec![
        "escalate",
        "--for",
        VICTIM,
        "--aware",
        aware,
        "--via",
        "phone",
        "--type",
        "malicious-code/infected-system",
        "--nature",
        "ransomware",
        "--severity",
        "critical",
        "--scope",
        "eu.fr.bre.health",
        "--country",
        "fr",
        "--malicious",
        "--summary",
        "Servers encrypted, Tréguennec is offline.",
        "--regime",
        "nis2",
        "--tlp",
        "AMBER",
    ]
}

fn deadline<'c>(case: &'c Value, name: &str) -> &'c Value {
    let all = case["deadlines"].as_array().expect("deadlines");
    all.iter().find(|d| d["name"] == name).unwrap_or_else(|| panic!("no {name} in {case:#}"))
}

/// Everything that a node's server, log and metrics could give away, without bodies.
async fn open_texts(all: &Federation, node: &str) -> String {
    let mut texts = all.page(node, "/metrics").await;
    for stream in ["BOARD", "INBOX", "CASES", "OUTBOX", "HELD", "RECEIPTS", "QUARANTINE"] {
        texts.push_str(&all.subjects(node, stream).await.join("\n"));
    }
    for (_, said) in all.said().into_iter().filter(|(name, _)| name == node) {
        texts.push_str(&String::from_utf8_lossy(&said));
    }
    texts.to_lowercase()
}

fn is_clean(text: &str, what: &str) {
    for needle in NEEDLES {
        assert!(!text.contains(needle), "{what} has {needle}");
    }
}

/// Without the name in it, up to the State; the State's relay is down meanwhile.
async fn forwarded(all: &Federation, warning: &str) -> String {
    let forward = ["case", "forward", warning, "--redact", "name"];
    refused(all, REGION, &forward, "`summary` still has the victim's name").await;
    all.kill_relay(STATE);
    let up = sent(all, REGION, &[&forward[..], &["summary"]].concat()).await;
    all.start_relay(STATE);
    all.ready(STATE).await;
    let above = case_with(all, STATE, &up).await;
    assert_eq!(above["marks"][0]["redacted"], REGION, "who left something out: {above:#}");
    let shown = done(all, STATE, &["case", "show", &up]).await;
    assert!(shown.contains("affected.sector: health") && shown.contains("something left out"));
    is_clean(&shown.to_lowercase(), "what the State reads");
    up
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_by_telephone_goes_from_early_warning_to_final_report_and_names_nobody_above() {
    let all = Federation::start(SMALL).await;
    let warning = sent(&all, REGION, &by_phone(&hours_ago(2))).await;
    let case = case_with(&all, REGION, &warning).await;
    assert_eq!(deadline(&case, "early-warning")["standing"], "met", "{case:#}");
    assert_eq!(deadline(&case, "notification")["standing"], "open", "{case:#}");
    refused(&all, REGION, &["respond", &warning, "--state", "closed"], "first word").await;
    done(&all, REGION, &["respond", &warning, "--state", "accepted"]).await;

    let next = ["escalate", "--updates", &warning];
    let (code, _, told) = chappe(&all, REGION, &next).await;
    assert!(code == 2 && told.contains("--stage") && told.contains("notification"), "{told}");
    let said = |stage, summary| [&next[..], &["--stage", stage, "--summary", summary]].concat();
    sent(&all, REGION, &said("notification", "Two wards on paper.")).await;
    refused(&all, REGION, &said("early-warning", "Again."), "does not follow").await;

    // The victim is back, and is let in; from then on it reports itself.
    let admit = ["case", "admit", &warning, HOSPITAL];
    let admission = sent(&all, REGION, &admit).await;
    case_with(&all, HOSPITAL, &admission).await;
    let mut own = by_phone("2026-11-24T08:10:00Z");
    own[0] = "escalate";
    own.extend(["--updates", &admission, "--stage", "intermediate"]);
    let own = sent(&all, HOSPITAL, &own).await;
    let joined = case_with(&all, REGION, &own).await;
    assert_eq!(joined["case"], warning.as_str(), "one case: {joined:#}");

    let up = forwarded(&all, &warning).await;
    let referral = ["respond", &up, "--state", "referral", "--text", "Ask X."];
    let word = sent(&all, STATE, &referral).await;
    case_with(&all, REGION, &word).await;
    let handled = hours_ago(0);
    let last = [&said("final", "Restored.")[..], &["--handled", &handled]].concat();
    sent(&all, REGION, &last).await;
    refused(&all, REGION, &["case", "forward", &warning], "left out affected.name").await;
    done(&all, REGION, &["respond", &warning, "--state", "closed"]).await;
    let closed = sent(&all, STATE, &["respond", &up, "--state", "closed"]).await;
    let closed = case_with(&all, REGION, &closed).await;
    assert_eq!(closed["open"], false, "{closed:#}");
    for node in [REGION, STATE, "eu", HOSPITAL, "eu-fr-sante"] {
        is_clean(&open_texts(&all, node).await, node);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exploited_vulnerability_climbs_from_an_entity_and_its_final_counts_from_the_measure() {
    let all = Federation::start(SMALL).await;
    let aware = hours_ago(30);
    let report = [
        "escalate",
        "--for",
        "Maker",
        "--aware",
        &aware,
        "--type",
        "vulnerable/vulnerable-system",
        "--severity",
        "critical",
        "--summary",
        "Exploited.",
        "--regime",
        "cra-vulnerability",
        "--tlp",
        "AMBER",
        "--to",
        STATE,
    ];
    let first = sent(&all, HOSPITAL, &report).await;
    let case = case_with(&all, STATE, &first).await;
    assert_eq!(deadline(&case, "early-warning")["standing"], "met-late", "{case:#}");
    let asked = ["respond", &first, "--state", "information-requested", "--text", "Which one?"];
    let asked = sent(&all, STATE, &asked).await;
    case_with(&all, HOSPITAL, &asked).await;
    let measure = hours_ago(0);
    let next = ["escalate", "--updates", &first, "--stage", "notification", "--summary", "Patch."];
    let next = sent(&all, HOSPITAL, &[&next[..], &["--measure", &measure]].concat()).await;
    let case = case_with(&all, STATE, &next).await;
    let last = deadline(&case, "final");
    let due = last["due"].as_u64().expect("a time") / 1000;
    let at: u64 = chappe::time::now().secs();
    assert!((13 * DAY..=14 * DAY).contains(&(due - at)), "{case:#}");
    let heard = async || {
        let case = case_with(&all, REGION, &next).await;
        let word = &case["levels"][STATE]["word"];
        if word == "stops" { Ok(()) } else { Err(format!("{case:#}")) }
    };
    all.eventually("the region has the word of the State", heard).await;
    refused(&all, REGION, &["case", "forward", &first], "eu-fr has the report ").await;
    let short = chappe(&all, REGION, &["case", "show", &first[..3]]).await;
    assert!(short.0 == 2 && short.2.contains("at least 4 digits"), "{short:?}");
    // Who is not on the way has no such case, and whose it is not has no report to follow.
    assert_eq!(chappe(&all, "eu-fr-nor", &["respond", &first, "--state", "accepted"]).await.0, 1);
    refused(&all, HOSPITAL, &["respond", &first, "--state", "accepted"], "answers no case").await;
    let foreign = ["escalate", "--updates", &first, "--stage", "final", "--summary", "x"];
    refused(&all, STATE, &foreign, "a node goes on from what is its own").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_under_embargo_has_a_code_name_until_it_is_lifted_and_no_advisory_gives_it_away() {
    let all = Federation::start(SMALL).await;
    let aware = hours_ago(1);
    let hidden = [&by_phone(&aware)[..], &["--embargo", "heron"]].concat();
    refused(&all, HOSPITAL, &hidden, "embargo: only a CSIRT").await;
    let id = sent(&all, REGION, &hidden).await;
    let case = case_with(&all, REGION, &id).await;
    assert_eq!(case["title"], "Incident heron");
    let subjects = all.subjects(REGION, "CASES").await.join("\n");
    assert!(!subjects.contains("health") && !subjects.contains(".fr."), "{subjects}");

    let note = all.rendered.out.join("note.txt");
    let file = note.display().to_string();
    let publish = |tlp| {
        let to = ["--to", "eu.fr.bre", "--severity", "high", "--ref", "BRE-1", "--tlp", tlp];
        [&["publish", &file, "--from-case", &id][..], &to].concat()
    };
    for (text, why) in [
        ("As at TREGUENNEC: patch.", "the document has the victim's name"),
        ("As in case Heron: patch.", "the document has the code name"),
    ] {
        std::fs::write(&note, text).expect("written");
        refused(&all, REGION, &publish("AMBER"), why).await;
    }
    std::fs::write(&note, "Patch at once.").expect("written");
    refused(&all, REGION, &publish("GREEN"), "the case is TLP:AMBER").await;
    sent(&all, REGION, &publish("AMBER")).await;
    let shown = done(&all, REGION, &["cases"]).await;
    assert!(shown.contains("advisory from it: BRE-1"), "{shown}");

    let up = sent(&all, REGION, &["case", "forward", &id, "--redact", "name", "summary"]).await;
    assert_eq!(case_with(&all, STATE, &up).await["title"], "Incident heron");
    let said = done(&all, REGION, &["case", "lift", &id, "--json"]).await;
    let lines: Vec<Value> = said.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    let lifted: Vec<&str> = lines.iter().map(|line| line["id"].as_str().expect("an id")).collect();
    assert_eq!(lifted.len(), 2, "its own, and what it has passed on: {said}");
    for (node, id) in [(REGION, lifted[0]), (STATE, lifted[1])] {
        let case = case_with(&all, node, id).await;
        assert_eq!(case["title"], "Incident: ransomware in eu.fr.bre.health", "{case:#}");
        assert!(!case["marks"].to_string().contains("behind"), "{case:#}");
    }
    let late = ["escalate", "--updates", &id, "--stage", "notification", "--summary", "More."];
    let late = sent(&all, REGION, &late).await;
    let marks = case_with(&all, REGION, &late).await["marks"].clone();
    assert_eq!(marks, serde_json::json!([{ "behind": STATE }]), "the State does not know of it");
    refused(&all, REGION, &["case", "lift", &id], "no last report of this node's is under").await;
    let sealed = all.rendered.out.join("cases.age");
    let to = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";
    let sealed_name = sealed.display().to_string();
    done(&all, REGION, &["case", "export", &sealed_name, "--to", to]).await;
    let bytes = std::fs::read(&sealed).expect("written");
    assert!(bytes.starts_with(b"age-encryption.org/v1\n-> X25519 "));
    is_clean(&String::from_utf8_lossy(&bytes).to_lowercase(), "the sealed file");
    is_clean(&open_texts(&all, REGION).await, REGION);
}
