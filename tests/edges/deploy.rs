//! What is deployed speaks of the program that there is: its metrics, its verbs and flags, its
//! configuration. A dashboard over a metric that was renamed shows nothing, which looks like peace.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use chappe::address::{Place, Source};
use chappe::notice::{NodeId, Time};
use chappe::telemetry::Metrics;

const UNITS: [&str; 3] = ["chappe-nats", "chappe-provision", "chappe-relay"];
/// Labels that Prometheus or a rule makes, beside those of the metrics.
const LABELS_OF_ALL: [&str; 4] = ["node", "le", "job", "instance"];

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(project().join(path)).expect(path)
}

fn chappe(arguments: &[&str]) -> Output {
    let binary = env!("CARGO_BIN_EXE_chappe");
    Command::new(binary).args(arguments).env_clear().output().expect("chappe runs")
}

/// The text of a relay that has moved every metric once.
fn exposition() -> String {
    let node: NodeId = "eu-fr-bre".parse().expect("an id");
    let upstream: NodeId = "eu-fr".parse().expect("an id");
    let metrics =
        Metrics::new(&node, std::slice::from_ref(&upstream), Time::from_secs(1)).expect("metrics");
    metrics.received(&Source::Upstream(upstream), 0, 0);
    metrics.placed(&Place::Board, Time::from_secs(1), Some(Duration::from_millis(1)));
    metrics.text().expect("text")
}

/// Each metric's row of the operators' table, as the program describes itself.
fn rows() -> BTreeMap<String, String> {
    let text = exposition();
    let mut rows = BTreeMap::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("# HELP ")) {
        let (name, help) = line.split_once(' ').expect("a help text");
        let form = text
            .lines()
            .find_map(|line| line.strip_prefix(&format!("# TYPE {name} ")))
            .expect("a type");
        let label = labels(&text, name).into_iter().find(|l| !LABELS_OF_ALL.contains(&l.as_str()));
        let label = label.map_or(String::new(), |label| format!("`{label}`"));
        rows.insert(name.to_owned(), format!("| `{name}` | {form} | {label} | {help} |"));
    }
    rows
}

fn labels(text: &str, name: &str) -> BTreeSet<String> {
    let series = text.lines().filter(|line| line.starts_with(&format!("{name}{{")));
    series
        .filter_map(|line| line.split_once('{')?.1.rsplit_once('}'))
        .flat_map(|(pairs, _)| pairs.split(','))
        .filter_map(|pair| Some(pair.split_once('=')?.0.to_owned()))
        .collect()
}

/// Every metric that a text names, without the endings of a histogram's series.
fn named(text: &str) -> BTreeSet<String> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split(|c| !word(c))
        .filter(|name| name.starts_with("chappe_"))
        .map(|name| {
            let endings = ["_bucket", "_sum", "_count"];
            endings.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name).to_owned()
        })
        .collect()
}

fn strangers(path: &str) -> Vec<String> {
    let known = rows();
    let named = named(&read(path));
    assert!(named.len() > 4, "{path} names only {named:?}");
    named.into_iter().filter(|name| !known.contains_key(name)).collect()
}

#[test]
fn alerts_and_their_tests_name_only_metrics_that_there_are() {
    assert_eq!(strangers("deploy/prometheus/alerts.yml"), Vec::<String>::new());
    assert_eq!(strangers("deploy/prometheus/alerts_test.yml"), Vec::<String>::new());
}

#[test]
fn the_dashboard_names_only_metrics_that_there_are_and_shows_all_of_them() {
    let text = read("deploy/grafana/chappe.json");
    serde_json::from_str::<serde_json::Value>(&text).expect("JSON");
    assert_eq!(strangers("deploy/grafana/chappe.json"), Vec::<String>::new());
    // When a process started, and of which version it is, is not drawn over time.
    let drawn = |name: &&String| !name.contains("start") && !name.contains("build");
    let shown = named(&text);
    let known = rows();
    let missing: Vec<&String> =
        known.keys().filter(drawn).filter(|name| !shown.contains(*name)).collect();
    assert_eq!(missing, Vec::<&String>::new());
}

