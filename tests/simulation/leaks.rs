//! The leak oracle: whatever lies anywhere at a node, does it tell of a notice that the node may
//! not have? Its id, its title, a byte of its body, and that there is such a notice at all.

use std::collections::BTreeSet;

use chappe::jws::{self, Compact, Typ, base64url, from_base64url};
use chappe::notice::{Audience, Heartbeat, Id, NodeId, Statement, Tlp};

use super::model::Message;
use super::oracle;
use super::wires::notice;
use super::world::World;

/// What quarantine keeps of a refused message, as `relay/quarantine.rs`: its headers, and the body
/// up to GREEN; of a record only its length and digest.
pub(crate) fn quarantined(m: &Message) -> Vec<u8> {
    let texts: Vec<&str> = m.headers.iter().map(|(_, text)| text.as_str()).collect();
    let label = || {
        let compact = Compact::parse(notice(m), Typ::Notice).ok()?;
        Statement::parse(compact.unverified_payload()).ok().map(|s| s.tlp)
    };
    let open = label().is_some_and(|tlp| tlp <= Tlp::Green);
    let body = if open { base64url(&m.payload) } else { String::new() };
    let record = serde_json::json!({"subject": m.subject, "headers": texts, "body": body,
        "body_len": m.payload.len(), "body_sha256": Id::of(&m.payload)});
    serde_json::to_vec(&record).expect("JSON")
}

/// The notices of which a message tells. The same text goes through many streams and is read once.
pub(crate) fn told(w: &mut World, m: &Message) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    scan(w, m.subject.as_bytes(), 0, &mut found);
    let headers = m.headers.iter().map(|(_, text)| text.as_bytes());
    for text in headers.chain([m.payload.as_slice()]) {
        let name = Id::of(text);
        if !w.seen.told.contains_key(&name) {
            let mut here = BTreeSet::new();
            scan(w, text, 0, &mut here);
            w.seen.told.insert(name, here);
        }
        found.extend(&w.seen.told[&name]);
    }
    found
}

fn scan(w: &World, bytes: &[u8], depth: usize, found: &mut BTreeSet<usize>) {
    marks(bytes, found);
    let is_word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'-' || *b == b'_';
    for word in bytes.split(|b| !is_word(b)).filter(|word| word.len() >= 40) {
        let Ok(word) = std::str::from_utf8(word) else { continue };
        if let Ok(id) = word.parse::<Id>() {
            found.extend(w.by_id.get(&id));
        } else if depth < 3
            && let Some(inner) = from_base64url(word)
        {
            scan(w, &inner, depth + 1, found);
        }
    }
}

/// `zq00012qz`: a title or a body.
fn marks(bytes: &[u8], found: &mut BTreeSet<usize>) {
    let text = String::from_utf8_lossy(bytes);
    for (at, _) in text.match_indices("zq") {
        let mark = text.get(at + 2..at + 9).and_then(|rest| rest.strip_suffix("qz"));
        found.extend(mark.and_then(|digits| digits.parse::<usize>().ok()));
    }
}

/// Whose heartbeat it is, for which scope and label.
pub(crate) type Channel = (NodeId, String, Tlp);

/// Of a heartbeat, even one that names nothing: who hears of a channel may have its notices.
pub(crate) fn foreign_channel(w: &mut World, at: usize, m: &Message) -> Option<String> {
    let read = || channel(&m.payload);
    let known = w.seen.channels.entry(Id::of(&m.payload)).or_insert_with(read);
    let (iss, scope, tlp) = known.as_ref()?;
    let channel = (iss.as_str(), scope.as_str(), *tlp);
    let may = w.seen.links.iter().any(|links| oracle::may_hear(&w.tree, links, at, channel));
    (!may).then(|| format!("heartbeats of {iss} {scope} {tlp}"))
}

fn channel(payload: &[u8]) -> Option<Channel> {
    let compact = Compact::parse(std::str::from_utf8(payload).ok()?, Typ::Heartbeat).ok()?;
    let beat: Heartbeat = jws::from_slice(compact.unverified_payload()).ok()?;
    let Audience::Scope(scope) = &beat.aud else { return None };
    Some((beat.iss.clone(), scope.to_string(), beat.tlp))
}
