//! A client of MSN Messenger as a load tool needs it: an independent, small reading of the
//! protocol, which shares no code with the servers that it measures.

mod challenge;
mod conn;
mod dialect;
mod room;
mod session;
mod stamp;
mod ticket;
mod way;
mod wire;

pub(crate) use conn::{Conn, Lost, Pen};
pub(crate) use dialect::Dialect;
pub(crate) use room::{Invitation, Referral, begin, enter, invited, join, open, referral, ring};
pub(crate) use session::{Session, dispatch, sign_in};
pub(crate) use stamp::{Speaker, read_stamp, typing};
pub(crate) use ticket::LoginUrl;
pub(crate) use way::{Account, Way};
pub(crate) use wire::{Frame, number};
