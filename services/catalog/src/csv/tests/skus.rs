//! Each SKU has one owner.

use super::*;
use chassis::testing::{Database, databases};

/// What a preview says and an import does, which is the same.
async fn both(platform: &TestPlatform, file: &str) -> Report {
    let before = look(platform, file).await.report;
    let report = run(platform, file).await;
    assert_eq!(before, report, "{platform:?}");
    assert_eq!(crate::invariants::ledger(&platform.db).await.unwrap(), Vec::<String>::new());
    report
}

async fn skus(platform: &TestPlatform, handle: &str) -> Vec<String> {
    product(platform, handle).await.variants.into_iter().map(|it| it.sku).collect()
}

#[databases]
async fn a_sku_used_elsewhere_gets_a_suffix_and_its_owner_is_named(database: Database) {
    let file = "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price\n\
                a,A,Size,S,X1,5\na,,,M,X1,5\nb,B,,,X1,5\nc,C,,,N/A,5\nd,D,,,N/A,5\n";
    let platform = database.platform(crate::MIGRATIONS).await;
    for created in [4, 0, 0] {
        let report = both(&platform, file).await;
        assert_eq!(counts(&report), [created, 0, 4 - created, 0], "{:?}", lines(&report));
        let expected = [
            "line 3, a: Variant SKU X1 belongs to another variant of this product; this variant has \
             X1-2",
            "line 4, b: Variant SKU X1 belongs to the product a; this variant has X1-3",
            "line 6, d: Variant SKU N/A belongs to the product c; this variant has N/A-2",
        ];
        assert_eq!(lines(&report), expected, "{platform:?}");
        assert_eq!(report.problems[1].column(), Some("Variant SKU"));
        assert_eq!(skus(&platform, "a").await, ["X1", "X1-2"]);
        assert_eq!(skus(&platform, "b").await, ["X1-3"]);
        assert_eq!(skus(&platform, "d").await, ["N/A-2"]);
    }
    // Without its options a product's variants are found by their suffixes.
    let prices = "Handle,Title,Variant SKU,Variant Price\na,A,X1,5\na,,X1,6\nb,B,X1,7\n";
    assert_eq!(counts(&both(&platform, prices).await), [0, 2, 0, 0]);
    let prices: Vec<i64> =
        product(&platform, "a").await.variants.into_iter().map(|it| it.price).collect();
    assert_eq!((prices, skus(&platform, "b").await), (vec![500, 600], vec!["X1-3".to_owned()]));
}

#[databases]
async fn rows_in_another_order_stay_with_their_variants(database: Database) {
    let head = "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price\n";
    let file = format!("{head}top,Top,Size,S,T,1\ntop,,,M,T,2\ntop,,,L,T,3\n");
    let platform = database.platform(crate::MIGRATIONS).await;
    both(&platform, &file).await;
    let before = product(&platform, "top").await;
    let other = format!("{head}top,Top,Size,L,T,3\ntop,,,S,T,1\ntop,,,M,T,2\n");
    both(&platform, &other).await;
    let after = product(&platform, "top").await;
    for variant in &before.variants {
        let now = after.variants.iter().find(|it| it.id == variant.id).unwrap();
        assert_eq!((&now.sku, &now.title), (&variant.sku, &variant.title), "{platform:?}");
    }
}

