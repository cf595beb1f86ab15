//! The layers of the gateway in their order.

use std::any::Any;
use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use chassis::auth::Verifier;
use tower::ServiceBuilder;
use tower::util::BoxCloneSyncService;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::CorsLayer;

use crate::client::Proxies;
use crate::config::AccessLog;
use crate::hosts::Hosts;
use crate::journal::Journal;
use crate::layers::access_log::Access;
use crate::layers::authorize::Authorize;
use crate::layers::body_limit::BodyLimit;
use crate::layers::compression::{Negotiate, compression};
use crate::layers::explain::Explain;
use crate::layers::guard::Guard;
use crate::layers::layer;
use crate::layers::meters::Meters;
use crate::layers::private::Private;
use crate::layers::rate_limit::RateLimitLayer;
use crate::layers::request_id::RequestId;
use crate::layers::reshape::ReshapeLayer;
use crate::layers::routing::Routing;
use crate::layers::security_headers::SecurityHeaders;
use crate::limits::Limits;
use crate::problems;
use crate::tables::Routes;
use crate::upstreams::Upstreams;

/// All layers around [`Upstreams`].
pub(crate) type Stack = BoxCloneSyncService<Request, Response, Infallible>;

/// The state that the layers of all listeners share.
pub(crate) struct Layers {
    pub(crate) meters: Meters,
    pub(crate) proxies: Arc<Proxies>,
    pub(crate) access_log: AccessLog,
    pub(crate) security_headers: SecurityHeaders,
    pub(crate) cors: Option<CorsLayer>,
    pub(crate) journal: Arc<Journal>,
    pub(crate) reshape: ReshapeLayer,
    pub(crate) hosts: Arc<Hosts>,
    pub(crate) limits: Option<Arc<Limits>>,
    pub(crate) verifier: Verifier,
    pub(crate) upstreams: Upstreams,
}

impl Layers {
    /// The stack of the listener with these routes. A request passes the layers from the first to the
    /// last, its answer from the last to the first. The answer to a refused request starts at the
    /// layer that refuses it.
    pub(crate) fn stack(&self, routes: Arc<Routes>) -> Stack {
        let verifier = &self.verifier;
        let rate_limit = self.limits.clone();
        let rate_limit =
            rate_limit.map(|limits| RateLimitLayer { limits, verifier: verifier.clone() });
        let stack = ServiceBuilder::new()
            .layer(layer(self.meters.clone()))
            .layer(layer(RequestId))
            .layer(layer(Routing { routes, proxies: self.proxies.clone() }))
            .layer(layer(Access(self.access_log)))
            .layer(layer(self.security_headers.clone()))
            .option_layer(self.cors.clone())
            .layer(layer(Negotiate))
            .map_response(|answer: http::Response<_>| answer.map(Body::new))
            .layer(compression())
            .layer(layer(Private))
            .layer(layer(self.journal.clone()))
            .layer(self.reshape.clone())
            .layer(layer(Explain))
            .map_response(|answer: http::Response<_>| answer.map(Body::new))
            .layer(CatchPanicLayer::custom(panicked))
            .layer(layer(Guard { hosts: self.hosts.clone() }))
            .option_layer(rate_limit)
            .layer(layer(BodyLimit))
            .layer(layer(Authorize { verifier: verifier.clone() }))
            .service(self.upstreams.clone());
        BoxCloneSyncService::new(stack)
    }
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    tracing::error!("the gateway panicked");
    problems::panicked().into_response()
}

#[cfg(test)]
mod tests {
    /// `request_id` also as `RequestId`.
    fn is_named(line: &str, layer: &str) -> bool {
        let camel: String =
            layer.split('_').map(|word| word[..1].to_ascii_uppercase() + &word[1..]).collect();
        line.contains(layer) || line.contains(&camel)
    }

    #[test]
    fn architecture_lists_the_layers_in_their_order() {
        let table = include_str!("../../../ARCHITECTURE.md").split_once("| layer |").unwrap().1;
        let rows = table.lines().skip(2).map_while(|it| it.strip_prefix("| `"));
        let rows: Vec<&str> = rows.filter_map(|it| it.split('`').next()).collect();
        let stack = include_str!("stack.rs").split_once("ServiceBuilder::new()").unwrap().1;
        let lines = stack.lines().take_while(|it| !it.contains(".service("));
        let layers: Vec<&str> = lines.filter(|it| it.contains("layer(")).collect();
        assert_eq!(rows.len(), layers.len(), "{rows:?} {layers:?}");
        for (line, row) in layers.iter().zip(rows) {
            assert!(is_named(line, row), "{row} is not {line}");
        }
    }
}
