//! How many units of a SKU somebody wants there to be, and how that figure is meant. A figure that
//! was read a while ago says nothing about what moved since; so each says what it is based on.

use chassis::problem::{Problem, Result};
use uuid::Uuid;

use super::{MAX_ON_HAND, Stock};
use crate::problems;

/// A figure somebody wrote down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Figure {
    /// So many more; fewer where it is negative.
    Adjust(i64),
    /// So many, whatever there was: the shelf has been counted.
    Count(i64),
    /// So many, where there are `expected` now.
    Replace { on_hand: i64, expected: i64 },
    /// So many that can be bought from now on, beside those that orders have.
    Available(i64),
    /// So many of a new variant. One that exists keeps its own.
    Opening(i64),
    /// So many of a new variant. One that exists must have exactly that.
    Stated(i64),
    /// So many of a new variant. One that exists gets what the figure differs from that in the
    /// export, once, however often the file is imported.
    Edited { on_hand: i64, at_export: i64, export: Uuid, added: i64 },
}

impl Figure {
    /// What a new variant begins with.
    pub(crate) fn opening(self) -> i64 {
        match self {
            Self::Adjust(it)
            | Self::Count(it)
            | Self::Available(it)
            | Self::Opening(it)
            | Self::Stated(it)
            | Self::Replace { on_hand: it, .. }
            | Self::Edited { on_hand: it, .. } => it,
        }
    }

    /// What will be on hand of a variant that has this stock.
    pub(crate) fn on(self, stock: &Stock) -> Result<i64> {
        let now = stock.on_hand;
        let on_hand = match self {
            Self::Adjust(units) => now.saturating_add(units),
            Self::Count(on_hand) => on_hand,
            Self::Replace { on_hand, expected } if expected == now => on_hand,
            Self::Replace { expected, .. } => return Err(problems::stock_changed(stock, expected)),
            Self::Available(units) => units.saturating_add(stock.taken()),
            Self::Stated(on_hand) if on_hand != now => {
                return Err(problems::expected_missing(stock));
            }
            Self::Opening(_) | Self::Stated(_) => now,
            Self::Edited { on_hand, at_export, added, .. } => {
                now.saturating_add(on_hand.saturating_sub(at_export)).saturating_sub(added)
            }
        };
        if (-MAX_ON_HAND..=MAX_ON_HAND).contains(&on_hand) || on_hand == now {
            Ok(on_hand)
        } else {
            Err(Problem::field(self.field(), "leads beyond 1,000,000,000 units"))
        }
    }

    /// Whether it says by how much, and not how many.
    pub(crate) fn is_adjustment(self) -> bool {
        matches!(self, Self::Adjust(_) | Self::Edited { .. })
    }

    /// What clients call it.
    pub(crate) fn field(self) -> &'static str {
        match self {
            Self::Adjust(_) => "adjust",
            Self::Available(_) => "available",
            _ => "on_hand",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Policy;

    /// Of the units that are taken one is sold and not shipped.
    fn stock(on_hand: i64, taken: i64) -> Stock {
        let (sku, product_id) = ("MUG".to_owned(), Uuid::nil());
        let (policy, allocated) = (Policy::Deny, 1);
        let reserved = taken - allocated;
        let variant_id = None;
        Stock { sku, product_id, variant_id, policy, on_hand, allocated, reserved, version: 3 }
    }

    #[test]
    fn each_figure_goes_by_what_it_says() {
        let edited =
            |on_hand, added| Figure::Edited { on_hand, at_export: 10, export: Uuid::nil(), added };
        for (figure, on_hand) in [
            (Figure::Adjust(5), 12),
            (Figure::Adjust(-7), 0),
            (Figure::Count(15), 15),
            (Figure::Replace { on_hand: 15, expected: 7 }, 15),
            (Figure::Available(4), 6),
            (Figure::Opening(3), 7),
            (Figure::Stated(7), 7),
            (edited(15, 0), 12),
            (edited(15, 5), 7),
            (edited(12, 5), 4),
        ] {
            assert_eq!(figure.on(&stock(7, 2)).unwrap(), on_hand, "{figure:?}");
        }
        let changed = Figure::Replace { on_hand: 11, expected: 10 }.on(&stock(2, 1)).unwrap_err();
        assert_eq!(
            (changed.code.as_ref(), &changed.members["on_hand"]),
            ("stock_changed", &2.into())
        );
    }

    #[test]
    fn no_figure_leads_beyond_what_can_be_counted() {
        for (figure, field) in [
            (Figure::Adjust(MAX_ON_HAND), "adjust"),
            (Figure::Adjust(-MAX_ON_HAND - 8), "adjust"),
            (Figure::Available(MAX_ON_HAND), "available"),
            (Figure::Count(i64::MAX), "on_hand"),
        ] {
            let refused = figure.on(&stock(7, 2)).unwrap_err();
            assert_eq!(refused.errors[0].field, field, "{figure:?}");
        }
    }
}
