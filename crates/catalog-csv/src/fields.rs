//! Single fields of a row: text, numbers, prices, yes and no, units of weight.

use std::str::FromStr;

use rust_decimal::Decimal;

use crate::Shop;
use crate::columns::{Column, Format};
use crate::groups::Row;
use crate::header::{Columns, shown};
use crate::product::Wrong;

/// Reads the rows of a product.
pub(crate) struct Parser<'a> {
    pub columns: &'a Columns,
    pub shop: Shop<'a>,
}

/// Yes and no in the languages in which spreadsheets and people write them.
const YES: [&str; 28] = [
    "true",
    "yes",
    "y",
    "1",
    "1.0",
    "wahr",
    "ja",
    "vrai",
    "oui",
    "verdadero",
    "sí",
    "si",
    "verdadeiro",
    "sim",
    "vero",
    "sì",
    "waar",
    "prawda",
    "tak",
    "истина",
    "да",
    "sant",
    "sand",
    "sann",
    "tosi",
    "pravda",
    "igaz",
    "doğru",
];
const NO: [&str; 29] = [
    "false", "no", "n", "0", "0.0", "falsch", "nein", "faux", "non", "falso", "não", "onwaar",
    "nee", "fałsz", "nie", "ложь", "нет", "falskt", "falsk", "usann", "nej", "nei", "epätosi",
    "nepravda", "hamis", "yanlış", "yanliş", "off", "none",
];

