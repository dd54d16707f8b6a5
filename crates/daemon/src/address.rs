//! How much one address may do. Loopback may do anything.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use logic::{Bucket, Rate};

/// Most addresses remembered at once. Beyond it, those with nothing open and a full bucket go.
const REMEMBERED: usize = 65_536;

/// What is allowed per address.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    /// Connections at the same time; 0 for no limit.
    pub open: u32,
    /// New connections in a time.
    pub new: Rate,
}

/// Connections per address. An IPv6 address counts by its /64.
pub struct Doorkeeper {
    caps: Caps,
    addresses: Mutex<HashMap<IpAddr, Seen>>,
}

struct Seen {
    open: u32,
    new: Bucket,
}

/// Failures per address: who fails too often has to wait.
pub struct Failures {
    rate: Rate,
    addresses: Mutex<HashMap<IpAddr, Tries>>,
}

struct Tries {
    failures: Bucket,
    /// Those that are under way.
    open: u32,
}

/// A try that is under way. Dropping it without a word is no failure.
pub struct Attempt<'a> {
    failures: &'a Failures,
    key: Option<IpAddr>,
}

impl Failures {
    /// One that has seen none.
    pub fn new(rate: Rate) -> Self {
        Self { rate, addresses: Mutex::default() }
    }

    /// Counts one.
    pub fn count(&self, address: IpAddr, now: Instant) {
        if let Some(key) = key(address) {
            // Whoever has none left has to wait already.
            let _ = self.entry(&mut self.addresses(), key, now).failures.take(self.rate, now);
        }
    }

    /// Has this address failed too often?
    pub fn too_many(&self, address: IpAddr, now: Instant) -> bool {
        // A copy is asked, so that asking costs the address nothing.
        let copy = key(address).and_then(|key| self.addresses().get(&key).map(|tries| tries.failures));
        copy.is_some_and(|mut failures| failures.take(self.rate, now).is_err())
    }

    /// Lets this address try, unless it has failed too often, or would have if all its tries that are
    /// under way failed: many at once are no way around the limit.
    pub fn attempt(&self, address: IpAddr, now: Instant) -> Option<Attempt<'_>> {
        let key = key(address).filter(|_| self.rate.burst > 0);
        if let Some(key) = key {
            let mut addresses = self.addresses();
            let tries = self.entry(&mut addresses, key, now);
            let mut failures = tries.failures;
            for _ in 0..=tries.open {
                failures.take(self.rate, now).ok()?;
            }
            tries.open += 1;
        }
        Some(Attempt { failures: self, key })
    }

    fn addresses(&self) -> MutexGuard<'_, HashMap<IpAddr, Tries>> {
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn entry<'a>(&self, addresses: &'a mut HashMap<IpAddr, Tries>, key: IpAddr, now: Instant) -> &'a mut Tries {
        if addresses.len() >= REMEMBERED {
            addresses.retain(|_, tries| tries.open > 0 || !tries.failures.is_full(self.rate, now));
        }
        addresses.entry(key).or_insert_with(|| Tries { failures: Bucket::full(now), open: 0 })
    }
}

impl Attempt<'_> {
    /// It has failed.
    pub fn failed(self, now: Instant) {
        if let Some(key) = self.key {
            self.failures.count(key, now);
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        let Some(key) = self.key else { return };
        if let Some(tries) = self.failures.addresses().get_mut(&key) {
            tries.open -= 1;
        }
    }
}

/// A connection that has been let in. Dropping it makes room.
pub struct Pass {
    doorkeeper: Arc<Doorkeeper>,
    key: Option<IpAddr>,
}

impl Doorkeeper {
    /// One that has seen nobody.
    pub fn new(caps: Caps) -> Arc<Self> {
        Arc::new(Self { caps, addresses: Mutex::default() })
    }

    /// Lets a connection from this address in, or not.
    pub fn admit(self: &Arc<Self>, address: IpAddr, now: Instant) -> Option<Pass> {
        let Some(key) = key(address) else { return Some(Pass { doorkeeper: Arc::clone(self), key: None }) };
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if addresses.len() >= REMEMBERED {
            let rate = self.caps.new;
            addresses.retain(|_, seen| seen.open > 0 || !seen.new.is_full(rate, now));
        }
        let seen = addresses.entry(key).or_insert_with(|| Seen { open: 0, new: Bucket::full(now) });
        if (self.caps.open > 0 && seen.open >= self.caps.open) || seen.new.take(self.caps.new, now).is_err() {
            return None;
        }
        seen.open += 1;
        Some(Pass { doorkeeper: Arc::clone(self), key: Some(key) })
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let Some(key) = self.key else { return };
        let mut addresses = self.doorkeeper.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seen) = addresses.get_mut(&key) {
            seen.open -= 1;
        }
    }
}

