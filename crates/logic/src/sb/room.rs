//! One conversation: who is in it, who is being rung, and what is said.
//!
//! It is an ordinary struct. Its daemon keeps each room behind a lock of its own, so that all
//! in it see the same order of comings, goings and messages. (docs/PROTOCOL.md, Switchboard)

use std::time::Instant;

use bytes::Bytes;
use model::{Email, Name, RoomId, SessionId};
use msnp::sb::Event;
use msnp::{Code, TrId};

use super::{Notice, Rules};
use crate::Outlet;

/// Someone in a room.
pub struct Member<O> {
    /// Their connection.
    pub session: SessionId,
    /// Their handle.
    pub email: Email,
    /// Their friendly name, as it was when they came.
    pub name: Name,
    /// The capability bits of their client, as they were.
    pub capabilities: u32,
    /// The way to their client.
    pub outlet: O,
}

/// How someone comes in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Entry {
    /// `USR`: they open the room.
    Opening(TrId),
    /// `ANS`: they answer a call.
    Answering(TrId),
}

/// What the idle rules say of a room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Idle {
    /// Nothing before this time.
    Until(Instant),
    /// It was closed: everyone has been told to go.
    Closed,
}

/// One conversation.
pub struct Room<O> {
    /// Its number, the same for all calls into it.
    pub id: RoomId,
    members: Vec<Member<O>>,
    /// Who is being rung, and until when.
    ringing: Vec<(Email, Instant)>,
    /// The last command of anyone.
    active: Instant,
    /// The last coming or going.
    changed: Instant,
}

impl<O: Outlet<Notice = Notice>> Room<O> {
    /// An empty one.
    pub const fn new(id: RoomId, now: Instant) -> Self {
        Self { id, members: Vec::new(), ringing: Vec::new(), active: now, changed: now }
    }

    /// Someone comes in. They are told who is here, the others that they came. All of it is
    /// handed out in here, so that nothing said meanwhile can come before it.
    pub fn enter(&mut self, member: Member<O>, entry: Entry, rules: &Rules, now: Instant) -> Result<(), Code> {
        if self.members.len() >= rules.participants {
            return Err(Code::SessionOverload);
        }
        if self.members.iter().any(|other| other.email == member.email) {
            return Err(Code::AlreadyThere);
        }
        let traits = member.outlet.traits();
        let mut out = Vec::new();
        match entry {
            Entry::Opening(trid) => {
                Event::UsrOk { trid, email: &member.email, name: &member.name }.encode(traits, &mut out);
            }
            Entry::Answering(trid) => {
                let total = self.members.len();
                for (item, other) in self.members.iter().enumerate() {
                    let (email, name, capabilities) = (&other.email, &other.name, other.capabilities);
                    Event::Iro { trid, item: item + 1, total, email, name, capabilities }.encode(traits, &mut out);
                }
                Event::AnsOk { trid }.encode(traits, &mut out);
            }
        }
        member.outlet.send(&out.into());
        self.tell(&Event::Joi { email: &member.email, name: &member.name, capabilities: member.capabilities });
        self.ringing.retain(|(email, _)| *email != member.email);
        self.members.push(member);
        self.active = now;
        self.changed = now;
        Ok(())
    }

    /// Someone goes, or their connection does. True if the room is empty now.
    pub fn leave(&mut self, session: SessionId, rules: &Rules, now: Instant) -> bool {
        if let Some(at) = self.members.iter().position(|member| member.session == session) {
            let member = self.members.remove(at);
            self.tell(&Event::Bye { email: &member.email, idle: false });
            self.active = now;
            self.changed = now;
            // Fewer people may say nothing for a shorter time.
            let due = self.idle_at(rules);
            self.members.iter().for_each(|member| member.outlet.notify(Notice::IdleAt(due)));
        }
        self.members.is_empty()
    }

    /// May this person be called? If so, they are ringing from now on.
    pub fn ring(&mut self, callee: &Email, rules: &Rules, now: Instant) -> Result<(), Code> {
        self.active = now;
        self.ringing.retain(|(_, until)| *until > now);
        let here = self.members.iter().any(|member| member.email == *callee);
        if here || self.ringing.iter().any(|(email, _)| email == callee) {
            return Err(Code::AlreadyThere);
        }
        if self.members.len() + self.ringing.len() >= rules.participants {
            return Err(Code::SessionOverload);
        }
        self.ringing.push((callee.clone(), now + rules.ring_time));
        Ok(())
    }

    /// They cannot be rung after all.
    pub fn ring_failed(&mut self, callee: &Email) {
        self.ringing.retain(|(email, _)| email != callee);
    }

    /// Hands a message to everyone but its sender. True if there is anyone else, and each of
    /// them was handed it.
    pub fn say(&mut self, session: SessionId, message: &Bytes, now: Instant) -> bool {
        self.active = now;
        let mut delivered = self.members.len() > 1;
        for member in self.members.iter().filter(|member| member.session != session) {
            delivered &= member.outlet.send(message);
        }
        delivered
    }

    /// Any other command.
    pub const fn touch(&mut self, now: Instant) {
        self.active = now;
    }

    /// The switchboard goes down: everyone is told to go.
    pub fn close(&mut self) {
        for member in self.members.drain(..) {
            member.outlet.notify(Notice::Closed);
        }
    }

    /// Applies the idle rules: someone alone is closed without a word; two are each told that
    /// the other left; of more, each is told that one of the others did.
    pub fn idle(&mut self, rules: &Rules, now: Instant) -> Idle {
        let due = self.idle_at(rules);
        if now < due {
            return Idle::Until(due);
        }
        let count = self.members.len();
        if count > 1 {
            for (at, member) in self.members.iter().enumerate() {
                let other = &self.members[(at + 1) % count];
                let mut out = Vec::new();
                Event::Bye { email: &other.email, idle: true }.encode(member.outlet.traits(), &mut out);
                member.outlet.send(&out.into());
            }
        }
        self.close();
        Idle::Closed
    }

    /// When the idle rules close the room, if nobody does anything. Someone alone who has called
    /// others waits for as long as those are rung.
    pub fn idle_at(&self, rules: &Rules) -> Instant {
        match self.members.len() {
            0 | 1 => self.ringing.iter().map(|(_, until)| *until).fold(self.changed + rules.alone, Instant::max),
            2 => self.active + rules.two_idle,
            _ => self.active + rules.many_idle,
        }
    }

    /// Tells everyone, encoded once for each of the two shapes.
    fn tell(&self, event: &Event<'_>) {
        let mut shapes: [Option<Bytes>; 2] = [None, None];
        for member in &self.members {
            let traits = member.outlet.traits();
            let bytes = shapes[usize::from(traits.roster_capabilities)].get_or_insert_with(|| {
                let mut out = Vec::new();
                event.encode(traits, &mut out);
                out.into()
            });
            member.outlet.send(bytes);
        }
    }
}
