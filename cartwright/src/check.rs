//! `cartwright check` verifies the invariants of ARCHITECTURE.md over all services.
//!
//! A running shop is always changing, so a violation is checked again for some seconds and reported
//! only if it persists.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use cart::invariants::Removal;
use catalog::invariants::OrderStock;
use chassis::clock::Clock;
use chassis::{inbox, outbox};
use chrono::TimeDelta;
use orders::invariants::{Claim, PaidLine};
use payments::invariants::{Compared, OrderTotals};
use tokio::time::{Instant, sleep};

use crate::cli::Check;
use crate::config::Config;
use crate::private;
use crate::registry::NAMES;
use crate::shop::Stores;

/// How long something may be wrong on a running shop.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long an event may wait in an outbox or inbox.
const DRAIN: TimeDelta = TimeDelta::seconds(5);

/// What was found.
#[derive(Debug, Default)]
pub struct Findings {
    /// Invariants that do not hold.
    pub broken: BTreeSet<String>,
    /// Work that waits; a problem only if the shop runs.
    pub waiting: BTreeSet<String>,
    /// Worth knowing, but no problem.
    pub notes: BTreeSet<String>,
    /// Providers whose records could not be had, and why.
    pub unreachable: BTreeSet<String>,
}

/// Checks, prints, and answers 1 if an invariant does not hold.
pub async fn run(args: &Check) -> Result<ExitCode> {
    let config = Config::load(&args.shared, None)?;
    let stores = Stores::open(&config, &NAMES).await?;
    let running = crate::serve::is_running(&config);
    let mut findings = settle(&stores, Clock::System, running).await?;
    if args.providers {
        ask_providers(&stores, &config, running, &mut findings).await?;
    }
    for line in &findings.broken {
        println!("broken: {line}");
    }
    for line in &findings.waiting {
        println!("waiting: {line}");
    }
    for line in &findings.notes {
        println!("note: {line}");
    }
    for line in &findings.unreachable {
        println!("unreachable: {line}");
    }
    // Nothing that is wrong with the data, and perhaps meant.
    private::exposed(&config).iter().for_each(|it| println!("exposed: {it}"));
    let broken = findings.broken.len() + if running { findings.waiting.len() } else { 0 };
    if broken > 0 {
        println!("{broken} violations found.");
        return Ok(ExitCode::FAILURE);
    }
    if !findings.unreachable.is_empty() {
        println!("Not every provider could be asked; try again later.");
        return Ok(ExitCode::FAILURE);
    }
    if !findings.waiting.is_empty() {
        println!("The shop is stopped; waiting work continues when it is started.");
    }
    println!("Stock, orders, payments and events are consistent.");
    Ok(ExitCode::SUCCESS)
}

/// Looks until nothing is wrong or the patience is used up, and returns what was wrong at every
/// look.
pub async fn settle(stores: &Stores, clock: Clock, running: bool) -> Result<Findings> {
    let until = Instant::now() + PATIENCE;
    let mut wrong = look(stores, clock).await?;
    while Instant::now() < until {
        if wrong.broken.is_empty() && (wrong.waiting.is_empty() || !running) {
            break;
        }
        sleep(Duration::from_millis(500)).await;
        let again = look(stores, clock).await?;
        wrong.broken.retain(|it| again.broken.contains(it));
        wrong.waiting.retain(|it| again.waiting.contains(it));
        wrong.notes = again.notes;
    }
    Ok(wrong)
}

/// Adds how payments compare with the providers' own records. What is wrong on a running shop has to
/// be wrong twice.
async fn ask_providers(
    stores: &Stores,
    config: &Config,
    running: bool,
    findings: &mut Findings,
) -> Result<()> {
    let (mut broken, unreachable) = compare(stores, config).await?;
    if running && !broken.is_empty() {
        sleep(PATIENCE).await;
        let (again, _) = compare(stores, config).await?;
        broken.retain(|it| again.contains(it));
    }
    findings.broken.extend(broken);
    findings.unreachable.extend(unreachable);
    Ok(())
}

