//! Vectors about headers, strict JSON, claims and times (groups C and E of the list).

use chappe::jws;
use chappe::notice::{Kind, Reason, Time, Wire};

use crate::folder::Folder;
use crate::forge::*;
use crate::made::*;

pub(crate) fn all() -> Vec<Folder> {
    [headers(), json(), claims(), names(), combinations(), times(), lives(), bodies()]
        .into_iter()
        .flatten()
        .collect()
}

fn headers() -> Vec<Folder> {
    let bad = by_all(Reason::Header);
    let padded = format!("{}{}", base_json(), " ".repeat(3_000));
    vec![
        vector("notice-header-missing", &[62], "No Chappe-Notice at all.", bad, {
            on_the_way(|_| {}).changed(|a| a.notice.clear())
        }),
        vector(
            "notice-header-twice",
            &[62],
            "Two Chappe-Notice: readers take different ones.",
            bad,
            on_the_way(|_| {}).changed(|a| a.notice.push(payload(b"{}").notice[0].clone())),
        ),
        vector("hops-header-twice", &[62], "Two Chappe-Hops.", bad, {
            on_the_way(|_| {}).changed(|a| a.hops.extend(a.hops.clone()))
        }),
        vector("statement-too-large", &[64], "A statement above 2 900 bytes.", bad, {
            payload(padded.as_bytes())
        }),
        vector(
            "headers-too-large",
            &[60, 65],
            "100 000 opening brackets: more than 16 KiB.",
            bad,
            payload("[".repeat(100_000).as_bytes()),
        ),
        vector(
            "detached-signature-not-base64url",
            &[74],
            "Chappe-Body-Sig is padded.",
            by_all(Reason::Encoding),
            on_the_way(|_| {}).changed(|a| a.body_sig = vec!["AB==".into()]),
        ),
        vector(
            "nine-hops",
            &[79],
            "Nine hops: no signature is looked at.",
            by_all(Reason::HopCount),
            on_the_way(|_| {}).changed(|a| a.hops = vec![["x"; 9].join(",")]),
        ),
        vector(
            "five-thousand-hops",
            &[79],
            "As many hops as fit 16 KiB.",
            by_all(Reason::HopCount),
            on_the_way(|_| {}).changed(|a| a.hops = vec![["x"; 5_000].join(",")]),
        ),
    ]
}

