use chassis::testing::{Database, databases};
use serde_json::json;

use super::*;

fn path(person: &Person) -> String {
    format!("/users/{}", person.id)
}

#[databases]
async fn staff_create_users(database: Database) {
    let shop = shop(database).await;
    let admin = shop.with_role("root", "admin").await;
    let body = json!({
        "email": "Bob@example.com", "password": PASSWORD, "name": "Bob", "phone": "+1 202 555 0100",
    });
    let bob = shop.by(&admin, "POST", "/users", body.clone()).await.expect(201);
    assert_eq!((&bob["email"], &bob["roles"]), (&json!("bob@example.com"), &json!(["customer"])));
    shop.log_in("bob", PASSWORD).await.expect(200);
    let again = shop.by(&admin, "POST", "/users", body).await;
    assert_eq!(again.problem(409), "email_taken");

    let clerk = json!({
        "email": "clerk@example.com", "password": PASSWORD, "name": "Clerk",
        "roles": ["staff"], "permissions": ["orders:read", "users:read"],
    });
    let clerk = shop.by(&admin, "POST", "/users", clerk).await.expect(201);
    assert_eq!(clerk["permissions"], json!(["orders:read", "users:read"]));
    let staff = shop.with_role("staff", "staff").await;
    let staff = shop.by(&admin, "GET", &path(&staff), Value::Null).await.expect(200);
    assert_eq!(staff["permissions"].as_array().unwrap().len(), 11);
}

#[databases]
async fn wrong_users_name_their_fields(database: Database) {
    let shop = shop(database).await;
    let admin = shop.with_role("root", "admin").await;
    // Known to no service.
    let body = json!({
        "email": "x@example.com", "password": "violet-harbour-7", "name": "X",
        "roles": ["staff"], "permissions": ["orders:read", "everything"],
    });
    let wrong = wrong_fields(shop.by(&admin, "POST", "/users", body).await);
    assert_eq!(wrong, ["permissions"]);
    let body = json!({
        "email": "x", "password": "password", "name": " ", "username": "a", "phone": "x",
        "roles": [],
    });
    let wrong = wrong_fields(shop.by(&admin, "POST", "/users", body).await);
    assert_eq!(wrong, ["email", "name", "password", "phone", "roles", "username"]);
    let ada = shop.register("ada").await;
    for change in [
        json!({ "permissions": ["orders:read"] }),
        json!({
            "email": "ada@example.com", "name": "Ada", "roles": ["customer"], "active": true,
            "permissions": ["orders:read"],
        }),
    ] {
        let method = if change["email"].is_null() { "PATCH" } else { "PUT" };
        let answer = shop.by(&admin, method, &path(&ada), change).await;
        assert_eq!(wrong_fields(answer), ["permissions"]);
    }
}

