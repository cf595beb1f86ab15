//! Files as shops have them, each with what is read of it. Where the cases of the project are beside
//! it, the copies in `data` are compared with them.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use catalog_csv::{Error, Policy, Product, Reader, Shop, Status};

const SHOP: Shop<'static> = Shop { currency: "EUR", digits: 2, levels: 10 };

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

struct Case {
    format: &'static str,
    /// Name and nearest known name.
    ignored: Vec<(String, Option<&'static str>)>,
    all: Vec<Result<Product, String>>,
}

fn read(name: &str) -> Result<Case, Error> {
    let file = fs::read(data().join(name)).unwrap();
    let mut reader = Reader::new(file.as_slice(), SHOP)?;
    let mut all = Vec::new();
    while let Some(product) = reader.product()? {
        let said = |it: catalog_csv::Rejected| format!("{} {}: {}", it.line, it.handle, it.reason);
        all.push(product.map_err(said));
    }
    assert_eq!(reader.read().0, file.len() as u64, "{name}");
    let ignored = reader.ignored().iter().map(|it| (it.name.clone(), it.nearest)).collect();
    Ok(Case { format: reader.format().as_str(), ignored, all })
}

/// Each product of a file in a few words: handle, title, and its variants' SKU, options, price and
/// stock; or why it is refused. Warnings follow it.
fn summary(name: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for product in read(name).unwrap().all {
        let product = match product {
            Ok(product) => product,
            Err(reason) => {
                lines.push(format!("! {reason}"));
                continue;
            }
        };
        let mut line = product.handle.clone();
        if let Some(title) = &product.title {
            write!(line, " {title:?}").unwrap();
        }
        for it in &product.variants {
            let values: Vec<&str> = it.options.values().map(String::as_str).collect();
            write!(line, " | {}", it.sku.as_deref().unwrap_or("-")).unwrap();
            let values = values.join("/");
            write!(line, " {}", if values.is_empty() { "-" } else { &values }).unwrap();
            let number = |it: Option<i64>| it.map_or("-".to_owned(), |it| it.to_string());
            write!(line, " {} {}", number(it.price), number(it.quantity)).unwrap();
        }
        lines.push(line);
        lines.extend(product.warnings.iter().map(|(line, it)| format!("? {line}: {it}")));
    }
    lines
}

fn product(name: &str) -> Product {
    let mut all = read(name).unwrap().all;
    assert_eq!(all.len(), 1, "{name}: {all:?}");
    all.remove(0).unwrap()
}

#[test]
fn copies_are_those_of_the_cases() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/cases/catalog");
    let Ok(all) = fs::read_dir(&cases) else {
        println!("skipped: there is no {}", cases.display());
        return;
    };
    let names = all.map(|it| it.unwrap().file_name().into_string().unwrap());
    let is_input = |it: &String| it.ends_with(".csv") || it.ends_with(".tsv");
    for name in names.filter(is_input) {
        let copy = fs::read(data().join(&name)).unwrap_or_else(|_| panic!("{name} has no copy"));
        assert!(copy == fs::read(cases.join(&name)).unwrap(), "{name} differs from its copy");
    }
}

