//! Whatever clients can ask for: every request, with any values, as a client of each dialect can mean
//! it.

use model::{List, MessagePrivacy, Name, Property, ReversePrompt};
use msnp::ns::{
    Addressee, Command, Invitation, Known, ReferTo, Request, Search, Service, StatusWord, Step, Told, Version,
    WhichGroup, Whom,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::values::{Hand, email, group, group_name, guid, keep, name, personal, property, serial, text, token, trid};
use crate::words::STATES;

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

/// A name, and the same as a client writes it.
fn spelled() -> impl Strategy<Value = (Name, &'static str)> {
    (name(), any::<u64>()).prop_map(|(name, seed)| {
        let spelling = Hand::new(seed).escape(name.as_str());
        (name, keep(spelling).as_str())
    })
}

/// A group, as a client of dialect number `n` names it.
fn which(n: u8) -> BoxedStrategy<WhichGroup> {
    match n {
        ..=9 => group().prop_map(WhichGroup::Number).boxed(),
        _ => guid().prop_map(WhichGroup::Guid).boxed(),
    }
}

fn handle() -> impl Strategy<Value = Whom> {
    email().prop_map(Whom::Handle)
}

/// An edit of lists with this verb, as a client of dialect number `n` can mean it.
fn edit(command: Command, n: u8) -> BoxedStrategy<Request<'static>> {
    let own_list = || select(vec![List::Forward, List::Allow, List::Block]);
    let group_of = move |list: List, group: Option<WhichGroup>| group.filter(|_| n >= 7 && list == List::Forward);
    match command {
        Command::Add => (trid(), own_list(), handle(), name(), option::of(which(n)))
            .prop_map(move |(trid, list, whom, name, group)| {
                let group = group_of(list, group);
                Request::Add { trid, list, whom, name: Some(name), group }
            })
            .boxed(),
        Command::Adc => {
            let new = (trid(), handle(), option::of(name())).prop_map(|(trid, whom, name)| Request::Add {
                trid,
                list: List::Forward,
                whom,
                name,
                group: None,
            });
            let grouped = (trid(), guid(), which(n)).prop_map(|(trid, guid, group)| {
                let whom = Whom::Guid(guid);
                Request::Add { trid, list: List::Forward, whom, name: None, group: Some(group) }
            });
            let other = select(vec![List::Allow, List::Block, List::Reverse]);
            let other = (trid(), other, handle()).prop_map(|(trid, list, whom)| Request::Add {
                trid,
                list,
                whom,
                name: None,
                group: None,
            });
            prop_oneof![new, grouped, other].boxed()
        }
        Command::Rem if n >= 10 => {
            let watched = (trid(), guid(), option::of(which(n))).prop_map(|(trid, guid, group)| Request::Rem {
                trid,
                list: List::Forward,
                whom: Whom::Guid(guid),
                group,
            });
            let other = select(vec![List::Allow, List::Block, List::Pending]);
            let other =
                (trid(), other, handle()).prop_map(|(trid, list, whom)| Request::Rem { trid, list, whom, group: None });
            prop_oneof![watched, other].boxed()
        }
        Command::Rem => (trid(), own_list(), handle(), option::of(which(n)))
            .prop_map(move |(trid, list, whom, group)| Request::Rem { trid, list, whom, group: group_of(list, group) })
            .boxed(),
        Command::Rea => (trid(), handle(), spelled())
            .prop_map(|(trid, whom, (name, spelling))| Request::Rea { trid, whom: Some(whom), name, spelling })
            .boxed(),
        Command::Sbp => (trid(), guid(), spelled())
            .prop_map(|(trid, guid, (name, spelling))| Request::Rea {
                trid,
                whom: Some(Whom::Guid(guid)),
                name,
                spelling,
            })
            .boxed(),
        Command::Adg => (trid(), group_name()).prop_map(|(trid, name)| Request::Adg { trid, name }).boxed(),
        Command::Rmg if n >= 10 => {
            let group = prop_oneof![3 => which(n), 1 => group_name().prop_map(WhichGroup::Name)];
            (trid(), group).prop_map(|(trid, group)| Request::Rmg { trid, group }).boxed()
        }
        Command::Rmg => (trid(), which(n)).prop_map(|(trid, group)| Request::Rmg { trid, group }).boxed(),
        Command::Reg => {
            (trid(), which(n), group_name()).prop_map(|(trid, group, name)| Request::Reg { trid, group, name }).boxed()
        }
        _ => unreachable!("not an edit of lists"),
    }
}

