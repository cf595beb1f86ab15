//! Whatever happens, `on_hand` is what a shelf holds on which the same things are done by hand.

use std::collections::{BTreeMap, HashSet};

use chassis::testing::{Database, databases};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;

/// One thing that can happen. Variants are 0 and 1.
#[derive(Clone, Debug)]
enum Event {
    Hold(u128, [i64; 2]),
    Commit(u128),
    Ship(u128),
    Cancel(u128),
    Refund(u128, u128, [i64; 2]),
    Count(usize, i64),
    Adjust(usize, i64),
    Rename(usize),
    /// The variant is deleted, and a product of somebody else gets its SKU.
    TakeOver(usize),
}

fn event() -> impl Strategy<Value = Event> {
    let order = 0..4_u128;
    let units = || [1..5_i64, 1..5_i64];
    prop_oneof![
        5 => (order.clone(), units()).prop_map(|(order, units)| Event::Hold(order, units)),
        5 => order.clone().prop_map(Event::Commit),
        3 => order.clone().prop_map(Event::Ship),
        1 => order.clone().prop_map(Event::Cancel),
        3 => (order, 0..3_u128, units()).prop_map(|(order, n, units)| Event::Refund(order, n, units)),
        2 => (0..2_usize, 0..14_i64).prop_map(|(at, on_hand)| Event::Count(at, on_hand)),
        2 => (0..2_usize, -3..4_i64).prop_map(|(at, by)| Event::Adjust(at, by)),
        2 => (0..2_usize).prop_map(Event::Rename),
        1 => (0..2_usize).prop_map(Event::TakeOver),
    ]
}

/// An order on the shelf's slip of paper.
#[derive(Clone, Debug)]
struct Slip {
    skus: [String; 2],
    units: [i64; 2],
    back: [i64; 2],
    sold: bool,
    sent: bool,
}

/// The shelf: units by variant, none of one that is gone, and what cannot be put anywhere.
struct Shelf {
    case: u128,
    product: Uuid,
    variants: [Uuid; 2],
    skus: [String; 2],
    units: [Option<i64>; 2],
    stray: i64,
    renames: usize,
    foreign: Vec<String>,
    slips: BTreeMap<u128, Slip>,
    refunds: HashSet<u128>,
}

impl Shelf {
    async fn new(db: &Db, case: u128) -> Self {
        let skus = [format!("A{case}"), format!("B{case}")];
        let all = [&*skus[0], &*skus[1], &*format!("C{case}")];
        let product = stocked(db, &format!("Lamps {case}"), &all).await;
        let variant = |sku: &String| product.variants.iter().find(|it| it.sku == *sku).unwrap().id;
        Self {
            case,
            product: product.id,
            variants: [variant(&skus[0]), variant(&skus[1])],
            skus,
            units: [Some(10); 2],
            stray: 0,
            renames: 0,
            foreign: vec![],
            slips: BTreeMap::new(),
            refunds: HashSet::new(),
        }
    }

    fn order(&self, n: u128) -> u128 {
        self.case * 1_000 + n
    }

    fn put(&mut self, at: usize, units: i64) {
        match &mut self.units[at] {
            Some(there) => *there += units,
            None => self.stray += units,
        }
    }

    async fn apply(&mut self, db: &Db, event: &Event) -> Result<()> {
        match *event {
            Event::Hold(n, units) => self.hold(db, n, units).await,
            Event::Commit(n) => {
                let order = id(self.order(n));
                step(db, async |books| reservations::commit(books, order).await).await?;
                self.slips.get_mut(&n).unwrap().sold = true;
                Ok(())
            }
            Event::Ship(n) => {
                send(db, self.order(n)).await;
                let Some(slip) = self.slips.get_mut(&n).filter(|it| it.sold && !it.sent) else {
                    return Ok(());
                };
                slip.sent = true;
                let slip = slip.clone();
                for at in 0..2 {
                    if let Some(units) = &mut self.units[at] {
                        *units -= slip.units[at] - slip.back[at];
                    }
                }
                Ok(())
            }
            Event::Cancel(n) => {
                cancel(db, self.order(n)).await;
                self.back(n, self.order(n), [i64::MAX; 2]);
                Ok(())
            }
            Event::Refund(n, refund, units) => {
                let refund = self.order(n) * 1_000 + 100 + refund;
                let Some(slip) = self.slips.get(&n).cloned() else { return Ok(()) };
                let lines = [(&*slip.skus[0], units[0]), (&*slip.skus[1], units[1])];
                give_back(db, self.order(n), refund, &lines).await;
                self.back(n, refund, units);
                Ok(())
            }
            Event::Count(at, on_hand) => self.count(db, at, on_hand).await,
            Event::Adjust(at, by) => {
                let on_hand = self.units[at].unwrap_or_default() + by;
                self.count(db, at, on_hand).await
            }
            Event::Rename(at) => {
                self.renames += 1;
                let sku = format!("{}{}-{}", ["A", "B"][at], self.case, self.renames);
                self.name(db, at, Some(sku)).await
            }
            Event::TakeOver(at) => {
                let sku = self.skus[at].clone();
                self.name(db, at, None).await?;
                if self.units[at].take().is_some() {
                    stocked(db, &format!("Others {sku}"), &[&sku]).await;
                    self.foreign.push(sku);
                }
                Ok(())
            }
        }
    }

