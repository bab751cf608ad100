//! The origin's own copy of what it has signed.
//!
//! A notice is on the issuer's disk before anything is said about it, and is sent until the
//! issuer's node has it: so neither a server that is away nor a SIGKILL loses an alert. The copy
//! stays until the notice expires, since a node that was restored from a backup may lack it. One
//! file each, in the form of `chappe verify`; the folder is private, as the key beside it is.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::lifecycle::ThreadKey;
use crate::notice::{self, Id, Kind, Statement, Time, Wire};
use crate::verify::read_stored;

/// Notices that wait. Each is work for the node when it is back; an issuer with more has a
/// mistake in a script.
pub const MAX_WAITING: usize = 1_000;
/// Seconds in which the same report, answer or note is a repeated command, not a new one: as long
/// as a node would still take the copy.
const REPEATED: u64 = 24 * 3600;
/// Seconds by which the life of the same may differ: an update is dated after what it updates.
const SAME_LIFE: u64 = 60;
const WAITING: &str = "waiting";
const SENT: &str = "sent";
const ENDING: &str = ".chappe";

/// Why a copy cannot be kept or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpoolError {
    /// The disk, or the rights on it.
    #[error("spool {}: {why}", path.display())]
    Disk {
        /// File or folder.
        path: PathBuf,
        /// The system's words.
        why: String,
    },
    /// [`MAX_WAITING`] notices wait already.
    #[error(
        "spool {}: {MAX_WAITING} notices wait already: is the node's server away for good?",
        .0.display()
    )]
    Full(PathBuf),
    /// Not what was written.
    #[error("spool {}: {why}; it is left there", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

/// The spool of one user of one node.
#[derive(Clone, Debug)]
pub struct Spool {
    folder: PathBuf,
}

/// One notice in it, which no other command takes up meanwhile.
#[derive(Debug)]
pub struct Copy {
    /// The notice.
    pub id: Id,
    /// What was signed.
    pub statement: Statement,
    /// The signed bytes and the body.
    pub wire: Wire,
    _at_work: AtWork,
}

/// While this lives, other commands of the same user leave the copy to this one. It ends with the
/// process, however that ends.
#[derive(Debug)]
pub struct AtWork(#[expect(dead_code, reason = "held for its lock")] File);

/// What a file's name says; so nobody reads 8 MiB to learn that a notice has expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Issued at, seconds: the oldest goes first.
    pub iat: u64,
    /// Expires, seconds.
    pub exp: u64,
    /// The notice.
    pub id: Id,
}

impl Entry {
    fn of(id: Id, statement: &Statement) -> Self {
        Self { iat: statement.iat, exp: statement.exp, id }
    }

    pub(super) fn name(&self) -> String {
        format!("{:010}-{:010}-{}{ENDING}", self.iat, self.exp, self.id)
    }

    /// `None` for what is no copy: a draft that a crash has left, or somebody's note.
    fn read(name: &str) -> Option<Self> {
        let mut parts = name.strip_suffix(ENDING)?.splitn(3, '-');
        let (iat, exp) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some(Self { iat, exp, id: parts.next()?.parse().ok()? })
    }
}

impl Spool {
    /// A spool in `folder`, which is made when the first notice comes.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Puts a signed notice onto the disk; when this returns it survives a power cut. Twice is
    /// once.
    ///
    /// # Errors
    /// [`SpoolError::Disk`] and [`SpoolError::Full`]; nothing is half-written.
    pub fn keep(&self, wire: &Wire, statement: &Statement) -> Result<AtWork, SpoolError> {
        let id = wire.id();
        let folder = self.folder.join(WAITING);
        for path in [&self.folder, &folder, &self.folder.join(SENT)] {
            let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
            made.map_err(|e| disk(path, &e))?;
        }
        if self.waiting()?.len() >= MAX_WAITING {
            return Err(SpoolError::Full(folder));
        }
        let path = folder.join(Entry::of(id, statement).name());
        let draft = folder.join(format!(".{id}"));
        let form = notice::File::from_wire(wire);
        let bytes = serde_json::to_vec(&form).map_err(|e| disk(&path, &e.into()))?;
        let named = |file: File| fs::rename(&draft, &path).map(|()| file);
        match write(&draft, &bytes).and_then(named) {
            Ok(file) => {
                sync(&folder)?;
                Ok(AtWork(file))
            }
            Err(error) => {
                _ = fs::remove_file(&draft);
                Err(disk(&path, &error))
            }
        }
    }

