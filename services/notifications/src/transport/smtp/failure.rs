//! What an SMTP server's answer, or its silence, means for a message.

use std::error::Error as StdError;

use chassis::config::MASK;
use lettre::transport::smtp::Error;
use rustls::CertificateError;

use crate::model::masked;
use crate::transport::DeliveryError;

/// Characters of a server's answer that staff read.
const MAX_TEXT: usize = 200;

/// A step on a message's way to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Connect,
    Starttls,
    Login,
    Sender,
    Recipient,
    Data,
    /// The message is being sent.
    Body,
    /// All of it has been sent, with its end.
    Answer,
    Probe,
}

impl Stage {
    /// What the shop said to the server.
    fn command(self) -> &'static str {
        match self {
            Self::Connect => "the greeting",
            Self::Starttls => "STARTTLS",
            Self::Login => "AUTH",
            Self::Sender => "MAIL FROM",
            Self::Recipient => "RCPT TO",
            Self::Data => "DATA",
            Self::Body | Self::Answer => "the message",
            Self::Probe => "NOOP",
        }
    }
}

/// Why a step failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The server said no.
    Refused(Stage, Reply),
    /// There was no connection, or it broke.
    Broken(Stage, Cause),
    /// No answer in time.
    Late(Stage),
    /// The connection would not be encrypted.
    NoStarttls,
    /// The server has no login of the kind the settings say.
    NoMechanism,
    /// The server does not take addresses with letters beyond ASCII.
    NoSmtpUtf8,
}

/// A negative answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) code: u16,
    /// All its lines, as one.
    pub(super) text: String,
}

/// What broke a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// The server does not prove that it is the one in the settings.
    Certificate(String),
    Other(String),
}

/// What the reasons for staff are made with.
pub(super) struct ReasonContext<'a> {
    /// Host and port.
    pub(super) server: &'a str,
    pub(super) recipient: &'a str,
    /// What is not to be seen, whatever the server answers.
    pub(super) secrets: &'a [String],
}

impl Reply {
    pub(super) fn of(error: &Error) -> Option<Self> {
        let code = error.status()?.to_string().parse().ok()?;
        let text = error.source().map(ToString::to_string).unwrap_or_default();
        Some(Self { code, text })
    }

    /// The enhanced code (RFC 3463) that it begins with: `5.1.1`.
    fn enhanced(&self) -> Option<(u16, u16, u16)> {
        let mut parts = self.text.split_whitespace().next()?.split('.').map(str::parse::<u16>);
        let code = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
        (parts.next().is_none() && code.0 == self.code / 100).then_some(code)
    }

    /// Whether the server's words rather speak of its rules than of the address. Many servers have
    /// no codes for that.
    fn is_policy(&self) -> bool {
        const WORDS: [&str; 14] = [
            "relay",
            "spam",
            "block",
            "blacklist",
            "black list",
            "policy",
            "denied",
            "spf",
            "dmarc",
            "dkim",
            "authenticat",
            "reputation",
            "banned",
            "not permitted",
        ];
        let text = self.text.to_lowercase();
        WORDS.iter().any(|it| text.contains(it))
    }
}

