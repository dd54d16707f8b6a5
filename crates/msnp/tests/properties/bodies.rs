//! What stands in the payloads that a server sends. (protocol page, 7)

use msnp::ns::{Event, Mailbox, PageText, ProfileFields, SystemMessage};

/// Fails unless the payload is that of this event in dialect number `n`.
pub(crate) fn check(event: &Event<'_>, payload: &[u8], n: u8) {
    let text = std::str::from_utf8(payload).expect("text");
    match event {
        Event::Profile(fields) => profile(text, fields, n),
        Event::Mailbox(mailbox) => mail(text, mailbox, n),
        Event::System(SystemMessage::Maintenance { minutes }) => {
            let body = format!("Type: 1\r\nArg1: {minutes}\r\n\r\n");
            let expected = message("application/x-msmsgssystemmessage", &body);
            assert_eq!(text, expected);
        }
        Event::Ipg(page) => assert_eq!(PageText::read(payload).as_deref(), Some(page.text), "{text}"),
        Event::Not { document } => assert_eq!(text, *document),
        Event::Ubx { personal, .. } => assert_eq!(text, *personal),
        Event::Gcf { .. } => assert!(text.starts_with("<?xml ") && text.contains("<config>"), "{text}"),
        _ => panic!("a payload of {event:?}"),
    }
}

fn message(kind: &str, body: &str) -> String {
    format!("MIME-Version: 1.0\r\nContent-Type: {kind}\r\n\r\n{body}")
}

const PERSONAL: [&str; 17] = [
    "EmailEnabled",
    "MemberIdHigh",
    "MemberIdLow",
    "lang_preference",
    "preferredEmail",
    "country",
    "PostalCode",
    "Gender",
    "Kid",
    "Age",
    "BDayPre",
    "Birthday",
    "Wallet",
    "Flags",
    "sid",
    "kv",
    "MSPAuth",
];

fn profile(text: &str, fields: &ProfileFields<'_>, n: u8) {
    let text = text.strip_suffix("\r\n\r\n").expect("an empty line at the end");
    let lines: Vec<(&str, &str)> = text.split("\r\n").map(|line| line.split_once(": ").expect("a header")).collect();
    let value = |key: &str| lines.iter().find(|(other, _)| *other == key).expect("a field").1;
    let mut keys = vec!["MIME-Version", "Content-Type", "LoginTime"];
    assert_eq!(value("MIME-Version"), "1.0");
    assert_eq!(value("Content-Type"), "text/x-msmsgsprofile; charset=UTF-8");
    assert_eq!(value("LoginTime"), fields.login_time.to_string());
    if n >= 3 {
        keys.extend(PERSONAL);
        let half = |key: &str| value(key).parse::<i32>().expect("a signed number") as u32;
        assert_eq!(u64::from(half("MemberIdHigh")) << 32 | u64::from(half("MemberIdLow")), fields.member);
        assert_eq!(value("preferredEmail"), fields.email.as_str());
        assert_eq!(value("EmailEnabled"), if fields.mail { "1" } else { "0" });
        assert_eq!(value("MSPAuth"), fields.ticket);
    }
    if n >= 8 {
        keys.extend(["ClientIP", "ClientPort"]);
        assert_eq!(value("ClientIP").parse(), Ok(fields.client.ip().to_canonical()));
        let port = fields.client.port();
        assert_eq!(value("ClientPort"), (u32::from(port % 256) * 256 + u32::from(port / 256)).to_string());
    }
    if n >= 10 {
        keys.push("ABCHMigrated");
        assert_eq!(value("ABCHMigrated"), "1");
    }
    assert_eq!(lines.iter().map(|(key, _)| *key).collect::<Vec<_>>(), keys);
}

fn mail(text: &str, mailbox: &Mailbox<'_>, n: u8) {
    let Mailbox { unread, unread_elsewhere: elsewhere, url } = mailbox;
    let kind = match n {
        2 => "application/x-msmsgsemailnotification",
        3..=10 => "text/x-msmsgsinitialemailnotification; charset=UTF-8",
        _ => "text/x-msmsgsinitialmdatanotification; charset=UTF-8",
    };
    let counts = match n {
        ..=10 => format!("Inbox-Unread: {unread}\r\nFolders-Unread: {elsewhere}\r\n"),
        // All that is known of a mailbox is what is unread.
        _ => format!(
            "Mail-Data: <MD><E><I>{unread}</I><IU>{unread}</IU><O>{elsewhere}</O><OU>{elsewhere}</OU></E>\
             <Q><QTM>409600</QTM><QNM>204800</QNM></Q></MD>\r\n"
        ),
    };
    let places = ["Inbox", "Folders", "Post"].map(|place| format!("{place}-URL: {url}\r\n")).concat();
    assert_eq!(text, message(kind, &(counts + &places)));
}
