//! From the request of a provider to what the service does about it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use axum::Router;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::sync::Barrier;
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

use super::worker::{ATTEMPTS, LONGEST_PAUSE};
use super::*;
use crate::bus::Bus;
use crate::db::Session;
use crate::extract::LARGE_BODY;
use crate::outbox::Relay;
use crate::service::{Platform, Service};
use crate::testing::{
    Answer, CHASSIS_ONLY, Database, User, apply_webhooks, call, databases, eventually, in_time,
    noon, on,
};

const SECRET: &str = "of the bell and the shop";
/// The subject that is never applied to an end.
const STUCK: &str = "stuck";

/// Hears bells: those of `chime` are signed, `gong` cannot be verified now, `horn` is not used.
#[derive(Clone, Default)]
struct Ears {
    applied: Arc<Mutex<Vec<String>>>,
    running: Arc<Mutex<BTreeSet<String>>>,
    deaf: Arc<AtomicBool>,
    /// How many must be applied at once for any to come to its end.
    together: Option<Arc<Barrier>>,
    panics: Arc<AtomicU64>,
}

impl WebhookHandler for Ears {
    fn read<'a>(
        &'a self,
        provider: &'a str,
        headers: &'a HeaderMap,
        body: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<Notice>, WebhookError>> {
        Box::pin(async move {
            match provider {
                "chime" => notices(headers, body),
                "gong" => Err(WebhookError::Unverifiable("no certificate")),
                _ => Err(WebhookError::NotConfigured),
            }
        })
    }

    fn apply<'a>(
        &'a self,
        provider: &'a str,
        notice: &'a Notice,
    ) -> BoxFuture<'a, Result<Applied, BoxError>> {
        assert_eq!(provider, "chime");
        let subject = notice.subject.clone().expect("only those with a subject");
        if subject == "panics" {
            self.panics.fetch_add(1, Ordering::SeqCst);
            panic!("before there is a future");
        }
        Box::pin(async move {
            assert_ne!(subject, "panics later", "within the future");
            if subject == STUCK {
                std::future::pending::<()>().await;
            }
            if self.deaf.load(Ordering::SeqCst) && subject == "loud" {
                return Err("too loud".into());
            }
            assert!(
                self.running.lock().insert(notice.id.clone()),
                "{} is applied twice",
                notice.id
            );
            if let Some(together) = &self.together {
                together.wait().await;
            }
            self.running.lock().remove(&notice.id);
            self.applied.lock().push(notice.id.clone());
            Ok(if notice.kind == "unheard" { Applied::Ignored } else { Applied::Done })
        })
    }
}

/// What the bell says, if it is the bell.
fn notices(headers: &HeaderMap, body: &[u8]) -> Result<Vec<Notice>, WebhookError> {
    let text = |name: &str| headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default();
    if text("x-signature") != signature(body) {
        return Err(WebhookError::Rejected("forged"));
    }
    let unreadable = |_| WebhookError::Rejected("unreadable");
    let body: Value = serde_json::from_slice(body).map_err(unreadable)?;
    if body["stale"] == true {
        return Err(WebhookError::Rejected("stale"));
    }
    let events = body["events"].as_array().ok_or(WebhookError::Rejected("foreign"))?;
    let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
    let notice = |it: &Value| Notice {
        id: text(&it["id"]),
        kind: text(&it["type"]),
        subject: it["subject"].as_str().map(str::to_owned),
        payload: json!({ "tone": it["tone"] }),
    };
    Ok(events.iter().map(notice).collect())
}

fn signature(body: &[u8]) -> String {
    let digest = Sha256::new().chain_update(SECRET).chain_update(body).finalize();
    digest.iter().map(|it| format!("{it:02x}")).collect()
}

fn event(id: &str, subject: Option<&str>) -> Value {
    json!({ "id": id, "type": "bell.rang", "subject": subject, "tone": "a", "ringer": "Ada" })
}

fn service(platform: &Platform, ears: &Ears) -> Service {
    let api = OpenApiRouter::new().merge(router(&["chime", "gong", "horn"]));
    Service::new("bell", platform, api).webhooks(ears.clone())
}

