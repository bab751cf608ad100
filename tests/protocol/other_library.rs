//! docs/verify.py, which uses a JWS library that is not ours, on the example and on altered copies.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use chappe::notice;

use super::{at, example, read};

fn python() -> PathBuf {
    let made = Command::new("python3").arg(at("scripts/python-env.py")).output().expect("python3");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    PathBuf::from(String::from_utf8(made.stdout).expect("a path").trim())
}

fn verify_py(python: &Path, file: &Path, now: u64) -> Output {
    let mut command = Command::new(python);
    command.args([&at("docs/verify.py"), file, &at("docs/example/jwks.json")]);
    command.args(["--now", &now.to_string()]).output().expect("ran")
}

#[test]
fn a_jws_library_that_is_not_ours_says_the_same_of_the_example() {
    let (python, folder) = (python(), tempfile::tempdir().expect("a folder"));
    let now = example::ISSUED + 60;
    let good = verify_py(&python, &at("docs/example/notice.chappe"), now);
    assert!(good.status.success(), "{}", String::from_utf8_lossy(&good.stderr));
    let id = example::wire().id().to_string();
    assert!(String::from_utf8_lossy(&good.stdout).contains(&id));
    let late = verify_py(&python, &at("docs/example/notice.chappe"), now + 400 * 86_400);
    assert!(!late.status.success(), "an expired notice passed");
    for (what, file) in altered() {
        let path = folder.path().join("altered.chappe");
        std::fs::write(&path, file).expect("written");
        let output = verify_py(&python, &path, now);
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && !why.contains("SyntaxError"), "{what}: {why}");
    }
}

/// The example's file with one thing changed in each.
fn altered() -> Vec<(&'static str, String)> {
    let wire = example::wire();
    let file =
        |wire: &notice::Wire| serde_json::to_string(&notice::File::from_wire(wire)).expect("JSON");
    let with = |change: fn(&mut notice::Wire)| {
        let mut changed = wire.clone();
        change(&mut changed);
        file(&changed)
    };
    vec![
        ("another body", with(|w| w.body[3] ^= 1)),
        ("a longer body", with(|w| w.body.push(b' '))),
        ("another statement", with(|w| w.notice.insert(60, 'A'))),
        ("a hop as the statement", with(|w| w.notice = w.hops[0].clone())),
        ("hops in another order", with(|w| w.hops.reverse())),
        ("the first hop left out", with(|w| drop(w.hops.remove(0)))),
        ("a foreign detached signature", with(|w| w.body_sig = Some(vec![1]))),
        ("a member twice", file(&wire).replacen('{', r#"{"body":"","#, 1)),
    ]
}

#[test]
fn the_verifier_fits_on_a_page() {
    let code = read("docs/verify.py");
    let is_code = |line: &&str| {
        let line = line.trim();
        !(line.is_empty() || line.starts_with('#') || line.starts_with("\"\"\""))
    };
    assert!(code.lines().filter(is_code).count() <= 30);
}

#[test]
fn two_runs_at_once_make_one_environment() {
    let run = || {
        let mut command = Command::new("python3");
        command.arg(at("scripts/python-env.py")).stdout(std::process::Stdio::piped());
        command.spawn().expect("python3")
    };
    let [first, second] = [run(), run()].map(|child| child.wait_with_output().expect("ended"));
    assert!(first.status.success() && first.stdout == second.stdout, "{first:?} {second:?}");
}

#[test]
fn a_missing_requirement_is_told_in_one_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("scripts/python-env.py");
    std::fs::create_dir(folder.path().join("scripts")).expect("made");
    std::fs::copy(at("scripts/python-env.py"), &script).expect("copied");
    let output = Command::new("python3").arg(&script).output().expect("ran");
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(why.starts_with("python-env: ") && why.lines().count() == 1, "{why}");
}
