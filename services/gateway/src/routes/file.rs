//! The text of a routes file and what may be in it. docs/routes.md explains every key.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use chassis::address_rules::AddressRules;
use chassis::extract::MAX_BODY;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use serde::Deserialize;
use toml::Spanned;

use super::host::Host;
use super::path::{self, Template};
use super::{Action, Answer, Kind, Route, Target};
use crate::NAME;
use reshape::{Form, Groups, Operation, Way};

/// The largest body a route may allow.
const MAX_LIMIT: usize = 64 * 1024 * 1024;
/// The longest a service may be waited for.
const MAX_TIMEOUT: u64 = 600_000;

/// What a file says, before its routes are brought into an order.
pub(super) struct Read {
    pub(super) version: Option<String>,
    /// For problems without a route.
    pub(super) errors: Arc<[Operation]>,
    pub(super) status: Vec<(Kind, StatusCode)>,
    pub(super) routes: Vec<Route>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: Option<Spanned<String>>,
    /// Whether addresses are held to the rules of their country.
    #[serde(default = "yes")]
    address_rules: bool,
    /// For every route that has none of its own.
    #[serde(default)]
    errors: Operations,
    /// For every route, unless it says otherwise.
    #[serde(default)]
    status: BTreeMap<String, u16>,
    #[serde(default)]
    groups: Groups,
    routes: Vec<Spanned<Entry>>,
}

type Operations = Vec<Spanned<toml::Table>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    path: Spanned<OneOrMany>,
    host: Option<String>,
    methods: Option<Vec<String>>,
    service: Option<String>,
    rewrite: Option<String>,
    method: Option<String>,
    answer: Option<AnswerEntry>,
    #[serde(default)]
    limits: BTreeMap<String, String>,
    #[serde(default)]
    auth: bool,
    #[serde(default)]
    permissions: Vec<String>,
    timeout_ms: Option<u64>,
    retry: Option<bool>,
    body_limit: Option<usize>,
    accepts: Option<Vec<Form>>,
    #[serde(default)]
    request: Operations,
    #[serde(default)]
    response: Operations,
    errors: Option<Operations>,
    #[serde(default)]
    status: BTreeMap<String, u16>,
    #[serde(rename = "else")]
    otherwise: Option<ElseEntry>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a path or a list of paths")]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ElseEntry {
    service: String,
    rewrite: Option<String>,
    #[serde(default)]
    request: Operations,
    #[serde(default)]
    response: Operations,
    errors: Option<Operations>,
    #[serde(default)]
    status: BTreeMap<String, u16>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerEntry {
    #[serde(default = "ok")]
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<toml::Value>,
}

fn yes() -> bool {
    true
}

fn ok() -> u16 {
    200
}

/// Reads the text of a file. An error begins with the name of the file and the line.
pub(super) fn read(text: &str, file: &str) -> Result<Read, String> {
    let lines = Lines { text, file };
    let read: File = toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |it| it.start);
        format!("{}: {}", lines.at(start), error.message())
    })?;
    let version = match read.version {
        Some(it) if !path::is_version(it.get_ref()) => {
            let at = lines.at(it.span().start);
            return Err(format!("{at}: {:?} is no version; write it like v1", it.get_ref()));
        }
        it => it.map(Spanned::into_inner),
    };
    let errors = lines.operations(read.errors, Way::Response, &read.groups)?.into();
    let status = statuses(&read.status).map_err(|reason| format!("{file}: {reason}"))?;
    let address_rules = match read.address_rules {
        true => AddressRules::On,
        false => AddressRules::Off,
    };
    let common = Common { version, address_rules, errors, status, groups: read.groups };
    let mut routes = Vec::with_capacity(read.routes.len());
    for entry in read.routes {
        let entry = entry.into_inner();
        let start = entry.path.span().start;
        let shown = entry.path.get_ref().to_string();
        let read = lines.routes(entry, &common).map_err(|wrong| match wrong {
            Wrong::Here(reason) => format!("{}: {shown}: {reason}", lines.at(start)),
            Wrong::Elsewhere(whole) => whole,
        })?;
        routes.extend(read);
    }
    let errors = common.errors;
    Ok(Read { version: common.version, errors, status: common.status, routes })
}

/// What the routes of a file share.
struct Common {
    version: Option<String>,
    address_rules: AddressRules,
    errors: Arc<[Operation]>,
    status: Vec<(Kind, StatusCode)>,
    groups: Groups,
}

/// A mistake in a route, or in a line of its own.
enum Wrong {
    Here(String),
    Elsewhere(String),
}

impl From<String> for Wrong {
    fn from(reason: String) -> Self {
        Self::Here(reason)
    }
}

#[derive(Clone, Copy)]
struct Lines<'a> {
    text: &'a str,
    file: &'a str,
}

