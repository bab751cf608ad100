//! `chappe.toml`: as whom a person's commands connect, and what they trust.

use std::path::{Path, PathBuf};

use super::ConfigError;
use super::environment::{Environment, Variable};
use super::layers::{self, Format, Layers};
use super::relay;
use super::server::Reach;
use super::spans::{Schema, Shape};
use super::table::{Reader, Table};
use super::values::{parsed, path, token};
use crate::notice::NodeId;

/// What a subscriber's users begin with: live, and for what it missed.
const SUBSCRIBER: [&str; 2] = ["sub-", "replay-"];

/// A desk's checked profile. Holds paths, never a secret; paths in the file are relative to its
/// folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeskProfile {
    /// The node.
    pub node: NodeId,
    /// Its server: `nats://host:port` or `tls://host:port`.
    pub url: String,
    /// The file of the user's nkey seed.
    pub seed: PathBuf,
    /// `desk`, a publisher's name, or a subscriber's `sub-<name>` (live) or `replay-<name>`.
    pub user: String,
    /// The key that signs statements; without one the commands only read and ask.
    pub issue_key: Option<PathBuf>,
    /// The file of its passphrase; without one an encrypted key's is asked for.
    pub passphrase: Option<PathBuf>,
    /// The folder of the origin's own copies; without one, under the user's state folder.
    pub spool: Option<PathBuf>,
    /// The pinned national root.
    pub root: PathBuf,
    /// A folder of `*.json` roots and bundles.
    pub bundles: PathBuf,
    /// Authorities of the server's certificate; without it the system's are believed.
    pub ca: Option<PathBuf>,
    /// Client certificate; there if and only if `key` is.
    pub cert: Option<PathBuf>,
    /// Its key.
    pub key: Option<PathBuf>,
}

pub(super) const VARIABLES: &[Variable] = &[
    ("CHAPPE_DESK_NODE", "node"),
    ("CHAPPE_DESK_URL", "url"),
    ("CHAPPE_DESK_SEED", "seed"),
    ("CHAPPE_DESK_CA", "ca"),
    ("CHAPPE_DESK_CERT", "cert"),
    ("CHAPPE_DESK_KEY", "key"),
    ("CHAPPE_DESK_USER", "user"),
    ("CHAPPE_DESK_ISSUE_KEY", "issue_key"),
    ("CHAPPE_DESK_PASSPHRASE", "passphrase"),
    ("CHAPPE_DESK_SPOOL", "spool"),
    ("CHAPPE_DESK_ROOT", "root"),
    ("CHAPPE_DESK_BUNDLES", "bundles"),
];

const V: Shape = Shape::Value;
const FILE: Schema = Schema {
    title: "the file",
    keys: &[
        ("node", V),
        ("url", V),
        ("seed", V),
        ("ca", V),
        ("cert", V),
        ("key", V),
        ("user", V),
        ("issue_key", V),
        ("passphrase", V),
        ("spool", V),
        ("root", V),
        ("bundles", V),
    ],
    other: None,
};
const FORMAT: Format = Format {
    schema: &FILE,
    prefix: "CHAPPE_DESK",
    separator: None,
    variables: VARIABLES,
    elsewhere: &[relay::VARIABLES],
};

impl DeskProfile {
    /// Reads the file at `path`, layers this process' environment over it and checks the whole.
    ///
    /// # Errors
    /// [`ConfigError`]: the file is not there, or everything that is wrong with it.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        Self::parse(&layers::read(path)?, path, &Environment::of_process())
    }

    /// As [`Self::load`], of a text and a given environment; `path` is the text's name in messages,
    /// and its folder is what the paths in it are relative to.
    ///
    /// # Errors
    /// [`ConfigError::Mistakes`].
    pub fn parse(text: &str, path: &Path, environment: &Environment) -> Result<Self, ConfigError> {
        let name = path.display().to_string();
        let layers = Layers::new(&name, text, &FORMAT, environment)?;
        let reader = Reader::new(&layers);
        let profile = Self::read(reader.root(), path.parent().unwrap_or(Path::new("")));
        reader.finish(profile)
    }

    fn read(root: Table<'_, '_, '_>, base: &Path) -> Option<Self> {
        let node = root.need("node", parsed);
        let reach = Reach::read(root, base);
        let user = root.need("user", user);
        let file = |key| root.text(key, path).map(|path| base.join(path));
        let (issue_key, passphrase) = (file("issue_key"), file("passphrase"));
        let spool = file("spool");
        if passphrase.is_some() && issue_key.is_none() {
            root.wrong_at("passphrase", "a passphrase without its `issue_key`");
        }
        let (pinned, bundles) = (root.need("root", path), root.need("bundles", path));
        let Reach { url, seed, ca, cert, key } = reach?;
        Some(Self {
            node: node?,
            url,
            seed,
            user: user?,
            issue_key,
            passphrase,
            spool,
            root: base.join(pinned?),
            bundles: base.join(bundles?),
            ca,
            cert,
            key,
        })
    }
}

