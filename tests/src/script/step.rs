//! The statements of the play that are sentences: all but what goes over the wire literally.

use std::time::Duration;

use super::{Action, Macro, Target, is_web, quoted};
use crate::Dialect;
use crate::pattern::{Pattern, is_name};
use crate::stage::Operation;

const VERBS: &str = "expected >, <, <~, >raw, connects, closed, drops, resets, signs in, fetches, syncs, online, \
                     opens, joins or says after the connection's name";

/// Reads `alice.ns connects ds` and the like.
pub(super) fn sentence(text: &str) -> Result<Action, String> {
    let (link, rest) = first_word(text);
    let link = self::link(link)?;
    let (verb, rest) = first_word(rest);
    let arguments: Vec<&str> = rest.split_whitespace().collect();
    match (verb, arguments.as_slice()) {
        ("connects", target) if is_web(&link) != (target == ["web"]) => {
            Err("a connection to the web daemon, and no other, is called like alice.web".to_owned())
        }
        ("connects", ["ds"]) => Ok(Action::Connect { link, to: Target::Dispatch }),
        ("connects", ["web"]) => Ok(Action::Connect { link, to: Target::Web }),
        ("connects", [place]) if place.contains([':', '{']) => {
            let address = Pattern::parse(place).map_err(|bad| bad.to_string())?;
            Ok(Action::Connect { link, to: Target::Address(address) })
        }
        ("connects", _) => {
            Err("expected `connects ds`, `connects web`, `connects {capture}` or `connects host:port`".to_owned())
        }
        ("closed", []) => Ok(Action::Closed(link)),
        ("drops", []) => Ok(Action::Drop { link, reset: false }),
        ("resets", []) => Ok(Action::Drop { link, reset: true }),
        ("signs", ["in", dialect]) => Ok(Action::Macro(Macro::SignIn(link, self::dialect(dialect)?))),
        ("signs", _) => Err("expected `signs in` and a dialect".to_owned()),
        ("syncs", []) => Ok(Action::Macro(Macro::Sync(link))),
        ("fetches", [ticket, "for", challenge]) => {
            let (ticket, challenge) = (capture(ticket)?, capture(challenge)?);
            Ok(Action::Macro(Macro::Fetch { link, ticket, challenge }))
        }
        ("fetches", _) => Err("expected `fetches {ticket} for {challenge}`".to_owned()),
        ("online", [dialect, status @ ..])
            if status.len() <= 3 && status.first().is_none_or(|word| word.len() == 3) =>
        {
            let dialect = self::dialect(dialect)?;
            let mut words = if status.is_empty() { vec!["NLN"] } else { status.to_vec() };
            if words.len() == 1 {
                words.extend(dialect.traits().capabilities);
            }
            Ok(Action::Macro(Macro::Online(link, dialect, words.join(" "))))
        }
        ("online", _) => {
            Err("expected `online`, a dialect and perhaps a status of three letters, capabilities, an object"
                .to_owned())
        }
        ("opens", []) => Ok(Action::Macro(Macro::Open(link))),
        ("joins", [caller]) => Ok(Action::Macro(Macro::Join(link, self::link(caller)?))),
        ("joins", _) => Err("expected `joins` and the caller's connection".to_owned()),
        ("says", _) => say(link, rest).map(Action::Macro),
        ("closed" | "drops" | "resets" | "syncs" | "opens", _) => {
            Err(format!("expected nothing after `{verb}`, found `{rest}`"))
        }
        _ => Err(format!("{VERBS}, found `{verb}`")),
    }
}

fn say(link: String, rest: &str) -> Result<Macro, String> {
    let (text, rest) = quoted::text(rest)?;
    let text = String::from_utf8(text).map_err(|_| "the text is not UTF-8".to_owned())?;
    let names = rest.trim().strip_prefix("to ").ok_or("expected `to` and the receivers' connections after the text")?;
    Ok(Macro::Say { link, text, to: links(names)? })
}

/// Reads `alice.ns bob.ns`.
pub(super) fn links(text: &str) -> Result<Vec<String>, String> {
    let links: Vec<String> = text.split_whitespace().map(link).collect::<Result<_, _>>()?;
    if links.is_empty() { Err("expected at least one connection".to_owned()) } else { Ok(links) }
}

