//! The index on disk: opening it, asking it, and what it remembers about itself.
//!
//! Each build of the index has a directory of its own, named by a rising number, so that a new
//! one can grow beside the one that answers. An index is complete once a commit has stored a
//! position in it.

use std::collections::{HashMap, VecDeque};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chassis::feed::Position;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tantivy::columnar::Column;
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy};
use tantivy::query::{AllQuery, BooleanQuery, Occur, Query};
use tantivy::schema::IndexRecordOption;
use tantivy::{
    DocAddress, DocSet, Index, IndexReader, IndexWriter, ReloadPolicy, Searcher, TERMINATED,
    TantivyDocument, Term,
};
use uuid::Uuid;

use crate::document::{Document, Fields, VERSION, sku_number};
use crate::facets::{Facetting, Tables};
use crate::lexicon::Lexicon;
use crate::page::Page;
use crate::query;
use crate::text::{self, Known, Typos};
use crate::variants::Conditions;
use crate::words::{self, Words};
use crate::{Categories, Facets, Hits, Request};

/// The least a writer works with.
const HEAP: usize = 15_000_000;
/// A segment with a larger part of deleted products than this is rewritten.
const DELETED: f32 = 0.3;
/// How long a state of the index is kept after a page of it was read, and how many of them: their
/// files stay on disk for as long.
const KEPT: Duration = Duration::from_secs(300);
const MAX_KEPT: usize = 16;

/// What the index remembers about itself, in the payload of its commits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    pub version: u32,
    /// The last event it knows; none while it is being built.
    pub place: Option<Place>,
    /// What its titles are sorted by.
    #[serde(default)]
    pub title_order: String,
}

/// A place in the outbox, and the subject of the event there, to notice another database.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub position: Position,
    pub subject: Option<String>,
}

/// An index that answers.
#[derive(Clone)]
pub(crate) struct Live {
    pub number: u64,
    pub fields: Fields,
    index: Index,
    reader: IndexReader,
    tables: Tables,
    editions: Editions,
    known: Known,
}

/// States of the index that lists have begun with, the latest last.
#[derive(Clone, Default)]
struct Editions(Arc<Mutex<VecDeque<(Instant, Searcher)>>>);

impl Editions {
    fn of(&self, generation: u64) -> Option<Searcher> {
        let kept = self.0.lock();
        let mut kept = kept.iter().filter(|(since, _)| since.elapsed() < KEPT);
        let found = kept.find(|(_, it)| it.generation().generation_id() == generation);
        found.map(|(_, searcher)| searcher.clone())
    }

    fn keep(&self, searcher: &Searcher) {
        let generation = searcher.generation().generation_id();
        let mut kept = self.0.lock();
        // One that is gone on with stays, so whoever is reading can go on reading.
        kept.retain(|(since, it)| {
            since.elapsed() < KEPT && it.generation().generation_id() != generation
        });
        kept.push_back((Instant::now(), searcher.clone()));
        if kept.len() > MAX_KEPT {
            kept.pop_front();
        }
    }

    fn forget_old(&self) {
        self.0.lock().retain(|(since, _)| since.elapsed() < KEPT);
    }
}

impl Live {
    /// Opens an index of this version.
    pub(crate) fn open(dir: &Path, number: u64) -> tantivy::Result<Self> {
        let index = Index::open_in_dir(dir.join(number.to_string()))?;
        let (schema, fields) = Fields::schema();
        if index.schema() != schema {
            return Err(tantivy::TantivyError::SchemaError("of another version".to_owned()));
        }
        Self::new(index, fields, number)
    }

    /// Makes an empty one.
    pub(crate) fn create(dir: &Path, number: u64) -> tantivy::Result<Self> {
        let path = dir.join(number.to_string());
        fs::create_dir_all(&path)?;
        let (schema, fields) = Fields::schema();
        Self::new(Index::create_in_dir(path, schema)?, fields, number)
    }

    fn new(index: Index, fields: Fields, number: u64) -> tantivy::Result<Self> {
        index.tokenizers().register(words::NAMES, Words { name: true });
        index.tokenizers().register(words::SENTENCES, Words { name: false });
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let (tables, editions, known) = (Tables::default(), Editions::default(), text::known());
        Ok(Self { number, fields, index, reader, tables, editions, known })
    }

    /// What it remembers; an index of another version remembers nothing.
    pub(crate) fn state(&self) -> tantivy::Result<State> {
        let payload = self.index.load_metas()?.payload;
        let state = payload.and_then(|it| serde_json::from_str::<State>(&it).ok());
        Ok(state.filter(|it| it.version == VERSION).unwrap_or_default())
    }

    /// Reads every file and compares it with its checksum.
    pub(crate) fn is_sound(&self) -> bool {
        matches!(self.index.validate_checksum(), Ok(damaged) if damaged.is_empty())
    }

    /// Shows what has been committed.
    pub(crate) fn reload(&self) -> tantivy::Result<()> {
        self.editions.forget_old();
        self.reader.reload()
    }

