//! A shop of a test's own, in each of its shapes: one process on SQLite, one process on PostgreSQL,
//! a process per service over PostgreSQL, RabbitMQ and Redis.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use cartwright::config::Config;
use cartwright::registry::NAMES;
use cartwright::serve::Running;
use cartwright::shop::{Roles, Stores};
use chassis::clock::Clock;
use chassis::testing::{Case, Engine, Schemas, eventually, eventually_spawned, in_time};
use chassis::testing::{postgres_url, rabbitmq_url, redis_url};
use contracts::subscriptions::SUBSCRIPTIONS;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::Http;
use crate::program::Program;

pub const ADMIN: (&str, &str) = ("admin@example.com", "correct horse battery");

/// Where a shop keeps its data, and how it is set up. It can be started again and again.
pub struct Place {
    /// `sqlite`, `postgres` or `apart`.
    pub kind: &'static str,
    pub config: Config,
    /// Where each process listens, if there are many.
    pub ports: Option<BTreeMap<&'static str, SocketAddr>>,
    /// Whether processes that are started look at a wall clock that tests set.
    pub wrong_clock: bool,
    /// Further settings of processes, such as `SHOP__EMAIL_FROM`.
    pub variables: BTreeMap<&'static str, String>,
    directory: TempDir,
    _schemas: Option<Schemas>,
}

/// A shop that serves.
pub struct Live {
    pub http: Http,
    stores: Stores,
    processes: Processes,
}

enum Processes {
    /// All in this one: the whole shop, or its parts.
    Here(Vec<Running>),
    Apart(Vec<Program>),
}

/// The shapes a shop runs in, which are the cases of a journey.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    Sqlite,
    Postgres,
    Apart,
}

impl Case for Shape {
    fn needs(&self) -> &'static [Engine] {
        match self {
            Self::Sqlite => &[],
            Self::Postgres => &[Engine::Postgres],
            Self::Apart => &[Engine::Postgres, Engine::Rabbitmq, Engine::Redis],
        }
    }
}

impl Shape {
    pub async fn place(self) -> Place {
        match self {
            Self::Sqlite => sqlite(),
            Self::Postgres => postgres().await,
            Self::Apart => apart().await,
        }
    }
}

pub fn sqlite() -> Place {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut config = Config::default();
    config.server.data_dir = directory.path().join("data");
    config.server.listen = "127.0.0.1:0".to_owned();
    config.shop.demo = false;
    config.admin.email = ADMIN.0.to_owned();
    config.admin.password = ADMIN.1.into();
    config.gateway.rate_limits = false;
    config.gateway.metrics_listen = "off".to_owned();
    // Nobody sends another request to a shop that a test stops.
    config.connections.farewell_ms = 0;
    let variables = BTreeMap::new();
    Place {
        kind: "sqlite",
        config,
        ports: None,
        wrong_clock: false,
        variables,
        directory,
        _schemas: None,
    }
}

/// Schemas of this test alone, one per service.
async fn postgres() -> Place {
    let url = postgres_url();
    let suffixes: Vec<String> =
        NAMES.into_iter().chain(["sandbox"]).map(|it| format!("_{it}")).collect();
    let suffixes: Vec<&str> = suffixes.iter().map(String::as_str).collect();
    let schemas = Schemas::create(&url, &suffixes).await;
    let mut place = sqlite();
    place.config.database.url = schemas.url("_{service}");
    place._schemas = Some(schemas);
    // Two tests at a time, seven services each, on a server with a hundred connections.
    place.config.database.connections = 3;
    place.kind = "postgres";
    place
}

/// A process per service, and one for the gateway.
async fn apart() -> Place {
    let (rabbitmq, redis) = (rabbitmq_url().await, redis_url().await);
    let mut place = postgres().await;
    let ports = ports();
    let config = &mut place.config;
    config.services.secret = "a secret that all processes of this test know".into();
    config.server.listen = ports["gateway"].to_string();
    // Names of this test alone on servers that it shares.
    let name = config.server.data_dir.display().to_string();
    let name = name.split('/').rev().nth(1).unwrap_or("test").trim_start_matches('.').to_owned();
    config.bus.url = rabbitmq;
    config.bus.exchange = format!("{name}.events");
    config.redis.url = redis;
    config.redis.prefix = format!("{name}:");
    for service in NAMES {
        let urls = config.discovery.services.get_mut(service).expect("a service");
        *urls = vec![format!("http://{}", ports[service])];
    }
    place.ports = Some(ports);
    place.kind = "apart";
    place
}

