//! Very many clients that keep their connection and seldom ask anything.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{Instant, sleep, sleep_until};

use super::footprint::IDLE;
use super::{number_of, say};
use crate::http::Connection;
use crate::load::quantile;
use crate::process::allow_open_files;
use crate::report::{Report, Row, mebibytes, number, time};
use crate::shop::Shop;
use crate::{Bench, http};

const CLIENTS: u32 = 10_000;
/// Requests of all of them together. Each client asks every 20 s.
const PER_SECOND: u32 = 500;
/// One address has not ports enough for all of them on every machine.
const ADDRESSES: u32 = 5;
/// How many connect at a time.
const DOORS: u32 = 50;
/// What a process needs besides the connections.
const OTHER_FILES: u64 = 1_000;
const SOON: Duration = Duration::from_millis(100);
/// In KiB.
const ROOM: u64 = 150 * 1024;

/// What the clients saw.
#[derive(Debug, Default)]
struct Seen {
    took: Vec<Duration>,
    errors: BTreeMap<String, u64>,
}

pub async fn crowd(bench: &Bench, report: &mut Report) -> Result<()> {
    say("crowd: the demo shop");
    allow_open_files(u64::from(CLIENTS) + OTHER_FILES)?;
    let place = bench.program.place(&bench.scratch, "crowd", true)?;
    let room = (2 * CLIENTS).to_string();
    let place = place
        .with("connections.max_connections", &room)
        .with("connections.max_connections_from_loopback", &room);
    let shop = place.serve().await?;
    let products = http::read(shop.address, "/api/v1/products?limit=100").await?;
    let products = products["items"].as_array().context("the demo shop has no products")?;
    let slugs = products.iter().filter_map(|it| it["slug"].as_str());
    let requests: Rc<[Bytes]> =
        slugs.map(|slug| http::get(&format!("/api/v1/products/{slug}"))).collect();
    ensure!(!requests.is_empty(), "the demo shop has no products");
    sleep(IDLE).await;
    let (before, _) = shop.memory()?;
    let crowd = LocalSet::new();
    let (seen, most) = crowd.run_until(visit(bench, &shop, requests)).await?;
    add_rows(report, seen, before, most);
    shop.stop().await
}

/// All come, stay and ask in turn, as many rounds as wanted; returns also the most memory of the
/// shop meanwhile, in KiB.
async fn visit(bench: &Bench, shop: &Shop, requests: Rc<[Bytes]>) -> Result<(Seen, u64)> {
    say(&format!("{} clients come", number_of(u64::from(CLIENTS))));
    let began = Instant::now();
    let clients = arrive(shop.address, &requests).await?;
    let rounds = u32::try_from(bench.settings.rounds)?;
    let (arrived, each) = (time(began.elapsed()), time(Duration::from_secs(1) / PER_SECOND));
    say(&format!("they came within {arrived}; one asks every {each}, {rounds} times each"));
    let begin = Instant::now() + Duration::from_secs(1);
    let mut asking = JoinSet::new();
    for (number, connection) in clients {
        let requests = requests.clone();
        asking.spawn_local(ask(connection, number, rounds, begin, requests));
    }
    let (mut all, mut most) = (Seen::default(), 0);
    let mut looks = tokio::time::interval(Duration::from_millis(250));
    loop {
        tokio::select! {
            _ = looks.tick() => most = most.max(shop.memory()?.0),
            ended = asking.join_next() => match ended {
                Some(seen) => all.add(seen?),
                None => return Ok((all, most)),
            },
        }
    }
}

/// Connects all of them. Each asks at once, as clients do: who says nothing is sent away.
async fn arrive(address: SocketAddr, requests: &Rc<[Bytes]>) -> Result<Vec<(u32, Connection)>> {
    let mut doors = JoinSet::new();
    for door in 0..DOORS {
        let requests = requests.clone();
        doors.spawn_local(async move {
            let mut entered = Vec::new();
            for number in (door..CLIENTS).step_by(DOORS as usize) {
                let source = Ipv4Addr::LOCALHOST.to_bits() + 1 + number % ADDRESSES;
                let source = Ipv4Addr::from_bits(source);
                let mut connection = Connection::open_from(source, address).await?;
                let status = connection.ask(request(&requests, number)).await?.status;
                ensure!(status == 200, "a client that came was answered {status}");
                entered.push((number, connection));
            }
            Ok(entered)
        });
    }
    let mut all = Vec::new();
    while let Some(entered) = doors.join_next().await {
        all.extend(entered??);
    }
    Ok(all)
}

/// A client asks when it is its turn, whether or not others have their answers by then. What an
/// answer took counts from when it was due.
async fn ask(
    mut connection: Connection,
    number: u32,
    rounds: u32,
    begin: Instant,
    requests: Rc<[Bytes]>,
) -> Seen {
    let mut seen = Seen::default();
    for round in 0..rounds {
        let due = begin + Duration::from_secs(1) * (round * CLIENTS + number) / PER_SECOND;
        sleep_until(due).await;
        match connection.ask(request(&requests, number + round)).await {
            Ok(answer) if answer.status == 200 => seen.took.push(due.elapsed()),
            Ok(answer) => seen.error(format!("status {}", answer.status)),
            Err(error) => {
                seen.error(error.to_string());
                break;
            }
        }
    }
    seen
}

fn request(requests: &[Bytes], number: u32) -> &Bytes {
    &requests[number as usize % requests.len()]
}

impl Seen {
    fn error(&mut self, what: String) {
        *self.errors.entry(what).or_default() += 1;
    }

    fn add(&mut self, other: Self) {
        self.took.extend(other.took);
        for (what, count) in other.errors {
            *self.errors.entry(what).or_default() += count;
        }
    }
}

fn add_rows(report: &mut Report, mut seen: Seen, before: u64, most: u64) {
    seen.took.sort_unstable();
    let (p50, p99) = (quantile(&seen.took, 0.5), quantile(&seen.took, 0.99));
    let longest = seen.took.last().copied().unwrap_or_default();
    let mut result =
        format!("{} answers, longest {}", number(seen.took.len() as f64), time(longest));
    for (what, count) in &seen.errors {
        result += &format!(", {count} times {what}");
    }
    if seen.errors.is_empty() {
        result += ", no error";
    }
    let what = format!("{} open clients, {PER_SECOND} requests/s", number_of(CLIENTS.into()));
    let met = seen.errors.is_empty() && p99 < SOON;
    let row = Row::new(what, result).times(p50, p99);
    report.add(row.target("no error, p99 under 100 ms", met));
    let more = most.saturating_sub(before);
    let row = Row::new(
        "memory for them",
        format!("{}: {} before, {} with them", mebibytes(more), mebibytes(before), mebibytes(most)),
    );
    report.add(row.target("at most 150 MiB", more <= ROOM));
}
