//! The gateway on real sockets: TLS, WebSockets, events, and what it tells services in other
//! processes.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::{any, get};
use chassis::clock::Clock;
use chassis::quota::Rate;
use chassis::service::BoxError;
use chassis::service_tokens::ServiceTokens;
use chassis::testing::{eventually, in_time};
use futures::{SinkExt, StreamExt};
use gateway::{Config, Gateway, Tls, TlsConfig};
use hyper_util::rt::TokioIo;
use mesh::discovery::{Directory, Endpoint};
use mesh::network::Networks;
use mesh::remote::Remote;
use mesh::server;
use mesh::target::ServiceTarget;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::{CancellationToken, DropGuard};
use tower::Service;

use crate::shop;

/// Told once a client has read the first of [`events`].
static FIRST_IS_READ: Notify = Notify::const_new();

/// Something that is served until it is dropped.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    _stop: DropGuard,
}

pub(crate) async fn serve<S>(service: S) -> Served
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    serve_as(service, server::Config::default()).await
}

pub(crate) async fn serve_as<S>(service: S, config: server::Config) -> Served
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let listener = server::bind("127.0.0.1:0", false).await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let guard = stop.clone().drop_guard();
    tokio::spawn(async move { server::serve(listener, service, &config, stop).await });
    Served { address, _stop: guard }
}

/// A service that repeats what it is told, over WebSocket too, and sends events.
fn upstream() -> Router {
    Router::new()
        .route("/api/v1/products", any(shop::echo))
        .route("/api/v1/products/{id}", get(websocket))
        .route("/api/v1/inventory", get(events))
        .route("/api/v1/categories", get(wrong_upgrade))
        .route("/api/v1/catalog/health", get(hop_by_hop))
}

async fn websocket(mut request: Request) -> Response {
    let upgraded = hyper::upgrade::on(&mut request);
    let answer =
        tokio_tungstenite::tungstenite::handshake::server::create_response(&request.map(|_| ()));
    tokio::spawn(async move {
        let role = tokio_tungstenite::tungstenite::protocol::Role::Server;
        let io = TokioIo::new(upgraded.await.unwrap());
        let mut socket = tokio_tungstenite::WebSocketStream::from_raw_socket(io, role, None).await;
        while let Some(Ok(message)) = socket.next().await {
            if message.is_text() {
                socket.send(message).await.unwrap();
            }
        }
    });
    answer.unwrap().map(|()| Body::empty())
}

async fn events() -> Response {
    let first = futures::stream::once(async { Ok::<_, BoxError>("data: first\n\n") });
    let later = futures::stream::once(async {
        FIRST_IS_READ.notified().await;
        // Longer than the gateway waits for an answer.
        tokio::time::sleep(Duration::from_millis(2500)).await;
        Ok("data: later\n\n")
    });
    Response::builder()
        .header("content-type", "text/event-stream")
        .body(Body::from_stream(first.chain(later)))
        .unwrap()
}

async fn wrong_upgrade() -> Response {
    Response::builder().status(101).header("upgrade", "other").body(Body::empty()).unwrap()
}

async fn hop_by_hop() -> Response {
    Response::builder()
        .header("connection", "x-internal-hop")
        .header("x-internal-hop", "1")
        .header("keep-alive", "timeout=1")
        .header("x-kept", "1")
        .body(Body::empty())
        .unwrap()
}

/// The service in another process.
pub(crate) fn there(address: SocketAddr) -> ServiceTarget {
    let mut directory = Directory::default();
    directory.fixed("catalog", vec![Endpoint::parse(&format!("http://{address}")).unwrap()]);
    let remote = Remote::new("catalog", directory.of("catalog").unwrap());
    ServiceTarget::Remote(remote, ServiceTokens::new(&"s".repeat(32), Clock::System))
}

pub(crate) fn gateway(config: Config, reach: ServiceTarget) -> Gateway {
    let mut parts = shop::parts(true);
    parts.services[0].reach = reach;
    Gateway::new(config, parts).unwrap()
}

