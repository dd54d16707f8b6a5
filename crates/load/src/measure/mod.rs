//! What is measured besides the clients' own counts: processor time and memory of the server's
//! processes, and how much of the machine others had.

mod clock;
mod latency;
mod process;
mod span;

pub(crate) use clock::now;
pub(crate) use latency::Latency;
pub(crate) use process::{memory, threads};
pub(crate) use span::Span;
