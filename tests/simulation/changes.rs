//! Changes of bundles while notices travel: keys are rotated and revoked, links narrow and widen.

use chappe::address::{self, REAL};
use chappe::jws::Signer as _;
use chappe::notice::{Id, Level, Tlp};
use chappe::trust::{Bundle, Revocation, Usage, Why};

use super::model::Headers;
use super::tree::{self, key, key_entry};
use super::world::{Event, World};

const ISSUE: [&str; 5] = ["issue", "issue-2", "issue-3", "issue-4", "issue-5"];
const RELAY: [&str; 5] = ["relay", "relay-2", "relay-3", "relay-4", "relay-5"];

/// The newest key of a relay that `listed` knows.
pub(crate) fn relay_word(newest: &'static str, listed: impl Fn(&str) -> bool) -> &'static str {
    let at = RELAY.iter().position(|word| *word == newest).unwrap_or_default();
    let known = RELAY.iter().take(at + 1).rev().find(|word| listed(word));
    known.copied().unwrap_or(newest)
}

fn next(words: &[&'static str], now: &str) -> Option<&'static str> {
    let at = words.iter().position(|word| *word == now)?;
    words.get(at + 1).copied()
}

impl World {
    /// One change, by the node whose bundle it is.
    pub(crate) fn change_bundle(&mut self) {
        let at = self.rng.below(self.seats.len());
        match self.rng.below(5) {
            0 => self.rotate(at, Why::Superseded),
            1 => self.rotate(at, Why::Compromised),
            2 => self.rotate_relay(at),
            3 => self.clamp(at),
            _ => self.narrow(at),
        }
    }

    fn bundle(&mut self, at: usize) -> Bundle {
        let id = self.seats[at].id.clone();
        let spots = &self.tree.spots;
        let known = self.bundles.entry(at).or_insert_with(|| tree::bundle(spots, &id));
        known.version += 1;
        known.clone()
    }

    fn publish_bundle(&mut self, at: usize, bundle: Bundle) {
        let id = self.seats[at].id.clone();
        let signed = tree::signed(&bundle, &key(&id, "bundle"));
        let bytes = serde_json::to_vec(&signed).expect("JSON");
        self.note(|| format!("{id} signs bundle {}", bundle.version));
        self.bundles.insert(at, bundle);
        self.seen.rotated_inside |= id.depth() > 2;
        self.papers.push((at, bytes));
        self.hand_over(self.papers.len() - 1);
    }

    /// An operator hands a bundle to its own node, until it has it.
    pub(crate) fn hand_over(&mut self, number: usize) {
        let (at, bytes) = self.papers[number].clone();
        let subject = address::local_intake(REAL, "soc", Id::of(&bytes));
        if self.put(at, &subject, (&Headers::new(), &bytes), None, true).is_err() {
            self.push(self.now + 2_000, Event::HandOver(number));
        }
    }

    fn rotate(&mut self, at: usize, why: Why) {
        let id = self.seats[at].id.clone();
        let Some(word) = next(&ISSUE, self.seats[at].issue) else { return };
        let old = key(&id, self.seats[at].issue);
        let now = self.time(at).secs();
        let mut bundle = self.bundle(at);
        bundle.keys.push(key_entry(&id, word, Usage::Issue));
        let from = if why == Why::Compromised { now - 300 } else { now + 60 };
        let kid = old.public().id().to_string();
        bundle.revoked.push(Revocation { kid, at: from, why, good: None });
        self.note(|| format!("{id} signs with {word}: {why:?}"));
        self.seats[at].issue = word;
        self.publish_bundle(at, bundle);
    }

    /// The relay signs with its new key as soon as its own documents list it, as it would not
    /// start with another: what it passes on overtakes the bundle.
    fn rotate_relay(&mut self, at: usize) {
        let id = self.seats[at].id.clone();
        let Some(word) = next(&RELAY, self.seats[at].relay) else { return };
        let mut bundle = self.bundle(at);
        bundle.keys.push(key_entry(&id, word, Usage::Relay));
        self.note(|| format!("{id} passes on with {word}"));
        self.seats[at].relay = word;
        self.publish_bundle(at, bundle);
    }

    /// The strictest label that a node may be sent goes down or up.
    fn clamp(&mut self, at: usize) {
        let spot = &mut self.tree.spots[at];
        if spot.id.depth() < 3 {
            return;
        }
        spot.ceiling = if spot.ceiling == Tlp::Red { Tlp::Green } else { Tlp::Red };
        let ceiling = spot.ceiling;
        self.change_entries(at, |entry| entry.ceiling = ceiling);
    }

    /// A region serves one sector alone, or all again.
    fn narrow(&mut self, at: usize) {
        let spot = &mut self.tree.spots[at];
        if spot.level != Level::Regional {
            return;
        }
        let [union, country, region, sector] = spot.scope.parts();
        let one = if region == "nor" { "banking" } else { "health" };
        let sector = if sector == "all" { one } else { "all" };
        spot.scope = tree::scope(&format!("{union}.{country}.{region}.{sector}"));
        let scope = spot.scope.clone();
        self.change_entries(at, |entry| entry.constituency = vec![scope.clone()]);
    }

    /// Changes a node's entry with all who list it.
    fn change_entries(&mut self, at: usize, change: impl Fn(&mut chappe::trust::NodeEntry)) {
        let id = self.seats[at].id.clone();
        for up in self.tree.upstreams(at) {
            let upper = self.at(&up).expect("a seat");
            let mut bundle = self.bundle(upper);
            bundle.nodes.iter_mut().filter(|entry| entry.id == id).for_each(&change);
            self.publish_bundle(upper, bundle);
        }
        self.seen.links.push(super::oracle::links(&self.tree));
        (0..self.issued.len()).for_each(|number| self.allow(number));
    }
}
