//! Routes as people and the services' descriptions see them.

use std::sync::Arc;

use chassis::quota::RateLimit;
use serde::Serialize;
use utoipa::openapi::OpenApi;

use super::error::{RouteError, RouteFileError};
use super::path::Template;
use super::{Action, Route, Table, Target, UNLIMITED};

/// A route, for people.
#[derive(Clone, Debug, Serialize)]
pub struct RouteView {
    pub path: String,
    pub host: Option<String>,
    /// Empty: all.
    pub methods: Vec<String>,
    /// None: a static answer.
    pub service: Option<String>,
    pub rewrite: Option<String>,
    /// Rate limits where they are not the usual ones: method and class.
    pub limits: Vec<(String, String)>,
    /// Whether somebody must be logged in, by the word of this route alone.
    pub auth: bool,
    pub permissions: Vec<String>,
    /// Whether messages are reshaped.
    pub reshaped: bool,
}

impl RouteView {
    pub(crate) fn of(route: &Route) -> Self {
        let target = match &route.action {
            Action::Ask(target) => Some(target),
            Action::Answer(_) => None,
        };
        let limits = route.limits.iter().map(|(method, class)| (method.to_string(), class.clone()));
        Self {
            path: route.path.clone(),
            host: route.host.as_ref().map(super::Host::text),
            methods: route.methods.iter().map(ToString::to_string).collect(),
            service: target.map(|it| it.service.clone()),
            rewrite: target.and_then(|it| it.rewrite.as_ref()).map(Template::text),
            limits: limits.collect(),
            auth: route.access.is_some(),
            permissions: route.access.clone().unwrap_or_default(),
            reshaped: target.is_some_and(|it| !it.is_plain()),
        }
    }
}

/// What is known of the services routes may lead to.
#[derive(Clone, Debug)]
pub(crate) struct Described {
    services: Vec<(String, Option<Vec<Path>>)>,
    /// Names of the classes of rate limits.
    classes: Vec<&'static str>,
}

/// A path of a service with its methods.
#[derive(Clone, Debug)]
struct Path {
    pattern: String,
    methods: Vec<String>,
}

impl Described {
    /// The services of the shop; `described` are those whose paths are known.
    pub(crate) fn of<'a>(described: impl Iterator<Item = (&'a str, &'a OpenApi)>) -> Self {
        let mut services: Vec<(String, Option<Vec<Path>>)> =
            described.map(|(name, openapi)| (name.to_owned(), Some(paths(openapi)))).collect();
        // Those that do not run here are still there.
        if let Ok(table) = Table::builtin() {
            for name in table.routes().iter().filter_map(|it| it.service()) {
                if !services.iter().any(|(it, _)| it == name) {
                    services.push((name.to_owned(), None));
                }
            }
        }
        Self { services, classes: vec![] }
    }

    /// With classes of rate limits.
    pub(crate) fn limited<'a>(mut self, classes: impl IntoIterator<Item = &'a RateLimit>) -> Self {
        self.classes.extend(classes.into_iter().map(|it| it.name));
        self
    }

    /// With paths of a service that its description leaves out, all of them for `GET`.
    pub(crate) fn and<'a>(mut self, service: &str, more: impl Iterator<Item = &'a str>) -> Self {
        let known = self.services.iter_mut().find(|(it, _)| it == service);
        if let Some((_, Some(paths))) = known {
            let path = |it: &str| Path { pattern: it.to_owned(), methods: vec!["GET".to_owned()] };
            paths.extend(more.map(path));
        }
        self
    }

    /// Refuses a class of rate limits that there is not.
    fn check_limits(&self, route: &Route) -> Result<(), RouteError> {
        let known = |name: &str| name == UNLIMITED || self.classes.contains(&name);
        match route.limits.iter().find(|(_, name)| !known(name)) {
            None => Ok(()),
            Some((_, name)) => {
                let (name, classes) = (name.clone(), self.classes.clone());
                Err(RouteError::NoClass { name, classes })
            }
        }
    }

    /// Refuses a target that leads nowhere.
    pub(super) fn check(&self, route: &Route, target: &Target) -> Result<(), RouteError> {
        let service = &target.service;
        let Some((_, paths)) = self.services.iter().find(|(it, _)| it == service) else {
            let mut services: Vec<String> = self.services.iter().map(|it| it.0.clone()).collect();
            services.sort_unstable();
            return Err(RouteError::NoService { name: service.clone(), services });
        };
        let Some(paths) = paths else { return Ok(()) };
        let path = target.rewrite.as_ref().map_or_else(|| route.path.clone(), Template::text);
        if path == format!("/api/v1/{service}/health") {
            return Ok(());
        }
        let leads: Vec<&Path> = paths.iter().filter(|it| fits(&path, &it.pattern)).collect();
        if leads.is_empty() {
            return Err(RouteError::NoPath { service: service.clone(), path });
        }
        let methods = match &target.method {
            Some(method) => std::slice::from_ref(method),
            None => &route.methods,
        };
        let takes = |name: &str| leads.iter().any(|it| it.methods.iter().any(|it| it == name));
        // A service answers HEAD where it answers GET.
        let possible = |name: &str| takes(name) || (name == "HEAD" && takes("GET"));
        match methods.iter().find(|it| !possible(it.as_str())).cloned() {
            Some(method) => Err(RouteError::NoMethod { service: service.clone(), method, path }),
            None => Ok(()),
        }
    }
}

