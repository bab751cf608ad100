//! A node's server whose disk is full or cannot be written, on a real small file system: it is said
//! loudly, nothing is lost, and with room and a restart of the server everything flows on.
//!
//! The file system is mounted in a mount namespace of its own, in which the test runs once more:
//! as root, or in a user namespace. Where neither is allowed, it says so and checks nothing.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::support::*;
use chappe::address::{self, Role};
use chappe::bus::PlaceError;
use chappe::notice::Id;

/// Set where the file system may be mounted.
const INSIDE: &str = "DISK_TEST_INSIDE";
/// It is tried every half minute whether the server stores.
const LONG: Duration = Duration::from_secs(120);
const NODE: &str = "eu-fr";

/// Runs `test` where it may mount. Returns whether it is there already.
fn is_inside(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    for namespaces in ["-m", "-Urm"] {
        let allowed = Command::new("unshare").args([namespaces, "true"]).output();
        if !allowed.is_ok_and(|output| output.status.success()) {
            continue;
        }
        let me = std::env::current_exe().expect("this binary");
        let (mut command, name) = (Command::new("unshare"), format!("disk::{test}"));
        command.arg(namespaces).arg(me).args(["--exact", &name, "--nocapture"]).env(INSIDE, "1");
        let status = command.status().expect("unshare runs");
        assert!(status.success(), "{test} failed in its own namespace");
        return false;
    }
    println!("!! {test}: not run, since neither root nor a user namespace may mount here");
    false
}

struct Disk {
    mounted: PathBuf,
}

