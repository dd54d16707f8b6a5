//! What is answered at which path. Paths are compared in lower case and with single slashes, and all
//! of them are there whatever the host is called: clients come by names of many kinds.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Extension, Router};
use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ALLOW, AUTHORIZATION, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, RETRY_AFTER,
    WWW_AUTHENTICATE,
};
use http::{HeaderMap, HeaderName, Method, StatusCode, Uri};
use model::Account;
use store::{Password, Ticket};

use crate::gateway::{self, Gateway};
use crate::hall::{Hall, Refused};
use crate::stubs;
use crate::visitor::Visitor;
use passport::rst::{self, Answer, Fault, Form, Token};
use passport::{Credentials, header};

const HTML: &str = "text/html";
const XML: &str = "text/xml; charset=utf-8";
const PASSPORT_URLS: HeaderName = HeaderName::from_static("passporturls");
const AUTHENTICATION_INFO: HeaderName = HeaderName::from_static("authentication-info");
const X_TOKEN: HeaderName = HeaderName::from_static("x-token");
/// Seconds after which those who are told that we are busy may come again.
const SOON: &str = "30";

/// All paths.
pub(crate) fn router(hall: Arc<Hall>, gateway: Arc<Gateway>) -> Router {
    Router::new()
        .route("/rdr/pprdr.asp", any(nexus))
        // For msnp11-sdk, whose users name the address of the nexus themselves.
        .route("/rdr/pprdr.asp/bare", any(bare_nexus))
        .route("/login2.srf", any(login))
        .route("/login.srf", any(login))
        .route("/ppsecure/{page}", any(login))
        // Where web pages sign in, which there are not.
        .route("/ppsecure/md5auth.srf", any(page))
        .route("/ppsecure/sha1auth.srf", any(page))
        .route("/rst.srf", any(tokens))
        .route("/rst2.srf", any(tokens))
        .route("/pp550/rst.srf", any(tokens))
        .route("/pp900/rst.srf", any(tokens))
        .route("/notrst.srf", any(token))
        .route("/config/msgrconfig.asmx", any(config))
        // Clients ask whether we are there.
        .route("/", any(async || ""))
        .fallback(other)
        .with_state(hall)
        .merge(gateway::routes(gateway))
}

async fn nexus(State(hall): State<Arc<Hall>>, Extension(visitor): Extension<Visitor>) -> Response {
    urls(header::nexus(&visitor.authority, &hall.config.client.service_url))
}

async fn bare_nexus(Extension(visitor): Extension<Visitor>) -> Response {
    urls(header::bare_nexus(visitor.scheme(), &visitor.authority))
}

/// The connection is closed behind the answers of Passport, as the original servers did: gaim waits
/// for it.
fn urls(urls: String) -> Response {
    let common = [(CONTENT_TYPE, HTML), (CACHE_CONTROL, "no-cache"), (CONNECTION, "close")];
    (common, [(PASSPORT_URLS, urls)]).into_response()
}

async fn login(State(hall): State<Arc<Hall>>, Extension(visitor): Extension<Visitor>, headers: HeaderMap) -> Response {
    let credentials = headers.get(AUTHORIZATION).and_then(|header| header::credentials(header.as_bytes()));
    let ticket = match credentials {
        Some(credentials) => ticket(&hall, &visitor, credentials).await,
        // Nobody has failed who has not tried.
        None => Err(Refused::Wrong),
    };
    let common = [(CONTENT_TYPE, HTML), (CACHE_CONTROL, "no-cache"), (CONNECTION, "close")];
    match ticket {
        Ok(ticket) => (common, [(AUTHENTICATION_INFO, header::success(ticket.expose()))]).into_response(),
        Err(Refused::Wrong) => {
            let why = header::failure(&hall.config.client.service_url);
            (StatusCode::UNAUTHORIZED, common, [(WWW_AUTHENTICATE, why)]).into_response()
        }
        Err(Refused::Busy) => (StatusCode::SERVICE_UNAVAILABLE, common, [(RETRY_AFTER, SOON)]).into_response(),
    }
}

async fn ticket(hall: &Hall, visitor: &Visitor, credentials: Credentials) -> Result<Ticket, Refused> {
    let account = hall.sign_in(visitor, credentials).await?;
    hall.ticket(&account).await
}

