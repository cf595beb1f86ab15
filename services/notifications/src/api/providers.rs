//! `/notifications/providers`: who delivers messages, and whether they can at the moment.

use axum::extract::State;
use chassis::extract::Json;
use chassis::page::Page;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;
use crate::delivery::Route;
use crate::model::Channel;
use crate::transport::Provider;

/// How messages of a channel are delivered.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NotificationChannelProviders)]
pub(crate) struct ChannelProviders {
    channel: Channel,
    /// False if messages are only logged (`logged`) and reach nobody.
    delivers: bool,
    /// The setting that names the providers.
    #[schema(example = "notifications.email.providers")]
    setting: &'static str,
    /// In the order in which they are used.
    providers: Vec<ProviderView>,
}

/// A provider and whether it can deliver at the moment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NotificationProviderStatus)]
struct ProviderView {
    provider: Provider,
    /// False while it is left alone because it was unavailable several times in a row.
    available: bool,
    /// When it is asked again, while it is left alone.
    retry_at: Option<DateTime<Utc>>,
    /// Why it was last unavailable to this process, and when.
    last_error: Option<String>,
    last_error_at: Option<DateTime<Utc>>,
}

/// List the channels with the providers that deliver their messages.
#[utoipa::path(
    get, path = "/notifications/providers", operation_id = "notification_providers.list", tag = "notifications",
    responses(
        (status = 200, body = Page<ChannelProviders>),
    ),
    security(("bearer" = ["notifications:read"]))
)]
pub(crate) async fn list(State(app): State<App>) -> Json<Page<ChannelProviders>> {
    let now = app.clock.now();
    let channel = |channel: Channel| {
        let routes = app.delivery.routes().iter();
        let own = routes.filter(|it| it.transport.provider().channel() == channel);
        ChannelProviders {
            channel,
            delivers: app.delivery.delivers(channel),
            setting: channel.providers_setting(),
            providers: own.map(|it| ProviderView::of(it, now)).collect(),
        }
    };
    let items = Channel::ALL.into_iter().map(channel).collect();
    Json(Page { items, next_cursor: None, total: None })
}

impl ProviderView {
    fn of(route: &Route, now: DateTime<Utc>) -> Self {
        let state = route.state(now);
        let last = state.last_failure;
        Self {
            provider: route.transport.provider(),
            available: state.open_until.is_none(),
            retry_at: state.open_until,
            last_error_at: last.as_ref().map(|it| it.at),
            last_error: last.map(|it| it.reason),
        }
    }
}
