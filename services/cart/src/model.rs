//! The cart's types and rules. No HTTP, no SQL, no clock.

use chrono::{DateTime, Utc};
use contracts::cart::MAX_LINES;
use contracts::catalog::{MAX_QUANTITY, Offer, StockLine};
use uuid::Uuid;

/// Whose cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    User(Uuid),
    /// The hash of the guest's token.
    Guest(String),
}

/// A cart as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cart {
    pub(crate) id: Uuid,
    /// Rises with every change.
    pub(crate) version: i64,
    pub(crate) updated_at: DateTime<Utc>,
    /// In the order they were added, each SKU once.
    pub(crate) lines: Vec<StockLine>,
}

/// The most units of an offer one cart may hold: what is there, up to [`MAX_QUANTITY`].
pub(crate) fn cap(offer: &Offer) -> i64 {
    offer.available.unwrap_or(MAX_QUANTITY).clamp(0, MAX_QUANTITY)
}

/// What putting one cart into another comes to.
#[derive(Debug, PartialEq)]
pub(crate) struct Merged {
    /// Lines of the receiving cart that are new or have another quantity now.
    pub(crate) changed: Vec<StockLine>,
    /// SKUs for which the receiving cart has no line left.
    pub(crate) left_out: Vec<String>,
}

/// Adds `from`'s lines to `to`'s: quantities add up to [`MAX_QUANTITY`], lines to [`MAX_LINES`].
pub(crate) fn add_up(to: &[StockLine], from: &[StockLine]) -> Merged {
    let mut merged = Merged { changed: Vec::new(), left_out: Vec::new() };
    let mut count = to.len();
    for line in from {
        let present = to.iter().find(|it| it.sku == line.sku);
        // Another variant that had the SKU at another time: the guest has this one.
        let same = |it: &&StockLine| {
            it.variant_id == line.variant_id || it.variant_id.is_none() || line.variant_id.is_none()
        };
        let alike = present.filter(same);
        let held = alike.map_or(0, |it| it.quantity);
        if present.is_none() && count >= MAX_LINES {
            merged.left_out.push(line.sku.clone());
            continue;
        }
        count += usize::from(present.is_none());
        let quantity = (held + line.quantity).min(MAX_QUANTITY);
        if alike.is_some_and(|it| it.quantity == quantity) {
            continue;
        }
        let variant_id = line.variant_id.or(present.and_then(|it| it.variant_id));
        merged.changed.push(StockLine { sku: line.sku.clone(), quantity, variant_id });
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(sku: &str, quantity: i64) -> StockLine {
        StockLine::new(sku, quantity)
    }

    #[test]
    fn a_line_of_another_variant_takes_the_place_of_the_one_that_had_its_sku() {
        let of = |variant: u128, quantity| StockLine {
            variant_id: Some(Uuid::from_u128(variant)),
            ..line("A", quantity)
        };
        assert_eq!(add_up(&[of(1, 2)], &[of(2, 2)]).changed, [of(2, 2)]);
        assert_eq!(add_up(&[of(1, 2)], &[of(1, 3)]).changed, [of(1, 5)]);
        // One of before is whatever the other is.
        assert_eq!(add_up(&[line("A", 2)], &[of(1, 3)]).changed, [of(1, 5)]);
        assert_eq!(add_up(&[of(1, 2)], &[line("A", 3)]).changed, [of(1, 5)]);
    }

    #[test]
    fn merged_quantities_add_up_to_the_cap() {
        let merged =
            add_up(&[line("A", 2), line("B", 990)], &[line("A", 3), line("B", 20), line("C", 1)]);
        assert_eq!(merged.changed, [line("A", 5), line("B", 999), line("C", 1)]);
        assert_eq!(merged.left_out, [""; 0]);
    }

    #[test]
    fn lines_a_full_cart_has_no_room_for_are_left_out() {
        let full: Vec<_> = (0..MAX_LINES).map(|n| line(&format!("S{n}"), 1)).collect();
        let merged = add_up(&full, &[line("NEW", 1), line("S7", 1)]);
        assert_eq!(merged.changed, [line("S7", 2)]);
        assert_eq!(merged.left_out, ["NEW"]);
    }
}
