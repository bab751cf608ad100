//! What a server must hold for one node, as data.

use std::time::Duration;

/// How a stream forgets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// By age and TTL.
    Limits,
    /// Once settled.
    WorkQueue,
}

/// What a full stream does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discard {
    /// Refuses the new message, loudly.
    New,
    /// Forgets the oldest.
    Old,
}

/// One stream. File storage, no rollup, no purge by default, smallest duplicate window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamSpec {
    /// Its name.
    pub name: String,
    /// Its subjects.
    pub subjects: Vec<String>,
    /// How it forgets.
    pub retention: Retention,
    /// What it does when full.
    pub discard: Discard,
    /// Messages per subject; `None` without bound (quarantine quotas).
    pub per_subject: Option<i64>,
    /// Bytes.
    pub max_bytes: i64,
    /// Outer bound of age.
    pub max_age: Option<Duration>,
    /// Whether messages may carry `Nats-TTL`.
    pub ttl: bool,
    /// Source and destination pattern of its live republication.
    pub republish: Option<(String, String)>,
}

/// One pre-created pull consumer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DurableSpec {
    /// The stream that it reads.
    pub stream: String,
    /// Its name.
    pub name: String,
    /// Its filters, always the plural form; empty reads all.
    pub filters: Vec<String>,
    /// Whether nothing is acknowledged and every start reads it anew: the fold.
    pub fold: bool,
    /// Whether payloads stay behind: a fold over notices needs their headers alone.
    pub headers_only: bool,
}

/// What a user of a node's accounts is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// The node's relay.
    Relay,
    /// Runs `chappe provision`; the relay never has its seed.
    Provisioner,
    /// Counts and advisories.
    Monitor,
    /// Local publisher, by name.
    Publisher(String),
    /// Operators' commands.
    Desk,
    /// The link of a child or follower, by node id.
    Link(crate::notice::NodeId),
    /// Live subscriber, by name.
    Subscriber(String),
    /// The same subscriber reading what it missed from its durable, by name.
    Replay(String),
}

/// One user with its allow-lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserSpec {
    /// What it is for.
    pub role: Role,
    /// Subjects it may publish to.
    pub publish: Vec<String>,
    /// Subjects it may subscribe to, its inbox among them.
    pub subscribe: Vec<String>,
    /// Whether it may answer requests (the relay).
    pub allow_responses: bool,
    /// Its private inbox prefix.
    pub inbox: String,
}

/// What an account offers to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportSpec {
    /// Subject.
    pub subject: String,
    /// Service (request and answer) or stream.
    pub service: bool,
    /// Whether a service answers with several messages.
    pub streamed: bool,
    /// The account that may import it.
    pub to: String,
}

/// What an account takes from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportSpec {
    /// The exporting account.
    pub from: String,
    /// Subject there.
    pub subject: String,
    /// Subject here, if another.
    pub as_subject: Option<String>,
    /// Service or stream.
    pub service: bool,
}

/// One NATS account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSpec {
    /// Its name: `<node>`, `<node>_in`, `<node>_out`.
    pub name: String,
    /// Whether it has JetStream.
    pub jetstream: bool,
    /// Its users.
    pub users: Vec<UserSpec>,
    /// Its exports.
    pub exports: Vec<ExportSpec>,
    /// Its imports.
    pub imports: Vec<ImportSpec>,
}

/// Everything of one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodePlan {
    /// The three accounts.
    pub accounts: Vec<AccountSpec>,
    /// The streams of the core account.
    pub streams: Vec<StreamSpec>,
    /// The durables of the core account.
    pub durables: Vec<DurableSpec>,
}
