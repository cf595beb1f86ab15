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
    #[error("{0:?} is no version; write it like v1")]
    Version(String),

    #[error("a path begins with /")]
    NoSlash,
    #[error("what services tell each other is never routed")]
    Internal,
    #[error("no request ever has this path; write {0}")]
    OtherForm(String),
    #[error("a path is written without query and escapes")]
    Escapes,
    #[error(transparent)]
    Pattern(#[from] matchit::InsertError),
    #[error("{what} is in conflict with line {line}")]
    Conflict { what: String, line: usize },
    #[error(
        "host {0:?}: write it in small letters and without a port, like shop.example.com or \
         *.example.com"
    )]
    Host(String),
    #[error("methods = [] allows nothing; leave it out to allow all")]
    NoMethods,
    #[error("{0:?} is no method; write it like GET")]
    Method(String),

    #[error("the services know no path {0}; write rewrite")]
    NeedsRewrite(String),
    #[error("the services know no path {0}")]
    Foreign(String),
    #[error(
        "rewrite {0:?}: a path without query and escapes; \
         a query is set by an operation: {{ set = \"query:name\", value = \"x\" }}"
    )]
    RewriteEscapes(String),
    #[error("rewrite {0:?}: a {{ is not closed")]
    NotClosed(String),
    #[error("rewrite {rewrite:?}: {{{name}}} is no parameter")]
    NoParameter { rewrite: String, name: String },
    #[error("rewrite: neither the path nor an operation makes {{{0}}}")]
    NotMade(String),

    #[error("who answers? Write service or answer")]
    NobodyAnswers,
    #[error("service and answer exclude each other")]
    ServiceAndAnswer,
    #[error("an answer is given as it is; nothing is asked or reshaped")]
    ReshapedAnswer,
    #[error("answer: {0} is no status of an answer")]
    AnswerStatus(u16),
    #[error("answer: {name}: {value:?} is no header")]
    AnswerHeader { name: String, value: String },
    #[error("else is for methods = [\"GET\"] only: a body is sent once")]
    Else,
    #[error("status: {0} is no status of an answer")]
    Status(String),
    #[error("body_limit is {0}; allowed are 1 to {MAX_LIMIT} bytes")]
    BodyLimit(usize),
    #[error("timeout_ms is {0}; allowed are 1 to {MAX_TIMEOUT}")]
    Timeout(u64),

    #[error(
        "{name:?} is no class of rate limits; there are {classes} and {UNLIMITED}",
        classes = classes.join(", ")
    )]
    NoClass { name: String, classes: Vec<&'static str> },
    #[error("there is no service {name:?}; there are {services}", services = services.join(", "))]
    NoService { name: String, services: Vec<String> },
    #[error("{service} has no path {path}")]
    NoPath { service: String, path: String },
    #[error("{service} has no {method} {path}")]
    NoMethod { service: String, method: Method, path: String },
}
