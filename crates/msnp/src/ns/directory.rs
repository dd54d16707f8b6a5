//! `URL FND SND SDC`: web services, the directory of members, and invitations by mail.
//! (docs/PROTOCOL.md, Directory and invitations)

use std::borrow::Cow;

use model::Email;

use crate::ns::{Event, Request};
use crate::word::Words;
use crate::write::line;
use crate::{Bad, Code, TrId, Traits, url};

/// A web service that a client asks the address of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Service<'a> {
    /// Part of a mailbox: `INBOX`, `FOLDERS`, `COMPOSE`, `MESSAGE`.
    Mail,
    /// Anything else, by its name.
    Other(&'a str),
}

/// What `FND` searches for. `None` matches anything.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Search {
    /// `fname=`
    pub first: Option<String>,
    /// `lname=`
    pub last: Option<String>,
    /// `city=`
    pub city: Option<String>,
    /// `state=`
    pub state: Option<String>,
    /// `country=`
    pub country: Option<String>,
}

/// Someone whom `FND` found.
#[derive(Clone, Copy, Debug)]
pub struct Hit<'a> {
    /// `fname=`
    pub first: &'a str,
    /// `lname=`
    pub last: &'a str,
    /// `city=`
    pub city: &'a str,
    /// `state=`
    pub state: &'a str,
    /// `country=`
    pub country: &'a str,
}

/// Whom to invite by mail, and with what words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Invitation<'a> {
    /// The address, or the number of a hit of the last `FND`.
    pub to: Addressee,
    /// The sender's name, in `SDC`.
    pub from: Cow<'a, str>,
    /// The sender's words, in `SDC`.
    pub text: &'a [u8],
}

/// Who is invited.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Addressee {
    /// At this address.
    Mail(Email),
    /// Hit number so and so of the last search, from 1.
    Hit(u32),
}

pub(super) fn url<'a>(mut words: Words<impl Iterator<Item = &'a str>>) -> Result<Request<'a>, Bad> {
    let trid = words.trid;
    let service = match words.word()? {
        "INBOX" | "FOLDERS" | "COMPOSE" | "MESSAGE" => Service::Mail,
        other => Service::Other(other),
    };
    Ok(Request::Url { trid, service })
}

/// `fname=.. lname=.. city=.. state=.. country=..` in any order; a name must be among them.
pub(super) fn fnd<'a>(words: Words<impl Iterator<Item = &'a str>>) -> Result<Request<'a>, Bad> {
    let trid = words.trid;
    let bad = Bad::refuse(trid, Code::InvalidParameter, "a parameter of FND is not what it takes");
    let mut search = Search::default();
    for word in words.all() {
        let (key, value) = word.split_once('=').ok_or(bad)?;
        let field = match key {
            "fname" => &mut search.first,
            "lname" => &mut search.last,
            "city" => &mut search.city,
            "state" => &mut search.state,
            "country" => &mut search.country,
            _ => return Err(bad),
        };
        let value = url::decode(value).ok_or(bad)?;
        *field = (!value.is_empty() && value != "*").then(|| value.into_owned());
    }
    if search.first.is_none() && search.last.is_none() {
        return Err(bad);
    }
    Ok(Request::Fnd { trid, search })
}

/// `SND t address` and, by dialect, locale, library and code base.
pub(super) fn snd<'a>(mut words: Words<impl Iterator<Item = &'a str>>, traits: &Traits) -> Result<Request<'a>, Bad> {
    let trid = words.trid;
    let to = addressee(&mut words)?;
    for _ in 0..traits.invitation_words {
        words.word().map_err(|_| malformed(trid))?;
    }
    Ok(Request::Snd { trid, invitation: Invitation { to, from: "".into(), text: b"" } })
}

/// `SDC t address lcid library codebase X X friendly len`
pub(super) fn sdc<'a>(mut words: Words<impl Iterator<Item = &'a str>>, payload: &'a [u8]) -> Result<Request<'a>, Bad> {
    let trid = words.trid;
    let to = addressee(&mut words)?;
    for _ in ["lcid", "library", "codebase", "X", "X"] {
        words.word().map_err(|_| malformed(trid))?;
    }
    let from = words.text(Code::BadInvitation).map_err(|_| malformed(trid))?;
    words.word().map_err(|_| malformed(trid))?;
    Ok(Request::Sdc { trid, invitation: Invitation { to, from, text: payload } })
}

const fn malformed(trid: TrId) -> Bad {
    Bad::refuse_and_close(trid, Code::BadInvitation, "the invitation is malformed")
}

fn addressee<'a>(words: &mut Words<impl Iterator<Item = &'a str>>) -> Result<Addressee, Bad> {
    let trid = words.trid;
    let word = words.word().map_err(|_| malformed(trid))?;
    match TrId::parse(word) {
        Some(TrId(number)) => Ok(Addressee::Hit(number)),
        None => Email::parse(word).map(Addressee::Mail).map_err(|_| malformed(trid)),
    }
}

pub(super) fn encode(event: &Event<'_>, traits: &Traits, out: &mut Vec<u8>) {
    match *event {
        Event::Url { trid, service, sign_in } => {
            let line = line(out, "URL").trid(trid).word(service).word(sign_in);
            if traits.url_site { line.word("1").end() } else { line.end() }
        }
        Event::Fnd { trid, item, total, hit } => {
            let pair = |key: &str, value: &str| format!("{key}={}", url::encode(value));
            let line = line(out, "FND").trid(trid).number(item as u64).number(total as u64);
            let line = line.word(&pair("fname", hit.first)).word(&pair("lname", hit.last));
            let line = line.word(&pair("city", hit.city)).word(&pair("state", hit.state));
            line.word(&pair("country", hit.country)).end();
        }
        Event::FndNone { trid } => line(out, "FND").trid(trid).word("0").word("0").end(),
        Event::Snd { trid } => line(out, "SND").trid(trid).word("OK").end(),
        Event::Sdc { trid } => line(out, "SDC").trid(trid).word("OK").end(),
        _ => unreachable!("another family's event"),
    }
}
