//! What is found beside titles, tags and descriptions: SKUs, barcodes, options, types, categories.

use super::*;

const SHELF: Uuid = Uuid::from_u128(1);
const ABOVE: Uuid = Uuid::from_u128(2);

fn jumper() -> Document {
    let choose = |size: &str| {
        [("Size", size), ("Colour", "Burgundy")].map(|(a, b)| (a.to_owned(), b.to_owned())).into()
    };
    Document {
        vendor: "Harbour & Pine".to_owned(),
        tags: vec!["Merino".to_owned()],
        product_type: "Knitwear".to_owned(),
        categories: vec![SHELF],
        variants: vec![
            Variant {
                sku: "WJ-RED-M".to_owned(),
                barcode: Some("4006381333931".to_owned()),
                options: choose("Medium"),
                ..variant(1000, true)
            },
            Variant {
                sku: "WJ-RED-XL".to_owned(),
                options: choose("Large"),
                ..variant(1000, true)
            },
        ],
        ..document("Wool jumper")
    }
}

fn shoes() -> Document {
    let sku = "KT-INS114-DRE".to_owned();
    Document {
        variants: vec![Variant { sku, ..variant(1000, true) }],
        ..document("Trail running shoes")
    }
}

fn shelves(name: &str) -> Arc<Categories> {
    let mut categories = Categories::default();
    categories.push(ABOVE, None, "Everything Warm");
    categories.push(SHELF, Some(ABOVE), name);
    Arc::new(categories)
}

#[test]
fn a_product_is_found_by_all_that_is_known_of_it() {
    let documents = [jumper(), shoes(), document("Oak table")];
    let (live, _dir) = index(&documents);
    let categories = shelves("Pullovers");
    for (text, expected) in [
        ("KT-INS114-DRE", 1),
        ("kt ins114 dre", 1),
        ("KTINS114DRE", 1),
        ("INS114", 1),
        ("kt-ins", 1),
        ("114-dre", 1),
        ("dre", 1),
        ("ns11", 1),
        ("WJ-RED-M", 0),
        ("wj-red", 0),
        ("4006381333931", 0),
        ("4006381", 0),
        ("333931", 0),
        ("burgundy jumper", 0),
        ("burgun", 0),
        ("medium jumper", 0),
        ("knitwear", 0),
        ("knit", 0),
        ("harbour", 0),
        ("merino", 0),
        ("pullovers", 0),
        ("pullover", 0),
        ("pull", 0),
        ("pulovers", 0),
        ("warm jumper", 0),
        ("wool everything", 0),
    ] {
        let asked = Request { categories: categories.clone(), ..request(text) };
        let hits = live.find(&asked).unwrap();
        assert_eq!(found(&live, &documents, &asked), [expected], "{text}");
        assert!(!hits.partial, "{text}");
        // The same while it is being typed.
        let suggested = live.suggest(text, 6, &categories).unwrap();
        assert_eq!(suggested, [documents[expected].id], "{text}");
    }
    for text in ["KT-INS115-DRE", "4006381333932", "wj-red-s", "ins999"] {
        assert_eq!(found(&live, &documents, &request(text)), [0; 0], "{text}");
    }
}

#[test]
fn a_category_is_known_by_its_new_name_at_once() {
    let documents = [jumper(), shoes()];
    let (live, _dir) = index(&documents);
    for (name, text, expected) in [
        ("Pullovers", "sweaters", vec![]),
        ("Sweaters", "sweaters", vec![0]),
        ("Sweaters", "pullovers", vec![]),
        ("登山背包", "背包", vec![0]),
    ] {
        let asked = Request { categories: shelves(name), ..request(text) };
        assert_eq!(found(&live, &documents, &asked), expected, "{name}: {text}");
    }
}

#[test]
fn the_product_whose_code_it_is_comes_first() {
    let with = |sku: &str| Document {
        variants: vec![Variant { sku: sku.to_owned(), ..variant(1000, true) }],
        ..document("Thing")
    };
    let documents = [with("A-1001-X"), with("1001"), with("1001-B")];
    let (live, _dir) = index(&documents);
    assert_eq!(found(&live, &documents, &request("1001")), [1, 2, 0]);
}

#[test]
fn a_product_may_have_thousands_of_codes() {
    let variants = |n: usize| Variant { sku: format!("SKU-{n:05}-Z"), ..variant(1000, true) };
    let many = Document { variants: (0..2048).map(variants).collect(), ..document("Screws") };
    let documents = [many, document("Nails")];
    let (live, _dir) = index(&documents);
    assert_eq!(found(&live, &documents, &request("sku-02047-z")), [0]);
}
