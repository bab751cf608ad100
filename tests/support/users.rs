//! Connections as any user of any node.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_nats::{Client, ConnectOptions, Event};
use chappe::address::{self, Role, UserSpec};
use chappe::bus::{Bus, Endpoint, Placed, TlsFiles};
use chappe::jws::SecretKey;
use chappe::keys;
use chappe::notice::{Id, NodeId, Statement, Wire};
use chappe::topology::seed_path;

use super::{Federation, PATIENCE, sign};

/// A client without any of our manners, and everything that the server complained about to it.
pub struct Raw {
    pub client: Client,
    errors: Arc<Mutex<Vec<String>>>,
}

impl Raw {
    /// What the server complained about since the last call, in order. Something that nobody may
    /// is sent last: once the complaint about that has come, so have all others.
    pub async fn complaints(&self) -> Vec<String> {
        const LAST: &str = "nobody.may";
        self.client.publish(LAST, "".into()).await.expect("sent");
        self.client.flush().await.expect("flushed");
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            if let Some(all) = self.taken(LAST) {
                return all.into_iter().filter(|error| !error.contains(LAST)).collect();
            }
            assert!(tokio::time::Instant::now() < deadline, "the server does not complain");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// All complaints, once one of them names `last`.
    fn taken(&self, last: &str) -> Option<Vec<String>> {
        let mut errors = self.errors.lock().expect("errors");
        let complete = errors.iter().any(|error| error.contains(last));
        complete.then(|| std::mem::take(&mut *errors))
    }
}

impl Federation {
    /// A user as the plan has it: which account's, with which inbox.
    pub fn user(&self, node: &NodeId, role: &Role) -> UserSpec {
        let accounts = self.node(node.as_str()).hood.plan().accounts;
        let found = accounts.into_iter().flat_map(|a| a.users).find(|user| user.role == *role);
        found.unwrap_or_else(|| panic!("{node} has no {role:?}"))
    }

    pub fn endpoint(&self, node: &NodeId, role: &Role) -> Endpoint {
        let seed = seed_path(&self.rendered.out, node, role);
        Endpoint {
            url: self.node(node.as_str()).url.clone(),
            seed: keys::read_nkey(&seed).expect("a seed").seed,
            inbox: self.user(node, role).inbox,
            name: format!("test {node} {role:?}"),
            tls: TlsFiles::default(),
        }
    }

    pub async fn connect(&self, node: &str, role: Role) -> Bus {
        let endpoint = self.endpoint(&self.node(node).id, &role);
        let connected = tokio::time::timeout(PATIENCE, Bus::connect_patiently(&endpoint)).await;
        connected.unwrap_or_else(|_| panic!("{node} does not let {role:?} in")).expect("connected")
    }

    pub async fn raw(&self, node: &str, role: Role) -> Raw {
        let endpoint = self.endpoint(&self.node(node).id, &role);
        let errors = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&errors);
        let options = ConnectOptions::with_nkey(endpoint.seed.expose().to_owned())
            .custom_inbox_prefix(&endpoint.inbox)
            .event_callback(move |event| {
                if let Event::ServerError(error) = event {
                    kept.lock().expect("errors").push(error.to_string());
                }
                async {}
            });
        let client = options.connect(&endpoint.url).await.expect("connected");
        client.flush().await.expect("flushed");
        Raw { client, errors }
    }

    /// A key of a node, `issue` or `relay`.
    pub fn key(&self, node: &str, usage: &str) -> SecretKey {
        let path = self.node(node).folder.join("keys").join(format!("{usage}.pem"));
        keys::read_key(&path).expect("a key")
    }

    pub fn publisher(&self, node: &str) -> String {
        self.node(node).hood.publishers.first().expect("a publisher").clone()
    }

    /// Signed with the issuer's own key, with nothing around it yet.
    pub fn issue(&self, statement: &Statement, body: Vec<u8>) -> Wire {
        let notice = sign(&self.key(statement.iss.as_str(), "issue"), statement);
        Wire { notice, hops: Vec::new(), body_sig: None, body }
    }

    /// Signs as the statement's issuer and sends as its first publisher.
    pub async fn publish(&self, statement: &Statement, body: Vec<u8>) -> Id {
        self.send(statement, &self.issue(statement, body)).await
    }

    /// Sends what is signed already, as the issuer's first publisher.
    pub async fn send(&self, statement: &Statement, wire: &Wire) -> Id {
        let node = statement.iss.as_str();
        let publisher = self.publisher(node);
        let bus = self.connect(node, Role::Publisher(publisher.clone())).await;
        let subject = address::local_intake(address::realm(statement), &publisher, wire.id());
        let placed = bus.place(&subject, &wire.headers(), wire.body.clone(), None).await;
        assert_eq!(placed, Ok(Placed::Stored), "{node} takes what its publisher sends");
        wire.id()
    }
}
