//! A double of Stripe, for tests and for trying a shop by hand: the API that the shop uses, with the
//! rules that hurt, webhooks, faults, and a double of Stripe.js. No money moves, and nothing of
//! Stripe's is reached. `README.md` says how to use it.
//!
//! Comments name the page of Stripe's documentation that says how the API behaves.

mod api;
mod browser;
mod control;
mod core;
mod deliveries;
mod error;
mod expand;
mod faults;
mod form;
mod idempotency;
mod ids;
mod listen;
mod methods;
mod objects;
mod options;
mod payments;
mod refunds;
mod reply;
mod server;
mod spec;
mod world;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::core::Shared;

pub use crate::core::Logged;
pub use crate::deliveries::{Delivered, Mode, sign};
pub use crate::faults::{Arm, Fault};
pub use crate::methods::{METHODS, TestMethod};
pub use crate::objects::{Kind, template};
pub use crate::options::{Now, Options};

/// The request was refused, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused(pub String);

impl std::fmt::Display for Refused {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

/// What can be done in Stripe's dashboard, or happens by itself after days.
pub type Done<T = ()> = Result<T, Refused>;

/// A double that runs until it is dropped.
#[derive(Debug)]
pub struct Double {
    shared: Arc<Shared>,
    address: SocketAddr,
    control: SocketAddr,
    /// Aborted with it.
    tasks: JoinSet<()>,
}

impl Double {
    /// Starts one.
    ///
    /// # Errors
    ///
    /// An address is taken.
    pub async fn start(options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind(options.address).await?;
        let controls = TcpListener::bind(options.control).await?;
        let (address, control) = (listener.local_addr()?, controls.local_addr()?);
        let shared = Shared::new(options, format!("http://{address}"));
        let mut tasks = JoinSet::new();
        let router = control::router(Arc::clone(&shared));
        let public = router.clone().merge(browser::router(Arc::clone(&shared)));
        tasks.spawn(listen::serve(Arc::clone(&shared), listener, public, true));
        tasks.spawn(listen::serve(Arc::clone(&shared), controls, router, false));
        if shared.options.delivers {
            tasks.spawn(listen::deliver_when_due(Arc::clone(&shared)));
        }
        Ok(Self { shared, address, control, tasks })
    }

    /// The shop's `api_url`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The shop's `script_url`: the double of Stripe.js.
    pub fn script_url(&self) -> String {
        format!("{}/stripe.js", self.url())
    }

    /// Where the control API is, also while the double is down.
    pub fn control_url(&self) -> String {
        format!("http://{}/_double", self.control)
    }

    /// Waits until it ends, which it does not.
    pub async fn wait(mut self) {
        while self.tasks.join_next().await.is_some() {}
    }

    /// Its time, in seconds since 1970.
    pub fn now(&self) -> i64 {
        self.shared.world(|world| world.now)
    }

    /// Puts its clock ahead; what is due by then happens.
    pub fn advance(&self, seconds: i64) {
        self.shared.with(|core| core.advance(seconds));
    }

    /// Arms a fault for the next requests of a kind.
    pub fn arm(&self, arm: Arm) {
        self.shared.with(|core| core.armed.arm(arm));
    }

    /// Takes back what is armed.
    pub fn disarm(&self) {
        self.shared.with(|core| core.armed.clear());
    }

    /// How many requests are held.
    pub fn held(&self) -> watch::Receiver<usize> {
        self.shared.held.subscribe()
    }

    /// Lets the held requests go on.
    pub fn release(&self) {
        self.shared.releases.send_modify(|it| *it += 1);
    }

    /// While it is down, connections are closed as soon as they are made, open ones at once.
    pub fn set_down(&self, down: bool) {
        self.shared.down.send_replace(down);
    }

    /// From now on the secret key is refused as expired, or no longer so.
    pub fn revoke_key(&self, revoked: bool) {
        self.shared.with(|core| core.revoked = revoked);
    }

    /// Tells this address of every event, signed with these secrets. The endpoint's id.
    pub fn add_endpoint(&self, url: &str, secrets: &[&str]) -> String {
        let fields = json!({ "url": url, "enabled_events": ["*"], "_secrets": secrets });
        self.shared.world(|world| world.create(Kind::WebhookEndpoint, fields))
    }

