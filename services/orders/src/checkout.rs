//! Checkout: from a request to an order, and to the answer once its outcome is known.

use std::time::Duration;

use chassis::Secret;
use chassis::address_rules::AddressRules;
use chassis::cards::no_card_number;
use chassis::db;
use chassis::db::Json;
use chassis::id;
use chassis::idempotency;
use chassis::money::Money;
use chassis::problem::Result;
use contracts::address::Address;
use contracts::cart::{MAX_LINES, Owner};
use contracts::email::is_email;
use contracts::language::Language;
use garde::Validate;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::carts::{Claim, Purpose};
use crate::model::{
    FulfillmentStatus, Order, PaymentStatus, Saga, ShippingMethod, Status, Step, lines,
};
use crate::quote::{self, Item, Priced};
use crate::saga::{self, LEASE, Stop, Work};
use crate::{App, addresses, problems, store};

/// How often the cart is read again because it was ordered meanwhile.
const TRIES: usize = 4;

/// A checkout request.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Checkout {
    /// Required if the order contains shipped goods.
    #[garde(dive)]
    pub shipping_address: Option<Address>,
    /// The billing address, if it differs from the shipping address.
    #[garde(dive)]
    pub billing_address: Option<Address>,
    /// How to ship the order. Defaults to `standard`.
    // Left out where it is not given, so that a request from before it existed is still the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub shipping_method: Option<ShippingMethod>,
    /// Required if the total is not zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(dive)]
    pub payment: Option<Payment>,
    /// Required from guests. Defaults to the user's own e-mail address.
    #[garde(inner(custom(is_email)))]
    #[schema(example = "ada@example.com")]
    pub email: Option<String>,
    /// The items to order. Defaults to the contents of the cart.
    #[garde(length(min = 1, max = MAX_LINES), dive)]
    pub items: Option<Vec<Item>>,
    /// Rejects the order if the total differs, for example because a price has changed.
    #[garde(skip)]
    pub expected_total: Option<Money>,
    /// A message from the customer to the shop.
    #[garde(length(chars, max = 1000), inner(custom(no_card_number)))]
    pub note: Option<String>,
    /// The language of e-mails about the order, such as `de`. Defaults to that of `Accept-Language`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub language: Option<Language>,
    /// Cancels the open order of this cart and orders the cart as it is now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[garde(skip)]
    pub supersede: bool,
}

/// How the order is paid.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[schema(as = NewPayment)]
#[serde(deny_unknown_fields)]
pub struct Payment {
    #[garde(length(min = 1, max = 32), custom(is_word), custom(no_card_number))]
    #[schema(example = "sandbox")]
    pub provider: String,
    /// The provider's token for the payment method. Never a card number.
    #[garde(length(min = 1, max = 255), custom(is_visible), custom(no_card_number))]
    #[schema(value_type = String, example = "tok_visa")]
    pub token: Secret,
    /// Saves the payment method for the customer's next orders, where the provider can: then its form
    /// has to be made for that too. Only for customers who are logged in.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[garde(skip)]
    pub save: bool,
}

impl Payment {
    /// Refuses what a guest cannot have.
    pub(crate) fn check(&self, user: Option<Uuid>) -> Result<()> {
        if self.save && user.is_none() {
            return Err(problems::cannot_save());
        }
        Ok(())
    }
}

fn is_word(text: &str, _: &()) -> garde::Result {
    if text.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_') {
        Ok(())
    } else {
        Err(garde::Error::new("is a name of lower-case letters, digits and _"))
    }
}

fn is_visible(token: &str, _: &()) -> garde::Result {
    // A card number with blanks is told as what it is.
    let told = no_card_number(token, &()).is_err();
    if told || token.bytes().all(|it| it.is_ascii_graphic()) {
        Ok(())
    } else {
        Err(garde::Error::new("is made of visible ASCII characters, without blanks"))
    }
}

/// Who buys.
#[derive(Clone, Debug)]
pub struct Buyer {
    pub user_id: Option<Uuid>,
    pub email: String,
    pub name: Option<String>,
    pub cart: Option<Owner>,
    /// Whose idempotency keys these are.
    pub owner: String,
    pub address_rules: AddressRules,
    /// What the client reads, where the request does not say it.
    pub language: Option<Language>,
}

