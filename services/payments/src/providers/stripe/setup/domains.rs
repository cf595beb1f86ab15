//! The shop's domain: wallets such as Apple Pay are only offered on those that are registered.

use serde::Deserialize;
use uuid::Uuid;

use super::Check;
use crate::providers::stripe::client::{ApiResult, Form};
use crate::providers::stripe::objects::List;
use crate::setup::Verdict;

const DOMAINS: &str = "/v1/payment_method_domains";
const PERMISSION: &str = "Payment Method Domains";
/// Where the dashboard has them.
const SETTINGS: &str = "Stripe's dashboard, Settings, Payment method domains";

/// A domain, as Stripe has it. The methods are those that depend on it most.
#[derive(Debug, Deserialize)]
struct Domain {
    id: String,
    enabled: bool,
    apple_pay: Option<Method>,
    google_pay: Option<Method>,
    link: Option<Method>,
}

#[derive(Debug, Deserialize)]
struct Method {
    status: String,
}

impl Domain {
    /// The methods that cannot be offered there.
    fn inactive(&self) -> Vec<&'static str> {
        let all = [
            ("Apple Pay", &self.apple_pay),
            ("Google Pay", &self.google_pay),
            ("Link", &self.link),
        ];
        let inactive = |it: &Option<Method>| it.as_ref().is_some_and(|it| it.status != "active");
        all.into_iter().filter(|it| inactive(it.1)).map(|it| it.0).collect()
    }
}

impl Check<'_> {
    pub(super) async fn domain(&mut self) {
        let name = self.shop.url.domain().filter(|it| it.contains('.')).map(str::to_owned);
        let Some(name) = name.filter(|_| !self.shop.is_local()) else {
            let text = "wallets such as Apple Pay need a public https:// address: give the shop's \
                        with --url";
            return self.note(Verdict::Note, text);
        };
        let query = Form::default().with("domain_name", &name);
        let found = match self.client.get(DOMAINS, &query).await {
            Ok(List::<Domain> { data, .. }) => data.into_iter().next(),
            Err(error) => return self.not_seen("wallet domains", PERMISSION, &error),
        };
        match found {
            Some(domain) if domain.enabled && domain.inactive().is_empty() => {
                self.registered(&name)
            }
            Some(domain) if !domain.enabled => {
                let text = format!("wallets: {name} is disabled; enable it in {SETTINGS}");
                self.note(Verdict::Missing, text);
            }
            found if self.shop.register => self.register(&name, found).await,
            Some(domain) => self.not_active(&name, &domain),
            None => {
                let text = format!(
                    "wallets: {name} is not registered, so customers are not offered Apple Pay and \
                     the like; --register-webhooks registers it too, or you do in {SETTINGS}"
                );
                self.note(Verdict::Missing, text);
            }
        }
    }

    async fn register(&mut self, name: &str, found: Option<Domain>) {
        match self.registration(name, found).await {
            Ok(domain) if domain.inactive().is_empty() => self.registered(name),
            Ok(domain) => self.not_active(name, &domain),
            Err(error) => {
                let otherwise = format!("register it in {SETTINGS}");
                self.not_made(&format!("the domain {name}"), PERMISSION, &error, &otherwise);
            }
        }
    }

    /// Stripe looks at a new domain by itself, at one it has refused only when asked.
    async fn registration(&self, name: &str, found: Option<Domain>) -> ApiResult<Domain> {
        let domain = match found {
            Some(domain) => domain,
            None => {
                let form = Form::default().with("domain_name", name);
                self.client.post::<Domain>(DOMAINS, Uuid::new_v4(), &form).await?.object
            }
        };
        if domain.inactive().is_empty() {
            return Ok(domain);
        }
        let validate = format!("{DOMAINS}/{}/validate", domain.id);
        let validated = self.client.post(&validate, Uuid::new_v4(), &Form::default()).await?;
        Ok(validated.object)
    }

    fn registered(&mut self, name: &str) {
        self.note(Verdict::Ok, format!("wallets: {name} is registered"));
    }

    fn not_active(&mut self, name: &str, domain: &Domain) {
        let methods = domain.inactive().join(", ");
        let text = format!(
            "wallets: {name} is registered, but {methods} not active there; {SETTINGS} says why"
        );
        self.note(Verdict::Missing, text);
    }
}
