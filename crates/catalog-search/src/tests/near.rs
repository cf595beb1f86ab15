//! What is suggested, and what is related.

use super::*;
use crate::near::Traits;

fn suggested(live: &Live, documents: &[Document], text: &str) -> Vec<usize> {
    let ids = live.suggest(text, 6).unwrap();
    ids.into_iter().map(|id| documents.iter().position(|it| it.id == id).unwrap()).collect()
}

#[test]
fn the_last_word_may_be_unfinished_and_wrong() {
    let documents = [
        document("Leather Bracelet"),
        document("Wool Jacket"),
        Document { sold: 9, ..document("Rain Jacket") },
        Document { status: Status::Draft, sold: 99, ..document("Draft Jacket") },
    ];
    let (live, _dir) = index(&documents);
    for (text, expected) in [
        ("b", vec![0]),
        ("brac", vec![0]),
        ("barce", vec![0]),
        ("lether bra", vec![0]),
        // What is bought comes first.
        ("jack", vec![2, 1]),
        ("jakc", vec![2, 1]),
        ("wool j", vec![1]),
        ("zzz", vec![]),
        ("%", vec![]),
    ] {
        assert_eq!(suggested(&live, &documents, text), expected, "{text}");
    }
}

#[test]
fn what_has_most_in_common_is_related_most() {
    let shelf = Uuid::from_u128(1);
    let of = |vendor: &str, tags: &[&str]| Document {
        vendor: vendor.to_owned(),
        tags: tags.iter().map(|it| (*it).to_owned()).collect(),
        ..document("Thing")
    };
    let documents = [
        Document { categories: vec![shelf], ..of("Harbour", &["Summer"]) },
        Document { categories: vec![shelf], sold: 1, ..of("Quay", &[]) },
        Document { categories: vec![shelf], sold: 2, ..of("", &[]) },
        Document { categories: vec![shelf], sold: 3, in_stock: false, ..of("Harbour", &[]) },
        of("Harbour", &["summer"]),
        of("Quay", &["summer", "winter"]),
        of("Quay", &[]),
        Document { categories: vec![shelf], status: Status::Archived, ..of("Harbour", &[]) },
    ];
    let (live, _dir) = index(&documents);
    let related = |limit| {
        let it = &documents[0];
        let traits = Traits {
            id: it.id,
            categories: it.categories.clone(),
            tags: it.tags.clone(),
            vendor: it.vendor.clone(),
        };
        let ids = live.related(&traits, limit).unwrap();
        let place = |id| documents.iter().position(|it| it.id == id).unwrap();
        ids.into_iter().map(place).collect::<Vec<_>>()
    };
    assert_eq!(related(8), [2, 1, 4, 5, 3]);
    assert_eq!(related(2), [2, 1]);
}
