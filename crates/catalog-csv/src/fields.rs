//! Single fields of a row: text, numbers, prices, yes and no.

use std::str::FromStr;

use rust_decimal::Decimal;

use crate::columns::Column;
use crate::groups::Row;
use crate::parse::Parser;
use crate::product::Wrong;

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
        let Some(price) = self.number(row, column)? else { return Ok(None) };
        let digits = self.shop.digits;
        let minor = price.checked_mul(Decimal::from(10_i64.pow(digits)));
        let minor = minor.map(|it| it.normalize()).ok_or_else(|| self.wrong(row, column))?;
        if minor.scale() > 0 {
            let name = column.name();
            let detail = format!(
                "{name} {price} has more than {digits} decimals, which {} does not have",
                self.shop.currency
            );
            return Err((row.line, detail));
        }
        if minor.is_sign_negative() && !minor.is_zero() {
            return Err((row.line, format!("{} is negative", column.name())));
        }
        i64::try_from(minor).map(Some).map_err(|_| self.wrong(row, column))
    }

    pub(crate) fn whole(&self, row: &Row, column: Column) -> Result<Option<i64>, Wrong> {
        let Some(number) = self.number(row, column)? else { return Ok(None) };
        if !number.fract().is_zero() {
            return Err((row.line, format!("{} must be a whole number", column.name())));
        }
        i64::try_from(number).map(Some).map_err(|_| self.wrong(row, column))
    }

    fn number(&self, row: &Row, column: Column) -> Result<Option<Decimal>, Wrong> {
        match self.text(row, column) {
            "" => Ok(None),
            text => Decimal::from_str(text).map(Some).map_err(|_| self.wrong(row, column)),
        }
    }

    /// True where the field is empty, none where there is no such column.
    pub(crate) fn flag(&self, row: &Row, column: Column) -> Result<Option<bool>, Wrong> {
        if !self.columns.has(column) {
            return Ok(None);
        }
        match self.text(row, column).to_lowercase().as_str() {
            // What nobody said is so: published, taxable, to be shipped; but no gift card.
            "" => Ok(Some(column != Column::GiftCard)),
            "true" | "yes" | "1" => Ok(Some(true)),
            "false" | "no" | "0" => Ok(Some(false)),
            other => {
                let name = column.name();
                Err((row.line, format!("{name} is {other:?}; it must be true or false")))
            }
        }
    }

    fn wrong(&self, row: &Row, column: Column) -> Wrong {
        let text: String = self.text(row, column).chars().take(40).collect();
        (row.line, format!("{} {text:?} is not a number we can use", column.name()))
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
}
