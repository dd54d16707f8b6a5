//! What requests to the HTTP gateway ask for.
//!
//! The input: the query, as far as it is text.

#![no_main]

use libfuzzer_sys::fuzz_target;
use msnp::gateway::{Ask, parse};

fuzz_target!(|query: &str| {
    match parse(query) {
        Some(Ask::Open { host, .. }) => assert!(host.is_none_or(|host| query.contains(host))),
        Some(Ask::Send { session }) => assert!(query.contains(session) && session.len() <= 64),
        Some(Ask::Poll { session, patience }) => {
            assert!(query.contains(session) && session.len() <= 64);
            assert!(patience.is_none_or(|patience| patience.as_secs() <= 3600));
        }
        None => {}
    }
    // What means nothing here changes nothing.
    assert_eq!(parse(query).is_some(), parse(&format!("{query}&rnd=1")).is_some());
});
