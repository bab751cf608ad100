//! A disk that can be full: a small file system in a namespace of its own, which needs no
//! privileges where the system allows user namespaces.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::Federation;

/// Room for a run's notices; what is filled up is the rest.
const MIB: usize = 160;
/// Mounts it, and keeps it mounted: the server may come and go.
const MOUNT: &str =
    r#"mount -t tmpfs -o "size=$2m" tmpfs "$1" && touch "$1/mounted" && exec sleep 86400"#;

/// One server's disk.
pub struct Disk {
    /// The process in whose view it is mounted.
    pub holder: u32,
    /// The folder, as that process sees it.
    place: PathBuf,
}

impl Disk {
    /// Puts a node's streams on a small disk; `None`, loudly, where the system does not let us.
    pub async fn under(all: &Federation, node: &str) -> Option<Self> {
        let store = all.node(node).folder.join("jetstream");
        let store = std::path::absolute(store).expect("a path");
        std::fs::create_dir_all(&store).expect("a folder");
        let mut holder = Command::new("unshare");
        holder.args(["--user", "--map-root-user", "--mount", "sh", "-c", MOUNT, "sh"]);
        holder.arg(&store).arg(MIB.to_string()).stdin(Stdio::null());
        let holder = all.start_helper("small-disk", &mut holder);
        let inside = Path::new("/proc").join(holder.to_string()).join("root");
        let place = inside.join(store.strip_prefix("/").expect("absolute"));
        for _ in 0..100 {
            if place.join("mounted").exists() {
                return Some(Self { holder, place });
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let why = all.complaints();
        println!("NOT PLAYED: no small disk can be mounted here, so none gets full\n{why}");
        None
    }

    /// Writes until nothing more fits.
    pub fn fill(&self) {
        let mut ballast = File::create(self.ballast()).expect("a file");
        let block = vec![0_u8; 256 * 1024];
        while ballast.write_all(&block).is_ok() {}
        while ballast.write_all(&[0; 512]).is_ok() {}
    }

    /// Makes room again.
    pub fn free(&self) {
        std::fs::remove_file(self.ballast()).expect("removed");
    }

    fn ballast(&self) -> PathBuf {
        self.place.join("ballast")
    }
}
