//! What clients of each dialect send, written here from the typed request, read by the codec.

use model::{List, MessagePrivacy, Property, ReversePrompt, Status};
use msnp::dialect::STRANGER;
use msnp::ns::{Addressee, Command, Invitation, ReferTo, Request, Search, Service, StatusWord, Step, Version};
use msnp::{Code, Dialect, Frame, Parsed, TrId, Traits, Verdict, frame, ns};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::values::{
    Hand, cases, dialect, email, group, group_name, hand, keep, name, property, serial, text, token, trid,
};

/// The commands that clients of a dialect send, by the dialect in which they came.
const COMMANDS: &[(u8, &[Command])] = &[
    (2, &[Command::Ver, Command::Inf, Command::Usr, Command::Xfr, Command::Syn, Command::Lst, Command::Gtc]),
    (2, &[Command::Blp, Command::Chg, Command::Add, Command::Rem, Command::Rea, Command::Out, Command::Png]),
    (2, &[Command::Cvr, Command::Fnd, Command::Snd, Command::Url]),
    (3, &[Command::Ims]),
    (5, &[Command::Prp, Command::Pag, Command::Sdc]),
    (6, &[Command::Chl, Command::Qry]),
    (7, &[Command::Lsg, Command::Adg, Command::Rmg, Command::Reg]),
];

fn commands(dialect: u8) -> Vec<Command> {
    COMMANDS.iter().filter(|(since, _)| *since <= dialect).flat_map(|(_, commands)| *commands).copied().collect()
}

const STATES: [(&str, Status); 8] = [
    ("NLN", Status::Online),
    ("BSY", Status::Busy),
    ("IDL", Status::Idle),
    ("BRB", Status::BeRightBack),
    ("AWY", Status::Away),
    ("PHN", Status::OnThePhone),
    ("LUN", Status::OutToLunch),
    ("HDN", Status::Hidden),
];

const SETTABLE: [Property; 4] =
    [Property::HomePhone, Property::WorkPhone, Property::MobilePhone, Property::MobilePages];

fn version() -> impl Strategy<Value = Version<'static>> {
    let locale = prop_oneof![
        any::<u16>().prop_map(|number| format!("0x{number:04x}")),
        any::<u16>().prop_map(|number| number.to_string())
    ];
    (locale, token(), token()).prop_map(|(locale, library, version)| Version { locale: keep(locale), library, version })
}

fn search() -> impl Strategy<Value = Search> {
    let value = || option::of(text(6).prop_filter("it means anything", |value| value != "*"));
    let found = (value(), value(), value(), value(), value());
    found
        .prop_map(|(first, last, city, state, country)| Search { first, last, city, state, country })
        .prop_filter("a name must be given", |search| search.first.is_some() || search.last.is_some())
}

fn addressee() -> impl Strategy<Value = Addressee> {
    prop_oneof![email().prop_map(Addressee::Mail), any::<u32>().prop_map(Addressee::Hit)]
}

fn payload(longest: usize) -> impl Strategy<Value = &'static [u8]> {
    vec(any::<u8>(), 0..=longest).prop_map(|bytes| keep(bytes).as_slice())
}

