//! Conversations: `alice.sb opens`, `bob.sb joins alice.sb`, `alice.sb says "Hello" to bob.sb`.

use crate::Failure;
use crate::pattern::{Pattern, literal};
use crate::play::{Member, Player, Room};
use crate::script::{Payload, person};
use crate::stage::{Place, Stage};

/// The MIME header that client 4.x put before a text.
const TEXT_HEADER: [&str; 4] = [
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=UTF-8",
    "X-MMS-IM-Format: FN=MS%20Sans%20Serif; EF=; CO=0; CS=0; PF=0",
    "",
];

impl<S: Stage> Player<'_, S> {
    /// Asks the NS for a switchboard and enters it.
    pub(super) async fn open(&mut self, link: &str) -> Result<(), Failure> {
        let ns = format!("{}.ns", person(link));
        let (at, cookie) = (format!("{link}.at"), format!("{link}.cookie"));
        self.captures.forget(&at);
        self.captures.forget(&cookie);
        let trid = self.trid(&ns)?;
        self.say_line(&ns, &format!("XFR {trid} SB")).await?;
        self.hear(&ns, &format!("XFR {trid} SB {{{at}}} CKI {{{cookie}}}")).await?;
        let place = self.captured(link, &at)?;
        self.connect(link, Place::Switchboard(place)).await?;
        let (handle, name) = self.own_words(link)?;
        let trid = self.trid(link)?;
        self.say_line(link, &format!("USR {trid} {handle} {{{cookie}}}")).await?;
        self.hear(link, &format!("USR {trid} OK {handle} {name}")).await?;
        let member = self.member(link, self.own(link)?);
        self.rooms.push(Room { id: None, members: vec![member] });
        Ok(())
    }

    /// `caller` calls the owner of `link`, who comes; everybody in the room is told.
    pub(super) async fn join(&mut self, link: &str, caller: &str) -> Result<(), Failure> {
        let (handle, name) = self.own_words(link)?;
        let room = self.room_with(caller)?;
        let id = self.call(&room, caller, &handle).await?;
        self.ring(link, caller, &room, &id).await?;
        let place = self.captured(link, &format!("{link}.at"))?;
        self.connect(link, Place::Switchboard(place)).await?;
        let trid = self.trid(link)?;
        self.say_line(link, &format!("ANS {trid} {handle} {{{link}.cookie}} {id}")).await?;
        let total = room.members.len();
        let newcomer = self.member(link, self.own(link)?);
        for (index, member) in room.members.iter().enumerate() {
            let (handle, name) = (literal(&member.handle), literal(&member.name));
            let tail = member.shown_to(&newcomer);
            self.hear(link, &format!("IRO {trid} {} {total} {handle} {name}{tail}", index + 1)).await?;
        }
        self.hear(link, &format!("ANS {trid} OK")).await?;
        for member in &room.members {
            self.hear(&member.link, &format!("JOI {handle} {name}{}", newcomer.shown_to(member))).await?;
        }
        if let Some(room) = self.room_of(caller) {
            room.id = Some(id);
            room.members.push(newcomer);
        }
        Ok(())
    }

    /// The room of `link`; a connection that came there without a macro is taken to be alone.
    fn room_with(&mut self, link: &str) -> Result<Room, Failure> {
        if let Some(room) = self.room_of(link) {
            return Ok(room.clone());
        }
        let room = Room { id: None, members: vec![self.member(link, self.own(link)?)] };
        self.rooms.push(room.clone());
        Ok(room)
    }

    /// `CAL`; returns the session id.
    async fn call(&mut self, room: &Room, caller: &str, handle: &str) -> Result<String, Failure> {
        let capture = format!("{caller}.room");
        match &room.id {
            Some(id) => self.captures.set(&*capture, id.as_str()),
            None => self.captures.forget(&capture),
        }
        let trid = self.trid(caller)?;
        self.say_line(caller, &format!("CAL {trid} {handle}")).await?;
        self.hear(caller, &format!("CAL {trid} RINGING {{{capture}}}")).await?;
        let id = self.captured(caller, &capture)?;
        if !id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(self.failed("a decimal number as the session id", &id, Some(caller)));
        }
        Ok(id)
    }

    /// `RNG` at the callee's NS.
    async fn ring(&mut self, link: &str, caller: &str, room: &Room, id: &str) -> Result<(), Failure> {
        let (at, cookie) = (format!("{link}.at"), format!("{link}.cookie"));
        self.captures.forget(&at);
        self.captures.forget(&cookie);
        self.captures.set(format!("{link}.room"), id);
        let by = room.members.iter().find(|member| member.link == caller);
        let (handle, name) = by.map(|by| (literal(&by.handle), literal(&by.name))).unwrap_or_default();
        let ns = format!("{}.ns", person(link));
        self.hear(&ns, &format!("RNG {id} {{{at}}} CKI {{{cookie}}} {handle} {name}")).await
    }

    /// A text with acknowledgement, received by everybody named.
    pub(super) async fn say(&mut self, link: &str, text: &str, to: &[String]) -> Result<(), Failure> {
        let lines = TEXT_HEADER.into_iter().chain(text.split("\r\n")).map(|line| self.pattern(link, &literal(line)));
        let payload = Payload::Lines(lines.collect::<Result<Vec<Pattern>, _>>()?);
        let trid = self.trid(link)?;
        let line = self.pattern(link, &format!("MSG {trid} A {{len}}"))?;
        self.tell(link, &line, &payload).await?;
        let own = self.member(link, self.own(link)?);
        let speaker =
            self.room_of(link).and_then(|room| room.members.iter().find(|member| member.link == link).cloned());
        let Member { handle, name, .. } = speaker.unwrap_or(own);
        for receiver in to {
            let line = format!("MSG {} {} {{len}}", literal(&handle), literal(&name));
            self.hear_with(receiver, &line, payload.clone()).await?;
        }
        self.hear(link, &format!("ACK {trid}")).await
    }
}
