//! Clients: the way to one keeps what is sent, and the client makes of it what its user sees.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use bytes::Bytes;
use logic::Outlet;
use logic::ns::Notice;
use model::{List, NodeId, SessionId, Status};
use msnp::{Dialect, Traits};

use crate::model::{Account, email};

/// What the clients speak: one of each shape of presence, and some who know personal messages.
pub(crate) const DIALECTS: [Dialect; 5] =
    [Dialect::Msnp12, Dialect::Msnp7, Dialect::Msnp8, Dialect::Msnp11, Dialect::Msnp9];

/// The way to a client. Clones lead to the same one.
#[derive(Clone)]
pub(crate) struct Way {
    dialect: Dialect,
    bytes: Rc<RefCell<Vec<u8>>>,
    notices: Rc<RefCell<Vec<Notice>>>,
}

impl Outlet for Way {
    type Notice = Notice;

    fn traits(&self) -> &'static Traits {
        self.dialect.traits()
    }

    fn send(&self, bytes: &Bytes) -> bool {
        self.bytes.borrow_mut().extend_from_slice(bytes);
        true
    }

    fn notify(&self, notice: Notice) {
        self.notices.borrow_mut().push(notice);
    }
}

/// How someone who is online is shown.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Face {
    pub(crate) state: String,
    pub(crate) name: String,
    /// The number of the change, which the clients here tell as capabilities; 0 where the dialect
    /// has none.
    pub(crate) change: u32,
    pub(crate) picture: String,
    pub(crate) personal: String,
}

/// What a client shows, by handle.
pub(crate) type Screen = BTreeMap<String, Face>;

/// How far a session is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Stage {
    /// It is in the table.
    Entered,
    /// Its roster is known.
    Loaded,
    /// It has made its first `CHG`.
    Appeared,
}

/// A client that is signed in, or signs in.
pub(crate) struct Client {
    pub(crate) person: usize,
    pub(crate) node: NodeId,
    pub(crate) session: SessionId,
    /// When it signed in, by the clock of its server.
    pub(crate) since: i64,
    pub(crate) way: Way,
    pub(crate) stage: Stage,
    /// What its server knows of the lists.
    pub(crate) known: Account,
    pub(crate) status: Option<Status>,
    pub(crate) change: u32,
    pub(crate) picture: Option<u8>,
    pub(crate) personal: Option<u8>,
    pub(crate) takes_calls: bool,
    /// An edit of its is in the store, and its server does not know yet.
    pub(crate) busy: bool,
    /// It has edited the lists while the account had another session.
    pub(crate) dirty: bool,
    /// It has been told that the account is signed in elsewhere.
    pub(crate) ending: bool,
    pub(crate) screen: Screen,
    /// The transactions that may be answered with `ILN`.
    pub(crate) asked: BTreeSet<u32>,
    /// How often it was told what it showed already.
    pub(crate) repeats: u32,
}

impl Client {
    pub(crate) fn new(person: usize, node: NodeId, session: SessionId, since: i64, dialect: Dialect) -> Self {
        Self {
            person,
            node,
            session,
            since,
            way: Way { dialect, bytes: Rc::default(), notices: Rc::default() },
            stage: Stage::Entered,
            known: Account::default(),
            status: None,
            change: 0,
            picture: None,
            personal: None,
            takes_calls: true,
            busy: false,
            dirty: false,
            ending: false,
            screen: Screen::new(),
            asked: BTreeSet::new(),
            repeats: 0,
        }
    }

    pub(crate) fn number(&self) -> u8 {
        self.way.dialect.number()
    }

    pub(crate) fn notices(&self) -> Vec<Notice> {
        self.way.notices.take()
    }

    /// Is this the client's own view of the lists, whoever changed them: someone who is not on its FL
    /// is not shown.
    pub(crate) fn learn(&mut self, account: &Account) {
        self.known = account.clone();
        self.screen.retain(|handle, _| {
            let person = (0..account.lists.len()).find(|person| email(*person).as_str() == handle);
            person.is_some_and(|person| account.lists[person].has(List::Forward))
        });
    }

    /// Takes what was sent. Yields the lines, for the log.
    pub(crate) fn read(&mut self) -> Vec<String> {
        let text = String::from_utf8(self.way.bytes.take()).expect("lines are text");
        let (mut rest, mut lines) = (&*text, Vec::new());
        while !rest.is_empty() {
            let (line, behind) = rest.split_once("\r\n").expect("CR LF");
            rest = behind;
            let mut line = line.to_owned();
            if line.starts_with("UBX ") {
                assert!(self.number() >= 11, "{line} to a client that does not know it");
                let (words, length) = line.rsplit_once(' ').expect("a length");
                let (payload, behind) = rest.split_at(length.parse().expect("a number"));
                (line, rest) = (format!("{words} {payload}"), behind);
            }
            self.take(&line);
            lines.push(line);
        }
        lines
    }

    fn take(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let changed = match *words {
            ["ILN", trid, ref shown @ ..] => {
                assert!(self.asked.contains(&trid.parse().expect("a number")), "{line}: nothing was asked");
                assert!(!self.screen.contains_key(shown[1]), "{line}: of someone who is shown already");
                self.show(shown)
            }
            ["NLN", ref shown @ ..] => self.show(shown),
            ["UBX", email, personal] => {
                let face = self.screen.get_mut(email).unwrap_or_else(|| panic!("{line}: of someone who is offline"));
                std::mem::replace(&mut face.personal, personal.to_owned()) != personal
            }
            ["FLN", email] => {
                assert!(self.screen.remove(email).is_some(), "{line}: of someone who is offline");
                true
            }
            _ => panic!("not a line of presence: {line}"),
        };
        // Before MSNP8 a client is told the same if only what it does not know has changed.
        self.repeats += u32::from(!changed && self.number() >= 8);
    }

    /// State, handle, name, and as much more as the dialect has.
    fn show(&mut self, shown: &[&str]) -> bool {
        let (state, email, name, more) = match *shown {
            [state, email, name, ref more @ ..] => (state, email, name, more),
            _ => panic!("too short: {shown:?}"),
        };
        let change = match (self.number(), more) {
            (..=7, []) => 0,
            (8, [change]) | (9.., [change] | [change, _]) => change.parse().expect("a number"),
            _ => panic!("{shown:?} in dialect {}", self.number()),
        };
        let picture = more.get(1).map_or(String::new(), |picture| (*picture).to_owned());
        let person = self
            .known
            .lists
            .iter()
            .enumerate()
            .any(|(person, lists)| lists.has(List::Forward) && crate::model::email(person).as_str() == email);
        assert!(person, "{shown:?}: of someone who is not on the list");
        let personal = self.screen.get(email).map(|face| face.personal.clone()).unwrap_or_default();
        let face = Face { state: state.to_owned(), name: name.to_owned(), change, picture, personal };
        let before = self.screen.insert(email.to_owned(), face.clone());
        before.is_none_or(|before| before != face)
    }
}