/// A request with this verb, as a client of a dialect with or without groups can mean it.
fn request(command: Command, groups: bool) -> BoxedStrategy<Request<'static>> {
    let own_list = || select(vec![List::Forward, List::Allow, List::Block]);
    let with_group = move |list: List, group| if groups && list == List::Forward { group } else { None };
    match command {
        Command::Ver => (trid(), vec(token(), 0..6)).prop_map(|(trid, offered)| Request::Ver { trid, offered }).boxed(),
        Command::Cvr => (trid(), version()).prop_map(|(trid, version)| Request::Cvr { trid, version }).boxed(),
        Command::Cvq => (trid(), version()).prop_map(|(trid, version)| Request::Cvq { trid, version }).boxed(),
        Command::Inf => trid().prop_map(|trid| Request::Inf { trid }).boxed(),
        Command::Usr => {
            let step = prop_oneof![
                token().prop_map(|handle| Step::Initiate { handle }),
                token().prop_map(|response| Step::Respond { response })
            ];
            (trid(), step).prop_map(|(trid, step)| Request::Usr { trid, step }).boxed()
        }
        Command::Xfr => {
            let to = select(vec![ReferTo::Switchboard, ReferTo::Notification]);
            (trid(), to).prop_map(|(trid, to)| Request::Xfr { trid, to }).boxed()
        }
        Command::Out => Just(Request::Out).boxed(),
        Command::Png => Just(Request::Png).boxed(),
        Command::Syn => (trid(), serial()).prop_map(|(trid, known)| Request::Syn { trid, known }).boxed(),
        Command::Lst => {
            let list = select(vec![List::Forward, List::Allow, List::Block, List::Reverse]);
            (trid(), list).prop_map(|(trid, list)| Request::Lst { trid, list }).boxed()
        }
        Command::Lsg => trid().prop_map(|trid| Request::Lsg { trid }).boxed(),
        Command::Gtc => {
            let prompt = select(vec![ReversePrompt::Ask, ReversePrompt::Allow]);
            (trid(), prompt).prop_map(|(trid, prompt)| Request::Gtc { trid, prompt }).boxed()
        }
        Command::Blp => {
            let privacy = select(vec![MessagePrivacy::AllButBlocked, MessagePrivacy::OnlyAllowed]);
            (trid(), privacy).prop_map(|(trid, privacy)| Request::Blp { trid, privacy }).boxed()
        }
        Command::Prp => (trid(), property(&SETTABLE))
            .prop_map(|(trid, (property, value))| Request::Prp { trid, property, value })
            .boxed(),
        Command::Chg => {
            let states = STATES.iter().map(|(_, status)| StatusWord::To(*status)).chain([StatusWord::Offline]);
            (trid(), select(states.collect::<Vec<_>>()))
                .prop_map(|(trid, status)| Request::Chg { trid, status })
                .boxed()
        }
        Command::Chl => trid().prop_map(|trid| Request::Chl { trid }).boxed(),
        Command::Qry => (trid(), token(), "[0-9a-f]{32}")
            .prop_map(|(trid, product, digest)| Request::Qry { trid, product, digest: keep(digest) })
            .boxed(),
        Command::Add => (trid(), own_list(), email(), name(), option::of(group()))
            .prop_map(move |(trid, list, handle, name, group)| {
                let group = with_group(list, group);
                Request::Add { trid, list, handle, name, group }
            })
            .boxed(),
        Command::Rem => (trid(), own_list(), email(), option::of(group()))
            .prop_map(move |(trid, list, handle, group)| {
                let group = with_group(list, group);
                Request::Rem { trid, list, handle, group }
            })
            .boxed(),
        Command::Rea => {
            (trid(), email(), name()).prop_map(|(trid, handle, name)| Request::Rea { trid, handle, name }).boxed()
        }
        Command::Adg => (trid(), group_name()).prop_map(|(trid, name)| Request::Adg { trid, name }).boxed(),
        Command::Rmg => (trid(), group()).prop_map(|(trid, group)| Request::Rmg { trid, group }).boxed(),
        Command::Reg => {
            (trid(), group(), group_name()).prop_map(|(trid, group, name)| Request::Reg { trid, group, name }).boxed()
        }
        Command::Url => {
            let mail = ["INBOX", "FOLDERS", "COMPOSE", "MESSAGE"];
            let other = token().prop_filter("a mailbox", move |word| !mail.contains(word)).prop_map(Service::Other);
            let service = prop_oneof![Just(Service::Mail), other];
            (trid(), service).prop_map(|(trid, service)| Request::Url { trid, service }).boxed()
        }
        Command::Fnd => (trid(), search()).prop_map(|(trid, search)| Request::Fnd { trid, search }).boxed(),
        Command::Snd => (trid(), addressee())
            .prop_map(|(trid, to)| Request::Snd { trid, invitation: Invitation { to, from: "".into(), text: b"" } })
            .boxed(),
        Command::Sdc => (trid(), addressee(), text(20), payload(40))
            .prop_map(|(trid, to, from, text)| Request::Sdc {
                trid,
                invitation: Invitation { to, from: from.into(), text },
            })
            .boxed(),
        Command::Ims => (trid(), any::<bool>()).prop_map(|(trid, on)| Request::Ims { trid, on }).boxed(),
        Command::Pag => {
            (trid(), email(), payload(40)).prop_map(|(trid, handle, text)| Request::Pag { trid, handle, text }).boxed()
        }
    }
}

