//! Bodies that are read before they are passed on.

use axum::body::Body;
use axum::extract::Request;
use bytes::Bytes;
use chassis::problem::{Problem, Result};
use futures::StreamExt;
use http_body::Body as _;
use http_body_util::{BodyExt, Limited};
use mesh::remote::is_too_long;

use crate::problems;

/// Request bodies up to this many bytes are read before a service is asked.
const SMALL: usize = 64 * 1024;

/// The beginning of a body.
pub(crate) enum Start {
    /// All of it.
    Whole(Bytes),
    /// It is longer than it was read; this is all of it again.
    Longer(Body),
    /// It broke off after this.
    Broken(Vec<Bytes>, axum::Error),
}

/// Reads a body as a whole if it has at most so many bytes.
pub(crate) async fn start(mut body: Body, most: usize) -> Start {
    let mut frames: Vec<Bytes> = Vec::new();
    let mut length = 0;
    while !body.is_end_stream() {
        match body.frame().await {
            None => break,
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    length += data.len();
                    frames.push(data);
                }
            }
            Some(Err(error)) => return Start::Broken(frames, error),
        }
        if length > most {
            return Start::Longer(chained(frames, None, body));
        }
    }
    Start::Whole(match <[Bytes; 1]>::try_from(frames) {
        Ok([one]) => one,
        Err(frames) => frames.concat().into(),
    })
}

/// What was read already, and then the rest.
pub(crate) fn chained(frames: Vec<Bytes>, error: Option<axum::Error>, rest: Body) -> Body {
    let read = frames.into_iter().map(Ok).chain(error.map(Err));
    Body::from_stream(futures::stream::iter(read).chain(rest.into_data_stream()))
}

/// Waits for the body of a request, if it is small: then a client that is slow or breaks off keeps
/// no service busy. A larger one streams through.
pub(crate) async fn receive(request: Request, limit: usize) -> Result<Request> {
    if request.body().size_hint().lower() > SMALL as u64 {
        return Ok(request);
    }
    let (parts, body) = request.into_parts();
    let body = match start(body, SMALL).await {
        Start::Whole(bytes) => Body::from(bytes),
        Start::Longer(body) => body,
        Start::Broken(_, error) => return Err(unreadable(&error, limit)),
    };
    Ok(Request::from_parts(parts, body))
}

/// Reads a body to its end.
pub(crate) async fn collect(body: Body, limit: usize) -> Result<Bytes> {
    let read = Limited::new(body, limit).collect().await;
    Ok(read.map_err(|error| unreadable(&*error, limit))?.to_bytes())
}

fn unreadable(error: &(dyn std::error::Error + 'static), limit: usize) -> Problem {
    if is_too_long(error) { problems::body_too_large(limit) } else { problems::body_unreadable() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(pieces: &[usize], broken: bool) -> Request {
        let mut pieces: Vec<std::result::Result<Bytes, &str>> =
            pieces.iter().map(|it| Ok(vec![b'x'; *it].into())).collect();
        pieces.extend(broken.then_some(Err("cut")));
        Request::new(Body::from_stream(futures::stream::iter(pieces)))
    }

    #[tokio::test]
    async fn a_small_body_is_whole_before_it_is_passed_on() {
        for pieces in [&[][..], &[0], &[5], &[SMALL], &[1, SMALL - 1]] {
            let received = receive(request(pieces, false), SMALL).await.unwrap();
            let length = pieces.iter().sum::<usize>();
            assert_eq!(received.body().size_hint().exact(), Some(length as u64));
            let cut = receive(request(pieces, true), SMALL).await.unwrap_err();
            assert_eq!((cut.status, &*cut.code), (400, "body_unreadable"));
        }
    }

    #[tokio::test]
    async fn a_larger_body_streams_through_with_all_there_is() {
        for pieces in [&[SMALL + 1][..], &[SMALL, 1], &[10, SMALL, 10]] {
            let received = receive(request(pieces, false), usize::MAX).await.unwrap();
            assert_eq!(received.body().size_hint().exact(), None);
            let bytes = received.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(bytes.len(), pieces.iter().sum::<usize>());
            let received = receive(request(pieces, true), usize::MAX).await.unwrap();
            received.into_body().collect().await.unwrap_err();
        }
    }

    #[tokio::test]
    async fn a_body_over_its_limit_is_told_so() {
        let (parts, body) = request(&[6, 6], false).into_parts();
        let limited = Request::from_parts(parts, Body::new(Limited::new(body, 10)));
        assert_eq!(receive(limited, 10).await.unwrap_err().status, 413);
    }
}