impl Drop for Place {
    /// Leaves nothing on a broker that others use as well.
    fn drop(&mut self) {
        if self.kind != "apart" {
            return;
        }
        let bus = self.config.bus.clone();
        let cleaned = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let Ok(runtime) = runtime else { return };
            // A broker of the test's own is passed now.
            if let Err(error) = runtime.block_on(in_time("a broker's answer", forget(&bus))) {
                eprintln!("queues of this test stay: {error}");
            }
            runtime.shutdown_background();
        });
        if cleaned.join().is_err() {
            eprintln!("the queues of this test stay");
        }
    }
}

async fn forget(bus: &engines::BusConfig) -> lapin::Result<()> {
    let properties = lapin::ConnectionProperties::default();
    let connection = lapin::Connection::connect(&bus.url, properties).await?;
    let channel = connection.create_channel().await?;
    let queues = SUBSCRIPTIONS.iter().map(|it| it.consumer).chain(["dead"]);
    for queue in queues.map(|it| format!("{}.{it}", bus.exchange)) {
        channel.queue_delete(queue.as_str().into(), Default::default()).await?;
    }
    for exchange in [bus.exchange.clone(), format!("{}.dead", bus.exchange)] {
        channel.exchange_delete(exchange.as_str().into(), Default::default()).await?;
    }
    connection.close(200, "".into()).await
}

/// Ports below those that the system gives to anybody, a block per process of the tests.
fn ports() -> BTreeMap<&'static str, SocketAddr> {
    const FIRST: u32 = 18_000;
    const BLOCKS: u32 = 700;
    static MADE: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let roles = || NAMES.into_iter().chain(["gateway"]);
    let size = roles().count() as u32 * 2;
    for _ in 0..BLOCKS {
        let made = MADE.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let block = (std::process::id() + made * 131) % BLOCKS;
        let ports: BTreeMap<_, _> = (0..)
            .zip(roles())
            .map(|(at, role)| {
                let port = u16::try_from(FIRST + block * size + at).expect("a port");
                (role, SocketAddr::from(([127, 0, 0, 1], port)))
            })
            .collect();
        if ports.values().all(|it| std::net::TcpListener::bind(it).is_ok()) {
            return ports;
        }
    }
    panic!("no free ports");
}

impl Place {
    /// Starts the shop: in this process, or as one process per service.
    pub async fn start(&self) -> Live {
        match &self.ports {
            None => self.start_here().await,
            Some(ports) => {
                let start = |(role, address): (&&'static str, &SocketAddr)| {
                    Program::start(self, &[role], *address)
                };
                let mut programs: Vec<Program> = ports.iter().map(start).collect();
                for program in &mut programs {
                    program.ready().await;
                }
                self.live(Processes::Apart(programs)).await
            }
        }
    }

    /// Starts the shop in this process, also where its parts are to run apart: each then has its
    /// own port and asks the others over it.
    pub async fn start_here(&self) -> Live {
        let all = match &self.ports {
            None => vec![(Roles::all(), self.config.clone())],
            Some(ports) => ports.iter().map(|(role, at)| self.part(role, *at)).collect(),
        };
        // Side by side: they wait for each other.
        let started =
            all.iter().map(|(roles, config)| Running::start(config, roles, Clock::System));
        let started = futures::future::join_all(started).await;
        let running: Vec<Running> =
            started.into_iter().map(|it| it.expect("the shop starts")).collect();
        self.live(Processes::Here(running)).await
    }

    fn part(&self, role: &'static str, address: SocketAddr) -> (Roles, Config) {
        let mut config = self.config.clone();
        config.server.listen = address.to_string();
        config.server.data_dir.push(role);
        (Roles::of(&[role.to_owned()]), config)
    }

