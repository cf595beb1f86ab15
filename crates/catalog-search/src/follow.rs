//! The worker that keeps the index fresh: catches up with the outbox, rebuilds what is missing
//! or damaged, and never stops the process for a search index.

use std::collections::BTreeSet;
use std::time::Duration;

use chassis::db::Db;
use chassis::feed::{self, Entry, Feed, Position};
use chassis::telemetry::cause;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::index::{self, Live, Lock, Place, Writer};
use crate::{Change, Search, Source};

/// How long changes are gathered while more keep coming. A change is found within this time
/// and that of a commit.
const GATHER: Duration = Duration::from_millis(800);
/// How long to wait for one more change before a commit.
const BREATH: Duration = Duration::from_millis(20);
/// Events without effect on the index after which their place is stored nevertheless.
const SKIPPED: usize = 10_000;
/// How long a writer without work is kept.
const IDLE: Duration = Duration::from_secs(5);
/// How often sales and views, which no event reports, are brought into the index.
const COUNTED: Duration = Duration::from_secs(60);
/// How long to wait before the next try, at first and at most.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Products read at a time when the index is built.
const PAGE: i64 = 500;
/// Products after which the writer is given time to keep up.
const STRETCH: usize = 4_000;

/// Why following ended.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("database")]
    Db(#[from] chassis::db::Error),
    #[error("index")]
    Index(#[from] tantivy::TantivyError),
    #[error("files")]
    Io(#[from] std::io::Error),
    #[error("a task of the index panicked")]
    Task(#[from] tokio::task::JoinError),
}

type Result<T, E = Error> = std::result::Result<T, E>;

/// Follows a source until stopped.
pub async fn follow(search: Search, source: impl Source, stop: CancellationToken) {
    let mut warned = false;
    let mut pause = PAUSE;
    loop {
        let turn = match Lock::take(&search.0.dir) {
            Ok(Some(_lock)) => lead(&search, &source, &stop).await,
            Ok(None) => {
                if !std::mem::replace(&mut warned, true) {
                    tracing::warn!(
                        "another process writes the search index; this one only reads it"
                    );
                }
                search.refresh()
            }
            Err(error) => Err(error.into()),
        };
        pause = match turn {
            Ok(()) => PAUSE,
            Err(error) => {
                tracing::warn!(
                    error = cause(&error),
                    "cannot update the search index; trying again"
                );
                (pause * 2).min(LONGEST_PAUSE)
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

impl Search {
    /// Shows what another process has written.
    fn refresh(&self) -> Result<()> {
        match (self.live(), index::newest(&self.0.dir)?) {
            (Some(live), Some(newest)) if live.number == newest.number => live.reload()?,
            (_, Some(newest)) => self.show(Some(newest)),
            _ => {}
        }
        Ok(())
    }
}

/// Makes the index usable and keeps it fresh, as the only process that writes it. Ends when
/// stopped or when a file turns out to be damaged.
async fn lead(search: &Search, source: &impl Source, stop: &CancellationToken) -> Result<()> {
    let usable = match usable(search, source.db()).await? {
        Some(usable) => Some(usable),
        None => rebuild(search, source, stop).await?,
    };
    let Some((live, place)) = usable else { return Ok(()) };
    index::remove_others(&search.0.dir, live.number)?;
    let feed = Feed::after(source.db(), place.position);
    let pen = LazyWriter { live, writer: None };
    search.0.place.send_replace(Some(place.position));
    let mut follower = Follower { source, pen, feed, dirty: BTreeSet::new(), behind: 0, place };
    let mut count_at = Instant::now();
    loop {
        let entries = tokio::select! {
            () = stop.cancelled() => return follower.pen.close().await,
            () = search.0.damaged.notified() => return follower.pen.close().await,
            () = tokio::time::sleep(IDLE), if follower.pen.writer.is_some() => {
                follower.pen.close().await?;
                continue;
            }
            () = tokio::time::sleep_until(count_at) => {
                follower.count().await?;
                count_at = Instant::now() + COUNTED;
                continue;
            }
            entries = follower.feed.next() => entries?,
        };
        follower.take(entries).await?;
        search.0.place.send_replace(Some(follower.feed.position()));
    }
}

/// The index that is there, if it is sound and its database is this one.
async fn usable(search: &Search, db: &Db) -> Result<Option<(Live, Place)>> {
    let Some(live) = search.live() else { return Ok(None) };
    let Some(place) = live.state()?.place else { return Ok(None) };
    let it = live.clone();
    if !tokio::task::spawn_blocking(move || it.is_sound()).await? {
        tracing::warn!("the search index is corrupt and will be rebuilt");
        search.show(None);
        return Ok(None);
    }
    // The event it has come to must still be there: it is not if it was deleted long ago, with
    // others after it, or if this is another database.
    let fits = match &place.subject {
        Some(subject) => subject_at(db, place.position).await?.as_ref() == Some(subject),
        None => !feed::has_gap_after(db, place.position).await?,
    };
    if !fits {
        tracing::warn!("the search index does not match the database and will be rebuilt");
        search.show(None);
        return Ok(None);
    }
    Ok(Some((live, place)))
}

/// Builds an index. None if stopped.
async fn rebuild(
    search: &Search,
    source: &impl Source,
    stop: &CancellationToken,
) -> Result<Option<(Live, Place)>> {
    let began = Instant::now();
    let db = source.db();
    // Read before the first product: what changes from here on is told again.
    let position = feed::last(db).await?;
    let place = Place { position, subject: subject_at(db, position).await? };
    let dir = search.0.dir.clone();
    let number = index::numbers(&dir)?.first().map_or(1, |it| it + 1);
    // Whatever is there cannot be used. An open index keeps its files.
    index::remove_others(&dir, number)?;
    let live = tokio::task::spawn_blocking(move || Live::create(&dir, number)).await??;
    let mut pen = LazyWriter { live: live.clone(), writer: None };
    let mut after = Uuid::nil();
    let mut products = 0;
    loop {
        let page = source.page(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        let stretch = products / STRETCH;
        products += page.len();
        if products / STRETCH > stretch {
            pen.write(Writer::keep_up).await?;
        }
        pen.write(move |writer| page.iter().try_for_each(|it| writer.add(it))).await?;
        if stop.is_cancelled() {
            return Ok(None);
        }
    }
    let end = place.clone();
    pen.write(move |writer| writer.commit(&end)).await?;
    pen.close().await?;
    search.show(Some(live.clone()));
    tracing::info!(products, seconds = began.elapsed().as_secs_f32(), "search index built");
    Ok(Some((live, place)))
}

/// The subject of the event at a position, where it has not been deleted.
async fn subject_at(db: &Db, position: Position) -> Result<Option<String>> {
    let before = Position { sequence: position.sequence - 1, ..position };
    let first = Feed::after(db, before).read().await?.into_iter().next();
    Ok(first.filter(|it| it.position == position).map(|it| it.subject))
}

/// Puts events into the index.
struct Follower<'a, S> {
    source: &'a S,
    pen: LazyWriter,
    feed: Feed,
    /// What was written since the last commit.
    dirty: BTreeSet<Uuid>,
    /// Events since the last commit.
    behind: usize,
    /// The last event.
    place: Place,
}

impl<S: Source> Follower<'_, S> {
    /// Takes these events and those that follow closely, then shows their effect.
    async fn take(&mut self, entries: Vec<Entry>) -> Result<()> {
        let began = Instant::now();
        self.apply(entries).await?;
        while !self.dirty.is_empty() && began.elapsed() < GATHER {
            tokio::time::sleep(BREATH).await;
            let more = self.feed.read().await?;
            if more.is_empty() {
                break;
            }
            self.apply(more).await?;
        }
        if !self.dirty.is_empty() || self.behind >= SKIPPED {
            self.commit().await?;
        }
        Ok(())
    }

    async fn commit(&mut self) -> Result<()> {
        let place = self.place.clone();
        self.pen.write(move |writer| writer.commit(&place)).await?;
        self.dirty.clear();
        self.behind = 0;
        Ok(())
    }

    /// Brings in what was sold and looked at. Views that hardly changed the order can wait.
    async fn count(&mut self) -> Result<()> {
        let live = self.pen.live.clone();
        let shown = tokio::task::spawn_blocking(move || live.demand()).await??;
        let counted = self.source.demand().await?;
        let rose = counted.into_iter().filter(|(id, sold, views)| {
            let known = shown.get(id);
            known.is_some_and(|(was, seen)| was != sold || *views > seen + seen / 10)
        });
        let rose: Vec<Uuid> = rose.map(|(id, ..)| id).collect();
        for ids in rose.chunks(PAGE as usize) {
            self.read_again(ids.iter().copied().collect()).await?;
        }
        if !rose.is_empty() {
            self.commit().await?;
        }
        Ok(())
    }

    async fn apply(&mut self, entries: Vec<Entry>) -> Result<()> {
        let mut changed = BTreeSet::new();
        for entry in &entries {
            changed.extend(self.changed(entry)?);
        }
        self.behind += entries.len();
        if let Some(Entry { position, subject, .. }) = entries.into_iter().last() {
            self.place = Place { position, subject: Some(subject) };
        }
        if changed.is_empty() { Ok(()) } else { self.read_again(changed).await }
    }

    async fn read_again(&mut self, mut changed: BTreeSet<Uuid>) -> Result<()> {
        let ids: Vec<Uuid> = changed.iter().copied().collect();
        let products = self.source.by_ids(&ids).await?;
        self.dirty.append(&mut changed);
        let write = move |writer: &mut Writer| {
            for id in ids {
                writer.remove(id);
            }
            products.iter().try_for_each(|it| writer.add(it))
        };
        self.pen.write(write).await
    }

    /// The product an event may have changed in the index.
    fn changed(&self, entry: &Entry) -> Result<Option<Uuid>> {
        let Some(Change { product, in_stock }) = self.source.change(entry) else {
            return Ok(None);
        };
        // Most orders leave something in stock: nothing to write then. The index shows the
        // last commit only, so what has changed since is always read again.
        if in_stock.is_some() && !self.dirty.contains(&product) {
            let shown = self.pen.live.in_stock(product)?;
            return Ok((shown != in_stock).then_some(product));
        }
        Ok(Some(product))
    }
}

/// A writer, made when there is something to write: it costs memory.
struct LazyWriter {
    live: Live,
    writer: Option<Writer>,
}

impl LazyWriter {
    async fn write(
        &mut self,
        work: impl FnOnce(&mut Writer) -> tantivy::Result<()> + Send + 'static,
    ) -> Result<()> {
        let (live, writer) = (self.live.clone(), self.writer.take());
        let written = tokio::task::spawn_blocking(move || {
            let mut writer = match writer {
                Some(writer) => writer,
                None => live.writer()?,
            };
            work(&mut writer).map(|()| writer)
        });
        self.writer = Some(written.await??);
        Ok(())
    }

    async fn close(&mut self) -> Result<()> {
        if let Some(writer) = self.writer.take() {
            tokio::task::spawn_blocking(move || writer.close()).await??;
        }
        Ok(())
    }
}