async fn tokens(
    State(hall): State<Arc<Hall>>,
    Extension(visitor): Extension<Visitor>,
    method: Method,
    uri: Uri,
    body: Bytes,
) -> Response {
    if method != Method::POST {
        return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "POST")]).into_response();
    }
    let path = if uri.path().ends_with("/rst2.srf") { Form::Rst2 } else { Form::Rst };
    let (form, answer) = match rst::read(&body, path) {
        Ok(request) => (request.form, answer(&hall, &visitor, request).await),
        Err(refusal) => (refusal.form, Err(Fault::Invalid)),
    };
    // Clients read faults only where the status is 200; libpurple and gaim read this 503, too.
    let status = if matches!(answer, Err(Fault::Busy)) { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    let kind = match form {
        Form::Rst => XML,
        Form::Rst2 => "application/soap+xml; charset=utf-8",
    };
    let text = answer.unwrap_or_else(|fault| rst::fault(form, fault));
    (status, [(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-cache")], text).into_response()
}

async fn answer(hall: &Hall, visitor: &Visitor, request: rst::Request) -> Result<String, Fault> {
    let account = match request.credentials {
        Some(credentials) => hall.sign_in(visitor, credentials).await?,
        None => return Err(Fault::Failed),
    };
    let mut tickets = Vec::with_capacity(request.sites.len());
    for site in &request.sites {
        let is_passport = site.eq_ignore_ascii_case(rst::PASSPORT);
        tickets.push(if is_passport { None } else { Some(hall.ticket(&account).await?) });
    }
    let tokens: Vec<Token<'_>> = request
        .sites
        .iter()
        .zip(&tickets)
        .map(|(site, ticket)| Token {
            site,
            ticket: ticket.as_ref().map(Ticket::expose),
            proof: ticket.as_ref().map_or_else(rand::random, |ticket| *ticket.proof()),
            cipher: rand::random(),
        })
        .collect();
    let now = unix_seconds();
    Ok(rst::answer(&Answer {
        form: request.form,
        collection: request.collection,
        handle: account.email.as_str(),
        member: account.id.0,
        cid: cid(&account),
        now,
        expires: now.saturating_add_unsigned(hall.config.web.ticket_time.0.as_secs()),
        tokens: &tokens,
    }))
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Wrong => Self::Failed,
            Refused::Busy => Self::Busy,
        }
    }
}

/// Another number of the account, which clients take for an identifier.
fn cid(account: &Account) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = account.guid.0;
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// The sign-in of clients whose `msidcrl.dll` was replaced by Escargot's: without a password's being
/// right, there is no `X-Token`, and that is all. Web pages may ask, too.
async fn token(
    State(hall): State<Arc<Hall>>,
    Extension(visitor): Extension<Visitor>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let common = [(ACCESS_CONTROL_ALLOW_ORIGIN, "*"), (CACHE_CONTROL, "no-cache"), (CONTENT_TYPE, HTML)];
    match method {
        Method::POST => {}
        Method::OPTIONS => {
            let allowed = [
                (ACCESS_CONTROL_ALLOW_METHODS, "POST, OPTIONS"),
                (ACCESS_CONTROL_ALLOW_HEADERS, "X-User, X-Password, Content-Type"),
                (ACCESS_CONTROL_EXPOSE_HEADERS, "X-Token"),
            ];
            return (common, allowed).into_response();
        }
        _ => return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "POST, OPTIONS")]).into_response(),
    }
    let text = |name| headers.get(name).and_then(|value| std::str::from_utf8(value.as_bytes()).ok()).map(str::to_owned);
    let Some((handle, password)) = text("x-user").zip(text("x-password")) else {
        return common.into_response();
    };
    let credentials = Credentials { handle, password: Password::new(password) };
    match ticket(&hall, &visitor, credentials).await {
        Ok(ticket) => {
            let exposed = [(ACCESS_CONTROL_EXPOSE_HEADERS, "X-Token"), (X_TOKEN, ticket.expose())];
            (common, exposed).into_response()
        }
        Err(Refused::Wrong) => common.into_response(),
        Err(Refused::Busy) => (StatusCode::SERVICE_UNAVAILABLE, common, [(RETRY_AFTER, SOON)]).into_response(),
    }
}

async fn config(Extension(visitor): Extension<Visitor>, method: Method) -> Response {
    let authority = &*visitor.authority;
    let port = authority.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let host = port.map_or(authority, |(host, _)| host);
    let text = if method == Method::POST { stubs::config_in_soap(host) } else { stubs::config(host) };
    ([(CONTENT_TYPE, XML)], text).into_response()
}

async fn page() -> impl IntoResponse {
    ([(CONTENT_TYPE, HTML)], "<html></html>")
}

async fn other(uri: Uri) -> Response {
    if stubs::is_page(uri.path()) { page().await.into_response() } else { StatusCode::NOT_FOUND.into_response() }
}

fn unix_seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
