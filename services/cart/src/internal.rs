//! Routes for other services: the cart as the checkout needs it.

use axum::Router;
use chassis::problem::Result;
use chassis::route::Routes;
use contracts::cart::{self, Cart, Owner, Purchase, Show};

use crate::buyer::Token;
use crate::{App, model, store};

pub(crate) fn router(app: App) -> Router {
    Routes::new(app).on(cart::SHOW, show).on(cart::REMOVE_PURCHASED, remove_purchased).router()
}

async fn show(app: App, request: Show) -> Result<Option<Cart>> {
    let owner = match request.owner {
        Owner::User(id) => Some(model::Owner::User(id)),
        Owner::Guest(token) => Token::parse(&token).map(|it| model::Owner::Guest(it.hash())),
    };
    let Some(owner) = owner else { return Ok(None) };
    Ok(store::for_checkout(&app.db, &owner).await?)
}

async fn remove_purchased(app: App, purchase: Purchase) -> Result<()> {
    let mut tx = app.db.begin().await?;
    store::remove_purchased(&mut tx, &purchase, app.clock.now()).await?;
    tx.commit().await?;
    Ok(())
}
