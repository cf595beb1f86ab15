use super::*;

fn shirt() -> NewProduct {
    let variant = |size: &str, colour: &str| NewVariant {
        options: [("Size", size), ("Colour", colour)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        price: 2000,
        ..NewVariant::default()
    };
    NewProduct {
        title: " Linen Shirt ".to_owned(),
        options: ["Size", "Colour"]
            .map(|it| ProductOption { name: it.to_owned(), values: vec![] })
            .to_vec(),
        variants: vec![variant("S", "Blue"), variant("M", "Blue"), variant("M", "Red")],
        ..NewProduct::default()
    }
}

fn plain() -> NewProduct {
    NewProduct {
        title: "Mug".to_owned(),
        variants: vec![NewVariant::default()],
        ..NewProduct::default()
    }
}

fn draft(new: NewProduct, old: Option<&Product>) -> Product {
    new.into_draft(old, chassis::testing::noon()).unwrap().product
}

fn wrong(new: NewProduct) -> Vec<String> {
    let problem = new.into_draft(None, chassis::testing::noon()).unwrap_err();
    problem.errors.into_iter().map(|it| it.field).collect()
}

fn titles(variants: &[Variant]) -> Vec<(&str, &str)> {
    variants.iter().map(|it| (it.title.as_str(), it.sku.as_str())).collect()
}

#[test]
fn what_is_left_out_is_derived() {
    let product = draft(shirt(), None);
    assert_eq!((product.slug.as_str(), product.title.as_str()), ("linen-shirt", "Linen Shirt"));
    assert_eq!(product.options[0].values, ["S", "M"]);
    assert_eq!(product.options[1].values, ["Blue", "Red"]);
    assert_eq!(
        titles(&product.variants),
        [
            ("S / Blue", "LINEN-SHIRT-S-BLUE"),
            ("M / Blue", "LINEN-SHIRT-M-BLUE"),
            ("M / Red", "LINEN-SHIRT-M-RED")
        ]
    );
}

#[test]
fn a_product_without_options_has_a_default_variant() {
    let mut shopify = plain();
    let value = (DEFAULT_OPTION.to_owned(), DEFAULT_VALUE.to_owned());
    shopify.variants[0].options.extend([value]);
    for new in [plain(), shopify] {
        let product = draft(new, None);
        assert!(product.has_default_variant_only());
        assert_eq!(titles(&product.variants), [(DEFAULT_VALUE, "MUG")]);
        assert!(product.variants[0].options.is_empty());
    }
}

#[test]
fn a_replaced_product_keeps_its_ids_and_skus() {
    let mut old = draft(shirt(), None);
    old.variants[0].sku = "S-1".to_owned();
    old.variants[1].on_hand = 7;
    let mut new = shirt();
    new.title = "Linen Shirt, washed".to_owned();
    new.variants.swap(0, 2);
    new.variants.push(NewVariant {
        options: [("Size", "L"), ("Colour", "Red")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        ..NewVariant::default()
    });
    let product = draft(new, Some(&old));
    assert_eq!((product.id, product.slug.as_str()), (old.id, "linen-shirt"));
    assert_eq!(product.version, 2);
    let [red, medium, small, large] = product.variants.as_slice() else { panic!() };
    assert_eq!((small.id, small.sku.as_str(), small.position), (old.variants[0].id, "S-1", 3));
    assert_eq!((medium.id, medium.on_hand), (old.variants[1].id, 7));
    assert_eq!(red.id, old.variants[2].id);
    assert_eq!(large.sku, "LINEN-SHIRT-L-RED");
}

#[test]
fn scripts_are_taken_out_of_descriptions() {
    let mut new = plain();
    new.description =
        r#"<p onclick="x()">Good<script>alert(1)</script> <a href="javascript:x">y</a></p>"#.into();
    let once = draft(new.clone(), None).description;
    assert!(!once.contains("script") && !once.contains("onclick"), "{once}");
    new.description.clone_from(&once);
    assert_eq!(draft(new, None).description, once);
}

#[test]
fn every_wrong_field_is_named() {
    let mut new = shirt();
    new.title = "x".repeat(256);
    new.tags = vec!["a,b".to_owned()];
    new.images = vec![("javascript:alert(1)".to_owned(), None)];
    new.slug = Some(Uuid::nil().to_string());
    new.variants[0].price = -1;
    new.variants[0].figure = Some(Figure::Opening(i64::MAX));
    new.variants[0].sku = Some("A".to_owned());
    new.variants[1].sku = Some(" A ".to_owned());
    new.variants[2].options.remove("Size");
    assert_eq!(
        wrong(new),
        [
            "title",
            "tags[0]",
            "images[0].url",
            "variants[0].price",
            "variants[0].on_hand",
            "variants[1].sku",
            "variants[2].options",
            "slug"
        ]
    );
    assert_eq!(wrong(NewProduct::default()), ["title", "variants"]);
    let mut twice = shirt();
    twice.variants[1] = twice.variants[0].clone();
    assert_eq!(wrong(twice), ["variants[1].options"]);
}

#[test]
fn a_slug_is_made_of_letters_digits_and_hyphens() {
    for (text, slug) in [
        ("  Hello, World! ", "hello-world"),
        ("Größe 42 / blau", "größe-42-blau"),
        ("!!!", "product"),
        (&"ab ".repeat(300), &"ab-".repeat(67)[..200]),
    ] {
        assert_eq!(slugify(text, "product"), slug);
    }
}
