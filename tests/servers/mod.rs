//! What tests against the real server share: a server of their own, users, and patience.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its part")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chappe::address::{
    AccountSpec, Discard, DurableSpec, ExportSpec, ImportSpec, Retention, Role, StreamSpec,
    UserSpec,
};
use chappe::bus::{Bus, Endpoint, Launch, Supervised, TlsFiles, find_server, free_port};
use chappe::keys::Secret;
use chappe::topology::{ServerSettings, server_conf};
use nkeys::KeyPair;

/// How long a test waits for anything before it fails.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Asks again until there is an answer; panics with `what` at the deadline.
pub async fn eventually<T>(
    deadline: Duration,
    what: &str,
    mut ask: impl AsyncFnMut() -> Option<T>,
) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(deadline, asking).await;
    waited.unwrap_or_else(|_| panic!("not within {deadline:?}: {what}"))
}

/// The result of a future that has to end soon.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(PATIENCE, future).await;
    waited.unwrap_or_else(|_| panic!("not within {PATIENCE:?}: {what}"))
}

/// A real server in a directory of its own, with the given accounts.
pub struct Nats {
    pub server: Supervised,
    pub settings: ServerSettings,
    accounts: Vec<AccountSpec>,
    keys: Keys,
    dir: tempfile::TempDir,
}

type Keys = BTreeMap<(String, Role), KeyPair>;

impl Nats {
    /// Starts it and waits until it is ready.
    pub async fn start(accounts: Vec<AccountSpec>) -> Self {
        Self::start_with(accounts, |_| String::new()).await
    }

    /// Starts it with further lines of configuration, given its directory.
    pub async fn start_with(
        accounts: Vec<AccountSpec>,
        more: impl FnOnce(&Path) -> String,
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port().unwrap()));
        let settings = settings(dir.path(), listen);
        let keys = keys(&accounts);
        write_conf(dir.path(), &settings, &accounts, &keys);
        let mut conf = std::fs::read_to_string(conf_path(dir.path())).unwrap();
        conf.push_str(&more(dir.path()));
        std::fs::write(conf_path(dir.path()), conf).unwrap();
        let launch = Launch {
            binary: find_server().await.unwrap(),
            config: conf_path(dir.path()),
            name: settings.name.clone(),
            listen,
            log: dir.path().join("nats.log"),
        };
        let server = Supervised::start(launch).await.unwrap();
        Self { server, settings, accounts, keys, dir }
    }

    /// How a user connects.
    pub fn endpoint(&self, account: &str, role: &Role) -> Endpoint {
        let user = self.user(account, role);
        let key = &self.keys[&(account.to_owned(), role.clone())];
        Endpoint {
            url: self.server.url(),
            seed: Secret::new(key.seed().unwrap()),
            inbox: user.inbox.clone(),
            name: format!("{account} {role:?}"),
            tls: TlsFiles::default(),
        }
    }

    /// Connects as a user.
    pub async fn bus(&self, account: &str, role: &Role) -> Bus {
        Bus::connect(&self.endpoint(account, role)).await.unwrap()
    }

    /// Changes the accounts and makes the server read them.
    pub async fn reconfigure(&mut self, accounts: Vec<AccountSpec>) {
        for (name, key) in keys(&accounts) {
            self.keys.entry(name).or_insert(key);
        }
        self.accounts = accounts;
        write_conf(self.dir.path(), &self.settings, &self.accounts, &self.keys);
        self.server.reload().await.unwrap();
    }

    /// Its directory.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Its log so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("nats.log")).unwrap()
    }

    fn user(&self, account: &str, role: &Role) -> &UserSpec {
        let account = self.accounts.iter().find(|a| a.name == account).expect("account");
        account.users.iter().find(|user| user.role == *role).expect("user")
    }
}

/// Kills a process without mercy.
pub fn kill_dead(pid: u32) {
    assert!(pid > 0, "no such process");
    let killed = std::process::Command::new("kill").args(["-9", &pid.to_string()]).status();
    assert!(killed.unwrap().success());
}

/// Settings for a server in `dir`.
pub fn settings(dir: &Path, listen: SocketAddr) -> ServerSettings {
    ServerSettings {
        name: "chappe-test".to_owned(),
        listen: listen.to_string(),
        monitor_port: 0,
        store: dir.join("js"),
        max_file: 64 << 30,
    }
}

/// Where a test's configuration lies.
pub fn conf_path(dir: &Path) -> PathBuf {
    dir.join("nats.conf")
}

fn keys(accounts: &[AccountSpec]) -> Keys {
    let users = accounts.iter().flat_map(|a| a.users.iter().map(|u| (a.name.clone(), &u.role)));
    users.map(|(account, role)| ((account, role.clone()), KeyPair::new_user())).collect()
}

fn write_conf(dir: &Path, settings: &ServerSettings, accounts: &[AccountSpec], keys: &Keys) {
    let key = |account: &str, role: &Role| {
        keys.get(&(account.to_owned(), role.clone())).map(KeyPair::public_key)
    };
    std::fs::write(conf_path(dir), server_conf(settings, accounts, &key)).unwrap();
}

/// A user; its inbox is added to what it may subscribe to.
pub fn user(role: Role, publish: &[&str], subscribe: &[&str]) -> UserSpec {
    let inbox = format!("_INBOX_{}", KeyPair::new_user().public_key());
    let mut subscribe: Vec<String> = subscribe.iter().map(|s| (*s).to_owned()).collect();
    subscribe.push(format!("{inbox}.>"));
    let publish = publish.iter().map(|s| (*s).to_owned()).collect();
    let allow_responses = role == Role::Relay;
    UserSpec { role, publish, subscribe, allow_responses, inbox }
}

/// An account without exports or imports.
pub fn account(name: &str, jetstream: bool, users: Vec<UserSpec>) -> AccountSpec {
    let (exports, imports) = (Vec::new(), Vec::new());
    AccountSpec { name: name.to_owned(), jetstream, users, exports, imports }
}

/// A service that one account offers another.
pub fn service(subject: &str, streamed: bool, to: &str) -> ExportSpec {
    let (subject, to) = (subject.to_owned(), to.to_owned());
    ExportSpec { subject, service: true, streamed, to }
}

/// The other side of [`service`].
pub fn import(from: &str, subject: &str, to: Option<&str>) -> ImportSpec {
    let (from, subject) = (from.to_owned(), subject.to_owned());
    ImportSpec { from, subject, as_subject: to.map(str::to_owned), service: true }
}

/// A stream of 64 MiB with one message per subject.
pub fn stream(name: &str, subjects: &[&str]) -> StreamSpec {
    StreamSpec {
        name: name.to_owned(),
        subjects: subjects.iter().map(|s| (*s).to_owned()).collect(),
        retention: Retention::Limits,
        discard: Discard::New,
        per_subject: Some(1),
        max_bytes: 64 << 20,
        max_age: Some(Duration::from_secs(86_400)),
        ttl: true,
        republish: None,
    }
}

/// A durable without filters.
pub fn durable(stream: &str, name: &str, fold: bool) -> DurableSpec {
    DurableSpec {
        stream: stream.to_owned(),
        name: name.to_owned(),
        filters: Vec::new(),
        fold,
        headers_only: fold,
    }
}
