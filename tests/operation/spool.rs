//! The origin keeps its copy: whatever dies between a person and its node, what was signed is
//! issued once.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use crate::support::*;
use chappe::notice::{Id, Statement};
use chappe::publish::Spool;

const AT: &str = "eu-fr";

fn command(all: &Federation, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chappe"));
    command.args(words).arg("-c").arg(all.node(AT).folder.join("desk.toml"));
    command.stdin(Stdio::null());
    command
}

fn chappe(all: &Federation, words: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command(all, words).output().expect("runs");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (status.code(), text(stdout), text(stderr))
}

fn publishing<'w>(file: &'w Path, reference: &'w str) -> Vec<&'w str> {
    let file = file.to_str().expect("a path");
    vec![
        "publish",
        file,
        "--to",
        "eu.fr",
        "--tlp",
        "GREEN",
        "--severity",
        "high",
        "--ref",
        reference,
    ]
}

fn note(all: &Federation, name: &str) -> PathBuf {
    let path = all.rendered.out.join(name);
    std::fs::write(&path, name).expect("written");
    path
}

fn spool(all: &Federation) -> Spool {
    Spool::new(all.node(AT).folder.join("spool").join("desk"))
}

fn counts(spool: &Spool) -> (usize, usize) {
    (spool.waiting().expect("a list").len(), spool.sent().expect("a list").len())
}

/// Waits until the board of a region has so many notices.
async fn board_has(all: &Federation, count: usize) {
    let enough = async || {
        let found = all.board("eu-fr-bre").await.len();
        if found == count { Ok(()) } else { Err(format!("{found} on the board")) }
    };
    all.eventually(&format!("{count} notices in Brittany"), enough).await;
}

/// Who gets no word asks again, as a script does; the notice stays one.
async fn published(all: &Federation, file: &Path, reference: &str) {
    let asked = async || match chappe(all, &publishing(file, reference)) {
        (Some(0), _, _) => Ok(()),
        (code, said, told) => Err(format!("{code:?}\n{said}\n{told}")),
    };
    all.eventually(&format!("{reference} is published"), asked).await;
}

