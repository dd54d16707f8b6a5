//! The loop, the link and the drive over real sockets, with a machine that is only a toy.

mod batches;
mod commands;
mod ends;
mod outbox;
mod strangers;
mod toy;
