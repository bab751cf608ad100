//! `chappe trust send`: signed documents and lists go to the own node's relay, and from there up
//! and down to every node. It waits until the relay has taken them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::super::connection::{Connection, failure};
use super::super::output::say;
use super::super::{Failure, Outcome};
use super::files;
use crate::notice::Id;
use crate::publish::Session;
use crate::trust::{MAX_LIST_BYTES, Paper};

/// How long the relay may take; what it takes later, it takes all the same.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Roots and bundles, and `.list` files of good notices
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    connection: Connection,
}

/// What a file has: a document, or a list of good notices.
enum Content {
    Document(Box<Paper>, Vec<u8>),
    List(Vec<u8>),
}

pub(super) async fn run(arguments: Arguments) -> Outcome {
    // Everything is read before anything is sent. Lists last: a bundle must name them first.
    let mut all: Vec<(&PathBuf, Content)> = Vec::new();
    for path in &arguments.files {
        all.push((path, read(path)?));
    }
    all.sort_by_key(|(_, content)| match content {
        Content::Document(paper, _) => {
            (false, !paper.is_root(), paper.node().depth(), paper.version())
        }
        Content::List(_) => (true, true, 0, 0),
    });
    let session = arguments.connection.open().await?;
    let mut missing = Vec::new();
    for (path, content) in all {
        if !hand_over(&session, path, content).await? {
            missing.push(path.display().to_string());
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure::failed(format!(
        "handed over, and not held by the relay of {} after {} s: {}. It waits there for a day \
         for what it depends on, or was refused: the relay's log and `trust check` say why",
        session.node(),
        PATIENCE.as_secs(),
        missing.join(", ")
    )))
}

fn read(path: &Path) -> Result<Content, Failure> {
    if path.extension().is_some_and(|extension| extension == "list") {
        let bytes = super::super::publish::read(path, MAX_LIST_BYTES)?;
        return Ok(Content::List(bytes));
    }
    let document = files::document(path)?;
    let paper = files::paper(path, &document)?;
    Ok(Content::Document(Box::new(paper), files::to_text(&document)?.into_bytes()))
}

/// Whether the relay has it.
async fn hand_over(session: &Session, path: &Path, content: Content) -> Result<bool, Failure> {
    let (paper, bytes) = match content {
        Content::Document(paper, bytes) => (Some(paper), bytes),
        Content::List(bytes) => (None, bytes),
    };
    let id = Id::of(&bytes);
    session.hand_over(bytes).await.map_err(|e| failure(&e))?;
    let Some(paper) = paper else {
        say!("{}: list {} handed over", path.display(), id.short());
        return Ok(true);
    };
    let has = session.relay_holds(&paper, PATIENCE).await;
    let (sort, word) = (
        if paper.is_root() { "root" } else { "bundle" },
        if has { "taken" } else { "not taken yet" },
    );
    let (node, version) = (paper.node(), paper.version());
    say!("{}: {sort} of {node} version {version}: {word}", path.display());
    Ok(has)
}
