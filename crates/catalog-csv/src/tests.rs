//! Whole files.

use super::*;

const SHOP: Shop<'static> = Shop { currency: "EUR", digits: 2, levels: 10 };

fn read(file: &str) -> Vec<Result<Product, Rejected>> {
    let mut reader = Reader::new(file.as_bytes(), SHOP).unwrap();
    let mut all = Vec::new();
    while let Some(product) = reader.product().unwrap() {
        all.push(product);
    }
    all
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn shirt() -> Product {
    let variant = |line: u64, size: &str| Variant {
        line,
        sku: Some(format!("S-{size}")),
        options: [("Size".to_owned(), size.to_owned())].into(),
        price: Some(1950),
        compare_at_price: Some(Some(2000)),
        cost: Some(Some(990)),
        barcode: text("'0042"),
        grams: Some(120),
        weight_unit: text("kg"),
        requires_shipping: Some(true),
        taxable: Some(false),
        tax_code: text("P1"),
        image: text("https://example.com/v.png"),
        policy: Some(Policy::Continue),
        quantity: Some(-3),
        exported: Some((4, uuid::Uuid::from_u128(7))),
    };
    let second = Variant { policy: Some(Policy::Untracked), ..variant(3, "M") };
    Product {
        line: 2,
        handle: "shirt".to_owned(),
        title: text("=Shirt, \"new\""),
        body: text(" <p>a\nb</p>"),
        vendor: text("V"),
        kind: Some(Kind { text: "A > B".to_owned(), path: vec!["A".to_owned(), "B".to_owned()] }),
        tags: Some(vec!["x".to_owned(), "y".to_owned()]),
        published: Some(false),
        status: Some(Status::Archived),
        options: Some(vec!["Size".to_owned()]),
        option_values: vec![vec!["M".to_owned(), "S".to_owned(), "X; L".to_owned()]],
        categories: Some(vec![
            vec!["A".to_owned(), "B > C".to_owned()],
            vec!["Sale; now".to_owned()],
        ]),
        images: Some(vec![
            ("https://example.com/a.png".to_owned(), text("Front")),
            ("https://example.com/b.png".to_owned(), None),
            ("https://example.com/c.png".to_owned(), None),
        ]),
        seo_title: text("S"),
        seo_description: text("D"),
        variants: vec![variant(2, "S"), second],
        warnings: vec![],
    }
}

/// A file of these products.
fn written(products: &[Product]) -> String {
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out, SHOP.digits).unwrap();
    products.iter().for_each(|it| writer.write(it).unwrap());
    writer.flush().unwrap();
    drop(writer);
    String::from_utf8(out).unwrap()
}

#[test]
fn what_was_written_is_read_again() {
    let mut product = shirt();
    let mut out = Vec::new();
    let mut writer = Writer::with_bom(&mut out, SHOP.digits).unwrap();
    writer.write(&product).unwrap();
    writer.flush().unwrap();
    let (bytes, rows) = writer.written();
    drop(writer);
    assert_eq!((bytes, rows), (out.len() as u64, 3));
    let out = String::from_utf8(out).unwrap();
    assert_eq!(out.strip_prefix('\u{feff}'), Some(written(&[shirt()]).as_str()));
    // The body has a line break.
    product.variants[1].line = 4;
    assert_eq!(read(&out), [Ok(product)]);
}

#[test]
fn no_categories_and_none_said_are_not_the_same() {
    for categories in [None, Some(vec![]), Some(vec![vec!["A".to_owned()]])] {
        let product = Product { body: text(""), categories: categories.clone(), ..shirt() };
        let again = read(&written(&[product])).remove(0).unwrap();
        assert_eq!(again.categories, categories);
    }
}

mod any {
    //! Products as a shop can have them.

    use proptest::collection::vec;
    use proptest::option::of;
    use proptest::prelude::*;

    use super::super::*;
    use crate::header::trimmed;

    /// A text that somebody may have typed, without blanks around it.
    fn text() -> impl Strategy<Value = String> {
        let letters = "[-=+@'\";,>\\\\|a-zA-Z0-9 \t\né\u{200b}\u{ff1d}\u{1f980}]{0,12}";
        letters.prop_map(|it| trimmed(&it).to_owned())
    }

    fn name() -> impl Strategy<Value = String> {
        text().prop_filter("a name has letters", |it| !it.is_empty())
    }

    fn picture() -> impl Strategy<Value = Picture> {
        ("https://example\\.com/[a-z,;%]{1,8}", of(name()))
    }

