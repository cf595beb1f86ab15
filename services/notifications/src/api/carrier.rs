//! `/notifications/carrier`: whether messages leave the shop.

use axum::extract::State;
use chassis::extract::Json;

use serde::Serialize;
use utoipa::ToSchema;

use crate::App;
use crate::carrier::CarrierKind;

/// Who brings messages to their recipients.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CarrierView {
    carrier: CarrierKind,
    /// False where messages are only noted (`logged`) and reach nobody.
    delivers: bool,
    /// What to change for another one.
    #[schema(example = "notifications.carrier")]
    setting: &'static str,
}

/// Show who brings messages to their recipients, and whether they leave the shop at all.
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