    /// A shop of processes that run already.
    pub async fn adopt(&self, programs: Vec<Program>) -> Live {
        self.live(Processes::Apart(programs)).await
    }

    async fn live(&self, processes: Processes) -> Live {
        let (stores, address) = match &processes {
            Processes::Here(running) if let [whole] = running.as_slice() => {
                (whole.stores().clone(), whole.address)
            }
            _ => {
                let mut config = self.config.clone();
                config.database.connections = 1;
                let stores = Stores::open_as_they_are(&config, &NAMES).await.expect("databases");
                (stores, self.ports.as_ref().expect("many processes")["gateway"])
            }
        };
        Live { http: Http::new(address), stores, processes }
    }

    /// Sets the wall clock of the processes that are started from now on, to so many seconds ahead
    /// of the right time; also of those that were started after it had been set before.
    pub fn set_clock(&mut self, ahead: i64) {
        self.wrong_clock = true;
        // In one go: a process may be looking.
        let (file, new) = (self.clock_file(), self.clock_file().with_extension("new"));
        std::fs::write(&new, ahead.to_string()).expect("a file");
        std::fs::rename(new, file).expect("a file");
    }

    fn clock_file(&self) -> PathBuf {
        self.directory.path().join("clock")
    }

    /// The real program with the settings of this place.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cartwright"));
        command.args(args).env_clear().env("PATH", "/usr/bin:/bin");
        if self.wrong_clock {
            command.env("CARTWRIGHT_TEST_CLOCK_SKEW_FILE", self.clock_file());
        }
        let mut set = |name: &str, value: &str| {
            command.env(format!("CARTWRIGHT__{name}"), value);
        };
        for (name, value) in &self.variables {
            set(name, value);
        }
        let config = &self.config;
        set("SERVER__DATA_DIR", &config.server.data_dir.display().to_string());
        set("DATABASE__URL", &config.database.url);
        set("DATABASE__CONNECTIONS", &config.database.connections.to_string());
        set("SHOP__DEMO", &config.shop.demo.to_string());
        set("ADMIN__EMAIL", &config.admin.email);
        set("ADMIN__PASSWORD", &config.admin.password);
        set("GATEWAY__RATE_LIMITS", &config.gateway.rate_limits.to_string());
        set("PAYMENTS__CAPTURE", config.payments.capture.as_str());
        set("CATALOG__VIEWS_SECONDS", &config.catalog.views_seconds.to_string());
        set("CONNECTIONS__FAREWELL_MS", &config.connections.farewell_ms.to_string());
        set("CONNECTIONS__REUSE_PORT", &config.connections.reuse_port.to_string());
        set("GATEWAY__METRICS_LISTEN", &config.gateway.metrics_listen);
        let services = &config.services;
        set("SERVICES__SECRET", &services.secret);
        set("SERVICES__SECRET_FILE", &services.secret_file.display().to_string());
        let previous = services.previous_secret_file.display().to_string();
        set("SERVICES__PREVIOUS_SECRET_FILE", &previous);
        set("BUS__URL", &config.bus.url);
        set("BUS__EXCHANGE", &config.bus.exchange);
        set("REDIS__URL", &config.redis.url);
        set("REDIS__PREFIX", &config.redis.prefix);
        set("DISCOVERY__CONSUL", &config.discovery.consul);
        for service in NAMES {
            let urls = config.discovery.services[service].join(",");
            set(&format!("DISCOVERY__{}", service.to_uppercase()), &urls);
        }
        command
    }
}

impl Live {
    pub async fn admin(&self) -> Http {
        let (email, password) = ADMIN;
        let login = json!({ "email": email, "password": password });
        let answer = self.http.post("/auth/login", login).await.expect(200);
        self.http.bearer(answer["access_token"].as_str().expect("a token"))
    }

    /// A new customer, logged in.
    pub async fn customer(&self, name: &str) -> Http {
        let email = format!("{name}@example.com");
        let body = json!({ "email": email, "password": "correct horse battery", "name": name });
        let answer = self.http.post("/auth/register", body).await.expect(201);
        self.http.bearer(answer["access_token"].as_str().expect("a token"))
    }

