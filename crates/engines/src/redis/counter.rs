//! Quotas shared by gateways: the generic cell rate algorithm in a script, so that reading and
//! raising a count is one step, by the one clock of the server.

use std::sync::Arc;
use std::time::Duration;

use chassis::quota::{Counter, Rate, Taken};
use futures::future::BoxFuture;
use redis::Script;

use super::Redis;

/// Counts in Redis.
#[derive(Clone, Debug)]
pub struct SharedCounter {
    redis: Redis,
    script: Arc<Script>,
}

/// A key holds when its bucket is full again, in microseconds of the server's clock. All numbers
/// are whole and below 2^53, which is what Lua's are exact to.
const SCRIPT: &str = r"
local step, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
-- Never later than an empty bucket's, whatever clock or quota it was written with.
local full = math.min(tonumber(redis.call('GET', KEYS[1])) or now, now + step * burst)
local wait = full - now - step * (burst - 1)
if wait > 0 then
  return {0, wait}
end
full = math.max(full, now) + step
redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000))
return {1, math.floor(burst - (full - now) / step)}
";

impl SharedCounter {
    pub fn new(redis: Redis) -> Self {
        Self { redis, script: Arc::new(Script::new(SCRIPT)) }
    }
}

impl Counter for SharedCounter {
    fn take<'a>(&'a self, key: &'a str, rate: Rate) -> BoxFuture<'a, Option<Taken>> {
        Box::pin(async move {
            let mut take = self.script.key(self.redis.key(key));
            take.arg(step(rate)).arg(rate.burst.get());
            let ask = |mut connection| async move { take.invoke_async(&mut connection).await };
            Some(match self.redis.ask("quota", ask).await? {
                (0, wait) => Taken::Refused { wait: Duration::from_micros(wait) },
                (_, remaining) => {
                    let remaining = u32::try_from(remaining).unwrap_or(u32::MAX);
                    Taken::Granted { remaining }
                }
            })
        })
    }
}

/// Microseconds after which there is one more.
fn step(rate: Rate) -> u64 {
    const MINUTE: u64 = 60_000_000;
    let per_minute = u64::from(rate.per_minute.get());
    ((MINUTE + per_minute / 2) / per_minute).max(1)
}
