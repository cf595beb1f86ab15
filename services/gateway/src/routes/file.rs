//! The text of a routes file and what may be in it. docs/routes.md explains every key.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chassis::address_rules::AddressRules;
use chassis::extract::MAX_BODY;
use http::{Method, StatusCode};
use reshape::{Form, Groups, Operation, Way};
use serde::Deserialize;
use toml::Spanned;

use super::answer::AnswerEntry;
use super::error::{RouteError, RouteFileError};
use super::host::Host;
use super::path::{self, Template};
use super::{Action, Kind, Route, Target};
use crate::NAME;

/// The largest body a route may allow.
pub(super) const MAX_LIMIT: usize = 64 * 1024 * 1024;
/// The longest a service may be waited for.
pub(super) const MAX_TIMEOUT: u64 = 600_000;

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

fn yes() -> bool {
    true
}

/// Reads the text of a file.
pub(super) fn read(text: &str, file: &str) -> Result<Read, RouteFileError> {
    let lines = Lines { text, file };
    let read: File = toml::from_str(text).map_err(|error: toml::de::Error| {
        let start = error.span().map_or(0, |it| it.start);
        lines.wrong(Some(start), None, error)
    })?;
    let version = match read.version {
        Some(it) if !path::is_version(it.get_ref()) => {
            let start = it.span().start;
            return Err(lines.wrong(Some(start), None, RouteError::Version(it.into_inner())));
        }
        it => it.map(Spanned::into_inner),
    };
    let errors = lines.operations(read.errors, Way::Response, &read.groups)?.into();
    let status = statuses(&read.status).map_err(|error| lines.wrong(None, None, error))?;
    let address_rules = if read.address_rules { AddressRules::On } else { AddressRules::Off };
    let common = Common { version, address_rules, errors, status, groups: read.groups };
    let mut routes = Vec::with_capacity(read.routes.len());
    for entry in read.routes {
        routes.extend(lines.routes(entry.into_inner(), &common)?);
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

/// How messages are reshaped, as a file has it.
struct Tables {
    request: Operations,
    response: Operations,
    errors: Option<Operations>,
}

/// How messages are reshaped.
struct Shaping {
    request: Vec<Operation>,
    response: Vec<Operation>,
    errors: Arc<[Operation]>,
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

    fn wrong(
        self,
        offset: Option<usize>,
        path: Option<String>,
        reason: impl Into<RouteError>,
    ) -> RouteFileError {
        let line = offset.map(|it| self.line(it));
        RouteFileError::Wrong { file: self.file.to_owned(), line, path, reason: reason.into() }
    }

    fn operations(
        self,
        tables: Operations,
        way: Way,
        groups: &Groups,
    ) -> Result<Vec<Operation>, RouteFileError> {
        let operations = tables.into_iter().map(|table| {
            let start = table.span().start;
            let read = Operation::read(table.into_inner(), way, groups);
            read.map_err(|error| self.wrong(Some(start), None, error))
        });
        operations.collect()
    }

    fn routes(self, mut entry: Entry, common: &Common) -> Result<Vec<Route>, RouteFileError> {
        let start = entry.path.span().start;
        let shown = entry.path.get_ref().to_string();
        // What is wrong with an operation is told with the line of its own.
        let shaping = self.shaping(entry.tables(), common)?;
        let mut otherwise = entry.otherwise.take();
        let of_else = otherwise.as_mut().map(|it| self.shaping(it.tables(), common));
        let otherwise = otherwise.zip(of_else.transpose()?);
        let routes = entry.routes(self.line(start), shaping, otherwise, common);
        routes.map_err(|error| self.wrong(Some(start), Some(shown), error))
    }

    fn shaping(self, tables: Tables, common: &Common) -> Result<Shaping, RouteFileError> {
        let read = |tables, way| self.operations(tables, way, &common.groups);
        Ok(Shaping {
            request: read(tables.request, Way::Request)?,
            response: read(tables.response, Way::Response)?,
            errors: match tables.errors {
                Some(errors) => read(errors, Way::Response)?.into(),
                None => common.errors.clone(),
            },
        })
    }
}

impl Entry {
    fn tables(&mut self) -> Tables {
        Tables {
            request: std::mem::take(&mut self.request),
            response: std::mem::take(&mut self.response),
            errors: self.errors.take(),
        }
    }

    /// One route for each of its paths.
    fn routes(
        mut self,
        line: usize,
        shaping: Shaping,
        otherwise: Option<(ElseEntry, Shaping)>,
        common: &Common,
    ) -> Result<Vec<Route>, RouteError> {
        let paths = self.path.get_ref().list();
        let paths = paths.iter().map(|it| path::pattern(it, common.version.as_deref()));
        let paths: Vec<String> = paths.collect::<Result<_, _>>()?;
        let methods = methods(self.methods.take())?;
        let host = self.host.as_deref().map(Host::parse).transpose()?;
        if otherwise.is_some() && !is_get(&methods) {
            return Err(RouteError::Else);
        }
        let body_limit = self.body_limit.unwrap_or(MAX_BODY);
        if !(1..=MAX_LIMIT).contains(&body_limit) {
            return Err(RouteError::BodyLimit(body_limit));
        }
        if let Some(it) = self.timeout_ms.filter(|it| !(1..=MAX_TIMEOUT).contains(it)) {
            return Err(RouteError::Timeout(it));
        }
        let otherwise = otherwise.map(|(it, shaping)| it.ask(shaping).target(common, &paths));
        let route = Route {
            line,
            host,
            path: String::new(),
            methods,
            limits: limits(&self.limits)?,
            access: (self.auth || !self.permissions.is_empty())
                .then(|| std::mem::take(&mut self.permissions)),
            timeout: self.timeout_ms.map(Duration::from_millis),
            retry: self.retry.unwrap_or(true),
            body_limit,
            accepts: self.accepts.take().unwrap_or_else(|| vec![Form::Json]),
            address_rules: common.address_rules,
            action: self.action(shaping, common, &paths)?,
            otherwise: otherwise.transpose()?,
        };
        Ok(paths.into_iter().map(|path| Route { path, ..route.clone() }).collect())
    }

    fn action(
        self,
        shaping: Shaping,
        common: &Common,
        paths: &[String],
    ) -> Result<Action, RouteError> {
        let Self { rewrite, method, status, .. } = self;
        match (self.service, self.answer) {
            (Some(service), None) => {
                let ask = Ask { service, rewrite, method, shaping, status };
                ask.target(common, paths).map(Action::Ask)
            }
            (None, Some(answer)) => {
                let asks = rewrite.is_some() || method.is_some();
                if asks || !(shaping.request.is_empty() && shaping.response.is_empty()) {
                    return Err(RouteError::ReshapedAnswer);
                }
                Ok(Action::Answer(answer.read()?))
            }
            (None, None) => Err(RouteError::NobodyAnswers),
            (Some(_), Some(_)) => Err(RouteError::ServiceAndAnswer),
        }
    }
}

impl ElseEntry {
    fn tables(&mut self) -> Tables {
        Tables {
            request: std::mem::take(&mut self.request),
            response: std::mem::take(&mut self.response),
            errors: self.errors.take(),
        }
    }

    fn ask(self, shaping: Shaping) -> Ask {
        let Self { service, rewrite, status, .. } = self;
        Ask { service, rewrite, method: None, shaping, status }
    }
}

/// What is asked of a service.
struct Ask {
    service: String,
    rewrite: Option<String>,
    method: Option<String>,
    shaping: Shaping,
    status: BTreeMap<String, u16>,
}

impl Ask {
    fn target(self, common: &Common, paths: &[String]) -> Result<Target, RouteError> {
        let Shaping { request, response, errors } = self.shaping;
        let rewrite = rewritten(self.rewrite, &self.service, paths, &request)?;
        let mut status = statuses(&self.status)?;
        status.extend(common.status.iter().cloned());
        Ok(Target {
            service: self.service,
            rewrite,
            method: self.method.as_deref().map(method).transpose()?,
            names: reshape::names(&request).into(),
            request,
            response,
            errors,
            status,
        })
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
) -> Result<Option<Template>, RouteError> {
    let foreign = |path: &str| service != NAME && !path.starts_with("/api/");
    let Some(rewrite) = rewrite else {
        return match paths.iter().find(|it| foreign(it)) {
            Some(path) => Err(RouteError::NeedsRewrite(path.clone())),
            None => Ok(None),
        };
    };
    if foreign(&rewrite) {
        return Err(RouteError::Foreign(rewrite));
    }
    let template = Template::parse(&rewrite)?;
    for name in template.parameters() {
        let made = request.iter().any(|it| it.makes_parameter(name));
        if !made && paths.iter().any(|path| !path::parameters(path).contains(&name)) {
            return Err(RouteError::NotMade(name.to_owned()));
        }
    }
    Ok(Some(template))
}

fn methods(names: Option<Vec<String>>) -> Result<Vec<Method>, RouteError> {
    match names {
        Some(names) if names.is_empty() => Err(RouteError::NoMethods),
        names => names.unwrap_or_default().iter().map(|it| method(it)).collect(),
    }
}

fn method(name: &str) -> Result<Method, RouteError> {
    let known = Method::from_bytes(name.as_bytes()).ok();
    let known = known.filter(|_| name.bytes().all(|it| it.is_ascii_uppercase()));
    known.ok_or_else(|| RouteError::Method(name.to_owned()))
}

fn limits(limits: &BTreeMap<String, String>) -> Result<Vec<(Method, String)>, RouteError> {
    limits.iter().map(|(name, class)| Ok((method(name)?, class.clone()))).collect()
}

fn statuses(status: &BTreeMap<String, u16>) -> Result<Vec<(Kind, StatusCode)>, RouteError> {
    let pairs = status.iter().map(|(from, to)| {
        let wrong = |it: &dyn std::fmt::Display| RouteError::Status(it.to_string());
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

pub(super) fn final_status(code: u16) -> Option<StatusCode> {
    StatusCode::from_u16(code).ok().filter(|_| (200..600).contains(&code))
}
