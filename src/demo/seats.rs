//! The topology in the oracle's plain words.

use super::oracle::{Seat, Sent, Subscriber};
use crate::notice::{Id, Statement};
use crate::topology::{Node, Topology};

pub(super) fn seats(topology: &Topology) -> Vec<Seat> {
    topology.nodes().iter().map(seat).collect()
}

fn seat(node: &Node) -> Seat {
    let words = |all: &[crate::notice::Scope]| all.iter().map(ToString::to_string).collect();
    Seat {
        id: node.id.to_string(),
        level: node.level.as_str().to_owned(),
        constituency: words(&node.constituency),
        clients: node.clients.clone(),
        ceiling: node.ceiling.to_string(),
        follows: node.follows.iter().map(ToString::to_string).collect(),
        subscribers: node
            .subscribers
            .iter()
            .map(|s| Subscriber {
                name: s.name.clone(),
                scopes: words(&s.scopes),
                severities: s.severities.iter().map(ToString::to_string).collect(),
                tlp: s.tlp.to_string(),
                drills: s.drills,
            })
            .collect(),
    }
}

pub(super) fn sent(id: Id, s: &Statement) -> Sent {
    Sent {
        id: id.to_string(),
        issuer: s.iss.to_string(),
        kind: s.kind.to_string(),
        update: s.re.is_some(),
        audience: s.aud.to_string(),
        tlp: s.tlp.to_string(),
        severity: s.severity.to_string(),
        drill: s.is_drill(),
    }
}
