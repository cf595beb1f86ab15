//! Products to sell, as many as wanted and always the same: a file in Shopify's format, and what
//! people who look for them might type.

mod words;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::Result;

use self::words::{
    ADJECTIVES, COLOURS, DEPARTMENTS, ENDS, MATERIALS, MIDDLES, PHRASES, SIZES, STARTS,
};

/// Units in stock of every variant; more than a benchmark sells.
const ON_HAND: u32 = 10_000_000;

/// Numbers that look random and are the same every time (splitmix64).
#[derive(Clone, Copy, Debug)]
pub struct Dice(u64);

/// A product.
#[derive(Debug)]
pub struct Product {
    pub handle: String,
    pub title: String,
    /// A name few products have.
    pub line: String,
    pub noun: &'static str,
    number: u64,
    vendor: String,
    kind: String,
    tags: String,
    description: String,
    cents: u64,
    sizes: &'static [&'static str],
}

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut it = self.0;
        it = (it ^ (it >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (it ^ (it >> 31)) % limit.max(1)
    }

    fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len() as u64) as usize]
    }
}

/// The product of a number.
pub fn product(number: u64) -> Product {
    let dice = &mut Dice::new(number);
    let (department, shelves) = dice.of(&DEPARTMENTS);
    let (shelf, nouns) = dice.of(shelves);
    let noun = dice.of(nouns);
    let (adjective, material) = (dice.of(&ADJECTIVES), dice.of(&MATERIALS));
    let colour = dice.of(&COLOURS);
    // About three thousand makers, and many more names than the shop has words.
    let vendor = name(dice, false);
    let line = name(dice, true);
    let title = format!("{vendor} {line} {adjective} {material} {noun} {colour}");
    let phrases: Vec<&str> = (0..3).map(|_| dice.of(&PHRASES)).collect();
    Product {
        handle: format!("{title} {number}").to_lowercase().replace(' ', "-"),
        description: format!(
            "<p>The {line} is a {} {noun} of {material} in {colour}. {}</p>",
            adjective.to_lowercase(),
            phrases.join(" ")
        ),
        title,
        line,
        noun,
        number,
        vendor,
        kind: format!("{department} > {shelf}"),
        tags: format!("{adjective}, {material}, {colour}"),
        cents: 500 + dice.below(500) * 100 + 99,
        sizes: if department == "Clothing" { &SIZES } else { &[] },
    }
}

/// A word as makers invent it.
fn name(dice: &mut Dice, long: bool) -> String {
    let mut name = dice.of(&STARTS).to_owned();
    if long {
        name += dice.of(&MIDDLES);
    }
    name + dice.of(&ENDS)
}

impl Product {
    /// The SKU of its first variant.
    pub fn sku(&self) -> String {
        self.sku_of(self.sizes.first())
    }

    fn sku_of(&self, size: Option<&&str>) -> String {
        let size = size.map(|it| format!("-{it}")).unwrap_or_default();
        format!("GOODS-{}{size}", self.number)
    }
}

/// Writes the first products as a file in Shopify's format.
pub fn write(path: &Path, count: u64) -> Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(
        file,
        "Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,\
         Variant SKU,Variant Grams,Variant Inventory Tracker,Variant Inventory Qty,\
         Variant Inventory Policy,Variant Price,Variant Compare At Price,\
         Variant Requires Shipping,Variant Taxable,Image Src,Image Position,Status"
    )?;
    for number in 0..count {
        write_rows(&mut file, &product(number))?;
    }
    Ok(file.flush()?)
}

fn write_rows(file: &mut impl Write, product: &Product) -> Result<()> {
    let Product { handle, title, description, vendor, kind, tags, .. } = product;
    let price = format!("{}.{:02}", product.cents / 100, product.cents % 100);
    let was = format!("{}.00", product.cents / 100 + 10);
    let stock = format!("500,shopify,{ON_HAND},deny,{price},{was},true,true");
    let image = format!("https://example.com/pictures/{handle}.jpg,1,active");
    let (option, first) = match product.sizes.first() {
        Some(size) => ("Size", *size),
        None => ("Title", "Default Title"),
    };
    let sku = product.sku();
    writeln!(
        file,
        "{handle},{title},\"{description}\",{vendor},{kind},\"{tags}\",true,{option},{first},\
         {sku},{stock},{image}"
    )?;
    for size in product.sizes.iter().skip(1) {
        let sku = product.sku_of(Some(size));
        writeln!(file, "{handle},,,,,,,,{size},{sku},{stock},,,")?;
    }
    Ok(())
}

/// What somebody might type who looks for one of `count` products: one to three words, every
/// other time with a mistake, sometimes not to the end.
pub fn query(number: u64, count: u64) -> String {
    let dice = &mut Dice::new(number ^ 0x5EA2_C41D);
    let product = product(dice.below(count));
    let words: Vec<&str> = product.title.split(' ').collect();
    let mut query = match dice.below(4) {
        // The noun is the last word but the colour.
        0 => vec![words[2], product.noun],
        1 => vec![words[0], product.noun],
        2 => vec![product.line.as_str()],
        _ => vec![words[2], words[3], product.noun],
    }
    .join(" ")
    .to_lowercase();
    match dice.below(10) {
        0..5 => mistype(&mut query, dice),
        5 if query.len() > 6 => query.truncate(query.len() - 2),
        _ => {}
    }
    query
}

/// Two letters swapped, one left out, one doubled or another one.
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn products_differ_and_are_always_the_same() {
        let handles: BTreeSet<_> = (0..1000).map(|it| product(it).handle).collect();
        assert_eq!(handles.len(), 1000);
        assert_eq!(product(7).title, product(7).title);
        assert!(product(7).title.contains(product(7).noun));
    }

    #[test]
    fn a_file_has_a_row_per_variant_with_as_many_fields() {
        let mut rows = Vec::new();
        for number in 0..50 {
            write_rows(&mut rows, &product(number)).unwrap();
        }
        let text = String::from_utf8(rows).unwrap();
        let variants: usize = (0..50).map(|it| product(it).sizes.len().max(1)).sum();
        assert_eq!(text.lines().count(), variants);
        for line in text.lines() {
            let quoted: String = line.split('"').step_by(2).collect();
            assert_eq!(quoted.matches(',').count(), 20, "{line}");
        }
    }

    #[test]
    fn queries_are_different() {
        let queries: BTreeSet<_> = (0..1000).map(|it| query(it, 100_000)).collect();
        assert!(queries.len() > 900, "{}", queries.len());
    }
}