#[test]
fn files_with_shopify_s_new_headers_say_what_those_with_the_old_ones_did() {
    let mug = product("01-new-headers.csv");
    assert_eq!((mug.handle.as_str(), mug.title.as_deref()), ("clay-mug", Some("Clay mug")));
    assert_eq!(mug.body.as_deref(), Some("<p>A mug</p>"));
    assert_eq!(mug.kind.as_ref().unwrap().path, ["Mugs"]);
    assert_eq!((mug.published, mug.status), (Some(true), Some(Status::Active)));
    let picture = ("https://example.com/a.jpg".to_owned(), Some("A mug".to_owned()));
    assert_eq!(mug.images, Some(vec![picture]));
    assert_eq!(mug.seo_title.as_deref(), Some("Mug"));
    let [small, large] = mug.variants.as_slice() else { panic!("{mug:?}") };
    assert_eq!((small.price, small.compare_at_price), (Some(1250), Some(Some(1500))));
    assert_eq!((small.barcode.as_deref(), small.quantity), (Some("0001"), Some(7)));
    assert_eq!((small.policy, large.policy), (Some(Policy::Deny), Some(Policy::Continue)));
    assert_eq!((small.grams, small.weight_unit.as_deref()), (Some(300), Some("g")));
    assert_eq!((small.taxable, small.requires_shipping), (Some(true), Some(true)));
    assert_eq!(read("01-new-headers.csv").unwrap().ignored, []);

    let mug = "clay-mug \"Clay mug\" | MUG-S";
    assert_eq!(summary("02-new-headers-handle.csv"), [format!("{mug} Small 1250 7")]);
    assert_eq!(summary("03-old.csv"), [format!("{mug} - 1250 7")]);
    assert_eq!(summary("55-new-headers-update.csv"), [format!("{mug} - 999 3")]);
    let wrong = |name: &str, new: &str, old: &str| {
        format!("? 2: {name} is {new:?} and Variant {name} is {old:?}; the first is used")
    };
    assert_eq!(
        summary("41-mixed-headers.csv"),
        [
            "clay-mug \"Clay mug\" | NEW-1 - 600 -".to_owned(),
            wrong("SKU", "NEW-1", "OLD-1"),
            wrong("Price", "6.00", "5.00"),
        ]
    );
}

#[test]
fn columns_that_are_not_read_are_named() {
    let ignored = |name: &str| read(name).unwrap().ignored;
    let of = |name: &str, nearest| (name.to_owned(), nearest);
    assert_eq!(
        ignored("42-header-typo.csv"),
        [
            of("Variant Inventory Quantity", Some("Variant Inventory Qty")),
            of("Image URL", Some("Image Src")),
            of("body", Some("Body (HTML)")),
        ]
    );
    assert_eq!(
        ignored("22-metafields.csv"),
        [
            of("Color (product.metafields.shopify.color-pattern)", None),
            of("Collection", None),
            of("Price / International", None),
        ]
    );
    let ring = product("22-metafields.csv");
    assert_eq!(ring.variants[0].cost, Some(Some(250)));
    assert_eq!(ring.kind.unwrap().path, ["Apparel & Accessories", "Jewelry", "Rings"]);
    let names = |name: &str| ignored(name).into_iter().map(|it| it.0).collect::<Vec<_>>();
    assert_eq!(names("38-woocommerce.csv"), ["Is featured?"]);
    assert_eq!(names("39-google-feed.tsv"), ["link"]);
    assert_eq!(names("17-more-options.csv"), ["Option4 Name"]);
}

#[test]
fn rows_and_lines_are_read_as_spreadsheets_write_them() {
    assert_eq!(
        summary("05-short-rows.csv"),
        ["a \"A\" | S-1 - 500 -", "b \"B\" | S-2 - 600 -", "c \"C\" | S-3 - 700 -"]
    );
    assert_eq!(summary("11-cr-only.csv"), ["a \"A\" | - - 500 -", "b \"B\" | - - 600 -"]);
    assert_eq!(summary("12-utf16.csv"), ["a \"Über\" | - - 500 -"]);
    assert_eq!(summary("14-bom-quoted.csv"), ["a \"He said \\\"hi\\\"\" | - - 500 -"]);
    assert_eq!(summary("15-excel-sep.csv"), ["a \"A\" | - - 500 -"]);
    assert_eq!(summary("34-blank-sep.csv"), ["a \"A\" | - - 500 -"]);
    assert_eq!(
        summary("13-cp1252.csv"),
        ["! 2 a: field 2 is not UTF-8", "b \"Plain\" | - - 600 -"]
    );
    assert_eq!(
        summary("16-unicode-space.csv"),
        ["a \"Zero width\" | - - 500 -", "b \"NBSP\" | - - 600 -"]
    );
    assert_eq!(
        summary("43-quote-in-row.csv"),
        [
            "! 2 a: a quoted field goes on after its closing quote",
            "b \"B\" | - - 600 -",
            "! 4 c: a quote is opened and never closed",
            "d \"D\" | - - 800 -",
        ]
    );
    assert_eq!(
        summary("19-scattered.csv")[2],
        "! 4 a: the rows of a handle must stand together; this one was there before"
    );
}

