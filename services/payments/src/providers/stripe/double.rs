//! A whole payments service whose Stripe is the double (`tests/stripe-double`), with a clock that
//! both share: what comes of payments, whatever Stripe, the network and the customer do. At the end
//! the shop's books are compared with the double's.

mod books;
mod canaries;
mod faults;
mod journeys;
mod kills;
mod outages;
mod records;
mod webhooks;

use chassis::channel::Channel;
use chassis::db::Session;
use chassis::money::Currency;
use chassis::testing::{Database, ManualClock, TestPlatform};
use chrono::TimeDelta;
use contracts::payments::{Authorize, Status};
use serde_json::{Value, json};
use stripe_double::{Double, Kind, Options};
use uuid::Uuid;

use super::*;
use crate::model::Payment;
use crate::provider::TokenSource;
use crate::providers::Providers;
use crate::requests;
use crate::testing::{Far, Lines, databases, refund_of, request};
use crate::{App, Config, store, worker};

/// What every payment here is over, in euro cents.
const AMOUNT: i64 = 1_999;
const WEBHOOK_SECRET: &str = "whsec_of_the_shop";
/// How long anything may take that is not to wait for a bank.
const SOON: TimeDelta = TimeDelta::hours(2);

/// A shop and its Stripe.
struct Shop {
    app: App,
    double: Double,
    clock: ManualClock,
    platform: TestPlatform,
    /// What happens to its next requests to Stripe.
    line: Lines,
}

async fn shop(database: Database) -> Shop {
    shop_with(database, |_| {}, |_| {}).await
}

/// A shop with other settings, or another Stripe.
async fn shop_with(
    database: Database,
    settings: impl FnOnce(&mut Config),
    stripe: impl FnOnce(&mut Options),
) -> Shop {
    let clock = ManualClock::default();
    let now = Arc::new(move || clock.now().timestamp());
    let mut options = Options { now, delivers: false, ..Options::default() };
    stripe(&mut options);
    let keys = (options.secret_key.clone(), options.publishable_key.clone());
    let double = Double::start(options).await.expect("a port");

    let mut platform = database.platform(crate::MIGRATIONS).await;
    for further in &crate::DEFINITION.databases[1..] {
        platform.db.migrate(**further).await.expect("migrations");
    }
    platform.platform.clock = clock.clock();
    platform.platform.currency = currency("EUR");
    let stripe = StripeConfig {
        secret_key: keys.0.into(),
        publishable_key: keys.1,
        webhook_secrets: vec![WEBHOOK_SECRET.into()],
        api_url: double.url(),
        script_url: double.script_url(),
        ..StripeConfig::default()
    };
    let mut config =
        Config { answer_ms: 30_000, try_ms: 15_000, pause_ms: 0, stripe, ..Config::default() };
    settings(&mut config);
    let line = Lines::default();
    let app = app(&platform, config, &line);
    Shop { app, double, clock, platform, line }
}

/// What a process of the shop has; it remembers nothing of one before.
fn app(platform: &TestPlatform, config: Config, line: &Lines) -> App {
    let orders = contracts::orders::Client::new(Channel::to("orders"));
    let app = App::new(platform, config, &databases(&platform.db), orders).expect("valid settings");
    let provider = Stripe::open(&app.config.stripe, app.clock).expect("valid").expect("it is on");
    let far: Arc<dyn Provider> = Arc::new(Far { provider, line: line.clone() });
    App { providers: Providers::of([(NAME, far)]), ..app }
}

fn currency(code: &str) -> Currency {
    code.to_owned().try_into().expect("a currency")
}

impl Shop {
    /// What an order asks for, whose customer has chosen this method of the double's.
    fn order(&self, method: &str) -> Authorize {
        let token = self.double.token(method, self.elements()).expect("a test method");
        Authorize {
            provider: NAME.to_owned(),
            currency: "EUR".to_owned(),
            amount: AMOUNT,
            ..request(&token)
        }
    }

