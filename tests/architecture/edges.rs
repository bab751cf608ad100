//! Which module may name which.

use super::source::Source;

/// What keeps the domain a plain calculation: the same input gives the same verdict anywhere.
const NOT_IN_THE_DOMAIN: [&str; 5] = ["tokio", "async_nats", "tracing", "SystemTime", "Instant"];
const NOT_IN_THE_DOMAIN_OF_STD: [&str; 4] = ["fs", "net", "env", "process"];

/// A row of the table: a module and what it may use.
pub(crate) type Row = (&'static str, &'static [&'static [&'static str]]);

/// What `source` names of other modules although the table does not allow it.
pub(crate) fn forbidden_edges(table: &[Row], source: &Source) -> Vec<String> {
    let me = source.module();
    if me == "lib" {
        return Vec::new();
    }
    let Some((_, allowed)) = table.iter().find(|(module, _)| *module == me) else {
        return vec![format!("{}: `{me}` has no row in the table", source.path)];
    };
    let mut named = heads(&source.code, "crate::");
    named.extend(heads(&source.code, "chappe::"));
    named.extend(heads(&source.code, &"super::".repeat(source.depth().max(1))));
    named.retain(|(_, name)| table.iter().any(|(module, _)| module == name));
    named
        .into_iter()
        .filter(|(_, name)| name != me && !allowed.iter().any(|some| some.contains(&name.as_str())))
        .map(|(line, name)| format!("{}:{line}: `{me}` may not use `{name}`", source.path))
        .collect()
}

/// Runtimes, disks, clocks and logs in a domain module.
pub(crate) fn world_in_the_domain(domain: &[&str], source: &Source) -> Vec<String> {
    if !domain.contains(&source.module()) {
        return Vec::new();
    }
    let mut found = words(source, &NOT_IN_THE_DOMAIN);
    for (line, name) in heads(&source.code, "std::") {
        if NOT_IN_THE_DOMAIN_OF_STD.contains(&name.as_str()) {
            found.push(format!("{}:{line}: `std::{name}`", source.path));
        }
    }
    found
}

/// The broker's client outside of the bus.
pub(crate) fn broker_outside_the_bus(source: &Source) -> Vec<String> {
    if source.module() == "bus" { Vec::new() } else { words(source, &["async_nats"]) }
}

/// The system's clock outside of `time.rs`.
pub(crate) fn clock_outside_of_time(source: &Source) -> Vec<String> {
    if source.module() == "time" { Vec::new() } else { words(source, &["SystemTime"]) }
}

/// Calls that stop the process where an error should go to the caller.
pub(crate) fn panics(source: &Source) -> Vec<String> {
    let found = |(line, text): (usize, &str)| {
        [".unwrap()", ".expect("]
            .iter()
            .filter(|call| text.contains(**call))
            .map(|call| format!("{}:{line}: `{call}`", source.path))
            .collect::<Vec<_>>()
    };
    numbered(&source.code).flat_map(found).collect()
}

fn words(source: &Source, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (line, text) in numbered(&source.code) {
        let names = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        for name in names.filter(|name| words.contains(name)) {
            found.push(format!("{}:{line}: `{name}`", source.path));
        }
    }
    found
}

pub(crate) fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

/// The names that directly follow `prefix`, also in a group, each with its line.
fn heads(code: &str, prefix: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices(prefix) {
        let inside = code[..at]
            .chars()
            .next_back()
            .is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':');
        if inside {
            continue;
        }
        let line = code[..at].matches('\n').count() + 1;
        let after = &code[at + prefix.len()..];
        match after.strip_prefix('{') {
            Some(group) => found.extend(group_heads(group).into_iter().map(|name| (line, name))),
            None => found.push((line, first_word(after))),
        }
    }
    found
}

fn first_word(text: &str) -> String {
    text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn group_heads(group: &str) -> Vec<String> {
    let mut depth = 0_usize;
    let mut names = vec![first_word(group)];
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(first_word(&group[at + 1..])),
            _ => {}
        }
    }
    names
}

#[cfg(test)]
mod fires {
    use super::*;

    const TABLE: &[Row] = &[("low", &[]), ("high", &[&["low"]]), ("side", &[])];

    fn edges(path: &str, text: &str) -> Vec<String> {
        forbidden_edges(TABLE, &Source::new(path, text))
    }

    #[test]
    fn an_edge_down_is_allowed_and_an_edge_up_is_not() {
        assert_eq!(edges("src/high/a.rs", "use crate::low::X;\n"), Vec::<String>::new());
        assert_eq!(
            edges("src/low/a.rs", "\nuse crate::high::X;\n"),
            ["src/low/a.rs:2: `low` may not use `high`"]
        );
    }

    #[test]
    fn an_edge_hides_neither_in_a_group_nor_in_a_path_nor_behind_super() {
        for text in [
            "use crate::{low::{X, Y}, side};\n",
            "fn a() { crate::side::b() }\n",
            "use super::super::side::X;\n",
        ] {
            assert_eq!(edges("src/high/a.rs", text).len(), 1, "{text}");
        }
        assert_eq!(edges("src/high/mod.rs", "use super::side;\n").len(), 1);
        assert_eq!(edges("src/high/mod.rs", "use self::side;\n"), Vec::<String>::new());
    }

    #[test]
    fn a_new_module_needs_a_row() {
        assert_eq!(edges("src/odd.rs", ""), ["src/odd.rs: `odd` has no row in the table"]);
    }

    #[test]
    fn the_domain_has_no_runtime_no_disk_and_no_clock() {
        let text = "use std::{fmt, fs};\nuse std::net::IpAddr;\nasync fn a() { tokio::x() }\n\
                    fn b() -> std::time::Instant {}\n// std::env\n";
        let source = Source::new("src/low/a.rs", text);
        assert_eq!(world_in_the_domain(&["low"], &source).len(), 4);
        assert_eq!(world_in_the_domain(&["high"], &source), Vec::<String>::new());
    }

    #[test]
    fn only_the_bus_names_the_broker_and_only_time_the_clock() {
        let text = "use async_nats::Client;\nuse std::time::SystemTime;\n";
        let at = |path| Source::new(path, text);
        assert_eq!(broker_outside_the_bus(&at("src/relay/run.rs")).len(), 1);
        assert_eq!(broker_outside_the_bus(&at("src/bus/pull.rs")), Vec::<String>::new());
        assert_eq!(clock_outside_of_time(&at("src/relay/run.rs")).len(), 1);
        assert_eq!(clock_outside_of_time(&at("src/time.rs")), Vec::<String>::new());
    }

    #[test]
    fn unwrap_is_for_tests() {
        let text = "fn a() { b().unwrap() }\nfn c() { d().expect(\"e\") }\n\
                    #[cfg(test)]\nmod t {\n    fn f() { g().unwrap() }\n}\n";
        assert_eq!(panics(&Source::new("src/low/a.rs", text)).len(), 2);
    }
}
