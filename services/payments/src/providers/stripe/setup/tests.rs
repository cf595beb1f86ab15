//! The check against the double of Stripe, and against answers the double does not give.

use chassis::clock::Clock;
use chassis::testing::in_time;
use serde_json::{Value, json};
use stripe_double::{Double, Kind, Options};
use uuid::Uuid;

use super::*;
use crate::providers::stripe::client::API_VERSION;
use crate::providers::stripe::testing::{Next, Script, currency, error, list, ok};
use crate::setup::{NewSecret, SetupOptions, check_setup};
use crate::{Config, SandboxMode};

const SHOP: &str = "https://shop.example";
const HOOK: &str = "https://shop.example/api/v1/webhooks/stripe";

async fn double() -> Double {
    Double::start(Options { delivers: false, ..Options::default() }).await.expect("a double")
}

fn settings(api_url: String) -> StripeConfig {
    StripeConfig {
        secret_key: "sk_test_double".into(),
        publishable_key: "pk_test_double".to_owned(),
        api_url,
        ..StripeConfig::default()
    }
}

/// What the command finds for a shop that takes this currency. Nothing of it shows a key.
async fn found(stripe: &StripeConfig, code: &str, register: bool) -> Vec<Finding> {
    found_at(SHOP, stripe, code, register).await
}

async fn found_at(shop: &str, stripe: &StripeConfig, code: &str, register: bool) -> Vec<Finding> {
    let config = Config {
        sandbox: SandboxMode::Off,
        return_url: format!("{shop}/orders/{{order_id}}"),
        stripe: stripe.clone(),
        ..Config::default()
    };
    let options = SetupOptions { url: None, register };
    let (currency, clock) = (currency(code), Clock::System);
    let check = check_setup(&config, &currency, clock, &options);
    let findings = in_time("a check", check).await.expect("settings");
    let shown = format!("{findings:?}");
    let secrets = [&*stripe.secret_key, stripe.publishable_key.as_str(), "whsec_"];
    assert!(!secrets.iter().any(|it| shown.contains(it)), "{shown}");
    findings
}

/// Everything that is not as it should be.
fn faults(findings: &[Finding]) -> Vec<(Verdict, &str)> {
    let faults = findings.iter().filter(|it| it.verdict != Verdict::Ok);
    faults.map(|it| (it.verdict, it.text.as_str())).collect()
}

/// That there is nothing else wrong than these.
#[track_caller]
fn only(findings: &[Finding], expected: &[(Verdict, &str)]) {
    let faults = faults(findings);
    let as_expected = |(it, (verdict, part)): (&(Verdict, &str), &(Verdict, &str))| {
        it.0 == *verdict && it.1.contains(part)
    };
    let all = faults.len() == expected.len() && faults.iter().zip(expected).all(as_expected);
    assert!(all, "{faults:#?}");
}

async fn post(config: &StripeConfig, path: &str, form: Form) -> Value {
    let pulse = Arc::new(Pulse::new(Clock::System));
    let client = Client::new(config, pulse).expect("a client");
    client.post(path, Uuid::new_v4(), &form).await.expect("made").object
}

#[tokio::test]
async fn a_new_account_lacks_what_can_be_registered_once_and_then_lacks_nothing() {
    let double = double().await;
    let mut config = settings(double.url());
    let findings = found(&config, "EUR", false).await;
    only(
        &findings,
        &[
            (Verdict::Missing, "no endpoint leads to https://shop.example/api/v1/webhooks/stripe"),
            (Verdict::Missing, "webhook_secrets is empty"),
            (Verdict::Missing, "shop.example is not registered"),
        ],
    );
    let first = &findings[0].text;
    assert_eq!(first, "the secret key works: test mode of account acct_double (Double)");
    assert!(double.requests().iter().all(|it| it.method == "GET"), "nothing was changed");

    let findings = found(&config, "EUR", true).await;
    only(&findings, &[(Verdict::Missing, "is registered; put its signing secret into")]);
    let secret = findings.iter().find_map(|it| it.secret.clone()).expect("a secret");
    let [endpoint] = &double.objects(Kind::WebhookEndpoint)[..] else { panic!("one endpoint") };
    assert_eq!((&endpoint["url"], &endpoint["api_version"]), (&json!(HOOK), &json!(API_VERSION)));
    assert_eq!(secret.name, format!("stripe-{}", endpoint["id"].as_str().unwrap()));

    let NewSecret { secret, setting, .. } = secret;
    assert_eq!(setting, "payments.stripe.webhook_secrets");
    config.webhook_secrets.push(secret);
    for register in [false, true] {
        only(&found(&config, "EUR", register).await, &[]);
    }
    assert_eq!(double.objects(Kind::WebhookEndpoint).len(), 1);
    assert_eq!(double.objects(Kind::PaymentMethodDomain).len(), 1);
}

