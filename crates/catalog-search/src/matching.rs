//! The query a text becomes: its words, what each is found by, and how well.
//!
//! The terms have been looked up when it is made, so it is good for one state of the index.

use std::sync::Arc;

use tantivy::fieldnorm::FieldNormReader;
use tantivy::index::SegmentId;
use tantivy::postings::{Postings, SegmentPostings, TermInfo};
use tantivy::query::{
    BitSetDocSet, ConstScorer, EmptyScorer, EnableScoring, Explanation, Query, Scorer, Weight,
    intersect_scorers,
};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{BitSet, DocId, DocSet, Score, SegmentReader, TERMINATED, TantivyError};

/// How much ways beside the best one count.
const TIE: Score = 0.1;
/// BM25's usual constants: how soon repetitions stop to count, and how much a long text loses.
const K1: Score = 1.2;
const B: Score = 0.75;

/// Terms of a field, looked up: those of each segment.
pub(crate) type Infos = Vec<Vec<TermInfo>>;

/// One way in which a product may have a word.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    pub field: Field,
    pub terms: Infos,
    /// Whether all of the terms are needed, not any of them.
    pub all: bool,
    pub score: Score,
    /// What the frequency of the term adds.
    pub frequency: Option<Frequency>,
}

/// How the frequency of a term counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frequency {
    /// At most about twice this.
    pub score: Score,
    /// The average length of the field, in words.
    pub length: Score,
}

/// A word, or several that are found together: a product has it that has it in one of the ways, or
/// has all of its parts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unit {
    pub ways: Vec<Way>,
    pub parts: Vec<Arc<Unit>>,
    /// How much it says: what few products have says more.
    pub weight: Score,
}

impl Unit {
    /// Whether anything can be found by it.
    pub(crate) fn is_known(&self) -> bool {
        !self.ways.is_empty()
            || (!self.parts.is_empty() && self.parts.iter().all(|it| it.is_known()))
    }

    /// How much memory it takes, in terms.
    pub(crate) fn size(&self) -> usize {
        let ways = self.ways.iter().flat_map(|it| &it.terms).map(|it| it.len() + 1).sum::<usize>();
        ways + self.parts.iter().map(|it| it.size()).sum::<usize>() + 1
    }

    fn scorer(&self, reader: &SegmentReader, at: usize) -> tantivy::Result<Box<dyn Scorer>> {
        let mut found = Vec::with_capacity(self.ways.len() + 1);
        for way in &self.ways {
            found.extend(way.open(reader, at)?);
        }
        if !self.parts.is_empty() {
            found.extend(together(&self.parts, reader, at)?.map(Docs::Several));
        }
        Ok(if found.is_empty() { Box::new(EmptyScorer) } else { Box::new(OneOf::new(found)) })
    }
}

/// Products that have all of these; none if there are none.
fn together(
    units: &[Arc<Unit>],
    reader: &SegmentReader,
    at: usize,
) -> tantivy::Result<Option<Box<dyn Scorer>>> {
    let mut scorers = Vec::with_capacity(units.len());
    for unit in units {
        let scorer = unit.scorer(reader, at)?;
        if scorer.doc() == TERMINATED {
            return Ok(None);
        }
        scorers.push(scorer);
    }
    Ok(Some(intersect_scorers(scorers, reader.max_doc())))
}

impl Way {
    /// The products of a segment.
    fn open(&self, reader: &SegmentReader, at: usize) -> tantivy::Result<Option<Docs>> {
        let Some(terms) = self.terms.get(at).filter(|it| !it.is_empty()) else { return Ok(None) };
        let index = reader.inverted_index(self.field)?;
        let basic = IndexRecordOption::Basic;
        if let ([term], Some(frequency)) = (&terms[..], self.frequency) {
            let freqs = IndexRecordOption::WithFreqs;
            let postings = index.read_postings_from_terminfo(term, freqs)?;
            let lengths = reader.get_fieldnorms_reader(self.field)?;
            return Ok(Some(Docs::Term { postings, score: self.score, frequency, lengths }));
        }
        if let [term] = &terms[..] {
            let postings = index.read_postings_from_terminfo(term, basic)?;
            return Ok(Some(Docs::Postings(ConstScorer::new(postings, self.score))));
        }
        if self.all {
            let mut all: Vec<Box<dyn Scorer>> = Vec::with_capacity(terms.len());
            for term in terms {
                let postings = index.read_postings_from_terminfo(term, basic)?;
                all.push(Box::new(ConstScorer::new(postings, 0.0)));
            }
            let all = intersect_scorers(all, reader.max_doc());
            return Ok(Some(Docs::Several(Box::new(ConstScorer::new(all, self.score)))));
        }
        // Reading them all at once costs less than merging them.
        let few = terms.iter().map(|it| it.doc_freq as usize).sum::<usize>() < MANY;
        let mut docs = Vec::new();
        let mut set = (!few).then(|| BitSet::with_max_value(reader.max_doc()));
        for term in terms {
            let mut block = index.read_block_postings_from_terminfo(term, basic)?;
            while !block.docs().is_empty() {
                match &mut set {
                    Some(set) => {
                        for doc in block.docs() {
                            set.insert(*doc);
                        }
                    }
                    None => docs.extend_from_slice(block.docs()),
                }
                block.advance();
            }
        }
        Ok(Some(match set {
            Some(set) => Docs::Set(ConstScorer::new(BitSetDocSet::from(set), self.score)),
            None => {
                docs.sort_unstable();
                docs.dedup();
                Docs::List { docs, at: 0, score: self.score }
            }
        }))
    }
}

