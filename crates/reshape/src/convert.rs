//! One value written in another way: money, numbers, words, lists.

use chassis::money::{Currency, MAX_AMOUNT};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::{Value, json};
use thiserror::Error;

use super::place::Unfit;

/// How a value is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conversion {
    Money { from: Unit, to: Unit },
    Integer,
    Boolean,
    Text,
    List,
    Lower,
    Upper,
}

/// How an amount of money is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// `"19.99"`; read also from a number.
    Decimal,
    /// `19.99`; read also from a text.
    Number,
    /// `1999`; read also from a text of digits.
    Minor,
    /// `{"amount": 1999, "currency": "USD"}`
    Money,
}

const UNITS: [(&str, Unit); 4] = [
    ("decimal", Unit::Decimal),
    ("number", Unit::Number),
    ("minor", Unit::Minor),
    ("money", Unit::Money),
];
const FORMS: [(&str, Conversion); 6] = [
    ("integer", Conversion::Integer),
    ("boolean", Conversion::Boolean),
    ("text", Conversion::Text),
    ("list", Conversion::List),
    ("lower", Conversion::Lower),
    ("upper", Conversion::Upper),
];

/// Why there is no such conversion.
#[derive(Debug, Error)]
pub enum ConversionError {
    #[error("{0:?} is not a money format; use one of {units}", units = names(&UNITS))]
    NoUnit(String),
    #[error("convert to {0:?} needs `from`, the current format: one of {units}", units = names(&UNITS))]
    NeedsFrom(String),
    #[error("convert to {0:?} takes no `from`")]
    HasNoFrom(String),
    #[error(
        "cannot convert to {0:?}; use one of {units}, {forms}",
        units = names(&UNITS),
        forms = names(&FORMS)
    )]
    NoForm(String),
}

fn names<T>(all: &[(&str, T)]) -> String {
    all.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

impl Conversion {
    pub fn named(from: Option<&str>, to: &str) -> Result<Self, ConversionError> {
        let unit = |name: &str| UNITS.iter().find(|(it, _)| *it == name).map(|(_, it)| *it);
        match (from, unit(to)) {
            (Some(from), Some(to)) => match unit(from) {
                Some(from) => Ok(Self::Money { from, to }),
                None => Err(ConversionError::NoUnit(from.to_owned())),
            },
            (None, Some(_)) => Err(ConversionError::NeedsFrom(to.to_owned())),
            (_, None) => match FORMS.iter().find(|(it, _)| *it == to) {
                Some((_, form)) if from.is_none() => Ok(*form),
                Some(_) => Err(ConversionError::HasNoFrom(to.to_owned())),
                None => Err(ConversionError::NoForm(to.to_owned())),
            },
        }
    }

    /// The value written that way; nothing where there is none.
    pub fn apply(self, value: &Value, currency: &Currency) -> Result<Option<Value>, Unfit> {
        if value.is_null() {
            return Ok(None);
        }
        let word = || super::message::text(value).ok_or(Unfit::NotPlain);
        Ok(Some(match self {
            Self::Money { from, to } => to.write(from.read(value, currency)?),
            Self::Integer => {
                let number: i64 = word()?.trim().parse().map_err(|_| Unfit::NoInteger)?;
                number.into()
            }
            Self::Boolean => match word()?.trim().to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" => true.into(),
                "false" | "0" | "no" | "off" => false.into(),
                _ => return Err(Unfit::NoBoolean),
            },
            Self::Text => word()?.into(),
            Self::List => match value {
                Value::Array(_) => return Ok(None),
                value => {
                    let text = super::message::text(value).ok_or(Unfit::NoList)?;
                    let items = text.split(',').map(str::trim).filter(|it| !it.is_empty());
                    items.map(Value::from).collect()
                }
            },
            Self::Lower => word()?.to_lowercase().into(),
            Self::Upper => word()?.to_uppercase().into(),
        }))
    }
}

/// What is known of an amount: minor units and their currency.
type Amount = (i64, Currency);

impl Unit {
    fn read(self, value: &Value, currency: &Currency) -> Result<Amount, Unfit> {
        let amount = match (self, value) {
            (Self::Decimal | Self::Number, Value::Number(it)) => {
                minor(&it.to_string(), currency.digits())
            }
            (Self::Decimal | Self::Number, Value::String(it)) => {
                minor(it.trim(), currency.digits())
            }
            (Self::Decimal | Self::Number, _) => Err(Unfit::NoAmount),
            (Self::Minor, value) => {
                let text = super::message::text(value).ok_or(Unfit::NoMinorUnits)?;
                text.trim().parse().map_err(|_| Unfit::NoMinorUnits)
            }
            (Self::Money, value) => {
                let amount = value.get("amount").and_then(Value::as_i64);
                let code = value.get("currency").and_then(Value::as_str);
                let (Some(amount), Some(code)) = (amount, code) else {
                    return Err(Unfit::NoMoney);
                };
                return Ok((amount, Currency::try_from(code.to_owned())?));
            }
        }?;
        if (-MAX_AMOUNT..=MAX_AMOUNT).contains(&amount) {
            Ok((amount, currency.clone()))
        } else {
            Err(Unfit::OutOfRange)
        }
    }

    fn write(self, (amount, currency): Amount) -> Value {
        let decimal = || Decimal::new(amount, currency.digits());
        match self {
            Self::Decimal => decimal().to_string().into(),
            Self::Number if currency.digits() == 0 => amount.into(),
            Self::Number => decimal().to_f64().map_or(Value::Null, Value::from),
            Self::Minor => amount.into(),
            Self::Money => json!({ "amount": amount, "currency": currency.as_str() }),
        }
    }
}

