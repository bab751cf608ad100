//! A relay's configuration: a TOML file, overridden by the environment.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::schema::RELAY;
use super::spans::{Finding, Source};
use crate::address::LocalSubscriber;
use crate::notice::{Kind, NodeId, Scope, Severity, Tlp};

/// Prefix of environment variables: `CHAPPE_RELAY__SERVER__URL` overrides `server.url`.
pub const ENV_PREFIX: &str = "CHAPPE_RELAY";
const ENV_SEPARATOR: &str = "__";
/// A configuration is a page of text.
const MAX_CONFIG_BYTES: u64 = 1024 * 1024;
/// Metrics and health are for this machine unless the file says otherwise.
const DEFAULT_LISTEN: &str = "127.0.0.1:9601";
/// One server of one's own is honest; three need three machines.
const DEFAULT_REPLICAS: usize = 1;

/// Why there is no configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Cannot be read.
    #[error("{path}: {why}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// What is wrong in it, each with its line.
    #[error("{}", list(.0))]
    Findings(Vec<Finding>),
    /// A value, from the file or the environment, is not what is needed.
    #[error("{path}: {why}")]
    Value {
        /// The file.
        path: PathBuf,
        /// The key and what was expected.
        why: String,
    },
}

fn list(findings: &[Finding]) -> String {
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// One relay's configuration, checked; paths are absolute or relative to the working directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayConfig {
    /// The node.
    pub node: NodeId,
    /// Its own server.
    pub server: Server,
    /// Its links up: the parent and followed nodes.
    pub upstreams: Vec<Upstream>,
    /// The relay key's file.
    pub relay_key: PathBuf,
    /// The pinned national root.
    pub root: PathBuf,
    /// Folder of bundles.
    pub bundles: PathBuf,
    /// Local publishers, without the desk.
    pub publishers: Vec<String>,
    /// Whether local subscribers may get AMBER.
    pub amber: bool,
    /// Live subscribers.
    pub subscribers: Vec<LocalSubscriber>,
    /// Where metrics and health are served.
    pub listen: SocketAddr,
    /// Rules for advisories and annotations.
    pub rules: Vec<RuleConfig>,
    /// Rules for escalations.
    pub climbs: Vec<ClimbConfig>,
}

/// A server and the user's seed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// `nats://` or `tls://`.
    pub url: String,
    /// The nkey seed's file.
    pub seed: PathBuf,
    /// Authorities of the server's certificate.
    #[serde(default)]
    pub ca: Option<PathBuf>,
    /// Client certificate.
    #[serde(default)]
    pub cert: Option<PathBuf>,
    /// Its key.
    #[serde(default)]
    pub key: Option<PathBuf>,
    /// Copies of each stream: 1, or 3 in a cluster.
    #[serde(default = "default_replicas")]
    pub replicas: usize,
}

fn default_replicas() -> usize {
    DEFAULT_REPLICAS
}

/// A link up.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    /// The parent or followed node.
    pub node: NodeId,
    /// `nats://` or `tls://`.
    pub url: String,
    /// The file of the link's nkey seed.
    pub seed: PathBuf,
    /// Authorities of the server's certificate.
    #[serde(default)]
    pub ca: Option<PathBuf>,
    /// Client certificate.
    #[serde(default)]
    pub cert: Option<PathBuf>,
    /// Its key.
    #[serde(default)]
    pub key: Option<PathBuf>,
}

/// One rule, as written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleConfig {
    /// For the log.
    pub name: String,
    /// Kinds; empty for all.
    #[serde(default)]
    pub kind: Vec<Kind>,
    /// Severities; empty for all.
    #[serde(default)]
    pub severity: Vec<Severity>,
    /// Labels; empty for all.
    #[serde(default)]
    pub tlp: Vec<Tlp>,
    /// Sector tokens of the audience; empty for all.
    #[serde(default)]
    pub sector: Vec<String>,
    /// The audience must lie within it.
    #[serde(default, deserialize_with = "short_scope")]
    pub scope: Option<Scope>,
    /// Issuers; empty for all.
    #[serde(default)]
    pub issuer: Vec<NodeId>,
    /// What then.
    pub then: RuleThen,
}

/// What a matching rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleThen {
    /// Lets it pass.
    Accept,
    /// Keeps it from this node and those below.
    Filter,
}

/// One climbing rule, as written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClimbConfig {
    /// For the log.
    pub name: String,
    /// Severities; empty for all.
    #[serde(default)]
    pub severity: Vec<Severity>,
    /// Sector tokens of the incident; empty for all.
    #[serde(default)]
    pub sector: Vec<String>,
    /// Issuers; empty for all.
    #[serde(default)]
    pub issuer: Vec<NodeId>,
    /// What then.
    pub then: ClimbWord,
}

/// What a matching climbing rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClimbWord {
    /// Passes it on.
    Climb,
    /// Keeps it here.
    Stop,
}

