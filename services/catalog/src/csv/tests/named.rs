//! A file changes what it names, and removes nothing unless it is told to.

use super::*;
use chassis::testing::{Database, databases};

const FULL: &str = "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,\
    Variant Inventory Tracker,Variant Inventory Qty,Image Src,Image Alt Text\n\
    ov,Overall,Size,S,OV-S,5,shopify,3,https://example.com/1.jpg,Front\n\
    ov,,,M,OV-M,5,shopify,4,https://example.com/2.jpg,Back\n\
    ov,,,L,OV-L,5,shopify,5,,\n";

const ALL: Options = Options { stock: OfExisting::Edited, remove_missing: true };

/// What a preview says and an import does, which is the same.
async fn both(platform: &TestPlatform, options: Options, file: &str) -> Report {
    let before = look_with(platform, options, file).await.report;
    let report = run_with(platform, options, file).await;
    assert_eq!(before, report, "{platform:?}");
    assert_eq!(crate::invariants::ledger(&platform.db).await.unwrap(), Vec::<String>::new());
    report
}

/// SKU, option, price and units of its variants.
fn variants(product: &Product) -> Vec<(&str, &str, i64, i64)> {
    let shown = product.variants.iter();
    shown.map(|it| (it.sku.as_str(), it.title.as_str(), it.price, it.on_hand)).collect()
}

fn urls(product: &Product) -> Vec<&str> {
    product.images.iter().map(|it| it.url.rsplit('/').next().unwrap()).collect()
}

#[databases]
async fn variants_that_a_file_does_not_name_stay(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    run(&platform, FULL).await;
    let before = product(&platform, "ov").await;
    for file in [
        "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price\nov,Overall,Size,S,OV-S,6\n",
        "Handle,Title,Variant SKU,Variant Price\nov,Overall,OV-S,7\n",
        // Without a handle the SKU says which product it is.
        "Title,Variant SKU,Variant Price\nOverall,OV-S,8\n",
    ] {
        let report = both(&platform, Options::default(), file).await;
        assert_eq!((counts(&report), report.removed), ([0, 1, 0, 0], 0), "{:?}", lines(&report));
        let again = both(&platform, Options::default(), file).await;
        assert_eq!(counts(&again), [0, 0, 1, 0], "{platform:?}");
    }
    let after = product(&platform, "ov").await;
    let expected = [("OV-S", "S", 800, 3), ("OV-M", "M", 500, 4), ("OV-L", "L", 500, 5)];
    assert_eq!(variants(&after), expected, "{platform:?}");
    assert_eq!((&after.options, &after.images), (&before.options, &before.images));
    let ids = |it: &Product| it.variants.iter().map(|it| it.id).collect::<Vec<_>>();
    assert_eq!(ids(&after), ids(&before));
}

#[databases]
async fn what_goes_is_named_with_its_units_and_only_where_it_was_asked_for(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    run(&platform, FULL).await;
    let file = "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Image Src\n\
                ov,Overall,Size,S,OV-S,6,https://example.com/2.jpg\n";
    assert!(both(&platform, Options::default(), file).await.removals.is_empty());
    let report = both(&platform, ALL, file).await;
    let named: Vec<String> = report.removals.iter().map(ToString::to_string).collect();
    let expected = [
        "ov, variant OV-M with 4 units",
        "ov, variant OV-L with 5 units",
        "ov, image https://example.com/1.jpg",
        "ov, option Size: M",
        "ov, option Size: L",
    ];
    assert_eq!((named.as_slice(), report.removed), (&expected.map(str::to_owned)[..], 5));
    let after = product(&platform, "ov").await;
    assert_eq!(variants(&after), [("OV-S", "S", 600, 3)]);
    assert_eq!((urls(&after), after.images[0].alt.as_deref()), (vec!["2.jpg"], Some("Back")));
    assert_eq!(store::stock::find(&platform.db, "OV-M").await.unwrap(), None, "{platform:?}");
}

#[databases]
async fn what_orders_hold_is_not_removed(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    run(&platform, FULL).await;
    let mut tx = platform.db.begin().await.unwrap();
    store::stock::reserve(&mut tx, &StockLine::new("OV-M", 1), noon()).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    let file = "Handle,Title,Variant SKU,Variant Price\nov,Overall,OV-S,6\nb,B,B-1,1\n";
    let before = look_with(&platform, ALL, file).await.report;
    let report = run_with(&platform, ALL, file).await;
    assert_eq!(before, report, "{platform:?}");
    assert_eq!(lines(&report), ["line 2, ov: orders hold units of OV-M; try again later"]);
    assert_eq!((counts(&report), report.removed), ([1, 0, 0, 1], 0));
    assert_eq!(variants(&product(&platform, "ov").await).len(), 3, "{platform:?}");
}