impl Parser<'_> {
    pub(crate) fn grams(&self, row: &Row) -> Result<Option<i64>, Wrong> {
        let empty = self.columns.has(Column::Grams).then_some(0);
        let grams = self.number(row, Column::Grams)?.map(|it| it.round());
        match grams {
            None => Ok(empty),
            Some(grams) => {
                i64::try_from(grams).map(Some).map_err(|_| self.wrong(row, Column::Grams))
            }
        }
    }

    /// A price in minor units.
    pub(crate) fn price(&self, row: &Row, column: Column) -> Result<Option<i64>, Wrong> {
        let text = self.text(row, column);
        let text = match self.columns.format {
            Format::GoogleMerchant => self.without_currency(row, column, text)?,
            _ => text,
        };
        if text.is_empty() {
            return Ok(None);
        }
        let price = self.decimal(text).ok_or_else(|| self.wrong(row, column))?;
        let digits = self.shop.digits;
        let minor = price.checked_mul(Decimal::from(10_i64.pow(digits)));
        let minor = minor.map(|it| it.normalize()).ok_or_else(|| self.wrong(row, column))?;
        let name = self.name(column);
        if minor.scale() > 0 {
            let detail = format!(
                "{name} {price} has more than {digits} decimals, which {} does not have",
                self.shop.currency
            );
            return Err((row.line, detail));
        }
        if minor.is_sign_negative() && !minor.is_zero() {
            return Err((row.line, format!("{name} is negative")));
        }
        i64::try_from(minor).map(Some).map_err(|_| self.wrong(row, column))
    }

    /// `9.90` of `9.90 EUR`.
    fn without_currency<'t>(
        &self,
        row: &Row,
        column: Column,
        text: &'t str,
    ) -> Result<&'t str, Wrong> {
        let is_code = |it: &str| it.len() == 3 && it.bytes().all(|it| it.is_ascii_alphabetic());
        let (amount, code) = match text.split_once(' ') {
            Some((code, amount)) if is_code(code) => (amount, code),
            Some((amount, code)) if is_code(code.trim()) => (amount, code.trim()),
            _ => return Ok(text),
        };
        if code.eq_ignore_ascii_case(self.shop.currency) {
            return Ok(amount.trim());
        }
        let (name, own) = (self.name(column), self.shop.currency);
        let code = code.to_ascii_uppercase();
        Err((row.line, format!("{name} is in {code}, but the shop sells in {own}")))
    }

    pub(crate) fn whole(&self, row: &Row, column: Column) -> Result<Option<i64>, Wrong> {
        let Some(number) = self.number(row, column)? else { return Ok(None) };
        if !number.fract().is_zero() {
            return Err((row.line, format!("{} must be a whole number", self.name(column))));
        }
        i64::try_from(number).map(Some).map_err(|_| self.wrong(row, column))
    }

    pub(crate) fn number(&self, row: &Row, column: Column) -> Result<Option<Decimal>, Wrong> {
        match self.text(row, column) {
            "" => Ok(None),
            text => self.decimal(text).map(Some).ok_or_else(|| self.wrong(row, column)),
        }
    }

    /// Digits with a point, and nothing that could mean two numbers. WooCommerce writes prices with
    /// its shop's sign: a comma with one or two digits behind it can be nothing else.
    pub(crate) fn decimal(&self, text: &str) -> Option<Decimal> {
        let comma = text.split_once(',').filter(|_| self.columns.format == Format::WooCommerce);
        let text = match comma {
            Some((whole, part)) if (1..=2).contains(&part.len()) => format!("{whole}.{part}"),
            _ => text.to_owned(),
        };
        let digits = text.strip_prefix(['-', '+']).unwrap_or(&text);
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let is_number = |it: &str| it.bytes().all(|it| it.is_ascii_digit());
        if !is_number(whole) || !is_number(part) || whole.len() + part.len() == 0 {
            return None;
        }
        let sign = if text.starts_with('-') { "-" } else { "" };
        let whole = if whole.is_empty() { "0" } else { whole };
        let part = if part.is_empty() { "0" } else { part };
        Decimal::from_str(&format!("{sign}{whole}.{part}")).ok().map(|it| it.normalize())
    }

    /// True where the field is empty, none where there is no such column.
    pub(crate) fn flag(&self, row: &Row, column: Column) -> Result<Option<bool>, Wrong> {
        if !self.columns.has(column) {
            return Ok(None);
        }
        let text = self.text(row, column);
        match said(text) {
            Some(flag) => Ok(Some(flag)),
            // What nobody said is so: published, taxable, to be shipped; but no gift card.
            None if text.is_empty() => Ok(Some(column != Column::GiftCard)),
            None => {
                let (name, text) = (self.name(column), shown(text));
                Err((row.line, format!("{name} is {text:?}; it must be true or false")))
            }
        }
    }

    pub(crate) fn wrong(&self, row: &Row, column: Column) -> Wrong {
        let text = shown(self.text(row, column));
        let hint = if text.contains(',') {
            "; write it with a point and nothing else between the digits, like 1234.50"
        } else {
            ""
        };
        (row.line, format!("{} {text:?} is not a number we can use{hint}", self.name(column)))
    }

    /// The name of a column in this file, by which reasons begin.
    pub(crate) fn name(&self, column: Column) -> &str {
        self.columns.name(column)
    }

    pub(crate) fn text<'r>(&self, row: &'r Row, column: Column) -> &'r str {
        self.columns.get(&row.fields, column)
    }

    pub(crate) fn optional(&self, row: &Row, column: Column) -> Option<String> {
        self.columns.has(column).then(|| self.text(row, column).to_owned())
    }

    pub(crate) fn raw(&self, row: &Row, column: Column) -> Option<String> {
        self.columns.has(column).then(|| self.columns.raw(&row.fields, column).to_owned())
    }

    /// A unit of weight in the one way we write it.
    pub(crate) fn unit(&self, row: &Row, warnings: &mut Vec<Wrong>) -> Option<String> {
        let text = self.optional(row, Column::WeightUnit)?;
        if let Some(unit) = unit(&text) {
            return Some(unit.to_owned());
        }
        if !text.is_empty() {
            let (name, text) = (self.name(Column::WeightUnit), shown(&text));
            let detail = format!("{name} {text:?} is left out; it must be g, kg, oz or lb");
            warnings.push((row.line, detail));
            return None;
        }
        Some(text)
    }

    /// A barcode; where there are several, the first.
    pub(crate) fn barcode(&self, row: &Row, warnings: &mut Vec<Wrong>) -> Option<String> {
        let text = self.optional(row, Column::Barcode)?;
        let name = self.name(Column::Barcode);
        let mut codes = text.split([';', ',']).map(str::trim).filter(|it| !it.is_empty());
        let digits = |it: &str| it.len() >= 8 && it.bytes().all(|it| it.is_ascii_digit());
        if is_rounded(&text) {
            let detail = format!("{name} {text:?} is left out; a spreadsheet has rounded it");
            warnings.push((row.line, detail));
            return None;
        }
        if codes.clone().count() > 1 && codes.clone().all(digits) {
            let first = codes.next()?.to_owned();
            let detail = format!("{name} has several codes; the first is used");
            warnings.push((row.line, detail));
            return Some(first);
        }
        Some(text)
    }
}

/// Yes or no, if the text says either.
pub(crate) fn said(text: &str) -> Option<bool> {
    let text = text.to_lowercase();
    // The capital I of Turkish has a dot of its own in lower case.
    let text = text.replace('\u{307}', "");
    if YES.contains(&text.as_str()) {
        Some(true)
    } else {
        NO.contains(&text.as_str()).then_some(false)
    }
}

