//! Money: whole minor units of one ISO 4217 currency. No floats anywhere.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The largest amount anything in the shop may have, in minor units: ten thousand million.
///
/// Far from `i64::MAX`, so that a sum over a full cart cannot overflow.
pub const MAX_AMOUNT: i64 = 1_000_000_000_000;

/// An amount in minor units with its currency: `{"amount": 1999, "currency": "USD"}` is 19.99.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// In minor units, for example cents.
    pub amount: i64,
    /// ISO 4217, for example `USD`.
    #[schema(value_type = String, example = "USD")]
    pub currency: Currency,
}

/// An ISO 4217 code: three capital letters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency(String);

/// The text is not three capital letters.
#[derive(Debug, thiserror::Error)]
#[error("a currency is three capital letters such as USD")]
pub struct NotACurrency;

impl Money {
    pub fn new(amount: i64, currency: &Currency) -> Self {
        Self { amount, currency: currency.clone() }
    }
}

impl Currency {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// How many digits the minor unit has: 2 for most, 0 for yen, 3 for some dinars.
    pub fn digits(&self) -> u32 {
        match self.0.as_str() {
            "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF"
            | "UGX" | "UYI" | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
            "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
            _ => 2,
        }
    }
}

impl Default for Currency {
    fn default() -> Self {
        Self("USD".to_owned())
    }
}

impl TryFrom<String> for Currency {
    type Error = NotACurrency;

    fn try_from(code: String) -> Result<Self, NotACurrency> {
        match code.len() == 3 && code.bytes().all(|it| it.is_ascii_uppercase()) {
            true => Ok(Self(code)),
            false => Err(NotACurrency),
        }
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.0
    }
}

crate::stored_as!(Currency as String);

/// `19.99 USD`, as a person reads it.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.currency.digits();
        let unit = 10_i64.pow(digits);
        let sign = if self.amount < 0 { "-" } else { "" };
        let (whole, rest) = (self.amount.abs() / unit, self.amount.abs() % unit);
        match digits {
            0 => write!(f, "{sign}{whole} {}", self.currency.0),
            _ => write!(
                f,
                "{sign}{whole}.{rest:0width$} {}",
                self.currency.0,
                width = digits as usize
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_reads_as_people_write_it() {
        let show = |amount, code: &str| {
            Money { amount, currency: code.to_owned().try_into().expect("a currency") }.to_string()
        };
        assert_eq!(show(1999, "USD"), "19.99 USD");
        assert_eq!(show(-5, "EUR"), "-0.05 EUR");
        assert_eq!(show(500, "JPY"), "500 JPY");
        assert_eq!(show(1, "KWD"), "0.001 KWD");
    }

    #[test]
    fn a_currency_is_three_capital_letters() {
        for code in ["usd", "US", "USDX", "U$D", ""] {
            assert!(Currency::try_from(code.to_owned()).is_err(), "{code}");
        }
    }
}
