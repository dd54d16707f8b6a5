//! Reads a script: cuts the file into statements and puts payload lines to what they follow.

use std::path::Path;

use super::cut::{cut, without_comment};
use super::step::{self, first_word};
use super::{Action, Cast, Expectation, Payload, Recasting, Script, Statement, quoted};
use crate::pattern::Pattern;

/// What is wrong with a script, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {problem}")]
pub struct ParseError {
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1; 0 if it is the file as a whole.
    pub line: usize,
    /// What was expected, and what was found.
    pub problem: String,
}

impl Script {
    /// Reads the text of a script; `file` is for reports.
    pub fn parse(file: &str, text: &str) -> Result<Self, ParseError> {
        Self::recast(file, text, &Recasting::default())
    }

    /// Reads the text of a script in which other accounts play the roles.
    pub fn recast(file: &str, text: &str, recasting: &Recasting) -> Result<Self, ParseError> {
        let mut reader = Reader::new(file, recasting);
        let read = text.lines().enumerate().try_for_each(|(index, line)| {
            reader.line = index + 1;
            reader.read(line)
        });
        let problem = |line, problem| ParseError { file: file.to_owned(), line, problem };
        read.and_then(|()| reader.finish()).map_err(|text| problem(reader.line, text))?;
        reader.script.check().map_err(|(line, text)| problem(line, text))?;
        Ok(reader.script)
    }

    /// Reads a script file.
    pub fn load(path: &Path, recasting: &Recasting) -> Result<Self, ParseError> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|error| ParseError { file: file.clone(), line: 0, problem: error.to_string() })?;
        Self::recast(&file, &text, recasting)
    }

    /// Do all names that need an account have one?
    fn check(&self) -> Result<(), (usize, String)> {
        for statement in &self.statements {
            let Action::Macro(step) = &statement.action else { continue };
            if let Some(link) = step.links().into_iter().find(|link| self.cast.account_of(link).is_none()) {
                return Err((statement.line, format!("expected an account statement for {link}")));
            }
        }
        let owners = self.cast.contacts.iter().flat_map(|contact| [&contact.owner, &contact.handle]);
        let mut handles = owners.chain(self.cast.groups.iter().map(|group| &group.owner));
        match handles.find(|handle| self.cast.account(handle).is_none()) {
            Some(handle) => Err((0, format!("expected an account statement for {handle}"))),
            None => Ok(()),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Send,
    Expect,
    ExpectAnyOrder,
}

/// A wire statement whose payload lines may still follow.
struct Wire {
    line: usize,
    text: String,
    link: String,
    direction: Direction,
    content: String,
    /// Header lines that may come in any order.
    headers: Vec<String>,
    payload: Option<String>,
    any: bool,
}

struct Reader<'a> {
    script: Script,
    recasting: &'a Recasting,
    line: usize,
    open: Option<Wire>,
    /// The last statement was a `<~` of this connection.
    unordered: Option<String>,
}

impl<'a> Reader<'a> {
    fn new(file: &str, recasting: &'a Recasting) -> Self {
        let script = Script {
            file: file.to_owned(),
            title: None,
            cast: Cast::default(),
            stages: Vec::new(),
            exceptions: Vec::new(),
            statements: Vec::new(),
        };
        Self { script, recasting, line: 0, open: None, unordered: None }
    }

    fn read(&mut self, line: &str) -> Result<(), String> {
        if let Some(payload) = line.trim_start().strip_prefix('|') {
            return self.payload_line(&self.recasting.rewrite(payload));
        }
        let mut rest = line.trim();
        while !rest.is_empty() && !rest.starts_with('#') {
            let line = self.line;
            self.finish()?;
            self.line = line;
            rest = self.statement(rest)?;
        }
        Ok(())
    }

    fn payload_line(&mut self, text: &str) -> Result<(), String> {
        let wire = self.open.as_mut().ok_or("expected a sent or expected line before this payload line")?;
        if wire.any {
            return Err("expected no payload line after `|*`".to_owned());
        }
        let begun = wire.payload.is_some();
        if let Some(header) = text.strip_prefix("~ ") {
            if wire.direction == Direction::Send || begun {
                return Err("`|~` is a header of an expected line, before its body".to_owned());
            }
            wire.headers.push(header.to_owned());
            return Ok(());
        }
        let is_body = !wire.headers.is_empty();
        if text.trim_end() == "*" {
            let is_whole = if is_body { wire.payload.as_deref() == Some("\r\n") } else { !begun };
            if wire.direction == Direction::Send || !is_whole {
                return Err("`|*` is the whole payload, or body, of an expected line".to_owned());
            }
            wire.any = true;
            return Ok(());
        }
        if is_body && !begun && !text.is_empty() {
            return Err("expected an empty `|` between headers and body".to_owned());
        }
        let payload = wire.payload.get_or_insert_default();
        let (text, end) = text.strip_prefix('$').map_or((text, "\r\n"), |text| (text, ""));
        if !text.is_empty() && !text.starts_with(' ') {
            return Err("expected a blank, `$ `, `~ ` or `*` after the `|` of a payload line".to_owned());
        }
        payload.push_str(text.strip_prefix(' ').unwrap_or(text));
        payload.push_str(end);
        Ok(())
    }