#[test]
fn alerts_and_dashboard_group_by_labels_that_the_metric_has() {
    let text = exposition();
    for path in ["deploy/prometheus/alerts.yml", "deploy/grafana/chappe.json"] {
        for query in read(path).split("chappe_").skip(1) {
            let end = query.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            let (name, rest) = query.split_at(end.unwrap_or(query.len()));
            let Some(matchers) = rest.strip_prefix('{').and_then(|r| r.split_once('}')) else {
                continue;
            };
            let known = labels(&text, &format!("chappe_{name}"));
            for matcher in matchers.0.split(',') {
                let label = matcher.split(['=', '!', '~']).next().unwrap_or_default().trim();
                assert!(known.contains(label), "{path}: chappe_{name} has no label `{label}`");
            }
        }
    }
}

#[test]
fn the_operators_table_is_what_the_program_says_of_its_metrics() {
    let guide = read("docs/OPERATIONS.md");
    let written: BTreeSet<&str> =
        guide.lines().filter(|line| line.starts_with("| `chappe_")).collect();
    let known = rows();
    let said: BTreeSet<&str> = known.values().map(String::as_str).collect();
    let list = said.iter().copied().collect::<Vec<_>>().join("\n");
    assert_eq!(written, said, "the rows must be:\n{list}\n");
}

#[test]
fn every_alert_has_its_paragraph_in_the_operators_guide_and_a_test() {
    let (guide, tests) = (read("docs/OPERATIONS.md"), read("deploy/prometheus/alerts_test.yml"));
    let rules = read("deploy/prometheus/alerts.yml");
    let alerts: Vec<&str> =
        rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(alerts.len() > 4, "{alerts:?}");
    for alert in &alerts {
        assert!(guide.contains(&format!("### {alert}\n")), "{alert} is not in the guide");
        assert!(tests.contains(&format!("alertname: {alert}\n")), "{alert} has no test");
    }
    let explained = guide.lines().filter_map(|line| line.strip_prefix("### Chappe"));
    for name in explained {
        assert!(alerts.contains(&format!("Chappe{name}").as_str()), "no alert Chappe{name}");
    }
}

#[test]
fn units_and_image_call_verbs_and_flags_that_there_are() {
    let mut calls: Vec<Vec<String>> = Vec::new();
    for unit in UNITS {
        let text = read(&format!("deploy/systemd/{unit}.service"));
        let starts =
            text.lines().filter_map(|line| line.strip_prefix("ExecStart=/usr/bin/chappe "));
        calls.extend(starts.map(|call| call.split(' ').map(str::to_owned).collect()));
    }
    let image = read("deploy/Containerfile");
    let command = image.lines().find_map(|line| line.strip_prefix("CMD ")).expect("CMD");
    calls.push(serde_json::from_str(command).expect("a list"));
    assert_eq!(calls.len(), 3);
    for call in calls {
        let help = chappe(&[&call[0], "--help"]);
        assert!(help.status.success(), "no verb `{}`", call[0]);
        let help = String::from_utf8(help.stdout).expect("text");
        for flag in call.iter().filter(|word| word.starts_with("--")) {
            assert!(help.contains(&format!("{flag} ")), "{} has no flag {flag}", call[0]);
        }
    }
}

#[test]
fn the_image_is_built_from_everything_that_the_program_contains() {
    let image = read("deploy/Containerfile");
    let copied = |folder: &str| image.contains(&format!("\nCOPY {folder} {folder}\n"));
    let mut contained = BTreeSet::from(["src".to_owned()]);
    for text in texts(&project().join("src")) {
        // What is indented stands in a test.
        for line in text.lines().filter(|line| !line.starts_with(' ')) {
            let file = line.split_once("include_str!(\"").map_or("", |(_, file)| file);
            let folder = file.trim_start_matches("../").split('/').next().unwrap_or_default();
            // What lies beside its source is there.
            if file.starts_with("../") {
                contained.insert(folder.to_owned());
            }
        }
    }
    assert!(contained.len() > 1, "{contained:?}");
    for folder in contained {
        assert!(copied(&folder), "the Containerfile does not copy {folder}");
    }
}

fn texts(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("listed").path());
    paths
        .flat_map(|path| match path.is_dir() {
            true => texts(&path),
            false => vec![std::fs::read_to_string(path).expect("text")],
        })
        .collect()
}

