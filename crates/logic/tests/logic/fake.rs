//! Clients that are not there: what is sent to them is kept, and read back.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use bytes::Bytes;
use logic::Outlet;
use model::Email;
use msnp::{Dialect, Traits};

/// The way to a client: bytes and notices are kept until the test takes them.
pub(crate) struct Fake<N> {
    dialect: Dialect,
    state: Rc<State<N>>,
}

struct State<N> {
    bytes: RefCell<Vec<u8>>,
    notices: RefCell<Vec<N>>,
    full: Cell<bool>,
}

impl<N> Clone for Fake<N> {
    fn clone(&self) -> Self {
        Self { dialect: self.dialect, state: Rc::clone(&self.state) }
    }
}

impl<N> Default for Fake<N> {
    fn default() -> Self {
        Self::speaking(Dialect::Msnp7)
    }
}

impl<N> Fake<N> {
    pub(crate) fn speaking(dialect: Dialect) -> Self {
        let (bytes, notices, full) = (RefCell::default(), RefCell::default(), Cell::new(false));
        Self { dialect, state: Rc::new(State { bytes, notices, full }) }
    }

    /// What has been sent since the last time, line by line; a payload stands in place of its length.
    pub(crate) fn lines(&self) -> Vec<String> {
        let text = String::from_utf8(self.state.bytes.take()).expect("lines are text");
        let (mut rest, mut lines) = (&*text, Vec::new());
        while !rest.is_empty() {
            let (line, behind) = rest.split_once("\r\n").expect("CR LF");
            rest = behind;
            if !line.starts_with("UBX ") {
                lines.push(line.to_owned());
                continue;
            }
            assert!(self.dialect.number() >= 11, "{line} to {:?}", self.dialect);
            let (words, length) = line.rsplit_once(' ').expect("a length");
            let (payload, behind) = rest.split_at(length.parse().expect("a number"));
            rest = behind;
            lines.push(format!("{words} {payload}"));
        }
        lines
    }

    /// What the session has been told since the last time.
    pub(crate) fn notices(&self) -> Vec<N> {
        self.state.notices.take()
    }

    /// From now on the queue is full.
    pub(crate) fn fill(&self) {
        self.state.full.set(true);
    }
}

impl<N> Outlet for Fake<N> {
    type Notice = N;

    fn traits(&self) -> &'static Traits {
        self.dialect.traits()
    }

    fn send(&self, bytes: &Bytes) -> bool {
        let fits = !self.state.full.get();
        if fits {
            self.state.bytes.borrow_mut().extend_from_slice(bytes);
        }
        fits
    }

    fn notify(&self, notice: N) {
        self.state.notices.borrow_mut().push(notice);
    }
}

/// How a client shows someone who is online.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Face {
    pub(crate) state: String,
    pub(crate) name: String,
    /// The personal message; empty if there is none, or the client cannot show any.
    pub(crate) personal: String,
}

/// How a client shows its contacts: those who are online.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Shown(pub(crate) BTreeMap<String, Face>);

/// What a line changed.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Change {
    /// Something.
    News,
    /// Nothing: it told what was shown already.
    Repeated,
}

impl Shown {
    /// Takes a line of presence. A personal message lasts until another comes, or its owner goes.
    pub(crate) fn read(&mut self, line: &str) -> Change {
        let words: Vec<&str> = line.split(' ').collect();
        let changed = match *words {
            ["ILN", _, state, email, name] | ["NLN", state, email, name] => self.show(email, state, name),
            ["ILN", _, state, email, name, "0"] | ["NLN", state, email, name, "0"] => self.show(email, state, name),
            ["UBX", email, personal] => {
                let face = self.0.get_mut(email).expect("someone who is online");
                std::mem::replace(&mut face.personal, personal.to_owned()) != personal
            }
            ["FLN", email] => self.0.remove(email).is_some(),
            _ => panic!("not a line of presence: {line}"),
        };
        if changed { Change::News } else { Change::Repeated }
    }

    fn show(&mut self, email: &str, state: &str, name: &str) -> bool {
        let new = !self.0.contains_key(email);
        let face = self.0.entry(email.to_owned()).or_default();
        let changed = new || face.state != state || face.name != name;
        (face.state, face.name) = (state.to_owned(), name.to_owned());
        changed
    }

    /// The user has taken someone off the contact list.
    pub(crate) fn forget(&mut self, email: &Email) {
        self.0.remove(email.as_str());
    }
}