/// What is wrong, and which providers could not be asked.
async fn compare(stores: &Stores, config: &Config) -> Result<(BTreeSet<String>, BTreeSet<String>)> {
    let (payments, settings) = (stores.get("payments")?, &config.payments);
    let compared =
        payments::invariants::compare_with_providers(payments, settings, Clock::System).await;
    let compared = compared.map_err(anyhow::Error::from_boxed)?;
    let (mut broken, mut unreachable) = (BTreeSet::new(), BTreeSet::new());
    for (provider, compared) in compared {
        match compared {
            Compared::Faults(faults) => broken.extend(faults),
            Compared::Unreachable(why) => drop(unreachable.insert(format!("{provider}: {why}"))),
        }
    }
    Ok((broken, unreachable))
}

/// One look at everything.
pub async fn look(stores: &Stores, clock: Clock) -> Result<Findings> {
    let catalog = stores.get("catalog")?;
    let payments = stores.get("payments")?;
    let orders = stores.get("orders")?;
    let mut broken = BTreeSet::new();
    broken.extend(catalog::invariants::overselling(catalog).await?);
    broken.extend(catalog::invariants::ledger(catalog).await?);
    let databases = stores.further(&payments::DEFINITION)?;
    broken.extend(payments::invariants::violations(payments, &databases, clock.now()).await?);
    let mut waiting: BTreeSet<String> =
        orders::invariants::violations(orders, clock.now()).await?.into_iter().collect();
    broken.extend(orders::invariants::carts(orders).await?);
    let removals = cart::invariants::removals(stores.get("cart")?).await?;
    broken.extend(bought_twice(&orders::invariants::paid_lines(orders).await?, &removals));
    let claims = orders::invariants::claims(orders).await?;
    let totals = payments::invariants::totals_by_order(payments).await?;
    broken.extend(money(&claims, &totals));
    broken.extend(stock(&claims, &catalog::invariants::of_orders(catalog).await?));
    waiting.extend(events(stores, clock).await?);
    let notes = catalog::invariants::notes(catalog).await?.into_iter().collect();
    Ok(Findings { broken, waiting, notes, unreachable: BTreeSet::new() })
}

/// I4: what was captured and given back is what the order says.
fn money(claims: &[Claim], totals: &[OrderTotals]) -> Vec<String> {
    let totals: HashMap<_, _> = totals.iter().map(|it| (it.order_id, it)).collect();
    let known: HashSet<_> = claims.iter().map(|it| it.order_id).collect();
    let mut found: Vec<String> = totals
        .values()
        .filter(|it| !known.contains(&it.order_id) && it.captured > it.refunded)
        .map(|it| {
            format!("I4: {} captured for an order {} that is not known", it.captured, it.order_id)
        })
        .collect();
    for claim in claims {
        let its = totals.get(&claim.order_id);
        let (captured, refunded) = its.map_or((0, 0), |it| (it.captured, it.refunded));
        let agrees = match (claim.status.as_str(), claim.payment_status.as_str()) {
            _ if captured > claim.total || refunded > captured => false,
            _ if !claim.done => true,
            // Nothing is held, nothing is kept.
            ("cancelled", "requires_action" | "authorized" | "paid" | "partially_refunded") => {
                false
            }
            ("cancelled", _) => captured == refunded,
            // Whatever became of the goods.
            (_, "refunded") => captured == claim.charged && refunded == captured,
            (_, "partially_refunded") => captured == claim.charged && refunded > 0,
            (_, "paid") => captured == claim.charged && refunded == 0,
            // It is captured when the order is shipped.
            ("confirmed", "authorized") if claim.on_shipment => {
                captured == 0 && its.is_some_and(|it| it.open)
            }
            // It was not captured in time: staff decide.
            ("confirmed", "voided") if claim.on_shipment => captured == 0,
            _ => false,
        };
        if !agrees {
            found.push(format!(
                "I4: order {} over {} is {} and {}, with {captured} captured and {refunded} refunded",
                claim.number, claim.total, claim.status, claim.payment_status
            ));
        }
    }
    found
}

