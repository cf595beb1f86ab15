//! A mail server that accepts everything and keeps or counts it, for tests and benchmarks. It speaks
//! as much of SMTP (RFC 5321) as a client that sends needs, without TLS and authentication.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A running server. It ends with its runtime.
#[derive(Clone, Debug)]
pub struct MailSink {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    mails: Mutex<Vec<Mail>>,
    count: AtomicUsize,
    keep: bool,
    open: watch::Sender<bool>,
}

/// A mail as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The address it was sent to.
    pub to: String,
    /// Headers and body, with `\r\n` at the end of lines.
    pub source: String,
}

impl MailSink {
    /// A server on a free port of this machine that keeps what arrives.
    pub async fn start() -> io::Result<Self> {
        Self::serve(true).await
    }

    /// One that only counts what arrives.
    pub async fn counting() -> io::Result<Self> {
        Self::serve(false).await
    }

    async fn serve(keep: bool) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (open, _) = watch::channel(true);
        let state = State { mails: Mutex::default(), count: AtomicUsize::new(0), keep, open };
        let sink = Self { address, state: Arc::new(state) };
        let state = sink.state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // One that breaks off is its own concern.
                tokio::spawn(serve(stream, state.clone()));
            }
        });
        Ok(sink)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Everything that has arrived, in the order in which it did.
    pub fn mails(&self) -> Vec<Mail> {
        self.state.mails.lock().clone()
    }

    /// How much has arrived.
    pub fn count(&self) -> usize {
        self.state.count.load(Ordering::SeqCst)
    }

    /// Lets clients wait for the server's greeting, and those that have had it for the answer to
    /// their mail, until [`MailSink::resume`].
    pub fn pause(&self) {
        self.state.open.send_replace(false);
    }

    pub fn resume(&self) {
        self.state.open.send_replace(true);
    }
}

impl Mail {
    /// The value of a header, on one line.
    pub fn header(&self, name: &str) -> Option<String> {
        let head =
            self.source.split("\r\n\r\n").next()?.replace("\r\n ", " ").replace("\r\n\t", " ");
        head.split("\r\n").find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    }

    /// The whole mail with the soft line breaks and escapes of quoted-printable undone, to look for
    /// something in it.
    pub fn text(&self) -> String {
        let joined = self.source.replace("=\r\n", "");
        let (mut text, mut rest) = (Vec::new(), joined.as_bytes());
        while let [first, others @ ..] = rest {
            let code = others.get(..2).and_then(|it| std::str::from_utf8(it).ok());
            let byte = code.and_then(|it| u8::from_str_radix(it, 16).ok());
            match byte.filter(|_| *first == b'=') {
                Some(byte) => {
                    text.push(byte);
                    rest = &others[2..];
                }
                None => {
                    text.push(*first);
                    rest = others;
                }
            }
        }
        String::from_utf8_lossy(&text).into_owned()
    }
}

async fn serve(stream: TcpStream, state: Arc<State>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    opened(&state).await;
    stream.write_all(b"220 mail-sink ready\r\n").await?;
    let (mut line, mut to) = (String::new(), String::new());
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let command = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let answer: &[u8] = match &*command {
            "EHLO" => b"250-mail-sink\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n",
            "RCPT" => {
                to = between(&line, '<', '>').to_owned();
                b"250 OK\r\n"
            }
            "DATA" => {
                stream.write_all(b"354 go ahead\r\n").await?;
                let source = body(&mut stream).await?;
                if state.keep {
                    state.mails.lock().push(Mail { to: to.clone(), source });
                }
                state.count.fetch_add(1, Ordering::SeqCst);
                opened(&state).await;
                b"250 OK: queued as 1\r\n"
            }
            "QUIT" => {
                stream.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            "HELO" | "MAIL" | "NOOP" | "RSET" => b"250 OK\r\n",
            _ => b"502 not known\r\n",
        };
        stream.write_all(answer).await?;
    }
}

async fn opened(state: &State) {
    // The sender lives as long as the state does.
    let _ = state.open.subscribe().wait_for(|open| *open).await;
}

/// A mail up to the line with only a dot, without the dots that were put before others.
async fn body(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut body = Vec::new();
    loop {
        let mut line = Vec::new();
        if stream.read_until(b'\n', &mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match &*line {
            b".\r\n" => return Ok(String::from_utf8_lossy(&body).into_owned()),
            [b'.', rest @ ..] => body.extend_from_slice(rest),
            line => body.extend_from_slice(line),
        }
    }
}

fn between(text: &str, before: char, after: char) -> &str {
    let rest = text.split_once(before).map_or("", |it| it.1);
    rest.split_once(after).map_or("", |it| it.0)
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    async fn talk(sink: &MailSink, said: &[u8]) -> io::Result<String> {
        let mut stream = TcpStream::connect(sink.address()).await?;
        stream.write_all(said).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    }

    #[tokio::test]
    async fn a_mail_is_kept_as_it_was_sent() -> io::Result<()> {
        let sink = MailSink::start().await?;
        let said = "EHLO me\r\nMAIL FROM:<a@shop.example>\r\nRCPT TO:<ada@example.com>\r\nDATA\r\n\
                    Subject: Hello\r\n you\r\nMessage-ID: <1@shop>\r\n\r\nG=C3=BCn=\r\nther\r\n..\r\n.\r\n\
                    QUIT\r\n";
        let answers = talk(&sink, said.as_bytes()).await?;
        assert!(
            answers.ends_with("354 go ahead\r\n250 OK: queued as 1\r\n221 bye\r\n"),
            "{answers}"
        );
        let mail = sink.mails().remove(0);
        assert_eq!((&*mail.to, sink.count()), ("ada@example.com", 1));
        assert_eq!(mail.header("subject").as_deref(), Some("Hello you"));
        assert!(mail.text().ends_with("\r\n\r\nGünther\r\n.\r\n"), "{}", mail.text());
        Ok(())
    }
}
