//! A client that costs little: one kept connection, requests that are ready-made bytes, and
//! answers of a known length.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// A kept connection.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

/// What came back.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    pub status: u16,
    pub body: &'a [u8],
}

/// The head of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    /// Where the body begins.
    body: usize,
    length: usize,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::with_capacity(64 * 1024) })
    }

    /// Connects from an address of this machine, with little memory: one of very many.
    pub async fn open_from(source: Ipv4Addr, address: SocketAddr) -> Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((source, 0).into())?;
        let stream = socket.connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::with_capacity(4 * 1024) })
    }

    /// Sends a request and waits for its answer.
    pub async fn ask(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.received.clear();
        let mut head = None;
        let (status, body) = loop {
            if head.is_none() {
                head = Head::read(&self.received)?;
            }
            if let Some(Head { status, body, length }) = head
                && self.received.len() >= body + length
            {
                break (status, body..body + length);
            }
            let read = self.stream.read_buf(&mut self.received).await?;
            ensure!(read > 0, "the server closed the connection");
        };
        Ok(Answer { status, body: &self.received[body] })
    }
}

impl Head {
    /// Nothing while it is not complete.
    fn read(received: &[u8]) -> Result<Option<Self>> {
        let Some(end) = received.windows(4).position(|it| it == b"\r\n\r\n") else {
            return Ok(None);
        };
        let mut lines = received[..end].split(|it| *it == b'\n');
        let status = lines.next().and_then(|it| it.get(9..12));
        let status = status.and_then(|it| std::str::from_utf8(it).ok()?.parse().ok());
        let status: u16 = status.context("this is no HTTP answer")?;
        let Some(length) = lines.find_map(length) else {
            bail!("an answer with status {status} does not tell its length")
        };
        Ok(Some(Self { status, body: end + 4, length }))
    }
}

fn length(line: &[u8]) -> Option<usize> {
    const NAME: &[u8] = b"content-length:";
    let (name, value) = line.split_at_checked(NAME.len())?;
    name.eq_ignore_ascii_case(NAME).then_some(())?;
    std::str::from_utf8(value).ok()?.trim().parse().ok()
}

/// A request for a path.
pub fn get(path: &str) -> Bytes {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\naccept: application/json\r\n\r\n").into()
}

/// A request that may be repeated, with a body in JSON.
pub fn post(path: &str, key: &str, body: &str) -> Bytes {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\naccept: application/json\r\n\
         content-type: application/json\r\nidempotency-key: {key}\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .into()
}

/// The JSON at a path, which must be there.
pub async fn read(address: SocketAddr, path: &str) -> Result<serde_json::Value> {
    Ok(serde_json::from_slice(&read_bytes(address, path).await?)?)
}

/// The bytes at a path, which must be there.
pub async fn read_bytes(address: SocketAddr, path: &str) -> Result<Bytes> {
    let mut connection = Connection::open(address).await?;
    let answer = connection.ask(&get(path)).await?;
    let status = answer.status;
    ensure!(status == 200, "GET {path}: {status} {}", String::from_utf8_lossy(answer.body));
    Ok(Bytes::copy_from_slice(answer.body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_complete() {
        let answer = b"HTTP/1.1 201 Created\r\nserver: x\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(Head::read(&answer[..40]).unwrap(), None);
        let head = Head { status: 201, body: answer.len() - 2, length: 2 };
        assert_eq!(Head::read(answer).unwrap(), Some(head));
    }

    #[test]
    fn an_answer_of_unknown_length_is_an_error() {
        let answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        assert!(Head::read(answer).unwrap_err().to_string().contains("length"));
        assert!(Head::read(b"nonsense\r\n\r\n").is_err());
    }
}
