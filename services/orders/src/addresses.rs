//! Where orders may go, and by which rules their addresses are checked.

use std::collections::BTreeSet;

use chassis::address_rules::AddressRules;
use chassis::config::SettingError;
use chassis::problem::{FieldError, Problem, Result};
use contracts::address::Address;
use contracts::countries::{self, Country};

use crate::checkout::{Buyer, Checkout};
use crate::{App, problems};

/// The countries orders are delivered to.
#[derive(Clone, Debug)]
pub(crate) struct Delivery(Option<BTreeSet<String>>);

impl Delivery {
    /// Of the setting `orders.countries`: empty is everywhere. Fails with the first code that is no
    /// country's.
    pub(crate) fn parse(codes: &[String]) -> Result<Self, SettingError> {
        if let Some(unknown) = codes.iter().find(|it| countries::find(it).is_none()) {
            let allowed = "codes of ISO 3166-1 in capital letters, such as [\"DE\", \"GB\"]";
            return Err(SettingError::new("orders.countries", format!("[{unknown:?}]"), allowed));
        }
        Ok(Self((!codes.is_empty()).then(|| codes.iter().cloned().collect())))
    }

    pub(crate) fn reaches(&self, country: &str) -> bool {
        self.0.as_ref().is_none_or(|it| it.contains(country))
    }

    /// The countries it reaches, by code.
    pub(crate) fn countries(&self) -> impl Iterator<Item = &'static Country> {
        countries::all().iter().filter(|it| self.reaches(&it.code))
    }
}

/// The checkout with its addresses in the form they are kept in. Everything that is wrong with them
/// is one problem.
pub(crate) fn checked(app: &App, buyer: &Buyer, request: &Checkout) -> Result<Checkout> {
    let mut request = request.clone();
    let mut errors = Vec::new();
    if let Some(it) =
        request.shipping_address.as_ref().filter(|it| !app.delivery.reaches(&it.country))
    {
        errors.push(problems::not_delivered_to(&it.country, &app.delivery));
    }
    if buyer.address_rules == AddressRules::On {
        errors.extend(check("shipping_address", &mut request.shipping_address));
        errors.extend(check("billing_address", &mut request.billing_address));
    }
    if errors.is_empty() { Ok(request) } else { Err(Problem::fields(errors)) }
}

fn check(name: &str, address: &mut Option<Address>) -> Vec<FieldError> {
    let Some(given) = address else { return Vec::new() };
    match given.checked() {
        Ok(kept) => {
            *given = kept;
            Vec::new()
        }
        Err(errors) => {
            let within =
                |it: FieldError| FieldError { field: format!("{name}.{}", it.field), ..it };
            errors.into_iter().map(within).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(codes: &[&str]) -> Result<Delivery, SettingError> {
        Delivery::parse(&codes.iter().map(|&it| it.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn where_the_shop_delivers_is_a_setting() {
        let everywhere = parse(&[]).unwrap();
        assert!(everywhere.reaches("DE") && everywhere.reaches("AQ"));
        assert_eq!(everywhere.countries().count(), 249);
        let some = parse(&["GB", "DE", "DE"]).unwrap();
        assert!(some.reaches("DE") && !some.reaches("FR"));
        let codes: Vec<_> = some.countries().map(|it| it.code.as_str()).collect();
        assert_eq!(codes, ["DE", "GB"]);
    }

    #[test]
    fn a_country_that_is_none_is_named_with_its_setting() {
        for (codes, wrong) in [(&["DE", "UK"][..], "\"UK\""), (&["de"], "\"de\""), (&[""], "\"\"")]
        {
            let said = parse(codes).unwrap_err().to_string();
            assert!(said.starts_with(&format!("orders.countries is [{wrong}], ")), "{said}");
        }
    }
}
