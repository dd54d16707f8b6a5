//! One connection: requests in, answers out, one after the other, each step within its time.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::{Body, to_bytes};
use bytes::BytesMut;
use daemon::Shutdown;
use daemon::running::Phase;
use http::{Method, Request, Response, StatusCode, Version};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;
use tower_service::Service as _;
use tracing::debug;

use super::head::{self, Head};
use super::reply;
use crate::visitor::Site;

/// Bytes to make room for at each read.
const CHUNK: usize = 4096;
/// How long a client whose connection is closed has to read the last answer.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// Most bytes of an answer. None comes near it.
const ANSWER: usize = 1 << 20;

/// What a request may take. The keys of `[web]` with these names say what they mean.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) header_time: Duration,
    pub(crate) body_time: Duration,
    pub(crate) idle_time: Duration,
    pub(crate) header_bytes: usize,
    pub(crate) body_bytes: usize,
}

/// Why a connection ends.
enum End {
    /// The client has gone, or has said nothing for too long: there is nobody to tell.
    Gone,
    /// A request cannot be served, and what would come after it cannot be read.
    Refused(StatusCode),
}

impl From<io::Error> for End {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

struct Connection<S> {
    stream: S,
    /// What was read and is not yet handled.
    buffer: BytesMut,
    limits: Limits,
}

/// Serves a connection until it ends.
pub(crate) async fn serve<S>(stream: S, site: Site, mut router: Router, limits: Limits, shutdown: Shutdown)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut connection = Connection { stream, buffer: BytesMut::new(), limits };
    // Whoever connects has something to ask.
    let mut patience = limits.header_time;
    loop {
        tokio::select! {
            begun = connection.begin(patience) => if begun.is_err() { return },
            () = shutdown.stopping() => return,
        }
        match connection.one(&site, &mut router, &shutdown).await {
            Ok(true) => patience = limits.idle_time,
            Ok(false) => return connection.linger().await,
            Err(End::Gone) => return,
            Err(End::Refused(status)) => {
                debug!(%status, "a request is refused");
                if connection.write(&Method::GET, Response::new(Body::empty()), Some(status), false).await.is_ok() {
                    connection.linger().await;
                }
                return;
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Waits for the first byte of a request.
    async fn begin(&mut self, patience: Duration) -> Result<(), End> {
        if self.buffer.is_empty() {
            self.buffer = BytesMut::new();
            timeout(patience, self.read()).await.map_err(|_| End::Gone)??;
        }
        Ok(())
    }

    /// Serves one request. False: it was the last.
    async fn one(&mut self, site: &Site, router: &mut Router, shutdown: &Shutdown) -> Result<bool, End> {
        let limits = self.limits;
        let late = |_| End::Refused(StatusCode::REQUEST_TIMEOUT);
        let head = timeout(limits.header_time, self.head()).await.map_err(late)??;
        if head.length > limits.body_bytes {
            return Err(End::Refused(StatusCode::PAYLOAD_TOO_LARGE));
        }
        timeout(limits.body_time, self.body(&head)).await.map_err(late)??;
        let body = self.buffer.split_to(head.length).freeze();
        let visitor = site.visitor(head.authority.as_deref(), &head.headers);
        let (method, path) = (head.method.clone(), head.path.path().to_owned());
        let mut request = Request::new(Body::from(body));
        *request.method_mut() = head.method;
        *request.uri_mut() = head.path.into();
        *request.version_mut() = Version::HTTP_11;
        *request.headers_mut() = head.headers;
        request.extensions_mut().insert(visitor);
        let answer = tokio::select! {
            biased;
            answer = router.call(request) => answer.unwrap_or_else(|never: Infallible| match never {}),
            () = self.gone() => return Err(End::Gone),
        };
        // No query: it may hold what is nobody's business.
        debug!(%method, path, status = answer.status().as_u16(), "answered");
        let closes = answer.headers().get(http::header::CONNECTION).is_some_and(|value| value == "close");
        let keep_alive = head.keep_alive && !closes && shutdown.phase() == Phase::Up;
        self.write(&method, answer, None, keep_alive).await?;
        Ok(keep_alive)
    }

    async fn head(&mut self) -> Result<Head, End> {
        let mut seen = 0;
        loop {
            match head::end(&self.buffer, seen) {
                Some(end) if end <= self.limits.header_bytes => {
                    return head::parse(&self.buffer.split_to(end)).map_err(End::Refused);
                }
                None if self.buffer.len() < self.limits.header_bytes => {}
                _ => return Err(End::Refused(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)),
            }
            seen = self.buffer.len();
            self.read().await?;
        }
    }

    /// Reads the body, which stays in the buffer.
    async fn body(&mut self, head: &Head) -> Result<(), End> {
        if head.expects_continue && self.buffer.len() < head.length {
            self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
            self.stream.flush().await?;
        }
        while self.buffer.len() < head.length {
            self.read().await?;
        }
        Ok(())
    }

    async fn read(&mut self) -> Result<(), End> {
        self.buffer.reserve(CHUNK);
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(End::Gone),
            _ => Ok(()),
        }
    }

    /// Resolves when the client has gone. What it sends meanwhile is kept, up to a limit.
    async fn gone(&mut self) {
        while self.buffer.len() < self.limits.header_bytes {
            if self.read().await.is_err() {
                return;
            }
        }
        pending().await
    }

    async fn write(
        &mut self,
        method: &Method,
        answer: Response<Body>,
        status: Option<StatusCode>,
        keep_alive: bool,
    ) -> Result<(), End> {
        let (mut parts, body) = answer.into_parts();
        parts.status = status.unwrap_or(parts.status);
        let body = to_bytes(body, ANSWER).await.map_err(|error| {
            tracing::error!(%error, "an answer cannot be written");
            End::Gone
        })?;
        let bytes = reply::encode(&parts, &body, method, keep_alive, SystemTime::now());
        let written = async {
            self.stream.write_all(&bytes).await?;
            self.stream.flush().await
        };
        Ok(timeout(self.limits.body_time, written).await.map_err(|_| End::Gone)??)
    }

    /// Ends the connection so that the client can read the last answer: closed with bytes of the
    /// client's unread, the system would cut it at once.
    async fn linger(mut self) {
        let rest = async {
            self.stream.shutdown().await?;
            loop {
                self.buffer.clear();
                self.buffer.reserve(CHUNK);
                if self.stream.read_buf(&mut self.buffer).await? == 0 {
                    return io::Result::Ok(());
                }
            }
        };
        let _ = timeout(LAST_WORDS, rest).await;
    }
}
