//! What is at each node and subscriber, compared with what should be there.

use std::collections::{BTreeMap, BTreeSet};

use super::federation::connect;
use super::oracle::Delivery;
use super::run::DemoError;
use super::watch::Seen;
use crate::address::Role;
use crate::bus::Bus;
use crate::topology::Rendered;

/// The outcome of the comparison.
#[derive(Debug, Default, Clone)]
pub(super) struct Account {
    pub(super) deliveries: usize,
    pub(super) missing: Vec<Delivery>,
    pub(super) unexpected: Vec<Delivery>,
    pub(super) duplicates: Vec<Delivery>,
}

/// One connection to each node, as its provisioner: the only user that may list its streams.
pub(super) struct Inspectors(Vec<(String, Bus)>);

impl Inspectors {
    pub(super) async fn connect(rendered: &Rendered) -> Result<Self, DemoError> {
        let mut all = Vec::new();
        for node in &rendered.nodes {
            let bus = connect(rendered, node, &Role::Provisioner, "provisioner").await?;
            all.push((node.id.to_string(), bus));
        }
        Ok(Self(all))
    }

    /// How often each notice lies in each place of each node. Receipts on their way down lie
    /// beside notices for a single node and are none.
    pub(super) async fn look(
        &self,
        notices: &BTreeSet<String>,
    ) -> Result<BTreeMap<Delivery, usize>, DemoError> {
        let mut found = BTreeMap::new();
        for (node, bus) in &self.0 {
            for stream in ["BOARD", "INBOX", "CASES"] {
                for subject in bus.subjects(stream).await? {
                    let mut tokens = subject.split('.');
                    let place = tokens.nth(1).unwrap_or_default().to_owned();
                    let id = tokens.next_back().unwrap_or_default().to_owned();
                    if place == "direct" && !notices.contains(&id) {
                        continue;
                    }
                    let delivery = Delivery { node: node.clone(), place, id };
                    *found.entry(delivery).or_default() += 1;
                }
            }
        }
        Ok(found)
    }
}

/// Adds what live subscribers have seen.
pub(super) fn with_live(found: &mut BTreeMap<Delivery, usize>, seen: &Seen) {
    for ((node, name, id), times) in &seen.deliveries {
        let place = format!("live:{name}");
        found.insert(Delivery { node: node.clone(), place, id: id.to_string() }, *times);
    }
}

/// Compares.
pub(super) fn compare(expected: &BTreeSet<Delivery>, found: &BTreeMap<Delivery, usize>) -> Account {
    let there: BTreeSet<Delivery> = found.keys().cloned().collect();
    let twice = found.iter().filter(|(_, times)| **times > 1);
    Account {
        deliveries: found.values().sum(),
        missing: expected.difference(&there).cloned().collect(),
        unexpected: there.difference(expected).cloned().collect(),
        duplicates: twice.map(|(delivery, _)| delivery.clone()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(id: &str) -> Delivery {
        Delivery { node: "eu-fr".into(), place: "board".into(), id: id.into() }
    }

    #[test]
    fn what_is_missing_unexpected_or_twice_is_named() {
        let expected = BTreeSet::from([delivery("a"), delivery("b")]);
        let found = BTreeMap::from([(delivery("b"), 2), (delivery("c"), 1)]);
        let account = compare(&expected, &found);
        assert_eq!(account.missing, [delivery("a")]);
        assert_eq!(account.unexpected, [delivery("c")]);
        assert_eq!(account.duplicates, [delivery("b")]);
        assert_eq!(account.deliveries, 3);
    }
}