/// What a raw client gets until the server closes.
pub(crate) async fn raw(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    request: &str,
) -> String {
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = in_time("the server closes the connection", stream.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

pub(crate) async fn ask(address: SocketAddr, head: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    raw(&mut stream, &format!("{head}\r\nconnection: close\r\n\r\n")).await
}

pub(crate) fn body(answer: &str) -> Value {
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap_or_else(|_| panic!("no JSON: {answer}"))
}

#[tokio::test]
async fn a_websocket_passes_to_a_service_here_and_elsewhere() {
    let other = serve(upstream()).await;
    for reach in [upstream().into(), there(other.address)] {
        let shop = serve(gateway(Config::default(), reach)).await;
        let url = format!("ws://{}/api/products/live", shop.address);
        let (mut socket, answer) = tokio_tungstenite::connect_async(url).await.unwrap();
        assert_eq!(answer.status(), 101);
        assert!(answer.headers().contains_key("x-request-id"));
        for text in ["hello", &"long ".repeat(20_000)] {
            socket.send(Message::text(text)).await.unwrap();
            let back = in_time("the text comes back", socket.next()).await;
            assert_eq!(back.unwrap().unwrap(), Message::text(text));
        }
        socket.close(None).await.unwrap();
        let end = async { while socket.next().await.is_some() {} };
        in_time("both sides close", end).await;
    }
}

#[tokio::test]
async fn a_protocol_nobody_asked_for_does_not_begin() {
    let other = serve(upstream()).await;
    let shop = serve(gateway(Config::default(), there(other.address))).await;
    let answer = ask(shop.address, "GET /api/categories HTTP/1.1\r\nhost: a").await;
    assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
    // `h2c` is nothing a service should hear of.
    let answer = ask(
        shop.address,
        "GET /api/products HTTP/1.1\r\nhost: a\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk",
    )
    .await;
    assert!(body(&answer)["headers"].get("upgrade").is_none(), "{answer}");
}

#[tokio::test]
async fn events_come_at_once_as_they_are_and_are_not_cut_off() {
    let other = serve(upstream()).await;
    let config = || Config { read_timeout_seconds: 2, ..Config::default() };
    for reach in [upstream().into(), there(other.address)] {
        let shop = serve(gateway(config(), reach)).await;
        let mut stream = TcpStream::connect(shop.address).await.unwrap();
        let head = "GET /api/inventory HTTP/1.1\r\nhost: a\r\naccept-encoding: gzip\r\n\
                    connection: close\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let first = async {
            while !String::from_utf8_lossy(&answer).contains("data: first\n\n") {
                assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0);
            }
        };
        in_time("the first event is not held back", first).await;
        FIRST_IS_READ.notify_one();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.contains("data: later\n\n") && answer.ends_with("0\r\n\r\n"), "{answer}");
        assert!(!answer.contains("content-encoding"), "{answer}");
    }
}

#[tokio::test]
async fn a_service_elsewhere_hears_of_the_client_only_what_is_true() {
    let other = serve(upstream()).await;
    let shop = serve(gateway(Config::default(), there(other.address))).await;
    let forged = "GET /api/products HTTP/1.1\r\nhost: shop.example:80\r\n\
        connection: x-forwarded-for, x-service-token, x-named\r\nx-named: 1\r\n\
        x-forwarded-for: 6.6.6.6\r\nx-forwarded-proto: https\r\nx-forwarded-host: evil\r\n\
        forwarded: for=6.6.6.6\r\nx-real-ip: 6.6.6.6\r\nx-user-id: 1\r\nx-service-token: forged\r\n\
        x-service-client: 6.6.6.6\r\nx-original-url: /internal/x\r\ntransfer-encoding: chunked\r\n\
        te: trailers\r\nx-kept: 1\r\n";
    let mut stream = TcpStream::connect(shop.address).await.unwrap();
    let answer = raw(&mut stream, &format!("{forged}connection: close\r\n\r\n0\r\n\r\n")).await;
    let heard = &body(&answer)["headers"];
    for (name, value) in [
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-host", "shop.example:80"),
        ("host", &other.address.to_string()),
        ("x-kept", "1"),
    ] {
        assert_eq!(heard[name], value, "{name}: {heard}");
    }
    for name in ["forwarded", "x-real-ip", "x-user-id", "x-named", "te", "x-original-url"] {
        assert!(heard.get(name).is_none(), "{name}: {heard}");
    }
    assert!(!answer.contains("forged") && !answer.contains("6.6.6.6"), "{answer}");
}

