//! Reading the file, and what a configuration may not say.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use model::MAX_GROUPS;

use super::Config;

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It is not what it should be.
    #[error("the configuration {} cannot be used: {place}{message}", path.display())]
    Parse {
        /// Which file.
        path: PathBuf,
        /// Where in it. The line itself is not repeated, since it may hold a password.
        place: Place,
        /// What is wrong there.
        message: String,
    },
    /// A value is out of its range.
    #[error("the configuration {} cannot be used: {sentence}", path.display())]
    Value {
        /// Which file.
        path: PathBuf,
        /// Which value, and what it may be.
        sentence: &'static str,
    },
}

/// A place in a text: line and column, from 1 on, if they are known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place(Option<(usize, usize)>);

impl Place {
    fn of(text: &str, at: Option<usize>) -> Self {
        let before = at.and_then(|at| text.get(..at));
        Self(before.map(|before| {
            let line = before.rsplit('\n').next().unwrap_or_default();
            (before.matches('\n').count() + 1, line.chars().count() + 1)
        }))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some((line, column)) => write!(f, "line {line}, column {column}: "),
            None => Ok(()),
        }
    }
}

impl Config {
    /// Reads a file. Paths in it are relative to the directory that the daemon is started in.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let config: Self = toml::from_str(&text).map_err(|error| ConfigError::Parse {
            path: path.to_owned(),
            place: Place::of(&text, error.span().map(|span| span.start)),
            message: error.message().to_owned(),
        })?;
        config.check().map_err(|sentence| ConfigError::Value { path: path.to_owned(), sentence })?;
        Ok(config)
    }

    fn check(&self) -> Result<(), &'static str> {
        let word = |url: &str| !url.is_empty() && url.bytes().all(|byte| byte.is_ascii_graphic());
        let client = &self.client;
        if !(word(&client.download_url) && word(&client.info_url) && word(&client.service_url)) {
            return Err("the [client] addresses must not be empty, nor hold blanks");
        }
        if !client.mail_url.is_empty() && !word(&client.mail_url) {
            return Err("[client] mail_url must hold no blanks");
        }
        if self.ns.next_ping.0.as_secs() < 10 {
            return Err("[ns] next_ping must be at least 10s");
        }
        if !(1..=usize::from(MAX_GROUPS)).contains(&self.ns.groups) {
            return Err("[ns] groups must be from 1 to 30");
        }
        if self.sb.participants < 2 {
            return Err("[sb] participants must be at least 2");
        }
        if self.store.connections == 0 {
            return Err("[store] connections must be at least 1");
        }
        if self.store.deadline.0 < Duration::from_millis(100) {
            return Err("[store] deadline must be at least 100ms");
        }
        if self.ns.weight == 0 {
            return Err("[ns] weight must be at least 1");
        }
        self.check_bus()?;
        self.check_web()?;
        if self.limits.outbox_bytes < 16 * 1024 {
            return Err("[limits] outbox_bytes must be at least 16384");
        }
        // A word that is no level would be taken for the name of a module, and nothing logged.
        let level = self.log.level.to_ascii_lowercase();
        if !level.contains(['=', ',']) && !["off", "error", "warn", "info", "debug", "trace"].contains(&&*level) {
            return Err(
                "[log] level must be off, error, warn, info, debug or trace, or a filter such as info,wire=trace",
            );
        }
        self.check_not_zero()
    }

    fn check_bus(&self) -> Result<(), &'static str> {
        let (bus, nats) = (&self.bus, &self.bus.nats);
        if nats.certificate.as_os_str().is_empty() != nats.key.as_os_str().is_empty() {
            return Err("[bus.nats] certificate and key must both be set, or neither");
        }
        let is_word = |letter: u8| letter.is_ascii_alphanumeric() || letter == b'-' || letter == b'_';
        if bus.name.len() > 64 || !bus.name.bytes().all(is_word) {
            return Err("[bus] name must be letters, digits, - and _, at most 64 of them");
        }
        if nats.beat.0 < Duration::from_millis(100) {
            return Err("[bus.nats] beat must be at least 100ms");
        }
        if bus.deadline.0.is_zero() || bus.deadline.0 > bus::LONGEST_DEADLINE {
            return Err("[bus] deadline must be more than 0 and at most 30s");
        }
        Ok(())
    }

    fn check_web(&self) -> Result<(), &'static str> {
        let web = &self.web;
        if web.tls.certificate.as_os_str().is_empty() != web.tls.key.as_os_str().is_empty() {
            return Err("[web.tls] certificate and key must both be set, or neither");
        }
        if web.header_bytes < 4096 {
            return Err("[web] header_bytes must be at least 4096");
        }
        if web.body_bytes < 16 * 1024 {
            return Err("[web] body_bytes must be at least 16384");
        }
        if web.gateway.sessions == 0 {
            return Err("[web.gateway] sessions must be at least 1");
        }
        if web.gateway.buffer < 16 * 1024 {
            return Err("[web.gateway] buffer must be at least 16384");
        }
        Ok(())
    }

    /// With nothing of these, nobody could sign in or talk.
    fn check_not_zero(&self) -> Result<(), &'static str> {
        let (ns, sb, web, limits) = (&self.ns, &self.sb, &self.web, &self.limits);
        for (is_zero, sentence) in [
            (ns.challenge_patience.0.is_zero(), "[ns] challenge_patience must not be 0"),
            (ns.cookie_time.0.is_zero(), "[ns] cookie_time must not be 0"),
            (sb.rooms == 0, "[sb] rooms must not be 0"),
            (sb.ring_time.0.is_zero(), "[sb] ring_time must not be 0"),
            (sb.alone.0.is_zero(), "[sb] alone must not be 0"),
            (sb.two_idle.0.is_zero(), "[sb] two_idle must not be 0"),
            (sb.many_idle.0.is_zero(), "[sb] many_idle must not be 0"),
            (web.ticket_time.0.is_zero(), "[web] ticket_time must not be 0"),
            (web.header_time.0.is_zero(), "[web] header_time must not be 0"),
            (web.body_time.0.is_zero(), "[web] body_time must not be 0"),
            (web.idle_time.0.is_zero(), "[web] idle_time must not be 0"),
            (web.gateway.session_time.0.is_zero(), "[web.gateway] session_time must not be 0"),
            (limits.sign_in_time.0.is_zero(), "[limits] sign_in_time must not be 0"),
            (limits.sign_in_commands == 0, "[limits] sign_in_commands must not be 0"),
            (limits.sign_in_bytes == 0, "[limits] sign_in_bytes must not be 0"),
            (limits.outbox_time.0.is_zero(), "[limits] outbox_time must not be 0"),
        ] {
            if is_zero {
                return Err(sentence);
            }
        }
        Ok(())
    }
}
