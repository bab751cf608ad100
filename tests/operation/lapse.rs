//! A union that lapses, on the real server and with real relays: what stays inside a State goes on.

use crate::rendering;
use std::process::Command;

use crate::rendering::Folder;
use crate::support::*;

/// Its seat is known, but what it says counts no longer.
fn expire(federation: &Federation) {
    let out = &federation.rendered.out;
    let past = chappe::time::now().secs() - 1;
    let expired = rendering::resigned(out, "eu", |bundle| bundle.exp = past);
    let text = serde_json::to_vec(&expired).expect("JSON");
    std::fs::write(out.join("trust/eu.bundle.json"), text).expect("written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_an_expired_union_french_relays_start_and_pass_french_notices() {
    let federation = Federation::provisioned(SMALL).await;
    expire(&federation);
    let french: Vec<String> =
        federation.nodes().map(ToString::to_string).filter(|id| id.starts_with("eu-fr")).collect();
    assert_eq!(french.len(), 7);
    for node in &french {
        federation.start_relay(node);
    }
    for node in &french {
        federation.ready(node).await;
    }
    let statement = advisory(&federation.rendered.fed, "eu-fr", "scope:eu.fr.all.all", b"{}");
    let id = federation.publish(&statement, b"{}".to_vec()).await;
    for node in &french {
        federation.on_board(node, id).await;
    }
    assert!(federation.board("eu-be").await.is_empty());
}

/// What the union does, or fails to do, is no reason for a State's relay not to start.
#[test]
fn without_the_unions_bundle_every_french_relay_still_starts() {
    let folder = Folder::small();
    std::fs::remove_file(folder.path().join("trust/eu.bundle.json")).expect("removed");
    for node in ["eu-fr", "eu-fr-bre", "eu-fr-sante", "eu-fr-bre-hospital1"] {
        let config = folder.path().join("nodes").join(node).join("relay.toml");
        let mut command = Command::new(env!("CARGO_BIN_EXE_chappe"));
        let output = command.args(["relay", "--check", "--config"]).arg(config).output();
        let output = output.expect("runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{node}: {said}");
    }
}
