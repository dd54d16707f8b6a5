//! The value of every key that the file does not set.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use bus::BusUrl;
use model::MAX_GROUPS;

use super::{Bus, BusNats, Client, Ds, Gateway, Limits, Log, LogFormat, Ns, Sb, Span, Store, Web, WebTls};

const fn any(port: u16) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::UNSPECIFIED), port)
}

impl Default for Store {
    fn default() -> Self {
        let url = "sqlite:data/msnp.db".parse().expect("the default is well formed");
        Self {
            url,
            key_file: "data/master.key".into(),
            connections: 10,
            deadline: Span::seconds(5),
            start_patience: Span::seconds(60),
        }
    }
}

impl Default for Bus {
    fn default() -> Self {
        Self {
            url: BusUrl::Local,
            secret_file: "data/bus.secret".into(),
            name: String::new(),
            deadline: Span::seconds(2),
            nats: BusNats::default(),
        }
    }
}

impl Default for BusNats {
    fn default() -> Self {
        Self {
            login_file: PathBuf::new(),
            authorities: PathBuf::new(),
            certificate: PathBuf::new(),
            key: PathBuf::new(),
            beat: Span::seconds(1),
            faith: Span::seconds(60),
        }
    }
}

impl Default for Ds {
    fn default() -> Self {
        Self { listen: any(1863) }
    }
}

impl Default for Ns {
    fn default() -> Self {
        Self {
            listen: any(1864),
            public: None,
            weight: 1,
            md5_sign_in: true,
            require_verified: false,
            contacts: 600,
            groups: usize::from(MAX_GROUPS),
            rooms_per_minute: 12,
            changes_per_minute: 60,
            challenge_every: Span::seconds(0),
            challenge_patience: Span::seconds(50),
            linger: Span::seconds(5),
            directory_hits: 50,
            invitation_spool: PathBuf::new(),
            cookie_time: Span::seconds(60),
            next_ping: Span::seconds(60),
            drain_time: Span::seconds(120),
            move_time: Span::seconds(600),
            stop_notice: Span::seconds(0),
            back_in: Span::seconds(0),
            failed_sign_ins: 10,
            failed_sign_in_time: Span::seconds(60),
        }
    }
}

impl Default for Sb {
    fn default() -> Self {
        Self {
            listen: any(1865),
            public: None,
            rooms: 20_000,
            participants: 50,
            calls_per_minute: 20,
            ring_time: Span::seconds(60),
            alone: Span::seconds(5 * 60),
            two_idle: Span::seconds(5 * 60),
            many_idle: Span::seconds(15 * 60),
            drain_time: Span::seconds(600),
            hide_blocking: false,
        }
    }
}

impl Default for Web {
    fn default() -> Self {
        Self {
            listen: Some(any(8080)),
            public: None,
            trusted_proxies: Vec::new(),
            ticket_time: Span::seconds(86_400),
            sign_ins_at_once: 0,
            sign_ins_waiting: 256,
            failed_sign_ins: 10,
            failed_sign_in_time: Span::seconds(60),
            connections_per_address: 64,
            new_per_address: 600,
            new_per_address_time: Span::seconds(60),
            header_time: Span::seconds(5),
            body_time: Span::seconds(20),
            idle_time: Span::seconds(60),
            header_bytes: 16 * 1024,
            body_bytes: 64 * 1024,
            tls: WebTls::default(),
            gateway: Gateway::default(),
        }
    }
}

impl Default for WebTls {
    fn default() -> Self {
        Self { listen: any(8443), certificate: PathBuf::new(), key: PathBuf::new() }
    }
}

impl Default for Gateway {
    fn default() -> Self {
        Self {
            session_time: Span::seconds(60),
            poll_time: Span::seconds(20),
            sessions: 10_000,
            sessions_per_address: 16,
            same_address: true,
            buffer: 64 * 1024,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_per_address: 64,
            new_per_address: 128,
            new_per_address_time: Span::seconds(10 * 60),
            trusted_proxies: vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
            sign_in_time: Span::seconds(30),
            sign_in_commands: 8,
            sign_in_bytes: 4096,
            commands_at_once: 40,
            commands_per_second: 5,
            messages_at_once: 500,
            messages_per_second: 250,
            outbox_bytes: 96 * 1024,
            outbox_time: Span::seconds(20),
        }
    }
}

impl Default for Client {
    fn default() -> Self {
        Self {
            download_url: "http://messenger.example.net/download".into(),
            info_url: "http://messenger.example.net/".into(),
            service_url: "http://messenger.example.net/".into(),
            mail_url: String::new(),
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".into(), format: LogFormat::Text }
    }
}