/// I11: what a paid order has taken was out of the cart when the cart was bought again.
fn bought_twice(lines: &[PaidLine], removals: &[Removal]) -> Vec<String> {
    let mut of_cart: HashMap<_, Vec<&PaidLine>> = HashMap::new();
    let mut of_order: HashMap<_, Vec<&PaidLine>> = HashMap::new();
    for line in lines {
        of_cart.entry(line.cart_id).or_default().push(line);
        of_order.entry(line.order_id).or_default().push(line);
    }
    let mut found = Vec::new();
    for removal in removals {
        for first in of_order.get(&removal.order_id).into_iter().flatten() {
            let later = of_cart.get(&removal.cart_id).into_iter().flatten().filter(|it| {
                // Ids rise with time.
                it.order_id > first.order_id
                    && it.cart_version < removal.version
                    && it.sku == first.sku
            });
            found.extend(later.map(|second| {
                format!(
                    "I11: {} was bought from cart {} with order {}, and again with order {}",
                    first.sku, removal.cart_id, first.number, second.number
                )
            }));
        }
    }
    found
}

/// I6: an order that is done, or waits for another payment, holds nothing; a cancelled one has
/// given everything back, a sold one has bought its units, whatever became of its money; they are
/// allocated until they are shipped, and off the shelf then.
fn stock(claims: &[Claim], stock: &[OrderStock]) -> Vec<String> {
    let of_order: HashMap<_, _> = stock.iter().map(|it| (it.order_id, it)).collect();
    let nothing = OrderStock::default();
    let tell = |claim: &Claim| {
        let stock = of_order.get(&claim.order_id).copied().unwrap_or(&nothing);
        let what = wrong_stock(claim, stock)?;
        Some(format!("I6: order {} is {} and {what}", claim.number, claim.status))
    };
    claims.iter().filter_map(tell).collect()
}

/// What an order has of the stock that it should not have, or lacks.
fn wrong_stock(claim: &Claim, stock: &OrderStock) -> Option<&'static str> {
    if stock.held > 0 && (claim.done || claim.declined) {
        return Some("still holds stock");
    }
    if !claim.done {
        return None;
    }
    let sold = matches!(claim.status.as_str(), "confirmed" | "shipped" | "delivered");
    match claim.fulfillment_status.as_str() {
        _ if claim.status == "cancelled" => {
            (stock.out() > 0).then_some("has not put its stock back")
        }
        _ if sold && stock.out() + stock.restocked == 0 => Some("has taken no stock"),
        "fulfilled" | "delivered" if !claim.ships && stock.allocated > 0 => {
            Some("was sent, but its units are still on the shelf")
        }
        "unfulfilled" if stock.shipped > 0 => {
            Some("was not sent, but its units have left the shelf")
        }
        _ => None,
    }
}

