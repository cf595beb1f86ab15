//! The last step before a service and the first one after it, and connections that stop being
//! HTTP: WebSockets, passed through to a service.
//!
//! How long such a connection may be silent, and that it ends when the process stops, is looked
//! after by `mesh::server`, on whose socket it is.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, Request};
use axum::response::{IntoResponse, Response};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode, Version};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use mesh::server::Upload;
use mesh::target::ServiceTarget;
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};

use crate::client::Origin;
use crate::{head, problems};

const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");
const UPGRADE: HeaderValue = HeaderValue::from_static("upgrade");
/// How long one side may go on after the other has ended.
const LAST_WORDS: Duration = Duration::from_secs(10);
/// Bytes copied at once.
const BUFFER: usize = 8 * 1024;

/// The client's side of a connection to a service in another process.
#[derive(Clone)]
pub(crate) struct Tunnel(Arc<Mutex<Option<OnUpgrade>>>);

/// Makes of a client's request what a service expects: without what belongs to the connection and
/// without claims about who asks; with what the gateway itself knows.
pub(crate) fn hand_over(request: &mut Request, reach: &ServiceTarget, origin: &Origin) {
    let wanted = wanted(request);
    head::clean(request.headers_mut());
    // A service must find nothing here that another router has left: captures of its paths would
    // be taken for the service's own.
    let upload = request.extensions_mut().remove::<Upload>();
    request.extensions_mut().clear();
    if let Some(upload) = upload {
        request.extensions_mut().insert(upload);
    }
    if let Some(client) = origin.client {
        request.extensions_mut().insert(ConnectInfo(client));
    }
    match reach {
        ServiceTarget::Local(_) => {
            request.extensions_mut().insert(origin.site.clone());
            request.extensions_mut().insert(origin.address_rules);
        }
        ServiceTarget::Remote(..) => origin.write(request.headers_mut()),
    }
    let Some(wanted) = wanted else { return };
    ask(request.headers_mut());
    match reach {
        // A service of this process does the rest itself.
        ServiceTarget::Local(_) => {
            request.extensions_mut().insert(wanted);
        }
        ServiceTarget::Remote(..) => {
            let tunnel = Tunnel(Arc::new(Mutex::new(Some(wanted))));
            request.extensions_mut().insert(tunnel);
        }
    }
}

/// Makes of a service's answer what the client expects, and joins both where they have agreed.
pub(crate) fn take_back(mut response: Response, tunnel: Option<Tunnel>) -> Response {
    let agreed = response.status() == StatusCode::SWITCHING_PROTOCOLS;
    let agreed = agreed && names(response.headers(), &header::UPGRADE, "websocket");
    head::clean_answer(response.headers_mut());
    if agreed {
        ask(response.headers_mut());
    } else if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        tracing::warn!("a service switched protocols without being asked");
        return problems::broken().into_response();
    }
    let Some(tunnel) = tunnel.filter(|_| agreed) else { return response };
    let client = tunnel.0.lock().take();
    if let Some(client) = client {
        let service = hyper::upgrade::on(&mut response);
        tokio::spawn(join(client, service));
    }
    response
}

/// The client's wish to speak WebSocket, if it has one.
fn wanted(request: &mut Request) -> Option<OnUpgrade> {
    let headers = request.headers();
    let wanted = request.version() == Version::HTTP_11
        && request.method() == Method::GET
        && names(headers, &header::CONNECTION, "upgrade")
        && names(headers, &header::UPGRADE, "websocket");
    let upgrade = request.extensions_mut().remove::<OnUpgrade>();
    upgrade.filter(|_| wanted)
}

fn ask(headers: &mut HeaderMap) {
    headers.insert(header::CONNECTION, UPGRADE);
    headers.insert(header::UPGRADE, WEBSOCKET);
}

async fn join(client: OnUpgrade, service: OnUpgrade) {
    match tokio::join!(client, service) {
        (Ok(client), Ok(service)) => pass(TokioIo::new(client), TokioIo::new(service)).await,
        (client, service) => {
            let error = client.err().or(service.err());
            tracing::debug!(?error, "cannot upgrade a connection");
        }
    }
}

fn names(headers: &HeaderMap, header: &HeaderName, word: &str) -> bool {
    let lines = headers.get_all(header).iter().filter_map(|it| it.to_str().ok());
    lines.flat_map(|it| it.split(',')).any(|it| it.trim().eq_ignore_ascii_case(word))
}

async fn pass<C, S>(client: C, service: S)
where
    C: AsyncRead + AsyncWrite,
    S: AsyncRead + AsyncWrite,
{
    let (client_read, client_write) = tokio::io::split(client);
    let (service_read, service_write) = tokio::io::split(service);
    let mut up = std::pin::pin!(copy(client_read, service_write));
    let mut down = std::pin::pin!(copy(service_read, client_write));
    // Where one side has ended, the other has a moment for its last words.
    tokio::select! {
        () = &mut up => drop(tokio::time::timeout(LAST_WORDS, down).await),
        () = &mut down => drop(tokio::time::timeout(LAST_WORDS, up).await),
    }
}

async fn copy<R: AsyncRead, W: AsyncWrite>(from: ReadHalf<R>, mut to: WriteHalf<W>) {
    let mut from = tokio::io::BufReader::with_capacity(BUFFER, from);
    if let Err(error) = tokio::io::copy_buf(&mut from, &mut to).await {
        tracing::debug!(%error, "an upgraded connection failed");
    }
    let _ = to.shutdown().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_in_a_list_only_as_a_whole() {
        let mut headers = HeaderMap::new();
        headers.append(header::CONNECTION, HeaderValue::from_static("keep-alive, Upgrade"));
        assert!(names(&headers, &header::CONNECTION, "upgrade"));
        assert!(!names(&headers, &header::CONNECTION, "keep"));
        assert!(!names(&headers, &header::UPGRADE, "websocket"));
    }
}
