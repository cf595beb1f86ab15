//! What copies of a service share of finished answers.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chassis::cache::Store;
use futures::future::BoxFuture;
use tokio::sync::Semaphore;

use super::Redis;

/// Values on their way at once; more are not kept.
const PUTS: usize = 32;

/// A cache in Redis. Set its `maxmemory` and a policy such as `volatile-lru`.
#[derive(Clone, Debug)]
pub struct SharedCache {
    redis: Redis,
    puts: Arc<Semaphore>,
}

impl SharedCache {
    pub fn new(redis: Redis) -> Self {
        Self { redis, puts: Arc::new(Semaphore::new(PUTS)) }
    }
}

impl Store for SharedCache {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Option<Bytes>> {
        let mut get = redis::cmd("GET");
        get.arg(self.redis.key(key));
        Box::pin(async move {
            let ask = |mut connection| async move { get.query_async(&mut connection).await };
            self.redis.ask::<Option<Bytes>, _>("cache", ask).await.flatten()
        })
    }

    fn put(&self, key: String, value: Bytes, time_to_live: Duration) {
        let Ok(permit) = self.puts.clone().try_acquire_owned() else { return };
        let redis = self.redis.clone();
        tokio::spawn(async move {
            let mut set = redis::cmd("SET");
            let millis = u64::try_from(time_to_live.as_millis()).unwrap_or(u64::MAX);
            set.arg(redis.key(&key)).arg(&value[..]).arg("PX").arg(millis);
            let ask = |mut connection| async move { set.exec_async(&mut connection).await };
            redis.ask("cache", ask).await;
            drop(permit);
        });
    }
}
