//! Tells Consul where this process serves, for as long as it does.

use std::time::Duration;

use chassis::telemetry::cause;
use mesh::discovery::Endpoint;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::agent::{Agent, Error};

/// How often Consul is asked whether it still knows; a restart may have made it forget.
const EVERY: Duration = Duration::from_secs(2);
/// The longest pause after a failure.
const LONGEST: Duration = Duration::from_secs(10);

/// Registers an instance of `service` at `copy` with Consul, and again if Consul forgets it. Call
/// it when the process is ready. When stopped it deregisters the instance and returns: after that
/// no new request is sent here by those who ask Consul, so it is the first step of a drain.
pub async fn announce(
    agent: Agent,
    service: &'static str,
    copy: Endpoint,
    stop: CancellationToken,
) {
    // A process that takes the place of another at the same address must not be taken from the
    // list together with it.
    let id = format!("cartwright-{service}-{}", Uuid::now_v7().simple());
    let mut failures = 0_u32;
    let mut told = false;
    loop {
        let turn = stop.run_until_cancelled(keep_told(&agent, &id, service, &copy, told)).await;
        match turn {
            None => break,
            Some(Ok(())) => {
                if !told || failures > 0 {
                    tracing::info!(service, %copy, "registered with Consul");
                }
                (told, failures) = (true, 0);
            }
            Some(Err(error)) => {
                if failures == 0 {
                    tracing::warn!(
                        service,
                        error = cause(&error),
                        "cannot register with Consul; other processes may not find this instance"
                    );
                }
                failures = failures.saturating_add(1);
            }
        }
        let pause = EVERY * 2_u32.saturating_pow(failures.min(4));
        let pause = tokio::time::sleep(pause.min(LONGEST));
        if stop.run_until_cancelled(pause).await.is_none() {
            break;
        }
    }
    // Also where the answer to telling it was not waited for.
    if let Err(error) = agent.deregister(&id).await {
        tracing::warn!(
            service,
            error = cause(&error),
            "cannot deregister from Consul; it lists this instance until the check fails"
        );
    }
}

async fn keep_told(
    agent: &Agent,
    id: &str,
    service: &str,
    copy: &Endpoint,
    told: bool,
) -> Result<(), Error> {
    if told && agent.knows(id).await? {
        return Ok(());
    }
    agent.register(id, service, copy).await
}
