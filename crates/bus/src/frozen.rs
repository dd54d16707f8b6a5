//! Holds the encoding of the messages to what it is: daemons of this release and of the next may
//! be on the same bus. Whoever must change a layout raises the version in the handshake, too.

use model::{
    Contact, Email, Endpoint, GroupSet, Guid, Heal, HostPort, Lists, Name, NodeId, Presence, Property, Props, Role,
    RoomId, Serial, Status, UserId,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Address, Node, NotRung, Notice, Request, Response};

/// Checks that `value` is written as `hex`, and read from it.
fn frozen<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T, hex: &str) {
    let bytes = postcard::to_stdvec(value).unwrap();
    let written: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(written, hex, "the layout of {value:?}");
    assert_eq!(&postcard::from_bytes::<T>(&bytes).unwrap(), value);
}

fn amy() -> Email {
    Email::parse("a@b.c").unwrap()
}

fn presence() -> Presence {
    Presence {
        user: UserId(7),
        email: amy(),
        name: Name::friendly("A").unwrap(),
        status: Status::Busy,
        capabilities: 0x1000_0014,
        picture: Some("<p/>".into()),
        personal: Some("<Data><PSM>hi</PSM></Data>".into()),
    }
}

#[test]
fn nodes_and_addresses() {
    let endpoint = Endpoint::Public(HostPort { host: "h".to_owned(), port: 1863 });
    let node = Node { id: NodeId(300), role: Role::Notification, endpoint, weight: 100, load: 5, draining: true };
    frozen(&node, "ac0201000168c70e640501");
    frozen(&Endpoint::SameHost(1864), "01c80e");
    frozen(&Address::User(amy()), "00056140622e63");
    frozen(&Address::Node(NodeId(300)), "01ac02");
    frozen(&Address::Role(Role::Switchboard), "0202");
    frozen(&Address::Role(Role::Web), "0203");
}

#[test]
fn watching() {
    let watch = Notice::Watch { watcher: UserId(7), targets: vec![UserId(1), UserId(-1)], tag: Some(9), arrived: true };
    frozen(&watch, "000e020201010901");
    frozen(&Notice::Unwatch { watcher: UserId(7), targets: vec![] }, "010e00");
    frozen(
        &Notice::Watched { watcher: UserId(7), tag: None, visible: vec![presence()] },
        "020e00010e056140622e63014101948080800101043c702f3e011a3c446174613e3c50534d3e68693c2f50534d3e3c2f446174613e",
    );
}

#[test]
fn presence_notices() {
    frozen(
        &Notice::Shown { to: vec![UserId(1)], presence: presence() },
        "0301020e056140622e63014101948080800101043c702f3e011a3c446174613e3c50534d3e68693c2f50534d3e3c2f446174613e",
    );
    frozen(&Notice::Gone { to: vec![UserId(1)], user: UserId(7), email: amy() }, "0401020e056140622e63");
}

#[test]
fn healing() {
    frozen(&Notice::Held { users: vec![(UserId(7), 300), (UserId(1), i64::MIN)] }, "08020ed80402ffffffffffffffffff01");
    let watches = vec![(UserId(7), vec![UserId(1), UserId(-1)])];
    frozen(&Notice::Follow { number: 300, tag: Some(9), watches }, "09ac020109010e020201");
    frozen(
        &Notice::Show { knows: 300, tag: None, shown: vec![(presence(), vec![UserId(1)])] },
        "0aac0200010e056140622e63014101948080800101043c702f3e011a3c446174613e3c50534d3e68693c2f50534d3e3c2f446174613e0102",
    );
    frozen(&Notice::Heal(Heal::Holding { answer: true }), "0b0001");
    frozen(&Notice::Heal(Heal::Held), "0b01");
    frozen(&Notice::Heal(Heal::Watching { number: 300 }), "0b02ac02");
    frozen(&Notice::Heal(Heal::Watched { number: 300 }), "0b03ac02");
    frozen(&Notice::Heal(Heal::Shown { number: 300 }), "0b04ac02");
}

#[test]
fn list_notices() {
    let peer = Contact {
        user: UserId(7),
        guid: Guid([0xab; 16]),
        email: amy(),
        name: Name::friendly("A").unwrap(),
        lists: Lists(11),
        groups: GroupSet(5),
        props: Props {
            home: "1".to_owned(),
            work: "2".to_owned(),
            mobile: "3".to_owned(),
            pages: true,
            enabled: false,
        },
    };
    frozen(
        &Notice::Reverse { user: UserId(1), serial: Serial(2), peer, added: true },
        "0502020eabababababababababababababababab056140622e6301410b05013101320133010001",
    );
    let property = Notice::Property {
        to: UserId(1),
        serial: Serial(2),
        user: UserId(7),
        email: amy(),
        property: Property::MobilePhone,
        value: "3".to_owned(),
    };
    frozen(&property, "0602020e056140622e63020133");
    frozen(&Notice::Changed { user: UserId(7) }, "070e");
}

#[test]
fn requests_and_responses() {
    let ring = Request::Ring {
        callee: amy(),
        room: RoomId(17),
        switchboard: NodeId(300),
        endpoint: Endpoint::SameHost(1865),
        caller: UserId(7),
        caller_email: amy(),
        caller_name: Name::friendly("A").unwrap(),
    };
    frozen(&ring, "00056140622e6311ac0201c90e0e056140622e630141");
    frozen(&Request::TakeOver { user: UserId(7) }, "010e");
    frozen(&Response::Rung, "00");
    frozen(&Response::NotRung(NotRung::Offline), "0100");
    frozen(&Response::NotRung(NotRung::Blocked), "0101");
    frozen(&Response::TakenOver, "02");
    frozen(&Request::MayCall { user: UserId(7) }, "020e");
    let name = Name::friendly("A").unwrap();
    frozen(
        &Request::Page { to: amy(), from: amy(), name, text: "hi".to_owned() },
        "03056140622e63056140622e630141026869",
    );
    frozen(&Response::NotRung(NotRung::CallerHidden), "0102");
    frozen(&Response::MayCall, "03");
    frozen(&Response::Delivered, "04");
    frozen(&Response::NotDelivered, "05");
    frozen(&Response::Failed, "06");
    frozen(&Request::Ready, "04");
    frozen(&Response::Ready, "07");
    frozen(&Response::NotReady, "08");
}
