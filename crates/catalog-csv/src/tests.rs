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
        barcode: text("0042"),
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
        title: "=Shirt, \"new\"".to_owned(),
        body: text(" <p>a\nb</p>"),
        vendor: text("V"),
        kind: Some(Kind { text: "A > B".to_owned(), path: vec!["A".to_owned(), "B".to_owned()] }),
        tags: Some(vec!["x".to_owned(), "y".to_owned()]),
        published: Some(false),
        status: Some(Status::Archived),
        options: vec!["Size".to_owned()],
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

#[test]
fn what_was_written_is_read_again() {
    let mut product = shirt();
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out, SHOP.digits).unwrap();
    writer.write(&product).unwrap();
    writer.flush().unwrap();
    let (bytes, rows) = writer.written();
    drop(writer);
    assert_eq!((bytes, rows), (out.len() as u64, 3));
    // The body has a line break.
    product.variants[1].line = 4;
    assert_eq!(read(&String::from_utf8(out).unwrap()), [Ok(product)]);
}

#[test]
fn what_has_no_column_is_not_said() {
    let product = Product {
        line: 2,
        handle: "a".to_owned(),
        title: "A".to_owned(),
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
