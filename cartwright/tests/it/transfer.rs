//! An embedded shop moves to PostgreSQL and sells on.

use std::time::Duration;

use cartwright::registry::{DATABASES, NAMES};
use cartwright::shop::Stores;
use chassis::db::{Connection, Session};
use chassis::testing::on;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::client::Http;
use crate::migrations::execute;
use crate::shop::{Live, Place, Shape, checkout, eventually_answers, sqlite};

impl Place {
    fn transfer_to<'a>(&'a self, target: &'a Place) -> [&'a str; 5] {
        let from = self.config.server.data_dir.to_str().expect("UTF-8");
        ["transfer", "--from", from, "--to", &target.config.database.url]
    }
}

#[on(postgres, flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_with_history_moves_and_sells_on(shape: Shape) {
    let target = shape.place().await;
    let source = sqlite();
    let shop = source.start().await;
    // A relay that is killed before its mark leaves what it has sent as it was.
    let keep = "CREATE TRIGGER keep AFTER UPDATE OF sent_at ON outbox WHEN NEW.data <> OLD.data
                BEGIN UPDATE outbox SET data = OLD.data WHERE sequence = NEW.sequence; END";
    execute(shop.stores().get("orders").expect("orders"), keep).await;
    let history = History::make(&shop).await;
    shop.check().await;
    let before = history.seen(&shop).await;
    let said = source.fails(&source.transfer_to(&target));
    assert!(said.contains("another cartwright process uses"), "{said}");
    shop.stop().await;
    let unsent = lose_a_mail(&source, &history.shipped).await;

    let said = source.says(&source.transfer_to(&target));
    let agreed = said.lines().filter(|it| it.contains("counts and checksums agree")).count();
    assert_eq!(agreed, DATABASES.len(), "{said}");
    let said = source.says(&source.transfer_to(&target));
    let same = said.lines().filter(|it| it.contains("the same as before")).count();
    assert_eq!(same, DATABASES.len(), "{said}");

    let shop = target.start().await;
    let said = source.fails(&source.transfer_to(&target));
    assert!(said.contains("in use by a running shop"), "{said}");
    // The mail that was lost is sent, and no other again.
    let admin = shop.admin().await;
    eventually_answers(
        async || admin.get("/notifications/history?limit=100").await.expect(200),
        |it| mails_in(it).len() >= history.mails,
    )
    .await;
    shop.check().await;
    assert_eq!(history.seen(&shop).await, before);
    let stores = Stores::open_as_they_are(&target.config, &["orders"]).await.expect("PostgreSQL");
    let unsent_now = "SELECT count(*) FROM outbox WHERE sent_at IS NULL";
    let orders = stores.get("orders").expect("orders");
    let left: (i64,) = orders.query(unsent_now).one().await.expect("a count");
    stores.close().await;
    assert!(unsent > 1 && left.0 == 0, "{unsent} were not sent, {} are not", left.0);

    // It goes on where it stopped.
    let ada = history.log_in(&shop, "ada").await;
    let order = ada.post("/orders", checkout("LAMP-1", "tok_visa")).key("later").await.expect(201);
    assert_eq!(order["number"], format!("CW-{}", 100_000 + history.orders + 1));
    let again = ada.post("/orders", checkout("LAMP-1", "tok_visa")).key("first").await;
    assert_eq!(again.headers["idempotent-replayed"], "true");
    let guest = shop.http.with("x-order-token", &history.guest_token);
    let cancelled = guest.call("POST", &format!("/orders/{}/cancel", history.guest)).await;
    assert_eq!(cancelled.expect(200)["payment_status"], "refunded");
    let mails = async || admin.get("/notifications/history?limit=100").await.expect(200);
    eventually_answers(mails, |it| mails_in(it).len() > history.mails).await;
    shop.check().await;
    shop.stop().await;
    assert!(target.says(&["check"]).contains("are consistent"));
    let said = source.fails(&source.transfer_to(&target));
    assert!(said.contains("a shop has been using it"), "{said}");
}

