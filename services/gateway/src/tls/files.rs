//! A certificate and its key in files, read again when they change.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use thiserror::Error;

use super::provider;

/// How often the files are looked at.
const EVERY: Duration = Duration::from_secs(2);

/// The pair in use.
#[derive(Debug)]
pub(super) struct Files {
    certificate: PathBuf,
    key: PathBuf,
    /// Whether a key that others can read is refused.
    strict: bool,
    /// What was read last, whether it was good or not.
    first: Pair,
    current: ArcSwap<CertifiedKey>,
}

/// The contents of both files.
#[derive(Clone, PartialEq, Eq)]
struct Pair {
    certificate: Vec<u8>,
    key: Vec<u8>,
    exposed: Option<Exposed>,
}

/// What is wrong with one of the files.
#[derive(Debug, Error)]
#[error("gateway.tls.{setting}: {}: {cause}", file.display())]
pub(super) struct FileError {
    /// Of `gateway.tls`.
    setting: &'static str,
    file: PathBuf,
    #[source]
    cause: Cause,
}

#[derive(Debug, Error)]
enum Cause {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Pem(#[from] pem::Error),
    #[error("it contains no certificate (PEM, BEGIN CERTIFICATE)")]
    NoCertificate,
    #[error("with {}: {source}", key.display())]
    Key { key: PathBuf, source: rustls::Error },
    #[error(transparent)]
    Exposed(#[from] Exposed),
}

/// Why a key is not private.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("others can read or change it (mode {mode:04o}); run: chmod g-w,o= {}", key.display())]
struct Exposed {
    mode: u32,
    key: PathBuf,
}

fn wrong<C: Into<Cause>>(setting: &'static str, file: &Path) -> impl FnOnce(C) -> FileError {
    move |cause| FileError { setting, file: file.to_owned(), cause: cause.into() }
}

impl Files {
    pub(super) fn open(certificate: &Path, key: &Path, strict: bool) -> Result<Self, FileError> {
        let first = Pair::read(certificate, key, strict)?;
        let current = first.certified(certificate, key)?;
        first.warn();
        let current = ArcSwap::from_pointee(current);
        Ok(Self { certificate: certificate.into(), key: key.into(), strict, first, current })
    }

    /// Looks at the files again and again. A bad pair is named once, and the one before stays.
    pub(super) async fn follow(&self) {
        let mut seen: Result<Pair, FileError> = Ok(self.first.clone());
        loop {
            tokio::time::sleep(EVERY).await;
            let (certificate, key, strict) =
                (self.certificate.clone(), self.key.clone(), self.strict);
            let read = move || Pair::read(&certificate, &key, strict);
            let read = tokio::task::spawn_blocking(read).await;
            let Ok(read) = read else { continue };
            let same = match (&read, &seen) {
                (Ok(read), Ok(seen)) => read == seen,
                (Err(read), Err(seen)) => read.to_string() == seen.to_string(),
                _ => false,
            };
            if same {
                continue;
            }
            seen = read;
            match &seen {
                Ok(pair) => self.take(pair),
                Err(reason) => {
                    tracing::warn!(%reason, "cannot load the new certificate; keeping the current one")
                }
            }
        }
    }

    fn take(&self, pair: &Pair) {
        match pair.certified(&self.certificate, &self.key) {
            Ok(certified) => {
                pair.warn();
                self.current.store(Arc::new(certified));
                tracing::info!(file = %self.certificate.display(), "loaded a new certificate");
            }
            // One file may be written before the other.
            Err(reason) => {
                tracing::warn!(%reason, "cannot load the new certificate; keeping the current one")
            }
        }
    }
}

/// A private key, and why it is not private where it is not. Its group may read it: so it is shared
/// with a server that is not root.
fn read_key(path: &Path) -> io::Result<(Vec<u8>, Option<Exposed>)> {
    let mut file = File::open(path)?;
    let mode = file.metadata()?.permissions().mode() & 0o777;
    let exposed = (mode & 0o027 != 0).then(|| Exposed { mode, key: path.to_owned() });
    let mut content = Vec::new();
    file.read_to_end(&mut content)?;
    Ok((content, exposed))
}

impl ResolvesServerCert for Files {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load_full())
    }
}

impl Pair {
    fn read(certificate: &Path, key: &Path, strict: bool) -> Result<Self, FileError> {
        let certificate = std::fs::read(certificate).map_err(wrong("certificate", certificate))?;
        let (content, exposed) = read_key(key).map_err(wrong("key", key))?;
        match exposed {
            Some(exposed) if strict => Err(wrong("key", key)(exposed)),
            exposed => Ok(Self { certificate, key: content, exposed }),
        }
    }

    fn warn(&self) {
        if let Some(exposed) = &self.exposed {
            let reason = wrong("key", &exposed.key)(exposed.clone());
            tracing::warn!("{reason}; this is an error in production");
        }
    }

    /// A certificate that can be used, or what is wrong with it.
    fn certified(&self, certificate: &Path, key: &Path) -> Result<CertifiedKey, FileError> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&self.certificate).collect();
        let chain = chain.map_err(wrong("certificate", certificate))?;
        if chain.is_empty() {
            return Err(wrong("certificate", certificate)(Cause::NoCertificate));
        }
        let private = PrivateKeyDer::from_pem_slice(&self.key).map_err(wrong("key", key))?;
        let certified = CertifiedKey::from_der(chain, private, &provider());
        certified.map_err(|source| {
            wrong("certificate", certificate)(Cause::Key { key: key.to_owned(), source })
        })
    }
}

impl std::fmt::Debug for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pair").finish_non_exhaustive()
    }
}
