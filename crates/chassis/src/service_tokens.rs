//! How the processes of a shop authenticate to each other: short-lived service tokens, signed with
//! a shared secret.
//!
//! A token names the services the calling process runs (`sub`) and the service it is for (`aud`). A
//! caller with a valid token may call that service's internal routes, except those limited to
//! others ([`Route::only`](crate::route::Route::only)), and is trusted about the client's address.
//! It says nothing about users: their own tokens are passed on and verified by every service.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::problem::{Problem, Result};

/// Carries a service token.
pub const TOKEN: HeaderName = HeaderName::from_static("x-service-token");
/// The client's address, believed only beside a service token.
pub const CLIENT: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The fewest bytes a secret may have.
pub const MIN_SECRET: usize = 32;
/// Seconds a token counts.
const LIFETIME: i64 = 60;
/// Seconds by which the clocks of two processes may differ, either way.
const LEEWAY: i64 = 300;
/// Seconds one is used before the next is made.
const USED_FOR: i64 = 20;
/// How long nothing more is said about tokens of a wrong time.
const SILENCE: Duration = Duration::from_secs(10);

/// Signs and verifies service tokens. Clones share them.
#[derive(Clone)]
pub struct ServiceTokens(Arc<Inner>);

struct Inner {
    /// The services of this process, a blank between; empty where it does not say.
    own: String,
    clock: Clock,
    signing: EncodingKey,
    /// The secret that signs, and while it is changed another one.
    verifying: Vec<DecodingKey>,
    made: Mutex<HashMap<&'static str, (i64, HeaderValue)>>,
    complained: Mutex<Option<Instant>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    /// The services the calling process runs, a blank between. Missing in those of older versions.
    #[serde(default)]
    sub: String,
    /// The service it is for.
    aud: String,
    exp: i64,
}

/// Who has sent a request, by its service token: the services of that process, a blank between.
/// Empty where it is of a version that does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller(String);

/// Who may call internal routes.
#[derive(Clone, Copy, Debug)]
pub struct Callers {
    pub services: &'static [&'static str],
    /// Whether a process may that is of a version which does not say what it is: so that a shop
    /// can be upgraded one process after the other.
    pub unnamed: bool,
}

impl ServiceTokens {
    pub fn new(secret: &str, clock: Clock) -> Self {
        Self::accepting(secret, "", clock)
    }

    /// Signs with `secret` and accepts what is signed with `previous` as well, unless it is empty.
    pub fn accepting(secret: &str, previous: &str, clock: Clock) -> Self {
        let accepted = [secret, previous].into_iter().filter(|it| !it.is_empty());
        Self(Arc::new(Inner {
            own: String::new(),
            clock,
            signing: EncodingKey::from_secret(secret.as_bytes()),
            verifying: accepted.map(|it| DecodingKey::from_secret(it.as_bytes())).collect(),
            made: Mutex::default(),
            complained: Mutex::default(),
        }))
    }

    /// The same for a process that runs these services.
    #[must_use]
    pub fn of(self, services: &[&'static str]) -> Self {
        Self(Arc::new(Inner {
            own: services.join(" "),
            clock: self.0.clock,
            signing: self.0.signing.clone(),
            verifying: self.0.verifying.clone(),
            made: Mutex::default(),
            complained: Mutex::default(),
        }))
    }

    /// Adds a token for this service.
    pub fn sign(&self, service: &'static str, headers: &mut HeaderMap) {
        let now = self.0.clock.now().timestamp();
        let mut made = self.0.made.lock();
        if let Some((at, token)) = made.get(service)
            // Not one of a time to which the clock has been put back.
            && (0..USED_FOR).contains(&(now - at))
        {
            headers.insert(TOKEN, token.clone());
            return;
        }
        let (sub, aud, exp) = (self.0.own.clone(), service.to_owned(), now + LIFETIME);
        let claims = Claims { sub, aud, exp };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.0.signing);
        let token = token.ok().and_then(|it| HeaderValue::try_from(it).ok());
        if let Some(mut token) = token {
            token.set_sensitive(true);
            made.insert(service, (now, token.clone()));
            headers.insert(TOKEN, token);
        }
    }

