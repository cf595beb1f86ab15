use chassis::testing::{Database, databases};
use identity::admin::{self, NewAccount};
use serde_json::json;

use super::*;

fn account(email: &str, password: &str, role: &str) -> NewAccount {
    NewAccount {
        email: email.to_owned(),
        password: password.into(),
        name: "Root".to_owned(),
        username: Some("Root".to_owned()),
        roles: vec![role.to_owned()],
    }
}

#[databases]
async fn the_command_line_makes_users_beside_a_running_shop(database: Database) {
    let shop = shop(database).await;
    let (db, clock) = (&shop.platform.db, shop.platform.clock);
    let new = account(" Root@example.com", PASSWORD, "admin");
    let created = admin::create_user(db, clock, new.clone()).await.unwrap();
    assert_eq!(created.email, "root@example.com");
    let tokens = shop.log_in("root", PASSWORD).await.expect(200);
    assert_eq!(tokens["user"]["roles"], json!(["admin"]));
    assert_eq!(tokens["user"]["permissions"].as_array().unwrap().len(), 13);
    assert_eq!(shop.published(created.id).await, ["user.registered"], "{}", shop.kind());
    let again = admin::create_user(db, clock, new).await;
    assert_eq!(again.unwrap_err().code, "email_taken");
}

#[databases]
async fn the_command_line_keeps_the_rules(database: Database) {
    let shop = shop(database).await;
    for (email, password, role, field) in [
        ("root", PASSWORD, "admin", "email"),
        ("root@example.com", "password", "admin", "password"),
        ("root@example.com", "root@example.com", "admin", "password"),
        ("root@example.com", PASSWORD, "king", "roles"),
    ] {
        let new = account(email, password, role);
        let (db, clock) = (&shop.platform.db, shop.platform.clock);
        let problem = admin::create_user(db, clock, new).await.unwrap_err();
        assert_eq!(problem.errors[0].field, field, "{problem}");
    }
}

#[databases]
async fn an_admin_is_made_once(database: Database) {
    let shop = shop(database).await;
    let (db, clock) = (&shop.platform.db, shop.platform.clock);
    let make = |email: &'static str| {
        let db = db.clone();
        tokio::spawn(async move { admin::ensure_admin(&db, clock, email, PASSWORD).await.unwrap() })
    };
    assert!(!admin::has_admin(db).await.unwrap());
    let making = [make("one@example.com"), make("two@example.com"), make("six@example.com")];
    let mut made = Vec::new();
    for making in making {
        made.push(making.await.unwrap());
    }
    assert_eq!(made.iter().filter(|it| **it).count(), 1, "{}", shop.kind());
    let at = made.iter().position(|it| *it).unwrap();
    let tokens = shop.log_in(["one", "two", "six"][at], PASSWORD).await.expect(200);
    assert_eq!(tokens["user"]["roles"], json!(["admin"]));
    assert!(admin::has_admin(db).await.unwrap());
    let more = admin::ensure_admin(db, clock, "more@example.com", PASSWORD).await;
    assert!(!more.unwrap());
}

#[databases]
async fn a_given_password_is_taken(database: Database) {
    let shop = shop(database).await;
    let (db, clock) = (&shop.platform.db, shop.platform.clock);
    let weak = admin::ensure_admin(db, clock, "root@example.com", "weak").await;
    assert_eq!(weak.unwrap_err().errors[0].field, "password");
    assert!(admin::ensure_admin(db, clock, "root@example.com", PASSWORD).await.unwrap());
    shop.log_in("root", PASSWORD).await.expect(200);
}

#[test]
fn an_account_to_be_made_shows_no_password() {
    let shown = format!("{:?}", account("root@example.com", PASSWORD, "admin"));
    assert!(!shown.contains(PASSWORD), "{shown}");
}