    /// What the checkout makes the Payment Element with.
    fn elements(&self) -> Value {
        let currency = self.app.currency.clone();
        let purchase = Purchase { country: None, currency, total: Some(AMOUNT) };
        let method = self.app.providers.methods(&purchase).remove(0);
        let TokenSource::Stripe(elements) = method.tokens else { panic!("{method:?}") };
        let manual = elements.manual_capture.iter();
        let options = manual.map(|it| (it.clone(), json!({ "capture_method": "manual" })));
        json!({
            "amount": elements.amount, "currency": elements.currency,
            "capture_method": elements.capture_method,
            "payment_method_options": options.collect::<serde_json::Map<_, _>>(),
        })
    }

    /// Places an order, and waits for the answer as a customer does.
    async fn pay(&self, method: &str) -> Payment {
        requests::authorize(&self.app, self.order(method)).await.expect("an answer")
    }

    /// The same, of which the money is taken at once.
    async fn paid(&self, method: &str) -> Payment {
        let payment = self.pay(method).await;
        assert_eq!(payment.status, Status::Authorized);
        self.capture(payment.id).await
    }

    async fn capture(&self, id: Uuid) -> Payment {
        requests::capture(&self.app, id).await.expect("an answer")
    }

    async fn void(&self, id: Uuid) -> Payment {
        requests::void(&self.app, id).await.expect("an answer")
    }

    /// The customer says that they have done what they were asked for.
    async fn confirm(&self, id: Uuid) -> Payment {
        requests::confirm(&self.app, id, None).await.expect("an answer")
    }

    /// Gives this much back, or all.
    async fn refund(&self, id: Uuid, amount: Option<i64>) -> Payment {
        let asked = refund_of(id, amount);
        requests::refund(&self.app, asked).await.expect("an answer").payment
    }

    async fn payment(&self, id: Uuid) -> Payment {
        store::find(&self.app.db, id).await.expect("an answer").expect("the payment")
    }

    /// What the double calls the intent of a payment.
    async fn intent(&self, id: Uuid) -> String {
        self.payment(id).await.reference.expect("an intent")
    }

    /// What other services hear of a payment, oldest first.
    async fn published(&self, id: Uuid) -> Vec<String> {
        let rows = "SELECT data FROM outbox WHERE subject = $1 ORDER BY sequence";
        let rows: Vec<(chassis::db::Json<Value>,)> =
            self.app.db.query(rows).bind(id.to_string()).all().await.expect("events");
        rows.iter().map(|(it,)| it["status"].as_str().expect("a status").to_owned()).collect()
    }

    /// Lets the worker do what is due now.
    async fn work(&self) {
        self.double.release();
        while worker::turn(&self.app).await.expect("a turn") > 0 {}
        while worker::look_at_due(&self.app).await.expect("a look") > 0 {}
    }

    /// Lets time pass and the worker work until nothing is on its way any more but what a customer
    /// or a bank has to decide.
    async fn finish(&self) {
        let began = self.clock.now();
        loop {
            self.work().await;
            if self.on_its_way().await.is_empty() {
                return;
            }
            let passed = self.clock.now() - began;
            assert!(passed < SOON, "still on its way: {:#?}", self.on_its_way().await);
            self.clock.advance(TimeDelta::minutes(1));
        }
    }

    /// Lets this much time pass, with the worker at work now and then.
    async fn pass(&self, time: TimeDelta) {
        for _ in 0..24 {
            self.clock.advance(time / 24);
            self.work().await;
        }
    }

    /// Operations that are not settled, and payments that should not stay as they are.
    async fn on_its_way(&self) -> Vec<(String, String)> {
        let open = "SELECT kind, state FROM operations WHERE settled_at IS NULL
                    UNION ALL
                    SELECT provider, status FROM payments
                    WHERE status IN ('pending', 'capturing', 'voiding') OR refund_pending > 0";
        self.app.db.query(open).all().await.expect("operations")
    }

    /// The process is gone, and another one goes on once the leases have ended.
    fn restart(&mut self) {
        self.restart_with(|_| {});
    }

    /// The same with other settings.
    fn restart_with(&mut self, settings: impl FnOnce(&mut Config)) {
        let mut config = (*self.app.config).clone();
        settings(&mut config);
        self.clock.advance(config.lease());
        self.app = app(&self.platform, config, &self.line);
    }
}
