//! `cartwright check`: does everything agree? The invariants of ARCHITECTURE.md, over all services.
//!
//! A running shop is never quite at rest, so what is wrong at a first look is looked at again
//! for some seconds; only what stays wrong is reported.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use cart::audit::Removal;
use chassis::clock::Clock;
use chassis::{inbox, outbox};
use chrono::TimeDelta;
use orders::audit::{Claim, PaidLine};
use payments::audit::OrderTotals;
use tokio::time::{Instant, sleep};

use crate::cli::Shared;
use crate::config::Config;
use crate::private;
use crate::shop::{NAMES, Stores};

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
}

/// Checks, prints, and answers 1 if an invariant does not hold.
pub async fn run(shared: &Shared) -> Result<ExitCode> {
    let config = Config::load(shared, None)?;
    let stores = Stores::open(&config, &NAMES).await?;
    let running = crate::serve::is_running(&config);
    let findings = settle(&stores, Clock::System, running).await?;
    for line in &findings.broken {
        println!("broken: {line}");
    }
    for line in &findings.waiting {
        println!("waiting: {line}");
    }
    // Nothing that is wrong with the data, and perhaps meant.
    private::exposed(&config).iter().for_each(|it| println!("exposed: {it}"));
    let broken = findings.broken.len() + if running { findings.waiting.len() } else { 0 };
    if broken > 0 {
        println!("{broken} violations");
        return Ok(ExitCode::FAILURE);
    }
    if !findings.waiting.is_empty() {
        println!("The shop is stopped; what waits goes on when it is started.");
    }
    println!("Stock, orders, payments and events agree.");
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
    }
    Ok(wrong)
}

/// One look at everything.
pub async fn look(stores: &Stores, clock: Clock) -> Result<Findings> {
    let catalog = stores.get("catalog")?;
    let (payments, sandbox) = (stores.get("payments")?, stores.get("sandbox")?);
    let orders = stores.get("orders")?;
    let mut broken = BTreeSet::new();
    broken.extend(catalog::audit::overselling(catalog).await?);
    broken.extend(catalog::audit::ledger(catalog).await?);
    broken.extend(payments::audit::violations(payments, sandbox).await?);
    let mut waiting: BTreeSet<String> =
        orders::audit::violations(orders, clock.now()).await?.into_iter().collect();
    broken.extend(orders::audit::carts(orders).await?);
    let removals = cart::audit::removals(stores.get("cart")?).await?;
    broken.extend(bought_twice(&orders::audit::paid_lines(orders).await?, &removals));
    let claims = orders::audit::claims(orders).await?;
    let totals = payments::audit::totals_by_order(payments).await?;
    broken.extend(money(&claims, &totals));
    let held = catalog::audit::held_orders(catalog).await?;
    let committed = catalog::audit::committed_orders(catalog).await?;
    broken.extend(stock(&claims, &held.into_iter().collect(), &committed.into_iter().collect()));
    waiting.extend(events(stores, clock).await?);
    Ok(Findings { broken, waiting })
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
        let (captured, refunded) =
            totals.get(&claim.order_id).map_or((0, 0), |it| (it.captured, it.refunded));
        let agrees = match (claim.status.as_str(), claim.payment_status.as_str()) {
            _ if captured > claim.total || refunded > captured => false,
            _ if !claim.done => true,
            // Nothing is held, nothing is kept.
            ("cancelled", "requires_action" | "authorized" | "paid" | "partially_refunded") => {
                false
            }
            ("cancelled", _) => captured == refunded,
            // Whatever became of the goods.
            (_, "refunded") => captured == claim.total && refunded == captured,
            (_, "partially_refunded") => captured == claim.total && refunded > 0,
            (_, "paid") => captured == claim.total && refunded == 0,
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

/// I6: an order that is done, or waits for another payment, holds nothing; a cancelled one has given
/// everything back, a sold one has taken it, whatever became of its money. Where a refund has put
/// goods back, nothing need be left of it.
fn stock(
    claims: &[Claim],
    held: &HashSet<uuid::Uuid>,
    committed: &HashSet<uuid::Uuid>,
) -> Vec<String> {
    let wrong = |claim: &&Claim| {
        let sold = !matches!(claim.status.as_str(), "cancelled" | "pending");
        let holds = held.contains(&claim.order_id);
        (claim.declined && holds)
            || claim.done
                && (holds
                    || (claim.status == "cancelled" && committed.contains(&claim.order_id))
                    || (sold && !claim.put_back && !committed.contains(&claim.order_id)))
    };
    let tell = |claim: &Claim| {
        let stock = match (held.contains(&claim.order_id), committed.contains(&claim.order_id)) {
            (true, _) => "still holds stock",
            (_, true) => "has not put its stock back",
            (_, false) => "has taken no stock",
        };
        format!("I6: order {} is {} and {stock}", claim.number, claim.status)
    };
    claims.iter().filter(wrong).map(tell).collect()
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
    fn an_order_that_was_refunded_is_looked_at_like_others() {
        let order_id = Uuid::from_u128(1);
        let claim = |status: &str, put_back| Claim {
            order_id,
            number: "CW-100001".to_owned(),
            status: status.to_owned(),
            payment_status: "refunded".to_owned(),
            total: 1_999,
            done: true,
            declined: false,
            put_back,
        };
        let (taken, none) = (HashSet::from([order_id]), HashSet::new());
        for status in ["confirmed", "shipped", "delivered"] {
            assert_eq!(stock(&[claim(status, false)], &none, &taken), [""; 0]);
            let said = stock(&[claim(status, false)], &none, &none);
            assert_eq!(said, [format!("I6: order CW-100001 is {status} and has taken no stock")]);
            assert_eq!(stock(&[claim(status, true)], &none, &none), [""; 0]);
        }
        let said = stock(&[claim("cancelled", true)], &none, &taken);
        assert_eq!(said, ["I6: order CW-100001 is cancelled and has not put its stock back"]);
        let totals = |refunded| OrderTotals { order_id, captured: 1_999, refunded, open: false };
        for status in ["confirmed", "shipped", "delivered", "cancelled"] {
            assert_eq!(money(&[claim(status, false)], &[totals(1_999)]), [""; 0]);
            assert_eq!(money(&[claim(status, false)], &[totals(1_000)]).len(), 1, "{status}");
        }
    }

    #[test]
    fn a_declined_order_that_holds_stock_is_seen() {
        let claim = |declined| Claim {
            order_id: Uuid::nil(),
            number: "CW-100001".to_owned(),
            status: "pending".to_owned(),
            payment_status: "failed".to_owned(),
            total: 1_999,
            done: false,
            declined,
            put_back: false,
        };
        let (held, none) = (HashSet::from([Uuid::nil()]), HashSet::new());
        let said = stock(&[claim(true)], &held, &none);
        assert_eq!(said, ["I6: order CW-100001 is pending and still holds stock"]);
        assert_eq!(stock(&[claim(true)], &none, &none), Vec::<String>::new());
        assert_eq!(stock(&[claim(false)], &held, &none), Vec::<String>::new());
    }
}
