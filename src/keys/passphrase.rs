//! Where a passphrase comes from: a file, systemd, or a person. Never a variable's value or an
//! argument, which every process of the same user can read.

use std::io::{ErrorKind, IsTerminal as _};
use std::path::{Path, PathBuf};

use super::error::KeyFileError;
use super::private::{Rule, read_by};
use super::secret::Secret;
use super::terminal;

/// The name of systemd's credential: `LoadCredential=chappe-passphrase:FILE`.
pub const CREDENTIAL: &str = "chappe-passphrase";
/// systemd's variable: the folder of the credentials that it hands over (systemd.exec(5)).
const CREDENTIALS_DIRECTORY: &str = "CREDENTIALS_DIRECTORY";

/// The fewest characters of a passphrase for a new key; one of openssl's may be shorter. Who has
/// the file can try without end, and what a person makes up is worth two or three bits a character.
pub const MIN_PASSPHRASE_CHARS: usize = 12;
/// The most bytes: openssl takes no more.
pub const MAX_PASSPHRASE_BYTES: usize = 1023;

const ONE_LINE: &str = "a passphrase: one line of 1 to 1023 bytes";
const LONGER: &str = "a passphrase of at least 12 characters for a new key";

/// Where to look for a passphrase. Holds paths, never the passphrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passphrase {
    file: Option<PathBuf>,
    credentials: Option<PathBuf>,
    terminal: bool,
}

impl Passphrase {
    /// The file that the configuration names; else systemd's credential of this process, if it has
    /// one; else whoever sits at its terminal, if it has one.
    #[must_use]
    pub fn of_process(file: Option<PathBuf>) -> Self {
        let credentials = std::env::var_os(CREDENTIALS_DIRECTORY).map(PathBuf::from);
        Self { file, credentials, terminal: std::io::stdin().is_terminal() }
    }

    /// Nowhere: for keys that are not encrypted.
    #[must_use]
    pub fn none() -> Self {
        Self { file: None, credentials: None, terminal: false }
    }

    /// The passphrase of `key`.
    ///
    /// # Errors
    /// [`KeyFileError::NoPassphrase`] if there is none; of a file as of a key's, and
    /// [`KeyFileError::Content`] if it is not one line. [`KeyFileError::PassphraseFile`] if it is
    /// named and missing: the next source is not tried.
    pub fn get(&self, key: &Path) -> Result<Secret, KeyFileError> {
        match self.kept(key)? {
            Some(secret) => Ok(secret),
            None if self.terminal => ask(&format!("Passphrase of {}: ", key.display())),
            None => Err(KeyFileError::NoPassphrase(key.into())),
        }
    }

    /// A passphrase for a new `key`: as [`Self::get`], but typed twice, and not too short.
    ///
    /// # Errors
    /// As [`Self::get`], and [`KeyFileError::Typed`] if the two differ or are too short.
    pub fn choose(&self, key: &Path) -> Result<Secret, KeyFileError> {
        if let Some(secret) = self.kept(key)? {
            let path = self.file.clone().unwrap_or_else(|| CREDENTIAL.into());
            let short = KeyFileError::Content { path, expected: LONGER };
            return if is_long(&secret) { Ok(secret) } else { Err(short) };
        }
        if !self.terminal {
            return Err(KeyFileError::NoPassphrase(key.into()));
        }
        let first = ask(&format!("New passphrase of {}: ", key.display()))?;
        if !is_long(&first) {
            return Err(KeyFileError::Typed("a new key needs a passphrase of 12 characters"));
        }
        if ask("The same again: ")? != first {
            return Err(KeyFileError::Typed("the two passphrases differ; nothing was made"));
        }
        Ok(first)
    }

    /// What lies in a file or with systemd.
    fn kept(&self, key: &Path) -> Result<Option<Secret>, KeyFileError> {
        if let Some(file) = &self.file {
            let text = read_by(Rule::Own, file).map_err(|error| match error {
                KeyFileError::File { why, .. } => {
                    KeyFileError::PassphraseFile { path: key.into(), why }
                }
                other => other,
            })?;
            return one_line(file, &text).map(Some);
        }
        let Some(folder) = &self.credentials else { return Ok(None) };
        let file = folder.join(CREDENTIAL);
        // A unit may have other credentials, and systemd skips what is not in its store.
        if !file.try_exists().map_err(|e| KeyFileError::system(&file, &e))? {
            return Ok(None);
        }
        one_line(&file, &read_by(Rule::Credential, &file)?).map(Some)
    }
}

