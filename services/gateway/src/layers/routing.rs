//! Looks up the route of a request, once for all layers below.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::Request;
use http::{HeaderValue, Method, Uri};
use tracing::Span;

use super::request_id::X_REQUEST_ID;
use super::{Middleware, Refusal};
use crate::NAME;
use crate::client::Proxies;
use crate::routes::{Action, Found, Match, Route, Table, Template, host};
use crate::tables::Routes;

/// What is known of a request before it is processed.
pub(crate) struct Matched {
    pub(crate) table: Arc<Table>,
    pub(crate) way: Way,
    /// As the client sent them.
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) id: HeaderValue,
    /// The client's address; the port is 0 if a proxy reported it.
    pub(crate) client: Option<SocketAddr>,
    pub(crate) span: Span,
}

/// Where a request leads.
pub(crate) enum Way {
    Nowhere,
    /// The value of `Allow`.
    OtherMethods(String),
    To {
        route: Arc<Route>,
        /// The path at the service, if it differs from the client's.
        path: Option<String>,
    },
}

impl Matched {
    fn new(
        request: &Request,
        table: Arc<Table>,
        way: Way,
        client: Option<SocketAddr>,
    ) -> Arc<Self> {
        let id = request.headers().get(X_REQUEST_ID).cloned();
        let id = id.unwrap_or_else(|| HeaderValue::from_static(""));
        let span = tracing::error_span!(
            "request",
            request_id = id.to_str().unwrap_or_default(),
            service = way.service(),
        );
        let (method, uri) = (request.method().clone(), request.uri().clone());
        Arc::new(Self { table, way, method, uri, id, client, span })
    }

    /// What [`Routing`] found. A request it has not seen leads nowhere.
    pub(crate) fn of(request: &Request) -> Arc<Self> {
        let matched = request.extensions().get::<Arc<Self>>().cloned();
        matched.unwrap_or_else(|| Self::new(request, Arc::default(), Way::Nowhere, None))
    }

    pub(crate) fn route(&self) -> Option<&Route> {
        match &self.way {
            Way::To { route, .. } => Some(route),
            Way::Nowhere | Way::OtherMethods(_) => None,
        }
    }

    /// The service that is called, or else the gateway.
    pub(crate) fn service(&self) -> &str {
        self.way.service()
    }
}

impl Way {
    fn find(table: &Table, request: &Request) -> Self {
        let path = request.uri().path();
        let host = || host::asked(request.uri(), request.headers());
        match table.find(path, request.method(), host) {
            Found::Nothing => Self::Nowhere,
            Found::OtherMethods(allow) => Self::OtherMethods(allow),
            Found::Route(Match { route, path: canonical }) => {
                let constant = match &route.action {
                    Action::Ask(target) => target.rewrite.as_ref().and_then(Template::constant),
                    Action::Answer(_) => None,
                };
                let known = constant.map_or(canonical, |it| it.to_owned().into());
                Self::To { route: route.clone(), path: (known != path).then(|| known.into_owned()) }
            }
        }
    }

    fn service(&self) -> &str {
        match self {
            Self::To { route, .. } => route.service().unwrap_or(NAME),
            Self::Nowhere | Self::OtherMethods(_) => NAME,
        }
    }
}

/// Puts [`Matched`] into the extensions of a request.
#[derive(Clone)]
pub(crate) struct Routing {
    pub(crate) routes: Arc<Routes>,
    pub(crate) proxies: Arc<Proxies>,
}

impl Middleware for Routing {
    type State = ();

    fn before(&self, request: &mut Request) -> Result<(), Refusal> {
        let table = self.routes.table();
        let way = Way::find(&table, request);
        let client = self.proxies.client(request.extensions(), request.headers());
        let matched = Matched::new(request, table, way, client);
        request.extensions_mut().insert(matched);
        Ok(())
    }
}
