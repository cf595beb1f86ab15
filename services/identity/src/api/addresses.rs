//! `/users/me/addresses`: where one has things sent to.

use axum::extract::State;
use axum::http::StatusCode;
use chassis::address_rules::AddressRules;
use chassis::auth::Principal;
use chassis::db::Json as Stored;
use chassis::db::Tx;
use chassis::extract::{Json, Path};
use chassis::id;
use chassis::page::Page;
use chassis::problem::{Problem, Result};
use chrono::{DateTime, Utc};
use contracts::address::Address;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::model::MAX_ADDRESSES;
use crate::store::SavedAddress;
use crate::{App, problems, store};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, replace, delete))
}

/// An address to save. The first one becomes the default.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SaveAddress {
    #[schema(max_length = 200)]
    name: String,
    #[schema(max_length = 200)]
    company: Option<String>,
    #[schema(max_length = 200)]
    line1: String,
    #[schema(max_length = 200)]
    line2: Option<String>,
    /// Required in most countries; see `GET /countries/{code}`.
    #[schema(max_length = 100)]
    city: Option<String>,
    /// A code or a name. Stored as a code if the country has a list of regions.
    #[schema(max_length = 100)]
    region: Option<String>,
    #[schema(max_length = 20)]
    postal_code: Option<String>,
    /// ISO 3166-1 alpha-2, in upper case.
    #[schema(min_length = 2, max_length = 2, example = "GB")]
    country: String,
    /// In national format, or with `+` and the country code. Stored in E.164 format.
    #[schema(max_length = 32)]
    phone: Option<String>,
    /// Whether to make it the default address.
    #[serde(default)]
    is_default: bool,
}

/// A saved address.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SavedAddress)]
struct KeptAddress {
    id: Uuid,
    /// Whether it is the default. Exactly one address of an account is.
    is_default: bool,
    name: String,
    company: Option<String>,
    line1: String,
    line2: Option<String>,
    city: Option<String>,
    region: Option<String>,
    postal_code: Option<String>,
    /// ISO 3166-1 alpha-2.
    country: String,
    phone: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// List your addresses, oldest first. There are at most 50, all on one page.
#[utoipa::path(
    get,
    path = "/users/me/addresses", operation_id = "addresses.list",
    tag = "identity",
    responses(
        (status = 200, description = "Your addresses.", body = Page<KeptAddress>),
    ),
    security(("bearer" = []))
)]
async fn list(State(app): State<App>, principal: Principal) -> Result<Json<Page<KeptAddress>>> {
    let items = store::list_addresses(&app.db, principal.id()).await?;
    Ok(Json(Page::cut(items, MAX_ADDRESSES, |it| it.id).map(KeptAddress::from)))
}

/// Save an address.
#[utoipa::path(
    post,
    path = "/users/me/addresses", operation_id = "addresses.create",
    tag = "identity",
    request_body = SaveAddress,
    responses(
        (status = 201, description = "The saved address.", body = KeptAddress),
        problems::address_limit,
    ),
    security(("bearer" = []))
)]
async fn create(
    State(app): State<App>,
    principal: Principal,
    rules: AddressRules,
    Json(request): Json<SaveAddress>,
) -> Result<(StatusCode, Json<KeptAddress>)> {
    let kept = request.checked(rules)?;
    let now = app.clock.now();
    let mut tx = begin(&app, &principal).await?;
    let count = store::list_addresses(&mut tx, principal.id()).await?.len() as i64;
    if count >= MAX_ADDRESSES {
        return Err(problems::address_limit());
    }
    let address = SavedAddress {
        id: id::new(),
        user_id: principal.id(),
        is_default: request.is_default || count == 0,
        address: Stored(kept),
        created_at: now,
        updated_at: now,
    };
    if address.is_default {
        store::clear_default_address(&mut tx, principal.id()).await?;
    }
    store::insert_address(&mut tx, &address).await?;
    tx.commit().await?;

    Ok((StatusCode::CREATED, Json(address.into())))
}

/// Get one of your addresses.
#[utoipa::path(
    get,
    path = "/users/me/addresses/{id}", operation_id = "addresses.get",
    tag = "identity",
    params(("id" = Uuid, Path, description = "The id of the address.")),
    responses(
        (status = 200, description = "The address.", body = KeptAddress),
        problems::address_not_found,
    ),
    security(("bearer" = []))
)]
async fn get(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<Uuid>,
) -> Result<Json<KeptAddress>> {
    let address = store::find_address(&app.db, principal.id(), id).await?;
    Ok(Json(address.ok_or_else(|| problems::address_not_found(id))?.into()))
}

