//! The control API under `/_double/`: what tests in other processes, and people, do to the double.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::core::Shared;
use crate::deliveries::Mode;
use crate::error::Answer;
use crate::faults::Arm;
use crate::listen;
use crate::methods::TestMethod;
use crate::objects::{Kind, text};
use crate::world::World;
use crate::{Done, Refused};

type Replied = Result<Json<Value>, (StatusCode, Json<Value>)>;

/// What can be done, each a POST to a path of its name.
#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
enum Command {
    Advance {
        seconds: i64,
    },
    Arm(Arm),
    Disarm,
    Release,
    Down {
        down: bool,
    },
    RevokeKey {
        revoked: bool,
    },
    Endpoint {
        url: String,
        secrets: Vec<String>,
    },
    Mode(Mode),
    Deliver,
    Token {
        method: String,
        elements: Value,
    },
    Authenticate {
        intent: String,
        approved: bool,
    },
    Settle {
        intent: String,
        paid: bool,
    },
    Expire {
        intent: String,
    },
    Refund {
        intent: String,
        amount: Option<i64>,
    },
    FailRefund {
        refund: String,
    },
    Dispute {
        intent: String,
        amount: Option<i64>,
        #[serde(default)]
        inquiry: bool,
    },
    CloseDispute {
        dispute: String,
        won: bool,
    },
}

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/_double/{command}", post(command))
        .route("/_double/objects/{kind}", get(objects))
        .route(
            "/_double/balance",
            get(async |State(shared): State<Arc<Shared>>| {
                Json(json!(shared.world(|it| it.balance())))
            }),
        )
        .route(
            "/_double/requests",
            get(async |State(shared): State<Arc<Shared>>| {
                Json(json!(shared.with(|it| it.log.clone())))
            }),
        )
        .route(
            "/_double/deliveries",
            get(async |State(shared): State<Arc<Shared>>| {
                Json(json!(shared.with(|it| it.delivered.clone())))
            }),
        )
        .with_state(shared)
}

async fn objects(State(shared): State<Arc<Shared>>, Path(kind): Path<String>) -> Replied {
    let found = Kind::ALL.into_iter().find(|it| it.name() == kind);
    let kind = found.ok_or_else(|| refuse(&format!("there are no objects called {kind}")))?;
    Ok(Json(json!(shared.world(|it| it.all_shown(kind)))))
}

async fn command(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    body: String,
) -> Replied {
    let body = if body.trim().is_empty() { "{}" } else { &body };
    let mut given: Value = serde_json::from_str(body).map_err(|it| refuse(&it.to_string()))?;
    let Some(fields) = given.as_object_mut() else { return Err(refuse("an object is expected")) };
    fields.insert("do".to_owned(), json!(name));
    let command = serde_json::from_value(given).map_err(|it| refuse(&it.to_string()))?;
    if matches!(command, Command::Deliver) {
        return Ok(Json(json!(listen::deliver(&shared, true).await)));
    }
    run(&shared, command).map(Json).map_err(|it| refuse(&it.0))
}

fn refuse(why: &str) -> (StatusCode, Json<Value>) {
    (StatusCode::BAD_REQUEST, Json(json!({ "error": why })))
}

fn run(shared: &Shared, command: Command) -> Done<Value> {
    match command {
        Command::Advance { seconds } => shared.with(|it| it.advance(seconds)),
        Command::Arm(arm) => shared.with(|it| it.armed.arm(arm)),
        Command::Disarm => shared.with(|it| it.armed.clear()),
        Command::Release => shared.releases.send_modify(|it| *it += 1),
        Command::Down { down } => drop(shared.down.send_replace(down)),
        Command::RevokeKey { revoked } => shared.with(|it| it.revoked = revoked),
        Command::Mode(mode) => shared.with(|it| it.worlds.iter_mut().for_each(|it| it.mode = mode)),
        Command::Endpoint { url, secrets } => {
            let fields = json!({ "url": url, "enabled_events": ["*"], "_secrets": secrets });
            let id = shared.world(|it| it.create(Kind::WebhookEndpoint, fields));
            return Ok(json!({ "id": id }));
        }
        Command::Deliver => {}
        command => return act(shared, |world| happen(world, command)),
    }
    Ok(json!({}))
}

/// What happens in the account.
fn happen(world: &mut World, command: Command) -> Answer {
    let id = |id: String| json!({ "id": id });
    match command {
        Command::Token { method, elements } => {
            let test = TestMethod::find(&method);
            let unknown = || crate::error::missing("test method", &method, None);
            let token = world.create_token(test.ok_or_else(unknown)?, elements, json!({}));
            return Ok(id(token));
        }
        Command::Authenticate { intent, approved } => world.answer_challenge(&intent, approved)?,
        Command::Settle { intent, paid } => world.settle(&intent, paid)?,
        Command::Expire { intent } => world.cancel(&intent, Some("automatic"))?,
        Command::Refund { intent, amount } => {
            let charge = world.charge_of(&intent)?;
            return world
                .refund(&charge, amount, json!({ "reason": "requested_by_customer" }))
                .map(id);
        }
        Command::FailRefund { refund } => world.fail_refund(&refund)?,
        Command::Dispute { intent, amount, inquiry } => {
            let charge = world.charge_of(&intent)?;
            return world.open_dispute(&charge, amount, "fraudulent", inquiry).map(id);
        }
        Command::CloseDispute { dispute, won } => world.close_dispute(&dispute, won)?,
        _ => {}
    }
    Ok(json!({}))
}

/// Does something in the account, as somebody at Stripe's dashboard.
pub(crate) fn act<T>(shared: &Shared, act: impl FnOnce(&mut World) -> Answer<T>) -> Done<T> {
    shared.world(act).map_err(|it| Refused(text(&it.object(), "message").to_owned()))
}
