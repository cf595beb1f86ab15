//! What of an order's shipping and tax each of its lines bears, so that lines can be given back as
//! they were sold. Pure.

use crate::model::{Order, OrderLine, OrderRefund};

/// What each line was sold for, with its share of shipping and tax: all together exactly the
/// total. Lines that are shipped bear the shipping, by what they cost; those that are taxed, and
/// the shipping they bear, bear the tax.
pub(crate) fn shares(order: &Order, lines: &[OrderLine]) -> Vec<i64> {
    let prices: Vec<i64> = lines.iter().map(|it| it.total).collect();
    let shipped: Vec<i64> =
        lines.iter().map(|it| if it.requires_shipping { it.total } else { 0 }).collect();
    // What is sent may be free: then by the piece.
    let pieces: Vec<i64> =
        lines.iter().map(|it| if it.requires_shipping { it.quantity } else { 0 }).collect();
    let shipping = spread(order.shipping, &[&shipped, &pieces, &prices]);
    let taxed: Vec<i64> = lines
        .iter()
        .zip(&shipping)
        .map(|(line, shipping)| if line.taxable { line.total + shipping } else { *shipping })
        .collect();
    let tax = spread(order.tax, &[&taxed, &prices]);
    prices
        .iter()
        .zip(shipping)
        .zip(tax)
        .map(|((price, shipping), tax)| price + shipping + tax)
        .collect()
}

/// Divides an amount by the first of these weights that are not all zero, evenly where all are.
/// The parts add up to the amount, and none is negative.
fn spread(amount: i64, weights: &[&[i64]]) -> Vec<i64> {
    let count = weights.first().map_or(0, |it| it.len());
    let even = vec![1; count];
    let by = weights.iter().find(|it| it.iter().any(|weight| *weight > 0)).copied();
    let by = by.unwrap_or(&even);
    let all: i128 = by.iter().map(|it| i128::from(*it)).sum();
    let (mut sum, mut given) = (0_i128, 0_i64);
    let mut parts = Vec::with_capacity(count);
    for weight in by {
        sum += i128::from(*weight);
        let until = i64::try_from(i128::from(amount) * sum / all.max(1)).unwrap_or(amount);
        parts.push(until - given);
        given = until;
    }
    parts
}

/// Whether refunds have put back, or are to put back, all units of an order.
pub(crate) fn all_back(lines: &[OrderLine], refunds: &[OrderRefund]) -> bool {
    let back = |sku: &str| -> i64 {
        let lines = refunds.iter().flat_map(|it| it.lines.iter());
        lines.filter(|it| it.restock && it.sku == sku).map(|it| it.quantity).sum()
    };
    refunds.iter().any(|it| it.whole) || lines.iter().all(|it| back(&it.sku) >= it.quantity)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(total: i64, taxable: bool, requires_shipping: bool) -> OrderLine {
        OrderLine {
            position: 0,
            sku: format!("SKU-{total}"),
            product_id: uuid::Uuid::nil(),
            title: "Lamp".to_owned(),
            variant_title: None,
            image: None,
            quantity: 1,
            unit_price: total,
            total,
            taxable,
            requires_shipping,
        }
    }

    fn sold(lines: &[OrderLine], shipping: i64, tax: i64) -> Vec<i64> {
        let subtotal = lines.iter().map(|it| it.total).sum();
        let order = crate::testing::order(subtotal, shipping, tax);
        let shares = shares(&order, lines);
        assert_eq!(shares.iter().sum::<i64>(), order.total);
        shares
    }

    #[test]
    fn a_line_bears_the_shipping_and_tax_it_was_sold_with() {
        // The download bears no shipping, the book no tax of its own.
        let lines = [line(1_000, true, true), line(3_000, false, true), line(2_000, true, false)];
        // 10 % on 1,000 + 2,000 + 800.
        assert_eq!(sold(&lines, 800, 380), [1_320, 3_660, 2_200]);
    }

    #[test]
    fn shares_add_up_to_the_total_however_odd() {
        for seed in 0..2_000_i64 {
            let pick = |n: i64, most: i64| (seed.wrapping_mul(7_919) + n * 104_729) % most;
            let lines: Vec<_> = (0..1 + pick(1, 7))
                .map(|at| line(pick(at, 5_000), pick(at, 2) == 0, pick(at, 3) > 0))
                .collect();
            let shares = sold(&lines, pick(11, 1_501), pick(12, 977));
            assert!(shares.iter().all(|it| *it >= 0), "{shares:?}");
        }
    }

    #[test]
    fn free_goods_bear_their_shipping_by_the_piece() {
        assert_eq!(sold(&[line(0, true, true), line(0, true, true)], 501, 0), [250, 251]);
        assert_eq!(sold(&[line(0, true, false), line(0, true, true)], 500, 50), [0, 550]);
    }
}
