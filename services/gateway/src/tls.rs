//! TLS at the edge: certificates from files that are followed, or from an ACME authority.
//!
//! TLS 1.2 and 1.3 with ring; HTTP/2 is offered first.

mod config;
mod files;

use std::io;
use std::sync::Arc;

use chassis::service::BoxError;
use futures::StreamExt;
use mesh::server::{Accept, Stream};
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::{Acceptor, ResolvesServerCert};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_acme::caches::DirCache;
use rustls_acme::{AcmeState, is_tls_alpn_challenge};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio::io::AsyncWriteExt;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use self::config::Source;
use self::files::Files;

pub use self::config::{AcmeConfig, TlsConfig};

/// What makes a secure connection of a client's.
#[derive(Clone, Debug)]
pub struct Tls {
    usual: Arc<ServerConfig>,
    /// For the authority's challenge.
    challenge: Option<Arc<ServerConfig>>,
}

/// Keeps the certificate current. Unless it runs, there is no ACME certificate.
pub struct CertificateManager(Kept);

enum Kept {
    Files(Arc<Files>),
    Acme(Box<AcmeState<io::Error>>),
}

impl Tls {
    /// `None` where TLS is off. Says which setting is wrong. `strict` is for production: a private
    /// key that others can read is refused then, now and whenever it changes.
    pub fn open(
        config: &TlsConfig,
        strict: bool,
    ) -> Result<Option<(Self, CertificateManager)>, BoxError> {
        Ok(match config.source()? {
            None => None,
            Some(Source::Files) => {
                let files = Arc::new(Files::open(&config.certificate, &config.key, strict)?);
                let usual = server_config(files.clone())?;
                Some((Self { usual, challenge: None }, CertificateManager(Kept::Files(files))))
            }
            Some(Source::Acme) => {
                let state = acme(&config.acme)?;
                let usual = server_config(state.resolver())?;
                let challenge = Some(state.challenge_rustls_config());
                Some((Self { usual, challenge }, CertificateManager(Kept::Acme(Box::new(state)))))
            }
        })
    }
}

impl Accept for Tls {
    type Stream = TlsStream<Stream>;
    const SECURE: bool = true;

    async fn accept(&self, stream: Stream) -> io::Result<Option<Self::Stream>> {
        let hello = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
        match &self.challenge {
            Some(challenge) if is_tls_alpn_challenge(&hello.client_hello()) => {
                hello.into_stream(challenge.clone()).await?.shutdown().await?;
                Ok(None)
            }
            _ => hello.into_stream(self.usual.clone()).await.map(Some),
        }
    }
}

impl CertificateManager {
    /// Follows the files, or obtains and renews by ACME, until stopped.
    pub async fn keep(self, stop: CancellationToken) {
        let kept = async {
            match self.0 {
                Kept::Files(files) => files.follow().await,
                Kept::Acme(state) => order(*state).await,
            }
        };
        stop.run_until_cancelled(kept).await;
    }
}

impl std::fmt::Debug for CertificateManager {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CertificateManager").finish_non_exhaustive()
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn server_config(resolver: Arc<dyn ResolvesServerCert>) -> Result<Arc<ServerConfig>, BoxError> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(resolver);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn acme(config: &AcmeConfig) -> Result<AcmeState<io::Error>, BoxError> {
    let cache = &config.cache;
    std::fs::create_dir_all(cache).map_err(|error| {
        format!("gateway.tls.acme.cache: {} cannot be made: {error}", cache.display())
    })?;
    let contact = Some(&config.contact).filter(|it| !it.is_empty());
    let mut acme = rustls_acme::AcmeConfig::new(&config.domains)
        .contact(contact.map(|it| format!("mailto:{it}")))
        .cache(DirCache::new(cache.clone()))
        .directory_lets_encrypt(!config.staging);
    if !config.directory.is_empty() {
        acme = acme.directory(&config.directory);
    }
    if !config.root.as_os_str().is_empty() {
        acme = acme.client_tls_config(Arc::new(trusting(&config.root)?));
    }
    Ok(acme.state())
}

fn trusting(root: &std::path::Path) -> Result<ClientConfig, BoxError> {
    let wrong = |reason: &dyn std::fmt::Display| {
        format!("gateway.tls.acme.root: {}: {reason}", root.display())
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(root).map_err(|it| wrong(&it))? {
        let certificate = certificate.map_err(|it| wrong(&it))?;
        roots.add(certificate).map_err(|it| wrong(&it))?;
    }
    if roots.is_empty() {
        return Err(wrong(&"there is no certificate in it").into());
    }
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}

/// Runs forever: failures are retried with growing pauses.
async fn order(mut state: AcmeState<io::Error>) {
    while let Some(event) = state.next().await {
        match event {
            Ok(event) => tracing::info!(?event, "ACME"),
            Err(error) => {
                tracing::warn!(%error, "cannot obtain a certificate from the ACME authority; trying again")
            }
        }
    }
}