#[tokio::test]
async fn an_endpoint_that_is_disabled_or_lacks_events_is_corrected() {
    let double = double().await;
    let mut config = settings(double.url());
    config.webhook_secrets.push("whsec_abc".into());
    let form = Form::default().with("url", HOOK).with("enabled_events[]", "customer.created");
    let made = post(&config, "/v1/webhook_endpoints", form.clone()).await;
    let path = format!("/v1/webhook_endpoints/{}", made["id"].as_str().unwrap());
    post(&config, &path, Form::default().with("disabled", true)).await;
    post(&config, "/v1/webhook_endpoints", form.with("url", format!("{SHOP}/other"))).await;

    let version = (Verdict::Note, "have the form of the account's own version");
    let wallets = (Verdict::Missing, "shop.example is not registered");
    let findings = found(&config, "EUR", false).await;
    let fault = "is disabled and lacks the events payment_intent.amount_capturable_updated";
    only(&findings, &[(Verdict::Missing, fault), version, wallets]);

    only(&found(&config, "EUR", true).await, &[version]);
    let endpoint = double.objects(Kind::WebhookEndpoint).remove(0);
    assert_eq!(endpoint["status"], "enabled");
    let events = endpoint["enabled_events"].as_array().expect("events");
    assert!(events.contains(&json!("customer.created")), "what it had stays: {events:?}");
    only(&found(&config, "EUR", false).await, &[version]);
}

#[tokio::test]
async fn keys_that_are_revoked_or_of_another_account_are_found() {
    let double = double().await;
    let config = settings(double.url());
    let intent = Form::default().with("amount", 100).with("currency", "eur");
    post(&config, INTENTS, intent.clone()).await;
    let findings = found(&config, "EUR", false).await;
    let fits = |it: &Finding| it.text == "the publishable key is of the same account";
    assert!(findings.iter().any(fits), "{findings:?}");

    let unknown = StripeConfig { publishable_key: "pk_test_x".to_owned(), ..config.clone() };
    let findings = found(&unknown, "EUR", false).await;
    let (verdict, text) = faults(&findings)[0];
    assert_eq!(verdict, Verdict::Wrong);
    assert!(text.contains("payments.stripe.publishable_key (GET /v1/payment_intents"), "{text}");

    // The objects of the other mode are as far away as those of another account.
    let other = StripeConfig { secret_key: "sk_live_double".into(), ..config.clone() };
    post(&other, INTENTS, intent).await;
    let findings = found(&other, "EUR", false).await;
    assert_eq!(faults(&findings)[0].0, Verdict::Wrong);
    assert!(faults(&findings)[0].1.contains("is of another account"), "{findings:?}");

    let here = "http://127.0.0.1:8080";
    let live = found_at(here, &other, "EUR", false).await;
    assert!(
        faults(&live)[0].1.starts_with("the keys are live, but the shop's address"),
        "{live:?}"
    );
    let test = found_at(here, &config, "EUR", false).await;
    assert!(faults(&test).iter().all(|it| it.0 != Verdict::Wrong), "{test:?}");

    double.revoke_key(true);
    let findings = found(&config, "EUR", true).await;
    only(&findings, &[(Verdict::Wrong, "Stripe does not take payments.stripe.secret_key")]);
    double.set_down(true);
    let findings = found(&config, "EUR", true).await;
    only(&findings, &[(Verdict::Wrong, "Stripe cannot be asked, and nothing else")]);
}

