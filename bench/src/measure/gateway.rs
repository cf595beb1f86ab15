//! A product through a gateway before a remote catalogue, against nginx before the same catalogue
//! and against the whole shop in one process.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;

use super::say;
use crate::apart::{Apart, GATEWAY};
use crate::load::{Outcome, Target};
use crate::nginx::{self, Nginx};
use crate::report::{Report, Row, time};
use crate::{Bench, http};

pub async fn gateway(bench: &Bench, report: &mut Report) -> Result<()> {
    say("gateway: before a remote catalogue");
    let place = bench.program.place(&bench.scratch, "gateway", true)?;
    // Nobody tells or hears anything here, but a part of a shop must have a broker.
    let place = place.with("bus.url", "amqp://127.0.0.1:9");
    // A gateway needs identity's keys, and so does a catalogue.
    let mut apart = Apart::new(place, &["identity", "catalog", GATEWAY])?;
    apart.start().await?;
    let catalog = apart.shop("catalog")?;
    let place = bench.program.place(&bench.scratch, "gateway-whole", true)?;
    let whole = place.serve().await?;
    let products = http::read(catalog.address, "/api/v1/products?limit=1").await?;
    let slug = products["items"][0]["slug"].as_str().context("the demo shop has no product")?;
    let path = format!("/api/v1/products/{slug}");
    let bytes = http::read_bytes(catalog.address, &path).await?;
    let found = nginx::find();
    let nginx = match &found {
        Some((program, _)) => {
            let directory = bench.scratch.path().join("nginx");
            Some(Nginx::start(program, &directory, catalog.address).await?)
        }
        None => None,
    };
    let remote = Target {
        address: apart.shop(GATEWAY)?.address,
        processes: vec![catalog.id(), apart.shop(GATEWAY)?.id()],
    };
    let proxied = nginx.as_ref().map(|it| Target {
        address: it.address,
        processes: [catalog.id()].into_iter().chain(it.workers().iter().copied()).collect(),
    });
    let mut compared = vec![("catalogue", catalog.target()), ("gateway", remote)];
    compared.push(("whole shop", whole.target()));
    compared.extend(proxied.map(|it| ("nginx", it)));
    for (name, target) in &compared[..] {
        let same = http::read_bytes(target.address, &path).await?.len() == bytes.len();
        // Two shops give the same product different ids.
        ensure!(same, "{name} answers something else");
    }
    let request = http::get(&path);
    let compared = compared.into_iter().map(|(name, target)| {
        let request = request.clone();
        let always = move |_| -> Bytes { request.clone() };
        (name, (bench.reads(bench.settings.connections, always), target))
    });
    let outcomes = bench.turns("gateway", compared.collect()).await?;
    let version = found.map(|(_, version)| version);
    add_rows(bench, report, &outcomes, version.as_deref(), bytes.len());
    drop(nginx);
    whole.stop().await?;
    apart.stop().await
}

fn add_rows(
    bench: &Bench,
    report: &mut Report,
    all: &[Outcome],
    nginx: Option<&str>,
    length: usize,
) {
    let [catalog, remote, whole, proxied @ ..] = all else { return };
    let connections = bench.settings.connections;
    let what = format!(
        "a product from the catalogue's own port, {length} bytes, {connections} connections"
    );
    report.add(Row::of(what, catalog));
    let row = Row::of("the same through the gateway in another process", remote);
    report.add(row.note(&proxy(remote)));
    let what = "the same in a shop of one process";
    report.add(Row::of(what, whole));
    let ours = "gateway before a remote service, against nginx";
    let one = "gateway and service in one process, against nginx";
    let (Some(version), [proxied]) = (nginx, proxied) else {
        for (what, target) in [(ours, "at least 0.8x"), (one, "at least 1.4x")] {
            report.add(Row::new(what, format!("not measured ({target}): nginx is not installed")));
        }
        return;
    };
    let row = Row::of(format!("the same through nginx {version}"), proxied);
    report.add(row.note(&proxy(proxied)));
    for (what, outcome, enough) in [(ours, remote, 0.8), (one, whole, 1.4)] {
        let ratio = outcome.rate / proxied.rate;
        let row = Row::new(what, format!("{ratio:.2}x its requests per second"));
        report.add(row.target(&format!("at least {enough}x"), ratio >= enough));
    }
}

/// What a proxy costs beside the service behind it, which comes first.
fn proxy(outcome: &Outcome) -> String {
    let proxy: Duration = outcome.servers_cpu.iter().skip(1).sum();
    format!("{} of CPU in the proxy", time(proxy))
}
