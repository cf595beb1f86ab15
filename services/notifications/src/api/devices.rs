//! `/users/me/devices`: where a user gets push messages.

use axum::extract::State;
use axum::http::StatusCode;
use chassis::auth::Principal;
use chassis::cards::no_card_number;
use chassis::extract::{Json, Path};
use chassis::id;
use chassis::names::no_link;
use chassis::page::Page;
use chassis::problem::Result;
use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::model::Channel;
use crate::push;
use crate::store::{self, Device, DevicePlatform};
use crate::{App, problems};

/// The longest token, in bytes: what both databases can have a unique index of. Firebase's have
/// about 160.
const MAX_TOKEN: usize = 2_048;

/// A device to send push messages to.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewDevice {
    /// The registration token that Firebase has given to the app or the browser.
    #[garde(custom(device_token))]
    #[schema(max_length = 2048)]
    token: String,
    #[garde(skip)]
    platform: DevicePlatform,
    /// What its user calls it.
    #[garde(length(chars, min = 1, max = 100), inner(custom(device_name)))]
    #[schema(example = "Ada's phone")]
    name: Option<String>,
}

/// List your devices that get push messages, the last used one first.
#[utoipa::path(
    get, path = "/users/me/devices", operation_id = "devices.list", tag = "notifications",
    responses((status = 200, body = Page<Device>)),
    security(("bearer" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    principal: Principal,
) -> Result<Json<Page<Device>>> {
    let items = store::devices_of(&app.db, principal.id()).await?;
    Ok(Json(Page { items, next_cursor: None, total: None }))
}

/// Register a device for push messages.
///
/// An app does this whenever it starts and whenever its token has changed. A device that is
/// registered already becomes yours. Of more than 20 the longest unused one is removed.
#[utoipa::path(
    post, path = "/users/me/devices", operation_id = "devices.create", tag = "notifications",
    request_body = NewDevice,
    responses(
        (status = 200, description = "The device was registered before.", body = Device),
        (status = 201, description = "The device is new.", body = Device),
    ),
    security(("bearer" = []))
)]
pub(crate) async fn create(
    State(app): State<App>,
    principal: Principal,
    Json(new): Json<NewDevice>,
) -> Result<(StatusCode, Json<Device>)> {
    let now = app.clock.now();
    let device = Device {
        id: id::new(),
        user_id: principal.id(),
        token: new.token,
        platform: new.platform,
        name: new.name,
        created_at: now,
        last_seen_at: now,
    };
    let mut tx = app.db.begin().await?;
    let (device, is_new) = store::save_device(&mut tx, &device).await?;
    tx.commit().await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(device)))
}

/// Remove one of your devices: it gets no more push messages.
#[utoipa::path(
    delete, path = "/users/me/devices/{id}", operation_id = "devices.delete", tag = "notifications",
    params(("id" = Uuid, Path, description = "The id of the device.")),
    responses(
        (status = 204, description = "The device is removed."),
        problems::device_not_found,
    ),
    security(("bearer" = []))
)]
pub(crate) async fn delete(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<Uuid>,
) -> Result<StatusCode> {
    if !store::delete_device(&app.db, principal.id(), id).await? {
        return Err(problems::device_not_found());
    }
    Ok(StatusCode::NO_CONTENT)
}

fn device_token(token: &str, (): &()) -> garde::Result {
    if push::is_user(token) {
        return Err(garde::Error::new("must be a device token"));
    }
    if token.len() > MAX_TOKEN {
        return Err(garde::Error::new(format!("must have at most {MAX_TOKEN} characters")));
    }
    Channel::Push.refuse(token).map_or(Ok(()), |detail| Err(garde::Error::new(detail)))
}

fn device_name(name: &str, (): &()) -> garde::Result {
    if !chassis::visible::is_visible(name) {
        return Err(garde::Error::new("must not be blank"));
    }
    no_link(name, &()).and_then(|()| no_card_number(name, &()))
}
