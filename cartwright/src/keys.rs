//! `cartwright keys`

use anyhow::{Context, Result};
use chassis::clock::Clock;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use identity::rotation::{self, Key, State};

use crate::cli::{Keys, KeysAction};
use crate::config::Config;
use crate::shop::Stores;

pub(crate) async fn run(args: &Keys) -> Result<()> {
    let config = Config::load(&args.shared, None)?;
    let stores = Stores::open(&config, &["identity"]).await?;
    let identity = stores.get("identity")?;
    let now = Clock::System.now();
    let keys = match args.action {
        KeysAction::Rotate => rotation::rotate(identity, Clock::System).await,
        KeysAction::List => rotation::list(identity, now).await,
    };
    let keys = keys.context("cannot read or rotate the signing keys")?;
    if keys.is_empty() {
        println!("There are no keys yet; the shop creates one when it starts.");
    }
    for key in &keys {
        println!("{}", line(key, now));
    }
    stores.close().await;
    Ok(())
}

fn line(key: &Key, now: DateTime<Utc>) -> String {
    let at = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
    let state = match key.state {
        State::Next { signs_from } => format!("next, signs from {}", at(signs_from)),
        State::Signing => "signs".to_owned(),
        State::Verifying { until } => format!("old, verifies until {}", at(until)),
        State::Retired => "retired".to_owned(),
    };
    format!("{}  {:>8}  {state}", key.kid, age(now - key.created_at))
}

/// An age in its largest unit.
fn age(age: TimeDelta) -> String {
    let seconds = age.num_seconds().max(0);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}
