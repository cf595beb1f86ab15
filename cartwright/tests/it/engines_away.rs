//! Engines that go away under a running shop, and come back.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chassis::testing::{Engine, eventually, on};
use futures::future::join_all;
use parking_lot::Mutex;
use serde_json::json;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::client::{Call, Http};
use crate::shop::{Live, checkout, sqlite};

/// No request may take longer, whatever happens to the database: the 30 s that one without a bound
/// in the shop waits for locks. It takes some seconds, and a few times as many on a busy machine.
const PATIENCE: Duration = Duration::from_secs(25);
/// So long the database is away, for the shop to try again and again.
const AWAY: Duration = Duration::from_secs(12);
/// So long after the database is back all is well, unless the machine is busy.
const RECOVERY: Duration = Duration::from_secs(5);
const CLIENTS: usize = 8;

#[on(postgres, flavor = "multi_thread", worker_threads = 2)]
async fn a_postgresql_that_is_restarted_or_hangs_is_survived() {
    let mut cluster = Cluster::start().await;
    let mut place = sqlite();
    place.config.database.url = cluster.url();
    place.config.database.connections = 4;
    let shop = place.start().await;
    shop.product("LAMP-1", 1_999, 1_000_000).await;
    let customer = shop.customer("ada").await;
    for how in ["fast", "immediate", "hung"] {
        let load = Load::start(&shop, &customer);
        load.until_each("is answered well", Instant::now(), 3, |it| it.is_well).await;
        let away = Instant::now();
        match how {
            "hung" => cluster.signal_all("STOP"),
            "immediate" => cluster.stop("QUIT"),
            _ => cluster.stop("INT"),
        }
        load.go_on_for(AWAY).await;
        load.until_each("is answered before it is back", away, 2, |_| true).await;
        match how {
            "hung" => cluster.signal_all("CONT"),
            _ => cluster.run().await,
        }
        let back = Instant::now();
        load.go_on_for(RECOVERY).await;
        load.until_each("is answered well again", back, 5, |it| it.is_well).await;
        let recovered = Instant::now();
        load.until_each("asks after that", recovered, 10, |_| true).await;
        let answers = load.stop().await;
        report(how, &answers, away, back);
        for it in &answers {
            assert!(it.took <= PATIENCE, "{how}: {it:?}");
            assert!(it.is_well || it.is_away, "{how}: {it:?}");
            let unharmed = it.began + it.took < away || it.began > recovered;
            assert!(it.is_well || !unharmed, "{how}: {it:?}");
        }
        assert!(answers.iter().any(|it| it.is_away), "{how}: it was never away");
    }
    shop.check().await;
    shop.stop().await;
}

fn report(how: &str, answers: &[Answer], away: Instant, back: Instant) {
    let between = |it: &&Answer| it.began > away && it.began < back;
    let longest = answers.iter().map(|it| it.took).max().unwrap_or_default();
    let last = answers.iter().filter(|it| it.is_away).map(|it| it.began + it.took).max();
    println!(
        "{how}: {} answers, {} while it was away, {} of them 503; the longest took {longest:?}; \
         well {:?} after its return",
        answers.len(),
        answers.iter().filter(between).count(),
        answers.iter().filter(between).filter(|it| it.is_away).count(),
        last.map(|it| it.saturating_duration_since(back)).unwrap_or_default(),
    );
}

/// Clients that read and buy without pause.
pub struct Load {
    stop: CancellationToken,
    clients: Vec<tokio::task::JoinHandle<()>>,
    answers: Arc<Mutex<Vec<Answer>>>,
}

#[derive(Debug)]
pub struct Answer {
    client: usize,
    #[expect(dead_code, reason = "shown where it was wrong")]
    what: String,
    began: Instant,
    pub took: Duration,
    pub is_well: bool,
    /// 503 with `Retry-After`.
    is_away: bool,
}