async fn send(router: &Router, provider: &str, body: impl Into<String>) -> Answer {
    let body = body.into();
    let path = format!("/api/v1/webhooks/{provider}");
    let signature = signature(body.as_bytes());
    call(router, "POST", &path).header("x-signature", &signature).body(body).await
}

async fn ring(router: &Router, events: &[Value]) {
    let body = json!({ "events": events }).to_string();
    assert_eq!(send(router, "chime", body).await.expect(200), json!({}));
}

/// All there are, by the id of their event.
async fn stored(platform: &Platform) -> BTreeMap<String, Webhook> {
    let all = list(&platform.db, &WebhookFilter::default(), 1_000).await.expect("a list");
    all.into_iter().map(|it| (it.event_id.clone(), it)).collect()
}

/// The webhooks of the service when it is so late.
fn at(service: &Service, time: DateTime<Utc>) -> Webhooks {
    let webhooks = service.webhooks.clone().expect("it takes some");
    Webhooks { clock: Clock::Fixed(time), ..webhooks }
}

#[databases]
async fn a_webhook_is_stored_and_applied_once_however_often_it_comes(database: Database) {
    let platform = database.platform(CHASSIS_ONLY).await;
    let ears = Ears::default();
    let service = service(&platform, &ears);
    let (one, two) = (event("1", Some("7")), event("2", Some("8")));
    for events in [&[one.clone()][..], &[one.clone(), two.clone(), one.clone()], &[]] {
        ring(&service.router, events).await;
    }
    assert!(ears.applied.lock().is_empty(), "the answer does not wait for that");
    let first = stored(&platform).await;
    assert_eq!(first.len(), 2, "{}", platform.kind);
    assert_eq!(first["1"].status, WebhookStatus::Pending);
    assert_eq!(first["1"].payload, json!({ "tone": "a" }), "the ringer is nobody's business");
    apply_webhooks(&service).await;
    ring(&service.router, &[two, one]).await;
    apply_webhooks(&service).await;
    ears.applied.lock().sort();
    assert_eq!(*ears.applied.lock(), ["1", "2"]);
    let about = about(&platform.db, "chime", &["7".to_owned(), "9".to_owned()], 10).await.unwrap();
    let done = Webhook {
        status: WebhookStatus::Done,
        attempts: 1,
        done_at: Some(noon()),
        ..first["1"].clone()
    };
    assert_eq!(about, [done]);
    assert!(super::about(&platform.db, "gong", &["7".to_owned()], 10).await.unwrap().is_empty());
}

#[databases]
async fn what_cannot_be_verified_is_refused_without_a_reason_and_not_stored(database: Database) {
    let platform = database.platform(CHASSIS_ONLY).await;
    let service = service(&platform, &Ears::default());
    let metrics = crate::telemetry::start_metrics();
    let padded = |length: usize| {
        let body = json!({ "events": [], "padding": "" }).to_string();
        body.replace("\"\"", &format!("\"{}\"", "x".repeat(length - body.len())))
    };
    let bad = |id: &str, kind: &str, subject: &str| {
        json!({ "events": [{ "id": id, "type": kind, "subject": subject }] }).to_string()
    };
    let long = "x".repeat(256);
    let mut answers = Vec::new();
    for body in [
        json!({ "stale": true }).to_string(),
        json!({ "account": "another" }).to_string(),
        "{".to_owned(),
        padded(LARGE_BODY + 1),
        bad("", "bell.rang", "7"),
        bad(&long, "bell.rang", "7"),
        bad("1", &long, "7"),
        bad("1", "bell.rang", "nul\0"),
    ] {
        let answer = send(&service.router, "chime", body).await;
        answers.push(answer.body.clone());
        assert_eq!(answer.problem(400), "webhook_rejected");
    }
    let forged = json!({ "events": [event("1", Some("7"))] });
    let forged = call(&service.router, "POST", "/api/v1/webhooks/chime").json(forged).await;
    answers.push(forged.body.clone());
    assert_eq!(forged.problem(400), "webhook_rejected");
    assert!(answers.iter().all(|it| *it == answers[0]), "{answers:?}");
    assert!(stored(&platform).await.is_empty());
    let counted = metrics.render();
    for reason in ["forged", "stale", "foreign", "unreadable", "the body is too large"] {
        let line = format!("provider=\"chime\",reason=\"{reason}\"}}");
        assert!(counted.contains(&line), "{counted}");
    }
    send(&service.router, "chime", padded(LARGE_BODY)).await.expect(200);
    let unverifiable = send(&service.router, "gong", "{}").await;
    assert_eq!(unverifiable.headers["retry-after"], "1");
    assert_eq!(unverifiable.problem(503), "unavailable");
    let unused = send(&service.router, "horn", "{}").await;
    assert_eq!(unused.problem(404), "webhooks_not_configured");
    assert_eq!(send(&service.router, "drum", "{}").await.problem(404), "not_found");
    assert_eq!(call(&service.router, "GET", "/api/v1/webhooks/chime").await.status, 405);
}