const COMMA: &str = "; write it with a point and nothing else between the digits, like 1234.50";

#[test]
fn a_number_is_never_a_wrong_one() {
    let no_number = |line: u64, name: &str, column: &str, text: &str| {
        let hint = if text.contains(',') { COMMA } else { "" };
        format!("! {line} {name}: {column} {text:?} is not a number we can use{hint}")
    };
    assert_eq!(
        summary("06-decimal-comma.csv"),
        [
            no_number(2, "a", "Variant Price", "1.234,50"),
            no_number(3, "b", "Variant Price", "12,50"),
            no_number(4, "c", "Variant Price", "1,299.00"),
            no_number(5, "d", "Variant Price", "€ 9.90"),
            no_number(6, "e", "Variant Price", "$9.90"),
            no_number(7, "f", "Variant Price", "1_000"),
        ]
    );
    assert_eq!(summary("10-semicolon.csv"), [no_number(2, "a", "Variant Price", "5,00")]);
    assert_eq!(
        summary("32-nbsp-price.csv"),
        [
            "a \"A\" | - - 500 3".to_owned(),
            no_number(3, "b", "Variant Inventory Qty", "1,000"),
            "c \"C\" | - - 50 -2".to_owned(),
            "! 5 d: Variant Price 5.999 has more than 2 decimals, which EUR does not have"
                .to_owned(),
            "e \"E\" | - - 0 2".to_owned(),
            "! 7 f: Variant Price is negative".to_owned(),
        ]
    );
}

#[test]
fn values_of_real_shops_are_understood_or_a_warning() {
    let draft = product("04-unlisted.csv");
    assert_eq!(draft.status, Some(Status::Draft));
    assert_eq!(
        draft.warnings,
        [(2, "Status is unlisted, which we do not have; it is a draft".into())]
    );

    let codes = product("07-apostrophe.csv").variants.remove(0);
    assert_eq!(
        (codes.sku.as_deref(), codes.barcode.as_deref()),
        (Some("00123"), Some("4006381333931"))
    );
    let rounded = product("08-excel-barcode.csv");
    assert_eq!(rounded.variants[0].barcode, None);
    let why = "Variant Barcode \"4.00638E+12\" is left out; a spreadsheet has rounded it";
    assert_eq!(rounded.warnings, [(2, why.into())]);
    let several = product("40-barcodes.csv");
    assert_eq!(several.variants[0].barcode.as_deref(), Some("4006381333931"));
    assert_eq!(several.warnings, [(2, "Barcodes has several codes; the first is used".into())]);

    for (product, published, taxable) in read("23-german-bools.csv")
        .unwrap()
        .all
        .into_iter()
        .map(|it| it.unwrap())
        .map(|it| (it.handle, it.published, it.variants[0].taxable))
    {
        assert_eq!((published, taxable), (Some(true), Some(false)), "{product}");
    }
    let units =
        read("29-units.csv").unwrap().all.into_iter().map(|it| it.unwrap().variants.remove(0));
    let units: Vec<_> = units.map(|it| (it.weight_unit, it.grams)).collect();
    let unit = |it: &str| Some(it.to_owned());
    assert_eq!(
        units,
        [
            (unit("kg"), Some(0)),
            (unit("lb"), Some(100)),
            (unit(""), Some(100)),
            (unit("oz"), Some(-1)),
        ]
    );
    let oversold = product("52-negative-stock.csv").variants.remove(0);
    assert_eq!((oversold.quantity, oversold.policy), (Some(-3), Some(Policy::Deny)));
}

#[test]
fn tags_are_kept_as_they_are() {
    let tags: Vec<_> =
        read("35-tags.csv").unwrap().all.into_iter().map(|it| it.unwrap().tags.unwrap()).collect();
    assert_eq!(tags[0], ["a; b; c"]);
    assert_eq!(tags[1], ["New", "new", "NEW"]);
}

