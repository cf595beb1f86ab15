//! A catalog that sells what a test puts into it.

use std::collections::{HashMap, HashSet};

use chassis::clock::Clock;
use chassis::problem::{Problem, Result};
use chassis::testing::noon;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{FakeRoutes, FakeState, refusal};
use crate::catalog::{
    self, AwaitAction, Awaiting, Buyer, Client, MAX_QUANTITY, Offer, OrderRef, Quote, QuoteRequest,
    Quoted, Reservation, Reserve, Restock, Ship, StockLine, Wanted,
};

/// What the catalog has and what orders hold of it.
#[derive(Debug, Default)]
pub struct Catalog {
    /// What is for sale. Of what is available, what is held or sold is taken off.
    pub offers: Vec<Offer>,
    pub held: HashMap<Uuid, Reserve>,
    /// What was sold and not put back.
    pub sold: HashMap<Uuid, Vec<StockLine>>,
    /// Orders that can hold nothing any more.
    pub released: HashSet<Uuid>,
    /// Parcels that left.
    pub shipped: Vec<Ship>,
    /// Until when a hold is kept for a customer who has to do something.
    pub awaiting: HashMap<Uuid, DateTime<Utc>>,
    /// Whether there are too many such holds.
    pub crowded: bool,
    restocked: HashSet<Uuid>,
}

/// What is offered of a product with one variant.
pub fn offer(sku: &str, unit_price: i64, available: i64) -> Offer {
    let slug = sku.split('-').next().unwrap_or(sku).to_lowercase();
    Offer {
        sku: sku.to_owned(),
        product_id: chassis::id::derive(Uuid::nil(), &slug),
        variant_id: Some(chassis::id::derive(Uuid::nil(), sku)),
        title: slug.clone(),
        slug,
        variant_title: None,
        image: None,
        unit_price,
        available: Some(available),
        requires_shipping: true,
        taxable: true,
    }
}

impl FakeState for Catalog {
    const NAME: &'static str = "catalog";

    fn routes(desk: FakeRoutes<Self>) -> FakeRoutes<Self> {
        desk.on(catalog::QUOTE, Self::quote)
            .on(catalog::RESERVE, Self::reserve)
            .on(catalog::AWAIT_ACTION, Self::await_action)
            .on(catalog::END_HOLD, Self::end_hold)
            .on(catalog::COMMIT, Self::commit)
            .on(catalog::RELEASE, Self::release)
            .on(catalog::RESTOCK, Self::restock)
            .on(catalog::SHIP, Self::ship)
    }
}

impl Catalog {
    /// What is offered under the SKU. Panics where nothing is.
    pub fn offer(&mut self, sku: &str) -> &mut Offer {
        self.offers.iter_mut().find(|it| it.sku == sku).expect("an offer")
    }

    /// Ends a hold; it can be had again.
    pub fn end_reservation(&mut self, order: Uuid) {
        for line in self.held.remove(&order).into_iter().flat_map(|it| it.lines) {
            self.add(&line.sku, line.quantity);
        }
    }

    fn add(&mut self, sku: &str, units: i64) {
        if let Some(offer) = self.offers.iter_mut().find(|it| it.sku == sku) {
            offer.available = offer.available.map(|it| it + units);
        }
    }

    fn quote(&mut self, QuoteRequest { wanted, buyer }: QuoteRequest) -> Result<Quote> {
        let answers = wanted.iter().map(|it| self.answer(it, &buyer)).collect();
        Ok(Quote { answers })
    }

    fn answer(&self, wanted: &Wanted, buyer: &Buyer) -> Quoted {
        if wanted.sku.is_none() && wanted.product_id.is_none() {
            return Quoted::Unknown;
        }
        let is_meant = |it: &&Offer| {
            wanted.sku.as_deref().is_none_or(|sku| sku.trim() == it.sku)
                && wanted.product_id.is_none_or(|product| product == it.product_id)
                && (wanted.sku.is_none()
                    || wanted.variant_id.is_none()
                    || wanted.variant_id == it.variant_id)
        };
        let found: Vec<&Offer> = self.offers.iter().filter(is_meant).collect();
        match found[..] {
            [] => Quoted::Unknown,
            [it] => {
                let available = it.available.map(|units| units + self.own(buyer, &it.sku));
                Quoted::Offer(Offer { available, ..it.clone() })
            }
            _ => Quoted::Ambiguous(found.iter().map(|it| it.sku.clone()).collect()),
        }
    }