#[databases]
async fn a_webhook_that_cannot_be_stored_is_not_acknowledged(database: Database) {
    let platform = database.platform(CHASSIS_ONLY).await;
    let service = service(&platform, &Ears::default());
    platform.db.close().await;
    let body = json!({ "events": [event("1", Some("7"))] }).to_string();
    assert_eq!(send(&service.router, "chime", body).await.problem(503), "unavailable");
}

#[databases]
async fn what_fails_is_tried_again_for_a_day_then_dead_and_replayed(database: Database) {
    let platform = database.platform(CHASSIS_ONLY).await;
    let ears = Ears::default();
    ears.deaf.store(true, Ordering::SeqCst);
    let service = service(&platform, &ears);
    ring(&service.router, &[event("1", Some("loud")), event("2", Some("soft"))]).await;
    let (mut now, mut pauses) = (noon(), Vec::new());
    let dead = loop {
        let webhooks = at(&service, now);
        assert!(webhooks.turn().await.unwrap() > 0, "it is due");
        assert_eq!(*ears.applied.lock(), ["2"], "the other one does not wait for it");
        let loud = stored(&platform).await.remove("1").unwrap();
        assert_eq!(loud.error.as_deref(), Some("too loud"));
        if loud.status == WebhookStatus::Dead {
            break loud;
        }
        let early = at(&service, loud.available_at - TimeDelta::microseconds(1));
        assert_eq!(early.turn().await.unwrap(), 0, "it has its pause");
        pauses.push(loud.available_at - now);
        now = loud.available_at;
    };
    assert_eq!((dead.attempts, dead.done_at), (ATTEMPTS, Some(now)));
    let (seconds, hours) = (TimeDelta::seconds, TimeDelta::hours);
    assert!(pauses[0] >= seconds(4) && pauses[0] <= seconds(5), "{pauses:?}");
    assert!(pauses[1..9].iter().zip(&pauses).all(|(next, it)| next > it), "{pauses:?}");
    assert!(pauses[10..].iter().all(|it| *it * 10 >= LONGEST_PAUSE * 8), "{pauses:?}");
    assert!((hours(20)..hours(26)).contains(&(now - noon())), "{}", now - noon());
    let later = at(&service, now + TimeDelta::days(1));
    assert_eq!(later.turn().await.unwrap(), 0, "nobody tries a dead one");
    ears.deaf.store(false, Ordering::SeqCst);
    let operator = User::with(&["system:write"]);
    let replay = async |id: Uuid| {
        let path = format!("/api/v1/bell/webhooks/{id}/replay");
        call(&service.router, "POST", &path).user(&operator).await
    };
    // Once because it is dead, and once more though it is done.
    for times in [1, 2] {
        replay(dead.id).await.expect(204);
        apply_webhooks(&service).await;
        assert_eq!(ears.applied.lock().iter().filter(|it| *it == "1").count(), times);
        let done = stored(&platform).await.remove("1").unwrap();
        assert_eq!((done.status, done.attempts, done.error), (WebhookStatus::Done, 1, None));
    }
    assert_eq!(replay(Uuid::nil()).await.problem(404), "webhook_not_found");
}

