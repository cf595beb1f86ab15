//! What travels with a request: its trace, its id and until when an answer is of use.
//!
//! The gateway begins a context, a service's own port continues one, `channel` and the gateway
//! send it on. Within a process it follows the task; what is spawned is given it by [`carry`].

use std::fmt;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::Instant;

/// Milliseconds an answer is still waited for.
pub const TIMEOUT: HeaderName = HeaderName::from_static("x-request-timeout-ms");
/// The request's id in logs.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// W3C trace context. <https://www.w3.org/TR/trace-context/>
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The context of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Context {
    pub trace: Trace,
    pub request_id: Option<HeaderValue>,
    /// When the caller stops waiting.
    pub deadline: Option<Instant>,
}

/// A place in a trace: W3C `traceparent`, version 00.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Trace {
    trace_id: u128,
    span_id: u64,
    flags: u8,
}

tokio::task_local! {
    static CURRENT: Context;
}

/// The context of what runs, if a request is behind it.
pub fn current() -> Option<Context> {
    CURRENT.try_with(Clone::clone).ok()
}

/// Runs a future in a context.
pub async fn scope<F: Future>(context: Context, future: F) -> F::Output {
    CURRENT.scope(context, future).await
}

/// The future in the present context, for `tokio::spawn`.
pub fn carry<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let context = current();
    async move {
        match context {
            Some(context) => CURRENT.scope(context, future).await,
            None => future.await,
        }
    }
}

/// The time until the deadline of the present context, but at most `limit`.
pub fn within(limit: Duration) -> Duration {
    let deadline = CURRENT.try_with(|it| it.deadline).ok().flatten();
    deadline.map_or(limit, |it| it.saturating_duration_since(Instant::now()).min(limit))
}

impl Context {
    /// A new one: nothing is known of the request but its id.
    pub fn begin(request_id: Option<HeaderValue>) -> Self {
        Self { trace: Trace::begin(), request_id, deadline: None }
    }

    /// Continues what another process says.
    pub fn of(headers: &HeaderMap) -> Self {
        let trace = headers.get(TRACEPARENT).and_then(|it| it.to_str().ok());
        let left = headers.get(TIMEOUT).and_then(|it| it.to_str().ok());
        let left = left.and_then(|it| it.parse().ok()).map(Duration::from_millis);
        Self {
            trace: trace.and_then(Trace::parse).map_or_else(Trace::begin, Trace::child),
            request_id: headers.get(REQUEST_ID).cloned(),
            deadline: left.and_then(|it| Instant::now().checked_add(it)),
        }
    }

    /// Writes it for another process that may take until `deadline` from now, where that is known.
    pub fn write(&self, headers: &mut HeaderMap, deadline: Option<Duration>) {
        if let Ok(trace) = HeaderValue::try_from(self.trace.to_string()) {
            headers.insert(TRACEPARENT, trace);
        }
        if let Some(id) = &self.request_id {
            headers.insert(REQUEST_ID, id.clone());
        }
        match deadline {
            Some(it) => {
                let millis = u64::try_from(it.as_millis()).unwrap_or(u64::MAX);
                headers.insert(TIMEOUT, HeaderValue::from(millis));
            }
            None => drop(headers.remove(TIMEOUT)),
        }
    }
}

impl Trace {
    pub fn begin() -> Self {
        // Zero is not an id.
        Self { trace_id: rand::random::<u128>() | 1, span_id: rand::random::<u64>() | 1, flags: 0 }
    }

    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (version, trace, span, flags) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let lower = |it: &str| it.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'));
        let sizes = (version.len(), trace.len(), span.len(), flags.len()) == (2, 32, 16, 2);
        let later = version == "00" && parts.next().is_some();
        if !sizes
            || version == "ff"
            || later
            || ![version, trace, span, flags].into_iter().all(lower)
        {
            return None;
        }
        let trace_id = u128::from_str_radix(trace, 16).ok().filter(|it| *it != 0)?;
        let span_id = u64::from_str_radix(span, 16).ok().filter(|it| *it != 0)?;
        Some(Self { trace_id, span_id, flags: u8::from_str_radix(flags, 16).ok()? & 1 })
    }

    /// The next place in the same trace.
    #[must_use]
    pub fn child(self) -> Self {
        Self { span_id: rand::random::<u64>() | 1, ..self }
    }

    /// The trace's id, 32 hexadecimal digits.
    pub fn id(&self) -> String {
        format!("{:032x}", self.trace_id)
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, self.flags)
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_read_and_written_as_the_standard_says() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let trace = Trace::parse(text).unwrap();
        assert_eq!(trace.to_string(), text);
        assert_eq!(trace.child().id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_ne!(trace.child(), trace);
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
        ] {
            assert!(Trace::parse(bad).is_none(), "{bad}");
        }
        let later = "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-comes-later";
        assert!(Trace::parse(later).is_some());
    }

    #[tokio::test]
    async fn what_is_spawned_keeps_the_context() {
        let context = Context { deadline: Some(Instant::now()), ..Context::begin(None) };
        let seen = scope(context.clone(), async { tokio::spawn(carry(async { current() })).await });
        assert_eq!(seen.await.unwrap(), Some(context.clone()));
        assert_eq!(current(), None);
        let left = scope(context, async { within(Duration::from_secs(9)) }).await;
        assert_eq!(left, Duration::ZERO);
        assert_eq!(within(Duration::from_secs(9)), Duration::from_secs(9));
    }
}