/// More products than this are kept as a set, not as a list.
const MANY: usize = 4096;

/// What is found in one way.
enum Docs {
    Term { postings: SegmentPostings, score: Score, frequency: Frequency, lengths: FieldNormReader },
    Postings(ConstScorer<SegmentPostings>),
    List { docs: Vec<DocId>, at: usize, score: Score },
    Set(ConstScorer<BitSetDocSet>),
    Several(Box<dyn Scorer>),
}

impl Docs {
    fn doc(&self) -> DocId {
        match self {
            Self::Term { postings, .. } => postings.doc(),
            Self::Postings(it) => it.doc(),
            Self::List { docs, at, .. } => docs.get(*at).copied().unwrap_or(TERMINATED),
            Self::Set(it) => it.doc(),
            Self::Several(it) => it.doc(),
        }
    }

    fn advance(&mut self) -> DocId {
        match self {
            Self::Term { postings, .. } => postings.advance(),
            Self::Postings(it) => it.advance(),
            Self::List { at, .. } => {
                *at += 1;
                self.doc()
            }
            Self::Set(it) => it.advance(),
            Self::Several(it) => it.advance(),
        }
    }

    fn seek(&mut self, target: DocId) -> DocId {
        match self {
            Self::Term { postings, .. } => postings.seek(target),
            Self::Postings(it) => it.seek(target),
            Self::List { docs, at, .. } => {
                *at += docs.get(*at..).unwrap_or_default().partition_point(|it| *it < target);
                self.doc()
            }
            Self::Set(it) => it.seek(target),
            Self::Several(it) => it.seek(target),
        }
    }

    fn size_hint(&self) -> u32 {
        match self {
            Self::Term { postings, .. } => postings.size_hint(),
            Self::Postings(it) => it.size_hint(),
            Self::List { docs, .. } => u32::try_from(docs.len()).unwrap_or(u32::MAX),
            Self::Set(it) => it.size_hint(),
            Self::Several(it) => it.size_hint(),
        }
    }

    fn score(&mut self) -> Score {
        match self {
            Self::Term { postings, score, frequency, lengths } => {
                let often = postings.term_freq() as Score;
                let length = lengths.fieldnorm(postings.doc()) as Score / frequency.length;
                let part = often * (1.0 + K1) / (often + K1 * (1.0 - B + B * length));
                *score + frequency.score * part
            }
            Self::Postings(it) => it.score(),
            Self::List { score, .. } => *score,
            Self::Set(it) => it.score(),
            Self::Several(it) => it.score(),
        }
    }
}

/// Products found in any of several ways.
struct OneOf {
    ways: Vec<Docs>,
    doc: DocId,
}

impl OneOf {
    fn new(ways: Vec<Docs>) -> Self {
        let doc = ways.iter().map(Docs::doc).min().unwrap_or(TERMINATED);
        Self { ways, doc }
    }
}

impl DocSet for OneOf {
    fn advance(&mut self) -> DocId {
        let mut next = TERMINATED;
        for way in &mut self.ways {
            let mut doc = way.doc();
            if doc == self.doc && doc != TERMINATED {
                doc = way.advance();
            }
            next = next.min(doc);
        }
        self.doc = next;
        next
    }

    fn seek(&mut self, target: DocId) -> DocId {
        if self.doc >= target {
            return self.doc;
        }
        let mut next = TERMINATED;
        for way in &mut self.ways {
            let mut doc = way.doc();
            if doc < target {
                doc = way.seek(target);
            }
            next = next.min(doc);
        }
        self.doc = next;
        next
    }

    fn doc(&self) -> DocId {
        self.doc
    }

    fn size_hint(&self) -> u32 {
        self.ways.iter().map(Docs::size_hint).max().unwrap_or_default()
    }

    fn cost(&self) -> u64 {
        self.ways.iter().map(|it| u64::from(it.size_hint())).sum()
    }
}

