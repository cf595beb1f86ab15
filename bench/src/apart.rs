//! A shop whose services run as processes of their own, on this machine.

use std::net::SocketAddr;

use anyhow::{Context, Result};

use crate::load::Target;
use crate::process::free_addresses;
use crate::shop::{Place, Shop};

/// What the processes know each other by; worth nothing outside a run.
const SECRET: &str = "the-processes-of-one-benchmark-run-0123456789";
pub const GATEWAY: &str = "gateway";

/// The processes of a shop, running or not.
#[derive(Debug)]
pub struct Apart {
    place: Place,
    processes: Vec<Process>,
}

#[derive(Debug)]
struct Process {
    /// A service or the gateway.
    runs: &'static str,
    /// Of its place: `catalog-2` is the second copy of the catalogue.
    name: String,
    address: SocketAddr,
    shop: Option<Shop>,
}

impl Apart {
    /// Gives every process an address and tells all of them where the others are. A name that
    /// comes twice is two copies.
    pub fn new(place: Place, runs: &[&'static str]) -> Result<Self> {
        let mut processes: Vec<Process> = Vec::new();
        for (&runs, address) in runs.iter().zip(free_addresses(runs.len())?) {
            let copy = 1 + processes.iter().filter(|it| it.runs == runs).count();
            let name = if copy == 1 { runs.to_owned() } else { format!("{runs}-{copy}") };
            processes.push(Process { runs, name, address, shop: None });
        }
        let mut place = place.with("services.secret", SECRET);
        for service in runs.iter().filter(|it| **it != GATEWAY) {
            let copies = processes.iter().filter(|it| it.runs == *service);
            let copies: Vec<String> = copies.map(|it| format!("http://{}", it.address)).collect();
            place = place.with(&format!("discovery.{service}"), copies.join(","));
        }
        Ok(Self { place, processes })
    }

    /// Starts what does not run yet, in the order in which it was named.
    pub async fn start(&mut self) -> Result<()> {
        for it in &mut self.processes {
            it.start(&self.place).await?;
        }
        Ok(())
    }

    /// Starts the processes of one name.
    pub async fn start_only(&mut self, runs: &str) -> Result<()> {
        for it in self.processes.iter_mut().filter(|it| it.runs == runs) {
            it.start(&self.place).await?;
        }
        Ok(())
    }

    /// The first process of a name, which runs.
    pub fn shop(&self, runs: &str) -> Result<&Shop> {
        let found = self.processes.iter().find(|it| it.runs == runs);
        found.and_then(|it| it.shop.as_ref()).with_context(|| format!("{runs} does not run"))
    }

    /// Requests to one process, in which the time of all counts, that one's first.
    pub fn target(&self, asked: &str) -> Result<Target> {
        let address = self.shop(asked)?.address;
        let mut running: Vec<&Process> =
            self.processes.iter().filter(|it| it.shop.is_some()).collect();
        running.sort_by_key(|it| it.runs != asked);
        let processes = running.iter().filter_map(|it| it.shop.as_ref().map(Shop::id)).collect();
        Ok(Target { address, processes })
    }

    /// Where commands on the data of the whole shop run.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Stops all, the last one named first, so that nobody is asked who is gone.
    pub async fn stop(mut self) -> Result<()> {
        while let Some(process) = self.processes.pop() {
            if let Some(shop) = process.shop {
                shop.stop().await?;
            }
        }
        Ok(())
    }
}

impl Process {
    async fn start(&mut self, place: &Place) -> Result<()> {
        if self.shop.is_none() {
            let place = place.of(&self.name)?;
            self.shop = Some(place.serve_at(self.address, Some(self.runs)).await?);
        }
        Ok(())
    }
}
