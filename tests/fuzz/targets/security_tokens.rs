//! Requests for security tokens (`RST.srf`, `RST2.srf`): XML of strangers. It is read or refused, in a time
//! that the length of the input bounds.
//!
//! The input: the body. Both paths are tried.

#![no_main]

use libfuzzer_sys::fuzz_target;
use passport::rst::{Form, read};

fuzz_target!(|body: &[u8]| {
    for path in [Form::Rst, Form::Rst2] {
        if let Ok(request) = read(body, path) {
            assert!(body.starts_with(b"<") || body.trim_ascii_start().starts_with(b"<") || body.starts_with(b"\xef\xbb\xbf"));
            assert!(!body.windows(9).any(|window| window.eq_ignore_ascii_case(b"<!DOCTYPE")) || body.windows(9).any(|window| window == b"<![CDATA[" || window.starts_with(b"<!--")));
            drop(request);
        }
    }
});