fn mount(arguments: &[&str], at: &Path) {
    let done = Command::new("mount").args(arguments).arg(at).output().expect("mount runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

impl Disk {
    fn of(rendered: &chappe::topology::Rendered) -> Self {
        let conf = std::fs::read_to_string(rendered.out.join("nats-server.conf")).expect("conf");
        let (_, after) = conf.split_once("store_dir: \"").expect("a store");
        let (store, _) = after.split_once('"').expect("a path");
        let mounted = rendered.out.join(store);
        std::fs::create_dir_all(&mounted).expect("a folder");
        mount(&["-t", "tmpfs", "-o", "size=64m", "tmpfs"], &mounted);
        Self { mounted }
    }

    /// Writes until nothing more fits.
    fn fill(&self) {
        let mut file = std::fs::File::create(self.mounted.join("fill")).expect("a file");
        for size in [1 << 20, 4_096, 1] {
            while file.write_all(&vec![b'x'; size]).is_ok() {}
        }
    }

    fn free(&self) {
        std::fs::remove_file(self.mounted.join("fill")).expect("removed");
    }

    fn set(&self, mode: &str) {
        mount(&["-o", &format!("remount,{mode}")], &self.mounted);
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.mounted).status();
    }
}

/// Sends until the publisher is told that it is not stored; what was acknowledged, and the one that
/// was not.
async fn until_told(all: &Federation) -> (Vec<Id>, (String, chappe::notice::Wire)) {
    let publisher = all.publisher(NODE);
    let bus = all.connect(NODE, Role::Publisher(publisher.clone())).await;
    let body = vec![b'x'; 20_000];
    let mut acknowledged = Vec::new();
    for _ in 0..500 {
        let notice = advisory(&all.rendered.fed, NODE, "scope:eu.fr.bre.all", &body);
        let wire = all.issue(&notice, body.clone());
        let subject = address::local_intake(address::REAL, &publisher, wire.id());
        match bus.place(&subject, &wire.headers(), wire.body.clone(), None).await {
            Ok(_) => acknowledged.push(wire.id()),
            Err(error) => {
                assert_eq!(error, PlaceError::NoAnswer, "the publisher is told something else");
                return (acknowledged, (subject, wire));
            }
        }
    }
    panic!("500 notices went onto a disk that takes nothing");
}

async fn storage_is(all: &Federation, up: u64) {
    let shown = async || match all.number(NODE, "storage_up").await {
        shown if shown == up => Ok(()),
        shown => Err(format!("{shown}")),
    };
    all.within(LONG, &format!("storage_up is {up}"), shown).await;
}

async fn status(all: &Federation) -> (bool, String) {
    let console = format!("127.0.0.1:{}", all.node(NODE).console_port);
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_chappe"));
    let output = command.args(["status", "--console", &console]).output().await.expect("runs");
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A federation whose one server has a small disk, with its relays at work.
async fn on_a_disk() -> (Federation, Disk) {
    let mut disk = None;
    let prepare = |rendered: &_| disk = Some(Disk::of(rendered));
    let all = Federation::provisioned_on(SMALL, prepare).await;
    all.start_relays();
    all.all_ready().await;
    (all, disk.expect("mounted"))
}

async fn are_on_board(all: &Federation, ids: &[Id]) {
    let complete = async || {
        let board = all.board("eu-fr-bre").await;
        let missing = ids.iter().filter(|id| !board.contains(&id.to_string())).count();
        if missing == 0 { Ok(()) } else { Err(format!("{missing} are missing")) }
    };
    all.within(LONG, "everything that was acknowledged is here", complete).await;
    let board = all.subjects("eu-fr-bre", "BOARD").await;
    let notices = board.iter().filter(|subject| subject.contains(".board.")).count();
    assert_eq!(notices, ids.len(), "each once");
    assert!(all.subjects(NODE, "QUARANTINE").await.is_empty(), "something was given up");
    let ready = async || match status(all).await {
        (true, _) => Ok(()),
        (false, said) => Err(said),
    };
    all.within(LONG, "the relay is ready again", ready).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_said_and_loses_nothing() {
    if !is_inside("a_full_disk_is_said_and_loses_nothing") {
        return;
    }
    let (all, disk) = on_a_disk().await;
    let before = advisory(&all.rendered.fed, NODE, "scope:eu.fr.bre.all", b"{}");
    let before = all.publish(&before, b"{}".to_vec()).await;
    all.on_board("eu-fr-bre", before).await;
    disk.fill();
    let (acknowledged, (subject, wire)) = until_told(&all).await;
    storage_is(&all, 0).await;
    let (good, said) = status(&all).await;
    assert!(!good && said.contains("storage"), "{said}");
    let logs = all.said();
    let (_, log) = logs.iter().find(|(name, _)| name == NODE).expect("a log");
    let log = String::from_utf8_lossy(log);
    assert!(log.contains("its disk is full, or was"), "nothing in the log");
    // Reading goes on: what is here is shown.
    assert!(all.board(NODE).await.contains(&before.to_string()));
    disk.free();
    all.kill_server();
    all.start_server().await;
    let publisher = all.publisher(NODE);
    let bus = all.connect(NODE, Role::Publisher(publisher)).await;
    bus.place(&subject, &wire.headers(), wire.body.clone(), None).await.expect("sent again");
    storage_is(&all, 1).await;
    let mut all_of_them = acknowledged;
    all_of_them.extend([before, wire.id()]);
    are_on_board(&all, &all_of_them).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_cannot_write_at_start_is_said_and_loses_nothing() {
    if !is_inside("a_server_that_cannot_write_at_start_is_said_and_loses_nothing") {
        return;
    }
    let (all, disk) = on_a_disk().await;
    let plain = || advisory(&all.rendered.fed, NODE, "scope:eu.fr.bre.all", b"{}");
    let mut sent = Vec::new();
    for _ in 0..5 {
        sent.push(all.publish(&plain(), b"{}".to_vec()).await);
    }
    all.kill_server();
    disk.set("ro");
    all.spawn_server();
    let said = async || match status(&all).await {
        (false, said) if said.contains("NOT OK") => Ok(said),
        (_, said) => Err(said),
    };
    all.within(LONG, "the relay says that it cannot work", said).await;
    all.kill_server();
    disk.set("rw");
    all.start_server().await;
    sent.push(all.publish(&plain(), b"{}".to_vec()).await);
    are_on_board(&all, &sent).await;
}