/// The mails of a history but those that wait for a minute, in which a payment may be completed.
fn mails_in(history: &Value) -> Vec<&Value> {
    let all = history["items"].as_array().expect("a list").iter();
    all.filter(|it| it["template"] != "payment_action_required").collect()
}

/// What happened in a shop, and who knows of it.
struct History {
    orders: i64,
    mails: usize,
    shipped: String,
    guest: String,
    guest_token: String,
}

impl History {
    async fn make(shop: &Live) -> Self {
        let product = shop.product("LAMP-1", 1_999, 50).await;
        let ada = shop.customer("ada").await;
        let bob = shop.customer("bob").await;
        let admin = shop.admin().await;
        let buy = |who: &Http, key: &str, token: &str| {
            who.post("/orders", checkout("LAMP-1", token)).key(key)
        };
        let first = buy(&ada, "first", "tok_visa").await.expect(201);
        let refunds = format!("/payments/{}/refunds", text(&first["payment"]["id"]));
        let part = json!({ "amount": { "amount": 100, "currency": "USD" }, "reason": "damaged",
                           "note": "scratched\t\\" });
        admin.post(&refunds, part).key("r-1").await.expect(201);
        let second = buy(&bob, "k", "tok_visa").await.expect(201);
        let shipped = text(&second["id"]);
        let ship = json!({ "status": "shipped", "tracking_number": "1Z999" });
        let path = format!("/orders/{shipped}/status");
        admin.call("PATCH", &path).json(ship).await.expect(200);
        buy(&bob, "declined", "tok_declined").await.problem(402);
        let third = buy(&bob, "cancelled", "tok_visa").await.expect(201);
        let cancel = format!("/orders/{}/cancel", text(&third["id"]));
        bob.call("POST", &cancel).await.expect(200);
        let mut request = checkout("LAMP-1", "tok_visa");
        request["email"] = json!("guest@example.com");
        let order = shop.http.post("/orders", request).key("g").await.expect(201);
        let review = json!({ "product_id": product["id"], "rating": 4, "title": "Hell – grün",
                             "body": "It \"lights\" the room.\nTwice." });
        ada.post("/reviews", review).await.expect(201);
        let add = json!({ "sku": "LAMP-1", "quantity": 3 });
        ada.post("/cart/items", add).await.expect(200);
        // Three welcomes, four confirmations, a refund, a parcel, a cancellation.
        let mails = 10;
        let ask = async || admin.get("/notifications/history?limit=100").await.expect(200);
        eventually_answers(ask, |it| {
            let all = mails_in(it);
            let decided = |it: &&Value| it["status"] == "logged" || it["status"] == "skipped";
            all.len() == mails && all.iter().all(decided)
        })
        .await;
        Self {
            orders: 5,
            mails,
            shipped,
            guest: text(&order["id"]),
            guest_token: text(&order["access_token"]),
        }
    }

    async fn log_in(&self, shop: &Live, name: &str) -> Http {
        let login = json!({ "email": format!("{name}@example.com"),
                            "password": "correct horse battery" });
        let answer = shop.http.post("/auth/login", login).await.expect(200);
        shop.http.bearer(answer["access_token"].as_str().expect("a token"))
    }