#[databases]
async fn a_handler_that_panics_or_hangs_holds_no_other_up(database: Database) {
    let platform = database.platform(CHASSIS_ONLY).await;
    let ears = Ears::default();
    let service = service(&platform, &ears);
    let worker = tokio::spawn(at(&service, noon()).run(CancellationToken::new()));
    let subjects = ["panics", "panics later", STUCK];
    let bad: Vec<Value> = subjects.iter().map(|it| event(it, Some(it))).collect();
    ring(&service.router, &bad).await;
    for n in 0..20 {
        ring(&service.router, &[event(&n.to_string(), Some("soft"))]).await;
    }
    eventually("all others to be applied", async || ears.applied.lock().len() == 20).await;
    let rows = eventually("both panics to be noted", async || {
        let rows = stored(&platform).await;
        ["panics", "panics later"].iter().all(|it| rows[*it].error.is_some()).then_some(rows)
    });
    let rows = rows.await;
    for id in ["panics", "panics later"] {
        assert_eq!(rows[id].error.as_deref(), Some("the handler panicked"));
        assert_eq!((rows[id].status, rows[id].attempts), (WebhookStatus::Pending, 1));
    }
    // A replay does not have two of them apply it.
    assert!(replay(&platform.db, rows[STUCK].id, noon()).await.unwrap());
    assert_eq!(at(&service, noon()).turn().await.unwrap(), 0, "{}", platform.kind);
    worker.abort();
}

#[databases]
async fn what_ended_all_workers_that_applied_it_is_dead_in_the_end(database: Database) {
    let platform = database.platform(CHASSIS_ONLY).await;
    let ears = Ears::default();
    let service = service(&platform, &ears);
    ring(&service.router, &[event("1", Some("panics"))]).await;
    // Its workers were killed so often.
    let lost = platform.db.query("UPDATE webhooks SET attempts = $1").bind(ATTEMPTS);
    lost.execute().await.unwrap();
    apply_webhooks(&service).await;
    assert_eq!(stored(&platform).await["1"].status, WebhookStatus::Dead);
    assert_eq!(ears.panics.load(Ordering::SeqCst), 0, "it is not given another one");
}

#[databases]
async fn what_is_of_no_interest_is_kept_and_passed_over(database: Database) {
    let platform = database.platform(CHASSIS_ONLY).await;
    let ears = Ears::default();
    let service = service(&platform, &ears);
    let mut unheard = event("2", Some("7"));
    unheard["type"] = json!("unheard");
    ring(&service.router, &[event("1", None), unheard]).await;
    let none = stored(&platform).await.remove("1").unwrap();
    assert_eq!((none.status, none.done_at), (WebhookStatus::Ignored, Some(noon())));
    // Not even if an operator asks for it.
    assert!(replay(&platform.db, none.id, noon()).await.unwrap());
    apply_webhooks(&service).await;
    let rows = stored(&platform).await;
    assert!(rows.values().all(|it| it.status == WebhookStatus::Ignored), "{rows:?}");
    assert_eq!(*ears.applied.lock(), ["2"]);
}

#[on(postgres)]
async fn two_workers_never_apply_the_same_webhook_at_the_same_time(database: Database) {
    const ROUNDS: usize = 3;
    // As many as both have slots: no round ends unless both take part with all they have.
    const BOTH: usize = 16;
    let platform = database.platform(CHASSIS_ONLY).await;
    let ears = Ears { together: Some(Arc::new(Barrier::new(BOTH))), ..Ears::default() };
    let services = [service(&platform, &ears), service(&platform, &ears)];
    let ids: Vec<String> = (0..BOTH * ROUNDS).map(|it| format!("{it:02}")).collect();
    let events: Vec<Value> = ids.iter().map(|it| event(it, Some("7"))).collect();
    ring(&services[0].router, &events).await;
    let stop = CancellationToken::new();
    let workers = services.map(|it| tokio::spawn(at(&it, noon()).run(stop.clone())));
    eventually("all to be done", async || {
        stored(&platform).await.values().all(|it| it.status == WebhookStatus::Done)
    })
    .await;
    stop.cancel();
    for worker in workers {
        in_time("the worker", worker).await.unwrap().unwrap();
    }
    let mut applied = ears.applied.lock().clone();
    applied.sort();
    assert_eq!(applied, ids);
}

