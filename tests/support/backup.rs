//! Older copies of streams, as an operator has them; the one server of all must not run meanwhile.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Federation, SERVER};

impl Federation {
    /// SIGTERM: what was settled is on its disk. Whether it ended in time.
    pub async fn stop_server(&self) -> bool {
        self.processes.terminate(SERVER).await
    }

    /// Copies every stream of every node.
    pub fn back_up(&self) {
        copy(&self.rendered.out.join("jetstream"), &self.rendered.out.join("backup"));
    }

    /// Puts one stream of a node back as it was then.
    pub fn bring_back(&self, node: &str, stream: &str) {
        self.put_back(&Path::new(node).join("streams").join(stream));
    }

    /// Puts all that a node's server stores back as it was then.
    pub fn bring_all_back(&self, node: &str) {
        self.put_back(Path::new(node));
    }

    fn put_back(&self, which: &Path) {
        let place = |folder: &str| -> PathBuf {
            self.rendered.out.join(folder).join("jetstream").join(which)
        };
        std::fs::remove_dir_all(place("jetstream")).expect("removed");
        copy(&place("backup"), &place("jetstream"));
    }
}

fn copy(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-a").arg(from).arg(to).status().expect("runs");
    assert!(done.success(), "{from:?}");
}
