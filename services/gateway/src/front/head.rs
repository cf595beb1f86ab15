//! What is put into the head of a page.

use serde::Serialize;

use super::escape;

/// What every page is told about the shop.
#[derive(Debug, Serialize)]
pub(super) struct Shop {
    pub(super) name: String,
    /// ISO 4217.
    pub(super) currency: String,
}

/// The head of a page.
#[derive(Debug)]
pub(super) struct Head<'a> {
    shop: &'a Shop,
    is_hidden: bool,
}

impl<'a> Head<'a> {
    pub(super) fn of(shop: &'a Shop) -> Self {
        Self { shop, is_hidden: false }
    }

    /// The same, not to be found by search engines.
    pub(super) fn hidden(self) -> Self {
        Self { is_hidden: true, ..self }
    }

    pub(super) fn html(&self) -> String {
        let mut page = String::new();
        page.push_str("<title>");
        escape::text(&mut page, &self.shop.name);
        page.push_str("</title>");
        if self.is_hidden {
            page.push_str("<meta name=\"robots\" content=\"noindex\">");
        }
        page.push_str(&self.bare());
        page
    }

    /// Only what the page's own script needs.
    pub(super) fn bare(&self) -> String {
        let mut page = String::new();
        escape::data(&mut page, "type=\"application/json\" id=\"shop\"", self.shop);
        page
    }
}
