//! From what somebody typed to a query of the index.

use std::sync::Arc;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use tantivy::Score;
use tantivy::schema::Field;

use crate::Categories;
use crate::codes::{self, Scope};
use crate::lexicon::{Found, Lexicon};
use crate::matching::{Frequency, Text, Unit, Way};
use crate::words::{self, Kind, Part, Piece, clusters, is_elided, pairs, singular};

/// More words than these are ignored.
const MAX_WORDS: usize = 12;
/// Typing errors in longer words than this are not forgiven: looking for them takes too long.
const MAX_FUZZY: usize = 24;
/// A word in fewer products than this may be a typing error: similar words match as well.
const RARE: u64 = 20;
/// The least letters of the last word of a compound, and of what stands before it.
const MIN_HEAD: usize = 4;
const MIN_REST: usize = 3;
/// With more compounds than this, a word is the last one of the others as well.
const MANY_COMPOUNDS: usize = 300;
/// Products a shop has before its words can be told to be frequent.
const MIN_SHOP: u64 = 20;

/// How much a word counts by where and how it was found. The word itself beats a word that
/// begins with it, that beats a similar one.
const TITLE: Score = 6.0;
const TRAITS: Score = 3.0;
const DESCRIPTION: Score = 1.0;
const FREQUENCY: Score = 0.25;
const BEGINNING: Score = 0.7;
const SIMILAR: Score = 0.3;
const LESS_SIMILAR: Score = 0.15;
const COMPOUND: Score = 3.5;
const UNLIKELY_COMPOUND: Score = 1.5;
const CATEGORY: Score = 2.5;
const SIMILAR_CATEGORY: Score = 1.0;
const CODE: Score = 10.0;
const CODE_BEGINNING: Score = 5.0;
const CODE_PIECE: Score = 2.0;

/// Of what is found by some of the words: the parts of the weight of all words that are tried.
pub(crate) const PARTS: [Score; 3] = [0.9, 0.65, 0.4];

/// How forgiving a search is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Typos {
    /// Of typing errors in words that hardly any product has.
    RareWords,
    /// Of typing errors in every word.
    EveryWord,
    /// Also in the beginning of an unfinished one.
    Beginnings,
}

/// What words have turned out to mean, in one state of the index.
pub(crate) type Known = Cache<Key, Arc<Unit>>;

#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    generation: u64,
    categories: u64,
    typos: Typos,
    last: bool,
    joined: bool,
    /// With its other spelling.
    word: String,
}

/// Terms that are kept in mind, at most; and of one word.
const KNOWN: u64 = 200_000;
const KNOWN_WORD: usize = 2_000;

pub(crate) fn known() -> Known {
    let weigh = |key: &Key, unit: &Arc<Unit>| {
        u32::try_from(unit.size() + key.word.len() / 16 + 4).unwrap_or(u32::MAX)
    };
    let recent = EvictionPolicy::lru();
    Cache::builder().weigher(weigh).max_capacity(KNOWN).eviction_policy(recent).build()
}

/// Reads texts.
pub(crate) struct Reader<'a> {
    pub lexicon: Lexicon<'a>,
    pub categories: &'a Categories,
    pub known: &'a Known,
    pub typos: Typos,
}

/// A text that has been read.
pub(crate) struct Reading {
    lexicon: Vec<tantivy::index::SegmentId>,
    units: Vec<Arc<Unit>>,
    /// All of it as one code.
    code: Option<Arc<Unit>>,
    /// The units of which some are enough; those nothing is found by have no weight yet.
    loose: Vec<(Arc<Unit>, usize)>,
}

impl Reading {
    /// What has all of the text; none where that is nothing for sure.
    pub(crate) fn all(&self) -> Option<Text> {
        let known = self.units.iter().all(|it| it.is_known());
        let units = match &self.code {
            Some(code) if !known => vec![code.clone()],
            Some(code) => {
                let ways = code.ways.clone();
                vec![Arc::new(Unit { ways, parts: self.units.clone(), ..Unit::default() })]
            }
            None if !known => return None,
            None => self.units.clone(),
        };
        Some(Text::new(self.lexicon.clone(), units, None))
    }

