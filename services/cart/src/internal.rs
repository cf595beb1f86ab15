//! Routes for other services: the cart as the checkout needs it.

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use chassis::problem::Result;
use contracts::cart::{Cart, Owner, Purchase, Show};

use crate::buyer::Token;
use crate::{App, model, store};

pub(crate) fn router(app: App) -> Router {
    Router::new()
        .route("/internal/carts/show", post(show))
        .route("/internal/carts/remove-purchased", post(remove_purchased))
        .with_state(app)
}

async fn show(State(app): State<App>, Json(request): Json<Show>) -> Result<Json<Option<Cart>>> {
    let owner = match request.owner {
        Owner::User(id) => Some(model::Owner::User(id)),
        Owner::Guest(token) => Token::parse(&token).map(|it| model::Owner::Guest(it.hash())),
    };
    let Some(owner) = owner else { return Ok(Json(None)) };
    Ok(Json(store::for_checkout(&app.db, &owner).await?))
}

async fn remove_purchased(
    State(app): State<App>,
    Json(purchase): Json<Purchase>,
) -> Result<Json<()>> {
    let mut tx = app.db.begin().await?;
    store::remove_purchased(&mut tx, &purchase, app.clock.now()).await?;
    tx.commit().await?;
    Ok(Json(()))
}
