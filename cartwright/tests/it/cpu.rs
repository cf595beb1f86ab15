//! What a request costs: none makes the shop work much longer than another of the same size.
//!
//! Measured is the processor time of this process, which does not depend on what else the machine
//! does; a request that seems too dear is measured again before that is believed.

use std::time::Duration;

use bytes::Bytes;
use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;

use crate::bodies::{self, Operation};
use crate::client::Http;
use crate::shop::sqlite;

/// How much more a body of wrong types may cost than one of the right ones.
const TIMES: u32 = 5;
/// What the cheaper of two requests has to cost in all before they are compared.
const ENOUGH: Duration = Duration::from_millis(200);
/// How often a comparison is made before its outcome is believed.
const TRIES: usize = 4;

fn used() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let (seconds, nanoseconds) = (time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs());
    Duration::from_secs(seconds) + Duration::from_nanos(nanoseconds)
}

/// A request to be sent again and again.
struct Request<'a> {
    http: &'a Http,
    method: &'a str,
    address: String,
    body: Bytes,
}

impl Request<'_> {
    async fn send(&self) {
        let call = self.http.call(self.method, &self.address);
        let call = if self.body.is_empty() { call } else { call.text(self.body.clone()) };
        let reply = call.key("k").await;
        let status = reply.status.as_u16();
        assert!(status < 500, "{} {}: {reply:?}", self.method, self.address);
    }

    /// What it costs to send it `times` times.
    async fn cost(&self, times: u32) -> Duration {
        let before = used();
        for _ in 0..times {
            self.send().await;
        }
        used() - before
    }

    /// How often it is sent until that has cost `enough`, and what it has cost.
    async fn until(&self, enough: Duration) -> (u32, Duration) {
        let before = used();
        let mut times = 0;
        while used() - before < enough {
            self.send().await;
            times += 1;
        }
        (times, used() - before)
    }
}

/// Fails where `dear` costs more than `most` times as much as `cheap`, each time it is measured.
async fn compare(cheap: &Request<'_>, dear: &Request<'_>, most: u32, enough: Duration) {
    let mut seen = Vec::new();
    for _ in 0..TRIES {
        let (times, right) = cheap.until(enough).await;
        let wrong = dear.cost(times).await;
        if wrong <= right * most {
            return;
        }
        seen.push((times, right, wrong));
    }
    let (method, address) = (dear.method, &dear.address);
    let size = address.len() + dear.body.len();
    panic!("{method} {address:.80} of {size} bytes: (times, cheap, dear) {seen:?}");
}

fn asked<'a>(http: &'a Http, operation: &'a Operation, body: &Value) -> Request<'a> {
    let body = Bytes::from(body.to_string());
    Request { http, method: &operation.method, address: operation.address.clone(), body }
}

/// A body of wrong types costs as much as one of the right types, about: the largest one, of a few
/// entries and of as many as there is room for, and a small one, of which all is named.
#[tokio::test]
async fn no_body_of_wrong_types_costs_much_more_than_a_right_one() {
    let place = sqlite();
    let shop = place.start().await;
    let admin = shop.admin().await;
    let described = shop.http.get("//openapi.json").await.expect(200);
    for operation in bodies::operations(&described) {
        let largest = operation.limit;
        for (size, entries, enough) in
            [(largest, 900, ENOUGH), (largest, usize::MAX, ENOUGH / 4), (8 << 10, 900, ENOUGH / 4)]
        {
            let right = operation.large(size, entries);
            let wrong = operation.wrong(&right);
            let near = right.to_string().len().abs_diff(wrong.to_string().len());
            assert!(near < size / 4, "{} {}: {near}", operation.method, operation.path);
            let right = asked(&admin, &operation, &right);
            let wrong = asked(&admin, &operation, &wrong);
            compare(&right, &wrong, TIMES, enough).await;
        }
    }
    shop.stop().await;
}

/// Four times as long a query or path costs at most some four times as much: what is quadratic
/// costs sixteen times as much.
#[tokio::test]
async fn no_query_and_no_path_costs_more_than_its_length() {
    const LONGEST: usize = 8_000;
    const MOST: u32 = 8;
    let place = sqlite();
    let shop = place.start().await;
    let admin = shop.admin().await;
    for at in 0..5 {
        shop.product(&format!("LAMP-{at}"), 1_999, 5).await;
    }
    let described = shop.http.get("//openapi.json").await.expect(200);
    for (path, operations) in described["paths"].as_object().expect("paths") {
        let Some(operation) = operations.get("get") else { continue };
        let asked =
            |address: String| Request { http: &admin, method: "GET", address, body: Bytes::new() };
        for long in addresses(path, operation) {
            let [short, long] = [LONGEST / 4, LONGEST].map(|it| asked(long(it)));
            compare(&short, &long, MOST, ENOUGH / 8).await;
        }
    }
    shop.stop().await;
}

type Longer<'a> = Box<dyn Fn(usize) -> String + 'a>;

/// Addresses of an operation that can be made as long as one likes.
fn addresses<'a>(path: &'a str, operation: &'a Value) -> Vec<Longer<'a>> {
    let mut all: Vec<Longer<'a>> = Vec::new();
    let repeat = |unit: &str, length: usize| unit.repeat(length / unit.len());
    if let Some((before, _)) = path.strip_prefix("/api/v1").and_then(|it| it.split_once('{')) {
        all.push(Box::new(move |length| format!("{before}{}", repeat("a%20", length))));
    }
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let queries = parameters.filter(|it| it["in"] == "query");
    let names: Vec<&str> = queries.filter_map(|it| it["name"].as_str()).collect();
    if names.is_empty() {
        return all;
    }
    let address = bodies::address(path);
    for unit in ["(a ", "%22", "AAAA"] {
        let (address, names) = (address.clone(), names.clone());
        // Within what most fields may have, several times, and far beyond it.
        all.push(Box::new(move |length| {
            let each = repeat(unit, length / names.len()).replace(' ', "+");
            let pairs: Vec<String> = names.iter().map(|it| format!("{it}={each}")).collect();
            format!("{address}?{}", pairs.join("&"))
        }));
    }
    for name in names {
        let address = address.clone();
        all.push(Box::new(move |length| {
            format!("{address}?{}", repeat(&format!("{name}=1&"), length))
        }));
    }
    all
}
