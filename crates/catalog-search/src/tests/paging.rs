//! Pages of lists that change while they are read.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::*;

const SORTS: [Sort; 9] = [
    Sort::Relevance,
    Sort::Newest,
    Sort::Oldest,
    Sort::PriceUp,
    Sort::PriceDown,
    Sort::Title,
    Sort::TitleDown,
    Sort::Rating,
    Sort::Popular,
];

/// Numbers that look random, the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % end
    }
}

fn write(live: &Live, documents: &[&Document], gone: &[Uuid]) {
    let mut writer = live.writer().unwrap();
    gone.iter().for_each(|it| writer.remove(*it));
    for document in documents {
        writer.remove(document.id);
        writer.add(document).unwrap();
    }
    writer.commit(&Place::default(), String::new()).unwrap();
    writer.close().unwrap();
}

/// What a product is sorted by; of the score, what it is made of.
fn key(sort: Sort, it: &Document) -> (i64, i64, String) {
    match sort {
        Sort::Newest | Sort::Oldest => (0, 0, String::new()),
        Sort::PriceUp | Sort::PriceDown => (it.price(), 0, String::new()),
        Sort::Relevance | Sort::Title | Sort::TitleDown => (0, 0, it.title_key.clone()),
        Sort::Rating => (it.rating, 0, String::new()),
        Sort::Popular => (it.sold, it.views, String::new()),
    }
}

fn lamps(count: usize, dice: &mut Dice) -> Vec<Document> {
    let lamp = |dice: &mut Dice| {
        let title = format!("Lamp {}", ["brass", "glass", "of copper", ""][dice.below(4)]);
        Document {
            variants: vec![variant(1000 + dice.below(5) as i64, true)],
            rating: 1000 * dice.below(6) as i64,
            sold: dice.below(4) as i64,
            views: dice.below(3) as i64,
            ..document(title.trim())
        }
    };
    (0..count).map(|_| lamp(dice)).collect()
}

/// Reads a list to its end, with a change of the index after every page.
fn read(live: &Live, request: &Request, mut change: impl FnMut()) -> Vec<Uuid> {
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let hits = live.find(&Request { after, ..request.clone() }).unwrap();
        assert!(hits.ids.len() <= request.limit);
        seen.extend(hits.ids);
        after = hits.next;
        if after.is_none() {
            return seen;
        }
        change();
    }
}

#[test]
fn what_stays_as_it_is_is_seen_once_while_everything_else_changes() {
    for (at, sort) in SORTS.into_iter().enumerate() {
        for text in [None, Some("lamp")].into_iter().filter(|it| it.is_some() || at > 0) {
            let mut dice = Dice(7 + at as u64);
            let mut documents = lamps(120, &mut dice);
            let (live, _dir) = index(&documents);
            let mut changes: BTreeMap<Uuid, usize> = BTreeMap::new();
            let mut moved: HashSet<Uuid> = HashSet::new();
            let mut gone: HashSet<Uuid> = HashSet::new();
            let request =
                Request { text: text.map(str::to_owned), sort, limit: 11, ..Request::default() };
            let seen = read(&live, &request, || {
                let mut edited = Vec::new();
                for _ in 0..8 {
                    let it = dice.below(documents.len());
                    let before = key(sort, &documents[it]);
                    match dice.below(6) {
                        0 => documents[it].variants[0].price = 1000 + dice.below(5) as i64,
                        1 => documents[it].sold += 1,
                        2 => documents[it].rating = 1000 * dice.below(6) as i64,
                        3 => documents[it].title_key = format!("lamp {}", dice.below(9)),
                        // Nothing a list is sorted by: the product moves within the index only.
                        _ => documents[it].description.push('x'),
                    }
                    let document = &documents[it];
                    if key(sort, document) != before {
                        *changes.entry(document.id).or_default() += 1;
                        moved.insert(document.id);
                    }
                    edited.push(document.clone());
                }
                let lost = documents[dice.below(documents.len())].id;
                gone.insert(lost);
                let edited: Vec<&Document> =
                    edited.iter().filter(|it| !gone.contains(&it.id)).collect();
                write(&live, &edited, &[lost]);
            });
            let mut times: HashMap<Uuid, usize> = HashMap::new();
            seen.into_iter().for_each(|it| *times.entry(it).or_default() += 1);
            for document in &documents {
                let seen = times.get(&document.id).copied().unwrap_or_default();
                let changed = changes.get(&document.id).copied().unwrap_or_default();
                assert!(seen <= 1 + changed, "{sort:?} {text:?}: {seen} times");
                if changed == 0 && !gone.contains(&document.id) {
                    assert_eq!(seen, 1, "{sort:?} {text:?}");
                }
                // The state it began with is kept: nothing is seen twice.
                if sort.drifts() {
                    assert!(seen <= 1, "{sort:?} {text:?}");
                }
            }
            assert!(moved.len() > 5 || matches!(sort, Sort::Newest | Sort::Oldest), "{sort:?}");
        }
    }
}

