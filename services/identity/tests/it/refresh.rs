use chassis::testing::{Database, databases};
use chrono::TimeDelta;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use super::*;

#[databases]
async fn a_refresh_token_gives_the_next_pair(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    let next = Person::of(&shop.refresh(&ada.refresh).await.expect(200));
    assert_ne!(next.refresh, ada.refresh);
    shop.by(&next, "GET", "/users/me", Value::Null).await.expect(200);
    shop.refresh(&next.refresh).await.expect(200);
}

#[databases]
async fn a_fixed_token_works_until_its_time_is_over(database: Database) {
    let shop = shop(database).await;
    shop.register("ada").await;
    let login = json!({
        "username": "ada", "password": PASSWORD, "fixed_refresh_token": true
    });
    let log_in = async || Person::of(&shop.post("/auth/login", login.clone()).await.expect(200));
    let (ada, elsewhere) = (log_in().await, log_in().await);
    for seconds in [1, 60, 3_600, 86_400] {
        let later = shop.later(TimeDelta::seconds(seconds)).await;
        let next = Person::of(&later.refresh(&ada.refresh).await.expect(200));
        assert_eq!(next.refresh, ada.refresh);
        later.by(&next, "GET", "/users/me", Value::Null).await.expect(200);
    }
    // Its use does not prolong it.
    let later = shop.later(TimeDelta::days(30)).await;
    assert_eq!(later.refresh(&ada.refresh).await.problem(401), "refresh_token_expired");
    // Who logs out takes it along, and no other.
    shop.by(&ada, "POST", "/auth/logout", Value::Null).await.expect(204);
    assert_eq!(shop.refresh(&ada.refresh).await.problem(401), "session_ended");
    shop.refresh(&elsewhere.refresh).await.expect(200);
}

#[databases]
async fn a_spent_token_that_comes_back_ends_the_session(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    let next = Person::of(&shop.refresh(&ada.refresh).await.expect(200));
    let later = shop.later(TimeDelta::seconds(11)).await;
    assert_eq!(later.refresh(&ada.refresh).await.problem(401), "refresh_token_reused");
    assert_eq!(later.refresh(&next.refresh).await.problem(401), "session_ended");
    let me = later.by(&next, "GET", "/users/me", Value::Null).await;
    assert_eq!(me.problem(401), "token_revoked");
    let told: Vec<String> = shop.events().await.into_iter().map(|it| it.kind).collect();
    let expected = ["user.registered", "session.revoked", "session.refresh_token_reused"];
    assert_eq!(told, expected, "{}", shop.kind());
    // Other sessions go on.
    shop.log_in("ada", PASSWORD).await.expect(200);
}

#[databases]
async fn a_lost_answer_can_be_asked_for_again(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    let lost = Person::of(&shop.refresh(&ada.refresh).await.expect(200));
    let later = shop.later(TimeDelta::seconds(10)).await;
    let again = Person::of(&later.refresh(&ada.refresh).await.expect(200));
    assert_eq!(again.refresh, lost.refresh);
    later.refresh(&again.refresh).await.expect(200);
}

#[databases]
async fn a_spent_token_is_not_tolerated_once_its_successor_was_used(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    let next = Person::of(&shop.refresh(&ada.refresh).await.expect(200));
    shop.refresh(&next.refresh).await.expect(200);
    assert_eq!(shop.refresh(&ada.refresh).await.problem(401), "refresh_token_reused");
}

#[databases]
async fn who_copies_a_token_in_time_shares_its_branch_and_is_noticed(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    let own = Person::of(&shop.refresh(&ada.refresh).await.expect(200));
    let thief = Person::of(&shop.refresh(&ada.refresh).await.expect(200));
    assert_eq!(own.refresh, thief.refresh);
    let later = shop.later(TimeDelta::minutes(5)).await;
    let own = Person::of(&later.refresh(&own.refresh).await.expect(200));
    let thief = Person::of(&later.refresh(&thief.refresh).await.expect(200));
    assert_eq!(own.refresh, thief.refresh);
    let next = Person::of(&later.refresh(&own.refresh).await.expect(200));
    let later = later.later(TimeDelta::seconds(11)).await;
    assert_eq!(later.refresh(&thief.refresh).await.problem(401), "refresh_token_reused");
    assert_eq!(later.refresh(&next.refresh).await.problem(401), "session_ended");
}