/// Reads the name of a connection: `alice.ns`.
pub(super) fn link(word: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '_';
    match word.rsplit_once('.') {
        Some((person, kind)) if !person.is_empty() && !kind.is_empty() && word.chars().all(allowed) => {
            Ok(word.to_owned())
        }
        _ => Err(format!("expected a statement or a connection like alice.ns, found `{word}`")),
    }
}

/// Reads `{name}`.
fn capture(word: &str) -> Result<String, String> {
    let name = word.strip_prefix('{').and_then(|word| word.strip_suffix('}')).filter(|name| is_name(name));
    name.map(str::to_owned).ok_or_else(|| format!("expected a capture like {{ticket}}, found `{word}`"))
}

fn dialect(word: &str) -> Result<Dialect, String> {
    word.parse()
}

/// Reads `suspends alice@example.com`, `sends alice@example.com to 192.0.2.21:1863`, `stops`.
pub(super) fn operation(text: &str) -> Result<Operation, String> {
    match text.split_whitespace().collect::<Vec<_>>()[..] {
        ["suspends", handle] if handle.contains('@') => Ok(Operation::Suspend(handle.to_owned())),
        ["sends", handle, "to", to] if handle.contains('@') && to.contains(':') => {
            Ok(Operation::Refer { handle: handle.to_owned(), to: to.to_owned() })
        }
        ["stops"] => Ok(Operation::Stop),
        _ => Err(format!(
            "expected `suspends HANDLE`, `sends HANDLE to HOST:PORT` or `stops` after `operator`, found `{text}`"
        )),
    }
}

/// Reads `250ms`, `10s`, `5m`, `2h`.
pub(super) fn duration(word: &str) -> Result<Duration, String> {
    let wrong = || format!("expected a time like 250ms, 10s, 5m or 2h, found `{word}`");
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = word[..digits].parse().map_err(|_| wrong())?;
    let unit = match &word[digits..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(wrong()),
    };
    number.checked_mul(unit).map(Duration::from_millis).ok_or_else(wrong)
}

/// The first word of `text`, and what follows it without the blanks between.
pub(super) fn first_word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (word, millis) in [("250ms", 250), ("10s", 10_000), ("5m", 300_000), ("2h", 7_200_000)] {
            assert_eq!(duration(word), Ok(Duration::from_millis(millis)));
        }
        for word in ["", "5", "m", "5d", "-5m", "5 m", "99999999999999999999h"] {
            assert!(duration(word).is_err(), "{word}");
        }
    }

    #[test]
    fn operations() {
        let refer = Operation::Refer { handle: "a@x.y".to_owned(), to: "192.0.2.21:1863".to_owned() };
        assert_eq!(operation("sends a@x.y  to 192.0.2.21:1863"), Ok(refer));
        assert_eq!(operation("suspends a@x.y"), Ok(Operation::Suspend("a@x.y".to_owned())));
        assert_eq!(operation("stops"), Ok(Operation::Stop));
        for wrong in ["", "stops now", "suspends a", "suspends", "sends a@x.y to ns", "sends a@x.y", "sings"] {
            assert!(operation(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sentences() {
        let say = Macro::Say { link: "a.sb".to_owned(), text: "x ; y".to_owned(), to: vec!["b.sb".to_owned()] };
        assert_eq!(sentence("a.sb says \"x ; y\" to b.sb"), Ok(Action::Macro(say)));
        assert_eq!(sentence("a.ns  resets"), Ok(Action::Drop { link: "a.ns".to_owned(), reset: true }));
        for wrong in [
            "a connects ds",
            "a-b.ns connects ds",
            "a.ns connects",
            "a.ns connects NS",
            "a.ns connects web",
            "a.web connects ds",
            "a.ns closed now",
            "a.ns signs in",
            "a.ns signs in MSNP1",
            "a.ns online MSNP7 X",
            "a.ns online MSNP9 BSY 4 x y",
            "a.ns signs in MSNP13",
            "a.ns fetches ticket for {c}",
            "a.ns fetches {t}",
            "a.ns says Hello to b.sb",
            "a.ns says \"x\" to",
            "a.ns joins b",
            "a.ns jumps",
        ] {
            assert!(sentence(wrong).is_err(), "{wrong}");
        }
    }
}
