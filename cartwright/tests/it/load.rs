//! Clients that never pause, and want a good answer to everything.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use chassis::testing::eventually;
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::client::{Call, Http, Reply};
use crate::shop::checkout;

/// Clients that ask one question after the other and want a good answer to each.
pub struct Load {
    stop: Arc<AtomicBool>,
    clients: Vec<tokio::task::JoinHandle<()>>,
    answered: Arc<AtomicU64>,
    failed: Arc<Mutex<BTreeMap<String, u64>>>,
}

pub type Question = Arc<dyn Fn(u64) -> Call + Send + Sync>;

pub fn reading(http: &Http, path: &str) -> Question {
    let (http, path) = (http.clone(), path.to_owned());
    Arc::new(move |_| http.get(&path))
}

pub fn buying(http: &Http) -> Question {
    let http = http.clone();
    Arc::new(move |_| {
        let key = uuid::Uuid::now_v7().to_string();
        let mut request = checkout("LAMP-1", "tok_visa");
        request["email"] = json!(format!("{key}@example.com"));
        http.post("/orders", request).key(&key)
    })
}

impl Load {
    pub fn start(clients: usize, question: Question) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let failed = Arc::<Mutex<BTreeMap<String, u64>>>::default();
        let answered = Arc::<AtomicU64>::default();
        let client = |_| {
            let (stop, failed, question) = (stop.clone(), failed.clone(), question.clone());
            let answered = answered.clone();
            tokio::spawn(async move {
                for number in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let bad = match question(number).attempt().await {
                        Ok(Reply { status, .. }) if status.is_success() => None,
                        Ok(reply) => Some(format!("{}: {}", reply.status, brief(&reply.body))),
                        Err(error) => Some(error),
                    };
                    answered.fetch_add(1, Ordering::Relaxed);
                    if let Some(bad) = bad {
                        let mut failed = failed.lock();
                        *failed.entry(bad).or_default() += 1;
                    }
                }
            })
        };
        let clients = (0..clients).map(client).collect();
        Self { stop, clients, answered, failed }
    }

    /// Waits until so many more have been answered.
    pub async fn goes_on(&self, more: u64) {
        let enough = self.answered.load(Ordering::Relaxed) + more;
        let answered = async || self.answered.load(Ordering::Relaxed) >= enough;
        eventually(format!("{more} more answers"), answered).await;
    }

    /// Ends the load; fails if any answer was not good. Returns how many there were.
    pub async fn stop(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        for client in self.clients {
            client.await.expect("a client");
        }
        let answered = self.answered.load(Ordering::Relaxed);
        let failed = self.failed.lock();
        assert!(failed.is_empty(), "of {answered} requests: {failed:#?}");
        answered
    }
}

fn brief(body: &Value) -> String {
    format!("{} {}", body["code"], body["detail"])
}
