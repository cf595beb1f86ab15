//! The products and queries of the benchmarks (`bench/src/goods.rs`).

use super::*;
use words::{ADJECTIVES, COLOURS, DEPARTMENTS, ENDS, MATERIALS, MIDDLES, PHRASES, SIZES, STARTS};

#[path = "../../../../../bench/src/goods/words.rs"]
mod words;

struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut it = self.0;
        it = (it ^ (it >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (it ^ (it >> 31)) % limit.max(1)
    }

    fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[usize::try_from(self.below(list.len() as u64)).unwrap()]
    }

    fn name(&mut self, long: bool) -> String {
        let mut name = self.of(&STARTS).to_owned();
        if long {
            name += self.of(&MIDDLES);
        }
        name + self.of(&ENDS)
    }
}

pub(super) fn product(number: u64) -> Document {
    let dice = &mut Dice::new(number);
    let (department, shelves) = dice.of(&DEPARTMENTS);
    let (shelf, nouns) = dice.of(shelves);
    let noun = dice.of(nouns);
    let (adjective, material) = (dice.of(&ADJECTIVES), dice.of(&MATERIALS));
    let colour = dice.of(&COLOURS);
    let (vendor, line) = (dice.name(false), dice.name(true));
    let phrases: Vec<&str> = (0..3).map(|_| dice.of(&PHRASES)).collect();
    let price = i64::try_from(500 + dice.below(500) * 100 + 99).unwrap();
    let variant = |size: &str| Variant {
        sku: format!("GOODS-{number}{size}"),
        options: if size.is_empty() {
            BTreeMap::new()
        } else {
            [("Size".to_owned(), size[1..].to_owned())].into()
        },
        ..variant(price, true)
    };
    let sizes = if department == "Clothing" { &SIZES[..] } else { &[] };
    let mut variants: Vec<Variant> = sizes.iter().map(|it| variant(&format!("-{it}"))).collect();
    if variants.is_empty() {
        variants.push(variant(""));
    }
    let description = format!(
        "<p>The {line} is a {} {noun} of {material} in {colour}. {}</p>",
        adjective.to_lowercase(),
        phrases.join(" ")
    );
    Document {
        tags: [adjective, material, colour].map(str::to_owned).into(),
        categories: vec![Uuid::from_u128(shelf.len() as u128)],
        vendor: vendor.clone(),
        description,
        variants,
        ..document(&format!("{vendor} {line} {adjective} {material} {noun} {colour}"))
    }
}

pub(super) fn query(number: u64, count: u64) -> String {
    let dice = &mut Dice::new(number ^ 0x5EA2_C41D);
    let product = product(dice.below(count));
    let words: Vec<&str> = product.title.split(' ').collect();
    let (line, noun) = (words[1], words[4]);
    let query = match dice.below(4) {
        0 => vec![words[2], noun],
        1 => vec![words[0], noun],
        2 => vec![line],
        _ => vec![words[2], words[3], noun],
    };
    let mut query = query.join(" ").to_lowercase();
    match dice.below(10) {
        0..5 => mistype(&mut query, dice),
        5 if query.len() > 6 => query.truncate(query.len() - 2),
        _ => {}
    }
    query
}

fn mistype(text: &mut String, dice: &mut Dice) {
    let mut letters: Vec<char> = text.chars().collect();
    let places: Vec<usize> = (1..letters.len().saturating_sub(1))
        .filter(|&it| letters[it - 1..=it + 1].iter().all(|it| it.is_alphabetic()))
        .collect();
    if places.is_empty() {
        return;
    }
    let at = dice.of(&places);
    match dice.below(4) {
        0 => letters.swap(at, at + 1),
        1 => drop(letters.remove(at)),
        2 => letters.insert(at, letters[at]),
        _ => letters[at] = dice.of(&['a', 'e', 'i', 'o', 'n', 'r', 's', 't']),
    }
    *text = letters.into_iter().collect();
}
