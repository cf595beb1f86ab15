//! Which service answers which path, and how: data, read from a routes file.

mod answer;
mod describe;
mod error;
mod file;
pub(crate) mod host;
mod path;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chassis::address_rules::AddressRules;
use http::{Method, StatusCode};

pub(crate) use answer::Answer;
pub(crate) use describe::Described;
pub use describe::RouteView;
pub use error::{RouteError, RouteFileError};
use host::Host;
pub(crate) use path::Template;

use crate::limits::{READ, WRITE};
use reshape::{Form, Operation};

/// The routes of the shop itself.
pub(crate) const BUILTIN: &str = include_str!("../routes.toml");

/// All routes, ready to be matched.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    /// What errors call the file.
    file: String,
    /// The version that may be left out of `/api/…`.
    version: Option<String>,
    any: Paths,
    /// Exact ones first.
    hosts: Vec<(Host, Paths)>,
    /// In the order of the file.
    routes: Vec<Arc<Route>>,
    /// The format of problems without a route.
    pub(crate) errors: Arc<[Operation]>,
    pub(crate) status: Vec<(Kind, StatusCode)>,
}

/// What stands in place of a class where requests are not counted.
const UNLIMITED: &str = "none";

/// The routes of a path, which differ in their methods.
type Paths = matchit::Router<Vec<Arc<Route>>>;

/// What is done with a request.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// Where it stands in its file.
    line: usize,
    pub(crate) host: Option<Host>,
    pub(crate) path: String,
    /// None: all that no other route of the path has.
    pub(crate) methods: Vec<Method>,
    pub(crate) action: Action,
    /// Who is asked if the first one knows nothing of it.
    pub(crate) otherwise: Option<Target>,
    /// Classes of rate limits, by their names.
    limits: Vec<(Method, String)>,
    /// The permissions a user needs to come here at all; none given: anybody may.
    pub(crate) access: Option<Vec<String>>,
    pub(crate) timeout: Option<Duration>,
    /// Whether another copy of the service may be asked where that is safe.
    pub(crate) retry: bool,
    /// In bytes.
    pub(crate) body_limit: usize,
    pub(crate) accepts: Vec<Form>,
    /// As its file says.
    pub(crate) address_rules: AddressRules,
}

#[derive(Clone, Debug)]
pub(crate) enum Action {
    Ask(Target),
    Answer(Answer),
}

/// Who is asked, and how the messages are reshaped.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) service: String,
    pub(crate) rewrite: Option<Template>,
    pub(crate) method: Option<Method>,
    pub(crate) request: Vec<Operation>,
    pub(crate) response: Vec<Operation>,
    pub(crate) errors: Arc<[Operation]>,
    pub(crate) status: Vec<(Kind, StatusCode)>,
    /// What the fields the service knows are called by the client.
    pub(crate) names: Arc<[(String, String)]>,
}

/// Which answers get another status.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Status(StatusCode),
    /// Problems with this code.
    Code(String),
}

/// What there is at a path.
#[derive(Debug)]
pub(crate) enum Found<'t, 'p> {
    Nothing,
    /// Only other methods are possible: the value of `Allow`.
    OtherMethods(String),
    Route(Match<'t, 'p>),
}

/// The route of a path.
#[derive(Debug)]
pub(crate) struct Match<'t, 'p> {
    pub(crate) route: &'t Arc<Route>,
    /// The path in its one form.
    pub(crate) path: Cow<'p, str>,
}

/// Routes with the lines at which they stand.
type Lines = Vec<(usize, Arc<Route>)>;

impl Table {
    pub(crate) fn builtin() -> Result<Self, RouteFileError> {
        Self::parse(BUILTIN, "routes.toml")
    }

    /// Reads a table from the text of `file`.
    pub(crate) fn parse(text: &str, file: &str) -> Result<Self, RouteFileError> {
        let wrong = |line, path: &str, reason| RouteFileError::Wrong {
            file: file.to_owned(),
            line: Some(line),
            path: Some(path.to_owned()),
            reason,
        };
        let read = file::read(text, file)?;
        let mut paths: BTreeMap<(Option<Host>, String), Lines> = BTreeMap::new();
        let mut routes = Vec::with_capacity(read.routes.len());
        for route in read.routes {
            let (line, route) = (route.line, Arc::new(route));
            routes.push(route.clone());
            let others = paths.entry((route.host.clone(), route.path.clone())).or_default();
            if let Some((other, what)) =
                others.iter().find_map(|(line, it)| Some((line, it.overlap(&route)?)))
            {
                let conflict = RouteError::Conflict { what, line: *other };
                return Err(wrong(line, &route.path, conflict));
            }
            others.push((line, route));
        }
        let mut any = Paths::new();
        let mut hosts: Vec<(Host, Paths)> = Vec::new();
        for ((host, path), mut found) in paths {
            let line = found.first().map_or(0, |it| it.0);
            // Who names no methods gets what the others leave.
            found.sort_by_key(|(_, it)| it.methods.is_empty());
            let found = found.into_iter().map(|(_, it)| it).collect();
            let router = match host {
                None => &mut any,
                Some(host) => match hosts.iter().position(|(it, _)| *it == host) {
                    Some(at) => &mut hosts[at].1,
                    None => &mut hosts.push_mut((host, Paths::new())).1,
                },
            };
            let inserted = router.insert(&path, found);
            inserted.map_err(|error| wrong(line, &path, error.into()))?;
        }
        // Of two endings the longer one is meant.
        hosts.sort_by_key(|(host, _)| match host {
            Host::Exact(_) => (0, 0),
            Host::Under(end) => (1, usize::MAX - end.len()),
        });
        let (version, errors, status) = (read.version, read.errors, read.status);
        Ok(Self { file: file.to_owned(), version, any, hosts, routes, errors, status })
    }

