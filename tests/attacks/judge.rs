//! One folder through the pure core: what a relay, a reader or a holder of documents says of it.

use std::collections::{BTreeMap, BTreeSet};

use chappe::address::Source;
use chappe::jws::{General, KeyId};
use chappe::notice::{NodeId, Time, Wire};
use chappe::trust::{Documents, Offered, Refusal, Trust, TrustError};
use chappe::verify::{self, Context, Refused};

use crate::folder::{Case, Folder, How, KeyCounts, NoticeCase, Step, Then, TrustCase};

type Folders = BTreeMap<String, Folder>;

/// Every difference between what a folder expects and what the core says.
pub(crate) fn differences(all: &Folders, folder: &Folder) -> Vec<String> {
    let found = match folder.case() {
        Err(why) => Err(why),
        Ok(Case::Notice(case)) => notice(all, folder, &case),
        Ok(Case::Trust(case)) => trust(all, folder, &case),
    };
    let found = found.unwrap_or_else(|why| vec![why]);
    found.into_iter().map(|why| format!("{}: {why}", folder.name)).collect()
}

fn notice(all: &Folders, folder: &Folder, case: &NoticeCase) -> Result<Vec<String>, String> {
    let input = ["case.json", "notice.txt", "hops.txt", "body_sig.txt", "body.bin"];
    only_known(folder, |name| input.contains(&name) || name.starts_with("trust/"))?;
    let trust = believed(all, folder, &case.trust)?;
    let now = Time::from_secs(case.now);
    let by_reader = wire(folder)?.and_then(|w| verify::verify_file(now, &trust, &w).map(drop));
    if case.source == "file" {
        if case.me.is_some() || case.subject.is_some() || case.reader.is_some() {
            return Err("a file has neither `me` nor `subject` nor `reader`".into());
        }
        return Ok(unlike("expect", &case.expect, &word(by_reader)));
    }
    let (me, subject) = (case.me.as_deref().ok_or("no me")?, case.subject.as_deref());
    let (me, source) = (node(me)?, source(&case.source)?);
    let subject = subject.ok_or("no subject")?;
    let context = Context { now, me: &me, trust: &trust };
    let by_relay =
        wire(folder)?.and_then(|w| verify::verify(context, &source, subject, w).map(drop));
    let mut found = unlike("expect", &case.expect, &word(by_relay));
    let reader = case.reader.as_deref().ok_or("no reader")?;
    found.extend(unlike("reader", reader, &word(by_reader)));
    Ok(found)
}

/// The message as it came; the inner result is that of its headers.
fn wire(folder: &Folder) -> Result<Result<Wire, Refused>, String> {
    let body = folder.files.get("body.bin").ok_or("no body.bin")?.clone();
    let header = |name| folder.header(name);
    let (notice, hops) = (header("notice.txt")?, header("hops.txt")?);
    let sig = header("body_sig.txt")?;
    Ok(Wire::from_headers(&notice, &hops, &sig, body).map_err(Refused::from))
}

fn word(outcome: Result<(), Refused>) -> String {
    outcome.err().map_or_else(|| "accepted".to_owned(), |refused| refused.reason.to_string())
}

fn unlike(what: &str, expected: &str, found: &str) -> Vec<String> {
    let differs = expected != found;
    Vec::from_iter(differs.then(|| format!("{what} is {expected}, the core says {found}")))
}

fn only_known(folder: &Folder, known: impl Fn(&str) -> bool) -> Result<(), String> {
    let strange: Vec<_> = folder.files.keys().filter(|name| !known(name)).collect();
    if strange.is_empty() { Ok(()) } else { Err(format!("files that nobody reads: {strange:?}")) }
}

fn node(text: &str) -> Result<NodeId, String> {
    text.parse().map_err(|e| format!("{e}"))
}

fn source(text: &str) -> Result<Source, String> {
    let (word, name) = text.split_once('-').ok_or("a source without a name")?;
    Ok(match word {
        "local" => Source::Local(name.to_owned()),
        "child" => Source::Child(node(name)?),
        "up" => Source::Upstream(node(name)?),
        "outbox" => Source::Outbox(node(name)?),
        _ => return Err(format!("no source: {text}")),
    })
}