    /// What the buyer holds of the SKU.
    fn own(&self, buyer: &Buyer, sku: &str) -> i64 {
        let is_theirs = |it: &&Reserve| {
            (it.buyer.user_id.is_some() && it.buyer.user_id == buyer.user_id)
                || it.buyer.carts.iter().any(|cart| buyer.carts.contains(cart))
        };
        let lines = self.held.values().filter(is_theirs).flat_map(|it| &it.lines);
        lines.filter(|it| it.sku == sku).map(|it| it.quantity).sum()
    }

    fn reserve(&mut self, request: Reserve) -> Result<Reservation> {
        check(&request.lines)?;
        // In time at noon, and where time passes.
        let expires_at = noon().max(Clock::System.now()) + TimeDelta::minutes(15);
        if self.released.contains(&request.order_id) {
            return Err(Problem::conflict("reservation_released", "it was let go"));
        }
        if self.sold.contains_key(&request.order_id) {
            return Ok(Reservation { expires_at });
        }
        if let Some(held) = self.held.get(&request.order_id) {
            return if same(&held.lines, &request.lines) {
                Ok(Reservation { expires_at })
            } else {
                Err(Problem::conflict("reservation_differs", "it holds other lines"))
            };
        }
        let short: Vec<_> = request.lines.iter().filter_map(|it| self.short(it)).collect();
        if !short.is_empty() {
            return Err(Problem::conflict("out_of_stock", "not enough").with("skus", short));
        }
        for line in &request.lines {
            self.add(&line.sku, -line.quantity);
        }
        self.held.insert(request.order_id, request);
        Ok(Reservation { expires_at })
    }

    /// What is missing of a line.
    fn short(&self, line: &StockLine) -> Option<serde_json::Value> {
        let is_meant = |it: &&Offer| {
            it.sku == line.sku && (line.variant_id.is_none() || it.variant_id == line.variant_id)
        };
        let available = match self.offers.iter().find(is_meant) {
            Some(offer) => offer.available?,
            None => 0,
        };
        let (sku, requested) = (&line.sku, line.quantity);
        (available < requested)
            .then(|| json!({ "sku": sku, "requested": requested, "available": available }))
    }

    fn await_action(&mut self, request: AwaitAction) -> Result<Awaiting> {
        if self.crowded {
            self.end_reservation(request.order_id);
        }
        let held = self.held.contains_key(&request.order_id);
        if held {
            self.awaiting.insert(request.order_id, request.until);
        }
        Ok(Awaiting { held })
    }

    fn end_hold(&mut self, OrderRef { order_id }: OrderRef) -> Result<()> {
        self.end_reservation(order_id);
        Ok(())
    }

    fn commit(&mut self, OrderRef { order_id }: OrderRef) -> Result<()> {
        if let Some(held) = self.held.remove(&order_id) {
            self.sold.insert(order_id, held.lines);
        }
        if self.sold.contains_key(&order_id) {
            Ok(())
        } else {
            Err(Problem::conflict("reservation_gone", "it holds nothing"))
        }
    }

    fn release(&mut self, request: Reserve) -> Result<()> {
        check(&request.lines)?;
        self.release_for_good(request.order_id);
        Ok(())
    }

    fn release_for_good(&mut self, order: Uuid) {
        self.end_reservation(order);
        if !self.sold.contains_key(&order) {
            self.released.insert(order);
        }
    }

