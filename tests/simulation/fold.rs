//! At start: a relay's state from its own streams and nothing else, as `relay/fold.rs`. What lies
//! beside the pinned root is the federation's first bundles; TRUST has what came since.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use chappe::address::Source;
use chappe::jws::{self, Compact, General, Typ};
use chappe::notice::{Receipt, Time};
use chappe::routing::{Beats, Links, Outlook, Router, Stored};
use chappe::verify;

use super::memory::Memory;
use super::model::Message;
use super::relay::Relay;
use super::wires::wire;
use super::world::World;

pub(crate) fn memory(w: &mut World, n: usize) -> Memory {
    let seat = &w.seats[n];
    let me = seat.id.clone();
    let mut memory = Memory {
        router: Router::new(me.clone(), seat.policy.clone()),
        believed: Arc::clone(w.tree.begin(&me).trust()),
        documents: w.tree.begin(&me),
        kept: HashSet::new(),
        beats: Beats::default(),
        curable: false,
        rewinds: 0,
        rewound: BTreeMap::new(),
        wanted: BTreeSet::new(),
        links: Links::new(),
        outlook: Outlook::default(),
    };
    trust(w, n, &mut memory);
    let now = w.now;
    for stream in ["BOARD", "INBOX", "CASES", "RECEIPTS"] {
        for message in w.seats[n].streams.get_mut(stream).expect("a stream").all(now) {
            take(&mut memory.router, &message);
            if !message.headers.is_empty() {
                let id = wire(&message).expect("what was placed").id();
                memory.router.found(&memory.believed, id, &message.subject);
            }
        }
    }
    let heard = w.seats[n].streams.get_mut("BEATS").expect("a stream").all(now);
    let mut relay = Relay { w, n, mem: &mut memory };
    let at = relay.now();
    for message in heard {
        let source = Source::Outbox(me.clone());
        relay.hear(at, &source, &message.subject, &message.payload).ok();
    }
    memory.router.prune(at);
    if memory.router.judge(&memory.believed) > 0 {
        memory.rewinds += 1;
    }
    if w.seats[n].asks_again {
        memory.rewinds += 1;
    }
    memory
}

fn trust(w: &mut World, n: usize, memory: &mut Memory) {
    let now = w.now;
    let all = w.seats[n].streams.get_mut("TRUST").expect("a stream").all(now);
    if all.is_empty() {
        return;
    }
    let mut documents = chappe::trust::Documents::clone(&memory.documents);
    let read = |m: &Message| General::parse(&m.payload).expect("what was taken");
    // The server's clock is the machine's, as the relay's is.
    let skew = w.seats[n].skew;
    let at = |m: &Message| Time::from_millis(m.at.saturating_add_signed(skew));
    let papers: Vec<(General, Time)> = all.iter().map(|m| (read(m), at(m))).collect();
    documents.restore_kept(&papers);
    memory.believed = Arc::clone(documents.trust());
    memory.documents = Arc::new(documents);
    memory.kept = all.iter().map(|m| m.subject.clone()).collect();
}

/// A notice, or a receipt; of receipts on the board only the headers would have been read.
pub(crate) fn take(router: &mut Router, message: &Message) {
    if !message.headers.is_empty() {
        let wire = wire(message).expect("what was placed");
        let (statement, kid, hops) = verify::read_stored(&wire).expect("what was verified");
        router.keep(Stored { id: wire.id(), statement, kid, hops });
    } else if message.subject.contains(".receipts.") {
        let text = std::str::from_utf8(&message.payload).expect("text");
        let compact = Compact::parse(text, Typ::Receipt).expect("what was kept");
        let receipt: Receipt = jws::from_slice(compact.unverified_payload()).expect("a receipt");
        router.keep_receipt(receipt, text.to_owned());
    }
}
