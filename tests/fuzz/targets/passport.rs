//! The header with which clients sign in by Passport 1.4. Whatever it holds, handle and password come out
//! of it or nothing does.
//!
//! The input: the value of the header.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|header: &[u8]| {
    let found = passport::header::credentials(header);
    if let Some(credentials) = &found {
        // No more than what came can come out.
        assert!(credentials.handle.len() + credentials.password.expose().len() <= header.len());
    }
    // What the client hands on of the challenge decides nothing.
    let mut longer = header.to_vec();
    longer.extend_from_slice(b",lc=1033,id=507");
    assert!(found.is_none() || passport::header::credentials(&longer).is_some());
});