    fn restock(&mut self, request: Restock) -> Result<()> {
        let Restock { order_id, id, lines } = request;
        if let Some(lines) = &lines {
            check(lines)?;
        }
        if !self.restocked.insert(if id.is_nil() { order_id } else { id }) {
            return Ok(());
        }
        if id.is_nil() || id == order_id || self.held.contains_key(&order_id) {
            self.release_for_good(order_id);
        }
        let mut out = self.sold.remove(&order_id).unwrap_or_default();
        for line in lines.unwrap_or_else(|| out.clone()) {
            let Some(left) = out.iter_mut().find(|it| it.sku == line.sku) else { continue };
            let back = line.quantity.min(left.quantity);
            left.quantity -= back;
            self.add(&line.sku, back);
            if left.quantity == 0 {
                self.released.insert(order_id);
            }
        }
        out.retain(|it| it.quantity > 0);
        if !out.is_empty() {
            self.sold.insert(order_id, out);
        }
        Ok(())
    }

    fn ship(&mut self, request: Ship) -> Result<()> {
        let left = self.shipped.iter().any(|it| it.order_id == request.order_id);
        if self.sold.contains_key(&request.order_id) && !left {
            self.shipped.push(request);
        }
        Ok(())
    }
}

/// Each SKU once, in a quantity somebody may order.
fn check(lines: &[StockLine]) -> Result<()> {
    let skus: HashSet<&str> = lines.iter().map(|it| it.sku.as_str()).collect();
    let fit = lines.iter().all(|it| (1..=MAX_QUANTITY).contains(&it.quantity));
    if fit && !lines.is_empty() && skus.len() == lines.len() {
        Ok(())
    } else {
        Err(Problem::field("lines", "each SKU once, in a quantity somebody may order"))
    }
}

fn same(a: &[StockLine], b: &[StockLine]) -> bool {
    let units = |it: &[StockLine]| -> HashMap<String, i64> {
        it.iter().map(|it| (it.sku.clone(), it.quantity)).collect()
    };
    units(a) == units(b)
}

/// What callers rely on in a catalog that has 5 of a SKU to sell, of a product with one variant.
pub async fn catalog_suite(client: &Client, sku: &str) {
    quotes(client, sku).await;
    holds(client, sku).await;
    sales(client, sku).await;
    broken_requests(client, sku).await;
    assert_eq!(available(client, sku, Buyer::default()).await, 5);
}

async fn quotes(client: &Client, sku: &str) {
    let by_sku = Wanted { sku: Some(sku.to_owned()), product_id: None, variant_id: None };
    let quote = async |wanted: &[&Wanted]| {
        let wanted = wanted.iter().map(|&it| it.clone()).collect();
        client.quote(wanted, Buyer::default()).await.expect("a quote")
    };
    let offered = |it: &Quoted| match it {
        Quoted::Offer(offer) => Some(offer.clone()),
        Quoted::Unknown | Quoted::Ambiguous(_) => None,
    };
    let offer = offered(&quote(&[&by_sku]).await[0]).expect("an offer");
    assert_eq!((offer.sku.as_str(), offer.available), (sku, Some(5)));
    let nobody = Wanted { sku: None, ..by_sku.clone() };
    let elsewhere = Wanted { product_id: Some(Uuid::nil()), ..by_sku.clone() };
    let unheard_of = Wanted { sku: Some("unheard-of".to_owned()), ..by_sku.clone() };
    let by_product = Wanted { product_id: Some(offer.product_id), ..nobody.clone() };
    let both = Wanted { variant_id: offer.variant_id, ..by_sku.clone() };
    let both = Wanted { product_id: Some(offer.product_id), ..both };
    let taken_over = Wanted { variant_id: Some(Uuid::nil()), ..by_sku.clone() };
    let answers =
        quote(&[&nobody, &both, &elsewhere, &by_product, &unheard_of, &by_sku, &taken_over]).await;
    let answers: Vec<_> = answers.iter().map(offered).collect();
    let offer = Some(offer);
    assert_eq!(answers, [None, offer.clone(), None, offer.clone(), None, offer, None]);
}

