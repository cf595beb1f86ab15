//! Redis that goes away under running shops which count limits and share answers in it.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use chassis::quota::Rate;
use chassis::testing::{Engine, eventually, on};
use futures::future::join_all;
use serde_json::json;
use tempfile::TempDir;

use crate::client::Http;
use crate::engines_away::Load;
use crate::shop::{Live, Place, Shape, eventually_answers, sqlite};

/// A shop that counts in this Redis, with quotas that only a test of them reaches.
fn limited(mut place: Place, redis: &Server) -> Place {
    place.config.redis.url = format!("redis://127.0.0.1:{}", redis.port);
    place.config.gateway.rate_limits = true;
    let quotas = &mut place.config.gateway.quotas;
    for class in ["write", "checkout", "read"] {
        quotas.insert(class.to_owned(), Rate::new(1_000_000, 1_000_000));
    }
    quotas.insert("login".to_owned(), Rate::new(1, 30));
    place
}

#[on(redis, flavor = "multi_thread", worker_threads = 2)]
async fn two_gateways_share_a_quota_in_redis() {
    // A check that Redis does not answer within its few milliseconds, as on a busy machine, is
    // counted in the gateway; then everything starts over.
    eventually("sixty checks that are counted in Redis", async || {
        let redis = Server::start().await;
        let places = [limited(sqlite(), &redis), limited(sqlite(), &redis)];
        let shops = [places[0].start().await, places[1].start().await];
        let answers = sixty_logins(&shops).await;
        for shop in shops {
            shop.stop().await;
        }
        let granted = (0..30).rev().map(|left| (422, [Some(30), Some(left), None]));
        let refused = |(status, [limit, remaining, wait]): &Told| {
            let wait = wait.is_some_and(|it| (1..=60).contains(&it));
            (*status, *limit, *remaining, wait) == (429, Some(30), Some(0), true)
        };
        let (first, rest) = answers.split_at(30);
        let shared = first.iter().copied().eq(granted) && rest.iter().all(refused);
        if shared { Ok(()) } else { Err(format!("{answers:?}")) }
    })
    .await;
}

/// A status, and what is told of the limit.
type Told = (u16, [Option<u64>; 3]);

/// At one shop and the other in turn.
async fn sixty_logins(shops: &[Live; 2]) -> Vec<Told> {
    // The first checks of each may come before its connection.
    for shop in shops {
        let ask = async || shop.http.get("//health").await.body;
        eventually_answers(ask, |it| it["engines"]["redis"]["status"] == "healthy").await;
    }
    let mut answers = Vec::new();
    for turn in 0..60 {
        let answer = login(&shops[turn % 2].http).await;
        let told = |name: &str| {
            let value = answer.headers.get(name)?.to_str().ok()?;
            value.parse::<u64>().ok()
        };
        let told = ["ratelimit-limit", "ratelimit-remaining", "retry-after"].map(told);
        answers.push((answer.status.as_u16(), told));
    }
    answers
}

#[on(redis, flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_dies_or_hangs_fails_no_request() {
    let mut redis = Server::start().await;
    let place = limited(Shape::Postgres.place().await, &redis);
    let shop = place.start().await;
    shop.product("LAMP-1", 1_999, 1_000_000).await;
    let customer = shop.customer("ada").await;
    let load = Load::start(&shop, &customer);
    for how in ["dead", "hung"] {
        load.go_on_for(Duration::from_secs(2)).await;
        match how {
            "dead" => redis.kill(),
            _ => redis.signal("STOP"),
        }
        load.go_on_for(Duration::from_secs(3)).await;
        match how {
            "dead" => redis.run(),
            _ => redis.signal("CONT"),
        }
        load.go_on_for(Duration::from_secs(2)).await;
    }
    let answers = load.stop().await;
    let longest = answers.iter().map(|it| it.took).max();
    println!("{} answers, the longest took {longest:?}", answers.len());
    let failed: Vec<_> = answers.iter().filter(|it| !it.is_well).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    // Limits hold without it.
    redis.kill();
    let logins = join_all((0..40).map(|_| login(&shop.http))).await;
    let refused = logins.iter().filter(|it| it.status == 429).count();
    assert!(refused >= 10, "{refused} of 40 were refused");
    assert!(logins.iter().all(|it| it.status == 429 || it.status == 422));
    check(shop).await;
}

async fn check(shop: Live) {
    shop.check().await;
    shop.stop().await;
}

async fn login(http: &Http) -> crate::client::Reply {
    // Counted before it is looked at.
    http.post("/auth/login", json!({})).await
}

/// A Redis server of a test's own. Killed when dropped.
struct Server {
    port: u16,
    directory: TempDir,
    child: Option<Child>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut server = Self { port, directory, child: None };
        server.run();
        let connects = async || tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok();
        eventually("Redis comes up", connects).await;
        server
    }

    fn run(&mut self) {
        let mut command = Command::new("redis-server");
        command
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no", "--dir"])
            .arg(self.directory.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let missing =
            |error| panic!("{}", Engine::Redis.missing(&format!("redis-server: {error}")));
        self.child = Some(command.spawn().unwrap_or_else(missing));
    }

    fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("a kill");
            child.wait().expect("the end");
        }
    }

    fn signal(&self, name: &str) {
        let pid = self.child.as_ref().expect("a running server").id();
        let sent = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status();
        assert!(sent.expect("kill").success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
