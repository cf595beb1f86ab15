//! Whether the account at Stripe is set up for the shop: keys, currency, webhooks, wallets. Only
//! what is registered on demand changes anything there.

mod domains;
mod webhooks;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::BoxFuture;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::client::{ApiError, Client, Form};
use super::config::{Mode, StripeConfig};
use super::health::Pulse;
use super::lookup::{INTENTS, intent_path};
use super::objects::{List, PaymentIntent};
use super::{NAME, amounts};
use crate::setup::{Finding, SetupCheck, Verdict};

/// Where the dashboard has the keys.
const KEYS: &str = "Stripe's dashboard, Developers, API keys";

/// What is read of an account.
#[derive(Debug, Deserialize)]
struct Account {
    id: String,
    /// ISO 3166-1, two letters.
    country: Option<String>,
    /// In lower case: what it settles in.
    default_currency: Option<String>,
    #[serde(default)]
    charges_enabled: bool,
    #[serde(default)]
    capabilities: BTreeMap<String, String>,
    business_profile: Option<BusinessProfile>,
}

#[derive(Debug, Deserialize)]
struct BusinessProfile {
    name: Option<String>,
}

/// What accounts of a country can do.
#[derive(Debug, Deserialize)]
struct CountrySpec {
    /// In lower case.
    supported_payment_currencies: Vec<String>,
}

/// A check on its way.
struct Check<'a> {
    shop: &'a SetupCheck<'a>,
    config: &'a StripeConfig,
    mode: Mode,
    client: Client,
    findings: Vec<Finding>,
}

pub(super) fn check<'a>(shop: &'a SetupCheck<'a>) -> BoxFuture<'a, Vec<Finding>> {
    Box::pin(async move {
        let config = &shop.config.stripe;
        let Some(mode) = config.mode() else { return Vec::new() };
        let client = match client(config, shop) {
            Ok(client) => client,
            Err(finding) => return vec![finding],
        };
        let mut check = Check { shop, config, mode, client, findings: Vec::new() };
        match check.account().await {
            Ok(account) => check.all(account.as_ref()).await,
            Err(finding) => check.findings.push(finding),
        }
        check.findings
    })
}

fn client(config: &StripeConfig, shop: &SetupCheck<'_>) -> Result<Client, Finding> {
    Client::new(config, Arc::new(Pulse::new(shop.clock)))
        .map_err(|error| Finding::new(NAME, Verdict::Wrong, error.to_string()))
}

