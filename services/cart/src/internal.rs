//! Routes for other services: the cart as the checkout needs it.

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use chassis::problem::Result;
use contracts::cart::{Cart, Owner, Show};

use crate::buyer::Token;
use crate::{App, model, store};

pub(crate) fn router(app: App) -> Router {
    Router::new().route("/internal/carts/show", post(show)).with_state(app)
}

async fn show(State(app): State<App>, Json(request): Json<Show>) -> Result<Json<Option<Cart>>> {
    let owner = match request.owner {
        Owner::User(id) => Some(model::Owner::User(id)),
        Owner::Guest(token) => Token::parse(&token).map(|it| model::Owner::Guest(it.hash())),
    };
    let Some(owner) = owner else { return Ok(Json(None)) };
    let cart = store::find(&app.db, &owner).await?;
    Ok(Json(cart.map(|it| Cart { id: it.id, version: it.version, lines: it.lines })))
}
