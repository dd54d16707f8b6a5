//! What the configuration means to the sessions, the connections and the listeners.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use bus::{BusUrl, NatsOptions};
use logic::{Rate, ds, ns, sb};
use model::{Endpoint, HostPort};
use store::Hashing;

use super::Config;
use crate::address::Caps;
use crate::connection::Terms;

impl Config {
    /// The rules of dispatch sessions.
    pub fn ds_rules(&self) -> ds::Rules {
        ds::Rules { download_url: self.client.download_url.clone(), info_url: self.client.info_url.clone() }
    }

    /// The rules of notification sessions.
    pub fn ns_rules(&self) -> ns::Rules {
        let ns = &self.ns;
        ns::Rules {
            lists: ns::lists::Limits { contacts: ns.contacts, groups: ns.groups },
            rooms: per_minute(ns.rooms_per_minute),
            changes: per_minute(ns.changes_per_minute),
            challenge_every: (!ns.challenge_every.0.is_zero()).then_some(ns.challenge_every.0),
            challenge_patience: ns.challenge_patience.0,
            linger: ns.linger.0,
            require_verified: ns.require_verified,
            directory_hits: ns.directory_hits,
            next_ping: u32::try_from(ns.next_ping.0.as_secs()).unwrap_or(u32::MAX),
            back_in: u32::try_from(ns.back_in.0.as_secs().div_ceil(60)).unwrap_or(u32::MAX),
            mail_url: self.client.mail_url.clone(),
            download_url: self.client.download_url.clone(),
            info_url: self.client.info_url.clone(),
            service_url: self.client.service_url.clone(),
        }
    }

    /// The rules of rooms.
    pub fn sb_rules(&self) -> sb::Rules {
        let sb = &self.sb;
        sb::Rules {
            participants: sb.participants,
            calls: per_minute(sb.calls_per_minute),
            ring_time: sb.ring_time.0,
            alone: sb.alone.0,
            two_idle: sb.two_idle.0,
            many_idle: sb.many_idle.0,
            hide_blocking: sb.hide_blocking,
        }
    }

    /// What connections to a dispatch or notification server may do.
    pub fn terms(&self) -> Terms {
        self.terms_at(self.limits.commands_at_once, self.limits.commands_per_second)
    }

    /// What connections to a switchboard may do.
    pub fn room_terms(&self) -> Terms {
        self.terms_at(self.limits.messages_at_once, self.limits.messages_per_second)
    }

    fn terms_at(&self, at_once: u32, per_second: u32) -> Terms {
        let limits = &self.limits;
        Terms {
            stranger_time: limits.sign_in_time.0,
            stranger_commands: limits.sign_in_commands,
            stranger_bytes: limits.sign_in_bytes,
            commands: Rate { burst: at_once, every: Duration::from_secs(1) / per_second.max(1) },
            outbox: limits.outbox_bytes,
            outbox_time: limits.outbox_time.0,
        }
    }

    /// What one address may do.
    pub fn caps(&self) -> Caps {
        let limits = &self.limits;
        caps(limits.connections_per_address, limits.new_per_address, limits.new_per_address_time.0)
    }

    /// What one address may do to the web daemon.
    pub fn web_caps(&self) -> Caps {
        caps(self.web.connections_per_address, self.web.new_per_address, self.web.new_per_address_time.0)
    }

    /// How many sign-ins of one address may fail at the web daemon.
    pub fn web_failures(&self) -> Rate {
        Rate { burst: self.web.failed_sign_ins, every: self.web.failed_sign_in_time.0 }
    }

    /// How the store is used by a program of this name.
    pub fn store_options(&self, program: &str) -> store::Options {
        store::Options {
            hashing: Hashing { at_once: self.web.sign_ins_at_once, waiting: self.web.sign_ins_waiting },
            connections: self.store.connections,
            deadline: self.store.deadline.0,
            start_patience: self.store.start_patience.0,
            application: program.to_owned(),
        }
    }
}

impl super::Bus {
    /// What the daemons of this file are called: what the operator says, or the user of NATS.
    pub fn called(&self) -> &str {
        match &self.url {
            BusUrl::Nats(url) if self.name.is_empty() => url.user().unwrap_or_default(),
            _ => &self.name,
        }
    }
}

impl Config {
    /// How to reach a NATS cluster.
    pub fn nats_options(&self) -> NatsOptions {
        let (bus, nats) = (&self.bus, &self.bus.nats);
        let set = |path: &PathBuf| (!path.as_os_str().is_empty()).then(|| path.clone());
        NatsOptions {
            name: (!bus.name.is_empty()).then(|| bus.name.clone()),
            login_file: set(&nats.login_file),
            authorities: set(&nats.authorities),
            certificate: set(&nats.certificate).zip(set(&nats.key)),
            beat: nats.beat.0,
            faith: nats.faith.0,
        }
    }
}

/// Where clients find a daemon that listens here.
pub fn endpoint(public: Option<&HostPort>, listening: SocketAddr) -> Endpoint {
    match public {
        Some(public) => Endpoint::Public(public.clone()),
        None if listening.ip().is_unspecified() => Endpoint::SameHost(listening.port()),
        None => Endpoint::Public(HostPort { host: listening.ip().to_string(), port: listening.port() }),
    }
}

fn caps(open: u32, new: u32, time: Duration) -> Caps {
    Caps { open, new: Rate { burst: new, every: time / new.max(1) } }
}

fn per_minute(count: u32) -> Rate {
    Rate { burst: count, every: Duration::from_secs(60) / count.max(1) }
}
