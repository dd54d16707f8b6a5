//! Whatever a server can tell clients: every event, with any values.

use std::net::SocketAddr;

use model::{
    Contact, Group, List, Lists, MessagePrivacy, Presence, Property, Props, ReversePrompt, RoomId, Stamps, Status,
    UserId,
};
use msnp::ns::{Event, Farewell, Head, Hit, Mailbox, PageText, ProfileFields, SystemMessage, Told};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::values::{Hand, email, guid, keep, name, personal, place, property, serial, text, token, trid, whole_group};

const STATES: [Status; 8] = [
    Status::Online,
    Status::Busy,
    Status::Idle,
    Status::BeRightBack,
    Status::Away,
    Status::OnThePhone,
    Status::OutToLunch,
    Status::Hidden,
];

fn held<T: std::fmt::Debug + 'static>(values: impl Strategy<Value = T>) -> impl Strategy<Value = &'static T> {
    values.prop_map(|value| -> &'static T { keep(value) })
}

fn perhaps<T: std::fmt::Debug + 'static>(
    values: impl Strategy<Value = T>,
) -> impl Strategy<Value = Option<&'static T>> {
    option::of(values).prop_map(|value| value.map(|value| -> &'static T { keep(value) }))
}

fn head() -> impl Strategy<Value = Head> {
    (any::<bool>(), trid(), serial()).prop_map(|(burst, trid, serial)| match burst {
        true => Head::Burst(trid, serial),
        false => Head::Answer(trid, serial),
    })
}

fn presence() -> impl Strategy<Value = Presence> {
    let personal = option::of(personal().prop_map(Into::into));
    (email(), name(), select(STATES.to_vec()), any::<u32>(), option::of(token()), personal).prop_map(
        |(email, name, status, capabilities, picture, personal)| {
            let picture = picture.map(Into::into);
            Presence { user: UserId(1), email, name, status, capabilities, picture, personal }
        },
    )
}

fn groups() -> impl Strategy<Value = Vec<Group>> {
    vec(whole_group(), 0..5)
}

/// Someone on any lists, in groups most of which there are.
fn contact() -> impl Strategy<Value = (&'static Contact, &'static [Group])> {
    (email(), name(), 0..16u8, guid(), groups(), any::<u32>()).prop_map(|(email, name, lists, guid, groups, some)| {
        let (lists, props) = (Lists(lists), Props::default());
        let chosen = groups.iter().enumerate().filter(|(at, _)| some & 1 << at != 0).map(|(_, group)| group.id);
        let set = chosen.fold(Default::default(), |set: model::GroupSet, id| set.with(id));
        let set = if some & 1 << 31 != 0 { set } else { Default::default() };
        let contact = Contact { user: UserId(1), guid, email, name, lists, groups: set, props };
        let contact: &'static Contact = keep(contact);
        (contact, keep(groups).as_slice())
    })
}

fn told() -> impl Strategy<Value = Told<'static>> {
    let picture = prop_oneof![Just("0"), token()];
    option::of((any::<u32>(), option::of(picture))).prop_map(|told| Told {
        capabilities: told.map(|(bits, _)| bits),
        picture: told.and_then(|(_, picture)| picture),
    })
}

fn farewell() -> impl Strategy<Value = Farewell> {
    let going = prop_oneof![Just(0), any::<u32>()].prop_map(|back_in| Farewell::GoingDown { back_in });
    let other = vec![Farewell::Elsewhere, Farewell::Migrated, Farewell::Terms, Farewell::Unsaid];
    prop_oneof![going, select(other)]
}

