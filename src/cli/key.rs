//! `chappe key new|show`: signing keys, of which nothing but the public half is ever printed.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;

use super::output::say;
use super::{Failure, Outcome};
use crate::jws::{Jwk, PublicKey, Signer as _};
use crate::keys::{self, KeyFile, KeyFileError, Passphrase};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a new signing key, encrypted with a passphrase
    New(New),
    /// Show the public half of a private key, SPKI PEM or JWK
    Show(Show),
}

#[derive(Debug, Args)]
struct New {
    /// The new key's file, which must not be there
    file: PathBuf,
    /// File of the passphrase, in one line [default: systemd's credential `chappe-passphrase`,
    /// else asked twice]
    #[arg(long, value_name = "FILE", conflicts_with = "not_encrypted")]
    passphrase_file: Option<PathBuf>,
    /// Leave the key readable to whoever gets the file
    #[arg(long)]
    not_encrypted: bool,
    /// Write the public half, SPKI PEM, into this new file
    #[arg(long, value_name = "FILE")]
    public: Option<PathBuf>,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Show {
    /// A private key, or a public one as SPKI PEM or JWK
    file: PathBuf,
    /// File of the passphrase, in one line [default: systemd's credential `chappe-passphrase`,
    /// else asked]
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

/// What is printed of a key.
#[derive(Serialize)]
struct Shown {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encrypted: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    public: Option<PathBuf>,
    kid: String,
    jwk: Jwk,
    spki: String,
}

impl Shown {
    fn of(key: &PublicKey) -> Result<Self, Failure> {
        let spki = keys::public_pem(key).ok_or_else(|| Failure::failed("no SPKI for this key"))?;
        let (kid, jwk) = (key.id().to_string(), key.to_jwk());
        Ok(Self { file: None, encrypted: None, public: None, kid, jwk, spki })
    }

    fn json(&self) -> Outcome {
        say!("{}", serde_json::to_string(self).map_err(Failure::failed)?);
        Ok(())
    }

    fn names(&self) -> Outcome {
        say!("kid  {}", self.kid);
        say!("jwk  {}", serde_json::to_string(&self.jwk).map_err(Failure::failed)?);
        Ok(())
    }
}

pub(super) fn run(arguments: Arguments) -> Outcome {
    match arguments.verb {
        Verb::New(new) => make(&new),
        Verb::Show(show) => print(&show),
    }
}

fn make(new: &New) -> Outcome {
    absent(&new.file)?;
    new.public.as_deref().map_or(Ok(()), absent)?;
    let key = if new.not_encrypted {
        keys::create_plain_key(&new.file).map_err(failure)?
    } else {
        let passphrase = Passphrase::of_process(new.passphrase_file.clone());
        let passphrase = passphrase.choose(&new.file).map_err(failure)?;
        keys::create_key(&new.file, &passphrase).map_err(failure)?
    };
    let shown = Shown {
        file: Some(new.file.clone()),
        encrypted: Some(!new.not_encrypted),
        public: new.public.clone(),
        ..Shown::of(key.public())?
    };
    if let Some(public) = &new.public {
        keys::write_new_public(public, &shown.spki).map_err(|error| {
            let file = new.file.display();
            Failure::failed(format!("{error}; the key is made: see `chappe key show {file}`"))
        })?;
    }
    if new.json {
        return shown.json();
    }
    let form = if new.not_encrypted { "NOT encrypted" } else { "encrypted" };
    say!("key  {} ({form})", new.file.display());
    shown.names()?;
    match &new.public {
        Some(public) => say!("spki {}", public.display()),
        None => say!("spki by `chappe key show {}`", new.file.display()),
    }
    Ok(())
}

/// Said before anybody is asked for a passphrase; what is written is never over a file anyway.
fn absent(path: &Path) -> Outcome {
    match path.try_exists() {
        Ok(false) => Ok(()),
        Ok(true) => Err(Failure::usage(KeyFileError::Exists(path.into()))),
        Err(e) => Err(Failure::usage(format!("{}: {e}", path.display()))),
    }
}

fn print(show: &Show) -> Outcome {
    let key = if keys::is_private(&show.file).map_err(failure)? {
        let file = KeyFile::of_process(&show.file, show.passphrase_file.clone());
        file.read().map_err(failure)?.public().clone()
    } else {
        keys::read_public(&show.file).map_err(failure)?
    };
    let shown = Shown::of(&key)?;
    if show.json {
        return shown.json();
    }
    shown.names()?;
    say!("{}", shown.spki.trim_end());
    Ok(())
}

/// A key file is configuration; that the machine gives no random bytes is not.
fn failure(error: KeyFileError) -> Failure {
    match error {
        KeyFileError::Random(_) => Failure::failed(error),
        _ => Failure::usage(error),
    }
}