#[tokio::test]
async fn what_is_published_while_the_server_is_down_is_sent_by_the_next_command() {
    let all = Federation::start(SMALL).await;
    all.kill_server();
    let file = note(&all, "note.txt");
    let (code, said, warned) = chappe(&all, &publishing(&file, "NOTE-1"));
    let signed = chappe::time::now().secs();
    assert_eq!(code, Some(0), "{warned}");
    assert!(said.contains("waits in the spool") && warned.contains("not issued yet"), "{warned}");
    let (code, _, warned) = chappe(&all, &publishing(&file, "NOTE-1"));
    assert!(code == Some(0) && warned.contains("waits in the spool already"), "{warned}");
    assert_eq!(counts(&spool(&all)), (1, 0));
    all.start_server().await;
    all.all_ready().await;
    let (code, said, told) = chappe(&all, &["list"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("from the spool: ") && told.contains(": issued"), "{told}");
    assert!(said.contains("NOTE-1") || said.contains("note.txt"), "{said}");
    assert_eq!(counts(&spool(&all)), (0, 1), "the copy stays until the notice expires");
    board_has(&all, 1).await;
    // Signed within the same second it would be the same notice.
    let later = async || match chappe::time::now().secs() {
        now if now > signed => Ok(()),
        now => Err(now.to_string()),
    };
    all.eventually("the next second", later).await;
    let (code, said, told) = chappe(&all, &publishing(&file, "NOTE-1"));
    assert!(code == Some(0) && said.contains("unchanged"), "{said}{told}");
    assert_eq!(counts(&spool(&all)), (0, 1), "nothing is kept of what was not issued");
    board_has(&all, 1).await;
}

#[tokio::test]
async fn what_is_published_while_the_relay_is_down_is_in_the_intake_and_issued_when_it_is_back() {
    let all = Federation::start(SMALL).await;
    all.kill_relay(AT);
    let (code, _, told) = chappe(&all, &["list"]);
    assert!(code == Some(1) && told.contains("the relay of eu-fr does not answer"), "{told}");
    let file = note(&all, "note.txt");
    let mut words = command(&all, &publishing(&file, "NOTE-1"));
    let child = words.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("runs");
    let taken = async || match all.stream_state(AT, "INTAKE_LOCAL_desk").await.messages {
        1 => Ok(()),
        found => Err(format!("{found} in the intake")),
    };
    all.eventually("it is in the intake", taken).await;
    all.start_relay(AT);
    let Output { status, stdout, stderr } = child.wait_with_output().expect("ended");
    let told = String::from_utf8_lossy(&stderr);
    assert_eq!(status.code(), Some(0), "{told}");
    assert!(String::from_utf8_lossy(&stdout).contains(": issued"), "{told}");
    board_has(&all, 1).await;
    assert_eq!(counts(&spool(&all)), (0, 1));
}

#[tokio::test]
async fn a_publisher_that_is_killed_at_any_moment_has_issued_all_or_nothing_and_never_twice() {
    let all = Federation::start(SMALL).await;
    let seed = chappe::time::now().millis();
    println!("TEST_SEED={seed}");
    let mut references = Vec::new();
    for number in 0..12_u64 {
        let reference = format!("NOTE-{number}");
        let file = note(&all, &reference);
        let mut words = command(&all, &publishing(&file, &reference));
        let mut child = words.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("runs");
        let pause = seed.wrapping_mul(number.wrapping_mul(2_654_435_761) | 1) % 400;
        tokio::time::sleep(Duration::from_millis(pause)).await;
        child.kill().expect("killed");
        child.wait().expect("ended");
        references.push((file, reference));
    }
    let (waited, _) = counts(&spool(&all));
    println!("{waited} of 12 were killed while their copy waited");
    // Whoever saw no answer asks again, as a script does.
    for (file, reference) in &references {
        let (code, said, told) = chappe(&all, &publishing(file, reference));
        assert_eq!(code, Some(0), "{said}{told}");
    }
    assert_eq!(counts(&spool(&all)), (0, 12));
    board_has(&all, 12).await;
    let (_, listed, _) = chappe(&all, &["list", "--json"]);
    let all_listed: Vec<serde_json::Value> =
        listed.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(all_listed.len(), 12, "{listed}");
}

/// As a script does that was killed and did not see the answer.
#[tokio::test]
async fn a_report_an_answer_a_note_and_an_update_that_are_repeated_are_there_once() {
    let all = Federation::start(SMALL).await;
    let done = |words: &[&str]| {
        let (code, said, told) = chappe(&all, words);
        assert_eq!(code, Some(0), "{words:?}: {said}{told}");
        said
    };
    let (first, second) = (note(&all, "first.txt"), note(&all, "second.txt"));
    done(&publishing(&first, "NOTE-1"));
    let report = ["escalate", "demo/incident.json", "--tlp", "AMBER", "--json"];
    let said: serde_json::Value = serde_json::from_str(&done(&report)).expect("JSON");
    let case = said["id"].as_str().expect("an id");
    let update = ["publish", second.to_str().expect("a path"), "--updates", "NOTE-1"];
    let answer = ["respond", case, "--state", "accepted", "--text", "Read."];
    let cover = ["annotate", "NOTE-1", "--title", "Here", "--text", "It concerns us."];
    done(&update);
    done(&cover);
    done(&answer);
    for again in [&report[..4], &update, &answer, &cover] {
        let said = done(again);
        assert!(said.contains("unchanged"), "{again:?}: {said}");
    }
    assert_eq!(done(&["list", "--ids"]).lines().count(), 5);
    // Whoever took it back means it anew.
    done(&["withdraw", case, "--reason", "A mistake."]);
    assert!(!done(&report[..4]).contains("unchanged"));
}

#[tokio::test]
async fn a_node_that_is_restored_from_an_old_backup_is_given_what_it_lacks() {
    let all = Federation::start(SMALL).await;
    let (early, late) = (note(&all, "early.txt"), note(&all, "late.txt"));
    published(&all, &early, "EARLY").await;
    board_has(&all, 1).await;
    all.kill_server();
    all.back_up();
    all.start_server().await;
    all.all_ready().await;
    published(&all, &late, "LATE").await;
    board_has(&all, 2).await;
    all.kill_relay(AT);
    all.kill_server();
    // CERT-FR's board alone is older; its receipts say that all was delivered.
    all.bring_back(AT, "BOARD");
    all.start_server().await;
    all.start_relay(AT);
    all.all_ready().await;
    assert_eq!(all.board(AT).await.len(), 1, "the backup is older than LATE");
    let (code, _, told) = chappe(&all, &["list"]);
    assert!(code == Some(0) && told.contains("\"late.txt\": issued"), "{told}");
    assert_eq!(all.board(AT).await.len(), 2);
    board_has(&all, 2).await;
    assert_eq!(counts(&spool(&all)), (0, 2));
}

/// An answer waits on the board of Brittany, a report in the intake of CERT-FR; of both the streams
/// are then older than the cases, so that only these have them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_the_cases_have_after_a_restore_goes_on_its_way_again() {
    const HOSPITAL: &str = "eu-fr-bre-hospital1";
    const REGION: &str = "eu-fr-bre";
    let all = Federation::start(SMALL).await;
    let report = |body: &[u8]| escalation(&all.rendered.fed, HOSPITAL, AT, body);
    let first = all.publish(&report(b"{\"n\":1}"), b"{\"n\":1}".to_vec()).await;
    all.holds(AT, "CASES", &first.to_string()).await;
    all.kill_server();
    all.back_up();
    all.start_server().await;
    all.all_ready().await;
    [HOSPITAL, AT].iter().for_each(|node| all.kill_relay(node));
    let mut answer = response(&all.rendered.fed, REGION, HOSPITAL, first, b"");
    answer.case = Some(serde_json::from_str("{\"state\":\"accepted\"}").expect("an answer"));
    let answer = all.publish(&answer, Vec::new()).await;
    all.holds(REGION, "BOARD", &format!("direct.{HOSPITAL}.{answer}")).await;
    let telephoned = escalation(&all.rendered.fed, REGION, AT, b"{\"n\":2}");
    let telephoned = all.publish(&telephoned, b"{\"n\":2}".to_vec()).await;
    all.holds(AT, "INTAKE_CHILD_eu-fr-bre", &telephoned.to_string()).await;
    all.kill_relay(REGION);
    all.kill_server();
    all.bring_back(REGION, "BOARD");
    all.bring_back(AT, "INTAKE_CHILD_eu-fr-bre");
    all.start_server().await;
    [HOSPITAL, REGION, AT].iter().for_each(|node| all.start_relay(node));
    all.holds(HOSPITAL, "CASES", &answer.to_string()).await;
    all.holds(AT, "CASES", &telephoned.to_string()).await;
}