#[test]
fn pages_are_those_of_the_whole_list() {
    let documents = lamps(60, &mut Dice(3));
    let (live, _dir) = index(&documents);
    // A second segment, so that titles have other numbers there.
    let more = lamps(60, &mut Dice(4));
    write(&live, &more.iter().collect::<Vec<_>>(), &[]);
    for sort in SORTS {
        let text = (sort == Sort::Relevance).then(|| "lamp".to_owned());
        let request = Request { text, sort, limit: 7, ..Request::default() };
        let whole = live.find(&Request { limit: 500, ..request.clone() }).unwrap();
        assert_eq!((whole.ids.len(), whole.total, &whole.next), (120, 120, &None), "{sort:?}");
        assert_eq!(read(&live, &request, || ()), whole.ids, "{sort:?}");
        // By numbers as well, each with a way on.
        let jumped = live.find(&Request { offset: 14, ..request.clone() }).unwrap();
        assert_eq!(jumped.ids, whole.ids[14..21], "{sort:?}");
        let next = live.find(&Request { after: jumped.next, ..request.clone() }).unwrap();
        assert_eq!((next.ids.as_slice(), next.total), (&whole.ids[21..28], 120), "{sort:?}");
        let last = live.find(&Request { offset: 113, ..request }).unwrap();
        assert_eq!((last.ids.len(), last.next), (7, None), "{sort:?}");
    }
}

#[test]
fn a_cursor_goes_on_in_another_index() {
    let documents = lamps(40, &mut Dice(5));
    let (live, _dir) = index(&documents);
    let reversed: Vec<Document> = documents.iter().rev().cloned().collect();
    let (other, _other_dir) = numbered(2, &reversed);
    for sort in SORTS {
        let text = (sort == Sort::Relevance).then(|| "lamp".to_owned());
        let request = Request { text, sort, limit: 9, ..Request::default() };
        let (mut seen, mut after) = (Vec::new(), None);
        for live in [&live, &other].into_iter().cycle() {
            let hits = live.find(&Request { after, ..request.clone() }).unwrap();
            seen.extend(hits.ids);
            after = hits.next;
            if after.is_none() {
                break;
            }
        }
        let whole = live.find(&Request { limit: 100, ..request }).unwrap();
        assert_eq!(seen, whole.ids, "{sort:?}");
    }
}

#[test]
fn a_cursor_is_of_one_order() {
    let (live, _dir) = index(&lamps(3, &mut Dice(6)));
    for sort in SORTS {
        let text = (sort == Sort::Relevance).then(|| "lamp".to_owned());
        let request = Request { text, sort, limit: 1, ..Request::default() };
        let cursor = live.find(&request).unwrap().next.unwrap();
        for other in SORTS {
            assert_eq!(cursor.fits(other), other == sort, "{sort:?} {other:?}");
        }
        let sent = serde_json::to_string(&cursor).unwrap();
        assert_eq!(serde_json::from_str::<Cursor>(&sent).unwrap(), cursor);
    }
    let forged =
        r#"{"sort":"price_up","id":"018f0000-0000-7000-8000-000000000000","edition":[1,1]}"#;
    assert!(!serde_json::from_str::<Cursor>(forged).unwrap().fits(Sort::PriceUp));
}
