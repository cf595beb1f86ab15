//! How a service is reached: its routes in this process, or its copies in others.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use tower::ServiceExt;

use crate::context::{self, Context};
use crate::peers::Peers;
use crate::remote::{self, Remote, Terms};

/// The way to a service.
#[derive(Clone, Debug)]
pub enum Reach {
    /// Called directly: no socket, no copy.
    Here(Router),
    /// Over HTTP, with a service token.
    There(Remote, Peers),
}

impl From<Router> for Reach {
    fn from(router: Router) -> Self {
        Self::Here(router)
    }
}

impl Reach {
    /// Asks the service. A duration alone is the deadline of the whole answer.
    pub async fn ask(
        &self,
        mut request: Request<Body>,
        terms: impl Into<Terms>,
    ) -> Result<Response<Body>, remote::Error> {
        let terms = terms.into();
        match self {
            Self::Here(router) => {
                let answer = router.clone().oneshot(request);
                let Ok(answer) = tokio::time::timeout(terms.deadline, answer)
                    .await
                    .map_err(|_| remote::Error::Late)?;
                Ok(answer)
            }
            Self::There(remote, peers) => {
                let context = context::current().unwrap_or_else(|| Context::begin(None));
                context.write(request.headers_mut(), terms.deadline);
                peers.sign(remote.service(), request.headers_mut());
                // Large, and all who ask would carry it along, also where nobody else is asked.
                Box::pin(remote.send(request, terms)).await
            }
        }
    }
}
