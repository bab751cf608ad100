//! The file form: what it holds fits on the wire, and comes back byte for byte.

use chappe::notice::{File, MAX_HOPS, Wire};

use crate::edits::edited;
use crate::forge::{self, issue, via};

/// Reads `data` as a `.chappe` file, and as edits of an honest one.
///
/// # Panics
/// If one of the module's claims does not hold.
pub fn check(data: &[u8]) {
    read(data);
    let honest = forge::advisory("eu-fr", "scope:eu.fr.all.all", chappe::notice::Tlp::Green);
    let honest = File::from_wire(&via(issue(&honest), &["eu-fr", "eu-fr-bre"]));
    let honest = serde_json::to_vec(&honest).expect("JSON");
    read(&edited(&honest, data));
}

fn read(bytes: &[u8]) {
    let Ok(wire) = File::parse(bytes) else { return };
    crate::json::every_reader_agrees(bytes, &File::from_wire(&wire));
    assert!(wire.fits() && wire.hops.len() <= MAX_HOPS, "it does not fit on the wire");
    let again = serde_json::to_vec(&File::from_wire(&wire)).expect("JSON");
    assert_eq!(File::parse(&again).as_ref(), Ok(&wire), "not read back");
    assert_eq!(from_headers(&wire).as_ref(), Some(&wire), "headers and file differ");
}

/// Takes its own headers again, as the next node does.
pub(crate) fn from_headers(wire: &Wire) -> Option<Wire> {
    let headers = wire.headers();
    let values = |name: &str| -> Vec<&str> {
        headers.iter().filter(|(n, _)| *n == name).map(|(_, value)| value.as_str()).collect()
    };
    use chappe::notice::{HEADER_BODY_SIG, HEADER_HOPS, HEADER_NOTICE};
    let (notice, hops, sig) = (values(HEADER_NOTICE), values(HEADER_HOPS), values(HEADER_BODY_SIG));
    Wire::from_headers(&notice, &hops, &sig, wire.body.clone()).ok()
}
