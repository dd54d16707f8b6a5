//! What a connection that does nothing takes stays small. (docs/ARCHITECTURE.md, What an idle user
//! costs)
//!
//! The bounds have a little room, and hold with and without optimisation. Whoever has to raise one
//! multiplies the difference by a hundred thousand first.

use daemon::{Drive, Link};
use logic::ns::{Answer, Notice, Question, Session};
use ns::Desk;

/// The size of what a function returns.
const fn of_result<A, B, C, D, R>(_: &impl Fn(A, B, C, D) -> R) -> usize {
    size_of::<R>()
}

#[test]
fn the_loop_is_small() {
    let run = daemon::connection::run::<Session, Desk, ()>;
    let future = of_result(&run);
    assert!(future <= 768, "the loop's future: {future} bytes");
    let drive = size_of::<Drive<Session, Desk>>();
    assert!(drive <= 288, "machine, desk and backlog: {drive} bytes");
    let link = size_of::<Link<Notice>>();
    assert!(link <= 176, "the way to the client: {link} bytes");
}

/// They are on the stack for each command, and the answer is in the loop's future.
#[test]
fn questions_and_answers_are_small() {
    for (what, size) in
        [("question", size_of::<Question>()), ("answer", size_of::<Answer>()), ("notice", size_of::<Notice>())]
    {
        assert!(size <= 128, "{what}: {size} bytes");
    }
}
