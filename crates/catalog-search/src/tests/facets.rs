//! Options, ratings, popularity, and what is counted beside a search.

use super::*;

fn chosen(options: &[(&str, &str)], price: i64, in_stock: bool) -> Variant {
    let option = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Variant { options: options.iter().map(option).collect(), ..variant(price, in_stock) }
}

fn choices(wanted: &[(&str, &[&str])]) -> Choices {
    let values = |it: &[&str]| it.iter().map(|it| (*it).to_owned()).collect();
    wanted.iter().map(|(name, it)| ((*name).to_owned(), values(it))).collect()
}

/// Everything: no words.
fn all(filter: Filter) -> Request {
    let mut categories = Categories::default();
    for (id, parent) in [(1, None), (2, Some(1)), (3, None)] {
        categories.push(Uuid::from_u128(id), parent.map(Uuid::from_u128), "");
    }
    Request { text: None, filter, facets: true, categories: Arc::new(categories), ..request("") }
}

fn shirts() -> [Document; 4] {
    let [clothes, shirts, other] = [1, 2, 3].map(Uuid::from_u128);
    [
        Document {
            categories: vec![clothes, shirts],
            vendor: "Harbour".to_owned(),
            variants: vec![
                chosen(&[("Size", "S"), ("Color", "Red")], 1000, true),
                chosen(&[("Size", "M"), ("Color", "Blue")], 1000, true),
            ],
            rating: 4500,
            sold: 1,
            ..document("Shirt one")
        },
        Document {
            categories: vec![shirts],
            vendor: "Harbour".to_owned(),
            variants: vec![chosen(&[("Size", "M"), ("Color", "Red")], 2000, false)],
            rating: 3999,
            views: 7,
            ..document("Shirt two")
        },
        Document {
            categories: vec![other],
            vendor: "Quay".to_owned(),
            variants: vec![chosen(&[("Color", "red: dark")], 3000, true)],
            views: 9,
            ..document("Lamp")
        },
        Document {
            status: Status::Draft,
            variants: vec![variant(9, true)],
            ..document("Shirt draft")
        },
    ]
}

fn counts(live: &Live, filter: Filter) -> Facets {
    live.find(&all(filter)).unwrap().facets.unwrap()
}

