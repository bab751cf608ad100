//! The configuration of one node's relay.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::ConfigError;
use super::beats::{BEATS, period};
use super::cases::{CASES, CasesConfig, SIMILAR, cases};
use super::desk;
use super::environment::{Environment, Variable};
use super::layers::{self, Format, Layers};
use super::local::{LOCAL, Local};
use super::rules::{CLIMB, RULE, climbs, rules};
use super::server::{SERVER, Server, UPSTREAM, Upstream, upstreams};
use super::spans::{Schema, Shape};
use super::table::{Reader, Table};
use super::values::{listen, parsed, path};
use crate::address::LocalSubscriber;
use crate::notice::NodeId;
use crate::policy::{Climb, Rule};

/// Only this machine sees the console: it has no password, and names what is wrong here.
pub const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9601);

/// A relay's checked configuration. Holds paths, never a secret; paths in the file are relative to
/// its folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayConfig {
    /// The node.
    pub node: NodeId,
    /// Its own server.
    pub server: Server,
    /// Its links up: the parent and followed nodes.
    pub upstreams: Vec<Upstream>,
    /// The relay key's file. Whether the key is one of use `relay`, the bundles say.
    pub relay_key: PathBuf,
    /// The file of its passphrase, if it is encrypted and systemd does not hand it over.
    pub passphrase: Option<PathBuf>,
    /// The pinned root of the national authority; of a union its own.
    pub root: PathBuf,
    /// A folder of `*.json` roots and bundles for the first start; later they are in TRUST.
    pub bundles: Option<PathBuf>,
    /// Local publishers, without the desk.
    pub publishers: Vec<String>,
    /// Whether local subscribers may get AMBER.
    pub amber: bool,
    /// Live subscribers.
    pub subscribers: Vec<LocalSubscriber>,
    /// How often this node says what it has in force.
    pub period: Duration,
    /// Where `/metrics`, `/livez` and `/readyz` are served.
    pub listen: SocketAddr,
    /// Rules for advisories and annotations: first match, default deny.
    pub rules: Vec<Rule>,
    /// Rules for escalations: first match, default stop.
    pub climbs: Vec<Climb>,
    /// What it does about cases in time.
    pub cases: CasesConfig,
}

/// The variables over a relay's file; lists are separated by commas. Lists of tables (upstreams,
/// subscribers, rules) stand in the file alone, where they can be reviewed.
pub(super) const VARIABLES: &[Variable] = &[
    ("CHAPPE_NODE", "node"),
    ("CHAPPE_SERVER_URL", "server.url"),
    ("CHAPPE_SERVER_SEED", "server.seed"),
    ("CHAPPE_SERVER_CA", "server.ca"),
    ("CHAPPE_SERVER_CERT", "server.cert"),
    ("CHAPPE_SERVER_KEY", "server.key"),
    ("CHAPPE_SERVER_REPLICAS", "server.replicas"),
    ("CHAPPE_KEYS_RELAY", "keys.relay"),
    ("CHAPPE_KEYS_PASSPHRASE", "keys.passphrase"),
    ("CHAPPE_TRUST_ROOT", "trust.root"),
    ("CHAPPE_TRUST_BUNDLES", "trust.bundles"),
    ("CHAPPE_LOCAL_PUBLISHERS", "local.publishers"),
    ("CHAPPE_LOCAL_AMBER", "local.amber"),
    ("CHAPPE_BEATS_PERIOD", "beats.period"),
    ("CHAPPE_CASES_UNANSWERED", "cases.unanswered"),
    ("CHAPPE_CASES_SILENCE", "cases.silence"),
    ("CHAPPE_CASES_KEEP", "cases.keep"),
    ("CHAPPE_CASES_CLOCKS", "cases.clocks"),
    ("CHAPPE_CONSOLE_LISTEN", "console.listen"),
];