#[tokio::test]
async fn what_waited_longer_than_a_day_is_signed_anew_by_a_command_that_has_the_key() {
    let all = Federation::start(SMALL).await;
    let fresh = advisory(&all.rendered.fed, AT, "scope:eu.fr.all.all", b"old");
    let old = Statement { iat: fresh.iat - 25 * 3600, exp: fresh.iat + DAY, ..fresh };
    let wire = all.issue(&old, b"old".to_vec());
    drop(spool(&all).keep(&wire, &old).expect("kept"));
    let (code, _, told) = chappe(&all, &["list"]);
    assert!(code == Some(0) && told.contains("a command with the issue key"), "{told}");
    assert_eq!(counts(&spool(&all)), (1, 0));
    let file = note(&all, "note.txt");
    let (code, _, told) = chappe(&all, &publishing(&file, "NOTE"));
    assert!(code == Some(0) && told.contains("signed anew as "), "{told}");
    board_has(&all, 2).await;
    assert_eq!(counts(&spool(&all)), (0, 2));
    let waits: Vec<Id> = spool(&all).sent().expect("a list").iter().map(|e| e.id).collect();
    assert!(!waits.contains(&wire.id()), "the old copy is gone");
}

#[tokio::test]
async fn where_no_copy_can_be_kept_nothing_is_sent() {
    let all = Federation::start(SMALL).await;
    std::fs::write(all.node(AT).folder.join("spool"), "no folder").expect("written");
    let file = note(&all, "note.txt");
    let (code, _, told) = chappe(&all, &publishing(&file, "NOTE"));
    assert!(code == Some(1) && told.contains("spool"), "{told}");
    assert_eq!(all.board(AT).await.len(), 0);
}
