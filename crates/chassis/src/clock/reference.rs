//! What corrects the clock of a process, and how.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::steady::Steady;
use super::{PROCESS, offset, uptime, wall};
use crate::call_target::CallTarget;
use crate::db::{self, Db};
use crate::service::BoxError;
use crate::telemetry::cause;

/// How often it is looked whether the clock is right.
const EVERY: Duration = Duration::from_secs(10);
/// How long a service may take to tell the time.
const DEADLINE: Duration = Duration::from_secs(2);
/// Bytes of an answer that tells the time.
const MAX_SAID: usize = 4 << 10;
/// A clock that is off by more is corrected at once, and a wall clock that is, is logged.
const MUCH: TimeDelta = TimeDelta::seconds(1);

/// What corrects the clock of a process.
#[derive(Clone, Debug)]
pub enum Reference {
    /// The clock of PostgreSQL, which all copies of a service share.
    Database(Db),
    /// The clock of a service in another process, for a process without a database.
    Service(Arc<dyn CallTarget>),
    /// The machine's wall clock, where one process has the data for itself. Once the process runs
    /// it follows slowly, however much that clock is set: an hour that has not passed ends no
    /// hold, and none that has begun begins again.
    Machine,
}

/// What was found out about the clock.
#[derive(Clone, Copy, Debug)]
struct Sample {
    /// When, by how long the machine has been up.
    up: TimeDelta,
    /// How much the clock is behind.
    behind: TimeDelta,
    /// How much of it the way of the answer may account for.
    doubt: TimeDelta,
}

#[derive(Deserialize)]
struct TimeReply {
    /// Missing in versions that do not tell it: then the wall clock has to do until they are
    /// upgraded.
    time: Option<DateTime<Utc>>,
}

/// Why a reference did not tell the time.
#[derive(Debug, thiserror::Error)]
pub enum ReferenceError {
    #[error(transparent)]
    Database(#[from] db::Error),
    #[error(transparent)]
    Service(BoxError),
    #[error(transparent)]
    Request(#[from] axum::http::Error),
    #[error(transparent)]
    Body(#[from] axum::Error),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// Looks what the reference shows and puts the clock of this process right.
pub async fn synchronize(reference: &Reference) -> Result<(), ReferenceError> {
    let sample = look(&PROCESS, reference).await?;
    put_right(&PROCESS, sample, matches!(reference, Reference::Machine));
    let offset = seconds(offset());
    metrics::gauge!("clock_offset_seconds").set(offset);
    Ok(())
}

/// Keeps the clock of this process right until stopped.
pub async fn keep_synchronized(reference: Reference, stop: CancellationToken) {
    let (mut silent, mut wrong) = (false, false);
    loop {
        match synchronize(&reference).await {
            Ok(()) => silent = false,
            Err(error) if !silent => {
                tracing::warn!(
                    error = cause(&error),
                    "the time reference does not answer; continuing with the local clock"
                );
                silent = true;
            }
            Err(_) => {}
        }
        let was_wrong = std::mem::replace(&mut wrong, offset().abs() > MUCH);
        let ahead_seconds = seconds(offset());
        match (was_wrong, wrong) {
            (false, true) => tracing::warn!(
                ahead_seconds,
                "the clock of this machine is wrong or was changed; the shop keeps to its reference. \
                 Is time synchronization (NTP) on?"
            ),
            (true, false) => tracing::info!("the clock of this machine is correct again"),
            _ => {}
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

async fn look(clock: &Steady, reference: &Reference) -> Result<Sample, ReferenceError> {
    let asked = uptime();
    let told = match reference {
        Reference::Database(db) => db.time().await?,
        Reference::Service(way) => ask(&**way).await?,
        Reference::Machine => None,
    };
    Ok(sample(clock, asked, told.unwrap_or_else(wall), uptime()))
}

/// What the reference told is taken to be of the middle between question and answer.
fn sample(clock: &Steady, asked: TimeDelta, told: DateTime<Utc>, answered: TimeDelta) -> Sample {
    let doubt = (answered - asked) / 2;
    Sample { up: answered, behind: told + doubt - clock.now(answered), doubt }
}

fn put_right(clock: &Steady, Sample { up, behind, doubt }: Sample, always_slowly: bool) {
    if behind.abs() <= doubt {
        return;
    }
    if always_slowly || behind.abs() <= MUCH {
        return clock.slew(up, behind);
    }
    clock.step(up, behind);
    tracing::warn!(by_seconds = seconds(behind), "the clock of this process was corrected");
}

async fn ask(way: &dyn CallTarget) -> Result<Option<DateTime<Utc>>, ReferenceError> {
    let request = Request::get("/live").body(Body::empty())?;
    let answer = way.ask(request, DEADLINE).await.map_err(ReferenceError::Service)?;
    let body = axum::body::to_bytes(answer.into_body(), MAX_SAID).await?;
    let told: TimeReply = serde_json::from_slice(&body)?;
    Ok(told.time)
}

fn seconds(delta: TimeDelta) -> f64 {
    delta.as_seconds_f64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{CHASSIS_ONLY, Database, databases, noon};

    fn seconds(seconds: i64) -> TimeDelta {
        TimeDelta::seconds(seconds)
    }

    /// A clock that shows noon when the machine has been up for no time at all.
    fn clock() -> Steady {
        Steady::new(seconds(0), noon())
    }

    #[test]
    fn half_of_the_way_is_taken_off() {
        let sample = sample(&clock(), seconds(10), noon() + seconds(71), seconds(12));
        assert_eq!((sample.behind, sample.doubt), (seconds(60), seconds(1)));
    }

    #[test]
    fn what_the_way_may_account_for_is_left_alone() {
        let clock = clock();
        put_right(&clock, sample(&clock, seconds(0), noon() + seconds(3), seconds(4)), false);
        assert_eq!(clock.now(seconds(100)), noon() + seconds(100));
    }

    #[test]
    fn much_is_put_right_at_once_where_copies_have_to_agree() {
        for wrong in [-3600, -1200, -60, 60, 1200, 3600].map(seconds) {
            let clock = clock();
            put_right(
                &clock,
                sample(&clock, seconds(5), noon() + seconds(5) + wrong, seconds(5)),
                false,
            );
            assert_eq!(clock.now(seconds(6)), noon() + seconds(6) + wrong);
        }
    }

    #[test]
    fn a_wall_clock_that_is_set_is_followed_slowly() {
        for set in [-3600, -60, 60, 3600].map(seconds) {
            let clock = clock();
            put_right(
                &clock,
                sample(&clock, seconds(5), noon() + seconds(5) + set, seconds(5)),
                true,
            );
            let off = clock.now(seconds(15)) - (noon() + seconds(15));
            assert_eq!(off, seconds(set.num_seconds().signum()), "{set}");
        }
    }

    #[databases]
    async fn postgresql_tells_its_time_and_sqlite_has_none(database: Database) {
        let platform = database.platform(CHASSIS_ONLY).await;
        let told = platform.db.time().await.unwrap();
        assert_eq!(told.is_some(), database == Database::Postgres);
    }
}