    /// What people see.
    async fn seen(&self, shop: &Live) -> Value {
        let mut seen = Vec::new();
        for name in ["ada", "bob"] {
            let who = self.log_in(shop, name).await;
            let mut me = who.get("/users/me").await.expect(200);
            // The log-in that just was.
            for changed in ["last_login_at", "updated_at"] {
                me.as_object_mut().map(|it| it.remove(changed));
            }
            let orders = who.get("/orders?count=true").await.expect(200);
            for order in orders["items"].as_array().expect("a list") {
                let path = format!("/orders/{}", text(&order["id"]));
                seen.push(who.get(&path).await.expect(200));
            }
            seen.extend([me, orders, who.get("/cart").await.expect(200)]);
        }
        let guest = shop.http.with("x-order-token", &self.guest_token);
        seen.push(guest.get(&format!("/orders/{}", self.guest)).await.expect(200));
        let admin = shop.admin().await;
        for path in ["/orders?all=true&limit=100", "/inventory", "/users?limit=100&sort=created_at"]
        {
            let answer = admin.get(path).await;
            if path.starts_with("/orders") {
                seen.push(answer.expect(200));
            }
        }
        for path in ["/products?limit=100", "/categories"] {
            seen.push(shop.http.get(path).await.expect(200));
        }
        let mails = admin.get("/notifications/history?limit=100").await.expect(200);
        let mails = mails["items"].as_array().expect("a list");
        // One of them was sent again.
        let mut mails: Vec<_> =
            mails.iter().map(|it| format!("{} {}", it["recipient"], it["subject"])).collect();
        mails.sort();
        seen.push(json!(mails));
        Value::from(seen)
    }
}

/// Brings the files to where a kill could have left them: news of an order is in the outbox, but
/// one consumer has not heard all of it. Returns how many events wait.
async fn lose_a_mail(source: &Place, order: &str) -> i64 {
    let stores = Stores::open(&source.config, &NAMES).await.expect("the files");
    let (orders, notifications) = (stores.get("orders"), stores.get("notifications"));
    let (orders, notifications) = (orders.expect("orders"), notifications.expect("notifications"));
    let told = "SELECT id FROM outbox WHERE subject = $1";
    let told: Vec<(Uuid,)> = orders.query(told).bind(order.to_owned()).all().await.expect("events");
    assert!(!told.is_empty());
    for (event,) in told {
        let lost = notifications.query("DELETE FROM inbox WHERE event_id = $1").bind(event);
        lost.execute().await.expect("one event less");
    }
    let order: Uuid = order.parse().expect("an id");
    for sql in
        ["DELETE FROM messages WHERE order_id = $1", "DELETE FROM heard_orders WHERE order_id = $1"]
    {
        notifications.query(sql).bind(order).execute().await.expect("a mail less");
    }
    execute(orders, "DROP TRIGGER keep").await;
    execute(orders, "UPDATE outbox SET sent_at = NULL, lease_until = time").await;
    let unsent = "SELECT count(*) FROM outbox WHERE sent_at IS NULL";
    let unsent: (i64,) = orders.query(unsent).one().await.expect("a count");
    stores.close().await;
    unsent.0
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

#[on(postgres, flavor = "multi_thread", worker_threads = 2)]
async fn a_transfer_killed_at_any_moment_is_repeated(shape: Shape) {
    let target = shape.place().await;
    let mut source = sqlite();
    source.config.shop.demo = true;
    source.start().await.stop().await;
    let (mut delay, mut killed) = (Duration::from_millis(40), 0);
    loop {
        let mut child = source.command(&source.transfer_to(&target));
        let mut child = child.stdout(std::process::Stdio::null()).spawn().expect("the program");
        tokio::time::sleep(delay).await;
        let ended = child.try_wait().expect("a status");
        child.kill().expect("kill -9");
        child.wait().expect("the end");
        // One that was killed may still be ending at the server, and keeps the next one away.
        if ended.is_some_and(|it| it.success()) {
            break;
        }
        assert!(delay < Duration::from_secs(60), "it never comes to its end: {ended:?}");
        // In small steps, and in larger ones where a machine is so busy that it takes long.
        delay += Duration::from_millis(120).max(delay / 8);
        killed += 1;
    }
    assert!(killed > 3, "nothing was killed in the middle");
    let said = source.says(&source.transfer_to(&target));
    assert_eq!(said.matches("the same as before").count(), DATABASES.len(), "{said}");
    let shop = target.start().await;
    let products = shop.http.get("/products?count=true").await.expect(200);
    assert!(products["total"].as_i64() >= Some(24), "{products}");
    shop.check().await;
    shop.stop().await;
}

/// Every type, every trap of text, and a child that comes before its parent.
const EXTRAS: [&str; 2] = [
    "CREATE TABLE extras (id UUID NOT NULL PRIMARY KEY, parent UUID REFERENCES extras (id),
         number BIGINT, flag BOOLEAN, at TIMESTAMPTZ, text TEXT, bytes BYTEA, data JSONB,
         lease_until TIMESTAMPTZ)",
    "CREATE TABLE positions (lane TEXT NOT NULL, place BIGINT NOT NULL, PRIMARY KEY (lane, place))",
];

