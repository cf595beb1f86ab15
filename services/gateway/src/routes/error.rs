//! What can be wrong with a routes file.

use std::io;
use std::path::PathBuf;

use http::Method;
use reshape::OperationError;
use thiserror::Error;

use super::UNLIMITED;
use super::file::{MAX_LIMIT, MAX_TIMEOUT};

/// What is wrong with a routes file, and where.
#[derive(Debug, Error)]
pub enum RouteFileError {
    #[error("cannot read the routes file {}: {source}", file.display())]
    Unreadable { file: PathBuf, source: io::Error },
    #[error("{}: {reason}", place(file, *line, path.as_deref()))]
    Wrong {
        file: String,
        /// None: all of it.
        line: Option<usize>,
        /// That of the route, or its paths.
        path: Option<String>,
        #[source]
        reason: RouteError,
    },
}

fn place(file: &str, line: Option<usize>, path: Option<&str>) -> String {
    let line = line.map(|it| format!(" line {it}")).unwrap_or_default();
    let path = path.map(|it| format!(": {it}")).unwrap_or_default();
    format!("{file}{line}{path}")
}

/// What is wrong with a route, or with what a file says for all of them.
#[derive(Debug, Error)]
pub enum RouteError {
    #[error("{}", .0.message())]
    Form(#[from] toml::de::Error),
    #[error(transparent)]
    Operation(#[from] OperationError),
    #[error("{0:?} is not a version; write it like v1")]
    Version(String),

    #[error("a path must begin with /")]
    NoSlash,
    #[error("/internal is never routed")]
    Internal,
    #[error("no request can have this path; write {0}")]
    OtherForm(String),
    #[error("a path must not contain a query or escapes")]
    Escapes,
    #[error(transparent)]
    Pattern(#[from] matchit::InsertError),
    #[error("{what} conflicts with line {line}")]
    Conflict { what: String, line: usize },
    #[error(
        "host {0:?}: write it in lower case and without a port, like shop.example.com or \
         *.example.com"
    )]
    Host(String),
    #[error("methods = [] allows nothing; leave it out to allow all")]
    NoMethods,
    #[error("{0:?} is not a method; write it like GET")]
    Method(String),

    #[error("no service has the path {0}; add rewrite")]
    NeedsRewrite(String),
    #[error("no service has the path {0}")]
    Foreign(String),
    #[error(
        "rewrite {0:?}: must not contain a query or escapes; \
         set a query with an operation: {{ set = \"query:name\", value = \"x\" }}"
    )]
    RewriteEscapes(String),
    #[error("rewrite {0:?}: a {{ is never closed")]
    NotClosed(String),
    #[error("rewrite {rewrite:?}: {{{name}}} is not a parameter of the path")]
    NoParameter { rewrite: String, name: String },
    #[error("rewrite: neither the path nor an operation provides {{{0}}}")]
    NotMade(String),

    #[error("a route needs service or answer")]
    NobodyAnswers,
    #[error("service and answer cannot be combined")]
    ServiceAndAnswer,
    #[error("a route with answer cannot have keys for a service")]
    ReshapedAnswer,
    #[error("answer: {0} is not a valid status")]
    AnswerStatus(u16),
    #[error("answer: {name}: {value:?} is not a valid header")]
    AnswerHeader { name: String, value: String },
    #[error("else needs methods = [\"GET\"], since a body can be sent only once")]
    Else,
    #[error("status: {0} is not a valid status")]
    Status(String),
    #[error("body_limit is {0}, but must be 1 to {MAX_LIMIT} bytes")]
    BodyLimit(usize),
    #[error("timeout_ms is {0}, but must be 1 to {MAX_TIMEOUT}")]
    Timeout(u64),

    #[error(
        "{name:?} is not a rate-limit class; use one of {classes} or {UNLIMITED}",
        classes = classes.join(", ")
    )]
    NoClass { name: String, classes: Vec<&'static str> },
    #[error("there is no service {name:?}; use one of {services}", services = services.join(", "))]
    NoService { name: String, services: Vec<String> },
    #[error("{service} has no path {path}")]
    NoPath { service: String, path: String },
    #[error("{service} has no {method} {path}")]
    NoMethod { service: String, method: Method, path: String },
}
