//! Passport 1.4, the sign-in of MSNP8–12: what is in its headers. No I/O.
//!
//! A client asks the nexus where to sign in (`PassportURLs`), sends handle and password there in
//! `Authorization`, and gets a ticket in `Authentication-Info`, which it repeats to the notification
//! server: `USR t TWN S t=…&p=`.

use std::fmt::Write as _;

use model::Password;

use crate::credentials::Credentials;

/// What clients are told of a refused sign-in. Some show it.
const REFUSED: &str = "The e-mail address or the password is wrong.";

/// Reads the value of `Authorization`: `Passport1.4 OrgVerb=GET,…,sign-in=HANDLE,pwd=PASSWORD,…`. The
/// keys may stand anywhere, and the scheme may be there twice or not at all. Values are
/// percent-encoded (a comma in a password is `%2C`); but msnp11-sdk encodes nothing, so a `%` without
/// two digits stands for itself, and `+` always does. None: one of the two is missing, or is no UTF-8.
pub fn credentials(authorization: &[u8]) -> Option<Credentials> {
    let handle = decode(value(authorization, b"sign-in=")?)?;
    let password = Password::new(decode(value(authorization, b"pwd=")?)?);
    Some(Credentials { handle, password })
}

/// What stands behind a key, up to the next comma. A key begins at the beginning, or behind a comma
/// or a blank.
fn value<'a>(header: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let items = header.split(|&byte| byte == b',').map(|item| {
        // The first item has the scheme before it.
        let begin = item.iter().position(|&byte| byte == b'=').unwrap_or(0);
        let blank = item[..begin].iter().rposition(u8::is_ascii_whitespace);
        &item[blank.map_or(0, |blank| blank + 1)..]
    });
    let mut found = items.filter_map(|item| {
        let (name, value) = item.split_at_checked(key.len())?;
        name.eq_ignore_ascii_case(key).then_some(value)
    });
    found.next()
}