fn named(all: &[(&str, u64)]) -> Vec<(String, u64)> {
    all.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

#[test]
fn one_variant_has_all_options_that_are_asked_for() {
    let documents = shirts();
    let (live, _dir) = index(&documents);
    let with = |wanted: &[(&str, &[&str])]| {
        let filter = Filter { choices: choices(wanted), ..Filter::default() };
        let mut found = found(&live, &documents, &all(filter));
        found.sort_unstable();
        found
    };
    assert_eq!(with(&[("Color", &["Red"])]), [0, 1]);
    assert_eq!(with(&[("Color", &["Blue", "red: dark"])]), [0, 2]);
    assert_eq!(with(&[("Color", &["Red"]), ("Size", &["M"])]), [1]);
    assert_eq!(with(&[("Color", &["Red", "Blue"]), ("Size", &["M", "L"])]), [0, 1]);
    assert_eq!(with(&[("colour", &["Red"])]), [0; 0]);
    assert_eq!(with(&[("COLOR", &["réd"]), ("size", &["m"])]), [1]);
    let four = [("Color", &["Red"][..]), ("Size", &["M"]), ("Cut", &["Wide"]), ("Mood", &["Sad"])];
    assert_eq!(with(&four), [0; 0]);
}

#[test]
fn facets_count_what_could_be_chosen() {
    let (live, _dir) = index(&shirts());
    let facets = counts(&live, Filter::default());
    let [clothes, below, other] = [1, 2, 3].map(Uuid::from_u128);
    assert_eq!(facets.categories, [(clothes, 2), (below, 2), (other, 1)]);
    assert_eq!(facets.price, Some((1000, 3000)));
    assert_eq!(facets.vendors, named(&[("Harbour", 2), ("Quay", 1)]));
    assert_eq!((facets.ratings, facets.in_stock), ([1, 2, 2, 2], 2));
    let colors = named(&[("Red", 2), ("Blue", 1), ("red: dark", 1)]);
    let sizes = named(&[("M", 2), ("S", 1)]);
    assert_eq!(facets.options, [("Color".to_owned(), colors), ("Size".to_owned(), sizes)]);
    let none = counts(&live, Filter { tag: Some("none".to_owned()), ..Filter::default() });
    assert_eq!(none, Facets::default());
    let words = Request { text: Some("lamp".to_owned()), ..all(Filter::default()) };
    assert_eq!(live.find(&words).unwrap().facets.unwrap().categories, [(other, 1)]);
    let draft = counts(&live, Filter { status: Status::Draft, ..Filter::default() });
    assert_eq!((draft.price, draft.vendors), (Some((9, 9)), vec![]));
}

#[test]
fn a_facet_leaves_its_own_condition_out() {
    let (live, _dir) = index(&shirts());
    let any = Filter::default();
    let [clothes, below, other] = [1, 2, 3].map(Uuid::from_u128);
    let everywhere = [(clothes, 2), (below, 2), (other, 1)];

    let facets = counts(&live, Filter { categories: Some(vec![other]), ..any.clone() });
    assert_eq!((facets.categories.as_slice(), facets.in_stock), (&everywhere[..], 1));
    assert_eq!((facets.price, facets.vendors), (Some((3000, 3000)), named(&[("Quay", 1)])));

    let facets = counts(&live, Filter { max_price: Some(1500), ..any.clone() });
    assert_eq!((facets.price, facets.in_stock), (Some((1000, 3000)), 1));

    let facets = counts(&live, Filter { min_rating: Some(4000), ..any.clone() });
    assert_eq!((facets.ratings, facets.price), ([1, 2, 2, 2], Some((1000, 1000))));

    let facets = counts(&live, Filter { in_stock: Some(false), ..any.clone() });
    assert_eq!((facets.in_stock, facets.price), (2, Some((2000, 2000))));

    let facets = counts(&live, Filter { vendor: Some("Nobody".to_owned()), ..any.clone() });
    assert_eq!(facets.vendors, named(&[("Harbour", 2), ("Quay", 1)]));
    assert_eq!((facets.price, facets.options), (None, vec![]));

    // Red is chosen: other colours as if it were not, sizes only of what is red.
    let red = choices(&[("Color", &["Red"])]);
    let facets = counts(&live, Filter { choices: red, ..any.clone() });
    let colors = named(&[("Red", 2), ("Blue", 1), ("red: dark", 1)]);
    let sizes = named(&[("M", 1), ("S", 1)]);
    assert_eq!(facets.options, [("Color".to_owned(), colors), ("Size".to_owned(), sizes)]);
    assert_eq!(facets.price, Some((1000, 2000)));

    // Two conditions missed: counted nowhere.
    let both = Filter { max_price: Some(1500), vendor: Some("Quay".to_owned()), ..any };
    let facets = counts(&live, both);
    assert_eq!((facets.price, facets.vendors), (Some((3000, 3000)), named(&[("Harbour", 1)])));
    assert_eq!((facets.in_stock, facets.categories), (0, vec![]));
}

#[test]
fn a_filter_holds_for_one_variant() {
    let size = |size: &str, price: i64, in_stock: bool| chosen(&[("Size", size)], price, in_stock);
    let documents = [
        Document {
            variants: vec![size("S", 1000, false), size("M", 1800, true)],
            ..document("Half sold")
        },
        Document {
            variants: vec![size("S", 1100, true), size("M", 1900, false)],
            ..document("Other half")
        },
        Document { variants: vec![variant(1500, true)], ..document("Of one kind") },
        Document { variants: vec![variant(1200, false)], ..document("Sold out") },
    ];
    let (live, _dir) = index(&documents);
    type Wanted = (Option<&'static str>, Option<i64>, Option<i64>, Option<bool>);
    let find = |(chosen, min_price, max_price, in_stock): Wanted| {
        let choices = chosen.map(|it| choices(&[("Size", &[it])])).unwrap_or_default();
        let filter = Filter { choices, min_price, max_price, in_stock, ..Filter::default() };
        let hits = live.find(&Request { sort: Sort::Oldest, ..all(filter) }).unwrap();
        assert_eq!(hits.total, hits.ids.len());
        let place = |id| documents.iter().position(|it| it.id == id).unwrap();
        let found: Vec<usize> = hits.ids.into_iter().map(place).collect();
        (found, hits.facets.unwrap())
    };
    let cases: [(Wanted, &[usize]); 14] = [
        ((Some("S"), None, None, None), &[0, 1]),
        ((Some("S"), None, None, Some(true)), &[1]),
        ((Some("S"), None, None, Some(false)), &[0]),
        ((Some("M"), None, Some(1200), None), &[]),
        ((Some("M"), Some(1850), None, None), &[1]),
        ((None, Some(1500), None, None), &[0, 1, 2]),
        ((None, Some(1200), Some(1700), None), &[2, 3]),
        ((None, Some(1200), Some(1850), None), &[0, 2, 3]),
        ((None, Some(1850), None, Some(true)), &[]),
        ((None, Some(1700), None, Some(true)), &[0]),
        ((None, None, Some(1200), Some(false)), &[0, 3]),
        ((None, None, None, Some(false)), &[3]),
        ((Some("S"), Some(1100), Some(1200), Some(true)), &[1]),
        ((Some("M"), Some(1000), Some(2000), Some(false)), &[1]),
    ];
    for (wanted, expected) in cases {
        let (found, facets) = find(wanted);
        assert_eq!(found, expected, "{wanted:?}");
        // What the facets promise is what is found when it is chosen.
        let (size, min, max, in_stock) = wanted;
        let (with_stock, _) = find((size, min, max, Some(true)));
        assert_eq!(facets.in_stock, with_stock.len() as u64, "{wanted:?}");
        for (_, values) in &facets.options {
            for (value, count) in values {
                let value = if value == "S" { "S" } else { "M" };
                let (with_value, _) = find((Some(value), min, max, in_stock));
                assert_eq!(*count, with_value.len() as u64, "{value} with {wanted:?}");
            }
        }
        if let Some((low, high)) = facets.price {
            for price in [low, high] {
                let (with_price, _) = find((size, Some(price), Some(price), in_stock));
                assert!(!with_price.is_empty(), "{price} with {wanted:?}");
            }
        }
    }
}

#[test]
fn names_that_differ_in_case_are_one_and_keep_their_places() {
    let shirt = |vendor: &str, options: &[(&str, &str)]| Document {
        vendor: vendor.to_owned(),
        variants: vec![chosen(options, 1000, true)],
        ..document("Shirt")
    };
    let documents = [
        shirt("Acme", &[("Size", "S"), ("Colour", "Red")]),
        shirt("Acme", &[("Size", "S"), ("Colour", "Blue")]),
        shirt("ACME", &[("size", "s"), ("Colour", "blue")]),
        shirt("Best", &[("Size", "M")]),
        shirt("Best", &[("SIZE", "m"), ("Colour", "Green")]),
        shirt("Best", &[("Size", "L"), ("Colour", "Blue")]),
        shirt("best", &[("Size", "L"), ("Colour", "Blue")]),
    ];
    let (live, _dir) = index(&documents);
    let unfiltered = counts(&live, Filter::default());
    assert_eq!(unfiltered.vendors, named(&[("Best", 4), ("Acme", 3)]));
    let sizes = named(&[("S", 3), ("L", 2), ("M", 2)]);
    let colours = named(&[("Blue", 4), ("Green", 1), ("Red", 1)]);
    assert_eq!(unfiltered.options, [("Size".to_owned(), sizes), ("Colour".to_owned(), colours)]);
    // Red ones are more than blue ones now, colours more than sizes: nothing moves.
    let some = [
        Filter { vendor: Some("acme".to_owned()), ..Filter::default() },
        Filter { choices: choices(&[("colour", &["red"])]), ..Filter::default() },
        Filter { choices: choices(&[("size", &["m", "S"])]), ..Filter::default() },
        Filter { max_price: Some(1000), in_stock: Some(true), ..Filter::default() },
    ];
    let places = |facets: &Facets| {
        let mut places: Vec<String> = facets.vendors.iter().map(|(it, _)| it.clone()).collect();
        for (name, values) in &facets.options {
            places.push(name.clone());
            places.extend(values.iter().map(|(value, _)| format!("{name}: {value}")));
        }
        places
    };
    let all = places(&unfiltered);
    for filter in some {
        let left = places(&counts(&live, filter.clone()));
        let there: Vec<_> = all.iter().filter(|it| left.contains(it)).cloned().collect();
        assert_eq!(left, there, "{filter:?}");
        assert!(left.len() > 3, "{filter:?}");
    }
}

#[test]
fn what_is_bought_most_is_popular_then_what_is_looked_at_most() {
    let documents = shirts();
    let (live, _dir) = index(&documents);
    let popular = Request { sort: Sort::Popular, ..all(Filter::default()) };
    assert_eq!(found(&live, &documents, &popular), [0, 2, 1]);
}
