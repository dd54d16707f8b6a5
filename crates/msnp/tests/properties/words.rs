//! How a client writes a request, by the number of its dialect: the tables of the protocol page
//! (2–5, 7–9, 12), written down without a look at the codec.

use model::{List, MessagePrivacy, Property, ReversePrompt, Status};
use msnp::ns::{
    Addressee, Command, Known, ReferTo, Request, Search, Service, StatusWord, Step, Version, WhichGroup, Whom,
};

use crate::values::Hand;

/// The states that a client can be in, and their words.
pub(crate) const STATES: [(&str, Status); 8] = [
    ("NLN", Status::Online),
    ("BSY", Status::Busy),
    ("IDL", Status::Idle),
    ("BRB", Status::BeRightBack),
    ("AWY", Status::Away),
    ("PHN", Status::OnThePhone),
    ("LUN", Status::OutToLunch),
    ("HDN", Status::Hidden),
];

/// The request as a client of this dialect sends it.
pub(crate) fn write(command: Command, request: &Request<'_>, dialect: u8, hand: &mut Hand) -> Vec<u8> {
    let (words, payload) = words(command, request, dialect, hand);
    let verb = String::from_utf8_lossy(command.verb()).into_owned();
    let trid = request.trid().map(|trid| trid.to_string());
    let length = payload.as_ref().map(|payload| payload.len().to_string());
    let all: Vec<String> = [verb].into_iter().chain(trid).chain(words).chain(length).collect();
    let mut bytes = hand.line(&all);
    bytes.extend(payload.unwrap_or_default());
    bytes
}

fn list_word(list: List) -> &'static str {
    match list {
        List::Forward => "FL",
        List::Allow => "AL",
        List::Block => "BL",
        List::Reverse => "RL",
        List::Pending => "PL",
    }
}

fn property_word(property: Property) -> &'static str {
    match property {
        Property::HomePhone => "PHH",
        Property::WorkPhone => "PHW",
        Property::MobilePhone => "PHM",
        Property::MobilePages => "MOB",
        Property::MobileEnabled => unreachable!("not a client's to set"),
    }
}

fn whom_word(whom: &Whom, hand: &mut Hand) -> String {
    match whom {
        Whom::Handle(email) => hand.case(email.as_str()),
        Whom::Guid(guid) => hand.case(&guid.to_string()),
    }
}

/// MSN Messenger 7.0 names a group that it removes now and then, and encodes the name twice.
fn group_word(group: &WhichGroup, hand: &mut Hand) -> String {
    match group {
        WhichGroup::Number(id) => id.number().to_string(),
        WhichGroup::Guid(guid) => hand.case(&guid.to_string()),
        WhichGroup::Name(name) => Hand::escape_little(&Hand::escape_little(name.as_str())),
    }
}

/// The words behind the transaction identifier, and the payload if the command has one.
fn words(command: Command, request: &Request<'_>, dialect: u8, hand: &mut Hand) -> (Vec<String>, Option<Vec<u8>>) {
    let mut payload = None;
    let words = match request {
        Request::Out | Request::Png | Request::Inf { .. } | Request::Lsg { .. } | Request::Chl { .. } => vec![],
        Request::Ver { offered, .. } => offered.iter().map(ToString::to_string).collect(),
        Request::Cvr { version, .. } | Request::Cvq { version, .. } => {
            let Version { locale, library, version } = version;
            let mut words = [*locale, "winnt", "5.1", "i386", *library, *version].map(String::from).to_vec();
            if dialect >= 4 && matches!(request, Request::Cvr { .. }) {
                words.push("MSMSGS".to_owned());
            }
            words.extend((dialect >= 8).then(|| "amy@example.com".to_owned()));
            words
        }
        Request::Usr { step, .. } => {
            let (letter, word) = match step {
                Step::Initiate { handle } => ("I", handle),
                Step::Respond { response } => ("S", response),
            };
            [if dialect >= 8 { "TWN" } else { "MD5" }, letter, *word].map(String::from).into()
        }
        Request::Xfr { to: ReferTo::Switchboard, .. } => vec!["SB".to_owned()],
        Request::Xfr { to: ReferTo::Notification, .. } => vec!["NS".to_owned()],
        Request::Syn { known: Known::Serial(known), .. } => vec![known.0.to_string()],
        Request::Syn { known: Known::Stamps(lists, settings), .. } => [*lists, *settings].map(String::from).into(),
        Request::Lst { list, .. } => vec![list_word(*list).to_owned()],
        Request::Gtc { prompt, .. } => vec![if *prompt == ReversePrompt::Ask { "A" } else { "N" }.to_owned()],
        Request::Blp { privacy, .. } => {
            vec![if *privacy == MessagePrivacy::AllButBlocked { "AL" } else { "BL" }.to_owned()]
        }
        Request::Prp { property, value, .. } => {
            let value = (!value.is_empty()).then(|| Hand::escape_little(value));
            [property_word(*property).to_owned()].into_iter().chain(value).collect()
        }
        Request::Chg { status, told, .. } => {
            let word = match status {
                StatusWord::Offline => "FLN",
                StatusWord::To(to) => STATES.iter().find(|(_, status)| status == to).expect("a state").0,
            };
            let told = [told.capabilities.map(|bits| bits.to_string()), told.picture.map(String::from)];
            [word.to_owned()].into_iter().chain(told.into_iter().flatten()).collect()
        }
        Request::Uux { personal, .. } => {
            payload = Some(personal.as_bytes().to_vec());
            vec![]
        }
        Request::Qry { product, digest, .. } => {
            payload = Some(digest.as_bytes().to_vec());
            vec![product.to_string()]
        }
        Request::Ims { on, .. } => vec![if *on { "ON" } else { "OFF" }.to_owned()],
        Request::Gcf { .. } => vec!["Shields.xml".to_owned()],
        Request::Pag { handle, text, .. } => {
            payload = Some(text.to_vec());
            let device = (command == Command::Pgd).then(|| (hand.choose(2) + 1).to_string());
            [hand.case(handle.as_str())].into_iter().chain(device).collect()
        }
        Request::Url { .. } | Request::Fnd { .. } | Request::Snd { .. } | Request::Sdc { .. } => {
            return directory_words(request, dialect, hand);
        }
        _ => edit_words(command, request, dialect, hand),
    };
    (words, payload)
}