#[test]
fn variants_are_those_of_the_file() {
    let big = product("25-300-variants.csv");
    assert_eq!((big.variants.len(), big.options), (300, Some(vec!["Size".to_owned()])));
    assert_eq!(
        summary("30-no-price.csv"),
        [
            "a \"A\" | - S 500 - | - M - -",
            "? 3: Variant Price is empty; the variant keeps the price it has",
        ]
    );
    // The first row has the product and a picture, and no variant.
    let first = product("26-first-row-image.csv");
    let skus: Vec<_> = first.variants.iter().map(|it| it.sku.as_deref().unwrap()).collect();
    assert_eq!((skus, first.images.unwrap().len()), (vec!["A-S", "A-M"], 2));
    assert_eq!(summary("17-more-options.csv"), ["! 2 a: a product can have at most 3 options"]);
    assert_eq!(
        summary("18-options-reorder.csv"),
        ["a \"A\" | A-L L 500 - | A-S S 500 - | A-M M 500 -"]
    );
    assert_eq!(
        summary("18-options-reorder-2.csv"),
        ["a \"A\" | A-S S 500 - | A-M M 500 - | A-L L 500 -"]
    );
    assert_eq!(
        summary("50-full.csv"),
        ["ov \"Overall\" | OV-S S 500 3 | OV-M M 500 4 | OV-L L 500 5"]
    );
    assert_eq!(summary("50-one-variant-price.csv"), ["ov \"Overall\" | OV-S S 600 -"]);
    // There are no columns of options: nothing is said of those the product has.
    assert_eq!(summary("50-price-only.csv"), ["ov \"Overall\" | OV-S - 600 -"]);
    assert_eq!(product("50-price-only.csv").options, None);
}

#[test]
fn what_the_shop_has_to_decide_is_handed_on() {
    assert_eq!(
        summary("09-dup-sku.csv"),
        [
            "a \"A\" | X1 S 500 - | X1 M 500 -",
            "b \"B\" | X1 - 500 -",
            "c \"C\" | N/A - 500 -",
            "d \"D\" | N/A - 500 -",
        ]
    );
    assert_eq!(
        summary("51-shared-sku.csv"),
        ["top \"Linen top\" | TOP-1 S 3900 - | TOP-1 M 3900 - | TOP-1 L 3900 -"]
    );
    assert_eq!(summary("53-ghost-category.csv"), ["rj \"Rejected\" | DUP S 500 - | DUP M 500 -"]);
    assert_eq!(
        summary("56-sku-moves.csv"),
        ["p2 \"P2\" | MV - 500 -", "p1 \"P1\" | MV-NEW - 500 -"]
    );
    let handles = summary("20-handle-case.csv");
    assert_eq!((handles.len(), handles[5].as_str()), (8, ".. \"Dots\" | - - 500 -"));
    assert_eq!(summary("21-nfd.csv"), ["cafe\u{301} \"Cafe\\u{301} cre\\u{300}me\" | - - 500 -"]);
    assert!(summary("33-long-title.csv").len() == 2);
    assert!(product("36-body.csv").body.unwrap().starts_with("<h1>Big</h1>"));
    assert_eq!(
        summary("24-formula.csv")[0],
        "a \"=HYPERLINK(\\\"http://example.com\\\",\\\"x\\\")\" | - - 500 -"
    );
}

#[test]
fn a_title_alone_is_enough() {
    let new = product("58-no-handle.csv");
    assert_eq!((new.handle.as_str(), new.title.as_deref()), ("", Some("No handle")));
}

#[test]
fn categories_are_paths() {
    let paths = |name: &str| -> Vec<Vec<String>> {
        let all = read(name).unwrap().all.into_iter();
        all.map(|it| it.unwrap().kind.unwrap().path).collect()
    };
    assert_eq!(paths("54-product-category.csv"), [["Apparel & Accessories", "Jewelry", "Rings"]]);
    assert_eq!(paths("57-nfd-category.csv"), [["Küche"], ["Ku\u{308}che"]]);
    let found = paths("44-type-id.csv");
    assert_eq!(found[0], ["Home, Garden & Kitchen", "Mugs"]);
    assert_eq!(
        (found[1].len(), &found[3], &found[4]),
        (1, &vec!["home".into(), "kitchen".into()], &vec!["Home".into(), "Kitchen".into()])
    );
}

