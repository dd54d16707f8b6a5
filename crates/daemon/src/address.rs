//! How much one address may do. Loopback may do anything.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
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
#[derive(Clone)]
pub struct Doorkeeper {
    caps: Caps,
    addresses: Arc<Mutex<HashMap<IpAddr, Seen>>>,
}

struct Seen {
    open: u32,
    new: Bucket,
}

/// Failures per address: who fails too often has to wait.
pub struct Failures {
    rate: Rate,
    addresses: Mutex<HashMap<IpAddr, Bucket>>,
}

impl Failures {
    /// One that has seen none.
    pub fn new(rate: Rate) -> Self {
        Self { rate, addresses: Mutex::default() }
    }

    /// Counts one.
    pub fn count(&self, address: IpAddr, now: Instant) {
        let address = address.to_canonical();
        if address.is_loopback() {
            return;
        }
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if addresses.len() >= REMEMBERED {
            addresses.retain(|_, failures| !failures.is_full(self.rate, now));
        }
        // Whoever has none left has to wait already.
        let _ = addresses.entry(prefix(address)).or_insert_with(|| Bucket::full(now)).take(self.rate, now);
    }

    /// Has this address failed too often?
    pub fn too_many(&self, address: IpAddr, now: Instant) -> bool {
        let addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        // A copy is asked, so that asking costs the address nothing.
        addresses
            .get(&prefix(address.to_canonical()))
            .is_some_and(|failures| failures.clone().take(self.rate, now).is_err())
    }
}

/// A connection that has been let in. Dropping it makes room.
pub struct Pass {
    doorkeeper: Doorkeeper,
    key: Option<IpAddr>,
}

impl Doorkeeper {
    /// One that has seen nobody.
    pub fn new(caps: Caps) -> Self {
        Self { caps, addresses: Arc::default() }
    }

    /// Lets a connection from this address in, or not.
    pub fn admit(&self, address: IpAddr, now: Instant) -> Option<Pass> {
        let address = address.to_canonical();
        if address.is_loopback() {
            return Some(Pass { doorkeeper: self.clone(), key: None });
        }
        let key = prefix(address);
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
        Some(Pass { doorkeeper: self.clone(), key: Some(key) })
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

/// The whole of an IPv4 address; the network half of an IPv6 one.
fn prefix(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => {
            let [a, b, c, d, ..] = six.segments();
            std::net::Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
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
}