#[tokio::test]
async fn a_client_hears_nothing_of_the_connection_to_a_service() {
    let other = serve(upstream()).await;
    let shop = serve(gateway(Config::default(), there(other.address))).await;
    let answer = ask(shop.address, "GET /api/catalog/health HTTP/1.1\r\nhost: a").await;
    assert!(answer.contains("\r\nx-kept: 1\r\n"), "{answer}");
    for gone in ["x-internal-hop", "keep-alive"] {
        assert!(!answer.contains(gone), "{answer}");
    }
}

#[tokio::test]
async fn a_dead_service_is_a_problem_that_names_nothing_and_is_noted() {
    let gone = server::bind("127.0.0.1:0", false).await.unwrap();
    let address = gone.local_addr().unwrap();
    drop(gone);
    let gateway = gateway(Config::default(), there(address));
    let shop = serve(gateway.clone()).await;
    let answer = ask(shop.address, "GET /api/products?token=secret HTTP/1.1\r\nhost: a").await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("retry-after"), "{answer}");
    assert_eq!(body(&answer)["code"], "service_unavailable");
    for internal in ["catalog", &address.to_string(), "127.0.0.1", "onnect"] {
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(!body.contains(internal), "{body}");
    }
    let admin = serve(gateway.admin()).await;
    let answer = ask(admin.address, "GET /admin.json HTTP/1.1\r\nhost: localhost").await;
    let view = body(&answer);
    let failure = &view["failures"][0];
    assert_eq!(failure["service"], "catalog");
    assert_eq!(failure["path"], "/api/products", "without its query");
    assert_eq!(failure["status"], 503);
    assert_eq!(failure["reason"], "no instance can be reached");
    assert!(!failure["request_id"].as_str().unwrap().is_empty());
    assert!(!answer.contains("secret"), "{answer}");
    let catalog = &view["upstreams"][0];
    assert_eq!((&catalog["name"], &catalog["here"]), (&"catalog".into(), &false.into()));
    assert_eq!(catalog["status"]["copies"][0]["address"], address.to_string());
    assert_eq!(view["upstreams"][1]["here"], true);
    assert_eq!(view["limits"]["quotas"]["login"]["per_minute"], 60);
}

