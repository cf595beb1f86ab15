use chassis::clock::Clock;
use chassis::db::{Db, Session};
use chassis::testing::{Database, TestPlatform, databases, noon};
use contracts::catalog::StockLine;

use super::*;
use crate::model::{Policy, Product, Status};
use crate::store;

mod stock;
mod wrong;

const APPAREL: &[u8] = include_bytes!("../../tests/data/apparel.csv");
const JEWELERY: &[u8] = include_bytes!("../../tests/data/jewelery.csv");
const FLIPKART: &[u8] = include_bytes!("../../tests/data/flipkart-cut.csv");

async fn run(platform: &TestPlatform, input: impl AsRef<[u8]>) -> Report {
    run_as(platform, OfExisting::Edited, input).await
}

async fn run_as(platform: &TestPlatform, stock: OfExisting, input: impl AsRef<[u8]>) -> Report {
    let clock = Clock::Fixed(noon());
    let (db, currency) = (&platform.db, &platform.currency);
    import(db, clock, currency, stock, input.as_ref(), |_| {}).await.unwrap()
}

async fn export_of(platform: &TestPlatform) -> String {
    let mut out = Vec::new();
    export(&platform.db, &platform.currency, &mut out, |_| {}).await.unwrap();
    String::from_utf8(out).unwrap()
}

/// What an import would do.
async fn look(platform: &TestPlatform, input: impl AsRef<[u8]>) -> Preview {
    look_as(platform, OfExisting::Edited, input).await
}

async fn look_as(platform: &TestPlatform, stock: OfExisting, input: impl AsRef<[u8]>) -> Preview {
    let (db, currency) = (&platform.db, &platform.currency);
    preview(db, Clock::Fixed(noon()), currency, stock, input.as_ref()).await.unwrap()
}

/// An export without its name, which is another one each time.
fn nameless(exported: &str) -> String {
    let mut records = csv::Reader::from_reader(exported.as_bytes());
    let at = records.headers().unwrap().iter().position(|it| it == "Inventory Export").unwrap();
    let first = records.records().next().unwrap().unwrap();
    exported.replace(&first[at], "")
}

/// Created, updated, unchanged, rejected.
fn counts(report: &Report) -> [u64; 4] {
    [report.products_created, report.updated, report.unchanged, report.rejected]
}

fn lines(report: &Report) -> Vec<String> {
    report.problems.iter().map(ToString::to_string).collect()
}

async fn product(platform: &TestPlatform, handle: &str) -> Product {
    let found = store::products::find(&platform.db, handle).await.unwrap();
    found.unwrap_or_else(|| panic!("there is no {handle}"))
}

async fn category_names(platform: &TestPlatform, product: &Product) -> Vec<String> {
    let tree = store::categories::tree(&platform.db).await.unwrap();
    let path = product.category_ids.iter().flat_map(|it| tree.path(*it));
    path.map(|it| it.name.clone()).collect()
}

async fn events(db: &Db) -> i64 {
    db.query("SELECT count(*) FROM outbox").one::<(i64,)>().await.unwrap().0
}

#[databases]
async fn a_product_is_what_its_rows_say(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    assert_eq!(counts(&run(&platform, JEWELERY).await), [20, 0, 0, 0]);
    let anchor = product(&platform, "leather-anchor").await;
    assert_eq!(anchor.title, "Anchor Bracelet Mens");
    assert_eq!(anchor.vendor, "Company 123");
    assert_eq!(anchor.tags, ["Anchor", "Gold", "Leather", "Silver"]);
    assert_eq!(anchor.status, Status::Active);
    assert_eq!(anchor.options[0].values, ["Gold", "Silver"]);
    assert_eq!(anchor.images.len(), 3);
    assert!(anchor.images[2].url.ends_with("leather-anchor-bracelet-for-men_925x.jpg"));
    let [gold, silver] = anchor.variants.as_slice() else { panic!("{anchor:?}") };
    assert_eq!((gold.price, gold.compare_at_price), (6999, Some(8500)));
    assert_eq!((silver.price, silver.sku.as_str()), (5500, "LEATHER-ANCHOR-SILVER"));
    // There is no tracker: the units are not counted, but kept.
    assert_eq!((gold.policy, gold.on_hand, gold.available()), (Policy::Untracked, 1, None));
    assert!(gold.image.as_deref().unwrap().contains("anchor-bracelet-mens"));
    assert_eq!(category_names(&platform, &anchor).await, ["Bracelet"]);
    let feathers = product(&platform, "bangle-bracelet-with-feathers").await;
    assert!(feathers.has_default_variant_only());
}