    /// A product with one variant, on sale.
    pub async fn product(&self, sku: &str, price: i64, on_hand: i64) -> Value {
        let body = json!({
            "title": format!("Product {sku}"),
            "description": "<p>Made for this test.</p>",
            "status": "active",
            "variants": [{ "sku": sku, "price": { "amount": price, "currency": "USD" } }],
        });
        let admin = self.admin().await;
        let product = admin.post("/products", body).await.expect(201);
        let stock = json!({ "on_hand": on_hand });
        admin.call("PUT", &format!("/inventory/{sku}")).json(stock).await.expect(200);
        product
    }

    /// Units that are on the shelf and not sold.
    pub async fn on_hand(&self, sku: &str) -> i64 {
        let stock = self.admin().await.get(&format!("/inventory/{sku}")).await.expect(200);
        let number = |name: &str| stock[name].as_i64().expect("a number");
        number("on_hand") - number("allocated")
    }

    /// Nothing is broken, and nothing waits for longer than it may.
    pub async fn check(&self) {
        eventually("nothing waits", async || {
            let found = cartwright::check::settle(&self.stores, Clock::System, true).await;
            // A database that is busy may not answer in time.
            let found = found.map_err(|error| format!("{error:#}"))?;
            assert!(found.broken.is_empty(), "{found:#?}");
            if found.waiting.is_empty() { Ok(()) } else { Err(format!("{found:#?}")) }
        })
        .await;
    }

    pub async fn stop(self) {
        match self.processes {
            Processes::Here(running) => {
                futures::future::join_all(running.into_iter().map(Running::stop)).await;
            }
            Processes::Apart(programs) => {
                futures::future::join_all(programs.into_iter().map(Program::stop)).await;
            }
        }
        self.stores.close().await;
    }

    /// The processes of a shop that runs apart; none else.
    pub fn programs(&self) -> &[Program] {
        match &self.processes {
            Processes::Here(_) => &[],
            Processes::Apart(programs) => programs,
        }
    }

    /// The processes of a shop that runs apart.
    pub fn into_programs(self) -> Vec<Program> {
        match self.processes {
            Processes::Here(_) => panic!("it runs in this process"),
            Processes::Apart(programs) => programs,
        }
    }
}

impl Live {
    /// The address of one of the gateway's further listeners, where it runs in this process.
    pub fn further(&self, name: &str) -> SocketAddr {
        let Processes::Here(running) = &self.processes else { panic!("it runs elsewhere") };
        let mut found = running.iter().filter_map(|it| it.further.get(name));
        *found.next().expect("a listener of this name")
    }

    /// Somebody who asks at the gateway's metrics, where it runs in this process.
    pub fn operators(&self) -> Http {
        let Processes::Here(running) = &self.processes else { panic!("it runs elsewhere") };
        let address = running.iter().find_map(|it| it.metrics);
        Http::new(address.expect("a listener for metrics"))
    }

    /// The databases, to look into.
    pub fn stores(&self) -> &Stores {
        &self.stores
    }
}

pub fn address() -> Value {
    json!({ "name": "Ada Lovelace", "line1": "12 Analytical Row", "city": "London",
            "postal_code": "W1A 1AA", "country": "GB" })
}

/// A checkout of one unit of a SKU.
pub fn checkout(sku: &str, token: &str) -> Value {
    json!({
        "items": [{ "sku": sku, "quantity": 1 }],
        "shipping_address": address(),
        "payment": { "provider": "sandbox", "token": token },
    })
}

/// Asks again until it is as wanted; fails with the last answer if it never is. As
/// [`chassis::testing::eventually`], also for what is spawned.
pub async fn eventually_answers<F>(
    mut ask: impl FnMut() -> F,
    wanted: impl Fn(&Value) -> bool,
) -> Value
where
    F: Future<Output = Value>,
{
    let wanted = &wanted;
    eventually_spawned("an answer as wanted", || {
        let asked = ask();
        async move {
            let answer = asked.await;
            if wanted(&answer) { Ok(answer) } else { Err(answer) }
        }
    })
    .await
}
