use chassis::db::Json;
use chassis::db::{Db, Error};
use chassis::id;
use chassis::testing::{Database, databases, noon};
use chrono::TimeDelta;
use contracts::identity::Purpose;
use contracts::language::Language;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::keys::StoredKey;
use crate::model::{Role, User};
use crate::passwords::PasswordHash;

fn user(name: &str) -> User {
    User {
        id: id::new(),
        email: format!("{name}@example.com"),
        email_verified_at: Some(noon()),
        username: Some(name.to_owned()),
        name: name.to_owned(),
        phone: Some("+1 555 0100".to_owned()),
        language: Language::parse("de"),
        roles: Json([Role::Staff, Role::Customer].into()),
        permissions: Some(Json(["orders:read".into()].into())),
        active: true,
        token_version: 1,
        token_version_at: None,
        version: 1,
        created_at: noon(),
        updated_at: noon(),
        last_login_at: None,
    }
}

async fn add(db: &Db, user: &User) {
    let hash = PasswordHash::from("hash".to_owned());
    let mut tx = db.begin().await.unwrap();
    insert_user(&mut tx, user, Some(&hash)).await.unwrap();
    tx.commit().await.unwrap();
}

fn session(user: &User, expires: TimeDelta) -> Session {
    Session {
        id: id::new(),
        user_id: user.id,
        user_agent: None,
        address: Some("192.0.2.1".to_owned()),
        created_at: noon(),
        last_used_at: noon(),
        expires_at: noon() + expires,
        ended_at: None,
        fixed: false,
    }
}

fn token(session: &Session, hash: &[u8], parent: Option<&[u8]>) -> RefreshToken {
    RefreshToken {
        hash: hash.to_vec(),
        session_id: session.id,
        parent: parent.map(<[u8]>::to_vec),
        expires_at: session.expires_at,
        spent_at: None,
        successor: None,
    }
}

#[databases]
async fn a_user_comes_back_as_it_went_in(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let db = &platform.db;
    let mut ada = user("ada");
    add(db, &ada).await;
    assert_eq!(find_user(db, ada.id).await.unwrap(), Some(ada.clone()));
    for login in [Login::Email(ada.email.clone()), Login::Username("ada".to_owned())] {
        assert_eq!(credentials(db, &login).await.unwrap().unwrap().user, ada);
    }
    let mut tx = db.begin().await.unwrap();
    assert_eq!(lock_user(&mut tx, ada.id).await.unwrap(), Some(ada.clone()));
    ada.username = None;
    ada.permissions = None;
    ada.roles = Json([Role::Admin].into());
    ada.active = false;
    ada.void_tokens(noon());
    ada.touch(noon() + TimeDelta::seconds(1));
    save_user(&mut tx, &ada).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(find_user(db, ada.id).await.unwrap(), Some(ada.clone()));
    assert_eq!(find_user(db, id::new()).await.unwrap(), None);
}

#[databases]
async fn an_address_and_a_username_are_unique(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    add(&platform.db, &user("ada")).await;
    let same_email = User { username: Some("other".to_owned()), ..user("ada") };
    let same_name = User { email: "other@example.com".to_owned(), ..user("ada") };
    for (twin, field) in [(same_email, "email"), (same_name, "username")] {
        let mut tx = platform.db.begin().await.unwrap();
        match insert_user(&mut tx, &twin, None).await {
            Err(Error::Duplicate(source)) => {
                let source = source.to_string();
                assert_eq!(source.contains("username"), field == "username", "{source}");
            }
            other => panic!("{other:?} on {}", platform.kind),
        }
    }
}

#[databases]
async fn a_hash_is_upgraded_unless_it_changed(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let (db, ada) = (&platform.db, user("ada"));
    add(db, &ada).await;
    let hash = |text: &str| PasswordHash::from(text.to_owned());
    let mut tx = db.begin().await.unwrap();
    upgrade_password(&mut tx, ada.id, &hash("other"), &hash("lost")).await.unwrap();
    upgrade_password(&mut tx, ada.id, &hash("hash"), &hash("better")).await.unwrap();
    logged_in(&mut tx, ada.id, noon()).await.unwrap();
    tx.commit().await.unwrap();
    let found = credentials_of(db, ada.id).await.unwrap().unwrap();
    assert!(found.password_hash == Some(hash("better")));
    assert_eq!(found.user.last_login_at, Some(noon()));
    let mut tx = db.begin().await.unwrap();
    set_password(&mut tx, ada.id, &hash("new")).await.unwrap();
    tx.commit().await.unwrap();
    let found = credentials_of(db, ada.id).await.unwrap().unwrap();
    assert!(found.password_hash == Some(hash("new")));
}