#[databases]
async fn broken_rows_cost_their_product_only(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let report = run(&platform, FLIPKART).await;
    assert_eq!(counts(&report), [49, 0, 0, 3], "{:#?}", lines(&report));
    let rejected: Vec<_> = report.problems.iter().filter(|it| it.rejected).collect();
    assert!(rejected.iter().all(|it| it.reason == "Variant Price is empty"));
    assert_eq!(rejected[0].handle, "sicons-all-purpose-tea-tree-dog-shampoo-psoeh3zyyfetgccd");
    assert!(report.warnings > 0);
    // A title in the place of a category is a warning; six levels are six categories.
    let kurta = "eternal-gandhi-super-series-crystal-paper-weight-with-silver-pcuei7cdpkxpgzqb";
    let handle = report.problems.iter().find(|it| !it.rejected).map(|it| it.handle.as_str());
    let odd = product(&platform, handle.unwrap_or(kurta)).await;
    assert!(odd.category_ids.is_empty() && !odd.product_type.is_empty());
    let tree = store::categories::tree(&platform.db).await.unwrap();
    assert_eq!(tree.all().iter().map(|it| tree.path(it.id).len()).max(), Some(6));
}

#[databases]
async fn twice_changes_nothing(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    for file in [APPAREL, JEWELERY, FLIPKART] {
        let first = run(&platform, file).await;
        let before = events(&platform.db).await;
        let second = run(&platform, file).await;
        assert_eq!(counts(&second), [0, 0, first.products_created, first.rejected], "{platform:?}");
        assert_eq!(second.problems, first.problems);
        assert_eq!(events(&platform.db).await, before, "{platform:?}");
    }
}

#[databases]
async fn a_preview_tells_what_an_import_would_do_and_does_nothing(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    for file in [APPAREL, JEWELERY, FLIPKART] {
        let before = events(&platform.db).await;
        let new = look(&platform, file).await;
        assert_eq!(events(&platform.db).await, before);
        assert!(new.sample.iter().all(|it| it.action == Action::Create));
        let report = run(&platform, file).await;
        assert_eq!(new.report, report, "{platform:?}");
        assert_eq!(new.products, counts(&report).iter().sum::<u64>());
        assert_eq!(new.rows, count_rows(file).unwrap());
        let again = look(&platform, file).await;
        assert_eq!(counts(&again.report), [0, 0, report.products_created, report.rejected]);
        assert_eq!(again.sample.len(), new.sample.len());
        assert_eq!(again.sample[0].product.slug, new.sample[0].product.slug);
    }
    let text = String::from_utf8(APPAREL.to_vec()).unwrap();
    let dearer = text.replacen("deny,manual,50,", "deny,manual,51.5,", 1);
    assert_eq!(counts(&look(&platform, dearer).await.report), [0, 1, 19, 0]);
}

