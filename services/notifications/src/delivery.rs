//! Handing a message to a provider: the first of its channel that is available takes it.

mod breaker;

use std::sync::Arc;

use chassis::clock::Clock;
use chassis::fault;
use chassis::service::BoxError;
use chrono::{DateTime, TimeDelta, Utc};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use crate::config::MAX_TIMEOUT;
use crate::model::Channel;
use crate::transport::{
    Accepted, DeliveryError, OutgoingMessage, Provider, Setup, Transport, open,
};
use breaker::Breaker;
pub(crate) use breaker::BreakerState;

/// The providers in use.
pub(crate) struct Delivery {
    routes: Vec<Route>,
    clock: Clock,
}

/// A provider, whether it is available, and how much it may be handed.
pub(crate) struct Route {
    pub(crate) transport: Arc<dyn Transport>,
    breaker: Breaker,
    limit: Option<DefaultDirectRateLimiter>,
}

/// What came of handing over a message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Attempt {
    /// The channel has no provider.
    NoProvider,
    Accepted(Provider, Accepted),
    Failed(Provider, DeliveryError),
    /// No provider was asked: those that are available have had as much as they may. Not a try.
    Postponed(DateTime<Utc>),
}

impl Delivery {
    /// Over the providers that the settings name.
    ///
    /// # Errors
    ///
    /// A provider cannot work with the settings.
    pub(crate) fn open(setup: &Setup<'_>) -> Result<Self, BoxError> {
        let mut transports = Vec::new();
        for channel in Channel::ALL {
            transports.extend(open(setup, channel)?);
        }
        Ok(Self::over(transports, setup.clock))
    }

    /// Over these providers, each channel's in their order.
    pub(crate) fn over(transports: Vec<Arc<dyn Transport>>, clock: Clock) -> Self {
        let routes = transports.into_iter().map(Route::to).collect();
        Self { routes, clock }
    }

    pub(crate) fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The provider, if the shop uses it.
    pub(crate) fn transport(&self, provider: &str) -> Option<&dyn Transport> {
        let route = self.routes.iter().find(|it| it.transport.provider().as_str() == provider);
        route.map(|it| &*it.transport)
    }

    /// Whether messages of a channel leave the shop.
    pub(crate) fn delivers(&self, channel: Channel) -> bool {
        self.of(channel).next().is_some()
    }

    fn of(&self, channel: Channel) -> impl Iterator<Item = &Route> {
        self.routes.iter().filter(move |it| it.transport.provider().channel() == channel)
    }

    /// Hands a message to the first provider of its channel that takes any.
    pub(crate) async fn deliver(&self, message: &OutgoingMessage) -> Attempt {
        let (mut failed, mut postponed) = (None, None);
        for route in self.of(message.channel) {
            let provider = route.transport.provider();
            match route.try_deliver(message, self.clock).await {
                Ok(accepted) => return Attempt::Accepted(provider, accepted),
                Err(NotDelivered::Limited(wait)) => {
                    let until = self.clock.now() + wait;
                    postponed = Some(postponed.map_or(until, |it: DateTime<Utc>| it.min(until)));
                }
                Err(NotDelivered::Failed(error @ DeliveryError::Unavailable { .. })) => {
                    failed = Some(Attempt::Failed(provider, error));
                }
                Err(NotDelivered::Failed(error)) => return Attempt::Failed(provider, error),
            }
        }
        // One that is only busy takes it soon.
        postponed.map(Attempt::Postponed).or(failed).unwrap_or(Attempt::NoProvider)
    }
}

enum NotDelivered {
    Limited(TimeDelta),
    Failed(DeliveryError),
}

impl Route {
    fn to(transport: Arc<dyn Transport>) -> Self {
        let per_minute = std::num::NonZeroU32::new(transport.per_minute());
        // What a second may have may come at once.
        let limit = per_minute.map(|it| {
            let burst =
                std::num::NonZeroU32::new(it.get() / 60).unwrap_or(std::num::NonZeroU32::MIN);
            RateLimiter::direct(Quota::per_minute(it).allow_burst(burst))
        });
        Self { transport, breaker: Breaker::default(), limit }
    }

    /// Whether it is asked now, and the last thing that went wrong.
    pub(crate) fn state(&self, now: DateTime<Utc>) -> BreakerState {
        self.breaker.state(now)
    }

    async fn try_deliver(
        &self,
        message: &OutgoingMessage,
        clock: Clock,
    ) -> Result<Accepted, NotDelivered> {
        if let Err(open) = self.breaker.permit(clock.now()) {
            let reason = format!("{}; not asked again yet", open.reason);
            let retry_after = Some(open.until - clock.now());
            return Err(NotDelivered::Failed(DeliveryError::Unavailable { reason, retry_after }));
        }
        if let Some(wait) = self.limit.as_ref().and_then(wait_for) {
            self.breaker.release();
            return Err(NotDelivered::Limited(wait));
        }
        fault::point().await;
        let delivery = tokio::time::timeout(MAX_TIMEOUT, self.transport.deliver(message)).await;
        fault::point().await;
        let late = || DeliveryError::Unknown("no answer in time".to_owned());
        let delivered = delivery.unwrap_or_else(|_| Err(late()));
        match &delivered {
            Err(DeliveryError::Unavailable { reason, .. } | DeliveryError::Unknown(reason)) => {
                self.breaker.failed(clock.now(), reason);
            }
            _ => self.breaker.succeeded(),
        }
        delivered.map_err(NotDelivered::Failed)
    }
}

/// How long until the provider may have another message; none if it may now, which takes it.
fn wait_for(limit: &DefaultDirectRateLimiter) -> Option<TimeDelta> {
    let not_until = limit.check().err()?;
    let wait = not_until.wait_time_from(DefaultClock::default().now());
    Some(TimeDelta::from_std(wait).unwrap_or(TimeDelta::MAX))
}

impl std::fmt::Debug for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let providers = self.routes.iter().map(|it| it.transport.provider());
        f.debug_list().entries(providers).finish()
    }
}
