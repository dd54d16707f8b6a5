//! Some people, what they have on their lists, and who of them must see whom: the rule of
//! visibility applied to the whole world at once, against which the tables are compared.

use std::collections::BTreeMap;
use std::fmt;

use logic::ns::{Identity, View, privacy};
use model::{
    Change, Contact, ContactEntry, Email, GroupSet, Guid, List, Lists, MessagePrivacy, Name, Props, ReversePrompt,
    Roster, Serial, SessionId, Stamps, Status, UserId,
};
use msnp::Dialect;
use proptest::prelude::*;
use proptest::sample::select;

use crate::fake::{Face, Shown};

/// How many people there are.
pub(crate) const PEOPLE: usize = 4;

/// What someone keeps in the store: lists by person, privacy, name.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) lists: [Lists; PEOPLE],
    pub(crate) privacy: MessagePrivacy,
    pub(crate) name: u32,
}

/// Someone's session, wherever it is.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    pub(crate) session: SessionId,
    /// The server that it is on.
    pub(crate) node: usize,
    /// What that server knows of the lists.
    pub(crate) known: Kept,
    /// Has it read them from the store?
    pub(crate) loaded: bool,
    pub(crate) status: Option<Status>,
    /// What it says with `UUX`, if anything.
    pub(crate) personal: Option<u8>,
    /// What watchers go on seeing of the session before: its state, and what it said.
    pub(crate) lingering: Option<(Status, Option<u8>)>,
}

impl Live {
    /// What watchers see of this session, or would if it were not hidden.
    pub(crate) fn seen(&self) -> Option<(Status, Option<u8>)> {
        self.status.map(|status| (status, self.personal)).or(self.lingering)
    }
}

/// One thing that happens.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Deed {
    /// A sign-in, the first or another, at this server; the roster is read later.
    Enter(usize),
    /// The roster is read, for the first time or again.
    Load,
    /// `CHG`
    Change(Status),
    /// `UUX`
    Say(Option<u8>),
    /// The time of a session to appear is over.
    Settle,
    /// The session ends.
    Leave,
    /// Someone is put on or taken off a list.
    Toggle(List, usize),
    /// `BLP` changes to the other value.
    Privacy,
    /// `REA` of oneself.
    Rename,
    /// The operator does the same behind the server's back.
    OutsideToggle(List, usize),
    OutsidePrivacy,
    OutsideRename,
}

/// A deed and who does it.
fn deed() -> impl Strategy<Value = (usize, Deed)> {
    let list = || select(vec![List::Forward, List::Forward, List::Allow, List::Block]);
    let status = select(vec![Status::Online, Status::Online, Status::Away, Status::Busy, Status::Hidden]);
    let deed = prop_oneof![
        4 => (0..3usize).prop_map(Deed::Enter),
        6 => Just(Deed::Load),
        8 => status.prop_map(Deed::Change),
        6 => prop::option::weighted(0.7, 0..3u8).prop_map(Deed::Say),
        2 => Just(Deed::Settle),
        3 => Just(Deed::Leave),
        8 => (list(), 0..PEOPLE).prop_map(|(list, peer)| Deed::Toggle(list, peer)),
        2 => Just(Deed::Privacy),
        2 => Just(Deed::Rename),
        1 => (list(), 0..PEOPLE).prop_map(|(list, peer)| Deed::OutsideToggle(list, peer)),
        1 => Just(Deed::OutsidePrivacy),
        1 => Just(Deed::OutsideRename),
    ];
    (0..PEOPLE, deed)
}

/// A script: most people are there from the beginning.
pub(crate) fn script(longest: usize) -> impl Strategy<Value = Vec<(usize, Deed)>> {
    let early = prop::array::uniform4(prop::bool::weighted(0.8));
    (early, prop::collection::vec(deeds(), 0..longest)).prop_map(|(early, deeds)| {
        let sign_in = |who| [Deed::Enter(who % 3), Deed::Load, Deed::Change(Status::Online)].map(|deed| (who, deed));
        let there = (0..PEOPLE).filter(|who| early[*who]).flat_map(sign_in);
        there.chain(deeds.into_iter().flatten()).collect()
    })
}

/// A deed, or a sign-in as a client makes it, mostly of someone who is there already.
fn deeds() -> impl Strategy<Value = Vec<(usize, Deed)>> {
    let status = select(vec![Status::Online, Status::Busy, Status::Hidden]);
    let sign_in = (0..PEOPLE, 0..3usize, status, prop::option::of(0..3u8)).prop_map(|(who, node, status, saying)| {
        let saying = saying.map(|saying| Deed::Say(Some(saying)));
        let deeds = [Deed::Enter(node), Deed::Load].into_iter().chain(saying).chain([Deed::Change(status)]);
        deeds.map(|deed| (who, deed)).collect()
    });
    prop_oneof![12 => deed().prop_map(|deed| vec![deed]), 1 => sign_in]
}

/// Lists that make most people see most others at first.
pub(crate) fn kept() -> impl Strategy<Value = Vec<Kept>> {
    let lists = select(vec![1, 1, 3, 5, 0, 2, 4]).prop_map(Lists);
    let anyone = prop::bool::weighted(0.7);
    let one = (prop::array::uniform4(lists), anyone).prop_map(|(lists, anyone)| {
        let privacy = if anyone { MessagePrivacy::AllButBlocked } else { MessagePrivacy::OnlyAllowed };
        Kept { lists, privacy, name: 0 }
    });
    prop::collection::vec(one, PEOPLE)
}