    pub(crate) fn writer(&self) -> tantivy::Result<Writer> {
        let options = IndexWriterOptions::builder()
            .memory_budget_per_thread(HEAP)
            .num_worker_threads(1)
            .num_merge_threads(1)
            .build();
        let writer = self.index.writer_with_options(options)?;
        let mut policy = LogMergePolicy::default();
        policy.set_del_docs_ratio_before_merge(DELETED);
        writer.set_merge_policy(Box::new(policy));
        Ok(Writer { live: self.clone(), writer })
    }

    pub(crate) fn searcher(&self) -> Searcher {
        self.reader.searcher()
    }

    /// Which index this is, and which state of it is shown.
    pub(crate) fn edition(&self) -> (u64, u64) {
        (self.number, self.searcher().generation().generation_id())
    }

    /// The searcher a list goes on with: the one it began with where that matters and is kept, else
    /// the newest one.
    fn searcher_for(&self, request: &Request) -> Searcher {
        let newest = self.searcher();
        let begun = request.after.as_ref().filter(|it| it.sort.drifts()).map(|it| it.edition);
        match begun {
            Some((number, generation)) if number == self.number => {
                self.editions.of(generation).unwrap_or(newest)
            }
            _ => newest,
        }
    }

    /// The products that match, best first.
    pub(crate) fn find(&self, request: &Request) -> tantivy::Result<Hits> {
        let searcher = self.searcher_for(request);
        let request = &Request { filter: query::folded(&request.filter), ..request.clone() };
        let (query, mut hits) = match &request.text {
            None => {
                let query: Box<dyn Query> = Box::new(AllQuery);
                let hits = self.collect(&searcher, query.box_clone(), request)?;
                (Some(query), hits)
            }
            Some(text) => self.find_text(&searcher, text, request)?,
        };
        if hits.next.is_some() && request.sort.drifts() {
            self.editions.keep(&searcher);
        }
        if request.facets {
            hits.facets = Some(Facets::default());
            if let Some(query) = query {
                self.tables.keep(&searcher);
                let mut all = query::basic(&self.fields, &request.filter);
                all.push((Occur::Must, query));
                let facetting = Facetting::new(&request.filter, &request.categories, &self.tables);
                hits.facets = Some(searcher.search(&BooleanQuery::new(all), &facetting)?);
            }
        }
        Ok(hits)
    }

    /// What a text finds, and as what it was understood.
    fn find_text(
        &self,
        searcher: &Searcher,
        text: &str,
        request: &Request,
    ) -> tantivy::Result<(Option<Box<dyn Query>>, Hits)> {
        let mut understood = None;
        let mut loosest = None;
        for typos in [Typos::RareWords, Typos::EveryWord] {
            let reader = self.text_reader(searcher, &request.categories, typos);
            let Some(reading) = reader.read(text)? else { break };
            if let Some(query) = reading.all() {
                let query: Box<dyn Query> = Box::new(query);
                let hits = self.collect(searcher, query.box_clone(), request)?;
                if hits.total > 0 {
                    return Ok((Some(query), hits));
                }
                understood = Some(query);
            }
            loosest = Some(reading);
        }
        for part in text::PARTS {
            let Some(query) = loosest.as_ref().and_then(|it| it.some(part)) else { continue };
            let query: Box<dyn Query> = Box::new(query);
            let hits = self.collect(searcher, query.box_clone(), request)?;
            if hits.total > 0 {
                return Ok((Some(query), Hits { partial: true, ..hits }));
            }
        }
        Ok((understood, Hits::default()))
    }