const V: Shape = Shape::Value;
const FILE: Schema = Schema {
    title: "the file",
    keys: &[
        ("node", V),
        ("server", Shape::Table(&SERVER)),
        ("upstream", Shape::Tables(&UPSTREAM)),
        ("keys", Shape::Table(&KEYS)),
        ("trust", Shape::Table(&TRUST)),
        ("local", Shape::Table(&LOCAL)),
        ("beats", Shape::Table(&BEATS)),
        ("console", Shape::Table(&CONSOLE)),
        ("rule", Shape::Tables(&RULE)),
        ("climb", Shape::Tables(&CLIMB)),
        ("cases", Shape::Table(&CASES)),
        ("similar", Shape::Tables(&SIMILAR)),
    ],
    other: None,
};
const KEYS: Schema =
    Schema { title: "[keys]", keys: &[("relay", V), ("passphrase", V)], other: None };
const TRUST: Schema =
    Schema { title: "[trust]", keys: &[("root", V), ("bundles", V)], other: None };
const CONSOLE: Schema = Schema { title: "[console]", keys: &[("listen", V)], other: None };

const FORMAT: Format = Format {
    schema: &FILE,
    prefix: "CHAPPE",
    separator: Some("_"),
    variables: VARIABLES,
    elsewhere: &[desk::VARIABLES],
};

