//! Amounts in Stripe's minor units, which differ from the shop's (ISO 4217's) for some currencies.
//!
//! - Zero-decimal currencies are sent whole; for Stripe the ariary is one, ISO gives it two digits.
//! - Three-decimal currencies are sent in thousandths, of which the last digit must be 0.
//! - ISK and UGX have no minor unit any more, but Stripe has kept two decimals: always times 100.
//! - HUF and TWD are charged with two decimals like most. Stripe pays them out in whole units only,
//!   which is between the shop's owner and the bank.
//!
//! Source: <https://docs.stripe.com/currencies>, "Zero-decimal currencies" to "Special cases".

use chassis::money::Currency;

const ZERO_DECIMAL: [&str; 15] = [
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF",
    "XOF", "XPF",
];

const THREE_DECIMAL: [&str; 5] = ["BHD", "JOD", "KWD", "OMR", "TND"];

/// Why an amount cannot be paid with Stripe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum AmountError {
    #[error("Stripe does not know this currency's minor unit")]
    Currency,
    #[error("Stripe cannot express this amount")]
    Amount,
}

/// The decimals Stripe gives a currency; none where it must not be guessed: ISO has more than two
/// and Stripe does not list it.
fn decimals(currency: &Currency) -> Option<u32> {
    let code = currency.as_str();
    if ZERO_DECIMAL.contains(&code) {
        Some(0)
    } else if THREE_DECIMAL.contains(&code) {
        Some(3)
    } else {
        (currency.digits() <= 2).then_some(2)
    }
}

/// The shop's minor units as Stripe's.
pub(super) fn to_stripe(amount: i64, currency: &Currency) -> Result<i64, AmountError> {
    let (ours, theirs) = (currency.digits(), decimals(currency).ok_or(AmountError::Currency)?);
    let amount = rescale(amount, ours, theirs).ok_or(AmountError::Amount)?;
    if theirs == 3 && amount % 10 != 0 { Err(AmountError::Amount) } else { Ok(amount) }
}

/// Stripe's minor units as the shop's.
pub(super) fn from_stripe(amount: i64, currency: &Currency) -> Result<i64, AmountError> {
    let theirs = decimals(currency).ok_or(AmountError::Currency)?;
    rescale(amount, theirs, currency.digits()).ok_or(AmountError::Amount)
}

/// A currency as Stripe writes it: in lower case.
pub(super) fn code(currency: &Currency) -> String {
    currency.as_str().to_ascii_lowercase()
}

/// None where digits would be lost.
fn rescale(amount: i64, from: u32, to: u32) -> Option<i64> {
    if to >= from {
        return amount.checked_mul(10_i64.pow(to - from));
    }
    let unit = 10_i64.pow(from - to);
    (amount % unit == 0).then_some(amount / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn currency(code: &str) -> Currency {
        code.to_owned().try_into().expect("a currency")
    }

    #[test]
    fn amounts_are_expressed_by_stripes_rules_and_read_back() {
        for (code, ours, theirs) in [
            ("USD", 1_999, 1_999),
            ("EUR", 1, 1),
            ("JPY", 500, 500),
            ("KRW", 1, 1),
            ("CLP", 990, 990),
            ("MGA", 50_000, 500),
            ("ISK", 5, 500),
            ("UGX", 1_000, 100_000),
            ("HUF", 1_045, 1_045),
            ("TWD", 80_045, 80_045),
            ("KWD", 5_120, 5_120),
            ("TND", 10, 10),
        ] {
            let currency = currency(code);
            assert_eq!(to_stripe(ours, &currency), Ok(theirs), "{code}");
            assert_eq!(from_stripe(theirs, &currency), Ok(ours), "{code}");
        }
    }

    #[test]
    fn an_amount_stripe_cannot_express_is_never_rounded() {
        for (code, ours) in [("KWD", 5_124), ("BHD", 1), ("MGA", 150)] {
            assert_eq!(to_stripe(ours, &currency(code)), Err(AmountError::Amount), "{code}");
        }
        // Half a krona, as before 2023.
        assert_eq!(from_stripe(50, &currency("ISK")), Err(AmountError::Amount));
        assert_eq!(to_stripe(i64::MAX, &currency("ISK")), Err(AmountError::Amount));
        for code in ["CLF", "UYW", "IQD", "LYD"] {
            assert_eq!(to_stripe(10, &currency(code)), Err(AmountError::Currency), "{code}");
        }
    }
}
