//! A way to PostgreSQL that falls silent: its connections stay open, and nothing passes any more,
//! as when a host is lost without a goodbye.

use std::net::SocketAddr;
use std::sync::Arc;

use chassis::testing::in_time;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// The way. Its connections end when it is dropped.
pub struct Proxy {
    address: SocketAddr,
    gate: Arc<watch::Sender<Gate>>,
    running: JoinHandle<()>,
}

#[derive(Clone, Copy, PartialEq)]
enum Gate {
    Open,
    /// Open until somebody says this.
    OpenUntil(&'static str),
    Silent,
}

impl Proxy {
    /// A way to the server of this URL.
    pub async fn to(url: &str) -> Self {
        let server = authority(url).to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let gate = Arc::new(watch::Sender::new(Gate::Open));
        let passing = gate.clone();
        let running = tokio::spawn(async move {
            let mut pipes = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(&server).await else { continue };
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                pipes.spawn(pass(from_client, to_server, passing.clone(), true));
                pipes.spawn(pass(from_server, to_client, passing.clone(), false));
            }
        });
        Self { address, gate, running }
    }

    /// The URL of the server by this way, on which one can be overheard.
    pub fn url(&self, url: &str) -> String {
        let url = url.replacen(authority(url), &self.address.to_string(), 1);
        let separator = if url.contains('?') { '&' } else { '?' };
        format!("{url}{separator}sslmode=disable")
    }

    /// Falls silent as soon as a client says this, which is not passed on any more.
    pub fn silent_at(&self, text: &'static str) {
        self.gate.send_replace(Gate::OpenUntil(text));
    }

    /// Waits until it has fallen silent.
    pub async fn silent(&self) {
        let mut gate = self.gate.subscribe();
        let silent = gate.wait_for(|it| *it == Gate::Silent);
        in_time("somebody says it", silent).await.expect("a gate");
    }

    /// Passes on what it has kept back, and all that follows.
    pub fn open(&self) {
        self.gate.send_replace(Gate::Open);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.running.abort();
    }
}

async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    gate: Arc<watch::Sender<Gate>>,
    by_client: bool,
) {
    let mut gates = gate.subscribe();
    let mut bytes = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        let said = String::from_utf8_lossy(&bytes[..count]);
        gate.send_if_modified(|it| match it {
            Gate::OpenUntil(text) if by_client && said.contains(*text) => {
                *it = Gate::Silent;
                true
            }
            _ => false,
        });
        let open = gates.wait_for(|it| *it != Gate::Silent).await.is_ok();
        if !open || to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}

/// Host and port of a URL.
fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or(rest);
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}
