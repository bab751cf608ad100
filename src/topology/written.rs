//! The text of rendered configuration files.

use std::fmt::Write as _;

use super::model::{Node, Subscriber};
use crate::address::{DESK, Neighbourhood};
use crate::notice::{Level, NodeId};

/// A relay's configuration, to be read and changed by its operator.
pub(super) fn relay_toml(
    node: &Node,
    home: &NodeId,
    hood: &Neighbourhood,
    amber: bool,
    console_port: u16,
    url_of: &dyn Fn(&NodeId) -> String,
) -> String {
    let mut text = format!(
        "# {}\nnode = \"{}\"\n\n[server]\nurl = \"{}\"\nseed = \"seeds/relay.nk\"\n",
        node.name,
        node.id,
        url_of(&node.id)
    );
    for upstream in &hood.upstreams {
        let url = url_of(upstream);
        // Writing to a String does not fail.
        let _ = write!(
            text,
            "\n[[upstream]]\nnode = \"{upstream}\"\nurl = \"{url}\"\n\
             seed = \"seeds/link-{upstream}.nk\"\n"
        );
    }
    let _ = write!(
        text,
        "\n[keys]\nrelay = \"keys/relay.pem\"\n\n[trust]\n\
         root = \"../../trust/{home}.root.json\"\nbundles = \"../../trust\"\n\n\
         [local]\npublishers = {:?}\namber = {amber}\n",
        node.publishers
    );
    for subscriber in &node.subscribers {
        local_subscriber(&mut text, subscriber);
    }
    let _ = write!(text, "\n[console]\nlisten = \"127.0.0.1:{console_port}\"\n");
    text.push_str(RULES);
    if matches!(node.level, Level::Regional | Level::Sector) {
        text.push_str(CLIMBS);
    }
    text
}

const RULES: &str = "
# First match. What no rule covers is filtered; alerts, closings and withdrawals pass every rule.
[[rule]]
name = \"everything\"
then = \"accept\"
";

const CLIMBS: &str = "
# First match. What no rule covers stops here; nothing goes past its own audience.
[[climb]]
name = \"serious\"
severity = [\"critical\", \"high\"]
then = \"climb\"
";

fn local_subscriber(text: &mut String, subscriber: &Subscriber) {
    let scopes: Vec<String> = subscriber.scopes.iter().map(ToString::to_string).collect();
    let severities: Vec<&str> = subscriber.severities.iter().map(|s| s.as_str()).collect();
    let _ = write!(
        text,
        "\n[[local.subscriber]]\nname = \"{}\"\nscopes = {scopes:?}\nseverities = {severities:?}\n\
         tlp = \"{}\"\ndrills = {}\n",
        subscriber.name, subscriber.tlp, subscriber.drills
    );
}

/// The profile of a local publisher or of the desk.
pub(super) fn desk_toml(node: &NodeId, home: &NodeId, user: &str, url: &str) -> String {
    let who = if user == DESK { "Operators" } else { "Publisher" };
    format!(
        "# {who} of {node}\nnode = \"{node}\"\nurl = \"{url}\"\nuser = \"{user}\"\n\
         seed = \"seeds/{user}.nk\"\nissue_key = \"keys/issue.pem\"\nspool = \"spool/{user}\"\n\
         root = \"../../trust/{home}.root.json\"\nbundles = \"../../trust\"\n"
    )
}

/// The profile of a subscriber's user: `sub-<name>` listens live, `replay-<name>` reads what the
/// subscriber missed.
pub(super) fn subscriber_toml(node: &NodeId, home: &NodeId, user: &str, url: &str) -> String {
    let who =
        if user.starts_with("replay-") { "Replay for a subscriber" } else { "Live subscriber" };
    format!(
        "# {who} at {node}\nnode = \"{node}\"\nurl = \"{url}\"\nuser = \"{user}\"\n\
         seed = \"seeds/{user}.nk\"\n\
         root = \"../../trust/{home}.root.json\"\nbundles = \"../../trust\"\n"
    )
}
