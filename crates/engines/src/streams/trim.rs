//! Cutting the stream where every group has acknowledged.

use redis::aio::MultiplexedConnection;
use redis::streams::{StreamInfoGroupsReply, StreamPendingReply};
use redis::{AsyncCommands, RedisResult};

/// The id of an entry: milliseconds and a number.
type Id = (u64, u64);

/// Drops entries that all groups have acknowledged; returns how many are left.
pub(super) async fn trim(
    connection: &mut MultiplexedConnection,
    stream: &str,
) -> RedisResult<usize> {
    let groups: StreamInfoGroupsReply = connection.xinfo_groups(stream).await?;
    let mut needed: Option<Id> = None;
    for group in &groups.groups {
        let pending: StreamPendingReply = connection.xpending(stream, &group.name).await?;
        let first = match pending {
            StreamPendingReply::Data(pending) => parse(&pending.start_id),
            // What was delivered before the question about what is pending is acknowledged.
            StreamPendingReply::Empty => parse(&group.last_delivered_id).map(after),
            _ => None,
        };
        // An id that cannot be read keeps everything.
        let first = first.unwrap_or_default();
        needed = Some(needed.map_or(first, |it| it.min(first)));
    }
    if let Some((millis, number)) = needed.filter(|it| *it > (0, 1)) {
        // Whole blocks of entries only, which is cheap.
        let mut cut = redis::cmd("XTRIM");
        cut.arg(stream).arg("MINID").arg("~").arg(format!("{millis}-{number}"));
        cut.query_async::<usize>(connection).await?;
    }
    connection.xlen(stream).await
}

fn parse(id: &str) -> Option<Id> {
    let (millis, number) = id.split_once('-')?;
    Some((millis.parse().ok()?, number.parse().ok()?))
}

fn after((millis, number): Id) -> Id {
    (millis, number.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_ordered_as_redis_orders_them() {
        assert_eq!(parse("1526919030474-55"), Some((1_526_919_030_474, 55)));
        assert!(parse("9-10") < parse("10-9"));
        assert!(parse("9-9").map(after) == parse("9-10"));
        assert_eq!(parse("$"), None);
    }
}
