use chassis::db::Session;
use chassis::testing::{Database, TestPlatform, databases, noon};

use super::*;
use crate::store::pictures::NewPicture;
use crate::store::products as products_store;
use crate::{model, products};

async fn keep(platform: &TestPlatform, id: Uuid) {
    let kept = Kept { content_type: "image/jpeg".to_owned(), width: Some(9), height: Some(9) };
    let picture = NewPicture { kept, bytes: vec![1], smaller: vec![(5, vec![2])] };
    let mut tx = platform.db.begin().await.unwrap();
    store::insert(&mut tx, id, picture, noon()).await.unwrap();
    tx.commit().await.unwrap();
}

fn mug(pictures: &[Uuid]) -> model::NewProduct {
    model::NewProduct {
        slug: None,
        title: "Mug".to_owned(),
        description: String::new(),
        vendor: String::new(),
        product_type: String::new(),
        tags: vec![],
        status: model::Status::Active,
        options: vec![],
        images: pictures.iter().map(|it| (url(*it), None)).collect(),
        seo_title: None,
        seo_description: None,
        category_ids: vec![],
        variants: vec![model::NewVariant::default()],
    }
}

async fn left(platform: &TestPlatform) -> Vec<Uuid> {
    let ids = platform.db.query("SELECT id FROM pictures ORDER BY id").all::<(Uuid,)>().await;
    ids.unwrap().into_iter().map(|(id,)| id).collect()
}

#[test]
fn only_addresses_of_the_shop_lead_to_its_pictures() {
    let id = Uuid::from_u128(7);
    assert_eq!(in_url(&url(id)), Some(id));
    assert_eq!(in_url(&format!("{}?width=640", url(id))), Some(id));
    assert_eq!(in_url("/api/v1/media/mug.jpg"), Some(Uuid::nil()));
    assert_eq!(in_url("https://example.com/api/v1/media/x"), None);
}

#[databases]
async fn a_picture_nobody_uses_is_kept_for_a_day(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let [used, unused, dropped] = [1, 2, 3].map(Uuid::from_u128);
    for id in [used, unused, dropped] {
        keep(&platform, id).await;
    }
    let mut tx = platform.db.begin().await.unwrap();
    let mut books = StockTx::open(&mut tx, noon(), 0);
    let mug = products::create(&mut books, mug(&[used, dropped, used])).await.unwrap();
    tx.commit().await.unwrap();

    let hours = |it: i64| noon() + TimeDelta::hours(it);
    assert_eq!(tidy(&platform.db, hours(24)).await.unwrap(), 0);
    assert_eq!(tidy(&platform.db, hours(25)).await.unwrap(), 1);
    assert_eq!(left(&platform).await, [used, dropped], "{platform:?}");

    // One that is released has a day from then on.
    let mut tx = platform.db.begin().await.unwrap();
    let old = products_store::find_in(&mut tx, &mug.id.to_string()).await.unwrap().unwrap();
    let mut books = StockTx::open(&mut tx, hours(30), 0);
    let mut new = model::NewProduct::from(&old);
    new.images.remove(1);
    products::replace(&mut books, &old, new).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(tidy(&platform.db, hours(54)).await.unwrap(), 0);
    assert_eq!(tidy(&platform.db, hours(55)).await.unwrap(), 1);
    assert_eq!(left(&platform).await, [used]);

    let mut tx = platform.db.begin().await.unwrap();
    let old = products_store::find_in(&mut tx, &mug.id.to_string()).await.unwrap().unwrap();
    products::delete(&mut StockTx::open(&mut tx, hours(60), 0), &old).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(tidy(&platform.db, hours(84)).await.unwrap(), 0);
    assert_eq!(tidy(&platform.db, hours(85)).await.unwrap(), 1);
    let sizes = platform.db.query("SELECT count(*) FROM picture_sizes").one::<(i64,)>().await;
    assert_eq!(sizes.unwrap().0, 0);
}

#[databases]
async fn a_picture_is_not_tidied_up_while_a_product_takes_it(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let later = noon() + TimeDelta::days(3);
    for round in 0..20_u128 {
        let id = Uuid::from_u128(round + 1);
        keep(&platform, id).await;
        let taken = async {
            let mut tx = platform.db.begin().await.unwrap();
            let mut books = StockTx::open(&mut tx, noon(), 0);
            match products::create(&mut books, mug(&[id])).await {
                Ok(_) => tx.commit().await.map(|()| true).unwrap(),
                Err(refused) => {
                    assert_eq!(refused.errors[0].field, "images[0].url", "{refused}");
                    false
                }
            }
        };
        let (taken, removed) = tokio::join!(taken, tidy(&platform.db, later));
        assert_eq!(usize::from(taken) + removed.unwrap(), 1, "{platform:?}");
    }
}