    fn variant(options: usize) -> impl Strategy<Value = Variant> {
        let amount = 0..1_000_000_i64;
        let policy =
            proptest::sample::select(vec![Policy::Deny, Policy::Continue, Policy::Untracked]);
        let prices = (amount.clone(), of(amount.clone()), of(amount));
        let texts = (of(name()), "('|=|[A-Z])?[0-9]{0,7}", text(), of(picture()));
        let stock = (-9..99_i64, of((-9..99_i64, any::<u128>())), 0..9_000_i64);
        (prices, texts, stock, (policy, any::<bool>(), any::<bool>()), vec(name(), options))
            .prop_map(|(prices, texts, stock, flags, values)| {
                let (price, compare_at_price, cost) = prices;
                let (sku, barcode, tax_code, image) = texts;
                let (quantity, exported, grams) = stock;
                let (policy, requires_shipping, taxable) = flags;
                Variant {
                    line: 0,
                    sku,
                    options: (0..).map(|it: usize| it.to_string()).zip(values).collect(),
                    price: Some(price),
                    compare_at_price: Some(compare_at_price),
                    cost: Some(cost),
                    barcode: Some(barcode),
                    grams: Some(grams),
                    weight_unit: Some("oz".to_owned()),
                    requires_shipping: Some(requires_shipping),
                    taxable: Some(taxable),
                    tax_code: Some(tax_code),
                    image: Some(image.map(|it| it.0).unwrap_or_default()),
                    policy: Some(policy),
                    quantity: Some(quantity),
                    exported: exported.map(|(it, id)| (it, uuid::Uuid::from_u128(id))),
                }
            })
    }

    pub(super) fn product() -> impl Strategy<Value = Product> {
        (0..=3_usize).prop_flat_map(|options| {
            let texts = (name(), text(), text(), text(), text());
            let tags = vec(name().prop_map(|it| it.replace(',', "x")), 0..3);
            let paths = of(vec(vec(name(), 1..3), 0..3));
            let lists = (tags, paths, vec(picture(), 0..4), vec(vec(name(), 1..3), options));
            let status =
                proptest::sample::select(vec![Status::Active, Status::Draft, Status::Archived]);
            let variants = vec(variant(options), 1..4);
            (texts, lists, (status, any::<bool>()), variants).prop_map(move |parts| {
                let ((title, body, vendor, seo_title, kind), lists, flags, variants) = parts;
                let (tags, categories, images, option_values) = lists;
                Product {
                    line: 0,
                    handle: "h".to_owned(),
                    title: Some(title),
                    body: Some(format!(" {body} ")),
                    vendor: Some(vendor),
                    kind: Some(Kind { text: kind, path: vec![] }),
                    tags: Some(tags),
                    published: Some(flags.1),
                    status: Some(flags.0),
                    options: Some((0..options).map(|it| it.to_string()).collect()),
                    option_values,
                    categories,
                    images: Some(images),
                    seo_description: Some(seo_title.clone()),
                    seo_title: Some(seo_title),
                    variants,
                    warnings: vec![],
                }
            })
        })
    }
}

proptest::proptest! {
    /// Formulas, quotes, separators of lists and line breaks within texts are nothing special.
    #[test]
    fn any_product_that_was_written_is_read_again(product in any::product()) {
        let mut again = read(&written(std::slice::from_ref(&product))).remove(0).unwrap();
        // Lines and paths are not written; what is odd about a path is said again.
        (again.line, again.warnings) = (0, vec![]);
        again.variants.iter_mut().for_each(|it| it.line = 0);
        again.kind.as_mut().unwrap().path.clear();
        proptest::prop_assert_eq!(again, product);
    }
}

#[test]
fn what_has_no_column_is_not_said() {
    let product = Product {
        line: 2,
        handle: "a".to_owned(),
        title: Some("A".to_owned()),
        variants: vec![Variant { line: 2, ..Variant::default() }],
        ..Product::default()
    };
    assert_eq!(read("Handle,Title\na,A\n"), [Ok(product)]);
}

#[test]
fn a_rejected_product_names_its_line_and_the_next_is_read() {
    let all = read("Handle,Title,Variant Price\na,A,1\na,,x\nb,B,2.345\nc,C,3\n");
    let rejected = |line, handle: &str, reason: &str| {
        Err(Rejected { line, handle: handle.to_owned(), reason: reason.to_owned() })
    };
    let number = "Variant Price \"x\" is not a number we can use";
    let digits = "Variant Price 2.345 has more than 2 decimals, which EUR does not have";
    assert_eq!(all[..2], [rejected(3, "a", number), rejected(4, "b", digits)]);
    assert_eq!(all[2].as_ref().map(|it| it.variants[0].price), Ok(Some(300)));
}

#[test]
fn what_is_passed_over_counts_as_read() {
    let file = "Handle,Title\na,A\na,\nb,B\n";
    let mut reader = Reader::new(file.as_bytes(), SHOP).unwrap();
    assert!(reader.skip().unwrap());
    assert_eq!(reader.read().1, 2);
    assert_eq!(reader.product().unwrap().unwrap().unwrap().handle, "b");
    assert!(!reader.skip().unwrap());
    assert_eq!(reader.read(), (file.len() as u64, 3));
}
