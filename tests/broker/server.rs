//! The server as a process: found, started, killed, started again, and too old.

use crate::servers;
use std::path::Path;
use std::process::{Command, Output};

use crate::servers::{
    Nats, PATIENCE, account, durable, eventually, kill_dead, settings, soon, stream, user,
};
use chappe::address::{NodePlan, Role};
use chappe::bus::{
    Bus, BusError, Endpoint, Launch, PlaceError, Placed, Reading, ServerError, Supervised,
    TlsFiles, find_server, free_port,
};
use chappe::keys::Secret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn node() -> (Nats, Bus) {
    let users = vec![user(Role::Provisioner, &[">"], &[">"])];
    let nats = Nats::start(vec![account("eu", true, users)]).await;
    let bus = nats.bus("eu", &Role::Provisioner).await;
    let plan = NodePlan {
        accounts: Vec::new(),
        streams: vec![stream("BOARD", &["chappe.board.>"])],
        durables: vec![durable("BOARD", "child", false)],
    };
    bus.provision(&plan, 1).await.unwrap();
    (nats, bus)
}

/// Places until the server says that the message is there.
async fn place_surely(bus: &Bus, subject: &str) -> Placed {
    eventually(PATIENCE, subject, async || {
        match bus.place(subject, &[], b"body".to_vec(), None).await {
            Ok(placed) => Some(placed),
            Err(error) => {
                assert!(matches!(error, PlaceError::Away | PlaceError::Unknown(_)), "{error}");
                None
            }
        }
    })
    .await
}

#[tokio::test]
async fn nothing_is_lost_or_stored_twice_when_the_server_is_killed_in_the_middle() {
    const COUNT: usize = 200;
    let (nats, bus) = node().await;
    let writing = async {
        for n in 0..COUNT {
            if n == 50 || n == 120 {
                let pid = eventually(PATIENCE, "it runs", async || {
                    Some(nats.server.pid()).filter(|pid| *pid > 0)
                })
                .await;
                kill_dead(pid);
            }
            place_surely(&bus, &format!("chappe.board.{n}")).await;
        }
    };
    let reading = async {
        let mut source = bus.pull(Reading::Own, "BOARD", "child");
        let mut seen = std::collections::BTreeSet::new();
        while seen.len() < COUNT {
            let delivery = soon("a delivery", source.next()).await;
            // The killed server may have forgotten acknowledgements, even confirmed ones.
            delivery.ack().await.ok();
            seen.insert(delivery.sequence);
        }
        seen
    };
    let (seen, ()) = tokio::join!(reading, writing);
    assert_eq!(seen.last().copied(), Some(COUNT as u64), "no subject was stored twice");
    assert_eq!(nats.server.restarts(), 2);
}

#[tokio::test]
async fn nothing_is_placed_while_the_server_is_away() {
    let (nats, bus) = node().await;
    let mut state = bus.state();
    nats.server.shutdown().await;
    soon("the link is down", state.wait_for(|up| !up)).await.unwrap();
    let placed = bus.place("chappe.board.a", &[], Vec::new(), None).await;
    assert_eq!(placed, Err(PlaceError::Away));
    let asked = bus.ask("chappe.fetch.x", Vec::new(), PATIENCE).await;
    assert!(matches!(asked, Err(BusError::Away { .. })), "{asked:?}");
}

#[tokio::test]
async fn a_server_that_cannot_start_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let listen = ([127, 0, 0, 1], free_port().unwrap()).into();
    let config = dir.path().join("nats.conf");
    std::fs::write(&config, "listen: \"127.0.0.1:1\"\nno_such_setting: 1\n").unwrap();
    let launch = Launch {
        binary: find_server().await.unwrap(),
        config,
        name: "x".to_owned(),
        listen,
        log: dir.path().join("nats.log"),
    };
    let error = Supervised::start(launch).await.unwrap_err();
    assert!(matches!(error, ServerError::Ended { .. }), "{error}");
    assert!(error.to_string().contains("no_such_setting"), "{error}");
}

