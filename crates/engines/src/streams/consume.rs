//! Consuming: from a stream into an inbox.

use std::time::Duration;

use chassis::inbox::Inbox;
use chassis::outbox::Envelope;
use chassis::telemetry::cause;
use redis::aio::MultiplexedConnection;
use redis::streams::{StreamAutoClaimOptions, StreamAutoClaimReply};
use redis::streams::{StreamId, StreamMaxlen, StreamReadOptions, StreamReadReply};
use redis::{AsyncCommands, RedisResult, Script};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::{DEAD_LETTERS, EVENT};
use crate::link::LinkError;

/// Entries stored in one transaction.
pub(super) const BATCH: usize = 200;
/// How long one question for entries waits for some. Shorter than Redis may take to answer.
const BLOCK: Duration = Duration::from_secs(1);
/// How long an inbox whose database is away is left alone.
const PAUSE: Duration = Duration::from_millis(500);
/// How often it is looked for what a dead process left.
const CLAIM_EVERY: Duration = Duration::from_secs(5);
/// After how long in the hands of another process an entry counts as left.
const LEFT: Duration = Duration::from_secs(15);

/// Forgets processes that have nothing in hand and did not ask for an hour.
const FORGET: &str = "
    for _, it in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
        if it[4] == 0 and it[6] > 3600000 then
            redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], it[2])
        end
    end";

/// One consumer of this process.
pub(super) struct Consumer {
    pub connection: MultiplexedConnection,
    pub stream: String,
    pub process: String,
    /// Entries taken at once.
    pub at_once: usize,
    pub inbox: Inbox,
}

impl Consumer {
    /// Stores what comes until stopped.
    pub async fn run(mut self, stop: CancellationToken) -> Result<(), LinkError> {
        match self.work(&stop).await {
            Ok(()) => Ok(()),
            Err(_) if stop.is_cancelled() => Ok(()),
            Err(error) => Err(LinkError::of(self.inbox.consumer())(error)),
        }
    }

    async fn work(&mut self, stop: &CancellationToken) -> RedisResult<()> {
        let forget = Script::new(FORGET);
        let mut forget = forget.key(&self.stream);
        forget.arg(self.inbox.consumer()).invoke_async::<()>(&mut self.connection).await?;
        // What this process had in hand when the connection was lost.
        loop {
            let entries = self.read("0", None).await?;
            if entries.is_empty() || !self.store(entries, stop).await? {
                break;
            }
        }
        let mut claimed = None;
        while !stop.is_cancelled() {
            if claimed.is_none_or(|it: Instant| it.elapsed() > CLAIM_EVERY) {
                let left = self.claim().await?;
                if left.is_empty() {
                    claimed = Some(Instant::now());
                } else {
                    self.store(left, stop).await?;
                }
                continue;
            }
            // Not cut off by the end: entries handed out then would wait until they count as left.
            let entries = self.read(">", Some(BLOCK)).await?;
            if !entries.is_empty() && !self.store(entries, stop).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn read(&mut self, from: &str, block: Option<Duration>) -> RedisResult<Vec<StreamId>> {
        let group = self.inbox.consumer();
        let mut options =
            StreamReadOptions::default().group(group, &self.process).count(self.at_once);
        if let Some(block) = block {
            options = options.block(block.as_millis() as usize);
        }
        let reply: Option<StreamReadReply> =
            self.connection.xread_options(&[&self.stream], &[from], &options).await?;
        Ok(reply.into_iter().flat_map(|it| it.keys).flat_map(|it| it.ids).collect())
    }

    async fn claim(&mut self) -> RedisResult<Vec<StreamId>> {
        let (group, idle) = (self.inbox.consumer(), LEFT.as_millis() as u64);
        let options = StreamAutoClaimOptions::default().count(self.at_once);
        let reply: StreamAutoClaimReply = self
            .connection
            .xautoclaim_options(&self.stream, group, &self.process, idle, "0-0", options)
            .await?;
        Ok(reply.claimed)
    }

    /// Stores entries and acknowledges them. False if stopped before that.
    async fn store(
        &mut self,
        entries: Vec<StreamId>,
        stop: &CancellationToken,
    ) -> RedisResult<bool> {
        let (mut events, mut ids) = (Vec::with_capacity(entries.len()), Vec::new());
        for entry in entries {
            let body = entry.get::<Vec<u8>>(EVENT);
            let event = match body.as_deref().map(Envelope::decode) {
                Some(Ok(event)) => Ok(event),
                Some(Err(error)) => Err(error.to_string()),
                None => Err("it has no field \"event\"".to_owned()),
            };
            match event {
                Ok(event) => {
                    events.push(event);
                    ids.push(entry.id);
                }
                Err(reason) => self.dead_letter(&entry, body.unwrap_or_default(), &reason).await?,
            }
        }
        if events.is_empty() {
            return Ok(true);
        }
        let consumer = self.inbox.consumer();
        let mut told = false;
        while let Err(error) = self.inbox.receive(&events).await {
            if !told {
                told = true;
                tracing::warn!(
                    consumer,
                    error = cause(&error),
                    "cannot store events; they wait in the broker"
                );
            }
            if stop.run_until_cancelled(sleep(PAUSE)).await.is_none() {
                self.leave(&ids).await?;
                return Ok(false);
            }
        }
        if told {
            tracing::info!(consumer, "events are stored again");
        }
        self.connection.xack::<_, _, _, usize>(&self.stream, consumer, &ids).await?;
        Ok(true)
    }

    /// Says that another process may take these at once.
    async fn leave(&mut self, ids: &[String]) -> RedisResult<()> {
        let mut leave = redis::cmd("XCLAIM");
        leave.arg(&self.stream).arg(self.inbox.consumer()).arg(&self.process).arg(0).arg(ids);
        leave.arg("IDLE").arg(2 * LEFT.as_millis() as u64).arg("JUSTID");
        leave.query_async::<()>(&mut self.connection).await
    }

    /// Moves an entry that cannot be decoded to the dead letters.
    async fn dead_letter(
        &mut self,
        entry: &StreamId,
        body: Vec<u8>,
        error: &str,
    ) -> RedisResult<()> {
        let consumer = self.inbox.consumer();
        tracing::error!(consumer, id = entry.id, error, "invalid event moved to the dead letters");
        metrics::counter!("events_undecodable_total", "consumer" => consumer).increment(1);
        let fields: [(&str, &[u8]); 4] = [
            (EVENT, &body),
            ("consumer", consumer.as_bytes()),
            ("id", entry.id.as_bytes()),
            ("error", error.as_bytes()),
        ];
        let dead = format!("{}.dead", self.stream);
        redis::pipe()
            .atomic()
            .xadd_maxlen(dead, StreamMaxlen::Approx(DEAD_LETTERS), "*", &fields)
            .xack(&self.stream, consumer, &[&entry.id])
            .query_async::<()>(&mut self.connection)
            .await
    }
}
