//! `/notifications/carrier`: whether messages leave the shop.

use axum::extract::State;
use chassis::extract::Json;
use chassis::problem::Problem;
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
    get, path = "/notifications/carrier", tag = "notifications",
    operation_id = "show_carrier",
    responses(
        (status = 200, body = CarrierView),
        (status = 401, body = Problem),
        (status = 403, body = Problem),
    ),
    security(("bearer" = ["notifications:read"]))
)]
pub(crate) async fn show(State(app): State<App>) -> Json<CarrierView> {
    let carrier = app.config.carrier;
    Json(CarrierView { carrier, delivers: carrier.delivers(), setting: "notifications.carrier" })
}
