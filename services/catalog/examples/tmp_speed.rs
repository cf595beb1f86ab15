//! Scratch.
use chassis::clock::Clock;
use chassis::db::{Db, Limits, Session};
use chassis::money::Currency;
use chassis::service::{Background, Platform};
use std::time::{Duration, Instant};
fn rss() -> String {
    let s = std::fs::read_to_string("/proc/self/status").unwrap();
    s.lines()
        .filter(|l| {
            l.starts_with("VmRSS")
                || l.starts_with("VmHWM")
                || l.starts_with("RssAnon")
                || l.starts_with("RssFile")
        })
        .collect::<Vec<_>>()
        .join(" ")
        .replace("\t", " ")
}
#[tokio::main]
async fn main() {
    tracing_subscriber_init();
    let args: Vec<String> = std::env::args().collect();
    let dir = std::path::PathBuf::from(&args[2]);
    std::fs::create_dir_all(&dir).unwrap();
    let db =
        Db::connect(&format!("sqlite:{}", dir.join("catalog.db").display()), Limits::default())
            .await
            .unwrap();
    db.migrate(catalog::MIGRATIONS).await.unwrap();
    let currency = Currency::default();
    match args[1].as_str() {
        "import" => {
            let began = Instant::now();
            let f = std::fs::File::open(&args[3]).unwrap();
            let report = catalog::csv::import(&db, Clock::System, &currency, f, |p| {
                if p.products % 10_000 == 0 {
                    eprintln!("{:?} {} {}", began.elapsed(), p.products, rss());
                }
            })
            .await
            .unwrap();
            for p in report.problems.iter().take(12) {
                println!("{p}");
            }
            println!(
                "{} created {} updated {} unchanged {} rejected {} warnings, {:?}, {}",
                report.products_created,
                report.updated,
                report.unchanged,
                report.rejected,
                report.warnings,
                began.elapsed(),
                rss()
            );
        }
        "export" => {
            let began = Instant::now();
            let f = std::io::BufWriter::new(std::fs::File::create(&args[3]).unwrap());
            let n = catalog::csv::export(&db, &currency, f, |_| {}).await.unwrap();
            println!("{n} exported {:?} {}", began.elapsed(), rss());
        }
        "search" => {
            let clock = Clock::System;
            let platform = Platform {
                db: db.clone(),
                clock,
                verifier: chassis::auth::Verifier::new(clock),
                currency,
            };
            println!("before {}", rss());
            let service = catalog::start(platform, catalog::Config::default(), dir.join("index"))
                .await
                .unwrap();
            let router = service.router.clone();
            let stop = tokio_util::sync::CancellationToken::new();
            let mut services = vec![service];
            let _bg = Background::start(&mut services, &stop);
            let began = Instant::now();
            loop {
                let a =
                    chassis::testing::call(&router, "GET", "/api/v1/products?search=cotton").await;
                if a.status.as_u16() == 200 {
                    break;
                }
                println!("{} {:?} {}", a.status, began.elapsed(), rss());
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            println!("index ready {:?} {}", began.elapsed(), rss());
            let words: Vec<String> = std::fs::read_to_string("/tmp/speed/queries.txt")
                .unwrap()
                .lines()
                .map(str::to_owned)
                .collect();
            let mut times = vec![];
            let mut zero = 0;
            for w in &words {
                let t = Instant::now();
                let a = chassis::testing::call(
                    &router,
                    "GET",
                    &format!(
                        "/api/v1/products?search={}",
                        w.replace(' ', "+").replace('\'', "%27")
                    ),
                )
                .await;
                times.push((t.elapsed(), w.clone(), a.status.as_u16()));
                if a.body["items"].as_array().is_none_or(|i| i.is_empty()) {
                    zero += 1;
                }
            }
            times.sort();
            let at = |p: f64| &times[((times.len() - 1) as f64 * p) as usize];
            println!(
                "{} queries, {zero} empty, p50 {:?} p90 {:?} p99 {:?} max {:?}",
                times.len(),
                at(0.5).0,
                at(0.9).0,
                at(0.99).0,
                times.last()
            );
            for t in times.iter().rev().take(12) {
                println!("{t:?}");
            }
            println!("after {}", rss());
            if let Some(secs) = args.get(3) {
                let until = Instant::now() + Duration::from_secs(secs.parse().unwrap());
                while Instant::now() < until {
                    tokio::time::sleep(Duration::from_secs(5)).await;
                    println!("{}", rss());
                }
            }
            let _ = db.query("SELECT 1").execute().await;
        }
        _ => panic!(),
    }
}
fn tracing_subscriber_init() {}