#[databases]
async fn an_erased_user_cannot_be_found(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let (db, ada) = (&platform.db, user("ada"));
    add(db, &ada).await;
    let mut tx = db.begin().await.unwrap();
    erase_user(&mut tx, &ada, &[], noon()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(find_user(db, ada.id).await.unwrap(), None);
    assert!(credentials_of(db, ada.id).await.unwrap().is_none());
    let login = Login::Email(ada.email.clone());
    assert!(credentials(db, &login).await.unwrap().is_none());
    assert_eq!(count_users(db, &Filter::default()).await.unwrap(), 0);
    let mut tx = db.begin().await.unwrap();
    assert_eq!(lock_user(&mut tx, ada.id).await.unwrap(), None);
    drop(tx);
    add(db, &user("ada")).await;
}

#[databases]
async fn users_are_listed_newest_first(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let db = &platform.db;
    let mut all = ["ada", "Bob", "c%d"].map(user);
    all[1].roles = Json([Role::Admin].into());
    all[2].active = false;
    for it in &all {
        add(db, it).await;
    }
    let list = async |filter: Filter, after: Option<Uuid>| -> Vec<String> {
        let count = count_users(db, &filter).await.unwrap();
        let users = list_users(db, &filter, (after, 0), 10).await.unwrap();
        assert!(after.is_some() || count == users.len() as i64, "{filter:?}");
        users.into_iter().map(|it| it.name).collect()
    };
    let search = |text: &str| Filter { search: Some(text.to_owned()), ..Filter::default() };
    let role = |role: Role| Filter { role: Some(role), ..Filter::default() };
    let active = |active: bool| Filter { active: Some(active), ..Filter::default() };
    assert_eq!(list(Filter::default(), None).await, ["c%d", "Bob", "ada"]);
    assert_eq!(list(Filter::default(), Some(all[1].id)).await, ["ada"]);
    assert_eq!(list(search("BO"), None).await, ["Bob"]);
    assert_eq!(list(search("%"), None).await, ["c%d"]);
    assert_eq!(list(search("_"), None).await, [""; 0]);
    assert_eq!(list(search("\\"), None).await, [""; 0]);
    assert_eq!(list(role(Role::Admin), None).await, ["Bob"]);
    assert_eq!(list(role(Role::Staff), None).await, ["c%d", "ada"]);
    assert_eq!(list(active(false), None).await, ["c%d"]);
}

#[databases]
async fn admins_are_counted(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let db = &platform.db;
    let mut all = ["ada", "bob", "cid"].map(user);
    for it in &mut all[..2] {
        it.roles = Json([Role::Admin].into());
    }
    all[1].active = false;
    for it in &all {
        add(db, it).await;
    }
    assert_eq!(count_admins(db).await.unwrap(), 2);
    let mut tx = db.begin().await.unwrap();
    lock_admins(&mut tx).await.unwrap();
    assert_eq!(count_other_admins(&mut tx, all[0].id).await.unwrap(), 0);
    assert_eq!(count_other_admins(&mut tx, all[2].id).await.unwrap(), 1);
}

#[databases]
async fn who_may_remove_an_admin_waits_for_who_does(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let db = platform.db.clone();
    let [mut ada, bob] =
        ["ada", "bob"].map(|name| User { roles: Json([Role::Admin].into()), ..user(name) });
    add(&db, &ada).await;
    add(&db, &bob).await;
    let mut tx = db.begin().await.unwrap();
    lock_admins(&mut tx).await.unwrap();
    ada.roles = Json([Role::Customer].into());
    save_user(&mut tx, &ada).await.unwrap();
    let other = tokio::spawn(async move {
        let mut tx = db.begin().await.unwrap();
        lock_admins(&mut tx).await.unwrap();
        count_other_admins(&mut tx, bob.id).await.unwrap()
    });
    // For the other one to get to the lock; it must not count before the first one is done.
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert!(!other.is_finished(), "{}", platform.kind);
    tx.commit().await.unwrap();
    assert_eq!(other.await.unwrap(), 0, "{}", platform.kind);
}

#[databases]
async fn a_session_comes_back_until_it_ends(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let (db, ada) = (&platform.db, user("ada"));
    add(db, &ada).await;
    let hour = TimeDelta::hours(1);
    let mut all = [hour, hour, hour, -hour].map(|it| session(&ada, it));
    let mut tx = db.begin().await.unwrap();
    for it in &all {
        insert_session(&mut tx, it).await.unwrap();
    }
    all[0].user_agent = Some("Phone".to_owned());
    all[0].last_used_at = noon() + hour / 2;
    touch_session(&mut tx, &all[0]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(find_session(db, all[0].id).await.unwrap(), Some(all[0].clone()));
    let live = list_sessions(db, ada.id, None, 10, noon()).await.unwrap();
    assert_eq!(live, [all[2].clone(), all[1].clone(), all[0].clone()]);
    let rest = list_sessions(db, ada.id, Some(all[2].id), 1, noon()).await.unwrap();
    assert_eq!(rest, [all[1].clone()]);

    let mut tx = db.begin().await.unwrap();
    let surplus = surplus_sessions(&mut tx, ada.id, 2, noon()).await.unwrap();
    assert_eq!(surplus, [all[0].id]);
    assert!(!end_session(&mut tx, id::new(), all[0].id, noon()).await.unwrap());
    assert!(end_session(&mut tx, ada.id, all[0].id, noon()).await.unwrap());
    assert!(!end_session(&mut tx, ada.id, all[0].id, noon()).await.unwrap());
    assert!(!end_session(&mut tx, ada.id, all[3].id, noon()).await.unwrap());
    let ended = end_sessions(&mut tx, ada.id, Some(all[1].id), noon()).await.unwrap();
    assert_eq!(ended, [all[2].id]);
    tx.commit().await.unwrap();
    assert_eq!(list_sessions(db, ada.id, None, 10, noon()).await.unwrap(), [all[1].clone()]);
}

#[databases]
async fn a_refresh_token_is_spent_once(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let (db, ada) = (&platform.db, user("ada"));
    add(db, &ada).await;
    let session = session(&ada, TimeDelta::hours(1));
    let mut tx = db.begin().await.unwrap();
    insert_session(&mut tx, &session).await.unwrap();
    insert_refresh_token(&mut tx, &token(&session, b"one", None)).await.unwrap();
    assert!(spend_refresh_token(&mut tx, b"one", b"sealed", noon()).await.unwrap());
    assert!(!spend_refresh_token(&mut tx, b"one", b"other", noon()).await.unwrap());
    assert!(!spend_refresh_token(&mut tx, b"none", b"sealed", noon()).await.unwrap());
    insert_refresh_token(&mut tx, &token(&session, b"two", Some(b"one"))).await.unwrap();
    tx.commit().await.unwrap();
    let successor = Some(b"sealed".to_vec());
    let spent = RefreshToken { spent_at: Some(noon()), successor, ..token(&session, b"one", None) };
    assert_eq!(find_refresh_token(db, b"one").await.unwrap(), Some(spent.clone()));
    let mut tx = db.begin().await.unwrap();
    forget_successor(&mut tx, b"one").await.unwrap();
    tx.commit().await.unwrap();
    let spent = RefreshToken { successor: None, ..spent };
    assert_eq!(find_refresh_token(db, b"one").await.unwrap(), Some(spent));
    // There is never a second one that could be used.
    let mut tx = db.begin().await.unwrap();
    let second = insert_refresh_token(&mut tx, &token(&session, b"three", Some(b"one"))).await;
    assert!(second.is_err(), "{}", platform.kind);
}

#[databases]
async fn of_the_tokens_of_before_the_newest_lives_on(database: Database) {
    const BEFORE: i64 = 3;
    let platform = database.platform(crate::MIGRATIONS).await;
    let (db, ada) = (&platform.db, user("ada"));
    add(db, &ada).await;
    db.migrate_down(crate::MIGRATIONS, "identity", BEFORE).await.unwrap();
    let session = session(&ada, TimeDelta::hours(1));
    let mut tx = db.begin().await.unwrap();
    insert_session(&mut tx, &session).await.unwrap();
    for (hash, minutes) in [(b"one", 1), (b"two", 3), (b"six", 3), (b"ten", 2)] {
        let expires_at = noon() + TimeDelta::minutes(minutes);
        let token = RefreshToken { expires_at, ..token(&session, hash, Some(b"zero")) };
        insert_refresh_token(&mut tx, &token).await.unwrap();
    }
    tx.commit().await.unwrap();
    db.migrate(crate::MIGRATIONS).await.unwrap();
    for (hash, live) in [(b"one", false), (b"two", true), (b"six", false), (b"ten", false)] {
        let found = find_refresh_token(db, hash).await.unwrap().unwrap();
        assert_eq!(found.spent_at.is_none(), live, "{hash:?} on {}", platform.kind);
        assert_eq!(found.successor, None);
    }
}

#[databases]
async fn what_no_longer_counts_is_listed_for_a_while(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let (db, mut ada) = (&platform.db, user("ada"));
    ada.void_tokens(noon());
    add(db, &ada).await;
    add(db, &user("eve")).await;
    let session = session(&ada, TimeDelta::hours(1));
    let mut tx = db.begin().await.unwrap();
    insert_session(&mut tx, &session).await.unwrap();
    end_session(&mut tx, ada.id, session.id, noon()).await.unwrap();
    tx.commit().await.unwrap();
    let listed = revocations(db, noon() - TimeDelta::seconds(1)).await.unwrap();
    assert_eq!(listed.sessions, [session.id].into());
    assert_eq!(listed.users, [(ada.id, 2)].into());
    assert_eq!(revocations(db, noon()).await.unwrap(), Default::default());
}

#[databases]
async fn there_is_one_first_key(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let db = &platform.db;
    let key = |at| StoredKey::make(at).unwrap();
    let first = key(noon());
    insert_first_key(db, &first).await.unwrap();
    insert_first_key(db, &key(noon())).await.unwrap();
    assert_eq!(keys(db, noon()).await.unwrap(), [first]);
}

#[databases]
async fn a_one_time_token_is_taken_once(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let (db, ada) = (&platform.db, user("ada"));
    add(db, &ada).await;
    let token = |purpose, hash: &[u8]| OneTimeToken {
        user_id: ada.id,
        purpose,
        hash: hash.to_vec(),
        email: ada.email.clone(),
        expires_at: noon() + TimeDelta::hours(1),
    };
    let (reset, verify) = (Purpose::ResetPassword, Purpose::VerifyEmail);
    insert_one_time_token(db, &token(reset, b"old")).await.unwrap();
    insert_one_time_token(db, &token(reset, b"new")).await.unwrap();
    insert_one_time_token(db, &token(verify, b"mail")).await.unwrap();
    let owner =
        async |purpose, hash: &[u8], at| one_time_token_owner(db, purpose, hash, at).await.unwrap();
    assert_eq!(owner(reset, b"old", noon()).await, None);
    assert_eq!(owner(verify, b"new", noon()).await, None);
    assert_eq!(owner(reset, b"new", noon() + TimeDelta::hours(1)).await, None);
    assert_eq!(owner(reset, b"new", noon()).await, Some(ada.id));
    let mut tx = db.begin().await.unwrap();
    let taken = take_one_time_token(&mut tx, reset, b"new", noon()).await.unwrap();
    assert_eq!(taken, Some((ada.id, ada.email.clone())));
    assert_eq!(take_one_time_token(&mut tx, reset, b"new", noon()).await.unwrap(), None);
    delete_one_time_tokens(&mut tx, ada.id).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(owner(verify, b"mail", noon()).await, None);
}

#[databases]
async fn attempts_are_counted_in_their_window(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let db = &platform.db;
    let attempt = |account: &str, seconds: i64, kind| Attempt {
        id: id::new(),
        kind,
        account: account.to_owned(),
        network: "192.0.2.0/24".to_owned(),
        address: Some("192.0.2.1".to_owned()),
        at: noon() + TimeDelta::seconds(seconds),
    };
    for (account, seconds) in [("ada", 0), ("ada", 1), ("eve", 2)] {
        insert_attempt(db, &attempt(account, seconds, Kind::Login)).await.unwrap();
    }
    let since = noon() - TimeDelta::seconds(1);
    let on =
        async |kind, since, nth| attempt_on_account(db, kind, "ada", since, nth).await.unwrap();
    let from =
        async |kind, nth| attempt_from_address(db, kind, "192.0.2.1", since, nth).await.unwrap();
    let second = |n| Some(noon() + TimeDelta::seconds(n));
    assert_eq!(on(Kind::Login, since, 1).await, second(1));
    assert_eq!(on(Kind::Login, since, 2).await, second(0));
    assert_eq!(on(Kind::Login, since, 3).await, None);
    assert_eq!(on(Kind::Login, noon(), 2).await, None);
    assert_eq!(on(Kind::Reset, since, 1).await, None);
    assert_eq!(from(Kind::Login, 3).await, second(0));
    assert_eq!(from(Kind::Reset, 1).await, None);
    let near = async |network, nth| failure_from(db, "ada", network, since, nth).await.unwrap();
    assert_eq!(near("192.0.2.0/24", 2).await, second(0));
    assert_eq!(near("192.0.2.0/24", 3).await, None);
    assert_eq!(near("198.51.100.0/24", 1).await, None);
    let count = async |since, most| count_attempts(db, "ada", since, most).await.unwrap();
    assert_eq!((count(since, 9).await, count(since, 1).await, count(noon(), 9).await), (2, 1, 1));
    let mut tx = db.begin().await.unwrap();
    forgive(&mut tx, "ada", "198.51.100.0/24").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(on(Kind::Login, since, 1).await, second(1));
    let mut tx = db.begin().await.unwrap();
    forgive(&mut tx, "ada", "192.0.2.0/24").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(on(Kind::Login, since, 1).await, None);
    assert_eq!((from(Kind::Login, 1).await, from(Kind::Login, 2).await), (second(2), None));
}

#[databases]
async fn devices_are_known_by_who_used_them_for_a_while(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let (db, ada, eve) = (&platform.db, user("ada"), user("eve"));
    add(db, &ada).await;
    add(db, &eve).await;
    let mut tx = db.begin().await.unwrap();
    for (hash, minutes) in [(b"one", 1), (b"two", 2), (b"ten", 3)] {
        let until = noon() + TimeDelta::minutes(minutes);
        insert_device(&mut tx, hash, ada.id, until).await.unwrap();
    }
    insert_device(&mut tx, b"one", eve.id, noon() + TimeDelta::minutes(9)).await.unwrap();
    trim_devices(&mut tx, ada.id, 2).await.unwrap();
    assert!(device_exists(&mut tx, b"one", noon()).await.unwrap());
    assert!(!device_exists(&mut tx, b"six", noon()).await.unwrap());
    tx.commit().await.unwrap();
    let known = async |hash: &[u8], who: &User, minutes| {
        let now = noon() + TimeDelta::minutes(minutes);
        is_device_of(db, hash, who.id, now).await.unwrap()
    };
    assert!(!known(b"one", &ada, 0).await && known(b"one", &eve, 0).await);
    assert!(known(b"two", &ada, 1).await && !known(b"two", &ada, 2).await);
    assert_eq!(tidy_devices(db, noon() + TimeDelta::minutes(5)).await.unwrap(), 2);
    assert!(known(b"one", &eve, 0).await);
}

#[databases]
async fn hashes_of_other_shops_are_known_to_be_there(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let (db, ada) = (&platform.db, user("ada"));
    let hash = |text: &str| PasswordHash::from(text.to_owned());
    let (ours, other) = (hash("$argon2id$v=19$x"), hash("pbkdf2_sha256$1$x$y"));
    let mut tx = db.begin().await.unwrap();
    insert_user(&mut tx, &user("eve"), None).await.unwrap();
    insert_user(&mut tx, &ada, Some(&ours)).await.unwrap();
    assert!(!has_foreign_hash(&mut tx).await.unwrap());
    set_password(&mut tx, ada.id, &other).await.unwrap();
    assert!(has_foreign_hash(&mut tx).await.unwrap(), "{}", platform.kind);
    upgrade_password(&mut tx, ada.id, &other, &ours).await.unwrap();
    assert!(!has_foreign_hash(&mut tx).await.unwrap());
}

#[databases]
async fn an_audit_entry_comes_back_as_it_went_in(database: Database) {
    let platform = database.platform(crate::MIGRATIONS).await;
    let db = &platform.db;
    let (ada, actor) = (id::new(), id::new());
    let mut tx = db.begin().await.unwrap();
    for (action, actor) in [("user.created", None), ("user.updated", Some(actor))] {
        note(&mut tx, actor, action, ada, json!({ "fields": ["name"] }), noon()).await.unwrap();
    }
    tx.commit().await.unwrap();
    let entries = list_audit(db, ada, None, 10).await.unwrap();
    assert_eq!(entries[0].action, "user.updated");
    assert_eq!(entries[0].actor, Some(actor));
    assert_eq!(entries[0].details.0, json!({ "fields": ["name"] }));
    let rest = list_audit(db, ada, Some(entries[0].id), 10).await.unwrap();
    assert_eq!(rest, entries[1..]);
}
