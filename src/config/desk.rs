//! `chappe.toml`: as whom a person's commands connect, and what they trust.

use std::path::{Path, PathBuf};

use super::ConfigError;
use super::environment::{Environment, Variable};
use super::layers::{self, Format, Layers};
use super::link::Connection;
use super::relay;
use super::spans::{Schema, Shape};
use super::table::{Reader, Table, shown};
use super::values::{parsed, path, token};
use crate::notice::NodeId;

/// Which user of the node the commands are. Decides the intake that they publish to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeskUser {
    /// The people on duty.
    Desk,
    /// A publisher, by name.
    Publisher(String),
}

impl DeskUser {
    /// The name of its intake: `desk`, or the publisher's.
    #[must_use]
    pub fn intake(&self) -> &str {
        match self {
            Self::Desk => "desk",
            Self::Publisher(name) => name,
        }
    }
}

/// A desk's checked profile. Holds paths, never a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeskProfile {
    /// The node.
    pub node: NodeId,
    /// How its server is reached.
    pub connection: Connection,
    /// As which user.
    pub user: DeskUser,
    /// The key that signs statements; without one the commands only read and ask.
    pub issue_key: Option<PathBuf>,
    /// The pinned root.
    pub root: PathBuf,
    /// A folder of `*.json` roots and bundles.
    pub bundles: PathBuf,
}

pub(super) const VARIABLES: &[Variable] = &[
    ("CHAPPE_DESK_NODE", "node"),
    ("CHAPPE_DESK_URL", "url"),
    ("CHAPPE_DESK_SEED", "seed"),
    ("CHAPPE_DESK_INBOX", "inbox"),
    ("CHAPPE_DESK_CA", "ca"),
    ("CHAPPE_DESK_CERT", "cert"),
    ("CHAPPE_DESK_KEY", "key"),
    ("CHAPPE_DESK_USER", "user"),
    ("CHAPPE_DESK_ISSUE_KEY", "issue_key"),
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
        ("inbox", V),
        ("ca", V),
        ("cert", V),
        ("key", V),
        ("user", V),
        ("issue_key", V),
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
    /// Reads the file at `path`, layers `environment` over it and checks the whole.
    ///
    /// # Errors
    /// [`ConfigError`]: the file is not there, or everything that is wrong with it.
    pub fn load(path: &Path, environment: &Environment) -> Result<Self, ConfigError> {
        let text = layers::read(path)?;
        Self::parse(&text, path, environment)
    }

    /// As [`Self::load`], of a text; `path` is its name in messages, and its folder is what the
    /// paths in it are relative to.
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
        let connection = Connection::read(root, base);
        let user = root.need("user", user);
        let issue_key = root.text("issue_key", path).map(|path| base.join(path));
        let (pinned, bundles) = (root.need("root", path), root.need("bundles", path));
        Some(Self {
            node: node?,
            connection: connection?,
            user: user?,
            issue_key,
            root: base.join(pinned?),
            bundles: base.join(bundles?),
        })
    }
}

fn user(text: &str) -> Result<DeskUser, String> {
    match text.split_once(':') {
        None if text == "desk" => Ok(DeskUser::Desk),
        Some(("publisher", name)) => token(name).map(DeskUser::Publisher),
        _ => Err(format!("`{}` is neither desk nor publisher:NAME", shown(text))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROFILE: &str = r#"
node = "eu-fr"
url = "tls://nats.eu-fr.example:4222"
seed = "seeds/soc.nk"
inbox = "_INBOX_soc.x7"
user = "publisher:soc"
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
        assert_eq!(profile.connection.seed, Path::new("/home/a/seeds/soc.nk"));
        assert_eq!(profile.issue_key.as_deref(), Some(Path::new("/home/a/keys/issue.pem")));
        assert_eq!(profile.root, Path::new("/srv/trust/eu-fr.root.json"));
        assert_eq!(profile.user, DeskUser::Publisher("soc".into()));
        assert_eq!(profile.user.intake(), "soc");
    }

    #[test]
    fn a_variable_replaces_a_key() {
        let pairs = [("CHAPPE_DESK_USER", "desk"), ("CHAPPE_DESK_ISSUE_KEY", "other.pem")];
        let profile = read(PROFILE, &pairs).expect("a profile");
        assert_eq!(profile.user, DeskUser::Desk);
        assert_eq!(profile.issue_key.as_deref(), Some(Path::new("/home/a/other.pem")));
    }

    #[test]
    fn a_user_is_the_desk_or_a_publisher() {
        for user in ["root", "publisher:", "publisher:SOC", "desk:x", ""] {
            let text = PROFILE.replace("publisher:soc", user);
            let error = read(&text, &[]).expect_err("refused").to_string();
            assert!(error.starts_with("/home/a/chappe.toml:6: `user`: "), "{error}");
        }
    }

    #[test]
    fn a_mistake_in_a_variable_names_the_variable() {
        let error = read(PROFILE, &[("CHAPPE_DESK_URL", "x")]).expect_err("refused").to_string();
        assert!(error.starts_with("CHAPPE_DESK_URL: `url`: "), "{error}");
    }
}
