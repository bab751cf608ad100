//! What is at each node, and how it differs from what there should be.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chappe::address::{Role, intake_stream};
use chappe::bus::Bus;
use serde_json::{Value, json};

use crate::oracle::{Delivery, Expected, Seat};
use crate::support::{Federation, PATIENCE};

/// Differences that are shown of each sort.
const SHOWN: usize = 12;

/// What one look at every node found.
#[derive(Default)]
pub struct Found {
    deliveries: BTreeMap<Delivery, usize>,
    /// Streams that should be empty, with what is in them.
    waiting: Vec<String>,
    /// (where, notice, who): outcome and reason.
    words: BTreeMap<(String, String, String), (String, String)>,
    /// (node, notice): how it stands.
    standing: BTreeMap<(String, String), String>,
    /// What keeps a node from being ready, alarms among it.
    unwell: Vec<String>,
    /// Claims by notice, as the desks tell them.
    pub claims: BTreeMap<String, Value>,
}

/// Asks every node for everything.
pub async fn look(all: &Federation, known: &BTreeSet<String>) -> Result<Found, String> {
    let mut found = Found::default();
    for node in all.nodes().map(ToString::to_string) {
        let bus = all.provisioner(&node).await;
        places(&bus, &node, known, &mut found).await?;
        queues(all, &bus, &node, &mut found).await?;
        receipts(&bus, &node, &mut found).await?;
        desk(all, &node, &mut found).await?;
        let page = all.page(&node, "/readyz").await;
        if !page.contains("\"ready\":true") {
            found.unwell.push(format!("{node}: {page}"));
        }
    }
    Ok(found)
}

async fn subjects(bus: &Bus, stream: &str) -> Result<Vec<String>, String> {
    bus.subjects(stream).await.map_err(|error| error.to_string())
}

/// Receipts on their way down lie beside notices for a single node and are none.
async fn places(
    bus: &Bus,
    node: &str,
    known: &BTreeSet<String>,
    found: &mut Found,
) -> Result<(), String> {
    for (stream, name) in
        [("BOARD", "board"), ("BOARD", "direct"), ("INBOX", "inbox"), ("CASES", "cases")]
    {
        for subject in subjects(bus, stream).await? {
            let mut tokens = subject.split('.');
            let (place, id) = (tokens.nth(1), tokens.next_back().unwrap_or_default());
            if place != Some(name) || (name == "direct" && !known.contains(id)) {
                continue;
            }
            let delivery = Delivery { node: node.to_owned(), place: name, id: id.to_owned() };
            *found.deliveries.entry(delivery).or_default() += 1;
        }
    }
    Ok(())
}

async fn queues(all: &Federation, bus: &Bus, node: &str, found: &mut Found) -> Result<(), String> {
    let intakes = all.node(node).hood.intakes();
    let intakes = intakes.iter().filter_map(intake_stream);
    for stream in intakes.chain(["OUTBOX", "HELD", "QUARANTINE"].map(str::to_owned)) {
        let there = subjects(bus, &stream).await?;
        if let Some(first) = there.first() {
            found.waiting.push(format!("{node} {stream}: {} as {first}", there.len()));
        }
    }
    Ok(())
}

async fn receipts(bus: &Bus, node: &str, found: &mut Found) -> Result<(), String> {
    let mut messages = bus.fold("RECEIPTS").await.map_err(|error| error.to_string())?;
    while let Some(message) = messages.next().await.map_err(|error| error.to_string())? {
        let text = String::from_utf8_lossy(&message.payload).into_owned();
        let payload = text.split('.').nth(1).ok_or("no receipt")?;
        let payload = BASE64_URL_SAFE_NO_PAD.decode(payload).map_err(|e| e.to_string())?;
        let said: Value = serde_json::from_slice(&payload).map_err(|e| e.to_string())?;
        let word = |key: &str| said[key].as_str().unwrap_or_default().to_owned();
        let key = (node.to_owned(), word("of"), word("by"));
        found.words.insert(key, (word("outcome"), word("reason")));
    }
    Ok(())
}

/// Everything that a node's desk lists, page by page.
async fn desk(all: &Federation, node: &str, found: &mut Found) -> Result<(), String> {
    let bus = all.connect(node, Role::Desk).await;
    let mut skip = 0;
    loop {
        let asked = if skip == 0 { json!({}) } else { json!({ "skip": skip }) };
        let asked = asked.to_string().into_bytes();
        let answer = bus.ask("chappe.desk.list", asked, PATIENCE).await;
        let answer = answer.map_err(|error| error.to_string())?;
        let mut answer: Value = serde_json::from_slice(&answer).map_err(|e| e.to_string())?;
        let listed = answer["notices"].as_array_mut().ok_or_else(|| format!("{node}: no list"))?;
        skip += listed.len();
        for one in listed {
            let id = one["id"].as_str().unwrap_or_default().to_owned();
            let standing = one["standing"].as_str().unwrap_or_default().to_owned();
            found.claims.insert(id.clone(), one["statement"].take());
            found.standing.insert((node.to_owned(), id), standing);
        }
        if answer["more"].as_u64().unwrap_or(0) == 0 {
            return Ok(());
        }
    }
}

