//! Which module may use which: dependencies point down only.

use crate::source::SourceFile;

/// A module and what it may use. Lowest first: a module uses only what stands above its line, so
/// a cycle cannot be written down.
const MAY_USE: &[(&str, &[&str])] = &[
    // The domain: no runtime, no I/O, no clock, no log.
    ("jws", &[]),
    ("notice", &["jws"]),
    ("trust", &["jws", "notice"]),
    ("address", &["notice", "trust"]),
    ("policy", &["notice", "trust", "address"]),
    ("verify", &["jws", "notice", "trust", "address", "policy"]),
    ("lifecycle", &["notice"]),
    ("case", &["notice", "trust", "policy", "lifecycle"]),
    ("routing", &["notice", "trust", "address", "policy", "verify", "lifecycle", "case"]),
    // The edges: each touches the world outside, and none knows another unless it stands here.
    ("time", &["notice"]),
    ("keys", &["jws"]),
    ("document", &["notice"]),
    ("config", &["notice", "address", "policy"]),
    // The connection needs the seed that it connects with.
    ("bus", &["notice", "address", "keys"]),
    ("telemetry", &["notice", "address", "policy"]),
    // What is served at /metrics.
    ("console", &["telemetry"]),
    // The wiring.
    ("topology", &[DOMAIN, "time", "keys", "config"]),
    ("relay", &[DOMAIN, "time", "keys", "config", "bus", "telemetry", "console"]),
    // A publisher reads the same trust files as a relay.
    ("publish", &[DOMAIN, "time", "keys", "config", "document", "bus", "relay"]),
    ("demo", &[DOMAIN, EDGES, "topology", "publish", "relay"]),
    ("cli", &[DOMAIN, EDGES, "topology", "publish", "relay", "demo"]),
    ("main", &["cli"]),
];
const DOMAIN: &str = "(domain)";
const EDGES: &str = "(edges)";
const DOMAIN_MODULES: &[&str] =
    &["jws", "notice", "trust", "address", "policy", "verify", "lifecycle", "case", "routing"];
const EDGE_MODULES: &[&str] =
    &["time", "keys", "document", "config", "bus", "telemetry", "console"];

/// A name and the only modules that may write it.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("async_nats", &["bus"]),
    ("axum", &["console"]),
    ("prometheus", &["telemetry"]),
    ("clap", &["cli", "main"]),
    ("SystemTime", &["time"]),
    ("UNIX_EPOCH", &["time"]),
    ("Instant", &["time"]),
    ("ed25519_dalek", &["jws", "keys"]),
    ("getrandom", &["keys"]),
];

/// What the domain never names.
const NOT_IN_DOMAIN: &[&str] = &[
    "tokio",
    "tokio_util",
    "futures_util",
    "tracing",
    "std::fs",
    "std::net",
    "std::env",
    "std::io",
    "std::process",
    "std::thread",
    "println!",
    "print!",
];

/// Uses of a module that its line of the table does not have.
pub fn forbidden_edges(files: &[SourceFile]) -> Vec<String> {
    files.iter().filter(|file| !file.top().is_empty()).flat_map(edges_of).collect()
}

fn edges_of(file: &SourceFile) -> Vec<String> {
    let from = file.top();
    let Some((_, allowed)) = MAY_USE.iter().find(|(module, _)| *module == from) else {
        return vec![format!("{}: module `{from}` has no line in MAY_USE", file.path)];
    };
    let bad = |(at, to): (usize, String)| {
        let fine = to == from || may_use(allowed, &to);
        let line = file.line(at);
        (!fine).then(|| format!("{}:{line}: `{from}` may not use `{to}` (MAY_USE)", file.path))
    };
    uses(file).into_iter().filter_map(bad).collect()
}

fn may_use(allowed: &[&str], to: &str) -> bool {
    allowed.iter().any(|entry| match *entry {
        DOMAIN => DOMAIN_MODULES.contains(&to),
        EDGES => EDGE_MODULES.contains(&to),
        module => module == to,
    })
}

/// Every module of the crate that a file names, and where.
fn uses(file: &SourceFile) -> Vec<(usize, String)> {
    let root = if file.path == "src/main.rs" { "chappe::" } else { "crate::" };
    let up = "super::".repeat(file.module().len());
    let mut found = Vec::new();
    for start in [root, up.as_str()] {
        for at in words(&file.code, start) {
            let names = heads(&file.code[at + start.len()..]);
            found.extend(names.into_iter().filter(|name| name != "super").map(|name| (at, name)));
        }
    }
    found
}

