//! Which advisory came from which case: known to the people of this node, and to nobody else.
//!
//! It never goes onto the wire, not even to the node's own relay: who reads that an advisory came
//! from a case knows that its readers have a victim among them. A file beside the spool, as private
//! as that; one line for each advisory, only ever added to.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::notice::{Id, Time};

const NAME: &str = "from-cases.jsonl";
/// More than a node publishes from cases in its life.
const MAX_BYTES: u64 = 8 * 1024 * 1024;

/// Why the relation cannot be kept or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {why}", path.display())]
pub struct RelationsError {
    /// The file.
    pub path: PathBuf,
    /// What happened.
    pub why: String,
}

/// An advisory that came from a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relation {
    /// Every notice of the case that was held then: a key may change as older ones come.
    pub case: Vec<Id>,
    /// The advisory.
    pub advisory: Id,
    /// Its reference.
    #[serde(rename = "ref")]
    pub reference: String,
    /// When it was published; milliseconds.
    pub at: Time,
}

/// The relations of one user of one node.
#[derive(Clone, Debug)]
pub struct Relations {
    path: PathBuf,
}

impl Relations {
    /// Those beside a spool.
    #[must_use]
    pub fn beside(spool: &Path) -> Self {
        Self { path: spool.join(NAME) }
    }

    /// Adds one; when this returns it survives a power cut.
    ///
    /// # Errors
    /// [`RelationsError`].
    pub fn add(&self, relation: &Relation) -> Result<(), RelationsError> {
        let write = || -> std::io::Result<()> {
            if let Some(folder) = self.path.parent() {
                DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            }
            let mut options = OpenOptions::new();
            let mut file = options.append(true).create(true).mode(0o600).open(&self.path)?;
            let mut line = serde_json::to_vec(relation)?;
            line.push(b'\n');
            file.write_all(&line)?;
            file.sync_all()
        };
        write().map_err(|error| self.failed(&error))
    }

    /// Every one, the oldest first. A line that a crash left half is passed over.
    ///
    /// # Errors
    /// [`RelationsError`].
    pub fn all(&self) -> Result<Vec<Relation>, RelationsError> {
        let file = match File::open(&self.path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            opened => opened.map_err(|error| self.failed(&error))?,
        };
        let mut text = String::new();
        file.take(MAX_BYTES).read_to_string(&mut text).map_err(|error| self.failed(&error))?;
        Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
    }

    fn failed(&self, error: &std::io::Error) -> RelationsError {
        RelationsError { path: self.path.clone(), why: error.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_was_added_is_read_back_and_nobody_else_may_read_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let spool = folder.path().join("deep/spool");
        let relations = Relations::beside(&spool);
        assert_eq!(relations.all(), Ok(Vec::new()));
        let relation = Relation {
            case: vec![Id::of(b"a"), Id::of(b"b")],
            advisory: Id::of(b"c"),
            reference: "X-1".into(),
            at: Time::from_secs(1),
        };
        relations.add(&relation).expect("kept");
        let path = spool.join(NAME);
        let mode = std::fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let mut file = OpenOptions::new().append(true).open(&path).expect("there");
        file.write_all(b"{\"case\": [").expect("written");
        assert_eq!(relations.all(), Ok(vec![relation]));
    }
}
