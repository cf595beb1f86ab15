//! Every migration has its way down, and the way up again leads to the same schema.

use std::collections::BTreeSet;

use cartwright::registry::DATABASES;
use cartwright::shop::Stores;
use chassis::db::{Connection, Db, MigrationState, Session, Sql};
use chassis::testing::on;

use crate::shop::{Shape, sqlite};

#[on(sqlite, postgres)]
async fn every_migration_goes_down_and_up_again(shape: Shape) {
    let place = shape.place().await;
    let stores = Stores::open_alone(&place.config, &DATABASES).await.expect("databases");
    for store in stores.all() {
        let (name, db, migrations) = store.expect("migrations");
        db.migrate(migrations).await.expect("up");
        let before = schema(db).await;
        assert!(before.len() > 3, "{name}: {before:#?}");
        // One step after the other, then the chassis's at once.
        let status = db.migration_status(migrations).await.expect("status");
        let mut versions: Vec<i64> =
            status.iter().filter(|it| it.set == name).map(|it| it.version).collect();
        versions.insert(0, 0);
        for to in versions.iter().rev().skip(1) {
            let done = db.migrate_down(migrations, name, *to).await;
            done.unwrap_or_else(|error| panic!("{} {name} to {to}: {error:?}", place.kind));
        }
        db.migrate_down(migrations, "chassis", 0).await.expect("down");
        let left = schema(db).await;
        assert_eq!(left, BTreeSet::new(), "{} {name} leaves something behind", place.kind);
        let status = db.migration_status(migrations).await.expect("status");
        assert!(status.iter().all(|it| it.state == MigrationState::Missing));
        db.migrate(migrations).await.expect("up again");
        assert_eq!(schema(db).await, before, "{} {name}", place.kind);
    }
    stores.close().await;
}

#[on(sqlite, postgres, apart, flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_is_taken_back_only_where_nobody_serves(shape: Shape) {
    let place = shape.place().await;
    let down = ["migrate", "down", "--service", "orders"];
    let sure = [&down[..], &["--yes"]].concat();
    let shop = place.start().await;
    let said = place.fails(&sure);
    assert!(said.contains("another cartwright") || said.contains("in use"), "{said}");
    shop.stop().await;
    let said = place.fails(&down);
    assert!(said.contains("--yes"), "{said}");
    let status = place.says(&["migrate", "status"]);
    assert!(status.lines().all(|it| it.ends_with("applied")), "{status}");
    let own = |it: &&str| it.split_whitespace().nth(1) == Some("orders");
    let count = status.lines().filter(own).count();
    for taken in 1..=count {
        let said = place.says(&sure);
        assert!(said.contains("orders 0") && said.contains("reverted "), "{said}");
        let status = place.says(&["migrate", "status"]);
        let missing: Vec<_> = status.lines().filter(|it| it.ends_with("missing")).collect();
        assert!(missing.len() == taken, "{status}");
        assert!(missing.iter().all(|it| it.starts_with("orders")), "{status}");
    }
    assert!(place.says(&sure).contains("nothing to revert"));
    let said = place.fails(&[&sure[..], &["--to", "99"]].concat());
    assert!(said.contains("use one of 0, 1, 2"), "{said}");
    place.start().await.stop().await;
    let said = place.says(&[&sure[..], &["--to", "0"]].concat());
    assert!(said.contains("reverted"), "{said}");
}

#[tokio::test]
async fn what_a_newer_version_applied_is_left_to_it() {
    let place = sqlite();
    let stores = Stores::open(&place.config, &["cart"]).await.expect("a database");
    let newer =
        "INSERT INTO _cart_migrations (version, description, success, checksum, execution_time)
         VALUES (99, 'later', TRUE, x'00', 0)";
    execute(stores.get("cart").expect("cart"), newer).await;
    stores.close().await;
    let said = place.fails(&["migrate", "down", "--service", "cart", "--yes"]);
    assert!(said.contains("newer version"), "{said}");
    assert!(place.says(&["migrate", "status"]).contains("unknown"));
}

#[on(postgres)]
async fn a_database_open_alone_is_open_to_nobody_else(shape: Shape) {
    let place = shape.place().await;
    let alone = Stores::open_alone(&place.config, &["cart"]).await.expect("a database");
    let refused = Stores::open(&place.config, &["cart"]).await.expect_err("it is taken");
    assert!(refused.to_string().contains("in use"), "{refused:#}");
    alone.close().await;
    let shared = Stores::open(&place.config, &["cart"]).await.expect("it is free");
    let another = Stores::open(&place.config, &["cart"]).await.expect("many may share it");
    let refused = Stores::open_alone(&place.config, &["cart"]).await.expect_err("it is taken");
    assert!(refused.to_string().contains("in use"), "{refused:#}");
    shared.close().await;
    another.close().await;
}

pub async fn execute(db: &Db, sql: &'static str) {
    match db.connection().await.expect("a connection") {
        Connection::Sqlite(conn) => conn.execute_batch(sql).expect("done"),
        Connection::Postgres(mut conn) => {
            sqlx::query(sql).execute(&mut *conn).await.expect("done");
        }
    }
}

/// All a database holds besides the record of migrations, as text.
async fn schema(db: &Db) -> BTreeSet<String> {
    const SQLITE: &str = "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master
        WHERE name NOT LIKE 'sqlite_%' AND tbl_name NOT LIKE '\\_%\\_migrations' ESCAPE '\\'";
    const POSTGRES: &str = "
        WITH mine AS (SELECT oid, relname, relkind FROM pg_class
                      WHERE relnamespace = current_schema()::regnamespace
                        AND relname NOT LIKE '\\_%\\_migrations%')
        SELECT concat_ws(' ', relkind, relname) FROM mine
        UNION ALL SELECT concat_ws(' ', relname, attname, format_type(atttypid, atttypmod),
               attnotnull, attidentity, collname, pg_get_expr(adbin, adrelid))
          FROM mine JOIN pg_attribute ON attrelid = mine.oid AND attnum > 0 AND NOT attisdropped
          LEFT JOIN pg_collation ON pg_collation.oid = attcollation
          LEFT JOIN pg_attrdef ON adrelid = mine.oid AND adnum = attnum
        UNION ALL SELECT pg_get_indexdef(mine.oid) FROM mine WHERE relkind = 'i'
        UNION ALL SELECT concat_ws(' ', relname, conname, pg_get_constraintdef(pg_constraint.oid))
          FROM mine JOIN pg_constraint ON conrelid = mine.oid
        UNION ALL SELECT pg_get_triggerdef(pg_trigger.oid)
          FROM mine JOIN pg_trigger ON tgrelid = mine.oid WHERE NOT tgisinternal
        UNION ALL SELECT pg_get_functiondef(oid) FROM pg_proc
          WHERE pronamespace = current_schema()::regnamespace";
    let all = db.query(Sql { sqlite: SQLITE, postgres: POSTGRES });
    let rows: Vec<(String,)> = all.all().await.expect("a schema");
    rows.into_iter().map(|(text,)| text).collect()
}
