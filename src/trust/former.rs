//! What a link allowed before its introducer narrowed it, and until when: whoever could have got a
//! notice then must still hear of its update, closing or withdrawal.
//!
//! It follows from the documents that are held alone, oldest first. A node that was not introduced
//! yet has no past; one that is no longer has no link, and so none either.

use std::collections::{BTreeMap, BTreeSet};

use super::chain::Walk;
use super::document::{As, NodeEntry};
use super::store::{Former, Link};
use crate::notice::{NodeId, Scope, Time};

/// Ways in which one link, or one node, was wider than it is: as many as versions are kept.
const MAX_FORMER: usize = 16;

/// What a node served, and until when; `None` to this day.
type Served = Vec<(Vec<Scope>, Option<Time>)>;

/// The pasts of nodes that were asked for.
pub(super) type Pasts = BTreeMap<NodeId, Served>;

impl Walk<'_> {
    /// What the link from `from`, whose bundle in force is at `at`, allowed once and no more.
    pub(super) fn former(
        &self,
        from: &NodeId,
        at: usize,
        link: &Link,
        pasts: &mut Pasts,
    ) -> Vec<Former> {
        let versions = self.versions(from, at);
        let served = self.served(from, pasts);
        if versions.len() == 1 && served.len() == 1 {
            return Vec::new();
        }
        let mut found = Vec::new();
        for (version, until) in versions {
            let Some(entry) = self.entry(version, &link.to, |how| how != As::Union) else {
                continue;
            };
            for (scopes, then) in &served {
                let Some(until) = earlier(until, *then) else { continue };
                found.push(Former {
                    constituency: super::chain::within(&entry.constituency, scopes),
                    ceiling: entry.ceiling,
                    clients: entry.clients.clone(),
                    until,
                });
            }
        }
        found.sort_by_key(|former| std::cmp::Reverse(former.until));
        let mut kept: Vec<Former> = Vec::new();
        for former in found {
            let known = |as_of: &Former| covers(as_of, &former);
            if !covers(&as_it_is(link), &former) && !kept.iter().any(known) {
                kept.push(former);
            }
        }
        kept.truncate(MAX_FORMER);
        kept
    }

    /// The versions of a bundle up to the one in force, each with the time at which the next was
    /// taken here.
    fn versions(&self, node: &NodeId, in_force: usize) -> Vec<(usize, Option<Time>)> {
        let mut up_to: Vec<usize> =
            self.index.bundles(node).take_while(|at| *at != in_force).collect();
        up_to.push(in_force);
        let next = up_to.iter().skip(1).map(|at| self.held.get(*at).map(|held| held.since));
        let until: Vec<Option<Time>> = next.chain(std::iter::once(None)).collect();
        up_to.into_iter().zip(until).collect()
    }

    /// What a node has served since the oldest version that is held; at least what it serves now.
    fn served(&self, node: &NodeId, pasts: &mut Pasts) -> Served {
        if let Some(known) = pasts.get(node) {
            return known.clone();
        }
        let now = self.trust.seats.get(node).map(|seat| seat.constituency.clone());
        let mut served = vec![(now.unwrap_or_default(), None)];
        let parent = node.parent().filter(|_| node.depth() > 2);
        if let Some((parent, at)) = parent.and_then(|p| Some((p.clone(), *self.bundles.get(&p)?))) {
            let above = self.served(&parent, pasts);
            for (version, until) in self.versions(&parent, at) {
                let Some(entry) = self.entry(version, node, |how| how == As::Child) else {
                    continue;
                };
                for (scopes, then) in &above {
                    let until = earlier(until, *then);
                    served.push((super::chain::within(&entry.constituency, scopes), until));
                }
            }
        }
        served.sort_by_key(|(_, until)| std::cmp::Reverse(until.unwrap_or(FOREVER)));
        let mut seen = BTreeSet::new();
        served.retain(|(scopes, _)| seen.insert(scopes.clone()));
        served.truncate(MAX_FORMER);
        pasts.insert(node.clone(), served.clone());
        served
    }

    fn entry(&self, at: usize, node: &NodeId, how: impl Fn(As) -> bool) -> Option<&NodeEntry> {
        let super::held::Says::Bundle(bundle) = &self.held.get(at)?.says else { return None };
        bundle.nodes.iter().find(|entry| entry.id == *node && how(entry.introduced))
    }
}

const FOREVER: Time = Time::from_millis(u64::MAX);

/// The earlier of two ends; `None` is none.
fn earlier(one: Option<Time>, other: Option<Time>) -> Option<Time> {
    let end = one.unwrap_or(FOREVER).min(other.unwrap_or(FOREVER));
    (end != FOREVER).then_some(end)
}

fn as_it_is(link: &Link) -> Former {
    Former {
        constituency: link.constituency.clone(),
        ceiling: link.ceiling,
        clients: link.clients.clone(),
        until: FOREVER,
    }
}

fn covers(wide: &Former, narrow: &Former) -> bool {
    narrow.constituency.iter().all(|n| wide.constituency.iter().any(|w| w.contains(n)))
        && narrow.ceiling <= wide.ceiling
        && narrow.clients.iter().all(|client| wide.clients.contains(client))
}
