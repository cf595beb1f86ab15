//! The catalog's SQL, all of it: one file per table group.

pub(crate) mod audit;
pub(crate) mod categories;
pub(crate) mod fulfillment;
pub(crate) mod imports;
pub(crate) mod listing;
pub(crate) mod pictures;
pub(crate) mod products;
pub(crate) mod reservations;
pub(crate) mod stock;

use uuid::Uuid;

/// Ids as the parameter of an `IN` over a JSON list: hexadecimal digits, which both databases
/// turn back into ids.
fn id_list(ids: impl IntoIterator<Item = Uuid>) -> String {
    let mut list = String::from("[");
    for id in ids {
        if list.len() > 1 {
            list.push(',');
        }
        list.push_str(&format!("\"{}\"", id.simple()));
    }
    list.push(']');
    list
}

/// Texts as the parameter of an `IN` over a JSON list.
fn text_list<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let texts: Vec<&str> = texts.into_iter().collect();
    serde_json::to_string(&texts).unwrap_or_default()
}

#[cfg(test)]
mod tests;
