//! The body of a client's request: how long it is waited for, and what those who pass it on want to
//! know of it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use chassis::service::BoxError;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use parking_lot::{Mutex, MutexGuard};
use tokio::time::{Instant, Sleep};

use super::Times;

/// Bytes a second with which a body earns time beyond [`super::Config::body_timeout_ms`].
const RATE: u64 = 32 * 1024;

/// What is known of a request's body while it comes. It is in the extensions of requests that have
/// one.
#[derive(Clone, Debug, Default)]
pub struct Upload(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    complete: bool,
    /// Since when the client is waited for, if it is.
    waiting: Option<Instant>,
    /// How long it has been waited for before.
    waited: Duration,
    /// Who wants to know when it is no longer waited for.
    waker: Option<Waker>,
}

impl Upload {
    /// That of a request whose body has not come as a whole yet.
    pub(crate) fn pending<B>(request: &http::Request<B>) -> Option<&Self> {
        request.extensions().get::<Self>().filter(|it| !it.is_complete())
    }

    /// Whether it has been read to its end.
    pub(super) fn is_complete(&self) -> bool {
        self.state().complete
    }

    /// Notes that nothing has come. Tells since when, and how long was waited before.
    fn wait(&self) -> (Instant, Duration) {
        let mut state = self.state();
        (*state.waiting.get_or_insert_with(Instant::now), state.waited)
    }

    /// Notes that something has come, or that nothing more will.
    fn arrived(&self, complete: bool) {
        let mut state = self.state();
        state.complete |= complete;
        if let Some(since) = state.waiting.take() {
            state.waited += since.elapsed();
        }
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock()
    }
}

/// Time that does not run while a client's body is waited for: what a service takes is measured
/// with it.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    upload: Option<Upload>,
    /// What had been waited before it began.
    before: Duration,
}

impl Stopwatch {
    pub(crate) fn of<B>(request: &http::Request<B>) -> Self {
        let upload = Upload::pending(request).cloned();
        let before = upload.as_ref().map_or(Duration::ZERO, |it| it.state().waited);
        Self { upload, before }
    }

    /// The present time, less what was waited for.
    pub(crate) fn now(&self) -> Instant {
        let Some(upload) = &self.upload else { return Instant::now() };
        let state = upload.state();
        state.waiting.unwrap_or_else(Instant::now) - (state.waited - self.before)
    }

    /// Runs a future until it is `deadline` on this watch. None where it is later than that.
    pub(crate) async fn timeout_at<F: Future>(
        &self,
        deadline: Instant,
        future: F,
    ) -> Option<F::Output> {
        let mut future = std::pin::pin!(future);
        let mut sleep = std::pin::pin!(None::<Sleep>);
        std::future::poll_fn(move |cx| {
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                return Poll::Ready(Some(output));
            }
            let Some(due) = self.due(deadline, cx) else { return Poll::Pending };
            if sleep.is_none() {
                sleep.set(Some(tokio::time::sleep_until(due)));
            }
            let Some(mut sleep) = sleep.as_mut().as_pin_mut() else { return Poll::Pending };
            if sleep.deadline() != due {
                sleep.as_mut().reset(due);
            }
            sleep.poll(cx).map(|()| None)
        })
        .await
    }

    /// When `deadline` is by the clock on the wall, as far as is known now. None while the client
    /// is waited for: the task is woken when it no longer is.
    fn due(&self, deadline: Instant, cx: &mut Context<'_>) -> Option<Instant> {
        let Some(upload) = &self.upload else { return Some(deadline) };
        let mut state = upload.state();
        if state.waiting.is_none() {
            return Some(deadline + (state.waited - self.before));
        }
        match &mut state.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            None => state.waker = Some(cx.waker().clone()),
        }
        None
    }
}

/// The body of a request. It ends with an error where nothing comes for too long, or all in all too
/// little. Only the time in which the client is waited for counts, not that of who reads slowly.
pub(super) struct PatientBody {
    body: Incoming,
    upload: Upload,
    idle: Duration,
    total: Duration,
    /// Bytes.
    received: u64,
    timer: Option<Pin<Box<Sleep>>>,
}

impl PatientBody {
    pub(super) fn new(body: Incoming, times: &Times, upload: Upload) -> Self {
        let Times { body: idle, whole_body: total, .. } = *times;
        Self { body, upload, idle, total, received: 0, timer: None }
    }

    /// Ready with why it is given up, once it has been waited for too long.
    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<&'static str> {
        let (since, before) = self.upload.wait();
        let earned = Duration::from_millis(self.received.saturating_mul(1000) / RATE);
        let left = (self.total + earned).saturating_sub(before);
        let due = since + self.idle.min(left);
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
        if timer.deadline() != due {
            timer.as_mut().reset(due);
        }
        timer.as_mut().poll(cx).map(|()| {
            if left < self.idle { "the client sent too slowly" } else { "the client stalled" }
        })
    }
}

impl Drop for PatientBody {
    /// Nobody reads it any more, so nobody waits for it.
    fn drop(&mut self) {
        self.upload.arrived(false);
    }
}

impl Body for PatientBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) else {
            return this.wait(cx).map(|reason| {
                this.upload.arrived(false);
                Some(Err(io::Error::new(io::ErrorKind::TimedOut, reason).into()))
            });
        };
        let length = frame.as_ref().and_then(|it| it.as_ref().ok()?.data_ref().map(Bytes::len));
        this.received += length.unwrap_or_default() as u64;
        let failed = matches!(&frame, Some(Err(_)));
        this.upload.arrived(!failed && (frame.is_none() || this.body.is_end_stream()));
        Poll::Ready(frame.map(|it| it.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    const STEP: Duration = Duration::from_millis(20);

    fn request(upload: &Upload) -> http::Request<()> {
        let mut request = http::Request::new(());
        request.extensions_mut().insert(upload.clone());
        request
    }

    #[tokio::test]
    async fn a_watch_stands_still_while_the_client_is_waited_for() {
        let upload = Upload::default();
        upload.wait();
        tokio::time::sleep(3 * STEP).await;
        upload.arrived(false);
        let began = Instant::now();
        let watch = Stopwatch::of(&request(&upload));
        let deadline = watch.now() + STEP;
        let client = async {
            upload.wait();
            let still = watch.now();
            tokio::time::sleep(10 * STEP).await;
            assert_eq!(watch.now(), still);
            upload.arrived(true);
        };
        let service = watch.timeout_at(deadline, pending::<()>());
        assert_eq!(tokio::join!(client, service).1, None);
        assert!(began.elapsed() >= 11 * STEP, "{:?}", began.elapsed());
    }

    #[tokio::test]
    async fn a_watch_runs_on_where_nobody_waits_for_a_client() {
        let whole = Upload::default();
        whole.arrived(true);
        for request in [http::Request::new(()), request(&whole), request(&Upload::default())] {
            let watch = Stopwatch::of(&request);
            assert_eq!(watch.timeout_at(watch.now() + STEP, pending::<()>()).await, None);
        }
        let watch = Stopwatch::of(&http::Request::new(()));
        assert_eq!(watch.timeout_at(watch.now(), async { 5 }).await, Some(5));
    }
}