async fn holds(client: &Client, sku: &str) {
    let order = reserve(sku, 3);
    client.reserve(&order).await.expect("a hold");
    client.reserve(&order).await.expect("the same hold");
    assert_eq!(available(client, sku, Buyer::default()).await, 2);
    assert_eq!(available(client, sku, order.buyer.clone()).await, 5, "it is theirs");
    let other = Reserve { order_id: order.order_id, ..reserve(sku, 2) };
    assert_eq!(refusal(client.reserve(&other).await), "reservation_differs");
    let short = client.reserve(&reserve(sku, 3)).await.expect_err("a refusal");
    let chassis::channel::CallError::Rejected(short) = short else { panic!("{short}") };
    assert_eq!(short.code, "out_of_stock");
    let skus = json!([{ "sku": sku, "requested": 3, "available": 2 }]);
    assert_eq!(short.members["skus"], skus);
    let until = noon() + TimeDelta::minutes(30);
    let waiting = AwaitAction { order_id: chassis::id::new(), until };
    assert!(!client.await_action(&waiting).await.expect("an answer").held, "it held nothing");
    client.end_hold(order.order_id).await.expect("an end");
    client.end_hold(order.order_id).await.expect("an end");
    assert_eq!(refusal(client.commit(order.order_id).await), "reservation_gone");
    client.reserve(&order).await.expect("another hold");
    client.release(&order).await.expect("a release");
    assert_eq!(available(client, sku, Buyer::default()).await, 5);
    assert_eq!(refusal(client.reserve(&order).await), "reservation_released");
    // Also where the release comes first, and where a cancel comes first.
    let (late, cancelled) = (reserve(sku, 1), reserve(sku, 1));
    client.release(&late).await.expect("a release");
    client.restock(&whole(&cancelled)).await.expect("nothing");
    for order in [late, cancelled] {
        assert_eq!(refusal(client.reserve(&order).await), "reservation_released");
    }
}

async fn sales(client: &Client, sku: &str) {
    let order = reserve(sku, 3);
    client.reserve(&order).await.expect("a hold");
    for _ in 0..2 {
        client.commit(order.order_id).await.expect("a sale");
    }
    client.reserve(&order).await.expect("it has what it asks for");
    client.release(&order).await.expect("a sale stays one");
    client.end_hold(order.order_id).await.expect("a sale stays one");
    assert_eq!(available(client, sku, Buyer::default()).await, 2);
    let one = Some(vec![StockLine::new(sku, 1)]);
    let refund = Restock { order_id: order.order_id, id: chassis::id::new(), lines: one };
    for _ in 0..2 {
        client.restock(&refund).await.expect("one is back");
        assert_eq!(available(client, sku, Buyer::default()).await, 3);
        client.ship(&Ship::whole(order.order_id)).await.expect("a parcel");
    }
    client.commit(order.order_id).await.expect("some of it is still sold");
    for _ in 0..2 {
        client.restock(&whole(&order)).await.expect("the rest is back");
        assert_eq!(available(client, sku, Buyer::default()).await, 5);
    }
    assert_eq!(refusal(client.commit(order.order_id).await), "reservation_gone");
    assert_eq!(refusal(client.reserve(&order).await), "reservation_released");
    client.ship(&Ship::whole(chassis::id::new())).await.expect("nothing");
}

async fn broken_requests(client: &Client, sku: &str) {
    let mut twice = reserve(sku, 1);
    twice.lines.push(twice.lines[0].clone());
    let none = Reserve { lines: vec![], ..reserve(sku, 1) };
    for broken in [twice, none, reserve(sku, 0), reserve(sku, MAX_QUANTITY + 1)] {
        assert_eq!(refusal(client.reserve(&broken).await), "validation_failed");
        assert_eq!(refusal(client.release(&broken).await), "validation_failed");
    }
}

/// What a buyer could have of it.
async fn available(client: &Client, sku: &str, buyer: Buyer) -> i64 {
    let wanted = Wanted { sku: Some(sku.to_owned()), product_id: None, variant_id: None };
    let answers = client.quote(vec![wanted], buyer).await.expect("a quote");
    let [Quoted::Offer(offer)] = answers.as_slice() else { panic!("{answers:?}") };
    offer.available.expect("it is counted")
}

fn reserve(sku: &str, quantity: i64) -> Reserve {
    let buyer = Buyer { user_id: Some(chassis::id::new()), carts: vec![] };
    Reserve { order_id: chassis::id::new(), lines: vec![StockLine::new(sku, quantity)], buyer }
}

fn whole(order: &Reserve) -> Restock {
    Restock { order_id: order.order_id, id: order.order_id, lines: None }
}