/// `g`, `kg`, `oz` or `lb`.
pub(crate) fn unit(text: &str) -> Option<&'static str> {
    Some(match text.to_lowercase().trim_end_matches('.') {
        "g" | "gr" | "gram" | "grams" | "gramm" | "gramme" | "grammes" => "g",
        "kg" | "kgs" | "kilo" | "kilos" | "kilogram" | "kilograms" | "kilogramm" | "kilogramme" => {
            "kg"
        }
        "oz" | "ozs" | "ounce" | "ounces" => "oz",
        "lb" | "lbs" | "pound" | "pounds" => "lb",
        _ => return None,
    })
}

/// A weight in grams.
pub(crate) fn grams(weight: Decimal, unit: &str) -> Option<i64> {
    let factor = match unit {
        "kg" => Decimal::from(1000),
        "oz" => Decimal::new(28_349_523_125, 9),
        "lb" => Decimal::new(45_359_237, 5),
        _ => Decimal::ONE,
    };
    i64::try_from(weight.checked_mul(factor)?.round()).ok()
}

/// Whether a text is a number as a spreadsheet shows one that is too long: `4.00638E+12`.
fn is_rounded(text: &str) -> bool {
    let Some((digits, power)) = text.split_once(['E', 'e']) else { return false };
    let number = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit());
    let plain: String = digits.chars().filter(|it| !matches!(it, '.' | ',')).collect();
    number(&plain) && power.strip_prefix('+').is_some_and(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(header: &str, text: &str) -> Option<String> {
        let header: Vec<String> = header.split(',').map(str::to_owned).collect();
        let columns = Columns::read(&header).unwrap();
        let shop = Shop { currency: "EUR", digits: 2, levels: 3 };
        Parser { columns: &columns, shop }.decimal(text).map(|it| it.to_string())
    }

    #[test]
    fn a_number_is_never_a_wrong_one() {
        for (text, number) in [
            ("5", Some("5")),
            ("5.", Some("5")),
            (".5", Some("0.5")),
            ("+1.50", Some("1.5")),
            ("-2", Some("-2")),
            ("3.0", Some("3")),
            ("1_000", None),
            ("1e3", None),
            ("1,299.00", None),
            ("1.234,50", None),
            ("12,50", None),
            ("1 000", None),
            ("$9.90", None),
            ("€ 9.90", None),
            ("0x10", None),
            ("٥", None),
            ("--1", None),
            (".", None),
            ("-", None),
            ("", None),
            ("99999999999999999999999999999999", None),
        ] {
            assert_eq!(parsed("Title,Price", text).as_deref(), number, "{text}");
        }
        for (text, number) in [
            ("12,50", Some("12.5")),
            ("12,5", Some("12.5")),
            ("1,299", None),
            ("1.299,00", None),
            ("1,2,3", None),
            (",", None),
        ] {
            assert_eq!(parsed("Name,SKU,Regular price", text).as_deref(), number, "{text}");
        }
    }

    #[test]
    fn yes_and_no_are_known_in_many_languages() {
        for text in ["TRUE", "WAHR", "Vrai", "1.0", "ja", "VERDADERO", "DOĞRU", "Истина"] {
            assert_eq!(said(text), Some(true), "{text}");
        }
        for text in ["FALSE", "FALSCH", "Faux", "0.0", "nein", "FAŁSZ", "YANLIŞ", "Ложь"] {
            assert_eq!(said(text), Some(false), "{text}");
        }
        assert_eq!(said("perhaps"), None);
        assert!(YES.iter().all(|it| !NO.contains(it)));
    }

    #[test]
    fn units_of_weight_are_known_by_many_names() {
        for (text, known) in [
            ("LBS", Some("lb")),
            ("pound", Some("lb")),
            ("Kgs", Some("kg")),
            ("oz.", Some("oz")),
            ("Gramm", Some("g")),
            ("stone", None),
            ("", None),
        ] {
            assert_eq!(unit(text), known, "{text}");
        }
        assert_eq!(grams(Decimal::new(25, 1), "lb"), Some(1134));
        assert_eq!(grams(Decimal::ONE, "oz"), Some(28));
        assert_eq!(grams(Decimal::MAX, "kg"), None);
    }

    #[test]
    fn a_rounded_barcode_is_none() {
        assert!(["4.00638E+12", "4,00638E+12", "4e+12"].into_iter().all(is_rounded));
        assert!(!["4006381333931", "A1E+5", "1E5", "E+5", ""].into_iter().any(is_rounded));
    }
}