/// An amount in minor units from what people write, exactly.
fn minor(text: &str, digits: u32) -> Result<i64, Unfit> {
    let read = if text.contains(['e', 'E']) {
        Decimal::from_scientific(text)
    } else {
        Decimal::from_str_exact(text)
    };
    let amount = read.map_err(|_| Unfit::NoAmount)?.normalize();
    if amount.scale() > digits {
        return Err(Unfit::TooPrecise(digits));
    }
    let unit = Decimal::from(10_i64.pow(digits));
    amount.checked_mul(unit).and_then(|it| it.to_i64()).ok_or(Unfit::TooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn convert(from: Option<&str>, to: &str, code: &str, value: Value) -> Result<Value, Unfit> {
        let conversion = Conversion::named(from, to).unwrap();
        let currency = Currency::try_from(code.to_owned()).unwrap();
        Ok(conversion.apply(&value, &currency)?.unwrap_or(value))
    }

    #[test]
    fn money_is_written_in_every_way_exactly() {
        for (from, value, to, code, written) in [
            (
                "decimal",
                json!("19.99"),
                "money",
                "USD",
                json!({ "amount": 1999, "currency": "USD" }),
            ),
            ("decimal", json!(19.99), "minor", "USD", json!(1999)),
            ("number", json!("19.90"), "minor", "USD", json!(1990)),
            ("decimal", json!(20), "minor", "USD", json!(2000)),
            ("decimal", json!("-0.05"), "minor", "USD", json!(-5)),
            ("decimal", json!("1.500"), "minor", "KWD", json!(1500)),
            ("decimal", json!("500"), "minor", "JPY", json!(500)),
            ("decimal", json!("5.000"), "minor", "JPY", json!(5)),
            ("decimal", json!(1e3), "minor", "USD", json!(100_000)),
            ("decimal", json!("1e3"), "minor", "USD", json!(100_000)),
            ("minor", json!("1999"), "decimal", "USD", json!("19.99")),
            ("minor", json!(1999), "number", "USD", json!(19.99)),
            ("minor", json!(500), "number", "JPY", json!(500)),
            ("minor", json!(5), "decimal", "USD", json!("0.05")),
            (
                "money",
                json!({ "amount": 1000, "currency": "USD" }),
                "decimal",
                "JPY",
                json!("10.00"),
            ),
            ("money", json!({ "amount": 1, "currency": "KWD" }), "number", "USD", json!(0.001)),
            ("money", Value::Null, "decimal", "USD", Value::Null),
        ] {
            assert_eq!(convert(Some(from), to, code, value.clone()).unwrap(), written, "{value}");
        }
    }

    #[test]
    fn every_cent_survives_the_way_there_and_back() {
        for cents in (0..100_000).step_by(7).chain([MAX_AMOUNT, MAX_AMOUNT - 1]) {
            for unit in ["decimal", "number"] {
                let there = convert(Some("minor"), unit, "USD", json!(cents)).unwrap();
                assert_eq!(convert(Some(unit), "minor", "USD", there).unwrap(), json!(cents));
            }
        }
    }

    #[test]
    fn what_is_no_money_is_refused() {
        for (from, value, reason) in [
            ("decimal", json!("19.999"), "2 digits"),
            ("decimal", json!("much"), "such as 19.99"),
            ("decimal", json!(""), "such as 19.99"),
            ("decimal", json!([1]), "such as 19.99"),
            ("decimal", json!(true), "such as 19.99"),
            ("decimal", json!("1e400"), "such as 19.99"),
            ("decimal", json!(1e300), ""),
            ("decimal", json!("99999999999999999999"), ""),
            ("decimal", json!("10000000001"), "beyond"),
            ("minor", json!(19.99), "whole"),
            ("minor", json!({}), "whole"),
            ("money", json!(1999), "amount"),
            ("money", json!({ "amount": 1, "currency": "usd" }), "capital"),
        ] {
            let error = convert(Some(from), "minor", "USD", value.clone()).unwrap_err().to_string();
            assert!(error.contains(reason), "{value}: {error}");
        }
    }

    #[test]
    fn words_become_what_they_say() {
        for (value, to, written) in [
            (json!("12"), "integer", json!(12)),
            (json!(12), "text", json!("12")),
            (json!("True"), "boolean", json!(true)),
            (json!("0"), "boolean", json!(false)),
            (json!("1, 2,,3"), "list", json!(["1", "2", "3"])),
            (json!(["1"]), "list", json!(["1"])),
            (json!("Ab"), "lower", json!("ab")),
            (json!("Ab"), "upper", json!("AB")),
        ] {
            assert_eq!(convert(None, to, "USD", value).unwrap(), written);
        }
        for (value, to) in [
            (json!("x"), "integer"),
            (json!(1.5), "integer"),
            (json!("perhaps"), "boolean"),
            (json!({}), "text"),
            (json!({}), "list"),
            (json!([]), "lower"),
        ] {
            assert!(convert(None, to, "USD", value.clone()).is_err(), "{value} {to}");
        }
    }

    #[test]
    fn a_conversion_that_does_not_exist_is_named() {
        for (from, to, reason) in [
            (None, "money", "needs `from`"),
            (Some("euro"), "money", "euro"),
            (Some("minor"), "text", "takes no `from`"),
            (None, "colour", "integer"),
        ] {
            let error = Conversion::named(from, to).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }
}
