//! `chappe trust show`: what documents say, and who signed them.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::super::output::say;
use super::super::{Failure, Outcome};
use super::files::{self, Place};
use super::proposal::known_quorums;
use crate::ceremony::{Archive, Progress, describe, fingerprint, progress};
use crate::jws::General;
use crate::trust::Paper;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A root or bundle, or a folder of them
    path: PathBuf,
    /// One JSON object a line: what is signed, under `says`, and who signed it
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let documents = match arguments.path.is_dir() {
        true => files::folder_documents(&arguments.path)?,
        false => vec![(arguments.path.clone(), files::document(&arguments.path)?)],
    };
    let archive = arguments.place.archive()?;
    for (path, general) in &documents {
        let paper = files::paper(path, general)?;
        let signed = signatures(&paper, general, archive.as_ref());
        match arguments.json {
            true => say!("{}", as_json(path, &paper, general, &signed)?),
            false => {
                say!("{}", path.display());
                describe(&paper, crate::time::now()).iter().for_each(|line| say!("  {line}"));
                say!("  {}", fingerprint(general));
                tell(general, &signed);
            }
        }
    }
    Ok(())
}

fn signatures(paper: &Paper, general: &General, archive: Option<&Archive>) -> Vec<Progress> {
    let quorums = archive.map(|archive| archive.quorums(paper)).unwrap_or_default();
    let quorums = if quorums.is_empty() { known_quorums(None, paper) } else { quorums };
    progress(general, &quorums)
}

fn tell(general: &General, signed: &[Progress]) {
    let named = general.unverified_signers();
    if named.is_empty() {
        say!("  not signed: a draft");
    }
    for id in &named {
        let counts: Vec<&str> = signed
            .iter()
            .filter(|one| one.signed.contains(id))
            .map(|one| one.whose.as_str())
            .collect();
        match (counts.is_empty(), signed.is_empty()) {
            (false, _) => say!("  signed by {id}, which counts: {}", counts.join("; ")),
            (true, true) => say!("  names the signer {id}; whether it counts: --root ROOT says"),
            (true, false) => say!("  names the signer {id}, which does not count here"),
        }
    }
    for one in signed {
        let (have, need) = (one.signed.len(), one.threshold);
        say!("  {have} of the {need} signatures needed: {}", one.whose);
    }
}

fn as_json(
    path: &Path,
    paper: &Paper,
    general: &General,
    signed: &[Progress],
) -> Result<Value, Failure> {
    let bytes = general.unverified_payload().map_err(Failure::failed)?;
    let says: Value = serde_json::from_slice(&bytes).map_err(Failure::failed)?;
    let ids = |ids: &[crate::jws::KeyId]| -> Vec<String> {
        ids.iter().map(|id| id.as_str().to_owned()).collect()
    };
    let keys: Vec<Value> = paper
        .keys()
        .into_iter()
        .filter_map(|(jwk, node, usage)| {
            let key = crate::jws::PublicKey::from_jwk(jwk).ok()?;
            Some(json!({"kid": key.id().as_str(), "node": node.as_str(), "use": usage}))
        })
        .collect();
    let needed: Vec<Value> = signed
        .iter()
        .map(|one| {
            json!({
                "whose": one.whose,
                "threshold": one.threshold,
                "signed": ids(&one.signed),
                "met": one.is_met(),
            })
        })
        .collect();
    Ok(json!({
        "file": path.display().to_string(),
        "says": says,
        "keys": keys,
        "signers": ids(&general.unverified_signers()),
        "needed": needed,
    }))
}
