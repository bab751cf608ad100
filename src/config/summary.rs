//! What `chappe relay --check` prints: the configuration as it was understood, defaults included.

use std::fmt;

use super::link::Connection;
use super::relay::RelayConfig;
use crate::policy::{ClimbThen, Then};

impl fmt::Display for RelayConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "node       {}", self.node)?;
        server(f, "server", &self.server.connection)?;
        writeln!(f, "           streams of {} replica(s)", self.server.replicas)?;
        for upstream in &self.upstreams {
            server(f, &format!("upstream {}", upstream.node), &upstream.connection)?;
        }
        writeln!(f, "relay key  {}", self.relay_key.display())?;
        writeln!(f, "root       {}", self.root.display())?;
        writeln!(f, "bundles    {}", self.bundles.display())?;
        writeln!(f, "console    http://{}", self.console)?;
        local(self, f)?;
        rules(self, f)
    }
}

fn server(f: &mut fmt::Formatter<'_>, title: &str, connection: &Connection) -> fmt::Result {
    writeln!(f, "{title:<10} {} as {}", connection.url, connection.seed.display())?;
    if let Some(ca) = &connection.tls.ca {
        writeln!(f, "           authorities {}", ca.display())?;
    }
    Ok(())
}

fn local(config: &RelayConfig, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let local = &config.local;
    writeln!(f, "publishers {}", words(&local.publishers, "none but the desk"))?;
    writeln!(f, "AMBER      {}", if local.amber { "to local users" } else { "to the desk only" })?;
    for subscriber in &local.subscribers {
        let scopes = words(&subscriber.scopes, "none");
        let severities = words(&subscriber.severities, "all severities");
        let drills = if subscriber.drills { ", drills" } else { "" };
        let (name, tlp) = (&subscriber.name, subscriber.tlp);
        writeln!(f, "subscriber {name}: {scopes}; {severities}; up to {tlp}{drills}")?;
    }
    Ok(())
}

fn rules(config: &RelayConfig, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (index, rule) in config.policy.rules.iter().enumerate() {
        let then = if rule.then == Then::Accept { "accept" } else { "filter" };
        writeln!(f, "rule {:<5} {then}: {}", index + 1, rule.name)?;
    }
    writeln!(f, "rule       filter: every advisory and annotation that no rule above matches")?;
    for (index, climb) in config.policy.climbs.iter().enumerate() {
        let then = if climb.then == ClimbThen::Climb { "climb" } else { "stop" };
        writeln!(f, "climb {:<4} {then}: {}", index + 1, climb.name)?;
    }
    writeln!(f, "climb      stop: every escalation that no line above matches")
}

fn words<T: fmt::Display>(items: &[T], none: &str) -> String {
    if items.is_empty() {
        return none.to_owned();
    }
    items.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}