#[databases]
async fn a_preview_knows_what_orders_hold(database: Database) {
    let file = |sku: &str, quantity: i64| {
        format!(
            "Handle,Title,Variant SKU,Variant Price,Variant Inventory Tracker,Variant Inventory Qty\n\
             a,A,{sku},1,shopify,{quantity}\n"
        )
    };
    let platform = database.platform(crate::MIGRATIONS).await;
    run(&platform, file("S-A", 5)).await;
    let mut tx = platform.db.begin().await.unwrap();
    store::stock::reserve(&mut tx, &StockLine::new("S-A", 3), noon()).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    for (sku, quantity, wrong) in [("S-A", 3, 0), ("S-A", 2, 1), ("S-B", 9, 1)] {
        let (stock, file) = (OfExisting::Set, file(sku, quantity));
        let before = look_as(&platform, stock, &file).await.report;
        assert_eq!(before.rejected, wrong, "{sku} {quantity}");
        assert_eq!(before, run_as(&platform, stock, &file).await);
    }
}

#[databases]
async fn pictures_of_another_shop_s_own_are_left_out(database: Database) {
    let picture = "/api/v1/media/019a0000-0000-7000-8000-000000000001";
    let file = format!(
        "Handle,Title,Variant Price,Image Src,Variant Image\n\
         a,A,1,{picture},{picture}\na,,,https://example.com/a.jpg,\n"
    );
    let platform = database.platform(crate::MIGRATIONS).await;
    let report = run(&platform, &file).await;
    assert_eq!(counts(&report), [1, 0, 0, 0], "{:?}", lines(&report));
    assert_eq!((report.warnings, report.problems[0].line), (2, 2));
    let it = product(&platform, "a").await;
    assert_eq!((it.images.len(), it.variants[0].image.as_deref()), (1, None));
    assert_eq!(counts(&run(&platform, &file).await), [0, 0, 1, 0]);
}

#[databases]
async fn a_changed_price_changes_that_product_only(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    run(&platform, APPAREL).await;
    let before = events(&platform.db).await;
    let text = String::from_utf8(APPAREL.to_vec()).unwrap();
    let dearer = text.replacen("deny,manual,50,", "deny,manual,51.5,", 1);
    assert_eq!(counts(&run(&platform, dearer).await), [0, 1, 19, 0]);
    let shirt = product(&platform, "ocean-blue-shirt").await;
    assert_eq!((shirt.variants[0].price, shirt.version), (5150, 2));
    assert_eq!(events(&platform.db).await, before + 1);
}

#[databases]
async fn what_was_exported_imports_unchanged(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let empty = database.platform(crate::MIGRATIONS).await;
    for file in [APPAREL, JEWELERY, FLIPKART] {
        run(&platform, file).await;
    }
    run(&platform, ODD).await;
    let exported = export_of(&platform).await;
    let again = run(&platform, &exported).await;
    assert_eq!(counts(&again), [0, 0, 90, 0], "{:#?}", lines(&again));
    let report = run(&empty, &exported).await;
    assert_eq!(counts(&report), [90, 0, 0, 0], "{:#?}", lines(&report));
    let (exported, second) = (nameless(&exported), nameless(&export_of(&empty).await));
    assert!(exported == second, "{}", first_difference(&exported, &second));
}

