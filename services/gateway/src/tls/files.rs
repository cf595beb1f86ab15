//! A certificate and its key in files, read again when they change.

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
    /// What was read last, whether it was good or not.
    first: Pair,
    current: ArcSwap<CertifiedKey>,
}

/// The contents of both files.
#[derive(Clone, PartialEq, Eq)]
struct Pair {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Files {
    pub(super) fn open(certificate: &Path, key: &Path) -> Result<Self, String> {
        let first = Pair::read(certificate, key)?;
        let current = first.certified(certificate, key)?;
        let current = ArcSwap::from_pointee(current);
        Ok(Self { certificate: certificate.into(), key: key.into(), first, current })
    }

    /// Looks at the files again and again. A bad pair is named once, and the one before stays.
    pub(super) async fn follow(&self) {
        let mut seen = Ok(self.first.clone());
        loop {
            tokio::time::sleep(EVERY).await;
            let (certificate, key) = (self.certificate.clone(), self.key.clone());
            let read = tokio::task::spawn_blocking(move || Pair::read(&certificate, &key)).await;
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

impl ResolvesServerCert for Files {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load_full())
    }
}

impl Pair {
    fn read(certificate: &Path, key: &Path) -> Result<Self, String> {
        let read = |setting: &str, file: &Path| {
            let named = |error| format!("gateway.tls.{setting}: {}: {error}", file.display());
            std::fs::read(file).map_err(named)
        };
        Ok(Self { certificate: read("certificate", certificate)?, key: read("key", key)? })
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
