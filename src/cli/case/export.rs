//! `chappe case export`: the open cases for a successor, in a file that only its recipient can
//! read.
//!
//! One notice a line, each as `.chappe` has it: so whoever reads them checks every signature, with
//! `chappe verify` or any other reader. The file is one of age, so that `age -d` opens it.

use std::path::PathBuf;

use clap::Args;

use super::held::Held;
use super::pages::every;
use crate::cli::connection::Connection;
use crate::cli::output::say;
use crate::cli::{Failure, Outcome};
use crate::keys::{Recipient, sealed};
use crate::notice::{File, Id};
use crate::publish::Session;
use crate::relay::{CaseLine, CasesQuestion};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Where to write it; a file that is there is not overwritten
    file: PathBuf,
    #[command(flatten)]
    connection: Connection,
    /// Whose key opens it: age1..., as `age-keygen` shows
    #[arg(long, value_name = "RECIPIENT")]
    to: Recipient,
    /// Only this case, also if it is closed
    #[arg(long, value_name = "CASE")]
    case: Option<String>,
}

pub(super) async fn run(arguments: Arguments) -> Outcome {
    let session = arguments.connection.open_to_read().await?;
    let (mut lines, mut ids) = (Vec::new(), Vec::<Id>::new());
    let cases = open(&session, arguments.case).await?;
    let count = cases.len();
    for line in cases {
        let held = Held::read(&session, line).await?;
        for notice in held.notices.iter().filter(|notice| !ids.contains(&notice.id)) {
            serde_json::to_writer(&mut lines, &File::from_wire(&notice.wire))
                .map_err(Failure::failed)?;
            lines.push(b'\n');
        }
        ids.extend(held.ids());
    }
    if count == 0 {
        return Err(Failure::failed("no case is open: nothing to hand over"));
    }
    let sealed = sealed(&arguments.to, &lines).map_err(Failure::failed)?;
    write(&arguments.file, &sealed)?;
    let name = arguments.file.display();
    say!("{name}: {count} cases, {} notices; `age -d -i KEY {name}` opens it", ids.len());
    Ok(())
}

async fn open(session: &Session, case: Option<String>) -> Result<Vec<CaseLine>, Failure> {
    let all = case.is_some();
    let question = CasesQuestion { case, all, ..CasesQuestion::default() };
    Ok(every(session, &question).await?.cases)
}

/// For its owner alone, although nobody else could read it: a backup of a desk need not hold it.
fn write(path: &std::path::Path, bytes: &[u8]) -> Outcome {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(path);
    let written = file.and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    written.map_err(|e| {
        // Half a file would pass for a whole one until somebody opens it. One that was there stays.
        if e.kind() != std::io::ErrorKind::AlreadyExists {
            std::fs::remove_file(path).ok();
        }
        Failure::failed(format!("{}: {e}", path.display()))
    })
}