impl Cause {
    pub(super) fn of(error: &Error) -> Self {
        let mut last: &(dyn StdError + 'static) = error;
        loop {
            let inner = last.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
            let inner = inner.map(|it| it as &(dyn StdError + 'static));
            if let Some(tls) = inner.unwrap_or(last).downcast_ref::<rustls::Error>() {
                return Self::of_tls(tls);
            }
            match inner.or_else(|| last.source()) {
                Some(source) => last = source,
                None => return Self::Other(last.to_string()),
            }
        }
    }

    fn of_tls(error: &rustls::Error) -> Self {
        use CertificateError as Wrong;
        let rustls::Error::InvalidCertificate(wrong) = error else {
            return Self::Other(format!("TLS: {error}"));
        };
        Self::Certificate(match wrong {
            Wrong::Expired | Wrong::ExpiredContext { .. } => "it has expired".to_owned(),
            Wrong::NotValidYet | Wrong::NotValidYetContext { .. } => {
                "it is not valid yet".to_owned()
            }
            Wrong::NotValidForName | Wrong::NotValidForNameContext { .. } => {
                "it is for another name".to_owned()
            }
            Wrong::UnknownIssuer => "no authority that is trusted has signed it (a company's own \
                                     can be named in notifications.smtp.ca_file)"
                .to_owned(),
            Wrong::Revoked => "it has been revoked".to_owned(),
            other => other.to_string(),
        })
    }
}

impl Failure {
    /// Whether a connection that had been idle turned out to be closed, so that a new one may do.
    pub(super) fn is_stale(&self) -> bool {
        match self {
            Self::Broken(Stage::Sender, _) | Self::Late(Stage::Sender) => true,
            Self::Refused(Stage::Sender, reply) => reply.code == 421,
            _ => false,
        }
    }

    /// Whether the connection is still good for another message.
    pub(super) fn leaves_connection(&self) -> bool {
        match self {
            Self::Refused(_, reply) => reply.code != 421,
            Self::NoSmtpUtf8 => true,
            _ => false,
        }
    }

    pub(super) fn into_error(self, context: &ReasonContext<'_>) -> DeliveryError {
        let server = context.server;
        match self {
            Self::Refused(stage, reply) => refused(stage, &reply, context),
            Self::Broken(_, Cause::Certificate(wrong)) => DeliveryError::unavailable(format!(
                "the certificate of {server} is not valid: {wrong}"
            )),
            Self::Broken(Stage::Connect, Cause::Other(why)) => {
                let why = context.clean(&why);
                DeliveryError::unavailable(format!("cannot connect to {server}: {why}"))
            }
            Self::Broken(Stage::Answer, _) => DeliveryError::Unknown(format!(
                "{server} closed the connection without an answer to the whole message"
            )),
            Self::Broken(stage, Cause::Other(why)) => {
                let (why, stage) = (context.clean(&why), stage.command());
                DeliveryError::unavailable(format!(
                    "the connection to {server} broke at {stage}: {why}"
                ))
            }
            Self::Late(Stage::Answer) => DeliveryError::Unknown(format!(
                "{server} did not answer in time to the whole message"
            )),
            Self::Late(stage) => {
                let stage = stage.command();
                DeliveryError::unavailable(format!("{server} did not answer in time at {stage}"))
            }
            Self::NoStarttls => DeliveryError::unavailable(format!(
                "{server} offers no STARTTLS, and without it nothing is sent"
            )),
            Self::NoMechanism => DeliveryError::unavailable(format!(
                "{server} offers no login of the kind in notifications.smtp.authentication"
            )),
            Self::NoSmtpUtf8 => DeliveryError::Refused(format!(
                "{server} takes no addresses with letters beyond ASCII (SMTPUTF8)"
            )),
        }
    }
}

fn refused(stage: Stage, reply: &Reply, context: &ReasonContext<'_>) -> DeliveryError {
    let reason = context.answer(stage, reply);
    let unavailable = DeliveryError::unavailable;
    match (stage, reply.code, reply.enhanced()) {
        // Nobody is logged in, or the server goes down.
        (_, 421 | 530, _) => unavailable(reason),
        (Stage::Connect | Stage::Starttls | Stage::Login | Stage::Probe, ..) => unavailable(reason),
        (_, ..500, _) => DeliveryError::later(reason),
        // The sender's address is not the server's to judge by the recipient's.
        (Stage::Sender, _, Some((5, 6, 7))) => DeliveryError::Refused(reason),
        (Stage::Sender, ..) => unavailable(reason),
        // The mailbox is full.
        (_, _, Some((5, 2, 2))) | (Stage::Recipient, 552, None) => DeliveryError::later(reason),
        (Stage::Recipient, _, Some((5, 1, 1 | 2 | 3 | 6 | 10))) => {
            DeliveryError::NoSuchRecipient(reason)
        }
        (Stage::Recipient, 550 | 551 | 553, None) if !reply.is_policy() => {
            DeliveryError::NoSuchRecipient(reason)
        }
        _ => DeliveryError::Refused(reason),
    }
}

impl ReasonContext<'_> {
    fn answer(&self, stage: Stage, reply: &Reply) -> String {
        let (server, code, text) = (self.server, reply.code, self.clean(&reply.text));
        let command = stage.command();
        let text = format!("{server} answered {code} to {command}: {text}");
        text.trim_end_matches([':', ' ']).to_owned()
    }

    /// One short line without secrets and without the whole recipient.
    pub(super) fn clean(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in self.secrets.iter().filter(|it| !it.is_empty()) {
            text = text.replace(secret, MASK);
        }
        if !self.recipient.is_empty() {
            text = text.replace(self.recipient, &masked(self.recipient));
        }
        let words = text.split(|it: char| it.is_whitespace() || it.is_control());
        let line = words.filter(|it| !it.is_empty()).collect::<Vec<_>>().join(" ");
        match line.char_indices().nth(MAX_TEXT) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line,
        }
    }
}

#[cfg(test)]
mod tests;
