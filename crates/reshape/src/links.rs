//! Links to the pages of a list before and after the one that was asked for.

use serde::Deserialize;
use serde_json::Value;

use super::message::Message;

/// How the client turns pages. `next` and `previous` are made of the list's `total` and what the
/// client asked for; each is null where there is no such page.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Links {
    links: Style,
    /// The name of the parameter for the number of elements.
    size: String,
    /// The name of the parameter; `page` or `offset` by default.
    #[serde(rename = "at")]
    place: Option<String>,
    /// The number of elements where the client does not say.
    default: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Style {
    /// Pages are counted from 1.
    Page,
    /// Elements are counted from 0.
    Offset,
}

impl Links {
    /// Adds `next` and `previous`, if the body is an object.
    pub(super) fn add(&self, message: &mut Message) {
        let place = match (&self.place, self.links) {
            (Some(name), _) => name,
            (None, Style::Page) => "page",
            (None, Style::Offset) => "offset",
        };
        let number = |name: &str| message.query.get(name).and_then(|it| it.parse::<u64>().ok());
        let size = number(&self.size).unwrap_or(self.default).max(1);
        let (first, start) = match self.links {
            Style::Page => (1, number(place).unwrap_or(1).max(1)),
            Style::Offset => (0, number(place).unwrap_or(0)),
        };
        let step = if self.links == Style::Page { 1 } else { size };
        let seen = match self.links {
            Style::Page => start.saturating_mul(size),
            Style::Offset => start.saturating_add(size),
        };
        let more = match message.body.get("total").and_then(Value::as_u64) {
            Some(total) => seen < total,
            None => message.body.get("next_cursor").is_some_and(|it| !it.is_null()),
        };
        let link = |to: u64| {
            let mut query = message.query.clone();
            query.set(place, to.to_string());
            Value::from(format!("{}?{}", message.address, query.encode()))
        };
        let next = if more { link(start.saturating_add(step)) } else { Value::Null };
        let previous =
            if start > first { link(start.saturating_sub(step).max(first)) } else { Value::Null };
        if let Value::Object(fields) = &mut message.body {
            fields.insert("next".to_owned(), next);
            fields.insert("previous".to_owned(), previous);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::Query;
    use super::*;
    use serde_json::json;

    fn links(links: &str, query: &str, body: Value) -> (Value, Value) {
        let links: Links = toml::from_str(links).unwrap();
        let mut message = Message {
            body,
            query: Query::parse(query),
            address: "http://shop/products/".to_owned(),
            ..Message::default()
        };
        links.add(&mut message);
        (message.body["next"].clone(), message.body["previous"].clone())
    }

    #[test]
    fn every_page_leads_to_its_neighbours() {
        let offset = "links = 'offset'\nsize = 'limit'\ndefault = 10";
        let page = "links = 'page'\nsize = 'page_size'\nat = 'p'\ndefault = 10";
        let at = |rest: &str| json!(format!("http://shop/products/?{rest}"));
        for (style, query, total, next, previous) in [
            (offset, "", 5, Value::Null, Value::Null),
            (offset, "", 10, Value::Null, Value::Null),
            (offset, "q=a%20b", 11, at("q=a+b&offset=10"), Value::Null),
            (offset, "limit=5&offset=10", 11, Value::Null, at("limit=5&offset=5")),
            (offset, "limit=5&offset=3", 11, at("limit=5&offset=8"), at("limit=5&offset=0")),
            (offset, "limit=x&offset=-1", 11, at("limit=x&offset=10"), Value::Null),
            (page, "", 11, at("p=2"), Value::Null),
            (page, "p=2&page_size=5", 11, at("page_size=5&p=3"), at("page_size=5&p=1")),
            (page, "p=3&page_size=5", 11, Value::Null, at("page_size=5&p=2")),
            (page, "p=18446744073709551615", 11, Value::Null, at("p=18446744073709551614")),
        ] {
            let body = json!({ "items": [], "total": total });
            assert_eq!(links(style, query, body), (next, previous), "{style} {query} {total}");
        }
        let body = json!({ "items": [], "next_cursor": "x" });
        assert_eq!(links(offset, "", body).0, at("offset=10"));
    }
}
