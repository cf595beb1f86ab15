//! Files of real shops' kinds, walked through: preview, import, the same again, export, and what was
//! exported into an empty shop, whose export is the same.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use chassis::testing::{Database, databases};

/// The files, beside the repository.
fn files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/cases/catalog");
    let Ok(entries) = fs::read_dir(&root) else {
        let required = std::env::var("REQUIRE_SHARED").is_ok_and(|it| it == "1");
        assert!(!required, "no {}", root.display());
        eprintln!("skipped: no {}", root.display());
        return vec![];
    };
    let paths = entries.map(|it| it.unwrap().path());
    let is_table = |it: &PathBuf| it.extension().is_some_and(|it| it == "csv" || it == "tsv");
    let mut files: Vec<PathBuf> = paths.filter(is_table).collect();
    files.sort();
    files
}

/// An empty shop again.
async fn cleared(platform: &TestPlatform) {
    for statement in [
        "DELETE FROM stock",
        "DELETE FROM products",
        "DELETE FROM stock_ledger",
        "DELETE FROM categories",
    ] {
        platform.db.query(statement).execute().await.unwrap();
    }
}

#[databases]
async fn every_file_of_the_cases_comes_back_as_it_went(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let empty = database.platform(crate::MIGRATIONS).await;
    let (mut imported, files) = (0, files());
    for file in &files {
        cleared(&platform).await;
        cleared(&empty).await;
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = fs::read(file).unwrap();
        let clock = Clock::Fixed(noon());
        let (db, currency, options) = (&platform.db, &platform.currency, Options::default());
        let before = preview(db, clock, currency, options, bytes.as_slice()).await;
        let report = import(db, clock, currency, options, bytes.as_slice(), |_| {}).await;
        let report = match (before, report) {
            (Ok(before), Ok(report)) => {
                assert_eq!(before.report, report, "{name}");
                report
            }
            (Err(before), Err(report)) => {
                assert_eq!(before.to_string(), report.to_string(), "{name}");
                continue;
            }
            (before, report) => panic!("{name}: {before:?}, {report:?}"),
        };
        assert!(report.removals.is_empty(), "{name}");
        let again = run(&platform, &bytes).await;
        let [created, updated, _, rejected] = counts(&again);
        assert_eq!([created, updated], [0, 0], "{name}: {:?}", lines(&again));
        assert_eq!((rejected, &again.problems), (report.rejected, &report.problems), "{name}");
        let held = crate::invariants::ledger(&platform.db).await.unwrap();
        assert_eq!(held, Vec::<String>::new(), "{name}");
        if report.products_created == 0 {
            continue;
        }
        imported += report.products_created;
        let exported = export_of(&platform).await;
        let [created, updated, _, rejected] = counts(&run(&platform, &exported).await);
        assert_eq!([created, updated, rejected], [0, 0, 0], "{name}");
        let report = run(&empty, &exported).await;
        assert_eq!(report.rejected, 0, "{name}: {:#?}", lines(&report));
        let (first, second) = (nameless(&exported), nameless(&export_of(&empty).await));
        assert!(first == second, "{name}: {}", first_difference(&first, &second));
    }
    assert!(files.is_empty() || imported > 60, "{imported}");
}

#[databases]
async fn categories_of_refused_products_are_not_made_and_one_name_is_one_category(
    database: Database,
) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let file = "Handle,Title,Type,Variant Price\nrj,Rejected,Ghost > Shelf,1\nc1,C1,K\u{fc}che,5\n\
                c2,C2,Ku\u{308}che,5\nc3,C3,K\u{dc}CHE,5\n";
    let refused = file.replace("rj,Rejected", &format!("rj,{}", "x".repeat(300)));
    let report = run(&platform, refused).await;
    assert_eq!(counts(&report), [3, 0, 0, 1], "{:?}", lines(&report));
    let tree = store::categories::tree(&platform.db).await.unwrap();
    let names: Vec<&str> = tree.all().iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["K\u{fc}che"], "{platform:?}");
    assert_eq!(tree.all()[0].slug, "k\u{fc}che");
    // Refused by what orders hold, in the transaction that would have made its category.
    run(&platform, "Handle,Title,Variant SKU,Variant Price,Variant Inventory Qty\nh,H,H-1,1,5\n")
        .await;
    let mut tx = platform.db.begin().await.unwrap();
    store::stock::reserve(&mut tx, &StockLine::new("H-1", 1), noon()).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    let report = run(&platform, "Handle,Title,Type,Variant SKU\nh,H,Ghost,H-2\n").await;
    assert_eq!(report.rejected, 1, "{:?}", lines(&report));
    let tree = store::categories::tree(&platform.db).await.unwrap();
    assert_eq!(tree.all().len(), 1, "{platform:?}");
}
