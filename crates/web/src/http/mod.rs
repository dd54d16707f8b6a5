//! HTTP/1.1 as the clients of 1999 to 2009 speak it, around an ordinary `axum` router.
//!
//! The head of a request is tokenised by `httparse`; framing and answers are written here, because
//! three things that these clients need cannot be had from `hyper`:
//!
//! * Names of headers keep their capitals. Official clients look for `PassportURLs` as it is
//!   spelled; `hyper` writes lower case, or `Passporturls`.
//! * A request line may lack the version: gaim of 2004 asks with `GET /rdr/pprdr.asp`, an empty line,
//!   and expects an answer with headers.
//! * An answer says `HTTP/1.1` whatever the request said. gaim, BitlBee and libpurple ask with
//!   HTTP/1.0 here and there, and compare the status line with `HTTP/1.1 200 OK`, letter by letter.
//!
//! It is kept small by what it refuses: bodies without a length (501), more than one length (400),
//! folded header lines (400). Answers have their whole body before the first byte is written, and an
//! exact `Content-Length`.

mod connection;
mod head;
mod reply;
mod target;

pub(crate) use connection::{Limits, serve};
