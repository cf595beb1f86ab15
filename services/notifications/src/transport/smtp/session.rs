//! One connection to a mail server, step by step, so that it is known how far a message got.

use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Noop, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::Response;
use tokio::time::{Instant, timeout, timeout_at};

use super::config::Encryption;
use super::failure::{Failure, Reply, Stage};

/// Bytes of a message that are written at a time.
const CHUNK: usize = 16 * 1024;
/// How long the server may take to answer when a session is tidied up.
const TIDY: Duration = Duration::from_secs(3);
/// How long an address of the server may take to connect, where it has several.
const CONNECT: Duration = Duration::from_secs(10);

/// The server, and how the shop logs in there.
pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) encryption: Encryption,
    pub(super) tls: TlsParameters,
    pub(super) hello: ClientId,
    pub(super) mechanisms: Vec<Mechanism>,
    /// None: it takes mail without a login.
    pub(super) credentials: Option<Credentials>,
}

/// A connection on which messages can be sent, one after the other.
pub(super) struct Session(AsyncSmtpConnection);

impl Session {
    /// Connects, encrypts and logs in.
    pub(super) async fn open(server: &Server, deadline: Instant) -> Result<Self, Failure> {
        let address = (server.host.as_str(), server.port);
        let tls = (server.encryption == Encryption::Tls).then(|| server.tls.clone());
        let connect =
            AsyncSmtpConnection::connect_tokio1(address, Some(CONNECT), &server.hello, tls, None);
        let mut connection = step(Stage::Connect, deadline, connect).await?;
        if server.encryption == Encryption::Starttls {
            if !connection.can_starttls() {
                return Err(Failure::NoStarttls);
            }
            let upgrade = connection.starttls(server.tls.clone(), &server.hello);
            step(Stage::Starttls, deadline, upgrade).await?;
        }
        if let Some(credentials) = &server.credentials {
            if connection.server_info().get_auth_mechanism(&server.mechanisms).is_none() {
                return Err(Failure::NoMechanism);
            }
            step(Stage::Login, deadline, connection.auth(&server.mechanisms, credentials)).await?;
        }
        Ok(Self(connection))
    }

    /// Hands over a message. The server has `patience` for its first answer, which a connection
    /// that has been idle may not get any more.
    pub(super) async fn send(
        &mut self,
        envelope: &Envelope,
        mail: &[u8],
        deadline: Instant,
        patience: Duration,
    ) -> Result<Response, Failure> {
        let options = self.options(envelope, mail)?;
        let connection = &mut self.0;
        let from = connection.command(Mail::new(envelope.from().cloned(), options));
        let first = deadline.min(Instant::now() + patience);
        step(Stage::Sender, first, from).await?;
        for to in envelope.to() {
            let to = connection.command(Rcpt::new(to.clone(), vec![]));
            step(Stage::Recipient, deadline, to).await?;
        }
        step(Stage::Data, deadline, connection.command(Data)).await?;
        let mut complete = false;
        let chunks = Chunks { rest: mail, complete: &mut complete };
        let sent = timeout_at(deadline, connection.message_iter(chunks)).await;
        // Until the end has been sent, the server has no message.
        let stage = if complete { Stage::Answer } else { Stage::Body };
        outcome(stage, sent)
    }

    fn options(&self, envelope: &Envelope, mail: &[u8]) -> Result<Vec<MailParameter>, Failure> {
        let supports = |it| self.0.server_info().supports_feature(it);
        let mut options = vec![];
        let addresses = envelope.from().into_iter().chain(envelope.to());
        if addresses.into_iter().any(|it| !AsRef::<str>::as_ref(it).is_ascii()) {
            if !supports(Extension::SmtpUtfEight) {
                return Err(Failure::NoSmtpUtf8);
            }
            options.push(MailParameter::SmtpUtfEight);
        }
        if !mail.is_ascii() && supports(Extension::EightBitMime) {
            options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        Ok(options)
    }

    /// Whether the session can go on after the server refused a message.
    pub(super) async fn reset(&mut self) -> bool {
        matches!(timeout(TIDY, self.0.command(Rset)).await, Ok(Ok(_)))
    }

    /// Whether the server takes commands.
    pub(super) async fn probe(&mut self, deadline: Instant) -> Result<(), Failure> {
        step(Stage::Probe, deadline, self.0.command(Noop)).await.map(drop)
    }

    pub(super) async fn quit(mut self) {
        let _ = timeout(TIDY, self.0.quit()).await;
    }

    /// How the shop has logged in, of these ways.
    pub(super) fn mechanism(&self, of: &[Mechanism]) -> Option<Mechanism> {
        self.0.server_info().get_auth_mechanism(of)
    }
}

async fn step<T>(
    stage: Stage,
    deadline: Instant,
    command: impl Future<Output = Result<T, Error>>,
) -> Result<T, Failure> {
    outcome(stage, timeout_at(deadline, command).await)
}

fn outcome<T, Late>(stage: Stage, result: Result<Result<T, Error>, Late>) -> Result<T, Failure> {
    match result {
        Ok(Ok(it)) => Ok(it),
        Ok(Err(error)) => Err(Reply::of(&error).map_or_else(
            || Failure::Broken(stage, super::failure::Cause::of(&error)),
            |reply| Failure::Refused(stage, reply),
        )),
        Err(_) => Err(Failure::Late(stage)),
    }
}

/// A message in pieces, which notes that all of them have been written.
struct Chunks<'a> {
    rest: &'a [u8],
    complete: &'a mut bool,
}

impl<'a> Iterator for Chunks<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            *self.complete = true;
            return None;
        }
        let (chunk, rest) = self.rest.split_at(CHUNK.min(self.rest.len()));
        self.rest = rest;
        Some(chunk)
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}
