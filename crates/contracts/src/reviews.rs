//! Reviews: the rating of a product.

use chassis::outbox::EventData;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The approved reviews of a product changed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RatingChanged {
    pub product_id: Uuid,
    /// How many approved reviews there are.
    pub count: i64,
    /// The sum of their ratings (1 to 5 each); the average is `sum / count`.
    pub sum: i64,
}

impl EventData for RatingChanged {
    const TYPE: &'static str = "rating.changed";
}