fn list_word(list: List) -> &'static str {
    match list {
        List::Forward => "FL",
        List::Allow => "AL",
        List::Block => "BL",
        List::Reverse => "RL",
        List::Pending => unreachable!("a list of MSNP10"),
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

/// The words behind the transaction identifier, and the payload if the command has one.
fn words(request: &Request<'_>, dialect: u8, hand: &mut Hand) -> (Vec<String>, Option<Vec<u8>>) {
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
            words
        }
        Request::Usr { step: Step::Initiate { handle }, .. } => ["MD5", "I", handle].map(String::from).into(),
        Request::Usr { step: Step::Respond { response }, .. } => ["MD5", "S", response].map(String::from).into(),
        Request::Xfr { to: ReferTo::Switchboard, .. } => vec!["SB".to_owned()],
        Request::Xfr { to: ReferTo::Notification, .. } => vec!["NS".to_owned()],
        Request::Syn { known, .. } => vec![known.0.to_string()],
        Request::Lst { list, .. } => vec![list_word(*list).to_owned()],
        Request::Gtc { prompt, .. } => vec![if *prompt == ReversePrompt::Ask { "A" } else { "N" }.to_owned()],
        Request::Blp { privacy, .. } => {
            vec![if *privacy == MessagePrivacy::AllButBlocked { "AL" } else { "BL" }.to_owned()]
        }
        Request::Prp { property, value, .. } => {
            let value = (!value.is_empty()).then(|| Hand::escape_little(value));
            [property_word(*property).to_owned()].into_iter().chain(value).collect()
        }
        Request::Chg { status: StatusWord::Offline, .. } => vec!["FLN".to_owned()],
        Request::Chg { status: StatusWord::To(to), .. } => {
            STATES.iter().filter(|(_, status)| status == to).map(|(word, _)| word.to_string()).collect()
        }
        Request::Qry { product, digest, .. } => {
            payload = Some(digest.as_bytes().to_vec());
            vec![product.to_string()]
        }
        Request::Add { list, handle, name, group, .. } => {
            let name = hand.escape(name.as_str());
            let words = [list_word(*list).to_owned(), hand.case(handle.as_str()), name];
            words.into_iter().chain(group.map(|group| group.number().to_string())).collect()
        }
        Request::Rem { list, handle, group, .. } => {
            let words = [list_word(*list).to_owned(), hand.case(handle.as_str())];
            words.into_iter().chain(group.map(|group| group.number().to_string())).collect()
        }
        Request::Rea { handle, name, .. } => vec![hand.case(handle.as_str()), hand.escape(name.as_str())],
        Request::Adg { name, .. } => vec![hand.escape(name.as_str()), "0".to_owned()],
        Request::Rmg { group, .. } => vec![group.number().to_string()],
        Request::Reg { group, name, .. } => {
            vec![group.number().to_string(), hand.escape(name.as_str()), "0".to_owned()]
        }
        Request::Ims { on, .. } => vec![if *on { "ON" } else { "OFF" }.to_owned()],
        _ => return directory_words(request, dialect, hand),
    };
    (words, payload)
}

/// The same of the commands about web services, the directory, invitations and pages.
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
        Request::Pag { handle, text, .. } => {
            payload = Some(text.to_vec());
            vec![hand.case(handle.as_str())]
        }
        _ => unreachable!("another table's request"),
    };
    (words, payload)
}

/// The request as a client of this dialect sends it.
fn write(command: Command, request: &Request<'_>, dialect: u8, hand: &mut Hand) -> Vec<u8> {
    let (words, payload) = words(request, dialect, hand);
    let verb = String::from_utf8_lossy(command.verb()).into_owned();
    let trid = request.trid().map(|trid| trid.to_string());
    let length = payload.as_ref().map(|payload| payload.len().to_string());
    let all: Vec<String> = [verb].into_iter().chain(trid).chain(words).chain(length).collect();
    let mut bytes = hand.line(&all);
    bytes.extend(payload.unwrap_or_default());
    bytes
}

fn read<'a>(bytes: &'a [u8], traits: &Traits) -> Result<Request<'a>, msnp::Bad> {
    let Ok(Parsed::Frame(frame, used)) = frame::parse(bytes, &ns::SIGNED_IN) else {
        panic!("{:?} is not a frame", String::from_utf8_lossy(bytes))
    };
    assert_eq!(used, bytes.len());
    Request::decode(&frame, traits)
}