#[databases]
async fn an_operator_sees_them_newest_first_page_by_page(database: Database) {
    let platform = database.platform(CHASSIS_ONLY).await;
    let service = service(&platform, &Ears::default());
    for (n, id) in ["1", "2", "3"].iter().enumerate() {
        let received = at(&service, noon() + TimeDelta::minutes(n as i64));
        let notice = Notice {
            id: (*id).to_owned(),
            kind: "bell.rang".to_owned(),
            subject: (n != 1).then(|| "7".to_owned()),
            payload: json!({}),
        };
        store::insert(&platform.db, "chime", &[notice], received.clock.now()).await.unwrap();
    }
    let operator = User::with(&["system:read"]);
    let get = |query: &str| {
        call(&service.router, "GET", &format!("/api/v1/bell/webhooks{query}")).user(&operator)
    };
    let ids = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().unwrap().iter();
        items.map(|it| it["event_id"].as_str().unwrap().to_owned()).collect()
    };
    let first = get("?limit=2").await.expect(200);
    assert_eq!(ids(&first), ["3", "2"], "{}", platform.kind);
    assert_eq!(first["items"][1]["type"], "bell.rang");
    let next = format!("?limit=2&cursor={}", first["next_cursor"].as_str().unwrap());
    let second = get(&next).await.expect(200);
    assert_eq!((ids(&second), &second["next_cursor"]), (vec!["1".to_owned()], &Value::Null));
    assert_eq!(ids(&get("?status=ignored&provider=chime").await.expect(200)), ["2"]);
    assert!(ids(&get("?provider=gong").await.expect(200)).is_empty());
    for wrong in ["?limit=0", "?cursor=x", "?status=lost"] {
        get(wrong).await.expect(422);
    }
    let path = "/api/v1/bell/webhooks";
    assert_eq!(call(&service.router, "GET", path).await.status, 401);
    let id = stored(&platform).await["1"].id;
    let replay = call(&service.router, "POST", &format!("{path}/{id}/replay")).user(&operator);
    assert_eq!(replay.await.problem(403), "forbidden");
}

#[databases]
async fn old_ones_are_deleted_and_dead_ones_are_kept_longer(database: Database) {
    let platform = database.platform(CHASSIS_ONLY).await;
    let service = service(&platform, &Ears::default());
    let events: Vec<Value> = ["1", "2", "3", "4"].map(|it| event(it, Some("7"))).to_vec();
    ring(&service.router, &events).await;
    let set = "UPDATE webhooks SET status = $1, done_at = $2 WHERE event_id = $3";
    for (id, status) in [("1", "done"), ("2", "ignored"), ("3", "dead")] {
        let set = platform.db.query(set).bind(status).bind(noon()).bind(id);
        set.execute().await.unwrap();
    }
    for (days, left) in [(30, &["1", "2", "3", "4"][..]), (31, &["3", "4"]), (91, &["4"])] {
        let clock = Clock::Fixed(noon() + TimeDelta::days(days));
        let (db, bus) = (platform.db.clone(), Bus::memory());
        Relay { service: "bell", db, bus, clock }.tidy().await.unwrap();
        let rows = stored(&platform).await;
        assert_eq!(rows.keys().collect::<Vec<_>>(), left, "{} {days}", platform.kind);
    }
}

#[test]
fn every_provider_has_a_path_and_an_operation_of_its_own() {
    let router = router::<()>(&["chime"]).merge(router_up_to(7, &["gong"]));
    let described = serde_json::to_value(Service::describe("bell", router)).unwrap();
    for (provider, most) in [("chime", LARGE_BODY), ("gong", 7)] {
        let operation = &described["paths"][format!("/api/v1/webhooks/{provider}")]["post"];
        assert_eq!(operation["operationId"], format!("{provider}_webhooks.receive"));
        assert_eq!(operation["security"], json!([{}]));
        assert_eq!(operation["x-body-limit"], most);
    }
    let list = &described["paths"]["/api/v1/bell/webhooks"]["get"];
    assert_eq!(list["operationId"], "bell_webhooks.list");
}
