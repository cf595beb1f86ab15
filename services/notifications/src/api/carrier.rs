//! `/notifications/carrier`: whether messages leave the shop.

use axum::extract::State;
use chassis::extract::Json;

use serde::Serialize;
use utoipa::ToSchema;

use crate::App;
use crate::carrier::CarrierKind;

/// How notifications are delivered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CarrierView {
    carrier: CarrierKind,
    /// False if notifications are only logged (`logged`) and reach nobody.
    delivers: bool,
    /// The setting that changes the carrier.
    #[schema(example = "notifications.carrier")]
    setting: &'static str,
}

/// Get the carrier of notifications, and whether it delivers them.
#[utoipa::path(
    get, path = "/notifications/carrier", operation_id = "carrier.get", tag = "notifications",
    responses(
        (status = 200, body = CarrierView),
    ),
    security(("bearer" = ["notifications:read"]))
)]
pub(crate) async fn get(State(app): State<App>) -> Json<CarrierView> {
    let carrier = app.config.carrier;
    Json(CarrierView { carrier, delivers: carrier.delivers(), setting: "notifications.carrier" })
}