fn spoken() -> impl Strategy<Value = (Dialect, Command, Request<'static>)> {
    dialect().prop_flat_map(|dialect| {
        let groups = dialect.number() >= 7;
        select(commands(dialect.number()))
            .prop_flat_map(move |command| (Just(dialect), Just(command), request(command, groups)))
    })
}

#[test]
fn each_dialect_has_the_commands_that_it_should() {
    for dialect in Dialect::ALL {
        for command in Command::ALL {
            let expected = commands(dialect.number()).contains(command);
            assert_eq!(dialect.traits().commands.has(*command), expected, "{dialect:?} {command:?}");
        }
    }
    for command in Command::ALL {
        let expected = commands(2).contains(command) || *command == Command::Cvq;
        assert_eq!(STRANGER.commands.has(*command), expected, "{command:?} of a stranger");
    }
}

#[test]
fn a_locale_is_a_number_and_nothing_else() {
    for (locale, good) in [
        ("0x0409", true),
        ("1033", true),
        ("0x", false),
        ("0x+409", false),
        ("+1033", false),
        ("-1", false),
        ("0x10000", false),
        ("65536", false),
        ("en-us", false),
    ] {
        let line = format!("CVR 1 {locale} winnt 5.1 i386 MSMSGS 4.7.0041\r\n");
        let verdict = read(line.as_bytes(), Dialect::Msnp2.traits()).map(drop).map_err(|bad| bad.verdict);
        let refused = Err(Verdict::Refuse(TrId(1), Code::NoMailbox));
        assert_eq!(verdict, if good { Ok(()) } else { refused }, "{locale}");
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn written_and_read_is_the_same((dialect, command, request) in spoken(), mut hand in hand()) {
        let bytes = write(command, &request, dialect.number(), &mut hand);
        prop_assert_eq!(read(&bytes, dialect.traits()), Ok(request), "{}", String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn a_stranger_may_ask_for_a_newer_client(request in request(Command::Cvq, false), mut hand in hand()) {
        let bytes = write(Command::Cvq, &request, 2, &mut hand);
        prop_assert_eq!(read(&bytes, &STRANGER), Ok(request));
    }

    #[test]
    fn a_command_of_another_dialect_closes(
        (dialect, command, request) in dialect().prop_flat_map(|dialect| {
            let others = Command::ALL.iter().filter(|command| !commands(dialect.number()).contains(command));
            let command = select(others.copied().collect::<Vec<_>>());
            command.prop_flat_map(move |command| (Just(dialect), Just(command), request(command, true)))
        }),
        mut hand in hand(),
    ) {
        let bytes = write(command, &request, 7, &mut hand);
        let verdict = read(&bytes, dialect.traits()).map_err(|bad| bad.verdict);
        prop_assert_eq!(verdict, Err(Verdict::Close));
    }

    /// Whatever a client sends, it is read or refused; and what is refused with a code is refused
    /// under the client's own transaction.
    #[test]
    fn any_words_are_read_or_refused(
        dialect in dialect(),
        verb in prop_oneof![4 => select(Command::ALL).prop_map(|command| *command.verb()), 1 => any::<[u8; 3]>()],
        trid in prop_oneof![4 => trid().prop_map(|trid| trid.to_string()), 1 => any::<String>()],
        rest in vec(prop_oneof![
            select(vec!["FL", "AL", "BL", "RL", "MD5", "I", "S", "0", "1", "29", "30", "NLN", "PHH", "fname=%", "0x+1", "%41"])
                .prop_map(String::from),
            email().prop_map(|email| email.as_str().to_owned()),
            any::<String>(),
            "%?[!-~]{0,400}",
        ], 0..10),
        payload in vec(any::<u8>(), 0..64),
    ) {
        let rest = [trid].into_iter().chain(rest).collect::<Vec<_>>().join(" ");
        let frame = Frame { verb, rest: &rest, payload: &payload };
        for traits in [dialect.traits(), &STRANGER] {
            if let Err(bad) = Request::decode(&frame, traits)
                && let Verdict::Refuse(trid, _) | Verdict::RefuseAndClose(trid, _) = bad.verdict
            {
                prop_assert_eq!(frame.words().next().and_then(msnp::TrId::parse), Some(trid));
            }
        }
    }
}