/// `VER` to `USR … OK`, `XFR`, `OUT`, calls and challenges.
pub(crate) fn sign_in() -> BoxedStrategy<Event<'static>> {
    let (to, current) = (|| held(place()), || held(place()));
    prop_oneof![
        (trid(), any::<bool>()).prop_map(|(trid, cvr0)| Event::Ver { trid, cvr0 }),
        trid().prop_map(|trid| Event::VerCvr0 { trid }),
        trid().prop_map(|trid| Event::VerRefused { trid }),
        (trid(), any::<bool>(), token(), token(), token())
            .prop_map(|(trid, query, version, download, info)| Event::Cvr { trid, query, version, download, info }),
        trid().prop_map(|trid| Event::Inf { trid }),
        (trid(), token()).prop_map(|(trid, challenge)| Event::UsrChallenge { trid, challenge }),
        (trid(), held(email()), held(name()), any::<bool>()).prop_map(|(trid, email, name, verified)| Event::UsrOk {
            trid,
            email,
            name,
            verified
        }),
        (trid(), to(), current()).prop_map(|(trid, to, current)| Event::XfrNs { trid, to, current }),
        (trid(), to(), token()).prop_map(|(trid, to, cookie)| Event::XfrSb { trid, to, cookie }),
        farewell().prop_map(Event::Out),
        (any::<u32>(), to(), token(), held(email()), held(name()))
            .prop_map(|(room, at, cookie, email, name)| Event::Rng { room: RoomId(room), at, cookie, email, name }),
        (trid(), token()).prop_map(|(trid, challenge)| Event::Chl { trid, challenge }),
        trid().prop_map(|trid| Event::Qry { trid }),
    ]
    .boxed()
}

/// Lists and settings, as they are told after `SYN` or in answer to `LST` and `LSG`.
pub(crate) fn lists() -> BoxedStrategy<Event<'static>> {
    let prompt = select(vec![ReversePrompt::Ask, ReversePrompt::Allow]);
    let privacy = select(vec![MessagePrivacy::AllButBlocked, MessagePrivacy::OnlyAllowed]);
    let list = || select(vec![List::Forward, List::Allow, List::Block, List::Reverse]);
    let value = |(property, value): (Property, String)| (property, keep(value).as_str());
    // To the year 2400.
    let time = || 0..13_600_000_000_000i64;
    let stamps = (time(), time()).prop_map(|(lists, settings)| Stamps { lists, settings });
    prop_oneof![
        (trid(), serial(), stamps, option::of((0..999usize, 0..30usize)))
            .prop_map(|(trid, serial, stamps, counts)| Event::Syn { trid, serial, stamps, counts }),
        (head(), prompt).prop_map(|(head, prompt)| Event::Gtc { head, prompt }),
        (head(), privacy).prop_map(|(head, privacy)| Event::Blp { head, privacy }),
        (head(), property(&Property::ALL).prop_map(value)).prop_map(|(head, (property, value))| Event::Prp {
            head,
            property,
            value
        }),
        (head(), held(name())).prop_map(|(head, name)| Event::PrpName { head, name }),
        (any::<bool>(), serial(), held(email()), property(&Property::ALL).prop_map(value)).prop_map(
            |(in_burst, serial, email, (property, value))| Event::Bpr { in_burst, serial, email, property, value }
        ),
        (head(), held(groups())).prop_map(|(head, groups)| Event::Lsg { head, groups }),
        (trid(), list(), serial(), 1..99usize, 1..99usize, contact()).prop_map(
            |(trid, list, serial, item, total, (contact, _))| Event::Lst { trid, list, serial, item, total, contact }
        ),
        contact().prop_map(|(contact, groups)| Event::LstPerson { contact, groups }),
        (trid(), list(), serial()).prop_map(|(trid, list, serial)| Event::LstEmpty { trid, list, serial }),
    ]
    .boxed()
}