    /// What waits, oldest first.
    ///
    /// # Errors
    /// [`SpoolError::Disk`].
    pub fn waiting(&self) -> Result<Vec<Entry>, SpoolError> {
        self.list(WAITING)
    }

    /// What the node has taken, oldest first.
    ///
    /// # Errors
    /// [`SpoolError::Disk`].
    pub fn sent(&self) -> Result<Vec<Entry>, SpoolError> {
        self.list(SENT)
    }

    fn list(&self, which: &str) -> Result<Vec<Entry>, SpoolError> {
        let folder = self.folder.join(which);
        let files = match fs::read_dir(&folder) {
            Ok(files) => files,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(disk(&folder, &error)),
        };
        let names = files.filter_map(|file| file.ok()?.file_name().into_string().ok());
        let mut entries: Vec<Entry> = names.filter_map(|name| Entry::read(&name)).collect();
        entries.sort();
        Ok(entries)
    }

    /// Takes up a notice that waits; `None` if another command is at it, or has just settled it.
    ///
    /// # Errors
    /// [`SpoolError`].
    pub fn take(&self, entry: &Entry) -> Result<Option<Copy>, SpoolError> {
        let path = self.path(entry);
        let file = match File::open(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(|e| disk(&path, &e))?,
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(disk(&path, &error)),
        }
        let read = self.read(&self.path(entry), entry)?;
        Ok(read.map(|(statement, wire)| Copy {
            id: entry.id,
            statement,
            wire,
            _at_work: AtWork(file),
        }))
    }

    fn path(&self, entry: &Entry) -> PathBuf {
        self.folder.join(WAITING).join(entry.name())
    }

    /// The statement of a copy that the node has taken; `None` if it is gone or damaged.
    pub(super) fn statement(&self, entry: &Entry) -> Option<Statement> {
        let path = self.folder.join(SENT).join(entry.name());
        self.read(&path, entry).ok().flatten().map(|(statement, _)| statement)
    }