    async fn hold(&mut self, db: &Db, n: u128, units: [i64; 2]) -> Result<()> {
        let line = |at: usize| StockLine {
            variant_id: Some(self.variants[at]),
            ..StockLine::new(&self.skus[at], units[at])
        };
        let request = Reserve {
            order_id: id(self.order(n)),
            lines: vec![line(0), line(1)],
            buyer: Buyer::default(),
        };
        let time = chrono::TimeDelta::minutes(15);
        step(db, async |books| reservations::reserve(books, &request, time).await).await?;
        let (skus, back) = (self.skus.clone(), [0; 2]);
        let slip = Slip { skus, units, back, sold: false, sent: false };
        self.slips.entry(n).or_insert(slip);
        Ok(())
    }

    /// Units of an order are put back, once for each id.
    fn back(&mut self, n: u128, why: u128, units: [i64; 2]) {
        let Some(mut slip) = self.slips.get(&n).cloned() else { return };
        if !self.refunds.insert(why) {
            return;
        }
        for at in 0..2 {
            let units = units[at].min(slip.units[at] - slip.back[at]);
            if !slip.sold || units == 0 {
                continue;
            }
            slip.back[at] += units;
            // What was not sent is there already, unless its place is gone.
            if slip.sent || self.units[at].is_none() {
                self.put(at, units);
            }
        }
        self.slips.insert(n, slip);
    }

    async fn count(&mut self, db: &Db, at: usize, on_hand: i64) -> Result<()> {
        if self.units[at].is_some() {
            super::count(db, &self.skus[at], on_hand).await?;
            self.units[at] = Some(on_hand);
        }
        Ok(())
    }

    async fn name(&mut self, db: &Db, at: usize, sku: Option<String>) -> Result<()> {
        if self.units[at].is_none() {
            return Ok(());
        }
        let mut skus = self.skus.clone().map(Some);
        skus[at] = sku.clone();
        let other = 1 - at;
        if self.units[other].is_none() {
            skus[other] = None;
        }
        let [a, b, c] = ["A", "B", "C"].map(|it| format!("{it}{}", self.case));
        let all = [(&*a, skus[0].as_deref()), (&*b, skus[1].as_deref()), (&*c, Some(&*c))];
        rename(db, &product(db, self.product).await, &all).await?;
        if let Some(sku) = sku {
            self.skus[at] = sku;
        }
        Ok(())
    }

    async fn check(&self, db: &Db) {
        assert_eq!(violations(db).await, Vec::<String>::new());
        for at in 0..2 {
            let Some(units) = self.units[at] else { continue };
            let waiting = |it: &&Slip| it.sold && !it.sent;
            let allocated = self.slips.values().filter(waiting);
            let allocated: i64 = allocated.map(|it| it.units[at] - it.back[at]).sum();
            let [on_hand, is, _] = counts(db, &self.skus[at]).await;
            assert_eq!((on_hand, is), (units, allocated), "{}", self.skus[at]);
        }
        for sku in &self.foreign {
            assert_eq!(counts(db, sku).await, [10, 0, 0], "{sku} is somebody else's");
        }
        let first = id(self.order(0));
        let last = id(self.order(999));
        let stray = db.query(
            "SELECT CAST(COALESCE(SUM(quantity), 0) AS BIGINT) FROM stray_units
             WHERE order_id BETWEEN $1 AND $2",
        );
        let (stray,): (i64,) = stray.bind(first).bind(last).one().await.unwrap();
        assert_eq!(stray, self.stray);
    }
}

#[databases]
fn on_hand_is_what_a_shelf_holds_whatever_happens(database: Database) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let test = runtime.block_on(database.platform(crate::MIGRATIONS));
    let config = Config { cases: 40, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let case = std::cell::Cell::new(0_u128);
    let events = proptest::collection::vec(event(), 1..40);
    let outcome = runner.run(&events, |events| {
        case.set(case.get() + 1);
        runtime.block_on(async {
            let mut shelf = Shelf::new(&test.db, case.get()).await;
            for event in &events {
                if let Err(problem) = shelf.apply(&test.db, event).await {
                    prop_assert!([409, 422].contains(&problem.status), "{}", problem);
                }
                shelf.check(&test.db).await;
            }
            Ok(())
        })
    });
    outcome.unwrap_or_else(|error| panic!("{}: {error}", test.kind));
}
