use uuid::Uuid;

use super::*;
use crate::testing::{CHASSIS_ONLY, TestPlatform, noon, platforms};

/// A queue as a service would have it.
static JOBS: Queue = Queue::new(Table {
    name: "test.jobs",
    table: "jobs",
    key: "id",
    columns: "id, fence, tries",
    open: "state IN ('waiting', 'running')",
    due: Due::At("due_at"),
    order: "due_at, id",
    claimed: "state = 'running', tries = tries + 1",
    hurried: "patient = 0",
    dead: Some(Dead { rows: "state = 'dead'", again: "state = 'waiting', tries = 0" }),
    longest: Some(LEASE),
});

const LEASE: TimeDelta = TimeDelta::seconds(30);

type Job = (Uuid, i64, i64);

async fn jobs(platform: &TestPlatform, count: u128) -> &Db {
    let db = &platform.db;
    let table = "CREATE TABLE jobs (id UUID NOT NULL PRIMARY KEY, state TEXT NOT NULL,
                 due_at TIMESTAMPTZ NOT NULL, tries BIGINT NOT NULL, patient BIGINT NOT NULL,
                 lease_until TIMESTAMPTZ, fence BIGINT NOT NULL DEFAULT 0)";
    db.query(table).execute().await.expect("a table");
    for n in 1..=count {
        add(db, n, noon(), 0).await;
    }
    db
}

async fn add(db: &Db, n: u128, due: DateTime<Utc>, patient: i64) {
    let add = "INSERT INTO jobs (id, state, due_at, tries, patient)
               VALUES ($1, 'waiting', $2, 0, $3)";
    let add = db.query(add).bind(Uuid::from_u128(n)).bind(due).bind(patient);
    add.execute().await.expect("a row");
}

async fn claim(db: &Db, now: DateTime<Utc>, limit: i64) -> Vec<Job> {
    JOBS.claim(db, now, LEASE, limit).await.expect("jobs")
}

fn held(job: Job) -> Held<Uuid> {
    (job.0, job.1)
}

#[tokio::test]
async fn a_row_is_worked_on_by_one_at_a_time_and_taken_over_when_the_lease_ends() {
    for platform in platforms(CHASSIS_ONLY).await {
        let db = jobs(&platform, 5).await;
        let claims = futures::future::join_all((0..3).map(|_| claim(db, noon(), 2))).await;
        let mut all: Vec<Job> = claims.concat();
        all.sort_unstable();
        let ids: Vec<u128> = all.iter().map(|it| it.0.as_u128()).collect();
        assert_eq!(ids, [1, 2, 3, 4, 5], "{}", platform.kind);
        assert!(all.iter().all(|it| (it.1, it.2) == (1, 1)));
        assert!(!JOBS.any_due(db, noon()).await.unwrap());
        let over = noon() + LEASE;
        let again = claim(db, over, 1).await.remove(0);
        assert_eq!((again.1, again.2), (2, 2));
        // Who had it before has lost it, whatever it does.
        let first = held(all[0]);
        assert_eq!(JOBS.finish(db, first, "state = 'done'").execute().await.unwrap(), 0);
        assert_eq!(JOBS.renew(db, first, over + LEASE, "").execute().await.unwrap(), 0);
        assert_eq!(JOBS.release(db, first, (over, over), "").execute().await.unwrap(), 0);
        let done = JOBS.finish(db, held(again), "state = 'done', tries = $3").bind(9_i64);
        assert_eq!(done.execute().await.unwrap(), 1);
        // What is at its end is nobody's.
        assert_eq!(JOBS.finish(db, held(again), "state = 'done'").execute().await.unwrap(), 0);
        assert_eq!(claim(db, over, 9).await.len(), 4);
    }
}

#[tokio::test]
async fn a_lease_is_renewed_and_a_released_row_waits_for_its_time() {
    for platform in platforms(CHASSIS_ONLY).await {
        let db = jobs(&platform, 1).await;
        let job = held(claim(db, noon(), 1).await[0]);
        let renew = JOBS.renew(db, job, noon() + LEASE * 2, "patient = $4").bind(0_i64);
        assert_eq!(renew.execute().await.unwrap(), 1);
        assert!(claim(db, noon() + LEASE, 1).await.is_empty(), "{}", platform.kind);
        let later = noon() + TimeDelta::seconds(5);
        let release = JOBS.release(db, job, (noon(), later), "tries = $5").bind(7_i64);
        assert_eq!(release.execute().await.unwrap(), 1);
        assert!(claim(db, noon(), 1).await.is_empty());
        // It is nobody's now.
        assert_eq!(JOBS.finish(db, job, "state = 'done'").execute().await.unwrap(), 0);
        assert_eq!(claim(db, later, 1).await[0].2, 8);
    }
}

