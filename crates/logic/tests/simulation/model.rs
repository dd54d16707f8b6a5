//! The truth: what the store keeps of each account, and who must be shown to whom because of it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use logic::ns::{Identity, View, privacy};
use model::{
    Change, Contact, ContactEntry, Email, GroupSet, Guid, List, Lists, MessagePrivacy, Name, Props, ReversePrompt,
    Roster, Serial, SessionId, Stamps, Status, UserId,
};

use crate::client::{Client, Face, Screen, Stage};

/// How many people there are.
pub(crate) const PEOPLE: usize = 5;

/// What the store keeps of an account: on which of its lists each person is, privacy, and name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Account {
    pub(crate) lists: [Lists; PEOPLE],
    pub(crate) privacy: MessagePrivacy,
    pub(crate) name: u32,
}

impl Default for Account {
    fn default() -> Self {
        Self { lists: [Lists::NONE; PEOPLE], privacy: MessagePrivacy::OnlyAllowed, name: 0 }
    }
}

pub(crate) fn user(person: usize) -> UserId {
    UserId(person as i64 + 1)
}

pub(crate) fn email(person: usize) -> &'static Email {
    static EMAILS: LazyLock<[Email; PEOPLE]> = LazyLock::new(|| {
        std::array::from_fn(|person| Email::parse(&format!("u{person}@example.com")).expect("an address"))
    });
    &EMAILS[person]
}

fn name(person: usize, version: u32) -> Name {
    Name::friendly(&format!("u{person}.{version}")).expect("a name")
}

pub(crate) fn personal(saying: u8) -> String {
    format!("<Data><PSM>{saying}</PSM></Data>")
}

pub(crate) fn picture(number: u8) -> String {
    format!("%3Cmsnobj{number}%2F%3E")
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Online => "NLN",
        Status::Away => "AWY",
        Status::Busy => "BSY",
        other => unreachable!("{other:?} is not among the states here"),
    }
}

impl Account {
    pub(crate) fn identity(&self, person: usize) -> Identity {
        let (user, email, name) = (user(person), email(person).clone(), name(person, self.name));
        Identity { user, guid: Guid([0; 16]), email, name, verified: true }
    }

    pub(crate) fn roster(&self, person: usize) -> Roster {
        let contact = |peer| Contact {
            user: user(peer),
            guid: Guid([0; 16]),
            email: email(peer).clone(),
            name: name(peer, 0),
            lists: self.lists[peer],
            groups: GroupSet::NONE,
            props: Props::default(),
        };
        Roster {
            user: user(person),
            email: email(person).clone(),
            name: name(person, self.name),
            serial: Serial(1),
            stamps: Some(Stamps { lists: 0, settings: 0 }),
            prompt: ReversePrompt::Ask,
            privacy: self.privacy,
            props: Props::default(),
            groups: Vec::new(),
            contacts: (0..PEOPLE).filter(|peer| !self.lists[*peer].is_empty()).map(contact).collect(),
        }
    }

    /// Someone comes onto a list, or goes off it. AL and BL exclude each other.
    pub(crate) fn toggle(&mut self, list: List, peer: usize) -> Change {
        let was = self.lists[peer];
        let lists = match list {
            _ if was.has(list) => was.without(list),
            List::Allow => was.without(List::Block).with(list),
            List::Block => was.without(List::Allow).with(list),
            _ => was.with(list),
        };
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

    fn lets(&self, peer: usize) -> bool {
        privacy::lets(self.privacy, self.lists[peer])
    }
}

impl Client {
    /// What it tells of itself.
    pub(crate) fn view(&self, status: Status) -> View {
        View { status, capabilities: self.change, picture: self.picture.map(|number| picture(number).into()) }
    }

    /// Is it shown to those who may see it?
    fn is_visible(&self) -> bool {
        self.status.is_some_and(|status| status != Status::Hidden)
    }
}

/// Who is shown to whom: each watcher's session, whom they watch, and whether they see them.
pub(crate) struct Truth<'a> {
    pub(crate) accounts: &'a [Account; PEOPLE],
    pub(crate) clients: &'a BTreeMap<SessionId, Client>,
}

impl Truth<'_> {
    /// Who watches whom, as (watched, watcher).
    pub(crate) fn watches(&self) -> impl Iterator<Item = (usize, &Client)> {
        self.clients.values().filter(|client| client.stage == Stage::Appeared).flat_map(move |client| {
            let on_list = move |peer: &usize| self.accounts[client.person].lists[*peer].has(List::Forward);
            (0..PEOPLE).filter(on_list).map(move |peer| (peer, client))
        })
    }

    /// The session of this person. There is one at most when all is well.
    pub(crate) fn session(&self, person: usize) -> Option<&Client> {
        self.clients.values().find(|client| client.person == person)
    }

    /// The session that this watcher is shown of someone, if any.
    pub(crate) fn seen(&self, target: usize, watcher: usize) -> Option<&Client> {
        self.session(target).filter(|client| self.shows(client, watcher))
    }

    /// Is this session to be seen by this person, if they watch?
    pub(crate) fn shows(&self, client: &Client, watcher: usize) -> bool {
        client.is_visible() && self.accounts[client.person].lets(watcher)
    }

    /// What a client must show.
    pub(crate) fn screen(&self, watcher: &Client) -> Screen {
        let face = |target: usize| {
            let seen = self.seen(target, watcher.person)?;
            let number = watcher.number();
            let known = |from, text: Option<String>| text.filter(|_| number >= from).unwrap_or_default();
            let face = Face {
                state: word(seen.status?).to_owned(),
                name: format!("u{target}.{}", self.accounts[target].name),
                change: if number >= 8 { seen.change } else { 0 },
                picture: known(9, seen.picture.map(picture)),
                personal: known(11, seen.personal.map(personal)),
            };
            Some((email(target).to_string(), face))
        };
        self.watches()
            .filter(|(_, client)| client.session == watcher.session)
            .filter_map(|(peer, _)| face(peer))
            .collect()
    }

    /// May `caller` call this person?
    pub(crate) fn takes_call(&self, callee: usize, caller: usize) -> bool {
        self.seen(callee, caller).is_some_and(|client| client.takes_calls)
    }
}