    /// Reads one statement off the front of `text`, which is not empty; returns what follows it.
    fn statement<'t>(&mut self, text: &'t str) -> Result<&'t str, String> {
        let (word, after) = first_word(text);
        let (operator, content) = first_word(after);
        let direction = match operator {
            ">" => Some(Direction::Send),
            "<" => Some(Direction::Expect),
            "<~" => Some(Direction::ExpectAnyOrder),
            _ => None,
        };
        if let Some(direction) = direction {
            let content = self.recasting.rewrite(without_comment(content));
            let text = format!("{word} {operator} {content}");
            let link = step::link(word)?;
            let line = self.line;
            self.open = Some(Wire { line, text, link, direction, content, headers: vec![], payload: None, any: false });
            return Ok("");
        }
        if word == "title" {
            self.script.title = Some(without_comment(after).to_owned());
            return Ok("");
        }
        let (text, rest) = cut(text);
        if word == "account" {
            self.before_play()?;
            self.script.cast.add_account(text, self.recasting)?;
        } else {
            self.plain(&self.recasting.rewrite(text))?;
        }
        Ok(rest)
    }

    fn plain(&mut self, text: &str) -> Result<(), String> {
        let (word, rest) = first_word(text);
        let action = match word {
            "contact" | "group" | "config" | "on" | "except" => {
                self.before_play()?;
                match word {
                    "contact" => self.script.cast.add_contact(rest)?,
                    "group" => self.script.cast.add_group(rest)?,
                    "config" => self.script.cast.add_config(rest)?,
                    "except" => self.script.exceptions.push(exception(rest)?),
                    _ => self.script.stages.extend(stages(rest)?),
                }
                return Ok(());
            }
            "silence" => Action::Silence(step::links(rest)?),
            "wait" => Action::Wait(step::duration(rest)?),
            "operator" => Action::Operate(step::operation(rest)?),
            _ => match rest.strip_prefix(">raw") {
                Some(bytes) => Action::SendRaw { link: step::link(word)?, bytes: quoted::bytes(bytes)? },
                None => step::sentence(text)?,
            },
        };
        self.push(self.line, text.to_owned(), action);
        Ok(())
    }

    fn push(&mut self, line: usize, text: String, action: Action) {
        self.unordered = None;
        self.script.statements.push(Statement { line, text, action });
    }

    fn before_play(&self) -> Result<(), String> {
        if self.script.statements.is_empty() {
            Ok(())
        } else {
            Err("this must stand before the first step of the play".to_owned())
        }
    }

    /// Completes the wire statement that is still open.
    fn finish(&mut self) -> Result<(), String> {
        let Some(wire) = self.open.take() else { return Ok(()) };
        // What is wrong with its pattern is wrong in its own line.
        self.line = wire.line;
        let parse = |text: &str| Pattern::parse(text).map_err(|bad| bad.to_string());
        let all = |lines: &[&str]| lines.iter().map(|line| parse(line)).collect::<Result<Vec<Pattern>, _>>();
        let lines = |text: &str| all(&text.split("\r\n").collect::<Vec<_>>()).map(Payload::Lines);
        let mut pattern = parse(&wire.content)?;
        let payload = match wire.payload.as_deref() {
            _ if !wire.headers.is_empty() => {
                let headers = all(&wire.headers.iter().map(String::as_str).collect::<Vec<_>>())?;
                let body = match wire.payload.as_deref().and_then(|text| text.strip_prefix("\r\n")) {
                    None => return Err("expected an empty `|` behind the headers".to_owned()),
                    Some(_) if wire.any => Payload::Any,
                    Some("") => Payload::Empty,
                    Some(text) => lines(text)?,
                };
                Payload::Headed { headers, body: Box::new(body) }
            }
            _ if wire.any => {
                pattern = pattern.with_length("n");
                Payload::Any
            }
            Some(text) => lines(text)?,
            None => Payload::Empty,
        };
        let (link, line, text) = (wire.link, wire.line, wire.text);
        if wire.direction == Direction::Send {
            self.push(line, text, Action::Send { link, line: pattern, payload });
            return Ok(());
        }
        let expectation = Expectation { line, text: text.clone(), pattern, payload };
        let any_order = wire.direction == Direction::ExpectAnyOrder;
        if any_order && self.unordered.as_ref() == Some(&link) {
            if let Some(Statement { action: Action::Expect { expected, .. }, .. }) = self.script.statements.last_mut() {
                expected.push(expectation);
            }
            return Ok(());
        }
        self.push(line, text, Action::Expect { link: link.clone(), expected: vec![expectation] });
        self.unordered = any_order.then_some(link);
        Ok(())
    }
}

/// The names of all stages.
const STAGES: [&str; 5] = ["memory", "tcp", "hub", "cluster", "gateway"];

fn stages(text: &str) -> Result<Vec<String>, String> {
    let stages: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    if stages.is_empty() || stages.iter().any(|stage| !STAGES.contains(&stage.as_str())) {
        return Err(format!("expected some of {} after `on`, found `{text}`", STAGES.join(", ")));
    }
    Ok(stages)
}

/// Reads `gateway a client cannot reset its connection there`.
fn exception(text: &str) -> Result<(String, String), String> {
    let (stage, why) = first_word(text);
    if !STAGES.contains(&stage) || why.is_empty() {
        let stages = STAGES.join(", ");
        return Err(format!("expected one of {stages} and the reason after `except`, found `{text}`"));
    }
    Ok((stage.to_owned(), why.to_owned()))
}

#[cfg(test)]
mod tests;
