//! The custody: headers of any form, and honest chains of which an attacker rearranges the hops. A
//! neighbour with its own relay key may do what it likes and must get nothing past the next node.

use std::sync::LazyLock;

use chappe::address::Source;
use chappe::jws::{Typ, sign};
use chappe::notice::{Hop, Id, Statement, Tlp, Wire};
use chappe::trust::Trust;
use chappe::verify::{self, Context};

use crate::edits::edited;
use crate::file::from_headers;
use crate::forge::{self, NOW, honest_subject, id, issue, key, via};

/// Whoever rearranges the hops: a sibling of the region that the notice passes.
const ATTACKER: &str = "eu-fr-nor";

/// Reads `data` as headers, and as what an attacker does to an honest chain.
///
/// # Panics
/// If one of the module's claims does not hold.
pub fn check(data: &[u8]) {
    headers(data);
    chain(data);
}

/// Lines of a text as values of the three headers; the first byte of each says which.
fn headers(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let of = |mark: char| -> Vec<&str> {
        text.lines().filter_map(|line| line.strip_prefix(mark)).collect()
    };
    let Ok(wire) = Wire::from_headers(&of('n'), &of('h'), &of('s'), forge::body()) else { return };
    assert!(wire.fits(), "taken, but would not be taken again");
    assert_eq!(from_headers(&wire).as_ref(), Some(&wire), "other headers go on than came in");
    let _ = verify::read_stored(&wire);
}

fn statement(title: &str) -> Statement {
    let statement = forge::advisory("eu-fr", "scope:eu.fr.all.all", Tlp::Green);
    Statement { title: title.into(), ..statement }
}

/// Made once: keys and signatures would be most of each run.
struct Scene {
    trust: Trust,
    statement: Statement,
    honest: Wire,
    other: Wire,
}

static SCENE: LazyLock<Scene> = LazyLock::new(|| {
    let path = ["eu-fr", "eu-fr-bre"];
    let statement = statement("A vulnerability in something");
    let honest = via(issue(&statement), &path);
    let other = via(issue(&self::statement("Another one")), &path);
    Scene { trust: forge::trust(), statement, honest, other }
});

fn chain(data: &[u8]) {
    let Scene { trust, statement, honest, other } = &*SCENE;
    let mut wire = honest.clone();
    data.chunks(4).take(8).for_each(|step| rearrange(&mut wire, other, step));
    let (me, from) = (id("eu-fr-bre-chu"), Source::Upstream(id("eu-fr-bre")));
    let subject = honest_subject("eu-fr-bre-chu", &from, statement, wire.id());
    let context = Context { now: NOW, me: &me, trust };
    if let Ok(verified) = verify::verify(context, &from, &subject, wire.clone()) {
        assert!([honest, other].contains(&verified.wire()), "a rearranged notice passes");
    }
    if verify::verify_file(NOW, trust, &wire).is_ok() {
        let of = [honest, other].into_iter().find(|of| of.notice == wire.notice);
        let of = of.expect("a statement that nobody signed");
        assert_eq!(wire.body, of.body);
        let foreign = |hop: &&String| !of.hops.contains(hop);
        assert!(
            wire.hops.iter().filter(foreign).all(|hop| is_of(hop, ATTACKER)),
            "{:?}",
            wire.hops
        );
    }
}

/// One step of the attacker: what (first byte), where (second), with which bytes (the rest).
fn rearrange(wire: &mut Wire, other: &Wire, step: &[u8]) {
    let &[what, at, ..] = step else { return };
    let at = usize::from(at) % wire.hops.len().max(1);
    match (what % 9, wire.hops.is_empty()) {
        (0, false) => drop(wire.hops.remove(at)),
        (1, false) => wire.hops.swap(0, at),
        (2, false) => wire.hops.insert(at, wire.hops[at].clone()),
        (3, false) => wire.hops[at].clone_from(&other.hops[at % other.hops.len()]),
        (4, false) => {
            let text = edited(wire.hops[at].as_bytes(), step.get(1..).unwrap_or_default());
            wire.hops[at] = String::from_utf8(text).unwrap_or_default();
        }
        (5, _) => wire.hops.insert(at, signed_by_the_attacker(wire, at)),
        (6, _) => wire.body = edited(&wire.body, step.get(1..).unwrap_or_default()),
        (7, _) => wire.notice.clone_from(&other.notice),
        (8, _) => {
            let text = edited(wire.notice.as_bytes(), step.get(1..).unwrap_or_default());
            wire.notice = String::from_utf8(text).unwrap_or_default();
        }
        _ => {}
    }
}

/// A hop in the attacker's own name, well fitted to the one before.
fn signed_by_the_attacker(wire: &Wire, at: usize) -> String {
    let before = at.checked_sub(1).and_then(|before| wire.hops.get(before));
    let prev = before.map_or(wire.id(), |hop| Id::of(hop.as_bytes()));
    let hop = Hop { st: wire.id(), prev, by: id(ATTACKER), at: NOW };
    sign(&key(ATTACKER, "relay"), Typ::Hop, &hop).expect("signed")
}

fn is_of(hop: &str, node: &str) -> bool {
    use chappe::jws::{Compact, Signer as _};
    let key = key(node, "relay");
    Compact::parse(hop, Typ::Hop).is_ok_and(|hop| hop.payload(key.public()).is_ok())
}
