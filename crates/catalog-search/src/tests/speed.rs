//! How long searches take: `cargo test -p catalog-search --release -- --ignored --nocapture speed`.

use std::time::Instant;

use super::judged::Shop;
use super::*;

#[test]
#[ignore = "measures"]
fn speed_in_a_small_shop() {
    let shop = Shop::open();
    let texts = super::judged::texts();
    let asked: Vec<Request> = texts.iter().map(|it| shop.request(it)).collect();
    for round in 0..3 {
        let began = Instant::now();
        let mut found = 0;
        const TIMES: u32 = 20;
        for request in (0..TIMES).flat_map(|_| &asked) {
            found += shop.live.find(request).unwrap().total;
        }
        let each = (Instant::now() - began) / (TIMES * u32::try_from(asked.len()).unwrap());
        println!("round {round}: {each:?} per search, {found} found");
    }
    // Words nobody has looked for before.
    let (mut took, mut count) = (std::time::Duration::ZERO, 0);
    for _ in 0..5 {
        let shop = Shop::open();
        let began = Instant::now();
        for text in &texts {
            shop.live.find(&shop.request(text)).unwrap();
            count += 1;
        }
        took += Instant::now() - began;
    }
    println!("for the first time: {:?} per search", took / count);
}

/// `PRODUCTS` says how many.
#[test]
#[ignore = "measures"]
fn speed_in_a_large_shop() {
    let count: u64 =
        std::env::var("PRODUCTS").ok().and_then(|it| it.parse().ok()).unwrap_or(100_000);
    let dir = tempfile::tempdir().unwrap();
    let live = Live::create(dir.path(), 1).unwrap();
    let mut writer = live.writer().unwrap();
    let began = Instant::now();
    for number in 0..count {
        writer.add(&goods::product(number)).unwrap();
        if number % 4_000 == 3_999 {
            writer.keep_up().unwrap();
        }
    }
    writer.commit(&Place::default(), String::new()).unwrap();
    writer.close().unwrap();
    let size: u64 = std::fs::read_dir(dir.path().join("1"))
        .unwrap()
        .map(|it| it.unwrap().metadata().unwrap().len())
        .sum();
    println!(
        "{count} products in {:?}, {} MiB, {} segments",
        Instant::now() - began,
        size >> 20,
        live.searcher().segment_readers().len()
    );
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    println!("{}", status.lines().filter(|it| it.starts_with("Vm")).collect::<Vec<_>>().join(" "));
    for kind in ["words", "codes"] {
        let mut took = Vec::new();
        let mut nothing = 0;
        for number in 0..2_000 {
            let text = if kind == "words" {
                goods::query(number, count)
            } else {
                format!("goods-{}", (number * 7919) % count)
            };
            let began = Instant::now();
            let hits = live.find(&request(&text)).unwrap();
            took.push(Instant::now() - began);
            nothing += usize::from(hits.total == 0);
        }
        took.sort_unstable();
        println!(
            "{kind}: p50 {:?}, p99 {:?}, most {:?}, mean {:?}, {nothing} of {} found nothing",
            took[took.len() / 2],
            took[took.len() * 99 / 100],
            took[took.len() - 1],
            took.iter().sum::<std::time::Duration>() / u32::try_from(took.len()).unwrap(),
            took.len()
        );
    }
}

mod goods;
