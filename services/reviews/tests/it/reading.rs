//! What everybody reads.

use chassis::testing::{Database, User, databases};
use insta::{allow_duplicates, assert_json_snapshot};
use reviews::Config;
use serde_json::{Value, json};

use crate::{LAMP, shop};

fn ratings(page: &Value) -> Vec<i64> {
    let items = page["items"].as_array().expect("a list").iter();
    items.map(|it| it["rating"].as_i64().expect("a number")).collect()
}

#[databases]
async fn a_products_reviews_come_with_a_summary(database: Database) {
    let shop = shop(database, Config::default()).await;
    let path = format!("/products/{LAMP}/reviews?count=true");
    let empty = shop.call("GET", &path).await.expect(200);
    allow_duplicates! { assert_json_snapshot!(empty, @r#"
    {
      "items": [],
      "next_cursor": null,
      "summary": {
        "average": null,
        "count": 0,
        "distribution": {
          "1": 0,
          "2": 0,
          "3": 0,
          "4": 0,
          "5": 0
        }
      },
      "total": 0
    }
    "#) };
    let nothing = format!("/products/{}/reviews", uuid::Uuid::nil());
    assert_eq!(shop.call("GET", &nothing).await.problem(404), "product_not_found");
    for rating in [5, 4, 4, 1] {
        shop.review(&User::customer(), LAMP, rating).await.expect(201);
    }
    let page = shop.call("GET", &path).await.expect(200);
    assert_eq!((ratings(&page), &page["total"]), (vec![1, 4, 4, 5], &json!(4)));
    allow_duplicates! { assert_json_snapshot!(page["summary"], @r#"
    {
      "average": 3.5,
      "count": 4,
      "distribution": {
        "1": 1,
        "2": 0,
        "3": 0,
        "4": 2,
        "5": 1
      }
    }
    "#) };
}

#[databases]
async fn reviews_are_sorted_filtered_and_paged(database: Database) {
    let shop = shop(database, Config::default()).await;
    for rating in [3, 5, 1, 3, 4] {
        shop.review(&User::customer(), LAMP, rating).await.expect(201);
    }
    for (query, expected) in [
        ("", vec![4, 3, 1, 5, 3]),
        ("sort=newest", vec![4, 3, 1, 5, 3]),
        ("sort=oldest", vec![3, 5, 1, 3, 4]),
        ("sort=highest", vec![5, 4, 3, 3, 1]),
        ("sort=lowest", vec![1, 3, 3, 4, 5]),
        ("rating=3", vec![3, 3]),
        ("rating=2", vec![]),
    ] {
        let path = format!("/products/{LAMP}/reviews?count=true&limit=2&{query}");
        let mut found = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = shop.call("GET", &format!("{path}{cursor}")).await.expect(200);
            assert_eq!(page["total"], json!(expected.len()), "{query}");
            found.extend(ratings(&page));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(found, expected, "{} {query}", shop.platform.kind);
        let rest: Vec<i64> = expected.iter().copied().skip(2).take(2).collect();
        for jump in ["page=2", "offset=2"] {
            let page = shop.call("GET", &format!("{path}&{jump}")).await.expect(200);
            assert_eq!(ratings(&page), rest, "{} {query} {jump}", shop.platform.kind);
        }
    }
}

#[databases]
async fn a_list_refuses_what_it_does_not_know(database: Database) {
    let shop = shop(database, Config::default()).await;
    for rating in [3, 5] {
        shop.review(&User::customer(), LAMP, rating).await.expect(201);
    }
    let path = format!("/products/{LAMP}/reviews");
    let page = shop.call("GET", &format!("{path}?limit=1&sort=highest")).await.expect(200);
    let foreign = format!("cursor={}&sort=lowest", page["next_cursor"].as_str().unwrap());
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=1000000000", "limit"),
        ("limit=x", "limit"),
        ("sort=best", "sort"),
        ("rating=0", "rating"),
        ("page=0", "page"),
        ("offset=-1", "offset"),
        ("rating=6", "rating"),
        ("cursor=x", "cursor"),
        (&foreign, "cursor"),
        ("count=maybe", "count"),
    ] {
        let answer = shop.call("GET", &format!("{path}?{query}")).await.expect(422);
        assert_eq!(answer["errors"][0]["field"], field, "{query}");
    }
    let nonsense = shop.call("GET", "/products/nonsense/reviews").await;
    assert_eq!(nonsense.problem(404), "not_found");
}

#[databases]
async fn a_missing_review_is_not_found(database: Database) {
    let shop = shop(database, Config::default()).await;
    let path = format!("/reviews/{LAMP}");
    assert_eq!(shop.call("GET", &path).await.problem(404), "review_not_found");
    assert_eq!(shop.call("GET", "/reviews/nonsense").await.problem(404), "not_found");
}
