//! A request on its way to one copy, and what its end says about that copy.

use std::pin::pin;
use std::sync::Arc;

use axum::body::Body;
use axum::http::uri::PathAndQuery;
use axum::http::{
    HeaderMap, HeaderName, Method, Request, Response, StatusCode, Uri, Version, header,
};
use chassis::context;
use http_body::Body as _;
use hyper::body::Incoming;
use tokio::time::Instant;

use super::connection::{Connection, Sent};
use super::copy::{Instance, Lease};
use super::liveness::{Liveness, PATIENCE};
use super::recent::left;
use super::upload::UploadError;
use super::{Error, Inner};
use crate::server::Stopwatch;

/// A request as it was before it was sent, if it may be sent twice: it changes nothing and has no
/// body.
pub(super) struct Again {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
}

/// An answer whose body is yet to come.
pub(super) struct Answer {
    pub(super) response: Response<Incoming>,
    pub(super) connection: Connection,
    pub(super) lease: Lease,
}

/// Why a copy did not answer.
pub(super) enum Failure {
    /// No copy to ask.
    Nobody,
    /// Nothing was sent.
    Unsent(Box<Request<Body>>),
    /// It was sent, and the connection broke. `used`: perhaps it had been closed before.
    Broken { used: bool, reason: String },
    /// It was sent, and the copy gives no sign of life.
    Unresponsive,
    /// The body of the request failed, not the copy.
    Upload(Error),
}

impl Again {
    pub(super) fn of(request: &Request<Body>) -> Option<Self> {
        is_repeatable(request).then(|| Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            headers: request.headers().clone(),
        })
    }

    pub(super) fn request(self) -> Request<Body> {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = self.method;
        *request.uri_mut() = self.uri;
        *request.headers_mut() = self.headers;
        request
    }
}

impl Answer {
    pub(super) fn status(&self) -> StatusCode {
        self.response.status()
    }
}

/// Whether sending it twice is no more than sending it once.
fn is_repeatable(request: &Request<Body>) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS)
        && request.body().is_end_stream()
}

/// Makes of a request what is written on a connection: only the path, HTTP/1.1.
pub(super) fn prepare(request: &mut Request<Body>) {
    let uri = request.uri_mut();
    if uri.authority().is_some() || uri.path_and_query().is_none() {
        let path = uri.path_and_query().cloned();
        *uri = Uri::from(path.unwrap_or_else(|| PathAndQuery::from_static("/")));
    }
    *request.version_mut() = Version::HTTP_11;
}

/// Writes the time that is left into the header, if part of it has passed since.
pub(super) fn refresh_timeout(request: &mut Request<Body>, deadline: Instant) {
    if let Some(told) = request.headers_mut().get_mut(context::TIMEOUT) {
        let millis = u64::try_from(left(deadline).as_millis()).unwrap_or(u64::MAX);
        *told = millis.into();
    }
}

/// Whether an answer says that a copy cannot serve at the moment.
pub(super) fn is_ill(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT
    )
}

impl Inner {
    /// Asks one copy, another than `avoided`. Who is asked is left in `asked`, also when this is
    /// given up on the way. `fresh`: on a new connection.
    pub(super) async fn attempt(
        &self,
        mut request: Request<Body>,
        stopwatch: &Stopwatch,
        asked: &mut Option<Arc<Instance>>,
        avoided: Option<Arc<Instance>>,
        fresh: bool,
    ) -> Result<Answer, Failure> {
        let Some(copy) = self.copies.choose(avoided.as_ref(), Instant::now()) else {
            return Err(Failure::Nobody);
        };
        *asked = Some(copy.clone());
        let Some(lease) = copy.clone().enter().await else {
            self.note(&copy, "all its connections are in use");
            return Err(Failure::Unsent(Box::new(request)));
        };
        let hosted = request.headers().contains_key(header::HOST);
        if !hosted && let Some(host) = &copy.host {
            request.headers_mut().insert(header::HOST, host.clone());
        }
        let careful = !is_repeatable(&request);
        let upload = request.extensions().get::<UploadError>().cloned();
        loop {
            let kept = if fresh { None } else { copy.take(careful) };
            let (connection, new) = match kept {
                Some(kept) => (kept, false),
                None => match Connection::open(&copy.endpoint).await {
                    Ok(opened) => (opened, true),
                    Err(error) => {
                        self.failed(&copy, true, &format!("connecting failed: {error}"));
                        return Err(Failure::Unsent(Box::new(request)));
                    }
                },
            };
            let began = stopwatch.now();
            let sending = connection.send(request);
            let Some(sent) = watch(&copy, stopwatch, sending).await else {
                copy.load.observe(stopwatch.now() - began, Instant::now());
                self.failed(&copy, true, "gives no sign of life");
                return Err(Failure::Unresponsive);
            };
            match sent {
                Sent::Answer(response, connection) => {
                    if is_ill(response.status()) {
                        let status = response.status();
                        self.failed(&copy, false, &format!("answered {}", status.as_u16()));
                    } else {
                        let now = Instant::now();
                        copy.succeeded(now);
                        copy.load.observe(stopwatch.now() - began, now);
                    }
                    return Ok(Answer { response: clean(response), connection, lease });
                }
                // Closed while idle; there are only so many of those.
                Sent::Returned(returned, _) if !new => request = returned,
                Sent::Returned(returned, reason) => {
                    self.failed(&copy, false, &reason);
                    return Err(Failure::Unsent(Box::new(returned)));
                }
                Sent::Broken { used, reason } => {
                    if let Some(error) = upload.and_then(|it| it.get()) {
                        return Err(Failure::Upload(error));
                    }
                    // One that had been used says nothing yet: it may have been closed meanwhile.
                    if used {
                        self.note(&copy, &reason);
                    } else {
                        self.failed(&copy, false, &reason);
                    }
                    return Err(Failure::Broken { used, reason });
                }
            }
        }
    }
}

/// Waits for an answer for as long as the copy shows that it is alive: this one or another answer,
/// or one about just that. None where it does not. One that takes no new connections may be about
/// to end, and still answers what it was asked.
async fn watch(
    copy: &Instance,
    stopwatch: &Stopwatch,
    sending: impl Future<Output = Sent>,
) -> Option<Sent> {
    let mut sending = pin!(sending);
    loop {
        let since = Instant::now();
        let patience = stopwatch.now() + PATIENCE;
        if let Some(sent) = stopwatch.timeout_at(patience, &mut sending).await {
            return Some(sent);
        }
        tokio::select! {
            biased;
            sent = &mut sending => return Some(sent),
            found = copy.liveness(since) => if found == Liveness::Unresponsive { return None },
        }
    }
}

/// Takes out what belongs to the connection to the copy. What is upgraded is passed on as it is.
fn clean(mut response: Response<Incoming>) -> Response<Incoming> {
    const OF_A_CONNECTION: [HeaderName; 6] = [
        header::CONNECTION,
        HeaderName::from_static("keep-alive"),
        HeaderName::from_static("proxy-connection"),
        header::TE,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
    ];
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return response;
    }
    let headers = response.headers_mut();
    if headers.contains_key(header::CONNECTION) {
        let named: Vec<HeaderName> = headers
            .get_all(header::CONNECTION)
            .iter()
            .filter_map(|it| it.to_str().ok())
            .flat_map(|it| it.split(','))
            .filter_map(|it| it.trim().parse().ok())
            .collect();
        for name in named {
            headers.remove(name);
        }
    }
    for name in OF_A_CONNECTION {
        headers.remove(name);
    }
    response
}
