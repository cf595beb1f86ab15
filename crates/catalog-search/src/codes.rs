//! SKUs and barcodes, whole and in part.
//!
//! Of a code the index has every three neighbouring letters, with marks for its beginning and end:
//! there are few of them however many codes a shop has, and any piece of a code is found by those
//! it has.

use std::collections::BTreeSet;

use chassis::fold::fold;

/// Before the first letter and behind the last one.
const BEGIN: char = '^';
const END: char = '$';
/// Letters of a code that count.
const MAX_CODE: usize = 64;
/// The least piece that is looked for inside of codes.
const MIN_PIECE: usize = 3;

/// What a typed code is of one of the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Whole,
    Beginning,
    Piece,
}

/// Letters and digits only: people leave out hyphens, or write others.
fn letters(code: &str) -> Vec<char> {
    fold(code).chars().filter(|it| it.is_alphanumeric()).take(MAX_CODE).collect()
}

fn grams(letters: &[char]) -> impl Iterator<Item = String> {
    letters.windows(3).map(|it| it.iter().collect())
}

/// All grams of the codes of a product, with spaces between them.
pub(crate) fn indexed<'a>(codes: impl Iterator<Item = &'a str>) -> String {
    let mut all = BTreeSet::new();
    for code in codes {
        let letters = letters(code);
        if !letters.is_empty() {
            let marked: Vec<char> = [&[BEGIN][..], &letters, &[END]].concat();
            all.extend(grams(&marked));
        }
    }
    all.into_iter().collect::<Vec<_>>().join(" ")
}

/// The grams that a product has whose code is, begins with or contains the typed one.
pub(crate) fn typed(code: &str, scope: Scope) -> Option<Vec<String>> {
    let mut letters = letters(code);
    let least = match scope {
        Scope::Whole => 1,
        Scope::Beginning => 2,
        Scope::Piece => MIN_PIECE,
    };
    if letters.len() < least {
        return None;
    }
    if scope != Scope::Piece {
        letters.insert(0, BEGIN);
    }
    if scope == Scope::Whole {
        letters.push(END);
    }
    let grams: BTreeSet<String> = grams(&letters).collect();
    Some(grams.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_piece_of_a_code_is_known() {
        let index = indexed(["KT-INS114-DRE", "A1", ""].into_iter());
        let known: BTreeSet<&str> = index.split(' ').collect();
        let has = |code: &str, scope| {
            typed(code, scope).is_some_and(|it| it.iter().all(|it| known.contains(it.as_str())))
        };
        for code in ["KT-INS114-DRE", "ktins114dre", "kt ins114 dre", "a1"] {
            assert!(has(code, Scope::Whole), "{code}");
        }
        assert!(has("kt-ins", Scope::Beginning) && !has("ins", Scope::Beginning));
        for piece in ["INS114", "kt-ins", "114-dre", "ns1"] {
            assert!(has(piece, Scope::Piece), "{piece}");
        }
        for piece in ["ins999", "dr", "drea", "-"] {
            assert!(!has(piece, Scope::Piece), "{piece}");
        }
    }
}