fn decode(text: &[u8]) -> Option<String> {
    let digit = |byte: Option<&u8>| byte.and_then(|&byte| char::from(byte).to_digit(16));
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        match (byte, digit(after.first()), digit(after.get(1))) {
            (b'%', Some(high), Some(low)) => {
                out.push(u8::try_from(high << 4 | low).ok()?);
                rest = &after[2..];
            }
            _ => {
                out.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8(out).ok()
}

/// The value of `PassportURLs`. Kopete wants the first three items in this order, BitlBee a comma
/// behind the second, and gaim no scheme in it: all of them go there by HTTPS. `pages` is the address
/// of the web pages that clients lead their users to.
pub fn nexus(authority: &str, pages: &str) -> String {
    // A comma would end the item.
    let pages = pages.replace(',', "%2C");
    format!(
        "DARealm=Passport.Net,DALogin={authority}/login2.srf,DAReg={pages},Properties={pages},Privacy={pages},\
         GeneralRedir={pages},Help={pages},ConfigVersion=15"
    )
}

/// The value of `PassportURLs` for msnp11-sdk, which takes all that is behind `DALogin=` for the
/// address.
pub fn bare_nexus(scheme: &str, authority: &str) -> String {
    format!("DALogin={scheme}://{authority}/login2.srf")
}

/// The value of `Authentication-Info`. `from-PP` is the last item, since msnp11-sdk takes all that is
/// behind it for the ticket.
pub fn success(ticket: &str) -> String {
    format!(
        "Passport1.4 da-status=success,tname=MSPAuth,tname=MSPProf,tname=MSPSec,ru=http://messenger.msn.com,\
         from-PP='t={ticket}&p='"
    )
}

/// The value of `WWW-Authenticate` for a handle or a password that is wrong, whichever it is.
pub fn failure(pages: &str) -> String {
    let (pages, mut text) = (pages.replace(',', "%2C"), String::new());
    for byte in REFUSED.bytes() {
        if byte.is_ascii_alphanumeric() {
            text.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    format!("Passport1.4 da-status=failed,srealm=Passport.NET,ts=-3,prompt,cburl={pages},cbtxt={text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: &str) -> Option<(String, String)> {
        let Credentials { handle, password } = credentials(header.as_bytes())?;
        Some((handle, password.expose().to_owned()))
    }

    #[test]
    fn the_clients() {
        const TAIL: &str = "lc=1033,id=507,tw=40,fs=1,ru=http%3A%2F%2Fmessenger%2Emsn%2Ecom,ct=1062764229,kpp=1,kv=1,\
             ver=2.1.0173.1,tpf=00112233445566778899aabbccddeeff";
        let org = "OrgVerb=GET,OrgURL=http%3A%2F%2Fmessenger%2Emsn%2Ecom";
        for (client, header) in [
            ("5.0", format!("Passport1.4 {org},sign-in=amy%40example.com,pwd=a%2Cb%25,{TAIL}")),
            ("gaim", format!("Passport1.4 {org},sign-in=amy%40example.com,pwd=a%2cb%25,{TAIL}")),
            ("msnp11-sdk, but for the comma", format!("Passport1.4 {org},sign-in=amy@example.com,pwd=a%2Cb%,{TAIL}")),
            ("scheme twice", format!("Passport1.4 Passport1.4 {org},sign-in=amy%40example.com,pwd=a%2Cb%25,{TAIL}")),
            ("no scheme", format!("sign-in=amy%40example.com,{org},pwd=a%2Cb%25")),
            ("directly behind the scheme", "Passport1.4 sign-in=amy@example.com,pwd=a%2Cb%25".to_owned()),
            ("blanks, other case", format!("passport1.4 {org}, Sign-In=amy@example.com, PWD=a%2Cb%25")),
            ("the other order", format!("Passport1.4 pwd=a%2Cb%25,{org},sign-in=amy%40example.com")),
        ] {
            assert_eq!(read(&header), Some(("amy@example.com".to_owned(), "a,b%".to_owned())), "{client}");
        }
    }

    #[test]
    fn passwords_as_they_are() {
        for (sent, meant) in [
            ("", ""),
            ("a+b", "a+b"),
            ("100%", "100%"),
            ("%zz%2", "%zz%2"),
            ("a=b=c", "a=b=c"),
            ("a b", "a b"),
            ("gr%C3%BC%C3%9Fe", "grüße"),
            ("grüße", "grüße"),
            ("pwd=x", "pwd=x"),
        ] {
            let header = format!("Passport1.4 sign-in=a,pwd={sent},lc=1");
            assert_eq!(read(&header), Some(("a".to_owned(), meant.to_owned())), "{sent}");
        }
        assert_eq!(read("sign-in=a,pwd=x,sign-in=b,pwd=y").unwrap(), ("a".to_owned(), "x".to_owned()), "the first");
    }

    #[test]
    fn what_says_not_who_it_is() {
        for bad in ["", "Passport1.4", "Basic YTpi", "sign-in=a", "pwd=a", "xsign-in=a,xpwd=b", "sign-in=%FF,pwd=a"] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!(format!("{:?}", credentials(b"sign-in=a,pwd=b")), "Some(Credentials(…))");
    }

    #[test]
    fn the_nexus() {
        let value = nexus("login.example.net", "http://example.net/a,b");
        assert!(value.starts_with("DARealm=Passport.Net,DALogin=login.example.net/login2.srf,DAReg=http"), "{value}");
        assert!(value.ends_with(",ConfigVersion=15"), "{value}");
        assert_eq!(value.split(',').count(), 8);
        assert_eq!(bare_nexus("http", "[::1]:8080"), "DALogin=http://[::1]:8080/login2.srf");
    }

    #[test]
    fn a_failure_shows_its_text_last() {
        assert_eq!(
            failure("http://example.net/"),
            "Passport1.4 da-status=failed,srealm=Passport.NET,ts=-3,prompt,cburl=http://example.net/,\
             cbtxt=The%20e%2Dmail%20address%20or%20the%20password%20is%20wrong%2E"
        );
    }
}
