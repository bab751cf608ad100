//! Where to connect and as whom.

use std::fmt;
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::error::BusError;

/// An nkey seed. It only connects; it signs no notice. Never shown, wiped when dropped.
#[derive(Clone)]
pub struct Seed(Zeroizing<String>);

impl Seed {
    /// Takes a seed's text, surrounding white space aside.
    ///
    /// # Errors
    /// [`BusError::Seed`] if it is not an nkey user's seed; `whence` (a file) is named.
    pub fn parse(text: &str, whence: &str) -> Result<Self, BusError> {
        let seed = Zeroizing::new(text.trim().to_owned());
        let is_user = seed.starts_with("SU") && nkeys::KeyPair::from_seed(&seed).is_ok();
        if is_user { Ok(Self(seed)) } else { Err(BusError::Seed(whence.to_owned())) }
    }

    /// The public key that a server's configuration names.
    ///
    /// # Errors
    /// [`BusError::Seed`], which [`Seed::parse`] has ruled out.
    pub fn public_key(&self) -> Result<String, BusError> {
        nkeys::KeyPair::from_seed(&self.0)
            .map(|pair| pair.public_key())
            .map_err(|_| BusError::Seed("a checked seed".to_owned()))
    }

    pub(super) fn reveal(&self) -> String {
        self.0.as_str().to_owned()
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(..)")
    }
}

/// TLS settings. With these, a connection without TLS is refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// PEM file of the certificate authority; the machine's own list if none.
    pub ca: Option<PathBuf>,
    /// PEM files of the client's certificate and key, if the server wants them.
    pub client: Option<(PathBuf, PathBuf)>,
}

/// Where to connect and as whom.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// `nats://host:port`; several servers of one cluster separated by commas.
    pub url: String,
    /// The user's nkey seed.
    pub seed: Seed,
    /// The user's private inbox prefix, without the trailing dot.
    pub inbox: String,
    /// What the server's monitoring and our log call this connection.
    pub name: String,
    /// TLS, if the link has it.
    pub tls: Option<Tls>,
}

#[cfg(test)]
mod tests {
    use super::Seed;

    #[test]
    fn a_seed_is_never_shown() {
        let text = nkeys::KeyPair::new_user().seed().unwrap();
        let seed = Seed::parse(&format!("{text}\n"), "test").unwrap();
        assert_eq!(format!("{seed:?}"), "Seed(..)");
        assert!(seed.public_key().unwrap().starts_with('U'));
    }

    #[test]
    fn an_account_seed_does_not_connect_anyone() {
        let text = nkeys::KeyPair::new_account().seed().unwrap();
        assert!(Seed::parse(&text, "relay.nk").unwrap_err().to_string().contains("relay.nk"));
    }
}