impl Table {
    /// Refuses classes of rate limits that there are not.
    pub(crate) fn check_limits(&self, described: &Described) -> Result<(), RouteFileError> {
        let checked =
            |it: &Arc<Route>| described.check_limits(it).map_err(|error| self.at(it, error));
        self.routes.iter().try_for_each(checked)
    }

    /// Refuses routes that lead nowhere.
    pub(crate) fn check(&self, described: &Described) -> Result<(), RouteFileError> {
        self.check_limits(described)?;
        for route in &self.routes {
            let first = match &route.action {
                Action::Ask(target) => Some(target),
                Action::Answer(_) => None,
            };
            for target in first.into_iter().chain(&route.otherwise) {
                described.check(route, target).map_err(|it| self.at(route, it))?;
            }
        }
        Ok(())
    }

    fn at(&self, route: &Route, reason: RouteError) -> RouteFileError {
        let path = Some(route.path.clone());
        RouteFileError::Wrong { file: self.file.clone(), line: Some(route.line), path, reason }
    }
}

fn paths(openapi: &OpenApi) -> Vec<Path> {
    let document = serde_json::to_value(&openapi.paths).unwrap_or_default();
    let paths = document.as_object().into_iter().flatten().map(|(pattern, operations)| {
        let operations = operations.as_object().into_iter().flatten();
        let methods = operations.map(|(name, _)| name.to_ascii_uppercase());
        Path { pattern: pattern.clone(), methods: methods.collect() }
    });
    paths.collect()
}

/// Whether a route's path can be one of a service's.
fn fits(asked: &str, pattern: &str) -> bool {
    let mut segments = pattern.split('/');
    for ours in asked.split('/') {
        if ours.starts_with("{*") {
            return segments.next().is_some();
        }
        match segments.next() {
            None => return false,
            Some(theirs) if theirs.starts_with("{*") => return true,
            Some(theirs) => {
                if !theirs.starts_with('{') && theirs != ours {
                    return false;
                }
            }
        }
    }
    segments.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_a_route_is_one_of_a_service() {
        for (asked, pattern, is) in [
            ("/api/v1/products/{pk}", "/api/v1/products/{id}", true),
            ("/api/v1/products/7", "/api/v1/products/{id}", true),
            ("/api/v1/products/{pk}", "/api/v1/products", false),
            ("/api/v1/products", "/api/v1/products/{id}", false),
            ("/api/v1/{any}", "/api/v1/products", false),
            ("/api/v1/auth/{*rest}", "/api/v1/auth/login", true),
            ("/api/v1/auth/{*rest}", "/api/v1/auth", false),
            ("/api/v1/media/a/b", "/api/v1/media/{*path}", true),
        ] {
            assert_eq!(fits(asked, pattern), is, "{asked} {pattern}");
        }
    }
}
