//! A statement: within its bounds, read alike by every reader, signed and read back as it was.

use chappe::address::{self, Place};
use chappe::jws::{Compact, Signer as _, Typ, sign, sign_with};
use chappe::notice::{
    Id, MAX_BODY_BYTES, MAX_STATEMENT_BYTES, MAX_TEXT_CHARS, MAX_TITLE_CHARS, Statement,
};

use crate::edits::edited;
use crate::forge;

/// Reads `data` as a statement, and as edits of an honest one.
///
/// # Panics
/// If one of the module's claims does not hold.
pub fn check(data: &[u8]) {
    read(data);
    let honest = forge::advisory("eu-fr", "scope:eu.fr.all.all", chappe::notice::Tlp::Green);
    let honest = serde_json::to_vec(&honest).expect("JSON");
    read(&edited(&honest, data));
}

fn read(bytes: &[u8]) {
    let Ok(statement) = Statement::parse(bytes) else { return };
    assert!(bytes.len() <= MAX_STATEMENT_BYTES);
    crate::json::every_reader_agrees(bytes, &statement);
    bounds(&statement);
    subjects(&statement);
    let again = serde_json::to_vec(&statement).expect("JSON");
    if again.len() <= MAX_STATEMENT_BYTES {
        assert_eq!(Statement::parse(&again).as_ref(), Ok(&statement), "not read back");
    }
    signed(bytes, &statement);
}

fn bounds(statement: &Statement) {
    let line = |text: &str, max: usize| {
        let chars = text.chars().count();
        assert!((1..=max).contains(&chars) && !text.chars().any(char::is_control), "{text:?}");
    };
    line(&statement.title, MAX_TITLE_CHARS);
    if let Some(doc) = &statement.doc {
        let texts = [&doc.publisher, &doc.reference, &doc.version];
        texts.into_iter().for_each(|text| line(text, MAX_TEXT_CHARS));
    }
    assert!(statement.exp > statement.iat);
    assert!(statement.body.len <= MAX_BODY_BYTES as u64);
    assert!(statement.expires() >= statement.issued());
}

/// What a statement says never reaches further in a subject than its own token.
fn subjects(statement: &Statement) {
    let id = Id::of(b"an id");
    let places = [(Place::Board, 11), (Place::Inbox, 5), (Place::Direct(forge::id("eu")), 4)];
    for (place, tokens) in places {
        let subject = address::subject(&place, statement, id);
        assert_eq!(subject.split('.').count(), tokens, "{subject:?}");
        let token = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_graphic());
        assert!(subject.split('.').all(token), "{subject:?}");
        assert!(!subject.contains(['*', '>']), "{subject:?}");
    }
}

fn signed(bytes: &[u8], statement: &Statement) {
    let key = forge::key("eu-fr", "issue");
    let as_sent = sign_with(&key, Typ::Notice, bytes).expect("signed");
    let as_read = sign(&key, Typ::Notice, statement).expect("signed");
    for text in [as_sent, as_read] {
        let parsed = Compact::parse(&text, Typ::Notice).expect("a JWS of ours");
        let payload = parsed.payload(key.public()).expect("our own signature");
        if payload.len() <= MAX_STATEMENT_BYTES {
            assert_eq!(Statement::parse(payload).as_ref(), Ok(statement));
        }
    }
}