#[databases]
async fn no_cell_of_an_export_is_a_formula_and_it_imports_as_it_was(database: Database) {
    let file = "Handle,Title,Body (HTML),Vendor,Type,Tags,Option1 Name,Option1 Value,Variant SKU,\
        Variant Grams,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,\
        Variant Price,Variant Barcode,Image Src,Image Alt Text,SEO Title,SEO Description\n\
        '=a,'=1+1,\"'\t=x\",'+cmd|' /C calc'!A0,'@kind,\"'-tag, =tag\",'=Size,'-S,'-SKU,\
        0,shopify,-3,continue,1.50,'+49,https://example.com/a.png,''=alt,'=seo,\"'@SUM(1,2)\"\n";
    let platform = database.platform(crate::MIGRATIONS).await;
    let report = run(&platform, file).await;
    assert_eq!(counts(&report), [1, 0, 0, 0], "{:#?}", lines(&report));
    let it = product(&platform, "=a").await;
    assert_eq!((it.title.as_str(), it.vendor.as_str()), ("=1+1", "+cmd|' /C calc'!A0"));
    assert_eq!((it.tags[0].as_str(), it.product_type.as_str()), ("-tag", "@kind"));
    assert_eq!(it.images[0].alt.as_deref(), Some("'=alt"));
    assert_eq!(it.seo_title.as_deref(), Some("=seo"));
    assert_eq!(it.seo_description.as_deref(), Some("@SUM(1,2)"));
    let variant = &it.variants[0];
    assert_eq!((variant.sku.as_str(), variant.on_hand), ("-SKU", -3));
    assert_eq!(variant.options["=Size"], "-S");

    let exported = export_of(&platform).await;
    let mut records = csv::Reader::from_reader(exported.as_bytes());
    let header = records.headers().unwrap().clone();
    for record in records.records() {
        for (name, cell) in header.iter().zip(&record.unwrap()) {
            let number = name.contains("Inventory Qty") && cell == "-3";
            let plain = !cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
            assert!(number || plain, "{name}: {cell}");
        }
    }
    assert_eq!(counts(&run(&platform, &exported).await), [0, 0, 1, 0], "{exported}");
    assert_eq!(product(&platform, "=a").await, it);
}

/// Everything a file can say that the others do not.
const ODD: &str = "\u{feff}Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,\
    Option1 Value,Option2 Name,Option2 Value,Option3 Name,Option3 Value,Variant SKU,\
    Variant Grams,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,\
    Variant Price,Variant Compare At Price,Variant Requires Shipping,Variant Taxable,\
    Variant Barcode,Image Src,Image Position,Image Alt Text,Gift Card,SEO Title,SEO Description,\
    Variant Image,Variant Weight Unit,Variant Tax Code,Status,Collection\r\n\
    Größe_42,Ünïcode,\"  <p>5 < 6 & \"\"7\"\"</p>\r\n<script>x</script>\",V,A > > B,\"x, X,y\",false,\
    Size,S,Colour,Red,Cut,Wide,SKU-1,100,shopify,-3,continue,1.50,2,false,no,\
    0042,https://example.com/b.png,2,Back,false,Seo,Text,https://example.com/v.png,LB,P1,archived,c\r\n\
    Größe_42,,,,,,,,M,,Red,,Wide,,0.4,,7,,0,,TRUE,1,,https://example.com/a.png,1,,,,,,oz,,,\r\n";

#[databases]
async fn every_column_is_read(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let report = run(&platform, ODD).await;
    assert_eq!(counts(&report), [1, 0, 0, 0], "{:#?}", lines(&report));
    assert_eq!(lines(&report), ["line 2, Größe_42: the category path has an empty part, left out"]);
    let it = product(&platform, "Größe_42").await;
    assert_eq!(it.tags, ["x", "y"]);
    assert_eq!(it.status, Status::Archived);
    assert!(!it.description.contains("script"), "{}", it.description);
    assert_eq!(it.seo_title.as_deref(), Some("Seo"));
    assert_eq!(category_names(&platform, &it).await, ["A", "B"]);
    let images: Vec<_> = it.images.iter().map(|it| (it.url.as_str(), it.alt.as_deref())).collect();
    let back = ("https://example.com/b.png", Some("Back"));
    assert_eq!(images, [("https://example.com/a.png", None), back]);
    let [s, m] = it.variants.as_slice() else { panic!("{it:?}") };
    assert_eq!((s.sku.as_str(), s.price, s.compare_at_price), ("SKU-1", 150, Some(200)));
    assert_eq!((s.policy, s.on_hand, s.weight_grams), (Policy::Continue, -3, 100));
    assert_eq!((s.requires_shipping, s.taxable), (false, false));
    assert_eq!((s.barcode.as_deref(), s.tax_code.as_deref()), (Some("0042"), Some("P1")));
    assert_eq!((s.weight_unit.as_str(), s.title.as_str()), ("lb", "S / Red / Wide"));
    assert_eq!((m.policy, m.on_hand, m.price), (Policy::Untracked, 7, 0));
    assert_eq!(m.sku, "GRÖSSE-42-M-RED-WIDE");
}

