//! `cartwright migrate`

use anyhow::Result;

use crate::cli::{Migrate, MigrateAction};
use crate::config::Config;
use crate::shop::{NAMES, Stores};

pub(crate) async fn run(args: &Migrate) -> Result<()> {
    let config = Config::load(&args.shared, None)?;
    match args.action {
        MigrateAction::Up => {
            Stores::open(&config, &NAMES).await?;
            println!("Every database has the newest schema.");
        }
        MigrateAction::Status => {
            let stores = Stores::open_as_they_are(&config, &NAMES).await?;
            for store in stores.all() {
                let (name, db, migrations) = store?;
                for it in db.migration_status(migrations).await? {
                    let state = if it.applied { "applied" } else { "missing" };
                    println!(
                        "{name:14} {:14} {:04} {:24} {state}",
                        it.set, it.version, it.description
                    );
                }
            }
        }
    }
    Ok(())
}