pub(crate) fn user(person: usize) -> UserId {
    UserId(person as i64 + 1)
}

pub(crate) fn email(person: usize) -> Email {
    Email::parse(&format!("u{person}@example.com")).expect("an address")
}

fn name(person: usize, version: u32) -> Name {
    Name::friendly(&format!("u{person}.{version}")).expect("a name")
}

pub(crate) fn identity(person: usize, kept: &Kept) -> Identity {
    let (user, email, name) = (user(person), email(person), name(person, kept.name));
    Identity { user, guid: Guid([0; 16]), email, name, verified: true }
}

/// The dialect that this person's client at this server speaks: to half of them the personal
/// messages of others mean nothing.
pub(crate) const fn dialect(person: usize, node: usize) -> Dialect {
    [Dialect::Msnp12, Dialect::Msnp7, Dialect::Msnp11, Dialect::Msnp9][(person + node) % 4]
}

/// What someone says with `UUX`.
pub(crate) fn personal(saying: u8) -> String {
    format!("<Data><PSM>{saying}</PSM></Data>")
}

pub(crate) const fn view(status: Status) -> View {
    View { status, capabilities: 0, picture: None }
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Online => "NLN",
        Status::Away => "AWY",
        Status::Busy => "BSY",
        other => unreachable!("{other:?} is not among the states here"),
    }
}

/// On one line, because a counterexample holds many.
impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bits {} {:?}", self.lists.map(|lists| lists.0.to_string()).join(","), self.privacy)
    }
}

impl Kept {
    pub(crate) fn roster(&self, person: usize) -> Roster {
        let on = (0..PEOPLE).filter(|peer| !self.lists[*peer].is_empty());
        let contact = |peer| Contact {
            user: user(peer),
            guid: Guid([0; 16]),
            email: email(peer),
            name: name(peer, 0),
            lists: self.lists[peer],
            groups: GroupSet::NONE,
            props: Props::default(),
        };
        Roster {
            user: user(person),
            email: email(person),
            name: name(person, self.name),
            serial: Serial(1),
            stamps: Some(Stamps { lists: 0, settings: 0 }),
            prompt: ReversePrompt::Ask,
            privacy: self.privacy,
            props: Props::default(),
            groups: Vec::new(),
            contacts: on.map(contact).collect(),
        }
    }

    /// Someone comes onto a list, or goes off it. AL and BL exclude each other.
    pub(crate) fn toggle(&mut self, list: List, peer: usize) -> Change {
        let was = self.lists[peer];
        let other = match list {
            List::Allow => was.without(List::Block),
            List::Block => was.without(List::Allow),
            _ => was,
        };
        let lists = if was.has(list) { was.without(list) } else { other.with(list) };
        self.lists[peer] = lists;
        let entry = ContactEntry { lists, groups: GroupSet::NONE, name: name(peer, 0) };
        Change::Contact { peer: user(peer), was, now: (!lists.is_empty()).then_some(entry) }
    }

    pub(crate) fn toggle_privacy(&mut self) -> Change {
        self.privacy = match self.privacy {
            MessagePrivacy::AllButBlocked => MessagePrivacy::OnlyAllowed,
            MessagePrivacy::OnlyAllowed => MessagePrivacy::AllButBlocked,
        };
        Change::Privacy(self.privacy)
    }

    pub(crate) fn rename(&mut self, person: usize) -> Change {
        self.name += 1;
        Change::Name(name(person, self.name))
    }
}

/// The world as it is.
pub(crate) struct World {
    pub(crate) kept: Vec<Kept>,
    pub(crate) live: [Option<Live>; PEOPLE],
}

impl World {
    pub(crate) fn new(kept: Vec<Kept>) -> Self {
        Self { kept, live: [const { None }; PEOPLE] }
    }

    /// What a watcher must be shown now: everyone on their list who is online, not hidden, and
    /// lets them. (protocol page, 12.2)
    pub(crate) fn shown_to(&self, watcher: usize) -> Shown {
        let mut shown = BTreeMap::new();
        let Some(watching) = self.live[watcher].as_ref().filter(|live| live.status.is_some()) else {
            return Shown(shown);
        };
        for (target, live) in self.live.iter().enumerate() {
            let Some(live) = live else { continue };
            let Some((status, said)) = live.seen().filter(|(status, _)| *status != Status::Hidden) else { continue };
            let on_list = watching.known.lists[target].has(List::Forward);
            if on_list && privacy::lets(live.known.privacy, live.known.lists[watcher]) {
                let (state, name) = (word(status).to_owned(), format!("u{target}.{}", live.known.name));
                let knows = dialect(watcher, watching.node).number() >= 11;
                let personal = said.filter(|_| knows).map(personal).unwrap_or_default();
                shown.insert(email(target).to_string(), Face { state, name, personal });
            }
        }
        Shown(shown)
    }

    /// May `caller` call this person?
    pub(crate) fn takes_call(&self, callee: usize, caller: usize) -> bool {
        self.live[callee].as_ref().is_some_and(|live| {
            live.status.is_some_and(|status| status != Status::Hidden)
                && privacy::lets(live.known.privacy, live.known.lists[caller])
        })
    }
}