/// An order that was asked for.
#[derive(Debug)]
pub(crate) struct Placed {
    pub(crate) id: Uuid,
    /// Whether the answer was given before.
    pub(crate) replayed: bool,
    /// As this request has left it, where it knows.
    pub(crate) work: Option<Work>,
}

/// Places the order, or finds the one that was placed under the same key, and waits for its fate as
/// long as a request may.
pub(crate) async fn place(app: &App, buyer: Buyer, key: &str, request: Checkout) -> Result<Placed> {
    let fingerprint = idempotency::fingerprint(&request)?;
    for _ in 0..TRIES {
        if let Some(id) = known(app, &buyer.owner, key, &fingerprint).await? {
            wait_settled(app, id).await?;
            if saga::place_anyway(app, id).await? {
                return Ok(Placed { id, replayed: true, work: None });
            }
            // What it asked for was not to be had then.
            continue;
        }
        match order(app, &buyer, key, &request, &fingerprint).await {
            Ok(work) => {
                let id = work.order.id;
                let work = run_inline(app, work).await?.filter(|it| it.order.is_placed());
                if work.is_some() || saga::place_anyway(app, id).await? {
                    return Ok(Placed { id, replayed: false, work });
                }
            }
            // The same request may have come through, and its cart been cleared, meanwhile.
            Err(problem) => {
                if known(app, &buyer.owner, key, &fingerprint).await?.is_none() {
                    return Err(problem);
                }
            }
        }
    }
    Err(problems::order_changed())
}

/// Makes the order of what the cart holds now.
async fn order(
    app: &App,
    buyer: &Buyer,
    key: &str,
    request: &Checkout,
    fingerprint: &[u8],
) -> Result<Work> {
    let request = &addresses::checked(app, buyer, request)?;
    if let Some(payment) = &request.payment {
        payment.check(buyer.user_id)?;
        app.providers.check(&payment.provider).await?;
    }
    for _ in 0..TRIES {
        let request = request.clone();
        let (work, claims) = prepare(app, buyer, key, request, fingerprint.to_vec()).await?;
        if let Some(work) = store_request(app, work, &claims).await? {
            return Ok(work);
        }
    }
    Err(problems::order_changed())
}

/// Drives the saga; after the time a request may take, it goes on by itself. Answers how it stands,
/// where that is known; the problem is why it was withdrawn.
pub(crate) async fn run_inline(app: &App, mut work: Work) -> Result<Option<Work>> {
    let patience = Duration::from_millis(app.config.inline_ms);
    let driver = app.clone();
    let driven = tokio::spawn(db::watched(async move {
        match saga::drive(&driver, &mut work, Instant::now() + patience).await {
            Ok(()) => Ok(Some(work)),
            Err(Stop::Withdrawn(problem)) => Err(*problem),
            Err(error) => {
                tracing::warn!(order = %work.order.id, %error, "cannot drive the saga in the request; the worker continues");
                Ok(None)
            }
        }
    }));
    match tokio::time::timeout(patience, driven).await {
        Ok(Ok(driven)) => driven,
        Ok(Err(_)) => Ok(None),
        Err(_) => {
            tracing::debug!("the client has disconnected; the checkout continues");
            Ok(None)
        }
    }
}

/// Waits until the order rests or the time of a request is up.
pub(crate) async fn wait_settled(app: &App, id: Uuid) -> Result<()> {
    let until = Instant::now() + Duration::from_millis(app.config.inline_ms);
    let mut pause = Duration::from_millis(10);
    loop {
        let saga = store::saga(&app.db, id).await?;
        let rests = saga.is_none_or(|it| it.step.is_decided() || it.step.is_waiting());
        if rests || Instant::now() + pause >= until {
            return Ok(());
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(100));
    }
}

async fn known(app: &App, owner: &str, key: &str, fingerprint: &[u8]) -> Result<Option<Uuid>> {
    match store::find_by_key(&app.db, owner, key).await? {
        None => Ok(None),
        Some(order) if order.fingerprint == fingerprint => Ok(Some(order.id)),
        Some(_) => Err(idempotency::idempotency_key_reused()),
    }
}

