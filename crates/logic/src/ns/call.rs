//! `XFR SB`, `RNG` and `IMS`: the way into conversations. (docs/PROTOCOL.md, Calls)

use model::Status;
use msnp::ns::Event;
use msnp::{Code, TrId};

use super::context::{Context, Fx, refuse};
use super::online::{Online, Pending};
use super::{Answer, Question, Ring};

impl Online {
    /// Someone who is hidden, or takes no calls, makes none.
    pub(super) fn open_room(&mut self, trid: TrId, context: &Context<'_>, effects: &mut Fx) {
        if self.status.is_none_or(|status| status == Status::Hidden) || !self.takes_calls {
            return refuse(effects, trid, Code::NotWhenOffline);
        }
        if self.rooms.take(context.rules.rooms, context.now).is_err() {
            return refuse(effects, trid, Code::TooRapid);
        }
        self.ask(effects, Pending::Room(trid), Question::OpenRoom);
    }

    pub(super) fn room(&self, trid: TrId, answer: Answer, context: &Context<'_>, effects: &mut Fx) {
        match answer {
            Answer::Room(endpoint, cookie) => {
                let to = endpoint.as_seen_from(context.site.reached.ip());
                context.send(effects, &Event::XfrSb { trid, to: &to, cookie: &cookie.0 });
            }
            Answer::NoSwitchboard => refuse(effects, trid, Code::ReferralFailed),
            _ => refuse(effects, trid, Code::SwitchboardFailed),
        }
    }

    pub(super) fn rung(&self, ring: &Ring, context: &Context<'_>, effects: &mut Fx) {
        let at = ring.endpoint.as_seen_from(context.site.reached.ip());
        let (room, cookie, email, name) = (ring.room, &*ring.cookie.0, &ring.caller, &ring.caller_name);
        context.send(effects, &Event::Rng { room, at: &at, cookie, email, name });
    }

    pub(super) fn take_calls(&mut self, trid: TrId, on: bool, context: &Context<'_>, effects: &mut Fx) {
        self.takes_calls = on;
        context.send(effects, &Event::Ims { trid, on });
        self.ask(effects, Pending::Quiet, Question::TakeCalls(on));
    }
}