impl Lines<'_> {
    fn line(self, offset: usize) -> usize {
        let before = &self.text.as_bytes()[..offset.min(self.text.len())];
        before.iter().filter(|it| **it == b'\n').count() + 1
    }

    fn at(self, offset: usize) -> String {
        format!("{} line {}", self.file, self.line(offset))
    }

    fn operations(
        self,
        tables: Operations,
        way: Way,
        groups: &Groups,
    ) -> Result<Vec<Operation>, String> {
        let operations = tables.into_iter().map(|table| {
            let start = table.span().start;
            let read = Operation::read(table.into_inner(), way, groups);
            read.map_err(|reason| format!("{}: {reason}", self.at(start)))
        });
        operations.collect()
    }

    /// One route for each of the entry's paths.
    fn routes(self, mut entry: Entry, common: &Common) -> Result<Vec<Route>, Wrong> {
        let paths = entry.path.get_ref().list();
        let paths = paths.iter().map(|it| path::pattern(it, common.version.as_deref()));
        let paths: Vec<String> = paths.collect::<Result<_, _>>()?;
        let methods = methods(entry.methods.take())?;
        let host = entry.host.as_deref().map(Host::parse).transpose()?;
        let otherwise = entry.otherwise.take();
        if otherwise.is_some() && !is_get(&methods) {
            let reason = "else is for methods = [\"GET\"] only: a body is sent once";
            return Err(reason.to_owned().into());
        }
        let body_limit = entry.body_limit.unwrap_or(MAX_BODY);
        if !(1..=MAX_LIMIT).contains(&body_limit) {
            let reason = format!("body_limit is {body_limit}; allowed are 1 to {MAX_LIMIT} bytes");
            return Err(reason.into());
        }
        if let Some(it) = entry.timeout_ms.filter(|it| !(1..=MAX_TIMEOUT).contains(it)) {
            return Err(format!("timeout_ms is {it}; allowed are 1 to {MAX_TIMEOUT}").into());
        }
        let route = Route {
            line: self.line(entry.path.span().start),
            host,
            path: String::new(),
            methods,
            limits: limits(&entry.limits)?,
            access: (entry.auth || !entry.permissions.is_empty())
                .then(|| std::mem::take(&mut entry.permissions)),
            timeout: entry.timeout_ms.map(Duration::from_millis),
            retry: entry.retry.unwrap_or(true),
            body_limit,
            accepts: entry.accepts.take().unwrap_or_else(|| vec![Form::Json]),
            address_rules: common.address_rules,
            action: self.action(entry, common, &paths)?,
            otherwise: otherwise.map(|it| self.target(it.into(), common, &paths)).transpose()?,
        };
        Ok(paths.into_iter().map(|path| Route { path, ..route.clone() }).collect())
    }

    fn action(self, entry: Entry, common: &Common, paths: &[String]) -> Result<Action, Wrong> {
        match (entry.service, entry.answer) {
            (Some(service), None) => {
                let ask = Ask {
                    service,
                    rewrite: entry.rewrite,
                    method: entry.method,
                    request: entry.request,
                    response: entry.response,
                    errors: entry.errors,
                    status: entry.status,
                };
                self.target(ask, common, paths).map(Action::Ask)
            }
            (None, Some(answer)) => {
                let asks = entry.rewrite.is_some() || entry.method.is_some();
                if asks || !(entry.request.is_empty() && entry.response.is_empty()) {
                    let reason = "an answer is given as it is; nothing is asked or reshaped";
                    return Err(reason.to_owned().into());
                }
                Ok(Action::Answer(answer.read()?))
            }
            (None, None) => Err("who answers? Write service or answer".to_owned().into()),
            (Some(_), Some(_)) => Err("service and answer exclude each other".to_owned().into()),
        }
    }

    fn target(self, ask: Ask, common: &Common, paths: &[String]) -> Result<Target, Wrong> {
        let shaping =
            |tables, way| self.operations(tables, way, &common.groups).map_err(Wrong::Elsewhere);
        let request = shaping(ask.request, Way::Request)?;
        let rewrite = rewritten(ask.rewrite, &ask.service, paths, &request)?;
        let mut status = statuses(&ask.status)?;
        status.extend(common.status.iter().cloned());
        Ok(Target {
            service: ask.service,
            rewrite,
            method: ask.method.as_deref().map(method).transpose()?,
            names: reshape::names(&request).into(),
            request,
            response: shaping(ask.response, Way::Response)?,
            errors: match ask.errors {
                Some(errors) => shaping(errors, Way::Response)?.into(),
                None => common.errors.clone(),
            },
            status,
        })
    }
}

/// What is asked of a service.
struct Ask {
    service: String,
    rewrite: Option<String>,
    method: Option<String>,
    request: Operations,
    response: Operations,
    errors: Option<Operations>,
    status: BTreeMap<String, u16>,
}

