//! The rating of a product: changes with each review that counts, and is told to the others.

use chassis::db::{Result, Tx};
use chassis::outbox;
use chrono::{DateTime, Utc};
use contracts::reviews::RatingChanged;
use uuid::Uuid;

use crate::store;

/// Counts `is` instead of `was`; either is none where the review does not count.
pub(crate) async fn recount(
    tx: &mut Tx,
    product_id: Uuid,
    was: Option<i64>,
    is: Option<i64>,
    now: DateTime<Utc>,
) -> Result<()> {
    if was == is {
        return Ok(());
    }
    let tally = store::tally(tx, product_id, &steps(was, is)).await?;
    let event = RatingChanged { product_id, count: tally.count(), sum: tally.sum() };
    outbox::publish(tx, product_id, tally.version, &event, now).await
}

/// What is added to the counts of one to five stars.
fn steps(was: Option<i64>, is: Option<i64>) -> [i64; 5] {
    let count = |rating: Option<i64>, stars: i64| i64::from(rating == Some(stars));
    [1, 2, 3, 4, 5].map(|stars| count(is, stars) - count(was, stars))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_rating_moves_from_one_count_to_another() {
        assert_eq!(steps(None, Some(5)), [0, 0, 0, 0, 1]);
        assert_eq!(steps(Some(5), Some(1)), [1, 0, 0, 0, -1]);
        assert_eq!(steps(Some(3), None), [0, 0, -1, 0, 0]);
    }
}
