//! What a stretch of time cost.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::num::NonZero;
use std::time::{Duration, Instant};

use super::process::{busy, cpu};

/// A stretch of time that is being measured.
pub(crate) struct Span {
    server: Vec<u32>,
    clients: Vec<u32>,
    began: Instant,
    at: At,
}

struct At {
    server: Duration,
    clients: Duration,
    busy: u64,
}

/// What it cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spent {
    /// How long it was.
    pub(crate) elapsed: Duration,
    /// Processor time of the server.
    pub(crate) server: Duration,
    /// Processor time of the clients.
    pub(crate) clients: Duration,
    /// Processor time of all others on the machine.
    pub(crate) others: Duration,
}

impl Span {
    /// Begins to measure these processes of a server, and the clients in this process and in
    /// `workers`.
    pub(crate) fn begin(server: &[u32], workers: &[u32]) -> anyhow::Result<Self> {
        let mut clients = workers.to_vec();
        clients.push(std::process::id());
        let server = server.to_vec();
        let at = At::now(&server, &clients)?;
        Ok(Self { server, clients, began: Instant::now(), at })
    }

    /// Measures a server under load: when it has warmed up, and for so long. `measuring` is set meanwhile.
    pub(crate) async fn of_load(
        server: &[u32],
        measuring: &Cell<bool>,
        warm_up: Duration,
        time: Duration,
    ) -> anyhow::Result<Spent> {
        tokio::time::sleep(warm_up).await;
        let span = Self::begin(server, &[])?;
        measuring.set(true);
        tokio::time::sleep(time).await;
        measuring.set(false);
        span.spent()
    }

    /// What it has cost so far.
    pub(crate) fn spent(&self) -> anyhow::Result<Spent> {
        let elapsed = self.began.elapsed();
        let now = At::now(&self.server, &self.clients)?;
        let server = now.server.saturating_sub(self.at.server);
        let clients = now.clients.saturating_sub(self.at.clients);
        let busy = Duration::from_millis(10 * now.busy.saturating_sub(self.at.busy));
        Ok(Spent { elapsed, server, clients, others: busy.saturating_sub(server + clients) })
    }
}

impl At {
    fn now(server: &[u32], clients: &[u32]) -> anyhow::Result<Self> {
        Ok(Self { server: cpu(server)?, clients: cpu(clients)?, busy: busy()? })
    }
}

impl Spent {
    /// The figures of a run in which so many operations were done.
    pub(crate) fn report(&self, operations: u64, figures: &mut BTreeMap<String, f64>) {
        let per = |time: Duration| time.as_secs_f64() * 1e6 / operations.max(1) as f64;
        let mut put = |name: &str, value: f64| figures.insert(name.to_owned(), value);
        put("operations", operations as f64);
        put("rate", operations as f64 / self.elapsed.as_secs_f64());
        if !self.server.is_zero() {
            put("cpu_us", per(self.server));
            put("cores", self.server.as_secs_f64() / self.elapsed.as_secs_f64());
        }
        put("client_cpu_us", per(self.clients));
        put("others_pct", self.others_percent());
    }

    /// How much of the machine others had.
    pub(crate) fn others_percent(&self) -> f64 {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        100.0 * self.others.as_secs_f64() / (self.elapsed.as_secs_f64() * cores as f64).max(f64::MIN_POSITIVE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_per_operation() {
        let ms = Duration::from_millis;
        let spent = Spent { elapsed: ms(2000), server: ms(1000), clients: ms(500), others: ms(0) };
        let mut figures = BTreeMap::new();
        spent.report(1000, &mut figures);
        assert_eq!(
            [figures["rate"], figures["cpu_us"], figures["client_cpu_us"], figures["cores"]],
            [500.0, 1000.0, 500.0, 0.5]
        );
        assert!(figures["others_pct"].abs() < 1e-9);
    }

    #[test]
    fn a_server_that_works_is_seen() {
        let span = Span::begin(&[std::process::id()], &[]).unwrap();
        let mut sum = 0_u64;
        let until = Instant::now() + Duration::from_millis(20);
        while Instant::now() < until {
            sum = std::hint::black_box(sum + 1);
        }
        let spent = span.spent().unwrap();
        assert!(spent.server > Duration::ZERO && spent.elapsed >= Duration::from_millis(20));
    }
}