impl From<ElseEntry> for Ask {
    fn from(it: ElseEntry) -> Self {
        Self {
            service: it.service,
            rewrite: it.rewrite,
            method: None,
            request: it.request,
            response: it.response,
            errors: it.errors,
            status: it.status,
        }
    }
}

impl OneOrMany {
    fn list(&self) -> &[String] {
        match self {
            Self::One(path) => std::slice::from_ref(path),
            Self::Many(paths) => paths,
        }
    }
}

impl std::fmt::Display for OneOrMany {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.list().join(", "))
    }
}

fn is_get(methods: &[Method]) -> bool {
    !methods.is_empty() && methods.iter().all(|it| [Method::GET, Method::HEAD].contains(it))
}

/// The path a service knows it by. Without one it is the one that was asked for.
fn rewritten(
    rewrite: Option<String>,
    service: &str,
    paths: &[String],
    request: &[Operation],
) -> Result<Option<Template>, String> {
    let foreign = |path: &str| service != NAME && !path.starts_with("/api/");
    let Some(rewrite) = rewrite else {
        return match paths.iter().find(|it| foreign(it)) {
            Some(path) => Err(format!("the services know no path {path}; write rewrite")),
            None => Ok(None),
        };
    };
    if foreign(&rewrite) {
        return Err(format!("the services know no path {rewrite}"));
    }
    let template = Template::parse(&rewrite)?;
    for name in template.parameters() {
        let made = request.iter().any(|it| it.makes_parameter(name));
        if !made && paths.iter().any(|path| !path::parameters(path).contains(&name)) {
            return Err(format!("rewrite: neither the path nor an operation makes {{{name}}}"));
        }
    }
    Ok(Some(template))
}

fn methods(names: Option<Vec<String>>) -> Result<Vec<Method>, String> {
    match names {
        Some(names) if names.is_empty() => {
            Err("methods = [] allows nothing; leave it out to allow all".to_owned())
        }
        names => names.unwrap_or_default().iter().map(|it| method(it)).collect(),
    }
}

fn method(name: &str) -> Result<Method, String> {
    let known = Method::from_bytes(name.as_bytes()).ok();
    let known = known.filter(|_| name.bytes().all(|it| it.is_ascii_uppercase()));
    known.ok_or_else(|| format!("{name:?} is no method; write it like GET"))
}

fn limits(limits: &BTreeMap<String, String>) -> Result<Vec<(Method, String)>, String> {
    limits.iter().map(|(name, class)| Ok((method(name)?, class.clone()))).collect()
}

fn statuses(status: &BTreeMap<String, u16>) -> Result<Vec<(Kind, StatusCode)>, String> {
    let pairs = status.iter().map(|(from, to)| {
        let wrong = |it: &dyn std::fmt::Display| format!("status: {it} is no status of an answer");
        let from = match from.parse() {
            Ok(code) => Kind::Status(final_status(code).ok_or_else(|| wrong(&code))?),
            Err(_) if from.bytes().all(|it| it.is_ascii_lowercase() || it == b'_') => {
                Kind::Code(from.clone())
            }
            Err(_) => return Err(wrong(from)),
        };
        Ok((from, final_status(*to).ok_or_else(|| wrong(to))?))
    });
    pairs.collect()
}

fn final_status(code: u16) -> Option<StatusCode> {
    StatusCode::from_u16(code).ok().filter(|_| (200..600).contains(&code))
}

impl AnswerEntry {
    fn read(self) -> Result<Answer, String> {
        let status = final_status(self.status)
            .ok_or_else(|| format!("answer: {} is no status of an answer", self.status))?;
        let (kind, body) = match self.body {
            None => (None, Bytes::new()),
            Some(toml::Value::String(text)) => {
                (Some("text/plain; charset=utf-8"), Bytes::from(text))
            }
            Some(value) => {
                let value = reshape::json(value)?;
                (Some("application/json"), Bytes::from(value.to_string()))
            }
        };
        let mut headers = HeaderMap::new();
        if let Some(kind) = kind {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        for (name, value) in self.headers {
            let wrong = || format!("answer: {name}: {value:?} is no header");
            let name: HeaderName = name.parse().map_err(|_| wrong())?;
            if name != header::CONTENT_TYPE {
                reshape::may_set(&name)?;
            }
            headers.insert(name.clone(), HeaderValue::from_str(&value).map_err(|_| wrong())?);
        }
        Ok(Answer { status, headers, body })
    }
}

impl Answer {
    pub(crate) fn give(&self) -> Response {
        let mut response = Response::new(Body::from(self.body.clone()));
        *response.status_mut() = self.status;
        response.headers_mut().clone_from(&self.headers);
        response
    }
}
