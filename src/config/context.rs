//! The contexts of the `nats` command line (its ADR-21), so that an operator who has one for a
//! server need not write it down again.
//!
//! Only nkeys are taken: a context with a password or credentials file says so in the error,
//! instead of connecting as somebody else than the operator meant.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::environment::Environment;
use super::values::{inbox, server_url};

/// A context is a page of settings.
const MAX_CONTEXT_BYTES: u64 = 64 * 1024;

/// A connection as the `nats` command has it. Holds paths, never a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NatsContext {
    /// `nats://host:port` or `tls://host:port`.
    pub url: String,
    /// The file of the user's nkey seed.
    pub seed: PathBuf,
    /// The user's private inbox prefix, if not the client's default.
    pub inbox: Option<String>,
    /// Authorities of the server's certificate; without it the system's are believed.
    pub ca: Option<PathBuf>,
    /// Client certificate; there if and only if `key` is.
    pub cert: Option<PathBuf>,
    /// Its key.
    pub key: Option<PathBuf>,
}

/// Why a context is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContextError {
    /// Neither `XDG_CONFIG_HOME` nor `HOME` is set.
    #[error("no folder for contexts: neither XDG_CONFIG_HOME nor HOME is set")]
    NoFolder,
    /// A name that leaves the folder.
    #[error("`{0}` is no context's name: letters, digits, `-`, `_`, `.`")]
    Name(String),
    /// The file cannot be read.
    #[error("{}: cannot read the context: {why}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// The system's words.
        why: String,
    },
    /// A field that Chappe does not follow.
    #[error(
        "{}: `{field}` is set, which Chappe does not follow; expected a context made with \
         `nats context save NAME --server URL --nkey FILE`",
        path.display()
    )]
    Unsupported {
        /// Which.
        path: PathBuf,
        /// The field.
        field: &'static str,
    },
    /// A field is missing or of the wrong form.
    #[error("{}: `{field}`: {why}", path.display())]
    Field {
        /// Which.
        path: PathBuf,
        /// The field.
        field: &'static str,
        /// What was found and what was expected.
        why: String,
    },
}

/// The fields that matter; the format is not ours and grows, so others are passed over.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Raw {
    url: String,
    nkey: String,
    ca: String,
    cert: String,
    key: String,
    inbox_prefix: String,
    user: String,
    password: String,
    token: String,
    creds: String,
    nsc: String,
    user_jwt: String,
    jetstream_domain: String,
    jetstream_api_prefix: String,
    socks_proxy: String,
    tls_first: bool,
}

/// The connection of the context called `name`.
///
/// # Errors
/// [`ContextError`].
pub fn context(name: &str, environment: &Environment) -> Result<NatsContext, ContextError> {
    let path = folder(environment)?.join("context").join(format!("{}.json", checked(name)?));
    let text = read(&path)?;
    let raw: Raw = serde_json::from_str(&text)
        .map_err(|e| ContextError::Read { path: path.clone(), why: e.to_string() })?;
    raw.connection(&path, environment)
}

/// The name of the context that `nats context select` chose; `None` if none is.
///
/// # Errors
/// [`ContextError::Read`].
pub fn selected_context(environment: &Environment) -> Result<Option<String>, ContextError> {
    let path = folder(environment)?.join("context.txt");
    if !path.exists() {
        return Ok(None);
    }
    let name = read(&path)?.trim().to_owned();
    Ok(Some(name).filter(|name| !name.is_empty()))
}

fn folder(environment: &Environment) -> Result<PathBuf, ContextError> {
    let home = environment.config_home().ok_or(ContextError::NoFolder)?;
    Ok(home.join("nats"))
}

fn checked(name: &str) -> Result<&str, ContextError> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if !name.is_empty() && !name.contains("..") && name.bytes().all(allowed) {
        return Ok(name);
    }
    Err(ContextError::Name(super::table::shown(name)))
}

fn read(path: &Path) -> Result<String, ContextError> {
    let failed = |why: String| ContextError::Read { path: path.into(), why };
    let metadata = std::fs::metadata(path).map_err(|e| failed(e.to_string()))?;
    if metadata.len() > MAX_CONTEXT_BYTES {
        return Err(failed(format!("more than {MAX_CONTEXT_BYTES} bytes")));
    }
    std::fs::read_to_string(path).map_err(|e| failed(e.to_string()))
}

