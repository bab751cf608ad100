//! A relay with the seed of another node on the same server: it must not work on its streams.

use crate::support::*;
use chappe::address::Role;
use chappe::topology::seed_path;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_with_another_nodes_seed_touches_nothing_and_says_why() {
    let all = Federation::provisioned(SMALL).await;
    let seed = |node: &str| seed_path(&all.rendered.out, &all.node(node).id, &Role::Relay);
    std::fs::copy(seed("eu-fr-nor"), seed("eu-fr-bre")).expect("copied");
    all.start_relay("eu-fr");
    all.ready("eu-fr").await;
    let notice = advisory(&all.rendered.fed, "eu-fr", "scope:eu.fr.all.all", b"{}");
    let notice = all.publish(&notice, b"{}".to_vec()).await;
    all.on_board("eu-fr", notice).await;
    all.start_relay("eu-fr-bre");
    let named = async || match all.complaints() {
        said if said.contains("these are the streams of eu-fr-nor, not of eu-fr-bre") => Ok(()),
        said => Err(said),
    };
    all.eventually("the log names both nodes", named).await;
    let waiting = all.durable("eu-fr", "BOARD", "child-eu-fr-bre").await;
    assert_eq!(waiting.delivered.consumer_sequence, 0, "it took what is for Brittany");
    assert!(all.board("eu-fr-nor").await.is_empty(), "it wrote onto Normandy's board");
}
