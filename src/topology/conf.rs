//! A server's configuration as text: three accounts per node, from what `address` generates.
//!
//! Everything that a user may do stands in this text and nowhere else, so it is made from the same
//! data as the streams and the tests. Lists are complete allow-lists: a user without subjects to
//! publish to is denied all of them, because an empty list would mean all.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::address::{AccountSpec, ExportSpec, ImportSpec, Role, UserSpec};
use crate::notice::MAX_MESSAGE_BYTES;

/// What a server needs beside its accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSettings {
    /// Its `server_name`.
    pub name: String,
    /// Where clients connect.
    pub listen: SocketAddr,
    /// Where it can be monitored. It shows inboxes, so only ever on this machine.
    pub monitor: Option<SocketAddr>,
    /// Where the streams are kept.
    pub store_dir: PathBuf,
    /// Largest sum of all streams in bytes; at least the sum of their `max_bytes`.
    pub max_file: u64,
    /// Where the server writes its process id.
    pub pid_file: Option<PathBuf>,
    /// Certificate and key for clients' connections.
    pub tls: Option<ServerTls>,
    /// Public nkey of a user of the system account, if there is to be one.
    pub system_user: Option<String>,
}

/// A server's side of TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerTls {
    /// PEM file of its certificate.
    pub certificate: PathBuf,
    /// PEM file of its key.
    pub key: PathBuf,
    /// PEM file of the authority that clients' certificates must be of; none asks for none.
    pub clients: Option<PathBuf>,
}

/// The configuration's text. `nkey_of` gives a user's public key by account and role.
#[must_use]
pub fn server_conf(
    settings: &ServerSettings,
    accounts: &[AccountSpec],
    nkey_of: impl Fn(&str, &Role) -> String,
) -> String {
    let mut out = head(settings);
    out.push_str("accounts {\n");
    out.push_str(&system_account(settings.system_user.as_deref()));
    for account in accounts {
        write_account(&mut out, account, &nkey_of);
    }
    out.push_str("}\n");
    out
}

fn head(settings: &ServerSettings) -> String {
    let mut lines = vec![
        format!("server_name: {}", quoted(&settings.name)),
        format!("listen: {}", quoted(&settings.listen.to_string())),
        format!("max_payload: {MAX_MESSAGE_BYTES}"),
        "write_deadline: 10s".to_owned(),
        "max_pending: 64MB".to_owned(),
        format!(
            "jetstream {{ store_dir: {}, sync_interval: always, max_file: {}, max_mem: 0 }}",
            quoted(&settings.store_dir.to_string_lossy()),
            settings.max_file
        ),
        "system_account: SYS".to_owned(),
    ];
    if let Some(monitor) = settings.monitor {
        lines.push(format!("http: {}", quoted(&monitor.to_string())));
    }
    if let Some(pid_file) = &settings.pid_file {
        lines.push(format!("pid_file: {}", quoted(&pid_file.to_string_lossy())));
    }
    if let Some(tls) = &settings.tls {
        lines.push(tls_line(tls));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn tls_line(tls: &ServerTls) -> String {
    let (certificate, key) = (tls.certificate.to_string_lossy(), tls.key.to_string_lossy());
    let mut line =
        format!("tls {{ cert_file: {}, key_file: {}", quoted(&certificate), quoted(&key));
    if let Some(ca) = &tls.clients {
        let _ = write!(line, ", ca_file: {}, verify: true", quoted(&ca.to_string_lossy()));
    }
    line + " }"
}

fn system_account(user: Option<&str>) -> String {
    let Some(key) = user else {
        return "  SYS { }\n".to_owned();
    };
    let may = "permissions: {publish: [\"$SYS.>\"], subscribe: [\"$SYS.>\", \"_INBOX_sys.>\"]}";
    format!("  SYS {{ users: [ {{nkey: {key}, {may}}} ] }}\n")
}

fn write_account(
    out: &mut String,
    account: &AccountSpec,
    nkey_of: &impl Fn(&str, &Role) -> String,
) {
    let _ = writeln!(out, "  {} {{", quoted(&account.name));
    if account.jetstream {
        out.push_str("    jetstream: enabled\n");
    }
    let users = account.users.iter().map(|user| {
        let comment = format!("# {}\n      ", role_name(&user.role));
        comment + &user_entry(user, &nkey_of(&account.name, &user.role))
    });
    write_list(out, "users", users);
    write_list(out, "exports", account.exports.iter().map(export_entry));
    write_list(out, "imports", account.imports.iter().map(import_entry));
    out.push_str("  }\n");
}

fn write_list(out: &mut String, name: &str, entries: impl Iterator<Item = String>) {
    let entries: Vec<String> = entries.map(|entry| format!("      {entry}\n")).collect();
    if !entries.is_empty() {
        let _ = writeln!(out, "    {name}: [\n{}    ]", entries.concat());
    }
}

fn user_entry(user: &UserSpec, key: &str) -> String {
    let publish = allow_list(&user.publish);
    let subscribe = allow_list(&user.subscribe);
    let respond = if user.allow_responses { ", allow_responses: true" } else { "" };
    format!("{{nkey: {key}, permissions: {{publish: {publish}, subscribe: {subscribe}{respond}}}}}")
}

/// An empty allow-list would allow everything.
fn allow_list(subjects: &[String]) -> String {
    if subjects.is_empty() { "{deny: \">\"}".to_owned() } else { list(subjects) }
}

fn export_entry(export: &ExportSpec) -> String {
    let kind = if export.service { "service" } else { "stream" };
    let streamed = if export.streamed { ", response_type: stream" } else { "" };
    let to = quoted(&export.to);
    format!("{{{kind}: {}{streamed}, accounts: [{to}]}}", quoted(&export.subject))
}

fn import_entry(import: &ImportSpec) -> String {
    let kind = if import.service { "service" } else { "stream" };
    let (from, subject) = (quoted(&import.from), quoted(&import.subject));
    let to = import.as_subject.as_ref().map(|to| format!(", to: {}", quoted(to)));
    format!("{{{kind}: {{account: {from}, subject: {subject}}}{}}}", to.unwrap_or_default())
}

fn role_name(role: &Role) -> String {
    match role {
        Role::Relay => "relay".to_owned(),
        Role::Provisioner => "provisioner".to_owned(),
        Role::Monitor => "monitor".to_owned(),
        Role::Publisher(name) => format!("publisher {name}"),
        Role::Desk => "desk".to_owned(),
        Role::Link(node) => format!("link of {node}"),
        Role::Subscriber(name) => format!("subscriber {name}"),
    }
}

fn list(items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|item| quoted(item)).collect();
    format!("[{}]", items.join(", "))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
