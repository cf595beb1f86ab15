//! The socket that waits for clients: how an address is taken, and how it is given up without
//! losing who is already on the way.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use thiserror::Error;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// Connections the system may hold ready before they are accepted.
const BACKLOG: u32 = 4096;
/// How long clients of other machines have to finish a handshake they have begun.
const LAST_HANDSHAKES: Duration = Duration::from_millis(100);

/// An address that was taken.
#[derive(Debug)]
pub struct Listener {
    state: State,
    shared: bool,
}

#[derive(Debug)]
enum State {
    /// Clients can connect, and wait until they are accepted.
    Open(TcpListener),
    /// Nobody is sent here yet.
    Reserved(TcpSocket),
}

/// Why an address cannot be listened on.
#[derive(Debug, Error)]
pub enum ListenError {
    #[error("{0:?} is not an address to listen on; write it like 127.0.0.1:8080 or [::]:8080")]
    NoAddress(String),
    #[error("{0:?} resolves to no address")]
    Unresolved(String),
    #[error("cannot listen on {address}: {}", why(source, *shared))]
    Refused { address: SocketAddr, shared: bool, source: io::Error },
}

/// What the system refuses, in the words of who wants to listen.
fn why(error: &io::Error, shared: bool) -> String {
    let reason = match error.kind() {
        ErrorKind::AddrInUse if shared => "another program uses it and does not share it",
        ErrorKind::AddrInUse => "another program uses it",
        ErrorKind::PermissionDenied => "ports below 1024 need more rights",
        ErrorKind::AddrNotAvailable => "this machine has no such address",
        _ => return error.to_string(),
    };
    reason.to_owned()
}

/// Takes an address such as `127.0.0.1:8080`.
///
/// One that is `shared` can be taken by several processes of one user that all share it: the
/// system spreads new connections over those that serve. That is how a shop is replaced without a
/// pause. Nobody is sent here before [`Listener::listen`] or [`serve`](super::serve). One that is
/// not shared is held against everybody from now on.
pub async fn bind(address: &str, shared: bool) -> Result<Listener, ListenError> {
    let resolved = tokio::net::lookup_host(address).await;
    let mut resolved = resolved.map_err(|_| ListenError::NoAddress(address.to_owned()))?;
    let first = resolved.next();
    let address = first.ok_or_else(|| ListenError::Unresolved(address.to_owned()))?;
    Listener::take(address, shared).map_err(|source| ListenError::Refused {
        address,
        shared,
        source,
    })
}

impl Listener {
    fn take(address: SocketAddr, shared: bool) -> io::Result<Self> {
        if !shared {
            // Else a restart waits for the connections of the process before to be forgotten.
            let socket = socket(address, true, false)?;
            return Ok(Self { state: State::Open(socket.listen(BACKLOG)?), shared });
        }
        // What is reserved with SO_REUSEADDR could be taken by another before it is listened to.
        let reserved = socket(address, false, true);
        let reserved = reserved.or_else(|error| match error.kind() {
            ErrorKind::AddrInUse => socket(address, true, true),
            _ => Err(error),
        });
        Ok(Self { state: State::Reserved(reserved?), shared })
    }

    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match &self.state {
            State::Open(listener) => listener.local_addr(),
            State::Reserved(socket) => socket.local_addr(),
        }
    }

    /// Lets clients connect, also where the address is shared. They wait until it is served.
    pub fn listen(self) -> io::Result<Self> {
        let Open { listener, shared } = self.open()?;
        Ok(Self { state: State::Open(listener), shared })
    }

    pub(super) fn open(self) -> io::Result<Open> {
        let listener = match self.state {
            State::Open(listener) => listener,
            State::Reserved(socket) => socket.listen(BACKLOG)?,
        };
        Ok(Open { listener, shared: self.shared })
    }
}

fn socket(address: SocketAddr, again: bool, shared: bool) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(again)?;
    socket.set_reuseport(shared)?;
    socket.bind(address)?;
    Ok(socket)
}

/// A listener that clients can connect to.
pub(super) struct Open {
    listener: TcpListener,
    shared: bool,
}

impl Open {
    pub(super) async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        self.listener.accept().await
    }

    /// Stops listening. A client that is connected already, if only in the system's queue, is
    /// passed to `enter`: closing the socket would cut them off.
    pub(super) async fn close(self, mut enter: impl FnMut(TcpStream, SocketAddr)) {
        if self.shared {
            self.refuse_handshakes();
            let far = self.listener.local_addr().is_ok_and(|it| !it.ip().is_loopback());
            // On one machine a handshake is over at once.
            let waiting = async {
                while far && let Ok((stream, peer)) = self.listener.accept().await {
                    enter(stream, peer);
                }
            };
            let _ = tokio::time::timeout(LAST_HANDSHAKES, waiting).await;
        }
        // The system is asked itself: the runtime may not have heard of the newest yet.
        let Ok(listener) = self.listener.into_std() else { return };
        while let Ok((stream, peer)) = listener.accept() {
            let stream = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream));
            if let Ok(stream) = stream {
                enter(stream, peer);
            }
        }
    }

    /// Lets no new handshake begin here. Its first packet is dropped rather than refused: the
    /// client sends it again after a second, and then it reaches the process that shares the
    /// address.
    fn refuse_handshakes(&self) {
        #[cfg(target_os = "linux")]
        {
            use socket2::{SockFilter, SockRef};
            // Classic BPF, of which the packet begins with the TCP header: drop what has SYN set
            // and ACK not, keep the rest.
            const FLAGS: u32 = 13;
            const SYN: u32 = 0x02;
            const SYN_AND_ACK: u32 = 0x12;
            let filter = [
                SockFilter::new(0x30, 0, 0, FLAGS),
                SockFilter::new(0x54, 0, 0, SYN_AND_ACK),
                SockFilter::new(0x15, 0, 1, SYN),
                SockFilter::new(0x06, 0, 0, 0),
                SockFilter::new(0x06, 0, 0, u32::MAX),
            ];
            if let Err(error) = SockRef::from(&self.listener).attach_filter(&filter) {
                tracing::debug!(%error, "clients may be refused while this address is being released");
            }
        }
    }
}