/// Finds out what is bought and what it costs. Stores nothing.
async fn prepare(
    app: &App,
    buyer: &Buyer,
    key: &str,
    request: Checkout,
    fingerprint: Vec<u8>,
) -> Result<(Work, Vec<Claim>)> {
    let (cart, items) = (buyer.cart.clone(), request.items.as_deref());
    let purpose = Purpose::Checkout { owner: &buyer.owner, key, supersede: request.supersede };
    let mut priced = quote::price(app, cart, items, request.shipping_method, purpose).await?;
    if request.shipping_address.is_none() && priced.shipping_method.is_some() {
        return Err(problems::shipping_address_required());
    }
    let totals = priced.totals;
    let changed = |it: &Money| it.amount != totals.total || it.currency != app.currency;
    if request.expected_total.as_ref().is_some_and(changed) {
        return Err(problems::total_changed(totals));
    }
    let payment = match totals.total {
        // Nothing is asked of anybody for it.
        0 => None,
        _ => Some(request.payment.clone().ok_or_else(problems::payment_required)?),
    };
    let lines = lines(&priced.offers);
    let claims = priced.cart.as_mut().map(|it| std::mem::take(&mut it.claims));
    let order = new_order(app, buyer, key, request, fingerprint, priced);
    let now = order.created_at;
    let saga = Saga {
        order_id: order.id,
        step: Step::Reserve,
        fence: 1,
        attempt: 1,
        provider: payment.as_ref().map(|it| it.provider.clone()).unwrap_or_default(),
        save: payment.as_ref().is_some_and(|it| it.save),
        token: payment.map(|it| it.token),
        rereserved: false,
        cancel: None,
        refusal: None,
        tries: 0,
        hold_until: None,
        next_action: None,
        on_shipment: false,
        capture_before: None,
        due_at: now,
        lease_until: now + LEASE,
        deadline: app.deadline(),
    };
    Ok((Work { order, lines, saga }, claims.unwrap_or_default()))
}

fn new_order(
    app: &App,
    buyer: &Buyer,
    key: &str,
    request: Checkout,
    fingerprint: Vec<u8>,
    priced: Priced,
) -> Order {
    let Priced { totals, shipping_method, cart, .. } = priced;
    let now = app.clock.now();
    let id = id::new();
    let name = request.shipping_address.as_ref().map(|it| it.name.clone());
    Order {
        id,
        // It has none yet, and no two are the same.
        number: id.to_string(),
        owner: buyer.owner.clone(),
        idempotency_key: key.to_owned(),
        fingerprint,
        user_id: buyer.user_id,
        email: buyer.email.clone(),
        name: name.or_else(|| buyer.name.clone()).unwrap_or_else(|| buyer.email.clone()),
        status: Status::Pending,
        payment_status: PaymentStatus::Pending,
        disputed: false,
        fulfillment_status: FulfillmentStatus::Unfulfilled,
        currency: app.currency.as_str().to_owned(),
        subtotal: totals.subtotal,
        shipping: totals.shipping,
        tax: totals.tax,
        total: totals.total,
        shipping_method: shipping_method.map(|it| it.as_str().to_owned()),
        shipping_address: request.shipping_address.map(Json),
        billing_address: request.billing_address.map(Json),
        note: request.note,
        language: request.language.or_else(|| buyer.language.clone()),
        cart_id: cart.as_ref().map(|it| it.id),
        cart_version: cart.as_ref().map(|it| it.version),
        payment_id: (totals.total > 0).then(|| payment_id(id, 1)),
        reason: None,
        cancel_note: None,
        tracking_number: None,
        captured: None,
        refunded: 0,
        version: 0,
        created_at: now,
        updated_at: now,
    }
}

/// The id of an order's n-th payment.
pub(crate) fn payment_id(order: Uuid, attempt: i64) -> Uuid {
    id::derive(order, format!("payment:{attempt}"))
}

/// One transaction: cart, key, order, lines and saga. From here on the order is brought to its end,
/// or withdrawn. None: what was read of the cart does not hold any more.
async fn store_request(app: &App, work: Work, claims: &[Claim]) -> Result<Option<Work>> {
    let mut tx = app.db.begin().await?;
    match store::accept(&mut tx, &work.order, claims, &work.lines, &work.saga).await {
        Ok(true) => {}
        Ok(false) => {
            tx.rollback().await?;
            return Ok(None);
        }
        // The key is taken; the caller looks it up. Or the cart is, which was not seen before.
        Err(db::Error::Duplicate(_)) if claims.is_empty() => {
            return Err(problems::order_changed());
        }
        Err(db::Error::Duplicate(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    tx.commit().await?;
    Ok(Some(work))
}
