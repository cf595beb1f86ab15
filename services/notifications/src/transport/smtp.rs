//! E-mail by SMTP: the shop hands its messages to a mail server, which delivers them.
//!
//! [`session`] is one connection, [`pool`] keeps several, [`message`] writes the e-mail, [`failure`]
//! says what an answer means.

mod config;
mod dkim;
mod failure;
mod message;
mod pool;
mod session;

use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chassis::clock::Clock;
use chassis::config::SettingError;
use futures::future::BoxFuture;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use tokio::time::Instant;

pub use config::{Authentication, Encryption, SmtpConfig};
#[cfg(test)]
pub(crate) use dkim::ED25519;
pub(crate) use message::signing;

use super::{Accepted, DeliveryError, OutgoingMessage, Provider, Setup, Transport};
use crate::config::MAX_TIMEOUT;
use failure::{Failure, ReasonContext};
use message::{Composer, Mail};
use pool::Pool;
use session::{Server, Session};

/// A mail server.
pub(crate) struct Smtp {
    server: Server,
    pool: Pool,
    composer: Composer,
    clock: Clock,
    /// For one message, once there is a connection free for it.
    timeout: Duration,
    per_minute: u32,
    /// Host and port.
    name: String,
    /// What no text for staff may show.
    secrets: Vec<String>,
}

impl Smtp {
    pub(crate) fn new(setup: &Setup<'_>) -> Result<Self, SettingError> {
        let config = &setup.config.smtp;
        let composer = Composer::new(config, setup.shop)?;
        Ok(Self {
            server: server(config, composer.domain())?,
            pool: Pool::new(config.connections),
            clock: setup.clock,
            timeout: config.timeout(),
            per_minute: config.per_minute,
            name: format!("{}:{}", config.host, config.port),
            secrets: secrets(config),
            composer,
        })
    }

    async fn send(&self, message: &OutgoingMessage) -> Result<Accepted, DeliveryError> {
        let mail = self.composer.compose(message, self.clock.now());
        let mail = mail.map_err(|error| DeliveryError::Refused(error.to_string()))?;
        // The connection and the message together are done before the sender gives up, which would
        // not know how far they got.
        let patience = MAX_TIMEOUT.saturating_sub(self.timeout + Duration::from_secs(2));
        let slot = self.pool.slot(patience).await;
        let Some(_slot) = slot else {
            let reason = format!("all connections to {} are busy", self.name);
            return Err(DeliveryError::unavailable(reason));
        };
        let context = self.context(&message.recipient);
        let response = self.hand_over(&mail).await.map_err(|it| it.into_error(&context))?;
        Ok(Accepted { provider_message_id: queue_id(&response), segments: None })
    }

    async fn hand_over(&self, mail: &Mail) -> Result<Response, Failure> {
        let deadline = Instant::now() + self.timeout;
        if let Some(session) = self.pool.take() {
            match self.send_on(session, mail, deadline, self.timeout / 4).await {
                Err(failure) if failure.is_stale() => {}
                result => return result,
            }
        }
        let session = Session::open(&self.server, deadline).await?;
        self.send_on(session, mail, deadline, self.timeout).await
    }

    async fn send_on(
        &self,
        mut session: Session,
        mail: &Mail,
        deadline: Instant,
        patience: Duration,
    ) -> Result<Response, Failure> {
        let sent = session.send(&mail.envelope, &mail.bytes, deadline, patience).await;
        let is_good = match &sent {
            Ok(_) => true,
            Err(failure) => failure.leaves_connection() && session.reset().await,
        };
        if is_good {
            self.pool.put_back(session);
        }
        sent
    }

    async fn connect(&self) -> Result<String, Failure> {
        let deadline = Instant::now() + self.timeout;
        let mut session = Session::open(&self.server, deadline).await?;
        session.probe(deadline).await?;
        let login = match (&self.server.credentials, session.mechanism(&self.server.mechanisms)) {
            (Some(_), Some(mechanism)) => format!("logged in ({mechanism})"),
            _ => "without a login".to_owned(),
        };
        session.quit().await;
        let encryption = match self.server.encryption {
            Encryption::Starttls => "STARTTLS",
            Encryption::Tls => "TLS",
            Encryption::None => "not encrypted",
        };
        Ok(format!("{}, {encryption}, {login}", self.name))
    }

