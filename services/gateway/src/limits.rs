//! How often one may ask: buckets per class of requests and per who asks.
//!
//! Where gateways share a counter its word counts. Without it, or when it cannot be reached, each
//! counts in buckets of its own. These are charged all along, so that nobody finds them full then.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::response::{IntoResponse, Response};
use chassis::auth::Verifier;
use chassis::quota::{Counter, Rate, RateLimit, Taken};
use governor::RateLimiter;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

use crate::problems;

/// After so many checks, keys whose bucket is full again are forgotten. A check adds at most one
/// key, so this bounds the memory, whatever addresses requests come from.
const SWEEP_EVERY: u32 = 50_000;

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// Every change that is in no other class.
pub(crate) const WRITE: RateLimit = RateLimit::per_user("write", Rate::new(600, 200));
/// Every other request.
pub(crate) const READ: RateLimit = RateLimit::per_user("read", Rate::new(12_000, 2_000));
/// What providers send, from few addresses and many at once: their servers are no customers.
pub(crate) const WEBHOOKS: RateLimit = RateLimit::per_address("webhooks", Rate::new(6_000, 3_000));
/// The classes of requests to any service.
pub const RATE_LIMITS: [RateLimit; 3] = [WRITE, READ, WEBHOOKS];

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Asker {
    User(Uuid),
    V4(u32),
    /// The /64 of an IPv6 address: what one host is given.
    V6(u64),
}

impl Asker {
    /// The user of a valid token, or else the address.
    pub(crate) fn of(
        class: &RateLimit,
        verifier: &Verifier,
        headers: &HeaderMap,
        address: Option<IpAddr>,
    ) -> Self {
        if !class.per_address && headers.contains_key(header::AUTHORIZATION) {
            // A token that does not count is the service's to refuse; here it is just nobody.
            if let Ok(Some(user)) = verifier.principal(headers) {
                return Self::User(user.id());
            }
        }
        match address.map(|it| it.to_canonical()) {
            Some(IpAddr::V4(it)) => Self::V4(it.to_bits()),
            Some(IpAddr::V6(it)) => Self::V6((it.to_bits() >> 64) as u64),
            None => Self::V4(0),
        }
    }
}

type Buckets =
    RateLimiter<Asker, DashMapStateStore<Asker>, DefaultClock, StateInformationMiddleware>;

#[derive(Debug)]
struct Limiter {
    class: RateLimit,
    /// As the settings say.
    rate: Rate,
    buckets: Buckets,
}

/// The buckets of every class.
pub(crate) struct Limits {
    /// That of [`WRITE`] is first.
    limiters: Vec<Limiter>,
    shared: Option<Arc<dyn Counter>>,
    checks: AtomicU32,
}

/// What is left of a quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Allowance {
    burst: u32,
    remaining: u32,
    /// Seconds until a refused request may be repeated, or else until all is there again.
    reset: u64,
}

impl Limits {
    /// `quotas` are rates in place of the classes' own.
    pub(crate) fn new(
        services: &[RateLimit],
        quotas: &BTreeMap<String, Rate>,
        shared: Option<Arc<dyn Counter>>,
    ) -> Arc<Self> {
        let limiters = RATE_LIMITS.iter().chain(services).map(|class| {
            let rate = quotas.get(class.name).copied().unwrap_or(class.rate);
            let quota = governor::Quota::per_minute(rate.per_minute).allow_burst(rate.burst);
            Limiter { class: *class, rate, buckets: RateLimiter::keyed(quota).with_middleware() }
        });
        Arc::new(Self { limiters: limiters.collect(), shared, checks: AtomicU32::new(0) })
    }

    /// What is allowed to each class, by its name.
    pub(crate) fn rates(&self) -> BTreeMap<&'static str, Rate> {
        self.limiters.iter().map(|it| (it.class.name, it.rate)).collect()
    }

    /// The class of this name. Routes are checked for names that there are; any other would count
    /// as a change.
    pub(crate) fn class(&self, name: &str) -> &RateLimit {
        &self.limiter(name).class
    }

    fn limiter(&self, name: &str) -> &Limiter {
        let named = self.limiters.iter().find(|it| it.class.name == name);
        named.unwrap_or(&self.limiters[0])
    }

    /// Takes one from the bucket; `Err` if it is empty.
    pub(crate) async fn check(
        self: &Arc<Self>,
        class: &RateLimit,
        asker: Asker,
    ) -> Result<Allowance, Allowance> {
        let rate = self.limiter(class.name).rate;
        if let Some(shared) = &self.shared
            && let Some(taken) = shared.take(&key(class, asker), rate).await
        {
            if let Taken::Granted { .. } = taken {
                self.take(class, asker);
            }
            return Allowance::of(rate, taken);
        }
        Allowance::of(rate, self.take(class, asker))
    }

    /// Takes one from the bucket of this process.
    fn take(self: &Arc<Self>, class: &RateLimit, asker: Asker) -> Taken {
        if self.checks.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            let this = self.clone();
            tokio::task::spawn_blocking(move || this.sweep());
        }
        match self.limiter(class.name).buckets.check_key(&asker) {
            Ok(state) => Taken::Granted { remaining: state.remaining_burst_capacity() },
            Err(not_until) => {
                Taken::Refused { wait: not_until.wait_time_from(DefaultClock::default().now()) }
            }
        }
    }

    fn sweep(&self) {
        for Limiter { buckets, .. } in &self.limiters {
            buckets.retain_recent();
            buckets.shrink_to_fit();
        }
    }
}