    /// What has at least this part of the text. Short words that no product has count for nothing,
    /// other such words like the average of those that are known.
    pub(crate) fn some(&self, part: Score) -> Option<Text> {
        let known: Vec<_> =
            self.loose.iter().filter(|it| it.0.is_known()).map(|it| it.0.clone()).collect();
        let weight: Score = known.iter().map(|it| it.weight).sum();
        let unknown = self.loose.iter().filter(|it| !it.0.is_known() && it.1 > 3).count();
        let total = weight + unknown as Score * weight / known.len().max(1) as Score;
        let least = total * part;
        (weight > 0.0 && least <= weight)
            .then(|| Text::new(self.lexicon.clone(), known, Some(least)))
    }
}

impl Reader<'_> {
    /// All words must be found, the last one may be unfinished. None if there is no word.
    pub(crate) fn read(&self, text: &str) -> tantivy::Result<Option<Reading>> {
        let mut pieces = words::pieces(text);
        pieces.truncate(MAX_WORDS);
        let Some(last) = pieces.len().checked_sub(1) else { return Ok(None) };
        let spelled = words::spelled(text).map(|it| words::pieces(&it)).unwrap_or_default();
        let mut units: Vec<(Arc<Unit>, bool)> = Vec::with_capacity(pieces.len());
        let mut loose = Vec::with_capacity(pieces.len());
        for (at, piece) in pieces.iter().enumerate() {
            let other = spelled.get(at).filter(|it| it.parts.len() == piece.parts.len());
            let unit = self.piece(piece, other, at == last)?;
            let stop = at < last && self.is_stop_word(piece)?;
            if !stop {
                self.loosen(piece, &unit, &mut loose)?;
            }
            units.push((unit, stop));
        }
        self.join(&pieces, &mut units)?;
        if units.iter().any(|it| !it.1) {
            units.retain(|it| !it.1);
        }
        let code = if pieces.len() > 1 && text.bytes().any(|it| it.is_ascii_digit()) {
            let mut ways = Vec::new();
            self.code(text, Scope::Whole, CODE, &mut ways)?;
            (!ways.is_empty()).then(|| Arc::new(Unit { ways, ..Unit::default() }))
        } else {
            None
        };
        let units = units.into_iter().map(|it| it.0).collect();
        Ok(Some(Reading { lexicon: self.lexicon.segments(), units, code, loose }))
    }

    /// Whether a word is one that texts are full of and that names nothing.
    fn is_stop_word(&self, piece: &Piece) -> tantivy::Result<bool> {
        let [Part { text, kind: Kind::Letters, .. }] = &piece.parts[..] else { return Ok(false) };
        let products = self.lexicon.products();
        if products < MIN_SHOP || !piece.signs.is_empty() {
            return Ok(false);
        }
        let fields = self.lexicon.fields;
        let word = singular(text);
        let count = |field| self.lexicon.count(field, &word);
        let said = count(fields.description)?;
        Ok(said > products / 5 && 4 * (count(fields.title)? + count(fields.traits)?) < said)
    }

    /// What counts by itself where some of the text is enough.
    fn loosen(
        &self,
        piece: &Piece,
        unit: &Arc<Unit>,
        loose: &mut Vec<(Arc<Unit>, usize)>,
    ) -> tantivy::Result<()> {
        let Part { text, kind, .. } = &piece.parts[0];
        let clusters = clusters(text);
        if *kind != Kind::Run || clusters.len() < 3 || self.typos == Typos::RareWords {
            let letters = piece.parts.iter().map(|it| it.text.chars().count()).sum();
            loose.push((unit.clone(), letters));
            return Ok(());
        }
        for pair in pairs(&clusters) {
            let mut unit = self.every(&[pair])?;
            unit.weight *= 0.6;
            loose.push((Arc::new(unit), 0));
        }
        Ok(())
    }

    /// Neighbours that products write as one word.
    fn join(&self, pieces: &[Piece], units: &mut Vec<(Arc<Unit>, bool)>) -> tantivy::Result<()> {
        let mut at = 0;
        let mut place = 0;
        while at + 1 < pieces.len() {
            let pair = &pieces[at..at + 2];
            let plain = |it: &Piece| {
                it.parts.len() == 1 && it.parts[0].kind != Kind::Run && it.signs.is_empty()
            };
            if pair.iter().all(plain) && pair[1].follows {
                let whole = format!("{}{}", pair[0].parts[0].text, pair[1].parts[0].text);
                let whole = self.word(&whole, None, at + 2 == pieces.len(), true)?;
                if whole.is_known() {
                    let parts = units.drain(place..place + 2).map(|it| it.0).collect();
                    let weight = whole.weight;
                    let unit = Unit { ways: whole.ways.clone(), parts, weight };
                    units.insert(place, (Arc::new(unit), false));
                    at += 1;
                }
            }
            at += 1;
            place += 1;
        }
        Ok(())
    }

    fn piece(
        &self,
        piece: &Piece,
        other: Option<&Piece>,
        last: bool,
    ) -> tantivy::Result<Arc<Unit>> {
        if !piece.signs.is_empty() {
            let mut unit = Unit::default();
            self.exact(&(piece.joined() + &piece.signs), &mut unit)?;
            if unit.is_known() {
                return Ok(Arc::new(unit));
            }
        }
        let other = |at: usize| other.map(|it| it.parts[at].text.as_str());
        if let [Part { text, kind, .. }] = &piece.parts[..] {
            return if *kind == Kind::Run {
                self.run(text)
            } else {
                self.word(text, other(0), last, false)
            };
        }
        let groups = piece.groups();
        let mut kept: Vec<_> = (0..groups.len()).filter(|it| !is_elided(&groups, *it)).collect();
        if kept.is_empty() {
            kept = (0..groups.len()).collect();
        }
        let mut parts = Vec::with_capacity(kept.len());
        for at in kept {
            let first: usize = groups[..at].iter().map(|it| it.len()).sum();
            parts.push(self.group(groups[at], first, &other, last && at + 1 == groups.len())?);
        }
        if groups.len() == 1 {
            return Ok(parts.remove(0));
        }
        Ok(Arc::new(self.whole(&groups.concat(), last, parts)?))
    }

    /// Letters and digits without anything in between: as one word, and else the parts.
    fn group<'t>(
        &self,
        group: &[Part],
        first: usize,
        other: &dyn Fn(usize) -> Option<&'t str>,
        last: bool,
    ) -> tantivy::Result<Arc<Unit>> {
        if let [Part { text, .. }] = group {
            return self.word(text, other(first), last, false);
        }
        let unit = self.whole(group, last, vec![])?;
        if unit.ways.iter().any(|it| it.frequency.is_some()) {
            return Ok(Arc::new(unit));
        }
        let mut parts = Vec::with_capacity(group.len());
        for (at, part) in group.iter().enumerate() {
            parts.push(self.word(
                &part.text,
                other(first + at),
                last && at + 1 == group.len(),
                false,
            )?);
        }
        let weight = unit.weight.max(parts.iter().map(|it| it.weight).sum());
        Ok(Arc::new(Unit { parts, weight, ..unit }))
    }

    /// What is written as one word, or as a code.
    fn whole(&self, parts: &[Part], last: bool, found: Vec<Arc<Unit>>) -> tantivy::Result<Unit> {
        let whole = words::joined(parts);
        let unit = self.word(&whole, None, last, true)?;
        let mut ways = unit.ways.clone();
        self.codes(&whole, &mut ways)?;
        let several: Score = found.iter().map(|it| it.weight).sum();
        let weight = if ways.is_empty() { several } else { unit.weight.max(several) };
        Ok(Unit { ways, parts: found, weight })
    }

    /// A word; with `joined`, one of which nobody knows whether it is one: then nothing that is only
    /// like it counts.
    fn word(
        &self,
        word: &str,
        other: Option<&str>,
        last: bool,
        joined: bool,
    ) -> tantivy::Result<Arc<Unit>> {
        let other = other.filter(|it| *it != word);
        let key = Key {
            generation: self.lexicon.searcher.generation().generation_id(),
            categories: self.categories.edition(),
            typos: self.typos,
            last,
            joined,
            word: other.map_or_else(|| word.to_owned(), |it| format!("{word} {it}")),
        };
        if let Some(unit) = self.known.get(&key) {
            return Ok(unit);
        }
        let unit = Arc::new(self.look_up(word, other, last, joined)?);
        if unit.size() <= KNOWN_WORD {
            self.known.insert(key, unit.clone());
        }
        Ok(unit)
    }

    fn look_up(
        &self,
        word: &str,
        other: Option<&str>,
        last: bool,
        joined: bool,
    ) -> tantivy::Result<Unit> {
        let whole = singular(word);
        let letters = word.chars().count();
        let digits = word.chars().any(char::is_numeric);
        let mut unit = Unit::default();
        let most = self.exact(&whole, &mut unit)?;
        if let Some(other) = other {
            self.exact(&singular(other), &mut unit)?;
        }
        let exact = unit.is_known();
        if last || (!exact && letters >= MIN_HEAD && !joined) {
            self.beginning(word, letters, &mut unit)?;
        }
        if !digits && letters >= MIN_HEAD {
            self.compounds(&whole, most, joined, &mut unit)?;
        }
        if joined {
            unit.weight = self.weight(&unit, most);
            return Ok(unit);
        }
        if let Some(ids) = self.categories.having(&whole) {
            self.in_categories(ids, CATEGORY, &mut unit)?;
        }
        if last && letters > 1 {
            let ids = self.categories.beginning(word);
            self.in_categories(&ids, CATEGORY * BEGINNING, &mut unit)?;
        }
        if (digits && !exact) || !unit.is_known() {
            self.codes(word, &mut unit.ways)?;
        }
        if !unit.is_known() && !digits {
            unit.parts = self.split(word)?;
        }
        let distance = match self.typos {
            Typos::RareWords if most >= RARE => 0,
            _ => distance(word),
        };
        if distance > 0 && unit.parts.is_empty() {
            self.similar(&whole, distance, &mut unit)?;
        }
        if last && distance > 0 && self.typos == Typos::Beginnings {
            let fields = [(self.lexicon.fields.title, TITLE), (self.lexicon.fields.traits, TRAITS)];
            let found = self.lexicon.similar(&fields.map(|it| it.0), word, 1, true)?;
            for ((field, score), [found, _]) in fields.into_iter().zip(found) {
                self.add(field, found, score * LESS_SIMILAR, &mut unit.ways);
            }
        }
        unit.weight = self.weight(&unit, most);
        Ok(unit)
    }

    fn weight(&self, unit: &Unit, most: u64) -> Score {
        let products =
            |way: &Way| way.terms.iter().flatten().map(|it| u64::from(it.doc_freq)).sum::<u64>();
        let found = if most > 0 { most } else { unit.ways.iter().map(products).max().unwrap_or(1) };
        self.worth(found)
    }

    /// How much a word says that so many products have.
    fn worth(&self, products: u64) -> Score {
        1.0 + (self.lexicon.products() as Score / products.max(1) as Score).ln_1p()
    }

    /// The texts of a product and how much each counts.
    fn texts(&self) -> [(Field, Score); 3] {
        let fields = self.lexicon.fields;
        [(fields.title, TITLE), (fields.traits, TRAITS), (fields.description, DESCRIPTION)]
    }

    /// Adds the word itself; returns in how many products it stands where it stands most often.
    fn exact(&self, word: &str, unit: &mut Unit) -> tantivy::Result<u64> {
        let mut most = 0;
        let all = self.lexicon.products();
        for (field, score) in self.texts() {
            let found = self.lexicon.exact(field, word)?;
            most = most.max(found.products);
            if found.products > 0 {
                let rare = (all.saturating_sub(found.products)) as Score + 0.5;
                let idf = (rare / (found.products as Score + 0.5)).ln_1p();
                let length = self.lexicon.length(field)?;
                let frequency = Some(Frequency { score: score * FREQUENCY * idf, length });
                unit.ways.push(Way { field, terms: found.infos, all: false, score, frequency });
            }
        }
        unit.weight = self.weight(unit, most);
        Ok(most)
    }

    fn add(&self, field: Field, found: Found, score: Score, ways: &mut Vec<Way>) {
        if found.products > 0 {
            ways.push(Way { field, terms: found.infos, all: false, score, frequency: None });
        }
    }

    fn beginning(&self, word: &str, letters: usize, unit: &mut Unit) -> tantivy::Result<()> {
        for (field, score) in self.texts() {
            // Half of all descriptions have a word that begins with any one letter.
            if letters > 1 || field != self.lexicon.fields.description {
                // As it was typed: "glas" is on its way to "glass".
                let found = self.lexicon.beginning(field, word, |it| Ok(it != word))?;
                self.add(field, found, score * BEGINNING, &mut unit.ways);
            }
        }
        Ok(())
    }

    /// Words that end with this one: those of which the rest is a word as well; where this word is
    /// rare, all of them.
    fn compounds(
        &self,
        word: &str,
        most: u64,
        joined: bool,
        unit: &mut Unit,
    ) -> tantivy::Result<()> {
        let field = self.lexicon.fields.endings;
        let reversed: String = word.chars().rev().collect();
        let rest = |it: &str| -> String { it[reversed.len()..].chars().rev().collect() };
        let long = |it: &str| it[reversed.len()..].chars().nth(MIN_REST - 1).is_some();
        let mut seen = 0;
        let found = self.lexicon.beginning(field, &reversed, |it| {
            if !long(it) {
                return Ok(false);
            }
            seen += 1;
            Ok(seen > MANY_COMPOUNDS || self.lexicon.is_word(&rest(it), true)?)
        })?;
        self.add(field, found, COMPOUND, &mut unit.ways);
        if most < RARE && !joined || joined && most == 0 {
            let found = self.lexicon.beginning(field, &reversed, |it| Ok(long(it)))?;
            self.add(field, found, UNLIKELY_COMPOUND, &mut unit.ways);
        }
        Ok(())
    }

    fn in_categories(
        &self,
        ids: &[uuid::Uuid],
        score: Score,
        unit: &mut Unit,
    ) -> tantivy::Result<()> {
        if !ids.is_empty() {
            let field = self.lexicon.fields.category;
            let found = self.lexicon.any(field, ids.iter().map(|it| &it.as_bytes()[..]))?;
            self.add(field, found, score, &mut unit.ways);
        }
        Ok(())
    }

    fn codes(&self, code: &str, ways: &mut Vec<Way>) -> tantivy::Result<()> {
        let before = ways.len();
        self.code(code, Scope::Piece, CODE_PIECE, ways)?;
        if ways.len() > before || code.chars().count() < 3 {
            self.code(code, Scope::Beginning, CODE_BEGINNING, ways)?;
            self.code(code, Scope::Whole, CODE, ways)?;
        }
        Ok(())
    }

    fn code(
        &self,
        code: &str,
        scope: Scope,
        score: Score,
        ways: &mut Vec<Way>,
    ) -> tantivy::Result<()> {
        let Some(grams) = codes::typed(code, scope) else { return Ok(()) };
        let field = self.lexicon.fields.codes;
        let found = self.lexicon.all(field, &grams)?;
        if found.products > 0 {
            ways.push(Way { field, terms: found.infos, all: true, score, frequency: None });
        }
        Ok(())
    }

    /// The two words that make this one, written together: those of which the rarer one is the most
    /// frequent.
    fn split(&self, word: &str) -> tantivy::Result<Vec<Arc<Unit>>> {
        let mut best = (0, None);
        if word.chars().count() < MIN_HEAD {
            return Ok(vec![]);
        }
        for (at, _) in word.char_indices().skip(2) {
            let (first, second) = word.split_at(at);
            if second.chars().count() < 2 {
                break;
            }
            let fields = self.lexicon.fields;
            for field in [fields.title, fields.traits] {
                let least = self.lexicon.count(field, &singular(first))?;
                if least > best.0 {
                    let least = least.min(self.lexicon.count(field, &singular(second))?);
                    if least > best.0 {
                        best = (least, Some((first, second)));
                    }
                }
            }
        }
        let Some((first, second)) = best.1 else { return Ok(vec![]) };
        let mut parts = Vec::with_capacity(2);
        for part in [first, second] {
            let mut unit = Unit::default();
            self.exact(&singular(part), &mut unit)?;
            parts.push(Arc::new(unit));
        }
        Ok(parts)
    }

    fn similar(&self, word: &str, distance: u8, unit: &mut Unit) -> tantivy::Result<()> {
        let texts = self.texts();
        let found = self.lexicon.similar(&texts.map(|it| it.0), word, distance, false)?;
        for ((field, score), [near, far]) in texts.into_iter().zip(found) {
            self.add(field, near, score * SIMILAR, &mut unit.ways);
            self.add(field, far, score * LESS_SIMILAR, &mut unit.ways);
        }
        if !unit.is_known() || self.typos == Typos::EveryWord {
            let ids = self.categories.similar(word, distance);
            self.in_categories(&ids, SIMILAR_CATEGORY, unit)?;
        }
        Ok(())
    }

    /// Text of a script without spaces. Where two neighbours stand together in no product, there
    /// is a space that was not typed.
    fn run(&self, text: &str) -> tantivy::Result<Arc<Unit>> {
        let clusters = clusters(text);
        if clusters.len() == 1 {
            return Ok(Arc::new(self.every(&[text.to_owned()])?));
        }
        let mut segments: Vec<&[&str]> = Vec::new();
        let mut from = 0;
        for (at, pair) in pairs(&clusters).iter().enumerate() {
            if !self.is_known(pair)? {
                segments.push(&clusters[from..=at]);
                from = at + 1;
            }
        }
        segments.push(&clusters[from..]);
        if let [_] = segments[..] {
            return Ok(Arc::new(self.segment(&clusters)?));
        }
        // A letter that stands alone is a word in Chinese characters only.
        segments.retain(|it| {
            it.len() > 1
                || it[0]
                    .chars()
                    .all(|it| matches!(it, '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}'))
        });
        let kept: usize = segments.iter().map(|it| it.len()).sum();
        if 2 * kept <= clusters.len() || segments.iter().all(|it| it.len() == 1) {
            return Ok(Arc::default());
        }
        let mut parts = Vec::with_capacity(segments.len());
        for segment in segments {
            parts.push(Arc::new(self.segment(segment)?));
        }
        let weight = parts.iter().map(|it| it.weight).sum();
        Ok(Arc::new(Unit { parts, weight, ..Unit::default() }))
    }

    fn is_known(&self, pair: &str) -> tantivy::Result<bool> {
        for (field, _) in self.texts() {
            if self.lexicon.count(field, pair)? > 0 {
                return Ok(true);
            }
        }
        Ok(self.categories.having(pair).is_some())
    }

    /// Neighbours that are known as such: in one text of a product, or each in any.
    fn segment(&self, clusters: &[&str]) -> tantivy::Result<Unit> {
        let terms =
            if clusters.len() == 1 { vec![clusters[0].to_owned()] } else { pairs(clusters) };
        let mut unit = self.every(&terms)?;
        if terms.len() > 1 && self.typos != Typos::RareWords {
            for term in &terms {
                unit.parts.push(Arc::new(self.every(std::slice::from_ref(term))?));
            }
        }
        Ok(unit)
    }

    /// What has all of these in one text, or in the name of a category.
    fn every(&self, terms: &[String]) -> tantivy::Result<Unit> {
        let mut unit = Unit::default();
        if let [term] = terms {
            self.exact(term, &mut unit)?;
        } else {
            for (field, score) in self.texts() {
                let found = self.lexicon.all(field, terms)?;
                if found.products > 0 {
                    unit.ways.push(Way {
                        field,
                        terms: found.infos,
                        all: true,
                        score,
                        frequency: None,
                    });
                }
            }
        }
        let ids = self.categories.having_all(terms);
        self.in_categories(&ids, CATEGORY, &mut unit)?;
        let products = |way: &Way| {
            way.terms.iter().flat_map(|it| it.iter().map(|it| it.doc_freq).min()).sum::<u32>()
        };
        let found = unit.ways.iter().map(products).max().unwrap_or(1);
        unit.weight = self.worth(u64::from(found));
        Ok(unit)
    }
}

/// How many letters may be wrong: none up to 3 letters and in numbers, then 1, from 8 letters 2.
pub(crate) fn distance(word: &str) -> u8 {
    if word.chars().any(char::is_numeric) {
        return 0;
    }
    match word.chars().count() {
        0..=3 => 0,
        4..=7 => 1,
        8..=MAX_FUZZY => 2,
        _ => 0,
    }
}
