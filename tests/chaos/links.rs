//! The network between organisations: each link goes through a proxy of the test, which can break
//! it in the ways in which real ones break.
#![allow(dead_code)] // each test binary uses its own part

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, tcp};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What a link does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// What it should.
    Through,
    /// Every connection is reset, and each new one too.
    Cut,
    /// Nothing passes, and nobody is told: a black hole.
    Stalled,
    /// What is asked arrives and what is answered does not: a PubAck is lost, its notice is not.
    Deaf,
}

#[derive(Clone, Copy, Debug)]
struct State {
    mode: Mode,
    /// Connections below this number never hear of one another again, as when a firewall forgets.
    forgotten: u64,
}

impl State {
    fn of(self, number: u64) -> Mode {
        if number < self.forgotten { Mode::Stalled } else { self.mode }
    }
}

/// One link.
pub struct Link {
    state: watch::Sender<State>,
    accepted: Arc<AtomicU64>,
    port: u16,
    _accepting: JoinSet<()>,
}

impl Link {
    /// A link to a port of this machine.
    pub async fn to(target: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let state = watch::Sender::new(State { mode: Mode::Through, forgotten: 0 });
        let accepted = Arc::new(AtomicU64::new(0));
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, target, Arc::clone(&accepted), state.subscribe()));
        Self { state, accepted, port, _accepting: accepting }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn set(&self, mode: Mode) {
        self.state.send_modify(|state| state.mode = mode);
    }

    /// Forgets the connections that there are now; new ones pass.
    pub fn forget(&self) {
        let next = self.accepted.load(Ordering::SeqCst);
        self.state.send_modify(|state| state.forgotten = next);
    }
}

async fn accept(
    listener: TcpListener,
    target: u16,
    accepted: Arc<AtomicU64>,
    state: watch::Receiver<State>,
) {
    let mut connections = JoinSet::new();
    while let Ok((near, _)) = listener.accept().await {
        let number = accepted.fetch_add(1, Ordering::SeqCst);
        connections.spawn(carry(near, target, number, state.clone()));
        while connections.try_join_next().is_some() {}
    }
}

async fn carry(near: TcpStream, target: u16, number: u64, mut state: watch::Receiver<State>) {
    near.set_zero_linger().ok();
    near.set_nodelay(true).ok();
    let opened = async {
        while state.borrow_and_update().of(number) == Mode::Stalled {
            state.changed().await.ok()?;
        }
        TcpStream::connect(("127.0.0.1", target)).await.ok()
    };
    let Some(far) = opened.await else { return };
    far.set_zero_linger().ok();
    far.set_nodelay(true).ok();
    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
    tokio::select! {
        () = pump(near_in, far_out, number, state.clone(), true) => {}
        () = pump(far_in, near_out, number, state.clone(), false) => {}
        () = cut(number, state) => {}
    }
}

/// Until the link is cut; a connection of which bytes were swallowed ends with its deafness.
async fn cut(number: u64, mut state: watch::Receiver<State>) {
    let mut deaf = false;
    loop {
        let mode = state.borrow_and_update().of(number);
        if mode == Mode::Cut || (deaf && mode != Mode::Deaf) {
            return;
        }
        deaf = mode == Mode::Deaf;
        if state.changed().await.is_err() {
            return;
        }
    }
}

async fn pump(
    mut from: tcp::OwnedReadHalf,
    mut to: tcp::OwnedWriteHalf,
    number: u64,
    mut state: watch::Receiver<State>,
    asking: bool,
) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let mode = state.borrow_and_update().of(number);
        if mode == Mode::Stalled {
            if state.changed().await.is_err() {
                return;
            }
            continue;
        }
        let read = tokio::select! {
            biased;
            changed = state.changed() => {
                if changed.is_err() { return }
                continue;
            }
            read = from.read(&mut buffer) => read,
        };
        let Ok(count) = read else { return };
        let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else { return };
        if mode == Mode::Deaf && !asking {
            continue;
        }
        if to.write_all(bytes).await.is_err() {
            return;
        }
    }
}
