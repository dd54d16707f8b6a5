//! `MSG` from the server, `IPG`, `NOT`, and `PAG` to it. (docs/PROTOCOL.md, Server messages)

use std::fmt::Write as _;
use std::str;

use model::{BadEmail, Email, Name};

use crate::dialect::{Pages, Profile};
use crate::ns::{Event, Request};
use crate::word::Words;
use crate::write::line;
use crate::{Bad, Code, Traits};

/// What the profile message after sign-in tells.
#[derive(Clone, Copy, Debug)]
pub struct ProfileFields<'a> {
    /// When the client signed in, in Unix seconds.
    pub login_time: i64,
    /// Whose profile.
    pub email: &'a Email,
    /// The account's identifier: its low 64 bits are told as two signed numbers.
    pub member: u64,
}

/// A message from the operator, shown by official clients in their own words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SystemMessage {
    /// The server goes down for maintenance in so many minutes.
    Maintenance {
        /// From now.
        minutes: u32,
    },
}

/// A page from one member to another.
#[derive(Clone, Copy, Debug)]
pub struct PageText<'a> {
    /// Who sends it.
    pub from: &'a Email,
    /// Their friendly name.
    pub name: &'a Name,
    /// Whom it is for.
    pub to: &'a Email,
    /// Plain text.
    pub text: &'a str,
}

pub(super) fn pag<'a>(mut words: Words<impl Iterator<Item = &'a str>>, payload: &'a [u8]) -> Result<Request<'a>, Bad> {
    let trid = words.trid;
    let handle = words.handle()?.map_err(|bad| match bad {
        BadEmail::NoDomain => Bad::refuse(trid, Code::DomainMissing, "the handle has no domain"),
        _ => Bad::refuse(trid, Code::InvalidParameter, "the handle is malformed"),
    })?;
    Ok(Request::Pag { trid, handle, text: payload })
}

impl PageText<'_> {
    /// The text of a page as clients send it: what stands in the `<TEXT>` element, its entities
    /// resolved. `None` if there is no such element, or it holds more than text.
    pub fn read(payload: &[u8]) -> Option<String> {
        let document = str::from_utf8(payload).ok()?;
        let (_, behind) = document.split_once("<TEXT")?;
        let (_, behind) = behind.split_once('>')?;
        let (text, _) = behind.split_once("</TEXT>")?;
        if text.contains('<') {
            return None;
        }
        let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'");
        Some(text.replace("&amp;", "&"))
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

pub(super) fn encode(event: &Event<'_>, traits: &Traits, out: &mut Vec<u8>) {
    match *event {
        Event::Profile(fields) => hotmail(out, &profile(fields, traits.profile)),
        Event::System(SystemMessage::Maintenance { minutes }) => hotmail(
            out,
            &format!(
                "MIME-Version: 1.0\r\nContent-Type: application/x-msmsgssystemmessage\r\n\r\nType: 1\r\nArg1: {minutes}\r\n\r\n"
            ),
        ),
        Event::Ipg(page) => match traits.pages {
            Pages::None => {}
            Pages::Ipg => line(out, "IPG").payload(ipg(page).as_bytes()),
        },
        Event::Not { document } => {
            if traits.alerts {
                line(out, "NOT").payload(document.as_bytes());
            }
        }
        _ => unreachable!("another family's event"),
    }
}

/// A message whose sender is the service: clients look for just this name.
fn hotmail(out: &mut Vec<u8>, text: &str) {
    line(out, "MSG").word("Hotmail").word("Hotmail").payload(text.as_bytes());
}

fn profile(fields: &ProfileFields<'_>, shape: Profile) -> String {
    let mut text = format!(
        "MIME-Version: 1.0\r\nContent-Type: text/x-msmsgsprofile; charset=UTF-8\r\nLoginTime: {}\r\n",
        fields.login_time
    );
    match shape {
        Profile::LoginTime => {}
        Profile::Personal => personal(&mut text, fields),
    }
    text.push_str("\r\n");
    text
}

/// Mail is off and nothing personal is told, since the suite knows nothing of the kind. There is
/// no `MSPAuth` ticket to tell before Passport, and ayttm's buffer is small (client-quirks).
fn personal(text: &mut String, fields: &ProfileFields<'_>) {
    let (high, low) = ((fields.member >> 32) as u32 as i32, fields.member as u32 as i32);
    write!(
        text,
        "EmailEnabled: 0\r\nMemberIdHigh: {high}\r\nMemberIdLow: {low}\r\nlang_preference: 1033\r\n\
         preferredEmail: {}\r\ncountry: \r\nPostalCode: \r\nGender: \r\nKid: 0\r\nAge: \r\nBDayPre: \r\n\
         Birthday: \r\nWallet: \r\nFlags: 1027\r\nsid: 507\r\nkv: 1\r\nMSPAuth: \r\n",
        fields.email
    )
    .expect("writing to a string cannot fail");
}

fn ipg(page: &PageText<'_>) -> String {
    format!(
        "<NOTIFICATION id=\"0\" siteid=\"111100400\" siteurl=\"http://mobile.msn.com/\"><TO name=\"{to}\" email=\"{to}\">\
         <VIA agent=\"mobile\"/></TO><FROM name=\"{from}\"/><MSG pri=\"1\" id=\"0\"><ACTION url=\"2wayIM.asp\"/>\
         <SUBSCR url=\"2wayIM.asp\"/><CAT id=\"110110001\"/><BODY lang=\"1033\"><TEXT>{text}</TEXT></BODY></MSG></NOTIFICATION>",
        to = escape(page.to.as_str()),
        from = escape(page.from.as_str()),
        text = escape(page.text),
    )
}
