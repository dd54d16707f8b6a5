//! `VER CVR CVQ INF USR`, `XFR … NS` and `OUT`: from the first byte to the sign-in, and the end.
//! (docs/PROTOCOL.md, Sign-in)

use crate::dialect::{Farewells, Package, Referral, SignedIn};
use crate::ns::{Event, Request};
use crate::word::Words;
use crate::write::{Line, line};
use crate::{Bad, Code, Traits};

/// What a client tells of itself in `CVR` and `CVQ`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Version<'a> {
    /// Its locale, `0x0409` for example.
    pub locale: &'a str,
    /// The program: `MSMSGS`, `MSNMSGR`, `macmsgs`.
    pub library: &'a str,
    /// Its version.
    pub version: &'a str,
}

/// A step of a sign-in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step<'a> {
    /// `USR t package I handle`
    Initiate {
        /// Who wants to sign in; not yet looked at.
        handle: &'a str,
    },
    /// `USR t package S response`
    Respond {
        /// The proof.
        response: &'a str,
    },
}

pub(super) fn ver<'a>(words: Words<impl Iterator<Item = &'a str>>) -> Result<Request<'a>, Bad> {
    Ok(Request::Ver { trid: words.trid, offered: words.all() })
}

pub(super) fn cvr<'a>(words: Words<impl Iterator<Item = &'a str>>) -> Result<Request<'a>, Bad> {
    Ok(Request::Cvr { trid: words.trid, version: version(words)? })
}

pub(super) fn cvq<'a>(words: Words<impl Iterator<Item = &'a str>>) -> Result<Request<'a>, Bad> {
    Ok(Request::Cvq { trid: words.trid, version: version(words)? })
}

/// `lcid os osver arch library version {codebase {handle}}`. The words behind the version change
/// with the dialect and decide nothing, so they are not looked at.
fn version<'a>(mut words: Words<impl Iterator<Item = &'a str>>) -> Result<Version<'a>, Bad> {
    let trid = words.trid;
    let short = |_| Bad::refuse_and_close(trid, Code::BadVersionQuery, "CVR is too short");
    let locale = words.word().map_err(short)?;
    for _ in ["os", "osver", "arch"] {
        words.word().map_err(short)?;
    }
    let library = words.word().map_err(short)?;
    let version = words.word().map_err(short)?;
    let number = match locale.strip_prefix("0x") {
        Some(digits) => u16::from_str_radix(digits, 16),
        None => locale.parse(),
    };
    // The library lets a sign stand before a number.
    if number.is_err() || locale.contains('+') {
        return Err(Bad::refuse(trid, Code::NoMailbox, "the locale of CVR is not a number"));
    }
    Ok(Version { locale, library, version })
}

/// A package that the dialect does not have closes without an error.
pub(super) fn usr<'a>(mut words: Words<impl Iterator<Item = &'a str>>, traits: &Traits) -> Result<Request<'a>, Bad> {
    let trid = words.trid;
    if words.word()? != package(traits.package) {
        return Err(Bad::close("the dialect does not have this security package"));
    }
    let step = match words.word()? {
        "I" => Step::Initiate { handle: words.word()? },
        "S" => Step::Respond { response: words.word()? },
        _ => return Err(Bad::close("a sign-in has the steps I and S")),
    };
    Ok(Request::Usr { trid, step })
}

const fn package(package: Package) -> &'static str {
    match package {
        Package::Md5 => "MD5",
        Package::Twn => "TWN",
    }
}

/// Why a server ends a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Farewell {
    /// Someone signed in elsewhere with this account.
    Elsewhere,
    /// The server goes down. A client that can is told after how many minutes to come back.
    GoingDown {
        /// 0: not known.
        back_in: u32,
    },
    /// The lists were moved: come back at once.
    Migrated,
    /// The terms of use were not accepted.
    Terms,
    /// No reason that the protocol has a word for.
    Unsaid,
}

fn out_line(farewell: Farewell, words: Farewells, line: Line<'_>) {
    match (farewell, words) {
        (Farewell::Elsewhere, _) => line.word("OTH").end(),
        (Farewell::GoingDown { back_in: minutes @ 1.. }, Farewells::Return) => line.word("RCT").number(minutes).end(),
        (Farewell::Migrated, Farewells::More | Farewells::Return) => line.word("MIG").end(),
        (Farewell::Terms, Farewells::More | Farewells::Return) => line.word("TOU").end(),
        (Farewell::GoingDown { .. } | Farewell::Migrated | Farewell::Terms, _) => line.word("SSD").end(),
        (Farewell::Unsaid, _) => line.end(),
    }
}

pub(super) fn encode(event: &Event<'_>, traits: &Traits, out: &mut Vec<u8>) {
    match *event {
        Event::Ver { trid, cvr0 } => {
            let line = line(out, "VER").trid(trid).word(traits.name);
            if cvr0 && traits.confirms_cvr0 { line.word("CVR0") } else { line }.end();
        }
        Event::VerCvr0 { trid } => line(out, "VER").trid(trid).word("CVR0").end(),
        Event::VerRefused { trid } => line(out, "VER").trid(trid).word("0").end(),
        Event::Cvr { trid, query, version, download, info } => {
            let line = line(out, if query { "CVQ" } else { "CVR" }).trid(trid);
            line.word(version).word(version).word(version).word(download).word(info).end();
        }
        Event::Inf { trid } => line(out, "INF").trid(trid).word(package(traits.package)).end(),
        Event::UsrChallenge { trid, challenge } => {
            line(out, "USR").trid(trid).word(package(traits.package)).word("S").word(challenge).end();
        }
        Event::UsrOk { trid, email, name, verified } => {
            let line = line(out, "USR").trid(trid).word("OK").email(email);
            // No account is restricted to MSN Explorer.
            match traits.signed_in {
                SignedIn::Name => line.name(name).end(),
                SignedIn::NameAndVerified => line.name(name).number(verified).end(),
                SignedIn::NameVerifiedRestricted => line.name(name).number(verified).word("0").end(),
                SignedIn::VerifiedRestricted => line.number(verified).word("0").end(),
            }
        }
        Event::XfrNs { trid, to, current } => {
            let line = line(out, "XFR").trid(trid).word("NS").word(&to.to_string());
            match traits.referral {
                Referral::Address => line.end(),
                Referral::AddressZero => line.word("0").end(),
                Referral::AddressZeroCurrent => line.word("0").word(&current.to_string()).end(),
            }
        }
        Event::Out(farewell) => out_line(farewell, traits.farewells, line(out, "OUT")),
        _ => unreachable!("another family's event"),
    }
}
