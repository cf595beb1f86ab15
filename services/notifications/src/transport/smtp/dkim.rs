//! DKIM (RFC 6376, RFC 8463): the shop's signature under its e-mails, and the DNS record of its key.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;

/// The headers that are signed, where a message has them. `from` is named twice, so that nobody can
/// add another one. RFC 8058 asks for those that unsubscribe.
const SIGNED: [&str; 12] = [
    "from",
    "from",
    "reply-to",
    "to",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "content-type",
    "auto-submitted",
    "list-unsubscribe",
    "list-unsubscribe-post",
];

/// A private key of a domain.
pub(crate) enum DkimKey {
    Rsa(Box<RsaKeyPair>),
    Ed25519(Ed25519KeyPair),
}

/// Why a text is no key. Says nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyError {
    #[error("not a private key in PEM")]
    NotPem,
    #[error("a key of another kind, or too short")]
    NotUsable,
}

/// What signs the messages of a domain.
pub(crate) struct Dkim {
    pub(crate) domain: String,
    pub(crate) selector: String,
    pub(crate) key: DkimKey,
}

impl DkimKey {
    /// Reads a key in PKCS #8 or, for RSA, PKCS #1.
    pub(crate) fn parse(pem: &str) -> Result<Self, KeyError> {
        let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| KeyError::NotPem)?;
        let rsa = match &key {
            PrivateKeyDer::Pkcs1(it) => RsaKeyPair::from_der(it.secret_pkcs1_der()),
            PrivateKeyDer::Pkcs8(it) => {
                let it = it.secret_pkcs8_der();
                if let Ok(key) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(it) {
                    return Ok(Self::Ed25519(key));
                }
                RsaKeyPair::from_pkcs8(it)
            }
            _ => return Err(KeyError::NotUsable),
        };
        rsa.map(|it| Self::Rsa(Box::new(it))).map_err(|_| KeyError::NotUsable)
    }

    /// As `k=` and, with `-sha256`, as `a=`.
    fn kind(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "rsa",
            Self::Ed25519(_) => "ed25519",
        }
    }

    fn public(&self) -> Vec<u8> {
        match self {
            Self::Rsa(key) => public_key_info(key.public().as_ref()),
            Self::Ed25519(key) => key.public_key().as_ref().to_vec(),
        }
    }

    fn sign(&self, text: &[u8]) -> Vec<u8> {
        match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                let random = SystemRandom::new();
                key.sign(&RSA_PKCS1_SHA256, &random, text, &mut signature)
                    .expect("a buffer as long as the key, and the system's random numbers");
                signature
            }
            // RFC 8463, 3: what is signed is the hash.
            Self::Ed25519(key) => key.sign(digest(&SHA256, text).as_ref()).as_ref().to_vec(),
        }
    }
}

impl Dkim {
    /// The name and the value of the TXT record that others verify the signature with.
    pub(crate) fn record(&self) -> (String, String) {
        let name = format!("{}._domainkey.{}", self.selector, self.domain);
        let public = STANDARD.encode(self.key.public());
        (name, format!("v=DKIM1; k={}; p={public}", self.key.kind()))
    }

    /// A message with the signature as its first header.
    pub(crate) fn sign(&self, mail: &[u8], now: DateTime<Utc>) -> Vec<u8> {
        let end = mail.windows(4).position(|it| it == b"\r\n\r\n");
        let (head, body) = match end {
            Some(at) => (&mail[..at], &mail[at + 4..]),
            None => (mail, &[][..]),
        };
        let headers = canonical_headers(&String::from_utf8_lossy(head));
        let is_there = |name: &&str| headers.iter().any(|it| it.0 == **name);
        let names: Vec<_> = SIGNED.into_iter().filter(is_there).collect();
        let body_hash = STANDARD.encode(digest(&SHA256, &canonical_body(body)));
        let value = format!(
            "v=1; a={}-sha256; c=relaxed/relaxed; d={}; s={};\r\n t={}; h={};\r\n bh={body_hash};\r\n b=",
            self.key.kind(),
            self.domain,
            self.selector,
            now.timestamp(),
            names.join(":"),
        );
        let mut signed = String::new();
        for (at, name) in names.iter().enumerate() {
            // The second time there is no such header any more, which is what is signed.
            if names[..at].contains(name) {
                continue;
            }
            let value = headers.iter().find(|it| it.0 == *name).map_or("", |it| &it.1);
            let _ = write!(signed, "{name}:{value}\r\n");
        }
        let _ = write!(signed, "dkim-signature:{}", relaxed(&value));
        let signature = STANDARD.encode(self.key.sign(signed.as_bytes()));
        let lines: Vec<_> = signature.as_bytes().chunks(72).map(String::from_utf8_lossy).collect();
        let header = format!("DKIM-Signature: {value}{}\r\n", lines.join("\r\n "));
        [header.as_bytes(), mail].concat()
    }
}

/// The headers by their lower-case names (RFC 6376, 3.4.2).
fn canonical_headers(head: &str) -> Vec<(String, String)> {
    let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let parts = unfolded.split("\r\n").filter_map(|line| line.split_once(':'));
    parts.map(|(name, value)| (name.trim().to_ascii_lowercase(), relaxed(value))).collect()
}

/// White space is one space, and none at the ends.
fn relaxed(value: &str) -> String {
    value.split([' ', '\t', '\r', '\n']).filter(|it| !it.is_empty()).collect::<Vec<_>>().join(" ")
}

/// RFC 6376, 3.4.4: white space within lines is one space, none at their ends, no empty lines at the
/// end.
fn canonical_body(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    for line in body.split(|it| *it == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mut space = false;
        for byte in line {
            if matches!(byte, b' ' | b'\t') {
                space = true;
                continue;
            }
            if std::mem::take(&mut space) {
                out.push(b' ');
            }
            out.push(*byte);
        }
        out.extend_from_slice(b"\r\n");
    }
    while out.ends_with(b"\r\n\r\n") {
        out.truncate(out.len() - 2);
    }
    if out == b"\r\n" { Vec::new() } else { out }
}

/// A SubjectPublicKeyInfo around an RSA key, which is what verifiers expect in DNS.
fn public_key_info(rsa: &[u8]) -> Vec<u8> {
    /// SEQUENCE { OID 1.2.840.113549.1.1.1 (rsaEncryption), NULL }
    const ALGORITHM: [u8; 15] =
        [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
    let key = tagged(0x03, &[&[0][..], rsa].concat());
    tagged(0x30, &[&ALGORITHM[..], &key].concat())
}

/// DER: a tag, the length, the content.
fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let length = &length[content.len().leading_zeros() as usize / 8..];
    let mut out = vec![tag];
    if content.len() >= 0x80 {
        out.push(0x80 | length.len() as u8);
    }
    out.extend_from_slice(length);
    out.extend_from_slice(content);
    out
}

impl std::fmt::Debug for Dkim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dkim").field("domain", &self.domain).finish_non_exhaustive()
    }
}

/// A key for tests: that of RFC 8463, A.2.
#[cfg(test)]
pub(crate) const ED25519: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
    -----END PRIVATE KEY-----\n";

#[cfg(test)]
mod tests;
