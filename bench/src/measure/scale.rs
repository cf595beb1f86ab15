//! The same shop with a hundred products and with very many: is it as fast?

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use bytes::Bytes;
use tokio::time::sleep;

use super::footprint::{IDLE, starts};
use super::{number_of, say};
use crate::goods::{self, Dice};
use crate::report::{Report, Row, mebibytes, memory, number, time};
use crate::shop::{Place, Shop};
use crate::{Bench, http};

const FEW: u64 = 100;
const STARTS: usize = 5;
/// The answer to a search comes within this time, 99 times of 100.
const SOON: Duration = Duration::from_millis(20);
/// As fast, given that no two runs are equal.
const AS_FAST: f64 = 0.9;
/// How long building the index may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// A way of reading, and how a request of a number looks in a shop of so many products.
type Reading = (&'static str, fn(number: u64, count: u64) -> Bytes);

const READINGS: [Reading; 4] = [
    ("detail of the same 100 products", |number, _| detail(number, FEW)),
    ("detail of all products, evenly", detail),
    ("first page of the list", |_, _| http::get("/api/v1/products")),
    ("list sorted and filtered, each differently", filtered),
];

pub async fn scale(bench: &Bench, report: &mut Report) -> Result<()> {
    let many = bench.settings.products;
    let small = bench.program.place(&bench.scratch, "few", false)?;
    bench.import(&small, FEW).await?;
    let large = bench.program.place(&bench.scratch, "many", false)?;
    let (took, most) = bench.import(&large, many).await?;
    let each = number(many as f64 / took.as_secs_f64());
    report.add(Row::new(
        format!("import of {} products", number_of(many)),
        format!("{}, {each} products/s, at most {}", time(took), mebibytes(most)),
    ));
    let few = small.serve().await?;
    let shop = open(&large, many, report).await?;
    compare(bench, &few, &shop, report).await?;
    few.stop().await?;
    search(bench, &shop, report).await?;
    report.add(Row::new("memory after all that", memory(shop.memory()?)));
    shop.stop().await
}

/// The first start makes the search index; the next ones find it.
async fn open(place: &Place, many: u64, report: &mut Report) -> Result<Shop> {
    let shop = place.serve().await?;
    let began = Instant::now();
    wait_for_index(shop.address, many).await?;
    let what = format!("first start with {} products", number_of(many));
    let indexed = time(shop.start + began.elapsed());
    report.add(Row::new(what, format!("{}, searchable after {indexed}", time(shop.start))));
    shop.stop().await?;
    let (start, longest) = starts(place, STARTS).await?;
    report.add(Row::new(
        format!("start until /ready with {} products, median of {STARTS}", number_of(many)),
        format!("{}, longest {}", time(start), time(longest)),
    ));
    let shop = place.serve().await?;
    sleep(IDLE).await;
    let what = format!("memory, idle, with {} products", number_of(many));
    report.add(Row::new(what, memory(shop.memory()?)));
    Ok(shop)
}

/// Until the last product is found.
async fn wait_for_index(address: SocketAddr, many: u64) -> Result<()> {
    say("waiting for the search index");
    let last = goods::product(many - 1);
    let path = format!("/api/v1/products?search={}", last.title.replace(' ', "+"));
    let request = http::get(&path);
    let began = Instant::now();
    loop {
        let mut connection = http::Connection::open(address).await?;
        let answer = connection.ask(&request).await?;
        // 503 while there is no index at all.
        if String::from_utf8_lossy(answer.body).contains(&last.handle) {
            return Ok(());
        }
        ensure!(began.elapsed() < PATIENCE, "{} is not found", last.title);
        sleep(Duration::from_millis(50)).await;
    }
}

async fn compare(bench: &Bench, few: &Shop, many: &Shop, report: &mut Report) -> Result<()> {
    let count = bench.settings.products;
    let connections = bench.settings.connections;
    for (what, request) in READINGS {
        let small = bench.reads(connections, move |number| request(number, FEW));
        let large = bench.reads(connections, move |number| request(number, count));
        let (small, large) =
            bench.compare(what, (small, few.target()), (large, many.target())).await?;
        report.add(Row::of(format!("{what}, {FEW} products"), &small));
        let ratio = large.rate / small.rate;
        let mut row = Row::of(format!("{what}, {} products", number_of(count)), &large);
        row = row.note(&format!("{ratio:.2}x"));
        report.add(row.target("as fast as with 100", ratio >= AS_FAST));
    }
    Ok(())
}

async fn search(bench: &Bench, shop: &Shop, report: &mut Report) -> Result<()> {
    let count = bench.settings.products;
    for clients in [1, 8] {
        let runner = bench.reads(clients, move |number| find(number, count));
        let plural = if clients == 1 { "" } else { "s" };
        let what = format!("search in {} products, {clients} client{plural}", number_of(count));
        let found = bench.repeat(&what, runner, &shop.target()).await?;
        let met = found.p99 < SOON && found.others.is_empty();
        report.add(Row::of(what, &found).target("p99 under 20 ms", met));
    }
    Ok(())
}

/// A product, evenly out of so many.
fn detail(number: u64, count: u64) -> Bytes {
    let product = goods::product(Dice::new(number).below(count));
    http::get(&format!("/api/v1/products/{}", product.handle))
}

/// A list as somebody would narrow it down, nearly never the same twice; wide enough for a full
/// page also of few products.
fn filtered(number: u64, _: u64) -> Bytes {
    let mut dice = Dice::new(number);
    let sort = ["newest", "price", "-price", "title"][dice.below(4) as usize];
    let (min, max) = (dice.below(500), 100_000 + dice.below(1_000_000));
    http::get(&format!(
        "/api/v1/products?sort={sort}&min_price={min}&max_price={max}&in_stock=true"
    ))
}

/// What somebody types.
fn find(number: u64, count: u64) -> Bytes {
    let query = goods::query(number, count).replace(' ', "+");
    http::get(&format!("/api/v1/products?search={query}"))
}