/// By what an address counts: the whole of an IPv4 address, the network half of an IPv6 one. None:
/// loopback, which does not.
fn key(address: IpAddr) -> Option<IpAddr> {
    let address = match address.to_canonical() {
        IpAddr::V6(six) if !six.is_loopback() => {
            let [a, b, c, d, ..] = six.segments();
            std::net::Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        other => other,
    };
    (!address.is_loopback()).then_some(address)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_address_has_a_share_and_loopback_has_all() {
        let now = Instant::now();
        let caps = Caps { open: 2, new: Rate { burst: 3, every: Duration::from_secs(60) } };
        let doorkeeper = Doorkeeper::new(caps);
        let far: IpAddr = "192.0.2.7".parse().unwrap();
        let first = doorkeeper.admit(far, now).unwrap();
        let second = doorkeeper.admit(far, now).unwrap();
        assert!(doorkeeper.admit(far, now).is_none(), "two at the same time");
        assert!(doorkeeper.admit("192.0.2.8".parse().unwrap(), now).is_some(), "another address");
        drop((first, second));
        assert!(doorkeeper.admit(far, now).is_some());
        assert!(doorkeeper.admit(far, now).is_none(), "three in a minute");
        assert!(doorkeeper.admit(far, now + Duration::from_secs(61)).is_some());
        let near: IpAddr = "127.0.0.1".parse().unwrap();
        let all: Vec<_> = (0..100).map(|_| doorkeeper.admit(near, now)).collect();
        assert!(all.iter().all(Option::is_some));
    }

    #[test]
    fn an_ipv6_network_is_one_address() {
        let caps = Caps { open: 1, new: Rate { burst: 0, every: Duration::ZERO } };
        let doorkeeper = Doorkeeper::new(caps);
        let now = Instant::now();
        let _first = doorkeeper.admit("2001:db8::1".parse().unwrap(), now).unwrap();
        assert!(doorkeeper.admit("2001:db8::2".parse().unwrap(), now).is_none());
        assert!(doorkeeper.admit("2001:db8:0:1::2".parse().unwrap(), now).is_some());
    }

    #[test]
    fn whoever_fails_too_often_has_to_wait() {
        let now = Instant::now();
        let failures = Failures::new(Rate { burst: 3, every: Duration::from_secs(60) });
        let far: IpAddr = "192.0.2.7".parse().unwrap();
        for _ in 0..100 {
            drop(failures.attempt(far, now).unwrap());
        }
        failures.attempt(far, now).unwrap().failed(now);
        let open: Vec<_> = std::iter::from_fn(|| failures.attempt(far, now)).collect();
        assert_eq!(open.len(), 2, "as many at once as may still fail");
        assert!(!failures.too_many(far, now));
        open.into_iter().for_each(|attempt| attempt.failed(now));
        assert!(failures.too_many(far, now) && failures.attempt(far, now).is_none());
        assert!(failures.attempt("::ffff:192.0.2.7".parse().unwrap(), now).is_none(), "the same address");
        assert!(failures.attempt("192.0.2.8".parse().unwrap(), now).is_some());
        let later = now + Duration::from_secs(60);
        let again = failures.attempt(far, later).unwrap();
        assert!(failures.attempt(far, later).is_none(), "one is forgotten in a minute");
        drop(again);
    }

    #[test]
    fn loopback_may_fail_for_ever_and_so_may_all_without_a_limit() {
        let now = Instant::now();
        let failures = Failures::new(Rate { burst: 1, every: Duration::from_secs(60) });
        let without = Failures::new(Rate { burst: 0, every: Duration::ZERO });
        for _ in 0..10 {
            failures.attempt("::1".parse().unwrap(), now).unwrap().failed(now);
            failures.attempt("::ffff:127.0.0.1".parse().unwrap(), now).unwrap().failed(now);
            without.attempt("192.0.2.7".parse().unwrap(), now).unwrap().failed(now);
        }
    }
}
