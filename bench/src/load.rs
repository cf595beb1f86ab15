//! Clients that ask one question after the other, and how long the answers took.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bytes::Bytes;
use tokio::task::LocalSet;
use tokio::time::sleep;

use crate::http::Connection;
use crate::process::cpu_time;

/// Questions for a server.
pub struct Load {
    /// Makes the request of a number. No number comes twice, also over several runs.
    pub request: Box<dyn Fn(u64) -> Bytes>,
    pub connections: u64,
    pub warm_up: Duration,
    pub measured: Duration,
    /// The status of a good answer.
    pub expected: u16,
}

/// Who is asked.
#[derive(Clone, Debug)]
pub struct Target {
    pub address: SocketAddr,
    /// The processes whose time is counted.
    pub processes: Vec<u32>,
}

/// How a run went. Only answers with the expected status count.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Good answers per second.
    pub rate: f64,
    pub p50: Duration,
    pub p99: Duration,
    pub longest: Duration,
    /// Processor time per good answer: of each process of the server, and of this client.
    pub servers_cpu: Vec<Duration>,
    pub client_cpu: Duration,
    /// Other answers by status, and the first of them.
    pub others: BTreeMap<u16, u64>,
    pub first_other: Option<String>,
}

/// What the clients share.
struct Shared {
    load: Rc<Load>,
    next: Cell<u64>,
    begin: Cell<Option<Instant>>,
    stop: Cell<bool>,
}

/// What a client saw.
#[derive(Default)]
struct Seen {
    took: Vec<Duration>,
    others: BTreeMap<u16, u64>,
    first_other: Option<String>,
}

/// A load that can be run again and again.
pub struct Runner {
    load: Rc<Load>,
    next: u64,
}

impl Runner {
    pub fn new(load: Load) -> Self {
        Self { load: Rc::new(load), next: 0 }
    }

    /// Asks for as long as the load says.
    pub async fn run(&mut self, target: &Target) -> Result<Outcome> {
        let shared = Rc::new(Shared {
            load: self.load.clone(),
            next: Cell::new(self.next),
            begin: Cell::new(None),
            stop: Cell::new(false),
        });
        let outcome = LocalSet::new().run_until(measure(shared.clone(), target)).await;
        self.next = shared.next.get();
        outcome
    }
}

async fn measure(shared: Rc<Shared>, target: &Target) -> Result<Outcome> {
    let mut clients = Vec::new();
    for _ in 0..shared.load.connections {
        let connection = Connection::open(target.address).await.context("cannot connect")?;
        clients.push(tokio::task::spawn_local(client(shared.clone(), connection)));
    }
    sleep(shared.load.warm_up).await;
    let (before, own) = (target.cpu_times()?, cpu_time(std::process::id())?);
    let begin = Instant::now();
    shared.begin.set(Some(begin));
    sleep(shared.load.measured).await;
    shared.stop.set(true);
    let elapsed = begin.elapsed();
    let after = target.cpu_times()?;
    let own = cpu_time(std::process::id())?.saturating_sub(own);
    let mut all = Seen::default();
    for client in clients {
        all.add(client.await??);
    }
    all.took.sort_unstable();
    let count = all.took.len();
    let answers = u32::try_from(count.max(1)).unwrap_or(u32::MAX);
    Ok(Outcome {
        rate: count as f64 / elapsed.as_secs_f64(),
        p50: quantile(&all.took, 0.5),
        p99: quantile(&all.took, 0.99),
        longest: all.took.last().copied().unwrap_or_default(),
        servers_cpu: (after.into_iter().zip(before))
            .map(|(after, before)| after.saturating_sub(before) / answers)
            .collect(),
        client_cpu: own / answers,
        others: all.others,
        first_other: all.first_other,
    })
}

async fn client(shared: Rc<Shared>, mut connection: Connection) -> Result<Seen> {
    let mut seen = Seen::default();
    loop {
        let number = shared.next.get();
        shared.next.set(number + 1);
        let request = (shared.load.request)(number);
        let asked = Instant::now();
        let answer = connection.ask(&request).await?;
        let took = asked.elapsed();
        if answer.status != shared.load.expected {
            // Also while warming up: it would not be what the measurement is about.
            *seen.others.entry(answer.status).or_default() += 1;
            let text = || String::from_utf8_lossy(answer.body).chars().take(300).collect();
            seen.first_other.get_or_insert_with(text);
        } else if shared.begin.get().is_some_and(|it| it <= asked) && !shared.stop.get() {
            seen.took.push(took);
        }
        if shared.stop.get() {
            return Ok(seen);
        }
    }
}

impl Seen {
    fn add(&mut self, other: Self) {
        self.took.extend(other.took);
        for (status, count) in other.others {
            *self.others.entry(status).or_default() += count;
        }
        self.first_other = self.first_other.take().or(other.first_other);
    }
}

impl Target {
    fn cpu_times(&self) -> Result<Vec<Duration>> {
        self.processes.iter().copied().map(cpu_time).collect()
    }
}

impl Outcome {
    /// Processor time of all processes of the server, per good answer.
    pub fn server_cpu(&self) -> Duration {
        self.servers_cpu.iter().sum()
    }

    /// The run in the middle, by rate, with what went wrong in any of them.
    pub fn median(mut runs: Vec<Self>) -> Self {
        runs.sort_by(|a, b| a.rate.total_cmp(&b.rate));
        let mut seen = Seen::default();
        for run in &runs {
            let (others, first_other) = (run.others.clone(), run.first_other.clone());
            seen.add(Seen { took: vec![], others, first_other });
        }
        let middle = runs.len() / 2;
        let median = runs.into_iter().nth(middle).unwrap_or_default();
        Self { others: seen.others, first_other: seen.first_other, ..median }
    }
}

/// The time within which this part of the sorted answers came.
pub fn quantile(sorted: &[Duration], part: f64) -> Duration {
    let at = (sorted.len() as f64 * part).ceil() as usize;
    sorted.get(at.saturating_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_a_time_that_was_seen() {
        let times: Vec<_> = (1..=100).map(Duration::from_millis).collect();
        assert_eq!(quantile(&times, 0.5), Duration::from_millis(50));
        assert_eq!(quantile(&times, 0.99), Duration::from_millis(99));
        assert_eq!(quantile(&times[..1], 0.99), Duration::from_millis(1));
        assert_eq!(quantile(&[], 0.5), Duration::ZERO);
    }

    #[test]
    fn the_median_tells_of_errors_in_any_run() {
        let run = |rate: f64, bad: u64| Outcome {
            rate,
            others: BTreeMap::from([(500, bad)]),
            ..Outcome::default()
        };
        let median = Outcome::median(vec![run(3.0, 1), run(1.0, 0), run(2.0, 4)]);
        assert_eq!((median.rate, median.others[&500]), (2.0, 5));
    }
}
