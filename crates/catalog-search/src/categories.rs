//! The categories of the shop, as far as a search uses them. There are few: those whose names
//! begin like what somebody types are found without an index.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap};
use std::hash::{Hash, Hasher};

use uuid::Uuid;

use crate::text::distance;
use crate::words::{Kind, indexed, pieces};

/// Categories, each at a place of its own.
#[derive(Clone, Debug, Default)]
pub struct Categories {
    all: Vec<Category>,
    places: HashMap<Uuid, usize>,
    /// The words of their names, as in the index, and those that have them or are below one that
    /// has.
    words: BTreeMap<String, Vec<Uuid>>,
    /// The same for the same categories.
    edition: u64,
}

#[derive(Clone, Debug)]
struct Category {
    id: Uuid,
    /// The place of the one above it.
    above: Option<usize>,
    /// How many are above it.
    level: usize,
    /// The words of its name.
    name: Vec<Vec<char>>,
    /// Those of the index.
    indexed: Vec<String>,
}

impl Categories {
    /// Adds a category; the one above it has been added before.
    pub fn push(&mut self, id: Uuid, parent: Option<Uuid>, name: &str) {
        let above = parent.and_then(|it| self.places.get(&it).copied());
        let level = above.map_or(0, |it| self.all[it].level + 1);
        let mut hasher = DefaultHasher::new();
        (self.edition, id, parent, name).hash(&mut hasher);
        self.edition = hasher.finish();
        let indexed = indexed(name, true);
        let typed = pieces(name).into_iter().flat_map(|it| it.parts).map(|it| it.text);
        let name = typed.chain(indexed.iter().cloned()).map(|it| it.chars().collect()).collect();
        self.places.insert(id, self.all.len());
        self.all.push(Category { id, above, level, name, indexed });
        for at in std::iter::successors(Some(self.all.len() - 1), |it| self.all[*it].above) {
            for word in &self.all[at].indexed {
                let ids = self.words.entry(word.clone()).or_default();
                if ids.last() != Some(&id) {
                    ids.push(id);
                }
            }
        }
    }

    /// Tells these categories from others.
    pub(crate) fn edition(&self) -> u64 {
        self.edition
    }

    /// Those with a word in their name or in that of one above them.
    pub(crate) fn having(&self, word: &str) -> Option<&[Uuid]> {
        self.words.get(word).map(Vec::as_slice)
    }

    /// Those that have all of these words.
    pub(crate) fn having_all(&self, words: &[String]) -> Vec<Uuid> {
        let mut lists = words.iter().map(|it| self.having(it).unwrap_or_default());
        let first = lists.next().unwrap_or_default();
        let rest: Vec<_> = lists.collect();
        first.iter().filter(|id| rest.iter().all(|it| it.contains(id))).copied().collect()
    }

    /// Those with a word that begins like this.
    pub(crate) fn beginning(&self, with: &str) -> Vec<Uuid> {
        let from = self.words.range(with.to_owned()..);
        unique(from.take_while(|(it, _)| it.starts_with(with)).map(|it| it.1))
    }

    /// Those with a word in which so many letters differ.
    pub(crate) fn similar(&self, word: &str, allowed: u8) -> Vec<Uuid> {
        let word: Vec<char> = word.chars().collect();
        let like = |it: &str| {
            let other: Vec<char> = it.chars().collect();
            other.len() <= word.len() + usize::from(allowed)
                && errors(&word, &other, usize::from(allowed)).is_some()
        };
        unique(self.words.iter().filter(|(it, _)| like(it)).map(|it| it.1))
    }

    /// Categories in whose names every word is the beginning of one: first those without a typing
    /// error, then those higher up, then in the order in which they were added.
    pub fn named_like(&self, typed: &[String], limit: usize) -> Vec<Uuid> {
        if typed.is_empty() {
            return vec![];
        }
        let word = |it: &String| -> (Vec<char>, usize, bool) {
            let run = pieces(it).iter().any(|it| it.parts[0].kind == Kind::Run);
            (it.chars().collect(), usize::from(distance(it)), run)
        };
        let typed: Vec<_> = typed.iter().map(word).collect();
        let mut found: Vec<(usize, &Category)> = Vec::new();
        for category in &self.all {
            let errors = typed.iter().map(|(word, allowed, run)| {
                if *run {
                    // Words without spaces: it may begin anywhere.
                    let mut inside = category.name.iter().flat_map(|it| it.windows(word.len()));
                    return inside.any(|it| it == word).then_some(0);
                }
                let errors = category.name.iter().filter_map(|it| errors(word, it, *allowed));
                errors.min()
            });
            found.extend(errors.sum::<Option<usize>>().map(|errors| (errors, category)));
        }
        found.sort_by_key(|(errors, category)| (*errors, category.level));
        found.into_iter().take(limit).map(|(_, it)| it.id).collect()
    }