/// Does what deploy/README.md says, in a folder instead of `/etc/chappe`.
fn installed(folder: &Path) -> PathBuf {
    let small = project().join("topology/small.toml").display().to_string();
    let out = folder.join("out").display().to_string();
    let rendered = chappe(&["topology", "render", &small, "--out", &out]);
    assert!(rendered.status.success(), "{rendered:?}");
    let etc = folder.join("etc");
    std::fs::rename(folder.join("out/nodes/eu-fr-bre-townhall1"), &etc).expect("moved");
    std::fs::rename(folder.join("out/trust"), etc.join("trust")).expect("moved");
    std::fs::create_dir(etc.join("tls")).expect("made");
    std::fs::write(etc.join("tls/ca.pem"), "").expect("written");
    etc
}

#[test]
fn a_node_that_is_installed_as_the_readme_says_accepts_the_example_configuration() {
    let folder = tempfile::tempdir().expect("a folder");
    let etc = installed(folder.path());
    let text = read("deploy/relay.toml").replace("/etc/chappe", &etc.display().to_string());
    let path = etc.join("relay.toml");
    std::fs::write(&path, &text).expect("written");
    let path = path.display().to_string();
    let checked = chappe(&["relay", "--config", &path, "--check"]);
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    let said = String::from_utf8(checked.stdout).expect("text");
    assert!(said.contains("eu-fr-bre-townhall1"), "{said}");
    // And a key that the example only might have is refused: the check above says something.
    std::fs::write(&path, text.replace("amber = false", "ambre = false")).expect("written");
    assert_eq!(chappe(&["relay", "--config", &path, "--check"]).status.code(), Some(2));
}

#[test]
fn the_relays_unit_hands_over_the_credential_that_the_relay_looks_for() {
    let unit = read("deploy/systemd/chappe-relay.service");
    let line = format!("LoadCredentialEncrypted={}", chappe::keys::CREDENTIAL);
    assert!(unit.lines().any(|is| is == line), "{unit}");
    for guide in ["deploy/README.md", "docs/OPERATIONS.md"] {
        let store = format!("/etc/credstore.encrypted/{}", chappe::keys::CREDENTIAL);
        assert!(read(guide).contains(&store), "{guide}");
    }
}

#[test]
fn provisioning_needs_no_key_of_the_node_as_its_unit_says() {
    let unit = read("deploy/systemd/chappe-provision.service");
    assert!(unit.lines().any(|is| is == "InaccessiblePaths=-/etc/chappe/keys"), "{unit}");
    let folder = tempfile::tempdir().expect("a folder");
    let etc = installed(folder.path());
    let text = read("deploy/relay.toml").replace("/etc/chappe", &etc.display().to_string());
    let text = text.replace("tls://nats.townhall1.example:4222", "tls://127.0.0.1:1");
    let path = etc.join("relay.toml");
    std::fs::write(&path, text).expect("written");
    std::fs::remove_dir_all(etc.join("keys")).expect("removed");
    // Nobody listens there; what could be wrong with files has been looked at before.
    let tried = chappe(&["provision", "--config", &path.display().to_string()]);
    let said = String::from_utf8_lossy(&tried.stderr).into_owned();
    assert_eq!(tried.status.code(), Some(1), "{said}");
    assert!(!said.contains("keys"), "{said}");
}

/// What a server's configuration says of its accounts, whoever the users are.
fn accounts(text: &str) -> String {
    let (_, accounts) = text.split_once("\naccounts {").expect("accounts");
    let users = accounts.split("{ nkey: ").map(|user| user.split_once(',').map_or(user, |u| u.1));
    users.collect::<Vec<_>>().join("{ nkey: ..,")
}

#[test]
fn the_example_server_has_every_setting_and_all_the_accounts_of_a_rendered_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let rendered =
        std::fs::read_to_string(installed(folder.path()).join("nats-server.conf")).expect("read");
    let example = read("deploy/nats-server.conf");
    let settings = |text: &str| -> BTreeSet<String> {
        let lines = text.lines().filter(|line| !line.starts_with([' ', '#', '}']));
        let names = lines.filter_map(|line| line.split([':', ' ']).next());
        names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
    };
    let missing: Vec<_> = settings(&rendered).difference(&settings(&example)).cloned().collect();
    assert_eq!(missing, Vec::<String>::new());
    assert_eq!(accounts(&rendered), accounts(&example));
    let size = |text: &str| text.lines().find(|l| l.starts_with("max_payload")).map(str::to_owned);
    assert_eq!(size(&rendered), size(&example));
}
