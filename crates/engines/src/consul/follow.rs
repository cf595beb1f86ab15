//! Follows the copies of a service.

use std::sync::Arc;
use std::time::Duration;

use chassis::telemetry::cause;
use mesh::discovery::Endpoint;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::agent::{Agent, Listed};

/// How long Consul is in doubt.
const DOUBT: Duration = Duration::from_secs(30);
/// How often it is asked meanwhile; the time of doubt has to end without a change, too.
const DOUBTING: Duration = Duration::from_secs(1);
/// The pause after an answer, however fast they come.
const PAUSE: Duration = Duration::from_millis(100);
/// The first and the longest pause after a failure.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(10));

/// What is known of a service, and how far it is believed.
#[derive(Debug, Default)]
struct Known {
    index: u64,
    endpoints: Vec<Endpoint>,
    doubted_until: Option<Instant>,
}

pub(super) async fn run(
    agent: Agent,
    service: &'static str,
    list: watch::Sender<Arc<[Endpoint]>>,
    stop: CancellationToken,
) {
    let mut known = Known::default();
    let mut back_off = BACK_OFF.0;
    loop {
        let asked = agent.healthy(service, known.index);
        let pause = match stop.run_until_cancelled(asked).await {
            None => return,
            Some(Ok(listed)) => {
                if back_off > BACK_OFF.0 {
                    tracing::info!(service, "Consul answers again");
                }
                back_off = BACK_OFF.0;
                let doubted = known.learn(listed, Instant::now());
                publish(service, &list, &known.endpoints);
                if doubted { DOUBTING } else { PAUSE }
            }
            Some(Err(error)) => {
                if back_off == BACK_OFF.0 {
                    tracing::warn!(
                        service,
                        error = cause(&error),
                        "Consul does not answer; using the instances known so far"
                    );
                }
                known.lose(Instant::now());
                let pause = back_off;
                back_off = (back_off * 2).min(BACK_OFF.1);
                pause
            }
        };
        if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
            return;
        }
    }
}

fn publish(service: &str, list: &watch::Sender<Arc<[Endpoint]>>, endpoints: &[Endpoint]) {
    let changed = list.send_if_modified(|listed| {
        let changed = **listed != *endpoints;
        if changed {
            *listed = endpoints.into();
        }
        changed
    });
    if changed {
        let copies: Vec<String> = endpoints.iter().map(ToString::to_string).collect();
        tracing::info!(service, copies = copies.join(", "), "the instances of a service changed");
    }
}

impl Known {
    /// Takes in what Consul lists. Tells whether it is in doubt: then the next question is not one
    /// that waits for a change.
    fn learn(&mut self, listed: Listed, now: Instant) -> bool {
        let Listed { index, mut endpoints } = listed;
        endpoints.sort_by_key(ToString::to_string);
        endpoints.dedup();
        if index < self.index {
            self.doubted_until = Some(now + DOUBT);
        }
        let doubted = self.doubted_until.is_some_and(|it| now < it);
        // An index of 0 would be answered at once forever.
        self.index = if doubted { 0 } else { index.max(1) };
        if doubted {
            for endpoint in endpoints {
                if !self.endpoints.contains(&endpoint) {
                    self.endpoints.push(endpoint);
                }
            }
        } else {
            self.doubted_until = None;
            self.endpoints = endpoints;
        }
        doubted
    }

    /// Consul did not answer. Where nothing is known, nothing can be taken away.
    fn lose(&mut self, now: Instant) {
        self.index = 0;
        if !self.endpoints.is_empty() {
            self.doubted_until = Some(now + DOUBT);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoints(ports: &[u16]) -> Vec<Endpoint> {
        ports.iter().map(|it| Endpoint::parse(&format!("http://a:{it}")).unwrap()).collect()
    }

    fn listed(index: u64, ports: &[u16]) -> Listed {
        Listed { index, endpoints: endpoints(ports) }
    }

    #[test]
    fn a_consul_that_is_well_is_believed() {
        let now = Instant::now();
        let mut known = Known::default();
        assert!(!known.learn(listed(5, &[2, 1, 2]), now));
        assert_eq!(known.endpoints, endpoints(&[1, 2]));
        assert!(!known.learn(listed(6, &[]), now), "no copy is an answer like any other");
        assert_eq!((known.endpoints.len(), known.index), (0, 6));
        assert!(!known.learn(listed(7, &[3]), now));
        assert_eq!(known.endpoints, endpoints(&[3]));
    }

    #[test]
    fn after_a_failure_nothing_is_taken_away_for_a_while() {
        let now = Instant::now();
        for fails in [true, false] {
            let mut known = Known::default();
            known.learn(listed(50, &[1, 2]), now);
            if fails {
                known.lose(now);
            }
            // Its index has gone back, or it was away: it may have forgotten everything.
            assert!(known.learn(listed(9, &[]), now));
            assert_eq!((known.index, known.endpoints.clone()), (0, endpoints(&[1, 2])));
            assert!(known.learn(listed(10, &[2, 3]), now));
            assert_eq!(known.endpoints, endpoints(&[1, 2, 3]));
            assert!(!known.learn(listed(11, &[3]), now + DOUBT));
            assert_eq!((known.index, known.endpoints.clone()), (11, endpoints(&[3])));
            assert!(!known.learn(listed(12, &[]), now + DOUBT));
            assert!(known.endpoints.is_empty());
        }
    }

    #[test]
    fn an_index_is_never_zero() {
        let mut known = Known::default();
        known.lose(Instant::now());
        assert!(!known.learn(listed(0, &[]), Instant::now()), "there was nothing to lose");
        assert_eq!(known.index, 1);
    }
}