#[derive(Deserialize)]
struct Raw {
    node: NodeId,
    server: Server,
    #[serde(default)]
    upstream: Vec<Upstream>,
    keys: RawKeys,
    trust: RawTrust,
    #[serde(default)]
    local: RawLocal,
    #[serde(default)]
    console: RawConsole,
    #[serde(default)]
    rule: Vec<RuleConfig>,
    #[serde(default)]
    climb: Vec<ClimbConfig>,
}

#[derive(Deserialize)]
struct RawKeys {
    relay: PathBuf,
}

#[derive(Deserialize)]
struct RawTrust {
    root: PathBuf,
    bundles: PathBuf,
}

#[derive(Deserialize, Default)]
struct RawLocal {
    #[serde(default)]
    publishers: Vec<String>,
    #[serde(default)]
    amber: bool,
    #[serde(default)]
    subscriber: Vec<RawSubscriber>,
}

#[derive(Deserialize)]
struct RawSubscriber {
    name: String,
    scopes: Vec<String>,
    #[serde(default)]
    severities: Vec<Severity>,
    tlp: Tlp,
    #[serde(default)]
    drills: bool,
}

#[derive(Deserialize)]
struct RawConsole {
    listen: SocketAddr,
}

impl Default for RawConsole {
    fn default() -> Self {
        Self { listen: DEFAULT_LISTEN.parse().unwrap_or(SocketAddr::from(([127, 0, 0, 1], 9601))) }
    }
}

fn short_scope<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Option<Scope>, D::Error> {
    let text = Option::<String>::deserialize(d)?;
    text.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose()
}

impl RelayConfig {
    /// Reads and checks a file, with the environment over it.
    ///
    /// # Errors
    /// [`ConfigError`]; every unknown key at once, each with its line.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = read(path)?;
        let name = path.display().to_string();
        let source = Source::new(&name, &text);
        let table = source.parse().map_err(ConfigError::Findings)?;
        let unknown = source.unknown_keys(table.get_ref(), &RELAY);
        if !unknown.is_empty() {
            return Err(ConfigError::Findings(unknown));
        }
        let value =
            |e: config::ConfigError| ConfigError::Value { path: path.into(), why: e.to_string() };
        let layered = config::Config::builder()
            .add_source(config::File::from_str(&text, config::FileFormat::Toml))
            .add_source(
                config::Environment::with_prefix(ENV_PREFIX)
                    .prefix_separator(ENV_SEPARATOR)
                    .separator(ENV_SEPARATOR),
            )
            .build()
            .map_err(value)?;
        let raw: Raw = layered.try_deserialize().map_err(value)?;
        checked(path, raw)
    }
}

/// Reads a file of bounded size.
pub(super) fn read(path: &Path) -> Result<String, ConfigError> {
    let failed = |why: String| ConfigError::Read { path: path.into(), why };
    let length = std::fs::metadata(path).map_err(|e| failed(e.to_string()))?.len();
    if length > MAX_CONFIG_BYTES {
        return Err(failed(format!("{length} bytes, more than {MAX_CONFIG_BYTES}")));
    }
    std::fs::read_to_string(path).map_err(|e| failed(e.to_string()))
}

fn checked(path: &Path, raw: Raw) -> Result<RelayConfig, ConfigError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let wrong = |why: String| ConfigError::Value { path: path.into(), why };
    let mut server = raw.server;
    if !matches!(server.replicas, 1 | 3) {
        return Err(wrong(format!("server.replicas is {}; expected 1 or 3", server.replicas)));
    }
    server.seed = folder.join(server.seed);
    let mut upstreams = raw.upstream;
    for upstream in &mut upstreams {
        upstream.seed = folder.join(&upstream.seed);
    }
    for name in &raw.local.publishers {
        if !is_name(name) {
            return Err(wrong(format!("publisher `{name}`: expected 1 to 24 of [a-z0-9-]")));
        }
    }
    let subscribers = raw.local.subscriber.into_iter().map(subscriber);
    let subscribers = subscribers.collect::<Result<_, _>>().map_err(wrong)?;
    Ok(RelayConfig {
        node: raw.node,
        server,
        upstreams,
        relay_key: folder.join(raw.keys.relay),
        root: folder.join(raw.trust.root),
        bundles: folder.join(raw.trust.bundles),
        publishers: raw.local.publishers,
        amber: raw.local.amber,
        subscribers,
        listen: raw.console.listen,
        rules: raw.rule,
        climbs: raw.climb,
    })
}

fn subscriber(raw: RawSubscriber) -> Result<LocalSubscriber, String> {
    if !is_name(&raw.name) {
        return Err(format!("subscriber `{}`: expected 1 to 24 of [a-z0-9-]", raw.name));
    }
    if raw.tlp > Tlp::Amber {
        return Err(format!("subscriber `{}`: {} never goes to a board", raw.name, raw.tlp));
    }
    let scopes = raw.scopes.iter().map(|scope| scope.parse::<Scope>().map_err(|e| e.to_string()));
    Ok(LocalSubscriber {
        name: raw.name,
        scopes: scopes.collect::<Result<_, _>>()?,
        severities: raw.severities,
        tlp: raw.tlp,
        drills: raw.drills,
    })
}

fn is_name(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=24).contains(&text.len()) && text.bytes().all(allowed)
}
