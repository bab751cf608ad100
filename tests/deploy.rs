//! What stands in `deploy/` fits the program: no unit starts a verb that is not there, no alert
//! waits for a metric that does not exist. `.ci/run` gives the same files to systemd and promtool.

#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test that panics has failed

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use chappe::config::{Environment, RelayConfig};
use chappe::notice::{Reason, Time};
use chappe::telemetry::FAMILIES;
use chappe::topology::{RenderOptions, Topology, render};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).expect(path)
}

#[test]
fn the_commented_configuration_is_read_and_uses_every_table() {
    let path = Path::new("/etc/chappe/relay.toml");
    let config = RelayConfig::parse(&read("deploy/relay.toml"), path, &Environment::default());
    let config = config.expect("a configuration");
    assert_eq!(config.relay_key, Path::new("/etc/chappe/keys/relay.pem"));
    assert_eq!((config.upstreams.len(), config.subscribers.len()), (2, 1));
    assert_eq!((config.rules.len(), config.climbs.len()), (2, 2));
}

#[test]
fn the_server_example_is_what_render_writes() {
    let folder = tempfile::tempdir().expect("a folder");
    let (topology, _) =
        Topology::load(&read("topology/small.toml"), "small.toml").expect("no findings");
    let options = RenderOptions {
        out: folder.path().to_owned(),
        one_server: false,
        host: "127.0.0.1".into(),
        port: 4222,
        monitor_port: 8222,
        console_port: 9601,
        now: Time::from_secs(1_800_000_000),
    };
    render(&topology, &options).expect("rendered");
    let written = folder.path().join("nodes/eu-fr-bre/nats-server.conf");
    let written = std::fs::read_to_string(written).expect("rendered");
    let store = folder.path().join("nodes/eu-fr-bre/jetstream").display().to_string();
    let fresh = nameless(&written.replace(&store, "/var/lib/nats/jetstream"));
    let path = root().join("deploy/nats-server.conf");
    if std::env::var_os("CHAPPE_UPDATE_EXAMPLES").is_some() {
        std::fs::write(&path, &fresh).expect("written");
    }
    let kept = read("deploy/nats-server.conf");
    assert!(kept == fresh, "render writes another file now: CHAPPE_UPDATE_EXAMPLES=1 rewrites it");
}

/// The text with each user's public key replaced, since they are new each time.
fn nameless(text: &str) -> String {
    let mut words = text.split("nkey: ");
    let mut out = words.next().unwrap_or("").to_owned();
    for rest in words {
        let end = rest.find(',').expect("a key ends");
        out.push_str("nkey: \"PUBLIC KEY OF THE USER\"");
        out.push_str(&rest[end..]);
    }
    out
}

/// Every name of a metric in a text, without the endings that a histogram adds.
fn metrics_in(text: &str) -> BTreeSet<String> {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let names = text.split(|c| !part(c)).filter(|word| word.starts_with("chappe_"));
    let bare = |name: &str| {
        let cut = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
        cut.unwrap_or(name).to_owned()
    };
    names.map(bare).collect()
}

fn known_metrics() -> BTreeSet<String> {
    FAMILIES.iter().map(|family| family.name.to_owned()).collect()
}

#[test]
fn alerts_and_their_test_name_only_metrics_and_reasons_that_exist() {
    for file in ["deploy/prometheus/alerts.yml", "deploy/prometheus/alerts.test.yml"] {
        let text = read(file);
        let unknown: Vec<_> = metrics_in(&text).difference(&known_metrics()).cloned().collect();
        assert!(unknown.is_empty(), "{file}: {unknown:?}");
        for list in text.split("reason=~\"").skip(1) {
            let list = list.split('"').next().expect("closed");
            for reason in list.split('|') {
                let known = Reason::ALL.iter().any(|known| known.as_str() == reason);
                assert!(known, "{file}: `{reason}` is no reason");
            }
        }
    }
}

#[test]
fn every_alert_has_its_line_in_the_operators_guide() {
    let alerts = read("deploy/prometheus/alerts.yml");
    let named = alerts.lines().filter_map(|line| line.trim().strip_prefix("- alert: "));
    let guide = read("docs/OPERATIONS.md");
    let rows = guide.lines().filter_map(|line| line.strip_prefix("| `Chappe"));
    let explained =
        rows.filter_map(|row| row.split('`').next()).map(|name| format!("Chappe{name}"));
    assert_eq!(
        named.map(str::to_owned).collect::<BTreeSet<_>>(),
        explained.collect::<BTreeSet<_>>()
    );
}

