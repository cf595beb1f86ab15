//! What the shop costs while nobody buys: memory, and the time until it is there.

use std::time::Duration;

use anyhow::Result;

use super::say;
use crate::Bench;
use crate::report::{Report, Row, median, memory, time};
use crate::shop::Place;

/// How long a shop does nothing before its memory is looked at.
pub const IDLE: Duration = Duration::from_secs(10);
const STARTS: usize = 11;
/// In KiB.
const SMALL: u64 = 60 * 1024;
const SOON: Duration = Duration::from_millis(200);

pub async fn footprint(bench: &Bench, report: &mut Report) -> Result<()> {
    say("footprint: the demo shop");
    let place = bench.program.place(&bench.scratch, "footprint", true)?;
    let shop = place.serve().await?;
    report.add(Row::new("first start, with the demo shop made", time(shop.start)));
    tokio::time::sleep(IDLE).await;
    let used = shop.memory()?;
    let row =
        Row::new(format!("memory, idle for {} s after seeding", IDLE.as_secs()), memory(used));
    report.add(row.target("at most 60 MiB", used.0 <= SMALL));
    shop.stop().await?;
    let (start, longest) = starts(&place, STARTS).await?;
    let row = Row::new(
        format!("start until /ready, median of {STARTS}"),
        format!("{}, longest {}", time(start), time(longest)),
    );
    report.add(row.target("at most 200 ms", start <= SOON));
    let shop = place.serve().await?;
    tokio::time::sleep(IDLE).await;
    let what = format!("memory, idle for {} s after a restart", IDLE.as_secs());
    report.add(Row::new(what, memory(shop.memory()?)));
    shop.stop().await
}

/// Starts a shop again and again; the median and the longest time.
pub async fn starts(place: &Place, times: usize) -> Result<(Duration, Duration)> {
    let mut took = Vec::new();
    for _ in 0..times {
        let shop = place.serve().await?;
        took.push(shop.start);
        shop.stop().await?;
    }
    let longest = took.iter().max().copied().unwrap_or_default();
    Ok((median(took), longest))
}
