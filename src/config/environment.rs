//! The process environment as far as Chappe reads it.
//!
//! Every variable has its line in a table. A name with our prefix that stands in no table is a
//! mistake, as an unknown key of a file is: `CHAPPE_SERVR_URL` must not silently leave the relay on
//! another server.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use super::Mistake;
use super::spans::closest;

/// What every variable of ours begins with.
pub const PREFIX: &str = "CHAPPE_";
/// Variables that are not configuration: the log's filter, what the command line reads, where the
/// demonstration finds its nats-server, and what the tests are told.
pub const OTHER_VARIABLES: &[&str] = &[
    "CHAPPE_LOG",
    "CHAPPE_PROFILE",
    "CHAPPE_CONTEXT",
    "CHAPPE_NATS_SERVER",
    "CHAPPE_NATS_HASHES",
    "CHAPPE_UPDATE_EXAMPLES",
];

/// A variable and the key of the file that it replaces.
pub(super) type Variable = (&'static str, &'static str);

/// The variables of a process; in tests, of none.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    ours: BTreeMap<String, Option<String>>,
    home: Option<PathBuf>,
    config_home: Option<PathBuf>,
    state_home: Option<PathBuf>,
}

impl Environment {
    /// That of this process.
    #[must_use]
    pub fn of_process() -> Self {
        Self::from_pairs(std::env::vars_os())
    }

    /// From names and values.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut environment = Self::default();
        for (name, value) in pairs {
            match name.to_str() {
                Some("HOME") => environment.home = folder(value),
                Some("XDG_CONFIG_HOME") => environment.config_home = folder(value),
                Some("XDG_STATE_HOME") => environment.state_home = folder(value),
                Some(ours) if ours.starts_with(PREFIX) => {
                    environment.ours.insert(ours.to_owned(), value.into_string().ok());
                }
                _ => {}
            }
        }
        environment
    }

    /// The user's home.
    #[must_use]
    pub fn home(&self) -> Option<&PathBuf> {
        self.home.as_ref()
    }

    /// Where programs keep their settings: `XDG_CONFIG_HOME`, else `~/.config`.
    #[must_use]
    pub fn config_home(&self) -> Option<PathBuf> {
        self.config_home.clone().or_else(|| Some(self.home.as_ref()?.join(".config")))
    }

    /// Where programs keep what outlives them: `XDG_STATE_HOME`, else `~/.local/state`.
    #[must_use]
    pub fn state_home(&self) -> Option<PathBuf> {
        self.state_home.clone().or_else(|| Some(self.home.as_ref()?.join(".local/state")))
    }

    /// The variables that stand in `table`. Those of another table are left to it.
    pub(super) fn read(
        &self,
        table: &'static [Variable],
        elsewhere: &[&[Variable]],
        mistakes: &mut Vec<Mistake>,
    ) -> Vec<(Variable, String)> {
        let mut found = Vec::new();
        for (name, value) in &self.ours {
            let known = table.iter().find(|(variable, _)| variable == name);
            match (known, value) {
                (Some(variable), Some(value)) => found.push((*variable, value.clone())),
                (Some(_), None) => mistakes.push(Mistake::variable(name, "not UTF-8")),
                (None, _) if is_elsewhere(name, elsewhere) => {}
                (None, _) => mistakes.push(unknown(name, table)),
            }
        }
        found
    }
}

fn folder(value: OsString) -> Option<PathBuf> {
    // The XDG rule: what is empty or relative counts as not set.
    Some(PathBuf::from(value)).filter(|path| path.is_absolute())
}

fn is_elsewhere(name: &str, elsewhere: &[&[Variable]]) -> bool {
    OTHER_VARIABLES.contains(&name)
        || elsewhere.iter().any(|table| table.iter().any(|(variable, _)| *variable == name))
}

fn unknown(name: &str, table: &[Variable]) -> Mistake {
    let names: Vec<&str> = table.iter().map(|(variable, _)| *variable).collect();
    let meant = closest(name, &names).map(|meant| format!(": did you mean {meant}?"));
    let text = format!("unknown variable{}", meant.unwrap_or_default());
    Mistake::variable(name, &text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[Variable] = &[("CHAPPE_SERVER_URL", "server.url")];
    const OTHER: &[Variable] = &[("CHAPPE_DESK_URL", "url")];

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        Environment::from_pairs(pairs.iter().map(|(name, value)| (name.into(), value.into())))
    }

    #[test]
    fn an_unknown_variable_with_our_prefix_is_a_mistake() {
        let mut mistakes = Vec::new();
        environment(&[("CHAPPE_SERVR_URL", "x"), ("PATH", "x")]).read(
            TABLE,
            &[OTHER],
            &mut mistakes,
        );
        let texts: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["CHAPPE_SERVR_URL: unknown variable: did you mean CHAPPE_SERVER_URL?"]);
    }

    #[test]
    fn variables_of_others_are_left_to_them() {
        let mut mistakes = Vec::new();
        let pairs = [("CHAPPE_LOG", "debug"), ("CHAPPE_DESK_URL", "x"), ("CHAPPE_SERVER_URL", "y")];
        let read = environment(&pairs).read(TABLE, &[OTHER], &mut mistakes);
        assert_eq!(read, [(("CHAPPE_SERVER_URL", "server.url"), "y".to_owned())]);
        assert_eq!(mistakes, []);
    }

    #[test]
    fn settings_live_under_xdg_or_home() {
        let both = environment(&[("HOME", "/home/a"), ("XDG_CONFIG_HOME", "/etc/b")]);
        assert_eq!(both.config_home(), Some("/etc/b".into()));
        let relative = environment(&[("HOME", "/home/a"), ("XDG_CONFIG_HOME", "b")]);
        assert_eq!(relative.config_home(), Some("/home/a/.config".into()));
        assert_eq!(environment(&[]).config_home(), None);
    }
}
