//! The categories of the shop, as far as a search uses them. There are few: those whose names
//! begin like what somebody types are found without an index.

use std::collections::HashMap;

use uuid::Uuid;

use crate::query::distance;
use crate::words::words;

/// Categories, each at a place of its own.
#[derive(Clone, Debug, Default)]
pub struct Categories {
    all: Vec<Category>,
    places: HashMap<Uuid, usize>,
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
}

impl Categories {
    /// Adds a category; the one above it has been added before.
    pub fn push(&mut self, id: Uuid, parent: Option<Uuid>, name: &str) {
        let above = parent.and_then(|it| self.places.get(&it).copied());
        let level = above.map_or(0, |it| self.all[it].level + 1);
        let name = words(name).iter().map(|it| it.chars().collect()).collect();
        self.places.insert(id, self.all.len());
        self.all.push(Category { id, above, level, name });
    }

    /// Categories in whose names every word is the beginning of one: first those without a typing
    /// error, then those higher up, then in the order in which they were added.
    pub fn named_like(&self, typed: &[String], limit: usize) -> Vec<Uuid> {
        if typed.is_empty() {
            return vec![];
        }
        let word = |it: &String| (it.chars().collect(), usize::from(distance(it)));
        let typed: Vec<(Vec<char>, usize)> = typed.iter().map(word).collect();
        let mut found: Vec<(usize, &Category)> = Vec::new();
        for category in &self.all {
            let errors = typed.iter().map(|(word, allowed)| {
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