    /// Reads texts as this state of the index understands them.
    pub(crate) fn text_reader<'a>(
        &'a self,
        searcher: &'a Searcher,
        categories: &'a Categories,
        typos: Typos,
    ) -> text::Reader<'a> {
        let lexicon = Lexicon { searcher, fields: &self.fields };
        text::Reader { lexicon, categories, known: &self.known, typos }
    }

    fn collect(
        &self,
        searcher: &Searcher,
        text: Box<dyn Query>,
        request: &Request,
    ) -> tantivy::Result<Hits> {
        let mut all = query::filters(&self.fields, &request.filter);
        all.push((Occur::Must, text));
        let conditions = Conditions::new(&request.filter, &self.tables);
        let (offset, limit) = (request.offset, request.limit.max(1));
        let size = offset + limit + 1;
        let page = Page::new(request.sort, request.after.as_ref(), size, conditions);
        let found = searcher.search(&BooleanQuery::new(all), &page)?;
        let total = found.total;
        let edition = (self.number, searcher.generation().generation_id());
        let (ids, next) = page.cut(found, offset, limit, edition);
        Ok(Hits { ids, next, total, partial: false, facets: None })
    }

    /// Units sold and views as they are shown.
    pub(crate) fn demand(&self) -> tantivy::Result<HashMap<Uuid, (i64, i64)>> {
        let searcher = self.searcher();
        let mut demand = HashMap::new();
        for (segment, at) in searcher.segment_readers().iter().zip(0..) {
            let columns = segment.fast_fields();
            let (sold, views) = (columns.i64("sold")?, columns.i64("views")?);
            for doc in segment.doc_ids_alive() {
                let count = |it: &Column<i64>| it.first(doc).unwrap_or_default();
                let id = id_at(&searcher, DocAddress::new(at, doc))?;
                demand.insert(id, (count(&sold), count(&views)));
            }
        }
        Ok(demand)
    }

    /// Whether the variant is shown as in stock; none where it is not in the index.
    pub(crate) fn in_stock(&self, id: Uuid, sku: &str) -> tantivy::Result<Option<bool>> {
        let searcher = self.searcher();
        let term = self.fields.id_term(id);
        for segment in searcher.segment_readers() {
            let postings = segment
                .inverted_index(self.fields.id)?
                .read_postings(&term, IndexRecordOption::Basic)?;
            let Some(mut postings) = postings else { continue };
            while postings.doc() != TERMINATED {
                let doc = postings.doc();
                if !segment.is_deleted(doc) {
                    let columns = segment.fast_fields();
                    let (skus, shown) =
                        (columns.u64("variant_sku")?, columns.bool("variant_in_stock")?);
                    let mut variants = skus.values_for_doc(doc).zip(shown.values_for_doc(doc));
                    let number = sku_number(sku);
                    return Ok(variants.find(|(sku, _)| *sku == number).map(|(_, shown)| shown));
                }
                postings.advance();
            }
        }
        Ok(None)
    }
}

pub(crate) fn id_at(searcher: &Searcher, address: DocAddress) -> tantivy::Result<Uuid> {
    let columns = searcher.segment_reader(address.segment_ord).fast_fields();
    let half = |name| -> tantivy::Result<u64> {
        Ok(columns.u64(name)?.first(address.doc_id).unwrap_or_default())
    };
    Ok(Uuid::from_u64_pair(half("id_high")?, half("id_low")?))
}

/// Changes an index. There is one at most per index.
pub(crate) struct Writer {
    pub live: Live,
    writer: IndexWriter<TantivyDocument>,
}

impl Writer {
    /// Puts a product in that is not there, or not any more.
    pub(crate) fn add(&self, document: &Document) -> tantivy::Result<()> {
        self.writer.add_document(self.live.fields.document(document)).map(drop)
    }

    pub(crate) fn remove(&self, id: Uuid) {
        let term: Term = self.live.fields.id_term(id);
        self.writer.delete_term(term);
    }

    /// Stores what was done and where this leaves the index, then shows it.
    pub(crate) fn commit(&mut self, place: &Place, title_order: String) -> tantivy::Result<()> {
        let state = State { version: VERSION, place: Some(place.clone()), title_order };
        let mut commit = self.writer.prepare_commit()?;
        commit.set_payload(&serde_json::to_string(&state).map_err(io::Error::other)?);
        commit.commit()?;
        self.live.reload()
    }

    /// Waits until all that was put in has been worked off, so that it does not pile up in
    /// memory. The index stays incomplete.
    pub(crate) fn keep_up(&mut self) -> tantivy::Result<()> {
        self.writer.commit().map(drop)
    }

    /// Finishes the merging of segments and releases the memory.
    pub(crate) fn close(self) -> tantivy::Result<()> {
        self.writer.wait_merging_threads()?;
        self.live.reload()
    }
}

/// The right to write, one process at a time.
pub(crate) struct Lock(#[expect(dead_code, reason = "held, not read")] File);

impl Lock {
    /// None where another process has it.
    pub(crate) fn take(dir: &Path) -> io::Result<Option<Self>> {
        let file = File::create(dir.join("lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }
}

/// The numbers of the indexes in a directory, newest first.
pub(crate) fn numbers(dir: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(dir)? {
        numbers.extend(entry?.file_name().to_str().and_then(|it| it.parse::<u64>().ok()));
    }
    numbers.sort_unstable_by(|a, b| b.cmp(a));
    Ok(numbers)
}

/// The newest complete index of a directory.
pub(crate) fn newest(dir: &Path) -> io::Result<Option<Live>> {
    for number in numbers(dir)? {
        match Live::open(dir, number).and_then(|live| Ok((live.state()?, live))) {
            Ok((State { place: Some(_), .. }, live)) => return Ok(Some(live)),
            Ok(_) => {}
            Err(error) => tracing::info!(number, %error, "cannot use a search index"),
        }
    }
    Ok(None)
}

/// Removes every index but one.
pub(crate) fn remove_others(dir: &Path, keep: u64) -> io::Result<()> {
    for number in numbers(dir)?.into_iter().filter(|&it| it != keep) {
        let path: PathBuf = dir.join(number.to_string());
        fs::remove_dir_all(path)?;
    }
    Ok(())
}
