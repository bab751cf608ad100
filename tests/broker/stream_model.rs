//! The simulation's model of a stream against the real server: one random sequence of operations
//! on both, and the same outcome after each. `CHAPPE_SEED=N` repeats one.

use crate::random;
use std::time::Duration;

use crate::model::{Headers, Put, Stream};
use crate::random::Seeded;
use crate::servers::{Nats, PATIENCE, account, stream, user};
use chappe::address::{Discard, DurableSpec, NodePlan, Retention, Role, StreamSpec};
use chappe::bus::{Bus, Delivery, PlaceError, Placed, Pull, Reading};

/// A delay that is over when the next step asks, and one that is not before the test ends.
const SOON: Duration = Duration::from_millis(1);
const NEVER: Duration = Duration::from_secs(3_600);
/// Long enough for what a durable has to come.
const QUIET: Duration = Duration::from_millis(400);

/// The four ways in which a node's streams are kept: board, intake, receipts, quarantine.
fn specs() -> Vec<StreamSpec> {
    let one = |name: &str, retention, discard, per_subject| StreamSpec {
        retention,
        discard,
        per_subject,
        max_bytes: 24_000,
        ttl: false,
        ..stream(name, &[&format!("{name}.>")])
    };
    vec![
        one("BOARD", Retention::Limits, Discard::New, Some(1)),
        one("INTAKE", Retention::WorkQueue, Discard::New, Some(1)),
        one("RECEIPTS", Retention::Limits, Discard::Old, Some(1)),
        one("QUARANTINE", Retention::Limits, Discard::Old, None),
    ]
}

fn durable(stream: &str, name: &str, filters: &[&str]) -> DurableSpec {
    let filters = filters.iter().map(|f| format!("{stream}.{f}")).collect();
    let (stream, name) = (stream.to_owned(), name.to_owned());
    DurableSpec { stream, name, filters, fold: false, headers_only: false }
}

/// On each stream two durables that share nothing: a work queue allows no others.
fn durables(stream: &str) -> [DurableSpec; 2] {
    [durable(stream, "odd", &["odd.>"]), durable(stream, "even", &["even.*.low", "even.*.high"])]
}

struct Both {
    bus: Bus,
    model: Stream,
    pulls: Vec<(String, Pull)>,
    /// What was given and not settled: durable, delivery.
    open: Vec<(String, Delivery)>,
    now: u64,
}

impl Both {
    fn new(bus: &Bus, spec: &StreamSpec) -> Self {
        let mut model = Stream::new(spec.clone());
        let mut pulls = Vec::new();
        for durable in durables(&spec.name) {
            model.add(&durable);
            let pull = bus.pull(Reading::Own, &spec.name, &durable.name);
            pulls.push((durable.name, pull));
        }
        Self { bus: bus.clone(), model, pulls, open: Vec::new(), now: 1_000 }
    }

    async fn step(&mut self, rng: &mut Seeded) -> String {
        // What was put off for a moment is over here too; the 30 s of what is not settled are not.
        self.now += 100;
        match rng.below(10) {
            0..5 => self.put(rng).await,
            5 | 6 => self.read().await,
            7 => self.settle(rng).await,
            8 => self.delete(rng).await,
            _ => self.rewind(rng).await,
        }
    }

    fn subject(&self, rng: &mut Seeded) -> String {
        let half = ["odd", "even"][rng.below(2)];
        let severity = ["low", "high", "other"][rng.below(3)];
        format!("{}.{half}.{}.{severity}", self.model.name(), rng.below(6))
    }

    async fn put(&mut self, rng: &mut Seeded) -> String {
        let (subject, empty) = (self.subject(rng), rng.below(3) > 0);
        let payload = vec![b'x'; rng.below(4_000)];
        // The bus sends no headers with what only the latest counts of.
        let with = empty && rng.below(2) == 0;
        let headers: Headers =
            if with { vec![("Chappe-Notice", "n".repeat(rng.below(900)))] } else { vec![] };
        let modelled = self.model.put(self.now, &subject, &headers, &payload, None, empty);
        let what = format!("put {subject} {} empty {empty}: {modelled:?}", payload.len());
        let real = if empty {
            self.bus.place(&subject, &headers, payload, None).await
        } else {
            let again = self.bus.put_latest(&subject, payload).await;
            again.map(|()| Placed::Stored)
        };
        let real = match real {
            Ok(Placed::Stored) => Put::Stored,
            Ok(Placed::AlreadyThere) => Put::AlreadyThere,
            Err(PlaceError::Full) => Put::Full,
            Err(other) => panic!("{what}: {other}"),
        };
        // `put_latest` does not tell "already there" from "stored".
        let same = real == modelled || (!empty && modelled == Put::AlreadyThere);
        assert!(same, "{what}, but the server says {real:?}");
        what
    }