    pub(crate) fn routes(&self) -> &[Arc<Route>] {
        &self.routes
    }

    /// The one form of a path.
    pub(crate) fn canonical<'p>(&self, path: &'p str) -> Cow<'p, str> {
        path::canonical(path, self.version.as_deref())
    }

    /// What is there for a path, in whatever way the client wrote it. `host` is asked only where
    /// it matters.
    pub(crate) fn find<'t, 'p, 'h>(
        &'t self,
        path: &'p str,
        method: &Method,
        host: impl FnOnce() -> Option<&'h str>,
    ) -> Found<'t, 'p> {
        let path = self.canonical(path);
        let mut allowed = Vec::new();
        if !self.hosts.is_empty()
            && let Some(host) = host()
        {
            for (_, paths) in self.hosts.iter().filter(|(it, _)| it.is(host)) {
                if let Some(route) = choose(paths, &path, method, &mut allowed) {
                    return Found::Route(Match { route, path });
                }
            }
        }
        match choose(&self.any, &path, method, &mut allowed) {
            Some(route) => Found::Route(Match { route, path }),
            None if allowed.is_empty() => Found::Nothing,
            None => Found::OtherMethods(allowed.join(",")),
        }
    }
}

fn choose<'t>(
    paths: &'t Paths,
    path: &str,
    method: &Method,
    allowed: &mut Vec<&'t str>,
) -> Option<&'t Arc<Route>> {
    let routes = paths.at(path).ok()?.value;
    if let Some(route) = routes.iter().find(|it| it.takes(method)) {
        return Some(route);
    }
    for name in routes.iter().flat_map(|it| &it.methods) {
        for name in [name.as_str()].into_iter().chain((*name == Method::GET).then_some("HEAD")) {
            if !allowed.contains(&name) {
                allowed.push(name);
            }
        }
    }
    None
}

impl Route {
    fn takes(&self, method: &Method) -> bool {
        self.methods.is_empty()
            || self.methods.contains(method)
            || (method == Method::HEAD && self.methods.contains(&Method::GET))
    }

    /// What two routes of a path both claim.
    fn overlap(&self, other: &Self) -> Option<String> {
        if self.methods.is_empty() && other.methods.is_empty() {
            return Some("every method".to_owned());
        }
        self.methods.iter().find(|it| other.methods.contains(it)).map(ToString::to_string)
    }

    /// Whether requests and answers pass as they are.
    pub(crate) fn is_plain(&self) -> bool {
        self.otherwise.is_none()
            && self.accepts == [Form::Json]
            && match &self.action {
                Action::Ask(target) => target.is_plain(),
                Action::Answer(_) => self.access.is_none(),
            }
    }

    /// Whether it matters who is logged in.
    pub(crate) fn needs_user(&self) -> bool {
        let first = match &self.action {
            Action::Ask(target) => Some(target),
            Action::Answer(_) => None,
        };
        first.into_iter().chain(&self.otherwise).any(Target::needs_user)
    }

    pub(crate) fn service(&self) -> Option<&str> {
        match &self.action {
            Action::Ask(target) => Some(&target.service),
            Action::Answer(_) => None,
        }
    }

    /// The parameters in a path that this route is for.
    pub(crate) fn parameters(&self, path: &str) -> Vec<(String, String)> {
        let mut router = matchit::Router::new();
        if router.insert(&self.path, ()).is_err() {
            return Vec::new();
        }
        let Ok(found) = router.at(path) else { return Vec::new() };
        found.params.iter().map(|(name, value)| path::parameter(&self.path, name, value)).collect()
    }

    /// The name of the class of the rate limit, if there is one.
    pub(crate) fn class(&self, method: &Method) -> Option<&str> {
        match self.limits.iter().find(|(it, _)| it == method) {
            Some((_, class)) => Some(class.as_str()).filter(|it| *it != UNLIMITED),
            None if [Method::GET, Method::HEAD, Method::OPTIONS].contains(method) => {
                Some(READ.name)
            }
            None => Some(WRITE.name),
        }
    }
}

impl Target {
    fn needs_user(&self) -> bool {
        self.request.iter().chain(&self.response).any(Operation::needs_user)
    }

    /// Whether nothing is to be done with its messages but to pass them on to a path known in
    /// advance.
    pub(crate) fn is_plain(&self) -> bool {
        self.request.is_empty()
            && self.response.is_empty()
            && self.errors.is_empty()
            && self.status.is_empty()
            && self.method.is_none()
            && self.rewrite.as_ref().is_none_or(|it| it.constant().is_some())
    }
}

/// Which status an answer gets instead of its own. What is said of a problem's code goes before
/// what is said of its status, and a route before its file.
pub(crate) fn status(
    rules: &[(Kind, StatusCode)],
    status: StatusCode,
    code: Option<&str>,
) -> StatusCode {
    let by_code = rules.iter().find(|(kind, _)| match kind {
        Kind::Code(it) => Some(it.as_str()) == code,
        Kind::Status(_) => false,
    });
    let rule = by_code.or_else(|| rules.iter().find(|(kind, _)| *kind == Kind::Status(status)));
    rule.map_or(status, |(_, to)| *to)
}

#[cfg(test)]
mod tests;