impl Found {
    /// Old versions that were lawfully filtered since what ends them came first.
    pub fn overtaken(&self, seats: &[Seat], expected: &Expected) -> BTreeSet<Delivery> {
        let missing = expected.deliveries.iter().filter(|d| !self.deliveries.contains_key(d));
        let lawful = |d: &&Delivery| {
            expected.overtaken.contains(&d.id) && (self.filtered(d) || self.never_came(seats, d))
        };
        missing.filter(lawful).cloned().collect()
    }

    fn filtered(&self, d: &Delivery) -> bool {
        let word = self.words.get(&(d.node.clone(), d.id.clone(), d.node.clone()));
        word.is_some_and(|(outcome, reason)| {
            outcome == "filtered" && matches!(reason.as_str(), "withdrawn" | "superseded")
        })
    }

    /// No node that could have passed it on has it.
    fn never_came(&self, seats: &[Seat], d: &Delivery) -> bool {
        let seat = seats.iter().find(|seat| seat.id == d.node).expect("a seat");
        seat.above().all(|node| {
            let there = Delivery { node: node.to_owned(), ..d.clone() };
            !self.deliveries.contains_key(&there)
        }) && self.claims.get(&d.id).is_none_or(|claims| claims["iss"] != d.node.as_str())
    }

    /// Every difference, by sort; nothing if the account is exact.
    pub fn differences(&self, seats: &[Seat], expected: &Expected) -> Vec<String> {
        let mut all = Vec::new();
        let overtaken = self.overtaken(seats, expected);
        let is_missing = |d: &&Delivery| !self.deliveries.contains_key(d) && !overtaken.contains(d);
        tell("missing", expected.deliveries.iter().filter(is_missing), &mut all);
        let foreign = self.deliveries.keys().filter(|d| !expected.deliveries.contains(d));
        tell("nobody sent it there", foreign, &mut all);
        let twice = self.deliveries.iter().filter(|(_, times)| **times > 1);
        tell("more than once", twice, &mut all);
        tell("waits, or was refused", self.waiting.iter(), &mut all);
        tell("not well", self.unwell.iter(), &mut all);
        let untold = self
            .deliveries
            .keys()
            .filter(|d| !self.standing.contains_key(&(d.node.clone(), d.id.clone())));
        tell("stored, but unknown to the desk", untold, &mut all);
        tell("stands wrongly", self.wrong_standings(expected), &mut all);
        tell("a word is missing", self.missing_words(expected, &overtaken), &mut all);
        tell("a word of refusal", self.refusals(&overtaken), &mut all);
        all
    }

    fn wrong_standings<'a>(&'a self, expected: &'a Expected) -> impl Iterator<Item = String> + 'a {
        let wrong = self.standing.iter().filter(|((_, id), standing)| {
            expected.standing.get(id).is_none_or(|should| should != standing)
        });
        wrong.map(|((node, id), standing)| {
            format!("{id} is {standing} at {node}, not {:?}", expected.standing.get(id))
        })
    }

    fn missing_words(&self, expected: &Expected, gone: &BTreeSet<Delivery>) -> Vec<String> {
        let said = |at: &str, id: &str, by: &str| {
            self.words.contains_key(&(at.to_owned(), id.to_owned(), by.to_owned()))
        };
        // Who never got it says nothing, and who filtered it first may have nobody to tell.
        let got = |id: &str, by: &str| !gone.iter().any(|d| d.id == id && d.node == by);
        let words = expected.words.iter().filter(|(iss, id, by)| !said(iss, id, by) && got(id, by));
        let words = words.map(|(iss, id, by)| format!("{by}'s of {id} at {iss}"));
        let served = expected
            .served
            .iter()
            .filter(|(id, by, from)| !from.iter().any(|node| said(node, id, by)) && got(id, by));
        let served = served.map(|(id, by, from)| format!("{by}'s of {id} at one of {from:?}"));
        words.chain(served).collect()
    }

    /// Nothing was refused, and nothing filtered but what was overtaken.
    fn refusals(&self, gone: &BTreeSet<Delivery>) -> Vec<String> {
        let good = ["delivered", "stops", "climbs", "read"];
        let bad = self.words.iter().filter(|(_, (outcome, _))| !good.contains(&outcome.as_str()));
        let lawful = |id: &str, by: &str| gone.iter().any(|d| d.id == id && d.node == by);
        let bad =
            bad.filter(|((_, id, by), (_, reason))| !lawful(id, by) && reason != "already-issued");
        bad.map(|((at, id, by), word)| format!("{by} of {id}, at {at}: {word:?}")).collect()
    }

    /// How many deliveries there are.
    pub fn count(&self) -> usize {
        self.deliveries.values().sum()
    }
}

fn tell<T: std::fmt::Debug>(what: &str, found: impl IntoIterator<Item = T>, all: &mut Vec<String>) {
    let found: Vec<T> = found.into_iter().collect();
    if found.is_empty() {
        return;
    }
    let shown = found.iter().take(SHOWN).map(|one| format!("    {one:?}"));
    let shown: Vec<String> = shown.collect();
    all.push(format!("{what}: {}\n{}", found.len(), shown.join("\n")));
}
