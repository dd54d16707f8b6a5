//! The sign-in of MSNP8–12: a ticket that the client got for its password by HTTP (Passport 1.4,
//! "Tweener"). (docs/PROTOCOL.md, Sign-in)

use crate::login::md5::hex;

/// The words of `USR t TWN S`, which clients hand on to the login server as they are. All ten keys
/// are there, since gaim of 2004 looks for each of them; BitlBee wants `lc` to be the first.
pub fn challenge(unix_seconds: i64, random: u128) -> String {
    format!(
        "lc=1033,id=507,tw=40,fs=1,ru=http%3A%2F%2Fmessenger%2Emsn%2Ecom,ct={unix_seconds},kpp=1,kv=1,ver=2.1.0173.1,tpf={}",
        hex(random.to_be_bytes())
    )
}

/// The ticket in `t=ticket&p=profile`. A client that was handed a bare ticket sends it bare.
pub fn ticket(response: &str) -> &str {
    match response.strip_prefix("t=") {
        Some(rest) => rest.split('&').next().unwrap_or_default(),
        None => response,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ten_keys_are_there() {
        let challenge = challenge(1_062_764_229, 7);
        let keys: Vec<_> = challenge.split(',').filter_map(|pair| pair.split('=').next()).collect();
        assert_eq!(keys, ["lc", "id", "tw", "fs", "ru", "ct", "kpp", "kv", "ver", "tpf"]);
        assert!(challenge.ends_with(",tpf=00000000000000000000000000000007"));
    }

    #[test]
    fn tickets() {
        assert_eq!(ticket("t=abc&p="), "abc");
        assert_eq!(ticket("t=abc&p=x&t=y"), "abc");
        assert_eq!(ticket("t=abc"), "abc");
        assert_eq!(ticket("abc"), "abc");
        assert_eq!(ticket("t="), "");
    }
}