#[on(postgres, flavor = "multi_thread", worker_threads = 2)]
async fn tables_nobody_named_are_moved_with_every_type(shape: Shape) {
    let target = shape.place().await;
    let source = sqlite();
    source.start().await.stop().await;
    let stores = Stores::open(&source.config, &["cart"]).await.expect("the files");
    let cart = stores.get("cart").expect("cart");
    for table in EXTRAS {
        execute(cart, table).await;
    }
    execute(
        cart,
        r#"INSERT INTO extras VALUES
           (x'00000000000000000000000000000001', x'00000000000000000000000000000002',
            9223372036854775807, 1, '2026-01-02T12:00:00.000001+00:00',
            'tab' || char(9) || 'line' || char(10) || '\N \. ü €', x'00FF5C',
            '{"b":1e16,"a":[0.1,-0,12345678901234567890,"\u00e9"]}', '2026-01-02T12:00:00+00:00'),
           (x'00000000000000000000000000000002', NULL, -9223372036854775808, 0,
            '1969-12-31T23:59:59.999999+00:00', '', x'', '[]', NULL),
           (x'00000000000000000000000000000003', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)"#,
    )
    .await;
    let lanes = "INSERT INTO positions VALUES ('a', 2), ('a', 10), ('B', 1), ('ä', 1), ('', 1)";
    execute(cart, lanes).await;
    stores.close().await;
    let said = source.fails(&source.transfer_to(&target));
    assert!(said.contains("the table extras exists in SQLite but not in PostgreSQL"), "{said}");
    let moved = Stores::open(&target.config, &["cart"]).await.expect("PostgreSQL");
    for table in EXTRAS {
        execute(moved.get("cart").expect("cart"), table).await;
    }
    moved.close().await;
    assert!(source.says(&source.transfer_to(&target)).contains("moved"));

    let moved = Stores::open(&target.config, &["cart"]).await.expect("PostgreSQL");
    let Connection::Postgres(mut conn) =
        moved.get("cart").expect("cart").connection().await.expect("a connection")
    else {
        panic!("PostgreSQL was asked for")
    };
    let rows: Vec<String> = sqlx::query_scalar(
        "SELECT concat_ws('|', right(CAST(id AS TEXT), 1), right(CAST(parent AS TEXT), 1), number,
                flag, at AT TIME ZONE 'UTC', text, bytes, data, lease_until)
         FROM extras ORDER BY id",
    )
    .fetch_all(&mut *conn)
    .await
    .expect("rows");
    assert_eq!(
        rows[0],
        "1|2|9223372036854775807|t|2026-01-02 12:00:00.000001|tab\tline\n\\N \\. ü €|\\x00ff5c|{\"a\": [0.1, 0, 12345678901234567890, \"é\"], \"b\": 10000000000000000}"
    );
    assert_eq!(rows[1], "2|-9223372036854775808|f|1969-12-31 23:59:59.999999||\\x|[]");
    assert_eq!(rows[2], "3");
    let late = "SELECT count(*) FROM pg_constraint WHERE condeferrable
                AND connamespace = CAST(current_schema() AS regnamespace)";
    let late: i64 = sqlx::query_scalar(late).fetch_one(&mut *conn).await.expect("a count");
    assert_eq!(late, 0, "foreign keys are checked at once again");
}