fn json() -> Vec<Folder> {
    let bad = by_all(Reason::Json);
    let with = |from: &str, to: &str| with_claim(from, to);
    let revision = |text: &str| with(r#""revision":1"#, &format!(r#""revision":{text}"#));
    let whole =
        |before: &str, after: &str| payload(format!("{before}{}{after}", base_json()).as_bytes());
    vec![
        vector("duplicate-key", &[63], "Two labels: most parsers take the last.", bad, {
            with(r#""tlp":"#, r#""tlp":"CLEAR","tlp":"#)
        }),
        vector("duplicate-key-escaped", &[63], "Two labels, one of them escaped.", bad, {
            with(r#""tlp":"#, r#""\u0074lp":"CLEAR","tlp":"#)
        }),
        vector("duplicate-key-deeper", &[63], "Two digests of the body.", bad, {
            with(r#""sha256":"#, r#""sha256":"00","sha256":"#)
        }),
        vector("float", &[64], "A fraction where an integer stands.", bad, revision("1.0")),
        vector("exponent", &[64], "1e3 for 1000.", bad, revision("1e3")),
        vector("negative", &[64], "A number below zero.", bad, revision("-1")),
        vector("integer-above-2-to-the-53", &[64], "JavaScript reads another number.", bad, {
            revision("9007199254740993")
        }),
        vector("not-a-number", &[64], "NaN, which Python reads.", bad, revision("NaN")),
        vector("null", &[64], "A claim that is null: absent for some.", bad, {
            with(r#""lang":"en""#, r#""lang":"en","nbf":null"#)
        }),
        vector("lone-surrogate", &[64], "Half a character.", bad, {
            with("A vulnerability", r"A \ud800 vulnerability")
        }),
        vector(
            "byte-order-mark",
            &[64],
            "U+FEFF before the statement.",
            bad,
            whole("\u{feff}", ""),
        ),
        vector(
            "bytes-after-the-statement",
            &[64],
            "A second value behind it.",
            bad,
            whole("", "{}"),
        ),
        vector("empty-statement", &[5], "Nothing at all is signed.", bad, payload(b"")),
        vector("nesting-bomb", &[65], "2 000 opening brackets.", bad, {
            payload("[".repeat(2_000).as_bytes())
        }),
        vector("nested-eleven-deep", &[65], "One level more than ten.", bad, {
            let deep = format!("{}{}", r#"{"a":"#.repeat(10), "1");
            with(r#""lang":"en""#, &format!(r#""lang":"en","ext":{deep}{}"#, "}".repeat(10)))
        }),
    ]
}

fn claims() -> Vec<Folder> {
    let bad = by_all(Reason::Claim);
    let doc = serde_json::to_string(&base().doc).expect("JSON");
    let list = r#"["https://www.cert.ssi.gouv.fr","CERTFR-2026-AVI-0001","1",1]"#;
    vec![
        vector(
            "list-in-the-place-of-an-object",
            &[64],
            "Some libraries read an object from it.",
            bad,
            with_claim(&doc, list),
        ),
        vector("unknown-claim", &[64], "A claim that this version does not know.", bad, {
            with_claim(r#""lang""#, r#""sudo":true,"lang""#)
        }),
        vector("body-with-an-encoding", &[66], "A claim that says how to unpack the body.", bad, {
            with_claim(r#""len":"#, r#""enc":"gzip","len":"#)
        }),
        vector("label-missing", &[32], "No label: none is assumed.", bad, {
            with_claim(r#""tlp":"GREEN","#, "")
        }),
        vector("label-unknown", &[32], "A label that there is not.", bad, {
            with_claim("GREEN", "UNCLEAR")
        }),
        vector(
            "short-scope-on-the-wire",
            &[31],
            "Two parts of a scope: four stand on the wire.",
            bad,
            with_claim("scope:eu.fr.all.all", "scope:eu.fr"),
        ),
        vector("time-as-text", &[51], "RFC 3339 where seconds stand.", bad, {
            let iat = format!(r#""iat":{}"#, base().iat);
            with_claim(&iat, r#""iat":"2026-11-24T09:59:50Z""#)
        }),
        vector("control-character-in-title", &[73], "A title that clears the terminal.", bad, {
            at_home(|s| s.title = "quiet\u{1b}[2Jscreen".into())
        }),
        vector("line-break-in-title", &[69, 73], "CR and LF in a title.", bad, {
            at_home(|s| s.title = "one\r\nChappe-Notice: two".into())
        }),
        vector("direction-override-in-title", &[73], "A title that shows backwards.", bad, {
            at_home(|s| s.title = "harmless \u{202e}exe.txt".into())
        }),
        vector("ext-nested-deep", &[65], "Five levels below `ext`.", bad, {
            with_claim(r#""lang":"en""#, r#""lang":"en","ext":{"a":[[[[1]]]]}"#)
        }),
    ]
}

/// Issuers that are no node ids.
fn names() -> Vec<Folder> {
    let bad = by_all(Reason::Claim);
    let iss = |text: &str| with_claim(r#""iss":"eu-fr""#, &format!(r#""iss":"{text}""#));
    let one =
        |name: &str, row: u8, what: &str, text: &str| vector(name, &[row], what, bad, iss(text));
    vec![
        one("node-name-with-dots", 68, "Dots part the tokens of a subject.", "eu.fr"),
        one("node-name-with-a-wildcard", 68, "`*` in a node id.", "eu-*"),
        one("node-name-with-a-tail-wildcard", 68, "`>` in a node id.", "eu->"),
        one("node-name-with-a-space", 68, "A space in a node id.", "eu fr"),
        one("node-name-with-a-line-break", 68, "CR and LF in a node id.", r"eu\r\nfr"),
        one("node-name-with-nul", 68, "NUL in a node id.", r"eu-fr\u0000"),
        one("node-name-in-capitals", 70, "EU-FR is not eu-fr.", "EU-FR"),
        one(
            "node-name-in-cyrillic",
            70,
            "A Cyrillic letter that looks like one of ours.",
            "\u{435}u-fr",
        ),
        one("node-name-in-full-width", 70, "Full-width letters.", "\u{ff45}\u{ff55}-fr"),
        vector("wildcard-in-audience", &[68], "Wildcards in a scope.", bad, {
            with_claim("scope:eu.fr.all.all", "scope:eu.*.>")
        }),
    ]
}

fn combinations() -> Vec<Folder> {
    let bad = by_all(Reason::BadCombination);
    vec![
        vector("withdrawal-of-nothing", &[34], "A withdrawal without `re`.", bad, {
            at_home(|s| s.kind = Kind::Withdrawal)
        }),
        vector("erasing-advisory", &[34], "Only a withdrawal erases.", bad, {
            at_home(|s| s.erase = Some(true))
        }),
        vector("advisory-without-a-document", &[40], "Versions could not be told apart.", bad, {
            at_home(|s| s.doc = None)
        }),
    ]
}

fn times() -> Vec<Folder> {
    let now = NOW.secs();
    let day = 24 * 3600;
    let lasting = |iat, exp| at_home(move |s| (s.iat, s.exp) = (iat, exp));
    let expired_for_readers = Said { relay: None, reader: Some(Reason::Expired) };
    vec![
        vector("issued-ahead", &[50], "Issued 301 s ahead.", by_all(Reason::Future), {
            at_home(|s| s.iat = now + 301)
        }),
        vector("honest-clock-four-minutes-ahead", &[50], "Issued 240 s ahead.", ACCEPTED, {
            at_home(|s| s.iat = now + 240)
        }),
        vector(
            "clock-at-1970",
            &[92],
            "A verifier whose clock was reset takes nothing.",
            by_all(Reason::Future),
            on_the_way(|_| {}).at(0),
        ),
        vector("expired", &[38], "Past its `exp` by more than 300 s.", by_all(Reason::Expired), {
            lasting(now - 7_200, now - 400)
        }),
        vector(
            "expired-within-the-leeway",
            &[38, 50],
            "A relay allows for clocks, a reader does not.",
            expired_for_readers,
            lasting(now - 7_200, now - 299),
        ),
        vector(
            "signed-long-ago",
            &[17],
            "More than a day between `iat` and the first hop.",
            by_all(Reason::Late),
            at_home(|s| s.iat = now - day - 1),
        ),
        vector(
            "honest-signed-a-day-ago",
            &[],
            "A day between `iat` and the first hop, and no more.",
            ACCEPTED,
            at_home(|s| s.iat = now - day),
        ),
        vector(
            "honest-signed-ahead-for-its-day",
            &[],
            "Late counts from `nbf`.",
            ACCEPTED,
            at_home(|s| (s.iat, s.nbf) = (now - day - 600, Some(now - 600))),
        ),
        vector(
            "back-dated-first-hop",
            &[17],
            "The first hop is older than the statement.",
            by_all(Reason::Future),
            {
                let mut statement = base();
                statement.iat = now + 200;
                let wire = issue(&statement);
                let early = Time::from_secs(now - 200);
                let hop = hop_at(&key("eu-fr", "relay"), "eu-fr", wire.id(), wire.id(), early);
                Arrival::new("eu-fr-bre", up("eu-fr"), &statement, Wire { hops: vec![hop], ..wire })
            },
        ),
    ]
}

fn lives() -> Vec<Folder> {
    let life = by_all(Reason::Lifetime);
    vec![
        vector("endless", &[51], "`exp` 401 days after `iat`.", life, {
            at_home(|s| s.exp = s.iat + 401 * 24 * 3600)
        }),
        vector("exp-before-iat", &[51], "`exp` is `iat`.", life, at_home(|s| s.exp = s.iat)),
        vector("not-before-in-two-days", &[51], "`nbf` more than a day after `iat`.", life, {
            at_home(|s| s.nbf = Some(s.iat + 2 * 24 * 3600))
        }),
        vector(
            "of-another-federation",
            &[19],
            "A notice of staging in production.",
            by_all(Reason::Federation),
            with_claim("00112233445566778899aabbccddeeff", "ff112233445566778899aabbccddeeff"),
        ),
    ]
}

fn bodies() -> Vec<Folder> {
    let bad = by_all(Reason::Body);
    let last = body().len() - 1;
    vec![
        vector("body-first-byte", &[3], "The first byte is another.", bad, {
            on_the_way(|w| w.body[0] ^= 1)
        }),
        vector("body-middle-byte", &[3], "A byte in the middle is another.", bad, {
            on_the_way(|w| w.body[last / 2] ^= 1)
        }),
        vector("body-last-byte", &[3], "The last byte is another.", bad, {
            on_the_way(|w| w.body[last] ^= 1)
        }),
        vector(
            "body-truncated",
            &[3],
            "Three bytes of it.",
            bad,
            on_the_way(|w| w.body.truncate(3)),
        ),
        vector("body-appended", &[3], "A space behind it.", bad, on_the_way(|w| w.body.push(b' '))),
        vector("body-missing", &[3, 62], "No body.", bad, on_the_way(|w| w.body.clear())),
        vector("body-of-another-notice", &[62], "The headers of one, the body of another.", bad, {
            on_the_way(|w| w.body = br#"{"document":"unchangeD"}"#.to_vec())
        }),
        vector(
            "foreign-detached-signature",
            &[3],
            "A detached signature that is not signed for.",
            bad,
            on_the_way(|w| w.body_sig = Some(b"not the document's".to_vec())),
        ),
        vector(
            "detached-signature-stripped",
            &[3],
            "The document's own signature is missing.",
            bad,
            {
                let mut statement = base();
                statement.body.sig = Some(chappe::notice::Id::of(b"the document's"));
                Arrival::new(
                    "eu-fr-bre",
                    up("eu-fr"),
                    &statement,
                    via(issue(&statement), &["eu-fr"]),
                )
            },
        ),
        vector("honest-nesting-bomb-in-the-body", &[65], "No relay opens a body.", ACCEPTED, {
            let bomb = "[".repeat(20_000).into_bytes();
            let mut statement = base();
            statement.body.len = bomb.len() as u64;
            statement.body.sha256 = chappe::notice::Id::of(&bomb);
            let wire = via(Wire { body: bomb, ..issue(&statement) }, &["eu-fr"]);
            Arrival::new("eu-fr-bre", up("eu-fr"), &statement, wire)
        }),
        vector("honest-detached-signature", &[3], "It is the one that is signed for.", ACCEPTED, {
            let mut statement = base();
            statement.body.sig = Some(chappe::notice::Id::of(b"the document's"));
            let mut wire = via(issue(&statement), &["eu-fr"]);
            wire.body_sig = jws::from_base64url(&jws::base64url(b"the document's"));
            Arrival::new("eu-fr-bre", up("eu-fr"), &statement, wire)
        }),
    ]
}