#[databases]
async fn users_are_searched_filtered_and_paged(database: Database) {
    let shop = shop(database).await;
    let admin = shop.with_role("root", "admin").await;
    for name in ["ada", "adam", "eve", "a_b"] {
        shop.register(name).await;
    }
    let names = async |query: &str| -> Vec<String> {
        let list = shop.by(&admin, "GET", &format!("/users?{query}"), Value::Null).await;
        let list = list.expect(200);
        let items = list["items"].as_array().unwrap().iter();
        items.map(|it| it["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("").await, ["a_b", "eve", "adam", "ada", "root"]);
    assert_eq!(names("search=ADA").await, ["adam", "ada"]);
    assert_eq!(names("search=eve%40example").await, ["eve"]);
    assert_eq!(names("search=a_b").await, ["a_b"]);
    assert_eq!(names("search=%25").await, [""; 0]);
    assert_eq!(names("role=admin").await, ["root"]);
    assert_eq!(names("active=false").await, [""; 0]);
    assert_eq!(names("role=customer&active=true&search=ada").await, ["adam", "ada"]);

    let first = shop.by(&admin, "GET", "/users?limit=3&count=true", Value::Null).await;
    let first = first.expect(200);
    assert_eq!(first["total"], json!(5));
    let rest = format!("limit=3&cursor={}", first["next_cursor"].as_str().unwrap());
    assert_eq!(names(&rest).await, ["ada", "root"]);
    for jump in ["limit=3&page=2", "limit=10&offset=3"] {
        assert_eq!(names(jump).await, ["ada", "root"], "{jump}");
    }
    let both = shop.by(&admin, "GET", "/users?page=1&offset=0", Value::Null).await;
    assert_eq!(both.problem(422), "validation_failed");
}

#[databases]
async fn users_are_changed_and_replaced(database: Database) {
    let shop = shop(database).await;
    let admin = shop.with_role("root", "admin").await;
    let ada = shop.register("ada").await;
    let change = json!({ "name": "Ada King", "phone": "+1 202 555 0100" });
    let changed = shop.by(&admin, "PATCH", &path(&ada), change).await.expect(200);
    assert_eq!((&changed["name"], &changed["username"]), (&json!("Ada King"), &json!("ada")));
    let whole = json!({
        "email": "ada@example.com", "name": "Ada", "roles": ["staff"], "active": true,
        "permissions": ["catalog:write"],
    });
    let replaced = shop.by(&admin, "PUT", &path(&ada), whole).await.expect(200);
    assert_eq!((&replaced["username"], &replaced["phone"]), (&Value::Null, &Value::Null));
    assert_eq!(replaced["permissions"], json!(["catalog:write"]));
    assert_eq!(shop.by(&admin, "GET", &path(&ada), Value::Null).await.expect(200), replaced);
    let change = json!({ "permissions": null });
    let changed = shop.by(&admin, "PATCH", &path(&ada), change).await.expect(200);
    assert_eq!(changed["permissions"].as_array().unwrap().len(), 11);
}

#[databases]
async fn a_password_set_by_staff_ends_the_sessions(database: Database) {
    let shop = shop(database).await;
    let admin = shop.with_role("root", "admin").await;
    let ada = shop.register("ada").await;
    let change = json!({ "password": "another-harbour-8" });
    shop.by(&admin, "PATCH", &path(&ada), change).await.expect(200);
    assert_eq!(shop.refresh(&ada.refresh).await.problem(401), "session_ended");
    shop.log_in("ada", "another-harbour-8").await.expect(200);
    let same = json!({ "password": "ada@example.com" });
    let refused = shop.by(&admin, "PATCH", &path(&ada), same).await;
    assert_eq!(wrong_fields(refused), ["password"]);
}

#[databases]
async fn a_deleted_user_is_gone(database: Database) {
    let shop = shop(database).await;
    let admin = shop.with_role("root", "admin").await;
    let ada = shop.register("ada").await;
    shop.by(&admin, "DELETE", &path(&ada), Value::Null).await.expect(204);
    for (method, body) in [
        ("GET", Value::Null),
        ("DELETE", Value::Null),
        ("PATCH", json!({})),
        ("PATCH", json!({ "password": "another-harbour-8" })),
    ] {
        let answer = shop.by(&admin, method, &path(&ada), body).await;
        assert_eq!(answer.problem(404), "user_not_found", "{method}");
    }
    assert_eq!(shop.published(ada.id).await, ["user.registered", "user.deleted", "user.closed"]);
    let trust = shop.trust().await["revocations"].clone();
    assert_eq!(trust["users"][ada.id.to_string()], json!(2));
    assert_eq!(trust["sessions"].as_array().unwrap().len(), 1);
    let audit = shop.by(&admin, "GET", &format!("{}/audit", path(&ada)), Value::Null).await;
    let audit = audit.expect(200);
    assert_eq!(audit["items"][0]["action"], "user.deleted");
    assert_eq!(audit["items"][0]["actor"], json!(admin.id));
    shop.register("ada").await;
}

#[databases]
async fn there_is_always_an_admin(database: Database) {
    let shop = shop(database).await;
    let root = shop.with_role("root", "admin").await;
    for (method, body) in [
        ("DELETE", Value::Null),
        ("PATCH", json!({ "active": false })),
        ("PATCH", json!({ "roles": ["staff"] })),
        (
            "PUT",
            json!({
                "email": "root@example.com", "name": "Root", "roles": ["customer"], "active": true,
            }),
        ),
    ] {
        let answer = shop.by(&root, method, &path(&root), body).await;
        assert_eq!(answer.problem(409), "last_admin", "{method}");
    }
    let mine = shop.by(&root, "DELETE", "/users/me", json!({ "password": PASSWORD })).await;
    assert_eq!(mine.problem(409), "last_admin");

    let other = shop.with_role("other", "admin").await;
    shop.by(&root, "PATCH", &path(&other), json!({ "active": false })).await.expect(200);
    let answer = shop.by(&root, "DELETE", &path(&root), Value::Null).await;
    assert_eq!(answer.problem(409), "last_admin");
    shop.by(&root, "PATCH", &path(&other), json!({ "active": true })).await.expect(200);
    shop.by(&root, "DELETE", &path(&root), Value::Null).await.expect(204);
}

#[databases]
async fn two_admins_do_not_remove_each_other(database: Database) {
    let shop = shop(database).await;
    let one = shop.with_role("one", "admin").await;
    let two = shop.with_role("two", "admin").await;
    let demote = |by: &Person, whom: &Person| {
        let call = shop.call("PATCH", &path(whom)).header("authorization", &by.bearer());
        let call = call.json(json!({ "roles": ["customer"] }));
        tokio::spawn(async move { call.await.status.as_u16() })
    };
    let (a, b) = (demote(&one, &two), demote(&two, &one));
    let mut statuses = [a.await.unwrap(), b.await.unwrap()];
    statuses.sort_unstable();
    assert_eq!(statuses[0], 200, "{}", shop.kind());
    assert!(matches!(statuses[1], 401 | 409), "{statuses:?} on {}", shop.kind());
}

#[databases]
async fn nobody_grants_what_they_do_not_have(database: Database) {
    let shop = shop(database).await;
    let root = shop.with_role("root", "admin").await;
    let clerk = shop.clerk(&root, "clerk", &["users:read", "users:write"]).await;
    let ada = shop.register("ada").await;
    for change in [
        json!({ "roles": ["admin"] }),
        json!({ "roles": ["staff"] }),
        json!({ "roles": ["staff"], "permissions": ["users:read", "payments:refund"] }),
    ] {
        let answer = shop.by(&clerk, "PATCH", &path(&ada), change.clone()).await;
        assert_eq!(answer.problem(403), "cannot_grant", "{change}");
        let mut new = json!({ "email": "x@example.com", "password": PASSWORD, "name": "X" });
        for (field, value) in change.as_object().unwrap() {
            new[field] = value.clone();
        }
        let answer = shop.by(&clerk, "POST", "/users", new).await;
        assert_eq!(answer.problem(403), "cannot_grant", "{change}");
    }
    let fine = json!({ "roles": ["staff"], "permissions": ["users:read"] });
    shop.by(&clerk, "PATCH", &path(&ada), fine).await.expect(200);
    // Nor to themselves.
    let answer = shop.by(&clerk, "PATCH", &path(&clerk), json!({ "permissions": null })).await;
    assert_eq!(answer.problem(403), "cannot_grant");
}

#[databases]
async fn nobody_touches_who_may_do_more(database: Database) {
    let shop = shop(database).await;
    let root = shop.with_role("root", "admin").await;
    let staff = shop.with_role("staff", "staff").await;
    let clerk = shop.clerk(&root, "clerk", &["users:read", "users:write"]).await;
    for target in [&root, &staff] {
        for (method, body) in [
            ("PATCH", json!({ "email": "mine@example.com" })),
            ("PATCH", json!({ "password": "another-harbour-8" })),
            ("PATCH", json!({ "roles": ["customer"] })),
            ("DELETE", Value::Null),
        ] {
            let answer = shop.by(&clerk, method, &path(target), body).await;
            assert_eq!(answer.problem(403), "outranked", "{method}");
        }
    }
    shop.log_in("root", PASSWORD).await.expect(200);
}

#[databases]
async fn accounts_of_others_are_for_staff(database: Database) {
    let shop = shop(database).await;
    let root = shop.with_role("root", "admin").await;
    let ada = shop.register("ada").await;
    let staff = shop.with_role("staff", "staff").await;
    let body = json!({ "email": "x@example.com", "password": PASSWORD, "name": "X" });
    for (method, path, body, read) in [
        ("GET", "/users".to_owned(), Value::Null, true),
        ("GET", path(&root), Value::Null, true),
        ("GET", format!("{}/audit", path(&root)), Value::Null, true),
        ("POST", "/users".to_owned(), body, false),
        ("PATCH", path(&ada), json!({}), false),
        ("PUT", path(&ada), json!({}), false),
        ("DELETE", path(&ada), Value::Null, false),
    ] {
        let anybody = shop.call(method, &path).await;
        assert_eq!(anybody.problem(401), "unauthenticated", "{method} {path}");
        let by_customer = shop.by(&ada, method, &path, body.clone()).await;
        assert_eq!(by_customer.problem(403), "forbidden", "{method} {path}");
        let by_staff = shop.by(&staff, method, &path, body).await;
        assert_eq!(by_staff.status.as_u16(), if read { 200 } else { 403 }, "{method} {path}");
    }
    let unknown = format!("/users/{}/audit", Uuid::now_v7());
    let answer = shop.by(&root, "GET", &unknown, Value::Null).await;
    assert_eq!(answer.problem(404), "user_not_found");
}

#[databases]
async fn the_audit_names_fields_and_no_values(database: Database) {
    let shop = shop(database).await;
    let admin = shop.with_role("root", "admin").await;
    let ada = shop.register("ada").await;
    let change = json!({ "email": "secret@example.com", "password": "another-harbour-8" });
    shop.by(&admin, "PATCH", &path(&ada), change).await.expect(200);
    let log = format!("{}/audit?limit=1", path(&ada));
    let audit = shop.by(&admin, "GET", &log, Value::Null).await.expect(200);
    let newest = &audit["items"][0];
    assert_eq!(newest["action"], "user.updated");
    assert_eq!(newest["details"], json!({ "fields": ["email", "password"] }));
    assert_eq!(newest["actor"], json!(admin.id));
    assert!(audit["next_cursor"].is_string());
    assert!(!audit.to_string().contains("secret@") && !audit.to_string().contains("harbour"));
}
