//! The words of the index: looking them up in its dictionaries.

use tantivy::index::SegmentId;
use tantivy::query::FuzzyTermQuery;
use tantivy::schema::Field;
use tantivy::{Score, Searcher, Term};

use crate::document::Fields;
use crate::matching::Infos;
use crate::words::singular;

/// Terms of a field.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    pub infos: Infos,
    /// How many products have them, each counted by itself.
    pub products: u64,
}

/// The dictionaries of one state of the index.
#[derive(Clone, Copy)]
pub(crate) struct Lexicon<'a> {
    pub searcher: &'a Searcher,
    pub fields: &'a Fields,
}

impl Lexicon<'_> {
    pub(crate) fn segments(&self) -> Vec<SegmentId> {
        self.searcher.segment_readers().iter().map(|it| it.segment_id()).collect()
    }

    /// How many products there are, removed ones included.
    pub(crate) fn products(&self) -> u64 {
        self.searcher.segment_readers().iter().map(|it| u64::from(it.max_doc())).sum()
    }

    /// The average length of a field, in words.
    pub(crate) fn length(&self, field: Field) -> tantivy::Result<Score> {
        let mut words = 0;
        for segment in self.searcher.segment_readers() {
            words += segment.inverted_index(field)?.total_num_tokens();
        }
        Ok((words as Score / self.products().max(1) as Score).max(1.0))
    }

    pub(crate) fn exact(&self, field: Field, word: &str) -> tantivy::Result<Found> {
        self.any(field, [word.as_bytes()].into_iter())
    }

    /// In how many products a word stands.
    pub(crate) fn count(&self, field: Field, word: &str) -> tantivy::Result<u64> {
        let mut products = 0;
        for segment in self.searcher.segment_readers() {
            let found = segment.inverted_index(field)?.terms().get(word)?;
            products += found.map_or(0, |it| u64::from(it.doc_freq));
        }
        Ok(products)
    }

    /// Those of some terms that there are.
    pub(crate) fn any<'t>(
        &self,
        field: Field,
        terms: impl Iterator<Item = &'t [u8]> + Clone,
    ) -> tantivy::Result<Found> {
        let mut all = Found::default();
        for segment in self.searcher.segment_readers() {
            let index = segment.inverted_index(field)?;
            let mut infos = Vec::new();
            for term in terms.clone() {
                if let Some(info) = index.terms().get(term)? {
                    all.products += u64::from(info.doc_freq);
                    infos.push(info);
                }
            }
            all.infos.push(infos);
        }
        Ok(all)
    }

    /// All of these terms, in the segments that have all of them.
    pub(crate) fn all(&self, field: Field, terms: &[String]) -> tantivy::Result<Found> {
        let mut all = Found::default();
        for segment in self.searcher.segment_readers() {
            let index = segment.inverted_index(field)?;
            let mut infos = Vec::with_capacity(terms.len());
            for term in terms {
                let Some(info) = index.terms().get(term)? else {
                    infos.clear();
                    break;
                };
                infos.push(info);
            }
            let least = infos.iter().map(|it| u64::from(it.doc_freq)).min();
            all.products += least.unwrap_or_default();
            all.infos.push(infos);
        }
        Ok(all)
    }

    /// The terms that begin with these letters and are wanted.
    pub(crate) fn beginning(
        &self,
        field: Field,
        with: &str,
        mut wanted: impl FnMut(&str) -> tantivy::Result<bool>,
    ) -> tantivy::Result<Found> {
        let mut all = Found::default();
        // No letter has this byte in UTF-8.
        let end = [with.as_bytes(), &[0xff]].concat();
        for segment in self.searcher.segment_readers() {
            let index = segment.inverted_index(field)?;
            let mut stream = index.terms().range().ge(with).lt(&end).into_stream()?;
            let mut infos = Vec::new();
            while stream.advance() {
                if wanted(std::str::from_utf8(stream.key()).unwrap_or_default())? {
                    all.products += u64::from(stream.value().doc_freq);
                    infos.push(stream.value().clone());
                }
            }
            all.infos.push(infos);
        }
        Ok(all)
    }

    /// Words of several fields in which up to so many letters differ, with one different letter or
    /// two: of each field both. With `beginning`, words that begin like that.
    pub(crate) fn similar(
        &self,
        fields: &[Field],
        word: &str,
        distance: u8,
        beginning: bool,
    ) -> tantivy::Result<Vec<[Found; 2]>> {
        // Made once: it costs more than to look through a small dictionary.
        let term = Term::from_field_text(self.fields.title, word);
        let query = if beginning {
            FuzzyTermQuery::new_prefix(term, distance, true)
        } else {
            FuzzyTermQuery::new(term, distance, true)
        };
        let automaton = query.automaton()?;
        let mut all = Vec::with_capacity(fields.len());
        for field in fields {
            let mut found = [Found::default(), Found::default()];
            for segment in self.searcher.segment_readers() {
                let index = segment.inverted_index(*field)?;
                let mut stream = index.terms().search(&automaton).into_stream()?;
                found.iter_mut().for_each(|it| it.infos.push(Vec::new()));
                while stream.advance() {
                    let other = std::str::from_utf8(stream.key()).unwrap_or_default();
                    let far = distance > 1 && !is_one_edit(word, other);
                    let terms = &mut found[usize::from(far)];
                    terms.products += u64::from(stream.value().doc_freq);
                    if let Some(infos) = terms.infos.last_mut() {
                        infos.push(stream.value().clone());
                    }
                }
            }
            all.push(found);
        }
        Ok(all)
    }

    /// Whether somebody uses this as a word of its own: what stands before the end of a compound,
    /// with or without the letters that link the two, itself of one word or of two.
    pub(crate) fn is_word(&self, text: &str, whole: bool) -> tantivy::Result<bool> {
        const LINKS: [&str; 5] = ["", "s", "n", "en", "es"];
        for link in LINKS {
            let Some(word) = text.strip_suffix(link).filter(|it| it.chars().count() >= 3) else {
                continue;
            };
            for field in [self.fields.title, self.fields.traits, self.fields.description] {
                if self.count(field, &singular(word))? > 0 {
                    return Ok(true);
                }
            }
        }
        if whole {
            for (at, _) in text.char_indices().skip(3) {
                let (first, second) = text.split_at(at);
                if second.chars().count() >= 3
                    && self.is_word(first, false)?
                    && self.is_word(second, false)?
                {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

/// Whether one letter makes the difference, or two that are swapped.
fn is_one_edit(a: &str, b: &str) -> bool {
    let [a, b]: [Vec<char>; 2] = [a, b].map(|it| it.chars().collect());
    let same = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[same..], &b[same..]);
    let same = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    match (&a[..a.len() - same], &b[..b.len() - same]) {
        ([a, c], [b, d]) => a == d && b == c,
        (a, b) => a.len() <= 1 && b.len() <= 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_letter_or_two_swapped_make_the_difference() {
        for (a, b) in
            [("lamp", "limp"), ("lamp", "lam"), ("lamp", "lapm"), ("a", "a"), ("lamp", "clamp")]
        {
            assert!(is_one_edit(a, b) && is_one_edit(b, a), "{a} {b}");
        }
        for (a, b) in [("lamp", "lips"), ("lamp", "la"), ("ab", "cd"), ("lamp", "plma")] {
            assert!(!is_one_edit(a, b) && !is_one_edit(b, a), "{a} {b}");
        }
    }
}