/// Replace one of your addresses.
#[utoipa::path(
    put,
    path = "/users/me/addresses/{id}", operation_id = "addresses.replace",
    tag = "identity",
    params(("id" = Uuid, Path, description = "The id of the address.")),
    request_body = SaveAddress,
    responses(
        (status = 200, description = "The updated address.", body = KeptAddress),
        problems::address_not_found,
    ),
    security(("bearer" = []))
)]
async fn replace(
    State(app): State<App>,
    principal: Principal,
    rules: AddressRules,
    Path(id): Path<Uuid>,
    Json(request): Json<SaveAddress>,
) -> Result<Json<KeptAddress>> {
    let kept = request.checked(rules)?;
    let now = app.clock.now();
    let mut tx = begin(&app, &principal).await?;
    let before = store::find_address(&mut tx, principal.id(), id).await?;
    let before = before.ok_or_else(|| problems::address_not_found(id))?;
    let address = SavedAddress {
        is_default: request.is_default || before.is_default,
        address: Stored(kept),
        updated_at: now,
        ..before
    };
    if address.is_default && !before.is_default {
        store::clear_default_address(&mut tx, principal.id()).await?;
    }
    store::save_address(&mut tx, &address).await?;
    tx.commit().await?;

    Ok(Json(address.into()))
}

/// Delete one of your addresses. If it was the default, the oldest remaining one becomes it.
#[utoipa::path(
    delete,
    path = "/users/me/addresses/{id}", operation_id = "addresses.delete",
    tag = "identity",
    params(("id" = Uuid, Path, description = "The id of the address.")),
    responses(
        (status = 204, description = "The address is deleted."),
        problems::address_not_found,
    ),
    security(("bearer" = []))
)]
async fn delete(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<Uuid>,
) -> Result<StatusCode> {
    let user = principal.id();
    let mut tx = begin(&app, &principal).await?;
    if !store::delete_address(&mut tx, user, id).await? {
        return Err(problems::address_not_found(id));
    }
    let left = store::list_addresses(&mut tx, user).await?;
    if let Some(oldest) = left.first()
        && !left.iter().any(|it| it.is_default)
    {
        store::set_default_address(&mut tx, user, oldest.id).await?;
    }
    tx.commit().await?;

    Ok(StatusCode::NO_CONTENT)
}

/// A transaction in which nobody else changes this user's addresses.
async fn begin(app: &App, principal: &Principal) -> Result<Tx> {
    let mut tx = app.db.begin().await?;
    match store::lock_user(&mut tx, principal.id()).await? {
        Some(_) => Ok(tx),
        None => Err(problems::account_gone()),
    }
}

impl SaveAddress {
    /// In the form it is kept in.
    fn checked(&self, rules: AddressRules) -> Result<Address> {
        let address = self.address();
        match rules {
            AddressRules::On => address.checked().map_err(Problem::fields),
            AddressRules::Off => Ok(address),
        }
    }

    fn address(&self) -> Address {
        Address {
            name: self.name.clone(),
            company: self.company.clone(),
            line1: self.line1.clone(),
            line2: self.line2.clone(),
            city: self.city.clone(),
            region: self.region.clone(),
            postal_code: self.postal_code.clone(),
            country: self.country.clone(),
            phone: self.phone.clone(),
        }
    }
}

impl From<SavedAddress> for KeptAddress {
    fn from(saved: SavedAddress) -> Self {
        let address = saved.address.0;
        Self {
            id: saved.id,
            is_default: saved.is_default,
            name: address.name,
            company: address.company,
            line1: address.line1,
            line2: address.line2,
            city: address.city,
            region: address.region,
            postal_code: address.postal_code,
            country: address.country,
            phone: address.phone,
            created_at: saved.created_at,
            updated_at: saved.updated_at,
        }
    }
}

impl Validate for SaveAddress {
    type Context = ();

    fn validate_into(
        &self,
        context: &(),
        parent: &mut dyn FnMut() -> garde::Path,
        report: &mut garde::Report,
    ) {
        self.address().validate_into(context, parent, report);
    }
}
