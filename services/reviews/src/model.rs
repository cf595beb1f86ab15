//! The types and rules of reviews. No HTTP, no SQL, no clock.

use chassis::names;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// The author of reviews whose account was deleted.
pub(crate) const ANONYMOUS: &str = "Former customer";

/// A review as it is kept.
#[derive(Clone, Debug, PartialEq, chassis::db::Record)]
#[record(table = "reviews", key("id"))]
pub(crate) struct Review {
    pub(crate) id: Uuid,
    pub(crate) product_id: Uuid,
    pub(crate) user_id: Uuid,
    /// What the public sees of the author's name.
    pub(crate) author: String,
    /// 1 to 5.
    pub(crate) rating: i64,
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) status: Status,
    /// Why a moderator decided so.
    pub(crate) reason: Option<String>,
    /// Rises with every change.
    pub(crate) version: i64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    /// Whether the author has bought the product; follows from the purchases.
    #[record(computed)]
    pub(crate) verified_purchase: bool,
}

/// The status of a review.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, chassis::db::Word,
)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReviewStatus)]
pub(crate) enum Status {
    /// Waiting for a moderator.
    Pending,
    /// Public.
    Approved,
    Rejected,
}

/// The order of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReviewSort)]
pub(crate) enum Sort {
    #[default]
    Newest,
    Oldest,
    /// Highest rating first, then newest.
    Highest,
    /// Lowest rating first, then oldest.
    Lowest,
}

/// How many approved reviews of a product give how many stars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, chassis::db::Record)]
pub(crate) struct Tally {
    pub(crate) version: i64,
    pub(crate) one: i64,
    pub(crate) two: i64,
    pub(crate) three: i64,
    pub(crate) four: i64,
    pub(crate) five: i64,
}

impl Review {
    /// The rating, if it counts.
    pub(crate) fn counted(&self) -> Option<i64> {
        (self.status == Status::Approved).then_some(self.rating)
    }
}

impl Status {
    /// The status of a new review.
    pub(crate) fn first(auto_approve: bool) -> Self {
        if auto_approve { Self::Approved } else { Self::Pending }
    }

    /// The status after the author changed the text or the rating. What was rejected waits for
    /// another look even where reviews are approved by themselves.
    pub(crate) fn after_edit(self, auto_approve: bool) -> Self {
        match self {
            Self::Approved if auto_approve => Self::Approved,
            Self::Approved | Self::Pending | Self::Rejected => Self::Pending,
        }
    }
}

impl Tally {
    /// From one star to five.
    pub(crate) fn stars(&self) -> [i64; 5] {
        [self.one, self.two, self.three, self.four, self.five]
    }

    pub(crate) fn count(&self) -> i64 {
        self.stars().iter().sum()
    }

    pub(crate) fn sum(&self) -> i64 {
        (1..).zip(self.stars()).map(|(stars, count)| stars * count).sum()
    }

    /// To two digits; none without reviews.
    pub(crate) fn average(&self) -> Option<f64> {
        let count = self.count();
        (count > 0).then(|| (self.sum() as f64 / count as f64 * 100.0).round() / 100.0)
    }
}

/// What the public sees of a name: the first name and an initial.
pub(crate) fn public_name(name: &str) -> String {
    // A name from before links in names were refused is not repeated; nor is an address.
    let mut words = names::in_mail(name).unwrap_or_default().split_whitespace();
    let Some(first) = words.next() else { return ANONYMOUS.to_owned() };
    let initial = words.next_back().and_then(|it| it.chars().next());
    match initial {
        Some(initial) => format!("{first} {}.", initial.to_uppercase()),
        None => first.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_name_is_a_first_name_and_an_initial() {
        for (name, public) in [
            ("Ada Lovelace", "Ada L."),
            ("  Ada  King  lovelace ", "Ada L."),
            ("Ada", "Ada"),
            ("Zoë Ægir", "Zoë Æ."),
            ("", ANONYMOUS),
            ("   ", ANONYMOUS),
            ("http://evil.example now", ANONYMOUS),
            ("\u{202e}Ada", ANONYMOUS),
            ("ada@example.com", ANONYMOUS),
        ] {
            assert_eq!(public_name(name), public);
        }
    }

    #[test]
    fn what_was_rejected_is_never_approved_by_an_edit() {
        assert_eq!(Status::Approved.after_edit(true), Status::Approved);
        assert_eq!(Status::Approved.after_edit(false), Status::Pending);
        assert_eq!(Status::Rejected.after_edit(true), Status::Pending);
        assert_eq!(Status::Pending.after_edit(true), Status::Pending);
    }

    #[test]
    fn an_average_has_two_digits() {
        assert_eq!(Tally::default().average(), None);
        let tally = Tally { one: 1, four: 1, five: 1, ..Tally::default() };
        assert_eq!((tally.count(), tally.sum(), tally.average()), (3, 10, Some(3.33)));
    }
}
