//! The pure tables and rules of the servers, tried from outside: presence on one notification
//! server and on three, edits of lists, rooms.

mod fake;
mod healing;
mod lists;
mod net;
mod one_table;
mod recall;
mod room;
mod rosters;
mod three_tables;
mod world;
