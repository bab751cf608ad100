//! One file and the environment over it: layered values, and where each was written.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use config::{FileFormat, Source as _, Value};
use toml::de::DeTable;

use super::environment::{Environment, Variable};
use super::spans::{Schema, Source};
use super::{ConfigError, Mistake};

/// The largest configuration file that is read; one with a hundred rules has 20 kB.
pub const MAX_CONFIG_BYTES: u64 = 1 << 20;

/// What a kind of file may hold, and which variables stand over it.
pub(super) struct Format {
    /// Its keys.
    pub(super) schema: &'static Schema,
    /// What its variables begin with, without the last `_`.
    pub(super) prefix: &'static str,
    /// What stands between the parts of a key in a variable's name, if keys have parts.
    pub(super) separator: Option<&'static str>,
    /// Its variables.
    pub(super) variables: &'static [Variable],
    /// Variables of other kinds of file.
    pub(super) elsewhere: &'static [&'static [Variable]],
}

/// Values, each with its place, and what was wrong before any value was looked at.
pub(super) struct Layers<'t> {
    pub(super) source: Source<'t>,
    pub(super) written: DeTable<'t>,
    pub(super) values: HashMap<String, Value>,
    /// Key to the variable that gave its value.
    pub(super) variables: BTreeMap<&'static str, &'static str>,
    pub(super) mistakes: Vec<Mistake>,
}

/// The text of a configuration file. A file that is not there is an error, never a default: a
/// typo in a path must not start a relay that knows nobody.
pub(super) fn read(path: &Path) -> Result<String, ConfigError> {
    let failed = |why: String| ConfigError::Read { path: path.into(), why };
    let metadata = std::fs::metadata(path).map_err(|e| failed(e.to_string()))?;
    if !metadata.is_file() || metadata.len() > MAX_CONFIG_BYTES {
        return Err(failed(format!("not a regular file of at most {MAX_CONFIG_BYTES} bytes")));
    }
    std::fs::read_to_string(path).map_err(|e| failed(e.to_string()))
}

impl<'t> Layers<'t> {
    /// Layers `environment` over `text`; `file` is its name in messages.
    pub(super) fn new(
        file: &'t str,
        text: &'t str,
        format: &Format,
        environment: &Environment,
    ) -> Result<Self, ConfigError> {
        let source = Source::new(file, text);
        let all =
            |found: Vec<_>| ConfigError::Mistakes(found.into_iter().map(Mistake::File).collect());
        let written = source.parse().map_err(all)?.into_inner();
        let unknown = source.unknown_keys(&written, format.schema);
        let mut mistakes: Vec<Mistake> = unknown.into_iter().map(Mistake::File).collect();
        let set = environment.read(format.variables, format.elsewhere, &mut mistakes);
        let values = layered(text, format, &set).map_err(|e| {
            ConfigError::Mistakes(vec![Mistake::File(source.finding(0, e.to_string()))])
        })?;
        let variables = set.iter().map(|((name, key), _)| (*key, *name)).collect();
        Ok(Self { source, written, values, variables, mistakes })
    }
}

fn layered(
    text: &str,
    format: &Format,
    set: &[(Variable, String)],
) -> Result<HashMap<String, Value>, config::ConfigError> {
    let set = set.iter().map(|((name, _), value)| ((*name).to_owned(), value.clone())).collect();
    let mut over = config::Environment::with_prefix(format.prefix).prefix_separator("_");
    if let Some(separator) = format.separator {
        over = over.separator(separator);
    }
    let built = config::Config::builder()
        .add_source(config::File::from_str(text, FileFormat::Toml))
        .add_source(over.source(Some(set)))
        .build()?;
    built.collect()
}
