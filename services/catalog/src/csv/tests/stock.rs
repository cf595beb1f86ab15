//! What a file does to the stock of variants that exist.

use super::*;
use chassis::testing::{Database, databases};

const HEADER: &str =
    "Handle,Title,Variant SKU,Variant Price,Variant Inventory Tracker,Variant Inventory Qty";

/// A shop with ten of `S-A`, and a file that says so.
async fn stocked(platform: &TestPlatform) -> String {
    let file = plain(10);
    assert_eq!(counts(&run(platform, &file).await), [1, 0, 0, 0]);
    file
}

/// A file as other programs write it.
fn plain(quantity: i64) -> String {
    format!("{HEADER}\na,A,S-A,1,shopify,{quantity}\n")
}

/// An export in which somebody changed the quantity.
fn edited(exported: &str, from: i64, to: i64) -> String {
    let (from, to) = (format!("shopify,{from},"), format!("shopify,{to},"));
    assert!(exported.contains(&from), "{exported}");
    exported.replace(&from, &to)
}

async fn on_hand(platform: &TestPlatform) -> i64 {
    product(platform, "a").await.variants[0].on_hand
}

async fn sell(platform: &TestPlatform, units: i64) {
    let mut tx = platform.db.begin().await.unwrap();
    let mut books = crate::books::StockTx::open(&mut tx, noon(), 0);
    let figure = Some(crate::model::Figure::Adjust(-units));
    books.set("S-A", crate::model::StockChange { policy: None, figure }, "order:x").await.unwrap();
    tx.commit().await.unwrap();
}

/// What a preview says and an import does, which is the same.
async fn both(platform: &TestPlatform, stock: OfExisting, file: &str) -> Report {
    let before = look_as(platform, stock, file).await.report;
    let report = run_as(platform, stock, file).await;
    assert_eq!(before, report, "{platform:?}");
    assert_eq!(crate::invariants::ledger(&platform.db).await.unwrap(), Vec::<String>::new());
    report
}

#[databases]
async fn an_export_that_nobody_changed_changes_nothing_whatever_was_sold(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    stocked(&platform).await;
    let exported = export_of(&platform).await;
    sell(&platform, 3).await;
    let report = both(&platform, OfExisting::Edited, &exported).await;
    assert_eq!((counts(&report), report.stock_kept), ([0, 0, 1, 0], 0));
    assert_eq!(on_hand(&platform).await, 7, "{platform:?}");
}

#[databases]
async fn what_was_changed_in_an_export_is_added_once_to_what_there_is(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    stocked(&platform).await;
    let exported = export_of(&platform).await;
    let more = edited(&exported, 10, 15);
    sell(&platform, 3).await;
    for (at, updated) in [1, 0, 0].into_iter().enumerate() {
        let report = both(&platform, OfExisting::Edited, &more).await;
        assert_eq!(counts(&report), [0, updated, 1 - updated, 0], "{at}, {platform:?}");
        assert_eq!(on_hand(&platform).await, 12, "{platform:?}");
    }
    // The same file once more, corrected: what it says is meant, not added.
    both(&platform, OfExisting::Edited, &edited(&exported, 10, 12)).await;
    assert_eq!(on_hand(&platform).await, 9, "{platform:?}");
    // Another export is another file.
    let next = edited(&export_of(&platform).await, 9, 14);
    both(&platform, OfExisting::Edited, &next).await;
    assert_eq!(on_hand(&platform).await, 14, "{platform:?}");
    let ledger = store::stock::ledger(&platform.db, "S-A", i64::MAX, 1).await.unwrap();
    assert_eq!((ledger[0].kind.as_str(), ledger[0].delta_on_hand), ("adjust", 5));
    assert!(ledger[0].reference.starts_with("export:"), "{ledger:?}");
}

#[databases]
async fn a_product_that_an_edited_export_makes_has_its_figure_once(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    stocked(&platform).await;
    let more = edited(&export_of(&platform).await, 10, 15);
    let mut tx = platform.db.begin().await.unwrap();
    let old = store::products::find_in(&mut tx, "a").await.unwrap().unwrap();
    let mut books = crate::books::StockTx::open(&mut tx, noon(), 0);
    crate::products::delete(&mut books, &old).await.unwrap();
    tx.commit().await.unwrap();
    for created in [1, 0] {
        let report = both(&platform, OfExisting::Edited, &more).await;
        assert_eq!(counts(&report), [created, 0, 1 - created, 0], "{platform:?}");
        assert_eq!(on_hand(&platform).await, 15, "{platform:?}");
    }
}

#[databases]
async fn a_file_that_is_no_export_leaves_the_stock_and_says_so(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let file = stocked(&platform).await;
    let report = both(&platform, OfExisting::Edited, &file).await;
    assert_eq!((counts(&report), report.stock_kept), ([0, 0, 1, 0], 0));
    sell(&platform, 3).await;
    let report = both(&platform, OfExisting::Edited, &file).await;
    assert_eq!((counts(&report), report.stock_kept), ([0, 0, 1, 0], 1), "{platform:?}");
    let renamed = file.replace(",A,", ",B,");
    let report = both(&platform, OfExisting::Edited, &renamed).await;
    assert_eq!((counts(&report), report.stock_kept), ([0, 1, 0, 0], 1), "{platform:?}");
    assert_eq!(on_hand(&platform).await, 7, "{platform:?}");
}

#[databases]
async fn a_file_sets_the_stock_if_told_to_but_never_below_what_is_reserved(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    stocked(&platform).await;
    let exported = export_of(&platform).await;
    sell(&platform, 3).await;
    for file in [plain(10), exported] {
        let report = both(&platform, OfExisting::Set, &file).await;
        assert_eq!((on_hand(&platform).await, report.stock_kept), (10, 0), "{platform:?}");
        sell(&platform, 3).await;
    }
    let mut tx = platform.db.begin().await.unwrap();
    store::stock::reserve(&mut tx, &StockLine::new("S-A", 3), noon()).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    let report = look_as(&platform, OfExisting::Set, plain(2)).await.report;
    assert_eq!(report, run_as(&platform, OfExisting::Set, plain(2)).await);
    assert_eq!(counts(&report), [0, 0, 0, 1], "{platform:?}");
    let problem = "line 2, a: orders hold 3 units of S-A; on_hand cannot be below that";
    assert_eq!(lines(&report), [problem]);
    // Nor by a difference.
    let exported = export_of(&platform).await;
    let less = edited(&exported, 7, 2);
    assert_eq!(counts(&run(&platform, less).await), [0, 0, 0, 1], "{platform:?}");
    assert_eq!(on_hand(&platform).await, 7, "{platform:?}");
}

#[databases]
async fn an_export_that_is_none_of_ours_is_refused_by_its_row(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let file = format!(
        "{HEADER},Inventory Qty At Export,Inventory Export\na,A,S-A,1,shopify,5,5,monday\n"
    );
    let report = run(&platform, file).await;
    assert_eq!(
        lines(&report),
        ["line 2, a: Inventory Export \"monday\" is not one of our exports"]
    );
}
