//! Links over TLS, against the real server with certificates of openssl's making.

use std::path::Path;
use std::process::Command;

use crate::servers::{Nats, account, user};
use chappe::address::Role;
use chappe::bus::{Bus, TlsFiles};

fn openssl(dir: &Path, arguments: &str) {
    let arguments = arguments.split_whitespace();
    let done = Command::new("openssl").args(arguments).current_dir(dir).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// An authority `ca`, and certificates `server` and `client` of it.
fn certificates(dir: &Path) {
    let new = "req -newkey ed25519 -nodes -days 2";
    openssl(dir, &format!("{new} -x509 -subj /CN=ca -keyout ca.key -out ca.pem"));
    for name in ["server", "client"] {
        let to = format!("-CA ca.pem -CAkey ca.key -keyout {name}.key -out {name}.pem");
        let extra = "-addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=CA:FALSE";
        openssl(dir, &format!("{new} -x509 -subj /CN={name} {to} {extra}"));
    }
}

/// A server that asks its clients for certificates.
async fn server() -> Nats {
    let users = vec![user(Role::Relay, &["chappe.>"], &["chappe.>"])];
    let nats = Nats::start_with(vec![account("eu", true, users)], |dir| {
        certificates(dir);
        let file = |name: &str| dir.join(name).display().to_string();
        format!(
            "tls {{ cert_file: \"{}\", key_file: \"{}\", ca_file: \"{}\", verify: true }}\n",
            file("server.pem"),
            file("server.key"),
            file("ca.pem")
        )
    });
    nats.await
}

#[tokio::test]
async fn a_link_with_the_right_files_connects_and_no_other_does() {
    let nats = server().await;
    let mut endpoint = nats.endpoint("eu", &Role::Relay);
    let file = |name: &str| nats.dir().join(name);
    assert!(Bus::connect(&endpoint).await.is_err(), "without an authority");
    endpoint.tls = TlsFiles { ca: Some(file("ca.pem")), client: None };
    assert!(Bus::connect(&endpoint).await.is_err(), "without a client's certificate");
    endpoint.tls.client = Some((file("client.pem"), file("client.key")));
    assert!(Bus::connect(&endpoint).await.unwrap().is_up());
    endpoint.tls.ca = Some(file("client.pem"));
    assert!(Bus::connect(&endpoint).await.is_err(), "with another authority");
}

#[tokio::test]
async fn an_endpoint_with_an_authority_never_talks_in_clear() {
    let users = vec![user(Role::Relay, &["chappe.>"], &["chappe.>"])];
    let nats = Nats::start(vec![account("eu", true, users)]).await;
    certificates(nats.dir());
    let mut endpoint = nats.endpoint("eu", &Role::Relay);
    endpoint.tls.ca = Some(nats.dir().join("ca.pem"));
    assert!(Bus::connect(&endpoint).await.is_err());
}
