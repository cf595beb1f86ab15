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
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

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
    /// Why the key is not private.
    exposed: Option<String>,
}

impl Files {
    pub(super) fn open(certificate: &Path, key: &Path, strict: bool) -> Result<Self, String> {
        let first = Pair::read(certificate, key, strict)?;
        let current = first.certified(certificate, key)?;
        first.warn();
        let current = ArcSwap::from_pointee(current);
        Ok(Self { certificate: certificate.into(), key: key.into(), strict, first, current })
    }

    /// Looks at the files again and again. A bad pair is named once, and the one before stays.
    pub(super) async fn follow(&self) {
        let mut seen = Ok(self.first.clone());
        loop {
            tokio::time::sleep(EVERY).await;
            let (certificate, key, strict) =
                (self.certificate.clone(), self.key.clone(), self.strict);
            let read = move || Pair::read(&certificate, &key, strict);
            let read = tokio::task::spawn_blocking(read).await;
            let Ok(read) = read else { continue };
            if read == seen {
                continue;
            }
            // One file may be written before the other.
            let certified = match &read {
                Ok(pair) => pair.certified(&self.certificate, &self.key),
                Err(reason) => Err(reason.clone()),
            };
            seen = read;
            match certified {
                Ok(certified) => {
                    seen.iter().for_each(Pair::warn);
                    self.current.store(Arc::new(certified));
                    tracing::info!(file = %self.certificate.display(), "a new certificate is used");
                }
                Err(reason) => {
                    tracing::warn!(reason, "the certificate before stays in use");
                }
            }
        }
    }
}

/// A private key, and why it is not private where it is not. Its group may read it: so it is shared
/// with a server that is not root.
fn read_key(path: &Path) -> io::Result<(Vec<u8>, Option<String>)> {
    let mut file = File::open(path)?;
    let mode = file.metadata()?.permissions().mode() & 0o777;
    let exposed = (mode & 0o027 != 0).then(|| {
        let path = path.display();
        format!("others can read or change it (mode {mode:04o}); run: chmod g-w,o= {path}")
    });
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
    fn read(certificate: &Path, key: &Path, strict: bool) -> Result<Self, String> {
        let named = |setting, path: &Path, reason: &dyn std::fmt::Display| {
            format!("gateway.tls.{setting}: {}: {reason}", path.display())
        };
        let certificate =
            std::fs::read(certificate).map_err(|it| named("certificate", certificate, &it))?;
        let (content, exposed) = read_key(key).map_err(|it| named("key", key, &it))?;
        let exposed = exposed.map(|reason| named("key", key, &reason));
        match exposed {
            Some(reason) if strict => Err(reason),
            exposed => Ok(Self { certificate, key: content, exposed }),
        }
    }

    fn warn(&self) {
        if let Some(reason) = &self.exposed {
            tracing::warn!("{reason}; in production it would be refused");
        }
    }

    /// A certificate that can be used, or what is wrong with it.
    fn certified(&self, certificate: &Path, key: &Path) -> Result<CertifiedKey, String> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&self.certificate).collect();
        let wrong = |reason: &dyn std::fmt::Display| {
            format!("gateway.tls.certificate: {}: {reason}", certificate.display())
        };
        let chain = chain.map_err(|error| wrong(&error))?;
        if chain.is_empty() {
            return Err(wrong(&"there is no certificate in it (PEM, BEGIN CERTIFICATE)"));
        }
        let private = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|error| format!("gateway.tls.key: {}: {error}", key.display()))?;
        let certified = CertifiedKey::from_der(chain, private, &provider());
        certified.map_err(|error| wrong(&format!("with {}: {error}", key.display())))
    }
}

impl std::fmt::Debug for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pair").finish_non_exhaustive()
    }
}