/// The same of the commands that edit lists.
fn edit_words(command: Command, request: &Request<'_>, dialect: u8, hand: &mut Hand) -> Vec<String> {
    let zero = (dialect < 10).then(|| "0".to_owned());
    match request {
        Request::Add { list, whom, name, group, .. } if command == Command::Adc => {
            let key = match whom {
                Whom::Handle(email) => format!("N={}", hand.case(email.as_str())),
                Whom::Guid(guid) => format!("C={}", hand.case(&guid.to_string())),
            };
            let name = name.as_ref().map(|name| format!("F={}", hand.escape(name.as_str())));
            let group = group.as_ref().map(|group| group_word(group, hand));
            [list_word(*list).to_owned(), key].into_iter().chain(name).chain(group).collect()
        }
        Request::Add { list, whom, name, group, .. } => {
            let name = name.as_ref().map(|name| hand.escape(name.as_str()));
            let group = group.as_ref().map(|group| group_word(group, hand));
            [list_word(*list).to_owned(), whom_word(whom, hand)].into_iter().chain(name).chain(group).collect()
        }
        Request::Rem { list, whom, group, .. } => {
            let group = group.as_ref().map(|group| group_word(group, hand));
            [list_word(*list).to_owned(), whom_word(whom, hand)].into_iter().chain(group).collect()
        }
        Request::Rea { whom, spelling, .. } => {
            let whom = whom.as_ref().map(|whom| whom_word(whom, hand));
            let property = (command != Command::Rea).then(|| "MFN".to_owned());
            whom.into_iter().chain(property).chain([spelling.to_string()]).collect()
        }
        Request::Adg { name, .. } => [hand.escape(name.as_str())].into_iter().chain(zero).collect(),
        Request::Rmg { group, .. } => vec![group_word(group, hand)],
        Request::Reg { group, name, .. } => {
            [group_word(group, hand), hand.escape(name.as_str())].into_iter().chain(zero).collect()
        }
        _ => unreachable!("another table's request"),
    }
}

/// The same of the commands about web services, the directory and invitations.
fn directory_words(request: &Request<'_>, dialect: u8, hand: &mut Hand) -> (Vec<String>, Option<Vec<u8>>) {
    let address = |to: &Addressee, hand: &mut Hand| match to {
        Addressee::Mail(email) => hand.case(email.as_str()),
        Addressee::Hit(number) => number.to_string(),
    };
    let mut payload = None;
    let words = match request {
        Request::Url { service: Service::Mail, .. } => match hand.choose(5) {
            0 => vec!["INBOX".to_owned()],
            1 => vec!["FOLDERS".to_owned()],
            2 => vec!["MESSAGE".to_owned()],
            3 => vec!["COMPOSE".to_owned()],
            _ => ["COMPOSE", "amy@example.com"].map(String::from).into(),
        },
        Request::Url { service: Service::Other(word), .. } => vec![word.to_string()],
        Request::Fnd { search, .. } => {
            let Search { first, last, city, state, country } = search;
            let fields = [("fname", first), ("lname", last), ("city", city), ("state", state), ("country", country)];
            let mut words: Vec<String> = Vec::new();
            for (key, value) in fields {
                let value = match (value, hand.choose(3)) {
                    (Some(value), _) => hand.escape(value),
                    (None, 0) => continue,
                    (None, 1) => String::new(),
                    (None, _) => "*".to_owned(),
                };
                let at = hand.choose(words.len() as u64 + 1) as usize;
                words.insert(at, format!("{key}={value}"));
            }
            words
        }
        Request::Snd { invitation, .. } => {
            let more: &[&str] = match dialect {
                2 => &[],
                3 => &["0x0409", "MSMSGS"],
                _ => &["0x0409", "MSMSGS", "MSMSGS"],
            };
            [address(&invitation.to, hand)].into_iter().chain(more.iter().map(ToString::to_string)).collect()
        }
        Request::Sdc { invitation, .. } => {
            payload = Some(invitation.text.to_vec());
            let mut words = vec![address(&invitation.to, hand)];
            words.extend(["0x0409", "MSMSGS", "MSMSGS", "X", "X"].map(String::from));
            words.push(hand.escape(&invitation.from));
            words
        }
        _ => unreachable!("another table's request"),
    };
    (words, payload)
}
