//! How a server is reached: the keys that `[server]`, `[[upstream]]` and a desk's profile share.

use std::path::{Path, PathBuf};

use super::table::Table;
use super::values::{inbox, path, server_url};

/// Where and as whom to connect. Holds paths, never a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// `nats://host:port` or `tls://host:port`.
    pub url: String,
    /// The user's nkey seed.
    pub seed: PathBuf,
    /// The user's private inbox prefix, where the server's configuration gives it another than its
    /// role's.
    pub inbox: Option<String>,
    /// Certificates.
    pub tls: Tls,
}

/// PEM files of a TLS connection; all `None` trusts the system's authorities.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// Authorities of the server's certificate.
    pub ca: Option<PathBuf>,
    /// The client's certificate and key: both or neither.
    pub client: Option<(PathBuf, PathBuf)>,
}

impl Connection {
    /// `base` is the folder of the file: paths are relative to it.
    pub(super) fn read(table: Table<'_, '_, '_>, base: &Path) -> Option<Self> {
        let url = table.need("url", server_url);
        let seed = table.need("seed", path);
        let tls = Tls::read(table, base);
        if !tls.is_plain() && url.as_ref().is_some_and(|url| url.starts_with("nats://")) {
            let text = "nats:// with TLS files: write tls://, which never falls back to plain text";
            table.wrong_at("url", text);
        }
        Some(Self { url: url?, seed: base.join(seed?), inbox: table.text("inbox", inbox), tls })
    }
}

impl Tls {
    fn read(table: Table<'_, '_, '_>, base: &Path) -> Self {
        let file = |key| table.text(key, path).map(|path| base.join(path));
        let client = match (file("cert"), file("key")) {
            (Some(cert), Some(key)) => Some((cert, key)),
            (None, None) => None,
            (Some(_), None) => {
                table.wrong_at("cert", "a certificate without its `key`");
                None
            }
            (None, Some(_)) => {
                table.wrong_at("key", "a key without its `cert`");
                None
            }
        };
        Self { ca: file("ca"), client }
    }

    /// Whether no file is named.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.ca.is_none() && self.client.is_none()
    }
}