#[databases]
async fn what_a_file_does_not_say_stays_as_it_is(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    run(&platform, ODD).await;
    let before = product(&platform, "Größe_42").await;
    let file = "Handle,Title,Option1 Name,Option1 Value,Option2 Name,Option2 Value,\
                Option3 Name,Option3 Value,Variant SKU\n\
                Größe_42,New,Size,S,Colour,Red,Cut,Wide,SKU-1\n\
                Größe_42,,,M,,Red,,Wide,\n\
                new,New,,,,,,,\n";
    let report = run(&platform, file).await;
    assert_eq!(lines(&report), ["line 4, new: there is no column Variant Price"]);
    assert_eq!(counts(&report), [0, 1, 0, 1]);
    let after = product(&platform, "Größe_42").await;
    let expected = Product { title: "New".to_owned(), version: 2, ..before };
    assert_eq!(after, expected, "{platform:?}");
}

#[databases]
async fn the_shop_s_own_order_of_categories_stays(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let file =
        |kind: &str| format!("Handle,Title,Type,Variant Price\na,A,{kind},1\nb,B,Other > One,1\n");
    run(&platform, file("Home > Lamps")).await;
    let other = product(&platform, "b").await.category_ids;
    let mut tx = platform.db.begin().await.unwrap();
    let mut lamp = product(&platform, "a").await;
    let lamps = lamp.category_ids.clone();
    lamp.category_ids = [lamps.clone(), other.clone()].concat();
    store::products::put_in_categories(&mut tx, &lamp).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(counts(&run(&platform, file("Home > Lamps")).await), [0, 0, 2, 0]);
    assert_eq!(product(&platform, "a").await.category_ids.len(), 2);
    assert_eq!(counts(&run(&platform, file("HOME > Desks")).await), [0, 1, 1, 0]);
    let names = category_names(&platform, &product(&platform, "a").await).await;
    assert!(names.contains(&"Desks".to_owned()) && names.contains(&"One".to_owned()));
    assert!(!names.contains(&"Lamps".to_owned()), "{names:?}");
    // The parent was found whatever its case.
    assert!(names.contains(&"Home".to_owned()), "{names:?}");
}

#[tokio::test]
async fn many_products_come_in_batches_and_tell_how_far_they_are() {
    let platform = Database::Sqlite.platform(crate::MIGRATIONS).await;
    let mut file = "Handle,Title,Variant Price,Variant SKU\n".to_owned();
    for n in 0..250 {
        file.push_str(&format!("p{n},Product {n},1.00,SKU-{}\n", n % 240));
    }
    let mut steps = Vec::new();
    let (db, currency) = (&platform.db, &platform.currency);
    let report = import(db, platform.clock, currency, OfExisting::Edited, file.as_bytes(), |it| {
        steps.push(it)
    });
    let report = report.await.unwrap();
    assert_eq!(counts(&report), [240, 0, 0, 10]);
    assert_eq!(report.problems[0].line, 242);
    assert!(steps.len() >= 3 && steps.is_sorted_by_key(|it| it.bytes));
    let end = Progress { bytes: file.len() as u64, rows: 250, products: 250 };
    assert_eq!(steps.last(), Some(&end));
    let count = export(db, currency, std::io::sink(), |_| {}).await.unwrap();
    assert_eq!(count, 240);
}

fn first_difference(a: &str, b: &str) -> String {
    let mut pairs = a.lines().zip(b.lines());
    let different = pairs.find(|(a, b)| a != b);
    format!("{different:?}, {} and {} lines", a.lines().count(), b.lines().count())
}