#[tokio::test]
async fn the_page_for_the_operator_is_shown_to_no_other_site() {
    let admin = serve(gateway(Config::default(), upstream().into()).admin()).await;
    for (host, status) in [
        ("localhost:8090", 200),
        ("127.0.0.1", 200),
        ("[::1]:8090", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost.evil.example", 421),
    ] {
        for path in ["/", "/admin.js", "/admin.css", "/admin.json"] {
            let answer = ask(admin.address, &format!("GET {path} HTTP/1.1\r\nhost: {host}")).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{host}{path}: {answer}");
            assert!(answer.contains("content-security-policy: default-src 'none'"), "{answer}");
        }
    }
    let answer = ask(admin.address, "POST /admin.json HTTP/1.1\r\nhost: localhost").await;
    assert!(answer.starts_with("HTTP/1.1 405 ") && answer.contains("allow: GET"), "{answer}");
}

#[tokio::test]
async fn limits_behind_a_trusted_proxy_count_its_clients() {
    let quotas = BTreeMap::from([("login".to_owned(), Rate::new(1, 1))]);
    for (trusted, expected) in [(true, [503, 429, 503, 429]), (false, [503, 429, 429, 429])] {
        let trusted_proxies = if trusted { vec!["127.0.0.0/8".to_owned()] } else { vec![] };
        let config = Config { quotas: quotas.clone(), trusted_proxies, ..Config::default() };
        let shop = serve(gateway(config, upstream().into())).await;
        let mut statuses = Vec::new();
        for client in ["198.51.100.1", "198.51.100.1", "198.51.100.2", "198.51.100.2"] {
            // Nobody is there to log in with, but the limit comes first.
            let head =
                format!("POST /api/v1/auth/login HTTP/1.1\r\nhost: a\r\nx-forwarded-for: {client}");
            let answer = ask(shop.address, &head).await;
            statuses.push(answer[9..12].parse::<u16>().unwrap());
        }
        assert_eq!(statuses, expected, "trusted: {trusted}");
    }
}

#[tokio::test]
async fn only_known_hosts_are_answered() {
    let config = Config { hosts: vec!["shop.example".to_owned()], ..Config::default() };
    let shop = serve(gateway(config, upstream().into())).await;
    for (head, status) in [
        ("GET /api/products HTTP/1.1\r\nhost: shop.example", 200),
        ("GET /api/products HTTP/1.1\r\nhost: other.example", 421),
        ("GET /api/products HTTP/1.1\r\nhost: a@shop.example", 400),
        ("GET /api/products HTTP/1.1\r\nhost:", 400),
        ("GET /live HTTP/1.1\r\nhost: 10.0.0.1", 200),
        ("CONNECT shop.example:443 HTTP/1.1\r\nhost: shop.example:443", 405),
    ] {
        let answer = ask(shop.address, head).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{head}: {answer}");
        if status != 200 {
            assert!(answer.contains("application/problem+json"), "{head}: {answer}");
        }
    }
}

/// A certificate for `shop.example` with its key, both in PEM.
fn certificate() -> (String, String, CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed(["shop.example".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem(), made.cert.der().clone())
}

/// A secure connection, if the server has the certificate.
async fn secure(
    address: SocketAddr,
    trusted: &CertificateDer<'static>,
    protocols: &[&str],
) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|it| it.as_bytes().to_vec()).collect();
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("shop.example").unwrap();
    tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// A gateway over TLS with these files, and the token that stops it.
async fn serve_tls(config: TlsConfig) -> Served {
    serve_tls_as(config, false, server::Config::default()).await
}

async fn serve_tls_as(config: TlsConfig, strict: bool, limits: server::Config) -> Served {
    let (tls, keeper) = Tls::open(&config, strict).unwrap().expect("TLS is on");
    let config = Config { tls: config, ..Config::default() };
    let gateway = gateway(config, upstream().into());
    let listener = server::bind("127.0.0.1:0", false).await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let guard = stop.clone().drop_guard();
    tokio::spawn(keeper.keep(stop.clone()));
    let admission = server::Admission::new(&limits, Networks::default());
    tokio::spawn(async move {
        server::serve_with(listener, tls, gateway, &limits, admission, stop).await;
    });
    Served { address, _stop: guard }
}

#[tokio::test]
async fn a_new_certificate_is_used_without_a_restart_and_a_bad_one_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let (pem, key) = (directory.path().join("cert.pem"), directory.path().join("key.pem"));
    let first = certificate();
    std::fs::write(&pem, &first.0).unwrap();
    std::fs::write(&key, &first.1).unwrap();
    let config = TlsConfig { certificate: pem.clone(), key: key.clone(), ..TlsConfig::default() };
    let shop = serve_tls(config).await;
    let head = "GET /api/products HTTP/1.1\r\nhost: shop.example\r\nconnection: close\r\n\r\n";
    let mut stream = secure(shop.address, &first.2, &["http/1.1"]).await.unwrap();
    let answer = raw(&mut stream, head).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("strict-transport-security: max-age=31536000"), "{answer}");
    let stream = secure(shop.address, &first.2, &["h2", "http/1.1"]).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));

    let second = certificate();
    // Only one of the two for a while: no pair. Longer than between two looks at the files.
    std::fs::write(&pem, &second.0).unwrap();
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert!(secure(shop.address, &first.2, &[]).await.is_ok(), "the one before stays");
    std::fs::write(&key, &second.1).unwrap();
    let renewed = async || secure(shop.address, &second.2, &[]).await.is_ok();
    eventually("the new one is used", renewed).await;
    assert!(secure(shop.address, &first.2, &[]).await.is_err());
}