/// `desk` is a name too.
fn user(text: &str) -> Result<String, String> {
    let name = SUBSCRIBER.iter().find_map(|prefix| text.strip_prefix(prefix));
    token(name.unwrap_or(text)).map(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROFILE: &str = r#"
node = "eu-fr"
url = "tls://nats.eu-fr.example:4222"
seed = "seeds/soc.nk"
user = "soc"
issue_key = "keys/issue.pem"
root = "/srv/trust/eu-fr.root.json"
bundles = "trust"
"#;

    fn read(text: &str, pairs: &[(&str, &str)]) -> Result<DeskProfile, ConfigError> {
        let pairs = pairs.iter().map(|(name, value)| (name.into(), value.into()));
        let environment = Environment::from_pairs(pairs);
        DeskProfile::parse(text, Path::new("/home/a/chappe.toml"), &environment)
    }

    #[test]
    fn paths_are_relative_to_the_file() {
        let profile = read(PROFILE, &[]).expect("a profile");
        assert_eq!(profile.seed, Path::new("/home/a/seeds/soc.nk"));
        assert_eq!(profile.issue_key.as_deref(), Some(Path::new("/home/a/keys/issue.pem")));
        assert_eq!(profile.root, Path::new("/srv/trust/eu-fr.root.json"));
        assert_eq!(profile.user, "soc");
    }

    #[test]
    fn a_variable_replaces_a_key() {
        let pairs = [("CHAPPE_DESK_USER", "desk"), ("CHAPPE_DESK_ISSUE_KEY", "other.pem")];
        let profile = read(PROFILE, &pairs).expect("a profile");
        assert_eq!(profile.user, "desk");
        assert_eq!(profile.issue_key.as_deref(), Some(Path::new("/home/a/other.pem")));
    }

    #[test]
    fn a_passphrase_is_a_file_and_belongs_to_a_key() {
        let pairs = [("CHAPPE_DESK_PASSPHRASE", "issue.pass")];
        let profile = read(PROFILE, &pairs).expect("a profile");
        assert_eq!(profile.passphrase.as_deref(), Some(Path::new("/home/a/issue.pass")));
        let text = PROFILE.replace("issue_key = \"keys/issue.pem\"", "passphrase = \"x\"");
        let error = read(&text, &[]).expect_err("refused").to_string();
        assert!(error.contains("6: `passphrase`: a passphrase without"), "{error}");
    }

    #[test]
    fn a_user_is_the_desk_a_publisher_or_a_subscriber() {
        let long = "x".repeat(24);
        for user in ["desk", "soc", "sub-board", "replay-board", &format!("replay-{long}")] {
            let read = read(&PROFILE.replace("\"soc\"", &format!("\"{user}\"")), &[]);
            assert_eq!(read.map(|profile| profile.user), Ok(user.to_owned()));
        }
        for user in ["", "SOC", "sub-", "replay-", "a.b", "desk:x"] {
            let text = PROFILE.replace("\"soc\"", &format!("\"{user}\""));
            let error = read(&text, &[]).expect_err("refused").to_string();
            assert!(error.starts_with("/home/a/chappe.toml:5: `user`: "), "{error}");
        }
    }

    #[test]
    fn a_mistake_in_a_variable_names_the_variable() {
        let error = read(PROFILE, &[("CHAPPE_DESK_URL", "x")]).expect_err("refused").to_string();
        assert!(error.starts_with("CHAPPE_DESK_URL: `url`: "), "{error}");
    }
}