    /// By their places.
    pub(crate) fn ids(&self) -> impl Iterator<Item = Uuid> {
        self.all.iter().map(|it| it.id)
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// The places of a category and of those above it; none of one that is not known.
    pub(crate) fn places(&self, id: Uuid) -> impl Iterator<Item = usize> {
        std::iter::successors(self.places.get(&id).copied(), |it| self.all[*it].above)
    }
}

fn unique<'a>(lists: impl Iterator<Item = &'a Vec<Uuid>>) -> Vec<Uuid> {
    let mut ids: Vec<Uuid> = lists.flatten().copied().collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// How many letters of `typed` are wrong as the beginning of `word`; none if more than allowed.
fn errors(typed: &[char], word: &[char], allowed: usize) -> Option<usize> {
    if word.starts_with(typed) {
        return Some(0);
    }
    if allowed == 0 {
        return None;
    }
    // Levenshtein's distance to every beginning that is not too long, row by row.
    let word = &word[..word.len().min(typed.len() + allowed)];
    let mut above: Vec<usize> = (0..=word.len()).collect();
    for (row, letter) in typed.iter().enumerate() {
        let mut here = vec![row + 1];
        for (column, other) in word.iter().enumerate() {
            let replaced = above[column] + usize::from(letter != other);
            here.push(replaced.min(above[column + 1] + 1).min(here[column] + 1));
        }
        above = here;
    }
    above.into_iter().min().filter(|it| *it <= allowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::words;

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    fn categories(all: &[(u128, Option<u128>, &str)]) -> Categories {
        let mut categories = Categories::default();
        for (n, parent, name) in all {
            categories.push(id(*n), parent.map(id), name);
        }
        categories
    }

    #[test]
    fn those_without_an_error_and_higher_up_are_named_first() {
        let all = categories(&[
            (1, None, "Clothing"),
            (2, Some(1), "Wool Shirts"),
            (3, Some(2), "Shirts of Silk"),
            (4, None, "Skirts"),
            (5, None, "Shirts"),
        ]);
        let like = |typed: &str, limit| all.named_like(&words(typed), limit);
        assert_eq!(like("shirt", 9), [5, 2, 3, 4].map(id));
        assert_eq!(like("shirt", 2), [5, 2].map(id));
        assert_eq!(like("silk sh", 9), [id(3)]);
        assert!(like("", 9).is_empty());
    }

    #[test]
    fn words_of_names_lead_to_all_below() {
        let all = categories(&[
            (1, None, "Strick & Mode"),
            (2, Some(1), "Pullover"),
            (3, None, "登山背包"),
            (4, None, "T-Shirts"),
        ]);
        assert_eq!(all.having("mode"), Some(&[1, 2].map(id)[..]));
        assert_eq!(all.having("pullover"), Some(&[id(2)][..]));
        assert_eq!(all.having("tshirt"), Some(&[id(4)][..]));
        assert_eq!(all.having("shoe"), None);
        assert_eq!(all.beginning("pull"), [id(2)]);
        assert_eq!(all.similar("pulover", 1), [id(2)]);
        assert_eq!(all.having_all(&["登山", "背包"].map(str::to_owned)), [id(3)]);
        assert!(all.having_all(&["登山", "mode"].map(str::to_owned)).is_empty());
        assert_eq!(all.named_like(&words("背包"), 9), [id(3)]);
        assert_eq!(all.named_like(&words("t-shirt"), 9), [id(4)]);
        let other = categories(&[(1, None, "Strick & Mode"), (2, Some(1), "Pulli")]);
        assert_ne!(all.edition(), other.edition());
    }

    #[test]
    fn a_place_is_known_with_those_above_it() {
        let all = categories(&[(1, None, "A"), (2, Some(1), "B"), (3, None, "C")]);
        assert_eq!(all.places(id(2)).collect::<Vec<_>>(), [1, 0]);
        assert_eq!(all.places(id(3)).collect::<Vec<_>>(), [2]);
        assert_eq!(all.places(id(4)).count(), 0);
    }

    #[test]
    fn a_beginning_may_have_typing_errors() {
        let errors = |typed: &str, word: &str| {
            let [typed, word]: [Vec<char>; 2] = [typed, word].map(|it| it.chars().collect());
            errors(&typed, &word, usize::from(distance(&typed.iter().collect::<String>())))
        };
        assert_eq!(errors("sh", "shirts"), Some(0));
        assert_eq!(errors("shirts", "shirt"), Some(1));
        assert_eq!(errors("shrit", "shirts"), None);
        assert_eq!(errors("shrt", "shirts"), Some(1));
        assert_eq!(errors("acesories", "accessories"), Some(2));
        assert_eq!(errors("cap", "cup"), None);
    }
}