#[tokio::test]
async fn a_currency_can_be_charged_converted_or_not() {
    let double = double().await;
    let config = settings(double.url());
    for (code, verdict, text) in [
        (
            "EUR",
            Verdict::Ok,
            "customers pay in EUR, which the account settles in; 1 EUR is sent as 100",
        ),
        ("JPY", Verdict::Note, "1 JPY is sent as 1"),
        ("KWD", Verdict::Note, "the account settles in EUR: Stripe converts it"),
        ("ISK", Verdict::Wrong, "an account in DE cannot take payments in ISK"),
        ("IQD", Verdict::Wrong, "prices in IQD (shop.currency) cannot be paid"),
    ] {
        let findings = found(&config, code, false).await;
        let about = findings.iter().find(|it| it.text.contains(code)).expect("a line");
        assert_eq!(about.verdict, verdict, "{about:?}");
        assert!(about.text.contains(text), "{about:?}");
    }
}

#[test]
fn the_guide_lists_the_events_an_endpoint_needs() {
    let guide = include_str!("../../../../../../docs/payments.md");
    let named =
        |it: &str| ["payment_intent.", "refund.", "charge."].iter().any(|of| it.starts_with(of));
    let listed: std::collections::BTreeSet<_> =
        guide.split_whitespace().filter(|it| named(it)).collect();
    assert_eq!(listed, webhooks::EVENTS.into_iter().collect());
}

fn forbidden() -> Next {
    error(403, json!({ "type": "invalid_request_error" }))
}

fn missing() -> Next {
    error(404, json!({ "type": "invalid_request_error", "code": "resource_missing" }))
}

#[tokio::test]
async fn what_a_restricted_key_may_not_do_is_named() {
    let all = [forbidden(), list(json!([])), missing(), forbidden(), forbidden()];
    let stripe = Script::of(all).stripe().await;
    only(
        &found(&stripe.config, "EUR", true).await,
        &[
            (Verdict::Note, "may not read the account"),
            (Verdict::Note, "webhooks could not be looked at: the restricted key lacks"),
            (Verdict::Note, "lacks the permission Payment Method Domains: Read"),
        ],
    );
    let no_payments = [forbidden(), forbidden(), forbidden(), forbidden()];
    let stripe = Script::of(no_payments).stripe().await;
    let findings = found(&stripe.config, "EUR", false).await;
    assert_eq!(faults(&findings)[1].0, Verdict::Wrong);
    assert!(faults(&findings)[1].1.contains("PaymentIntents: Write"), "{findings:?}");
    let no_writing = [forbidden(), list(json!([])), missing(), list(json!([])), forbidden()];
    let no_writing = no_writing.into_iter().chain([list(json!([])), forbidden()]);
    let script = Script::of(no_writing);
    let stripe = script.stripe().await;
    let findings = found(&stripe.config, "EUR", true).await;
    assert!(faults(&findings)[1].1.contains("Webhook Endpoints: Write"), "{findings:?}");
    assert!(faults(&findings)[2].1.contains("Payment Method Domains: Write"), "{findings:?}");
    assert_eq!(script.asked().len(), 7);
}

#[tokio::test]
async fn an_account_that_is_not_activated_takes_test_payments_only() {
    let account = |charges_enabled, cards| {
        let account = json!({
            "id": "acct_1", "charges_enabled": charges_enabled, "default_currency": "eur",
            "capabilities": { "card_payments": cards },
        });
        [ok(account), list(json!([])), missing(), list(json!([])), list(json!([]))]
    };
    for (key, charges_enabled, cards, verdict, text) in [
        ("sk_test_a", false, "inactive", Verdict::Note, "before going live"),
        ("sk_live_a", false, "inactive", Verdict::Wrong, "cannot take payments yet"),
        ("sk_live_a", true, "pending", Verdict::Missing, "but no cards yet"),
    ] {
        let stripe = Script::of(account(charges_enabled, cards)).stripe().await;
        let config = StripeConfig { secret_key: key.into(), ..stripe.config };
        let findings = found(&config, "EUR", false).await;
        let (found, said) = faults(&findings)[0];
        assert_eq!(found, verdict, "{said}");
        assert!(said.contains(text), "{said}");
    }
}