/// I7, I9: events are on their way, none is a dead letter.
async fn events(stores: &Stores, clock: Clock) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let since = clock.now() - DRAIN;
    for store in stores.all() {
        let (name, db, _) = store?;
        if let (count, Some(oldest)) = outbox::backlog(db).await?
            && oldest < since
        {
            found.push(format!("I9: {count} events of {name} have not been sent"));
        }
        for letter in inbox::dead_letters(db, None, 20).await? {
            let why = letter.error.unwrap_or_default();
            found.push(format!(
                "I7: {} could not handle {} {}: {why}",
                letter.consumer, letter.kind, letter.event_id
            ));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_was_bought_twice_from_one_cart_is_found() {
        let (cart, guest) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let line = |order: u128, cart_id, cart_version, sku: &str| PaidLine {
            order_id: Uuid::from_u128(order),
            number: format!("CW-{order}"),
            cart_id,
            cart_version,
            sku: sku.to_owned(),
        };
        let removal = |order: u128, version| Removal {
            order_id: Uuid::from_u128(order),
            cart_id: cart,
            version,
        };
        // The second order was made of a state of the cart that still had the first one's lines.
        let twice = [line(10, cart, 1, "A"), line(11, cart, 2, "A"), line(11, cart, 2, "B")];
        let found = bought_twice(&twice, &[removal(10, 3), removal(11, 4)]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("A was bought") && found[0].contains("CW-11"), "{found:?}");
        // What a guest bought left the cart that the guest's went into.
        let merged = [line(10, guest, 9, "A"), line(11, cart, 2, "A")];
        assert_eq!(bought_twice(&merged, &[removal(10, 3)]).len(), 1);
        // In turn, or other things.
        let once = [line(10, cart, 1, "A"), line(11, cart, 3, "A"), line(12, cart, 1, "B")];
        assert_eq!(bought_twice(&once, &[removal(10, 3), removal(11, 5)]), [""; 0]);
    }

    #[test]
    fn the_money_of_a_refunded_order_is_looked_at_whatever_became_of_its_goods() {
        let order_id = Uuid::nil();
        let totals = |refunded| OrderTotals { order_id, captured: 1_999, refunded, open: false };
        for status in ["confirmed", "shipped", "delivered", "cancelled"] {
            let refunded = "refunded".to_owned();
            let claim = Claim { payment_status: refunded, ..claim(status, "unfulfilled") };
            assert_eq!(money(std::slice::from_ref(&claim), &[totals(1_999)]), [""; 0]);
            assert_eq!(money(&[claim], &[totals(1_000)]).len(), 1, "{status}");
        }
    }

    #[test]
    fn an_order_that_waits_for_its_shipment_holds_its_money_and_a_part_may_be_all_that_is_paid() {
        let order_id = Uuid::nil();
        let totals = |captured, open| [OrderTotals { order_id, captured, refunded: 0, open }];
        let wrong = |payment_status: &str, charged, totals: &[OrderTotals]| {
            let payment_status = payment_status.to_owned();
            let confirmed = claim("confirmed", "unfulfilled");
            let waits = Claim { payment_status, charged, on_shipment: true, ..confirmed };
            money(&[waits], totals).len()
        };
        assert_eq!(wrong("authorized", 1_999, &totals(0, true)), 0);
        assert_eq!(wrong("authorized", 1_999, &totals(0, false)), 1, "nothing is held");
        assert_eq!(wrong("authorized", 1_999, &totals(1_999, false)), 1, "it is paid");
        assert_eq!(wrong("voided", 1_999, &totals(0, false)), 0);
        assert_eq!(wrong("voided", 1_999, &totals(700, false)), 1);
        assert_eq!(wrong("paid", 700, &totals(700, false)), 0);
        assert_eq!(wrong("paid", 1_999, &totals(700, false)), 1);
        let at_once =
            Claim { payment_status: "authorized".to_owned(), ..claim("confirmed", "unfulfilled") };
        assert_eq!(money(&[at_once], &totals(0, true)).len(), 1);
    }

    fn claim(status: &str, fulfillment: &str) -> Claim {
        Claim {
            order_id: Uuid::nil(),
            number: "CW-100001".to_owned(),
            status: status.to_owned(),
            payment_status: "paid".to_owned(),
            fulfillment_status: fulfillment.to_owned(),
            total: 1_999,
            charged: 1_999,
            on_shipment: false,
            done: status != "pending",
            ships: false,
            declined: false,
        }
    }

    #[test]
    fn a_declined_order_that_holds_stock_is_seen() {
        let pending = |declined| Claim { declined, ..claim("pending", "unfulfilled") };
        let held = [OrderStock { held: 2, ..OrderStock::default() }];
        let said = stock(&[pending(true)], &held);
        assert_eq!(said, ["I6: order CW-100001 is pending and still holds stock"]);
        assert_eq!(stock(&[pending(true)], &[]), Vec::<String>::new());
        assert_eq!(stock(&[pending(false)], &held), Vec::<String>::new());
    }

    #[test]
    fn units_that_are_not_where_their_order_is_are_seen() {
        let allocated = OrderStock { allocated: 2, ..OrderStock::default() };
        let shipped = OrderStock { shipped: 2, ..OrderStock::default() };
        let back = OrderStock { restocked: 2, ..OrderStock::default() };
        let unbooked = OrderStock { unbooked: 2, ..OrderStock::default() };
        let none = OrderStock::default();
        for (claim, right, wrong) in [
            (claim("confirmed", "unfulfilled"), [&allocated, &unbooked, &back], [&shipped, &none]),
            (claim("shipped", "fulfilled"), [&shipped, &unbooked, &back], [&allocated, &none]),
            (claim("delivered", "delivered"), [&shipped, &unbooked, &back], [&allocated, &none]),
            (claim("cancelled", "unfulfilled"), [&back, &none, &none], [&allocated, &unbooked]),
        ] {
            for it in right {
                assert_eq!(wrong_stock(&claim, it), None, "{claim:?} {it:?}");
            }
            for it in wrong {
                assert!(wrong_stock(&claim, it).is_some(), "{claim:?} {it:?}");
            }
        }
        // Staff have just said so, and the catalog is yet to be told.
        let ships = Claim { ships: true, ..claim("shipped", "fulfilled") };
        assert_eq!(wrong_stock(&ships, &allocated), None);
    }
}
