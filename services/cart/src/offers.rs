//! What the catalog says about the lines of a cart right now.
//!
//! A handler asks before it changes anything, so that a catalog that is away refuses the request
//! as a whole.

use std::collections::HashMap;

use chassis::channel::CallError;
use contracts::catalog::{Client, Offer, Quoted, StockLine, Wanted};
use uuid::Uuid;

/// What a line is of: a SKU, and the variant that had it when it was put aside.
type Key = (String, Option<Uuid>);

/// Answers by what lines are of; none where that is not for sale, as when another variant has the
/// SKU by now.
#[derive(Debug, Default)]
pub(crate) struct Offers(HashMap<Key, Option<Offer>>);

impl Offers {
    pub(crate) fn get(&self, line: &StockLine) -> Option<&Offer> {
        self.0.get(&key(line))?.as_ref()
    }

    /// Asks for those lines that have not been asked for yet.
    pub(crate) async fn complete(
        &mut self,
        catalog: &Client,
        lines: &[StockLine],
    ) -> Result<(), CallError> {
        let missing: Vec<&StockLine> =
            lines.iter().filter(|it| !self.0.contains_key(&key(it))).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let answers = catalog.quote(missing.iter().map(|it| by_sku(it)).collect()).await?;
        self.take(missing.into_iter().zip(answers));
        Ok(())
    }

    fn take<'a>(&mut self, answers: impl Iterator<Item = (&'a StockLine, Quoted)>) {
        self.0.extend(answers.map(|(line, answer)| {
            let offer = match answer {
                Quoted::Offer(offer) => Some(offer),
                Quoted::Unknown | Quoted::Ambiguous(_) => None,
            };
            (key(line), offer)
        }));
    }
}

/// Asks for the offers of a cart's lines.
pub(crate) async fn of(catalog: &Client, lines: &[StockLine]) -> Result<Offers, CallError> {
    let mut offers = Offers::default();
    offers.complete(catalog, lines).await?;
    Ok(offers)
}

/// Asks for what a buyer wants to add and for what the cart has already, in one call.
pub(crate) async fn with(
    catalog: &Client,
    wanted: Wanted,
    lines: &[StockLine],
) -> Result<(Quoted, Offers), CallError> {
    let asked = std::iter::once(wanted).chain(lines.iter().map(by_sku)).collect();
    let mut answers = catalog.quote(asked).await?.into_iter();
    let first = answers.next().unwrap_or(Quoted::Unknown);
    let mut offers = Offers::default();
    offers.take(lines.iter().zip(answers));
    if let Quoted::Offer(offer) = &first {
        offers.0.insert((offer.sku.clone(), offer.variant_id), Some(offer.clone()));
    }
    Ok((first, offers))
}

fn by_sku(line: &StockLine) -> Wanted {
    Wanted { sku: Some(line.sku.clone()), product_id: None, variant_id: line.variant_id }
}

fn key(line: &StockLine) -> Key {
    (line.sku.clone(), line.variant_id)
}