    fn read(&self, path: &Path, entry: &Entry) -> Result<Option<(Statement, Wire)>, SpoolError> {
        let bytes = match fs::read(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|e| disk(path, &e))?,
        };
        let damaged = |why: String| SpoolError::Damaged { path: path.to_owned(), why };
        let wire = notice::File::parse(&bytes).map_err(|e| damaged(e.to_string()))?;
        if wire.id() != entry.id {
            return Err(damaged("it is another notice than its name says".into()));
        }
        let (statement, _, _) = read_stored(&wire).map_err(|e| damaged(e.to_string()))?;
        Ok(Some((statement, wire)))
    }

    /// Whether the same document for the same readers waits already: whoever repeats a command
    /// while the server is away has not issued it twice.
    ///
    /// # Errors
    /// [`SpoolError::Disk`].
    pub fn same(&self, statement: &Statement) -> Result<Option<Id>, SpoolError> {
        let bare = |s: &Statement| Statement { iat: 0, exp: 0, ..s.clone() };
        for entry in self.waiting()? {
            match self.read(&self.path(&entry), &entry) {
                Ok(Some((waits, _))) if bare(&waits) == bare(statement) => {
                    return Ok(Some(entry.id));
                }
                Ok(_) | Err(SpoolError::Damaged { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// A copy of the last day that says the same, whether it waits or the node has it: whoever
    /// repeats a command that was killed says nothing twice. So is what follows that very copy.
    ///
    /// # Errors
    /// [`SpoolError::Disk`].
    pub fn repeated(&self, statement: &Statement) -> Result<Option<Id>, SpoolError> {
        let bare = |s: &Statement| Statement { iat: 0, exp: 0, re: None, ..s.clone() };
        // A renewal says the same for longer.
        let lasts = |s: &Statement| s.exp.saturating_sub(s.iat);
        let as_long = |s: &Statement| {
            s.exp == statement.exp || lasts(s).abs_diff(lasts(statement)) <= SAME_LIFE
        };
        for which in [WAITING, SENT] {
            for entry in self.list(which)?.into_iter().rev() {
                if entry.iat + REPEATED < statement.iat {
                    break;
                }
                let copy = match self.read(&self.folder.join(which).join(entry.name()), &entry) {
                    Err(SpoolError::Damaged { .. }) => continue,
                    read => read?,
                };
                let follows =
                    |s: &Statement| s.re == statement.re || statement.re == Some(entry.id);
                let says = |s: &Statement| as_long(s) && bare(s) == bare(statement);
                if copy.is_some_and(|(s, _)| follows(&s) && says(&s)) {
                    return Ok(Some(entry.id));
                }
            }
        }
        Ok(None)
    }

    /// The node has it: the copy stays until it expires.
    ///
    /// # Errors
    /// [`SpoolError::Disk`].
    pub fn settle(&self, id: Id) -> Result<(), SpoolError> {
        self.move_between(id, WAITING, SENT)
    }

    /// The node has it no more: it waits again.
    ///
    /// # Errors
    /// [`SpoolError::Disk`].
    pub fn unsettle(&self, id: Id) -> Result<(), SpoolError> {
        self.move_between(id, SENT, WAITING)
    }

    fn move_between(&self, id: Id, from: &str, to: &str) -> Result<(), SpoolError> {
        for entry in self.list(from)?.into_iter().filter(|entry| entry.id == id) {
            let path = self.folder.join(from).join(entry.name());
            let moved = fs::rename(&path, self.folder.join(to).join(entry.name()));
            gone_is_done(moved).map_err(|e| disk(&path, &e))?;
        }
        Ok(())
    }

    /// Lets go of copies that the node needs no more: what a notice updates, and every version that
    /// a withdrawal ends, whose text must not lie here if it is erased.
    ///
    /// # Errors
    /// [`SpoolError::Disk`].
    pub fn replaced_by(&self, statement: &Statement) -> Result<(), SpoolError> {
        let Some(target) = statement.re else { return Ok(()) };
        if statement.kind.is_document() {
            return self.forget(target);
        }
        if statement.kind != Kind::Withdrawal {
            return Ok(());
        }
        self.forget(target)?;
        let revision = |s: &Statement| s.doc.as_ref().map(|doc| doc.revision);
        // What ended an erased version before repeats its title.
        let erases = statement.erase == Some(true);
        for entry in self.sent()? {
            let ended = self.statement(&entry).is_some_and(|version| {
                (version.kind.is_document() || (erases && version.kind.is_ending()))
                    && ThreadKey::of(&version) == ThreadKey::of(statement)
                    && revision(&version) <= revision(statement)
            });
            if ended {
                self.forget(entry.id)?;
            }
        }
        Ok(())
    }

    /// Lets go of a notice: it was refused, or is withdrawn and erased.
    ///
    /// # Errors
    /// [`SpoolError::Disk`].
    pub fn forget(&self, id: Id) -> Result<(), SpoolError> {
        self.remove(|entry| entry.id == id)
    }

    /// Lets go of what has expired.
    ///
    /// # Errors
    /// [`SpoolError::Disk`].
    pub fn prune(&self, now: Time) -> Result<(), SpoolError> {
        self.remove(|entry| entry.exp <= now.secs())
    }

    fn remove(&self, goes: impl Fn(&Entry) -> bool) -> Result<(), SpoolError> {
        for which in [WAITING, SENT] {
            for entry in self.list(which)?.iter().filter(|entry| goes(entry)) {
                let path = self.folder.join(which).join(entry.name());
                gone_is_done(fs::remove_file(&path)).map_err(|e| disk(&path, &e))?;
            }
        }
        Ok(())
    }
}

/// Another command of the same user may have been faster.
fn gone_is_done(done: std::io::Result<()>) -> std::io::Result<()> {
    match done {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Locked before it has its name.
fn write(path: &Path, bytes: &[u8]) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.lock()?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(file)
}

fn sync(folder: &Path) -> Result<(), SpoolError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|e| disk(folder, &e))
}

fn disk(path: &Path, error: &std::io::Error) -> SpoolError {
    SpoolError::Disk { path: path.to_owned(), why: error.to_string() }
}
