//! What `chappe topology render` writes, the relay and the commands read.

use std::path::Path;

use chappe::config::{DeskProfile, RelayConfig};
use chappe::notice::Time;
use chappe::topology::{RenderOptions, Rendered, Topology, render};

fn rendered(out: &Path) -> Rendered {
    let text = include_str!("../../topology/small.toml");
    let (topology, _) = Topology::load(text, "topology/small.toml").expect("no findings");
    let options = RenderOptions {
        out: out.to_owned(),
        one_server: true,
        host: "127.0.0.1".into(),
        port: 4222,
        monitor_port: 8222,
        console_port: 9601,
        now: Time::from_secs(1_800_000_000),
    };
    render(&topology, &options).expect("rendered")
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> = paths.filter(|p| p.extension().is_some_and(|e| e == "toml")).collect();
    files.sort();
    files
}

#[test]
fn every_rendered_file_is_read_and_the_files_it_names_are_there() {
    let folder = tempfile::tempdir().expect("a folder");
    rendered(folder.path());
    let nodes: Vec<_> = std::fs::read_dir(folder.path().join("nodes"))
        .expect("nodes")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    assert!(!nodes.is_empty());
    for node in nodes {
        for file in files(&node) {
            let named = if file.ends_with("relay.toml") { relay(&file) } else { desk(&file) };
            for path in named {
                assert!(path.exists(), "{}: {} is missing", file.display(), path.display());
            }
        }
    }
}

fn relay(file: &Path) -> Vec<std::path::PathBuf> {
    let config = RelayConfig::load(file).expect("a configuration");
    let mut named = vec![config.server.seed, config.relay_key, config.root];
    named.extend(config.bundles);
    named.extend(config.upstreams.into_iter().map(|upstream| upstream.seed));
    named
}

fn desk(file: &Path) -> Vec<std::path::PathBuf> {
    let profile = DeskProfile::load(file).expect("a profile");
    let mut named = vec![profile.seed, profile.root, profile.bundles];
    named.extend(profile.issue_key);
    named
}
