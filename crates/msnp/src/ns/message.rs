//! `MSG` from the server, `IPG`, `NOT`, and `PAG`, `PGD` to it. (docs/PROTOCOL.md, Server messages)

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::str;

use model::{BadEmail, Email, Name};

use crate::dialect::{Mail, Pages, Profile};
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
    /// The ticket that the client signed in with, without `t=`; empty where it had none. Web services
    /// are to be told it.
    pub ticket: &'a str,
    /// Where the client is, as the server sees it. Port 0: behind the HTTP gateway.
    pub client: SocketAddr,
    /// The account has a mailbox.
    pub mail: bool,
}

/// The state of a mailbox, as it is told after sign-in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mailbox<'a> {
    /// New messages in the inbox.
    pub unread: u32,
    /// New messages in other folders.
    pub unread_elsewhere: u32,
    /// Where the inbox is.
    pub url: &'a str,
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

/// `PAG t handle len`. Clients whose dialect has `PGD` are told that this is not expected any more.
pub(super) fn pag<'a>(
    mut words: Words<impl Iterator<Item = &'a str>>,
    payload: &'a [u8],
    traits: &Traits,
) -> Result<Request<'a>, Bad> {
    let trid = words.trid;
    if traits.pages == Pages::IpgByDevice {
        return Err(Bad::refuse(trid, Code::NotExpected, "this dialect pages with PGD"));
    }
    Ok(Request::Pag { trid, handle: handle(&mut words)?, text: payload })
}

/// `PGD t handle type len`: 1 is a phone, 2 a watch. Both are one's client here.
pub(super) fn pgd<'a>(mut words: Words<impl Iterator<Item = &'a str>>, payload: &'a [u8]) -> Result<Request<'a>, Bad> {
    let trid = words.trid;
    let handle = handle(&mut words)?;
    match words.word()? {
        "1" | "2" => Ok(Request::Pag { trid, handle, text: payload }),
        _ => Err(Bad::refuse(trid, Code::InvalidParameter, "PGD takes 1 or 2")),
    }
}

fn handle<'a>(words: &mut Words<impl Iterator<Item = &'a str>>) -> Result<Email, Bad> {
    let trid = words.trid;
    words.handle()?.map_err(|bad| match bad {
        BadEmail::NoDomain => Bad::refuse(trid, Code::DomainMissing, "the handle has no domain"),
        _ => Bad::refuse(trid, Code::InvalidParameter, "the handle is malformed"),
    })
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
        Event::Mailbox(mailbox) => hotmail(out, &mail(mailbox, traits.mail)),
        Event::System(SystemMessage::Maintenance { minutes }) => hotmail(
            out,
            &format!(
                "MIME-Version: 1.0\r\nContent-Type: application/x-msmsgssystemmessage\r\n\r\nType: 1\r\nArg1: {minutes}\r\n\r\n"
            ),
        ),
        Event::Ipg(page) => match traits.pages {
            Pages::None => {}
            Pages::Ipg | Pages::IpgByDevice => line(out, "IPG").payload(ipg(page).as_bytes()),
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
        Profile::PersonalWithAddress => {
            personal(&mut text, fields);
            address(&mut text, fields.client);
        }
        Profile::Migrated => {
            personal(&mut text, fields);
            address(&mut text, fields.client);
            text.push_str("ABCHMigrated: 1\r\n");
        }
    }
    text.push_str("\r\n");
    text
}

/// Nothing personal is told, since the suite knows nothing of the kind. Before Passport there is no
/// ticket to tell either, which keeps it short: ayttm's buffer is small (client-quirks).
fn personal(text: &mut String, fields: &ProfileFields<'_>) {
    let (high, low) = ((fields.member >> 32) as u32 as i32, fields.member as u32 as i32);
    write!(
        text,
        "EmailEnabled: {}\r\nMemberIdHigh: {high}\r\nMemberIdLow: {low}\r\nlang_preference: 1033\r\n\
         preferredEmail: {}\r\ncountry: \r\nPostalCode: \r\nGender: \r\nKid: 0\r\nAge: \r\nBDayPre: \r\n\
         Birthday: \r\nWallet: \r\nFlags: 1027\r\nsid: 507\r\nkv: 1\r\nMSPAuth: {}\r\n",
        u8::from(fields.mail),
        fields.email,
        fields.ticket
    )
    .expect("writing to a string cannot fail");
}

/// The port is told with its two bytes swapped.
fn address(text: &mut String, client: SocketAddr) {
    let port = client.port().swap_bytes();
    write!(text, "ClientIP: {}\r\nClientPort: {port}\r\n", client.ip().to_canonical())
        .expect("writing to a string cannot fail");
}

/// The fields stand behind the empty line that ends the headers.
fn mail(mailbox: &Mailbox<'_>, shape: Mail) -> String {
    let Mailbox { unread, unread_elsewhere, url } = *mailbox;
    let kind = match shape {
        Mail::Application => "application/x-msmsgsemailnotification",
        Mail::Text => "text/x-msmsgsinitialemailnotification; charset=UTF-8",
        Mail::Data => "text/x-msmsgsinitialmdatanotification; charset=UTF-8",
    };
    let counts = match shape {
        Mail::Application | Mail::Text => format!("Inbox-Unread: {unread}\r\nFolders-Unread: {unread_elsewhere}\r\n"),
        Mail::Data => format!(
            "Mail-Data: <MD><E><I>{unread}</I><IU>{unread}</IU><O>{unread_elsewhere}</O><OU>{unread_elsewhere}</OU></E>\
             <Q><QTM>409600</QTM><QNM>204800</QNM></Q></MD>\r\n"
        ),
    };
    format!(
        "MIME-Version: 1.0\r\nContent-Type: {kind}\r\n\r\n{counts}\
         Inbox-URL: {url}\r\nFolders-URL: {url}\r\nPost-URL: {url}\r\n"
    )
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