    /// Reads what both durables have, and compares it as a whole: the server's timers decide in
    /// which order two messages come again.
    async fn read(&mut self) -> String {
        let mut what = String::from("read");
        let present: Vec<u64> = self.model.all(self.now).iter().map(|m| m.seq).collect();
        for at in 0..self.pulls.len() {
            let name = self.pulls[at].0.clone();
            let mut expected = Vec::new();
            while let Some(given) = self.model.next(self.now, &name) {
                expected.push((given.message.subject.clone(), given.message.seq, given.delivered));
            }
            let mut found = Vec::new();
            while found.len() < expected.len() + 1 {
                let patience = if found.len() < expected.len() { PATIENCE } else { QUIET };
                let next = tokio::time::timeout(patience, self.pulls[at].1.next()).await;
                let Ok(delivery) = next else { break };
                // The client had it already when it was deleted.
                if !present.contains(&delivery.sequence) {
                    continue;
                }
                found.push((delivery.subject.clone(), delivery.sequence, delivery.delivered));
                self.open.push((name.clone(), delivery));
            }
            expected.sort();
            found.sort();
            assert_eq!(found, expected, "the server's durable {name}, then the model's");
            what.push_str(&format!(" {name} {}", found.len()));
        }
        what
    }

    async fn settle(&mut self, rng: &mut Seeded) -> String {
        if self.open.is_empty() {
            return "nothing to settle".into();
        }
        let (name, delivery) = self.open.swap_remove(rng.below(self.open.len()));
        let seq = delivery.sequence;
        match rng.below(4) {
            0 => {
                delivery.ack().await.unwrap();
                self.model.settle(&name, seq);
            }
            1 => {
                delivery.term().await.unwrap();
                self.model.settle(&name, seq);
            }
            2 => {
                delivery.nak(NEVER).await.unwrap();
                self.model.nak(self.now, &name, seq, NEVER.as_millis() as u64);
            }
            _ => {
                delivery.nak(SOON).await.unwrap();
                self.model.nak(self.now, &name, seq, SOON.as_millis() as u64);
            }
        }
        format!("settle {seq} of {name}")
    }

    async fn delete(&mut self, rng: &mut Seeded) -> String {
        let all = self.model.all(self.now);
        if all.is_empty() {
            return "nothing to delete".into();
        }
        let seq = all[rng.below(all.len())].seq;
        assert!(self.model.delete(seq));
        self.bus.delete(self.model.name(), seq).await.unwrap();
        format!("delete {seq}")
    }

    /// Back to the start. What was given before is nobody's any more.
    async fn rewind(&mut self, rng: &mut Seeded) -> String {
        let at = rng.below(self.pulls.len());
        let name = self.pulls[at].0.clone();
        // Nobody asks meanwhile: what is given to a question from before is lost with it.
        self.pulls[at].1 = self.bus.pull(Reading::Own, self.model.name(), &name);
        tokio::time::sleep(QUIET).await;
        self.bus.reset(self.model.name(), &name, 1).await.unwrap();
        self.model.reset(&name);
        self.open.retain(|(of, _)| *of != name);
        format!("reset {name}")
    }

    /// The last message of each subject, and of nothing else.
    async fn same_content(&mut self) {
        let name = self.model.name().to_owned();
        let mut real = self.bus.subjects(&name).await.unwrap();
        let modelled = self.model.all(self.now);
        let mut expected: Vec<String> = modelled.iter().map(|m| m.subject.clone()).collect();
        real.sort();
        expected.sort();
        assert_eq!(real, expected, "the server's {name}, then the model's");
        for subject in expected {
            let (mine, real) = (
                self.model.get(self.now, &subject).unwrap(),
                self.bus.get(&name, &subject).await.unwrap().unwrap(),
            );
            assert_eq!((real.sequence, &real.payload), (mine.seq, &mine.payload), "{subject}");
        }
    }
}

async fn compare(seed: u64, spec: &StreamSpec) {
    let plan = NodePlan {
        accounts: Vec::new(),
        streams: vec![spec.clone()],
        durables: durables(&spec.name).to_vec(),
    };
    let users = vec![user(Role::Provisioner, &[">"], &[">"])];
    let nats = Nats::start(vec![account("eu", true, users)]).await;
    let bus = nats.bus("eu", &Role::Provisioner).await;
    bus.provision(&plan, 1).await.unwrap();
    let mut both = Both::new(&bus, spec);
    let mut rng = Seeded::new(seed);
    println!("CHAPPE_SEED={seed} {}", spec.name);
    for step in 0..60 {
        let what = both.step(&mut rng).await;
        println!("{} {step:>3} {what}", spec.name);
        both.same_content().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_model_of_a_stream_does_what_the_server_does() {
    for seed in random::seeds(2) {
        let specs = specs();
        let all = specs.iter().map(|spec| compare(seed, spec));
        futures_util::future::join_all(all).await;
    }
}
