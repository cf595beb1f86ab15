//! A strict eye on how HTTP/1 requests are told apart on a connection.
//!
//! hyper accepts what RFC 9112 lets a server accept: a length beside chunks, a length said twice, a
//! line that ends without a carriage return. A proxy in front that reads such a request otherwise
//! would take the rest of it for the next one's beginning (request smuggling). So it is refused:
//! the end of its line is replaced by a byte that may not be there, to which hyper answers 400 and
//! closes. What follows is not passed on.
//!
//! Nothing a client sends ends the watch: HTTP/2 is what begins with its preface in the
//! connection's first bytes, as hyper decides it too, and everything else is HTTP/1 to its end. A
//! property test holds this reading against hyper's own.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::connection::ConnectionState;

/// A connection whose requests are looked at.
pub(super) struct Framed<S> {
    stream: S,
    link: Arc<ConnectionState>,
    framing: Framing,
    /// Whether the end of a refused head was passed on.
    ended: bool,
}

impl<S> Framed<S> {
    pub(super) fn new(stream: S, link: Arc<ConnectionState>) -> Self {
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
        if this.framing.at == At::Refused {
            // hyper does not look at a head before its end, and a body may want more than came.
            if !this.ended && buf.remaining() >= END.len() {
                buf.put_slice(END);
                this.ended = true;
            }
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

/// What is passed on after a refused line; after it the connection seems closed.
const END: &[u8] = b"\n\n";
/// What a connection of HTTP/2 begins with.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// What is kept of a line that has not ended. Lines that are read for their meaning are refused if
/// they are longer, so this is more than a host or a number ever needs.
const KEPT: usize = 512;
/// Digits of a length or the size of a chunk: none that can be sent needs more.
const MAX_DIGITS: usize = 20;

/// Where in the stream of requests the connection is.
#[derive(Debug, Default)]
struct Framing {
    at: At,
    /// The present line as far as it is kept: the end of a request's first, which says its version,
    /// and the beginning of any other.
    line: Vec<u8>,
    /// Whether the present line is longer than what is kept.
    cut: bool,
    /// Its last byte so far.
    last: u8,
    head: Head,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// In the first bytes of the connection, so many of which are those of HTTP/2.
    Preface(usize),
    /// Before the first line of a request.
    Start,
    Headers,
    /// So many bytes of a body are to come.
    Body(u64),
    ChunkSize,
    /// A chunk and the line end after it.
    Chunk(u64),
    ChunkEnd,
    Trailers,
    /// HTTP/2: nothing is looked at any more.
    Http2,
    Refused,
}

impl Default for At {
    fn default() -> Self {
        Self::Preface(0)
    }
}

/// What the head of a request says about its body.
#[derive(Clone, Copy, Debug, Default)]
struct Head {
    is_http_11: bool,
    lengths: u8,
    length: u64,
    codings: u8,
}

impl Framing {
    /// Follows what came; spoils a line that must not be believed.
    fn look(&mut self, bytes: &mut [u8]) {
        let mut place = self.preface(bytes);
        while place < bytes.len() {
            let rest = &bytes[place..];
            match self.at {
                At::Http2 => return,
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
                    self.keep(&rest[..end.unwrap_or(rest.len())]);
                    place += end.unwrap_or(rest.len());
                    if end.is_none() {
                        return;
                    }
                    self.end_line();
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

    /// Passes what may become the preface of HTTP/2; returns how many bytes that are.
    fn preface(&mut self, bytes: &[u8]) -> usize {
        let At::Preface(seen) = self.at else { return 0 };
        let same = PREFACE[seen..].iter().zip(bytes).take_while(|(a, b)| a == b).count();
        let begun = &PREFACE[..seen + same];
        self.at = match () {
            () if begun.len() == PREFACE.len() => At::Http2,
            () if same == bytes.len() => At::Preface(begun.len()),
            // HTTP/1, in which no first line says this.
            () if begun.contains(&b'\n') => At::Refused,
            () => {
                self.line.extend_from_slice(begun);
                At::Start
            }
        };
        same
    }

    fn keep(&mut self, part: &[u8]) {
        self.last = part.last().copied().unwrap_or(self.last);
        if self.at == At::Start {
            let part = &part[part.len().saturating_sub(KEPT)..];
            let over = (self.line.len() + part.len()).saturating_sub(KEPT);
            self.line.drain(..over);
            self.line.extend_from_slice(part);
        } else {
            let room = KEPT - self.line.len();
            self.cut |= part.len() > room;
            self.line.extend_from_slice(&part[..part.len().min(room)]);
        }
    }

    fn end_line(&mut self) {
        let mut line = std::mem::take(&mut self.line);
        let (cut, last) = (std::mem::take(&mut self.cut), std::mem::take(&mut self.last));
        self.at = match last {
            b'\r' => self.after(line.strip_suffix(b"\r").unwrap_or(&line), cut),
            // hyper takes this for the end of a line in some places, and others for a part of it.
            _ => At::Refused,
        };
        line.clear();
        self.line = line;
    }

    /// What comes after a line.
    fn after(&mut self, line: &[u8], cut: bool) -> At {
        if line.contains(&b'\r') {
            return At::Refused;
        }
        match self.at {
            // hyper skips empty lines before a request.
            At::Start if line.is_empty() => At::Start,
            At::Start => {
                let is_http_11 = line.ends_with(b" HTTP/1.1");
                self.head = Head { is_http_11, ..Head::default() };
                if is_http_11 || line.ends_with(b" HTTP/1.0") { At::Headers } else { At::Refused }
            }
            At::Headers if line.is_empty() => self.body(),
            At::Headers => self.header(line, cut).map_or(At::Refused, |()| At::Headers),
            At::ChunkSize if !cut => match chunk_size(line) {
                Some(0) => At::Trailers,
                Some(size) => At::Chunk(size),
                None => At::Refused,
            },
            At::ChunkEnd if line.is_empty() => At::ChunkSize,
            At::Trailers if line.is_empty() => At::Start,
            At::Trailers => At::Trailers,
            _ => At::Refused,
        }
    }

    /// What follows the head.
    fn body(&self) -> At {
        match self.head {
            Head { lengths, codings, .. } if lengths.saturating_add(codings) > 1 => At::Refused,
            Head { codings: 1, .. } => At::ChunkSize,
            Head { length: 0, .. } => At::Start,
            Head { length, .. } => At::Body(length),
        }
    }

    /// Reads a line of the head; none where it must not be believed.
    fn header(&mut self, line: &[u8], cut: bool) -> Option<()> {
        let colon = line.iter().position(|it| *it == b':')?;
        let (name, value) = (&line[..colon], trim(&line[colon + 1..]));
        let head = &mut self.head;
        if name.eq_ignore_ascii_case(b"content-length") {
            head.lengths = head.lengths.saturating_add(1);
            head.length = number(value, 10).filter(|_| !cut)?;
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            head.codings = head.codings.saturating_add(1);
            let chunked = value.eq_ignore_ascii_case(b"chunked");
            return (chunked && !cut && head.is_http_11).then_some(());
        }
        Some(())
    }
}

/// Without the blanks around it, as hyper understands blanks.
fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// The size in the line before a chunk; what is said after it does not count.
fn chunk_size(line: &[u8]) -> Option<u64> {
    let size = line.split(|it| *it == b';').next().unwrap_or_default();
    if size.first().is_some_and(|it| b" \t".contains(it)) {
        return None;
    }
    number(trim(size), 16)
}

/// Digits and nothing else, and not too many of them.
fn number(text: &[u8], radix: u32) -> Option<u64> {
    let text = std::str::from_utf8(text).ok().filter(|it| (1..=MAX_DIGITS).contains(&it.len()))?;
    let digits = text.bytes().all(|it| char::from(it).is_digit(radix));
    digits.then(|| u64::from_str_radix(text, radix).ok())?
}

#[cfg(test)]
mod tests;
