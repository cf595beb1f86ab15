//! A strict eye on how HTTP/1 requests are told apart on a connection.
//!
//! hyper accepts what RFC 9112 lets a server accept: a length beside chunks, a length said twice.
//! A proxy in front that reads such a request otherwise would take the rest of it for the next
//! one's beginning (request smuggling). So it is refused: the last byte of its head is replaced by
//! one that no head may have, to which hyper answers 400 and closes. What follows is not passed on.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::connection::Link;

/// A connection whose requests are looked at.
pub(super) struct Framed<S> {
    stream: S,
    link: Arc<Link>,
    framing: Framing,
    /// Whether the end of a refused head was passed on.
    ended: bool,
}

impl<S> Framed<S> {
    pub(super) fn new(stream: S, link: Arc<Link>) -> Self {
        Self { stream, link, framing: Framing::default(), ended: false }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Framed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.framing.at == At::Refused && !this.ended && buf.remaining() >= END.len() {
            // hyper does not look at a head before its end.
            buf.put_slice(END);
            this.ended = true;
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(cx, buf))?;
        let new = &mut buf.filled_mut()[before..];
        if !new.is_empty() && !this.link.is_upgraded() {
            this.framing.look(new);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Framed<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

const END: &[u8] = b"\n\n";

/// What is kept of a line that has not ended; the rest of a longer one does not matter.
const KEPT: usize = 64;

/// Where in the stream of requests the connection is.
#[derive(Debug, Default)]
struct Framing {
    at: At,
    /// The beginning of the present line.
    line: Vec<u8>,
    head: Head,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    /// Before the first line of a request.
    #[default]
    Start,
    Headers,
    /// So many bytes of a body are to come.
    Body(u64),
    ChunkSize,
    /// A chunk and the line end after it.
    Chunk(u64),
    ChunkEnd,
    Trailers,
    /// Nothing is looked at any more: HTTP/2, or what hyper refuses by itself.
    Over,
    Refused,
}

/// What the head of a request says about itself.
#[derive(Clone, Copy, Debug, Default)]
struct Head {
    is_http_11: bool,
    hosts: u8,
    lengths: u8,
    length: u64,
    codings: u8,
    is_wrong: bool,
}

impl Head {
    fn is_ambiguous(self) -> bool {
        let bodies = self.lengths.saturating_add(self.codings);
        let hosts = if self.is_http_11 { self.hosts != 1 } else { self.hosts > 1 };
        self.is_wrong || bodies > 1 || hosts
    }
}

impl Framing {
    /// Follows what came; spoils a head that must not be believed.
    fn look(&mut self, bytes: &mut [u8]) {
        let mut place = 0;
        while place < bytes.len() {
            let rest = &bytes[place..];
            match self.at {
                At::Over => return,
                At::Refused => {
                    bytes[place..].fill(0);
                    return;
                }
                At::Body(left) => {
                    let taken = left.min(rest.len() as u64);
                    place += taken as usize;
                    self.at = if left == taken { At::Start } else { At::Body(left - taken) };
                }
                At::Chunk(left) => {
                    let taken = left.min(rest.len() as u64);
                    place += taken as usize;
                    self.at = if left == taken { At::ChunkEnd } else { At::Chunk(left - taken) };
                }
                _ => {
                    let end = rest.iter().position(|it| *it == b'\n');
                    let part = &rest[..end.unwrap_or(rest.len())];
                    let room = KEPT.saturating_sub(self.line.len());
                    self.line.extend_from_slice(&part[..part.len().min(room)]);
                    place += part.len();
                    if end.is_none() {
                        return;
                    }
                    let mut line = std::mem::take(&mut self.line);
                    self.at = self.after(line.strip_suffix(b"\r").unwrap_or(&line));
                    line.clear();
                    self.line = line;
                    if self.at != At::Refused {
                        place += 1;
                    }
                }
            }
        }
        if self.at == At::Start && self.line.is_empty() {
            // A connection that waits keeps no memory for it.
            self.line = Vec::new();
        }
    }

    /// What comes after a line.
    fn after(&mut self, line: &[u8]) -> At {
        match self.at {
            // hyper skips empty lines before a request.
            At::Start if line.is_empty() => At::Start,
            At::Start if line.starts_with(b"PRI * HTTP/2") => At::Over,
            At::Start => {
                // A line that is longer than what is kept of it says its version too late to be
                // seen, and almost all are of 1.1.
                let is_http_11 = line.len() + 1 >= KEPT || !line.ends_with(b"HTTP/1.0");
                self.head = Head { is_http_11, ..Head::default() };
                At::Headers
            }
            At::Headers if line.is_empty() => self.body(),
            At::Headers => {
                self.header(line);
                At::Headers
            }
            At::ChunkSize => match chunk_size(line) {
                Some(0) => At::Trailers,
                Some(size) => At::Chunk(size),
                None => At::Refused,
            },
            At::ChunkEnd if line.is_empty() => At::ChunkSize,
            At::ChunkEnd => At::Refused,
            At::Trailers if line.is_empty() => At::Start,
            other => other,
        }
    }

    /// What follows the head.
    fn body(&self) -> At {
        match self.head {
            head if head.is_ambiguous() => At::Refused,
            Head { codings: 1, .. } => At::ChunkSize,
            Head { length: 0, .. } => At::Start,
            Head { length, .. } => At::Body(length),
        }
    }

    fn header(&mut self, line: &[u8]) {
        let Some(colon) = line.iter().position(|it| *it == b':') else { return };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        let head = &mut self.head;
        if name.eq_ignore_ascii_case(b"host") {
            head.hosts = head.hosts.saturating_add(1);
        } else if name.eq_ignore_ascii_case(b"content-length") {
            head.lengths = head.lengths.saturating_add(1);
            match number(value, 10) {
                Some(length) => head.length = length,
                None => head.is_wrong = true,
            }
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            head.codings = head.codings.saturating_add(1);
            head.is_wrong |= !value.eq_ignore_ascii_case(b"chunked") || !head.is_http_11;
        }
    }
}

/// The size in the line before a chunk; what is said after it does not count.
fn chunk_size(line: &[u8]) -> Option<u64> {
    let size = line.split(|it| *it == b';').next().unwrap_or_default();
    number(size.trim_ascii_end(), 16)
}

/// Digits and nothing else.
fn number(text: &[u8], radix: u32) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?;
    let digits = text.bytes().all(|it| char::from(it).is_digit(radix));
    (digits && !text.is_empty()).then(|| u64::from_str_radix(text, radix).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether these bytes pass, in pieces of every size.
    fn passes(bytes: &str) -> bool {
        let verdicts: Vec<bool> = [1, 2, 3, 7, bytes.len()]
            .into_iter()
            .map(|size| {
                let mut framing = Framing::default();
                let mut seen = Vec::new();
                for piece in bytes.as_bytes().chunks(size) {
                    let mut piece = piece.to_vec();
                    framing.look(&mut piece);
                    seen.extend(piece);
                }
                assert_eq!(framing.at == At::Refused, seen != bytes.as_bytes(), "{bytes:?}");
                framing.at != At::Refused
            })
            .collect();
        assert!(verdicts.iter().all(|it| *it == verdicts[0]), "{bytes:?}: {verdicts:?}");
        verdicts[0]
    }

    #[test]
    fn a_request_that_can_be_read_in_one_way_passes() {
        for request in [
            "GET / HTTP/1.1\r\nhost: a\r\n\r\n",
            "\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n",
            "GET / HTTP/1.0\r\n\r\n",
            "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: Chunked\r\n\r\n\
             3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nt: u\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n",
            "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 44\r\n\r\n\
             content-length: 1\r\ncontent-length: 2\r\n\r\n12345",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nhost: a\r\nhost: b\r\n\r\n",
        ] {
            assert!(passes(request), "{request:?}");
        }
    }

    #[test]
    fn a_request_that_can_be_read_in_two_ways_is_spoiled() {
        for headers in [
            "content-length: 3\r\ntransfer-encoding: chunked",
            "transfer-encoding: chunked\r\nContent-Length: 3",
            "content-length: 3\r\ncontent-length: 3",
            "content-length: 3\r\nx: y\r\nCONTENT-LENGTH: 4",
            "content-length: +3",
            "content-length: 3, 3",
            "content-length: 0x3",
            "content-length:",
            "transfer-encoding: chunked\r\ntransfer-encoding: chunked",
            "transfer-encoding: gzip, chunked",
            "transfer-encoding: xchunked",
            "transfer-encoding: identity",
            "host: b",
        ] {
            let request = format!("POST / HTTP/1.1\r\nhost: a\r\n{headers}\r\n\r\nabc");
            assert!(!passes(&request), "{headers:?}");
            let second = format!("GET / HTTP/1.1\r\nhost: a\r\n\r\n{request}");
            assert!(!passes(&second), "{headers:?}");
        }
        assert!(!passes("GET / HTTP/1.1\r\n\r\n"), "no host");
        assert!(!passes("POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n"));
    }

    #[test]
    fn chunks_that_are_none_are_spoiled() {
        let head = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
        for chunks in
            ["x\r\n", "-1\r\n", "\r\n", "3\r\nabcd\r\n", "fffffffffffffffff\r\n", " 1\r\n"]
        {
            assert!(!passes(&format!("{head}{chunks}")), "{chunks:?}");
        }
    }
}
