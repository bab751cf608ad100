//! The folders of tests/vectors as files: read strictly, written the same each time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chappe::notice::Id;
use chappe::trust::Usage;
use serde::{Deserialize, Serialize};

/// The text of `case.json` in one folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Case {
    Notice(NoticeCase),
    Trust(TrustCase),
}

/// A message that arrives somewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoticeCase {
    pub(crate) row: Vec<u8>,
    pub(crate) what: String,
    pub(crate) trust: Vec<String>,
    pub(crate) now: u64,
    pub(crate) source: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) me: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) subject: Option<String>,
    pub(crate) expect: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) reader: Option<String>,
}

/// Documents that are handed to a node one after the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrustCase {
    pub(crate) row: Vec<u8>,
    pub(crate) what: String,
    pub(crate) trust: Vec<String>,
    pub(crate) now: u64,
    pub(crate) steps: Vec<Step>,
    pub(crate) then: Then,
}

/// One document, how it comes, and what must become of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    pub(crate) file: String,
    #[serde(rename = "as")]
    pub(crate) how: How,
    pub(crate) expect: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum How {
    /// A root or bundle from somebody else.
    Offered,
    /// A root or bundle that lay on the node's own disk when it started.
    Kept,
    /// A list of good notices.
    List,
}

/// What must hold after the last step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Then {
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub(crate) bundles: BTreeMap<String, u64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub(crate) roots: BTreeMap<String, u64>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub(crate) keys: Vec<KeyCounts>,
}

/// Whether a key counts for a use at a time, and for which notice where that decides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyCounts {
    pub(crate) kid: String,
    #[serde(rename = "use")]
    pub(crate) usage: Usage,
    pub(crate) at: u64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) notice: Option<Id>,
    pub(crate) expect: String,
}

/// Every file of a folder by its path below it.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

pub(crate) struct Folder {
    pub(crate) name: String,
    pub(crate) files: Files,
}

pub(crate) fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

impl Folder {
    pub(crate) fn case(&self) -> Result<Case, String> {
        let json = self.files.get("case.json").ok_or("no case.json")?;
        serde_json::from_slice(json).map_err(|e| format!("case.json: {e}"))
    }

    /// The values of one header: a line each.
    pub(crate) fn header(&self, name: &str) -> Result<Vec<&str>, String> {
        let Some(bytes) = self.files.get(name) else { return Ok(Vec::new()) };
        let text = std::str::from_utf8(bytes).map_err(|e| format!("{name}: {e}"))?;
        let text =
            text.strip_suffix('\n').ok_or_else(|| format!("{name}: no newline at its end"))?;
        Ok(text.split('\n').collect())
    }
}

/// Every folder that is there, by name; those of documents alone have no `case.json`.
pub(crate) fn committed() -> BTreeMap<String, Folder> {
    let entries = std::fs::read_dir(vectors()).expect("tests/vectors");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let folder = |path: PathBuf| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let mut files = Files::new();
        read_into(&mut files, &path, "");
        (name.clone(), Folder { name, files })
    };
    paths.filter(|path| path.is_dir()).map(folder).collect()
}

fn read_into(files: &mut Files, folder: &Path, below: &str) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = format!("{below}{}", path.file_name().expect("a name").to_string_lossy());
        if path.is_dir() {
            read_into(files, &path, &format!("{name}/"));
        } else {
            files.insert(name, std::fs::read(&path).expect("a file"));
        }
    }
}

/// Replaces what is there: what is no longer made goes.
pub(crate) fn write(made: &BTreeMap<String, Folder>) {
    for name in committed().keys() {
        std::fs::remove_dir_all(vectors().join(name)).expect("removed");
    }
    for folder in made.values() {
        for (name, bytes) in &folder.files {
            let path = vectors().join(&folder.name).join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(path, bytes).expect("written");
        }
    }
}

pub(crate) fn json(value: &impl Serialize) -> Vec<u8> {
    let mut text = serde_json::to_string_pretty(value).expect("JSON");
    text.push('\n');
    text.into_bytes()
}
