//! Documents that say of themselves that they are over, and notices that near their end: `publish`
//! does what their issuer means.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::*;
use serde_json::{Value, json};

const AT: &str = "eu-fr";

fn run(all: &Federation, profile: &str, words: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chappe"));
    command.args(words).arg("-c").arg(all.node(AT).folder.join(profile));
    let done = command.stdin(Stdio::null()).output().expect("runs");
    let said = [done.stdout, done.stderr].concat();
    (done.status.code(), String::from_utf8_lossy(&said).into_owned())
}

/// What the desk of a region lists under a reference: standing and kind, newest first.
fn standings(all: &Federation, node: &str, reference: &str) -> Vec<(String, String)> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chappe"));
    command.args(["show", reference, "--json", "-c"]).arg(all.node(node).folder.join("desk.toml"));
    let done = command.stdin(Stdio::null()).output().expect("runs");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let line = |line: &str| {
        let listed: Value = serde_json::from_str(line).expect("JSON");
        (text(&listed["standing"]), text(&listed["statement"]["kind"]))
    };
    String::from_utf8(done.stdout).expect("UTF-8").lines().map(line).collect()
}

async fn stands(all: &Federation, reference: &str, wanted: &[(&str, &str)]) {
    let mut wanted: Vec<(String, String)> =
        wanted.iter().map(|(s, k)| ((*s).to_owned(), (*k).to_owned())).collect();
    // What was issued in the same second stands in no order.
    wanted.sort();
    for node in [AT, "eu-fr-bre"] {
        let same = async || {
            let mut found = standings(all, node, reference);
            found.sort();
            if found == wanted { Ok(()) } else { Err(format!("{node}: {found:?}")) }
        };
        all.eventually(&format!("{wanted:?} of {reference}"), same).await;
    }
}

fn write(all: &Federation, name: &str, document: &Value) -> PathBuf {
    let path = all.rendered.out.join(name);
    std::fs::write(&path, document.to_string()).expect("written");
    path
}

fn document(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("demo/documents").join(name);
    serde_json::from_slice(&std::fs::read(path).expect("read")).expect("JSON")
}

#[tokio::test]
async fn an_alert_that_cert_fr_has_closed_closes_what_is_in_force_of_it_and_starts_nothing() {
    let all = Federation::start(SMALL).await;
    let closed = document("CERTFR-2024-ALE-008.json");
    assert!(closed["closed_at"].is_string(), "the sample is closed");
    let mut open = closed.clone();
    open["closed_at"] = Value::Null;
    open["revisions"].as_array_mut().expect("a list").pop();
    let (open, closed) = (write(&all, "open.json", &open), write(&all, "closed.json", &closed));
    let (open, closed) = (open.to_str().expect("a path"), closed.to_str().expect("a path"));
    let (code, said) =
        run(&all, "desk.toml", &["publish", closed, "--to", "eu.fr", "--tlp", "CLEAR"]);
    assert!(code == Some(1) && said.contains("nothing to end"), "{said}");
    for to in ["eu.fr", "eu.fr.bre"] {
        let (code, said) = run(&all, "desk.toml", &["publish", open, "--to", to, "--tlp", "CLEAR"]);
        assert_eq!(code, Some(0), "{said}");
    }
    let (code, said) = run(&all, "desk.toml", &["publish", closed, "--dry-run"]);
    assert!(code == Some(0) && said.contains("Closed: ") && said.contains("ends "), "{said}");
    let (code, said) = run(&all, "desk.toml", &["publish", closed]);
    assert_eq!(code, Some(0), "{said}");
    let reference = "CERTFR-2024-ALE-008";
    let of_both = async || {
        let found = standings(&all, "eu-fr-bre", reference);
        let count = |what: (&str, &str)| {
            found.iter().filter(|(s, k)| (s.as_str(), k.as_str()) == what).count()
        };
        let (alerts, closings) = (count(("closed", "alert")), count(("in force", "closing")));
        if (alerts, closings) == (2, 2) { Ok(()) } else { Err(format!("{found:?}")) }
    };
    all.eventually("both audiences' alerts are closed", of_both).await;
    let (code, said) = run(&all, "desk.toml", &["publish", closed]);
    assert!(code == Some(0) && said.contains("unchanged"), "{said}");
}

#[tokio::test]
async fn a_csaf_document_that_is_withdrawn_withdraws_what_is_in_force_of_it() {
    let all = Federation::start(SMALL).await;
    let first = document("icsa-24-130-02.json");
    let reference = first["document"]["tracking"]["id"].as_str().expect("an id").to_owned();
    let mut over = first.clone();
    over["document"]["category"] = json!("csaf_superseded");
    let (first, over) = (write(&all, "first.json", &first), write(&all, "over.json", &over));
    let (first, over) = (first.to_str().expect("a path"), over.to_str().expect("a path"));
    let (code, said) =
        run(&all, "desk.toml", &["publish", first, "--to", "eu.fr", "--tlp", "GREEN"]);
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = run(&all, "desk.toml", &["publish", over, "--to", "eu.fr.nor"]);
    assert!(code == Some(1) && said.contains("nothing to end"), "another audience: {said}");
    let (code, said) = run(&all, "desk.toml", &["publish", over]);
    assert_eq!(code, Some(0), "{said}");
    stands(&all, &reference, &[("in force", "withdrawal"), ("withdrawn", "advisory")]).await;
}

#[tokio::test]
async fn near_its_end_the_same_document_is_renewed_and_before_it_nothing_is_sent() {
    let all = Federation::start(SMALL).await;
    let file = all.rendered.out.join("note.txt");
    std::fs::write(&file, "note").expect("written");
    let note = file.to_str().expect("a path");
    let publisher = format!("{}.toml", all.publisher(AT));
    // A desk asks its node what is in force, a publisher its own copies.
    for (profile, reference) in [("desk.toml", "DESK-1"), (publisher.as_str(), "TOOL-1")] {
        let publish = |days: &str| {
            let words = ["publish", note, "--to", "eu.fr", "--tlp", "GREEN", "--severity", "low"];
            run(&all, profile, &[&words[..], &["--ref", reference, "--days", days]].concat())
        };
        let (code, said) = publish("10");
        assert_eq!(code, Some(0), "{said}");
        let (code, said) = publish("10");
        assert!(code == Some(0) && !said.contains("renewed"), "no day is won: {said}");
        assert_eq!(standings(&all, AT, reference).len(), 1);
        let (_, said) = run(&all, "desk.toml", &["list", "--own"]);
        assert!(said.contains("expires in 9 days: publish it again"), "{said}");
        let (code, said) = publish("90");
        assert!(code == Some(0) && said.contains("renewed: it would expire"), "{said}");
        let wanted = [("in force", "advisory"), ("superseded", "advisory")];
        stands(&all, reference, &wanted).await;
        let (code, said) = publish("90");
        assert!(code == Some(0) && said.contains("unchanged"), "far from its end: {said}");
    }
    let (_, said) = run(&all, "desk.toml", &["list", "--own"]);
    assert!(!said.contains("expires in"), "{said}");
}