/// Without the end of its line; a second line was meant for something else.
fn one_line(path: &Path, text: &Secret) -> Result<Secret, KeyFileError> {
    let line = text.expose();
    let line = line.strip_suffix('\n').unwrap_or(line);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if !is_passphrase(line) {
        return Err(KeyFileError::Content { path: path.into(), expected: ONE_LINE });
    }
    Ok(Secret::new(line.to_owned()))
}

fn is_passphrase(line: &str) -> bool {
    (1..=MAX_PASSPHRASE_BYTES).contains(&line.len()) && !line.contains(['\n', '\r', '\0'])
}

fn is_long(secret: &Secret) -> bool {
    secret.expose().chars().count() >= MIN_PASSPHRASE_CHARS
}

/// Asks on the terminal, which shows nothing of the answer.
fn ask(question: &str) -> Result<Secret, KeyFileError> {
    let answer = terminal::ask(question).map_err(|error| match error.kind() {
        ErrorKind::Interrupted => KeyFileError::Typed("interrupted; nothing was done"),
        _ => KeyFileError::system(Path::new(terminal::TERMINAL), &error),
    })?;
    if !is_passphrase(answer.expose()) {
        return Err(KeyFileError::Typed("no passphrase was given"));
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::super::private::write_new;
    use super::*;

    fn kept(text: &str) -> Result<Secret, KeyFileError> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("passphrase");
        write_new(&file, &Secret::new(text.into())).expect("written");
        Passphrase { file: Some(file), ..Passphrase::none() }.get(Path::new("key.pem"))
    }

    #[test]
    fn a_file_holds_one_line_and_its_end_is_no_part_of_it() {
        for text in ["correct horse", "correct horse\n", "correct horse\r\n"] {
            assert_eq!(kept(text).expect("a passphrase").expose(), "correct horse");
        }
        assert_eq!(kept(" x \n").expect("a passphrase").expose(), " x ");
        let long = "x".repeat(MAX_PASSPHRASE_BYTES + 1);
        for text in ["", "\n", "one\ntwo\n", "\0", &long] {
            let error = kept(text).expect_err("refused").to_string();
            assert!(error.ends_with(ONE_LINE) && !error.contains("one\n"), "{error}");
        }
    }

    #[test]
    fn a_named_file_comes_before_the_credential_and_nothing_comes_in_its_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            write_new(&path, &Secret::new(text.into())).expect("written");
            path
        };
        write(CREDENTIAL, "from systemd");
        let file = write("file", "from the file");
        let key = Path::new("key.pem");
        let credentials = Some(folder.path().to_owned());
        let from = |file: Option<PathBuf>| {
            Passphrase { file, credentials: credentials.clone(), terminal: false }.get(key)
        };
        assert_eq!(from(Some(file)).expect("a passphrase").expose(), "from the file");
        assert_eq!(from(None).expect("a passphrase").expose(), "from systemd");
        let missing = folder.path().join("missing");
        let error = from(Some(missing)).expect_err("no file").to_string();
        assert!(error.starts_with("key.pem: ") && !error.contains("missing"), "{error}");
    }

    #[test]
    fn without_any_source_the_error_says_what_to_configure() {
        let error = Passphrase::none().get(Path::new("key.pem")).expect_err("none").to_string();
        for word in ["key.pem", "`passphrase`", "--passphrase-file", CREDENTIAL, "terminal"] {
            assert!(error.contains(word), "{error}");
        }
        let empty = tempfile::tempdir().expect("a folder");
        let passphrase =
            Passphrase { credentials: Some(empty.path().into()), ..Passphrase::none() };
        let none = passphrase.get(Path::new("key.pem"));
        assert_eq!(none, Err(KeyFileError::NoPassphrase("key.pem".into())));
    }

    #[test]
    fn a_new_key_gets_no_short_passphrase() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("passphrase");
        write_new(&file, &Secret::new("elevenchars".into())).expect("written");
        let short = Passphrase { file: Some(file), ..Passphrase::none() };
        let error = short.choose(Path::new("key.pem")).expect_err("short").to_string();
        assert!(error.contains("12 characters") && !error.contains("eleven"), "{error}");
    }
}