#[test]
fn the_dashboard_shows_every_metric_and_no_other() {
    let text = read("deploy/grafana/chappe.json");
    let dashboard: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().expect("targets"));
    let queries: Vec<&str> =
        targets.map(|target| target["expr"].as_str().expect("a query")).collect();
    assert_eq!(metrics_in(&queries.join(" ")), known_metrics());
    let ids: BTreeSet<i64> = panels.iter().filter_map(|panel| panel["id"].as_i64()).collect();
    assert_eq!(ids.len(), panels.len(), "two panels of one id");
}

/// A unit file's sections; a key may stand several times.
type Unit = BTreeMap<String, Vec<(String, String)>>;

fn unit(text: &str) -> Unit {
    let mut sections = Unit::new();
    let mut current = String::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[') {
            current = name.strip_suffix(']').expect("a section").to_owned();
            continue;
        }
        let (key, value) = line.split_once('=').expect("a key and a value");
        sections.entry(current.clone()).or_default().push((key.to_owned(), value.to_owned()));
    }
    sections
}

fn units() -> Vec<(String, Unit)> {
    let entries = std::fs::read_dir(root().join("deploy/systemd")).expect("units");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let services = paths.filter(|path| path.extension().is_some_and(|e| e == "service"));
    services
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("a unit");
            (path.display().to_string(), unit(&text))
        })
        .collect()
}

/// Asks the program itself: the verb is there, and so is each of its flags.
fn is_understood(arguments: &[&str]) {
    let (verb, rest) = arguments.split_first().expect("a verb");
    let help = Command::new(env!("CARGO_BIN_EXE_chappe")).args([verb, "--help"]).output();
    let help = help.expect("ran");
    assert!(help.status.success(), "`{verb}` is no verb");
    let help = String::from_utf8(help.stdout).expect("text");
    for flag in rest.iter().filter(|argument| argument.starts_with("--")) {
        assert!(help.contains(flag), "`{verb}` has no flag `{flag}`");
    }
}

#[test]
fn units_start_verbs_that_exist() {
    let mut started = 0;
    for (_, unit) in units() {
        for (key, value) in &unit["Service"] {
            let words: Vec<&str> = value.split_whitespace().collect();
            if key.starts_with("Exec") && words.first() == Some(&"/usr/bin/chappe") {
                is_understood(&words[1..]);
                started += 1;
            }
        }
    }
    assert_eq!(started, 3);
}

#[test]
fn every_unit_is_hardened() {
    let needed = [
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("ProtectHome", "yes"),
        ("PrivateDevices", "yes"),
        ("RestrictNamespaces", "yes"),
        ("MemoryDenyWriteExecute", "yes"),
        ("LimitCORE", "0"),
    ];
    let units = units();
    assert_eq!(units.len(), 3);
    for (path, unit) in units {
        for (key, value) in needed {
            let has = unit["Service"].iter().any(|(k, v)| (k.as_str(), v.as_str()) == (key, value));
            assert!(has, "{path}: {key}={value} is missing");
        }
    }
}

#[test]
fn the_relays_unit_never_names_the_provisioners_seed() {
    let relay = read("deploy/systemd/chappe-relay.service");
    assert!(!relay.contains("provisioner"));
    assert!(read("deploy/systemd/chappe-provision.service").contains("provisioner.nk"));
}

/// Instructions of a container file, continued lines joined.
fn instructions(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let joined = lines.collect::<Vec<_>>().join("\n").replace("\\\n", " ");
    let words = joined.lines().filter_map(|line| line.trim().split_once(' '));
    words.map(|(name, rest)| (name.to_owned(), rest.trim().to_owned())).collect()
}

#[test]
fn the_container_runs_as_nobody_special_and_starts_a_verb_that_exists() {
    let all = instructions(&read("deploy/Dockerfile"));
    let last = |name: &str| {
        let found = all.iter().rfind(|(instruction, _)| instruction == name);
        found.map(|(_, rest)| rest.clone()).expect(name)
    };
    assert_eq!(last("USER"), "10001:10001");
    assert_eq!(all.iter().filter(|(name, _)| name == "FROM").count(), 2);
    let words: Vec<String> = serde_json::from_str(&last("CMD")).expect("a JSON list");
    is_understood(&words.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn the_container_is_built_from_everything_that_the_program_includes() {
    let all = instructions(&read("deploy/Dockerfile"));
    let copied = all.iter().filter(|(name, rest)| name == "COPY" && !rest.starts_with("--from"));
    let sources: BTreeSet<&str> = copied
        .flat_map(|(_, rest)| {
            let words: Vec<&str> = rest.split_whitespace().collect();
            words[..words.len() - 1].to_vec()
        })
        .collect();
    let let_in = read(".dockerignore");
    for source in &sources {
        assert!(root().join(source).exists(), "{source} is not there");
        assert!(let_in.lines().any(|line| line == format!("!{source}")), "{source} is left out");
    }
    for needed in ["Cargo.toml", "Cargo.lock", "src", "data"] {
        assert!(sources.contains(needed), "{needed} is not copied");
    }
}