impl Allowance {
    fn of(rate: Rate, taken: Taken) -> Result<Self, Self> {
        let burst = rate.burst.get();
        match taken {
            Taken::Granted { remaining } => {
                let missing = u64::from(burst.saturating_sub(remaining));
                let reset = (missing * 60).div_ceil(u64::from(rate.per_minute.get()));
                Ok(Self { burst, remaining, reset })
            }
            Taken::Refused { wait } => {
                let reset = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
                Err(Self { burst, remaining: 0, reset: reset.max(1) })
            }
        }
    }

    /// Tells the client.
    pub(crate) fn write(self, headers: &mut HeaderMap) {
        headers.insert(LIMIT, HeaderValue::from(self.burst));
        headers.insert(REMAINING, HeaderValue::from(self.remaining));
        headers.insert(RESET, HeaderValue::from(self.reset));
    }

    /// The answer where nothing is left.
    pub(crate) fn refuse(self) -> Response {
        let mut response = problems::rate_limited(self.reset).into_response();
        let headers = response.headers_mut();
        headers.insert(header::RETRY_AFTER, HeaderValue::from(self.reset));
        self.write(headers);
        response
    }
}

/// The name of a bucket that gateways share.
fn key(class: &RateLimit, asker: Asker) -> String {
    let class = class.name;
    match asker {
        Asker::User(id) => format!("quota:{class}:user:{}", id.simple()),
        Asker::V4(bits) => format!("quota:{class}:ip:{}", Ipv4Addr::from(bits)),
        Asker::V6(bits) => format!("quota:{class}:ip:{}", Ipv6Addr::from(u128::from(bits) << 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(per_minute: u32, burst: u32) -> Arc<Limits> {
        Limits::new(&[], &BTreeMap::from([("read".to_owned(), Rate::new(per_minute, burst))]), None)
    }

    #[tokio::test]
    async fn a_bucket_is_emptied_and_tells_when_to_come_again() {
        let limits = limits(1, 2);
        let first = limits.check(&READ, Asker::V4(1)).await.unwrap();
        assert_eq!(first, Allowance { burst: 2, remaining: 1, reset: 60 });
        let second = limits.check(&READ, Asker::V4(1)).await.unwrap();
        assert_eq!(second, Allowance { burst: 2, remaining: 0, reset: 120 });
        let third = limits.check(&READ, Asker::V4(1)).await.unwrap_err();
        assert_eq!((third.remaining, third.burst), (0, 2));
        assert!((59..=60).contains(&third.reset), "{third:?}");
    }

    #[tokio::test]
    async fn askers_and_classes_do_not_share_a_bucket() {
        let limits = limits(1, 1);
        assert!(limits.check(&READ, Asker::V4(1)).await.is_ok());
        assert!(limits.check(&READ, Asker::V4(1)).await.is_err());
        assert!(limits.check(&READ, Asker::V4(2)).await.is_ok());
        assert!(limits.check(&READ, Asker::User(Uuid::nil())).await.is_ok());
        assert!(limits.check(&WRITE, Asker::V4(1)).await.is_ok());
    }

    #[tokio::test]
    async fn full_buckets_are_forgotten_and_empty_ones_are_not() {
        let fast = limits(u32::MAX, 1);
        for address in 0..1000 {
            assert!(fast.check(&READ, Asker::V4(address)).await.is_ok());
        }
        let slow = limits(1, 1);
        assert!(slow.check(&READ, Asker::V4(1)).await.is_ok());
        // A bucket of the fast one is full again after 14 ns.
        fast.sweep();
        slow.sweep();
        assert!(fast.limiter("read").buckets.len() < 10);
        assert!(slow.check(&READ, Asker::V4(1)).await.is_err());
    }

    /// Grants one and refuses the second, until it goes away.
    struct Once(parking_lot::Mutex<u32>);

    impl Counter for Once {
        fn take<'a>(
            &'a self,
            key: &'a str,
            _: Rate,
        ) -> futures::future::BoxFuture<'a, Option<Taken>> {
            assert_eq!(key, "quota:read:ip:0.0.0.1");
            let mut asked = self.0.lock();
            *asked += 1;
            let taken = match *asked {
                1 => Some(Taken::Granted { remaining: 7 }),
                2 => Some(Taken::Refused { wait: std::time::Duration::from_millis(1_500) }),
                _ => None,
            };
            Box::pin(async move { taken })
        }
    }

    #[tokio::test]
    async fn the_shared_count_goes_before_the_own_one_which_is_charged_all_along() {
        let quotas = BTreeMap::from([("read".to_owned(), Rate::new(1, 2))]);
        let limits = Limits::new(&[], &quotas, Some(Arc::new(Once(parking_lot::Mutex::default()))));
        let granted = limits.check(&READ, Asker::V4(1)).await.unwrap();
        assert_eq!(granted.remaining, 7);
        let refused = limits.check(&READ, Asker::V4(1)).await.unwrap_err();
        assert_eq!((refused.remaining, refused.reset), (0, 2));
        // The counter is away from here on; one of the two is taken already.
        let alone = limits.check(&READ, Asker::V4(1)).await.unwrap();
        assert_eq!(alone.remaining, 0);
        assert!(limits.check(&READ, Asker::V4(1)).await.is_err());
    }

    #[test]
    fn a_network_of_ipv6_is_one_asker() {
        let asker = |address: &str| {
            let verifier = Verifier::new(chassis::clock::Clock::System);
            let address = Some(address.parse().unwrap());
            Asker::of(&READ, &verifier, &HeaderMap::new(), address)
        };
        assert_eq!(asker("2001:db8::1"), asker("2001:db8::2"));
        assert_ne!(asker("2001:db8::1"), asker("2001:db8:0:1::1"));
        assert_eq!(asker("::ffff:1.2.3.4"), asker("1.2.3.4"));
        assert_ne!(asker("1.2.3.5"), asker("1.2.3.4"));
    }
}
