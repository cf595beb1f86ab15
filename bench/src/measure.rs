//! The measurements. Each starts its own shops and adds its lines to the report.

mod apart;
mod checkout;
mod crowd;
mod detail;
mod events;
mod footprint;
mod gateway;
mod messages;
mod scale;
mod storage;

pub use apart::apart;
pub use checkout::checkout;
pub use crowd::crowd;
pub use detail::detail;
pub use events::events;
pub use footprint::footprint;
pub use gateway::gateway;
pub use messages::messages;
pub use scale::scale;
pub use storage::storage;

use anyhow::{Result, ensure};
use bytes::Bytes;

use crate::load::{Load, Outcome, Runner, Target};
use crate::report::{number, time};
use crate::shop::Place;
use crate::{Bench, goods};

impl Bench {
    /// Reads that must all succeed.
    fn reads(&self, connections: u64, request: impl Fn(u64) -> Bytes + 'static) -> Runner {
        Runner::new(Load {
            request: Box::new(request),
            connections,
            warm_up: std::time::Duration::from_secs(1),
            measured: self.settings.measured(),
            expected: 200,
        })
    }

    /// Puts load on two servers in turn, so that what else happens on the machine hits both;
    /// returns the median of each.
    async fn compare(
        &self,
        what: &str,
        a: (Runner, Target),
        b: (Runner, Target),
    ) -> Result<(Outcome, Outcome)> {
        let mut medians = self.turns(what, vec![("first", a), ("second", b)]).await?.into_iter();
        Ok((medians.next().unwrap_or_default(), medians.next().unwrap_or_default()))
    }

    /// The same with any number of servers.
    async fn turns(
        &self,
        what: &str,
        mut compared: Vec<(&str, (Runner, Target))>,
    ) -> Result<Vec<Outcome>> {
        let mut runs = vec![Vec::new(); compared.len()];
        for round in 1..=self.settings.rounds {
            for ((name, (runner, target)), runs) in compared.iter_mut().zip(&mut runs) {
                let run = runner.run(target).await?;
                progress(&format!("{what}, round {round}, {name}"), &run);
                runs.push(run);
            }
        }
        Ok(runs.into_iter().map(Outcome::median).collect())
    }

    /// The median of some rounds.
    async fn repeat(&self, what: &str, mut runner: Runner, target: &Target) -> Result<Outcome> {
        let mut runs = Vec::new();
        for round in 1..=self.settings.rounds {
            let run = runner.run(target).await?;
            progress(&format!("{what}, round {round}"), &run);
            runs.push(run);
        }
        Ok(Outcome::median(runs))
    }

    /// Writes a file of products and imports it; returns how long that took and the most memory
    /// it needed, in KiB.
    async fn import(&self, place: &Place, count: u64) -> Result<(std::time::Duration, u64)> {
        let file = self.scratch.path().join(format!("goods-{count}.csv"));
        goods::write(&file, count)?;
        say(&format!("importing {count} products"));
        let file = file.display().to_string();
        let done = place.run(&["import", "products", &file]).await?;
        let said = place.said();
        let created = format!("{} created", number_of(count));
        ensure!(said.contains(&created), "not all products were imported:\n{said}");
        Ok(done)
    }
}

/// With separators, as the program prints it.
fn number_of(count: u64) -> String {
    if count < 1000 { count.to_string() } else { number(count as f64) }
}

/// A word about what is being done.
fn say(text: &str) {
    eprintln!("- {text}");
}

fn progress(what: &str, run: &Outcome) {
    let (rate, p50, p99) = (number(run.rate), time(run.p50), time(run.p99));
    say(&format!("{what}: {rate}/s, p50 {p50}, p99 {p99}"));
    if let Some(other) = &run.first_other {
        say(&format!("unexpected answers {:?}, the first: {other}", run.others));
    }
}