#[databases]
async fn skus_move_between_products_in_any_order_of_rows(database: Database) {
    let head = "Handle,Title,Variant SKU,Variant Price,Variant Inventory Tracker,\
                Variant Inventory Qty\n";
    let platform = database.platform(crate::MIGRATIONS).await;
    let rows = |skus: [&str; 3]| {
        let rows = skus.iter().enumerate();
        rows.map(|(at, sku)| format!("p{at},P,{sku},5,shopify,{}\n", at + 1)).collect::<String>()
    };
    let first = format!("{head}{}", rows(["A", "B", "C"]));
    both(&platform, &first).await;
    // Down, up, around, and back again.
    for skus_now in [
        ["B", "C", "D"],
        ["A", "B", "C"],
        ["C", "A", "B"],
        ["B", "C", "A"],
        ["C", "B", "A"],
        ["E", "C", "B"],
    ] {
        let file = format!("{head}{}", rows(skus_now));
        let report = both(&platform, &file).await;
        assert_eq!(lines(&report), Vec::<String>::new(), "{skus_now:?}");
        assert_eq!(report.products_created, 0);
        for (at, sku) in skus_now.iter().enumerate() {
            let it = product(&platform, &format!("p{at}")).await;
            let variant = &it.variants[0];
            assert_eq!((variant.sku.as_str(), variant.on_hand), (*sku, at as i64 + 1));
        }
        let again = both(&platform, &file).await;
        assert_eq!(counts(&again), [0, 0, 3, 0], "{skus_now:?} {platform:?}");
    }
}

#[databases]
async fn skus_move_across_batches(database: Database) {
    const COUNT: usize = 150;
    let platform = database.platform(crate::MIGRATIONS).await;
    let file = |shift: usize| {
        let rows = (0..COUNT).map(|at| format!("p{at},P,S{},5\n", at + shift));
        let head = "Handle,Title,Variant SKU,Variant Price\n".to_owned();
        std::iter::once(head).chain(rows).collect::<String>()
    };
    both(&platform, &file(0)).await;
    for shift in [1, 0, 120] {
        let report = both(&platform, &file(shift)).await;
        assert_eq!(lines(&report), Vec::<String>::new(), "{shift}");
        for at in [0, 1, 98, 99, 100, 149] {
            let skus = skus(&platform, &format!("p{at}")).await;
            assert_eq!(skus, [format!("S{}", at + shift)], "{platform:?}");
        }
        let again = both(&platform, &file(shift)).await;
        assert_eq!(counts(&again), [0, 0, COUNT as u64, 0], "{shift}");
    }
    // The last one's SKU goes to the first, the others move on.
    let head = "Handle,Title,Variant SKU,Variant Price\n";
    let ring: String =
        (0..COUNT).map(|at| format!("p{at},P,S{},5\n", 120 + (at + 1) % COUNT)).collect();
    let report = both(&platform, &format!("{head}{ring}")).await;
    assert_eq!(lines(&report), Vec::<String>::new());
    assert_eq!(skus(&platform, "p149").await, ["S120"], "{platform:?}");
}

#[databases]
async fn a_new_product_takes_what_one_further_down_gives_up(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let head = "Handle,Title,Variant SKU,Variant Price\n";
    both(&platform, &format!("{head}p1,P1,MV,5\n")).await;
    let file = format!("{head}p2,P2,MV,5\np1,P1,MV-NEW,5\n");
    let report = both(&platform, &file).await;
    assert_eq!(
        (counts(&report), lines(&report)),
        ([1, 1, 0, 0], Vec::<String>::new()),
        "{platform:?}"
    );
    assert_eq!(skus(&platform, "p2").await, ["MV"]);
    assert_eq!(skus(&platform, "p1").await, ["MV-NEW"]);
    // Whoever keeps it keeps it.
    let file = format!("{head}p3,P3,MV,5\np2,P2,MV,6\n");
    let report = both(&platform, &file).await;
    assert_eq!(
        lines(&report),
        ["line 2, p3: Variant SKU MV belongs to the product p2; this variant has MV-2"]
    );
}

#[databases]
async fn products_without_a_handle_are_found_again(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let file = "Title,Variant SKU,Variant Price\nNo handle,,5\nMug,M-1,5\nMug,M-2,6\n";
    for created in [3, 0] {
        let report = both(&platform, file).await;
        assert_eq!(counts(&report), [created, 0, 3 - created, 0], "{:?}", lines(&report));
    }
    assert_eq!(skus(&platform, "mug").await, ["M-1"]);
    assert_eq!(skus(&platform, "mug-2").await, ["M-2"], "{platform:?}");
}