/// The first names of a path: of `a::b` `a`, of `{a::b, c}` `a` and `c`.
fn heads(rest: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let Some(group) = rest.strip_prefix('{') else { return vec![name(rest)] };
    let mut depth = 0_usize;
    let mut names = vec![name(group)];
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(name(&group[at + 1..])),
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// Names outside their modules.
pub fn misplaced_names(files: &[SourceFile]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        for (name, modules) in ONLY_IN.iter().filter(|(_, m)| !m.contains(&file.top())) {
            found.extend(words(&file.code, name).into_iter().map(|at| {
                let line = file.line(at);
                format!("{}:{line}: `{name}` belongs in {}", file.path, modules.join(", "))
            }));
        }
    }
    found
}

/// What the domain must not name.
pub fn impure_domain(files: &[SourceFile]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files.iter().filter(|file| DOMAIN_MODULES.contains(&file.top())) {
        for name in NOT_IN_DOMAIN {
            found.extend(words(&file.code, name).into_iter().map(|at| {
                let line = file.line(at);
                format!("{}:{line}: the domain does not name `{name}`", file.path)
            }));
        }
    }
    found
}

/// Where `word` stands by itself in the code: not as a part of a longer name or path.
fn words(code: &str, word: &str) -> Vec<usize> {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    let open = !word.ends_with(part);
    let alone = |(at, _): &(usize, &str)| {
        let before = code[..*at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        let longer_path = word.contains("::") && code[..*at].ends_with("::");
        !before.is_some_and(part) && !longer_path && (open || !after.is_some_and(part))
    };
    code.match_indices(word).filter(alone).map(|(at, _)| at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(path: &str, text: &str) -> Vec<SourceFile> {
        vec![SourceFile::new(path, text)]
    }

    #[test]
    fn a_use_that_points_up_is_found_with_file_and_line() {
        let files = one("src/verify/steps.rs", "//! x\n\nuse crate::bus::Bus;\n");
        assert_eq!(
            forbidden_edges(&files),
            ["src/verify/steps.rs:3: `verify` may not use `bus` (MAY_USE)"]
        );
    }

    #[test]
    fn a_use_in_a_group_in_an_expression_and_through_super_is_found() {
        for text in [
            "use crate::{notice::Id, bus::{Bus, Pull}};",
            "fn f() { crate::bus::go() }",
            "use super::super::bus::Bus;",
        ] {
            assert_eq!(forbidden_edges(&one("src/routing/x.rs", text)).len(), 1, "{text}");
        }
        let files = one("src/routing/mod.rs", "use super::bus::Bus;");
        assert_eq!(forbidden_edges(&files).len(), 1);
    }

    #[test]
    fn allowed_edges_tests_and_the_own_module_are_not_found() {
        let text = "use crate::notice::Id; use crate::verify::x; use super::y;\n\
                    #[cfg(test)]\nmod tests { use crate::bus::Bus; }";
        assert_eq!(forbidden_edges(&one("src/verify/steps.rs", text)), [""; 0]);
    }

    #[test]
    fn a_new_module_must_be_entered() {
        assert_eq!(forbidden_edges(&one("src/helpers/x.rs", "")).len(), 1);
    }

    #[test]
    fn the_table_is_in_order_so_there_is_no_cycle() {
        for (index, (module, allowed)) in MAY_USE.iter().enumerate() {
            let above: Vec<&str> = MAY_USE.iter().take(index).map(|(name, _)| *name).collect();
            for to in allowed.iter().filter(|to| !to.starts_with('(')) {
                assert!(above.contains(to), "`{module}` uses `{to}`, which is not above it");
            }
        }
    }

    #[test]
    fn a_name_outside_its_module_is_found() {
        let text = "use async_nats::Client; use std::time::Instant;";
        assert_eq!(misplaced_names(&one("src/relay/x.rs", text)).len(), 2);
        assert_eq!(misplaced_names(&one("src/bus/x.rs", "use async_nats::Client;")), [""; 0]);
        assert_eq!(misplaced_names(&one("src/relay/x.rs", "let my_async_nats = 1;")), [""; 0]);
    }

    #[test]
    fn input_and_output_in_the_domain_are_found() {
        for text in ["std::fs::read(p)", "tokio::spawn(f)", "tracing::info!()", "println!()"] {
            let files = one("src/policy/x.rs", text);
            assert_eq!(impure_domain(&files).len(), 1, "{text}");
        }
        assert_eq!(impure_domain(&one("src/bus/x.rs", "tokio::spawn(f)")), [""; 0]);
    }
}
