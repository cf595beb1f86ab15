use chassis::db::{Db, Error};
use chassis::id;
use chassis::testing::{Database, databases, noon};

use super::*;
use crate::MIGRATIONS;

const LAMP: Uuid = Uuid::from_u128(1);

fn review(n: u128, rating: i64) -> Review {
    Review {
        id: Uuid::from_u128(n),
        product_id: LAMP,
        user_id: Uuid::from_u128(1000 + n),
        author: "Ada E.".to_owned(),
        rating,
        title: "Bright".to_owned(),
        body: "It <b>shines</b>.\nA lot.".to_owned(),
        status: Status::Approved,
        reason: None,
        version: 1,
        created_at: noon(),
        updated_at: noon(),
        verified_purchase: false,
    }
}

async fn add(db: &Db, review: &Review) -> Result<()> {
    let mut tx = db.begin().await?;
    insert(&mut tx, review).await?;
    tx.commit().await
}

async fn note(db: &Db, order: u128, counts: bool, version: i64) {
    let (order, user) = (Uuid::from_u128(order), Uuid::from_u128(1001));
    note_purchase(db, order, LAMP, user, counts, version).await.unwrap();
}

#[databases]
async fn a_review_comes_back_as_it_went_in(database: Database) {
    let it = database.platform(MIGRATIONS).await;
    let written = Review { reason: Some("nice".to_owned()), ..review(1, 5) };
    add(&it.db, &written).await.unwrap();
    assert_eq!(find(&it.db, written.id).await.unwrap(), Some(written), "{}", it.kind);
    assert_eq!(find(&it.db, id::new()).await.unwrap(), None);
}

#[databases]
async fn a_user_reviews_a_product_once(database: Database) {
    let it = database.platform(MIGRATIONS).await;
    add(&it.db, &review(1, 5)).await.unwrap();
    let again = Review { id: id::new(), ..review(1, 1) };
    let again = add(&it.db, &again).await;
    assert!(matches!(again, Err(Error::Duplicate(_))), "{}: {again:?}", it.kind);
}

#[databases]
async fn lists_are_sorted_filtered_and_go_on_after_a_place(database: Database) {
    let it = database.platform(MIGRATIONS).await;
    for (n, rating) in [(1, 3), (2, 5), (3, 3), (4, 1)] {
        add(&it.db, &review(n, rating)).await.unwrap();
    }
    add(&it.db, &Review { status: Status::Pending, ..review(5, 5) }).await.unwrap();
    add(&it.db, &Review { product_id: Uuid::from_u128(2), ..review(6, 5) }).await.unwrap();
    for (sort, order) in [
        (Sort::Newest, [4, 3, 2, 1]),
        (Sort::Oldest, [1, 2, 3, 4]),
        (Sort::Highest, [2, 3, 1, 4]),
        (Sort::Lowest, [4, 1, 3, 2]),
    ] {
        let filter = Filter { sort, ..Filter::default() };
        let all = of_product(&it.db, LAMP, filter, 10).await.unwrap();
        assert_eq!(ids(&all), order, "{} {sort:?}", it.kind);
        for (at, review) in all.iter().enumerate() {
            let after = Some(Place { rating: review.rating, id: review.id });
            let rest = of_product(&it.db, LAMP, Filter { after, ..filter }, 10).await.unwrap();
            assert_eq!(ids(&rest), order[at + 1..], "{} {sort:?}", it.kind);
        }
        let some = Filter { rating: Some(3), ..filter };
        let some = of_product(&it.db, LAMP, some, 10).await.unwrap();
        assert!(some.len() == 2 && some.iter().all(|it| it.rating == 3));
        assert_eq!(of_product(&it.db, LAMP, filter, 2).await.unwrap().len(), 2);
    }
}

#[databases]
async fn moderators_list_and_count_by_status(database: Database) {
    let it = database.platform(MIGRATIONS).await;
    add(&it.db, &review(1, 3)).await.unwrap();
    add(&it.db, &Review { status: Status::Pending, ..review(2, 3) }).await.unwrap();
    add(&it.db, &Review { status: Status::Pending, ..review(3, 3) }).await.unwrap();
    assert_eq!(ids(&list(&it.db, None, None, 10).await.unwrap()), [3, 2, 1]);
    let pending = list(&it.db, Some(Status::Pending), None, 10).await.unwrap();
    assert_eq!(ids(&pending), [3, 2]);
    let rest = list(&it.db, None, Some(Uuid::from_u128(3)), 1).await.unwrap();
    assert_eq!(ids(&rest), [2]);
    assert_eq!(count(&it.db, None).await.unwrap(), 3);
    assert_eq!(count(&it.db, Some(Status::Rejected)).await.unwrap(), 0);
}

