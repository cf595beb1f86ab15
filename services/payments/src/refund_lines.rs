//! What units of an order's lines are given back for. Pure.

use std::collections::HashMap;

use chassis::problem::{FieldError, Problem, Result};
use contracts::orders::LineShare;
use uuid::Uuid;

use crate::problems;

/// Units of a line that are to be refunded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) sku: String,
    pub(crate) quantity: i64,
    /// Whether they are put back into stock.
    pub(crate) restock: bool,
}

/// Units of a line as they are kept with their refund.
#[derive(Clone, Debug, PartialEq, Eq, chassis::db::Record)]
#[record(table = "refund_lines")]
pub(crate) struct RefundLine {
    pub(crate) refund_id: Uuid,
    pub(crate) sku: String,
    pub(crate) quantity: i64,
    /// What they were sold for, with their share of shipping and tax.
    pub(crate) amount: i64,
    pub(crate) restock: bool,
}

/// What the wanted units were sold for. Those of `earlier` refunds are not given back once more.
///
/// A line's amount is divided so that all its units, in however many refunds, come to exactly that
/// amount: each refund brings what is given back of the line to the share, rounded down, of all
/// units that are then refunded.
pub(crate) fn price(
    refund: Uuid,
    shares: &[LineShare],
    earlier: &[RefundLine],
    wanted: &[Wanted],
) -> Result<Vec<RefundLine>> {
    let shares: HashMap<&str, &LineShare> = shares.iter().map(|it| (it.sku.as_str(), it)).collect();
    let mut lines = Vec::with_capacity(wanted.len());
    let mut unknown = Vec::new();
    for (at, want) in wanted.iter().enumerate() {
        let Some(share) = shares.get(want.sku.as_str()) else {
            let detail = "is not in this order".to_owned();
            unknown.push(FieldError { field: format!("lines[{at}].sku"), detail });
            continue;
        };
        let (mut units, mut given) = (0, 0);
        for line in earlier.iter().filter(|it| it.sku == want.sku) {
            units += line.quantity;
            given += line.amount;
        }
        let left = share.quantity - units;
        if want.quantity > left {
            return Err(problems::refund_exceeds_line(&want.sku, left));
        }
        let until = part(share.amount, units + want.quantity, share.quantity);
        lines.push(RefundLine {
            refund_id: refund,
            sku: want.sku.clone(),
            quantity: want.quantity,
            amount: (until - given).max(0),
            restock: want.restock,
        });
    }
    if unknown.is_empty() { Ok(lines) } else { Err(Problem::fields(unknown)) }
}

/// The share of so many units, rounded down.
fn part(amount: i64, units: i64, of: i64) -> i64 {
    let part = i128::from(amount) * i128::from(units) / i128::from(of.max(1));
    i64::try_from(part).unwrap_or(amount)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(sku: &str, quantity: i64, amount: i64) -> LineShare {
        LineShare { sku: sku.to_owned(), quantity, amount }
    }

    fn want(sku: &str, quantity: i64) -> Wanted {
        Wanted { sku: sku.to_owned(), quantity, restock: false }
    }

    /// Numbers that look like chance, the same each time.
    struct Dice(u64);

    impl Dice {
        fn throw(&mut self, most: i64) -> i64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 % most.unsigned_abs()) as i64
        }
    }

    #[test]
    fn however_lines_are_split_into_refunds_they_come_to_exactly_the_total() {
        let mut dice = Dice(42);
        for round in 0..2_000 {
            let shares: Vec<_> = (0..1 + dice.throw(5))
                .map(|at| share(&format!("S{at}"), 1 + dice.throw(9), dice.throw(4_000)))
                .collect();
            let total: i64 = shares.iter().map(|it| it.amount).sum();
            let mut earlier: Vec<RefundLine> = Vec::new();
            loop {
                let mut wanted = Vec::new();
                for it in &shares {
                    let done: i64 =
                        earlier.iter().filter(|e| e.sku == it.sku).map(|e| e.quantity).sum();
                    let quantity = dice.throw(it.quantity - done + 1);
                    if quantity > 0 {
                        wanted.push(want(&it.sku, quantity));
                    }
                }
                let lines = price(Uuid::nil(), &shares, &earlier, &wanted).unwrap();
                // One in five fails at the provider, and its units can be had again.
                if dice.throw(5) > 0 {
                    earlier.extend(lines);
                }
                let given: i64 = earlier.iter().map(|it| it.amount).sum();
                assert!(given <= total, "round {round}: {given} of {total}");
                let units = |all: i64, it: i64| all + it;
                let refunded = earlier.iter().map(|it| it.quantity).fold(0, units);
                if refunded == shares.iter().map(|it| it.quantity).fold(0, units) {
                    assert_eq!(given, total, "round {round}");
                    break;
                }
            }
        }
    }

    #[test]
    fn a_unit_is_refunded_once() {
        let shares = [share("A", 3, 100)];
        let first = price(Uuid::nil(), &shares, &[], &[want("A", 2)]).unwrap();
        assert_eq!(first[0].amount, 66);
        let refused = price(Uuid::nil(), &shares, &first, &[want("A", 2)]).unwrap_err();
        assert_eq!(
            (refused.code.as_ref(), &refused.members["refundable"]),
            ("refund_exceeds_line", &1.into())
        );
        assert_eq!(price(Uuid::nil(), &shares, &first, &[want("A", 1)]).unwrap()[0].amount, 34);
        let refused = price(Uuid::nil(), &shares, &[], &[want("A", 1), want("B", 1)]).unwrap_err();
        assert_eq!(refused.code, "validation_failed");
    }
}
