//! The index on disk: opening it, asking it, and what it remembers about itself.
//!
//! Each build of the index has a directory of its own, named by a rising number, so that a new
//! one can grow beside the one that answers. An index is complete once a commit has stored a
//! position in it.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use chassis::feed::Position;
use serde::{Deserialize, Serialize};
use tantivy::collector::sort_key::SortByStaticFastValue;
use tantivy::collector::{Collector, Count, TopDocs};
use tantivy::columnar::Column;
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy};
use tantivy::query::{AllQuery, BooleanQuery, Occur, Query};
use tantivy::schema::IndexRecordOption;
use tantivy::{
    DocAddress, DocSet, Index, IndexReader, IndexWriter, Order, ReloadPolicy, Searcher, TERMINATED,
    TantivyDocument, Term,
};
use uuid::Uuid;

use crate::document::{Document, Fields, VERSION};
use crate::facets::{Facetting, Tables};
use crate::query::{self, Typos};
use crate::{Facets, Hits, Request, Sort, words};

/// The least a writer works with.
const HEAP: usize = 15_000_000;
/// A segment with a larger part of deleted products than this is rewritten.
const DELETED: f32 = 0.3;

/// What the index remembers about itself, in the payload of its commits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    pub version: u32,
    /// The last event it knows; none while it is being built.
    pub place: Option<Place>,
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
        index.tokenizers().register(words::ANALYZER, words::analyzer());
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        Ok(Self { number, fields, index, reader, tables: Tables::default() })
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

    /// The products that match, best first.
    pub(crate) fn find(&self, request: &Request) -> tantivy::Result<Hits> {
        let searcher = self.searcher();
        let (query, mut hits) = match &request.text {
            None => {
                let query: Box<dyn Query> = Box::new(AllQuery);
                let hits = self.collect(&searcher, query.box_clone(), request)?;
                (Some(query), hits)
            }
            Some(text) => self.find_text(&searcher, text, request)?,
        };
        if let Some(categories) = &request.facets {
            hits.facets = Some(Facets::default());
            if let Some(query) = query {
                self.tables.keep(&searcher);
                let mut all = query::basic(&self.fields, &request.filter);
                all.push((Occur::Must, query));
                let facetting = Facetting::new(&request.filter, categories, &self.tables);
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
        for typos in [Typos::RareWords, Typos::EveryWord] {
            let query = query::text(searcher, &self.fields, text, typos)?;
            let Some(query) = query else { break };
            let hits = self.collect(searcher, query.box_clone(), request)?;
            understood = Some(query);
            if hits.total > 0 {
                return Ok((understood, hits));
            }
        }
        Ok((understood, Hits::default()))
    }

    fn collect(
        &self,
        searcher: &Searcher,
        text: Box<dyn Query>,
        request: &Request,
    ) -> tantivy::Result<Hits> {
        let mut all = query::filters(&self.fields, &request.filter);
        all.push((Occur::Must, text));
        let query = BooleanQuery::new(all);
        let top = TopDocs::with_limit(request.limit.max(1)).and_offset(request.offset);
        let by = |field: &str, order| {
            let top = TopDocs::with_limit(request.limit.max(1)).and_offset(request.offset);
            addresses(searcher, &query, top.order_by_fast_field::<i64>(field, order))
        };
        let (places, total) = match request.sort {
            Sort::Relevance => addresses(searcher, &query, top.order_by_score()),
            Sort::PriceUp => by("price", Order::Asc),
            Sort::PriceDown => by("price", Order::Desc),
            Sort::Newest => by("created_at", Order::Desc),
            Sort::Title => {
                let by_title = top.order_by_string_fast_field("title_key", Order::Asc);
                addresses(searcher, &query, by_title)
            }
            Sort::Rating => by("rating", Order::Desc),
            Sort::Popular => {
                let most = |field: &str| SortByStaticFastValue::<i64>::for_field(field);
                let popular = (most("sold"), most("views"), most("created_at"));
                addresses(searcher, &query, top.order_by(popular))
            }
        }?;
        let ids = places.into_iter().map(|it| id_at(searcher, it));
        Ok(Hits { ids: ids.collect::<tantivy::Result<_>>()?, total, facets: None })
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

    /// Whether the product is shown as in stock; none where it is not in the index.
    pub(crate) fn in_stock(&self, id: Uuid) -> tantivy::Result<Option<bool>> {
        let searcher = self.searcher();
        let term = self.fields.id_term(id);
        for segment in searcher.segment_readers() {
            let postings = segment
                .inverted_index(self.fields.id)?
                .read_postings(&term, IndexRecordOption::Basic)?;
            let Some(mut postings) = postings else { continue };
            while postings.doc() != TERMINATED {
                if !segment.is_deleted(postings.doc()) {
                    return Ok(segment.fast_fields().bool("in_stock")?.first(postings.doc()));
                }
                postings.advance();
            }
        }
        Ok(None)
    }
}

fn addresses<K>(
    searcher: &Searcher,
    query: &dyn Query,
    top: impl Collector<Fruit = Vec<(K, DocAddress)>>,
) -> tantivy::Result<(Vec<DocAddress>, usize)>
where
    Vec<(K, DocAddress)>: tantivy::collector::Fruit,
{
    let (top, total) = searcher.search(query, &(top, Count))?;
    Ok((top.into_iter().map(|(_, address)| address).collect(), total))
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
    pub(crate) fn commit(&mut self, place: &Place) -> tantivy::Result<()> {
        let state = State { version: VERSION, place: Some(place.clone()) };
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