#[on(postgres, flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_moved_is_named_and_nothing_is_changed(shape: Shape) {
    let target = shape.place().await;
    let source = sqlite();
    let said = source.fails(&source.transfer_to(&target));
    assert!(said.contains("identity.db is missing"), "{said}");
    let said = source.fails(&["transfer", "--from", "x", "--to", "mysql://x"]);
    assert!(said.contains("postgres://") || said.contains("is missing"), "{said}");
    source.start().await.stop().await;

    let newer =
        "INSERT INTO _cart_migrations (version, description, success, checksum, execution_time)
                 VALUES (99, 'later', TRUE, x'00', 0)";
    for (sql, expected) in [
        (newer, "newer schema"),
        ("DELETE FROM _cart_migrations WHERE version = 99", ""),
        ("UPDATE _cart_migrations SET version = -1 WHERE version = 1", "older schema"),
        ("UPDATE _cart_migrations SET version = 1 WHERE version = -1", ""),
    ] {
        let mut files = sqlite();
        files.config = source.config.clone();
        let stores = Stores::open_as_they_are(&files.config, &["cart"]).await.expect("the files");
        execute(stores.get("cart").expect("cart"), sql).await;
        stores.close().await;
        if !expected.is_empty() {
            let said = source.fails(&source.transfer_to(&target));
            assert!(said.contains(expected) && said.contains("cart"), "{said}");
        }
    }

    // Somebody else's rows.
    let stores = Stores::open(&target.config, &NAMES).await.expect("PostgreSQL");
    let cart = stores.get("cart").expect("cart");
    execute(cart, "INSERT INTO carts VALUES (gen_random_uuid(), gen_random_uuid(), NULL, 1, NULL, now(), now())").await;
    stores.close().await;
    let said = source.fails(&source.transfer_to(&target));
    assert!(said.contains("carts has 1 rows in PostgreSQL that are not from a transfer"), "{said}");
    let stores = Stores::open(&target.config, &NAMES).await.expect("PostgreSQL");
    let users = "SELECT count(*) FROM users";
    let identity = stores.get("identity").expect("identity");
    assert_eq!(identity.query(users).one::<(i64,)>().await.expect("a count").0, 0);

    // A value that arrives as another one.
    execute(stores.get("cart").expect("cart"), "DELETE FROM carts").await;
    for sql in [
        "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN NEW.name := upper(NEW.name); RETURN NEW; END $$",
        "CREATE TRIGGER spoil BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION spoil()",
    ] {
        execute(identity, sql).await;
    }
    stores.close().await;
    let said = source.fails(&source.transfer_to(&target));
    assert!(said.contains("users differs") && said.contains("checksums differ"), "{said}");
    let stores = Stores::open(&target.config, &NAMES).await.expect("PostgreSQL");
    let identity = stores.get("identity").expect("identity");
    assert_eq!(identity.query(users).one::<(i64,)>().await.expect("a count").0, 0);
    execute(identity, "DROP FUNCTION spoil CASCADE").await;
    stores.close().await;
    source.says(&source.transfer_to(&target));
}

#[on(postgres, flavor = "multi_thread", worker_threads = 2)]
async fn a_rehearsal_is_replaced_by_the_real_move(shape: Shape) {
    let target = shape.place().await;
    let source = sqlite();
    source.start().await.stop().await;
    source.says(&source.transfer_to(&target));
    let shop = source.start().await;
    shop.product("LAMP-1", 1_999, 5).await;
    shop.customer("ada").await;
    shop.stop().await;
    let said = source.says(&source.transfer_to(&target));
    assert!(said.contains("moved") && said.contains("the same as before"), "{said}");
    let shop = target.start().await;
    assert_eq!(shop.on_hand("LAMP-1").await, 5);
    shop.check().await;
    shop.stop().await;
}