    /// Whether a request comes from another process of this shop, and which: it carries a token for
    /// `service`. One of another time is a 503: not the client is wrong, but a clock.
    pub fn verify(&self, service: &'static str, headers: &HeaderMap) -> Result<Caller> {
        let missing = || Problem::unauthenticated("service_token_missing", "for services only");
        let token = headers.get(TOKEN).and_then(|it| it.to_str().ok()).ok_or_else(missing)?;
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[service]);
        validation.validate_exp = false;
        let decode = |key| jsonwebtoken::decode::<Claims>(token, key, &validation).ok();
        let Some(claims) = self.0.verifying.iter().find_map(decode).map(|it| it.claims) else {
            refused(service, "invalid");
            let detail = "the service token does not count here";
            return Err(Problem::unauthenticated("service_token_invalid", detail));
        };
        let age = self.0.clock.now().timestamp().saturating_sub(claims.exp) + LIFETIME;
        if (-LEEWAY..LIFETIME + LEEWAY).contains(&age) {
            return Ok(Caller(claims.sub));
        }
        refused(service, "clock");
        self.complain(service, &claims.sub, age);
        Err(wrong_time(age))
    }

    /// Says once in a while whose clock may be wrong.
    fn complain(&self, service: &'static str, caller: &str, age_seconds: i64) {
        let mut complained = self.0.complained.lock();
        if complained.is_none_or(|it| it.elapsed() > SILENCE) {
            *complained = Some(Instant::now());
            tracing::error!(
                service,
                caller,
                age_seconds,
                "rejected a service token because of its time: the clock of the calling process or \
                 of this one is wrong; compare clock_offset_seconds of both"
            );
        }
    }
}

impl Caller {
    fn is_one_of(&self, services: &[&str]) -> bool {
        self.0.split(' ').any(|it| services.contains(&it))
    }
}

/// Keeps internal routes to some services. A call within the process carries no token; which
/// services share a process is decided where it is started.
pub(crate) async fn only(State(callers): State<Callers>, request: Request, next: Next) -> Response {
    match request.extensions().get::<Caller>() {
        Some(Caller(name)) if name.is_empty() && !callers.unnamed => unnamed().into_response(),
        Some(caller) if !caller.0.is_empty() && !caller.is_one_of(callers.services) => {
            let named = callers.services.join(", ");
            tracing::error!(
                caller = caller.0,
                path = request.uri().path(),
                "the caller may not use this internal route"
            );
            let detail = format!("this is for {named} alone, not for {}", caller.0);
            Problem::forbidden("service_token_forbidden", detail).into_response()
        }
        _ => next.run(request).await,
    }
}

/// Whether another process rejected the caller, not the request: nothing a client could fix.
pub(crate) fn is_refusal(problem: &Problem) -> bool {
    problem.code.starts_with("service_token_")
}

fn refused(service: &'static str, reason: &'static str) {
    metrics::counter!("service_tokens_refused_total", "service" => service, "reason" => reason)
        .increment(1);
}

fn wrong_time(age: i64) -> Problem {
    let detail = format!(
        "the service token was made {} seconds {}, by the clock of this process: the clock of the \
         calling process or of this one is wrong",
        age.abs(),
        if age < 0 { "from now" } else { "ago" }
    );
    Problem::unavailable("service_token_clock", detail).retry_after(1)
}

fn unnamed() -> Problem {
    let detail = "the service token does not say which service calls: the calling process is of \
                  an older version; upgrade it";
    Problem::unavailable("service_token_unnamed", detail).retry_after(1)
}

/// The client's address as another process of this shop passes it on.
pub fn client(headers: &HeaderMap) -> Option<SocketAddr> {
    let address: IpAddr = headers.get(CLIENT)?.to_str().ok()?.parse().ok()?;
    Some(SocketAddr::new(address, 0))
}