/// What a client of dialect number `n` can tell of itself behind its state.
fn told(n: u8) -> BoxedStrategy<Told<'static>> {
    let picture = prop_oneof![Just("0"), token()];
    match n {
        ..=7 => Just(Told::default()).boxed(),
        8 => option::of(any::<u32>()).prop_map(|capabilities| Told { capabilities, picture: None }).boxed(),
        _ => option::of((any::<u32>(), option::of(picture)))
            .prop_map(|told| Told {
                capabilities: told.map(|(bits, _)| bits),
                picture: told.and_then(|(_, picture)| picture),
            })
            .boxed(),
    }
}

/// A setting or a synchronisation with this verb, as a client of dialect number `n` can mean it.
fn setting(command: Command, n: u8) -> BoxedStrategy<Request<'static>> {
    match command {
        Command::Syn if n >= 10 => (trid(), token(), token())
            .prop_map(|(trid, lists, settings)| Request::Syn { trid, known: Known::Stamps(lists, settings) })
            .boxed(),
        Command::Syn => {
            (trid(), serial()).prop_map(|(trid, known)| Request::Syn { trid, known: Known::Serial(known) }).boxed()
        }
        Command::Lst => {
            let list = select(vec![List::Forward, List::Allow, List::Block, List::Reverse]);
            (trid(), list).prop_map(|(trid, list)| Request::Lst { trid, list }).boxed()
        }
        Command::Gtc => {
            let prompt = select(vec![ReversePrompt::Ask, ReversePrompt::Allow]);
            (trid(), prompt).prop_map(|(trid, prompt)| Request::Gtc { trid, prompt }).boxed()
        }
        Command::Blp => {
            let privacy = select(vec![MessagePrivacy::AllButBlocked, MessagePrivacy::OnlyAllowed]);
            (trid(), privacy).prop_map(|(trid, privacy)| Request::Blp { trid, privacy }).boxed()
        }
        Command::Prp => {
            let phone = (trid(), property(&SETTABLE)).prop_map(|(trid, (property, value))| Request::Prp {
                trid,
                property,
                value,
            });
            let own = (trid(), spelled()).prop_map(|(trid, (name, spelling))| Request::Rea {
                trid,
                whom: None,
                name,
                spelling,
            });
            if n >= 10 { prop_oneof![phone, own].boxed() } else { phone.boxed() }
        }
        Command::Chg => {
            let states = STATES.iter().map(|(_, status)| StatusWord::To(*status)).chain([StatusWord::Offline]);
            (trid(), select(states.collect::<Vec<_>>()), told(n))
                .prop_map(|(trid, status, told)| Request::Chg { trid, status, told })
                .boxed()
        }
        _ => unreachable!("not a setting"),
    }
}

/// A request with this verb, as a client of dialect number `n` can mean it.
pub(crate) fn request(command: Command, n: u8) -> BoxedStrategy<Request<'static>> {
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
        Command::Lsg => trid().prop_map(|trid| Request::Lsg { trid }).boxed(),
        Command::Chl => trid().prop_map(|trid| Request::Chl { trid }).boxed(),
        Command::Qry => (trid(), token(), "[0-9a-f]{32}")
            .prop_map(|(trid, product, digest)| Request::Qry { trid, product, digest: keep(digest) })
            .boxed(),
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
        Command::Pag | Command::Pgd => {
            (trid(), email(), payload(40)).prop_map(|(trid, handle, text)| Request::Pag { trid, handle, text }).boxed()
        }
        Command::Uux => (trid(), personal()).prop_map(|(trid, personal)| Request::Uux { trid, personal }).boxed(),
        Command::Gcf => trid().prop_map(|trid| Request::Gcf { trid }).boxed(),
        Command::Syn | Command::Lst | Command::Gtc | Command::Blp | Command::Prp | Command::Chg => setting(command, n),
        Command::Add
        | Command::Adc
        | Command::Rem
        | Command::Rea
        | Command::Sbp
        | Command::Adg
        | Command::Rmg
        | Command::Reg => edit(command, n),
    }
}