impl Raw {
    fn connection(self, path: &Path, env: &Environment) -> Result<NatsContext, ContextError> {
        if let Some(field) = self.unsupported() {
            return Err(ContextError::Unsupported { path: path.into(), field });
        }
        let wrong = |field, why| ContextError::Field { path: path.into(), field, why };
        let url = server_url(&self.url).map_err(|why| wrong("url", why))?;
        let seed = file(&self.nkey, env);
        let seed = seed.ok_or_else(|| wrong("nkey", "not set; expected a seed file".into()))?;
        let inbox = match self.inbox_prefix.as_str() {
            "" => None,
            prefix => Some(inbox(prefix).map_err(|why| wrong("inbox_prefix", why))?),
        };
        let [ca, cert, key] = [&self.ca, &self.cert, &self.key].map(|text| file(text, env));
        if cert.is_some() != key.is_some() {
            return Err(wrong("cert", "expected `cert` and `key`, or neither".into()));
        }
        Ok(NatsContext { url, seed, inbox, ca, cert, key })
    }

    fn unsupported(&self) -> Option<&'static str> {
        let texts = [
            ("user", &self.user),
            ("password", &self.password),
            ("token", &self.token),
            ("creds", &self.creds),
            ("nsc", &self.nsc),
            ("user_jwt", &self.user_jwt),
            ("jetstream_domain", &self.jetstream_domain),
            ("jetstream_api_prefix", &self.jetstream_api_prefix),
            ("socks_proxy", &self.socks_proxy),
        ];
        let text = texts.into_iter().find(|(_, value)| !value.is_empty()).map(|(field, _)| field);
        text.or(self.tls_first.then_some("tls_first"))
    }
}

/// A path as the `nats` command reads it: `~/` is the home.
fn file(text: &str, environment: &Environment) -> Option<PathBuf> {
    if text.is_empty() {
        return None;
    }
    match (text.strip_prefix("~/"), environment.home()) {
        (Some(rest), Some(home)) => Some(home.join(rest)),
        _ => Some(PathBuf::from(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_back(json: &str) -> Result<NatsContext, ContextError> {
        let home = tempfile::tempdir().expect("a folder");
        let folder = home.path().join("nats/context");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join("fr.json"), json).expect("written");
        context("fr", &environment(home.path()))
    }

    fn environment(config: &Path) -> Environment {
        Environment::from_pairs([
            ("XDG_CONFIG_HOME".into(), config.into()),
            ("HOME".into(), "/home/a".into()),
        ])
    }

    #[test]
    fn a_context_with_an_nkey_is_a_connection() {
        let json = r#"{"description":"x","url":"tls://n.example:4222","nkey":"~/soc.nk",
            "ca":"/etc/ca.pem","inbox_prefix":"_INBOX_soc","color_scheme":"","user":""}"#;
        let connection = read_back(json).expect("a connection");
        assert_eq!(connection.url, "tls://n.example:4222");
        assert_eq!(connection.seed, Path::new("/home/a/soc.nk"));
        assert_eq!(connection.inbox.as_deref(), Some("_INBOX_soc"));
        assert_eq!(connection.ca.as_deref(), Some(Path::new("/etc/ca.pem")));
    }

    #[test]
    fn what_would_connect_as_somebody_else_is_refused_by_name() {
        for field in ["creds", "password", "token", "nsc", "jetstream_domain"] {
            let json = format!(r#"{{"url":"nats://x:4222","nkey":"a","{field}":"hunter2"}}"#);
            let error = read_back(&json).expect_err("refused").to_string();
            assert!(error.contains(&format!("`{field}` is set")), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_context_without_an_nkey_or_with_a_name_that_leaves_its_folder_is_refused() {
        let error = read_back(r#"{"url":"nats://x:4222"}"#).expect_err("refused");
        assert!(matches!(error, ContextError::Field { field: "nkey", .. }), "{error}");
        for name in ["", "../x", "a/b", ".."] {
            let error = context(name, &environment(Path::new("/nowhere")));
            assert!(matches!(error, Err(ContextError::Name(_))), "{name}");
        }
    }

    #[test]
    fn the_selected_context_is_read_and_none_is_none() {
        let home = tempfile::tempdir().expect("a folder");
        assert_eq!(selected_context(&environment(home.path())), Ok(None));
        std::fs::create_dir_all(home.path().join("nats")).expect("a folder");
        std::fs::write(home.path().join("nats/context.txt"), "fr\n").expect("written");
        assert_eq!(selected_context(&environment(home.path())), Ok(Some("fr".into())));
    }
}
