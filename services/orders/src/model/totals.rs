//! What an order costs.

use chassis::money::MAX_AMOUNT;
use chassis::problem::Result;
use contracts::catalog::Offer;

use super::ShippingMethod;
use crate::{Config, problems};

/// What an order costs, in minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    pub subtotal: i64,
    pub shipping: i64,
    pub tax: i64,
    pub total: i64,
}

/// Adds up lines, shipping and tax.
///
/// Standard shipping is a flat rate, free from a subtotal on; express always costs its own. Where
/// nothing is shipped it costs nothing. Tax is added on taxable lines and shipping, rounded half up
/// on the whole order.
pub fn totals(lines: &[(Offer, i64)], method: ShippingMethod, config: &Config) -> Result<Totals> {
    let sum = |taxable_only: bool| {
        lines
            .iter()
            .filter(|(offer, _)| !taxable_only || offer.taxable)
            .try_fold(0_i64, |sum, (offer, quantity)| {
                sum.checked_add(offer.unit_price.checked_mul(*quantity)?)
            })
            .filter(|sum| *sum <= MAX_AMOUNT)
            .ok_or_else(problems::order_too_large)
    };
    let subtotal = sum(false)?;
    let free = config.shipping_free_from > 0 && subtotal >= config.shipping_free_from;
    let shipping = match method {
        _ if !is_shipped(lines) => 0,
        ShippingMethod::Standard if free => 0,
        ShippingMethod::Standard => config.shipping_flat,
        ShippingMethod::Express => config.shipping_express,
    };
    let taxed = i128::from(sum(true)? + shipping) * i128::from(config.tax_basis_points);
    let tax = i64::try_from((taxed + 5_000) / 10_000).map_err(|_| problems::order_too_large())?;
    match subtotal + shipping + tax {
        total if total <= MAX_AMOUNT => Ok(Totals { subtotal, shipping, tax, total }),
        _ => Err(problems::order_too_large()),
    }
}

/// Whether there is something to send.
pub fn is_shipped(lines: &[(Offer, i64)]) -> bool {
    lines.iter().any(|(offer, _)| offer.requires_shipping)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(unit_price: i64, requires_shipping: bool, taxable: bool) -> Offer {
        Offer {
            sku: "LAMP-1".to_owned(),
            product_id: uuid::Uuid::nil(),
            variant_id: None,
            slug: "lamp".to_owned(),
            title: "Lamp".to_owned(),
            variant_title: None,
            image: None,
            unit_price,
            available: Some(5),
            requires_shipping,
            taxable,
        }
    }

    fn config() -> Config {
        Config {
            shipping_flat: 500,
            shipping_free_from: 5_000,
            shipping_express: 1_500,
            tax_basis_points: 825,
            ..Config::default()
        }
    }

    #[test]
    fn shipping_is_free_from_a_subtotal_on() {
        use ShippingMethod::*;
        let shipping = |price, quantity, shipped, method| {
            let lines = [(offer(price, shipped, false), quantity)];
            totals(&lines, method, &config()).unwrap().shipping
        };
        assert_eq!(shipping(1_000, 4, true, Standard), 500);
        assert_eq!(shipping(1_000, 5, true, Standard), 0);
        assert_eq!(shipping(1_000, 4, true, Express), 1_500);
        assert_eq!(shipping(1_000, 5, true, Express), 1_500);
        for method in ShippingMethod::ALL {
            assert_eq!(shipping(100, 1, false, method), 0);
        }
    }

    #[test]
    fn tax_is_rounded_half_up_on_the_whole_order() {
        let lines = [(offer(1_999, false, true), 2), (offer(1_000, false, false), 1)];
        // 3998 * 8.25 % = 329.835
        let expected = Totals { subtotal: 4_998, shipping: 0, tax: 330, total: 5_328 };
        assert_eq!(totals(&lines, ShippingMethod::Standard, &config()).unwrap(), expected);
    }

    #[test]
    fn an_order_without_bounds_is_refused() {
        // The last one is too much with its tax only.
        for (price, quantity) in [(MAX_AMOUNT, 999), (i64::MAX / 2, 999), (MAX_AMOUNT, 1)] {
            let lines = [(offer(price, false, true), quantity)];
            let order = totals(&lines, ShippingMethod::Standard, &config());
            assert_eq!(order.unwrap_err().code, "order_too_large");
        }
    }
}
