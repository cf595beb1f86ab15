//! Lists in pages: `{"items": [...], "next_cursor": "..."}`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Datelike, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::problem::{Problem, Result};
use crate::storable::{any_text, has_nul};

/// Items of a page when the client does not say.
pub const DEFAULT_LIMIT: i64 = 20;
/// Items of a page at most.
pub const MAX_LIMIT: i64 = 100;
/// How far into a list one can jump; a cursor goes further.
pub const MAX_OFFSET: i64 = 10_000;

/// One page of a list.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Send it as `cursor` to get the next page; null on the last one.
    pub next_cursor: Option<String>,
    /// The number of all matching items; with `count=true` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<i64>,
}

impl<T> Page<T> {
    /// Makes a page of up to `limit` items from a query that asked for `limit + 1`, so that
    /// it is known whether more follow. `cursor` names the place after an item.
    pub fn cut<C: Serialize>(mut items: Vec<T>, limit: i64, cursor: impl Fn(&T) -> C) -> Self {
        let more = items.len() as i64 > limit;
        items.truncate(limit as usize);
        let next_cursor = match items.last() {
            Some(last) if more => Some(encode(&cursor(last))),
            _ => None,
        };
        Self { items, next_cursor, total: None }
    }

    #[must_use]
    pub fn with_total(self, total: Option<i64>) -> Self {
        Self { total, ..self }
    }

    pub fn map<U>(self, each: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(each).collect(),
            next_cursor: self.next_cursor,
            total: self.total,
        }
    }
}

/// The page size a client asked for: 1 to [`MAX_LIMIT`], [`DEFAULT_LIMIT`] where it did not say.
pub fn limit(asked: Option<i64>) -> Result<i64> {
    match asked {
        None => Ok(DEFAULT_LIMIT),
        Some(limit) if (1..=MAX_LIMIT).contains(&limit) => Ok(limit),
        Some(_) => Err(Problem::field("limit", format!("must be from 1 to {MAX_LIMIT}"))),
    }
}

/// How many items are skipped by a client that jumps into a list by `offset`, or by the number of
/// a `page` from 1 on, instead of walking through it with a `cursor`.
pub fn skip(
    offset: Option<i64>,
    page: Option<i64>,
    cursor: Option<&str>,
    limit: i64,
) -> Result<i64> {
    if [offset.is_some(), page.is_some(), cursor.is_some()].into_iter().filter(|it| *it).count() > 1
    {
        let field = if page.is_some() { "page" } else { "offset" };
        return Err(Problem::field(field, "send one of cursor, offset and page"));
    }
    match (offset, page) {
        (Some(offset), _) if (0..=MAX_OFFSET).contains(&offset) => Ok(offset),
        (Some(_), _) => Err(Problem::field(
            "offset",
            format!("must be from 0 to {MAX_OFFSET}; use cursor beyond"),
        )),
        (None, Some(page)) => {
            let last = MAX_OFFSET / limit + 1;
            if (1..=last).contains(&page) {
                Ok((page - 1) * limit)
            } else {
                let detail = format!("must be from 1 to {last}; use cursor beyond");
                Err(Problem::field("page", detail))
            }
        }
        (None, None) => Ok(0),
    }
}

/// Writes a place in a list as base64url, which clients pass back without looking inside.
pub fn encode(place: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(place).unwrap_or_default())
}

/// Reads a cursor of this list. Anything else is a wrong field.
pub fn decode<C: DeserializeOwned>(cursor: Option<&str>) -> Result<Option<C>> {
    let Some(cursor) = cursor else { return Ok(None) };
    let place = URL_SAFE_NO_PAD.decode(cursor).ok();
    let place = place.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let place = place
        .filter(|it| !any_text(it, &is_unknown))
        .and_then(|it| serde_json::from_value(it).ok());
    let wrong = || Problem::field("cursor", "must be a `next_cursor` of the same list");
    place.map(Some).ok_or_else(wrong)
}

/// Whether PostgreSQL does not know it: a text with a NUL, a time whose year has more than four
/// digits.
fn is_unknown(text: &str) -> bool {
    let time = text.parse::<DateTime<Utc>>();
    has_nul(text) || time.is_ok_and(|it| !(0..=9999).contains(&it.year()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_knows_whether_more_follow() {
        let page = Page::cut(vec![1, 2, 3], 2, |it| *it);
        assert_eq!(page.items, [1, 2]);
        assert_eq!(decode::<i32>(page.next_cursor.as_deref()).unwrap(), Some(2));
        assert_eq!(Page::cut(vec![1, 2], 2, |it| *it).next_cursor, None);
    }

    #[test]
    fn a_foreign_cursor_is_a_wrong_field() {
        for cursor in ["", "!", "e30", &"A".repeat(4000)] {
            assert_eq!(decode::<(i64, i64)>(Some(cursor)).unwrap_err().errors[0].field, "cursor");
        }
    }

    #[test]
    fn a_place_no_database_can_look_for_is_a_wrong_field() {
        for text in ["a\0b", "-100000-01-01T00:00:00Z", "+262142-12-31T23:59:59Z"] {
            let texts = decode::<(String, i64)>(Some(&encode(&(text, 1))));
            assert_eq!(texts.unwrap_err().errors[0].field, "cursor", "{text:?}");
        }
        let place = ("2026-01-02T12:00:00Z".to_owned(), 1);
        assert_eq!(decode(Some(&encode(&place))).unwrap(), Some(place));
    }

    #[test]
    fn a_list_is_jumped_into_by_offset_or_by_page() {
        assert_eq!(skip(None, None, Some("x"), 20).unwrap(), 0);
        assert_eq!(skip(Some(30), None, None, 20).unwrap(), 30);
        assert_eq!(skip(None, Some(1), None, 20).unwrap(), 0);
        assert_eq!(skip(None, Some(501), None, 20).unwrap(), MAX_OFFSET);
        for (offset, page, cursor, field) in [
            (Some(-1), None, None, "offset"),
            (Some(MAX_OFFSET + 1), None, None, "offset"),
            (None, Some(0), None, "page"),
            (None, Some(i64::MAX), None, "page"),
            (None, Some(502), None, "page"),
            (Some(0), Some(1), None, "page"),
            (Some(0), None, Some("x"), "offset"),
            (None, Some(1), Some("x"), "page"),
        ] {
            assert_eq!(skip(offset, page, cursor, 20).unwrap_err().errors[0].field, field);
        }
    }

    #[test]
    fn a_page_has_a_limit() {
        assert_eq!(limit(None).unwrap(), DEFAULT_LIMIT);
        assert_eq!(limit(Some(MAX_LIMIT)).unwrap(), MAX_LIMIT);
        for wrong in [0, -1, MAX_LIMIT + 1, 1_000_000_000] {
            assert!(limit(Some(wrong)).is_err(), "{wrong}");
        }
    }
}
