//! `cartwright check`: does everything agree? The invariants of ARCHITECTURE.md, over all services.
//!
//! A running shop is never quite at rest, so what is wrong at a first look is looked at again
//! for some seconds; only what stays wrong is reported.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use chassis::clock::Clock;
use chassis::{inbox, outbox};
use chrono::TimeDelta;
use orders::audit::Claim;
use payments::audit::OrderTotals;
use tokio::time::{Instant, sleep};

use crate::cli::Shared;
use crate::config::Config;
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
            ("cancelled" | "refunded", _) => captured == refunded,
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

/// I6: an order that is done, or waits for another payment, holds nothing; a cancelled one has given
/// everything back, a sold one has taken it.
fn stock(
    claims: &[Claim],
    held: &HashSet<uuid::Uuid>,
    committed: &HashSet<uuid::Uuid>,
) -> Vec<String> {
    let wrong = |claim: &&Claim| {
        let sold = !matches!(claim.status.as_str(), "cancelled" | "refunded" | "pending");
        let holds = held.contains(&claim.order_id);
        (claim.declined && holds)
            || claim.done
                && (holds
                    || (claim.status == "cancelled" && committed.contains(&claim.order_id))
                    || (sold && !committed.contains(&claim.order_id)))
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
    fn a_declined_order_that_holds_stock_is_seen() {
        let claim = |declined| Claim {
            order_id: Uuid::nil(),
            number: "CW-100001".to_owned(),
            status: "pending".to_owned(),
            payment_status: "failed".to_owned(),
            total: 1_999,
            done: false,
            declined,
        };
        let (held, none) = (HashSet::from([Uuid::nil()]), HashSet::new());
        let said = stock(&[claim(true)], &held, &none);
        assert_eq!(said, ["I6: order CW-100001 is pending and still holds stock"]);
        assert_eq!(stock(&[claim(true)], &none, &none), Vec::<String>::new());
        assert_eq!(stock(&[claim(false)], &held, &none), Vec::<String>::new());
    }
}
