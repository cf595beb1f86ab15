//! Discovery over a real Consul, started for each test. Its program is the one `TEST_CONSUL`
//! names, else the one `scripts/get-consul` has fetched, else one in PATH.

#![expect(clippy::unwrap_used, reason = "what a test is given must be there")]

use std::net::{SocketAddr, TcpListener as StdListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chassis::testing::{eventually, in_time, on};
use engines::consul::{self, Agent};
use mesh::discovery::{Config, Endpoint, Endpoints};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::servers::consul_program;

/// A Consul of this test's own. It keeps nothing: one that is started again has forgotten all.
struct Consul {
    program: PathBuf,
    port: u16,
    running: Option<Child>,
}

impl Consul {
    async fn start() -> Self {
        let mut consul = Self { program: consul_program(), port: free_port(), running: None };
        consul.run().await;
        consul
    }

    async fn run(&mut self) {
        let mut command = Command::new(&self.program);
        command.args(["agent", "-dev", "-bind", "127.0.0.1", "-client", "127.0.0.1"]);
        command.args(["-dns-port", "-1", "-grpc-port", "-1", "-serf-wan-port", "-1"]);
        for (option, port) in [
            ("-http-port", self.port),
            ("-server-port", free_port()),
            ("-serf-lan-port", free_port()),
        ] {
            command.args([option, &port.to_string()]);
        }
        command.stdout(Stdio::null()).stderr(Stdio::null());
        self.running = Some(command.spawn().unwrap());
        eventually("Consul starts", async || {
            self.get("/v1/status/leader").await.is_some_and(|it| it.contains(':'))
        })
        .await;
    }

    fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.kill().unwrap();
            running.wait().unwrap();
        }
    }

    fn config(&self) -> Config {
        Config { consul: format!("http://127.0.0.1:{}", self.port), ..Config::default() }
    }

    fn agent(&self) -> Agent {
        Agent::of(&self.config()).unwrap().unwrap()
    }

    /// The body of an answer, if there is one.
    async fn get(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.ok()?;
        let request = format!("GET {path} HTTP/1.0\r\n\r\n");
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.ok()?;
        Some(answer.split_once("\r\n\r\n")?.1.to_owned())
    }
}

impl Drop for Consul {
    fn drop(&mut self) {
        self.kill();
    }
}

