//! The command as an operator runs it: the built program on a store of its own.

mod accounts;
mod ground;
mod lists;
mod program;
