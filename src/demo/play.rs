//! The publishing itself: sessions at the issuing nodes, real documents, and what follows them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::oracle::Sent;
use super::run::DemoError;
use super::script::Step;
use super::seats::sent;
use crate::address::{DESK, Role};
use crate::bus::{Endpoint, TlsFiles};
use crate::document::{self, Described};
use crate::keys::{self, KeyFile};
use crate::notice::{Audience, Id, NodeId, Scope, Statement};
use crate::publish::{Options, Place, Session, Waited};
use crate::relay::TrustFiles;
use crate::topology::{Rendered, seed_path};

/// How long a node may take to say its word.
const PATIENCE: Duration = Duration::from_secs(30);

/// A document of the set.
pub(super) struct Paper {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
    pub(super) asc: Option<Vec<u8>>,
    pub(super) described: Described,
}

/// The documents of a folder that may be published, by name.
pub(super) fn papers(folder: &Path) -> Result<Vec<Paper>, DemoError> {
    let failed = |e: &dyn std::fmt::Display| DemoError::File(format!("{}: {e}", folder.display()));
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .map_err(|e| failed(&e))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    paths.sort();
    let mut papers = Vec::new();
    for path in paths {
        let bytes = std::fs::read(&path).map_err(|e| failed(&e))?;
        let name = path.display().to_string();
        let described = document::describe(&bytes, &name).map_err(|e| failed(&e))?;
        if described.draft || described.withdrawn {
            continue;
        }
        let asc = std::fs::read(format!("{name}.asc")).ok();
        papers.push(Paper { name, bytes, asc, described });
    }
    Ok(papers)
}

/// Everybody who issues, and what they have issued.
pub(super) struct Players<'r> {
    rendered: &'r Rendered,
    sessions: BTreeMap<NodeId, Session>,
    pub(super) sent: Vec<Sent>,
}

impl<'r> Players<'r> {
    pub(super) fn new(rendered: &'r Rendered) -> Self {
        Self { rendered, sessions: BTreeMap::new(), sent: Vec::new() }
    }

    /// The desk of a node.
    pub(super) async fn at(&mut self, node: &NodeId) -> Result<&Session, DemoError> {
        if !self.sessions.contains_key(node) {
            let session = open(self.rendered, node).await?;
            self.sessions.insert(node.clone(), session);
        }
        self.sessions.get(node).ok_or_else(|| DemoError::NoNode(node.clone()))
    }

    /// Publishes a document as the step says.
    pub(super) async fn publish(
        &mut self,
        step: &Step,
        paper: &Paper,
    ) -> Result<(Id, Statement), DemoError> {
        let session = self.at(&step.issuer).await?;
        let d = &paper.described;
        // A document's own label may be stricter than the script's.
        let tlp = d.tlp.map_or(step.tlp, |own| own.max(step.tlp));
        let options = Options {
            tlp: Some(tlp),
            severity: d.severity.or(Some(step.severity)),
            kind: step.kind,
            lang: d.lang.clone().or_else(|| Some("en".to_owned())),
            exercise: step.exercise.clone(),
            ..Options::default()
        };
        let aud = audience(&step.to)?;
        let draft = session.draft(crate::time::now());
        let statement = draft.document(d, &paper.bytes, paper.asc.as_deref(), aud, &options)?;
        let id = self.issue(&statement, paper.bytes.clone(), paper.asc.clone()).await?;
        Ok((id, statement))
    }

    /// Issues a statement and waits for its node's word, which must be yes.
    pub(super) async fn issue(
        &mut self,
        statement: &Statement,
        body: Vec<u8>,
        asc: Option<Vec<u8>>,
    ) -> Result<Id, DemoError> {
        let session = self.at(&statement.iss).await?;
        let (id, word) = session.issue(statement, body, asc, PATIENCE).await?;
        if !word.is_accepted() {
            return Err(DemoError::NotAccepted(statement.title.clone(), Box::new(word)));
        }
        self.sent.push(sent(id, statement));
        Ok(id)
    }

    /// Issues what its node must refuse; the reason that it gave.
    pub(super) async fn provoke(
        &mut self,
        statement: &Statement,
        body: Vec<u8>,
    ) -> Result<String, DemoError> {
        let session = self.at(&statement.iss).await?;
        match session.issue(statement, body, None, PATIENCE).await?.1 {
            Waited::Word(receipt) if receipt.reason.is_some() => {
                Ok(receipt.reason.unwrap_or_default())
            }
            word => Err(DemoError::NotRefused(statement.title.clone(), Box::new(word))),
        }
    }
}

pub(super) fn audience(to: &str) -> Result<Audience, DemoError> {
    if to.contains('.') {
        let scope: Scope = to.parse().map_err(|e| DemoError::File(format!("{e}")))?;
        return Ok(Audience::Scope(scope));
    }
    let node: NodeId = to.parse().map_err(|e| DemoError::File(format!("{e}")))?;
    Ok(Audience::Node(node))
}

async fn open(rendered: &Rendered, node: &NodeId) -> Result<Session, DemoError> {
    let found = rendered.nodes.iter().find(|rendered| rendered.id == *node);
    let of = found.ok_or_else(|| DemoError::NoNode(node.clone()))?;
    let home = node.state().unwrap_or_else(|| node.clone());
    let place = Place {
        node: node.clone(),
        endpoint: Endpoint {
            url: of.url.clone(),
            seed: keys::read_nkey(&seed_path(&rendered.out, node, &Role::Desk))?.seed,
            inbox: format!("_INBOX_{DESK}"),
            name: format!("{node} desk"),
            tls: TlsFiles::default(),
        },
        intake: DESK.to_owned(),
        trust: TrustFiles {
            root: rendered.out.join("trust").join(format!("{home}.root.json")),
            bundles: Some(rendered.out.join("trust")),
        },
        issue_key: Some(KeyFile::plain(of.folder.join("keys").join("issue.pem"))),
        spool: of.folder.join("spool").join(DESK),
    };
    Ok(Session::open(place).await?)
}
