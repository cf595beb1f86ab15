//! Money: whole minor units of one ISO 4217 currency. No floats anywhere.

use std::fmt;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
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

/// A currency: an ISO 4217 code.
///
/// What is read is held to the form only, three capital letters, so that what was stored under
/// another code, or under one the standard has dropped, can always be read. The shop's own currency
/// has to be one of the standard ([`iso`]), and everything that is written is in that.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

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
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// How many digits the minor unit has: 2 for most, 0 for yen, 3 for some dinars. 2 also for
    /// what is no currency of ISO 4217.
    pub fn digits(&self) -> u32 {
        self.iso_digits().unwrap_or(2)
    }

    /// The same; None for what ISO 4217 does not have, and for what has no minor unit there: gold,
    /// "no currency" and the like.
    fn iso_digits(&self) -> Option<u32> {
        iso_currency::Currency::from_code(self.as_str())?.exponent().map(u32::from)
    }
}

/// For `#[serde(deserialize_with = "..")]`: a currency something can be sold in.
pub fn iso<'de, D: Deserializer<'de>>(code: D) -> Result<Currency, D::Error> {
    let currency = Currency::deserialize(code)?;
    match currency.iso_digits() {
        Some(_) => Ok(currency),
        None => {
            let reason = format_args!("{currency:?} is no currency of ISO 4217 one can sell in");
            Err(D::Error::custom(reason))
        }
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Default for Currency {
    fn default() -> Self {
        Self(*b"USD")
    }
}

impl TryFrom<String> for Currency {
    type Error = NotACurrency;

    fn try_from(code: String) -> Result<Self, NotACurrency> {
        let code: [u8; 3] = code.as_bytes().try_into().map_err(|_| NotACurrency)?;
        if code.iter().all(u8::is_ascii_uppercase) { Ok(Self(code)) } else { Err(NotACurrency) }
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.as_str().to_owned()
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
            0 => write!(f, "{sign}{whole} {}", self.currency.as_str()),
            _ => write!(
                f,
                "{sign}{whole}.{rest:0width$} {}",
                self.currency.as_str(),
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
        assert_eq!(show(123_456, "CLF"), "12.3456 CLF");
        assert_eq!(show(1999, "ZZZ"), "19.99 ZZZ");
    }

    #[test]
    fn a_shop_sells_in_a_currency_of_the_standard() {
        let read = |code: &str| iso(serde_json::Value::from(code));
        for code in ["USD", "JPY", "CLF", "BGN"] {
            assert_eq!(read(code).unwrap().as_str(), code);
        }
        for code in ["ZZZ", "XXX", "XAU", "usd"] {
            assert!(read(code).is_err(), "{code}");
        }
        assert_eq!(
            read("ZZZ").unwrap_err().to_string(),
            "ZZZ is no currency of ISO 4217 one can sell in"
        );
    }

    #[test]
    fn a_currency_of_before_is_still_read() {
        let money: Money = serde_json::from_str(r#"{"amount":1999,"currency":"ZZZ"}"#).unwrap();
        assert_eq!(money.to_string(), "19.99 ZZZ");
        let text = serde_json::to_string(&money).unwrap();
        assert_eq!(text, r#"{"amount":1999,"currency":"ZZZ"}"#);
    }

    #[test]
    fn a_currency_is_three_capital_letters() {
        for code in ["usd", "US", "USDX", "U$D", ""] {
            assert!(Currency::try_from(code.to_owned()).is_err(), "{code}");
        }
    }
}
