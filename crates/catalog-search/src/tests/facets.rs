//! Options, ratings, popularity, and what is counted beside a search.

use super::*;

fn choice(options: &[(&str, &str)]) -> BTreeMap<String, String> {
    options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
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
    Request { text: None, filter, facets: Some(Arc::new(categories)), ..request("") }
}

fn shirts() -> [Document; 4] {
    let [clothes, shirts, other] = [1, 2, 3].map(Uuid::from_u128);
    [
        Document {
            categories: vec![clothes, shirts],
            vendor: "Harbour".to_owned(),
            choices: vec![
                choice(&[("Size", "S"), ("Color", "Red")]),
                choice(&[("Size", "M"), ("Color", "Blue")]),
            ],
            price: 1000,
            rating: 4500,
            sold: 1,
            ..document("Shirt one")
        },
        Document {
            categories: vec![shirts],
            vendor: "Harbour".to_owned(),
            choices: vec![choice(&[("Size", "M"), ("Color", "Red")])],
            price: 2000,
            in_stock: false,
            rating: 3999,
            views: 7,
            ..document("Shirt two")
        },
        Document {
            categories: vec![other],
            vendor: "Quay".to_owned(),
            choices: vec![choice(&[("Color", "red: dark")])],
            price: 3000,
            views: 9,
            ..document("Lamp")
        },
        Document { status: Status::Draft, price: 9, ..document("Shirt draft") },
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
    assert_eq!(with(&[("Color", &["red"])]), [0; 0]);
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
fn what_is_bought_most_is_popular_then_what_is_looked_at_most() {
    let documents = shirts();
    let (live, _dir) = index(&documents);
    let popular = Request { sort: Sort::Popular, ..all(Filter::default()) };
    assert_eq!(found(&live, &documents, &popular), [0, 2, 1]);
}
