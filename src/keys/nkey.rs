//! NATS nkeys: what a user connects with. They sign the server's nonce and nothing else.

use std::path::Path;

use nkeys::{KeyPair, KeyPairType};
use zeroize::Zeroizing;

use super::file::{read_secret, write_new};
use super::{KeyFileError, Secret, random_seed};

const EXPECTED: &str = "a user's nkey seed: one line that begins with SU";

/// A user's seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserSeed {
    seed: Secret,
    public: String,
}

impl UserSeed {
    /// Reads a seed file, as `nk -gen user` writes it.
    ///
    /// # Errors
    /// What [`read_secret`] refuses, or [`KeyFileError::Form`] if it is not a user's seed.
    pub fn load(path: &Path) -> Result<Self, KeyFileError> {
        let text = read_secret(path)?;
        Self::parse(text.trim()).map_err(|found| KeyFileError::form(path, found, EXPECTED))
    }

    fn parse(text: &str) -> Result<Self, String> {
        // The crate's own words may repeat the text: they are not passed on.
        let pair = KeyPair::from_seed(text).map_err(|_| "no nkey seed".to_owned())?;
        if pair.key_pair_type() != KeyPairType::User {
            return Err("the seed of another kind of nkey".to_owned());
        }
        let seed = Secret::new(Zeroizing::new(text.to_owned()));
        Ok(Self { seed, public: pair.public_key() })
    }

    /// A new seed of the system's randomness, on no disk yet.
    ///
    /// # Errors
    /// [`KeyFileError::Random`].
    pub fn random() -> Result<Self, KeyFileError> {
        let bytes = random_seed()?;
        let failed = |e: nkeys::error::Error| KeyFileError::Random(e.to_string());
        let pair = KeyPair::new_from_raw(KeyPairType::User, *bytes).map_err(failed)?;
        let seed = Secret::new(Zeroizing::new(pair.seed().map_err(failed)?));
        Ok(Self { seed, public: pair.public_key() })
    }

    /// A new seed in a new file.
    ///
    /// # Errors
    /// [`KeyFileError::Random`], [`KeyFileError::Exists`], [`KeyFileError::Write`].
    pub fn generate(path: &Path) -> Result<Self, KeyFileError> {
        let user = Self::random()?;
        write_new(path, &Zeroizing::new(format!("{}\n", user.seed.expose())))?;
        Ok(user)
    }

    /// The seed, for the connection alone.
    #[must_use]
    pub fn seed(&self) -> &Secret {
        &self.seed
    }

    /// The public key, `U...`, for the server's configuration.
    #[must_use]
    pub fn public(&self) -> &str {
        &self.public
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_seed_is_read_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("relay.nk");
        let user = UserSeed::generate(&path).expect("generated");
        assert_eq!(UserSeed::load(&path), Ok(user.clone()));
        assert!(user.seed().expose().starts_with("SU"));
        assert!(user.public().starts_with('U'));
        assert_eq!(user.public().len(), 56);
    }

    #[test]
    fn other_kinds_of_nkey_and_broken_seeds_are_refused_without_showing_them() {
        let folder = tempfile::tempdir().expect("a folder");
        let account = KeyPair::new_from_raw(KeyPairType::Account, [7; 32]).expect("a pair");
        let user = UserSeed::random().expect("random");
        let mut broken = user.seed().expose().to_owned();
        broken.replace_range(20..21, if broken.get(20..21) == Some("A") { "B" } else { "A" });
        let texts =
            [account.seed().expect("a seed"), user.public().to_owned(), broken, "x".to_owned()];
        for (at, text) in texts.iter().enumerate() {
            let path = folder.path().join(at.to_string());
            write_new(&path, text).expect("written");
            let error = UserSeed::load(&path).expect_err("refused");
            assert!(matches!(error, KeyFileError::Form { .. }), "{error}");
            assert!(text == "x" || !error.to_string().contains(text), "{error}");
        }
    }

    #[test]
    fn debug_shows_the_public_key_alone() {
        let user = UserSeed::random().expect("random");
        let shown = format!("{user:?}");
        assert!(shown.contains(user.public()) && !shown.contains(user.seed().expose()));
    }
}