    fn context<'a>(&'a self, recipient: &'a str) -> ReasonContext<'a> {
        ReasonContext { server: &self.name, recipient, secrets: &self.secrets }
    }
}

impl Transport for Smtp {
    fn provider(&self) -> Provider {
        Provider::Smtp
    }

    fn per_minute(&self) -> u32 {
        self.per_minute
    }

    fn deliver<'a>(
        &'a self,
        message: &'a OutgoingMessage,
    ) -> BoxFuture<'a, Result<Accepted, DeliveryError>> {
        Box::pin(self.send(message))
    }

    fn check(&self) -> BoxFuture<'_, Result<String, DeliveryError>> {
        Box::pin(async { self.connect().await.map_err(|it| it.into_error(&self.context(""))) })
    }
}

fn server(config: &SmtpConfig, domain: &str) -> Result<Server, SettingError> {
    let mechanisms = match config.authentication {
        Authentication::Auto => vec![Mechanism::Plain, Mechanism::Login],
        Authentication::Plain => vec![Mechanism::Plain],
        Authentication::Login => vec![Mechanism::Login],
        Authentication::Xoauth2 => vec![Mechanism::Xoauth2],
    };
    let login = (config.username.clone(), config.password.to_string());
    Ok(Server {
        host: config.host.clone(),
        port: config.port,
        encryption: config.encryption,
        tls: tls(config)?,
        hello: ClientId::Domain(domain.to_owned()),
        mechanisms,
        credentials: (!config.username.is_empty()).then(|| Credentials::from(login)),
    })
}

/// The public authorities are trusted, and those in `ca_file`.
fn tls(config: &SmtpConfig) -> Result<TlsParameters, SettingError> {
    let host = config.host.trim_end_matches('.').to_owned();
    let mut builder = TlsParameters::builder(host).certificate_store(CertificateStore::WebpkiRoots);
    if !config.ca_file.as_os_str().is_empty() {
        builder = builder.add_root_certificate(certificates(&config.ca_file)?);
    }
    builder.build_rustls().map_err(|error| not_trusted(&config.ca_file, &error.to_string()))
}

fn certificates(file: &Path) -> Result<Certificate, SettingError> {
    let pem = std::fs::read(file).map_err(|error| not_trusted(file, &error.to_string()))?;
    if !pem.windows(11).any(|it| it == b"-----BEGIN ") {
        return Err(not_trusted(file, "no PEM"));
    }
    Certificate::from_pem(&pem).map_err(|error| not_trusted(file, &error.to_string()))
}

fn not_trusted(file: &Path, error: &str) -> SettingError {
    let value = format!("{:?} ({error})", file.display().to_string());
    SettingError::new("notifications.smtp.ca_file", value, "a PEM file with certificates, or empty")
}

/// The password, and the forms in which it goes over the wire.
fn secrets(config: &SmtpConfig) -> Vec<String> {
    let (user, password) = (&config.username, config.password.as_str());
    if password.is_empty() {
        return vec![];
    }
    let token = format!("user={user}\x01auth=Bearer {password}\x01\x01");
    let encoded = [format!("\0{user}\0{password}"), password.to_owned(), token];
    let encoded = encoded.iter().map(|it| STANDARD.encode(it));
    encoded.chain([password.to_owned()]).collect()
}

/// What the server calls the message, if its answer says so in one of the usual ways.
fn queue_id(response: &Response) -> Option<String> {
    let text = response.message().collect::<Vec<_>>().join(" ");
    let after = |mark: &str| {
        let (_, rest) = text.split_once(mark)?;
        rest.split_whitespace().next()
    };
    // Postfix and its like; Exim; Exchange; Amazon SES, which says nothing else.
    let lone = || {
        let mut words = text.split_whitespace().skip_while(|it| it.starts_with("2."));
        let word = words.next().filter(|it| it.eq_ignore_ascii_case("ok")).and(words.next());
        word.filter(|it| it.len() >= 16 && words.next().is_none())
    };
    let found = after("queued as ")
        .or_else(|| after("Queued as "))
        .or_else(|| after(" id="))
        .or_else(|| after("InternalId="))
        .or_else(lone)?;
    let id: &str = found.trim_matches(|it: char| !it.is_ascii_alphanumeric());
    let is_id = (4..=100).contains(&id.len()) && id.bytes().all(|it| it.is_ascii_graphic());
    is_id.then(|| id.to_owned())
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Smtp").field("server", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
