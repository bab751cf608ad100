//! The whole way of an advisory on the real server.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test that panics has failed

mod support;

use support::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_advisory_of_france_reaches_every_french_board() {
    let all = Federation::start(SMALL).await;
    let body = b"{\"document\":\"unchanged\"}".to_vec();
    let statement = advisory(&all.rendered.fed, "eu-fr", "scope:eu.fr.all.all", &body);
    let id = all.publish(&statement, body).await;
    for node in ["eu-fr", "eu-fr-bre", "eu-fr-nor", "eu-fr-bre-hospital1"] {
        all.on_board(node, id).await;
    }
}