/// Two parties with copies of one token use what they have in any order, at any time, at once.
#[databases]
async fn whatever_two_parties_do_there_is_one_branch(database: Database) {
    for seed in 0..6 {
        let shop = shop(database).await;
        let mut random = StdRng::seed_from_u64(seed);
        let ada = shop.register("ada").await;
        let mut now = TimeDelta::zero();
        let mut held = vec![ada.refresh.clone()];
        for _ in 0..10 {
            now += TimeDelta::seconds(random.random_range(0..6));
            let at = shop.later(now).await;
            // Mostly the newest one, by one party or by both, sometimes an older one.
            let newest = held.len() - 1;
            let older = newest.saturating_sub(random.random_range(0..3));
            let used = if random.random_bool(0.7) { newest } else { older };
            let calls = random.random_range(1..4);
            let uses = (0..calls).map(|_| at.refresh(&held[used]));
            let mut given = BTreeSet::new();
            for answer in futures::future::join_all(uses).await {
                match answer.status.as_u16() {
                    200 => drop(given.insert(Person::of(&answer.body).refresh)),
                    401 => {}
                    _ => panic!("{answer:?} with seed {seed} on {}", shop.kind()),
                }
            }
            assert!(given.len() <= 1, "seed {seed} on {}", shop.kind());
            held.extend(given.into_iter().filter(|it| !held.contains(it)).collect::<Vec<_>>());
        }
        // Whoever has kept anything tries it, and comes back with what it gave.
        held.shuffle(&mut random);
        let mut live = 0;
        for token in held {
            now += TimeDelta::minutes(1);
            live += i32::from(shop.later(now).await.refresh(&token).await.status == 200);
        }
        assert!(live <= 1, "{live} branches with seed {seed} on {}", shop.kind());
    }
}

#[databases]
async fn refreshing_at_once_gives_everybody_the_same_token(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    let refresh = |_| {
        let body = json!({ "refresh_token": ada.refresh });
        let call = shop.call("POST", "/auth/refresh").json(body);
        tokio::spawn(async move { Person::of(&call.await.expect(200)) })
    };
    let mut given = BTreeSet::new();
    for answer in (0..20).map(refresh).collect::<Vec<_>>() {
        given.insert(answer.await.unwrap().refresh);
    }
    assert_eq!(given.len(), 1, "{}", shop.kind());
    shop.refresh(given.first().unwrap()).await.expect(200);
}

#[databases]
async fn an_unused_session_ends_after_thirty_days(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    let just = shop.later(TimeDelta::days(30) - TimeDelta::seconds(1)).await;
    let next = Person::of(&just.refresh(&ada.refresh).await.expect(200));
    let too_late = just.later(TimeDelta::days(30)).await;
    let refused = too_late.refresh(&next.refresh).await;
    assert_eq!(refused.problem(401), "refresh_token_expired");
}

#[databases]
async fn nonsense_is_not_a_refresh_token(database: Database) {
    let shop = shop(database).await;
    let ada = shop.register("ada").await;
    for token in ["", "nonsense", &ada.access[..500]] {
        assert_eq!(shop.refresh(token).await.problem(401), "refresh_token_invalid");
    }
    assert_eq!(wrong_fields(shop.refresh(&"x".repeat(513)).await), ["refresh_token"]);
}

#[databases]
async fn a_refreshed_token_carries_the_rights_of_now(database: Database) {
    let shop = shop(database).await;
    let admin = shop.with_role("root", "admin").await;
    let ada = shop.register("ada").await;
    let path = format!("/users/{}", ada.id);
    shop.by(&admin, "PATCH", &path, json!({ "roles": ["staff"] })).await.expect(200);
    let me = shop.by(&ada, "GET", "/users/me", Value::Null).await;
    assert_eq!(me.problem(401), "token_revoked");
    let ada = Person::of(&shop.refresh(&ada.refresh).await.expect(200));
    shop.by(&ada, "GET", "/users", Value::Null).await.expect(200);
}