#[databases]
async fn a_file_may_say_nothing_of_variants_or_pictures(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    run(&platform, FULL).await;
    let before = product(&platform, "ov").await;
    for (options, vendor) in [(Options::default(), "V"), (ALL, "W")] {
        let file = format!("Handle,Title,Vendor\nov,Overall,{vendor}\n");
        let report = both(&platform, options, &file).await;
        assert_eq!((counts(&report), report.removed), ([0, 1, 0, 0], 0), "{:?}", lines(&report));
        let after = product(&platform, "ov").await;
        assert_eq!(after.vendor, vendor);
        assert_eq!((&after.variants, &after.images), (&before.variants, &before.images));
    }
}

#[databases]
async fn pictures_that_a_file_does_not_name_stay_in_their_order(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    run(&platform, FULL).await;
    let file = |rows: &str| format!("Handle,Title,Image Src,Image Alt Text\n{rows}");
    let one = file("ov,Overall,https://example.com/2.jpg,Rear\n");
    both(&platform, Options::default(), &one).await;
    let it = product(&platform, "ov").await;
    assert_eq!(urls(&it), ["1.jpg", "2.jpg"]);
    assert_eq!(it.images[0].alt.as_deref(), Some("Front"));
    assert_eq!(it.images[1].alt.as_deref(), Some("Rear"));
    both(&platform, Options::default(), &file("ov,Overall,https://example.com/3.jpg,\n")).await;
    assert_eq!(urls(&product(&platform, "ov").await), ["1.jpg", "2.jpg", "3.jpg"]);
    // A file that names all of them says in which order.
    let rows = "ov,Overall,https://example.com/3.jpg,\nov,,https://example.com/1.jpg,\n\
                ov,,https://example.com/2.jpg,\n";
    both(&platform, Options::default(), &file(rows)).await;
    let it = product(&platform, "ov").await;
    assert_eq!(urls(&it), ["3.jpg", "1.jpg", "2.jpg"]);
    assert_eq!(it.images[1].alt.as_deref(), Some("Front"), "{platform:?}");
    assert_eq!(variants(&it).len(), 3);
}

#[databases]
async fn new_variants_come_last_and_options_keep_what_they_had(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    run(&platform, FULL).await;
    let file = "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price\n\
                ov,Overall,size,XL,OV-XL,9\nov,,,M,OV-M,6\n";
    both(&platform, Options::default(), file).await;
    let it = product(&platform, "ov").await;
    let expected = [
        ("OV-S", "S", 500, 3),
        ("OV-M", "M", 600, 4),
        ("OV-L", "L", 500, 5),
        ("OV-XL", "XL", 900, 0),
    ];
    assert_eq!(variants(&it), expected, "{platform:?}");
    assert_eq!((it.options[0].name.as_str(), it.options.len()), ("size", 1));
    // An option more needs a value for each variant, so each has to be named.
    let more = "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price\n\
                ov,Overall,Colour,Red,OV-S,5\n";
    let report = both(&platform, Options::default(), more).await;
    assert_eq!(counts(&report), [0, 0, 0, 1]);
    let wrong = &lines(&report)[0];
    assert!(wrong.contains("OV-M") && wrong.contains("remove_missing"), "{wrong}");
    let all = format!("{more}ov,,,Red,OV-M,6\nov,,,Red,OV-L,5\nov,,,Blue,OV-XL,9\n");
    assert_eq!(counts(&both(&platform, Options::default(), &all).await), [0, 1, 0, 0]);
    let titles: Vec<String> =
        product(&platform, "ov").await.variants.into_iter().map(|it| it.title).collect();
    assert_eq!(titles, ["S / Red", "M / Red", "L / Red", "XL / Blue"], "{platform:?}");
}

#[databases]
async fn without_options_a_row_needs_a_sku_of_the_product(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    run(&platform, FULL).await;
    let file = "Handle,Title,Variant SKU,Variant Price\nov,Overall,OV-XL,6\n";
    let report = both(&platform, Options::default(), file).await;
    assert_eq!(
        lines(&report),
        ["line 2, ov: Variant SKU OV-XL is none of this product, and without its options there \
          cannot be a new variant"]
    );
    let file = "Handle,Title,Variant Price\nov,Overall,6\n";
    let report = both(&platform, Options::default(), file).await;
    assert!(lines(&report)[0].contains("Variant SKU is missing"), "{:?}", lines(&report));
}

#[databases]
async fn what_is_sold_beyond_the_stock_is_none_left(database: Database) {
    let file = "Handle,Title,Variant SKU,Variant Price,Variant Inventory Tracker,\
                Variant Inventory Qty,Variant Inventory Policy\n\
                neg,Oversold,NEG,5,shopify,-3,deny\n";
    let platform = database.platform(crate::MIGRATIONS).await;
    for created in [1, 0] {
        let report = both(&platform, Options::default(), file).await;
        assert_eq!(counts(&report), [created, 0, 1 - created, 0], "{:?}", lines(&report));
        assert_eq!((report.warnings, report.stock_kept), (1, 0));
        assert!(lines(&report)[0].contains("Variant Inventory Qty is -3"), "{:?}", lines(&report));
    }
    assert_eq!(product(&platform, "neg").await.variants[0].on_hand, 0, "{platform:?}");
}
