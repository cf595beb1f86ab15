//! Forgets what no longer counts: sessions, devices, one-time tokens, attempts, retired keys.

use std::time::Duration;

use chassis::db::Result;
use chrono::TimeDelta;

use crate::{App, store};

pub const EVERY: Duration = Duration::from_secs(600);
/// How long the past is kept: longer than any list of revocations needs it.
const KEEP: TimeDelta = TimeDelta::days(1);

/// Deletes what has expired, in small batches so that no one waits long for the lock.
pub async fn turn(app: &App) -> Result<()> {
    let now = app.clock.now();
    let before = now - KEEP;
    let attempts = before.min(now - app.config.failure_window());
    while store::tidy_sessions(&app.db, before).await? > 0 {}
    store::tidy_devices(&app.db, now).await?;
    store::tidy_email_changes(&app.db, now).await?;
    while store::tidy_secrets(&app.db, now, attempts, before).await? > 0 {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use chassis::clock::Clock;
    use chassis::db::{Db, Session};
    use chassis::service::Platform;
    use chassis::testing::{Database, call, databases, noon};
    use chrono::{DateTime, Utc};
    use serde_json::json;

    use super::*;
    use crate::Config;
    use crate::model::Permissions;

    const TABLES: [&str; 5] = [
        "SELECT count(*) FROM sessions",
        "SELECT count(*) FROM refresh_tokens",
        "SELECT count(*) FROM one_time_tokens",
        "SELECT count(*) FROM attempts",
        "SELECT count(*) FROM email_changes",
    ];

    #[databases]
    async fn what_no_longer_counts_is_forgotten(database: Database) {
        let platform = database.platform(crate::MIGRATIONS).await;
        let service = crate::start(
            platform.platform.clone(),
            Config::default(),
            crate::DEFINITION.permissions.into(),
        )
        .await
        .unwrap();
        let person = json!({
            "email": "ada@example.com", "password": "violet-harbour-7", "name": "Ada",
        });
        let tokens = call(&service.router, "POST", "/api/v1/auth/register").json(person).await;
        let user = tokens.expect(201)["user"]["id"].clone();
        let token = json!({ "user_id": user, "purpose": "reset_password" });
        let token = call(&service.internal, "POST", contracts::identity::ONE_TIME_TOKENS.path())
            .json(token);
        token.await.expect(200);
        let wrong = json!({ "email": "ada@example.com", "password": "wrong" });
        call(&service.router, "POST", "/api/v1/auth/login").json(wrong).await.expect(401);

        let left = "INSERT INTO email_changes (user_id, email, version, expires_at)
                    VALUES ($1, 'old@example.com', 1, $2)";
        let id: uuid::Uuid = user.as_str().unwrap().parse().unwrap();
        let until = noon() + TimeDelta::days(7);
        platform.db.query(left).bind(id).bind(until).execute().await.unwrap();

        for (after, left) in [
            (TimeDelta::zero(), [1, 1, 1, 1, 1]),
            (TimeDelta::hours(2), [1, 1, 0, 1, 1]),
            (TimeDelta::hours(25), [1, 1, 0, 0, 1]),
            (TimeDelta::days(8), [1, 1, 0, 0, 0]),
            (TimeDelta::days(31) + TimeDelta::seconds(1), [0, 0, 0, 0, 0]),
        ] {
            turn(&at(&platform, noon() + after).await).await.unwrap();
            assert_eq!(rows(&platform.db).await, left, "{after} on {}", platform.kind);
        }
    }

    async fn at(platform: &Platform, now: DateTime<Utc>) -> App {
        let platform = Platform { clock: Clock::Fixed(now), ..platform.clone() };
        App::open(
            &platform,
            Config::default(),
            Permissions::new(crate::DEFINITION.permissions.into()),
        )
        .await
        .unwrap()
    }

    async fn rows(db: &Db) -> Vec<i64> {
        let mut rows = Vec::new();
        for table in TABLES {
            rows.push(db.query(table).one::<(i64,)>().await.unwrap().0);
        }
        rows
    }
}
