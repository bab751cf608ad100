//! The spool on a real disk.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use super::spool::{Entry, MAX_WAITING, Spool, SpoolError};
use crate::jws::{SecretKey, Typ};
use crate::notice::{Id, Kind, Statement, Time, Wire};

fn statement(reference: &str, iat: u64) -> Statement {
    let json = serde_json::json!({
        "fed": "00112233445566778899aabbccddeeff", "iss": "eu-fr", "iat": iat, "exp": iat + 1_000,
        "kind": "advisory", "aud": "scope:eu.fr.all.all", "tlp": "AMBER", "severity": "high",
        "title": "A hole", "lang": "en",
        "doc": {"pub": "x", "ref": reference, "version": "1", "revision": 1},
        "body": {"type": "text/plain", "len": 4, "sha256": Id::of(b"body")},
    });
    Statement::parse(json.to_string().as_bytes()).expect("a statement")
}

fn signed(statement: &Statement) -> Wire {
    let key = SecretKey::from_seed(&[7; 32]).expect("a key");
    let notice = crate::jws::sign(&key, Typ::Notice, statement).expect("signed");
    Wire { notice, hops: Vec::new(), body_sig: None, body: b"body".to_vec() }
}

struct Lab {
    folder: tempfile::TempDir,
    spool: Spool,
}

impl Lab {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let spool = Spool::new(folder.path().join("deep").join("spool"));
        Self { folder, spool }
    }

    fn keep(&self, reference: &str, iat: u64) -> Id {
        self.keep_as(Kind::Advisory, reference, iat)
    }

    fn keep_as(&self, kind: Kind, reference: &str, iat: u64) -> Id {
        let re = (kind == Kind::Closing).then(|| Id::of(b"target"));
        let statement = Statement { kind, re, ..statement(reference, iat) };
        let wire = signed(&statement);
        self.spool.keep(&wire, &statement).expect("kept");
        wire.id()
    }

    fn waiting(&self) -> Vec<Id> {
        self.spool.waiting().expect("a list").iter().map(|entry| entry.id).collect()
    }

    fn sent(&self) -> Vec<Id> {
        self.spool.sent().expect("a list").iter().map(|entry| entry.id).collect()
    }

    fn only_file(&self) -> PathBuf {
        let files = fs::read_dir(self.folder.path().join("deep/spool/waiting")).expect("a folder");
        let files: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
        assert_eq!(files.len(), 1, "{files:?}");
        files[0].clone()
    }
}

#[test]
fn what_is_kept_is_read_back_whole_and_the_oldest_goes_first() {
    let lab = Lab::new();
    let (late, early) = (lab.keep("LATE", 2_000_000_000), lab.keep("EARLY", 1_800_000_000));
    assert_eq!(lab.waiting(), [early, late]);
    let entry = lab.spool.waiting().expect("a list")[0];
    let copy = lab.spool.take(&entry).expect("readable").expect("free");
    let written = statement("EARLY", 1_800_000_000);
    assert_eq!((copy.wire, copy.statement), (signed(&written), written));
}

#[test]
fn nobody_else_may_read_a_copy() {
    let lab = Lab::new();
    lab.keep("A", 1_800_000_000);
    let file = lab.only_file();
    for (path, mode) in [(file.as_path(), 0o600), (file.parent().expect("a folder"), 0o700)] {
        assert_eq!(fs::metadata(path).expect("there").permissions().mode() & 0o777, mode);
    }
}

#[test]
fn a_copy_that_one_command_works_on_is_left_alone_by_others_until_that_ends() {
    let lab = Lab::new();
    let statement = statement("A", 1_800_000_000);
    let at_work = lab.spool.keep(&signed(&statement), &statement).expect("kept");
    let entry = lab.spool.waiting().expect("a list")[0];
    assert!(lab.spool.take(&entry).expect("readable").is_none());
    drop(at_work);
    let taken = lab.spool.take(&entry).expect("readable").expect("free");
    assert!(lab.spool.take(&entry).expect("readable").is_none());
    drop(taken);
    assert!(lab.spool.take(&entry).expect("readable").is_some());
}

#[test]
fn a_copy_stays_when_the_node_has_it_and_goes_when_it_expires() {
    let lab = Lab::new();
    let id = lab.keep("A", 1_800_000_000);
    lab.spool.settle(id).expect("moved");
    assert_eq!((lab.waiting(), lab.sent()), (Vec::new(), vec![id]));
    lab.spool.unsettle(id).expect("moved");
    assert_eq!((lab.waiting(), lab.sent()), (vec![id], Vec::new()));
    lab.spool.prune(Time::from_secs(1_800_000_999)).expect("pruned");
    assert_eq!(lab.waiting(), [id]);
    lab.spool.prune(Time::from_secs(1_800_001_000)).expect("pruned");
    assert_eq!(lab.waiting(), Vec::<Id>::new());
}

