//! A product by the full way through the gateway, against a bare handler with the same bytes.

use anyhow::{Context, Result};
use bytes::Bytes;

use super::say;
use crate::report::{Report, Row, memory};
use crate::{Bench, http, reference};

/// A client that has the answer already sends its tag; this one never does.
pub async fn detail(bench: &Bench, report: &mut Report) -> Result<()> {
    say("detail: the demo shop and a bare axum handler");
    let place = bench.program.place(&bench.scratch, "detail", true)?;
    let shop = place.serve().await?;
    let products = http::read(shop.address, "/api/v1/products?limit=1").await?;
    let slug = products["items"][0]["slug"].as_str().context("the demo shop has no product")?;
    let path = format!("/api/v1/products/{slug}");
    let body = http::read_bytes(shop.address, &path).await?;
    let file = bench.scratch.path().join("body.json");
    std::fs::write(&file, &body)?;
    let (bare, target) = reference::start(&file)?;
    let request = http::get(&path);
    let runner = || {
        let request = request.clone();
        bench.reads(bench.settings.connections, move |_| -> Bytes { request.clone() })
    };
    let (reference, subject) =
        bench.compare("detail", (runner(), target), (runner(), shop.target())).await?;
    let length = body.len();
    let connections = bench.settings.connections;
    let what = format!("bare axum handler, {length} bytes, {connections} connections");
    report.add(Row::of(what, &reference));
    report.add(Row::of("product detail through the gateway, the same", &subject));
    let ratio = subject.rate / reference.rate;
    let server = subject.server_cpu().as_secs_f64() / reference.server_cpu().as_secs_f64();
    let row = Row::new(
        "product detail against bare handler",
        format!("{ratio:.2}x its requests per second, {server:.1}x its CPU time each"),
    );
    report.add(row.target("at least 0.5x", ratio >= 0.5));
    report.add(Row::new("memory of the demo shop after that", memory(shop.memory()?)));
    bare.stop().await?;
    shop.stop().await
}