/// The pin and the other documents of every folder that a case names.
fn documents(
    all: &Folders,
    folder: &Folder,
    named: &[String],
) -> Result<(General, Vec<General>), String> {
    let (mut pin, mut others) = (None, Vec::new());
    for place in named {
        let (files, below) = match place.strip_prefix("../") {
            Some(shared) => (&all.get(shared).ok_or(format!("no folder {shared}"))?.files, ""),
            None if place == "trust" => (&folder.files, "trust/"),
            None => return Err(format!("`trust` names {place}")),
        };
        for (name, bytes) in files.iter().filter(|(name, _)| name.starts_with(below)) {
            let read = || General::parse(bytes).map_err(|e| format!("{name}: {e}"));
            match name.strip_prefix(below) {
                Some("pin.json") => pin = Some(read()?),
                _ => others.push(read()?),
            }
        }
    }
    Ok((pin.ok_or("no pin.json")?, others))
}

fn believed(all: &Folders, folder: &Folder, named: &[String]) -> Result<Trust, String> {
    let (pin, others) = documents(all, folder, named)?;
    let (trust, rejected) = Trust::compile(&pin, &others).map_err(|e| e.to_string())?;
    if rejected.is_empty() { Ok(trust) } else { Err(format!("{rejected:?}")) }
}

fn trust(all: &Folders, folder: &Folder, case: &TrustCase) -> Result<Vec<String>, String> {
    let offered: BTreeSet<&str> = case.steps.iter().map(|step| step.file.as_str()).collect();
    only_known(folder, |name| {
        name == "case.json" || name.starts_with("trust/") || offered.contains(name)
    })?;
    let (pin, others) = documents(all, folder, &case.trust)?;
    let mut held = Documents::pinned(&pin).map_err(|e: TrustError| e.to_string())?;
    let rejected = held.restore_all(&others);
    if !rejected.is_empty() {
        return Err(format!("{rejected:?}"));
    }
    let mut found = Vec::new();
    for step in &case.steps {
        let bytes = folder.files.get(&step.file).ok_or(format!("no {}", step.file))?;
        let outcome = take(&mut held, Time::from_secs(case.now), step.how, bytes);
        found.extend(unlike(&step.file, &step.expect, &outcome));
    }
    found.extend(holds(held.trust(), &case.then)?);
    Ok(found)
}

fn take(held: &mut Documents, now: Time, how: How, bytes: &[u8]) -> String {
    let outcome = match how {
        How::Offered => held.offer(now, bytes),
        How::Kept => match General::parse(bytes) {
            Err(_) => return "trust-invalid".into(),
            Ok(document) => held.restore(&document).inspect(|_| ()),
        },
        How::List => return said(held.offer_list(bytes)),
    };
    held.settle();
    said(outcome.map(|outcome| matches!(outcome, Offered::Taken(_))))
}

fn said(outcome: Result<bool, Refusal>) -> String {
    match outcome {
        Ok(true) => "taken".into(),
        Ok(false) => "known".into(),
        Err(refusal) if refusal.may_pass_later() => "waits".into(),
        Err(refusal) => refusal.reason().to_string(),
    }
}

fn holds(trust: &Trust, then: &Then) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    for (id, version) in &then.bundles {
        let held = trust.seat(&node(id)?).map_or(0, |seat| seat.version);
        found.extend(unlike(&format!("bundle of {id}"), &version.to_string(), &held.to_string()));
    }
    for (id, version) in &then.roots {
        let held = trust.root(&node(id)?).map_or(0, |(version, _)| version);
        found.extend(unlike(&format!("root of {id}"), &version.to_string(), &held.to_string()));
    }
    for key in &then.keys {
        found.extend(unlike(&format!("key {}", key.kid), &key.expect, &counts(trust, key)));
    }
    Ok(found)
}

fn counts(trust: &Trust, key: &KeyCounts) -> String {
    let (kid, at) = (KeyId::hint(&key.kid), Time::from_secs(key.at));
    let judged = match key.notice {
        Some(id) => trust.issue_key(&kid, at, id),
        None => trust.key(&kid, key.usage, at),
    };
    judged.err().map_or_else(|| "good".to_owned(), |reason| reason.to_string())
}

/// Every word that the cases of a folder expect.
pub(crate) fn expected(folder: &Folder) -> Vec<String> {
    match folder.case().expect("a case") {
        Case::Notice(case) => std::iter::once(case.expect).chain(case.reader).collect(),
        Case::Trust(TrustCase { steps, then, .. }) => {
            let steps = steps.into_iter().map(|Step { expect, .. }| expect);
            steps.chain(then.keys.into_iter().map(|key| key.expect)).collect()
        }
    }
}
