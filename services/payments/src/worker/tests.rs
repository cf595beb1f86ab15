//! What is held, and lapses unless somebody captures it.

use chassis::db::{Json, Session};
use chassis::testing::{Database, databases, noon};
use chrono::{DateTime, Utc};
use contracts::payments::{AuthorizationExpiring, EXPIRED, Status};
use uuid::Uuid;

use super::*;
use crate::requests;
use crate::testing::{Line, Shop, request, shop};

fn days(days: i64) -> DateTime<Utc> {
    noon() + TimeDelta::days(days)
}

async fn authorized(shop: &Shop) -> Payment {
    requests::authorize(&shop.app, request("tok_visa")).await.expect("a payment")
}

/// The types of the events about a payment, oldest first.
async fn events(shop: &Shop, id: Uuid) -> Vec<String> {
    let types = shop.app.db.query("SELECT type FROM outbox WHERE subject = $1 ORDER BY sequence");
    let types: Vec<(String,)> = types.bind(id.to_string()).all().await.expect("events");
    types.into_iter().map(|(it,)| it).collect()
}

#[databases]
async fn a_day_before_a_payment_expires_that_is_said_once_and_then_it_is_seen_to_have_expired(
    database: Database,
) {
    let shop = shop(database).await;
    let held = authorized(&shop).await;
    assert_eq!((held.capture_before, held.look_at), (Some(days(7)), Some(days(6))));
    let early = days(6) - TimeDelta::minutes(1);
    assert_eq!(look_at_due(&shop.at(early)).await.unwrap(), 0, "{}", shop.platform.kind);
    // Also while the provider cannot be asked.
    shop.line([Line::RequestLost]);
    assert_eq!(look_at_due(&shop.at(days(6))).await.unwrap(), 1);
    assert_eq!(look_at_due(&shop.at(days(6) + LOOK_AGAIN)).await.unwrap(), 1);
    assert_eq!(events(&shop, held.id).await, ["payment.authorization_expiring"]);
    let data = shop.app.db.query("SELECT data FROM outbox WHERE subject = $1");
    let (Json(event),): (Json<AuthorizationExpiring>,) =
        data.bind(held.id.to_string()).one().await.unwrap();
    assert_eq!((Some(event.order_id), event.amount), (held.order_id, 1999));
    assert_eq!(event.capture_before, days(7));

    // The provider does not say so by itself.
    assert_eq!(look_at_due(&shop.at(days(7))).await.unwrap(), 0);
    assert_eq!(look_at_due(&shop.at(days(7) + TimeDelta::minutes(1))).await.unwrap(), 1);
    let expired = shop.payment(held.id).await;
    assert_eq!((expired.status, expired.reason.as_deref()), (Status::Voided, Some(EXPIRED)));
    assert_eq!((expired.look_at, expired.capture_before), (None, None));
    assert_eq!(events(&shop, held.id).await, ["payment.authorization_expiring", "payment.updated"]);
    shop.assert_sound().await;
}

#[databases]
async fn a_captured_payment_does_not_expire_and_one_captured_too_late_has(database: Database) {
    let shop = shop(database).await;
    let (taken, missed) = (authorized(&shop).await, authorized(&shop).await);
    let paid = requests::capture(&shop.at(days(5)), taken.id).await.unwrap();
    assert_eq!((paid.status, paid.look_at, paid.capture_before), (Status::Captured, None, None));
    // Nobody was told yet, and nobody has looked.
    let refused = requests::capture_amount(&shop.at(days(8)), missed.id, None).await.unwrap_err();
    assert_eq!((refused.code.as_ref(), refused.status), ("capture_declined", 409));
    let late = shop.payment(missed.id).await;
    assert_eq!((late.status, late.reason.as_deref()), (Status::Voided, Some(EXPIRED)));
    assert_eq!(look_at_due(&shop.at(days(9))).await.unwrap(), 0);
    assert_eq!(events(&shop, taken.id).await, ["payment.updated"]);
    shop.assert_sound().await;
}