/// One that was free a moment ago.
fn free_port() -> u16 {
    StdListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Answers `/ready` as a service does.
struct Copy {
    address: SocketAddr,
    ready: Arc<AtomicBool>,
    serving: JoinHandle<()>,
}

impl Copy {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let ready = Arc::new(AtomicBool::new(true));
        let serving = tokio::spawn({
            let ready = ready.clone();
            async move {
                while let Ok((mut stream, _)) = listener.accept().await {
                    let _ = stream.read(&mut [0; 1024]).await;
                    let status = if ready.load(Ordering::SeqCst) { "200 OK" } else { "503 No" };
                    let answer = format!("HTTP/1.0 {status}\r\ncontent-length: 0\r\n\r\n");
                    let _ = stream.write_all(answer.as_bytes()).await;
                }
            }
        });
        Self { address, ready, serving }
    }

    fn endpoint(&self) -> Endpoint {
        Endpoint::parse(&format!("http://{}", self.address)).unwrap()
    }

    /// Tells Consul of it until stopped.
    fn announce(&self, agent: Agent) -> (CancellationToken, JoinHandle<()>) {
        let stop = CancellationToken::new();
        let told = consul::announce(agent, "orders", self.endpoint(), stop.clone());
        (stop, tokio::spawn(told))
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Waits until the list is this one, in any order.
async fn becomes(endpoints: &mut Endpoints, copies: &[&Copy]) {
    let sorted = |mut it: Vec<String>| {
        it.sort();
        it
    };
    let wanted = sorted(copies.iter().map(|it| it.address.to_string()).collect());
    eventually(format!("the list is {wanted:?}"), async || {
        let list = endpoints.borrow_and_update().clone();
        let is_so = sorted(list.iter().map(ToString::to_string).collect()) == wanted;
        if is_so { Ok(()) } else { Err(format!("{list:?}")) }
    })
    .await;
}

#[on(consul)]
async fn copies_come_and_go() {
    let consul = Consul::start().await;
    let stop = CancellationToken::new();
    let mut list = consul::follow(consul.agent(), "orders", stop.clone());
    let (first, second) = (Copy::start().await, Copy::start().await);
    let (_first_stop, _) = first.announce(consul.agent());
    becomes(&mut list, &[&first]).await;
    let (second_stop, second_told) = second.announce(consul.agent());
    becomes(&mut list, &[&first, &second]).await;

    // One that is not ready is not listed, and comes back.
    first.ready.store(false, Ordering::SeqCst);
    becomes(&mut list, &[&second]).await;
    first.ready.store(true, Ordering::SeqCst);
    becomes(&mut list, &[&first, &second]).await;

    // The next process at the same address does not go with the one before.
    let (third_stop, third_told) = second.announce(consul.agent());
    // For Consul to have heard of it; if it has not, it hears of it after the end of the second
    // one.
    tokio::time::sleep(Duration::from_millis(500)).await;
    second_stop.cancel();
    second_told.await.unwrap();
    becomes(&mut list, &[&first, &second]).await;
    third_stop.cancel();
    third_told.await.unwrap();
    becomes(&mut list, &[&first]).await;

    // Where none is healthy, that is what counts.
    first.ready.store(false, Ordering::SeqCst);
    becomes(&mut list, &[]).await;
    stop.cancel();
    in_time("nothing follows any more", async { while list.changed().await.is_ok() {} }).await;
}

#[on(consul)]
async fn what_is_known_outlives_consul_and_is_told_to_the_next_one() {
    let mut consul = Consul::start().await;
    let stop = CancellationToken::new();
    let mut list = consul::follow(consul.agent(), "orders", stop.clone());
    let copy = Copy::start().await;
    let (copy_stop, copy_told) = copy.announce(consul.agent());
    becomes(&mut list, &[&copy]).await;

    consul.kill();
    let late = Copy::start().await;
    let (_late_stop, _) = late.announce(consul.agent());
    // Nobody is forgotten meanwhile.
    tokio::time::sleep(Duration::from_secs(1)).await;
    becomes(&mut list, &[&copy]).await;

    list.mark_unchanged();
    consul.run().await;
    // The new one knows nobody at first; nobody is forgotten for that.
    in_time("the late copy is found", list.changed()).await.unwrap();
    becomes(&mut list, &[&copy, &late]).await;
    let known = async || {
        let path = "/v1/health/service/cartwright-orders?passing=1";
        let list: Vec<serde_json::Value> =
            serde_json::from_str(&consul.get(path).await.unwrap()).unwrap();
        list.iter().filter_map(|it| it["Service"]["Port"].as_u64()).collect::<Vec<_>>()
    };
    eventually("both are told again", async || known().await.len() == 2).await;
    copy_stop.cancel();
    copy_told.await.unwrap();
    assert_eq!(known().await, [u64::from(late.address.port())]);
}

#[on(consul)]
async fn settings_go_before_consul() {
    let consul = Consul::start().await;
    let stop = CancellationToken::new();
    let copy = Copy::start().await;
    let (_copy_stop, _) = copy.announce(consul.agent());
    let mut config = consul.config();
    config.services.insert("cart".to_owned(), vec!["http://10.0.0.9:8005".to_owned()]);
    let directory = consul::directory(&config, &[("cart", 8005), ("orders", 8003)], &stop).unwrap();
    let cart = directory.of("cart").unwrap();
    assert_eq!(cart.borrow()[0].to_string(), "10.0.0.9:8005");
    becomes(&mut directory.of("orders").unwrap(), &[&copy]).await;
    stop.cancel();
}

#[tokio::test]
async fn an_absent_consul_holds_nobody_up() {
    let agent = Agent::new(
        Endpoint::parse(&format!("http://127.0.0.1:{}", free_port())).unwrap(),
        "a token",
    );
    let stop = CancellationToken::new();
    let list = consul::follow(agent.clone(), "orders", stop.clone());
    assert!(list.borrow().is_empty());
    let copy = Copy::start().await;
    let (copy_stop, copy_told) = copy.announce(agent);
    // For both to have asked.
    tokio::time::sleep(Duration::from_millis(300)).await;
    stop.cancel();
    copy_stop.cancel();
    in_time("it ends", copy_told).await.unwrap();
}