/// Answers to edits, and news of the edits of others.
pub(crate) fn edits() -> BoxedStrategy<Event<'static>> {
    let list = || select(vec![List::Forward, List::Allow, List::Block, List::Reverse]);
    let group = |list, group: Option<&'static Group>| group.filter(|_| list == List::Forward);
    let spelling = (name(), any::<u64>()).prop_map(|(name, seed)| Hand::new(seed).escape(name.as_str()));
    prop_oneof![
        (trid(), list(), serial(), held(email()), held(name()), guid(), perhaps(whole_group())).prop_map(
            move |(trid, list, serial, email, name, guid, one)| {
                Event::Add { trid, list, serial, email, name, guid, group: group(list, one), is_new: false }
            }
        ),
        (trid(), list(), serial(), held(email()), guid(), perhaps(whole_group())).prop_map(
            move |(trid, list, serial, email, guid, one)| {
                Event::Rem { trid, list, serial, email, guid, group: group(list, one) }
            }
        ),
        (trid(), serial(), held(email()), guid()).prop_map(|(trid, serial, email, guid)| {
            Event::Rem { trid, list: List::Pending, serial, email, guid, group: None }
        }),
        (trid(), serial(), held(email()), option::of(guid()), spelling).prop_map(
            |(trid, serial, email, guid, spelling)| Event::Rea { trid, serial, email, guid, spelling: keep(spelling) }
        ),
        (trid(), serial(), held(whole_group())).prop_map(|(trid, serial, group)| Event::Adg { trid, serial, group }),
        (trid(), serial(), held(whole_group())).prop_map(|(trid, serial, group)| Event::Rmg { trid, serial, group }),
        (trid(), serial(), held(whole_group())).prop_map(|(trid, serial, group)| Event::Reg { trid, serial, group }),
    ]
    .boxed()
}

/// Presence, the directory, services and messages of the server.
pub(crate) fn others() -> BoxedStrategy<Event<'static>> {
    let words = || prop_oneof![Just(String::new()), text(6)].prop_map(|text| keep(text).as_str());
    let hit = (words(), words(), words(), words(), words()).prop_map(|(first, last, city, state, country)| Hit {
        first,
        last,
        city,
        state,
        country,
    });
    let ticket = prop_oneof![Just(""), token()];
    let client = prop_oneof![
        (any::<[u8; 4]>(), any::<u16>()).prop_map(SocketAddr::from),
        (any::<[u16; 8]>(), any::<u16>()).prop_map(SocketAddr::from)
    ];
    let profile = (any::<i64>(), held(email()), any::<u64>(), ticket, client, any::<bool>()).prop_map(
        |(login_time, email, member, ticket, client, mail)| ProfileFields {
            login_time,
            email,
            member,
            ticket,
            client,
            mail,
        },
    );
    let mailbox = (any::<u32>(), any::<u32>(), token()).prop_map(|(unread, unread_elsewhere, url)| Mailbox {
        unread,
        unread_elsewhere,
        url,
    });
    let page = (held(email()), held(name()), held(email()), words()).prop_map(|(from, name, to, text)| PageText {
        from,
        name,
        to,
        text,
    });
    prop_oneof![
        (trid(), select(STATES.to_vec()), told()).prop_map(|(trid, status, told)| Event::Chg { trid, status, told }),
        (trid(), held(presence())).prop_map(|(trid, presence)| Event::Iln { trid, presence }),
        held(presence()).prop_map(|presence| Event::Nln { presence }),
        held(email()).prop_map(|email| Event::Fln { email }),
        trid().prop_map(|trid| Event::Uux { trid }),
        (held(email()), personal()).prop_map(|(email, personal)| Event::Ubx { email, personal }),
        any::<u32>().prop_map(|next| Event::Qng { next }),
        (trid(), token(), token()).prop_map(|(trid, service, sign_in)| Event::Url { trid, service, sign_in }),
        (trid(), 1..99usize, 1..99usize, held(hit)).prop_map(|(trid, item, total, hit)| Event::Fnd {
            trid,
            item,
            total,
            hit
        }),
        trid().prop_map(|trid| Event::FndNone { trid }),
        trid().prop_map(|trid| Event::Snd { trid }),
        trid().prop_map(|trid| Event::Sdc { trid }),
        (trid(), any::<bool>()).prop_map(|(trid, on)| Event::Ims { trid, on }),
        trid().prop_map(|trid| Event::Gcf { trid }),
        Just(Event::Sbs),
        held(profile).prop_map(Event::Profile),
        held(mailbox).prop_map(Event::Mailbox),
        any::<u32>().prop_map(|minutes| Event::System(SystemMessage::Maintenance { minutes })),
        held(page).prop_map(Event::Ipg),
        words().prop_map(|document| Event::Not { document }),
    ]
    .boxed()
}
