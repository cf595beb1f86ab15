//! Clients that never pause, and want a good answer to everything.

use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::client::{Call, Http, Reply};
use crate::shop::checkout;

/// Clients that ask one question after the other and want a good answer to each.
pub struct Load {
    stop: Arc<AtomicBool>,
    clients: Vec<tokio::task::JoinHandle<u64>>,
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
        let client = |_| {
            let (stop, failed, question) = (stop.clone(), failed.clone(), question.clone());
            tokio::spawn(async move {
                let mut answered = 0;
                while !stop.load(Ordering::Relaxed) {
                    let bad = match question(answered).attempt().await {
                        Ok(Reply { status, .. }) if status.is_success() => None,
                        Ok(reply) => Some(format!("{}: {}", reply.status, brief(&reply.body))),
                        Err(error) => Some(error),
                    };
                    answered += 1;
                    if let Some(bad) = bad {
                        let mut failed = failed.lock();
                        *failed.entry(bad).or_default() += 1;
                    }
                }
                answered
            })
        };
        let clients = (0..clients).map(client).collect();
        Self { stop, clients, failed }
    }

    /// Ends the load; fails if any answer was not good. Returns how many there were.
    pub async fn stop(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        let mut answered = 0;
        for client in self.clients {
            answered += client.await.expect("a client");
        }
        let failed = self.failed.lock();
        assert!(failed.is_empty(), "of {answered} requests: {failed:#?}");
        answered
    }
}

fn brief(body: &Value) -> String {
    format!("{} {}", body["code"], body["detail"])
}
