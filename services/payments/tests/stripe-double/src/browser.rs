//! What browsers load: the double of Stripe.js and the pages of its frames. They work under a policy
//! that allows scripts, frames and connections of this origin and nothing inline.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::core::Shared;
use crate::methods::{METHODS, TestMethod, can_hold, kinds_for};
use crate::objects::{Kind, text};
use crate::server;

/// Of the double's own pages. Any shop may put them into frames.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'none'";

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    let script = concat!(include_str!("browser/rules.js"), include_str!("browser/stripe.js"));
    // A script cannot ask which version of the API its key is for.
    let script = script.replace("API_VERSION", &shared.options.api_version);
    Router::new()
        .route("/stripe.js", get(async move || file("text/javascript", script)))
        .route(
            "/pages/pages.css",
            get(async || file("text/css", include_str!("browser/pages.css"))),
        )
        .route(
            "/pages/element.js",
            get(async || file("text/javascript", include_str!("browser/element.js"))),
        )
        .route(
            "/pages/bank.js",
            get(async || file("text/javascript", include_str!("browser/bank.js"))),
        )
        .route("/pages/element", get(element))
        .route("/pages/bank", get(async || page(include_str!("browser/bank.html").to_owned())))
        .route("/pages/answer", post(answer))
        .fallback(server::answer)
        .with_state(shared)
}

fn file(kind: &'static str, text: impl Into<String>) -> Response {
    let kind = format!("{kind}; charset=utf-8");
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store".to_owned())], text.into())
        .into_response()
}

fn page(html: String) -> Response {
    let mut response = file("text/html", html);
    let policy = header::HeaderValue::from_static(POLICY);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

/// With which options the Elements were made.
#[derive(Debug, Deserialize)]
struct Wanted {
    currency: String,
    /// Whether every method has to hold the amount.
    #[serde(default)]
    manual: bool,
}

/// The Payment Element: the test methods that can be used, as radio buttons.
async fn element(Query(wanted): Query<Wanted>) -> Response {
    let kinds = kinds_for(&wanted.currency);
    let fits = |it: &&TestMethod| kinds.contains(&it.kind) && (!wanted.manual || can_hold(it.kind));
    let rows: String = METHODS.iter().filter(fits).map(row).collect();
    page(include_str!("browser/element.html").replace("<!-- methods -->", &rows))
}

fn row(method: &TestMethod) -> String {
    let TestMethod { id, label, kind, .. } = method;
    format!(
        "<label><input type=\"radio\" name=\"method\" value=\"{id}\" data-kind=\"{kind}\">\
         {label}</label>\n"
    )
}

/// What the customer says on the bank's page.
#[derive(Debug, Default)]
struct Said {
    client_secret: String,
    approved: bool,
}

impl Said {
    fn read(body: &str) -> Self {
        let mut said = Self::default();
        for (name, value) in form_urlencoded::parse(body.as_bytes()) {
            match name.as_ref() {
                "client_secret" => said.client_secret = value.into_owned(),
                "approved" => said.approved = value == "true",
                _ => {}
            }
        }
        said
    }
}

/// Takes the customer's answer and says where their browser goes, if it is on a page of its own.
async fn answer(State(shared): State<Arc<Shared>>, body: String) -> Response {
    let said = Said::read(&body);
    let intent = said.client_secret.split("_secret_").next().unwrap_or_default().to_owned();
    let back = shared.world(|world| {
        let found = world.find(Kind::PaymentIntent, &intent, None)?;
        if found["client_secret"] != said.client_secret.as_str() {
            return Err(crate::error::missing("payment_intent", &intent, None));
        }
        let next = &found["next_action"]["redirect_to_url"];
        let back = text(next, "return_url").to_owned();
        world.answer_challenge(&intent, said.approved)?;
        Ok(back)
    });
    match back {
        Ok(back) => {
            let status = if said.approved { "succeeded" } else { "failed" };
            let url = (!back.is_empty()).then(|| return_to(&back, &said.client_secret, status));
            file("application/json", json!({ "url": url }).to_string())
        }
        Err(error) => {
            let why: Value = error.body();
            (StatusCode::BAD_REQUEST, file("application/json", why.to_string())).into_response()
        }
    }
}

/// The shop's address with what Stripe adds to it ("Handle redirects").
fn return_to(url: &str, secret: &str, status: &str) -> String {
    let (rest, fragment) = url.split_once('#').map_or((url, None), |(a, b)| (a, Some(b)));
    let intent = secret.split("_secret_").next().unwrap_or_default();
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("payment_intent", intent)
        .append_pair("payment_intent_client_secret", secret)
        .append_pair("redirect_status", status)
        .finish();
    let mark = if rest.contains('?') { '&' } else { '?' };
    let fragment = fragment.map(|it| format!("#{it}")).unwrap_or_default();
    format!("{rest}{mark}{query}{fragment}")
}
