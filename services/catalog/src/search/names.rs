//! Categories whose names begin like what somebody types. There are few: no index is needed.

use super::query::distance;
use super::words::words;
use crate::model::{Category, Tree};

/// Categories in whose names every word is the beginning of one: first those without a typing
/// error, then those higher up.
pub(crate) fn named_like<'a>(tree: &'a Tree, typed: &[String], limit: usize) -> Vec<&'a Category> {
    if typed.is_empty() {
        return vec![];
    }
    let typed: Vec<Vec<char>> = typed.iter().map(|it| it.chars().collect()).collect();
    let allowed: Vec<usize> =
        typed.iter().map(|it| usize::from(distance(&it.iter().collect::<String>()))).collect();
    let mut found: Vec<(usize, usize, &Category)> = Vec::new();
    for category in tree.all() {
        let name: Vec<Vec<char>> =
            words(&category.name).iter().map(|it| it.chars().collect()).collect();
        let errors = typed.iter().zip(&allowed).map(|(word, allowed)| {
            let errors = name.iter().filter_map(|it| errors(word, it, *allowed));
            errors.min()
        });
        if let Some(errors) = errors.sum::<Option<usize>>() {
            found.push((errors, tree.path(category.id).len(), category));
        }
    }
    // In the order of the tree where equal.
    found.sort_by_key(|(errors, level, _)| (*errors, *level));
    found.into_iter().take(limit).map(|(_, _, it)| it).collect()
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
