//! The catalog as a file that is sent while it is made: as fast as it is read, and never all of it in
//! memory.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chassis::problem::{Problem, Result};
use chassis::telemetry::cause;
use chassis::threads;
use futures::Stream;
use futures::stream::unfold;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::csv::{Export, Format};
use crate::{App, problems};

/// Exports at once: each keeps a thread.
const PLACES: usize = 2;
/// Bytes handed on at a time, and how many such pieces may wait.
const PIECE: usize = 64 << 10;
const PIECES: usize = 4;
/// How long a client may take for a piece, and for all of them.
const PATIENCE: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(3_600);

/// Bounds how many exports there are at once.
#[derive(Clone, Debug)]
pub(crate) struct Exports(Arc<Semaphore>);

impl Default for Exports {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(PLACES)))
    }
}

impl Exports {
    fn place(&self) -> Result<OwnedSemaphorePermit> {
        self.0.clone().try_acquire_owned().map_err(|_| problems::exports_busy())
    }
}

/// What is sent: bytes, and at last that these were all.
type Piece = io::Result<Option<Bytes>>;

/// All products as a file. It ends with an error where it is not complete.
pub(crate) async fn stream(
    app: &App,
    format: Format,
) -> Result<impl Stream<Item = io::Result<Bytes>> + use<>> {
    let place = app.exports.place()?;
    let export = Export::begin(app.db.clone(), &app.currency, format);
    let export = export.await.map_err(Problem::internal)?;
    let (out, pieces) = mpsc::channel(PIECES);
    tokio::spawn(threads::own(async move {
        let _place = place;
        if timeout(LONGEST, send(export, &out)).await.is_err() {
            tracing::warn!("an export took too long and was given up");
        }
    }));
    Ok(unfold(Some(pieces), received))
}

/// Sends a file until its end, or until nobody takes it any more.
async fn send(mut export: Export, out: &Sender<Piece>) {
    loop {
        let made = match export.next().await {
            Ok(made) => made,
            Err(error) => {
                tracing::error!(error = cause(&error), "an export failed");
                let _ = timeout(PATIENCE, out.send(Err(io::Error::other("it failed")))).await;
                return;
            }
        };
        let is_end = made.is_none();
        let mut left = made.unwrap_or_default();
        while !left.is_empty() {
            let piece = left.split_to(PIECE.min(left.len()));
            let sent = timeout(PATIENCE, out.send(Ok(Some(piece)))).await;
            if !matches!(sent, Ok(Ok(()))) {
                return;
            }
        }
        if is_end {
            let _ = timeout(PATIENCE, out.send(Ok(None))).await;
            return;
        }
    }
}

async fn received(
    pieces: Option<Receiver<Piece>>,
) -> Option<(io::Result<Bytes>, Option<Receiver<Piece>>)> {
    let mut pieces = pieces?;
    match pieces.recv().await {
        Some(Ok(Some(piece))) => Some((Ok(piece), Some(pieces))),
        Some(Ok(None)) => None,
        Some(Err(error)) => Some((Err(error), None)),
        // Whoever made it has gone before its end.
        None => Some((Err(io::Error::other("the export is not complete")), None)),
    }
}