/// A pair with a key of this mode.
fn pair(directory: &std::path::Path, mode: u32) -> (TlsConfig, CertificateDer<'static>) {
    let (pem, key) = (directory.join("cert.pem"), directory.join("key.pem"));
    let made = certificate();
    std::fs::write(&pem, &made.0).unwrap();
    std::fs::write(&key, &made.1).unwrap();
    set_mode(&key, mode);
    (TlsConfig { certificate: pem, key, ..TlsConfig::default() }, made.2)
}

fn set_mode(file: &std::path::Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn a_key_that_others_can_read_is_refused_in_production() {
    let directory = tempfile::tempdir().unwrap();
    for mode in [0o644, 0o604, 0o666, 0o602, 0o660] {
        let (config, _) = pair(directory.path(), mode);
        let error = Tls::open(&config, true).unwrap_err().to_string();
        let shown = format!("key.pem: others can read or change it (mode {mode:04o}); run: chmod");
        assert!(error.starts_with("gateway.tls.key: ") && error.contains(&shown), "{error}");
        assert!(Tls::open(&config, false).unwrap().is_some(), "only said: {mode:04o}");
    }
    for mode in [0o600, 0o400, 0o440, 0o640] {
        let (config, _) = pair(directory.path(), mode);
        assert!(Tls::open(&config, true).unwrap().is_some(), "{mode:04o}");
    }
}

#[tokio::test]
async fn a_new_key_that_others_can_read_is_not_taken_in_production() {
    let directory = tempfile::tempdir().unwrap();
    let (config, first) = pair(directory.path(), 0o600);
    let key = config.key.clone();
    let shop = serve_tls_as(config, true, server::Config::default()).await;
    let (_, second) = pair(directory.path(), 0o644);
    // Longer than between two looks at the files.
    tokio::time::sleep(Duration::from_millis(4500)).await;
    assert!(secure(shop.address, &first, &[]).await.is_ok(), "the one before stays");
    set_mode(&key, 0o600);
    let renewed = async || secure(shop.address, &second, &[]).await.is_ok();
    eventually("the new one is used", renewed).await;
}

#[tokio::test]
async fn who_does_not_finish_a_handshake_is_cut_off() {
    let directory = tempfile::tempdir().unwrap();
    let (pem, key) = (directory.path().join("cert.pem"), directory.path().join("key.pem"));
    let made = certificate();
    std::fs::write(&pem, &made.0).unwrap();
    std::fs::write(&key, &made.1).unwrap();
    let config = TlsConfig { certificate: pem, key, ..TlsConfig::default() };
    let limits = server::Config { head_timeout_ms: 1_500, ..server::Config::default() };
    let shop = serve_tls_as(config, false, limits).await;
    // Nothing; a beginning; plain HTTP; a handshake without a request.
    for beginning in ["", "\x16\x03\x01", "GET / HTTP/1.1\r\nhost: a\r\n\r\n"] {
        let mut stream = TcpStream::connect(shop.address).await.unwrap();
        let answer = raw(&mut stream, beginning).await;
        assert!(!answer.contains("HTTP"), "{answer}");
    }
    let mut stream = secure(shop.address, &made.2, &[]).await.unwrap();
    assert_eq!(raw(&mut stream, "GET / HT").await, "");
}

#[tokio::test]
async fn plain_http_leads_to_https_and_to_nothing_else() {
    let config = Config { hosts: vec!["shop.example".to_owned()], ..Config::default() };
    for (port, there) in [(443, "https://shop.example"), (8443, "https://shop.example:8443")] {
        let plain = serve(gateway::redirect(&config, port).unwrap()).await;
        for (head, status, location) in [
            ("GET /a?b=c HTTP/1.1\r\nhost: shop.example:80", 308, "/a?b=c"),
            ("POST /api/products HTTP/1.1\r\nhost: SHOP.example", 308, "/api/products"),
            ("GET //evil.example/ HTTP/1.1\r\nhost: shop.example", 308, "//evil.example/"),
            ("GET http://shop.example/a HTTP/1.1\r\nhost: other", 308, "/a"),
            ("OPTIONS * HTTP/1.1\r\nhost: shop.example", 308, "/"),
            ("GET / HTTP/1.1\r\nhost: evil.example", 421, ""),
            ("GET / HTTP/1.1\r\nhost: shop.example\\@evil", 400, ""),
        ] {
            let answer = ask(plain.address, head).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{head}: {answer}");
            if status == 308 {
                let location = format!("\r\nlocation: {there}{location}\r\n");
                let answer = answer.replace("SHOP", "shop");
                assert!(answer.contains(&location), "{head}: {answer}");
            }
        }
    }
}

#[tokio::test]
async fn settings_of_tls_that_cannot_be_meant_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let (good, other) = (certificate(), certificate());
    for (name, text) in [
        ("cert", &good.0),
        ("key", &good.1),
        ("other", &other.1),
        ("empty", &String::new()),
        ("garbage", &"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned()),
    ] {
        std::fs::write(path(name), text).unwrap();
    }
    let files = |certificate: &str, key: &str| TlsConfig {
        certificate: path(certificate),
        key: path(key),
        ..TlsConfig::default()
    };
    let acme = |change: fn(&mut gateway::AcmeConfig)| {
        let mut config = TlsConfig::default();
        config.acme.domains = vec!["shop.example.com".to_owned()];
        config.acme.cache = path("cache");
        change(&mut config.acme);
        config
    };
    for (config, reason) in [
        (files("missing", "key"), "gateway.tls.certificate"),
        (files("cert", "missing"), "gateway.tls.key"),
        (files("cert", "other"), "gateway.tls.certificate"),
        (files("empty", "key"), "contains no certificate"),
        (files("garbage", "key"), "gateway.tls.certificate"),
        (files("cert", "empty"), "gateway.tls.key"),
        (TlsConfig { key: "".into(), ..files("cert", "key") }, "gateway.tls.key is empty"),
        (
            TlsConfig { certificate: "".into(), ..files("cert", "key") },
            "gateway.tls.certificate is empty",
        ),
        (TlsConfig { redirect_listen: "0.0.0.0:80".into(), ..TlsConfig::default() }, "redirect"),
        (
            TlsConfig { acme: acme(|_| {}).acme, ..files("cert", "key") },
            "gateway.tls.acme.domains is shop.example.com",
        ),
        (acme(|it| it.cache = "".into()), "gateway.tls.acme.cache is empty"),
        (acme(|it| it.domains.push("127.0.0.1".into())), "gateway.tls.acme.domains"),
        (acme(|it| it.domains.push("*.example.com".into())), "gateway.tls.acme.domains"),
        (acme(|it| it.directory = "http://ca".into()), "gateway.tls.acme.directory"),
        (acme(|it| it.contact = "me".into()), "gateway.tls.acme.contact"),
        (acme(|it| it.root = "missing".into()), "gateway.tls.acme.root"),
    ] {
        let error = Tls::open(&config, false).unwrap_err().to_string();
        assert!(error.contains(reason), "{error} lacks {reason}");
        assert!(!error.contains("PRIVATE"), "{error}");
    }
    assert!(Tls::open(&TlsConfig::default(), true).unwrap().is_none());
    assert!(Tls::open(&files("cert", "key"), false).unwrap().is_some());
    assert!(Tls::open(&acme(|_| {}), true).unwrap().is_some());
}