#[databases]
async fn what_was_changed_meanwhile_is_neither_changed_nor_deleted(database: Database) {
    let it = database.platform(MIGRATIONS).await;
    let old = review(1, 3);
    add(&it.db, &old).await.unwrap();
    let new = Review { rating: 1, status: Status::Rejected, ..old.clone() };
    let mut tx = it.db.begin().await.unwrap();
    assert!(update(&mut tx, &new).await.unwrap());
    assert!(!update(&mut tx, &new).await.unwrap());
    assert!(!delete(&mut tx, &old).await.unwrap());
    let found = find(&mut tx, old.id).await.unwrap().unwrap();
    assert_eq!(found, Review { version: 2, ..new });
    assert!(delete(&mut tx, &found).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(find(&it.db, old.id).await.unwrap(), None);
}

#[databases]
async fn a_tally_counts_stars_and_raises_its_version(database: Database) {
    let it = database.platform(MIGRATIONS).await;
    assert_eq!(rated(&it.db, LAMP).await.unwrap(), None);
    for (steps, tally) in [
        ([0, 0, 0, 0, 1], Tally { version: 1, five: 1, ..Tally::default() }),
        ([0, 1, 0, 0, 0], Tally { version: 2, two: 1, five: 1, ..Tally::default() }),
        ([1, 0, 0, 0, -1], Tally { version: 3, one: 1, two: 1, ..Tally::default() }),
    ] {
        let mut tx = it.db.begin().await.unwrap();
        assert_eq!(super::tally(&mut tx, LAMP, &steps).await.unwrap(), tally, "{}", it.kind);
        tx.commit().await.unwrap();
        assert_eq!(rated(&it.db, LAMP).await.unwrap(), Some(tally));
    }
    let mut tx = it.db.begin().await.unwrap();
    let below = super::tally(&mut tx, LAMP, &[0, 0, -1, 0, 0]).await;
    assert!(matches!(below, Err(Error::Constraint(_))), "{}: {below:?}", it.kind);
}

#[databases]
async fn a_purchase_counts_until_the_order_is_given_back(database: Database) {
    let it = database.platform(MIGRATIONS).await;
    let user = Uuid::from_u128(1001);
    let bought = async || {
        let bought = has_bought(&it.db, user, LAMP).await.unwrap();
        let review = find(&it.db, Uuid::from_u128(1)).await.unwrap().unwrap();
        assert_eq!(review.verified_purchase, bought, "{}", it.kind);
        bought
    };
    add(&it.db, &review(1, 3)).await.unwrap();
    assert!(!bought().await);
    note(&it.db, 7, true, 3).await;
    note(&it.db, 8, true, 3).await;
    assert!(bought().await);
    note(&it.db, 7, false, 4).await;
    assert!(bought().await, "another order holds it");
    note(&it.db, 8, false, 5).await;
    assert!(!bought().await);
    note(&it.db, 8, true, 4).await;
    assert!(!bought().await, "older news came late");
    assert!(!has_bought(&it.db, user, id::new()).await.unwrap());
    assert!(!has_bought(&it.db, id::new(), LAMP).await.unwrap());
}

#[databases]
async fn an_authors_name_can_be_taken_off(database: Database) {
    let it = database.platform(MIGRATIONS).await;
    add(&it.db, &review(1, 3)).await.unwrap();
    add(&it.db, &review(2, 3)).await.unwrap();
    let renamed = rename_author(&it.db, Uuid::from_u128(1001), "Nobody", noon()).await;
    assert_eq!(renamed.unwrap(), 1);
    let names = list(&it.db, None, None, 10).await.unwrap();
    let names: Vec<_> = names.iter().map(|it| it.author.as_str()).collect();
    assert_eq!(names, ["Ada E.", "Nobody"]);
}

fn ids(reviews: &[Review]) -> Vec<u128> {
    reviews.iter().map(|it| it.id.as_u128()).collect()
}