impl std::fmt::Debug for ServiceTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServiceTokens").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::*;

    fn at(seconds: i64) -> Clock {
        let noon: DateTime<Utc> = "2026-01-02T12:00:00Z".parse().unwrap();
        Clock::Fixed(noon + TimeDelta::seconds(seconds))
    }

    const SECRET: &str = "a secret of at least 32 bytes, really";

    fn signed(tokens: &ServiceTokens) -> HeaderMap {
        let mut headers = HeaderMap::new();
        tokens.sign("orders", &mut headers);
        headers
    }

    #[test]
    fn a_token_says_who_calls_and_counts_for_its_service_alone() {
        let headers = signed(&ServiceTokens::new(SECRET, at(0)).of(&["cart", "reviews"]));
        let verify = |service, secret| ServiceTokens::new(secret, at(0)).verify(service, &headers);
        let caller = verify("orders", SECRET).unwrap();
        assert!(caller.is_one_of(&["cart"]) && caller.is_one_of(&["orders", "reviews"]));
        assert!(!caller.is_one_of(&["orders"]));
        assert_eq!(verify("catalog", SECRET).unwrap_err().code, "service_token_invalid");
        let other = "another secret of at least 32 bytes";
        assert_eq!(verify("orders", other).unwrap_err().code, "service_token_invalid");
        let missing =
            ServiceTokens::new(SECRET, at(0)).verify("orders", &HeaderMap::new()).unwrap_err();
        assert_eq!(missing.code, "service_token_missing");
    }

    #[test]
    fn clocks_may_differ_by_five_minutes_and_more_is_no_fault_of_the_client() {
        let headers = signed(&ServiceTokens::new(SECRET, at(0)));
        for seconds in [-300, -1, 0, 59, 359] {
            assert!(
                ServiceTokens::new(SECRET, at(seconds)).verify("orders", &headers).is_ok(),
                "{seconds}"
            );
        }
        for seconds in [-3600, -301, 360, 3600] {
            let refused =
                ServiceTokens::new(SECRET, at(seconds)).verify("orders", &headers).unwrap_err();
            assert_eq!((refused.status, &*refused.code), (503, "service_token_clock"));
            assert!(refused.detail.contains("clock"), "{}", refused.detail);
        }
    }

    #[test]
    fn a_clock_that_was_put_back_makes_new_tokens() {
        let (later, now) =
            (ServiceTokens::new(SECRET, at(3600)), ServiceTokens::new(SECRET, at(0)));
        let kept = later.0.made.lock().clone();
        assert!(kept.is_empty());
        signed(&later);
        *now.0.made.lock() = later.0.made.lock().clone();
        assert!(now.verify("orders", &signed(&now)).is_ok());
    }

    #[tokio::test]
    async fn internal_routes_may_be_kept_to_some_services() {
        use axum::Router;
        use axum::body::Body;
        use axum::middleware::from_fn_with_state;
        use tower::ServiceExt;
        for (caller, unnamed, status) in [
            (None, false, 404),
            (Some("notifications"), false, 404),
            (Some("cart notifications"), false, 404),
            (Some("cart"), false, 403),
            (Some("cart"), true, 403),
            (Some(""), false, 503),
            (Some(""), true, 404),
        ] {
            let callers = Callers { services: &["notifications"], unnamed };
            let router = Router::new().layer(from_fn_with_state(callers, only));
            let mut request = Request::new(Body::empty());
            if let Some(caller) = caller {
                request.extensions_mut().insert(Caller(caller.to_owned()));
            }
            let answer = router.oneshot(request).await.unwrap();
            assert_eq!(answer.status().as_u16(), status, "{caller:?} {unnamed}");
        }
    }

    #[test]
    fn a_token_of_an_older_version_names_nobody() {
        #[derive(Serialize)]
        struct Older {
            aud: &'static str,
            exp: i64,
        }
        let claims = Older { aud: "orders", exp: at(60).now().timestamp() };
        let key = EncodingKey::from_secret(SECRET.as_bytes());
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap();
        let headers = HeaderMap::from_iter([(TOKEN, HeaderValue::try_from(token).unwrap())]);
        let caller = ServiceTokens::new(SECRET, at(0)).verify("orders", &headers).unwrap();
        assert_eq!(caller, Caller(String::new()));
    }

    #[test]
    fn while_the_secret_is_changed_both_count_and_the_new_one_signs() {
        let (old, new) =
            ("the old secret of at least 32 bytes", "the new secret of at least 32 bytes");
        let signed = |tokens: ServiceTokens| {
            let mut headers = HeaderMap::new();
            tokens.sign("orders", &mut headers);
            headers
        };
        let (by_old, by_new) =
            (signed(ServiceTokens::new(old, at(0))), signed(ServiceTokens::new(new, at(0))));
        let changing = || ServiceTokens::accepting(new, old, at(0));
        assert_eq!(signed(changing()), by_new);
        let counts = |tokens: ServiceTokens, headers| tokens.verify("orders", headers).is_ok();
        assert!(counts(changing(), &by_old) && counts(changing(), &by_new));
        assert!(counts(ServiceTokens::accepting(old, new, at(0)), &by_new));
        assert!(!counts(ServiceTokens::new(new, at(0)), &by_old));
        assert!(!counts(ServiceTokens::new("", at(0)), &signed(ServiceTokens::new("", at(0)))));
    }
}