impl Scorer for OneOf {
    fn score(&mut self) -> Score {
        let (mut best, mut sum) = (0.0, 0.0);
        for way in &mut self.ways {
            if way.doc() == self.doc {
                let score = way.score();
                sum += score;
                best = Score::max(best, score);
            }
        }
        best + TIE * (sum - best)
    }
}

/// Products that have units of at least some weight together.
struct Most {
    /// The heaviest first, with their weights.
    units: Vec<(Box<dyn Scorer>, Score)>,
    /// So many of the first ones that a product without any of them has too little.
    needed: usize,
    least: Score,
    doc: DocId,
}

impl Most {
    fn new(mut units: Vec<(Box<dyn Scorer>, Score)>, least: Score) -> Self {
        units.sort_by(|a, b| b.1.total_cmp(&a.1));
        let mut rest: Score = units.iter().map(|it| it.1).sum();
        let mut needed = 0;
        while needed < units.len() && rest >= least {
            rest -= units[needed].1;
            needed += 1;
        }
        let mut most = Self { units, needed, least, doc: 0 };
        most.settle();
        most
    }

    /// Goes to the first product from here on that has enough.
    fn settle(&mut self) -> DocId {
        loop {
            let next = self.units[..self.needed].iter().map(|it| it.0.doc()).min();
            self.doc = next.unwrap_or(TERMINATED);
            if self.doc == TERMINATED {
                return TERMINATED;
            }
            for (unit, _) in &mut self.units[self.needed..] {
                if unit.doc() < self.doc {
                    unit.seek(self.doc);
                }
            }
            if self.here().map(|(_, weight)| *weight).sum::<Score>() >= self.least {
                return self.doc;
            }
            self.step();
        }
    }

    fn here(&self) -> impl Iterator<Item = &(Box<dyn Scorer>, Score)> {
        self.units.iter().filter(|it| it.0.doc() == self.doc)
    }

    fn step(&mut self) {
        for (unit, _) in &mut self.units[..self.needed] {
            if unit.doc() == self.doc {
                unit.advance();
            }
        }
    }
}

impl DocSet for Most {
    fn advance(&mut self) -> DocId {
        if self.doc == TERMINATED {
            return TERMINATED;
        }
        self.step();
        self.settle()
    }

    fn seek(&mut self, target: DocId) -> DocId {
        if self.doc >= target {
            return self.doc;
        }
        for (unit, _) in &mut self.units[..self.needed] {
            if unit.doc() < target {
                unit.seek(target);
            }
        }
        self.settle()
    }

    fn doc(&self) -> DocId {
        self.doc
    }

    fn size_hint(&self) -> u32 {
        self.units[..self.needed].iter().map(|it| it.0.size_hint()).max().unwrap_or_default()
    }
}

impl Scorer for Most {
    /// What a product has of the text comes before how well it has it.
    fn score(&mut self) -> Score {
        let doc = self.doc;
        let mut score = 0.0;
        for (unit, weight) in self.units.iter_mut().filter(|it| it.0.doc() == doc) {
            score += *weight * (10.0 + unit.score());
        }
        score
    }
}

/// Products that have a text.
#[derive(Clone, Debug)]
pub(crate) struct Text(Arc<Understood>);

#[derive(Debug)]
struct Understood {
    segments: Vec<SegmentId>,
    units: Vec<Arc<Unit>>,
    /// Which weight has to be found; none for all units.
    least: Option<Score>,
}

impl Text {
    pub(crate) fn new(
        segments: Vec<SegmentId>,
        units: Vec<Arc<Unit>>,
        least: Option<Score>,
    ) -> Self {
        Self(Arc::new(Understood { segments, units, least }))
    }
}

impl Query for Text {
    fn weight(&self, _: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(self.clone()))
    }
}

impl Weight for Text {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        debug_assert!(boost == 1.0, "nothing boosts a text");
        let Understood { segments, units, least } = &*self.0;
        let id = reader.segment_id();
        let at = segments.iter().position(|it| *it == id);
        let at =
            at.ok_or_else(|| TantivyError::InternalError("a query of another state".to_owned()))?;
        let Some(least) = *least else {
            let scorer = together(units, reader, at)?;
            return Ok(scorer.unwrap_or_else(|| Box::new(EmptyScorer)));
        };
        let mut scorers = Vec::with_capacity(units.len());
        for unit in units {
            scorers.push((unit.scorer(reader, at)?, unit.weight));
        }
        Ok(Box::new(Most::new(scorers, least)))
    }

    fn explain(&self, reader: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        let mut scorer = self.scorer(reader, 1.0)?;
        let found = scorer.doc() == doc || (scorer.doc() < doc && scorer.seek(doc) == doc);
        let score = if found { scorer.score() } else { 0.0 };
        Ok(Explanation::new("the words of a text", score))
    }
}