#[tokio::test]
async fn a_generated_configuration_passes_the_servers_own_check() {
    let dir = tempfile::tempdir().unwrap();
    let mut settings = settings(dir.path(), ([127, 0, 0, 1], 4222).into());
    settings.monitor_port = 8222;
    let silent = user(Role::Subscriber("web".into()), &[], &["chappe.live.board.>"]);
    let mut out = account("eu_out", false, vec![silent]);
    let from = servers::import("eu", "chappe.live.>", None);
    out.imports = vec![chappe::address::ImportSpec { service: false, ..from }];
    let mut core = account("eu", true, vec![user(Role::Relay, &["chappe.>"], &["chappe.>"])]);
    let offer = servers::service("chappe.live.>", false, "eu_out");
    core.exports = vec![chappe::address::ExportSpec { service: false, ..offer }];
    let conf = chappe::topology::server_conf(&settings, &[core, out], &|_, _| {
        Some(nkeys::KeyPair::new_user().public_key())
    });
    let path = dir.path().join("nats.conf");
    std::fs::write(&path, &conf).unwrap();
    let binary = find_server().await.unwrap();
    let checked = Command::new(binary).arg("-t").arg("-c").arg(&path).output().unwrap();
    assert!(checked.status.success(), "{}\n{conf}", String::from_utf8_lossy(&checked.stderr));
    assert!(conf.contains("publish: { deny: \">\" }"), "{conf}");
}

/// A server that greets as told and answers the first ping.
async fn greeter(version: &str, max_payload: usize) -> Result<Bus, BusError> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("nats://{}", listener.local_addr().unwrap());
    let seed = Secret::new(nkeys::KeyPair::new_user().seed().unwrap());
    let (inbox, name) = ("_INBOX_x".to_owned(), "test".to_owned());
    let endpoint = Endpoint { url, seed, inbox, name, tls: TlsFiles::default() };
    let info = format!(
        "INFO {{\"server_id\":\"x\",\"version\":\"{version}\",\"max_payload\":{max_payload},\
         \"nonce\":\"abc\",\"proto\":1,\"headers\":true}}\r\n"
    );
    let serving = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(info.as_bytes()).await.unwrap();
        let mut said = String::new();
        while !said.contains("PING\r\n") {
            let mut buffer = [0; 1024];
            let count = stream.read(&mut buffer).await.unwrap();
            said.push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
        stream.write_all(b"PONG\r\n").await.unwrap();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        connected = Bus::connect(&endpoint) => connected,
        () = serving => unreachable!(),
    }
}

#[tokio::test]
async fn a_server_that_is_too_old_is_refused_by_version() {
    let error = soon("the refusal", greeter("2.12.3", 16_000_000)).await.unwrap_err();
    assert!(matches!(error, BusError::TooOld { .. }));
    let text = error.to_string();
    assert!(text.contains("2.12.3") && text.contains("2.14.0"), "{text}");
}

#[tokio::test]
async fn a_server_that_takes_only_small_messages_is_refused() {
    let error = soon("the refusal", greeter("2.15.1", 1_048_576)).await.unwrap_err();
    assert!(matches!(error, BusError::MaxPayload { found: 1_048_576, .. }), "{error}");
}

/// Kept as files: one that is written and run at once is "busy" while another test forks.
fn fake(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/nats-server").join(name)
}

fn script(variable: &str, value: &str) -> Output {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/nats-server.py");
    Command::new("python3").arg(script).env(variable, value).output().unwrap()
}

#[test]
fn the_script_refuses_a_chosen_server_that_is_too_old() {
    let path = fake("old");
    let output = script("CHAPPE_NATS_SERVER", path.to_str().unwrap());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("2.10.7") && said.contains("2.14.0"), "{said}");
}

#[test]
fn the_script_prefers_a_recent_server_on_the_path_to_its_own() {
    let path = fake("recent/nats-server");
    let rest = std::env::var("PATH").unwrap();
    let output = script("PATH", &format!("{}:{rest}", fake("recent").display()));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), path.to_str().unwrap());
}
