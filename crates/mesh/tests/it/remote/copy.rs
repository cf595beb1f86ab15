//! A copy of a service that does what a test wants, well or not, over a real socket.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mesh::discovery::Endpoint;
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};

/// What a copy does with a request.
#[derive(Clone, Copy, Debug)]
pub enum Mode {
    /// Answers 200 with the request's head as text.
    Well,
    /// The same, after a while.
    Slow(Duration),
    /// Answers this status.
    Status(u16),
    /// Reads the request and closes.
    Drop,
    /// The same, once; well from then on.
    DropOnce,
    /// Answers well and then closes without having said so.
    AnswerAndClose,
    /// Never answers, as a process that was stopped.
    Hang,
    /// Tells at once that it is alive, answers anything else after a while.
    Busy(Duration),
    /// Answers a head and half of the body.
    HalfBody,
    /// Answers a body of many pieces, one every 50 ms.
    Stream(u32),
    /// Becomes another protocol: sends back what it gets.
    Echo,
}

pub struct Instance {
    pub address: SocketAddr,
    mode: Arc<Mutex<Mode>>,
    requests: Arc<AtomicUsize>,
    probes: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
    refuse: Arc<Notify>,
    /// A connection was closed after an answer.
    pub closed: Arc<Notify>,
    serving: JoinHandle<()>,
}

impl Instance {
    pub async fn start(mode: Mode) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let copy = Self {
            address,
            mode: Arc::new(Mutex::new(mode)),
            requests: Arc::default(),
            probes: Arc::default(),
            connections: Arc::default(),
            refuse: Arc::default(),
            closed: Arc::default(),
            serving: tokio::spawn(async {}),
        };
        let client = Client {
            mode: copy.mode.clone(),
            requests: copy.requests.clone(),
            probes: copy.probes.clone(),
            closed: copy.closed.clone(),
        };
        let (connections, refuse) = (copy.connections.clone(), copy.refuse.clone());
        let serving = tokio::spawn(async move {
            let mut clients = JoinSet::new();
            loop {
                let (mut stream, _) = tokio::select! {
                    accepted = listener.accept() => accepted.unwrap(),
                    () = refuse.notified() => break,
                };
                connections.fetch_add(1, Ordering::SeqCst);
                let client = client.clone();
                clients.spawn(async move { while serve(&mut stream, &client).await.is_some() {} });
            }
            drop(listener);
            clients.join_all().await;
        });
        Self { serving, ..copy }
    }

    pub fn endpoint(&self) -> Endpoint {
        Endpoint::parse(&format!("http://{}", self.address)).unwrap()
    }

    pub fn become_(&self, mode: Mode) {
        *self.mode.lock() = mode;
    }

    /// Takes no new connections, and answers on those it has.
    pub fn refuse(&self) {
        self.refuse.notify_one();
    }

    /// How often it was asked whether it is alive.
    pub fn probes(&self) -> usize {
        self.probes.load(Ordering::SeqCst)
    }

    /// Other requests it has read.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Ends as by SIGKILL: its listener and its connections are closed.
    pub async fn kill(self) {
        self.serving.abort();
        let _ = self.serving.await;
    }
}

/// What a connection needs of its copy.
#[derive(Clone)]
struct Client {
    mode: Arc<Mutex<Mode>>,
    requests: Arc<AtomicUsize>,
    probes: Arc<AtomicUsize>,
    closed: Arc<Notify>,
}

/// Serves one request; nothing if the connection is over.
async fn serve(stream: &mut TcpStream, client: &Client) -> Option<()> {
    let Client { mode, requests, probes, closed } = client;
    let head = read_request(stream).await?;
    let probe = head.starts_with("GET /live ");
    if probe { probes } else { requests }.fetch_add(1, Ordering::SeqCst);
    let mode = {
        let mut next = mode.lock();
        let mode = *next;
        if let Mode::DropOnce = mode {
            *next = Mode::Well;
        }
        mode
    };
    let well = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{head}", head.len());
    match mode {
        Mode::Well => stream.write_all(well.as_bytes()).await.ok(),
        Mode::Busy(_) if probe => stream.write_all(well.as_bytes()).await.ok(),
        Mode::Slow(pause) | Mode::Busy(pause) => {
            tokio::time::sleep(pause).await;
            stream.write_all(well.as_bytes()).await.ok()
        }
        Mode::Status(status) => {
            let answer = format!("HTTP/1.1 {status} \r\ncontent-length: 2\r\n\r\nno");
            stream.write_all(answer.as_bytes()).await.ok()
        }
        Mode::Drop | Mode::DropOnce => None,
        Mode::AnswerAndClose => {
            stream.write_all(well.as_bytes()).await.ok()?;
            stream.shutdown().await.ok()?;
            closed.notify_one();
            None
        }
        Mode::Hang => std::future::pending().await,
        Mode::HalfBody => {
            let half = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf.";
            stream.write_all(half.as_bytes()).await.ok()?;
            std::future::pending().await
        }
        Mode::Stream(pieces) => {
            let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
            stream.write_all(head.as_bytes()).await.ok()?;
            for _ in 0..pieces {
                tokio::time::sleep(Duration::from_millis(50)).await;
                stream.write_all(b"5\r\npiece\r\n").await.ok()?;
            }
            stream.write_all(b"0\r\n\r\n").await.ok()
        }
        Mode::Echo => {
            let head =
                "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";
            stream.write_all(head.as_bytes()).await.ok()?;
            let mut bytes = [0; 1024];
            loop {
                let count = stream.read(&mut bytes).await.ok().filter(|it| *it > 0)?;
                stream.write_all(&bytes[..count]).await.ok()?;
            }
        }
    }
}

/// Reads a request with its body; answers its head.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|it| it == b"\r\n\r\n") {
            break end + 4;
        }
        stream.read_buf(&mut bytes).await.ok().filter(|it| *it > 0)?;
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let length = head.lines().find_map(|it| it.strip_prefix("content-length: "));
    let length: usize = length.map_or(0, |it| it.parse().unwrap());
    while bytes.len() < end + length {
        stream.read_buf(&mut bytes).await.ok().filter(|it| *it > 0)?;
    }
    Some(head)
}