#[test]
fn pictures_that_can_be_shown_are_kept() {
    let urls = |name: &str| -> Vec<Vec<String>> {
        let all = read(name).unwrap().all.into_iter().map(|it| it.unwrap().images.unwrap());
        all.map(|it| it.into_iter().map(|(url, _)| url).collect()).collect()
    };
    assert_eq!(
        urls("27-image-protocol-relative.csv"),
        [
            vec!["https://cdn.example.com/a.jpg"],
            vec!["https://example.com/with%20space.jpg"],
            vec!["https://example.com/1.jpg", "https://example.com/2.jpg"],
            vec!["https://EXAMPLE.COM/A.JPG"],
            vec!["https://example.com/ü.jpg"],
        ]
    );
    assert_eq!(
        urls("28-image-dups.csv"),
        [["https://example.com/2.jpg", "https://example.com/1.jpg", "https://example.com/1.jpg"]]
    );
    let warnings = product("37-http-image.csv").warnings;
    let why = "the picture \"http://example.com/a.jpg\" is not shown: its address must begin with https://";
    assert_eq!(warnings, [(2, why.to_owned())]);
}

#[test]
fn a_file_of_woocommerce_is_read() {
    let case = read("38-woocommerce.csv").unwrap();
    assert_eq!(case.format, "woocommerce");
    let mug = product("38-woocommerce.csv");
    assert_eq!(summary("38-woocommerce.csv"), [" \"Clay mug\" | MUG-1 - 1250 -"]);
    assert_eq!(mug.categories, Some(vec![vec!["Home".to_owned(), "Kitchen".to_owned()]]));
    assert_eq!((mug.status, mug.images.unwrap().len()), (Some(Status::Active), 1));

    assert_eq!(
        summary("woocommerce.csv"),
        [
            " \"Voucher\" | GIFT - 1050 -",
            " \"Lamp\" | LAMP - 1200 0",
            "? 5: the picture \"http://example.com/lamp.jpg\" is not shown: its address must begin \
             with https://",
            "? 5: Visibility in catalog is hidden, which we do not have; it is a draft",
            "! 8 A set: Type is grouped: it has no price of its own",
            "! 11 Bad price: Regular price \"1.299,00\" is not a number we can use; write it with a \
             point and nothing else between the digits, like 1234.50",
            " \"Hoodie\" | H-M Blue/M 4500 - | H-L Blue/L 4500 4",
            "? 7: the variation is left out: it is not published",
            "? 6: Sale price is for some days only and is left out",
            "? 6: its stock is that of all variations together, which has to be divided",
            "! 9 Orphan: Parent \"id:99\" is not in the file",
            "! 10 Alone: none of its variations is in the file",
        ]
    );
    let all: Vec<Product> =
        read("woocommerce.csv").unwrap().all.into_iter().filter_map(Result::ok).collect();
    let [voucher, lamp, hoodie] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!(voucher.variants[0].requires_shipping, Some(false));
    assert_eq!((voucher.status, voucher.variants[0].taxable), (Some(Status::Draft), Some(false)));
    assert_eq!(voucher.variants[0].policy, Some(Policy::Untracked));
    let it = &lamp.variants[0];
    assert_eq!((it.compare_at_price, it.policy), (Some(Some(1500)), Some(Policy::Deny)));
    assert_eq!((it.grams, it.weight_unit.as_deref()), (Some(1134), Some("lb")));
    assert_eq!(it.barcode.as_deref(), Some("4006381333931"));
    assert_eq!(hoodie.body.as_deref(), Some("Warm.\n<p>Soft</p>\n<p>Warm</p>"));
    assert_eq!(hoodie.options, Some(vec!["Size".to_owned(), "Colour".to_owned()]));
    assert_eq!(hoodie.option_values[0], ["S", "M", "L"]);
    assert_eq!(hoodie.tags, Some(vec!["warm".to_owned(), "soft  thick".to_owned()]));
    assert_eq!(hoodie.categories.as_ref().unwrap().len(), 2);
    assert_eq!(hoodie.images.as_ref().unwrap().len(), 2);
    assert_eq!(hoodie.vendor.as_deref(), Some("Knitters"));
    assert_eq!(hoodie.variants[1].image.as_deref(), Some("https://example.com/l.jpg"));
}