impl Load {
    pub fn start(shop: &Live, customer: &Http) -> Self {
        let answers = Arc::<Mutex<Vec<Answer>>>::default();
        let stop = CancellationToken::new();
        let client = |number: usize| {
            let (http, customer) = (shop.http.clone(), customer.clone());
            let (answers, stop) = (answers.clone(), stop.clone());
            tokio::spawn(async move {
                for turn in 0.. {
                    if stop.is_cancelled() {
                        return;
                    }
                    let answer = ask(number, call(number, turn, &http, &customer)).await;
                    answers.lock().push(answer);
                    // Or those that fail at once would keep the others from their turn.
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            })
        };
        let clients = (0..CLIENTS).map(client).collect();
        Self { stop, clients, answers }
    }

    /// Waits until the last so many answers of each client, to what it asked since then, are like
    /// this.
    async fn until_each(
        &self,
        what: &str,
        since: Instant,
        times: usize,
        like: impl Fn(&Answer) -> bool,
    ) {
        eventually(format!("each client {what}"), async || {
            let answers = self.answers.lock();
            (0..CLIENTS).all(|client| {
                let of_it = answers.iter().rev().filter(|it| it.client == client);
                let last = of_it.filter(|it| it.began > since).take(times);
                last.filter(|it| like(it)).count() == times
            })
        })
        .await;
    }

    pub async fn go_on_for(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    pub async fn stop(self) -> Vec<Answer> {
        self.stop.cancel();
        for client in join_all(self.clients).await {
            client.expect("a client");
        }
        std::mem::take(&mut *self.answers.lock())
    }
}

/// Something that reads or writes the database of nearly every service.
fn call(number: usize, turn: usize, http: &Http, customer: &Http) -> (String, Call) {
    // No two are equal, so that none is answered from memory.
    let price = (number + 1) * 1_000_000 + turn;
    let list = format!("/products?max_price={price}");
    let (what, call) = match number {
        0..=2 => {
            let mut order = checkout("LAMP-1", "tok_visa");
            order["email"] = json!(format!("buyer-{number}@example.com"));
            let key = uuid::Uuid::now_v7().to_string();
            ("checkout", http.post("/orders", order).key(&key))
        }
        3 => ("orders", customer.get("/orders")),
        4 => {
            let item = json!({ "sku": "LAMP-1", "quantity": 1 });
            ("cart", customer.post("/cart/items", item))
        }
        5 => ("account", customer.get("/users/me")),
        6 => ("messages", customer.get("/notifications/preferences")),
        _ => ("products", http.get(&list)),
    };
    (what.to_owned(), call)
}

async fn ask(client: usize, (what, call): (String, Call)) -> Answer {
    let began = Instant::now();
    let reply = call.attempt().await;
    let took = began.elapsed();
    let (text, is_well, is_away) = match reply {
        Err(error) => (error, false, false),
        Ok(reply) => (
            format!("{} {}", reply.status, String::from_utf8_lossy(&reply.bytes)),
            reply.status.is_success(),
            reply.status == 503 && reply.headers.contains_key("retry-after"),
        ),
    };
    let text = if is_well { String::new() } else { text };
    Answer { client, what: format!("{what} {text}"), began, took, is_well, is_away }
}

/// A PostgreSQL server of a test's own.
struct Cluster {
    port: u16,
    programs: PathBuf,
    directory: TempDir,
    child: Option<Child>,
}

impl Cluster {
    async fn start() -> Self {
        let missing = || panic!("{}", Engine::Postgres.missing("no initdb in /usr/lib/postgresql"));
        let programs = programs().unwrap_or_else(missing);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut cluster = Self { port, programs, directory, child: None };
        if is_root() {
            let owned =
                Command::new("chown").arg("postgres").arg(cluster.directory.path()).status();
            assert!(owned.expect("chown").success());
        }
        let mut initdb = cluster.command("initdb");
        initdb.args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"]);
        let made = initdb.arg("-D").arg(cluster.data()).output().expect("initdb");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        cluster.run().await;
        cluster
    }

    /// Starts it and waits until it takes connections.
    async fn run(&mut self) {
        let mut command = self.command("postgres");
        command
            .arg("-D")
            .arg(self.data())
            .args(["-p", &self.port.to_string()])
            .args(["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="])
            .args(["-c", "max_connections=100", "-c", "fsync=off"])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        self.child = Some(command.spawn().expect("a server"));
        let port = self.port.to_string();
        eventually("PostgreSQL comes up", async || {
            let mut ready = self.command("pg_isready");
            ready.args(["-q", "-h", "127.0.0.1", "-p", &port]);
            ready.status().is_ok_and(|it| it.success())
        })
        .await;
    }

    /// Stops it with this signal: `INT` is a fast shutdown, `QUIT` an immediate one.
    fn stop(&mut self, signal: &str) {
        let mut child = self.child.take().expect("a running server");
        kill(signal, &[child.id()]);
        child.wait().expect("the end");
    }

    /// Sends a signal to the server and every process of it.
    fn signal_all(&self, signal: &str) {
        let server = self.child.as_ref().expect("a running server").id();
        let children =
            Command::new("ps").args(["-o", "pid=", "--ppid", &server.to_string()]).output();
        let children = String::from_utf8(children.expect("ps").stdout).expect("numbers");
        let all = children.split_whitespace().filter_map(|it| it.parse().ok());
        kill(signal, &all.chain([server]).collect::<Vec<_>>());
    }

    fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/shop", self.port)
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// One of PostgreSQL's programs, which refuse to run as root.
    fn command(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        if !is_root() {
            return Command::new(program);
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--init-groups", "--"]).arg(program);
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.child.is_some() {
            self.signal_all("CONT");
            self.stop("QUIT");
        }
    }
}

fn programs() -> Option<PathBuf> {
    let versions = Path::new("/usr/lib/postgresql").read_dir().ok()?;
    let bins = versions.filter_map(|it| Some(it.ok()?.path().join("bin")));
    bins.filter(|it| it.join("initdb").exists()).max()
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("id");
    id.stdout.trim_ascii() == b"0"
}

fn kill(signal: &str, processes: &[u32]) {
    let processes = processes.iter().map(u32::to_string);
    // One that has ended since is not missed.
    Command::new("kill").arg(format!("-{signal}")).args(processes).status().expect("kill");
}