    /// Replaces the secrets of an endpoint, as when one is rolled.
    pub fn set_secrets(&self, endpoint: &str, secrets: &[&str]) {
        let fields = json!({ "_secrets": secrets });
        self.shared.world(|world| world.set(Kind::WebhookEndpoint, endpoint, fields));
    }

    /// How webhooks of events from now on are sent.
    pub fn set_mode(&self, mode: Mode) {
        self.shared.with(|core| core.worlds.iter_mut().for_each(|it| it.mode = mode));
    }

    /// Sends all webhooks that wait, and gives what came of each.
    pub async fn deliver(&self) -> Vec<Delivered> {
        listen::deliver(&self.shared, true).await
    }

    /// Every webhook that was sent.
    pub fn delivered(&self) -> Vec<Delivered> {
        self.shared.with(|core| core.delivered.clone())
    }

    /// All objects of a kind, oldest first.
    pub fn objects(&self, kind: Kind) -> Vec<Value> {
        self.shared.world(|world| world.all_shown(kind))
    }

    /// What the account has by currency, in minor units, after fees.
    pub fn balance(&self) -> BTreeMap<String, i64> {
        self.shared.world(|world| world.balance())
    }

    /// Every request to the API, with bodies but without keys of the account.
    pub fn requests(&self) -> Vec<Logged> {
        self.shared.with(|core| core.log.clone())
    }

    /// A confirmation token, as Stripe.js makes it of a customer's choice. `elements` are the options
    /// of the Elements as parameters: `amount`, `currency`, `capture_method`,
    /// `payment_method_options`.
    ///
    /// # Errors
    ///
    /// There is no such test method.
    pub fn token(&self, method: &str, elements: Value) -> Done<String> {
        let unknown = || Refused(format!("there is no test method {method}"));
        let test = TestMethod::find(method).ok_or_else(unknown)?;
        Ok(self.shared.world(|world| world.create_token(test, elements, json!({}))))
    }

    /// The customer authenticates, or fails to.
    ///
    /// # Errors
    ///
    /// The intent does not wait for that.
    pub fn authenticate(&self, intent: &str, approved: bool) -> Done {
        self.act(|world| world.answer_challenge(intent, approved))
    }

    /// The bank of a debit pays, or does not.
    ///
    /// # Errors
    ///
    /// The intent is not processing.
    pub fn settle(&self, intent: &str, paid: bool) -> Done {
        self.act(|world| world.settle(intent, paid))
    }

    /// The hold of an intent ends before it was captured.
    ///
    /// # Errors
    ///
    /// Nothing is held.
    pub fn expire_authorization(&self, intent: &str) -> Done {
        self.act(|world| world.cancel(intent, Some("automatic")))
    }

    /// Somebody refunds an intent by hand, all of it if no amount is given. The refund's id.
    ///
    /// # Errors
    ///
    /// There is not so much to give back.
    pub fn refund(&self, intent: &str, amount: Option<i64>) -> Done<String> {
        self.act(|world| {
            let charge = world.charge_of(intent)?;
            world.refund(&charge, amount, json!({ "reason": "requested_by_customer" }))
        })
    }

    /// A refund that was accepted fails.
    ///
    /// # Errors
    ///
    /// It has failed already.
    pub fn fail_refund(&self, refund: &str) -> Done {
        self.act(|world| world.fail_refund(refund))
    }

    /// The customer disputes an intent, or their bank only inquires. The dispute's id.
    ///
    /// # Errors
    ///
    /// It was not paid, or is disputed.
    pub fn open_dispute(&self, intent: &str, amount: Option<i64>, inquiry: bool) -> Done<String> {
        self.act(|world| {
            let charge = world.charge_of(intent)?;
            world.open_dispute(&charge, amount, "fraudulent", inquiry)
        })
    }

    /// The bank decides a dispute.
    ///
    /// # Errors
    ///
    /// It is closed.
    pub fn close_dispute(&self, dispute: &str, won: bool) -> Done {
        self.act(|world| world.close_dispute(dispute, won))
    }

    fn act<T>(&self, act: impl FnOnce(&mut world::World) -> error::Answer<T>) -> Done<T> {
        control::act(&self.shared, act)
    }
}