#[tokio::test]
async fn what_a_clock_that_was_ahead_has_written_holds_nothing_up() {
    for platform in platforms(CHASSIS_ONLY).await {
        let db = jobs(&platform, 0).await;
        let hour = TimeDelta::hours(1);
        add(db, 1, noon() + hour, 0).await;
        assert_eq!(claim(db, noon() + hour, 1).await.len(), 1);
        assert_eq!(claim(db, noon(), 1).await.len(), 1, "{}", platform.kind);
        // A pause that can have been set is kept.
        add(db, 2, noon() + LEASE, 0).await;
        assert!(claim(db, noon(), 1).await.is_empty());
    }
}

#[tokio::test]
async fn the_next_process_on_files_waits_for_no_lease_and_no_pause() {
    for platform in platforms(CHASSIS_ONLY).await {
        let db = jobs(&platform, 1).await;
        let soon = noon() + TimeDelta::seconds(20);
        add(db, 2, soon, 0).await;
        add(db, 3, soon, 1).await;
        let lost = held(claim(db, noon(), 1).await[0]);
        JOBS.inherit(db, noon()).await.unwrap();
        let taken = claim(db, noon(), 9).await;
        if db.is_sqlite() {
            // Not the one that waits for somebody else.
            let ids: Vec<u128> = taken.iter().map(|it| it.0.as_u128()).collect();
            assert_eq!(ids, [1, 2]);
            assert_eq!(JOBS.finish(db, lost, "state = 'done'").execute().await.unwrap(), 0);
        } else {
            // Others may be at work there.
            assert!(taken.is_empty());
            assert_eq!(JOBS.release_all(db, noon()).await.unwrap(), 2);
            assert_eq!(claim(db, noon(), 9).await.len(), 2);
        }
    }
}

#[tokio::test]
async fn rows_are_locked_for_a_transaction() {
    for platform in platforms(CHASSIS_ONLY).await {
        let db = jobs(&platform, 2).await;
        let mut tx = db.begin().await.unwrap();
        let locked: Vec<Job> = JOBS.lock(&mut tx, noon(), 1).await.unwrap();
        assert_eq!(locked[0].0, Uuid::from_u128(1));
        if !db.is_sqlite() {
            assert_eq!(claim(db, noon(), 9).await.len(), 1);
        }
        JOBS.finish(&mut tx, held(locked[0]), "state = 'done'").execute().await.unwrap();
        tx.commit().await.unwrap();
        let left: Vec<Job> = JOBS.look(db, noon() + LEASE, 9).await.unwrap();
        assert_eq!(left.len(), 1, "{}", platform.kind);
    }
}

#[tokio::test]
async fn an_operator_sees_how_full_it_is_and_has_the_dead_tried_again() {
    for platform in platforms(CHASSIS_ONLY).await {
        let db = jobs(&platform, 4).await;
        let now = noon() + TimeDelta::seconds(5);
        let later = now + LEASE;
        add(db, 5, later, 0).await;
        let jobs = claim(db, now, 2).await;
        JOBS.finish(db, held(jobs[0]), "state = 'dead'").execute().await.unwrap();
        let stats = JOBS.stats(db, now).await.unwrap();
        let expected = Stats { waiting: 3, oldest_at: Some(noon()), running: 1, dead: 1 };
        assert_eq!(stats, expected, "{}", platform.kind);
        assert_eq!(stats.oldest_seconds(now), 5.0);
        assert_eq!(JOBS.replay(db, now).await.unwrap(), 1);
        assert_eq!(JOBS.replay(db, now).await.unwrap(), 0);
        let stats = JOBS.stats(db, now).await.unwrap();
        assert_eq!((stats.waiting, stats.dead), (4, 0));
        let again = claim(db, now, 9).await;
        assert!(again.iter().any(|it| (it.0, it.2) == (jobs[0].0, 1)));
        // What will be due is waiting, but is not late.
        let stats = JOBS.stats(db, now).await.unwrap();
        assert_eq!((stats.waiting, stats.oldest_at, stats.running), (1, None, 4));
    }
}