impl Check<'_> {
    fn note(&mut self, verdict: Verdict, text: impl Into<String>) {
        self.findings.push(Finding::new(NAME, verdict, text));
    }

    async fn all(&mut self, account: Option<&Account>) {
        if let Some(account) = account {
            self.charges(account);
        }
        if self.mode == Mode::Live && self.shop.is_local() {
            let text = "the keys are live, but the shop's address is on this machine, to which no \
                        customer comes back from a bank: set payments.return_url to the public one";
            self.note(Verdict::Wrong, text);
        }
        self.publishable_key().await;
        self.currency(account).await;
        self.webhooks().await;
        self.domain().await;
    }

    /// The account of the secret key; none if the key may not read it. Fails where nothing further
    /// can be found out.
    async fn account(&mut self) -> Result<Option<Account>, Finding> {
        let word = self.mode.words().0;
        let wrong = |text| Finding::new(NAME, Verdict::Wrong, text);
        match self.client.get::<Account>("/v1/account", &Form::default()).await {
            Ok(account) => {
                let name = account.business_profile.as_ref().and_then(|it| it.name.as_deref());
                let name = name.map(|it| format!(" ({it})")).unwrap_or_default();
                let id = &account.id;
                self.note(
                    Verdict::Ok,
                    format!("the secret key works: {word} mode of account {id}{name}"),
                );
                Ok(Some(account))
            }
            Err(ApiError::KeyRefused { forbidden: true, .. }) => {
                let text = format!(
                    "the restricted key works, in {word} mode, but may not read the account: look in \
                     Stripe's dashboard whether it takes payments"
                );
                self.note(Verdict::Note, text);
                Ok(None)
            }
            Err(ApiError::KeyRefused { cause, .. }) => Err(wrong(format!(
                "Stripe does not take payments.stripe.secret_key ({cause}): it was revoked, has \
                 expired or is not complete; copy the {word} key again from {KEYS}"
            ))),
            Err(error) => Err(wrong(format!(
                "Stripe cannot be asked, and nothing else was looked at: {error}"
            ))),
        }
    }

    /// Whether the account takes payments. In test mode every account does.
    fn charges(&mut self, account: &Account) {
        let activate = "answer what Stripe's dashboard asks for under Settings, Business";
        let cards = account.capabilities.get("card_payments").map(String::as_str);
        let no_cards = cards.is_some_and(|it| it != "active");
        match (self.mode, account.charges_enabled) {
            (Mode::Live, false) => self
                .note(Verdict::Wrong, format!("the account cannot take payments yet: {activate}")),
            (Mode::Test, false) => self.note(
                Verdict::Note,
                format!("the account cannot take real payments yet; before going live, {activate}"),
            ),
            (Mode::Live, true) if no_cards => self.note(
                Verdict::Missing,
                format!("the account takes payments, but no cards yet: {activate}"),
            ),
            (_, true) => self.note(Verdict::Ok, "the account takes payments"),
        }
    }

    /// Whether the publishable key is taken, and sees what the secret key sees: so it is of the same
    /// account. That is asked of the latest payment, as a customer's browser would ask.
    async fn publishable_key(&mut self) {
        let latest = self.client.get(INTENTS, &Form::default().with("limit", 1)).await;
        let latest = match latest {
            Ok(List::<PaymentIntent> { data, .. }) => data.into_iter().next(),
            Err(ApiError::KeyRefused { .. }) => {
                let text = "payments.stripe.secret_key is a restricted key that may not read payments: \
                            give it the permission PaymentIntents: Write";
                return self.note(Verdict::Wrong, text);
            }
            Err(error) => return self.not_seen("the publishable key", "PaymentIntents", &error),
        };
        // A publishable key is sent as a secret one is.
        let secret_key = self.config.publishable_key.as_str().into();
        let public = client(&StripeConfig { secret_key, ..self.config.clone() }, self.shop);
        let public = match public {
            Ok(public) => public,
            Err(finding) => return self.findings.push(finding),
        };
        let seen = latest.as_ref().and_then(|it| Some((&it.id, it.client_secret.as_ref()?)));
        let (id, secret) =
            seen.map_or(("pi_none", "pi_none_secret_none"), |(id, secret)| (id, secret));
        let Ok(path) = intent_path(id, "") else { return };
        let query = Form::default().with("client_secret", secret);
        // It shows less of it.
        let answer = public.get::<IgnoredAny>(&path, &query).await.map(drop);
        self.publishable_key_is(answer, seen.is_some());
    }

    /// `known`: it was asked for something the secret key sees.
    fn publishable_key_is(&mut self, answer: Result<(), ApiError>, known: bool) {
        let word = self.mode.words().0;
        match answer {
            Ok(()) => self.note(Verdict::Ok, "the publishable key is of the same account"),
            Err(ApiError::Refused(_)) if known => self.note(
                Verdict::Wrong,
                format!(
                    "payments.stripe.publishable_key is of another account than the secret key: copy \
                     both from the same page of {KEYS}"
                ),
            ),
            Err(ApiError::Refused(_)) => self.note(
                Verdict::Ok,
                "Stripe takes the publishable key; whether it is of the same account can be seen \
                 after the first payment",
            ),
            Err(ApiError::KeyRefused { forbidden: false, cause }) => self.note(
                Verdict::Wrong,
                format!(
                    "Stripe does not take payments.stripe.publishable_key ({cause}): copy the {word} \
                     key again from {KEYS}"
                ),
            ),
            Err(error) => self.not_seen("the publishable key", "PaymentIntents", &error),
        }
    }

    async fn currency(&mut self, account: Option<&Account>) {
        let currency = self.shop.currency;
        let (code, unit) = (currency.as_str(), 10_i64.pow(currency.digits()));
        let Ok(sent) = amounts::to_stripe(unit, currency) else {
            let text = format!("prices in {code} (shop.currency) cannot be paid with Stripe");
            return self.note(Verdict::Wrong, text);
        };
        let Some(account) = account else { return };
        let own = account.default_currency.as_deref().unwrap_or_default().to_ascii_uppercase();
        if let Some(country) = account.country.as_deref() {
            match self.client.get(&format!("/v1/country_specs/{country}"), &Form::default()).await {
                Ok(CountrySpec { supported_payment_currencies: all })
                    if !all.contains(&amounts::code(currency)) =>
                {
                    let text = format!(
                        "an account in {country} cannot take payments in {code}, the shop's currency \
                         (shop.currency)"
                    );
                    return self.note(Verdict::Wrong, text);
                }
                Ok(_) => {}
                Err(error) => {
                    self.not_seen("the currencies of the account", "Country Specs", &error)
                }
            }
        }
        let how = format!("1 {code} is sent as {sent}");
        if own == code {
            let text = format!("customers pay in {code}, which the account settles in; {how}");
            self.note(Verdict::Ok, text);
        } else {
            let text = format!(
                "customers pay in {code}, but the account settles in {own}: Stripe converts it, for \
                 a fee, unless a bank account in {code} is added; {how}"
            );
            self.note(Verdict::Note, text);
        }
    }

    /// Something could not be looked at.
    fn not_seen(&mut self, what: &str, permission: &str, error: &ApiError) {
        let text = match error {
            ApiError::KeyRefused { forbidden: true, .. } => format!(
                "{what} could not be looked at: the restricted key lacks the permission {permission}: \
                 Read"
            ),
            _ => format!("{what} could not be looked at: {error}"),
        };
        self.note(Verdict::Note, text);
    }

    /// Something could not be registered. `otherwise` says what to do instead.
    fn not_made(&mut self, what: &str, permission: &str, error: &ApiError, otherwise: &str) {
        let why = match error {
            ApiError::KeyRefused { forbidden: true, .. } => {
                format!("the restricted key lacks the permission {permission}: Write")
            }
            _ => error.to_string(),
        };
        self.note(Verdict::Missing, format!("{what} could not be registered: {why}; {otherwise}"));
    }
}

#[cfg(test)]
mod tests;
