//! Roots and bundles: read alike by every reader, and a region's bundle, whatever it says, gives
//! nobody outside of the region a key.

use std::sync::LazyLock;

use chappe::jws::{self, General};
use chappe::notice::NodeId;
use chappe::trust::{Bundle, Root, Trust};

use crate::edits::edited;
use crate::forge;

const REGION: &str = "eu-fr-bre";

/// The pin, every honest document, and what follows from them; made once.
static HONEST: LazyLock<(General, Vec<General>, Trust)> =
    LazyLock::new(|| (forge::root("eu-fr"), forge::documents(|_| {}), forge::trust()));

/// Reads `data` as the payload of a root or bundle, and as edits of an honest bundle.
///
/// # Panics
/// If one of the module's claims does not hold.
pub fn check(data: &[u8]) {
    if let Ok(root) = jws::from_slice::<Root>(data) {
        crate::json::every_reader_agrees(data, &root);
        let _ = Trust::compile(&signed_as(data, "root"), &HONEST.1);
    }
    if data.first() == Some(&b'{') {
        bundle(data);
        return;
    }
    // A newer version than the honest one, so that it is the one that counts.
    let mut newer = forge::bundle(REGION);
    newer.version = 2;
    let honest = serde_json::to_vec(&newer).expect("JSON");
    bundle(&edited(&honest, data));
}

fn bundle(payload: &[u8]) {
    if let Ok(bundle) = jws::from_slice::<Bundle>(payload) {
        crate::json::every_reader_agrees(payload, &bundle);
    }
    // Also what is no bundle is signed and handed over: the signature holds, the content may not.
    let mut documents = HONEST.1.clone();
    documents.push(signed_as(payload, "bundle"));
    let (found, _) = Trust::compile(&HONEST.0, &documents).expect("a valid pin");
    stays_in_the_region(&found);
}

fn signed_as(payload: &[u8], usage: &str) -> General {
    let node = if usage == "root" { "eu-fr" } else { REGION };
    let mut document = General::unsigned(payload);
    document.sign(&forge::key(node, usage)).expect("signed");
    document
}

fn stays_in_the_region(found: &Trust) {
    let (region, honest) = (forge::id(REGION), &HONEST.2);
    let outside = |node: &NodeId| !region.contains(node);
    for key in found.keys().filter(|key| outside(&key.node)) {
        let known = honest.find(key.public.id()).expect("a new key outside of the region");
        let same = known.node == key.node && known.usage == key.usage && known.exp == key.exp;
        let revoked = found.revoked(key).eq(honest.revoked(known));
        assert!(same && revoked, "{key:?} instead of {known:?}");
    }
    for seat in found.seats().filter(|seat| outside(&seat.id)) {
        let known = honest.seat(&seat.id).expect("a new seat outside of the region");
        assert_eq!(seat.grants, known.grants, "{}", seat.id);
        assert_eq!(seat.constituency, known.constituency, "{}", seat.id);
    }
}