impl RelayConfig {
    /// Reads the file at `path`, layers this process' environment over it and checks the whole.
    ///
    /// # Errors
    /// [`ConfigError`]: the file is not there, or everything that is wrong with it.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        Self::parse(&layers::read(path)?, path, &Environment::of_process())
    }

    /// As [`Self::load`], of a text and a given environment; `path` is the text's name in messages,
    /// and its folder is what the paths in it are relative to.
    ///
    /// # Errors
    /// [`ConfigError::Mistakes`].
    pub fn parse(text: &str, path: &Path, environment: &Environment) -> Result<Self, ConfigError> {
        let name = path.display().to_string();
        let layers = Layers::new(&name, text, &FORMAT, environment)?;
        let reader = Reader::new(&layers);
        let config = Self::read(reader.root(), path.parent().unwrap_or(Path::new("")));
        reader.finish(config)
    }

    /// `None` only where a mistake says why.
    fn read(root: Table<'_, '_, '_>, base: &Path) -> Option<Self> {
        let node: Option<NodeId> = root.need("node", parsed);
        let server = Server::read(root.table("server", SERVER.title, "server"), base);
        let upstreams = upstreams(root, node.as_ref(), base);
        let keys = root.table("keys", KEYS.title, "keys");
        let (relay_key, passphrase) = (keys.need("relay", path), keys.text("passphrase", path));
        let trust = root.table("trust", TRUST.title, "trust");
        let (pinned, bundles) = (trust.need("root", path), trust.text("bundles", path));
        let local = Local::read(root.table("local", LOCAL.title, "local"));
        let console = root.table("console", CONSOLE.title, "console").text("listen", listen);
        let period = period(root.table("beats", BEATS.title, "beats"));
        let (rules, climbs, cases) = (rules(root), climbs(root), cases(root, base));
        let Local { publishers, amber, subscribers } = local?;
        Some(Self {
            node: node?,
            server: server?,
            upstreams: upstreams?,
            relay_key: base.join(relay_key?),
            passphrase: passphrase.map(|path| base.join(path)),
            root: base.join(pinned?),
            period: period?,
            bundles: bundles.map(|folder: PathBuf| base.join(folder)),
            publishers,
            amber,
            subscribers,
            listen: console.unwrap_or(DEFAULT_LISTEN),
            rules: rules?,
            climbs: climbs?,
            cases: cases?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notice::Tlp;

    const SMALLEST: &str = r#"
node = "eu-fr-bre"
[server]
url = "nats://127.0.0.1:4222"
seed = "seeds/relay.nk"
[keys]
relay = "keys/relay.pem"
[trust]
root = "trust/eu-fr.root.json"
bundles = "trust/bundles"
"#;

    fn read(text: &str, pairs: &[(&str, &str)]) -> Result<RelayConfig, ConfigError> {
        let pairs = pairs.iter().map(|(name, value)| (name.into(), value.into()));
        let environment = Environment::from_pairs(pairs);
        RelayConfig::parse(text, Path::new("/etc/chappe/relay.toml"), &environment)
    }

    fn mistakes(text: &str, pairs: &[(&str, &str)]) -> Vec<String> {
        let error = read(text, pairs).expect_err("refused").to_string();
        error.lines().map(|line| line.replace("/etc/chappe/relay.toml:", "")).collect()
    }

    #[test]
    fn what_is_left_out_has_its_documented_default() {
        let config = read(SMALLEST, &[]).expect("a configuration");
        assert_eq!(config.server.replicas, super::super::DEFAULT_REPLICAS);
        assert_eq!(config.listen, DEFAULT_LISTEN);
        assert!(!config.amber && config.publishers.is_empty());
        assert_eq!(config.relay_key, Path::new("/etc/chappe/keys/relay.pem"));
        assert_eq!(config.passphrase, None);
        assert!(config.rules.is_empty() && config.climbs.is_empty());
    }

    #[test]
    fn everything_that_is_missing_is_told_at_once() {
        assert_eq!(
            mistakes("", &[]),
            [
                "1: [keys] has no `relay`",
                "1: [server] has no `seed`",
                "1: [server] has no `url`",
                "1: [trust] has no `root`",
                "1: the file has no `node`",
            ]
        );
    }

    #[test]
    fn unknown_keys_wrong_types_and_bad_values_are_told_together_with_their_lines() {
        let text = SMALLEST.replace("127.0.0.1:4222", "soc:x@127.0.0.1")
            + "[local]\namber = \"yes\"\npublisher = [\"soc\"]\n[console]\nlisten = 9601\n";
        assert_eq!(
            mistakes(&text, &[]),
            [
                "4: `url`: a user or password in a URL, which is logged; \
                 expected nats://host:port or tls://host:port",
                "12: `amber`: must be true or false, found a string",
                "13: unknown key `publisher` in [local]: did you mean `publishers`?; \
                 expected one of publishers, amber, subscriber",
                "15: `listen`: must be a string, found an integer",
            ]
        );
    }

    #[test]
    fn a_variable_stands_over_the_file_and_is_read_by_the_keys_type() {
        let pairs = [
            ("CHAPPE_SERVER_REPLICAS", "3"),
            ("CHAPPE_LOCAL_PUBLISHERS", "soc, cve"),
            ("CHAPPE_LOCAL_AMBER", "true"),
            ("CHAPPE_NODE", "eu-fr"),
            ("CHAPPE_KEYS_PASSPHRASE", "passphrase"),
        ];
        let config = read(SMALLEST, &pairs).expect("a configuration");
        assert_eq!(config.server.replicas, 3);
        assert_eq!(config.publishers, ["soc", "cve"]);
        assert!(config.amber);
        assert_eq!(config.node.as_str(), "eu-fr");
        assert_eq!(config.passphrase.as_deref(), Some(Path::new("/etc/chappe/passphrase")));
    }

    #[test]
    fn a_mistake_in_a_variable_names_the_variable() {
        let pairs = [("CHAPPE_LOCAL_AMBER", "yes"), ("CHAPPE_SERVR_URL", "x")];
        assert_eq!(
            mistakes(SMALLEST, &pairs),
            [
                "CHAPPE_LOCAL_AMBER: `amber`: `yes` is not true or false",
                "CHAPPE_SERVR_URL: unknown variable: did you mean CHAPPE_SERVER_URL?",
            ]
        );
    }

    #[test]
    fn every_variable_stands_in_the_operators_guide() {
        let guide = include_str!("../../docs/OPERATIONS.md");
        let rows = guide.lines().filter_map(|line| line.strip_prefix("| `CHAPPE_"));
        let written: Vec<String> = rows
            .map(|row| {
                let words: Vec<&str> = row.split('`').collect();
                format!("CHAPPE_{}={}", words[0], words[2])
            })
            .collect();
        let known: Vec<String> =
            VARIABLES.iter().map(|(name, key)| format!("{name}={key}")).collect();
        assert_eq!(written, known);
    }

    #[test]
    fn a_file_that_is_not_there_is_an_error_and_never_a_default() {
        let error = RelayConfig::load(Path::new("/nowhere/relay.toml"));
        assert!(matches!(error, Err(ConfigError::Read { .. })));
    }

    #[test]
    fn rules_are_read_in_their_order_and_an_empty_list_is_refused() {
        let text = SMALLEST.to_owned()
            + r#"
[[rule]]
name = "bank"
sector = ["banking"]
severity = ["low", "medium"]
then = "filter"
[[rule]]
name = "rest"
scope = "eu.fr"
then = "accept"
[[climb]]
name = "all"
then = "climb"
"#;
        let config = read(&text, &[]).expect("a configuration");
        let names: Vec<&str> = config.rules.iter().map(|rule| rule.name.as_str()).collect();
        assert_eq!(names, ["bank", "rest"]);
        assert_eq!(config.climbs.len(), 1);
        let text = text.replace("[\"banking\"]", "[]").replace("\"accept\"", "\"pass\"");
        assert_eq!(
            mistakes(&text, &[]),
            [
                "14: `sector`: an empty list matches nothing; leave the key out to match \
                 everything",
                "20: `then`: `pass` is neither accept nor filter",
            ]
        );
    }

    #[test]
    fn a_rule_that_would_do_nothing_is_refused() {
        let rule = "[[rule]]\nname = \"x\"\nkind = [\"alert\"]\nthen = \"filter\"\n";
        let found = mistakes(&(SMALLEST.to_owned() + rule), &[]);
        assert!(found[0].contains("no rule applies to `alert`"), "{found:?}");
    }

    #[test]
    fn an_upstream_is_another_node_and_stands_once() {
        let one = |node: &str| {
            format!("[[upstream]]\nnode = \"{node}\"\nurl = \"tls://x:4222\"\nseed = \"s.nk\"\n")
        };
        let text = SMALLEST.to_owned() + &one("eu-fr") + &one("eu-fr-bre") + &one("eu-fr");
        assert_eq!(
            mistakes(&text, &[]),
            [
                "16: `node`: this node itself; expected its parent or a followed node",
                "20: `node`: `eu-fr` is an upstream already",
            ]
        );
        let config = read(&(SMALLEST.to_owned() + &one("eu-fr")), &[]).expect("a configuration");
        assert_eq!(config.upstreams.len(), 1);
    }

    #[test]
    fn a_board_has_at_most_a_hundred_subscribers() {
        let many = |count: usize| {
            let one =
                |n| format!("[[local.subscriber]]\nname = \"s{n}\"\nscopes = [\"eu.fr.bre\"]\n");
            SMALLEST.to_owned() + &(1..=count).map(one).collect::<String>()
        };
        assert_eq!(read(&many(100), &[]).map(|config| config.subscribers.len()), Ok(100));
        let error = read(&many(101), &[]).expect_err("refused").to_string();
        assert!(error.contains("101 subscribers, expected at most 100"), "{error}");
    }

    #[test]
    fn no_live_subscriber_is_promised_what_it_may_not_get() {
        let subscriber = |tlp: &str| {
            format!(
                "[[local.subscriber]]\nname = \"sub\"\nscopes = [\"eu.fr.bre\"]\ntlp = \"{tlp}\"\n"
            )
        };
        for (tlp, fine) in [("GREEN", true), ("AMBER", false), ("RED", false)] {
            assert_eq!(read(&(SMALLEST.to_owned() + &subscriber(tlp)), &[]).is_ok(), fine, "{tlp}");
        }
        let amber = format!("{SMALLEST}[local]\namber = true\n{}", subscriber("AMBER"));
        let config = read(&amber, &[]).expect("a configuration");
        assert_eq!(config.subscribers[0].tlp, Tlp::Amber);
    }

    #[test]
    fn tls_files_are_for_a_tls_url_and_a_certificate_has_its_key() {
        let text = SMALLEST.replace("seed =", "ca = \"ca.pem\"\nseed =");
        assert!(mistakes(&text, &[])[0].contains("write tls://"));
        let text = text.replace("nats://", "tls://");
        assert!(read(&text, &[]).is_ok());
        let text = text.replace("seed =", "cert = \"c.pem\"\nseed =");
        assert_eq!(mistakes(&text, &[]), ["6: `cert`: a certificate without its `key`"]);
    }
}