#[test]
fn a_feed_for_google_is_read() {
    let case = read("39-google-feed.tsv").unwrap();
    assert_eq!(case.format, "google_merchant");
    assert_eq!(summary("39-google-feed.tsv"), [" \"Clay mug\" | MUG-1 - 1250 -"]);
    assert_eq!(
        summary("google.tsv"),
        [
            " \"Mug\" | MUG - 990 0",
            "! 5 Dear: price is in USD, but the shop sells in EUR",
            " \"Tee\" | TEE-S S 1490 - | TEE-M M 1990 -",
        ]
    );
    let all: Vec<Product> =
        read("google.tsv").unwrap().all.into_iter().filter_map(Result::ok).collect();
    let [mug, tee] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!(mug.body.as_deref(), Some("<b>Clay</b>"));
    assert_eq!(mug.kind.as_ref().unwrap().path, ["Home & Garden", "Mugs"]);
    assert_eq!(mug.variants[0].policy, Some(Policy::Deny));
    assert_eq!(tee.body.as_deref(), Some("Soft &amp; light"));
    assert_eq!(tee.options, Some(vec!["Size".to_owned()]));
    assert_eq!(tee.kind.as_ref().unwrap().path, ["Clothing", "Tees"]);
    let urls = tee.images.iter().flatten().map(|(url, _)| url.rsplit('/').next().unwrap());
    assert_eq!(urls.collect::<Vec<_>>(), ["red.jpg", "blue.jpg", "b.jpg", "c.jpg", "d.jpg"]);
    let [small, medium] = tee.variants.as_slice() else { panic!("{tee:?}") };
    assert_eq!((small.compare_at_price, small.grams), (Some(Some(1990)), Some(200)));
    assert_eq!(small.image.as_deref(), Some("https://example.com/red.jpg"));
    assert_eq!((small.policy, medium.policy), (Some(Policy::Untracked), Some(Policy::Continue)));
    let ignored: Vec<_> = read("google.tsv").unwrap().ignored.into_iter().map(|it| it.0).collect();
    assert_eq!(ignored, ["link", "condition"]);
}

#[test]
fn what_is_updated_by_sku_needs_neither_handle_nor_title() {
    let mut reader = Reader::new("SKU;Price\nA-1;5\nA-2;6.50\n".as_bytes(), SHOP).unwrap();
    for (sku, price) in [("A-1", 500), ("A-2", 650)] {
        let product = reader.product().unwrap().unwrap().unwrap();
        assert_eq!((product.handle.as_str(), product.title, product.options), ("", None, None));
        let [variant] = product.variants.as_slice() else { panic!("{:?}", product.variants) };
        assert_eq!((variant.sku.as_deref(), variant.price), (Some(sku), Some(price)));
    }
    assert!(reader.product().unwrap().is_none());
}

#[test]
fn any_other_file_is_refused_with_what_was_expected_and_found() {
    for (file, found) in [
        ("Name,Quantity\nA,1\n", "found \"Name\", \"Quantity\""),
        ("Artikelnummer;Preis\nA;1\n", "found \"Artikelnummer\", \"Preis\""),
        ("PK\u{3}\u{4}\0\0", "this looks like a spreadsheet"),
    ] {
        let error = Reader::new(file.as_bytes(), SHOP).err().unwrap().to_string();
        assert!(error.contains(found) && error.contains("expected those of Shopify"), "{error}");
    }
}
