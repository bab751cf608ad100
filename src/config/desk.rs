//! The profile of a person or tool that works at a node: where its server is, as whom to connect,
//! which key signs, what to believe.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::relay::{ConfigError, read};
use super::schema::DESK;
use super::spans::Source;
use crate::notice::NodeId;

/// A desk profile, checked; paths are relative to the file that named them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeskProfile {
    /// The node.
    pub node: NodeId,
    /// Its server.
    pub url: String,
    /// The user's nkey seed.
    pub seed: PathBuf,
    /// `desk`, a publisher's name, or `sub-<name>` for a live subscriber.
    pub user: String,
    /// The issue key, for those who issue.
    #[serde(default)]
    pub issue_key: Option<PathBuf>,
    /// The pinned national root.
    pub root: PathBuf,
    /// Folder of bundles.
    pub bundles: PathBuf,
    /// Authorities of the server's certificate.
    #[serde(default)]
    pub ca: Option<PathBuf>,
    /// Client certificate.
    #[serde(default)]
    pub cert: Option<PathBuf>,
    /// Its key.
    #[serde(default)]
    pub key: Option<PathBuf>,
}

impl DeskProfile {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// [`ConfigError`]; every unknown key at once, each with its line.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = read(path)?;
        let name = path.display().to_string();
        let source = Source::new(&name, &text);
        let table = source.parse().map_err(ConfigError::Findings)?;
        let unknown = source.unknown_keys(table.get_ref(), &DESK);
        if !unknown.is_empty() {
            return Err(ConfigError::Findings(unknown));
        }
        let mut profile: Self = toml::from_str(&text)
            .map_err(|e| ConfigError::Value { path: path.into(), why: e.to_string() })?;
        let folder = path.parent().unwrap_or(Path::new("."));
        for file in [&mut profile.seed, &mut profile.root, &mut profile.bundles] {
            *file = folder.join(&*file);
        }
        let optional =
            [&mut profile.issue_key, &mut profile.ca, &mut profile.cert, &mut profile.key];
        for file in optional.into_iter().flatten() {
            *file = folder.join(&*file);
        }
        Ok(profile)
    }
}
