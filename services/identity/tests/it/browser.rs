//! A browser, as far as identity can tell one from another client.

use axum::Extension;
use axum::http::uri::Authority;
use chassis::forwarded::ForwardedOrigin;
use serde_json::json;

use super::*;

pub const SHOP: &str = "https://shop.example";
pub const NAME: &str = "__Host-cartwright_session";
const DEVICE: &str = "__Host-cartwright_device";

/// A browser with a page of `origin` open that asks the shop at `site`.
pub struct Browser<'s> {
    pub shop: &'s Shop,
    pub site: ForwardedOrigin,
    pub origin: Option<&'static str>,
    /// What it says it is.
    pub agent: Option<&'static str>,
    pub cookie: Option<String>,
    pub device: Option<String>,
}

impl<'s> Browser<'s> {
    pub fn new(shop: &'s Shop) -> Self {
        Self { shop, site: site(SHOP), origin: Some(SHOP), agent: None, cookie: None, device: None }
    }

    /// Asks, and keeps the cookie it is given as browsers do.
    pub async fn post(&mut self, path: &str, body: Value) -> Answer {
        let answer = self.call(path, self.cookie.as_deref(), body).await;
        if let Some(cookie) = given(&answer) {
            self.cookie = Some(cookie).filter(|it| !it.is_empty());
        }
        self.device = given_device(&answer).or(self.device.take());
        answer
    }

    pub fn call(&self, path: &str, cookie: Option<&str>, body: Value) -> Call {
        let router = self.shop.service.router.clone().layer(Extension(self.site.clone()));
        let mut call = call(&router, "POST", &format!("/api/v1{path}"));
        if let Some(origin) = self.origin {
            call = call.header("origin", origin);
        }
        if let Some(agent) = self.agent {
            call = call.header("user-agent", agent);
        }
        if let Some(device) = &self.device {
            call = call.header("cookie", &format!("{DEVICE}={device}"));
        }
        if let Some(cookie) = cookie {
            call = call.header("cookie", &format!("theme=dark; {NAME}={cookie}; lang=de"));
        }
        if body.is_null() { call } else { call.json(body) }
    }

    pub async fn log_in(&mut self, name: &str) -> Answer {
        let email = format!("{name}@example.com");
        let body = json!({ "email": email, "password": PASSWORD, "session": "cookie" });
        self.post("/auth/login", body).await
    }

    pub async fn refresh(&mut self) -> Answer {
        self.post("/auth/refresh", Value::Null).await
    }

    pub fn cookie(&self) -> &str {
        self.cookie.as_deref().unwrap()
    }
}

pub fn site(origin: &str) -> ForwardedOrigin {
    let (scheme, host) = origin.split_once("://").unwrap();
    ForwardedOrigin { secure: scheme == "https", host: Some(host.parse::<Authority>().unwrap()) }
}

/// The value of the cookie an answer sets, which is empty where it is taken away.
pub fn given(answer: &Answer) -> Option<String> {
    let cookie = answer.headers.get("set-cookie")?.to_str().unwrap();
    let (name, rest) = cookie.split_once('=').unwrap();
    let (value, attributes) = rest.split_once("; ").unwrap();
    let age = if value.is_empty() { 0 } else { 30 * 86_400 };
    assert_eq!(name, NAME);
    let expected = format!("Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={age}");
    assert_eq!(attributes, expected);
    Some(value.to_owned())
}

/// What the browser is known by from an answer on, if that says so.
fn given_device(answer: &Answer) -> Option<String> {
    let cookies = answer.headers.get_all("set-cookie").iter().map(|it| it.to_str().unwrap());
    let device = cookies.filter_map(|it| it.strip_prefix(DEVICE)?.strip_prefix('=')).next()?;
    let (value, attributes) = device.split_once("; ").unwrap();
    assert_eq!(attributes, "Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=15552000");
    Some(value.to_owned())
}
