//! `cartwright payments check`, against the double of Stripe.

use std::os::unix::fs::PermissionsExt;
use std::process::Output;

use stripe_double::{Double, Options};

use crate::shop::{Place, sqlite};

const URL: [&str; 2] = ["--url", "https://shop.example"];

/// A shop whose customers pay at a double.
struct Account {
    place: Place,
    double: Double,
    variables: Vec<(&'static str, String)>,
}

impl Account {
    async fn new() -> Self {
        let options = Options { delivers: false, ..Options::default() };
        let double = Double::start(options).await.expect("a double");
        let returned_to = "https://shop.example/orders/{order_id}?payment={payment_id}";
        let variables = vec![
            ("SHOP__CURRENCY", "EUR".to_owned()),
            ("PAYMENTS__SANDBOX", "false".to_owned()),
            ("PAYMENTS__RETURN_URL", returned_to.to_owned()),
            ("PAYMENTS__STRIPE__API_URL", double.url()),
            ("PAYMENTS__STRIPE__SECRET_KEY", "sk_test_double".to_owned()),
            ("PAYMENTS__STRIPE__PUBLISHABLE_KEY", "pk_test_double".to_owned()),
        ];
        Self { place: sqlite(), double, variables }
    }

    fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.variables.retain(|it| it.0 != name);
        self.variables.push((name, value.into()));
    }

    /// What the command says, and its exit code.
    fn check(&self, args: &[&str]) -> (String, Option<i32>) {
        let mut command = self.place.command(&[&["payments", "check"], args].concat());
        for (name, value) in &self.variables {
            command.env(format!("CARTWRIGHT__{name}"), value);
        }
        let Output { status, stdout, stderr } = command.output().expect("the program");
        let said = String::from_utf8([stdout, stderr].concat()).expect("text");
        for secret in ["sk_test_double", "pk_test_double", "whsec_"] {
            assert!(!said.contains(secret), "{said}");
        }
        (said, status.code())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payments_are_set_up_by_doing_what_the_check_says() {
    let mut account = Account::new().await;
    let (said, code) = account.check(&URL);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("ok       stripe: the secret key works: test mode"), "{said}");
    assert!(said.contains("missing  stripe: webhooks: no endpoint leads to"), "{said}");
    assert!(said.ends_with("see to what is missing before the shop goes live.\n"), "{said}");

    let (said, code) = account.check(&["--register-webhooks"]);
    assert_eq!(code, Some(0), "{said}");
    let (_, rest) = said.split_once("its signing secret is in ").expect("a file");
    let (file, rest) = rest.split_once(": set ").expect("a setting");
    assert!(rest.starts_with("payments.stripe.webhook_secrets_file to that"), "{said}");
    let mode = std::fs::metadata(file).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "only the shop's user reads it");

    account.set("PAYMENTS__STRIPE__WEBHOOK_SECRETS_FILE", file);
    let (said, code) = account.check(&[]);
    assert_eq!((said.lines().last(), code), (Some("Customers can pay."), Some(0)), "{said}");
    assert!(said.lines().rev().skip(1).all(|it| it.starts_with("ok ")), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_keeps_customers_from_paying_is_an_exit_code() {
    let mut account = Account::new().await;
    account.double.revoke_key(true);
    let (said, code) = account.check(&URL);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.starts_with("wrong    stripe: Stripe does not take payments.stripe"), "{said}");
    let last = "Customers cannot pay until what is wrong is corrected.";
    assert_eq!(said.lines().last(), Some(last));

    account.set("PAYMENTS__STRIPE__SECRET_KEY", "");
    account.set("PAYMENTS__STRIPE__PUBLISHABLE_KEY", "");
    let (said, code) = account.check(&URL);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.starts_with("wrong    payments: no provider is on"), "{said}");
    let (said, code) = account.check(&["--url", "shop.example"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.starts_with("error: --url is \"shop.example\", but must be"), "{said}");
}