#[test]
fn the_same_document_again_is_found_whenever_it_was_signed() {
    let lab = Lab::new();
    let id = lab.keep("A", 1_800_000_000);
    assert_eq!(lab.spool.same(&statement("A", 1_900_000_000)).expect("looked"), Some(id));
    assert_eq!(lab.spool.same(&statement("B", 1_800_000_000)).expect("looked"), None);
}

#[test]
fn what_is_said_again_within_a_day_is_found_whether_it_waits_or_has_gone() {
    let lab = Lab::new();
    let begun = 1_800_000_000;
    let id = lab.keep("A", begun);
    let again = |iat: u64, re: Option<Id>| {
        let statement = Statement { re, ..statement("A", iat) };
        lab.spool.repeated(&statement).expect("looked")
    };
    for _ in 0..2 {
        assert_eq!(again(begun + 86_400, None), Some(id));
        assert_eq!(again(begun + 86_401, None), None, "so late it is meant");
        assert_eq!(again(begun, Some(id)), Some(id), "a correction that corrects nothing");
        assert_eq!(again(begun, Some(Id::of(b"other"))), None);
        lab.spool.settle(id).expect("moved");
    }
    let renewal = statement("A", begun);
    let renewal = Statement { exp: renewal.exp + 80 * 86_400, re: Some(id), ..renewal };
    assert_eq!(lab.spool.repeated(&renewal).expect("looked"), None, "it says so for longer");
    let other = Statement { title: "Another".into(), ..statement("A", begun) };
    assert_eq!(lab.spool.repeated(&other).expect("looked"), None);
    lab.spool.forget(id).expect("gone");
    assert_eq!(again(begun, None), None, "what was taken back is meant anew");
}

#[test]
fn a_damaged_copy_is_named_and_stays() {
    let lab = Lab::new();
    lab.keep("A", 1_800_000_000);
    let (file, entry) = (lab.only_file(), lab.spool.waiting().expect("a list")[0]);
    for text in ["", "{}", r#"{"notice":"a.b.c","hops":[],"body":""}"#] {
        fs::write(&file, text).expect("written");
        let error = lab.spool.take(&entry).expect_err("refused").to_string();
        assert!(error.contains(&file.display().to_string()), "{error}");
    }
    assert!(file.exists());
    assert_eq!(lab.spool.same(&statement("A", 1)).expect("looked"), None);
}

#[test]
fn where_nothing_can_be_written_nothing_is_said_to_be_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("spool"), "a file").expect("written");
    let statement = statement("A", 1_800_000_000);
    let spool = Spool::new(folder.path().join("spool"));
    let error = spool.keep(&signed(&statement), &statement).expect_err("refused");
    assert!(matches!(error, SpoolError::Disk { .. }), "{error}");
}

#[test]
fn a_thousand_wait_and_no_more() {
    let lab = Lab::new();
    let one = lab.keep("A", 1_800_000_000);
    let folder = lab.only_file().parent().expect("a folder").to_owned();
    for number in 1..MAX_WAITING as u64 {
        let entry = Entry { iat: number, exp: number, id: Id::of(&number.to_be_bytes()) };
        fs::write(folder.join(entry.name()), "").expect("written");
    }
    assert!(lab.waiting().contains(&one));
    let (more, wire) = (statement("B", 1), signed(&statement("B", 1)));
    assert!(matches!(lab.spool.keep(&wire, &more), Err(SpoolError::Full(_))));
}

#[test]
fn an_update_lets_go_of_what_it_updates_and_a_withdrawal_of_every_version() {
    let lab = Lab::new();
    let (first, second) = (lab.keep("A", 1_800_000_000), lab.keep("A", 1_800_000_001));
    let (third, other) = (lab.keep("A", 1_800_000_002), lab.keep("B", 1_800_000_003));
    for id in [first, second, third, other] {
        lab.spool.settle(id).expect("moved");
    }
    let update = Statement { re: Some(first), ..statement("A", 1_800_000_001) };
    lab.spool.replaced_by(&update).expect("let go");
    assert_eq!(lab.sent(), [second, third, other]);
    let closing = Statement { kind: Kind::Closing, ..update.clone() };
    lab.spool.replaced_by(&closing).expect("looked");
    assert_eq!(lab.sent(), [second, third, other], "a closed one is read on");
    let withdrawal = Statement { kind: Kind::Withdrawal, re: Some(third), ..update };
    let ended = lab.keep_as(Kind::Closing, "A", 1_800_000_004);
    lab.spool.settle(ended).expect("moved");
    lab.spool.replaced_by(&withdrawal).expect("let go");
    assert_eq!(lab.sent(), [other, ended]);
    let erasing = Statement { erase: Some(true), ..withdrawal };
    lab.spool.replaced_by(&erasing).expect("let go");
    assert_eq!(lab.sent(), [other], "its title repeats what is erased");
}
