//! What is said in a transcript: by whom, to what kind of server, and in which dialect.

use std::collections::BTreeMap;

use conformance::script::{Action, Macro, Payload};
use conformance::{Dialect, Script};

/// One command.
pub(crate) struct Said {
    /// That of the connection, or of the client's notification server if this is a switchboard. None:
    /// they have none in common, and the client may be of any.
    pub(crate) dialect: Option<Dialect>,
    pub(crate) by_client: bool,
    /// To or from a switchboard.
    pub(crate) in_room: bool,
    /// Its words; captures and the like as the script has them.
    pub(crate) words: Vec<String>,
    /// What follows the line, as far as the script has it.
    pub(crate) payload: String,
}

/// Follows a script from statement to statement.
#[derive(Default)]
struct Listener {
    said: Vec<Said>,
    /// The dialects of connections, by their names.
    dialects: BTreeMap<String, Option<Dialect>>,
    /// `VER` of clients whose answers have not come.
    offers: BTreeMap<String, Vec<String>>,
}

/// Everything that is said in a script, what its macros say among it.
pub(crate) fn said(script: &Script) -> Vec<Said> {
    let mut listener = Listener::default();
    for statement in &script.statements {
        listener.hear(&statement.action);
    }
    listener.said
}

/// Of what `link` is, up to its last part.
fn person(link: &str) -> &str {
    link.rsplit_once('.').map_or(link, |(person, _)| person)
}

fn is_of(link: &str, kind: &str) -> bool {
    link.rsplit_once('.').is_some_and(|(_, end)| end.starts_with(kind))
}

fn text(payload: &Payload) -> String {
    match payload {
        Payload::Lines(lines) => lines.iter().map(|line| format!("{}\n", line.source())).collect(),
        Payload::Headed { headers, body } => {
            headers.iter().map(|line| format!("{}\n", line.source())).chain([text(body)]).collect()
        }
        Payload::Empty | Payload::Any => String::new(),
    }
}

impl Listener {
    fn hear(&mut self, action: &Action) {
        match action {
            Action::Connect { link, .. } => drop(self.dialects.remove(link)),
            Action::Send { link, line, payload } => self.line(link, true, line.source(), text(payload)),
            Action::SendRaw { link, bytes } => {
                for line in String::from_utf8_lossy(bytes).lines() {
                    self.line(link, true, line, String::new());
                }
            }
            Action::Expect { link, expected } => {
                for expectation in expected {
                    self.line(link, false, expectation.pattern.source(), text(&expectation.payload));
                }
            }
            Action::Macro(step) => self.step(step),
            _ => {}
        }
    }

    /// A client that has sent no `VER` speaks MSNP2.
    fn dialect(&self, link: &str) -> Option<Dialect> {
        let of_person = || self.dialects.get(&format!("{}.ns", person(link)));
        let found = if is_of(link, "sb") { of_person() } else { self.dialects.get(link) };
        found.copied().unwrap_or(Some(Dialect::Msnp2))
    }

    fn line(&mut self, link: &str, by_client: bool, line: &str, payload: String) {
        if is_of(link, "web") {
            return;
        }
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            // Its dialect is that of the answer.
            ["VER", ..] if by_client => {
                self.offers.insert(link.to_owned(), words);
                return;
            }
            ["VER", _, dialect, ..] => {
                self.dialects.insert(link.to_owned(), dialect.parse().ok());
                if let Some(words) = self.offers.remove(link) {
                    self.say(link, true, words, String::new());
                }
            }
            _ => {}
        }
        self.say(link, by_client, words, payload);
    }

    fn say(&mut self, link: &str, by_client: bool, words: Vec<String>, payload: String) {
        let (dialect, in_room) = (self.dialect(link), is_of(link, "sb"));
        self.said.push(Said { dialect, by_client, in_room, words, payload });
    }

    /// What macros say, with just as many words as it takes to know the command; what depends on the
    /// play, such as an `IRO`, is left out.
    fn step(&mut self, step: &Macro) {
        match step {
            Macro::SignIn(link, dialect) => self.sign_in(link, *dialect),
            Macro::Online(link, dialect, words) => {
                self.sign_in(link, *dialect);
                self.sync(link);
                self.lines(link, &[&format!("> CHG 1 {words}"), &format!("< CHG 1 {words}")]);
            }
            Macro::Sync(link) => self.sync(link),
            Macro::Fetch { .. } => {}
            Macro::Open(link) => {
                self.lines(&format!("{}.ns", person(link)), &["> XFR 1 SB", "< XFR 1 SB at CKI cookie"]);
                self.lines(link, &["> USR 1 handle cookie", "< USR 1 OK handle name"]);
            }
            Macro::Join(link, caller) => {
                self.lines(caller, &["> CAL 1 handle", "< CAL 1 RINGING room", "< JOI handle name"]);
                self.lines(&format!("{}.ns", person(link)), &["< RNG room at CKI cookie handle name"]);
                self.lines(link, &["> ANS 1 handle cookie room", "< IRO 1 1 1 handle name", "< ANS 1 OK"]);
            }
            Macro::Say { link, to, .. } => {
                self.lines(link, &["> MSG 1 A length", "< ACK 1"]);
                for receiver in to {
                    self.lines(receiver, &["< MSG handle name length"]);
                }
            }
        }
    }

    fn lines(&mut self, link: &str, lines: &[&str]) {
        for line in lines {
            let (direction, line) = line.split_at(2);
            self.line(link, direction == "> ", line, String::new());
        }
    }

    fn sign_in(&mut self, link: &str, dialect: Dialect) {
        self.lines(link, &["> VER 1 dialects", &format!("< VER 1 {dialect}")]);
        self.lines(link, &["< USR 1 OK handle", "< XFR 1 NS at"]);
        self.line(link, false, "MSG Hotmail Hotmail length", "Content-Type: text/x-msmsgsprofile".to_owned());
    }

    fn sync(&mut self, link: &str) {
        self.lines(link, &["> SYN 1 0", "< SYN 1 version"]);
    }
}
