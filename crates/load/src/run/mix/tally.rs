//! What has happened in a mix, and what is due to come.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use crate::measure::{Latency, now};
use crate::report::Figures;

/// What begins later than so many nanoseconds after it was due is the clients' delay, not the server's.
const LATE: u64 = 5_000_000;

/// What has happened so far.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) measuring: Cell<bool>,
    /// Things that the server did while it was measured: messages, news, answers.
    pub(super) operations: Cell<u64>,
    pub(super) chat: RefCell<Latency>,
    pub(super) presence: RefCell<Latency>,
    pub(super) sign_ins: RefCell<Latency>,
    pub(super) rooms: RefCell<Latency>,
    /// What is due to come, less what has come.
    pub(super) chats_due: Cell<i64>,
    pub(super) typing_due: Cell<i64>,
    pub(super) presence_due: Cell<i64>,
    pub(super) pings_due: Cell<i64>,
    pub(super) talks: Cell<u64>,
    pub(super) chats: Cell<u64>,
    begun: Cell<u64>,
    late: Cell<u64>,
}

/// Adds to a counter.
pub(super) fn add<T: Copy + std::ops::Add<Output = T>>(counter: &Cell<T>, value: T) {
    counter.set(counter.get() + value);
}

impl Tally {
    /// Begins anew, but for what is due to come.
    pub(super) fn begin_anew(&self) {
        for counter in [&self.operations, &self.chats, &self.begun, &self.late] {
            counter.set(0);
        }
        for latency in [&self.chat, &self.presence, &self.sign_ins, &self.rooms] {
            latency.replace(Latency::default());
        }
    }

    /// Something has come.
    pub(super) fn count(&self) {
        if self.measuring.get() {
            add(&self.operations, 1);
        }
    }

    /// Something begins that was due at `due`.
    pub(super) fn begin(&self, due: u64) {
        if self.measuring.get() {
            add(&self.begun, 1);
            add(&self.late, u64::from(now() > due + LATE));
        }
    }

    /// Notes how long something took that was due at `due`, if it counts.
    pub(super) fn note(&self, latency: &RefCell<Latency>, due: u64) {
        if self.measuring.get() {
            latency.borrow_mut().note(now().saturating_sub(due));
        }
    }

    pub(super) fn report(&self, elapsed: Duration, figures: &mut Figures) {
        let kinds =
            [("chat", &self.chat), ("presence", &self.presence), ("sign_in", &self.sign_ins), ("room", &self.rooms)];
        for (name, latency) in kinds {
            let latency = latency.borrow();
            let mut of_kind = Figures::new();
            latency.report(&mut of_kind);
            figures.extend(of_kind.into_iter().map(|(figure, value)| (format!("{name}_{figure}"), value)));
            figures.insert(format!("{name}_rate"), latency.count() as f64 / elapsed.as_secs_f64());
        }
        figures.insert("late_pct".to_owned(), 100.0 * self.late.get() as f64 / self.begun.get().max(1) as f64);
    }
}
